from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import block_diag, csr_array
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

from regso_cluster.clustering.regions import ContiguousAgglomerative, MaxP, Redcap, Skater
from regso_cluster.errors import InputError
from tests.clustering.region_cases import grid, pieces, regso_pairs, smooth, within

GRAPH = grid(8, 9)
X = smooth(GRAPH, 3)
WEIGHTS = np.random.default_rng(1).integers(500, 6000, 72).astype(float)
LINKAGES = ["ward", "average", "complete", "single", "average_squared"]
ALL = [
    *(ContiguousAgglomerative(6, GRAPH, linkage) for linkage in LINKAGES),
    Skater(6, GRAPH),
    *(Redcap(6, GRAPH, linkage) for linkage in LINKAGES),
    MaxP(25_000, GRAPH, random_state=0),
]


def name(estimator):
    """Class and linkage: the repr of the graph has line breaks."""
    return f"{type(estimator).__name__}-{getattr(estimator, 'linkage', '')}"


@pytest.mark.parametrize("estimator", ALL, ids=name)
def test_regions_are_whole_and_the_objective_is_theirs(estimator):
    estimator.fit(X, sample_weight=WEIGHTS)
    regions = int(estimator.labels_.max()) + 1
    assert pieces(GRAPH, estimator.labels_) == regions
    assert estimator.objective_ == pytest.approx(within(X, WEIGHTS, estimator.labels_), rel=1e-11)
    first = [int(np.flatnonzero(estimator.labels_ == r)[0]) for r in range(regions)]
    assert first == sorted(first)
    if isinstance(estimator, MaxP):
        assert estimator.n_regions_ == regions == estimator.region_counts_.max()
        assert np.bincount(estimator.labels_, weights=WEIGHTS).min() >= 25_000
    else:
        assert regions == 6


@pytest.mark.parametrize("estimator", ALL, ids=name)
def test_scale_of_weights_and_offset_change_nothing(estimator):
    estimator.fit(X, sample_weight=WEIGHTS)
    labels, objective = estimator.labels_, estimator.objective_
    if not isinstance(estimator, MaxP):  # min_weight is in the unit of the weights
        estimator.fit(X, sample_weight=1000 * WEIGHTS)
        np.testing.assert_array_equal(labels, estimator.labels_)
        assert estimator.objective_ == pytest.approx(1000 * objective, rel=1e-11)
    estimator.fit(X + 1e6, sample_weight=WEIGHTS)
    np.testing.assert_array_equal(labels, estimator.labels_)
    assert estimator.objective_ == pytest.approx(objective, rel=1e-7)


def test_ward_reaches_the_objective_of_scikit_learn():
    ours = ContiguousAgglomerative(6, GRAPH).fit(X)
    theirs = AgglomerativeClustering(6, connectivity=GRAPH, linkage="ward").fit(X)
    assert adjusted_rand_score(ours.labels_, theirs.labels_) == 1.0
    assert ours.objective_ == pytest.approx(within(X, np.ones(72), theirs.labels_), rel=1e-12)


def test_ward_cuts_are_nested_and_their_objectives_kept():
    ward = ContiguousAgglomerative(6, GRAPH).fit(X, sample_weight=WEIGHTS)
    for k in (1, 2, 5, 30, 72):
        labels = ward.cut(k)
        assert labels.max() + 1 == k == pieces(GRAPH, labels)
        assert ward.objectives_[72 - k] == pytest.approx(within(X, WEIGHTS, labels), rel=1e-10, abs=1e-9)
        np.testing.assert_array_equal(labels, ContiguousAgglomerative(k, GRAPH).fit(X, sample_weight=WEIGHTS).labels_)
    for wrong in (0, 73, 2.0):
        with pytest.raises(ValueError, match="n_clusters must be an integer from 1 to 72"):
            ward.cut(wrong)


@pytest.mark.parametrize("estimator", [Skater(6, GRAPH), Redcap(6, GRAPH, "complete")], ids=name)
def test_cutting_the_reported_edges_gives_the_regions(estimator):
    estimator.fit(X, sample_weight=WEIGHTS)
    tree = {frozenset(edge) for edge in estimator.tree_.tolist()}
    cut = {frozenset(edge) for edge in estimator.cut_edges_.tolist()}
    assert len(tree) == 71
    assert len(cut) == 5
    assert cut < tree
    kept = np.array([sorted(edge) for edge in tree - cut])
    forest = csr_array((np.ones(66), kept.T), shape=(72, 72))
    forest = forest + forest.T
    assert pieces(forest, np.zeros(72, int)) == 6
    assert pieces(forest, estimator.labels_) == 6
    assert len(estimator.objectives_) == 6
    assert (np.diff(estimator.objectives_) < 0).all()
    for k in (2, 4):
        fewer = type(estimator)(**{**estimator.get_params(), "n_clusters": k}).fit(X, sample_weight=WEIGHTS)
        assert fewer.objective_ == estimator.objectives_[k - 1]


@pytest.mark.parametrize("kind", [Skater, Redcap])
def test_minimum_size_and_weight_are_kept(kind):
    labels = kind(5, GRAPH, min_size=9, min_weight=30_000).fit(X, sample_weight=WEIGHTS).labels_
    assert np.bincount(labels).min() >= 9
    assert np.bincount(labels, weights=WEIGHTS).min() >= 30_000
    with pytest.raises(InputError, match=r"expected n_clusters=20 regions.*Ask for at most \d+ regions") as caught:
        kind(20, GRAPH, min_size=9).fit(X)
    possible = int(str(caught.value).split("at most ")[1].split()[0])
    assert kind(possible, GRAPH, min_size=9).fit(X).labels_.max() + 1 == possible


def test_islands_are_regions_and_never_joined():
    graph = csr_array(block_diag([GRAPH, csr_array((1, 1)), grid(2, 2), csr_array((1, 1))]))
    table = smooth(graph, 3)
    weights = np.full(78, 1000.0)
    for estimator in (ContiguousAgglomerative, Skater, Redcap):
        labels = estimator(4, graph).fit(table, sample_weight=weights).labels_
        np.testing.assert_array_equal(labels, np.repeat([0, 1, 2, 3], [72, 1, 4, 1]))
        assert estimator(6, graph).fit(table).n_connected_components_ == 4
        with pytest.raises(InputError, match=r"4 parts.*ask for 4 or more"):
            estimator(3, graph).fit(table)
    assert MaxP(1000, graph, random_state=0).fit(table, sample_weight=weights).n_regions_ == 78
    with pytest.raises(InputError, match=r"part of area 72: .*at least 1500.*got 1000.0; 2 such parts"):
        MaxP(1500, graph).fit(table, sample_weight=weights)
    frame = pd.DataFrame(table, index=[f"A{number}" for number in range(78)])
    with pytest.raises(InputError, match="part of area A72: "):
        MaxP(1500, graph).fit(frame, sample_weight=weights)


@pytest.mark.parametrize("estimator", [ContiguousAgglomerative(), Skater(), Redcap(), MaxP()], ids=name)
def test_missing_values_are_refused_where_they_stand(estimator):
    table = X.copy()
    table[5, 2] = np.nan
    with pytest.raises(InputError, match=r"X\[5, 2\]: X contains NaN.*Impute") as caught:
        estimator.fit(table)
    assert isinstance(caught.value, ValueError)


def test_codes_of_a_table_find_their_neighbours():
    codes = [f"0114R{i:03}" for i in range(72)]
    pairs = GRAPH.tocoo()
    table = pd.DataFrame({"a": [codes[i] for i in pairs.row], "b": [codes[i] for i in pairs.col], "shared_m": 1.0})
    order = np.random.default_rng(3).permutation(72)
    frame = pd.DataFrame(X, index=codes, columns=["crime", "benefits", "moves"])
    one = Skater(6, GRAPH).fit(X)
    two = Skater(6, table).fit(frame.iloc[order])
    assert adjusted_rand_score(one.labels_[order], two.labels_) == 1.0
    assert two.feature_names_in_.tolist() == ["crime", "benefits", "moves"]
    with pytest.raises(InputError, match="1 others: 0114R071"):
        Skater(6, table).fit(frame.iloc[:-1])


def test_arguments_out_of_range():
    for estimator, message in [
        (Skater(0), "n_clusters must be an integer >= 1, got 0"),
        (Skater(2.0), "n_clusters must be an integer"),
        (Skater(True), "n_clusters must be an integer"),
        (Skater(73), "n_samples=72 should be >= n_clusters=73"),
        (Skater(2, min_size=0), "min_size must be an integer"),
        (Redcap(2, min_weight=-1), "min_weight must be a finite number"),
        (Redcap(2, min_weight=np.nan), "min_weight must be a finite number"),
        (Redcap(2, linkage="centroid"), "linkage must be one of"),
        (ContiguousAgglomerative(2, linkage=None), "linkage must be one of"),
        (ContiguousAgglomerative(2, n_threads=0), "n_threads must be an integer"),
        (MaxP(0), "min_weight must be above 0"),
        (MaxP(n_init=0), "n_init must be an integer"),
        (MaxP(n_improved=-1), "n_improved must be an integer"),
    ]:
        with pytest.raises(ValueError, match=message):
            estimator.fit(X)


def test_more_regions_count_for_more_than_a_lower_objective():
    """Of constructions with different numbers of regions; the fewer can well be the more alike inside."""
    for seed in (0, 3, 4, 5):
        generator = np.random.default_rng(seed)
        n = int(generator.integers(7, 10))
        upper = np.triu(generator.random((n, n)) < 0.35, 1)
        upper[np.arange(n - 1), np.arange(1, n)] = True
        table, weights = generator.normal(size=(n, 1)), generator.integers(1, 5, n).astype(float)
        most = MaxP(4, csr_array((upper | upper.T).astype(float)), n_init=32, n_improved=32, random_state=0)
        most.fit(table, sample_weight=weights)
        assert len(set(most.region_counts_.tolist())) > 1
        assert most.n_regions_ == most.region_counts_.max()


def test_areas_that_differ_in_weight_alone_may_come_in_any_order():
    ring = csr_array(np.roll(np.eye(12), 1, axis=1) + np.roll(np.eye(12), -1, axis=1))
    weights = np.array([3.0, 7, 1, 12, 5, 9, 2, 11, 4, 8, 6, 10])
    order = np.random.default_rng(1).permutation(12)
    for kind in (ContiguousAgglomerative, Skater, Redcap):
        one = kind(4, ring).fit(np.ones((12, 2)), sample_weight=weights)
        two = kind(4, ring[order][:, order]).fit(np.ones((12, 2)), sample_weight=weights[order])
        assert adjusted_rand_score(one.labels_[order], two.labels_) == 1.0


def test_max_p_follows_its_seed():
    one, two = (MaxP(20_000, GRAPH, random_state=s).fit(X, sample_weight=WEIGHTS) for s in (5, 5))
    np.testing.assert_array_equal(one.labels_, two.labels_)
    np.testing.assert_array_equal(one.region_counts_, two.region_counts_)
    state = [MaxP(20_000, GRAPH, random_state=np.random.RandomState(5)).fit(X, sample_weight=WEIGHTS) for _ in range(2)]
    np.testing.assert_array_equal(state[0].labels_, state[1].labels_)
    other = MaxP(20_000, GRAPH, random_state=6).fit(X, sample_weight=WEIGHTS)
    assert (other.region_counts_ != one.region_counts_).any()
    more = MaxP(20_000, GRAPH, n_init=20, random_state=5).fit(X, sample_weight=WEIGHTS)
    np.testing.assert_array_equal(more.region_counts_, one.region_counts_[:20])


def test_planted_regions_are_found():
    draw = np.random.default_rng(4)
    graph = grid(12, 12)
    truth = np.repeat(np.arange(3), 48)
    table = 6.0 * np.eye(3)[truth] + draw.standard_normal((144, 3))
    for estimator in (ContiguousAgglomerative(3, graph), Redcap(3, graph)):
        assert adjusted_rand_score(truth, estimator.fit(table).labels_) > 0.95
    assert adjusted_rand_score(truth, Skater(3, graph).fit(table).labels_) > 0.9


def test_the_real_neighbours_of_regso():
    pairs = regso_pairs()
    codes = sorted(set(pairs["regso_a"]) | set(pairs["regso_b"]))
    assert len(codes) == 3363
    place = pd.Index(codes)
    a, b = place.get_indexer(pairs["regso_a"]), place.get_indexer(pairs["regso_b"])
    matrix = csr_array((np.ones(len(a)), (a, b)), shape=(3363, 3363))
    matrix = matrix + matrix.T
    frame = pd.DataFrame(smooth(matrix, 6), index=codes).rename(columns=str)
    weights = np.rint(np.random.default_rng(0).lognormal(7.9, 0.4, 3363))
    reached = {}
    for estimator in (
        ContiguousAgglomerative(20, pairs),
        Skater(20, pairs),
        Redcap(20, pairs, "complete", min_weight=20_000),
        MaxP(25_000, pairs, n_init=8, random_state=0),
    ):
        estimator.fit(frame, sample_weight=weights)
        assert estimator.n_connected_components_ == 2  # Gotland
        assert pieces(matrix, estimator.labels_) == estimator.labels_.max() + 1
        assert estimator.objective_ == pytest.approx(within(frame.to_numpy(), weights, estimator.labels_), rel=1e-11)
        reached[type(estimator).__name__] = estimator
    assert np.bincount(reached["Redcap"].labels_, weights=weights).min() >= 20_000
    bound = weights.sum() / 25_000
    assert 0.8 * bound < reached["MaxP"].n_regions_ <= bound
    children, start = reached["ContiguousAgglomerative"].children_, None
    mainland = np.flatnonzero(reached["ContiguousAgglomerative"].cut(2) == 0)
    start = AgglomerativeClustering(7, connectivity=matrix[mainland][:, mainland], linkage="ward")
    start.fit(frame.to_numpy()[mainland])
    ours = ContiguousAgglomerative(7, matrix[mainland][:, mainland]).fit(frame.to_numpy()[mainland])
    np.testing.assert_array_equal(ours.children_, np.sort(start.children_, axis=1))
    assert len(children) == 3361
