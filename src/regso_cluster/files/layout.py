"""Where a table lies among its rows: titles above, headings of one row or two, notes and totals below."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from regso_cluster.files.numbers import as_text

LOOKED_AT = 60  # rows at the beginning that are looked at for the header
_MOST_HEADINGS = 5  # rows between the first heading and the last
_FIGURE = re.compile(r"[+\-\u2212]?\d[\d \u00a0\u2009\u202f.,'%]*")
_CODE = re.compile(r"\d{2,4}[A-Za-z]\d{3,4}\w*|\d{4}-\d\d(-\d\d)?.*")


def plain_name(name: Any) -> str:
    """Give a heading as one line in composed Unicode: how it was wrapped or typed makes no other column of it."""
    return " ".join(unicodedata.normalize("NFC", str(name)).split())


def as_named(frame: pd.DataFrame, wanted: Iterable[str]) -> pd.DataFrame:
    """Rename columns that differ from a wanted name by its line breaks, spaces or Unicode form alone.

    Parameters
    ----------
    frame : not changed
    wanted : names as a method or a command line writes them
    """
    there: dict[str, list[Any]] = {}
    for column in frame.columns:
        there.setdefault(plain_name(column), []).append(column)
    names = {}
    for name in dict.fromkeys(wanted):
        alike = there.get(plain_name(name), [])
        if name not in frame.columns and len(alike) == 1:
            names[alike[0]] = name
    return frame.rename(columns=names) if names else frame


def find_header(rows: Sequence[Sequence[Any]]) -> int:
    """Find the row of the column names: the first with more than its first cell filled; a title has no more."""
    one = None
    for number, row in enumerate(rows):
        filled = [bool(as_text(cell)) for cell in row]
        if any(filled[1:]):
            return number
        if one is None and any(filled):
            one = number
    return one or 0


def find_headings(rows: Sequence[Sequence[Any]]) -> tuple[int, int]:
    """Find the first and the last row of the headings.

    The last is below the first where the first names too few columns, the other names them all with words, and figures
    or codes begin below it: the first then holds headings over several columns, or more of a title.
    """
    first = find_header(rows)
    if not rows:
        return 0, 0
    texts = [[as_text(cell) for cell in row] for row in rows[first:]]
    width = max(map(len, texts))
    texts = [row + [""] * (width - len(row)) for row in texts]
    for last in range(1, min(_MOST_HEADINGS, len(texts) - 1)):
        if not any(texts[last]):
            continue
        below = texts[last + 1 :]
        used = [at for at in range(width) if any(row[at] for row in below)]
        lacking = [at for at in used if not texts[0][at]]
        if not lacking:
            return first, first
        if _names_all(texts[last], lacking) and _figures_begin(texts[last], below, used):
            return first, first + last
        if any(_is_figure(cell) for cell in texts[last]):
            break  # the table has begun
    return first, first


def _names_all(row: list[str], needed: list[int]) -> bool:
    said = [cell for cell in row if cell]
    # a unit beneath a name, or a mark of suppression, is no heading
    words = all(any(letter.isalpha() for letter in cell) and not _is_figure(cell) for cell in said)
    return words and all(row[at] for at in needed)


def _is_figure(text: str) -> bool:
    if re.fullmatch(r"(19|20)\d\d", text):
        return False  # a year heads a column
    return bool(_FIGURE.fullmatch(text) or _CODE.fullmatch(text))


def _figures_begin(row: list[str], below: list[list[str]], used: list[int]) -> bool:
    """Whether a column is words in this row and mostly figures or codes below."""
    for at in used:
        cells = [other[at] for other in below[:20] if other[at]]
        if row[at] and 2 * sum(_is_figure(cell) or cell in ("..", "-", "–") for cell in cells) > len(cells) > 0:
            return True
    return False


def join_headings(rows: Sequence[Sequence[Any]]) -> list[str]:
    """Make one name a column out of the rows of headings, the last being the finest.

    A column is named by its lowest heading; columns of one such name have the heading above before it, which is that of
    the nearest filled cell to the left, since headings over several columns stand in the first of them.
    """
    texts = [[as_text(cell) for cell in row] for row in rows]
    width = max(map(len, texts), default=0)
    texts = [row + [""] * (width - len(row)) for row in texts]
    names = list(texts[-1]) if texts else []
    for row in reversed(texts[:-1]):
        names = [name or over for name, over in zip(names, row, strict=True)]
    if len(texts) < 2:
        return names
    over, last = [], ""
    for cell in texts[0]:
        last = cell or last
        over.append(last)
    doubled = {name for name in names if name and names.count(name) > 1}
    return [
        f"{above} {name}" if name in doubled and above and above != name else name
        for name, above in zip(names, over, strict=True)
    ]
