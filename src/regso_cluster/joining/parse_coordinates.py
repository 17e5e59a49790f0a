"""Coordinates as agencies have them: which system they are in, which axis comes first, what is no coordinate at all.

The ranges of eastings, northings, longitudes and latitudes in Sweden do not overlap, neither within a system nor
between the two. So each pair of numbers tells its system and its order by itself, in a mixed table, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from regso_cluster.errors import Fault, InputError
from regso_cluster.files.numbers import as_text, parse_numbers
from regso_cluster.words.notes import Note

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

SWEREF, WGS84 = "EPSG:3006", "EPSG:4326"
_NAMES = {SWEREF: "SWEREF 99 TM", WGS84: "WGS 84"}
# Sweden with its waters and a wide rim: (low, high) of the first axis (east) and of the second (north)
_RANGES = {SWEREF: ((200_000.0, 1_000_000.0), (6_000_000.0, 7_800_000.0)), WGS84: ((9.0, 26.0), (54.0, 70.5))}
# systems that Swedish files are in, too, and that must be said: they look alike to numbers of other zones
_SPOKEN = (
    ("RT 90 2.5 gon V (EPSG:3021)", (1_150_000.0, 1_950_000.0), (6_000_000.0, 7_800_000.0)),
    ("a local zone of SWEREF 99, such as 18 00 (EPSG:3011)", (30_000.0, 200_000.0), (6_000_000.0, 7_800_000.0)),
    ("Web Mercator (EPSG:3857)", (1_000_000.0, 2_900_000.0), (7_200_000.0, 11_500_000.0)),
)


@dataclass(frozen=True)
class Coordinates:
    """Coordinates in SWEREF 99 TM, and what each row was.

    Parameters
    ----------
    x, y : (n,) float64, easting and northing in metres; NaN where missing or unreadable
    missing : (n,) bool, both empty, or 0 and 0
    unreadable : (n,) bool, one is empty, or a text that is no number
    swapped : (n,) bool, stood as north, east
    given : (n,) text, as it stood
    notes : what was recognised
    """

    x: Floats
    y: Floats
    missing: Booleans
    unreadable: Booleans
    swapped: Booleans
    given: NDArray[np.object_]
    notes: tuple[Note, ...]


def read_coordinates(
    first: pd.Series, second: pd.Series, crs: str = "", *, decimal_comma: bool | None = None
) -> Coordinates:
    """Read two columns as coordinates and bring them to SWEREF 99 TM.

    Parameters
    ----------
    first, second : (n,) numbers or text, east and north, or the other way round
    crs : "sweref99tm", "wgs84" or anything PROJ knows ("EPSG:3021"); "" recognises the first two, row by row
    decimal_comma : as for `files.numbers.parse_numbers`

    Raises
    ------
    InputError  a coordinate system that is not known; without `crs`, numbers that are of neither system in most rows
    """
    pair = [column if _numeric(column) else column.astype(object) for column in (first, second)]
    a, b = (_numbers(column, decimal_comma) for column in pair)
    texts = [column.map(as_text).to_numpy(dtype=object) for column in pair]
    blank = [text == "" for text in texts]
    zero = (a == 0) & (b == 0)
    missing = (blank[0] & blank[1]) | zero
    unreadable = ~missing & ~(np.isfinite(a) & np.isfinite(b))
    read = ~(missing | unreadable)
    notes = [Note("zero_coordinates", count=zero.sum())] if zero.any() else []
    x, y, swapped = _to_sweref(
        a, b, read, known_crs(crs), Note("two_columns", first=str(first.name), second=str(second.name)), notes
    )
    given = np.where(blank[0] & blank[1], "", texts[0] + ", " + texts[1])
    return Coordinates(x, y, missing, unreadable, swapped, given, tuple(notes))


def _numeric(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)


def _numbers(column: pd.Series, decimal_comma: bool | None) -> Floats:
    if _numeric(column):
        return np.asarray(column.to_numpy(np.float64, na_value=np.nan), dtype=np.float64)
    try:  # plain numbers, as most columns of coordinates are, are read at once
        return np.asarray(pd.to_numeric(column, dtype_backend="numpy_nullable").to_numpy(np.float64, na_value=np.nan))
    except (ValueError, TypeError):
        # a coordinate has no mark of thousands: its range tells, and a comma is a decimal comma
        comma = True if decimal_comma is None else decimal_comma
        return np.asarray(parse_numbers(column, (), ("",), decimal_comma=comma).values)


def known_crs(crs: str) -> str:
    """Give "EPSG:3006", "EPSG:4326", another system as PROJ writes it, or "" for none.

    Raises
    ------
    InputError  one that PROJ does not know
    """
    short = "".join(crs.lower().split()).replace("_", "").replace("-", "")
    if short in {"", SWEREF.lower(), WGS84.lower()}:
        return short.upper()
    if short in {"sweref99tm", "sweref", "3006"}:
        return SWEREF
    if short in {"wgs84", "4326", "ogc:crs84", "crs84"}:
        return WGS84
    import pyproj

    try:
        known = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        hint = "Give sweref99tm, wgs84, or a code such as EPSG:3021; leave it out to have the first two recognised."
        raise InputError(
            Fault("a coordinate system that is not known", "--crs", got=repr(crs)[:60], hint=hint)
        ) from error
    for common in (SWEREF, WGS84, "OGC:CRS84"):
        if known.equals(pyproj.CRS(common), ignore_axis_order=True):
            return WGS84 if common == "OGC:CRS84" else common
    return known.to_string()


def _to_sweref(
    a: Floats, b: Floats, read: Booleans, crs: str, where: str, notes: list[Note]
) -> tuple[Floats, Floats, Booleans]:
    straight = {name: read & _within(a, b, name) for name in _RANGES}
    turned = {name: read & _within(b, a, name) for name in _RANGES}
    if crs and crs not in _RANGES:
        x, y = _transform(a, b, read, crs)
        notes.append(Note("coordinates_read_as", crs=crs))
        return x, y, np.zeros(len(a), np.bool_)
    if not crs:
        _refuse_strange(a, b, read, straight, turned, where)
    systems = [crs] if crs else list(_RANGES)
    x, y = np.where(read, a, np.nan), np.where(read, b, np.nan)
    swapped = np.zeros(len(a), np.bool_)
    for name in systems:
        swapped |= turned[name]
    x[swapped], y[swapped] = b[swapped], a[swapped]
    degrees = read if crs == WGS84 else np.zeros(len(a), np.bool_)
    if not crs:
        degrees = straight[WGS84] | turned[WGS84]
    if degrees.any():
        x[degrees], y[degrees] = _transform(x[degrees], y[degrees], np.ones(int(degrees.sum()), np.bool_), WGS84)
    _tell(read, straight, turned, swapped, crs, where, notes)
    return x, y, swapped


def _within(a: Floats, b: Floats, name: str) -> Booleans:
    (left, right), (bottom, top) = _RANGES[name]
    return np.asarray((a >= left) & (a <= right) & (b >= bottom) & (b <= top))


def _transform(a: Floats, b: Floats, read: Booleans, crs: str) -> tuple[Floats, Floats]:
    import pyproj

    x, y = np.full(len(a), np.nan), np.full(len(a), np.nan)
    given = (
        (a[read], b[read]) if read.sum() > 1 else (a[read].tolist(), b[read].tolist())
    )  # pyproj takes one for a number
    x[read], y[read] = pyproj.Transformer.from_crs(crs, SWEREF, always_xy=True).transform(*given)
    for values in (x, y):  # what lies outside the projection becomes infinite: a number, but nowhere in Sweden
        values[read & ~np.isfinite(values)] = 1e12
    return x, y


def _refuse_strange(
    a: Floats, b: Floats, read: Booleans, straight: dict[str, Booleans], turned: dict[str, Booleans], where: str
) -> None:
    known = np.logical_or.reduce([*straight.values(), *turned.values()])
    if not read.any() or 2 * int(known.sum()) >= int(read.sum()):
        return
    hint = "Say which it is with --crs, such as --crs EPSG:3021."
    strange = read & ~known
    for name, (left, right), (bottom, top) in _SPOKEN:
        alike = sum(
            int((strange & (p >= left) & (p <= right) & (q >= bottom) & (q <= top)).sum()) for p, q in ((a, b), (b, a))
        )
        if 2 * alike > int(read.sum()):
            hint = f"They look like {name}: say so with --crs."
            break
    at = int(np.flatnonzero(strange)[0])
    expected = "SWEREF 99 TM or WGS 84 within Sweden"
    raise InputError(Fault("coordinates of another system", where, expected, f"{a[at]:g}, {b[at]:g}", hint))


def _tell(
    read: Booleans, straight: dict[str, Booleans], turned: dict[str, Booleans], swapped: Booleans, crs: str,
    where: str, notes: list[Note],
) -> None:  # fmt: skip
    found = {name: int((straight[name] | turned[name]).sum()) for name in _RANGES}
    if crs:
        for name, count in found.items():
            if name != crs and count:
                notes.append(Note("coordinates_look_like", count=count, other=_NAMES[name], crs=_NAMES[crs]))
    else:
        parts = [Note("rows_in_system", system=_NAMES[name], count=count) for name, count in found.items() if count]
        mixed = Note("coordinates_mixed", systems=parts) if len(parts) > 1 else None
        notes.append(mixed or Note("coordinates_recognised", systems=parts or Note("in_no_system")))
    if swapped.any():
        if swapped[read].all():
            notes.append(Note("axes_swapped_everywhere", where=where))
        else:
            notes.append(Note("axes_swapped", count=swapped.sum(), of=read.sum(), where=where))
