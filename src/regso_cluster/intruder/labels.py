"""What a published group says of figures that are not: on which side of its limit each of them lies."""

from __future__ import annotations

from itertools import product
from typing import Any

import pandas as pd

from regso_cluster.intruder.claims import UNITS
from regso_cluster.intruder.reading import CODES, Evidence

_MOST = 8  # hidden factors of one area that are tried in all ways


def read_sides(evidence: Evidence) -> dict[tuple[int, str, str], bool]:
    """Work out which figures are problems and which are not.

    Returns
    -------
    by year, area and factor whether the figure is beyond its limit: said outright, or the only way in which the area's
    composite group comes out
    """
    sides: dict[tuple[int, str, str], bool] = {}
    for year, method in evidence.methods.items():
        keys = [one["key"] for one in method.get("factors", [])]
        areas = _areas_of(evidence, year, keys)
        if areas is None:
            continue
        known: dict[tuple[Any, ...], dict[str, bool]] = {}
        for row in areas.to_dict("records"):
            flags = {key: _flag(row.get(f"{key}_problem")) for key in keys}
            sides |= {(year, row[CODES], key): flag for key, flag in flags.items() if flag is not None}
            group = row.get("composite_group")
            open_ = tuple(key for key in keys if flags[key] is None)
            if pd.isna(group) or not open_ or len(open_) > _MOST:
                continue
            pattern = (int(float(group)), *flags.values())
            if pattern not in known:
                known[pattern] = _forced(flags, open_, int(float(group)), method)
            sides |= {(year, row[CODES], key): side for key, side in known[pattern].items()}
    return sides


def _areas_of(evidence: Evidence, year: int, keys: list[str]) -> pd.DataFrame | None:
    wanted = {f"{key}_problem" for key in keys}
    found = [one.table for one in evidence.exhibits if one.year == year and wanted <= set(one.table.columns)]
    return found[0] if found else None


def _flag(cell: Any) -> bool | None:
    return None if cell is None or pd.isna(cell) else str(cell).lower() in ("true", "1", "1.0")


def _forced(
    flags: dict[str, bool | None], open_: tuple[str, ...], group: int, method: dict[str, Any]
) -> dict[str, bool]:
    """Try every way to fill in the open flags; what all ways that give the group have in common is known."""
    fits = [
        dict(zip(open_, one, strict=True))
        for one in product((False, True), repeat=len(open_))
        if _group_of(flags | dict(zip(open_, one, strict=True)), method) == group
    ]
    return {key: fits[0][key] for key in open_ if fits and len({one[key] for one in fits}) == 1}


def _group_of(flags: dict[str, Any], method: dict[str, Any]) -> int:
    groups = method["composite"]["groups"]
    return next((at for at, one in enumerate(groups, 1) if _holds(one["rule"], flags)), len(groups) + 1)


def _holds(rule: Any, flags: dict[str, Any]) -> bool:
    if isinstance(rule, str):
        return bool(flags[rule])
    if "at_least" in rule:
        return sum(map(bool, flags.values())) >= int(rule["at_least"])
    if "all" in rule:
        return all(_holds(one, flags) for one in rule["all"])
    return any(_holds(one, flags) for one in rule["any"])


def numerators_on(side: bool, factor: dict[str, Any], limit: float, denominator: int) -> range:
    """Give the whole numerators that lie on a side of the limit; they follow one another."""
    given = {name: value for name, value in (factor.get("limit") or {}).items() if name != "unit"}
    way = next(iter(given), "sd")
    if way == "sd":
        way = "above" if factor.get("worse", "high") == "high" else "below"
    tests = {"above": float.__gt__, "at_least": float.__ge__, "below": float.__lt__, "at_most": float.__le__}
    unit = UNITS[factor["unit"]]
    fits = [n for n in range(denominator + 1) if tests[way](unit * n / denominator, limit) is side]
    return range(fits[0], fits[-1] + 1) if fits else range(0)
