"""What the rates of an area can be, given its counts and what other areas are like.

An area's counts alone say too little: 12 of 60 is more likely a high draw from a usual area than a usual draw from an
extreme one, for there are more usual areas. So each posterior has a prior measured on all areas.

"profiles": the rates of each factor are a mixture of a few components, measured with the noise of each count known
(Bovy, Hogg and Roweis 2011, Annals of Applied Statistics 5(2B), sections 2-3), so that a country of two humps is no
single hump and a tail is no normal one. Which components an area has in its factors goes together: areas fall into
classes, within which the components of the factors are independent (latent classes as in Dunson and Xing 2009, Journal
of the American Statistical Association 104, section 2). So a factor that is hard to see is judged by the others too.
Components are found on variance-stabilised rates and turned into Beta (per 1,000: Gamma) distributions of the same mean
and variance. Both steps are pulled towards what is common, since what few areas say is mostly noise: the variances of
components towards their mean (as in Fraley and Raftery 2007, Journal of Classification 24, section 3), the classes
towards all areas. And the prior is itself uncertain: it is measured on several resamples of the areas, and each gets
its part of the draws (Laird and Louis 1987, Journal of the American Statistical Association 82, section 3).

"country", "lan", "kommun", "type": each factor alone, towards the parent; see `factors.shrinkage`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from regso_cluster.clustering.clusters import KMeans
from regso_cluster.factors.rates import OBSERVED, TOO_FEW
from regso_cluster.factors.shrinkage import counts_of
from regso_cluster.factors.tables import FactorTable
from regso_cluster.judging.case import Case
from regso_cluster.kernels.mixture_classes import Classes, ClassWork, Components, find_classes, find_components
from regso_cluster.method import Factor
from regso_cluster.schema import columns as c

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
LEAST_CHANCE = 5e-3  # of a class that an area is taken to be of
LEAST_WEIGHT = 3e-3  # of a component that a rate is taken to come from
COMPONENTS = 8  # of a factor, at most; one for every 20 areas at most
_PULL_VARIANCE = 50.0  # areas: what the variance of all components weighs beside that of one
_PULL_CLASS = 10.0  # areas: what all areas weigh beside a class
_STRONGEST = 1e8  # persons; see factors.shrinkage
_GAUSS, _GAUSS_WEIGHTS = np.polynomial.hermite_e.hermegauss(15)


@dataclass(frozen=True)
class Posterior:
    """The rates of each area: rows that it can be of, and in a row independent mixtures of Beta or Gamma distributions.

    Parameters
    ----------
    start : (n_areas + 1,) rows of each area
    chance : (n_rows,) probability of each row, summing to 1 within an area
    weight : (n_rows, n_factors, n_components) probability of each component within a row, summing to 1
    first, second : (n_areas, n_factors, n_components) a and b of Beta(a, b), shape and rate of Gamma; NaN where `drawn`
        is False, and in components that no row of the area has
    drawn : (n_areas, n_factors) factors with a noise model; the others are exact where they are seen
    shared : keys of the factors whose count is one for all areas of a kommun
    """

    start: npt.NDArray[np.int64]
    chance: Array
    weight: Array
    first: Array
    second: Array
    drawn: Bools
    shared: tuple[str, ...]

    @staticmethod
    def of_one(first: Array, second: Array, drawn: Bools, shared: tuple[str, ...] = ()) -> Posterior:
        """Give each area one row of one component a factor: `first` and `second` (n_areas, n_factors)."""
        n, p = first.shape
        weight = np.ones((n, p, 1))
        return Posterior(np.arange(n + 1), np.ones(n), weight, first[:, :, None], second[:, :, None], drawn, shared)


def posteriors_of(case: Case, generator: np.random.Generator) -> tuple[Posterior, ...]:
    """Measure the posteriors of a table's rates: one, or one for each resample of areas that the prior is measured on.

    A factor that is suppressed or missing gets what its prior says of an area like this one, given its other factors:
    wide, but not knowing nothing. An area with too few residents gets no posterior.

    Parameters
    ----------
    case : its method states the prior, and `certainty.prior_resamples`
    generator : gives the resamples

    Raises
    ------
    InputError  a factor with counts in fewer than two areas
    """
    method = case.method
    prior = method.certainty.prior if method.certainty else "country"
    own = [factor for factor in method.factors if factor.denominator and not _of_kommun(factor, case.counted)]
    if method.shrinkage or prior != "profiles" or not own:
        return (_by_factor(case),)
    return _by_profiles(case, own, generator)


def _of_kommun(factor: Factor, table: FactorTable) -> bool:
    return factor.level == "kommun" and table.edition is not None


def _by_factor(case: Case, only: tuple[str, ...] | None = None) -> Posterior:
    """One row an area: each factor alone."""
    table, method = case.counted, case.method
    n = len(table.areas)
    first, second = (np.full((n, len(method.factors)), np.nan) for _ in range(2))
    for number, factor in enumerate(method.factors):
        if only is not None and factor.key not in only:
            continue
        found = case.shrunk(factor)
        if found is not None:
            seen = ~np.isnan(found.first)
            first[:, number] = np.where(seen, found.first, found.prior_first)
            second[:, number] = np.where(seen, found.second, found.prior_second)
    few = (table.areas[c.STATUS] == TOO_FEW).to_numpy()
    drawn = ~np.isnan(first) & ~few[:, None]
    shared = tuple(factor.key for factor in method.factors if factor.denominator and _of_kommun(factor, table))
    return Posterior.of_one(first, second, drawn, shared)


def _by_profiles(case: Case, own: list[Factor], generator: np.random.Generator) -> tuple[Posterior, ...]:
    """Several rows an area: one for each class that it can be of."""
    table, method, certainty = case.counted, case.method, case.method.certainty
    size, resamples = (certainty.classes, certainty.prior_resamples) if certainty else (1, 1)
    keys = [factor.key for factor in own]
    few = (table.areas[c.STATUS] == TOO_FEW).to_numpy()
    alone = _by_factor(case, tuple(key for key in method.keys if key not in keys))
    own = [factor for factor in own if (table.status[factor.key] == OBSERVED).any()]  # of the others nothing is known
    if not own:
        return (alone,)
    columns = [method.keys.index(factor.key) for factor in own]
    counts = _Counts.of(table, own)
    alone.drawn[:, columns] = ~few[:, None]
    times = np.ones((1, len(few))) if resamples == 1 else counts.resampled(generator, resamples)
    return tuple(_joined(counts, one, alone, columns) for one in find_profiles(counts, times, size))


def _joined(counts: _Counts, profiles: Profiles, alone: Posterior, columns: list[int]) -> Posterior:
    """Write the classes that each area can be of beside the factors that are judged alone."""
    density = _densities(counts, profiles)
    chances = _chances(density, profiles)
    chances[chances < LEAST_CHANCE] = 0.0
    chances /= chances.sum(axis=1, keepdims=True)
    area, kind = np.nonzero(chances > 0)
    likeliest = np.lexsort((-chances[area, kind], area))  # first within an area, where a draw looks first
    area, kind = area[likeliest], kind[likeliest]
    start = np.concatenate([[0], np.cumsum(np.bincount(area, minlength=len(chances)))])
    own = profiles.weight[kind] * density[area]
    own /= own.sum(axis=2, keepdims=True)
    own[own < LEAST_WEIGHT] = 0.0
    own /= own.sum(axis=2, keepdims=True)
    size = own.shape[2]
    weight = np.zeros((len(area), alone.weight.shape[1], size))
    weight[:, :, 0] = 1.0  # a factor that is judged alone has one component
    weight[:, columns] = own
    first, second = (np.full((len(chances), weight.shape[1], size), np.nan) for _ in range(2))
    first[:, :, :1], second[:, :, :1] = alone.first, alone.second
    n, d = np.where(counts.seen, counts.n, 0.0), np.where(counts.seen, counts.d, 0.0)
    unused = np.maximum.reduceat(own, start[:-1], axis=0) == 0
    rest = np.where(counts.events, d, d - n)
    for part, prior, counted in ((first, profiles.first, n), (second, profiles.second, rest)):
        part[:, columns] = np.where(unused, np.nan, prior + counted[:, :, None])
    return Posterior(start, chances[area, kind], weight, first, second, alone.drawn, alone.shared)


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

    def resampled(self, generator: np.random.Generator, resamples: int) -> Array:
        """Draw as many areas with replacement: (n_resamples, n_areas) how often each was drawn.

        Where a factor that few areas have falls out, all are taken as they are.
        """
        size = len(self.n)
        times = np.stack([
            np.bincount(generator.integers(0, size, size), minlength=size).astype(np.float64) for _ in range(resamples)
        ])  # fmt: skip
        fallen = ((times[:, :, None] * self.seen).sum(axis=1) < 2).any(axis=1)
        return np.where(fallen[:, None], 1.0, times)


@dataclass(frozen=True)
class Profiles:
    """Components of each factor, and classes of areas with alike components.

    Parameters
    ----------
    share : (n_classes,) of the areas
    weight : (n_classes, n_factors, n_components) share of each component in a class
    mean, variance : (n_factors, n_components) of the stabilised rates
    first, second : (n_factors, n_components) a and b of Beta, shape and rate of Gamma, of the same mean and variance
    """

    share: Array
    weight: Array
    mean: Array
    variance: Array
    first: Array
    second: Array


def _stabilise(counts: _Counts) -> tuple[Array, Array]:
    """Give arcsin sqrt p (per 1,000: sqrt p), NaN where not seen, and the variance of its noise.

    Anscombe, F. J. (1948), "The transformation of Poisson, binomial and negative-binomial data", Biometrika 35; the
    variance to first order, 1 / (4 d), for shares a little more than his 1 / (4 d + 2).
    """
    d = np.where(counts.seen, counts.d, np.nan)
    rate = (counts.n + 0.375) / np.where(counts.events, d, d + 0.75)
    return np.where(counts.events, np.sqrt(rate), np.arcsin(np.sqrt(np.minimum(rate, 1.0)))), 0.25 / d


def find_profiles(counts: _Counts, times: Array, size: int, steps: int = 25, gain: float = 3e-6) -> list[Profiles]:
    """Find components and classes by expectation and maximisation, once for each resample.

    To stop early is on purpose: later steps only fit the noise of the counts (docs/calibration.md).

    Parameters
    ----------
    counts : of every area
    times : (n_resamples, n_areas) how often each area was drawn
    size : how many classes at most; fewer where areas are fewer than 20 a class
    steps, gain : of the classes: stop after so many steps, or when the log likelihood per area rises by less
    """
    x, noise = _stabilise(counts)
    seen = ~np.isnan(x)
    share, mean, variance = _components(x, noise, seen, times)
    density = _normal_densities(x, noise, mean, variance)
    weight, classes = _start(x, seen, times, density, share, size)
    resamples, c, p, k = weight.shape
    find_classes(
        density, seen, times, share, _PULL_CLASS, steps, gain, Classes(classes, weight),
        ClassWork(
            chance=np.empty((resamples, c)), mixed=np.empty((resamples, c, p)), members=np.empty((resamples, c)),
            found=np.empty((resamples, c, p, k)),
        ),
    )  # fmt: skip
    classes /= classes.sum(axis=1, keepdims=True)
    return [
        Profiles(classes[r], weight[r], mean[r], variance[r], *_conjugate(mean[r], variance[r], counts.events[:, None]))
        for r in range(resamples)
    ]


def _components(x: Array, noise: Array, seen: Bools, times: Array) -> tuple[Array, Array, Array]:
    """Find the components of each factor: share, mean and variance, (n_resamples, n_factors, n_components) each."""
    sizes = np.clip(seen.sum(axis=0) // 20, 1, COMPONENTS)
    resamples, p, k = len(times), x.shape[1], int(sizes.max())
    typical = np.nanmean(noise, axis=0)
    share, mean, variance = np.zeros((p, k)), np.zeros((p, k)), np.ones((p, k))
    for f, own in enumerate(sizes):
        low, high = np.nanquantile(x[:, f], [0.005, 0.995])
        spread = max(float(np.nanvar(x[:, f]) - typical[f]), 0.05 * float(np.nanvar(x[:, f])), 1e-8)
        share[f, :own] = 1 / own
        mean[f, :own] = np.linspace(low, high, own) if own > 1 else np.nanmean(x[:, f])
        variance[f, :own] = min(max(0.5 * ((high - low) / own) ** 2, 1e-6), spread)
    started = Components(*(np.tile(part, (resamples, 1, 1)) for part in (share, mean, variance)))
    find_components(
        np.where(seen, x, 0.0), np.where(seen, noise, 1.0), seen, times, typical, _PULL_VARIANCE, 60, 3e-6, started,
        np.empty((resamples, p, 4, k)),
    )  # fmt: skip
    share, mean, variance = started
    return share / share.sum(axis=2, keepdims=True), mean, variance


def _normal_densities(x: Array, noise: Array, mean: Array, variance: Array) -> Array:
    """Give what each component makes of each figure: (n_resamples, n_areas, n_factors, n_components), see `_scaled`."""
    wide = variance[:, None] + noise[None, :, :, None]
    log = -0.5 * ((x[None, :, :, None] - mean[:, None]) ** 2 / wide + np.log(wide))
    return _scaled(log)


def _scaled(log: Array) -> Array:
    """Give densities of which the largest is 1; all are 1 where nothing was seen."""
    density: Array = np.nan_to_num(np.exp(log - log.max(axis=-1, keepdims=True)), nan=1.0)
    return density


def _start(x: Array, seen: Bools, times: Array, density: Array, marginal: Array, size: int) -> tuple[Array, Array]:
    """Begin with the groups that k-means finds in the standardised rates: weight and share of each class."""
    with_any = np.flatnonzero(seen.any(axis=1))
    scaled = (x[with_any] - np.nanmean(x, axis=0)) / (np.nanstd(x, axis=0) + 1e-12)
    kinds = len(np.unique(np.nan_to_num(scaled, nan=np.inf), axis=0))
    size = max(1, min(size, len(with_any) // 20, kinds))
    part = np.zeros(len(with_any), np.int64)
    if size > 1:
        part = KMeans(size, n_swaps=20, random_state=0).fit(scaled).labels_.astype(np.int64)
    own = marginal[:, None] * density
    own *= (seen * times[:, :, None])[..., None] / own.sum(axis=-1, keepdims=True)
    weight, share = np.empty((len(times), size, *marginal.shape[1:])), np.empty((len(times), size))
    for kind in range(size):
        inside = with_any[part == kind]
        found = own[:, inside].sum(axis=1) + _PULL_CLASS * marginal
        weight[:, kind] = found / found.sum(axis=-1, keepdims=True)
        share[:, kind] = np.maximum(times[:, inside].sum(axis=1), 1e-9)
    return weight, share / share.sum(axis=1, keepdims=True)


def _conjugate(mean: Array, variance: Array, events: Bools) -> tuple[Array, Array]:
    """Turn normals of stabilised rates into Beta and Gamma distributions of the same mean and variance."""
    at = mean[..., None] + np.sqrt(variance)[..., None] * _GAUSS
    rates = np.where(events[..., None], np.maximum(at, 0.0) ** 2, np.sin(np.clip(at, 0.0, np.pi / 2)) ** 2)
    chance = _GAUSS_WEIGHTS / _GAUSS_WEIGHTS.sum()
    m = np.maximum((rates * chance).sum(axis=-1), 1e-9)
    v = np.maximum(((rates - m[..., None]) ** 2 * chance).sum(axis=-1), 1e-18)
    m = np.where(events, m, np.minimum(m, 1 - 1e-9))
    worth = np.where(events, m / v, m * (1 - m) / v - 1)
    worth = np.clip(worth, 0.5, _STRONGEST)
    return m * worth, np.where(events, worth, (1 - m) * worth)


def _densities(counts: _Counts, profiles: Profiles) -> Array:
    """Give what each component makes of each count, exactly: (n_areas, n_factors, n_components), see `_scaled`."""
    a, b = profiles.first, profiles.second
    n, d = (np.where(counts.seen, part, 0.0)[:, :, None] for part in (counts.n, counts.d))
    log = np.zeros((*counts.n.shape, a.shape[1]))
    events = counts.events
    share = special.betaln(a + n, b + d - n) - special.betaln(a, b)
    log[:, ~events] = share[:, ~events]
    some, of = n[:, events], d[:, events]
    a, b = a[events], b[events]
    log[:, events] = special.gammaln(a + some) - special.gammaln(a) + a * np.log(b) - (a + some) * np.log(b + of)
    return _scaled(log)


def _chances(density: Array, profiles: Profiles) -> Array:
    """Give the probability of each class for each area, from all its counts: (n_areas, n_classes)."""
    log = np.tile(np.log(profiles.share), (len(density), 1))
    for factor in range(density.shape[1]):
        log += np.log((density[:, None, factor] * profiles.weight[None, :, factor]).sum(axis=-1))
    chances: Array = np.exp(log - special.logsumexp(log, axis=1, keepdims=True))
    return chances
