"""A release on disk: `verify` it, `export` it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal

import click

from regso_cluster.commands.options import (
    EXISTING,
    NEW,
    deso_option,
    json_option,
    names_option,
    outline_options,
    read_outline_options,
    reading_options,
    say_disclosure,
)
from regso_cluster.exports.formats import describe_targets
from regso_cluster.files.atomic import json_text


@click.command()
@click.argument("release", type=NEW)
@click.option("--recompute", type=EXISTING, metavar="TABLE", help="Classify the input again and compare every table.")
@click.option("--previous", type=NEW, help="For --recompute: the release it was made against; default: beside it.")
@deso_option
@reading_options
@names_option
@outline_options
@json_option
def verify(
    release: Path, recompute: Path | None, previous: Path | None, deso_key: Path | None, sheet: str,
    decimal: str | None, names: Path | None, as_json: bool, **outlines: Any,
) -> None:  # fmt: skip
    """Recompute the hashes of RELEASE; exit code 3 when they differ.

    With --recompute the input is classified again. What it was made with besides its table is named by hash in the
    manifest and must be given again: --deso-key, --names, and the outlines of two editions.

    Example: regso-cluster verify releases/2024 --recompute factors-2024.csv
    """
    from regso_cluster.release.model import read_release, verify_release

    files = read_outline_options(outlines)
    faults = verify_release(release)
    if recompute and not faults:
        from regso_cluster.studies.series import recompute_release

        faults = recompute_release(
            read_release(release), recompute, previous=previous, deso_key=deso_key, outlines=files, sheet=sheet,
            decimal=decimal or "", names=names,
        )  # fmt: skip
    if as_json:
        click.echo(
            json_text(
                {"ok": not faults, "faults": [fault.as_dict() for fault in faults]},
                ensure_ascii=False,
                indent=2,
            )
        )
    else:
        click.echo(
            "\n".join(fault.on_command_line() for fault in faults)
            or f"{release}: whole, every hash agrees{', and it follows from its input' if recompute else ''}."
        )
    sys.exit(3 if faults else 0)


@click.command()
@click.argument("release", type=NEW)
@click.option(
    "--to", required=True, metavar="FILE|URL",
    help=describe_targets(),
)  # fmt: skip
@click.option("--language", type=click.Choice(["sv", "en"]), default="sv", show_default=True,
              help="Of the workbook and of JSON-stat.")  # fmt: skip
@click.option("--excel-sv", is_flag=True, help="A .csv for a Swedish Excel: semicolon, decimal comma, BOM.")
@click.option("--schema", default="regso", show_default=True, help="The schema in a database.")
@click.option("--replace", is_flag=True, help="In a database: put the release in the place of one of the same id.")
@json_option
def export(
    release: Path, to: str, language: Literal["sv", "en"], excel_sv: bool, schema: str, replace: bool, as_json: bool
) -> None:
    """Write RELEASE to one file, to a Data Package or into a database with PostGIS.

    Example: regso-cluster export releases/2024 --to regso-2024.xlsx
    """
    from regso_cluster.exports.export import export as write
    from regso_cluster.exports.postgis import is_database, write_postgis
    from regso_cluster.files.atomic import refuse_inside_a_release
    from regso_cluster.release.model import read_release

    if is_database(to):
        if excel_sv:
            raise click.UsageError("--excel-sv is for a .csv.")
        read = read_release(release, verify=True)
        written = write_postgis(read, to, schema=schema, replace=replace)
    else:
        if replace or schema != "regso":
            raise click.UsageError("--schema and --replace are for a database: --to postgresql://...")
        refuse_inside_a_release(Path(to))
        read = read_release(release, verify=True)
        written = str(write(read, Path(to), language=language, excel_sv=excel_sv))
    say_disclosure(read)
    click.echo(json_text({"written": [written]}, ensure_ascii=False) if as_json else written)
