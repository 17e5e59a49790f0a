"""Two releases compared in one call, also across editions: outlines or SCB's list say which borders moved."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from regso_cluster.areas.changes import mark_changes, read_changes
from regso_cluster.areas.edition_table import find_edition
from regso_cluster.areas.editions import code_set
from regso_cluster.errors import Fault, InputError
from regso_cluster.release.model import Release
from regso_cluster.words.notes import Note
from regso_cluster.years.borders import Outlines, read_borders
from regso_cluster.years.compare import Comparison
from regso_cluster.years.compare import compare as compare_areas


def compare(
    old: Release, new: Release, *, outlines: Outlines | None = None, changes: str | Path | None = None
) -> Comparison:
    """Compare two releases: who moved between groups, the cause of each move and the factors behind it.

    Parameters
    ----------
    old, new : the earlier and the later release
    outlines : of both editions: the earlier counts are moved to the later borders
    changes : SCB's list of changed RegSO: marks areas that are not comparable, and moves no counts

    Returns
    -------
    Comparison. Between releases of one edition outlines and changes are not used, and a note says so

    Raises
    ------
    InputError  both outlines and changes; a fault of either; releases with nothing in common

    Examples
    --------
    >>> comparison = compare(read_release(folder / "2023"), read_release(folder / "2024"))
    >>> set(comparison.moves["grouping"]) <= {"composite_group", "cluster", "band"}
    True
    """
    if outlines and changes:
        hint = "Outlines say more than a list of changes: give one of the two."
        raise InputError(Fault("both outlines and changes", hint=hint))
    edition = new.manifest["edition"]
    if (outlines or changes) and old.manifest["edition"] == edition:
        return compare_areas(old, new, notes=(Note("outlines_not_used") if outlines else Note("changes_not_used"),))
    if outlines:
        borders = read_borders(outlines)
        marks = borders.marks
        moved, notes = borders.move(old, edition)
        return compare_areas(old, new, moved=moved, marks=marks, notes=notes)
    return compare_areas(old, new, marks=_read_marks(Path(changes), old, new) if changes else None)


def _read_marks(changes: Path, old: Release, new: Release) -> pd.DataFrame:
    before, after = (find_edition(one.manifest["edition"]) for one in (old, new))
    # rows after the day on which the later edition came into force change what neither edition had
    return mark_changes(read_changes(changes), codes=code_set(after.year), since=before.in_force, until=after.in_force)
