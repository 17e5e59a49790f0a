"""SCB's list of changed RegSO: what it says of borders where the older polygons are not at hand.

The list tells that a border was moved, not how many residents went with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from regso_cluster.areas.codes import Kind, kommun_of, parse_codes
from regso_cluster.areas.edition_table import edition_years
from regso_cluster.areas.editions import code_set
from regso_cluster.errors import Fault, InputError
from regso_cluster.files.numbers import as_text
from regso_cluster.files.tables import read_table
from regso_cluster.schema import columns as c

COLUMNS = ("kommun", "old_code", "new_code", "change", "date")


@dataclass(frozen=True)
class _Kind:
    """What a wording of the list says: `border` is "land", "water" (only out to sea) or ""."""

    border: str = ""
    renamed: bool = False
    forms: bool = False  # a new area comes to be


# SCB's wordings, in small letters. "Ger del ..." stands in a row from the giving area to the one that receives.
_KINDS = {
    "namnändrad (ej kodändrad)": _Kind(renamed=True),
    "utvidgas till territorialvattnet": _Kind("water"),
    "utvidgas": _Kind("land"),
    "utvidgas och namnändras": _Kind("land", renamed=True),
    "minskas och ger del till befintlig eller nybildad": _Kind("land"),
    "ger del/delar till befintlig": _Kind("land"),
    "ger del till nybildad": _Kind("land", forms=True),
    "upphör; till befintlig": _Kind("land"),
}


def read_changes(path: str | Path) -> pd.DataFrame:
    """Read SCB's list of changes, as a workbook, CSV, or any table that `files.tables.read_table` reads.

    Parameters
    ----------
    path : columns kommun, old_code, new_code, change (SCB's Swedish wording), date (ISO)

    Returns
    -------
    A row a row of the list, in its order: `kommun`, `old`, `new`, `change` as written, `date`, `border` ("land",
    "water" or ""), `renamed`, `recoded` (another code for the same ground), `forms` (its new area is newly formed)

    Raises
    ------
    InputError  every fault of the list: a missing column, a code or date that cannot be read, a wording not known
    """
    name = Path(path).name
    table = _read_list(Path(path))
    faults: list[Fault] = []
    old = _codes(table, "old_code", "regso", name, faults)
    new = _codes(table, "new_code", "regso", name, faults)
    kommun = _codes(table, "kommun", "kommun", name, faults)
    faults += [
        Fault("a code of another kommun", f"{name}, row {row}", kommun[row], new[row])
        for row in table.index[(kommun_of(new) != kommun) & new.notna() & kommun.notna()]
    ]
    wording = table["change"].str.lower().str.replace(r"\s+", " ", regex=True)
    hint = "Teach the parser a new wording of SCB's: whether it moves a border cannot be guessed."
    for row in table.index[~wording.isin(list(_KINDS))]:
        got = repr(table["change"][row])
        faults.append(Fault("a kind of change that is not known", f"{name}, row {row}", ", ".join(_KINDS), got, hint))
    dates = pd.to_datetime(table["date"], format="%Y-%m-%d", errors="coerce")
    faults += [
        Fault("no date", f"{name}, row {row}", "such as 2025-01-01", repr(table["date"][row]))
        for row in table.index[dates.isna()]
    ]
    if faults:
        raise InputError(faults)
    kinds = [_KINDS[text] for text in wording]
    border = pd.Series([kind.border for kind in kinds], table.index, dtype=str)
    return pd.DataFrame(
        {
            c.KOMMUN: kommun,
            "old": old,
            "new": new,
            "change": table["change"],
            "date": dates,
            "border": border,
            "renamed": pd.Series([kind.renamed for kind in kinds], table.index, dtype=bool),
            "recoded": (border == "") & (old != new),
            "forms": pd.Series([kind.forms for kind in kinds], table.index, dtype=bool),
        }
    ).reset_index(drop=True)


def _read_list(path: Path) -> pd.DataFrame:
    """Read the columns of the list as text, indexed by the row of the file."""
    raw = read_table(path, columns=COLUMNS)
    names = ", ".join(map(repr, raw.frame.columns))
    faults = [
        Fault("a column is missing", raw.name, f"column {column!r}", f"columns {names}")
        for column in COLUMNS
        if column not in raw.frame.columns
    ]
    if faults:
        raise InputError(faults)
    return pd.DataFrame({column: raw.frame[column].map(_as_text) for column in COLUMNS}, dtype=str)


def _as_text(cell: Any) -> str:
    return cell.date().isoformat() if isinstance(cell, datetime) else as_text(cell)  # a workbook has days of its own


def _codes(table: pd.DataFrame, column: str, kind: Kind, name: str, faults: list[Fault]) -> pd.Series[str]:
    parsed = parse_codes(table[column], kind)
    for position, given, reason in parsed.refused.itertuples(index=False):
        where = f"{name}, row {table.index[position]}, column {column}"
        faults.append(Fault(str(reason), where, got="" if pd.isna(given) else repr(given)))
    return parsed.codes


def mark_changes(
    changes: pd.DataFrame,
    *,
    codes: Iterable[str] | None = None,
    since: date | None = None,
    until: date | None = None,
) -> pd.DataFrame:
    """Mark the areas that the list says have changed.

    Parameters
    ----------
    changes : as `read_changes` gives it
    codes : the areas of the newer edition; default those of the newest
    since, until : changes after the first day up to the second, which counts; None for no end. From RegSO 2020 to 2025:
        until 1 January 2025, since later rows change names that neither edition had

    Returns
    -------
    By code:
    `comparable`: no border on land changed, and the code is not another's of before
    `elsewhere`: NaN for all that changed on land, since the list does not tell how many live there; 0 for the others
    `change`: "none", "water" (extended to the territorial sea, where nobody lives), "border", "code" (only the code),
    "new"
    `renamed`: whether the name was changed, alone or with the rest
    `takes_from`, `gives_to`: codes of the other areas, with spaces between, where the list names them

    Raises
    ------
    InputError  an area of the list that neither is among `codes` nor ceased to be

    Notes
    -----
    An area counts as changed when it stands on either side of a row that moves a border: not all receiving areas have a
    row of their own.
    """
    codes = code_set(edition_years()[-1]) if codes is None else codes
    index = pd.Index(sorted(codes), name="regso")
    day = changes["date"]
    valid = pd.Series(data=True, index=changes.index)
    if since is not None:
        valid &= day > pd.Timestamp(since)
    if until is not None:
        valid &= day <= pd.Timestamp(until)
    rows = changes[valid]
    strange = sorted(set(rows["new"]) - set(index))
    if strange:
        hint = "Give the codes of the edition that the list leads to, and `until` for its day."
        raise InputError(
            [Fault("an area of the list that does not exist", f"code {code}", hint=hint) for code in strange]
        )
    land, water = rows[rows["border"] == "land"], rows[rows["border"] == "water"]
    moved = index.isin(pd.concat([land["old"], land["new"]]))
    formed = index.isin(rows.loc[rows["forms"], "new"])
    recoded = index.isin(rows.loc[rows["recoded"], "new"])
    wet = index.isin(water["new"])
    change = np.select([formed, moved, recoded, wet], ["new", "border", "code", "water"], "none")
    given = land[land["old"] != land["new"]]
    return pd.DataFrame(
        {
            "comparable": ~(formed | moved | recoded),
            "elsewhere": np.where(formed | moved, np.nan, 0.0),
            "change": change,
            "renamed": index.isin(rows.loc[rows["renamed"], "new"]),
            "takes_from": _listed(given, "new", "old").reindex(index, fill_value=""),
            "gives_to": _listed(given, "old", "new").reindex(index, fill_value=""),
        },
        index=index,
    )


def _listed(rows: pd.DataFrame, by: str, what: str) -> pd.Series:
    return rows.sort_values([by, what]).groupby(by)[what].agg(lambda codes: " ".join(dict.fromkeys(codes)))
