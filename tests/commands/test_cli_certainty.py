from __future__ import annotations

import json

import pandas as pd
import pytest
from click.testing import CliRunner

from regso_cluster.classification.classify import classify
from regso_cluster.cli import main
from regso_cluster.release.model import verify_release
from regso_cluster.release.write import write_release
from tests.factors.test_registers import DEFINITION, PERSONS, A, register
from tests.studies.test_run import OWN, table_of

pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")  # dask's own, see test_registers


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.toml").write_text(OWN, "utf-8")
    table, method = table_of(tmp_path)
    write_release(classify(table, method, year=2024), tmp_path / "r")

    def invoke(*arguments, code=0):
        result = CliRunner().invoke(main, [str(part) for part in arguments])
        assert result.exit_code == code, result.output
        return result

    return invoke


FEW = ("--resamples", 5, "--clouds", 5, "--most", 4)


def test_stability_of_a_release_and_of_its_table(run, tmp_path):
    said = run("stability", "r", "--out", "s", *FEW).stdout
    assert "3 types" in said
    assert "Runner-up" in said
    assert {path.name for path in (tmp_path / "s").iterdir()} == {
        "by_k.parquet", "groups.parquet", "stability.svg", "structure.json",
    }  # fmt: skip
    asked = ("--method", "m.toml", "--out", "s2", "--json", "--consensus", *FEW)
    plain = json.loads(run("stability", "own.csv", *asked).stdout)
    assert plain["consensus"]["groups"] == 3
    assert (tmp_path / "s2" / "consensus.parquet").is_file()
    run("stability", "r", "--out", "s3", "--language", "en", *FEW)
    assert (tmp_path / "s" / "stability.svg").read_bytes() != (tmp_path / "s3" / "stability.svg").read_bytes()
    assert (plain["choice"], plain["own_stands"]) == (3, True)
    assert (tmp_path / "s" / "by_k.parquet").read_bytes() == (tmp_path / "s2" / "by_k.parquet").read_bytes()
    assert (tmp_path / "s" / "stability.svg").read_bytes() == (tmp_path / "s2" / "stability.svg").read_bytes()
    assert verify_release(tmp_path / "r") == []


def test_sensitivity_prints_and_writes(run, tmp_path):
    said = run("sensitivity", "r", "--out", "s", "--runs", 26, "--threads", 1).stdout
    assert "on the list:" in said
    assert "first, total: Sobol indices" in said
    assert "not varied: shrinkage, towards kommun: areas of their own" in said
    few = "first and total are not shown, and drawn anew says little, from fewer than 32 blocks: ask for more --runs"
    assert few in said
    assert "±" not in said.replace("± half", "")  # no index is shown
    assert pd.read_parquet(tmp_path / "s" / "areas.parquet")["listed_share"].notna().all()
    plain = json.loads(
        run(
            "sensitivity", "own.csv", "--method", "m.toml", "--out", "s2", "--runs", 26, "--threads", 1, "--json"
        ).stdout
    )
    assert plain["runs"]["design"] == 24  # two blocks of ten choices: of two factors none can be left out
    assert sum(plain["failed"].values()) == plain["runs"]["failed"]
    assert "FAILED" in said or not plain["failed"]


def test_count_makes_a_table(run, tmp_path):
    register(tmp_path / "persons")
    (tmp_path / "d.toml").write_text(DEFINITION, "utf-8")
    asked = ("count", "persons", "--definition", "d.toml", "--year", 2024)
    said = run(*asked, "--out", "c.csv").stdout
    assert "7 persons in 2 areas" in said
    assert "1 persons have no area" in said
    plain = json.loads(run(*asked, "--edition", 2025, "--out", "c.parquet", "--json").stdout)
    assert (plain["areas"], plain["without_area"], plain["synthetic"]) == (3363, 1, True)
    assert plain["without_year"] == 0
    assert pd.read_csv(tmp_path / "c.csv").set_index("regso").loc[A, "population"] == 5
    years = pd.array([None, None, 2024, 2024, 2024, 2024, 2024, 2023], dtype="Int64")
    register(tmp_path / "persons", PERSONS.assign(year=years))
    assert "note: 2 persons have no year and are not counted" in run(*asked, "--out", "c2.csv").stdout


def test_refusals(run, tmp_path):
    run("stability", "own.csv", "--out", "s", code=2)
    run("sensitivity", "r", "--method", "m.toml", "--out", "s", code=2)
    assert "never overwritten" in run("sensitivity", "r", "--out", "r", code=1).output
    assert "never changed" in run("stability", "r", "--out", "r/s", *FEW, code=1).output
    assert "Ask for" in run("sensitivity", "r", "--out", "s", "--runs", 5, code=1).output
    (tmp_path / "m.toml").write_text(OWN[: OWN.index("[clusters]")], "utf-8")
    assert "Add [clusters]" in run("stability", "own.csv", "--method", "m.toml", "--out", "s", code=1).output
    assert not (tmp_path / "s").exists()
    register(tmp_path / "persons")
    (tmp_path / "d.toml").write_text(DEFINITION, "utf-8")
    inside = run("count", "persons", "--definition", "d.toml", "--year", 2024, "--out", "r/c.csv", code=1)
    assert "never changed" in inside.output
    nobody = run("stability", "r", "--out", "s", "--scheduler", "nonsense://x", *FEW, code=1)
    assert "the scheduler printed" in nobody.output


def test_classify_on_a_cluster_that_is_not_there(run, tmp_path):
    asked = ("classify", "own.csv", "--method", "m.toml", "--year", 2024, "--out", "nowhere")
    nobody = run(*asked, "--scheduler", "nonsense://x", code=1)
    assert "the scheduler printed" in nobody.output
    assert not (tmp_path / "nowhere").exists()
    (tmp_path / "tables").mkdir()
    (tmp_path / "own.csv").rename(tmp_path / "tables" / "own-2024.csv")
    asked = ("classify", "tables", "--all-years", "--method", "m.toml", "--out", "all")
    assert "the scheduler printed" in run(*asked, "--scheduler", "nonsense://x", code=1).output
    assert not (tmp_path / "all" / "2024").exists()


def test_a_release_says_types_or_bands(run, tmp_path):
    ruled = OWN + "[clusters.structure]\nfewest = 2\nmost = 4\nclouds = 5\nresamples = 5\nsplits = 3\n"
    (tmp_path / "m.toml").write_text(ruled, "utf-8")
    made = json.loads(
        run("classify", "own.csv", "--method", "m.toml", "--year", 2024, "--out", "types", "--json").stdout
    )
    assert made["figures"]["clusters"]["structure"]["verdict"] == "types"
    assert any(note["en"].startswith("the clusters are types: 3 groups") for note in made["notes"])
    (tmp_path / "m.toml").write_text(ruled + "strength = 1.0\njaccard = 1.0\nleast_gap = 1.0\n", "utf-8")
    made = json.loads(
        run("classify", "own.csv", "--method", "m.toml", "--year", 2024, "--out", "bands", "--json").stdout
    )
    assert made["figures"]["clusters"]["structure"]["choice"] is None
    assert any(note["en"].startswith("bands, not types") for note in made["notes"])


def test_a_sobol_index_is_a_share_or_says_so():
    from regso_cluster.terminal.studies import _index

    assert _index(0.314, 0.05) == "0.31 ±0.05"
    assert _index(1.91, 1.79) == "about 1"
    assert _index(1.34, 0.2) == "unclear"
    assert _index(-0.02, 0.05) == "about 0"
    assert _index(float("nan"), 0.1) == ""
