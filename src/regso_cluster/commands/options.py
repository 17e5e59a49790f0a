"""What commands share: options, the span of years, the steps that a terminal shows."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import click
from click.shell_completion import CompletionItem

from regso_cluster.areas.edition_table import edition_years
from regso_cluster.errors import visible

if TYPE_CHECKING:
    from regso_cluster.release.model import Release
    from regso_cluster.years.borders import Outlines


class _Place(click.Path):
    """A path that need not exist; an empty one, as of a variable of the shell that is not set, is no path."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse an empty path: it would be the folder that one stands in."""
        if value == "":
            self.fail("an empty path", param, ctx)
        return super().convert(value, param, ctx)


class ReferenceYear(click.IntRange):
    """A year of four digits; 2024.0, as tables and spreadsheets write it, is 2024."""

    def __init__(self, first: int = 1900) -> None:
        super().__init__(first, 2200)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the year; refuse what is no whole number or lies outside the range."""
        if isinstance(value, str):
            text = re.fullmatch(r"([+-]?\d+)(?:[.,]0+)?", value.strip(), re.ASCII)
            if text is None:
                self.fail(f"{value!r} is no year: write it as 2024.", param, ctx)
            value = text[1]
        return int(super().convert(value, param, ctx))


class EditionYear(click.ParamType):  # type: ignore[type-arg]  # not generic in the oldest click allowed
    """One of the editions of RegSO, as 2025; which there are is data, looked up when it is asked for."""

    name = "edition"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse a year that names no edition."""
        return str(_edition_choice().convert(value, param, ctx))

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """Show the editions that there are."""
        return _edition_choice().get_metavar(param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Complete the year of an edition."""
        return _edition_choice().shell_complete(ctx, param, incomplete)


def _edition_choice() -> click.Choice[str]:
    return click.Choice([str(year) for year in edition_years()])


EXISTING = click.Path(exists=True, path_type=Path)
NEW = _Place(path_type=Path)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
edition_option = click.option(
    "--edition",
    type=EditionYear(),
    help="Edition of the codes; default: told from the codes.",
)
threads_option = click.option("--threads", type=click.IntRange(min=1), help="Never changes the result.")
scheduler_option = click.option(
    "--scheduler", metavar="ADDRESS", help="A Dask cluster that does the work, as tcp://..."
)
method_option = click.option("--method", required=True, metavar="NAME|FILE", help="A built-in method or a TOML file.")

_READING = (
    click.option("--sheet", default="", help="Sheet of a workbook; default: the only one that can hold the table."),
    click.option("--decimal", type=click.Choice(["comma", "point"]),
                 help="How TABLE writes decimals, where it does not tell: is 1.234 1234?"),
)  # fmt: skip
_MARKS = (
    click.option("--suppressed", multiple=True, metavar="MARK", help="A further mark of a suppressed cell, as ~100."),
    click.option("--missing", multiple=True, metavar="MARK", help="A further mark of a missing cell."),
    click.option("--zero", multiple=True, metavar="MARK", help="A mark that is 0, as the dash of PxWeb."),
)

_OUTLINES = (
    click.option("--old-shapes", type=EXISTING, help="Outlines of the earlier edition: counts are moved by them."),
    click.option("--new-shapes", type=EXISTING, help="Outlines of the later edition."),
    click.option("--land", type=EXISTING, help="Polygons of land, to weigh by; default: the package's own outlines."),
    click.option("--population", type=EXISTING, help="Grid or DeSO with residents, to weigh by instead of land."),
    click.option("--population-column", help="Its column of residents; default population, or the only number."),
    click.option("--population-counts", type=EXISTING, help="A table of residents by DeSO, for outlines of DeSO."),
    click.option("--crosswalk-cache", type=NEW, help="A folder that keeps the crosswalk for the next time."),
)


def reading_options(command: Any) -> Any:
    """Add --sheet and --decimal; the command gets `sheet` and `decimal`."""
    for option in reversed(_READING):
        command = option(command)
    return command


def mark_options(command: Any) -> Any:
    """Add --suppressed, --missing and --zero, for commands without a method."""
    for option in reversed(_MARKS):
        command = option(command)
    return command


def outline_options(command: Any) -> Any:
    """Add the options of a crosswalk between two editions; `read_outline_options` makes files of them."""
    for option in reversed(_OUTLINES):
        command = option(command)
    return command


def read_outline_options(given: dict[str, Any]) -> Outlines | None:
    """Give the files of a crosswalk; None where none was asked for."""
    old, new = given["old_shapes"], given["new_shapes"]
    if (old is None) != (new is None):
        raise click.UsageError("Give --old-shapes and --new-shapes: a crosswalk is cut from both.")
    if given["population_counts"] and not given["population"]:
        raise click.UsageError("--population-counts are for outlines of DeSO: give them as --population.")
    if old is None:
        if left := [f"--{name.replace('_', '-')}" for name, value in given.items() if value is not None]:
            raise click.UsageError(f"{left[0]} goes with --old-shapes and --new-shapes.")
        return None
    from regso_cluster.years.borders import Outlines

    return Outlines(
        old=old, new=new, land=given["land"], population=given["population"], cache=given["crosswalk_cache"],
        population_column=given["population_column"], population_counts=given["population_counts"],
    )  # fmt: skip


deso_option = click.option("--deso-key", type=EXISTING, help="Key from DeSO to RegSO, for a table of counts by DeSO.")
names_option = click.option("--names", type=EXISTING, help="Table of RegSO codes and names: names of the areas.")

accept_option = click.option(
    "--accept", type=EXISTING, metavar="FILE", help="Figures that were looked at and found right; docs/check.md."
)


class Years(click.ParamType):  # type: ignore[type-arg]  # not generic in the oldest click allowed
    """A year or a span of years, as 2024 or 2019-2024."""

    name = "years"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> range:
        """Read 2024 or 2019-2024 as the range of its years."""
        if isinstance(value, range):
            return value
        match = re.fullmatch(r"(\d{4})(?:-(\d{4}))?", str(value))
        if not match or int(match[2] or match[1]) < int(match[1]):
            self.fail(f"{value!r} is no year or span of years such as 2019-2024", param, ctx)
        return range(int(match[1]), int(match[2] or match[1]) + 1)


def say_disclosure(*releases: Release) -> None:
    """Say on stderr of each release whether what is made of it may be published, and why."""
    for release in releases:
        for reason in release.disclosure.because:
            click.echo(f"{release.name}: {reason}", err=True)


class Steps:
    """Shows on a terminal which step runs, and keeps how long each took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._status: Any = None

    def __enter__(self) -> Steps:
        if sys.stderr.isatty():
            from rich.console import Console

            from regso_cluster.commands.streams import RawStream

            self._status = Console(file=cast("IO[str]", RawStream(sys.stderr))).status("starting")
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def say(self, text: str) -> None:
        """Show what a step is at."""
        if self._status:
            from rich.text import Text

            self._status.update(Text(f"{visible(text)} ..."))  # text of a service is no markup

    @contextmanager
    def __call__(self, step: str, /) -> Iterator[None]:
        """Show the step while the body runs, and keep how long it took."""
        if self._status:
            self._status.update(f"{step} ...")
        start = time.perf_counter()
        yield
        self.seconds[step] = time.perf_counter() - start
