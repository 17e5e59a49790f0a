"""Which areas of two years can be compared."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd


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
    notes: tuple[str, ...]


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
            notes.append(
                f"editions {editions[0]} and {editions[1]}: compared on {len(shared)} shared codes; borders were not "
                "checked, and about 288 shared codes have other borders"
            )
        else:
            notes.append(f"editions {editions[0]} and {editions[1]}: {len(set(changed) & set(shared))} shared codes "
                         "have other borders")  # fmt: skip
    only_old, only_new = (
        tuple(str(code) for code in one.difference(other).sort_values()) for one, other in ((old, new), (new, old))
    )
    notes += [f"{len(only)} areas are in {which} year alone"
              for only, which in ((only_old, "the earlier"), (only_new, "the later")) if only]  # fmt: skip
    return Alignment(shared, only_old, only_new, frozenset(changed or ()) & frozenset(shared), tuple(notes))
