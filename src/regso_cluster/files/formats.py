"""Formats that are written: one row a format, with its endings, what it holds, its writer and its name in a help text.

Every command that writes takes its choices, its refusals and its help from rows. Those of any table are here; those
of maps in `maps.formats`, of pictures in `figures.kinds`, those that need a release in `exports.formats`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from regso_cluster.errors import Fault, InputError
from regso_cluster.files.output import Output, without_geometry

Kind = Literal["table", "map", "cube", "package", "database", "picture"]


@dataclass(frozen=True)
class Format:
    """A format that is written.

    Parameters
    ----------
    suffixes : endings of its files, in small letters; the first is the one to recommend
    kind : what it is
    title : its name in a help text, "" where the ending says it
    write : writes any table of it; None where it is made of something else than a table
    geometry : holds outlines and points, too
    needs : what it is made of: "table", "release", "figure"
    name : the whole name of its file, where an ending is not enough
    schemes : how its address begins, of a database
    """

    suffixes: tuple[str, ...]
    kind: Kind
    title: str = ""
    write: Callable[[Output, Path], None] | None = None
    geometry: bool = False
    needs: Literal["table", "release", "figure"] = "table"
    name: str = ""
    schemes: tuple[str, ...] = ()


def find_format(to: str | Path, formats: Iterable[Format]) -> Format:
    """Find the format of a file by its ending.

    Raises
    ------
    InputError  an ending that no format has; a folder of that name
    """
    to = Path(to)
    formats = [one for one in formats if one.suffixes]
    found = next((one for one in formats if to.suffix.lower() in one.suffixes), None)
    if found is None:
        expected, hint = ", ".join(list_suffixes(formats)), "Name the file with one of these endings."
        raise InputError(Fault("unknown kind of file", str(to), expected, to.suffix or "no suffix", hint))
    if to.is_dir():
        hint = "Add a name that ends with the kind."
        raise InputError(Fault("a folder stands there", str(to), "a file name", hint=hint))
    return found


def list_suffixes(formats: Iterable[Format]) -> list[str]:
    """List the endings of formats."""
    return [suffix for one in formats for suffix in one.suffixes]


def describe_formats(formats: Iterable[Format]) -> str:
    """Name formats in a help text: `.csv, .xlsx or .json (JSON-stat)`, the first ending of each."""
    named = [f"{one.suffixes[0]}{f' ({one.title})' if one.title else ''}" for one in formats if one.suffixes]
    return " or ".join(filter(None, [", ".join(named[:-1]), named[-1]]))


def write_output(output: Output, to: Path, found: Format) -> None:
    """Write a table in a format, whole or not at all; an existing file is replaced in one step.

    Raises
    ------
    InputError  a table that the format cannot hold
    """
    from regso_cluster.files.atomic import whole_file

    if found.write is None:
        raise TypeError(f"{found.suffixes} is not made of a table")
    with whole_file(to) as partial:
        found.write(output, partial)


def _write_text(output: Output, path: Path) -> None:
    from regso_cluster.files.textfiles import write_csv

    write_csv(without_geometry(output.marked), path, excel_sv=output.excel_sv)


def _write_tabbed(output: Output, path: Path) -> None:
    from regso_cluster.files.textfiles import write_csv

    write_csv(without_geometry(output.marked), path, delimiter="\t")


def _write_workbook(output: Output, path: Path) -> None:
    from regso_cluster.files.workbooks import write_table_workbook

    write_table_workbook(output, path)


def _write_parquet(output: Output, path: Path) -> None:
    from regso_cluster.files.parquet import write_parquet

    write_parquet(output.marked, path)


TEXT = Format((".csv", ".txt"), "table", write=_write_text)
TABBED = Format((".tsv",), "table", write=_write_tabbed)
WORKBOOK = Format((".xlsx",), "table", write=_write_workbook)
PARQUET = Format((".parquet",), "table", write=_write_parquet, geometry=True)
TABLES: tuple[Format, ...] = (TEXT, TABBED, WORKBOOK, PARQUET)
DOCUMENT = Format((".json",), "table")  # of a report, which is more than a table
