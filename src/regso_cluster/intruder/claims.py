"""What the evidence says of a figure: its numerator, its denominator, its rate; and sentences with persons in them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from regso_cluster.intruder.reading import CODES, Evidence, Exhibit

RESIDENTS = ""
UNITS = {"per cent": 100.0, "per 1000": 1000.0, "share": 1.0}
COLUMNS = ["year", "area", "factor", "kind", "value", "source"]
_NUMERATOR = re.compile(r"(?:[_.]n|numerator|t\xe4ljare)$", re.IGNORECASE)
_DENOMINATOR = re.compile(r"(?:[_.]d|denominator|n\xe4mnare)$", re.IGNORECASE)
_RATE = re.compile(r"_(?:value|value_counted)$|, (?:%|per .*|andel|share|procent)$", re.IGNORECASE)
_RESIDENTS = {"population", "boende", "residents", "areas.population"}
# 2 fewer of 4, 1 fler av 2
_PERSONS = re.compile(r"(\d[\d\u00a0 ,]*) (?:more|fewer|fler|f\xe4rre) (?:of|av) (\d[\d\u00a0 ,]*)")
_LONG = {"numerator": ("n", 0), "denominator": ("d", 0), "value": ("rate", 0), "value_counted": ("rate", 0),
         "new_value": ("rate", 0), "old_value": ("rate", -1)}  # fmt: skip


def collect_claims(evidence: Evidence) -> pd.DataFrame:
    """Collect what the tables say.

    Parameters
    ----------
    evidence : of releases and what was made of them; the method files name the factors

    Returns
    -------
    a row a statement: year, area, factor ("" for residents), kind ("n", "d" or "rate"), value, source
    """
    factors = list_factors(evidence)
    rows = [frame for one in evidence.exhibits for frame in _read_exhibit(one, factors)]
    if not rows:
        return pd.DataFrame(columns=COLUMNS)
    claims = pd.concat(rows, ignore_index=True)
    claims["value"] = pd.to_numeric(claims["value"], errors="coerce")
    return claims.dropna(subset=["value"]).reset_index(drop=True)


def list_factors(evidence: Evidence) -> dict[str, dict[str, Any]]:
    """Give the factors of the method files, by key."""
    return {one["key"]: one for method in evidence.methods.values() for one in method.get("factors", [])}


def _read_exhibit(exhibit: Exhibit, factors: dict[str, dict[str, Any]]) -> Iterator[pd.DataFrame]:
    table = exhibit.table
    if "factor" in table:
        yield from _read_long(exhibit, factors)
        return
    for heading in table.columns:
        kind = _kind_of(str(heading), factors)
        if kind:
            yield _rows(exhibit, table, kind[0], kind[1], heading)


def _read_long(exhibit: Exhibit, factors: dict[str, dict[str, Any]]) -> Iterator[pd.DataFrame]:
    """Read a table with a row an area and factor."""
    for key, own in exhibit.table.groupby("factor"):
        if key not in factors:
            continue
        for name, (kind, years) in _LONG.items():
            if name in own:
                yield _rows(exhibit, own, str(key), kind, name, years=years)


def _rows(
    exhibit: Exhibit, table: pd.DataFrame, factor: str, kind: str, heading: str, *, years: int = 0
) -> pd.DataFrame:
    year = exhibit.year + years if exhibit.year else 0
    rows = pd.DataFrame({"area": table[CODES], "value": table[heading]})
    return rows.assign(year=year, factor=factor, kind=kind, source=exhibit.source)[COLUMNS]


def _kind_of(heading: str, factors: dict[str, dict[str, Any]]) -> tuple[str, str] | None:
    """Tell what a heading of a table by area says: factor and kind; None for other columns."""
    if heading.lower() in _RESIDENTS:
        return RESIDENTS, "d"
    for key, factor in factors.items():
        names = (key, f"factors.{key}", factor["name"]["sv"], factor["name"]["en"])
        start = next((name for name in sorted(names, key=len, reverse=True) if heading.startswith(name)), None)
        if start is None:
            continue
        rest = heading[len(start) :]
        for kind, pattern in (("n", _NUMERATOR), ("d", _DENOMINATOR), ("rate", _RATE)):
            if pattern.search(rest):
                return key, kind
    return None


def find_sentences(evidence: Evidence) -> pd.DataFrame:
    """Find sentences that name persons of a denominator: "2 fewer of 4".

    Returns
    -------
    a row a sentence: source, persons, denominator, text
    """
    rows = [
        (source, _whole(match[1]), _whole(match[2]), match[0])
        for source, text in evidence.texts.items()
        for match in _PERSONS.finditer(text)
    ]
    return pd.DataFrame(rows, columns=["source", "persons", "denominator", "text"]).drop_duplicates()


def _whole(text: str) -> int:
    return int(re.sub(r"\D", "", text))


def settle(claims: pd.DataFrame, factors: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Work out the counts that are said, or that follow from a rate with all its digits.

    Returns
    -------
    a row a year, area and factor: n and d, NaN where they are not known. A rate gives both where only one fraction has
    a denominator that the residents allow
    """
    first = claims.pivot_table(index=["year", "area", "factor"], columns="kind", values="value", aggfunc="first")
    first = first.reindex(columns=["n", "d", "rate"])
    people = first.loc[first.index.get_level_values("factor") == RESIDENTS, "d"].droplevel("factor")
    # a file that does not say its year may be of any: the most residents of an area in any of them
    of_year, ever = people.to_dict(), people.groupby("area").max().to_dict()
    most = [of_year.get((year, area), np.nan) if year else ever.get(area, np.nan) for year, area, _ in first.index]
    n, d, rate = (first[name].to_numpy(np.float64).copy() for name in ("n", "d", "rate"))
    keys = first.index.get_level_values(2).tolist()
    for row in np.flatnonzero(~np.isnan(rate) & (np.isnan(n) | np.isnan(d))):
        unit = UNITS[factors[keys[row]]["unit"]]
        if not np.isnan(d[row]):
            n[row] = round(rate[row] / unit * d[row])
        else:
            n[row], d[row] = _only_fraction(rate[row] / unit, most[row])
    return pd.DataFrame({"n": n, "d": d}, index=first.index).reset_index()


def _only_fraction(share: float, most: float) -> tuple[float, float]:
    """Give the only fraction that a share can be, with a denominator up to `most`; NaN where several can."""
    if math.isnan(most) or not 0 < share < 1:
        return math.nan, math.nan
    simple = Fraction(share).limit_denominator(int(most))
    if abs(float(simple) - share) > 1e-12 or 2 * simple.denominator <= most:
        return math.nan, math.nan
    return float(simple.numerator), float(simple.denominator)
