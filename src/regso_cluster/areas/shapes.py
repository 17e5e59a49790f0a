"""Outlines and neighbours of the areas.

The package carries outlines for display of the editions that `editions.toml` says so of (data/shapes/README.md);
`regso-cluster fetch shapes` brings SCB's full outlines of every edition into the user's cache.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from regso_cluster.areas.edition_table import (
    Edition,
    drawn_years,
    find_edition,
    has_outlines,
    list_years,
    neighbour_years,
)
from regso_cluster.areas.editions import code_set
from regso_cluster.errors import Fault, InputError
from regso_cluster.files.hashes import hash_of
from regso_cluster.schema import columns as c

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


def load_shapes(edition: int | None = None, *, full: bool = False, cache: Path | None = None) -> gpd.GeoDataFrame:
    """Read the outlines of the areas of an edition.

    Parameters
    ----------
    edition : as 2025; default the newest whose outlines the package carries
    full : SCB's full outlines, which must have been fetched; of editions that the package has no outlines of always
    cache : where they were fetched to; None is the user's own cache

    Returns
    -------
    `regso`, `name`, `kommun`, `kommun_name`, `lan`, `lan_name`, `geometry` (EPSG:3006, metres), ordered
    by code

    Raises
    ------
    InputError  an edition that does not exist; outlines that were not fetched, or are damaged

    Notes
    -----
    The outlines of the package are simplified and end at a generalised coast. They are a valid coverage, and right for
    maps; areas in square kilometres, and points near a border or at sea, ask for the full ones.
    """
    import geopandas as gpd  # noqa: PLC0415 (slow; codes and names do without)

    edition = drawn_years()[-1] if edition is None else edition
    drawn = find_edition(edition if has_outlines(edition) else drawn_years()[-1])
    display = gpd.read_parquet(drawn.folder / drawn.areas)
    if drawn.year == edition and not full:
        return display
    path = fetched_shapes(edition, cache=cache)
    if path is None:
        hint = f"Fetch them: regso-cluster fetch shapes --edition {edition}"
        raise InputError(Fault(f"the full outlines of RegSO {edition} are not at hand", hint=hint))
    layer = gpd.read_parquet(path).rename(columns={"regsokod": c.REGSO, "regsonamn": c.NAME, "kommunkod": c.KOMMUN})
    places = display.drop_duplicates(c.KOMMUN)[[c.KOMMUN, c.KOMMUN_NAME, c.LAN, "lan_name"]]
    return layer[[c.REGSO, c.NAME, c.KOMMUN, "geometry"]].merge(places, on=c.KOMMUN, how="left")[list(display.columns)]


def cache_folder() -> Path:
    """Give the folder that fetched answers are kept in: REGSO_CACHE, else the user's own cache of this system."""
    import platformdirs  # noqa: PLC0415 (needed by what was fetched alone)

    named = os.environ.get("REGSO_CACHE")
    return Path(named) if named else Path(platformdirs.user_cache_dir("regso_cluster", appauthor=False))


def fetched_name(edition: int, *, deso: bool = False) -> str:
    """Name the folder of a fetched layer below `shapes` of the cache.

    Raises
    ------
    InputError  an edition that does not exist, or has no DeSO
    """
    known = find_edition(edition)
    if deso and known.deso is None:
        raise InputError(Fault(f"no edition of DeSO goes with RegSO {edition}"))
    return f"deso_{known.deso.year}" if deso and known.deso else f"regso_{edition}"


def fetched_shapes(edition: int, *, deso: bool = False, cache: Path | None = None) -> Path | None:
    """Find SCB's full outlines, when `regso-cluster fetch shapes` has brought them.

    Parameters
    ----------
    edition : as 2025
    deso : DeSO (2018 with edition 2020) instead of RegSO
    cache : where they were fetched to; None is the user's own cache

    Returns
    -------
    a GeoParquet of the whole country in EPSG:3006 with `regsokod` (and `desokod`), `kommunkod`, `lanskod`, `version`;
    None where it was not fetched

    Raises
    ------
    InputError  an edition that does not exist; a file that is no longer the one that was fetched
    """
    folder = (cache or cache_folder()) / "shapes" / fetched_name(edition, deso=deso)
    if not folder.is_dir():
        return None
    try:
        files = json.loads((folder / "source.json").read_bytes())["files"]
        whole = files == [{"file": SHAPES_FILE, "sha256": hash_of(folder / SHAPES_FILE)}]
    except (OSError, ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        hint = f"Fetch it again: regso-cluster fetch shapes --edition {edition}{' --deso' if deso else ''}"
        raise InputError(Fault("a damaged layer in the cache", str(folder), hint=hint))
    return folder / SHAPES_FILE


def load_waters(edition: int | None = None) -> gpd.GeoDataFrame | None:
    """Read what the outlines for display leave out of the areas: the sea to the territorial limit, lakes.

    Parameters
    ----------
    edition : as 2025; default the newest whose outlines the package carries

    Returns
    -------
    `regso`, `geometry` (EPSG:3006, metres), ordered by code; areas without such waters have no row. None where the
    edition has no such file: its outlines leave nothing out

    Raises
    ------
    InputError  an edition that does not exist
    """
    import geopandas as gpd  # noqa: PLC0415  (slow)

    known = find_edition(drawn_years()[-1] if edition is None else edition)
    return gpd.read_parquet(known.folder / known.waters) if known.waters else None


def load_neighbours(edition: int | None = None) -> pd.DataFrame:
    """Read the pairs of neighbours of an edition, by SCB's full outlines; 9,203 of RegSO 2025.

    Parameters
    ----------
    edition : as 2025; default the newest whose neighbours are known

    Returns
    -------
    `regso_a` < `regso_b`, in this order, and `shared_m`: metres of common border, 0.0 where they touch in
    a point or along less than 5 cm. Water belongs to the areas, so that no area is without a neighbour,
    and neighbours may face each other across a sound

    Raises
    ------
    InputError  an edition that does not exist, or whose neighbours are not known
    """
    known = _with_neighbours(edition)
    return pd.read_parquet(known.folder / known.neighbours)


def _with_neighbours(edition: int | None) -> Edition:
    known = find_edition(neighbour_years()[-1] if edition is None else edition)
    if not known.neighbours:
        expected = f"RegSO {list_years('or', neighbour_years())}"
        raise InputError(Fault("an edition without known neighbours", expected=expected, got=f"RegSO {edition}"))
    return known


def neighbour_arrays(codes: Iterable[str], *, touching: bool = True, edition: int | None = None) -> NeighbourArrays:
    """Give the neighbours among some areas, in the order of their codes.

    Parameters
    ----------
    codes : RegSO codes of the edition, each once; neighbours outside them are left out
    touching : whether areas that meet in a point only are neighbours, too (queen, otherwise rook,
        contiguity)
    edition : as 2025; default the newest whose neighbours are known

    Raises
    ------
    InputError  a code that the edition does not have (or a missing one), or a code given twice
    """
    order = pd.Index(list(codes), dtype=object)
    known = _with_neighbours(edition)
    _check(order, known.year)
    pairs = load_neighbours(known.year)
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


def _check(codes: pd.Index, edition: int) -> None:
    known = set(code_set(edition))
    strange = [code for code in dict.fromkeys(codes) if code not in known]
    twice = list(dict.fromkeys(codes[codes.duplicated()]))
    hint = f"The neighbours are those of RegSO {edition}; other editions need their own outlines"
    faults = [
        Fault(what="an area without known neighbours", expected=f"a code of RegSO {edition}", got=str(code), hint=hint)
        for code in strange
    ]
    faults += [
        Fault(what="an area given twice", where=f"code {code}", hint="Give each area once")
        for code in twice
        if code in known
    ]
    if faults:
        raise InputError(faults)
