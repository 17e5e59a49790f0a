"""Which editions of RegSO there are: rows of `editions.toml`, in the folder of data that travels with the package.

An edition is data. The package carries its own folder; `use_editions` adds another for the time of a block.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from regso_cluster.areas._files import shapes_file
from regso_cluster.errors import Fault, InputError

FILE = "editions.toml"


@dataclass(frozen=True)
class DesoEdition:
    """The edition of DeSO that goes with one of RegSO: its year, its number of areas, its layer at SCB."""

    year: int
    areas: int
    layer: str


@dataclass(frozen=True, eq=False)  # a row is read once: caches know it by itself
class Edition:
    """One edition of RegSO.

    Parameters
    ----------
    folder : of its files
    year : what it is called, as RegSO 2025
    also : what older files call it
    year_from : SCB's tables are in it from this reference year; None for the oldest
    in_force : from which day SCB's list of changed RegSO holds for it; None where not known
    areas : Parquet of codes, names and places; empty where `base` says them
    base, without, plus : the edition whose codes it has, but for these; None where `areas` says them
    outlines : `areas` has outlines for display
    waters, neighbours : further files; empty where there are none
    plain_codes : SCB's tables write its codes without a suffix, beside suffixed ones of others
    layer, deso : at SCB's map service; empty, None where there is none
    """

    folder: Path
    year: int
    also: tuple[int, ...] = ()
    year_from: int | None = None
    in_force: date | None = None
    areas: str = ""
    base: int | None = None
    without: tuple[str, ...] = ()
    plus: tuple[str, ...] = ()
    outlines: bool = False
    waters: str = ""
    neighbours: str = ""
    plain_codes: bool = False
    layer: str = ""
    deso: DesoEdition | None = None


@dataclass(frozen=True)
class EditionChange:
    """What is known of two editions side by side.

    Parameters
    ----------
    old, new : the editions
    other_borders : number of shared codes whose border is another; None where not known
    crosswalk : file of shares between the two; None where none is at hand
    """

    old: int
    new: int
    other_borders: int | None = None
    crosswalk: Path | None = None


@dataclass(frozen=True, eq=False)
class EditionTable:
    """All editions, oldest first, and what is known between them."""

    editions: tuple[Edition, ...]
    changes: tuple[EditionChange, ...]

    def change(self, one: int | None, other: int | None) -> EditionChange | None:
        """Give what is known of two editions, in either order; None where nothing is."""
        return next((row for row in self.changes if {row.old, row.new} == {one, other}), None)


_added: list[Path] = []


@contextmanager
def use_editions(folder: str | Path) -> Iterator[EditionTable]:
    """Add the editions of a folder to those of the package, while the block runs.

    Parameters
    ----------
    folder : with an `editions.toml` and the files that it names

    Raises
    ------
    InputError  no such file, or a row that is wrong
    """
    _added.append(Path(folder))
    try:
        yield edition_table()
    finally:
        _added.remove(Path(folder))


def edition_table() -> EditionTable:
    """Give the editions of the package and of every folder that `use_editions` has added."""
    return _read((_own_folder(), *_added))


def edition_years() -> tuple[int, ...]:
    """Name the editions by their years, oldest first."""
    return tuple(one.year for one in edition_table().editions)


def find_edition(year: int) -> Edition:
    """Give an edition by its year.

    Raises
    ------
    InputError  an edition that does not exist
    """
    table = edition_table().editions
    for one in table:
        if one.year == year:
            return one
    named = [f"What older files call RegSO {name} is RegSO {one.year}" for one in table for name in one.also]
    expected = list_years("or")
    raise InputError(Fault("an edition that does not exist", expected=expected, got=str(year), hint="; ".join(named)))


def canonical_year(year: int) -> int:
    """Give the year by which an edition is known here: 2020 for what older files call 2018; others as they are."""
    return next((one.year for one in edition_table().editions if year in one.also), year)


def edition_of_year(reference_year: int) -> int:
    """Give the edition that SCB's tables of a reference year are in: 2020 up to 2023, 2025 from 2024."""
    table = edition_table().editions
    begun = [one.year for one in table if one.year_from is not None and one.year_from <= reference_year]
    return begun[-1] if begun else table[0].year


def list_years(word: str, years: tuple[int, ...] | None = None) -> str:
    """List editions for a sentence, as "2020 or 2025"; all of them by default."""
    names = [str(year) for year in (edition_years() if years is None else years)]
    return f" {word} ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def edition_hint() -> str:
    """Say how a user names the edition: "Say it with --edition 2020 or --edition 2025."."""
    return f"Say it with {' or '.join(f'--edition {year}' for year in edition_years())}."


def has_outlines(year: int | None) -> bool:
    """Tell whether outlines for display are at hand for an edition; None, areas of their own, has none."""
    return any(one.outlines for one in edition_table().editions if one.year == year)


def drawn_years() -> tuple[int, ...]:
    """Name the editions whose outlines for display are at hand, oldest first; the last is the default of maps."""
    return tuple(one.year for one in edition_table().editions if one.outlines)


def neighbour_years() -> tuple[int, ...]:
    """Name the editions whose neighbours are known, oldest first."""
    return tuple(one.year for one in edition_table().editions if one.neighbours)


def list_crosswalks() -> str:
    """Name the crosswalks that are at hand, as "RegSO 2025 to 2030"; empty where there are none."""
    return ", ".join(f"RegSO {row.old} to {row.new}" for row in edition_table().changes if row.crosswalk)


@cache
def _own_folder() -> Path:
    return shapes_file(FILE).parent


@cache
def _read(folders: tuple[Path, ...]) -> EditionTable:
    editions: dict[int, Edition] = {}
    changes: dict[tuple[int, int], EditionChange] = {}
    for folder in folders:
        file = folder / FILE
        try:
            said = tomllib.loads(file.read_text("utf-8"))
            rows = [_edition(folder, row) for row in said["edition"]]
            between = [_change(folder, row) for row in said.get("change", [])]
        except (OSError, ValueError, KeyError, TypeError) as error:
            hint = "Compare it with the one of the package, data/shapes/editions.toml."
            got = f"{type(error).__name__}: {error}"[:120]
            raise InputError(Fault("no table of editions", str(file), "rows of [[edition]]", got, hint)) from error
        editions |= {row.year: row for row in rows}
        changes |= {(row.old, row.new): row for row in between}
    table = EditionTable(tuple(editions[year] for year in sorted(editions)), tuple(changes.values()))
    if faults := _faults(table):
        raise InputError(faults)
    return table


def _edition(folder: Path, row: dict[str, Any]) -> Edition:
    plain: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    plain["plus"] = plain.pop("with", ())
    if "deso" in plain:
        plain["deso"] = DesoEdition(**plain["deso"])
    return Edition(folder=folder, **plain)


def _change(folder: Path, row: dict[str, Any]) -> EditionChange:
    rest = {key: value for key, value in row.items() if key not in ("from", "to", "crosswalk")}
    file = folder / row["crosswalk"] if "crosswalk" in row else None
    return EditionChange(old=row["from"], new=row["to"], crosswalk=file, **rest)


def _faults(table: EditionTable) -> list[Fault]:
    """Find rows that contradict each other or name files that are not there."""
    years = {one.year for one in table.editions}
    based = {one.year for one in table.editions if not one.areas}
    faults = [
        Fault("a file of an edition is missing", f"RegSO {one.year}", name, hint=f"Put it into {one.folder}.")
        for one in table.editions
        for name in (one.areas, one.waters, one.neighbours)
        if name and not (one.folder / name).is_file()
    ]
    faults += [
        Fault("an edition without areas", f"RegSO {one.year}", "`areas`, or `base` with an edition that has `areas`")
        for one in table.editions
        if not one.areas and (one.base not in years or one.base in based)
    ]
    faults += [
        Fault("outlines without a file of areas", f"RegSO {one.year}", hint="Name the file as `areas`.")
        for one in table.editions
        if one.outlines and not one.areas
    ]
    begun = [one.year_from for one in table.editions[1:]]
    faults += [
        Fault("an edition without a first reference year", f"RegSO {one.year}", "year_from, later than that before it")
        for one, before in zip(table.editions[1:], [None, *begun], strict=False)
        if one.year_from is None or (before is not None and one.year_from <= before)
    ]
    faults += [
        Fault(
            "a change between editions that do not exist",
            f"{row.old} to {row.new}",
            list_years("and", tuple(sorted(years))),
        )
        for row in table.changes
        if not {row.old, row.new} <= years or row.old >= row.new
    ]
    faults += [
        Fault("a crosswalk is missing", f"RegSO {row.old} to {row.new}", str(row.crosswalk))
        for row in table.changes
        if row.crosswalk and not row.crosswalk.is_file()
    ]
    return faults
