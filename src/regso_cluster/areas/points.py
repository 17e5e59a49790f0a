"""From coordinates to areas: millions of points at once, with the distance to the nearest border between two areas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

from regso_cluster.errors import Fault, InputError
from regso_cluster.kernels import points as kernels

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Integers = NDArray[np.int64]
Shapes = NDArray[np.object_]

CELL_M = 1_000.0  # of the grids; within a factor of three of it the time hardly changes
RIM_CELLS = 10  # around all areas, so that a point a little outside them has a nearest border
EDGES_A_STRIP = 8


@dataclass(frozen=True)
class _Buckets:
    """A grid of cells and what meets each of them, as compressed sparse rows."""

    grid: Floats  # left, bottom, size, columns, rows
    start: Integers
    items: NDArray[np.int32]


@dataclass(frozen=True)
class BorderIndex:
    """Edges of outlines in a grid, for distances.

    Parameters
    ----------
    edges : (m, 4) float64, metres
    sides : (m, 2) int32, the areas on both sides; -1 where there is none
    """

    edges: Floats
    sides: NDArray[np.int32]
    buckets: _Buckets


@dataclass(frozen=True)
class AreaIndex:
    """Polygons made ready to be searched. `index_areas` makes one.

    Parameters
    ----------
    codes : (n_areas,) in the order given: the first of several areas that hold a point is taken
    shapes : (n_areas,) polygons, metres
    """

    codes: tuple[str, ...]
    shapes: Shapes
    _cells: _Buckets
    _outlines: kernels.Outlines
    _owner: Integers

    @property
    def inner(self) -> BorderIndex:
        """Borders between two areas."""
        return self._borders[0]

    @property
    def outer(self) -> BorderIndex:
        """Where areas end and no other begins: the coast, the frontier."""
        return self._borders[1]

    @cached_property
    def _borders(self) -> tuple[BorderIndex, BorderIndex]:
        return _borders_of(self._outlines.edges, self._owner, self._cells.grid)


@dataclass(frozen=True)
class Located:
    """Where points lie.

    Parameters
    ----------
    area : (n,) int32, position in `AreaIndex.codes`; -1 in none, and where a coordinate is missing
    border_m : (n,) float64, metres to the nearest border between two areas; NaN outside all areas, and where no
        distances were asked for
    neighbour : (n,) int32, the area across that border; -1 where there is none
    """

    area: NDArray[np.int32]
    border_m: Floats
    neighbour: NDArray[np.int32]


def index_areas(codes: Sequence[str], shapes: Shapes) -> AreaIndex:
    """Make polygons ready to be searched; a second for 1.3 million edges.

    Parameters
    ----------
    codes : (n_areas,) each once
    shapes : (n_areas,) polygons or multipolygons in metres, without overlaps; neighbours have the same vertices along
        their border, otherwise it counts as an outer one

    Raises
    ------
    InputError  no areas, a code twice, an empty shape or one that is no polygon
    """
    shapes = np.asarray(shapes, dtype=object)
    _check(codes, shapes)
    edges, owner = _edges_of(shapes)
    bounds = shapely.bounds(shapes)
    cells = _bucket(bounds, CELL_M)
    outlines = kernels.Outlines(bounds, *_strips_of(edges, owner, bounds), edges)
    return AreaIndex(tuple(map(str, codes)), shapes, cells, outlines, owner)


def _check(codes: Sequence[str], shapes: Shapes) -> None:
    faults = []
    if not len(codes):
        faults.append(Fault("no areas", "the layer of shapes", hint="Give the layer of a whole edition."))
    if len(set(codes)) != len(codes):
        hint = "Dissolve the layer on its code: one shape an area."
        twice = sorted({code for code in codes if list(codes).count(code) > 1})[:8]
        faults.append(Fault("a code stands twice", "the layer of shapes", got=", ".join(twice), hint=hint))
    kinds = shapely.get_type_id(shapes)
    bad = np.flatnonzero(~np.isin(kinds, (3, 6)) | shapely.is_empty(shapes))  # polygon, multipolygon
    faults += [
        Fault("an area without a polygon", f"code {codes[int(at)]}", hint="Take it out, or mend the layer.")
        for at in bad
    ]
    if faults:
        raise InputError(faults)


def _edges_of(shapes: Shapes) -> tuple[Floats, Integers]:
    """Give the edges of all outlines, (m, 4), and the area each belongs to."""
    parts, owner_of_part = shapely.get_parts(shapes, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    within = ring[1:] == ring[:-1]
    edges = np.hstack([xy[:-1][within], xy[1:][within]])
    return np.ascontiguousarray(edges), owner_of_part[part[ring[:-1][within]]].astype(np.int64)


def _bucket(boxes: Floats, size: float, grid: Floats | None = None) -> _Buckets:
    """Sort boxes (n, 4: left, bottom, right, top) into the cells of a grid, which is laid around them if not given."""
    if grid is None:
        left, bottom = boxes[:, :2].min(axis=0) - RIM_CELLS * size
        columns, rows = np.floor((boxes[:, 2:].max(axis=0) - (left, bottom)) / size) + 1 + RIM_CELLS
        grid = np.array([left, bottom, size, columns, rows])
    columns, rows = int(grid[3]), int(grid[4])
    cells = np.floor((boxes - np.tile(grid[:2], 2)) / grid[2]).astype(np.int64)
    spans = np.ascontiguousarray(cells[:, [0, 2, 1, 3]])
    spans[:, :2] = np.clip(spans[:, :2], 0, columns - 1)
    spans[:, 2:] = np.clip(spans[:, 2:], 0, rows - 1)
    start, items = _fill(spans, columns, columns * rows)
    return _Buckets(grid, start, items)


def _fill(spans: Integers, columns: int, cells: int) -> tuple[Integers, NDArray[np.int32]]:
    start = np.empty(cells + 1, np.int64)
    kernels.count_boxes(spans, columns, start)
    items = np.empty(start[-1], np.int32)
    kernels.fill_boxes(spans, columns, start, np.empty(cells, np.int64), items)
    return start, items


def _strips_of(edges: Floats, owner: Integers, bounds: Floats) -> tuple[Floats, Integers, NDArray[np.int32]]:
    """Cut each area into level strips, so that a level line through a point meets few of its edges."""
    number = np.maximum(np.bincount(owner, minlength=len(bounds)) // EDGES_A_STRIP, 1)
    first = np.concatenate([[0], np.cumsum(number)[:-1]])
    height = np.maximum((bounds[:, 3] - bounds[:, 1]) / number, np.finfo(np.float64).tiny)
    strips = np.ascontiguousarray(np.column_stack([first, number, height]).astype(np.float64))
    low, high = np.minimum(edges[:, 1], edges[:, 3]), np.maximum(edges[:, 1], edges[:, 3])
    spans = np.zeros((len(edges), 4), np.int64)
    for column, level in ((2, low), (3, high)):
        at = np.floor((level - bounds[owner, 1]) / height[owner]).astype(np.int64)
        spans[:, column] = first[owner] + np.minimum(at, number[owner] - 1)
    start, items = _fill(spans, 1, int(number.sum()))
    return strips, start, items


def _borders_of(edges: Floats, owner: Integers, grid: Floats) -> tuple[BorderIndex, BorderIndex]:
    """Part the edges that two areas have in common from those of one alone."""
    turned = (edges[:, 0] > edges[:, 2]) | ((edges[:, 0] == edges[:, 2]) & (edges[:, 1] > edges[:, 3]))
    level = np.where(turned[:, None], edges[:, [2, 3, 0, 1]], edges)
    order = np.lexsort((owner, *level.T))
    level, owner = level[order], owner[order].astype(np.int32)
    same = (level[1:] == level[:-1]).all(axis=1) & (owner[1:] != owner[:-1])
    again = np.concatenate([[False], same])  # the second of two equal edges
    followed = np.concatenate([same, [False]])
    sides = np.column_stack([owner, np.where(followed, np.append(owner[1:], -1), -1)]).astype(np.int32)
    found = []
    for chosen in (followed, ~followed & ~again):
        own = np.ascontiguousarray(level[chosen])
        boxes = np.column_stack([np.minimum(own[:, :2], own[:, 2:]), np.maximum(own[:, :2], own[:, 2:])])
        buckets = _bucket(boxes.reshape(-1, 4), CELL_M, grid)
        found.append(BorderIndex(own, np.ascontiguousarray(sides[chosen]), buckets))
    return found[0], found[1]


def locate(index: AreaIndex, x: Floats, y: Floats, *, distances: bool = True) -> Located:
    """Find the area of each point, and the distance to the nearest border between two areas.

    Parameters
    ----------
    index : of `index_areas`
    x, y : (n,) float64, easting and northing in the coordinate system of the shapes, metres; NaN where missing
    distances : whether to look for the nearest border, too, which takes several times as long

    Returns
    -------
    Located. A point on a border lies in the first of its areas in the order of the index, at 0 m

    Notes
    -----
    Cells, bounds and strips leave a few edges to be judged for each point. Points too near an edge for double precision
    are asked of GEOS, whose predicates are exact: the answers are those of `shapely.intersects`.
    """
    x, y = np.ascontiguousarray(x, np.float64), np.ascontiguousarray(y, np.float64)
    area, unsure = np.full(len(x), -1, np.int32), np.zeros(len(x), np.bool_)
    cell, order = _by_cell(index._cells.grid, x, y, np.isfinite(x) & np.isfinite(y))
    kernels.find_areas(x, y, order, cell, index._cells.start, index._cells.items, index._outlines, area, unsure)
    near = np.flatnonzero(unsure)
    if len(near):
        area[near] = _ask_geos(index.shapes, x[near], y[near])
    if not distances:
        nothing = np.full(len(x), -1, np.int32)
        return Located(area, np.full(len(x), np.nan), nothing)
    edge, border_m = nearest_border(index.inner, x, y, area >= 0)
    sides = np.full((len(x), 2), -1, np.int32)
    sides[edge >= 0] = index.inner.sides[edge[edge >= 0]]
    neighbour = np.where(sides[:, 0] == area, sides[:, 1], sides[:, 0]).astype(np.int32)
    return Located(area, border_m, neighbour)


def nearest_border(
    borders: BorderIndex, x: Floats, y: Floats, asked: Booleans, *, limit: float = np.inf
) -> tuple[NDArray[np.int32], Floats]:
    """Find the nearest edge to each point, and how far it is.

    Parameters
    ----------
    borders : `inner` or `outer` of an index
    x, y : (n,) float64, metres; asked : (n,) whether to look; a point more than 10 km from all areas has none
    limit : metres; an edge farther away does not count

    Returns
    -------
    edge : (n,) int32, position in `borders.edges`; -1 for none
    distance : (n,) float64, metres; NaN for none
    """
    edge, distance = np.full(len(x), -1, np.int32), np.full(len(x), np.nan)
    if len(borders.edges):
        buckets = borders.buckets
        _, order = _by_cell(buckets.grid, x, y, asked)
        kernels.nearest_edges(
            x, y, order, buckets.grid, buckets.start, buckets.items, borders.edges, limit, edge, distance
        )
    return edge, distance


def _by_cell(grid: Floats, x: Floats, y: Floats, asked: Booleans) -> tuple[Integers, NDArray[np.int32]]:
    """Give the cell of each point, -1 outside the grid, and the points asked for in the order of their cells."""
    column, row = np.floor((x - grid[0]) / grid[2]), np.floor((y - grid[1]) / grid[2])
    within = asked & (column >= 0) & (column < grid[3]) & (row >= 0) & (row < grid[4])
    some = np.flatnonzero(within)
    at = row[some].astype(np.int64) * int(grid[3]) + column[some].astype(np.int64)
    cell = np.full(len(x), -1, np.int64)
    cell[some] = at
    spans = np.column_stack([at, at, np.zeros_like(at), np.zeros_like(at)])
    _, order = _fill(spans, int(grid[3] * grid[4]), int(grid[3] * grid[4]))
    return cell, some.astype(np.int32)[order]


def _ask_geos(shapes: Shapes, x: Floats, y: Floats) -> NDArray[np.int32]:
    """Give the first shape that intersects each point, -1 for none; exact, and slow."""
    point, shape = shapely.STRtree(shapes).query(shapely.points(x, y), predicate="intersects")
    found = np.full(len(x), len(shapes), np.int32)
    np.minimum.at(found, point, shape.astype(np.int32))
    return np.where(found == len(shapes), -1, found).astype(np.int32)
