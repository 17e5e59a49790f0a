"""Text tables: how a file is encoded and parted, and its cells as text, read a piece at a time."""

from __future__ import annotations

import array
import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from regso_cluster.errors import Fault, InputError
from regso_cluster.words.notes import Note

SAMPLE = 1_000_000  # characters at the beginning that are looked at for the delimiter
MOST_CELLS = 20_000_000  # of a text table, rows times columns; as Python objects they take some 1.5 GB
MOST_COLUMNS = 16_384  # as a worksheet of Excel has
LONGEST = 16_000_000  # characters of a line or a cell
_PIECE = 200_000  # cells that stand as Python objects before they are packed
DELIMITERS = (";", "\t", ",", "|")


@dataclass(frozen=True)
class TextRows:
    """The cells of a text table.

    Parameters
    ----------
    columns : a list of Arrow arrays of text a column, each (n_rows,); short rows are filled up with ""
    widths : (n_rows,) cells that stand in each row
    delimiter : between the cells
    ended : whether the last line has its line break
    notes : how the file was read
    """

    columns: list[Any]
    widths: npt.NDArray[np.int32]
    delimiter: str
    ended: bool
    notes: tuple[Note, ...] = ()


def read_text(path: Path) -> TextRows:
    """Read a text table; nothing is taken away.

    Raises
    ------
    InputError  binary data, a quotation mark never closed, more cells or longer lines than the limits
    """
    encoding, notes = find_encoding(path)
    with path.open("rb") as raw, io.TextIOWrapper(raw, encoding, newline="") as text:
        sample = text.read(SAMPLE)
    before = csv.field_size_limit(max(LONGEST, SAMPLE))
    try:
        delimiter = find_delimiter(sample)
        with path.open("rb") as raw, io.TextIOWrapper(raw, encoding, newline="") as text:
            lines = _Lines(text, path.name)
            columns, widths = _gather(csv.reader(lines, delimiter=delimiter, strict=True), path.name)
    except csv.Error as error:
        hint = "Look for a quotation mark that is never closed."
        raise InputError(Fault("not readable as CSV", path.name, got=str(error), hint=hint)) from error
    finally:
        csv.field_size_limit(before)
    return TextRows(columns, widths, delimiter, lines.last.endswith(("\n", "\r")), tuple(notes))


class _Lines:
    """The lines of a file; one without end is refused before it fills the memory."""

    def __init__(self, text: io.TextIOWrapper, name: str) -> None:
        self._text, self._name, self.last = text, name, ""
        self._first = True

    def __iter__(self) -> Iterator[str]:
        while line := self._text.readline(LONGEST):
            if len(line) == LONGEST:
                hint = "A table has a line a row: look for lost line breaks."
                raise InputError(Fault("too long a line", self._name, f"under {LONGEST:,} characters", hint=hint))
            self.last = line
            yield line.lstrip("\ufeff") if self._first else line  # a mark may stand there twice
            self._first = False


def _gather(reader: Iterator[list[str]], name: str) -> tuple[list[Any], npt.NDArray[np.int32]]:
    import pyarrow as pa

    widths = array.array("i")
    pieces: list[list[Any]] = []
    rows: list[list[str]] = []
    cells = widest = 0

    def pack() -> None:
        packed = [pa.array(column, pa.string()) for column in zip_longest(*rows, fillvalue="")]
        pieces.append(packed or [pa.array([""] * len(rows), pa.string())])
        rows.clear()

    for row in reader:
        widths.append(len(row))
        rows.append(row)
        cells, widest = cells + len(row), max(widest, len(row))
        _check_claims(len(widths), widest, name)
        if cells + len(rows) > _PIECE:
            pack()
            cells = 0
    if rows:
        pack()
    return _joined(pieces, widest), np.frombuffer(widths, np.int32).copy() if widths else np.zeros(0, np.int32)


def _check_claims(rows: int, width: int, name: str) -> None:
    if width > MOST_COLUMNS:
        hint = "A table of factors has some tens of columns: turn it, or keep the columns that are needed."
        raise InputError(Fault("too many columns", name, f"at most {MOST_COLUMNS:,}", f"{width:,}", hint))
    if rows * width > MOST_CELLS:
        hint = "A table of factors has a row an area (and factor): keep the columns and rows that are needed."
        got = f"{rows:,} rows or more of {width:,} columns"
        raise InputError(Fault("too many cells", name, f"at most {MOST_CELLS:,}", got, hint))


def _joined(pieces: list[list[Any]], width: int) -> list[Any]:
    """Give each column as one chunked array; a piece of narrower rows is filled up."""
    import pyarrow as pa

    blanks = [pa.array([""] * len(piece[0]), pa.string()) for piece in pieces]
    return [
        pa.chunked_array(
            [piece[at] if at < len(piece) else blank for piece, blank in zip(pieces, blanks, strict=True)], pa.string()
        )
        for at in range(width)
    ]


def find_encoding(path: Path) -> tuple[str, list[Note]]:
    """Tell how a text file is encoded: UTF-8, UTF-16 (by its mark), else Windows-1252, else Latin-1; with a note.

    Raises
    ------
    InputError  a workbook or archive, binary data, damaged UTF-16
    """
    name = path.name
    with path.open("rb") as file:
        begin = file.read(4)
        binary = begin[:2] not in (b"\xff\xfe", b"\xfe\xff") and (b"\x00" in begin or _holds_zero(file))
    if begin == b"PK\x03\x04":
        raise InputError(Fault("a workbook or archive named as text", name, hint="Rename it to .xlsx, or save as CSV."))
    if begin[:2] in (b"\xff\xfe", b"\xfe\xff"):
        if not _decodes(path, "utf-16"):
            raise InputError(Fault("damaged UTF-16 text", name, hint="Save the table as CSV in UTF-8."))
        return "utf-16", [Note("read_utf_16")]
    if binary:
        raise InputError(Fault("binary data in a text file", name, hint="Save the table as CSV in UTF-8."))
    if _decodes(path, "utf-8-sig"):
        return "utf-8-sig", []
    # Windows-1252 holds Latin-1's letters; the few bytes it lacks fall back to Latin-1
    if _decodes(path, "cp1252"):
        return "cp1252", [Note("read_windows_1252")]
    return "latin-1", [Note("read_latin_1")]


def _holds_zero(file: io.BufferedReader) -> bool:
    while piece := file.read(SAMPLE):
        if b"\x00" in piece:
            return True
    return False


def _decodes(path: Path, encoding: str) -> bool:
    """Whether all of it decodes, a piece at a time: a large file need not stand in memory as text."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while piece := file.read(SAMPLE):
                decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def find_delimiter(text: str) -> str:
    """Find the delimiter that gives the most of the first rows one width of two cells or more; else a comma.

    Raises
    ------
    csv.Error  a cell that never ends
    """

    def agreeing(delimiter: str) -> int:
        widths = []
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if row:
                widths.append(len(row))
            if len(widths) == 100:
                break
        return max((widths.count(width) for width in set(widths) if width > 1), default=0)

    # a file of numbers with decimal commas has commas in every line but the header: the semicolon is asked first
    counts = {delimiter: agreeing(delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: counts[delimiter])
    return best if counts[best] else ","
