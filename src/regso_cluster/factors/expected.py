"""What each figure of an area should be, given all its other figures: a robust regression on a symmetric scale.

The figures of an area are put on scales on which a slip of the decimal point is a shift: rates on the logit, positive
numbers on the log. Each is predicted from the others of its row and from its kommun, by a fit that single cells cannot
bend, and compared with what was expected, in robust standard deviations that hold the noise of small counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import stats

Array = npt.NDArray[np.float64]

CLAMP = 3.0  # robust SD at which a predictor stops to count: a slip in one cell must not move the others
BISQUARE = 4.685  # Tukey's constant: 95 % efficient where the residuals are normal
ROUNDS = 12
TAIL = 0.98  # the quantile of the residuals by which the width of each tail is measured
WIDEST = 4.0  # robust SD of such a width are as wide as a tail of right cells gets
SENTINELS = 0.02  # of a column; where more cells hold one, they are numbers like others
NEGATIVE = (-1.0, -9.0, -99.0, -999.0, -9999.0)  # what programs write for a missing number
LAST_YEARS = 0.5  # what an event of last year counts beside one of this year
STEADY = 0.01  # the least SD of changes since last year, on the scale
FEW = 50  # areas with fewer observed figures give no prediction
SHAPES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.6, 1.0, 1.6, 2.5, 4.0, 7.0, 12.0)  # overdispersion of events that is tried


@dataclass(frozen=True)
class Measure:
    """One figure of every area on its scale.

    Parameters
    ----------
    y : (n_areas,) on the scale: log, logit or as it is; NaN where not observed
    kind : "log", "logit" or "plain"
    offset : added before the log, for figures that can be 0
    top : of the logit, in the unit (100 for per cent); 0 elsewhere
    persons : (n_areas,) the denominator, where the figure is a rate of counts, else None
    events : (n_areas,) counts, where the figure is a rate of rare events, else None
    """

    y: Array
    kind: str
    offset: float = 0.0
    top: float = 0.0
    persons: Array | None = None
    events: Array | None = None

    def back(self, y: Array) -> Array:
        """Bring figures from the scale to the unit."""
        if self.kind == "plain":
            return y
        with np.errstate(over="ignore"):
            grown: Array = np.exp(np.clip(y, -700, 700))
        if self.kind == "log":
            return np.asarray(np.maximum(grown - self.offset, 0.0))
        whole = self.top + 2 * self.offset
        back: Array = np.clip(whole * grown / (1 + grown) - self.offset, 0.0, self.top)
        return back


@dataclass(frozen=True)
class Expected:
    """What one figure of every area was expected to be.

    Parameters
    ----------
    centre, spread : (n_areas,) on the scale of the measure, of one robust SD
    up, down : (n_areas,) the same, widened or narrowed to the tail of either side
    mean : (n_areas,) expected number of rare events, with the overdispersion `shape`; None elsewhere
    before : (n_areas,) the figure of last year, moved by the median change, on the scale of the measure; of rare events
        the count of last year at this year's rate of persons; NaN where there is none; None without last year
    change : (n_areas,) one robust SD of the changes since last year

    The others are NaN where nothing can be predicted.
    """

    centre: Array
    spread: Array
    up: Array
    down: Array
    mean: Array | None = None
    shape: float = 0.0
    before: Array | None = None
    change: Array | None = None

    @property
    def has_before(self) -> npt.NDArray[np.bool_]:
        """Whether last year's figure is known; (n_areas,)."""
        return np.zeros(len(self.centre), bool) if self.before is None else np.isfinite(self.before)

    @property
    def middle(self) -> Array:
        """Last year's figure where it is known, elsewhere what the other figures say; on the scale."""
        if self.before is None or self.mean is not None:
            return self.centre
        return np.where(self.has_before, self.before, self.centre)

    @property
    def ends(self) -> tuple[Array, Array]:
        """Two robust SD below and above the middle, on the scale."""
        low, high = self.centre - 2 * self.down, self.centre + 2 * self.up
        if self.before is None or self.change is None or self.mean is not None:
            return low, high
        known = self.has_before
        return np.where(known, self.before - 3 * self.change, low), np.where(known, self.before + 3 * self.change, high)

    def mean_and_shape(self) -> tuple[Array, Array]:
        """Mean and overdispersion of rare events, given last year's count where it is known: gamma-Poisson."""
        mean = np.zeros_like(self.centre) if self.mean is None else self.mean
        size = np.full(len(mean), 1 / self.shape if self.shape else np.inf)
        if self.before is None:
            return mean, 1 / size
        last = np.where(self.has_before, LAST_YEARS * np.nan_to_num(self.before), 0.0)
        weight = np.where(self.has_before, LAST_YEARS, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            moved = (size + last) / (size / mean + weight)
        return np.where(mean > 0, moved, mean), 1 / (size + last)


def measure_value(value: Array, top: float | None) -> Measure:
    """Put values on a symmetric scale: per cent and shares on the logit, positive ones on the log.

    A few negative sentinels do not make a column plain; on the scale they are NaN.

    `value` : (n_areas,) NaN where not observed; `top` : the greatest possible value, None without one.
    """
    sentinel = np.isin(value, NEGATIVE)
    given = value
    if sentinel.mean() < SENTINELS:
        value = np.where(sentinel, np.nan, value)
    seen = value[~np.isnan(value)]
    if not len(seen) or seen.min() < 0:
        return Measure(given, "plain")
    positive = seen[seen > 0]
    offset = 0.0
    if len(positive):
        least = float(np.quantile(positive, 0.02))
        offset = least / 2 if (len(positive) < len(seen) or top) else 0.0
    if top and seen.max() <= top:
        with np.errstate(divide="ignore"):
            return Measure(np.log((value + offset) / (top - value + offset)), "logit", offset, top)
    if len(positive) < len(seen) / 2:
        return Measure(value, "plain")
    with np.errstate(divide="ignore"):
        return Measure(np.log(value + offset), "log", offset)


def measure_rate(numerator: Array, denominator: Array, factor: float, *, bounded: bool) -> Measure:
    """Put a rate of counts on the logit (bounded) or the log, with half a person added on either side."""
    persons = np.where(denominator > 0, denominator, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        if bounded:
            y = np.log((numerator + 0.5) / (persons - numerator + 0.5))
            return Measure(y, "logit", 0.0, factor, persons)
        y = np.log(factor * (numerator + 0.5) / persons)
    rare = np.nanmedian(numerator) < 20 if np.isfinite(numerator).any() else False
    return Measure(y, "log", 0.0, 0.0, persons, numerator if rare else None)


def standardise(y: Array) -> Array:
    """Centre by the median, divide by the normalised interquartile range; what is missing or flat becomes 0."""
    seen = np.isfinite(y)
    if seen.sum() < FEW:
        return np.zeros_like(y)
    low, middle, high = np.quantile(y[seen], [0.25, 0.5, 0.75])
    spread = (high - low) / 1.349 or float(np.std(y[seen])) or 1.0
    return np.where(seen, (y - middle) / spread, 0.0)


def expect(measure: Measure, predictors: Array, factor: float = 1.0) -> Expected:
    """Predict one figure of every area from (n_areas, n_predictors) standardised, clamped figures of its row."""
    y = measure.y
    seen = np.isfinite(y)
    n = len(y)
    if seen.sum() < FEW or np.ptp(y[seen]) == 0:
        nothing = np.full(n, np.nan)
        return Expected(nothing, nothing, nothing, nothing)
    x = np.column_stack([np.ones(n), predictors])
    if measure.events is not None and measure.persons is not None:
        return _expect_events(measure, x, seen, factor)
    middle, spread = _middle_and_spread(y[seen])
    beta = _solve(x[seen], np.clip(y[seen], middle - CLAMP * spread, middle + CLAMP * spread), np.ones(seen.sum()))
    for _ in range(ROUNDS):
        residual = y - x @ beta
        noise = _noise(measure, x @ beta)
        _, width = _middle_and_spread((residual / np.sqrt(1 + noise / _model_variance(residual, noise, seen)))[seen])
        scale = np.sqrt(width**2 + noise)
        u = np.clip(residual[seen] / (BISQUARE * scale[seen]), -1, 1)
        beta = _solve(x[seen], y[seen], (1 - u**2) ** 2 / scale[seen] ** 2)
    centre = x @ beta
    noise = _noise(measure, centre)
    residual = y - centre
    scale = np.sqrt(_model_variance(residual, noise, seen) + noise)
    up, down = _tails(residual[seen] / scale[seen])
    return Expected(centre, scale, scale * up, scale * down)


def with_last_year(expected: Expected, measure: Measure, before: Array) -> Expected:
    """Add last year's figures to what was expected.

    `before` : (n_areas,) on the scale of the measure, or counts where the measure has rare events; NaN where unknown.
    """
    if expected.mean is not None:
        return replace(expected, before=before)
    with np.errstate(invalid="ignore"):
        moved = measure.y - before
    seen = np.isfinite(moved) & np.isfinite(expected.centre)
    if seen.sum() < FEW:
        return expected
    shift = float(np.median(moved[seen]))
    spread = 1.4826 * float(np.median(np.abs(moved[seen] - shift)))
    before = before + shift
    noise = 2 * _noise(measure, before) if measure.persons is not None else np.zeros(len(before))
    noise = np.where(np.isfinite(noise), noise, 0.0)
    least = STEADY * (1.0 if measure.kind != "plain" else float(np.nanmedian(expected.spread)))
    own = max(spread**2 - float(np.median(noise[seen])), 0.1 * spread**2, least**2)
    return replace(expected, before=before, change=np.sqrt(own + noise))


def _middle_and_spread(y: Array) -> tuple[float, float]:
    middle = float(np.median(y))
    spread = 1.4826 * float(np.median(np.abs(y - middle)))
    return middle, spread or float(np.std(y)) or 1.0


def _solve(x: Array, y: Array, weight: Array) -> Array:
    root = np.sqrt(weight)[:, None]
    penalty = 1e-6 * np.eye(x.shape[1]) * max(float(weight.sum()), 1e-300)
    weighted = x * root
    solved: Array = np.linalg.solve(weighted.T @ weighted + penalty, weighted.T @ (root[:, 0] * y)).astype(np.float64)
    return solved


def _noise(measure: Measure, centre: Array) -> Array:
    """The variance of a rate from counts, at the rate that was expected, so that a slip cannot excuse itself."""
    if measure.persons is None:
        return np.zeros(len(centre))
    persons = np.where(np.isfinite(measure.persons), np.maximum(measure.persons, 1.0), 1.0)
    if measure.kind == "logit":
        p = 1 / (1 + np.exp(-np.clip(centre, -30, 30)))
        return np.asarray(1 / (persons * p + 0.5) + 1 / (persons * (1 - p) + 0.5))
    return np.asarray(1 / np.maximum(np.exp(np.clip(centre, -700, 700)) * persons / 1000, 0.25))


def _model_variance(residual: Array, noise: Array, seen: npt.NDArray[np.bool_]) -> float:
    """What the residuals vary beyond the noise of the counts."""
    _, spread = _middle_and_spread(residual[seen])
    return float(max(spread**2 - np.median(noise[seen]), 0.1 * spread**2))


def _tails(z: Array) -> tuple[float, float]:
    """How much wider or narrower than a normal's the upper and the lower tail are."""
    normal = stats.norm.ppf(TAIL)
    high, low = np.quantile(z, [TAIL, 1 - TAIL])
    return min(max(0.6, float(high) / normal), WIDEST), min(max(0.6, -float(low) / normal), WIDEST)


def _expect_events(measure: Measure, x: Array, seen: npt.NDArray[np.bool_], factor: float) -> Expected:
    """Predict rare events by a robust negative binomial regression; z from the exact tail."""
    events, persons = measure.events, measure.persons
    if events is None or persons is None:
        nothing = np.full(len(x), np.nan)
        return Expected(nothing, nothing, nothing, nothing)
    seen = seen & np.isfinite(persons)
    n, d, rows = events[seen], persons[seen], x[seen]
    n = np.minimum(n, np.quantile(n, 0.995) + 1)
    beta = np.zeros(x.shape[1])
    beta[0] = np.log((n.sum() + 0.5) / d.sum())
    for _ in range(ROUNDS):
        mu = d * np.exp(np.clip(rows @ beta, -30, 5))
        spread = np.sqrt(mu + mu**2)
        pull = np.clip((n - mu) / spread, -2.5, 2.5) * spread / np.maximum(mu, 1e-12)
        weight = mu / (1 + mu)
        beta = _solve(rows, rows @ beta + pull, weight)
    every = np.where(np.isfinite(persons), persons, 1.0)
    mu = every * np.exp(np.clip(x @ beta, -30, 5))
    n, own = events[seen], mu[seen]
    best, nearest = SHAPES[-1], np.inf
    for shape in SHAPES:
        z = _upper_z(n, own, shape)
        gap = abs(float(np.quantile(z, 0.97)) - stats.norm.ppf(0.97))
        if gap < nearest:
            best, nearest = shape, gap
    spread = np.sqrt(1 / np.maximum(mu, 0.25) + best)
    return Expected(np.log(factor * (mu + 0.5) / every), spread, spread, spread, mu, best)


def _upper_z(n: Array, mu: Array, shape: float) -> Array:
    """How improbable a count as high is, as an SD of a normal, by the middle of its own probability."""
    size = 1 / shape
    p = size / (size + mu)
    upper = stats.nbinom.sf(n, size, p) + stats.nbinom.pmf(n, size, p) / 2
    return np.asarray(stats.norm.isf(np.clip(upper, 1e-300, 1.0)))
