"""The order of the steps: measure the yardstick on a table, judge every area by it, describe the groups.

The only module that knows the order. A method whose `measured` is filled in brings its own yardstick, so that the
step of measuring falls away: that is how one table is judged twice, and how limits stay.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.certainty.labels import Labels, measure_labels, say_exact
from regso_cluster.certainty.structure import Structure, assess_structure, say_structure, structure_figures
from regso_cluster.ensemble import Workers, WorkersError
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.rates import OBSERVED, TOO_FEW
from regso_cluster.factors.scales import Parameters, apply_scale, fit_scale
from regso_cluster.factors.shrinkage import interval, shrink_factor, shrink_table
from regso_cluster.factors.tables import FactorTable
from regso_cluster.grouping.borrowed import borrowed_strength
from regso_cluster.grouping.composite import composite_index
from regso_cluster.grouping.lineage import trace_groups
from regso_cluster.grouping.problems import flag_problems, group_by_problems, measure_limits
from regso_cluster.grouping.profiles import describe_groups
from regso_cluster.grouping.steady import measure_leave_limits, steady_groups
from regso_cluster.grouping.tiers import band, measure_cuts
from regso_cluster.grouping.typology import Typology, find_typology, nearest_clusters
from regso_cluster.method import Certainty, Method, Text, Yardstick

Array = npt.NDArray[np.float64]
WORTH_SAYING = 0.01  # how much better other clusters must fit before a release says so


@dataclass(frozen=True)
class Classification:
    """The result of one method on one table.

    Parameters
    ----------
    areas : a row an area, all of them, ordered by code; columns as in `delivery.columns`
    groups : a row a group of each grouping, see `describe_groups`
    factors : long: a row an area and factor: numerator, denominator, value, unit, status
    method : with `measured` filled in
    table : what was classified
    year : the reference year
    figures : numbers about the run for the manifest: stability, objectives, how many areas are undecided
    notes : what a reader should know, from reading and classifying
    lineage : what became of last year's clusters, see `trace_groups`; None without clusters in a previous release
    certainty : how sure each label is, a row an area and label, see `Labels.long`; None where it was not measured
    """

    areas: pd.DataFrame
    groups: pd.DataFrame
    factors: pd.DataFrame
    method: Method
    table: FactorTable
    year: int
    figures: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    lineage: pd.DataFrame | None = None
    certainty: pd.DataFrame | None = None


def classify(
    table: FactorTable,
    method: Method,
    *,
    year: int,
    previous: pd.DataFrame | None = None,
    previous_method: Method | None = None,
    seed: int | None = None,
    threads: int | None = None,
    workers: Workers | None = None,
) -> Classification:
    """Classify every area of a table.

    Parameters
    ----------
    table : checked factors, from `read_factors` with the same method
    method : the choices; with `measured` filled in, its limits, scales, cut points and centres are used as they are
    year : the reference year, written into the result
    previous : the areas of last year's release, for one of another edition from `borders.against`: clusters keep their
        numbers, and changes of group are marked
    previous_method : the method of that release, with `measured`: clusters keep their names while they fit
    seed : instead of the method's own
    threads : for the kernels; never changes the result
    workers : who does draws, restarts and resamples, as on a Dask cluster, with the same bytes; None: `threads` here

    Raises
    ------
    InputError  a step that cannot be done on this table, with the factor and how to mend it
    """
    if tuple(table.value.columns) != method.keys:
        raise InputError(
            Fault("a table read with another method", table.source, str(method.keys), str(tuple(table.value)))
        )
    method = replace(method, seed=method.seed if seed is None else seed)
    workers = replace(workers or Workers(), threads=threads or (workers.threads if workers else None))
    counted = table
    table, notes, shrunk = shrink_table(table, method)
    used, weights = usable(table, method)
    notes = [*table.notes, *notes]
    figures: dict[str, Any] = {"shrinkage": shrunk} if shrunk else {}
    if method.measured is None:
        yardstick, typology = _measure(used, weights, method, previous, previous_method, workers)
        yardstick = replace(yardstick, synthetic=table.synthetic)
        if typology:
            notes += _say_clusters(typology, method, previous is not None)
            figures["clusters"] = {
                "stability": round(typology.stability, 4),
                "objective": typology.objective,
                "objective_without_anchors": typology.free_objective,
            }
            said, judged_structure = _structure(used, weights, table, method, yardstick, workers)
            notes += said
            figures["clusters"] |= judged_structure
    else:
        yardstick = method.measured
        notes += _say_given(yardstick, method, table)
    judged = judge(used, table, method, yardstick)
    if method.composite and method.composite.steady:
        judged = steady_groups(judged, used, table.status, method, yardstick.leave_limits, previous)
        judged["composite_group_name"] = _names(judged["composite_group"], _composite_names(method))
    flags = pd.DataFrame({key: judged[f"{key}_problem"] for key in method.keys}) if method.problems else None
    lent, said, borrowed = borrowed_strength(counted, flags, method, yardstick.limits)
    judged = judged.join(lent)
    notes += said
    for key, numbers in borrowed.items():
        figures["shrinkage"][key] |= numbers
    judged.attrs = {"cluster_numbers": list(yardstick.cluster_numbers), "synthetic": table.synthetic}
    judged.index.name = "regso" if table.edition else "area"
    labels = measure_labels(counted, used, judged, method, yardstick, _generator(method, "noise"), workers)
    areas = _columns(table, judged, method, labels)
    of_labels, told = _say_labels(labels, method)
    figures |= of_labels
    notes += told
    if previous is not None:
        comparable = previous_method is None or previous_method.composite == method.composite
        areas = areas.join(_changes(areas, previous, comparable=comparable))
        if not comparable:
            notes.append("the previous release has other composite groups: they are not compared")
    if method.baseline:
        areas = areas.join(judge_beside(used, table, method, method.baseline.measured))
    areas["synthetic"] = table.synthetic
    method = replace(method, measured=yardstick)
    figures |= _counts(areas, table, method)
    return Classification(
        areas, _describe(areas, table, method, labels), _long(table, counted, method), method, table, year, figures,
        tuple(notes), _trace(areas, table, yardstick, previous, previous_method), labels.long if labels else None,
    )  # fmt: skip


def _say_labels(labels: Labels | None, method: Method) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Give what the manifest holds of certainty, and what the reader is told of it."""
    if labels:
        noise = {part: labels.figures[part] for part in ("drawn", "taken_as_exact")}
        return {"noise": noise, "certainty": labels.figures}, labels.notes
    if method.certainty:  # asked for, and no factor has counts
        return {"noise": {"drawn": [], "taken_as_exact": list(method.keys)}}, (say_exact(method.keys),)
    return {}, ()


def _say_given(yardstick: Yardstick, method: Method, table: FactorTable) -> list[str]:
    """Say that the yardstick was not measured on this table, and where it is from."""
    whence = f", frozen from release {method.frozen.release} ({method.frozen.year})" if method.frozen else ""
    said = [f"limits, scales, cut points and centres are those written in the method{whence}"]
    if yardstick.synthetic and not table.synthetic:
        said.append("those limits, scales, cut points and centres were measured on SYNTHETIC data")
    return said


def usable(table: FactorTable, method: Method) -> tuple[pd.DataFrame, Array | None]:
    """Give the values that are judged and measured (n_areas, n_factors), and the residents that weigh the areas."""
    residents = table.areas["population"].where(table.areas["status"] != TOO_FEW).fillna(0).to_numpy(np.float64)
    # a table may bring none where the method asks for none
    return table.value.where(table.status == OBSERVED), residents if method.needs_population else None


def _say_clusters(typology: Typology, method: Method, has_previous: bool) -> list[str]:
    """Say how stable the clusters are, which were renumbered, and where holding on to last year's costs fit."""
    resamples = method.clusters.resamples if method.clusters else 0
    said = [
        f"the clusters' stability is {typology.stability:.2f} (mean adjusted Rand index over {resamples} bootstrap "
        "resamples; 1 would be the same clusters each time)"
    ]
    if has_previous and not typology.anchored:
        said.append("the previous release has no such clusters: these are numbered anew, from the worst")
    said += [
        f"cluster {number} of last year is given up: the profile of its areas has left its name, and they have a "
        "cluster with a new number and name; see lineage.parquet"
        for number in typology.left
    ]
    if typology.objective > (1 + WORTH_SAYING) * typology.free_objective:
        loss = 100 * (typology.objective / typology.free_objective - 1)
        said.append(f"clusters found without last year's would fit {loss:.1f} % better (sum of squared distances)")
    return said


def _structure(
    used: pd.DataFrame, weights: Array | None, table: FactorTable, method: Method, yardstick: Yardstick,
    workers: Workers,
) -> tuple[list[str], dict[str, Any]]:  # fmt: skip
    """Say whether there are types at all, by the method's rule; a table too small to tell says so."""
    clusters = method.clusters
    if clusters is None or clusters.structure is None:
        return [], {}
    try:
        found = assess_clusters(used, weights, table, method, yardstick, workers)
    except WorkersError:
        raise
    except InputError as error:
        return [f"whether the clusters are types or bands was not assessed: {error}"], {"structure": None}
    return say_structure(found, clusters.n_clusters), {"structure": structure_figures(found, clusters.n_clusters)}


def assess_clusters(
    used: pd.DataFrame, weights: Array | None, table: FactorTable, method: Method, yardstick: Yardstick,
    workers: Workers | None = None,
) -> Structure:  # fmt: skip
    """Assess the structure that a method's clusters stand in: its factors, scale and weights.

    Parameters
    ----------
    used, weights : from `usable`; table : residents
    method : with clusters; their `structure` is the rule, where there is one
    yardstick : holds the scale of the clusters

    Raises
    ------
    InputError  a method without clusters; a table too small to tell
    """
    if method.clusters is None:
        hint = "Add [clusters] to the method."
        raise InputError(Fault("the method has no clusters", method.name, hint=hint))
    scores = apply_scale(used, method.clusters.scale, _signs(method), yardstick.scales["clusters"])
    weighing = weights if weights is not None and method.clusters.weighting == "residents" else None
    residents = table.areas["population"].fillna(0).to_numpy(np.float64)
    return assess_structure(
        scores.to_numpy(np.float64), weighing, method.clusters.structure,
        residents=residents if residents.any() else None, seed=method.seed, workers=workers,
    )  # fmt: skip


def _trace(
    areas: pd.DataFrame,
    table: FactorTable,
    yardstick: Yardstick,
    previous: pd.DataFrame | None,
    previous_method: Method | None,
) -> pd.DataFrame | None:
    """Trace last year's clusters into this year's; names of clusters that are gone are last year's."""
    if previous is None or "cluster" not in areas or "cluster" not in previous or not previous["cluster"].notna().any():
        return None
    before = previous["cluster"].reindex(areas.index).astype("Int8")
    names = {int(number): Text(str(number), str(number)) for number in before.dropna().unique()}
    for measured in (previous_method.measured if previous_method else None, yardstick):
        if measured:
            names |= dict(zip(measured.cluster_numbers, measured.cluster_names, strict=True))
    traced = trace_groups(before, areas["cluster"], table.areas["population"].fillna(1.0), names)
    return traced.assign(synthetic=table.synthetic)


def _generator(method: Method, step: str) -> np.random.Generator:
    """A stream of its own for each named step, so that a new step never shifts another's draws."""
    return np.random.default_rng(np.random.SeedSequence(method.seed, spawn_key=(zlib.crc32(step.encode()),)))


def _signs(method: Method) -> Array:
    return np.array([factor.sign for factor in method.factors])


def measure(used: pd.DataFrame, weights: Array | None, method: Method) -> Yardstick:
    """Measure what is relative to a table, without clusters: limits, scales, cut points.

    Parameters
    ----------
    used : (n_areas, n_factors) in the units of the factors, NaN where not observed
    weights : (n_areas,) residents, where the method weighs by them
    method : the choices
    """
    signs, scales = _signs(method), {}
    limits = measure_limits(used, method, weights) if method.problems else {}
    leave_limits = measure_leave_limits(used, method, limits, weights)
    bands: tuple[float, ...] = ()
    if method.index:
        scales["index"] = fit_scale(used, method.index.scale, signs, weights)
    if method.bands:
        bands = measure_cuts(_index(used, method, scales).to_numpy(), method.bands, weights, "index")
    tiers = {}
    if method.tiers:
        for factor in method.factors:
            turned = factor.sign * used[factor.key].to_numpy()
            cuts = measure_cuts(turned, method.tiers, weights, f"factor {factor.key}")
            tiers[factor.key] = tuple(factor.sign * cut for cut in cuts)
    if method.clusters:
        scales["clusters"] = fit_scale(used, method.clusters.scale, signs, weights)
    return Yardstick(
        limits=limits, leave_limits=leave_limits, scales=scales, bands=bands, tiers=tiers,
        choices_sha256=method.choices_hash,
    )  # fmt: skip


def _index(used: pd.DataFrame, method: Method, scales: dict[str, Parameters]) -> pd.Series:
    if method.index is None:
        return pd.Series(np.nan, index=used.index)
    scores = apply_scale(used, method.index.scale, _signs(method), scales["index"])
    return composite_index(scores, method.index, method.factors)["index"]


def _measure(
    used: pd.DataFrame,
    weights: Array | None,
    method: Method,
    previous: pd.DataFrame | None,
    previous_method: Method | None,
    workers: Workers | None,
) -> tuple[Yardstick, Typology | None]:
    """Measure limits, scales and cut points, then find the clusters."""
    yardstick = measure(used, weights, method)
    if method.clusters is None:
        return yardstick, None
    index = _index(used, method, yardstick.scales)
    scores = apply_scale(used, method.clusters.scale, _signs(method), yardstick.scales["clusters"])
    anchors = previous["cluster"].reindex(used.index) if previous is not None and "cluster" in previous else None
    if previous_method is not None and previous_method.keys != method.keys:
        anchors = None  # clusters of other factors have another meaning
    generator = _generator(method, "clusters")
    typology = find_typology(
        scores, index, weights, method, method.clusters, generator,
        previous=anchors, before=_clusters_before(method, previous_method), workers=workers,
    )  # fmt: skip
    before = previous_method.measured.cluster_last if previous_method and previous_method.measured else 0
    centres, named_at = (
        tuple(tuple(float(number) for number in centre) for centre in rows)
        for rows in (typology.centres, typology.named_at)
    )
    found = replace(
        yardstick, centres=centres, cluster_numbers=typology.numbers, cluster_names=typology.names,
        cluster_named_at=named_at, cluster_last=max(*typology.numbers, before),
    )  # fmt: skip
    return found, typology


def _clusters_before(method: Method, previous_method: Method | None) -> Yardstick | None:
    """Last year's yardstick where its clusters stand in the same space."""
    if previous_method is None or method.clusters is None or previous_method.clusters is None:
        return None
    same = previous_method.keys == method.keys and previous_method.clusters.scale == method.clusters.scale
    return previous_method.measured if same else None


def judge(used: pd.DataFrame, table: FactorTable, method: Method, yardstick: Yardstick) -> pd.DataFrame:
    """Judge every area by a yardstick, its own or that of another year.

    Parameters
    ----------
    used : (n_areas, n_factors) the values to judge, NaN where not observed or not to be used
    table : status of areas and factors
    method : the choices
    yardstick : measured with the same factors

    Returns
    -------
    (n_areas,) scores, problems, composite group, index, bands, tiers and cluster, as the method has them
    """
    signs = _signs(method)
    judged = pd.DataFrame(index=used.index)
    if method.index:
        scores = apply_scale(used, method.index.scale, signs, yardstick.scales["index"])
        judged = judged.join(scores.add_suffix("_score"))
    if method.problems:
        flags = flag_problems(used, method, yardstick.limits)
        judged = judged.join(flags.add_suffix("_problem"))
        judged["n_problems"] = flags.sum(axis=1).astype("Int8").mask(flags.isna().all(axis=1))
    judged["n_observed"] = used.notna().sum(axis=1).astype("Int8")
    for factor in method.factors if method.tiers else ():
        cuts = tuple(factor.sign * cut for cut in yardstick.tiers[factor.key])
        judged[f"{factor.key}_tier"] = band(factor.sign * used[factor.key].to_numpy(), cuts)
    if method.composite:
        judged = judged.join(group_by_problems(flags, table.status, method.composite))
        few = (table.areas["status"] == TOO_FEW).to_numpy()
        judged.loc[few, "composite_reason"] = TOO_FEW
        judged["composite_group_name"] = _names(judged["composite_group"], _composite_names(method))
    if method.index:
        judged = judged.join(composite_index(scores, method.index, method.factors))
        if method.bands:
            judged["band"] = band(judged["index"].to_numpy(), yardstick.bands)
            judged["band_name"] = _names(judged["band"], _band_names(method))
    if method.clusters:
        scores = apply_scale(used, method.clusters.scale, signs, yardstick.scales["clusters"])
        nearest, second = nearest_clusters(scores.to_numpy(), np.array(yardstick.centres), yardstick.cluster_numbers)
        names = dict(zip(yardstick.cluster_numbers, yardstick.cluster_names, strict=True))
        for column, labels in (("cluster", nearest), ("cluster_second", second)):
            judged[column] = pd.Series(labels, used.index, dtype="Int8").mask(labels == 0)
        judged["cluster_name"] = _names(judged["cluster"], names)
    return judged


def judge_beside(used: pd.DataFrame, table: FactorTable, method: Method, baseline: Yardstick) -> pd.DataFrame:
    """Judge every area by an earlier yardstick too: problems, composite group and index, in columns of their own.

    Parameters and order of areas as for `judge`; the columns end with `_absolute`. No no-flicker rule is applied.
    """
    judged = judge(used, table, replace(method, tiers=None, clusters=None), baseline)
    kept = [f"{key}_problem" for key in method.keys]
    kept += ["n_problems", "composite_group", "composite_group_name", "composite_status", "index", "band", "band_name"]
    return judged[[column for column in kept if column in judged]].add_suffix("_absolute")


def _names(groups: pd.Series, names: dict[int, Text]) -> pd.Series:
    return groups.map({number: name.sv for number, name in names.items()}).astype("string")


def _composite_names(method: Method) -> dict[int, Text]:
    composite = method.composite
    return dict(enumerate([*(group.name for group in composite.groups), composite.none], start=1)) if composite else {}


def _band_names(method: Method) -> dict[int, Text]:
    bands = method.bands
    if bands is None:
        return {}
    numbers = range(1, bands.size + 1)
    return dict(zip(numbers, bands.names or [Text(f"Grupp {n}", f"Group {n}") for n in numbers], strict=True))


def _columns(table: FactorTable, judged: pd.DataFrame, method: Method, labels: Labels | None) -> pd.DataFrame:
    """Put the columns into the order of a release; the values shown are the observed ones, used or not."""
    sure = labels.columns if labels else pd.DataFrame(_not_assessed(method), index=judged.index)
    judged = judged.join(sure)
    areas = table.areas.assign(population=table.areas["population"].round().astype("Int64"))
    ordered = []
    for key in method.keys:
        areas[f"{key}_value"] = table.value[key]
        areas[f"{key}_status"] = table.status[key]
        ordered += [f"{key}_value", f"{key}_status"]
        parts = [f"{key}_{part}" for part in ("own_weight", "score", "problem", "borrowed", "probability",
                                             "flip_persons", "held", "tier")]  # fmt: skip
        ordered += [column for column in parts if column in judged]
    joined = areas.join(judged)
    rest = ["n_problems", "n_observed", "composite_group", "composite_group_name", "composite_group_free",
            "composite_group_mildest", "composite_group_harshest", "composite_status", "composite_reason",
            "composite_group_probability", "composite_second", "composite_second_probability", "composite_flip_factor",
            "composite_flip_persons", "composite_flip_group", "how_sure", "index",
            "index_rank", "index_rank_low", "index_rank_high", "index_percent_rank"]  # fmt: skip
    of_theme = ("index", "rank", "rank_low", "rank_high", "percent_rank")
    themes = [f"{theme.key}_{part}" for theme in (method.index.themes if method.index else ()) for part in of_theme]
    flips = ("flip_factor", "flip_persons", "flip_group")
    rest += [*themes, "band", "band_name", "band_probability", "band_second", "band_second_probability",
             *(f"band_{part}" for part in flips), "cluster", "cluster_name", "cluster_second", "cluster_probability",
             "cluster_second_probability", *(f"cluster_{part}" for part in flips), "cluster_how_sure"]  # fmt: skip
    order = [*table.areas.columns, *ordered, *[column for column in rest if column in joined]]
    joined = joined[order]
    joined.index.name, joined.attrs = judged.index.name, {}
    return joined


def _not_assessed(method: Method) -> dict[str, Any]:
    """The columns of certainty, empty until it is measured."""
    empty: dict[str, Any] = {}
    if method.index:
        empty |= {"index_rank_low": pd.NA, "index_rank_high": pd.NA}
    if method.clusters:
        empty["cluster_probability"] = np.nan
    return empty


def _changes(areas: pd.DataFrame, previous: pd.DataFrame, *, comparable: bool) -> pd.DataFrame:
    """Mark last year's groups, whether the composite group is worse, better or the same, and whether borders moved."""
    changes = pd.DataFrame(index=areas.index)
    if "previous_comparable" in previous:  # of another edition: its groups are moved to this year's borders
        changes["previous_comparable"] = previous["previous_comparable"].reindex(areas.index).astype("boolean")
        changes["previous_elsewhere"] = previous["previous_elsewhere"].reindex(areas.index)
    for column in (*(("composite_group",) if comparable else ()), "cluster"):
        if column in areas and column in previous:
            changes[f"{column}_previous"] = previous[column].reindex(areas.index).astype("Int8")
    if "composite_group_previous" in changes:
        now, before = areas["composite_group"], changes["composite_group_previous"]
        unknown = (now.isna() | before.isna()).to_numpy(bool)
        worse, better = (
            (now < before).fillna(False).to_numpy(bool),
            (now > before).fillna(False).to_numpy(bool),
        )
        changes["composite_change"] = np.select([unknown, worse, better], ["unknown", "worse", "better"], "same")
    return changes


def _describe(areas: pd.DataFrame, table: FactorTable, method: Method, labels: Labels | None) -> pd.DataFrame:
    names: dict[str, dict[int, Text]] = {}
    if method.composite:
        names["composite_group"] = _composite_names(method)
        if method.baseline:
            names["composite_group_absolute"] = _composite_names(method)
    if method.bands:
        names["band"] = _band_names(method)
    if method.clusters and method.measured:
        names["cluster"] = dict(zip(method.measured.cluster_numbers, method.measured.cluster_names, strict=True))
    if method.tiers:
        numbers = range(1, method.tiers.size + 1)
        tiers = dict(zip(numbers, method.tiers.names or [Text(f"Nivå {n}", f"Tier {n}") for n in numbers], strict=True))
        names |= {f"{key}_tier": tiers for key in method.keys}
    described = [
        describe_groups(areas, table, method, grouping, group_names) for grouping, group_names in names.items()
    ]
    groups = pd.concat(described, ignore_index=True) if described else pd.DataFrame({"grouping": []})
    if labels and len(groups):
        groups = groups.merge(labels.groups, on=["grouping", "group"], how="left", validate="one_to_one")
    return groups.assign(synthetic=table.synthetic)


def _long(table: FactorTable, counted: FactorTable, method: Method) -> pd.DataFrame:
    """Give a row an area and factor; where rates are shrunk also what the counts alone say, and an interval."""
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
            part |= {"value_counted": counted.value[factor.key], "value_low": np.nan, "value_high": np.nan}
            found = shrink_factor(counted, factor, method.shrinkage.towards)
            if found is not None:
                level = (method.certainty or Certainty()).level
                part["value_low"], part["value_high"] = interval(found.first, found.second, level, factor)
        parts.append(pd.DataFrame(part))
    long = pd.concat(parts).rename_axis("regso" if table.edition else "area")
    order = np.argsort(long.index.to_numpy(), kind="stable")  # factors stay in the order of the method
    return long.iloc[order].reset_index().assign(synthetic=table.synthetic)


def _counts(areas: pd.DataFrame, table: FactorTable, method: Method) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "areas": len(areas),
        "status": table.areas["status"].value_counts().sort_index().to_dict(),
    }
    if method.composite:
        group = areas["composite_group"]
        figures["composite_groups"] = {str(n): int((group == n).sum()) for n in _composite_names(method)}
        figures["composite_undecided"] = int(group.isna().sum())
    if "composite_change" in areas:
        figures["composite_changes"] = areas["composite_change"].value_counts().sort_index().to_dict()
    return figures
