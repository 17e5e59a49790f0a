from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from regso_cluster.parallel import Workers, run_as_done, run_batches


def tell_and_wait(folder, number):
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(60)
    return number


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_processes_end_soon_after_a_killed_parent(tmp_path):
    code = f"from tests.test_parallel import main; main({str(tmp_path)!r})"
    parent = subprocess.Popen(
        [sys.executable, "-c", code], cwd=Path(__file__).parent.parent, stderr=subprocess.PIPE, text=True
    )
    try:
        until = time.monotonic() + 60
        while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < until:
            time.sleep(0.1)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    workers = [int(path.name) for path in tmp_path.iterdir()]
    assert len(workers) == 2
    until = time.monotonic() + 15
    while any(map(alive, workers)) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(map(alive, workers))
    # what is cleared away of the killed one is no news to whoever killed it
    assert "leaked" not in parent.communicate(timeout=30)[1]


def main(folder):
    run_batches(tell_and_wait, folder, [0, 1], Workers(threads=2, kind="processes"))


def same(_, number):
    time.sleep(0.05)
    return number


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_results_that_nobody_wants_any_more_are_dropped_in_silence(kind):
    results = run_as_done(same, None, range(20), Workers(threads=2, kind=kind))
    number, result = next(results)
    assert number == result
    results.close()
