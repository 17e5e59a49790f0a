"""Tables of factors: `example` writes one, `check` looks for faults."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from regso_cluster.commands.options import (
    NEW,
    Years,
    deso_option,
    edition_option,
    json_option,
    method_option,
    names_option,
)
from regso_cluster.errors import InputError


@click.command(short_help="Write a synthetic country.")
@click.argument("folder", type=NEW)
@click.option("--years", type=Years(), default="2019-2024", show_default=True, help="A year or a span, 2019 to 2030.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Another seed, another country.")
@json_option
def example(folder: Path, years: range, seed: int, as_json: bool) -> None:
    """Write a synthetic country on the real area codes into FOLDER.

    Example: regso-cluster example tables --years 2023-2024
    """
    from regso_cluster.example import write_example

    paths = [str(path) for path in write_example(folder, years, seed)]
    click.echo(json.dumps({"written": paths}, ensure_ascii=False) if as_json else "\n".join(paths))


@click.command(short_help="Check a table: every fault at once.")
@click.argument("table", type=NEW)
@method_option
@edition_option
@click.option("--year", type=int, help="The reference year that the table should be of.")
@deso_option
@names_option
@json_option
def check(
    table: Path,
    method: str,
    edition: str | None,
    year: int | None,
    deso_key: Path | None,
    names: Path | None,
    as_json: bool,
) -> None:
    """Check TABLE against a method: every fault at once, with its place and how to mend it.

    Example: regso-cluster check factors-2024.csv --method utanforskap
    """
    from regso_cluster.factors.tables import read_factors
    from regso_cluster.method import load_method

    try:
        loaded = load_method(method)
        read = read_factors(
            table, loaded, edition=int(edition) if edition else None, year=year, deso_key=deso_key, names=names
        )
    except InputError as error:
        if not as_json:
            raise
        click.echo(
            json.dumps(
                {"ok": False, "faults": [fault.as_dict() for fault in error.faults]},
                ensure_ascii=False,
                indent=2,
            )
        )
        sys.exit(1)
    status = read.status.apply(lambda column: column.value_counts()).fillna(0).astype(int)
    if as_json:
        found = {"ok": True, "areas": len(read.areas), "edition": read.edition, "synthetic": read.synthetic,
                 "notes": list(read.notes), "status": {key: status[key].to_dict() for key in status}}  # fmt: skip
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    click.echo(f"{table}: no fault. {len(read.areas)} areas, edition {read.edition or 'of its own'}.")
    click.echo(status.T.rename_axis("factor").to_string())
    for note in read.notes:
        click.echo(f"note: {note}")
