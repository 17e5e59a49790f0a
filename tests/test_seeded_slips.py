"""Seeded slips in real tables: of those that change any composite group, how many `check` names.

A slip is put into one cell, pair or row at a time: a factor of 10 or 100 either way, two columns swapped, a lost
digit, a sentinel, the neighbour's cell or row. Slips that change no composite group do not count.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from regso_cluster.factors.checks import check_counts
from regso_cluster.factors.plausible import find_impossible
from regso_cluster.factors.rates import rate
from regso_cluster.factors.tables import read_factors
from regso_cluster.judging.plausibility import examine
from regso_cluster.judging.problems import flag_problems, group_by_problems, measure_limits
from regso_cluster.method import parse_method

HEAD = """
name = "slips"
title = { sv = "Fel", en = "Slips" }
description = { sv = "", en = "" }
[table]
code = "CODE"
population = "POPULATION"
coverage = "COVERAGE"
[problems]
limit = { sd = 2.0 }
[composite]
none = { sv = "Ingen", en = "None" }
[[composite.groups]]
name = { sv = "Två", en = "Two" }
rule = { at_least = 2 }
[[composite.groups]]
name = { sv = "En", en = "One" }
rule = { at_least = 1 }
"""
WHOLE = {
    "unemployed": ("unemployed_16_64 / labour_force_16_64", "per cent", "high"),
    "employed": ("employed_16_64 / pop_16_64", "per cent", "low"),
    "foreign": ("born_world / born_total", "per cent", "high"),
    "standard": ("low_standard_pct_est", "per cent", "high"),
    "school": ("pregym_share_25_64", "per cent", "high"),
}
CITIES = {
    "unemployed": ("unemp_2024", "per cent", "high"),
    "employed": ("employment_2024", "per cent", "low"),
    "standard": ("low_econ_2024", "per cent", "high"),
    "income": ("income_med_2024", "score", "low"),
    "renters": ("renters_2025", "per cent", "high"),
}
KINDS = ("x10", "x0.1", "x100", "x0.01", "swap", "digit", "sentinel", "cell", "row")
CASES = {  # file, edition, code, residents, coverage, factors, the share that is named at least
    "whole": ("regso2020_2022_whole.csv", 2020, "regso_2020", "age_total", "full", WHOLE, 0.9),
    "cities": ("factors_cities.csv", 2025, "regso_code", "pop_2025", "partial", CITIES, 0.85),
}


def make_method(code, residents, coverage, factors):
    text = HEAD.replace("CODE", code).replace("POPULATION", residents).replace("COVERAGE", coverage)
    for key, (columns, unit, worse) in factors.items():
        names = columns.split(" / ")
        parts = f'value = "{names[0]}"' if len(names) == 1 else f'numerator = "{names[0]}"\ndenominator = "{names[1]}"'
        name = f'{{ sv = "{key}", en = "{key}" }}'
        text += f'[[factors]]\nkey = "{key}"\nname = {name}\n{parts}\nunit = "{unit}"\nworse = "{worse}"\n'
    return parse_method(text, "slips.toml")


def cells_of(table, method):
    """Each column once: name to (numbers, factor and role of all its uses)."""
    cells = {}
    for factor in method.factors:
        for role in factor.roles:
            name = getattr(factor, role)
            numbers = getattr(table, role)[factor.key].to_numpy(float)
            cells.setdefault(name, (numbers, []))[1].append((factor, role))
    return cells


def draw_slip(kind, cells, rows, rng):
    """Draw an area and its new cells by name; None where the slip changes nothing."""
    place = int(rng.integers(len(rows) - 1))
    at, neighbour = rows[place], rows[place + 1]
    one, two = (str(name) for name in rng.choice(list(cells), 2, replace=False))
    whole = cells[one][1][0][1] != "value"
    old = cells[one][0][at]
    if kind.startswith("x"):
        new = old * float(kind[1:])
        slip = {one: float(np.round(new)) if whole else new}
    elif kind == "swap":
        slip = {one: cells[two][0][at], two: old}
    elif kind == "digit":
        text = f"{old:.0f}" if whole else f"{old:.4f}".rstrip("0").rstrip(".")
        places = [number for number, letter in enumerate(text) if letter.isdigit()]
        cut = int(rng.choice(places)) if len(places) > 1 and np.isfinite(old) else None
        slip = {one: float(text[:cut] + text[cut + 1 :])} if cut is not None else {}
    elif kind == "sentinel":
        slip = {one: float(rng.choice([99, 999, 9999, 99999, 99999999, -1, -99, -999]))}
    else:
        slip = {name: cells[name][0][neighbour] for name in (cells if kind == "row" else [one])}
    same = all(cells[name][0][at] == new for name, new in slip.items())
    unseen = any(np.isnan(new) or np.isnan(cells[name][0][at]) for name, new in slip.items())
    return None if same or unseen else (at, slip)


def with_slip(table, method, cells, at, slip):
    parts = {role: getattr(table, role).copy() for role in ("numerator", "denominator", "value")}
    for name, new in slip.items():
        for factor, role in cells[name][1]:
            parts[role].iloc[at, parts[role].columns.get_loc(factor.key)] = new
    for _, uses in cells.values():
        for factor, _ in uses:
            if factor.numerator:
                counts = parts["numerator"][factor.key], parts["denominator"][factor.key]
                parts["value"][factor.key] = rate(*counts, factor.unit)
    areas = table.areas.copy()
    for name, new in slip.items():
        if name == method.table.population:  # one column of the file: denominator and residents at once
            areas["population"] = areas["population"].astype(float)
            areas.iloc[at, areas.columns.get_loc("population")] = new
    return replace(table, areas=areas, **parts)


def groups(table, method):
    limits = measure_limits(table.value, method, None)
    flags = flag_problems(table.value, method, limits)
    return group_by_problems(flags, table.status, method.composite)["composite_group"].fillna(0).to_numpy()


def is_refused(table, method, cells, at):
    """Whether reading refuses the row, or `check` a number in it that no area can have."""
    own = {(factor.key, role): getattr(table, role)[factor.key].iloc[[at]]
           for _, uses in cells.values() for factor, role in uses}  # fmt: skip
    frame = pd.DataFrame(own)
    frame.columns = pd.MultiIndex.from_tuples(frame.columns)
    if check_counts(frame, method, "t", pd.Series(dtype=object)):
        return True
    code = table.areas.index[at]
    return any(alarm.code == code for alarm in find_impossible(table, method))


def is_named(table, method, cells, at, previous=None):
    if is_refused(table, method, cells, at):
        return True
    code = table.areas.index[at]
    found = examine(table, method, previous=previous)
    return code in {one.code for one in (*found.alarms, *found.pulls)}


@pytest.mark.parametrize("case", CASES)
def test_slips_that_change_a_group_are_named(shared, case):
    name, edition, code, residents, coverage, factors, least = CASES[case]
    method = make_method(code, residents, coverage, factors)
    table = read_factors(Path(shared) / "data/regso" / name, method, edition=edition)
    clean = examine(table, method)
    rows = np.flatnonzero(table.value.notna().any(axis=1))
    assert len({one.code for one in (*clean.alarms, *clean.pulls)}) <= 0.003 * len(rows)
    cells, before, rng = cells_of(table, method), groups(table, method), np.random.default_rng(2026)
    outcomes = []
    for number in range(2000):
        if len(outcomes) == 40:
            break
        drawn = draw_slip(KINDS[number % len(KINDS)], cells, rows, rng)
        if drawn is None:
            continue
        slipped = with_slip(table, method, cells, *drawn)
        if (groups(slipped, method) != before).any():
            outcomes.append(is_named(slipped, method, cells, drawn[0]))
    assert len(outcomes) == 40
    assert np.mean(outcomes) >= least
