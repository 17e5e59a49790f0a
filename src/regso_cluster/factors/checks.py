"""The judgement of counts and values: whole, within their range, numerators within denominators, one a kommun."""

from __future__ import annotations

import numpy as np
import pandas as pd

from regso_cluster.areas.codes import kommun_of
from regso_cluster.errors import Fault
from regso_cluster.factors.year_column import read_year
from regso_cluster.files.numbers import as_text
from regso_cluster.files.raw_table import RawTable
from regso_cluster.method import UNIT_RANGE, Factor, Method
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note


def factor_part(parts: pd.DataFrame, factor: Factor) -> pd.DataFrame:
    """Give the columns of one factor, by role, of a table whose columns are (factor, role)."""
    return parts[[factor.key]].droplevel(0, axis=1)


def check_counts(counts: pd.DataFrame, method: Method, name: str, codes: pd.Series) -> list[Fault]:
    """Judge every factor of a table.

    Parameters
    ----------
    counts : (n_areas, n_parts) by code, columns (factor, role); NaN where not observed, which is no fault
    method : units and levels of the factors
    name : of the file, for messages
    codes : (n_rows,) the code of each row of the file, to name the row; empty for parts that were summed

    Returns
    -------
    a fault for each wrong cell, or pair of cells
    """
    row_of = pd.Series(codes.index, index=codes).groupby(level=0).first()
    faults = []
    for factor in method.factors:
        own = factor_part(counts, factor)
        for what, wrong, expected, hint in _judge_values(own, factor) if factor.value else _judge_counts(own, factor):
            for code in own.index[wrong]:
                row = f", row {row_of[code]}" if code in row_of.index else ""
                where = f"{name}{row}, column {' / '.join(factor.columns)}, {code}"
                got = " / ".join(f"{number:g}" for number in own.loc[code])
                faults.append(Fault(what, where, expected, got, hint))
        columns = f"{name}, column {' / '.join(factor.columns)}"
        if factor.level == "kommun" and method.table.areas == "regso":
            kommun = kommun_of(pd.Series(own.index, index=own.index))
            differs = own.groupby(kommun).nunique().max(axis=1)
            hint = 'Write the kommun\'s value in all its areas, or set level = "area" in the method.'
            faults += [
                Fault(
                    "one kommun, different values",
                    f"{columns}, kommun {code}",
                    "one value for all its areas",
                    hint=hint,
                )
                for code in differs.index[differs > 1]
            ]
    return faults


def doubtful_units(counts: pd.DataFrame, method: Method) -> list[Note]:
    """Note columns of per cent that never pass 1: they may be shares, and no check can tell."""
    return [
        Note("maybe_shares", column=factor.value)
        for factor in method.factors
        if factor.value and factor.unit == "per cent" and 0 < factor_part(counts, factor)[c.VALUE].max() <= 1
    ]


def check_year(raw: RawTable, year: int | None, faults: list[Fault], notes: list[Note]) -> int | None:
    """Compare the year asked for with the table's own, and give the one that is known.

    Parameters
    ----------
    raw : its column `year` may hold whole numbers, 2024.0, dates or periods; empty cells do not count
    year : asked for
    faults, notes : what is wrong, and how dates were read, is added to these
    """
    columns = [column for column in raw.frame.columns if str(column).lower() == "year"]
    if not columns:
        return year
    cells = raw.frame[columns[0]]
    shown = cells.map(as_text)
    distinct = cells[~shown.duplicated().to_numpy()]
    read = {row: read_year(cell) for row, cell in distinct.items()}
    texts = dict(zip(cells.index, shown, strict=True))
    where = f"{raw.name}, column {columns[0]}"
    wrong = [(row, why) for row, (found, why) in read.items() if found is None and why]
    hint = "Write the year as four digits, as 2024: of a school year, the one that the method counts by."
    faults += [
        Fault(why, f"{raw.name}, row {row}, column {columns[0]}", "one year", texts[row][:40], hint)
        for row, why in wrong[:20]
    ]
    years = sorted({found for found, _ in read.values() if found is not None})
    dated = [(row, found) for row, (found, kind) in read.items() if found is not None and kind]
    if dated:
        row, found = dated[0]
        notes.append(Note("dates_as_year", column=columns[0], given=texts[row][:30], year=found))
    if len(years) > 1:
        hint = "Split the table: one file a year."
        faults.append(Fault("more than one year", where, "one year", ", ".join(map(str, years[:8])), hint))
    elif year is not None and years and years[0] != year:
        hint = f"Give --year {years[0]}, or the table of {year}."
        faults.append(Fault("another year than asked for", where, str(year), str(years[0]), hint))
    elif years:
        return years[0]
    return year


Judgement = tuple[str, "pd.Series[bool]", str, str]


def _judge_values(own: pd.DataFrame, factor: Factor) -> list[Judgement]:
    low, high = UNIT_RANGE[factor.unit]
    beyond = (own[c.VALUE] < (-np.inf if low is None else low)) | (own[c.VALUE] > (np.inf if high is None else high))
    expected = f"{'any' if low is None else low} to {'any' if high is None else high} ({factor.unit})"
    judged: list[Judgement] = [
        ("a value outside its range", beyond, expected, "Check the unit in the method and the cell.")
    ]
    if c.DENOMINATOR in own:
        judged.append(("a negative number of persons", own[c.DENOMINATOR] < 0, "0 or more", "Correct the cell."))
    return judged


def _judge_counts(own: pd.DataFrame, factor: Factor) -> list[Judgement]:
    broken = (own.notna() & (own % 1 != 0)).any(axis=1)
    thousands = "Write a whole number, without a mark for thousands; for ready-made rates name the column as value."
    judged = [
        ("a negative count", (own < 0).any(axis=1), "0 or more", "Correct the cell."),
        ("a count that is no whole number", broken, "whole numbers", thousands),
    ]
    if factor.unit != "per 1000":  # events can outnumber people, persons with an attribute cannot
        above = own[c.NUMERATOR] > own[c.DENOMINATOR]
        hint = "Check that the two columns are not swapped and count the same people."
        judged.append(("numerator above denominator", above, "numerator at most the denominator", hint))
    else:
        nobody = (own[c.NUMERATOR] > 0) & (own[c.DENOMINATOR] == 0)
        judged.append(("events without people", nobody, "a denominator above 0", "Correct the denominator."))
    return judged
