"""The crosswalk: a made-up pair of editions worked out by hand, random partitions, real DeSO and RegSO."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from regso_cluster.areas import _overlay
from regso_cluster.areas.crosswalk import Rules, build_crosswalk, mark_areas
from regso_cluster.areas.crosswalk_cache import cached_crosswalk
from regso_cluster.areas.moved_counts import move_counts, unmovable
from regso_cluster.areas.shapes import load_shapes
from regso_cluster.errors import InputError
from regso_cluster.factors.rates import rate
from regso_cluster.method import load_method

KM = 1000.0


def layer(areas: dict[str, tuple[float, float, float, float]], **columns) -> gpd.GeoDataFrame:
    shapes = [shapely.box(*(KM * edge for edge in box)) for box in areas.values()]
    return gpd.GeoDataFrame({"regso": list(areas), **columns}, geometry=shapes, crs=3006)


def land_of(*boxes: tuple[float, float, float, float]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=[shapely.box(*(KM * edge for edge in box)) for box in boxes], crs=3006)


def people_at(points: dict[tuple[float, float], float]) -> gpd.GeoDataFrame:
    shapes = [shapely.Point(KM * x, KM * y) for x, y in points]
    return gpd.GeoDataFrame({"population": list(points.values())}, geometry=shapes, crs=3006)


def table(crosswalk) -> dict[tuple[str, str], float]:
    rows = crosswalk.shares
    return dict(zip(zip(rows["old"], rows["new"], strict=True), rows["share"], strict=True))


# Two rows of areas, each 4 x 4 km but G. Above: A  B  C  D  E. Below: F  G (8 km wide)  H  I.
#   A stays. B and C become one, under the code of B; C is used again, for the ground of H, which ends.
#   D gives 1 km of 4 to E. F gets another code, N. G is split in two halves: G and M. I stays.
OLD = {
    "A": (0, 4, 4, 8), "B": (4, 4, 8, 8), "C": (8, 4, 12, 8), "D": (12, 4, 16, 8), "E": (16, 4, 20, 8),
    "F": (0, 0, 4, 4), "G": (4, 0, 12, 4), "H": (12, 0, 16, 4), "I": (16, 0, 20, 4),
}  # fmt: skip
NEW = {
    "A": (0, 4, 4, 8), "B": (4, 4, 12, 8), "D": (12, 4, 15, 8), "E": (15, 4, 20, 8),
    "N": (0, 0, 4, 4), "G": (4, 0, 8, 4), "M": (8, 0, 12, 4), "C": (12, 0, 16, 4), "I": (16, 0, 20, 4),
}  # fmt: skip
BY_AREA = {
    ("A", "A"): 1, ("B", "B"): 1, ("C", "B"): 1, ("D", "D"): 0.75, ("D", "E"): 0.25, ("E", "E"): 1,
    ("F", "N"): 1, ("G", "G"): 0.5, ("G", "M"): 0.5, ("H", "C"): 1, ("I", "I"): 1,
}  # fmt: skip
# code: comparable, from elsewhere, left the code, change, predecessor. E is 16 of its old ground in 20.
MARKS = {
    "A": (True, 0, 0, "none", "A"),
    "B": (False, 0.5, 0, "border", "B"),
    "C": (False, 1, 1, "reused", "H"),
    "D": (False, 0, 0.25, "border", "D"),
    "E": (False, 0.2, 0, "border", "E"),
    "G": (False, 0, 0.5, "border", "G"),
    "I": (True, 0, 0, "none", "I"),
    "M": (False, 1, np.nan, "new", "G"),
    "N": (False, 1, np.nan, "code", "F"),
}


def counts(codes=OLD) -> pd.DataFrame:
    random = np.random.default_rng(4)
    return pd.DataFrame(
        random.integers(0, 4000, (len(codes), 3)).astype(float), index=list(codes), columns=["p", "q", "r"]
    )


def check_marks(marks: pd.DataFrame, expected=MARKS) -> None:
    wanted = pd.DataFrame.from_dict(
        expected, orient="index", columns=["comparable", "elsewhere", "left", "change", "predecessor"]
    )
    got = marks[wanted.columns]
    assert got.index.tolist() == sorted(expected)
    for column in ("comparable", "change", "predecessor"):
        assert got[column].tolist() == wanted[column].tolist(), column
    for column in ("elsewhere", "left"):
        np.testing.assert_allclose(got[column], wanted[column].astype(float), atol=1e-12)


def test_a_pair_of_editions_by_area():
    crosswalk = build_crosswalk(layer(OLD), layer(NEW))
    assert crosswalk.weighting == "area"
    assert table(crosswalk) == pytest.approx(BY_AREA, abs=1e-12)
    assert crosswalk.shares.groupby("old")["share"].sum().to_numpy() == pytest.approx(np.ones(9), abs=1e-15)
    assert crosswalk.notes == ()
    check_marks(mark_areas(crosswalk))
    assert mark_areas(crosswalk)["sources"].to_dict() == {code: 2 if code in "BE" else 1 for code in NEW}


def test_every_count_is_conserved_and_goes_where_the_ground_went():
    given_counts = counts()
    moved, status = move_counts(given_counts, build_crosswalk(layer(OLD), layer(NEW)))
    np.testing.assert_allclose(moved.sum(), given_counts.sum(), rtol=0, atol=1e-9)
    old = given_counts["p"]
    expected = {
        "A": old["A"], "B": old["B"] + old["C"], "C": old["H"], "D": 0.75 * old["D"], "E": old["E"] + 0.25 * old["D"],
        "G": 0.5 * old["G"], "I": old["I"], "M": 0.5 * old["G"], "N": old["F"],
    }  # fmt: skip
    assert moved["p"].to_dict() == pytest.approx(expected, abs=1e-9)
    assert (status == "observed").all(axis=None)


def test_residents_weigh_where_they_live():
    # All 100 of G live in its west but 10; of D nobody lives in the strip; E has nobody: by area, all goes to E.
    above = {(2, 6): 50, (6, 6): 30, (10, 6): 10, (13, 6): 40}
    people = people_at(above | {(2, 2): 5, (6, 2): 90, (10, 2): 10, (14, 2): 7, (18, 2): 9})
    crosswalk = build_crosswalk(layer(OLD), layer(NEW), population=people)
    assert crosswalk.weighting == "population"
    expected = BY_AREA | {("D", "D"): 1, ("D", "E"): 0, ("G", "G"): 0.9, ("G", "M"): 0.1}
    assert table(crosswalk) == pytest.approx(expected, abs=1e-12)
    assert crosswalk.old["weighted_by"].to_dict() == {code: "area" if code == "E" else "population" for code in OLD}
    assert crosswalk.new.loc["E", "weighted_by"] == "area"
    assert any("1 old area weighted by area" in note for note in crosswalk.notes)
    # B: 10 of 40 residents lived in C. D: nobody moved, though the border did. E, empty, goes by area.
    marks = mark_areas(crosswalk)
    assert marks.loc["B", "elsewhere"] == pytest.approx(0.25)
    assert marks.loc["D"].tolist()[:4] == [True, 0, 0, "none"]
    assert marks.loc["E", "elsewhere"] == pytest.approx(0.2)
    assert marks.loc["G", "left"] == pytest.approx(0.1)
    assert not mark_areas(crosswalk, threshold=0.1 - 1e-6).loc["G", "comparable"]
    assert mark_areas(crosswalk, threshold=0.1 + 1e-6).loc["G", "comparable"]


def test_the_threshold_itself_counts_as_the_same():
    crosswalk = build_crosswalk(layer(OLD), layer(NEW))
    marks = mark_areas(crosswalk, threshold=0.25)
    assert marks.loc["D", "left"] == 0.25
    assert marks["comparable"].to_dict() == {code: code in "ADEI" for code in NEW}


def test_residents_by_polygon_are_spread_over_their_land():
    # One cell of 100 over D and E, 13 to 17 km. Land ends at 16.5: D has 3 km of it, 0.5 km are in E.
    # In the new edition 2 km lie in D, 1.5 km in E.
    cell = layer({"x": (13, 5, 17, 6)}, population=[70.0])
    old, new = ({code: box for code, box in one.items() if code in "DE"} for one in (OLD, NEW))
    crosswalk = build_crosswalk(layer(old), layer(new), population=cell, land=land_of((0, 0, 16.5, 10)))
    assert crosswalk.old["residents"].to_dict() == pytest.approx({"D": 60, "E": 10})
    assert crosswalk.new["residents"].to_dict() == pytest.approx({"D": 40, "E": 30})
    assert table(crosswalk) == pytest.approx({("D", "D"): 2 / 3, ("D", "E"): 1 / 3, ("E", "E"): 1})
    assert crosswalk.old["ground_m2"].to_dict() == pytest.approx({"D": 16 * KM**2, "E": 2 * KM**2})
    # without land 3 km of 4 are in D, 2 of these stay there
    plain = build_crosswalk(layer(old), layer(new), population=cell)
    assert plain.old["residents"].to_dict() == pytest.approx({"D": 52.5, "E": 17.5})
    assert table(plain)["D", "D"] == pytest.approx(2 / 3)


def test_area_is_that_over_land():
    # G is land in its west and on 1 km of its east: 16 and 4 km2.
    land = land_of((0, 0, 8, 8), (8, 4, 20, 8), (8, 0, 9, 4))
    crosswalk = build_crosswalk(layer(OLD), layer(NEW), land=land)
    assert crosswalk.weighting == "land"
    assert table(crosswalk) == pytest.approx(BY_AREA | {("G", "G"): 0.8, ("G", "M"): 0.2}, abs=1e-12)
    # H and I are all water: by their area, and it says so
    assert crosswalk.old["weighted_by"].to_dict() == {code: "area" if code in "HI" else "land" for code in OLD}


def test_an_area_that_grows_out_to_sea_stays_comparable_over_land():
    old, new = layer({"A": (0, 0, 4, 4)}), layer({"A": (0, 0, 9, 4)})
    marks = mark_areas(build_crosswalk(old, new, land=land_of((0, 0, 4, 4))))
    assert marks.loc["A", "comparable"]
    bare = build_crosswalk(old, new)
    assert mark_areas(bare).loc["A", "elsewhere"] == pytest.approx(5 / 9)
    assert any("the old layer does not hold" in note for note in bare.notes)
    # the other way round the old area has ground that nobody takes over
    with pytest.raises(InputError, match=r"does not cover .*at least 99.0% of its ground, got 44.4%.*land layer"):
        build_crosswalk(new, old)
    assert table(build_crosswalk(new, old, land=land_of((0, 0, 4, 4)))) == {("A", "A"): 1.0}


def test_residents_without_an_area_are_refused_or_told():
    old, new = layer({"A": (0, 0, 100, 4)}), layer({"A": (0, 0, 99.5, 4)})
    people = people_at({(1, 1): 90, (99.8, 1): 10, (200, 1): 3})
    with pytest.raises(InputError, match=r"at least 99.0% of its residents, got 90.0%"):
        build_crosswalk(old, new, population=people)
    crosswalk = build_crosswalk(old, new, population=people, rules=Rules(coverage=0.9))
    assert table(crosswalk) == {("A", "A"): 1.0}
    assert any(note.startswith("3 residents") for note in crosswalk.notes)
    assert any("new layer, 90.00%: renormalised" in note for note in crosswalk.notes)


@pytest.mark.parametrize("people", [{(2, 2): 0.0, (6, 6): 0.0}, {(500, 500): 90.0}])
def test_a_layer_of_population_with_nobody_in_the_areas_is_refused(people):
    """All would be weighed by area while the summary says population."""
    with pytest.raises(InputError, match="no residents in any area"):
        build_crosswalk(layer(OLD), layer(NEW), population=people_at(people))


def test_slivers_are_dropped_and_the_rest_renormalised():
    old = layer({"A": (0, 0, 4, 4), "B": (4, 0, 8, 4)})
    new = layer({"A": (0, 0, 4.002, 4), "B": (4.002, 0, 8, 4)})  # 2 m of 4 km: 0.0005
    crosswalk = build_crosswalk(old, new)
    assert table(crosswalk) == {("A", "A"): 1.0, ("B", "B"): 1.0}
    assert crosswalk.old["dropped"].to_dict() == pytest.approx({"A": 0, "B": 0.0005})
    assert crosswalk.notes[0].startswith("1 sliver below 0.001")
    marks = mark_areas(crosswalk, threshold=0.0)
    assert marks["comparable"].all()
    strict = build_crosswalk(old, new, rules=Rules(sliver=0.0004))
    assert table(strict)["B", "A"] == pytest.approx(0.0005)
    # a sliver of ground with residents is none
    people = people_at({(2, 2): 98, (6, 2): 98, (4.001, 2): 2})
    lived_in = build_crosswalk(old, new, population=people)
    assert table(lived_in)["B", "A"] == pytest.approx(0.02)


def test_a_small_area_cut_from_a_large_one_is_no_sliver():
    old = layer({"A": (0, 0, 100, 100)})
    new = gpd.GeoDataFrame(
        {"regso": ["A", "B"]},
        geometry=[shapely.box(0, 0, 1e5, 1e5) - shapely.box(0, 0, 2e3, 2e3), shapely.box(0, 0, 2e3, 2e3)],
        crs=3006,
    )
    assert table(build_crosswalk(old, new))["A", "B"] == pytest.approx(0.0004)


def test_of_slivers_alone_the_largest_stays():
    # A, 1 km deep, goes to P, Q, R by 4, 3 and 3 tenths, each of which is nearly all Z.
    old = layer({"A": (0, 30, 10, 31), "Z": (0, 0, 10, 30)})
    new = layer({"P": (0, 0, 4, 31), "Q": (4, 0, 7, 31), "R": (7, 0, 10, 31)})
    shares = table(build_crosswalk(old, new, rules=Rules(sliver=0.45)))
    assert shares == pytest.approx({("A", "P"): 1, ("Z", "P"): 0.4, ("Z", "Q"): 0.3, ("Z", "R"): 0.3})


def test_who_lives_on_a_border_is_counted_once():
    crosswalk = build_crosswalk(layer(OLD), layer(NEW), population=people_at({(4, 6): 8, (2, 6): 2, (8, 4): 5}))
    assert crosswalk.shares["residents"].sum() == 15
    assert crosswalk.old.loc["A", "residents"] == 10


def test_a_cell_that_hangs_over_the_edge():
    # 99.5 % of the first cell lie in A: all live there. Of the second a half: half of them.
    one = layer({"A": (0, 0, 4, 4)})
    cells = layer({"x": (2, 0, 4.01, 1), "y": (3, 2, 5, 3)}, population=[200.0, 100.0])
    crosswalk = build_crosswalk(one, one, population=cells)
    assert crosswalk.old.loc["A", "residents"] == pytest.approx(250)
    assert crosswalk.notes == ("50 residents of the layer of population live outside both layers",)


def test_unobserved_parts_make_the_whole_unobserved():
    crosswalk = build_crosswalk(layer(OLD), layer(NEW))
    given_counts = counts()[["p", "q"]]
    status = pd.DataFrame("observed", index=given_counts.index, columns=given_counts.columns)
    given_counts.loc["D", "p"], status.loc["D", "p"] = np.nan, "suppressed"
    given_counts.loc["B", "p"], status.loc["B", "p"] = np.nan, "missing"
    before = given_counts.copy()
    moved, marks = move_counts(given_counts.drop("F"), crosswalk, status=status)
    pd.testing.assert_frame_equal(given_counts, before)
    assert marks["p"].to_dict() == {
        "A": "observed", "B": "missing", "C": "observed", "D": "suppressed", "E": "suppressed", "G": "observed",
        "I": "observed", "M": "observed", "N": "missing",
    }  # fmt: skip
    assert (marks["q"] == "observed").tolist() == [True] * 8 + [False]
    assert (moved.isna() == (marks != "observed")).all(axis=None)
    # without a status NaN is missing
    assert move_counts(given_counts, crosswalk)[1].loc["E", "p"] == "missing"


def test_a_part_without_residents_neither_hides_nor_adds():
    people = people_at({(13, 6): 40, (18, 6): 20})
    old, new = ({code: box for code, box in one.items() if code in "DE"} for one in (OLD, NEW))
    crosswalk = build_crosswalk(layer(old), layer(new), population=people)
    moved, status = move_counts(pd.DataFrame({"p": [np.nan, 20.0]}, index=["D", "E"]), crosswalk)
    assert moved["p"]["E"] == 20
    assert status["p"].tolist() == ["missing", "observed"]


def test_a_new_area_on_new_ground_is_missing_not_zero():
    crosswalk = build_crosswalk(layer({"A": (0, 0, 4, 4)}), layer({"A": (0, 0, 4, 4), "B": (4, 0, 8, 4)}))
    moved, status = move_counts(pd.DataFrame({"p": [7.0]}, index=["A"]), crosswalk)
    assert status["p"].tolist() == ["observed", "missing"]
    assert np.isnan(moved["p"]["B"])
    assert mark_areas(crosswalk).loc["B", ["change", "sources", "elsewhere"]].tolist() == ["new", 0, 1.0]


def test_rates_are_made_anew_and_never_moved():
    crosswalk = build_crosswalk(layer({"A": (0, 0, 4, 4), "B": (4, 0, 8, 4)}), layer({"A": (0, 0, 8, 4)}))
    # 10 of 100 and 30 of 60 are 40 of 160, 25 per cent; the mean of the rates would be 30
    both = pd.DataFrame({("f", "numerator"): [10.0, 30.0], ("f", "denominator"): [100.0, 60.0]}, index=["A", "B"])
    moved, _ = move_counts(both, crosswalk)
    assert rate(moved["f", "numerator"], moved["f", "denominator"], "per cent").tolist() == [25.0]
    rates = pd.DataFrame({("f", "value"): [10.0, 50.0]}, index=["A", "B"])
    with pytest.raises(InputError, match=r"a rate cannot be moved.*made from moved counts"):
        move_counts(rates, crosswalk)
    factors = load_method("imd-2025").factors
    assert [fault.where for fault in unmovable(factors)] == [
        f"factor {factor.key}, column {factor.value}" for factor in factors if factor.value
    ]
    assert unmovable(factors)


def test_counts_of_other_areas_are_refused():
    crosswalk = build_crosswalk(layer({"A": (0, 0, 4, 4)}), layer({"A": (0, 0, 4, 4)}))
    with pytest.raises(InputError, match=r"code B: an area that the crosswalk does not know") as caught:
        move_counts(pd.DataFrame({"p": [1.0, 2.0, 3.0]}, index=["A", "A", "B"]), crosswalk)
    assert len(caught.value.faults) == 2


def test_every_fault_of_the_layers_at_once():
    old = layer({"A": (0, 0, 4, 4), "B": (4, 0, 8, 4)})
    new = layer({"A": (0, 0, 4, 4), "B": (4, 0, 8, 4), "C": (0, 0, 1, 1), "D": (0, 0, 1, 1), "E": (0, 0, 1, 1)})
    new["regso"] = ["A", "A", None, "D", "E"]
    new.loc[3, "geometry"], new.loc[4, "geometry"] = None, shapely.Point(0, 0)
    people = people_at({(1, 1): 3.0, (2, 2): np.nan, (3, 3): -1.0})
    with pytest.raises(InputError) as caught:
        build_crosswalk(old, new, population=people, land=land_of((0, 0, 1, 1)).to_crs(4326))
    said = [fault.what for fault in caught.value.faults]
    assert said == [
        "an empty code", "a code stands twice", "no usable shape", "no usable shape", "no count of residents",
        "no count of residents", "no projected coordinate system",
    ]  # fmt: skip
    with pytest.raises(InputError, match="another coordinate system"):
        build_crosswalk(old, old.to_crs(3021))
    with pytest.raises(InputError, match="column 'regso'"):
        build_crosswalk(old, old.rename(columns={"regso": "code"}))
    with pytest.raises(InputError, match="no rows"):
        build_crosswalk(old, old.iloc[:0])
    mixed = pd.concat([people_at({(1, 1): 3.0}), layer({"x": (0, 0, 1, 1)}, population=[1.0])])
    with pytest.raises(InputError, match="points and polygons in one layer"):
        build_crosswalk(old, old, population=mixed)


def test_overlaps_are_refused():
    plain = layer({"A": (0, 0, 4, 4), "B": (4, 0, 8, 4)})
    lapping = layer({"A": (0, 0, 5, 4), "B": (4, 0, 8, 4)})
    with pytest.raises(InputError, match=r"the new layer, around B: areas overlap \(got 125.0%\)"):
        build_crosswalk(plain, lapping)
    with pytest.raises(InputError, match="the old layer, around B: areas overlap"):
        build_crosswalk(lapping, plain)
    with pytest.raises(InputError, match="polygons of the land layer overlap"):
        build_crosswalk(plain, plain, land=land_of((0, 0, 4, 4), (3, 0, 8, 4)))


def test_an_overlap_between_unchanged_areas_is_seen():
    lapping = layer({"A": (0, 0, 5, 4), "B": (4, 0, 8, 4)})
    with pytest.raises(InputError, match="areas overlap"):
        build_crosswalk(lapping, lapping)


def test_a_shape_that_crosses_itself_is_repaired_and_told():
    old = layer({"A": (0, 0, 4, 4)})
    bow = shapely.Polygon([(0, 0), (4000, 0), (4000, 4000), (0, 4000), (0, 0), (-1, -1), (0, 0)])
    assert not bow.is_valid
    crosswalk = build_crosswalk(old, old.set_geometry([bow]))
    assert table(crosswalk) == {("A", "A"): 1.0}
    assert crosswalk.notes == ("1 shape of the layer 'new' was not valid and was repaired",)


def test_rules_that_make_no_sense():
    with pytest.raises(ValueError, match="sliver must lie"):
        Rules(sliver=0.5)
    with pytest.raises(ValueError, match="sliver must lie"):
        Rules(coverage=0)


def same(first, second) -> None:
    for name in ("shares", "old", "new"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name), check_exact=True)
    assert (first.weighting, first.sources, first.rules) == (second.weighting, second.sources, second.rules)


def test_the_order_of_rows_does_not_matter():
    people = people_at({(x + 0.5, y + 0.5): 1 + x * y for x in range(20) for y in range(8)})
    land = land_of((0, 0, 13, 8), (13, 0, 20, 7))
    first = build_crosswalk(layer(OLD), layer(NEW), population=people, land=land)
    second = build_crosswalk(
        layer(OLD).sample(frac=1, random_state=1), layer(NEW).iloc[::-1], population=people, land=land
    )
    same(first, second)


@settings(max_examples=40)
@given(seed=st.integers(0, 100_000), old_areas=st.integers(1, 12), new_areas=st.integers(1, 12))
def test_any_two_partitions_of_a_grid(seed, old_areas, new_areas):
    random = np.random.default_rng(seed)
    cells = [shapely.box(x * 500, y * 500, x * 500 + 500, y * 500 + 500) for x in range(6) for y in range(5)]
    first, second = (np.array([f"R{code:02}" for code in random.integers(0, n, 30)]) for n in (old_areas, new_areas))
    people = random.integers(0, 4, 30).astype(float)
    old, new = (
        gpd.GeoDataFrame({"regso": codes}, geometry=cells, crs=3006).dissolve("regso", as_index=False)
        for codes in (first, second)
    )
    grid = gpd.GeoDataFrame({"population": people}, geometry=cells, crs=3006)
    points = grid.set_geometry(grid.centroid)
    naive = pd.crosstab(first, second, values=people, aggfunc="sum").fillna(0.0)
    size = pd.crosstab(first, second)
    weight = naive.where(naive.sum(axis=1) > 0, size)
    expected = weight.div(weight.sum(axis=1), axis=0)
    for layer_of_people in (grid, points):
        crosswalk = build_crosswalk(old, new, population=layer_of_people)
        got = crosswalk.shares.pivot(index="old", columns="new", values="share").fillna(0.0)
        np.testing.assert_allclose(got, expected, atol=1e-9)
        assert ((got > 0) <= (size > 0).to_numpy()).all(axis=None)
    by_area = build_crosswalk(old, new)
    got = by_area.shares.pivot(index="old", columns="new", values="share").fillna(0.0)
    np.testing.assert_allclose(got, size.div(size.sum(axis=1), axis=0), atol=1e-9)
    residents = pd.DataFrame({"p": random.uniform(0, 1e4, len(old))}, index=old["regso"])
    for either in (crosswalk, by_area):
        moved, _ = move_counts(residents, either)
        assert moved["p"].sum() == pytest.approx(residents["p"].sum(), abs=1e-9)
    # an area is comparable just when it holds the same cells as before
    marks = mark_areas(by_area, threshold=1e-9)
    for code, row in marks.iterrows():
        assert row["comparable"] == ((first == code) == (second == code)).all()


# ---------------------------------------------------------------------------------------------------------- cache


def test_the_cache_gives_the_same_crosswalk(tmp_path, monkeypatch):
    given_layers = (tmp_path / "cache", layer(OLD), layer(NEW))
    people = people_at({(x + 0.5, y + 0.5): 1 + x * y for x in range(20) for y in range(8)})
    built = cached_crosswalk(*given_layers, population=people)
    same(built, build_crosswalk(layer(OLD), layer(NEW), population=people))
    (file,) = (tmp_path / "cache").iterdir()
    assert built.notes[-1] == f"built, kept as {file.name}"
    first = file.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(_overlay, "cut", None)  # nothing is cut a second time
        read = cached_crosswalk(*given_layers, population=people)
    same(read, built)
    assert read.notes == (*built.notes[:-1], f"read from the cache, {file.name}")
    file.unlink()
    cached_crosswalk(*given_layers, population=people)
    assert file.read_bytes() == first


def test_other_layers_rules_or_people_have_a_cache_of_their_own(tmp_path):
    moved = NEW | {"D": (12, 4, 14, 8), "E": (14, 4, 20, 8)}
    people = people_at({(2, 6): 1.0})
    cached_crosswalk(tmp_path, layer(OLD), layer(NEW))
    cached_crosswalk(tmp_path, layer(OLD), layer(moved))
    cached_crosswalk(tmp_path, layer(OLD), layer(NEW), rules=Rules(sliver=0.0))
    cached_crosswalk(tmp_path, layer(OLD), layer(NEW), population=people)
    cached_crosswalk(tmp_path, layer(OLD), layer(NEW), population=people.assign(population=2.0))
    cached_crosswalk(tmp_path, layer(OLD), layer(NEW), land=land_of((0, 0, 20, 8)))
    cached_crosswalk(tmp_path, layer(OLD | {"J": OLD["I"]}).query("regso != 'I'"), layer(NEW))
    assert len(list(tmp_path.iterdir())) == 7


@pytest.mark.parametrize("harm", ["cut", "empty", "text", "figure", "foreign"])
def test_a_damaged_or_foreign_cache_is_built_anew(tmp_path, harm):
    built = cached_crosswalk(tmp_path, layer(OLD), layer(NEW))
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    if harm == "cut":
        file.write_bytes(whole[: len(whole) // 2])
    elif harm == "empty":
        file.write_bytes(b"")
    elif harm == "text":
        pd.DataFrame({"a": [1]}).to_parquet(file)
    elif harm == "figure":
        import pyarrow as pa
        import pyarrow.parquet as pq

        parts = pq.read_table(file)
        share = parts["share"].to_numpy().copy()
        share[3] = 0.5
        place = parts.column_names.index("share")
        pq.write_table(parts.set_column(place, parts.schema.field("share"), pa.array(share)), file)
    else:
        other = tmp_path / "other"
        cached_crosswalk(other, layer(NEW), layer(NEW))
        next(other.iterdir()).replace(file)
    again = cached_crosswalk(tmp_path, layer(OLD), layer(NEW))
    same(again, built)
    assert ("was of other layers" if harm == "foreign" else "was damaged") in again.notes[-1]
    assert file.read_bytes() == whole


def test_a_cache_that_cannot_be_written_is_a_note(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    crosswalk = cached_crosswalk(blocked / "cache", layer(OLD), layer(NEW))
    assert "not kept" in crosswalk.notes[-1]
    assert crosswalk.notes[-1].text("sv").endswith("operativsystemet nekade (ENOTDIR)")
    assert table(crosswalk) == pytest.approx(BY_AREA)


def test_a_failed_write_leaves_nothing_behind(tmp_path, monkeypatch):
    import os

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    crosswalk = cached_crosswalk(tmp_path, layer(OLD), layer(NEW))
    assert "not kept: no space left" in crosswalk.notes[-1]
    assert crosswalk.notes[-1].text("sv").endswith("och inte sparad: disken är full")
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------------------------------------------- real polygons


def read(shared, name: str) -> gpd.GeoDataFrame:
    return gpd.read_file(shared / "data" / "geo" / name, engine="pyogrio").to_crs(3006)


@pytest.mark.parametrize("name", ["deso_2025_dalarna_wfs_raw.geojson", "karlstad_deso_2025_wgs84.geojson"])
def test_deso_aggregate_to_their_regso(shared, name):
    deso = read(shared, name)
    regso = deso.dissolve("regsokod", as_index=False)
    crosswalk = build_crosswalk(
        deso.rename(columns={"desokod": "regso"})[["regso", "geometry"]],
        regso.rename(columns={"regsokod": "regso"})[["regso", "geometry"]],
    )
    assert table(crosswalk) == dict.fromkeys(zip(deso["desokod"], deso["regsokod"], strict=True), 1.0)
    assert (crosswalk.old["covered"] > 1 - 1e-6).all()
    given_counts = counts(sorted(deso["desokod"]))
    moved, _ = move_counts(given_counts, crosswalk)
    expected = given_counts.groupby(deso.set_index("desokod")["regsokod"]).sum()
    np.testing.assert_allclose(moved.loc[expected.index], expected, rtol=0, atol=1e-9)


def test_deso_of_karlstad_aggregate_to_the_published_regso(shared):
    deso, regso = read(shared, "karlstad_deso_2025_wgs84.geojson"), read(shared, "karlstad_regso_2025_wgs84.geojson")
    crosswalk = build_crosswalk(
        deso.rename(columns={"desokod": "regso"}),
        regso.rename(columns={"regsokod": "regso"}),
        rules=Rules(sliver=0.005),
    )
    assert table(crosswalk) == dict.fromkeys(zip(deso["desokod"], deso["regsokod"], strict=True), 1.0)


@pytest.mark.parametrize(
    ("name", "kommun"), [("deso_2025_vaxjo.geojson", "0780"), ("deso_2025_dalarna_wfs_raw.geojson", "20")]
)
def test_deso_lie_in_the_regso_that_the_package_carries(shared, name, kommun):
    # the package's outlines are simplified, hence not all of a DeSO lies in its RegSO
    deso, regso = read(shared, name), load_shapes()
    regso = regso[regso["regso"].str.startswith(kommun)]
    crosswalk = build_crosswalk(
        deso.rename(columns={"desokod": "regso"}),
        regso,
        land=regso[["geometry"]],
        rules=Rules(sliver=0.05, coverage=0.9),
    )
    shares = crosswalk.shares.sort_values("share").drop_duplicates("old", keep="last").set_index("old")
    assert shares["share"].median() > 0.995
    assert shares["share"].min() > 0.8
    assert set(shares["new"]) == set(regso["regso"])
    if "regsokod" in deso:
        assert (shares["new"].reindex(deso["desokod"]).to_numpy() == deso["regsokod"].to_numpy()).all()


def test_an_edition_against_itself_is_the_identity(shared):
    deso = read(shared, "deso_2025_dalarna_wfs_raw.geojson").rename(columns={"desokod": "regso"})
    crosswalk = build_crosswalk(deso, deso.sample(frac=1, random_state=2))
    assert table(crosswalk) == {(code, code): 1.0 for code in deso["regso"]}
    marks = mark_areas(crosswalk, threshold=0.0)
    assert marks["comparable"].all()
    assert (marks["elsewhere"] == 0).all()


def test_the_country_against_itself_is_the_identity():
    country = load_shapes()
    crosswalk = build_crosswalk(country, country)
    assert table(crosswalk) == {(code, code): 1.0 for code in country["regso"]}
    assert crosswalk.notes == ()
