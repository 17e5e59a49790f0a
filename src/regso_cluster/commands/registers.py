"""`count`: a register of persons to a table of counts by area."""

from __future__ import annotations

from pathlib import Path

import click

from regso_cluster.commands.options import (
    EXISTING,
    NEW,
    EditionYear,
    ReferenceYear,
    Steps,
    json_option,
    scheduler_option,
    threads_option,
)
from regso_cluster.files.atomic import json_text
from regso_cluster.files.formats import TABLES, describe_formats


@click.command()
@click.argument("persons", type=EXISTING, nargs=-1, required=True)
@click.option("--definition", type=EXISTING, required=True, help="A TOML file: who is counted. See docs/registers.md.")
@click.option("--year", type=ReferenceYear(), help="Only rows of this year.")
@click.option("--edition", type=EditionYear(), help="A row for every area of it; default: of those that occur.")
@click.option("--out", type=NEW, required=True, help=f"{describe_formats(TABLES)}; it must not exist.")
@threads_option
@scheduler_option
@json_option
def count(
    persons: tuple[Path, ...], definition: Path, year: int | None, edition: str | None, out: Path, threads: int | None,
    scheduler: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Count PERSONS, Parquet with a row a person and year, to a table that `check` and `classify` read.

    Larger than memory is no matter. Small counts are kept: the table is internal.

    Example: regso-cluster count persons/ --definition counts.toml --year 2024 --edition 2025 --out counts-2024.csv
    """
    from regso_cluster.factors.count import count as run
    from regso_cluster.factors.register_definition import load_definition
    from regso_cluster.files.atomic import refuse_inside_a_release
    from regso_cluster.parallel import Workers

    refuse_inside_a_release(out)
    read = load_definition(definition)
    with Steps() as steps, steps("counting"):
        counted = run(persons, read, out, year=year, edition=int(edition) if edition else None,
                      workers=Workers(threads, scheduler))  # fmt: skip
    path = str(out)
    said = {"written": [path], "areas": len(counted.table), "persons": counted.persons,
            "without_area": counted.nowhere, "without_year": counted.undated, "unknown": counted.unknown,
            "synthetic": read.synthetic}  # fmt: skip
    if as_json:
        click.echo(json_text(said, ensure_ascii=False, indent=2))
        return
    click.echo(f"{path}: {counted.persons:,} persons in {len(counted.table):,} areas; internal, small counts are kept.")
    if counted.nowhere:
        click.echo(f"note: {counted.nowhere:,} persons have no area and are in no row")
    if counted.undated:
        click.echo(f"note: {counted.undated:,} persons have no year and are not counted")
    for key, number in counted.unknown.items():
        if number:
            click.echo(f"note: {key}: {number:,} persons in neither count, what the numerator asks is missing")
