from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regso_cluster.factors.rates import rate
from regso_cluster.judging.problems import beyond_limit
from regso_cluster.method import Factor, Limit, Text
from regso_cluster.years.change import Step, find_causes, persons_to_keep
from tests.tables import method


def states(*columns):
    return [Step(name, pd.Series(pd.array(groups, dtype="Int8"), index=list("abcde"))) for name, groups in columns]


def test_causes_by_hand():
    found = find_causes(states(
        ("", [1, 1, 1, 1, None]),
        ("data", [2, 2, 1, 1, None]),
        ("yardstick", [2, 1, 1, 3, 2]),
        ("centres", [3, 1, 2, 1, 2]),
    ))  # fmt: skip
    # a left 1 with the data and moved on later; b went and came back; c left with the centres; d went and came back;
    # e was undecided until the yardstick moved
    assert found["cause"].tolist() == ["data", "", "centres", "", "yardstick"]
    assert found["changed"].tolist() == [True, False, True, False, True]


def test_the_last_leaving_counts():
    found = find_causes(states(("", [1] * 5), ("data", [2] * 5), ("yardstick", [1] * 5), ("method", [2] * 5)))
    assert set(found["cause"]) == {"method"}


@pytest.mark.parametrize("seed", range(10))
def test_causes_sum_to_all_changes(seed):
    generator = np.random.default_rng(seed)
    names = ["", "data", "yardstick", "centres", "method"]
    chain = [Step(name, pd.Series(generator.integers(1, 4, 200), dtype="Int8")) for name in names]
    found = find_causes(chain)
    assert ((found["cause"] != "") == found["changed"]).all()
    assert (found["changed"] == (chain[0][1] != chain[-1][1])).all()


def factor(unit, worse, limit=None):
    return Factor("f", Text("f", "f"), worse, unit, numerator="n", denominator="d", limit=limit)


@pytest.mark.parametrize("unit", ["per cent", "per 1000", "share"])
@pytest.mark.parametrize("worse", ["high", "low"])
@pytest.mark.parametrize("exact", [False, True])
def test_persons_against_trying_every_number(unit, worse, exact):
    """The naive twin tries every numerator; limits that a rate can hit exactly are among them."""
    generator = np.random.default_rng(len(unit) + exact)
    name = "sd" if not exact else {"high": "at_least", "low": "at_most"}[worse]
    size = {"per cent": 30.0, "per 1000": 300.0, "share": 0.3}[unit]
    one = factor(unit, worse, Limit(**({"sd": 1.0} if name == "sd" else {name: size, "unit": unit})))
    denominator = generator.integers(1, 60, 80).astype(float)
    counts = pd.DataFrame({"numerator": np.floor(denominator * generator.random(80)), "denominator": denominator})
    values = rate(counts["numerator"], counts["denominator"], unit).to_numpy()
    now = beyond_limit(values, size, one, method().problems)
    got = persons_to_keep(one, method(), size, ~now, counts)
    for row, (n, d) in enumerate(counts.itertuples(index=False)):
        top = int(d) if unit != "per 1000" else 200
        trials = pd.Series(np.arange(top + 1.0))
        fits = beyond_limit(rate(trials, pd.Series(d, trials.index), unit).to_numpy(), size, one, method().problems)
        wanted = [trial - n for trial in trials[fits != now[row]]]
        assert (pd.isna(got[row]) and not wanted) or got[row] == min(wanted, key=abs), (n, d)


def test_a_share_cannot_be_above_all_but_events_can():
    # of 10 residents, beyond the limit of everybody: 11 cannot be poor, but there can be 11 crimes
    counts, was = pd.DataFrame({"numerator": [9.0], "denominator": [10.0]}), np.array([True])
    assert persons_to_keep(factor("per cent", "high"), method(), 100.0, was, counts).isna().all()
    assert persons_to_keep(factor("share", "high"), method(), 1.0, was, counts).isna().all()
    assert persons_to_keep(factor("per 1000", "high"), method(), 1000.0, was, counts).tolist() == [2]


def test_persons_by_hand():
    # limit 20 per cent, 30 of 100: a problem since this year; 10 fewer make exactly 20, which is not beyond it
    counts = pd.DataFrame({"numerator": [30.0, 18.0], "denominator": [100.0, 100.0]})
    was = np.array([False, True])
    assert persons_to_keep(factor("per cent", "high"), method(), 20.0, was, counts).tolist() == [-10, 3]
