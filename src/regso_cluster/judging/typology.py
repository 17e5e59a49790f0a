"""The typology: clusters of areas with alike profiles, ordered from worst to best or anchored to last year's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import adjusted_rand_score

from regso_cluster.clustering.clusters import KMeans
from regso_cluster.errors import Fault, InputError
from regso_cluster.judging.lineage import Known, Numbering, match_groups, number_groups, overlap
from regso_cluster.judging.profiles import name_clusters
from regso_cluster.method import Clusters, Method, Text, Yardstick
from regso_cluster.parallel import Workers, batches, run_batches

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
BATCH = 4  # resamples in a task; fixed, though results do not depend on it


@dataclass(frozen=True)
class Typology:
    """Clusters found on one table.

    Parameters
    ----------
    centres : (n_clusters, n_factors) in the scaled space, by rising number
    names : (n_clusters,) all different
    numbers : (n_clusters,) rising; 1 the worst in the first year, later last year's
    named_at : (n_clusters, n_factors) the centre each had when its name was given
    stability : mean adjusted Rand index between the typology and those found on bootstrap resamples, 1 the same
    objective : weighted sum of squared distances to the centres
    free_objective : the same for the best clusters without last year's anchors; equal where there are none
    anchored : whether the numbers are last year's
    left : last year's numbers that were given up, because the profile had left the name
    """

    centres: Array
    names: tuple[Text, ...]
    numbers: tuple[int, ...]
    named_at: Array
    stability: float
    objective: float
    free_objective: float
    anchored: bool
    left: tuple[int, ...] = ()


def find_typology(
    scores: pd.DataFrame,
    index: pd.Series,
    residents: Array | None,
    method: Method,
    generator: np.random.Generator,
    *,
    previous: pd.Series | None = None,
    before: Yardstick | None = None,
    workers: Workers | None = None,
) -> Typology:
    """Find the clusters of a method on scaled factors.

    Parameters
    ----------
    scores : (n_areas, n_factors), scaled, high is worse, NaN where not observed
    index : (n_areas,), orders the clusters: the highest weighted mean is cluster 1
    residents : (n_areas,), weights where the method weighs by residents
    method : how many clusters and how; its factors name them
    generator : draws starts and resamples
    previous : (n_areas,) last year's cluster of each area, NaN where none. With as many clusters as this year the
        search starts from the centres that last year's members have this year; the clusters found are matched to
        last year's and keep their numbers, and their names while the profile fits
    before : last year's yardstick, for numbers and names; with the same factors and scale
    workers : who does chains and resamples; never changes the result

    Raises
    ------
    InputError  a method without clusters; fewer areas with different profiles than clusters
    """
    clusters = method.clusters
    if clusters is None:
        raise InputError(Fault("the method has no clusters", method.name, hint="Add [clusters] to the method."))
    X, weights = clusters_input(scores, residents, clusters)
    seed = int(generator.integers(2**31))
    workers = workers or Workers()
    threads = workers.threads
    free = KMeans(clusters.n_clusters, random_state=seed, n_threads=threads, workers=workers)
    free.fit(X, sample_weight=weights)
    last_year = _last_year(X, weights, previous, before)
    kept = free
    if last_year and len(last_year.numbers) == clusters.n_clusters and last_year.all_inhabited:
        kept = KMeans(clusters.n_clusters, init=last_year.centres, n_swaps=0, n_init=1, n_threads=threads).fit(
            X, sample_weight=weights
        )
    centres = kept.cluster_centers_[_order(kept.labels_, index, weights, clusters.n_clusters)]
    numbering = _number(X, weights, centres, method, clusters, last_year)
    centres = centres[numbering.order]
    return Typology(
        centres,
        numbering.names,
        numbering.numbers,
        numbering.named_at,
        _stability(X, weights, centres, clusters, generator, workers),
        float(kept.inertia_),
        float(free.inertia_),
        last_year is not None,
        numbering.left,
    )


def clusters_input(scores: pd.DataFrame, residents: Array | None, clusters: Clusters) -> tuple[Array, Array]:
    """Give what clusters are searched in, and the weights.

    Raises
    ------
    InputError  fewer areas with different profiles than clusters
    """
    X = scores.to_numpy(np.float64)
    weights = cluster_weights(residents, clusters, len(X))
    different = _different_rows(X, weights)
    if different < clusters.n_clusters:
        hint = "Ask for fewer clusters in [clusters] n_clusters."
        fault = Fault("fewer different areas than clusters", "clusters", str(clusters.n_clusters), str(different), hint)
        raise InputError(fault)
    return X, weights


@dataclass(frozen=True)
class _LastYear:
    """Last year's clusters on this year's table: members, where they stand today, and what they were called."""

    labels: Labels
    centres: Array
    numbers: tuple[int, ...]
    yardstick: Yardstick | None

    @property
    def all_inhabited(self) -> bool:
        return set(range(len(self.numbers))) <= set(self.labels)


def _last_year(X: Array, weights: Array, previous: pd.Series | None, before: Yardstick | None) -> _LastYear | None:
    """Find last year's clusters among the areas that have weight and a value; None where there are none."""
    if previous is None or not previous.notna().any():
        return None
    given = previous.fillna(0).to_numpy(np.int64)
    given[(weights <= 0) | np.isnan(X).all(axis=1)] = 0
    known = tuple(sorted(set(before.cluster_numbers if before else ()) | set(given.tolist()) - {0}))
    if not known or not given.any():
        return None
    labels = np.where(given > 0, np.searchsorted(known, given), -1)
    return _LastYear(labels, _means(X, labels, weights, len(known)), known, before)


def _number(
    X: Array, weights: Array, centres: Array, method: Method, clusters: Clusters, last_year: _LastYear | None
) -> Numbering:
    """Number and name clusters that stand from worst to best: anew, or as last year's that they continue."""
    size = len(centres)
    if last_year is None:
        names = name_clusters(centres, method, clusters.naming)
        return Numbering(np.arange(size), tuple(range(1, size + 1)), names, centres, ())
    now = nearest_clusters(X, centres)[0] - 1
    shared = overlap(last_year.labels, now, weights, (len(last_year.numbers), size))
    match = match_groups(shared, last_year.centres, centres)
    last = max(*last_year.numbers, last_year.yardstick.cluster_last if last_year.yardstick else 0)
    fresh = iter(range(last + 1, last + 1 + size))
    tentative = tuple(last_year.numbers[match[at]] if at in match else next(fresh) for at in range(size))
    names = name_clusters(centres, method, clusters.naming, tentative)
    old_names = {match[at]: names[at] for at in match}  # without last year's names nothing has left its own
    old_centres = {match[at]: centres[at] for at in match}
    in_words_of_today = {}
    yardstick = last_year.yardstick
    if yardstick:
        named_at = np.array(yardstick.cluster_named_at)
        today = name_clusters(named_at, method, clusters.naming, yardstick.cluster_numbers)
        known = {number: at for at, number in enumerate(yardstick.cluster_numbers)}
        for old, number in enumerate(last_year.numbers):
            if number in known:
                in_words_of_today[old] = today[known[number]]
                old_names[old] = yardstick.cluster_names[known[number]]
                old_centres[old] = np.array(yardstick.cluster_named_at[known[number]])
    before = Known(last_year.numbers, old_names, old_centres, in_words_of_today)
    return number_groups(match, centres, names, before, last, clusters.naming.keep)


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
    workers: Workers,
) -> float:
    """Refit on resampled areas (as weights) and compare how all areas fall: mean adjusted Rand index."""
    resamples: list[_Resample] = []
    for _ in range(clusters.resamples):
        drawn = generator.multinomial(len(X), np.full(len(X), 1 / len(X)))
        enough = _different_rows(X, weights * drawn) >= clusters.n_clusters
        resamples.append(_Resample(drawn, int(generator.integers(2**31)) if enough else None))
    todo = [[resamples[number] for number in part] for part in batches(len(resamples), BATCH)]
    shared = _Found(X, weights, nearest_clusters(X, centres)[0], clusters.n_clusters)
    agreements = [one for part in run_batches(_refit, shared, todo, workers) for one in part]
    return float(np.mean(agreements))


class _Found(NamedTuple):
    """The areas, what they weigh, and their clusters, which resamples are compared with."""

    X: Array
    weights: Array
    labels: Labels
    size: int


class _Resample(NamedTuple):
    """How often each area was drawn, and the seed of the search; None where too few different areas were drawn."""

    drawn: Labels
    seed: int | None


def _refit(shared: _Found, resamples: list[_Resample]) -> list[float]:
    """Compare the clusters of resamples with those found; 0 where a resample has no seed."""
    X, weights, labels, size = shared
    known, agreements = labels > 0, []
    for drawn, seed in resamples:
        if seed is None:
            agreements.append(0.0)
            continue
        again = KMeans(size, n_init=2, n_swaps=20, random_state=seed, n_threads=1)
        again.fit(X, sample_weight=weights * drawn)
        others, _ = nearest_clusters(X, again.cluster_centers_)
        agreements.append(float(adjusted_rand_score(labels[known], others[known])))
    return agreements


def cluster_weights(residents: Array | None, clusters: Clusters, n_areas: int) -> Array:
    """Give what each area weighs in the clusters: residents where the method asks for them and they are known, or 1."""
    return residents if residents is not None and clusters.weighting == "residents" else np.ones(n_areas)


def nearest_clusters(X: Array, centres: Array, numbers: tuple[int, ...] | None = None) -> tuple[Labels, Labels]:
    """Find the nearest and the second nearest centre of each area by partial distance.

    Parameters
    ----------
    X : (n_areas, n_factors), NaN where not observed: the distance is taken over what is observed
    centres : (n_clusters, n_factors)
    numbers : (n_clusters,) rising, all above 0; None: from 1

    Returns
    -------
    nearest, second : (n_areas,) numbers; 0 where nothing is observed. Ties go to the lower number
    """
    seen = ~np.isnan(X)
    filled = np.where(seen, X, 0.0)
    distances = np.stack([(np.where(seen, filled - centre, 0.0) ** 2).sum(axis=1) for centre in centres], axis=1)
    numbered = np.arange(1, len(centres) + 1) if numbers is None else np.array(numbers)
    order = numbered[np.argsort(distances, axis=1, kind="stable")[:, :2]]
    known = seen.any(axis=1)
    return np.where(known, order[:, 0], 0), np.where(known, order[:, 1], 0)
