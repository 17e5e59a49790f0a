"""A table of several dimensions, whatever file it came in: JSON-stat or PC-Axis; and its plain form, bounded."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

MOST_BYTES = 48 * 2**20  # of a file; as Python objects JSON takes up to forty times its size
MOST_CELLS = 2_000_000
MOST_STUB = 20_000_000  # cells of the columns of categories
MOST_DIMENSIONS = 30  # an array of numpy has at most 64
MOST_COLUMNS = 5_000  # measures times periods
PERIOD = r"(?:19|20)\d\d(?:[MKTVHQ]\d{1,2})?"
TIMES = {"år", "year", "tid", "time", "månad", "month", "kvartal", "quarter", "period"}

# A number beside one of these is no figure: the table hides it, or has none.
_HIDDEN = {"..", "x", "c", "*", ":", "q", "s.", "hidden", "suppressed", "confidential", "secret", "sekretess",
           "skyddad", "undertryckt"}  # fmt: skip
# Flags of Eurostat and SDMX under which a number stays a number: provisional, estimated, revised, break and so on.
_FLAGS = re.compile(r"[abdefgiprstuvn]{1,4}", re.IGNORECASE)
_WORDS = {"normal", "ok", "provisional", "preliminary", "estimated", "estimate", "revised", "forecast", "imputed",
          "break", "preliminär", "uppskattad", "reviderad"}  # fmt: skip
NIL = ("-", "–")
MARKED = re.compile(r"(\S+) \[(.+)\]")


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
    eliminable: bool = False


@dataclass(frozen=True)
class Dataset:
    """A table of several dimensions, or the description of one.

    Parameters
    ----------
    dimensions : in the order of the cells
    label, source, updated, notes : what the table says of itself
    contents, time : keys of the dimensions that name the measure and the period; None where it has none
    cells : (n_cells,) text: a number, a mark, "number [mark]" for a mark that only a method can know, or "" where
        nothing stands; empty for a description
    measure : the name of the one measure of a table without `contents`
    """

    dimensions: tuple[Dimension, ...]
    label: str
    source: str
    updated: str
    notes: tuple[str, ...]
    contents: str | None
    time: str | None
    cells: tuple[str, ...]
    measure: str = "value"

    def __getitem__(self, key: str) -> Dimension:
        return next(one for one in self.dimensions if one.key == key)

    @property
    def size(self) -> int:
        """Cells that the dimensions make."""
        return math.prod(len(one.codes) for one in self.dimensions)


@dataclass(frozen=True)
class Described:
    """What a file says of the columns of its plain form.

    Parameters
    ----------
    values : measure and period of each column of figures
    measures : text by measure
    columns : text by column of categories
    labels : text by code, by column of categories
    """

    values: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    measures: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Plain:
    """A dataset in the form of PxWeb's CSV.

    Parameters
    ----------
    frame : a column a dimension, then one for each measure and period
    described : what the file says of these columns
    """

    frame: pd.DataFrame
    described: Described


def check_sizes(sizes: list[int], across: list[int]) -> None:
    """Refuse a table that would not fit, before anything is made of it.

    Parameters
    ----------
    sizes : categories of every dimension
    across : of these, those of measures and periods, which become columns

    Raises
    ------
    ValueError  more cells or columns than are read
    """
    if len(sizes) > MOST_DIMENSIONS:
        raise ValueError(f"{len(sizes)} dimensions, at most {MOST_DIMENSIONS} are read")
    cells, columns = math.prod(sizes), math.prod(across)
    if cells > MOST_CELLS:
        raise ValueError(f"{cells} cells, at most {MOST_CELLS} are read: choose fewer categories")
    if columns > MOST_COLUMNS:
        raise ValueError(f"{columns} measures and periods, at most {MOST_COLUMNS} are read")
    if cells and cells // columns * (len(sizes) - len(across)) > MOST_STUB:
        raise ValueError(f"{cells} cells of {len(sizes)} dimensions: choose fewer categories")


def marked(number: str, mark: str) -> str:
    """Give the text of a cell with a number and a mark.

    A mark of suppression or absence hides the number; a flag such as "p" (provisional) does not; a dash says that the 0
    is an absolute zero. Any other mark stays beside the number, for the method to say what it is.

    Raises
    ------
    ValueError  a number other than 0 with the mark of an absolute zero
    """
    mark = mark.strip()
    small = mark.lower()
    if not mark or small in _WORDS or (_FLAGS.fullmatch(mark) and small not in _HIDDEN):
        return number
    if mark in NIL:
        if number and float(number) != 0:
            raise ValueError(f"the number {number} with the mark {mark!r} of a zero")
        return number or mark
    if small in _HIDDEN:
        return mark if len(mark) <= 2 and mark not in ("C", "q", "Q", "s.") else ".."
    if not re.search(r"[^\W_]", mark):  # signs alone: dots, a circle, a cross
        return mark if mark == "." else ".."
    return f"{number} [{mark}]" if number else mark


def to_plain(dataset: Dataset) -> Plain:
    """Give a dataset in the form of PxWeb's CSV: a column a dimension, then one for each measure and period.

    Returns
    -------
    (n_rows,) text; the index counts from 2, as rows of a file with a header
    """
    across = [key for key in (dataset.contents, dataset.time) if key]
    stub = [one for one in dataset.dimensions if one.key not in across]
    cells = np.array(dataset.cells, dtype=object).reshape([len(one.codes) for one in dataset.dimensions])
    order = [[one.key for one in dataset.dimensions].index(key) for key in [*(one.key for one in stub), *across]]
    rows = math.prod(len(one.codes) for one in stub)
    measures = dataset[dataset.contents].codes if dataset.contents else (dataset.measure,)
    periods = dataset[dataset.time].codes if dataset.time else ("",)
    values = {f"{measure} {period}".strip(): (measure, period) for measure in measures for period in periods}
    cells = cells.transpose(order).reshape(rows, len(measures) * len(periods))
    index = pd.RangeIndex(2, rows + 2)
    frame = pd.DataFrame(cells, columns=list(values), index=index, dtype=object)
    if stub:
        columns, inner = {}, rows
        for one in stub:
            inner //= len(one.codes)
            codes = np.array(one.codes, dtype=object)
            columns[one.key] = np.tile(np.repeat(codes, inner), rows // (inner * len(codes)))
        frame = pd.concat([pd.DataFrame(columns, index=index, dtype=object), frame], axis=1)
    described = Described(
        values,
        dict(dataset[dataset.contents].labels) if dataset.contents else {},
        {one.key: one.label for one in stub},
        {one.key: one.labels for one in stub},
    )
    return Plain(frame, described)


def join_parts(parts: Sequence[Plain]) -> Plain:
    """Put the parts of one table, each with other categories of one dimension, below each other."""
    frame = pd.concat([part.frame for part in parts], ignore_index=True)
    labels: dict[str, dict[str, str]] = {}
    for part in parts:
        for column, named in part.described.labels.items():
            labels.setdefault(column, {}).update(named)
    return Plain(frame, replace(parts[0].described, labels=labels))
