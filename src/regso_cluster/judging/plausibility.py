"""What a reader should look at before a table is classified: cells far out, cells that move a limit, jumps, refusals.

Between the columns of a table (`factors.plausible`) and the groups that a method makes of it: whether a group changes
with a cell, and by how much one cell alone moves a limit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.accepted import Accepted, Cell
from regso_cluster.factors.alarms import Alarm
from regso_cluster.factors.expected import FEW, Array
from regso_cluster.factors.plausible import SUSPECT, Scores, cells_at, find_impossible, name_cells, score_table
from regso_cluster.factors.summary import say_residents
from regso_cluster.factors.tables import FactorTable
from regso_cluster.judging.case import Case, as_counted
from regso_cluster.judging.judge import measure
from regso_cluster.judging.problems import flag_problems, group_by_problems, limit_of, measure_limits
from regso_cluster.judging.whole_table import say_jumps, say_kommuner, say_without_previous
from regso_cluster.method import UNIT_FACTOR, Factor, Method
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note, number

MOVES = 0.25  # SD: a cell that alone moves a limit or cut point further is named; of n areas < 80, 20 / n
SHOWN = 10  # cells that a release names in its notes
TRIED = 6  # cells without which cut points are measured again


def cells_that_matter(
    scores: Scores, used: pd.DataFrame, table: FactorTable, method: Method, limits: dict[str, float]
) -> npt.NDArray[np.bool_]:
    """Find the suspicious cells with which a composite group (or else a problem) of their area changes.

    Parameters
    ----------
    scores : of the table
    used : (n_areas, n_factors) values as they are classified
    table : status of areas
    method, limits : with problems, and the limits that hold when slips are corrected; without, nothing matters

    Returns
    -------
    (n_columns, n_areas)
    """
    matters = np.zeros(scores.score.shape, bool)
    if not method.problems:
        return matters
    places, rows, values = [], [], []
    for column, at in cells_at(scores, SUSPECT):
        for original in scores.original(column, at):
            places.append((column, at))
            rows.append(at)
            values.append(_with_original(scores, column, at, original, table, method))
    if not rows:
        return matters
    as_is = used.iloc[rows].reset_index(drop=True)
    numbers = as_is.to_numpy(np.float64, copy=True)
    for row, new in enumerate(values):
        for key, value in new.items():
            at = method.keys.index(key)
            if np.isfinite(value) and not np.isnan(numbers[row, at]):
                numbers[row, at] = value
    changed = pd.DataFrame(numbers, columns=used.columns)
    status = table.status.iloc[rows].reset_index(drop=True)
    before, after = (_groups(frame, status, method, limits) for frame in (as_is, changed))
    for (column, at), differs in zip(places, (before != after).any(axis=1), strict=True):
        matters[column, at] |= bool(differs)
    return matters


def _without_slips(used: pd.DataFrame, scores: Scores, method: Method) -> pd.DataFrame:
    """Leave out the rates of the cells that are surely slips: they would move the limits."""
    less = used.copy()
    for name, wrong in zip(scores.names, scores.wrong, strict=True):
        for factor in method.factors:
            if name in factor.columns and wrong.any():
                less.loc[wrong, factor.key] = np.nan
    return less if less.notna().any().all() else used


def _with_original(
    scores: Scores, column: int, at: int, original: float, table: FactorTable, method: Method
) -> dict[str, float]:
    """Give the rates of the factors that a cell belongs to, with what may have stood there."""
    own, name = scores.columns[column], scores.names[column]
    found: dict[str, float] = {}
    for factor in method.factors:
        scale = UNIT_FACTOR.get(factor.unit, 1.0)
        events, persons = table.numerator[factor.key].iloc[at], table.denominator[factor.key].iloc[at]
        if own.role == "value" and factor.value == name:
            found[factor.key] = original
        elif own.role == "numerator" and factor.numerator == name and persons > 0:
            found[factor.key] = scale * original / persons
        elif own.role == "persons" and factor.denominator == name and factor.numerator and original > 0:
            found[factor.key] = scale * events / original
    return found


def _groups(used: pd.DataFrame, status: pd.DataFrame, method: Method, limits: dict[str, float]) -> npt.NDArray[np.int_]:
    flags = flag_problems(used, method, limits)
    if method.composite is None:
        return flags.fillna(False).to_numpy(np.int_)
    group = group_by_problems(flags, status, method.composite)[c.COMPOSITE_GROUP]
    return group.fillna(0).to_numpy(np.int_)[:, None]


@dataclass(frozen=True)
class Pull:
    """A cell that alone moves a limit or a cut point.

    Parameters
    ----------
    code : of the area; factor : its key
    got : the value of the factor there
    cell : that the value comes from: the value itself, or the numerator
    what : "limit", "cut point", "cut point of the index"
    now, without : where it lies with and without the cell, in the unit of the factor
    """

    code: str
    factor: str
    got: float
    cell: Cell
    what: str
    now: float
    without: float

    @property
    def text(self) -> Note:
        """Say it in a sentence."""
        values = {"code": self.code, "factor": self.factor, "got": self.got, "without": self.without, "now": self.now}
        if self.what == "limit":
            return Note("limit_pulled", **values)
        return Note("cut_pulled", **values) if self.what == "cut point" else Note("index_cut_pulled", **values)


@dataclass(frozen=True)
class Examination:
    """What was found in a table.

    Parameters
    ----------
    alarms : cells far from what was expected, the highest score first
    pulls : cells that alone move a limit or cut point by more than `MOVES` SD
    said : of the table as a whole: residents, totals that jump, entries of the list that accept nothing
    accepted : the list of figures that were looked at; None without
    """

    alarms: tuple[Alarm, ...] = ()
    pulls: tuple[Pull, ...] = ()
    said: tuple[Note, ...] = ()
    accepted: Accepted | None = None

    @property
    def notes(self) -> list[Note]:
        """Give what a release says: what is serious, at most `SHOWN` cells, and what is said of the whole."""
        serious = [alarm.text for alarm in self.alarms if alarm.level == "serious"]
        cells = [*(pull.text for pull in self.pulls), *serious]
        more = len(cells) - SHOWN
        rest = [Note("more_cells_far_out", count=more)] if more > 0 else []
        return [*cells[:SHOWN], *rest, *self.said]

    @property
    def figures(self) -> dict[str, Any]:
        """Give what the manifest keeps; empty where nothing was found."""
        found: dict[str, Any] = {}
        if self.alarms or self.pulls:
            found["far_out"] = {"named": len(self.alarms), "move_a_limit": [pull.code for pull in self.pulls]}
        if self.accepted:
            found["accepted"] = self.accepted.as_dict()
        return found


def examine(
    table: FactorTable, method: Method, *, year: int | None = None, previous: pd.DataFrame | None = None,
    accepted: Accepted | None = None,
) -> Examination:  # fmt: skip
    """Look for figures that are well-formed and cannot be right.

    Parameters
    ----------
    table, method : read with each other
    year : of the table, for the residents of Sweden
    previous : the areas of an earlier release, for cells and means that jump
    accepted : figures that were looked at and found right: not named, not refused

    Raises
    ------
    InputError  numbers that no area can have, each with how to accept it
    """
    refuse_impossible(table, method, accepted)
    case = as_counted(table, method)
    used, weights = case.used, case.weights
    limits = _limits(used, method, weights)
    scores = score_table(table, method, previous)
    pulls = find_pulls(table, used, method, weights, limits)
    alarms: list[Alarm] = []
    if scores is not None:
        corrected = _limits(_without_slips(used, scores, method), method, weights)
        matters = cells_that_matter(scores, used, table, method, corrected)
        alarms = name_cells(scores, table.areas.index, matters, accepted, len({pull.code for pull in pulls}))
    pulls += pull_cuts(alarms, case)
    pulls = [pull for pull in pulls if not (accepted and accepted.holds(*pull.cell))]
    said = [*say_without_previous(used, table, method), *say_jumps(used, table, method, previous)]
    said += [*_say_unused(table, accepted)]
    if scores is not None:
        said += say_kommuner(scores, table)
    if text := say_residents(table, method, year):
        said.insert(0, text)
    return Examination(tuple(alarms), tuple(pulls), tuple(said), accepted)


def refuse_impossible(table: FactorTable, method: Method, accepted: Accepted | None) -> None:
    """Refuse numbers that no area can have, all at once.

    Raises
    ------
    InputError  each cell, with how to accept it
    """
    hint = "Correct the cell; if it is right, list it in a file for --accept (regso, column, value, who, why)."
    faults = [
        Fault("a number that no area can have", f"{table.source}, column {alarm.column}, {alarm.code}",
              f"at most {number(alarm.high)}, {alarm.why}", f"{alarm.got:.15g}", hint)
        for alarm in find_impossible(table, method)
        if not (accepted and accepted.holds(alarm.code, alarm.column, alarm.got))
    ]  # fmt: skip
    if faults:
        raise InputError(faults)


def _limits(used: pd.DataFrame, method: Method, weights: Array | None) -> dict[str, float]:
    if not method.problems:
        return {}
    return method.measured.limits if method.measured else measure_limits(used, method, weights)


def find_pulls(
    table: FactorTable, used: pd.DataFrame, method: Method, weights: Array | None, limits: dict[str, float]
) -> list[Pull]:
    """Find the cells without which a limit of mean and SD lies more than `MOVES` SD elsewhere.

    The mean and SD without one cell follow from sums: nothing is measured again.
    """
    problems = method.problems
    if problems is None or method.measured is not None:
        return []
    pulls = []
    for factor in method.factors:
        kind, size = next(iter(limit_of(factor, problems).given.items()))
        x = used[factor.key].to_numpy(np.float64)
        weight = np.where(
            np.isnan(x), 0.0, weights if weights is not None and problems.weighting == "residents" else 1.0
        )
        if kind != "sd" or (weight > 0).sum() < FEW:
            continue
        filled = np.where(weight > 0, x, 0.0)
        total = weight.sum()
        mean = (weight * filled).sum() / total
        off = np.where(weight > 0, filled - mean, 0.0)
        squares = (weight * off**2).sum()
        rest = total - weight
        mean_without = mean - weight * off / rest
        squares_without = np.maximum(squares - weight * off**2 * total / rest, 0.0)
        sd_without = np.sqrt(squares_without / (rest - problems.ddof))
        without = mean_without + factor.sign * size * sd_without
        moved = np.abs(limits[factor.key] - without) / np.where(sd_without > 0, sd_without, np.inf)
        least = max(MOVES, 20 / int((weight > 0).sum()))
        pulls += [
            Pull(
                str(used.index[int(at)]),
                factor.key,
                float(x[at]),
                _cell(table, factor, str(used.index[int(at)])),
                "limit",
                limits[factor.key],
                float(without[at]),
            )
            for at in np.flatnonzero(moved > least)
        ]
    return pulls


def pull_cuts(alarms: list[Alarm], case: Case) -> list[Pull]:
    """Measure cut points again without each of the worst cells, where a method has bands or tiers."""
    method, table, used = case.method, case.table, case.used
    if method.measured is not None or not (method.bands or method.tiers):
        return []
    quick = replace(case, method=replace(method, clusters=None, problems=None, composite=None))
    pulls: list[Pull] = []
    worst = [alarm for alarm in alarms if alarm.factor and alarm.level == "serious"][:TRIED]
    if not worst:
        return []
    now = measure(quick)
    for alarm in worst:
        less = used.copy()
        less.loc[alarm.code, alarm.factor] = np.nan
        try:
            without = measure(replace(quick, used=less))
        except InputError:
            continue
        got, spread = float(used[alarm.factor].to_dict()[alarm.code]), float(less[alarm.factor].std())
        tiers = (now.tiers.get(alarm.factor, ()), without.tiers.get(alarm.factor, ()))
        pairs = [("cut point", one, two, spread) for one, two in zip(*tiers, strict=True)]
        width = float(np.ptp(without.bands)) / max(len(without.bands) - 1, 1) if len(without.bands) > 1 else 1.0
        bands = zip(now.bands, without.bands, strict=True)
        pairs += [("cut point of the index", one, two, width) for one, two in bands]
        moved = [(abs(one - two) / unit, what, one, two) for what, one, two, unit in pairs if unit > 0]
        if moved and max(moved)[0] > MOVES:
            _, what, one, two = max(moved)
            factor = next(factor for factor in method.factors if factor.key == alarm.factor)
            pulls.append(Pull(alarm.code, alarm.factor, got, _cell(table, factor, alarm.code), what, one, two))
    return pulls


def _cell(table: FactorTable, factor: Factor, code: str) -> Cell:
    """Give the cell that the value of a factor comes from."""
    role = "value" if factor.value else "numerator"
    return Cell(str(code), str(getattr(factor, role)), float(getattr(table, role)[factor.key].to_dict()[code]))


def _say_unused(table: FactorTable, accepted: Accepted | None) -> list[Note]:
    """Say how many figures were accepted, and which entries are of no area of the table."""
    if accepted is None:
        return []
    foreign = sum(entry.regso not in table.areas.index for entry in accepted.entries)
    said = [Note("figures_accepted", count=len(accepted.entries), file=accepted.name)]
    return said + ([Note("accepted_elsewhere", count=foreign, file=accepted.name)] if foreign else [])
