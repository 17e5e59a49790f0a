"""Totals, means, shares and ratios of domains, with linearised variance; contrasts with their covariance.

A domain is a group of persons that the draw need not have known. Rows are never left out for a domain: those outside
it count as 0, since how many fall into it is chance as well.

Source: Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, sections 5.5 to 5.8 and 10.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.errors import Fault, InputError
from regso_cluster.survey.design import Design

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
_AT_ONCE = 64  # linearised variables held together: 100,000 persons of them take 51 MB


class Linearised(NamedTuple):
    """An estimate, and the variable whose weighted sum has its variance.

    Parameters
    ----------
    value : the estimate
    variable : (n_rows,) 0 outside the domain

    Examples
    --------
    >>> isinstance(linearise_mean(np.ones(2), np.array([1.0, 3.0])), Linearised)
    True
    """

    value: float
    variable: Floats


@dataclass(frozen=True)
class DomainEstimates:
    """Estimates by domain and variable.

    Parameters
    ----------
    value, variance : (n_domains, n_variables); NaN where nobody in the domain answered
    answers : (n_domains, n_variables) persons behind each
    persons : (n_domains, n_variables) sum of their weights
    freedom : (n_domains,) units less strata of the draw, counted in the domain
    effect : (n_domains, n_variables) design effect: variance over that of a simple random sample of as many answers
        without replacement; NaN where it cannot be had

    Examples
    --------
    >>> from regso_cluster.survey.design import stratified
    >>> draw = stratified(np.zeros(4, dtype=int), np.array([8.0]))
    >>> found = estimate_means(draw, np.array([[1.0], [3.0], [5.0], [7.0]]), np.array([0, 0, 1, 1]), 2)
    >>> isinstance(found, DomainEstimates), found.answers.ravel(), found.persons.ravel()
    (True, array([2, 2]), array([4., 4.]))
    """

    value: Floats
    variance: Floats
    answers: Whole
    persons: Floats
    freedom: Whole
    effect: Floats


def estimate_means(design: Design, values: Floats, domain: Whole, domains: int) -> DomainEstimates:
    """Estimate the mean of each variable in each domain; of a variable of 0 and 1 it is the share.

    Parameters
    ----------
    design : sample and weights
    values : (n_rows, n_variables) answers; NaN where a person did not answer this question
    domain : (n_rows,) number of the person's domain, from 0; -1 in none
    domains : how many there are

    Returns
    -------
    DomainEstimates

    Raises
    ------
    InputError  shapes that do not fit; a stratum with one unit drawn

    Examples
    --------
    >>> from regso_cluster.survey.design import stratified
    >>> draw = stratified(np.zeros(4, dtype=int), np.array([8.0]))
    >>> found = estimate_means(draw, np.array([[1.0], [3.0], [5.0], [7.0]]), np.array([0, 0, 1, 1]), 2)
    >>> found.value.ravel(), found.variance.ravel().round(6)
    (array([2., 6.]), array([0.333333, 0.333333]))
    """
    _refuse_shapes(design, values, domain)
    inside = domain >= 0
    answered = ~np.isnan(values) & inside[:, None]
    filled = np.where(answered, values, 0.0)
    group = np.where(inside, domain, 0)
    weight = design.weights[:, None] * answered

    def by_domain(part: Floats) -> Floats:
        return np.column_stack([np.bincount(group, weights=column, minlength=domains) for column in part.T])

    persons, answers = by_domain(weight), by_domain(answered.astype(np.float64)).astype(np.int64)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = by_domain(weight * filled) / persons
        about = np.where(answered, filled - value[group], 0.0)
        linearised = np.where(answered, about / persons[group], 0.0)
        spread = by_domain(weight * about**2) / persons * answers / (answers - 1)
        simple = spread / answers * (persons - answers) / persons
        variance = np.where(answers > 0, _variances(design, linearised, domain, domains), np.nan)
        effect = np.where((simple > 0) & (answers > 1), variance / simple, np.nan)
    freedom = np.array([design.freedom(domain == each) for each in range(domains)], dtype=np.int64)
    return DomainEstimates(value, variance, answers, persons, freedom, effect)


def linearise_mean(weights: Floats, values: Floats, rows: npt.NDArray[np.bool_] | None = None) -> Linearised:
    """The mean of a domain, and the variable whose weighted sum has its variance.

    Parameters
    ----------
    weights, values : (n_rows,); NaN where not answered
    rows : (n_rows,) who belongs to the domain; None: all

    Returns
    -------
    Linearised

    Raises
    ------
    InputError  nobody in the domain answered

    Examples
    --------
    >>> linearise_mean(np.array([2.0, 2.0]), np.array([1.0, 3.0]))
    Linearised(value=2.0, variable=array([-0.25,  0.25]))
    """
    return linearise_ratio(weights, values, np.ones(len(values)), rows)


def linearise_ratio(
    weights: Floats, above: Floats, below: Floats, rows: npt.NDArray[np.bool_] | None = None
) -> Linearised:
    """The ratio of two totals of a domain, and the variable whose weighted sum has its variance.

    Parameters
    ----------
    weights, above, below : (n_rows,); NaN where not answered: such a row counts in neither total
    rows : (n_rows,) who belongs to the domain; None: all

    Returns
    -------
    Linearised

    Raises
    ------
    InputError  nobody in the domain answered, or the total below is 0

    Examples
    --------
    >>> linearise_ratio(np.ones(2), np.array([1.0, 2.0]), np.array([2.0, 4.0]))
    Linearised(value=0.5, variable=array([0., 0.]))
    """
    known = ~np.isnan(above) & ~np.isnan(below)
    if rows is not None:
        known &= rows
    total = float((weights * below)[known].sum())
    if not known.any() or total == 0:
        raise InputError(Fault("nobody in the domain answered", hint="Take a coarser domain."))
    ratio = float((weights * above)[known].sum()) / total
    return Linearised(ratio, np.where(known, (above - ratio * below) / total, 0.0))


@dataclass(frozen=True)
class Contrast:
    """A weighted sum of estimates, such as a gap between two domains.

    Parameters
    ----------
    value, variance : of the contrast
    covariance : (k, k) of the estimates it is made from
    freedom : degrees of freedom

    Examples
    --------
    >>> Contrast(6.0, 5.0, np.diag([4.0, 1.0]), 2).error.__round__(4)
    2.2361
    """

    value: float
    variance: float
    covariance: Floats
    freedom: int

    @property
    def error(self) -> float:
        """Standard error."""
        return float(np.sqrt(self.variance))


def contrast(design: Design, estimates: list[Linearised], factors: Floats) -> Contrast:
    """Combine estimates of one sample, with the covariance that they have.

    Parameters
    ----------
    design : the sample
    estimates : value and linearised variable of each, as `linearise_mean` gives them
    factors : (k,) such as (1, -1) for a gap

    Returns
    -------
    Contrast

    Examples
    --------
    >>> from regso_cluster.survey.design import stratified
    >>> draw = stratified(np.array([0, 0, 1, 1]), np.array([10.0, 10.0]), replacement=True)
    >>> values = np.array([1.0, 3.0, 6.0, 10.0])
    >>> parts = [linearise_mean(draw.weights, values, values > 5), linearise_mean(draw.weights, values, values < 5)]
    >>> gap = contrast(draw, parts, np.array([1.0, -1.0]))
    >>> gap.value, gap.variance
    (6.0, 5.0)
    """
    linearised = np.column_stack([part for _, part in estimates])
    covariance = design.covariance_of_totals(linearised)
    value = float(factors @ np.array([value for value, _ in estimates]))
    involved = (linearised != 0).any(axis=1)
    return Contrast(value, float(factors @ covariance @ factors), covariance, design.freedom(involved))


def estimate_quantile(weights: Floats, values: Floats, at: float, rows: npt.NDArray[np.bool_] | None = None) -> float:
    """The smallest answer at which at least a share of the persons lies at or below it.

    Parameters
    ----------
    weights, values : (n_rows,); NaN where not answered
    at : the share, such as 0.5
    rows : (n_rows,) who belongs to the domain; None: all

    Returns
    -------
    the smallest such answer

    Raises
    ------
    InputError  nobody in the domain answered

    Notes
    -----
    Its variance is that of replicate weights (`replicates`): the quantile is no smooth function of totals.

    Examples
    --------
    >>> estimate_quantile(np.ones(4), np.array([1.0, 2.0, 3.0, 4.0]), 0.5)
    2.0
    """
    known = ~np.isnan(values) & (weights > 0)
    if rows is not None:
        known &= rows
    if not known.any():
        raise InputError(Fault("nobody in the domain answered", hint="Take a coarser domain."))
    order = np.argsort(values[known], kind="stable")
    reached = np.cumsum(weights[known][order])
    place = int(np.searchsorted(reached, at * reached[-1] * (1 - 1e-12)))
    return float(values[known][order][min(place, len(order) - 1)])


def tabulate(found: DomainEstimates, domains: list[str], variables: list[str]) -> pd.DataFrame:
    """The estimates as a table, a row a domain and variable.

    Parameters
    ----------
    found : from `estimate_means`
    domains : (n_domains,) names
    variables : (n_variables,) names

    Returns
    -------
    columns domain, variable, value, standard_error, answers, persons, freedom, design_effect

    Examples
    --------
    >>> from regso_cluster.survey.design import stratified
    >>> draw = stratified(np.zeros(4, dtype=int), np.array([8.0]))
    >>> found = estimate_means(draw, np.array([[1.0], [3.0], [5.0], [7.0]]), np.array([0, 0, 1, 1]), 2)
    >>> tabulate(found, ["young", "old"], ["trust"])[["domain", "variable", "value", "answers"]]
      domain variable  value  answers
    0  young    trust    2.0        2
    1    old    trust    6.0        2
    """
    count, width = found.value.shape
    return pd.DataFrame(
        {
            "domain": np.repeat(domains, width),
            "variable": np.tile(variables, count),
            "value": found.value.ravel(),
            "standard_error": np.sqrt(found.variance).ravel(),
            "answers": found.answers.ravel(),
            "persons": found.persons.ravel(),
            "freedom": np.repeat(found.freedom, width),
            "design_effect": found.effect.ravel(),
        }
    )


def _variances(design: Design, linearised: Floats, domain: Whole, domains: int) -> Floats:
    """(n_domains, n_variables) variances; `linearised` holds for each row the variable of the row's own domain."""
    one_by_one = len(design.stages) == 1 and len(np.unique(design.stages[0].unit)) == len(design.weights)
    if one_by_one and design.auxiliaries is None and design.phase is None and not len(design.lonely):
        return _element_variances(design, linearised, domain, domains)
    columns = [(each, variable) for each in range(domains) for variable in range(linearised.shape[1])]
    found = np.zeros((domains, linearised.shape[1]))
    for start in range(0, len(columns), _AT_ONCE):
        some = columns[start : start + _AT_ONCE]
        part = np.column_stack([np.where(domain == each, linearised[:, variable], 0.0) for each, variable in some])
        for place, variance in zip(some, np.diag(design.covariance_of_totals(part)), strict=True):
            found[place] = variance
    return found


def _element_variances(design: Design, linearised: Floats, domain: Whole, domains: int) -> Floats:
    """The same for persons drawn one by one: sums and squares by stratum and domain are enough."""
    stage = design.stages[0]
    count = np.bincount(stage.stratum)
    drawn = np.zeros(len(count))
    drawn[stage.stratum] = stage.fraction
    factor = (1 - drawn) * count / np.maximum(count - 1, 1)
    cell = stage.stratum * domains + domain
    inside = domain >= 0
    found = np.empty((domains, linearised.shape[1]))
    for variable, column in enumerate(linearised.T):
        weighted = (column * design.weights)[inside]
        sums = np.bincount(cell[inside], weights=weighted, minlength=len(count) * domains).reshape(-1, domains)
        squares = np.bincount(cell[inside], weights=weighted**2, minlength=len(count) * domains).reshape(-1, domains)
        found[:, variable] = factor @ (squares - sums**2 / np.maximum(count, 1)[:, None])
    return found


def _refuse_shapes(design: Design, values: Floats, domain: Whole) -> None:
    rows = len(design.weights)
    if values.ndim != 2 or len(values) != rows or domain.shape != (rows,):
        got = f"{values.shape} and {domain.shape}"
        raise InputError(Fault("answers do not fit the sample", expected=f"({rows}, variables) and ({rows},)", got=got))
