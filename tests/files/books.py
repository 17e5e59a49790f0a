"""Small workbooks by hand, of kinds that no library here writes."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
)


def write_ods(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    """Write an OpenDocument workbook: numbers as floats, text as text, "=#REF!" as a formula with that error."""
    tables = "".join(
        f'<table:table table:name="{name}">{"".join(map(_row, rows))}</table:table>' for name, rows in sheets.items()
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {_SPACES}><office:body><office:spreadsheet>'
        f"{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", content)
    return path


def _row(cells: list[object]) -> str:
    return f"<table:table-row>{''.join(map(_cell, cells))}</table:table-row>"


def _cell(cell: object) -> str:
    if cell is None or cell == "":
        return "<table:table-cell/>"
    if isinstance(cell, int | float):
        value = f'office:value-type="float" office:value="{cell!r}"'
        return f"<table:table-cell {value}><text:p>{cell}</text:p></table:table-cell>"
    if str(cell).startswith("="):
        return (
            f'<table:table-cell table:formula="of:={cell}" office:value-type="string" office:string-value="">'
            f"<text:p>{str(cell)[1:]}</text:p></table:table-cell>"
        )
    return f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'


def write_xls(path: Path, rows: list[list[object]]) -> Path:
    """Write a BIFF8 stream without a compound file around it; bytes are the code of an error."""
    body = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0))
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            place = struct.pack("<HHH", row, column, 0)
            if isinstance(cell, bytes):
                body += _record(0x0205, place + cell + b"\x01")
            elif isinstance(cell, int | float):
                body += _record(0x0203, place + struct.pack("<d", cell))
            elif cell:
                text = str(cell).encode("utf-16-le")
                body += _record(0x0204, place + struct.pack("<HB", len(text) // 2, 1) + text)
    body += _record(0x0A, b"")
    head = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    name = b"Blad1"
    begin = len(head) + 4 + 8 + len(name) + 4
    sheet = _record(0x0085, struct.pack("<IBBBB", begin, 0, 0, len(name), 0) + name)
    stream = head + sheet + _record(0x0A, b"") + body
    path.write_bytes(_compound(stream))
    return path


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _compound(stream: bytes) -> bytes:
    """Put a stream into a compound file of sectors of 512 bytes: header, one table, one folder, then the stream."""
    stream = stream.ljust(max(4096, -(-len(stream) // 512) * 512), b"\x00")
    many = len(stream) // 512
    table = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, 2 + many), 0xFFFFFFFE]
    table += [0xFFFFFFFF] * (128 - len(table))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)
    folder = _entry("Root Entry", 5, 0xFFFFFFFE, 0, child=1) + _entry("Workbook", 2, 2, len(stream)) + bytes(256)
    return header + struct.pack("<128I", *table) + folder + stream


def _entry(name: str, kind: int, start: int, size: int, child: int = 0xFFFFFFFF) -> bytes:
    text = (name + "\x00").encode("utf-16-le")
    none = 0xFFFFFFFF
    return (
        text.ljust(64, b"\x00") + struct.pack("<HBBIII", len(text), kind, 1, none, none, child) + bytes(36)
        + struct.pack("<IQ", start, size)
    )  # fmt: skip
