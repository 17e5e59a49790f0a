"""Measures of distance between areas: what each takes from the data, and how missing values count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy.linalg import cholesky, solve_triangular

from regso_cluster.clustering._estimators import checked_weights
from regso_cluster.clustering._numbers import LARGEST, SMALLEST, as_floats, refuse_extremes
from regso_cluster.errors import Fault, InputError

Floats = npt.NDArray[np.float64]
MetricName = Literal["euclidean", "sqeuclidean", "manhattan", "mahalanobis", "gower", "correlation"]
METRICS: tuple[str, ...] = get_args(MetricName)
ROUNDING = 1e-6  # of the largest distance: what the order of sums, or float32, leaves between the two cells of a pair
SQUARED = ("euclidean", "sqeuclidean", "mahalanobis")


@dataclass(frozen=True)
class Metric:
    """A measure of distance with everything it took from the data, so that new rows are measured alike.

    Parameters
    ----------
    name : one of `METRICS`
    weights : (n_factors,) >= 0, the weight of each factor
    partial : a missing value leaves out its factor for the pair; without it missing values are refused
    ranges : (n_factors,) gower: the range that makes a difference 1
    whitening : (n_factors, n_factors) mahalanobis: the inverse of the lower Cholesky factor of the covariance
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
        (n, n_factors) coordinates, 0 where missing, and (n, n_factors) 1.0 where observed, 0.0 where not;
        None if all must be observed
        """
        observed = ~np.isnan(values)
        if not self.partial and not observed.all():
            raise InputError(_missing(observed, self.name))
        if self.name == "correlation":
            return _unit_profiles(values, self.weights), None
        if self.whitening is not None:
            scaled = np.einsum("nf,cf->nc", values, self.whitening)  # no BLAS: its bits follow the threads
            return scaled * np.sqrt(self.weights), None
        scaled = values
        if self.ranges is not None:
            scaled = values / np.where(self.ranges > 0, self.ranges, 1.0)
        if self.partial:
            return np.where(observed, scaled, 0.0), observed.astype(np.float64)
        return np.ascontiguousarray(scaled * (self.weights if self.power == 1 else np.sqrt(self.weights))), None


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
    """Centre rows and give them length 1: 1 - r is half the squared distance; NaN for a constant row."""
    shares = weights / weights.sum()
    centred = (values - (values * shares).sum(axis=1, keepdims=True)) * np.sqrt(shares)
    used = values[:, weights > 0]
    constant = (used == used[:, :1]).all(axis=1)
    length = np.sqrt((centred * centred).sum(axis=1))
    length[constant] = np.nan
    with np.errstate(invalid="ignore"):
        return np.ascontiguousarray(centred / length[:, None])


def checked_table(values: Any, n_factors: int | None = None) -> Floats:
    """Check shape and finiteness; NaN stays. Raises InputError."""
    table = as_floats(values)
    if table.ndim != 2 or table.shape[1] == 0 or (n_factors is not None and table.shape[1] != n_factors):
        wanted = "n_factors" if n_factors is None else str(n_factors)
        raise InputError(Fault(what="wrong shape", expected=f"(n, {wanted})", got=str(table.shape)))
    if np.isinf(table).any():
        row, column = (int(k) for k in np.argwhere(np.isinf(table))[0])
        raise InputError(Fault(what="infinite value", where=f"row {row}, column {column}", expected="a finite number"))
    refuse_extremes(table, fitted=False)
    return table


def checked_square(distances: Any, block: int = 256) -> Floats:
    """Check that a matrix is square, symmetric, >= 0, zeros on the diagonal, nothing missing.

    Differences of rounding, up to `ROUNDING` times the largest distance, are evened out: a pair becomes the mean of its
    two cells, the diagonal and what is a little below 0 become 0. A matrix without them is given back as it is.

    Raises
    ------
    InputError  naming the first pair that is no distance, with both its values
    """
    square = checked_table(distances)
    n = len(square)
    if square.shape != (n, n):
        hint = "Give the distances of all rows to all rows."
        raise InputError(Fault("not a matrix of distances", "", "square, (n, n)", f"shape {square.shape}", hint))
    if n == 0:
        return square
    if np.isnan(square).any():
        hint = "A pair with nothing in common has no distance: leave one of the two rows out."
        raise _no_distance(square, np.isnan(square), "nothing missing", hint)
    slack = ROUNDING * max(float(square.max()), 0.0)
    if square.min() < -slack:
        hint = "Of likeness or correlation make distances first: 1 - likeness."
        raise _no_distance(square, square < -slack, ">= 0", hint)
    own = np.diagonal(square)
    if (np.abs(own) > slack).any():
        row = int(np.flatnonzero(np.abs(own) > slack)[0])
        hint = "Of likeness, with ones on the diagonal, make distances first: 1 - likeness"
        where = f"row {row}, column {row}"
        raise InputError(Fault("a row has a distance to itself", where, "0", str(square[row, row]), hint))
    even = not own.any() and bool(square.min() >= 0)
    if _largest_asymmetry(square, slack, block) == 0 and even:
        return square
    evened = np.maximum((square + square.T) / 2, 0.0)  # the sum of two numbers is the same both ways
    np.fill_diagonal(evened, 0.0)
    return np.ascontiguousarray(evened)


def _largest_asymmetry(square: Floats, slack: float, block: int) -> float:
    """Measure how far the two cells of a pair are apart, in blocks: a transposed matrix is read slowly."""
    most = 0.0
    for i in range(0, len(square), block):
        for j in range(i, len(square), block):
            apart = np.abs(square[i : i + block, j : j + block] - square[j : j + block, i : i + block].T)
            most = max(most, float(apart.max()))
            if most > slack:
                row, column = (int(at) for at in np.argwhere(apart > slack)[0])
                wrong = np.zeros(square.shape, dtype=np.bool_)
                wrong[min(i + row, j + column), max(i + row, j + column)] = True
                hint = "A distance is the same both ways: take the mean of the two, (D + D.T) / 2, if that is meant."
                raise _no_distance(square, wrong, "symmetric", hint)
    return most


def _no_distance(square: Floats, wrong: npt.NDArray[np.bool_], expected: str, hint: str) -> InputError:
    row, column = (int(at) for at in np.argwhere(wrong)[0])
    got = f"{square[row, column]!s} there, {square[column, row]!s} the other way"
    return InputError(Fault("not a matrix of distances", f"row {row}, column {column}", expected, got, hint))


def _factor_weights(factor_weights: Any, n_factors: int) -> Floats:
    if factor_weights is None:
        return np.ones(n_factors)
    weights = as_floats(factor_weights, "factor_weights")
    possible = (weights == 0) | ((weights >= SMALLEST) & (weights <= LARGEST))
    if weights.shape != (n_factors,) or not possible.all() or not weights.any():
        raise InputError(
            Fault(
                what="wrong factor weights",
                expected=f"{n_factors} numbers, 0 or from {SMALLEST} to {LARGEST}, one of them above 0",
                got=str(weights.tolist()),
            )
        )
    return weights


def shrunk_covariance(values: Any, weights: Any = None) -> Floats:
    """Estimate the covariance of the factors, drawn towards the identity so that it can be inverted.

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
    Ledoit and Wolf (2004), A well-conditioned estimator for large-dimensional covariance matrices, section
    3.2. Without weights it equals `sklearn.covariance.ledoit_wolf`, which knows no weights.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> shrunk_covariance(X).shape
    (1, 1)
    """
    table = checked_table(values)
    observed = ~np.isnan(table)
    if not observed.all():
        raise InputError(_missing(observed, "mahalanobis"))
    counts = checked_weights(weights, len(table), "weights")
    n, p = counts.sum(), table.shape[1]
    centred = table - (counts[:, None] * table).sum(axis=0) / n
    covariance = np.einsum("ni,nj->ij", centred * counts[:, None], centred) / n
    mean = np.trace(covariance) / p
    squares = centred * centred
    spread = float((covariance * covariance).sum())
    noise = (float((counts * squares.sum(axis=1) ** 2).sum()) / n - spread) / (p * n)
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
    metric : euclidean, sqeuclidean, manhattan: sums over the factors. mahalanobis: euclidean after whitening.
        gower: the weighted mean over the factors that both have of |difference| / range, from 0 to 1; a
        factor without range differs by 0. correlation: 1 - r of the two profiles over the factors, from 0 to
        2
    factor_weights : (n_factors,) >= 0; None weighs factors equally
    missing : euclidean, sqeuclidean and manhattan: "partial" scales the sum over what both have up to all
        factors. gower always takes what both have; mahalanobis and correlation always refuse
    ranges : (n_factors,) for gower; None takes largest minus smallest of `values`
    covariance : (n_factors, n_factors) for mahalanobis; None takes `shrunk_covariance`

    Returns
    -------
    Metric

    Raises
    ------
    InputError  an unknown metric, wrong weights, a missing value that is refused, a covariance that is not
    positive definite

    Notes
    -----
    Gower (1971), A general coefficient of similarity and some of its properties, section 3.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> metric = prepare_metric(X, "gower")
    >>> pairwise_distances(X, metric=metric).values[0, 3].item()
    1.0
    """
    table = checked_table(values)
    if isinstance(metric, Metric):
        return metric
    if metric not in METRICS:
        raise InputError(Fault(what="unknown metric", expected=", ".join(METRICS), got=repr(metric)))
    if missing not in ("refuse", "partial"):  # a tuple: what is given may have no hash
        raise InputError(Fault(what="unknown rule for missing values", expected="refuse, partial", got=repr(missing)))
    if missing == "partial" and metric in {"mahalanobis", "correlation"}:
        raise InputError(Fault(what="missing='partial' has no meaning with this metric", got=metric))
    weights = _factor_weights(factor_weights, table.shape[1])
    if metric in SQUARED:
        refuse_extremes(table)
    if metric == "gower":
        return Metric(metric, weights, partial=True, ranges=_ranges(table, ranges))
    if metric == "mahalanobis":
        matrix = shrunk_covariance(table) if covariance is None else as_floats(covariance, "covariance")
        if matrix.shape != (table.shape[1], table.shape[1]):
            expected = str((table.shape[1], table.shape[1]))
            raise InputError(Fault("wrong shape", "covariance", expected, str(matrix.shape)))
        try:
            lower = cholesky(matrix, lower=True)
            whitening = solve_triangular(lower, np.eye(len(lower)), lower=True)
            return Metric(metric, weights, whitening=np.ascontiguousarray(whitening))
        except (np.linalg.LinAlgError, ValueError) as error:
            raise InputError(Fault(what="the covariance cannot be inverted", hint="Drop constant factors.")) from error
    return Metric(metric, weights, partial=missing == "partial")


def _ranges(table: Floats, ranges: Any) -> Floats:
    if ranges is None:
        observed = ~np.isnan(table)
        high = np.where(observed, table, -np.inf).max(axis=0, initial=-np.inf)
        low = np.where(observed, table, np.inf).min(axis=0, initial=np.inf)
        return np.where(observed.any(axis=0), high - low, 0.0)
    given = as_floats(ranges, "ranges")
    if given.shape != (table.shape[1],) or not ((given >= 0) & (given <= LARGEST)).all():
        expected = f"{table.shape[1]} numbers from 0 to {LARGEST}"
        raise InputError(Fault(what="wrong ranges", expected=expected, got=str(given.tolist())))
    return given
