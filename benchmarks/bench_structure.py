"""Structure and sensitivity: bootstrap, gap statistic and prediction strength against loops over scikit-learn.

A loop over scikit-learn runs a tenth or a fiftieth of the job, and its time is multiplied: the notes say so.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from harness import Case, Contender, data, shape, threads

GROUPS = 8
RESAMPLES = 1000
CLOUDS = 50
MOST = 15


def _workers(kind: str = "threads") -> Any:
    from regso_cluster.parallel import Workers

    return Workers(threads=threads(), kind=kind)


@cache
def _layout(size: str) -> tuple[Any, np.ndarray]:
    from regso_cluster.certainty.resampling import lay_out
    from regso_cluster.certainty.stability import best_labels

    layout = lay_out(*data(size))
    return layout, best_labels(layout, GROUPS, 0)


def _ours_bootstrap(size: str, starts: int, swaps: int) -> Any:
    from regso_cluster.certainty.resampling import Effort
    from regso_cluster.certainty.stability import bootstrap

    layout, labels = _layout(size)
    effort = Effort(starts, swaps)
    return bootstrap(layout, labels, GROUPS, n_resamples=RESAMPLES, effort=effort, workers=_workers())


def _loop_bootstrap(size: str, part: int) -> tuple[float, float]:
    """Resample rows, fit, predict all, match groups, compare: a hundredth of the job. Gives seconds, mean Rand."""
    from scipy.optimize import linear_sum_assignment
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score, confusion_matrix

    X, weights = data(size)
    labels = _layout(size)[1]
    random, found = np.random.default_rng(0), []
    started = time.perf_counter()
    for number in range(RESAMPLES // part):
        rows = random.integers(0, len(X), len(X))
        again = KMeans(GROUPS, n_init=10, random_state=number).fit(X[rows], sample_weight=weights[rows])
        others = again.predict(X)
        linear_sum_assignment(-confusion_matrix(labels, others))
        found.append(adjusted_rand_score(labels, others))
    return part * (time.perf_counter() - started), float(np.mean(found))


def _ours_gap(size: str) -> Any:
    from regso_cluster.certainty.structure import gap_statistic

    X, weights = data(size)
    return gap_statistic(X, range(2, MOST + 1), weights, n_clouds=CLOUDS, workers=_workers())


def _loop_gap(size: str, part: int) -> tuple[float, float]:
    """Fit normal clouds of the same covariance and the table, for every k: a part of the clouds."""
    from sklearn.cluster import KMeans

    X, weights = data(size)
    random = np.random.default_rng(0)
    middle, spread = np.average(X, axis=0, weights=weights), np.cov(X.T, aweights=weights)
    started = time.perf_counter()
    scatter = [
        [KMeans(k, n_init=10, random_state=0).fit(Y, sample_weight=weights).inertia_ for k in range(2, MOST + 1)]
        for Y in (X, *(random.multivariate_normal(middle, spread, len(X)) for _ in range(CLOUDS // part)))
    ]
    taken = (time.perf_counter() - started) / len(scatter) * (CLOUDS + 1)
    return taken, float(np.log(scatter[0][GROUPS - 2]))


def _ours_strength(size: str) -> Any:
    from regso_cluster.certainty.stability import prediction_strength

    return prediction_strength(_layout(size)[0], GROUPS, n_splits=50, workers=_workers())


@cache
def _subject() -> Any:
    """Classify the synthetic country, and make it the subject of a study with eight clusters."""
    from dataclasses import replace

    from regso_cluster.example.country import write_example
    from regso_cluster.factors.tables import read_factors
    from regso_cluster.method import load_method
    from regso_cluster.studies.run import subject_of_table

    method = load_method("utanforskap")
    method = replace(method, clusters=replace(method.clusters, n_clusters=GROUPS))
    with TemporaryDirectory() as folder:
        write_example(folder, range(2024, 2025))
        return subject_of_table(read_factors(Path(folder) / "factors-2024.csv", method, year=2024), method)


def _ours_study() -> Any:
    """Make 1,024 runs, 128 blocks of six choices, kept and put together; the processes are started for it."""
    from dataclasses import replace

    from regso_cluster.certainty.study_file import load_study
    from regso_cluster.studies.sensitivity import run_study

    varied = ("scale", "weights", "limit", "winsorising", "number of clusters", "clustering")
    study = load_study()
    study = replace(study, runs=1024, choices=tuple(one for one in study.choices if one.name in varied))
    with TemporaryDirectory() as folder:
        return run_study(_subject(), study, Path(folder) / "out", workers=_workers("processes"))


def cases(sizes: Sequence[str]) -> Iterator[Case]:
    """Give the cases: 1,000 resamples, 50 clouds for k = 2 to 15, prediction strength, a study of 1,024 runs."""
    for size in dict.fromkeys(sizes):
        if shape(size)[0] > 10_000:
            continue
        yield Case(
            f"{RESAMPLES} bootstrap k-means, k={GROUPS}, matched and compared",
            size,
            (
                Contender(
                    "regso_cluster", lambda s=size: _ours_bootstrap(s, 10, 0), lambda b: b.stability, "10 starts"
                ),
                Contender(
                    "regso_cluster, swaps", lambda s=size: _ours_bootstrap(s, 1, 20), lambda b: b.stability, "20 swaps"
                ),
                Contender(
                    "scikit-learn",
                    lambda s=size: _loop_bootstrap(s, 50),
                    lambda found: found[1],
                    "n_init=10; 20 resamples, times 50",
                    lambda found: found[0],
                ),
            ),
            repeats=3,
        )
        yield Case(
            f"gap statistic, {CLOUDS} references, k=2..{MOST}",
            size,
            (
                Contender("regso_cluster", lambda s=size: _ours_gap(s), lambda g: g.table[GROUPS - 2], "skewed clouds"),
                Contender(
                    "scikit-learn",
                    lambda s=size: _loop_gap(s, 25),
                    lambda found: found[1],
                    "n_init=10; 2 of 50 references, multiplied",
                    lambda found: found[0],
                ),
            ),
            repeats=3,
        )
        yield Case(
            f"prediction strength, 50 splits, k={GROUPS}",
            size,
            (Contender("regso_cluster", lambda s=size: _ours_strength(s), lambda one: one.mean),),
            repeats=3,
        )
    yield Case(
        f"sensitivity study, 1024 runs, {GROUPS} groups",
        "3363x6",
        (Contender("regso_cluster", _ours_study, lambda found: len(found.runs), "quality: the number of runs"),),
        repeats=1,
    )
