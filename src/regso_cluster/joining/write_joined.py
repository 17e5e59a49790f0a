"""A joined table back to a file: the same cells as before, and the new columns after them."""

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from regso_cluster.errors import Fault, InputError
from regso_cluster.exports.formats import table_formats
from regso_cluster.files import formats
from regso_cluster.files.agency_table import AgencyTable
from regso_cluster.files.atomic import json_text, whole_file
from regso_cluster.files.cell_sheets import write_cells
from regso_cluster.files.formats import Format, find_format, write_output
from regso_cluster.files.kinds import TEXT_SUFFIXES
from regso_cluster.files.output import Output
from regso_cluster.files.parquet import write_arrow
from regso_cluster.files.sheet_writing import CHARACTERS, ROWS, is_too_long
from regso_cluster.files.textfiles import guard
from regso_cluster.joining.fit_formats import WORKBOOKS, fit_cells, whole_numbers
from regso_cluster.joining.parse_coordinates import SWEREF, WGS84, known_crs
from regso_cluster.joining.place_layer import as_features, geometry_type, to_wgs84
from regso_cluster.maps import formats as maps
from regso_cluster.words.notes import Note

BLOCK = 50_000  # rows of a text file that are made at a time


@dataclass(frozen=True)
class JoinedTable:
    """What is written.

    Parameters
    ----------
    frame : all columns, the input's first; added : names of the new ones
    source : the table as it was read
    points : (n,) shapely points in SWEREF 99 TM, for a map of a table that had only coordinates; None where it had none
    sheets : further sheets of a workbook, by name
    moved : the geometries (and `points`) are in WGS 84, and not as the source has them
    """

    frame: pd.DataFrame
    added: tuple[str, ...]
    source: AgencyTable
    points: NDArray[np.object_] | None
    sheets: dict[str, pd.DataFrame]
    moved: bool = False


def check_writable(out: Path) -> Format:
    """Find the format of a file; refuse a kind that cannot be written, and a folder.

    Raises
    ------
    InputError
    """
    return find_format(out, table_formats())


def fit_joined(table: JoinedTable, out: Path) -> tuple[JoinedTable, tuple[Note, ...]]:
    """Bring cells and geometries to what the kind of file holds, before anything is written.

    Returns
    -------
    the table, and notes on what comes out in another form

    Raises
    ------
    InputError  as `_fitting.fit_cells` and `_maps.to_wgs84`
    """
    kind, source, frame = out.suffix.lower(), table.source, table.frame
    if source.kind in WORKBOOKS:
        own = frame.shape[1] - len(table.added)
        frame = pd.concat([whole_numbers(frame.iloc[:, :own]), frame.iloc[:, own:]], axis=1)
    frame, notes = fit_cells(frame, kind, source.name, source.first_row)
    table = replace(table, frame=frame)
    geometry, crs = _map_of(table)
    if geometry is None or kind in TEXT_SUFFIXES or all(shape is None for shape in geometry):
        return table, notes
    if kind == ".geojson" and known_crs(crs) != WGS84:
        moved, told = to_wgs84(geometry, crs, source.name)
        old = (Note("brought_to_wgs84"),) if source.document else ()
        source = replace(source, geometry=moved if source.geometry is not None else None, crs=WGS84)
        return replace(table, source=source, points=moved, moved=True), (*notes, *told, *old)
    if kind == ".xlsx" and source.geometry is not None:
        longer = sum(is_too_long(text) for text in _as_wkt(geometry) if text is not None)
        if longer:
            told = (Note("geometries_too_long", count=longer, most=CHARACTERS),)
            return replace(table, source=replace(source, geometry=None)), (*notes, *told)
    if kind in (".gpkg", ".parquet") and not crs:
        notes += (Note("layer_without_system"),)
    return table, notes


def write_joined(table: JoinedTable, out: Path) -> None:
    """Write a table, whole or not at all; an existing file is replaced in one step.

    Raises
    ------
    InputError  more rows than a workbook has, values that the format cannot hold
    """
    found = check_writable(out)
    own: dict[Format, Callable[[JoinedTable, Path], None]] = {
        formats.TEXT: _write_text,
        formats.TABBED: lambda joined, path: _write_text(joined, path, "\t"),
        formats.WORKBOOK: _write_workbook,
        formats.PARQUET: _write_parquet,
        maps.GEOPACKAGE: _write_geopackage,
        maps.GEOJSON: _write_geojson,
    }
    if found in own:  # these keep what the source has beside its cells
        with whole_file(out) as partial:
            own[found](table, partial)
    else:
        write_output(Output(_with_geometry(table, found), table.source.layer or out.stem), out, found)


def _with_geometry(table: JoinedTable, found: Format) -> pd.DataFrame:
    """Give the table with the geometries that it has, where the format holds them."""
    geometry, crs = _map_of(table)
    if geometry is None or not found.geometry:
        return table.frame
    import geopandas as gpd

    name = table.source.geometry_name or "geometry"
    shaped: pd.DataFrame = gpd.GeoDataFrame(table.frame.assign(**{name: geometry}), geometry=name, crs=crs or None)
    return shaped


# --- text ---


def _write_text(table: JoinedTable, path: Path, delimiter: str = "") -> None:
    """Write CSV in UTF-8 with the delimiter of the input; with semicolons as Excel in Swedish wants it."""
    delimiter = delimiter or table.source.delimiter
    swedish = delimiter == ";"
    # a block of rows at a time: as Python objects a table takes many times its size
    with path.open("w", encoding="utf-8-sig" if swedish else "utf-8", newline="") as file:
        for begin in range(0, max(len(table.frame), 1), BLOCK):
            _text_block(table, slice(begin, begin + BLOCK), swedish).to_csv(
                file, sep=delimiter, index=False, header=begin == 0, lineterminator="\n"
            )


def _text_block(table: JoinedTable, rows: slice, swedish: bool) -> pd.DataFrame:
    """Give some rows as they are written to text: guarded, with decimal commas where the file has them."""
    frame = table.frame.iloc[rows].copy(deep=False)
    if (shapes := table.source.geometry) is not None:
        frame.insert(table.source.geometry_at, table.source.geometry_name or "geometry", _as_wkt(shapes[rows]))
    # cells of a text file are to come out as they were; what the release adds is guarded all the same
    guarded = set(table.added) if table.source.kind in TEXT_SUFFIXES else set(frame.columns)
    for name in frame.columns:
        number = pd.api.types.is_numeric_dtype(frame[name].dtype)
        if number and swedish and name in table.added and pd.api.types.is_float_dtype(frame[name].dtype):
            frame[name] = frame[name].map(lambda cell: "" if pd.isna(cell) else repr(float(cell)).replace(".", ","))
        elif name in guarded and not number:
            cells = [guard(cell) if isinstance(cell, str) else cell for cell in frame[name].astype(object)]
            frame[name] = pd.Series(cells, index=frame.index, dtype=object)  # a list would make floats of large numbers
    frame.columns = pd.Index([guard(str(name)) if name in guarded else name for name in frame.columns])
    return frame


def _as_wkt(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    import shapely

    return np.asarray(shapely.to_wkt(geometry, rounding_precision=-1), dtype=object)


# --- workbook ---


def _write_workbook(table: JoinedTable, path: Path) -> None:
    if len(table.frame) >= ROWS:
        hint = "Write .csv or .parquet."
        raise InputError(
            Fault("more rows than a workbook holds", path.name, f"{ROWS - 1:,}", f"{len(table.frame):,}", hint)
        )
    frame = table.frame
    if table.source.geometry is not None:
        frame = frame.copy(deep=False)
        frame.insert(table.source.geometry_at, table.source.geometry_name or "geometry", _as_wkt(table.source.geometry))
    first = table.source.layer if table.source.kind in WORKBOOKS else "Tabell"
    # what Excel allows; an .ods may hold more
    first = re.sub(r"[\[\]:*?/\\]", " ", first)[:31].strip("'") or "Tabell"
    taken = {name.lower() for name in table.sheets}
    sheets = {"Tabell" if first.lower() in taken else first: frame, **table.sheets}
    write_cells(path, sheets, added=table.added)


# --- Parquet, GeoPackage, GeoJSON ---


def _arrow_of(frame: pd.DataFrame) -> Any:
    """Give an Arrow table; a column of mixed types, as a workbook may have, becomes text."""
    import pyarrow as pa

    columns = {}
    for name in frame.columns:
        try:
            columns[str(name)] = pa.array(frame[name], from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError, OverflowError):
            texts = [None if cell is None or cell == "" else _text(cell) for cell in frame[name]]
            columns[str(name)] = pa.array(texts, pa.string())
        if pa.types.is_null(columns[str(name)].type) and frame[name].dtype == object:  # no cell says what it would be
            columns[str(name)] = pa.nulls(len(frame), pa.string())
    return pa.table(columns)


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return json.dumps(cell, ensure_ascii=False) if isinstance(cell, dict | list) else str(cell)


def _write_parquet(table: JoinedTable, path: Path) -> None:
    import pyarrow as pa
    import shapely

    arrow, source = _arrow_of(table.frame), table.source
    if source.geometry is not None:
        field = source.geometry_name or "geometry"
        arrow = arrow.add_column(
            source.geometry_at, field, pa.array(shapely.to_wkb(source.geometry, flavor="iso"), pa.binary())
        )
        metadata = source.metadata or {b"geo": _geo_metadata(field, source.crs)}
        arrow = arrow.replace_schema_metadata(metadata)
    elif source.metadata:
        arrow = arrow.replace_schema_metadata(source.metadata)
    write_arrow(arrow, path)


def _geo_metadata(column: str, crs: str) -> bytes:
    import pyproj

    known = pyproj.CRS(crs).to_json_dict() if crs else None
    described: dict[str, Any] = {"encoding": "WKB", "geometry_types": [], "crs": known}
    return json.dumps({"version": "1.0.0", "primary_column": column, "columns": {column: described}}).encode()


def _map_of(table: JoinedTable) -> tuple[NDArray[np.object_] | None, str]:
    if table.source.geometry is not None:
        return table.source.geometry, table.source.crs
    return table.points, WGS84 if table.moved else SWEREF


def _write_geopackage(table: JoinedTable, path: Path) -> None:
    import pyarrow as pa
    import pyogrio
    import shapely

    arrow = _arrow_of(table.frame)
    geometry, crs = _map_of(table)
    field = table.source.geometry_name or "geom"
    field = field if field not in arrow.column_names else "regso_geom"
    options: dict[str, Any] = {"driver": "GPKG", "layer": table.source.layer or path.stem}
    if any(name.lower() == "fid" for name in arrow.column_names):
        options["FID"] = "ogc_fid"
    if geometry is not None:
        options |= {"geometry_name": field, "crs": crs or None, "geometry_type": geometry_type(geometry)}
        arrow = arrow.append_column(field, pa.array(shapely.to_wkb(geometry), pa.binary()))
    try:
        with warnings.catch_warnings():  # of a system that is not known: the report says so
            warnings.simplefilter("ignore", UserWarning)
            pyogrio.write_arrow(arrow, path, **options)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.FeatureError, ValueError, RuntimeError) as error:
        hint = "Write .parquet, which holds any column."
        raise InputError(Fault("not writable as a GeoPackage", path.name, got=str(error)[:150], hint=hint)) from error


def _write_geojson(table: JoinedTable, path: Path) -> None:
    new = table.frame[list(table.added)].astype(object)
    properties = [
        {name: _json(cell) for name, cell in zip(new.columns, row, strict=True)}
        for row in new.itertuples(index=False, name=None)
    ]
    document = table.source.document
    geometry, _ = _map_of(table)
    shapes: list[Any] = [None] * len(table.frame)
    if geometry is not None and (document is None or table.moved):
        shapes = as_features(geometry)
    if document is not None:  # everything else in the file stays as it was
        features = [
            feature | {"properties": (feature.get("properties") or {}) | added}
            for feature, added in zip(document["features"], properties, strict=True)
        ]
        if table.moved:
            document = {name: value for name, value in document.items() if name not in ("crs", "bbox")}
            features = [
                {name: value for name, value in feature.items() if name != "bbox"} | {"geometry": shape}
                for feature, shape in zip(features, shapes, strict=True)
            ]
        path.write_text(json_text(document | {"features": features}, ensure_ascii=False), "utf-8")
        return
    rows = table.frame.astype(object).itertuples(index=False, name=None)
    features = [
        {
            "type": "Feature",
            "properties": {str(name): _json(cell) for name, cell in zip(table.frame.columns, row, strict=True)},
            "geometry": shape,
        }
        for row, shape in zip(rows, shapes, strict=True)
    ]
    path.write_text(json_text({"type": "FeatureCollection", "features": features}, ensure_ascii=False), "utf-8")


def _json(cell: Any) -> Any:
    if cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and not math.isfinite(cell)):
        return None
    if isinstance(cell, np.generic):
        return _json(cell.item())
    if isinstance(cell, bool | int | float | str | dict | list):
        return cell
    return cell.isoformat() if hasattr(cell, "isoformat") else str(cell)


# --- the report ---


def write_plain(frame: pd.DataFrame, path: Path, document: dict[str, Any]) -> None:
    """Write a small table, whole or not at all, in any format of tables; `document` in .json.

    Raises
    ------
    InputError  another ending
    """
    found = find_format(path, (*formats.TABLES, formats.DOCUMENT))
    if found != formats.DOCUMENT:
        source = AgencyTable(path.name, ".xlsx", frame, layer="Matchning")  # not text: cells that look like formulas
        write_joined(JoinedTable(frame, (), source, None, {}), path)
        return
    with whole_file(path) as partial:
        partial.write_text(json_text(document, ensure_ascii=False, indent=2, default=_json) + "\n", "utf-8")
