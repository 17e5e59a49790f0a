"""What the page holds: releases as columns of plain numbers, one entry an area, in the order of codes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regso_cluster._package import __version__
from regso_cluster.areas.edition_table import Edition, edition_table, find_edition, has_outlines
from regso_cluster.areas.shapes import load_shapes
from regso_cluster.maps.colours import UNKNOWN, colours_by_number, ordered_colours, problem_colours
from regso_cluster.method import Factor, Method, Text, Yardstick
from regso_cluster.page.flips import flip_columns
from regso_cluster.page.geometry import COARSE, FINE, build_topology
from regso_cluster.page.groups import describe_grouping, measure_country
from regso_cluster.page.views import describe_views
from regso_cluster.schema import SCHEMA
from regso_cluster.schema import columns as c
from regso_cluster.words.phrases import source_in_both

if TYPE_CHECKING:
    from regso_cluster.factors.tables import FactorTable
    from regso_cluster.release.model import Release
    from regso_cluster.years.compare import Comparison

FORMAT = 1  # of the data; web/data.js reads no other
STATUSES = ("observed", "suppressed", "missing", "too_few_residents")
# where the classes of a number are cut, as shares of areas from the worst: the tail is what people look for
CUTS = (0.04, 0.10, 0.25, 0.50, 0.75)
INSETS = 3  # the kommuner with most residents have a map of their own


def assemble(releases: Sequence[Release], comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """Gather everything that the page shows.

    Parameters
    ----------
    releases : by rising year, of one method (its factors are those of the last)
    comparisons : of neighbouring releases, where there are any

    Returns
    -------
    plain data for JSON; columns over areas stand in the order of `areas.code`, null where there is no value
    """
    last = releases[-1]
    codes = sorted(set().union(*(one.areas.index for one in releases)))
    order = pd.Index(codes)
    drawn = _drawn_edition(releases)
    places, kommuner, lan = _places(releases, order, drawn)
    return {
        "format": FORMAT,
        "software": __version__,
        "synthetic": any(bool(one.manifest["synthetic"]) for one in releases),
        "disclosure": _disclosure(releases),
        "method": _describe_method(last.method),
        "factors": [_describe_factor(factor) for factor in last.method.factors],
        "areas": places,
        "kommuner": kommuner,
        "lan": lan,
        "years": [_describe_year(one, last.method, order, drawn) for one in releases],
        "classes": _classes(releases),
        "colours": {
            "unknown": UNKNOWN,
            "classes": ordered_colours(len(CUTS) + 1),
            "problem": list(problem_colours()),
            **{name: _group_colours(releases, name) for name in _groupings(last)},
        },
        "statuses": list(STATUSES),
        "cities": _cities(kommuner),
        **describe_views(releases, comparisons, order),
        "outlines": drawn,
        "maps": None if drawn is None else _topologies(find_edition(drawn), tuple(order)),
    }


def _disclosure(releases: Sequence[Release]) -> list[dict[str, str]]:
    """Say of each release whether it may be published, and why; a reason that holds for all of them once."""
    said = {one.year: [{"sv": note.text("sv"), "en": str(note)} for note in one.disclosure.because] for one in releases}
    every = list(said.values())
    if all(reasons == every[0] for reasons in every):
        return every[0]
    return [
        {language: f"{year}: {reason[language]}" for language in reason}
        for year, reasons in said.items()
        for reason in reasons
    ]


def text(of: Text) -> dict[str, str]:
    """Give a text as plain data."""
    return {"sv": of.sv, "en": of.en}


def _describe_method(method: Method) -> dict[str, Any]:
    certainty = method.certainty
    return {
        "name": method.name,
        "title": text(method.title),
        "description": text(method.description),
        "source": source_in_both(method.source) if method.source else None,
        "sha256": method.hash,
        "steady": bool(method.composite and method.composite.steady),
        "certainty": {
            "draws": certainty.draws,
            "level": certainty.level,
            "core": certainty.core,
            "edge": certainty.edge,
        }
        if certainty
        else None,
        "rules": [
            {"name": text(group.name), "at_least": group.rule.at_least}
            for group in (method.composite.groups if method.composite else ())
        ],
        "min_population": method.table.min_population,
        "shrunk": method.shrinkage is not None,
    }


def _describe_factor(factor: Factor) -> dict[str, Any]:
    return {
        "key": factor.key,
        "name": text(factor.name),
        "unit": factor.unit,
        "worse": factor.worse,
        "source": source_in_both(factor.source) if factor.source else None,
        "counted": text(factor.counted) if factor.counted else None,
        "level": factor.level,
        "counts": factor.value is None,
        **({"unit_name": text(factor.unit_name)} if factor.unit_name else {}),
    }


def _drawn_edition(releases: Sequence[Release]) -> int | None:
    """Choose the edition whose outlines the map shows: the newest of the releases that has some."""
    return max((one.manifest["edition"] for one in releases if has_outlines(one.manifest["edition"])), default=None)


def _places(
    releases: Sequence[Release], order: pd.Index, drawn: int | None
) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, str]]]:
    """Name the areas, kommuner and län; the last release that knows an area names it."""
    columns = [c.NAME, c.KOMMUN, c.KOMMUN_NAME, c.LAN, c.POPULATION]
    frame = pd.concat([one.areas[columns] for one in reversed(releases)])
    frame = frame[~frame.index.duplicated()].reindex(order)
    frame[columns[:4]] = frame[columns[:4]].astype(object).where(frame[columns[:4]].notna(), "")
    shapes = load_shapes(drawn)
    centre = shapes.geometry.centroid
    at = pd.DataFrame({"x": centre.x.to_numpy(), "y": centre.y.to_numpy()}, index=shapes[c.REGSO]).reindex(order)
    weights = frame[c.POPULATION].astype("Float64").fillna(0).to_numpy(np.float64) + 1e-9
    kommuner = []
    for code in sorted(set(frame[c.KOMMUN])):
        rows = np.flatnonzero((frame[c.KOMMUN] == code).to_numpy(bool))
        seen = rows[at["x"].notna().to_numpy()[rows]]
        middle = [round(float(np.average(at[axis].to_numpy()[seen], weights=weights[seen]))) for axis in ("x", "y")] \
            if len(seen) else [None, None]  # fmt: skip
        kommuner.append(
            {"code": code, "name": frame[c.KOMMUN_NAME].iloc[rows[0]] or code, "lan": frame[c.LAN].iloc[rows[0]],
             "x": middle[0], "y": middle[1], "residents": round(float(weights[rows].sum()))}
        )  # fmt: skip
    number = {one["code"]: place for place, one in enumerate(kommuner)}
    names = dict(zip(shapes[c.LAN], shapes["lan_name"], strict=True))
    lan = [{"code": code, "name": str(names.get(code, code))} for code in sorted(set(frame[c.LAN])) if code]
    areas = {"code": list(order), "name": [str(name) for name in frame[c.NAME]],
             "kommun": [number[code] for code in frame[c.KOMMUN]]}  # fmt: skip
    return areas, kommuner, lan


def _describe_year(release: Release, method: Method, order: pd.Index, drawn: int | None) -> dict[str, Any]:
    """Give one release as columns."""
    areas = release.areas.reindex(order)
    measured = release.method.measured or Yardstick()
    manifest = release.manifest
    change = edition_table().change(manifest["edition"], drawn)
    flips, table, country = flip_columns(release), release.table, measure_country(release)
    described: dict[str, Any] = {
        "year": release.year,
        "edition": manifest["edition"],
        "other_borders": change.other_borders if change else None,
        "synthetic": bool(manifest["synthetic"]),
        "created": manifest["created"],
        "name": release.path.resolve().name,
        "manifest": manifest["manifest_sha256"],
        "inputs": manifest["inputs"],
        "notes": [note.both() for note in release.notes],
        "frozen": release.method.frozen.year if release.method.frozen else None,
        "sd": release.method.problems.limit.sd if release.method.problems else None,
        "stability": _stability(manifest.get("figures", {})),
        "structure": _structure(manifest.get("figures", {})),
        "limits": {key: round_to(limit) for key, limit in measured.limits.items()},
        "areas": len(release.areas),
        c.POPULATION: integers(areas[c.POPULATION]),
        "status": _statuses(areas[c.STATUS]),
        "groups": {
            name: describe_grouping(release, name, country) for name in [*_groupings(release), *_tiers(release)]
        },
        "factors": {
            factor.key: _factor_columns(release.method, areas, table, factor, flips.get(factor.key, {}))
            for factor in method.factors
            if factor.key in release.method.keys
        },
    }
    for name in SCHEMA.on_page:
        if name in areas:
            described[name] = integers(areas[name])
    if c.INDEX in areas:
        described["index"] = numbers(areas[c.INDEX], 4)
    described["sure"] = {name: _certainty(areas, name, method) for name in SCHEMA.shown_groupings if name in areas}
    return described


def _certainty(areas: pd.DataFrame, grouping: str, method: Method) -> dict[str, list[Any]]:
    """Give how sure a group is, the runner-up, and what would flip it; the factor by its place in the method."""
    own = SCHEMA.grouping(grouping)
    found: dict[str, list[Any]] = {}
    for what, name in [("chance", own.probability), ("second_chance", own.second_probability)]:
        if name in areas:
            found[what] = chances(areas[name])
    for what, name in [("second", own.second), ("flip_persons", own.flip_persons), ("flip_group", own.flip_group)]:
        if name in areas:
            found[what] = integers(areas[name])
    if own.flip_factor in areas:
        place = {key: number for number, key in enumerate(method.keys)}
        found["flip_factor"] = [place.get(key) for key in areas[own.flip_factor].astype(object)]
    return found


def _factor_columns(
    method: Method, areas: pd.DataFrame, table: FactorTable, factor: Factor, flips: dict[str, pd.Series]
) -> dict[str, Any]:
    key, order = factor.key, areas.index
    columns: dict[str, Any] = {"status": _statuses(areas[c.status_of(key)])}
    if factor.value is None:
        columns["n"] = numbers(table.numerator[key].reindex(order), 2)
        if method.shrinkage:  # the limit judged another rate than that of the counts
            columns["judged"] = numbers(areas[c.value_of(key)], 4)
    else:
        columns["v"] = numbers(table.value[key].reindex(order), 4)
    if factor.denominator:  # a published rate may have one too: flips are said of it
        columns["d"] = numbers(table.denominator[key].reindex(order), 2)
    if c.borrowed_of(key) in areas:
        columns["borrowed"] = integers(areas[c.borrowed_of(key)])
    held = c.held_of(key)
    if c.problem_of(key) in areas:
        columns["problem"] = integers(areas[held if held in areas else c.problem_of(key)])
    if c.tier_of(key) in areas:
        columns["tier"] = integers(areas[c.tier_of(key)])
    for name, series in flips.items():
        columns[name] = integers(series.reindex(order))
    return columns


def _stability(figures: dict[str, Any]) -> float | None:
    stability = figures.get("clusters", {}).get("stability")
    return round(float(stability), 3) if isinstance(stability, int | float) else None


def _structure(figures: dict[str, Any]) -> dict[str, Any] | None:
    """Give what the release found of its number of clusters; None where it did not look."""
    structure = figures.get("clusters", {}).get("structure")
    return {name: structure[name] for name in ("verdict", "choice", "own_stands")} if structure else None


def _groupings(release: Release) -> list[str]:
    return [name for name in SCHEMA.shown_groupings if name in release.areas]


def _tiers(release: Release) -> list[str]:
    return [c.tier_of(key) for key in release.method.keys if c.tier_of(key) in release.areas]


def _group_colours(releases: Sequence[Release], grouping: str) -> list[str]:
    """Give the colours by group number, for the highest number of all years; of clusters the largest is quiet."""
    own = [one.groups[(one.groups[c.GROUPING] == grouping) & one.groups[c.GROUP].notna()] for one in releases]
    highest = max((int(groups[c.GROUP].max()) for groups in own if len(groups)), default=1)
    return colours_by_number(grouping, own[-1], highest)


def _classes(releases: Sequence[Release]) -> dict[str, list[float]]:
    """Cut the index and each factor into classes that hold for all years, so that colours compare."""
    cuts = {}
    method = releases[-1].method
    for name, worse in [("index", "high"), *((factor.key, factor.worse) for factor in method.factors)]:
        column = name if name == "index" else c.value_of(name)
        pooled = pd.concat([one.areas[column].astype(float) for one in releases if column in one.areas] or
                           [pd.Series(dtype=float)]).dropna()  # fmt: skip
        if len(pooled):
            at = [1 - cut if worse == "high" else cut for cut in CUTS]
            cuts[name] = [round_to(float(limit), 3) for limit in np.quantile(pooled, at)]
    return cuts


@lru_cache(maxsize=2)  # pages of the same areas share their outlines; the caller must not change them
def _topologies(edition: Edition, codes: tuple[str, ...]) -> dict[str, Any] | None:
    """Give the outlines twice, coarse and fine; None where no area has one."""
    shapes = load_shapes(edition.year)
    shapes = shapes[shapes[c.REGSO].isin(set(codes))]
    if shapes.empty:
        return None
    place = {code: number for number, code in enumerate(shapes[c.REGSO])}
    maps = {}
    for name, detail in (("coarse", COARSE), ("fine", FINE)):
        topology = build_topology(shapes, detail)
        own = topology["objects"]["areas"]["geometries"]
        topology["objects"]["areas"]["geometries"] = [
            own[place[code]] if code in place else {"type": None} for code in codes
        ]
        maps[name] = topology
    return maps


def _cities(kommuner: list[dict[str, Any]]) -> list[int]:
    """Choose the kommuner with most residents."""
    known = [number for number, one in enumerate(kommuner) if one["x"] is not None]
    return sorted(known, key=lambda number: (-kommuner[number]["residents"], number))[:INSETS]


def _statuses(column: pd.Series) -> list[int | None]:
    known = {name: number for number, name in enumerate(STATUSES)}
    return [known.get(status) for status in column.astype(object)]


def integers(column: pd.Series) -> list[int | None]:
    """Give whole numbers, null where missing."""
    return [None if number is pd.NA or pd.isna(number) else int(number) for number in column.array]


def numbers(column: pd.Series, decimals: int) -> list[float | int | None]:
    """Give numbers rounded to so many decimals, null where missing, whole ones without a point."""
    values = column.astype("Float64").to_numpy(np.float64, na_value=np.nan)
    rounded = [None if np.isnan(number) else round(float(number), decimals) for number in values]
    return [int(number) if number is not None and number == int(number) else number for number in rounded]


def chances(column: pd.Series) -> list[float | int | None]:
    """Give probabilities with three decimals, null where missing; what is almost sure is neither 0 nor 1."""
    rounded = numbers(column, 3)
    kept = zip(rounded, column.astype("Float64").to_numpy(np.float64, na_value=np.nan), strict=True)
    return [short if short not in (0, 1) or short == given else abs(short - 0.001) for short, given in kept]


def round_to(number: float, digits: int = 6) -> float:
    """Round to so many significant digits."""
    return float(f"{number:.{digits}g}")
