"""Year after year: `freeze` makes limits absolute, `compare` says who moved and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from regso_cluster.commands.options import (
    EXISTING,
    NEW,
    json_option,
    outline_options,
    read_outline_options,
    say_disclosure,
)
from regso_cluster.files.atomic import json_text


@click.command()
@click.argument("release", type=NEW)
@click.option("--out", type=NEW, required=True, help="The method file to write; it must not exist.")
@click.option("--beside", is_flag=True, help="Keep relative limits, and judge by these absolute ones too.")
@json_option
def freeze(release: Path, out: Path, beside: bool, as_json: bool) -> None:
    """Write the method of RELEASE with its limits, scales, cut points and centres made absolute.

    Example: regso-cluster freeze releases/2024 --out utanforskap-limits-of-2024.toml
    """
    from regso_cluster.release.freeze import freeze as run
    from regso_cluster.release.freeze import write_method
    from regso_cluster.release.model import read_release
    from regso_cluster.words.wording import say_drifting

    read = read_release(release, verify=True)
    frozen = run(read, beside=beside)
    path = str(write_method(frozen, out))
    say_disclosure(read)
    if note := say_drifting(frozen):
        click.echo(f"note: {note}", err=True)
    click.echo(json_text({"written": [path]}, ensure_ascii=False) if as_json else path)


@click.command()
@click.argument("old", type=NEW)
@click.argument("new", type=NEW)
@click.option("--out", type=NEW, help="A folder for all tables, as Parquet and xlsx; it must not exist.")
@click.option(
    "--through", type=NEW, multiple=True, help="A release of another year, once for each: with --out, paths of areas."
)
@click.option(
    "--changes", type=EXISTING, help="SCB's list of changed RegSO (.xlsx or .csv): marks areas that are not comparable."
)
@outline_options
@json_option
def compare(
    old: Path, new: Path, out: Path | None, through: tuple[Path, ...], changes: Path | None, as_json: bool,
    **outlines: Any,
) -> None:  # fmt: skip
    """Compare the releases OLD and NEW: who changed group, the cause, and the factors behind.

    Between two editions give the outlines of both (--old-shapes, --new-shapes): the earlier counts are moved to the
    later borders, by residents where --population says where they live, else by land. Without outlines --changes at
    least marks the areas whose borders moved.

    Example: regso-cluster compare releases/2023 releases/2024 --out changes-2024
    """
    files = read_outline_options(outlines)
    if files and changes:
        raise click.UsageError("Outlines say more than --changes: give one of the two.")
    if through and not out:
        raise click.UsageError("--through writes flows.parquet: give --out too.")
    from regso_cluster.exports.comparison import write_comparison
    from regso_cluster.release.model import read_release
    from regso_cluster.years.across import compare as run
    from regso_cluster.years.compare import refuse_existing

    if out:
        refuse_existing(out)
    first, last = read_release(old, verify=True), read_release(new, verify=True)
    comparison = run(first, last, outlines=files, changes=changes)
    if out:
        write_comparison(comparison, out, through=[read_release(one, verify=True) for one in through])
    say_disclosure(first, last)
    if as_json:
        click.echo(json_text(comparison.summary, ensure_ascii=False, indent=2))
    else:
        from regso_cluster.exports.comparison import print_comparison

        print_comparison(comparison)
