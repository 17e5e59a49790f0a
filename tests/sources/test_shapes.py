from __future__ import annotations

import copy
import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from click.testing import CliRunner

from regso_cluster.areas import shapes as areas_shapes
from regso_cluster.areas.editions import code_set
from regso_cluster.areas.shapes import SHAPES_FILE, fetched_shapes, load_shapes
from regso_cluster.cli import main
from regso_cluster.errors import InputError
from regso_cluster.sources.client import Client
from regso_cluster.sources.shapes import check_layer, fetch_shapes, write_shapes
from tests.sources.conftest import QUICK, snapshot
from tests.sources.scb_server import Fault

LAN = "10"  # Blekinge: 5 kommuner, small


@pytest.fixture(scope="session")
def dalarna(shared):
    return json.loads((shared / "data/geo/deso_2025_dalarna_wfs_raw.geojson").read_bytes())["features"]


@pytest.fixture(scope="session")
def blekinge(outlines):
    return [one for one in outlines if one["properties"]["lanskod"] == LAN]


def client(replay):
    return Client(replay.address.replace("/api/v2", "/wfs"), QUICK)


def test_a_recorded_layer_page_by_page(serve, dalarna, tmp_path):
    replay = serve(layers={"DeSO_2025": dalarna})
    kept = fetch_shapes(2025, client(replay), tmp_path, deso=True, lan="20", page=50)
    assert len(replay.calls) == 4  # 175 areas: 50, 50, 50, 25
    assert all("sortBy=desokod" in path for path in replay.paths())
    layer = gpd.read_parquet(kept.folder / SHAPES_FILE)
    assert layer.crs.to_epsg() == 3006
    assert layer["desokod"].tolist() == sorted(one["properties"]["desokod"] for one in dalarna)
    # the ground is what was recorded, to the last square metre
    told = shapely.area(shapely.from_geojson([json.dumps(one["geometry"]) for one in dalarna])).sum()
    assert layer.geometry.area.sum() == pytest.approx(told, rel=1e-12)
    assert kept.source["version"] == ["2025_v2"]
    assert len(kept.source["answers"]) == 4
    assert not list((tmp_path / "unfinished").iterdir())
    assert fetched_shapes(2025, deso=True, cache=tmp_path) is None  # one län is not the country
    fetch_shapes(2025, client(replay), tmp_path, deso=True, lan="20", page=50)
    assert len(replay.calls) == 4


def test_the_whole_country_is_found_by_others(serve, outlines, tmp_path, monkeypatch):
    replay = serve(layers={"RegSO_2025": outlines})
    monkeypatch.setenv("REGSO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("REGSO_SCB_WFS_URL", client(replay).base)
    assert fetched_shapes(2025) is None
    with pytest.raises(InputError, match="fetch shapes --edition 2025"):
        load_shapes(2025, full=True)
    done = CliRunner().invoke(main, ["fetch", "shapes", "--edition", "2025", "--out", str(tmp_path / "regso.gpkg")])
    assert done.exit_code == 0, done.output
    assert "3363 areas of stat:RegSO_2025" in done.stdout
    assert len(replay.calls) == 7  # 3,363 by 500
    path = fetched_shapes(2025)
    assert path == tmp_path / "cache" / "shapes" / "regso_2025" / SHAPES_FILE
    full, display = load_shapes(2025, full=True), load_shapes()
    assert list(full.columns) == list(display.columns)
    assert full["regso"].tolist() == list(code_set(2025))
    assert full["kommun_name"].tolist() == display["kommun_name"].tolist()
    assert len(gpd.read_file(tmp_path / "regso.gpkg")) == 3363
    again = CliRunner().invoke(main, ["fetch", "shapes", "--edition", "2025", "--json"])
    assert json.loads(again.stdout)["fresh"] is False
    assert len(replay.calls) == 7
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match="a damaged layer"):
        fetched_shapes(2025)


def test_the_older_edition_is_read_when_it_was_fetched(serve, outlines, tmp_path):
    """RegSO 2020 has 2584R001 where 2025 has 2523R011; its place is made up here."""
    older = [one | {"properties": one["properties"] | {"version": "2020"}} for one in outlines]
    for one in older:
        if one["properties"]["regsokod"] == "2523R011":
            one["properties"] |= {"regsokod": "2584R001", "kommunkod": "2584", "regsonamn": "Bolaget"}
    fetch_shapes(2020, client(serve(layers={"RegSO_2020": older})), tmp_path, page=2000)
    with pytest.raises(InputError, match="RegSO 2020 are not at hand"):
        load_shapes(2020, cache=tmp_path / "elsewhere")
    layer = load_shapes(2020, cache=tmp_path).set_index("regso")
    assert tuple(layer.index) == code_set(2020)
    assert layer.loc["2584R001", "name"] == "Bolaget"
    assert layer.loc["2584R001", "kommun_name"] == "Kiruna"


def test_an_edition_that_does_not_exist(tmp_path):
    with pytest.raises(InputError, match="an edition that does not exist"):
        fetched_shapes(2018, cache=tmp_path)


def test_the_cache_is_the_users_own_unless_named(monkeypatch, tmp_path):
    monkeypatch.delenv("REGSO_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda name, **_: str(tmp_path / name))
    assert areas_shapes.cache_folder() == tmp_path / "regso_cluster"


def on_page(change):
    """Change what a page says, and leave the layer alone."""
    return lambda page: page | change(copy.deepcopy(page))


def drop_last(page):
    return {"features": page["features"][:-1]}


def half_ring(page):
    page["features"][3]["geometry"]["coordinates"][0] = page["features"][3]["geometry"]["coordinates"][0][:5]
    return {"features": page["features"]}


def no_geometry(page):
    page["features"][3]["geometry"] = None
    return {"features": page["features"]}


def no_codes(page):
    return {"features": [one | {"properties": {}} for one in page["features"]]}


def as_points(page):
    page["features"][0]["geometry"] = {"type": "Point", "coordinates": [500_000, 6_500_000]}
    return {"features": page["features"]}


PAGE_FAULTS = {
    "truncated collection": (drop_last, "a page with other than its number of areas"),
    "it says fewer itself": (lambda page: drop_last(page) | {"numberReturned": 19}, "a page with other than"),
    "more matched than there are": (lambda one: {"numberMatched": one["numberMatched"] + 1}, "a page with other than"),
    "nothing matched": (lambda _: {"features": [], "numberMatched": 0, "numberReturned": 0}, "numberMatched 0"),
    "half a polygon": (half_ring, "a polygon that is not whole"),
    "no geometry": (no_geometry, "a polygon that is not whole"),
    "points": (as_points, "shapes that are no polygons"),
    "another system": (lambda _: {"crs": {"properties": {"name": "EPSG:4326"}}}, "another coordinate system"),
    "no collection": (lambda _: {"type": "Feature"}, "a Feature"),
    "no codes": (no_codes, "no collection of areas"),
}  # fmt: skip


@pytest.mark.parametrize("name", PAGE_FAULTS)
def test_every_fault_of_a_page_is_told_and_leaves_the_cache_alone(name, serve, blekinge, tmp_path):
    change, what = PAGE_FAULTS[name]
    replay = serve(layers={"RegSO_2025": blekinge})
    fetch_shapes(2025, client(replay), tmp_path, lan=LAN, page=20)
    before = snapshot(tmp_path)
    replay.change = on_page(change)
    with pytest.raises(InputError) as refused:
        fetch_shapes(2025, client(replay), tmp_path, lan=LAN, page=20, refresh=True)
    assert what in str(refused.value)
    assert snapshot(tmp_path) == before
    replay.change = None
    fetch_shapes(2025, client(replay), tmp_path, lan=LAN, page=20, refresh=True)
    again = snapshot(tmp_path)
    assert set(again) == set(before)
    assert all(again[name] == before[name] for name in again if name.endswith(".parquet"))


def test_the_number_that_changes_between_pages(serve, blekinge, tmp_path):
    replay = serve(layers={"RegSO_2025": blekinge})
    seen = []

    def growing(page):
        seen.append(page)
        return page | {"numberMatched": page["numberMatched"] + len(seen) // 2}

    replay.change = growing
    with pytest.raises(InputError, match="changed while it was fetched"):
        fetch_shapes(2025, client(replay), tmp_path, lan=LAN, page=20)
    assert snapshot(tmp_path) == {}


@pytest.mark.parametrize("fault", ["403", "cut", "HTML", "redirect"])
def test_a_cut_off_fetch_of_shapes_goes_on(fault, serve, blekinge, tmp_path):
    from tests.sources.test_client import FAULTS

    replay = serve(layers={"RegSO_2025": blekinge}, faults=[Fault(FAULTS[fault][0], "/wfs", after=1)])
    with pytest.raises(InputError, match=FAULTS[fault][1]):
        fetch_shapes(2025, client(replay), tmp_path, lan=LAN, page=20)
    assert snapshot(tmp_path) == {}
    replay.faults.clear()
    replay.calls.clear()
    kept = fetch_shapes(2025, client(replay), tmp_path, lan=LAN, page=20)
    assert kept.source["areas"] == len(blekinge)
    assert not any("startIndex=0" in path for path in replay.paths())


def spoil(layer, how):
    """Change a whole layer in a way that each page bears."""
    made = copy.deepcopy(layer)
    first = made[0]["properties"]
    ring = np.array(made[0]["geometry"]["coordinates"][0] if made[0]["geometry"]["type"] == "Polygon"
                    else made[0]["geometry"]["coordinates"][0][0])  # fmt: skip
    match how:
        case "missing":
            made.pop(0)
        case "twice":
            made.append(made[0])
        case "foreign":
            first["regsokod"] = "1060R999"
        case "kommun":
            first["kommunkod"] = "1080"
        case "version":
            first["version"] = "2020"
        case "half, closed":
            whole = shapely.Polygon(ring)
            west, south, east, north = whole.bounds
            half = shapely.intersection(whole, shapely.box(west, south, (west + east) / 2, north))
            made[0]["geometry"] = json.loads(shapely.to_geojson(half))
        case "bow tie":
            (x, y), size = ring[0], 1000.0
            bow = [[x, y], [x + size, y + size], [x + size, y], [x, y + size], [x, y]]
            made[0]["geometry"] = {"type": "Polygon", "coordinates": [bow]}
        case "swapped":
            for one in made:
                turned = shapely.transform(shapely.from_geojson(json.dumps(one["geometry"])), lambda at: at[:, ::-1])
                one["geometry"] = json.loads(shapely.to_geojson(turned))
    return made


@pytest.mark.parametrize(
    ("how", "what"),
    [
        ("missing", "an area is missing"), ("twice", "an area stands twice"), ("foreign", "no area of RegSO 2025"),
        ("kommun", "a code of another area beside it"), ("version", "another version of the layer"),
        ("half, closed", "ground that no area covers"), ("bow tie", "Self-intersection"),
        ("swapped", "the axes are swapped"),
    ],
)  # fmt: skip
def test_a_layer_that_is_not_whole_never_takes_its_place(how, what, serve, blekinge, tmp_path):
    replay = serve(layers={"RegSO_2025": spoil(blekinge, how)})
    with pytest.raises(InputError) as refused:
        fetch_shapes(2025, client(replay), tmp_path, lan=LAN, page=20)
    assert what in str(refused.value)
    assert snapshot(tmp_path) == {}
    assert not list((tmp_path / "unfinished").iterdir())  # pages that do not fit together are not used again


def test_what_is_missing_from_a_layer_is_named(blekinge):
    frame = gpd.GeoDataFrame.from_features(blekinge, crs="EPSG:3006")
    assert check_layer(frame, 2025, lan=LAN) == []
    assert [one.what for one in check_layer(frame.drop(columns="regsonamn"), 2025, lan=LAN)] == ["a column is missing"]
    assert [one.what for one in check_layer(frame.to_crs(4326), 2025, lan=LAN)] == ["another coordinate system"]
    assert any("RegSO 2020" in one.what or "version" in one.what for one in check_layer(frame, 2020, lan=LAN))


def test_a_ring_that_touches_itself_is_mended_and_counted(serve, dalarna, tmp_path):
    """The ground that mending moves is less than a millionth, or the area is refused."""
    layer = copy.deepcopy(dalarna)
    ring = layer[0]["geometry"]["coordinates"][0]
    x, y = ring[0]
    # a small loop that hangs on one corner inside: the ring touches itself there
    centre = shapely.from_geojson(json.dumps(layer[0]["geometry"])).representative_point()
    dx, dy = (centre.x - x) / 4000, (centre.y - y) / 4000
    loop = [[x, y], [x + dx, y + dy], [x + dx + dy / 9, y + dy - dx / 9], [x, y]]
    layer[0]["geometry"]["coordinates"][0] = [*loop, *ring[1:]]
    assert not shapely.is_valid(shapely.from_geojson(json.dumps(layer[0]["geometry"])))
    kept = fetch_shapes(2025, client(serve(layers={"DeSO_2025": layer})), tmp_path, deso=True, lan="20")
    assert kept.source["mended"] == 1


def test_shapes_are_not_overwritten(serve, blekinge, tmp_path):
    kept = fetch_shapes(2025, client(serve(layers={"RegSO_2025": blekinge})), tmp_path / "c", lan=LAN)
    out = write_shapes(kept, tmp_path / "b.parquet")
    assert len(gpd.read_parquet(out)) == len(blekinge)
    with pytest.raises(InputError, match="stands there already"):
        write_shapes(kept, out)
    with pytest.raises(InputError, match=r"expected \.parquet, \.gpkg"):
        write_shapes(kept, tmp_path / "b.shp")
    assert CliRunner().invoke(main, ["fetch", "shapes", "--edition", "2025", "--lan", "99"]).exit_code == 2
