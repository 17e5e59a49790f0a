"""The sheet that PxWeb saves for Excel: a title, merged headings, a stub whose repeated cells are left blank.

    Andel efter region, kön och år
                          2023    2024
    0114R001    män       10.5    11
                kvinnor   20      21

Below it stand notes. The rows keep their places, so that a message names the row of the file.
"""

from __future__ import annotations

import re
from typing import Any

from regso_cluster.files.dataset import PERIOD
from regso_cluster.files.numbers import as_text
from regso_cluster.files.pxweb_layout import WITH_TEXT, is_contents

_BY = re.compile(r"(.+?),? (?:efter|by) (.+)", re.IGNORECASE | re.DOTALL)
_MOST_HEADINGS = 12


def unfold_sheet(rows: list[list[Any]]) -> list[list[Any]]:
    """Give a sheet of PxWeb one row of headings and a full stub; any other sheet as it is.

    Parameters
    ----------
    rows : all rows of a sheet, of one width

    Returns
    -------
    as many rows; those above the headings are empty
    """
    found = _find_headings(rows)
    if found is None:
        return rows
    begin, end, stub = found
    title = next((as_text(row[0]) for row in rows[:begin] if as_text(row[0])), "")
    header = _name_columns(rows[begin:end], stub, title, rows[end:])
    blank = [""] * len(rows[0])
    return [*([blank] * (end - 1)), header, *_fill_stub(rows[end:], stub)]


def _find_headings(rows: list[list[Any]]) -> tuple[int, int, int] | None:
    """Find the rows of headings and how many columns the stub has; None where the sheet is no sheet of PxWeb.

    The first row with more than its first cell filled has a blank first cell; below the headings the stub has codes of
    areas.
    """
    begin = next((at for at, row in enumerate(rows) if any(as_text(cell) for cell in row[1:])), None)
    if begin is None or as_text(rows[begin][0]):
        return None
    end = begin
    while end < len(rows) and not as_text(rows[end][0]) and any(as_text(cell) for cell in rows[end]):
        end += 1
        if end - begin > _MOST_HEADINGS:
            return None
    headings = rows[begin:end]
    stub = min(next(at for at, cell in enumerate(row) if as_text(cell)) for row in headings)
    below = [[as_text(cell) for cell in row[:stub]] for row in rows[end:]]
    for column in range(stub):
        cells = [row[column] for row in below if row[column]]
        if cells and sum(bool(re.fullmatch(WITH_TEXT, cell, re.IGNORECASE)) for cell in cells) > len(cells) / 2:
            return begin, end, stub
    return None


def _name_columns(headings: list[list[Any]], stub: int, title: str, below: list[list[Any]]) -> list[Any]:
    """Name the columns of the stub by what they hold, the others by all their headings; a blank one is that before."""
    parts: list[list[str]] = []
    for row in headings:
        filled, last = [], ""
        for cell in row[stub:]:
            last = as_text(cell) or last
            filled.append(last)
        parts.append(filled)
    ending = [bool(re.fullmatch(PERIOD, as_text(cell))) for cell in headings[-1][stub:] if as_text(cell)]
    by = _BY.fullmatch(title)
    variables = [one.strip() for one in re.split(r",| och | and ", by[2])] if by else []
    measure = "" if not by or any(is_contents(one) for one in variables) else by[1].strip()
    if measure and all(ending) and len(parts) > 1 and measure in parts[0]:
        measure = ""
    used = {number for number in range(len(parts[0])) if any(as_text(row[stub + number]) for row in below)}
    names = [
        " ".join([*([measure] if measure else []), *(row[number] for row in parts)]) if number in used else ""
        for number in range(len(parts[0]))
    ]
    return [*_name_stub(below, stub, variables), *names]


def _name_stub(below: list[list[Any]], stub: int, variables: list[str]) -> list[str]:
    names: list[str] = []
    for column in range(stub):
        cells = [text for row in below if (text := as_text(row[column]))]
        rows = [text for row in below if (text := as_text(row[column])) and any(as_text(cell) for cell in row[stub:])]
        if cells and sum(bool(re.fullmatch(WITH_TEXT, cell, re.IGNORECASE)) for cell in cells) > len(cells) / 2:
            name = "region"
        elif rows and all(re.fullmatch(PERIOD, cell) for cell in rows):
            name = "år"
        else:
            named = variables[column] if column < len(variables) else ""
            name = named or f"variable {column + 1}"
        names.append(name if name not in names else f"{name} {column + 1}")
    return names


def _fill_stub(rows: list[list[Any]], stub: int) -> list[list[Any]]:
    """Repeat what stands above in blank cells of the stub, in rows that have figures."""
    above: list[Any] = [""] * stub
    filled = []
    for row in rows:
        first = next((at for at in range(stub) if as_text(row[at])), stub)
        has_figures = any(as_text(cell) for cell in row[stub:])
        if first < stub:
            above = [*above[:first], *row[first:stub]]
        if not has_figures:  # the heading of the rows below, a blank row or a note
            filled.append(row if stub == 1 or not _heads(row, stub) else [""] * len(row))
            continue
        filled.append([*above, *row[stub:]])
    return filled


def _heads(row: list[Any], stub: int) -> bool:
    """Tell whether a row without figures is the area that the rows below are of."""
    return bool(re.fullmatch(WITH_TEXT, as_text(row[0]), re.IGNORECASE)) and not any(
        as_text(cell) for cell in row[1:stub]
    )
