"""What the rates of an area can be, given its counts and what other areas are like.

An area's counts alone say too little: 12 of 60 is more likely a high draw from a usual area than a usual draw from an
extreme one, for there are more usual areas. So each posterior has a prior measured on all areas.

"profiles": areas fall into classes of alike profiles; within a class each rate varies around the class's mean. All
factors together say which classes an area can be of, so that a factor that is hard to see is judged by the others too,
and a country of two humps is no single hump. The classes are found on variance-stabilised rates by expectation and
maximisation with the noise of each count known (Bovy, Hogg and Roweis 2011, Annals of Applied Statistics 5(2B),
sections 2-3; here with diagonal covariances), and turned into Beta (per 1,000: Gamma) distributions of the same mean
and variance. Where the noise is wider than a class, classes cut the noise up and come out too narrow, so each variance
is pulled towards that of all classes (an inverse-gamma prior, as in Fraley and Raftery 2007, Journal of Classification
24, section 3). And the prior is itself uncertain: it is measured on several resamples of the areas, and each gets its
part of the draws (Laird and Louis 1987, Journal of the American Statistical Association 82, section 3).

"country", "lan", "kommun", "type": each factor alone, towards the parent; see `factors.shrinkage`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from regso_cluster.factors.rates import OBSERVED, TOO_FEW
from regso_cluster.factors.shrinkage import counts_of, shrink_factor
from regso_cluster.factors.tables import FactorTable
from regso_cluster.grouping.clusters import KMeans
from regso_cluster.kernels.profiles import expect_classes
from regso_cluster.method import Factor, Method

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
LEAST_CHANCE = 5e-3  # of a class that an area is taken to be of
_PULL = 5.0  # areas: what the variance of all classes weighs beside that of one
_CHUNK = 256  # areas
_STRONGEST = 1e8  # persons; see factors.shrinkage
_GAUSS, _GAUSS_WEIGHTS = np.polynomial.hermite_e.hermegauss(15)


@dataclass(frozen=True)
class Posterior:
    """The rates of each area as a mixture of Beta and Gamma distributions, independent within a row.

    Parameters
    ----------
    start : (n_areas + 1,) rows of each area
    chance : (n_rows,) probability of each row, summing to 1 within an area
    first, second : (n_rows, n_factors) a and b of Beta(a, b), shape and rate of Gamma; NaN where `drawn` is False
    drawn : (n_areas, n_factors) factors with a noise model; the others are exact where they are seen
    shared : keys of the factors whose count is one for all areas of a kommun
    """

    start: npt.NDArray[np.int64]
    chance: Array
    first: Array
    second: Array
    drawn: Bools
    shared: tuple[str, ...]


def posteriors_of(table: FactorTable, method: Method, generator: np.random.Generator) -> tuple[Posterior, ...]:
    """Measure the posteriors of a table's rates: one, or one for each resample of areas that the prior is measured on.

    A factor that is suppressed or missing gets what its prior says of an area like this one, given its other factors:
    wide, but not knowing nothing. An area with too few residents gets no posterior.

    Parameters
    ----------
    table, method : the method states the prior, and `certainty.prior_resamples`
    generator : gives the resamples

    Raises
    ------
    InputError  a factor with counts in fewer than two areas
    """
    if method.shrinkage:
        return (_by_factor(table, method, method.shrinkage.towards),)
    prior = method.certainty.prior if method.certainty else "country"
    own = [factor for factor in method.factors if factor.denominator and not _of_kommun(factor, table)]
    if prior != "profiles" or not own:
        return (_by_factor(table, method, "country" if prior == "profiles" else prior),)
    return _by_profiles(table, method, own, generator)


def _of_kommun(factor: Factor, table: FactorTable) -> bool:
    return factor.level == "kommun" and table.edition is not None


def _by_factor(table: FactorTable, method: Method, towards: str, only: tuple[str, ...] | None = None) -> Posterior:
    """One row an area: each factor alone."""
    n = len(table.areas)
    first, second = (np.full((n, len(method.factors)), np.nan) for _ in range(2))
    for number, factor in enumerate(method.factors):
        if only is not None and factor.key not in only:
            continue
        found = shrink_factor(table, factor, towards)
        if found is not None:
            seen = ~np.isnan(found.first)
            first[:, number] = np.where(seen, found.first, found.prior_first)
            second[:, number] = np.where(seen, found.second, found.prior_second)
    few = (table.areas["status"] == TOO_FEW).to_numpy()
    drawn = ~np.isnan(first) & ~few[:, None]
    shared = tuple(factor.key for factor in method.factors if factor.denominator and _of_kommun(factor, table))
    return Posterior(np.arange(n + 1), np.ones(n), first, second, drawn, shared)


def _by_profiles(
    table: FactorTable, method: Method, own: list[Factor], generator: np.random.Generator
) -> tuple[Posterior, ...]:
    """Several rows an area: one for each class that it can be of."""
    certainty = method.certainty
    size, resamples = (certainty.classes, certainty.prior_resamples) if certainty else (1, 1)
    keys = [factor.key for factor in own]
    columns = [method.keys.index(key) for key in keys]
    counts = _Counts.of(table, own)
    few = (table.areas["status"] == TOO_FEW).to_numpy()
    alone = _by_factor(table, method, "country", tuple(key for key in method.keys if key not in keys))
    alone.drawn[:, columns] = ~few[:, None]
    parts = [counts] if resamples == 1 else [counts.resampled(generator) for _ in range(resamples)]
    return tuple(_joined(counts, find_classes(part, size), alone, columns) for part in parts)


def _joined(counts: _Counts, classes: Classes, alone: Posterior, columns: list[int]) -> Posterior:
    """Write the classes that each area can be of beside the factors that are judged alone."""
    chances = _chances(counts, classes)
    chances[chances < LEAST_CHANCE] = 0.0
    chances /= chances.sum(axis=1, keepdims=True)
    area, kind = np.nonzero(chances > 0)
    start = np.concatenate([[0], np.cumsum(np.bincount(area, minlength=len(chances)))])
    first, second = alone.first[area], alone.second[area]
    n, d = np.where(counts.seen, counts.n, 0.0), np.where(counts.seen, counts.d, 0.0)
    first[:, columns] = classes.first[kind] + n[area]
    second[:, columns] = classes.second[kind] + np.where(counts.events, d, d - n)[area]
    return Posterior(start, chances[area, kind], first, second, alone.drawn, alone.shared)


@dataclass(frozen=True)
class _Counts:
    """Counts of the factors that classes are found on, (n_areas, n_factors) each; `events` (n_factors,)."""

    n: Array
    d: Array
    seen: Bools
    events: Bools

    @staticmethod
    def of(table: FactorTable, own: list[Factor]) -> _Counts:
        pairs = [counts_of(table, factor) for factor in own]
        n, d = (np.stack([pair[part].to_numpy(np.float64) for pair in pairs if pair], axis=1) for part in range(2))
        used = np.stack([(table.status[factor.key] == OBSERVED).to_numpy() for factor in own], axis=1)
        events = np.array([factor.unit == "per 1000" for factor in own])
        return _Counts(n, d, used & (d > 0) & ~np.isnan(n), events)

    def resampled(self, generator: np.random.Generator) -> _Counts:
        """Draw as many areas with replacement; where a factor that few areas have falls out, take all as they are."""
        at = np.sort(generator.integers(0, len(self.n), len(self.n)))
        if (self.seen[at].sum(axis=0) < 2).any():
            return self
        return _Counts(self.n[at], self.d[at], self.seen[at], self.events)


@dataclass(frozen=True)
class Classes:
    """Classes of areas with alike profiles.

    Parameters
    ----------
    share : (n_classes,) of the areas
    mean, variance : (n_classes, n_factors) of the stabilised rates within a class
    first, second : (n_classes, n_factors) a and b of Beta, shape and rate of Gamma, of the same mean and variance
    """

    share: Array
    mean: Array
    variance: Array
    first: Array
    second: Array


def _stabilise(counts: _Counts) -> tuple[Array, Array]:
    """Give arcsin sqrt p (per 1,000: sqrt p), NaN where not seen, and the variance of its noise (Anscombe 1948)."""
    d = np.where(counts.seen, counts.d, np.nan)
    rate = (counts.n + 0.375) / np.where(counts.events, d, d + 0.75)
    return np.where(counts.events, np.sqrt(rate), np.arcsin(np.sqrt(np.minimum(rate, 1.0)))), 0.25 / d


def find_classes(counts: _Counts, size: int, steps: int = 40, gain: float = 3e-6) -> Classes:
    """Find classes by expectation and maximisation, from what k-means finds.

    To stop early is on purpose: later steps only fit the noise of the counts (docs/calibration.md).

    Parameters
    ----------
    counts : of every area
    size : how many classes at most; fewer where areas are fewer than 20 a class
    steps, gain : stop after so many steps, or when the log likelihood per area rises by less
    """
    x, noise = _stabilise(counts)
    seen = ~np.isnan(x)
    with_any: Bools = np.asarray(seen.any(axis=1))
    size = max(1, min(size, int(with_any.sum()) // 20))
    typical = np.nanmean(np.where(seen, noise, np.nan), axis=0)
    filled, noise = np.where(seen, x, 0.0), np.where(seen, noise, 1.0)
    share, mean, variance = _start(x, noise, with_any, size)
    chunks, before, areas = -(-len(x) // _CHUNK), -np.inf, with_any.sum()
    log, members, likelihood = np.empty((chunks, size)), np.empty((chunks, size)), np.empty(chunks)
    mass, moved, squared = (np.empty((chunks, *mean.shape)) for _ in range(3))
    for _ in range(steps):
        expect_classes(
            filled, noise, seen, share, mean, variance, _CHUNK, log, mass, moved, squared, members, likelihood
        )
        now = float(likelihood.sum() / max(areas, 1))
        if now - before < gain:
            break
        before = now
        total = mass.sum(axis=0) + 1e-9
        step = moved.sum(axis=0) / total
        mean = mean + step
        variance = _pulled(np.maximum(squared.sum(axis=0) / total - step**2, 1e-10), total, typical)
        share = np.maximum(members.sum(axis=0) / areas, 1e-9)
    return Classes(share / share.sum(), mean, variance, *_conjugate(mean, variance, counts.events))


def _pulled(variance: Array, mass: Array, noise: Array) -> Array:
    """Pull the variance of each class towards that of all, the more the less its areas say beside their noise.

    Of a variance v under noise s, an area says (v / (v + s))^2 times what it would say without noise.

    Parameters
    ----------
    variance, mass : (n_classes, n_factors) within a class, and its areas
    noise : (n_factors,) usual variance of a count's noise
    """
    common = (variance * mass).sum(axis=0) / mass.sum(axis=0)
    worth = mass * (common / (common + noise)) ** 2
    return np.asarray((_PULL * common + worth * variance) / (_PULL + worth))


def _start(x: Array, noise: Array, with_any: Bools, size: int) -> tuple[Array, Array, Array]:
    """Begin with the groups that k-means finds in the standardised rates, each with the spread that is not noise."""
    middle, spread = np.nanmean(x, axis=0), np.nanstd(x, axis=0) + 1e-12
    part = np.zeros(int(with_any.sum()), np.int64)
    if size > 1:
        part = KMeans(size, n_swaps=20, random_state=0).fit((x[with_any] - middle) / spread).labels_.astype(np.int64)
    mean, variance = np.tile(middle, (size, 1)), np.tile(spread**2, (size, 1))
    share = np.full(size, 1e-9)
    for kind in range(size):
        inside = np.flatnonzero(with_any)[part == kind]
        if len(inside):
            share[kind] = len(inside)
            seen = ~np.isnan(x[inside])
            number = np.maximum(seen.sum(axis=0), 1)
            own = np.where(seen, x[inside], 0.0).sum(axis=0) / number
            mean[kind] = np.where(seen.any(axis=0), own, middle)
            own = np.where(seen, (x[inside] - mean[kind]) ** 2 - noise[inside], 0.0).sum(axis=0) / number
            variance[kind] = np.maximum(own, 0.01 * spread**2)
    return share / share.sum(), mean, variance


def _conjugate(mean: Array, variance: Array, events: Bools) -> tuple[Array, Array]:
    """Turn normals of stabilised rates into Beta and Gamma distributions of the same mean and variance."""
    at = mean[..., None] + np.sqrt(variance)[..., None] * _GAUSS
    rates = np.where(events[:, None], np.maximum(at, 0.0) ** 2, np.sin(np.clip(at, 0.0, np.pi / 2)) ** 2)
    chance = _GAUSS_WEIGHTS / _GAUSS_WEIGHTS.sum()
    m = np.maximum((rates * chance).sum(axis=-1), 1e-9)
    v = np.maximum(((rates - m[..., None]) ** 2 * chance).sum(axis=-1), 1e-18)
    m = np.where(events, m, np.minimum(m, 1 - 1e-9))
    worth = np.where(events, m / v, m * (1 - m) / v - 1)
    worth = np.clip(worth, 0.5, _STRONGEST)
    return m * worth, np.where(events, worth, (1 - m) * worth)


def _chances(counts: _Counts, classes: Classes) -> Array:
    """Give the probability of each class for each area, from all its counts: (n_areas, n_classes)."""
    log = np.tile(np.log(classes.share), (len(counts.n), 1))
    n, d = np.where(counts.seen, counts.n, 0.0), np.where(counts.seen, counts.d, 0.0)
    for number, events in enumerate(counts.events):
        a, b = classes.first[:, number], classes.second[:, number]
        x, of = n[:, [number]], d[:, [number]]
        if events:
            one = special.gammaln(a + x) - special.gammaln(a) + a * np.log(b) - (a + x) * np.log(b + of)
        else:
            one = special.betaln(a + x, b + of - x) - special.betaln(a, b)
        log += np.where(counts.seen[:, [number]], one, 0.0)
    chances: Array = np.exp(log - special.logsumexp(log, axis=1, keepdims=True))
    return chances
