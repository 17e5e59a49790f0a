"""Intervals of estimates from a design.

Sources: Korn and Graubard (1998), Survey Methodology 24(2), for shares near 0 or 1; Franco, Little, Louis and Slud
(2019), JSSAM 7(3), which compares the forms.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

from regso_cluster.errors import Fault, InputError

Floats = npt.NDArray[np.float64]
FORMS = ("mean", "logit", "arcsine", "korn-graubard")


def interval(
    value: Floats, variance: Floats, freedom: Floats, *, form: str, level: float = 0.95, answers: Floats | None = None
) -> tuple[Floats, Floats]:
    """Give the two ends of an interval.

    Parameters
    ----------
    value, variance : estimates and their variances
    freedom : degrees of freedom of each
    form : `mean` is symmetric, by Student's t; the others are for shares and stay within 0 and 1
    level : such as 0.95
    answers : persons behind each estimate; `korn-graubard` needs them

    Returns
    -------
    low and high; NaN where the variance or the degrees of freedom say nothing. A share of 0 or 1 has the interval of
    `korn-graubard` in that form, and none in the others

    Raises
    ------
    InputError  a form that is none of `FORMS`, `korn-graubard` without answers

    Examples
    --------
    >>> low, high = interval(np.array([0.5]), np.array([0.0025]), np.array([np.inf]), form="logit")
    >>> low.round(4), high.round(4)
    (array([0.4032]), array([0.5968]))
    """
    value, variance, freedom = (np.asarray(part, dtype=np.float64) for part in (value, variance, freedom))
    if form not in FORMS:
        raise InputError(Fault("no such form of an interval", expected=", ".join(FORMS), got=form))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.asarray(stats.t.ppf(0.5 + level / 2, np.where(freedom > 0, freedom, np.nan)), dtype=np.float64)
        error = np.sqrt(variance)
        if form == "mean":
            return value - t * error, value + t * error
        if form == "logit":
            centre, half = np.log(value / (1 - value)), t * error / (value * (1 - value))
            return 1 / (1 + np.exp(half - centre)), 1 / (1 + np.exp(-half - centre))
        if form == "arcsine":
            centre, half = np.arcsin(np.sqrt(value)), t * error / (2 * np.sqrt(value * (1 - value)))
            low, high = np.maximum(centre - half, 0), np.minimum(centre + half, np.pi / 2)
            return np.sin(low) ** 2, np.sin(high) ** 2
    if answers is None:
        raise InputError(Fault("the Korn-Graubard interval needs the number of answers"))
    return _korn_graubard(value, variance, np.asarray(answers, dtype=np.float64), t, level)


def effective_answers(value: Floats, variance: Floats, answers: Floats) -> Floats:
    """How many answers of a simple random sample would make a share as precise; as many as there are for 0 and 1.

    Parameters
    ----------
    value, variance : shares and their variances
    answers : persons behind each

    Returns
    -------
    persons, as real numbers

    Examples
    --------
    >>> effective_answers(np.array([0.5, 0.0]), np.array([0.0025, 0.0]), np.array([200.0, 50.0]))
    array([100.,  50.])
    """
    simple = value * (1 - value)
    return np.asarray(
        np.divide(simple, variance, out=np.array(answers, dtype=float), where=(simple > 0) & (variance > 0))
    )


def _korn_graubard(value: Floats, variance: Floats, answers: Floats, t: Floats, level: float) -> tuple[Floats, Floats]:
    """Clopper and Pearson's interval with effective answers, fewer where the variance is known from few units."""
    with np.errstate(divide="ignore", invalid="ignore"):
        known = stats.t.ppf(0.5 + level / 2, np.maximum(answers - 1, 1)) / t
        effective = effective_answers(value, variance, answers) * known**2
        yes, no = value * effective, (1 - value) * effective
        low = np.where(yes > 0, stats.beta.ppf((1 - level) / 2, yes, no + 1), 0.0)
        high = np.where(no > 0, stats.beta.ppf(0.5 + level / 2, yes + 1, no), 1.0)
    nothing = np.isnan(t) | (answers <= 0)
    return np.where(nothing, np.nan, low), np.where(nothing, np.nan, high)
