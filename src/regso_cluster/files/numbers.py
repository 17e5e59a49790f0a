"""Cells to numbers: decimal commas, spaces for thousands, marks; what may mean two numbers is refused."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.files.sheets import CellError
from regso_cluster.words.notes import Note

LARGEST = 1e15  # beyond it a float64 no longer tells neighbouring whole numbers apart
_SPACES = re.compile(r"[ \u00a0\u2009\u202f]")
_GROUPED = re.compile(r"[+-]?\d{1,3}([ \u00a0\u2009\u202f]\d{3})+([.,]\d+)?")
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
_TWO_WAYS = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")  # thousands or decimals: no mark of thousands follows a 0
_THOUSANDS = re.compile(r"[+-]?\d{1,3}([.,'\u2019])\d{3}(\1\d{3})*([.,]\d+)?")
_ERROR = re.compile(r"#[^\W\d_][^\W_/ ]*([/ _][^\W_]+)*[!?]?|Err:\d+")  # of Excel in any language, of LibreOffice


@dataclass(frozen=True)
class Numbers:
    """A column read as numbers.

    Parameters
    ----------
    values : (n,) float64, NaN where no number stands
    status : (n,) "observed", "suppressed", "missing" or "bad"
    bad : the texts that are neither a number nor a known mark, by row
    notes : what was converted
    marks : how often each mark of absence stands there, besides the empty cell
    """

    values: npt.NDArray[np.float64]
    status: npt.NDArray[np.object_]
    bad: pd.Series
    notes: tuple[Note, ...] = field(default=())
    marks: tuple[tuple[str, int], ...] = ()


def parse_numbers(
    column: pd.Series,
    suppressed: tuple[str, ...],
    missing: tuple[str, ...],
    *,
    decimal_comma: bool | None = False,
    zero: tuple[str, ...] = (),
) -> Numbers:
    """Read a column as numbers; marks of suppression and absence become NaN with a status, never 0.

    Parameters
    ----------
    column : (n,) text, typed, or both; typed numbers are taken as they are
    suppressed, missing : the marks, compared after trimming
    decimal_comma : how the whole file writes decimals. True: with a comma. False: with a point, and "12,5" is refused.
        None: the column tells
    zero : marks that are read as 0

    Spaces within a number part thousands. "1,234" and "1.234" may be decimals or thousands: they are read as decimals
    where another cell of the column (or the file, of commas) has a decimal with the same mark that cannot be thousands,
    and refused otherwise. In a column with decimals of both marks commas are refused. Booleans and dates are no
    numbers.
    """
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        values = column.to_numpy(np.float64, na_value=np.nan)
        status = np.where(np.isnan(values), "missing", "observed").astype(object)
        return _judged(values, status, column.astype(str), suppressed, missing, ())
    known = dict.fromkeys(missing, "missing") | dict.fromkeys(suppressed, "suppressed") | dict.fromkeys(zero, "zero")
    texts, kinds, values = _classify(column, known)
    commas = kinds == "comma"
    accepted, read_commas = _accepted(kinds, values, decimal_comma)
    status = np.select(
        [kinds == "suppressed", kinds == "missing", accepted], ["suppressed", "missing", "observed"], "bad"
    )
    status = status.astype(object)
    values = np.where(status == "observed", values, np.nan)
    told = decimal_comma is None and read_commas and bool(commas.any())
    notes = (Note("decimal_commas", count=(commas | (kinds == "comma3")).sum()),) if told else ()
    found = Counter(text for text, kind in zip(texts, kinds, strict=True) if kind == "missing" and text)
    said = _judged(values, status, pd.Series(texts, column.index), suppressed, missing, notes)
    return Numbers(said.values, said.status, said.bad, said.notes, tuple(found.most_common()))


def _classify(
    column: pd.Series, known: dict[str, str]
) -> tuple[list[str], npt.NDArray[np.object_], npt.NDArray[np.float64]]:
    """Give each cell's text, kind and value; text that is no number has NaN."""
    texts: list[str] = []
    kinds = np.empty(len(column), dtype=object)
    values = np.full(len(column), np.nan)
    for at, cell in enumerate(column):
        text = as_text(cell)
        texts.append(text)
        if isinstance(cell, CellError):
            kinds[at] = known.get(text, "bad")
        elif text in known:
            kinds[at] = known[text]
        elif isinstance(cell, int | float | np.integer | np.floating | Decimal) and not isinstance(
            cell, bool | np.bool_
        ):
            kinds[at], values[at] = "number", float(cell)
        elif isinstance(cell, str):
            kinds[at], values[at] = _kind_of(text)
        else:
            kinds[at] = "bad" if text else "missing" if "" in known else "bad"
        if kinds[at] == "zero":
            kinds[at], values[at] = "number", 0.0
    return texts, kinds, values


@lru_cache(maxsize=100_000)
def _kind_of(text: str) -> tuple[str, float]:
    plain = text.replace("\u2212", "-")
    grouped = bool(_GROUPED.fullmatch(plain))
    if grouped:
        plain = _SPACES.sub("", plain)
    if not _NUMBER.fullmatch(plain) or plain[-1] == ",":
        return ("thousands" if _THOUSANDS.fullmatch(plain) else "bad"), np.nan
    mark = "comma" if "," in plain else "point" if "." in plain else ""
    value = float(plain.replace(",", "."))
    if mark and not grouped and _TWO_WAYS.fullmatch(plain):
        return f"{mark}3", value
    return mark or "number", value


def _accepted(
    kinds: npt.NDArray[np.object_], values: npt.NDArray[np.float64], decimal_comma: bool | None
) -> tuple[npt.NDArray[np.bool_], bool]:
    """Tell which cells are numbers, and whether a comma is a decimal comma."""
    comma, point = bool((kinds == "comma").any()), bool((kinds == "point").any())
    thousands = bool((kinds == "thousands").any())
    three = kinds == "comma3"
    # whole thousands alone ("3,000") are never decimals that somebody wrote out
    hollow = bool(three.any()) and not comma and bool((values[three] % 1 == 0).all())
    by_comma = (
        decimal_comma is not False and not point and not thousands and not hollow and (comma or decimal_comma is True)
    )
    by_point = not thousands and ((point and not comma) or decimal_comma is False)
    accepted = (kinds == "number") | (kinds == "point")
    if by_comma:
        accepted |= (kinds == "comma") | three
    if by_point:
        accepted |= kinds == "point3"
    return accepted, by_comma


def _judged(
    values: npt.NDArray[np.float64], status: npt.NDArray[np.object_], text: pd.Series,
    suppressed: tuple[str, ...], missing: tuple[str, ...], notes: tuple[Note, ...],
) -> Numbers:  # fmt: skip
    """Apply marks that are numbers (-999), whatever their spelling or type; refuse what no figure can be."""
    for marks, name in ((suppressed, "suppressed"), (missing, "missing")):
        numbers = [float(mark) for mark in marks if re.fullmatch(r"-?\d+(\.\d+)?", mark)]
        status[np.isin(values, numbers)] = name
    status[np.abs(values) > LARGEST] = "bad"
    values = np.where(status == "observed", values, np.nan)
    return Numbers(values, status, text[status == "bad"], notes)


def explain(text: str) -> tuple[str, str]:
    """Say what is wrong with a cell that is no number, and how to correct it.

    Returns
    -------
    the fault in a few words, and the hint
    """
    if _ERROR.fullmatch(text):
        if text == "#UNCALCULATED!":
            return "a formula that was never calculated", "Open the workbook in Excel or LibreOffice, and save it."
        return "an error cell", "Correct the formula in the workbook, or write .. where the figure is not known."
    kind, value = _kind_of(text)
    if kind in ("comma3", "point3") or kind == "thousands":
        hint = "Write it without a mark for thousands" + (
            ", or say how the file writes decimals: --decimal comma or --decimal point." if kind != "thousands" else "."
        )
        return "a mark for thousands or for decimals", hint
    if np.isinf(value) or abs(value) > LARGEST or text.lower().lstrip("+-") in ("inf", "infinity"):
        return "too large a number", f"No figure of an area is beyond {LARGEST:.0e}: correct the cell."
    if kind == "comma":
        return "text in a number", "A comma must be a decimal comma throughout the column."
    return "text in a number", "Write a number, or .. where it is suppressed."


def as_text(cell: Any) -> str:
    """Give a cell as trimmed text in composed Unicode; a whole float (Excel) without its ".0"; "" where it is empty."""
    if isinstance(cell, str):
        text = cell if cell.isascii() else unicodedata.normalize("NFC", cell).strip().strip("\u200b\ufeff")
        return str(text).strip()
    if cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell).strip()
