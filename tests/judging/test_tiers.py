from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regso_cluster.errors import InputError
from regso_cluster.judging.tiers import band, measure_cuts, say_empty
from regso_cluster.method import Banding

NAN = np.nan


def groups(values, banding, residents=None):
    values = np.array(values, dtype=float)
    weights = None if residents is None else np.array(residents, dtype=float)
    return pd.Series(band(values, measure_cuts(values, banding, weights, "index"))).fillna(0).astype(int).tolist()


def test_bands_by_sd_by_hand():
    # 0 2 4 6 8: mean 4, SD sqrt(8) = 2.83: cuts 6.83, 4, 1.17; a value on a cut is in the worse group
    banding = Banding("sd", at=(1.0, 0.0, -1.0))
    values = np.array([0.0, 2, 4, 6, 8, NAN])
    assert measure_cuts(values, banding, None, "index") == pytest.approx((4 + np.sqrt(8), 4, 4 - np.sqrt(8)))
    assert groups(values, banding) == [4, 3, 2, 2, 1, 0]
    assert measure_cuts(values[:5], Banding("sd", at=(1.0,), ddof=1), None, "i") == pytest.approx((4 + np.sqrt(10),))
    weighted = Banding("sd", at=(0.0,), weighting="residents")
    assert measure_cuts(values[:5], weighted, np.array([0, 0, 0, 1, 1.0]), "i") == (7,)


def test_quantiles_by_hand():
    banding = Banding("quantiles", groups=2)
    assert groups([1, 2, 3, 4, NAN], banding) == [2, 2, 1, 1, 0]
    assert groups([1, 2, 3, 4, 5], banding) == [2, 2, 2, 1, 1]  # rank 3 of 5 is beyond the worse half
    assert groups([1, 3, 3, 3, 5], banding) == [2, 1, 1, 1, 1]  # ties go to the worse group together
    by_residents = Banding("quantiles", groups=2, weighting="residents")
    assert groups([1, 2, 3, 4], by_residents, [1, 1, 1, 5]) == [2, 2, 2, 1]
    assert groups([1, 2, 3, 4], by_residents, [1, 1, 1, 1]) == [2, 2, 1, 1]


def test_ties_by_residents_stay_together_in_the_worse_group():
    by_residents = Banding("quantiles", groups=2, weighting="residents")
    # from the worst: 9 (2 residents), then 5 and 5 (2 and 4): the tie begins in the worse half
    assert groups([9, 5, 5, 1], by_residents, [2, 2, 4, 2]) == [1, 1, 1, 2]


def test_natural_breaks_by_hand():
    assert groups([1, 1.1, 5, 5.2, 9, NAN], Banding("natural_breaks", groups=3)) == [3, 3, 2, 2, 1, 0]
    by_residents = Banding("natural_breaks", groups=2, weighting="residents")
    # 4.5 beside 0 costs 2 * 2.25 ** 2 = 10.1, beside 10 2 * 2.75 ** 2 = 15.1; beside a 0 of weight 100 it costs 20.0
    assert groups([0, 4.5, 10], by_residents, [1, 1, 1]) == [2, 2, 1]
    assert groups([0, 4.5, 10], by_residents, [100, 1, 1]) == [2, 1, 1]


@pytest.mark.parametrize("kind", ["quantiles", "natural_breaks"])
def test_fewer_values_than_groups_are_refused(kind):
    with pytest.raises(InputError, match="fewer different values than groups") as refused:
        measure_cuts(np.array([1.0, 1, 2, NAN]), Banding(kind, groups=3), None, "factor x")
    assert refused.value.faults[0].where == "factor x"


@given(
    st.lists(st.integers(-50, 50), min_size=12, max_size=60),
    st.sampled_from(["quantiles", "natural_breaks"]),
    st.integers(2, 5),
)
def test_higher_is_never_in_a_better_group_and_ties_stay_together(values, kind, size):
    if len(set(values)) < size:
        return
    found = np.array(groups(values, Banding(kind, groups=size)))
    order = np.argsort(values, kind="stable")
    assert (np.diff(found[order]) <= 0).all()
    assert all(len(set(found[np.array(values) == value])) == 1 for value in set(values))
    assert found.min() == 1
    if kind == "natural_breaks":
        assert set(found) == set(range(1, size + 1))


def test_quantiles_are_those_of_the_rank():
    values = np.random.default_rng(5).normal(size=997)
    rank = pd.Series(values).rank(ascending=False)
    assert groups(values, Banding("quantiles", groups=10)) == np.ceil(rank * 10 / 997).astype(int).tolist()


def test_a_note_names_the_groups_that_equal_values_leave_empty():
    # 25 of 40 are 0: the worst third has the 13 largest, all zeros share the middle one, and the last is empty
    used = pd.DataFrame({"a": [0.0] * 25 + [float(at) for at in range(1, 16)], "b": np.arange(40.0)})
    banding = Banding("quantiles", groups=3)
    factors = (Named("a", 1.0), Named("b", -1.0))
    method = Chosen(bands=banding, tiers=banding, factors=factors)
    cuts = {}
    for one in factors:
        turned = measure_cuts(one.sign * used[one.key].to_numpy(), banding, None, "")
        cuts[one.key] = tuple(one.sign * cut for cut in turned)
    index = used["a"].to_numpy()
    notes = say_empty(used, index, method, Cuts(measure_cuts(index, banding, None, "index"), cuts))
    said = "3 of 3 is empty: 25 of 40 areas have the value 0 and are all in {} 2, since equal values are never parted"
    assert notes == [
        f"index: index band {said.format('index band')}", f"factor a: need group {said.format('need group')}",
    ]  # fmt: skip
    for note in notes:
        assert "lika värden aldrig delas upp" in note.text("sv")
    by_sd = Chosen(bands=None, tiers=Banding("sd", at=(9.0,)), factors=factors)
    assert not say_empty(used, None, by_sd, Cuts((), {"a": (99.0,), "b": (99.0,)}))


@dataclass
class Named:
    key: str
    sign: float


@dataclass
class Chosen:
    bands: Banding | None
    tiers: Banding | None
    factors: tuple[Named, ...]


@dataclass
class Cuts:
    bands: tuple[float, ...]
    tiers: dict[str, tuple[float, ...]]
