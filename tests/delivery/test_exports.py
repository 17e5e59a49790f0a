from __future__ import annotations

import sqlite3
from xml.etree import ElementTree as ET

import openpyxl
import pandas as pd
import pytest

from regso_cluster.delivery.columns import describe_columns
from regso_cluster.delivery.exports import export
from regso_cluster.delivery.geopackage import UNKNOWN, group_colours, style_of
from regso_cluster.errors import InputError
from regso_cluster.factors.tables import read_factors
from regso_cluster.pipeline import classify
from regso_cluster.release import write_release
from tests.tables import CODES, METHOD, method, rows, write


@pytest.fixture(scope="module")
def released(example_release, tmp_path_factory):
    return write_release(example_release.classification, tmp_path_factory.mktemp("delivery") / "2024")


@pytest.fixture(scope="module")
def book(released, tmp_path_factory):
    return openpyxl.load_workbook(export(released, tmp_path_factory.mktemp("book") / "r.xlsx"))


def test_the_workbook_holds_every_area_with_codes_as_text(released, book):
    sheet = book["Områden"]
    header = [cell.value for cell in sheet[2]]
    assert header == ["regso", *released.areas.columns]
    codes = [row[0].value for row in sheet.iter_rows(min_row=3)]
    assert codes == list(released.areas.index)
    kommun = sheet.cell(3, header.index("kommun") + 1)
    assert kommun.value == "0114"
    assert kommun.data_type == "s"
    index = [row[header.index("index")].value for row in sheet.iter_rows(min_row=3, max_row=60)]
    assert index == pytest.approx(released.areas["index"].tolist()[:58], rel=1e-14)  # a cell holds 16 digits
    assert sheet.freeze_panes == "C3"
    assert sheet.auto_filter.ref.startswith("A2:")


def test_every_sheet_says_that_the_data_are_synthetic(book):
    assert book.sheetnames == ["Områden", "Grupper", "Kolumner", "Metod"]
    for sheet in book:
        assert "SYNTETISKA DATA" in sheet["A1"].value


def test_the_sheet_of_columns_explains_every_column(released, book):
    explained = [row[0].value for row in book["Kolumner"].iter_rows(min_row=3)]
    assert explained == ["regso", *released.areas.columns]
    assert all(row[1].value and row[2].value for row in book["Kolumner"].iter_rows(min_row=3))


def test_the_sheet_of_the_method_names_limits_and_sources(book):
    text = "\n".join(str(cell) for row in book["Metod"].iter_rows(values_only=True) for cell in row)
    for said in ("Trångboddhet", "problem bortom", "IntGr8RegSOKon2", "sha256", "inte en person"):
        assert said in text


def test_a_column_without_a_description_is_no_column_of_a_release():
    with pytest.raises(KeyError):
        describe_columns(["regso", "mystery"], method())


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", '=HYPERLINK("x")', "http://example.org", "0114"])
def test_text_is_never_a_formula_a_link_or_a_number(tmp_path, name):
    using = method(METHOD.replace('coverage = "partial"', 'coverage = "partial"\nname = "name"'))
    table = read_factors(write(rows().assign(name=name), tmp_path / "t.csv"), using, edition=2025)
    release = write_release(classify(table, using, year=2024), tmp_path / "release")
    sheet = openpyxl.load_workbook(export(release, tmp_path / "r.xlsx"))["Områden"]
    cell = sheet["B2"]
    assert (sheet["A2"].value, cell.value, cell.data_type, cell.hyperlink) == (CODES[0], name, "s", None)


def test_the_same_release_gives_the_same_workbook(released, tmp_path):
    assert export(released, tmp_path / "a.xlsx").read_bytes() == export(released, tmp_path / "b.xlsx").read_bytes()


def test_copies_are_those_of_the_release(released, tmp_path):
    for suffix in ("csv", "gpkg", "parquet"):
        made = export(released, tmp_path / f"x.{suffix}")
        assert made.read_bytes() == (released.path / f"areas.{suffix}").read_bytes()


def test_a_failed_export_leaves_the_file_that_was_there(released, tmp_path, monkeypatch):
    def broken(*_):
        raise OSError(28, "No space left on device")

    standing = tmp_path / "x.xlsx"
    standing.write_text("mine")
    monkeypatch.setattr("regso_cluster.delivery.exports._method_rows", broken)
    with pytest.raises(OSError, match="No space"):
        export(released, standing)
    assert standing.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [standing]


def test_a_release_without_a_map_says_so(tmp_path):
    table = read_factors(write(rows(), tmp_path / "t.csv"), method(), edition=2020)
    release = write_release(classify(table, method(), year=2022), tmp_path / "release")
    with pytest.raises(InputError, match=r"the release has no areas\.gpkg"):
        export(release, tmp_path / "x.gpkg")
    assert not (tmp_path / "x.gpkg").exists()


def test_the_geopackage_carries_its_style(released):
    with sqlite3.connect(released.path / "areas.gpkg") as connection:
        (table, column, default, qml) = connection.execute(
            "SELECT f_table_name, f_geometry_column, useAsDefault, styleQML FROM layer_styles"
        ).fetchone()
        contents = dict(connection.execute("SELECT table_name, data_type FROM gpkg_contents"))
        geometry = connection.execute("SELECT column_name FROM gpkg_geometry_columns").fetchone()
    connection.close()
    assert (table, column, default) == ("areas", geometry[0], 1)
    assert contents == {"areas": "features", "layer_styles": "attributes"}
    renderer = ET.fromstring(qml.split("\n", 1)[1]).find("renderer-v2")  # noqa: S314  # our own text
    assert renderer.get("attr") == "composite_group"
    assert [category.get("value") for category in renderer.iter("category")] == ["1", "2", "3", "4", ""]


def test_names_are_escaped_in_the_style():
    groups = pd.DataFrame({"group": [1, 2], "name_sv": ['<b>&"', "b"]})
    labels = [one.get("label") for one in ET.fromstring(style_of("band", groups).split("\n", 1)[1]).iter("category")]  # noqa: S314
    assert labels[0] == '1 <b>&"'


@pytest.mark.parametrize("size", range(1, 15))
def test_a_colour_for_every_group(size):
    colours = group_colours(size)
    assert len(colours) == size
    assert UNKNOWN not in colours
    if size <= 10:
        assert len(set(colours)) == size
