"""What a sensitivity study is about, and one run of it: other choices in, groups out.

The only module that knows how a set of choices becomes groups: `pipeline` measures and judges, this calls it. Many runs
together are in `study_report`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import tomli_w

from regso_cluster.certainty.resampling import Effort, lay_out
from regso_cluster.certainty.sensitivity import changed, match_labels
from regso_cluster.certainty.stability import LARGEST_CONSENSUS, best_labels
from regso_cluster.certainty.study_file import CLUSTERED_BY, ListRule, Settings, Study, with_settings
from regso_cluster.clustering.agglomerative import Agglomerative
from regso_cluster.clustering.agreement import adjusted_rand
from regso_cluster.clustering.medoids import KMedoids
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.shrinkage import ShrunkFactors
from regso_cluster.factors.tables import FactorTable
from regso_cluster.judging.case import make_case
from regso_cluster.judging.judge import judge, measure
from regso_cluster.judging.typology import cluster_weights, nearest_clusters
from regso_cluster.method import Method, parse_method
from regso_cluster.parallel import ONE_PARALLEL_KERNEL
from regso_cluster.release.model import Release
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note

Labels = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

EFFORT = Effort(starts=2, swaps=40)  # of a run's clusters


@dataclass(frozen=True)
class Groups:
    """What one set of choices gives every area.

    Parameters
    ----------
    group : (n_areas,) composite group, or band, from 1; -1 where there is none
    cluster : (n_areas,) from 0; -1 where there is none
    rank : (n_areas,) rank of the index, NaN where there is none
    listed : (n_areas,) on the list
    """

    group: Labels
    cluster: Labels
    rank: Floats
    listed: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Subject:
    """What is studied: a table, a method, the groups to compare with, and which list.

    Parameters
    ----------
    table, method : as for `classify`, rates not shrunk; the method without what was measured
    reference : groups of the method as it is, or of the release
    list : which areas are on the list
    residents : (n_areas,), 0 where not known
    name : of the table or release
    factors : of the table, each shrunk once for all runs
    notes : what a reader should know
    """

    table: FactorTable
    method: Method
    reference: Groups
    list: ListRule
    residents: Floats
    name: str
    factors: ShrunkFactors
    notes: tuple[Note, ...] = ()


def subject_of_table(table: FactorTable, method: Method, rule: ListRule | None = None) -> Subject:
    """Study a table: groups are compared with those of the method as it is.

    Raises
    ------
    InputError  a method without the grouping of the list; a step that cannot be done on this table
    """
    notes: tuple[Note, ...] = ()
    if method.measured or method.frozen or method.baseline:
        notes = (Note("measured_put_aside"),)
    method = replace(method, measured=None, frozen=None, baseline=None)
    listing = _list_rule(method, rule)
    residents = table.areas[c.POPULATION].fillna(0).to_numpy(np.float64)
    nothing = Groups(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0, np.bool_))
    subject = Subject(table, method, nothing, listing, residents, table.source, ShrunkFactors(table), notes)
    return replace(subject, reference=groups_of(subject, {}))


def subject_of_release(release: Release, rule: ListRule | None = None) -> Subject:
    """Study a release: runs are compared with what the method as it is gives its table when it is made as a run is.

    A run measures limits anew and finds clusters without last year's; the no-flicker rule is put aside. Where the
    published groups or clusters differ from that (frozen limits, clusters that hold on to last year's), a note says in
    how many areas: what no choice did is never counted as the effect of one.

    Raises
    ------
    InputError  as `subject_of_table`
    """
    table, method = release.counted, release.method
    listing = _list_rule(method, rule)
    notes = []
    if method.frozen:
        notes.append(Note("frozen_put_aside"))
    plain = replace(method, measured=None, frozen=None, baseline=None)
    residents = table.areas[c.POPULATION].fillna(0).to_numpy(np.float64)
    published = _groups(release.areas, plain, listing)
    if c.CLUSTER in release.areas:
        numbers = _whole(release.areas[c.CLUSTER])
        code = np.searchsorted(np.unique(numbers[numbers > 0]), numbers)
        published = replace(published, cluster=np.where(numbers > 0, code, -1))
    name = release.path.resolve().name
    subject = Subject(table, plain, published, listing, residents, name, ShrunkFactors(table), tuple(notes))
    reference = groups_of(subject, {})
    reference = replace(reference, cluster=match_labels(reference.cluster, published.cluster, residents))
    if differ := int((reference.group != published.group).sum()):
        notes.append(Note("groups_differ_from_run", count=differ))
    if differ := int((reference.cluster != published.cluster).sum()):
        notes.append(Note("clusters_differ_from_run", count=differ))
    return replace(subject, reference=reference, notes=tuple(notes))


def _list_rule(method: Method, rule: ListRule | None) -> ListRule:
    """Settle which list: of composite groups all but the mildest, the worst band, or the worst tenth by the index."""
    if rule is None:
        if method.composite:
            return ListRule(c.COMPOSITE_GROUP, max(len(method.composite.groups) - 1, 1))
        return ListRule(c.BAND, 1) if method.bands else ListRule(share=0.1)
    known = {c.COMPOSITE_GROUP: method.composite, c.BAND: method.bands}
    if rule.grouping is not None and known.get(rule.grouping) is None:
        expected = ", ".join(name for name, has in known.items() if has) or "share, as share = 0.1"
        raise InputError(Fault("the method has no such grouping", "list", expected, rule.grouping, "Name one it has."))
    if (rule.grouping is None) == (rule.share is None):
        raise InputError(
            Fault("not one list", "list", "grouping or share", hint='As { grouping = "band", worst = 1 }.')
        )
    return rule


def without_pairs(study: Study, n_areas: int) -> tuple[Study, dict[str, str]]:
    """Leave k-medoids out of the ways of clustering where the distances of all pairs of areas take too much memory."""
    if n_areas <= LARGEST_CONSENSUS:
        return study, {}
    why = (
        f"the distances of all pairs of {n_areas:,} areas take {8 * n_areas**2 / 1e9:.1f} GB in every worker; "
        f"it is varied up to {LARGEST_CONSENSUS:,} areas"
    )
    choices, left_out = [], {}
    for choice in study.choices:
        if CLUSTERED_BY in choice.set and "k-medoids" in (choice.options or ()):
            left_out[f"{choice.name}, k-medoids"] = why
            choice = replace(choice, options=tuple(one for one in choice.options or () if one != "k-medoids"))  # noqa: PLW2901
        choices.append(choice)
    return replace(study, choices=tuple(choices)), left_out


def groups_of(subject: Subject, settings: Settings) -> Groups:
    """Classify with other choices: (n_areas,) of each grouping.

    Raises
    ------
    InputError  choices that contradict each other, or a step that cannot be done
    """
    method = parse_method(tomli_w.dumps(with_settings(subject.method, settings)), "the choices of this run")
    method = replace(method, tiers=None, certainty=None)
    case = make_case(_with_factors(subject.table, method), method, subject.factors)
    plain = replace(case, method=replace(method, clusters=None))
    judged = judge(plain, measure(plain))
    found = _groups(judged, method, subject.list)
    if method.clusters is None:
        return found
    scale = measure(replace(case, method=replace(method, problems=None, composite=None, bands=None, index=None)))
    scores = case.scores("clusters", scale).to_numpy(np.float64)
    weighing = cluster_weights(case.weights, method.clusters, len(scores))
    by = str(settings.get(CLUSTERED_BY, "k-means"))
    return replace(found, cluster=find_clusters(scores, weighing, method.clusters.n_clusters, by, method.seed))


def _with_factors(table: FactorTable, method: Method) -> FactorTable:
    keys = list(method.keys)
    numbers = {part: getattr(table, part)[keys] for part in ("numerator", "denominator", "value", "status")}
    return replace(table, **numbers)


def find_clusters(X: Floats, weights: Floats, k: int, by: str, seed: int) -> Labels:
    """Find clusters by one of three methods: (n_areas,) from 0; -1 where nothing is observed.

    k-medoids and Ward are found on the areas of positive weight with every factor observed; the others go to the
    nearest centre of what was found.

    Raises
    ------
    InputError  a method that is none of "k-means", "k-medoids", "ward"
    """
    if by == "k-means":
        layout = lay_out(X, weights)
        labels = best_labels(layout, k, seed, EFFORT)
        chosen = labels >= 0
    else:
        chosen = ~np.isnan(X).any(axis=1) & (weights > 0)
        labels = np.full(len(X), -1, dtype=np.int64)
        makers: dict[str, Callable[[], Any]] = {
            "k-medoids": lambda: KMedoids(k, n_init=2, random_state=seed % 2**31, n_threads=1),
            "ward": lambda: Agglomerative(k, linkage="ward", n_threads=1),
        }
        if by not in makers:
            raise InputError(
                Fault("no such clustering", CLUSTERED_BY, "k-means, k-medoids, ward", by, "Name one of them.")
            )
        with ONE_PARALLEL_KERNEL:
            labels[chosen] = makers[by]().fit(X[chosen], sample_weight=weights[chosen]).labels_
    if not chosen.all():
        centres = _centres(X, weights, labels, k)
        others = nearest_clusters(X, centres)[0] - 1
        labels = np.where(chosen, labels, others).astype(np.int64)
    return labels


def _centres(X: Floats, weights: Floats, labels: Labels, k: int) -> Floats:
    centres = np.full((k, X.shape[1]), np.nan)
    for group in range(k):
        inside = labels == group
        weight = weights[inside, None] * ~np.isnan(X[inside])
        total = weight.sum(axis=0)
        sums = (weight * np.nan_to_num(X[inside])).sum(axis=0)
        centres[group] = np.where(total > 0, sums / np.where(total > 0, total, 1.0), 0.0)
    return centres


def _groups(areas: pd.DataFrame, method: Method, rule: ListRule) -> Groups:
    """Read groups, ranks and the list out of classified areas; of composite groups those without a no-flicker rule."""
    free = c.COMPOSITE_GROUP_FREE
    areas = areas.assign(composite_group=areas[free]) if free in areas else areas
    grouping = c.COMPOSITE_GROUP if method.composite else c.BAND
    nowhere = np.full(len(areas), -1, dtype=np.int64)
    rank = np.full(len(areas), np.nan)
    if c.INDEX_RANK in areas:
        rank = areas[c.INDEX_RANK].astype("Float64").to_numpy(np.float64, na_value=np.nan)
    if rule.grouping is None:
        if np.isnan(rank).all():
            raise InputError(Fault("a list by the index without an index", "list", hint="Add [index] to the method."))
        listed = rank <= (rule.share or 0) * np.isfinite(rank).sum()
    else:
        own = _whole(areas[rule.grouping])
        listed = (own >= 1) & (own <= rule.worst)
    return Groups(_whole(areas[grouping]) if grouping in areas else nowhere, nowhere, rank, np.asarray(listed))


def _whole(numbers: pd.Series) -> Labels:
    return np.asarray(numbers.astype("Int64").fillna(-1).to_numpy(np.int64), dtype=np.int64)


@dataclass(frozen=True)
class StudyRun:
    """One run: what it was given and what it gave.

    Parameters
    ----------
    number : of the run; the runs of the design first, then those that vary one choice alone
    settings : what stood at each place
    error : why it failed; empty where it was done
    outputs : n_listed, listed_residents, mean_rank_shift, cluster_rand (with the reference), group_areas and
        group_residents, cluster_areas and cluster_residents (shares that changed); NaN where not defined
    groups : None where it failed; clusters have the numbers of the reference
    """

    number: int
    settings: Settings
    error: str
    outputs: dict[str, float]
    groups: Groups | None


def run_once(subject: Subject, number: int, settings: Settings) -> StudyRun:
    """Make one run and compare it with the reference; a failure becomes a run with its reason.

    Raises
    ------
    MemoryError, OSError  the machine failed, not the choices: nothing is known of the run, and it is to be made again
    """
    try:
        found = groups_of(subject, settings)
    except (MemoryError, OSError):
        raise
    except Exception as error:  # noqa: BLE001  a run that fails is a finding, kept and counted, not the end of a study
        return StudyRun(number, settings, f"{type(error).__name__}: {error}", {}, None)
    before, residents = subject.reference, subject.residents
    found = replace(found, cluster=match_labels(found.cluster, before.cluster, residents))
    both = np.isfinite(found.rank) & np.isfinite(before.rank)
    clustered = (found.cluster >= 0) & (before.cluster >= 0)
    group, cluster = (changed(getattr(found, one), getattr(before, one), residents) for one in ("group", "cluster"))
    outputs = {
        "n_listed": float(found.listed.sum()),
        "listed_residents": float(residents[found.listed].sum()) if residents.any() else np.nan,
        "entered": float((found.listed & ~before.listed).sum()),
        "left": float((before.listed & ~found.listed).sum()),
        "mean_rank_shift": float(np.abs(found.rank - before.rank)[both].mean()) if both.any() else np.nan,
        "cluster_rand": adjusted_rand(found.cluster, before.cluster) if clustered.sum() > 1 else np.nan,
        "group_areas": group[0], "group_residents": group[1],
        "cluster_areas": cluster[0], "cluster_residents": cluster[1],
    }  # fmt: skip
    return StudyRun(number, settings, "", outputs, found)


class PlannedRun(NamedTuple):
    """A run that is to be made: its number, and what it sets otherwise than the method."""

    number: int
    settings: Settings


def run_batch(subject: Subject, todo: Sequence[PlannedRun]) -> list[StudyRun]:
    """Make some runs, in this process."""
    return [run_once(subject, number, settings) for number, settings in todo]
