"""How many seeded slips `check` names, by table and kind, and what it names in the tables without slips.

    python benchmarks/seeded_slips.py --data ../shared/data/regso --seed 1 --slips 200
    python benchmarks/seeded_slips.py --data ../shared/data/regso --seed 1 --at-once 200

Every kind of slip is drawn in turn, so that the kinds are even before those without effect are left out. A slip counts
where it changes the composite group of any area. Alone: one slip a table. At once: so many slips in one table, each
judged by whether it changes a group where it stands alone. The slips are those of `tests/test_seeded_slips.py`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import test_seeded_slips as slips
from regso_cluster.errors import InputError
from regso_cluster.factors.tables import read_factors
from regso_cluster.judging.plausibility import examine

COUNTS = {
    "flats": ("live_flats / live_total", "per cent", "high"),
    "foreign": ("bg_foreign / bg_total", "per cent", "high"),
    "outside": ("outside_16_64 / pop_16_64", "per cent", "high"),
    "single_parents": ("hh_single_parent / age_total", "per cent", "high"),
}
VALUES = {
    "standard": ("low_standard_pct_est", "per cent", "high"),
    "school": ("pregym_share_25_64", "per cent", "high"),
    "unemployed": ("unemployed_share_of_labour_force", "per cent", "high"),
    "income": ("net_income_pop_20plus", "score", "low"),
    "rental": ("rental_share_dw", "per cent", "high"),
}
SIX = ("fire_damage_1210", "vehicle_fire_1211", "sabotage_emergency_1311", "riot_etc_1615", "violence_police_1701",
       "violence_police_1702")  # fmt: skip
CRIME = {name: (f"{name} / population", "per 1000", "high") for name in SIX}
WHOLE = ("regso2020_2022_whole.csv", 2020, "regso_2020", "age_total", "full")
CASES = {
    "whole": (*WHOLE, slips.WHOLE),
    "cities": ("factors_cities.csv", 2025, "regso_code", "pop_2025", "partial", slips.CITIES),
    "counts": (*WHOLE, COUNTS),
    "values": (*WHOLE, VALUES),
    "crime": ("regso2020_reported_crimes_2020_2023.csv", 2020, "regso_2020", "population", "full", CRIME),
}


def load(case, data):
    """Read a table; of the crimes, 2022 and, as an earlier release, 2021."""
    name, edition, code, residents, coverage, factors = CASES[case]
    method = slips.make_method(code, residents, coverage, factors)
    if case != "crime":
        return method, read_factors(data / name, method, edition=edition), None
    tables = []
    with tempfile.TemporaryDirectory() as folder:
        for year in (2022, 2021):
            frame = pd.read_csv(data / name, dtype={"regso_2020": str})
            path = Path(folder) / f"{year}.csv"
            frame[frame.year == year].drop(columns="year").to_csv(path, index=False)
            tables.append(read_factors(path, method, edition=edition))
    before = tables[1].value.add_suffix("_value").assign(population=tables[1].areas["population"])
    return method, tables[0], before


def draw(table, method, cells, rows, seed, wanted):
    """Draw slips that change a group, each alone: (kind, row, cells)."""
    before, rng, found = slips.groups(table, method), np.random.default_rng(seed), []
    for number in range(100 * wanted):
        if len(found) == wanted:
            break
        kind = slips.KINDS[number % len(slips.KINDS)]
        drawn = slips.draw_slip(kind, cells, rows, rng)
        if drawn is None:
            continue
        slipped = slips.with_slip(table, method, cells, *drawn)
        after = slips.groups(slipped, method)
        if (after != before).any():
            found.append((kind, *drawn, slipped, bool(after[drawn[0]] != before[drawn[0]])))
    return found


def alone(table, method, cells, found, before):
    outcomes = []
    for kind, at, slip, slipped, own in found:
        named = slips.is_named(slipped, method, cells, at, before)
        old = {name: float(cells[name][0][at]) for name in slip}
        outcomes.append({"kind": kind, "code": str(table.areas.index[at]), "old": old, "new": slip, "own": own,
                         "named": bool(named)})  # fmt: skip
    return outcomes


def at_once(table, method, cells, found, before):
    """Put all slips into one table, one a row. What reading refuses is taken out first, as its user would."""
    outcomes, used, slipped = [], set(), table
    for kind, at, slip, single, _ in found:
        if at in used:
            continue
        used.add(at)
        code = str(table.areas.index[at])
        refused = slips.is_refused(single, method, cells, at)
        if not refused:
            slipped = slips.with_slip(slipped, method, cells, at, slip)
        outcomes.append({"kind": kind, "code": code, "new": slip, "named": refused})
    named = set()
    try:
        seen = examine(slipped, method, previous=before)
        named = {one.code for one in (*seen.alarms, *seen.pulls)}
    except InputError as refused:
        raise SystemExit(f"not left out: {refused}") from refused
    for one in outcomes:
        one["named"] = one["named"] or one["code"] in named
    return outcomes, len(named - {one["code"] for one in outcomes})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seed", type=int, nargs="+", default=[1])
    parser.add_argument("--slips", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=0)
    parser.add_argument("--case", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--previous", action="store_true", help="crime reports of 2021 as an earlier release")
    parser.add_argument("--missed", type=Path, help="write every outcome here, as JSON")
    options = parser.parse_args()
    kept = []
    for case in options.case:
        method, table, before = load(case, options.data)
        before = before if options.previous else None
        clean = examine(table, method, previous=before)
        rows = np.flatnonzero(table.value.notna().any(axis=1))
        cells = slips.cells_of(table, method)
        areas = len({one.code for one in (*clean.alarms, *clean.pulls)})
        print(f"{case}: clean {areas} of {len(rows)} areas, {1000 * areas / len(rows):.2f} per 1,000")
        for seed in options.seed:
            start, other = time.perf_counter(), None
            found = draw(table, method, cells, rows, seed, options.at_once or options.slips)
            if options.at_once:
                outcomes, other = at_once(table, method, cells, found, before)
            else:
                outcomes = alone(table, method, cells, found, before)
            kept += [{"case": case, "seed": seed, **one} for one in outcomes]
            hits, all_ = Counter(o["kind"] for o in outcomes if o["named"]), Counter(o["kind"] for o in outcomes)
            kinds = "  ".join(f"{kind} {hits[kind]}/{all_[kind]}" for kind in slips.KINDS)
            even = 100 * np.mean([hits[kind] / of for kind, of in all_.items()])
            share = 100 * sum(hits.values()) / max(len(outcomes), 1)
            more = f"; {other} areas without a slip named" if other is not None else ""
            seconds = time.perf_counter() - start
            text = f"  seed {seed}: {share:.1f} % of {len(outcomes)}, mean of kinds {even:.1f} %  [{kinds}]{more}"
            print(f"{text}  {seconds:.0f} s", flush=True)
    if options.missed:
        options.missed.write_text(json.dumps(kept, indent=1))


if __name__ == "__main__":
    main()
