"""Which cells a publishable release leaves out: the small ones, and as few others as keep them from being worked out.

The release itself prints no sum over areas that it hides. Others may: a kommun's figures are published by many. So each
hidden figure is protected against someone who knows the sums of its kommun, and with them of län and country, and who
knows every denominator. In a kommun with the hidden cells H, what such a person can tell of cell i is

    max(0, sum of H - what the others of H can hold at most) <= n_i <= min(d_i, sum of H - what they hold at least)

so that the others of H must be able to give and to take as many persons as the interval has to reach. A cell that the
rule shows has at least 6 persons on either side: one such cell more is always enough.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.factors.small_counts import SmallCounts
from regso_cluster.publishing.counts import RESIDENTS, Booleans, Counts, Floats, Integers
from regso_cluster.schema import columns as c

SHOWN, SMALL, BESIDE, SAME, FEW_HIDDEN = "", "under the rule", "complementary", "same figure", "few hidden"
BEFORE = "hidden before"


@dataclass(frozen=True)
class Slack:
    """How far someone who knows denominators and the sums of kommuner can imagine a numerator from its true value.

    Parameters
    ----------
    down, up : (n,) persons fewer and more, of each cell by itself
    """

    down: Floats
    up: Floats

    def take(self, cells: Integers) -> Slack:
        """Give the slack of some of the cells."""
        return Slack(self.down[cells], self.up[cells])


@dataclass(frozen=True)
class Chosen:
    """Which cells are hidden.

    Parameters
    ----------
    why : (n,) "" where a cell is shown, else "under the rule", "complementary", "same figure", "few hidden",
        "hidden before"
    exposed : (n,) cells that a kommun's sum gives away though all of the kommun is hidden, where others publish the
        sum; and those that an earlier release shows
    """

    why: npt.NDArray[np.object_]
    exposed: Booleans

    @property
    def hidden(self) -> Booleans:
        """Which cells are hidden, (n,)."""
        return np.asarray(self.why != SHOWN, dtype=np.bool_)


def find_small(counts: Counts, rule: SmallCounts) -> Booleans:
    """Tell which cells are under the rule; of residents a number up to the largest denominator that is too small."""
    residents = (counts.factor == RESIDENTS) & (counts.denominator > 0) & (counts.denominator <= rule.denominator)
    return np.asarray(residents | rule.find(counts.numerator, counts.denominator), dtype=np.bool_)


def whole_slack(counts: Counts, hidden: Booleans) -> Slack:
    """Give the slack of cells that are hidden entirely: from nobody to everybody; a shown cell has none.

    The only person in a cell knows it, and everybody knows what was shown before: they serve nobody else.
    """
    known = ~hidden | (counts.denominator == 1) | counts.opened
    return Slack(
        np.where(known, 0.0, np.nan_to_num(counts.numerator)), np.where(known, 0.0, np.nan_to_num(counts.without))
    )


def choose_hidden(
    counts: Counts, rule: SmallCounts, blurred: Slack | None = None, before: Booleans | None = None
) -> Chosen:
    """Choose the cells to hide.

    Parameters
    ----------
    counts : of all years that are published together
    rule : what is too small
    blurred : the slack of cells that are shown perturbed; None where cells are shown as they are
    before : (n,) cells that an earlier release hides; None without one

    Returns
    -------
    Chosen
    """
    small = find_small(counts, rule)
    why = np.where(small, SMALL, SHOWN).astype(object)
    if before is not None:
        why[before & ~small] = BEFORE
    _hide_same(counts, why)
    systems = list_systems(counts)
    again = np.isin(counts.place, counts.place[why != SHOWN])
    for cells in systems:
        if np.any(small[cells]):
            _hide_beside(counts, rule, why, cells, again, blurred)
    _hide_same(counts, why)
    _hide_few(counts, rule, why)
    _hide_same(counts, why)
    hidden = why != SHOWN
    slack = join_slack(whole_slack(counts, hidden), blurred, hidden)
    exposed = np.zeros(len(why), bool)
    for cells in systems:
        exposed[cells] = small[cells] & find_exposed(counts.take(cells), rule, slack.take(cells), hidden[cells])
    exposed |= small & counts.opened
    return Chosen(why, exposed)


def join_slack(whole: Slack, blurred: Slack | None, hidden: Booleans) -> Slack:
    """Give hidden cells the whole slack, and shown ones that of their perturbation."""
    if blurred is None:
        return whole
    return Slack(np.where(hidden, whole.down, blurred.down), np.where(hidden, whole.up, blurred.up))


def find_exposed(counts: Counts, rule: SmallCounts, slack: Slack, hidden: Booleans) -> Booleans:
    """Tell which cells of one kommun, year and factor are closer than the rule promises, given the kommun's sum.

    Parameters
    ----------
    counts : the (n,) cells of one sum
    rule : how many persons an interval has to reach: `least` and one more, where a count can
    slack : of these cells
    hidden : (n,) which of them are hidden

    Returns
    -------
    (n,) the interval of the numerator, or of a small denominator, does not reach far enough
    """
    reach = rule.least + 1
    n, without, d = counts.numerator, counts.without, counts.denominator
    others_down, others_up = slack.down.sum() - slack.down, slack.up.sum() - slack.up
    short = (others_down < np.minimum(reach, without)) | (others_up < np.minimum(reach, n))
    # at least one person is in each denominator that is hidden; the only one there knows it
    spare = np.where(hidden & ~counts.opened & (d > 1), d - 1, 0.0)
    sizes = (d <= rule.denominator) & (spare.sum() - spare < reach)
    return np.asarray(hidden & (sizes | (~np.isnan(n) & short)))


def list_systems(counts: Counts) -> list[Integers]:
    """Give the cells of each year, factor and kommun: those of one sum, as numbers of cells."""
    frame = pd.DataFrame({"year": counts.year, c.FACTOR: counts.factor, c.KOMMUN: counts.kommun})
    groups = frame[counts.summed].groupby(["year", c.FACTOR, c.KOMMUN], sort=False).indices
    numbers = np.flatnonzero(counts.summed)
    return [numbers[rows] for rows in groups.values()]


def _hide_same(counts: Counts, why: npt.NDArray[np.object_]) -> None:
    """Hide, in place, every cell whose figure is hidden elsewhere."""
    hidden = np.zeros(counts.same.max(initial=0) + 1, bool)
    hidden[counts.same[why != SHOWN]] = True
    why[hidden[counts.same] & (why == SHOWN) & ~counts.opened] = SAME


def _hide_beside(
    counts: Counts, rule: SmallCounts, why: npt.NDArray[np.object_], cells: Integers, again: Booleans,
    blurred: Slack | None,
) -> None:  # fmt: skip
    """Hide further cells of one kommun until none of its small cells is exposed, or none is left to hide.

    Writes into `why`, and into `again`: the areas and factors that some year hides.
    """
    own, near = counts.take(cells), None if blurred is None else blurred.take(cells)
    small = find_small(own, rule)
    while True:
        hidden = why[cells] != SHOWN
        slack = join_slack(whole_slack(own, hidden), near, hidden)
        left = np.flatnonzero(~hidden & ~own.opened)
        if not len(left) or not np.any(small & find_exposed(own, rule, slack, hidden)):
            return
        # an area that another year hides is hidden to no further loss; then the smallest
        chosen = left[np.lexsort([own.denominator[left], ~again[cells[left]]])[0]]
        why[cells[chosen]] = BESIDE
        again |= counts.place == own.place[chosen]


def _hide_few(counts: Counts, rule: SmallCounts, why: npt.NDArray[np.object_]) -> None:
    """Hide, in place, further cells where so few of a factor are hidden that a mean over all areas gives them away.

    Limits, scales and centres of the method are such means.
    """
    for year in np.unique(counts.year):
        for factor in dict.fromkeys(counts.factor[counts.factor != RESIDENTS]):
            own = (counts.year == year) & (counts.factor == factor)
            hidden = int((why[own] != SHOWN).sum())
            if 0 < hidden <= rule.least:
                left = np.flatnonzero(own & (why == SHOWN) & ~counts.opened)
                order = np.argsort(counts.denominator[left], kind="stable")
                why[left[order[: rule.least + 1 - hidden]]] = FEW_HIDDEN
