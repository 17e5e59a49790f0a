from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from regso_cluster.areas.editions import code_set
from regso_cluster.classification.classify import classify
from regso_cluster.errors import InputError
from regso_cluster.factors.tables import read_factors
from regso_cluster.files.parquet import write_parquet
from regso_cluster.method import load_method, parse_method
from tests.tables import CODES, METHOD, method, rows, write


@pytest.fixture
def small(tmp_path):
    return classify(read_factors(write(rows(), tmp_path / "t.csv"), method(), edition=2025), method(), year=2024)


def test_six_areas_by_hand(small):
    # poverty is beyond 26.18 in the last area alone; fewer than 70 per cent voted in the second and the last
    areas = small.areas.loc[list(CODES)]
    assert areas["n_problems"].tolist() == [0, 1, 0, 0, 0, 2]
    assert areas["composite_group"].tolist() == [3, 2, 3, 3, 3, 1]
    assert areas["composite_group_name"].tolist() == ["Ingen", "En", "Ingen", "Ingen", "Ingen", "Båda"]
    assert small.method.measured.limits == {"poor": pytest.approx(15 + np.sqrt(125)), "voted": 70}
    # the index: mean of the z of poverty and of minus the z of turnout
    poor = (areas["poor_value"] - 15) / np.sqrt(125)
    voted = -(areas["voted_value"] - areas["voted_value"].mean()) / areas["voted_value"].std(ddof=0)
    assert areas["index"].to_numpy() == pytest.approx(((poor + voted) / 2).to_numpy())
    assert areas["index_rank"].tolist() == [6, 2, 3, 4, 5, 1]


def test_every_area_is_in_every_table(small):
    assert tuple(small.areas.index) == code_set(2025)
    assert small.factors.groupby("factor")["regso"].nunique().tolist() == [3363, 3363]
    composite = small.groups[small.groups["grouping"] == "composite_group"]
    assert composite["areas"].sum() == 3363
    unseen = small.areas.drop(list(CODES))
    assert unseen["composite_group"].isna().all()
    assert unseen["composite_reason"].eq("poor missing; voted missing").all()
    assert unseen["n_problems"].isna().all()


def test_an_area_with_too_few_residents_is_shown_and_not_classified(tmp_path):
    using = method(METHOD.replace('"population"', '"population"\nmin_population = 50'))
    frame = rows()
    frame.loc[5, "population"], frame.loc[0, "poor_n"] = "20", "9"
    areas = classify(read_factors(write(frame, tmp_path / "t.csv"), using, edition=2025), using, year=2024).areas
    out = areas.loc[CODES[5]]
    assert out["poor_value"] == 40
    assert out["status"] == out["composite_reason"] == "too_few_residents"
    assert pd.isna(out["composite_group"])
    assert pd.isna(out["index"])
    # nor does it move the yardstick: without its 40 per cent the mean is (9 + 4 * 10) / 5 = 9.8 and the SD 0.4
    assert areas.loc[CODES[1], "poor_score"] == pytest.approx(0.5)


def test_a_table_of_another_method_is_refused(tmp_path):
    table = read_factors(write(rows(), tmp_path / "t.csv"), method(), edition=2025)
    with pytest.raises(InputError, match="read with another method"):
        classify(table, load_method("utanforskap"), year=2024)


def test_the_written_yardstick_gives_the_same_areas(example_release):
    """What a release holds is enough to classify again."""
    result = example_release.classification
    again = parse_method(result.method.to_toml())
    second = classify(result.table, again, year=2024)
    pd.testing.assert_frame_equal(second.areas, result.areas, check_exact=True)
    assert "written in the method" in second.notes[-1] or any("written in the method" in note for note in second.notes)


def test_a_written_yardstick_stays_when_the_country_moves(example_release, tmp_path):
    result = example_release.classification
    worse = dataclasses.replace(result.table, value=result.table.value * 1.05)
    second = classify(worse, parse_method(result.method.to_toml()), year=2025)
    assert second.method.measured == result.method.measured
    assert not second.areas["kriminalitet_problem"].equals(result.areas["kriminalitet_problem"])


def test_the_same_year_again_moves_nothing(example_release):
    result = example_release.classification
    again = classify(result.table, load_method("utanforskap"), year=2025, previous=result.areas)
    assert again.areas["cluster"].equals(result.areas["cluster"])
    assert set(again.areas["composite_change"]) == {"same", "unknown"}
    assert (again.areas["composite_change"] == "unknown").equals(result.areas["composite_group"].isna())


def test_a_change_is_marked_with_its_direction(tmp_path):
    first = classify(read_factors(write(rows(), tmp_path / "a.csv"), method(), edition=2025), method(), year=2023)
    frame = rows()
    frame.loc[0, "voted_pct"], frame.loc[1, "voted_pct"], frame.loc[2, "voted_pct"] = "50", "80", ".."
    table = read_factors(write(frame, tmp_path / "b.csv"), method(), edition=2025)
    areas = classify(table, method(), year=2024, previous=first.areas).areas.loc[list(CODES)]
    assert areas["composite_change"].tolist() == ["worse", "better", "unknown", "same", "same", "same"]
    assert areas["composite_group_previous"].tolist() == [3, 2, 3, 3, 3, 1]


def test_groups_are_ordered_from_the_worst(example_release):
    groups = example_release.classification.groups
    areas = example_release.classification.areas
    means = [
        np.average(part["index"], weights=part["population"].astype(float)) for _, part in areas.groupby("cluster")
    ]
    assert means == sorted(means, reverse=True)
    composite = groups[(groups["grouping"] == "composite_group") & groups["group"].notna()]
    assert composite["bidragsberoende_value"].is_monotonic_decreasing
    assert groups["synthetic"].all()


RUN = """
import sys
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import load_method
from regso_cluster.classification.classify import classify
from regso_cluster.files.parquet import write_parquet
from pathlib import Path
method = load_method("utanforskap")
result = classify(read_factors(sys.argv[1], method, year=2024), method, year=2024, threads=int(sys.argv[3]))
write_parquet(result.areas.reset_index(), Path(sys.argv[2]))
"""


@pytest.mark.parametrize("threads", [pytest.param(1, marks=pytest.mark.thorough), 2])
def test_same_bytes_for_shuffled_rows_threads_and_a_fresh_process(example_release, tmp_path, threads):
    straight = tmp_path / "straight.parquet"
    write_parquet(example_release.classification.areas.reset_index(), straight)
    table = pd.read_csv(example_release.table, dtype=str)
    shuffled = tmp_path / "factors-2024.csv"
    table.sample(frac=1, random_state=threads).to_csv(shuffled, index=False)
    other = tmp_path / "other.parquet"
    environment = os.environ | {"NUMBA_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    subprocess.run([sys.executable, "-c", RUN, shuffled, other, str(threads)], check=True, env=environment)
    assert other.read_bytes() == straight.read_bytes()


def test_another_seed_changes_only_what_the_seed_is_for(example_release):
    result = example_release.classification
    other = classify(result.table, load_method("utanforskap"), year=2024, seed=1)
    changing = {
        "index_rank_low",
        "index_rank_high",
        "cluster_probability",
        "cluster",
        "cluster_name",
        "cluster_second",
    }
    drawn = ("_probability", "_second", "how_sure")
    kept = [column for column in result.areas if column not in changing and not column.endswith(drawn)]
    pd.testing.assert_frame_equal(other.areas[kept], result.areas[kept], check_exact=True)
    assert not other.areas["index_rank_low"].equals(result.areas["index_rank_low"])
    assert json.dumps(other.figures["composite_groups"]) == json.dumps(result.figures["composite_groups"])


def test_the_caller_s_table_is_not_changed(tmp_path):
    table = read_factors(write(rows(), Path(tmp_path / "t.csv")), method(), edition=2025)
    before = [part.copy() for part in (table.areas, table.value, table.status, table.numerator)]
    classify(table, method(), year=2024)
    for old, new in zip(before, (table.areas, table.value, table.status, table.numerator), strict=True):
        pd.testing.assert_frame_equal(old, new)


WEIGHTED = (
    METHOD.replace('population = "population"', 'population = "population"\nmin_population = 50')
    .replace("limit = { sd = 1.0 }", 'limit = { sd = 1.0 }\nweighting = "residents"')
    .replace('scale = { kind = "z" }', 'scale = { kind = "z", weighting = "residents" }')
    + """
[bands]
kind = "sd"
at = [0]
weighting = "residents"

[tiers]
kind = "sd"
at = [0]
weighting = "residents"

[clusters]
n_clusters = 2
resamples = 3
scale = { kind = "z", weighting = "residents" }

[certainty]
draws = 40
"""
)


def test_residents_weigh_in_every_step_and_a_small_area_in_none(tmp_path):
    """Five areas of 100, 100, 100, 100 and 600 residents; the sixth has 49 and may not count anywhere."""
    using = method(WEIGHTED)
    frame = rows().assign(population=[100, 100, 100, 100, 600, 49], poor_n=[10, 20, 10, 30, 30, 80])
    frame["voted_pct"] = [90, 80, 70, 85, 60, 10]
    result = classify(read_factors(write(frame, tmp_path / "t.csv"), using, edition=2025), using, year=2024)
    measured = result.method.measured
    # poverty is 10, 10, 10, 10 and 30 per cent: a mean of 22 over residents, a variance of 0.4 * 144 + 0.6 * 64, or 96
    assert measured.limits["poor"] == pytest.approx(22 + np.sqrt(96))
    for use in ("index", "clusters"):
        assert measured.scales[use]["poor"]["centre"] == pytest.approx(22)
        assert measured.scales[use]["poor"]["spread"] == pytest.approx(np.sqrt(96))
    assert measured.tiers["poor"] == pytest.approx((22,))
    # turnout: a tenth of each of 90, 80, 70 and 85, and six tenths of 60, make 68.5
    assert measured.tiers["voted"] == pytest.approx((68.5,))
    assert measured.bands == pytest.approx((0,), abs=1e-12)  # the weighted mean of a mean of weighted z
    small = result.areas.loc[CODES[5]]
    for column in ("index", "index_rank", "index_rank_low", "cluster", "cluster_probability", "poor_tier", "band"):
        assert pd.isna(small[column]), column
    assert small["poor_value"] == 40
    assert result.areas["index_rank"].max() == 5
    assert result.areas["index_rank_high"].max() <= 5
    # the fifth area is alone and worst; the others share a centre weighted by residents (all equal)
    assert result.areas.loc[list(CODES[:5]), "cluster"].tolist() == [2, 2, 2, 2, 1]


def test_an_area_of_just_enough_residents_is_classified(tmp_path):
    using = method(METHOD.replace('"population"', '"population"\nmin_population = 50'))
    frame = rows().assign(population=[50, 49, 100, 100, 100, 100])
    areas = classify(read_factors(write(frame, tmp_path / "t.csv"), using, edition=2025), using, year=2024).areas
    assert areas["status"].iloc[:2].tolist() == ["observed", "too_few_residents"]


def test_each_step_draws_from_a_stream_of_its_own():
    from regso_cluster.classification.classify import _generator

    drawn = {step: _generator(method(), step).random() for step in ("clusters", "noise", "another")}
    assert len(set(drawn.values())) == 3
    assert _generator(method(), "noise").random() == drawn["noise"]


def test_limits_of_made_up_figures_on_real_ones_are_noted(tmp_path):
    made_up = read_factors(write(rows().assign(synthetic="yes"), tmp_path / "a.csv"), method(), edition=2025)
    frozen = parse_method(classify(made_up, method(), year=2024).method.to_toml())
    assert frozen.measured.synthetic
    real = read_factors(write(rows(), tmp_path / "b.csv"), method(), edition=2025)
    assert any("measured on SYNTHETIC data" in note for note in classify(real, frozen, year=2025).notes)
    assert not any("SYNTHETIC" in note for note in classify(made_up, frozen, year=2025).notes)


def test_too_few_areas_to_look_for_structure_are_said_in_both_languages(tmp_path):
    clusters = "\n[clusters]\nn_clusters = 2\n[clusters.structure]\n"
    own = parse_method(METHOD + clusters)
    few = classify(read_factors(write(rows(), tmp_path / "t.csv"), own, edition=2025), own, year=2024)
    said = next(note for note in few.notes if note.code == "structure_not_assessed")
    assert "areas" in said.text("en")
    assert "områden" in said.text("sv")
    assert not re.search(r"\b(areas|few|needed|Classify)\b", said.text("sv"))
