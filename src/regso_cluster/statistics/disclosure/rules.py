"""Which cells may not be shown: the rule of the share, least counts, dominance, p per cent; how wide the doubt must be.

Hundepool et al., *Statistical Disclosure Control* (2012), section 4.2: rules of sensitivity, protection levels.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.errors import Fault, InputError
from regso_cluster.schema import columns as c

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

NOT_SENSITIVE = ""


@dataclass(frozen=True)
class DisclosureRule:
    """What is too little to show.

    Parameters
    ----------
    min_units : fewest units (persons) under a share, a mean or a quantile; SCB shows a share of more than 20 persons
    min_attribute : fewest units with the attribute; SCB shows a share of more than 5 with it. A number of units from
        1 up to one less than this is hidden too
    both_sides : those without the attribute must be as many: a share of 100 per cent tells of everyone
    min_contributors : fewest rows behind a mean
    dominance : (n, k): the n largest contributors may not make up more than k per cent of a sum; None: not asked
    p_percent : nobody may come closer than p per cent to another's contribution, the second largest least of all;
        None: not asked
    protection : persons by which the feasible interval of a hidden count must reach beyond it, on both sides, as far as
        that is possible for a count; None: `min_attribute`, so that nobody can tell that a hidden count is below it
    rounding : base to which counts are rounded, with sums that add up; then nothing more is hidden than shares that the
        rule hides; None: not
    seed : of the rounding; None: drawn, and kept in the audit alone, since who knows it can round guesses the same way
    margin : per cent of a hidden sum by which its interval must reach beyond it, and never less than its largest
        contribution
    complementary : False hides what is sensitive and nothing else: for showing that this is not enough

    Examples
    --------
    >>> DisclosureRule(min_units=11).min_attribute
    6
    """

    min_units: int = 21
    min_attribute: int = 6
    both_sides: bool = True
    min_contributors: int = 1
    dominance: tuple[int, float] | None = None
    p_percent: float | None = None
    protection: int | None = None
    margin: float = 20.0
    rounding: int | None = None
    seed: int | None = None
    complementary: bool = True

    def __post_init__(self) -> None:
        faults = [
            Fault("a setting below its least", f"rule, {name}", f"at least {least}", str(value), "Give a larger one.")
            for name, least in (("min_units", 1), ("min_attribute", 1), ("min_contributors", 1), ("margin", 0))
            if not (value := getattr(self, name)) >= least
        ]
        if self.dominance is not None and not (self.dominance[0] >= 1 and 0 < self.dominance[1] <= 100):
            hint = "Write it as 1,75: the largest contributor may not make up more than 75 per cent."
            faults.append(Fault("no such dominance", "rule, dominance", "n from 1, k from 0 to 100",
                                str(self.dominance), hint))  # fmt: skip
        if self.p_percent is not None and not self.p_percent > 0:
            faults.append(Fault("no such p", "rule, p_percent", "above 0", str(self.p_percent), "Often 5 to 20."))
        if self.protection is not None and self.protection < 1:
            hint = "Give the persons by which an interval must reach beyond what it hides."
            faults.append(Fault("no protection", "rule, protection", "at least 1", str(self.protection), hint))
        if self.rounding is not None and self.rounding < 2:
            hint = "Give the base that counts are rounded to, often 3 or 5."
            faults.append(Fault("no base", "rule, rounding", "at least 2", str(self.rounding), hint))
        if faults:
            raise InputError(faults)

    @property
    def reach(self) -> int:
        """Persons by which the interval of a hidden count must reach beyond it."""
        return self.min_attribute if self.protection is None else self.protection

    def as_dict(self) -> dict[str, object]:
        """Give the rule as plain data."""
        return {field.name: getattr(self, field.name) for field in fields(self)} | {"protection": self.reach}


def judge_bases(units: Floats, rule: DisclosureRule) -> npt.NDArray[np.object_]:
    """Say of each number of units why it may not be shown, "" where it may; none at all is no person's secret."""
    return np.where((units > 0) & (units < rule.min_attribute), "few_units", NOT_SENSITIVE).astype(object)


def judge_shares(units: Floats, attribute: Floats, rule: DisclosureRule) -> npt.NDArray[np.object_]:
    """Say of each share why it may not be shown, "" where it may.

    Parameters
    ----------
    units, attribute : (n,) units under the share and with the attribute
    rule : the rule

    Returns
    -------
    (n,) "few_units", "few_with_attribute", "few_without_attribute" or ""; where units are 0 there is nothing to hide
    """
    without = (units - attribute < rule.min_attribute) & rule.both_sides
    reasons = np.select(
        [units <= 0, units < rule.min_units, attribute < rule.min_attribute, without],
        [NOT_SENSITIVE, "few_units", "few_with_attribute", "few_without_attribute"],
        NOT_SENSITIVE,
    )
    return reasons.astype(object)


@dataclass(frozen=True)
class Contributions:
    """The largest contributions to each of n sums.

    Parameters
    ----------
    number : (n,) contributors
    total : (n,) sum of the absolute contributions
    largest, second : (n,) the two largest absolute contributions, 0 where there are fewer
    top : (n,) sum of the largest contributions that the dominance rule looks at; zeros without that rule
    """

    number: Floats
    total: Floats
    largest: Floats
    second: Floats
    top: Floats


def contributions(values: Floats, groups: npt.NDArray[np.int64], number: int, rule: DisclosureRule) -> Contributions:
    """Find the largest contributions to each sum.

    Parameters
    ----------
    values : (rows,) contributions; signs are left out
    groups : (rows,) the sum that a row belongs to, from 0
    number : how many sums
    rule : its dominance says how many of the largest are added
    """
    table = pd.DataFrame({c.GROUP: groups, "size": np.abs(values)}).sort_values(
        [c.GROUP, "size"], ascending=[True, False], kind="stable"
    )
    order = table.groupby(c.GROUP).cumcount()
    every = range(number)

    def summed(keep: pd.Series[bool]) -> Floats:
        return table[keep].groupby(c.GROUP)["size"].sum().reindex(every, fill_value=0.0).to_numpy(np.float64)

    count = np.bincount(groups, minlength=number).astype(np.float64)
    top = summed(order < rule.dominance[0]) if rule.dominance else np.zeros(number)
    return Contributions(count, summed(order >= 0), summed(order == 0), summed(order == 1), top)


def judge_sums(units: Floats, given: Contributions, rule: DisclosureRule) -> tuple[npt.NDArray[np.object_], Floats]:
    """Say of each sum why it may not be shown, and by how much its interval must reach beyond it.

    Returns
    -------
    reasons : (n,) "few_units", "few_contributors", "dominance", "p_percent" or ""
    reach : (n,) in units of the sum

    Notes
    -----
    Protection levels by Hundepool et al. (2012), section 4.2.2: for dominance 100/k times the n largest less the total,
    for p per cent p/100 times the largest less what neither of the two largest contributes.
    """
    dominant, guessed = np.zeros(len(units)), np.zeros(len(units))
    if rule.dominance:
        dominant = given.top * 100 / rule.dominance[1] - given.total
    if rule.p_percent:
        guessed = rule.p_percent / 100 * given.largest - (given.total - given.largest - given.second)
    reasons = np.select(
        [
            units <= 0,
            units < rule.min_units,
            given.number < rule.min_contributors,
            # a single contributor is as dominant as can be, whatever the sizes
            (dominant > 0) & (given.total > 0),
            (guessed > 0) & (given.total > 0),
        ],
        [NOT_SENSITIVE, "few_units", "few_contributors", "dominance", "p_percent"],
        NOT_SENSITIVE,
    )
    least = np.maximum(rule.margin / 100 * given.total, given.largest)
    return reasons.astype(object), np.maximum.reduce([least, dominant, guessed])
