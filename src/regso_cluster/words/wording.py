"""Swedish or English: names of sheets and groups, careful words that go with every delivery."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from regso_cluster.method import Method, Text
from regso_cluster.words.notes import Language, Note
from regso_cluster.words.phrases import phrase

CAREFUL = phrase("careful")
UNDECIDED = phrase("undecided_is_open")
MADE_UP = phrase("made_up")


def say(text: Text, language: Language) -> str:
    """Give a text in one language."""
    return text.sv if language == "sv" else text.en


def mark_of(sheet: str, language: Language) -> str:
    """Give the name of a sheet."""
    return say(phrase(f"sheet_{sheet}"), language)


def in_language(areas: pd.DataFrame, groups: pd.DataFrame, language: Language) -> pd.DataFrame:
    """Give the areas with the names of their groups in a language; the tables of a release have the Swedish ones.

    Parameters
    ----------
    areas : areas of a release, with columns such as `cluster` and `cluster_name`
    groups : a row a group, with `grouping`, `group`, `name_sv`, `name_en`
    """
    if language == "sv" or groups.empty:
        return areas
    named = {}
    for grouping, own in groups[groups["group"].notna()].groupby("grouping", sort=False):
        base = str(grouping).removesuffix("_absolute")
        column = f"{base}_name" + str(grouping)[len(base) :]
        if column in areas and grouping in areas:
            names = dict(zip(own["group"].astype(int), own["name_en"], strict=True))
            named[column] = areas[grouping].map(names, na_action="ignore").astype(areas[column].dtype)
    return areas.assign(**named)


NAMED = 20  # codes in a note; comparison.json has them all


def name_codes(codes: Sequence[str]) -> Note | tuple[str, ...]:
    """Give a value of a note that names the first codes of a list, and how many more there are."""
    named = tuple(map(str, codes[:NAMED]))
    return Note("codes_and_more", codes=named, more=len(codes) - NAMED) if len(codes) > NAMED else named


def say_drifting(method: Method) -> Note | None:
    """Say which limits are held fixed though prices move; None where none is."""
    return Note("limits_drift", year=method.drifting[0], factors=method.drifting[1]) if method.drifting else None
