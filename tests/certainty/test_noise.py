from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from regso_cluster.certainty.noise import _interval, _widen, draw_values
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import Certainty
from regso_cluster.pipeline import classify
from tests.tables import CODES, METHOD, method, rows, write

SURE = dataclasses.replace(method(), certainty=Certainty(draws=400, level=0.9))


@pytest.fixture
def table(tmp_path):
    return read_factors(write(rows(), tmp_path / "t.csv"), SURE, edition=2025)


def test_draws_follow_the_posterior_of_the_counts(table):
    generator = np.random.default_rng(0)
    drawn = np.array([draw_values(table, SURE, generator).loc[CODES[0]].to_numpy() for _ in range(2000)])
    # 10 of 100: Beta(10.5, 90.5); a rate without counts stays
    assert stats.kstest(drawn[:, 0] / 100, stats.beta(10.5, 90.5).cdf).pvalue > 0.001
    assert (drawn[:, 1] == 90.5).all()


def test_events_per_thousand_follow_a_gamma(tmp_path):
    using = method(METHOD.replace('unit = "per cent"\nworse = "high"', 'unit = "per 1000"\nworse = "high"'))
    table = read_factors(write(rows(), tmp_path / "t.csv"), using, edition=2025)
    generator = np.random.default_rng(0)
    drawn = [draw_values(table, using, generator).loc[CODES[5], "poor"] for _ in range(2000)]
    assert stats.kstest(np.array(drawn) * 200 / 1000, stats.gamma(80.5).cdf).pvalue > 0.001


def test_what_is_not_observed_stays_so(table):
    drawn = draw_values(table, SURE, np.random.default_rng(0))
    assert np.array_equal(drawn.isna(), table.value.isna())


def test_intervals_hold_the_rank_and_widen_with_small_numbers(tmp_path, table):
    areas = classify(table, SURE, year=2024).areas.loc[list(CODES)]
    assert (areas["index_rank_low"] <= areas["index_rank"]).all()
    assert (areas["index_rank"] <= areas["index_rank_high"]).all()
    many = rows()
    many[["poor_n", "poor_d"]] = many[["poor_n", "poor_d"]].astype(int) * 10_000
    sharp = classify(read_factors(write(many, tmp_path / "m.csv"), SURE, edition=2025), SURE, year=2024).areas.loc[
        list(CODES)
    ]
    assert (sharp["index_rank_low"] == sharp["index_rank_high"]).all()
    width = areas["index_rank_high"] - areas["index_rank_low"]
    assert width.sum() > 0


def test_without_counts_nothing_is_claimed(tmp_path):
    text = METHOD.replace('numerator = "poor_n"\ndenominator = "poor_d"', 'value = "poor_n"').replace(
        "[index]", "[certainty]\n[index]"
    )
    using = method(text)
    table = read_factors(write(rows().assign(poor_n=range(6)), tmp_path / "t.csv"), using, edition=2025)
    result = classify(table, using, year=2024)
    assert result.areas["index_rank_low"].isna().all()
    assert "noise" not in result.figures


def test_the_interval_by_hand():
    # draws 1 to 20 of one area: the middle 90 per cent leaves out 0.05 * 19 = 0.95 of a draw at each end,
    # and takes the next draw outwards: 1 and 20; the middle half 4.75 and 14.25: draws 5 and 16
    ranks = np.column_stack([np.arange(1.0, 21), np.full(20, np.nan)])
    assert [end[0] for end in _interval(ranks, Certainty(20, 0.9))] == [1, 20]
    assert [end[0] for end in _interval(ranks, Certainty(20, 0.5))] == [5, 16]
    assert all(pd.isna(end[1]) for end in _interval(ranks, Certainty(20, 0.9)))


def test_an_interval_holds_its_rank():
    end, rank = pd.array([3, 3, pd.NA], dtype="Int64"), pd.Series([1, 9, pd.NA], dtype="Int64")
    assert _widen(end, rank, np.minimum).tolist()[:2] == [1, 3]
    assert _widen(end, rank, np.maximum).tolist()[:2] == [3, 9]


def test_a_kommun_s_count_is_drawn_once_for_all_its_areas(tmp_path):
    text = METHOD.replace('denominator = "poor_d"', 'denominator = "poor_d"\nlevel = "kommun"')
    using = method(text)
    frame = rows().assign(poor_n=10, poor_d=100)
    table = read_factors(write(frame, tmp_path / "t.csv"), using, edition=2025)
    drawn = draw_values(table, using, np.random.default_rng(0)).loc[list(CODES), "poor"]
    assert drawn.min() == drawn.max()
    assert drawn.iloc[0] != 10
