"""RegSO 2030, made up: an edition is a folder of data, and everything from a table to a page works with it."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner

from regso_cluster.areas.edition_table import edition_years, use_editions
from regso_cluster.areas.editions import (
    area_names,
    check_edition,
    code_set,
    detect_edition,
    edition_of_year,
    fitting_editions,
)
from regso_cluster.areas.shapes import load_shapes
from regso_cluster.classification.classify import classify
from regso_cluster.cli import main
from regso_cluster.errors import InputError
from regso_cluster.exports.export import export
from regso_cluster.factors.tables import read_factors
from regso_cluster.joining.join import join
from regso_cluster.page.data import assemble
from regso_cluster.release.model import read_release
from regso_cluster.release.write import write_release
from regso_cluster.sources.shapes import layer_name
from regso_cluster.years.borders import Outlines, read_borders
from regso_cluster.years.compare import compare
from tests.tables import METHOD, method, rows, write

TABLE = """
[[edition]]
year = 2030
year_from = 2029
in_force = 2030-01-01
areas = "regso_2030.parquet"
outlines = true

[[change]]
from = 2025
to = 2030
other_borders = 1
crosswalk = "crosswalk_2025_2030.parquet"
"""
# 0114R001 is cut in two new areas, 0114R003 goes to 0114R004, which keeps its code: as many areas as before
SPLIT, GONE, GROWN, NEW = "0114R001", "0114R003", "0114R004", ("0114R090", "0114R091")
OLD_CODES = [SPLIT, "0114R002", GONE, GROWN, "0114R005", "0114R006"]
NEW_CODES = [*NEW, "0114R002", GROWN, "0114R005", "0114R006"]


def layer_of_2030() -> gpd.GeoDataFrame:
    """The outlines of 2025 with the one area cut at the middle of its box, and the other two put together."""
    layer = load_shapes(2025).set_index("regso")
    shape = layer.geometry[SPLIT]
    west, south, east, north = shape.bounds
    half = (west + east) / 2
    boxes = [shapely.box(west, south, half, north), shapely.box(half, south, east, north)]
    halves = pd.concat([layer.loc[[SPLIT]]] * 2).set_axis(pd.Index(NEW, name="regso"))
    halves["name"] = ["Väster", "Öster"]
    halves = halves.set_geometry([shapely.intersection(shape, box) for box in boxes], crs=layer.crs)
    layer.loc[GROWN, "geometry"] = shapely.union(layer.geometry[GONE], layer.geometry[GROWN])
    layer = pd.concat([layer.drop([SPLIT, GONE]), halves]).sort_index()
    return gpd.GeoDataFrame(layer.reset_index(), crs="EPSG:3006")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("editions")
    (folder / "editions.toml").write_text(TABLE, "utf-8")
    layer_of_2030().to_parquet(folder / "regso_2030.parquet")
    moved = [(SPLIT, NEW[0], 0.7, 1.0), (SPLIT, NEW[1], 0.3, 1.0), (GONE, GROWN, 1.0, 0.4), (GROWN, GROWN, 1.0, 0.6)]
    kept = [(code, code, 1.0, 1.0) for code in code_set(2025) if code not in (SPLIT, GONE, GROWN)]
    shares = pd.DataFrame(moved + kept, columns=["old", "new", "share", "of_new"])
    shares.to_parquet(folder / "crosswalk_2025_2030.parquet")
    return folder


@pytest.fixture
def third(folder):
    with use_editions(folder) as table:
        yield table


def counts(codes: list[str], path: Path) -> Path:
    return write(rows().assign(regso=codes), path)


@pytest.fixture(scope="module")
def releases(folder, tmp_path_factory):
    """The same figures twice: of 2028 in RegSO 2025, of 2030 in RegSO 2030; both told by their codes and years."""
    out = tmp_path_factory.mktemp("releases")
    made = []
    with use_editions(folder):
        for year, codes in ((2028, OLD_CODES), (2030, NEW_CODES)):
            table = read_factors(counts(codes, out / f"{year}.csv"), method(), year=year)
            made.append(write_release(classify(table, method(), year=year), out / str(year)))
    return made


def test_the_table_of_editions_holds_three_while_the_folder_is_used(folder):
    assert edition_years() == (2020, 2025)
    with use_editions(folder):
        assert edition_years() == (2020, 2025, 2030)
        assert [edition_of_year(year) for year in (2023, 2024, 2028, 2029)] == [2020, 2025, 2025, 2030]
        assert len(code_set(2030)) == len(code_set(2025)) == 3363
    assert edition_years() == (2020, 2025)
    with pytest.raises(InputError, match="an edition that does not exist"):
        code_set(2030)


@pytest.mark.parametrize(
    ("codes", "edition", "fitting"),
    [
        (["0114R002", "0114R090"], 2030, (2030,)),
        (["0114R002"], None, (2020, 2025, 2030)),
        ([SPLIT], None, (2020, 2025)),  # 2030 has cut it in two; neither of the others is told
        (["2523R011", SPLIT], 2025, (2025,)),  # no code of its own: 2020 lacks the one, 2030 the other
        (["2523R011"], None, (2025, 2030)),
        (["2584R001", "0114R090"], None, ()),
    ],
)
@pytest.mark.usefixtures("third")
def test_an_edition_is_told_by_the_codes_that_all_others_lack(codes, edition, fitting):
    assert detect_edition(codes) == edition
    assert fitting_editions(codes) == fitting


@pytest.mark.usefixtures("third")
def test_the_full_code_set_of_each_is_its_own():
    assert [detect_edition(code_set(year)) for year in edition_years()] == [2020, 2025, 2030]


@pytest.mark.usefixtures("third")
def test_a_code_of_other_editions_is_refused_with_all_that_have_it():
    split, gone, none = check_edition([SPLIT, "0114R002", "2584R001", "0114R555"], 2030)
    assert split.what == "a table of RegSO 2020 or 2025, not of RegSO 2030"
    assert "0114R090, 0114R091" in split.expected
    assert gone.got == "2584R001, which only RegSO 2020 has"
    assert none.what == "an area that does not exist"
    assert "RegSO 2020 up to reference year 2023, then in RegSO 2025 up to reference year 2028, then in RegSO 2030" in (
        split.hint
    )
    assert "other areas may have changed border too" in split.hint  # nothing is known of 2020 and 2030
    (old,) = check_edition(["0114R090"], 2025)
    assert "about 1 other areas have changed border too" in old.hint


@pytest.mark.usefixtures("third")
def test_a_table_of_it_is_read_by_its_codes_and_named(tmp_path):
    table = read_factors(counts(NEW_CODES, tmp_path / "t.csv"), method())
    assert table.edition == 2030
    assert table.areas.loc[list(NEW), "name"].tolist() == ["Väster", "Öster"]
    assert area_names(2030)["name"].notna().all()
    noted = read_factors(counts(NEW_CODES, tmp_path / "u.csv"), method(), year=2024)
    assert any("of RegSO 2030; official tables of 2024 are in RegSO 2025" in str(note) for note in noted.notes)


@pytest.mark.usefixtures("third")
def test_codes_that_fit_several_editions_take_that_of_the_year_or_are_refused(tmp_path):
    shared = ["0114R002", GROWN, "0114R005", "0114R006", "0114R007", "0114R008"]
    path = counts(shared, tmp_path / "t.csv")
    assert [read_factors(path, method(), year=year).edition for year in (2023, 2028, 2029)] == [2020, 2025, 2030]
    with pytest.raises(InputError, match="the edition of the codes cannot be told") as refused:
        read_factors(path, method())
    assert refused.value.faults[0].expected == "2020, 2025 or 2030"
    assert refused.value.faults[0].hint == ("Say it with --edition 2020 or --edition 2025 or --edition 2030.")


def test_the_options_offer_it(folder, tmp_path):
    path = counts(NEW_CODES, tmp_path / "t.csv")
    (tmp_path / "m.toml").write_text(METHOD, "utf-8")
    asked = ["check", str(path), "--method", str(tmp_path / "m.toml"), "--edition", "2030"]
    with use_editions(folder):
        assert "[2020|2025|2030]" in CliRunner().invoke(main, ["check", "--help"]).stdout
        checked = CliRunner().invoke(main, asked)
        assert (checked.exit_code, "edition 2030" in checked.stdout) == (0, True), checked.output
        unknown = CliRunner().invoke(main, [*asked[:-1], "2040"])
        assert "'2040' is not one of '2020', '2025', '2030'" in unknown.stderr
    refused = CliRunner().invoke(main, asked)
    assert (refused.exit_code, "'2030' is not one of '2020', '2025'." in refused.stderr) == (2, True)


def test_a_release_of_it_has_its_map_and_is_no_release_without_the_edition(folder, releases):
    before, after = releases
    assert [one.manifest["edition"] for one in releases] == [2025, 2030]
    assert all((one.path / "areas.gpkg").is_file() for one in releases)
    mapped = gpd.read_file(after.path / "areas.gpkg", layer="areas").set_index("regso").geometry
    whole = load_shapes(2025).set_index("regso").geometry[SPLIT].area
    assert mapped[list(NEW)].area.sum() == pytest.approx(whole)
    assert read_release(before.path).year == 2028
    with pytest.raises(InputError, match=r"manifest\.json"):
        read_release(after.path)
    with use_editions(folder):
        assert read_release(after.path, verify=True).areas.loc[NEW[0], "name"] == "Väster"


@pytest.mark.usefixtures("third")
def test_the_map_of_an_export_is_its_own(releases, tmp_path):
    export(releases[1], tmp_path / "x.parquet")
    assert set(NEW) < set(gpd.read_parquet(tmp_path / "x.parquet")["regso"])


@pytest.mark.usefixtures("third")
def test_codes_of_the_edition_before_go_through_the_crosswalk_of_the_data(releases):
    codes = [f"{SPLIT}_RegSO2025", f"{GONE}_RegSO2025", "0114R002_RegSO2025", "0114R091_RegSO2030"]
    joined = join(pd.DataFrame({"code": codes}), releases[1], "code")
    assert joined.table["regso_match"].tolist() == ["crosswalk", "crosswalk", "crosswalk", "matched"]
    assert joined.table["regso_code"].tolist() == ["0114R090", GROWN, "0114R002", "0114R091"]
    assert joined.table["regso_share"].tolist() == [0.7, 1.0, 1.0, 1.0]
    assert any("through crosswalk_2025_2030.parquet" in str(note) for note in joined.report.notes)
    back = join(pd.DataFrame({"code": ["0114R090_RegSO2030", f"{GROWN}_RegSO2030"]}), releases[0], "code")
    assert back.table["regso_code"].tolist() == [SPLIT, GROWN]
    assert back.table["regso_share"].tolist() == [1.0, 0.6]


@pytest.mark.usefixtures("third")
def test_crosswalks_are_not_chained_and_a_refusal_names_those_there_are(releases, tmp_path):
    table = pd.DataFrame({"code": [f"{SPLIT}_RegSO2020", "0114R002_RegSO2020"]})
    with pytest.raises(InputError, match="codes of RegSO 2020, a release of RegSO 2030") as refused:
        join(table, releases[1], "code")
    assert "There are crosswalks of RegSO 2025 to 2030." in refused.value.faults[0].hint
    assert "share 3,360 codes" in refused.value.faults[0].hint  # not 0114R001, 0114R003, 2584R001
    own = tmp_path / "own.csv"
    own.write_text(f"old,new,share\n2584R001,0114R002,1\n{SPLIT},0114R090,1\n", "utf-8")
    assert join(table[:1], releases[1], "code", crosswalk=own).table["regso_code"].tolist() == ["0114R090"]
    mixed = pd.DataFrame({"code": [f"{SPLIT}_RegSO2020", f"{SPLIT}_RegSO2025"]})
    joined = join(mixed, releases[1], "code", crosswalk=own)  # leads from 2020 alone
    assert joined.table["regso_match"].tolist() == ["crosswalk", "other_edition"]
    later = tmp_path / "later.csv"
    later.write_text(f"old,new,share\n2523R011,0114R002,1\n{SPLIT},0114R090,1\n", "utf-8")
    with pytest.raises(InputError, match="a crosswalk between other editions") as refused:
        join(table, releases[1], "code", crosswalk=later)
    assert "not chained" in refused.value.faults[0].hint


@pytest.mark.usefixtures("third")
def test_points_fall_into_its_areas(releases):
    inside = load_shapes(2030).set_index("regso").geometry[[*NEW, GROWN]].representative_point()
    points = pd.DataFrame({"x": inside.x.to_numpy(), "y": inside.y.to_numpy()})
    joined = join(points, releases[1], ("x", "y"))
    assert joined.table["regso_code"].tolist() == [*NEW, GROWN]
    assert "RegSO 2030" in joined.report.shapes


@pytest.mark.usefixtures("third")
def test_years_of_two_editions_are_compared_and_stand_on_one_page(releases, tmp_path):
    for number, layer in ((2025, load_shapes(2025)), (2030, load_shapes(2030))):
        layer[layer["kommun"] == "0114"][["regso", "geometry"]].to_parquet(tmp_path / f"{number}.parquet")
    plain = compare(*releases)
    assert any("about 1 shared codes have other borders" in str(note) for note in plain.alignment.notes)
    borders = read_borders(Outlines(tmp_path / "2025.parquet", tmp_path / "2030.parquet"))
    assert borders.marks.loc[[GROWN, "0114R002"], "comparable"].tolist() == [False, True]
    assert borders.marks.loc[NEW[0], "change"] == "new"
    moved, notes = borders.move(releases[0], 2030)
    assert moved is None  # turnout is known as a rate only
    compared = compare(*releases, marks=borders.marks, notes=notes)
    data = assemble(releases, [compared])
    assert data["outlines"] == 2030
    assert [(year["edition"], year["other_borders"]) for year in data["years"]] == [(2025, 1), (2030, None)]
    codes = np.array(data["areas"]["code"])
    assert {SPLIT, GONE, *NEW} < set(codes)
    drawn = np.array([one["type"] is not None for one in data["maps"]["coarse"]["objects"]["areas"]["geometries"]])
    assert set(codes[~drawn]) == {SPLIT, GONE}


@pytest.mark.usefixtures("third")
def test_what_its_data_lack_is_refused_in_words():
    with pytest.raises(InputError, match="no layer of RegSO is known"):
        layer_name(2030)
    assert layer_name(2025, deso=True) == "DeSO_2025"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[edition]]\nyear = 2030\nyear_from = 2029\n", "an edition without areas"),
        ('[[edition]]\nyear = 2030\nyear_from = 2029\nareas = "none.parquet"\n', "a file of an edition is missing"),
        ("[[edition]]\nyear = 2030\nbase = 2025\n", "an edition without a first reference year"),
        ("[[edition]]\nyear = 2030\nyear_from = 2024\nbase = 2025\n", "an edition without a first reference year"),
        ("[[edition]]\nyear = 2030\nyear_from = 2029\nbase = 2020\n", "an edition without areas"),
        ("[[edition]]\nyear = 2030\nyear_from = 2029\nbase = 2025\noutlines = true\n", "outlines without a file"),
        ("[[edition]]\nyaer = 2030\n", "no table of editions"),
        ("edition = 1", "no table of editions"),
        (
            "[[edition]]\nyear = 2030\nyear_from = 2029\nbase = 2025\n[[change]]\nfrom = 2025\nto = 2035\n",
            "a change between editions that do not exist",
        ),
        (
            "[[edition]]\nyear = 2030\nyear_from = 2029\nbase = 2025\n[[change]]\nfrom = 2025\nto = 2030\n"
            'crosswalk = "x"\n',
            "a crosswalk is missing",
        ),
    ],
)
def test_a_table_of_editions_that_is_wrong_is_refused(tmp_path, text, says):
    (tmp_path / "editions.toml").write_text(text, "utf-8")
    with pytest.raises(InputError, match=says), use_editions(tmp_path):
        pass
    assert edition_years() == (2020, 2025)


def test_an_edition_that_is_another_with_a_few_codes_needs_no_layer(tmp_path):
    row = '[[edition]]\nyear = 2030\nyear_from = 2029\nbase = 2025\nwithout = ["0114R003"]\nwith = ["0114R090"]\n'
    (tmp_path / "editions.toml").write_text(row, "utf-8")
    with use_editions(tmp_path):
        assert detect_edition(["0114R090"]) == 2030
        table = read_factors(counts(["0114R090", *OLD_CODES[3:], "0114R007", "0114R008"], tmp_path / "t.csv"), method())
        release = write_release(classify(table, method(), year=2030), tmp_path / "r")
        assert not (release.path / "areas.gpkg").exists()
        assert any("outlines of edition 2030 are not at hand" in str(note) for note in release.manifest["notes"])
