"""Which cells are hidden: worked out by hand on kommuner of a few areas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from regso_cluster.factors.small_counts import SCB_RULE
from regso_cluster.publishing.choose import (
    BEFORE,
    BESIDE,
    FEW_HIDDEN,
    SAME,
    SHOWN,
    SMALL,
    choose_hidden,
    find_exposed,
    whole_slack,
)
from regso_cluster.publishing.counts import RESIDENTS, Counts


def make_counts(rows):
    """Make cells of rows (year, area, kommun, factor, n, d); the same figure where n and d of an area are equal."""
    year, area, kommun, factor, n, d = zip(*rows, strict=True)
    names = [f"{a}{f}{x}{y}" for a, f, x, y in zip(area, factor, n, d, strict=True)]
    same = np.array([names.index(one) for one in names])
    places = [f"{a}{f}" for a, f in zip(area, factor, strict=True)]
    place = np.array([places.index(one) for one in places])
    return Counts(
        np.array(year), np.array(area, object), np.array(kommun, object), np.array(factor, object),
        np.array(n, np.float64), np.array(d, np.float64), same, place, np.ones(len(rows), bool),
        np.zeros(len(rows), bool),
    )  # fmt: skip


MANY = [(2024, f"x{at}", f"far{at // 10}", "f", 30, 100) for at in range(10)]  # never small
SMALL_ELSEWHERE = [(2024, f"y{at}", "all", "f", 3, 50) for at in range(6)]  # so that few are not hidden


def test_one_small_figure_takes_the_smallest_other_of_its_kommun():
    counts = make_counts([
        (2024, "a", "k", "f", 3, 50), (2024, "b", "k", "f", 40, 90), (2024, "c", "k", "f", 20, 80), *SMALL_ELSEWHERE
    ])  # fmt: skip
    chosen = choose_hidden(counts, SCB_RULE)
    # a has 3 of 50: c (20 with, 60 without) can take 3 more and give 6, and is smaller than b
    assert chosen.why[:3].tolist() == [SMALL, SHOWN, BESIDE]
    assert not chosen.exposed[:3].any()


def test_two_small_figures_that_cannot_fill_each_other_take_a_third():
    counts = make_counts([
        (2024, "a", "k", "f", 3, 50), (2024, "b", "k", "f", 2, 40), (2024, "c", "k", "f", 20, 80), *SMALL_ELSEWHERE
    ])  # fmt: skip
    # of a and b together 5 have it: that a has at most 5 would be known, and it should reach 9
    assert choose_hidden(counts, SCB_RULE).why[:3].tolist() == [SMALL, SMALL, BESIDE]
    enough = make_counts([
        (2024, "a", "k", "f", 3, 50), (2024, "b", "k", "f", 9, 18), (2024, "e", "k", "f", 4, 40),
        (2024, "c", "k", "f", 20, 80), *SMALL_ELSEWHERE,
    ])  # fmt: skip
    # for a the others hold 9 + 4 >= 6 with and 9 + 36 >= 3 without; for b 7 >= 6 and 83 >= 6; for e 12 >= 6, 56 >= 4
    assert choose_hidden(enough, SCB_RULE).why[:4].tolist() == [SMALL, SMALL, SMALL, SHOWN]


def test_a_small_denominator_needs_others_too():
    own = [(2024, "a", "k", "f", 8, 16), (2024, "b", "k", "f", 2, 5)]
    counts = make_counts(own)
    hidden = np.ones(2, bool)
    # of 16 pupils in a: the sum of both is 21, and b has at least one: 15 to 20, and 22 is promised
    assert find_exposed(counts, SCB_RULE, whole_slack(counts, hidden), hidden).tolist() == [True, False]


def test_the_only_person_of_an_area_serves_nobody():
    counts = make_counts([(2024, "a", "k", "f", 3, 50), *[(2024, f"b{i}", "k", "f", 1, 1) for i in range(8)]])
    hidden = np.ones(9, bool)
    assert whole_slack(counts, hidden).down.tolist() == [3] + [0] * 8
    assert find_exposed(counts, SCB_RULE, whole_slack(counts, hidden), hidden)[0]


def test_all_of_a_kommun_hidden_and_still_close_is_exposed():
    counts = make_counts([(2024, "a", "k", "f", 3, 50), (2024, "b", "k", "f", 2, 40), *SMALL_ELSEWHERE])
    chosen = choose_hidden(counts, SCB_RULE)
    assert chosen.why[:2].tolist() == [SMALL, SMALL]
    assert chosen.exposed[:2].all()


def test_what_another_year_hides_is_hidden_again_and_the_same_figure_always():
    counts = make_counts([
        (2023, "a", "k", "f", 3, 50), (2023, "b", "k", "f", 40, 90), (2023, "c", "k", "f", 20, 80),
        (2024, "a", "k", "f", 30, 50), (2024, "b", "k", "f", 41, 91), (2024, "c", "k", "f", 20, 80),
        *SMALL_ELSEWHERE, *[(2023, *row[1:]) for row in SMALL_ELSEWHERE],
    ])  # fmt: skip
    chosen = choose_hidden(counts, SCB_RULE)
    assert chosen.why[:3].tolist() == [SMALL, SHOWN, BESIDE]
    assert chosen.why[3:6].tolist() == [SHOWN, SHOWN, SAME]  # c has 20 of 80 in both years


def test_a_mean_over_all_areas_covers_six_hidden_figures_or_none():
    counts = make_counts([(2024, "a", "k", "f", 3, 50), (2024, "b", "k", "f", 40, 90), *MANY])
    why = choose_hidden(counts, SCB_RULE).why
    assert (why == SMALL).sum() == 1
    assert (why == BESIDE).sum() == 1
    assert (why == FEW_HIDDEN).sum() == 4
    assert not (choose_hidden(make_counts(MANY), SCB_RULE).why != SHOWN).any()


@pytest.mark.parametrize(("residents", "small"), [(0, False), (1, True), (20, True), (21, False)])
def test_few_residents_are_small(residents, small):
    counts = make_counts([(2024, "a", "k", RESIDENTS, np.nan, residents), (2024, "b", "k", RESIDENTS, np.nan, 400)])
    assert choose_hidden(counts, SCB_RULE).why.tolist() == [SMALL if small else SHOWN, BESIDE if small else SHOWN]


def test_what_was_shown_before_hides_nothing_any_more():
    counts = make_counts([
        (2024, "a", "k", "f", 3, 50), (2024, "b", "k", "f", 40, 90), (2024, "c", "k", "f", 20, 80), *SMALL_ELSEWHERE
    ])  # fmt: skip
    opened = np.arange(len(counts.year)) == 2  # c, the cheapest, was shown before
    chosen = choose_hidden(replace(counts, opened=opened), SCB_RULE)
    assert chosen.why[:3].tolist() == [SMALL, BESIDE, SHOWN]
    all_shown = choose_hidden(replace(counts, opened=np.isin(np.arange(len(counts.year)), (1, 2))), SCB_RULE)
    assert all_shown.why[:3].tolist() == [SMALL, SHOWN, SHOWN]
    assert all_shown.exposed[0]


def test_what_was_hidden_before_stays_hidden():
    counts = make_counts([
        (2024, "a", "k", "f", 3, 50), (2024, "b", "k", "f", 40, 90), (2024, "c", "k", "f", 20, 80), *SMALL_ELSEWHERE
    ])  # fmt: skip
    before = np.arange(len(counts.year)) == 1
    assert choose_hidden(counts, SCB_RULE, None, before).why[:3].tolist() == [SMALL, BEFORE, SHOWN]
