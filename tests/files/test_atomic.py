"""Files that are written whole or not at all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from regso_cluster.classification.classify import classify
from regso_cluster.factors.tables import read_factors
from regso_cluster.files import atomic as writing
from regso_cluster.files.atomic import json_text, whole_file, whole_folder
from regso_cluster.method import parse_method
from regso_cluster.release.model import hash_manifest, verify_release
from regso_cluster.release.write import write_release
from regso_cluster.studies.structure import assess_release, write_structure
from tests.tables import METHOD


def test_a_file_is_moved_into_place_and_replaces_an_earlier_one(tmp_path):
    out = tmp_path / "new" / "table.csv"
    for text in ("first", "second"):
        with whole_file(out) as partial:
            assert partial.name == out.name  # writers go by the ending
            assert partial != out
            partial.write_text(text)
            assert not out.exists() or out.read_text() == "first"
        assert out.read_text() == text
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_after_an_error_the_file_is_as_it_was_and_nothing_is_left(tmp_path, error):
    out = tmp_path / "table.csv"
    out.write_text("first")

    def fail():
        with whole_file(out) as partial:
            partial.write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert out.read_text() == "first"
    assert list(tmp_path.iterdir()) == [out]


def test_with_nothing_written_the_file_is_as_it_was(tmp_path):
    out = tmp_path / "table.csv"
    out.write_text("first")
    with pytest.raises(FileNotFoundError), whole_file(out):
        pass
    assert out.read_text() == "first"
    assert list(tmp_path.iterdir()) == [out]


def test_what_is_to_last_reaches_the_disk_before_the_move(tmp_path, monkeypatch):
    out, flushed = tmp_path / "kept.json", []
    monkeypatch.setattr(os, "fsync", lambda handle: flushed.append((os.fstat(handle).st_size, out.exists())))
    for lasting in (False, True):
        with whole_file(out.with_name(f"{lasting}.json"), lasting=lasting) as partial:
            partial.write_text("12345")
    assert flushed == [(5, False)]


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_the_file_has_the_permissions_of_any_other(tmp_path):
    with whole_file(tmp_path / "kept.json", lasting=True) as partial:
        partial.write_text("1")
    (tmp_path / "other").write_text("1")
    assert (tmp_path / "kept.json").stat().st_mode == (tmp_path / "other").stat().st_mode


def strictly(text):
    """Read JSON as JavaScript does: NaN and Infinity are no JSON."""

    def refuse(word):
        raise AssertionError(f"no JSON: {word}")

    return json.loads(text, parse_constant=refuse)


def test_json_has_no_nan():
    said = {"a": float("nan"), "b": [float("inf"), np.float64("nan"), 1.5], "c": ({"d": -float("inf")},), "e": None}
    assert strictly(json_text(said)) == {"a": None, "b": [None, None, 1.5], "c": [{"d": None}], "e": None}
    assert json_text({"smallest": 3.0}, indent=2) == '{\n  "smallest": 3.0\n}'


STRUCTURE = """
[clusters]
n_clusters = 2
weighting = "areas"
[clusters.structure]
most = 3
clouds = 5
resamples = 2
splits = 2
"""


def test_a_manifest_without_residents_is_valid_json(tmp_path):
    text = METHOD.replace('coverage = "partial"', 'areas = "own"').replace('population = "population"\n', "")
    using = parse_method(text + STRUCTURE)
    made = np.random.default_rng(0)
    frame = pd.DataFrame({
        "regso": [f"A{i:03}" for i in range(60)], "poor_n": made.integers(5, 90, 60), "poor_d": 100,
        "voted_pct": made.uniform(60, 95, 60).round(1),
    })  # fmt: skip
    frame.to_csv(tmp_path / "t.csv", index=False)
    table = read_factors(tmp_path / "t.csv", using)
    release = write_release(classify(table, using, year=2024), tmp_path / "r")
    told = strictly((release.path / "manifest.json").read_text("utf-8"))
    by_k = told["figures"]["clusters"]["structure"]["by_k"]
    assert [one["smallest"] for one in by_k.values()] == [None, None]
    assert verify_release(release.path) == []
    found = assess_release(table, using)
    write_structure(found, tmp_path / "s", synthetic=False)
    strictly((tmp_path / "s" / "structure.json").read_text("utf-8"))
    # a release of an earlier version holds NaN, and its own hash was made with it: it is read and verified as before
    old = json.loads((release.path / "manifest.json").read_text("utf-8"))
    for one in old["figures"]["clusters"]["structure"]["by_k"].values():
        one["smallest"] = float("nan")
    old["manifest_sha256"] = hash_manifest(old)
    (release.path / "manifest.json").write_text(json.dumps(old), "utf-8")
    assert "NaN" in (release.path / "manifest.json").read_text("utf-8")
    assert verify_release(release.path) == []


WRITES = """
import sys, time
from pathlib import Path
from regso_cluster.files.atomic import whole_file, whole_folder
kind, out = sys.argv[1:3]
with whole_file(Path(out)) if kind == "file" else whole_folder(out, "release") as partial:
    (partial if kind == "file" else partial / "areas.csv").write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""


def start_writing(kind, out):
    run = subprocess.Popen([sys.executable, "-c", WRITES, kind, str(out)], stdout=subprocess.PIPE, text=True)
    assert run.stdout.readline() == "writing\n"
    return run


def stop(run, how=signal.SIGKILL):
    run.send_signal(how)
    run.wait(20)
    run.stdout.close()


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_the_next_run_clears_what_a_killed_run_left_and_leaves_a_neighbour_alone(tmp_path, kind):
    out = tmp_path / "out"
    killed, neighbour = start_writing(kind, out), start_writing(kind, out)
    try:
        stop(killed)
        assert len(list(tmp_path.iterdir())) == 2
        with whole_file(tmp_path / "another.csv") as partial:
            partial.write_text("whole")
        left = [path.name for path in tmp_path.iterdir() if path.name != "another.csv"]
        assert len(left) == 1  # the living neighbour's
        assert left[0].startswith(".out.partial-")
    finally:
        stop(neighbour)
    with whole_file(tmp_path / "another.csv") as partial:
        partial.write_text("whole")
    assert [path.name for path in tmp_path.iterdir()] == ["another.csv"]


def test_a_process_id_that_returns_meets_no_leftover(tmp_path, monkeypatch):
    """In a container each run may be process 1: an early version then found `.out.partial-1` and stopped."""
    monkeypatch.setattr(os, "getpid", lambda: 1)
    (tmp_path / ".out.partial-1").mkdir()
    (tmp_path / ".out.partial-1" / "areas.csv").write_text("half")
    with whole_folder(tmp_path / "out", "release") as partial:
        (partial / "areas.csv").write_text("whole")
    assert (tmp_path / "out" / "areas.csv").read_text() == "whole"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["areas.csv"]  # no lock moved along


def leftover(tmp_path, machine, hours):
    folder = tmp_path / f".out.csv.partial-{machine.decode()}"
    folder.mkdir()
    (folder / writing._LOCK).write_bytes(machine)
    (folder / "out.csv").write_text("half")
    os.utime(folder, (time.time() - hours * 3600,) * 2)
    return folder


@pytest.mark.skipif(os.name == "nt", reason="locks of POSIX")
def test_leftovers_of_another_machine_wait_a_day(tmp_path):
    """On a shared disk a free lock may be one that this machine cannot see."""
    fresh, old = leftover(tmp_path, b"other", 1), leftover(tmp_path, b"older", 25)
    with whole_file(tmp_path / "out.csv") as partial:
        partial.write_text("whole")
    assert fresh.is_dir()
    assert not old.exists()


@pytest.mark.skipif(os.name == "nt", reason="symlinks")
def test_only_working_folders_are_cleared(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / writing._LOCK).write_bytes(writing._machine())
    (tmp_path / ".x.partial-1").symlink_to(elsewhere)
    (tmp_path / ".y.partial-1").mkdir()  # of another program: no lock of ours, another name
    (tmp_path / ".z.partial-1").write_text("a file")
    with whole_file(tmp_path / "out.csv") as partial:
        partial.write_text("whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".x.partial-1", ".y.partial-1", ".z.partial-1", "elsewhere", "out.csv",
    ]  # fmt: skip
    assert elsewhere.is_dir()


def test_the_longest_name_that_a_disk_takes_can_be_written(tmp_path):
    out = tmp_path / ("å" * 125 + ".csv")  # 254 bytes
    with whole_file(out) as partial:
        partial.write_text("whole")
    assert list(tmp_path.iterdir()) == [out]
