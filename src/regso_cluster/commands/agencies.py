"""For the agencies: `join` brings the groups of a release to a table of their own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from regso_cluster.commands.options import (
    EXISTING,
    NEW,
    Steps,
    deso_option,
    edition_option,
    json_option,
    say_disclosure,
)
from regso_cluster.exports.formats import table_formats
from regso_cluster.files.atomic import json_text
from regso_cluster.files.formats import DOCUMENT, TABLES, describe_formats


@click.command()
@click.argument("table", type=NEW)
@click.option("--release", type=NEW, required=True, help="The release whose groups are joined.")
@click.option("--on", required=True, metavar="COLUMN|X,Y", help="Codes of RegSO, DeSO or kommuner, or coordinates.")
@click.option("--out", type=NEW, required=True, help=f"{describe_formats(table_formats())}; never the input.")
@click.option("--crs", default="", help="Of the coordinates; SWEREF 99 TM and WGS 84 are recognised.")
@click.option("--as", "kind", type=click.Choice(["regso", "deso", "kommun"]), help="What the column holds.")
@click.option("--columns", default="", metavar="A,B", help="Of the release, or all; default: those of the groups.")
@click.option("--prefix", default="regso_", show_default=True, help="Before the names of the new columns.")
@edition_option
@deso_option
@click.option("--crosswalk", type=EXISTING, help="Shares between the editions (old, new, share), for older codes.")
@click.option("--shapes", type=EXISTING, help="SCB's full outlines; default: the fetched ones, else the shipped.")
@click.option("--layer", "--sheet", "layer", default="", help="Layer of a GeoPackage or sheet of a workbook.")
@click.option(
    "--decimal", type=click.Choice(["comma", "point"]), help="How TABLE writes decimals, where it does not tell."
)
@click.option("--max-unmatched", type=click.IntRange(min=0), default=0, show_default=True, help="Rows without an area.")
@click.option("--report", type=NEW, help=f"The match report: {describe_formats((*TABLES, DOCUMENT))}.")
@json_option
def join(  # noqa: PLR0913  # one an option of the command
    table: Path, release: Path, on: str, out: Path, crs: str, kind: str | None, columns: str, prefix: str,
    edition: str | None, deso_key: Path | None, crosswalk: Path | None, shapes: Path | None, layer: str,
    decimal: Literal["comma", "point"] | None,
    max_unmatched: int, report: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Join the groups of a release to TABLE: one row in, one row out, in the same order.

    The match report goes to stderr. With more rows without an area than --max-unmatched nothing is written but the
    report, and the exit code is 1; otherwise those rows are kept, with the reason in the column regso_match.

    Example: regso-cluster join schools.xlsx --release releases/2024 --on x,y --out schools-groups.xlsx
    """
    from regso_cluster.files.atomic import refuse_inside_a_release
    from regso_cluster.files.read_options import ReadOptions
    from regso_cluster.joining.join import join_file
    from regso_cluster.joining.options import JoinOptions
    from regso_cluster.release.model import read_release

    for path in (out, *([report] if report else [])):
        refuse_inside_a_release(path)
    chosen = JoinOptions(
        prefix=prefix, columns=tuple(name.strip() for name in columns.split(",") if name.strip()), kind=kind or "",
        edition=int(edition) if edition else None, crs=crs, shapes=shapes, deso_key=deso_key, crosswalk=crosswalk,
    )  # fmt: skip
    with Steps() as steps, steps("joining"):
        opened = read_release(release, verify=True)
        done = join_file(
            table, opened, on, out,
            options=chosen, reading=ReadOptions(layer, decimal or ""), report=report, max_unmatched=max_unmatched,
        )  # fmt: skip
    written = [str(path) for path in done.written]
    if as_json:
        click.echo(json_text(done.report.as_dict() | {"written": written}, ensure_ascii=False, indent=2, default=str))
    click.echo(done.report.text(), err=True)
    if done.refused:
        click.echo(
            f"Error: {done.report.unmatched:,} rows have no area, {max_unmatched:,} are allowed: {out} not written. "
            f"Mend them, or keep them with --max-unmatched {done.report.unmatched}.",
            err=True,
        )
        sys.exit(1)
    say_disclosure(opened)
    if not as_json:
        click.echo("\n".join(written))
