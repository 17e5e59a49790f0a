"""From an earlier release to a later one step by step: the chain of classifications in which causes are found.

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

Groups by absolute limits (columns that end with `_absolute`) go through the same steps; their limits do not move, so
that *yardstick* is never their cause.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pandas as pd

from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.rates import MISSING
from regso_cluster.factors.tables import FactorTable
from regso_cluster.judging.case import as_counted, observed
from regso_cluster.judging.judge import judge, judge_beside, measure
from regso_cluster.method import Baseline, Method, Yardstick
from regso_cluster.release.model import Release
from regso_cluster.schema import columns as c


class State(NamedTuple):
    """What a step of the chain changed, and the groups of all areas after it."""

    cause: str
    groups: pd.DataFrame


def absolute_limits(old: Release, new: Release) -> tuple[Baseline | None, Baseline | None]:
    """Give the absolute limits that each of two releases is judged by beside its own.

    A release that carries none is judged by those of the other, where both have the same choices: so the year that
    limits were frozen in compares with the first year that carries them.
    """
    first, last = old.method.baseline, new.method.baseline
    if old.method.identity == new.method.identity:
        first, last = first or last, last or first
    return first, last


def with_absolute(release: Release, baseline: Baseline | None) -> pd.DataFrame:
    """Give the areas of a release with their groups by absolute limits, judged now where the release has none."""
    if baseline is None or release.method.baseline is not None:
        return release.areas
    return release.areas.join(judge_beside(as_counted(release.table, release.method), baseline.measured))


def chain(old: Release, new: Release, moved: FactorTable | None, shared: pd.Index) -> list[State]:
    """Classify step by step from the earlier release to the later one; see the head of this module.

    Parameters
    ----------
    old, new : the releases
    moved : the earlier figures in the later borders; None: borders are no step
    shared : the areas that are compared

    Returns
    -------
    what each step changed ("" the earlier release) and the areas after it, (n_shared,)

    Raises
    ------
    InputError  a release whose method has nothing measured
    """
    before, now = old.method, new.method
    if before.measured is None or now.measured is None:
        raise InputError(Fault("a release whose method has nothing measured", str(old.path), hint="Classify again."))
    first, last = before.measured, now.measured
    beside = absolute_limits(old, new)

    def judged(used: pd.DataFrame, table: FactorTable, yardstick: Yardstick, *, later: bool = False) -> pd.DataFrame:
        method, baseline = (now, beside[1]) if later else (before, beside[0])
        case = replace(as_counted(table, method), used=used)
        groups = judge(case, yardstick)
        return groups.join(judge_beside(case, baseline.measured)) if baseline else groups

    old_areas, new_areas = with_absolute(old, beside[0]), with_absolute(new, beside[1])
    old_table = with_factors(moved or old.table, before)
    old_used = observed(old_table)
    new_table = with_factors(new.table, before)
    new_used = observed(new_table)
    states: list[State] = [State("", old_areas), State("rule", free(old_areas))]
    states.append(State("software", judged(observed(old.table), old.table, first)))
    if moved is not None:
        states.append(State("borders", judged(old_used, old_table, first)))
    index = old_used.index.union(new_used.index)
    seen_then, seen_now = (used.reindex(index).notna() for used in (old_used, new_used))
    hidden = old_used.where(seen_now.reindex(old_used.index))
    states.append(State("coverage", judged(hidden, old_table, first)))
    both = new_used.where(seen_then.reindex(new_used.index))
    states.append(State("data", judged(both, new_table, first)))
    states.append(State("coverage", judged(new_used, new_table, first)))
    moved_yardstick = _moved_yardstick(before, now, new_table, first, last)
    states.append(State("yardstick", judged(new_used, new_table, moved_yardstick)))
    if before.identity == now.identity:
        with_centres = replace(
            moved_yardstick, centres=last.centres, cluster_numbers=last.cluster_numbers,
            cluster_names=last.cluster_names,
        )  # fmt: skip
        states.append(State("centres", judged(new_used, new_table, with_centres)))
    states.append(State("method", judged(observed(new.table), new.table, last, later=True)))
    states += [State("software", free(new_areas)), State("rule", new_areas)]
    return [State(cause, groups.reindex(shared)) for cause, groups in states]


def free(areas: pd.DataFrame) -> pd.DataFrame:
    """Give the groups as this year's figures alone make them, without the no-flicker rule."""
    return areas.assign(composite_group=areas[c.COMPOSITE_GROUP_FREE]) if c.COMPOSITE_GROUP_FREE in areas else areas


def with_factors(table: FactorTable, method: Method) -> FactorTable:
    """Give a table the factors of a method; those that it lacks are missing."""
    keys = list(method.keys)
    numbers = {part: getattr(table, part).reindex(columns=keys) for part in ("numerator", "denominator", "value")}
    return replace(table, status=table.status.reindex(columns=keys, fill_value=MISSING), **numbers)


def _moved_yardstick(before: Method, now: Method, table: FactorTable, first: Yardstick, last: Yardstick) -> Yardstick:
    """Measure the earlier choices on the later table; the clusters stay. Frozen limits do not move."""
    if before.frozen or last == first or not set(before.keys) <= set(now.keys):
        return first  # frozen in the earlier year, or frozen from it: nothing is measured anew
    same = before.identity == now.identity and not now.frozen
    measured = last if same else measure(as_counted(table, before))
    return replace(first, limits=measured.limits, scales=measured.scales, bands=measured.bands, tiers=measured.tiers)
