"""Which areas of two years can be compared."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from regso_cluster.areas.crosswalk import Crosswalk
from regso_cluster.areas.edition_table import edition_table
from regso_cluster.areas.moved_counts import move_counts, unmovable
from regso_cluster.errors import InputError
from regso_cluster.factors.rates import MISSING, OBSERVED, SUPPRESSED, rate
from regso_cluster.factors.tables import FactorTable
from regso_cluster.method import Method
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note
from regso_cluster.words.wording import name_codes


@dataclass(frozen=True)
class Alignment:
    """The codes of two years side by side.

    Parameters
    ----------
    shared : codes of both years, in order: the areas that are compared
    only_old, only_new : codes of one year alone; they neither moved nor stayed
    changed : shared codes known to have another border in the second year
    notes : what a reader should know about borders
    """

    shared: pd.Index
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]
    changed: frozenset[str]
    notes: tuple[Note, ...]


def align(
    old: pd.Index, new: pd.Index, editions: tuple[int | None, int | None], changed: Collection[str] | None = None
) -> Alignment:
    """Align two years on the codes that they share.

    Parameters
    ----------
    old, new : codes of the areas
    editions : of the two years; None for areas of their own
    changed : codes whose border changed between the editions; None: not known

    Returns
    -------
    The alignment; where editions differ and `changed` is None a note says that borders were not checked
    """
    shared = old.intersection(new).sort_values()
    notes = []
    if editions[0] != editions[1]:
        if changed is None:
            notes.append(_say_unchecked(*editions, len(shared)))
        else:
            both = len(set(changed) & set(shared))
            notes.append(Note("borders_changed", old=str(editions[0]), new=str(editions[1]), count=both))
    only_old, only_new = (
        tuple(str(code) for code in one.difference(other).sort_values()) for one, other in ((old, new), (new, old))
    )
    if only_old:
        notes.append(Note("only_earlier_year", count=len(only_old), codes=name_codes(only_old)))
    if only_new:
        notes.append(Note("only_later_year", count=len(only_new), codes=name_codes(only_new)))
    return Alignment(shared, only_old, only_new, frozenset(changed or ()) & frozenset(shared), tuple(notes))


def _say_unchecked(old: int | None, new: int | None, shared: int) -> Note:
    """Say that borders were not checked, and how many shared codes of the two editions have other borders."""
    change = edition_table().change(old, new)
    values = {"old": str(old), "new": str(new), "count": shared}
    if change is None or change.other_borders is None:
        return Note("borders_not_checked", **values)
    return Note("borders_not_checked_others", others=change.other_borders, **values)


def move_table(table: FactorTable, crosswalk: Crosswalk, method: Method, edition: int | None) -> FactorTable:
    """Move a table to the borders of another edition: counts are moved, rates computed anew from them.

    Parameters
    ----------
    table : in the areas of the crosswalk's old layer
    crosswalk : shares of the old areas
    method : of the table; its factors are counts
    edition : that the new layer is of

    Returns
    -------
    the table by new code; an area that no old one gives a part to is missing. Kept to the figures that judge areas:
    names and places are empty, the status of an area is that of its least known factor

    Raises
    ------
    InputError  a factor that is known as a rate only
    """
    if faults := unmovable(method.factors):
        raise InputError(faults)
    keys = list(method.keys)
    parts = {}
    for part in ("numerator", "denominator"):
        parts[part], status = move_counts(getattr(table, part), crosswalk, status=table.status)
    value = pd.DataFrame(
        {factor.key: rate(parts["numerator"][factor.key], parts["denominator"][factor.key], factor.unit)
         for factor in method.factors},
        columns=keys,
    )  # fmt: skip
    status = status.where(value.notna() | (status != OBSERVED), MISSING)
    residents, _ = move_counts(table.areas[[c.POPULATION]], crosswalk)
    worst_first = [(status == mark).any(axis=1) for mark in (MISSING, SUPPRESSED)]
    known = np.select(worst_first, [MISSING, SUPPRESSED], OBSERVED)
    areas = pd.DataFrame(np.nan, index=value.index, columns=[c.NAME, c.KOMMUN, c.KOMMUN_NAME, c.LAN]).astype("string")
    areas = areas.assign(population=residents[c.POPULATION], status=known)
    notes = (*table.notes, *crosswalk.notes)
    return FactorTable(areas, parts["numerator"], parts["denominator"], value, status, edition, table.source,
                       table.sha256, notes, table.synthetic)  # fmt: skip
