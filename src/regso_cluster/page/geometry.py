"""Outlines small enough for a page: simplified as a coverage, on a grid, every shared border stored once (TopoJSON).

The rings of a coverage are cut where three areas meet; a piece between two such points borders the same two areas all
along, and is stored once, whichever area it is read from. Positions are differences on a grid, as TopoJSON asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

if TYPE_CHECKING:
    import geopandas as gpd

Points = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Detail:
    """How far outlines are simplified: the tolerance of `shapely.coverage_simplify` and the grid, both in metres."""

    tolerance: float
    grid: int


COARSE = Detail(400.0, 100)  # the whole country on a screen: a pixel is about a kilometre
FINE = Detail(20.0, 10)  # a kommun and closer


def build_topology(shapes: gpd.GeoDataFrame, detail: Detail) -> dict[str, Any]:
    """Make a TopoJSON topology of areas that neither overlap nor leave gaps.

    Parameters
    ----------
    shapes : a valid coverage in metres, `geometry` of polygons and multipolygons; its order is the order of the result
    detail : tolerance and grid

    Returns
    -------
    a TopoJSON object (specification 1.0): one collection "areas", whose geometries stand in the order of `shapes` (an
    area that the grid swallows has the type null), y upwards, unit metres

    Notes
    -----
    Bostock and Metcalf, *The TopoJSON Format Specification* (2013), sections 2.1.2 to 2.1.4.
    """
    simplified = shapely.coverage_simplify(shapes.geometry.to_numpy(), detail.tolerance)
    rings = _rings(simplified, detail.grid)
    junctions = _junctions([ring for area in rings for polygon in area for ring in polygon])
    store = _Arcs()
    geometries: list[dict[str, Any]] = []
    for area in rings:
        arcs = [[store.add_ring(ring, junctions) for ring in polygon] for polygon in area]
        geometries.append({"type": "MultiPolygon", "arcs": arcs} if arcs else {"type": None})
    return {
        "type": "Topology",
        "transform": {"scale": [detail.grid, detail.grid], "translate": [0, 0]},
        "objects": {"areas": {"type": "GeometryCollection", "geometries": geometries}},
        "arcs": [_differences(arc) for arc in store.arcs],
    }


def _rings(areas: npt.NDArray[np.object_], grid: int) -> list[list[list[Points]]]:
    """Give for each area its polygons, each a list of rings on the grid, without points that fell together."""
    found: list[list[list[Points]]] = []
    for area in areas:
        polygons = []
        for polygon in shapely.get_parts(area):
            rings = [_on_grid(ring, grid) for ring in (polygon.exterior, *polygon.interiors)]
            if len(rings[0]) >= 3:
                polygons.append([ring for ring in rings if len(ring) >= 3])
        found.append(polygons)
    return found


def _on_grid(ring: shapely.LinearRing, grid: int) -> Points:
    """Round an outline to the grid; the closing point is left out."""
    points: Points = np.rint(shapely.get_coordinates(ring)[:-1] / grid).astype(np.int64)
    kept: Points = points[(points != np.roll(points, 1, axis=0)).any(axis=1)]
    return kept


def _junctions(rings: list[Points]) -> set[int]:
    """Find the points where an outline must be cut: those with more than one pair of neighbours over all rings."""
    here, low, high = [], [], []
    for ring in rings:
        key = _keys(ring)
        before, after = np.roll(key, 1), np.roll(key, -1)
        here.append(key)
        low.append(np.minimum(before, after))
        high.append(np.maximum(before, after))
    pairs = np.unique(np.stack([np.concatenate(part) for part in (here, low, high)], axis=1), axis=0)
    points, number = np.unique(pairs[:, 0], return_counts=True)
    return set(points[number > 1].tolist())


def _keys(points: Points) -> npt.NDArray[np.int64]:
    """Give each point one number; coordinates of Sweden stay below 2^31 on any grid."""
    keys: npt.NDArray[np.int64] = (points[:, 0] << 32) + points[:, 1]
    return keys


class _Arcs:
    """The pieces of outlines, each once; a piece read backwards is its number's complement."""

    def __init__(self) -> None:
        self.arcs: list[Points] = []
        self._known: dict[bytes, int] = {}

    def add_ring(self, ring: Points, junctions: set[int]) -> list[int]:
        keys = _keys(ring).tolist()
        cuts = [place for place, key in enumerate(keys) if key in junctions]
        if not cuts:  # an island, or a hole filled by one area: begin at its least point, so that both tell it alike
            cuts = [keys.index(min(keys))]
        ends = [*cuts[1:], cuts[0] + len(ring)]
        return [self._add(ring[np.arange(begin, end + 1) % len(ring)]) for begin, end in zip(cuts, ends, strict=True)]

    def _add(self, arc: Points) -> int:
        back = np.ascontiguousarray(arc[::-1])
        for form, sign in ((arc.tobytes(), 0), (back.tobytes(), -1)):
            if form in self._known:
                return self._known[form] if sign == 0 else ~self._known[form]
        self._known[arc.tobytes()] = len(self.arcs)
        self.arcs.append(arc)
        return len(self.arcs) - 1


def _differences(arc: Points) -> list[list[int]]:
    steps: list[list[int]] = np.diff(arc, axis=0, prepend=np.zeros((1, 2), dtype=np.int64)).tolist()
    return steps
