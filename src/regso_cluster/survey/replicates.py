"""Replicate weights: the jackknife by strata and the bootstrap of Rao and Wu.

For quantiles, for domains that were not planned, for changes between waves, and for others who get the data without
the strata. Where weights are calibrated each replicate is calibrated again: that is where its variance comes from.

Sources: Rao and Wu (1988), JASA 83(401), section 2; Rao, Wu and Yue (1992), Survey Methodology 18(2); Beaumont and
Patak (2012), International Statistical Review 80(1), for the finite population correction; Wolter (2007), Introduction
to Variance Estimation, chapters 3 and 4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regso_cluster.errors import Fault, InputError
from regso_cluster.parallel import child_seed
from regso_cluster.survey.calibration import Distance, Known, calibrate
from regso_cluster.survey.design import Design

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
BOOTSTRAP = 1  # the step's number among those that draw: `child_seed`


@dataclass(frozen=True)
class Replicates:
    """Factors by which weights are multiplied in each replicate.

    Parameters
    ----------
    factors : (n_units, n_replicates) of the units of the first stage
    unit : (n_rows,) which unit a person belongs to
    scale : (n_replicates,) what the square of a replicate's deviation counts in the variance

    Examples
    --------
    >>> from regso_cluster.survey.design import stratified
    >>> draw = stratified(np.zeros(3, dtype=int), np.array([9.0]), replacement=True)
    >>> isinstance(jackknife(draw), Replicates), jackknife(draw).weights(draw, 0)
    (True, array([0. , 4.5, 4.5]))
    """

    factors: npt.NDArray[np.float32]
    unit: Whole
    scale: Floats

    def weights(self, design: Design, number: int) -> Floats:
        """(n_rows,) the weights of one replicate, before calibration."""
        before = design.weights if design.auxiliaries is None else design.auxiliaries.before
        return np.asarray(before * self.factors[self.unit, number])


def jackknife(design: Design) -> Replicates:
    """Leave out each unit of the first stage once (JKn; JK1 where there is one stratum).

    Parameters
    ----------
    design : the sample

    Returns
    -------
    Replicates, one for each unit of the first stage

    Raises
    ------
    InputError  a stratum with one unit

    Examples
    --------
    >>> from regso_cluster.survey.design import stratified
    >>> found = jackknife(stratified(np.array([0, 0, 0]), np.array([9.0]), replacement=True))
    >>> found.factors
    array([[0. , 1.5, 1.5],
           [1.5, 0. , 1.5],
           [1.5, 1.5, 0. ]], dtype=float32)
    """
    unit, stratum, fraction, count = _units(design)
    alike = stratum[:, None] == stratum[None, :]
    factors = np.where(alike, (count / (count - 1))[stratum][:, None], 1.0).astype(np.float32)
    np.fill_diagonal(factors, 0.0)
    scale = (1 - fraction) * ((count - 1) / count)[stratum]
    return Replicates(factors, unit, scale)


def rao_wu(design: Design, replicates: int, seed: int) -> Replicates:
    """Draw n - 1 of the n units of each stratum with replacement, and weigh them anew.

    Parameters
    ----------
    design : the sample
    replicates : how many; 500 are usual
    seed : of the draws; each stratum has a stream of its own, so that others do not shift it

    Returns
    -------
    Replicates whose mean squared deviation estimates the variance. The expectation for a total is exactly the
    linearised variance, with the finite population correction of the first stage.

    Examples
    --------
    With two units a stratum, and no finite population correction, every factor is 0 or 2:

    >>> from regso_cluster.survey.design import stratified
    >>> found = rao_wu(stratified(np.array([0, 0, 1, 1]), np.array([9.0, 9.0]), replacement=True), 100, seed=1)
    >>> sorted(set(found.factors.ravel().tolist()))
    [0.0, 2.0]
    """
    unit, stratum, fraction, count = _units(design)
    factors = np.empty((len(stratum), replicates), dtype=np.float32)
    for number, drawn in enumerate(count):
        inside = np.flatnonzero(stratum == number)
        generator = np.random.Generator(np.random.PCG64(child_seed(seed, BOOTSTRAP, number)))
        times = generator.multinomial(drawn - 1, np.full(drawn, 1 / drawn), size=replicates).T
        kept = np.sqrt(1 - fraction[inside])[:, None]
        factors[inside] = 1 + kept * (times * (drawn / (drawn - 1)) - 1)
    return Replicates(factors, unit, np.full(replicates, 1 / replicates))


def replicate_variance(
    design: Design,
    replicates: Replicates,
    estimate: Callable[[Floats], Floats],
    known: Known | None = None,
    distance: Distance | None = None,
    *,
    about_mean: bool = False,
) -> tuple[Floats, Floats]:
    """Variance of any estimates by computing them with each replicate's weights.

    Parameters
    ----------
    design, replicates : the sample and its replicates
    estimate : from (n_rows,) weights to (k,) estimates
    known, distance : calibrate each replicate to these totals, as the sample was
    about_mean : take deviations from the mean of the replicates rather than from the estimate with the final weights,
        as some packages do; a little smaller

    Returns
    -------
    (k,) estimates with the final weights, and (k, k) covariance

    Raises
    ------
    InputError  a calibrated design without the totals it was calibrated to; a replicate that cannot be calibrated

    Examples
    --------
    >>> from regso_cluster.survey.design import stratified
    >>> draw = stratified(np.array([0, 0, 0]), np.array([9.0]), replacement=True)
    >>> values = np.array([1.0, 2.0, 6.0])
    >>> full, covariance = replicate_variance(draw, jackknife(draw), lambda w: np.array([w @ values]))
    >>> full.round(6), covariance.round(6)
    (array([27.]), array([[189.]]))
    """
    if design.auxiliaries is not None and known is None:
        hint = "Give the totals that the weights were calibrated to."
        raise InputError(Fault("replicates of calibrated weights must be calibrated again", hint=hint))
    full = np.asarray(estimate(design.weights), dtype=np.float64)
    found = np.empty((len(replicates.scale), len(full)))
    for number in range(len(found)):
        weights = replicates.weights(design, number)
        if known is not None:
            rows = weights > 0
            part = Known(known.values[rows], known.totals, known.names)
            weights = np.zeros(len(rows))
            weights[rows] = calibrate(replicates.weights(design, number)[rows], part, distance).weights
        found[number] = estimate(weights)
    off = found - (found.mean(axis=0) if about_mean else full)
    return full, (off * replicates.scale[:, None]).T @ off


def _units(design: Design) -> tuple[Whole, Whole, Floats, Whole]:
    """The row's unit; stratum and fraction of each unit; units of each stratum."""
    if len(design.lonely):
        lonely = f"stratum {', '.join(map(str, design.lonely[:5]))}"
        hint = "Merge the stratum with one that is alike, and say so."
        raise InputError(Fault("one unit alone was drawn: it cannot be left out", where=lonely, hint=hint))
    first = design.stages[0]
    _, where, unit = np.unique(first.unit, return_index=True, return_inverse=True)
    stratum = first.stratum[where]
    return unit.astype(np.int64), stratum, first.fraction[where], np.bincount(stratum)
