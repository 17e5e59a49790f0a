"""An agency's file summarised or protected in one call: read, checked, computed, written with its audit beside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from regso_cluster.errors import Fault, InputError
from regso_cluster.files.atomic import refuse_inside_a_release
from regso_cluster.files.layout import as_named
from regso_cluster.files.raw_table import RawTable
from regso_cluster.files.read_options import ReadOptions
from regso_cluster.files.tables import read_table
from regso_cluster.method import Text
from regso_cluster.release.model import Release
from regso_cluster.schema import columns as c
from regso_cluster.statistics.attach_groups import JOINED, attach_groups, drop_totals, read_variables, with_regions
from regso_cluster.statistics.disclosure import DisclosureRule, EarlierTable, Protected, protect
from regso_cluster.statistics.disclosure.earlier import Relation
from regso_cluster.statistics.disclosure.protection import Statistic
from regso_cluster.statistics.options import SummariseOptions
from regso_cluster.statistics.protected_tables import (
    CONFIDENTIAL,
    as_levels,
    check_target,
    is_marked,
    name_audit,
    read_published,
    shielded_texts,
    write_table,
)
from regso_cluster.statistics.summarise import summarise
from regso_cluster.statistics.summary import Summary
from regso_cluster.words.notes import Note
from regso_cluster.words.phrases import phrase


@dataclass(frozen=True)
class EarlierFile:
    """A table published before, as it was written.

    Parameters
    ----------
    table : the file
    relation : see `EarlierTable`
    audit : the file of its audit; needed for "cumulative" where something was hidden

    Examples
    --------
    >>> from pathlib import Path
    >>> EarlierFile(Path("counts-2023.csv")).relation
    'same'
    """

    table: Path
    relation: Relation = "same"
    audit: Path | None = None


@dataclass(frozen=True)
class PublishOptions:
    """What may be shown of a table, and where it is written.

    Parameters
    ----------
    rule : what is too little to show; the default is SCB's rule of the share
    earlier : a table published before that this one is linked to
    protected : False hides nothing; for `summarise_file` alone
    out : a file of any format of tables; None writes nothing
    audit : the file of the audit, not for publication; None: beside `out`

    Examples
    --------
    >>> PublishOptions(rule=DisclosureRule(rounding=5)).protected
    True
    """

    rule: DisclosureRule = field(default_factory=DisclosureRule)
    earlier: EarlierFile | None = None
    protected: bool = True
    out: Path | None = None
    audit: Path | None = None


@dataclass(frozen=True)
class Publication:
    """A table that may be published, and what belongs to it.

    Parameters
    ----------
    made : the summary, or the protected table
    texts : what has to stand beside it
    notes : what was recognised and left out
    written : the files
    synthetic : the figures are made up

    Examples
    --------
    >>> pd.DataFrame({"kommun": ["0114", "0180"], "n": [300, 400]}).to_csv(folder / "kommuner.csv", index=False)
    >>> found = protect_file(folder / "kommuner.csv", [["kommun"]], of="n")
    >>> isinstance(found, Publication), found.written
    (True, ())
    """

    made: Summary | Protected
    texts: tuple[Text, ...]
    notes: tuple[Note, ...]
    written: tuple[Path, ...]
    synthetic: bool


def summarise_file(
    path: str | Path,
    by: Sequence[str],
    value: str,
    *,
    release: Release | None = None,
    on: str = c.REGSO,
    options: SummariseOptions | None = None,
    publish: PublishOptions | None = None,
    reading: ReadOptions | None = None,
) -> Publication:
    """Summarise a column of a file per group of a release: share or mean with interval, median, gap to the rest.

    Parameters
    ----------
    path : a table of any format that is read
    by : groupings: composite_group, cluster, band, a factor's tier
    value : the column
    release : with the groups; None: the file has them already, as `join` writes them
    on : column of codes; where it is "regso" and the file has none, "regso_code" as `join` has it
    options : see `summarise`; the area and the names of groups come from `on` and the release
    publish : what may be shown, and where it is written
    reading : how the file is read

    Returns
    -------
    Publication, with the summary as `made`

    Raises
    ------
    InputError  as `summarise`; an output that is an input

    Examples
    --------
    >>> pupils = pd.DataFrame({"regso": ["0114R001", "0180R001", "0180R002"], "n": [90, 80, 70], "ok": [60, 50, 40]})
    >>> pupils.to_csv(folder / "pupils.csv", index=False)
    >>> made = summarise_file(folder / "pupils.csv", ["composite_group"], "ok", release=read_release(folder / "2024"),
    ...                       options=SummariseOptions(of="n")).made
    >>> made.kind, made.table["group"].tolist()[0]
    ('share', 'total')
    """
    path, options, publish = Path(path), options or SummariseOptions(), publish or PublishOptions()
    _check_targets(path, publish)
    numbers = [name for name in (value, options.of, options.weight) if name]
    raw, data, notes = _read(path, numbers, [on, JOINED] if release else list(by), reading)
    if on == c.REGSO and on not in data and JOINED in data:
        on = JOINED
    if release:
        data, more = attach_groups(data, release, on, by, raw.name)
        notes += more
    named = release.groups if release else options.names
    how = replace(options, area=on if on in data else options.area, names=named)
    earlier = _earlier(publish.earlier, by, lambda one: as_levels(one, by))
    made = summarise(data, by, value, options=how, rule=publish.rule, earlier=earlier, protected=publish.protected)
    synthetic = bool(release and release.manifest["synthetic"]) or made.synthetic or is_marked(path, data)
    written = _write(made.table, made.audit, made.texts, publish, synthetic=synthetic)
    return Publication(made, made.texts, (*notes, *raw.notes, *made.notes), written, synthetic)


def protect_file(
    path: str | Path,
    paths: Sequence[Sequence[str]],
    *,
    value: str | None = None,
    of: str | None = None,
    kind: Statistic | None = None,
    publish: PublishOptions | None = None,
    reading: ReadOptions | None = None,
) -> Publication:
    """Sum a file by one or more hierarchies and hide what tells of a person, or lets it be worked out.

    Parameters
    ----------
    path : a table of any format that is read. Columns lan and kommun follow from a column regso; of what `join` wrote
        lan, kommun and regso are what it found. Rows without a group are a group of their own
    paths : for each table its columns from the widest to the finest
    value : for a share the column with the attribute, for a mean the sum; None: units are counted
    of : the column with the units; None: a row is one
    kind : "count", "share" or "mean"; None: share with `value`, else count
    publish : what may be shown, and where it is written
    reading : how the file is read

    Returns
    -------
    Publication, with the protected table and its audit as `made`

    Raises
    ------
    InputError  as `protect`; an output that is an input

    Examples
    --------
    >>> pupils = pd.DataFrame({"regso": ["0114R001", "0180R001", "0180R002"], "n": [90, 80, 3]})
    >>> pupils.to_csv(folder / "counts.csv", index=False)
    >>> found = protect_file(folder / "counts.csv", [["kommun", "regso"]], of="n",
    ...                      publish=PublishOptions(out=folder / "counts-protected.csv"))
    >>> [path.name for path in found.written], int(found.made.table["hidden"].sum())
    (['counts-protected.csv', 'counts-protected-audit.csv'], 2)
    """
    path, publish = Path(path), publish or PublishOptions()
    _check_targets(path, publish)
    keys = [list(one) for one in paths]
    columns = list(dict.fromkeys(name for one in keys for name in one))
    raw, data, notes = _read(path, [name for name in (value, of) if name], columns, reading, (c.REGSO, JOINED))
    data, units, values, more = with_regions(data, columns, of, value, raw.name)
    made = protect(data, keys, statistic=kind or ("share" if value else "count"), units=units, values=values,
                   rule=publish.rule, earlier=_earlier(publish.earlier, columns, lambda one: one))  # fmt: skip
    synthetic = is_marked(path, raw.frame)
    written = _write(made.table, made.audit, shielded_texts(), publish, synthetic=synthetic)
    return Publication(made, shielded_texts(), (*notes, *raw.notes, *more, *made.notes), written, synthetic)


def _read(
    path: Path, numbers: list[str], keys: list[str], reading: ReadOptions | None, areas: tuple[str, ...] = ()
) -> tuple[RawTable, pd.DataFrame, tuple[Note, ...]]:
    """Read a table without its totals, its columns of figures as numbers; `areas`: keys that it may have, too."""
    reading, wanted = reading or ReadOptions(), [*numbers, *keys]
    raw = read_table(path, sheet=reading.sheet, columns=wanted, decimal=reading.decimal)
    raw = drop_totals(replace(raw, frame=as_named(raw.frame, wanted)), numbers, [*keys, *areas])
    data, notes = read_variables(raw, numbers, reading)
    return raw, data, notes


def _earlier(
    given: EarlierFile | None, keys: Sequence[str], shape: Callable[[pd.DataFrame], pd.DataFrame]
) -> EarlierTable | None:
    if not given:
        return None
    audit = read_published(given.audit, keys) if given.audit else None
    return EarlierTable(shape(read_published(given.table, keys)), given.relation, audit)


def _check_targets(path: Path, publish: PublishOptions) -> None:
    earlier = (publish.earlier.table, publish.earlier.audit) if publish.earlier else ()
    inputs = [Path(one).resolve() for one in (path, *earlier) if one]
    out, audit = publish.out, _audit_of(publish)
    if out and audit and Path(out).resolve() == Path(audit).resolve():
        hint = "The audit is not for publication: give it a file of its own."
        raise InputError(Fault("one file for the table and its audit", str(out), hint=hint))
    for to in (out, audit):
        if to is None:
            continue
        refuse_inside_a_release(check_target(to))
        if Path(to).resolve() in inputs:
            raise InputError(Fault("the output is an input", str(to), hint="Give the output another name."))


def _audit_of(publish: PublishOptions) -> Path | None:
    return publish.audit or (name_audit(check_target(publish.out)) if publish.out else None)


def _write(
    table: pd.DataFrame, audit: pd.DataFrame | None, texts: tuple[Text, ...], publish: PublishOptions, *,
    synthetic: bool,
) -> tuple[Path, ...]:  # fmt: skip
    written = [write_table(table, publish.out, texts, synthetic=synthetic)] if publish.out else []
    to = _audit_of(publish)
    if audit is not None and to:
        written.append(write_table(audit, to, (CONFIDENTIAL,), synthetic=synthetic, name=phrase("sheet_audit").sv))
    return tuple(written)
