"""Who moved between two years and why: the figures behind each move; the page says them in its own words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regso_cluster.schema import columns as c

if TYPE_CHECKING:
    from regso_cluster.release.model import Release
    from regso_cluster.years.compare import Comparison

FIGURES = ("old_value", "new_value", "old_limit", "new_limit", "persons", "denominator", "old_problem", "moved_value")
CLUSTER_FIGURES = ("old_value", "new_value", "persons", "denominator", "yardstick")


def describe(
    releases: Sequence[Release],  # noqa: ARG001  (of every view's data)
    comparisons: Sequence[Comparison],
    order: pd.Index,
) -> dict[str, Any]:
    """Give the entries of the page's data that its view of changes reads: `moves`, a row a comparison."""
    return {"moves": [describe_moves(one, order) for one in comparisons]}


def describe_moves(comparison: Comparison, order: pd.Index) -> dict[str, Any]:
    """Give every move between two releases.

    Returns
    -------
    from, to (years), notes (sv, en), and by grouping: a list of [position of the area, old group, new group, cause,
    reasons]; the group is null where undecided. A reason is [key of the factor, *`FIGURES`], of a cluster [key,
    *`CLUSTER_FIGURES`], null where not known; `old_problem` is 1 or 0, and so is whether the yardstick moved
    """
    place = {code: number for number, code in enumerate(order)}
    nearer = comparison.clusters
    if len(nearer):
        nearer = nearer.assign(grouping=c.CLUSTER, yardstick=nearer["part"] == "yardstick")
    behind = _reasons(comparison.problems, FIGURES) | _reasons(nearer, CLUSTER_FIGURES)
    moves: dict[str, list[list[Any]]] = {}
    for grouping, own in comparison.moves.groupby(c.GROUPING, sort=False):
        rows = []
        for move in own.to_dict("records"):
            groups = [None if pd.isna(move[which]) else int(move[which]) for which in ("old", "new")]
            rows.append(
                [place[move[c.AREA]], *groups, move["cause"], behind.get((str(grouping), str(move[c.AREA])), [])]
            )
        moves[str(grouping)] = rows
    return {
        "from": comparison.old.year,
        "to": comparison.new.year,
        "notes": [note.both() for note in comparison.summary["notes"]],
        "moves": moves,
    }


def _reasons(factors: pd.DataFrame, figures: tuple[str, ...]) -> dict[tuple[str, str], list[list[Any]]]:
    """Gather the factors behind moves, by grouping and area."""
    found: dict[tuple[str, str], list[list[Any]]] = {}
    for row in factors.to_dict("records"):
        reasons = found.setdefault((str(row[c.GROUPING]), str(row[c.AREA])), [])
        reasons.append([row[c.FACTOR], *(_plain(row[name]) for name in figures)])
    return found


def _plain(value: Any) -> float | int | None:
    """Give a number of six digits for JSON, a flag as 1 or 0, null where missing."""
    if pd.isna(value):
        return None
    if isinstance(value, bool | np.bool_):
        return int(value)
    short = float(f"{float(value):.6g}")
    return int(short) if short == int(short) else short
