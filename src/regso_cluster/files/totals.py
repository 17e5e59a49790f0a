"""Rows that are no units: totals, subtotals, shares "of which", means, by what they are called or by what they sum to.

One such row counted as a unit doubles every figure of a summary.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.files.layout import plain_name
from regso_cluster.files.numbers import as_text, parse_numbers

_WHOLE = (
    "summa|summor|summerat|totalt?|totalsumma|totaler|totals|delsumma|delsummor|mellansumma|slutsumma|subtotal|sub-total|"
    "grand total|sum|samtliga|riket|hela riket|hela landet|medel|medelvärde|medeltal|genomsnitt|snitt|"
    "average|mean|alla enheter|alla kommuner|alla områden|alla skolor|whole country|country total"
)
_LABEL = re.compile(
    rf"({_WHOLE})( (för )?(riket|landet|kommunen|länet|sverige|alla|samtliga|enheter|skolor|områden|kommuner))?"
    r"|(summa|totalt|delsumma|subtotal|därav|varav|of which|genomsnitt för|medelvärde för) .+"
    r"|.+ (totalt|summa|subtotal)|därav|varav|(kommunen|länet|regionen|sverige|landet) totalt",
)
_FEWEST = 3  # rows with a figure that a sum is made of


@dataclass(frozen=True)
class NoUnits:
    """Rows that are no units.

    Parameters
    ----------
    rows : (n,) whether a row is a total or the like
    labels : of those rows, what tells it: the label, or "the sum of the others"
    """

    rows: npt.NDArray[np.bool_]
    labels: tuple[str, ...]

    def note(self, index: pd.Index) -> str:
        """Say which rows are left out; `index` is their row in the file."""
        first = index[self.rows]
        listed = ", ".join(f"row {row} ({label})" for row, label in zip(first[:5], self.labels, strict=False))
        more = f" and {len(first) - 5} more" if len(first) > 5 else ""
        return f"{len(first)} rows are totals, no units, and are left out: {listed}{more}"


def find_totals(frame: pd.DataFrame, counted: Sequence[str] = (), keys: Sequence[str] = ()) -> NoUnits:
    """Find the rows that sum up others.

    Parameters
    ----------
    frame : the table, text or typed
    counted : columns of figures; a row that is the sum of all others in each is a total where it has no key
    keys : columns that every unit has filled; default: the columns of text

    Returns
    -------
    Rows with the label of a total in a column where most rows have none, and rows without a key that are the sum of the
    others or of the rows since the total before
    """
    found: npt.NDArray[np.object_] = np.full(len(frame), "", dtype=object)
    keyless = np.ones(len(frame), np.bool_)
    texts = {}
    for place, name in enumerate(frame.columns):
        if name in counted:
            continue
        column = frame.iloc[:, place]
        if pd.api.types.is_numeric_dtype(column.dtype):
            continue
        cells = np.array([as_text(cell) for cell in column.array], dtype=object)  # no copies of long texts
        if name in keys:
            texts[name] = cells
        known = {text: is_total(text) for text in set(cells)}
        labelled = np.array([known[text] for text in cells], dtype=np.bool_)
        if labelled.any() and 2 * labelled.sum() < len(frame):
            take = labelled & (found == "")
            found[take] = cells[take]
    own = [name for name in keys if name in frame.columns]
    for name in own:
        cells = texts[name] if name in texts else np.array([as_text(cell) for cell in frame[name].array], dtype=object)
        keyless &= np.asarray(cells == "", dtype=np.bool_)
    if own and counted:
        sums = _sums(frame, [name for name in counted if name in frame.columns], keyless, found != "")
        found[sums & (found == "")] = "the sum of others"
    rows = found != ""
    return NoUnits(rows, tuple(map(str, found[rows])))


def is_total(text: str) -> bool:
    """Whether a text is what totals, subtotals and means are called, in Swedish or English."""
    plain = plain_name(text).casefold().strip(" :.*=")
    return len(plain) <= 60 and bool(_LABEL.fullmatch(plain))


def _sums(
    frame: pd.DataFrame, counted: Sequence[str], keyless: npt.NDArray[np.bool_], labelled: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Find rows without a key whose figures are the sums of all other rows, or of those since the last such row."""
    agree = keyless.copy()
    some = np.zeros(len(frame), np.bool_)
    for name in counted:
        values = parse_numbers(frame[name], (), ("",), decimal_comma=None).values
        figures = np.where(keyless | labelled | ~np.isfinite(values), 0.0, values)
        whole, running, start = figures.sum(), np.cumsum(figures), 0.0
        enough = np.count_nonzero(figures) >= _FEWEST
        for row in np.flatnonzero(keyless):
            part = running[row] - start
            same = (
                enough
                and np.isfinite(values[row])
                and any(one and abs(values[row] - one) <= 1e-9 * abs(one) for one in (whole, part))
            )
            some[row] |= same
            agree[row] &= same or not np.isfinite(values[row])
            if same:
                start = running[row]
    return agree & some
