"""The columns and groupings of a release as one table, read from `columns.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

from regso_cluster.schema.text import Text

Table = Literal["areas", "groups", "factors", "lineage", "certainty", "comparison", "statistics"]
Role = Literal["key", "place", "mark", "count", "persons", "group", "name", "figure"]
Repeat = Literal["", "factor", "theme"]
TABLES: tuple[Table, ...] = ("areas", "groups", "factors", "lineage", "certainty", "comparison", "statistics")


RELEASE: tuple[Table, ...] = TABLES[:5]  # the tables of a release; the others are made from releases


@dataclass(frozen=True)
class Column:
    """A column of one table of a release.

    Parameters
    ----------
    name : its name; where it repeats, the part after the key of the factor or theme and "_"
    table : the table that has it
    meaning : what it says
    heading : the short text above it; None takes the first words of the meaning
    role : what kind of column it is, see `columns.toml`
    of : the grouping whose groups it numbers or names; "" for none
    join : whether `join` adds it where the user asks for no columns
    repeats : "factor" or "theme" where each of these has such a column, else ""
    """

    name: str
    table: Table
    meaning: Text
    heading: Text | None = None
    role: Role = "figure"
    of: str = ""
    join: bool = False
    repeats: Repeat = ""


@dataclass(frozen=True)
class Grouping:
    """A way to put areas into numbered groups, and the names of the columns about it.

    Parameters
    ----------
    name : the column of the group numbers
    stem : begins the names of the columns about its certainty
    numbered_by : "severity", group 1 has most problems, or "kind", where numbers only tell groups apart
    inline : its name inside a line
    how_sure : the column that says how sure an area's group is; "" for none
    rest : whether the last group is that of all other areas, so that an area may be left open
    absolute : whether a method with fixed limits groups by these too
    """

    name: str
    stem: str
    numbered_by: Literal["severity", "kind"] = "severity"
    inline: Text | None = None
    how_sure: str = ""
    rest: bool = False
    absolute: bool = False

    @property
    def group_name(self) -> str:
        """The column of the names of the groups."""
        return f"{self.name}_name"

    @property
    def probability(self) -> str:
        """The column of the probability that an area belongs to its group."""
        return f"{self.name}_probability"

    @property
    def previous(self) -> str:
        """The column of the group in the previous release."""
        return f"{self.name}_previous"

    @property
    def by_fixed_limits(self) -> str:
        """The column of the group by the fixed limits of the method."""
        return f"{self.name}_absolute"

    @property
    def second(self) -> str:
        """The column of the most likely other group."""
        return f"{self.stem}_second"

    @property
    def second_probability(self) -> str:
        """The column of the probability of the most likely other group."""
        return f"{self.stem}_second_probability"

    @property
    def flip_factor(self) -> str:
        """The column of the factor in which the fewest persons would change the group."""
        return f"{self.stem}_flip_factor"

    @property
    def flip_persons(self) -> str:
        """The column of how many more or fewer persons would change the group."""
        return f"{self.stem}_flip_persons"

    @property
    def flip_group(self) -> str:
        """The column of the group that the area would then belong to."""
        return f"{self.stem}_flip_group"


@dataclass(frozen=True)
class Schema:
    """All columns and groupings, in the order of a release.

    Parameters
    ----------
    columns : of all tables
    groupings : by name
    shown_groupings : names, in the order in which the page and the figures show them
    fixed_limits : what is said after the name of a grouping by fixed limits
    first : columns of areas that a reader looks for first, in that order
    on_page : columns of areas that the page shows as whole numbers, in its order
    """

    columns: tuple[Column, ...]
    groupings: dict[str, Grouping]
    shown_groupings: tuple[str, ...]
    fixed_limits: Text
    first: tuple[str, ...]
    on_page: tuple[str, ...]

    def of_table(self, table: Table) -> dict[str, Column]:
        """Give the columns of a table by name, without those that repeat."""
        return {one.name: one for one in self.columns if one.table == table and not one.repeats}

    def parts(self, repeats: Repeat) -> dict[str, Column]:
        """Give the columns that each factor, or each theme, has in the areas, by the part after its key."""
        return {one.name: one for one in self.columns if one.table == "areas" and one.repeats == repeats}

    def order_of_areas(self, keys: Sequence[str], themes: Sequence[str]) -> list[str]:
        """Name all columns that the areas can have, in the order of a release.

        Parameters
        ----------
        keys, themes : of the factors and of the themes of the index, in the order of the method
        """
        return list(self._areas({"factor": keys, "theme": themes}))

    def _areas(self, keys: dict[str, Sequence[str]]) -> Iterator[str]:
        columns = [one for one in self.columns if one.table == "areas"]
        done: set[str] = set()
        for column in columns:
            if not column.repeats:
                yield column.name
            elif column.repeats not in done:  # the columns of one factor stay together
                done.add(column.repeats)
                parts = [one.name for one in columns if one.repeats == column.repeats]
                yield from (f"{key}_{part}" for key in keys[column.repeats] for part in parts)

    def find(self, name: str) -> Column | None:
        """Find the column of the areas behind a name: one of its own, of a factor or theme, or by fixed limits."""
        base = name.removesuffix("_absolute")
        own = self.of_table("areas").get(base)
        if own:
            return own
        repeated = [one for one in self.columns if one.repeats and base.endswith(f"_{one.name}")]
        return max(repeated, key=lambda one: len(one.name), default=None)

    @property
    def reserved(self) -> set[str]:
        """Keys that no factor or theme may have: their columns would bear the names of others."""
        return {"index", *self.groupings, *(one.stem for one in self.groupings.values())}

    def grouping(self, name: str) -> Grouping:
        """Give the grouping of that column; a tier of a factor, or a grouping by fixed limits, has its own names."""
        return self.groupings.get(name) or Grouping(name, name.removesuffix("_group"))

    def compared(self) -> tuple[str, ...]:
        """Name the groupings that two years are compared by, those by fixed limits after their own."""
        return tuple(
            name
            for one in self.groupings.values()
            for name in ((one.name, one.by_fixed_limits) if one.absolute else (one.name,))
        )

    def inline(self, name: str) -> Text:
        """Give what a grouping is called inside a line: its own name where the schema does not know it."""
        for one in self.groupings.values():
            if one.inline and name == one.name:
                return one.inline
            if one.inline and name == one.by_fixed_limits:
                return Text(f"{one.inline.sv}, {self.fixed_limits.sv}", f"{one.inline.en}, {self.fixed_limits.en}")
        return Text(name, name)


def read_schema(text: str) -> Schema:
    """Read a schema from TOML.

    Raises
    ------
    ValueError  a column without a meaning in both languages, a key that no column has, or a name of no column
    """
    found = tomllib.loads(text)
    columns = tuple(_column(table, name, entry) for table in TABLES for name, entry in found[table].items())
    groupings = {
        name: Grouping(name, **entry | {"inline": Text(**entry["inline"])})
        for name, entry in found["groupings"].items()
    }
    views = {view: tuple(names) for view, names in found["views"].items()}
    fixed = Text(**found["fixed_limits"])
    schema = Schema(columns, groupings, views["groupings"], fixed, views["workbook"], views["page"])
    known = schema.of_table("areas")
    named = [*schema.first, *schema.on_page, *groupings, *(one.how_sure for one in groupings.values() if one.how_sure)]
    unknown = [name for name in named if name not in known]
    unknown += [name for name in (*views["groupings"], *(one.of for one in columns if one.of)) if name not in groupings]
    if unknown:
        raise ValueError(f"columns.toml names what it does not describe: {', '.join(unknown)}")
    return schema


def _column(table: Table, name: str, entry: dict[str, Any]) -> Column:
    repeats, _, part = name.removeprefix("{").partition("}_") if name.startswith("{") else ("", "", name)
    if repeats not in ("", "factor", "theme"):
        raise ValueError(f"columns.toml: {name!r} repeats by neither factor nor theme")
    texts = {key: Text(**entry[key]) for key in ("meaning", "heading") if key in entry}
    try:
        return Column(part, table, repeats=repeats, **entry | texts)  # type: ignore[arg-type]
    except TypeError as error:
        raise ValueError(f"columns.toml, {table}.{name}: {error}") from error


SCHEMA = read_schema((resources.files(__package__) / "columns.toml").read_text("utf-8"))
