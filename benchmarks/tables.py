"""Turn results/<topic>.json into a table and a plot: `python benchmarks/tables.py [TOPIC ...]`."""

from __future__ import annotations

import argparse
import json
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
OURS = "regso_cluster"


def cases(records: list[dict[str, Any]]) -> dict[tuple[str, str, int], list[dict[str, Any]]]:
    """Group records by job, size and threads, in the order of the file."""
    grouped = defaultdict(list)
    for record in records:
        grouped[record["job"], record["size"], record["threads"]].append(record)
    return dict(grouped)


def duration(seconds: float) -> str:
    """Write a time with three digits."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1 or unit == "µs":
            return f"{seconds * factor:.3g} {unit}"
    raise AssertionError


def ratio(ours: dict[str, Any] | None, record: dict[str, Any], key: str) -> str:
    """Tell how many times as long a peer takes."""
    if ours is None or record is ours or key not in record or key not in ours:
        return ""
    return f"{record[key] / ours[key]:.1f}"


def table(records: list[dict[str, Any]]) -> str:
    """Write one row for each contender of each case; ratios are of the peer to ours."""
    lines = [
        "| job | size | threads | contender | time | ratio | processor | ratio | memory | quality | note |",
        "|" + "---|" * 11,
    ]
    for (job, size, threads), group in cases(records).items():
        ours = next((record for record in group if record["name"] == OURS and "seconds" in record), None)
        for record in group:
            head = f"| {job} | {size} | {threads} | {record['name']} "
            if "seconds" not in record:
                lines.append(f"{head}| {record['status']} | | | | | | |")
                continue
            used = duration(record["processor_seconds"]) if "processor_seconds" in record else ""
            peak = f"{record['peak_mb']:.0f} MB" if record.get("peak_mb") is not None else ""
            quality = f"{record['quality']:.10g}" if "quality" in record else ""
            lines.append(
                f"{head}| {duration(record['seconds'])} | {ratio(ours, record, 'seconds')} | {used} "
                f"| {ratio(ours, record, 'processor_seconds')} | {peak} | {quality} "
                f"| {record.get('note', '')} |"
            )
    return "\n".join(lines) + "\n"


def growth(records: list[dict[str, Any]]) -> dict[tuple[str, int, str], tuple[list[int], list[float], float]]:
    """Fit time = a n^b for each contender with three or more numbers of rows at one number of factors.

    Returns (job, threads, "name, p factors"): rows, seconds, b.
    """
    series = defaultdict(list)
    for record in records:
        if record.get("seconds", 0) > 0:  # an iteration too short to tell from noise is a difference below 0
            n, p = map(int, record["size"].split("x"))
            name = f"{record['name']}, {p} factors"
            series[record["job"], record["threads"], name].append((n, record["seconds"]))
    fitted = {}
    for key, points in series.items():
        points.sort()
        rows, seconds = [n for n, _ in points], [s for _, s in points]
        if len(set(rows)) >= 3:
            fitted[key] = rows, seconds, float(np.polyfit(np.log(rows), np.log(seconds), 1)[0])
    return fitted


def plot(records: list[dict[str, Any]], path: Path) -> None:
    """Draw time against rows for every job that has a growth; nothing to draw, no file."""
    fitted = growth(records)
    jobs = list(dict.fromkeys((job, threads) for job, threads, _ in fitted))
    if not jobs:
        return
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "regso_cluster"  # the same bytes each time
    import matplotlib.pyplot as plt

    columns = min(3, len(jobs))
    rows = math.ceil(len(jobs) / columns)
    figure, axes = plt.subplots(rows, columns, figsize=(5 * columns, 4 * rows), squeeze=False)
    for axis, (job, threads) in zip(axes.flat, jobs, strict=False):
        for (other, count, name), (sizes, seconds, power) in fitted.items():
            if (other, count) == (job, threads):
                width = 2.0 if name.startswith(OURS) else 1.0
                axis.loglog(sizes, seconds, "o-", label=f"{name}: n^{power:.2f}", linewidth=width)
        axis.set(title=f"{job}, {threads} thread{'s' if threads > 1 else ''}", xlabel="rows", ylabel="seconds")
        axis.legend(fontsize=7)
    for axis in axes.flat[len(jobs) :]:
        axis.remove()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    """Write results/<topic>.md and, where sizes allow a fit, results/<topic>.svg."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("topics", nargs="*", metavar="TOPIC")
    measured = {path.stem for path in (HERE / "results").glob("*.json")}
    topics = {path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py")}  # page.py writes a table of its own
    chosen = parser.parse_args().topics or sorted(measured & topics)
    for topic in chosen:
        result = json.loads((HERE / "results" / f"{topic}.json").read_text())
        machine = result["machine"]
        versions = ", ".join(
            f"{name} {version}" for name, version in machine["versions"].items() if version != "absent"
        )
        head = f"{machine['processor']}, {machine['processors']} processors, Python {machine['python']}; "
        head += f"{versions}\n\n"
        fits = [
            f"- {job}, {threads} thread(s), {name}: time grows with n^{power:.2f}"
            for (job, threads, name), (_, _, power) in growth(result["records"]).items()
        ]
        text = f"# {topic}\n\n{head}{table(result['records'])}\n" + "\n".join(fits)
        (HERE / "results" / f"{topic}.md").write_text(text.rstrip() + "\n")
        plot(result["records"], HERE / "results" / f"{topic}.svg")


if __name__ == "__main__":
    main()
