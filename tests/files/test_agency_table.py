"""Tables of every kind, in and out: the same cells, text never a formula; files made to do harm are refused."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from regso_cluster.errors import InputError
from regso_cluster.files import agency_table as _reading
from regso_cluster.files.agency_table import read_agency_table
from regso_cluster.files.bounded import MIB
from regso_cluster.files.textfiles import unguard
from regso_cluster.joining.join import join_file
from regso_cluster.joining.options import JoinOptions
from regso_cluster.release.write import write_release
from tests.joining.agencies import schools

KINDS = ("csv", "xlsx", "parquet", "gpkg", "geojson")
PLAIN = {"options": {"strings_to_formulas": False}}
FEW = JoinOptions(columns=("name", "composite_group", "index"))


@pytest.fixture(scope="module")
def released(example_release, tmp_path_factory):
    return write_release(example_release.classification, tmp_path_factory.mktemp("tables") / "2024")


@pytest.fixture(scope="module")
def units():
    table = schools(40, seed=9)
    table["formula"] = "=1+1"
    table["kod"] = "0012"
    table["antal"] = np.arange(40)
    return table


def write(frame, path):
    points = gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(frame["x"], frame["y"]), crs=3006)
    {
        "csv": lambda: frame.to_csv(path, index=False),
        "xlsx": lambda: frame.to_excel(path, index=False, engine="xlsxwriter", engine_kwargs=PLAIN),
        "parquet": lambda: frame.to_parquet(path),
        "gpkg": lambda: points.to_file(path),
        "geojson": lambda: points.to_crs(4326).to_file(path),
    }[path.suffix[1:]]()  # fmt: skip
    return path


def read_back(path):
    if path.suffix in (".gpkg", ".geojson"):
        return pd.DataFrame(gpd.read_file(path))
    if path.suffix == ".xlsx":
        return pd.read_excel(path, dtype=object, sheet_name=0, engine="openpyxl")
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    table = pd.read_csv(path, dtype={"kod": str}).rename(columns=unguard)
    return table.assign(formula=table["formula"].map(unguard)) if "formula" in table else table


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("to", KINDS)
def test_from_every_kind_to_every_kind(released, units, tmp_path, kind, to):
    path = write(units, tmp_path / f"t.{kind}")
    before = path.read_bytes()
    on = "geometry" if kind in ("gpkg", "geojson") else "x,y"
    done = join_file(path, released, on, tmp_path / f"o.{to}", options=FEW)
    assert path.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([f"o.{to}", f"t.{kind}"])
    assert done.report.matched == 40
    out = read_back(tmp_path / f"o.{to}")
    for column in units.columns:  # every cell as before, codes as text; what is read from CSV is all text
        cells = out[column].astype(object).tolist()
        text = kind == "csv" and to != "csv"
        assert cells == (units[column].astype(str) if text else units[column]).tolist(), column
    areas = released.areas.loc[units["regso"]]
    assert out["regso_code"].tolist() == units["regso"].tolist()
    assert out["regso_name"].tolist() == areas["name"].tolist()
    assert out["regso_index"].to_numpy(np.float64) == pytest.approx(areas["index"].to_numpy(), nan_ok=True)
    groups = out["regso_composite_group"].astype("Float64").to_numpy(np.float64, na_value=np.nan)
    wanted = areas["composite_group"].astype("Float64").to_numpy(np.float64, na_value=np.nan)
    assert np.array_equal(groups, wanted, equal_nan=True)
    if to in ("gpkg", "geojson"):
        layer = gpd.read_file(tmp_path / f"o.{to}").to_crs(3006)
        assert layer.geometry.x.to_numpy() == pytest.approx(units["x"].to_numpy(), abs=0.01)
        assert layer.geometry.y.to_numpy() == pytest.approx(units["y"].to_numpy(), abs=0.01)


def test_text_is_never_a_formula_in_a_workbook(released, tmp_path):
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")', "{=1}", "http://example.org", "007"]
    pd.DataFrame({"c": ["0114R001"] * 8, "t": texts}).to_csv(tmp_path / "t.csv", index=False)
    join_file(tmp_path / "t.csv", released, "c", tmp_path / "o.xlsx", options=FEW)
    sheet = openpyxl.load_workbook(tmp_path / "o.xlsx").worksheets[0]
    cells = [row[1] for row in sheet.iter_rows(min_row=2)]
    assert [cell.value for cell in cells] == texts
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.hyperlink is None for cell in cells)
    assert openpyxl.load_workbook(tmp_path / "o.xlsx").sheetnames == ["Tabell", "Matchning"]


def test_cells_of_a_workbook_keep_their_types(released, tmp_path):
    frame = pd.DataFrame(
        {
            "c": ["0114R001", "114R002"],
            "n": [1, 2.5],
            "d": [dt.datetime(2024, 3, 1), None],
            "b": [True, False],
            "e": ["", None],
        }
    )
    frame.to_excel(tmp_path / "t.xlsx", index=False, sheet_name="Skolor")
    join_file(tmp_path / "t.xlsx", released, "c", tmp_path / "o.xlsx", options=FEW)
    book = openpyxl.load_workbook(tmp_path / "o.xlsx")
    assert book.sheetnames == ["Skolor", "Matchning"]
    rows = list(book["Skolor"].iter_rows(values_only=True))
    assert rows[1][:5] == ("0114R001", 1, dt.datetime(2024, 3, 1), True, None)
    assert rows[2][:5] == ("114R002", 2.5, None, False, None)
    assert book["Skolor"].freeze_panes == "A2"


def test_text_of_a_workbook_is_no_formula_in_a_text_table(released, tmp_path):
    texts = ["=1+1", "@SUM(A1)", "-x", "skola"]
    frame = pd.DataFrame({"c": ["0114R001", "0114R002", "=cmd", None], "=t": texts, "n": [-1.5, 2, 3, 4]})
    frame.to_excel(tmp_path / "t.xlsx", index=False, engine="xlsxwriter", engine_kwargs=PLAIN)
    options = {"options": FEW, "report": tmp_path / "r.csv", "max_unmatched": 2}
    join_file(tmp_path / "t.xlsx", released, "c", tmp_path / "o.csv", **options)
    out = pd.read_csv(tmp_path / "o.csv")
    assert out["'=t"].tolist() == ["'=1+1", "'@SUM(A1)", "'-x", "skola"]
    assert out["c"].tolist()[2] == "'=cmd"
    assert out["n"].tolist() == [-1.5, 2, 3, 4]
    report = (tmp_path / "r.csv").read_text("utf-8")
    assert ",'=cmd" in report
    # a text table comes out as it went in
    frame.to_csv(tmp_path / "t.csv", index=False)
    join_file(tmp_path / "t.csv", released, "c", tmp_path / "o.csv", **options)
    assert pd.read_csv(tmp_path / "o.csv")["=t"].tolist() == texts


def test_doubled_names_are_the_only_fault(released, tmp_path):
    (tmp_path / "t.csv").write_text("regso,regso\n0114R001,1\n")
    with pytest.raises(InputError) as refused:
        join_file(tmp_path / "t.csv", released, "regso", tmp_path / "o.csv", options=FEW)
    assert "two columns of one name" in str(refused.value)
    assert "no rows" not in str(refused.value)


def test_a_swedish_csv_stays_one(released, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('kod;andel;namn\n0114R001;12,50;Åsa\n0114R002;;"a;b"\n\n;;\n;;\n', "cp1252")
    done = join_file(path, released, "kod", tmp_path / "o.csv", options=FEW)
    text = (tmp_path / "o.csv").read_bytes().decode("utf-8-sig")
    lines = text.splitlines()
    assert lines[0].startswith("kod;andel;namn;regso_match;regso_code;")
    assert lines[1].startswith("0114R001;12,50;Åsa;matched;0114R001;")
    assert lines[2].startswith('0114R002;;"a;b";matched;')
    assert len(lines) == 3
    assert repr(float(released.areas.loc["0114R001", "index"])).replace(".", ",") in lines[1]
    assert any("3 empty rows at the end left out" in note for note in done.report.notes)
    assert any("Windows-1252" in note for note in done.report.notes)


def test_an_empty_row_within_is_kept_with_its_status(released, tmp_path):
    (tmp_path / "t.csv").write_text("kod,n\n0114R001,1\n,\n\n0114R002,2\n")
    done = join_file(tmp_path / "t.csv", released, "kod", tmp_path / "o.csv", max_unmatched=2)
    assert done.report.unmatched_keys[["status", "rows", "first_row"]].to_numpy().tolist() == [["missing", 2, 3]]
    assert len(pd.read_csv(tmp_path / "o.csv")) == 4


cells = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r", exclude_categories=("Cs",)), max_size=8)


@given(rows=st.lists(st.tuples(cells, cells), min_size=1, max_size=6), delimiter=st.sampled_from(",;\t"))
def test_any_text_survives_csv(tmp_path_factory, rows, delimiter):
    folder = tmp_path_factory.mktemp("csv")
    frame = pd.DataFrame([("0114R001", *row) for row in rows], columns=["kod", "a b", "c"])
    frame.to_csv(folder / "t.csv", index=False, sep=delimiter)
    read = read_agency_table(folder / "t.csv")
    assert read.frame.astype(object).to_numpy().tolist() == frame.to_numpy().tolist()


def test_parquet_keeps_its_types_and_geoparquet_its_geometry(released, tmp_path):
    frame = pd.DataFrame({
        "c": ["0114R001", "0114R002"], "i": pd.array([1, None], "Int32"), "when": pd.to_datetime(["2024-01-01", None]),
        "k": pd.Categorical(["a", "b"]),
    })  # fmt: skip
    frame.to_parquet(tmp_path / "t.parquet", index=False)
    join_file(tmp_path / "t.parquet", released, "c", tmp_path / "o.parquet", options=FEW)
    out = pd.read_parquet(tmp_path / "o.parquet")
    assert out["i"].dtype == "Int32"
    assert out["when"].tolist()[0] == pd.Timestamp("2024-01-01")
    layer = gpd.GeoDataFrame(frame[["c"]], geometry=[shapely.Point(674032, 6580822), None], crs=3006)
    layer.to_parquet(tmp_path / "g.parquet")
    join_file(tmp_path / "g.parquet", released, "geometry", tmp_path / "og.parquet", options=FEW, max_unmatched=1)
    out = gpd.read_parquet(tmp_path / "og.parquet")
    assert out.crs.to_epsg() == 3006
    assert out["regso_match"].tolist() == ["matched", "missing"]
    assert out.geometry.iloc[0].equals(layer.geometry.iloc[0])


def test_the_rest_of_a_geojson_stays_as_it_was(released, tmp_path):
    document = {
        "type": "FeatureCollection", "name": "x", "features": [
            {"type": "Feature", "id": 7, "properties": {"a": {"b": [1]}},
             "geometry": {"type": "Point", "coordinates": [18.06, 59.33]}},
            {"type": "Feature", "properties": None, "geometry": None},
        ],
    }  # fmt: skip
    (tmp_path / "t.geojson").write_text(json.dumps(document), "utf-8")
    join_file(tmp_path / "t.geojson", released, "geometry", tmp_path / "o.geojson", options=FEW, max_unmatched=1)
    out = json.loads((tmp_path / "o.geojson").read_text("utf-8"))
    assert (out["name"], out["features"][0]["id"]) == ("x", 7)
    assert out["features"][0]["properties"]["a"] == {"b": [1]}
    assert out["features"][0]["properties"]["regso_code"][:4] == "0180"
    assert out["features"][1]["properties"]["regso_match"] == "missing"
    assert out["features"][1]["geometry"] is None


def test_the_crs_of_a_wfs_answer_is_understood(released, shared, tmp_path):
    source = shared / "data" / "geo" / "deso_2025_dalarna_wfs_raw.geojson"
    with pytest.raises(InputError, match="no points"):
        join_file(source, released, "geometry", tmp_path / "o.csv")
    done = join_file(source, released, "regsokod", tmp_path / "o.geojson", options=FEW)
    assert done.report.unmatched == 0
    assert len(json.loads((tmp_path / "o.geojson").read_text("utf-8"))["features"]) == 175


# --- refusals and files made to do harm ---


def geopackage(path, *statements):
    frame = gpd.GeoDataFrame({"c": ["0114R001"]}, geometry=[shapely.Point(674032, 6580822)], crs=3006)
    frame.to_file(path, layer="skolor")
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return path


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS fid, 'x' AS c FROM n"


def refuse(path, says, **options):
    with pytest.raises(InputError, match=says) as refused:
        read_agency_table(path, **options)
    assert refused.value.faults[0].hint
    return refused.value.faults[0]


def test_a_geopackage_with_an_endless_view_is_refused(tmp_path):
    path = geopackage(
        tmp_path / "t.gpkg",
        f"CREATE VIEW endless AS {ENDLESS}",
        "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('endless', 'attributes', 'e')",
    )
    assert "'endless'" in refuse(path, "with views").got


def test_a_list_of_layers_that_is_itself_a_view_is_refused(tmp_path):
    path = geopackage(
        tmp_path / "t.gpkg", "ALTER TABLE gpkg_contents RENAME TO gone",
        "CREATE VIEW gpkg_contents AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
        "SELECT 'skolor' AS table_name, 'features' AS data_type FROM n",
    )  # fmt: skip
    refuse(path, "with views")


def test_a_column_that_is_computed_is_refused(tmp_path):
    path = geopackage(
        tmp_path / "t.gpkg", "ALTER TABLE skolor ADD COLUMN huge TEXT GENERATED ALWAYS AS (hex(zeroblob(900000000)))"
    )
    refuse(path, "computed, not stored")


def test_triggers_are_not_fired(released, tmp_path):
    path = geopackage(
        tmp_path / "t.gpkg",
        "CREATE TRIGGER boom AFTER INSERT ON skolor BEGIN SELECT RAISE(FAIL, 'boom'); END",
        "CREATE TRIGGER empty AFTER UPDATE ON skolor BEGIN DELETE FROM skolor; END",
    )
    before = path.read_bytes()
    join_file(path, released, "c", tmp_path / "o.gpkg", options=FEW)
    assert path.read_bytes() == before
    assert gpd.read_file(tmp_path / "o.gpkg")["regso_code"].tolist() == ["0114R001"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["o.gpkg", "t.gpkg"]


def test_a_file_that_is_not_what_it_is_called_is_refused(tmp_path):
    (tmp_path / "t.gpkg").write_text('<OGRVRTDataSource><OGRVRTLayer name="x"/></OGRVRTDataSource>')
    refuse(tmp_path / "t.gpkg", "not readable as a GeoPackage")
    (tmp_path / "u.gpkg").write_bytes(b"SQLite format 3\x00" + b"\xff" * 5000)
    refuse(tmp_path / "u.gpkg", "not readable as a GeoPackage")
    with sqlite3.connect(tmp_path / "v.gpkg") as connection:
        connection.execute("CREATE TABLE a (b)")
    connection.close()
    refuse(tmp_path / "v.gpkg", "not readable as a GeoPackage")


def test_several_layers_are_asked_for_by_name(tmp_path):
    path = geopackage(tmp_path / "t.gpkg")
    gpd.GeoDataFrame({"c": ["x"]}, geometry=[shapely.Point(1, 2)], crs=3006).to_file(path, layer="annat", mode="a")
    assert "'skolor', 'annat'" in refuse(path, "which layer").got
    assert read_agency_table(path, "annat").frame["c"].tolist() == ["x"]
    assert "'skolor'" in refuse(path, "no such layer", layer="../../etc").expected


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("t.csv", b"a,b\n1,2,3\n", "another width than the header"),
        ("t.csv", b"a,b\n1\n", "another width than the header"),
        ("t.csv", b"a,a\n1,2\n", "two columns of one name"),
        ("t.csv", b"a,b\n", "no rows"),
        ("t.csv", b"", "no rows"),
        ("t.csv", b"a\x00b", "binary data"),
        ("t.csv", b'a,b\n"' + b"x" * 200_000, "not readable as CSV|another width"),
        ("t.xlsx", b"PK\x03\x04 no", "not readable as a workbook"),
        ("t.parquet", b"PAR1 no", "not readable as Parquet"),
        ("t.geojson", b"{", "not readable as GeoJSON"),
        ("t.geojson", b"[1]", "not readable as GeoJSON"),
        ("t.geojson", b'{"features": [1]}', "not readable as GeoJSON"),
        ("t.geojson", b"[" * 100_000, "not readable as GeoJSON"),
        ("t.geojson", b'{"features": [{"geometry": {"type": "Point"}}]}', "not readable as GeoJSON"),
        ("t.geojson", b'{"features": []}', "no rows"),
        ("t.shp", b"x", "unknown kind of file"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_hint(tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)
    fault = refuse(tmp_path / name, says)
    assert name in fault.where


def test_short_and_long_rows_are_all_named(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n1\n1,2,3\n3,4\n")
    with pytest.raises(InputError) as refused:
        read_agency_table(tmp_path / "t.csv")
    assert [fault.where for fault in refused.value.faults] == ["t.csv, row 3", "t.csv, row 4"]


def test_too_large_a_file_is_not_opened(tmp_path, monkeypatch):
    for name in ("t.csv", "t.parquet", "t.gpkg", "t.xlsx", "t.geojson"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(10_240 * MIB)
        refuse(tmp_path / name, "too large a file")
    monkeypatch.setattr(_reading, "MOST_GEOJSON", 10)
    (tmp_path / "t.geojson").write_text('{"features": []}')
    refuse(tmp_path / "t.geojson", "too large a file")


def test_names_that_look_like_paths_lead_nowhere(released, tmp_path):
    odd = "../../evil"
    frame = pd.DataFrame({"c": ["0114R001"], odd: ["/etc/passwd"], "fid": ["x"]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for kind in KINDS:
        join_file(tmp_path / "t.csv", released, "c", tmp_path / "deep" / "er" / f"o.{kind}", options=FEW)
        assert read_back(tmp_path / "deep" / "er" / f"o.{kind}")[odd].tolist() == ["/etc/passwd"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "t.csv"]
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == ["er"]


@pytest.mark.parametrize("out", ["o.shp", "o", "folder.csv"])
def test_what_cannot_be_written_is_refused(released, tmp_path, out):
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "t.csv").write_text("c\n0114R001\n")
    with pytest.raises(InputError) as refused:
        join_file(tmp_path / "t.csv", released, "c", tmp_path / out)
    assert refused.value.faults[0].hint


def test_more_rows_than_a_workbook_holds_are_refused(released, tmp_path, monkeypatch):
    monkeypatch.setattr("regso_cluster.joining.write_joined.ROWS", 3)
    (tmp_path / "t.csv").write_text("c\n" + "0114R001\n" * 2)
    join_file(tmp_path / "t.csv", released, "c", tmp_path / "o.xlsx")
    (tmp_path / "t.csv").write_text("c\n" + "0114R001\n" * 3)
    with pytest.raises(InputError, match="more rows than a workbook holds"):
        join_file(tmp_path / "t.csv", released, "c", tmp_path / "p.xlsx")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["o.xlsx", "t.csv"]


def test_columns_of_one_name_and_two_types_are_refused(tmp_path):
    columns = [pa.array(["0114R001"]), pa.array([1]).cast(pa.time64("us"))]
    parquet.write_table(pa.table(columns, names=["x", "x"]), tmp_path / "t.parquet")
    with pytest.raises(InputError, match="two columns of one name"):
        read_agency_table(tmp_path / "t.parquet")
