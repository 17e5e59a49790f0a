"""Formats of maps that any table with geometries, or with none, can be written in."""

from __future__ import annotations

from pathlib import Path

from regso_cluster.files.formats import Format
from regso_cluster.files.output import Output


def _write_geopackage(output: Output, path: Path) -> None:
    from regso_cluster.maps.geopackage import write_layer
    from regso_cluster.words.wording import MADE_UP, say

    title = f"{output.name} ({say(MADE_UP, output.language)})" if output.synthetic else ""
    write_layer(output.marked, path, layer=output.name, title=title)


def _write_geojson(output: Output, path: Path) -> None:
    import geopandas as gpd

    frame = output.marked
    shaped = frame if isinstance(frame, gpd.GeoDataFrame) else gpd.GeoDataFrame(frame, geometry=[None] * len(frame))
    placed = shaped.crs is not None
    path.write_text(shaped.to_json(na="null", drop_id=True, to_wgs84=placed, ensure_ascii=False), "utf-8")


GEOPACKAGE = Format((".gpkg",), "map", write=_write_geopackage, geometry=True)
GEOJSON = Format((".geojson",), "map", write=_write_geojson, geometry=True)
MAPS: tuple[Format, ...] = (GEOPACKAGE, GEOJSON)
