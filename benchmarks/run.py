"""Run benchmarks: `python benchmarks/run.py [TOPIC ...] --size 3363x6 --threads 1 --threads 2`.

Each topic and number of threads gets a fresh process. Results: benchmarks/results/<topic>.json.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
SIZES = ("3363x6", "3363x30", "6160x12", "100000x12", "1000000x12")
POOLS = ("OMP", "OPENBLAS", "MKL", "NUMBA", "NUMEXPR", "RAYON")


def topics() -> list[str]:
    """List what can be run: every bench_<topic>.py beside this file."""
    return sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def worker(topic: str, sizes: list[str], jobs: list[str], out: Path) -> None:
    """Measure one topic in this process."""
    sys.path.insert(0, str(HERE))
    import harness

    cases = importlib.import_module(f"bench_{topic}").cases(sizes)
    chosen = (case for case in cases if not jobs or any(job in case.job for job in jobs))
    records = harness.measure(chosen, lambda line: print(line, flush=True))
    out.write_text(json.dumps({"machine": harness.machine(), "records": records}))


def spawn(topic: str, sizes: list[str], jobs: list[str], threads: int) -> dict:
    """Measure one topic in a process of its own whose libraries all use the given number of threads."""
    environment = dict(os.environ, BENCH_THREADS=str(threads))
    environment.update({f"{pool}_NUM_THREADS": str(threads) for pool in POOLS})
    options = [f"--size={size}" for size in sizes] + [f"--job={job}" for job in jobs]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        subprocess.run(
            [sys.executable, __file__, "--worker", str(out), topic, *options],
            env=environment,
            check=True,
        )
        return json.loads(out.read_text())


def keep(topic: str, new: list[dict]) -> None:
    """Write results/<topic>.json; records of jobs, sizes and threads that were not run again stay."""
    path = HERE / "results" / f"{topic}.json"
    path.parent.mkdir(exist_ok=True)
    records = json.loads(path.read_text())["records"] if path.exists() else []
    fresh = [record for part in new for record in part["records"]]
    again = {(record["job"], record["size"], record["threads"]) for record in fresh}
    records = [record for record in records if (record["job"], record["size"], record["threads"]) not in again] + fresh
    text = json.dumps({"topic": topic, "machine": new[-1]["machine"], "records": records}, indent=1)
    path.write_text(text + "\n")


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help=f"of {', '.join(topics())}; default all but *_long")
    parser.add_argument("--size", action="append", help=f"rows x factors, several allowed; default {' '.join(SIZES)}")
    parser.add_argument("--job", action="append", default=[], help="only jobs whose name holds this text")
    parser.add_argument("--threads", action="append", type=int, help="several allowed; default 1 and 2")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    chosen = arguments.topics or [topic for topic in topics() if not topic.endswith("_long")]
    unknown = set(chosen) - set(topics())
    if unknown:
        parser.error(f"unknown topic {', '.join(sorted(unknown))}; there are {', '.join(topics())}")
    sizes = arguments.size or list(SIZES)
    if arguments.worker:
        worker(chosen[0], sizes, arguments.job, arguments.worker)
        return
    for topic in chosen:
        for size in sizes:  # kept size by size: an interrupted run loses little
            counts = arguments.threads or (1, 2)
            keep(topic, [spawn(topic, [size], arguments.job, threads) for threads in counts])


if __name__ == "__main__":
    main()
