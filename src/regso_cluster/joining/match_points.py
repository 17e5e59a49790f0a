"""From coordinates to the areas of a release: which outlines serve, what is water, what is abroad, what is doubtful."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from regso_cluster.areas.edition_table import Edition, drawn_years, find_edition, has_outlines
from regso_cluster.areas.layers import read_edition
from regso_cluster.areas.points import AreaIndex, index_areas, locate, nearest_border
from regso_cluster.areas.shapes import COAST_M, SIMPLIFIED_M, fetched_shapes, load_shapes, load_waters
from regso_cluster.errors import Fault, InputError
from regso_cluster.joining.match_report import Matches
from regso_cluster.joining.parse_coordinates import Coordinates
from regso_cluster.schema import columns as c

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True)
class OutlineIndex:
    """The polygons that points are looked up in.

    Parameters
    ----------
    areas : the areas of the edition
    waters : what the shipped outlines leave out of each area, the sea and the lakes; None for SCB's own layer, whose
        areas hold their waters
    land : the shipped outlines, which tell water from land; None for areas that they do not know
    tolerance_m : what is nearer to a border than this may lie on its other side
    name : for the report
    """

    areas: AreaIndex
    waters: AreaIndex | None
    land: AreaIndex | None
    tolerance_m: float
    name: str


def open_outlines(edition: int | None, shapes: Path | None) -> OutlineIndex:
    """Take the outlines that the user names, else those that `fetch shapes` has brought, else the shipped ones.

    Raises
    ------
    InputError  none of an edition, or a file that is no layer of its areas
    """
    if edition is None:
        hint = "Take the column with the codes of its areas."
        raise InputError(Fault("coordinates, but areas that are not RegSO", hint=hint))
    path = shapes or fetched_shapes(edition)
    if path is None and not has_outlines(edition):
        hint = f"Run `regso-cluster fetch shapes --edition {edition}`, or give SCB's layer as --shapes."
        raise InputError(Fault(f"no outlines of RegSO {edition} at hand", hint=hint))
    land, sea = _shipped(edition if has_outlines(edition) else drawn_years()[-1])
    if path is not None:
        layer = read_edition(path, edition)
        return OutlineIndex(_index_of(layer), None, land, 0.0, f"SCB's full outlines ({path.name})")
    name = f"the shipped outlines of RegSO {edition}, simplified by {SIMPLIFIED_M:g} m"
    return OutlineIndex(land, sea, land, SIMPLIFIED_M, name)


def _index_of(layer: gpd.GeoDataFrame) -> AreaIndex:
    return index_areas(layer[c.REGSO].tolist(), layer.geometry.to_numpy())


def _shipped(edition: int) -> tuple[AreaIndex, AreaIndex | None]:
    """Give land and waters of the shipped outlines of an edition."""
    return _indexed(find_edition(edition))


@cache
def _indexed(edition: Edition) -> tuple[AreaIndex, AreaIndex | None]:
    waters = load_waters(edition.year)
    return _index_of(load_shapes(edition.year)), None if waters is None else _index_of(waters)


def match_points(points: Coordinates, outlines: OutlineIndex) -> Matches:
    """Find the area of each point, how far the next one begins, and what lies in the water or abroad.

    Notes
    -----
    A point outside the shipped outlines but within the waters of an area belongs to that area. Up to `COAST_M` from
    what is shown as land, which is as far as the coast is off, it is `near_coast`, and matched; farther out it is
    `in_water`, and has no area.
    """
    codes = np.array([*outlines.areas.codes, None], dtype=object)
    found = locate(outlines.areas, points.x, points.y)
    area, border_m = found.area.copy(), found.border_m.copy()
    status = np.full(len(area), "outside_sweden", dtype=object)
    on_land = area >= 0
    status[on_land] = "matched"
    status[on_land & (border_m <= outlines.tolerance_m)] = "near_border"
    coast_m = np.full(len(area), np.nan)
    if outlines.waters is not None:
        _look_at_sea(points, outlines, area, status, coast_m)
    elif outlines.land is not None:
        _look_for_land(points, outlines.land, area, status, coast_m)
    lost = np.isin(status, ["in_water", "outside_sweden"])
    status[points.missing], status[points.unreadable] = "missing", "unreadable"
    area[lost | points.missing | points.unreadable] = -1
    near = status == "near_border"
    reason = np.full(len(area), "", dtype=object)
    for name, text in (
        ("outside_sweden", "outside every area and its waters"), ("missing", "no coordinates"),
        ("unreadable", "no pair of numbers"),
    ):  # fmt: skip
        reason[status == name] = text
    for at in np.flatnonzero(status == "in_water"):
        reason[at] = f"more than {COAST_M / 1000:g} km from land"
    neighbour = codes[found.neighbour]
    neighbour[~near] = None
    extra = {
        "border_m": np.round(border_m, 1),
        "neighbour": neighbour,
        "coast_m": np.round(coast_m, 1),
        "swapped": points.swapped,
    }
    return Matches(
        "points", codes[area], status, points.given, reason, extra, points.notes, outlines.tolerance_m, outlines.name
    )


def _look_at_sea(
    points: Coordinates, outlines: OutlineIndex, area: np.ndarray, status: np.ndarray, coast_m: np.ndarray
) -> None:
    """Look up what the shipped outlines do not hold in the waters of the areas; fills area, status, coast_m."""
    assert outlines.waters is not None  # noqa: S101
    wet = np.flatnonzero((area < 0) & np.isfinite(points.x))
    if not len(wet):
        return
    x, y = points.x[wet], points.y[wet]
    there = locate(outlines.waters, x, y, distances=False).area
    place = {code: at for at, code in enumerate(outlines.areas.codes)}
    owner = np.array([place[code] for code in outlines.waters.codes] + [-1], dtype=np.int32)[there]
    edge, away = nearest_border(outlines.areas.outer, x, y, np.ones(len(x), np.bool_), limit=COAST_M)
    near = edge >= 0
    # along a frontier of water and land both outlines are simplified: a strip may be in neither
    strip = near & (owner < 0) & (away <= outlines.tolerance_m)
    owner[strip] = outlines.areas.outer.sides[edge[strip], 0]
    area[wet] = owner
    coast_m[wet] = np.where(owner >= 0, away, np.nan)
    status[wet] = np.select([(owner >= 0) & near, owner >= 0], ["near_coast", "in_water"], "outside_sweden")


def _look_for_land(
    points: Coordinates, land: AreaIndex, area: np.ndarray, status: np.ndarray, coast_m: np.ndarray
) -> None:
    """Mark what lies in an area of the full layer, but far from anything that is land."""
    inside = np.flatnonzero(area >= 0)
    x, y = points.x[inside], points.y[inside]
    wet = inside[locate(land, x, y, distances=False).area < 0]
    edge, away = nearest_border(land.outer, points.x[wet], points.y[wet], np.ones(len(wet), np.bool_), limit=COAST_M)
    coast_m[wet] = away
    status[wet[edge < 0]] = "in_water"
