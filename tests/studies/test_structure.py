from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from regso_cluster.certainty.structure import assess_structure
from regso_cluster.errors import InputError
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import StructureRule, parse_method
from regso_cluster.parallel import Workers
from regso_cluster.studies import structure as structure_report
from regso_cluster.studies.structure import find_consensus, write_structure
from regso_cluster.terminal.studies import print_structure
from tests.certainty.planted import cloud, planted

METHOD = """
name = "consensus"
title = { sv = "Konsensus", en = "Consensus" }
description = { sv = "", en = "" }
[table]
areas = "own"
code = "code"
population = "residents"
[index]
scale = { kind = "z" }
[clusters]
n_clusters = 3
"""
FACTOR = (
    '[[factors]]\nkey = "f{n}"\nname = {{ sv = "f{n}", en = "f{n}" }}\nvalue = "f{n}"\nunit = "score"\nworse = "high"\n'
)
RULE = StructureRule(fewest=2, most=4, clouds=5, resamples=5, splits=2)
USING = parse_method(METHOD + "".join(FACTOR.format(n=n) for n in range(4)), "consensus.toml")


def table_of(X, residents, folder):
    frame = pd.DataFrame(X, columns=[f"f{n}" for n in range(4)]).assign(
        residents=residents, code=[f"a{number:03}" for number in range(len(X))]
    )
    path = folder / "t.csv"
    frame.to_csv(path, index=False)
    return read_factors(path, USING, year=2024)


def agreed_on(X, residents, folder, workers=None, resamples=15):
    table = table_of(X, residents, folder)
    structure = assess_structure((X - X.mean(axis=0)) / X.std(axis=0), residents, RULE)
    return find_consensus(table, USING, structure, resamples=resamples, workers=workers), structure


def test_planted_groups_are_agreed_on(tmp_path):
    X, residents, group = planted(0, k=3, n=120)
    X[7] = np.nan  # nothing observed
    table = table_of(X, residents, tmp_path)
    whole = np.delete(np.arange(120), 7)
    structure = dataclasses.replace(assess_structure(X[whole], residents[whole], RULE), labels={})
    found = find_consensus(table, USING, structure, resamples=15)
    assert structure.choice == found.figures["groups"] == 3
    areas = found.areas.set_index("area")
    assert len(areas) == 120
    known = areas["consensus_group"].notna().to_numpy()
    assert known.tolist() == [place != 7 for place in range(120)]
    assert areas["how_sure"].iloc[7] == "not_assessed"
    assert adjusted_rand_score(areas["consensus_group"][known].astype(int), group[known]) > 0.97
    assert areas["certainty"].mean() > 0.95
    assert found.figures["ambiguous"] < 0.1
    # the runner-up is another group, and hardly ever as near as the own
    second = areas["runner_up"].notna()
    assert (areas["runner_up"][second] != areas["consensus_group"][second]).all()
    assert (areas["runner_up_certainty"][known] < areas["certainty"][known]).mean() > 0.98
    # group 1 is the worst: its factors are the highest on average
    z = (X - np.nanmean(X, axis=0)) / np.nanstd(X, axis=0)
    members = [areas["consensus_group"].eq(number).fillna(False).to_numpy(bool) for number in (1, 2, 3)]
    level = [np.average(z[inside].mean(axis=1), weights=residents[inside]) for inside in members]
    assert level == sorted(level, reverse=True)


def test_every_resample_of_every_way_is_drawn_for_itself_by_residents(tmp_path, monkeypatch):
    X, residents, _ = planted(2, k=3, n=60, p=4)
    seen = []

    def noted(values, weights, k, way, seed):
        seen.append((way, seed, weights))
        return real(values, weights, k, way, seed)

    real = structure_report.find_clusters
    monkeypatch.setattr(structure_report, "find_clusters", noted)
    agreed_on(X, residents, tmp_path, Workers(threads=1), resamples=12)
    assert len(seen) == 36
    assert len({seed for _, seed, _ in seen}) == 36
    drawn = np.array([weights / residents for _, _, weights in seen])
    assert len(np.unique(drawn, axis=0)) == 36
    np.testing.assert_allclose(drawn, np.round(drawn), atol=1e-9)  # so many times its residents
    assert np.allclose(drawn.sum(axis=1), 60)


def test_an_area_without_residents_takes_no_part(tmp_path):
    X, residents, _ = planted(0, k=3, n=60)
    residents[4] = 0
    found, _ = agreed_on(X, residents, tmp_path, resamples=5)
    empty = found.areas["consensus_group"].isna().to_numpy()
    assert empty.tolist() == [place == 4 for place in range(60)]
    assert found.areas["how_sure"].iloc[4] == "not_assessed"


def test_a_cloud_is_not_agreed_on(tmp_path):
    X, residents = cloud(0, n=150)
    found, structure = agreed_on(X, residents, tmp_path)
    assert structure.choice is None
    assert found.figures["groups"] == 3  # bands: as many as the method has
    assert found.figures["ambiguous"] > 0.2
    assert found.figures["certainty"] < 0.9
    assert (found.areas["how_sure"] != "core").mean() > 0.3


def test_who_does_the_work_changes_nothing(tmp_path):
    X, residents = cloud(1, n=80)
    one, _ = agreed_on(X, residents, tmp_path, Workers(1))
    two, _ = agreed_on(X, residents, tmp_path, Workers(2))
    pd.testing.assert_frame_equal(one.areas, two.areas, check_exact=True)


def test_a_consensus_is_written_and_said(tmp_path, capsys):
    X, residents, _ = planted(0, k=3, n=120)
    found, structure = agreed_on(X, residents, tmp_path, resamples=5)
    out = write_structure(structure, tmp_path / "out", "en", synthetic=True, agreed=found)
    said = json.loads((out / "structure.json").read_text("utf-8"))["consensus"]
    assert said["ways"] == ["k-means", "k-medoids", "ward"]
    assert said["agreement"] > 0.97
    assert sum(said["how_sure"].values()) == 120
    written = pd.read_parquet(out / "consensus.parquet")
    assert written["synthetic"].all()
    assert written["certainty"].between(0, 1).all()
    print_structure(structure, synthetic=True, consensus=found.figures)
    text = " ".join(capsys.readouterr().out.split())
    assert "consensus of 15 partitions (k-means, k-medoids, ward) into 3 groups" in text


def test_without_clusters_there_is_nothing_to_join(tmp_path):
    X, residents = cloud(1, n=80)
    structure = assess_structure(X, residents, RULE)
    table = table_of(X, residents, tmp_path)
    with pytest.raises(InputError, match="Add \\[clusters\\]"):
        find_consensus(table, dataclasses.replace(USING, clusters=None), structure)


def test_the_worst_group_is_the_worst_by_residents():
    # group 0: levels 0 and 4, mean 2 by areas, 0.4 by residents; group 1: level 1; an area without any figure
    X = np.array([[0.0, 0.0], [4.0, np.nan], [1.0, 1.0], [np.nan, np.nan]])
    labels = np.array([0, 0, 1, -1])
    assert structure_report._worst_first(X, np.array([9.0, 1.0, 1.0, 5.0]), labels, 2).tolist() == [2, 1]
    assert structure_report._worst_first(X, np.ones(4), labels, 2).tolist() == [1, 2]
