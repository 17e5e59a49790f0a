"""Two editions side by side: a crosswalk from files of outlines, an earlier release in the borders of a later one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from regso_cluster.areas.codes import parse_codes
from regso_cluster.areas.crosswalk import Crosswalk, build_crosswalk, mark_areas, say_weighting
from regso_cluster.areas.crosswalk_cache import cached_crosswalk
from regso_cluster.areas.editions import check_edition
from regso_cluster.areas.layers import read_ground, read_outlines, read_residents
from regso_cluster.areas.moved_counts import unmovable
from regso_cluster.areas.shapes import load_shapes
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.rates import MISSING
from regso_cluster.factors.tables import FactorTable
from regso_cluster.files.numbers import parse_numbers
from regso_cluster.files.tables import read_table
from regso_cluster.judging.case import as_counted
from regso_cluster.judging.judge import judge
from regso_cluster.method import Table
from regso_cluster.release.model import Earlier, Release
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note
from regso_cluster.years.align import move_table


@dataclass(frozen=True)
class Outlines:
    """The files that a crosswalk is built from.

    Parameters
    ----------
    old, new : outlines of the RegSO of the earlier and the later edition
    land : polygons of land; None: the outlines that the package carries, which end at the coast
    population : points or polygons with a number of residents; None: weighted by land
    population_column : of the number of residents
    population_counts : a table of residents by DeSO, for a layer of DeSO without a number
    cache : a folder that keeps crosswalks

    Examples
    --------
    >>> from pathlib import Path
    >>> Outlines(old=Path("regso-2020.gpkg"), new=Path("regso-2025.gpkg")).population is None
    True
    """

    old: Path
    new: Path
    land: Path | None = None
    population: Path | None = None
    population_column: str | None = None
    population_counts: Path | None = None
    cache: Path | None = None


@dataclass(frozen=True)
class Borders:
    """What is known of the borders of two editions.

    Parameters
    ----------
    crosswalk : which part of each old area lies in which new one
    notes : what was done to the layers
    """

    crosswalk: Crosswalk
    notes: tuple[Note, ...] = ()

    @cached_property
    def marks(self) -> pd.DataFrame:
        """Which areas compare by their code, see `mark_areas`."""
        return mark_areas(self.crosswalk)

    def describe(self) -> dict[str, Any]:
        """Give what a manifest keeps: how residents were weighed, and the hashes of the layers."""
        changed = int((~self.marks["comparable"]).sum())
        return {"weighting": self.crosswalk.weighting, "changed": changed, "sources": dict(self.crosswalk.sources)}

    def move(self, release: Release, edition: int | None) -> tuple[FactorTable | None, tuple[Note, ...]]:
        """Move the figures of a release to the later borders.

        Returns
        -------
        the moved table, None where a factor is known as a rate only; and what was done, to the layers and the counts

        Raises
        ------
        InputError  outlines that lack areas with figures, are of another edition than `edition`, or twice the same
        """
        table = _within(release, self.crosswalk)
        self._refuse_others(edition)
        notes = (*self.notes, *self.crosswalk.notes)
        if rates := unmovable(release.method.factors):
            said = Note("counts_not_moved", factors=[fault.where for fault in rates])
            return None, (*notes, said)
        said = Note("counts_moved", weighting=say_weighting(self.crosswalk.weighting))
        return move_table(table, self.crosswalk, release.method, edition), (*notes, said)

    def _refuse_others(self, edition: int | None) -> None:
        """Refuse new outlines that are not of the later edition: by them no border would have moved."""
        hint = "Give the outlines of the edition of the later release as --new-shapes."
        if edition is not None and (faults := check_edition(self.crosswalk.new.index, edition)):
            raise InputError([replace(fault, where=f"the new outlines, {fault.where}", hint=hint) for fault in faults])
        if self.crosswalk.sources["old"] == self.crosswalk.sources["new"]:
            raise InputError(
                Fault("the old and the new outlines are the same", "--old-shapes, --new-shapes", hint=hint)
            )


def read_borders(files: Outlines) -> Borders:
    """Build the crosswalk of two files of outlines, or read it from the cache.

    Raises
    ------
    InputError  every fault of the layers, see `read_outlines`, `read_residents`, `build_crosswalk`
    """
    old, notes_old = read_outlines(files.old)
    new, notes_new = read_outlines(files.new)
    notes = [*notes_old, *notes_new]
    land = read_ground(files.land) if files.land else load_shapes()[["geometry"]]
    population = None
    if files.population:
        counts = _read_counts(files.population_counts, files.population_column) if files.population_counts else None
        population, said = read_residents(files.population, column=files.population_column, counts=counts)
        notes += said
    if files.cache:
        return Borders(cached_crosswalk(files.cache, old, new, population=population, land=land), tuple(notes))
    return Borders(build_crosswalk(old, new, population=population, land=land), tuple(notes))


def _read_counts(path: Path, column: str | None) -> pd.Series:
    """Read residents by DeSO from a table; the column of codes is told by its content."""
    raw = read_table(path, columns=(column or c.POPULATION,))
    parsed = {name: parse_codes(raw.frame[name], "deso").codes for name in raw.frame.columns}
    codes = next((codes for codes in parsed.values() if codes.notna().mean() > 0.9), None)
    wanted = column or c.POPULATION
    faults = []
    if codes is None:
        faults.append(Fault("no column of DeSO codes", raw.name, "codes such as 0114A0010"))
    if wanted not in raw.frame:
        got = ", ".join(map(repr, raw.frame.columns))
        faults.append(Fault("a column is missing", raw.name, f"column {wanted!r}", f"columns {got}",
                            "Name the column of residents with --population-column."))  # fmt: skip
    if faults or codes is None:
        raise InputError(faults)
    marks = Table()
    numbers = parse_numbers(raw.frame[wanted], marks.suppressed, marks.absent, decimal_comma=raw.decimal_comma)
    counts = pd.Series(numbers.values, index=codes.to_numpy())[codes.notna().to_numpy()]
    if counts.isna().any() or counts.index.has_duplicates:
        hint = "Give one number of residents for each DeSO."
        bad = counts.index[counts.isna() | counts.index.duplicated()]
        raise InputError(Fault("no one number of residents", raw.name, got=", ".join(bad[:5]), hint=hint))
    return counts


def _within(release: Release, crosswalk: Crosswalk) -> FactorTable:
    """Give the figures of the areas that the old outlines hold; the others must be missing anyway."""
    table = release.table
    outside = table.areas.index.difference(crosswalk.old.index)
    known = outside[(table.status.loc[outside] != MISSING).any(axis=1)]
    if len(known):
        hint = "Give the outlines of the edition of the earlier release as --old-shapes: all of its areas."
        got = f"{len(known)} areas with figures, as {known[0]}"
        raise InputError(Fault("areas that the old outlines lack", str(release.path), "none", got, hint))
    inside = table.areas.index.intersection(crosswalk.old.index)
    parts = {
        name: getattr(table, name).loc[inside] for name in ("areas", "numerator", "denominator", "value", "status")
    }
    return replace(table, **parts)


def against(previous: Release | None, edition: int | None, borders: Borders | None) -> Earlier:
    """Give the groups of an earlier release in the borders of a later edition; as they are where `borders` is None."""
    if previous is None:
        return Earlier()
    if borders is None:
        return Earlier(previous, previous.areas)
    areas, notes = earlier_areas(previous, borders, edition)
    return Earlier(previous, areas, borders.describe() | {"notes": list(notes)})


def earlier_areas(release: Release, borders: Borders, edition: int | None) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """Give the groups of an earlier release in the borders of a later edition, for `classify(previous=...)`.

    An area whose border is the same keeps its groups as they were published. One whose border changed has the groups
    that its moved counts get on the earlier yardstick; none where counts cannot be moved.

    Returns
    -------
    by later code: composite_group, cluster and <factor>_problem as the release has them, composite_group_free and
    <factor>_held of its no-flicker rule, previous_comparable, previous_elsewhere; and notes
    """
    moved, notes = borders.move(release, edition)
    marks = borders.marks
    published = release.areas
    kept = [c.COMPOSITE_GROUP, c.COMPOSITE_GROUP_FREE, c.CLUSTER]
    kept += [f"{key}_{part}" for key in release.method.keys for part in ("problem", "held")]
    columns = [column for column in kept if column in published]
    same = marks.index[marks["comparable"]].intersection(published.index)
    others = marks.index.difference(same)
    judged = pd.DataFrame(index=others)
    if moved is not None and release.method.measured is not None:
        groups = judge(as_counted(moved, release.method), release.method.measured).loc[others]
        freed = groups.assign(composite_group_free=groups.get(c.COMPOSITE_GROUP))
        judged = freed.assign(**{c.held_of(key): groups.get(c.problem_of(key)) for key in release.method.keys})
    frame = pd.concat([published.loc[same, columns], judged.reindex(columns=columns)]).sort_index()
    frame = frame.astype(published[columns].dtypes.to_dict())
    values = {"count": len(others), "release": release.name}
    said = Note("groups_not_known", **values) if moved is None else Note("groups_of_moved_counts", **values)
    marked = marks[["comparable", "elsewhere"]].add_prefix("previous_")
    return frame.join(marked), (*notes, said)
