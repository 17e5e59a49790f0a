"""Structure of one table's groups to a folder: tables by number of groups and by group, a consensus, a figure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.certainty.labels import how_sure
from regso_cluster.certainty.stability import Consensus, consensus
from regso_cluster.certainty.structure import Structure, structure_figures
from regso_cluster.certainty.study_file import WAYS
from regso_cluster.classification.classify import assess_clusters
from regso_cluster.clustering.agreement import adjusted_rand
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.tables import FactorTable
from regso_cluster.files.atomic import json_text, whole_folder
from regso_cluster.files.parquet import write_parquet
from regso_cluster.judging.case import make_case
from regso_cluster.judging.judge import measure
from regso_cluster.judging.typology import cluster_weights
from regso_cluster.method import Certainty, Clusters, Method, StructureRule
from regso_cluster.parallel import Workers, batches, child_seed, run_batches
from regso_cluster.schema import columns as c
from regso_cluster.studies.run import find_clusters

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
BATCH = 10  # resamples in a task
RESAMPLES = 6  # which stream a seed is of; 1 to 5 are those of `stability` and `structure`


def assess_release(
    table: FactorTable, method: Method, changes: dict[str, int | None] | None = None, workers: Workers | None = None
) -> Structure:
    """Assess the structure that the clusters of a method stand in, with its rule or another.

    Parameters
    ----------
    table, method : as for `classify`; of a release its `counted`
    changes : other values for keys of the rule; None keeps the method's own
    workers : never changes the result

    Raises
    ------
    InputError  a method without clusters; a table too small to tell
    """
    if method.clusters is None:
        hint = "Add [clusters] to the method: the structure is that of clusters."
        raise InputError(Fault("the method has no clusters", method.name, hint=hint))
    given: dict[str, Any] = {name: value for name, value in (changes or {}).items() if value is not None}
    rule = replace(method.clusters.structure or StructureRule(), **given)
    case = make_case(table, method)
    ruled = replace(case, method=replace(method, clusters=replace(method.clusters, structure=rule)))
    return assess_clusters(ruled, method.measured or measure(case), workers)


@dataclass(frozen=True)
class Agreed:
    """Groups on which resamples and ways of clustering agree.

    Parameters
    ----------
    areas : a row an area: name, kommun_name, residents, status, consensus_group (1 the worst by the mean of its scaled
        factors; <NA> where nothing is observed), certainty (mean share of the partitions in which it is with the others
        of its group), runner_up (the other group with which it is together most often) and runner_up_certainty,
        how_sure by the cut-offs of the method
    figures : for structure.json and the terminal
    """

    areas: pd.DataFrame
    figures: dict[str, Any]


def find_consensus(
    table: FactorTable, method: Method, structure: Structure, *, resamples: int = 100, workers: Workers | None = None
) -> Agreed:
    """Cluster resampled areas by k-means, k-medoids and Ward, and join all that they say.

    Parameters
    ----------
    table, method : as for `assess_release`
    structure : what it found: its choice is the number of groups; of bands, the number of the method
    resamples : for each of the three ways
    workers : never changes the result

    Raises
    ------
    InputError  a method without clusters; more than 12,000 areas; a table too small

    Notes
    -----
    Monti et al. (2003), see `certainty.stability.consensus`. Here an area that was not drawn counts too: it goes to the
    nearest centre of what was found.
    """
    if method.clusters is None:
        hint = "Add [clusters] to the method."
        raise InputError(Fault("the method has no clusters", method.name, hint=hint))
    k = structure.choice or method.clusters.n_clusters
    X, weights = _scaled(table, method)
    todo = [_Batch(way, k, method.seed, numbers) for way in WAYS for numbers in batches(resamples, BATCH)]
    partitions = np.concatenate(run_batches(_resampled, _Scaled(X, weights), todo, workers))
    # an area without residents or figures has no weight in the linkage: it takes no part
    partitions[:, ~(weights > 0) | np.isnan(X).all(axis=1)] = -1
    found = consensus(partitions, k, weights=np.where(weights > 0, weights, 1.0))
    areas = _table_of(found, _worst_first(X, weights, found.labels, k), table, method)
    own = structure.labels.get(k)
    figures = {
        "groups": k, "ways": list(WAYS), "resamples": resamples, "ambiguous": round(found.ambiguous, 4),
        "certainty": round(float(np.nanmean(found.together)), 4),
        "agreement": None if own is None else round(float(adjusted_rand(own, found.labels)), 4),
        c.HOW_SURE: {str(word): int(count) for word, count in areas[c.HOW_SURE].value_counts().sort_index().items()},
    }  # fmt: skip
    return Agreed(areas, figures)


def _scaled(table: FactorTable, method: Method) -> _Scaled:
    """Give the areas as the clusters see them, scaled, and what weighs them."""
    case = make_case(table, method)
    X = case.scores("clusters", method.measured or measure(case)).to_numpy(np.float64)
    return _Scaled(X, cluster_weights(case.weights, method.clusters or Clusters(2), len(X)))


def _table_of(found: Consensus, number: Labels, table: FactorTable, method: Method) -> pd.DataFrame:
    """Make a row an area of a consensus; `number` (k,) is what each group is called."""
    areas = table.areas[[c.NAME, c.KOMMUN_NAME, c.POPULATION, c.STATUS]].rename(columns={c.POPULATION: c.RESIDENTS})
    group, second = (
        pd.Series(number[labels], areas.index, dtype="Int8").mask(labels < 0)
        for labels in (found.labels, found.runner_up)
    )
    words = how_sure(found.together, method.certainty or Certainty())
    areas = areas.assign(
        consensus_group=group, certainty=found.together, how_sure=words,
        runner_up=second, runner_up_certainty=found.with_runner_up,
    )  # fmt: skip
    return areas.rename_axis(c.REGSO if table.edition else c.AREA).reset_index()


class _Scaled(NamedTuple):
    """The areas as the clusters see them, and what weighs them."""

    X: Floats
    weights: Floats


class _Batch(NamedTuple):
    """Some resamples: clustered by one way into k groups, and which of the seed they are."""

    way: str
    k: int
    seed: int
    numbers: range


def _resampled(shared: _Scaled, batch: _Batch) -> Labels:
    """Cluster resamples by one way: (n_resamples, n_areas) groups from 0, -1 for an area that takes no part."""
    X, weights = shared
    way, k, seed, numbers = batch
    part = np.flatnonzero((weights > 0) & ~np.isnan(X).all(axis=1))
    out = np.full((len(numbers), len(X)), -1, dtype=np.int64)
    for place, one in enumerate(numbers):
        generator = np.random.default_rng(child_seed(seed, RESAMPLES, WAYS.index(way), k, one))
        times = np.zeros(len(X))
        times[part] = np.bincount(generator.integers(0, len(part), len(part)), minlength=len(part))
        out[place] = find_clusters(X, weights * times, k, way, int(generator.integers(2**31)))
    return out


def _worst_first(X: Floats, weights: Floats, labels: Labels, k: int) -> Labels:
    """Number groups from 1, the worst: the highest mean of the scaled factors that are seen, weighted."""
    seen = ~np.isnan(X)
    mean = np.where(seen, X, 0.0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    part = labels >= 0
    total = np.bincount(labels[part], weights[part] * mean[part], k)
    level = total / np.maximum(np.bincount(labels[part], weights[part], k), np.finfo(np.float64).tiny)
    number = np.empty(k, np.int64)
    number[np.argsort(-level, kind="stable")] = np.arange(1, k + 1)
    return number


def write_structure(
    structure: Structure, out: str | Path, language: Literal["sv", "en"] = "sv", *, synthetic: bool,
    agreed: Agreed | None = None,
) -> Path:  # fmt: skip
    """Write by_k.parquet, groups.parquet, structure.json and stability.svg to a folder, whole or not at all.

    With a consensus also consensus.parquet; the figure is in a language.

    Raises
    ------
    InputError  the folder exists
    """
    from regso_cluster.figures.studies import draw_stability, save_figure  # noqa: PLC0415  optional

    with whole_folder(out, "structure") as partial:
        write_parquet(structure.by_k.reset_index().assign(synthetic=synthetic), partial / "by_k.parquet")
        write_parquet(structure.groups.assign(synthetic=synthetic), partial / "groups.parquet")
        said = {"synthetic": synthetic} | structure_figures(structure, structure.choice or 0)
        del said["own_stands"]
        if agreed:
            write_parquet(agreed.areas.assign(synthetic=synthetic), partial / "consensus.parquet")
            said["consensus"] = agreed.figures
        (partial / "structure.json").write_text(json_text(said, indent=2) + "\n", "utf-8")
        save_figure(draw_stability(structure, language, synthetic=synthetic), partial / "stability.svg")
    return Path(out)
