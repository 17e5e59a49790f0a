"""Columns that a table lacks, and which of its others may be meant."""

from __future__ import annotations

import difflib

import pandas as pd

from regso_cluster.errors import Fault
from regso_cluster.files.numbers import as_text

CODES_LOOKED_AT = 1000  # cells of a column that are looked at to find whether it holds codes


def absent_columns(frame: pd.DataFrame, wanted: list[str], code: str, name: str) -> list[Fault]:
    """Name every column that is wanted and absent, with the column that may be meant.

    Parameters
    ----------
    frame : the table; wanted : its columns by the method; code : that of the codes; name : of the file
    """
    faults = [
        Fault("a column is missing", name, f"column {column!r}", hint=_likely(column, frame, wanted, code))
        for column in dict.fromkeys(wanted)
        if column not in frame.columns
    ]
    for number, fault in enumerate(faults):
        if not fault.hint:  # the list of unused columns is long, and the same for all
            faults[number] = Fault(fault.what, fault.where, fault.expected, hint=_unused(frame, wanted))
            break
    return faults


def _likely(column: str, frame: pd.DataFrame, wanted: list[str], code: str) -> str:
    """Suggest a column that the method does not use for something else; that of the codes by what it holds."""
    unused = [str(name) for name in frame.columns if name not in wanted]
    if column == code and (holding := [name for name in unused if _holds_codes(frame[name])]):
        return f"Is it {holding[0]!r}, which holds codes? Rename it, or name it in the method: [table] code."
    close = difflib.get_close_matches(column, unused, n=1, cutoff=0.7)
    if close and column != code:
        return f"Is it {close[0]!r}? Rename it, or name it in the method."
    return ""


def _unused(frame: pd.DataFrame, wanted: list[str]) -> str:
    """List the columns that the method does not use."""
    unused = [str(name) for name in frame.columns if name not in wanted]
    listed = f"{', '.join(map(repr, unused[:12]))}{' ...' if len(unused) > 12 else ''}" if unused else "none"
    return f"Columns that the method does not use: {listed}."


def _holds_codes(column: pd.Series) -> bool:
    """Whether most cells of a column look like codes of RegSO or DeSO."""
    text = column.iloc[:CODES_LOOKED_AT].map(as_text)
    return bool(text.str.contains(r"^\s*\d{3,4}[RrA-Ca-c]\d{3,4}", regex=True).mean() > 0.5)
