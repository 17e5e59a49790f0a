"""Distances between areas: which measure, how missing values count, in which pieces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy.linalg import cholesky, solve_triangular
from sklearn.covariance import ledoit_wolf

from regso_cluster.errors import Fault, InputError
from regso_cluster.kernels import distance as kernels
from regso_cluster.kernels._threads import threads

Floats = npt.NDArray[np.float64]
MetricName = Literal["euclidean", "sqeuclidean", "manhattan", "mahalanobis", "gower", "correlation"]
METRICS: tuple[str, ...] = get_args(MetricName)
CHUNK = 16  # rows of a thread's piece; fixed, so that pieces do not depend on the number of threads


@dataclass(frozen=True)
class Metric:
    """A measure of distance with everything it took from the data, so that new rows are measured alike.

    Parameters
    ----------
    name : one of `METRICS`
    weights : (n_factors,) >= 0, the weight of each factor
    partial : a missing value leaves out its factor for the pair; without it missing values are refused
    ranges : (n_factors,) gower: the range that makes a difference 1
    whitening : (n_factors, n_factors) mahalanobis: the lower Cholesky factor of the covariance
    """

    name: MetricName
    weights: Floats
    partial: bool = False
    ranges: Floats | None = None
    whitening: Floats | None = None

    @property
    def power(self) -> int:
        """1 where differences are summed, 2 where their squares are."""
        return 1 if self.name in {"manhattan", "gower"} else 2

    @property
    def root(self) -> bool:
        """Whether the square root of the sum is the distance."""
        return self.name in {"euclidean", "mahalanobis"}

    @property
    def scale(self) -> float:
        """What the sum, or with missing values the mean over what a pair shares, is multiplied by."""
        if self.name == "correlation":
            return 0.5
        return float(self.weights.sum()) if self.partial and self.name != "gower" else 1.0

    def coordinates(self, values: Floats) -> tuple[Floats, Floats | None]:
        """Map values to coordinates whose plain sums of differences are the distances.

        Parameters
        ----------
        values : (n, n_factors), NaN where missing

        Returns
        -------
        (n, n_factors) coordinates, 0 where missing, and (n, n_factors) 1.0 where observed, 0.0 where not; None if all must be observed
        """
        observed = ~np.isnan(values)
        if not self.partial and not observed.all():
            raise InputError(_missing(observed, self.name))
        if self.name == "correlation":
            return _unit_profiles(values, self.weights), None
        if self.whitening is not None:
            scaled = solve_triangular(self.whitening, values.T, lower=True).T
            return np.ascontiguousarray(scaled * np.sqrt(self.weights)), None
        scaled = values
        if self.ranges is not None:
            scaled = values / np.where(self.ranges > 0, self.ranges, 1.0)
        if self.partial:
            return np.where(observed, scaled, 0.0), observed.astype(np.float64)
        return np.ascontiguousarray(scaled * (self.weights if self.power == 1 else np.sqrt(self.weights))), None


@dataclass(frozen=True)
class Distances:
    """Distances from rows to columns.

    Parameters
    ----------
    values : (n_rows, n_columns), NaN where a pair is undefined
    undefined_pairs : pairs with nothing in common (gower, partial) or with a constant profile (correlation);
        between rows of one table each pair counts once
    start : the first row, when the rows are a block of a table
    """

    values: Floats
    undefined_pairs: int
    start: int = 0


@dataclass(frozen=True)
class Neighbours:
    """The nearest rows of every row, nearest first, ties to the lowest index.

    Parameters
    ----------
    indices : (n, k) int64; -1 where fewer than k rows have a distance
    distances : (n, k); infinite there
    """

    indices: npt.NDArray[np.int64]
    distances: Floats


def _missing(observed: npt.NDArray[np.bool_], name: str) -> Fault:
    row, column = (int(k) for k in np.argwhere(~observed)[0])
    return Fault(
        what="missing value",
        where=f"row {row}, column {column}",
        expected=f"no missing value with the metric {name}",
        got=f"{int((~observed).sum())} missing",
        hint="Use metric='gower', or missing='partial' with euclidean, sqeuclidean or manhattan.",
    )


def _unit_profiles(values: Floats, weights: Floats) -> Floats:
    """Centre every row and give it length 1, so that 1 - r is half the squared distance; NaN for a constant row."""
    shares = weights / weights.sum()
    centred = (values - (values * shares).sum(axis=1, keepdims=True)) * np.sqrt(shares)
    used = values[:, weights > 0]
    constant = (used == used[:, :1]).all(axis=1)
    length = np.sqrt((centred * centred).sum(axis=1))
    length[constant] = np.nan
    with np.errstate(invalid="ignore"):
        return np.ascontiguousarray(centred / length[:, None])


def _table(values: Any, n_factors: int | None = None) -> Floats:
    table = np.ascontiguousarray(values, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] == 0 or (n_factors is not None and table.shape[1] != n_factors):
        wanted = "n_factors" if n_factors is None else str(n_factors)
        raise InputError(Fault(what="wrong shape", expected=f"(n, {wanted})", got=str(table.shape)))
    if np.isinf(table).any():
        row, column = (int(k) for k in np.argwhere(np.isinf(table))[0])
        raise InputError(Fault(what="infinite value", where=f"row {row}, column {column}", expected="a finite number"))
    return table


def _factor_weights(factor_weights: Any, n_factors: int) -> Floats:
    if factor_weights is None:
        return np.ones(n_factors)
    weights = np.ascontiguousarray(factor_weights, dtype=np.float64)
    if weights.shape != (n_factors,) or not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise InputError(
            Fault(
                what="wrong factor weights",
                expected=f"{n_factors} numbers >= 0, one of them above 0",
                got=str(weights.tolist()),
            )
        )
    return weights


def shrunk_covariance(values: Any, weights: Any = None) -> Floats:
    """Estimate the covariance of the factors, drawn towards a multiple of the identity so that it can be inverted.

    Parameters
    ----------
    values : (n, n_factors), no missing values
    weights : (n,) >= 0, how many times a row counts; None counts each once. Residents as weights are
        counted as so many observations, and then hardly anything is drawn in.

    Returns
    -------
    (n_factors, n_factors)

    Raises
    ------
    InputError  missing values; negative weights

    Notes
    -----
    Ledoit and Wolf (2004), A well-conditioned estimator for large-dimensional covariance matrices, section 3.2.
    Without weights this is `sklearn.covariance.ledoit_wolf`.
    """
    table = _table(values)
    observed = ~np.isnan(table)
    if not observed.all():
        raise InputError(_missing(observed, "mahalanobis"))
    if weights is None:
        return np.asarray(ledoit_wolf(table)[0], dtype=np.float64)
    counts = np.ascontiguousarray(weights, dtype=np.float64)
    if counts.shape != (len(table),) or not (counts >= 0).all() or not counts.any():
        raise InputError(Fault(what="wrong weights", expected=f"{len(table)} numbers >= 0, one of them above 0"))
    n, p = counts.sum(), table.shape[1]
    centred = table - (counts @ table) / n
    covariance = (centred.T * counts) @ centred / n
    mean = np.trace(covariance) / p
    squares = centred * centred
    spread = float((covariance * covariance).sum())
    noise = (float(((squares.T * counts) @ squares).sum()) / n - spread) / (p * n)
    distance = (spread - p * mean * mean) / p
    shrinkage = 0.0 if distance <= 0 else min(noise, distance) / distance
    return np.asarray((1 - shrinkage) * covariance + shrinkage * mean * np.eye(p))


def prepare_metric(
    values: Any,
    metric: MetricName | Metric = "euclidean",
    *,
    factor_weights: Any = None,
    missing: Literal["refuse", "partial"] = "refuse",
    ranges: Any = None,
    covariance: Any = None,
) -> Metric:
    """Take from the data what a metric needs, once, so that blocks and new rows are measured alike.

    Parameters
    ----------
    values : (n, n_factors), NaN where missing
    metric : euclidean, sqeuclidean, manhattan: sums over the factors. mahalanobis: euclidean after whitening. gower: the
        weighted mean over the factors that both have of |difference| / range, from 0 to 1; a factor without range differs by 0.
        correlation: 1 - r of the two profiles over the factors, from 0 to 2
    factor_weights : (n_factors,) >= 0; None weighs factors equally
    missing : euclidean, sqeuclidean and manhattan: "partial" scales the sum over what both have up to all factors. gower always
        takes what both have; mahalanobis and correlation always refuse
    ranges : (n_factors,) for gower; None takes largest minus smallest of `values`
    covariance : (n_factors, n_factors) for mahalanobis; None takes `shrunk_covariance`

    Returns
    -------
    Metric

    Raises
    ------
    InputError  an unknown metric, wrong weights, a missing value that is refused, a covariance that is not positive definite

    Notes
    -----
    Gower (1971), A general coefficient of similarity and some of its properties, section 3.
    """
    table = _table(values)
    if isinstance(metric, Metric):
        return metric
    if metric not in METRICS:
        raise InputError(Fault(what="unknown metric", expected=", ".join(METRICS), got=repr(metric)))
    if missing not in {"refuse", "partial"}:
        raise InputError(Fault(what="unknown rule for missing values", expected="refuse, partial", got=repr(missing)))
    if missing == "partial" and metric in {"mahalanobis", "correlation"}:
        raise InputError(Fault(what="missing='partial' has no meaning with this metric", got=metric))
    weights = _factor_weights(factor_weights, table.shape[1])
    if metric == "gower":
        return Metric(metric, weights, partial=True, ranges=_ranges(table, ranges))
    if metric == "mahalanobis":
        matrix = shrunk_covariance(table) if covariance is None else np.asarray(covariance, dtype=np.float64)
        try:
            return Metric(metric, weights, whitening=np.asarray(cholesky(matrix, lower=True)))
        except (np.linalg.LinAlgError, ValueError) as error:
            raise InputError(Fault(what="the covariance cannot be inverted", hint="Drop constant factors.")) from error
    return Metric(metric, weights, partial=missing == "partial")


def _ranges(table: Floats, ranges: Any) -> Floats:
    if ranges is None:
        observed = ~np.isnan(table)
        high = np.where(observed, table, -np.inf).max(axis=0, initial=-np.inf)
        low = np.where(observed, table, np.inf).min(axis=0, initial=np.inf)
        return np.where(observed.any(axis=0), high - low, 0.0)
    given = np.ascontiguousarray(ranges, dtype=np.float64)
    if given.shape != (table.shape[1],) or not (given >= 0).all():
        raise InputError(Fault(what="wrong ranges", expected=f"{table.shape[1]} numbers >= 0", got=str(given.tolist())))
    return given


@dataclass(frozen=True)
class _Packed:
    """The columns as the kernels read them, and the work arrays that go with them."""

    tiles: Floats
    weights: Floats
    n_columns: int

    @classmethod
    def of(cls, coordinates: Floats, observed: Floats | None, weights: Floats) -> _Packed:
        n, p = coordinates.shape
        shape = (-(-n // kernels.LANES), p, kernels.LANES)
        tiles = _aligned(shape)
        kernels.pack(coordinates, 0.0, tiles)
        if observed is None:
            return cls(tiles, np.zeros((1, 1, 1)), n)
        shares = _aligned(shape)
        kernels.pack(observed * weights, 0.0, shares)
        return cls(tiles, shares, n)


def _aligned(shape: tuple[int, ...]) -> Floats:
    """Allocate at a cache line: vectors that straddle two lines are read twice."""
    size = int(np.prod(shape))
    buffer = np.empty(size + 8)
    offset = (-buffer.ctypes.data // 8) % 8
    return buffer[offset : offset + size].reshape(shape)


def _chunks(n: int) -> int:
    return max(1, -(-n // CHUNK))


def _fill(coordinates: Floats, observed: Floats | None, columns: _Packed, metric: Metric, out: Floats) -> int:
    pieces = _chunks(len(coordinates))
    undefined = np.zeros(pieces, dtype=np.int64)
    kernels.fill_distances(
        coordinates, np.zeros((1, 1)) if observed is None else observed, columns.tiles, columns.weights, metric.power,
        observed is not None, metric.scale, metric.root, CHUNK, _aligned((pieces, 1, kernels.LANES)), undefined, out,
    )  # fmt: skip
    return int(undefined.sum())


def _checked_out(out: Any, shape: tuple[int, int]) -> Floats:
    if out is None:
        return np.empty(shape)
    good = isinstance(out, np.ndarray) and out.dtype == np.float64 and out.shape == shape
    if not (good and out.flags.c_contiguous and out.flags.writeable):
        got = f"{out.dtype} {out.shape}" if isinstance(out, np.ndarray) else type(out).__name__
        raise InputError(Fault(what="wrong `out`", expected=f"writable C-contiguous float64 {shape}", got=got))
    return out  # type: ignore[no-any-return]


def _undefined_profiles(rows: Floats, columns: Floats | None) -> int:
    """Count pairs with a constant profile; within one table each pair once."""
    bad = int(np.isnan(rows[:, 0]).sum())
    if columns is None:
        return bad * (len(rows) - 1) - bad * (bad - 1) // 2
    other = int(np.isnan(columns[:, 0]).sum())
    return bad * len(columns) + other * len(rows) - bad * other


def pairwise_distances(
    values: Any,
    others: Any = None,
    *,
    metric: MetricName | Metric = "euclidean",
    factor_weights: Any = None,
    missing: Literal["refuse", "partial"] = "refuse",
    out: Floats | None = None,
    n_threads: int | None = None,
) -> Distances:
    """Measure the distance of every row to every other row, or to every row of another table (centres).

    Parameters
    ----------
    values : (n, n_factors), NaN where missing
    others : (m, n_factors); None measures the rows of `values` among themselves
    metric, factor_weights, missing : see `prepare_metric`; a prepared metric is taken as it is, a name takes what it needs from `values`
    out : (n, m) float64, C-contiguous: filled and returned. A fresh matrix costs more than the distances in it
    n_threads : see `threads`; no bit of the result depends on it

    Returns
    -------
    Distances: exactly symmetric with a diagonal of exactly 0 within one table. A pair with nothing in common is NaN and counted, never 0

    Raises
    ------
    InputError  see `prepare_metric`; an `out` of the wrong kind
    """
    table = _table(values)
    prepared = prepare_metric(table, metric, factor_weights=factor_weights, missing=missing)
    second = None if others is None else _table(others, table.shape[1])
    matrix = _checked_out(out, (len(table), len(table) if second is None else len(second)))
    with threads(n_threads):
        rows, observed = prepared.coordinates(table)
        columns, columns_observed = (rows, observed) if second is None else prepared.coordinates(second)
        packed = _Packed.of(columns, columns_observed, prepared.weights)
        undefined = _fill(rows, observed, packed, prepared, matrix)
    if prepared.name == "correlation":
        undefined = _undefined_profiles(rows, None if second is None else columns)
    elif second is None and undefined:
        undefined = (undefined - int(np.isnan(np.diagonal(matrix)).sum())) // 2
    if second is None:
        np.fill_diagonal(matrix, 0.0)
    return Distances(matrix, undefined)


def distance_blocks(
    values: Any,
    others: Any = None,
    *,
    metric: MetricName | Metric = "euclidean",
    factor_weights: Any = None,
    missing: Literal["refuse", "partial"] = "refuse",
    block_rows: int = 256,
    n_threads: int | None = None,
) -> Iterator[Distances]:
    """Measure all distances in blocks of rows, in the memory of one block.

    Every block is written over the one before: copy what is to be kept. The cells are those of `pairwise_distances`, bit by bit;
    `undefined_pairs` counts the undefined cells of the block other than an area with itself.

    Parameters
    ----------
    values, others, metric, factor_weights, missing, n_threads : see `pairwise_distances`
    block_rows : rows in a block

    Yields
    ------
    Distances, with `start` telling which rows
    """
    table = _table(values)
    prepared = prepare_metric(table, metric, factor_weights=factor_weights, missing=missing)
    if block_rows < 1:
        raise InputError(Fault(what="wrong block_rows", expected="1 or more", got=str(block_rows)))
    second = None if others is None else _table(others, table.shape[1])
    rows, observed = prepared.coordinates(table)
    columns, columns_observed = (rows, observed) if second is None else prepared.coordinates(second)
    packed = _Packed.of(columns, columns_observed, prepared.weights)
    buffer = np.empty((min(block_rows, max(1, len(rows))), packed.n_columns))
    for start in range(0, len(rows), block_rows):
        stop = min(len(rows), start + block_rows)
        block = buffer[: stop - start]
        part = None if observed is None else observed[start:stop]
        with threads(n_threads):
            undefined = _fill(rows[start:stop], part, packed, prepared, block)
        if prepared.name == "correlation":
            undefined = int(np.isnan(block).sum())
        if second is None:
            own = np.arange(stop - start)
            undefined -= int(np.isnan(block[own, own + start]).sum())
            block[own, own + start] = 0.0
        yield Distances(block, undefined, start)


def nearest_rows(
    values: Any,
    k: int,
    others: Any = None,
    *,
    metric: MetricName | Metric = "euclidean",
    factor_weights: Any = None,
    missing: Literal["refuse", "partial"] = "refuse",
    n_threads: int | None = None,
) -> Neighbours:
    """Find the k nearest rows of every row, itself not counted, or the k nearest rows of another table.

    Parameters
    ----------
    values, others, metric, factor_weights, missing, n_threads : see `pairwise_distances`
    k : how many, at most as many as there are

    Returns
    -------
    Neighbours

    Raises
    ------
    InputError  see `prepare_metric`; a `k` that cannot be
    """
    table = _table(values)
    prepared = prepare_metric(table, metric, factor_weights=factor_weights, missing=missing)
    second = None if others is None else _table(others, table.shape[1])
    available = len(table) - 1 if second is None else len(second)
    if not 1 <= k <= available:
        raise InputError(Fault(what="wrong number of neighbours", expected=f"1 to {available}", got=str(k)))
    rows, observed = prepared.coordinates(table)
    columns, columns_observed = (rows, observed) if second is None else prepared.coordinates(second)
    packed = _Packed.of(columns, columns_observed, prepared.weights)
    indices, distances = np.empty((len(rows), k), dtype=np.int64), np.empty((len(rows), k))
    with threads(n_threads):
        kernels.find_nearest(
            rows, np.zeros((1, 1)) if observed is None else observed, packed.tiles, packed.weights, prepared.power,
            observed is not None, prepared.scale, prepared.root, packed.n_columns, second is None, 0, CHUNK,
            _aligned((_chunks(len(rows)), 1, kernels.LANES)), indices, distances,
        )  # fmt: skip
    return Neighbours(indices, distances)
