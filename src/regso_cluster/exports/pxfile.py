"""A release as a PC-Axis file that PxWeb loads.

PX file format 2013 (AXIS-VERSION 2013), Statistics Sweden: mandatory keywords, texts in two languages, codes beside
values, contents as a variable of its own (CONTVARIABLE), ".." for what is missing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from regso_cluster.exports.cube import Cube, build_cube
from regso_cluster.method import Text
from regso_cluster.words.phrases import phrase

if TYPE_CHECKING:
    from regso_cluster.release.model import Release

DECIMALS = 15  # the most that the format holds
_LINE = 160  # characters of a text on a line; with its keyword and key a line stays below 256
_AREA, _CONTENTS, _YEAR = phrase("area"), phrase("contents"), phrase("year")


def write_px(release: Release, path: Path) -> None:
    """Write a release as one PC-Axis file in Swedish and English, UTF-8.

    Notes
    -----
    Figures are written with up to 15 decimals, the most that the format holds. A quotation mark in a text becomes an
    apostrophe and a line break a space, since the format can hold neither.
    """
    path.write_text(px_text(build_cube(release)), encoding="utf-8", newline="\r\n")


def px_text(cube: Cube) -> str:
    """Write a cube in the PC-Axis format."""
    lines = [*_head(cube), *_variables(cube), *_notes(cube)]
    rows = [" ".join(_cell(number) for number in row) + " " for row in cube.values.tolist()]
    return "\n".join([*lines, "DATA=", *rows]).rstrip() + ";\n"


def _head(cube: Cube) -> list[str]:
    made = cube.updated.strftime("%Y%m%d %H:%M")
    matrix = re.sub(r"[^A-Z0-9]", "", cube.source.split(", ")[1].upper())[:16] + str(cube.year)
    title = phrase("px_title", title=cube.title)
    return [
        'CHARSET="ANSI";',
        'AXIS-VERSION="2013";',
        'CODEPAGE="utf-8";',
        'LANGUAGE="sv";',
        'LANGUAGES="sv","en";',
        f'CREATION-DATE="{made}";',
        f"DECIMALS={DECIMALS};",
        "SHOWDECIMALS=0;",
        f'MATRIX="{matrix}";',
        "COPYRIGHT=NO;",
        "OFFICIAL-STATISTICS=NO;",
        'SUBJECT-CODE="LE";',
        *_said("SUBJECT-AREA", phrase("subject")),
        *_said("DESCRIPTION", title),
        *_said("TITLE", title),
        *_said("CONTENTS", cube.title),
        *_said("UNITS", phrase("px_units")),
        *_said("STUB", _AREA),
        *_listed("HEADING", ("",), [(_CONTENTS.sv, _YEAR.sv), (_CONTENTS.en, _YEAR.en)]),
        *_said("CONTVARIABLE", _CONTENTS),
    ]


def _variables(cube: Cube) -> list[str]:
    names, keys = cube.names, [content.key for content in cube.contents]
    contents = [[content.name.sv for content in cube.contents], [content.name.en for content in cube.contents]]
    year = str(cube.year)
    lines = [
        *_listed("VALUES", (_AREA.sv, _AREA.en), [names, names]),
        *_listed("VALUES", (_CONTENTS.sv, _CONTENTS.en), contents),
        *_listed("VALUES", (_YEAR.sv, _YEAR.en), [[year], [year]]),
        *(f'TIMEVAL{mark}("{name}")=TLIST(A1),"{year}";' for mark, name in (("", _YEAR.sv), ("[en]", _YEAR.en))),
        *_listed("CODES", (_AREA.sv, _AREA.en), [cube.codes, cube.codes]),
        *_listed("CODES", (_CONTENTS.sv, _CONTENTS.en), [keys, keys]),
        *_listed("CODES", (_YEAR.sv, _YEAR.en), [[year], [year]]),
    ]
    made = Text(*[cube.updated.strftime("%Y%m%d %H:%M")] * 2)
    for content in cube.contents:
        if content.decimals:
            for mark, variable, name in (("", _CONTENTS.sv, content.name.sv), ("[en]", _CONTENTS.en, content.name.en)):
                lines.append(f'PRECISION{mark}("{_clean(variable)}","{_clean(name)}")={content.decimals};')
    for content in cube.contents:
        lines += _said("LAST-UPDATED", made, content.name)
    for content in cube.contents:
        lines += _said("UNITS", content.unit, content.name)
    return lines


def _notes(cube: Cube) -> list[str]:
    lines = _said("SOURCE", Text(cube.source, cube.source))
    # one note in one keyword: readers keep the last of several; NOTEX is shown whether asked for or not
    notes = Text("#".join(note.sv for note in cube.notes), "#".join(note.en for note in cube.notes))
    lines += _said("NOTEX" if cube.synthetic else "NOTE", notes)
    for content in cube.contents:
        text = Text(*(
            ". ".join(filter(None, (getattr(content.meaning, language), content.key_of_labels(language))))
            for language in ("sv", "en")
        ))  # fmt: skip
        marked = zip(("", "[en]"), (_CONTENTS.sv, _CONTENTS.en), (content.name.sv, content.name.en), strict=True)
        for (mark, variable, name), said in zip(marked, (text.sv, text.en), strict=True):
            lines.append(f'VALUENOTE{mark}("{_clean(variable)}","{_clean(name)}")={_quoted(said)};')
    lines += _said("DATASYMBOL2", phrase("px_missing"))
    return lines


def _said(keyword: str, text: Text, of: Text | None = None) -> list[str]:
    """Write a keyword in both languages, one right after the other."""
    keys = (f'("{_clean(of.sv)}")', f'("{_clean(of.en)}")') if of else ("", "")
    return [f"{keyword}{keys[0]}={_quoted(text.sv)};", f"{keyword}[en]{keys[1]}={_quoted(text.en)};"]


def _listed(keyword: str, of: tuple[str, ...], values: Sequence[Sequence[str]]) -> list[str]:
    """Write a keyword with a list in both languages, broken after commas."""
    lines = []
    for mark, variable, texts in zip(("", "[en]"), of * (2 // len(of)), values, strict=True):
        key = f'("{_clean(variable)}")' if variable else ""
        wrapped = [f"{keyword}{mark}{key}="]
        for text in texts:
            part = f'"{_clean(text)}",'
            if len(wrapped[-1]) + len(part) > _LINE and not wrapped[-1].endswith("="):
                wrapped.append("")
            wrapped[-1] += part
        lines += [*wrapped[:-1], wrapped[-1].removesuffix(",") + ";"]
    return lines


def _clean(text: str) -> str:
    """Make a text that can stand between quotation marks."""
    return " ".join(str(text).replace('"', "'").split())


def _quoted(text: str) -> str:
    """Quote a text; a long one goes over several lines, each in quotation marks of its own."""
    clean = _clean(text)
    return "\n".join(f'"{clean[at : at + _LINE]}"' for at in range(0, max(len(clean), 1), _LINE))


def _cell(number: float) -> str:
    """Write a figure without an exponent, with at most 15 decimals and no more digits than it has."""
    if math.isnan(number):
        return '".."'
    if number == int(number):
        return str(int(number))
    shortest = f"{number!r}"
    if "e" not in shortest and len(shortest.split(".")[1]) <= DECIMALS:
        return shortest
    return f"{number:.{DECIMALS}f}".rstrip("0").rstrip(".")
