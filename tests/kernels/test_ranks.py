from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from regso_cluster.certainty.drawn_ranks import rank_interval, rank_into
from regso_cluster.kernels._threads import threads
from regso_cluster.kernels.ranks import count_at_most, score_draws
from tests.kernels import naive_draws as naive


def ranked(scores):
    scores = np.ascontiguousarray(scores, dtype=float)
    rank = np.zeros((scores.shape[1], scores.shape[0]), np.uint16)
    rank_into(scores, 0, rank)
    return rank.T


def test_by_hand():
    # the highest is 1; the two equal second best share 2, and the next is 4
    assert ranked([[0.5, 9.0, 0.5, -3.0]]).tolist() == [[2, 1, 2, 4]]


@pytest.mark.parametrize("n", [1, 2, 50])
@pytest.mark.parametrize("draws", [1, 31, 70])
def test_the_same_as_the_twin_and_as_scipy(n, draws):
    random = np.random.default_rng(n)
    scores = random.standard_normal((draws, n)).round(1)  # with ties
    assert np.array_equal(ranked(scores), [naive.ranks(row) for row in scores])
    assert np.array_equal(ranked(scores), stats.rankdata(-scores, method="min", axis=1))


def test_scores_closer_than_the_radix_can_tell():
    random = np.random.default_rng(0)
    scores = 1e9 * random.integers(0, 2, (5, 300)) + random.standard_normal((5, 300)) * 1e-3
    scores[:, 0] = 1e15
    assert np.array_equal(ranked(scores), stats.rankdata(-scores, method="min", axis=1))
    assert (ranked(np.zeros((2, 7))) == 1).all()


@settings(max_examples=30)
@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=40))
def test_any_scores(scores):
    assert ranked([scores])[0].tolist() == naive.ranks(np.array(scores)).tolist()


def test_blocks_fill_their_own_columns():
    random = np.random.default_rng(3)
    scores = random.standard_normal((40, 90))
    whole, parts = np.zeros((90, 40), np.uint16), np.zeros((90, 40), np.uint16)
    rank_into(scores, 0, whole)
    rank_into(np.ascontiguousarray(scores[:25]), 0, parts)
    rank_into(np.ascontiguousarray(scores[25:]), 25, parts)
    assert np.array_equal(whole, parts)


def test_order_statistics_by_the_twin_and_numpy():
    random = np.random.default_rng(1)
    rank = random.integers(1, 131, (130, 101)).astype(np.uint16)
    low, high = rank_interval(rank, 0.9)
    # 101 draws: a twentieth of 100 steps is 5, so the places are 5 and 95 from 0
    assert [[a, b] for a, b in zip(low, high, strict=True)] == [naive.at_place(row, (5, 95)) for row in rank]
    assert np.array_equal(low, np.quantile(rank, 0.05, axis=1, method="lower"))
    assert np.array_equal(high, np.quantile(rank, 0.95, axis=1, method="higher"))


def test_the_interval_by_hand():
    # draws 1 to 20: the middle 90 per cent leaves out 0.95 of a draw at each end, and takes the next outwards
    rank = np.vstack([np.arange(1, 21)] * 20).astype(np.uint16)
    assert [int(end[0]) for end in rank_interval(rank, 0.9)] == [1, 20]
    # the middle half: 4.75 and 14.25 from 0: the draws at 4 and 15, which are 5 and 16
    assert [int(end[0]) for end in rank_interval(rank, 0.5)] == [5, 16]


def test_scores_and_counts():
    random = np.random.default_rng(2)
    weights, columns = random.random((9, 4)), random.random((4, 33))
    score = np.empty((9, 33))
    score_draws(weights, columns, score)
    np.testing.assert_allclose(score, weights @ columns)
    rank, found = random.integers(1, 40, (39, 17)).astype(np.uint16), np.empty(39, np.int64)
    count_at_most(rank, 5, found)
    assert np.array_equal(found, (rank <= 5).sum(axis=1))


def test_one_and_two_threads_give_the_same():
    scores = np.random.default_rng(4).standard_normal((64, 500))
    found = []
    for number in (1, 2):
        with threads(number):
            found.append(ranked(scores))
    assert np.array_equal(*found)
