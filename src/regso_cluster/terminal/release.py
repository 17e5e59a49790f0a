"""A release as a person reads it on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from regso_cluster.schema import columns as c
from regso_cluster.words.wording import MADE_UP

if TYPE_CHECKING:
    from regso_cluster.release.model import Release


def print_release(release: Release) -> None:
    """Print the first grouping of a release as a table, its notes, and the paths written."""
    from rich.console import Console

    console = Console(highlight=False)
    if release.manifest["synthetic"]:
        console.print(f"[bold]{MADE_UP.en}[/bold]")
    if len(release.groups):
        console.print(_table_of_groups(release, str(release.groups[c.GROUPING].iloc[0])))
    for reason in release.disclosure.because:
        console.print(str(reason), markup=False, soft_wrap=True)
    for note in release.notes:
        console.print(f"note: {note}", markup=False)
    for name in ("manifest.json", *release.manifest["outputs"]):
        console.print(str(release.path / name), soft_wrap=True, markup=False)


def _table_of_groups(release: Release, grouping: str) -> Any:
    """Make a row a group: areas, areas in it or a worse one, residents, and areas in the previous release."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    own = release.groups[release.groups[c.GROUPING] == grouping]
    before = release.manifest["previous"]
    earlier = _published(release, grouping) if before else None
    # names and titles come from method files: shown as they are, never read as markup
    title = Text(f"{release.method.title.sv} {release.year}: {grouping}")
    # few lines between columns: a name is to be read on a terminal of 80 columns
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1), collapse_padding=True)
    for heading in ("group", "name"):
        table.add_column(heading)
    for heading in (
        "areas",
        "with worse",
        "residents",
        "%",
        *([f"areas {before['year']}"] if earlier is not None else []),
    ):
        table.add_column(heading, justify="right", min_width=len(f"{len(release.areas):,}"))
    if c.PROBABILITY in own:
        table.add_column("how sure", justify="right", width=len("100 %"))
    table.columns[4].min_width = len("10,000,000")  # a number is never cut, the name is wrapped instead
    with_worse = 0
    for row in own.to_dict("records"):
        known = not pd.isna(row[c.GROUP])
        with_worse += row[c.AREAS]
        cells = [f"{row[c.GROUP]:.0f}" if known else "-", row[c.NAME_SV], f"{row[c.AREAS]:,}"]
        cells.append(f"{with_worse:,}" if known else "")
        has_residents = not pd.isna(row[c.RESIDENTS])
        cells += [f"{row[c.RESIDENTS]:,.0f}", f"{row[c.RESIDENTS_SHARE]:.1f}"] if has_residents else ["", ""]
        if earlier is not None:
            cells.append(f"{earlier.pop(cells[0], 0):,}")
        if c.PROBABILITY in own:  # how likely the areas of a group belong to it, on average
            cells.append("" if pd.isna(row[c.PROBABILITY]) else _sure(row[c.PROBABILITY]))
        table.add_row(*map(Text, cells))
    for group, count in (earlier or {}).items():  # groups that no area is in any more
        name = "Ej indelad" if group == "-" else f"(inga {release.year})"
        cells = [group, name, "0", "", "", "", f"{count:,}"]
        table.add_row(*map(Text, cells))
    return table


def _published(release: Release, grouping: str) -> dict[str, int] | None:
    """Count the areas of each group of the previous release as it published them; None without such groups.

    A release written before manifests had these counts: over the areas that it shares with the previous one.
    """
    earlier = release.areas.get(c.previous_of(grouping))
    if earlier is None:
        return None
    given = release.manifest["previous"].get("groups", {}).get(grouping)
    if given is not None:
        return dict(given)
    counts = {str(group): int(number) for group, number in earlier.value_counts().items()}
    return counts | ({"-": int(earlier.isna().sum())} if earlier.isna().any() else {})


def _sure(probability: float) -> str:
    """Give a probability in per cent; what is almost sure is not said to be sure."""
    return ">99 %" if 0.995 <= probability < 1 else f"{100 * probability:.0f} %"
