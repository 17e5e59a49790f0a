"""Tables of factors: `example` writes one, `check` looks for faults."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from regso_cluster.commands.options import (
    NEW,
    ReferenceYear,
    Years,
    accept_option,
    deso_option,
    edition_option,
    json_option,
    method_option,
    names_option,
    reading_options,
)
from regso_cluster.errors import InputError
from regso_cluster.files.atomic import json_text


@click.command()
@click.argument("folder", type=NEW)
@click.option("--years", type=Years(), default="2019-2024", show_default=True, help="A year or a span, 2019 to 2030.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Another seed, another country.")
@json_option
def example(folder: Path, years: range, seed: int, as_json: bool) -> None:
    """Write a synthetic country on the real area codes into FOLDER.

    Example: regso-cluster example tables --years 2023-2024
    """
    from regso_cluster.example.country import write_example

    paths = [str(path) for path in write_example(folder, years, seed)]
    click.echo(json_text({"written": paths}, ensure_ascii=False) if as_json else "\n".join(paths))


@click.command()
@click.argument("table", type=NEW)
@method_option
@edition_option
@click.option("--year", type=ReferenceYear(), help="The reference year that the table should be of.")
@deso_option
@reading_options
@names_option
@click.option("--previous", type=NEW, help="Last year's release: cells and means that jump are named.")
@accept_option
@click.option("--write-accept", type=NEW, help="Write the cells that are named as a list to fill in for --accept.")
@json_option
def check(  # noqa: PLR0913  # one an option of the command
    table: Path, method: str, edition: str | None, year: int | None, deso_key: Path | None, sheet: str,
    decimal: str | None, names: Path | None, previous: Path | None, accept: Path | None,
    write_accept: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Check TABLE against a method: every fault at once, with its place and how to mend it.

    Then what stands in each column is shown, and the cells that are far from what the other figures say are named.
    What `classify` would refuse is refused here too.

    Example: regso-cluster check factors-2024.csv --method utanforskap
    """
    from regso_cluster.factors.tables import read_factors
    from regso_cluster.method import load_method
    from regso_cluster.release.model import read_release
    from regso_cluster.studies.check import check as run
    from regso_cluster.studies.check import is_comparable
    from regso_cluster.terminal.check import describe_check, print_check

    try:
        loaded = load_method(method)
        before = read_release(previous, verify=True) if previous else None
        read = read_factors(
            table, loaded, edition=int(edition) if edition else None, year=year, deso_key=deso_key, sheet=sheet,
            decimal=decimal or "", names=names,
        )  # fmt: skip
        found = run(read, loaded, year=year, previous=before, accept=accept, write_accept=write_accept)
    except InputError as error:
        if not as_json:
            raise
        click.echo(
            json_text(
                {"ok": False, "faults": [fault.as_dict() for fault in error.faults]},
                ensure_ascii=False,
                indent=2,
            )
        )
        sys.exit(1)
    if as_json:
        click.echo(json_text(describe_check(read, loaded, found), ensure_ascii=False, indent=2))
        return
    print_check(table, read, loaded, found)
    if before is not None and not is_comparable(read, before):
        click.echo(f"note: {previous} is of another edition: its figures were not compared")
