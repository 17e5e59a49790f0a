"""What a group says of a hidden figure."""

from __future__ import annotations

import pandas as pd

from regso_cluster.intruder.labels import numerators_on, read_sides
from regso_cluster.intruder.reading import Evidence, Exhibit

METHOD = {
    "factors": [{"key": key, "unit": "per cent", "worse": "high"} for key in "abc"],
    "composite": {"groups": [{"rule": {"at_least": 2}}, {"rule": {"at_least": 1}}]},
}


def sides(a, b, c, group):
    cells = {"code": ["0114R001"], "a_problem": [a], "b_problem": [b], "c_problem": [c], "composite_group": [group]}
    areas = pd.DataFrame(cells, dtype=object)
    found = read_sides(Evidence((Exhibit("x", 2024, areas),), (), {}, {2024: METHOD}))
    return {key: side for (_, _, key), side in found.items()}


def test_a_group_that_only_one_side_explains():
    assert sides(False, False, None, 3) == {"a": False, "b": False, "c": False}
    assert sides(False, False, None, 2) == {"a": False, "b": False, "c": True}
    assert sides(True, None, None, 2) == {"a": True, "b": False, "c": False}


def test_a_group_that_several_explain_says_nothing():
    assert sides(False, None, None, 2) == {"a": False}
    assert sides(True, None, None, None) == {"a": True}


def test_numerators_on_a_side_by_hand():
    factor = {"key": "a", "unit": "per cent", "worse": "high"}
    # of 3 persons more than 40 per cent are 2 or 3
    assert numerators_on(True, factor, 40.0, 3) == range(2, 4)
    assert numerators_on(False, factor, 40.0, 3) == range(2)
    at_least = factor | {"limit": {"at_least": 50.0, "unit": "per cent"}}
    assert numerators_on(True, at_least, 50.0, 4) == range(2, 5)
