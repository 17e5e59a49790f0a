"""Phrases of workbooks, cubes, figures and comparisons: `phrases.toml`, in Swedish and English, filled in."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib import resources

from regso_cluster.method import Text
from regso_cluster.words.notes import Language
from regso_cluster.words.old_notes import describe_source


def phrase(key: str, /, **values: str | int | Text) -> Text:
    """Give a phrase in both languages with its {places} filled.

    Parameters
    ----------
    key : of `phrases.toml`
    values : one for each place; a text is filled in in its own language, and is never read as a template again

    Raises
    ------
    KeyError  an unknown key, or a place without a value

    Examples
    --------
    >>> phrase("with_limit", said=Text("Brott: 40", "Crime: 40"), limit="38,5").sv
    'Brott: 40, gräns 38,5'
    """
    form = _read()[key]
    return Text(
        form.sv.format(**{name: value.sv if isinstance(value, Text) else value for name, value in values.items()}),
        form.en.format(**{name: value.en if isinstance(value, Text) else value for name, value in values.items()}),
    )


def say_phrase(language: Language, key: str, /, **values: str | int | Text) -> str:
    """Give a phrase in one language; see `phrase`."""
    said = phrase(key, **values)
    return said.sv if language == "sv" else said.en


def list_texts(texts: Sequence[Text]) -> Text:
    """Give several texts as one: with commas, and a word before the last."""
    if len(texts) == 1:
        return texts[0]
    *most, last = texts
    first = Text(", ".join(one.sv for one in most), ", ".join(one.en for one in most))
    return phrase("listed", first=first, last=last)


def lower(text: Text) -> Text:
    """Give a text in small letters, as it stands inside a line."""
    return Text(text.sv.lower(), text.en.lower())


def say_source(source: str | Text, language: Language) -> str:
    """Give the source of a method or factor in a language: as it is written where it has one language."""
    if isinstance(source, Text):
        return source.sv if language == "sv" else source.en
    return (describe_source(source)["sv"] if language == "sv" else None) or source


def source_in_both(source: str | Text) -> dict[str, str | None]:
    """Give a source in both languages; the Swedish is None where a method names it in one language alone."""
    return {"sv": source.sv, "en": source.en} if isinstance(source, Text) else describe_source(source)


@cache
def _read() -> dict[str, Text]:
    found = tomllib.loads((resources.files(__package__) / "phrases.toml").read_text("utf-8"))
    return {key: Text(**forms) for key, forms in found.items()}
