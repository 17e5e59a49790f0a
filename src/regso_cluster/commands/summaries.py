"""An agency's own figures: `summarise` them per group, `protect` any table with a hierarchy."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from regso_cluster.commands.options import EXISTING, NEW, json_option, mark_options, reading_options
from regso_cluster.files.atomic import json_text
from regso_cluster.files.formats import TABLES, describe_formats
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note

if TYPE_CHECKING:
    import pandas as pd

    from regso_cluster.files.raw_table import RawTable
    from regso_cluster.method import Text
    from regso_cluster.statistics.disclosure import DisclosureRule, EarlierTable
    from regso_cluster.statistics.disclosure.protection import Statistic


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
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the rounding."),
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
    from regso_cluster.statistics.attach_groups import JOINED, attach_groups
    from regso_cluster.statistics.protected_tables import as_levels, is_marked, print_summary
    from regso_cluster.statistics.summarise import summarise as run

    _check_targets(table, settings)
    numbers = [settings[name] for name in ("value", "of", "weight") if settings[name]]
    keys = [settings["on"], JOINED] if release else list(by)
    raw, data, notes = _read(table, numbers, keys, settings)
    opened = read_release(release, verify=True) if release else None
    if settings["on"] == "regso" and c.REGSO not in data and JOINED in data:
        settings["on"] = JOINED
    if opened:
        data, more = attach_groups(data, opened, settings["on"], by, raw.name)
        notes += more
    summary = run(data, by, settings["value"], of=settings["of"], weight=settings["weight"], kind=settings["kind"],
                  area=settings["on"] if settings["on"] in data else None, names=opened.groups if opened else None,
                  rule=_rule(settings), earlier=_earlier(settings, by, lambda one: as_levels(one, by)),
                  protected=not settings["unprotected"])  # fmt: skip
    synthetic = bool(opened and opened.manifest["synthetic"]) or summary.synthetic or is_marked(table, data)
    notes += (*raw.notes, *summary.notes)
    written = _write(summary.table, summary.audit, summary.texts, settings, synthetic)
    if as_json:
        _print_json(summary.table, summary.texts, notes, written, synthetic,
                    kind=summary.kind, protected=summary.protection is not None)  # fmt: skip
        return
    print_summary(replace(summary, notes=notes), synthetic=synthetic)
    for path in written:
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
    from regso_cluster.statistics.attach_groups import JOINED, with_regions
    from regso_cluster.statistics.disclosure import protect as run
    from regso_cluster.statistics.protected_tables import is_marked, print_protected, shielded_texts

    _check_targets(table, settings)
    keys = [[name.strip() for name in path.split(",")] for path in paths]
    columns = list(dict.fromkeys(name for path in keys for name in path))
    numbers = [settings[name] for name in ("value", "of") if settings[name]]
    raw, data, notes = _read(table, numbers, columns, settings, ("regso", JOINED))
    data, units, values, more = with_regions(data, columns, settings["of"], settings["value"], raw.name)
    kind: Statistic = settings["kind"] or ("share" if settings["value"] else "count")
    shield = run(data, keys, statistic=kind, units=units, values=values, rule=_rule(settings),
                 earlier=_earlier(settings, columns, lambda one: one))  # fmt: skip
    synthetic = is_marked(table, raw.frame)
    notes += (*raw.notes, *more, *shield.notes)
    written = _write(shield.table, shield.audit, shielded_texts(), settings, synthetic)
    if as_json:
        _print_json(shield.table, shielded_texts(), notes, written, synthetic, kind=kind, protected=True)
        return
    print_protected(shield, notes, synthetic=synthetic)
    for path in written:
        click.echo(path)


def _read(
    table: Path, numbers: list[str], keys: list[str], settings: dict[str, Any], areas: tuple[str, ...] = ()
) -> tuple[RawTable, pd.DataFrame, tuple[Note, ...]]:
    """Read TABLE without its totals, its columns of figures as numbers; `areas`: keys that TABLE may have, too."""
    from regso_cluster.files.layout import as_named
    from regso_cluster.files.tables import read_table
    from regso_cluster.statistics.attach_groups import Marks, drop_totals, read_variables

    wanted = [*numbers, *keys]
    raw = read_table(table, sheet=settings["sheet"], columns=wanted, decimal=settings["decimal"] or "")
    raw = drop_totals(replace(raw, frame=as_named(raw.frame, wanted)), numbers, [*keys, *areas])
    marks = Marks(settings["suppressed"], settings["missing"], settings["zero"])
    data, notes = read_variables(raw, numbers, marks)
    return raw, data, notes


def _rule(settings: dict[str, Any]) -> DisclosureRule:
    from regso_cluster.statistics.disclosure import DisclosureRule

    return DisclosureRule(min_units=settings["min_count"], min_attribute=settings["min_attribute"],
                min_contributors=settings["min_contributors"], dominance=settings["dominance"],
                p_percent=settings["p_percent"], rounding=settings.get("rounding"),
                seed=settings.get("seed", 0))  # fmt: skip


def _earlier(
    settings: dict[str, Any], keys: tuple[str, ...] | list[str], shape: Callable[[pd.DataFrame], pd.DataFrame]
) -> EarlierTable | None:
    from regso_cluster.statistics.disclosure import EarlierTable
    from regso_cluster.statistics.protected_tables import read_published

    if not settings["earlier"]:
        return None
    audit = read_published(settings["earlier_audit"], keys) if settings["earlier_audit"] else None
    return EarlierTable(shape(read_published(settings["earlier"], keys)), settings["earlier_is"], audit)


def _check_targets(table: Path, settings: dict[str, Any]) -> None:
    from regso_cluster.errors import Fault, InputError
    from regso_cluster.files.atomic import refuse_inside_a_release
    from regso_cluster.statistics.protected_tables import check_target, name_audit

    inputs = [path.resolve() for path in (table, settings["earlier"], settings["earlier_audit"]) if path]
    out = settings["out"]
    audit = settings["audit"] or (name_audit(check_target(out)) if out else None)
    if out and audit and out.resolve() == audit.resolve():
        hint = "The audit is not for publication: give it a file of its own."
        raise InputError(Fault("one file for the table and its audit", str(out), hint=hint))
    for to in (out, audit):
        if to is None:
            continue
        refuse_inside_a_release(check_target(to))
        if to.resolve() in inputs:
            raise InputError(Fault("the output is an input", str(to), hint="Give the output another name."))


def _write(
    table: pd.DataFrame, audit: pd.DataFrame | None, texts: tuple[Text, ...], settings: dict[str, Any], synthetic: bool
) -> list[str]:
    from regso_cluster.statistics.protected_tables import CONFIDENTIAL, name_audit, write_table

    out, to = settings["out"], settings["audit"]
    written = [str(write_table(table, out, texts, synthetic=synthetic))] if out else []
    to = to or (name_audit(out) if out else None)
    if audit is not None and to:
        written.append(str(write_table(audit, to, (CONFIDENTIAL,), synthetic=synthetic, name="Ej för spridning")))
    return written


def _print_json(
    table: pd.DataFrame, texts: tuple[Text, ...], notes: tuple[Note, ...], written: list[str], synthetic: bool,
    **said: object,
) -> None:  # fmt: skip
    rows = json.loads(table.to_json(orient="records", double_precision=10))
    shown = {**said, "synthetic": synthetic, "table": rows, "notes": list(notes),
             "texts": [{"sv": text.sv, "en": text.en} for text in texts], "written": written}  # fmt: skip
    click.echo(json_text(shown, ensure_ascii=False, indent=2))
