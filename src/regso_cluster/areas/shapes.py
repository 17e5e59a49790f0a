"""Outlines and neighbours of the areas of RegSO 2025. How they were made: data/shapes/README.md."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from regso_cluster.areas._files import shapes_file
from regso_cluster.areas.editions import check_edition, code_set
from regso_cluster.errors import Fault, InputError

if TYPE_CHECKING:
    import geopandas as gpd


# of the shipped outlines: data/shapes/README.md
SIMPLIFIED_M = 15.0  # tolerance of their simplification
COAST_M = 2_000.0  # how far their coast may be off: nine tenths of it are nearer, and so far out towns are cut


class NeighbourArrays(NamedTuple):
    """Who borders on whom, as compressed sparse rows.

    The neighbours of area i are `indices[indptr[i]:indptr[i + 1]]`, ascending; each pair stands in both
    rows.

    Parameters
    ----------
    indptr : (n_areas + 1,) int64
    indices : (n_links,) int64, positions in the codes asked for
    shared_m : (n_links,) float64, metres of common border; 0.0 where two areas touch in a point
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int64]
    shared_m: NDArray[np.float64]


def load_shapes() -> gpd.GeoDataFrame:
    """Read the outlines for display of the 3,363 areas of RegSO 2025.

    Returns
    -------
    `regso`, `name`, `kommun`, `kommun_name`, `lan`, `lan_name`, `geometry` (EPSG:3006, metres), ordered
    by code

    Notes
    -----
    The outlines are simplified and end at a generalised coast. They are a valid coverage, and right for
    maps; areas in square kilometres, and points near a border or at sea, ask for SCB's own layer.
    """
    import geopandas as gpd  # noqa: PLC0415 (slow; codes and names do without)

    return gpd.read_parquet(shapes_file("regso_2025.parquet"))


def load_waters() -> gpd.GeoDataFrame:
    """Read what the outlines for display leave out of the areas of RegSO 2025: the sea to the territorial limit, lakes.

    Returns
    -------
    `regso`, `geometry` (EPSG:3006, metres), ordered by code; areas without such waters have no row
    """
    import geopandas as gpd  # noqa: PLC0415

    return gpd.read_parquet(shapes_file("regso_2025_waters.parquet"))


def cache_folder() -> Path:
    """Give the folder for what is fetched: REGSO_CLUSTER_CACHE, else the user's own folder for caches."""
    if said := os.environ.get("REGSO_CLUSTER_CACHE"):
        return Path(said)
    windows, unix = os.environ.get("LOCALAPPDATA"), os.environ.get("XDG_CACHE_HOME")
    if sys.platform == "win32" and windows:
        return Path(windows) / "regso_cluster"
    return (Path(unix) if unix else Path.home() / ".cache") / "regso_cluster"


def fetched_shapes(edition: int) -> Path | None:
    """Give the file of full outlines that `fetch shapes` has put into the cache; None where there is none."""
    for suffix in ("parquet", "gpkg"):
        path = cache_folder() / "shapes" / f"regso_{edition}.{suffix}"
        if path.is_file():
            return path
    return None


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
    layer = layer[[code, layer.geometry.name]].rename(columns={code: "regso"}).rename_geometry("geometry")
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


def load_neighbours() -> pd.DataFrame:
    """Read the 9,203 pairs of neighbours of RegSO 2025, by SCB's full outlines.

    Returns
    -------
    `regso_a` < `regso_b`, in this order, and `shared_m`: metres of common border, 0.0 where they touch in
    a point or along less than 5 cm. Water belongs to the areas, so that no area is without a neighbour,
    and neighbours may face each other across a sound
    """
    return pd.read_parquet(shapes_file("regso_2025_neighbours.parquet"))


def neighbour_arrays(codes: Iterable[str], *, touching: bool = True) -> NeighbourArrays:
    """Give the neighbours among some areas of RegSO 2025, in the order of their codes.

    Parameters
    ----------
    codes : RegSO codes of edition 2025, each once; neighbours outside them are left out
    touching : whether areas that meet in a point only are neighbours, too (queen, otherwise rook,
        contiguity)

    Raises
    ------
    InputError  a code that RegSO 2025 does not have (or a missing one), or a code given twice
    """
    order = pd.Index(list(codes), dtype=object)
    _check(order)
    pairs = load_neighbours()
    if not touching:
        pairs = pairs[pairs["shared_m"] > 0]
    first = order.get_indexer(pd.Index(pairs["regso_a"].astype(object)))
    second = order.get_indexer(pd.Index(pairs["regso_b"].astype(object)))
    both = (first >= 0) & (second >= 0)
    row = np.concatenate([first[both], second[both]]).astype(np.int64)
    column = np.concatenate([second[both], first[both]]).astype(np.int64)
    shared = np.tile(pairs["shared_m"].to_numpy(dtype=np.float64)[both], 2)
    sort = np.lexsort((column, row))
    indptr = np.zeros(len(order) + 1, dtype=np.int64)
    np.cumsum(np.bincount(row, minlength=len(order)), out=indptr[1:])
    return NeighbourArrays(indptr, column[sort], shared[sort])


def _check(codes: pd.Index) -> None:
    known = set(code_set(2025))
    strange = [code for code in dict.fromkeys(codes) if code not in known]
    twice = list(dict.fromkeys(codes[codes.duplicated()]))
    hint = "The neighbours are those of RegSO 2025; other editions need their own outlines"
    faults = [
        Fault(what="an area without known neighbours", expected="a code of RegSO 2025", got=str(code), hint=hint)
        for code in strange
    ]
    faults += [
        Fault(what="an area given twice", where=f"code {code}", hint="Give each area once")
        for code in twice
        if code in known
    ]
    if faults:
        raise InputError(faults)
