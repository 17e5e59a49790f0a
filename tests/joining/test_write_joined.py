"""What a joined file holds, read back: systems of coordinates, types, heights, long texts, gaps."""

from __future__ import annotations

import copy
import datetime as dt
import json
import warnings
from decimal import Decimal

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
import shapely
from pyarrow import parquet

from regso_cluster.errors import InputError
from regso_cluster.joining.join import join_file
from regso_cluster.joining.options import JoinOptions
from regso_cluster.release.write import write_release

FEW = ("composite_group",)
# two points in Stockholm, in SWEREF 99 TM and as PROJ puts them in WGS 84
METRES = [(674032.0, 6580822.0), (667097.0, 6599132.0)]
DEGREES = [(18.05919, 59.33023), (17.95174, 59.49724)]


@pytest.fixture(scope="module")
def released(example_release, tmp_path_factory):
    return write_release(example_release.classification, tmp_path_factory.mktemp("out") / "2024")


@pytest.fixture
def join(released, tmp_path):
    def run(path, out, on="geometry", **more):
        options = JoinOptions(columns=FEW, crs=more.pop("crs", ""))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            done = join_file(path, released, on, tmp_path / out, options=options, max_unmatched=9, **more)
        return tmp_path / out, " | ".join(done.report.notes)

    return run


def layer(path, geometry, crs=None, **columns):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = gpd.GeoDataFrame({"n": range(len(geometry)), **columns}, geometry=list(geometry), crs=crs)
        frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_file(path)
    return path


def places(path):
    features = json.loads(path.read_text("utf-8"))["features"]
    return [feature["geometry"] and feature["geometry"]["coordinates"] for feature in features]


@pytest.mark.parametrize("kind", [".gpkg", ".parquet"])
@pytest.mark.parametrize("crs", ["", "sweref99tm"])
def test_a_layer_without_a_system_is_recognised_or_told(join, tmp_path, kind, crs):
    path = layer(tmp_path / f"in{kind}", shapely.points(METRES))
    out, notes = join(path, "o.geojson", crs=crs)
    np.testing.assert_allclose(places(out), DEGREES, atol=1e-5)
    assert ("recognised as SWEREF 99 TM" in notes) == (not crs)
    for name, read in (("o.gpkg", gpd.read_file), ("o.parquet", gpd.read_parquet)):
        found = read(join(path, name, crs=crs)[0])
        assert found.crs.to_epsg() == 3006
        assert shapely.get_coordinates(found.geometry).tolist() == [list(point) for point in METRES]


def test_polygons_joined_on_codes_are_recognised_too(join, tmp_path):
    box = shapely.box(674000, 6580000, 675000, 6581000)
    path = layer(tmp_path / "in.gpkg", [box, None], kod=["0114R001", "0114R002"])
    out, _ = join(path, "o.geojson", on="kod")
    shape, none = places(out)
    assert none is None
    assert {(round(x), round(y)) for x, y in shape[0]} == {(18, 59)}
    assert gpd.read_file(join(path, "o.gpkg", on="kod")[0]).crs.to_epsg() == 3006


def test_an_unknown_system_is_refused_or_left_open_and_said(join, tmp_path):
    path = layer(tmp_path / "in.gpkg", [shapely.Point(1_600_000, 6_600_000)], kod=["0114R001"])
    with pytest.raises(InputError, match=r"in.gpkg: the coordinate system of the geometries is not known .*crs"):
        join(path, "o.geojson", on="kod")
    out, notes = join(path, "o.gpkg", on="kod")
    assert "names no coordinate system and its numbers do not tell: written without" in notes
    assert shapely.get_coordinates(gpd.read_file(out).geometry).tolist() == [[1_600_000, 6_600_000]]
    out, notes = join(path, "o2.gpkg", on="kod", crs="EPSG:3021")
    assert gpd.read_file(out).crs.to_epsg() == 3021
    (place,) = places(join(path, "o.geojson", on="kod", crs="EPSG:3021")[0])
    assert place == pytest.approx([17.56, 59.51], abs=0.05)


def test_another_system_than_the_layer_names_is_refused(join, tmp_path):
    path = layer(tmp_path / "in.gpkg", shapely.points(METRES), "EPSG:3006")
    with pytest.raises(InputError, match=r"names another coordinate system than crs \(expected wgs84, got EPSG:3006"):
        join(path, "o.gpkg", crs="wgs84")
    assert gpd.read_file(join(path, "o.gpkg", crs="EPSG:5845")[0]).crs.to_epsg() == 3006  # the same, with heights


@pytest.mark.parametrize("north_first", [False, True])
def test_swapped_axes_are_not_passed_on(join, tmp_path, north_first):
    points = [point[::-1] if north_first else point for point in METRES]
    out, notes = join(layer(tmp_path / "in.gpkg", shapely.points(points)), "o.geojson")
    np.testing.assert_allclose(places(out), DEGREES, atol=1e-5)
    assert ("written in SWEREF 99 TM" in notes) == north_first


@pytest.mark.parametrize("member", [None, "urn:ogc:def:crs:EPSG::3006"])
def test_geojson_in_metres_becomes_wgs84_and_loses_the_old_member(join, tmp_path, member):
    features = [
        {"type": "Feature", "id": 7, "properties": {}, "geometry": {"type": "Point", "coordinates": list(point)}}
        for point in METRES
    ]
    document = {"type": "FeatureCollection", "name": "skolor", "features": features}
    document |= {"crs": {"type": "name", "properties": {"name": member}}} if member else {}
    (tmp_path / "in.geojson").write_text(json.dumps(document))
    out, notes = join(tmp_path / "in.geojson", "o.geojson")
    read = json.loads(out.read_text())
    np.testing.assert_allclose(places(out), DEGREES, atol=1e-5)
    assert "crs" not in read
    assert (read["name"], read["features"][1]["id"]) == ("skolor", 7)
    assert "brought to WGS 84" in notes


def test_heights_are_kept_everywhere(join, tmp_path):
    path = layer(tmp_path / "in.gpkg", [shapely.Point(*METRES[0], 12.5), shapely.Point(*METRES[1], -3)], "EPSG:3006")
    assert [place[2] for place in places(join(path, "o.geojson")[0])] == [12.5, -3]
    assert shapely.get_z(gpd.read_file(join(path, "o.gpkg")[0]).geometry).tolist() == [12.5, -3]
    assert shapely.get_z(gpd.read_parquet(join(path, "o.parquet")[0]).geometry).tolist() == [12.5, -3]
    assert "12.5" in join(path, "o.csv")[0].read_text()


@pytest.mark.parametrize(
    "empty", ["POINT EMPTY", "POLYGON EMPTY", "MULTIPOINT EMPTY", "GEOMETRYCOLLECTION EMPTY", None]
)
@pytest.mark.parametrize("out", ["o.gpkg", "o.geojson", "o.parquet", "o.csv", "o.xlsx"])
def test_an_empty_geometry_is_a_missing_one(join, released, tmp_path, empty, out):
    shapes = [shapely.Point(METRES[0]), shapely.from_wkt(empty) if empty else None]
    path = layer(tmp_path / "in.parquet", shapes, "EPSG:3006")
    join(path, out)
    result = join_file(path, released, "geometry", tmp_path / f"2{out}", max_unmatched=1)
    assert result.report.statuses["missing"] == 1
    assert result.report.matched == 1


# --- cells ---


def book(path, rows):
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)
    workbook.save(path)
    return path


@pytest.mark.parametrize("out", ["o.csv", "o.tsv", "o.geojson", "o.parquet", "o.gpkg", "o.xlsx"])
def test_whole_numbers_of_a_workbook_stay_whole(join, tmp_path, out):
    path = book(tmp_path / "in.xlsx", [
        ["regso", "skola", "postnr", "andel", "nyckel"],
        ["0114R001", 10010018, 19432, 1.5, 114],
        ["0114R002", 10010019, None, 2, "A1"],
    ])  # fmt: skip
    file, _ = join(path, out, on="regso")
    if out.endswith("sv"):
        first, second = file.read_text().splitlines()[1:]
        assert first.replace("\t", ",").startswith("0114R001,10010018,19432,1.5,114,")
        assert second.replace("\t", ",").startswith("0114R002,10010019,,2.0,A1,")
    elif out == "o.geojson":
        rows = [feature["properties"] for feature in json.loads(file.read_text())["features"]]
        assert '"skola": 10010018, "postnr": 19432, "andel": 1.5, "nyckel": 114' in file.read_text()
        assert (rows[1]["postnr"], rows[1]["nyckel"]) == (None, "A1")
    elif out == "o.xlsx":
        assert [cell.value for cell in openpyxl.load_workbook(file).active[2]][:5] == [
            "0114R001", 10010018, 19432, 1.5, 114,
        ]  # fmt: skip
    else:
        table = parquet.read_table(file) if out == "o.parquet" else pa.Table.from_pandas(gpd.read_file(file))
        assert table["skola"].to_pylist() == [10010018, 10010019]
        assert pa.types.is_int64(table.schema.field("skola").type)
        assert table["nyckel"].to_pylist() == ["114", "A1"]
        if out == "o.parquet":
            assert pa.types.is_int64(table.schema.field("postnr").type)
            assert table["postnr"].to_pylist() == [19432, None]


def odd_table(path):
    columns = {
        "regso": pa.array(["0114R001", "0114R002"]),
        "kr": pa.array([Decimal("1250.00"), None], pa.decimal128(10, 2)),
        "long": pa.array([Decimal("1234567890123456789.25"), Decimal(1)], pa.decimal128(25, 2)),
        "day": pa.array([dt.date(2024, 5, 1), None], pa.date32()),
        "at": pa.array([dt.datetime(2024, 5, 1, 13, 30), None], pa.timestamp("us")),
        "span": pa.array([dt.timedelta(hours=30), None], pa.duration("s")),
        "flag": pa.array([True, None]),
        "big": pa.array([2**63 + 1, None], pa.uint64()),
        "none": pa.nulls(2),
        "float": pa.array([float("nan"), 1.5]),
        "kind": pa.array(["a", None]).dictionary_encode(),
    }
    parquet.write_table(pa.table(columns), path)
    return path


def test_types_of_parquet_in_a_workbook(join, tmp_path):
    file, notes = join(odd_table(tmp_path / "in.parquet"), "o.xlsx", on="regso")
    head, first = (
        [cell.value for cell in row][:11] for row in openpyxl.load_workbook(file).active.iter_rows(max_row=2)
    )
    read = dict(zip(head, first, strict=True))
    assert read == {
        "regso": "0114R001", "kr": 1250, "long": "1234567890123456789.25", "day": dt.datetime(2024, 5, 1),
        "at": dt.datetime(2024, 5, 1, 13, 30), "span": dt.timedelta(hours=30), "flag": True,
        "big": str(2**63 + 1), "none": None, "float": None, "kind": "a",
    }  # fmt: skip
    assert isinstance(read["kr"], int | float)
    assert "1 number with more digits than a floating-point number holds is written as text" in notes


def test_types_of_parquet_in_geojson_and_text(join, tmp_path):
    path = odd_table(tmp_path / "in.parquet")
    file, _ = join(path, "o.geojson", on="regso")
    read = json.loads(file.read_text())["features"][0]["properties"]
    assert {name: read[name] for name in ("kr", "long", "day", "flag", "big", "none", "float")} == {
        "kr": 1250.0, "long": "1234567890123456789.25", "day": "2024-05-01", "flag": True,
        "big": 2**63 + 1, "none": None, "float": None,
    }  # fmt: skip
    line = join(path, "o.csv", on="regso")[0].read_text().splitlines()[1]
    assert line.startswith("0114R001,1250.00,1234567890123456789.25,2024-05-01,2024-05-01 13:30:00,")
    assert "True,9223372036854775809,,,a," in line


def test_types_of_parquet_in_a_geopackage(join, tmp_path):
    file, notes = join(odd_table(tmp_path / "in.parquet"), "o.gpkg", on="regso")
    read = gpd.read_file(file).iloc[0]
    assert read["kr"] == 1250
    assert (read["long"], read["big"]) == ("1234567890123456789.25", str(2**63 + 1))
    assert "written as text" in notes


def test_lists_and_structures_of_geojson_in_other_files(join, tmp_path):
    properties = {"regso": "0114R001", "list": [1, "å"], "inner": {"a": None}}
    feature = {"type": "Feature", "properties": properties, "geometry": None}
    (tmp_path / "in.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert '"[1, ""å""]","{""a"": null}"' in join(tmp_path / "in.geojson", "o.csv", on="regso")[0].read_text("utf-8")
    sheet = openpyxl.load_workbook(join(tmp_path / "in.geojson", "o.xlsx", on="regso")[0]).active
    assert [cell.value for cell in sheet[2]][1:4] == ["0114R001", '[1, "å"]', '{"a": null}']


def test_bytes_are_refused_where_there_is_no_place_for_them(join, tmp_path):
    table = pa.table({"regso": ["0114R001"], "bild": pa.array([b"\xff\x00"])})
    parquet.write_table(table, tmp_path / "in.parquet")
    for out in ("o.csv", "o.xlsx", "o.geojson"):
        with pytest.raises(InputError, match=r"in.parquet, column bild, row 1: bytes are no text. Write .parquet"):
            join(tmp_path / "in.parquet", out, on="regso")
    assert parquet.read_table(join(tmp_path / "in.parquet", "o.parquet", on="regso")[0])["bild"].to_pylist() == [
        b"\xff\x00"
    ]


def test_a_text_longer_than_a_cell_is_refused_and_long_geometries_are_left_out(join, tmp_path):
    (tmp_path / "in.csv").write_text("regso,text\n0114R001,a\n0114R002," + "x" * 32_768 + "\n")
    with pytest.raises(InputError, match=r"in.csv, column text, row 3: a text longer than a cell .*got 32,768 char"):
        join(tmp_path / "in.csv", "o.xlsx", on="regso")
    (tmp_path / "in.csv").write_text("regso,text\n0114R001,a\n0114R002," + "x" * 32_767 + "\n")
    file, _ = join(tmp_path / "in.csv", "o.xlsx", on="regso")
    assert len(openpyxl.load_workbook(file).active["B3"].value) == 32_767
    circle = shapely.Point(METRES[0]).buffer(100, quad_segs=400)
    path = layer(tmp_path / "in.gpkg", [circle], "EPSG:3006", kod=["0114R001"])
    file, notes = join(path, "o.xlsx", on="kod")
    assert "geometries left out: 1 is longer than the 32,767 characters of a cell" in notes
    assert [cell.value for cell in openpyxl.load_workbook(file).active[1]][:3] == ["n", "kod", "regso_match"]
    assert "geometries left out" in str(list(openpyxl.load_workbook(file)["Matchning"].values))


def test_dates_of_a_workbook_stay_dates(join, tmp_path):
    rows = [["regso", "dag", "tid"], ["0114R001", dt.date(2024, 5, 1), dt.datetime(2024, 5, 1, 13, 30)]]
    file, _ = join(book(tmp_path / "in.xlsx", rows), "o.xlsx", on="regso")
    cells = openpyxl.load_workbook(file).active[2]
    assert [cell.is_date for cell in cells[1:3]] == [True, True]
    assert [cell.value for cell in cells[1:3]] == [dt.datetime(2024, 5, 1), dt.datetime(2024, 5, 1, 13, 30)]
    assert cells[1].number_format == "yyyy-mm-dd"
    assert join(tmp_path / "in.xlsx", "o.csv", on="regso")[0].read_text().splitlines()[1].startswith(
        "0114R001,2024-05-01,2024-05-01 13:30:00,"
    )  # fmt: skip


def test_texts_that_the_release_adds_are_guarded_in_text_files_too(released, tmp_path):
    areas = released.areas.copy()
    areas["composite_group_name"] = '=cmd|"/c calc"!A1'
    hostile = copy.copy(released)
    hostile.__dict__["areas"] = areas
    (tmp_path / "in.csv").write_text("regso,own\n0114R001,=1+1\n")
    options = JoinOptions(columns=("composite_group_name",))
    join_file(tmp_path / "in.csv", hostile, "regso", tmp_path / "o.csv", options=options)
    line = pd.read_csv(tmp_path / "o.csv").iloc[0]
    assert line["regso_composite_group_name"].startswith("'=cmd")
    assert line["own"] == "=1+1"  # the cells of a text file come out as they were
