"""PC-Axis files (.px), bounded: what the format says, and a refusal with the place for whatever does not fit it.

PX file format 2013 (AXIS-VERSION 2013), Statistics Sweden: keywords with languages and keys, texts over several lines,
DATA with and without KEYS. A dash in DATA is a zero of the format that the table shows as a dash; it stays a dash, as
in what PxWeb saves in other forms, and the method says what it is. Rows that a file with KEYS leaves out are zeros.
"""

from __future__ import annotations

import codecs
import math
import re
from dataclasses import dataclass

import numpy as np

from regso_cluster.errors import Fault, InputError
from regso_cluster.files.dataset import (
    MOST_BYTES,
    NIL,
    PERIOD,
    TIMES,
    Dataset,
    Dimension,
    Plain,
    check_sizes,
    marked,
    to_plain,
)
from regso_cluster.words.notes import Note

_HINT = "Save it again from PxWeb, or as CSV."
_HEAD = re.compile(
    r"\s*([A-Za-z][A-Za-z0-9-]*)\s*(?:\[([^\]\s\"]{1,20})\])?\s*(?:\((\s*\"[^\"]*\"(?:\s*,\s*\"[^\"]*\")*\s*)\))?\s*="
)
_TEXT = re.compile(r'"([^"]*)"')
_TOKEN = re.compile(r'"[^"]*"|[^\s,;"]+')
_NUMBER = re.compile(r"[+-]?(?:\d{1,300}(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_CODEPAGE = re.compile(rb"CODEPAGE\s*=\s*\"([^\"\r\n]{1,30})\"", re.IGNORECASE)
_ENCODING = re.compile(
    r"(utf[-_]?8|(windows|cp)[-_]?125\d|(cp|ibm)?(437|850|858|865)|iso[-_]?8859[-_]\d{1,2}|latin[-_]?1)"
)
_SECRET = re.compile(r"sekret|skydd|suppress|confident|undertryck|hidden", re.IGNORECASE)
_ONCE = {"STUB", "HEADING", "VALUES", "CODES", "CONTVARIABLE", "TIMEVAL", "KEYS", "CODEPAGE", "LANGUAGE"}


class _DamagedError(ValueError):
    """What does not fit the format; `where` names the keyword or the cell."""

    def __init__(self, what: str, where: str = "") -> None:
        super().__init__(what)
        self.where = where


@dataclass(frozen=True)
class _Statement:
    keyword: str
    key: tuple[str, ...]
    value: str
    texts: tuple[str, ...]


def read_px(content: bytes, name: str) -> tuple[Plain, list[Note]]:
    """Read a PC-Axis file in the form of PxWeb's CSV, with notes.

    Raises
    ------
    InputError  as `parse_px`
    """
    dataset, notes = parse_px(content, name)
    return to_plain(dataset), notes


def parse_px(content: bytes, name: str) -> tuple[Dataset, list[Note]]:
    """Read a PC-Axis file in its default language.

    Parameters
    ----------
    content : of the file
    name : of it, for messages

    Returns
    -------
    the table, and notes of what was read otherwise than it stands

    Raises
    ------
    InputError  a keyword, text or cell that does not fit the format, a file that is cut, a code page that is unknown or
        that the bytes are not in, more than `dataset.MOST_BYTES` or `dataset.MOST_CELLS`
    """
    try:
        if len(content) > MOST_BYTES:
            raise _DamagedError(f"{len(content) // 2**20} MB, at most {MOST_BYTES // 2**20} MB are read")
        text, notes = _decode(content)
        statements, data = _split(text)
        return _dataset(statements, data, notes), notes
    except (ValueError, KeyError, OverflowError) as error:
        where = f"{name}, {error.where}" if isinstance(error, _DamagedError) and error.where else name
        said = f"no {error}" if isinstance(error, KeyError) else str(error)
        got = " ".join(said.split())[:160]
        raise InputError(Fault("not readable as PC-Axis", where, got=got, hint=_HINT)) from error


def _decode(content: bytes) -> tuple[str, list[Note]]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16"), []
    if b"\x00" in content:
        raise _DamagedError("binary data")
    if content.startswith(codecs.BOM_UTF8):
        return content.decode("utf-8-sig"), []
    said = _CODEPAGE.search(content[:20_000])
    if said is None:
        try:
            return content.decode("utf-8"), []
        except UnicodeDecodeError:
            if b"CHARSET" in content[:1000].upper():
                return content.decode("cp1252"), [Note("read_windows_1252")]
            return content.decode("cp850"), [Note("read_code_page_850")]
    page = said[1].decode("latin-1").strip().lower()
    if not _ENCODING.fullmatch(page):
        raise _DamagedError(f"the unknown code page {page!r}", "CODEPAGE")
    page = {"858": "cp858"}.get(page, page.replace("windows", "cp").replace("cp-", "cp").replace("cp_", "cp"))
    try:
        return content.decode(f"cp{page}" if page.isdecimal() else page), []
    except LookupError as error:  # of a family that is known, and there is no such member
        raise _DamagedError(f"the unknown code page {page!r}", "CODEPAGE") from error


def _split(text: str) -> tuple[list[_Statement], str]:
    """Part the file into the statements above DATA, in the default language, and the text of DATA."""
    statements: list[_Statement] = []
    seen: set[tuple[str, str, tuple[str, ...]]] = set()
    at, default = 0, ""
    while True:
        head = _HEAD.match(text, at)
        if head is None:
            rest = text[at : at + 40].strip()
            raise _DamagedError(f"no statement: {rest!r}" if rest else "the file ends without DATA")
        keyword, language, key = head[1].upper(), head[2] or "", tuple(_TEXT.findall(head[3] or ""))
        if keyword == "DATA":
            return statements, text[head.end() :]
        end = _end(text, head.end())
        if end < 0:
            raise _DamagedError("the file ends within a statement", keyword)
        value = text[head.end() : end].strip()
        if keyword in _ONCE and (keyword, language, key) in seen:
            raise _DamagedError("stands twice", f"{keyword} {' '.join(key)}"[:80])
        seen.add((keyword, language, key))
        if not language or language == default:
            statements.append(_Statement(keyword, key, value, _texts(value)))
        if keyword == "LANGUAGE" and statements[-1].texts:
            default = statements[-1].texts[0]
        at = end + 1


def _end(text: str, at: int) -> int:
    """Find the semicolon outside quotation marks; -1 where there is none."""
    end = text.find(";", at)
    while end >= 0:
        quote = text.find('"', at, end)
        if quote < 0:
            return end
        closing = text.find('"', quote + 1)
        if closing < 0:
            return -1
        at = closing + 1
        if at > end:
            end = text.find(";", at)
    return -1


def _texts(value: str) -> tuple[str, ...]:
    """Give the texts of a value; pieces without a comma between them are one text over several lines."""
    texts: list[str] = []
    at, glue = 0, False
    for found in _TEXT.finditer(value):
        between = value[at : found.start()]
        piece = re.sub(r"\s*[\r\n]+\s*", " ", found[1])
        if texts and glue and not between.strip():
            texts[-1] += piece
        else:
            texts.append(piece)
        at, glue = found.end(), True
    return tuple(texts)


def _dataset(statements: list[_Statement], data: str, notes: list[Note]) -> Dataset:
    first = {(one.keyword, *one.key): one.texts for one in reversed(statements)}

    def texts(keyword: str, *key: str) -> tuple[str, ...]:
        return first.get((keyword, *key), ())

    def text(keyword: str) -> str:
        return " ".join(next(iter(texts(keyword)), "").split())

    stub, heading = texts("STUB"), texts("HEADING")
    names = (*stub, *heading)
    if not names:
        raise _DamagedError("no STUB and no HEADING")
    if len(set(names)) < len(names):
        raise _DamagedError("a variable stands twice", "STUB and HEADING")
    dimensions = tuple(_dimension(name, texts("VALUES", name), texts("CODES", name)) for name in names)
    contents = next(iter(texts("CONTVARIABLE")), None)
    if contents is not None and contents not in names:
        raise _DamagedError(f"{contents!r} is no variable", "CONTVARIABLE")
    time = _time(dimensions, statements, contents)
    sizes = [len(one.codes) for one in dimensions]
    check_sizes(sizes, [size for name, size in zip(names, sizes, strict=True) if name in (contents, time)])
    keyed = {one.key[0]: one.value.strip().upper() for one in statements if one.keyword == "KEYS" and one.key}
    cells = _cells(data, dimensions, len(stub), keyed, notes)
    cells = _explained(cells, statements, notes)
    cells = _noted(cells, dimensions, statements, notes)
    said = [one.texts[0] for one in statements if one.keyword in ("NOTE", "NOTEX") and one.texts]
    return Dataset(
        dimensions, text("TITLE") or text("DESCRIPTION"), text("SOURCE"), text("LAST-UPDATED") or text("CREATION-DATE"),
        tuple(" ".join(one.split()) for one in said), contents, time, cells, text("CONTENTS") or "value",
    )  # fmt: skip


def _dimension(name: str, values: tuple[str, ...], codes: tuple[str, ...]) -> Dimension:
    if not values and not codes:
        raise _DamagedError("a variable without values", f"VALUES {name}"[:80])
    if codes and values and len(codes) != len(values):
        raise _DamagedError(f"{len(codes)} codes for {len(values)} values", f"CODES {name}"[:80])
    codes = codes or values
    if len(set(codes)) < len(codes):
        raise _DamagedError("a code stands twice", f"CODES {name}"[:80])
    return Dimension(name, name, codes, dict(zip(codes, values or codes, strict=True)))


def _time(dimensions: tuple[Dimension, ...], statements: list[_Statement], contents: str | None) -> str | None:
    said = [one.key[0] for one in statements if one.keyword == "TIMEVAL" and one.key]
    names = [one.key for one in dimensions]
    for name in said:
        if name not in names or name == contents:
            raise _DamagedError(f"{name!r} is no variable of periods", "TIMEVAL")
    if said:
        return said[0]
    named = [one for one in dimensions if one.key.lower() in TIMES]
    return next((one.key for one in named if all(re.fullmatch(PERIOD, code) for code in one.codes)), None)


def _cells(
    data: str, dimensions: tuple[Dimension, ...], stub: int, keyed: dict[str, str], notes: list[Note]
) -> tuple[str, ...]:
    size = math.prod(len(one.codes) for one in dimensions)
    body, closed, after = data.rpartition(";")
    if not closed or after.strip("\x1a \t\r\n"):
        raise _DamagedError("the file ends within its cells: no semicolon after them", "DATA")
    if body.count('"') % 2:
        raise _DamagedError("a quotation mark that is never closed", "DATA")
    tokens = _TOKEN.findall(body)
    if keyed:
        tokens = _sparse(tokens, dimensions, stub, keyed, size, notes)
    if len(tokens) != size:
        raise _DamagedError(f"{len(tokens)} cells for {size} places", "DATA")
    cells = [_cell(token) for token in tokens]
    if None in cells:
        at = cells.index(None)
        rest, place = at, []
        for one in reversed(dimensions):
            rest, position = divmod(rest, len(one.codes))
            place.append(one.codes[position])
        raise _DamagedError(
            f"{tokens[at][:40]} is neither a number nor a mark", f"DATA, {', '.join(reversed(place))}"[:200]
        )
    return tuple(cells)  # type: ignore[arg-type]  # none is None


def _cell(token: str) -> str | None:
    if _NUMBER.fullmatch(token):
        return token
    mark = token.strip('"').strip()
    return mark if mark in NIL or (mark and not mark.strip(".") and len(mark) <= 6) else None


def _sparse(
    tokens: list[str], dimensions: tuple[Dimension, ...], stub: int, keyed: dict[str, str], size: int, notes: list[Note]
) -> list[str]:
    """Fill the rows that a file with KEYS leaves out: by the format they hold zeros alone."""
    rows = dimensions[:stub]
    absent = [one.key for one in rows if keyed.get(one.key) not in ("CODES", "VALUES")]
    if absent or not rows:
        raise _DamagedError(f"no CODES or VALUES for {absent[:3]}", "KEYS")
    width = math.prod(len(one.codes) for one in dimensions[stub:])
    places = []
    for one in rows:
        given = one.codes if keyed[one.key] == "CODES" else tuple(one.labels[code] for code in one.codes)
        if len(set(given)) < len(given):
            raise _DamagedError("a value stands twice, so that it is no key", f"VALUES {one.key}"[:80])
        places.append({text: position for position, text in enumerate(given)})
    length = stub + width
    if len(tokens) % length:
        raise _DamagedError(f"{len(tokens)} keys and cells, which are not rows of {length}", "DATA")
    cells = ["0"] * size
    seen: set[int] = set()
    for begin in range(0, len(tokens), length):
        row = 0
        for one, known, token in zip(rows, places, tokens[begin : begin + stub], strict=True):
            key = token.strip('"')
            if key not in known:
                raise _DamagedError(f"{key[:40]!r} is no value of {one.key}", "DATA")
            row = row * len(known) + known[key]
        if row in seen:
            raise _DamagedError(f"the row {' '.join(tokens[begin : begin + stub])[:80]} stands twice", "DATA")
        seen.add(row)
        cells[row * width : (row + 1) * width] = tokens[begin + stub : begin + length]
    left = size // width - len(seen)
    if left:
        notes.append(Note("cells_of_absent_rows", count=left * width))
    return cells


def _explained(cells: tuple[str, ...], statements: list[_Statement], notes: list[Note]) -> tuple[str, ...]:
    """Read the file's own words for its dots: secret is suppressed; more than two dots are as two, not known."""
    words = {
        int(one.keyword[10:]): one.texts[0]
        for one in statements
        if re.fullmatch(r"DATASYMBOL[1-6]", one.keyword) and one.texts
    }
    meaning = {"." * number: ".." for number in range(3, 7)}
    meaning |= {"." * number: ".." for number, word in words.items() if _SECRET.search(word)}
    found = {cell for cell in cells if cell in meaning and meaning[cell] != cell}
    for mark in sorted(found):
        word = words.get(len(mark), "")
        count = sum(cell == mark for cell in cells)
        note = Note("secret_cells_by_word", count=count, mark=mark, word=word[:60]) if word else None
        notes.append(note or Note("secret_cells", count=count, mark=mark))
    return tuple(meaning.get(cell, cell) for cell in cells) if found else cells


def _noted(
    cells: tuple[str, ...], dimensions: tuple[Dimension, ...], statements: list[_Statement], notes: list[Note]
) -> tuple[str, ...]:
    """Give the cells that DATANOTECELL names their mark."""
    said = [one for one in statements if one.keyword == "DATANOTECELL" and one.texts and one.texts[0].strip()]
    if not said:
        return cells
    shape = tuple(len(one.codes) for one in dimensions)
    known = [_places(one) for one in dimensions]
    filled, steps = np.array(cells, dtype=object), 0
    is_number = np.array([_NUMBER.fullmatch(cell) is not None for cell in cells], dtype=np.bool_)
    for one in said:
        if len(one.key) != len(dimensions):
            raise _DamagedError(f"{len(one.key)} keys for {len(dimensions)} variables", "DATANOTECELL")
        strange = [key for key, places in zip(one.key, known, strict=True) if key not in places]
        if strange:
            raise _DamagedError(f"{strange[0][:40]!r} is no value of its variable", "DATANOTECELL")
        chosen = [places[key] for key, places in zip(one.key, known, strict=True)]
        steps += math.prod(map(len, chosen))
        if steps > 10 * len(cells):
            raise _DamagedError("more notes than ten for each cell", "DATANOTECELL")
        at = np.ravel_multi_index(np.ix_(*chosen), shape).ravel()
        at = at[is_number[at]]
        as_marked = {number: marked(number, one.texts[0]) for number in set(filled[at])}
        stays = {number: _NUMBER.fullmatch(text) is not None for number, text in as_marked.items()}
        is_number[at] = [stays[number] for number in filled[at]]
        filled[at] = [as_marked[number] for number in filled[at]]
    changed = sum(new != old for new, old in zip(filled, cells, strict=True))
    if changed:
        notes.append(Note("cells_with_mark_of_file", count=changed))
    return tuple(filled)


def _places(dimension: Dimension) -> dict[str, list[int]]:
    """Give the positions of each code and each value of a variable; "*" is all of them."""
    places: dict[str, list[int]] = {}
    for at, code in enumerate(dimension.codes):
        if dimension.labels[code] != code:
            places.setdefault(dimension.labels[code], []).append(at)
    places |= {code: [at] for at, code in enumerate(dimension.codes)}
    return places | {"*": list(range(len(dimension.codes)))}
