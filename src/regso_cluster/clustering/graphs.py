"""Who borders on whom, checked at the door: one immutable neighbour graph for all methods with contiguity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse
from numpy.typing import NDArray

from regso_cluster.clustering._numbers import refuse_extremes
from regso_cluster.errors import Fault, InputError
from regso_cluster.kernels.trees import graph_components

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SHOWN_CODES = 5  # strange codes named in one message
MOST_COMPLETE = 46_340  # areas of which all pairs can still be numbered in the 32 bits of the kernels


@dataclass(frozen=True, repr=False)
class NeighbourGraph:
    """A symmetric graph without loops, as compressed sparse rows.

    The neighbours of area i are `indices[indptr[i]:indptr[i + 1]]`, ascending; each pair stands in both rows.

    Parameters
    ----------
    indptr : (n + 1,) int64
    indices : (2 m,) int64
    component : (n,) int64, the connected part of each area, numbered by its lowest area
    n_components : number of parts; an area without neighbours is a part of its own
    """

    indptr: Integers
    indices: Integers
    component: Integers
    n_components: int

    def __repr__(self) -> str:
        alone = int((np.diff(self.indptr) == 0).sum())
        pairs = self.indices.size // 2
        return (
            f"NeighbourGraph({self.component.size} areas, {pairs} pairs, {self.n_components} components, "
            f"{alone} without neighbours)"
        )


def neighbour_graph(connectivity: Any, n_areas: int, names: pd.Index | None = None) -> NeighbourGraph:
    """Make a graph of what a user has: a sparse matrix, CSR arrays, a table of pairs, or nothing.

    Parameters
    ----------
    connectivity :
        a scipy sparse matrix or array (n, n): entries other than 0 are neighbours, the diagonal is ignored;
        a tuple that begins with (indptr, indices), for example `areas.shapes.neighbour_arrays(codes)`;
        a DataFrame whose first two columns name a pair, each pair once or twice, further columns ignored;
        None: every area borders on every other, O(n^2) memory
    n_areas : number of areas
    names : the areas in order, what the pairs of a DataFrame name; None: pairs hold positions 0 .. n - 1

    Raises
    ------
    InputError
        another size than n_areas; a matrix that is not symmetric; a pair that names an unknown area

    Notes
    -----
    Nothing is completed: parts without a path between them stay apart.
    """
    if connectivity is None:
        return _graph(*_complete(n_areas))
    if scipy.sparse.issparse(connectivity):
        return _graph(*_of_matrix(connectivity, n_areas))
    if isinstance(connectivity, pd.DataFrame):
        return _graph(*_of_pairs(connectivity, n_areas, names))
    if isinstance(connectivity, tuple) and len(connectivity) >= 2:
        return _graph(*_of_arrays(connectivity[0], connectivity[1], n_areas))
    raise InputError(
        Fault(
            what="connectivity of an unknown kind",
            where="connectivity",
            expected="a scipy sparse matrix, a tuple (indptr, indices), a DataFrame of pairs, or None",
            got=type(connectivity).__name__,
            hint="Wrap a dense matrix in scipy.sparse.csr_array",
        )
    )


def require_regions(graph: NeighbourGraph, n_clusters: int) -> None:
    """Refuse fewer regions than there are connected parts: no region can span two of them.

    Raises
    ------
    InputError  with the number of regions needed at least
    """
    if n_clusters < graph.n_components:
        raise InputError(
            Fault(
                what="more connected parts than regions asked for",
                where="connectivity",
                expected=f"at most {n_clusters} parts, as n_clusters={n_clusters}",
                got=f"{graph.n_components} parts",
                hint=f"Each island or separate part is at least one region: ask for {graph.n_components} or "
                "more, or add neighbour pairs that join the parts (bridges, ferries)",
            )
        )


def centred(X: Floats, weights: Floats) -> Floats:
    """Move the weighted mean of each column to 0, which keeps the most digits in the sums.

    Raises
    ------
    InputError  see `require_finite`
    """
    require_finite(X)
    moved: Floats = np.ascontiguousarray(X - (weights @ X) / weights.sum())
    return moved


def require_finite(X: Floats) -> None:
    """Refuse a value that is missing or infinite, and what `refuse_extremes` does; say where the first one stands."""
    wrong = np.argwhere(~np.isfinite(X))
    if len(wrong):
        row, column = (int(place) for place in wrong[0])
        kind = "NaN" if np.isnan(X[row, column]) else "infinity"
        raise InputError(
            Fault(
                what=f"X contains {kind}",
                where=f"X[{row}, {column}]",
                expected="finite values: regions are not formed from areas that lack a factor",
                got=f"{len(wrong)} cells that are NaN or infinity",
                hint="Impute the cells, or drop the factor; dropping an area would cut its neighbours apart",
            )
        )
    refuse_extremes(X)


def reordered(graph: NeighbourGraph, order: Integers) -> NeighbourGraph:
    """Number the areas anew: area i of the result is area `order[i]` of the graph.

    Parameters
    ----------
    order : (n,) every area once
    """
    n = order.size
    if graph.indices.size == n * (n - 1):
        return graph
    place = np.empty(n, np.int64)
    place[order] = np.arange(n)
    counts = np.diff(graph.indptr)[order]
    indptr = np.concatenate(([0], np.cumsum(counts)))
    taken = np.arange(graph.indices.size) + np.repeat(graph.indptr[order] - indptr[:-1], counts)
    moved = scipy.sparse.csr_array((np.ones(taken.size, np.int8), place[graph.indices[taken]], indptr), shape=(n, n))
    sorted_rows = moved.tocsc()  # a symmetric matrix by columns is that matrix by rows, each row in order
    return _graph(sorted_rows.indptr.astype(np.int64), sorted_rows.indices.astype(np.int64))


def _graph(indptr: Integers, indices: Integers) -> NeighbourGraph:
    component = np.empty(indptr.size - 1, np.int64)
    count = int(graph_components(indptr, indices, component))
    for array in (indptr, indices, component):
        array.setflags(write=False)
    return NeighbourGraph(indptr, indices, component, count)


def _complete(n_areas: int) -> tuple[Integers, Integers]:
    if n_areas > MOST_COMPLETE:
        hint = "Give the neighbours of the areas as `connectivity`."
        raise InputError(
            Fault(
                "too many areas for all pairs as neighbours",
                "connectivity",
                f"at most {MOST_COMPLETE:,}",
                f"{n_areas:,}",
                hint,
            )
        )
    indptr = np.arange(n_areas + 1, dtype=np.int64) * (n_areas - 1)
    column = np.arange(n_areas * (n_areas - 1), dtype=np.int64) % max(n_areas - 1, 1)
    row = np.repeat(np.arange(n_areas), n_areas - 1)
    return indptr, column + (column >= row)


def _of_matrix(matrix: Any, n_areas: int) -> tuple[Integers, Integers]:
    if matrix.shape != (n_areas, n_areas):
        raise _wrong_size(str(matrix.shape), f"({n_areas}, {n_areas})")
    pairs = matrix.tocoo()
    unknown = pairs.data != pairs.data  # NaN, in whatever dtype
    if unknown.any():
        a, b = int(pairs.row[unknown][0]), int(pairs.col[unknown][0])
        raise InputError(Fault("not known whether neighbours", f"connectivity[{a}, {b}]", "a number", "nan"))
    off = (pairs.row != pairs.col) & (pairs.data != 0)
    row, column = pairs.row[off], pairs.col[off]
    graph = scipy.sparse.csr_array((np.ones(row.size, np.int8), (row, column)), shape=matrix.shape)
    graph.sum_duplicates()
    return _symmetric(graph)


def _of_arrays(indptr: Any, indices: Any, n_areas: int) -> tuple[Integers, Integers]:
    start, column = np.asarray(indptr), np.asarray(indices)
    if start.shape != (n_areas + 1,):
        raise _wrong_size(f"indptr of shape {start.shape}", f"({n_areas + 1},)")
    whole = np.issubdtype(start.dtype, np.integer) and np.issubdtype(column.dtype, np.integer)
    if not whole or start[0] != 0 or start[-1] != column.size or (np.diff(start) < 0).any():
        raise InputError(
            Fault(
                what="not CSR arrays",
                where="connectivity",
                expected="whole numbers, indptr ascending from 0 to the length of indices",
                got=f"indptr from {start[0]} to {start[-1]} for {column.size} indices",
            )
        )
    row = np.repeat(np.arange(n_areas), np.diff(start))
    _known(column, n_areas)
    return _of_matrix(scipy.sparse.coo_array((np.ones(row.size), (row, column)), shape=(n_areas, n_areas)), n_areas)


def _of_pairs(pairs: pd.DataFrame, n_areas: int, names: pd.Index | None) -> tuple[Integers, Integers]:
    if pairs.shape[1] < 2:
        hint = "Each row names two areas that border on each other"
        raise InputError(Fault("too few columns", "connectivity", "two", str(pairs.shape[1]), hint))
    ends = [pairs.iloc[:, 0], pairs.iloc[:, 1]]
    if names is None:
        places = [end.to_numpy() for end in ends]
        if not all(np.issubdtype(place.dtype, np.integer) for place in places):
            hint = (
                "Fit a DataFrame whose index holds the codes (after a scaler: `.set_output(transform='pandas')`), "
                "or give positions 0 .. n - 1 as integers"
            )
            raise InputError(Fault("pairs name areas that X does not name", "connectivity", hint=hint))
        _known(np.concatenate(places), n_areas)
    else:
        if not names.is_unique:
            raise InputError(Fault("an area twice", "index of X", hint="Give each area one row"))
        places = [names.get_indexer(pd.Index(end)) for end in ends]
        strange = pd.unique(pd.concat([end[place < 0] for end, place in zip(ends, places, strict=True)]))
        if len(strange):
            none = all((place < 0).all() for place in places)
            shown = ", ".join(str(code) for code in strange[:SHOWN_CODES])
            raise InputError(
                Fault(
                    what="pairs name areas that X lacks",
                    where="connectivity",
                    expected="codes of the index of X",
                    got=f"{len(strange)} others: {shown}{', ...' if len(strange) > SHOWN_CODES else ''}",
                    hint="The index of X holds no code of the pairs: `X.set_index(...)`"
                    if none
                    else "Keep the pairs of the areas in X, or add the missing areas",
                )
            )
    row, column = np.concatenate(places), np.concatenate(places[::-1])
    return _of_matrix(scipy.sparse.coo_array((np.ones(row.size), (row, column)), shape=(n_areas, n_areas)), n_areas)


def _symmetric(graph: Any) -> tuple[Integers, Integers]:
    mirror = graph.T.tocsr()
    if not (np.array_equal(graph.indptr, mirror.indptr) and np.array_equal(graph.indices, mirror.indices)):
        one_way = (graph != mirror).tocoo()
        a, b = int(one_way.row[0]), int(one_way.col[0])
        raise InputError(
            Fault(
                what="not symmetric",
                where="connectivity",
                expected="each pair of neighbours in both rows",
                got=f"{one_way.nnz // 2} pairs in one row only, first areas {min(a, b)} and {max(a, b)}",
                hint="Use connectivity.maximum(connectivity.T)",
            )
        )
    return graph.indptr.astype(np.int64), graph.indices.astype(np.int64)


def _known(places: NDArray[Any], n_areas: int) -> None:
    strange = places[(places < 0) | (places >= n_areas)]
    if strange.size:
        got = f"{strange.size} others, first {strange[0]}"
        raise InputError(Fault("position outside", "connectivity", f"0 to {n_areas - 1}", got))


def _wrong_size(got: str, expected: str) -> InputError:
    hint = "The graph must have one row for each row of X, in the same order"
    return InputError(Fault("another number of areas than X", "connectivity", expected, got, hint))
