"""What a draw was: strata, clusters, stages, phases and weights; and the variance of a total under it.

Every variance is that of a weighted sum of a linearised variable u. Where the weights are calibrated, u is replaced by
its residual from a regression on the auxiliaries, fitted with the weights before calibration and multiplied by the
final ones (Deville and Särndal 1992, JASA 87, section 3; the convention of the published examples, see the tests).

Sources: Cochran (1977), Sampling Techniques, chapters 5, 9A, 10 and 11; Särndal, Swensson and Wretman (1992), Model
Assisted Survey Sampling, sections 4.3 (stages), 5.5 (linearisation), 9.4 (two phases).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from regso_cluster.errors import Fault, InputError

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
_LISTED = 5  # strata that an error names


@dataclass(frozen=True)
class Stage:
    """One stage of a draw, a row a person that was drawn.

    Parameters
    ----------
    stratum : (n_rows,) number of the stratum, from 0; of a later stage within the unit drawn before
    unit : (n_rows,) number of the unit drawn, from 0; at the last stage the person
    fraction : (n_rows,) share of the stratum's units that was drawn; 0 for draws with replacement, or where the finite
        population correction shall be left out

    Examples
    --------
    Two clusters of one stratum, half of its clusters drawn, a row a person:

    >>> Stage(np.zeros(3, dtype=int), np.array([0, 0, 1]), np.full(3, 0.5)).unit
    array([0, 0, 1])
    """

    stratum: Whole
    unit: Whole
    fraction: Floats


@dataclass(frozen=True)
class Auxiliaries:
    """What the weights were calibrated to.

    Parameters
    ----------
    values : (n_rows, n_auxiliaries) such as indicators of the cells of a margin
    before : (n_rows,) the weights before calibration

    Examples
    --------
    >>> Auxiliaries(np.ones((3, 1)), np.full(3, 10.0)).before.sum()
    np.float64(30.0)
    """

    values: Floats
    before: Floats


@dataclass(frozen=True)
class Design:
    """A sample and its weights.

    Parameters
    ----------
    weights : (n_rows,) final weights, >= 0
    stages : the stages of the draw, the first one first
    auxiliaries : where the weights are calibrated
    phase : share of the first phase that the second phase keeps, by row, and its strata; None: one phase

    Examples
    --------
    Five persons, drawn from two strata of 15 and 12:

    >>> stratum = np.array([0, 0, 0, 1, 1])
    >>> draw = stratified(stratum, np.array([15.0, 12.0]))
    >>> isinstance(draw, Design), draw.weights
    (True, array([5., 5., 5., 6., 6.]))
    >>> float(draw.covariance_of_totals(np.ones((5, 1)))[0, 0])  # the number of persons is known
    0.0
    """

    weights: Floats
    stages: tuple[Stage, ...]
    auxiliaries: Auxiliaries | None = None
    phase: SecondPhase | None = None

    @cached_property
    def lonely(self) -> Whole:
        """Strata of the first stage from which one unit alone was drawn, of several."""
        first = self.stages[0]
        where = np.unique(first.unit, return_index=True)[1]
        drawn = np.bincount(first.stratum[where], minlength=int(first.stratum.max()) + 1)
        partly = np.bincount(first.stratum[where], weights=first.fraction[where] < 1, minlength=len(drawn)) > 0
        return np.asarray(np.flatnonzero((drawn == 1) & partly))

    def weighted(self, linearised: Floats) -> Floats:
        """(n_rows, k) the linearised variables times the weights, as residuals where the weights are calibrated."""
        if self.auxiliaries is None:
            return np.asarray(linearised * self.weights[:, None])
        before, known = self.auxiliaries.before, self.auxiliaries.values
        root = np.sqrt(before)[:, None]
        fitted = known @ np.linalg.lstsq(known * root, linearised * root, rcond=None)[0]
        return np.asarray((linearised - fitted) * self.weights[:, None])

    def covariance_of_totals(self, linearised: Floats) -> Floats:
        """Covariance of the weighted sums of linearised variables.

        Parameters
        ----------
        linearised : (n_rows, k) 0 outside a domain: rows are never left out, since how many fall into the domain is
            chance as well

        Returns
        -------
        (k, k) covariance

        Raises
        ------
        InputError  a stratum of the first stage with one unit, of which nothing can be said about chance
        """
        if self.phase is not None:
            return self.phase.covariance(self, self.weighted(linearised))
        return staged_covariance(self.stages, self.weighted(linearised), self.lonely)

    def freedom(self, rows: npt.NDArray[np.bool_] | None = None) -> int:
        """Degrees of freedom: units less strata of the first stage, among those with a person in the domain."""
        first = self.stages[0]
        inside = slice(None) if rows is None else rows
        return len(np.unique(first.unit[inside])) - len(np.unique(first.stratum[inside]))


@dataclass(frozen=True)
class SecondPhase:
    """The part of a first phase that was kept: those who answered, or those followed up.

    Parameters
    ----------
    stratum : (n_rows,) number of the second phase's stratum, from 0
    fraction : (n_rows,) share of the first phase's units in this stratum that was kept
    size : (n_strata of the first phase,) units that the first phase drew, those not kept counted

    Examples
    --------
    Ten were drawn of 100, and half of them answered:

    >>> first = Stage(np.zeros(5, dtype=int), np.arange(5), np.full(5, 0.1))
    >>> answered = SecondPhase(np.zeros(5, dtype=int), np.full(5, 0.5), np.array([10.0]))
    >>> sample = Design(np.full(5, 20.0), (first,), phase=answered)
    >>> float(sample.covariance_of_totals(np.arange(5.0)[:, None])[0, 0].round(6))
    4750.0
    """

    stratum: Whole
    fraction: Floats
    size: Floats

    def covariance(self, design: Design, weighted: Floats) -> Floats:
        """Covariance of weighted sums: of the first phase, plus that of the second given the first.

        Parameters
        ----------
        design : the sample; one stage, a row a unit; final weights are those of both phases
        weighted : (n_rows, k)

        Notes
        -----
        SSW (9.4.14). What the first phase adds would be known from all of its units. Seen are those kept: a sum of
        squares is weighted by the inverse of the fraction kept, and the square of a total is lowered by its variance.
        """
        first = design.stages[0]
        second = _between(weighted, self.stratum, self.fraction)
        total = np.zeros_like(second)
        kept = 1 - _by(first.fraction, first.stratum)
        for stratum, size in enumerate(self.size):
            rows = first.stratum == stratum
            part = np.where(rows[:, None], weighted, 0.0)
            squares = (part * self.fraction[:, None]).T @ part
            sums = part.sum(axis=0)
            square = np.outer(sums, sums) - _between(part, self.stratum, self.fraction)
            total += kept[stratum] * size / (size - 1) * (squares - square / size)
        return np.asarray(total + second)


def stratified(stratum: Whole, persons: Floats, *, weights: Floats | None = None, replacement: bool = False) -> Design:
    """A simple random sample within strata.

    Parameters
    ----------
    stratum : (n_rows,) number of the stratum, from 0
    persons : (n_strata,) persons in each stratum
    weights : (n_rows,) None: persons over units drawn
    replacement : leave the finite population correction out

    Returns
    -------
    Design of one stage, a row a unit

    Raises
    ------
    InputError  more units drawn than a stratum has

    Examples
    --------
    >>> stratified(np.array([0, 0, 1]), np.array([10.0, 1.0])).weights
    array([5., 5., 1.])
    """
    drawn = np.bincount(stratum, minlength=len(persons))
    over = np.flatnonzero(drawn > persons)
    if len(over):
        where = ", ".join(map(str, over[:_LISTED]))
        raise InputError(Fault("more units drawn than a stratum has", where=f"stratum {where}"))
    fraction = np.divide(drawn, persons, out=np.zeros(len(persons)), where=persons > 0)
    chances = fraction[stratum]
    stage = Stage(stratum, np.arange(len(stratum)), np.zeros(len(stratum)) if replacement else chances)
    return Design(1 / chances if weights is None else weights, (stage,))


def staged_covariance(stages: Sequence[Stage], weighted: Floats, lonely: Whole) -> Floats:
    """Covariance of weighted sums of a draw in stages.

    Each stage adds the spread of its units' sums within its strata, times the fractions of the stages before: what a
    later stage adds is seen in the units that were drawn, and only once for each.
    """
    if len(lonely):
        raise InputError(
            Fault(
                "one unit alone was drawn from a stratum: its variance cannot be estimated",
                where=f"stratum {', '.join(map(str, lonely[:_LISTED]))}",
                expected="at least 2 units a stratum",
                hint="Merge the stratum with one that is alike, and say so.",
            )
        )
    total = np.zeros((weighted.shape[1],) * 2)
    before = np.ones(len(weighted))
    for stage in stages:
        units, where, unit = np.unique(stage.unit, return_index=True, return_inverse=True)
        sums = np.column_stack([np.bincount(unit, weights=part, minlength=len(units)) for part in weighted.T]).astype(
            np.float64
        )
        total += _between(sums, stage.stratum[where], stage.fraction[where], before[where])
        before = before * stage.fraction
        if not before.any():
            break
    return np.asarray(total)


def _between(sums: Floats, stratum: Whole, fraction: Floats, before: Floats | None = None) -> Floats:
    """Sum over strata of (1 - f) n / (n - 1) times the products about the stratum's mean."""
    count = np.bincount(stratum)
    factor = (1 - fraction) * count[stratum] / np.maximum(count[stratum] - 1, 1)
    if before is not None:
        factor = factor * before
    centre = np.column_stack([np.bincount(stratum, weights=column) for column in sums.T])
    about = sums - (centre / np.maximum(count, 1)[:, None])[stratum]
    return np.asarray((about * factor[:, None]).T @ about)


def _by(values: Floats, group: Whole) -> Floats:
    """The one value of each group."""
    found = np.zeros(int(group.max()) + 1)
    found[group] = values
    return found
