"""The command line: bodies of a few lines that call the library.

Exit codes: 0 done, 1 input refused or failed, 2 usage, 3 verification failed. Data go to stdout, progress to stderr
and only to a terminal. Heavy modules are imported inside the commands, so that `--help` answers at once.
"""

from __future__ import annotations

import io
import json
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from regso_cluster import __version__
from regso_cluster.errors import Fault, InputError

if TYPE_CHECKING:
    pass

Command = Callable[..., Any]
EXISTING = click.Path(exists=True, path_type=Path)
NEW = click.Path(path_type=Path)


class _Years(click.ParamType):  # type: ignore[type-arg]  # not generic in the oldest click allowed
    """A year or a span of years, as 2024 or 2019-2024."""

    name = "years"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> range:
        if isinstance(value, range):
            return value
        match = re.fullmatch(r"(\d{4})(?:-(\d{4}))?", str(value))
        if not match or int(match[2] or match[1]) < int(match[1]):
            self.fail(f"{value!r} is no year or span of years such as 2019-2024", param, ctx)
        return range(int(match[1]), int(match[2] or match[1]) + 1)


class _Group(click.Group):
    """Turns every failure into one message and an exit code; `--debug` shows the traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
            raise
        except (Exception, KeyboardInterrupt) as error:
            if ctx.params.get("debug"):
                raise
            click.echo(f"Error: {_message(error)}", err=True)
            ctx.exit(1)


def _message(error: BaseException) -> str:
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "interrupted; nothing half-written was left"
    if isinstance(error, OSError):
        return f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")
    return f"{type(error).__name__}: {error}. This is a fault of the program; --debug before the command shows where."


def _terminated(*_: object) -> None:
    raise KeyboardInterrupt


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="regso-cluster")
@click.option("--debug", is_flag=True, help="Show the traceback of a failure.")
def main(debug: bool) -> None:  # noqa: ARG001
    """Classify Sweden's RegSO areas: where many problems meet, what kind of needs, how it changes."""
    for stream in (sys.stdout, sys.stderr):  # a name that the terminal cannot show must not fail a finished run
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    signal.signal(signal.SIGTERM, _terminated)  # so that a stopped run clears away what it began


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
edition_option = click.option(
    "--edition",
    type=click.Choice(["2020", "2025"]),
    help="Edition of the codes; default: told from the codes.",
)
method_option = click.option("--method", required=True, metavar="NAME|FILE", help="A built-in method or a TOML file.")
deso_option = click.option("--deso-key", type=EXISTING, help="Key from DeSO to RegSO, for a table of counts by DeSO.")


@main.command(short_help="Write a synthetic country.")
@click.argument("folder", type=NEW)
@click.option("--years", type=_Years(), default="2019-2024", show_default=True, help="A year or a span, 2019 to 2030.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Another seed, another country.")
@json_option
def example(folder: Path, years: range, seed: int, as_json: bool) -> None:
    """Write a synthetic country on the real area codes into FOLDER.

    Example: regso-cluster example tables --years 2023-2024
    """
    from regso_cluster.example import write_example

    paths = [str(path) for path in write_example(folder, years, seed)]
    click.echo(json.dumps({"written": paths}, ensure_ascii=False) if as_json else "\n".join(paths))


@main.command(short_help="Check a table: every fault at once.")
@click.argument("table", type=NEW)
@method_option
@edition_option
@click.option("--year", type=int, help="The reference year that the table should be of.")
@deso_option
@json_option
def check(
    table: Path, method: str, edition: str | None, year: int | None, deso_key: Path | None, as_json: bool
) -> None:
    """Check TABLE against a method: every fault at once, with its place and how to mend it.

    Example: regso-cluster check factors-2024.csv --method utanforskap
    """
    from regso_cluster.factors.tables import read_factors
    from regso_cluster.method import load_method

    try:
        loaded = load_method(method)
        read = read_factors(table, loaded, edition=int(edition) if edition else None, year=year, deso_key=deso_key)
    except InputError as error:
        if not as_json:
            raise
        click.echo(
            json.dumps(
                {"ok": False, "faults": [fault.as_dict() for fault in error.faults]},
                ensure_ascii=False,
                indent=2,
            )
        )
        sys.exit(1)
    status = read.status.apply(lambda column: column.value_counts()).fillna(0).astype(int)
    if as_json:
        found = {"ok": True, "areas": len(read.areas), "edition": read.edition, "synthetic": read.synthetic,
                 "notes": list(read.notes), "status": {key: status[key].to_dict() for key in status}}  # fmt: skip
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    click.echo(f"{table}: no fault. {len(read.areas)} areas, edition {read.edition or 'of its own'}.")
    click.echo(status.T.rename_axis("factor").to_string())
    for note in read.notes:
        click.echo(f"note: {note}")


@main.command(short_help="Classify a table and write a release.")
@click.argument("table", type=NEW)
@method_option
@click.option("--year", type=click.IntRange(1900, 2200), help="The reference year.")
@click.option("--all-years", is_flag=True, help="TABLE is a folder of tables named by year, --out one of releases.")
@click.option("--out", type=NEW, required=True, help="The folder of the release; it must not exist.")
@click.option("--previous", type=NEW, help="Last year's release: clusters keep their numbers, changes are marked.")
@edition_option
@deso_option
@click.option("--seed", type=click.IntRange(min=0), help="Instead of the method's own.")
@click.option("--threads", type=click.IntRange(min=1), help="For the kernels; never changes the result.")
@json_option
def classify(  # noqa: PLR0913  # one an option of the command
    table: Path, method: str, year: int | None, all_years: bool, out: Path, previous: Path | None, edition: str | None,
    deso_key: Path | None, seed: int | None, threads: int | None, as_json: bool,
) -> None:  # fmt: skip
    """Classify TABLE and write a release to the folder --out.

    With --all-years every table of a folder is classified against the year before; years that are done are kept, a
    corrected table gives a revision beside the first release.

    Example: regso-cluster classify factors-2024.csv --method utanforskap --year 2024 --out releases/2024
    """
    if all_years == (year is not None) or (all_years and previous):
        raise click.UsageError("Give --year (with or without --previous), or --all-years.")
    if year is None:
        _classify_all(table, method, out, edition, deso_key, seed, threads, as_json)
        return
    with _Steps() as steps:
        with steps("loading"):
            from regso_cluster.factors.tables import read_factors
            from regso_cluster.method import load_method
            from regso_cluster.pipeline import classify as run
            from regso_cluster.release import read_release, refuse_inside_a_release, write_release
        refuse_inside_a_release(out)
        if out.exists() or out.is_symlink():
            hint = "A release is never overwritten: choose another --out, or remove the folder yourself."
            raise InputError(Fault("the release folder exists", str(out), hint=hint))
        loaded = load_method(method)
        with steps("reading"):
            before = read_release(previous, verify=True) if previous else None
            if before and before.year >= year:
                hint = "Give the release of an earlier year as --previous."
                raise InputError(
                    Fault(
                        "the previous release is not earlier", str(previous), f"before {year}", str(before.year), hint
                    )
                )
            factors = read_factors(
                table, loaded, edition=int(edition) if edition else None, year=year, deso_key=deso_key
            )
        with steps("classifying"):
            result = run(
                factors,
                loaded,
                year=year,
                previous=before.areas if before else None,
                previous_method=before.method if before else None,
                seed=seed,
                threads=threads,
            )
        with steps("writing"):
            release = write_release(result, out, previous=before, timings=steps.seconds)
    if as_json:
        click.echo(json.dumps(release.manifest, ensure_ascii=False, indent=2))
    else:
        from regso_cluster.delivery.terminal import print_release

        print_release(release)


def _classify_all(
    folder: Path, method: str, out: Path, edition: str | None, deso_key: Path | None, seed: int | None,
    threads: int | None, as_json: bool,
) -> None:  # fmt: skip
    from regso_cluster.method import load_method
    from regso_cluster.series import Made, Reading, classify_series, find_tables

    def say(made: Made) -> None:
        difference = f", compared in {made.difference}" if made.difference else ""
        click.echo(f"{made.year}: {made.what}, {made.path}{difference}")

    tables, others = find_tables(folder)
    if others:
        click.echo(f"no table of a year, left out: {', '.join(others)}", err=True)
    made = classify_series(
        tables, load_method(method), out, reading=Reading(int(edition) if edition else None, deso_key),
        seed=seed, threads=threads, say=None if as_json else say,
    )  # fmt: skip
    if as_json:
        plain = [{"year": one.year, "what": one.what, "path": str(one.path),
                  "difference": str(one.difference) if one.difference else None} for one in made]  # fmt: skip
        click.echo(json.dumps(plain, ensure_ascii=False, indent=2))


class _Steps:
    """Shows on a terminal which step runs, and keeps how long each took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._status: Any = None

    def __enter__(self) -> _Steps:
        if sys.stderr.isatty():
            from rich.console import Console

            self._status = Console(stderr=True).status("starting")
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        if self._status:
            self._status.update(f"{step} ...")
        start = time.perf_counter()
        yield
        self.seconds[step] = time.perf_counter() - start


@main.command(short_help="Make the limits of a release absolute.")
@click.argument("release", type=NEW)
@click.option("--out", type=NEW, required=True, help="The method file to write; it must not exist.")
@click.option("--beside", is_flag=True, help="Keep relative limits, and judge by these absolute ones too.")
@json_option
def freeze(release: Path, out: Path, beside: bool, as_json: bool) -> None:
    """Write the method of RELEASE with its limits, scales, cut points and centres made absolute.

    Example: regso-cluster freeze releases/2024 --out utanforskap-limits-of-2024.toml
    """
    from regso_cluster.release import freeze as run
    from regso_cluster.release import read_release, write_method

    path = str(write_method(run(read_release(release, verify=True), beside=beside), out))
    click.echo(json.dumps({"written": [path]}, ensure_ascii=False) if as_json else path)


@main.command(short_help="Who moved between two releases, and why.")
@click.argument("old", type=NEW)
@click.argument("new", type=NEW)
@click.option("--out", type=NEW, help="A folder for all tables, as Parquet and xlsx; it must not exist.")
@click.option("--through", type=NEW, multiple=True, help="A release of another year: with --out, paths through all.")
@click.option("--changes", type=EXISTING, help="SCB's list of changed RegSO: marks areas that are not comparable.")
@json_option
def compare(
    old: Path, new: Path, out: Path | None, through: tuple[Path, ...], changes: Path | None, as_json: bool
) -> None:
    """Compare the releases OLD and NEW: who changed group, the cause, and the factors behind.

    Example: regso-cluster compare releases/2023 releases/2024 --out changes-2024
    """
    from regso_cluster.compare import compare as run
    from regso_cluster.compare import write_comparison
    from regso_cluster.release import read_release

    marks = None
    if changes:
        from datetime import date

        from regso_cluster.areas.changes import mark_changes, read_changes

        # rows after the day on which RegSO 2025 came into force change what neither edition had
        marks = mark_changes(read_changes(changes), until=date(2025, 1, 1))
    comparison = run(read_release(old, verify=True), read_release(new, verify=True), marks=marks)
    if through and not out:
        raise click.UsageError("--through writes flows.parquet: give --out too.")
    if out:
        write_comparison(comparison, out, through=[read_release(one, verify=True) for one in through])
    if as_json:
        click.echo(json.dumps(comparison.summary, ensure_ascii=False, indent=2))
    else:
        from regso_cluster.delivery.comparison import print_comparison

        print_comparison(comparison)


@main.command(short_help="Recompute the hashes of a release.")
@click.argument("release", type=NEW)
@click.option("--recompute", type=EXISTING, metavar="TABLE", help="Classify the input again and compare every table.")
@click.option("--previous", type=NEW, help="For --recompute: the release it was made against; default: beside it.")
@deso_option
@json_option
def verify(release: Path, recompute: Path | None, previous: Path | None, deso_key: Path | None, as_json: bool) -> None:
    """Recompute the hashes of RELEASE; exit code 3 when they differ.

    Example: regso-cluster verify releases/2024 --recompute factors-2024.csv
    """
    from regso_cluster.release import read_release, verify_release

    faults = verify_release(release)
    if recompute and not faults:
        from regso_cluster.series import recompute_release

        faults = recompute_release(read_release(release), recompute, previous=previous, deso_key=deso_key)
    if as_json:
        click.echo(
            json.dumps(
                {"ok": not faults, "faults": [fault.as_dict() for fault in faults]},
                ensure_ascii=False,
                indent=2,
            )
        )
    else:
        click.echo(
            "\n".join(str(fault) for fault in faults)
            or f"{release}: whole, every hash agrees{', and it follows from its input' if recompute else ''}."
        )
    sys.exit(3 if faults else 0)


@main.command(short_help="Write a release to xlsx, csv, gpkg or parquet.")
@click.argument("release", type=NEW)
@click.option("--to", type=NEW, required=True, help="A file that ends with .xlsx, .csv, .gpkg or .parquet.")
@json_option
def export(release: Path, to: Path, as_json: bool) -> None:
    """Write RELEASE to one file: a workbook, a text table or a map layer.

    Example: regso-cluster export releases/2024 --to regso-2024.xlsx
    """
    from regso_cluster.delivery.exports import export as write
    from regso_cluster.release import read_release, refuse_inside_a_release

    refuse_inside_a_release(to)
    path = str(write(read_release(release, verify=True), to))
    click.echo(json.dumps({"written": [path]}, ensure_ascii=False) if as_json else path)


@main.command(short_help="List the built-in methods, or print one.")
@click.argument("name", required=False)
@json_option
def methods(name: str | None, as_json: bool) -> None:
    """List the built-in methods, or print the file of one.

    Example: regso-cluster methods utanforskap > my-method.toml
    """
    from importlib import resources

    from regso_cluster.method import builtin_methods, load_method

    if name and not as_json:
        method = load_method(name)
        shipped = resources.files("regso_cluster") / "methods" / f"{method.name}.toml"
        click.echo(shipped.read_text("utf-8") if name in builtin_methods() else method.to_toml(), nl=False)
        return
    listed = [load_method(known) for known in ([name] if name else builtin_methods())]
    if as_json:
        plain = [{"name": one.name, "title": {"sv": one.title.sv, "en": one.title.en}, "sha256": one.hash,
                  "factors": list(one.keys), "areas": one.table.areas} for one in listed]  # fmt: skip
        click.echo(json.dumps(plain, ensure_ascii=False, indent=2))
        return
    for one in listed:
        click.echo(f"{one.name:28}{one.title.sv}\n{'':28}{one.title.en}")


@main.command(short_help="Measure the kernels on this machine, in under two minutes.")
@click.option("--threads", type=click.IntRange(min=1), help="Default: one for each processor.")
@json_option
def bench(threads: int | None, as_json: bool) -> None:
    """Measure the kernels beside scikit-learn and scipy on this machine; the quality reached stands beside the time.

    Example: regso-cluster bench --threads 1
    """
    with _Steps() as steps, steps("measuring, up to two minutes"):
        from regso_cluster.bench import run_short

        measured = run_short(threads)
    if as_json:
        click.echo(measured.to_json(orient="records", indent=2))
    else:
        click.echo(measured.to_string(index=False))
