from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from regso_cluster.certainty.sensitivity import share_changed
from regso_cluster.certainty.study_file import ListRule, Study, StudyChoice, dials_of, load_study
from regso_cluster.classification.classify import classify
from regso_cluster.errors import InputError
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import Shrinkage, parse_method
from regso_cluster.parallel import Workers
from regso_cluster.release.freeze import freeze
from regso_cluster.release.model import read_release
from regso_cluster.release.write import write_release
from regso_cluster.studies import run as module
from regso_cluster.studies import sensitivity as report
from regso_cluster.studies.run import _centres, _groups, find_clusters, run_once, subject_of_release, subject_of_table
from regso_cluster.studies.sensitivity import run_study, working_folder, write_sensitivity
from tests.certainty.planted import planted
from tests.tables import METHOD

OWN = (
    METHOD.replace('coverage = "partial"', 'areas = "own"')
    + """
[clusters]
n_clusters = 3
"""
)
SERIAL = Workers(threads=1)
SMALL = Study(
    (
        StudyChoice(name="limit", set=("problems.limit.sd",), options=(0.5, 1.0)),
        StudyChoice(name="weights", set=("factors.*.weight",), times=(0.5, 2.0)),
        StudyChoice(name="clustering", set=("study.clustered_by",), options=("k-means", "ward", "k-medoids")),
    ),
    runs=20,
)


def table_of(folder, n=60):
    X, weights, _ = planted(0, k=3, n=n, p=2)
    X = (X - X.min(axis=0)) / np.ptp(X, axis=0)
    frame = pd.DataFrame({
        "regso": [f"A{i:03}" for i in range(n)], "population": weights.astype(int),
        "poor_n": (X[:, 0] * 400).astype(int), "poor_d": 1000,
        "voted_pct": np.round(95 - 20 * X[:, 0] - 20 * X[:, 1], 1),
    })  # fmt: skip
    frame.to_csv(folder / "own.csv", index=False)
    method = parse_method(OWN)
    return read_factors(folder / "own.csv", method), method


@pytest.fixture
def subject(tmp_path):
    return subject_of_table(*table_of(tmp_path))


def test_groups_are_compared_by_number_and_clusters_are_matched(subject, tmp_path, monkeypatch):
    asked = []

    def spy(*given, named):
        asked.append(named)
        return share_changed(*given, named=named)

    monkeypatch.setattr("regso_cluster.studies.sensitivity.share_changed", spy)
    run_study(subject, Study(SMALL.choices[:1], runs=8), tmp_path / "out", workers=SERIAL)
    assert asked == [True, False]


def test_residents_nobody_knows_are_no_zero(tmp_path):
    table, method = table_of(tmp_path)
    unknown = replace(table, areas=table.areas.assign(population=np.nan))
    level = replace(method, clusters=replace(method.clusters, weighting="areas"))
    run = run_once(subject_of_table(unknown, level), 0, {})
    assert run.error == ""
    assert (run.outputs["cluster_rand"], run.outputs["cluster_areas"], run.outputs["group_areas"]) == (1, 0, 0)
    names = ("listed_residents", "group_residents", "cluster_residents")
    assert np.isnan([run.outputs[name] for name in names]).all()


def test_the_choices_of_the_method_change_nothing(subject):
    run = run_once(subject, 0, {"problems.limit.sd": 1.0, "study.clustered_by": "k-means"})
    assert run.error == ""
    assert run.outputs["group_areas"] == run.outputs["cluster_areas"] == run.outputs["mean_rank_shift"] == 0
    assert run.outputs["cluster_rand"] == 1
    assert run.outputs["n_listed"] == subject.reference.listed.sum() > 0


def test_the_numbers_of_clusters_do_not_matter(subject):
    before = subject.reference
    turned = replace(subject, reference=replace(before, cluster=(before.cluster + 1) % 3))
    assert run_once(turned, 0, {}).outputs["cluster_areas"] == 0


def test_another_limit_moves_the_areas_it_should(tmp_path, subject):
    run = run_once(subject, 0, {"problems.limit.sd": 0.5})
    rate = subject.table.value["poor"]
    beyond = (rate > rate.mean() + 0.5 * rate.std(ddof=0)).to_numpy()
    few = (subject.table.value["voted"] < 70).to_numpy()
    expected = 3 - (beyond.astype(int) + few)  # two problems are group 1, one group 2, none group 3
    assert run.groups.group.tolist() == expected.tolist()
    moved = expected != subject.reference.group
    assert 0 < run.outputs["group_areas"] == moved.mean()
    assert run.outputs["group_residents"] == pytest.approx(subject.residents[moved].sum() / subject.residents.sum())
    assert run.outputs["entered"] - run.outputs["left"] == run.outputs["n_listed"] - subject.reference.listed.sum()


def test_a_factor_left_out(tmp_path, subject):
    failed = run_once(subject, 0, {"study.leave_out": "voted"})
    assert "at least 2 of 1 factors can never hold" in failed.error  # said, not passed over
    assert failed.groups is None
    table, method = table_of(tmp_path)
    by_index = subject_of_table(table, replace(method, problems=None, composite=None), ListRule(share=0.1))
    run = run_once(by_index, 0, {"study.leave_out": "voted"})
    assert run.error == ""
    assert run.groups.rank.tolist() == (-table.value["poor"]).rank(method="min").tolist()
    assert run.outputs["mean_rank_shift"] > 0


def test_every_way_of_clustering_finds_what_was_planted():
    X, weights, group = planted(1, k=3, n=90)
    X[0, 0], weights[1] = np.nan, 0.0
    for by in ("k-means", "ward", "k-medoids"):
        labels = find_clusters(X, weights, 3, by, 0)
        assert (labels >= 0).all()
        assert len(set(zip(labels, group, strict=True))) == 3
    with pytest.raises(InputError, match="Name one of them"):
        find_clusters(X, weights, 3, "by hand", 0)


@pytest.mark.parametrize("by", ["k-means", "ward", "k-medoids"])
def test_residents_weigh_in_every_way_of_clustering(by):
    X = np.linspace(0, 1, 50)[:, None] + np.zeros(2)
    sizes = [
        np.bincount(find_clusters(X, weights, 2, by, 0)).min()
        for weights in (np.ones(50), np.where(X[:, 0] < 0.4, 300.0, 1.0))
    ]
    assert sizes[1] < sizes[0]


def test_a_study_counts_keeps_and_adds_up(tmp_path, subject):
    found = run_study(subject, SMALL, tmp_path / "out", workers=SERIAL)
    assert found.summary["runs"] == {"design": 20, "alone": 7, "blocks": 4, "failed": 0}
    assert len(found.runs) == 27
    assert found.runs["settings"].map(json.loads).map(lambda one: one.get("study.clustered_by")).notna().sum() == 22
    assert found.areas["listed_share"].between(0, 1).all()
    drawn = found.runs[found.runs["part"] == "design"]
    assert found.areas["listed_share"].sum() == pytest.approx(drawn["n_listed"].mean())
    choices = found.choices.set_index("choice")
    assert choices.loc["limit", "group_alone_areas"] > 0
    assert choices.loc["weights", "group_alone_areas"] == choices.loc["weights", "group_drawn_areas"] == 0
    sobol = found.sobol.set_index(["output", "choice"])
    assert sobol.loc[("n_listed", "limit"), "total"] > 0.5
    assert sobol.loc[("n_listed", "clustering"), "total"] == 0
    assert sobol.loc[("mean_rank_shift", "limit"), "total"] == 0


def test_a_written_study(tmp_path, subject):
    found = run_study(subject, SMALL, tmp_path / "out", workers=SERIAL)
    write_sensitivity(found, tmp_path / "out")
    assert not working_folder(tmp_path / "out").exists()
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"areas.parquet", "choices.parquet", "runs.parquet", "sobol.parquet", "sensitivity.json",
                     "sensitivity.svg", "study.toml"}  # fmt: skip
    assert load_study(tmp_path / "out" / "study.toml") == SMALL
    with pytest.raises(InputError, match="never overwritten"):
        write_sensitivity(found, tmp_path / "out")


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_an_interrupted_study_goes_on_and_gives_the_same_bytes(tmp_path, subject, monkeypatch):
    write_sensitivity(run_study(subject, SMALL, tmp_path / "whole", workers=SERIAL), tmp_path / "whole")
    made = []
    real = module.run_once

    def counting(given, number, settings):
        if len(made) == 18:
            raise KeyboardInterrupt
        made.append(number)
        return real(given, number, settings)

    monkeypatch.setattr(module, "run_once", counting)
    with pytest.raises(KeyboardInterrupt):
        run_study(subject, SMALL, tmp_path / "out", workers=SERIAL)
    assert made == list(range(18))
    assert len(list(working_folder(tmp_path / "out").glob("runs-*"))) == 2  # two whole batches of eight are kept
    made.clear()
    monkeypatch.setattr(module, "run_once", lambda *given: made.append(given[1]) or real(*given))
    heard = []
    found = run_study(subject, SMALL, tmp_path / "out", workers=SERIAL, say=lambda *said: heard.append(said))
    assert made == list(range(16, 27))
    assert heard == [(16, 27), (24, 27), (27, 27)]
    write_sensitivity(found, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_what_another_study_left_is_not_taken_up(tmp_path, subject):
    run_study(subject, SMALL, tmp_path / "out", workers=SERIAL)
    other = Study(SMALL.choices, runs=20, seed=9)
    with pytest.raises(InputError, match="Remove the folder"):
        run_study(subject, other, tmp_path / "out", workers=SERIAL)


def test_failed_runs_are_kept_counted_and_said(tmp_path):
    subject = subject_of_table(*table_of(tmp_path, n=40))
    choices = (StudyChoice(name="clusters", set=("clusters.n_clusters",), options=(3, 20, 49)), SMALL.choices[0])
    found = run_study(subject, Study(choices, runs=16), tmp_path / "out", workers=SERIAL)
    failed = found.runs[found.runs["error"] != ""]
    assert len(failed) == found.summary["runs"]["failed"] > 0
    assert sum(found.summary["failed"].values()) == len(failed)
    assert failed["error"].str.contains("fewer different areas").all()
    drawn = found.runs[(found.runs["part"] == "design") & (found.runs["error"] == "")]
    assert found.areas["listed_share"].sum() == pytest.approx(drawn["n_listed"].mean())
    assert found.areas["group_share"].max() == 1
    assert failed["n_listed"].isna().all()
    assert (
        found.runs.loc[failed.index, "settings"].map(json.loads).map(lambda s: s["clusters.n_clusters"]) == 49
    ).all()


@pytest.mark.parametrize("error", [MemoryError("Unable to allocate"), OSError(28, "No space left on device")])
def test_what_the_machine_failed_in_is_no_finding_and_is_made_again(tmp_path, subject, monkeypatch, error):
    def fail(*_):
        raise error

    write_sensitivity(run_study(subject, SMALL, tmp_path / "whole", workers=SERIAL), tmp_path / "whole")
    with monkeypatch.context() as patched:
        patched.setattr(module, "find_clusters", fail)
        with pytest.raises(type(error)):
            run_study(subject, SMALL, tmp_path / "out", workers=SERIAL)
    write_sensitivity(run_study(subject, SMALL, tmp_path / "out", workers=SERIAL), tmp_path / "out")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_full_disk_leaves_no_half_of_a_batch(tmp_path, subject, monkeypatch):
    def half(frame, path):
        path.write_bytes(b"PAR1")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(report, "write_parquet", half)
    with pytest.raises(OSError, match="No space"):
        run_study(subject, SMALL, tmp_path / "out", workers=SERIAL)
    assert [path.name for path in working_folder(tmp_path / "out").iterdir()] == ["study.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is held there")
def test_two_studies_at_once_do_not_share_a_folder(tmp_path, subject):
    second = []

    def again(*_):
        if not second:
            with pytest.raises(InputError, match="Wait until it has ended") as refused:
                run_study(subject, SMALL, tmp_path / "out", workers=SERIAL)
            second.append(refused)

    found = run_study(subject, SMALL, tmp_path / "out", workers=SERIAL, say=again)
    assert second
    assert found.summary["runs"]["failed"] == 0
    run_study(subject, SMALL, tmp_path / "out", workers=SERIAL)  # let go of in the end


def test_same_bytes_in_processes(tmp_path, subject):
    small = Study(SMALL.choices, runs=10)
    for name, workers in (("serial", SERIAL), ("two", Workers(threads=2))):
        write_sensitivity(run_study(subject, small, tmp_path / name, workers=workers), tmp_path / name)
    assert contents(tmp_path / "serial") == contents(tmp_path / "two")


def test_a_release_is_compared_with_what_it_published(tmp_path):
    table, method = table_of(tmp_path)
    release = write_release(classify(table, method, year=2024), tmp_path / "r")
    subject = subject_of_release(read_release(release.path))
    assert subject.reference.group.tolist() == release.areas["composite_group"].tolist()
    run = run_once(subject, 0, {})
    assert run.outputs["group_areas"] == run.outputs["mean_rank_shift"] == 0
    assert run.outputs["cluster_rand"] == 1
    assert run.outputs["cluster_areas"] == 0  # whatever order the clusters are found in
    with pytest.raises(InputError, match="never changed"):
        run_study(subject, SMALL, release.path / "study")


def test_a_chained_release_has_no_effect_of_holding_on_to_last_year(tmp_path):
    # last year's clusters cut the areas elsewhere, and the search that starts from them stays there
    table, method = table_of(tmp_path)
    first = write_release(classify(table, method, year=2023), tmp_path / "2023")
    pulled = first.areas.assign(cluster=pd.array(1 + np.arange(len(first.areas)) % 3, dtype="Int8"))
    chained = classify(table, method, year=2024, previous=pulled, previous_method=first.method)
    chained.areas["cluster"] = pulled["cluster"]  # as far from a free search as can be
    subject = subject_of_release(write_release(chained, tmp_path / "2024", previous=first))
    for settings in ({}, {"problems.limit.sd": 0.5}, {"factors.0.weight": 1.2}):
        assert run_once(subject, 0, settings).outputs["cluster_areas"] == 0
    assert run_once(subject, 0, {"clusters.n_clusters": 5}).outputs["cluster_areas"] > 0
    (said,) = [note for note in subject.notes if "clusters published differ" in note]
    assert "runs are compared with the latter" in said


def test_frozen_limits_are_no_effect_of_a_choice(tmp_path):
    table, method = table_of(tmp_path)
    released = write_release(classify(table, method, year=2023), tmp_path / "2023")
    frozen = freeze(released)
    moved = replace(table, value=table.value.assign(poor=table.value["poor"] + 8))
    subject = subject_of_release(write_release(classify(moved, frozen, year=2024), tmp_path / "2024"))
    assert run_once(subject, 0, {}).outputs["group_areas"] == 0
    assert any(note.startswith("the groups published differ in ") for note in subject.notes)


def test_kmedoids_is_left_out_where_pairs_take_too_much_memory(tmp_path, monkeypatch):
    table, method = table_of(tmp_path)
    monkeypatch.setattr(module, "LARGEST_CONSENSUS", 50)
    found = run_study(subject_of_table(table, method), SMALL, tmp_path / "s", workers=SERIAL)
    (why,) = [why for what, why in found.summary["not_varied"].items() if what == "clustering, k-medoids"]
    assert "pairs of 60 areas" in why
    assert not found.runs["settings"].str.contains("k-medoids").any()
    assert found.runs["settings"].str.contains("ward").any()


def test_a_factor_that_a_rule_counts_on_is_explained_in_words(tmp_path):
    _, method = table_of(tmp_path)  # two factors, and a group of both problems
    study = Study((StudyChoice(name="factor left out", set=("study.leave_out",), options=()), *SMALL.choices))
    _, idle = dials_of(study, method)
    assert "asks for 2 problems, and of 2 factors 1 would be left" in " ".join(idle.values())


SHRUNK = Shrinkage("country")
FEW = {"shrinkage": {"towards": "country"}}


def small_counts(folder):
    """Give a table with counts so small that shrinkage moves ranks, and its method."""
    table, method = table_of(folder)
    few = table.numerator["poor"].to_numpy() // 40, np.where(np.arange(len(table.areas)) % 2, 12.0, 60.0)
    numerator = np.minimum(few[0], few[1])
    table = replace(
        table, numerator=table.numerator.assign(poor=numerator), denominator=table.denominator.assign(poor=few[1]),
        value=table.value.assign(poor=100 * numerator / few[1]),
    )  # fmt: skip
    return table, method


def test_shrinkage_is_part_of_a_run(tmp_path):
    table, method = small_counts(tmp_path)
    run = run_once(subject_of_table(table, method), 0, FEW)
    assert run.error == ""
    assert run.outputs["mean_rank_shift"] > 0
    expected = classify(table, replace(method, shrinkage=SHRUNK, clusters=None), year=2024).areas
    np.testing.assert_array_equal(run.groups.rank, expected["index_rank"].to_numpy(np.float64))
    own = subject_of_table(table, replace(method, shrinkage=SHRUNK))
    assert run_once(own, 0, FEW).outputs["mean_rank_shift"] == 0
    assert run_once(own, 0, {"shrinkage": "absent"}).outputs["mean_rank_shift"] > 0


def test_a_release_with_shrunk_rates_is_studied_from_its_counts(tmp_path):
    table, method = small_counts(tmp_path)
    written = write_release(classify(table, replace(method, shrinkage=SHRUNK), year=2024), tmp_path / "r")
    release = read_release(written.path)
    pd.testing.assert_frame_equal(release.counted.value, table.value, check_names=False, check_dtype=False)
    assert (release.table.value["poor"] - table.value["poor"]).abs().max() > 1
    subject = subject_of_release(release)
    assert run_once(subject, 0, {}).outputs["mean_rank_shift"] == 0
    plain = run_once(subject, 0, {"shrinkage": "absent"}).groups.rank
    expected = classify(table, replace(method, clusters=None), year=2024).areas["index_rank"]
    np.testing.assert_array_equal(plain, expected.to_numpy(np.float64))


def test_an_area_without_a_group_keeps_none(tmp_path):
    table, method = table_of(tmp_path)
    hidden = replace(table, status=table.status.assign(poor=["missing", *table.status["poor"][1:]],
                                                       voted=["missing", *table.status["voted"][1:]]))  # fmt: skip
    found = run_study(
        subject_of_table(hidden, method), Study(SMALL.choices[:1], runs=8), tmp_path / "out", workers=SERIAL
    )
    assert found.areas["group"].isna().tolist() == found.areas["group_share"].isna().tolist()
    assert found.areas["group"].isna().sum() == 1


def test_which_list(tmp_path):
    table, method = table_of(tmp_path)
    by_share = subject_of_table(table, method, ListRule(share=0.1))
    assert by_share.reference.listed.sum() == 6
    assert subject_of_table(table, method).list == ListRule("composite_group", 1)
    both = subject_of_table(table, method, ListRule("composite_group", 2)).reference
    assert both.listed.tolist() == (both.group <= 2).tolist()
    assert both.listed.sum() > (both.group == 1).sum() > 0
    with pytest.raises(InputError, match="Name one it has"):
        subject_of_table(table, method, ListRule("band", 1))
    with pytest.raises(InputError, match="grouping or share"):
        subject_of_table(table, method, ListRule())


def test_the_middle_of_the_ranks_and_the_span_of_the_list(tmp_path, subject):
    n, runs = len(subject.residents), 22
    # ranks 1 to 21, and a run that failed: the middle 90 per cent are 2 to 20
    ranks = np.repeat(np.arange(1.0, 23.0)[:, None], n, axis=1)
    stacked = {"rank": ranks, "group": np.ones((runs, n), int), "listed": np.ones((runs, n), bool)}
    areas = report._areas_table(subject, stacked, np.arange(runs) < 21)
    assert (areas["rank_low"] == 2).all()
    assert (areas["rank_high"] == 20).all()
    limits = StudyChoice(name="limit", set=("problems.limit.sd",), options=(0.1, 0.5, 1.0, 2.0))
    found = run_study(subject, Study((limits, SMALL.choices[1]), runs=32), tmp_path / "out", workers=SERIAL)
    row = found.choices.set_index("choice").loc["limit"]
    alone = found.runs[found.runs["choice"] == "limit"]["n_listed"]
    assert (row["listed_low"], row["listed_high"]) == (alone.min(), alone.max())
    assert alone.min() < alone.median() < alone.max()
    share = found.areas["listed_share"]
    assert found.summary["listed"]["always"] == (share > 0.999).sum()
    assert ((share > 0.5) & (share < 0.999)).any()


def test_a_share_is_of_the_areas_that_have_a_rank(subject):
    areas = pd.DataFrame({"index_rank": pd.array([*range(1, 11), *[None] * 10], dtype="Int64")})
    plain = replace(subject.method, composite=None, bands=None)
    assert np.flatnonzero(_groups(areas, plain, ListRule(share=0.2)).listed).tolist() == [0, 1]


def test_centres_are_means_by_residents_of_what_was_seen():
    X = np.array([[0.0, 1.0], [10.0, np.nan], [4.0, np.nan]])
    centres = _centres(X, np.array([1.0, 3.0, 2.0]), np.array([0, 0, 1]), 2)
    assert centres.tolist() == [[7.5, 1.0], [4.0, 0.0]]  # of what nobody has seen 0


def test_a_study_of_nothing(tmp_path, subject):
    nothing = Study((StudyChoice(name="tiers", set=("tiers.groups",), options=(3, 4)),))
    with pytest.raises(InputError, match="Name places of the method"):
        run_study(subject, nothing, tmp_path / "out")


def test_a_folder_of_someone_else_is_neither_used_nor_removed(tmp_path, subject):
    folder = working_folder(tmp_path / "out")
    folder.mkdir()
    (folder / "notes.txt").write_text("mine", "utf-8")
    with pytest.raises(InputError, match="choose another out"):
        run_study(subject, SMALL, tmp_path / "out", workers=SERIAL)
    assert (folder / "notes.txt").read_text("utf-8") == "mine"
    assert len(list(folder.iterdir())) == 1
    (tmp_path / "file.unfinished").write_text("mine", "utf-8")
    with pytest.raises(InputError, match="choose another out"):
        run_study(subject, SMALL, tmp_path / "file", workers=SERIAL)


def test_what_someone_put_into_the_working_folder_is_not_removed(tmp_path, subject):
    found = run_study(subject, SMALL, tmp_path / "out", workers=SERIAL)
    notes = working_folder(tmp_path / "out") / "notes.txt"
    notes.write_text("mine", "utf-8")
    write_sensitivity(found, tmp_path / "out")
    assert [path.name for path in notes.parent.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("said", ["{cut off", "[]", ""])
def test_a_damaged_note_of_what_is_studied_is_refused(tmp_path, subject, said):
    folder = working_folder(tmp_path / "out")
    folder.mkdir()
    (folder / "study.json").write_text(said, "utf-8")
    with pytest.raises(InputError, match="choose another out"):
        run_study(subject, SMALL, tmp_path / "out", workers=SERIAL)


def test_damaged_and_misplaced_batches_are_made_again(tmp_path, subject):
    write_sensitivity(run_study(subject, SMALL, tmp_path / "whole", workers=SERIAL), tmp_path / "whole")
    run_study(subject, SMALL, tmp_path / "out", workers=SERIAL)
    kept = sorted(working_folder(tmp_path / "out").glob("runs-*"))
    kept[0].write_bytes(kept[0].read_bytes()[:200])
    kept[1].write_bytes(kept[2].read_bytes())  # other runs than its name says
    short = pd.read_parquet(kept[3])
    short.assign(rank=short["rank"].str[:16]).to_parquet(kept[3])  # two areas
    found = run_study(subject, SMALL, tmp_path / "out", workers=SERIAL)
    write_sensitivity(found, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
