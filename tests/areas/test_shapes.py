from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely

from regso_cluster.areas.editions import area_names, code_set
from regso_cluster.areas.shapes import load_neighbours, load_shapes, neighbour_arrays
from regso_cluster.errors import InputError


@pytest.fixture(scope="module")
def shapes():
    return load_shapes()


def test_every_area_has_a_valid_outline_in_the_order_of_codes(shapes):
    assert tuple(shapes["regso"]) == code_set(2025)
    assert shapes.crs.to_epsg() == 3006
    assert shapes.is_valid.all()
    assert not shapes.is_empty.any()
    assert set(shapes.geom_type) <= {"Polygon", "MultiPolygon"}
    pd.testing.assert_frame_equal(pd.DataFrame(shapes.drop(columns="geometry")), area_names(2025))


def test_outlines_fit_together_without_gap_or_overlap(shapes):
    outlines = shapes.geometry.to_numpy()
    assert shapely.coverage_is_valid(outlines)
    assert shapes.area.min() > 40_000  # 4 ha: nothing is a speck


def test_the_map_looks_like_sweden(shapes):
    # With territorial waters 531,925 km2; official land and lakes 447,425, less Vänern, Vättern, Mälaren ...
    assert 430e9 < shapes.area.sum() < 445e9
    by_code = shapes.set_index("regso")
    # Vänern and the open sea belong to areas, but are not drawn.
    for east, north in [(390_000, 6_530_000), (740_000, 6_560_000), (300_000, 6_380_000)]:
        assert not by_code.contains(shapely.Point(east, north)).any()
    # The town areas that a coarse coast would cut away, and skerries, are there.
    for code in ["1283R006", "1280R080", "1480R137", "0187R004", "2506R002"]:
        assert by_code.area[code] > 0.3e6


def test_files_are_small(root):
    sizes = [path.stat().st_size for path in (root / "data" / "shapes").glob("*.parquet")]
    assert len(sizes) == 3
    assert sum(sizes) < 5_000_000


def test_neighbours_are_ordered_pairs_of_known_areas():
    pairs = load_neighbours()
    assert len(pairs) == 9203
    assert (pairs["regso_a"] < pairs["regso_b"]).all()
    assert pairs[["regso_a", "regso_b"]].equals(pairs[["regso_a", "regso_b"]].sort_values(["regso_a", "regso_b"]))
    assert set(pairs["regso_a"]) | set(pairs["regso_b"]) == set(code_set(2025))
    assert (pairs["shared_m"] == 0).sum() == 479


def test_neighbours_equal_the_list_made_by_others(shared):
    key = ["regso_a", "regso_b"]
    theirs = pd.read_csv(shared / "data/geo/regso_2025_adjacency.csv").sort_values(key, ignore_index=True)
    ours = load_neighbours()
    assert ours[key].to_numpy().tolist() == theirs[key].to_numpy().tolist()
    assert ours["shared_m"].to_numpy().tolist() == theirs["shared_m"].to_numpy().tolist()


def test_areas_that_touch_on_the_map_are_neighbours_or_a_few_corners(shapes):
    outlines = shapes.geometry.to_numpy()
    first, second = shapely.STRtree(outlines).query(outlines, predicate="touches")
    codes = shapes["regso"].to_numpy()
    shown = {(codes[a], codes[b]) for a, b in zip(first, second, strict=True) if a < b}
    pairs = load_neighbours()
    real = set(zip(pairs["regso_a"], pairs["regso_b"], strict=True))
    assert len(real - shown) < 400  # meet only at sea
    invented = [(a, b) for a, b in shown - real]
    by_code = shapes.set_index("regso").geometry
    lengths = [by_code[a].intersection(by_code[b]).length for a, b in invented]
    assert len(invented) < 20  # two corners a few metres apart became one
    assert max(lengths, default=0) < 100


def test_arrays_hold_each_pair_in_both_rows():
    codes = code_set(2025)
    indptr, indices, shared_m = neighbour_arrays(codes)
    assert (indptr.dtype, indices.dtype, shared_m.dtype) == (np.int64, np.int64, np.float64)
    assert indptr[-1] == len(indices) == len(shared_m) == 2 * 9203
    assert np.diff(indptr).min() >= 1
    rows = np.repeat(np.arange(len(codes)), np.diff(indptr))
    links = dict(zip(zip(rows.tolist(), indices.tolist(), strict=True), shared_m.tolist(), strict=True))
    assert all(links[b, a] == metres for (a, b), metres in links.items())
    for area in (0, 1000, 3362):
        mine = indices[indptr[area] : indptr[area + 1]]
        assert (np.diff(mine) > 0).all()


def test_arrays_follow_the_order_of_the_codes_and_leave_out_what_is_not_asked_for():
    # From the list: R001-R003 2078.6 m, R001-R004 2866.6, R003-R004 1073.1, R003-R012 in a point.
    answer = neighbour_arrays(["0114R012", "0114R004", "0114R003", "0114R001"])
    assert answer.indptr.tolist() == [0, 1, 3, 6, 8]
    assert answer.indices.tolist() == [2, 2, 3, 0, 1, 3, 1, 2]
    assert answer.shared_m.tolist() == [0.0, 1073.1, 2866.6, 0.0, 1073.1, 2078.6, 2866.6, 2078.6]


def test_corners_can_be_left_out():
    answer = neighbour_arrays(["0114R012", "0114R004", "0114R003", "0114R001"], touching=False)
    assert answer.indptr.tolist() == [0, 0, 2, 4, 6]
    assert len(neighbour_arrays(code_set(2025), touching=False).indices) == 2 * (9203 - 479)


def test_no_areas_have_no_neighbours():
    answer = neighbour_arrays([])
    assert answer.indptr.tolist() == [0]
    assert answer.indices.size == answer.shared_m.size == 0


def test_all_unknown_and_repeated_codes_are_told():
    with pytest.raises(InputError) as error:
        neighbour_arrays(["2584R001", "0114R001", "0114R001", "x", float("nan")])
    text = str(error.value)
    assert len(error.value.faults) == 4
    assert "2584R001" in text
    assert "other editions" in text
    assert "0114R001: an area given twice" in text
