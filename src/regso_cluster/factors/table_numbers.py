"""The columns of a table of factors: which belong to which factor, their numbers, what the table says of its areas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.hints import absent_columns
from regso_cluster.factors.rates import MISSING, SUPPRESSED
from regso_cluster.files.numbers import as_text, explain, parse_numbers
from regso_cluster.files.raw_table import RawTable
from regso_cluster.method import Factor, Method
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note


@dataclass(frozen=True)
class Part:
    """One column of numbers of one factor, with the codes of its rows."""

    factor: Factor
    role: str  # numerator, denominator or value
    column: str
    cells: pd.Series


def find_parts(raw: RawTable, method: Method) -> list[Part]:
    """Find the columns of every factor; all that are missing are named at once."""
    frame = raw.frame
    is_long = c.FACTOR in frame.columns and not any(
        set(factor.columns) <= set(frame.columns) for factor in method.factors
    )
    table = method.table
    wanted = [table.code, *(column for column in (table.population, table.area_type) if column)]
    if is_long:
        roles = [role for factor in method.factors for role in factor.roles]
        wanted += [role for role in ("value", "numerator", "denominator") if role in roles]
    else:
        wanted += [column for factor in method.factors for column in factor.columns]
    faults = absent_columns(frame, wanted, table.code, raw.name)
    if faults:
        raise InputError(faults)
    parts = []
    if is_long:
        named = frame[c.FACTOR].map(as_text)
        unknown = named[~named.isin(method.keys)]
        faults = [
            Fault("unknown factor", f"{raw.name}, row {row}, column factor", got=repr(key),
                  hint=f"The method knows {', '.join(method.keys)}.")
            for row, key in unknown.drop_duplicates().items()
        ]  # fmt: skip
        faults += [
            Fault(
                "a factor has no rows",
                f"{raw.name}, column factor",
                key,
                hint="Add its rows, or take it out of the method.",
            )
            for key in method.keys
            if not (named == key).any()
        ]
        if faults:
            raise InputError(faults)
    for factor in method.factors:
        rows = frame[named == factor.key] if is_long else frame
        for role in factor.roles:
            column = role if is_long else str(getattr(factor, role))
            parts.append(Part(factor, role, column, rows[column]))
    return parts


def read_numbers(
    raw: RawTable, parts: list[Part], codes: pd.Series, method: Method, faults: list[Fault], notes: list[Note]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the numbers of all parts, by code: counts and status (n_areas, n_parts), columns (factor, role)."""
    table, counts, status = method.table, {}, {}
    marked: dict[tuple[str, str], dict[str, int]] = {}
    clashing: set[object] = set()
    for part in parts:
        numbers = parse_numbers(
            part.cells, table.suppressed, table.absent, decimal_comma=raw.decimal_comma, zero=table.zero or ()
        )
        notes += [Note("of_column", column=part.column, note=note) for note in numbers.notes]
        marked[part.factor.key, part.role] = dict(numbers.marks)
        for row, text in numbers.bad.items():
            where = f"{raw.name}, row {row}, column {part.column}, {codes.get(row, '')}"
            what, hint = explain(text)
            faults.append(Fault(what, where, "a number", repr(text), hint))
        own = codes.loc[part.cells.index]
        doubled = own[own.notna() & own.duplicated()]
        firsts = dict(zip(own[~own.duplicated()], own.index[~own.duplicated()], strict=True)) if len(doubled) else {}
        for row, code in doubled.items():
            if row not in clashing:
                clashing.add(row)
                first = firsts[code]
                hint = f"Keep one of the rows {first} and {row}."
                faults.append(
                    Fault("a code stands twice", f"{raw.name}, row {row}", "one row an area", str(code), hint)
                )
        keep = (own.notna() & ~own.duplicated()).to_numpy()
        index = pd.Index(own[keep], name=table.code)
        counts[part.factor.key, part.role] = pd.Series(numbers.values[keep], index=index)
        status[part.factor.key, part.role] = pd.Series(numbers.status[keep], index=index)
    columns = pd.MultiIndex.from_tuples(counts)
    found = pd.DataFrame(status, columns=columns).fillna(MISSING)  # a long table may lack an area for one factor
    for part in parts:
        notes += _note_missing(part, found[part.factor.key, part.role], marked[part.factor.key, part.role])
    return pd.DataFrame(counts, columns=columns), found.replace("bad", MISSING)


def _note_missing(part: Part, status: pd.Series, marks: dict[str, int]) -> list[Note]:
    """Note what is kept as missing: suppressed, marked (each mark apart: a dash may mean zero) and empty cells."""
    hidden, absent = int((status == SUPPRESSED).sum()), int((status == MISSING).sum())
    said = [Note("suppressed_cells", column=part.column, count=hidden)] if hidden else []
    for mark, count in marks.items():
        values = {"column": part.column, "count": count, "mark": mark}
        said.append(
            Note("marked_cells_may_be_zero", **values) if mark in ("-", "–") else Note("marked_cells", **values)
        )
    empty = absent - sum(marks.values())
    return said + ([Note("empty_cells", column=part.column, count=empty)] if empty > 0 else [])


def gather_areas(
    raw: RawTable, codes: pd.Series, method: Method, edition: int | None, faults: list[Fault]
) -> pd.DataFrame:
    """Gather what the table itself says of each area: name and population."""
    table = method.table
    rows = codes.dropna().drop_duplicates()
    areas = pd.DataFrame({c.NAME: pd.Series(pd.NA, rows, dtype="string"), c.POPULATION: np.nan}, index=rows.to_numpy())
    if table.name and table.name in raw.frame.columns:
        areas[c.NAME] = raw.frame.loc[rows.index, table.name].astype("string").to_numpy()
    if table.area_type:
        areas[c.AREA_TYPE] = raw.frame.loc[rows.index, table.area_type].map(as_text).replace("", pd.NA).to_numpy()
    if table.population:
        numbers = parse_numbers(
            raw.frame[table.population], table.suppressed, table.absent, decimal_comma=raw.decimal_comma,
            zero=table.zero or (),
        )  # fmt: skip
        by_row = pd.Series(numbers.values, index=raw.frame.index)
        wrong = (by_row.isna() & codes.notna()) | (by_row < 0) | (by_row % 1 != 0)
        faults.extend(
            Fault(
                "no population",
                f"{raw.name}, row {row}, column {table.population}, {codes.get(row, '')}",
                "a whole number of residents, 0 or more",
                repr(as_text(raw.frame.loc[row, table.population])),
                "Write the number of residents without a mark for thousands; residents weigh the area.",
            )
            for row in by_row.index[wrong & codes.notna()]
        )
        areas[c.POPULATION] = by_row.loc[rows.index].to_numpy()
        for code, said in by_row.groupby(codes):
            if said.min() < said.max():
                where = f"{raw.name}, rows {', '.join(map(str, said.index[:5]))}, column {table.population}, {code}"
                values = " / ".join(f"{number:g}" for number in said.unique()[:5])
                hint = "Write one number of residents in all rows of the area."
                faults.append(Fault("two populations for one area", where, "one number", values, hint))
    if edition is None:
        areas[[c.KOMMUN, c.KOMMUN_NAME, c.LAN]] = pd.NA
    areas.index.name = table.code
    return areas
