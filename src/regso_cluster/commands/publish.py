"""`publish`: releases without small counts, and the intruder that tries to find some."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click

from regso_cluster.commands.options import NEW, Steps, json_option, threads_option
from regso_cluster.files.atomic import json_text


@click.command()
@click.argument("releases", type=NEW, nargs=-1, required=True)
@click.option(
    "--out", type=NEW, required=True, help="A new folder: in it a release a year. Beside it OUT-confidential."
)
@click.option("--min-denominator", type=click.IntRange(min=1), default=21, show_default=True,
              help="Fewest persons in the denominator of a figure that is shown.")  # fmt: skip
@click.option("--min-count", type=click.IntRange(min=1), default=6, show_default=True,
              help="Fewest persons with, and without, the attribute.")  # fmt: skip
@click.option("--method-of-protection", "way", type=click.Choice(["suppress", "round", "cellkey"]), default="suppress",
              show_default=True, help="Leave figures out; or also move those shown, with a secret key.")  # fmt: skip
@click.option("--size", type=click.IntRange(min=2), help="Base of the rounding, largest move of a cell key; default 5.")
@click.option("--published", multiple=True, metavar="FACTOR", help="A factor whose figures are published elsewhere.")
@threads_option
@json_option
def publish(  # noqa: PLR0913  # one an option of the command
    releases: tuple[Path, ...], out: Path, min_denominator: int, min_count: int,
    way: Literal["suppress", "round", "cellkey"], size: int | None, published: tuple[str, ...], threads: int | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Make publishable releases of the internal RELEASES, one a year, protected together.

    Figures under the rule are left out, and as few others as keep them from being worked out by someone who knows the
    sums of each kommun and every denominator; then each year is classified again from what is left, by limits
    that are rounded. What is made is a release: page, export, compare, join, figure and verify work on it.

    Example: regso-cluster publish releases/2023 releases/2024 --out public
    """
    from regso_cluster.factors.small_counts import SmallCounts
    from regso_cluster.files.atomic import refuse_inside_a_release
    from regso_cluster.publishing.release import Protection
    from regso_cluster.publishing.write import name_audit
    from regso_cluster.publishing.write import publish as run
    from regso_cluster.release.model import read_release

    refuse_inside_a_release(out)
    if size and way == "suppress":
        raise click.UsageError("--size goes with --method-of-protection round or cellkey.")
    rule = SmallCounts(min_denominator - 1, min_count - 1)
    with Steps() as steps:
        with steps("reading the releases"):
            read = [read_release(one, verify=True) for one in releases]
        with steps("protecting"):
            written, made = run(
                read, out, Protection(rule, way, size, published=published), resources={"threads": threads}
            )
    said: dict[str, Any] = {
        "written": [str(one.path) for one in written], "confidential": str(name_audit(out)),
        "under_rule": made.small, "hidden": int(made.chosen.hidden.sum()), "cells": len(made.counts.year),
        "exposed_by_kommun": int(made.chosen.exposed.sum()),
    }  # fmt: skip
    if as_json:
        click.echo(json_text(said, ensure_ascii=False, indent=2))
        return
    from regso_cluster.terminal.release import print_release

    for one in written:
        print_release(one)
        for reason in one.disclosure.because:
            click.echo(f"{one.name}: {reason}", err=True)
    click.echo(
        f"{made.small:,} of {len(made.counts.year):,} figures are under the rule; {said['hidden']:,} are left out. "
        f"Protected alone: what was published before about the same people is not known here."
    )
    if said["exposed_by_kommun"]:
        click.echo(
            f"note: {said['exposed_by_kommun']:,} figures lie in a kommun of which nothing is shown: a sum "
            "of the kommun that others publish comes close to them; the audit names them"
        )
    click.echo(f"Keep inside: {name_audit(out)}")
