"""Two releases side by side: who moved, and why. Classifies again step by step; see `years.change` for the causes.

The steps, in this order, each from the state that the one before left:

    rule       the no-flicker rule of the earlier year is put aside (and, at the end, that of the later year applied)
    software   the earlier release is classified again; a difference means that other software made it
    borders    the earlier counts moved to the later edition, where a crosswalk is at hand
    coverage   factors of the earlier year that are not seen in the later one are hidden
    data       the later figures on the earlier yardstick, for factors seen in both years
    coverage   factors seen in the later year alone come in
    yardstick  limits, scales and cut points measured on the later year, with the earlier choices
    centres    the later year's clusters
    method     the later year's choices
    software   the later release itself
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from regso_cluster.delivery.comparison import write_comparison_workbook
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.rates import MISSING, OBSERVED
from regso_cluster.factors.scales import apply_scale
from regso_cluster.factors.tables import FactorTable
from regso_cluster.method import Method, Yardstick
from regso_cluster.pipeline import judge, measure, usable
from regso_cluster.release import Release, whole_folder, write_parquet
from regso_cluster.years.align import Alignment, align
from regso_cluster.years.change import CAUSES, explain_clusters, explain_problems, find_causes
from regso_cluster.years.transitions import (
    Mobility,
    count_flows,
    list_moves,
    measure_drift,
    measure_mobility,
    transition_table,
)

GROUPINGS = ("composite_group", "band", "cluster")
State = tuple[str, pd.DataFrame]


@dataclass(frozen=True)
class Comparison:
    """What changed between two releases.

    Parameters
    ----------
    old, new : the releases
    alignment : which areas are compared
    moves : a row an area and grouping whose group changed: area, name, kommun_name, grouping, old, new, cause,
        residents (of the later year), where borders are known whether the area is comparable and which share of its
        residents came from elsewhere, and the group after each step
    problems : the factors behind each move of a composite group, see `explain_problems`
    clusters : the factor that did most behind each move of a cluster, see `explain_clusters`
    transitions : a row a grouping and pair of groups, see `transition_table`; also where nothing changed
    lists : who entered, left and stayed, by grouping and group, see `list_moves`
    mobility : by grouping
    drift : a row a factor of both years, see `measure_drift`
    summary : counts of moves and causes, for people and `--json`
    """

    old: Release
    new: Release
    alignment: Alignment
    moves: pd.DataFrame
    problems: pd.DataFrame
    clusters: pd.DataFrame
    transitions: pd.DataFrame
    lists: pd.DataFrame
    mobility: dict[str, Mobility]
    drift: pd.DataFrame
    summary: dict[str, Any]


def compare(
    old: Release, new: Release, *, moved: FactorTable | None = None, marks: pd.DataFrame | None = None
) -> Comparison:
    """Compare two releases: who moved between groups, the cause of each move and the factors behind it.

    Parameters
    ----------
    old, new : the earlier and the later release
    moved : the earlier figures moved to the borders of the later edition, see `move_table`; None: borders are no step
    marks : by code of the later edition, `comparable` and `elsewhere`, from `mark_areas` of a crosswalk or from
        `mark_changes` of SCB's list; None: which borders changed is not known

    Raises
    ------
    InputError  no area or no grouping in common
    """
    changed = None if marks is None else frozenset(marks.index[~marks["comparable"].to_numpy(bool)])
    alignment = align(old.areas.index, new.areas.index, (old.manifest["edition"], new.manifest["edition"]), changed)
    groupings = [grouping for grouping in GROUPINGS if grouping in old.areas and grouping in new.areas]
    if not len(alignment.shared) or not groupings:
        hint = "Compare releases of the same kind of areas that have a composite group, bands or clusters."
        what = "no grouping in common" if len(alignment.shared) else "no area in common"
        raise InputError(Fault(f"nothing to compare: {what}", f"{old.path.name}, {new.path.name}", hint=hint))
    states = _chain(old, new, moved, alignment.shared)
    residents = new.table.areas["population"].reindex(alignment.shared)
    moves, transitions, lists = [], [], []
    for grouping in groupings:
        series = [(cause, state[grouping]) for cause, state in states if grouping in state]
        found = find_causes(series)
        moves.append(_moves(found, series, new, residents, grouping, marks))
        transitions.append(transition_table(found["old"], found["new"], residents).assign(grouping=grouping))
        lists.append(list_moves(found["old"], found["new"]).assign(grouping=grouping))
    tables = {"moves": pd.concat(moves, ignore_index=True), "transitions": pd.concat(transitions, ignore_index=True),
              "lists": pd.concat(lists, ignore_index=True)}  # fmt: skip
    mobility = {part["grouping"].iloc[0]: measure_mobility(part) for part in transitions}
    problems, clusters = _reasons(old, new, tables["moves"])
    shared_factors = [key for key in old.method.keys if key in new.method.keys]
    values = [usable(one.table, one.method)[0].reindex(alignment.shared)[shared_factors] for one in (old, new)]
    summary = _summary(old, new, alignment, tables["moves"], tables["transitions"], mobility)
    return Comparison(old, new, alignment, tables["moves"], problems, clusters, tables["transitions"],
                      tables["lists"], mobility, measure_drift(*values), summary)  # fmt: skip


def _chain(old: Release, new: Release, moved: FactorTable | None, shared: pd.Index) -> list[State]:
    """Classify step by step from the earlier release to the later one; see the head of this module."""
    before, now = old.method, new.method
    if before.measured is None or now.measured is None:
        raise InputError(Fault("a release whose method has nothing measured", str(old.path), hint="Classify again."))
    first, last = before.measured, now.measured
    old_table = _with_factors(moved or old.table, before)
    old_used = _seen(old_table)
    new_table = _with_factors(new.table, before)
    new_used = _seen(new_table)
    states: list[State] = [("", old.areas), ("rule", _free(old.areas))]
    states.append(("software", judge(_seen(old.table), old.table, before, first)))
    if moved is not None:
        states.append(("borders", judge(old_used, old_table, before, first)))
    index = old_used.index.union(new_used.index)
    seen_then, seen_now = (used.reindex(index).notna() for used in (old_used, new_used))
    hidden = old_used.where(seen_now.reindex(old_used.index))
    states.append(("coverage", judge(hidden, old_table, before, first)))
    both = new_used.where(seen_then.reindex(new_used.index))
    states.append(("data", judge(both, new_table, before, first)))
    states.append(("coverage", judge(new_used, new_table, before, first)))
    moved_yardstick = _moved_yardstick(before, now, new_table, first, last)
    states.append(("yardstick", judge(new_used, new_table, before, moved_yardstick)))
    if before.choices_hash == now.choices_hash:
        with_centres = replace(
            moved_yardstick, centres=last.centres, cluster_numbers=last.cluster_numbers,
            cluster_names=last.cluster_names,
        )  # fmt: skip
        states.append(("centres", judge(new_used, new_table, before, with_centres)))
    states.append(("method", judge(_seen(new.table), new.table, now, last)))
    states += [("software", _free(new.areas)), ("rule", new.areas)]
    return [(cause, state.reindex(shared)) for cause, state in states]


def _seen(table: FactorTable) -> pd.DataFrame:
    return table.value.where(table.status == OBSERVED)


def _free(areas: pd.DataFrame) -> pd.DataFrame:
    """Give the groups as this year's figures alone make them, without the no-flicker rule."""
    return areas.assign(composite_group=areas["composite_group_free"]) if "composite_group_free" in areas else areas


def _with_factors(table: FactorTable, method: Method) -> FactorTable:
    """Give a table the factors of a method; those that it lacks are missing."""
    keys = list(method.keys)
    numbers = {part: getattr(table, part).reindex(columns=keys) for part in ("numerator", "denominator", "value")}
    return replace(table, status=table.status.reindex(columns=keys, fill_value=MISSING), **numbers)


def _moved_yardstick(before: Method, now: Method, table: FactorTable, first: Yardstick, last: Yardstick) -> Yardstick:
    """Measure the earlier choices on the later table; the clusters stay. Frozen limits do not move."""
    if before.frozen or last == first or not set(before.keys) <= set(now.keys):
        return first  # frozen in the earlier year, or frozen from it: nothing is measured anew
    if before.choices_hash == now.choices_hash and not now.frozen:
        measured = last
    else:
        measured = measure(*usable(table, before), before)
    return replace(first, limits=measured.limits, scales=measured.scales, bands=measured.bands, tiers=measured.tiers)


def _moves(
    found: pd.DataFrame, series: list[tuple[str, pd.Series]], new: Release, residents: pd.Series, grouping: str,
    marks: pd.DataFrame | None,
) -> pd.DataFrame:  # fmt: skip
    changed = found["changed"].to_numpy(bool)
    places = new.areas[["name", "kommun_name"]].reindex(found.index)
    table = pd.concat([places, found], axis=1).assign(residents=residents, grouping=grouping)
    if marks is not None:
        table = table.join(marks[["comparable", "elsewhere"]])
    for number, (cause, state) in enumerate(series[1:-1], start=1):
        table[f"after_{number}_{cause}"] = state.astype("Int64").to_numpy()
    table = table[changed].drop(columns="changed").rename_axis("area").reset_index()
    return table[["grouping", "area", *[column for column in table if column not in ("grouping", "area")]]]


def _reasons(old: Release, new: Release, moves: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Name the factors behind the moves of composite groups and of clusters."""
    by_area = {grouping: part.set_index("area") for grouping, part in moves.groupby("grouping")}
    nothing = moves.set_index("area").iloc[:0]
    yardsticks = [one.method.measured or Yardstick() for one in (old, new)]
    limits = (yardsticks[0].limits, yardsticks[1].limits, yardsticks[1].leave_limits)
    long = [_long(one) for one in (old, new)]
    problems = explain_problems(by_area.get("composite_group", nothing), new.method, long[0], long[1], limits)
    clusters, measured = new.method.clusters, new.method.measured
    if clusters is None or measured is None:
        return problems, pd.DataFrame()
    used = _seen(new.table)
    signs = np.array([factor.sign for factor in new.method.factors])
    scores = apply_scale(used, clusters.scale, signs, measured.scales["clusters"])
    centres = dict(zip(measured.cluster_numbers, map(np.array, measured.centres), strict=True))
    before = _seen(old.table).reindex(columns=used.columns)
    return problems, explain_clusters(by_area.get("cluster", nothing), before, used, scores, centres)


def _long(release: Release) -> pd.DataFrame:
    """Give a row an area and factor with its counts, its value and whether it is a problem."""
    long = release.factors.rename(columns={str(release.factors.columns[0]): "area"})
    if release.method.problems is None:
        return long.assign(problem=pd.array([pd.NA] * len(long), dtype="boolean"))
    part = "held" if f"{release.method.keys[0]}_held" in release.areas else "problem"
    flags = pd.DataFrame({key: release.areas[f"{key}_{part}"].astype("boolean") for key in release.method.keys})
    flags = flags.rename_axis("area").reset_index().melt("area", var_name="factor", value_name="problem")
    return long.merge(flags, on=["area", "factor"], how="left", validate="one_to_one")


def _summary(
    old: Release, new: Release, alignment: Alignment, moves: pd.DataFrame, transitions: pd.DataFrame,
    mobility: dict[str, Mobility],
) -> dict[str, Any]:  # fmt: skip
    summary: dict[str, Any] = {
        which: {"name": one.path.name, "year": one.year, "manifest_sha256": one.manifest["manifest_sha256"]}
        for which, one in (("old", old), ("new", new))
    }
    summary["areas"] = {"compared": len(alignment.shared), "only_old": list(alignment.only_old),
                        "only_new": list(alignment.only_new)}  # fmt: skip
    summary["synthetic"] = bool(old.manifest["synthetic"] or new.manifest["synthetic"])
    summary["groupings"] = {}
    for grouping, own in transitions.groupby("grouping", sort=False):
        moved = moves[moves["grouping"] == grouping]
        counts = moved["cause"].value_counts()
        summary["groupings"][grouping] = {
            "changed": len(moved),
            "residents": float(moved["residents"].sum()),
            "stayed": int(own["areas"].sum()) - len(moved),
            "causes": {cause: int(counts.get(cause, 0)) for cause in CAUSES},
            "mobility": round(mobility[str(grouping)].mobility, 4),
        }
    if "composite_group_free" in new.areas and "composite_group" in summary["groupings"]:
        free = [_free(one.areas)["composite_group"].reindex(alignment.shared) for one in (old, new)]
        without = int(find_causes([("", free[0]), ("", free[1])])["changed"].sum())
        moved = summary["groupings"]["composite_group"]["changed"]
        summary["no_flicker"] = {"moves": moved, "without_the_rule": without, "saved": without - moved}
    summary["notes"] = list(alignment.notes)
    if set(old.method.keys) != set(new.method.keys):
        summary["notes"].append("the two methods have different factors: what they measure on is counted as method")
    return summary


def trace_paths(releases: Sequence[Release]) -> pd.DataFrame:
    """Count the paths of areas through the groups of several years.

    Returns
    -------
    a row a grouping and path that occurs, see `count_flows`; residents of the last year

    Raises
    ------
    InputError  two releases of one year
    """
    years = [one.year for one in releases]
    if len(set(years)) < len(years):
        hint = "Give one release a year: the latest revision."
        raise InputError(Fault("two releases of one year", got=", ".join(map(str, sorted(years))), hint=hint))
    last = max(releases, key=lambda one: one.year)
    residents = last.areas["population"].astype("Float64").astype(float)
    parts = [
        count_flows({one.year: one.areas[grouping] for one in releases}, residents).assign(grouping=grouping)
        for grouping in GROUPINGS
        if all(grouping in one.areas for one in releases)
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"grouping": []})


def write_comparison(comparison: Comparison, out: str | Path, *, through: Sequence[Release] = ()) -> Path:
    """Write a comparison to a folder, whole or not at all: Parquet, a workbook, and comparison.json.

    With `through`, releases of other years, also flows.parquet: the paths of areas through all of them.

    Raises
    ------
    InputError  the folder exists; two releases of one year
    """
    flows = trace_paths([comparison.old, *through, comparison.new]) if through else None
    with whole_folder(out, "comparison") as partial:
        for name in ("moves", "problems", "clusters", "transitions", "lists", "drift"):
            frame: pd.DataFrame = getattr(comparison, name)
            write_parquet(frame.assign(synthetic=comparison.summary["synthetic"]), partial / f"{name}.parquet")
        write_parquet(mobility_table(comparison), partial / "mobility.parquet")
        if flows is not None:
            write_parquet(flows.assign(synthetic=comparison.summary["synthetic"]), partial / "flows.parquet")
        text = json.dumps(comparison.summary, indent=2, ensure_ascii=False) + "\n"
        (partial / "comparison.json").write_text(text, "utf-8")
        write_comparison_workbook(comparison, partial / "comparison.xlsx")
    return Path(out)


def mobility_table(comparison: Comparison) -> pd.DataFrame:
    """Give a row a grouping and group: persistence, expected years in the group, steady state."""
    rows = [
        (grouping, group, *numbers)
        for grouping, one in comparison.mobility.items()
        for group, *numbers in zip(one.groups, one.persistence, one.years_in_group, one.steady_state, strict=True)
    ]
    columns = ["grouping", "group", "persistence", "years_in_group", "steady_state"]
    return pd.DataFrame(rows, columns=columns).assign(synthetic=comparison.summary["synthetic"])
