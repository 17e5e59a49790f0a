from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib

import geopandas
import pandas as pd
import pytest

from regso_cluster.classification.classify import classify
from regso_cluster.errors import InputError
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import identity_as_written
from regso_cluster.release import model as release_module
from regso_cluster.release.model import read_release, verify_release
from regso_cluster.release.write import write_release
from tests.tables import method, rows, write


@pytest.fixture
def small(tmp_path):
    table = read_factors(write(rows(), tmp_path / "t.csv"), method(), edition=2025)
    return classify(table, method(), year=2024)


@pytest.fixture(scope="module")
def written(example_release, tmp_path_factory):
    return write_release(example_release.classification, tmp_path_factory.mktemp("releases") / "2024")


def test_what_a_release_holds(written, example_release):
    assert sorted(path.name for path in written.path.iterdir()) == [
        "areas.csv", "areas.gpkg", "areas.parquet", "certainty.parquet", "factors.parquet", "groups.parquet",
        "manifest.json", "method.toml",
    ]  # fmt: skip
    again = read_release(written.path)
    pd.testing.assert_frame_equal(
        again.areas, example_release.classification.areas, check_exact=True, check_index_type=False
    )
    assert again.method == example_release.classification.method
    assert again.year == 2024
    assert len(again.factors) == 6 * 3363
    assert list(again.groups["grouping"].unique())[:2] == ["composite_group", "cluster"]
    assert again.manifest["synthetic"] is True
    assert again.manifest["inputs"][0]["name"] == "factors-2024.csv"
    assert again.manifest["software"]["regso_cluster"]


def test_columns_that_others_build_on(written):
    columns = list(written.areas.reset_index().columns)
    assert columns[:7] == ["regso", "name", "kommun", "kommun_name", "lan", "population", "status"]
    for part in ("value", "score", "problem", "tier"):
        assert f"trangboddhet_{part}" in columns
    for column in ("n_problems", "composite_group", "index", "index_rank", "index_rank_low", "index_rank_high",
                   "cluster", "cluster_name", "cluster_second", "cluster_probability"):  # fmt: skip
        assert column in columns
    assert set(written.factors.columns) >= {"regso", "factor", "numerator", "denominator", "value", "status"}


def test_csv_and_geopackage_hold_every_area(written):
    text = pd.read_csv(written.path / "areas.csv", dtype=str)
    assert text["regso"].tolist() == list(written.areas.index)
    assert text["kommun"].str.len().eq(4).all()
    assert text["index"].map(float).tolist() == written.areas["index"].tolist()
    layer = geopandas.read_file(written.path / "areas.gpkg", layer="areas")
    assert layer["regso"].tolist() == list(written.areas.index)
    assert layer.crs.to_epsg() == 3006
    assert layer["composite_group"].fillna(0).tolist() == written.areas["composite_group"].fillna(0).tolist()


def test_the_same_classification_gives_the_same_files(written, example_release, tmp_path):
    second = write_release(example_release.classification, tmp_path / "again")
    assert second.manifest["outputs"] == written.manifest["outputs"]


@pytest.mark.thorough
def test_the_same_bytes_whatever_seed_python_hashes_with(example_release, tmp_path):
    outputs = []
    for seed in ("1", "2"):
        command = [sys.executable, "-m", "regso_cluster", "classify", example_release.table, "--method", "utanforskap",
                   "--year", "2024", "--out", tmp_path / seed]  # fmt: skip
        environment = os.environ | {"PYTHONHASHSEED": seed}
        subprocess.run([str(part) for part in command], env=environment, check=True, capture_output=True)
        outputs.append(read_release(tmp_path / seed).manifest["outputs"])
    assert outputs[0] == outputs[1]


def test_a_whole_release_verifies_and_a_changed_one_does_not(written, tmp_path):
    assert verify_release(written.path) == []
    copy = tmp_path / "copy"
    shutil.copytree(written.path, copy)
    content = bytearray((copy / "areas.parquet").read_bytes())
    content[len(content) // 2] ^= 1
    (copy / "areas.parquet").write_bytes(content)
    (copy / "groups.parquet").unlink()
    (copy / "notes.txt").write_text("mine")
    said = {fault.where: fault.what for fault in verify_release(copy)}
    assert said == {
        "areas.parquet": "a file was changed", "groups.parquet": "a file is gone",
        "notes.txt": "a file that the release did not write",
    }  # fmt: skip
    with pytest.raises(InputError, match="a file was changed"):
        read_release(copy, verify=True)


def test_a_method_that_is_not_the_manifest_s_is_found(written, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(written.path, copy)
    text = (copy / "method.toml").read_text("utf-8").replace("seed = 2024", "seed = 2025")
    (copy / "method.toml").write_text(text, "utf-8")
    manifest = json.loads((copy / "manifest.json").read_text("utf-8"))
    manifest["outputs"]["method.toml"] = release_module.hash_of(copy / "method.toml")
    manifest["manifest_sha256"] = release_module.hash_manifest(manifest)
    (copy / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    assert [fault.what for fault in verify_release(copy)] == ["method.toml is not the method of the manifest"]


def test_a_release_of_a_version_that_knew_fewer_keys_verifies(small, tmp_path):
    copy = write_release(small, tmp_path / "older").path
    file = copy / "method.toml"
    text = "\n".join(line for line in file.read_text("utf-8").splitlines() if not line.startswith("seed ="))
    plain = tomllib.loads(text)
    choices = {key: plain[key] for key in plain if key != "measured"}
    digest = hashlib.sha256(json.dumps(choices, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    file.write_text(text.replace(plain["measured"]["choices_sha256"], digest), "utf-8")
    manifest = json.loads((copy / "manifest.json").read_text("utf-8"))
    manifest["method"] |= {"sha256": digest, "identity_sha256": identity_as_written(text)}
    manifest["outputs"]["method.toml"] = release_module.hash_of(file)
    manifest["manifest_sha256"] = release_module.hash_manifest(manifest)
    (copy / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    assert verify_release(copy) == []


def test_a_changed_manifest_is_found(written, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(written.path, copy)
    text = (copy / "manifest.json").read_text("utf-8")
    (copy / "manifest.json").write_text(text.replace('"year": 2024', '"year": 2023'), "utf-8")
    assert [(fault.what, fault.where) for fault in verify_release(copy)] == [("a file was changed", "manifest.json")]


def test_what_makes_two_releases_less_than_comparable_is_noted(written, small, tmp_path):
    notes = write_release(small, tmp_path / "release", previous=written).notes
    assert any("made with another method" in note for note in notes)
    assert any("one of the two releases is synthetic" in note for note in notes)
    table = read_factors(write(rows(), tmp_path / "t.csv"), method(), edition=2020)
    older = write_release(classify(table, method(), year=2022), tmp_path / "2022")
    notes = write_release(small, tmp_path / "2024", previous=older).notes
    assert [note for note in notes if "previous" in note] == [
        "the previous release is of another edition: borders were not checked, a change may be one of borders"
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "not a release"),
        ("{", "a damaged manifest"),
        ("[]", "a damaged manifest"),
        ('{"format": 99}', "another format"),
    ],
)
def test_what_is_no_release_is_refused(tmp_path, content, says):
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(InputError, match=says):
        read_release(tmp_path)


def test_an_existing_folder_is_never_touched(small, tmp_path):
    out = tmp_path / "release"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="the release folder exists"):
        write_release(small, out)
    assert (out / "mine.txt").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["release", "t.csv"]


def test_a_full_disk_leaves_nothing(small, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_release(small, tmp_path / "out" / "release")
    assert list((tmp_path / "out").iterdir()) == []


def test_what_a_killed_run_left_is_cleared_away_after_a_day(small, tmp_path):
    old, fresh = tmp_path / ".release.partial-1", tmp_path / ".release.partial-2"
    for left in (old, fresh):
        left.mkdir()
        (left / "areas.parquet").write_bytes(b"half")  # without a lock, as early versions left them
    os.utime(old, (time.time() - 90_000,) * 2)
    write_release(small, tmp_path / "release")
    assert not old.exists()
    assert fresh.exists()  # perhaps another run is writing there


def test_an_edition_without_outlines_has_no_map_and_says_so(tmp_path):
    table = read_factors(write(rows(), tmp_path / "t.csv"), method(), edition=2020)
    release = write_release(classify(table, method(), year=2022), tmp_path / "release")
    assert not (release.path / "areas.gpkg").exists()
    assert any("outlines of edition 2020" in note for note in release.notes)


def test_the_previous_release_is_named_by_its_hash(written, small, tmp_path):
    release = write_release(small, tmp_path / "release", previous=written)
    assert release.manifest["previous"] == {
        "name": "2024", "year": 2024, "manifest_sha256": written.manifest["manifest_sha256"],
    }  # fmt: skip


SLOW = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it
from regso_cluster.release import write
from regso_cluster.cli import main
def slowly(*args):
    print("writing", flush=True)
    time.sleep(30)
write._manifest = slowly
main()
"""


@pytest.mark.thorough
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_killed_while_writing_there_is_no_release_and_an_older_one_is_untouched(example_release, tmp_path, how):
    older = write_release(dataclasses.replace(example_release.classification, year=2023), tmp_path / "2023").path
    command = [sys.executable, "-c", SLOW, "classify", example_release.table, "--method", "utanforskap",
               "--year", "2024", "--out", tmp_path / "2024", "--previous", older]  # fmt: skip
    with subprocess.Popen(
        [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout.readline() == "writing\n"
        run.send_signal(how)
        _, err = run.communicate(timeout=20)
    assert not (tmp_path / "2024").exists()
    assert verify_release(older) == []
    left = [path for path in tmp_path.iterdir() if path.name.startswith(".2024.partial")]
    if how == signal.SIGKILL:
        assert len(left) == 1  # nobody was there to clear it away; the next run after a day does
    else:
        assert left == []
        assert run.returncode == 1
        assert "interrupted" in err
        assert "Traceback" not in err


def test_figures_of_the_run_are_kept(written):
    figures = written.manifest["figures"]
    assert figures["areas"] == 3363
    assert sum(figures["composite_groups"].values()) + figures["composite_undecided"] == 3363
    assert 0 < figures["clusters"]["stability"] <= 1
    assert figures["noise"]["taken_as_exact"] == []


def test_a_release_is_frozen(written):
    with pytest.raises(dataclasses.FrozenInstanceError):
        written.path = "elsewhere"


def test_a_release_says_what_became_of_last_year_s_clusters(written, example_release, tmp_path):
    result, method_before = example_release.classification, written.method
    using = dataclasses.replace(method_before, measured=None, certainty=None)
    again = classify(result.table, using, year=2025, previous=written.areas, previous_method=method_before, seed=7)
    release = write_release(again, tmp_path / "2025", previous=written)
    assert verify_release(release.path) == []
    assert written.lineage is None
    assert release.lineage["fate"].tolist() == ["kept"] * 6
    assert (release.lineage[["share_kept", "share_from"]] == 1).all(axis=None)
    assert release.method.measured.cluster_names == method_before.measured.cluster_names
    assert release.areas["cluster"].equals(written.areas["cluster"])


def test_the_library_writes_no_release_into_a_release(written, small):
    with pytest.raises(InputError, match="inside the release"):
        write_release(small, written.path / "inside")
    assert verify_release(written.path) == []
