"""Columns, kommuner and län that are wrong as wholes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regso_cluster.areas.editions import code_set
from regso_cluster.factors.tables import read_factors
from regso_cluster.judging.plausibility import examine
from regso_cluster.judging.whole_table import say_without_previous
from regso_cluster.method import parse_method
from tests.tables import write

METHOD = """
name = "whole"
title = { sv = "Hel", en = "Whole" }
description = { sv = "", en = "" }
[table]
population = "population"
coverage = "partial"
[problems]
limit = { sd = 2.0 }
[[factors]]
key = "poor"
name = { sv = "Fattiga", en = "Poor" }
value = "poor"
unit = "per cent"
worse = "high"
[[factors]]
key = "old"
name = { sv = "Gamla", en = "Old" }
value = "old"
unit = "per cent"
worse = "high"
"""


@pytest.fixture
def frame():
    rng = np.random.default_rng(3)
    codes = list(code_set(2025))[:900]
    level = rng.normal(0, 0.3, len(codes))
    return pd.DataFrame({
        "regso": codes, "population": rng.integers(1500, 3000, len(codes)),
        "poor": np.round(8 * np.exp(level), 1), "old": np.round(20 * np.exp(rng.normal(0, 0.2, len(codes))), 1),
    })  # fmt: skip


def said(frame, tmp_path, previous=None):
    method = parse_method(METHOD, "whole.toml")
    frame.to_csv(tmp_path / "t.csv", index=False)
    found = examine(read_factors(tmp_path / "t.csv", method, edition=2025), method, previous=previous).said
    return tuple(map(str, found))


def released(frame):
    return frame.set_index("regso").rename(columns={"poor": "poor_value", "old": "old_value"})


def test_nothing_is_said_of_a_right_table(frame, tmp_path):
    assert said(frame, tmp_path) == ()
    assert said(frame, tmp_path, released(frame)) == ()


@pytest.mark.parametrize(("times", "text"), [(10, "10 times too large"), (0.1, "10 times too small")])
def test_a_kommun_in_another_unit_is_said(frame, tmp_path, times, text):
    kommun = frame["regso"].str.slice(0, 4) == "0114"
    frame.loc[kommun, "poor"] = (frame.loc[kommun, "poor"] * times).clip(upper=99)
    assert [text in one and "kommun 0114" in one for one in said(frame, tmp_path)] == [True]


def test_rows_sorted_apart_are_said(frame, tmp_path):
    before = released(frame)
    shifted = frame.assign(poor=np.roll(frame["poor"], 1))
    assert said(shifted, tmp_path, before) == (
        "factor poor: the areas are in another order than in the previous release",
    )
    lan = (frame["regso"].str.slice(0, 2) == "03").to_numpy()
    frame.loc[lan, "poor"] = np.sort(frame.loc[lan, "poor"])
    assert said(frame, tmp_path, before) == (
        "factor poor: the areas of län 03 are in another order than in the previous release",
    )


def test_residents_that_jump_are_said(frame, tmp_path):
    before = released(frame)
    found = said(frame.assign(population=frame["population"] * 11 // 10), tmp_path, before)
    assert len(found) == 1
    assert found[0].startswith("the residents of the same areas jump from")


@pytest.mark.parametrize("hurt", ["", "slipped", "lan", "sorted", "reversed", "persons"])
def test_whole_columns_are_looked_at_without_an_earlier_release(hurt, tmp_path):
    """Three related factors: one slips, is sorted, is turned round, or has ten times the persons."""
    rng = np.random.default_rng(91)
    codes = code_set(2025)
    common = rng.normal(0, 1, len(codes))
    level = [40 + 8 * common + rng.normal(0, 3, len(codes)) for _ in range(3)]
    if hurt == "slipped":
        level[1] = np.roll(level[1], 2)
    if hurt == "lan":
        own = np.array([code[:2] == "01" for code in codes])
        level[1][own] = np.roll(level[1][own], 1)
    if hurt == "sorted":
        level[1] = np.sort(level[1])
    if hurt == "reversed":
        level[1] = 80 - level[1]
    text = METHOD[: METHOD.index("[[factors]]")].replace("partial", "full")
    for key in "abc":
        text += (f'[[factors]]\nkey = "{key}"\nname = {{ sv = "{key}", en = "{key}" }}\nnumerator = "{key}_n"\n'
                 f'denominator = "{key}_d"\nunit = "per cent"\nworse = "high"\n')  # fmt: skip
    method = parse_method(text + '[index]\nscale = { kind = "z" }\n', "three.toml")
    frame = pd.DataFrame({"regso": codes, "population": 2000})
    for key, one in zip("abc", level, strict=True):
        persons = 10_000 if hurt == "persons" and key == "b" else 1000
        frame[f"{key}_n"], frame[f"{key}_d"] = np.round(one * persons / 100).astype(int), persons
    table = read_factors(write(frame, tmp_path / "t.csv"), method, year=2024)
    said = say_without_previous(table.value, table, method)
    expected = {"": [], "slipped": ["rows_slipped"], "lan": ["rows_slipped_in_lan"], "sorted": ["sorted_apart"],
                "reversed": ["factor_reversed"], "persons": ["more_than_the_residents"]}[hurt]  # fmt: skip
    assert [note.code for note in said] == expected
    if hurt in ("slipped", "lan"):
        assert (said[0].values["factor"], said[0].values["rows"]) == ("b", 2 if hurt == "slipped" else 1)
