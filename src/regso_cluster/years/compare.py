"""Two releases side by side: who moved, and why. The steps in which causes are found stand in `steps`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from regso_cluster.areas.editions import lan_names
from regso_cluster.certainty.labels import how_sure
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.tables import FactorTable
from regso_cluster.judging.case import observed
from regso_cluster.method import Text, Yardstick
from regso_cluster.release.model import Release
from regso_cluster.schema import SCHEMA
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note
from regso_cluster.years.align import Alignment, align
from regso_cluster.years.attribution import State, absolute_limits, chain, free, with_absolute, with_factors
from regso_cluster.years.change import CAUSES, Step, explain_problems, find_causes
from regso_cluster.years.cluster_moves import Figures, Space, explain_clusters
from regso_cluster.years.transitions import (
    Mobility,
    count_by_place,
    list_moves,
    measure_drift,
    measure_mobility,
    transition_table,
)

GROUPINGS = SCHEMA.compared()


@dataclass(frozen=True)
class Comparison:
    """What changed between two releases.

    Parameters
    ----------
    old, new : the releases
    alignment : which areas are compared
    moves : a row an area and grouping whose group changed: area, name, kommun_name, grouping, old, new, cause,
        old_probability and new_probability (of these groups, in their releases), how_sure (of the later one),
        residents (of the later year), where borders are known whether the area is comparable and which share of its
        residents came from elsewhere, and the group after each step
    problems : the factors behind each move of a composite group, see `explain_problems`
    clusters : the factors behind each move of a cluster, see `explain_clusters`
    transitions : a row a grouping and pair of groups, see `transition_table`; also where nothing changed
    lists : who entered, left and stayed, by grouping and group, see `list_moves`, with the name and place of each area
        and how sure its group is in the later release
    places : the same counted by kommun and by län, see `count_by_place`
    mobility : by grouping
    drift : a row a factor of both years, see `measure_drift`; earlier figures in the later borders where known
    borders : a row an area of the later edition, from `mark_areas` or `mark_changes`; none where borders are not known
    summary : counts of moves and causes, for people and `--json`

    Examples
    --------
    >>> found = compare(read_release(folder / "2023"), read_release(folder / "2024"))
    >>> isinstance(found, Comparison), bool((found.moves["old"] != found.moves["new"]).all())
    (True, True)
    """

    old: Release
    new: Release
    alignment: Alignment
    moves: pd.DataFrame
    problems: pd.DataFrame
    clusters: pd.DataFrame
    transitions: pd.DataFrame
    lists: pd.DataFrame
    places: pd.DataFrame
    mobility: dict[str, Mobility]
    drift: pd.DataFrame
    borders: pd.DataFrame
    summary: dict[str, Any]


def compare(
    old: Release, new: Release, *, moved: FactorTable | None = None, marks: pd.DataFrame | None = None,
    notes: Sequence[Note] = (),
) -> Comparison:  # fmt: skip
    """Compare two releases: who moved between groups, the cause of each move and the factors behind it.

    Parameters
    ----------
    old, new : the earlier and the later release
    moved : the earlier figures moved to the borders of the later edition, see `move_table`; None: borders are no step
    marks : by code of the later edition, `comparable` and `elsewhere`, from `mark_areas` of a crosswalk or from
        `mark_changes` of SCB's list; None: which borders changed is not known
    notes : what a reader should know of these

    Raises
    ------
    NothingInCommonError  no area in common, or neither a grouping nor a factor; with factors alone (methods of an
        index, of tiers, or of other groupings) their distributions are compared, and a note says so
    """
    changed = None if marks is None else frozenset(marks.index[~marks["comparable"].to_numpy(bool)])
    alignment = align(old.areas.index, new.areas.index, (old.manifest["edition"], new.manifest["edition"]), changed)
    beside = absolute_limits(old, new)
    old_areas, new_areas = with_absolute(old, beside[0]), with_absolute(new, beside[1])
    groupings = [grouping for grouping in GROUPINGS if grouping in old_areas and grouping in new_areas]
    shared_factors = [key for key in old.method.keys if key in new.method.keys]
    if not len(alignment.shared) or not (groupings or shared_factors):
        hint = "Compare releases of the same kind of areas that have a composite group, bands or clusters."
        what = "no grouping in common" if len(alignment.shared) else "no area in common"
        raise NothingInCommonError(Fault(f"nothing to compare: {what}", f"{old.name}, {new.name}", hint=hint))
    states = chain(old, new, moved, alignment.shared) if groupings else _no_groups(alignment.shared)
    residents = new.table.areas[c.POPULATION].reindex(alignment.shared)
    places = _places(new).reindex(alignment.shared)
    parts = [
        _one_grouping(grouping, states, residents, places, marks, (_certain(old, grouping), _certain(new, grouping)))
        for grouping in groupings or GROUPINGS[:1]
    ]
    moves, transitions, lists = (pd.concat(tables, ignore_index=True) for tables in zip(*parts, strict=True))
    if not groupings:  # the columns alone: there is nothing that an area could move between
        moves, transitions, lists = moves[:0], transitions[:0], lists[:0]
    mobility = {
        grouping: measure_mobility(table, pairs=1) for grouping, (_, table, _) in zip(groupings, parts, strict=False)
    }
    counted = [count_by_place(part, places.drop(columns=c.NAME), residents).assign(grouping=grouping)
               for grouping, part in lists.groupby(c.GROUPING, sort=False)]  # fmt: skip
    counted = counted or [count_by_place(lists, places.drop(columns=c.NAME), residents).assign(grouping="")[:0]]
    earlier = with_factors(moved, old.method) if moved is not None else old.table
    values = [observed(table).reindex(alignment.shared)[shared_factors] for table in (earlier, new.table)]  # fmt: skip
    summary = _summary(old, new, alignment, (moves, transitions, lists), mobility)
    if marks is not None:
        summary["borders"] = _describe_borders(alignment, moved, marks)
    summary["notes"] += notes
    behind = _behind_composite(old, new, moves, moved), _behind_clusters(old, new, moves, moved)
    return Comparison(
        old, new, alignment, moves, _grouping_first(behind[0]), behind[1], _grouping_first(transitions),
        _grouping_first(lists.join(places, on="area")), _grouping_first(pd.concat(counted, ignore_index=True)),
        mobility, measure_drift(*values), _border_table(marks), summary,
    )  # fmt: skip


class NothingInCommonError(InputError):
    """Two releases without an area in common, or with neither a grouping nor a factor in common."""


def _no_groups(shared: pd.Index) -> list[State]:
    """Give states in which no area has a group, for releases that put areas in none."""
    nothing = pd.DataFrame({GROUPINGS[0]: pd.array([pd.NA] * len(shared), dtype="Int64")}, index=shared)
    return [State("", nothing), State("data", nothing)]


def _grouping_first(table: pd.DataFrame) -> pd.DataFrame:
    return table[[c.GROUPING, *table.columns.drop(c.GROUPING)]]


def _places(release: Release) -> pd.DataFrame:
    """Give the name, kommun and län of each area."""
    places = release.areas[[c.NAME, c.KOMMUN, c.KOMMUN_NAME, c.LAN]]
    lan = pd.Series(lan_names())
    return places.assign(lan_name=places[c.LAN].map(lan).astype("string"))


def _certain(release: Release, grouping: str) -> pd.DataFrame:
    """Give how sure the groups of a release are: probability, how_sure in words; empty where it was not measured."""
    areas, certainty = release.areas, release.method.certainty
    column = c.probability_of(grouping)
    if certainty is None or column not in areas:
        return pd.DataFrame({c.PROBABILITY: np.nan, c.HOW_SURE: pd.NA}, index=areas.index).astype(
            {c.HOW_SURE: "string"}
        )
    words = pd.Series(how_sure(areas[column].to_numpy(np.float64), certainty), areas.index, dtype="string")
    if grouping == c.COMPOSITE_GROUP:
        words = areas[c.HOW_SURE].astype("string")
    return pd.DataFrame({c.PROBABILITY: areas[column], c.HOW_SURE: words})


def _one_grouping(
    grouping: str, states: list[State], residents: pd.Series, places: pd.DataFrame, marks: pd.DataFrame | None,
    certain: tuple[pd.DataFrame, pd.DataFrame],
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Give the moves, the transitions and the lists of one grouping."""
    series = [Step(cause, groups[grouping]) for cause, groups in states if grouping in groups]
    found = find_causes(series)
    changed = found["changed"].to_numpy(bool)
    table = pd.concat([places[[c.NAME, c.KOMMUN_NAME]], found], axis=1).assign(residents=residents, grouping=grouping)
    before, after = (one.reindex(found.index) for one in certain)
    table = table.assign(
        old_probability=before[c.PROBABILITY], new_probability=after[c.PROBABILITY], how_sure=after[c.HOW_SURE]
    )
    if marks is not None:
        table = table.join(marks[["comparable", "elsewhere"]])
    for number, (cause, state) in enumerate(series[1:-1], start=1):
        table[f"after_{number}_{cause}"] = state.astype("Int64").array
    table = table[changed].drop(columns="changed").rename_axis(c.AREA).reset_index()
    moves = table[[c.GROUPING, c.AREA, *[column for column in table if column not in ("grouping", "area")]]]
    transitions = transition_table(found["old"], found["new"], residents).assign(grouping=grouping)
    lists = list_moves(found["old"], found["new"]).assign(grouping=grouping)
    return moves, transitions, lists.join(after[c.HOW_SURE], on=c.AREA)


def _border_table(marks: pd.DataFrame | None) -> pd.DataFrame:
    """Give the marks as a table; `left`, a share there, is a number of areas in other tables."""
    if marks is None:
        return pd.DataFrame({c.AREA: []})
    return marks.rename(columns={"left": "left_share"}).rename_axis(c.AREA).reset_index()


def _behind_composite(old: Release, new: Release, moves: pd.DataFrame, moved: FactorTable | None) -> pd.DataFrame:
    """Name the factors behind the moves of composite groups, by relative and by absolute limits."""
    yardsticks = [one.method.measured or Yardstick() for one in (old, new)]
    limits = {c.COMPOSITE_GROUP: (yardsticks[0].limits, yardsticks[1].limits, yardsticks[1].leave_limits)}
    beside = absolute_limits(old, new)
    if beside[0] and beside[1]:
        limits["composite_group_absolute"] = (beside[0].measured.limits, beside[1].measured.limits, {})
    parts = []
    for grouping, own_limits in limits.items():
        own = moves[moves[c.GROUPING] == grouping].set_index(c.AREA)
        absolute = grouping.endswith("_absolute")
        flags = [with_absolute(one, baseline) if absolute else one.areas
                 for one, baseline in zip((old, new), beside, strict=True)]  # fmt: skip
        before, now = (_long(one, areas, absolute=absolute) for one, areas in zip((old, new), flags, strict=True))
        if moved is not None:
            before = before.merge(_melt(moved.value, "moved_value"), on=[c.AREA, c.FACTOR], how="left")
        parts.append(explain_problems(own, new.method, before, now, own_limits).assign(grouping=grouping))
    return pd.concat(parts, ignore_index=True)


def _behind_clusters(old: Release, new: Release, moves: pd.DataFrame, moved: FactorTable | None) -> pd.DataFrame:
    """Name the factors behind the moves of clusters."""
    now = _space(new)
    if now is None:
        return pd.DataFrame({c.AREA: []})
    before = _space(old)
    if before is None or before.factors != now.factors or before.scale != now.scale:
        before = None
    own = moves[moves[c.GROUPING] == c.CLUSTER].set_index(c.AREA)
    earlier = with_factors(moved if moved is not None else old.table, new.method)
    figures = Figures(observed(earlier), observed(new.table), new.table.numerator, new.table.denominator)
    return explain_clusters(own, before, now, figures)


def _space(release: Release) -> Space | None:
    clusters, measured = release.method.clusters, release.method.measured
    if clusters is None or measured is None:
        return None
    centres = dict(zip(measured.cluster_numbers, map(np.array, measured.centres), strict=True))
    return Space(release.method.factors, clusters.scale, measured.scales["clusters"], centres)


def _melt(wide: pd.DataFrame, column: str) -> pd.DataFrame:
    """Give a row an area and factor; a factor may have any key, also "area" or "factor"."""
    parts = [pd.DataFrame({c.AREA: wide.index, c.FACTOR: key, column: wide[key].array}) for key in wide.columns]
    return pd.concat(parts, ignore_index=True)


def _long(release: Release, areas: pd.DataFrame, *, absolute: bool) -> pd.DataFrame:
    """Give a row an area and factor with its counts, its value and whether it is a problem."""
    long = release.factors.rename(columns={str(release.factors.columns[0]): c.AREA})
    if release.method.problems is None:
        return long.assign(problem=pd.array([pd.NA] * len(long), dtype="boolean"))
    part = "problem_absolute" if absolute else "held" if c.held_of(release.method.keys[0]) in areas else "problem"
    flags = pd.DataFrame({key: areas[f"{key}_{part}"].astype("boolean") for key in release.method.keys})
    flags = _melt(flags, "problem")
    return long.merge(flags, on=[c.AREA, c.FACTOR], how="left", validate="one_to_one")


def _summary(
    old: Release, new: Release, alignment: Alignment, tables: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
    mobility: dict[str, Mobility],
) -> dict[str, Any]:  # fmt: skip
    moves, transitions, lists = tables
    summary: dict[str, Any] = {
        which: {"name": one.name, "year": one.year, "manifest_sha256": one.manifest["manifest_sha256"]}
        for which, one in (("old", old), ("new", new))
    }
    summary["areas"] = {"compared": len(alignment.shared), "only_old": list(alignment.only_old),
                        "only_new": list(alignment.only_new)}  # fmt: skip
    summary["synthetic"] = bool(old.manifest["synthetic"] or new.manifest["synthetic"])
    summary["groupings"] = {}
    for grouping, own in transitions.groupby(c.GROUPING, sort=False):
        changes = moves[moves[c.GROUPING] == grouping]
        counts = changes["cause"].value_counts()
        summary["groupings"][grouping] = {
            "changed": len(changes),
            "residents": float(changes[c.RESIDENTS].sum()),
            "stayed": int(own[c.AREAS].sum()) - len(changes),
            "causes": {cause: int(counts.get(cause, 0)) for cause in CAUSES},
            "mobility": round(mobility[str(grouping)].mobility, 4),
            "groups": _entered_and_left(lists[lists[c.GROUPING] == grouping]),
        }
    if c.COMPOSITE_GROUP_FREE in new.areas and c.COMPOSITE_GROUP in summary["groupings"]:
        groups = [free(one.areas)[c.COMPOSITE_GROUP].reindex(alignment.shared) for one in (old, new)]
        without = int(find_causes([Step("", one) for one in groups])["changed"].sum())
        with_rule = summary["groupings"][c.COMPOSITE_GROUP]["changed"]
        summary["no_flicker"] = {"moves": with_rule, "without_the_rule": without, "saved": without - with_rule}
    summary["notes"] = [*_backwards(old, new), *alignment.notes, *_notes(old, new)]
    return summary


def _entered_and_left(lists: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Count by group who entered, left and stayed; the group of the undecided is no group."""
    counts = lists.groupby([c.GROUP, "move"]).size()
    return {
        str(group): {move: int(counts.get((group, move), 0)) for move in ("entered", "left", "stayed")}
        for group in sorted(lists[c.GROUP].dropna().unique())
    }


def _describe_borders(alignment: Alignment, moved: FactorTable | None, marks: pd.DataFrame) -> dict[str, Any]:
    shared = marks.reindex(alignment.shared)
    said: dict[str, Any] = {
        "comparable": int(shared["comparable"].eq(True).sum()),
        "changed": sorted(alignment.changed),
    }
    if "weighted_by" in marks:
        said["weighted_by"] = {str(way): int(number) for way, number in shared["weighted_by"].value_counts().items()}
    return said | {"counts_moved": moved is not None}


def _backwards(old: Release, new: Release) -> list[Note]:
    """Say first that the later release was given first: every sentence of the comparison then runs backwards."""
    if old.year <= new.year:
        return []
    return [Note("compared_backwards", old=old.year, new=new.year)]


def _notes(old: Release, new: Release) -> list[Note]:
    notes = []
    if not any(one in old.areas and one in new.areas for one in GROUPINGS):
        notes.append(Note("no_grouping_in_common"))
    if old.manifest["manifest_sha256"] == new.manifest["manifest_sha256"]:
        notes.append(Note("same_release"))
    if _group_names(old) != _group_names(new):
        notes.append(Note("other_groups_of_methods"))
    if _clusters_apart(old, new):
        notes.append(Note("clusters_not_matched", new=new.name, old=old.name))
    if alone := [key for key in old.method.keys if key not in new.method.keys]:
        notes.append(Note("factors_of_earlier_method", factors=alone))
    if alone := [key for key in new.method.keys if key not in old.method.keys]:
        notes.append(Note("factors_of_later_method", factors=alone))
    given = [one.method.baseline for one in (old, new)]
    used = absolute_limits(old, new)
    for one, own, limits in zip((old, new), given, used, strict=True):
        if own is None and limits is not None:
            values = {"release": limits.origin.release, "year": limits.origin.year}
            notes.append(Note("limits_of_other_release", name=one.name, **values))
    if used[0] and used[1] and used[0].measured != used[1].measured:
        notes.append(Note("other_absolute_limits"))
    return notes


def _group_names(release: Release) -> list[Text]:
    composite = release.method.composite
    return [group.name for group in composite.groups] if composite else []


def _clusters_apart(old: Release, new: Release) -> bool:
    """Whether the clusters of two releases surely got their numbers each by itself; through others cannot be told."""
    if not (old.method.clusters and new.method.clusters) or old.year >= new.year or new.method.frozen:
        return False
    before = new.manifest["previous"]
    if before is None or before["year"] < old.year:
        return True
    return bool(before["year"] == old.year and before["manifest_sha256"] != old.manifest["manifest_sha256"])


def refuse_existing(out: str | Path) -> None:
    """Refuse a folder that exists, before the work is done.

    Raises
    ------
    InputError  the folder exists
    """
    out = Path(out)
    if out.exists() or out.is_symlink():
        hint = "A comparison is never overwritten: choose another --out, or remove the folder yourself."
        raise InputError(Fault("the comparison folder exists", str(out), hint=hint))
