"""Who moved between two years and why, in the words of `compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from regso_cluster.delivery.comparison import CAUSES

if TYPE_CHECKING:
    from regso_cluster.compare import Comparison


def describe_moves(comparison: Comparison, order: pd.Index) -> dict[str, Any]:
    """Give every move between two releases.

    Returns
    -------
    from, to (years), notes, and by grouping: a list of [position of the area, old group, new group, cause, reasons in
    Swedish, reasons in English]; the group is null where undecided
    """
    place = {code: number for number, code in enumerate(order)}
    behind = dict(list(comparison.problems.groupby("area"))) if len(comparison.problems) else {}
    moves: dict[str, list[list[Any]]] = {}
    for grouping, own in comparison.moves.groupby("grouping", sort=False):
        rows = []
        for move in own.to_dict("records"):
            known = behind.get(move["area"]) if grouping == "composite_group" else None
            said = [list(known[name]) if known is not None else [] for name in ("text_sv", "text_en")]
            groups = [None if pd.isna(move[which]) else int(move[which]) for which in ("old", "new")]
            rows.append([place[move["area"]], *groups, move["cause"], *said])
        moves[str(grouping)] = rows
    return {
        "from": comparison.old.year,
        "to": comparison.new.year,
        "notes": list(comparison.summary["notes"]),
        "moves": moves,
    }


def describe_causes() -> dict[str, dict[str, str]]:
    """Give the words for each cause of a move."""
    return {cause: {"sv": sv, "en": en[0].upper() + en[1:]} for cause, (sv, en) in CAUSES.items()}
