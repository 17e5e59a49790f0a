"""What each column of a release means, in Swedish and English."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

import pandas as pd

from regso_cluster.method import Factor, Method, Text
from regso_cluster.schema import SCHEMA, Column, Table
from regso_cluster.schema import columns as c
from regso_cluster.words.phrases import phrase

UNITS = {
    "per cent": Text("%", "%"),
    "per 1000": phrase("unit_per_1000"),
    "share": phrase("unit_share"),
    "rank": phrase("unit_rank"),
    "score": phrase("unit_score"),
}


class _Described(NamedTuple):
    """What a column means, and its unit as the method says it."""

    meaning: Text
    unit: str = ""


def describe_columns(columns: Iterable[str], method: Method, table: Table = "areas") -> pd.DataFrame:
    """Say what each column of a table of a release means.

    Returns
    -------
    a row a column, in the order given: column, sv, en, unit (as the method says), unit_sv, unit_en (as it is shown)

    Raises
    ------
    KeyError  a column that has no description: a release must not have one
    """
    known = {name: _Described(one.meaning) for name, one in SCHEMA.of_table(table).items()}
    if table == "areas":
        known |= _describe_repeated(method)
        known |= _describe_absolute(known)
    else:
        for factor in method.factors:
            mean = "group_mean_weighted" if method.table.population else "group_mean"
            whole = phrase(mean if factor.averaged else "group_as_a_whole", name=factor.name)
            known[c.value_of(factor.key)] = _Described(whole, factor.unit)
    shown = {c.value_of(factor.key): unit_of(factor) for factor in method.factors}
    rows = []
    for column in columns:
        text, unit = known[column]
        named = shown.get(c.without_absolute(column), Text(unit, unit)) if unit else Text("", "")
        rows.append((column, text.sv, text.en, unit, named.sv, named.en))
    return pd.DataFrame(rows, columns=["column", "sv", "en", "unit", "unit_sv", "unit_en"])


def unit_of(factor: Factor) -> Text:
    """Give what the unit of a factor is called where it is shown: the method's own words, or those of the program."""
    return factor.unit_name or UNITS[factor.unit]


def say_unit(row: dict[Any, Any]) -> str:
    """Give the unit of a described column in one text for both languages: as the method says, or by its own name."""
    if not row["unit"] or (row["unit_sv"], row["unit_en"]) == (UNITS[row["unit"]].sv, UNITS[row["unit"]].en):
        return str(row["unit"])
    return " / ".join(dict.fromkeys((str(row["unit_sv"]), str(row["unit_en"]))))


def head_columns(columns: Iterable[str], method: Method, table: Table = "areas") -> pd.DataFrame:
    """Give each column of a table of a release the short heading that a person reads.

    Returns
    -------
    a row a column, in the order given: column, sv, en; no heading stands twice in one language

    Raises
    ------
    KeyError  a column that has no description
    """
    rows = []
    for row in describe_columns(columns, method, table).to_dict("records"):
        heading = _heading_of(row["column"], method, table)
        # what has no heading of its own is headed by the beginning of its description
        start = {language: re.split(r"[,;(:]", row[language])[0].strip() for language in ("sv", "en")}
        rows.append((row["column"], *((heading.sv, heading.en) if heading else start.values())))
    headings = pd.DataFrame(rows, columns=["column", "sv", "en"])
    for language in ("sv", "en"):
        seen = Counter(text.casefold() for text in headings[language])
        twins = headings[language].str.casefold().map(seen) > 1
        headings.loc[twins, language] += " [" + headings["column"][twins] + "]"
    return headings


def _heading_of(column: str, method: Method, table: Table) -> Text | None:
    own, base = SCHEMA.of_table(table), c.without_absolute(column)
    suffix = phrase("after_fixed") if base != column else Text("", "")
    if base in own:
        heading = own[base].heading
        return heading and Text(heading.sv + suffix.sv, heading.en + suffix.en)
    for factor in method.factors:
        if base == c.value_of(factor.key):
            unit = unit_of(factor)
            if table == "groups" and factor.averaged:
                suffix = phrase("after_mean")
            return Text(f"{factor.name.sv}, {unit.sv}{suffix.sv}", f"{factor.name.en}, {unit.en}{suffix.en}")
    name, part = _repeated(method).get(base, (None, None))
    if name is None or part is None:
        return None
    text = part.heading or part.meaning
    return Text(f"{name.sv}: {text.sv}{suffix.sv}", f"{name.en}: {text.en}{suffix.en}")


def _repeated(method: Method) -> dict[str, tuple[Text, Column]]:
    """Give the columns of each factor and theme by name, with the name of the factor or theme."""
    themes = method.index.themes if method.index else ()
    return {
        f"{one.key}_{part}": (one.name, column)
        for owners, parts in ((method.factors, SCHEMA.parts("factor")), (themes, SCHEMA.parts("theme")))
        for one in owners
        for part, column in parts.items()
    }


def _describe_repeated(method: Method) -> dict[str, _Described]:
    units = {c.value_of(factor.key): factor.unit for factor in method.factors}
    return {
        column: _Described(phrase("factor_part", name=name, part=part.meaning), units.get(column, ""))
        for column, (name, part) in _repeated(method).items()
    }


def _describe_absolute(known: dict[str, _Described]) -> dict[str, _Described]:
    return {
        c.absolute(name): _Described(phrase("by_fixed_limits", meaning=text), unit)
        for name, (text, unit) in known.items()
    }


DECIMALS = {"share": 3, "score": 2, "rank": 0}  # as the page shows them; others have one
