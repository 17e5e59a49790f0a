from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import coo_array, csr_array, csr_matrix

from regso_cluster.clustering.graphs import centred, neighbour_graph, require_regions
from regso_cluster.errors import InputError
from tests.clustering.region_cases import grid

PATH = csr_array(np.abs(np.arange(4)[:, None] - np.arange(4)) == 1)  # 0 - 1 - 2 - 3
PAIRS = pd.DataFrame({"a": ["A", "C", "D"], "b": ["B", "B", "C"], "shared_m": [1.0, 0.0, 3.0]})
NAMES = pd.Index(list("ABCD"))


@pytest.mark.parametrize(
    ("connectivity", "names"),
    [
        (PATH, None),
        (csr_matrix(PATH), None),
        (coo_array(PATH), None),
        (PATH * 0.25 + csr_array(np.eye(4)), None),
        ((PATH.indptr, PATH.indices), None),
        ((PATH.indptr, PATH.indices, PATH.data), None),
        (PAIRS, NAMES),
        (pd.concat([PAIRS, PAIRS.rename(columns={"a": "b", "b": "a"})[["a", "b"]]]), NAMES),
        (pd.DataFrame({"a": [0, 2, 3], "b": [1, 1, 2]}), None),
    ],
    ids=[
        "csr",
        "matrix",
        "coo",
        "values and diagonal",
        "arrays",
        "arrays and data",
        "codes",
        "twice",
        "places",
    ],
)
def test_every_way_to_say_who_borders_on_whom(connectivity, names):
    graph = neighbour_graph(connectivity, 4, names)
    assert graph.indptr.tolist() == [0, 1, 3, 5, 6]
    assert graph.indices.tolist() == [1, 0, 2, 1, 3, 2]
    assert graph.n_components == 1
    assert repr(graph) == "NeighbourGraph(4 areas, 3 pairs, 1 components, 0 without neighbours)"


def test_explicit_zeros_are_no_neighbours():
    matrix = coo_array(([1.0, 1.0, 0.0, 0.0], ([0, 1, 1, 2], [1, 0, 2, 1])), shape=(3, 3))
    graph = neighbour_graph(matrix, 3)
    assert graph.indices.tolist() == [1, 0]
    assert graph.component.tolist() == [0, 0, 1]
    assert graph.n_components == 2


def test_none_is_the_complete_graph():
    graph = neighbour_graph(None, 3)
    assert (graph.indptr.tolist(), graph.indices.tolist()) == ([0, 2, 4, 6], [1, 2, 0, 2, 0, 1])
    assert neighbour_graph(None, 1).n_components == 1


def test_the_graph_cannot_be_changed():
    graph = neighbour_graph(PATH, 4)
    with pytest.raises(ValueError, match="read-only"):
        graph.indices[0] = 3


@pytest.mark.parametrize(
    ("connectivity", "names", "message"),
    [
        (np.eye(4), None, "Wrap a dense matrix in scipy.sparse.csr_array"),
        (grid(2, 3), None, "one row for each row of X"),
        ((PATH.indptr[:-1], PATH.indices), None, "one row for each row of X"),
        ((PATH.indptr, PATH.indices[:-1]), None, "indptr from 0 to 6 for 5 indices"),
        ((PATH.indptr.astype(float), PATH.indices), None, "not CSR arrays"),
        ((PATH.indptr, PATH.indices + 1), None, "expected 0 to 3, got 1 others, first 4"),
        (csr_array(np.triu(PATH.toarray())), None, r"3 pairs in one row only.*connectivity.maximum"),
        (PAIRS, pd.Index(list("ABCX")), "1 others: D"),
        (PAIRS, pd.Index(list("ABCC")), "Give each area one row"),
        (PAIRS, None, r"whose index holds the codes \(after a scaler.*set_output"),
        (PAIRS, pd.RangeIndex(4), "holds no code of the pairs"),
        (csr_array(np.where(PATH.toarray() > 0, np.nan, 0)), None, r"connectivity\[0, 1\].*got nan"),
        (PAIRS[["a"]], NAMES, "names two areas"),
        (pd.DataFrame({"a": [0], "b": [4]}), None, "first 4"),
    ],
)  # fmt: skip
def test_what_is_refused(connectivity, names, message):
    with pytest.raises(InputError, match=message):
        neighbour_graph(connectivity, 4, names)


def test_more_parts_than_regions():
    graph = neighbour_graph(csr_array((5, 5)), 5)
    require_regions(graph, 5)
    with pytest.raises(InputError, match="ask for 5 or more, or add neighbour pairs"):
        require_regions(graph, 4)


def test_centred():
    X = np.array([[1.0], [4.0]])
    assert centred(X, np.array([2.0, 1.0])).tolist() == [[-1.0], [2.0]]
    assert X.tolist() == [[1.0], [4.0]]
    for wrong, message in [
        (np.nan, r"X\[1, 0\].*contains NaN.*Impute"),
        (-np.inf, r"X\[1, 0\].*contains infinity"),
        (1e151, "power of ten"),
    ]:
        with pytest.raises(InputError, match=message):
            centred(np.array([[1.0], [wrong]]), np.ones(2))


def test_all_pairs_of_too_many_areas_are_refused_before_they_are_made():
    with pytest.raises(InputError, match="too many areas for all pairs") as refused:
        neighbour_graph(None, 46_341)
    assert "connectivity" in refused.value.faults[0].hint
