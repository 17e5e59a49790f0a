"""The typology: clusters of areas with alike profiles, ordered from worst to best or anchored to last year's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import adjusted_rand_score

from regso_cluster.errors import Fault, InputError
from regso_cluster.grouping.clusters import KMeans
from regso_cluster.grouping.profiles import name_clusters
from regso_cluster.method import Clusters, Method, Text

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Typology:
    """Clusters found on one table.

    Parameters
    ----------
    centres : (n_clusters, n_factors) in the scaled space; worst cluster first, or in last year's order
    names : (n_clusters,) all different
    stability : mean adjusted Rand index between the typology and those found on bootstrap resamples, 1 the same
    objective : weighted sum of squared distances to the centres
    free_objective : the same for the best clusters without last year's anchors; equal where there are none
    anchored : whether the numbers are last year's
    """

    centres: Array
    names: tuple[Text, ...]
    stability: float
    objective: float
    free_objective: float
    anchored: bool


def find_typology(
    scores: pd.DataFrame,
    index: pd.Series,
    residents: Array | None,
    method: Method,
    clusters: Clusters,
    generator: np.random.Generator,
    *,
    previous: pd.Series | None = None,
    threads: int | None = None,
) -> Typology:
    """Find the clusters of a method on scaled factors.

    Parameters
    ----------
    scores : (n_areas, n_factors), scaled, high is worse, NaN where not observed
    index : (n_areas,), orders the clusters: the highest weighted mean is cluster 1
    residents : (n_areas,), weights where the method weighs by residents
    method : its factors, which name the clusters
    clusters : the method's choices of how many and how
    generator : draws starts and resamples
    previous : (n_areas,) last year's cluster of each area, NaN where none. When they are 1 to n_clusters, the search
        starts from the centres that last year's members have this year, and the numbers stay last year's
    threads : never changes the result

    Raises
    ------
    InputError  fewer areas with different profiles than clusters
    """
    X = scores.to_numpy(np.float64)
    weights = residents if residents is not None and clusters.weighting == "residents" else np.ones(len(X))
    different = _different_rows(X, weights)
    if different < clusters.n_clusters:
        hint = "Ask for fewer clusters in [clusters] n_clusters."
        fault = Fault("fewer different areas than clusters", "clusters", str(clusters.n_clusters), str(different), hint)
        raise InputError(fault)
    seed = int(generator.integers(2**31))
    free = KMeans(clusters.n_clusters, random_state=seed, n_threads=threads).fit(X, sample_weight=weights)
    kept = free
    anchored = previous is not None and set(previous.dropna().astype(int)) == set(range(1, clusters.n_clusters + 1))
    if previous is not None and anchored:
        anchors = _means(X, previous.fillna(0).to_numpy(np.int64) - 1, weights, clusters.n_clusters)
        kept = KMeans(clusters.n_clusters, init=anchors, algorithm="restarts", n_init=1, n_threads=threads)
        kept.fit(X, sample_weight=weights)
        centres = kept.cluster_centers_
    else:
        centres = free.cluster_centers_[_order(free.labels_, index, weights, clusters.n_clusters)]
    return Typology(
        centres,
        name_clusters(centres, method, clusters.naming),
        _stability(X, weights, centres, clusters, generator, threads),
        float(kept.inertia_),
        float(free.inertia_),
        anchored,
    )


def _different_rows(X: Array, weights: Array) -> int:
    used = (~np.isnan(X)).any(axis=1) & (weights > 0)
    return len(np.unique(np.where(np.isnan(X[used]), np.inf, X[used]), axis=0))


def _order(labels: npt.NDArray[np.integer[Any]], index: pd.Series, weights: Array, size: int) -> Labels:
    """Order labels by the weighted mean index of their members, the worst first; ties to the first area by code."""
    has = index.notna().to_numpy()
    means = [np.average(index[inside], weights=weights[inside]) if inside.any() else -np.inf
             for inside in ((labels == label) & has & (weights > 0) for label in range(size))]  # fmt: skip
    first = [int(np.argmax(labels == label)) for label in range(size)]
    return np.array(sorted(range(size), key=lambda label: (-means[label], first[label])))


def _means(X: Array, labels: Labels, weights: Array, size: int) -> Array:
    """Weighted means of the observed factors of each group; of all areas where a group has a factor nowhere."""
    seen = ~np.isnan(X)
    weight, filled = seen * weights[:, None], np.where(seen, X, 0.0)
    overall = (weight * filled).sum(axis=0) / weight.sum(axis=0)
    centres = np.empty((size, X.shape[1]))
    for label in range(size):
        total = weight[labels == label].sum(axis=0)
        sums = (weight * filled)[labels == label].sum(axis=0)
        centres[label] = np.where(total > 0, sums / np.where(total > 0, total, 1.0), overall)
    return centres


def _stability(
    X: Array,
    weights: Array,
    centres: Array,
    clusters: Clusters,
    generator: np.random.Generator,
    threads: int | None,
) -> float:
    """Refit on resampled areas (as weights) and compare how all areas fall: mean adjusted Rand index."""
    labels, _ = nearest_clusters(X, centres)
    known = labels > 0
    agreements = []
    for _ in range(clusters.resamples):
        drawn = generator.multinomial(len(X), np.full(len(X), 1 / len(X)))
        if _different_rows(X, weights * drawn) < clusters.n_clusters:
            agreements.append(0.0)  # too small a table to find the clusters again
            continue
        again = KMeans(
            clusters.n_clusters,
            n_init=2,
            n_swaps=20,
            random_state=int(generator.integers(2**31)),
            n_threads=threads,
        )
        again.fit(X, sample_weight=weights * drawn)
        others, _ = nearest_clusters(X, again.cluster_centers_)
        agreements.append(adjusted_rand_score(labels[known], others[known]))
    return float(np.mean(agreements))


def nearest_clusters(X: Array, centres: Array) -> tuple[Labels, Labels]:
    """Find the nearest and the second nearest centre of each area by partial distance.

    Parameters
    ----------
    X : (n_areas, n_factors), NaN where not observed: the distance is taken over what is observed
    centres : (n_clusters, n_factors)

    Returns
    -------
    nearest, second : (n_areas,) from 1; 0 where nothing is observed. Ties go to the lower number
    """
    seen = ~np.isnan(X)
    filled = np.where(seen, X, 0.0)
    distances = np.stack([(np.where(seen, filled - centre, 0.0) ** 2).sum(axis=1) for centre in centres], axis=1)
    order = np.argsort(distances, axis=1, kind="stable") + 1
    known = seen.any(axis=1)
    return np.where(known, order[:, 0], 0), np.where(known, order[:, 1], 0)
