"""Hash everything that a user can get, so that a rebuilding of the package can show what it changed.

    python -m tests.same_bytes before.json                  # hashes of every output of four methods and two years
    python -m tests.same_bytes after.json --against before.json   # lists the outputs that differ; exit code 1

Inputs are synthetic and seeded, and the clock is stopped, since a release says when it was made. Every byte counts but
the properties of a workbook; the terminal's text counts, too.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import pkgutil
import sys
import tempfile
import types
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from click.testing import CliRunner

import regso_cluster
from regso_cluster.areas.editions import code_set
from regso_cluster.cli import main
from regso_cluster.method import load_method


class _Stopped(datetime):
    """A clock that shows one moment."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return datetime(2026, 1, 1, tzinfo=tz)


def stop_the_clock() -> None:
    """Give every module of the package a clock that stands still; GDAL has one of its own."""
    os.environ["OGR_CURRENT_DATE"] = "2026-01-01T00:00:00.000Z"
    for found in pkgutil.walk_packages(regso_cluster.__path__, "regso_cluster."):
        if not found.name.endswith("__main__"):
            module = importlib.import_module(found.name)
            if getattr(module, "datetime", None) is datetime:
                module.datetime = _Stopped  # type: ignore[attr-defined]
            if isinstance(getattr(module, "time", None), types.ModuleType):
                module.time = types.SimpleNamespace(**vars(module.time) | {"perf_counter": lambda: 0.0})  # type: ignore[attr-defined]


MIXED = """
name = "mixed"
title = { sv = "Blandad", en = "Mixed" }
description = { sv = "Syntetisk.", en = "Synthetic." }

[table]
coverage = "partial"
population = "population"

[[factors]]
key = "poor"
name = { sv = "Fattigdom", en = "Poverty" }
numerator = "poor_n"
denominator = "poor_d"
unit = "per cent"
worse = "high"

[[factors]]
key = "crime"
name = { sv = "Brott", en = "Crime" }
numerator = "crime_n"
denominator = "crime_d"
unit = "per 1000"
worse = "high"

[[factors]]
key = "voted"
name = { sv = "Valdeltagande", en = "Turnout" }
value = "voted_pct"
unit = "per cent"
worse = "low"
limit = { below = 70.0, unit = "per cent" }

[shrinkage]
towards = "kommun"

[problems]
limit = { sd = 1.0 }

[composite]
steady = { slack_sd = 0.25 }
none = { sv = "Ingen", en = "None" }
[[composite.groups]]
name = { sv = "Flera", en = "Several" }
rule = { at_least = 2 }
[[composite.groups]]
name = { sv = "En", en = "One" }
rule = { at_least = 1 }

[index]
scale = { kind = "percent_rank" }
min_factors = 2

[bands]
kind = "quantiles"
groups = 4

[tiers]
kind = "natural_breaks"
groups = 4

[clusters]
n_clusters = 4
scale = { kind = "z" }

[certainty]
draws = 200
"""


def _mixed_codes() -> list[str]:
    """Every 14th area, and the one code that only edition 2025 has: it tells the edition."""
    return sorted({*sorted(code_set(2025))[::14], "2523R011"})


def _mixed_table(year: int) -> pd.DataFrame:
    """A made-up table of 240 areas; some cells are suppressed."""
    rng = np.random.default_rng([7, year])
    stable = np.random.default_rng(7)
    codes = _mixed_codes()
    level = stable.gamma(2.0, 1.0, len(codes))
    people = stable.integers(400, 6000, len(codes))
    poor = rng.binomial(people, np.clip(0.03 + 0.05 * level, 0, 0.9))
    crime = rng.poisson(people * 0.01 * level)
    voted = np.round(np.clip(90 - 6 * level + rng.normal(0, 2, len(codes)), 20, 100), 1)
    frame = pd.DataFrame({"regso": codes, "population": people, "poor_n": poor.astype(str), "poor_d": people,
                          "crime_n": crime, "crime_d": people, "voted_pct": voted, "synthetic": "yes"})  # fmt: skip
    frame.loc[::40, "poor_n"] = ".."
    return frame


def _values_table(method: str, codes: list[str], year: int) -> pd.DataFrame:
    """A made-up table of the values that a built-in method asks for, in its range."""
    loaded = load_method(method)
    stable, rng = np.random.default_rng(len(codes)), np.random.default_rng([len(codes), year])
    level = stable.beta(2, 6, len(codes))
    frame = pd.DataFrame({loaded.table.code: codes})
    if loaded.table.name:
        frame[loaded.table.name] = [f"Area {number}" for number in range(len(codes))]
    if loaded.table.population:
        frame[loaded.table.population] = stable.integers(500, 9000, len(codes))
    for factor in loaded.factors:
        frame[factor.value] = np.round(np.clip(100 * (0.7 * level + 0.3 * rng.beta(2, 6, len(codes))), 0, 100), 2)
    return frame.assign(synthetic="yes")


def _inputs(folder: Path) -> dict[str, str]:
    """Write the tables of all methods and years; gives the --method of each."""
    (folder / "mixed.toml").write_text(MIXED, "utf-8")
    (folder / "persons.toml").write_text(_DEFINITION, "utf-8")
    _persons().to_parquet(folder / "persons.parquet")
    for year in (2024, 2025):
        _mixed_table(year).to_csv(folder / f"mixed-{year}.csv", index=False)
        regso = sorted(code_set(2025))
        _values_table("socioekonomiskt-index", regso, year).to_csv(folder / f"types-{year}.csv", index=False)
        own = [f"42{number:03d}" for number in range(90)]
        _values_table("svi-2022", own, year).to_csv(folder / f"own-{year}.csv", index=False)
    _run("example", folder / "example", "--years", "2024-2025")
    for year in (2024, 2025):
        (folder / "example" / f"factors-{year}.csv").rename(folder / f"country-{year}.csv")
    _schools().to_csv(folder / "schools.csv", index=False)
    return {
        "country": "utanforskap",
        "types": "socioekonomiskt-index",
        "own": "svi-2022",
        "mixed": str(folder / "mixed.toml"),
    }


_DEFINITION = """
area = "regso"
year = "year"
synthetic = true

[[factors]]
key = "work"
denominator = [{ column = "age", at_least = 20, at_most = 64 }]
numerator = [{ column = "works", at_least = 1 }]
"""


def _persons() -> pd.DataFrame:
    """A made-up register of 4,000 persons."""
    rng = np.random.default_rng(3)
    codes = np.array(code_set(2025)[:40])
    return pd.DataFrame({"regso": rng.choice(codes, 4000), "year": 2024, "age": rng.integers(0, 90, 4000),
                         "works": (rng.random(4000) < 0.7).astype(int)})  # fmt: skip


def _schools() -> pd.DataFrame:
    """Made-up schools with codes, pupils and results."""
    rng = np.random.default_rng(5)
    codes = np.array(_mixed_codes())
    pupils = rng.integers(20, 200, 600)
    return pd.DataFrame({"school": np.arange(600) + 1000, "regso": rng.choice(codes, 600), "pupils": pupils,
                         "passed": rng.binomial(pupils, 0.8),
                         "score": np.round(rng.normal(220, 20, 600), 1)})  # fmt: skip


def _run(*arguments: object, code: int | None = 0) -> str:
    result = CliRunner().invoke(main, [str(part) for part in arguments], catch_exceptions=False)
    if code is not None and result.exit_code != code:
        raise SystemExit(f"{' '.join(map(str, arguments))}: exit code {result.exit_code}\n{result.output}")
    return f"{result.exit_code}\n{result.output}"


def make(folder: Path) -> dict[str, str]:
    """Run every command that writes, in a folder; gives what each printed, by name."""
    said = {}
    methods = _inputs(folder)
    for name, method in methods.items():
        first, second = folder / f"{name}-r2024", folder / f"{name}-r2025"
        said[f"{name} check"] = _run("check", f"{name}-2025.csv", "--method", method)
        said[f"{name} 2024"] = _run("classify", f"{name}-2024.csv", "--method", method, "--year", 2024, "--out", first)
        said[f"{name} 2025"] = _run(
            "classify", f"{name}-2025.csv", "--method", method, "--year", 2025, "--out", second, "--previous", first
        )
        # a method whose releases some command refuses gives its refusal: that is an output, too
        said[f"{name} compare"] = _run("compare", first, second, "--out", f"{name}-compared", code=None)
        said[f"{name} verify"] = _run("verify", second, "--recompute", f"{name}-2025.csv", code=None)
        said[f"{name} freeze"] = _run("freeze", first, "--out", f"{name}-frozen.toml")
        for suffix in ("xlsx", "csv", "gpkg", "parquet", "px", "json"):
            said[f"{name} {suffix}"] = _run("export", second, "--to", f"{name}.{suffix}", code=None)
        said[f"{name} en"] = _run("export", second, "--to", f"{name}-en.xlsx", "--language", "en", code=None)
        said[f"{name} sv"] = _run("export", second, "--to", f"{name}-sv.csv", "--excel-sv", code=None)
        said[f"{name} package"] = _run("export", second, "--to", f"{name}-package/datapackage.json", code=None)
        said[f"{name} page"] = _run("page", first, second, "--out", f"{name}.html", code=None)
        for kind in ("country", "profile", "flow", "ranks"):
            releases = (first, second) if kind == "flow" else (second,)
            said[f"{name} {kind}"] = _run("figure", kind, *releases, "--out", f"{name}-{kind}.svg", code=None)
        said[f"{name} kommun"] = _run(
            "figure", "kommun", second, "--kommun", "0180", "--language", "en", "--out", f"{name}-0180.svg", code=None
        )
    said.update(_agencies(folder))
    return said


def _agencies(folder: Path) -> dict[str, str]:
    said, release = {}, folder / "mixed-r2025"
    for suffix in ("csv", "xlsx", "parquet", "geojson", "gpkg"):
        said[f"join {suffix}"] = _run(
            "join", "schools.csv", "--release", release, "--on", "regso", "--out", f"joined.{suffix}", code=None
        )
    share = ("--value", "passed", "--of", "pupils")
    for suffix in ("csv", "xlsx", "parquet"):
        said[f"summary {suffix}"] = _run(
            "summarise",
            "schools.csv",
            "--release",
            release,
            "--by",
            "composite_group",
            *share,
            "--out",
            f"sum.{suffix}",
        )
        said[f"protect {suffix}"] = _run(
            "protect", "schools.csv", "--path", "lan,kommun,regso", *share, "--out", f"protected.{suffix}"
        )
    said["mean"] = _run(
        "summarise", "schools.csv", "--release", release, "--by", "cluster", "--value", "score", "--weight", "pupils"
    )
    said["stability"] = _run(
        "stability", release, "--out", "stability", "--most", 5, "--resamples", 10, "--clouds", 5, "--threads", 1
    )
    said["sensitivity"] = _run("sensitivity", release, "--out", "sensitivity", "--runs", 64, "--threads", 1)
    said["count"] = _run("count", "persons.parquet", "--definition", "persons.toml", "--year", 2024, "--out", "c.csv")
    return said


def hash_file(path: Path) -> str:
    """Hash what a file says, without when it was written."""
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as archive:
            parts = [(one, archive.read(one)) for one in sorted(archive.namelist()) if one != "docProps/core.xml"]
        return _hashed(b"\0".join(part for name, content in parts for part in (name.encode(), content)))
    return _hashed(path.read_bytes())


def _hashed(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def hash_all(folder: Path) -> dict[str, str]:
    """Make every output in a folder, and hash each by name."""
    here = Path.cwd()
    os.chdir(folder)
    try:
        said = make(folder)
    finally:
        os.chdir(here)
    hashes = {f"terminal: {name}": _hashed(text.replace(str(folder), "").encode()) for name, text in said.items()}
    return hashes | {
        str(path.relative_to(folder)): hash_file(path) for path in sorted(folder.rglob("*")) if path.is_file()
    }


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="a JSON file of hashes, which is written")
    parser.add_argument("--against", type=Path, help="hashes of an earlier run")
    parser.add_argument("--keep", type=Path, help="an empty folder for the outputs themselves")
    given = parser.parse_args()
    stop_the_clock()
    with tempfile.TemporaryDirectory() as own:
        folder = given.keep or Path(own)
        folder.mkdir(parents=True, exist_ok=True)
        hashes = hash_all(folder.resolve())
    given.out.write_text(json.dumps(hashes, indent=1, ensure_ascii=False) + "\n", "utf-8")
    if not given.against:
        print(f"{len(hashes)} outputs hashed")
        return 0
    before = json.loads(given.against.read_text("utf-8"))
    differ = sorted(name for name in before.keys() | hashes.keys() if before.get(name) != hashes.get(name))
    print("\n".join(differ))
    print(f"{len(differ)} of {len(before.keys() | hashes.keys())} outputs differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(_main())
