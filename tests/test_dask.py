"""Ensembles, studies and registers on a real cluster of two processes, one of which is killed on the way."""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import replace

import numpy as np
import pytest

from regso_cluster import parallel as ensemble
from regso_cluster.certainty import simulation
from regso_cluster.certainty.resampling import Effort, lay_out
from regso_cluster.certainty.stability import BATCH, _refit, best_labels, bootstrap
from regso_cluster.certainty.structure import gap_statistic
from regso_cluster.certainty.study_file import Study, StudyChoice
from regso_cluster.classification.classify import classify
from regso_cluster.clustering import KMeans
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.register_definition import load_definition
from regso_cluster.factors.registers import count_persons
from regso_cluster.method import Certainty, StructureRule
from regso_cluster.parallel import Workers, connect, run_as_done
from regso_cluster.release.write import write_release
from regso_cluster.studies.run import subject_of_table
from regso_cluster.studies.sensitivity import run_study, write_sensitivity
from tests.certainty.planted import cloud
from tests.factors.test_registers import DEFINITION, register
from tests.studies.test_run import contents, table_of

distributed = pytest.importorskip("distributed", reason="needs regso-cluster[dask]")
# the cluster's own clean-up: sockets to a worker that was killed, and a port that another process has
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning", "ignore:The inplace keyword"
)


def local_cluster(n_workers):
    return distributed.LocalCluster(
        n_workers=n_workers, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", host="127.0.0.1"
    )


@pytest.fixture(scope="module")
def cluster():
    with local_cluster(2) as local:
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
            StudyChoice(name="limit", set=("problems.limit.sd",), between=(0.5, 1.5)),
            StudyChoice(name="clustering", set=("study.clustered_by",), options=("k-means", "ward", "k-medoids")),
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


@pytest.fixture
def fresh():
    """A cluster whose two workers are both there."""
    with local_cluster(2) as local:
        yield local


@pytest.fixture
def lose_a_worker(fresh, monkeypatch):
    """Make a worker take batches of a task and never give them back; it is killed on the way."""
    real, lost = ensemble.run_as_done, []

    def arm(doomed):
        def run(task, shared, todo, workers=None):
            if lost or task.__name__ != doomed or not (workers and workers.scheduler):
                yield from real(task, shared, todo, workers)
                return
            with connect(fresh.scheduler_address) as client:
                address, pid = next(iter(client.run(os.getpid).items()))
                os.kill(pid, signal.SIGSTOP)
                for number, result in real(task, shared, todo, workers):
                    if not lost:  # the other worker has done a batch, this one holds some
                        lost.append(len(client.processing()[address]))
                        os.kill(pid, signal.SIGKILL)
                    yield number, result

        monkeypatch.setattr(ensemble, "run_as_done", run)
        monkeypatch.setattr(simulation, "run_as_done", run)
        return lost

    return arm


@pytest.mark.thorough
def test_restarts_on_a_cluster_with_a_worker_killed_are_those_of_one_process(fresh, lose_a_worker):
    X, weights = cloud(2, n=300)
    elsewhere = Workers(scheduler=fresh.scheduler_address)
    lost = lose_a_worker("_run_starts")
    for options in ({}, {"n_swaps": 0, "n_init": 100}):
        fits = [
            KMeans(6, random_state=3, n_threads=threads, workers=workers, **options).fit(X, sample_weight=weights)
            for threads, workers in ((1, None), (2, None), (1, elsewhere))
        ]
        for part in ("cluster_centers_", "labels_", "objectives_"):
            assert len({getattr(fit, part).tobytes() for fit in fits}) == 1
        assert len({fit.n_iter_ for fit in fits}) == 1
    assert lost[0] > 0


@pytest.mark.thorough
@pytest.mark.parametrize("doomed", ["_run_chain", "_draw_batch"])
def test_a_release_from_a_cluster_with_a_worker_killed_has_the_same_bytes(fresh, lose_a_worker, tmp_path, doomed):
    table, method = table_of(tmp_path)
    rule = StructureRule(fewest=2, most=4, clouds=5, resamples=5, splits=3)
    method = replace(method, clusters=replace(method.clusters, structure=rule),
                     certainty=Certainty(draws=3300, prior="country"))  # fmt: skip
    lost, written = lose_a_worker(doomed), []
    for name, workers in (
        ("one", Workers(threads=1)), ("two", Workers(threads=2)), ("cluster", Workers(1, fresh.scheduler_address)),
    ):  # fmt: skip
        release = write_release(classify(table, method, year=2024, workers=workers), tmp_path / name)
        files = ("areas.parquet", "certainty.parquet", "groups.parquet", "method.toml")
        written.append({file: (release.path / file).read_bytes() for file in files})
        assert release.manifest["figures"]["clusters"]["structure"]["verdict"] == "types"
    assert lost[0] > 0
    assert written[0] == written[1] == written[2]


def _break(shared, batch):
    """Fail on one batch: by an error of our own, another, or the end of the process."""
    if batch == 3:
        if shared == "refused":
            raise InputError(Fault("too few areas", "t.csv", hint="Give more"))
        if shared == "dies":
            os._exit(1)
        raise MemoryError("no room for the draws")
    return batch


def test_the_reason_of_a_batch_that_fails_reaches_the_user(cluster, monkeypatch):
    monkeypatch.setattr(cluster.scheduler, "allowed_failures", 0)  # by default the fourth worker that dies is the last
    elsewhere = Workers(scheduler=cluster.scheduler_address)
    with pytest.raises(InputError, match=r"t\.csv: too few areas\. Give more"):
        ensemble.run_batches(_break, "refused", range(6), elsewhere)
    with pytest.raises(ensemble.WorkersError, match=r"MemoryError: no room for the draws.*same versions"):
        ensemble.run_batches(_break, "fails", range(6), elsewhere)
    with pytest.raises(ensemble.WorkersError, match=r"KilledWorker.*its log says more"):
        ensemble.run_batches(_break, "dies", range(6), elsewhere)
    assert ensemble.run_batches(_break, "fails", [0, 1, 2], elsewhere) == [0, 1, 2]


def test_the_reason_reaches_the_user_from_a_process_of_this_machine():
    with pytest.raises(ensemble.WorkersError, match=r"a process of this machine.*MemoryError: no room"):
        ensemble.run_batches(_break, "fails", range(6), Workers(threads=2, kind="processes"))


def test_a_worker_that_fails_makes_no_other_release(tmp_path, monkeypatch):
    """A table too small for structure is a note in a release; a worker that failed on it is not."""
    table, method = table_of(tmp_path)
    method = replace(method, clusters=replace(method.clusters, structure=StructureRule(clouds=5)))

    def fail(*_, **__):
        raise ensemble.WorkersError(Fault("a worker failed", "--scheduler tcp://x", hint="Look."))

    monkeypatch.setattr("regso_cluster.classification.classify.assess_structure", fail)
    with pytest.raises(InputError, match="a worker failed"):
        classify(table, method, year=2024)


def _which_process(shared, batch):
    return os.getpid()


def test_a_cluster_of_one_worker_does_the_work_itself():
    with local_cluster(1) as alone:
        elsewhere = Workers(scheduler=alone.scheduler_address)
        assert os.getpid() not in ensemble.run_batches(_which_process, None, range(3), elsewhere)


@pytest.mark.parametrize(
    "address", ["nonsense", "http://127.0.0.1:80", "tcp://127.0.0.1", "tcp://", "tcp://no-such-host.invalid:1"]
)
def test_what_is_no_address_is_refused_at_once(address, monkeypatch):
    # a client that was never connected would wait for 20 seconds, and complain when it is thrown away
    monkeypatch.setattr("distributed.Client", lambda *_, **__: pytest.fail("asked for a client"))
    with pytest.raises(InputError, match="the scheduler printed"), connect(address):
        pass


def test_nobody_at_the_address(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    monkeypatch.setattr("distributed.Client", lambda *_, **__: (_ for _ in ()).throw(TimeoutError("nobody")))
    with pytest.raises(InputError, match="the scheduler printed"), connect(f"tcp://127.0.0.1:{port}"):
        pass
