"""Protect linked tables: judge every cell, hide more until nothing hidden can be worked out, and prove it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from regso_cluster.delivery.disclosure.cells import Booleans, Cells, Floats, Integers, Margins, make_margins
from regso_cluster.delivery.disclosure.complementary import hide_more
from regso_cluster.delivery.disclosure.insiders import Tasks, add_insiders, are_possible
from regso_cluster.delivery.disclosure.intruder import Intervals, feasible_intervals
from regso_cluster.delivery.disclosure.rules import (
    NOT_SENSITIVE,
    Rule,
    contributions,
    judge_bases,
    judge_shares,
    judge_sums,
)
from regso_cluster.errors import Fault, InputError

Statistic = Literal["count", "share", "mean"]
COMPLEMENTARY = "complementary"
_BASE_COST = 10.0  # a number of units is dearer than what is said of them
_ROUNDS = 20


@dataclass(frozen=True)
class Protected:
    """A table that may be published, and the record of what was hidden.

    Parameters
    ----------
    table : a row a group: `level`, the keys, `units` and, by statistic, `attribute` and `share` (per cent) or `sum` and
        `mean`; hidden figures are missing, `hidden` tells where something is, never why
    audit : a row a hidden cell: level, keys, `cell` ("units", "attribute", "without", "sum"), `kind` ("primary",
        "complementary"), `rule`, the true `value`, `low` and `high` of what an intruder can tell, `low_required`,
        `high_required`, `safe`. Not for publication: it says which of the hidden cells are small, and how small
    statistic : "count", "share" or "mean"
    rule : the rule
    margins : the groups
    values : (groups,) true `units`, `attribute` or `sum` by name: not for publication
    notes : what a reader must know
    """

    table: pd.DataFrame
    audit: pd.DataFrame
    statistic: Statistic
    rule: Rule
    margins: Margins
    values: dict[str, Floats] = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def is_safe(self) -> bool:
        """Whether every sensitive cell has a feasible interval as wide as required."""
        return bool(self.audit["safe"].all())


@dataclass(frozen=True)
class _Problem:
    """A protected statistic as cells: all parts of group 0, 1, ... in blocks, one block a part."""

    cells: Cells
    parts: tuple[str, ...]
    reason: npt.NDArray[np.object_]  # (cells,) why a cell is sensitive, "" where it is not
    reach: Floats  # (cells,) how far the interval of a sensitive cell must reach
    groups: int
    single: Booleans  # (groups,) a single contributor, who knows the cells of the group

    def part(self, name: str) -> slice:
        start = self.parts.index(name) * self.groups
        return slice(start, start + self.groups)


def protect(
    data: pd.DataFrame,
    paths: Sequence[Sequence[str]],
    *,
    statistic: Statistic,
    units: npt.ArrayLike | None = None,
    values: npt.ArrayLike | None = None,
    rule: Rule | None = None,
    total: bool = True,
    complementary: bool = True,
) -> Protected:
    """Sum rows to linked tables and hide what may not be shown.

    Parameters
    ----------
    data : (rows, ...) with the columns of `paths` as text, none missing; not changed
    paths : for each table its keys from the widest to the finest: ("lan", "kommun", "regso"), ("cluster",)
    statistic : "count" of units; "share" of units with an attribute; "mean" of a variable over units
    units : (rows,) units that a row stands for, >= 0; None: one each
    values : (rows,) for a share the units with the attribute, for a mean the sum of the variable over the row's units;
        no missing values
    rule : what is too little; None: SCB's rule of the share
    total : whether the total over everything is published
    complementary : False hides what is sensitive and nothing else: for showing that this is not enough

    Returns
    -------
    Protected

    Raises
    ------
    InputError  missing keys, counts that are not whole or negative, more with the attribute than units
    """
    rule = rule or Rule()
    weights = np.ones(len(data)) if units is None else np.asarray(units, np.float64)
    given = weights if values is None else np.asarray(values, np.float64)
    _check(data, paths, statistic, weights, given)
    margins = make_margins(data, paths, total=total)
    sums = {"units": margins.sums(weights)}
    if statistic != "count":
        sums["attribute" if statistic == "share" else "sum"] = margins.sums(given)
    problem = _pose(margins, sums, statistic, rule, (weights, given))
    known = _hide_primary(problem)
    unsafe = np.zeros(0, np.int64)
    if complementary:
        known, unsafe = _hide_complementary(problem, known)
    notes = _notes(problem, unsafe)
    return Protected(_table(problem, margins, sums, known), _audit(problem, margins, known), statistic, rule, margins,
                     sums, notes)  # fmt: skip


def _check(
    data: pd.DataFrame, paths: Sequence[Sequence[str]], statistic: Statistic, units: Floats, values: Floats
) -> None:
    faults = []
    for column in dict.fromkeys(column for path in paths for column in path):
        empty = int(data[column].isna().sum())
        if empty:
            hint = "Give those rows a group of their own: what is left out of a sum can be worked out from it."
            faults.append(Fault("rows without a group", f"column {column}", got=f"{empty} rows", hint=hint))
    hint = "Leave out rows without a value, and count them."
    if not (np.isfinite(units).all() and (units >= 0).all()):
        faults.append(Fault("units that are no number from 0", "units", hint=hint))
    if not np.isfinite(values).all():
        faults.append(Fault("values that are no number", "values", hint=hint))
    elif statistic == "share" and not ((values >= 0) & (values <= units)).all():
        hint = "The column of units must hold everyone, the value those with the attribute."
        faults.append(Fault("more with the attribute than units, or fewer than 0", "values", hint=hint))
    counts = np.concatenate([units, values]) if statistic == "share" else units
    if not faults and (counts != np.round(counts)).any():
        hint = "Counts are of whole persons: round them, or give a mean instead."
        faults.append(Fault("counts that are not whole", "units and values", hint=hint))
    if faults:
        raise InputError(faults)


def _pose(
    margins: Margins, sums: dict[str, Floats], statistic: Statistic, rule: Rule, rows: tuple[Floats, Floats]
) -> _Problem:
    """Make the cells of a statistic: units; with a share also those with and without; with a mean the sum."""
    groups = len(margins.depth)
    weights, given = rows
    parts: dict[str, Floats] = {"units": sums["units"]}
    reasons, reach = [judge_bases(sums["units"], rule)], [np.full(groups, float(rule.reach))]
    lower, whole = [np.minimum(1.0, sums["units"])], [True]
    if statistic == "share":
        parts |= {"attribute": sums["attribute"], "without": sums["units"] - sums["attribute"]}
        own = judge_shares(sums["units"], sums["attribute"], rule)
        reasons += [own, np.where(own == "few_without_attribute", own, NOT_SENSITIVE)]
        reach += [reach[0], reach[0]]
        lower += [np.zeros(groups)] * 2
        whole += [True, True]
    elif statistic == "mean":
        parts["sum"] = sums["sum"]
        members = sparse.coo_array(margins.atom)
        of_atom = pd.Series(np.arange(len(weights))).groupby(margins.rows).indices
        group = np.repeat(members.row, [len(of_atom[atom]) for atom in members.col])
        row = np.concatenate([of_atom[atom] for atom in members.col])
        why, how = judge_sums(sums["units"], contributions(given[row], group, groups, rule), rule)
        reasons.append(why)
        reach.append(how)
        lower.append(np.full(groups, 0.0 if (given >= 0).all() else -np.inf))
        whole.append(False)
    empty = np.tile(sums["units"] == 0, len(parts))
    low = np.where(empty, 0.0, np.concatenate(lower))
    cost = (1 + np.log1p(np.tile(sums["units"], len(parts)))) * (
        1 + 4.0 * (margins.depth.max() - np.tile(margins.depth, len(parts)))
    )
    cost[:groups] *= _BASE_COST
    cells = Cells(
        value=np.concatenate(list(parts.values())),
        equations=_equations(margins, statistic),
        lower=low,
        upper=np.where(empty, 0.0, np.inf),
        whole=np.repeat(whole, groups),
        hideable=np.tile(margins.published, len(parts)) & ~empty & np.repeat([name != "without" for name in parts], groups),
        depth=np.tile(margins.depth, len(parts)),
        cost=cost,
    )  # fmt: skip
    # someone who is alone in a group knows its cells; rows are such contributors only where a rule looks at them
    by_row = rule.min_contributors > 1 or rule.dominance is not None or rule.p_percent is not None
    counted = margins.sums((weights > 0).astype(np.float64)) if statistic == "mean" and by_row else sums["units"]
    single = counted == 1
    return _Problem(cells, tuple(parts), np.concatenate(reasons), np.concatenate(reach), groups, single)


def _equations(margins: Margins, statistic: Statistic) -> sparse.csr_array:
    """Sums over groups for each part; for a share also with + without = units. Those without need no sums of their own."""
    parents = margins.parents
    if statistic == "count":
        return parents
    if statistic == "mean":
        return sparse.csr_array(sparse.block_diag([parents, parents]))
    one = sparse.eye_array(parents.shape[1])
    return sparse.csr_array(
        sparse.block_array([[parents, None, None], [None, parents, None], [-one, one, one]])
    )


def _hide_primary(problem: _Problem) -> Booleans:
    """Hide what is sensitive, and what was never going to be shown."""
    known = (problem.reason == NOT_SENSITIVE) & (problem.cells.hideable | (problem.cells.upper == 0))
    return _with_bases(problem, known)


def _with_bases(problem: _Problem, known: Booleans) -> Booleans:
    """Hide what is said of units where their number is hidden: beside it, the number could be worked out."""
    for part in problem.parts[1:]:
        known[problem.part(part)] &= known[problem.part("units")] | (problem.cells.upper[problem.part(part)] == 0)
    return known


def _required(problem: _Problem, known: Booleans, targets: Integers) -> tuple[Floats, Floats]:
    """How far the interval of each target must reach; a count cannot go below 0, nor above units that are shown."""
    cells, groups = problem.cells, problem.groups
    value, reach = cells.value[targets], problem.reach[targets]
    low = np.maximum(value - reach, cells.lower[targets])
    high = value + reach
    if "attribute" in problem.parts:
        units, of = cells.value[targets % groups], targets >= groups
        high = np.where(of & known[targets % groups], np.minimum(high, units), high)
    return low, high


def _tasks(problem: _Problem, known: Booleans, targets: Integers) -> Tasks:
    """List the moves that sensitive cells need, also in the eyes of someone who is alone in a group."""
    low, high = _required(problem, known, targets)
    value = problem.cells.value[targets]
    alone = np.flatnonzero(problem.single & ~_parts_known(problem, known))
    frozen = tuple(np.arange(len(problem.parts)) * problem.groups + group for group in alone)
    cell, move = np.concatenate([targets, targets]), np.concatenate([high - value, low - value])
    order = np.argsort(-np.abs(move), kind="stable")
    order = order[np.abs(move[order]) > 0]
    outside = Tasks(cell[order], move[order], np.full(len(order), -1))
    return add_insiders(problem.cells, known, outside, frozen)


def _parts_known(problem: _Problem, known: Booleans) -> Booleans:
    """Tell which groups show everything."""
    shown = np.ones(problem.groups, bool)
    for part in problem.parts:
        if part != "without":
            shown &= known[problem.part(part)]
    return shown


def _hide_complementary(problem: _Problem, known: Booleans) -> tuple[Booleans, Integers]:
    """Hide more until the intruder's interval of each sensitive cell is wide enough; numbers of units first."""
    sensitive = np.flatnonzero(problem.reason != NOT_SENSITIVE)
    unsafe = sensitive
    for _ in range(_ROUNDS):
        before = known
        for base in (True, False):
            targets = unsafe[(unsafe < problem.groups) == base]
            if len(targets):
                known, _ = hide_more(problem.cells, known, _tasks(problem, known, targets))
                known = _with_bases(problem, known)
        unsafe = sensitive[~_check_safe(problem, known, sensitive)]
        if not len(unsafe) or (known == before).all():
            break
    return known, unsafe


def _check_safe(problem: _Problem, known: Booleans, targets: Integers) -> Booleans:
    """Tell which targets nobody can work out, not even someone who is alone in a group."""
    tasks = _tasks(problem, known, targets)
    return np.asarray(~np.isin(targets, tasks.cell[~are_possible(problem.cells, known, tasks)]))


def _notes(problem: _Problem, unsafe: Integers) -> tuple[str, ...]:
    if not len(unsafe):
        return ()
    return (f"{len(unsafe)} sensitive cells could not be protected as far as the rule asks: see the audit",)


def _table(problem: _Problem, margins: Margins, sums: dict[str, Floats], known: Booleans) -> pd.DataFrame:
    shown = {name: np.where(known[problem.part(name)], sums[name], np.nan) for name in sums}
    table = margins.labels.assign(**shown)
    if "attribute" in shown:
        table["share"] = 100 * _ratio(shown["attribute"], shown["units"])
    if "sum" in shown:
        table["mean"] = _ratio(shown["sum"], shown["units"])
    table["hidden"] = ~_parts_known(problem, known)
    return table[margins.published].reset_index(drop=True)


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)


def _audit(problem: _Problem, margins: Margins, known: Booleans) -> pd.DataFrame:
    """Record every cell that is hidden or sensitive, with what an intruder can tell of it."""
    groups = problem.groups
    published = np.tile(margins.published, len(problem.parts))
    sensitive = problem.reason != NOT_SENSITIVE
    of_without = np.repeat([name == "without" for name in problem.parts], groups)
    targets = np.flatnonzero((~known & published & ~of_without) | sensitive)
    intervals: Intervals = feasible_intervals(problem.cells, known, targets)
    low, high = _required(problem, known, targets)
    primary = sensitive[targets]
    frame = margins.labels.iloc[targets % groups].reset_index(drop=True)
    return frame.assign(
        cell=np.repeat(problem.parts, groups)[targets],
        kind=np.where(primary, "primary", COMPLEMENTARY),
        rule=np.where(primary, problem.reason[targets], COMPLEMENTARY),
        value=problem.cells.value[targets],
        low=intervals.low,
        high=intervals.high,
        low_required=np.where(primary, low, np.nan),
        high_required=np.where(primary, high, np.nan),
        safe=~primary | _check_safe(problem, known, targets),
    )
