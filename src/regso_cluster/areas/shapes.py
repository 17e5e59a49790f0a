"""Outlines and neighbours of the areas.

The package carries those of RegSO 2025 for display (data/shapes/README.md); `regso-cluster fetch shapes` brings SCB's
full outlines of both editions into the user's cache.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from regso_cluster.areas._files import shapes_file
from regso_cluster.areas.editions import EDITIONS, code_set
from regso_cluster.errors import Fault, InputError

if TYPE_CHECKING:
    import geopandas as gpd

SHAPES_FILE = "areas.parquet"
# of the outlines in the package: data/shapes/README.md
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


def load_shapes(edition: int = 2025, *, full: bool = False, cache: Path | None = None) -> gpd.GeoDataFrame:
    """Read the outlines of the 3,363 areas of an edition.

    Parameters
    ----------
    edition : 2020 or 2025
    full : SCB's full outlines, which must have been fetched; those of 2020 are always these
    cache : where they were fetched to; None is the user's own cache

    Returns
    -------
    `regso`, `name`, `kommun`, `kommun_name`, `lan`, `lan_name`, `geometry` (EPSG:3006, metres), ordered
    by code

    Raises
    ------
    InputError  outlines that were not fetched, or are damaged

    Notes
    -----
    The outlines of the package are simplified and end at a generalised coast. They are a valid coverage, and right for
    maps; areas in square kilometres, and points near a border or at sea, ask for the full ones.
    """
    import geopandas as gpd  # noqa: PLC0415 (slow; codes and names do without)

    display = gpd.read_parquet(shapes_file("regso_2025.parquet"))
    if edition == 2025 and not full:
        return display
    path = fetched_shapes(edition, cache=cache)
    if path is None:
        hint = f"Fetch them: regso-cluster fetch shapes --edition {edition}"
        raise InputError(Fault(f"the full outlines of RegSO {edition} are not at hand", hint=hint))
    layer = gpd.read_parquet(path).rename(columns={"regsokod": "regso", "regsonamn": "name", "kommunkod": "kommun"})
    places = display.drop_duplicates("kommun")[["kommun", "kommun_name", "lan", "lan_name"]]
    return layer[["regso", "name", "kommun", "geometry"]].merge(places, on="kommun", how="left")[list(display.columns)]


def cache_folder() -> Path:
    """Give the folder that fetched answers are kept in: REGSO_CACHE, else the user's own cache of this system."""
    import platformdirs  # noqa: PLC0415 (needed by what was fetched alone)

    named = os.environ.get("REGSO_CACHE")
    return Path(named) if named else Path(platformdirs.user_cache_dir("regso_cluster", appauthor=False))


def fetched_name(edition: int, *, deso: bool = False) -> str:
    """Name the folder of a fetched layer below `shapes` of the cache.

    Raises
    ------
    InputError  another edition
    """
    if edition not in EDITIONS:
        raise InputError(Fault("an edition that does not exist", expected="2020 or 2025", got=str(edition)))
    return f"deso_{2018 if edition == 2020 else 2025}" if deso else f"regso_{edition}"


def fetched_shapes(edition: int, *, deso: bool = False, cache: Path | None = None) -> Path | None:
    """Find SCB's full outlines, when `regso-cluster fetch shapes` has brought them.

    Parameters
    ----------
    edition : 2020 or 2025
    deso : DeSO (2018 with edition 2020) instead of RegSO
    cache : where they were fetched to; None is the user's own cache

    Returns
    -------
    a GeoParquet of the whole country in EPSG:3006 with `regsokod` (and `desokod`), `kommunkod`, `lanskod`, `version`;
    None where it was not fetched

    Raises
    ------
    InputError  another edition; a file that is no longer the one that was fetched
    """
    folder = (cache or cache_folder()) / "shapes" / fetched_name(edition, deso=deso)
    if not folder.is_dir():
        return None
    try:
        files = json.loads((folder / "source.json").read_bytes())["files"]
        with (folder / SHAPES_FILE).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        whole = files == [{"file": SHAPES_FILE, "sha256": digest}]
    except (OSError, ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        hint = f"Fetch it again: regso-cluster fetch shapes --edition {edition}{' --deso' if deso else ''}"
        raise InputError(Fault("a damaged layer in the cache", str(folder), hint=hint))
    return folder / SHAPES_FILE


def load_waters() -> gpd.GeoDataFrame:
    """Read what the outlines for display leave out of the areas of RegSO 2025: the sea to the territorial limit, lakes.

    Returns
    -------
    `regso`, `geometry` (EPSG:3006, metres), ordered by code; areas without such waters have no row
    """
    import geopandas as gpd  # noqa: PLC0415  (slow)

    return gpd.read_parquet(shapes_file("regso_2025_waters.parquet"))


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
