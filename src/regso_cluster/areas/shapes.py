"""Outlines and neighbours of the areas of RegSO 2025. How they were made: data/shapes/README.md."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from regso_cluster.areas._files import shapes_file
from regso_cluster.areas.editions import code_set
from regso_cluster.errors import Fault, InputError

if TYPE_CHECKING:
    import geopandas as gpd


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
