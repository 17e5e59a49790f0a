"""Fetch the full-resolution outlines of RegSO or DeSO from SCB's WFS: page by page, put together, checked, kept.

A page is judged before it is kept: whole features, closed rings, the numbers that it gives of itself. The layer is
judged before it takes its place: every code of the edition once, valid polygons, metres of EPSG:3006 with the axes in
order, and no ground of the country left bare.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from regso_cluster.areas.codes import parse_codes
from regso_cluster.areas.edition_table import edition_years, find_edition
from regso_cluster.areas.editions import code_set
from regso_cluster.areas.shapes import SHAPES_FILE, fetched_name, load_shapes
from regso_cluster.errors import Fault, InputError
from regso_cluster.exports.formats import table_formats
from regso_cluster.files import formats
from regso_cluster.files.atomic import whole_file
from regso_cluster.files.formats import Format, find_format, write_output
from regso_cluster.files.output import Output
from regso_cluster.files.parquet import write_parquet
from regso_cluster.schema import columns as c
from regso_cluster.sources.cache import Kept, Part, collect, find
from regso_cluster.sources.client import Answer, Client, as_json

if TYPE_CHECKING:
    import geopandas as gpd

SERVICE = "https://geodata.scb.se/geoserver/stat/wfs"
PAGE = 500
_MOST_PAGES = 200
_DISAGREE = ("the layer changed while it was fetched", "a page with other than its number of areas")
_MENDED = 1e-6  # share of its ground that mending a ring may change
_LOOKS, _COVERED = 120, 0.9  # points looked at in each area, and the share of them that must lie in the layer
_EAST, _NORTH = (200_000, 1_000_000), (6_100_000, 7_700_000)  # Sweden in SWEREF 99 TM


def fetch_shapes(
    edition: int, client: Client, cache: Path, *, deso: bool = False, lan: str | None = None, page: int = PAGE,
    refresh: bool = False,
) -> Kept:  # fmt: skip
    """Fetch a layer, or take it from the cache.

    Parameters
    ----------
    edition : as 2025
    client : of the WFS
    cache : root of the cache
    deso : DeSO (2018 with edition 2020) instead of RegSO
    lan : code of one län instead of the country; such a layer is never taken for the whole one
    page : features a call
    refresh : fetch even what the cache has

    Returns
    -------
    Kept, whose folder holds the layer as GeoParquet: `regsokod` (and `desokod`), `regsonamn` where the service gives
    it, `kommunkod`, `lanskod`, `version`, geometry in EPSG:3006, ordered by code

    Raises
    ------
    InputError  faults of the service; a layer that is not whole, with every fault; the cache is as it was
    """
    name = f"shapes/{fetched_name(edition, deso=deso)}" + (f"-{lan}" if lan else "")
    kept = None if refresh else find(cache, name)
    if kept:
        return kept
    layer = layer_name(edition, deso=deso)
    about = {"service": client.base, "layer": f"stat:{layer}", "edition": edition, "lan": lan, "page": page}
    return collect(
        cache, name, _pages(client, layer, lan, page, cache, name), about,
        lambda work: _finish(work, edition, deso, lan),
    )  # fmt: skip


def write_shapes(kept: Kept, out: Path) -> Path:
    """Copy a fetched layer to a file of one's own.

    Raises
    ------
    InputError  a file stands there already, or the name ends with no ending of a map
    """
    import geopandas as gpd  # noqa: PLC0415 (slow)

    refuse_out(out)
    found = find_format(out, layer_formats())
    if found != formats.PARQUET:
        write_output(Output(gpd.read_parquet(kept.folder / SHAPES_FILE), kept.folder.name), out, found)
        return out
    with whole_file(out) as partial:
        partial.write_bytes(kept.read(SHAPES_FILE))
    return out


def layer_formats() -> tuple[Format, ...]:
    """The formats that hold outlines."""
    return tuple(one for one in table_formats() if one.geometry)


def refuse_out(out: Path) -> None:
    """Refuse a place to write to, before anything is fetched.

    Raises
    ------
    InputError  a file stands there already, or the name ends with no ending of a map
    """
    if not out.is_dir():
        find_format(out, layer_formats())
    if out.exists():
        hint = "Choose another --out, or remove the file yourself."
        raise InputError(Fault("a file stands there already", str(out), hint=hint))


def check_layer(layer: gpd.GeoDataFrame, edition: int, *, deso: bool = False, lan: str | None = None) -> list[Fault]:
    """Find everything that is wrong with a layer of areas.

    Parameters
    ----------
    layer : `regsokod` (and `desokod`), `kommunkod`, `lanskod`, `version`, polygons in EPSG:3006
    edition, deso, lan : what it should be

    Returns
    -------
    faults, none where all is well
    """
    where = f"stat:{layer_name(edition, deso=deso)}"
    columns = ["regsokod", "kommunkod", "lanskod", "version", *(["desokod"] if deso else ["regsonamn"])]
    absent = [column for column in columns if column not in layer.columns]
    if absent:
        got = f"columns {', '.join(map(str, layer.columns))}"
        return [Fault("a column is missing", where, f"column {column!r}", got) for column in absent]
    if layer.crs is None or layer.crs.to_epsg() != 3006:
        return [Fault("another coordinate system", where, "EPSG:3006", str(layer.crs))]
    own = "desokod" if deso else "regsokod"
    faults = _code_faults(layer, edition, own, lan, where)
    faults += [
        Fault("a code of another area beside it", f"{where}, {code}", got=f"{column} {given}")
        for column, width in (("kommunkod", 4), ("lanskod", 2))
        for code, given in zip(layer[own], layer[column], strict=True)
        if str(code)[:width] != given
    ]
    versions = sorted({str(one) for one in layer["version"]})
    if any(_edition_of_version(one) != edition for one in versions):
        faults.append(Fault("another version of the layer", where, str(edition), ", ".join(versions[:5])))
    return faults + _shape_faults(layer, own, lan, where)


def layer_name(edition: int, *, deso: bool = False) -> str:
    """Name the layer of an edition at SCB's map service.

    Raises
    ------
    InputError  an edition that does not exist, or that the service has no layer of
    """
    known = find_edition(edition)
    layer = (known.deso.layer if known.deso else "") if deso else known.layer
    if not layer:
        hint = "Give SCB's file of outlines instead."
        raise InputError(Fault(f"no layer of {'DeSO' if deso else 'RegSO'} is known", f"RegSO {edition}", hint=hint))
    return layer


def _edition_of_version(version: str) -> int:
    """Tell the edition from what a layer says of its version; the oldest where it names none."""
    years = edition_years()
    return next((year for year in reversed(years) if str(year) in version), years[0])


def _pages(client: Client, layer: str, lan: str | None, page: int, cache: Path, name: str) -> Iterator[Part]:
    """Give page after page until the layer has as many features as it says; each is judged before it is kept."""
    got, number, total = 0, 0, 0
    work = cache / "unfinished" / name.replace("/", "-")

    def judged(content: bytes, where: str, start: int) -> dict[str, Any]:
        try:
            return _read_page(content, where, start, page, total)
        except InputError as error:
            if any(fault.what in _DISAGREE for fault in error.faults):
                shutil.rmtree(work, ignore_errors=True)  # no telling which of the pages is wrong: ask for all anew
            raise

    while True:
        start = got
        file = f"page-{number:03d}.json"
        fresh: list[dict[str, Any]] = []

        def ask(start: int = start, fresh: list[dict[str, Any]] = fresh) -> Answer:
            client.say(f"{layer}: area {start + 1} and on")
            answer = client.ask(parameters=_question(layer, lan, page, start))
            fresh.append(judged(answer.content, answer.address.split("?")[0], start))
            return answer

        yield Part(file, ask)
        read = fresh[0] if fresh else judged((work / file).read_bytes(), file, start)
        total = read["numberMatched"]
        got += len(read["features"])
        number += 1
        if got >= total:
            return
        if number > _MOST_PAGES:
            raise InputError(Fault("more pages than any layer has", layer, f"at most {_MOST_PAGES}"))


def _question(layer: str, lan: str | None, page: int, start: int) -> dict[str, str]:
    asked = {
        "service": "WFS",
        "version": "2.0.0",
        "request": "GetFeature",
        "typeNames": f"stat:{layer}",
        "outputFormat": "application/json",
        "srsName": "EPSG:3006",
        "sortBy": "desokod" if layer.startswith("DeSO") else "regsokod",  # unordered pages may repeat and lose areas
        "count": str(page),
        "startIndex": str(start),
    }
    return asked | ({"cql_filter": f"lanskod='{lan}'"} if lan else {})


def _read_page(content: bytes, where: str, start: int, page: int, total: int) -> dict[str, Any]:
    """Read a page and judge it: all of it there, in the right system, every polygon whole."""
    read = as_json(Answer(content, where, ""))
    try:
        if read["type"] != "FeatureCollection":
            raise ValueError(f"a {read['type']}")
        features, matched = read["features"], read["numberMatched"]
        kinds = {one["geometry"]["type"] for one in features if one["geometry"]}
        properties = [one["properties"]["regsokod"] for one in features]
        system = str(read["crs"]["properties"]["name"]) if features else "3006"
        if not isinstance(matched, int) or matched < 1:
            raise ValueError(f"numberMatched {matched!r}")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        hint = "Is --service the address of SCB's WFS?"
        got = f"{type(error).__name__}: {error}"[:100]
        raise InputError(Fault("no collection of areas", where, "GeoJSON with numberMatched", got, hint)) from error
    faults = []
    expected = min(page, matched - start)
    if len(properties) != expected or read.get("numberReturned", expected) != expected:
        got = f"{len(properties)} (it says {read.get('numberReturned')} of {matched})"
        hint = "Run again: a page was cut short or repeated."
        faults.append(Fault("a page with other than its number of areas", where, f"{expected}", got, hint))
    if total and total != matched:
        got = f"{total}, then {matched}"
        faults.append(Fault("the layer changed while it was fetched", where, got=got, hint="Run again."))
    if not system.endswith("3006"):
        faults.append(Fault("another coordinate system", where, "EPSG:3006", system))
    if not kinds <= {"Polygon", "MultiPolygon"}:
        faults.append(Fault("shapes that are no polygons", where, got=", ".join(sorted(kinds))))
    broken = [
        code for code, shape in zip(properties, _shapes(features), strict=True) if shape is None or shape.is_empty
    ]
    hint = "Run again: half a polygon is none."
    faults += [Fault("a polygon that is not whole", f"{where}, {code}", hint=hint) for code in broken]
    if faults:
        raise InputError(faults)
    return read


def _shapes(features: list[dict[str, Any]]) -> list[Any]:
    """Read geometries strictly: None for one whose ring is not closed (geopandas would close it in silence)."""
    texts = [json.dumps(one["geometry"]) if one["geometry"] else None for one in features]
    return list(shapely.from_geojson(texts, on_invalid="ignore"))


def _finish(work: Path, edition: int, deso: bool, lan: str | None) -> dict[str, Any]:
    """Put the pages together, check the layer and write it."""
    import geopandas as gpd  # noqa: PLC0415 (slow)

    features = [
        feature
        for file in sorted(work.glob("page-*.json"))
        if not file.name.endswith(".source.json")
        for feature in json.loads(file.read_bytes())["features"]
    ]
    frame = pd.DataFrame([one["properties"] for one in features])
    kept = [
        column for column in ("desokod", "regsokod", "regsonamn", "kommunkod", "lanskod", "version") if column in frame
    ]
    shapes, mended = _mend(np.array(_shapes(features), dtype=object))
    layer = gpd.GeoDataFrame(frame[kept], geometry=shapes, crs="EPSG:3006")
    if faults := check_layer(layer, edition, deso=deso, lan=lan):
        raise InputError(faults)
    layer = layer.sort_values("desokod" if deso else "regsokod", kind="stable", ignore_index=True)
    write_parquet(layer, work / SHAPES_FILE)
    return {"areas": len(layer), "version": sorted(set(layer["version"])), "mended": mended}


def _mend(shapes: Any) -> tuple[Any, int]:
    """Mend rings that touch themselves, where that moves no ground; others are left for the check to find."""
    bad = np.flatnonzero(~shapely.is_valid(shapes))
    made = shapely.make_valid(shapes[bad])
    same = np.abs(shapely.area(made) - shapely.area(shapes[bad])) <= _MENDED * shapely.area(shapes[bad])
    same &= np.isin(shapely.get_type_id(made), (3, 6))
    shapes[bad[same]] = made[same]
    return shapes, int(same.sum())


def _code_faults(layer: gpd.GeoDataFrame, edition: int, own: str, lan: str | None, where: str) -> list[Fault]:
    hint = "Run again; if it stays so, the layer is not the one of this edition."
    twice = layer[own][layer[own].duplicated()].unique()
    faults = [Fault("an area stands twice", f"{where}, {code}", hint=hint) for code in twice]
    wanted = {code for code in code_set(edition) if code.startswith(lan or "")}
    found = set(layer["regsokod"])
    faults += [Fault("an area is missing", where, code, hint=hint) for code in sorted(wanted - found)]
    faults += [Fault(f"no area of RegSO {edition}", where, got=str(code), hint=hint) for code in sorted(found - wanted)]
    if own == "desokod":
        refused = parse_codes(layer[own], "deso").refused
        faults += [Fault("no code of a DeSO", where, got=str(one)) for one in refused["given"]]
        deso = find_edition(edition).deso
        if deso and not lan and len(layer) != deso.areas:
            faults.append(Fault("another number of DeSO", where, str(deso.areas), str(len(layer)), hint))
    return faults


def _shape_faults(layer: gpd.GeoDataFrame, own: str, lan: str | None, where: str) -> list[Fault]:
    shapes = np.asarray(layer.geometry.array, dtype=object)
    codes = layer[own].to_numpy(dtype=object)
    good = shapely.is_valid(shapes) & np.isin(shapely.get_type_id(shapes), (3, 6)) & ~shapely.is_empty(shapes)
    faults = [
        Fault("no valid polygon", f"{where}, {codes[row]}", got=str(shapely.is_valid_reason(shapes[row]))[:80])
        for row in np.flatnonzero(~good)
    ]
    west, south, east, north = shapely.total_bounds(shapes)
    if faults or not len(shapes):
        return faults
    if not (_EAST[0] <= west and east <= _EAST[1] and _NORTH[0] <= south and north <= _NORTH[1]):
        swapped = _EAST[0] <= south and north <= _EAST[1]
        got = f"east {west:.0f} to {east:.0f}, north {south:.0f} to {north:.0f}"
        what = "the axes are swapped" if swapped else "coordinates outside Sweden"
        return [Fault(what, where, "metres of EPSG:3006, east before north", got)]
    return _bare_ground(shapes, lan, where)


def _bare_ground(shapes: Any, lan: str | None, where: str) -> list[Fault]:
    """Look at points of the land of every area that the package draws: of any edition, some area lies there."""
    land = load_shapes()
    land = land[land[c.REGSO].str.startswith(lan or "")]
    outlines = np.asarray(land.geometry.array, dtype=object)
    west, south, east, north = shapely.bounds(outlines).T[:, :, None]
    draw = np.random.default_rng(np.random.SeedSequence(2025)).random((2, len(outlines), _LOOKS))
    x, y = west + draw[0] * (east - west), south + draw[1] * (north - south)
    shapely.prepare(outlines)
    area, look = np.nonzero(shapely.contains_xy(outlines[:, None], x, y))
    points = shapely.points(x[area, look], y[area, look])
    met = np.zeros(len(points), dtype=bool)
    met[np.unique(shapely.STRtree(shapes).query(points, predicate="intersects")[0])] = True
    looks = np.bincount(area, minlength=len(outlines))
    seen = np.bincount(area, weights=met, minlength=len(outlines))
    hint = "Run again: a polygon may have come in half."
    return [
        Fault("ground that no area covers", f"{where}, at {land[c.REGSO].iloc[row]}", "all of it",
              f"{100 * seen[row] / looks[row]:.0f} % of its land", hint)
        for row in np.flatnonzero(seen < _COVERED * looks)
    ]  # fmt: skip
