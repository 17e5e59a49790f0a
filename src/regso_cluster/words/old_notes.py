"""Swedish of the notes that a release of format 1 keeps as English text: `old_notes.toml` has a template of each."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources

_PLACE = re.compile(r"\{(\w+)\}")
_NUMBER = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?|\d+\.\d+")


def describe_source(source: str) -> dict[str, str | None]:
    """Give a source in both languages; the Swedish is None where a method of one's own names its own."""
    found = {one["en"]: one["sv"] for one in _read()["sources"]}
    return {"sv": found.get(" ".join(source.split())), "en": source}


def in_swedish(note: str) -> str | None:
    """Translate a note by the first template that fits the whole of it."""
    for pattern, template in _templates():
        fitting = pattern.fullmatch(note)
        if fitting is None:
            continue
        values = {name: _value(name, said) for name, said in fitting.groupdict().items()}
        if None not in values.values():
            return "".join(str(values[part]) if at % 2 else part for at, part in enumerate(_PLACE.split(template)))
    return None


def _value(name: str, said: str) -> str | None:
    """Give what stands in a place: a note of its own, several of them, or a word or number as Swedish writes it."""
    if name.startswith("said_"):
        return in_swedish(said)
    if name.startswith("all_"):
        parts = [in_swedish(part) for part in said.split("; ")]
        return None if None in parts else "; ".join(str(part) for part in parts)
    return said.replace(",", "\u00a0").replace(".", ",") if _NUMBER.fullmatch(said) else said


@cache
def _templates() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((_pattern(one["en"]), one["sv"].replace(" %", "\u00a0%")) for one in _read()["notes"])


def _pattern(template: str) -> re.Pattern[str]:
    parts = _PLACE.split(template)  # text, name, text, name, text
    return re.compile("".join(f"(?P<{part}>.+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts)))


@cache
def _read() -> dict[str, list[dict[str, str]]]:
    return tomllib.loads((resources.files(__package__) / "old_notes.toml").read_text("utf-8"))
