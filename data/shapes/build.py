"""Build the shapes that the package carries, from the wheel that carries SCB's own file.

Run by `make shapes`; README.md beside this file tells what is done and why. `build.py WHEEL` takes a wheel
already fetched. The same wheel gives the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
REQUIREMENT = "duva==0.3.5"
WHEEL_SHA256 = "fb0948868812c2fc3b10ebdefbc0ec911456e920cb08f174b8b5b1af194013eb"
CRS = "EPSG:3006"
KM2 = 1e6

# SCB's list; the wheel carries the same names in a Python file, which is not executed here.
LAN_NAMES = {
    "01": "Stockholms län",
    "03": "Uppsala län",
    "04": "Södermanlands län",
    "05": "Östergötlands län",
    "06": "Jönköpings län",
    "07": "Kronobergs län",
    "08": "Kalmar län",
    "09": "Gotlands län",
    "10": "Blekinge län",
    "12": "Skåne län",
    "13": "Hallands län",
    "14": "Västra Götalands län",
    "17": "Värmlands län",
    "18": "Örebro län",
    "19": "Västmanlands län",
    "20": "Dalarnas län",
    "21": "Gävleborgs län",
    "22": "Västernorrlands län",
    "23": "Jämtlands län",
    "24": "Västerbottens län",
    "25": "Norrbottens län",
}


@dataclass(frozen=True)
class Recipe:
    """What the display outlines are made with: areas in square metres, lengths in metres.

    The land layer is a generalised one, off by about a kilometre, in places by five: it may not cut away what
    is smaller than that.
    """

    town: float = 15 * KM2  # a smaller area is not cut at the layer's coast ...
    reach: float = 2_000.0  # ... but this far out
    vanish: float = 1 * KM2  # an area left with less than this, and less than half, keeps its own outline ...
    offshore: float = 5_000.0  # ... this far out from what is shown of the others
    inland: float = 0.9  # an area at the outer border with more land than this share: no sea, another country
    bay: float = 0.3 * KM2  # smaller water is not cut out
    islet: float = 0.1 * KM2  # a smaller part, and one without land, is a crumb of the cutting and dropped
    tolerance: float = 15.0  # of the simplification: a corner stays when its triangle is larger than this squared
    grid: float = 1.0  # coordinates are rounded to this


# --- geometry: pure functions ---


def land_of(kommuner: NDArray[np.object_], smallest_lake: float = KM2) -> shapely.Geometry:
    """Join a generalised kommun layer to land, closing gaps between its polygons up to `smallest_lake`."""
    parts = shapely.get_parts(shapely.union_all(kommuner))
    return shapely.union_all(
        [
            shapely.Polygon(part.exterior, [r for r in part.interiors if shapely.Polygon(r).area >= smallest_lake])
            for part in parts
        ]
    )


def neighbour_list(areas: NDArray[np.object_], codes: NDArray[np.object_]) -> pd.DataFrame:
    """List each pair of areas that touch, with the metres of common border (0.0: in a point), to a decimetre.

    `areas` must be a valid coverage: neighbours then have the same vertices along their common border, so
    that common segments and vertices are found by equality.
    """
    first, second = shapely.STRtree(areas).query(areas, predicate="touches")
    pairs = pd.DataFrame({"a": first, "b": second}).query("a < b").set_index(["a", "b"]).sort_index()
    rings, ring_owner = shapely.get_rings(areas, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    inside = ring[1:] == ring[:-1]
    start, end, owner = xy[:-1][inside], xy[1:][inside], ring_owner[ring[:-1][inside]]
    swap = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    segments = np.hstack([np.where(swap[:, None], end, start), np.where(swap[:, None], start, end)])
    order = np.lexsort((owner, *segments.T[::-1]))
    segments, owner = segments[order], owner[order]
    twice = np.flatnonzero((segments[1:] == segments[:-1]).all(axis=1))
    length = np.hypot(*(segments[twice, 2:] - segments[twice, :2]).T)
    shared = pd.DataFrame({"a": owner[twice], "b": owner[twice + 1], "shared_m": length})
    pairs["shared_m"] = shared.groupby(["a", "b"])["shared_m"].sum()
    pairs = pairs.fillna({"shared_m": 0.0}).reset_index()
    table = {
        "regso_a": codes[pairs["a"]],
        "regso_b": codes[pairs["b"]],
        "shared_m": pairs["shared_m"].round(1),
    }
    return pd.DataFrame(table).sort_values(["regso_a", "regso_b"], ignore_index=True)


def cut_to_land(
    areas: NDArray[np.object_], land: shapely.Geometry, recipe: Recipe
) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Cut areas to land by the rules of the recipe, and tell which areas would vanish without them.

    All lines are noded together and the faces between them dealt out to the areas, so that a coast meets
    a common border in one and the same point for both neighbours: a valid coverage stays one.
    """
    size = shapely.area(areas)
    town = size < recipe.town
    reach = shapely.buffer(land, recipe.reach)
    shown = shapely.intersection(areas, land)
    dry = shapely.area(shown)
    shown[town] = shapely.intersection(areas[town], reach)
    vanishing = shapely.area(shown) < np.minimum(recipe.vanish, size / 2)
    near = shapely.buffer(shapely.union_all(np.append(shown[town], land)), recipe.offshore)

    lines = [*shapely.boundary(areas), land.boundary]
    lines += [_line_around(reach, areas[town & ~shapely.within(areas, reach)])]
    lines += [_line_around(near, areas[vanishing & ~shapely.within(areas, near)])]
    faces = shapely.get_parts(shapely.polygonize([shapely.union_all(lines)]))
    points = shapely.point_on_surface(faces)
    index, owner = shapely.STRtree(areas).query(points, predicate="within")
    faces, points = faces[index], points[index]

    shapely.prepare([land, reach, near])
    keep = shapely.within(points, land) | (shapely.area(faces) < recipe.bay)
    keep |= town[owner] & shapely.within(points, reach)
    keep |= vanishing[owner] & shapely.within(points, near)
    outer = shapely.coverage_union_all(areas).boundary
    keep |= (dry / size > recipe.inland)[owner] & _share_a_line(faces, outer)
    cut = areas.copy()  # what has no face to keep stays whole
    for area in np.unique(owner[keep]):
        cut[area] = _without_crumbs(shapely.coverage_union_all(faces[(owner == area) & keep]), land, recipe.islet)
    return cut, vanishing


def _line_around(zone: shapely.Geometry, areas: NDArray[np.object_]) -> shapely.Geometry:
    """Give the outline of a zone where it may cross these areas.

    Some way beyond them, too: a line that ended on a border would not be noded with it.
    """
    return shapely.intersection(zone.boundary, shapely.union_all(shapely.buffer(areas, 1_000.0)))


def _share_a_line(faces: NDArray[np.object_], line: shapely.Geometry) -> NDArray[np.bool_]:
    hit = np.flatnonzero(shapely.intersects(faces, line))
    result = np.zeros(len(faces), dtype=bool)
    result[hit] = shapely.length(shapely.intersection(shapely.boundary(faces[hit]), line)) > 0
    return result


def _without_crumbs(area: shapely.Geometry, land: shapely.Geometry, smallest: float) -> shapely.Geometry:
    parts = shapely.get_parts(area)
    size = shapely.area(parts)
    kept = parts[((size >= smallest) & shapely.intersects(parts, land)) | (size == size.max())]
    return kept[0] if len(kept) == 1 else shapely.multipolygons(kept)


def simplify(areas: NDArray[np.object_], recipe: Recipe) -> NDArray[np.object_]:
    """Simplify a coverage and round its vertices; neighbours stay neighbours, and every area stays valid.

    Rounding moves a vertex alike in all areas that have it. Where it makes an outline touch itself, all
    vertices of that area, and of its neighbours with them, are left as they were.
    """
    simple = shapely.coverage_simplify(areas, recipe.tolerance)
    xy = shapely.get_coordinates(simple)
    vertex = np.unique(xy, axis=0, return_inverse=True)[1].ravel()
    owner = shapely.get_coordinates(simple, return_index=True)[1]
    exact = np.zeros(vertex.max() + 1, dtype=bool)
    while True:
        rounded = np.where(exact[vertex][:, None], xy, np.round(xy / recipe.grid) * recipe.grid)
        result = shapely.set_coordinates(simple.copy(), rounded)
        bad = ~shapely.is_valid(result) | ~shapely.is_empty(shapely.coverage_invalid_edges(result))
        if not bad.any() or exact[vertex[bad[owner]]].all():
            return np.asarray(shapely.normalize(result))
        exact[vertex[bad[owner]]] = True


def waters_of(areas: NDArray[np.object_], cut: NDArray[np.object_], recipe: Recipe) -> NDArray[np.object_]:
    """Give what the cutting took from each area, simplified as a coverage of its own; empty where it took nothing.

    The cut went along lines that both parts have, so that nothing but water is left; what is smaller than an islet
    of 100 m by 100 m is a crumb.
    """
    wet = shapely.difference(areas, cut)
    parts, owner = shapely.get_parts(wet, return_index=True)
    real = shapely.area(parts) > 10_000.0
    wet = np.array([shapely.multipolygons(parts[real & (owner == at)]) for at in range(len(areas))])
    some = np.flatnonzero(~shapely.is_empty(wet))
    if len(some):
        wet[some] = simplify(wet[some], recipe)
    return wet


# --- the source and the files ---


def fetch_wheel(folder: Path) -> Path:
    """Download the wheel with pip into `folder`."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--python-version", "3.12", "--dest", str(folder), REQUIREMENT]
    subprocess.run(command, check=True)
    return next(folder.glob("*.whl"))


def read_wheel(wheel: Path, folder: Path) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Check the wheel's hash and read the RegSO and the kommun layer from it, both ordered by code."""
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if digest != WHEEL_SHA256:
        raise SystemExit(f"{wheel.name}: expected SHA-256 {WHEEL_SHA256}, got {digest}. Fetch {REQUIREMENT} anew.")
    with zipfile.ZipFile(wheel) as archive:
        members = [name for name in archive.namelist() if Path(name).stem in ("RegSO_2025", "Kommun_Sweref99TM")]
        archive.extractall(folder, members)
    regso = gpd.read_file(folder / "duva/geodata/RegSO_2025.gpkg").sort_values("regsokod", ignore_index=True)
    kommuner = gpd.read_file(folder / "duva/geodata/Kommun_Sweref99TM.TAB").sort_values("KnKod", ignore_index=True)
    return regso, kommuner.set_crs(CRS, allow_override=True)  # the layer's own definition is EPSG:3006 without its name


def name_table(regso: gpd.GeoDataFrame, kommuner: gpd.GeoDataFrame) -> pd.DataFrame:
    """Give each area its names and those of its kommun and län."""
    kommun = regso["kommunkod"].astype(str)
    table = pd.DataFrame(
        {
            "regso": regso["regsokod"].astype(str),
            "name": regso["regsonamn"].astype(str),
            "kommun": kommun,
            "kommun_name": kommun.map(kommuner.set_index("KnKod")["KnNamn"]).astype(str),
            "lan": regso["lanskod"].astype(str),
            "lan_name": regso["lanskod"].map(LAN_NAMES).astype(str),
        }
    )
    checks = {
        "3,363 areas of version 2025_v2": len(table) == 3363 and set(regso["version"]) == {"2025_v2"},
        "codes that are unique": table["regso"].is_unique,
        "290 kommuner in 21 län": table["kommun"].nunique() == 290 and table["lan"].nunique() == 21,
        "kommun and län as in the code": table["regso"].str.startswith(tuple(table["lan"])).all()
        and (table["regso"].str[:4] == table["kommun"]).all()
        and (table["regso"].str[:2] == table["lan"]).all(),
        "a name everywhere": bool(table.notna().all(axis=None)),
    }
    if not all(checks.values()):
        raise SystemExit("expected " + "; ".join(rule for rule, holds in checks.items() if not holds))
    return table


def build(wheel: Path | None, out: Path) -> None:
    """Build the files into `out`."""
    recipe = Recipe()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        regso, kommuner = read_wheel(wheel or fetch_wheel(folder), folder)
    full = regso.geometry.to_numpy()
    names = name_table(regso, kommuner)
    neighbours = neighbour_list(full, names["regso"].to_numpy())
    cut, vanishing = cut_to_land(full, land_of(kommuner.geometry.to_numpy()), recipe)
    shapes = simplify(cut, recipe)
    if not (shapely.is_valid(shapes).all() and shapely.coverage_is_valid(shapes)) or shapely.is_empty(shapes).any():
        raise SystemExit("the simplified shapes are no valid coverage: choose another tolerance")
    waters = waters_of(full, cut, recipe)
    wet = ~shapely.is_empty(waters)
    sea = gpd.GeoDataFrame({"regso": names["regso"][wet]}, geometry=waters[wet], crs=CRS)
    frame = gpd.GeoDataFrame(names, geometry=shapes, crs=CRS)
    frame.to_parquet(out / "regso_2025.parquet", index=False, compression="zstd", compression_level=19)
    sea.to_parquet(out / "regso_2025_waters.parquet", index=False, compression="zstd", compression_level=19)
    neighbours.to_parquet(out / "regso_2025_neighbours.parquet", index=False, compression="zstd", compression_level=19)
    vertices = [shapely.get_num_coordinates(areas).sum() for areas in (shapes, full)]
    print(f"{len(frame):,} areas, {vertices[0]:,} vertices of {vertices[1]:,}")
    print(f"{vanishing.sum()} areas out at sea keep their own outline")
    print(f"{len(neighbours):,} pairs of neighbours, {(neighbours['shared_m'] == 0).sum()} of them in a point")
    for path in sorted(out.glob("*.parquet")):
        print(f"{path.stat().st_size:>9,} bytes  {path.name}")


def main() -> None:
    """Read the arguments and build."""
    parser = argparse.ArgumentParser(description="Build data/shapes from SCB's RegSO 2025.")
    parser.add_argument("wheel", type=Path, nargs="?", help=f"the wheel {REQUIREMENT}; downloaded when not given")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for the files (default: this one)")
    arguments = parser.parse_args()
    build(arguments.wheel, arguments.out)


if __name__ == "__main__":
    main()
