"""Protect linked tables: judge every cell, hide more until nothing hidden can be worked out, and prove it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from regso_cluster.errors import Fault, InputError
from regso_cluster.files.made_up import is_synthetic, show_table
from regso_cluster.statistics.check_figures import check_figures
from regso_cluster.statistics.disclosure.cells import Booleans, Floats, Integers, Margins, make_margins
from regso_cluster.statistics.disclosure.complementary import hide_more
from regso_cluster.statistics.disclosure.earlier import EarlierTable, align
from regso_cluster.statistics.disclosure.insiders import Tasks, add_insiders, are_possible, how_far
from regso_cluster.statistics.disclosure.intruder import TOLERANCE, Intervals, components, feasible_intervals
from regso_cluster.statistics.disclosure.problem import Problem, RowFigures, pose
from regso_cluster.statistics.disclosure.rounding import round_cells, seen_rounded
from regso_cluster.statistics.disclosure.rules import NOT_SENSITIVE, DisclosureRule
from regso_cluster.words.notes import Note

Statistic = Literal["count", "share", "mean"]
COMPLEMENTARY = "complementary"
# columns of the table and the audit, which no key can be called
RESERVED = ("level", "units", "attribute", "share", "sum", "mean", "hidden", "period", "cell", "kind", "rule", "value",
            "low", "high", "exact", "low_required", "high_required", "safe", "synthetic")  # fmt: skip
MOST_ALONE = 40  # groups of one unit: beyond it a table where nearly all groups are so is refused
ALONE = 0.9  # of the finest groups
_ROUNDS = 20
_MANY = 500  # cells tied together, for which each question takes a tenth of a second or more


@dataclass(frozen=True)
class Protected:
    """A table that may be published, and the record of what was hidden.

    Parameters
    ----------
    table : a row a group: `level`, the keys, `units` and, by statistic, `attribute` and `share` (per cent) or `sum` and
        `mean`; hidden figures are missing, `hidden` tells where something is, never why
    audit : a row a hidden cell: level, keys, `period` ("this", "earlier", "increase"), `cell` ("units", "attribute",
        "without", "sum"), `kind` ("primary", "complementary"), `rule`, the true `value`, `low` and `high` of what an
        intruder can tell (`exact`, or at least so wide), `low_required`, `high_required`, `safe`. Not for publication:
        it says which of the hidden cells are small, and how small
    statistic : "count", "share" or "mean"
    rule : the rule
    margins : the groups
    values : (groups,) true `units`, `attribute` or `sum` by name: not for publication
    notes : what the one who publishes must know

    Examples
    --------
    >>> made = protect(pd.DataFrame({"group": ["a", "b"]}), [("group",)], statistic="count", units=[30, 40])
    >>> isinstance(made, Protected), made.table["units"].tolist()
    (True, [70.0, 30.0, 40.0])
    """

    table: pd.DataFrame
    audit: pd.DataFrame
    statistic: Statistic
    rule: DisclosureRule
    margins: Margins
    values: dict[str, Floats] = field(repr=False)
    notes: tuple[Note, ...] = ()

    @property
    def is_safe(self) -> bool:
        """Whether every sensitive cell has a feasible interval as wide as required."""
        return bool(self.audit["safe"].all())

    def _repr_html_(self) -> str:
        return show_table(self.table, synthetic=is_synthetic(self.table))


def protect(
    data: pd.DataFrame,
    paths: Sequence[Sequence[str]],
    *,
    statistic: Statistic,
    units: npt.ArrayLike | None = None,
    values: npt.ArrayLike | None = None,
    rule: DisclosureRule | None = None,
    earlier: EarlierTable | None = None,
    total: bool = True,
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
    earlier : a table published before that this one is linked to
    total : whether the total over everything is published

    Returns
    -------
    Protected

    Raises
    ------
    InputError  missing keys, counts that are not whole or negative, more with the attribute than units, an
        earlier table that does not fit; a table that cannot be made safe, with what to leave out so that it can

    Examples
    --------
    >>> areas = pd.DataFrame({"kommun": ["A", "A", "B"], "regso": ["1", "2", "3"]})
    >>> made = protect(areas, [("kommun", "regso")], statistic="count", units=[30, 40, 50])
    >>> made.is_safe, int(made.table["hidden"].sum())
    (True, 0)
    """
    rule = rule or DisclosureRule()
    weights = np.ones(len(data)) if units is None else np.asarray(units, np.float64)
    given = weights if values is None else np.asarray(values, np.float64)
    _check(data, paths, statistic, weights, given)
    figures = RowFigures(weights, given)

    def attempt(some: Sequence[Sequence[str]]) -> Protected:
        return _protect(data, some, statistic, rule, figures, earlier, total=total)

    made = attempt(paths)
    if rule.complementary and not made.is_safe:
        raise InputError(_fault_of(made, paths, attempt))
    if not is_synthetic(data):
        return made
    return replace(made, table=made.table.assign(synthetic=True), audit=made.audit.assign(synthetic=True))


def _fault_of(
    made: Protected, paths: Sequence[Sequence[str]], attempt: Callable[[Sequence[Sequence[str]]], Protected]
) -> Fault:
    """Say that a table is not safe, and what must be given up: the finest level of a path, or a whole path."""
    unsafe = made.audit[~made.audit["safe"]]
    levels = sorted(set(unsafe["level"].astype(str)) & {column for path in paths for column in path})
    coarser = [[*paths[:at], path[:-1], *paths[at + 1 :]] for at, path in enumerate(paths) if len(path) > 1]
    fewer = [[*paths[:at], *paths[at + 1 :]] for at in range(len(paths))] if len(paths) > 1 else []
    hint = "Sum to fewer and larger groups."
    for some in (*coarser, *fewer):
        if attempt(some).is_safe:
            hint = f"It is safe with these paths alone: {'; '.join(','.join(path) for path in some)}."
            break
    return Fault(
        "not safe: cells can be worked out more closely than the rule allows",
        f"level {', '.join(levels)}" if levels else "",
        "every sensitive cell protected",
        f"{len(unsafe)} of {len(made.audit)} are not",
        hint,
    )


def _protect(
    data: pd.DataFrame, paths: Sequence[Sequence[str]], statistic: Statistic, rule: DisclosureRule, figures: RowFigures,
    earlier: EarlierTable | None, *, total: bool,
) -> Protected:  # fmt: skip
    margins = make_margins(data, paths, total=total)
    sums = {"units": margins.sums(figures.units)}
    if statistic != "count":
        sums["attribute" if statistic == "share" else "sum"] = margins.sums(figures.values)
    before = align(earlier, margins, sums) if earlier else None
    cumulative = earlier is not None and earlier.relation == "cumulative"
    problem = pose(margins, sums, rule, figures, before, cumulative=cumulative)
    if rule.rounding:
        return _rounded(problem, margins, sums, statistic, rule, earlier)
    known = problem.primary()
    if rule.complementary:
        _refuse_units_apart(problem, margins)
        known = _hide_complementary(problem, known)
    audit = _audit(problem, margins, known, strict=not rule.complementary)
    return Protected(_table(problem, margins, sums, known), audit, statistic, rule, margins, sums,
                     _notes(problem, audit))  # fmt: skip


def _check(
    data: pd.DataFrame, paths: Sequence[Sequence[str]], statistic: Statistic, units: Floats, values: Floats
) -> None:
    hint = "Name columns from the widest to the finest, each once."
    faults = [
        Fault("a path with a column twice, or without a column", ",".join(path), hint=hint)
        for path in paths
        if not path or len(set(path)) < len(path)
    ]
    for column in dict.fromkeys(column for path in paths for column in path):
        if column in RESERVED:
            hint = "Rename it: the table of results has a column of that name."
            faults.append(Fault("a name that is taken", f"column {column}", hint=hint))
        empty = int(data[column].isna().sum())
        if empty:
            hint = "Give those rows a group of their own: what is left out of a sum can be worked out from it."
            faults.append(Fault("rows without a group", f"column {column}", got=f"{empty} rows", hint=hint))
    if not len(data):
        faults.append(Fault("no rows", hint="A table needs at least one row with a value."))
    hint = "Leave out rows without a value, and count them."
    for name, given in (("units", units), ("values", values)):
        if np.isnan(given).any():
            faults.append(Fault("rows without a figure", name, got=f"{int(np.isnan(given).sum())} rows", hint=hint))
    faults += check_figures(statistic, units, None if statistic == "count" else values, rows=data.index)
    if faults:
        raise InputError(faults)


def _refuse_units_apart(problem: Problem, margins: Margins) -> None:
    """Refuse a table whose finest groups nearly all hold one unit: none can be shown, and hiding takes hours.

    Raises
    ------
    InputError  with what was probably meant
    """
    finest = margins.published & (margins.depth == margins.depth.max())
    alone = int((problem.alone[: problem.own][finest] >= 0).sum())
    if alone > MOST_ALONE and alone > ALONE * int(finest.sum()):
        hint = "Name the column with the units with --of where a row stands for several; or leave out the finest level."
        got = f"{alone:,} of {int(finest.sum()):,}"
        raise InputError(Fault("groups of one unit each", expected="several units a group", got=got, hint=hint))


def _tasks(problem: Problem, known: Booleans, targets: Integers) -> Tasks:
    """List the moves that sensitive cells need, also in the eyes of someone who is alone in a group."""
    low, high = problem.required(known, targets)
    value = problem.cells.value[targets]
    concerned = np.where(problem.shown_whole(known), -1, problem.alone)
    people = [int(who) for who in np.unique(concerned) if who >= 0]
    blocks = np.arange(len(problem.parts))[:, None] * problem.groups
    frozen = tuple((blocks + np.flatnonzero(problem.alone == who)).ravel() for who in people)
    outside = Tasks(np.concatenate([targets, targets]), np.concatenate([high - value, low - value]),
                    np.full(2 * len(targets), -1), frozen)  # fmt: skip
    tasks = add_insiders(problem.cells, known, outside)
    move = tasks.move.copy()
    for number, who in enumerate(people):
        # what someone has put in themselves is no secret to them: a count cannot be below it
        own = np.flatnonzero(tasks.insider == number)
        least, most = problem.known_to(who, known, tasks.cell[own])
        at = problem.cells.value[tasks.cell[own]]
        move[own] = np.clip(move[own], np.minimum(least - at, 0), np.maximum(most - at, 0))
    order = np.argsort(-np.abs(move), kind="stable")
    return replace(tasks, move=move).take(order[np.abs(move[order]) > 0])


def _hide_complementary(problem: Problem, known: Booleans) -> Booleans:
    """Hide more until the intruder's interval of each sensitive cell is wide enough; numbers of units first."""
    sensitive = problem.sensitive()
    units = np.arange(len(known)) < problem.groups
    for _ in range(_ROUNDS):
        before = known
        for base in (True, False):
            targets = sensitive[(sensitive < problem.groups) == base]
            tasks = _tasks(problem, known, targets)
            if not base:  # what is said of units is first protected without hiding how many they are
                shown_units = replace(problem.cells, hideable=problem.cells.hideable & ~units)
                known, tasks = hide_more(shown_units, known, tasks)
            known, _ = hide_more(problem.cells, known, tasks, as_far_as_possible=True)
            known = problem.with_units(known)
        if _are_safe(problem, known, sensitive).all() or (known == before).all():
            break
    return known


def _are_safe(problem: Problem, known: Booleans, targets: Integers, *, strict: bool = False) -> Booleans:
    """Tell which targets nobody can work out, not even someone who is alone in a group.

    A target is safe, too, where hiding all of the table would leave it no more room: what was published before, and
    what someone knows by themselves, cannot be taken back.
    """
    tasks = _tasks(problem, known, targets)
    short = tasks.take(np.flatnonzero(~are_possible(problem.cells, known, tasks)))
    if strict or not len(short.cell):
        return np.asarray(~np.isin(targets, short.cell))
    now = np.abs(how_far(problem.cells, known, short))
    best = np.abs(how_far(problem.cells, known & ~problem.cells.hideable, short))
    wanting = now < np.minimum(best, np.abs(short.move)) * (1 - TOLERANCE) - TOLERANCE
    return np.asarray(~np.isin(targets, short.cell[wanting]))


def _rounded(
    problem: Problem, margins: Margins, sums: dict[str, Floats], statistic: Statistic, rule: DisclosureRule,
    earlier: EarlierTable | None,
) -> Protected:  # fmt: skip
    """Round all counts; shares that the rule hides stay hidden, the others are those of the rounded counts."""
    base = int(rule.rounding or 0)
    if statistic == "mean" or earlier is not None:
        hint = "Leave the rounding out: hiding protects means, and tables linked to earlier ones."
        raise InputError(Fault("rounding is of counts in one table", got=statistic, hint=hint))
    seed = secrets.randbits(63) if rule.seed is None else rule.seed
    rounded = round_cells(problem.cells, base, seed)
    parts = {name: rounded[problem.part(name)] for name in problem.parts}
    table = margins.labels.assign(units=parts["units"])
    own = problem.reason[problem.part("units")] != NOT_SENSITIVE
    if statistic == "share":
        own = problem.reason[problem.part("attribute")] != NOT_SENSITIVE
        table["attribute"] = parts["attribute"]
        table["share"] = np.where(own, np.nan, 100 * _ratio(parts["attribute"], parts["units"]))
    table["hidden"] = own
    seen = seen_rounded(problem.cells, rounded, base)
    targets = problem.sensitive()
    found = feasible_intervals(seen, np.zeros(len(rounded), bool), targets)
    audit = margins.labels.iloc[problem.units_of(targets)].reset_index(drop=True)
    audit = audit.assign(
        period="this", cell=np.repeat(problem.parts, problem.groups)[targets], kind="primary",
        rule=problem.reason[targets], value=problem.cells.value[targets], low=found.low, high=found.high, exact=True,
        low_required=np.nan, high_required=np.nan,
        # as many values as the base has: what rounding promises of a count by itself
        safe=found.high - found.low >= base - 1 - TOLERANCE,
        seed=str(seed),  # as text: 63 bits are no float
    )  # fmt: skip
    notes = (Note("counts_rounded", base=base), *_notes(problem, audit))
    return Protected(table[margins.published].reset_index(drop=True), audit, statistic, rule, margins, sums, notes)


def _notes(problem: Problem, audit: pd.DataFrame) -> tuple[Note, ...]:
    notes = []
    unsafe = int((~audit["safe"]).sum())
    this = np.arange(len(problem.open)) % problem.groups < problem.own
    opened = int((problem.open & (problem.reason != NOT_SENSITIVE) & this).sum())
    if unsafe:
        notes.append(Note("not_safe", count=unsafe))
    if opened:
        notes.append(Note("published_before", count=opened))
    return tuple(notes)


def _table(problem: Problem, margins: Margins, sums: dict[str, Floats], known: Booleans) -> pd.DataFrame:
    shown = {name: np.where(known[problem.part(name)][: problem.own], sums[name], np.nan) for name in sums}
    table = margins.labels.assign(**shown)
    if "attribute" in shown:
        table["share"] = 100 * _ratio(shown["attribute"], shown["units"])
    if "sum" in shown:
        table["mean"] = _ratio(shown["sum"], shown["units"])
    table["hidden"] = ~problem.shown_whole(known)[: problem.own]
    return table[margins.published].reset_index(drop=True)


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.asarray(np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0), dtype=np.float64)


def _intervals(
    problem: Problem, known: Booleans, targets: Integers, required: tuple[Floats, Floats]
) -> tuple[Intervals, bool]:
    """Work out the interval of each target, and whether to its very ends.

    Where very many cells are tied together, as areas and groups over the whole country, each question is a program over
    all of them: then the interval is what is possible within the finest groups, and what is required where it is less.
    """
    cells = problem.cells
    unknown = np.flatnonzero(~known & (cells.lower < cells.upper))
    label = np.full(len(known), -1)
    label[unknown] = components(sparse.csr_array(cells.equations[:, unknown]))[0]
    tied = np.bincount(label[targets][label[targets] >= 0], minlength=1).max(initial=0)
    if tied <= _MANY:
        return feasible_intervals(cells, known, targets), True
    found = feasible_intervals(cells.split(len(cells.block) - 1), known, targets)
    low, high = found.low + cells.value[targets], found.high + cells.value[targets]
    short = np.flatnonzero((low > required[0] + TOLERANCE) | (high < required[1] - TOLERANCE))
    more = feasible_intervals(cells, known, targets[short], (required[0][short], required[1][short]))
    low[short], high[short] = np.minimum(low[short], more.low), np.maximum(high[short], more.high)
    return Intervals(low, high), False


def _audit(problem: Problem, margins: Margins, known: Booleans, *, strict: bool) -> pd.DataFrame:
    """Record every cell that is hidden or sensitive, with what an intruder can tell of it."""
    sensitive = np.zeros(len(known), bool)
    sensitive[problem.sensitive()] = True
    targets = np.flatnonzero((~known & problem.cells.hideable) | sensitive)
    low, high = problem.required(known, targets)
    primary = sensitive[targets]
    intervals, exact = _intervals(problem, known, targets, (low, high))
    group = problem.units_of(targets)
    safe = np.ones(len(targets), bool)
    safe[primary] = _are_safe(problem, known, targets[primary], strict=strict)
    frame = margins.labels.iloc[group % problem.own].reset_index(drop=True)
    return frame.assign(
        period=np.array(["this", "earlier", "increase"])[group // problem.own],
        cell=np.repeat(problem.parts, problem.groups)[targets],
        kind=np.where(primary, "primary", COMPLEMENTARY),
        rule=np.where(primary, problem.reason[targets], COMPLEMENTARY),
        value=problem.cells.value[targets],
        low=intervals.low,
        high=intervals.high,
        exact=exact,
        low_required=np.where(primary, low, np.nan),
        high_required=np.where(primary, high, np.nan),
        safe=safe,
    )
