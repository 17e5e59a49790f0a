"""Own areas, year by year: every command that takes a release takes theirs, whatever the columns are called."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from click.testing import CliRunner

from regso_cluster.cli import main
from regso_cluster.errors import InputError
from regso_cluster.release.model import read_release, verify_release
from regso_cluster.studies import series as series_module
from regso_cluster.studies.series import classify_series, find_tables
from regso_cluster.years.compare import compare
from tests.tables import method

HEAD = """
name = "own"
title = {{ sv = "Egna", en = "Own" }}
description = {{ sv = "", en = "" }}
[table]
areas = "own"
code = "{code}"
population = "pop"
[[factors]]
key = "{key}"
name = {{ sv = "Fattiga", en = "Poor" }}
numerator = "n"
denominator = "d"
unit = "per cent"
worse = "high"
[[factors]]
key = "income"
name = {{ sv = "Inkomst", en = "Income" }}
value = "v"
unit = "score"
worse = "low"
"""
GROUPS = """
[problems]
limit = { sd = 1.0 }
[composite]
none = { sv = "Ingen", en = "None" }
[[composite.groups]]
name = { sv = "Någon", en = "Some" }
rule = { at_least = 1 }
"""
INDEX = '[index]\nscale = { kind = "z" }\nmin_factors = 1\n'
CLUSTERS = "[clusters]\nn_clusters = 2\nresamples = 2\n"
TIERS = '[tiers]\nkind = "quantiles"\ngroups = 2\n'


def text(code="code", key="poor", parts=GROUPS + INDEX + CLUSTERS):
    return HEAD.format(code=code, key=key) + parts


def table(code="code", *, poor=(10, 12, 14, 16, 18, 60), income=(300, 290, 310, 280, 295, 305), names="ABCDEF"):
    """Six areas: 60 per cent are poor in F (mean 21.67, SD 17.34, limit 39), D earns 280 (limit 286.8)."""
    return pd.DataFrame(
        {code: [f"{name} 1" for name in names], "pop": 1000, "n": poor, "d": 100, "v": income}
    )  # fmt: skip


def folder_of(tmp_path, tables):
    folder = tmp_path / "tables"
    folder.mkdir(parents=True)
    for year, frame in tables.items():
        frame.to_csv(folder / f"own-{year}.csv", index=False)
    return folder


def series(tmp_path, using, tables):
    found, _ = find_tables(folder_of(tmp_path, tables))
    made = classify_series(found, method(using), tmp_path / "releases")
    return [read_release(one.path) for one in made]


def run(*arguments, code=0):
    result = CliRunner().invoke(main, [str(part) for part in arguments])
    assert result.exit_code == code, result.output
    return result


LATER = {"poor": (10, 55, 14, 16, 18, 60)}  # the second area is now beyond the limit, 28.83 + 20.47


@pytest.mark.parametrize("code", ["kod", "area", "index", "regso", "Områdets kod", "group", "name", "factor", "old"])
def test_a_column_of_codes_may_have_any_name(code, tmp_path):
    old, new = series(tmp_path, text(code), {2023: table(code), 2024: table(code, **LATER)})
    comparison = compare(old, new)
    moves = comparison.moves[comparison.moves["grouping"] == "composite_group"]
    assert moves[["area", "old", "new", "cause"]].to_numpy().tolist() == [["B 1", 2, 1, "data"]]
    assert comparison.problems["text_en"].tolist() == [
        "Poor: 12 became 55 per cent, limit 49.3 (earlier 39); 6 fewer of 100 in the numerator would have kept it "
        "within the limit"
    ]
    lists = comparison.lists[(comparison.lists["grouping"] == "composite_group") & (comparison.lists["group"] == 1)]
    assert lists[["area", "move"]].to_numpy().tolist() == [["B 1", "entered"], ["D 1", "stayed"], ["F 1", "stayed"]]


@pytest.mark.parametrize("key", ["area", "factor", "regso", "old", "grouping"])
def test_a_factor_may_have_any_key(key, tmp_path):
    old, new = series(tmp_path, text(key=key), {2023: table(), 2024: table(**LATER)})
    assert compare(old, new).problems[["area", "factor"]].to_numpy().tolist() == [["B 1", key]]


def test_every_command_takes_a_release_of_own_areas(tmp_path):
    (tmp_path / "m.toml").write_text(text("Områdets kod") + TIERS, "utf-8")
    tables = {2023: table("Områdets kod"), 2024: table("Områdets kod", **LATER, names="ABCDEG")}
    folder, out = folder_of(tmp_path, tables), tmp_path / "r"
    shown = run("classify", folder, "--all-years", "--method", tmp_path / "m.toml", "--out", out).stdout
    assert [line.split(",")[0] for line in shown.splitlines()] == ["2023: written", "2024: written"]
    old, new = out / "2023", out / "2024"
    assert "B 1: group 2 to 1" in run("compare", old, new, "--out", tmp_path / "c").stdout
    assert "1 area is in the earlier year alone: F 1" in run("compare", old, new).stdout
    run("page", old, new, "--out", tmp_path / "p.html")
    assert "it follows from its input" in run("verify", new, "--recompute", folder / "own-2024.csv").stdout
    run("freeze", old, "--out", tmp_path / "frozen.toml")
    run("classify", folder / "own-2024.csv", "--method", tmp_path / "frozen.toml", "--year", 2024, "--previous", old,
        "--out", tmp_path / "f")  # fmt: skip
    for ending in ("csv", "xlsx", "px", "json", "parquet"):
        run("export", new, "--to", tmp_path / f"x.{ending}")
    run("figure", "flow", old, new, "--out", tmp_path / "flow.svg")
    run("figure", "profile", new, "--out", tmp_path / "profile.svg")
    assert "no outlines of these areas" in run("figure", "country", new, "--out", tmp_path / "m.svg", code=1).stderr
    schools = pd.DataFrame({"place": ["A 1", "F 1", "B 1", "elsewhere"], "pupils": 60, "passed": [50, 30, 55, 6]})
    schools.to_csv(tmp_path / "s.csv", index=False)
    joined = run("join", tmp_path / "s.csv", "--release", old, "--on", "place", "--out", tmp_path / "j.csv",
                 "--max-unmatched", 1)  # fmt: skip
    assert joined.exit_code == 0
    result = run("summarise", tmp_path / "s.csv", "--release", old, "--on", "place", "--by", "composite_group",
                 "--value", "passed", "--of", "pupils", "--unprotected", "--json")  # fmt: skip
    rows = {(row["grouping"], str(row["group"])): row for row in json.loads(result.stdout)["table"]}
    assert rows["composite_group", "1"]["share"] == 50.0  # F 1: 30 of 60
    assert rows["composite_group", "2"]["share"] == 87.5  # A 1 and B 1: 105 of 120
    assert rows["composite_group", "unmatched"]["units"] == 60
    schools.assign(place="nowhere").to_csv(tmp_path / "n.csv", index=False)
    refused = run("summarise", tmp_path / "n.csv", "--release", old, "--on", "place", "--by", "composite_group",
                  "--value", "passed", code=1).stderr  # fmt: skip
    assert "codes of the release, as A 1" in refused


@pytest.mark.parametrize("parts", [INDEX, TIERS, "[problems]\nlimit = { sd = 1.0 }\n"])
def test_methods_without_groups_compare_their_factors_and_have_pages_and_revisions(parts, tmp_path):
    using = text(parts=parts)
    old, new = series(tmp_path, using, {2023: table(), 2024: table(**LATER)})
    comparison = compare(old, new)
    assert comparison.moves.empty
    assert comparison.summary["groupings"] == {}
    drift = comparison.drift.set_index("factor")
    assert drift.loc["poor", ["mean_old", "mean_new"]].tolist() == pytest.approx([130 / 6, 173 / 6])
    assert "no grouping in common" in comparison.summary["notes"][0]
    assert "ingen gruppering gemensamt" in comparison.summary["notes"][0].text("sv")
    run("compare", old.path, new.path, "--out", tmp_path / "c")
    run("page", old.path, new.path, "--out", tmp_path / "p.html")
    table(poor=(10, 12, 14, 16, 18, 61)).to_csv(tmp_path / "tables" / "own-2023.csv", index=False)
    made = classify_series(find_tables(tmp_path / "tables")[0], method(using), tmp_path / "releases")
    assert made[0].what == "revised"
    assert (tmp_path / "releases" / "2023-r2.difference" / "comparison.json").is_file()


def test_a_revision_is_there_with_its_difference_or_not_at_all(tmp_path, monkeypatch):
    series(tmp_path, text(), {2023: table(), 2024: table(**LATER)})
    table(poor=(10, 12, 14, 16, 18, 61)).to_csv(tmp_path / "tables" / "own-2024.csv", index=False)
    before = sorted(path.name for path in (tmp_path / "releases").iterdir())

    def broken(*_, **__):
        raise ValueError("a fault in the comparison")

    with monkeypatch.context() as patch:
        patch.setattr(series_module, "compare", broken)
        with pytest.raises(ValueError, match="a fault in the comparison"):
            classify_series(find_tables(tmp_path / "tables")[0], method(text()), tmp_path / "releases")
    assert sorted(path.name for path in (tmp_path / "releases").iterdir()) == before
    made = classify_series(find_tables(tmp_path / "tables")[0], method(text()), tmp_path / "releases")
    assert [one.what for one in made] == ["kept", "revised"]
    assert made[1].difference == tmp_path / "releases" / "2024-r2.difference"
    assert made[1].difference.is_dir()
    assert verify_release(made[1].path) == []


def test_last_year_s_counts_are_those_published(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    # the area that was beyond the limit in 2023, F 1, is gone in 2024; G 1 is new
    old, new = series(tmp_path, text(), {2023: table(), 2024: table(**LATER, names="ABCDEG")})
    assert old.manifest["figures"]["composite_groups"] == {"1": 2, "2": 4}
    assert new.manifest["previous"]["groups"]["composite_group"] == {"1": 2, "2": 4}
    assert new.areas["composite_group_previous"].value_counts().to_dict() == {1: 1, 2: 4}
    notes = new.notes
    assert "areas of release 2023 that this year lacks (1): F 1" in notes
    assert "areas that release 2023 lacks (1): G 1" in notes
    assert all(note.text("sv") != note for note in notes)
    from regso_cluster.terminal.release import print_release

    with monkeypatch.context():
        from io import StringIO

        said = StringIO()
        monkeypatch.setattr("sys.stdout", said)
        print_release(new)
    lines = [line.split() for line in said.getvalue().splitlines() if "Någon" in line or "Ingen" in line]
    assert [line[-1] for line in lines] == ["2", "4"]


def test_areas_of_one_year_alone_are_named_up_to_twenty(tmp_path):
    names = [chr(code) for code in range(ord("A"), ord("A") + 26)]
    many = pd.DataFrame({"code": names, "pop": 1000, "n": range(10, 36), "d": 100, "v": range(300, 326)})
    old, new = series(tmp_path, text(parts=INDEX + GROUPS), {2023: many, 2024: many.iloc[22:]})
    note = compare(old, new).summary["notes"][0]
    assert note == f"22 areas are in the earlier year alone: {', '.join(names[:20])} ... (2 more)"
    assert note.text("sv") == f"22 områden finns bara det tidigare året: {', '.join(names[:20])} ... (2 till)"
    with pytest.raises(InputError, match="no area in common"):
        compare(old, series(tmp_path / "x", text(parts=INDEX + GROUPS), {2024: table()})[0])


def test_backwards_is_said_first(tmp_path):
    old, new = series(tmp_path, text(), {2023: table(), 2024: table(**LATER)})
    assert run("compare", new.path, old.path).stdout.startswith("Compared backwards, from 2024 to 2023")
    assert "ackwards" not in run("compare", old.path, new.path).stdout


def test_steady_state_and_years_in_a_group_need_four_pairs_of_years(tmp_path):
    years = {year: table(**(LATER if year % 2 else {})) for year in range(2019, 2024)}
    made = series(tmp_path, text(parts=GROUPS + INDEX), years)
    ends = (made[0].path, made[-1].path)
    for through, pairs in ((made[1:4], 4), (made[1:2], 1)):
        out = tmp_path / f"c{pairs}"
        run("compare", *ends, "--out", out, *(part for one in through for part in ("--through", one.path)))
        mobility = pd.read_parquet(out / "mobility.parquet").query("weight == 'areas'").set_index("group")
        assert mobility["pairs"].tolist() == [pairs, pairs]
        if pairs == 1:  # 2019, 2020 and 2023 are not equally far apart
            assert mobility[["years_in_group", "steady_state"]].isna().all(axis=None)
    # B 1 is in group 1 in 2019, 2021 and 2023, D 1 and F 1 always: of 10 starts in group 1 (3 + 2 + 3 + 2) 8 stayed
    mobility = pd.read_parquet(tmp_path / "c4" / "mobility.parquet").query("weight == 'areas'").set_index("group")
    assert mobility.loc[1, ["persistence", "years_in_group"]].tolist() == pytest.approx([0.8, 5])
    # of 14 starts in group 2 two went to 1: p1 / 5 = p2 / 7
    assert mobility.loc[1, "steady_state"] == pytest.approx(5 / 12)


@pytest.mark.parametrize("name", ["svi"])
def test_two_published_years_of_an_index_of_own_areas(name, shared, tmp_path):
    releases = []
    for year in (2020, 2022):
        given = pd.read_csv(shared / "data" / "foreign" / f"{year}{name}_pa_co_cdc.csv", dtype=str)
        given.to_csv(tmp_path / f"{year}.csv", index=False)
        arguments = ["classify", tmp_path / f"{year}.csv", "--method", "svi-2022", "--year", year]
        previous = ["--previous", releases[-1]] if releases else []
        run(*arguments, "--out", tmp_path / f"r{year}", *previous)
        releases.append(tmp_path / f"r{year}")
    run("page", *releases, "--out", tmp_path / "p.html")
    run("compare", *releases, "--out", tmp_path / "c")
    drift = pd.read_parquet(tmp_path / "c" / "drift.parquet")
    assert (drift["areas"] == 67).all()
