"""k-means on resampled weights: the table is laid out once, and every resample is another vector of weights."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from regso_cluster.clustering import kmeans_search as search
from regso_cluster.clustering._estimators import checked_weights
from regso_cluster.clustering._rows import canonical_order
from regso_cluster.errors import Fault, InputError
from regso_cluster.kernels import kmeans as kernels
from regso_cluster.kernels.kmeans_groups import set_coefficients
from regso_cluster.kernels.kmeans_lloyd import assign

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

MAX_ITER = 300


@dataclass(frozen=True)
class Effort:
    """How hard one fit looks for the best groups.

    Parameters
    ----------
    starts : greedy k-means++ starts, the best of which is kept
    swaps : random swaps after it
    """

    starts: int = 1
    swaps: int = 20


@dataclass(frozen=True)
class ResampledRows:
    """A table laid out for many fits.

    Parameters
    ----------
    points : distinct rows with weight and a value, in canonical order, as the kernels take them
    order : (n_used,) rows of the table, sorted; begins : (n_distinct,) where in `order` each distinct row begins
    weights : (n_used,) in that order
    scale : (n_distinct,) p / observed factors of each distinct row
    n_rows : of the table
    """

    points: search.Points
    order: Integers
    begins: Integers
    weights: Floats
    scale: Floats
    n_rows: int

    @property
    def used(self) -> int:
        """How many rows of the table take part."""
        return len(self.order)

    def spread(self, of_distinct: Integers) -> Integers:
        """Give each row of the table what its distinct row has; -1 for a row that takes no part."""
        out = np.full(self.n_rows, -1, dtype=np.int64)
        out[self.order] = np.repeat(of_distinct, np.diff(self.begins, append=len(self.order)))
        return out


def lay_out(X: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> ResampledRows:
    """Lay a table out.

    Parameters
    ----------
    X : (n_areas, n_factors) scaled, NaN where not observed; an area with nothing observed takes no part
    weights : (n_areas,) residents, >= 0; None weighs areas equally; an area of weight 0 takes no part

    Raises
    ------
    InputError  no table of numbers, an infinite value, weights that do not fit, no area that takes part
    """
    values = np.array(X, dtype=np.float64, order="C", ndmin=2) + 0.0  # -0.0 becomes 0.0
    if values.ndim != 2 or np.isinf(values).any():
        raise InputError(Fault("no table of numbers", "X", "two dimensions, finite or NaN", f"shape {values.shape}"))
    given = checked_weights(weights, len(values), "weights")
    missing = np.isnan(values)
    points = search.prepare(values, missing, given)
    order, begins = canonical_order(values, missing, given, np.flatnonzero((given > 0) & ~missing.all(axis=1)))
    if not len(order):
        raise InputError(Fault("no area takes part", "X", hint="Give areas with a weight and an observed factor."))
    p = values.shape[1]
    scale = p / (p - missing[points.first].sum(axis=1))
    return ResampledRows(points, order, begins, given[order], scale, len(values))


def reweighted(layout: ResampledRows, times: Floats | Integers) -> search.Points:
    """Give the points with each row of `layout.order` counted `times` (n_used,) its weight; 0 leaves it out."""
    per_row = np.add.reduceat(times * layout.weights, layout.begins)
    effective = per_row * layout.scale
    padded = np.zeros(layout.points.weights.shape)
    padded.reshape(-1)[: len(effective)] = effective
    total = float((padded * layout.points.squares).sum())
    return replace(layout.points, weights=padded, cumulative=np.cumsum(effective), row_weights=per_row, total=total)


@dataclass(frozen=True)
class Fit:
    """Groups found by one fit.

    Parameters
    ----------
    labels : (n_distinct,) nearest centre of every distinct row, also of those of weight 0
    centres : (k, p) less the shift of the points
    objective : weighted sum of squared distances within groups
    """

    labels: Integers
    centres: Floats
    objective: float


def fit(points: search.Points, k: int, seed: np.random.SeedSequence, effort: Effort) -> Fit | None:
    """Find k groups in this thread; None where fewer than k rows have weight.

    Greedy k-means++ starts (Arthur and Vassilvitskii 2007), Lloyd's iteration, random swaps (Fränti 2018) from the
    best of them. At the end each row goes to its nearest centre.
    """
    if int((points.row_weights > 0).sum()) < k:
        return None
    generator = np.random.Generator(np.random.PCG64(seed))
    p = len(points.shift)
    uniforms = generator.random((effort.starts, k, 2 + int(np.log(k))))
    centres, labels = np.zeros((k, p)), np.zeros(points.weights.shape, dtype=np.int64)
    explained, iterations = np.zeros(effort.starts), np.zeros(effort.starts, dtype=np.int64)
    rows = points.rows()
    best = kernels.restarts(rows, uniforms, search.BLOCKS, MAX_ITER, explained, iterations, centres, labels)
    most = float(explained[best])
    if effort.swaps:
        drawn = generator.random((effort.swaps, 2))
        _, most = kernels.swaps(rows, drawn, search.BLOCKS, MAX_ITER, search.PATIENCE, centres, labels)
        labels = nearest(points, centres)
    n = len(points.row_weights)
    return Fit(labels.reshape(-1)[:n].copy(), centres, max(points.total - float(most), 0.0))


def nearest(points: search.Points, centres: Floats) -> Integers:
    """Give every lane its nearest centre, (blocks, 64); centres (k, p) less the shift, ties to the lowest."""
    k = len(centres)
    q = points.planes.shape[1]
    coefficients = np.empty((k + k % 2, q + 1))
    set_coefficients(points.mask_plane, centres, coefficients)
    labels = np.full(points.weights.shape, -1, dtype=np.int64)
    change, pick = np.empty((k, q + 2)), np.empty(search.LANES, dtype=np.int64)
    assign(points.planes, points.weights, coefficients, labels, change, pick)
    return labels
