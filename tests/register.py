"""Two internal releases of a made-up register, and what is published of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from regso_cluster.areas.editions import code_set
from regso_cluster.classification.classify import classify
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import load_method
from regso_cluster.publishing.release import Plan
from regso_cluster.publishing.write import publish
from regso_cluster.release.model import Release
from regso_cluster.release.write import write_release

RATES = {  # key: rate, share of the residents in the denominator, how it goes with what is worse
    "kriminalitet": (0.03, 0.85, 0.7), "bidragsberoende": (0.1, 0.55, 0.7), "trangboddhet": (0.12, 1.0, 0.7),
    "valdeltagande": (0.8, 0.75, -0.7), "skolresultat": (0.85, 0.03, -0.7),
    "arbetsmarknadsetablering": (0.78, 0.55, -0.6),
}  # fmt: skip


def write_register(folder: Path, years: range, persons: int = 600) -> dict[int, Path]:
    """Write counts of made-up persons for some years; with 600 an area some figure is small in two of five areas."""
    codes = np.array(code_set(2025))
    worse = np.random.default_rng(15).normal(size=len(codes))
    written = {}
    for year in years:
        random = np.random.default_rng([15, year])
        residents = random.poisson(persons, len(codes))
        table = pd.DataFrame({"regso": codes, "population": residents, "synthetic": "yes"})
        for key, (rate, part, slope) in RATES.items():
            share = 1 / (1 + np.exp(-(np.log(rate / (1 - rate)) + slope * worse)))
            below = random.binomial(residents, part) if part < 1 else residents
            table[f"{key}_n"], table[f"{key}_d"] = random.binomial(below, share), below
        written[year] = folder / f"counts-{year}.csv"
        table.to_csv(written[year], index=False)
    return written


@dataclass(frozen=True)
class Published:
    """The internal releases, what is published of them, and the plan it was made by."""

    internal: list[Release]
    public: list[Release]
    plan: Plan
    folder: Path


@pytest.fixture(scope="session")
def internal(tmp_path_factory) -> list[Release]:
    """Two years of the register, classified; few draws, since what is tested are the figures."""
    folder = tmp_path_factory.mktemp("register")
    method = load_method("utanforskap")
    method = replace(
        method, clusters=replace(method.clusters, resamples=2, structure=None),
        certainty=replace(method.certainty, draws=20),
    )  # fmt: skip
    made: list[Release] = []
    for year, table in write_register(folder, range(2023, 2025)).items():
        before = made[-1] if made else None
        result = classify(read_factors(table, method, year=year), method, year=year, previous=before)
        made.append(write_release(result, folder / str(year), previous=before))
    return made


@pytest.fixture(scope="session")
def published(internal, tmp_path_factory) -> Published:
    """The same, published together."""
    folder = tmp_path_factory.mktemp("published") / "public"
    public, plan = publish(internal, folder)
    return Published(internal, public, plan, folder)
