"""An agency's own table, of any kind, as it stands: every row and every cell is to come out again unchanged."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from regso_cluster.errors import Fault, InputError
from regso_cluster.files.bounded import MIB, check_size, read_parquet
from regso_cluster.files.kinds import OWN_SUFFIXES, TEXT_SUFFIXES, WORKBOOK_SUFFIXES, kind_of_file
from regso_cluster.files.layout import plain_name
from regso_cluster.files.raw_table import count_empty_at_the_end, doubled_names
from regso_cluster.files.read import Choice, only_columns, read_cells
from regso_cluster.files.sheets import CellError
from regso_cluster.words.notes import Note, name_some

MOST_GEOJSON = 256 * MIB  # as Python objects it takes some ten times its size


@dataclass(frozen=True)
class AgencyTable:
    """A table as it stands in its file.

    Parameters
    ----------
    name : the file's name, for messages
    kind : its suffix, in small letters
    frame : the columns without the geometry, from row 0 on; cells of a text file are all text
    first_row : where the first row stands in the file; 1 where a file has no header
    geometry : (n,) shapely geometries, None where there is none in a row; None for a table without
    geometry_name, geometry_at : its column and place
    crs : of the geometry, as PROJ understands it; "" where the file does not say
    layer : the sheet or layer read
    delimiter : of a text file
    metadata : of a Parquet schema; features : of a GeoJSON file
    notes : what was recognised or left out
    comma : see `decimal_comma`
    """

    name: str
    kind: str
    frame: pd.DataFrame
    first_row: int = 2
    geometry: NDArray[np.object_] | None = None
    geometry_name: str = ""
    geometry_at: int = 0
    crs: str = ""
    layer: str = ""
    delimiter: str = ","
    metadata: dict[bytes, bytes] = field(default_factory=dict)
    document: dict[str, Any] | None = None
    notes: tuple[Note, ...] = ()
    comma: bool | None = None

    @property
    def decimal_comma(self) -> bool | None:
        """Whether a comma in a number is a decimal comma, as the file proves or was said to have; None: open."""
        return self.comma


def read_agency_table(
    path: str | Path, layer: str = "", *, columns: Iterable[str] = (), decimal: str = ""
) -> AgencyTable:
    """Read CSV, Excel, OpenDocument, Parquet, GeoPackage or GeoJSON; every row is kept but empty ones at the end.

    Parameters
    ----------
    layer : sheet of a workbook (default: the only one that can hold the table) or layer of a GeoPackage (default: the
        only one)
    columns : names that the table should have, to tell which sheet is meant
    decimal : "comma" or "point", as a text file or workbook writes decimals

    Raises
    ------
    InputError  no such file, an unknown kind, a damaged file, one larger (packed or not) than `factors.bounded.LIMITS`,
        no rows, rows of another width than the header, doubled column names, several layers and none named
    """
    path = Path(path)
    kind = kind_of_file(path, OWN_SUFFIXES)
    check_size(path)
    if kind == ".parquet":
        table = _read_parquet(path)
    elif kind == ".gpkg":
        table = _read_geopackage(path, layer)
    elif kind == ".geojson":
        table = _read_geojson(path)
    else:
        table = _read_cells(path, Choice(layer, only_columns(tuple(columns)), None, decimal))
    _check(table)
    return table


def _check(table: AgencyTable) -> None:
    place = f"{table.name}, sheet {table.layer}" if table.kind in WORKBOOK_SUFFIXES else table.name
    faults = doubled_names(table.frame, f"{place}, row {table.first_row - 1}" if table.first_row > 1 else place)
    if not len(table.frame):
        faults.append(Fault("no rows", table.name, hint="The table needs a header row and one row a unit."))
    if faults:
        raise InputError(faults)


# --- text and workbooks ---


def _read_cells(path: Path, choice: Choice) -> AgencyTable:
    cells = read_cells(path, choice, as_is=True)
    frame, notes = cells.frame, [*cells.notes]
    if not any(frame.columns):
        raise InputError(Fault("no rows", cells.where, hint="The table needs a header row and one row a unit."))
    kept = len(frame) - count_empty_at_the_end(frame)
    if path.suffix.lower() in TEXT_SUFFIXES:
        notes += [Note("empty_rows_at_end", count=len(frame) - kept)] if kept < len(frame) else []
        broken = sum(
            isinstance(cell, str) and "\n" in cell for at in range(frame.shape[1]) for cell in frame.iloc[:, at]
        )
        notes += [Note("line_breaks_in_cells", count=broken)] if broken else []
    notes += _told_errors(frame, cells.first_row)
    return AgencyTable(
        path.name, path.suffix.lower(), frame.iloc[:kept], cells.first_row, layer=cells.sheet,
        delimiter=cells.delimiter, comma=cells.decimal_comma, notes=tuple(notes),
    )  # fmt: skip


def _told_errors(frame: pd.DataFrame, first_row: int) -> list[Note]:
    """Name the cells of a workbook that hold an error, column by column; they are written as that text."""
    notes = []
    for at, name in enumerate(frame.columns):
        found = [(row, cell) for row, cell in enumerate(frame.iloc[:, at]) if isinstance(cell, CellError)]
        if found:
            cells = name_some((Note("error_cell", row=row + first_row, error=str(cell)) for row, cell in found), 5)
            notes.append(Note("error_cells", column=plain_name(name), count=len(found), cells=cells))
    return notes


# --- Parquet ---


def _read_parquet(path: Path) -> AgencyTable:
    import shapely

    table = read_parquet(path)
    # pandas gives columns of one name one type: they are refused before
    if faults := doubled_names(pd.DataFrame(columns=table.column_names), path.name):
        raise InputError(faults)
    metadata = dict(table.schema.metadata or {})
    name, crs = _geoparquet_column(metadata, path.name)
    geometry, at = None, 0
    if name in table.column_names:
        at = table.column_names.index(name)
        try:
            geometry = np.asarray(shapely.from_wkb(table.column(name).to_numpy(zero_copy_only=False)), dtype=object)
        except (shapely.errors.ShapelyError, TypeError) as error:
            hint = "Write it as GeoParquet with geometries as WKB."
            raise InputError(
                Fault("geometries that cannot be read", f"{path.name}, column {name}", hint=hint)
            ) from error
        table = table.drop_columns([name])
    frame = table.replace_schema_metadata(None).to_pandas(types_mapper=pd.ArrowDtype)
    return AgencyTable(path.name, ".parquet", frame, 1, geometry, name, at, crs, metadata=metadata)


def _geoparquet_column(metadata: dict[bytes, bytes], name: str) -> tuple[str, str]:
    """Give the geometry column of a GeoParquet file and its coordinate system; empty for plain Parquet."""
    if b"geo" not in metadata:
        return "", ""
    try:
        said = json.loads(metadata[b"geo"])
        column = said["primary_column"]
        crs = said["columns"][column].get("crs", "OGC:CRS84")  # by the standard, none means this
        return str(column), json.dumps(crs) if isinstance(crs, dict) else str(crs or "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(Fault("damaged GeoParquet metadata", name, hint="Write the file again.")) from error


# --- GeoPackage ---


def _read_geopackage(path: Path, layer: str) -> AgencyTable:
    import pyogrio
    import shapely

    layer = _harmless_layer(path, layer)
    try:
        meta, table = pyogrio.read_arrow(path.resolve(), layer=layer)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError) as error:
        raise InputError(
            Fault("not readable as a GeoPackage", path.name, got=str(error)[:100], hint=_EXPORT)
        ) from error
    name, geometry = meta["geometry_name"] or "", None
    if not name and "wkb_geometry" in table.column_names:
        name = "wkb_geometry"
    if name in table.column_names:
        geometry = np.asarray(shapely.from_wkb(table.column(name).to_numpy(zero_copy_only=False)), dtype=object)
        table = table.drop_columns([name])
    frame = table.replace_schema_metadata(None).to_pandas(types_mapper=pd.ArrowDtype)
    return AgencyTable(path.name, ".gpkg", frame, 1, geometry, name, crs=str(meta["crs"] or ""), layer=layer)


_EXPORT = "Export the layer alone to a new GeoPackage (QGIS: Export, Save Features As)."


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database for reading only, without even a lock file beside it, and trust nothing that it defines."""
    quoted = path.resolve().as_uri()
    with contextlib.closing(sqlite3.connect(f"{quoted}?mode=ro&immutable=1", uri=True)) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        yield connection


def _harmless_layer(path: Path, layer: str) -> str:
    """Choose the layer, and refuse a database that computes what it seems to hold.

    A view may yield endless rows and a generated column endless cells. Triggers, which every GeoPackage has, act on
    writing alone, and nothing is written.
    """
    with path.open("rb") as file:
        if file.read(16) != b"SQLite format 3\x00":
            raise InputError(Fault("not readable as a GeoPackage", path.name, hint=_EXPORT))
    try:
        with _opened(path) as connection:
            kinds = dict(connection.execute("SELECT name, type FROM sqlite_master").fetchall())
            views = sorted(name for name, kind in kinds.items() if kind == "view")
            if views:
                named = ", ".join(map(repr, views[:5]))
                raise InputError(Fault("a GeoPackage with views", path.name, "tables alone", named, _EXPORT))
            query = "SELECT table_name FROM gpkg_contents WHERE data_type IN ('features', 'attributes') ORDER BY rowid"
            layers = [str(name) for (name,) in connection.execute(query) if name != "layer_styles"]
            chosen = _choose_layer(layers, layer, path.name)
            columns = connection.execute("SELECT hidden FROM pragma_table_xinfo(?)", (chosen,)).fetchall()
            sql = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (chosen,)).fetchone()
    except sqlite3.Error as error:
        raise InputError(
            Fault("not readable as a GeoPackage", path.name, got=str(error)[:100], hint=_EXPORT)
        ) from error
    if sql is None or any(hidden for (hidden,) in columns) or str(sql[0]).upper().startswith("CREATE VIRTUAL"):
        raise InputError(Fault("a layer that is computed, not stored", f"{path.name}, layer {chosen}", hint=_EXPORT))
    return chosen


def _choose_layer(layers: list[str], layer: str, name: str) -> str:
    listed = ", ".join(map(repr, layers)) or "none"
    if layer and layer not in layers:
        raise InputError(Fault("no such layer", name, listed, repr(layer), "Name one of its layers with --layer."))
    if not layer and len(layers) != 1:
        raise InputError(
            Fault("which layer is meant cannot be told", name, "one layer", listed, "Name it with --layer.")
        )
    return layer or layers[0]


# --- GeoJSON ---


def _read_geojson(path: Path) -> AgencyTable:
    import shapely

    if path.stat().st_size > MOST_GEOJSON:
        got = f"{path.stat().st_size // MIB:,} MB"
        hint = "Save it as GeoPackage."
        raise InputError(Fault("too large a file", path.name, f"at most {MOST_GEOJSON // MIB} MB", got, hint))
    try:
        document = json.loads(path.read_bytes())
        features = document["features"]
        rows = [feature.get("properties") or {} for feature in features]
        columns = list(dict.fromkeys(name for row in rows for name in row))
        shapes = [json.dumps(feature["geometry"]) if feature.get("geometry") else None for feature in features]
        geometry = np.array(shapely.from_geojson(np.array(shapes, dtype=object)), dtype=object)
        crs = (document.get("crs") or {}).get("properties", {}).get("name", "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, shapely.errors.ShapelyError) as error:
        hint = 'It should be a "FeatureCollection" with "features".'
        raise InputError(Fault("not readable as GeoJSON", path.name, got=str(error)[:100], hint=hint)) from error
    frame = pd.DataFrame(
        {name: pd.Series([row.get(name) for row in rows], dtype=object) for name in columns},
        index=pd.RangeIndex(len(rows)), dtype=object,
    )  # fmt: skip
    return AgencyTable(path.name, ".geojson", frame, 1, geometry, "geometry", crs=str(crs), document=document)
