"""Cells that are well-formed and cannot be right: named, noted, refused, accepted."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from regso_cluster.areas.editions import code_set
from regso_cluster.classification.classify import classify, rehearse
from regso_cluster.cli import main
from regso_cluster.errors import InputError
from regso_cluster.factors.accepted import Accepted, Cell, Entry, read_accepted, write_accepted
from regso_cluster.factors.alarms import say_kind
from regso_cluster.factors.slips import KINDS
from regso_cluster.factors.summary import RESIDENTS, summarise_factors
from regso_cluster.factors.tables import read_factors
from regso_cluster.judging.case import as_counted
from regso_cluster.judging.judge import measure
from regso_cluster.judging.plausibility import MOVES, examine, find_pulls
from regso_cluster.method import parse_method
from regso_cluster.release.model import Earlier
from regso_cluster.release.write import write_release
from tests.tables import method as small_method
from tests.tables import rows, write

METHOD = """
name = "three"
title = { sv = "Tre", en = "Three" }
description = { sv = "", en = "" }
[table]
population = "population"
[[factors]]
key = "low"
name = { sv = "Låg", en = "Low" }
numerator = "low_n"
denominator = "low_d"
unit = "per cent"
worse = "high"
[[factors]]
key = "income"
name = { sv = "Inkomst", en = "Income" }
value = "income"
unit = "score"
worse = "low"
[[factors]]
key = "crime"
name = { sv = "Brott", en = "Crime" }
numerator = "crime_n"
denominator = "population"
unit = "per 1000"
worse = "high"
[problems]
limit = { sd = 2.0 }
[composite]
none = { sv = "Ingen", en = "None" }
[[composite.groups]]
name = { sv = "Två", en = "Two" }
rule = { at_least = 2 }
[[composite.groups]]
name = { sv = "En", en = "One" }
rule = { at_least = 1 }
"""


def country(seed: int = 0) -> pd.DataFrame:
    """A whole country: one factor behind low education, income and crime; skewed, with small counts."""
    rng = np.random.default_rng(seed)
    codes = code_set(2025)
    hidden = rng.normal(size=len(codes))
    residents = np.exp(rng.normal(7.8, 0.5, len(codes))).round() + 650
    persons = (residents * np.exp(rng.normal(-0.65, 0.04, len(codes)))).round()
    low = rng.binomial(persons.astype(int), 1 / (1 + np.exp(2.2 - 0.6 * hidden - rng.normal(0, 0.15, len(codes)))))
    crime = rng.poisson(residents * np.exp(-6 + 0.7 * hidden + rng.normal(0, 0.3, len(codes))))
    income = np.exp(5.8 - 0.2 * hidden + rng.normal(0, 0.06, len(codes))).round(1)
    return pd.DataFrame(
        {"regso": codes, "population": residents.astype(int), "low_n": low, "low_d": persons.astype(int),
         "income": income, "crime_n": crime}
    )  # fmt: skip


@pytest.fixture(scope="module")
def method():
    return parse_method(METHOD, "three.toml")


@pytest.fixture(scope="module")
def frame():
    return country()


@pytest.fixture
def read(method, tmp_path):
    def inner(frame):
        frame.to_csv(tmp_path / "t.csv", index=False)
        return read_factors(tmp_path / "t.csv", method, edition=2025)

    return inner


def changed(frame, at, **cells):
    """The table with other numbers in one row."""
    other = frame.astype(dict.fromkeys(cells, float))
    for name, value in cells.items():
        other.loc[at, name] = value
    return other.astype({name: int for name in cells if name != "income"})


def named(table, method, **more):
    found = examine(table, method, **more)
    return {alarm.code: alarm for alarm in found.alarms}


def named_or_refused(read, frame, method):
    try:
        return set(named(read(frame), method))
    except InputError as refused:
        return {fault.where.split(", ")[-1] for fault in refused.faults}


def test_a_clean_table_names_few(read, frame, method):
    assert len(named(read(frame), method)) <= 0.003 * len(frame)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("slip", ["times 10", "by 10", "times 100", "by 100", "swapped", "digit", "sentinel", "row"])
def test_a_slip_in_any_column_is_named(read, frame, method, slip, seed):
    """The slips that a typist, a formula or an export makes, in a typical area."""
    rng = np.random.default_rng(100 + seed)
    at = int(rng.choice(np.flatnonzero((frame["low_n"] > 99).to_numpy())))
    row = frame.loc[at]
    cells = {
        "times 10": {"income": row["income"] * 10},
        "by 10": {"income": round(row["income"] / 10, 2)},
        "times 100": {"crime_n": max(int(row["crime_n"]), 1) * 100},
        "by 100": {"low_n": int(row["low_n"]) // 100},
        "swapped": {"income": float(row["low_d"]), "low_d": int(row["income"])},
        "digit": {"low_n": int(str(int(row["low_n"]))[:-1])},
        "sentinel": {"income": 9999.0},
        "row": {name: frame.loc[at + 1, name] for name in frame.columns[1:]},
    }[slip]
    assert row["regso"] in named_or_refused(read, changed(frame, at, **cells), method)


def test_a_message_names_cell_range_and_cause(read, frame, method):
    at = 500
    table = read(changed(frame, at, income=frame.loc[at, "income"] * 10))
    alarm = named(table, method)[frame.loc[at, "regso"]]
    assert (alarm.column, alarm.level) == ("income", "serious")
    assert alarm.low < frame.loc[at, "income"] < alarm.high < alarm.got
    assert "10 times too large" in alarm.text
    assert "tio gånger för stort" in alarm.text.text("sv")


@pytest.mark.parametrize(
    ("column", "number"), [("crime_n", 99_999_999), ("low_d", 99_999_999), ("population", 5_982_000_000)]
)
def test_a_number_that_no_area_can_have_is_refused(read, frame, method, column, number):
    table = read(changed(frame, 7, **{column: number}))
    with pytest.raises(InputError, match="a number that no area can have") as refused:
        classify(table, method, year=2024)
    assert len(refused.value.faults) == 1
    fault = refused.value.faults[0]
    assert column in fault.where
    assert frame.loc[7, "regso"] in fault.where
    assert fault.got == str(number)
    assert "--accept" in fault.hint


def test_a_wrong_number_of_residents_is_refused_by_its_own_denominators(read, frame, method):
    """59 residents and some thousand persons with an education: no area has 20 times as many."""
    table = read(changed(frame, 7, population=59))
    with pytest.raises(InputError, match="20 times the residents"):
        rehearse(table, method)


def test_an_accepted_value_is_silent_and_another_is_not(read, frame, method):
    at = 500
    code, slipped = frame.loc[at, "regso"], round(frame.loc[at, "income"] * 10, 1)
    table = read(changed(frame, at, income=slipped))
    right = Accepted("a.csv", "0" * 64, (Entry(code, "income", slipped, "K. L.", "en miljonär"),))
    assert code not in named(table, method, accepted=right)
    other = Accepted("a.csv", "0" * 64, (Entry(code, "income", slipped + 1, "K. L.", "en miljonär"),))
    assert code in named(table, method, accepted=other)
    before = named(table, method)
    assert set(named(table, method, accepted=right)) == set(before) - {code}  # none takes its place
    figures = examine(table, method, accepted=right).figures["accepted"]
    assert Accepted.from_dict(json.loads(json.dumps(figures))) == right


def test_what_is_refused_can_be_accepted(read, frame, method):
    table = read(changed(frame, 7, crime_n=99_999_999))
    right = Accepted("a.csv", "", (Entry(frame.loc[7, "regso"], "crime_n", 99_999_999.0, "K. L.", "räknat"),))
    assert "accepted" in rehearse(table, method, accepted=right).figures


def test_a_list_without_who_or_why_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("regso,column,value,who,why\n0114R001,income,3681,,\n0114R002,income,x,K,rätt\n", "utf-8")
    with pytest.raises(InputError) as refused:
        read_accepted(path)
    assert [fault.what for fault in refused.value.faults] == ["no who", "the value is no number"]
    path.write_text("regso,value\n0114R001,3681\n", "utf-8")
    with pytest.raises(InputError, match="column 'who'"):
        read_accepted(path)


def test_a_cell_that_moves_a_limit_is_named_with_the_limit_without_it(read, frame, method):
    """The closed form against measuring again without the cell."""
    at = 500
    table = read(changed(frame, at, income=frame.loc[at, "income"] * 10))
    limits = measure(as_counted(table, replace(method, composite=None))).limits
    pulls = find_pulls(table, table.value, method, None, limits)
    assert [(pull.code, pull.factor) for pull in pulls] == [(frame.loc[at, "regso"], "income")]
    less = table.value.copy()
    less.loc[pulls[0].code, "income"] = np.nan
    again = measure(replace(as_counted(table, method), used=less)).limits
    assert pulls[0].without == pytest.approx(again["income"], rel=1e-12)
    assert abs(pulls[0].now - pulls[0].without) > MOVES * less["income"].std(ddof=0)
    assert "flyttar ensamt gränsen från" in pulls[0].text.text("sv")
    assert pulls[0].text in classify(table, method, year=2024).notes


def test_means_that_jump_against_last_year_are_said(read, frame, method):
    before = classify(read(frame), method, year=2023).areas
    now = frame.assign(income=(frame["income"] / 10).round(2))
    said = examine(read(now), method, previous=before).said
    assert len(said) == 1
    assert "factor income: the mean over areas jumps from" in said[0]
    assert "medelvärdet över områdena går från" in said[0].text("sv")
    assert examine(read(frame), method, previous=before).said == ()


def test_last_year_helps_to_see_a_slip(read, frame, method):
    """A fourth less income is in the range of the area's other figures, and not in that of last year's."""
    before = classify(read(frame), method, year=2023).areas
    at = 500
    table = read(changed(frame, at, income=round(frame.loc[at, "income"] * 0.45, 1)))
    code = frame.loc[at, "regso"]
    with_previous = named(table, method, previous=before)[code]
    assert with_previous.high - with_previous.low < 0.2 * frame.loc[at, "income"]


def test_an_odd_area_that_is_as_last_year_is_not_named_again(read, frame, method):
    """A quarter of the income of its like, as in a town of students: named once, and anew where it grows tenfold."""
    at = 500
    code, income = frame.loc[at, "regso"], round(frame.loc[at, "income"] / 4, 1)
    odd = read(changed(frame, at, income=income))
    before = classify(odd, method, year=2023).areas
    assert named(odd, method)[code].column == "income"
    assert code not in named(read(changed(frame, at, income=round(income * 1.02, 1))), method, previous=before)
    found = named(read(changed(frame, at, income=round(income * 10, 1))), method, previous=before)[code]
    assert found.column == "income"
    assert found.low < income < found.high


def test_an_odd_denominator_that_is_as_last_year_is_not_named_again(read, frame, method, tmp_path):
    """Twice the persons that the residents of the area suggest: the release brings last year's denominators."""
    at = 500
    code = frame.loc[at, "regso"]
    odd = read(changed(frame, at, low_d=2 * frame.loc[at, "low_d"], low_n=2 * frame.loc[at, "low_n"]))
    before = write_release(classify(odd, method, year=2023), tmp_path / "2023")
    of_areas = {alarm.code for alarm in rehearse(odd, method, previous=before.areas).alarms}
    assert code in of_areas
    assert code not in {alarm.code for alarm in rehearse(odd, method, previous=before).alarms}
    assert code not in {alarm.code for alarm in rehearse(odd, method, previous=Earlier(before, before.areas)).alarms}


def test_the_summary_is_that_of_the_columns(read, frame, method):
    summary = summarise_factors(read(frame), method)
    assert summary.loc["income", "median"] == frame["income"].median()
    assert summary.loc["low", ["numerator", "denominator"]].tolist() == [frame["low_n"].sum(), frame["low_d"].sum()]
    assert summary.loc["residents", "denominator"] == frame["population"].sum()
    assert summary["observed"].tolist() == [len(frame)] * 4


def test_the_residents_are_held_against_those_of_sweden(read, frame, method):
    said = examine(read(frame), method, year=2022).said
    assert len(said) == 1
    assert f"Sweden had {RESIDENTS[2022]:,} on 31 December 2022" in said[0]
    assert "Sverige hade 10\u00a0521\u00a0556 den 31 december 2022" in said[0].text("sv")
    assert examine(read(frame), method, year=1950).said == ()


def test_every_kind_of_slip_is_said_in_both_languages():
    said = {say_kind(kind, within=within) for kind in KINDS for within in (False, True)}
    assert len({note.text("sv") for note in said}) == len(said) == len(KINDS) + 2


def test_check_refuses_what_classify_refuses(frame, tmp_path):
    """One observed area has no SD; equal values have no scale."""
    (tmp_path / "m.toml").write_text(METHOD, "utf-8")
    one = frame.assign(income=frame["income"].where(frame.index == 0).map(lambda x: ".." if np.isnan(x) else x))
    one.to_csv(tmp_path / "t.csv", index=False)
    arguments = [str(tmp_path / "t.csv"), "--method", str(tmp_path / "m.toml"), "--edition", "2025"]
    checked = CliRunner().invoke(main, ["check", *arguments, "--json"])
    classified = CliRunner().invoke(main, ["classify", *arguments, "--year", "2024", "--out", str(tmp_path / "rel")])
    assert (checked.exit_code, classified.exit_code) == (1, 1)
    assert "fewer than two observed areas" in json.loads(checked.stdout)["faults"][0]["what"]
    (tmp_path / "z.toml").write_text(METHOD + '[index]\nscale = { kind = "z" }\n', "utf-8")
    frame.assign(income=300.0).to_csv(tmp_path / "t.csv", index=False)
    arguments[2] = str(tmp_path / "z.toml")
    assert CliRunner().invoke(main, ["check", *arguments]).exit_code == 1


def test_check_shows_names_and_writes_a_list_that_is_taken(frame, tmp_path):
    (tmp_path / "m.toml").write_text(METHOD, "utf-8")
    changed(frame, 500, income=frame.loc[500, "income"] * 10).to_csv(tmp_path / "t.csv", index=False)
    arguments = ["check", str(tmp_path / "t.csv"), "--method", str(tmp_path / "m.toml"), "--edition", "2025"]
    listed = tmp_path / "accept.csv"
    shown = CliRunner().invoke(main, [*arguments, "--write-accept", str(listed)])
    assert shown.exit_code == 0, shown.output
    assert f"look at: {frame.loc[500, 'regso']}" in shown.stdout
    assert "median" in shown.stdout
    unfilled = CliRunner().invoke(main, [*arguments, "--accept", str(listed)])
    assert unfilled.exit_code == 1
    lines = listed.read_text("utf-8").splitlines()
    listed.write_text("\n".join([lines[0], *(line[:-1] + "K. L.,rätt" for line in lines[1:])]) + "\n", "utf-8")
    plain = json.loads(CliRunner().invoke(main, [*arguments, "--accept", str(listed), "--json"]).stdout)
    assert plain["named"] == plain["move_a_limit"] == []
    assert plain["accepted"]["entries"][0]["who"] == "K. L."
    assert plain["factors"]["income"]["observed"] == len(frame)


def test_a_small_table_is_not_predicted(tmp_path):
    """Six areas predict nothing; what they hold is still summarised."""
    table = read_factors(write(rows(), tmp_path / "six.csv"), small_method(), edition=2025)
    found = examine(table, small_method())
    assert found.alarms == found.pulls == ()
    assert summarise_factors(table, small_method()).loc["voted", "median"] == 77.5  # 70 and 85


def test_a_list_that_was_written_can_be_read(tmp_path):
    """Three decimals are no mark of thousands, and a code that begins like a formula is guarded on the way."""
    cells = [Cell("=A1", "income", 341.275), Cell("0114R001", "crime_n", 80.0)]
    path = write_accepted(cells, tmp_path / "accept.csv")
    assert path.read_text("utf-8").splitlines()[1].startswith("'=A1,")
    path.write_text(path.read_text("utf-8").replace(",,", ",E.L.,seen"), "utf-8")
    found = read_accepted(path)
    assert [(entry.regso, entry.column, entry.value) for entry in found.entries] == cells
