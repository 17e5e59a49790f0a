"""Text that no spreadsheet runs as a formula: one rule for every text file that is written."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

# What a spreadsheet may take for a formula (OWASP, "CSV Injection"): these at the start of a cell, in full width and
# the like too, behind blanks and what nobody sees. Apostrophes before them belong to the pattern, so that taking one
# away gives back just what one was put before.
_START = r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2060\ufeff]*[=+\-@\t\r\n＝＋－＠﹦﹢﹣﹫]"
_RISKY = re.compile(f"'*{_START}")
_GUARDED = re.compile(f"'+{_START}")
_FIGURE = re.compile(r"[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?|[-+]{1,3}")  # a number, or a mark such as - for none


def guard(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet may run as a formula; other text stays as it is."""
    return f"'{text}" if _RISKY.match(text) else text


def unguard(text: str) -> str:
    """Take away the apostrophe that `guard` put: `unguard(guard(text)) == text` for every text."""
    return text[1:] if _GUARDED.match(text) else text


def guard_figures(frame: pd.DataFrame) -> pd.DataFrame:
    """Guard the headings of a table and its texts, but for numbers and marks that are held as text."""
    safe = frame.copy(deep=False)
    for at, kind in enumerate(frame.dtypes):
        if not pd.api.types.is_numeric_dtype(kind):
            cells = [_guard_figure(cell) for cell in frame.iloc[:, at]]
            safe.isetitem(at, pd.Series(cells, dtype=object).array)
    safe.columns = pd.Index([guard(str(name)) for name in frame.columns])
    return safe


def _guard_figure(cell: Any) -> Any:
    return guard(cell) if isinstance(cell, str) and not _FIGURE.fullmatch(cell) else cell
