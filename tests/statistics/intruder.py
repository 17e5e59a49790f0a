"""An intruder who has the published tables and nothing else: shares no code with what protects them.

He knows every sum, that counts are whole and not negative, that a hidden number of units is at least 1 (a group without
anyone is shown as 0), and, for small tables, the rule itself. His linear program is written here anew, from the labels
and figures of the published table: shares with and without the attribute as inequalities, a program for all tables at
once, one copy of a table for each question.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import linprog

LOT = 400  # questions in one program


@dataclass
class Sheet:
    """One published table as the intruder has it: names of cells, their figures, and sums (whole, parts)."""

    cells: dict  # name -> figure, NaN where hidden
    sums: list  # (name of the whole, names of its parts)
    at_most: list  # (name, name): the first is not above the second
    at_least: dict  # name -> lower bound besides 0


def read_sheet(table: pd.DataFrame, keys: list[str], figures: tuple[str, ...], year: str = "") -> Sheet:
    """Copy a published table with one path of keys; the sums are found from its labels."""
    cells, sums, at_most, at_least = {}, [], [], {}
    names = {}
    for row in table.to_dict("records"):
        label = tuple(row[key] for key in keys if not pd.isna(row[key]))
        names.setdefault(label[:-1] if label else None, []).append(label)
        for figure in figures:
            cells[year, label, figure] = row[figure]
        at_least[year, label, "units"] = 0 if row["units"] == 0 else 1
        if "attribute" in figures:
            at_most.append(((year, label, "attribute"), (year, label, "units")))
    labels = {label for own in names.values() for label in own}
    for whole, parts in names.items():
        if whole in labels and parts != [whole]:
            sums += [((year, whole, figure), [(year, part, figure) for part in parts]) for figure in figures]
    return Sheet(cells, sums, at_most, at_least)


def cumulate(before: Sheet, now: Sheet, figures: tuple[str, ...]) -> Sheet:
    """Put two cumulative tables together: this year's figures are last year's and what came since, never less."""
    growth = {}
    sums = [*before.sums, *now.sums]
    at_most = [*before.at_most, *now.at_most]
    for year, label, figure in now.cells:
        old = ("old", label, figure)
        growth["growth", label, figure] = np.nan
        sums.append(((year, label, figure), [old, ("growth", label, figure)]))
    if "attribute" in figures:
        at_most += [
            (("growth", label, "attribute"), ("growth", label, "units")) for _, label, of in now.cells if of == "units"
        ]  # fmt: skip
    return Sheet(before.cells | now.cells | growth, sums, at_most, before.at_least | now.at_least)


def work_out(sheets: list[Sheet]) -> list[dict]:
    """Give for each table what can be told of each hidden cell: name -> (low, high)."""
    questions = [(number, name) for number, sheet in enumerate(sheets) for name in hidden(sheet)]
    answers: list[dict] = [{} for _ in sheets]
    for start in range(0, len(questions), LOT):
        lot = questions[start : start + LOT]
        for sign, side in ((1, 0), (-1, 1)):
            for (number, name), found in zip(lot, _ask(sheets, lot, sign), strict=True):
                answers[number].setdefault(name, [0.0, 0.0])[side] = found
    return answers


def hidden(sheet: Sheet) -> list:
    return [name for name, figure in sheet.cells.items() if np.isnan(figure)]


def _ask(sheets: list[Sheet], lot: list, sign: int) -> list[float]:
    equal, right, above, above_right, bounds, objective, places = [], [], [], [], [], [], []
    offset = 0
    for number, name in lot:
        sheet = sheets[number]
        unknown = hidden(sheet)
        place = {one: index for index, one in enumerate(unknown)}
        for whole, parts in sheet.sums:
            row, known = np.zeros(len(unknown)), 0.0
            for one, factor in [(whole, 1.0), *[(part, -1.0) for part in parts]]:
                if one in place:
                    row[place[one]] += factor
                else:
                    known += factor * sheet.cells[one]
            if row.any():
                equal.append((offset, row))
                right.append(-known)
        for small, large in sheet.at_most:
            row, known = np.zeros(len(unknown)), 0.0
            for one, factor in ((small, 1.0), (large, -1.0)):
                if one in place:
                    row[place[one]] += factor
                else:
                    known += factor * sheet.cells[one]
            if row.any():
                above.append((offset, row))
                above_right.append(-known)
        bounds += [(sheet.at_least.get(one, 0), None) for one in unknown]
        own = np.zeros(len(unknown))
        own[place[name]] = sign
        objective.append(own)
        places.append(offset + place[name])
        offset += len(unknown)
    # a table without any total leaves cells without a limit: the question is then cut off far away
    far = 1e7
    bounds = [(low, far) for low, _ in bounds]
    solved = linprog(
        np.concatenate(objective), A_eq=_stack(equal, offset), b_eq=right or None,
        A_ub=_stack(above, offset), b_ub=above_right or None, bounds=bounds,
    )  # fmt: skip
    assert solved.status == 0, solved.message
    return [float(solved.x[place]) for place in places]


def _stack(rows: list, width: int):
    if not rows:
        return None
    row = np.concatenate([np.full(len(values), number) for number, (_, values) in enumerate(rows)])
    column = np.concatenate([start + np.arange(len(values)) for start, values in rows])
    data = np.concatenate([values for _, values in rows])
    made = sparse.coo_array((data, (row, column)), shape=(len(rows), width)).tocsr()
    made.eliminate_zeros()
    return made


def count_all(total: float, units: list[int], shown: list[float], least: int, least_units: int) -> list[set]:
    """Search a table of one level by trying everything, knowing the rule: what each hidden count may be.

    The rule says that something hidden is below `least`, with or without the attribute, or of too few units.
    """
    choices = [range(own + 1) if np.isnan(figure) else [int(figure)] for own, figure in zip(units, shown, strict=True)]
    possible: list[set] = [set() for _ in units]
    for one in product(*choices):
        if np.isnan(total) or sum(one) == total:
            small = [
                np.isnan(figure) and (count < least or own - count < least or own < least_units)
                for count, own, figure in zip(one, units, shown, strict=True)
            ]
            if any(small):
                for place, count in zip(possible, one, strict=True):
                    place.add(count)
    return possible
