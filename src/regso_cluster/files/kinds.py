"""The kinds of files that are read, by their endings: one list of each, and one refusal of any other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from regso_cluster.errors import Fault, InputError

TEXT_SUFFIXES = (".csv", ".txt", ".tsv")
WORKBOOK_SUFFIXES = (".xlsx", ".xls", ".xlsb", ".ods")
CELL_SUFFIXES = (*TEXT_SUFFIXES, *WORKBOOK_SUFFIXES, ".parquet")  # a table as rows and columns
CUBE_SUFFIXES = (".json", ".jsonstat", ".px")  # a table as cells over dimensions
FIGURE_SUFFIXES = (*CELL_SUFFIXES, *CUBE_SUFFIXES)  # of figures by area
MAP_SUFFIXES = (".gpkg", ".geojson")
OWN_SUFFIXES = (*CELL_SUFFIXES, *MAP_SUFFIXES)  # of an agency's own units


def kind_of_file(path: Path, known: Sequence[str]) -> str:
    """Give the ending of a file that is read, in small letters.

    Raises
    ------
    InputError  no such file, or none of the kinds that are known
    """
    if not path.is_file():
        hint = "Check the path; it is read relative to where you stand."
        raise InputError(Fault("no such file", str(path), hint=hint))
    kind = path.suffix.lower()
    if kind not in known:
        got = path.suffix or "no suffix"
        raise InputError(Fault("unknown kind of file", path.name, ", ".join(known), got, "Save it as CSV."))
    return kind


def lock_file(name: str) -> bool:
    """Whether a file is one that Excel or LibreOffice keeps beside an open workbook."""
    return bool(re.match(r"~\$|\.~lock\.", name))
