"""Maps: a GeoPackage with QGIS styles inside, so that it opens coloured, and GeoParquet."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from regso_cluster.areas.shapes import load_shapes
from regso_cluster.errors import Fault, InputError
from regso_cluster.maps.styles import Style, styles_of
from regso_cluster.method import Method
from regso_cluster.schema import columns as c
from regso_cluster.words.phrases import phrase

if TYPE_CHECKING:
    import geopandas as gpd

LAYER = "areas"

_MADE_UP = phrase("made_up_short")


def outlined(areas: pd.DataFrame, edition: int) -> gpd.GeoDataFrame:
    """Give classified areas of a drawn edition, by code, their display outlines (EPSG:3006); code as a column."""
    shapes = load_shapes(edition).set_index(c.REGSO)[["geometry"]]
    frame = areas.reset_index()
    layer = shapes.loc[frame[c.REGSO]].reset_index(drop=True).join(frame)
    return layer[[*frame.columns, "geometry"]]


def write_geopackage(
    areas: pd.DataFrame, groups: pd.DataFrame, method: Method, path: Path, year: int, edition: int
) -> None:
    """Write areas with their display outlines and styles: every grouping and every factor, the first as default.

    Parameters
    ----------
    areas : classified areas, indexed by code
    groups : names of the groups
    method : tells which groupings and factors colour the map
    path : a file that does not exist
    year : the reference year, which also stands as the date of the layer, so that the same input gives the same bytes
    edition : of the areas, one whose outlines the package carries
    """
    title = f"{method.title.sv} {year}" + (f" ({_MADE_UP.en} / {_MADE_UP.sv})" if areas[c.SYNTHETIC].any() else "")
    date = f"{year}-12-31T00:00:00.000Z"
    write_layer(outlined(areas, edition), path, layer=LAYER, title=title, date=date)
    styles = styles_of(areas, groups, method)
    if styles:  # a method of an index over nothing that is seen has nothing to colour
        try:
            _add_styles(path, styles, date)
        except sqlite3.Error as error:  # GDAL says nothing of a file that it could not finish
            full = "the disk may be full, or a limit of this account reached"
            raise OSError(f"the map could not be written ({error}): {full}. Nothing half-written was left") from error


def write_layer(
    frame: pd.DataFrame, path: Path, *, layer: str, title: str = "", date: str = "1970-01-01T00:00:00.000Z"
) -> None:
    """Write a table, with outlines or points or with none, as the one layer of a GeoPackage.

    Parameters
    ----------
    frame : a GeoDataFrame, or a DataFrame: then the layer is a table of attributes. True and False become 1 and 0,
        since missing booleans have no place in the format
    path : a file that does not exist
    layer : its name
    title : for the reader
    date : that stands as the time of the change: the same table gives the same bytes

    Raises
    ------
    InputError  two columns that differ in case only
    """
    import pyogrio

    columns = [str(column) for column in frame.columns]
    twins = [name for name, count in Counter(column.casefold() for column in columns).items() if count > 1]
    if twins:
        hint = "A GeoPackage does not tell upper case from lower: rename one of them."
        raise InputError([Fault("two columns of one name", f"column {name}", hint=hint) for name in twins])
    plain = frame.copy(deep=False)
    for column, dtype in plain.dtypes.items():
        if pd.api.types.is_bool_dtype(dtype):
            plain[column] = plain[column].astype("Int8")
    options = {"FID": _free("fid", columns)}
    if "geometry" in frame and hasattr(frame, "geometry"):
        options["GEOMETRY_NAME"] = _free("geom", columns)
    with _repeatable(date):
        try:
            pyogrio.write_dataframe(
                plain, path, layer=layer, driver="GPKG", layer_options=options,
                layer_metadata={"TITLE": title} if title else None,
            )  # fmt: skip
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError) as error:
            raise OSError(f"the map could not be written: {error}") from error


def _free(name: str, columns: list[str]) -> str:
    taken = {column.casefold() for column in columns}
    while name in taken:
        name += "_"
    return name


@contextlib.contextmanager
def _repeatable(date: str) -> Iterator[None]:
    """Have GDAL write the same bytes each time: a given date, and no thread beside that writes the spatial index."""
    import pyogrio

    wanted = {"OGR_CURRENT_DATE": date, "OGR_GPKG_ALLOW_THREADED_RTREE": "NO"}
    before = {name: pyogrio.get_gdal_config_option(name) for name in wanted}
    pyogrio.set_gdal_config_options(wanted)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


def _add_styles(path: Path, styles: list[Style], date: str) -> None:
    """Add the table `layer_styles`, which QGIS looks for; registered as attributes, as the GeoPackage standard asks."""
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), "
            "f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), "
            "styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), "
            "update_time DATETIME)"
        )
        connection.executemany(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, "
            "styleQML, styleSLD, useAsDefault, description, owner, ui, update_time) "
            "VALUES ('', '', ?, 'geom', ?, ?, '', ?, ?, '', '', ?)",
            [
                (LAYER, style.name, style.qml, int(number == 0), f"regso_cluster: {style.name}", date)
                for number, style in enumerate(styles)
            ],
        )
        connection.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?)",
            (date,),
        )
