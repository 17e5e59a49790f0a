"""A comparison of two years as a person reads it: on the terminal, and as a workbook."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regso_cluster.exports.comparison_columns import describe_comparison, say_cause
from regso_cluster.files.atomic import json_text, whole_folder
from regso_cluster.files.parquet import write_parquet
from regso_cluster.files.sheet_writing import SYNTHETIC, WORKBOOK_OPTIONS, write_sheet
from regso_cluster.release.model import Release
from regso_cluster.schema import SCHEMA
from regso_cluster.schema import columns as c
from regso_cluster.words.phrases import phrase
from regso_cluster.words.wording import MADE_UP
from regso_cluster.years.change import CAUSES
from regso_cluster.years.several_years import mobility_table, trace_paths

if TYPE_CHECKING:
    from pathlib import Path

    from regso_cluster.years.compare import Comparison

SHOWN, SHOWN_BESIDE = 10, 3  # moves of the composite group, and of each other grouping
COMPOSITE = (c.COMPOSITE_GROUP, "composite_group_absolute")


def print_comparison(comparison: Comparison) -> None:
    """Print how many areas changed and why, the transitions of the composite groups, and some moves."""
    from rich.console import Console

    console = Console(highlight=False)
    summary = comparison.summary
    if summary["synthetic"]:
        console.print(f"[bold]{MADE_UP.en}[/bold]")
    years = " to ".join(f"{summary[which]['year']} ({summary[which]['name']})" for which in ("old", "new"))
    notes = list(summary["notes"])
    if summary["old"]["year"] > summary["new"]["year"]:
        _say(console, notes.pop(0).capitalize())
    _say(console, f"{years}: {summary['areas']['compared']:,} areas compared")
    if summary["groupings"]:
        _say(console, "Areas that changed group, by cause:")
        console.print(_causes_table(summary["groupings"]))
    shown = [one for one in COMPOSITE if one in summary["groupings"]] or list(summary["groupings"])[:1]
    for grouping in shown:
        _say(console, _title(comparison, grouping))
        console.print(_matrix(comparison, grouping))
        if names := _group_names(comparison, grouping):
            _say(console, names)
    for line, depth in _some_moves(comparison):
        _say(console, line, depth)
    if "no_flicker" in summary:
        rule = summary["no_flicker"]
        _say(console, f"the no-flicker rule: {rule['moves']} composite groups changed, {rule['without_the_rule']} "
                      f"without it, {rule['saved']} saved")  # fmt: skip
    if "borders" in summary:
        _say(console, _say_borders(summary["borders"]))
    for note in notes:
        _say(console, f"note: {note}")


def _say(console: Any, line: str, depth: int = 0) -> None:
    """Print a line: wrapped below its own beginning on a terminal, in one piece for a program."""
    from rich.padding import Padding
    from rich.text import Text

    if not console.is_terminal:
        console.print(" " * depth + line, markup=False, soft_wrap=True)
        return
    hanging = 2
    first, *rest = Text(line).wrap(console, max(console.width - depth - hanging, 20))
    console.print(Padding(first, (0, 0, 0, depth)))
    for part in rest:
        console.print(Padding(part, (0, 0, 0, depth + hanging)))


def _causes_table(groupings: dict[str, Any]) -> Any:
    """Make a row a cause and a column a grouping: few groupings fit any terminal, many causes would not."""
    from rich.table import Table

    table = Table()
    table.add_column("")
    for grouping, one in groupings.items():
        table.add_column(SCHEMA.inline(grouping).en, justify="right",
                         min_width=max(len(f"{one['stayed']:,}"), len(f"{one['residents']:,.0f}")))  # fmt: skip
    every = list(groupings.values())
    table.add_row("stayed", *[f"{one['stayed']:,}" for one in every])
    table.add_row("changed", *[f"{one['changed']:,}" for one in every], style="bold")
    table.add_row("  their residents", *[f"{one['residents']:,.0f}" for one in every])
    for cause in CAUSES:
        if any(one["causes"][cause] for one in every):
            table.add_row(f"  {cause}: {say_cause(cause).en}", *[f"{one['causes'][cause]:,}" for one in every])
    return table


def _matrix(comparison: Comparison, grouping: str) -> Any:
    """Make the transitions of a grouping in areas, with who entered, left and stayed."""
    from rich.table import Table

    own = comparison.transitions[comparison.transitions[c.GROUPING] == grouping]
    wide = own.assign(old=own["old"].fillna(0), new=own["new"].fillna(0)).pivot(
        index="old", columns="new", values=c.AREAS
    )
    groups = sorted({*wide.index, *wide.columns}, key=lambda group: (group == 0, group))
    table = Table()
    table.add_column("")
    for group in groups:
        table.add_column(f"{group}" if group else "-", justify="right")
    for heading in ("left", "entered"):
        table.add_column(heading, justify="right")
    wide = wide.reindex(index=groups, columns=groups).fillna(0).astype(int)
    for group in groups:
        stayed = int(wide.loc[group, group])
        cells = [f"[bold]{number:,}[/bold]" if to == group else f"{number:,}" for to, number in wide.loc[group].items()]
        gone = [f"{int(wide.loc[group].sum()) - stayed:,}", f"{int(wide[group].sum()) - stayed:,}"]
        table.add_row(f"{group}" if group else "-", *cells, *gone)
    return table


def _title(comparison: Comparison, grouping: str) -> str:
    """Say what the matrix of a grouping shows."""
    years = comparison.summary["old"]["year"], comparison.summary["new"]["year"]
    own = comparison.transitions[comparison.transitions[c.GROUPING] == grouping]
    title = f"{SCHEMA.inline(grouping).en}, areas from (row, {years[0]}) to (column, {years[1]})"
    return f"{title}; - is undecided:" if own[["old", "new"]].isna().any(axis=None) else f"{title}:"


def _group_names(comparison: Comparison, grouping: str) -> str:
    """Say what the groups of a matrix are called in the later year; nothing where they have no names."""
    groups = comparison.new.groups
    wanted = grouping.removesuffix("_absolute")
    own = groups[groups[c.GROUPING].eq(wanted) & groups[c.GROUP].notna() & groups[c.NAME_EN].notna()]
    return "; ".join(f"{group}: {name}" for group, name in zip(own[c.GROUP], own[c.NAME_EN], strict=True))


def _some_moves(comparison: Comparison) -> list[tuple[str, int]]:
    """Say the first moves of groups and clusters, those of most residents, with the factors behind; text and depth."""
    lines: list[tuple[str, int]] = []
    explained = [(grouping, comparison.problems) for grouping in COMPOSITE] + [(c.CLUSTER, comparison.clusters)]
    for grouping, factors in explained:
        own = comparison.moves[comparison.moves[c.GROUPING] == grouping]
        own = own.sort_values([c.RESIDENTS, c.AREA], ascending=[False, True])
        behind = factors[factors[c.GROUPING] == grouping] if c.GROUPING in factors else factors
        if len(own):
            lines.append((f"Moves of {SCHEMA.inline(grouping).en}, most residents first:", 0))
        shown = SHOWN if grouping == COMPOSITE[0] else SHOWN_BESIDE
        for move in own.head(shown).to_dict("records"):
            groups = " to ".join("undecided" if pd.isna(group) else str(group) for group in (move["old"], move["new"]))
            name = "" if pd.isna(move[c.NAME]) else f" {move[c.NAME]}"
            borders = "" if move.get("comparable", True) else f"; {_say_elsewhere(move['elsewhere'])}"
            kind = "cluster" if grouping == c.CLUSTER else "group"
            sure = _say_sure(move["new_probability"], move[c.HOW_SURE])
            lines.append((f"{move[c.AREA]}{name}: {kind} {groups}{sure}, {say_cause(move['cause']).en}{borders}", 0))
            lines += [(text, 4) for text in behind.loc[behind[c.AREA] == move[c.AREA], "text_en"]]
        if len(own) > shown:
            lines.append((f"... and {len(own) - shown} more; --out DIR writes them all", 0))
    return lines


def _say_sure(probability: Any, word: Any) -> str:
    """Say how sure the group of the later year is; what is almost sure is not said to be sure."""
    if pd.isna(word):
        return ""
    if pd.isna(probability):
        return f" ({str(word).replace('_', ' ')})"
    share = ">99" if probability > 0.99 else "<1" if probability < 0.01 else f"{100 * probability:.0f}"
    return f" ({share} % sure, {word})"


def _say_elsewhere(share: float) -> str:
    return (
        "its borders moved"
        if pd.isna(share)
        else f"its borders moved, {share:.0%} of its residents came from elsewhere"
    )


def _say_borders(said: dict[str, Any]) -> str:
    text = f"borders: {said['comparable']:,} areas comparable, {len(said['changed']):,} with other borders"
    if "weighted_by" in said:
        text += f"; areas weighted by {', '.join(f'{way} ({number:,})' for way, number in said['weighted_by'].items())}"
    return text + ("" if said["counts_moved"] else "; counts were not moved, so that borders are no cause")


def write_comparison_workbook(
    comparison: Comparison, path: Path, mobility: pd.DataFrame, flows: pd.DataFrame | None
) -> None:
    """Write a workbook: causes, moves with their factors, transitions, lists, mobility, drift, what columns mean."""
    import xlsxwriter

    sheets = {
        "causes": _causes(comparison), "moves": comparison.moves, "problems": comparison.problems,
        "clusters": comparison.clusters, "transitions": comparison.transitions,
        "lists": comparison.lists[comparison.lists["move"] != "stayed"],
        "places": comparison.places, "mobility": mobility.replace(np.inf, np.nan), "drift": comparison.drift,
    }  # fmt: skip
    if flows is not None:
        sheets["flows"] = flows
    if len(comparison.borders):
        sheets["borders"] = comparison.borders
    whole = io.BytesIO()  # written in one piece: a writer cut off by a full disk would complain again at the very end
    with xlsxwriter.Workbook(whole, WORKBOOK_OPTIONS | {"in_memory": True}) as book:
        _fill_workbook(book, comparison, sheets)
    path.write_bytes(whole.getvalue())


def _fill_workbook(book: Any, comparison: Comparison, sheets: dict[str, pd.DataFrame]) -> None:
    synthetic = comparison.summary["synthetic"]
    created = dt.datetime.fromisoformat(comparison.new.manifest["created"]).replace(tzinfo=None)
    years = f"{comparison.old.year}-{comparison.new.year}"
    book.set_properties({"title": f"{comparison.new.method.title.sv} {years}", "created": created,
                         "comments": SYNTHETIC if synthetic else ""})  # fmt: skip
    columns = {str(column): None for name, frame in sheets.items() if name != "causes" for column in frame}
    sheets["columns"] = describe_comparison(list(columns))
    for name, frame in sheets.items():
        plain = _whole(frame.drop(columns=c.SYNTHETIC, errors="ignore"))
        headings = None if name in ("causes", "columns") else describe_comparison(list(plain.columns))
        write_sheet(book, phrase(f"compared_{name}").sv, plain, synthetic=synthetic, headings=headings)


def _whole(frame: pd.DataFrame) -> pd.DataFrame:
    """Give columns of whole numbers as such: residents and counts, not 4192.00."""
    floats = frame.select_dtypes("float")
    whole = [column for column in floats if ((floats[column].dropna() % 1) == 0).all()]
    return frame.astype(dict.fromkeys(whole, "Int64"))


def _causes(comparison: Comparison) -> pd.DataFrame:
    rows = [
        (SCHEMA.inline(grouping).sv, say_cause(cause).sv, say_cause(cause).en, number)
        for grouping, one in comparison.summary["groupings"].items()
        for cause, number in one["causes"].items()
    ]
    said = phrase("heading_cause")
    return pd.DataFrame(rows, columns=[phrase("heading_grouping").sv, said.sv, said.en, phrase("heading_areas").sv])


TABLES = ("moves", "problems", "clusters", "transitions", "lists", "places", "drift", "borders")


def write_comparison(comparison: Comparison, out: str | Path, *, through: Sequence[Release] = ()) -> Path:
    """Write a comparison to a folder, whole or not at all: Parquet, a workbook, and comparison.json.

    docs/comparison.md says what each file holds.

    Parameters
    ----------
    comparison : of `compare`
    out : the folder to make
    through : releases of more years: the paths of areas through all of them are in flows.parquet

    Returns
    -------
    the folder

    Raises
    ------
    InputError  the folder exists; two releases of one year

    Examples
    --------
    >>> comparison = compare(read_release(folder / "2023"), read_release(folder / "2024"))
    >>> sorted(path.suffix for path in write_comparison(comparison, folder / "changes").glob("*.xlsx"))
    ['.xlsx']
    """
    flows = trace_paths([comparison.old, *through, comparison.new]) if through else None
    with whole_folder(out, "comparison") as partial:
        for name in TABLES:
            frame: pd.DataFrame = getattr(comparison, name)
            if name == "borders" and frame.empty:
                continue
            write_parquet(frame.assign(synthetic=comparison.summary["synthetic"]), partial / f"{name}.parquet")
        mobility = mobility_table(comparison, through)
        write_parquet(mobility, partial / "mobility.parquet")
        if flows is not None:
            write_parquet(flows.assign(synthetic=comparison.summary["synthetic"]), partial / "flows.parquet")
        text = json_text(comparison.summary, indent=2, ensure_ascii=False) + "\n"
        (partial / "comparison.json").write_text(text, "utf-8")
        write_comparison_workbook(comparison, partial / "comparison.xlsx", mobility, flows)
    return Path(out)
