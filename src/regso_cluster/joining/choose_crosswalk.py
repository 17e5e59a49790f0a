"""Which crosswalk leads from the edition of a table's codes to that of a release, and where it leads each code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from regso_cluster.areas.edition_table import edition_table, list_crosswalks, list_years
from regso_cluster.areas.editions import check_edition, fitting_editions
from regso_cluster.errors import Fault, InputError
from regso_cluster.files.agency_table import read_agency_table
from regso_cluster.files.numbers import as_text
from regso_cluster.schema import columns as c


@dataclass(frozen=True)
class Bridge:
    """A crosswalk to the edition of a release: which area of it holds the most of each area of edition `source`.

    Parameters
    ----------
    source : the edition that it leads from
    target : by code of that edition: area, share
    name : of its file
    """

    source: int
    target: pd.DataFrame
    name: str


def choose_crosswalk(path: Path | None, others: tuple[int, ...], to: int) -> Bridge | None:
    """Read the crosswalk that leads from one of some editions to another; crosswalks are not chained.

    Parameters
    ----------
    path : as for `read_crosswalk`; None takes one that the package has
    others : the editions that codes are of
    to : the edition of the release

    Returns
    -------
    the crosswalk; None where none was given and the package has none

    Raises
    ------
    InputError  a file that leads from none of the editions, or whose codes do not tell from which
    """
    if path is None:
        kept = {year: change for year in others if (change := edition_table().change(year, to)) and change.crosswalk}
        near = min(kept, key=lambda year: (abs(year - to), year), default=None)
        file = kept[near].crosswalk if near is not None else None
        return Bridge(near, read_crosswalk(file, to, near), file.name) if near is not None and file else None
    if len(others) == 1:
        target = read_crosswalk(path, to, others[0])
        leads = [others[0]] if others[0] in _fitting_ends(path, others[0], to)[0] else []
    else:
        leads = [other for other in others if _leads(path, other, to)]
        target = read_crosswalk(path, to, leads[0]) if len(leads) == 1 else pd.DataFrame()
    if len(leads) == 1:
        return Bridge(leads[0], target, path.name)
    found = " to ".join(f"RegSO {list_years('or', end) or 'none'}" for end in _fitting_ends(path, others[0], to))
    expected = f"RegSO {list_years('or', others)} to {to}"
    held = list_crosswalks()
    hint = (
        "Its codes fit several editions: join the rows of each edition apart."
        if leads
        else "Crosswalks are not chained: cut one from the outlines of both editions, with compare --crosswalk-cache."
        + (f" There are crosswalks of {held}." if held else "")
    )
    raise InputError(Fault("a crosswalk between other editions", path.name, expected, found, hint))


def _fitting_ends(path: Path, source: int, to: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Give the editions that the codes of both ends fit: of the end that `source` is at, and of the other."""
    frame = _read_shares(path)
    start, end = ("old", "new") if to > source else ("new", "old")
    starts, ends = (fitting_editions(frame[column].map(as_text)) for column in (start, end))
    return starts, ends


def _leads(path: Path, source: int, to: int) -> bool:
    starts, ends = _fitting_ends(path, source, to)
    return source in starts and to in ends


def _read_shares(path: Path) -> pd.DataFrame:
    frame = read_agency_table(path, columns=("old", "new", "share")).frame.astype(object)
    return frame[frame["table"] == "shares"] if "table" in frame else frame  # the cache keeps its tables in one file


def read_crosswalk(path: Path, to: int, source: int) -> pd.DataFrame:
    """Read which area of edition `to` holds the most of each area of edition `source`.

    Parameters
    ----------
    path : a crosswalk that `areas.crosswalk_cache` keeps, or any table with columns old and new (codes of the earlier
        and the later edition), share (of the old area) and, to go back, of_new (of the new area)

    Returns
    -------
    by code of edition `source`: area, share; the lowest code of equal shares

    Raises
    ------
    InputError  a column is missing, a share is no number, or its areas are not of edition `to`
    """
    frame = _read_shares(path)
    onward = ("old", "new", "share")
    start, end, share = onward if to > source else ("new", "old", "of_new")
    absent = [name for name in (start, end, share) if name not in frame]
    if absent:
        hint = f"It needs the columns old, new, share and, from RegSO {max(source, to)} to {min(source, to)}, of_new."
        raise InputError([Fault("a crosswalk lacks a column", path.name, got=name, hint=hint) for name in absent])
    parts = pd.DataFrame({"code": frame[start].map(as_text), c.AREA: frame[end].map(as_text)})
    parts["share"] = pd.to_numeric(frame[share].map(as_text).str.replace(",", "."), errors="coerce")
    bad = parts["share"].isna() | (parts["share"] < 0) | (parts["share"] > 1 + 1e-6)
    faults = [
        Fault("no share", f"{path.name}, {row.code} to {row.area}", "0 to 1", hint="Correct it.")
        for row in parts[bad].head(20).itertuples()
    ] + check_edition(parts[c.AREA].astype(str), to)[:20]
    if faults:
        raise InputError(faults)
    ordered = parts.sort_values(["code", "share", c.AREA], ascending=[True, False, True], kind="stable")
    return ordered.drop_duplicates("code").set_index("code")
