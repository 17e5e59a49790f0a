"""The replaying server, for the tests of what is fetched."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely

from regso_cluster.areas.editions import area_names, code_set
from regso_cluster.areas.shapes import load_shapes
from regso_cluster.sources.client import Limits
from tests.sources import scb_server

QUICK = Limits(attempts=3, backoff_seconds=0.01, connect_seconds=5, silence_seconds=20, answer_seconds=60)
CONFIG = {
    "apiVersion": "2.2.0",
    "maxDataCells": 150_000,
    "maxCallsPerTimeWindow": 1000,
    "timeWindow": 1,
    "license": "CC0",
}


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def serve():
    """Start servers, and stop them at the end."""
    servers = []

    def start(**known):
        replay = scb_server.Replay(**({"config": dict(CONFIG)} | known))
        servers.append(scb_server.start(replay))
        return replay

    yield start
    for server in servers:
        scb_server.stop(server)


@pytest.fixture(scope="session")
def recorded(shared):
    """The recorded tables: population of 483 RegSO, net income of 23, population of län by month."""
    folder = shared / "data/pxweb"
    population = scb_server.from_v1(
        sorted(folder.glob("v1_regso2025_population*")), {"Folkmängden per region": "000007Y7"}, "Folkmängd"
    )
    income = scb_server.from_v1([folder / "v1_regso2025_netincome_2024_vaxjo.json"], {}, "Nettoinkomst")
    months = scb_server.from_v2(
        (folder / "v2_TAB6471_metadata.json").read_bytes(), (folder / "v2_TAB6471_data.json").read_bytes()
    )
    return {"TAB6574": population, "TAB6683": income, "TAB6471": months}


@pytest.fixture(scope="session")
def small():
    """A made-up table: four areas in each edition, two years, with marks, and 0 outside the years of an edition."""
    regions = ["0114R001", "0114R002", "0180R001", "2584R001"]
    codes = [
        *regions,
        *(f"{code}_RegSO2025" for code in ["0114R001", "0114R002", "0180R001", "2523R011"]),
        "0114",
        "00",
    ]
    cells = np.zeros((len(codes), 3, 2, 2), dtype=object)  # area, sex, measure, year
    for area, code in enumerate(codes):
        for year, inside in enumerate((("_RegSO" not in code), ("_RegSO" in code))):
            for sex in range(3):
                cells[area, sex, 0, year] = 100 * area + 10 * sex + year if inside or len(code) < 8 else 0
                cells[area, sex, 1, year] = area + sex / 2 if inside or len(code) < 8 else 0
    cells[4, 0, 1, 1] = ".."  # 0114R001_RegSO2025, total, second measure, 2024
    return scb_server.Table(
        "Befolkning efter region, kön och år",
        {
            "Region": {code: f"area {code}" for code in codes},
            "Kon": {"TotSa": "totalt", "1": "män", "2": "kvinnor"},
            "ContentsCode": {"0000AAAA": "Antal personer", "0000BBBB": "Andel, procent"},
            "Tid": {"2023": "2023", "2024": "2024"},
        },
        cells, note=("Skyddat med CKM.",), eliminable=("Kon",),
    )  # fmt: skip


@pytest.fixture(scope="session")
def country():
    """Made-up tables of all areas of both editions, in the form of those that `sources.toml` names."""
    codes = [*code_set(2020), *(f"{code}_RegSO2025" for code in code_set(2025))]
    number = np.arange(len(codes))

    def table(label, measures, others=None):
        dimensions = {"Region": dict.fromkeys(codes, "")} | (others or {})
        dimensions |= {"ContentsCode": {code: name for code, (name, _) in measures.items()}}
        dimensions["Tid"] = {"2022": "2022", "2023": "2023", "2024": "2024"}
        shape = [len(one) for one in dimensions.values()]
        cells = np.zeros(shape, dtype=object)
        for place, (_, values) in enumerate(measures.values()):
            cells[..., place, :] = np.asarray(values, dtype=object).reshape(-1, *[1] * (len(shape) - 2))
        return scb_server.Table(label, dimensions, cells)

    share = (number % 300 / 10).tolist()
    hidden = [".." if place % 50 == 0 else value for place, value in enumerate(share)]
    sexes, ages = {"1+2": "totalt"}, {"20-64": "20-64 år", "totalt": "totalt"}
    return {
        "TAB6586": table("Socioekonomiskt index", {
            "000008IT": ("Socioekonomiskt index", share),
            "000008IU": ("Områdestyp", [int(one) for one in number % 5 + 1]),
            "0000TST1": ("Andel personer med låg ekonomisk standard, procent", share),
            "0000TST2": ("Andel personer med förgymnasial utbildning, procent", hidden),
            "0000TST3": ("Andel personer med ekonomiskt bistånd eller arbetslösa, procent", share),
        }),
        "TAB6574": table(
            "Folkmängd", {"000007Y7": ("Folkmängd", (number + 500).tolist())}, {"Alder": ages, "Kon": sexes}
        ),
        "TAB6680": table(
            "Arbetsmarknadsstatus",
            {"0000089X": ("sysselsatta", (number + 100).tolist()), "0000089Y": ("totalt", (number + 400).tolist())},
            {"Kon": sexes, "Alder": ages},
        ),
    }  # fmt: skip


@pytest.fixture(scope="session")
def outlines():
    """The display outlines of RegSO 2025, simplified, in the form of the WFS: whole, valid and quick to send."""
    shapes, names = load_shapes(), area_names(2025).set_index("regso")["name"]
    simple = shapely.coverage_simplify(np.asarray(shapes.geometry.array, dtype=object), 60.0)
    made = []
    for code, shape in zip(shapes["regso"], shapely.to_geojson(simple), strict=True):
        properties = {"regsokod": code, "regsonamn": names[code], "kommunkod": code[:4], "lanskod": code[:2],
                      "version": "2025_v2"}  # fmt: skip
        made.append({"type": "Feature", "geometry": json.loads(shape), "properties": properties})
    return made


def snapshot(folder):
    """Every finished file of a cache, with its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "unfinished" not in path.parts
    }
