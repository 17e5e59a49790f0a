"""The order of the steps: measure the yardstick on a table, judge every area by it, describe the groups.

The only module that knows the order. A method whose `measured` is filled in brings its own yardstick, so that the
step of measuring falls away: that is how one table is judged twice, and how limits stay.
"""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.certainty._memory import refuse_beyond_memory
from regso_cluster.certainty.labels import Labels, measure_labels, say_exact
from regso_cluster.certainty.structure import Structure, assess_structure, say_structure, structure_figures
from regso_cluster.classification.tables import (
    Classification,
    arrange_areas,
    band_names,
    cluster_names,
    composite_names,
    count_areas,
    describe_all,
    list_factors,
    mark_changes,
    name_groups,
    trace_clusters,
)
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.accepted import Accepted
from regso_cluster.factors.rates import OBSERVED, TOO_FEW
from regso_cluster.factors.scales import Parameters, apply_scale, fit_scale
from regso_cluster.factors.shrinkage import shrink_table
from regso_cluster.factors.tables import FactorTable
from regso_cluster.judging.composite import composite_index
from regso_cluster.judging.hysteresis import measure_leave_limits, steady_groups
from regso_cluster.judging.plausibility import Examination, examine
from regso_cluster.judging.problems import flag_problems, group_by_problems, measure_limits
from regso_cluster.judging.shrinkage_flags import borrowed_strength
from regso_cluster.judging.tiers import band, measure_cuts, say_empty
from regso_cluster.judging.typology import Typology, cluster_weights, clusters_input, find_typology, nearest_clusters
from regso_cluster.method import Method, Yardstick
from regso_cluster.parallel import Workers, WorkersError
from regso_cluster.words.notes import Note
from regso_cluster.words.wording import say_drifting

Array = npt.NDArray[np.float64]
WORTH_SAYING = 0.01  # how much better other clusters must fit before a release says so


def classify(  # noqa: PLR0913  # what a run is made of; all but two by name
    table: FactorTable,
    method: Method,
    *,
    year: int,
    previous: pd.DataFrame | None = None,
    previous_method: Method | None = None,
    seed: int | None = None,
    threads: int | None = None,
    workers: Workers | None = None,
    accepted: Accepted | None = None,
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
    accepted : figures that were looked at and found right: they are neither noted as far out nor refused

    Raises
    ------
    InputError  a step that cannot be done on this table, with the factor and how to mend it
    """
    if tuple(table.value.columns) != method.keys:
        raise InputError(
            Fault("a table read with another method", table.source, str(method.keys), str(tuple(table.value)))
        )
    refuse_beyond_memory(len(table.areas), method)
    method = replace(method, seed=method.seed if seed is None else seed)
    workers = replace(workers or Workers(), threads=threads or (workers.threads if workers else None))
    counted = table
    examined = examine(table, method, year=year, previous=previous, accepted=accepted, measure=measure)
    table, notes, shrunk = shrink_table(table, method)
    used, weights = usable(table, method)
    notes = [*table.notes, *examined.notes, *notes]
    figures: dict[str, Any] = examined.figures | ({"shrinkage": shrunk} if shrunk else {})
    if method.measured is None:
        yardstick, said, of_clusters = _measure_and_say(
            used, weights, table, method, previous, previous_method, workers
        )
        figures |= of_clusters
    else:
        yardstick, said = method.measured, _say_given(method.measured, method, table)
    notes += [*said, *filter(None, [say_drifting(method)])]
    judged = judge(used, table, method, yardstick)
    if method.composite and method.composite.steady:
        judged = steady_groups(judged, used, table.status, method, yardstick.leave_limits, previous)
        judged["composite_group_name"] = name_groups(judged["composite_group"], composite_names(method))
    flags = pd.DataFrame({key: judged[f"{key}_problem"] for key in method.keys}) if method.problems else None
    lent, said, borrowed = borrowed_strength(counted, flags, method, yardstick.limits)
    judged = judged.join(lent)
    notes += said
    for key, numbers in borrowed.items():
        figures["shrinkage"][key] |= numbers
    judged.attrs = {"cluster_numbers": list(yardstick.cluster_numbers), "synthetic": table.synthetic}
    judged.index.name = "regso" if table.edition else "area"
    labels = measure_labels(counted, used, judged, method, yardstick, _generator(method, "noise"), workers)
    areas = arrange_areas(table, judged, method, labels)
    of_labels, told = _say_labels(labels, method)
    figures |= of_labels
    notes += told
    if previous is not None:
        comparable = previous_method is None or previous_method.composite == method.composite
        areas = areas.join(mark_changes(areas, previous, comparable=comparable))
        if not comparable:
            notes.append(Note("other_composite_groups"))
    if method.baseline:
        areas = areas.join(judge_beside(used, table, method, method.baseline.measured))
    areas["synthetic"] = table.synthetic
    method = replace(method, measured=yardstick)
    figures |= count_areas(areas, table, method)
    return Classification(
        areas=areas,
        groups=describe_all(areas, table, method, labels),
        factors=list_factors(table, counted, method),
        method=method,
        table=table,
        year=year,
        figures=figures,
        notes=tuple(notes),
        lineage=trace_clusters(areas, table, yardstick, previous, previous_method),
        certainty=labels.long if labels else None,
    )


def rehearse(
    table: FactorTable,
    method: Method,
    *,
    year: int | None = None,
    previous: pd.DataFrame | None = None,
    accepted: Accepted | None = None,
) -> Examination:
    """Do what `classify` does with a table before it searches for clusters: what it refuses is refused here too.

    Parameters are those of `classify`; without `year` the residents are not held against those of Sweden.

    Returns
    -------
    what was found far out

    Raises
    ------
    InputError  a step that cannot be done on this table, with the factor and how to mend it
    """
    examined = examine(table, method, year=year, previous=previous, accepted=accepted, measure=measure)
    shrunk, _, _ = shrink_table(table, method)
    used, weights = usable(shrunk, method)
    yardstick = method.measured or measure(used, weights, method)
    if method.clusters and method.measured is None:
        scores = apply_scale(used, method.clusters.scale, _signs(method), yardstick.scales["clusters"])
        clusters_input(scores, weights, method.clusters)
    judge(used, shrunk, replace(method, clusters=None), yardstick)
    return examined


def _measure_and_say(
    used: pd.DataFrame, weights: Array | None, table: FactorTable, method: Method, previous: pd.DataFrame | None,
    previous_method: Method | None, workers: Workers,
) -> tuple[Yardstick, list[Note], dict[str, Any]]:  # fmt: skip
    """Measure the yardstick, with what the reader is told of the clusters and what the manifest holds of them."""
    yardstick, typology = _measure(used, weights, method, previous, previous_method, workers)
    yardstick = replace(yardstick, synthetic=table.synthetic)
    index = _index(used, method, yardstick.scales).to_numpy() if method.bands else None
    tied = say_empty(used, index, method, yardstick)
    if typology is None:
        return yardstick, tied, {}
    figures: dict[str, Any] = {
        "stability": round(typology.stability, 4),
        "objective": typology.objective,
        "objective_without_anchors": typology.free_objective,
    }
    said, judged_structure = _structure(used, weights, table, method, yardstick, workers)
    said = [*tied, *_say_clusters(typology, method, previous is not None), *said]
    return yardstick, said, {"clusters": figures | judged_structure}


def _say_labels(labels: Labels | None, method: Method) -> tuple[dict[str, Any], tuple[Note, ...]]:
    """Give what the manifest holds of certainty, and what the reader is told of it."""
    if labels:
        noise = {part: labels.figures[part] for part in ("drawn", "taken_as_exact")}
        return {"noise": noise, "certainty": labels.figures}, labels.notes
    if method.certainty:  # asked for, and no factor has counts
        return {"noise": {"drawn": [], "taken_as_exact": list(method.keys)}}, (say_exact(method.keys),)
    return {}, ()


def _say_given(yardstick: Yardstick, method: Method, table: FactorTable) -> list[Note]:
    """Say that the yardstick was not measured on this table, and where it is from."""
    whence = method.frozen
    frozen = Note("limits_frozen", release=whence.release, year=whence.year) if whence else None
    said = [frozen or Note("limits_given")]
    if yardstick.synthetic and not table.synthetic:
        said.append(Note("limits_synthetic"))
    return said


def usable(table: FactorTable, method: Method) -> tuple[pd.DataFrame, Array | None]:
    """Give the values that are judged and measured (n_areas, n_factors), and the residents that weigh the areas."""
    residents = table.areas["population"].where(table.areas["status"] != TOO_FEW).fillna(0).to_numpy(np.float64)
    # a table may bring none where the method asks for none
    return table.value.where(table.status == OBSERVED), residents if method.needs_population else None


def _say_clusters(typology: Typology, method: Method, has_previous: bool) -> list[Note]:
    """Say how stable the clusters are, which were renumbered, and where holding on to last year's costs fit."""
    resamples = method.clusters.resamples if method.clusters else 0
    said = [Note("stability", value=typology.stability, count=resamples)]
    if has_previous and not typology.anchored:
        said.append(Note("clusters_numbered_anew"))
    said += [Note("cluster_given_up", number=number) for number in typology.left]
    if typology.objective > (1 + WORTH_SAYING) * typology.free_objective:
        loss = 100 * (typology.objective / typology.free_objective - 1)
        said.append(Note("fit_lost", loss=loss))
    return said


def _structure(
    used: pd.DataFrame, weights: Array | None, table: FactorTable, method: Method, yardstick: Yardstick,
    workers: Workers,
) -> tuple[list[Note], dict[str, Any]]:  # fmt: skip
    """Say whether there are types at all, by the method's rule; a table too small to tell says so."""
    clusters = method.clusters
    if clusters is None or clusters.structure is None:
        return [], {}
    try:
        found = assess_clusters(used, weights, table, method, yardstick, workers)
    except WorkersError:
        raise
    except InputError as error:
        return [Note("structure_not_assessed", why=str(error))], {"structure": None}
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
    weighing = cluster_weights(weights, method.clusters, len(scores))
    population = table.areas["population"]
    residents = population.fillna(0) if population.notna().any() else population
    return assess_structure(
        scores.to_numpy(np.float64), weighing, method.clusters.structure,
        residents=residents.to_numpy(np.float64, na_value=np.nan), seed=method.seed, workers=workers,
    )  # fmt: skip


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
        judged["composite_group_name"] = name_groups(judged["composite_group"], composite_names(method))
    if method.index:
        judged = judged.join(composite_index(scores, method.index, method.factors))
        if method.bands:
            judged["band"] = band(judged["index"].to_numpy(), yardstick.bands)
            judged["band_name"] = name_groups(judged["band"], band_names(method))
    if method.clusters:
        scores = apply_scale(used, method.clusters.scale, signs, yardstick.scales["clusters"])
        nearest, second = nearest_clusters(scores.to_numpy(), np.array(yardstick.centres), yardstick.cluster_numbers)
        for column, labels in (("cluster", nearest), ("cluster_second", second)):
            judged[column] = pd.Series(labels, used.index, dtype="Int8").mask(labels == 0)
        judged["cluster_name"] = name_groups(judged["cluster"], cluster_names(yardstick))
    return judged


def judge_beside(used: pd.DataFrame, table: FactorTable, method: Method, baseline: Yardstick) -> pd.DataFrame:
    """Judge every area by an earlier yardstick too: problems, composite group and index, in columns of their own.

    Parameters and order of areas as for `judge`; the columns end with `_absolute`. No no-flicker rule is applied.
    """
    judged = judge(used, table, replace(method, tiers=None, clusters=None), baseline)
    kept = [f"{key}_problem" for key in method.keys]
    kept += ["n_problems", "composite_group", "composite_group_name", "composite_status", "index", "band", "band_name"]
    return judged[[column for column in kept if column in judged]].add_suffix("_absolute")
