from __future__ import annotations

import numpy as np
import pytest

from regso_cluster.certainty.dial import Dial
from regso_cluster.certainty.sensitivity import (
    alone,
    changed,
    lay_out_runs,
    match_labels,
    often_listed,
    places_moved,
    share_changed,
    sobol_indices,
)
from regso_cluster.errors import InputError


def test_ishigami():
    # y = sin a + 7 sin^2 b + 0.1 c^4 sin a, a b c uniform on -pi .. pi. Variances: V1 = (1 + 0.1 pi^4 / 5)^2 / 2,
    # V2 = 49 / 8, V13 = 0.01 pi^8 (1 / 18 - 1 / 50); Ishigami and Homma (1990)
    design = lay_out_runs(("a", "b", "c"), 5 * 4096, seed=1)
    a, b, c = (2 * np.pi * design.points.T) - np.pi
    found = sobol_indices(design, np.sin(a) + 7 * np.sin(b) ** 2 + 0.1 * c**4 * np.sin(a))
    one, two, both = (1 + 0.1 * np.pi**4 / 5) ** 2 / 2, 49 / 8, 0.01 * np.pi**8 * (1 / 18 - 1 / 50)
    whole = one + two + both
    assert found["first"].to_numpy() == pytest.approx([one / whole, two / whole, 0], abs=0.03)
    assert found["total"].to_numpy() == pytest.approx([(one + both) / whole, two / whole, both / whole], abs=0.03)
    within = np.abs(found["total"] - np.array([one + both, two, both]) / whole) <= 1.5 * found["total_error"]
    assert within.all()


def test_additive_toy_with_choices_of_several_dials():
    # y = 3 a1 + 4 a2 + 5 b + 0 c on 0 .. 1: variances 9, 16, 25 and 0 twelfths; a is one choice with two dials
    design = lay_out_runs(("a", "a", "b", "c"), 5 * 1024, seed=3)
    assert design.groups == ("a", "b", "c")
    output = design.points @ np.array([3.0, 4.0, 5.0, 0.0])
    found = sobol_indices(design, output)
    assert found["first"].to_numpy() == pytest.approx([0.5, 0.5, 0.0], abs=0.03)
    assert found["total"].to_numpy() == pytest.approx([0.5, 0.5, 0.0], abs=0.03)
    assert found["first"].sum() == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("dials", [1, 2, 4])
def test_one_choice_alone_takes_all(dials):
    design = lay_out_runs(("a",) * dials, 3 * 64)
    assert design.points.shape == (3 * 64, dials)
    for one, with_a, last in design.points.reshape(64, 3, dials):
        assert (one != last).all()
        assert np.array_equal(with_a, last)
    found = sobol_indices(design, design.points.sum(axis=1))
    assert found.index.tolist() == ["a"]
    assert found[["first", "total"]].to_numpy() == pytest.approx(1, abs=0.15)


def test_a_failed_run_takes_its_block_out():
    design = lay_out_runs(("a", "b"), 4 * 256, seed=2)
    output = design.points @ np.array([1.0, 2.0])
    spoilt = output.copy()
    spoilt[4 * 7 + 2] = np.nan
    found = sobol_indices(design, spoilt)
    assert found["total"].to_numpy() == pytest.approx([0.2, 0.8], abs=0.06)
    assert not found.equals(sobol_indices(design, output))
    assert sobol_indices(design, np.full(len(output), np.nan)).isna().all(axis=None)


def test_an_output_that_never_varies_has_no_shares():
    design = lay_out_runs(("a", "b"), 64)
    assert sobol_indices(design, np.full(len(design.points), 5.0)).isna().all(axis=None)


def test_the_layout_is_blocks_that_differ_in_one_choice():
    design = lay_out_runs(("a", "a", "b"), 40, seed=0)
    assert (design.block, design.n_blocks) == (4, 8)  # 8 blocks of 4 are the largest power of two within 40
    for block in design.points.reshape(8, 4, 3):
        first, with_a, with_b, last = block
        assert np.array_equal(with_a, [last[0], last[1], first[2]])
        assert np.array_equal(with_b, [first[0], first[1], last[2]])


def test_too_few_runs():
    with pytest.raises(InputError, match="Ask for 8 runs"):
        lay_out_runs(("a", "b"), 7)


def test_changes_by_hand():
    # of four areas with a group in either, two differ; residents 10 + 40 of 100; the last has no group in both
    one, two = np.array([1, 2, 3, -1, -1]), np.array([2, 2, 3, 1, -1])
    assert changed(one, two, np.array([10.0, 20, 30, 40, 1000])) == (0.5, 0.5)
    assert changed(np.array([-1]), np.array([-1]), np.ones(1)) == (0.0, 0.0)
    areas, people = changed(one, two, np.zeros(5))
    assert areas == 0.5
    assert np.isnan(people)  # nobody is known to live there: not that nobody moved


def test_shares_by_hand():
    design = lay_out_runs(("a", "b"), 8)
    assert design.n_blocks == 2
    residents = np.array([1.0, 3.0])
    # block 1: a moves area 0, b moves nobody; block 2: a moves nobody, b moves both
    labels = np.array([[1, 1], [2, 1], [1, 1], [9, 9], [1, 1], [1, 1], [2, 2], [9, 9]])
    found = share_changed(design, labels, residents)
    assert found.loc["a"].tolist() == [0.25, 0.125]
    assert found.loc["b"].tolist() == [0.5, 0.5]
    labels[5] = -1  # a failed run: its block does not count
    assert share_changed(design, labels, residents).loc["a"].tolist() == [0.5, 0.25]
    labels[0] = -1
    assert share_changed(design, labels, residents).isna().all(axis=None)


def test_clusters_of_two_runs_are_matched_before_they_are_compared():
    design = lay_out_runs(("a", "b"), 8)
    # a gives the same two groups under other numbers; of b the larger group is the 7, by the residents of the last area
    block = [[0, 0, 7, 7], [7, 7, 0, 0], [9, 9, 8, 9], [0, 0, 0, 0]]
    found = share_changed(design, np.array(block * 2), np.array([1.0, 1, 1, 5]), named=False)
    assert found.loc["a"].tolist() == [0.0, 0.0]
    assert found.loc["b"].tolist() == [0.75, 3 / 8]
    assert share_changed(design, np.array(block * 2), np.ones(4)).loc["a"].tolist() == [1.0, 1.0]


def test_places_moved_by_hand():
    design = lay_out_runs(("a", "b"), 8)
    rank = np.array([[1, 2], [2, 1], [1, 2], [9, 9], [1, 2], [1, 2], [np.nan, 4], [9, 9]], dtype=float)
    # a: both areas by one place in block 1, none in block 2; b: none in block 1, in block 2 one area by two
    assert places_moved(design, rank).to_dict() == {"a": 0.5, "b": pytest.approx(2 / 3)}
    rank[6] = np.nan  # a failed run: block 2 does not count
    assert places_moved(design, rank).to_dict() == {"a": 1.0, "b": 0.0}
    assert places_moved(design, np.full((8, 2), np.nan)).isna().all()


def test_groups_get_the_numbers_they_share_residents_with():
    # group 1 is mostly the reference's 0 by residents, though not by areas; group 2 has no partner left
    labels, reference = np.array([1, 1, 1, 0, 0, 2, -1]), np.array([0, 1, 1, 1, 1, 1, 0])
    residents = np.array([50.0, 1, 1, 10, 10, 5, 7])
    assert match_labels(labels, reference, residents).tolist() == [0, 0, 0, 1, 1, 4, -1]
    # nobody of group 1 is in the reference's 1: it is no partner, though one is left
    assert match_labels(np.array([0, 0, 1, -1]), np.array([0, 0, 0, 1]), np.ones(4)).tolist() == [0, 0, 3, -1]
    assert match_labels(np.array([-1]), np.array([0]), np.ones(1)).tolist() == [-1]
    # without residents by areas
    assert match_labels(labels, reference, np.zeros(7)).tolist() == match_labels(labels, reference, np.ones(7)).tolist()


def test_how_often_an_area_is_listed():
    listed = np.array([[True, False], [True, True], [False, False]])
    assert often_listed(listed, np.array([True, True, False])).tolist() == [1.0, 0.5]
    assert np.isnan(often_listed(listed, np.zeros(3, dtype=bool))).all()


def test_runs_with_one_choice_alone():
    dials = (Dial("a", ("p",), options=("x", "y")), Dial("b", ("q",), low=1.0, high=2.0),
             Dial("c", ("r.0",), low=0.0, high=1.0), Dial("c", ("r.1",), low=0.0, high=1.0))  # fmt: skip
    runs = alone(dials, ("a", "b", "c"), lambda _: "x")
    assert runs == [
        ("a", "y", {"p": "y"}), ("b", "1", {"q": 1.0}), ("b", "2", {"q": 2.0}), ("c", "r.0 low", {"r.0": 0.0}),
        ("c", "r.0 high", {"r.0": 1.0}), ("c", "r.1 low", {"r.1": 0.0}), ("c", "r.1 high", {"r.1": 1.0}),
    ]  # fmt: skip
