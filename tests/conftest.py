"""What all tests share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import settings

from regso_cluster.classification.classify import Classification, classify
from regso_cluster.example.country import write_example
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import load_method

pytest_plugins = ["tests.fixtures", "tests.register"]  # releases of the example, and a real PostgreSQL

ROOT = Path(__file__).resolve().parents[1]

# Examples are the same in each run, and the first call of a kernel, which compiles it, is no slow example.
settings.register_profile("regso_cluster", derandomize=True, deadline=None)
settings.load_profile("regso_cluster")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the repository, which is not part of it."""
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("needs the real data in ../shared/data, which are not part of the repository")
    return folder


@dataclass(frozen=True)
class ExampleRun:
    """The synthetic country of 2024, classified once for all tests."""

    table: Path
    truth: pd.DataFrame
    classification: Classification


@pytest.fixture(scope="session")
def example_release(tmp_path_factory: pytest.TempPathFactory) -> ExampleRun:
    folder = tmp_path_factory.mktemp("example")
    write_example(folder, range(2024, 2025))
    method = load_method("utanforskap")
    table = folder / "factors-2024.csv"
    truth = pd.read_csv(folder / "truth.csv", keep_default_na=False)
    return ExampleRun(table, truth, classify(read_factors(table, method, year=2024), method, year=2024))
