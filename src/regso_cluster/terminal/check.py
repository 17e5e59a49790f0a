"""What `check` shows of a table: what stands in each column, and the cells to look at."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regso_cluster.factors.summary import summarise_factors
from regso_cluster.factors.tables import FactorTable
from regso_cluster.method import Method
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import number

if TYPE_CHECKING:
    from regso_cluster.judging.plausibility import Examination

WORST = 20  # cells that the terminal lists; `--json` has them all


def describe_check(table: FactorTable, method: Method, found: Examination) -> dict[str, Any]:
    """Give what was found as plain data, for `--json`: nothing is cut."""
    status = _status(table)
    summary = summarise_factors(table, method)
    return {
        "ok": True,
        "areas": len(table.areas),
        "edition": table.edition,
        "synthetic": table.synthetic,
        "notes": [*table.notes, *found.said],
        "status": {key: status[key].to_dict() for key in status},
        "factors": {key: {name: _plain(cell) for name, cell in row.items()} for key, row in summary.iterrows()},
        "named": [{name: _plain(cell) for name, cell in asdict(alarm).items()} for alarm in found.alarms],
        "move_a_limit": [asdict(pull) for pull in found.pulls],
        "accepted": found.accepted.as_dict() if found.accepted else None,
    }


def print_check(path: Path, table: FactorTable, method: Method, found: Examination) -> None:
    """Print what was found: how many areas, each factor, the worst cells, notes."""
    import click

    named = {alarm.code for alarm in found.alarms} | {pull.code for pull in found.pulls}
    look = f" {len(named)} of them to look at, see below." if named else ""
    click.echo(f"{path}: no fault. {len(table.areas)} areas, edition {table.edition or 'of its own'}.{look}")
    summary = summarise_factors(table, method).drop(columns=c.UNIT)
    for at, (status, count) in enumerate(_status(table).T.drop(columns="observed", errors="ignore").items(), start=1):
        summary.insert(at, str(status), count.reindex(summary.index))
    written = summary.apply(lambda column: column.map(lambda cell: "" if pd.isna(cell) else number(float(cell))))
    click.echo(written.rename_axis("factor").to_string())
    for pull in found.pulls[:WORST]:
        click.echo(f"look at: {pull.text}")
    for alarm in found.alarms[:WORST]:
        click.echo(f"look at: {alarm.text}{' (serious)' if alarm.level == 'serious' else ''}")
    more = max(len(found.pulls) - WORST, 0) + max(len(found.alarms) - WORST, 0)
    if more:
        click.echo(f"look at: {more} more cells, with --json all")
    if named:
        click.echo(f"{len(named)} areas to look at; what is right goes into a list for --accept (--write-accept FILE)")
    for note in [*table.notes, *found.said]:
        click.echo(f"note: {note}")


def _status(table: FactorTable) -> pd.DataFrame:
    counted: pd.DataFrame = table.status.apply(lambda column: column.value_counts()).fillna(0).astype(int)
    return counted


def _plain(cell: Any) -> Any:
    """Give a number that JSON can hold: nothing for what is not finite."""
    if isinstance(cell, str):
        return cell
    return float(cell) if np.isfinite(cell) else None
