"""Cells of a workbook that hold an error or a formula never calculated: `python_calamine` gives both as empty.

Run inside the process that reads the workbook, so this file knows the standard library alone. Only the places of such
cells are searched for; all other cells are read by the library.

Formats: ECMA-376 part 1, section 18.3.1.4 (xlsx); MS-XLSB 2.4; MS-XLS 2.4.24, 2.4.127 and MS-CFB (xls); OpenDocument
1.3 part 3, section 9.1 (ods).
"""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO
from xml.etree import ElementTree as ET

UNCALCULATED = "#UNCALCULATED!"
_CODES = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
_MOST_REPEATED = 10_000  # cells that an OpenDocument repeats: beyond it they are the empty rim of a sheet
Odd = dict[tuple[int, int], str]


def find_odd_cells(path: str, sheet: str) -> Odd:
    """Find errors and formulas without a result in one sheet.

    Returns
    -------
    by (row, column), both from 0: the text of the error, or `UNCALCULATED`

    Raises
    ------
    ValueError  a workbook whose parts cannot be followed
    """
    try:
        if not zipfile.is_zipfile(path):
            return _of_xls(path, sheet)
        with zipfile.ZipFile(path) as book:
            names = set(book.namelist())
            if "content.xml" in names:
                return _of_ods(book, sheet)
            if "xl/workbook.bin" in names:
                return _of_xlsb(book, sheet)
            return _of_xlsx(book, sheet)
    except (
        KeyError,
        IndexError,
        struct.error,
        ET.ParseError,
        zipfile.BadZipFile,
        NotImplementedError,
    ) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


# --- xlsx ---


def _part(book: zipfile.ZipFile, base: str, target: str) -> str:
    """Follow a relation from the folder `base` to the name of a part."""
    whole = PurePosixPath(target.lstrip("/")) if target.startswith("/") else PurePosixPath(base) / target
    parts: list[str] = []
    for one in whole.parts:
        if one == "..":
            parts.pop()
        elif one != ".":
            parts.append(one)
    name = "/".join(parts)
    known = {one.lower(): one for one in book.namelist()}
    return known[name.lower()]


def _relations(book: zipfile.ZipFile, of: str) -> dict[str, str]:
    base = PurePosixPath(of)
    name = _part(book, "", f"{base.parent}/_rels/{base.name}.rels")
    return {
        one.attrib["Id"]: _part(book, str(base.parent), one.attrib["Target"])
        for one in ET.fromstring(book.read(name))  # noqa: S314  (expat refuses expanding entities; memory is limited)
        if one.attrib.get("TargetMode") != "External" and _known(book, str(base.parent), one.attrib["Target"])
    }


def _known(book: zipfile.ZipFile, base: str, target: str) -> bool:
    try:
        return bool(_part(book, base, target))
    except (KeyError, IndexError):
        return False


def _of_xlsx(book: zipfile.ZipFile, sheet: str) -> Odd:
    main = _main_part(book, "xl/workbook.xml")
    root = ET.fromstring(book.read(main))  # noqa: S314
    relations = _relations(book, main)
    part, waits = "", False
    for one in root.iter():
        if _local(one.tag) == "sheet" and one.attrib.get("name") == sheet:
            link = next(value for key, value in one.attrib.items() if _local(key) == "id")
            part = relations[link]
        if _local(one.tag) == "calcPr":  # a program that cannot calculate asks Excel to do so
            waits = one.attrib.get("fullCalcOnLoad") in ("1", "true")
    with book.open(part) as stream:
        if not _mentions(stream, re.compile(rb"""t\s*=\s*["']e["']|<(?:\w+:)?f[\s/>]""")):
            return {}
    with book.open(part) as stream:
        return dict(_odd_in_xml(stream, waits))


def _main_part(book: zipfile.ZipFile, default: str) -> str:
    return default if _known(book, "", default) and default in book.namelist() else _part(book, "", default)


def _mentions(stream: IO[bytes], pattern: re.Pattern[bytes]) -> bool:
    """Whether a part holds the pattern, looked for a piece at a time: most sheets have no formulas."""
    before = b""
    while piece := stream.read(2**20):
        if pattern.search(before + piece):
            return True
        before = piece[-64:]
    return False


def _odd_in_xml(stream: IO[bytes], waits: bool) -> Iterator[tuple[tuple[int, int], str]]:
    row = column = -1
    above: list[ET.Element] = []
    for event, one in ET.iterparse(stream, ("start", "end")):  # noqa: S314
        name = _local(one.tag)
        if event == "start":
            above.append(one)
            if name == "row":
                row, column = int(one.attrib.get("r", row + 2)) - 1, -1
            continue
        above.pop()
        if name == "c":
            if "r" in one.attrib:
                row, column = _place(one.attrib["r"])
            else:
                column += 1
            said = _odd_cell(one, waits)
            if said:
                yield (row, column), said
        if name in ("row", "c") and above:
            above[-1].remove(one) if len(above[-1]) else None  # the tree does not grow with the sheet


def _odd_cell(cell: ET.Element, waits: bool) -> str:
    kind = cell.attrib.get("t", "n")
    parts = {_local(part.tag): part for part in cell}
    value = (parts["v"].text or "").strip() if "v" in parts else ""
    if kind == "e":
        return value or "#VALUE!"
    if "f" not in parts or kind in ("str", "s", "inlineStr"):
        return ""
    return UNCALCULATED if not value or (waits and kind == "n" and value in ("0", "0.0")) else ""


def _place(reference: str) -> tuple[int, int]:
    letters = reference.rstrip("0123456789")
    column = 0
    for letter in letters.upper():
        column = 26 * column + ord(letter) - 64
    return int(reference[len(letters) :]) - 1, column - 1


# --- xlsb ---


def _records(content: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(content):
        kind, at = content[at], at + 1
        if kind & 0x80:
            kind, at = (kind & 0x7F) | (content[at] & 0x7F) << 7, at + 1
        size = shift = 0
        for _ in range(4):
            size |= (content[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if not content[at - 1] & 0x80:
                break
        yield kind, content[at : at + size]
        at += size


def _of_xlsb(book: zipfile.ZipFile, sheet: str) -> Odd:
    main = _main_part(book, "xl/workbook.bin")
    relations, part = _relations(book, main), ""
    for kind, data in _records(book.read(main)):
        if kind == 156:  # BrtBundleSh: state, id, relation, name
            length = struct.unpack_from("<I", data, 8)[0]
            link = data[12 : 12 + 2 * length].decode("utf-16-le")
            at = 12 + 2 * length
            size = struct.unpack_from("<I", data, at)[0]
            if data[at + 4 : at + 4 + 2 * size].decode("utf-16-le") == sheet:
                part = relations[link]
    odd: Odd = {}
    row = 0
    for kind, data in _records(book.read(part)):
        if kind == 0:  # BrtRowHdr
            row = struct.unpack_from("<I", data)[0]
        elif kind in (3, 11):  # BrtCellError, BrtFmlaError
            odd[row, struct.unpack_from("<I", data)[0]] = _CODES.get(data[8], "#VALUE!")
    return odd


# --- xls ---


def _stream_of_xls(content: bytes) -> bytes:  # noqa: C901  # one format, read from front to back
    """Give the stream of the workbook out of a compound file."""
    if content[:8] != b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return content  # the oldest workbooks are a bare stream
    size = 1 << struct.unpack_from("<H", content, 30)[0]
    small = 1 << struct.unpack_from("<H", content, 32)[0]
    first, cutoff, first_small = (struct.unpack_from("<I", content, at)[0] for at in (48, 56, 60))
    table_of_tables = list(struct.unpack_from("<109I", content, 76))
    following = struct.unpack_from("<I", content, 68)[0]
    while following < 0xFFFFFFFA and len(table_of_tables) < 10_000_000:
        block = struct.unpack_from(f"<{size // 4}I", content, (following + 1) * size)
        table_of_tables += block[:-1]
        following = block[-1]
    table: list[int] = []
    for one in table_of_tables:
        if one < 0xFFFFFFFA:
            table += struct.unpack_from(f"<{size // 4}I", content, (one + 1) * size)

    def chain(start: int, links: list[int] | tuple[int, ...]) -> list[int]:
        found = []
        while start < 0xFFFFFFFA:
            found.append(start)
            if len(found) > len(links):
                raise ValueError("a compound file whose sectors run in a circle")
            start = links[start]
        return found

    def whole(start: int) -> bytes:
        return b"".join(content[(one + 1) * size : (one + 2) * size] for one in chain(start, table))

    folder = whole(first)
    entries = {}
    for at in range(0, len(folder) - 127, 128):
        length = struct.unpack_from("<H", folder, at + 64)[0]
        name = folder[at : at + max(length - 2, 0)].decode("utf-16-le", "replace")
        entries[name.lower()] = struct.unpack_from("<II", folder, at + 116)
    start, length = entries.get("workbook") or entries["book"]
    if length >= cutoff:
        return whole(start)[:length]
    root = entries["root entry"][0]
    inside, raw = whole(root), whole(first_small)
    links = struct.unpack(f"<{len(raw) // 4}I", raw)
    return b"".join(inside[one * small : (one + 1) * small] for one in chain(start, links))[:length]


def _of_xls(path: str, sheet: str) -> Odd:
    with open(path, "rb") as file:  # noqa: PTH123
        content = _stream_of_xls(file.read())
    begin, wide = None, struct.unpack_from("<H", content, 4)[0] >= 0x0600
    at = 0
    while at + 4 <= len(content):
        kind, size = struct.unpack_from("<HH", content, at)
        if kind == 0x85:  # BoundSheet8
            data = content[at + 4 : at + 4 + size]
            double = wide and data[7] & 1
            text = data[8:] if wide else data[7:]
            name = text[: 2 * data[6]].decode("utf-16-le") if double else text[: data[6]].decode("latin-1")
            if name == sheet:
                begin = struct.unpack_from("<I", data)[0]
        at += 4 + size
        if kind == 0x0A:  # the end of the globals
            break
    return _odd_records(content, begin) if begin is not None else {}


def _odd_records(content: bytes, at: int) -> Odd:
    odd: Odd = {}
    depth = 0
    while at + 4 <= len(content):
        kind, size = struct.unpack_from("<HH", content, at)
        data = content[at + 4 : at + 4 + size]
        at += 4 + size
        if kind in (0x0809, 0x0409, 0x0209):  # a chart inside the sheet is a stream of its own
            depth += 1
        elif kind == 0x0A:
            depth -= 1
            if depth <= 0:
                break
        elif depth == 1 and kind == 0x0205 and size >= 8 and data[7]:  # BoolErr
            odd[struct.unpack_from("<HH", data)] = _CODES.get(data[6], "#VALUE!")
        elif (
            depth == 1 and kind in (0x06, 0x0206, 0x0406) and size >= 14 and data[12:14] == b"\xff\xff" and data[6] == 2
        ):
            odd[struct.unpack_from("<HH", data)] = _CODES.get(data[8], "#VALUE!")
    return odd


# --- OpenDocument ---


def _of_ods(book: zipfile.ZipFile, sheet: str) -> Odd:
    odd: Odd = {}
    row = column = 0
    inside = ""
    with book.open("content.xml") as stream:
        for event, one in ET.iterparse(stream, ("start", "end")):  # noqa: S314
            name = _local(one.tag)
            said = {_local(key): value for key, value in one.attrib.items()} if name.startswith("table") else {}
            if event == "start":
                if name == "table" and not inside:
                    inside, row = said.get("name", ""), 0
                elif name == "table-row":
                    column = 0
                continue
            if name == "table":
                inside = ""
                one.clear()
            elif name == "table-row":
                row += int(said.get("number-rows-repeated", 1))
                one.clear()
            elif name in ("table-cell", "covered-table-cell"):
                times = int(said.get("number-columns-repeated", 1))
                wrong = _odd_in_ods(one) if inside == sheet else ""
                if wrong:
                    odd |= {(row, column + step): wrong for step in range(min(times, _MOST_REPEATED))}
                column += times
    return odd


def _odd_in_ods(cell: ET.Element) -> str:
    kinds = {value for key, value in cell.attrib.items() if _local(key) == "value-type"}
    texts = "".join(text for part in cell if _local(part.tag) == "p" for text in part.itertext()).strip()
    formula = any(_local(key) == "formula" for key in cell.attrib)
    if "error" in kinds or (formula and re.fullmatch(r"#[A-Z/0]+[!?]?|#N/A|Err:\d+", texts)):
        return texts or "#VALUE!"
    return UNCALCULATED if formula and not kinds and not texts else ""
