"""A format is one row, and every command that writes offers it."""

from __future__ import annotations

import json
from dataclasses import replace

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner

from regso_cluster.cli import main
from regso_cluster.errors import InputError
from regso_cluster.exports.export import export, export_table
from regso_cluster.exports.formats import describe_targets, release_formats, table_formats
from regso_cluster.factors.origin import origin_file
from regso_cluster.factors.registers import Counts, write_counts
from regso_cluster.files import formats
from regso_cluster.files.formats import Format, describe_formats, find_format
from regso_cluster.files.output import Output, without_geometry
from regso_cluster.files.tables import read_table
from regso_cluster.joining.join import join_file
from regso_cluster.maps.formats import GEOJSON
from regso_cluster.method import Text
from regso_cluster.release.write import write_release
from regso_cluster.sources.tables import Fetched, write_fetched
from regso_cluster.statistics.protected_tables import write_table

TABLE = pd.DataFrame({"regso": ["0114R001", "0114R002"], "n": [3, 5]})


@pytest.fixture(scope="module")
def released(example_release, tmp_path_factory):
    return write_release(example_release.classification, tmp_path_factory.mktemp("formats") / "2024")


@pytest.fixture
def lines(monkeypatch):
    """A made-up format, by its one row: a line a row of the table, as JSON."""

    def write(output, path):
        path.write_text(without_geometry(output.marked).to_json(orient="records", lines=True), "utf-8")

    row = Format((".lines",), "table", "a line a row", write=write)
    monkeypatch.setattr(formats, "TABLES", (*formats.TABLES, row))
    return row


def read(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_one_row_is_offered_by_every_command_that_writes_tables(released, lines, tmp_path):
    areas = read(export(released, tmp_path / "release.lines"))
    assert [one["regso"] for one in areas] == list(released.areas.index)
    assert read(export_table(TABLE, tmp_path / "table.lines", synthetic=True))[1] == {
        "regso": "0114R002", "n": 5, "synthetic": True,
    }  # fmt: skip

    TABLE.to_csv(tmp_path / "own.csv", index=False)
    join_file(tmp_path / "own.csv", released, on="regso", out=tmp_path / "joined.lines", report=tmp_path / "r.lines")
    joined = read(tmp_path / "joined.lines")
    assert [(one["regso"], one["n"], one["regso_match"]) for one in joined] == [
        ("0114R001", "3", "matched"), ("0114R002", "5", "matched"),
    ]  # fmt: skip
    assert read(tmp_path / "r.lines")

    said = (Text("Läs detta.", "Read this."),)
    summary = pd.DataFrame({"group": ["1"], "units": [30.0]})
    assert read(write_table(summary, tmp_path / "summary.lines", said)) == [
        {"group": "1", "units": 30, "note_sv": "Läs detta.", "note_en": "Read this."}
    ]

    fetched = write_fetched(Fetched(TABLE, {"retrieved": "2026-01-01", "sources": []}, ()), tmp_path / "fetched.lines")
    assert read(fetched) == TABLE.to_dict("records")
    assert origin_file(fetched).is_file()
    assert read(write_counts(Counts(TABLE, 8, 0, {}), tmp_path / "counted.lines")) == TABLE.to_dict("records")
    assert "lines (a line a row)" in describe_targets()


def test_a_format_that_is_no_row_is_refused_with_all_that_are(lines, tmp_path):
    for write in (
        lambda path: export_table(TABLE, path),
        lambda path: write_table(TABLE, path, ()),
        lambda path: write_fetched(Fetched(TABLE, {}, ()), path),
        lambda path: write_counts(Counts(TABLE, 8, 0, {}), path),
    ):
        with pytest.raises(InputError, match=r"unknown kind of file.*\.csv, \.txt, \.tsv, \.xlsx.*\.lines.*got \.doc"):
            write(tmp_path / "t.doc")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".csv", ".txt", ".tsv", ".xlsx", ".parquet"])
def test_counts_and_fetched_tables_are_read_again_in_every_format(suffix, tmp_path):
    for out in (
        write_counts(Counts(TABLE, 8, 0, {}), tmp_path / f"c{suffix}"),
        write_fetched(Fetched(TABLE, {"sources": []}, ()), tmp_path / f"f{suffix}"),
    ):
        frame = read_table(out).frame
        assert frame["regso"].tolist() == ["0114R001", "0114R002"]
        assert [int(cell) for cell in frame["n"]] == [3, 5]


def test_a_map_in_geojson_is_in_wgs84(tmp_path):
    points = gpd.GeoSeries(shapely.points([[674032.0, 6580822.0], [319180.0, 6399862.0]]), crs="EPSG:3006")
    path = export_table(gpd.GeoDataFrame(TABLE, geometry=points), tmp_path / "t.geojson")
    read = json.loads(path.read_text("utf-8"))["features"]
    assert [one["properties"] for one in read] == TABLE.to_dict("records")
    lon, lat = read[0]["geometry"]["coordinates"]  # Stockholm
    assert (round(lon, 1), round(lat, 1)) == (18.1, 59.3)
    bare = json.loads(export_table(TABLE, tmp_path / "bare.geojson").read_text("utf-8"))["features"]
    assert [one["geometry"] for one in bare] == [None, None]


def test_endings_name_one_format_each():
    suffixes = formats.list_suffixes(release_formats())
    assert len(set(suffixes)) == len(suffixes)
    assert find_format("T.GeoJSON", table_formats()) == GEOJSON
    assert describe_formats(formats.TABLES) == ".csv, .tsv, .xlsx or .parquet"
    with pytest.raises(TypeError, match="not made of a table"):
        formats.write_output(Output(TABLE, "t"), "t.px", replace(GEOJSON, write=None))


@pytest.mark.parametrize("command", [["export"], ["join"], ["summarise"], ["protect"], ["count"]])
def test_help_names_every_format(command):
    text = " ".join(CliRunner().invoke(main, [*command, "--help"]).output.split())
    for one in formats.TABLES:
        assert one.suffixes[0] in text
