"""Count a register of made-up persons, out of core: seconds and peak memory. SYNTHETIC: no person in it is real.

    python benchmarks/registers.py [--persons 10000000] [--threads 2]

Writes the register to a temporary folder (about 120 MB for ten million persons), counts it in a process of its own
and prints one line. Not part of run.py: it has no peer, and what counts is the memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

DEFINITION = """
area = "regso"
year = "year"
synthetic = true

[[factors]]
key = "benefits"
denominator = [{ column = "age", at_least = 20, at_most = 64 }]
numerator = [{ column = "assistance", above = 0 }]

[[factors]]
key = "employed"
denominator = [{ column = "age", at_least = 20, at_most = 64 }]
numerator = [{ column = "employed", equals = true }]

[[factors]]
key = "crowded"
numerator = [{ column = "persons_per_room", above = 2.0 }]

[[factors]]
key = "school"
denominator = [{ column = "age", equals = 16 }]
numerator = [{ column = "eligible", equals = true }]
"""
FILES = 20


def make(folder: Path, persons: int) -> None:
    """Write two years of persons in FILES files a year."""
    from regso_cluster.areas.editions import code_set

    codes = np.array(code_set(2025))
    for year in (2023, 2024):
        for number in range(FILES):
            random = np.random.default_rng([year, number])
            n = persons // FILES
            frame = pd.DataFrame(
                {
                    "person": np.arange(n, dtype=np.int64) + number * n,
                    "regso": pd.Categorical.from_codes(random.integers(0, len(codes), n), codes),
                    "age": random.integers(0, 100, n).astype(np.int16),
                    "assistance": np.where(random.random(n) < 0.05, random.gamma(2, 3e4, n), 0.0),
                    "employed": random.random(n) < 0.75,
                    "persons_per_room": random.gamma(4, 0.25, n).astype(np.float32),
                    "eligible": random.random(n) < 0.85,
                    "income": random.gamma(3, 1e5, n),
                }
            )
            target = folder / f"year={year}"
            target.mkdir(parents=True, exist_ok=True)
            frame.assign(regso=frame["regso"].astype(str)).to_parquet(target / f"part-{number:02}.parquet", index=False)


def count(folder: Path, threads: int) -> None:
    """Count one year, and print what it took."""
    from regso_cluster.factors.register_definition import load_definition
    from regso_cluster.factors.registers import count_persons

    definition = folder / "definition.toml"
    started = time.perf_counter()
    counted = count_persons(folder / "persons", load_definition(definition), year=2024, edition=2025, threads=threads)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    taken = time.perf_counter() - started
    print(json.dumps({"persons": counted.persons, "areas": len(counted.table), "threads": threads,
                      "seconds": round(taken, 2), "peak_gib": round(peak, 2)}))  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", type=int, default=10_000_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--count", type=Path, help="count a register made before; for the process of its own")
    arguments = parser.parse_args()
    if arguments.count:
        count(arguments.count, arguments.threads)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder / "persons", arguments.persons)
        (folder / "definition.toml").write_text(DEFINITION)
        command = [sys.executable, __file__, "--count", str(folder), "--threads", str(arguments.threads)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
