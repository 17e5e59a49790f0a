"""Structure and sensitivity as a person reads them on the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pandas as pd

from regso_cluster.schema import columns as c
from regso_cluster.words.wording import MADE_UP

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from regso_cluster.certainty.structure import Structure

_MADE_UP = f"[bold]{MADE_UP.en}[/bold]"

FEW_BLOCKS = 32  # of a study whose Sobol indices are worth reading


def _console() -> Console:
    from rich.console import Console

    # a pipe has no width: tables keep their columns
    return Console(highlight=False, width=None if sys.stdout.isatty() else 120)


def print_structure(structure: Structure, *, synthetic: bool, consensus: dict[str, Any] | None = None) -> None:
    """Print what speaks for each number of groups, the verdict, and the figures of a consensus."""
    from rich.table import Table
    from rich.text import Text

    console = _console()
    if synthetic:
        console.print(_MADE_UP)
    table = Table(title="what speaks for each number of groups", title_justify="left")
    for heading in ("groups", "stands", "scatter below clouds", "prediction strength", "Jaccard, least", "ARI",
                    "silhouette", "smallest, residents", "fails"):  # fmt: skip
        table.add_column(heading, justify="left" if heading in ("stands", "fails") else "right")
    for k, row in structure.by_k.iterrows():
        smallest = "" if pd.isna(row["smallest"]) else f"{row['smallest']:,.0f}"
        cells = [str(k), "yes" if row["stands"] else "no", f"{100 * row['less_scatter']:.1f} %",
                 f"{row['strength']:.2f}", f"{row['jaccard']:.2f}", f"{row['stability']:.2f}",
                 f"{row['silhouette']:.2f}", smallest, str(row["fails"])]  # fmt: skip
        table.add_row(*map(Text, cells))
    console.print(table)
    verdict = f"{structure.choice} types" if structure.choice else "bands, not types"
    console.print(f"[bold]{verdict}[/bold]")
    console.print(structure.reason, markup=False)
    if consensus:
        console.print(_say_consensus(consensus), markup=False)


def _say_consensus(said: dict[str, Any]) -> str:
    ways, sure = ", ".join(said["ways"]), said[c.HOW_SURE]
    counted = ", ".join(f"{word} {sure[word]:,}" for word in ("core", "edge", "undecided") if word in sure)
    agreement = (
        "" if said["agreement"] is None else f" Adjusted Rand index to the groups above: {said['agreement']:.2f}."
    )
    return (
        f"consensus of {len(said['ways']) * said['resamples']:,} partitions ({ways}) into {said['groups']} groups: "
        f"an area is with its group in {100 * said['certainty']:.0f} % of them on average; "
        f"{100 * said['ambiguous']:.1f} % of the pairs of areas are ambiguous, "
        f"together in more than a tenth and less than nine tenths. "
        f"Areas: {counted}.{agreement}"
    )


def print_sensitivity(summary: dict[str, Any], choices: pd.DataFrame, sobol: pd.DataFrame) -> None:
    """Print which choices move areas, what their number on the list goes back to, and every failure."""
    console = _console()
    if summary["synthetic"]:
        console.print(_MADE_UP)
    listed, runs = summary["listed"], summary["runs"]
    enough = runs["blocks"] >= FEW_BLOCKS
    console.print(_choices_table(choices, sobol, indices_shown=enough))
    console.print(
        "first, total: Sobol indices, the share of the variance of the number on the list that goes back to the choice "
        "alone, and with all that it acts together with; ± half of a 95 % interval",
        markup=False,
    )
    if listed["median"] is not None:
        console.print(
            f"on the list: {listed['reference']} areas; in the runs {listed['low']:.0f} to {listed['high']:.0f} "
            f"(90 %), median {listed['median']:.0f}. Always on it: {listed['always']}; in some run: {listed['ever']}.",
            markup=False,
        )
    console.print(f"{runs['design']} runs in {runs['blocks']} blocks, and {runs['alone']} with one choice alone.")
    if not enough:
        few = f"first and total are not shown, and drawn anew says little, from fewer than {FEW_BLOCKS} blocks"
        console.print(f"{few}: ask for more --runs.")
    for choice, why in summary["not_varied"].items():
        console.print(f"not varied: {choice}: {why}", markup=False)
    for reason, count in summary["failed"].items():
        console.print(f"FAILED, {count} runs: {reason}", markup=False)
    for note in summary["notes"]:
        console.print(f"note: {note}", markup=False)


def _choices_table(choices: pd.DataFrame, sobol: pd.DataFrame, *, indices_shown: bool) -> Table:
    """Give a row a choice, the one that moves most areas first."""
    from rich.table import Table
    from rich.text import Text

    indices = sobol[sobol["output"] == "n_listed"].set_index("choice")
    table = Table(title="per cent that change group, when one choice alone is made otherwise", title_justify="left")
    table.add_column("choice")
    for heading in ("areas", "residents", "clusters, areas", "places in rank", "drawn anew, areas", "on the list",
                    "first", "total"):  # fmt: skip
        table.add_column(heading, justify="right")
    for row in choices.sort_values("group_drawn_areas", ascending=False).to_dict("records"):
        shares = ("group_alone_areas", "group_alone_residents", "cluster_alone_areas", "group_drawn_areas")
        cells = ["" if pd.isna(row[name]) else f"{100 * row[name]:.1f}" for name in shares]
        cells.insert(3, "" if pd.isna(row["rank_alone"]) else f"{row['rank_alone']:.0f}")
        ends = (row["listed_low"], row["listed_high"])
        cells.append(f"{ends[0]:.0f} to {ends[1]:.0f}" if not pd.isna(ends[0]) else "")
        own = indices.loc[row["choice"]]
        cells += [_index(own[name], own[f"{name}_error"]) if indices_shown else "" for name in ("first", "total")]
        table.add_row(Text(row["choice"]), *cells)
    return table


def _index(value: float, error: float) -> str:
    """Show a Sobol index; a share of variance lies between 0 and 1, and an estimate outside says so in words."""
    if value != value:  # noqa: PLR0124  NaN: the output never varied
        return ""
    if 0 <= value <= 1:
        return f"{value:.2f} ±{error:.2f}"
    end = "1" if value > 1 else "0"
    near = value - error <= 1 if value > 1 else value + error >= 0
    return f"about {end}" if near else "unclear"
