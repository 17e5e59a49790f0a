"""An agency's table with the groups of a release put beside, for summaries."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from regso_cluster.areas.codes import parse_codes
from regso_cluster.delivery.summarise import UNMATCHED
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.reading import RawTable, as_text, parse_numbers
from regso_cluster.files.numbers import explain
from regso_cluster.files.totals import find_totals
from regso_cluster.method import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regso_cluster.release import Release

JOINED = "regso_code"  # as `join` calls it
YES = ("ja", "true", "sant", "yes")
NO = ("nej", "false", "falskt", "no")


def attach_groups(
    data: pd.DataFrame, release: Release, on: str, by: Sequence[str], where: str = "table"
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Put groups of a release beside a table, by RegSO code: one row in, one row out.

    Parameters
    ----------
    data : the table; not changed
    release : whose groups
    on : column with RegSO codes
    by : columns of the release's areas: composite_group, cluster, band, a factor's tier
    where : the table's name, for messages

    Returns
    -------
    The table with the groups as text; rows without an area have the group "unmatched", areas without a group "-"; and
    notes on codes that were mended or not found

    Raises
    ------
    InputError  no such columns, no code that is an area, codes of another edition
    """
    faults = []
    if on not in data:
        hint = f"Name the column of codes with --on; there are: {', '.join(map(str, data.columns[:20]))}."
        faults.append(Fault("no such column", f"{where}, column {on}", hint=hint))
    groups = [str(name) for name in release.groups["grouping"].unique()]
    hint = f"There are: {', '.join(groups)}."
    faults += [Fault("no such grouping in the release", name, hint=hint) for name in by if name not in release.areas]
    if faults:
        raise InputError(faults)
    parsed = parse_codes(data[on], "regso")
    edition = release.manifest["edition"]
    if parsed.editions and edition and set(parsed.editions) != {edition}:
        hint = "About 288 areas have other borders: move the figures through a crosswalk first."
        got = ", ".join(map(str, parsed.editions))
        raise InputError(Fault("codes of another edition", f"{where}, column {on}", str(edition), got, hint))
    found = parsed.codes.isin(release.areas.index).to_numpy()
    if not found.any():
        hint = "Join on the code, as 0114R001, never on the name."
        got = "; ".join(map(as_text, data[on].head(2)))
        raise InputError(Fault("no row has an area of the release", f"{where}, column {on}", "0114R001", got, hint))
    joined = data.assign(**{on: parsed.codes})
    for name in by:
        column = release.areas[name].astype("Int64") if name in groups else release.areas[name]
        own = column.astype(object).reindex(parsed.codes.to_numpy()).to_numpy()
        joined[name] = np.where(found, own, UNMATCHED)
    notes = []
    if len(parsed.repaired):
        notes.append(f"{len(parsed.repaired)} codes mended, as {parsed.repaired['given'].iloc[0]!r}")
    if (~found).any():
        lost = ", ".join(repr(as_text(cell)) for cell in data.loc[~found, on].head(3))
        notes.append(f"{int((~found).sum())} rows have no area of the release and are the group {UNMATCHED!r}: {lost}")
    return joined, tuple(notes)


@dataclass(frozen=True)
class Marks:
    """Marks that a command line declares, besides those of every table: suppressed, missing, and read as 0."""

    suppressed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    zero: tuple[str, ...] = ()


def drop_totals(raw: RawTable, counted: Sequence[str], keys: Sequence[str]) -> RawTable:
    """Leave out rows that are totals of others, with a note: counted as units they double every figure.

    Parameters
    ----------
    counted : columns of figures
    keys : columns that every unit has filled
    """
    found = find_totals(raw.frame, counted, keys)
    if not found.rows.any():
        return raw
    return replace(raw, frame=raw.frame[~found.rows], notes=(*raw.notes, found.note(raw.frame.index)))


def read_variables(
    raw: RawTable, columns: Sequence[str], marks: Marks | None = None
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read columns of a table as numbers, or as true and false where all cells say so.

    Parameters
    ----------
    marks : further marks of suppressed and missing cells, and of 0

    Raises
    ------
    InputError  columns that are missing, text in a number, error cells of a workbook
    """
    marks = marks or Marks()
    suppressed = tuple(mark for mark in (*Table().suppressed, *marks.suppressed) if mark not in marks.zero)
    missing = tuple(mark for mark in (*Table().missing, *marks.missing) if mark not in marks.zero)
    frame = raw.frame.copy()
    faults, notes = [], []
    for name in columns:
        if name not in frame:
            hint = f"Columns there are: {', '.join(map(str, frame.columns[:20]))}."
            faults.append(Fault("no such column", f"{raw.name}, column {name}", hint=hint))
            continue
        text = frame[name].map(as_text).str.lower()
        known = text.isin((*YES, *NO))
        if known.any() and (known | text.isin((*suppressed, *missing, ""))).all():
            frame[name] = text.map(dict.fromkeys(YES, True) | dict.fromkeys(NO, False)).astype("boolean")
            continue
        numbers = parse_numbers(frame[name], suppressed, missing, decimal_comma=raw.decimal_comma, zero=marks.zero)
        for row, cell in numbers.bad.items():
            what, hint = explain(cell)
            if what == "text in a number":
                hint += " A mark of your own is declared with --suppressed or --missing."
            faults.append(Fault(what, f"{raw.name}, row {row}, column {name}", "a number", repr(cell), hint))
        notes += [f"column {name}: {note}" for note in numbers.notes]
        notes += [
            f"column {name}: {count} cells {mark!r} kept as missing; PxWeb writes it for zero: if so here, give "
            f"--zero={mark}"
            for mark, count in numbers.marks if mark in ("-", "–")
        ]  # fmt: skip
        frame[name] = numbers.values
    if faults:
        raise InputError(faults)
    return frame, tuple(notes)


def with_regions(
    data: pd.DataFrame, columns: Sequence[str], of: str | None, value: str | None, where: str
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray | None, tuple[str, ...]]:
    """Give the keys of a table as text, kommun and län from RegSO codes where they are missing, and its figures.

    Rows without a figure are left out, with a note.

    Raises
    ------
    InputError  columns that are missing, cells without a key
    """
    data = data.copy()
    if "regso" in data:
        codes = parse_codes(data["regso"], "regso").codes
        for name, width in (("kommun", 4), ("lan", 2)):
            if name in columns and name not in data:
                data[name] = codes.str.slice(0, width)
        if "regso" in columns:
            data["regso"] = codes
    faults = []
    for name in columns:
        if name not in data:
            hint = f"Columns there are: {', '.join(map(str, data.columns[:20]))}."
            faults.append(Fault("no such column", f"{where}, column {name}", hint=hint))
            continue
        text = data[name].map(as_text)
        data[name] = text.where(text != "", None)
    if faults:
        raise InputError(faults)
    units = data[of].to_numpy(np.float64) if of else np.ones(len(data))
    values = data[value].astype("Float64").to_numpy(np.float64, na_value=np.nan) if value else None
    seen = np.isfinite(units) & (np.isfinite(values) if values is not None else True)
    notes = (f"{int((~seen).sum())} rows without a figure left out",) if (~seen).any() else ()
    return data[seen].reset_index(drop=True), units[seen], values[seen] if values is not None else None, notes
