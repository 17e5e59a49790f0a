"""From registers to counts: a row a person and year becomes a row an area, out of core, on Dask.

Only the columns named are read, part by part; a part becomes one small table of whole numbers, and these are added:
neither the order of parts nor who counts them can reach the result. Counts are internal: small ones are kept, and
nothing here is fit for publication before disclosure control.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.areas.codes import parse_codes
from regso_cluster.areas.editions import check_edition, code_set
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.register_definition import COMPARE, Condition, Definition, column_names
from regso_cluster.factors.register_schema import common_schema
from regso_cluster.files import formats
from regso_cluster.files.atomic import whole_file
from regso_cluster.files.figure_tables import write_figures
from regso_cluster.files.formats import find_format
from regso_cluster.schema import columns as c

Flags = npt.NDArray[np.bool_]

_FIT = "Compare numbers with numbers and text with text; print the columns' types."
_NUMBERS = {"integer", "floating", "mixed-integer-float", "decimal", "boolean"}
_CODE = "code of the area_unknown"  # on the way; no column that is written can be called so
_NOWHERE = ""  # the code of persons without an area
BLOCK = "32MiB"  # of a file that is read at a time


@dataclass(frozen=True)
class Counts:
    """What was counted.

    Parameters
    ----------
    table : a row an area, by code: the code, population, and `<key>_n`, `<key>_d` of each factor, whole numbers;
        with `synthetic` where the definition says so. As `check` and `classify` read it
    persons : rows read
    nowhere : of them without an area
    unknown : by factor, persons of the denominator for whom the numerator is not known
    undated : rows without a year, which were not read: they may be of any

    Examples
    --------
    >>> counts = Counts(pd.DataFrame({"regso": ["0114R001"], "population": [2]}), persons=2, nowhere=0, unknown={})
    >>> counts.persons, counts.undated
    (2, 0)
    """

    table: pd.DataFrame
    persons: int
    nowhere: int
    unknown: dict[str, int]
    undated: int = 0


def count_persons(
    source: str | Path | Sequence[str | Path], definition: Definition, *, year: int | None = None,
    edition: int | None = None, threads: int | None = None, client: Any = None,
) -> Counts:  # fmt: skip
    """Count persons by area and factor, lazily and out of core.

    Parameters
    ----------
    source : a Parquet file, a folder of them (also one partitioned by column), or several
    definition : what is counted
    year : only rows of this year; needed where the definition names a column of the year
    edition : of the areas, as 2025: every area gets a row, one that nobody lives in zeros; None keeps the areas
        that occur, and takes DeSO as well
    threads : how many parts are read at a time; None one for each processor
    client : of a Dask cluster, from `ensemble.connect`, that counts instead

    Raises
    ------
    InputError  Dask is not installed; no such file or column; a condition that does not fit its column; an infinite
        number; codes that are no areas of the edition; no person at all. A person who stands twice is counted twice:
        the register must hold one row a person and year

    Notes
    -----
    Memory: per thread one part of the columns named, about ten times 32 MiB, whatever the size of the register.
    """
    frame = _open(source, definition, year)
    named = ", ".join(map(str, [source] if isinstance(source, str | Path) else source))
    whole = {name: pd.Series(dtype=np.int64) for name in column_names(definition)}
    meta = pd.DataFrame({_CODE: pd.Series(dtype=object), **whole})
    lazy = frame.reduction(
        partial(_count, definition=definition), aggregate=_add, combine=_add, meta=meta, split_every=16
    )
    try:
        if client is not None:
            counted = client.compute(lazy).result()
        else:
            counted = lazy.compute(scheduler="threads", num_workers=threads or os.cpu_count() or 1)
    except InputError as error:
        raise InputError([replace(fault, where=f"{named}, {fault.where}") for fault in error.faults]) from error
    except NotImplementedError as error:
        raise InputError(Fault("not one table of Parquet", named, got=_said(error), hint=_hint_of(source))) from error
    except (TypeError, ValueError) as error:
        raise InputError(Fault("a condition does not fit its column", named, got=str(error), hint=_FIT)) from error
    found = _to_table(counted.set_index(_CODE), definition, edition, named)
    return replace(found, undated=_undated(source, definition.year))


def _hint_of(source: str | Path | Sequence[str | Path]) -> str:
    """Say what to do where pyarrow cannot read: of pandas' own whole numbers with gaps it makes names of folders."""
    if any("=" in part for file in _files(_paths(source)) for part in file.parts):
        return "Before a register is parted into folders by a column, make that column one of plain whole numbers."
    return "Write the columns of the definition as plain numbers and texts, of one type in all files."


def _paths(source: str | Path | Sequence[str | Path]) -> list[Path]:
    return [Path(one) for one in ([source] if isinstance(source, str | Path) else source)]


def _undated(source: str | Path | Sequence[str | Path], year: str | None) -> int:
    """Count the rows without a year, in its column or in the name of their folder: those of one year are read."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    undated = 0
    for file in _files(_paths(source)) if year else ():
        with pq.ParquetFile(file) as opened:
            if f"{year}=__HIVE_DEFAULT_PARTITION__" in file.parts:
                undated += opened.metadata.num_rows
            elif year in opened.schema_arrow.names:
                parts = opened.iter_batches(columns=[year])
                undated += sum(part.column(0).null_count for part in parts)
    return undated


def _open(source: str | Path | Sequence[str | Path], definition: Definition, year: int | None) -> Any:
    try:
        import dask.dataframe as dd  # noqa: PLC0415  optional
    except ImportError as error:
        hint = "Install it: pip install 'regso-cluster[dask]'."
        raise InputError(Fault("Dask is not installed", "registers", hint=hint)) from error
    paths = _paths(source)
    faults = [Fault("no such file or folder", str(path), hint="Give Parquet.") for path in paths if not path.exists()]
    if (definition.year is None) != (year is None):
        unnamed = "Name the column of the year in the definition."
        hint = f"Give the year of {definition.year}." if definition.year else unnamed
        faults.append(Fault("the year is not clear", "--year", got=str(year), hint=hint))
    if faults:
        raise InputError(faults)
    filters = [(definition.year, "==", year)] if definition.year else None
    read = {"engine": "pyarrow", "split_row_groups": "adaptive", "blocksize": BLOCK, "filters": filters}
    read |= common_schema(paths, _files(paths))
    names = [str(path) for path in paths]
    given = names if len(names) > 1 else names[0]
    try:
        plain = dd.read_parquet(given, **(read | {"filters": None}))
    except (ValueError, OSError, TypeError, KeyError, AttributeError) as error:
        # TypeError: files, or names of folders, of other types; KeyError: the notes of pandas name another index
        hint = "Give Parquet; every file must have the same columns of the same types."
        raise InputError(Fault("not one table of Parquet", ", ".join(names), got=_said(error), hint=hint)) from error
    absent = [column for column in definition.columns if column not in plain.columns]
    if absent:
        listed = ", ".join(map(str, plain.columns))
        raise InputError(
            [Fault("a column is missing", names[0], column, hint=f"There are: {listed}.") for column in absent]
        )
    holes = _holes(paths, definition)
    if holes:
        raise InputError(holes)
    if definition.year is not None:  # _meta is dask's own name for an empty part; categories: the names of folders
        years = plain._meta[definition.year].dtype
        years = years.categories.dtype if isinstance(years, pd.CategoricalDtype) else years
        if not pd.api.types.is_integer_dtype(years):
            hint = "Every file, or the name of its folder, must have the year as a whole number."
            where = f"{names[0]}, column {definition.year}"
            raise InputError(Fault("no column of years", where, got=str(years), hint=hint))
    known = dd.read_parquet(given, **read) if filters else plain
    misfits = _misfits(known._meta, definition, names[0])
    if misfits:
        raise InputError(misfits)
    return known[definition.columns]


def _said(error: Exception) -> str:
    return str(error).split("Original Message: ")[-1][:200]


def _files(paths: Sequence[Path]) -> list[Path]:
    endings = {".parquet", ".parq", ".pq"}
    return [
        file
        for path in paths
        for file in (sorted(path.rglob("*")) if path.is_dir() else [path])
        if file.is_file() and (file.suffix in endings or file == path) and not file.name.startswith((".", "_"))
    ]


def _holes(paths: Sequence[Path], definition: Definition) -> list[Fault]:
    """Find columns that some files have and others lack, or a year that is no number: nobody would be counted there."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    schemas = {file: pq.read_schema(file) for file in _files(paths)}
    wrong = [
        Fault("no column of years", f"{file}, column {definition.year}", got=str(schema.field(definition.year).type),
              hint="Every file must have the year in a column of whole numbers.")
        for file, schema in schemas.items()
        if definition.year in schema.names and not pa.types.is_integer(schema.field(definition.year).type)
    ]  # fmt: skip
    columns = {file: set(schema.names) for file, schema in schemas.items()}
    somewhere = set().union(*columns.values())  # the others stand in the names of folders
    hint = "Every file must hold all columns of the definition."
    return wrong + [
        Fault("a column is missing in one of the files", str(file), column, hint=hint)
        for file, has in columns.items()
        for column in definition.columns
        if column in somewhere and column not in has
    ]


def _misfits(empty: pd.DataFrame, definition: Definition, source: str) -> list[Fault]:
    """Find conditions that their column can never meet: 1 is not "1", and nobody would be counted, without a word."""
    faults = []
    for factor in definition.factors:
        for one in (*factor.denominator, *factor.numerator):
            expected = _misfit(empty[one.column], one)
            if expected:
                where, got = f"{source}, factor {factor.key}, column {one.column}", str(empty[one.column].dtype)
                faults.append(Fault("a condition does not fit its column", where, expected, got, _FIT))
    return faults


def _misfit(column: pd.Series, condition: Condition) -> str:
    """Say what a condition expects of a column that can never meet it: "text" or "numbers"; empty where it can."""
    values = [*([condition.equals] if condition.equals is not None else []), *(condition.is_in or ())]
    numbers = any(getattr(condition, name) is not None for name in COMPARE)
    numbers |= any(not isinstance(value, str) for value in values)
    text = any(isinstance(value, str) for value in values)
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):  # what it holds stands in its parts
        return ""
    is_number, is_text = pd.api.types.is_numeric_dtype(kind), pd.api.types.is_string_dtype(kind)
    if kind == np.dtype(object):
        held = pd.api.types.infer_dtype(column, skipna=True)
        if held == "empty":
            return ""  # nothing but missing values
        is_number, is_text = held in _NUMBERS, held == "string"
    return ("numbers" if numbers and not is_number else "") or ("text" if text and not is_text else "")


def _holds(part: pd.DataFrame, conditions: tuple[Condition, ...]) -> Flags:
    holds = np.ones(len(part), dtype=np.bool_)
    for condition in conditions:
        column = part[condition.column]
        if isinstance(column.dtype, pd.CategoricalDtype):
            held: Any = pd.array(column.cat.categories.to_list())
            column = pd.Series(held.take(column.cat.codes.to_numpy(np.int64), allow_fill=True), part.index)
        expected = _misfit(column, condition)
        if expected and column.notna().any():
            raise TypeError(f"column {condition.column}: {expected} expected")
        if infinite := _infinite(column):  # no amount, yet above any bound
            hint = "Correct the register, or make them missing."
            got = f"{infinite:,} in one part of the register"
            raise InputError(Fault("infinite numbers", f"column {condition.column}", "amounts", got, hint))
        if condition.equals is not None:
            holds &= _flags(column == condition.equals)
        if condition.is_in is not None:
            holds &= _flags(column.isin(list(condition.is_in)))
        for name, compare in COMPARE.items():
            bound = getattr(condition, name)
            if bound is not None:
                holds &= _flags(compare(column, bound))
    return holds


def _infinite(column: pd.Series) -> int:
    if not pd.api.types.is_float_dtype(column.dtype):
        return 0
    return int(np.isinf(column.to_numpy(np.float64, na_value=np.nan)).sum())


def _flags(found: pd.Series) -> Flags:
    flags: Flags = found.fillna(False).to_numpy(np.bool_) if found.dtype != np.bool_ else found.to_numpy()
    return flags


def _count(part: pd.DataFrame, definition: Definition) -> pd.DataFrame:
    """Count one part: a row a code; persons without an area have the code ""."""
    place, found = pd.factorize(part[definition.area], use_na_sentinel=True)
    # a column of a fixed width is filled up with blanks
    codes = np.array([*(str(code).strip(" \t\u00a0\x00") for code in found), _NOWHERE], dtype=object)
    place = np.where(place < 0, len(codes) - 1, place)
    flags: list[Flags | None] = [None]
    for factor in definition.factors:
        within = _holds(part, factor.denominator)
        known = np.ones(len(part), dtype=np.bool_)
        for condition in factor.numerator:
            known &= part[condition.column].notna().to_numpy(np.bool_)
        flags += [within & known & _holds(part, factor.numerator), within & known, within & ~known]
    columns = {
        name: np.bincount(place if flag is None else place[flag], minlength=len(codes)).astype(np.int64)
        for name, flag in zip(column_names(definition), flags, strict=True)
    }
    return _add(pd.DataFrame({_CODE: pd.Series(codes, dtype=object), **columns}))


def _add(parts: pd.DataFrame) -> pd.DataFrame:
    return parts.groupby(_CODE, sort=True).sum().reset_index()


def _to_table(counted: pd.DataFrame, definition: Definition, edition: int | None, source: str) -> Counts:
    """Parse the codes, and bring the counts to the areas of the edition."""
    population = definition.population
    persons = int(counted[population].sum())
    if persons == 0:
        hint = "Look at the year and the files."
        raise InputError(Fault("no person at all", source, hint=hint))
    nowhere = int(counted.loc[counted.index == _NOWHERE, population].sum())
    counted = counted[(counted.index != _NOWHERE) & (counted[population] > 0)]
    given = pd.Series(counted.index, dtype=object)
    by_deso = edition is None and bool(given.astype(str).str.match(r"^\d{3,4}[A-Ca-c]\d{4}").mean() > 0.5)
    parsed = parse_codes(given, "deso" if by_deso else "regso")
    faults = [
        Fault(str(row.reason), f"{source}, column {definition.area}", got=repr(row.given),
              hint="Correct the code, or make it missing: persons without an area are counted apart.")
        for row in parsed.refused.itertuples()
    ]  # fmt: skip
    if edition is not None:
        faults += check_edition(parsed.codes.dropna(), edition)
    if faults:
        raise InputError(faults)
    summed = counted.set_axis(parsed.codes.to_numpy(), axis=0).groupby(level=0).sum()
    if edition is not None:
        summed = summed.reindex(code_set(edition), fill_value=0)
    unknown = {factor.key: int(counted[f"{factor.key}_unknown"].sum()) for factor in definition.factors}
    kept = [name for name in column_names(definition) if not name.endswith("_unknown")]
    table = summed[kept].astype(np.int64).rename_axis(c.REGSO).reset_index()
    return Counts(table.assign(synthetic="yes") if definition.synthetic else table, persons, nowhere, unknown)


def write_counts(counts: Counts, out: str | Path) -> Path:
    """Write the table in any format of tables, whole or not at all.

    Raises
    ------
    InputError  the file exists; another ending
    """
    out = Path(out)
    if not out.is_dir():
        find_format(out, formats.TABLES)
    if out.exists():
        raise InputError(Fault("the table exists", str(out), hint="Choose another --out, or remove the file."))
    with whole_file(out) as partial:
        write_figures(counts.table, partial, out.suffix)
    return out
