"""Time contenders side by side: alternately, medians, with the quality reached and the memory used.

A file `bench_<topic>.py` gives `cases(sizes)`. One process per number of threads runs all cases of a topic.
"""

from __future__ import annotations

import ctypes
import gc
import importlib.metadata
import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

PEERS = (
    "numpy", "scipy", "numba", "scikit-learn", "scikit-learn-intelex", "faiss-cpu", "kmedoids", "fastcluster",
    "genieclust", "geopandas", "gower", "mapclassify", "spopt", "pygeoda", "libpysal", "regso-cluster", "shapely",
)  # fmt: skip
BURST = 0.02  # seconds: shorter runs are repeated within a turn, so that no contender is timed on a cold start alone
SLOW = 6.0  # seconds for one contender of one case; beyond it, fewer repeats, and the record says how many


@dataclass(frozen=True)
class Contender:
    """One way to do a job.

    name : "regso_cluster" for ours, else the peer's
    run : does the job once and gives its result; an ImportError means that the peer is absent
    quality : turns the result into a number, e.g. the objective; not timed
    note : what is not alike, e.g. "no weights"
    seconds : takes the time from the result, for a run that times a part of itself
    """

    name: str
    run: Callable[[], Any]
    quality: Callable[[Any], float] | None = None
    note: str = ""
    seconds: Callable[[Any], float] | None = None


@dataclass(frozen=True)
class Case:
    """One job at one size, done by several contenders, ours first."""

    job: str
    size: str
    contenders: tuple[Contender, ...]
    repeats: int = 5


def shape(size: str) -> tuple[int, int]:
    """Read "3363x6"."""
    n, p = size.split("x")
    return int(n), int(p)


def data(size: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Make a table X (n, p), C-contiguous float64, and weights (n,).

    SYNTHETIC: correlated factors with heavy tails (Student t, 4 degrees of freedom), twelve planted profiles
    that overlap, standardised; weights log-normal around 3,000 residents, whole numbers.
    """
    n, p = shape(size)
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, n, p])))
    profiles = 1.2 * random.standard_normal((12, p))
    mixing = 0.6 * np.eye(p) + 0.4 * random.standard_normal((p, p)) / np.sqrt(p)
    chosen = random.choice(12, size=n, p=np.arange(12, 0, -1) / 78)
    X = np.empty((n, p))
    for begin in range(0, n, 100_000):  # in parts: a million rows need no second table
        rows = slice(begin, min(begin + 100_000, n))
        X[rows] = random.standard_t(4, size=(rows.stop - begin, p)) @ mixing + profiles[chosen[rows]]
    X -= X.mean(axis=0)
    X /= X.std(axis=0)
    return X, np.rint(random.lognormal(8.0, 0.35, n)) + 1.0


def threads() -> int:
    """Give the number of threads this process is to use (`run.py` sets it for every library)."""
    return int(os.environ.get("BENCH_THREADS", "1"))


def measure(cases: Iterator[Case] | Sequence[Case], say: Callable[[str], None] = print) -> list[dict[str, Any]]:
    """Run cases and give one record for each contender."""
    return [record for case in cases for record in _measure_case(case, say)]


def _warm_up(case: Case, contender: Contender) -> tuple[dict[str, Any], float]:
    """Run once (JIT, caches; not counted). Gives the record with the quality, and the seconds taken."""
    record: dict[str, Any] = {
        "job": case.job,
        "size": case.size,
        "threads": threads(),
        "name": contender.name,
        "status": "ran",
    }
    if contender.note:
        record["note"] = contender.note
    started = time.perf_counter()
    try:
        result = contender.run()
    except ImportError as error:
        record["status"] = f"absent: {error.name}"
    except Exception as error:  # noqa: BLE001  a peer that fails is a finding, not the end of the run
        record["status"] = f"failed: {type(error).__name__}: {error}"[:200]
    taken = time.perf_counter() - started
    if record["status"] == "ran" and contender.quality is not None:
        record["quality"] = float(contender.quality(result))
    return record, taken


def _measure_case(case: Case, say: Callable[[str], None]) -> list[dict[str, Any]]:
    warm = [(contender, *_warm_up(case, contender)) for contender in case.contenders]
    ready = [entry for entry in warm if entry[1]["status"] == "ran"]
    rounds = [max(first < 5 * SLOW, min(case.repeats, int(SLOW / max(first, 1e-9)))) for _, _, first in ready]
    bursts = [_calls(contender, first) for contender, _, first in ready]
    # a first run beyond half a minute counts: what warming up costs is lost in it
    processor: list[list[float]] = [[] for _ in ready]
    times: list[list[float]] = [[] if turns else [first] for turns, (_, _, first) in zip(rounds, ready, strict=True)]
    for turn in range(case.repeats):  # A B C A B C ...: a disturbance meets all
        for place, (contender, _, _) in enumerate(ready):
            if turn < rounds[place]:
                calls = bursts[place]
                gc.collect()
                started, used = time.perf_counter(), time.process_time()
                for _ in range(calls):
                    result = contender.run()
                taken = (time.perf_counter() - started) / calls
                processor[place].append((time.process_time() - used) / calls)
                times[place].append(taken if contender.seconds is None else contender.seconds(result))
    for (contender, record, first), taken, used, calls in zip(ready, times, processor, bursts, strict=True):
        record.update(seconds=median(taken), low=min(taken), high=max(taken), repeats=len(taken), calls=calls)
        if used:  # what the processors did for it: tells a busy machine (less) and spinning threads (more)
            record["processor_seconds"] = median(used)
        if first < SLOW / 4:
            record["peak_mb"] = peak_memory(contender.run)
    records = [record for _, record, _ in warm]
    for record in records:
        say(describe(record))
    return records


def _calls(contender: Contender, first: float) -> int:
    """Give the number of calls in a turn: as many as fill `BURST`, told by a second run when the first was short."""
    if contender.seconds is not None or first > 2.0:
        return 1
    started = time.perf_counter()
    contender.run()
    return max(1, min(200, int(BURST / max(time.perf_counter() - started, 1e-6))))


def describe(record: dict[str, Any]) -> str:
    """Put a record into one line."""
    head = f"{record['job']:<44} {record['size']:>11} {record['threads']}T {record['name']:<22}"
    if record["status"] != "ran":
        return f"{head} {record['status']}"
    quality = f"  {record['quality']:.10g}" if "quality" in record else ""
    memory = f"  {record['peak_mb']:.0f} MB" if "peak_mb" in record else ""
    return f"{head} {1000 * record['seconds']:12.3f} ms{memory}{quality}"


def peak_memory(run: Callable[[], Any]) -> float | None:
    """Give the peak of resident memory during a call above that before it, in MB; None where not told."""
    gc.collect()
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
        before = _status("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")  # resets the high-water mark
        result = run()
        peak = _status("VmHWM")
    except OSError:
        return None
    del result
    return max(0.0, (peak - before) / 1024)


def _status(field: str) -> int:
    """Read a number of kB from the process status."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    raise OSError(field)


def machine() -> dict[str, Any]:
    """Tell what the numbers were measured on; no names of hosts."""
    model = platform.processor()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    versions = {}
    for name in PEERS:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "absent"
    if versions["regso-cluster"] == "absent":  # run from a source tree, not installed
        import regso_cluster

        versions["regso-cluster"] = regso_cluster.__version__
    return {
        "processor": model,
        "processors": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "system": platform.system(),
        "versions": versions,
    }
