"""Year after year on the synthetic country: every planted move is found, labels stay, faults lose nothing."""

from __future__ import annotations

import dataclasses
import resource
import signal
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from regso_cluster.classification.classify import classify
from regso_cluster.cli import main
from regso_cluster.example.country import synthetic_country
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import load_method
from regso_cluster.release.model import read_release, verify_release
from regso_cluster.release.write import write_release
from regso_cluster.years.compare import compare
from tests.tables import METHOD, rows, write

YEARS = range(2019, 2025)


@pytest.fixture(scope="module")
def country():
    return synthetic_country(YEARS)


@pytest.fixture(scope="module")
def releases(country, tmp_path_factory):
    """The composite groups of six years; clusters have tests of their own."""
    folder = tmp_path_factory.mktemp("six")
    using = dataclasses.replace(load_method("utanforskap"), certainty=None, clusters=None, tiers=None)
    made = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("regso_cluster.maps.geopackage.write_geopackage", lambda *_: None)  # no map is looked at
        for year, table in country[0].items():
            result = classify(read_factors(write(table, folder / f"{year}.csv"), using, year=year), using, year=year)
            made[year] = write_release(result, folder / f"r{year}")
    return made


def test_every_planted_move_is_found_with_its_planted_cause(country, releases):
    truth = country[1]
    planted_moves = 0
    for old, new in pairwise(releases.values()):
        comparison = compare(old, new)
        moves = comparison.moves[comparison.moves["grouping"] == "composite_group"].set_index("area")
        planted = truth[(truth["year"] == new.year) & (truth["move"] != "")].set_index("regso")
        planted_moves += len(planted)
        assert set(planted.index) <= set(moves.index)
        found = moves.loc[planted.index]
        assert found["cause"].tolist() == planted["cause"].tolist()
        assert np.where(found["new"] < found["old"], "worse", "better").tolist() == planted["move"].tolist()
        assert planted["suppressed_factors"].eq("").all()  # planted where the figures show it
        one = comparison.summary["groupings"]["composite_group"]
        assert sum(one["causes"].values()) == one["changed"]
    assert planted_moves == 5 * 24


def test_what_is_suppressed_is_said_in_the_truth(country):
    tables, truth = country
    for year, table in tables.items():
        own = truth[truth["year"] == year].set_index("regso")["suppressed_factors"].str.split()
        for key in load_method("utanforskap").keys:
            assert own.map(lambda factors, key=key: key in factors).tolist() == table[f"{key}_n"].eq("..").tolist()


@pytest.mark.thorough
def test_twenty_seeds_and_shuffled_rows_give_every_area_the_same_label(country, tmp_path):
    """Without an earlier year the labels rest on the search alone; with one they rest on its labels."""
    full = dataclasses.replace(load_method("utanforskap"), certainty=None, tiers=None, composite=None)
    using = dataclasses.replace(full, clusters=dataclasses.replace(full.clusters, resamples=2))
    tables = [
        read_factors(write(country[0][year], tmp_path / f"{year}.csv"), using, year=year) for year in (2023, 2024)
    ]

    def labels(table, seed, previous=None):
        order = np.random.default_rng(seed).permutation(len(table.areas))
        parts = ("areas", "numerator", "denominator", "value", "status")
        shuffled = dataclasses.replace(table, **{name: getattr(table, name).iloc[order] for name in parts})
        given = {} if previous is None else {"previous": previous.areas, "previous_method": previous.method}
        return classify(shuffled, using, year=2024, seed=seed, **given)

    first = labels(tables[0], 0)
    for table, previous in ((tables[0], None), (tables[1], first)):
        runs = pd.DataFrame({seed: labels(table, seed, previous).areas["cluster"].sort_index() for seed in range(20)})
        unstable = int(runs.ne(runs[0], axis=0).any(axis=1).sum())
        assert unstable == 0, f"{unstable} areas have another label with another seed"
        assert runs.notna().all(axis=None)


SLOW = """
import sys, time
from regso_cluster.{room} import {module}
from regso_cluster.cli import main
first = {module}.{name}
def slowly(*args, **kwargs):
    if {when}:
        print("writing", flush=True)
        time.sleep(30)
    return first(*args, **kwargs)
{module}.{name} = slowly
main()
"""


def killed(code, arguments, how):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        for line in run.stdout:
            if line == "writing\n":
                break
        run.send_signal(how)
        _, err = run.communicate(timeout=20)
    return err


@pytest.fixture
def tables(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "m.toml").write_text(METHOD, "utf-8")
    for year, voted in ((2021, "90"), (2022, "65")):
        frame = rows()
        frame.loc[0, "voted_pct"] = voted
        write(frame, tmp_path / "tables" / f"t-{year}.csv")
    return tmp_path


def series(folder):
    return ("classify", folder / "tables", "--all-years", "--method", folder / "m.toml", "--edition", 2025,
            "--out", folder / "r")  # fmt: skip


@pytest.mark.thorough
def test_a_series_killed_in_the_middle_keeps_what_was_done_and_goes_on(tables):
    code = SLOW.format(room="release", module="write", name="_manifest", when="args[0].year == 2022")
    killed(code, series(tables), signal.SIGKILL)
    assert sorted(path.name for path in (tables / "r").iterdir() if not path.name.startswith(".")) == ["2021"]
    assert verify_release(tables / "r/2021") == []
    again = subprocess.run([sys.executable, "-m", "regso_cluster", *map(str, series(tables))], capture_output=True,
                           text=True, check=True)  # fmt: skip
    assert [line.split(",")[0] for line in again.stdout.splitlines()] == ["2021: kept", "2022: written"]


def test_a_comparison_stopped_in_the_middle_leaves_nothing(tables):
    assert CliRunner().invoke(main, list(map(str, series(tables)))).exit_code == 0
    code = SLOW.format(room="exports", module="comparison", name="write_comparison_workbook", when="True")
    err = killed(code, ("compare", tables / "r/2021", tables / "r/2022", "--out", tables / "out"), signal.SIGTERM)
    assert "interrupted; nothing half-written was left" in err
    assert sorted(path.name for path in tables.iterdir()) == ["m.toml", "r", "tables"]


def test_a_disk_that_is_full_while_tables_are_written(tables):
    """No file may grow beyond 20 kB: the write itself fails, as on a full disk."""
    assert CliRunner().invoke(main, list(map(str, series(tables)))).exit_code == 0

    def limited(*arguments):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
        try:
            return CliRunner().invoke(main, list(map(str, arguments)))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    before = sorted(tables.rglob("*"))
    run = limited("classify", tables / "tables/t-2022.csv", "--method", tables / "m.toml", "--edition", 2025, "--year",
                  2022, "--previous", tables / "r/2021", "--out", tables / "full")  # fmt: skip
    assert run.exit_code == 1
    assert "Make room and run it again: nothing half-written was left" in run.stderr
    run = limited("compare", tables / "r/2021", tables / "r/2022", "--out", tables / "out")
    assert run.exit_code == 1
    assert "Make room" in run.stderr
    assert sorted(tables.rglob("*")) == before
    assert verify_release(tables / "r/2021") == verify_release(tables / "r/2022") == []


@pytest.mark.parametrize("harm", ["gone", "empty", "folder", "no manifest", "other format"])
def test_an_unreadable_earlier_release_is_refused_and_says_what_to_do(tables, harm):
    assert CliRunner().invoke(main, list(map(str, series(tables)))).exit_code == 0
    release = tables / "r/2021"
    manifest = (release / "manifest.json").read_text("utf-8")
    if harm == "no manifest":
        (release / "manifest.json").unlink()
    elif harm == "other format":
        (release / "manifest.json").write_text(manifest.replace('"format": 2', '"format": 99'), "utf-8")
    else:
        (release / "areas.parquet").unlink()
        if harm == "empty":
            (release / "areas.parquet").write_bytes(b"")
        elif harm == "folder":
            (release / "areas.parquet").mkdir()
    hint = {"no manifest": "written by `regso-cluster classify`", "other format": "Use the version"}
    for arguments in (
        ("classify", tables / "tables/t-2022.csv", "--method", tables / "m.toml", "--edition", 2025, "--year", 2022,
         "--previous", release, "--out", tables / "x"),
        ("compare", release, tables / "r/2022", "--out", tables / "x"),
    ):  # fmt: skip
        result = CliRunner().invoke(main, list(map(str, arguments)))
        assert result.exit_code == 1, result.output
        assert hint.get(harm, "Restore the release from a copy") in result.stderr
        assert not (tables / "x").exists()
    assert read_release(tables / "r/2022", verify=True).year == 2022
