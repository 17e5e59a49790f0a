"""KMeans: by hand, against its naive twin, against scikit-learn and k-POD, and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sklearn.cluster
from sklearn.exceptions import ConvergenceWarning

from regso_cluster.clustering import kmeans_search as search
from regso_cluster.clustering.clusters import KMeans
from regso_cluster.errors import InputError
from tests.kernels import naive_kmeans as naive


def table(seed=0, n=300, p=4, gaps=0.0, planted=3):
    rng = np.random.default_rng(seed)
    X = rng.standard_t(4, size=(n, p)) + 4 * rng.integers(0, planted, size=(n, 1))
    X[rng.random((n, p)) < gaps] = np.nan
    return X, rng.lognormal(5, 1, n)


def same_partition(a, b):
    return len(set(zip(a.tolist(), b.tolist(), strict=True))) == len(set(a.tolist())) == len(set(b.tolist()))


def test_four_rows_by_hand():
    # Rows 0, 1, 8, 12 with weights 3, 1, 1, 1. Groups {0, 1} and {8, 12}: centres (0*3 + 1) / 4 = 0.25
    # and 10; objective 3 * 0.0625 + 0.5625 + 4 + 4 = 8.75. Weight 4 is above 2, so {0, 1} is group 0.
    model = KMeans(2, random_state=0).fit([[0.0], [1.0], [8.0], [12.0]], sample_weight=[3, 1, 1, 1])
    assert model.labels_.tolist() == [0, 0, 1, 1]
    assert model.cluster_centers_.tolist() == [[0.25], [10.0]]
    assert model.inertia_ == 8.75
    assert model.second_.tolist() == [1, 1, 0, 0]
    assert model.transform([[2.25]]).tolist() == [[2.0, 7.75]]
    assert model.score([[2.25], [9.0]], sample_weight=[1, 2]) == -(4 + 2)


def test_gaps_by_hand():
    # Two factors. Row (0, -) is 2/1 * (0 - c)^2 from a centre, so its weight in the first factor is 2:
    # group of (0, -), (3, 0): first centre (2*0 + 3) / 3 = 1, second 0 (only the second row has it).
    # Objective there 2 * 1 + (3 - 1)^2 = 6. The other group is (20, 20) alone. The last row has nothing.
    X = [[0, np.nan], [3, 0], [20, 20], [np.nan, np.nan]]
    model = KMeans(2, random_state=0).fit(X)
    assert model.labels_.tolist() == [0, 0, 1, -1]
    assert model.second_.tolist() == [1, 1, 0, -1]
    np.testing.assert_allclose(model.cluster_centers_, [[1, 0], [20, 20]], rtol=1e-12)
    assert model.inertia_ == pytest.approx(6)
    # from (5, -) to (1, 0): sqrt(2 * 16)
    np.testing.assert_allclose(model.transform([[5, np.nan]])[0], [np.sqrt(32), np.sqrt(450)])
    assert np.isnan(model.transform(X)[3]).all()
    assert model.predict(X).tolist() == [0, 0, 1, -1]


def test_a_factor_that_no_member_has_gets_the_overall_mean():
    X = np.array([[0, np.nan], [1, np.nan], [30, 1], [31, 3]])
    model = KMeans(2, random_state=0).fit(X)
    # overall mean of the second factor: 2; with equal groups' weights 4 and 2 the first two rows are group 0
    np.testing.assert_allclose(model.cluster_centers_, [[0.5, 2], [30.5, 2]])
    # weights 2, 2, 1, 3: the overall mean is (1 + 3 * 3) / 4
    model = KMeans(2, random_state=0).fit(X, sample_weight=[2, 2, 1, 3])
    np.testing.assert_allclose(model.cluster_centers_, [[0.5, 2.5], [30.75, 2.5]])


@pytest.mark.parametrize("gaps", [0.0, 0.3])
def test_lloyd_from_given_centres_is_the_naive_twin(gaps):
    X, weights = table(1, gaps=gaps)
    weights[3] = 0
    start = np.nan_to_num(X[[5, 50, 100, 200]])
    labels, centres = naive.lloyd(X[:120], weights[:120], start)
    model = KMeans(4, init=start, n_swaps=0).fit(X[:120], sample_weight=weights[:120])
    assert model.labels_.tolist() == labels.tolist()
    np.testing.assert_allclose(model.cluster_centers_, centres, rtol=1e-9, atol=1e-12)
    assert model.inertia_ == pytest.approx(naive.objective(X[:120], weights[:120], labels, centres))
    assert model.second_.tolist() == naive.nearest(X[:120], centres)[1].tolist()


def test_lloyd_from_given_centres_is_scikit_learn():
    X, weights = table(2, n=1000, p=7)
    start = X[[5, 400, 800]]
    peer = sklearn.cluster.KMeans(3, init=start, n_init=1, tol=0).fit(X, sample_weight=weights)
    model = KMeans(3, init=start, n_swaps=0).fit(X, sample_weight=weights)
    assert model.labels_.tolist() == peer.labels_.tolist()
    np.testing.assert_allclose(model.cluster_centers_, peer.cluster_centers_, rtol=1e-9)
    np.testing.assert_allclose(model.transform(X), peer.transform(X), rtol=1e-7)


@pytest.mark.parametrize("gaps", [0.0, 0.25])
@pytest.mark.parametrize("n_swaps", [200, 0])
def test_small_tables_get_the_best_of_all_partitions(n_swaps, gaps):
    X, weights = table(3, n=9, p=2, gaps=gaps)
    X[np.isnan(X).all(axis=1)] = 0
    model = KMeans(3, n_swaps=n_swaps, n_init=64, random_state=1).fit(X, sample_weight=weights)
    assert model.inertia_ == pytest.approx(naive.best_partition(X, weights, 3), rel=1e-9)


def test_gaps_against_k_pod():
    # k-POD fills a row's gaps from its own centre, so leaving a group costs it more than it should: its ends
    # need not be ours, but ours are its, and ours are not worse.
    X, weights = table(4, gaps=0.2, planted=4)
    kept = ~np.isnan(X).all(axis=1)
    X, weights = X[kept], weights[kept]
    labels, centres = naive.k_pod(X, weights, np.nan_to_num(X[[1, 2, 3]], nan=1.0))
    model = KMeans(3, init=centres, n_swaps=0).fit(X, sample_weight=weights)
    assert model.inertia_ <= naive.objective(X, weights, labels, centres) * (1 + 1e-12)
    again, centres = naive.k_pod(X, weights, model.cluster_centers_, rounds=50)
    assert (again == model.labels_).all()
    np.testing.assert_allclose(model.cluster_centers_, centres, rtol=1e-6)


def test_at_least_as_good_as_scikit_learn():
    X, weights = table(5, n=1500, p=6, planted=5)
    peer = sklearn.cluster.KMeans(10, n_init=50, tol=0, random_state=0).fit(X, sample_weight=weights)
    model = KMeans(10, random_state=0).fit(X, sample_weight=weights)
    assert model.inertia_ <= peer.inertia_ * (1 + 1e-12)


@pytest.mark.parametrize("init", ["k-means++", "random"])
@pytest.mark.parametrize("n_swaps", [5, 0])
@pytest.mark.parametrize("gaps", [0.0, 0.1])
def test_row_order_and_threads_change_no_bit(init, n_swaps, gaps):
    X, weights = table(6, n=400, gaps=gaps)
    X[100:150] = X[50:100]  # ties
    X = np.round(X, 1)
    reference = KMeans(7, init=init, n_init=40, n_swaps=n_swaps, random_state=3, n_threads=1)
    reference.fit(X, sample_weight=weights)
    shuffled = np.random.default_rng(0).permutation(len(X))
    for threads in (1, 2, 8):
        model = KMeans(7, init=init, n_init=40, n_swaps=n_swaps, random_state=3, n_threads=threads)
        model.fit(X[shuffled], sample_weight=weights[shuffled])
        assert model.cluster_centers_.tobytes() == reference.cluster_centers_.tobytes()
        assert model.labels_.tobytes() == reference.labels_[shuffled].tobytes()
        assert model.inertia_ == reference.inertia_
        assert model.objectives_.tobytes() == reference.objectives_.tobytes()


def test_empty_groups_are_repaired():
    X, weights = table(7, n=200)
    start = np.vstack([X[:2], np.full((2, 4), 1e6)])  # nobody is near the last two
    model = KMeans(4, init=start, n_swaps=0).fit(X, sample_weight=weights)
    assert np.bincount(model.labels_, minlength=4).min() > 0


def test_of_equally_bad_rows_the_lowest_fills_an_empty_group():
    # nobody is near 100; -1 and 1 cost the same where they are
    model = KMeans(2, init=[[0.0], [100.0]], n_swaps=0).fit([[1.0], [-1.0]])
    assert model.cluster_centers_.tolist() == [[1.0], [-1.0]]


def test_fewer_distinct_rows_than_groups_is_said():
    X = [[0.0], [0.0], [1.0], [1.0]]
    with pytest.warns(ConvergenceWarning, match="distinct rows"):
        model = KMeans(3, random_state=0).fit(X)
    assert model.cluster_centers_.shape == (3, 1)
    assert model.inertia_ == 0
    assert len(set(model.labels_.tolist())) == 2


def test_ties_go_to_the_lowest_group():
    model = KMeans(3, init=[[0.0], [2.0], [4.0]], n_swaps=0).fit([[0.0], [2.0], [4.0]])
    labels, second, _ = search.nearest(
        np.array([[1.0], [2.0], [3.0]]), np.zeros((3, 1), bool), model.cluster_centers_, 1
    )
    assert labels.tolist() == [0, 1, 1]
    assert second.tolist() == [1, 0, 2]


def test_one_group_has_no_runner_up():
    model = KMeans(1, random_state=0).fit([[1.0], [3.0]])
    assert model.second_.tolist() == [-1, -1]
    assert model.inertia_ == 2


def test_random_state_decides():
    X, _ = table(8, n=500)
    fits = [
        KMeans(6, n_swaps=0, n_init=1, random_state=seed).fit(X).objectives_[0]
        for seed in (1, 1, 2, np.random.RandomState(1), np.random.RandomState(1))
    ]
    assert fits[0] == fits[1] != fits[2]
    assert fits[3] == fits[4]


def test_names_of_distances():
    X, _ = table(9)
    names = KMeans(3, random_state=0).fit(X).get_feature_names_out()
    assert names.tolist() == ["kmeans0", "kmeans1", "kmeans2"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_clusters": 0}, "n_clusters must be"),
        ({"n_clusters": 5}, "n_samples=4 should be >= n_clusters=5"),
        ({"n_init": 0}, "n_init must be"),
        ({"max_iter": 1.5}, "max_iter must be"),
        ({"n_swaps": -1}, "n_swaps must be"),
        ({"n_threads": 0}, "n_threads must be"),
        ({"n_init": "many"}, "n_init must be"),
        ({"init": lambda *given: given[0][:2]}, "call the function and pass those"),
        ({"init": [[1.0], [1e200]]}, "init holds a number beyond"),
        ({"init": "furthest"}, "init must be"),
        ({"init": [[1.0, 2.0]]}, "init has shape"),
        ({"init": [[1.0], [np.nan]]}, "init holds nan"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        KMeans(**{"n_clusters": 2, **arguments}).fit([[0.0], [1.0], [2.0], [3.0]])


def test_what_users_of_scikit_learn_write():
    X, weights = table()
    own = KMeans(3, random_state=0).fit(X, sample_weight=weights)
    auto = KMeans(3, n_init="auto", random_state=0).fit(X, sample_weight=weights)
    assert auto.get_params()["n_init"] == "auto"
    assert auto.objectives_.tolist() == own.objectives_.tolist()
    for state in (np.random.default_rng(4), np.random.RandomState(4), None):
        model = KMeans(3, random_state=state, n_swaps=5).fit(X, sample_weight=weights)
        assert np.unique(model.labels_).tolist() == [0, 1, 2]


def test_a_factor_that_nobody_has_is_refused():
    """A centre would hold 0 for it, and rows that have it later would be measured against that."""
    X = pd.DataFrame({"crime": [1.0, 2.0, 8.0], "turnout": [np.nan, np.nan, 5.0]})
    with pytest.raises(InputError, match=r"X, column turnout: no row with weight has a value.*Drop the factor"):
        KMeans(2).fit(X, sample_weight=[1, 1, 0])
    with pytest.raises(InputError, match="X, column 1:"):
        KMeans(2).fit(X.to_numpy(), sample_weight=[1, 1, 0])
    assert KMeans(2, random_state=0).fit(X).labels_.tolist() == [0, 0, 1]


def test_tables_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="no row has"):
        KMeans(1).fit([[np.nan], [1.0]], sample_weight=[1, 0])
    with pytest.raises(ValueError, match=r"sample_weight\[1\]: not a weight"):
        KMeans(1).fit([[1.0], [2.0]], sample_weight=[1, -1])
    with pytest.raises(ValueError, match="infinity"):
        KMeans(1).fit([[np.inf], [2.0]])


@pytest.mark.parametrize("n_swaps", [1, 0])
def test_the_best_chain_or_start_is_kept_wherever_it_stands(n_swaps):
    X = np.random.default_rng(0).normal(size=(200, 2))
    places = set()
    for seed in range(6):
        fit = KMeans(10, init="random", n_init=40, n_swaps=n_swaps, random_state=seed).fit(X)
        assert fit.inertia_ == pytest.approx(fit.objectives_.min(), rel=1e-9)
        places.add(int(fit.objectives_.argmin()) // 16)  # sixteen starts are a task
    assert len(places) > 1
