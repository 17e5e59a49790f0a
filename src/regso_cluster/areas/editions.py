"""The areas of the two editions, RegSO 2020 and RegSO 2025: codes, names, which edition a table is of.

Both have 3,363 areas and share 3,362 codes, so that neither a row count nor most codes tell them apart.
About 288 of the shared codes have another border in 2025.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

import pandas as pd

from regso_cluster.areas._files import shapes_file
from regso_cluster.errors import Fault, InputError

if TYPE_CHECKING:
    pass

EDITIONS = (2020, 2025)
FIRST_YEAR_OF_2025 = 2024  # SCB's tables are in RegSO 2025 from this reference year

# Bolaget in Kiruna was dissolved, its land divided between three neighbours; Repisvaara-Dundret in
# Gällivare was formed of parts of three. Source: SCB's list of changed RegSO, valid from 1 January 2025.
ONLY_2020 = "2584R001"
ONLY_2025 = "2523R011"

_COLUMNS = ["regso", "name", "kommun", "kommun_name", "lan", "lan_name"]


@cache
def _areas_2025() -> pd.DataFrame:
    return pd.read_parquet(shapes_file("regso_2025.parquet"), columns=_COLUMNS)


@cache
def kommun_names() -> dict[str, str]:
    """Give the names of the 290 kommuner by code, in the order of codes. The caller must not change it."""
    table = _areas_2025().drop_duplicates("kommun")
    return dict(zip(table["kommun"], table["kommun_name"], strict=True))


@cache
def code_set(edition: int) -> tuple[str, ...]:
    """Give the 3,363 codes of an edition in order.

    Parameters
    ----------
    edition : 2020 or 2025

    Raises
    ------
    InputError  another edition
    """
    _check_known(edition)
    codes = set(_areas_2025()["regso"])
    if edition == 2020:
        codes = (codes - {ONLY_2025}) | {ONLY_2020}
    return tuple(sorted(codes))


def area_names(edition: int) -> pd.DataFrame:
    """Name the areas of an edition.

    Parameters
    ----------
    edition : 2020 or 2025

    Returns
    -------
    3,363 rows ordered by code: `regso`, `name`, `kommun`, `kommun_name`, `lan`, `lan_name`; fresh at each
    call

    Raises
    ------
    InputError  another edition

    Notes
    -----
    `name` is missing throughout for edition 2020. The layer that the package carries is of 2025, and
    names have been changed since, even swapped between codes: 2025 names beside 2020 codes would be wrong
    without looking wrong. Names of kommuner and län are the same in both.
    """
    _check_known(edition)
    table = _areas_2025()
    if edition == 2025:
        return table.copy()
    places = table.drop_duplicates("kommun").drop(columns=["regso", "name"])
    codes = pd.Series(code_set(edition), name="regso")
    table = pd.DataFrame({"regso": codes, "name": pd.Series(None, index=codes.index, dtype=codes.dtype)})
    return table.assign(kommun=codes.str[:4]).merge(places, on="kommun", how="left", validate="many_to_one")


def edition_of_year(reference_year: int) -> int:
    """Give the edition that SCB's tables of a reference year are in: 2020 up to 2023, 2025 from 2024."""
    return 2025 if reference_year >= FIRST_YEAR_OF_2025 else 2020


def detect_edition(codes: Iterable[object]) -> int | None:
    """Tell the edition from the one code that only it has.

    Parameters
    ----------
    codes : RegSO codes as `parse_codes` gives them; missing ones do not count

    Returns
    -------
    2020 or 2025; None where neither or both of the telling codes occur (a part of the country, or a
    mixture)
    """
    found = set(codes) & {ONLY_2020, ONLY_2025}
    if len(found) != 1:
        return None
    return 2020 if ONLY_2020 in found else 2025


def check_edition(codes: Iterable[object], edition: int) -> list[Fault]:
    """Check that codes are of an edition.

    Parameters
    ----------
    codes : RegSO codes as `parse_codes` gives them; missing ones do not count, repeated ones count once
    edition : 2020 or 2025

    Returns
    -------
    One fault for the wrong edition, naming the code that gives it away, and one for each code that
    neither edition has. Empty where all is well. Areas that are missing from `codes` are no fault here.

    Raises
    ------
    InputError  another edition
    """
    known = set(code_set(edition))
    other = next(year for year in EDITIONS if year != edition)
    strange = sorted({str(code) for code in codes if not pd.isna(code)} - known)  # type: ignore[call-overload]
    telling = [code for code in strange if code in code_set(other)]
    faults = [
        Fault(
            what=f"a table of RegSO {other}, not of RegSO {edition}",
            where=f"code {code}",
            expected=f"codes of RegSO {edition}, which has {_only(edition)} instead",
            got=f"{code}, which only RegSO {other} has",
            hint=f"Say that the edition is {other}, or fetch the table in RegSO {edition}: SCB's tables are "
            f"in RegSO 2020 up to reference year {FIRST_YEAR_OF_2025 - 1}, then in RegSO 2025. "
            "Do not rename the code: about 288 other areas have changed border too",
        )
        for code in telling
    ]
    faults += [
        Fault(
            what="an area that does not exist",
            where=f"code {code}",
            expected=f"one of the 3,363 codes of RegSO {edition}",
            got=code,
            hint="Look for a slip of the pen; a row of totals is to be taken out",
        )
        for code in strange
        if code not in telling
    ]
    return faults


def _only(edition: int) -> str:
    return ONLY_2020 if edition == 2020 else ONLY_2025


def _check_known(edition: int) -> None:
    if edition not in EDITIONS:
        raise InputError(
            Fault(
                what="an edition that does not exist",
                expected=" or ".join(map(str, EDITIONS)),
                got=str(edition),
                hint="What older files call RegSO 2018 is RegSO 2020",
            )
        )


DRAWN = 2025  # the edition whose outlines are at hand
