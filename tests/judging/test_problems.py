from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regso_cluster.errors import InputError
from regso_cluster.judging.problems import flag_problems, group_by_problems, measure_limits, rule_holds
from regso_cluster.method import Composite, CompositeGroup, Limit, Problems, Rule, Text
from tests.tables import method

NAN = np.nan
NAME = Text("a", "b")
VALUE = pd.DataFrame({"poor": [10.0, 10, 10, 10, 10, 40], "voted": [90.5, 69.9, 70, NAN, 88, 60]}, index=list("abcdef"))


def with_limits(problems=None, **limits):
    """The two-factor method with other limits."""
    base = method()
    factors = [dataclasses.replace(factor, limit=limits.get(factor.key, factor.limit)) for factor in base.factors]
    return dataclasses.replace(base, factors=tuple(factors), problems=problems or base.problems)


def test_limits_by_hand():
    # poor: mean 15, squares 5 * 25 + 625 = 750, SD sqrt(125) = 11.18: limit 26.18; voted has its own: 70
    limits = measure_limits(VALUE, method(), None)
    assert limits["poor"] == pytest.approx(15 + np.sqrt(125))
    assert limits["voted"] == 70
    sample = measure_limits(VALUE, with_limits(Problems(Limit(sd=1.0), ddof=1)), None)
    assert sample["poor"] == pytest.approx(15 + np.sqrt(150))
    # residents: all weight on the first two areas, where poverty is 10
    weighted = measure_limits(VALUE, with_limits(Problems(Limit(sd=1.0), "residents")), np.array([5.0, 5, 0, 0, 0, 0]))
    assert weighted["poor"] == 10


def test_the_worse_side_of_low_is_below():
    limits = measure_limits(VALUE, with_limits(voted=Limit(sd=2.0)), None)
    seen = VALUE["voted"].dropna()
    assert limits["voted"] == pytest.approx(seen.mean() - 2 * seen.std(ddof=0))


def test_a_relative_limit_needs_two_observed_areas():
    with pytest.raises(InputError, match="fewer than two observed areas"):
        measure_limits(VALUE.assign(poor=[1, *[NAN] * 5]), method(), None)


@pytest.mark.parametrize(
    ("limit", "flags"),
    [
        (Limit(below=70.0, unit="per cent"), [False, True, False, None, False, True]),
        (Limit(at_most=70.0, unit="per cent"), [False, True, True, None, False, True]),
    ],
)
def test_on_the_limit_low_is_worse(limit, flags):
    using = with_limits(voted=limit)
    found = flag_problems(VALUE, using, measure_limits(VALUE, using, None))["voted"]
    assert [None if flag is pd.NA else flag for flag in found] == flags


@pytest.mark.parametrize(
    ("limit", "flag"),
    [(Limit(above=40.0, unit="per cent"), False), (Limit(at_least=40.0, unit="per cent"), True)],
)
def test_on_the_limit_high_is_worse(limit, flag):
    using = with_limits(poor=limit)
    assert flag_problems(VALUE, using, measure_limits(VALUE, using, None))["poor"].iloc[5] == flag


def test_a_value_on_a_relative_limit_is_no_problem():
    flags = flag_problems(VALUE, method(), {"poor": 40.0, "voted": 70.0})
    assert not flags["poor"].any()
    assert flag_problems(VALUE, method(), {"poor": 39.9, "voted": 70.0})["poor"].tolist() == [False] * 5 + [True]


COMPOSITE = Composite((CompositeGroup(NAME, Rule(at_least=3)), CompositeGroup(NAME, Rule(at_least=1))), NAME)


def grouped(rows, composite=COMPOSITE, status=None):
    flags = pd.DataFrame(rows, columns=list("xyz"), dtype="boolean")
    marks = pd.DataFrame(np.where(flags.isna(), "missing", "observed"), columns=list("xyz"))
    return group_by_problems(flags, marks if status is None else status, composite)


def test_groups_by_hand():
    found = grouped(
        [
            [True, True, True],  # 3: group 1
            [True, False, False],  # 1: group 2
            [False, False, False],  # 0: group 3
            [True, None, None],  # 1 to 3: group 1 or 2
            [True, False, None],  # 1 to 2: group 2 either way
            [False, False, None],  # 0 to 1: group 2 or 3
            [None, None, None],  # anything
        ]
    )
    assert found["composite_group"].fillna(0).tolist() == [1, 2, 3, 0, 2, 0, 0]
    assert found["composite_group_mildest"].tolist() == [1, 2, 3, 2, 2, 3, 3]
    assert found["composite_group_harshest"].tolist() == [1, 2, 3, 1, 2, 2, 1]
    assert found["composite_status"].tolist() == ["decided"] * 3 + [
        "undecided",
        "decided",
        "undecided",
        "undecided",
    ]
    assert found["composite_reason"].tolist() == [
        "",
        "",
        "",
        "y missing; z missing",
        "",
        "z missing",
        "x missing; y missing; z missing",
    ]


def test_the_reason_says_why_a_factor_is_not_seen():
    status = pd.DataFrame([["observed", "suppressed", "missing"]], columns=list("xyz"))
    assert grouped([[True, None, None]], status=status)["composite_reason"].tolist() == ["y suppressed; z missing"]


RULE = Rule(all=("x", Rule(any=("y", "z"))))


def test_a_nested_rule():
    composite = Composite((CompositeGroup(NAME, RULE),), NAME)
    rows = list(itertools.product([True, False], repeat=3))
    found = grouped(rows, composite)["composite_group"].tolist()
    assert found == [1 if x and (y or z) else 2 for x, y, z in rows]
    unseen = grouped([[True, None, None], [True, True, None], [False, None, None]], composite)
    assert unseen["composite_group"].fillna(0).tolist() == [0, 1, 2]


@given(
    st.lists(st.tuples(*[st.sampled_from([True, False, None])] * 3), min_size=1, max_size=8),
    st.sampled_from([COMPOSITE, Composite((CompositeGroup(NAME, RULE),), NAME)]),
)
def test_decided_is_what_every_way_to_fill_the_gaps_gives(rows, composite):
    """The naive twin: try every way to fill what was not seen."""
    found = grouped(rows, composite)
    for row, (_, given_group) in zip(rows, found.iterrows(), strict=True):
        possible = set()
        for filled in itertools.product(*[[cell] if cell is not None else [True, False] for cell in row]):
            flags = dict(zip("xyz", (np.array([cell]) for cell in filled), strict=True))
            held = [number for number, group in enumerate(composite.groups, 1) if rule_holds(group.rule, flags)[0]]
            possible.add(held[0] if held else len(composite.groups) + 1)
        assert (given_group["composite_status"] == "decided") == (len(possible) == 1)
        assert given_group["composite_group_mildest"] == max(possible)
        assert given_group["composite_group_harshest"] == min(possible)
