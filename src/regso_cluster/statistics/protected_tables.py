"""Write tables for publication: csv, xlsx or parquet; the audit in a file of its own, and read both back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from regso_cluster.errors import Fault, InputError
from regso_cluster.files import formats
from regso_cluster.files.formats import find_format, write_output
from regso_cluster.files.kinds import TEXT_SUFFIXES
from regso_cluster.files.made_up import is_synthetic
from regso_cluster.files.output import Output
from regso_cluster.files.sheet_writing import SYNTHETIC
from regso_cluster.files.sheets import first_rows, read_sheet
from regso_cluster.files.textfiles import unguard
from regso_cluster.method import Text
from regso_cluster.schema import SCHEMA
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note
from regso_cluster.words.phrases import phrase
from regso_cluster.words.wording import MADE_UP

if TYPE_CHECKING:
    from regso_cluster.statistics.disclosure import Protected
    from regso_cluster.statistics.summary import Summary

CONFIDENTIAL = phrase("confidential")
MOST_HEADINGS = 100_000  # characters of a table without rows
_WIDE, _NARROW = 120, (1, 2, 3, 5)


def write_table(
    table: pd.DataFrame, to: str | Path, texts: Sequence[Text], *, synthetic: bool = False, name: str = "Tabell"
) -> Path:
    """Write a table with the texts that have to stand beside it, whole or not at all.

    Parameters
    ----------
    table : the table
    to : a file with an ending of `files.formats.TABLES`: .csv, .xlsx, .parquet and so on
    texts : in a workbook a sheet, else the columns `note_sv` and `note_en`
    synthetic : whether the figures are made up: said in every form

    Raises
    ------
    InputError  another ending, a folder of that name
    """
    to = check_target(to)
    synthetic = synthetic or is_synthetic(table)
    table = _with_counts(table.assign(synthetic=True) if synthetic else table)
    output = Output(table, name, synthetic, tuple(texts), describe(table.columns))
    write_output(output, to, find_format(to, formats.TABLES))
    return to


def _with_counts(table: pd.DataFrame) -> pd.DataFrame:
    """Make whole numbers of counts, which are floats while some of them are missing."""
    for name in ("units", "attribute"):
        if name in table and (table[name].dropna() % 1 == 0).all():
            table = table.assign(**{name: table[name].astype("Int64")})
    return table


def check_target(to: str | Path) -> Path:
    """Refuse what a table cannot be written to.

    Raises
    ------
    InputError  an ending of no format of tables, a folder of that name
    """
    find_format(to, formats.TABLES)
    return Path(to)


def name_audit(out: Path) -> Path:
    """Name the file of the audit beside that of the table."""
    return out.with_name(f"{out.stem}-audit{out.suffix}")


def describe(columns: Sequence[str] | pd.Index) -> pd.DataFrame:
    """Say what each column means: column, sv, en, unit; keys are what the table calls them."""
    rows = []
    rates = {"share", "low", "high", "gap", "gap_low", "gap_high"} if "share" in columns else set()
    known = SCHEMA.of_table("statistics")
    for column in map(str, columns):
        text = known[column].meaning if column in known else None
        if text is None and column[:1] == "q" and column[1:].replace(".", "", 1).isdigit():
            text = phrase("quantile_below", share=column[1:])
        text = text or Text(column, column)
        rows.append((column, text.sv, text.en, "per cent" if column in rates else ""))
    return pd.DataFrame(rows, columns=["column", "sv", "en", c.UNIT])


def read_published(path: str | Path, keys: Sequence[str]) -> pd.DataFrame:
    """Read a table or an audit that `write_table` wrote; keys and texts stay text, empty cells are missing.

    Raises
    ------
    InputError  not readable, or not such a table
    """
    frame = _read_frame(Path(path))
    text = {"grouping", "group", "level", "period", "cell", "kind", "rule", *keys}
    made: dict[str, Any] = {}
    for column in frame:
        cells = frame[column]
        if column in text:
            own = cells.astype(object).where(cells.notna(), None)
            read = unguard if Path(path).suffix.lower() in TEXT_SUFFIXES else str
            made[column] = own.map(lambda cell, read=read: read(str(cell)) if cell and str(cell).strip() else None)
        elif column in ("units", "attribute", "sum", "mean", "value"):
            made[column] = pd.to_numeric(cells.replace("", None), errors="coerce").astype("float64")
    needed = [name for name in ("units",) if "cell" not in made and name not in made]
    if needed:
        hint = "Give a table that `regso-cluster summarise` or `protect` wrote."
        raise InputError(Fault("not a published table", str(path), "a column units", hint=hint))
    return pd.DataFrame(made).reset_index(drop=True)


def _read_frame(path: Path) -> pd.DataFrame:
    from regso_cluster.files.tables import read_table

    if path.suffix.lower() != ".xlsx":
        try:
            return read_table(path).frame
        except InputError:
            frame = _read_headings(path)
            if not {"cell", "kind", "rule", "value"} <= set(frame.columns):
                raise
            return frame  # an audit of a table in which nothing is hidden
    rows = read_sheet(path, first=True).rows
    if not rows or not rows[0]:
        hint = "Give a table that `regso-cluster summarise` or `protect` wrote."
        raise InputError(Fault("not a published table", str(path), "a column units", hint=hint))
    at = 1 if str(rows[0][0]) == SYNTHETIC else 0
    return pd.DataFrame(rows[at + 1 :], columns=[str(cell) for cell in rows[at]], dtype=object)


def _read_headings(path: Path) -> pd.DataFrame:
    """Read the columns of a table without rows, as `write_table` writes it; no columns where it is no such table."""
    if path.suffix.lower() == ".parquet":
        frame = pd.read_parquet(path)
    else:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [line for line in file.read(MOST_HEADINGS).splitlines() if line.strip()]
        frame = pd.DataFrame(
            columns=lines[0].split("\t" if path.suffix.lower() == ".tsv" else ",") if len(lines) == 1 else []
        )
    return frame if frame.empty else pd.DataFrame()


def is_marked(path: Path, table: pd.DataFrame) -> bool:
    """Tell whether a table, or in its workbook a line above the headings, says that the figures are made up."""
    if is_synthetic(table):
        return True
    if path.suffix.lower() != ".xlsx":
        return False
    return any(cells[0].strip() == SYNTHETIC for cells in first_rows(path) if cells)


def as_levels(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Give a written summary as the levels of a protected table: level, a column for each grouping."""
    made = table.rename(columns={c.GROUPING: "level"}).drop(columns=c.GROUP)
    for name in by:
        made[name] = table[c.GROUP].where(table[c.GROUPING] == name)
    if "mean" in made and "sum" not in made:
        made["sum"] = made["mean"] * made["units"]
    return made


def print_summary(summary: Summary, *, synthetic: bool) -> None:
    """Print a summary as a person reads it."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text as Line

    console = Console(highlight=False)
    if synthetic:
        console.print(f"[bold]{MADE_UP.en}[/bold]")
    shown = Table(title=Line(f"{summary.value}: {summary.kind} by group"), title_justify="left")
    for heading in ("group", "name"):
        shown.add_column(heading)
    # a figure is never cut: on a narrow terminal some columns are left out, and --out has them all
    wide = console.width >= _WIDE
    headings = ("areas", "units", summary.kind, "interval", "median", "gap", "interval")
    kept = [number for number in range(len(headings)) if wide or number in _NARROW]
    for number in kept:
        shown.add_column(headings[number], justify="right", no_wrap=True)
    previous = None
    for row in summary.table.to_dict("records"):
        if previous not in (None, row[c.GROUPING]):
            shown.add_section()
        previous = row[c.GROUPING]
        cells = _cells({str(name): cell for name, cell in row.items()}, summary.kind)
        shown.add_row(*map(Line, [*cells[:2], *(cells[2 + number] for number in kept)]))
    console.print(shown)
    for note in summary.notes:
        console.print(f"note: {note}", markup=False, soft_wrap=True)
    for text in summary.texts:
        console.print(text.sv, markup=False, soft_wrap=True)
        console.print(text.en, markup=False, soft_wrap=True)


def _cells(row: dict[str, Any], kind: str) -> list[str]:
    def number(name: str, form: str = ",.1f") -> str:
        cell = row.get(name)
        return ".." if cell is None or pd.isna(cell) else f"{cell:{form}}"

    def between(low: str, high: str) -> str:
        return ".." if pd.isna(row[low]) else f"{row[low]:,.1f} to {row[high]:,.1f}"

    total = row[c.GROUPING] == "total"
    cells = ["all" if total else row[c.GROUP], row[c.NAME_SV], number("areas_seen", ",.0f"), number("units", ",.0f"),
             number(kind), between("low", "high"), number("median") if "median" in row else ""]  # fmt: skip
    return cells + (["", ""] if total else [number("gap", "+,.1f"), between("gap_low", "gap_high")])


def shielded_texts() -> tuple[Text, ...]:
    """What has to stand beside a protected table."""
    from regso_cluster.statistics.summary import CAUTION, SHIELDED

    return CAUTION, SHIELDED


def print_protected(shield: Protected, notes: Sequence[Note], *, synthetic: bool) -> None:
    """Print how much of each level is shown."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    if synthetic:
        console.print(f"[bold]{MADE_UP.en}[/bold]")
    shown = Table(title="Groups with something hidden", title_justify="left")
    for heading in ("level", "groups", "hidden"):
        shown.add_column(heading, justify="left" if heading == "level" else "right")
    for level, own in shield.table.groupby("level", sort=False)["hidden"]:
        shown.add_row(str(level), f"{len(own):,}", f"{int(own.sum()):,}")
    console.print(shown)
    kinds = shield.audit["kind"].value_counts()
    console.print(
        f"hidden cells: {kinds.get('primary', 0):,} by the rule, {kinds.get('complementary', 0):,} to protect them"
    )
    said = "every one has a feasible interval as wide as the rule asks" if shield.is_safe else "NOT ALL ARE SAFE"
    console.print(f"the intruder's programs: {said}")
    for note in notes:
        console.print(f"note: {note}", markup=False, soft_wrap=True)
    for text in shielded_texts():
        console.print(text.sv, markup=False, soft_wrap=True)
        console.print(text.en, markup=False, soft_wrap=True)
