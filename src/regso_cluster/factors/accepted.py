"""A written list of figures that were looked at and found right, so that they are named no more.

An entry holds for one area, one column and one value: another value in the same cell is named again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from regso_cluster.errors import Fault, InputError
from regso_cluster.files.atomic import whole_file
from regso_cluster.files.formulas import guard, unguard
from regso_cluster.files.numbers import as_text, parse_numbers
from regso_cluster.files.tables import read_table
from regso_cluster.schema import columns as c

COLUMNS = ("regso", "column", "value", "who", "why")


class Cell(NamedTuple):
    """One figure of a table: the code of its area, its column, its number."""

    area: str
    column: str
    value: float


@dataclass(frozen=True)
class Entry:
    """One figure that was accepted: `who` looked at it, `why` it is right."""

    regso: str
    column: str
    value: float
    who: str
    why: str


@dataclass(frozen=True)
class Accepted:
    """The list as it was read: name and hash of the file, and its entries.

    Parameters
    ----------
    name, sha256 : of the file
    entries : the figures that were accepted

    Examples
    --------
    >>> isinstance(Accepted(), Accepted), Accepted().holds("0114R001", "unemployed", 9.0)
    (True, False)
    """

    name: str = ""
    sha256: str = ""
    entries: tuple[Entry, ...] = ()

    def holds(self, code: str, column: str, value: float) -> bool:
        """Whether this value of this cell was accepted."""
        return any(
            entry.regso == code and entry.column == column and bool(np.isclose(entry.value, value, rtol=1e-9, atol=0))
            for entry in self.entries
        )

    def as_dict(self) -> dict[str, Any]:
        """Give the list as the manifest keeps it."""
        entries = [{name: getattr(entry, name) for name in COLUMNS} for entry in self.entries]
        return {"name": self.name, "sha256": self.sha256, "entries": entries}

    @staticmethod
    def from_dict(kept: dict[str, Any] | None) -> Accepted | None:
        """Read the list back from a manifest; None where it holds none."""
        if not kept:
            return None
        return Accepted(kept["name"], kept["sha256"], tuple(Entry(**entry) for entry in kept["entries"]))


def read_accepted(path: str | Path) -> Accepted:
    r"""Read a list of accepted figures: a table with the columns regso, column, value, who and why.

    Parameters
    ----------
    path : a table of any format that is read

    Returns
    -------
    Accepted

    Raises
    ------
    InputError  a column that is missing; a row without area, column, number, name of who looked, or reason

    Examples
    --------
    >>> text = "regso,column,value,who,why\n0114R001,population,312,A. Berg,a new block of flats\n"
    >>> _ = (folder / "accepted.csv").write_text(text)
    >>> read_accepted(folder / "accepted.csv").entries[0].who
    'A. Berg'
    """
    raw = read_table(path)
    absent = [name for name in COLUMNS if name not in raw.frame.columns]
    if absent:
        hint = f"The list has the columns {', '.join(COLUMNS)}; `regso-cluster check --write-accept FILE` writes one."
        raise InputError([Fault("a column is missing", raw.name, f"column {name!r}", hint=hint) for name in absent])
    # `write_accepted` writes decimals with a point: 341.275 is no mark of thousands here
    comma = raw.frame[c.VALUE].map(as_text).str.contains(",", regex=False).any()
    values = parse_numbers(raw.frame[c.VALUE], (), (), decimal_comma=raw.decimal_comma if comma else False).values
    faults, entries = [], []
    for (row, cells), value in zip(raw.frame.iterrows(), values, strict=True):
        texts = {name: unguard(as_text(cells[name])) for name in COLUMNS}
        empty = [name for name in COLUMNS if not texts[name]]
        if empty or not np.isfinite(value):
            what = f"no {empty[0]}" if empty else "the value is no number"
            hint = "An accepted figure has an area, a column, its value, who looked at it, and why it is right."
            faults.append(Fault(what, f"{raw.name}, row {row}", hint=hint))
            continue
        entries.append(Entry(texts["regso"], texts["column"], float(value), texts["who"], texts["why"]))
    if faults:
        raise InputError(faults)
    return Accepted(raw.name, raw.sha256, tuple(entries))


def write_accepted(cells: Iterable[Cell], path: str | Path) -> Path:
    """Write a list to fill in: area, column and value of each cell; who and why stay empty: nothing is accepted yet.

    Raises
    ------
    InputError  the file exists
    """
    path = Path(path)
    if path.exists() or path.is_symlink():
        raise InputError(Fault("the file exists", str(path), hint="Choose another name, or remove the file."))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for code, column, value in cells:
        written = repr(value) if value % 1 else f"{value:.0f}"
        writer.writerow([guard(code), guard(column), written, "", ""])
    with whole_file(path) as partial:
        partial.write_text(text.getvalue(), "utf-8", newline="\n")
    return path
