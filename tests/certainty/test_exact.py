"""Labels that hang on figures taken as exact: not assessed, never core."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from regso_cluster.certainty.discovery import judge_list
from regso_cluster.certainty.exact import find_hanging
from regso_cluster.classification.classify import classify
from regso_cluster.factors.tables import read_factors
from regso_cluster.judging.case import as_counted
from regso_cluster.judging.judge import judge, measure
from regso_cluster.method import Banding, Certainty
from regso_cluster.release.write import write_release
from tests.tables import CODES, METHOD, method, rows, write

SURE = dataclasses.replace(method(), certainty=Certainty(draws=200, prior="country"))
# a third factor, counted, and groups: two problems or more, one, none
THREE = METHOD.replace(
    "[problems]",
    """[[factors]]
key = "sick"
name = { sv = "Sjuka", en = "Sick" }
numerator = "sick_n"
denominator = "poor_d"
worse = "high"
unit = "per cent"
[problems]""",
)


def classified(using, frame, folder):
    return classify(read_factors(write(frame, folder / "t.csv"), using, edition=2025), using, year=2024)


def test_a_label_that_hangs_on_an_exact_figure_is_not_assessed(tmp_path):
    # groups: both problems, one, none; turnout has no counts. Another flag of turnout changes every area's group
    result = classified(SURE, rows(), tmp_path)
    areas = result.areas.loc[list(CODES)]
    assert (areas["how_sure"] == "not_assessed").all()
    empty = ["composite_group_probability", "composite_second_probability", "voted_probability"]
    assert areas[empty].isna().all(axis=None)
    assert areas["composite_second"].isna().all()
    assert areas["poor_probability"].notna().all()  # counted: how sure it is can be told
    words = result.figures["certainty"]["how_sure"]
    assert (words["core"], words["edge"]) == (0, 0)
    # the areas without a row have nothing that is taken as exact
    assert result.figures["certainty"]["hang_on_exact"] == {"composite_group": 6}


def test_what_is_said_of_lists_and_groups_that_hang(tmp_path):
    result = classified(SURE, rows(), tmp_path)
    groups = result.groups[result.groups["grouping"] == "composite_group"]
    known = groups["group"].notna()
    for column in ("expected", "expected_low", "expected_high", "probability"):
        assert groups.loc[known, column].isna().all(), column
    lists = {(one["list"], one["group"]): one for one in result.figures["certainty"]["lists"]}
    voted, poor = lists["voted_problem", 1], lists["poor_problem", 1]
    assert voted["not_assessed"] == voted["counted"] == 2
    assert [voted[name] for name in ("expected", "low", "high", "wrong", "missed", "controlled")] == [None] * 6
    assert "not_assessed" not in poor
    assert poor["wrong"] is not None
    long = result.certainty
    seen = long[long["regso"].isin(CODES)]
    assert seen.loc[seen["grouping"].isin(["voted_problem", "composite_group"]), "probability"].isna().all()


def test_every_note_of_what_hangs_has_swedish(tmp_path):
    result = classified(SURE, rows(), tmp_path)
    said = [note for note in result.notes if "exact" in note]
    assert "how sure the composite group is was not assessed in 6 of 3,363 areas" in " ".join(said)
    assert all(note.text("sv") != note for note in said)
    one = judge_list(np.array([0.9, np.nan]), np.array([True, True]), np.array([1]), 0.9, 0.1, np.array([False, True]))
    assert (one.counted, one.not_assessed, one.expected) == (2, 1, None)
    assert one.wrong == pytest.approx(0.1)


def test_a_group_that_no_exact_flag_can_change_keeps_its_probability(tmp_path):
    # the last area has both counted problems: two or more, whatever its turnout. One problem, and turnout decides
    using = dataclasses.replace(method(THREE), certainty=Certainty(draws=200, prior="country"))
    frame = rows().assign(sick_n=["10", "12", "11", "10", "12", "90"], voted_pct=["80", "81", "82", "83", "84", "81"])
    areas = classified(using, frame, tmp_path).areas.loc[list(CODES)]
    assert areas["n_problems"].tolist() == [0, 0, 0, 0, 0, 2]
    assert areas["how_sure"].tolist() == ["not_assessed"] * 5 + ["core"]
    assert areas["composite_group_probability"].iloc[-1] > 0.9


def test_bands_hang_where_the_ends_of_the_exact_factor_give_others(tmp_path):
    # z of poverty: about -0.5 in five areas, 2.2 in the sixth; of turnout, turned, from -1.2 to 1.5
    using = dataclasses.replace(method(), composite=None, bands=Banding("sd", at=(0.0,)),
                                certainty=Certainty(draws=200, prior="country"))  # fmt: skip
    frame = rows().assign(poor_n=["10"] * 5 + ["60"], poor_d=["100"] * 6)
    areas = classified(using, frame, tmp_path).areas.loc[list(CODES)]
    # index cut at its mean, 0: five areas go from (-0.45 - 1.2) / 2 to (-0.45 + 1.5) / 2, the sixth stays above
    assert areas["band_probability"].isna().tolist() == [True] * 5 + [False]
    assert areas["how_sure"].tolist() == ["not_assessed"] * 5 + ["core"]


def test_an_area_hangs_on_its_own_exact_figures_only(tmp_path):
    table = read_factors(write(rows(), tmp_path / "t.csv"), SURE, edition=2025)
    case = as_counted(table, SURE)
    used, yardstick = case.used, measure(case)
    areas = judge(case, yardstick)
    nothing = find_hanging(np.zeros(used.shape, np.bool_), case, areas, yardstick)
    assert not nothing.labels["composite_group"].any()
    one = np.zeros(used.shape, np.bool_)
    one[used.index.get_loc(CODES[0]), 1] = True
    found = find_hanging(one, case, areas, yardstick)
    assert np.flatnonzero(found.labels["composite_group"]).tolist() == [used.index.get_loc(CODES[0])]


def test_clusters_hang_by_the_corner_of_the_box(example_release):
    """Against every corner tried by hand: the nearest centre for the lowest and the highest score of two factors."""
    result = example_release.classification
    using, table = result.method, result.table
    case = as_counted(table, using)
    used = case.used
    areas = result.areas.copy()
    exact = np.zeros(used.shape, np.bool_)
    exact[:, :2] = used.iloc[:, :2].notna()
    found = find_hanging(exact, case, areas, using.measured).labels["cluster"]
    from regso_cluster.factors.scales import apply_scale
    from regso_cluster.judging.typology import nearest_clusters

    signs = np.array([factor.sign for factor in using.factors])
    scores = apply_scale(used, using.clusters.scale, signs, using.measured.scales["clusters"]).to_numpy()
    own = areas["cluster"].fillna(0).to_numpy(int)
    expected = np.zeros(len(own), bool)
    for one in (np.nanmin, np.nanmax):
        for two in (np.nanmin, np.nanmax):
            moved = scores.copy()
            for column, end in enumerate((one, two)):
                moved[exact[:, column], column] = end(scores[:, column])
            nearest, _ = nearest_clusters(moved, np.array(using.measured.centres), using.measured.cluster_numbers)
            expected |= (nearest != own) & (own > 0) & exact.any(axis=1)
    assert 0 < expected.sum() < len(own)
    assert np.array_equal(found, expected)


def test_the_terminal_and_the_manifest_claim_nothing_of_what_hangs(tmp_path, capsys):
    from regso_cluster.terminal.release import print_release

    release = write_release(classified(SURE, rows(), tmp_path), tmp_path / "r")
    print_release(release)
    shown = capsys.readouterr().out
    assert "99 %" not in shown
    assert "100 %" not in shown.replace("100.0", "")
    assert pd.isna(release.groups.loc[release.groups["group"] == 1, "probability"]).all()
