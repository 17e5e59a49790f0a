"""No English on a Swedish page, and no Swedish on an English one: every text that can be shown, in both languages."""

import re
import tomllib
from importlib import resources

import pytest

from regso_cluster.method import builtin_methods, load_method
from regso_cluster.schema import SCHEMA, Text

ENGLISH = {
    "the",
    "of",
    "and",
    "is",
    "are",
    "with",
    "which",
    "than",
    "by",
    "their",
    "this",
    "that",
    "were",
    "from",
}
SWEDISH = {"och", "av", "är", "inte", "med", "som", "än", "deras", "detta", "ett", "från", "eller", "områden", "vilka"}
# what is no word of the other language: names of what a table writes, of commands, of institutions
KEPT = re.compile(r"`[^`]*`|\{[^}]*\}|--[\w-]+|\w+_\w+|[A-Z]{2,}\S*|kommun(?:er)?|l[äa]n")
NAMED = re.compile(
    r"English Indices of Deprivation|Technical Report|Documentation|Utanförskapets karta|Folkpartiet liberalerna"
)


def written():
    """Every text as (where, Swedish, English)."""
    folder = resources.files("regso_cluster.words")
    for name in ("notes", "texts", "phrases"):
        for key, forms in tomllib.loads((folder / f"{name}.toml").read_text("utf-8")).items():
            yield f"{name}.toml, {key}", forms["sv"], forms["en"]
            if "sv_one" in forms:
                yield f"{name}.toml, {key}, one", forms["sv_one"], forms["en_one"]
    for column in SCHEMA.columns:
        for text in (column.meaning, column.heading):
            if text:
                yield f"columns.toml, {column.table}.{column.name}", text.sv, text.en
    for name in builtin_methods():
        method = load_method(name)
        for text in (method.title, method.description, method.source, *(one.name for one in method.factors),
                     *(one.source for one in method.factors)):  # fmt: skip
            if isinstance(text, Text):
                yield f"method {name}", text.sv, text.en


def foreign(text, words):
    bare = NAMED.sub(" ", KEPT.sub(" ", text))
    return sorted(set(re.findall(r"[a-zåäö]+", bare.lower())) & words)


def test_there_are_many_texts():
    assert len(list(written())) > 800


def test_each_text_is_in_its_language():
    wrong = [
        (where, found) for where, sv, en in written() for found in (foreign(sv, ENGLISH), foreign(en, SWEDISH)) if found
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("om klustren är typer har inte prövats: too few of the areas", ENGLISH, ["of", "the"]),
        ("the column `av` of {och} is --med_som", SWEDISH, []),
        ("areas that are inte here", SWEDISH, ["inte"]),
    ],
)
def test_the_rule_finds_words_of_the_other_language(text, words, found):
    assert foreign(text, words) == found
