"""What to ask of a table: the codes of every variable, and the split by area that keeps the limit of cells."""

from __future__ import annotations

import fnmatch
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from regso_cluster.areas.edition_table import edition_of_year
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.pxweb import edition_of_codes, has_figures
from regso_cluster.files.dataset import Dataset, Dimension
from regso_cluster.words.notes import Note

Areas = Literal["regso", "deso", "kommun", "lan"]
_PATTERNS: dict[str, str] = {
    "regso": r"\d{4}R\d{3}(_RegSO\d{4})?",
    "deso": r"\d{4}[ABC]\d{4}(_DeSO\d{4})?",
    "kommun": r"\d{4}",
    "lan": r"(?!00)\d{2}",
}
_SHOWN = 12


@dataclass(frozen=True)
class Question:
    """What is wanted of a table.

    Parameters
    ----------
    table : its number, as TAB6574
    year : the reference year
    contents : codes of measures, or parts of their names after `~`; empty for all
    select : codes of other variables, `*` and `?` allowed; a variable left out gives its total where it has one
    areas : regso, deso, kommun or lan
    edition : as 2025; None takes that of the year
    within : codes of kommuner or län to keep to; empty for the whole country

    Examples
    --------
    >>> Question("TAB6574", 2024, select={"Kon": ("1", "2")}, within=("0180",)).areas
    'regso'
    """

    table: str
    year: int
    contents: tuple[str, ...] = ()
    select: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    areas: Areas = "regso"
    edition: int | None = None
    within: tuple[str, ...] = ()


def select_cells(question: Question, table: Dataset, where: str) -> tuple[dict[str, list[str]], str, list[Note]]:
    """Choose the codes of every variable.

    Returns
    -------
    codes by variable, without variables left to their total; the variable of areas; notes

    Raises
    ------
    InputError  every fault of the question at once
    """
    faults: list[Fault] = []
    notes: list[Note] = []
    area = _area_dimension(table, question.areas, where)
    selection = {area.key: _areas_asked(question, area, where, faults, notes)}
    known = {one.key.lower(): one for one in table.dimensions}
    given = {key.lower(): codes for key, codes in question.select.items()}
    for key in given:
        if key not in known or known[key].key in (area.key, table.contents):
            hint = "Areas and measures have options of their own." if key in known else ""
            expected = ", ".join(one.key for one in table.dimensions if one.key not in (area.key, table.contents))
            faults.append(Fault("no variable to select by", f"{where}, --select", expected, key, hint))
    for one in table.dimensions:
        if one.key == table.contents:
            selection[one.key] = _measures(question.contents, one, where, faults)
        elif one.key == table.time:
            selection[one.key] = _periods(question.year, given.get(one.key.lower()), one, where, faults)
        elif one.key != area.key:
            chosen = _categories(given.get(one.key.lower()), one, where, faults, notes)
            selection |= {} if chosen is None else {one.key: chosen}
    if faults:
        raise InputError(faults)
    return selection, area.key, notes


def split_by_area(selection: dict[str, list[str]], area: str, max_cells: int, where: str) -> list[dict[str, list[str]]]:
    """Split a question by area into the fewest that keep the limit of cells.

    Raises
    ------
    InputError  one area alone has more cells
    """
    each = math.prod(len(codes) for key, codes in selection.items() if key != area)
    if each > max_cells:
        hint = "Select fewer codes of the other variables."
        raise InputError(
            Fault("one area alone is more than a call may ask", where, f"at most {max_cells}", str(each), hint)
        )
    size = max_cells // each
    codes = selection[area]
    return [selection | {area: codes[start : start + size]} for start in range(0, len(codes), size)]


def _area_dimension(table: Dataset, areas: Areas, where: str) -> Dimension:
    pattern = re.compile(_PATTERNS[areas])
    fitting = {one.key: sum(bool(pattern.fullmatch(code)) for code in one.codes) for one in table.dimensions}
    named = [one for one in table.dimensions if one.key.lower() == "region" and fitting[one.key]]
    best = named[0] if named else max(table.dimensions, key=lambda one: fitting[one.key])
    if not fitting[best.key]:
        hint = "Look for another table, or ask for areas that it has with --areas."
        got = f"variables {', '.join(one.key for one in table.dimensions)}"
        raise InputError(Fault(f"the table has no areas of kind {areas}", where, got=got, hint=hint))
    return best


def _areas_asked(question: Question, area: Dimension, where: str, faults: list[Fault], notes: list[Note]) -> list[str]:
    """Choose the codes of areas: of the kind, the edition of the year, and the kommuner or län asked for."""
    codes = [code for code in area.codes if re.fullmatch(_PATTERNS[question.areas], code)]
    if question.areas in ("regso", "deso"):
        edition = question.edition or edition_of_year(question.year)
        if not has_figures(edition, str(question.year)):
            right = edition_of_year(question.year)
            hint = f"Ask for edition {right}, the one of {question.year}; a crosswalk leads from one to the other."
            got = f"edition {edition}, whose cells of {question.year} are 0 or empty"
            faults.append(Fault("an edition without figures of the year", where, f"edition {right}", got, hint))
            return []
        editions = edition_of_codes(pd.Series(codes, dtype=object))
        if (editions == 0).any():
            notes.append(Note("edition_taken_of_year", edition=edition))
        codes = [code for code, one in zip(codes, editions, strict=True) if one in (edition, 0)]
        if not codes:
            got = f"edition {', '.join(map(str, sorted(set(editions))))}"
            hint = "Ask for a year of that edition, or look for a newer table."
            faults.append(Fault("the table lacks the edition of the year", where, f"edition {edition}", got, hint))
    if question.within:
        unknown = [one for one in question.within if not any(code.startswith(one) for code in codes)]
        faults += [Fault("no such area in the table", f"{where}, --within", got=one) for one in unknown if codes]
        codes = [code for code in codes if code.startswith(question.within)]
    return codes


def _measures(wanted: tuple[str, ...], contents: Dimension, where: str, faults: list[Fault]) -> list[str]:
    """Choose measures by code, or by a part of their name after `~`."""
    chosen = []
    for one in wanted:
        if not one.startswith("~"):
            chosen += _matching((one,), contents, f"{where}, --contents", faults)
            continue
        fitting = [code for code in contents.codes if one[1:].lower() in contents.labels.get(code, "").lower()]
        if len(fitting) == 1:
            chosen += fitting
        else:
            what = "two measures of that name" if fitting else "no measure of that name"
            faults.append(Fault(what, f"{where}, --contents", got=one[1:], hint=f"The table has {_listed(contents)}"))
    return list(dict.fromkeys(chosen)) if wanted else list(contents.codes)


def _categories(
    wanted: tuple[str, ...] | None, one: Dimension, where: str, faults: list[Fault], notes: list[Note]
) -> list[str] | None:
    """Choose the codes of another variable; None leaves it to its total."""
    if wanted is not None:
        return _matching(wanted, one, where, faults)
    if len(one.codes) == 1:
        return list(one.codes)
    if one.eliminable:
        notes.append(Note("own_total", variable=one.key, label=one.label))
    else:
        hint = f"Choose with --select {one.key}=CODE, or {one.key}=* for all: {_listed(one)}"
        faults.append(Fault("a variable without total needs a choice", f"{where}, {one.key}", hint=hint))
    return None


def _periods(year: int, codes: tuple[str, ...] | None, time: Dimension, where: str, faults: list[Fault]) -> list[str]:
    if codes is not None:
        found = _matching(codes, time, where, faults)
        other = [code for code in found if not code.startswith(str(year))]
        faults += [Fault("a period of another year", f"{where}, {time.key}", str(year), code) for code in other]
        return found
    if str(year) in time.codes:
        return [str(year)]
    span = f"{time.codes[0]} to {time.codes[-1]}" if time.codes else "none"
    parts = [code for code in time.codes if code.startswith(str(year))]
    hint = f"Choose one with --select {time.key}={parts[-1]}." if parts else "Ask for a year that it has."
    faults.append(Fault("the table has no such year", f"{where}, {time.key}", span, str(year), hint))
    return []


def _matching(wanted: tuple[str, ...], one: Dimension, where: str, faults: list[Fault]) -> list[str]:
    """Choose codes of a variable, in its own order; a wish that fits nothing is a fault."""
    chosen: set[str] = set()
    for wish in wanted:
        fitting = {wish} if wish in one.codes else set(fnmatch.filter(one.codes, wish.replace("[", "[[]")))
        if not fitting:
            hint = f"The variable has {_listed(one)}"
            faults.append(Fault("no such code", f"{where}, {one.key}", got=wish, hint=hint))
        chosen |= fitting
    return [code for code in one.codes if code in chosen]


def _listed(one: Dimension) -> str:
    shown = [f"{code} ({one.labels.get(code, '')})" for code in one.codes[:_SHOWN]]
    return ", ".join(shown) + (f" and {len(one.codes) - _SHOWN} more." if len(one.codes) > _SHOWN else ".")
