from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from regso_cluster.kernels import points
from tests.kernels import naive_points


def bucket(boxes, columns, cells):
    start = np.empty(cells + 1, np.int64)
    points.count_boxes(boxes, columns, start)
    items = np.empty(start[-1], np.int32)
    points.fill_boxes(boxes, columns, start, np.empty(cells, np.int64), items)
    return start, items


def test_boxes_in_cells_by_hand():
    # a grid of 3 x 2 cells, numbered from below: 0 1 2 / 3 4 5
    # box 0: columns 0-1, row 0 -> cells 0, 1; box 1: column 1, rows 0-1 -> 1, 4; box 2: all six
    start, items = bucket(np.array([[0, 1, 0, 0], [1, 1, 0, 1], [0, 2, 0, 1]]), 3, 6)
    assert start.tolist() == [0, 2, 5, 6, 7, 9, 10]
    assert items.tolist() == [0, 2, 0, 1, 2, 2, 2, 1, 2, 2]


# a square of two by two with a notch cut from the right: (0,0) (2,0) (1,1) (2,2) (0,2)
NOTCHED = np.array([[0, 0, 2, 0], [2, 0, 1, 1], [1, 1, 2, 2], [2, 2, 0, 2], [0, 2, 0, 0]], dtype=np.float64)


@pytest.mark.parametrize(
    ("x", "y", "answer"),
    [
        (0.5, 1.0, 1),  # a ray to the right meets the vertex (1, 1), one edge ends there and one begins: once
        (1.5, 1.0, 0),  # in the notch
        (1.5, 0.25, 1),
        (1.9, 1.9, 2),  # on the slanting edge, in float64 or not: too near to say
        (-1.0, 0.0, 0),  # level with the lower side, which is flat
        (1.0, 0.0, 2),
        (2.0, 2.0, 2),  # a corner that is a local top
        (-1.0, 2.0, 0),
        (3.0, 1.0, 0),
    ],
)
def test_crossings_by_hand(x, y, answer):
    listed = np.arange(len(NOTCHED), dtype=np.int32)
    assert points.crossings(x, y, NOTCHED, listed, 0, len(listed)) == answer
    assert naive_points.inside(x, y, NOTCHED) == answer or (x, y) == (1.9, 1.9)


whole = st.integers(-8, 8).map(float)


@given(st.lists(st.tuples(whole, whole), min_size=3, max_size=9, unique=True), whole, whole, st.booleans())
@settings(max_examples=300)
def test_crossings_agree_with_exact_arithmetic_and_with_geos(corners, x, y, shifted):
    # corners on whole numbers: points fall on vertices and edges all the time
    xy = np.array(corners) + np.array([674_000.0, 6_580_000.0])
    px, py = x + 674_000.0 + (0.5 if shifted else 0.0), y + 6_580_000.0
    edges = np.hstack([xy, np.roll(xy, -1, axis=0)])
    found = points.crossings(px, py, edges, np.arange(len(edges), dtype=np.int32), 0, len(edges))
    exact = naive_points.inside(px, py, edges)
    assert found == exact
    polygon = shapely.Polygon(xy)
    if polygon.is_valid:
        assert shapely.intersects(polygon, shapely.Point(px, py)) == (exact > 0)


GRID = np.array([0.0, 0.0, 1.0, 12.0, 9.0])


def boxes_of(edges):
    columns = np.sort(np.clip(np.floor(edges[:, [0, 2]]), 0, 11), axis=1)
    rows = np.sort(np.clip(np.floor(edges[:, [1, 3]]), 0, 8), axis=1)
    return np.hstack([columns, rows]).astype(np.int64)


def nearest(xy, edges, limit=np.inf, order=None):
    start, items = bucket(boxes_of(edges), 12, 108)
    pick, away = np.full(len(xy), -7, np.int32), np.empty(len(xy))
    columns = np.ascontiguousarray(xy.T)
    order = np.arange(len(xy), dtype=np.int32) if order is None else np.array(order, np.int32)
    points.nearest_edges(columns[0], columns[1], order, GRID, start, items, edges, limit, pick, away)
    return pick, away


def test_nearest_edges_by_hand():
    # a level edge from (1, 1) to (3, 1), an upright one from (9, 2) to (9, 6), and the first once more
    edges = np.array([[1, 1, 3, 1], [9, 2, 9, 6], [3, 1, 1, 1]], dtype=np.float64)
    at = np.array([[2, 3.5], [5, 1], [9, 8], [8.5, 3], [2, 1], [6.0, 4.0]])
    # (2, 3.5): 2.5 above the first, and above its twin, the lower number counts; (5, 1): 2 beyond its end;
    # (9, 8): 2 above the end of the upright one; (6, 4): 3 to the upright one, sqrt(9 + 9) to the first
    pick, away = nearest(at, edges)
    assert pick.tolist() == [0, 0, 1, 1, 0, 1]
    assert away.tolist() == [2.5, 2.0, 2.0, 0.5, 0.0, 3.0]


def test_nearest_edges_stop_at_the_limit_and_leave_alone_what_is_not_asked_for():
    edges = np.array([[1, 1, 3, 1]], dtype=np.float64)
    at = np.array([[2, 3.0], [2, 3.01], [2, 2], [np.nan, np.nan]])
    pick, away = nearest(at, edges, limit=2.0, order=[1, 0])
    assert pick.tolist() == [0, -1, -7, -7]
    assert away[0] == 2.0
    assert np.isnan(away[1])


cell = st.integers(0, 890).map(lambda hundredths: hundredths / 100)


lines = st.lists(st.tuples(cell, cell, cell, cell), min_size=1, max_size=12)


@given(lines, st.lists(st.tuples(cell, cell), min_size=1))
def test_nearest_edges_agree_with_the_twin_and_with_geos(edges, at):
    edges, at = np.array(edges), np.array(at)
    pick, away = nearest(at, edges)
    drawn = shapely.linestrings(edges.reshape(-1, 2, 2))
    for number, (x, y) in enumerate(at):
        expected = naive_points.nearest_edge(x, y, edges, np.inf)[1]
        assert away[number] == pytest.approx(expected, abs=1e-9)
        assert away[number] == pytest.approx(shapely.distance(drawn, shapely.Point(x, y)).min(), abs=1e-9)
        assert pick[number] >= 0
