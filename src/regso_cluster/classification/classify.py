"""The order of the steps: measure the yardstick on a table, classify every area by it, describe the groups.

The only module that knows the order. A method whose `measured` is filled in brings its own yardstick, so that the
step of measuring falls away: that is how one table is classified twice, and how limits stay.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypedDict, Unpack

import numpy as np
import pandas as pd

from regso_cluster.certainty._memory import refuse_beyond_memory
from regso_cluster.certainty.labels import Labels, measure_labels, say_exact
from regso_cluster.certainty.null_data import TooFewAreasError
from regso_cluster.certainty.structure import Structure, assess_structure, say_structure, structure_figures
from regso_cluster.classification.tables import (
    Classification,
    arrange_areas,
    count_areas,
    describe_all,
    list_factors,
    mark_changes,
    trace_clusters,
)
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.accepted import Accepted
from regso_cluster.factors.shrinkage import shrink_table
from regso_cluster.factors.tables import FactorTable
from regso_cluster.judging.case import Case, make_case
from regso_cluster.judging.group_names import composite_names, name_groups
from regso_cluster.judging.hysteresis import steady_groups
from regso_cluster.judging.judge import judge, judge_beside, measure
from regso_cluster.judging.plausibility import Examination, examine
from regso_cluster.judging.shrinkage_flags import borrowed_strength
from regso_cluster.judging.tiers import say_empty
from regso_cluster.judging.typology import Typology, cluster_weights, clusters_input, find_typology
from regso_cluster.method import Method, Yardstick
from regso_cluster.parallel import Workers
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note
from regso_cluster.words.wording import say_drifting

WORTH_SAYING = 0.01  # how much better other clusters must fit before a release says so


class EarlierGroups(Protocol):
    """An earlier release, or what `years.borders.against` made of one of another edition."""

    @property
    def areas(self) -> pd.DataFrame | None:
        """Its areas by code of this year's edition."""

    @property
    def method(self) -> Method | None:
        """Its method, with `measured`."""

    @property
    def factors(self) -> pd.DataFrame | None:
        """Its counts, a row an area and factor; None where they are of other areas."""


class Resources(TypedDict, total=False):
    """What a classification computes with; the result is the same with any.

    Parameters
    ----------
    threads : for the kernels; None: as many as there are processors
    workers : who does draws, restarts and resamples, as on a Dask cluster; None: `threads` here
    """

    threads: int | None
    workers: Workers | None


@dataclass(frozen=True)
class _Before:
    """The areas of an earlier release, its method, and its areas with `<factor>_denominator`; None without one."""

    areas: pd.DataFrame | None
    method: Method | None
    figures: pd.DataFrame | None

    @property
    def yardstick(self) -> Yardstick | None:
        return self.method.measured if self.method else None


@dataclass(frozen=True)
class _Said:
    """What a step tells the reader, and what the manifest keeps of it."""

    notes: list[Note] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)


def classify(
    table: FactorTable,
    method: Method,
    *,
    year: int,
    previous: EarlierGroups | pd.DataFrame | None = None,
    previous_method: Method | None = None,
    seed: int | None = None,
    accepted: Accepted | None = None,
    **resources: Unpack[Resources],
) -> Classification:
    """Classify every area of a table.

    Parameters
    ----------
    table : checked factors, from `read_factors` with the same method
    method : the choices; with `measured` filled in, its limits, scales, cut points and centres are used as they are
    year : the reference year, written into the result
    previous : last year's release (of another edition: see `borders.against`), or its areas: clusters keep numbers
    previous_method : of areas alone, the method with `measured`: clusters keep their names while they fit
    seed : instead of the method's own
    accepted : figures that were looked at and found right: they are neither noted as far out nor refused
    resources : `threads` for the kernels, `workers` (a Dask cluster); they never change the result

    Returns
    -------
    the groups of every area, in the order of codes; the method with `measured` filled in; notes for the reader

    Raises
    ------
    InputError  a step that cannot be done on this table, with the factor and how to repair it

    Examples
    --------
    >>> method = read_release(folder / "2024").method
    >>> table = read_factors(folder / "factors-2024.csv", method, year=2024)
    >>> sorted(classify(table, method, year=2024).areas["composite_group"].dropna().unique().tolist())
    [1, 2, 3, 4]
    """
    if tuple(table.value.columns) != method.keys:
        raise InputError(
            Fault("a table read with another method", table.source, str(method.keys), str(tuple(table.value)))
        )
    refuse_beyond_memory(len(table.areas), method)
    before = _before(previous, previous_method)
    workers = _workers(**resources)
    method = replace(method, seed=method.seed if seed is None else seed)
    examined = examine(table, method, year=year, previous=before.figures, accepted=accepted)
    case = make_case(table, method)
    yardstick, of_yardstick = _take_yardstick(case, before, workers)
    judged, of_rates = _judge_areas(case, yardstick, before)
    labels = measure_labels(case, judged, yardstick, _generator(method, "noise"), workers)
    of_labels = _say_labels(labels, method)
    areas, of_changes = _finish_areas(case, judged, labels, before)
    method = replace(method, measured=yardstick)
    notes = [*table.notes, *examined.notes, *of_rates.shrunk.notes, *of_yardstick.notes, *of_rates.borrowed,
             *of_labels.notes, *of_changes]  # fmt: skip
    figures = examined.figures | of_rates.shrunk.figures | of_yardstick.figures | of_labels.figures
    return Classification(
        areas=areas,
        groups=describe_all(areas, case.table, method, labels),
        factors=list_factors(case),
        method=method,
        table=case.table,
        year=year,
        figures=figures | count_areas(areas, case.table, method),
        notes=tuple(notes),
        lineage=trace_clusters(areas, case.table, yardstick, before.areas, before.method),
        certainty=labels.long if labels else None,
    )


def rehearse(
    table: FactorTable,
    method: Method,
    *,
    year: int | None = None,
    previous: EarlierGroups | pd.DataFrame | None = None,
    accepted: Accepted | None = None,
) -> Examination:
    """Do what `classify` does with a table before it searches for clusters: what it refuses is refused here too.

    Parameters are those of `classify`; without `year` the residents are not held against those of Sweden.

    Returns
    -------
    what was found far out

    Raises
    ------
    InputError  a step that cannot be done on this table, with the factor and how to repair it
    """
    before = _before(previous, None)
    examined = examine(table, method, year=year, previous=before.figures, accepted=accepted)
    case = make_case(table, method)
    yardstick = method.measured or measure(case)
    if method.clusters and method.measured is None:
        clusters_input(case.scores("clusters", yardstick), case.weights, method.clusters)
    judge(replace(case, method=replace(method, clusters=None)), yardstick)
    return examined


def _before(previous: EarlierGroups | pd.DataFrame | None, method: Method | None) -> _Before:
    if previous is None or isinstance(previous, pd.DataFrame):
        return _Before(previous, method, previous)
    return _Before(previous.areas, method or previous.method, _with_denominators(previous.areas, previous.factors))


def _with_denominators(areas: pd.DataFrame | None, factors: pd.DataFrame | None) -> pd.DataFrame | None:
    """Put the denominators of a release beside its areas, a column `<factor>_denominator` each."""
    if areas is None or factors is None:
        return areas
    wide = factors.pivot(index=str(factors.columns[0]), columns="factor", values="denominator")
    return areas.join(wide.add_suffix("_denominator").rename_axis(columns=None))


def _workers(threads: int | None = None, workers: Workers | None = None) -> Workers:
    return replace(workers or Workers(), threads=threads or (workers.threads if workers else None))


@dataclass(frozen=True)
class _OfRates:
    """What is said of shrunk rates, and which problems stand on strength borrowed from a parent."""

    shrunk: _Said
    borrowed: list[Note]


def _judge_areas(case: Case, yardstick: Yardstick, before: _Before) -> tuple[pd.DataFrame, _OfRates]:
    """Classify every area, with the no-flicker rule of the method and the flags that shrinkage alone gives."""
    method = case.method
    judged = judge(case, yardstick)
    if method.composite and method.composite.steady:
        judged = steady_groups(judged, case, yardstick.leave_limits, before.areas)
        judged[c.COMPOSITE_GROUP_NAME] = name_groups(judged[c.COMPOSITE_GROUP], composite_names(method))
    flags = pd.DataFrame({key: judged[c.problem_of(key)] for key in method.keys}) if method.problems else None
    lent, borrowed, by_factor = borrowed_strength(case, flags, yardstick.limits)
    _, notes, shrunk = shrink_table(case.counted, method, case.factors)
    for key, numbers in by_factor.items():
        shrunk[key] |= numbers
    judged = judged.join(lent)
    judged.index.name = "regso" if case.table.edition else "area"
    return judged, _OfRates(_Said(notes, {"shrinkage": shrunk} if shrunk else {}), borrowed)


def _finish_areas(
    case: Case, judged: pd.DataFrame, labels: Labels | None, before: _Before
) -> tuple[pd.DataFrame, list[Note]]:
    """Arrange the columns of a release, beside them the groups of the earlier release and those by a baseline."""
    method = case.method
    notes: list[Note] = []
    areas = arrange_areas(case.table, judged, method, labels)
    if before.areas is not None:
        comparable = before.method is None or _decides(before.method) == _decides(method)
        areas = areas.join(mark_changes(areas, before.areas, comparable=comparable))
        if not comparable:
            notes.append(Note("other_composite_groups"))
    if method.baseline:
        areas = areas.join(judge_beside(case, method.baseline.measured))
    areas[c.SYNTHETIC] = case.table.synthetic
    return areas, notes


def _decides(method: Method) -> object:
    """Give what decides the composite groups of a method; None where it has none."""
    return method.composite.choices if method.composite else None


def _take_yardstick(case: Case, before: _Before, workers: Workers) -> tuple[Yardstick, _Said]:
    """Take the yardstick of the method, or measure one on the table; a limit that drifts is said of both."""
    method = case.method
    drifting = [note for note in [say_drifting(method)] if note]
    if method.measured is not None:
        return method.measured, _Said([*_say_given(method.measured, method, case.table), *drifting])
    yardstick, typology = _measure(case, before, workers)
    yardstick = replace(yardstick, synthetic=case.table.synthetic)
    index = case.index(yardstick).to_numpy() if method.bands else None
    tied = say_empty(case.used, index, method, yardstick)
    if typology is None:
        return yardstick, _Said([*tied, *drifting])
    figures: dict[str, Any] = {
        "stability": round(typology.stability, 4),
        "objective": typology.objective,
        "objective_without_anchors": typology.free_objective,
    }
    structure = _say_structure(case, yardstick, workers)
    notes = [*tied, *_say_clusters(typology, method, before.areas is not None), *structure.notes, *drifting]
    return yardstick, _Said(notes, {"clusters": figures | structure.figures})


def _say_labels(labels: Labels | None, method: Method) -> _Said:
    """Give what the manifest holds of certainty, and what the reader is told of it."""
    if labels:
        noise = {part: labels.figures[part] for part in ("drawn", "taken_as_exact")}
        return _Said(list(labels.notes), {"noise": noise, "certainty": labels.figures})
    if method.certainty:  # asked for, and no factor has counts
        return _Said([say_exact(method.keys)], {"noise": {"drawn": [], "taken_as_exact": list(method.keys)}})
    return _Said()


def _say_given(yardstick: Yardstick, method: Method, table: FactorTable) -> list[Note]:
    """Say that the yardstick was not measured on this table, and where it is from."""
    whence = method.frozen
    frozen = Note("limits_frozen", release=whence.release, year=whence.year) if whence else None
    said = [frozen or Note("limits_given")]
    if yardstick.synthetic and not table.synthetic:
        said.append(Note("limits_synthetic"))
    return said


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


def _say_structure(case: Case, yardstick: Yardstick, workers: Workers) -> _Said:
    """Say whether there are types at all, by the method's rule; a table too small to tell says so."""
    clusters = case.method.clusters
    if clusters is None or clusters.structure is None:
        return _Said()
    try:
        found = assess_clusters(case, yardstick, workers)
    except TooFewAreasError as error:
        return _Said([Note("structure_not_assessed", why=error.note)], {"structure": None})
    figures = {"structure": structure_figures(found, clusters.n_clusters)}
    return _Said(say_structure(found, clusters.n_clusters), figures)


def assess_clusters(case: Case, yardstick: Yardstick, workers: Workers | None = None) -> Structure:
    """Assess the structure that a method's clusters stand in: its factors, scale and weights.

    Parameters
    ----------
    case : of a method with clusters; their `structure` is the rule, where there is one
    yardstick : holds the scale of the clusters

    Raises
    ------
    InputError  a method without clusters; a table too small to tell
    """
    method = case.method
    if method.clusters is None:
        hint = "Add [clusters] to the method."
        raise InputError(Fault("the method has no clusters", method.name, hint=hint))
    scores = case.scores("clusters", yardstick)
    weighing = cluster_weights(case.weights, method.clusters, len(scores))
    population = case.table.areas[c.POPULATION]
    residents = population.fillna(0) if population.notna().any() else population
    return assess_structure(
        scores.to_numpy(np.float64), weighing, method.clusters.structure,
        residents=residents.to_numpy(np.float64, na_value=np.nan), seed=method.seed, workers=workers,
    )  # fmt: skip


def _generator(method: Method, step: str) -> np.random.Generator:
    """A stream of its own for each named step, so that a new step never shifts another's draws."""
    return np.random.default_rng(np.random.SeedSequence(method.seed, spawn_key=(zlib.crc32(step.encode()),)))


def _measure(case: Case, before: _Before, workers: Workers | None) -> tuple[Yardstick, Typology | None]:
    """Measure limits, scales and cut points, then find the clusters."""
    method, yardstick = case.method, measure(case)
    if method.clusters is None:
        return yardstick, None
    anchors = None
    if before.areas is not None and c.CLUSTER in before.areas:
        anchors = before.areas[c.CLUSTER].reindex(case.used.index)
    if before.method is not None and before.method.keys != method.keys:
        anchors = None  # clusters of other factors have another meaning
    typology = find_typology(
        case.scores("clusters", yardstick), case.index(yardstick), case.weights, method,
        _generator(method, "clusters"),
        previous=anchors, before=_clusters_before(method, before.method), workers=workers,
    )  # fmt: skip
    last = before.yardstick.cluster_last if before.yardstick else 0
    centres, named_at = (
        tuple(tuple(float(number) for number in centre) for centre in rows)
        for rows in (typology.centres, typology.named_at)
    )
    found = replace(
        yardstick, centres=centres, cluster_numbers=typology.numbers, cluster_names=typology.names,
        cluster_named_at=named_at, cluster_last=max(*typology.numbers, last),
    )  # fmt: skip
    return found, typology


def _clusters_before(method: Method, previous_method: Method | None) -> Yardstick | None:
    """Last year's yardstick where its clusters stand in the same space."""
    if previous_method is None or method.clusters is None or previous_method.clusters is None:
        return None
    same = previous_method.keys == method.keys and previous_method.clusters.scale == method.clusters.scale
    return previous_method.measured if same else None
