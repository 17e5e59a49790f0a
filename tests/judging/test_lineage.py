from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from regso_cluster.judging.lineage import Known, match_groups, number_groups, overlap, trace_groups
from regso_cluster.method import Text


def text(*names):
    return tuple(Text(name, name) for name in names)


def test_overlap_by_hand():
    before, now = np.array([0, 0, 1, -1, 1]), np.array([1, 1, 0, 0, -1])
    shared = overlap(before, now, np.array([10.0, 5, 7, 100, 100]), (2, 2))
    assert shared.tolist() == [[0, 15], [7, 0]]


@pytest.mark.parametrize("seed", range(20))
def test_the_match_is_the_best_of_all_assignments(seed):
    generator = np.random.default_rng(seed)
    shared = generator.uniform(1, 100, (4, 4))
    old, new = generator.normal(size=(4, 3)), generator.normal(size=(4, 3))
    either = shared.sum(1)[:, None] + shared.sum(0) - shared
    distance = np.array([[np.linalg.norm(a - b) for b in new] for a in old])
    gain = shared / either + 1 - distance / distance.max()
    best = max(permutations(range(4)), key=lambda order: sum(gain[old, now] for old, now in enumerate(order)))
    assert match_groups(shared, old, new) == {now: old for old, now in enumerate(best)}


def test_groups_without_a_common_resident_are_no_match():
    shared = np.array([[5.0, 0], [0, 0]])
    centres = np.array([[0.0], [1.0]])
    assert match_groups(shared, centres, centres) == {0: 0}


def test_as_many_groups_as_there_are():
    shared = np.array([[5.0, 0, 4], [0, 9, 0]])
    match = match_groups(shared, np.array([[0.0], [1]]), np.array([[0.0], [1], [0.1]]))
    assert match == {0: 0, 1: 1}


def test_numbers_and_names_by_hand():
    # last year's 2 and 5; today position 0 continues 5, position 1 continues 2 but is called otherwise and moved far
    named_before = {0: np.array([1.0]), 1: np.array([3.0])}
    before = Known((2, 5), dict(enumerate(text("two", "five"))), named_before)
    made = number_groups({0: 1, 1: 0}, np.array([[3.4], [2.0]]), text("other", "five"), before, 9, 0.5)
    assert made.numbers == (5, 10)
    assert made.left == (2,)
    assert made.order.tolist() == [0, 1]
    # position 0 would be called otherwise, but moved 0.4 only: it keeps name and the centre it was named at;
    # the new group would be called as an older one still is, so that it gets its number
    assert [name.sv for name in made.names] == ["five", "five (10)"]
    assert made.named_at.tolist() == [[3.0], [2.0]]
    exactly = number_groups({0: 1, 1: 0}, np.array([[3.5], [1.5]]), text("other", "else"), before, 9, 0.5)
    assert exactly.numbers == (2, 5)
    assert exactly.order.tolist() == [1, 0]


def test_a_cluster_whose_name_is_in_other_words_keeps_its_number():
    known = Known((2,), {0: Text("nöd", "need")}, {0: np.array([1.0])}, {0: Text("brist", "lack")})
    far = np.array([[9.0]])
    assert number_groups({0: 0}, far, (Text("brist", "lack"),), known, 2, 0.5).numbers == (2,)
    assert number_groups({0: 0}, far, (Text("annat", "other"),), known, 2, 0.5).numbers == (3,)


def trace(before, now, residents=None):
    before, now = pd.array(before, dtype="Int8"), pd.array(now, dtype="Int8")
    names = {number: Text(f"g{number}", f"g{number}") for number in range(1, 9)}
    weights = pd.Series(residents or [1.0] * len(before))
    return trace_groups(pd.Series(before), pd.Series(now), weights, names).set_index("cluster")


def test_fates_by_hand():
    table = trace(
        [1, 1, 1, 1, 2, 2, 3, 3, 3, 4, None, 5, 6],
        [1, 1, 1, 2, 2, 2, 3, 7, 7, 5, 8, 5, None],
    )
    # 2 keeps its two and takes one in four of 1; 3 loses two of three to 7; all of 4 goes to 5, which keeps its own
    assert table["fate"].to_dict() == {
        1: "split", 2: "kept", 3: "split", 4: "gone", 5: "merged", 6: "gone", 7: "new", 8: "new",
    }  # fmt: skip
    assert table.loc[1, "share_kept"] == 0.75
    assert table.loc[1, "share_from"] == 1.0
    assert table.loc[2, "came_from"] == "2: 67, 1: 33"
    assert table.loc[3, "went_to"] == "7: 67, 3: 33"
    assert np.isnan(table.loc[8, "share_kept"])
    assert table.loc[8, "came_from"] == ""
    assert table["areas"].sum() == 12


def test_residents_weigh():
    table = trace([1, 1], [1, 2], [90.0, 10.0])
    assert table.loc[1, "share_kept"] == 0.9
    assert table.loc[1, "fate"] == "kept"
    assert trace([1, 1], [1, 2], [75.0, 25.0]).loc[1, "fate"] == "split"
    assert table.loc[1, "residents"] == 90


def test_half_of_the_residents_are_enough_for_a_merger():
    # group 1 has half of its residents from 1 and half of 2's: exactly one half each
    assert trace([1, 1, 2, 2], [1, 3, 1, 3]).loc[1, "fate"] == "merged"
    assert trace([1, 1, 2, 2], [1, 3, 1, 3], [1.0, 1.01, 1.0, 1.01]).loc[1, "fate"] != "merged"
