from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from regso_cluster.areas.points import index_areas, locate, nearest_border
from regso_cluster.areas.shapes import load_shapes, load_waters
from regso_cluster.errors import InputError

KM = 1000.0


def at(index, *points, **options):
    xy = np.array(points, dtype=np.float64)
    return locate(index, xy[:, 0], xy[:, 1], **options)


@pytest.fixture(scope="module")
def country():
    """A 10 km square, A; east of it B with a lake C inside; D alone in the north."""
    a = shapely.box(0, 0, 10 * KM, 10 * KM)
    lake = shapely.box(14 * KM, 4 * KM, 16 * KM, 6 * KM)
    b = shapely.difference(shapely.box(10 * KM, 0, 20 * KM, 10 * KM), lake)
    d = shapely.box(0, 15 * KM, 1 * KM, 16 * KM)
    return index_areas(["A", "B", "C", "D"], np.array([a, b, lake, d]))


def test_points_of_a_made_up_country(country):
    # 2 km from the border A|B; in B, 1 km from it and 3 km from the lake; in the lake, 0.5 km from B; in D, whose
    # nearest border between two areas is the north end of A|B, at (10, 10): hypot(9.5, 5.5) km; at sea; nowhere
    found = at(
        country, (8 * KM, 5 * KM), (11 * KM, 5 * KM), (15.5 * KM, 5 * KM), (500, 15.5 * KM), (5 * KM, 12 * KM),
        (np.nan, 5 * KM),
    )  # fmt: skip
    assert found.area.tolist() == [0, 1, 2, 3, -1, -1]
    assert found.border_m[:4] == pytest.approx([2000, 1000, 500, np.hypot(9500, 5500)])
    assert np.isnan(found.border_m[4:]).all()
    assert found.neighbour[:3].tolist() == [1, 0, 1]
    assert found.neighbour[4:].tolist() == [-1, -1]


def test_a_point_on_a_border_lies_in_the_first_area_at_no_distance(country):
    found = at(country, (10 * KM, 5 * KM), (14 * KM, 5 * KM), (10 * KM, 10 * KM), (16 * KM, 6 * KM))
    assert found.area.tolist() == [0, 1, 0, 1]
    assert found.border_m.tolist() == [0, 0, 0, 0]
    assert found.neighbour.tolist() == [1, 2, 1, 2]


def test_without_distances(country):
    found = at(country, (8 * KM, 5 * KM), distances=False)
    assert found.area.tolist() == [0]
    assert np.isnan(found.border_m).all()


def test_the_coast_is_an_outer_border(country):
    x, y = np.array([5 * KM, -300.0, 5 * KM]), np.array([10.2 * KM, 5 * KM, 12.5 * KM])
    edge, away = nearest_border(country.outer, x, y, np.ones(3, np.bool_), limit=2 * KM)
    assert away[:2] == pytest.approx([200, 300])
    assert edge[2] == -1
    assert country.outer.sides[edge[0]].tolist() == [0, -1]


@pytest.mark.parametrize(
    ("codes", "shapes", "says"),
    [
        ([], [], "no areas"),
        (["A", "A"], [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], "stands twice"),
        (["A"], [shapely.Point(0, 0)], "without a polygon"),
        (["A"], [shapely.Polygon()], "without a polygon"),
    ],
)
def test_a_layer_that_is_none_is_refused(codes, shapes, says):
    with pytest.raises(InputError, match=says) as refused:
        index_areas(codes, np.array(shapes, dtype=object))
    assert refused.value.faults[0].hint


@pytest.fixture(scope="module")
def sweden():
    shapes = load_shapes()
    return index_areas(shapes["regso"].tolist(), shapes.geometry.to_numpy())


def test_every_area_holds_its_own_point(sweden):
    inside = shapely.point_on_surface(sweden.shapes)
    found = locate(sweden, shapely.get_x(inside), shapely.get_y(inside))
    assert found.area.tolist() == list(range(3363))
    assert (found.border_m >= 0).all()


def test_random_points_and_vertices_as_geos_says(sweden):
    random = np.random.Generator(np.random.PCG64(5))
    left, bottom, right, top = shapely.total_bounds(sweden.shapes)
    free = np.column_stack([random.uniform(left, right, 20_000), random.uniform(bottom, top, 20_000)])
    vertices = shapely.get_coordinates(sweden.shapes)
    corners = vertices[random.choice(len(vertices), 2_000)]
    halfway = (corners + vertices[random.choice(len(vertices), 2_000)]) / 2
    xy = np.vstack([free, corners, corners + random.normal(0, 1e-9, corners.shape), np.round(corners + 1), halfway])
    found = at(sweden, *xy)
    point, shape = shapely.STRtree(sweden.shapes).query(shapely.points(xy), predicate="intersects")
    expected = np.full(len(xy), 3363)
    np.minimum.at(expected, point, shape)
    assert np.array_equal(np.where(expected == 3363, -1, expected), found.area)
    some = np.flatnonzero(found.area >= 0)[:3000:7]
    lines = shapely.linestrings(sweden.inner.edges.reshape(-1, 2, 2))
    nearest, away = shapely.STRtree(lines).query_nearest(
        shapely.points(xy[some]), return_distance=True, all_matches=False
    )
    assert len(nearest[0]) == len(some)
    assert found.border_m[some] == pytest.approx(away, abs=1e-6)


@given(st.integers(0, 2**32 - 1))
def test_the_order_of_the_points_does_not_matter(sweden, seed):
    random = np.random.Generator(np.random.PCG64(seed))
    xy = np.column_stack([random.uniform(300e3, 900e3, 50), random.uniform(6.2e6, 7.6e6, 50)])
    order = random.permutation(50)
    one, other = at(sweden, *xy), at(sweden, *xy[order])
    assert np.array_equal(one.area[order], other.area)
    assert np.array_equal(one.border_m[order], other.border_m, equal_nan=True)


def test_land_and_waters_are_apart(sweden):
    waters = load_waters()
    assert waters["regso"].is_monotonic_increasing
    assert set(waters["regso"]) < set(sweden.codes)
    assert waters.crs.to_epsg() == 3006
    inside = shapely.point_on_surface(waters.geometry.to_numpy())
    assert (locate(sweden, shapely.get_x(inside), shapely.get_y(inside), distances=False).area == -1).all()
