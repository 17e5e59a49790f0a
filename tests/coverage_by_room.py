"""Sum the coverage of a test run by room: `make coverage`, which writes `.coverage` first.

Counted are statements and branches that ran in the processes of the tests; what a test starts as a process of its own
is not seen. Kernels are left out: they are compiled, and Python's tracer sees nothing of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any


@dataclass(frozen=True)
class Covered:
    """Statements and branches of one room: how many there are, how many ran."""

    room: str
    statements: int
    run: int
    branches: int
    taken: int

    @property
    def percent(self) -> float:
        """Statements and branches together, as coverage counts."""
        total = self.statements + self.branches
        return 100 * (self.run + self.taken) / total if total else 100.0


def sum_rooms(report: dict[str, Any]) -> list[Covered]:
    """Sum a report of `coverage json` by room, the least covered first; a module beside the rooms is one."""
    found: dict[str, list[int]] = {}
    for name, file in report["files"].items():
        parts = PurePosixPath(name.replace("\\", "/")).parts
        room = parts[parts.index("regso_cluster") + 1].removesuffix(".py")
        row, summary = found.setdefault(room, [0, 0, 0, 0]), file["summary"]
        for at, key in enumerate(("num_statements", "covered_lines", "num_branches", "covered_branches")):
            row[at] += summary[key]
    return sorted((Covered(room, *numbers) for room, numbers in found.items()), key=lambda one: (one.percent, one.room))


def write_table(rooms: Iterable[Covered]) -> str:
    """Write a row a room and a last row of all."""
    rooms = list(rooms)
    total = [sum(getattr(one, part) for one in rooms) for part in ("statements", "run", "branches", "taken")]
    lines = [f"{'room':<16}{'statements':>12}{'run':>8}{'branches':>10}{'taken':>8}{'per cent':>10}"]
    lines += [
        f"{one.room:<16}{one.statements:>12,}{one.run:>8,}{one.branches:>10,}{one.taken:>8,}{one.percent:>10.1f}"
        for one in [*rooms, Covered("all", *total)]
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "coverage.json"
        subprocess.run([sys.executable, "-m", "coverage", "json", "--quiet", "-o", str(out)], check=True)
        print(write_table(sum_rooms(json.loads(out.read_text("utf-8")))))
