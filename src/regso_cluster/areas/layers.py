"""Read layers of outlines and of residents from files of any kind that GDAL reads, for a crosswalk between editions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from regso_cluster.areas.codes import Kind, parse_codes
from regso_cluster.areas.editions import check_edition
from regso_cluster.errors import Fault, InputError
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note

if TYPE_CHECKING:
    import geopandas as gpd

SWEREF = 3006  # EPSG: metres over all of Sweden
COUNT = c.POPULATION
MOSTLY = 0.9  # the share of cells that must be codes for a column to be one of codes


def read_outlines(path: str | Path) -> tuple[gpd.GeoDataFrame, tuple[Note, ...]]:
    """Read the outlines of RegSO; the column of codes is told by its content.

    Parameters
    ----------
    path : GeoPackage, GeoJSON, Shapefile, GeoParquet ... One layer. Of DeSO with a column of RegSO codes (as SCB's) the
        RegSO are put together

    Returns
    -------
    layer : `regso`, `geometry`, in EPSG:3006; and notes: what was done to it

    Raises
    ------
    InputError  a file that cannot be read, more than one layer, no coordinate system, no column of RegSO codes
    """
    frame, notes = _read(path)
    name = Path(path).name
    codes, column = _codes(frame, "regso", name)
    layer = _shapes(frame).assign(regso=codes.to_numpy())
    unnamed = layer[c.REGSO].isna()
    if unnamed.any():
        rows = ", ".join(str(row) for row in layer.index[unnamed][:5])
        hint = "Give every area its code, or leave out what is no area."
        raise InputError(Fault("no RegSO code", f"{name}, column {column}, row {rows}", hint=hint))
    if layer[c.REGSO].duplicated().any():
        parts = len(layer)
        layer = layer.dissolve(c.REGSO, as_index=False)
        notes.append(Note("parts_put_together", file=name, parts=parts, areas=len(layer)))
    return layer[[c.REGSO, "geometry"]], tuple(notes)


def read_edition(path: str | Path, edition: int) -> gpd.GeoDataFrame:
    """Read the outlines of RegSO of an edition, to look points up in; a part of the country is allowed.

    Parameters
    ----------
    path : as for `read_outlines`
    edition : as 2025

    Returns
    -------
    `regso`, `geometry` (EPSG:3006, metres), ordered by code

    Raises
    ------
    InputError  as `read_outlines`; codes of another edition
    """
    layer, _ = read_outlines(path)
    if faults := check_edition(layer[c.REGSO], edition):
        raise InputError(faults)
    return layer.sort_values(c.REGSO, ignore_index=True)


def read_ground(path: str | Path) -> gpd.GeoDataFrame:
    """Read a layer of land: polygons that do not overlap, in EPSG:3006.

    Raises
    ------
    InputError  a file that cannot be read, more than one layer, no coordinate system
    """
    frame, _ = _read(path)
    return _shapes(frame)


def read_residents(
    path: str | Path, *, column: str | None = None, counts: pd.Series | None = None
) -> tuple[gpd.GeoDataFrame, tuple[Note, ...]]:
    """Read a layer that says where people live: points or polygons (grid cells, DeSO) with a number of residents.

    Parameters
    ----------
    path : as for `read_outlines`
    column : of the number of residents; default "population", else the one column of numbers
    counts : residents by DeSO code, for a layer of DeSO that has none itself

    Returns
    -------
    layer : `population`, `geometry`, in EPSG:3006; and notes

    Raises
    ------
    InputError  as `read_outlines`; no such column, or several that might be meant; a DeSO without a count
    """
    frame, notes = _read(path)
    name = Path(path).name
    if counts is not None:
        codes, _ = _codes(frame, "deso", name)
        unknown = codes[~codes.isin(counts.index)].dropna()
        if len(unknown) or codes.isna().any():
            got = ", ".join(unknown.head(5)) or "rows without a code"
            hint = "Give the residents of the same edition of DeSO as the layer."
            raise InputError(Fault("a DeSO without a number of residents", name, got=got, hint=hint))
        residents = counts.reindex(codes).to_numpy()
    else:
        column = _count_column(frame, column, name)
        residents = pd.to_numeric(frame[column], errors="coerce").to_numpy()
        notes.append(Note("residents_from_column", file=name, column=column))
    layer = _shapes(frame).assign(**{COUNT: residents})
    return layer[[COUNT, "geometry"]], tuple(notes)


def _read(path: str | Path) -> tuple[gpd.GeoDataFrame, list[Note]]:
    import geopandas as gpd  # noqa: PLC0415 (slow; codes and names do without)
    import pyogrio  # noqa: PLC0415

    path = Path(path)
    hint = "Give a GeoPackage, GeoJSON, Shapefile or GeoParquet file of polygons."
    try:
        if path.suffix.lower() == ".parquet":
            frame = gpd.read_parquet(path)
        else:
            layers = [str(layer) for layer, kind in pyogrio.list_layers(path) if kind is not None]
            if len(layers) > 1:
                one = "Save the one that is meant to a file of its own."
                raise InputError(Fault("more than one layer", str(path), "one", ", ".join(layers), one))
            frame = gpd.read_file(path, engine="pyogrio")
    except InputError:
        raise
    except Exception as error:
        raise InputError(Fault("not a layer of outlines", str(path), got=str(error)[:120], hint=hint)) from error
    if not isinstance(frame, gpd.GeoDataFrame) or frame.geometry.isna().all():
        raise InputError(Fault("no outlines", str(path), hint=hint))
    if frame.crs is None:
        crs = "Save it with its coordinate system, SWEREF 99 TM (EPSG:3006)."
        raise InputError(Fault("no coordinate system", str(path), hint=crs))
    if frame.crs.to_epsg() == SWEREF:
        return frame, []
    return frame.to_crs(SWEREF), [Note("brought_to_sweref", file=path.name, crs=frame.crs.name)]


def _shapes(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give the shapes alone, in a column called geometry."""
    name = frame.geometry.name
    return frame[[name]].rename(columns={name: "geometry"}).set_geometry("geometry")


def _codes(frame: gpd.GeoDataFrame, kind: Kind, name: str) -> tuple[pd.Series[str], str]:
    """Find the column of codes by its content."""
    columns = [column for column in frame.columns if column != frame.geometry.name]
    found = {}
    for column in columns:
        codes = parse_codes(frame[column], kind).codes
        if codes.notna().mean() > MOSTLY:
            found[str(column)] = codes
    if not found:
        example = {"regso": "0114R001", "deso": "0114A0010"}[kind]
        got = f"columns {', '.join(map(str, columns))}"
        hint = "Names do not serve: they are not unique."
        raise InputError(Fault(f"no column of {kind} codes", name, f"codes such as {example}", got, hint))
    first = next(iter(found))
    if any(not codes.equals(found[first]) for codes in found.values()):
        hint = "Leave the one column that is meant."
        raise InputError(Fault(f"columns of different {kind} codes", name, got=", ".join(found), hint=hint))
    return found[first], first


def _count_column(frame: gpd.GeoDataFrame, column: str | None, name: str) -> str:
    numbers = [str(one) for one in frame.columns if pd.api.types.is_numeric_dtype(frame[one].dtype)]
    wanted = column or (COUNT if COUNT in frame else None)
    if wanted is None and len(numbers) == 1:
        return numbers[0]
    if wanted is None or wanted not in frame:
        hint = "Name the column of residents with --population-column, or give --population-counts."
        got = f"columns of numbers: {', '.join(numbers) or 'none'}"
        raise InputError(Fault("no column of residents", name, column or COUNT, got, hint))
    return wanted
