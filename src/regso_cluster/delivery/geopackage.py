"""A GeoPackage of the classified areas, with a QGIS style inside, so that it opens coloured."""

from __future__ import annotations

import contextlib
import sqlite3
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from regso_cluster.areas.shapes import load_shapes
from regso_cluster.method import Method

LAYER = "areas"
# from the worst group on; told apart with colour-blind eyes and in grey print
COLOURS = (
    "#5d0a35",
    "#b5305f",
    "#f0a58f",
    "#f1ece4",
    "#cfdde6",
    "#8fb4cc",
    "#4f86ab",
    "#2f5d85",
    "#1d3f63",
    "#112742",
)
UNKNOWN = "#a6a6a6"


def write_geopackage(areas: pd.DataFrame, groups: pd.DataFrame, method: Method, path: Path, year: int) -> None:
    """Write areas with their display outlines and a default style.

    Parameters
    ----------
    areas : classified areas of edition 2025, indexed by code
    groups : names of the groups
    method : tells which grouping colours the map
    path : a file that does not exist
    year : the reference year, which also stands as the date of the layer, so that the same input gives the same bytes
    """
    import pyogrio

    shapes = load_shapes().set_index("regso")[["geometry"]]
    frame = areas.reset_index()
    for column in frame.columns[frame.dtypes == "boolean"]:
        frame[column] = frame[column].astype("Int8")
    layer = shapes.loc[frame["regso"]].reset_index(drop=True).join(frame)
    layer = layer[[*frame.columns, "geometry"]]
    title = f"{method.title.sv} {year}" + (" (SYNTHETIC DATA / PÅHITTADE SIFFROR)" if areas["synthetic"].any() else "")
    with _date_of_layer(f"{year}-12-31T00:00:00.000Z"):
        try:
            layer.to_file(
                path, layer=LAYER, driver="GPKG", engine="pyogrio", index=False, layer_metadata={"TITLE": title}
            )
        except (pyogrio.errors.DataSourceError, pyogrio.errors.FeatureError) as error:
            raise OSError(f"the map could not be written: {error}") from error
    candidates = ("composite_group", "band", "cluster", f"{method.keys[0]}_tier")
    grouping = next((name for name in candidates if name in areas), None)
    if grouping is None:
        return  # a method of problems and an index alone has no groups to colour
    own = groups[(groups["grouping"] == grouping) & groups["group"].notna()]
    _add_style(path, grouping, style_of(grouping, own), f"{year}-12-31T00:00:00.000Z")


@contextlib.contextmanager
def _date_of_layer(date: str) -> Iterator[None]:
    import pyogrio

    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": date})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def style_of(grouping: str, groups: pd.DataFrame) -> str:
    """Write a QGIS style (QML): a colour a group, from the worst, and grey for areas in no group.

    Parameters
    ----------
    grouping : the column that colours
    groups : its groups in order, with `group` and `name_sv`
    """
    labels = [(str(row.group), f"{row.group} {row.name_sv}", colour) for row, colour in
              zip(groups.itertuples(), group_colours(len(groups)), strict=True)]  # fmt: skip
    labels.append(("", "Oavgjord eller ej indelad", UNKNOWN))
    root = ET.Element("qgis", version="3.28.0", styleCategories="Symbology")
    renderer = ET.SubElement(
        root,
        "renderer-v2",
        type="categorizedSymbol",
        attr=grouping,
        symbollevels="0",
        forceraster="0",
        enableorderby="0",
    )
    categories = ET.SubElement(renderer, "categories")
    symbols = ET.SubElement(renderer, "symbols")
    for number, (value, label, colour) in enumerate(labels):
        kind = "long" if value else "NULL"
        ET.SubElement(categories, "category", value=value, label=label, symbol=str(number), type=kind, render="true")
        symbol = ET.SubElement(symbols, "symbol", type="fill", name=str(number), alpha="1", clip_to_extent="1")
        fill = ET.SubElement(symbol, "layer", {"class": "SimpleFill", "enabled": "1", "locked": "0", "pass": "0"})
        options = ET.SubElement(fill, "Option", type="Map")
        rgb = ",".join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
        settings = {"color": f"{rgb},255", "outline_color": "90,90,90,255", "outline_width": "0.06",
                    "outline_width_unit": "MM", "outline_style": "solid", "style": "solid"}  # fmt: skip
        for name, setting in settings.items():
            ET.SubElement(options, "Option", name=name, type="QString", value=setting)
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + ET.tostring(root, encoding="unicode")


def group_colours(size: int) -> list[str]:
    """Give a colour a group, from the worst to the best; a few groups keep the warm end and the pale."""
    if size <= 4:
        return [*COLOURS[: size - 1], COLOURS[3]] if size > 1 else [COLOURS[0]]
    if size <= len(COLOURS):
        return [COLOURS[round(at * (len(COLOURS) - 1) / (size - 1))] for at in range(size)]
    return [COLOURS[at * len(COLOURS) // size] for at in range(size)]


def _add_style(path: Path, name: str, qml: str, date: str) -> None:
    """Add the table `layer_styles`, which QGIS looks for; registered as attributes, as the GeoPackage standard asks."""
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), "
            "f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), "
            "styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), "
            "update_time DATETIME)"
        )
        connection.execute(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, "
            "styleQML, styleSLD, useAsDefault, description, owner, ui, update_time) "
            "VALUES ('', '', ?, 'geom', ?, ?, '', 1, ?, '', '', ?)",
            (LAYER, name, qml, f"regso_cluster: {name}", date),
        )
        connection.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?)",
            (date,),
        )
