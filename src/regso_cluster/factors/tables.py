"""From a raw table to checked factors: every area of the edition, in the order of the codes, each with a status.

All faults of a table are collected and raised together; what was repaired or set aside is noted, never silent.
"""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from regso_cluster.areas.codes import kommun_of, lan_of, parse_codes
from regso_cluster.areas.edition_table import edition_hint, edition_of_year, edition_years, list_years
from regso_cluster.areas.editions import area_names, check_edition, code_set, detect_edition
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.area_names import Names, names_of_key, read_names
from regso_cluster.factors.checks import check_counts, check_year, doubtful_units, factor_part
from regso_cluster.factors.deso import to_regso
from regso_cluster.factors.hints import absent_columns
from regso_cluster.factors.origin import read_origin
from regso_cluster.factors.pxweb import settle_marks, to_areas
from regso_cluster.factors.rates import MISSING, OBSERVED, SUPPRESSED, TOO_FEW, rate
from regso_cluster.files.layout import as_named
from regso_cluster.files.made_up import is_synthetic
from regso_cluster.files.numbers import as_text, explain, parse_numbers
from regso_cluster.files.read import RawTable
from regso_cluster.files.tables import read_table
from regso_cluster.files.totals import find_totals_as_text
from regso_cluster.method import Factor, Method
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note


@dataclass(frozen=True)
class FactorTable:
    """The checked factors of one year.

    Parameters
    ----------
    areas : (n_areas,) by code: name, kommun, kommun_name, lan, population (NaN where not given), status
    numerator, denominator : (n_areas, n_factors) counts, NaN where not observed or not given
    value : (n_areas, n_factors) in the unit of each factor, NaN where not observed
    status : (n_areas, n_factors) "observed", "suppressed", "missing" or "too_few_residents"
    edition : as 2025; None where the table is its own area set
    source, sha256 : file name and hash of the input
    notes : what was repaired, recognised, left out
    synthetic : the table says of itself that it is made up (a column `synthetic` with any "yes")
    origin : what `regso-cluster fetch` wrote beside the file of its sources; None where there is nothing
    deso_key : name and hash of the key that a table by DeSO was summed through; empty for a table by RegSO

    The status of an area is that of its least known factor: too_few_residents, missing, suppressed, observed.
    """

    areas: pd.DataFrame
    numerator: pd.DataFrame
    denominator: pd.DataFrame
    value: pd.DataFrame
    status: pd.DataFrame
    edition: int | None
    source: str
    sha256: str
    notes: tuple[Note, ...]
    synthetic: bool = False
    origin: dict[str, Any] | None = None
    deso_key: tuple[tuple[str, str], ...] = ()
    names: tuple[tuple[str, str], ...] = ()  # file of the names of the areas, and its SHA-256


@dataclass(frozen=True)
class _Part:
    """One column of numbers of one factor, with the codes of its rows."""

    factor: Factor
    role: str  # numerator, denominator or value
    column: str
    cells: pd.Series


def read_factors(
    path: str | Path,
    method: Method,
    *,
    edition: int | None = None,
    year: int | None = None,
    deso_key: str | Path | None = None,
    sheet: str = "",
    decimal: str = "",
    names: str | Path | None = None,
) -> FactorTable:
    """Read a table of factors, wide (a row an area) or long (a row an area and factor), and check it.

    Parameters
    ----------
    path : CSV, Excel, Parquet or JSON-stat 2; of one year. What PxWeb gives is brought to one row an area
    method : names the columns, units and marks
    edition : as 2025; default: from code suffixes, from the codes themselves, else from `year`
    year : the reference year; a column `year` of the table must agree
    deso_key : a table with a column of DeSO codes and one of RegSO codes, for a table of counts by DeSO
    sheet : of a workbook; default: the only one that can hold the table
    decimal : "comma" or "point", as the file writes decimals; default: the file tells
    deso_key : a table with a column of DeSO codes and one of RegSO codes, for a table of counts by DeSO; its names of
        RegSO, if it has them, name the areas
    names : a table with a column of RegSO codes and one of names, which come before all other names

    Raises
    ------
    InputError  every fault of the table at once
    """
    raw = read_table(path, sheet=sheet, columns=_names(method), year=year, decimal=decimal)
    raw = settle_marks(raw, (*method.table.suppressed, *method.table.absent))
    origin, said = read_origin(Path(path), raw.sha256)
    if method.table.areas == "regso":
        raw = to_areas(raw, method.table.code, _wanted(method), year=year)
    raw = dataclasses.replace(raw, frame=as_named(raw.frame, _names(method)))
    faults: list[Fault] = []
    notes = [*said, *raw.notes]
    if names is not None and method.table.areas != "regso":
        hint = "Name a column of the table in the method: [table] name."
        raise InputError(Fault("names of RegSO, but the areas of the method are its own", str(names), hint=hint))
    edition = edition or (origin or {}).get("edition")
    year = check_year(raw, year, faults, notes)
    parts = _layout(raw, method)
    codes, by_deso, edition = _codes(raw, method, edition, year, faults, notes)
    counts, status = _numbers(raw, parts, codes, method, faults, notes)
    areas = _areas(raw, codes, method, edition, faults)
    faults += check_counts(counts, method, raw.name, codes)
    notes += doubtful_units(counts, method)
    if by_deso:
        counts, status, areas = to_regso(counts, status, areas, method, raw.name, deso_key, notes)
        edition = edition or detect_edition(areas.index)
    if method.table.areas == "regso":
        areas = _complete(
            areas, edition, method, raw.name, faults, notes, _named_by(names, deso_key if by_deso else None)
        )
    if faults:
        raise InputError(faults)
    areas = areas.sort_index()
    if method.needs_population and not areas[c.POPULATION].sum() > 0:
        hint = "Residents weigh the areas: give their number."
        raise InputError(Fault("no residents at all", f"{raw.name}, column {method.table.population}", hint=hint))
    counts, status = counts.reindex(areas.index), status.reindex(areas.index, fill_value=MISSING)
    table = _assemble(raw, method, areas, counts, status, edition, notes)
    table = dataclasses.replace(table, origin=origin, source=Path(path).name)
    if names is not None:
        table = dataclasses.replace(table, names=_key_used(names))
    return dataclasses.replace(table, deso_key=_key_used(deso_key)) if by_deso and deso_key else table


def _wanted(method: Method) -> frozenset[str]:
    """Name the columns of figures that a method reads."""
    population = [method.table.population] if method.table.population else []
    return frozenset([*population, *(column for one in method.factors for column in one.columns)])


def _named_by(path: str | Path | None, deso_key: str | Path | None) -> Names | None:
    """Read the names that were given, or those of the key that a table by DeSO is summed through."""
    if path is not None:
        return Names(Path(path).name, *read_names(path), given=True)
    found = names_of_key(deso_key) if deso_key is not None else None
    return Names(Path(deso_key).name, found, None, given=False) if deso_key is not None and found is not None else None


def _key_used(path: str | Path) -> tuple[tuple[str, str], ...]:
    return ((Path(path).name, hashlib.sha256(Path(path).read_bytes()).hexdigest()),)


def _names(method: Method) -> tuple[str, ...]:
    """Name the columns that a table for this method may have."""
    table = method.table
    own = [table.code, table.population, table.area_type, table.name]
    return tuple(name for name in [*own, *(column for one in method.factors for column in one.columns)] if name)


def _layout(raw: RawTable, method: Method) -> list[_Part]:
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
            parts.append(_Part(factor, role, column, rows[column]))
    return parts


def _codes(
    raw: RawTable,
    method: Method,
    edition: int | None,
    year: int | None,
    faults: list[Fault],
    notes: list[Note],
) -> tuple[pd.Series, bool, int | None]:
    """Parse the codes of all rows (by row; NA where refused), tell DeSO from RegSO, and settle the edition."""
    column = method.table.code
    cells = raw.frame[column]
    text = cells.map(as_text)
    where = f"{raw.name}, column {column}"
    if method.table.areas == "own":
        faults.extend(
            Fault("no code", f"{raw.name}, row {row}, column {column}", hint="Give every row its code.")
            for row in text.index[text == ""]
        )
        counted = [column for one in method.factors for column in one.columns]
        totals = find_totals_as_text(raw.frame, [name for name in counted if name in raw.frame], [column])
        faults.extend(
            Fault("a total, no area", f"{raw.name}, row {row}, column {column}", "one row an area", repr(label),
                  "Remove the row: it would be counted as an area.")
            for row, label in zip(raw.frame.index[totals.rows], totals.labels, strict=True)
        )  # fmt: skip
        return text.where(text != ""), False, None
    by_deso = bool(text.str.contains(r"^\d{3,4}[A-Ca-c]\d{4}", regex=True).mean() > 0.5)
    parsed = parse_codes(cells, "deso" if by_deso else "regso")
    if len(parsed.refused) > len(cells) / 2:
        names = bool(text.str.contains(r"\(.+\)$", regex=True).mean() > 0.5)
        hint = "Area names are not unique and have been swapped between codes: join on the code, never on the name."
        example = "; ".join(text.iloc[:2])
        raise InputError(
            Fault("names instead of codes" if names else "no RegSO codes", where, "codes such as 0114R001", example,
                  hint if names else "Name the column of codes in the method: [table] code.")
        )  # fmt: skip
    hint = "Correct the code, or remove the row if it is no area (a total, a note)."
    for position, given, reason in parsed.refused[["position", "given", "reason"]].itertuples(index=False):
        row = cells.index[position]
        faults.append(Fault(str(reason), f"{raw.name}, row {row}, column {column}", got=repr(given), hint=hint))
    if len(parsed.repaired):
        first = parsed.repaired.iloc[0]
        notes.append(Note("codes_repaired", count=len(parsed.repaired), given=first["given"], code=first["code"]))
    if len(parsed.beside):
        first = parsed.beside.iloc[0]
        notes.append(Note("codes_beside_text", count=len(parsed.beside), given=first["given"], code=first["code"]))
    edition = _said_edition({*parsed.editions, *([edition] if edition else [])}, where, faults)
    if by_deso:
        return parsed.codes, True, edition
    if edition is None:
        edition = detect_edition(parsed.codes.dropna()) or (edition_of_year(year) if year else None)
    if edition not in edition_years():
        raise InputError(_untold(where, str(edition)))
    faults += [
        dataclasses.replace(fault, where=f"{where}: {fault.where}" if fault.where else where)
        for fault in check_edition(parsed.codes.dropna(), edition)
    ]
    if year is not None and edition_of_year(year) != edition and not is_synthetic(raw.frame):  # no official table
        notes.append(Note("other_edition_than_year", edition=edition, year=year, official=edition_of_year(year)))
    return parsed.codes, False, edition


def _untold(where: str, got: str = "") -> Fault:
    return Fault("the edition of the codes cannot be told", where, list_years("or"), got, edition_hint())


def _said_edition(said: set[int], where: str, faults: list[Fault]) -> int | None:
    """Settle the edition by what was said of it: by suffixes of codes and by the caller."""
    if len(said) > 1:
        hint = "A table is of one edition: say the one of its codes, or take rows of other editions out."
        got = ", ".join(str(one) for one in sorted(said))
        faults.append(Fault("code suffixes of another edition", where, "one edition", got, hint))
    return max(said, default=None)


def _numbers(
    raw: RawTable, parts: list[_Part], codes: pd.Series, method: Method, faults: list[Fault], notes: list[Note]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the numbers of all parts, by code: counts and status (n_areas, n_parts), columns (factor, role)."""
    table, counts, status = method.table, {}, {}
    marked: dict[tuple[str, str], tuple[tuple[str, int], ...]] = {}
    clashing: set[object] = set()
    for part in parts:
        numbers = parse_numbers(
            part.cells, table.suppressed, table.absent, decimal_comma=raw.decimal_comma, zero=table.zero or ()
        )
        notes += [Note("of_column", column=part.column, note=note) for note in numbers.notes]
        marked[part.factor.key, part.role] = numbers.marks
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
        notes += _said_missing(part, found[part.factor.key, part.role], marked[part.factor.key, part.role])
    return pd.DataFrame(counts, columns=columns), found.replace("bad", MISSING)


def _said_missing(part: _Part, status: pd.Series, marks: tuple[tuple[str, int], ...]) -> list[Note]:
    """Note what is kept as missing: suppressed, marked (each mark apart: a dash may mean zero) and empty cells."""
    hidden, absent = int((status == SUPPRESSED).sum()), int((status == MISSING).sum())
    said = [Note("suppressed_cells", column=part.column, count=hidden)] if hidden else []
    for mark, count in marks:
        values = {"column": part.column, "count": count, "mark": mark}
        said.append(
            Note("marked_cells_may_be_zero", **values) if mark in ("-", "–") else Note("marked_cells", **values)
        )
    empty = absent - sum(count for _, count in marks)
    return said + ([Note("empty_cells", column=part.column, count=empty)] if empty > 0 else [])


def _areas(raw: RawTable, codes: pd.Series, method: Method, edition: int | None, faults: list[Fault]) -> pd.DataFrame:
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


def _complete(
    areas: pd.DataFrame,
    edition: int | None,
    method: Method,
    name: str,
    faults: list[Fault],
    notes: list[Note],
    given: Names | None = None,
) -> pd.DataFrame:
    """Bring the areas to the full code set of the edition; areas without a row are refused or noted."""
    if edition is None:
        raise InputError(_untold(name))
    names = area_names(edition).set_index(c.REGSO)
    foreign = areas.index.difference(pd.Index(code_set(edition)))
    if not faults and len(foreign):  # codes of a table are checked before; these came through a key
        hint = "Use the key of this edition."
        raise InputError(
            [Fault("the key leads to an unknown area", name, f"RegSO {edition}", str(code), hint) for code in foreign]
        )
    known = areas.reindex(pd.Index(code_set(edition), name=method.table.code))
    absent = known.index.difference(areas.index)
    if len(absent) and method.table.coverage == "full":
        hint = 'Add their rows (with .. for what is not known), or set coverage = "partial" in [table] of the method.'
        faults.extend(Fault("an area has no row", name, got=str(code), hint=hint) for code in absent)
    elif len(absent):
        notes.append(Note("areas_without_row", count=len(absent), of=len(known)))
    if given is not None:
        faults.extend(given.into(known, edition, notes))
    known[c.NAME] = known[c.NAME].fillna(names[c.NAME].astype("string"))
    if known[c.NAME].isna().any():
        notes.append(Note("areas_without_name", count=known[c.NAME].isna().sum(), edition=edition))
    codes = pd.Series(known.index, index=known.index)
    return known.assign(kommun=kommun_of(codes), kommun_name=names[c.KOMMUN_NAME], lan=lan_of(codes))


def _assemble(
    raw: RawTable, method: Method, areas: pd.DataFrame, counts: pd.DataFrame, status: pd.DataFrame,
    edition: int | None, notes: list[Note],
) -> FactorTable:  # fmt: skip
    table, value = method.table, pd.DataFrame(np.nan, index=areas.index, columns=list(method.keys))
    numerator, denominator = value.copy(), value.copy()
    joined = pd.DataFrame(OBSERVED, index=areas.index, columns=list(method.keys))
    for factor in method.factors:
        own, marks = factor_part(counts, factor), factor_part(status, factor)
        if factor.value:
            value[factor.key] = own[c.VALUE]
            if factor.denominator:
                denominator[factor.key] = own[c.DENOMINATOR]
        else:
            numerator[factor.key], denominator[factor.key] = own[c.NUMERATOR], own[c.DENOMINATOR]
            value[factor.key] = rate(own[c.NUMERATOR], own[c.DENOMINATOR], factor.unit)
        hidden, absent = (marks == SUPPRESSED).any(axis=1), value[factor.key].isna()
        joined[factor.key] = np.select([absent & hidden, absent], [SUPPRESSED, MISSING], OBSERVED)
        nobody = int((absent & ~hidden & (marks == OBSERVED).all(axis=1)).sum())
        if nobody:
            notes.append(Note("nobody_in_denominator", factor=factor.key, count=nobody))
    few = areas[c.POPULATION] < table.min_population
    if few.any():
        notes.append(Note("few_residents", count=few.sum(), least=table.min_population))
        joined.loc[few] = TOO_FEW
    worst_first = [(joined == mark).any(axis=1) for mark in (TOO_FEW, MISSING, SUPPRESSED)]
    kept = [c.NAME, c.KOMMUN, c.KOMMUN_NAME, c.LAN, *([c.AREA_TYPE] if table.area_type else []), c.POPULATION]
    areas = areas.reindex(columns=kept).assign(status=np.select(worst_first, [TOO_FEW, MISSING, SUPPRESSED], OBSERVED))
    synthetic = is_synthetic(raw.frame)
    return FactorTable(
        areas, numerator, denominator, value, joined, edition, raw.name, raw.sha256, tuple(notes), synthetic
    )
