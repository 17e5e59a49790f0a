from __future__ import annotations

import json
import sqlite3

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely
from click.testing import CliRunner

from regso_cluster.areas.shapes import load_shapes
from regso_cluster.classification.classify import classify
from regso_cluster.cli import main
from regso_cluster.errors import InputError
from regso_cluster.exports import export as exports
from regso_cluster.exports.export import export, export_table
from regso_cluster.exports.postgis import write_postgis
from regso_cluster.factors.tables import read_factors
from regso_cluster.files.textfiles import read_csv
from regso_cluster.release.model import verify_release
from regso_cluster.release.write import write_release
from regso_cluster.words.columns import describe_columns
from tests.fixtures import no_empty_text
from tests.tables import METHOD, method, rows, write


def dtypes_of(frame):
    return frame.dtypes.to_dict()


def test_a_column_without_a_description_is_no_column_of_a_release():
    with pytest.raises(KeyError):
        describe_columns(["regso", "mystery"], method())


# --- each kind is read back equal: columns, types, missing, leading zeros, Swedish letters, undecided ---


@pytest.mark.parametrize("excel_sv", [False, True])
def test_csv_is_read_back_equal(followed, tmp_path, excel_sv):
    areas = no_empty_text(followed.areas.reset_index())
    path = export(followed, tmp_path / "x.csv", excel_sv=excel_sv)
    pd.testing.assert_frame_equal(read_csv(path, dtypes_of(areas), excel_sv=excel_sv), areas, check_exact=True)
    assert areas["composite_group"].isna().sum() == (areas["composite_status"] == "undecided").sum() > 0


def test_csv_is_that_of_the_release(released, tmp_path):
    assert export(released, tmp_path / "x.csv").read_bytes() == (released.path / "areas.csv").read_bytes()


def test_csv_for_a_swedish_excel(released, tmp_path):
    first, second = export(released, tmp_path / "x.csv", excel_sv=True).read_bytes().split(b"\r\n")[:2]
    assert first.startswith("\ufeff".encode() + b"regso;name;kommun;")
    value = repr(float(released.areas["trangboddhet_value"].iloc[0])).replace(".", ",")
    assert f";{value};" in second.decode()
    assert second.decode().startswith("0114R001;Bollstanäs;0114;Upplands Väsby;01;")
    assert second.endswith(b";SANT")
    assert b"." not in second


def test_the_map_is_read_back_equal(followed, tmp_path):
    path = export(followed, tmp_path / "x.gpkg")
    assert path.read_bytes() == (followed.path / "areas.gpkg").read_bytes()
    read = pyogrio.read_dataframe(path, layer="areas")
    areas = followed.areas.reset_index()
    assert list(read.columns) == [*areas.columns, "geometry"]
    # the format knows no missing boolean: 0 and 1 stand for them
    plain = read.drop(columns="geometry").astype(
        {name: "Int8" for name, kind in areas.dtypes.items() if kind == "boolean"}
    )
    pd.testing.assert_frame_equal(pd.DataFrame(plain).astype(areas.dtypes.to_dict()), areas, check_exact=True)
    assert read.crs.to_epsg() == 3006


def test_geoparquet_is_read_back_equal_with_its_crs(followed, tmp_path):
    path = export(followed, tmp_path / "x.parquet")
    read = gpd.read_parquet(path)
    areas = followed.areas.reset_index()
    pd.testing.assert_frame_equal(pd.DataFrame(read.drop(columns="geometry")), areas, check_exact=True)
    assert read.crs.to_epsg() == 3006
    shapes = load_shapes().set_index("regso").geometry.loc[read["regso"]]
    assert shapely.equals(read.geometry.to_numpy(), shapes.to_numpy()).all()
    assert list(pd.read_parquet(path).columns) == [*areas.columns, "geometry"]  # plain pandas reads it, too


def test_parquet_of_a_release_without_a_map_is_the_table(tmp_path):
    table = read_factors(write(rows(), tmp_path / "t.csv"), method(), edition=2020)
    release = write_release(classify(table, method(), year=2022), tmp_path / "release")
    read = pd.read_parquet(export(release, tmp_path / "x.parquet"))
    pd.testing.assert_frame_equal(read, release.areas.reset_index(), check_exact=True)
    with pytest.raises(InputError, match=r"the release has no areas\.gpkg"):
        export(release, tmp_path / "x.gpkg")
    assert not (tmp_path / "x.gpkg").exists()


def read_sheet(path, name, dtypes, **options):
    """Read a sheet as another program does: text as text, numbers as numbers, empty as missing."""
    book = openpyxl.load_workbook(path)
    cells = list(book[name].iter_rows(values_only=True, **options))
    frame = pd.DataFrame(cells[1:], columns=cells[0], dtype=object)
    for column, kind in dtypes.items():
        if pd.api.types.is_bool_dtype(kind):
            frame[column] = frame[column].map({"ja": True, "nej": False}, na_action="ignore")
        frame[column] = frame[column].astype(object).where(frame[column].notna(), None).astype(kind)
    return frame


TABLE_KINDS = ["x.csv", "sv.csv", "x.xlsx", "x.parquet", "x.gpkg"]


@pytest.mark.parametrize("name", TABLE_KINDS)
def test_any_table_is_read_back_equal(hostile, tmp_path, name):
    before = hostile.copy(deep=True)
    path = export_table(hostile, tmp_path / name, excel_sv=name == "sv.csv")
    kinds = dtypes_of(hostile)
    if path.suffix == ".csv":
        read = read_csv(path, kinds, excel_sv=name == "sv.csv")
    elif path.suffix == ".xlsx":
        read = read_sheet(path, "Områden", {key: kind for key, kind in kinds.items() if key != "antal"})
        # a cell shows 15 digits: a column of whole numbers with more is text, and keeps them all
        assert read["antal"].tolist() == ["1", None, "-3", "9007199254740993"]
        read["antal"] = hostile["antal"]
        pd.testing.assert_frame_equal(read, hostile, rtol=1e-15, atol=0)
        read = hostile
    elif path.suffix == ".parquet":
        read = pd.read_parquet(path)
    else:
        read = pyogrio.read_dataframe(path)
        with sqlite3.connect(path) as connection:  # numbers with missing ones are read as float: ask the file itself
            read["antal"] = pd.array([row[0] for row in connection.execute('SELECT antal FROM "x"')], dtype="Int64")
        connection.close()
        read["flagga"] = read["flagga"].astype("Int8")
        read = read.astype(kinds)
    pd.testing.assert_frame_equal(read, hostile, check_exact=True)
    pd.testing.assert_frame_equal(hostile, before, check_exact=True)  # the caller's table is not touched


def test_a_table_of_points_is_read_back_equal(hostile, tmp_path):
    points = gpd.GeoDataFrame(
        hostile[["kod", "namn"]].assign(fid=[7, 7, 8, 9], geom=1.5),
        geometry=[shapely.Point(674032.25, 6580822.5), None, shapely.Point(0, 0), shapely.Point(1, 2)], crs=3006,
    )  # fmt: skip
    for name, reader in (("x.gpkg", pyogrio.read_dataframe), ("x.parquet", gpd.read_parquet)):
        read = reader(export_table(points, tmp_path / name))
        assert read.crs.to_epsg() == 3006
        assert [None if one is None else one.wkt for one in read.geometry] == [
            None if one is None else one.wkt for one in points.geometry
        ]
        columns = ["kod", "namn", "fid", "geom"]  # the last two are names that the format would use itself
        pd.testing.assert_frame_equal(pd.DataFrame(read[columns]), pd.DataFrame(points[columns]), check_dtype=False)
    header = export_table(points, tmp_path / "x.csv").read_text("utf-8").splitlines()[0]
    assert header == "kod,namn,fid,geom"


@pytest.mark.parametrize("name", ["x.csv", "x.parquet", "x.gpkg"])
def test_made_up_figures_are_marked_in_any_table(hostile, tmp_path, name):
    path = export_table(hostile, tmp_path / name, synthetic=True)
    reader = {".csv": pd.read_csv, ".parquet": pd.read_parquet, ".gpkg": pyogrio.read_dataframe}[path.suffix]
    assert reader(path)["synthetic"].astype(bool).all()
    own = export_table(hostile.assign(regso_synthetic=True), tmp_path / f"own-{name}", synthetic=True)
    assert "synthetic" not in reader(own).columns


def test_made_up_figures_are_marked_in_a_workbook(hostile, tmp_path):
    sheet = openpyxl.load_workbook(export_table(hostile, tmp_path / "x.xlsx", synthetic=True, name="Skolor"))["Skolor"]
    assert "SYNTETISKA DATA" in sheet["A1"].value
    assert [cell.value for cell in sheet[2]] == list(hostile.columns)


# --- refusals ---


def test_what_a_kind_cannot_hold_is_refused(hostile, tmp_path):
    long = hostile.assign(text="x" * 32_768, tal=np.inf)
    with pytest.raises(InputError) as refused:
        export_table(long, tmp_path / "x.xlsx")
    assert [fault.what for fault in refused.value.faults] == ["text too long for a cell", "an infinite number"]
    export_table(hostile.assign(text="x" * 32_767), tmp_path / "just.xlsx")
    many = pd.DataFrame({"a": np.zeros(1_048_575, dtype="int8")})
    with pytest.raises(InputError, match=r"too large for a workbook.*\.parquet"):
        export_table(many, tmp_path / "x.xlsx")
    with pytest.raises(InputError, match=r"two columns of one name.*rename one"):
        export_table(hostile.rename(columns={"text": "NAMN"}), tmp_path / "x.gpkg")
    with pytest.raises(InputError, match=r"column namn: two columns of one name"):
        export_table(hostile.rename(columns={"text": "namn"}), tmp_path / "x.csv")
    with pytest.raises(InputError, match=r"unknown kind of file \(expected \.csv, .*\.gpkg, .*, got \.px"):
        export_table(hostile, tmp_path / "x.px")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["just.xlsx"]


def test_a_column_of_mixed_kinds_is_refused_by_parquet(tmp_path):
    mixed = pd.DataFrame({"a": [1, "x"]}, dtype=object)
    with pytest.raises(InputError, match=r"a column of mixed kinds.*column a.*all text or all numbers"):
        export_table(mixed, tmp_path / "x.parquet")
    assert not list(tmp_path.iterdir())


def test_names_of_columns_and_sheets_that_are_odd(tmp_path):
    odd = pd.DataFrame({0: ["a"], "b": ["b"]})
    name = "Skolor: [2024]/*?" + "x" * 40
    book = openpyxl.load_workbook(export_table(odd, tmp_path / "x.xlsx", name=name))
    assert book.sheetnames == ["Skolor   2024    " + "x" * 14]
    assert list(pd.read_parquet(export_table(odd, tmp_path / "x.parquet")).columns) == ["0", "b"]
    assert list(odd.columns) == [0, "b"]


def test_excel_sv_of_another_kind_is_refused(released, hostile, tmp_path):
    for run in (lambda: export(released, tmp_path / "x.xlsx", excel_sv=True),
                lambda: export_table(hostile, tmp_path / "x.parquet", excel_sv=True)):  # fmt: skip
        with pytest.raises(InputError, match=r"excel_sv is for text tables.*Leave it out"):
            run()
    assert not list(tmp_path.iterdir())


def test_a_folder_where_the_file_should_be_is_refused(released, tmp_path):
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(InputError, match=r"a folder stands there.*Add a name"):
        export(released, tmp_path / "x.csv")


@pytest.mark.parametrize("name", ["x.xlsx", "x.csv", "x.gpkg", "x.parquet", "x.px", "x.json"])
def test_a_failed_export_leaves_the_file_that_was_there(released, tmp_path, monkeypatch, name):
    def broken(*_, **__):
        raise OSError(28, "No space left on device")

    for place in ("exports.export.write_workbook", "files.textfiles.write_csv",
                  "exports.export.shutil.copyfile", "exports.export.write_parquet",
                  "exports.export.write_px", "exports.export.write_jsonstat"):  # fmt: skip
        monkeypatch.setattr(f"regso_cluster.{place}", broken)
    standing = tmp_path / name
    standing.write_text("mine")
    with pytest.raises(OSError, match="No space"):
        export(released, standing)
    assert standing.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [standing]


def test_the_same_release_gives_the_same_bytes(tmp_path):
    table = read_factors(write(rows(), tmp_path / "t.csv"), method(), edition=2025)
    released = write_release(classify(table, method(), year=2024), tmp_path / "release")
    released.__dict__["areas"] = released.areas.head(50)
    for name in ("x.xlsx", "x.csv", "x.parquet", "x.px", "x.json"):
        first, second = (export(released, tmp_path / which / name).read_bytes() for which in "ab")
        assert first == second, name


# --- text that a spreadsheet would run ---


def test_hostile_names_of_own_areas_are_harmless_in_the_release_itself(tmp_path):
    text = METHOD.replace('coverage = "partial"', 'areas = "own"\nname = "name"')
    names = ["=1+1", "+1", "-1", "@x", "'=1", "plain"]
    table = read_factors(write(rows().assign(name=names, regso=[f"={n}" for n in range(6)]), tmp_path / "t.csv"),
                         method(text))  # fmt: skip
    release = write_release(classify(table, method(text), year=2024), tmp_path / "own")
    assert sorted(release.areas["name"]) == sorted(names)
    for path in (release.path / "areas.csv", export(release, tmp_path / "sv.csv", excel_sv=True),
                 export(release, tmp_path / "package" / "datapackage.json").with_name("areas.csv")):  # fmt: skip
        lines = path.read_text("utf-8-sig").splitlines()[1:]
        separator = ";" if path.name == "sv.csv" else ","
        assert [line.split(separator)[:2] for line in lines] == [
            ["'=0", "'=1+1"], ["'=1", "'+1"], ["'=2", "'-1"], ["'=3", "'@x"], ["'=4", "''=1"], ["'=5", "plain"],
        ]  # fmt: skip
    areas = no_empty_text(release.areas.reset_index())
    pd.testing.assert_frame_equal(read_csv(release.path / "areas.csv", dtypes_of(areas)), areas, check_exact=True)
    assert verify_release(release.path) == []


# --- the command ---


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Six areas that are an area set of their own."""
    folder = tmp_path_factory.mktemp("small")
    text = METHOD.replace('coverage = "partial"', 'areas = "own"')
    table = read_factors(write(rows(), folder / "t.csv"), method(text))
    return write_release(classify(table, method(text), year=2024), folder / "release")


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments, code=0):
        result = CliRunner().invoke(main, [str(part) for part in arguments])
        assert result.exit_code == code, result.output
        return result

    return invoke


def test_the_command_writes_each_kind(run, small, tmp_path):
    released = small
    for name in ("x.xlsx", "x.csv", "x.parquet", "x.px", "x.json", "x.jsonstat", "x.json-stat", "p/datapackage.json"):
        assert run("export", released.path, "--to", name).stdout.strip() == name
        assert (tmp_path / name).stat().st_size > 400
    assert (tmp_path / "x.json").read_bytes() == (tmp_path / "x.jsonstat").read_bytes()
    assert json.loads(run("export", released.path, "--to", "e.json", "--language", "en", "--json").stdout) == {
        "written": ["e.json"]
    }
    assert json.loads((tmp_path / "e.json").read_text("utf-8"))["label"] == "Two factors 2024"
    run("export", released.path, "--to", "sv.csv", "--excel-sv")
    assert (tmp_path / "sv.csv").read_bytes()[:3] == "\ufeff".encode()


def test_the_command_refuses_what_does_not_fit_together(run, released):
    run("export", released.path, "--to", "x.csv", "--replace", code=2)
    run("export", released.path, "--to", "x.csv", "--schema", "s", code=2)
    run("export", released.path, "--to", "postgresql://u@h/d", "--excel-sv", code=2)
    run("export", released.path, "--to", "x.xlsx", "--language", "fi", code=2)
    assert "Leave it out" in run("export", released.path, "--to", "x.px", "--excel-sv", code=1).stderr
    for name in ("x.px", "datapackage.json", "sub/datapackage.json"):
        assert "inside the release" in run("export", released.path, "--to", released.path / name, code=1).stderr


def test_the_command_writes_into_a_database_and_hides_the_password(run, server, small):
    released = small
    address = server.address(tcp=True)
    done = run("export", released.path, "--to", address, "--schema", "by command", "--json")
    assert json.loads(done.stdout)["written"] == [
        f"postgresql://tester@127.0.0.1:{server.port}/postgres, schema by command, release two-factors-2024"
    ]
    again = run("export", released.path, "--to", address, "--schema", "by command", code=1)
    assert "stands there already" in again.stderr
    run("export", released.path, "--to", address, "--schema", "by command", "--replace")
    other = server.address(tcp=True, password="s3cret")  # noqa: S106  # a wrong one
    wrong = run("--debug", "export", released.path, "--to", other, code=1)
    for shown in (done.output, again.output, wrong.output, str(wrong.exception)):
        assert "s3cret" not in shown
        assert "p@ss" not in shown
        assert "p%40ss" not in shown


def test_without_the_driver_the_message_says_how_to_install_it(released, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pg8000", None)
    with pytest.raises(InputError, match=r"driver of PostgreSQL is not installed.*regso-cluster\[postgis\]"):
        write_postgis(released, "postgresql://u@h/d")


def test_the_names_that_others_import_stand(released):
    assert {"SYNTHETIC", "WORKBOOK_OPTIONS", "export", "export_table", "write_sheet", "write_workbook"} == set(
        exports.__all__
    )
