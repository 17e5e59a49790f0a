"""`publish`: releases without small counts, and the intruder that tries to find some."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from regso_cluster.commands.options import EXISTING, NEW, Steps, json_option, threads_option
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.small_counts import SmallCounts
from regso_cluster.files.atomic import json_text

if TYPE_CHECKING:
    from regso_cluster.publishing.release import Plan
    from regso_cluster.release.model import Release

_SHOWN = 10  # findings of each kind that are printed


@click.command()
@click.argument("releases", type=NEW, nargs=-1, required=True)
@click.option("--out", type=NEW, help="A new folder: in it a release a year. Beside it OUT-confidential.")
@click.option(
    "--earlier", type=NEW, multiple=True, metavar="RELEASE", help="A publishable release made before; once each."
)
@click.option("--attack", is_flag=True, help="Write nothing: look for small counts in RELEASES and files made of them.")
@click.option("--known", type=EXISTING, metavar="TABLE", help="For --attack: sums and figures that others publish.")
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
    releases: tuple[Path, ...], out: Path | None, earlier: tuple[Path, ...], attack: bool, known: Path | None,
    min_denominator: int, min_count: int, way: Literal["suppress", "round", "cellkey"], size: int | None,
    published: tuple[str, ...], threads: int | None, as_json: bool,
) -> None:  # fmt: skip
    """Make publishable releases of the internal RELEASES, one a year, protected together.

    Figures under the rule are left out, and as few others as keep them from being worked out by someone who knows the
    sums of each kommun and every denominator; then each year is classified again from what is left, by limits
    that are rounded. What is made is a release: page, export, compare, join, figure and verify work on it.

    With --attack nothing is written: what is given, releases and any files, is read as an intruder reads it, and
    figures under the rule that can be read or worked out are counted; exit code 1 when there are any. TABLE has the
    columns year, factor, code (of an area, or the beginning of codes: a kommun, a län), n and d.

    Example: regso-cluster publish releases/2023 releases/2024 --out public
    """
    if attack == (out is not None) or (known and not attack):
        raise click.UsageError("Give --out to publish, or --attack (with or without --known) to look for small counts.")
    if out is None:
        _attack(releases, known, SmallCounts(min_denominator - 1, min_count - 1), as_json=as_json)
        return
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
            before = [read_release(one, verify=True) for one in earlier]
        with steps("protecting"):
            how = Protection(rule, way, size, published=published)
            written, made = run(read, out, how, earlier=before, resources={"threads": threads})
    _say(written, made, name_audit(out), as_json=as_json)


def _say(written: list[Release], made: Plan, audit: Path, *, as_json: bool) -> None:
    """Say what was written, what was left out, and what stays inside."""
    hidden, exposed = int(made.chosen.hidden.sum()), int(made.chosen.exposed.sum())
    said: dict[str, Any] = {
        "written": [str(one.path) for one in written], "confidential": str(audit), "under_rule": made.small,
        "hidden": hidden, "cells": len(made.counts.year), "exposed_by_kommun": exposed,
    }  # fmt: skip
    if as_json:
        click.echo(json_text(said, ensure_ascii=False, indent=2))
        return
    from regso_cluster.terminal.release import print_release

    for one in written:
        print_release(one)
    click.echo(
        f"{made.small:,} of {len(made.counts.year):,} figures are under the rule; {hidden:,} are left out. "
        "What was published elsewhere, or before and is not given as --earlier, is not known here."
    )
    if exposed:
        click.echo(
            f"note: {exposed:,} figures lie in a kommun of which nothing is shown: a sum of the kommun that others "
            "publish comes close to them; the audit names them"
        )
    click.echo(f"Keep inside: {audit}")


def _attack(paths: tuple[Path, ...], known: Path | None, rule: SmallCounts, *, as_json: bool) -> None:
    """Look for small counts, and say what was found; exit code 1 where something was."""
    from regso_cluster.intruder.attack import attack as run
    from regso_cluster.intruder.attack import count_by_factor, read_known

    if missing := [str(path) for path in paths if not path.exists()]:
        raise InputError([Fault("no such file or folder", path, hint="Name what was published.") for path in missing])
    found = run(paths, read_known(known) if known else None, denominator=rule.denominator, least=rule.least)
    said = {
        "files": found.files, "read": count_by_factor(found.read), "worked_out": count_by_factor(found.worked_out),
        "sentences": found.sentences["text"].tolist(), "breaches": found.breaches,
    }  # fmt: skip
    if as_json:
        click.echo(json_text(said, ensure_ascii=False, indent=2))
    else:
        click.echo(f"{found.files:,} files; figures under the rule: {len(found.read):,} can be read, "
                   f"{len(found.worked_out):,} worked out, {len(found.sentences):,} stand in sentences.")  # fmt: skip
        for frame in (found.read, found.worked_out):
            for row in frame.head(_SHOWN).to_dict("records"):
                click.echo(" ".join(f"{name}={cell}" for name, cell in row.items()))
    sys.exit(1 if found.breaches else 0)
