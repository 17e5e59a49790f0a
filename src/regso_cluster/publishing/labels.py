"""Composite groups that can be kept though a figure behind them is hidden.

From what is shown alone such an area may be undecided. Its group as the agency has it is kept where all it says of a
hidden figure is on which side of the limit it lies, and that leaves the figure as much room as the rule promises: with
a denominator of 3 "beyond 60 per cent" would be the figure itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.factors.small_counts import SmallCounts
from regso_cluster.judging.problems import beyond_limit, flag_problems, group_by_problems
from regso_cluster.method import UNIT_FACTOR, Factor, Method
from regso_cluster.publishing.choose import SMALL, Chosen, Slack, find_exposed, join_slack, list_systems, whole_slack
from regso_cluster.publishing.counts import Counts, Floats
from regso_cluster.schema import columns as c

MOST_HIDDEN = 10  # factors of one area: beyond it an area stays undecided


@dataclass(frozen=True)
class Label:
    """A group that may be kept.

    Parameters
    ----------
    year, area, group : whose it is
    sides : for each hidden factor whether the group says that it is a problem; None where it says neither
    """

    year: int
    area: str
    group: int
    sides: dict[str, bool | None]


def propose_labels(
    year: int, method: Method, internal: pd.DataFrame, shown: pd.DataFrame, groups: pd.Series
) -> list[Label]:
    """List the groups that say of each hidden figure at most on which side of its limit it lies.

    Parameters
    ----------
    year : of the release
    method : with the limits that are published
    internal, shown : (n_areas, n_factors) values, NaN where not observed; `shown` where hidden, too
    groups : (n_areas,) composite group in the internal release, <NA> for undecided

    Returns
    -------
    a label an area that is decided inside and undecided by what is shown. None for a method that shrinks rates or holds
    groups over years: there a group says more than sides
    """
    if method.composite is None or method.composite.steady or method.shrinkage or method.measured is None:
        return []
    limits = method.measured.limits
    flags, public = flag_problems(internal, method, limits), flag_problems(shown, method, limits)
    decided = _group(public, method)
    open_ = decided.isna() & groups.reindex(decided.index).notna()
    rows = np.flatnonzero(open_.to_numpy(bool))
    truth, said = (frame[list(method.keys)].astype("Int8").fillna(-1).to_numpy(np.int64) for frame in (flags, public))
    numbers = groups.reindex(decided.index).astype("Int8").fillna(0).to_numpy(np.int64)
    seen: dict[tuple[int, ...], dict[str, bool | None] | None] = {}
    found = []
    for row in rows:
        hidden = [key for at, key in enumerate(method.keys) if truth[row, at] >= 0 > said[row, at]]
        pattern = (int(numbers[row]), *(truth[row] >= 0).tolist(), *said[row].tolist())
        if pattern not in seen:
            seen[pattern] = _sides(public.iloc[row], hidden, int(numbers[row]), method)
        sides = seen[pattern]
        own = dict(zip(method.keys, truth[row] == 1, strict=True))
        # a limit rounded past a hidden figure would put it on the other side
        if sides and all(side in (None, own[key]) for key, side in sides.items()):
            found.append(Label(year, str(decided.index[int(row)]), int(numbers[row]), sides))
    return found


def _group(flags: pd.DataFrame, method: Method) -> pd.Series:
    status = flags.astype(object).notna().replace({True: "observed", False: "missing"})
    if method.composite is None:
        raise ValueError("a method without composite groups")
    return group_by_problems(flags, status, method.composite)[c.COMPOSITE_GROUP]


def _sides(public: pd.Series, hidden: list[str], group: int, method: Method) -> dict[str, bool | None] | None:
    """Give what a group says of the hidden factors; None where it says something of several together."""
    if not hidden or len(hidden) > MOST_HIDDEN:
        return None
    every = list(product((False, True), repeat=len(hidden)))
    flags = pd.DataFrame([public] * len(every)).reset_index(drop=True).astype("boolean")
    for number, key in enumerate(hidden):
        flags[key] = pd.array([one[number] for one in every], dtype="boolean")
    fits = [
        one for one, found in zip(every, _group(flags, method), strict=True) if found is not pd.NA and found == group
    ]
    values = [{one[number] for one in fits} for number in range(len(hidden))]
    if not fits or len(fits) != np.prod([len(own) for own in values]):
        return None
    return {key: next(iter(own)) if len(own) == 1 else None for key, own in zip(hidden, values, strict=True)}


def possible_numerators(factor: Factor, method: Method, denominator: float, *, problem: bool) -> tuple[float, float]:
    """Give the smallest and largest numerator that lies on that side of the limit.

    Raises
    ------
    ValueError  no numerator does
    """
    if method.measured is None:
        raise ValueError("a method without limits")
    numerators = np.arange(int(denominator) + 1, dtype=np.float64)
    rates = UNIT_FACTOR[factor.unit] * numerators / denominator
    own = numerators[beyond_limit(rates, method.measured.limits[factor.key], factor, method.problems) == problem]
    if not len(own):
        raise ValueError(f"no share of {denominator:.0f} lies on that side of the limit of {factor.key}")
    return float(own[0]), float(own[-1])


def keep_labels(
    labels: list[Label], methods: dict[int, Method], counts: Counts, chosen: Chosen, rule: SmallCounts,
    blurred: Slack | None = None,
) -> list[Label]:  # fmt: skip
    """Choose the labels that leave every small figure as much room as the rule promises.

    Parameters
    ----------
    labels : proposed
    methods : by year, with the limits that are published
    counts, chosen : the cells, and which of them are hidden
    rule : what is too small
    blurred : the slack of cells shown perturbed

    Returns
    -------
    those that are kept
    """
    ends = _Ends(methods, counts, rule, chosen.why == SMALL)
    kept = {(one.year, one.area): one for one in labels if ends.are_wide(one)}
    # a figure that two years repeat has the limits of both
    low, high = ends.narrow(list(kept.values()))
    for cell in np.flatnonzero(ends.small & ~ends.leave_room(low, high)):
        kept.pop((int(counts.year[cell]), str(counts.area[cell])), None)
    systems = {int(cell): cells for cells in list_systems(counts) for cell in cells}
    waiting = {int(cells[0]): cells for one in kept.values() for cells in ends.systems_of(one, systems)}
    while waiting:
        low, high = ends.narrow(list(kept.values()))
        again = {}
        for first, cells in waiting.items():
            own = counts.take(cells)
            hidden = chosen.hidden[cells]
            free = whole_slack(own, hidden)
            slack = Slack(
                np.minimum(free.down, own.numerator - low[cells]), np.minimum(free.up, high[cells] - own.numerator)
            )
            slack = join_slack(slack, blurred.take(cells) if blurred else None, hidden)
            bad = find_exposed(own, rule, slack, hidden) & (chosen.why[cells] == SMALL) & ~chosen.exposed[cells]
            lost = (free.down - slack.down) + (free.up - slack.up)
            if bad.any() and lost.max() > 0:
                worst = cells[int(np.argmax(lost))]
                for cell in np.flatnonzero(counts.same == counts.same[worst]):
                    kept.pop((int(counts.year[cell]), str(counts.area[cell])), None)
                again[first] = cells
        waiting = again
    return list(kept.values())


class _Ends:
    """The numerators that labels leave possible."""

    def __init__(
        self, methods: dict[int, Method], counts: Counts, rule: SmallCounts, small: npt.NDArray[np.bool_]
    ) -> None:
        self.counts, self.small, self.reach = counts, small, rule.least + 1
        self.factors = {year: {one.key: one for one in method.factors} for year, method in methods.items()}
        self.methods = methods
        place = zip(counts.year.tolist(), counts.area.tolist(), counts.factor.tolist(), strict=True)
        self.cell_of = {key: cell for cell, key in enumerate(place)}

    def of(self, label: Label) -> dict[int, tuple[float, float]]:
        """Give the ends of the numerators of each hidden cell that a label speaks of."""
        found = {}
        for key, side in label.sides.items():
            cell = self.cell_of.get((label.year, label.area, key))
            if cell is not None and side is not None:
                factor = self.factors[label.year][key]
                found[cell] = possible_numerators(
                    factor, self.methods[label.year], float(self.counts.denominator[cell]), problem=side
                )
        return found

    def are_wide(self, label: Label) -> bool:
        """Tell whether a label by itself leaves each small figure its room; one without counts never does."""
        if any(
            (label.year, label.area, key) not in self.cell_of for key, side in label.sides.items() if side is not None
        ):
            return False
        for cell, (low, high) in self.of(label).items():
            n, d = self.counts.numerator[cell], self.counts.denominator[cell]
            if self.small[cell] and not (low <= max(0.0, n - self.reach) and high >= min(d, n + self.reach)):
                return False
        return True

    def leave_room(self, low: Floats, high: Floats) -> npt.NDArray[np.bool_]:
        """Tell of each cell whether its ends lie as far from its numerator as the rule promises."""
        n, d = self.counts.numerator, self.counts.denominator
        wide = (low <= np.maximum(0.0, n - self.reach)) & (high >= np.minimum(d, n + self.reach))
        return np.asarray(wide | np.isnan(n))

    def narrow(self, labels: list[Label]) -> tuple[Floats, Floats]:
        """Give the ends of all cells under the labels together; a figure seen in several years has the ends of each."""
        low, high = np.zeros(len(self.counts.year)), self.counts.denominator.copy()
        lows, highs = np.zeros(len(low)), np.full(len(low), np.inf)
        for label in labels:
            for cell, (least, most) in self.of(label).items():
                low[cell], high[cell] = least, most
        np.maximum.at(lows, self.counts.same, low)
        np.minimum.at(highs, self.counts.same, high)
        return np.where(np.isnan(self.counts.numerator), 0.0, lows[self.counts.same]), highs[self.counts.same]

    def systems_of(self, label: Label, systems: dict[int, npt.NDArray[np.int64]]) -> list[npt.NDArray[np.int64]]:
        """Give the sums that the cells of a label stand in."""
        return [systems[cell] for cell in self.of(label) if cell in systems]
