"""Two releases side by side: planted causes are found, and the parts sum to all changes."""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from regso_cluster.areas.editions import code_set
from regso_cluster.classification.classify import classify
from regso_cluster.cli import main
from regso_cluster.errors import InputError
from regso_cluster.example.country import synthetic_country
from regso_cluster.exports.comparison import print_comparison, write_comparison
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import Baseline, Certainty, hash_yardstick, load_method, parse_method
from regso_cluster.release.freeze import freeze
from regso_cluster.release.model import read_release
from regso_cluster.release.write import write_release
from regso_cluster.years.compare import compare
from tests.tables import CODES, METHOD, method, rows, write


def quick(**parts):
    """The shipped method without what only certainty needs."""
    full = load_method("utanforskap")
    return dataclasses.replace(full, certainty=None, **parts)


def release(table, using, path, year, previous=None, edition=None):
    path.mkdir(parents=True)
    factors = read_factors(write(table, path / "t.csv"), using, edition=edition)
    result = classify(factors, using, year=year, previous=previous.areas if previous else None,
                      previous_method=previous.method if previous else None)  # fmt: skip
    return write_release(result, path / str(year), previous=previous)


@pytest.fixture(scope="module", autouse=True)
def _no_maps():
    """Maps take most of the time of a release, and none is looked at here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("regso_cluster.maps.geopackage.write_geopackage", lambda *_: None)
        yield


@pytest.fixture(scope="module")
def country():
    return synthetic_country(range(2019, 2025))


@pytest.fixture(scope="module")
def first(country, tmp_path_factory):
    return release(country[0][2023], quick(), tmp_path_factory.mktemp("compare") / "a", 2023)


def causes(comparison, grouping="composite_group"):
    return {cause: n for cause, n in comparison.summary["groupings"][grouping]["causes"].items() if n}


def test_planted_moves_are_found_as_data(country, first, tmp_path):
    tables, truth = country
    second = release(tables[2024], quick(), tmp_path / "b", 2024, first)
    comparison = compare(first, second)
    planted = truth[(truth["year"] == 2024) & (truth["move"] != "")].set_index("regso")
    before = truth[truth["year"] == 2023].set_index("regso")["planted_problems"]

    def group(problems):
        return np.select([problems >= 5, problems >= 3, problems >= 1], [1, 2, 3], 4)

    crossing = planted.index[group(planted["planted_problems"]) != group(before.loc[planted.index])]
    moves = comparison.moves[comparison.moves["grouping"] == "composite_group"].set_index("area")
    # a planted problem may stay within its limit: the schools of an area have some 80 pupils; or it is suppressed
    unseen = [area for area in crossing if not shows(truth, area, (first, second))]
    assert len(unseen) < len(crossing) / 3
    shown = crossing.difference(unseen)
    assert len(shown) >= 10
    assert set(shown) <= set(moves.index)
    assert set(moves.loc[shown, "cause"]) == {"data"}
    worse = planted.loc[shown, "move"] == "worse"
    assert ((moves.loc[shown, "new"] < moves.loc[shown, "old"]) == worse).all()
    # exactly the planted factors that came or went are named as what carried the area over the limit
    named = comparison.problems.groupby("area")["factor"].agg(set)
    for area in shown:
        before, after = (planted_factors(truth, year, area) for year in (2023, 2024))
        assert named[area] == before ^ after
    for grouping, one in comparison.summary["groupings"].items():
        assert sum(one["causes"].values()) == one["changed"], grouping
        assert one["changed"] + one["stayed"] == 3363
        own = comparison.transitions[comparison.transitions["grouping"] == grouping]
        assert own["areas"].sum() == 3363


def test_identical_years_move_nothing(country, first, tmp_path):
    same = country[0][2023].assign(year=2024)
    comparison = compare(first, release(same, quick(), tmp_path / "b", 2024, first))
    assert comparison.moves.empty
    assert comparison.problems.empty
    assert [one["changed"] for one in comparison.summary["groupings"].values()] == [0, 0]
    assert (comparison.drift["wasserstein"] == 0).all()
    assert (comparison.lists["move"] == "stayed").all()


def planted_factors(truth, year, area):
    own = truth[(truth["year"] == year) & (truth["regso"] == area)]
    return set(own["planted_factors"].iloc[0].split())


def shows(truth, area, releases):
    """Whether the figures of both years show exactly what was planted."""
    for one in releases:
        flags = {key for key in one.method.keys if one.areas[f"{key}_problem"].fillna(False)[area]}
        if flags != planted_factors(truth, one.year, area) or pd.isna(one.areas.loc[area, "composite_group"]):
            return False
    return True


def national_shift(table, kept):
    """Let areas far from every limit get better, so that means and SDs move; nobody else changes."""
    table = table.copy()
    for key in load_method("utanforskap").keys:
        counts = table[[f"{key}_n", f"{key}_d"]].apply(pd.to_numeric, errors="coerce")
        seen = counts.notna().all(axis=1) & ~kept
        n, d = counts[f"{key}_n"], counts[f"{key}_d"]
        high = load_method("utanforskap").factors[load_method("utanforskap").keys.index(key)].worse == "high"
        better = np.floor(n * 0.5) if high else np.floor(n + (d - n) * 0.6)
        table.loc[seen, f"{key}_n"] = better[seen].astype(int).astype(object)
    return table


def test_a_shift_of_the_national_level_alone_is_yardstick_and_nothing_is_data(country, first, tmp_path):
    using = quick(clusters=None)
    alone = release(country[0][2023], using, tmp_path / "a", 2023)
    worst = alone.areas[[f"{key}_score" for key in using.keys]].max(axis=1, skipna=False)
    kept = ~(worst < 1.5).to_numpy(bool)  # the areas whose own figures stay: a factor at most 0.5 SD from its limit
    shifted = release(national_shift(country[0][2023].assign(year=2024), kept), using, tmp_path / "b", 2024)
    comparison = compare(alone, shifted)
    assert set(causes(comparison)) == {"yardstick"}
    assert comparison.summary["groupings"]["composite_group"]["changed"] >= 5
    assert kept[alone.areas.index.isin(comparison.moves["area"])].all()
    unmoved = comparison.problems
    assert (unmoved["old_value"] == unmoved["new_value"]).all()
    assert (unmoved["old_limit"] != unmoved["new_limit"]).all()
    # judged by frozen limits the same years move nobody whose own figures stayed
    frozen = release(country[0][2023].assign(year=2024), freeze(alone), tmp_path / "c", 2024)
    assert compare(alone, frozen).moves.empty
    absolute = release(national_shift(country[0][2023].assign(year=2025), kept), freeze(alone), tmp_path / "d", 2025)
    assert compare(frozen, absolute).moves.empty


def test_a_changed_setting_is_method(tmp_path):
    old = release(rows(), method(), tmp_path / "a", 2023, edition=2025)
    stricter = parse_method(METHOD.replace("below = 70.0", "below = 86.0"))
    comparison = compare(old, release(rows(), stricter, tmp_path / "b", 2024, edition=2025))
    # 70 and 85 per cent voted: beyond the limit of 86, not beyond that of 70
    assert comparison.moves["area"].tolist() == [CODES[2], CODES[3]]
    assert causes(comparison) == {"method": 2}
    frozen = compare(old, release(rows(), freeze(old), tmp_path / "c", 2024, edition=2025))
    assert frozen.moves.empty


def test_a_factor_seen_in_one_year_only_is_coverage(tmp_path):
    old = release(rows(), method(), tmp_path / "a", 2023, edition=2025)
    frame = rows()
    frame.loc[1, "voted_pct"] = ".."
    new = release(frame, method(), tmp_path / "b", 2024, edition=2025)
    comparison = compare(old, new)
    assert causes(comparison) == {"coverage": 1}
    assert comparison.moves["area"].tolist() == [CODES[1]]
    assert pd.isna(comparison.moves["new"].iloc[0])
    assert "unknown" in comparison.problems["text_en"].iloc[0]
    back = compare(new, old)
    assert causes(back) == {"coverage": 1}


def test_persons_behind_a_move_in_words(tmp_path):
    old = release(rows(), method(), tmp_path / "a", 2023, edition=2025)
    frozen = freeze(old)
    frame = rows()
    frame.loc[0, "poor_n"] = "30"  # 30 per cent, limit 26.18: 27 is beyond it too, 26 is not
    comparison = compare(old, release(frame, frozen, tmp_path / "b", 2024, edition=2025))
    reason = comparison.problems.iloc[0]
    assert (reason["old_value"], reason["new_value"], reason["persons"]) == (10, 30, -4)
    assert reason["text_en"] == (
        "Poverty: 10 became 30 per cent, limit 26.18; 4 fewer of 100 in the numerator would have kept it within "
        "the limit"
    )
    assert reason["text_sv"].startswith("Fattigdom: 10 blev 30 procent, gräns 26,18; 4 färre av 100")
    assert comparison.moves["cause"].tolist() == ["data"]
    assert comparison.moves["residents"].tolist() == [1000]


def test_editions_that_differ_are_compared_on_shared_codes(tmp_path):
    old = release(rows(), method(), tmp_path / "a", 2022, edition=2020)
    comparison = compare(old, release(rows(), method(), tmp_path / "b", 2024, edition=2025))
    assert comparison.summary["areas"]["only_old"] == ["2584R001"]
    assert comparison.summary["areas"]["only_new"] == ["2523R011"]
    assert "borders were not checked" in comparison.summary["notes"][0]
    assert comparison.moves.empty


def test_scb_s_list_marks_the_areas_whose_borders_moved(shared, tmp_path):
    from regso_cluster.areas.changes import mark_changes, read_changes

    listed = shared / "data/regso/regso_changes_2020_2025.csv"
    marks = mark_changes(read_changes(listed), until=date(2025, 1, 1))
    changed = marks.index[~marks["comparable"]].intersection(code_set(2020))[0]
    same = marks.index[marks["comparable"]][0]
    frame = rows()
    frame.loc[[0, 3], "regso"] = [changed, same]
    frame = frame.drop_duplicates("regso")
    old = release(frame, method(), tmp_path / "a", 2022, edition=2020)
    new = release(frame.assign(voted_pct="60"), freeze(old), tmp_path / "b", 2024, edition=2025)
    result = CliRunner().invoke(main, ["compare", str(old.path), str(new.path), "--changes", str(listed), "--json"])
    assert result.exit_code == 0, result.output
    note = json.loads(result.stdout)["notes"][0]
    assert int(note.split(": ")[1].split()[0]) == (~marks["comparable"]).sum() - 1  # one of them is a new code
    moves = compare(old, new, marks=marks).moves.set_index("area")
    assert not moves.loc[changed, "comparable"]
    assert np.isnan(moves.loc[changed, "elsewhere"])  # the list does not say how many live there
    assert moves.loc[same, "comparable"]


def test_counts_moved_to_other_borders_are_a_step_of_their_own(tmp_path):
    old = release(rows(), method(), tmp_path / "a", 2022, edition=2020)
    frame = rows()
    frame.loc[0, "poor_n"] = "40"  # after the move of its border the first area is like this
    new = release(frame, freeze(old), tmp_path / "b", 2024, edition=2025)
    moved = dataclasses.replace(new.table)
    assert causes(compare(old, new)) == {"data": 1}
    assert causes(
        compare(
            old, new, moved=moved, marks=pd.DataFrame({"comparable": [False], "elsewhere": [0.3]}, index=[CODES[0]])
        )
    ) == {"borders": 1}


def test_groups_by_absolute_limits_are_compared_from_the_year_they_were_frozen_in(tmp_path):
    first = release(rows(), method(), tmp_path / "a", 2024, edition=2025)
    both = parse_method(freeze(first, beside=True).to_toml())
    # poverty 40 per cent nearly everywhere: beyond the limit of 2024 (26.18) in all areas, beyond mean + SD in the last
    frame = rows().assign(poor_n=["40", "80", "40", "120", "40", "82"])
    second = release(frame, both, tmp_path / "b", 2025, edition=2025)
    comparison = compare(first, second)
    assert causes(comparison, "composite_group_absolute") == {"data": 5}
    assert causes(comparison) == {}
    moves = comparison.moves[comparison.moves["grouping"] == "composite_group_absolute"]
    assert moves[["area", "old", "new"]].to_numpy().tolist() == [
        [CODES[0], 3, 2], [CODES[1], 2, 1], [CODES[2], 3, 2], [CODES[3], 3, 2], [CODES[4], 3, 2],
    ]  # fmt: skip
    groups = comparison.summary["groupings"]["composite_group_absolute"]["groups"]
    assert groups["1"] == {"entered": 1, "left": 0, "stayed": 1}
    assert groups["2"] == {"entered": 4, "left": 1, "stayed": 0}
    assert set(comparison.problems["grouping"]) == {"composite_group_absolute"}
    assert comparison.problems["text_en"].iloc[0].startswith("Poverty: 10 became 40 per cent, limit 26.18; 14 fewer")
    assert any("judged by those of the other release, from release 2024" in n for n in comparison.summary["notes"])
    # the year after, both carry them; the country alone gets better by relative limits, and half of it by absolute ones
    third = release(
        rows().assign(poor_n=["10", "20", "10", "120", "40", "82"]), both, tmp_path / "c", 2026, edition=2025
    )
    later = compare(second, third)
    assert causes(later, "composite_group_absolute") == {"data": 3}
    assert not any("absolute" in note for note in later.summary["notes"])
    # other absolute limits are another setting, and said
    other = dataclasses.replace(both.baseline.measured, limits=both.baseline.measured.limits | {"poor": 50.0})
    origin = dataclasses.replace(both.baseline.origin, yardstick_sha256=hash_yardstick(other))
    changed = dataclasses.replace(both, baseline=Baseline(origin, other))
    fourth = release(frame, changed, tmp_path / "d", 2027, edition=2025)
    assert causes(compare(second, fourth), "composite_group_absolute") == {"method": 6}
    assert any("carry different absolute limits" in n for n in compare(second, fourth).summary["notes"])


def test_how_sure_each_move_is_stands_beside_it(tmp_path, capsys):
    # turnout of so many voters that chance in it is nothing: no group hangs on a figure taken as exact
    counted = METHOD.replace('value = "voted_pct"', 'value = "voted_pct"\ndenominator = "voters"')
    using = dataclasses.replace(method(counted), certainty=Certainty(draws=200, prior="country"))
    first = release(rows().assign(voters="1000000", population="1000000"), using, tmp_path / "a", 2023, edition=2025)
    frozen = dataclasses.replace(using, measured=first.method.measured)
    # the limit is above 26.18: the first area goes far beyond it, the third just; the last is not seen
    later = rows().assign(poor_n=["70", "20", "27", "30", "10", ".."], voters="1000000", population="1000000")
    second = release(later, frozen, tmp_path / "b", 2024, edition=2025)
    comparison = compare(first, second)
    moves = comparison.moves[comparison.moves["grouping"] == "composite_group"].set_index("area")
    assert set(moves.index) == {CODES[0], CODES[2], CODES[5]}
    for column, one, group in (("old_probability", first, "old"), ("new_probability", second, "new")):
        told = one.areas.loc[moves.index, "composite_group_probability"]
        assert moves[column].to_numpy() == pytest.approx(told.to_numpy(), nan_ok=True)
        assert (moves[group].isna() == told.isna()).all()
    assert moves.loc[[CODES[0], CODES[5]], "how_sure"].tolist() == ["core", "undecided"]
    assert moves["how_sure"].tolist() == second.areas.loc[moves.index, "how_sure"].tolist()
    lists = comparison.lists[comparison.lists["grouping"] == "composite_group"]
    assert lists["how_sure"].tolist() == second.areas.loc[lists["area"], "how_sure"].tolist()
    print_comparison(comparison)
    said = capsys.readouterr().out
    assert "group 3 to 2 (>99 % sure, core)" in said
    assert "to undecided (undecided)" in said
    write_comparison(comparison, tmp_path / "c")
    assert pd.read_parquet(tmp_path / "c" / "moves.parquet")["how_sure"].notna().all()


def test_releases_without_certainty_say_nothing_of_it(country, first, tmp_path, capsys):
    second = release(country[0][2024], quick(clusters=None), tmp_path / "b", 2024)
    comparison = compare(first, second)
    assert comparison.moves[["old_probability", "new_probability", "how_sure"]].isna().all(axis=None)
    print_comparison(comparison)
    assert "sure" not in capsys.readouterr().out


def test_moves_are_counted_by_kommun_and_lan(tmp_path):
    old = release(rows(), method(), tmp_path / "a", 2023, edition=2025)
    frame = rows()
    frame.loc[0, "voted_pct"] = "50"
    comparison = compare(old, release(frame, method(), tmp_path / "b", 2024, edition=2025))
    own = comparison.places[comparison.places["grouping"] == "composite_group"]
    one = own[(own["level"] == "kommun") & (own["code"] == CODES[0][:4])].set_index("group")
    # of six areas of one kommun the first goes from group 3 to 2, which the second is in
    assert one.loc[2, ["before", "after", "entered", "left", "stayed"]].tolist() == [1, 2, 1, 0, 1]
    assert one.loc[3, ["before", "after", "entered", "left", "stayed"]].tolist() == [4, 3, 0, 1, 3]
    assert one.loc[2, ["residents_entered", "residents_stayed"]].tolist() == [1000, 1000]
    lan = own[(own["level"] == "lan") & (own["code"] == CODES[0][:2])].set_index("group")
    assert lan.loc[2, "entered"] == 1
    assert lan["name"].iloc[0] == "Stockholms län"
    lists = comparison.lists[
        (comparison.lists["grouping"] == "composite_group") & (comparison.lists["move"] == "entered")
    ]
    assert lists[["area", "kommun", "lan_name"]].to_numpy().tolist() == [[CODES[0], CODES[0][:4], "Stockholms län"]]


@pytest.fixture(scope="module")
def beside(country, first, tmp_path_factory):
    """The year after, with the absolute limits of the first beside its own."""
    return release(country[0][2024], freeze(first, beside=True), tmp_path_factory.mktemp("beside") / "b", 2024, first)


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_nothing_is_cut_on_a_terminal(columns, first, beside, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("FORCE_COLOR", "1")
    result = CliRunner().invoke(main, ["compare", str(first.path), str(beside.path)])
    assert result.exit_code == 0, result.output
    shown = re.sub(r"\x1b\[[0-9;]*m", "", result.stdout)
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= columns
    for word in ("figures", "absolute", "entered", "composite", "cluster"):
        assert word in shown


def test_what_has_nothing_in_common_is_refused(first, tmp_path):
    plain = parse_method(METHOD.split("[problems]")[0].replace("limit = { below = 70.0, unit = \"per cent\" }", "")
                         + '[index]\nscale = { kind = "z" }\nmin_factors = 1\n')  # fmt: skip
    other = release(rows(), plain, tmp_path / "a", 2022, edition=2020)
    with pytest.raises(InputError, match="no grouping in common"):
        compare(first, other)


def test_the_command_writes_every_table_and_reads_for_people_and_programs(tmp_path):
    old = release(rows(), method(), tmp_path / "a", 2023, edition=2025)
    frame = rows()
    frame.loc[0, "voted_pct"] = "50"
    new = release(frame, method(), tmp_path / "b", 2024, edition=2025)
    out = tmp_path / "out"

    def run(*more, code=0):
        result = CliRunner().invoke(main, ["compare", str(old.path), str(new.path), *map(str, more)])
        assert result.exit_code == code, result.output
        return result

    shown = run("--out", out).stdout
    assert f"{CODES[0]}" in shown
    assert "the figures of the area changed" in shown
    assert "Turnout: 90.5 became 50 per cent, limit 70" in shown
    assert sorted(path.name for path in out.iterdir()) == [
        "clusters.parquet", "comparison.json", "comparison.xlsx", "drift.parquet", "lists.parquet", "mobility.parquet",
        "moves.parquet", "places.parquet", "problems.parquet", "transitions.parquet",
    ]  # fmt: skip
    summary = json.loads(run("--json").stdout)
    assert summary == json.loads((out / "comparison.json").read_text("utf-8"))
    assert summary["groupings"]["composite_group"]["causes"]["data"] == 1
    assert pd.read_parquet(out / "moves.parquet")["area"].tolist() == [CODES[0]]
    sheets = pd.read_excel(out / "comparison.xlsx", sheet_name=None, engine="calamine")
    assert list(sheets)[:3] == ["Orsaker", "Byten", "Faktorer bakom"]
    third = release(frame, method(), tmp_path / "c", 2025, edition=2025)
    run("--out", tmp_path / "flows", "--through", third.path)
    flows = pd.read_parquet(tmp_path / "flows" / "flows.parquet")
    assert flows.loc[flows["2023"] == 3, ["2024", "2025", "areas", "moves"]].to_numpy().tolist() == [
        [3, 3, 3, 0], [2, 2, 1, 1],
    ]  # fmt: skip
    wide = CliRunner().invoke(main, ["compare", str(old.path), str(third.path), "--out", str(tmp_path / "two-years")])
    assert wide.exit_code == 0, wide.output
    mobility = pd.read_parquet(tmp_path / "two-years" / "mobility.parquet").query("grouping == 'composite_group'")
    of_three = mobility[(mobility["weight"] == "areas") & (mobility["group"] == 3)].iloc[0]
    # of four areas in group 3 one left within the two years; one pair of years says nothing of how long they stay
    assert (of_three["persistence"], of_three["pairs"]) == (0.75, 1)
    assert mobility[["years_in_group", "steady_state"]].isna().all(axis=None)
    assert "two releases of one year" in run("--out", tmp_path / "f2", "--through", old.path, code=1).stderr
    run("--through", third.path, code=2)
    assert "comparison folder exists" in run("--out", out, code=1).stderr
    (old.path / "areas.parquet").write_bytes(b"")
    assert "a file was changed" in run(code=1).stderr


def test_an_unreadable_earlier_release_or_a_fault_while_writing_loses_nothing(tmp_path, monkeypatch):
    old = release(rows(), method(), tmp_path / "a", 2023, edition=2025)
    comparison = compare(old, old)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("regso_cluster.exports.comparison.write_comparison_workbook", full)
    with pytest.raises(OSError, match="No space"):
        write_comparison(comparison, tmp_path / "c" / "out")
    assert list((tmp_path / "c").iterdir()) == []
    assert read_release(old.path, verify=True).year == 2023


@pytest.mark.parametrize("rule", ["slack_sd = 0.5", "years = 2"])
def test_the_no_flicker_rule_saves_moves_and_the_comparison_says_how_many(rule, tmp_path):
    using = parse_method(METHOD.replace("[composite]", f"[composite]\nsteady = {{ {rule} }}"))
    made, previous = [], None
    for year, voted in ((2022, "69.9"), (2023, "70.1"), (2024, "69.8"), (2025, "88"), (2026, "89")):
        frame = rows()
        frame.loc[1, "voted_pct"] = voted
        previous = release(frame, using, tmp_path / str(year), year, previous, edition=2025)
        made.append(previous)
    own = [
        (one.areas.loc[CODES[1], "composite_group"], one.areas.loc[CODES[1], "composite_group_free"]) for one in made
    ]
    leaves = 2 if "years" in rule else 3  # a year later where two years running are asked for
    assert own == [(2, 2), (2, 3), (2, 2), (2 if leaves == 2 else 3, 3), (3, 3)]
    saved = [compare(old, new).summary["no_flicker"] for old, new in pairwise(made)]
    assert [one["without_the_rule"] for one in saved] == [1, 1, 1, 0]
    assert [one["moves"] for one in saved] == ([0, 0, 0, 1] if leaves == 2 else [0, 0, 1, 0])
    assert sum(one["saved"] for one in saved) == 2
    last = compare(made[3], made[4]) if leaves == 2 else compare(made[2], made[3])
    assert causes(last) == ({"rule": 1} if leaves == 2 else {"data": 1})
    assert made[1].areas.loc[CODES[1], "composite_group_name"] == "En"
    again = release(rows().assign(voted_pct=made[1].table.value["voted"][list(CODES)].to_numpy()), freeze(made[1]),
                    tmp_path / "frozen", 2023, made[0], edition=2025)  # fmt: skip
    assert (again.path / "areas.parquet").read_bytes() == (made[1].path / "areas.parquet").read_bytes()


def test_what_makes_numbers_of_two_releases_less_than_comparable_is_said(country, first, tmp_path, monkeypatch):
    def notes(old, new):
        return " / ".join(compare(old, new).summary["notes"])

    apart, backwards, same = "were not matched", "compared backwards", "one and the same"
    anchored = release(country[0][2024], quick(), tmp_path / "a", 2024, first)
    assert not any(one in notes(first, anchored) for one in (apart, backwards, same))
    assert f"compared backwards, from 2024 to {first.year}" in notes(anchored, first)
    assert apart not in notes(anchored, first)
    assert same in notes(first, first)
    alone = release(country[0][2024], quick(), tmp_path / "b", 2024)
    assert "the clusters of 2024 were not matched to those of 2023 (--previous)" in notes(first, alone)
    other = release(country[0][2023], quick(), tmp_path / "c", 2023)  # the same year again, another release
    object.__setattr__(other, "manifest", other.manifest | {"manifest_sha256": "0" * 64})
    assert apart in notes(other, anchored)
    frozen = release(country[0][2024], freeze(first), tmp_path / "d", 2024)
    assert apart not in notes(first, frozen)
    monkeypatch.chdir(first.path)
    assert compare(read_release("."), anchored).summary["old"]["name"] == "2023"


def test_other_composite_groups_are_said(tmp_path):
    old = release(rows(), method(), tmp_path / "a", 2023, edition=2025)
    fewer = parse_method(METHOD.replace('sv = "En"', 'sv = "Ett"'))
    new = release(rows(), fewer, tmp_path / "b", 2024, edition=2025)
    assert any("composite groups of the two methods are not the same" in n for n in compare(old, new).summary["notes"])
    assert not any("not the same" in note for note in compare(old, old).summary["notes"])


def test_the_terminal_names_the_groups(first, beside, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    shown = CliRunner().invoke(main, ["compare", str(first.path), str(beside.path)]).stdout
    names = "1: Particularly large combined problems; 2: Large combined problems; 3: Some problems; 4: No factor beyond"
    assert shown.count(names) == 2  # below the matrix of the relative and of the absolute limits
