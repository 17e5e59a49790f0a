"""Releases in a row: every year against the one before, revisions beside, nothing overwritten, all recomputable."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace

import pandas as pd
import pytest
from click.testing import CliRunner

from regso_cluster.cli import main
from regso_cluster.errors import InputError
from regso_cluster.method import Text
from regso_cluster.release.model import read_release, verify_release
from regso_cluster.studies import series as series_module
from regso_cluster.studies.series import classify_series, find_tables, list_releases, recompute_release
from tests.tables import CODES, METHOD, method, rows, write

CLUSTERED = METHOD + "\n[clusters]\nn_clusters = 2\nresamples = 2\n"


@pytest.fixture
def tables(tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    for year, voted in ((2021, "90"), (2022, "65"), (2023, "66")):
        frame = rows()
        frame.loc[0, "voted_pct"] = voted
        write(frame, folder / f"factors-{year}_RegSO.csv")
    (folder / "truth.csv").write_text("regso\n")
    (folder / "notes-2021.md").write_text("")
    return folder


def made_of(folder, out, using=None):
    found, _ = find_tables(folder)
    made = classify_series(found, using or method(CLUSTERED), out, reading=series_module.Reading(2025))
    return [(one.what, one.path.name) for one in made]


def snapshot(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_row_of_years_and_again(tables, tmp_path):
    out = tmp_path / "releases"
    assert find_tables(tables)[1] == ["notes-2021.md", "truth.csv"]
    assert made_of(tables, out) == [("written", "2021"), ("written", "2022"), ("written", "2023")]
    releases = [read_release(path, verify=True) for path in list_releases(out).values()]
    assert [one.manifest["previous"] and one.manifest["previous"]["name"] for one in releases] == [None, "2021", "2022"]
    assert releases[1].areas.loc[CODES[0], "composite_change"] == "worse"
    before = snapshot(out)
    assert made_of(tables, out) == [("kept", "2021"), ("kept", "2022"), ("kept", "2023")]
    assert snapshot(out) == before


def test_a_corrected_table_gives_a_revision_with_its_difference_and_overwrites_nothing(tables, tmp_path):
    out = tmp_path / "releases"
    made_of(tables, out)
    before = snapshot(out)
    frame = rows()
    frame.loc[0, "voted_pct"] = "75"  # was 65: no problem after all
    write(frame, tables / "factors-2022_RegSO.csv")
    assert made_of(tables, out) == [("kept", "2021"), ("revised", "2022-r2"), ("revised", "2023-r2")]
    after = snapshot(out)
    assert {path: after[path] for path in before} == before
    revision = read_release(out / "2022-r2", verify=True)
    first = read_release(out / "2022")
    assert revision.manifest["revises"] == {
        "name": "2022", "year": 2022, "manifest_sha256": first.manifest["manifest_sha256"],
    }  # fmt: skip
    moves = pd.read_parquet(out / "2022-r2.difference" / "moves.parquet")
    own = moves[moves["grouping"] == "composite_group"]
    assert (own["area"].tolist(), own["cause"].tolist()) == ([CODES[0]], ["data"])
    # 2023 has the same table, but is now worse than the year before, which was put right
    assert read_release(out / "2023-r2").manifest["previous"]["name"] == "2022-r2"
    assert list_releases(out)[2022].name == "2022-r2"
    # a difference that a cut-off run did not write is written by the next
    shutil.rmtree(out / "2022-r2.difference")
    assert made_of(tables, out) == [("kept", "2021"), ("kept", "2022-r2"), ("kept", "2023-r2")]
    assert (out / "2022-r2.difference" / "comparison.json").is_file()


def test_another_method_gives_a_revision_of_every_year(tables, tmp_path):
    out = tmp_path / "releases"
    made_of(tables, out)
    stricter = method(CLUSTERED.replace("below = 70.0", "below = 86.0"))
    assert made_of(tables, out, stricter) == [("revised", f"{year}-r2") for year in (2021, 2022, 2023)]
    causes = json.loads((out / "2022-r2.difference" / "comparison.json").read_text("utf-8"))["groupings"]
    assert {cause for cause, n in causes["composite_group"]["causes"].items() if n} == {"method"}


def test_other_words_of_a_method_are_no_revision(tables, tmp_path):
    out = tmp_path / "releases"
    made_of(tables, out)
    renamed = replace(method(CLUSTERED), title=Text("En annan rubrik", "Another title"), source="Somebody else.")
    assert {what for what, _ in made_of(tables, out, renamed)} == {"kept"}


def test_a_table_written_otherwise_with_the_same_figures_is_no_revision(tables, tmp_path):
    out = tmp_path / "releases"
    made_of(tables, out)
    frame = rows().iloc[::-1]
    frame.loc[0, "voted_pct"] = "90"
    write(frame, tables / "factors-2021_RegSO.csv")
    assert made_of(tables, out)[0] == ("kept", "2021")


def test_a_fault_in_the_middle_loses_no_release_and_the_next_run_goes_on(tables, tmp_path, monkeypatch):
    out = tmp_path / "releases"
    frame = rows()
    frame.loc[0, "voted_pct"] = "x1"
    good = (tables / "factors-2022_RegSO.csv").read_bytes()
    write(frame, tables / "factors-2022_RegSO.csv")
    with pytest.raises(InputError, match=r"factors-2022_RegSO\.csv, row 2"):
        made_of(tables, out)
    assert list(list_releases(out)) == [2021]
    assert verify_release(out / "2021") == []
    (tables / "factors-2022_RegSO.csv").write_bytes(good)
    manifest = (out / "2021" / "manifest.json").read_bytes()
    (out / "2021" / "manifest.json").write_text("{")
    with pytest.raises(InputError, match="Restore the release from a copy"):
        made_of(tables, out)
    assert [path.name for path in out.iterdir()] == ["2021"]
    (out / "2021" / "manifest.json").write_bytes(manifest)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            made_of(tables, out)
    assert [path.name for path in out.iterdir()] == ["2021"]
    assert made_of(tables, out) == [("kept", "2021"), ("written", "2022"), ("written", "2023")]


def test_folders_without_tables_or_with_two_of_a_year_are_refused(tables, tmp_path):
    with pytest.raises(InputError, match="no table of any year"):
        find_tables(tmp_path / "nowhere")
    write(rows(), tables / "corrected-2022.csv")
    with pytest.raises(InputError, match="two tables of one year"):
        find_tables(tables)


def test_a_release_is_recomputed_from_its_input(tables, tmp_path):
    out = tmp_path / "releases"
    made_of(tables, out)
    release, table = read_release(out / "2022"), tables / "factors-2022_RegSO.csv"
    assert recompute_release(release, table) == []
    with pytest.raises(InputError, match="another table"):
        recompute_release(release, tables / "factors-2023_RegSO.csv")
    with pytest.raises(InputError, match="another earlier release"):
        recompute_release(release, table, previous=out / "2023")
    # a release whose hashes agree but whose figures do not follow from the table
    forged = release.areas.assign(index=release.areas["index"] + 1)
    forged.reset_index().to_parquet(out / "2022" / "areas.parquet", compression="zstd", index=False)
    release.manifest["outputs"]["areas.parquet"] = series_module.hash_of(out / "2022" / "areas.parquet")
    assert [fault.where for fault in recompute_release(release, table)] == ["areas.parquet"]


def test_a_release_of_a_table_by_deso_asks_for_its_key(tmp_path):
    """The key is named by hash in the manifest: verify --recompute says which one to give."""
    kommun = CODES[0][:4]
    deso = [f"{kommun}A00{number}0" for number in range(1, 7)]
    key = tmp_path / "key.csv"
    key.write_text("deso,regso\n" + "".join(f"{one},{code}\n" for one, code in zip(deso, CODES, strict=True)))
    counted = METHOD.replace('value = "voted_pct"', 'numerator = "voted_n"\ndenominator = "voted_d"')
    (tmp_path / "m.toml").write_text(counted, "utf-8")
    frame = rows().drop(columns="voted_pct").assign(regso=deso, voted_n=list("456789"), voted_d="10")
    table = write(frame, tmp_path / "deso.csv")

    def run(*arguments, code=0):
        result = CliRunner().invoke(main, [str(part) for part in arguments])
        assert result.exit_code == code, result.output
        return result

    run("classify", table, "--method", tmp_path / "m.toml", "--edition", 2025, "--year", 2024, "--deso-key", key,
        "--out", tmp_path / "r")  # fmt: skip
    inputs = read_release(tmp_path / "r").manifest["inputs"]
    assert [one["name"] for one in inputs] == ["deso.csv", "key.csv"]
    assert inputs[1]["sha256"] == series_module.hash_of(key)
    verify = ("verify", tmp_path / "r", "--recompute", table)
    refused = run(*verify, code=1).stderr
    assert "no key to RegSO is given" in refused
    assert "as --deso-key: key.csv" in refused
    assert "it follows from its input" in run(*verify, "--deso-key", key).stdout
    other = tmp_path / "other.csv"
    other.write_text(key.read_text() + "\n")
    assert "another key from DeSO to RegSO" in run(*verify, "--deso-key", other, code=1).stderr


def test_the_commands(tables, tmp_path):
    (tmp_path / "m.toml").write_text(METHOD, "utf-8")
    out = tmp_path / "r"

    def run(*arguments, code=0):
        result = CliRunner().invoke(main, [str(part) for part in arguments])
        assert result.exit_code == code, result.output
        return result

    every = ("classify", tables, "--all-years", "--method", tmp_path / "m.toml", "--edition", 2025, "--out", out)
    shown = run(*every)
    assert shown.stdout.splitlines()[0] == f"2021: written, {out}/2021"
    assert "left out: notes-2021.md, truth.csv" in shown.stderr
    assert [one["what"] for one in json.loads(run(*every, "--json").stdout)] == ["kept"] * 3
    run(*every, "--year", 2021, code=2)
    run("classify", tables, "--method", tmp_path / "m.toml", "--out", out, code=2)
    checked = run("verify", out / "2022", "--recompute", tables / "factors-2022_RegSO.csv")
    assert "it follows from its input" in checked.stdout
    run("verify", out / "2022", "--recompute", tables / "factors-2021_RegSO.csv", code=1)
