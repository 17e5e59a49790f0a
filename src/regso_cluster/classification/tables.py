"""The tables that a classification hands out: areas, groups, factors, and what became of last year's clusters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from regso_cluster.certainty.labels import Labels
from regso_cluster.factors.shrinkage import interval
from regso_cluster.factors.tables import FactorTable
from regso_cluster.judging.case import Case
from regso_cluster.judging.group_names import band_names, banding_names, cluster_names, composite_names
from regso_cluster.judging.lineage import trace_groups
from regso_cluster.judging.profiles import describe_groups
from regso_cluster.method import Certainty, Method, Text, Yardstick
from regso_cluster.schema import SCHEMA
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note
from regso_cluster.words.phrases import phrase


@dataclass(frozen=True)
class Classification:
    """The result of one method on one table.

    Parameters
    ----------
    areas : a row an area, all of them, ordered by code; columns as in `schema`
    groups : a row a group of each grouping, see `describe_groups`
    factors : long: a row an area and factor: numerator, denominator, value, unit, status
    method : with `measured` filled in
    table : what was classified
    year : the reference year
    figures : numbers about the run for the manifest: stability, objectives, how many areas are undecided
    notes : what a reader should know, from reading and classifying
    lineage : what became of last year's clusters, see `trace_groups`; None without clusters in a previous release
    certainty : how sure each label is, a row an area and label, see `Labels.long`; None where it was not measured

    Examples
    --------
    >>> method = read_release(folder / "2024").method
    >>> table = read_factors(folder / "factors-2024.csv", method, year=2024)
    >>> made = classify(table, method, year=2024)
    >>> isinstance(made, Classification), made.areas.index.name
    (True, 'regso')
    """

    areas: pd.DataFrame
    groups: pd.DataFrame
    factors: pd.DataFrame
    method: Method
    table: FactorTable
    year: int
    figures: dict[str, Any] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    lineage: pd.DataFrame | None = None
    certainty: pd.DataFrame | None = None


def arrange_areas(table: FactorTable, judged: pd.DataFrame, method: Method, labels: Labels | None) -> pd.DataFrame:
    """Put the columns into the order of a release; the values shown are the observed ones, used or not."""
    sure = labels.columns if labels else pd.DataFrame(_not_assessed(method), index=judged.index)
    judged = judged.join(sure)
    areas = table.areas.assign(population=table.areas[c.POPULATION].round().astype("Int64"))
    for key in method.keys:
        areas[c.value_of(key)] = table.value[key]
        areas[c.status_of(key)] = table.status[key]
    joined = areas.join(judged)
    themes = [theme.key for theme in (method.index.themes if method.index else ())]
    rest = [name for name in SCHEMA.order_of_areas(method.keys, themes) if name not in table.areas]
    order = [*table.areas.columns, *(name for name in rest if name in joined)]
    joined = joined[order]
    joined.index.name = judged.index.name
    return joined


def _not_assessed(method: Method) -> dict[str, Any]:
    """The columns of certainty, empty until it is measured."""
    empty: dict[str, Any] = {}
    if method.index:
        empty |= {c.INDEX_RANK_LOW: pd.NA, c.INDEX_RANK_HIGH: pd.NA}
    if method.clusters:
        empty[c.CLUSTER_PROBABILITY] = np.nan
    return empty


def mark_changes(areas: pd.DataFrame, previous: pd.DataFrame, *, comparable: bool) -> pd.DataFrame:
    """Mark last year's groups, whether the composite group is worse, better or the same, and whether borders moved."""
    changes = pd.DataFrame(index=areas.index)
    if c.PREVIOUS_COMPARABLE in previous:  # of another edition: its groups are moved to this year's borders
        changes[c.PREVIOUS_COMPARABLE] = previous[c.PREVIOUS_COMPARABLE].reindex(areas.index).astype("boolean")
        changes[c.PREVIOUS_ELSEWHERE] = previous[c.PREVIOUS_ELSEWHERE].reindex(areas.index)
    for column in (*((c.COMPOSITE_GROUP,) if comparable else ()), c.CLUSTER):
        if column in areas and column in previous:
            changes[c.previous_of(column)] = previous[column].reindex(areas.index).astype("Int8")
    if c.COMPOSITE_GROUP_PREVIOUS in changes:
        now, before = areas[c.COMPOSITE_GROUP], changes[c.COMPOSITE_GROUP_PREVIOUS]
        unknown = (now.isna() | before.isna()).to_numpy(bool)
        worse, better = (
            (now < before).fillna(False).to_numpy(bool),
            (now > before).fillna(False).to_numpy(bool),
        )
        changes[c.COMPOSITE_CHANGE] = np.select([unknown, worse, better], ["unknown", "worse", "better"], "same")
    return changes


def describe_all(areas: pd.DataFrame, table: FactorTable, method: Method, labels: Labels | None) -> pd.DataFrame:
    """Describe the groups of every grouping that the method has, with their certainty where it was measured."""
    names: dict[str, dict[int, Text]] = {}
    if method.composite:
        names[c.COMPOSITE_GROUP] = composite_names(method)
        if method.baseline:
            names["composite_group_absolute"] = composite_names(method)
    if method.bands:
        names[c.BAND] = band_names(method)
    if method.clusters and method.measured:
        names[c.CLUSTER] = cluster_names(method.measured)
    if method.tiers:
        tiers = banding_names(method.tiers, phrase("tier_number"))
        names |= {c.tier_of(key): tiers for key in method.keys}
    described = [
        describe_groups(areas, table, method, grouping, group_names) for grouping, group_names in names.items()
    ]
    groups = pd.concat(described, ignore_index=True) if described else pd.DataFrame({c.GROUPING: []})
    if labels and len(groups):
        groups = groups.merge(labels.groups, on=[c.GROUPING, c.GROUP], how="left", validate="one_to_one")
    return groups.assign(synthetic=table.synthetic)


def list_factors(case: Case) -> pd.DataFrame:
    """Give a row an area and factor; where rates are shrunk also what the counts alone say, and an interval."""
    table, counted, method = case.table, case.counted, case.method
    parts = []
    for factor in method.factors:
        part: dict[str, Any] = {
            "factor": factor.key,
            "numerator": table.numerator[factor.key],
            "denominator": table.denominator[factor.key],
            "value": table.value[factor.key],
            "unit": factor.unit,
            "status": table.status[factor.key],
        }
        if method.shrinkage:
            part |= {c.VALUE_COUNTED: counted.value[factor.key], c.VALUE_LOW: np.nan, c.VALUE_HIGH: np.nan}
            found = case.shrunk(factor)
            if found is not None:
                level = (method.certainty or Certainty()).level
                part[c.VALUE_LOW], part[c.VALUE_HIGH] = interval(found.first, found.second, level, factor)
        parts.append(pd.DataFrame(part))
    long = pd.concat(parts).rename_axis(c.REGSO if table.edition else c.AREA)
    order = np.argsort(long.index.to_numpy(), kind="stable")  # factors stay in the order of the method
    return long.iloc[order].reset_index().assign(synthetic=table.synthetic)


def trace_clusters(
    areas: pd.DataFrame,
    table: FactorTable,
    yardstick: Yardstick,
    previous: pd.DataFrame | None,
    previous_method: Method | None,
) -> pd.DataFrame | None:
    """Trace last year's clusters into this year's; names of clusters that are gone are last year's."""
    if previous is None or c.CLUSTER not in areas or c.CLUSTER not in previous or not previous[c.CLUSTER].notna().any():
        return None
    before = previous[c.CLUSTER].reindex(areas.index).astype("Int8")
    names = {int(number): Text(str(number), str(number)) for number in before.dropna().unique()}
    for measured in (previous_method.measured if previous_method else None, yardstick):
        if measured:
            names |= cluster_names(measured)
    traced = trace_groups(before, areas[c.CLUSTER], table.areas[c.POPULATION].fillna(1.0), names)
    return traced.assign(synthetic=table.synthetic)


def count_areas(areas: pd.DataFrame, table: FactorTable, method: Method) -> dict[str, Any]:
    """Count the areas by status, composite group and change, for the manifest."""
    figures: dict[str, Any] = {
        "areas": len(areas),
        "status": table.areas[c.STATUS].value_counts().sort_index().to_dict(),
    }
    if method.composite:
        group = areas[c.COMPOSITE_GROUP]
        figures["composite_groups"] = {str(n): int((group == n).sum()) for n in composite_names(method)}
        figures["composite_undecided"] = int(group.isna().sum())
    if c.COMPOSITE_CHANGE in areas:
        figures["composite_changes"] = areas[c.COMPOSITE_CHANGE].value_counts().sort_index().to_dict()
    return figures
