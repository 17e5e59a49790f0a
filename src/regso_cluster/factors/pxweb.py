"""What PxWeb gives, JSON-stat 2 and its CSV: read as text, then brought to one row an area.

Marks such as `..` stay as they stand; the method judges them. Outside an edition's years a table may hold 0 where there
is nothing (TAB6574 does): such cells are told by the edition of the code and the year, never by their value.

JSON-stat 2: https://json-stat.org/full/ (sections dataset, dimension, value, status).
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from regso_cluster.areas.editions import detect_edition, edition_of_year
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.reading import RawTable

LARGEST_CELLS = 20_000_000
AREA_CODE = r"\d{4}(?:R\d{3}|[ABC]\d{4})(?:_(?:RegSO|DeSO)\d{4})?"
_PERIOD = r"(?:19|20)\d\d(?:[MKTV]\d{1,2})?"
_VALUE_COLUMN = re.compile(rf"(.+) ({_PERIOD})")
_CONTENTS_CODE = re.compile(r"[0-9A-Z]{8}")


@dataclass(frozen=True)
class Dimension:
    """One dimension of a table.

    Parameters
    ----------
    key, label : its code and text
    codes : in order
    labels : by code
    eliminable : may be left out of a question; then the service gives its total
    """

    key: str
    label: str
    codes: tuple[str, ...]
    labels: dict[str, str]
    eliminable: bool


@dataclass(frozen=True)
class Dataset:
    """A table in JSON-stat 2, or the description of one.

    Parameters
    ----------
    dimensions : in the order of the cells
    label, source, updated, notes : what the table says of itself
    contents, time : keys of the dimensions that name the measure and the period; None where it has none
    cells : (n_cells,) text: a number, a mark, or "" where nothing stands; empty for a description
    """

    dimensions: tuple[Dimension, ...]
    label: str
    source: str
    updated: str
    notes: tuple[str, ...]
    contents: str | None
    time: str | None
    cells: tuple[str, ...]

    def __getitem__(self, key: str) -> Dimension:
        return next(one for one in self.dimensions if one.key == key)

    @property
    def size(self) -> int:
        """Cells that the dimensions make."""
        return math.prod(len(one.codes) for one in self.dimensions)


def parse_dataset(content: bytes, name: str, *, described: bool = False) -> Dataset:
    """Read JSON-stat 2.

    Parameters
    ----------
    content : of a file or an answer
    name : of it, for messages
    described : a description: it has no cells

    Raises
    ------
    InputError  broken JSON, another class or version, sizes that do not agree, a cell that is no number
    """
    try:
        read = json.loads(content)
        if read["class"] != "dataset" or not str(read["version"]).startswith("2"):
            raise ValueError(f"class {read['class']!r}, version {read['version']!r}")
        dimensions = tuple(_dimension(key, read["dimension"][key]) for key in read["id"])
        sizes = [len(one.codes) for one in dimensions]
        if sizes != read["size"] and not described:
            raise ValueError(f"size {read['size']}, categories {sizes}")
        role = read.get("role", {})
        absent = {key for named in (role.get("metric"), role.get("time")) for key in (named or [])[:1]} - set(
            read["id"]
        )
        if absent:  # kept in a cache, such an answer would be refused at every later run
            raise ValueError(f"roles of dimensions that are not there: {', '.join(map(str, absent))}")
        notes = [
            *read.get("note", []),
            *(note for key in read["id"] for note in read["dimension"][key].get("note", [])),
        ]
        return Dataset(
            dimensions, str(read.get("label", "")), str(read.get("source", "")), str(read.get("updated", "")),
            tuple(" ".join(str(note).split()) for note in notes), next(iter(role.get("metric", [])), None),
            next(iter(role.get("time", [])), None),
            () if described else _cells(read["value"], read.get("status"), math.prod(sizes)),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        hint = "Fetch it again as json-stat2: outputFormat=json-stat2."
        got = f"{type(error).__name__}: {error}"[:120]
        raise InputError(Fault("not readable as JSON-stat 2", name, got=got, hint=hint)) from error


def _dimension(key: str, read: dict[str, Any]) -> Dimension:
    category = read["category"]
    labels = {str(code): str(label) for code, label in category.get("label", {}).items()}
    index = category.get("index", list(labels))
    if isinstance(index, dict):
        if sorted(index.values()) != list(range(len(index))):
            raise ValueError(f"positions of {key} with gaps")
        index = sorted(index, key=index.__getitem__)
    if len(set(index)) != len(index):
        raise ValueError(f"a code of {key} stands twice")
    eliminable = bool(read.get("extension", {}).get("elimination", False))
    return Dimension(key, str(read.get("label", key)), tuple(map(str, index)), labels, eliminable)


def _cells(value: Any, status: Any, size: int) -> tuple[str, ...]:
    """Give each cell as text: the number, else the mark of its status."""
    if size > LARGEST_CELLS:
        raise ValueError(f"{size} cells")
    if isinstance(value, dict):  # sparse
        filled: list[Any] = [None] * size
        for position, number in value.items():
            filled[_position(position, size)] = number
        value = filled
    if len(value) != size:
        raise ValueError(f"{len(value)} cells for {size} places")
    marks: dict[int, str] = {}
    if isinstance(status, dict):
        marks = {_position(position, size): str(mark) for position, mark in status.items()}
    elif isinstance(status, list):
        if len(status) not in (1, size):
            raise ValueError(f"{len(status)} marks for {size} places")
        marks = {place: str(mark) for place, mark in enumerate(status * (size // len(status))) if mark is not None}
    elif status is not None:
        marks = dict.fromkeys(range(size), str(status))
    return tuple(marks.get(place, "") if one is None else _as_number(one) for place, one in enumerate(value))


def _position(position: Any, size: int) -> int:
    if not 0 <= int(position) < size:
        raise ValueError(f"no place {position} among {size}")
    return int(position)


def _as_number(value: Any) -> str:
    if isinstance(value, str):
        return value  # a mark, in the tables of some services
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(f"a cell that is no number: {value!r}")
    return repr(value)


def read_jsonstat(content: bytes, name: str) -> pd.DataFrame:
    """Read JSON-stat 2 in the form of PxWeb's CSV: a column a dimension, then one for each measure and period.

    Returns
    -------
    (n_rows,) text; the index counts from 2, as rows of a file with a header

    Raises
    ------
    InputError  as `parse_dataset`
    """
    dataset = parse_dataset(content, name)
    across = [key for key in (dataset.contents, dataset.time) if key]
    stub = [one for one in dataset.dimensions if one.key not in across]
    cells = np.array(dataset.cells, dtype=object).reshape([len(one.codes) for one in dataset.dimensions])
    order = [[one.key for one in dataset.dimensions].index(key) for key in [*(one.key for one in stub), *across]]
    rows = math.prod(len(one.codes) for one in stub)
    cells = cells.transpose(order).reshape(rows, -1)
    measures = dataset[dataset.contents].codes if dataset.contents else ("value",)
    periods = dataset[dataset.time].codes if dataset.time else ("",)
    columns = [f"{measure} {period}".strip() for measure in measures for period in periods]
    grid = pd.MultiIndex.from_product([one.codes for one in stub], names=[one.key for one in stub])
    index = pd.RangeIndex(2, rows + 2)
    values = pd.DataFrame(cells, columns=columns, index=index, dtype=object)
    return pd.concat([grid.to_frame(index=False).astype(object).set_axis(index), values], axis=1)


def to_areas(raw: RawTable, code: str, wanted: frozenset[str] = frozenset(), *, area: str | None = None) -> RawTable:
    """Bring what PxWeb gives to one row an area; any other table stays as it is.

    Parameters
    ----------
    raw : as read
    code : the name that the column of codes is to have
    wanted : column names; a table that has them all is not changed
    area : the column of areas where it is known; otherwise it is found by its RegSO or DeSO codes

    Returns
    -------
    RawTable with the columns `code`, one for each measure (followed by the categories of what else the table is parted
    by, where there are several), and `year` where it is of one year. The suffix of an edition stays on the codes, for
    `parse_codes`. Rows of an edition without figures of the year are left out with a note; of several years, its cells
    are emptied.

    Raises
    ------
    InputError  two rows for one area and category; no row of an edition with figures
    """
    found = _areas_of(raw.frame, area)
    if found is None or (wanted and wanted <= set(raw.frame.columns)):
        return raw
    area, stub, values = found
    frame, notes = raw.frame, list(raw.notes)
    periods = sorted({period for _, period in values.values()} - {""})
    frame = _mask(frame, area, {column: period for column, (_, period) in values.items()}, notes)
    if frame.empty:
        hint = "Fetch the table in the edition of its years."
        raise InputError(Fault("no area has figures of these periods", raw.name, got="; ".join(notes[-1:]), hint=hint))
    parting = [column for column in stub if frame[column].unique().size > 1]
    notes += [f"column {column}: {frame[column].iloc[0]} throughout" for column in stub if column not in parting]
    twice = frame[frame.duplicated([area, *parting])]
    if len(twice):
        where = f"{raw.name}, row {twice.index[0]}"
        got = ", ".join(str(cell) for cell in twice.iloc[0][[area, *parting]])
        raise InputError(Fault("an area stands twice", where, "one row for each area and category", got))
    wide = {}
    rows = pd.Series(frame.index, index=frame[area].to_numpy()).groupby(level=0, sort=False).first()
    groups = frame.groupby(parting, sort=False) if parting else [((), frame)]
    for key, part in groups:
        for column, (measure, period) in values.items():
            parts = [measure, *map(str, key), *([period] if len(periods) > 1 else [])]
            wide[" ".join(parts)] = part.set_index(area)[column].reindex(rows.index).to_numpy()
    table = pd.DataFrame({code: rows.index, **wide}, index=pd.Index(rows.to_numpy()), dtype=object)
    if len(periods) == 1 and len(periods[0]) == 4:
        table.insert(1, "year", periods[0])
    notes.append(f"read as a table of PxWeb: {len(table)} areas")
    return dataclasses.replace(raw, frame=table, notes=tuple(notes))


def _areas_of(frame: pd.DataFrame, area: str | None) -> tuple[str, list[str], dict[str, tuple[str, str]]] | None:
    """Find the column of areas, the other stub columns, and the value columns with measure and period."""
    values: dict[str, tuple[str, str]] = {}
    for column in reversed(frame.columns):
        match = _VALUE_COLUMN.fullmatch(column)
        if not match:
            break
        values[column] = (match[1], match[2])
    stub = [column for column in frame.columns if column not in values]
    if area is not None:
        return area, [column for column in stub if column != area], dict(reversed(values.items()))
    named = bool(stub) and (
        stub[0].lower() == "region" or any(_CONTENTS_CODE.fullmatch(one) for one, _ in values.values())
    )
    if not (values and named):
        return None
    shares = {column: frame[column].astype(str).str.fullmatch(AREA_CODE, case=False).mean() for column in stub}
    area = max(stub, key=lambda column: shares[column])
    if not shares[area] > 0.5:
        return None
    return area, [column for column in stub if column != area], dict(reversed(values.items()))


def edition_of_codes(codes: pd.Series) -> pd.Series:
    """Tell the edition of each code as a table of SCB writes it.

    Parameters
    ----------
    codes : (n,) text, with or without the suffix of an edition

    Returns
    -------
    (n,) 2020 or 2025; 0 where nothing tells: codes without suffix are of 2020 beside suffixed ones or with the area
    that 2020 alone has
    """
    said = pd.to_numeric(codes.astype(str).str.extract(r"_(?:RegSO|DeSO)(20\d\d)$", flags=re.IGNORECASE)[0])
    plain = codes[said.isna()].astype(str)
    told = detect_edition(plain) or (2020 if said.notna().any() else 0)
    return said.fillna(told).astype(int)


def has_figures(edition: int, period: str) -> bool:
    """Tell whether tables of a period have figures for an edition; 0, an unknown edition, is given the benefit."""
    return not (edition and period) or edition_of_year(int(period[:4])) == edition


def _mask(frame: pd.DataFrame, area: str, periods: dict[str, str], notes: list[str]) -> pd.DataFrame:
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
        notes.append(
            f"{rows} areas of edition {one} left out: it has no figures of {', '.join(sorted(set(periods.values())))}"
        )
    emptied = int((~inside[~beyond]).to_numpy().sum())
    if emptied:
        notes.append(f"{emptied} cells outside the years of their edition emptied")
    return frame[~beyond]
