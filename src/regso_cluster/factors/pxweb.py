"""What PxWeb saves in any form, brought to one row an area: pivoted or one value a row, of CSV, Excel, JSON or PC-Axis.

Marks such as `..` stay as they stand; the method judges them. Outside an edition's years a table may hold 0 where there
is nothing (TAB6574 does): such cells are told by the edition of the code and the year, never by their value.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.areas.edition_table import canonical_year, edition_of_year, edition_table
from regso_cluster.areas.editions import detect_edition
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.pxweb_columns import Wide, WideColumn, choose_period
from regso_cluster.files.dataset import MARKED, MOST_COLUMNS, Described
from regso_cluster.files.distinct import map_distinct
from regso_cluster.files.numbers import as_text
from regso_cluster.files.pxweb_layout import VALUE_COLUMN, WITH_TEXT, Layout, find_layout
from regso_cluster.files.raw_table import RawTable
from regso_cluster.words.notes import Note

_MOST_WIDE = 40_000_000  # areas times columns


def to_areas(
    raw: RawTable, code: str, wanted: frozenset[str] = frozenset(), *, area: str | None = None, year: int | None = None
) -> RawTable:
    """Bring what PxWeb gives to one row an area; any other table stays as it is.

    Parameters
    ----------
    raw : as read
    code : the name that the column of codes is to have
    wanted : column names; a table that has them all is not changed. Codes and texts of measures and categories serve
    area : the column of areas where it is known; otherwise it is found by its RegSO or DeSO codes
    year : of a table of several years, the one that is meant

    Returns
    -------
    RawTable with the columns `code`, one for each measure (followed by the categories of what else the table is parted
    by, where there are several), and `year` where it is of one year. The suffix of an edition stays on the codes, for
    `parse_codes`. Rows of an edition without figures of the year are left out with a note; of several years, its cells
    are emptied.

    Raises
    ------
    InputError  two rows for one area and category; no row of an edition with figures; a measure that is wanted and of
        which there are several, by categories or by years; more than `dataset.MOST_COLUMNS` of them
    """
    complete = bool(wanted) and {code, *wanted} <= set(raw.frame.columns)
    found = find_layout(raw.frame, area, code, raw.described)
    if found is None or (complete and found.time is None and found.contents is None):
        return raw
    notes = list(raw.notes)
    frame = _codes_alone(raw, found.area, notes)
    if found.time or found.contents:
        frame, found = _one_row(frame, found, raw.name)
    periods = sorted({period for _, period in found.values.values()} - {""})
    frame = _mask(frame, found.area, {column: period for column, (_, period) in found.values.items()}, notes)
    if frame.empty:
        hint = "Fetch the table in the edition of its years."
        raise InputError(Fault("no area has figures of these periods", raw.name, got="; ".join(notes[-1:]), hint=hint))
    parting, told = [], []
    for column in found.stub:
        per_area = frame.groupby(found.area, sort=False)[column].nunique()
        if len(set(frame[column])) == 1:
            notes.append(Note("same_throughout", column=column, value=str(frame[column].iloc[0])))
        elif (per_area == 1).all() and len(per_area) == len(frame):  # the name of the area, its kommun
            told.append(column)
        else:
            parting.append(column)
    at, groups, block = _spread(frame, [found.area], parting, list(found.values), raw.name)
    rows = frame.iloc[at]
    columns = [WideColumn(measure, key, period) for key in groups for measure, period in found.values.values()]
    named = Wide(raw.name, columns, parting, periods, year, raw.described or Described())
    wide = named.name_columns(block, wanted, notes)
    table = pd.DataFrame(
        {code: rows[found.area].to_numpy(), **{one: rows[one].to_numpy() for one in told if one not in wide}, **wide},
        index=pd.Index(rows.index.to_numpy()), dtype=object,
    )  # fmt: skip
    chosen = choose_period(periods, year)
    if len(chosen) == 4 and "year" not in table:
        table.insert(1, "year", chosen)
    notes.append(Note("pxweb_table", count=len(table)))
    return dataclasses.replace(raw, frame=table, notes=tuple(notes))


def settle_marks(raw: RawTable, marks: Iterable[str]) -> RawTable:
    """Read numbers with a mark of their file, "5 [sekr]", as the method says: one of its marks hides the number.

    Parameters
    ----------
    marks : those of suppression and absence that the method names; under any other the number stays, with a note
    """
    if raw.described is None:
        return raw
    known, frame = set(marks), raw.frame.copy()
    kept: dict[str, int] = {}
    for at in range(frame.shape[1]):
        if not any(isinstance(cell, str) and cell.endswith("]") for cell in frame.iloc[:, at].unique()):
            continue
        cells = frame.iloc[:, at].tolist()
        ends = [row for row, cell in enumerate(cells) if isinstance(cell, str) and cell.endswith("]")]
        for row in ends:
            found = MARKED.fullmatch(cells[row])
            if found:
                cells[row] = found[2] if found[2] in known else found[1]
                if found[2] not in known:
                    kept[found[2]] = kept.get(found[2], 0) + 1
        frame.isetitem(at, pd.Series(cells, dtype=object).array)
    notes = [Note("numbers_with_mark", count=count, mark=mark[:40]) for mark, count in sorted(kept.items())]
    return dataclasses.replace(raw, frame=frame, notes=(*raw.notes, *notes))


def _spread(
    frame: pd.DataFrame, rows: list[str], keys: list[str], values: list[str], name: str
) -> tuple[npt.NDArray[np.intp], list[tuple[str, ...]], npt.NDArray[np.object_]]:
    """Bring a table to one row for each of `rows`, and a column for each of `keys` and `values`.

    Returns
    -------
    first row of each, the categories of `keys` in the order of their first row, and (n_rows, n_keys * n_values) cells,
    NaN where the table has no row
    """
    row = frame.groupby(rows, sort=False).ngroup().to_numpy()
    group = frame.groupby(keys, sort=False).ngroup().to_numpy() if keys else np.zeros(len(frame), np.intp)
    at = np.unique(row, return_index=True)[1]
    begin = np.unique(group, return_index=True)[1]
    named = frame[keys].to_numpy(dtype=object)[begin] if keys else [()]
    groups: list[tuple[str, ...]] = [tuple(map(str, one)) for one in named]
    if len(groups) * len(values) > MOST_COLUMNS or len(at) * len(groups) * len(values) > _MOST_WIDE:
        got = f"{len(groups):,} categories of {len(values):,} columns"
        hint = f"Save fewer categories of {', '.join(keys)}." if keys else "Save fewer columns."
        raise InputError(Fault("too many categories", name, f"at most {MOST_COLUMNS:,} columns", got, hint))
    order = np.lexsort((group, row))
    same = (np.diff(row[order]) == 0) & (np.diff(group[order]) == 0)
    if same.any():
        twice = int(order[1:][same].min())
        got = ", ".join(str(cell) for cell in frame.iloc[twice][[*rows, *keys]])[:120]
        where = f"{name}, row {frame.index[twice]}"
        raise InputError(Fault("an area stands twice", where, "one row for each area and category", got))
    block = np.full((len(at), len(groups) * len(values)), np.nan, dtype=object)
    for place, column in enumerate(values):
        block[row, group * len(values) + place] = frame[column].to_numpy(dtype=object)
    return at, groups, block


def _one_row(frame: pd.DataFrame, found: Layout, name: str) -> tuple[pd.DataFrame, Layout]:
    """Bring a table of one value a row to the pivoted form: a column for each measure and period."""
    keys = [key for key in (found.contents, found.time) if key]
    rows = [found.area, *found.stub]
    at, groups, block = _spread(frame, rows, keys, list(found.values), name)
    values: dict[str, tuple[str, str]] = {}
    for group in groups:
        for column in found.values:
            measure = group[0] if found.contents else column
            if found.contents and len(found.values) > 1:
                measure = f"{measure} {column}"
            period = group[-1] if found.time else ""
            values[f"{measure} {period}".strip()] = (measure, period)
    kept = frame.iloc[at][rows]
    cells = pd.DataFrame(block, columns=list(values), index=kept.index, dtype=object)
    return pd.concat([kept, cells], axis=1), Layout(found.area, found.stub, values)


def _codes_alone(raw: RawTable, area: str, notes: list[Note]) -> pd.DataFrame:
    """Take the text from codes that have one beside them, and make text of what the rows are known by."""
    frame = raw.frame
    given = pd.Series(map_distinct(frame[area], as_text), index=frame.index, dtype=object)
    codes = {text: _code_of(text) for text in given.unique()}
    alone = given.map(codes)
    beside = given.map({text: code != text for text, code in codes.items()}).astype(bool)
    if beside.any():
        first = given[beside].iloc[0]
        taken = int(given[beside].nunique())
        to = alone[beside].iloc[0]
        notes.append(Note("codes_beside_text", count=taken, given=first[:60], code=to))
    figures = {column for column in frame.columns if VALUE_COLUMN.fullmatch(str(column))}
    frame = frame.copy()
    for column in frame.columns:
        if column != area and column not in figures and raw.described is None:  # else all is text as it is read
            frame[column] = map_distinct(frame[column], as_text)
    frame[area] = alone
    return frame


def _code_of(text: str) -> str:
    """Give the code before the text beside it; a cell of another form as it is."""
    found = re.fullmatch(WITH_TEXT, text, re.IGNORECASE | re.DOTALL)
    return found[1] if found and found[2] else text


def edition_of_codes(codes: pd.Series) -> pd.Series:
    """Tell the edition of each code as a table of SCB writes it.

    Parameters
    ----------
    codes : (n,) text, with or without the suffix of an edition

    Returns
    -------
    (n,) as 2025; 0 where nothing tells: codes without suffix are of the edition whose codes alone they are; beside
    suffixed ones of the one that SCB writes so, which is 2020
    """
    distinct = pd.Series(codes.astype(str).unique(), dtype=object)
    said = pd.to_numeric(distinct.str.extract(r"_(?:RegSO|DeSO)(20\d\d)$", flags=re.IGNORECASE)[0])
    plain = distinct[said.isna()]
    unsuffixed = next((one.year for one in edition_table().editions if one.plain_codes), 0)
    told = detect_edition(plain) or (unsuffixed if said.notna().any() else 0)
    years = said.fillna(told).astype(int).map(canonical_year)
    return codes.astype(str).map(dict(zip(distinct, years, strict=True)))


def has_figures(edition: int, period: str) -> bool:
    """Tell whether tables of a period have figures for an edition; 0, an unknown edition, is given the benefit."""
    return not (edition and period) or edition_of_year(int(period[:4])) == edition


def _mask(frame: pd.DataFrame, area: str, periods: dict[str, str], notes: list[Note]) -> pd.DataFrame:
    """Empty the cells outside the years of the edition of their code, and leave out rows that then hold nothing."""
    edition = edition_of_codes(frame[area])
    inside = pd.DataFrame(
        {
            column: edition.map({one: has_figures(one, period) for one in edition.unique()})
            for column, period in periods.items()
        },
        index=frame.index,
    )
    if inside.to_numpy().all():
        return frame
    frame = frame.copy()
    for column in periods:
        frame.loc[~inside[column], column] = ""
    beyond = ~inside.any(axis=1)
    for one in sorted(set(edition[beyond])):
        rows = frame.loc[beyond & (edition == one), area].nunique()
        notes.append(Note("edition_without_figures", count=rows, edition=one, periods=sorted(set(periods.values()))))
    emptied = int((~inside[~beyond]).to_numpy().sum())
    if emptied:
        notes.append(Note("cells_outside_edition", count=emptied))
    return frame[~beyond]
