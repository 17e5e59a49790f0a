"""A table made a release in one call: read, classified against an earlier release, written."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from regso_cluster.classification.classify import classify
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.tables import read_factors
from regso_cluster.files.atomic import refuse_inside_a_release
from regso_cluster.method import Method
from regso_cluster.parallel import Workers
from regso_cluster.release.model import Release
from regso_cluster.release.write import write_release
from regso_cluster.studies.reading import Reading
from regso_cluster.years.borders import against


class Steps(Protocol):
    """Learns of each step while it runs, and keeps how long each took."""

    seconds: dict[str, float]

    def __call__(self, step: str, /) -> AbstractContextManager[None]:
        """Run one step."""


class Stopwatch:
    """Keeps how long each step took, in seconds."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, step: str, /) -> Iterator[None]:
        """Time the body."""
        start = time.perf_counter()
        yield
        self.seconds[step] = time.perf_counter() - start


def classify_file(
    path: str | Path,
    method: Method,
    out: str | Path,
    *,
    year: int,
    previous: Release | None = None,
    reading: Reading | None = None,
    workers: Workers | None = None,
    steps: Steps | None = None,
) -> Release:
    """Classify a table and write the release.

    Parameters
    ----------
    path : a table of factors
    method : the choices
    out : the folder of the release; it must not exist
    year : the reference year
    previous : last year's release: clusters keep their numbers, changes are marked
    reading : how the table is read, accepted figures, and outlines for a previous release of another edition
    workers : never changes the result
    steps : shows and times the steps; None: they are timed

    Returns
    -------
    Release

    Raises
    ------
    InputError  faults of the table; a previous release that is not earlier; `out` exists; outlines without a previous
        release

    Examples
    --------
    >>> release = classify_file(folder / "factors-2024.csv", read_release(folder / "2023").method, folder / "made",
    ...                         year=2024, previous=read_release(folder / "2023"))
    >>> release.year, release.manifest["previous"]["name"]
    (2024, '2023')
    """
    reading = reading or Reading()
    refuse_release(out)
    if reading.outlines and previous is None:
        raise InputError(Fault("outlines without a previous release", hint="Leave them out, or give the release."))
    if previous and previous.year >= year:
        hint = "Give the release of an earlier year as --previous."
        got = str(previous.year)
        raise InputError(Fault("the previous release is not earlier", str(previous.path), f"before {year}", got, hint))
    step = steps or Stopwatch()
    with step("reading"):
        table = read_factors(
            path, method, edition=reading.edition, year=year, deso_key=reading.deso_key, sheet=reading.sheet,
            decimal=reading.decimal, names=reading.names,
        )  # fmt: skip
    with step("comparing borders"):
        differ = previous is not None and previous.manifest["edition"] != table.edition
        earlier = against(previous, table.edition, reading.borders if differ else None)
    with step("classifying"):
        result = classify(table, method, year=year, previous=earlier, workers=workers, accepted=reading.accepted)
    with step("writing"):
        return write_release(result, out, previous=earlier, timings=step.seconds)


def refuse_release(out: str | Path) -> None:
    """Refuse a folder that exists, or lies in a release, before any work.

    Raises
    ------
    InputError  such a folder
    """
    refuse_inside_a_release(Path(out))
    if Path(out).exists() or Path(out).is_symlink():
        hint = "A release is never overwritten: choose another --out, or remove the folder yourself."
        raise InputError(Fault("the release folder exists", str(out), hint=hint))
