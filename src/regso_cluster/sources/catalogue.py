"""Which table holds which column of a built-in method (`sources.toml`), and a table made of all that is open."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pandas as pd

from regso_cluster.areas.edition_table import edition_of_year, edition_years
from regso_cluster.errors import Fault, InputError
from regso_cluster.method import Method
from regso_cluster.schema import columns as c
from regso_cluster.sources.selection import Question
from regso_cluster.sources.tables import Fetched, Service, fetch_table
from regso_cluster.words.notes import Note


@dataclass(frozen=True)
class WantedColumn:
    """Where one column of a method's table comes from.

    Parameters
    ----------
    method, column : what it is for
    form : "open" is fetched; "order" has no open table; "other" is open in a form that the method does not take
    table, matrix : its number in PxWebApi 2 (empty where only the older name is known), and that older name
    contents : codes of measures, or parts of their names after `~`
    select : codes of other variables
    per_cent : 100 times the first measure over the second
    editions, years : that the table has; empty ones are all
    population, reason : whom it counts; why it is not fetched
    """

    method: str
    column: str
    form: Literal["open", "order", "other"]
    table: str = ""
    matrix: str = ""
    contents: tuple[str, ...] = ()
    select: dict[str, tuple[str, ...]] = field(default_factory=dict)
    per_cent: bool = False
    editions: tuple[int, ...] = ()
    years: tuple[int, ...] = ()
    population: str = ""
    reason: str = ""


@cache
def load_sources() -> tuple[tuple[WantedColumn, ...], dict[str, str]]:
    """Read `sources.toml`.

    Returns
    -------
    the columns of every method on RegSO; and for methods of other countries where their figures come from
    """
    read = tomllib.loads((resources.files(__package__) / "sources.toml").read_text("utf-8"))
    columns = []
    for given in read["columns"]:
        plain: dict[str, Any] = {key: tuple(one) if isinstance(one, list) else one for key, one in given.items()}
        plain["select"] = {key: tuple(codes) for key, codes in given.get("select", {}).items()}
        columns.append(WantedColumn(**plain))
    return tuple(columns), {one["method"]: one["reason"] for one in read["elsewhere"]}


def columns_of(method: Method) -> list[str]:
    """Name the columns that a method's table has beside the code."""
    named = [method.table.population] if method.table.population else []
    return [*named, *(column for factor in method.factors for column in factor.columns)]


def fetch_method(
    method: Method, year: int, service: Service, cache: Path, *, numbers: dict[str, str] | None = None,
    refresh: bool = False,
) -> Fetched:  # fmt: skip
    """Fetch every column of a method's table that is open; the others stay empty and are named.

    Parameters
    ----------
    method : a built-in one, or one whose columns are named alike
    year : the reference year
    service, cache, refresh : as for `fetch_table`
    numbers : the number in PxWebApi 2 of tables known by their older name

    Returns
    -------
    Fetched, with `missing` in its origin: column and reason for each that was not fetched

    Raises
    ------
    InputError  a method of which no column is open; every fault of `fetch_table`
    """
    sources, elsewhere = load_sources()
    if method.name in elsewhere or method.table.areas != "regso":
        reason = elsewhere.get(method.name, "Its areas are its own.")
        raise InputError(Fault("a method that no table of SCB serves", method.name, hint=reason))
    known = {one.column: one for one in sources if one.method == method.name}
    known = {one.column: one for one in reversed(sources)} | known
    missing: list[dict[str, str]] = []
    open_columns: list[WantedColumn] = []
    for column in dict.fromkeys(columns_of(method)):
        found, reason = _usable(known.get(column), year, numbers or {})
        if found:
            open_columns.append(found)
        else:
            missing.append({"column": column, "reason": reason})
    if not open_columns:
        raise InputError(
            [Fault("no open table", f"{method.name}, {one['column']}", hint=one["reason"]) for one in missing]
        )
    fetched = {
        key: fetch_table(question, service, cache, refresh=refresh) for key, question in _questions(open_columns, year)
    }
    frame = _assemble(method, year, open_columns, fetched)
    origin = {
        "retrieved": max(one.origin["retrieved"] for one in fetched.values()),
        "year": year,
        "edition": edition_of_year(year),
        "method": method.name,
        "columns": {one.column: {"table": one.table, "contents": list(one.contents), "population": one.population}
                    for one in open_columns},
        "missing": missing,
        "sources": [source for one in fetched.values() for source in one.origin["sources"]],
    }  # fmt: skip
    notes = [Note("of_table", table=key[0], note=note) for key, one in fetched.items() for note in one.notes]
    return Fetched(frame, origin, tuple(notes))


class _Asked(NamedTuple):
    """One question that columns share: a table, a year, and codes of its other variables."""

    table: str
    year: int
    select: tuple[tuple[str, tuple[str, ...]], ...]


def _usable(source: WantedColumn | None, year: int, numbers: dict[str, str]) -> tuple[WantedColumn | None, str]:
    """Give a source with its table's number, or why the column cannot be fetched."""
    if source is None:
        return None, "No source is known: it is not in the list of sources."
    if source.form != "open":
        return None, source.reason
    number = numbers.get(source.matrix, source.table)
    if not number:
        return None, (
            f"SCB's {source.matrix} holds it, but its number in PxWebApi 2 is not known here: look it up and give "
            f"--table {source.matrix}=TABnnnn."
        )
    at = _year(source, year)
    editions = source.editions or edition_years()
    if at is None or edition_of_year(at) not in editions or edition_of_year(at) != edition_of_year(year):
        has = f"RegSO {' and '.join(map(str, editions))}"
        if source.years:
            has += f", {', '.join(map(str, source.years))}"
        return (
            None,
            f"{number or source.matrix} has {has}, not RegSO {edition_of_year(year)} as of {year}: use a crosswalk.",
        )
    return dataclasses.replace(source, table=number), ""


def _year(source: WantedColumn, year: int) -> int | None:
    return max((one for one in source.years if one <= year), default=None) if source.years else year


def _key(source: WantedColumn, year: int) -> _Asked:
    return _Asked(source.table, _year(source, year) or year, tuple(sorted(source.select.items())))


def _questions(sources: list[WantedColumn], year: int) -> list[tuple[_Asked, Question]]:
    """Ask every table once for all that is wanted of it."""
    asked: dict[_Asked, list[str]] = {}
    for one in sources:
        asked.setdefault(_key(one, year), []).extend(one.contents)
    return [
        (key, Question(key.table, key.year, tuple(dict.fromkeys(contents)), dict(key.select)))
        for key, contents in asked.items()
    ]


def _assemble(method: Method, year: int, sources: list[WantedColumn], fetched: dict[_Asked, Fetched]) -> pd.DataFrame:
    """Put the columns side by side on the code; an area that a table lacks is empty there."""
    made: dict[str, pd.Series] = {}
    for one in sources:
        table = fetched[_key(one, year)]
        frame = table.frame.set_index(c.REGSO)
        values = [frame[_measure(table, wanted)] for wanted in one.contents]
        made[one.column] = _per_cent(*values) if one.per_cent else values[0]
    together = pd.DataFrame(made).sort_index().fillna("")
    for column in columns_of(method):
        if column not in together:
            together[column] = ""
    together.insert(0, "year", str(year))
    return together[["year", *dict.fromkeys(columns_of(method))]].rename_axis(method.table.code).reset_index()


def _measure(table: Fetched, wanted: str) -> str:
    """Find the column of a measure asked for by code, or by a part of its name."""
    contents: dict[str, str] = table.origin["sources"][0]["contents"]
    if not wanted.startswith("~"):
        return wanted
    return next(code for code, label in contents.items() if wanted[1:].lower() in label.lower())


def _per_cent(part: pd.Series, whole: pd.Series) -> pd.Series:
    """Divide two counts; a mark in either is the mark of the rate, and nobody in the whole gives nothing."""
    upper, lower = (pd.to_numeric(column, errors="coerce") for column in (part, whole))
    rates = (100 * upper / lower.where(lower > 0)).round(6)
    marks = part.where(upper.isna(), whole.where(lower.isna(), ""))
    return (
        rates.astype(object)
        .where(rates.notna(), marks)
        .map(lambda cell: repr(cell) if isinstance(cell, float) else cell)
    )
