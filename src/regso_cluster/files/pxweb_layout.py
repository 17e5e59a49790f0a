"""Where a table that PxWeb saves has what: the column of areas, categories, periods, figures."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from regso_cluster.files.dataset import PERIOD, TIMES, Described
from regso_cluster.files.distinct import map_distinct
from regso_cluster.files.numbers import as_text

AREA_CODE = r"\d{4}(?:R\d{3}|[ABC]\d{4})(?:_(?:RegSO|DeSO)\d{4})?"
WITH_TEXT = rf"({AREA_CODE})(?:[\s\u00a0]+(\S.*))?"
_CODE = re.compile(WITH_TEXT, re.IGNORECASE)
VALUE_COLUMN = re.compile(rf"(.+) ({PERIOD})")
_CONTENTS_CODE = re.compile(r"[0-9A-Z]{8}")
_CONTENTS = {"tabellinnehåll", "contents", "contentscode", "innehåll", "observations", "table contents"}
_REGIONS = {"region", "område", "area"}


@dataclass(frozen=True)
class Layout:
    """Where a table of PxWeb has what: the column of areas, the other categories, the figures.

    `values` gives measure and period of each column of figures; `keys` are columns that name a measure or a period
    themselves, in tables of one value a row.
    """

    area: str
    stub: list[str]
    values: dict[str, tuple[str, str]]
    contents: str | None = None
    time: str | None = None


def find_layout(frame: pd.DataFrame, area: str | None, code: str, described: Described | None = None) -> Layout | None:
    """Find the column of areas, the other categories, and the columns of figures with measure and period."""
    described = described or Described()
    values = {column: said for column, said in described.values.items() if column in frame.columns}
    if not values:
        for column in reversed(frame.columns):
            match = VALUE_COLUMN.fullmatch(str(column))
            if not match:
                break
            values[column] = (match[1], match[2])
        values = dict(reversed(values.items()))
    stub = [column for column in frame.columns if column not in values]
    if area is not None:
        return Layout(area, [column for column in stub if column != area], values)
    named = bool(stub) and (
        str(stub[0]).lower() in _REGIONS or any(_CONTENTS_CODE.fullmatch(one) for one, _ in values.values())
    )
    if not values or not (named or described.values):
        return _one_value_a_row(frame, code)
    found = _area_column(frame, stub)
    return None if found is None else Layout(found, [column for column in stub if column != found], values)


def _area_column(frame: pd.DataFrame, columns: list[str]) -> str | None:
    shares = {
        column: map_distinct(frame[column], lambda cell: bool(_CODE.fullmatch(str(cell).strip()))).mean()
        for column in columns
    }
    best = max(columns, key=lambda column: shares[column], default=None)
    return best if best is not None and shares[best] > 0.5 else None


def _one_value_a_row(frame: pd.DataFrame, code: str) -> Layout | None:
    """Find the layout of a table of one value a row: categories, the period, then the figures.

    A table of one's own stays as it is: one that has `factor`, or that has its codes where the method looks for them
    and a row for each.
    """
    names = list(frame.columns)
    if "factor" in names or len(set(names)) < len(names) or len(names) < 2:
        return None
    lower = [str(name).strip().lower() for name in names]
    at = next((at for at, name in enumerate(lower[:-1]) if name in TIMES and _is_time(frame[names[at]])), None)
    said = lower[0] == "region" or (lower[0] in _REGIONS and not _CONTENTS.isdisjoint(lower[:-1]))
    if at is None and not said:
        return None
    time = None if at is None else names[at]
    values = names[at + 1 :] if at is not None else names[-1:]
    stub = names[:at] if at is not None else names[:-1]
    area = _area_column(frame, stub)
    if area is None:
        return None
    contents = next((name for name in stub if str(name).strip().lower() in _CONTENTS), None)
    rest = [name for name in stub if name not in (area, contents)]
    several = [name for name in [*rest, *([contents] if contents else [])] if _parts(frame, area, name)]
    if area == code and not several:
        return None
    if time is None and contents is None:  # figures without a period: as pivoted
        return Layout(area, rest, {name: (name, "") for name in values})
    return Layout(area, rest, {name: (name, "") for name in values}, contents, time)


def _is_time(column: pd.Series) -> bool:
    return bool(map_distinct(column, lambda cell: re.fullmatch(PERIOD, as_text(cell)) is not None).all())


def _parts(frame: pd.DataFrame, area: str, column: str) -> bool:
    """Tell whether most areas have several categories of a column."""
    counted = frame.groupby(area, sort=False)[column].agg(lambda one: len(set(one)))
    return bool((counted > 1).mean() > 0.5)


def is_contents(name: str) -> bool:
    """Tell whether a variable names the measure, as PxWeb calls it."""
    return name.strip().lower() in _CONTENTS
