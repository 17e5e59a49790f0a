"""What stands in the columns of a table: range, quartiles, observed count and totals, and the residents of Sweden."""

from __future__ import annotations

import numpy as np
import pandas as pd

from regso_cluster.factors.rates import OBSERVED
from regso_cluster.factors.tables import FactorTable
from regso_cluster.method import Method
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note

# Residents of Sweden on 31 December. Source: SCB, population statistics (Folkmängd den 31 december).
RESIDENTS = {
    2015: 9_851_017, 2016: 9_995_153, 2017: 10_120_242, 2018: 10_230_185, 2019: 10_327_589, 2020: 10_379_295,
    2021: 10_452_326, 2022: 10_521_556, 2023: 10_551_707, 2024: 10_587_710,
}  # fmt: skip
ALLOWED = 0.005  # the share by which the residents of a table may differ from those of Sweden


def summarise_factors(table: FactorTable, method: Method) -> pd.DataFrame:
    """Describe each factor over its observed areas, and the residents last.

    Returns
    -------
    (n_factors + 1,) by key ("residents" last, where given): unit, observed, min, q1, median, q3, max in the unit;
    numerator and denominator, their totals; NaN where there are none
    """
    rows = {}
    for factor in method.factors:
        seen = (table.status[factor.key] == OBSERVED).to_numpy()
        counts = {
            part: getattr(table, part)[factor.key][seen].sum(min_count=1) for part in ("numerator", "denominator")
        }
        rows[factor.key] = {"unit": factor.unit, **_five(table.value[factor.key][seen])} | counts
    residents = table.areas[c.POPULATION].dropna()
    if len(residents):
        rows["residents"] = {"unit": "", **_five(residents), "numerator": np.nan, "denominator": residents.sum()}
    return pd.DataFrame.from_dict(rows, orient="index")


def _five(values: pd.Series) -> dict[str, float]:
    names = ("min", "q1", "median", "q3", "max")
    if values.empty:
        return {"observed": 0} | dict.fromkeys(names, np.nan)
    return {"observed": len(values)} | dict(
        zip(names, map(float, np.quantile(values, [0, 0.25, 0.5, 0.75, 1])), strict=True)
    )


def say_residents(table: FactorTable, method: Method, year: int | None) -> Note | None:
    """Say that the residents of a whole country are not those of Sweden; None where they are, or that is not known."""
    official = RESIDENTS.get(year or 0)
    residents = table.areas[c.POPULATION]
    if official is None or table.edition is None or method.table.coverage != "full" or table.synthetic:
        return None
    total = float(residents.sum())
    if residents.isna().all() or abs(total / official - 1) <= ALLOWED:
        return None
    share = 100 * (total / official - 1)
    return Note("residents_differ", total=total, official=official, year=year, share=share)
