"""The names by which the columns of a table of PxWeb can be asked for: codes or texts, with or without the period."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from regso_cluster.errors import Fault, InputError
from regso_cluster.files.dataset import Described
from regso_cluster.words.notes import Note

_SHOWN = 8


@dataclass(frozen=True)
class WideColumn:
    """One column of a wide table: a measure, a category of each parting column, a period ("" for none)."""

    measure: str
    key: tuple[str, ...]
    period: str


def choose_period(periods: list[str], year: int | None) -> str:
    """Tell which of the periods is meant: the only one, or that of the year; "" where that is open."""
    if len(periods) == 1:
        return periods[0]
    fitting = [period for period in periods if year is not None and period[:4] == str(year)]
    return str(year) if str(year) in fitting else fitting[0] if len(fitting) == 1 else ""


@dataclass(frozen=True)
class Wide:
    """The columns of a wide table before they are named.

    Parameters
    ----------
    name : of the file, for messages
    columns : in order
    parting : the columns whose categories part the measures
    periods : all of the table, ascending
    year : the one asked for
    described : texts of codes
    """

    name: str
    columns: list[WideColumn]
    parting: list[str]
    periods: list[str]
    year: int | None
    described: Described

    @cached_property
    def first(self) -> list[str]:
        """The name of each column by what stands in the table; the period only where there are several."""
        several = len(self.periods) > 1
        return [" ".join([one.measure, *one.key, *([one.period] if several else [])]).strip() for one in self.columns]

    def name_columns(
        self, block: npt.NDArray[np.object_], wanted: frozenset[str], notes: list[Note]
    ) -> dict[str, npt.NDArray[np.object_]]:
        """Name the columns of a block of cells: as they stand, or as a method names them.

        Raises
        ------
        InputError  a name that several columns have, one of several years or of several categories
        """
        wide = {named: block[:, at] for at, named in enumerate(self.first)}
        missing = sorted(wanted - set(wide))
        if not missing:
            return wide
        chosen = choose_period(self.periods, self.year)
        meant: dict[str, list[int]] = {}
        for at, one in enumerate(self.columns):
            for text in dict.fromkeys(self._names(one, chosen)):
                meant.setdefault(text, []).append(at)
        faults = []
        for column in missing:
            places = meant.get(column, [])
            if len(places) == 1:
                wide[column] = block[:, places[0]]
            elif places:
                got = ", ".join(repr(self.first[at]) for at in places[:_SHOWN])
                hint = "Name it by its codes in the method."
                where = f"{self.name}, column {column!r}"
                faults.append(Fault("which column is meant cannot be told", where, "one", got, hint))
            else:
                faults += self._undecided(column, chosen)
        if faults:
            raise InputError(faults)
        if len(self.periods) > 1 and chosen:
            first, last = self.periods[0], self.periods[-1]
            notes.append(Note("period_taken", count=len(self.periods), first=first, last=last, chosen=chosen))
            keep = {self.first[at] for at, one in enumerate(self.columns) if one.period == chosen}
            wide = {named: cells for named, cells in wide.items() if named in keep or named in wanted}
        return wide

    def _names(self, column: WideColumn, chosen: str) -> list[str]:
        periods = [column.period] if column.period else []
        ends = [periods, []] if column.period == chosen else [periods]
        return [" ".join([*parts, *end]).strip() for parts in itertools.product(*self._of(column)) for end in ends]

    def _of(self, column: WideColumn) -> list[list[str]]:
        """List the names of each part of a column: of its measure, of each category."""
        measure = [column.measure, *filter(None, [self.described.measures.get(column.measure)])]
        if self._alone and column.key:
            measure.append("")
        keys = [
            [text, *filter(None, [labels.get(text)])] for text, labels in zip(column.key, self._labels, strict=True)
        ]
        return [list(dict.fromkeys(one)) for one in (measure, *keys)]

    @cached_property
    def _alone(self) -> bool:
        return len({one.measure for one in self.columns}) == 1

    @cached_property
    def _labels(self) -> list[dict[str, str]]:
        found = [dict(self.described.labels.get(column, {})) for column in self.parting]
        for at, labels in enumerate(found):  # "1 män": code and text in one cell
            pieces = {one.key[at]: one.key[at].split(maxsplit=1) for one in self.columns}
            if all(len(piece) == 2 for piece in pieces.values()):
                firsts, rests = ({piece[side] for piece in pieces.values()} for side in (0, 1))
                if len(firsts) == len(pieces) == len(rests):
                    labels.update({text: piece[1] for text, piece in pieces.items() if text not in labels})
        return found

    def _undecided(self, column: str, chosen: str) -> list[Fault]:
        """Say why a column that is wanted has no one place: several years, or several categories."""
        where = f"{self.name}, column {column!r}"
        without = {text for one in self.columns for text in self._names(one, one.period)}
        if len(self.periods) > 1 and not chosen and column in without:
            listed = f"{', '.join(self.periods[:_SHOWN])}{' ...' if len(self.periods) > _SHOWN else ''}"
            if self.year is None:
                hint = f"Give --year {self.periods[-1][:4]}, or save one period."
                return [Fault("several periods, and which is meant cannot be told", where, "one", listed, hint)]
            within = [period for period in self.periods if period[:4] == str(self.year)]
            if within:
                hint = f"Name the period too in the method, as '{column} {within[-1]}', or save one period."
                return [Fault("several periods of the year", where, "one", ", ".join(within[:_SHOWN]), hint)]
            hint = f"Give --year {self.periods[-1][:4]}, or the table of {self.year}."
            return [Fault("another year than asked for", where, str(self.year), listed, hint)]
        of = next((at for at, one in enumerate(self.columns) if column in self._of(one)[0]), None)
        if self.parting and of is not None:
            listed = "; ".join(
                f"{part} ({', '.join(dict.fromkeys(one.key[at] for one in self.columns[:200]))[:80]})"
                for at, part in enumerate(self.parting)
            )
            hint = f"Name a category too in the method, as {self.first[of]!r}, or save the table with one of each."
            return [Fault("a table parted by more than the area", where, "one category of each", listed, hint)]
        return []
