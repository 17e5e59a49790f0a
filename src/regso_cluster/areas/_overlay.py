"""Cut two layers of areas by each other and measure the parts: area, land, residents.

Everything here works on whole arrays of shapes; codes and meaning are the business of `crosswalk`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

from regso_cluster.errors import Fault

if TYPE_CHECKING:
    import geopandas as gpd

Shapes = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

_NOISE = 1e-9  # share of a shape that rounding in an overlay may lose
_MAX_VERTICES = 512  # of a part of the land layer: cutting against one huge polygon is slow
_POINT, _POLYGONS = 0, (3, 6)


@dataclass(frozen=True)
class Layer:
    """A checked layer, ordered by code (by position where it has no codes).

    Parameters
    ----------
    codes : (n,) text
    shapes : (n,) valid shapes in two dimensions
    counts : (n,) residents; ones where the layer counts nobody
    sha256 : hash of coordinate system, codes, counts and shapes, in this order
    repaired : shapes that were not valid
    """

    codes: npt.NDArray[np.object_]
    shapes: Shapes
    counts: Floats
    crs: Any
    sha256: str
    repaired: int


@dataclass(frozen=True)
class Parts:
    """What two layers cut out of each other, and what is left of each.

    Parameters
    ----------
    old, new : (n,) position in the layer; -1 where that layer does not reach. Common parts come first, by (old, new)
    shapes : (n,)
    """

    old: Integers
    new: Integers
    shapes: Shapes


def read_layer(
    frame: gpd.GeoDataFrame, name: str, faults: list[Fault], *, code: str | None = None, count: str | None = None
) -> Layer | None:
    """Check a layer; its faults are added to `faults`, and None is given for it.

    Parameters
    ----------
    name : what the layer is, for the faults
    code : column of codes, each once; None where shapes have none
    count : column of residents; points are welcome then
    """
    found: list[Fault] = []
    for column in (code, count):
        if column is not None and column not in frame.columns:
            got = ", ".join(map(str, frame.columns))
            found.append(Fault("a column is missing", f"the {name}", f"column {column!r}", f"columns {got}"))
    if frame.crs is None or not frame.crs.is_projected:
        hint = "Use frame.to_crs(3006): areas in degrees are not areas."
        found.append(Fault("no projected coordinate system", f"the {name}", "EPSG:3006", str(frame.crs), hint))
    if not len(frame):
        found.append(Fault("no rows", f"the {name}"))
    if found:
        faults += found
        return None
    shapes = shapely.force_2d(np.asarray(frame.geometry.array, dtype=object))
    codes = frame[code].to_numpy(dtype=object) if code else np.full(len(frame), "", dtype=object)
    counts = frame[count].to_numpy(dtype=np.float64, na_value=np.nan) if count else np.ones(len(frame))
    if code:
        found += _code_faults(frame[code], f"the {name}")
    bad = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    kinds = (_POINT, *_POLYGONS) if count else _POLYGONS
    bad |= ~np.isin(shapely.get_type_id(shapes), kinds)
    expected = "all points or all polygons" if count else "a polygon"
    found += [_shape_fault(name, codes, int(row), shapes[row], expected) for row in np.flatnonzero(bad)]
    if count:
        odd = ~np.isfinite(counts) | (counts < 0)
        hint = "Leave out parts that nobody is counted in; a suppressed count cannot weigh."
        found += [
            Fault("no count of residents", f"the {name}, row {row}", "0 or more", str(counts[row]), hint)
            for row in np.flatnonzero(odd)
        ]
        if not found and 0 < (shapely.get_type_id(shapes) == _POINT).sum() < len(shapes):
            found.append(Fault("points and polygons in one layer", f"the {name}", expected))
    if found:
        faults += found
        return None
    order = np.argsort(codes.astype(str), kind="stable")
    codes, shapes, counts = codes[order], shapes[order], counts[order]
    digest = _hash(frame.crs.to_wkt(), codes, counts, shapes)
    invalid = ~shapely.is_valid(shapes)
    shapes = shapes.copy()
    shapes[invalid] = _polygons_only(shapely.make_valid(shapes[invalid]))
    return Layer(codes, shapes, counts, frame.crs, digest, int(invalid.sum()))


def _code_faults(codes: Any, where: str) -> list[Fault]:
    found = [Fault("an empty code", f"{where}, row {row}") for row in np.flatnonzero(codes.isna())]
    hint = "One row an area: dissolve the layer by its code first."
    twice = codes[codes.duplicated() & codes.notna()].unique()
    return found + [Fault("a code stands twice", f"{where}, {code}", hint=hint) for code in twice]


def _shape_fault(name: str, codes: npt.NDArray[np.object_], row: int, shape: Any, expected: str) -> Fault:
    got = "nothing" if shape is None or shape.is_empty else str(shape.geom_type)
    return Fault("no usable shape", f"the {name}, row {row} {codes[row]}".rstrip(), expected, got)


def _hash(crs: str, codes: npt.NDArray[np.object_], counts: Floats, shapes: Shapes) -> str:
    digest = hashlib.sha256(crs.encode())
    digest.update("\0".join(map(str, codes)).encode())
    digest.update(np.ascontiguousarray(counts, dtype="<f8").tobytes())
    for shape in shapely.to_wkb(shapes, byte_order=1, output_dimension=2):
        digest.update(shape)
    return digest.hexdigest()


def cut(old: Shapes, new: Shapes) -> Parts:
    """Cut two layers by each other.

    Parameters
    ----------
    old, new : valid polygons

    Returns
    -------
    Parts, together all ground of both layers

    Notes
    -----
    Where both layers are coverages (no overlaps), areas with the very same outline are matched without cutting.
    """
    same_old, same_new = _same_outline(old, new)
    rest_old = np.setdiff1d(np.arange(len(old)), same_old)
    rest_new = np.setdiff1d(np.arange(len(new)), same_new)
    first, second = shapely.STRtree(new[rest_new]).query(old[rest_old], predicate="intersects")
    i, j = rest_old[first], rest_new[second]
    inside = ~shapely.touches(old[i], new[j])  # far cheaper than to cut along a common border
    i, j = i[inside], j[inside]
    piece = _polygons_only(shapely.intersection(old[i], new[j]))
    real = shapely.area(piece) > 0
    i, j, piece = (
        np.concatenate([same_old, i[real]]),
        np.concatenate([same_new, j[real]]),
        np.concatenate([old[same_old], piece[real]]),
    )
    order = np.lexsort((j, i))
    i, j, piece = i[order], j[order], piece[order]
    old_left, old_shape = _left_over(old, i, piece)
    new_left, new_shape = _left_over(new, j, piece)
    return Parts(
        np.concatenate([i, old_left, np.full(len(new_left), -1)]).astype(np.int64),
        np.concatenate([j, np.full(len(old_left), -1), new_left]).astype(np.int64),
        np.concatenate([piece, old_shape, new_shape]),
    )


def _same_outline(old: Shapes, new: Shapes) -> tuple[Integers, Integers]:
    """Pair the areas of two coverages that have the same outline, whatever their codes."""
    none = np.empty(0, dtype=np.int64)
    if not (shapely.coverage_is_valid(old) and shapely.coverage_is_valid(new)):
        return none, none  # an overlap must be met by cutting, else nobody would see it
    place = {outline: row for row, outline in enumerate(shapely.to_wkb(shapely.normalize(new)))}
    found = np.array([place.get(outline, -1) for outline in shapely.to_wkb(shapely.normalize(old))], dtype=np.int64)
    paired = np.flatnonzero(found >= 0)
    return paired, found[paired]


def _left_over(shapes: Shapes, owner: Integers, piece: Shapes) -> tuple[Integers, Shapes]:
    """What no piece of a shape covers."""
    covered = sums(owner, shapely.area(piece), len(shapes))
    short = np.flatnonzero(covered < shapely.area(shapes) * (1 - _NOISE))
    order = np.argsort(owner, kind="stable")
    start = np.searchsorted(owner[order], [short, short + 1])
    taken = [shapely.union_all(piece[order[low:high]]) for low, high in start.T]
    left = _polygons_only(shapely.difference(shapes[short], np.array(taken, dtype=object)))
    real = shapely.area(left) > 0
    return short[real], left[real]


def _polygons_only(shapes: Shapes) -> Shapes:
    """Drop the lines and points that cutting leaves where shapes also touch."""
    shapes = shapes.copy()
    for row in np.flatnonzero(~np.isin(shapely.get_type_id(shapes), _POLYGONS)):
        parts = shapely.get_parts(shapely.get_parts(shapes[row]))
        shapes[row] = shapely.multipolygons(parts[shapely.get_type_id(parts) == _POLYGONS[0]])
    return shapes


def land_parts(shapes: Shapes) -> Shapes:
    """Halve the polygons of a land layer until none has many vertices."""
    done: list[Shapes] = []
    todo = shapely.get_parts(shapes)
    while len(todo):
        small = shapely.get_num_coordinates(todo) <= _MAX_VERTICES
        done.append(todo[small])
        todo = todo[~small]
        west, south, east, north = shapely.bounds(todo).T
        wide = east - west > north - south
        middle_x, middle_y = np.where(wide, (west + east) / 2, east), np.where(wide, north, (south + north) / 2)
        halves = np.concatenate(
            [
                shapely.intersection(todo, shapely.box(west, south, middle_x, middle_y)),
                shapely.intersection(
                    todo, shapely.box(np.where(wide, middle_x, west), np.where(wide, south, middle_y), east, north)
                ),
            ]
        )
        todo = shapely.get_parts(_polygons_only(halves))
    return np.concatenate(done) if done else todo


def ground(shapes: Shapes, land: Shapes | None) -> Floats:
    """Measure the land of each shape; its whole area where no land layer is given.

    Parameters
    ----------
    shapes : (n,) polygons
    land : as `land_parts` gives them; they must not overlap

    Returns
    -------
    (n,) square units of the coordinate system
    """
    if land is None:
        return np.asarray(shapely.area(shapes), dtype=np.float64)
    i, k = shapely.STRtree(land).query(shapes, predicate="intersects")
    return sums(i, shapely.area(shapely.intersection(shapes[i], land[k])), len(shapes))


def residents(parts: Shapes, people: Layer, land: Shapes | None, coverage: float) -> tuple[Floats, float]:
    """Count the residents of each part.

    Parameters
    ----------
    parts : (n,) polygons that do not overlap
    people : points, each counted in the first part that it touches, or polygons, whose residents are spread evenly over
        their land (their area where they have none)
    coverage : a polygon that the parts cover to this share is taken to live in them wholly

    Returns
    -------
    (n,) residents, and the number of residents outside all parts
    """
    living = people.counts > 0
    shapes, counts = people.shapes[living], people.counts[living]
    i, k = shapely.STRtree(parts).query(shapes, predicate="intersects")
    if len(shapes) and shapely.get_type_id(shapes[0]) == _POINT:
        order = np.lexsort((k, i))
        i, k = i[order], k[order]
        first = np.diff(i, prepend=-1) > 0
        inside = sums(k[first], counts[i[first]], len(parts))
        return inside, float(np.delete(counts, i).sum())
    piece = _polygons_only(shapely.intersection(shapes[i], parts[k]))
    size, whole = ground(piece, land), ground(shapes, land)
    dry = whole > 0
    size = np.where(dry[i], size, shapely.area(piece))
    whole = np.where(dry, whole, shapely.area(shapes))
    met = sums(i, size, len(shapes))
    whole = np.where(met >= coverage * whole, met, whole)
    inside = sums(k, counts[i] * size / whole[i], len(parts))
    return inside, float((counts * (1 - met / whole)).sum())


def portions(owner: Integers, number: int, measures: Sequence[Floats]) -> tuple[Floats, Integers]:
    """Share of each part in its owner, by the first measure of which the owner has any.

    Parameters
    ----------
    owner : (n,) position of the owner, -1 for none
    number : how many owners there are
    measures : (n,) each, in order of preference

    Returns
    -------
    (n,) shares, 0 without an owner; (number,) position of the measure taken
    """
    owned = owner >= 0
    share, taken = np.zeros(len(owner)), np.full(number, -1)
    for position, measure in enumerate(measures):
        total = sums(owner[owned], measure[owned], number)
        use = (taken < 0) & (total > 0)
        taken[use] = position
        mine = owned & use[owner]
        share[mine] = measure[mine] / total[owner[mine]]
    return share, taken


def sums(owner: Integers, measure: Floats, number: int) -> Floats:
    """Sum a measure by owner: (n,) and (n,) to (number,)."""
    return np.bincount(owner, weights=measure, minlength=number).astype(np.float64, copy=False)
