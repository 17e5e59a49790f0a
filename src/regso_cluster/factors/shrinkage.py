"""Rates of small numbers drawn towards a parent: empirical Bayes by marginal likelihood.

The rate of area i in parent g is Beta(m_g s, (1 - m_g) s) distributed (per 1,000: Gamma with shape m_g s and rate s):
the parent's rate counts as much as s persons of the area's own. Given n of d, the area's rate is Beta(m_g s + n,
(1 - m_g) s + d - n), or Gamma(m_g s + n, s + d). The rates of parents are normal on the logit (log) scale around that
of the country, for a kommun of one area has no rate of its own to be drawn towards. Where the likelihood is highest at
s = infinity, areas do not differ beyond chance: the variance is clamped at 0 and the result says so.

Sources: Kleinman (1973), JASA 68(341), sections 2-3 (beta-binomial); Clayton and Kaldor (1987), Biometrics 43(3),
section 3 (gamma-Poisson); Efron (2010), Large-Scale Inference, chapter 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, special, stats

from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.rates import OBSERVED
from regso_cluster.factors.tables import FactorTable
from regso_cluster.method import UNIT_FACTOR, Factor, Method
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note

Array = npt.NDArray[np.float64]
STRONGEST = 1e8  # persons; a parent worth more than this is worth all
_NODES, _NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(9)


@dataclass(frozen=True)
class Shrunk:
    """The rates of one factor given their counts and their parent.

    Parameters
    ----------
    first, second : (n_areas,) a and b of Beta(a, b), per 1,000 shape and rate of Gamma(shape, rate), as shares of the
        denominator; NaN where the factor is not observed
    prior_first, prior_second : (n_areas,) the same before the counts: of an area of this parent that nobody has counted
    strength : how many persons the parent counts for; infinite where areas do not differ beyond chance
    parent_spread : SD of the parents' rates on the logit (log) scale; 0 where they do not differ, or with one parent
    """

    first: Array
    second: Array
    prior_first: Array
    prior_second: Array
    strength: float
    parent_spread: float

    @property
    def at_boundary(self) -> bool:
        """Whether the variance between the areas of a parent was clamped at 0."""
        return bool(np.isinf(self.strength))


def shrink_rates(numerator: Array, denominator: Array, parent: npt.NDArray[np.int64], *, events: bool) -> Shrunk:
    """Draw rates towards those of their parents.

    Parameters
    ----------
    numerator, denominator : (n_areas,) counts, NaN where not observed; a denominator of 0 is not observed
    parent : (n_areas,) number of the parent, from 0; -1: none known, the country
    events : events per person (gamma-Poisson) instead of shares of persons (beta-binomial)

    Raises
    ------
    InputError  fewer than two observed areas
    """
    if ((denominator > 0) & ~np.isnan(numerator)).sum() < 2:
        hint = "Remove [shrinkage], and prior from [certainty], or take the factor out of the method."
        raise InputError(Fault("fewer than two observed areas: nothing to shrink towards", hint=hint))
    n, d = (np.asarray(part, dtype=np.float64) for part in (numerator, denominator))
    seen = (d > 0) & ~np.isnan(n)
    n, d = n[seen], d[seen]
    groups, group = np.unique(np.where(parent >= 0, parent, -1), return_inverse=True)
    model = _Model(n, d, group[seen], len(groups), events)
    strength, centre, spread = model.fit()
    means, chances = model.parents(strength, centre, spread)
    mixed = _mix(means[group], chances[group], strength)
    prior_first, prior_second = _match(*mixed, events=events)
    first, second = (np.full(len(parent), np.nan) for _ in range(2))
    boundary = strength >= STRONGEST
    if boundary:  # exactly the parent's: the last bits that counts would move are no differences, and scales find them
        first[seen], second[seen] = prior_first[seen], prior_second[seen]
    else:
        own = _mix(means[group[seen]], chances[group[seen]], strength, n, d)
        first[seen], second[seen] = _match(*own, events=events)
    for part in (first, second, prior_first, prior_second):
        part.setflags(write=False)  # every step of a run reads the same arrays
    return Shrunk(first, second, prior_first, prior_second, np.inf if boundary else strength, spread)


@dataclass(frozen=True)
class _Model:
    """Counts of one factor, and the likelihood of its three numbers: strength, centre and spread of the parents."""

    n: Array
    d: Array
    group: npt.NDArray[np.int64]
    size: int
    events: bool

    def fit(self) -> tuple[float, float, float]:
        """Find the strength, and the centre and spread of the parents on the logit (log) scale."""
        pooled = (self.n.sum() + 0.5) / (self.d.sum() + 1)
        middle = float(self._link(np.array([pooled]))[0])
        if not self.n.any() or (not self.events and np.array_equal(self.n, self.d)):
            return (
                STRONGEST,
                middle,
                0.0,
            )  # nobody, or everybody: any strength is as likely where the rate is at its end
        start: list[float] = [middle, np.log(np.clip(float(np.median(self.d)), 2.0, STRONGEST))]
        bounds = [(start[0] - 3, start[0] + 3), (np.log(0.05), np.log(STRONGEST))]
        if self.size > 1:
            start.append(np.log(0.3))
            bounds.append((np.log(1e-4), np.log(10.0)))
        options: Any = {"xatol": 1e-5, "fatol": 1e-6, "maxfev": 2000}
        found = optimize.minimize(self._loss, start, method="Nelder-Mead", bounds=bounds, options=options)
        clamped = found.x.copy()
        clamped[1] = np.log(STRONGEST)
        best = found.x
        if found.x[1] > np.log(1e4):  # the likelihood is flat out there: is infinity as good?
            bounds[1] = (clamped[1], clamped[1])
            moved = optimize.minimize(self._loss, clamped, method="Nelder-Mead", bounds=bounds, options=options)
            best = moved.x if moved.fun <= found.fun + 1e-4 else best
        spread = float(np.exp(best[2])) if self.size > 1 else 0.0
        return float(np.exp(best[1])), float(best[0]), spread if spread > 2e-4 else 0.0

    def _loss(self, at: Array) -> float:
        spread = float(np.exp(at[2])) if len(at) > 2 else 0.0
        loss: float = -self._by_node(float(np.exp(at[1])), float(at[0]), spread)[1].sum()
        return loss

    def parents(self, strength: float, centre: float, spread: float) -> tuple[Array, Array]:
        """Give the rates that each parent may have, and their chances: (n_parents, n_nodes) each."""
        nodes, total, joint = self._by_node(strength, centre, spread)
        return self._rate(nodes), np.exp(joint - total[:, None])

    def _by_node(self, strength: float, centre: float, spread: float) -> tuple[Array, Array, Array]:
        """Integrate over the parents' rates by adaptive Gauss-Hermite quadrature.

        Returns
        -------
        nodes (n_parents, n_nodes) on the logit (log) scale, log likelihood (n_parents,), its parts (n_parents, n_nodes)
        """
        if spread == 0.0:
            nodes = np.full((self.size, 1), centre)
            joint = self._sum(self._marginal(self._rate(np.full((1, 1), centre)), strength))
            return nodes, joint[:, 0], joint
        sums = [np.bincount(self.group, weights, self.size) for weights in (self.n, self.d, self.d**2)]
        rate = (sums[0] + 0.5) / (sums[1] + 1.0)
        effect = 1 + np.where(sums[1] > 0, sums[2] / np.maximum(sums[1], 1) - 1, 0) / (strength + 1)
        precise = np.maximum(sums[1], 0.5) * rate * (1.0 if self.events else 1 - rate) / effect
        precision = precise + spread**-2
        middle = (precise * self._link(rate) + centre * spread**-2) / precision
        width = 1.2 / np.sqrt(precision)  # a little wider: the likelihood is not quite normal
        nodes = middle[:, None] + width[:, None] * _NODES
        likelihood = self._sum(self._marginal(self._rate(nodes)[self.group], strength))
        joint = likelihood + stats.norm.logpdf(nodes, centre, spread) + np.log(_NODE_WEIGHTS) + _NODES**2 / 2
        joint += np.log(width)[:, None]
        return nodes, special.logsumexp(joint, axis=1), joint

    def _sum(self, marginal: Array) -> Array:
        return np.stack([np.bincount(self.group, column, self.size) for column in marginal.T], axis=1)

    def _marginal(self, mean: Array, strength: float) -> Array:
        """Log probability of each area's count given its parent's rate, up to a constant: (n_areas, n_nodes)."""
        a, n, d = mean * strength, self.n[:, None], self.d[:, None]
        if self.events:
            log = special.gammaln(a + n) - special.gammaln(a) + a * np.log(strength) - (a + n) * np.log(strength + d)
        else:
            log = special.betaln(a + n, strength - a + d - n) - special.betaln(a, strength - a)
        return np.asarray(log, dtype=np.float64)

    def _link(self, rate: Array) -> Array:
        linked: Array = np.log(rate) if self.events else special.logit(rate)
        return linked

    def _rate(self, linked: Array) -> Array:
        rates: Array = np.exp(linked) if self.events else special.expit(linked)
        return rates


def _mix(
    means: Array, chances: Array, strength: float, n: Array | None = None, d: Array | None = None
) -> tuple[Array, Array, Array]:
    """Join the rates given each rate that the parent may have: mean, variance, and persons that they are worth."""
    count, base = (np.zeros((len(means), 1)) if one is None else one[:, None] for one in (n, d))
    total = strength + base
    inside = (means * strength + count) / total
    mean = (chances * inside).sum(axis=1)
    between = (chances * (inside - mean[:, None]) ** 2).sum(axis=1)
    within = (chances * inside / total).sum(axis=1)  # per 1,000; a share has a part of it
    squared = (chances * inside**2 / total).sum(axis=1)
    return mean, between, np.stack([within, squared, total[:, 0]])


def _match(mean: Array, between: Array, parts: Array, *, events: bool) -> tuple[Array, Array]:
    """Give the Beta or Gamma of the same mean and variance."""
    within, squared, total = parts
    if events:
        worth = mean / (between + within)
        return mean * worth, worth
    variance = between + (within - squared) * total / (total + 1)
    worth = mean * (1 - mean) / variance - 1
    return mean * worth, (1 - mean) * worth


def number_parents(areas: pd.DataFrame, towards: str) -> npt.NDArray[np.int64]:
    """Number the parents of areas: (n_areas,) from 0, -1 where none is known; `towards` as in a method."""
    if towards == "country":
        return np.zeros(len(areas), np.int64)
    return pd.factorize(areas[c.AREA_TYPE if towards == "type" else towards], sort=True)[0].astype(np.int64)


def counts_of(table: FactorTable, factor: Factor) -> tuple[pd.Series, pd.Series] | None:
    """Give numerator and denominator of a factor; None where the factor has no noise model.

    Where only a rate is published and the method names a column of persons as its denominator, the numerator is what
    the rate makes of it, not rounded.
    """
    if factor.denominator is None:
        return None
    denominator = table.denominator[factor.key]
    if factor.value is None:
        return table.numerator[factor.key], denominator
    share = table.value[factor.key] / UNIT_FACTOR[factor.unit]
    return share * denominator, denominator


def shrink_factor(table: FactorTable, factor: Factor, towards: str) -> Shrunk | None:
    """Shrink one factor of a table; None where it has no counts. One kommun's count stands for one kommun.

    Raises
    ------
    InputError  fewer than two observed areas
    """
    counts = counts_of(table, factor)
    if counts is None:
        return None
    used = (table.status[factor.key] == OBSERVED).to_numpy()
    numerator, denominator = (np.where(used, part.to_numpy(np.float64), np.nan) for part in counts)
    events = factor.unit == "per 1000"
    try:
        if factor.level == "kommun" and table.edition:
            own, kommun = np.unique(table.areas[c.KOMMUN].to_numpy(str), return_inverse=True)
            by_kommun = (
                pd.DataFrame({"n": numerator, "d": denominator}).groupby(kommun).first().reindex(range(len(own)))
            )
            parent = np.zeros(len(own), np.int64)
            found = shrink_rates(by_kommun["n"].to_numpy(), by_kommun["d"].to_numpy(), parent, events=events)
            first, second = (np.where(used, part[kommun], np.nan) for part in (found.first, found.second))
            return Shrunk(first, second, found.prior_first[kommun], found.prior_second[kommun], found.strength, 0.0)
        return shrink_rates(numerator, denominator, number_parents(table.areas, towards), events=events)
    except InputError as error:
        raise InputError([replace(fault, where=f"factor {factor.key}") for fault in error.faults]) from error


class ShrunkFactors:
    """The factors of one table, each drawn towards its parent once: when a step first asks for it.

    Parameters
    ----------
    table : checked factors, with the rates that the counts give
    fit : what shrinks one factor
    """

    def __init__(self, table: FactorTable, fit: Callable[[FactorTable, Factor, str], Shrunk | None] | None = None):
        self._table, self._fit = table, fit or shrink_factor
        self._found: dict[tuple[object, ...], Shrunk | None] = {}

    def of(self, factor: Factor, towards: str) -> Shrunk | None:
        """Give one factor shrunk; None where it has no counts.

        Raises
        ------
        InputError  fewer than two observed areas
        """
        # weights and limits of a factor change from run to run of a sensitivity study, its rates do not
        asked = (factor.key, factor.denominator, factor.value, factor.unit, factor.level, towards)
        if asked not in self._found:
            self._found[asked] = self._fit(self._table, factor, towards)
        return self._found[asked]


def own_weight(table: FactorTable, factor: Factor, found: Shrunk | None) -> Array | None:
    """Give the share of each shrunk rate that is the area's own: d / (d + persons that the parent counts for).

    The rest is the parent's. 0 where areas of one parent do not differ beyond chance; NaN where not observed; None
    without counts. A parent's rate is itself measured on its areas, this one among them: that part counts as the
    parent's.
    """
    counts = counts_of(table, factor)
    if counts is None or found is None:
        return None
    d = np.where(np.isnan(found.first), np.nan, counts[1].to_numpy(np.float64))
    weight: Array = d / (d + found.strength)
    return weight


def interval(first: Array, second: Array, level: float, factor: Factor) -> tuple[Array, Array]:
    """Give the ends of the central interval of each rate, in the unit of the factor; NaN where not observed."""
    tails = ((1 - level) / 2, (1 + level) / 2)
    if factor.unit == "per 1000":
        ends = [np.asarray(special.gammaincinv(first, tail), np.float64) / second for tail in tails]
    else:
        ends = [np.asarray(special.betaincinv(first, second, tail), np.float64) for tail in tails]
    return UNIT_FACTOR[factor.unit] * ends[0], UNIT_FACTOR[factor.unit] * ends[1]


def shrink_table(
    table: FactorTable, method: Method, shrunk: ShrunkFactors | None = None
) -> tuple[FactorTable, list[Note], dict[str, dict[str, float | None]]]:
    """Put shrunk rates in the place of those that the counts alone give.

    Parameters
    ----------
    table : checked factors
    method : with `shrinkage`, else the table comes back as it is
    shrunk : the factors of this table, where they are fitted already

    Returns
    -------
    the table with shrunk values, what a reader should know, and for each factor how many persons its parent counts for
    """
    if method.shrinkage is None:
        return table, [], {}
    towards, value = method.shrinkage.towards, table.value.copy()
    shrunk = shrunk or ShrunkFactors(table)
    notes: list[Note] = []
    figures: dict[str, dict[str, float | None]] = {}
    for factor in method.factors:
        found = shrunk.of(factor, towards)
        if found is None:
            notes.append(Note("rates_not_shrunk", factor=factor.key))
            continue
        total = found.first + (0 if factor.unit == "per 1000" else found.second)
        mean = found.first / (found.second if factor.unit == "per 1000" else total)
        value[factor.key] = value[factor.key].where(np.isnan(mean), UNIT_FACTOR[factor.unit] * mean)
        figures[factor.key] = {"persons": round(found.strength, 1), "parent_spread": round(found.parent_spread, 4)}
        if found.at_boundary:
            figures[factor.key]["persons"] = None
            notes.append(Note("shrinkage_at_boundary", factor=factor.key, parent=_PARENTS[towards]()[0]))
    return replace(table, value=value), [_PARENTS[towards]()[1], *notes], figures


# what a parent is called, and what is said of rates shrunk towards it
_PARENTS = {
    "kommun": lambda: (Note("parent_kommun"), Note("shrunk_towards_kommun")),
    "lan": lambda: (Note("parent_lan"), Note("shrunk_towards_lan")),
    "country": lambda: (Note("parent_country"), Note("shrunk_towards_country")),
    "type": lambda: (Note("parent_type"), Note("shrunk_towards_type")),
}
