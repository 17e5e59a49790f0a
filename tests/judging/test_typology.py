from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from regso_cluster.errors import InputError
from regso_cluster.judging.typology import _means, find_typology, nearest_clusters
from regso_cluster.method import Clusters, Yardstick
from tests.tables import method

NAN = np.nan


def using(size=3, weighting="areas"):
    return dataclasses.replace(method(), clusters=Clusters(size, weighting=weighting, resamples=4))


def blobs(seed=0):
    """Three tight groups of 30 around (4, 4), (0, 3) and (-2, -2), in that order, with a few gaps."""
    generator = np.random.default_rng(seed)
    centres = np.repeat([[4.0, 4], [0, 3], [-2, -2]], 30, axis=0)
    X = centres + generator.normal(0, 0.2, (90, 2))
    X[5, 0] = X[40, 1] = NAN
    return pd.DataFrame(X, columns=["poor", "voted"])


def found(scores, generator_seed=0, **options):
    chosen = options.pop("method", using())
    return find_typology(scores, scores.mean(axis=1), options.pop("residents", None), chosen,
                         np.random.default_rng(generator_seed), **options)  # fmt: skip


def test_planted_groups_are_found_and_ordered_from_the_worst():
    scores = blobs()
    typology = found(scores)
    nearest, second = nearest_clusters(scores.to_numpy(), typology.centres)
    assert nearest.tolist() == [1] * 30 + [2] * 30 + [3] * 30
    assert (second != nearest).all()
    assert typology.stability > 0.95
    assert typology.objective == typology.free_objective
    assert len(set(typology.names)) == 3


def test_last_year_s_numbers_stay():
    scores = blobs()
    before = pd.Series([3.0] * 30 + [1.0] * 30 + [2.0] * 30)
    before.iloc[[0, 35]] = NAN
    typology = found(scores, previous=before)
    assert nearest_clusters(scores.to_numpy(), typology.centres)[0].tolist() == [3] * 30 + [1] * 30 + [2] * 30
    assert typology.objective == pytest.approx(typology.free_objective)
    assert typology.anchored


def test_another_number_of_clusters_last_year_is_matched():
    # 1 has the first group and half of the second, 2 the other half and the third: the second is the new one
    before = pd.Series([1.0] * 45 + [2.0] * 45)
    typology = found(blobs(), previous=before)
    labels, _ = nearest_clusters(blobs().to_numpy(), typology.centres, typology.numbers)
    assert labels.tolist() == [1] * 30 + [3] * 30 + [2] * 30
    assert typology.numbers == (1, 2, 3)
    assert typology.objective == typology.free_objective


def test_no_cluster_last_year_is_no_anchor():
    typology = found(blobs(), previous=pd.Series([NAN] * 90))
    assert not typology.anchored


def last_year(typology, numbers=(1, 2, 3)):
    rows = tuple(tuple(map(float, centre)) for centre in typology.centres)
    return Yardstick(centres=rows, cluster_numbers=numbers, cluster_names=typology.names, cluster_named_at=rows,
                     cluster_last=max(numbers))  # fmt: skip


def test_a_group_that_left_its_name_gets_a_new_number_and_one_that_drifts_does_not():
    first = found(blobs())
    labels = pd.Series([1.0] * 30 + [2.0] * 30 + [3.0] * 30)
    moved = blobs()
    moved.iloc[:30] += 0.4  # drifts, and would be called the same
    moved.iloc[60:, 1] += 5.0  # from small needs to large ones: small needs is no name for it
    again = found(moved, previous=labels, before=last_year(first))
    assert again.left == (3,)
    assert again.numbers == (1, 2, 4)
    assert again.names[:2] == first.names[:2]
    assert again.names[2] not in first.names
    assert (
        nearest_clusters(moved.to_numpy(), again.centres, again.numbers)[0].tolist() == [1] * 30 + [2] * 30 + [4] * 30
    )
    # a number that was given up is not used again
    gone = dataclasses.replace(last_year(again, (1, 2, 4)), cluster_last=7)
    third = found(blobs(), previous=labels.replace(3.0, 4.0), before=gone)
    assert third.numbers == (1, 2, 8)


def test_slow_drift_counts_from_the_year_of_the_name():
    first = found(blobs())
    labels, yardstick, numbers = pd.Series([1.0] * 30 + [2.0] * 30 + [3.0] * 30), last_year(first), []
    moved = blobs()
    for _ in range(8):  # 0.4 SD a year: no single step is beyond `keep`
        moved.iloc[60:, 1] += 0.4
        now = found(moved, previous=labels, before=yardstick)
        numbers.append(now.numbers)
        yardstick = dataclasses.replace(
            last_year(now, now.numbers), cluster_named_at=tuple(tuple(map(float, row)) for row in now.named_at)
        )
        labels = pd.Series(nearest_clusters(moved.to_numpy(), now.centres, now.numbers)[0].astype(float))
    assert numbers[0] == (1, 2, 3)
    assert numbers[-1][:2] == (1, 2)
    assert numbers[-1][2] > 3


@pytest.mark.parametrize("seed", range(5))
def test_neither_seed_nor_order_of_rows_changes_a_label(seed):
    scores, first = blobs(3), found(blobs(2))
    labels = pd.Series([1.0] * 30 + [2.0] * 30 + [3.0] * 30)
    expected = found(scores, previous=labels, before=last_year(first))
    order = np.random.default_rng(seed).permutation(90)
    again = found(scores.iloc[order], seed, previous=labels.iloc[order], before=last_year(first))
    assert np.array_equal(again.centres, expected.centres)
    assert again.numbers == expected.numbers == (1, 2, 3)
    assert again.names == expected.names == first.names


def test_residents_weigh_where_the_method_says_so():
    scores = pd.DataFrame({"poor": [0.0, 1, 10], "voted": [0.0, 0, 0]})
    residents = np.array([3.0, 1, 1])
    weighted = found(scores, method=using(2, "residents"), residents=residents)
    assert weighted.centres[:, 0].tolist() == [10, 0.25]
    plain = found(scores, method=using(2), residents=residents)
    assert plain.centres[:, 0].tolist() == [10, 0.5]


def test_fewer_areas_than_clusters_are_refused():
    with pytest.raises(InputError, match="fewer different areas than clusters"):
        found(pd.DataFrame({"poor": [1.0, NAN, 2], "voted": [0.0, NAN, 1]}))


def test_nearest_by_hand():
    # to (0, 0) and (3, 0): 1 and 2 away; a tie goes to the lower number; only the observed factor counts; nothing seen
    X = np.array([[1.0, 0], [1.5, 9], [NAN, 1], [2.9, NAN], [NAN, NAN]])
    nearest, second = nearest_clusters(X, np.array([[0.0, 0], [3, 0]]))
    assert nearest.tolist() == [1, 1, 1, 2, 0]
    assert second.tolist() == [2, 2, 2, 1, 0]


def test_an_unstable_table_is_called_unstable():
    """A cloud without groups: three clusters of it are found otherwise in each resample."""
    cloud = pd.DataFrame(np.random.default_rng(4).normal(size=(60, 2)), columns=["poor", "voted"])
    assert found(cloud).stability < 0.8
    assert found(blobs()).stability > 0.95


def test_the_order_is_that_of_residents_where_the_method_weighs_by_them():
    # cluster means of the index: {0, 1} and {5, 6.5, 3}; by residents the lower pair is worse if 1 weighs nearly all
    scores = pd.DataFrame({"poor": [0.0, 0.1, 5.0, 5.1], "voted": [0.0, 0.0, 0.0, 0.0]})
    index = pd.Series([0.0, 10.0, 4.0, 4.0])
    residents = np.array([1.0, 99.0, 50.0, 50.0])
    options = {"previous": None}
    by_areas = find_typology(scores, index.where(index != 10, 6.0), None, using(2),
                             np.random.default_rng(0), **options)  # fmt: skip
    by_residents = find_typology(scores, index.where(index != 10, 6.0), residents, using(2, "residents"),
                                 np.random.default_rng(0), **options)  # fmt: skip
    assert by_areas.centres[0, 0] > 4  # means 3 and 4: the upper pair is worse
    assert by_residents.centres[0, 0] < 1  # means 5.94 and 4: the lower pair is worse


def test_anchors_are_weighted_means_of_what_is_observed():
    # group 0: values 0 (weight 1) and 4 (weight 3) make 3; its second factor is seen once. Group 1 has no first factor
    # at all: the overall mean, which is 3 here too
    X = np.array([[0.0, 5.0], [4.0, NAN], [NAN, 7.0]])
    centres = _means(X, np.array([0, 0, 1]), np.array([1.0, 3.0, 2.0]), 2)
    assert centres.tolist() == [[3.0, 5.0], [3.0, 7.0]]
