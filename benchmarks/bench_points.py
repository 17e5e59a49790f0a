"""Points to areas against geopandas.sjoin on the same polygons: the shipped outlines of RegSO 2025, made-up points.

"towns": every area gets as many points, spread over its bounds, so that towns weigh most, as addresses do. "country":
spread evenly over the country and its waters. Each contender begins with coordinates and polygons and ends with a code
a point: our index is built anew each time, and the peer's points and trees, too. The quality is the share of points
with the same area as the first contender's, which must be 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
from harness import Case, Contender, shape


@cache
def layer() -> Any:
    from regso_cluster.areas.shapes import load_shapes

    return load_shapes()


@cache
def points(size: str, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Make points (SYNTHETIC), SWEREF 99 TM."""
    number = shape(size)[0]
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([7, number])))
    bounds = layer().bounds.to_numpy()
    if where == "towns":
        bounds = bounds[random.integers(0, len(bounds), number)]
    else:
        bounds = np.tile(np.concatenate([bounds.min(axis=0)[:2], bounds.max(axis=0)[2:]]), (number, 1))
    return random.uniform(bounds[:, 0], bounds[:, 2]), random.uniform(bounds[:, 1], bounds[:, 3])


def ours(x: np.ndarray, y: np.ndarray, *, distances: bool) -> Any:
    from regso_cluster.areas.points import index_areas, locate

    areas = layer()
    return locate(index_areas(areas["regso"].tolist(), areas.geometry.to_numpy()), x, y, distances=distances)


def sjoin(x: np.ndarray, y: np.ndarray, predicate: str) -> np.ndarray:
    """Join by geopandas; a point on a border, which has several rows, gets the first area."""
    import geopandas as gpd

    frame = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y, crs=3006))
    joined = gpd.sjoin(frame, layer()[["regso", "geometry"]], how="left", predicate=predicate)
    return joined["index_right"].fillna(-1).groupby(level=0).min().to_numpy(np.int32)


def tree(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Do it by shapely alone: a tree of the points, asked with prepared polygons."""
    import shapely

    polygon, point = shapely.STRtree(shapely.points(x, y)).query(layer().geometry.to_numpy(), predicate="intersects")
    area = np.full(len(x), -1, np.int32)
    area[point[::-1]] = polygon[::-1]
    return area


def nearest(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Find the distance to the nearest common border by shapely: a tree of its edges."""
    import shapely

    from regso_cluster.areas.points import index_areas

    areas = layer()
    edges = index_areas(areas["regso"].tolist(), areas.geometry.to_numpy()).inner.edges
    found = shapely.STRtree(shapely.linestrings(edges.reshape(-1, 2, 2)))
    points_, away = found.query_nearest(shapely.points(x, y), return_distance=True, all_matches=False)
    return away[np.argsort(points_[0], kind="stable")]


def same_as(right: np.ndarray) -> Any:
    """Give the measure of quality: the share of points with the same area."""
    return lambda area: float((getattr(area, "area", area) == right).mean())


def area_case(size: str, where: str) -> Case:
    x, y = points(size, where)
    same = same_as(ours(x, y, distances=False).area)
    contenders = (
        Contender("regso_cluster", lambda: ours(x, y, distances=False), same),
        Contender("geopandas within", lambda: sjoin(x, y, "within"), same, "prepared polygons"),
        Contender("geopandas intersects", lambda: sjoin(x, y, "intersects"), same, "the default"),
        Contender("shapely STRtree", lambda: tree(x, y), same, "the other design tried"),
    )
    return Case(f"area of each point, {where}", size, contenders)


def distance_cases(size: str) -> Iterator[Case]:
    x, y = points(size, "towns")
    inside = ours(x, y, distances=False).area >= 0
    every = Contender("regso_cluster", lambda: ours(x, y, distances=True), lambda r: float(np.nansum(r.border_m)))
    yield Case("area and distance to the nearest border, towns", size, (every,))
    few_x, few_y = x[inside][:100_000], y[inside][:100_000]  # the peer takes minutes for a million
    both = (
        Contender("regso_cluster", lambda: ours(few_x, few_y, distances=True), lambda r: float(r.border_m.sum())),
        Contender("shapely STRtree", lambda: nearest(few_x, few_y), lambda away: float(away.sum()), "distances alone"),
    )
    yield Case("area and distance, 100,000 points, towns", size, both)


def cases(sizes: Sequence[str]) -> Iterator[Case]:
    """Give the cases; of a size only the rows count."""
    for size in sizes:
        yield area_case(size, "towns")
        yield area_case(size, "country")
        yield from distance_cases(size)
