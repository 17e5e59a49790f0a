"""The areas of each edition of RegSO: codes, names, which edition a table is of.

Editions share most codes, so that neither a row count nor most codes tell them apart, and shared codes may have other
borders: of the 3,362 that RegSO 2020 and 2025 share about 288 have.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import pandas as pd

from regso_cluster.areas.edition_table import (
    Edition,
    EditionTable,
    edition_of_year,
    edition_table,
    edition_years,
    find_edition,
    list_years,
)
from regso_cluster.errors import Fault
from regso_cluster.schema import columns as c

_COLUMNS = [c.REGSO, c.NAME, c.KOMMUN, c.KOMMUN_NAME, c.LAN, "lan_name"]
_PLACES = [c.KOMMUN, c.KOMMUN_NAME, c.LAN, "lan_name"]
_NAMED = 3  # codes that a fault names as those that an edition has instead

__all__ = [
    "area_names",
    "check_edition",
    "code_set",
    "detect_edition",
    "edition_of_year",
    "fitting_editions",
    "kommun_names",
    "lan_names",
    "only_codes",
]


@cache
def _areas(edition: Edition) -> pd.DataFrame:
    return pd.read_parquet(edition.folder / edition.areas, columns=_COLUMNS)


@cache
def _places(table: EditionTable) -> pd.DataFrame:
    """Give the kommuner with their län: as the newest edition that has each names them."""
    known = [_areas(one)[_PLACES] for one in reversed(table.editions) if one.areas]
    return pd.concat(known).drop_duplicates(c.KOMMUN).sort_values(c.KOMMUN, ignore_index=True)


@cache
def _kommun_names(table: EditionTable) -> dict[str, str]:
    places = _places(table)
    return dict(zip(places[c.KOMMUN], places[c.KOMMUN_NAME], strict=True))


def kommun_names() -> dict[str, str]:
    """Give the names of the 290 kommuner by code, in the order of codes. The caller must not change it."""
    return _kommun_names(edition_table())


@cache
def _lan_names(table: EditionTable) -> dict[str, str]:
    places = _places(table).drop_duplicates(c.LAN)
    return dict(zip(places[c.LAN], places["lan_name"], strict=True))


def lan_names() -> dict[str, str]:
    """Give the names of the 21 län by code, in the order of codes. The caller must not change it."""
    return _lan_names(edition_table())


def code_set(edition: int) -> tuple[str, ...]:
    """Give the codes of an edition in order; 3,363 of RegSO 2020 and of RegSO 2025.

    Parameters
    ----------
    edition : as 2025

    Raises
    ------
    InputError  an edition that does not exist
    """
    known = find_edition(edition)
    return _codes(known, None if known.base is None else find_edition(known.base))


@cache
def _codes(edition: Edition, base: Edition | None) -> tuple[str, ...]:
    codes = set(_areas(base or edition)[c.REGSO])
    return tuple(sorted((codes - set(edition.without)) | set(edition.plus)))


def area_names(edition: int) -> pd.DataFrame:
    """Name the areas of an edition.

    Parameters
    ----------
    edition : as 2025

    Returns
    -------
    a row an area, ordered by code: `regso`, `name`, `kommun`, `kommun_name`, `lan`, `lan_name`; fresh at each call

    Raises
    ------
    InputError  an edition that does not exist

    Notes
    -----
    `name` is missing throughout for an edition without a layer of its own, as RegSO 2020. The layer that the package
    carries is of 2025, and names have been changed since, even swapped between codes: 2025 names beside 2020 codes
    would be wrong without looking wrong. Names of kommuner and län are the same in both.
    """
    known = find_edition(edition)
    if known.areas:
        return _areas(known).copy()
    codes = pd.Series(code_set(edition), name="regso")
    table = pd.DataFrame({c.REGSO: codes, c.NAME: pd.Series(None, index=codes.index, dtype=codes.dtype)})
    places = _places(edition_table())
    return table.assign(kommun=codes.str[:4]).merge(places, on=c.KOMMUN, how="left", validate="many_to_one")


def only_codes(edition: int, other: int) -> tuple[str, ...]:
    """Give the codes that one edition has and another lacks, in order."""
    return tuple(sorted(set(code_set(edition)) - set(code_set(other))))


def fitting_editions(codes: Iterable[object]) -> tuple[int, ...]:
    """Give the editions that have all of some codes, oldest first.

    Parameters
    ----------
    codes : RegSO codes as `parse_codes` gives them; missing ones, and those of no edition, do not count

    Returns
    -------
    all editions where no code tells them apart (a part of the country), none for a mixture
    """
    sets = {year: set(code_set(year)) for year in edition_years()}
    shared = set.intersection(*sets.values())
    telling = set().union(*sets.values()).intersection(set(codes) - shared)
    return tuple(year for year, own in sets.items() if telling <= own)


def detect_edition(codes: Iterable[object]) -> int | None:
    """Tell the edition from the codes that other editions lack.

    Parameters
    ----------
    codes : RegSO codes as `parse_codes` gives them; missing ones do not count

    Returns
    -------
    the one edition that has them all, or whose areas they all are; None where several editions have them (a part of
    the country) or none has (a mixture)
    """
    codes = {code for code in codes if isinstance(code, str)}
    fitting = fitting_editions(codes)
    whole = [year for year in fitting if codes >= set(code_set(year))]
    if len(fitting) == 1:
        return fitting[0]
    return whole[0] if len(whole) == 1 else None


def check_edition(codes: Iterable[object], edition: int) -> list[Fault]:
    """Check that codes are of an edition.

    Parameters
    ----------
    codes : RegSO codes as `parse_codes` gives them; missing ones do not count, repeated ones count once
    edition : as 2025

    Returns
    -------
    One fault for each code of another edition, which gives it away, and one for each code that no edition has. Empty
    where all is well. Areas that are missing from `codes` are no fault here.

    Raises
    ------
    InputError  an edition that does not exist
    """
    known = set(code_set(edition))
    strange = sorted({str(code) for code in codes if not pd.isna(code)} - known)  # type: ignore[call-overload]
    if not strange:
        return []
    owners = {code: tuple(year for year in edition_years() if code in code_set(year)) for code in strange}
    faults = [_of_another(code, years, edition) for code, years in owners.items() if years]
    faults += [
        Fault(
            what="an area that does not exist",
            where=f"code {code}",
            expected=f"one of the {len(known):,} codes of RegSO {edition}",
            got=code,
            hint="Look for a slip of the pen; a row of totals is to be taken out",
        )
        for code, years in owners.items()
        if not years
    ]
    return faults


def _of_another(code: str, others: tuple[int, ...], edition: int) -> Fault:
    """Refuse a code of other editions: all of the table may be of them."""
    instead = list(only_codes(edition, others[0]))
    several = " ..." if len(instead) > _NAMED else ""
    has = f", which has {', '.join(instead[:_NAMED])}{several} instead" if instead else ""
    other = list_years("or", others)
    return Fault(
        what=f"a table of RegSO {other}, not of RegSO {edition}",
        where=f"code {code}",
        expected=f"codes of RegSO {edition}{has}",
        got=f"{code}, which only RegSO {list_years('and', others)} {'has' if len(others) == 1 else 'have'}",
        hint=f"Say that the edition is {other}, or fetch the table in RegSO {edition}: SCB's tables are in "
        f"{_describe_years()}. Do not rename the code: {_describe_borders(others[0], edition)} changed border too",
    )


def _describe_years() -> str:
    """Say which reference years are in which edition."""
    editions = edition_table().editions
    ends = [f"up to reference year {after.year_from - 1}" for after in editions[1:] if after.year_from is not None]
    first, *rest = editions
    parts = [f"RegSO {first.year}{f' {ends[0]}' if ends else ''}"]
    parts += [
        f"then in RegSO {one.year}{f' {end}' if end else ''}" for one, end in zip(rest, [*ends[1:], ""], strict=False)
    ]
    return ", ".join(parts)


def _describe_borders(one: int, other: int) -> str:
    """Say how many other areas changed their border between two editions."""
    change = edition_table().change(one, other)
    if change is None or change.other_borders is None:
        return "other areas may have"
    return f"about {change.other_borders} other areas have"
