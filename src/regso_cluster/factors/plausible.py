"""Which cells of a table are far from what the other figures say: every column scored, the worst named.

Every column of counts and values, the denominators and the residents are put on symmetric scales (`expected`),
predicted from the rest of their row, and scored by how much better a slip explains them (`slips`). Numbers that no
area can have are refused by rules of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.factors.accepted import Accepted
from regso_cluster.factors.alarms import Alarm, say_kind
from regso_cluster.factors.expected import (
    CLAMP,
    FEW,
    Array,
    Measure,
    expect,
    measure_rate,
    measure_value,
    standardise,
    with_last_year,
)
from regso_cluster.factors.slips import KINDS, ScoredColumn, score, score_copied_rows, score_swaps
from regso_cluster.factors.tables import FactorTable
from regso_cluster.method import UNIT_FACTOR, UNIT_RANGE, Factor, Method
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note

SUSPECT = 3.0  # cells below this score are never named
MATTERS = 2.0  # added to the score of a cell with which a group changes
ALWAYS = 9.0  # a cell with this score is named whatever else is
BUDGET = 0.003  # of the areas: the suspect cells with the highest scores are named until so many areas are
PERSONS = 20  # a count of more than so many times the residents is refused
BEYOND = 100  # and so is a number so many times larger than the 99th percentile of its column
LARGE = 1000.0  # from here on
MANY = 2.0  # times as many areas as a clean table may name: the table surely has slips
CLEARLY = 1.0  # added to the log of the odds
ROUNDS = 20  # of lowering ALWAYS
PASSES = 3  # of learning from a table, each without the cells that the one before found wrong
SERIOUS = 8.0  # a cell with this score is serious, and so is every one with which a group changes
MOST_PREDICTORS = 12  # of each column, by the size of their correlation with it
SWAPS_WITHIN = 12  # columns further apart in the method are not compared for swaps


def bar(worst: Array, budget: float) -> float:
    """Give the score from which areas are named whatever else is: lower in a table that is full of slips.

    Where more areas reach it than a clean table may name, slips are that much more common than was assumed: the log
    of their ratio comes off, until no more areas are reached.
    """
    always = ALWAYS
    for _ in range(ROUNDS):
        found = int((worst >= always).sum())
        lower = max(ALWAYS - float(np.log(max(found / max(budget, 1.0), 1.0))), SUSPECT)
        if lower >= always:
            break
        always = lower
    return always


def likely_bar(worst: Array, observed: int) -> float:
    """Give the score from which areas are named: in a table that surely has many slips, all that likely are slips.

    Slips are then as common as the cells that surely are ones, and a score is the log of a likelihood ratio: above the
    log of the odds of a right cell a slip is the likelier; `CLEARLY` is added, so that most of the named are slips.
    """
    always = bar(worst, BUDGET * observed)
    found = int((worst >= always).sum())
    if found <= MANY * BUDGET * observed:
        return always
    return min(always, max(SUSPECT, float(np.log(observed / found - 1)) + CLEARLY))


@dataclass(frozen=True)
class Scores:
    """All columns of a table with the scores of their cells.

    Parameters
    ----------
    names : the columns; factors : the factor that each belongs to, "" for the residents
    columns : the cells and what was expected
    score : (n_columns, n_areas); why : (n_columns, n_areas) a number in `KINDS`, beyond it a swap with a column
    copied : (n_areas,) the score of a whole row that is its neighbour's
    """

    names: tuple[str, ...]
    factors: tuple[str, ...]
    columns: tuple[ScoredColumn, ...]
    score: Array
    why: npt.NDArray[np.int_]
    copied: Array

    @property
    def wrong(self) -> npt.NDArray[np.bool_]:
        """The cells that are surely slips; (n_columns, n_areas)."""
        observed = int(np.isfinite(self.score).any(axis=0).sum())
        return np.asarray(self.score >= bar(self.score.max(axis=0), BUDGET * observed))

    def original(self, column: int, at: int) -> list[float]:
        """Give what a cell may have been without its slip: the expected number, and what its kind of slip says."""
        own = self.columns[column]
        low, high = own.range(at)
        centre = float(own.unscaled(own.expected.middle)[at])
        powers = {0: 0.1, 1: 10.0, 2: 0.01, 3: 100.0, 4: 10.0}
        kind = int(self.why[column, at])
        found = [centre, float(own.x[at]) * powers[kind]] if kind in powers else [centre]
        if kind >= len(KINDS):
            found.append(float(self.columns[kind - len(KINDS)].x[at]))
        return [*found, low, high]


def score_table(table: FactorTable, method: Method, previous: pd.DataFrame | None = None) -> Scores | None:
    """Score every cell of a table; None where there are too few areas to predict anything.

    Parameters
    ----------
    table, method : read with each other
    previous : the areas of an earlier release: its values and residents help to predict those of this year
    """
    cells = _cells(table, method)
    found = _score(cells, table, previous)
    for _ in range(PASSES - 1):
        if found is None or not found.wrong.any():
            break
        wrong, before = dict(zip(found.names, found.wrong, strict=True)), found
        found = _score([_without(cell, wrong.get(cell.name)) for cell in cells], table, previous)
        if found is not None and found.names == before.names and (found.wrong == before.wrong).all():
            break
    return found


def _without(cell: _Cells, wrong: npt.NDArray[np.bool_] | None) -> _Cells:
    """Leave out of what is learnt from a column the cells that are surely slips; they are still scored."""
    if wrong is None:
        return cell
    return replace(cell, measure=replace(cell.measure, y=np.where(wrong, np.nan, cell.measure.y)))


def _score(cells: list[_Cells], table: FactorTable, previous: pd.DataFrame | None) -> Scores | None:
    scaled = _scale([one.measure.y for one in cells])
    counted = _scale([_counted(one.measure) for one in cells])
    kommun = np.array([str(code)[:4] for code in table.areas.index]) if table.edition else None
    rows = np.flatnonzero(table.value.notna().any(axis=1).to_numpy())
    kept, scores, kinds, cleans = [], [], [], []
    for at, cell in enumerate(cells):
        predictors = _predictors(counted if cell.role == "persons" else scaled, at, cells, kommun)
        last = None if previous is None else _last_year(cell, previous, table.areas.index)
        if last is not None:
            known = np.log(last + 0.5) if cell.measure.events is not None else last
            predictors = np.column_stack([predictors, np.clip(standardise(known), -CLAMP, CLAMP)])
        found = expect(cell.measure, predictors, cell.scale)
        if not np.isfinite(found.centre).any():
            continue
        if last is not None:
            found = with_last_year(found, cell.measure, last)
        column = ScoredColumn(cell.x, cell.role, cell.measure, found, cell.other, cell.scale)
        equal = _like_neighbour(cell.x, rows) if cell.level == "area" else np.zeros(len(cell.x), bool)
        own, kind, clean = score(column, equal)
        kept.append((cell, column))
        scores.append(own)
        kinds.append(kind)
        cleans.append(clean)
    if not kept:
        return None
    columns = [column for _, column in kept]
    swapped, partner = score_swaps(columns, cleans, SWAPS_WITHIN)
    of_cells, of_kinds = np.array(scores), np.array(kinds)
    of_kinds = np.where(swapped > of_cells, len(KINDS) + partner, of_kinds)
    copied = score_copied_rows(columns, cleans, rows) if len(rows) > 1 else np.full(len(table.areas), -np.inf)
    return Scores(
        tuple(cell.name for cell, _ in kept), tuple(cell.key for cell, _ in kept), tuple(columns),
        np.maximum(of_cells, swapped), of_kinds, copied,
    )  # fmt: skip


@dataclass(frozen=True)
class _Cells:
    """One column before it is predicted."""

    name: str
    key: str
    role: str
    x: Array
    measure: Measure
    other: Array | None = None
    scale: float = 1.0
    level: str = "area"


def _cells(table: FactorTable, method: Method) -> list[_Cells]:
    """Gather the columns: rates first, then denominators that differ from the residents, then the residents."""
    residents = table.areas[c.POPULATION].to_numpy(np.float64)
    known = bool(np.isfinite(residents).any())
    cells = [_of_factor(table, factor) for factor in method.factors]
    done = [residents] if known else []
    for factor in method.factors:
        persons = table.denominator[factor.key].to_numpy(np.float64)
        if not factor.denominator or not np.isfinite(persons).any():
            continue
        if not any(np.array_equal(persons, other, equal_nan=True) for other in done):
            done.append(persons)
            other = residents if known else None
            cells.append(_of_persons(factor.denominator, factor.key, persons, other))
    if known:
        cells.append(_of_persons(str(method.table.population), "", residents, None))
    return cells


def _of_factor(table: FactorTable, factor: Factor) -> _Cells:
    if factor.value:
        value = table.value[factor.key].to_numpy(np.float64)
        measure = measure_value(value, UNIT_RANGE[factor.unit][1])
        return _Cells(factor.value, factor.key, "value", value, measure, level=factor.level)
    events, persons = (part[factor.key].to_numpy(np.float64) for part in (table.numerator, table.denominator))
    scale = UNIT_FACTOR[factor.unit]
    measure = measure_rate(events, persons, scale, bounded=factor.unit != "per 1000")
    return _Cells(str(factor.numerator), factor.key, "numerator", events, measure, persons, scale, factor.level)


def _of_persons(name: str, key: str, persons: Array, other: Array | None) -> _Cells:
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.log(persons / other if other is not None else persons)
    return _Cells(name, key, "persons", persons, Measure(np.where(np.isfinite(y), y, np.nan), "log"), other)


def _scale(columns: list[Array]) -> Array:
    return np.column_stack([np.clip(standardise(y), -CLAMP, CLAMP) for y in columns])


def _counted(measure: Measure) -> Array:
    """Give what predicts persons: of rare events the count, since the rate of none is a function of the persons."""
    if measure.events is None:
        return measure.y
    return np.where(np.isfinite(measure.y), np.log(measure.events + 0.5), np.nan)


def _predictors(scaled: Array, at: int, cells: list[_Cells], kommun: npt.NDArray[np.str_] | None) -> Array:
    """Gather what predicts a column: the others most correlated with it, their squares, and its mean in the kommun."""
    own = scaled[:, at]
    others = [number for number in range(scaled.shape[1]) if number != at]
    if len(others) > MOST_PREDICTORS:
        like = np.abs(own @ scaled[:, others])
        others = sorted(np.array(others)[np.argsort(-like, kind="stable")[:MOST_PREDICTORS]].tolist())
    squares = [number for number in others if cells[number].role != "persons"]
    parts = [scaled[:, others], scaled[:, squares] ** 2 - 1]
    if kommun is not None:
        values = pd.Series(np.where(np.isfinite(cells[at].measure.y), own, np.nan))
        grouped = values.groupby(kommun)
        rest = grouped.transform("sum") - values.fillna(0)
        parts.append((rest / (grouped.transform("count") - values.notna() + 1)).fillna(0).to_numpy()[:, None])
    return np.column_stack(parts)


def _last_year(cell: _Cells, previous: pd.DataFrame, codes: pd.Index) -> Array:
    """Give last year's figure of each area on the scale of the column, of rare events the count; NaN where unknown."""

    def column(name: str) -> Array:
        if name not in previous:
            return np.full(len(codes), np.nan)
        numbers = pd.to_numeric(previous[name].reindex(codes), errors="coerce").astype("Float64")
        return np.asarray(numbers.to_numpy(np.float64, na_value=np.nan), np.float64)

    measure = cell.measure
    with np.errstate(divide="ignore", invalid="ignore"):
        if cell.role == "persons":
            residents = column(c.POPULATION)
            before = np.log(column(f"{cell.key}_denominator") / residents if cell.key else residents)
        else:
            before = column(c.value_of(cell.key))
            if cell.role == "numerator" and cell.other is not None:
                before, persons = before * cell.other / cell.scale, cell.other
                if measure.events is not None:
                    return np.asarray(before, np.float64)
                high = persons - before + 0.5 if measure.kind == "logit" else persons / cell.scale
                before = np.log((before + 0.5) / high)
            elif measure.kind == "log":
                before = np.log(before + measure.offset)
            elif measure.kind == "logit":
                before = np.log((before + measure.offset) / (measure.top - before + measure.offset))
    return np.asarray(np.where(np.isfinite(before), before, np.nan), np.float64)


def _like_neighbour(x: Array, rows: npt.NDArray[np.int_]) -> npt.NDArray[np.bool_]:
    equal = np.zeros(len(x), bool)
    same = x[rows][1:] == x[rows][:-1]
    equal[rows[1:]] |= same
    equal[rows[:-1]] |= same
    return equal


def name_cells(
    scores: Scores,
    codes: pd.Index,
    matters: npt.NDArray[np.bool_],
    accepted: Accepted | None = None,
    taken: int = 0,
) -> list[Alarm]:
    """Name the cells that are far out, the worst of each area, the highest score first.

    Parameters
    ----------
    scores : of the table
    codes : of the areas
    matters : (n_columns, n_areas) whether a group changes with the cell, see `Scores.original`
    accepted : figures that are not named; they still count to `BUDGET`, so that none takes their place
    taken : areas named for another reason, which count to `BUDGET` too
    """
    ranked = np.where(scores.score > SUSPECT, scores.score + MATTERS * matters, -np.inf)
    # nothing is known of a row that is another's: it always matters
    copied = np.where(scores.copied > SUSPECT, scores.copied + MATTERS, -np.inf)
    worst = np.maximum(ranked.max(axis=0), copied)
    order = np.argsort(-worst, kind="stable")
    observed = int(np.isfinite(scores.score).any(axis=0).sum())
    always = likely_bar(worst, observed)
    budget = (np.arange(len(order)) < int(BUDGET * observed) - taken) & (worst[order] > SUSPECT)
    alarms = []
    for at in order[(worst[order] >= always) | budget]:
        code, least = str(codes[at]), SUSPECT
        own = np.argsort(-ranked[:, at], kind="stable")
        if copied[at] > ranked[own[0], at]:
            alarms.append(_copied(scores, int(at), code))
            continue
        for column in own[ranked[own, at] > -np.inf]:
            if accepted and accepted.holds(code, scores.names[column], float(scores.columns[column].x[at])):
                least = always  # the next cell of this area is named where it would be on its own
            elif ranked[column, at] >= least:
                alarms.append(_alarm(scores, int(column), int(at), code, bool(matters[column, at])))
                break
    return [one for one in alarms if not (accepted and accepted.holds(one.code, one.column, one.got))]


def _alarm(scores: Scores, column: int, at: int, code: str, matters: bool) -> Alarm:
    kind = int(scores.why[column, at])
    swapped = kind >= len(KINDS)
    value = float(scores.score[column, at])
    level = "serious" if matters or value > SERIOUS else "note"
    own = scores.columns[column]
    low, high = own.range(at)
    if swapped:
        why = Note("maybe_swapped", column=scores.names[kind - len(KINDS)])
    else:
        why = say_kind(KINDS[kind], within=bool(low <= own.x[at] <= high))
    return Alarm(code, scores.names[column], scores.factors[column], float(own.x[at]), low, high, why, level, value)


def _copied(scores: Scores, at: int, code: str) -> Alarm:
    """Name a row that is its neighbour's by its rarest number."""
    own = scores.columns[0]
    low, high = own.range(at)
    why = Note("row_of_next_area")
    got = float(own.x[at])
    return Alarm(code, scores.names[0], scores.factors[0], got, low, high, why, "serious", float(scores.copied[at]))


def cells_at(scores: Scores, least: float) -> Iterable[tuple[int, int]]:
    """Give column and area of the cells with a score of at least this."""
    return ((int(column), int(at)) for column, at in np.argwhere(scores.score > least))


def find_impossible(table: FactorTable, method: Method) -> list[Alarm]:
    """Find numbers that no area can have: they are refused.

    A count or denominator above `PERSONS` times the residents of its RegSO; a number of `BEYOND` times the 99th
    percentile of its column and `LARGE` at least.
    """
    residents = table.areas[c.POPULATION].to_numpy(np.float64)
    alarms = []
    for cell in _cells(table, method):
        with np.errstate(invalid="ignore"):
            most = np.full(len(cell.x), np.inf)
            if cell.role != "value" and cell.key and table.edition and np.isfinite(residents).any():
                most = np.where(residents > 0, PERSONS * residents, np.inf)
            seen = cell.x[np.isfinite(cell.x)]
            if len(seen) >= FEW and np.quantile(seen, 0.99) > 0:
                most = np.minimum(most, max(BEYOND * float(np.quantile(seen, 0.99)), LARGE))
            for at in np.flatnonzero(cell.x > most):
                above = np.isfinite(residents[at]) and most[at] == PERSONS * residents[at]
                why = Note("times_the_residents", times=PERSONS) if above else Note("times_the_largest", times=BEYOND)
                code, got = str(table.areas.index[int(at)]), float(cell.x[at])
                alarms.append(Alarm(code, cell.name, cell.key, got, 0.0, float(most[at]), why, "refused", np.inf))
    return alarms
