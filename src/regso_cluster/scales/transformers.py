"""The transformers of all scales, under scikit-learn's contract; missing stays missing."""

from __future__ import annotations

import base64
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from regso_cluster.errors import Fault, InputError

Array = npt.NDArray[np.float64]


def weighted_mean_sd(values: Array, weights: Array | None = None, ddof: int = 0) -> tuple[Array, Array]:
    """Mean and standard deviation of each column over its observed rows.

    Parameters
    ----------
    values : (n_areas, n_factors), NaN where not observed
    weights : (n_areas,), frequencies such as residents; None weighs rows equally
    ddof : the SD divides by the sum of weights minus ddof; a row of weight 3 counts as three rows

    Returns
    -------
    mean, sd : (n_factors,); NaN where fewer than ddof + 1 are observed
    """
    seen = ~np.isnan(values)
    weight = seen * (np.ones(len(values)) if weights is None else weights)[:, None]
    total = weight.sum(axis=0)
    filled = np.where(seen, values, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (weight * filled).sum(axis=0) / total
        squares = (weight * np.where(seen, values - mean, 0.0) ** 2).sum(axis=0)
        sd = np.sqrt(np.where(total > ddof, squares / (total - ddof), np.nan))
    return mean, sd


def weighted_median(values: Array, weights: Array | None = None) -> float:
    """The value at which half of the weight lies below; between two values where the half falls between them.

    `values` and `weights` are (n_areas,); NaN is left out; NaN where nothing is observed.
    """
    seen = ~np.isnan(values)
    weight = np.ones(int(seen.sum())) if weights is None else weights[seen]
    kept = values[seen][weight > 0]
    weight = weight[weight > 0]
    if len(kept) == 0:
        return float("nan")
    order = np.argsort(kept, kind="stable")
    kept, cumulated = kept[order], np.cumsum(weight[order])
    half = cumulated[-1] / 2
    at = int(np.searchsorted(cumulated, half))
    return float((kept[at] + kept[at + 1]) / 2 if cumulated[at] == half and at + 1 < len(kept) else kept[at])


class ColumnScale(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """What all scales share: NaN allowed and kept, columns alone, a refusal that names the column."""

    fitted: ClassVar[tuple[str, ...]] = ()  # names of the fitted numbers, one a column, without the underscore

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002
        """Measure the columns of X (n_areas, n_factors)."""
        self._measure(self._checked(X), None)
        return self

    def _checked(self, X: Any) -> Array:
        array: Array = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan")
        if len(array) == 1:
            raise InputError(Fault("one sample has no spread and no rank", "table", "two areas or more", "1"))
        return array

    def transform(self, X: Any) -> Array:
        """Scale X (n_areas, n_factors) by what was measured; NaN stays NaN."""
        check_is_fitted(self)
        return self.apply(validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False))

    @abstractmethod
    def _measure(self, values: Array, weights: Array | None) -> None: ...

    def apply(self, values: Array) -> Array:
        """Scale values (n_areas, n_factors) by the numbers that are set; NaN stays NaN."""
        return self._scale(values)

    @abstractmethod
    def _scale(self, values: Array) -> Array: ...

    def _refuse(self, bad: npt.NDArray[np.bool_] | np.bool_, what: str, hint: str) -> None:
        if bad.any():
            names = getattr(self, "feature_names_in_", np.arange(bad.size))
            raise InputError([Fault(what, f"factor {names[column]}", hint=hint) for column in np.flatnonzero(bad)])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


class WeightedScale(ColumnScale):
    """Scales for which a row of weight 3 is the row three times."""

    fitted = ("centre", "spread")

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:  # noqa: ARG002
        """Measure the columns of X (n_areas, n_factors), weighted by `sample_weight` (n_areas,), >= 0."""
        array, weights = self._checked(X), None
        if sample_weight is not None:
            weights = _check_sample_weight(sample_weight, array, dtype=np.float64, ensure_non_negative=True)
        self._measure(array, weights)
        return self

    def _scale(self, values: Array) -> Array:
        scaled: Array = (values - self.centre_) / self.spread_
        return scaled


class ZScore(WeightedScale):
    """Subtract the mean, divide by the SD; unit: standard deviations.

    Parameters
    ----------
    ddof : 0 divides the squares by n, 1 by n - 1 (with weights: by their sum, less 1)

    Raises
    ------
    InputError  a column without spread
    """

    def __init__(self, ddof: int = 0) -> None:
        self.ddof = ddof

    def _measure(self, values: Array, weights: Array | None) -> None:
        self.centre_, self.spread_ = weighted_mean_sd(values, weights, self.ddof)
        size = np.nanmax(np.abs(np.vstack([values, np.zeros(values.shape[1])])), axis=0)
        flat = ~(self.spread_ > 1e-12 * size)  # a constant column may have an SD of rounding errors
        self._refuse(flat, "no spread: the SD is 0", "Drop the factor, or mend the column: all its values are equal.")


class RobustZ(WeightedScale):
    """Centre by the weighted median, divide by 1.4826 times the weighted MAD; unit: SDs of a normal.

    Raises
    ------
    InputError  a column whose MAD is 0: more than half of its weight has one value

    Notes
    -----
    OECD/JRC Handbook on Constructing Composite Indicators (2008), section 5; Rousseeuw and Croux (1993), section 1.
    """

    def _measure(self, values: Array, weights: Array | None) -> None:
        columns = values.T
        self.centre_ = np.array([weighted_median(column, weights) for column in columns])
        deviations = np.abs(values - self.centre_).T
        self.spread_ = 1.4826 * np.array([weighted_median(column, weights) for column in deviations])
        hint = "Use percent_rank for this method, or drop the factor."
        self._refuse(~(self.spread_ > 0), "no spread: the MAD is 0", hint)


class MinMax(ColumnScale):
    """Between 0 (lowest) and 1 (highest). Raises InputError for a column without spread."""

    fitted = ("centre", "spread")

    def _measure(self, values: Array, weights: Array | None) -> None:  # noqa: ARG002
        self._refuse(np.isnan(values).all(axis=0), "nothing observed", "Drop the factor.")
        self.centre_ = np.nanmin(values, axis=0)
        self.spread_ = np.nanmax(values, axis=0) - self.centre_
        self._refuse(~(self.spread_ > 0), "no spread: all values are equal", "Drop the factor.")

    def _scale(self, values: Array) -> Array:
        scaled: Array = (values - self.centre_) / self.spread_
        return scaled


def write_reference(values: Array) -> dict[str, str]:
    """Write a distribution as text: base64 of its distinct values in rising order (float64, little endian).

    `reference_counts` (uint32) says how often each occurs, where any occurs twice. Exact: nothing is rounded.
    """
    distinct, counts = np.unique(values, return_counts=True)
    written = {"reference": base64.b64encode(distinct.astype("<f8").tobytes()).decode("ascii")}
    if counts.max(initial=1) > 1:
        written["reference_counts"] = base64.b64encode(counts.astype("<u4").tobytes()).decode("ascii")
    return written


def read_reference(parameters: Mapping[str, float | str]) -> Array:
    """Read the distribution that `write_reference` wrote: (n_areas,) in rising order.

    Raises
    ------
    InputError  no such distribution, or a damaged one
    """
    hint = "Classify again, and freeze that release: ranks are taken within the distribution of their own year."
    try:
        values = np.frombuffer(base64.b64decode(str(parameters["reference"]), validate=True), "<f8").astype(np.float64)
        if "reference_counts" in parameters:
            text = str(parameters["reference_counts"])
            values = np.repeat(values, np.frombuffer(base64.b64decode(text, validate=True), "<u4"))
    except KeyError as error:
        raise InputError(Fault("a rank scale without its reference distribution", "method", hint=hint)) from error
    except ValueError as error:
        raise InputError(Fault("a damaged reference distribution", "method", got=str(error)[:60], hint=hint)) from error
    return values


class RankScale(ColumnScale):
    """Scales by the rank of a value within the distribution that was measured."""

    def _measure(self, values: Array, weights: Array | None) -> None:  # noqa: ARG002
        self.reference_ = [np.sort(column[~np.isnan(column)]) for column in values.T]
        few = np.array([len(column) < 2 for column in self.reference_])
        self._refuse(few, "fewer than two observed values cannot be ranked", "Drop the factor.")

    def _scale(self, values: Array) -> Array:
        scaled = np.full_like(values, np.nan)
        for number, (column, reference) in enumerate(zip(values.T, self.reference_, strict=True)):
            seen = ~np.isnan(column)
            below = np.searchsorted(reference, column[seen], side="left")
            up_to = np.searchsorted(reference, column[seen], side="right")
            scaled[seen, number] = self._from_counts(below, up_to, len(reference))
        return scaled

    @abstractmethod
    def _from_counts(self, below: Array, up_to: Array, size: int) -> Array: ...


class PercentRank(RankScale):
    """(rank - 1) / (n - 1), ties to the lowest rank: 0 for the lowest value, 1 for the highest.

    Notes
    -----
    CDC/ATSDR Social Vulnerability Index 2022 documentation, "percentile ranks" (Excel's PERCENTRANK.INC).
    """

    def _from_counts(self, below: Array, up_to: Array, size: int) -> Array:  # noqa: ARG002
        return np.minimum(below / (size - 1), 1.0)


class ExponentialRank(RankScale):
    """-c ln(1 - R (1 - exp(-100 / c))) of the rank fraction R, ties at their mean rank: 100 for the highest value.

    With c = 23 a tenth of the areas spreads over the upper half of the scale, so that a high value in one domain is
    not fully cancelled by a low one in another.

    Notes
    -----
    English Indices of Deprivation 2019, Technical Report, appendix on exponential transformation.
    """

    def __init__(self, constant: float = 23.0) -> None:
        self.constant = constant

    def _from_counts(self, below: Array, up_to: Array, size: int) -> Array:
        fraction = (below + up_to + 1) / 2 / size
        scaled: Array = -self.constant * np.log(1 - np.minimum(fraction, 1) * (1 - np.exp(-100 / self.constant)))
        return scaled


class Log(ColumnScale):
    """Natural logarithm. Raises InputError for a column with values of 0 or below (hint: asinh)."""

    def _measure(self, values: Array, weights: Array | None) -> None:  # noqa: ARG002
        hint = "Use transform = 'asinh', which is defined at 0 and below."
        self._refuse((values <= 0).any(axis=0), "a logarithm of 0 or below", hint)

    def _scale(self, values: Array) -> Array:
        self._refuse((values <= 0).any(axis=0), "a logarithm of 0 or below", "Use transform = 'asinh'.")
        return np.log(values)


class Asinh(ColumnScale):
    """Inverse hyperbolic sine: like a logarithm for large values, defined at 0 and below."""

    def _measure(self, values: Array, weights: Array | None) -> None:
        pass  # nothing to measure

    def _scale(self, values: Array) -> Array:
        return np.arcsinh(values)


class Winsorise(ColumnScale):
    """Pull values beyond two quantiles to them.

    Parameters
    ----------
    lower, upper : quantiles, 0 <= lower < upper <= 1 (linear interpolation between order statistics)
    """

    fitted = ("low", "high")

    def __init__(self, lower: float = 0.01, upper: float = 0.99) -> None:
        self.lower = lower
        self.upper = upper

    def _measure(self, values: Array, weights: Array | None) -> None:  # noqa: ARG002
        if not 0 <= self.lower < self.upper <= 1:
            raise ValueError(f"quantiles 0 <= lower < upper <= 1, got {self.lower}, {self.upper}")
        self._refuse(np.isnan(values).all(axis=0), "nothing observed", "Drop the factor.")
        self.low_, self.high_ = np.nanquantile(values, [self.lower, self.upper], axis=0)

    def _scale(self, values: Array) -> Array:
        return np.clip(values, self.low_, self.high_)
