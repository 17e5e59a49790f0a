from __future__ import annotations

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely.geometry import MultiPolygon, Polygon, box

from regso_cluster.areas.shapes import load_shapes
from regso_cluster.page.geometry import COARSE, FINE, Detail, build_topology

EXACT = Detail(tolerance=0.0, grid=1)


def decode(topology):
    """Read a topology back by the specification: sums of differences, complements read backwards."""
    scale = topology["transform"]["scale"][0]
    arcs = [np.cumsum(np.array(arc), axis=0) * scale for arc in topology["arcs"]]

    def ring(numbers):
        points = [arcs[number] if number >= 0 else arcs[~number][::-1] for number in numbers]
        for one, other in pairwise(points):
            assert (one[-1] == other[0]).all()
        return np.concatenate([points[0], *[part[1:] for part in points[1:]]])

    found = []
    for geometry in topology["objects"]["areas"]["geometries"]:
        polygons = [Polygon(ring(part[0]), [ring(hole) for hole in part[1:]]) for part in geometry.get("arcs", ())]
        found.append(MultiPolygon(polygons))
    return found


def frame(*areas):
    return gpd.GeoDataFrame(geometry=list(areas), crs=3006)


def test_two_squares_store_their_common_border_once():
    """Squares (0,0)-(10,10) and (10,0)-(20,10) meet from (10,0) to (10,10): that side, and the rest of each, are three arcs."""
    topology = build_topology(frame(box(0, 0, 10, 10), box(10, 0, 20, 10)), EXACT)
    assert len(topology["arcs"]) == 3
    left, right = (geometry["arcs"][0][0] for geometry in topology["objects"]["areas"]["geometries"])
    shared = {number for number in left if ~number in right} | {number for number in left if number in right}
    assert len(shared) == 1
    (number,) = shared
    ends = np.cumsum(topology["arcs"][number if number >= 0 else ~number], axis=0)
    assert {tuple(point) for point in ends} == {(10, 0), (10, 10)}


def test_an_area_inside_another_shares_the_whole_ring():
    outer = box(0, 0, 30, 30).difference(box(10, 10, 20, 20))
    topology = build_topology(frame(outer, box(10, 10, 20, 20)), EXACT)
    assert len(topology["arcs"]) == 2
    again = decode(topology)
    assert again[0].equals(outer)
    assert again[1].equals(box(10, 10, 20, 20))


def test_an_area_smaller_than_the_grid_has_no_outline_and_keeps_its_place():
    topology = build_topology(frame(box(0, 0, 900, 900), box(900, 0, 902, 2), box(0, 900, 900, 1800)), Detail(0.0, 100))
    kinds = [geometry["type"] for geometry in topology["objects"]["areas"]["geometries"]]
    assert kinds == ["MultiPolygon", None, "MultiPolygon"]


@pytest.mark.parametrize("detail", [COARSE, FINE], ids=["coarse", "fine"])
def test_a_county_comes_back_with_each_border_once_and_its_areas_in_place(detail):
    shapes = load_shapes()
    shapes = shapes[shapes["lan"] == "10"].reset_index(drop=True)
    topology = build_topology(shapes, detail)
    keys = [arc_key(arc) for arc in topology["arcs"]]
    assert len(set(keys)) == len(keys)
    again = gpd.GeoSeries([shapely.make_valid(area) for area in decode(topology)], crs=3006)
    off = again.symmetric_difference(shapes.geometry.make_valid()).area.sum() / shapes.area.sum()
    assert off < (0.05 if detail is COARSE else 0.002)
    assert abs(again.area.sum() - again.union_all().area) < 0.001 * again.area.sum()


def arc_key(arc):
    points = np.cumsum(np.array(arc), axis=0)
    return min(points.tobytes(), np.ascontiguousarray(points[::-1]).tobytes())
