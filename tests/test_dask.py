"""Ensembles, studies and registers on a real cluster of two processes, one of which is killed on the way."""

from __future__ import annotations

import os
import signal
import socket

import numpy as np
import pytest

from regso_cluster.certainty.choices import Choice, Study
from regso_cluster.certainty.resampling import Effort, lay_out
from regso_cluster.certainty.stability import BATCH, _refit, best_labels, bootstrap
from regso_cluster.certainty.structure import gap_statistic
from regso_cluster.ensemble import Workers, connect, run_as_done
from regso_cluster.errors import InputError
from regso_cluster.factors.registers import count_persons, load_definition
from regso_cluster.study import subject_of_table
from regso_cluster.study_report import run_study, write_sensitivity
from tests.certainty.planted import cloud
from tests.factors.test_registers import DEFINITION, register
from tests.test_study import contents, table_of

distributed = pytest.importorskip("distributed", reason="needs regso-cluster[dask]")
# the cluster's own clean-up: sockets to a worker that was killed, and a port that another process has
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning", "ignore:The inplace keyword"
)


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as local:
        yield local


def kill_one(address):
    """Kill one worker process, hard."""
    with connect(address) as client:
        pids = client.run(os.getpid)
    os.kill(next(iter(pids.values())), signal.SIGKILL)


def test_resamples_on_a_cluster_with_a_worker_killed_are_those_of_one_process(cluster):
    X, weights = cloud(0, n=200)
    layout = lay_out(X, weights)
    labels = best_labels(layout, 4, 0)
    serial = bootstrap(layout, labels, 4, n_resamples=12 * BATCH, workers=Workers(threads=1))
    todo = [(4, 0, Effort(), range(begin, begin + BATCH)) for begin in range(0, 12 * BATCH, BATCH)]
    found, killed = {}, False
    for number, part in run_as_done(_refit, layout, todo, Workers(scheduler=cluster.scheduler_address)):
        found[number] = part
        if not killed:
            kill_one(cluster.scheduler_address)
            killed = True
    assert sorted(found) == list(range(12))
    assert np.concatenate([found[number] for number in range(12)]).tobytes() == serial.labels.tobytes()


def test_gap_on_a_cluster(cluster):
    X, weights = cloud(1, n=150)
    found = [
        gap_statistic(X, (2, 3), weights, n_clouds=5, workers=workers)
        for workers in (Workers(threads=1), Workers(scheduler=cluster.scheduler_address))
    ]
    assert found[0].clouds.tobytes() == found[1].clouds.tobytes()
    assert found[0].table.tobytes() == found[1].table.tobytes()


def test_a_study_on_a_cluster_with_a_worker_killed_has_the_same_bytes(cluster, tmp_path):
    subject = subject_of_table(*table_of(tmp_path))
    study = Study(
        (
            Choice(name="limit", set=("problems.limit.sd",), between=(0.5, 1.5)),
            Choice(name="clustering", set=("study.clustered_by",), options=("k-means", "ward", "k-medoids")),
        ),
        runs=64,
    )
    killed = []

    def kill_once(done, whole):
        if not killed and done < whole:
            killed.append(done)
            kill_one(cluster.scheduler_address)

    for name, workers, say in (
        ("serial", Workers(threads=1), None),
        ("cluster", Workers(scheduler=cluster.scheduler_address), kill_once),
    ):
        write_sensitivity(run_study(subject, study, tmp_path / name, workers=workers, say=say), tmp_path / name)
    assert killed
    assert contents(tmp_path / "serial") == contents(tmp_path / "cluster")


def test_a_register_counted_on_a_cluster(cluster, tmp_path):
    register(tmp_path / "persons")
    (tmp_path / "d.toml").write_text(DEFINITION, "utf-8")
    definition = load_definition(tmp_path / "d.toml")
    here = count_persons(tmp_path / "persons", definition, year=2024)
    with connect(cluster.scheduler_address) as client:
        there = count_persons(tmp_path / "persons", definition, year=2024, client=client)
    assert here.table.equals(there.table)
    assert here.unknown == there.unknown


def test_nobody_at_the_address(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    monkeypatch.setattr("distributed.Client", lambda *_, **__: (_ for _ in ()).throw(TimeoutError("nobody")))
    with pytest.raises(InputError, match="the scheduler printed"), connect(f"tcp://127.0.0.1:{port}"):
        pass
