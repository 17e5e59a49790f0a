from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import KMeans

from regso_cluster.certainty.resampling import Effort, fit, lay_out, nearest, reweighted
from regso_cluster.clustering.clusters import KMeans as OurKMeans
from regso_cluster.errors import InputError
from regso_cluster.parallel import child_seed
from tests.certainty.planted import planted

SEED = np.random.SeedSequence(0)


def test_a_resample_is_the_table_with_rows_repeated():
    X, weights, _ = planted(0, n=60)
    layout = lay_out(X, weights)
    times = np.random.default_rng(1).integers(0, 3, layout.used)
    found = fit(reweighted(layout, times), 4, SEED, Effort(10, 0))
    repeated = np.repeat(layout.order, times)
    other = KMeans(4, n_init=20, random_state=0).fit(X[repeated], sample_weight=weights[repeated])
    assert found.objective == pytest.approx(other.inertia_, rel=1e-9)


def test_gaps_are_borne_as_the_estimator_bears_them():
    X, weights, _ = planted(3, n=80)
    X[np.random.default_rng(0).random(X.shape) < 0.2] = np.nan
    X[:, 0] = np.nan_to_num(X[:, 0])
    layout = lay_out(X, weights)
    times = np.random.default_rng(1).integers(0, 3, layout.used)
    of_row = np.zeros(len(X))
    of_row[layout.order] = times
    found = fit(reweighted(layout, times), 4, SEED, Effort(8, 60))
    other = OurKMeans(4, random_state=0, n_threads=1).fit(X, sample_weight=weights * of_row)
    assert found.objective == pytest.approx(other.inertia_, rel=1e-6)


def test_areas_left_out_get_the_nearest_centre():
    # four areas at 0, 1, 10, 11; the one at 11 is not drawn: centres 0.5 and 10, and 11 is nearest to 10
    X = np.array([[0.0], [1.0], [10.0], [11.0]])
    layout = lay_out(X)
    for effort in (Effort(2, 0), Effort(1, 5)):
        found = fit(reweighted(layout, np.array([1, 1, 1, 0])), 2, SEED, effort)
        labels = layout.spread(found.labels)
        assert labels[0] == labels[1] != labels[2] == labels[3]
        assert found.objective == pytest.approx(0.5)  # 2 x 0.5^2, and 0
        assert np.array_equal(nearest(layout.points, found.centres).reshape(-1)[:4], found.labels)


def test_rows_in_another_order_give_the_same_groups():
    X, weights, _ = planted(1, n=90)
    order = np.random.default_rng(0).permutation(len(X))
    one, two = lay_out(X, weights), lay_out(X[order], weights[order])
    fits = [layout.spread(fit(layout.points, 4, SEED, Effort()).labels) for layout in (one, two)]
    assert np.array_equal(fits[0][order], fits[1])


def test_rows_without_weight_or_value_take_no_part():
    X = np.array([[0.0, np.nan], [1.0, 2.0], [np.nan, np.nan], [3.0, 4.0]])
    layout = lay_out(X, [1.0, 1.0, 1.0, 0.0])
    assert layout.used == 2
    assert (layout.spread(np.array([0, 1])) >= 0).tolist() == [True, True, False, False]


def test_equal_rows_are_one_with_their_weights_added():
    layout = lay_out(np.array([[1.0], [1.0], [5.0]]), [2.0, 3.0, 4.0])
    points = reweighted(layout, np.array([1, 0, 1]))  # of the equal rows the lighter one
    assert points.row_weights.tolist() == [2.0, 4.0]


def test_fewer_rows_than_groups_is_no_fit():
    layout = lay_out(np.array([[0.0], [1.0], [2.0]]))
    assert fit(reweighted(layout, np.array([3, 0, 0])), 2, SEED, Effort()) is None


def test_seeds_are_known_by_their_path():
    first = child_seed(1, 2, 3).generate_state(2)
    assert np.array_equal(first, child_seed(1, 2, 3).generate_state(2))
    assert not np.array_equal(first, child_seed(1, 3, 2).generate_state(2))


@pytest.mark.parametrize(("X", "weights"), [([[np.inf]], None), ([[1.0]], [1.0, 2.0]), ([[np.nan]], None)])
def test_refusals(X, weights):
    with pytest.raises(InputError):
        lay_out(X, weights)
