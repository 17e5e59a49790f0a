"""Laws that every estimator of groups must obey. Add yours to SUBJECTS.

Run as a script with numbers of threads, it prints a digest of each subject's fit for each number: for a
process whose thread pools are larger than this machine, or whose compiled code is new.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from regso_cluster.clustering.agglomerative import Agglomerative
from regso_cluster.clustering.clusters import KMeans
from regso_cluster.clustering.medoids import KMedoids
from regso_cluster.clustering.natural_breaks import NaturalBreaks
from regso_cluster.clustering.regions import ContiguousAgglomerative, MaxP, Redcap, Skater


@dataclass(frozen=True)
class Subject:
    """An estimator under the laws.

    make : from (rows, n_threads) to an estimator with a fixed random_state. rows (n,) numbers the rows of
        `table()` that the table to be fitted holds, so that a neighbour graph can be built for just them
    gaps : nan in the table is allowed
    columns : how many columns of the table it takes
    without : laws that cannot apply, each with its reason
    cold : also fit with newly compiled code in a process of its own (slow)
    """

    name: str
    make: Callable[[np.ndarray, int | None], Any]
    gaps: bool = False
    columns: int = 4
    without: dict[str, str] = field(default_factory=dict)
    cold: bool = False


HEIGHT_ONLY = {"weights_matter": "the largest and the smallest distance of a pair know no weights"}
PARTED = "three areas may come to lie in two regions, one area of weight 3 cannot"
SUBJECTS = [
    Subject(
        "KMeans swaps",
        lambda _rows, threads: KMeans(5, n_init=4, n_swaps=20, random_state=7, n_threads=threads),
        gaps=True,
        cold=True,
    ),
    Subject(
        "KMeans restarts",
        lambda _rows, threads: KMeans(5, n_swaps=0, init="random", n_init=40, random_state=7, n_threads=threads),
        gaps=True,
    ),
    *(
        Subject(
            f"KMedoids {metric}",
            lambda _rows, threads, metric=metric: KMedoids(
                5, metric=metric, n_init=5, random_state=7, n_threads=threads
            ),
            gaps=metric == "gower",
        )
        for metric in ("gower", "manhattan", "mahalanobis", "correlation")
    ),
    Subject(
        "KMedoids build",
        lambda _rows, threads: KMedoids(5, n_init="build", missing="partial", n_threads=threads),
        gaps=True,
    ),
    Subject("Agglomerative ward", lambda _rows, threads: Agglomerative(5, n_threads=threads)),
    *(
        Subject(
            f"Agglomerative {linkage}",
            lambda _rows, threads, linkage=linkage: Agglomerative(
                5, linkage=linkage, metric="gower", n_threads=threads
            ),
            gaps=True,
            without={} if linkage == "average" else HEIGHT_ONLY,
        )
        for linkage in ("average", "complete", "single")
    ),
    Subject(
        "ContiguousAgglomerative ward",
        lambda rows, threads: ContiguousAgglomerative(9, neighbours(rows), n_threads=threads),
    ),
    Subject(
        "ContiguousAgglomerative average",
        lambda rows, threads: ContiguousAgglomerative(9, neighbours(rows), "average", n_threads=threads),
        without={"weight_zero_as_absent": "an area without residents stays one, and may be a region of its own"},
    ),
    Subject(
        "Skater",
        lambda rows, threads: Skater(9, neighbours(rows), min_weight=12, n_threads=threads),
        without={"weight_as_repetition": PARTED},
    ),
    Subject(
        "Redcap",
        lambda rows, threads: Redcap(9, neighbours(rows), "average", min_weight=12, n_threads=threads),
        without={"weight_as_repetition": PARTED},
    ),
    Subject(
        "MaxP",
        lambda rows, threads: MaxP(40, neighbours(rows), n_init=8, n_improved=4, random_state=7, n_threads=threads),
        without={
            "weight_as_repetition": PARTED,
            "weight_zero_as_absent": "an area without residents has its place in the random orders, and links regions",
        },
    ),
    Subject("NaturalBreaks", lambda _rows, _threads: NaturalBreaks(5), gaps=True, columns=1),
]

# What a fit holds besides labels. ORDER_FREE: the same bits with the rows in another order. WEIGHT_FREE: the
# same numbers for a row of weight 3 and for three rows, and with and without rows of weight 0.
WEIGHT_FREE = ("inertia_", "objective_", "losses_", "cluster_centers_", "medoid_silhouette_", "cuts_", "within_")
ORDER_FREE = (*WEIGHT_FREE, "objectives_", "distances_", "region_counts_", "n_iter_")


def table(subject: Subject) -> tuple[np.ndarray, np.ndarray]:
    """Five overlapping clouds, some equal rows; weights are small whole numbers."""
    rng = np.random.default_rng(11)
    X = rng.standard_normal((5, 4))[rng.integers(0, 5, 260)] * 2 + 0.7 * rng.standard_t(5, size=(260, 4))
    X[40:60] = X[20:40]
    if subject.gaps:
        X[rng.random(X.shape) < 0.05] = np.nan
        X = np.where(np.isnan(X).all(axis=1)[:, None], 0.0, X)
    return np.ascontiguousarray(X[:, : subject.columns]), rng.integers(1, 5, size=len(X)).astype(float)


def neighbours(rows: np.ndarray) -> csr_array:
    """Say which of these rows of the table border on each other; a row given twice borders on itself.

    Areas lie on a grid 15 wide, row by row, but each seventh hangs on one other alone: it can be left out
    without parting others.
    """
    row = np.arange(260)
    place = np.cumsum(row % 7 > 0) - 1
    grid = np.column_stack([place // 15, place % 15])
    near = (np.abs(grid[:, None] - grid[None]).max(axis=2) <= 1) & (row % 7 > 0) & (row[:, None] % 7 > 0)
    hanging = row[row % 7 == 0]
    on = np.minimum(hanging + 1, 258)
    near[hanging, on] = near[on, hanging] = True
    np.fill_diagonal(near, True)
    return csr_array(near[np.ix_(rows, rows)].astype(np.int8))


def same_partition(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal up to the names of the groups."""
    pairs = len(set(zip(a.tolist(), b.tolist(), strict=True)))
    return pairs == len(set(a.tolist())) == len(set(b.tolist()))


def digest(model: Any) -> str:
    """Hash the bytes of everything fitted that is a number or an array of numbers."""
    seen = hashlib.sha256()
    for name, value in sorted(vars(model).items()):
        if name.endswith("_") and isinstance(value, (np.ndarray, float, int)):
            array = np.asarray(value)
            if array.dtype != object:
                seen.update(name.encode() + array.tobytes())
    return seen.hexdigest()


def same_numbers(one: Any, two: Any, names: tuple[str, ...], rtol: float) -> None:
    """Compare what two fits hold under some names; with rtol 0 to the last bit."""
    for name in names:
        if hasattr(one, name):
            a, b = np.asarray(getattr(one, name)), np.asarray(getattr(two, name))
            assert a.shape == b.shape, name
            np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-14 if rtol else 0, err_msg=name)


def _fit(subject: Subject, X: np.ndarray, weights: np.ndarray | None, rows: np.ndarray) -> Any:
    return subject.make(rows, None).fit(X, sample_weight=weights)


def row_permutation(subject: Subject) -> None:
    """Rows in another order: the same partition, the same objective to the last bit."""
    X, weights = table(subject)
    rows = np.arange(len(X))
    order = np.random.default_rng(0).permutation(len(X))
    one, two = _fit(subject, X, weights, rows), _fit(subject, X[order], weights[order], order)
    assert same_partition(one.labels_[order], two.labels_)
    same_numbers(one, two, ORDER_FREE, rtol=0)


def weight_as_repetition(subject: Subject) -> None:
    """A row of weight 3 is that row three times."""
    X, weights = table(subject)
    rows = np.arange(len(X))
    again = np.repeat(rows, weights.astype(int))
    one, two = _fit(subject, X, weights, rows), _fit(subject, X[again], None, again)
    assert same_partition(one.labels_[again], two.labels_)
    same_numbers(one, two, WEIGHT_FREE, rtol=1e-12)


def weights_matter(subject: Subject) -> None:
    """Heavy rows pull: otherwise the laws on weights would hold for one who ignores them."""
    X, weights = table(subject)
    rows = np.arange(len(X))
    weights = np.where(X[:, 0] > np.nanmedian(X[:, 0]), 1000 * weights, weights)
    assert not same_partition(_fit(subject, X, weights, rows).labels_, _fit(subject, X, None, rows).labels_)


def weight_zero_as_absent(subject: Subject) -> None:
    """A row of weight 0 changes nothing for the others."""
    X, weights = table(subject)
    rows = np.arange(len(X))
    weights[::7] = 0
    X[::7] *= 3
    held = weights > 0
    one = _fit(subject, X, weights, rows)
    two = _fit(subject, X[held], weights[held], rows[held])
    assert same_partition(one.labels_[held], two.labels_)
    same_numbers(one, two, WEIGHT_FREE, rtol=1e-12)


def factor_times_1000(subject: Subject) -> None:
    """Behind a scaler, the unit of a factor changes nothing."""
    X, weights = table(subject)
    rows = np.arange(len(X))
    fits = []
    for factor in (1.0, 1000.0):
        scaled = StandardScaler().fit_transform(X * np.array([factor, 1.0, 1.0, 1.0])[: subject.columns])
        fits.append(_fit(subject, scaled, weights, rows).labels_)
    assert same_partition(*fits)


def rerun(subject: Subject) -> None:
    """The same again, also from a refitted object: the same bytes; the caller's table is untouched."""
    X, weights = table(subject)
    before = X.copy(), weights.copy()
    model = _fit(subject, X, weights, np.arange(len(X)))
    first = digest(model)
    assert digest(model.fit(X, sample_weight=weights)) == first
    assert digest(_fit(subject, X, weights, np.arange(len(X)))) == first
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(weights, before[1])


def pickling(subject: Subject) -> None:
    """A copy by pickle has the same bytes and predicts alike."""
    X, weights = table(subject)
    model = _fit(subject, X, weights, np.arange(len(X)))
    copy = pickle.loads(pickle.dumps(model))  # noqa: S301  our own bytes
    assert digest(copy) == digest(model)
    if hasattr(model, "predict"):
        np.testing.assert_array_equal(copy.predict(X), model.predict(X))


def predict_is_labels(subject: Subject) -> None:
    """Rows of the fit are predicted into their groups."""
    X, weights = table(subject)
    model = _fit(subject, X, weights, np.arange(len(X)))
    np.testing.assert_array_equal(model.predict(X), model.labels_)


def feature_names(subject: Subject) -> None:
    """Names of a table's columns are kept; without names there are none."""
    X, weights = table(subject)
    rows = np.arange(len(X))
    frame = pd.DataFrame(X, columns=["crime", "benefit", "turnout", "crowding"][: subject.columns])
    model = subject.make(rows, None).fit(frame, sample_weight=weights)
    assert model.feature_names_in_.tolist() == frame.columns.tolist()
    assert model.n_features_in_ == subject.columns
    plain = _fit(subject, X, weights, rows)
    assert not hasattr(plain, "feature_names_in_")
    np.testing.assert_array_equal(model.labels_, plain.labels_)


def in_a_pipeline(subject: Subject) -> None:
    """Stands behind a scaler, with parameters set by name."""
    X, _ = table(subject)
    rows = np.arange(len(X))
    pipeline = make_pipeline(StandardScaler(), subject.make(rows, None))
    name = pipeline.steps[-1][0]
    labels = pipeline.fit_predict(X)
    direct = subject.make(rows, None).fit(StandardScaler().fit_transform(X)).labels_
    np.testing.assert_array_equal(labels, direct)
    size = next(iter(subject.make(rows, None).get_params().keys() & {"n_clusters", "n_groups", "min_weight"}))
    pipeline.set_params(**{f"{name}__{size}": 7})
    other = subject.make(rows, None).set_params(**{size: 7}).fit(StandardScaler().fit_transform(X)).labels_
    np.testing.assert_array_equal(pipeline.fit_predict(X), other)
    assert not same_partition(labels, other)


LAWS = [
    row_permutation,
    weight_as_repetition,
    weights_matter,
    weight_zero_as_absent,
    factor_times_1000,
    rerun,
    pickling,
    predict_is_labels,
    feature_names,
    in_a_pipeline,
]
NEEDS = {predict_is_labels: "predict"}  # laws for estimators with a method


def digests(threads: list[int], cold: bool) -> dict[str, list[str]]:
    """Fit every subject with each number of threads."""
    found = {}
    for subject in SUBJECTS:
        if subject.cold or not cold:
            X, weights = table(subject)
            rows = np.arange(len(X))
            found[subject.name] = [digest(subject.make(rows, n).fit(X, sample_weight=weights)) for n in threads]
    return found


if __name__ == "__main__":
    json.dump(digests([int(n) for n in sys.argv[2:]], sys.argv[1] == "cold"), sys.stdout)
