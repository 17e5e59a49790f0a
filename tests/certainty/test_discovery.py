from __future__ import annotations

import numpy as np
import pytest

from regso_cluster.certainty.discovery import false_discovery_rates, interval_places, judge_list


def test_rates_by_hand():
    # by falling probability: 1.0, 0.9, 0.9, 0.5. Expected not to belong: 0, then 0.2 of 3, then 0.7 of 4
    rates = false_discovery_rates(np.array([0.9, np.nan, 0.5, 1.0, 0.9]))
    assert rates[[0, 2, 3, 4]] == pytest.approx([0.2 / 3, 0.7 / 4, 0.0, 0.2 / 3])
    assert np.isnan(rates[1])


def test_a_list_by_hand():
    probability = np.array([0.9, 0.5, 1.0, 0.9, 0.2, np.nan])
    listed = np.array([True, True, True, False, False, True])
    found = judge_list(probability, listed, np.array([3, 4, 3, 4, 5]), 0.5, 0.1)
    assert found.counted == 4
    assert found.expected == pytest.approx(3.8)
    # the middle half of 5 draws 3 3 4 4 5: places 1 and 3
    assert (found.low, found.high) == (3, 4)
    assert found.wrong == pytest.approx(0.1 + 0.5)
    assert found.missed == pytest.approx(0.9 + 0.2)
    # 1.0, 0.9, 0.9: 0.2 / 3 is below 0.1; with 0.5 it would be 0.175
    assert found.controlled == 3


def test_rates_fall_with_the_probability():
    random = np.random.default_rng(0)
    probability = random.random(200)
    rates = false_discovery_rates(probability)
    order = np.argsort(-probability)
    assert (np.diff(rates[order]) >= 0).all()
    assert rates[order][-1] == pytest.approx(1 - probability.mean())


@pytest.mark.parametrize(
    ("draws", "level", "places"), [(20, 0.9, (0, 19)), (101, 0.9, (5, 95)), (1000, 0.9, (49, 950))]
)
def test_places_go_outward(draws, level, places):
    assert interval_places(draws, level) == places


def test_a_list_may_reach_its_share_of_error():
    probability = np.array([1.0, 0.5, 0.0])  # shares of error 0, 1/4, 1/2
    found = judge_list(probability, probability > 0.9, np.array([1, 2]), 0.9, 0.25)
    assert found.controlled == 2
    # a third area hangs on an exact figure: the other two are listed by the same rule
    known, hanging = np.array([1.0, 0.5, np.nan]), np.array([False, False, True])
    found = judge_list(known, hanging, np.array([1, 2]), 0.9, 0.25, hanging)
    assert (found.controlled, found.not_assessed, found.expected) == (2, 1, None)
