"""The counts of several releases: a cell for each year, area and factor, and one for the residents of each area."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.factors.rates import OBSERVED
from regso_cluster.factors.tables import FactorTable
from regso_cluster.method import Method
from regso_cluster.schema import columns as c

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

RESIDENTS = ""  # the factor of the cells that count residents
_SAME = 0.999  # of the areas: two factors whose counts agree in so many are one figure


@dataclass(frozen=True)
class Counts:
    """The counted cells of all releases, (n,) each.

    Parameters
    ----------
    year : of the release
    area, kommun : codes
    factor : its key; "" for the residents of an area, whose numerator is NaN
    numerator, denominator : persons; a cell of residents has its number as the denominator
    same : cells with one number are one figure: whoever sees one of them knows them all
    place : cells of one area and factor in different years have one number
    summed : whether the cells of a kommun add up to the kommun; False for figures of a whole kommun in each area
    opened : figures that an earlier release shows: everybody knows them
    """

    year: Integers
    area: npt.NDArray[np.object_]
    kommun: npt.NDArray[np.object_]
    factor: npt.NDArray[np.object_]
    numerator: Floats
    denominator: Floats
    same: Integers
    place: Integers
    summed: Booleans
    opened: Booleans

    @property
    def without(self) -> Floats:
        """Persons without the attribute, (n,)."""
        return self.denominator - self.numerator

    def take(self, cells: Integers) -> Counts:
        """Give some of the cells."""
        return Counts(**{field.name: getattr(self, field.name)[cells] for field in fields(self)})

    def wide(self, cells: npt.NDArray[np.generic], year: int, factor: str) -> pd.Series:
        """Give an array over the cells for one year and factor, by area."""
        own = (self.year == year) & (self.factor == factor)
        return pd.Series(cells[own], index=self.area[own])


def gather_counts(
    tables: dict[int, FactorTable], methods: dict[int, Method], published: Collection[str] = ()
) -> Counts:
    """Put the counts of several years side by side.

    Parameters
    ----------
    tables, methods : by year; the tables as they were read, before any shrinkage
    published : factors whose figures are published elsewhere: they have no cells here

    Returns
    -------
    Counts; a pair of area and factor without counts has no cell
    """
    parts = []
    for year, table in tables.items():
        kommun = table.areas[c.KOMMUN] if c.KOMMUN in table.areas else pd.Series("", table.areas.index)
        place = pd.DataFrame({"year": year, c.AREA: table.areas.index.astype(str), c.KOMMUN: kommun.to_numpy(object)})
        residents = table.areas[c.POPULATION].to_numpy(np.float64, na_value=np.nan)
        parts.append(place.assign(factor=RESIDENTS, n=np.nan, d=residents, summed=True)[~np.isnan(residents)])
        for factor in methods[year].factors:
            if factor.key in published:
                continue
            n, d = (part[factor.key].to_numpy(np.float64) for part in (table.numerator, table.denominator))
            seen = (table.status[factor.key] == OBSERVED).to_numpy() & ~np.isnan(n) & ~np.isnan(d)
            cells = place.assign(factor=factor.key, n=n, d=d, summed=factor.level != c.KOMMUN)
            parts.append(cells[seen])
    joined = pd.concat(parts, ignore_index=True)
    return Counts(
        joined["year"].to_numpy(np.int64), joined[c.AREA].to_numpy(object), joined[c.KOMMUN].to_numpy(object),
        joined[c.FACTOR].to_numpy(object), joined["n"].to_numpy(np.float64), joined["d"].to_numpy(np.float64),
        _find_same(joined), joined.groupby([c.AREA, c.FACTOR], sort=False).ngroup().to_numpy(np.int64),
        joined["summed"].to_numpy(bool), np.zeros(len(joined), bool),
    )  # fmt: skip


def _find_same(cells: pd.DataFrame) -> Integers:
    """Number the figures: a figure that another year repeats, or that is another factor's read from its other side.

    Turnout stands in the tables of four years: what one year shows, the others cannot hide. Passed and failed pupils of
    the same pupils are one figure, too.
    """
    names = _name_figures(cells)
    # the side with fewer persons names the figure, so that passed and failed share it
    low = np.fmin(cells["n"], cells["d"] - cells["n"])
    key = pd.MultiIndex.from_arrays([cells[c.AREA], names, np.nan_to_num(low, nan=-1.0), cells["d"]])
    return np.asarray(pd.factorize(key)[0], dtype=np.int64)


def _name_figures(cells: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Name the figure of each cell: its factor, or the first factor with the same counts, read from either side."""
    counted = cells[cells[c.FACTOR] != RESIDENTS]
    keys = list(dict.fromkeys(counted[c.FACTOR]))
    wide = counted.pivot(index=["year", c.AREA], columns="factor", values=["n", "d"])
    first: dict[str, str] = {RESIDENTS: RESIDENTS}
    for key in keys:
        first[key] = next((other for other in keys if other in first and _are_same(wide, key, other)), key)
    return cells[c.FACTOR].map(first).to_numpy(object)


def _are_same(wide: pd.DataFrame, one: str, other: str) -> bool:
    n, m, d, e = wide["n"][one], wide["n"][other], wide["d"][one], wide["d"][other]
    both = (d.notna() & e.notna()).to_numpy()
    if not both.any():
        return False
    agree = (d == e) & ((n == m) | (n + m == d))
    return bool(agree[both].mean() >= _SAME)
