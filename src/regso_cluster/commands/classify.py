"""`classify`: a table, or a folder of tables, to releases."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from regso_cluster.commands.options import (
    NEW,
    ReferenceYear,
    Steps,
    accept_option,
    deso_option,
    edition_option,
    json_option,
    method_option,
    names_option,
    outline_options,
    read_outline_options,
    reading_options,
    scheduler_option,
    threads_option,
)
from regso_cluster.files.atomic import json_text

if TYPE_CHECKING:
    from regso_cluster.parallel import Workers
    from regso_cluster.release.model import Release
    from regso_cluster.studies.reading import Reading
    from regso_cluster.years.borders import Outlines


@click.command()
@click.argument("table", type=NEW)
@method_option
@click.option("--year", type=ReferenceYear(), help="The reference year.")
@click.option("--all-years", is_flag=True, help="TABLE is a folder of tables named by year, --out one of releases.")
@click.option("--out", type=NEW, required=True, help="The folder of the release; it must not exist.")
@click.option("--previous", type=NEW, help="Last year's release: clusters keep their numbers, changes are marked.")
@edition_option
@deso_option
@reading_options
@accept_option
@names_option
@click.option("--seed", type=click.IntRange(min=0), help="Instead of the method's own.")
@threads_option
@scheduler_option
@outline_options
@json_option
def classify(  # noqa: PLR0913  # one an option of the command
    table: Path, method: str, year: int | None, all_years: bool, out: Path, previous: Path | None, edition: str | None,
    deso_key: Path | None, sheet: str, decimal: str | None, names: Path | None, accept: Path | None,
    seed: int | None, threads: int | None, scheduler: str | None, as_json: bool, **outlines: Any,
) -> None:  # fmt: skip
    """Classify TABLE and write a release to the folder --out.

    With --all-years every table of a folder is classified against the year before; years that are done are kept, a
    corrected table gives a revision beside the first release. Against a release of the other edition give the outlines
    of both (--old-shapes, --new-shapes): areas whose borders moved then have last year's groups in this year's borders.
    With --scheduler a Dask cluster searches for clusters, finds them again on resamples and draws for every label.

    Example: regso-cluster classify factors-2024.csv --method utanforskap --year 2024 --out releases/2024
    """
    if all_years == (year is not None) or (all_years and previous):
        raise click.UsageError("Give --year (with or without --previous), or --all-years.")
    files = read_outline_options(outlines)
    given = _Given(int(edition) if edition else None, deso_key, files, accept, sheet, decimal or "", names, seed,
                   threads, scheduler)  # fmt: skip
    if year is None:
        _classify_all(table, method, out, given, as_json)
        return
    if files and not previous:
        raise click.UsageError("--old-shapes and --new-shapes go with --previous.")
    release, before = _classify_year(table, method, year, out, previous, given)
    if files and before is not None and before.manifest["edition"] == release.manifest["edition"]:
        click.echo("the two releases are of one edition: the outlines were not used", err=True)
    if as_json:
        click.echo(json_text(release.manifest, ensure_ascii=False, indent=2))
    else:
        from regso_cluster.terminal.release import print_release

        print_release(release)


@dataclass(frozen=True)
class _Given:
    """What the options say of reading and computing, for one year and for all."""

    edition: int | None
    deso_key: Path | None
    outlines: Outlines | None
    accept: Path | None
    sheet: str
    decimal: str
    names: Path | None
    seed: int | None
    threads: int | None
    scheduler: str | None

    def reading(self) -> Reading:
        """Give how tables are read."""
        from regso_cluster.factors.accepted import read_accepted
        from regso_cluster.studies.reading import Reading

        accepted = read_accepted(self.accept) if self.accept else None
        return Reading(self.edition, self.deso_key, self.outlines, accepted, self.sheet, self.decimal, self.names)

    def workers(self) -> Workers:
        """Give who works."""
        from regso_cluster.parallel import Workers

        return Workers(self.threads, self.scheduler)


def _classify_year(
    table: Path, method: str, year: int, out: Path, previous: Path | None, given: _Given
) -> tuple[Release, Release | None]:
    """Write the release of one year; give it with the one before."""
    with Steps() as steps:
        with steps("loading"):
            from regso_cluster.method import load_method
            from regso_cluster.release.model import read_release
            from regso_cluster.studies.one_year import classify_file, refuse_release
        refuse_release(out)
        loaded = load_method(method)
        loaded = loaded if given.seed is None else replace(loaded, seed=given.seed)
        with steps("reading"):
            before = read_release(previous, verify=True) if previous else None
        return classify_file(table, loaded, out, year=year, previous=before, reading=given.reading(),
                             workers=given.workers(), steps=steps), before  # fmt: skip


def _classify_all(folder: Path, method: str, out: Path, given: _Given, as_json: bool) -> None:
    """Write the releases of all years of a folder."""
    from regso_cluster.method import load_method
    from regso_cluster.studies.series import Made, classify_series, find_tables

    def say(made: Made) -> None:
        difference = f", compared in {made.difference}" if made.difference else ""
        click.echo(f"{made.year}: {made.what}, {made.path}{difference}")

    reading = given.reading()
    tables, others = find_tables(folder)
    if others:
        click.echo(f"no table of a year, left out: {', '.join(others)}", err=True)
    made = classify_series(
        tables, load_method(method), out, reading=reading, seed=given.seed,
        workers=given.workers(), say=None if as_json else say,
    )  # fmt: skip
    if as_json:
        plain = [{"year": one.year, "what": one.what, "path": str(one.path),
                  "difference": str(one.difference) if one.difference else None} for one in made]  # fmt: skip
        click.echo(json_text(plain, ensure_ascii=False, indent=2))
