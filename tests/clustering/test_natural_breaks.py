import numpy as np
import pytest
from sklearn.cluster import KMeans

from regso_cluster.clustering.natural_breaks import NaturalBreaks, natural_breaks
from regso_cluster.errors import InputError


def test_by_hand():
    # Values 1 2 2 6 and one missing, weights 1 1 1 1 1: distinct 1 2 6, 2 counts twice.
    # {1 2 2} {6}: mean 5/3, squares 4/9 + 1/9 + 1/9 = 2/3.
    # {1} {2 2 6}: mean 10/3, squares 16/9*2 + 64/9 = 32/3.
    breaks = natural_breaks([2.0, np.nan, 6.0, 1.0, 2.0], 2)
    assert breaks.cuts.tolist() == [2.0]
    assert breaks.labels.tolist() == [0, -1, 1, 0, 0]
    assert breaks.within == pytest.approx(2 / 3, rel=1e-15)


def test_equal_values_share_a_group_and_a_cut_is_a_value_of_the_lower_group():
    values = np.repeat([1.0, 2.0, 3.0, 10.0], [5, 50, 4, 1])
    breaks = natural_breaks(values, 3)
    for value in np.unique(values):
        assert len(set(breaks.labels[values == value])) == 1
    for group, cut in enumerate(breaks.cuts):
        assert values[breaks.labels == group].max() == cut


def test_scale_and_offset_change_nothing_but_the_unit():
    values = np.random.default_rng(4).standard_t(2, 400)
    base = natural_breaks(values, 5)
    np.testing.assert_array_equal(natural_breaks(values * 1024, 5).labels, base.labels)
    assert natural_breaks(values * 1024, 5).within == base.within * 1024**2
    shifted = np.round(values, 6) + 1e9
    np.testing.assert_array_equal(natural_breaks(shifted, 5).labels, natural_breaks(shifted - 1e9, 5).labels)


def test_no_start_of_scikit_learn_is_better():
    values = np.random.default_rng(6).standard_t(3, 300)
    weights = np.random.default_rng(7).uniform(1, 10, 300)
    peer = KMeans(5, n_init=5, random_state=0, tol=0).fit(values[:, None], sample_weight=weights)
    ours = natural_breaks(values, 5, weights)
    assert ours.within <= peer.inertia_ * (1 + 1e-12)
    assert ours.within == pytest.approx(peer.inertia_, rel=0.02)


@pytest.mark.parametrize(
    ("values", "n_groups", "weights", "hint"),
    [
        ([1.0, 2.0, 2.0], 3, None, "Ask for at most 2 groups"),
        ([1.0, 2.0, 3.0], 3, [1, 0, 1], "Ask for at most 2 groups"),
        ([np.nan], 1, None, "No value is observed"),
        ([1.0, np.inf], 1, None, "Write NaN"),
        ([1.0, 2.0], 1, [1, -1], "weight 0"),
        ([1.0, 2.0], 1, [1, np.nan], "weight 0"),
        ([1.0, 2.0], 1, [1], "shape"),
        ([[1.0, 2.0]], 1, None, "one dimension"),
        ([1.0, 2.0], 0, None, "n_groups"),
        ([1.0, 2.0], 1.5, None, "n_groups"),
        ([-1e200, 1e200, 3.0], 2, None, "Divide"),
    ],
)
def test_refusals(values, n_groups, weights, hint):
    with pytest.raises(InputError, match=hint):
        natural_breaks(values, n_groups, weights)


def test_one_group_and_as_many_groups_as_values():
    assert natural_breaks([4.0], 1).labels.tolist() == [0]
    assert natural_breaks([4.0], 1).within == 0.0
    assert natural_breaks([3.0, 3.0, 3.0], 1).within == 0.0
    assert natural_breaks([3.0, 1.0, 2.0], 3).labels.tolist() == [2, 0, 1]


def test_groups_far_apart_beyond_their_width_lose_no_more_than_the_rounding():
    # Two groups a thousandth wide and a value far off; by more groups, rounding decides inside the tight ones
    values = np.concatenate((np.arange(3) / 1000, 1e6 + np.arange(3) / 1000, [1e9]))
    assert natural_breaks(values, 3).labels.tolist() == [0, 0, 0, 1, 1, 1, 2]
    assert natural_breaks(values, 3).within == pytest.approx(4e-6, rel=1e-3)


def test_input_is_left_alone():
    values = np.array([3.0, np.nan, 1.0])
    weights = np.array([1.0, 2.0, 3.0])
    natural_breaks(values, 2, weights)
    np.testing.assert_array_equal(values, [3.0, np.nan, 1.0])
    np.testing.assert_array_equal(weights, [1.0, 2.0, 3.0])


def test_estimator_equals_the_function_and_predicts_by_the_cuts():
    rng = np.random.default_rng(8)
    values, weights = rng.normal(size=100), rng.uniform(1, 5, 100)
    estimator = NaturalBreaks(4).fit(values[:, None], sample_weight=weights)
    breaks = natural_breaks(values, 4, weights)
    np.testing.assert_array_equal(estimator.labels_, breaks.labels)
    np.testing.assert_array_equal(estimator.predict(values[:, None]), breaks.labels)
    cut = estimator.cuts_[0]
    assert estimator.predict([[cut], [np.nextafter(cut, 9)], [np.nan]]).tolist() == [0, 1, -1]
    with pytest.raises(ValueError, match="one estimator per factor"):
        NaturalBreaks(2).fit(np.ones((4, 2)))
