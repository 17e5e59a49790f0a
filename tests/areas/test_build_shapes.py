"""The pure functions of data/shapes/build.py, on a made-up country."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from regso_cluster.areas import editions


@pytest.fixture(scope="module")
def build(root):
    spec = importlib.util.spec_from_file_location("build_shapes", root / "data" / "shapes" / "build.py")
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "dont_write_bytecode", True)  # the folder is packed as it is
        patch.setitem(sys.modules, spec.name, module)  # dataclasses look it up
        spec.loader.exec_module(module)
        yield module


KM = 1000.0


def boxes(*corners):
    return np.array([shapely.box(*(KM * np.array(corner))) for corner in corners])


@pytest.fixture
def country():
    """Ten by ten kilometres to each area; land lies north of a slanting coast through the southern row.

    North row: A, B. South row: C, D, both with a coast; t is a town of 4 km2 in D; S lies at sea.
    """
    a, b, c, d, s = boxes((0, 10, 10, 20), (10, 10, 20, 20), (0, 0, 10, 10), (10, 0, 20, 10), (0, -10, 20, 0))
    t = shapely.box(14 * KM, 3.5 * KM, 16 * KM, 5.5 * KM)
    areas = np.array([a, b, c, shapely.difference(d, t), t, s])
    # Neighbours in a valid coverage have the same vertices.
    areas[0] = shapely.Polygon([(0, 10), (0, 20), (10, 20), (10, 10)])
    areas[0] = shapely.transform(areas[0], lambda xy: xy * KM)
    areas[5] = shapely.transform(shapely.Polygon([(0, -10), (0, 0), (10, 0), (20, 0), (20, -10)]), lambda xy: xy * KM)
    assert shapely.coverage_is_valid(areas)
    land = shapely.transform(shapely.Polygon([(-5, 6), (25, 7), (25, 25), (-5, 25)]), lambda xy: xy * KM)
    return areas, land


def rules(build, **changes):
    plain = {"town": 0, "reach": 0, "vanish": 0, "offshore": 0, "inland": 1.0, "bay": 0, "islet": 0}
    return build.Recipe(**(plain | changes))


def test_neighbours_of_a_square_of_four(build):
    # 1 2    Sides of 1 km; 1-4 and 2-3 meet in the middle. 5 lies apart.
    # 3 4    2 and 4 have a vertex halfway along their border.
    areas = np.array(
        [
            shapely.Polygon([(0, 1), (1, 1), (1, 2), (0, 2)]),
            shapely.Polygon([(1, 1), (1.5, 1), (2, 1), (2, 2), (1, 2)]),
            shapely.Polygon([(0, 0), (1, 0), (1, 1), (0, 1)]),
            shapely.Polygon([(1, 0), (2, 0), (2, 1), (1.5, 1), (1, 1)]),
            shapely.Polygon([(5, 5), (6, 5), (6, 6)]),
        ]
    )
    areas = shapely.transform(areas, lambda xy: xy * 1000.16)
    codes = np.array(["0001R002", "0001R001", "0001R003", "0001R004", "0001R005"])
    # Codes are not in the order of areas: the smaller code of a pair comes first all the same.
    table = build.neighbour_list(areas[[1, 0, 2, 3, 4]], np.sort(codes))
    assert table.to_numpy().tolist() == [
        ["0001R001", "0001R002", 1000.2],
        ["0001R001", "0001R003", 0.0],
        ["0001R001", "0001R004", 1000.2],
        ["0001R002", "0001R003", 1000.2],
        ["0001R002", "0001R004", 0.0],
        ["0001R003", "0001R004", 1000.2],
    ]


def test_neighbours_across_a_hole(build):
    hole = shapely.box(1, 1, 2, 3)
    around = shapely.Polygon(shapely.box(0, 0, 4, 4).exterior, [hole.exterior])
    table = build.neighbour_list(np.array([around, hole]), np.array(["a", "b"]))
    assert table.to_numpy().tolist() == [["a", "b", 6.0]]


def test_gaps_of_the_land_layer_are_closed_and_lakes_stay(build):
    layer = shapely.Polygon(
        shapely.box(0, 0, 100, 100).exterior,
        [shapely.box(10, 10, 11, 11).exterior, shapely.box(50, 50, 70, 70).exterior],
    )
    land = build.land_of(np.array([layer, shapely.box(100, 0, 200, 100)]), smallest_lake=100)
    assert land.area == 200 * 100 - 400


def test_the_coast_cuts_and_neighbours_keep_the_same_vertices(build, country):
    areas, land = country
    cut, vanishing = build.cut_to_land(areas, land, rules(build))
    assert not vanishing.any()
    assert shapely.coverage_is_valid(cut[:4])
    for area in (0, 1):
        assert shapely.equals(cut[area], areas[area])
    # The coast rises from 6 1/6 km at east 0 to 6.5 km at 10 and 6 5/6 at 20: C keeps a trapezoid, D too.
    assert shapely.area(cut[2]) / KM**2 == pytest.approx(10 * (10 - (6 + 1 / 6 + 6.5) / 2))
    assert shapely.area(cut[3]) / KM**2 == pytest.approx(10 * (10 - (6.5 + 6 + 5 / 6) / 2))
    # C and D still share a border, from the coast up.
    assert shapely.intersection(cut[2], cut[3]).length == pytest.approx(3.5 * KM)


def test_what_has_no_land_and_no_rule_stays_whole(build, country):
    areas, land = country
    cut, _ = build.cut_to_land(areas, land, rules(build))
    assert shapely.equals(cut[4], areas[4])
    assert shapely.equals(cut[5], areas[5])


def test_a_town_is_cut_beyond_the_coast(build, country):
    areas, land = country
    # The coast at the town is at 6 5/8 to 6 7/10 km: it reaches from 1.2 to 3.2 km off land.
    cut, vanishing = build.cut_to_land(areas, land, rules(build, town=5 * KM**2, reach=2 * KM))
    assert not vanishing.any()
    assert 0.3 < shapely.area(cut[4]) / shapely.area(areas[4]) < 0.5
    assert shapely.distance(cut[4], land) == pytest.approx(shapely.distance(areas[4], land))
    assert shapely.coverage_is_valid(cut[:5])
    whole, _ = build.cut_to_land(areas, land, rules(build, town=5 * KM**2, reach=4 * KM))
    assert shapely.equals(whole[4], areas[4])
    none, _ = build.cut_to_land(areas, land, rules(build, town=4 * KM**2, reach=2 * KM))  # not below 4 km2
    assert shapely.equals(none[4], areas[4])


def test_what_would_vanish_is_shown_up_to_some_way_off_the_others(build, country):
    areas, land = country
    cut, vanishing = build.cut_to_land(areas, land, rules(build, vanish=1 * KM**2, offshore=8 * KM))
    assert vanishing.tolist() == [False] * 4 + [True, True]
    assert shapely.equals(cut[4], areas[4])
    # S, 200 km2, begins 6 1/6 to 6 5/6 km from land: what is shown reaches 8 km from land.
    assert 20 < shapely.area(cut[5]) / KM**2 < 40
    assert shapely.hausdorff_distance(cut[5], land.boundary) > 0
    points = shapely.points(shapely.get_coordinates(cut[5]))
    assert shapely.distance(points, land).max() < 8.001 * KM
    assert shapely.coverage_is_valid(cut)


def test_a_town_off_the_coast_counts_as_shown(build, country):
    areas, land = country
    # S begins 3.5 km from the town, and more than 6 km from land.
    rule = {"town": 5 * KM**2, "reach": 4 * KM, "vanish": 1 * KM**2, "offshore": 3.7 * KM}
    cut, vanishing = build.cut_to_land(areas, land, rules(build, **rule))
    assert vanishing.tolist() == [False] * 5 + [True]
    assert shapely.distance(cut[5], areas[4]) == pytest.approx(3.5 * KM)
    assert 0 < shapely.area(cut[5]) / KM**2 < 1


def test_a_town_does_not_show_on_the_far_side_of_a_sound(build, country):
    areas, land = country
    south = shapely.box(-5 * KM, -10 * KM, 25 * KM, 2.5 * KM)
    # Within 1.3 km of land are two strips of the town, neither with land: the southern, 0.3 km, is wider.
    both = shapely.union_all([land, south])
    cut, _ = build.cut_to_land(areas, both, rules(build, town=5 * KM**2, reach=1.3 * KM))
    assert shapely.area(cut[4]) / KM**2 == pytest.approx(0.6)


def test_half_of_a_small_area_is_enough(build, country):
    areas, land = country
    # The town lies 1.2 to 3.2 km off land. Within 2.5 km is 65 % of it, 2.6 km2: less than 3, more than half.
    rule = {"town": 5 * KM**2, "vanish": 3 * KM**2, "offshore": 1 * KM}
    _, vanishing = build.cut_to_land(areas, land, rules(build, reach=2.5 * KM, **rule))
    assert not vanishing[4]
    _, vanishing = build.cut_to_land(areas, land, rules(build, reach=2 * KM, **rule))
    assert vanishing[4]


def test_a_border_on_land_is_that_of_the_areas(build, country):
    areas, land = country
    short = shapely.intersection(land, shapely.box(0.5 * KM, 0, 25 * KM, 25 * KM))  # the layer ends 500 m too early
    plain, _ = build.cut_to_land(areas, short, rules(build))
    assert shapely.area(plain[0]) / KM**2 == pytest.approx(95)
    kept, _ = build.cut_to_land(areas, short, rules(build, inland=0.9))
    assert shapely.equals(kept[0], areas[0])
    # C, mostly sea, is cut as before.
    assert shapely.area(kept[2]) == pytest.approx(shapely.area(plain[2]))
    strict, _ = build.cut_to_land(areas, short, rules(build, inland=0.96))
    assert shapely.area(strict[0]) == pytest.approx(shapely.area(plain[0]))


def test_a_lake_inland_is_cut_out_unless_it_is_small(build, country):
    areas, land = country
    lake = shapely.difference(land, shapely.box(2 * KM, 14 * KM, 4 * KM, 15 * KM))
    cut, _ = build.cut_to_land(areas, lake, rules(build, inland=0.9, bay=1 * KM**2))
    assert shapely.area(cut[0]) / KM**2 == pytest.approx(98)
    cut, _ = build.cut_to_land(areas, lake, rules(build, inland=0.9, bay=3 * KM**2))
    assert shapely.equals(cut[0], areas[0])


def test_crumbs_are_dropped_and_islands_stay(build, country):
    areas, land = country
    island, crumb = boxes((4, 1, 6, 2), (2, 1, 2.2, 1.2))
    archipelago = shapely.union_all([land, island, crumb])
    cut, _ = build.cut_to_land(areas, archipelago, rules(build, islet=0.1 * KM**2))
    assert len(shapely.get_parts(cut[2])) == 2
    cut, _ = build.cut_to_land(areas, archipelago, rules(build, islet=0.01 * KM**2))
    assert len(shapely.get_parts(cut[2])) == 3
    # An area that is nothing but a crumb keeps it.
    cut, _ = build.cut_to_land(areas, crumb, rules(build, islet=1 * KM**2))
    assert shapely.area(cut[2]) == pytest.approx(0.04 * KM**2)


def test_simplified_areas_lie_on_the_grid_and_stay_neighbours(build, country):
    areas, land = country
    cut, _ = build.cut_to_land(areas, land, rules(build, town=5 * KM**2, reach=2 * KM))
    simple = build.simplify(cut, build.Recipe(tolerance=100.0))
    assert shapely.coverage_is_valid(simple)
    assert shapely.is_valid(simple).all()
    coordinates = shapely.get_coordinates(simple)
    assert (coordinates == np.round(coordinates)).all()
    assert len(coordinates) < shapely.get_num_coordinates(cut).sum()
    assert shapely.area(simple) == pytest.approx(shapely.area(cut), rel=0.01)


def test_where_rounding_would_spoil_an_outline_it_is_left_as_it_was(build):
    # Rounded to 10 m, the strip of 4 m between both is nothing, and the upper area falls on the lower.
    lower = shapely.Polygon([(0, 0), (100, 0), (100, 51), (0, 51)])
    strip = shapely.Polygon([(0, 51), (100, 51), (100, 54), (0, 54)])
    far = shapely.box(1001, 1001, 1102, 1102)
    result = build.simplify(np.array([lower, strip, far]), build.Recipe(tolerance=0.0, grid=10.0))
    assert shapely.is_valid(result).all()
    assert shapely.coverage_is_valid(result)
    assert shapely.area(result[1]) == 300
    assert shapely.bounds(result[2]).tolist() == [1000, 1000, 1100, 1100]


def test_rounding_lets_no_area_slip_under_another(build):
    # The corner of the upper area, 90 cm above the slope of the lower, would come to lie 5 m below it.
    lower = shapely.Polygon([(0, 0), (100, 7), (100, -50), (0, -50)])
    upper = shapely.Polygon([(50, 4.4), (60, 50), (40, 50)])
    result = build.simplify(np.array([lower, upper]), build.Recipe(tolerance=0.0, grid=10.0))
    assert shapely.coverage_is_valid(result)
    assert shapely.area(shapely.intersection(*result)) == 0
    assert shapely.area(result[1]) == shapely.area(upper)


@given(seed=st.integers(0, 10_000))
def test_any_patchwork_stays_a_coverage_when_cut_and_simplified(build, seed):
    random = np.random.default_rng(seed)
    seeds = shapely.multipoints(random.uniform(0, 20 * KM, (25, 2)))
    square = shapely.box(0, 0, 20 * KM, 20 * KM)
    cells = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=square))
    angle = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    radius = random.uniform(5 * KM, 12 * KM, 30)
    coast = shapely.Polygon(10 * KM + radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]))
    recipe = build.Recipe(town=8 * KM**2)
    cut, _ = build.cut_to_land(cells, shapely.make_valid(coast), recipe)
    simple = build.simplify(cut, recipe)
    assert len(simple) == len(cells)
    assert not shapely.is_empty(simple).any()
    assert shapely.is_valid(simple).all()
    assert shapely.coverage_is_valid(simple)
    inside = shapely.area(shapely.intersection(simple, cells)) / shapely.area(simple)
    assert inside.min() > 0.98


def test_waters_are_what_the_cutting_took(build, country):
    areas, land = country
    recipe = rules(build, tolerance=0.0, grid=1.0, islet=0)
    cut, _ = build.cut_to_land(areas, land, recipe)
    waters = build.waters_of(areas, cut, recipe)
    # the two northern areas lie on land alone; of the town and the area at sea nothing is land, and they stay whole
    assert shapely.is_empty(waters).tolist() == [True, True, False, False, True, True]
    assert shapely.area(waters) + shapely.area(cut) == pytest.approx(shapely.area(areas), rel=1e-3)
    assert (shapely.area(shapely.intersection(waters, cut)) < 20 * KM).all()  # rounded to whole metres
    # a crumb below 100 m by 100 m is no water
    less = areas.copy()
    less[0] = shapely.difference(areas[0], shapely.box(2 * KM, 12 * KM, 2.09 * KM, 12.09 * KM))
    assert shapely.is_empty(build.waters_of(areas, less, recipe)).all()


def test_a_wheel_with_another_hash_is_refused(build, tmp_path):
    wheel = tmp_path / "duva-0.3.5-py3-none-any.whl"
    wheel.write_bytes(b"something else")
    with pytest.raises(SystemExit, match="expected SHA-256"):
        build.read_wheel(wheel, tmp_path)


def test_names_of_lan_are_those_shipped(build):
    table = editions.area_names(2025).drop_duplicates("lan")
    assert dict(zip(table["lan"], table["lan_name"], strict=True)) == build.LAN_NAMES
    assert len(build.LAN_NAMES) == 21
