"""Hold every estimator of groups to the laws of `laws.py`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sklearn.cluster
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from regso_cluster import clustering
from regso_cluster.clustering.agglomerative import Agglomerative
from regso_cluster.clustering.clusters import KMeans
from regso_cluster.clustering.medoids import KMedoids
from regso_cluster.clustering.natural_breaks import NaturalBreaks
from regso_cluster.clustering.regions import ContiguousAgglomerative, MaxP, Redcap, Skater
from tests.clustering import laws


def cases():
    for subject in laws.SUBJECTS:
        estimator = subject.make(np.arange(260), None)
        for law in laws.LAWS:
            if law not in laws.NEEDS or hasattr(estimator, laws.NEEDS[law]):
                yield pytest.param(law, subject, id=f"{law.__name__}-{subject.name}")


@pytest.mark.parametrize(("law", "subject"), list(cases()))
def test_law(law, subject):
    if law.__name__ in subject.without:
        pytest.skip(subject.without[law.__name__])
    law(subject)


def in_a_process(kind, threads, **environment):
    command = [sys.executable, str(Path(__file__).with_name("laws.py")), kind, *map(str, threads)]
    done = subprocess.run(command, capture_output=True, check=True, text=True, env={**os.environ, **environment})
    return json.loads(done.stdout)


def test_threads_and_processes_change_no_byte():
    here = laws.digests([1, 2], cold=False)
    there = in_a_process("warm", [1, 2, 8], NUMBA_NUM_THREADS="8", OMP_NUM_THREADS="8")
    for name, (one, two) in here.items():
        assert one == two, name
        assert there[name] == [one] * 3, name


@pytest.mark.thorough
def test_newly_compiled_code_changes_no_byte(tmp_path):
    here = laws.digests([1], cold=True)
    assert in_a_process("cold", [1], NUMBA_CACHE_DIR=str(tmp_path)) == here
    assert list(tmp_path.rglob("*.nbi"))


class FirstColumn(NaturalBreaks):
    """Lift the one-column rule: scikit-learn's checks bring several, and so all of them run."""

    def _only(self, array):
        return array[:, 0]


# A graph is bound to its number of areas; the checks fit tables of many sizes, so regions run on the complete graph.
CONTRACT = [
    KMeans(3, n_init=2, n_swaps=2),
    KMedoids(4),
    KMedoids(4, metric="manhattan", n_init="build"),
    Agglomerative(),
    Agglomerative(linkage="average", metric="manhattan"),
    KMedoids(4, metric="precomputed"),
    Agglomerative(linkage="average", metric="precomputed"),
    ContiguousAgglomerative(),
    ContiguousAgglomerative(linkage="average"),
    Skater(),
    Redcap(linkage="complete"),
    MaxP(n_init=8),
    FirstColumn(3),
]
# Checks left out, with reasons; all others run.
LEFT_OUT = {"check_array_api_input": "runs only under SCIPY_ARRAY_API; numpy arrays and tables are what we take"}
LEFT_OUT_MAX_P = {"check_clustering": "regions are as many as min_weight allows, the check wants three"}
LEFT_OUT_PRECOMPUTED = {
    "check_clustering": "fits a table of 50 rows and 2 columns, which is no matrix of distances",
    "check_estimators_nan_inf": "predicts a table of 3 columns after a fit on the distances of 10 rows",
    "check_positive_only_tag_during_fit": "fits distances less their mean, which are below 0; its tag says numbers",
}


def contract():
    for estimator in CONTRACT:
        left_out = LEFT_OUT | (LEFT_OUT_MAX_P if isinstance(estimator, MaxP) else {})
        left_out |= LEFT_OUT_PRECOMPUTED if getattr(estimator, "metric", "") == "precomputed" else {}
        options = ",".join(str(value) for value in estimator.get_params().values() if isinstance(value, str))
        for number, (copy, check) in enumerate(estimator_checks_generator(estimator)):
            if check.func.__name__ not in left_out:
                name = f"{type(estimator).__name__}-{options}-{check.func.__name__}-{number}"
                yield pytest.param(copy, check, id=name)


@pytest.mark.parametrize(("estimator", "check"), list(contract()))
def test_scikit_learn_contract(estimator, check):
    check(estimator)


def test_every_public_estimator_is_under_contract():
    public = [getattr(clustering, name) for name in dir(clustering)]
    estimators = {one for one in public if isinstance(one, type) and issubclass(one, BaseEstimator)}
    assert len(estimators) >= 8
    assert estimators <= {parent for one in CONTRACT for parent in type(one).__mro__}


def test_drop_in_for_scikit_learn():
    """The same pipeline with the class exchanged: same attributes and shapes, not a worse partition."""
    X, _ = laws.table(next(subject for subject in laws.SUBJECTS if not subject.gaps))
    fits = [
        make_pipeline(StandardScaler(), estimator(n_clusters=7, random_state=0)).fit(X)[-1]
        for estimator in (sklearn.cluster.KMeans, KMeans)
    ]
    theirs, ours = fits
    for name, value in vars(theirs).items():
        if name.endswith("_") and not name.startswith("_"):
            assert np.shape(getattr(ours, name)) == np.shape(value), name
    assert ours.labels_.dtype == theirs.labels_.dtype
    assert ours.inertia_ <= theirs.inertia_
    assert ours.predict(X).shape == theirs.predict(X).shape
    assert ours.transform(X).shape == theirs.transform(X).shape
