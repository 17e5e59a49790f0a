"""The layers that points are looked up in: the waters that the shipped outlines leave out, SCB's full outlines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from regso_cluster.areas._files import shapes_file
from regso_cluster.areas.editions import check_edition
from regso_cluster.errors import Fault, InputError

if TYPE_CHECKING:
    import geopandas as gpd

# of the shipped outlines: data/shapes/README.md
SIMPLIFIED_M = 15.0  # tolerance of their simplification
COAST_M = 2_000.0  # how far their coast may be off: nine tenths of it are nearer, and so far out towns are cut


def load_waters() -> gpd.GeoDataFrame:
    """Read what the outlines for display leave out of the areas of RegSO 2025: the sea to the territorial limit, lakes.

    Returns
    -------
    `regso`, `geometry` (EPSG:3006, metres), ordered by code; areas without such waters have no row
    """
    import geopandas as gpd  # noqa: PLC0415  (slow)

    return gpd.read_parquet(shapes_file("regso_2025_waters.parquet"))


def read_shapes(path: str | Path, edition: int) -> gpd.GeoDataFrame:
    """Read SCB's full outlines of an edition.

    Parameters
    ----------
    path : GeoPackage or GeoParquet with a column `regsokod` (or `regso`), as the WFS gives it
    edition : 2020 or 2025

    Returns
    -------
    `regso`, `geometry` (EPSG:3006, metres), ordered by code; a part of the country is allowed

    Raises
    ------
    InputError  no layer, no column of codes, codes of another edition or doubled, no coordinate system, no polygons
    """
    path = Path(path)
    layer = _open_layer(path)
    code = next((name for name in ("regsokod", "regso") if name in layer), None)
    if code is None:
        listed = ", ".join(map(str, layer.columns))
        hint = "Fetch the layer with `regso-cluster fetch shapes`."
        raise InputError(Fault("no column of codes in the layer", path.name, "regsokod", listed, hint))
    faults = check_edition(layer[code].astype(str), edition)
    if layer.crs is None:
        hint = "Write the layer with its coordinate system."
        faults.append(Fault("a layer without a coordinate system", path.name, "EPSG:3006", hint=hint))
    if faults:
        raise InputError(faults)
    layer = layer.to_crs("EPSG:3006") if layer.crs.to_epsg() != 3006 else layer
    layer = layer[[code, layer.geometry.name]].rename(columns={code: "regso"})
    layer = layer if layer.geometry.name == "geometry" else layer.rename_geometry("geometry")
    return layer.sort_values("regso", ignore_index=True)


def _open_layer(path: Path) -> Any:
    import geopandas as gpd  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415
    import pyogrio  # noqa: PLC0415

    hint = "Give a GeoPackage or GeoParquet of SCB's RegSO layer."
    if not path.is_file():
        raise InputError(Fault("no such file", str(path), hint=hint))
    try:
        return gpd.read_parquet(path) if path.suffix.lower() == ".parquet" else gpd.read_file(path.resolve())
    except (pyogrio.errors.DataSourceError, pa.ArrowException, OSError, ValueError) as error:
        raise InputError(Fault("not readable as a layer", path.name, got=str(error)[:100], hint=hint)) from error
