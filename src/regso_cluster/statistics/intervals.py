"""Intervals of shares, means and their differences, with areas as clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A share or mean with its interval.

    Parameters
    ----------
    value : the ratio of the sums; NaN where there are no units
    low, high : ends of the interval; NaN where it cannot be given
    variance : of the value, by linearisation; NaN for fewer than two clusters
    freedom : clusters less one
    """

    value: float
    low: float
    high: float
    variance: float
    freedom: int


def estimate_share(
    units: Floats, attribute: Floats, level: float, spread: tuple[Floats, Floats] | None = None
) -> Estimate:
    """Estimate a share with Wilson's interval, made wider where people of one area are alike.

    Parameters
    ----------
    units, attribute : (areas,) units, and units with the attribute
    level : such as 0.95
    spread : units and attribute by area from which the design effect is taken; None: the same. An interval tells of
        the squares of what it is made from, so that hidden areas must stay out of it

    Notes
    -----
    Wilson's interval keeps its level for shares near 0 and 1 (Brown, Cai and DasGupta 2001). Units of one area are
    alike, so that n units tell less than n: n is divided by the design effect, never below 1, of the linearised
    variance with areas as clusters (Korn and Graubard 1998; Franco, Little, Louis and Slud 2019). With one area it is
    plain Wilson.
    """
    total = float(units.sum())
    if total <= 0:
        return Estimate(np.nan, np.nan, np.nan, np.nan, 0)
    share = float(attribute.sum()) / total
    variance, freedom = _linearised(*(spread or (units, attribute)), total)
    simple = share * (1 - share) / total
    effect = max(1.0, variance / simple) if simple > 0 and np.isfinite(variance) else 1.0
    effective = total / effect
    z = float(stats.norm.ppf(0.5 + level / 2))
    centre = (share + z * z / (2 * effective)) / (1 + z * z / effective)
    half = z / (1 + z * z / effective) * np.sqrt(share * (1 - share) / effective + z * z / (4 * effective**2))
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return Estimate(share, min(low, share), max(high, share), max(variance, simple), freedom)


def estimate_mean(units: Floats, sums: Floats, level: float, spread: tuple[Floats, Floats] | None = None) -> Estimate:
    """Estimate a mean as a ratio of sums over areas; t with areas less one degrees of freedom.

    Parameters
    ----------
    units, sums : (areas,) units, and the variable summed over them
    level : such as 0.95
    spread : units and sums by area from which the variance is taken, as in `estimate_share`

    Notes
    -----
    Linearised variance of a ratio with areas as clusters: Cochran, *Sampling Techniques* (1977), section 2.11 and
    chapter 9A. Taken rather than a bootstrap over areas, which for few areas is as narrow and not the same at each run.
    """
    total = float(units.sum())
    if total <= 0:
        return Estimate(np.nan, np.nan, np.nan, np.nan, 0)
    mean = float(sums.sum()) / total
    variance, freedom = _linearised(*(spread or (units, sums)), total)
    half = float(stats.t.ppf(0.5 + level / 2, freedom)) * np.sqrt(variance) if freedom > 0 else np.nan
    return Estimate(mean, mean - half, mean + half, variance, freedom)


def _linearised(units: Floats, sums: Floats, total: float) -> tuple[float, int]:
    """Variance of a ratio of `total` units, by clusters that have units, and clusters less one."""
    own = units > 0
    number = int(own.sum())
    if number < 2:
        return np.nan, 0
    residual = sums[own] - sums[own].sum() / units[own].sum() * units[own]
    return float(number / (number - 1) * np.square(residual).sum() / (units[own].sum() * total)), number - 1


def share_difference(one: Estimate, other: Estimate) -> tuple[float, float]:
    """Interval of a difference of shares from the two intervals: Newcombe (1998), method 10."""
    gap = one.value - other.value
    low = gap - np.sqrt((one.value - one.low) ** 2 + (other.high - other.value) ** 2)
    high = gap + np.sqrt((one.high - one.value) ** 2 + (other.value - other.low) ** 2)
    return float(low), float(high)


def mean_difference(one: Estimate, other: Estimate, level: float) -> tuple[float, float]:
    """Interval of a difference of means of different areas: Welch, degrees of freedom by Satterthwaite."""
    if not (one.freedom and other.freedom):
        return np.nan, np.nan
    both = one.variance + other.variance
    if both == 0:
        return one.value - other.value, one.value - other.value
    freedom = both**2 / (one.variance**2 / one.freedom + other.variance**2 / other.freedom)
    half = float(stats.t.ppf(0.5 + level / 2, freedom)) * np.sqrt(both)
    return one.value - other.value - half, one.value - other.value + half


def weighted_quantile(values: Floats, weights: Floats, share: float) -> float:
    """The value below which a share of the weight lies; between two values their middle.

    Parameters
    ----------
    values, weights : (n,) no missing values; weights >= 0
    share : 0 to 1

    Notes
    -----
    Definition 2 of Hyndman and Fan (1996) with weights: weight 2 is the value twice.
    """
    own = weights > 0
    if not own.any():
        return float("nan")
    order = np.argsort(values[own], kind="stable")
    sorted_, running = values[own][order], np.cumsum(weights[own][order])
    wanted = share * running[-1]
    slack = 1e-12 * running[-1]
    first = min(int(np.searchsorted(running, wanted - slack)), len(sorted_) - 1)
    if abs(running[first] - wanted) <= slack and first + 1 < len(sorted_):
        return float((sorted_[first] + sorted_[first + 1]) / 2)
    return float(sorted_[first])
