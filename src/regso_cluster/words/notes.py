"""Notes: what a reader should know of a run, in Swedish and English. `notes.toml` holds both forms of each."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from string import Formatter
from typing import Any, Literal

from regso_cluster.words.old_notes import in_swedish

Language = Literal["sv", "en"]


@dataclass(frozen=True)
class Template:
    """One form of a note, split at its places.

    Parameters
    ----------
    parts : text before a place, name of the place ("" at the end), conversion, format
    """

    parts: tuple[tuple[str, str, str, str], ...]

    @property
    def places(self) -> dict[str, tuple[str, str]]:
        """How each value is shown: conversion and format, by name."""
        return {name: (conversion, shape) for _, name, conversion, shape in self.parts if name}


class Note(str):
    """A sentence of a run in two languages: a code with values. As a text it is English.

    A note is a `str`, so that one can be searched, printed and written to JSON as any text; two notes are equal
    where their English is. `text("sv")` and `both()` give the Swedish, which every code has.

    Parameters
    ----------
    code : of `notes.toml`
    values : one for each {place} of its templates: text, numbers, notes, or sequences of texts and notes. A place may
        say how its value is shown, as Python does: {share:.1f}, {given!r}; {number:number} is a whole number with marks
        of thousands, or four digits; of a sequence the format is what stands between, by default a comma. A number is
        kept as it is shown

    Raises
    ------
    ValueError  a code without templates, or values that are not those of its templates

    Examples
    --------
    >>> note = Note("few_residents", count=2, least=100)
    >>> str(note)
    '2 areas with fewer than 100 residents are not classified'
    >>> note.text("sv")
    '2 områden med färre än 100 boende klassas inte'
    """

    __slots__ = ("_code", "_en", "_values")
    _code: str
    _values: Mapping[str, Any]

    def __new__(cls, code: str, /, **values: Any) -> Note:
        """Make a note; see the class."""
        template = _form(code, "en", values)
        if template is None:
            raise ValueError(f"a note without Swedish and English: {code!r}")
        if set(template.places) != set(values):
            raise ValueError(f"note {code!r} has the places {sorted(template.places)}, given were {sorted(values)}")
        kept = {name: _kept(value, *template.places[name]) for name, value in values.items()}
        return cls._made(code, kept, _fill(template, kept, "en"))

    @classmethod
    def _made(cls, code: str, values: Mapping[str, Any], english: str) -> Note:
        made = str.__new__(cls, english)
        made._code, made._values = code, values
        return made

    @classmethod
    def old(cls, text: str) -> Note:
        """Make a note of the English text that a release of format 1 keeps; its code is empty."""
        return cls._made("", {}, text)

    @classmethod
    def from_plain(cls, plain: Any) -> Note:
        """Read a note of a manifest: `as_plain` of any version, or the text of an old one.

        Raises
        ------
        TypeError  neither
        """
        if isinstance(plain, str):
            return cls.old(plain)
        if not (isinstance(plain, dict) and isinstance(plain["code"], str) and isinstance(plain["en"], str)):
            raise TypeError("no note")
        return cls._made(plain["code"], {name: _read(value) for name, value in plain["values"].items()}, plain["en"])

    @property
    def code(self) -> str:
        """Its code in `notes.toml`; "" of a note of an old release."""
        return self._code

    @property
    def values(self) -> dict[str, Any]:
        """Its values by place."""
        return dict(self._values)

    def as_plain(self) -> Any:
        """Give what a manifest keeps: code, values and the English text; of an old note the text."""
        if not self._code:
            return str(self)
        return {"code": self._code, "values": {k: _plain(v) for k, v in self._values.items()}, "en": str(self)}

    def text(self, language: Language) -> str:
        """Give the note in a language; in English where an old or a newer release has one that is not known here."""
        return (self._swedish() if language == "sv" else None) or str(self)

    def both(self) -> dict[str, str | None]:
        """Give the note in both languages; the Swedish is None where an old or a newer release has one not known."""
        return {"sv": self._swedish(), "en": str(self)}

    def _swedish(self) -> str | None:
        if not self._code:
            return in_swedish(str(self))
        template = _form(self._code, "sv", self._values)
        if template is None or set(template.places) != set(self._values):
            return None
        try:
            return _fill(template, self._values, "sv")
        except (ValueError, TypeError):  # another version has another kind of value there
            return None

    def __reduce__(self) -> tuple[Any, ...]:
        return Note._made, (self._code, dict(self._values), str(self))


def name_some(items: Iterable[str | Note], shown: int) -> Note | tuple[str | Note, ...]:
    """Give a value that names the first of many, and how many more there are."""
    every = tuple(items)
    if len(every) <= shown:
        return every
    return Note("list_and_more", items=every[:shown], more=len(every) - shown)


def number(x: float) -> str:
    """Write a number for a reader of English: whole ones with thousands marks, others with four digits."""
    if not math.isfinite(x):
        return "any"
    return f"{x:,.0f}" if abs(x) >= 1000 or x == round(x) else f"{x:.4g}"


def number_in(shown: str, language: Language) -> str:
    """Write a number that is written in English as a language does: hard spaces and a decimal comma in Swedish."""
    if language == "en":
        return shown
    return shown.replace(",", "\u00a0").replace(".", ",").replace("%", "\u00a0%")


def _fill(template: Template, values: Mapping[str, Any], language: Language) -> str:
    shown = (
        text + (_show(values[name], conversion, shape, language) if name else "")
        for text, name, conversion, shape in template.parts
    )
    return "".join(shown)


def _show(value: Any, conversion: str, shape: str, language: Language) -> str:
    if isinstance(value, Note):
        return value.text(language)
    if isinstance(value, tuple):
        return (shape or ", ").join(_show(one, "", "", language) for one in value)
    if isinstance(value, str):
        return repr(value) if conversion == "r" else value
    return number_in(number(value) if shape == "number" else format(value, shape), language)


def _kept(value: Any, conversion: str, shape: str) -> Any:
    """Give a value as a note keeps it: plain, and a number as exact as it is shown."""
    if isinstance(value, Note):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, list | tuple):
        return tuple(one if isinstance(one, Note) else str(one) for one in value)
    if not hasattr(value, "__index__"):
        real = float(value)
        if not math.isfinite(real):
            return Note("any_number")
        shown = _show(real, conversion, shape, "en").replace(",", "")
        return round(float(shown[:-1]) / 100, 12) if shown.endswith("%") else float(shown)
    return int(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Note):
        return value.as_plain()
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _read(plain: Any) -> Any:
    if isinstance(plain, dict):
        return Note.from_plain(plain)
    if isinstance(plain, list):
        return tuple(Note.from_plain(one) if isinstance(one, dict) else str(one) for one in plain)
    return plain


def _form(code: str, language: Language, values: Mapping[str, Any]) -> Template | None:
    """Find the form of a code; where its `count` is 1 the singular, if it has one. None for an unknown code."""
    forms = templates().get(code, {})
    one = forms.get(f"{language}_one") if values.get("count") == 1 else None
    return one or forms.get(language)


@cache
def templates() -> dict[str, dict[str, Template]]:
    """Read `notes.toml`: by code the forms "en" and "sv", and for some "en_one" and "sv_one".

    Raises
    ------
    ValueError  a code that lacks a language, or whose forms differ in their places
    """
    read = tomllib.loads((resources.files(__package__) / "notes.toml").read_text("utf-8"))
    found = {code: {form: _parse(text, form) for form, text in forms.items()} for code, forms in read.items()}
    for code, forms in found.items():
        if set(forms) not in ({"en", "sv"}, {"en", "sv", "en_one", "sv_one"}):
            raise ValueError(f"note {code!r} has the forms {sorted(forms)}: both languages are needed")
        if any(form.places != forms["en"].places for form in forms.values()):
            raise ValueError(f"the forms of note {code!r} have not the same places")
    return found


def _parse(text: str, form: str) -> Template:
    if form.startswith("sv"):
        text = text.replace(" %", "\u00a0%")
    parts = Formatter().parse(text)
    return Template(
        tuple((before, name or "", conversion or "", shape or "") for before, name, shape, conversion in parts)
    )
