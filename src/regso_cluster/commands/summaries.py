"""An agency's own figures: `summarise` them per group, `protect` any table with a hierarchy."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from regso_cluster.commands.options import EXISTING, NEW, json_option, mark_options, reading_options
from regso_cluster.files.atomic import json_text
from regso_cluster.files.formats import TABLES, describe_formats

if TYPE_CHECKING:
    from regso_cluster.files.read_options import ReadOptions
    from regso_cluster.statistics.agency_files import Publication, PublishOptions
    from regso_cluster.statistics.disclosure import Protected
    from regso_cluster.statistics.summary import Summary


class Dominance(click.ParamType):  # type: ignore[type-arg]  # not generic in the oldest click allowed
    """How many of the largest, and their per cent: 1,75."""

    name = "n,k"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, float]:
        """Read 1,75 as (1, 75.0)."""
        if isinstance(value, tuple):
            return value
        try:
            number, share = str(value).split(",")
            return int(number), float(share)
        except ValueError:
            self.fail(f"{value!r} is not of the form n,k such as 1,75", param, ctx)


_RULE = (
    click.option("--min-count", type=click.IntRange(min=1), default=21, show_default=True,
                 help="Fewest units under a figure that is shown."),
    click.option("--min-attribute", type=click.IntRange(min=1), default=6, show_default=True,
                 help="Fewest units with the attribute, and without it."),
    click.option("--min-contributors", type=click.IntRange(min=1), default=1, show_default=True,
                 help="Fewest rows behind a mean."),
    click.option("--dominance", type=Dominance(), help="The n largest rows may not be more than k per cent of a sum."),
    click.option("--p-percent", type=click.FloatRange(min=0, min_open=True),
                 help="Nobody may come closer to another's contribution than this."),
    click.option("--earlier", type=EXISTING, help="A table published before that this one is linked to."),
    click.option("--earlier-is", type=click.Choice(["same", "cumulative"]), default="same", show_default=True,
                 help="The same figures, or figures that have grown since."),
    click.option("--earlier-audit", type=EXISTING, help="The audit of the earlier table; for cumulative figures."),
    click.option("--out", type=NEW, help=f"A file that ends with {describe_formats(TABLES)}."),
    click.option("--audit", type=NEW, help="File of the audit, not for publication; default: beside --out."),
)  # fmt: skip
_ROUNDING = (
    click.option("--rounding", type=click.IntRange(min=2), help="Round counts to this base instead, sums adding up."),
    click.option(
        "--seed",
        type=click.IntRange(min=0),
        help="Seed of the rounding; else one is drawn, and kept in the audit.",
    ),
)


def _rule_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_RULE):
        command = option(command)
    return command


@click.command()
@click.argument("table", type=NEW)
@click.option("--release", type=NEW, help="The release with the groups; without it TABLE has them already.")
@click.option("--on", default="regso", show_default=True, help="Column of codes; else regso_code, as `join` has it.")
@click.option("--by", multiple=True, required=True, help="A grouping: composite_group, cluster, band, <factor>_tier.")
@click.option("--value", required=True, help="The column to summarise.")
@click.option("--of", help="For a share: the column with all units, VALUE being those with the attribute.")
@click.option("--weight", help="Column with the units that a row stands for; default: one.")
@click.option("--kind", type=click.Choice(["share", "mean"]), help="Default: share with --of or true/false, else mean.")
@click.option("--unprotected", is_flag=True, help="Hide nothing: not for publication.")
@_rule_options
@reading_options
@mark_options
@json_option
def summarise(table: Path, release: Path | None, by: tuple[str, ...], as_json: bool, **settings: Any) -> None:
    """Summarise a column of TABLE per group of a release: share or mean with interval, median, gap to the rest.

    Example: regso-cluster summarise schools.csv --release releases/2024 --by composite_group --value passed --of pupils
    """
    from regso_cluster.release.model import read_release
    from regso_cluster.statistics.agency_files import summarise_file
    from regso_cluster.statistics.options import SummariseOptions
    from regso_cluster.statistics.protected_tables import print_summary

    publish = _publish(settings)
    found = summarise_file(
        table, by, settings["value"], release=read_release(release, verify=True) if release else None,
        on=settings["on"], publish=publish, reading=_reading(settings),
        options=SummariseOptions(of=settings["of"], weight=settings["weight"], kind=settings["kind"]),
    )  # fmt: skip
    made = cast("Summary", found.made)
    if as_json:
        _print_json(found, kind=made.kind, protected=made.protection is not None)
        return
    print_summary(replace(made, notes=found.notes), synthetic=found.synthetic)
    for path in found.written:
        click.echo(path)


@click.command()
@click.argument("table", type=NEW)
@click.option("--path", "paths", multiple=True, required=True, metavar="A,B,C",
              help="Columns from widest to finest, as lan,kommun,regso; several for several tables.")  # fmt: skip
@click.option("--value", help="A share: the column with the attribute. A mean: the sum. Default: units are counted.")
@click.option("--of", help="The column with the units; default: a row is one.")
@click.option("--kind", type=click.Choice(["count", "share", "mean"]), help="Default: share with VALUE, else count.")
@_ROUNDING[0]
@_ROUNDING[1]
@_rule_options
@reading_options
@mark_options
@json_option
def protect(table: Path, paths: tuple[str, ...], as_json: bool, **settings: Any) -> None:
    """Sum TABLE by one or more hierarchies and hide what tells of a person, or lets it be worked out.

    Columns lan and kommun follow from a column regso where TABLE lacks them; of what `join` wrote lan, kommun and regso
    are what it found. Rows without a group are a group of their own.

    Example: regso-cluster protect counts.csv --path lan,kommun,regso --value passed --of pupils --out counts.xlsx
    """
    from regso_cluster.statistics.agency_files import protect_file
    from regso_cluster.statistics.protected_tables import print_protected

    keys = [[name.strip() for name in path.split(",")] for path in paths]
    found = protect_file(table, keys, value=settings["value"], of=settings["of"], kind=settings["kind"],
                         publish=_publish(settings), reading=_reading(settings))  # fmt: skip
    made = cast("Protected", found.made)
    if as_json:
        _print_json(found, kind=made.statistic, protected=True)
        return
    print_protected(made, found.notes, synthetic=found.synthetic)
    for path in found.written:
        click.echo(path)


def _reading(settings: dict[str, Any]) -> ReadOptions:
    from regso_cluster.files.read_options import ReadOptions

    return ReadOptions(settings["sheet"], settings["decimal"] or "", settings["suppressed"], settings["missing"],
                       settings["zero"])  # fmt: skip


def _publish(settings: dict[str, Any]) -> PublishOptions:
    from regso_cluster.statistics.agency_files import EarlierFile, PublishOptions
    from regso_cluster.statistics.disclosure import DisclosureRule

    rule = DisclosureRule(min_units=settings["min_count"], min_attribute=settings["min_attribute"],
                min_contributors=settings["min_contributors"], dominance=settings["dominance"],
                p_percent=settings["p_percent"], rounding=settings.get("rounding"),
                seed=settings.get("seed"))  # fmt: skip
    published = settings["earlier"]
    earlier = EarlierFile(published, settings["earlier_is"], settings["earlier_audit"]) if published else None
    return PublishOptions(rule, earlier, not settings.get("unprotected"), settings["out"], settings["audit"])


def _print_json(found: Publication, **said: object) -> None:
    rows = json.loads(found.made.table.to_json(orient="records", double_precision=10))
    shown = {**said, "synthetic": found.synthetic, "table": rows, "notes": list(found.notes),
             "texts": [{"sv": text.sv, "en": text.en} for text in found.texts],
             "written": [str(path) for path in found.written]}  # fmt: skip
    click.echo(json_text(shown, ensure_ascii=False, indent=2))
