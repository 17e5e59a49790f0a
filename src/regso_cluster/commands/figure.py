"""Figures for reports: `figure` draws one as SVG or PNG."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from regso_cluster.commands.options import NEW, json_option, say_disclosure
from regso_cluster.figures.formats import PICTURES
from regso_cluster.files.atomic import json_text
from regso_cluster.files.formats import describe_formats
from regso_cluster.words.notes import Language

if TYPE_CHECKING:
    from regso_cluster.figures.draw import FigureKind


@click.command()
@click.argument("kind", type=click.Choice(["country", "kommun", "profile", "flow", "ranks"]))
@click.argument("releases", type=NEW, nargs=-1, required=True)
@click.option(
    "--out",
    type=NEW,
    required=True,
    help=f"A file that ends with {describe_formats(PICTURES)}; an earlier one is replaced.",
)
@click.option(
    "--by",
    "grouping",
    help="Any grouping of the release: composite_group, cluster, band, <factor>_tier; default: its first.",
)
@click.option("--kommun", help="For the kind kommun: its four digits.")
@click.option("--language", type=click.Choice(["sv", "en"]), default="sv", show_default=True, help="Of the words.")
@click.option("--first", type=click.IntRange(1, 400), help="For the kind ranks: how many areas; default: 80.")
@json_option
def figure(
    kind: FigureKind,
    releases: tuple[Path, ...],
    out: Path,
    grouping: str | None,
    kommun: str | None,
    language: Language,
    first: int | None,
    as_json: bool,
) -> None:
    """Draw KIND of RELEASES: country, kommun (maps), profile, ranks (of the worst areas), flow (of several years).

    Example: regso-cluster figure kommun releases/2024 --kommun 0180 --out stockholm.svg
    """
    from regso_cluster.figures.draw import figure as run
    from regso_cluster.figures.kinds import write_figure
    from regso_cluster.files.atomic import refuse_inside_a_release
    from regso_cluster.release.model import read_release

    if (kind == "kommun") != bool(kommun):
        raise click.UsageError("--kommun goes with the kind kommun, and the kind kommun needs it.")
    if kind == "ranks" and grouping:
        raise click.UsageError("ranks draws places in the index and takes no --by; country, kommun, profile, flow do.")
    if first and kind != "ranks":
        raise click.UsageError("--first goes with the kind ranks.")
    if kind != "flow" and len(releases) > 1:
        raise click.UsageError(f"{kind} draws one release.")
    refuse_inside_a_release(out)
    read = [read_release(one, verify=True) for one in releases]
    drawn = run(kind, read, by=grouping, kommun=kommun, language=language, first=first)
    path = str(write_figure(drawn, out))
    say_disclosure(*read)
    click.echo(json_text({"written": [path]}, ensure_ascii=False) if as_json else path)
