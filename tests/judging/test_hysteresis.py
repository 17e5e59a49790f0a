from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from regso_cluster.errors import InputError
from regso_cluster.judging.hysteresis import hold_groups, hold_problems, measure_leave_limits
from regso_cluster.method import Steady, parse_method
from tests.tables import METHOD, method

NAN, NA = np.nan, pd.NA
SLACK = METHOD.replace("[composite]", "[composite]\nsteady = { slack_sd = 0.5 }")


def series(*groups):
    return pd.Series(pd.array(groups, dtype="Int8"))


def frame(was, before=None):
    columns = {"composite_group": series(*was)}
    return pd.DataFrame(columns | ({"composite_group_free": series(*before)} if before else {}))


def test_two_years_running_by_hand():
    # in group 4; figures of last year, of this year -> held
    cases = [(4, 3, 4), (3, 4, 4), (3, 3, 3), (3, 1, 3), (1, 3, 3), (4, 4, 4), (NA, 3, 3), (3, NA, NA)]
    before, now, wanted = zip(*cases, strict=True)
    held = hold_groups(series(*now), frame([4] * 8, before))
    assert held.fillna(0).tolist() == [0 if one is NA else one for one in wanted]
    # from the middle both ways, and one year worse, one better: no agreement
    held = hold_groups(series(1, 4, 4), frame([2, 2, 2], [1, 3, 1]))
    assert held.tolist() == [1, 3, 2]


def test_the_first_year_holds_nothing():
    now = series(1, 2, NA)
    assert hold_groups(now, None).equals(now)
    # last year's release had no rule: its group is that of its figures
    assert hold_groups(series(1, 2), frame([2, 2])).tolist() == [2, 2]


def test_leave_limits_by_hand():
    using = parse_method(SLACK)
    value = pd.DataFrame({"poor": [10.0, 20, 30], "voted": [60.0, 70, 80]})
    sd = np.sqrt(200 / 3)
    leave = measure_leave_limits(value, using, {"poor": 25.0, "voted": 70.0}, None)
    assert leave == pytest.approx({"poor": 25 - sd / 2, "voted": 70 + sd / 2})
    assert measure_leave_limits(value, method(), {"poor": 25.0, "voted": 70.0}, None) == {}


def test_problems_stay_until_clearly_better():
    using = parse_method(SLACK)
    value = pd.DataFrame({"poor": [30.0, 24, 20, 24, NAN, 22], "voted": [80.0] * 6})
    flags = pd.DataFrame({"poor": pd.array([True, False, False, False, NA, False], dtype="boolean"),
                          "voted": pd.array([False] * 6, dtype="boolean")})  # fmt: skip
    previous = pd.DataFrame({"poor_problem": pd.array([False, True, True, NA, True, True], dtype="boolean")})
    held = hold_problems(value, flags, using, {"poor": 22.0, "voted": 74.0}, previous)
    # 24 is held, 20 is not, nor is what nobody saw last year; 22 is not strictly beyond the leave limit
    assert held["poor"].fillna(False).tolist() == [True, True, False, False, False, False]
    assert held["poor"].isna().tolist() == [False] * 4 + [True] + [False]
    assert not held["voted"].any()
    chained = previous.assign(poor_held=previous["poor_problem"] & False)
    assert not hold_problems(value, flags, using, {"poor": 22.0, "voted": 74.0}, chained)["poor"][1]


def test_a_rule_is_one_of_two():
    for steady in ("{}", "{ slack_sd = 0.2, years = 2 }"):
        with pytest.raises(InputError, match="one of slack_sd and years"):
            parse_method(METHOD.replace("[composite]", f"[composite]\nsteady = {steady}"))
    with pytest.raises(InputError, match="wrong value"):
        parse_method(METHOD.replace("[composite]", "[composite]\nsteady = { years = 3 }"))
    made = parse_method(SLACK)
    assert made.composite.steady == Steady(slack_sd=0.5)
    assert dataclasses.replace(made, composite=method().composite).hash == method().hash
