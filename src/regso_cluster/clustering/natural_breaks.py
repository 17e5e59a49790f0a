"""Natural breaks: exact ordered groups along one factor, weighted; a function and an estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted, validate_data

from regso_cluster.clustering._estimators import Grouper, checked_weights, is_count
from regso_cluster.clustering._numbers import SMALLEST, as_floats
from regso_cluster.errors import Fault, InputError
from regso_cluster.kernels.breaks import best_ends, within_groups

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Breaks:
    """Groups along one line, numbered from the lowest values up.

    Parameters
    ----------
    cuts : (k - 1,) float64, ascending, in the unit of the values. A cut is the largest value of the lower
        group: a value <= cut belongs to the lower group
    labels : (n,) int64, 0 (lowest values) .. k - 1; -1 where the value is missing
    within : weighted sum of squares within groups, the smallest there is; unit: weight times value squared
    """

    cuts: Floats
    labels: Integers
    within: float


def natural_breaks(values: ArrayLike, n_groups: int, weights: ArrayLike | None = None) -> Breaks:
    """Cut values into the ordered groups with the smallest weighted sum of squares within groups.

    The optimum is exact, found in O(k m log m) for m distinct values. Equal values are never split. Where two
    partitions are equally good, the upper groups begin at the lowest value possible.

    Parameters
    ----------
    values : (n,) float64, any unit; NaN where not observed
    n_groups : at least 1, at most the number of distinct values
    weights : (n,) float64, for example residents, >= 0; None weighs all alike. A value of weight 0 has no say
        in the cuts but gets a label from them

    Returns
    -------
    Breaks

    Raises
    ------
    InputError
        an infinite value; a weight that is missing, negative or infinite; lengths that differ; fewer distinct
        values of positive weight than groups (hint: ask for fewer groups)

    Notes
    -----
    Fisher (1958), On grouping for maximum homogeneity, JASA 53, section 3; the same optimum as the
    "Fisher-Jenks" of map software. A missing value is left out and labelled -1.

    Exact means: no partition is better by more than the rounding of the sums, about 1e-14 m times the sum of
    squares around the median. Groups that lie a million times their width apart are beyond that.
    """
    vector = _vector(values)
    mass = checked_weights(weights, vector.shape[0], "weights")
    if not is_count(n_groups):
        raise InputError(Fault("n_groups is no positive whole number", "n_groups", "1 or more", repr(n_groups)))
    counted = ~np.isnan(vector) & (mass > 0)
    distinct, added = _distinct(vector[counted], None if weights is None else mass[counted])
    if distinct.shape[0] < n_groups:
        raise InputError(_too_few(vector.shape[0], distinct.shape[0], int(n_groups)))
    if distinct[-1] / 2 - distinct[0] / 2 > np.sqrt(np.finfo(np.float64).max / added.sum()) / 4:
        hint = "Divide the values by a power of ten"
        raise InputError(Fault("squares of the values overflow", "values", "a range below 1e150", "", hint))
    if 0 < distinct[-1] - distinct[0] < SMALLEST:
        got, hint = str(distinct[-1] - distinct[0]), "Multiply the values by a power of ten"
        raise InputError(Fault("differences too small to be squared", "values", f"{SMALLEST} or more", got, hint))
    ends = best_ends(distinct, added, int(n_groups))
    cuts = distinct[ends[:-1] - 1]
    return Breaks(cuts, label_by_cuts(vector, cuts), float(within_groups(distinct, added, ends).sum()))


def label_by_cuts(values: Floats, cuts: Floats) -> Integers:
    """Label values 0 .. k - 1 by cuts: a value <= cut belongs to the lower group; NaN is -1.

    Parameters
    ----------
    values : (n,) float64
    cuts : (k - 1,) float64, ascending

    Returns
    -------
    (n,) int64
    """
    labels = np.searchsorted(cuts, values, side="left").astype(np.int64)
    labels[np.isnan(values)] = -1
    return labels


def _vector(values: ArrayLike) -> Floats:
    vector = as_floats(values, "values")
    if vector.ndim != 1:
        raise InputError(Fault("values are no vector", "values", "one dimension", f"shape {vector.shape}"))
    if np.isinf(vector).any():
        row = int(np.flatnonzero(np.isinf(vector))[0])
        hint = "Write NaN for a value that was not observed"
        raise InputError(Fault("infinite value", f"values[{row}]", "a finite number or NaN", str(vector[row]), hint))
    return vector


def _distinct(values: Floats, weights: Floats | None) -> tuple[Floats, Floats]:
    """Sort and merge equal values, adding their weights: so the same bits whatever the order of the rows."""
    order = None if weights is None else np.argsort(values)
    ordered = np.sort(values) if order is None else values[order]
    apart = ordered[1:] != ordered[:-1]
    if apart.all():
        return ordered, np.ones(ordered.shape[0]) if weights is None else weights[order]
    fresh = np.flatnonzero(np.concatenate(([True], apart)))
    if weights is None:
        return ordered[fresh], np.diff(fresh, append=ordered.shape[0]).astype(np.float64)
    order = np.lexsort((weights, values))  # slower; only among equal values can the order of rows show
    return ordered[fresh], np.add.reduceat(weights[order], fresh)


def _too_few(n_rows: int, n_distinct: int, n_groups: int) -> Fault:
    rows = "1 sample" if n_rows == 1 else f"{n_rows} samples"
    hint = f"Ask for at most {n_distinct} groups" if n_distinct else "No value is observed with a positive weight"
    got = f"{n_distinct} in {rows}"
    return Fault("fewer distinct values than groups", "values", f"at least {n_groups} distinct values", got, hint)


class NaturalBreaks(Grouper):
    """Natural breaks of one column as a scikit-learn estimator.

    Parameters
    ----------
    n_groups : int, default 5

    Attributes
    ----------
    cuts_ : (n_groups - 1,) float64; a value <= cut belongs to the lower group
    labels_ : (n,) int64, 0 (lowest values) .. n_groups - 1; -1 where the value is missing
    within_ : float, weighted sum of squares within groups
    n_features_in_ : 1

    Notes
    -----
    See `natural_breaks` for the method. X has one column; NaN is allowed.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> NaturalBreaks(n_groups=2).fit(X).labels_.tolist()
    [0, 0, 1, 1]
    """

    def __init__(self, n_groups: int = 5) -> None:
        self.n_groups = n_groups

    def fit(self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None) -> Self:  # noqa: ARG002  # contract
        """Find the cuts.

        Parameters
        ----------
        X : (n, 1), NaN where not observed
        y : ignored
        sample_weight : (n,), >= 0; None weighs all alike

        Raises
        ------
        ValueError
            more than one column; what `natural_breaks` refuses
        """
        column = self._column(X, reset=True)
        breaks = natural_breaks(column, self.n_groups, sample_weight)
        self.cuts_ = breaks.cuts
        self.labels_ = breaks.labels
        self.within_ = breaks.within
        return self

    def predict(self, X: Any) -> Integers:
        """Label values by the cuts found: (n,) int64, -1 where missing."""
        check_is_fitted(self)
        return label_by_cuts(self._column(X, reset=False), self.cuts_)

    def _column(self, X: Any, *, reset: bool) -> Floats:
        return self._only(validate_data(self, X, reset=reset, dtype=np.float64, ensure_all_finite="allow-nan"))

    def _only(self, array: Floats) -> Floats:
        if array.shape[1] != 1:
            message = f"NaturalBreaks takes one column, got {array.shape[1]}; fit one estimator per factor"
            raise ValueError(message)
        column: Floats = array[:, 0]
        return column

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
