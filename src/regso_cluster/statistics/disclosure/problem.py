"""A statistic posed as cells: units, with and without the attribute, sums; this table, an earlier one, the growth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from regso_cluster.statistics.disclosure.cells import Booleans, Floats, Integers, Margins, TableCells
from regso_cluster.statistics.disclosure.earlier import EarlierCells
from regso_cluster.statistics.disclosure.rules import (
    NOT_SENSITIVE,
    Contributions,
    DisclosureRule,
    contributions,
    judge_bases,
    judge_shares,
    judge_sums,
)

_BASE_COST = 10.0  # a number of units is dearer than what is said of them


@dataclass(frozen=True)
class Problem:
    """A statistic as cells: a block a part ("units", "attribute", ...), in each all groups of all tables.

    Parameters
    ----------
    cells : the cells
    parts : names of the blocks
    reason : (cells,) why a cell is sensitive, "" where it is not
    reach : (cells,) how far the interval of a sensitive cell must reach beyond it
    open : (cells,) what is known whatever is hidden now
    groups : groups in a block; those of this table come first
    own : groups of this table
    alone : (groups,) who is alone in the group, as a number; -1 where nobody is
    person : (tables, atoms) who is alone in the atom; -1 where nobody is
    atom : (groups of a table, atoms) 0/1: which atoms a group holds
    """

    cells: TableCells
    parts: tuple[str, ...]
    reason: npt.NDArray[np.object_]
    reach: Floats
    open: Booleans
    groups: int
    own: int
    alone: Integers
    person: Integers
    atom: sparse.csr_array

    def part(self, name: str) -> slice:
        """Give the block of a part."""
        start = self.parts.index(name) * self.groups
        return slice(start, start + self.groups)

    def units_of(self, cells: Integers) -> Integers:
        """Give, for each cell, the cell with the units of its group."""
        return cells % self.groups

    def primary(self) -> Booleans:
        """Tell what is shown when only what is sensitive is hidden."""
        shown = (self.reason == NOT_SENSITIVE) & self.cells.hideable
        return self.with_units(shown | (self.cells.lower == self.cells.upper) | self.open)

    def with_units(self, known: Booleans) -> Booleans:
        """Hide what is said of units whose number is hidden: beside it, the number could be worked out."""
        known = known.copy()
        always = (self.cells.lower == self.cells.upper) | self.open
        for part in self.parts[1:]:
            known[self.part(part)] &= known[self.part("units")] | always[self.part(part)]
        return known

    def sensitive(self) -> Integers:
        """Give the cells that must not be worked out and are not open already."""
        return np.flatnonzero((self.reason != NOT_SENSITIVE) & ~self.open)

    def required(self, known: Booleans, targets: Integers) -> tuple[Floats, Floats]:
        """How far the interval of each target must reach: not below 0, nor above units that are shown."""
        value, reach = self.cells.value[targets], self.reach[targets]
        low = np.maximum(value - reach, self.cells.lower[targets])
        high = value + reach
        if "attribute" in self.parts:
            units = self.units_of(targets)
            of = (targets >= self.groups) & self._units_known(known)[units]
            high = np.where(of, np.minimum(high, self.cells.value[units]), high)
        return low, high

    def known_to(self, who: int, known: Booleans, targets: Integers) -> tuple[Floats, Floats]:
        """How far down and up the intervals of targets can reach for someone who knows their own part of them."""
        holds = np.zeros(self.groups)
        for table, atom in zip(*np.nonzero(self.person == who), strict=True):
            holds[table * self.own : (table + 1) * self.own] += self.atom[:, [atom]].toarray().ravel()
        group, part = self.units_of(targets), targets // self.groups
        values = self.cells.value.reshape(len(self.parts), self.groups)[:, self.alone == who][:, 0]
        mine = holds[group] * values[part]
        low = np.maximum(self.cells.lower[targets], np.where(np.isfinite(self.cells.lower[targets]), mine, -np.inf))
        high = np.full(len(targets), np.inf)
        if "attribute" in self.parts:
            units = self._units_known(known)[group] & (part > 0)
            other = holds[group] * values[np.array([0, 2, 1])[part]]
            high = np.where(units, self.cells.value[group] - other, np.inf)
        return low, high

    def _units_known(self, known: Booleans) -> Booleans:
        units = known[: self.groups].copy()
        if self.groups > self.own:  # the growth is known where both tables are
            units[2 * self.own :] = units[: self.own] & units[self.own : 2 * self.own]
        return units

    def shown_whole(self, known: Booleans) -> Booleans:
        """Tell which groups show everything."""
        parts = [known[self.part(part)] for part in self.parts if part != "without"]
        return np.asarray(np.logical_and.reduce(parts))


class RowFigures(NamedTuple):
    """(rows,) how many units each row stands for, and its part of the attribute or of the sum."""

    units: Floats
    values: Floats


def pose(
    margins: Margins, sums: dict[str, Floats], rule: DisclosureRule, rows: RowFigures, before: EarlierCells | None,
    *, cumulative: bool = False,
) -> Problem:  # fmt: skip
    """Make the cells of a statistic.

    Parameters
    ----------
    margins, sums : the groups and their true `units`, and `attribute` or `sum`
    rule : what is too little
    rows : the figures of the rows, for the largest contributions
    before : what an earlier table showed
    cumulative : whether this table holds the earlier one and what came since
    """
    own = len(margins.depth)
    tables = 3 if cumulative else 1
    then = before.values if before is not None and cumulative else {}
    every = {name: np.concatenate([now, then[name], now - then[name]]) if then else now for name, now in sums.items()}
    units = every["units"]
    grown = np.arange(tables * own) >= 2 * own
    judged = np.tile(margins.published, tables) | (np.arange(tables * own) < own)
    blocks = _blocks(margins, every, rule, rows.values)
    names = tuple(block.name for block in blocks)
    empty = np.tile((units == 0) & ~grown & judged, len(names))
    of_table = np.tile((np.arange(len(units)) < own) & np.tile(margins.published, tables), len(names))
    opened = _open(before, names, own, tables)
    depth = np.tile(margins.depth, tables * len(names))
    cost = (1 + np.log1p(np.tile(units, len(names)))) * (1 + 4.0 * (margins.depth.max() - depth))
    cost[: len(units)] *= _BASE_COST
    cells = TableCells(
        value=np.concatenate([block.value for block in blocks]),
        equations=_equations(margins.parents, tables, names),
        lower=np.where(empty, 0.0, np.concatenate([block.lower for block in blocks])),
        upper=np.where(empty, 0.0, np.inf),
        whole=np.repeat([name != "sum" for name in names], len(units)),
        hideable=of_table & ~empty & ~opened & np.repeat([name != "without" for name in names], len(units)),
        depth=depth,
        cost=cost,
        block=np.tile(margins.block, tables * len(names)),
    )
    person, alone = _people(margins, units, rows.units, rule, mean="sum" in names)
    reason = np.concatenate([block.reason for block in blocks])
    reason[~np.tile(judged, len(names))] = NOT_SENSITIVE
    return Problem(
        cells, names, reason, np.concatenate([block.reach for block in blocks]), opened, len(units), own, alone,
        person, margins.atom,
    )  # fmt: skip


class _Block(NamedTuple):
    """The cells of one part: (groups of all tables,) values, why they are sensitive, their reach, lowest values."""

    name: str
    value: Floats
    reason: npt.NDArray[np.object_]
    reach: Floats
    lower: Floats


def _blocks(margins: Margins, every: dict[str, Floats], rule: DisclosureRule, values: Floats) -> list[_Block]:
    """Give the parts of a statistic: units, and those with and without the attribute or the sum of the values."""
    units = every["units"]
    reach, none = np.full(len(units), float(rule.reach)), np.zeros(len(units))
    blocks = [_Block("units", units, judge_bases(units, rule), reach, _least_units(margins, units))]
    if "attribute" in every:
        having = every["attribute"]
        why = judge_shares(units, having, rule)
        few_without = np.where(why == "few_without_attribute", why, NOT_SENSITIVE)
        return [*blocks, _Block("attribute", having, why, reach, none),
                _Block("without", units - having, few_without, reach, none)]  # fmt: skip
    if "sum" in every:
        why, how = judge_sums(units, _largest(margins, values, every["sum"], rule), rule)
        least = np.full(len(units), 0.0 if (values >= 0).all() else -np.inf)
        blocks.append(_Block("sum", every["sum"], why, how, least))
    return blocks


def _least_units(margins: Margins, units: Floats) -> Floats:
    """Units that a group must have at least: one in each finest part that is not shown as empty."""
    groups = len(margins.depth)
    if not margins.published.all():
        return np.where(np.arange(len(units)) < 2 * groups, np.minimum(1.0, units), 0.0)
    own = _by_atom(margins, units) > 0
    if len(own) > 1:  # where nobody was before, somebody came
        own[2] = own[0] & ~own[1]
    return np.concatenate([np.asarray(margins.atom @ some.astype(np.float64)) for some in own])


def _by_atom(margins: Margins, units: Floats) -> Floats:
    """Units of the atoms; (groups of all tables,) to (tables, atoms)."""
    single = np.flatnonzero(np.diff(margins.atom.indptr) == 1)
    finest = np.zeros(margins.atom.shape[1], np.int64)
    finest[margins.atom[single].indices] = single
    return units.reshape(-1, len(margins.depth))[:, finest]


def _largest(margins: Margins, values: Floats, sums: Floats, rule: DisclosureRule) -> Contributions:
    """Find the largest contributions to the sums of this table; no rows of an earlier table are at hand."""
    members = sparse.coo_array(margins.atom)
    of_atom = pd.Series(np.arange(len(values))).groupby(margins.rows).indices
    group = np.repeat(members.row, [len(of_atom[atom]) for atom in members.col]).astype(np.int64)
    row = np.concatenate([of_atom[atom] for atom in members.col])
    found = contributions(values[row], group, len(margins.depth), rule)
    more = len(sums) - len(margins.depth)
    total = np.abs(sums[len(margins.depth) :])
    none = np.zeros(more)
    return Contributions(
        np.concatenate([found.number, np.full(more, np.inf)]), np.concatenate([found.total, total]),
        np.concatenate([found.largest, none]), np.concatenate([found.second, none]), np.concatenate([found.top, none]),
    )  # fmt: skip


def _equations(parents: sparse.csr_array, tables: int, parts: tuple[str, ...]) -> sparse.csr_array:
    """Sums over groups for each part; with + without = units; this table = the earlier one + what came since."""
    if tables == 3:
        one = sparse.eye_array(parents.shape[1])
        none = sparse.csr_array((0, parents.shape[1]))
        sums = sparse.block_diag([parents, parents, none])
        parents = sparse.csr_array(sparse.vstack([sums, sparse.hstack([one, -one, -one])]))
    if parts == ("units",):
        return parents
    if "sum" in parts:
        return sparse.csr_array(sparse.block_diag([parents, parents]))
    one = sparse.eye_array(parents.shape[1])
    none = sparse.csr_array((0, parents.shape[1]))
    sums = sparse.block_diag([parents, parents, none])
    return sparse.csr_array(sparse.vstack([sums, sparse.hstack([-one, one, one])]))


def _open(before: EarlierCells | None, parts: tuple[str, ...], own: int, tables: int) -> Booleans:
    blocks = []
    for part in parts:
        shown = np.zeros(own, bool) if before is None or part == "without" else before.shown[part]
        blocks.append(np.concatenate([np.zeros(own, bool), shown, np.zeros(own, bool)]) if tables == 3 else shown)
    return np.concatenate(blocks)


def _people(
    margins: Margins, units: Floats, weights: Floats, rule: DisclosureRule, *, mean: bool
) -> tuple[Integers, Integers]:
    """Number who is alone in an atom, (tables, atoms), and in a group; rows count where a rule looks at them."""
    own = _by_atom(margins, units)
    if mean and (rule.min_contributors > 1 or rule.dominance is not None or rule.p_percent is not None):
        own[0] = np.bincount(margins.rows[weights > 0], minlength=own.shape[1])
    person = np.where(own == 1, np.arange(own.size).reshape(own.shape), -1)
    # who is alone now was there before or has come since: one person in both
    person = np.where((own == 1) & (own[0] == 1), np.arange(own.shape[1]), person)
    alone = [
        np.where(np.asarray(margins.atom @ count) == 1, np.asarray(margins.atom @ np.where(count > 0, who, 0)), -1)
        for count, who in zip(own, person, strict=True)
    ]
    return person, np.concatenate(alone).astype(np.int64)
