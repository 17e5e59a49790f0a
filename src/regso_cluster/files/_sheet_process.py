"""A workbook to lines of JSON, run as a process of its own with a limit on memory; `bounded` starts it.

A workbook holds its cells packed: one stray cell at the far end, or a text that a million cells share, asks for more
memory than there is, and the library that reads it then ends the process. Here that ends this process alone.

The first line names the sheets. Then each line of the input is a request, [name, rows], and is answered by the first
rows of that sheet (all where rows is 0), a line a row, and a line `null`.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any


def _limit(bytes_of_memory: int, seconds: int) -> None:
    try:
        import resource
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


def _answer(path: str, workbook: Any, name: str, most: int) -> None:
    from _odd_cells import find_odd_cells  # type: ignore[import-not-found]

    sheet, out = workbook.get_sheet_by_name(name), sys.stdout
    rows = sheet.to_python(skip_empty_area=False, nrows=most or None)
    odd: dict[int, dict[int, str]] = {}
    if not most:
        for (row, column), text in find_odd_cells(path, name).items():
            odd.setdefault(row, {})[column] = text
    for number, row in enumerate(rows):
        cells = [_plain(cell) for cell in row]
        for column, text in odd.get(number, {}).items():
            cells.extend([""] * (column + 1 - len(cells)))
            if cells[column] in ("", 0):
                cells[column] = {"error": text}
        while cells and cells[-1] == "":
            cells.pop()
        out.write(json.dumps(cells) + "\n")
    out.write("null\n")
    out.flush()


def main(path: str, bytes_of_memory: int, seconds: int) -> None:
    """Write the names of all sheets, then answer requests; or one line that says what is wrong."""
    _limit(bytes_of_memory, seconds)
    # last, so that no module here takes the place of one of the standard library
    sys.path.append(str(Path(__file__).parent))
    import python_calamine

    try:
        workbook = python_calamine.CalamineWorkbook.from_path(path)
        kinds = python_calamine.SheetTypeEnum
        sheets = [
            [one.name, one.visible == python_calamine.SheetVisibleEnum.Visible, one.typ == kinds.WorkSheet]
            for one in workbook.sheets_metadata
        ]
        print(json.dumps({"sheets": sheets}), flush=True)  # noqa: T201
        for line in sys.stdin:
            name, most = json.loads(line)
            _answer(path, workbook, name, most)
    except (python_calamine.CalamineError, OSError, ValueError, RecursionError) as error:
        print(json.dumps({"error": str(error)[:100]}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
