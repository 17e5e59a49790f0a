"""Columns, kommuner and län that are wrong as wholes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regso_cluster.areas.editions import code_set
from regso_cluster.factors.tables import read_factors
from regso_cluster.judging.plausibility import examine
from regso_cluster.method import parse_method

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
