"""From a raw table to checked factors: every area of the edition, in the order of the codes, each with a status.

All faults of a table are collected and raised together; what was repaired or set aside is noted, never silent.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from regso_cluster.areas.codes import kommun_of, lan_of
from regso_cluster.areas.editions import area_names, code_set, detect_edition
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.area_names import Names, names_of_key, read_names
from regso_cluster.factors.checks import check_counts, check_year, doubtful_units, factor_part
from regso_cluster.factors.deso import to_regso
from regso_cluster.factors.origin import read_origin
from regso_cluster.factors.pxweb import settle_marks, to_areas
from regso_cluster.factors.rates import MISSING, OBSERVED, SUPPRESSED, TOO_FEW, rate
from regso_cluster.factors.table_codes import read_codes, unknown_edition
from regso_cluster.factors.table_numbers import find_parts, gather_areas, read_numbers
from regso_cluster.files.hashes import hash_of
from regso_cluster.files.layout import as_named
from regso_cluster.files.made_up import is_synthetic
from regso_cluster.files.raw_table import RawTable
from regso_cluster.files.tables import read_table
from regso_cluster.method import Method
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
    names : the file that the names of the areas are from, and its hash; empty where none was given

    The status of an area is that of its least known factor: too_few_residents, missing, suppressed, observed.

    Examples
    --------
    >>> table = read_factors(folder / "factors-2024.csv", load_method("utanforskap"), year=2024)
    >>> isinstance(table, FactorTable), table.synthetic
    (True, True)
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
    sheet : of a workbook; default: the only one that can hold the table
    decimal : "comma" or "point", as the file writes decimals; default: the file tells
    deso_key : a table with a column of DeSO codes and one of RegSO codes, for a table of counts by DeSO; its names of
        RegSO, if it has them, name the areas
    names : a table with a column of RegSO codes and one of names, which come before all other names

    Returns
    -------
    the table, a row an area in the order of codes

    Raises
    ------
    InputError  every fault of the table at once

    Examples
    --------
    >>> table = read_factors(folder / "factors-2024.csv", load_method("utanforskap"), year=2024)
    >>> len(table.areas), table.edition
    (3363, 2025)
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
    parts = find_parts(raw, method)
    codes, by_deso, edition = read_codes(raw, method, edition, year, faults, notes)
    counts, status = read_numbers(raw, parts, codes, method, faults, notes)
    areas = gather_areas(raw, codes, method, edition, faults)
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
    return ((Path(path).name, hash_of(path)),)


def _names(method: Method) -> tuple[str, ...]:
    """Name the columns that a table for this method may have."""
    table = method.table
    own = [table.code, table.population, table.area_type, table.name]
    return tuple(name for name in [*own, *(column for one in method.factors for column in one.columns)] if name)


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
        raise InputError(unknown_edition(name))
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
