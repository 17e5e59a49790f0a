"""A comparison of two years as a person reads it: on the terminal, and as a workbook."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pandas as pd

from regso_cluster.delivery.workbook import SYNTHETIC, WORKBOOK_OPTIONS, write_sheet

if TYPE_CHECKING:
    from pathlib import Path

    from regso_cluster.compare import Comparison

SHOWN = 10
CAUSES = {
    "rule": ("Regeln mot flimmer", "the no-flicker rule"),
    "software": ("Annan programversion", "other software"),
    "borders": ("Ändrade gränser för områden", "borders of areas"),
    "coverage": ("En faktor sedd bara ena året", "a factor seen in one year only"),
    "data": ("Nya siffror, gammal måttstock", "new figures on the old yardstick"),
    "yardstick": ("Måttstocken flyttade sig med landet", "the yardstick moved with the country"),
    "centres": ("Klustren flyttade sig", "the clusters moved"),
    "method": ("Ändrad metod", "a changed setting"),
}


def print_comparison(comparison: Comparison) -> None:
    """Print how many areas changed and why, the transitions of the first grouping, and some moves."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    summary = comparison.summary
    if summary["synthetic"]:
        console.print("[bold]SYNTHETIC DATA: every figure is made up.[/bold]")
    years = " to ".join(f"{summary[which]['year']} ({summary[which]['name']})" for which in ("old", "new"))
    console.print(f"{years}: {summary['areas']['compared']:,} areas compared", markup=False)
    table = Table(title="Changes and their causes", title_justify="left")
    table.add_column("grouping")
    used = [cause for cause in CAUSES if any(one["causes"][cause] for one in summary["groupings"].values())]
    for heading in ("stayed", "changed", "residents", *used):
        table.add_column(heading, justify="right")
    for grouping, one in summary["groupings"].items():
        table.add_row(grouping, f"{one['stayed']:,}", f"{one['changed']:,}", f"{one['residents']:,.0f}",
                      *[f"{one['causes'][cause]:,}" for cause in used])  # fmt: skip
    console.print(table)
    first = next(iter(summary["groupings"]))
    console.print(_matrix(comparison, first))
    for line in _some_moves(comparison):
        console.print(line, markup=False, soft_wrap=True)
    if "no_flicker" in summary:
        rule = summary["no_flicker"]
        console.print(f"the no-flicker rule: {rule['moves']} composite groups changed, {rule['without_the_rule']} "
                      f"without it, {rule['saved']} saved")  # fmt: skip
    for note in summary["notes"]:
        console.print(f"note: {note}", markup=False, soft_wrap=True)


def _matrix(comparison: Comparison, grouping: str) -> Any:
    from rich.table import Table

    own = comparison.transitions[comparison.transitions["grouping"] == grouping]
    wide = own.assign(old=own["old"].fillna(0), new=own["new"].fillna(0)).pivot(
        index="old", columns="new", values="areas"
    )
    groups = sorted({*wide.index, *wide.columns}, key=lambda group: (group == 0, group))
    table = Table(title=f"{grouping}: areas from (row) to (column); - is undecided", title_justify="left")
    table.add_column("")
    for group in groups:
        table.add_column(f"{group}" if group else "-", justify="right")
    wide = wide.reindex(index=groups, columns=groups).fillna(0)
    for group in groups:
        table.add_row(f"{group}" if group else "-", *[f"{int(number):,}" for number in wide.loc[group]])
    return table


def _some_moves(comparison: Comparison) -> list[str]:
    """Say the first moves of the composite group, those of most residents, with the factors behind."""
    moves = comparison.moves
    own = moves[moves["grouping"] == "composite_group"].sort_values(["residents", "area"], ascending=[False, True])
    lines = []
    for move in own.head(SHOWN).to_dict("records"):
        groups = " to ".join("undecided" if pd.isna(group) else str(group) for group in (move["old"], move["new"]))
        name = "" if pd.isna(move["name"]) else f" {move['name']}"
        lines.append(f"{move['area']}{name}: group {groups}, {CAUSES[move['cause']][1]}")
        behind = comparison.problems[comparison.problems["area"] == move["area"]]
        lines += [f"    {text}" for text in behind["text_en"]]
    if len(own) > SHOWN:
        lines.append(f"... and {len(own) - SHOWN} more; --out DIR writes them all")
    return lines


def write_comparison_workbook(comparison: Comparison, path: Path) -> None:
    """Write a workbook: causes, moves with their factors, transitions, lists, drift."""
    import xlsxwriter

    synthetic = comparison.summary["synthetic"]
    with xlsxwriter.Workbook(path, WORKBOOK_OPTIONS) as book:
        created = dt.datetime.fromisoformat(comparison.new.manifest["created"]).replace(tzinfo=None)
        years = f"{comparison.old.year}-{comparison.new.year}"
        book.set_properties({"title": f"{comparison.new.method.title.sv} {years}", "created": created,
                             "comments": SYNTHETIC if synthetic else ""})  # fmt: skip
        sheets = {
            "Orsaker": _causes(comparison), "Byten": comparison.moves, "Faktorer bakom": comparison.problems,
            "Kluster, faktorer": comparison.clusters, "Övergångar": comparison.transitions,
            "In, ut, kvar": comparison.lists[comparison.lists["move"] != "stayed"], "Fördelningar": comparison.drift,
        }  # fmt: skip
        for name, frame in sheets.items():
            write_sheet(book, name, frame, synthetic=synthetic)


def _causes(comparison: Comparison) -> pd.DataFrame:
    rows = [
        (grouping, *CAUSES[cause], number)
        for grouping, one in comparison.summary["groupings"].items()
        for cause, number in one["causes"].items()
    ]
    return pd.DataFrame(rows, columns=["gruppering", "orsak", "cause", "områden"])
