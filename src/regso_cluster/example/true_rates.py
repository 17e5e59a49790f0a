"""True rates of a synthetic country: one hump and a long tail a factor, neighbours alike, problems planted exactly.

A standard normal value an area and factor holds the correlations and the spatial pattern; a curve a factor turns it
into a rate with the mean, SD and tail of a real one. Then areas near a limit move across it, as few and as little as
the asked numbers of areas with problems need.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, logit, ndtri

from regso_cluster.areas.shapes import neighbour_arrays
from regso_cluster.schema import columns as c

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

LIMIT = 2.0  # a problem is worse than the mean by so many SD
_LEAST, _MOST = 0.002, 0.985  # of a rate
_ROUNDS = 200  # of moving areas across a limit, which follows the rates
_APART = 0.005  # SD: the least distance to the limit of an area that was moved across it


@dataclass(frozen=True)
class Shape:
    """How the true rates of one factor lie over the areas: a Johnson S_B curve, which has one hump and ends somewhere.

    Attributes
    ----------
    mean, sd : of the rates over the areas, as shares of the denominator
    bend, width : Johnson's gamma and delta, which give skewness and kurtosis; the tail is on the worse side
    worse : 1 where a high rate is worse, -1 where a low one is
    common : loading on the disadvantage that all factors share, 0 to 1
    kommun, near : shares of the rest that kommuner and that neighbours have in common
    base, base_spread : share of the residents in the denominator, and SD of its logarithm over the areas
    """

    key: str
    mean: float
    sd: float
    bend: float
    width: float
    worse: int
    common: float
    kommun: float
    near: float
    base: float
    base_spread: float

    @cached_property
    def _ends(self) -> tuple[float, float]:
        """The best rate, and how far the worst is from it."""
        grid = expit((ndtri((np.arange(20_000) + 0.5) / 20_000) - self.bend) / self.width)
        length = self.worse * self.sd / grid.std()
        return float(self.mean - length * grid.mean()), float(length)

    def rates(self, normal: Array) -> Array:
        """Turn standard normal values (high is worse) into rates."""
        best, length = self._ends
        found: Array = np.clip(best + length * expit((normal - self.bend) / self.width), _LEAST, _MOST)
        return found

    def normal(self, rate: float) -> float:
        """Give the standard normal value of a rate."""
        best, length = self._ends
        return float(self.bend + self.width * logit(np.clip((rate - best) / length, 1e-9, 1 - 1e-9)))


@dataclass(frozen=True)
class Planted:
    """True rates in which the asked areas, and no others, have a problem.

    Attributes
    ----------
    normal : (n_areas, n_factors) standard normal values behind the rates, high is worse
    rates : (n_areas, n_factors) shares of the denominator
    beyond : (n_areas, n_factors) distance to the limit in SD of `normal`; > 0 is a problem
    limits : (n_factors,) mean and 2 SD over the areas of the rates as they are counted
    """

    normal: Array
    rates: Array
    beyond: Array
    limits: Array


def spatial_field(names: pd.DataFrame, kommun: float, near: float, generator: np.random.Generator) -> Array:
    """Draw values that areas share with their kommun and with their neighbours.

    Parameters
    ----------
    names : a row an area: regso, kommun
    kommun, near : shares of the variance that kommuner and that neighbours have in common; the rest is an area's own

    Returns
    -------
    (n_areas,) of mean 0 and SD 1
    """
    starts, neighbours, _ = neighbour_arrays(tuple(names[c.REGSO]))
    degree = np.diff(starts)
    row = np.repeat(np.arange(len(names)), degree)
    smooth = generator.normal(size=len(names))
    for _ in range(3):
        around = np.bincount(row, weights=smooth[neighbours], minlength=len(names)) / degree
        smooth = 0.5 * smooth + 0.5 * around
    number, kommuner = pd.factorize(names[c.KOMMUN])
    shared = generator.normal(size=len(kommuner))[number]
    own = generator.normal(size=len(names))
    parts = np.column_stack([_standard(part) for part in (smooth, shared, own)])
    return _standard(parts @ np.sqrt([near, kommun, 1 - near - kommun]))


def correlated(
    names: pd.DataFrame, shapes: tuple[Shape, ...], common: tuple[float, float, float], generator: np.random.Generator
) -> Array:
    """Draw standard normal values that factors, kommuner and neighbours share.

    Parameters
    ----------
    common : of the disadvantage that all factors share: kommun, near (see `spatial_field`), and how long its worse
        tail is (0: normal), so that many problems meet in the same areas

    Returns
    -------
    (n_areas, n_factors), high is worse; each column has exactly the normal quantiles
    """
    kommun, near, tail = common
    disadvantage = spatial_field(names, kommun, near, generator)
    disadvantage = _standard(np.expm1(tail * disadvantage) if tail else disadvantage)
    found = np.empty((len(names), len(shapes)))
    for f, shape in enumerate(shapes):
        own = spatial_field(names, shape.kommun, shape.near, generator)
        mixed = shape.common * disadvantage + np.sqrt(1 - shape.common**2) * own
        found[:, f] = ndtri((np.argsort(np.argsort(mixed)) + 0.5) / len(mixed))
    return found


def _standard(values: Array) -> Array:
    scaled: Array = (values - values.mean()) / values.std()
    return scaled


def measure(normal: Array, denominators: Array, shapes: tuple[Shape, ...]) -> Planted:
    """Compute rates, the limits that counts of them have on average, and how far each rate lies beyond its limit.

    Parameters
    ----------
    denominators : (n_areas, n_factors) persons; areas with at most 20 are not counted, as SCB does not publish them
    """
    rates = np.column_stack([shape.rates(normal[:, f]) for f, shape in enumerate(shapes)])
    limits = np.empty(len(shapes))
    for f, shape in enumerate(shapes):
        seen = denominators[:, f] > 20
        rate = rates[seen, f]
        chance = (rate * (1 - rate) / denominators[seen, f]).mean()
        limits[f] = rate.mean() + shape.worse * LIMIT * np.sqrt(rate.var() + chance)
    at = np.array([shape.normal(limits[f]) for f, shape in enumerate(shapes)])
    return Planted(normal, rates, normal - at, limits)


def choose_problems(beyond: Array, totals: tuple[tuple[int, int], ...]) -> Flags:
    """Choose the areas that have problems: those nearest to having them by themselves.

    Parameters
    ----------
    beyond : (n_areas, n_factors) distance to the limit, > 0 is a problem
    totals : pairs (least number of problems, areas with at least so many), the largest number first

    Returns
    -------
    (n_areas, n_factors); in each area the factors farthest beyond their limit
    """
    own = (beyond > 0).sum(axis=1)
    ordered = -np.sort(-beyond, axis=1)
    number = np.zeros(len(beyond), dtype=np.int64)
    free, most = np.ones(len(beyond), dtype=bool), beyond.shape[1]
    for least, areas in totals:
        rank = np.argsort(np.where(free, -ordered[:, least - 1], np.inf), kind="stable")
        taken = rank[: areas - int((~free).sum())]
        number[taken] = np.clip(own[taken], least, most)
        free[taken] = False
        most = least - 1
    place = np.argsort(np.argsort(-beyond, axis=1, kind="stable"), axis=1)
    chosen: Flags = place < number[:, None]
    return chosen


def settle(normal: Array, problems: Flags, denominators: Array, shapes: tuple[Shape, ...]) -> Planted:
    """Mirror at its limit each rate that lies on the wrong side, until the problems are those that were chosen.

    Raises
    ------
    ArithmeticError  rates and limits that do not come to rest
    """
    normal = normal.copy()
    for _ in range(_ROUNDS):
        found = measure(normal, denominators, shapes)
        wrong = (found.beyond > 0) != problems
        if not wrong.any():
            return found
        to = np.where(problems, 1.0, -1.0) * np.maximum(np.abs(found.beyond), _APART)
        normal[wrong] += (to - found.beyond)[wrong]
    raise ArithmeticError("the rates of the synthetic country do not come to rest at their limits")
