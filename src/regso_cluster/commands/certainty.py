"""How sure the groups are: `stability` by number of groups, `sensitivity` to the choices of the method."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from regso_cluster.commands.options import (
    EXISTING,
    NEW,
    ReferenceYear,
    Steps,
    deso_option,
    edition_option,
    json_option,
    reading_options,
    scheduler_option,
    threads_option,
)
from regso_cluster.files.atomic import json_text

if TYPE_CHECKING:
    from regso_cluster.factors.tables import FactorTable
    from regso_cluster.method import Method
    from regso_cluster.release.model import Release

Command = Callable[..., None]

_SUBJECT = (
    click.argument("source", type=NEW, metavar="TABLE|RELEASE"),
    click.option(
        "--method", metavar="NAME|FILE", help="For a table: a built-in method or a TOML file. A release brings its own."
    ),
    click.option("--year", type=ReferenceYear(), help="For a table: the reference year."),
    edition_option,
    deso_option,
    reading_options,
    click.option("--out", type=NEW, required=True, help="A folder for tables and a figure; it must not exist."),
)
_HOW = (
    click.option("--language", type=click.Choice(["sv", "en"]), default="sv", show_default=True, help="Of the figure."),
    threads_option,
    scheduler_option,
    json_option,
)


@dataclass(frozen=True)
class StudySubject:
    """What is looked at: a release, or a table with a method."""

    path: Path
    method: str | None
    year: int | None
    edition: str | None
    deso_key: Path | None
    sheet: str = ""
    decimal: str | None = None

    def open(self) -> tuple[Release | FactorTable, Method | None]:
        """Open the release, or read the table with the method given."""
        if self.path.is_dir():
            from regso_cluster.release.model import read_release

            if self.method:
                raise click.UsageError("A release brings its own method: leave --method out.")
            return read_release(self.path, verify=True), None
        if not self.method:
            raise click.UsageError("Give --method for a table.")
        from regso_cluster.factors.tables import read_factors
        from regso_cluster.method import load_method

        loaded = load_method(self.method)
        edition = int(self.edition) if self.edition else None
        table = read_factors(self.path, loaded, edition=edition, year=self.year, deso_key=self.deso_key,
                             sheet=self.sheet, decimal=self.decimal or "")  # fmt: skip
        return table, loaded


def study_options(*own: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Add what the commands of this file share, with their own options between; they get a `Subject`."""

    def add(command: Command) -> Command:
        @functools.wraps(command)
        def read(source: Path, **given: Any) -> None:
            subject = {name: given.pop(name) for name in ("method", "year", "edition", "deso_key", "sheet", "decimal")}
            command(StudySubject(source, **subject), **given)

        built: Command = read
        options: tuple[Callable[[Command], Command], ...] = (*_SUBJECT, *own, *_HOW)
        for option in reversed(options):
            built = option(built)
        return built

    return add


@click.command()
@study_options(
    click.option("--most", type=click.IntRange(min=2, max=50), help="The largest number of groups to look at."),
    click.option(
        "--resamples", type=click.IntRange(min=2), default=100, show_default=True, help="Bootstrap resamples."
    ),
    click.option("--clouds", type=click.IntRange(min=5), default=50, show_default=True, help="Clouds for the gap."),
    click.option(
        "--consensus", is_flag=True, help="Join k-means, k-medoids and Ward over resamples: consensus.parquet."
    ),
)
def stability(  # noqa: PLR0913  # one an option of the command
    subject: StudySubject, out: Path, most: int | None, resamples: int, clouds: int, consensus: bool,
    language: Literal["sv", "en"], threads: int | None, scheduler: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Look at each number of groups of TABLE or RELEASE: which stand, and are there types or bands.

    Example: regso-cluster stability releases/2024 --out stability-2024
    """
    with Steps() as steps:
        with steps("reading"):
            from regso_cluster.parallel import Workers
            from regso_cluster.studies.uncertainty import StabilityOptions
            from regso_cluster.studies.uncertainty import stability as run

            opened, method = subject.open()
        found = run(
            opened, method, options=StabilityOptions(most, resamples, clouds, consensus), out=out, language=language,
            workers=Workers(threads, scheduler), say=steps.say,
        )  # fmt: skip
    if as_json:
        click.echo(json_text(found.as_dict(), indent=2))
        return
    from regso_cluster.terminal.studies import print_structure

    agreed = found.agreed.figures if found.agreed else None
    print_structure(found.structure, synthetic=found.synthetic, consensus=agreed)
    click.echo(f"written: {out}")


@click.command()
@study_options(
    click.option("--study", "study_file", type=EXISTING, help="A TOML file of choices; default: the package's own."),
    click.option(
        "--runs",
        type=click.IntRange(min=4),
        help="At most so many runs for the Sobol indices, and some with one choice alone; default: the study's.",
    ),
    click.option("--seed", type=click.IntRange(min=0), help="Instead of the study's own."),
)
def sensitivity(  # noqa: PLR0913  # one an option of the command
    subject: StudySubject, out: Path, study_file: Path | None, runs: int | None, seed: int | None,
    language: Literal["sv", "en"], threads: int | None, scheduler: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Vary the choices of the method of TABLE or RELEASE, and see whose group changes.

    Runs are kept as they end in OUT.unfinished; the same command takes up a study that was cut off.

    Example: regso-cluster sensitivity releases/2024 --out sensitivity-2024 --runs 1000
    """
    from regso_cluster.studies.uncertainty import refuse_existing_study

    refuse_existing_study(out)
    with Steps() as steps:
        with steps("reading"):
            from regso_cluster.certainty.study_file import load_study
            from regso_cluster.parallel import Workers
            from regso_cluster.studies.uncertainty import sensitivity as run

            study = load_study(study_file)
            given: dict[str, Any] = {"runs": runs, "seed": seed}
            study = replace(study, **{name: value for name, value in given.items() if value is not None})
            opened, method = subject.open()
        with steps("running"):
            found = run(
                opened, out, method, study=study, language=language, workers=Workers(threads, scheduler), say=_say
            )
    if as_json:
        click.echo(json_text(found.summary, ensure_ascii=False, indent=2))
        return
    from regso_cluster.terminal.studies import print_sensitivity

    print_sensitivity(found.summary, found.choices, found.sobol)
    click.echo(f"written: {out}")


def _say(done: int, whole: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"{done} of {whole} runs", err=True)
