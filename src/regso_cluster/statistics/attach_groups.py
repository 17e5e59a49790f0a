"""An agency's table with the groups of a release put beside, for summaries."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regso_cluster.areas.codes import parse_codes
from regso_cluster.errors import Fault, InputError
from regso_cluster.files.numbers import as_text, explain, parse_numbers
from regso_cluster.files.raw_table import RawTable
from regso_cluster.files.read_options import ReadOptions
from regso_cluster.files.totals import find_totals, find_totals_as_text, say_unlike_units
from regso_cluster.method import Table
from regso_cluster.schema import columns as c
from regso_cluster.statistics.check_figures import fault_of_totals
from regso_cluster.statistics.hiding import UNMATCHED
from regso_cluster.statistics.joined_columns import CODE, REGIONS, joined_prefix
from regso_cluster.words.notes import Note
from regso_cluster.words.phrases import phrase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regso_cluster.release.model import Release

JOINED = "regso_code"  # as `join` calls it
# groups of rows that have none, in both languages: a published table is one file
APART = tuple(f"{one.sv} / {one.en}" for one in (phrase("without_area"), phrase("not_classified")))
_REGIONAL = r"\d{4}(?:[RCrc]\d+)?$"  # RegSO or kommun, which tell their kommun and län
YES = ("ja", "true", "sant", "yes")
NO = ("nej", "false", "falskt", "no")


def attach_groups(
    data: pd.DataFrame, release: Release, on: str, by: Sequence[str], where: str = "table"
) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """Put groups of a release beside a table, by the code of the area: one row in, one row out.

    Parameters
    ----------
    data : the table; not changed
    release : whose groups
    on : column with RegSO codes, or those of the areas of a release of own areas
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
    groups = [str(name) for name in release.groups[c.GROUPING].unique()]
    hint = f"There are: {', '.join(groups)}."
    faults += [Fault("no such grouping in the release", name, hint=hint) for name in by if name not in release.areas]
    if faults:
        raise InputError(faults)
    edition = release.manifest["edition"]
    codes, notes = _codes(data[on], edition, f"{where}, column {on}")
    found = codes.isin(release.areas.index).to_numpy()
    if not found.any():
        hint = f"Join on the code, as {release.areas.index[0] if edition is None else '0114R001'}, never on the name."
        got = "; ".join(map(as_text, data[on].head(2)))
        expected = f"codes of the release, as {release.areas.index[0]}" if edition is None else "0114R001"
        raise InputError(Fault("no row has an area of the release", f"{where}, column {on}", expected, got, hint))
    joined = data.assign(**{on: codes})
    for name in by:
        column = release.areas[name].astype("Int64") if name in groups else release.areas[name]
        own = column.astype(object).reindex(codes.to_numpy()).to_numpy()
        joined[name] = np.where(found, own, UNMATCHED)
    if (~found).any():
        lost = [repr(as_text(cell)) for cell in data.loc[~found, on].head(3)]
        notes.append(Note("rows_without_area", count=(~found).sum(), group=UNMATCHED, cells=lost))
    return joined, tuple(notes)


def _codes(column: pd.Series, edition: int | None, where: str) -> tuple[pd.Series, list[Note]]:
    """Read a column of codes: RegSO codes, or those of a release of own areas, which are texts as they are."""
    if edition is None:
        text = column.map(as_text)
        return text.where(text != ""), []
    parsed = parse_codes(column, "regso")
    if parsed.editions and set(parsed.editions) != {edition}:
        hint = "The same code can be an area with other borders: move the figures through a crosswalk first."
        got = ", ".join(map(str, parsed.editions))
        raise InputError(Fault("codes of another edition", where, str(edition), got, hint))
    repaired = parsed.repaired
    return parsed.codes, [Note("codes_mended", count=len(repaired), given=one) for one in repaired["given"].head(1)]


def drop_totals(raw: RawTable, counted: Sequence[str], keys: Sequence[str]) -> RawTable:
    """Leave out rows that are totals of others, with a note: counted as units they double every figure.

    Parameters
    ----------
    counted : columns of figures
    keys : columns that every unit has filled
    """
    found = find_totals_as_text(raw.frame, counted, keys)
    if not found.rows.any():
        return raw
    return replace(raw, frame=raw.frame[~found.rows], notes=(*raw.notes, found.note(raw.frame.index)))


def read_variables(
    raw: RawTable, columns: Sequence[str], marks: ReadOptions | None = None
) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """Read columns of a table as numbers, or as true and false where all cells say so.

    Parameters
    ----------
    marks : its further marks of suppressed and missing cells, and of 0

    Raises
    ------
    InputError  columns that are missing, text in a number, error cells of a workbook
    """
    marks = marks or ReadOptions()
    suppressed = tuple(mark for mark in (*Table().suppressed, *marks.suppressed) if mark not in marks.zero)
    missing = tuple(mark for mark in (*Table().absent, *marks.missing) if mark not in marks.zero)
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
        notes += [Note("of_column", column=name, note=note) for note in numbers.notes]
        notes += [
            Note("marked_cells_zero_option", column=name, count=count, mark=mark, option=f"--zero={mark}")
            for mark, count in numbers.marks
            if mark in ("-", "–")
        ]
        frame[name] = numbers.values
    if faults:
        raise InputError(faults)
    return frame, tuple(notes)


def with_regions(
    data: pd.DataFrame, columns: Sequence[str], of: str | None, value: str | None, where: str
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray | None, tuple[Note, ...]]:
    """Give the keys of a table as text, kommun and län from RegSO codes where they are missing, and its figures.

    Of a table that `join` wrote regso, kommun and lan are what it found, and any other key without its prefix, too.
    Rows without a key are a group of their own, rows without a figure are left out, each with a note.

    Raises
    ------
    InputError  columns that are missing, rows that are sums of others and do not say so
    """
    counted = {name: data[name].to_numpy(np.float64, na_value=np.nan) for name in (of, value) if name}
    data, notes = _with_keys(data, columns, where)
    without = np.array([data[name].isin(APART).to_numpy() for name in columns])
    within = np.where(without[0], "", data[columns[0]].to_numpy(object))
    partly = np.any([(data[name] == APART[0]).to_numpy() for name in columns], axis=0)  # as all of a län
    found = find_totals(data, counted, without.all(axis=0) | partly, within)
    if faults := fault_of_totals(data, counted, found):
        raise InputError(faults)
    totals = found.rows
    if totals.any():
        notes.append(Note("total_rows_left_out", count=totals.sum(), rows=list(data.index[totals][:3])))
    data = data[~totals]
    notes += say_unlike_units(data.index, {name: figures[~totals] for name, figures in counted.items()})
    for name in columns:
        for label in APART:
            lost = int((data[name] == label).sum())
            if lost:
                notes.append(Note("rows_of_group", column=name, count=lost, group=label))
    units = counted[of][~totals] if of else np.ones(len(data))
    values = counted[value][~totals] if value else None
    seen = ~np.isnan(units) & (~np.isnan(values) if values is not None else True)
    if (~seen).any():
        notes.append(Note("rows_without_figure", count=(~seen).sum()))
    return data[seen], units[seen], values[seen] if values is not None else None, tuple(notes)


def _with_keys(data: pd.DataFrame, columns: Sequence[str], where: str) -> tuple[pd.DataFrame, list[Note]]:
    """Give the keys as text: the table's own, those that `join` wrote, or what follows from the codes."""
    data, prefix, notes = data.copy(), joined_prefix(data), []
    codes = pd.Series("", index=data.index, dtype=object)
    if prefix is not None:
        codes = data[prefix + CODE].map(as_text)
        notes = _take_joined(data, columns, prefix)
    elif c.REGSO in data:
        codes = parse_codes(data[c.REGSO], "regso").codes.map(as_text)
        if "regso" in columns:
            data[c.REGSO] = codes
    inside = codes.str.match(_REGIONAL)
    for name, width in (("kommun", 4), ("lan", 2)):
        if name in columns and name not in data and inside.any():
            data[name] = codes.where(inside, "").str.slice(0, width)
    regions = {*REGIONS, *((prefix or "") + column for column in REGIONS.values())}
    faults = []
    for name in columns:
        if name not in data:
            hint = f"Columns there are: {', '.join(map(str, data.columns[:20]))}."
            faults.append(Fault("no such column", f"{where}, column {name}", hint=hint))
            continue
        text = data[name].map(as_text)
        if name in regions and (text == "").all():
            hint = "Give codes such as 0114R001, or join the table to a release first."
            faults.append(Fault("no row has an area", f"{where}, column {name}", "codes of areas", hint=hint))
            continue
        data[name] = text.where(text != "", _missing_group(codes, prefix, region=name in regions))
    if faults:
        raise InputError(faults)
    return data, notes


def _take_joined(data: pd.DataFrame, columns: Sequence[str], prefix: str) -> list[Note]:
    """Put the columns that `join` wrote under the names that are asked for; the table's own are kept but for regso."""
    notes = []
    for name in columns:
        joined = prefix + REGIONS.get(name, name)
        if joined in data and (name == "regso" or name not in data) and joined != name:
            if name in data:
                notes.append(Note("joined_column_taken", column=joined, name=name))
            data[name] = data[joined]
    return notes


def _missing_group(codes: pd.Series, prefix: str | None, *, region: bool) -> Any:
    """Name the group of rows without one: a row that has an area is in no group, one without has no area."""
    if region:
        return APART[0]
    return APART[1] if prefix is None else np.where(codes == "", *APART)
