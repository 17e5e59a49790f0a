"""Where a table was fetched from: FILE.source.json beside it, which travels into the release's manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from regso_cluster.areas.edition_table import edition_years
from regso_cluster.words.notes import Note

SUFFIX = ".source.json"
FORMAT = 1


def origin_file(table: Path) -> Path:
    """Give the place of the source file of a table."""
    return table.with_name(table.name + SUFFIX)


def is_origin(path: Path) -> bool:
    """Whether a file is a whole source file of a table."""
    try:
        said = json.loads(path.read_bytes())
        return bool(said["format"] == FORMAT) and isinstance(said["table_sha256"], str)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def describe_origin(origin: dict[str, Any], sha256: str) -> bytes:
    """Write what is known of a table's sources, bound to its bytes.

    Parameters
    ----------
    origin : plain data
    sha256 : of the table
    """
    said = {"format": FORMAT, "table_sha256": sha256, **origin}
    return (json.dumps(said, ensure_ascii=False, indent=2) + "\n").encode()


def read_origin(table: Path, sha256: str) -> tuple[dict[str, Any] | None, list[Note]]:
    """Read the source file of a table.

    Parameters
    ----------
    table : its path
    sha256 : of its bytes as they are now

    Returns
    -------
    what it says; None where there is none, or it is not of these bytes. And notes
    """
    file = origin_file(table)
    if not file.is_file():
        return None, []
    try:
        said = json.loads(file.read_bytes())
        same = said["format"] == FORMAT and said["table_sha256"] == sha256
        texts = [said["retrieved"], *(source["table"] for source in said["sources"])]
        if not all(isinstance(text, str) for text in texts) or said.get("edition") not in (None, *edition_years()):
            raise TypeError("a field of another type")
        json.dumps(said, ensure_ascii=False).encode()  # half a character is none that a manifest can hold
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None, [Note("origin_damaged", file=file.name)]
    if not same:
        return None, [Note("origin_of_other_table", file=file.name)]
    tables = list(dict.fromkeys(source["table"] for source in said["sources"]))
    return said, [Note("fetched_from", date=said["retrieved"][:10], tables=tables)]
