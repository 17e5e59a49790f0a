"""What is taken over from an earlier year, and what is not: clusters, limits, counts, factors."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import shapely

from regso_cluster.areas.points import index_areas
from regso_cluster.classification.classify import classify
from regso_cluster.factors.tables import read_factors
from regso_cluster.joining.match_points import OutlineIndex, _look_at_sea
from regso_cluster.method import Certainty, Shrinkage
from regso_cluster.release.freeze import freeze
from regso_cluster.release.write import write_release
from regso_cluster.studies.reading import Reading
from regso_cluster.studies.series import classify_series, find_tables
from regso_cluster.years.compare import compare
from tests.tables import CODES, METHOD, method, rows, write

CLUSTERED = METHOD + "\n[clusters]\nn_clusters = 2\nresamples = 2\n"
ONE_FACTOR = CLUSTERED.replace(
    CLUSTERED[CLUSTERED.index('[[factors]]\nkey = "voted"') : CLUSTERED.index("[problems]")], ""
)
ONE_FACTOR = ONE_FACTOR.replace(  # of one factor nobody has two problems
    '[[composite.groups]]\nname = { sv = "Båda", en = "Both" }\nrule = { at_least = 2 }\n', ""
)
ANEW = "the previous release has no such clusters: these are numbered anew, from the worst"


def classified(tmp_path, using, frame=None, year=2023, **previous):
    path = write(rows() if frame is None else frame, tmp_path / f"t-{year}.csv")
    return classify(read_factors(path, using, edition=2025), using, year=year, **previous)


def released(tmp_path, name, using, frame=None, year=2023, previous=None):
    given = {"previous": previous.areas, "previous_method": previous.method} if previous else {}
    return write_release(classified(tmp_path, using, frame, year, **given), tmp_path / name, previous=previous)


def test_names_of_clusters_are_not_carried_into_another_scale(tmp_path):
    first = classified(tmp_path, method(CLUSTERED), rows().assign(poor_n=["10", "24", "15", "60", "22", "80"]))
    later = rows().assign(poor_n=["11", "24", "15", "60", "22", "84"])
    given = {"previous": first.areas, "previous_method": first.method}
    same = classified(tmp_path, method(CLUSTERED), later, 2024, **given).method.measured
    assert same.cluster_named_at == first.method.measured.cluster_named_at  # named last year, in the same space
    other = method(CLUSTERED + 'scale = { kind = "robust_z" }\n')
    measured = classified(tmp_path, other, later, 2024, **given).method.measured
    assert (
        measured.cluster_named_at == measured.centres
    )  # named now: a centre in z scores says nothing in robust scores
    assert measured.cluster_named_at != first.method.measured.cluster_named_at


def test_clusters_of_other_factors_are_numbered_anew(tmp_path):
    first = classified(tmp_path, method(CLUSTERED))
    turned = first.areas.assign(cluster=(3 - first.areas["cluster"]).astype("Int8"))  # the worst is number 2
    kept = classified(tmp_path, method(CLUSTERED), year=2024, previous=turned, previous_method=first.method)
    assert ANEW not in kept.notes
    given = {"previous": turned, "previous_method": first.method}
    other = classified(tmp_path, method(ONE_FACTOR), year=2024, **given)
    assert ANEW in other.notes
    assert other.areas.loc[CODES[5], "cluster"] == 1


def test_other_counts_with_the_same_rates_are_a_revision(tmp_path):
    folder, out = tmp_path / "tables", tmp_path / "r"
    folder.mkdir()

    def made():
        return [one.what for one in classify_series(find_tables(folder)[0], method(), out, reading=Reading(2025))]

    write(rows(), folder / "f-2023.csv")
    assert made() == ["written"]
    frame = rows()
    frame.loc[0, ["poor_n", "poor_d"]] = ["20", "200"]  # ten per cent as before, and in the whole group
    write(frame, folder / "f-2023.csv")
    assert made() == ["revised"]
    assert made() == ["kept"]


def test_a_method_that_drops_or_adds_a_factor_compares_and_says_which_cause_it_is(tmp_path):
    both = released(tmp_path, "both", method(CLUSTERED), year=2023)
    one = released(tmp_path, "one", method(ONE_FACTOR), year=2024)
    dropped, added = compare(both, one), compare(one, both)
    # turnout is below 70 in two areas: without it the one with poverty has no group of two, the other has none
    counts = dropped.summary["groupings"]["composite_group"]["causes"]
    assert counts["coverage"] > 0
    assert "factors of the earlier method alone: voted; a move that they make is counted as coverage" in (
        notes := dropped.summary["notes"]
    )
    assert not any("later method alone" in note for note in notes)
    back = added.summary["groupings"]["composite_group"]["causes"]
    assert (back["method"] > 0, back["coverage"]) == (True, 0)
    said = "factors of the later method alone: voted; a move that they make is counted as method"
    assert said in added.summary["notes"]
    assert all(note.text("sv") != note for note in [*notes, *added.summary["notes"]])


def test_limits_frozen_in_the_earlier_year_do_not_move(tmp_path):
    old = released(tmp_path, "old", freeze(released(tmp_path, "first", method())), year=2023)
    # poverty 10, 10, 28, 28, 10, 40: limit 21 + 11.93 = 32.9 where 26.18 was frozen; 28 is beyond that one alone
    frame = rows().assign(poor_n=["10", "20", "28", "84", "10", "80"])
    frozen = released(tmp_path, "frozen", freeze(old), frame, year=2024)
    assert frozen.areas["composite_group"].tolist()[2:4] == [2, 2]
    new = released(tmp_path, "new", method(), frame, year=2025)
    moves = compare(frozen, new).moves
    assert moves[["area", "cause"]].to_numpy().tolist() == [[CODES[2], "method"], [CODES[3], "method"]]


def test_a_revision_of_the_same_year_has_no_note_about_its_clusters(tmp_path):
    first = released(tmp_path, "first", method(CLUSTERED))
    revised = released(
        tmp_path, "revised", method(CLUSTERED), rows().assign(poor_n=["10", "20", "10", "30", "10", "90"])
    )
    assert not any("were not matched" in note for note in compare(first, revised).summary["notes"])
    later = released(tmp_path, "later", method(CLUSTERED), year=2024)
    assert any("were not matched" in note for note in compare(first, later).summary["notes"])


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_the_interval_of_a_rate_has_the_level_of_the_method(level, tmp_path):
    from regso_cluster.factors.shrinkage import interval, shrink_factor

    using = dataclasses.replace(
        method(), shrinkage=Shrinkage("country"), certainty=Certainty(draws=50, level=level, prior="country")
    )
    result = classified(tmp_path, using)
    own = result.factors[result.factors["factor"] == "poor"]
    counted = read_factors(tmp_path / "t-2023.csv", using, edition=2025)
    found = shrink_factor(counted, using.factors[0], "country")
    low, high = interval(found.first, found.second, level, using.factors[0])
    seen = own["value_low"].notna().to_numpy()
    assert seen.sum() == 6
    assert own["value_low"].to_numpy()[seen] == pytest.approx(low[~np.isnan(low)])
    assert own["value_high"].to_numpy()[seen] == pytest.approx(high[~np.isnan(high)])


def test_a_point_in_the_strip_between_land_and_water_is_in_the_area_beside_it():
    land = index_areas(["A"], np.array([shapely.box(0, 0, 1000, 1000)]))
    waters = index_areas(["A"], np.array([shapely.box(1020, 0, 2000, 1000)]))
    outlines = OutlineIndex(land, waters, land, 15.0, "by hand")
    # on land; 10 m from it, in neither; in the water; 16 m from land, beyond what was simplified; far away
    x = np.array([500.0, 1010.0, 1500.0, 1016.0, 9e6])
    points = SimpleNamespace(x=x, y=np.full(5, 500.0))
    area, coast = np.array([0, -1, -1, -1, -1], dtype=np.int32), np.full(5, np.nan)
    status = np.array(["matched", "", "", "", ""], dtype=object)
    _look_at_sea(points, outlines, area, status, coast)
    assert area.tolist() == [0, 0, 0, -1, -1]
    assert status[[0, 1, 3, 4]].tolist() == ["matched", "near_coast", "outside_sweden", "outside_sweden"]
    assert coast[1] == pytest.approx(10)
