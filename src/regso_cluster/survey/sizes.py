"""Sample sizes for one figure at a time, of simple random samples.

Sources: Cochran (1977), Sampling Techniques, chapter 4; Valliant, Dever and Kreuter (2018), Practical Tools for
Designing and Weighting Survey Samples, chapters 3, 4 and 17; Särndal, Swensson and Wretman (1992), Model Assisted
Survey Sampling, section 15.4.4, for the follow-up of those who have not answered.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from regso_cluster.errors import Fault, InputError


def size_for_share(share: float, half_width: float, level: float = 0.95, population: float = np.inf) -> float:
    """Find how many answers give a share a half-width, by the normal interval.

    Parameters
    ----------
    share : the share that is expected; 0.5 is the worst case
    half_width : of the interval, such as 0.03
    level : of the interval
    population : persons; infinite leaves the finite population correction out

    Returns
    -------
    answers needed, a real number: round up

    Raises
    ------
    InputError  a share outside 0 to 1, a half-width that is not positive

    Examples
    --------
    >>> round(size_for_share(0.5, 0.03), 1)
    1067.1
    """
    _need(0 < share < 1, "a share lies between 0 and 1", share)
    _need(half_width > 0, "a half-width is positive", half_width)
    variance = (half_width / float(stats.norm.ppf(0.5 + level / 2))) ** 2
    unit = share * (1 - share) * (1 if np.isinf(population) else population / (population - 1))
    return unit / (variance + (0 if np.isinf(population) else unit / population))


def size_for_wilson(share: float, half_width: float, level: float = 0.95) -> float:
    """Find how many answers give a share a half-width by Wilson's interval, which small shares need.

    Parameters
    ----------
    share, half_width, level : as in `size_for_share`

    Returns
    -------
    answers needed, a real number

    Notes
    -----
    The half-width w of Wilson's interval obeys w^2 (n + z^2)^2 = z^2 (n p (1 - p) + z^2 / 4), a quadratic in n.

    Examples
    --------
    >>> round(size_for_wilson(0.04, 0.01), 3)
    1492.151
    """
    _need(0 <= share <= 1, "a share lies between 0 and 1", share)
    _need(0 < half_width < 0.5, "a half-width of a share lies between 0 and 0.5", half_width)
    z2 = float(stats.norm.ppf(0.5 + level / 2)) ** 2
    first, second = half_width**2, 2 * half_width**2 * z2 - z2 * share * (1 - share)
    third = half_width**2 * z2**2 - z2**2 / 4
    return float((-second + np.sqrt(second**2 - 4 * first * third)) / (2 * first))


def size_for_cv(cv: float, unit_cv: float, population: float = np.inf, domain: float = 1.0) -> float:
    """Find how many units give a mean a coefficient of variation.

    Parameters
    ----------
    cv : of the estimated mean, such as 0.05
    unit_cv : standard deviation over mean of the variable among the units; of the domain where there is one
    population : units; infinite leaves the finite population correction out
    domain : share of the population that belongs to the domain whose mean is wanted; the size is of the whole sample

    Returns
    -------
    units needed, a real number

    Examples
    --------
    >>> round(size_for_cv(0.05, 2.0)), int(np.ceil(size_for_cv(0.05, 2.0, population=500)))
    (1600, 381)
    """
    _need(cv > 0 and unit_cv > 0, "coefficients of variation are positive", min(cv, unit_cv))
    _need(0 < domain <= 1, "a domain is a share of the population", domain)
    needed = unit_cv**2 / (cv**2 + (0 if np.isinf(population) else unit_cv**2 / (population * domain)))
    return needed / domain


def size_for_total_cv(cv: float, unit_cv: float, domain: float) -> float:
    """Find how many units give the total of a domain of unknown size a coefficient of variation.

    Parameters
    ----------
    cv, unit_cv, domain : as in `size_for_cv`

    Returns
    -------
    units needed of the whole sample; more than for the mean, since how many of the domain are drawn is chance as well

    Examples
    --------
    >>> round(size_for_total_cv(0.05, 1.0, 0.5))
    1200
    """
    _need(cv > 0 and unit_cv > 0, "coefficients of variation are positive", min(cv, unit_cv))
    _need(0 < domain <= 1, "a domain is a share of the population", domain)
    return (unit_cv**2 + 1 - domain) / (cv**2 * domain)


@dataclass(frozen=True)
class Waves:
    """Two samples of one size, some units in both.

    Parameters
    ----------
    variances : of the variable in each wave, per unit
    overlap : share of the sample that both waves have
    correlation : of a unit's answers in the two waves

    Examples
    --------
    >>> Waves((200, 200), overlap=0.75, correlation=0.9).of_difference
    130.0
    """

    variances: tuple[float, float]
    overlap: float
    correlation: float

    @property
    def of_difference(self) -> float:
        """Variance of the difference of the means, times the size of one sample."""
        first, second = self.variances
        return first + second - 2 * self.overlap * self.correlation * float(np.sqrt(first * second))


def size_for_change(waves: Waves, difference: float, power: float = 0.8, level: float = 0.95, sides: int = 2) -> float:
    """Find how many units each of two waves needs so that a change is found.

    Parameters
    ----------
    waves : variances, overlap and correlation
    difference : the change of the mean that must be found
    power : chance of finding it
    level : one less the chance of finding a change where there is none
    sides : 1 or 2

    Returns
    -------
    units a wave, a real number

    Examples
    --------
    >>> int(np.ceil(size_for_change(Waves((200, 200), overlap=0.75, correlation=0.9), 5, sides=1)))
    33
    """
    _need(difference != 0, "a change of 0 cannot be found", difference)
    _need(0 < power < 1 and 0 < level < 1, "chances lie between 0 and 1", power)
    z = float(stats.norm.ppf(1 - (1 - level) / sides) + stats.norm.ppf(power))
    return waves.of_difference * (z / difference) ** 2


def waves_of_shares(first: float, second: float, both: float, overlap: float) -> Waves:
    """Variances and correlation of a yes-or-no answer in two waves.

    Parameters
    ----------
    first, second : share of yes in each wave
    both : share of yes in both, among those asked twice
    overlap : share of the sample that both waves have

    Returns
    -------
    Waves

    Examples
    --------
    >>> int(np.ceil(size_for_change(waves_of_shares(0.5, 0.55, 0.45, 0.5), 0.05)))
    1013
    """
    most, least = min(first, second), max(0.0, first + second - 1)
    _need(least <= both <= most, f"the share of yes in both waves lies between {least:g} and {most:g}", both)
    variances = (first * (1 - first), second * (1 - second))
    return Waves(variances, overlap, (both - first * second) / float(np.sqrt(variances[0] * variances[1])))


@dataclass(frozen=True)
class FollowUp:
    """A sample whose silent part is asked again, in a dearer way, by a subsample.

    Parameters
    ----------
    drawn : units drawn at first
    followed : units of the subsample
    fraction : of those who did not answer that are followed up
    cost : expected
    cv : of the estimate

    Examples
    --------
    >>> isinstance(follow_up((50, 200), 0.5, 1, budget=100_000), FollowUp)
    True
    """

    drawn: float
    followed: float
    fraction: float
    cost: float
    cv: float


def follow_up(
    costs: tuple[float, float], response: float, unit_cv: float, *, cv: float | None = None, budget: float | None = None
) -> FollowUp:
    """Find the best subsample of those who did not answer.

    Parameters
    ----------
    costs : of a unit drawn, and of a unit followed up
    response : share that answers at first
    unit_cv : standard deviation over mean of the variable
    cv, budget : one of the two: the coefficient of variation that is wanted, or the cost that is paid

    Returns
    -------
    FollowUp. Those followed up are taken to answer, and to vary as all do.

    Raises
    ------
    InputError  a response outside 0 to 1, both or none of `cv` and `budget`

    Notes
    -----
    With a fraction f of the silent share s followed up the variance of the mean is S^2 / n (1 + s (1 - f) / f) and the
    cost n (c1 + c2 s f): the best f is sqrt(c1 / (c2 (1 - s))), at most 1. The population is large.

    Examples
    --------
    >>> found = follow_up((50, 200), response=0.5, unit_cv=1, cv=0.05)
    >>> round(found.drawn, 2), round(found.followed, 2), round(found.cost, 2)
    (482.84, 170.71, 58284.27)
    """
    _need(0 < response < 1, "a share of answers lies between 0 and 1", response)
    _need(min(costs) > 0, "costs are positive", min(costs))
    if (cv is None) == (budget is None):
        raise InputError(Fault("a follow-up needs either cv or budget", hint="Give one of the two."))
    silent = 1 - response
    fraction = min(1.0, float(np.sqrt(costs[0] / (costs[1] * response))))
    inflation = 1 + silent * (1 - fraction) / fraction
    unit = costs[0] + costs[1] * silent * fraction
    drawn = budget / unit if budget is not None else unit_cv**2 * inflation / (cv or 1.0) ** 2
    return FollowUp(
        drawn, drawn * silent * fraction, fraction, drawn * unit, unit_cv * float(np.sqrt(inflation / drawn))
    )


def error_chance(bias: float, level: float = 0.95) -> float:
    """Chance that an interval misses the truth when its centre is off by a bias.

    Parameters
    ----------
    bias : over the standard error
    level : of the interval without bias

    Returns
    -------
    the chance, at least one less the level

    Examples
    --------
    >>> round(error_chance(1.0), 4)
    0.1701
    """
    z = float(stats.norm.ppf(0.5 + level / 2))
    return float(stats.norm.cdf(-z - bias) + stats.norm.sf(z - bias))


def bias_for_error(chance: float, level: float = 0.95) -> float:
    """Find the bias, over the standard error, at which an interval misses the truth with a given chance.

    Parameters
    ----------
    chance : that the interval misses the truth; at least one less the level
    level : of the interval without bias

    Returns
    -------
    the bias over the standard error, >= 0

    Examples
    --------
    >>> round(bias_for_error(0.1701), 3)
    1.0
    """
    _need(1 - level <= chance < 1, f"the chance is at least that without bias, {1 - level:g}", chance)
    return float(optimize.brentq(lambda bias: error_chance(bias, level) - chance, 0.0, 50.0))


def _need(right: bool, rule: str, got: float) -> None:
    if not right:
        raise InputError(Fault(f"a size cannot be found: {rule}", got=f"{got:g}"))
