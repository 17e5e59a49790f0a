from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from regso_cluster.errors import InputError
from regso_cluster.grouping.typology import find_typology, nearest_clusters
from regso_cluster.method import Clusters
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
    return find_typology(scores, scores.mean(axis=1), options.pop("residents", None), chosen, chosen.clusters,
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


def test_another_number_of_clusters_last_year_is_no_anchor():
    before = pd.Series([1.0] * 45 + [2.0] * 45)
    typology = found(blobs(), previous=before)
    assert nearest_clusters(blobs().to_numpy(), typology.centres)[0][0] == 1
    assert not typology.anchored


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
