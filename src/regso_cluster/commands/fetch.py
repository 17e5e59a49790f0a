"""`fetch`: tables and shapes from SCB. The one command that uses the network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from regso_cluster.commands.options import NEW, EditionYear, ReferenceYear, Steps, json_option, method_option
from regso_cluster.files.atomic import json_text

if TYPE_CHECKING:
    from regso_cluster.sources.selection import Areas

_cache_option = click.option("--cache", type=NEW, help="Folder of fetched answers; default: REGSO_CACHE, or your own.")
_tables_service = click.option("--service", envvar="REGSO_SCB_URL", help="Address of a PxWebApi 2; default: SCB's.")
_refresh_option = click.option("--refresh", is_flag=True, help="Fetch even what the cache has.")


class Choices(click.ParamType):  # type: ignore[type-arg]  # not generic in the oldest click allowed
    """A choice of codes, as Kon=1+2 or Alder=20-24,25-29."""

    name = "VARIABLE=CODES"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, tuple[str, ...]]:
        """Read the variable and its codes."""
        if isinstance(value, tuple):
            return value
        key, sign, codes = str(value).partition("=")
        wanted = tuple(code.strip() for code in codes.split(",") if code.strip())
        if not (sign and key.strip() and wanted):
            self.fail(f"{value!r} is no choice such as Kon=1+2 or Alder=20-24,25-29", param, ctx)
        return key.strip(), wanted


def _by_variable(_context: click.Context, _option: click.Parameter, given: Any) -> dict[str, tuple[str, ...]]:
    """Give the choices of an option that may be given again, by variable."""
    return dict(given)


@click.group()
def fetch() -> None:
    """Fetch tables and shapes from SCB: the service's limits kept, every answer cached with hash, date and source.

    Example: regso-cluster fetch table TAB6586 --year 2024 --out index-2024.csv
    """


@fetch.command(short_help="Fetch one table, a row an area.")
@click.argument("number")
@click.option("--year", type=ReferenceYear(1960), required=True, help="The reference year.")
@click.option("--out", type=NEW, required=True, help="The CSV to write; its sources stand beside it.")
@click.option("--contents", multiple=True, help="Code of a measure, or ~ and a part of its name; default: all.")
@click.option(
    "--select",
    type=Choices(),
    multiple=True,
    callback=_by_variable,
    help="Codes of another variable, with * and ? if you like.",
)
@click.option("--areas", type=click.Choice(["regso", "deso", "kommun", "lan"]), default="regso", show_default=True,
              help="Kind of areas.")  # fmt: skip
@click.option("--edition", type=EditionYear(), help="Edition of RegSO; default: the year's.")
@click.option("--within", multiple=True, metavar="CODE", help="Only this kommun or län; may be given again.")
@_tables_service
@_cache_option
@_refresh_option
@json_option
def table(  # noqa: PLR0913  # one an option of the command
    number: str, year: int, out: Path, contents: tuple[str, ...], select: dict[str, tuple[str, ...]],
    areas: str, edition: str | None, within: tuple[str, ...], service: str | None, cache: Path | None, refresh: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Fetch table NUMBER of SCB's statistical database and write it to --out, a row an area.

    Example: regso-cluster fetch table TAB6574 --year 2024 --select Alder=totalt --select Kon=1+2 --out people.csv
    """
    with Steps() as steps, steps("loading"):
        from regso_cluster.sources.fetch import FetchOptions, fetch_table
        from regso_cluster.sources.selection import Question

        question = Question(number, year, contents, select, cast("Areas", areas),
                            int(edition) if edition else None, within)  # fmt: skip
        fetched = fetch_table(question, out, options=FetchOptions(service, cache, refresh, steps.say))
    _report(out, fetched, as_json)


@fetch.command(short_help="Fetch all that is open of a method's table.")
@method_option
@click.option("--year", type=ReferenceYear(1960), required=True, help="The reference year.")
@click.option("--out", type=NEW, required=True, help="The CSV to write; its sources stand beside it.")
@click.option(
    "--table",
    "numbers",
    type=Choices(),
    multiple=True,
    callback=_by_variable,
    help="Number of a table, as IntGr11RegSO1=TAB1234.",
)
@_tables_service
@_cache_option
@_refresh_option
@json_option
def method(
    method: str, year: int, out: Path, numbers: dict[str, tuple[str, ...]], service: str | None,
    cache: Path | None, refresh: bool, as_json: bool,
) -> None:  # fmt: skip
    """Fetch every column of a method's table that SCB has open, and say which are missing and where to get them.

    Example: regso-cluster fetch method --method socioekonomiskt-index --year 2024 --out factors-2024.csv
    """
    with Steps() as steps, steps("loading"):
        from regso_cluster.method import load_method
        from regso_cluster.sources.fetch import FetchOptions, fetch_method

        known = {matrix: codes[0] for matrix, codes in numbers.items()}
        options = FetchOptions(service, cache, refresh, steps.say)
        fetched = fetch_method(load_method(method), year, out, numbers=known, options=options)
    _report(out, fetched, as_json)


@fetch.command(short_help="Fetch the full outlines of RegSO or DeSO.")
@click.option("--edition", type=EditionYear(), required=True, help="Edition of RegSO.")
@click.option("--deso", is_flag=True, help="The DeSO that goes with the edition, instead of RegSO.")
@click.option("--lan", metavar="CODE", help="Only this län, as 20; such a layer is not taken for the whole one.")
@click.option("--out", type=NEW, help="Also write it to this .parquet or .gpkg.")
@click.option("--service", envvar="REGSO_SCB_WFS_URL", help="Address of a WFS; default: SCB's.")
@_cache_option
@_refresh_option
@json_option
def shapes(
    edition: str, deso: bool, lan: str | None, out: Path | None, service: str | None, cache: Path | None, refresh: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Fetch SCB's full-resolution outlines, check them and keep them in the cache, where other commands find them.

    Example: regso-cluster fetch shapes --edition 2020
    """
    with Steps() as steps, steps("loading"):
        from regso_cluster.areas.codes import parse_codes
        from regso_cluster.sources.fetch import FetchOptions, fetch_shapes

        if lan and parse_codes([lan], "lan").codes.isna().any():
            raise click.UsageError(f"--lan {lan!r} is no code of a län such as 20.")
        options = FetchOptions(service, cache, refresh, steps.say)
        kept = fetch_shapes(int(edition), out, deso=deso, lan=lan or None, options=options)
    said, path = kept.source, kept.path
    if as_json:
        click.echo(json_text({"written": [str(path)], "fresh": kept.fresh, **said}, ensure_ascii=False, indent=2))
        return
    click.echo(f"{path}: {said['areas']} areas of {said['layer']}, retrieved {said['retrieved'][:10]}")
    if said["mended"]:
        click.echo(f"note: {said['mended']} polygons touched themselves and were mended", err=True)


def _report(out: Path, fetched: Any, as_json: bool) -> None:
    """Say what was written, what was noted, and what is missing."""
    from regso_cluster.factors.origin import origin_file

    written = [str(out), str(origin_file(out))]
    missing = fetched.origin.get("missing", [])
    if as_json:
        plain = {"written": written, "areas": len(fetched.frame), "columns": list(fetched.frame.columns),
                 "notes": list(fetched.notes), "missing": missing, "origin": fetched.origin}  # fmt: skip
        click.echo(json_text(plain, ensure_ascii=False, indent=2))
        return
    click.echo(f"{out}: {len(fetched.frame)} areas, columns {', '.join(fetched.frame.columns)}")
    for note in fetched.notes:
        click.echo(f"note: {note}", err=True)
    for one in missing:
        click.echo(f"missing: {one['column']}. {one['reason']}", err=True)
