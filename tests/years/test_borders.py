"""Two editions on the command line: counts moved, rates made anew, changed areas marked, the cause borders."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner

from regso_cluster.areas.layers import read_outlines, read_residents
from regso_cluster.cli import main
from regso_cluster.errors import InputError
from regso_cluster.release.model import read_release, verify_release
from tests.tables import CODES, METHOD, rows, write

COUNTED = METHOD.replace('value = "voted_pct"', 'numerator = "voted_n"\ndenominator = "voted_d"')
KM = 1000.0
# In one row from west to east, each 4 km wide and 1 km high: A B C D E F. In 2025 B has given its eastern 2 km to C;
# D and E are as they were; F is the code of the ground that A had, A that of F: codes used again.
A, B, C, D, E, F = CODES
OLD = {A: (0, 4), B: (4, 8), C: (8, 12), D: (12, 16), E: (16, 20), F: (20, 24)}
NEW = {F: (0, 4), B: (4, 6), C: (6, 12), D: (12, 16), E: (16, 20), A: (20, 24)}


def layer(places, path):
    shapes = [shapely.box(west * KM, 0, east * KM, KM) for west, east in places.values()]
    frame = gpd.GeoDataFrame({"regsokod": list(places), "version": 1}, geometry=shapes, crs=3006)
    frame.to_file(path, driver="GPKG", engine="pyogrio")
    return path


def table():
    """Poverty 10 per cent but for B, 40: of 200, 80. Turnout 90 but for E, 88."""
    frame = rows().drop(columns="voted_pct").assign(poor_n="20", poor_d="200", voted_n="450", voted_d="500")
    frame.loc[1, "poor_n"] = "80"
    frame.loc[4, "voted_n"] = "440"
    return frame


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Tables of 2023 (edition 2020) and 2024 (edition 2025) with the same figures, the method, outlines of both."""
    monkeypatch.setattr("regso_cluster.maps.geopackage.write_geopackage", lambda *_: None)  # no map is looked at
    (tmp_path / "m.toml").write_text(COUNTED, "utf-8")
    write(table(), tmp_path / "t-2023.csv")
    # what lived in eastern B is counted in C now: with half of B, C has 20 + 40 of 300, 20 per cent
    later = table()
    later.loc[1, ["poor_n", "poor_d", "voted_n", "voted_d", "population"]] = ["40", "100", "225", "250", "500"]
    later.loc[2, ["poor_n", "poor_d", "voted_n", "voted_d", "population"]] = ["60", "300", "675", "750", "1500"]
    write(later, tmp_path / "t-2024.csv")
    land = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 24 * KM, KM)], crs=3006)
    land.to_file(tmp_path / "land.gpkg", driver="GPKG", engine="pyogrio")
    layer(OLD, tmp_path / "old.gpkg")
    layer(NEW, tmp_path / "new.gpkg")
    return tmp_path


def run(*arguments, code=0):
    result = CliRunner().invoke(main, [str(part) for part in arguments])
    assert result.exit_code == code, result.output
    return result


def outlines(world, *more):
    return (
        "--old-shapes",
        world / "old.gpkg",
        "--new-shapes",
        world / "new.gpkg",
        "--land",
        world / "land.gpkg",
        *more,
    )


def classified(world, *more):
    common = ("--method", world / "m.toml")
    for year, edition, given in ((2023, 2020, ()), (2024, 2025, ("--previous", world / "r/2023", *more))):
        run("classify", world / f"t-{year}.csv", *common, "--year", year, "--edition", edition,
            "--out", world / f"r/{year}", *given)  # fmt: skip
    return world / "r/2023", world / "r/2024"


def test_compare_moves_counts_and_marks_the_changed_areas(world):
    old, new = classified(world)
    out = world / "out"
    shown = run("compare", old, new, *outlines(world), "--out", out).stdout
    summary = json.loads((out / "comparison.json").read_text("utf-8"))
    borders = summary["borders"]
    assert borders["changed"] == sorted([A, B, C, F])
    assert borders["weighted_by"] == {"land": 6}
    assert borders["counts_moved"]
    assert "weighted by land" in shown
    assert "2 with other borders" not in shown
    marks = pd.read_parquet(out / "borders.parquet").set_index("area")
    assert marks.loc[C, "elsewhere"] == pytest.approx(1 / 3)
    assert marks.loc[[A, F], "change"].tolist() == ["reused", "reused"]
    assert marks.loc[[D, E], "comparable"].all()
    # as the figures are what they were, in other borders: whatever moves, moves for its borders or the yardstick
    causes = summary["groupings"]["composite_group"]["causes"]
    assert causes["data"] == 0
    drift = pd.read_parquet(out / "drift.parquet").set_index("factor")
    assert drift.loc["poor", "wasserstein"] == pytest.approx(0, abs=1e-12)  # by moved counts nothing drifted


def test_borders_are_a_cause_and_the_value_in_the_new_borders_is_said(world):
    # with the limits of 2023, mean 15 + SD 11.18 = 26.18 per cent: C comes to 20 per cent, B keeps 40
    # let all of B's poor live in its east: B has 0 of 100, C 100 of 300, 33.3 per cent
    old, _ = classified(world)
    run("freeze", old, "--out", world / "frozen.toml")
    later = table()
    later.loc[1, ["poor_n", "poor_d"]] = ["0", "100"]
    later.loc[2, ["poor_n", "poor_d"]] = ["100", "300"]
    write(later, world / "t.csv")
    run("classify", world / "t.csv", "--method", world / "frozen.toml", "--year", 2024, "--edition", 2025,
        "--out", world / "r/east")  # fmt: skip
    # weighed by land, half of B's poor are thought to have moved: B stays at 40, C at 20, and figures do the rest
    by_land = json.loads(run("compare", old, world / "r/east", *outlines(world), "--json").stdout)
    assert {cause: n for cause, n in by_land["groupings"]["composite_group"]["causes"].items() if n} == {"data": 2}
    # a 2020 release against itself in new borders, where all but 10 of B's residents live in the part that C took
    people = gpd.GeoDataFrame(
        {"beftotalt": [1000, 10, 990, 1000, 1000, 1000, 1000]},
        geometry=[shapely.Point(x * KM, 500) for x in (1, 5, 7, 10, 13, 17, 21)], crs=3006,
    )  # fmt: skip
    people.to_file(world / "grid.gpkg", driver="GPKG", engine="pyogrio")
    # B: 1 % of 80 poor of 200, still 40 per cent; C: 20 + 79.2 of 200 + 198, 24.9: with a limit of 20 a problem
    method = (
        (world / "m.toml")
        .read_text("utf-8")
        .replace(
            'unit = "per cent"\nworse = "high"',
            'unit = "per cent"\nworse = "high"\nlimit = { above = 20.0, unit = "per cent" }',
        )
    )
    (world / "twenty.toml").write_text(method, "utf-8")
    for name, edition, frame in (("a", 2020, table()), ("b", 2025, table())):
        if name == "b":
            frame.loc[2, ["poor_n", "poor_d"]] = ["99", "398"]
        write(frame, world / f"{name}.csv")
        run("classify", world / f"{name}.csv", "--method", world / "twenty.toml", "--year", 2023 + (name == "b"),
            "--edition", edition, "--out", world / f"r/{name}")  # fmt: skip
    out = world / "by-people"
    shown = run("compare", world / "r/a", world / "r/b", *outlines(world), "--population", world / "grid.gpkg",
                "--population-column", "beftotalt", "--out", out).stdout  # fmt: skip
    moves = pd.read_parquet(out / "moves.parquet").query("grouping == 'composite_group'").set_index("area")
    assert moves.loc[C, ["cause", "comparable"]].tolist() == ["borders", False]
    assert moves.loc[C, "elsewhere"] == pytest.approx(990 / 1990)
    behind = pd.read_parquet(out / "problems.parquet").set_index("area").loc[C]
    assert behind["moved_value"] == pytest.approx(100 * 99.2 / 398)
    assert "10 became 24.87 per cent (24.92 in the new borders), limit 20" in shown
    assert "50% of its residents came from elsewhere" in shown
    assert "weighted by population" in shown


def test_the_cache_is_used_and_gives_the_same(world):
    old, new = classified(world)
    first, second = (
        json.loads(run("compare", old, new, *outlines(world, "--crosswalk-cache", world / "cache"), "--json").stdout)
        for _ in range(2)
    )
    assert any("kept as crosswalk-" in note for note in first.pop("notes"))
    assert any("read from the cache" in note for note in second.pop("notes"))
    assert first == second


def test_deso_with_a_table_of_residents_weigh(world):
    # four DeSO: B west with 10 residents, B east with 90, the rest of the row in two
    deso = {f"{B[:4]}A0010": (4, 6, 10), f"{B[:4]}A0020": (6, 8, 90), f"{B[:4]}A0030": (0, 4, 50),
            f"{B[:4]}A0040": (8, 24, 200)}  # fmt: skip
    shapes = [shapely.box(west * KM, 0, east * KM, KM) for west, east, _ in deso.values()]
    frame = gpd.GeoDataFrame({"desokod": list(deso)}, geometry=shapes, crs=3006)
    frame.to_file(world / "deso.gpkg", driver="GPKG", engine="pyogrio")
    counts = pd.DataFrame({"region": [f"{code}_DeSO2018" for code in deso], "folk": [n for *_, n in deso.values()]})
    counts.to_csv(world / "folk.csv", index=False, sep=";")
    old, new = classified(world)
    more = ("--population", world / "deso.gpkg", "--population-counts", world / "folk.csv")
    out = world / "out"
    run("compare", old, new, *outlines(world), *more, "--population-column", "folk", "--out", out)
    marks = pd.read_parquet(out / "borders.parquet").set_index("area")
    # C keeps a quarter of 200, and takes 90 of B
    assert marks.loc[C, "elsewhere"] == pytest.approx(90 / 140)
    assert "column 'population'" in run("compare", old, new, *outlines(world), *more, code=1).stderr
    counts.iloc[:2].to_csv(world / "folk.csv", index=False, sep=";")
    refused = run("compare", old, new, *outlines(world), *more, "--population-column", "folk", code=1).stderr
    assert "a DeSO without a number of residents" in refused
    assert "same edition of DeSO" in refused


def test_classify_against_a_release_of_the_other_edition(world):
    _, plain = classified(world)
    by_code = read_release(plain)
    assert by_code.areas.loc[C, "composite_group_previous"] == 3
    assert any("borders were not checked" in note for note in by_code.notes)
    (world / "r/2024").rename(world / "r/by-code")
    made = ("classify", world / "t-2024.csv", "--method", world / "m.toml", "--year", 2024, "--edition", 2025,
            "--out", world / "r/2024", "--previous", world / "r/2023")  # fmt: skip
    run(*made, *outlines(world))
    release = read_release(world / "r/2024", verify=True)
    areas = release.areas
    assert areas.loc[[D, E], "previous_comparable"].all()
    assert not areas.loc[[A, B, C, F], "previous_comparable"].any()
    assert areas.loc[C, "previous_elsewhere"] == pytest.approx(1 / 3)
    assert not any("borders were not checked" in note for note in release.notes)
    assert any("4 areas have other borders than in release 2023" in note for note in release.notes)
    crosswalk = release.manifest["previous"]["crosswalk"]
    assert (crosswalk["weighting"], crosswalk["changed"]) == ("land", 4)
    assert len(crosswalk["sources"]["old"]) == 64
    # recomputed with the same outlines, refused without
    verify = ("verify", release.path, "--recompute", world / "t-2024.csv")
    assert "it follows from its input" in run(*verify, *outlines(world)).stdout
    assert "made through a crosswalk" in run(*verify, code=1).stderr
    layer(OLD | {A: (0, 3), B: (3, 8)}, world / "new.gpkg")
    assert "another crosswalk" in run(*verify, *outlines(world), code=1).stderr
    assert verify_release(world / "r/2023") == []


def test_previous_groups_are_those_of_the_moved_counts(world):
    """All of B's residents live in its east: B of 2025 had none, and C would have been as poor as B."""
    points = [shapely.Point(x * KM, 500) for x in (1, 7, 10, 13, 17, 21)]
    people = gpd.GeoDataFrame({"population": [1.0] * 6}, geometry=points, crs=3006)
    people.to_file(world / "grid.gpkg", driver="GPKG", engine="pyogrio")
    _, new = classified(world, *outlines(world, "--population", world / "grid.gpkg"))
    areas = read_release(new).areas
    # C: 20 + 80 of 400, 25 per cent, just below the limit of 26.18: group 3; B: nobody, by land it keeps no part
    assert areas.loc[C, "composite_group_previous"] == 3
    assert areas.loc[[A, F], "composite_group_previous"].tolist() == [3, 3]


def test_a_series_over_the_change_of_edition(world):
    tables = world / "tables"
    tables.mkdir()
    for year in (2023, 2024):
        (world / f"t-{year}.csv").rename(tables / f"t-{year}.csv")
    every = ("classify", tables, "--all-years", "--method", world / "m.toml", "--out", world / "r")

    def made(*more, code=0):
        result = run(*every, *more, "--json", code=code)
        return [one["what"] for one in json.loads(result.stdout)] if code == 0 else result.stderr

    assert made(*outlines(world)) == ["written", "written"]
    manifest = read_release(world / "r/2024").manifest
    assert (manifest["edition"], manifest["previous"]["crosswalk"]["weighting"]) == (2025, "land")
    assert made(*outlines(world)) == ["kept", "kept"]
    assert "Give the same files as --old-shapes" in made(code=1)
    # weighed by residents instead: a revision beside the first
    points = [shapely.Point(x * KM, 500) for x in (1, 5, 7, 10, 13, 17, 21)]
    people = gpd.GeoDataFrame({"population": [10, 1, 9, 10, 10, 10, 10]}, geometry=points, crs=3006)
    people.to_file(world / "grid.gpkg", driver="GPKG", engine="pyogrio")
    assert made(*outlines(world, "--population", world / "grid.gpkg")) == ["kept", "revised"]
    revision = read_release(world / "r/2024-r2", verify=True)
    assert revision.manifest["previous"]["crosswalk"]["weighting"] == "population"
    assert revision.areas.loc[C, "previous_elsewhere"] == pytest.approx(9 / 19)
    assert verify_release(world / "r/2024") == []


def test_faults_of_the_options_and_layers(world):
    old, new = classified(world)
    both = ("compare", old, new)
    assert "cut from both" in run(*both, "--old-shapes", world / "old.gpkg", code=2).stderr
    assert "goes with --old-shapes" in run(*both, "--land", world / "land.gpkg", code=2).stderr
    assert (
        "for outlines of DeSO" in run(*both, *outlines(world), "--population-counts", world / "m.toml", code=2).stderr
    )
    (world / "list.csv").write_text("kommun,old_code,new_code,change,date\n")
    assert "give one of the two" in run(*both, *outlines(world), "--changes", world / "list.csv", code=2).stderr
    assert "go with --previous" in run(
        "classify", world / "t-2024.csv", "--method", world / "m.toml", "--year", 2024, "--out", world / "x",
        *outlines(world), code=2).stderr  # fmt: skip
    (world / "bad.gpkg").write_bytes(b"no map")
    refused = run(*both, "--old-shapes", world / "bad.gpkg", "--new-shapes", world / "new.gpkg", code=1).stderr
    assert "not a layer of outlines" in refused
    # outlines that lack an area with figures
    layer({code: place for code, place in OLD.items() if code != D}, world / "old.gpkg")
    layer({code: place for code, place in NEW.items() if code != D}, world / "new.gpkg")
    refused = run(*both, *outlines(world), code=1).stderr
    assert f"as {D}" in refused
    assert "all of its areas" in refused


def test_outlines_of_the_wrong_edition_are_refused_as_new_ones(world):
    """By the old outlines given twice no border would have moved, and every area would be called comparable."""
    old, new = classified(world)
    both = ("compare", old, new, "--old-shapes", world / "old.gpkg", "--new-shapes")
    twice = run(*both, world / "old.gpkg", code=1).stderr
    assert "the old and the new outlines are the same" in twice
    assert "as --new-shapes" in twice
    layer(NEW | {"2584R001": (24, 28)}, world / "strange.gpkg")  # a code that edition 2020 alone has
    refused = run(*both, world / "strange.gpkg", code=1).stderr
    assert "the new outlines, code 2584R001: a table of RegSO 2020, not of RegSO 2025" in refused
    made = ("classify", world / "t-2024.csv", "--method", world / "m.toml", "--year", 2024, "--edition", 2025,
            "--out", world / "r/x", "--previous", old, "--old-shapes", world / "old.gpkg")  # fmt: skip
    assert "are the same" in run(*made, "--new-shapes", world / "old.gpkg", code=1).stderr


def test_between_years_of_one_edition_outlines_and_lists_are_not_used(world):
    """Counts of 2022 moved to the borders of 2025 would be compared with 2023 in those of 2020."""
    old, _ = classified(world)
    run("classify", world / "t-2023.csv", "--method", world / "m.toml", "--year", 2022, "--edition", 2020,
        "--out", world / "r/2022")  # fmt: skip
    summary = json.loads(run("compare", world / "r/2022", old, *outlines(world), "--json").stdout)
    assert "borders" not in summary
    assert "the two releases are of one edition: the outlines were not used" in summary["notes"]
    (world / "list.csv").write_text("kommun,old_code,new_code,change,date\n")
    summary = json.loads(run("compare", world / "r/2022", old, "--changes", world / "list.csv", "--json").stdout)
    assert "borders" not in summary
    assert any("--changes was not used" in note for note in summary["notes"])


def test_a_rate_alone_is_not_moved_but_areas_are_marked(world):
    text = METHOD.replace('value = "voted_pct"', 'value = "voted_n"')
    (world / "m.toml").write_text(text, "utf-8")
    for year in (2023, 2024):
        frame = table().assign(voted_n=["90"] * 5 + ["88"])
        write(frame, world / f"t-{year}.csv")
    old, new = classified(world, *outlines(world))
    areas = read_release(new).areas
    assert areas.loc[[A, B, C, F], "composite_group_previous"].isna().all()
    assert areas.loc[[D, E], "composite_group_previous"].notna().all()
    summary = json.loads(run("compare", old, new, *outlines(world), "--json").stdout)
    assert not summary["borders"]["counts_moved"]
    assert summary["borders"]["changed"] == sorted([A, B, C, F])
    assert any("factor voted" in note and "rate only" in note for note in summary["notes"])


def test_outlines_of_deso_are_put_together_and_degrees_brought_to_metres(shared):
    layer_2025, notes = read_outlines(shared / "data/geo/karlstad_deso_2025_wgs84.geojson")
    published, _ = read_outlines(shared / "data/geo/karlstad_regso_2025_wgs84.geojson")
    assert sorted(layer_2025["regso"]) == sorted(published["regso"])
    assert any("57 parts put together to 31 RegSO" in note for note in notes)
    assert any("SWEREF" in note for note in notes)
    assert layer_2025.crs.to_epsg() == 3006
    areas = [one.set_index("regso").geometry.area.sort_index() for one in (layer_2025, published)]
    np.testing.assert_allclose(*areas, rtol=0.01)


def test_layers_that_cannot_serve(tmp_path):
    square = [shapely.box(0, 0, 1, 1)]
    named = gpd.GeoDataFrame({"namn": ["Bolaget"], "a": [1], "b": [2]}, geometry=square, crs=3006)
    named.to_file(tmp_path / "n.gpkg", driver="GPKG", engine="pyogrio")
    with pytest.raises(InputError, match="Names do not serve"):
        read_outlines(tmp_path / "n.gpkg")
    with pytest.raises(InputError, match="columns of numbers: a, b"):
        read_residents(tmp_path / "n.gpkg")
    with pytest.raises(InputError, match="expected c, got columns"):
        read_residents(tmp_path / "n.gpkg", column="c")
    named.assign(one=A, two=B).to_file(tmp_path / "t.gpkg", driver="GPKG", engine="pyogrio")
    with pytest.raises(InputError, match="columns of different regso codes"):
        read_outlines(tmp_path / "t.gpkg")
    named.to_file(tmp_path / "n.gpkg", layer="second", driver="GPKG", engine="pyogrio")
    with pytest.raises(InputError, match="more than one layer"):
        read_outlines(tmp_path / "n.gpkg")
    with pytest.warns(UserWarning, match="'crs' was not provided"):
        named.set_crs(None, allow_override=True).to_file(tmp_path / "c.shp", engine="pyogrio")
    with pytest.raises(InputError, match="no coordinate system"):
        read_outlines(tmp_path / "c.shp")
