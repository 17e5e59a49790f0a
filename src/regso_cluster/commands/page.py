"""Look at releases: `page` makes one HTML file."""

from __future__ import annotations

from pathlib import Path

import click

from regso_cluster.commands.options import NEW, Steps, json_option, say_disclosure
from regso_cluster.files.atomic import json_text


@click.command()
@click.argument("releases", type=NEW, nargs=-1, required=True)
@click.option("--out", type=NEW, required=True, help="A file that ends with .html; an earlier one is replaced.")
@json_option
def page(releases: tuple[Path, ...], out: Path, as_json: bool) -> None:
    """Make a page of RELEASES, one a year: a file that opens without network, in Swedish and English.

    Example: regso-cluster page releases/2023 releases/2024 --out areas.html
    """
    from regso_cluster.files.atomic import refuse_inside_a_release
    from regso_cluster.page import check_name, check_releases, write_page
    from regso_cluster.release.model import read_release

    refuse_inside_a_release(out)
    check_name(out)
    with Steps() as steps:
        with steps("reading the releases"):
            read = sorted((read_release(one, verify=True) for one in releases), key=lambda one: one.year)
            check_releases(read)
        with steps("working out why areas moved, putting the page together"):
            path = str(write_page(read, out))
    say_disclosure(*read)
    click.echo(json_text({"written": [path]}, ensure_ascii=False) if as_json else path)
