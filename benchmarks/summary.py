"""Put the goals beside what was reached: `python benchmarks/summary.py` writes docs/speed.md and docs/speed.svg.

Reads results/*.json, measures nothing. A ratio is the peer's median time over ours, in one run, contenders in turn.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tables import OURS, duration

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"
SMALL = ("3363x6", "3363x30", "6160x12")
LARGE = ("1000000x12",)


@dataclass(frozen=True)
class Goal:
    """A ratio to reach.

    topic, job : where it is measured
    sizes, at_least : one ratio for each size
    peers : the peers that count, by the beginning of their names; empty: the fastest of all
    ours : which of our contenders
    """

    topic: str
    job: str
    at_least: tuple[float, ...]
    sizes: tuple[str, ...] = SMALL
    peers: tuple[str, ...] = ()
    ours: str = OURS


RESTARTS = "regso_cluster, 10,000 restarts"
GOALS = (
    Goal("kmeans_long", "against 10,000 restarts, k=8", (100, 0, 0), peers=("scikit-learn",)),
    Goal("kmeans_long", "against 10,000 restarts, k=15", (100, 0, 0), peers=("scikit-learn",)),
    Goal("kmeans_long", "against 10,000 restarts, k=8", (8, 4, 6), peers=("scikit-learn",), ours=RESTARTS),
    Goal("kmeans", "one Lloyd iteration, k=8", (2,), LARGE),
    Goal("distance", "distances into a given array", (7, 7, 7), peers=("scipy",)),
    Goal("distance", "Gower, 5 % missing (quality: share of NaN)", (15, 15, 15), peers=("gower", "numpy")),
    Goal("silhouette", "silhouette", (30, 10, 20), peers=("scikit-learn",)),
    Goal("silhouette", "10 silhouettes of squared distances", (200, 200, 200), peers=("scikit-learn",)),
    Goal("linkage", "Ward (quality: within sum of squares, k = 8)", (4, 2, 4), peers=("fastcluster",)),
    Goal("linkage", "average linkage, from rows (quality: sum of heights)", (1.7,) * 3, peers=("fastcluster",)),
    Goal("linkage", "complete linkage, from rows (quality: sum of heights)", (1.7,) * 3, peers=("fastcluster",)),
    Goal("kmedoids", "k-medoids, 20 starts, k = 8 (quality: mean loss)", (10, 10, 10), peers=("kmedoids",)),
    Goal("breaks", "10 natural breaks, k=5", (50, 50, 50), peers=("mapclassify",)),
    Goal("contiguity", "SKATER, 8 regions", (100, 100, 100), peers=("pygeoda",)),
    Goal("contiguity", "Ward under contiguity, 8 regions", (10, 10, 10)),
    Goal("contiguity", "REDCAP ward, 8 regions", (5, 5, 5), peers=("pygeoda",)),
    Goal("partitions", "adjusted Rand index, 100 calls of one pair", (50, 50, 50), peers=("scikit-learn",)),
)


@dataclass(frozen=True)
class Limit:
    """Seconds not to be passed, at 3,363 x 6."""

    topic: str
    job: str
    at_most: float
    ours: str = OURS


LIMITS = (
    Limit("certainty", "ranks and 90 % intervals, 10,000 weight draws", 0.3),
    Limit("certainty", "10,000 posterior draws, all labels and intervals", 6),
    Limit("structure", "1000 bootstrap k-means, k=8, matched and compared", 2),
    Limit("structure", "gap statistic, 50 references, k=2..15", 1.5),
    Limit("structure", "sensitivity study, 1024 runs, 8 groups", 120),
)


@dataclass(frozen=True)
class Line:
    """One goal at one size, with what was measured."""

    goal: Goal
    size: str
    at_least: float
    ours: dict[str, Any]
    peer: dict[str, Any]

    @property
    def what(self) -> str:
        """The job, and whether ours did as many restarts."""
        return self.goal.job.replace("against", "as many" if self.goal.ours == RESTARTS else "against")

    @property
    def ratio(self) -> float:
        """Times as fast as the peer."""
        return float(self.peer["seconds"] / self.ours["seconds"])


def lines(threads: int = 2) -> Iterator[Line]:
    """Look every goal up; a job that was not measured is an error, not a gap."""
    for goal in GOALS:
        records = json.loads((HERE / "results" / f"{goal.topic}.json").read_text())["records"]
        for size, at_least in zip(goal.sizes, goal.at_least, strict=True):
            group = [r for r in records if (r["job"], r["size"], r["threads"]) == (goal.job, size, threads)]
            ran = [r for r in group if "seconds" in r]
            ours = next((r for r in ran if r["name"] == goal.ours), None)
            peers = [r for r in ran if not r["name"].startswith(OURS)]
            if goal.peers:
                peers = [r for r in peers if r["name"].startswith(goal.peers)]
            if ours is None or not peers:
                raise SystemExit(f"not measured: {goal.topic}, {goal.job}, {size}, {threads} threads: {group}")
            yield Line(goal, size, at_least, ours, min(peers, key=lambda r: r["seconds"]))


def table(found: list[Line]) -> str:
    """Write a row for each goal and size."""
    rows = ["| job | size | ours | fastest peer that counts | ratio | goal | quality, ours / peer |", "|" + "---|" * 7]
    for line in found:
        quality = " / ".join(f"{r['quality']:.8g}" if "quality" in r else "-" for r in (line.ours, line.peer))
        goal = (
            f"{line.at_least:g}" + ("" if line.ratio >= line.at_least else " **not reached**") if line.at_least else ""
        )
        rows.append(
            f"| {line.what} | {line.size.replace('x', ' x ')} | {duration(line.ours['seconds'])} "
            f"| {line.peer['name']}, {duration(line.peer['seconds'])} | {line.ratio:.3g} | {goal} | {quality} |"
        )
    return "\n".join(rows) + "\n"


def limits(threads: int = 2) -> str:
    """Write a row for each limit: ours, the limit, and the fastest peer where there is one."""
    rows = ["| job | ours | limit | fastest peer | quality, ours / peer |", "|" + "---|" * 5]
    for limit in LIMITS:
        records = json.loads((HERE / "results" / f"{limit.topic}.json").read_text())["records"]
        group = [r for r in records if (r["job"], r["size"], r["threads"]) == (limit.job, SMALL[0], threads)]
        ours = next((r for r in group if r["name"] == limit.ours and "seconds" in r), None)
        if ours is None:
            raise SystemExit(f"not measured: {limit.topic}, {limit.job}, {threads} threads")
        peers = [r for r in group if not r["name"].startswith(OURS) and "seconds" in r]
        peer = min(peers, key=lambda r: r["seconds"], default=None)
        beside = f"{peer['name']}, {duration(peer['seconds'])}" if peer else ""
        quality = " / ".join(f"{r['quality']:.6g}" for r in (ours, peer) if r) if peer else ""
        missed = "" if ours["seconds"] <= limit.at_most else " **not reached**"
        rows.append(
            f"| {limit.job} | {duration(ours['seconds'])} | {limit.at_most:g} s{missed} | {beside} | {quality} |"
        )
    return "\n".join(rows) + "\n"


def plot(found: list[Line], path: Path) -> None:
    """Draw the ratios on a logarithmic axis, a mark for each goal."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = OURS
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(9, 0.24 * len(found) + 1.2))
    places = range(len(found), 0, -1)
    axis.barh(places, [line.ratio for line in found], color="#2b6c8f", height=0.62)
    for place, line in zip(places, found, strict=True):
        if line.at_least:
            axis.plot([line.at_least] * 2, [place - 0.42, place + 0.42], color="#c2410c", linewidth=2)
    labels = [f"{line.what.split(' (quality')[0]}, {line.size.replace('x', ' x ')}" for line in found]
    axis.set_yticks(list(places), labels, fontsize=7)
    axis.set_xscale("log")
    axis.set_xlim(left=1)
    axis.set_ylim(0.3, len(found) + 0.7)
    axis.set_xlabel("times as fast as the peer, two threads (orange: the goal)")
    axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    """Write the two files."""
    found = list(lines())
    machine = json.loads((HERE / "results" / "kmeans.json").read_text())["machine"]
    text = f"""# Speed, with the quality reached

Made by `benchmarks/summary.py` from `benchmarks/results/`: {machine["processor"]}, two threads, medians,
contenders in turn in one run on synthetic tables (residents as weights where a peer takes any).
More jobs, sizes, memory, one thread and growth: [`benchmarks/results`](../benchmarks/results).
Where the time goes and what did not help: [`benchmarks/README.md`](../benchmarks/README.md).

![Ratios to peers](speed.svg)

{table(found)}
## How sure, and are there groups: limits in seconds

At 3,363 x 6; what each contender does stands in [`certainty.md`](../benchmarks/results/certainty.md) and
[`structure.md`](../benchmarks/results/structure.md).
The posterior draws were measured on a slower day than the other rows: numpy took 37 s for its job, and 26 s on the
day of the others.

{limits()}"""
    (DOCS / "speed.md").write_text(text)
    plot(found, DOCS / "speed.svg")


if __name__ == "__main__":
    main()
