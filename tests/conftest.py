"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

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
