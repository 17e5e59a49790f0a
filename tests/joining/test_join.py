from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import regso_cluster
from regso_cluster.areas.editions import code_set
from regso_cluster.areas.shapes import load_shapes
from regso_cluster.errors import InputError
from regso_cluster.joining.join import join, join_file
from regso_cluster.joining.match_report import MATCHED, UNMATCHED
from regso_cluster.joining.options import JoinOptions
from regso_cluster.release.write import write_release
from tests.joining.agencies import ABROAD, WATER, schools

ONLY_2020, ONLY_2025 = "2584R001", "2523R011"


@pytest.fixture(scope="module")
def released(example_release, tmp_path_factory):
    return write_release(example_release.classification, tmp_path_factory.mktemp("join") / "2024")


@pytest.fixture(scope="module")
def units():
    return schools(6000)


def frame_of(*codes):
    return pd.DataFrame({"unit": range(len(codes)), "code": list(codes)}, dtype=object)


# --- codes ---


def test_codes_as_a_spreadsheet_mangled_them(released):
    table = frame_of("0114R001", "114R002", " 0114r003 ", "0114R004_RegSO2025", None, "", "0114R999", "Väsby", "0115X")
    before = table.copy()
    joined = join(table, released, "code")
    assert joined.table["regso_match"].tolist() == [
        "matched", "repaired", "matched", "matched", "missing", "missing", "unknown_code", "unreadable", "unreadable",
    ]  # fmt: skip
    assert joined.table["regso_code"].tolist()[:4] == ["0114R001", "0114R002", "0114R003", "0114R004"]
    assert joined.table["regso_code"].isna().tolist() == [False] * 4 + [True] * 5
    pd.testing.assert_frame_equal(joined.table[["unit", "code"]], before)
    pd.testing.assert_frame_equal(table, before)
    assert joined.report.statuses == {"matched": 3, "repaired": 1, "missing": 2, "unreadable": 2, "unknown_code": 1}
    assert (joined.report.matched, joined.report.unmatched, joined.report.rows) == (4, 5, 9)
    lost = joined.report.unmatched_keys
    assert lost["key"].tolist() == ["", "Väsby", "0115X", "0114R999"]
    assert lost["rows"].tolist() == [2, 1, 1, 1]
    assert lost["first_row"].tolist() == [5, 8, 9, 7]
    assert "RegSO 2025 has no such area" in lost["reason"].tolist()
    assert any("1 code repaired" in note and "'114R002' to '0114R002'" in note for note in joined.report.notes)


def test_how_sure_goes_along_with_each_group(released):
    joined = join(frame_of("0180R010", "2584R010"), released, "code").table
    areas = released.areas.loc[["0180R010", "2584R010"]]
    for column in ("composite_group_probability", "how_sure", "cluster_probability", "cluster_how_sure"):
        found, expected = joined[f"regso_{column}"], areas[column]
        assert [None if pd.isna(one) else one for one in found] == [None if pd.isna(one) else one for one in expected]


def test_the_columns_are_those_of_the_area(released):
    joined = join(frame_of("0180R010", "2584R010"), released, "code", columns=["index", "composite_group", "kommun"])
    areas = released.areas.loc[["0180R010", "2584R010"]]
    assert joined.table["regso_index"].tolist() == areas["index"].tolist()
    assert joined.table["regso_composite_group"].tolist() == areas["composite_group"].tolist()
    assert joined.table["regso_kommun"].tolist() == ["0180", "2584"]
    assert joined.table.columns.tolist() == [
        "unit", "code", "regso_match", "regso_code", "regso_index", "regso_composite_group", "regso_kommun",
        "regso_synthetic",  # of made-up figures, whatever columns were asked for
    ]  # fmt: skip
    everything = join(frame_of("0180R010"), released, "code", columns=("all",), prefix="g_").table
    assert set(everything.columns) == {"unit", "code", "g_match", "g_code", *(f"g_{name}" for name in released.areas)}
    default = join(frame_of("0180R010"), released, "code").table
    assert {"regso_composite_group_name", "regso_cluster", "regso_synthetic"} <= set(default.columns)
    assert not [name for name in default.columns if name.endswith(("_value", "_score"))]


def test_whole_numbers_stay_whole_beside_rows_without_an_area(released):
    joined = join(frame_of("0180R010", None), released, "code").table
    assert str(joined["regso_n_problems"].dtype) == "Int64"
    assert str(joined["regso_synthetic"].dtype) == "boolean"
    assert joined["regso_n_problems"].isna().tolist() == [False, True]


def test_repeated_keys_are_counted_and_are_no_fault(released):
    report = join(frame_of("0114R001", "0114R002", "0114R001", None, None), released, "code").report
    assert report.repeated_keys.to_dict("records") == [{"key": "0114R001", "rows": 2, "first_row": 1}]
    assert report.unmatched == 2


def test_codes_of_the_other_edition_are_refused_with_the_reason(released):
    for table, options in (
        (frame_of("0114R001_RegSO2020", "0114R002_RegSO2020"), {}),
        (frame_of("0114R001_RegSO2018"), {}),
        (frame_of("0114R001", ONLY_2020), {}),
        (frame_of("0114R001"), {"edition": 2020}),
    ):
        with pytest.raises(InputError, match="codes of RegSO 2020, a release of RegSO 2025") as refused:
            join(table, released, "code", **options)
        assert "--crosswalk" in refused.value.faults[0].hint
        assert "288" in refused.value.faults[0].hint


def test_a_few_codes_of_the_other_edition_are_rows_without_an_area(released):
    table = frame_of("0114R001_RegSO2025", "0114R002_RegSO2020", ONLY_2020, ONLY_2025)
    joined = join(table, released, "code")
    assert joined.table["regso_match"].tolist() == ["matched", "other_edition", "other_edition", "matched"]
    assert "without --crosswalk" in joined.report.unmatched_keys["reason"].iloc[0]
    # where the user says that the codes are of 2025, one that only 2020 has is not made to fit
    said = join(frame_of("0114R001", ONLY_2020), released, "code", edition=2025)
    assert said.table["regso_match"].tolist() == ["matched", "other_edition"]


@pytest.fixture
def crosswalk(tmp_path):
    # the dissolved area goes to two neighbours, 0.6 and 0.4; 0114R001 whole; 0114R002 in two equal halves
    path = tmp_path / "crosswalk.csv"
    path.write_text(
        "old;new;share;of_new\n"
        "2584R001;2584R003;0,4;0,1\n2584R001;2584R002;0,6;0,2\n"
        "0114R001;0114R001;1;1\n0114R002;0114R003;0,5;1\n0114R002;0114R002;0,5;1\n", "utf-8",
    )  # fmt: skip
    return path


def test_codes_of_the_other_edition_go_through_a_crosswalk(released, crosswalk):
    table = frame_of("2584R001", "0114R001", "0114R002", "0114R004")
    joined = join(table, released, "code", crosswalk=crosswalk)
    assert joined.table["regso_match"].tolist() == ["crosswalk", "crosswalk", "crosswalk", "other_edition"]
    assert joined.table["regso_code"].tolist()[:3] == ["2584R002", "0114R001", "0114R002"]
    assert joined.table["regso_share"].tolist()[:3] == [0.6, 1.0, 0.5]
    assert joined.table["regso_index"].iloc[0] == released.areas.loc["2584R002", "index"]
    # 4 rows through, of which two areas were divided (0.6 and 0.5)
    assert any("4 rows of RegSO 2020" in note and "for 2 of them" in note for note in joined.report.notes)
    mixed = join(frame_of("0114R005_RegSO2025", "2584R001"), released, "code", crosswalk=crosswalk).table
    assert mixed["regso_match"].tolist() == ["matched", "crosswalk"]
    assert mixed["regso_share"].tolist() == [1.0, 0.6]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("old,new\n2584R001,2584R002\n", "lacks a column"),
        ("old,new,share\n2584R001,2584R002,x\n", "no share"),
        ("old,new,share\n2584R001,2584R002,1.5\n", "no share"),
        ("old,new,share\n2523R001,2584R001,1\n", "a table of RegSO 2020, not of RegSO 2025"),
    ],
)
def test_a_crosswalk_that_is_none_is_refused(released, tmp_path, text, says):
    path = tmp_path / "c.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match=says) as refused:
        join(frame_of(ONLY_2020), released, "code", crosswalk=path)
    assert refused.value.faults[0].hint


def test_deso_through_a_key(released, tmp_path):
    key = tmp_path / "key.csv"
    key.write_text("deso,regso\n0114A0010,0114R001\n0114C1010,0114R002\n2523A0010,2523R011\n", "utf-8")
    table = frame_of("0114A0010", "114C1010", "0114A0010_DeSO2025", "0180A0010", "x")
    joined = join(table, released, "code", deso_key=key)
    assert joined.table["regso_match"].tolist() == ["matched", "repaired", "matched", "unknown_code", "unreadable"]
    assert joined.table["regso_code"].tolist()[:3] == ["0114R001", "0114R002", "0114R001"]
    with pytest.raises(InputError, match="no key to RegSO") as refused:
        join(table, released, "code")
    assert "--deso-key" in refused.value.faults[0].hint
    key.write_text("deso,regso\n0114A0010,0114R001\n2584A0010,2584R001\n", "utf-8")
    with pytest.raises(InputError, match="codes of RegSO 2020"):
        join(table, released, "code", deso_key=key)


def test_the_real_key_of_deso_2018_is_told_by_its_edition(released, shared):
    key = shared / "data" / "keys" / "koppling-deso2018-regso2020.csv"
    with pytest.raises(InputError, match="codes of RegSO 2020, a release of RegSO 2025"):
        join(frame_of("0114A0010"), released, "code", deso_key=key)


# --- kommuner ---


def test_kommuner_by_code_and_name(released):
    table = frame_of("0114", 114, "Upplands Väsby", "upplands väsby kommun", "Stockholms kommun", "Borås Stad", "Vasby",
                     "114.0")  # fmt: skip
    joined = join(table, released, "code").table
    assert joined["regso_match"].tolist() == ["matched", "repaired", *["matched"] * 4, "unknown_code", "repaired"]
    assert joined["regso_code"].tolist()[:6] == ["0114"] * 4 + ["0180", "1490"]
    own = released.areas[released.areas["kommun"] == "0114"]
    assert joined["regso_areas"].iloc[0] == len(own)
    assert joined["regso_residents"].iloc[0] == own["population"].sum()
    worst = own["composite_group"] == 1
    assert joined["regso_composite_group_1_areas"].iloc[0] == worst.sum()
    shares = joined.filter(regex=r"composite_group_\w+_share").iloc[0]
    assert shares.sum() == pytest.approx(100, abs=0.05)
    expected = 100 * own.loc[own["composite_group"] == 4, "population"].sum() / own["population"].sum()
    assert shares["regso_composite_group_4_share"] == pytest.approx(expected, abs=0.005)


def test_every_kommun_adds_up_to_the_country(released):
    kommuner = pd.DataFrame({"k": sorted(set(released.areas["kommun"]))})
    joined = join(kommuner, released, "k").table
    assert joined["regso_areas"].sum() == 3363
    assert joined["regso_residents"].sum() == released.areas["population"].sum()
    groups = released.areas["composite_group"].value_counts()
    for number, areas in groups.items():
        assert joined[f"regso_composite_group_{number}_areas"].sum() == areas


def test_a_column_of_names_of_areas_is_refused(released):
    table = frame_of("Botkyrka (Alby)", "Malmö (Rosengård)")
    with pytest.raises(InputError, match="no code of an area") as refused:
        join(table, released, "code")
    assert "unique only inside a kommun" in refused.value.faults[0].hint
    said = join(table, released, "code", kind="regso").table
    assert said["regso_match"].tolist() == ["unreadable", "unreadable"]


# --- points ---


def expected_status(x, y):
    """What the shipped outlines say, by GEOS alone: 15 m to any other area's outline is near a border."""
    outlines = load_shapes()
    tree = shapely.STRtree(outlines.geometry.to_numpy())
    points = shapely.points(x, y)
    at, owner = tree.query(points, predicate="intersects")
    close, _ = tree.query(points, predicate="dwithin", distance=15.0)
    status = np.full(len(x), "none", dtype=object)
    code = np.full(len(x), None, dtype=object)
    status[at], code[at] = "matched", outlines["regso"].to_numpy(dtype=object)[owner]
    several = np.bincount(close, minlength=len(x)) > 1
    status[several & (status == "matched")] = "near_border"
    return status, code


def test_six_thousand_schools_to_the_row(released, units):
    table = units.copy()
    table["x"] = table["x"].astype(object)
    place = {10: WATER["Vänern"], 2000: WATER["Bottenhavet"], 30: ABROAD["Oslo"], 40: ABROAD["Köpenhamn"],
             50: ABROAD["Null"]}  # fmt: skip
    for row, xy in place.items():
        table.loc[row, ["x", "y"]] = xy
    table.loc[60, ["x", "y"]] = [None, np.nan]
    table.loc[61, "x"] = "okänd"
    table.loc[62, "y"] = None  # half a pair is no missing place, but one that cannot be read
    swapped = slice(100, 149)
    table.loc[swapped, ["x", "y"]] = table.loc[swapped, ["y", "x"]].to_numpy()
    joined = join(table, released, "x,y")
    status, code = expected_status(units["x"], units["y"])
    want = status.copy()
    want[[10, 2000]], want[[30, 40, 50]], want[60], want[[61, 62]] = (
        "in_water",
        "outside_sweden",
        "missing",
        "unreadable",
    )
    assert joined.table["regso_match"].tolist() == want.tolist()
    found = np.isin(want, list(MATCHED))
    assert joined.table["regso_code"][found].tolist() == units["regso"][found].tolist() == code[found].tolist()
    assert joined.table["regso_code"][~found].isna().all()
    assert joined.table["regso_swapped"].sum() == 50
    report = joined.report
    assert report.unmatched == 8
    assert report.statuses["in_water"] == 2
    assert report.statuses["near_border"] == int((want == "near_border").sum()) > 20
    assert report.borders["rows"].sum() == report.statuses["near_border"]
    assert any("axes swapped in 50 of 5997 rows" in note for note in report.notes)
    assert sum(report.statuses.values()) == 6000
    assert joined.table["skola"].tolist() == units["skola"].tolist()


def test_distances_are_those_of_geos(released, units):
    some = units.iloc[:300]
    joined = join(some, released, "x,y").table
    outlines = load_shapes().set_index("regso").geometry
    tree = shapely.STRtree(outlines.to_numpy())
    for row in range(0, 300, 10):
        point = shapely.Point(some["x"].iloc[row], some["y"].iloc[row])
        away = joined["regso_border_m"].iloc[row]
        others = outlines.drop(joined["regso_code"].iloc[row])
        touching = [at for at in tree.query(point.buffer(away + 1)) if outlines.index[at] in others.index]
        assert min(outlines.iloc[at].distance(point) for at in touching) == pytest.approx(away, abs=0.06)


def test_a_school_on_the_quay_is_not_lost(released):
    # Älvsborgsfästning and the harbour of Gothenburg lie outside the shown coast; the area's waters hold them
    table = pd.DataFrame({"e": [313_000.0], "n": [6_399_500.0]})
    joined = join(table, released, "e,n").table
    assert joined["regso_match"].iloc[0] in ("near_coast", "matched", "near_border")
    assert joined["regso_code"].iloc[0][:4] == "1480"


def test_waters_far_from_land_have_no_area_but_a_reason(released):
    joined = join(pd.DataFrame(WATER.values(), columns=["x", "y"]), released, "x,y")
    assert joined.table["regso_match"].tolist() == ["in_water", "in_water"]
    assert "2 km" in joined.report.unmatched_keys["reason"].iloc[0]


@pytest.mark.parametrize("crs", ["", "wgs84", "EPSG:4326"])
def test_degrees_and_swapped_axes(released, units, crs):
    points = gpd.GeoSeries.from_xy(units["x"], units["y"], crs=3006).iloc[:200].to_crs(4326)
    table = pd.DataFrame({"lat": points.y, "lon": points.x})
    for on in ("lon,lat", "lat,lon"):
        joined = join(table, released, on, crs=crs)
        assert joined.table["regso_code"].tolist() == units["regso"].iloc[:200].tolist()
        assert any("axes swapped in every row" in note for note in joined.report.notes) == (on == "lat,lon")


def test_other_systems_are_asked_for_by_name(released, units):
    points = gpd.GeoSeries.from_xy(units["x"], units["y"], crs=3006).iloc[:200].to_crs(3021)
    table = pd.DataFrame({"x": points.x, "y": points.y})
    with pytest.raises(InputError, match="coordinates of another system") as refused:
        join(table, released, "x,y")
    assert "EPSG:3021" in refused.value.faults[0].hint
    assert join(table, released, "x,y", crs="EPSG:3021").table["regso_code"].tolist() == units["regso"][:200].tolist()
    with pytest.raises(InputError, match="not known") as refused:
        join(table, released, "x,y", crs="EPSG:999999")
    assert "sweref99tm" in refused.value.faults[0].hint


def test_texts_with_decimal_commas_and_spaces_are_numbers(released):
    table = pd.DataFrame(
        {"x": ["674 032,5", "674032.5", "18,0686", "x", "0"], "y": ["6 580 822,5"] * 2 + ["59,3293", "1", "0"]}
    )
    assert join(table.iloc[[0, 2]], released, "x,y").table["regso_code"].str[:4].tolist() == ["0180", "0180"]
    plain = join(table.iloc[[1, 1]].assign(y="6580822.5"), released, "x,y")
    assert plain.table["regso_code"].str[:4].tolist() == ["0180", "0180"]
    zero = join(table.iloc[[0, 4]], released, "x,y")
    assert zero.table["regso_match"].tolist()[1] == "missing"
    assert any("0, 0" in note for note in zero.report.notes)


def test_points_of_a_geodataframe_and_no_polygons(released, units):
    points = gpd.GeoDataFrame(units[["skola"]], geometry=gpd.points_from_xy(units["x"], units["y"]), crs=3006)[:50]
    joined = join(points.to_crs(4326), released, "geometry")
    assert joined.table["regso_code"].tolist() == units["regso"][:50].tolist()
    assert isinstance(joined.table, gpd.GeoDataFrame)
    with pytest.raises(InputError, match="no points") as refused:
        join(points.set_geometry(points.buffer(5)), released, "geometry")
    assert "Point on Surface" in refused.value.faults[0].hint


@pytest.fixture(autouse=True)
def no_cache(tmp_path, monkeypatch):
    """What the user of this machine has fetched is not for the tests."""
    monkeypatch.setenv("REGSO_CACHE", str(tmp_path / "cache"))


def test_full_outlines_are_used_when_given(released, units, tmp_path, monkeypatch):
    full = load_shapes()[["regso", "geometry"]].rename(columns={"regso": "regsokod"})
    full.to_parquet(tmp_path / "regso_2025.parquet")
    joined = join(units[:500], released, "x,y", shapes=tmp_path / "regso_2025.parquet")
    assert joined.report.tolerance_m == 0
    assert "full outlines" in joined.report.shapes
    assert set(joined.table["regso_match"]) == {"matched"}
    full.to_file(tmp_path / "layer.gpkg")
    monkeypatch.setattr("regso_cluster.joining.match_points.fetched_shapes", lambda _: tmp_path / "layer.gpkg")
    fetched = join(units[:500], released, "x,y")
    assert "full outlines" in fetched.report.shapes
    far = pd.DataFrame(WATER.values(), columns=["x", "y"])
    assert join(far, released, "x,y").table["regso_match"].tolist() == ["outside_sweden"] * 2  # this layer has no sea


def test_dalarna_by_the_real_layer_agrees_but_near_borders(released, shared, tmp_path):
    deso = gpd.read_file(shared / "data" / "geo" / "deso_2025_dalarna_wfs_raw.geojson")
    full = deso.dissolve("regsokod").reset_index()[["regsokod", "geometry"]].to_crs(3006)
    full.to_parquet(tmp_path / "dalarna.parquet")
    random = np.random.Generator(np.random.PCG64(2))
    vertices = shapely.get_coordinates(full.geometry.to_numpy())
    near = vertices[random.choice(len(vertices), 20_000)] + random.normal(0, 5, (20_000, 2))
    table = pd.DataFrame(near, columns=["x", "y"])
    ours = join(table, released, "x,y").table
    real = join(table, released, "x,y", shapes=tmp_path / "dalarna.parquet").table
    inside = real["regso_code"].notna() & ours["regso_match"].isin(["matched", "near_border"])
    wrong = inside & (ours["regso_code"].fillna("") != real["regso_code"].fillna(""))
    assert inside.sum() > 15_000
    assert 0 < wrong.sum() < 0.2 * inside.sum()
    # what is wrong was marked, but for a few needles that the simplification took; the neighbour named is the right one
    marked = wrong & (ours["regso_match"] == "near_border")
    assert marked.sum() > 0.99 * wrong.sum()
    right = ours.loc[marked, "regso_neighbour"].to_numpy() == real.loc[marked, "regso_code"].to_numpy()
    assert right.mean() > 0.95


# --- refusals ---


def test_columns_that_are_there_are_not_replaced(released):
    table = frame_of("0114R001").assign(regso_match="own", REGSO_index=1)
    with pytest.raises(InputError, match="the name of one that is there") as refused:
        join(table, released, "code")
    assert {fault.where for fault in refused.value.faults} == {
        "the table, column regso_match", "the table, column regso_index",
    }  # fmt: skip
    assert "--prefix" in refused.value.faults[0].hint
    assert "new_match" in join(table, released, "code", prefix="new_").table


@pytest.mark.parametrize(
    ("on", "options", "says", "hint"),
    [
        ("kod", {}, "no such column", "X,Y"),
        ("code,kod", {}, "no such column", "X,Y"),
        ("code", {"columns": ["nonsense"]}, "no such column", "composite_group"),
        ("code", {"kind": "län"}, "unknown kind", "Choose"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_hint(released, on, options, says, hint):
    with pytest.raises(InputError, match=says) as refused:
        join(frame_of("0114R001"), released, on, **options)
    assert hint in refused.value.faults[0].hint


def test_public_name_and_statuses(released):
    assert regso_cluster.join is join
    assert not set(MATCHED) & set(UNMATCHED)
    assert len(code_set(2025)) == len(join(pd.DataFrame({"c": code_set(2025)}), released, "c").table)


def test_a_column_whose_name_holds_a_comma(released):
    table = frame_of("0114R001").rename(columns={"code": "kod, regso"})
    assert join(table, released, "kod, regso").report.matched == 1
    table = pd.DataFrame({"x, m": [674_032.5], "y, m": [6_580_822.5]})
    assert join(table, released, "x, m,y, m").report.matched == 1


def test_the_report_as_text_and_table(released):
    report = join(frame_of("0114R001", "x", "x", None), released, "code", kind="regso").report
    text = report.text()
    assert "SYNTHETIC DATA" in text
    assert "4 rows: 1 matched (25.0%), 3 unmatched" in text
    assert "x: not a regso code such as 0114R001, 2 rows from row 2" in text
    table = report.table()
    assert table["part"].value_counts().to_dict() == {"summary": 4, "unmatched": 2, "repeated": 1, "note": 1}
    assert table.loc[table["part"] == "unmatched", ["status", "rows"]].to_numpy().tolist() == [
        ["missing", 1], ["unreadable", 2],
    ]  # fmt: skip


def test_no_more_is_written_than_is_allowed(released, tmp_path):
    frame_of("0114R001", "0114R999").to_csv(tmp_path / "t.csv", index=False)
    done = join_file(tmp_path / "t.csv", released, "code", tmp_path / "o.csv", report=tmp_path / "r.json")
    assert (done.refused, done.written) == (True, (tmp_path / "r.json",))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.json", "t.csv"]
    kept = join_file(
        tmp_path / "t.csv",
        released,
        "code",
        tmp_path / "o.csv",
        max_unmatched=1,
        options=JoinOptions(columns=("index",)),
    )
    assert not kept.refused
    assert pd.read_csv(tmp_path / "o.csv")["regso_match"].tolist() == ["matched", "unknown_code"]
    for out in (tmp_path / "t.csv", tmp_path / "x" / ".." / "t.csv"):
        with pytest.raises(InputError, match="replace the input"):
            join_file(tmp_path / "t.csv", released, "code", out)
    with pytest.raises(InputError, match="one file for the table and the report"):
        join_file(tmp_path / "t.csv", released, "code", tmp_path / "p.csv", report=tmp_path / "p.csv")
