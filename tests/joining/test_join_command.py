from __future__ import annotations

import json

import pandas as pd
import pytest
from click.testing import CliRunner

from regso_cluster.cli import main
from regso_cluster.release.write import write_release


@pytest.fixture(scope="module")
def released(example_release, tmp_path_factory):
    return write_release(example_release.classification, tmp_path_factory.mktemp("command") / "2024").path


@pytest.fixture
def run(tmp_path, monkeypatch, released):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REGSO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "t.csv").write_text("namn;kod;x;y\nA;114R001;674032,5;6580822\nB;0114R999;18,06;59,33\n", "utf-8")

    def invoke(*arguments, code=0):
        result = CliRunner().invoke(main, ["join", "t.csv", "--release", str(released), *map(str, arguments)])
        assert result.exit_code == code, result.output
        return result

    return invoke


def test_too_many_unmatched_leave_the_report_and_no_output(run, tmp_path):
    result = run("--on", "kod", "--out", "o.csv", "--report", "r.csv", code=1)
    assert "1 rows have no area, 0 are allowed: o.csv not written" in result.stderr
    assert "--max-unmatched 1" in result.stderr
    assert "0114R999: RegSO 2025 has no such area, row 3" in result.stderr
    assert result.stdout == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.csv", "t.csv"]
    report = pd.read_csv("r.csv", keep_default_na=False)
    assert report.loc[report["part"] == "unmatched", ["key", "first_row"]].to_numpy().tolist() == [["0114R999", "3"]]


def test_an_older_output_stays_when_the_join_is_refused(run, tmp_path):
    (tmp_path / "o.csv").write_text("old")
    run("--on", "kod", "--out", "o.csv", code=1)
    assert (tmp_path / "o.csv").read_text() == "old"


def test_rows_without_an_area_are_kept_where_that_is_allowed(run, tmp_path):
    result = run("--on", "kod", "--out", "o.csv", "--max-unmatched", 1, "--prefix", "g_", "--columns", "index, name")
    assert result.stdout == "o.csv\n"
    table = pd.read_csv(tmp_path / "o.csv", sep=";", decimal=",")
    assert table["g_match"].tolist() == ["repaired", "unknown_code"]
    assert list(table.columns) == ["namn", "kod", "x", "y", "g_match", "g_code", "g_index", "g_name", "g_synthetic"]


def test_json_tells_the_report_and_what_was_written(run):
    result = run("--on", "x,y", "--out", "o.xlsx", "--report", "r.xlsx", "--json")
    told = json.loads(result.stdout)
    assert told["written"] == ["o.xlsx", "r.xlsx"]
    assert (told["kind"], told["rows"], told["unmatched"]) == ("points", 2, 0)
    assert any("mixed" in note for note in told["notes"])
    assert json.loads(run("--on", "kod", "--out", "p.csv", "--json", code=1).stdout)["written"] == []


def test_refusals_end_in_one_message(run, released, tmp_path):
    assert "inside the release" in run("--on", "kod", "--out", released / "o.csv", code=1).stderr
    assert "inside the release" in run("--on", "kod", "--out", "o.csv", "--report", released / "r.csv", code=1).stderr
    assert "replace the input" in run("--on", "kod", "--out", "t.csv", code=1).stderr
    assert "no such column" in run("--on", "code", "--out", "o.csv", code=1).stderr
    assert ".csv, .txt" in run("--on", "kod", "--out", "o.docx", code=1).stderr
    assert ".json" in run("--on", "kod", "--out", "o.csv", "--report", "r.docx", "--max-unmatched", 1, code=1).stderr
    run("--on", "kod", code=2)
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]
