"""A workbook to lines of JSON, run as a process of its own with a limit on memory; `workbooks` starts it.

A workbook holds its cells packed: one stray cell at the far end, or a text that a million cells share, asks for more
memory than there is, and the library that reads it then ends the process. Here that ends this process alone.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from typing import Any


def _limit(bytes_of_memory: int, seconds: int) -> None:
    try:
        import resource  # noqa: PLC0415  (not on Windows, where the process alone is the wall)
    except ImportError:
        return
    for kind, most in (
        (resource.RLIMIT_AS, bytes_of_memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):  # a system that does not know this limit, or has a lower one
            continue


def _plain(cell: Any) -> Any:
    if isinstance(cell, dt.datetime | dt.date | dt.time):
        return {type(cell).__name__: cell.isoformat()}
    if isinstance(cell, dt.timedelta):
        return {"timedelta": cell.total_seconds()}
    return cell


def main(path: str, sheet: str, bytes_of_memory: int, seconds: int) -> None:
    """Write the names of all sheets and the one read, then a line a row; or one line that says what is wrong."""
    _limit(bytes_of_memory, seconds)
    import python_calamine  # noqa: PLC0415  (after the limit)

    try:
        workbook = python_calamine.CalamineWorkbook.from_path(path)
        names = workbook.sheet_names
        if sheet and sheet not in names:
            print(json.dumps({"sheets": names, "read": None}))  # noqa: T201
            return
        read = {name: workbook.get_sheet_by_name(name) for name in ([sheet] if sheet else names)}
        # beside its data a workbook may hold a cover or notes: the sheet with the most rows is the table
        largest = max(read, key=lambda name: read[name].total_height)
        rows = read[largest].to_python(skip_empty_area=False)
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        print(json.dumps({"error": str(error)[:100]}))  # noqa: T201
        return
    out = sys.stdout
    out.write(json.dumps({"sheets": names, "read": largest}) + "\n")
    for row in rows:
        while row and row[-1] == "":
            row.pop()
        out.write(json.dumps([_plain(cell) for cell in row]) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
