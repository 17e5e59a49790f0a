"""The year of a table by its column `year`: whole numbers, 2024.0, dates and periods; a school year is none."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import numpy as np
import pandas as pd

from regso_cluster.files.numbers import as_text

FIRST, LAST = 1900, 2100
_PLAIN = re.compile(r"(\d{4})(?:[.,]0+)?", re.ASCII)
_MONTHS = ("jan", "feb", "mar", "apr", "maj", "may", "jun", "jul", "aug", "sep", "okt", "oct", "nov", "dec")
_DATES = (
    re.compile(r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?:[T ]\d{1,2}:\d{2}.*)?", re.ASCII),
    re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})", re.ASCII),
    re.compile(r"(?P<d>\d{1,2})[-/. ](?P<m>\d{1,2})[-/. ](?P<y>\d{4})", re.ASCII),
    re.compile(r"(?:den )?(?P<d>\d{1,2})[.:]?(?:e|a|st|nd|rd|th)? (?P<month>[a-zé]{3,9})\.?,? (?P<y>\d{4})"),
)
_PERIOD = re.compile(r"(\d{4}) ?(?:M(\d{1,2})|[KQ]([1-4])|[TH]([1-3])|V(\d{1,2}))", re.ASCII | re.IGNORECASE)
_SPAN = re.compile(r"(?:[^\W\d]+ )?([0-9]{4}) ?[/–-] ?([0-9]{2}|[0-9]{4})")


def read_year(cell: Any) -> tuple[int | None, str]:
    """Read one cell as a year.

    Parameters
    ----------
    cell : a number, a date or a text

    Returns
    -------
    the year, and "date" or "period" where the cell was one; None, and what the cell is instead of a year, "a span of
    two years" or "no year". An empty cell gives None and ""
    """
    if isinstance(cell, dt.date | np.datetime64) and not pd.isna(cell):
        return _within(int(pd.Timestamp(cell).year), "date")
    text = as_text(cell)
    if not text or text == "NaT":
        return None, ""
    if plain := _PLAIN.fullmatch(text):
        return _within(int(plain[1]), "")
    return _read_text(text)


def _read_text(text: str) -> tuple[int | None, str]:
    if period := _PERIOD.fullmatch(text):
        month, week = int(period[2] or 1), int(period[5] or 1)
        return _within(int(period[1]), "period") if 1 <= month <= 12 and 1 <= week <= 53 else (None, "no year")
    if span := _SPAN.fullmatch(text):
        return _read_span(int(span[1]), span[2])
    for pattern in _DATES:
        found = pattern.fullmatch(text.lower() if "month" in pattern.groupindex else text)
        if found and _is_date(found.groupdict()):
            return _within(int(found["y"]), "date")
    return None, "no year"


def _within(year: int, kind: str) -> tuple[int | None, str]:
    return (year, kind) if FIRST <= year <= LAST else (None, "no year")


def _read_span(first: int, second: str) -> tuple[int | None, str]:
    """Tell 2023/24, a span of two years, from 2024-12, a month; 2011-12 can be both and is read as neither."""
    if len(second) == 4 or int(second) == (first + 1) % 100 or not 1 <= int(second) <= 12:
        return None, "a span of two years"
    return _within(first, "period")


def _is_date(parts: dict[str, str]) -> bool:
    month = parts.get("m") or ""
    if name := parts.get("month"):
        at = next((number for number, one in enumerate(_MONTHS) if name.startswith(one)), None)
        if at is None:
            return False
        month = str([1, 2, 3, 4, 5, 5, 6, 7, 8, 9, 10, 10, 11, 12][at])
    try:
        dt.date(int(parts["y"]), int(month), int(parts["d"]))
    except ValueError:
        return False
    return True
