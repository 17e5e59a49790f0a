"""The geometries of a joined table on their way out: in a system that the file names, or that is known to be open."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from regso_cluster.errors import Fault, InputError
from regso_cluster.joining.parse_coordinates import _RANGES, SWEREF, WGS84, Coordinates, known_crs
from regso_cluster.words.notes import Note

if TYPE_CHECKING:
    from regso_cluster.files.agency_table import AgencyTable

Geometries = NDArray[np.object_]
_SPOKEN = {SWEREF: "SWEREF 99 TM", WGS84: "WGS 84"}
_FAR = 1e11  # metres; coordinates that a projection cannot hold are set beyond


def declared_crs(source: AgencyTable, said: str) -> str:
    """Give the system of a layer, from its file or from --crs; "" where neither names one.

    Raises
    ------
    InputError  both do, and they put the same numbers in different places; a system that PROJ does not know
    """
    own = "" if "undefined" in source.crs[:60].lower() else source.crs  # a GeoPackage names what it does not know
    if own and said and not _same_place(known_crs(own), known_crs(said)):
        hint = "Leave out --crs, or correct the layer (QGIS: Assign Projection)."
        raise InputError(
            Fault("the layer names another coordinate system than --crs", source.name, said, known_crs(own)[:60], hint)
        )
    return known_crs(own or said)


def _same_place(first: str, second: str) -> bool:
    """Whether two systems give a point in Sweden the same numbers, to a metre."""
    import pyproj

    if first == second:
        return True
    try:
        found = [
            pyproj.Transformer.from_crs(SWEREF, crs, always_xy=True).transform(600_000.0, 6_800_000.0)
            for crs in (first, second)
        ]
    except pyproj.exceptions.ProjError:
        return False
    near = 1e-5 if max(map(abs, found[0])) < 400 else 1.0
    return bool(np.allclose(found[0], found[1], rtol=0, atol=near))


def place_layer(source: AgencyTable, said: str, points: Coordinates | None) -> tuple[AgencyTable, tuple[Note, ...]]:
    """Give a table its geometries in one known system.

    Parameters
    ----------
    source : the table as read
    said : the system of its geometries by --crs, "" where that is open
    points : its geometries as they were matched, in SWEREF 99 TM; None where it was joined on something else

    Returns
    -------
    the table: `crs` declared or recognised, "" where the numbers do not tell; points whose axes were swapped, or that
    mixed two systems, are brought to SWEREF 99 TM. And notes
    """
    if source.geometry is None:
        return source, ()
    crs = declared_crs(source, said)
    recognised, mixed = ("", False) if crs else _recognise(source.geometry)
    swapped = points is not None and bool(points.swapped.any())
    if points is not None and (swapped or mixed):
        note = Note("layer_in_sweref")
        return _in_system(source, _rebuilt(source.geometry, points), SWEREF), (note,)
    if crs:
        known = source.crs and "undefined" not in source.crs[:60].lower()
        return (source if known else _in_system(source, source.geometry, crs)), ()
    if not recognised and source.kind == ".geojson" and _in_degrees(source.geometry):
        recognised = WGS84  # by RFC 7946
    if not recognised:
        return _in_system(source, source.geometry, ""), ()
    if source.kind == ".geojson" and recognised == WGS84:
        return replace(source, crs=WGS84), ()
    note = Note("layer_recognised", crs=_SPOKEN[recognised])
    return _in_system(source, source.geometry, recognised), (note,)


def _in_system(source: AgencyTable, geometry: Geometries, crs: str) -> AgencyTable:
    """Give a table these geometries; what its GeoParquet metadata say follows."""
    metadata = dict(source.metadata)
    if b"geo" in metadata:
        import pyproj

        said = json.loads(metadata[b"geo"])
        column = said["columns"][said["primary_column"]]
        column["crs"] = pyproj.CRS(crs).to_json_dict() if crs else None
        if geometry is not source.geometry:
            column.pop("bbox", None)
        metadata[b"geo"] = json.dumps(said).encode()
    return replace(source, geometry=geometry, crs=crs, metadata=metadata)


def _recognise(geometry: Geometries) -> tuple[str, bool]:
    """Tell the one system of most geometries by their numbers, and whether two systems or orders are mixed."""
    import shapely

    bounds = shapely.bounds(geometry[~(shapely.is_missing(geometry) | shapely.is_empty(geometry))])
    if not len(bounds):
        return "", False
    low, high = bounds[:, :2], bounds[:, 2:]
    counts: dict[tuple[str, bool], int] = {}
    for name, (east, north) in _RANGES.items():
        for turned, (first, second) in ((False, (east, north)), (True, (north, east))):
            inside = (low[:, 0] >= first[0]) & (high[:, 0] <= first[1])
            inside &= (low[:, 1] >= second[0]) & (high[:, 1] <= second[1])
            counts[name, turned] = int(inside.sum())
    found = [key for key, count in counts.items() if count]
    if len(found) == 1 and not found[0][1] and 2 * counts[found[0]] >= len(bounds):
        return found[0][0], False
    return "", bool(found)


def _in_degrees(geometry: Geometries) -> bool:
    import shapely

    x0, y0, x1, y1 = shapely.total_bounds(geometry)
    return bool(np.isnan(x0) or (x0 >= -180 and x1 <= 180 and y0 >= -90 and y1 <= 90))


def _rebuilt(geometry: Geometries, points: Coordinates) -> Geometries:
    import shapely

    made = np.full(len(geometry), None, dtype=object)
    known = np.isfinite(points.x) & np.isfinite(points.y) & (np.abs(points.x) < _FAR)
    tall = known & shapely.has_z(geometry)
    flat = known & ~tall
    made[flat] = shapely.points(points.x[flat], points.y[flat])
    if tall.any():
        heights = shapely.get_coordinates(geometry[tall], include_z=True)  # one point in each, as matching asks
        made[tall] = shapely.points(points.x[tall], points.y[tall], heights[:, 2])
    return made


def to_wgs84(geometry: Geometries, crs: str, name: str) -> tuple[Geometries, tuple[Note, ...]]:
    """Bring geometries to WGS 84, longitude first, to 1e-8 degrees; heights stay as they are.

    Returns
    -------
    the geometries, an empty one and one outside the projection missing; and notes

    Raises
    ------
    InputError  a system that is not known, or of no place on the Earth
    """
    import pyproj
    import shapely

    present = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    moved = np.full(len(geometry), None, dtype=object)
    if not present.any():
        return moved, ()
    if not crs:
        first = shapely.get_coordinates(geometry[present][0])[0]
        hint = "Say which it is with --crs; or write .gpkg or .parquet, which may leave it open."
        expected = "a layer that names its system, or numbers of SWEREF 99 TM or WGS 84 within Sweden"
        got = f"{first[0]:g}, {first[1]:g}"
        raise InputError(Fault("the coordinate system of the geometries is not known", name, expected, got, hint))
    try:
        turn = pyproj.Transformer.from_crs(crs, WGS84, always_xy=True)
    except pyproj.exceptions.ProjError as error:
        hint = "GeoJSON holds WGS 84 alone: write .gpkg or .parquet, or give the layer a system of the Earth."
        raise InputError(Fault("cannot be brought to WGS 84", name, got=crs[:60], hint=hint)) from error

    def degrees(xyz: NDArray[np.float64]) -> NDArray[np.float64]:
        again = np.tile(xyz[:, :2], (2, 1)) if len(xyz) == 1 else xyz[:, :2]  # pyproj takes one for a number
        x, y = turn.transform(again[:, 0], again[:, 1])
        flat = np.round(np.column_stack([x, y]), 8)[: len(xyz)]
        return np.column_stack([flat, xyz[:, 2:]])

    for tall in (False, True):
        chosen = present & (shapely.has_z(geometry) == tall)
        if chosen.any():
            moved[chosen] = shapely.transform(geometry[chosen], degrees, include_z=tall)
    bounds = shapely.bounds(moved)
    lost = present & ~np.isfinite(bounds).all(axis=1)
    moved[lost] = None
    notes = [Note("outside_projection", count=lost.sum())] if lost.any() else []
    has_m = getattr(shapely, "has_m", None)
    if has_m is not None and bool(has_m(geometry).any()):
        notes.append(Note("measures_left_out"))
    return moved, tuple(notes)


def as_features(geometry: Geometries) -> list[Any]:
    """Give geometries in WGS 84 as the plain data of GeoJSON, None for a missing one."""
    import shapely

    return [json.loads(text) if text else None for text in shapely.to_geojson(geometry)]


def geometry_type(geometry: Geometries) -> str:
    """Name the one type of a layer as GDAL does: points with or without heights, else "Unknown"."""
    import shapely

    there = geometry[~shapely.is_missing(geometry)]
    if not len(there) or set(shapely.get_type_id(there).tolist()) != {0}:
        return "Unknown"
    tall = shapely.has_z(there)
    return "Point Z" if tall.all() else "Unknown" if tall.any() else "Point"
