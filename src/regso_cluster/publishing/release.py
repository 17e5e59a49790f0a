"""Make publishable releases: choose what is hidden over all years, coarsen the yardstick, classify what is left."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from regso_cluster.classification.classify import Resources, classify
from regso_cluster.classification.tables import Classification, count_areas, mark_changes
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.small_counts import SCB_RULE, SmallCounts
from regso_cluster.factors.tables import FactorTable
from regso_cluster.judging.case import make_case, observed
from regso_cluster.judging.group_names import composite_names, name_groups
from regso_cluster.judging.profiles import describe_groups
from regso_cluster.method import Method
from regso_cluster.publishing.choose import SMALL, Chosen, choose_hidden, find_small
from regso_cluster.publishing.counts import RESIDENTS, Counts, gather_counts
from regso_cluster.publishing.earlier import mark_earlier
from regso_cluster.publishing.gate import let_through
from regso_cluster.publishing.labels import Label, keep_labels, propose_labels
from regso_cluster.publishing.perturb import Perturbation, Way, perturb
from regso_cluster.publishing.yardstick import make_publishable, measured_of
from regso_cluster.release.model import Earlier, Release
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note

PROTECTED = "disclosure_protected"
SIZES: dict[Way, int] = {"suppress": 0, "round": 5, "cellkey": 5}


@dataclass(frozen=True)
class Protection:
    """How small counts are kept from the public.

    Parameters
    ----------
    rule : what is too small
    way : "suppress" leaves figures out; "round" and "cellkey" also move those that are shown by a few persons
    size : base of the rounding, or the largest move of a cell key; None: 5
    key : secret bytes that moves are drawn with; None: drawn anew
    published : factors whose figures are published elsewhere: they are left as they are
    """

    rule: SmallCounts = SCB_RULE
    way: Way = "suppress"
    size: int | None = None
    key: bytes | None = field(default=None, repr=False)
    published: tuple[str, ...] = ()

    @property
    def perturbation(self) -> Perturbation | None:
        """How counts are moved; None where they are not."""
        if self.way == "suppress":
            return None
        return Perturbation(self.way, self.size or SIZES[self.way], self.key or secrets.token_bytes(32))


@dataclass(frozen=True)
class Plan:
    """What is published of several releases, before any is classified again.

    Parameters
    ----------
    counts : all true cells
    shown : the same cells as they are shown
    chosen : which are hidden, and why
    tables, methods : by year, as they are published
    labels : groups that are kept beside those which the published figures decide
    protection : what was asked, with the key that was drawn
    published : by year, the factors whose figures are published elsewhere
    """

    counts: Counts
    shown: Counts
    chosen: Chosen
    tables: dict[int, FactorTable]
    methods: dict[int, Method]
    labels: tuple[Label, ...]
    protection: Protection
    published: dict[int, frozenset[str]]

    @property
    def small(self) -> int:
        """How many cells are under the rule."""
        return int(find_small(self.counts, self.protection.rule).sum())


def plan(releases: Sequence[Release], protection: Protection, earlier: Sequence[Release] = ()) -> Plan:
    """Choose what is hidden in all releases together.

    Parameters
    ----------
    releases : internal ones, one a year, of one method
    protection : the rule and the way
    earlier : publishable releases of the same years that were made before

    Raises
    ------
    InputError  no release, two of a year, one that is protected already, other methods, or a factor without counts
    """
    _check(releases, protection)
    how = protection.perturbation
    protection = replace(protection, key=how.key if how else None)
    ordered = sorted(releases, key=lambda one: one.year)
    tables = {one.year: one.counted for one in ordered}
    methods = {one.year: one.method for one in ordered}
    published = {one.year: _published(one, protection.published) for one in ordered}
    counts = gather_counts(tables, methods, frozenset.intersection(*published.values()))
    counts, before = mark_earlier(counts, earlier)
    shown, blurred = perturb(counts, how) if how else (counts, None)
    chosen = choose_hidden(counts, protection.rule, blurred, before)
    # what is moved below the rule would read like a small count
    below = find_small(shown, protection.rule) & ~chosen.hidden
    chosen = replace(chosen, why=np.where(below, SMALL, chosen.why))
    made, proposed = {}, list[Label]()
    for one in ordered:
        year = one.year
        made[year] = let_through(tables[year], methods[year], year, shown, chosen.hidden, published[year])
        methods[year] = _coarsen(one, made[year])
        inside = observed(tables[year])
        groups = one.areas.get(c.COMPOSITE_GROUP, pd.Series(pd.NA, one.areas.index, dtype="Int8"))
        proposed += propose_labels(year, methods[year], inside, observed(made[year]), groups)
    labels = keep_labels(proposed, methods, counts, chosen, protection.rule, blurred)
    return Plan(counts, shown, chosen, made, methods, tuple(labels), protection, published)


def _published(release: Release, named: Collection[str]) -> frozenset[str]:
    return frozenset(release.method.keys if release.counted.origin else named)


def _check(releases: Sequence[Release], protection: Protection) -> None:
    """Raise every fault of what is given at once."""
    if not releases:
        raise InputError(Fault("no release", hint="Name at least one release."))
    years = [one.year for one in releases]
    faults = [
        Fault("two releases of one year", str(year), hint="Give one release a year: the latest revision.")
        for year in sorted({year for year in years if years.count(year) > 1})
    ]
    last = max(releases, key=lambda one: one.year)
    for one in releases:
        if any(note.code == PROTECTED for note in one.disclosure.because):
            hint = "Give the internal release; this one can be published as it is."
            faults.append(Fault("a release that is protected already", str(one.path), hint=hint))
        if replace(one.method, seed=0).identity != replace(last.method, seed=0).identity:
            hint = "Publish the releases of each method by themselves."
            faults.append(Fault("another method", str(one.path), last.method.name, one.method.name, hint))
        unknown = sorted(set(protection.published) - set(one.method.keys))
        faults += [Fault("no such factor", f"{one.path}, --published", ", ".join(one.method.keys), key,
                         "Name a key of the method.") for key in unknown]  # fmt: skip
        faults += _without_counts(one, _published(one, protection.published))
    if faults:
        raise InputError(faults)


def _without_counts(release: Release, published: frozenset[str]) -> list[Fault]:
    table = release.counted
    bare = observed(table).notna() & ~(table.numerator.notna() & table.denominator.notna())
    hint = "Nobody can tell whether few persons are behind them. Name the factor with --published if its figures are."
    return [
        Fault("rates without counts", f"{release.path}, factor {key}", "numerator and denominator",
              f"{int(bare[key].sum()):,} areas", hint)
        for key in release.method.keys if key not in published and bare[key].any()
    ]  # fmt: skip


def _coarsen(release: Release, table: FactorTable) -> Method:
    """Give the method of a release with a yardstick that the published table may show, and no hash of the exact one."""
    method, inside = release.method, release.counted
    hidden = observed(inside).notna() & (observed(table).isna() | (inside.value != table.value))
    members = release.areas.get(c.CLUSTER)
    coarse = make_publishable(measured_of(method), make_case(table, method), hidden, members)
    method = replace(method, measured=coarse)
    if method.frozen:
        method = replace(method, frozen=replace(method.frozen, yardstick_sha256=None))
    if method.baseline:
        # the earlier yardstick was measured on figures that this table does not hold
        beside = replace(method, measured=None, baseline=None)
        measured = make_publishable(method.baseline.measured, make_case(table, beside), hidden, None)
        origin = replace(method.baseline.origin, yardstick_sha256=None)
        method = replace(method, baseline=replace(method.baseline, origin=origin, measured=measured))
    return method


def reclassify(made: Plan, year: int, previous: Release | None, resources: Resources | None = None) -> Classification:
    """Classify what is published of one year.

    Parameters
    ----------
    made : the plan of all years
    year : which
    previous : the published release before it; None for the first
    resources : threads and workers
    """
    before = Earlier(previous, previous.areas) if previous else None
    result = classify(made.tables[year], made.methods[year], year=year, previous=before, **(resources or {}))
    result = _with_labels(result, [one for one in made.labels if one.year == year], previous)
    return replace(result, notes=(*_say_left_out(made, year, result), *result.notes))


def _with_labels(result: Classification, labels: list[Label], previous: Release | None) -> Classification:
    """Put in the groups that are kept; how sure they are is not measured on figures that are hidden."""
    if not labels or c.COMPOSITE_GROUP not in result.areas:
        return result
    areas, index = result.areas.copy(), [one.area for one in labels]
    groups = pd.array([one.group for one in labels], dtype="Int8")
    areas.loc[index, c.COMPOSITE_GROUP] = groups
    for ends in (c.COMPOSITE_GROUP_MILDEST, c.COMPOSITE_GROUP_HARSHEST):
        areas.loc[index, ends] = groups
    areas[c.COMPOSITE_GROUP_NAME] = name_groups(areas[c.COMPOSITE_GROUP], composite_names(result.method))
    areas.loc[index, c.COMPOSITE_STATUS], areas.loc[index, c.COMPOSITE_REASON] = "decided", ""
    for name in (c.COMPOSITE_GROUP_PROBABILITY, c.COMPOSITE_SECOND, c.COMPOSITE_SECOND_PROBABILITY,
                 c.COMPOSITE_FLIP_FACTOR, c.COMPOSITE_FLIP_PERSONS, c.COMPOSITE_FLIP_GROUP):  # fmt: skip
        if name in areas:
            areas.loc[index, name] = None if areas[name].dtype == object else pd.NA
    if c.HOW_SURE in areas:
        areas.loc[index, c.HOW_SURE] = "not_assessed"
    if c.COMPOSITE_CHANGE in areas and previous is not None:
        areas[c.COMPOSITE_CHANGE] = mark_changes(areas, previous.areas, comparable=True)[c.COMPOSITE_CHANGE]
    described = _describe_again(areas, result)
    figures = result.figures | count_areas(areas, result.table, result.method)
    return replace(result, areas=areas, groups=described, figures=figures)


def _describe_again(areas: pd.DataFrame, result: Classification) -> pd.DataFrame:
    """Describe the composite groups anew; of how many were expected, what was said stays."""
    old = result.groups[result.groups[c.GROUPING] == c.COMPOSITE_GROUP]
    new = describe_groups(areas, result.table, result.method, c.COMPOSITE_GROUP, composite_names(result.method))
    said = [name for name in old if name not in new]
    new = new.merge(old[[c.GROUPING, c.GROUP, *said]], on=[c.GROUPING, c.GROUP], how="left")
    new[c.SYNTHETIC] = result.table.synthetic
    rest = result.groups[result.groups[c.GROUPING] != c.COMPOSITE_GROUP]
    joined = pd.concat([new[list(old)], rest], ignore_index=True)
    return joined.astype({name: kind for name, kind in result.groups.dtypes.items() if joined[name].dtype != kind},
                         errors="ignore")  # fmt: skip


def _say_left_out(made: Plan, year: int, result: Classification) -> tuple[Note, ...]:
    """Name what cannot be kept."""
    own = (made.counts.year == year) & (made.counts.factor != RESIDENTS)
    hidden = made.chosen.hidden & own
    if not hidden.any():
        return ()
    notes = [Note("published_left_out", count=int(hidden.sum()), pairs=int(own.sum())), Note("published_group_rates")]
    if c.COMPOSITE_GROUP in result.areas:
        count = int(result.areas[c.COMPOSITE_GROUP].notna().sum())
        notes.append(Note("published_groups_kept", count=count, areas=len(result.areas)))
    if made.protection.way != "suppress":
        size = made.protection.size or SIZES[made.protection.way]
        rounded = made.protection.way == "round"
        notes.append(Note("published_rounded", size=size) if rounded else Note("published_cell_keys", size=size))
    return tuple(notes)
