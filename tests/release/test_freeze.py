"""Limits that stay: a release made absolute, and absolute limits beside relative ones."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest
from click.testing import CliRunner

from regso_cluster.classification.classify import classify
from regso_cluster.cli import main
from regso_cluster.errors import InputError
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import load_method, parse_method
from regso_cluster.release.freeze import freeze, write_method
from regso_cluster.release.model import read_release
from regso_cluster.release.write import write_release
from tests.tables import CODES, METHOD, method, rows, write

RANKED = METHOD.replace('kind = "z"', 'kind = "percent_rank"')


@pytest.fixture(scope="module")
def released(example_release, tmp_path_factory):
    return write_release(example_release.classification, tmp_path_factory.mktemp("freeze") / "2024")


def release_of(frame, using, folder, year=2024, previous=None):
    table = read_factors(write(frame, folder / f"t{year}.csv"), using, edition=2025)
    result = classify(table, using, year=year, previous=previous.areas if previous else None)
    return write_release(result, folder / str(year), previous=previous)


def worse():
    """Twice the poverty, and more in the fifth area: the country as a whole moves."""
    return rows().assign(poor_n=["20", "40", "20", "60", "70", "160"])


def test_freeze_then_classify_gives_the_same_bytes(released, example_release, tmp_path):
    path = tmp_path / "frozen.toml"
    result = CliRunner().invoke(main, ["freeze", str(released.path), "--out", str(path)])
    assert result.exit_code == 0, result.output
    frozen = load_method(path)
    assert frozen.frozen.manifest_sha256 == released.manifest["manifest_sha256"]
    assert (frozen.frozen.release, frozen.frozen.year) == ("2024", 2024)
    again = write_release(classify(example_release.classification.table, frozen, year=2024), tmp_path / "again")
    for name in ("areas.parquet", "groups.parquet", "factors.parquet"):
        assert (again.path / name).read_bytes() == (released.path / name).read_bytes(), name
    assert any("frozen from release 2024" in note for note in again.notes)
    refused = CliRunner().invoke(main, ["freeze", str(released.path), "--out", str(path)])
    assert refused.exit_code == 1
    assert "the method file exists" in refused.stderr


@pytest.mark.parametrize("text", [METHOD, RANKED])
def test_limits_of_three_years_with_a_frozen_method_are_identical(text, tmp_path):
    frozen = freeze(release_of(rows(), method(text), tmp_path))
    frozen = parse_method(frozen.to_toml())
    made = []
    for number, frame in enumerate((rows(), worse(), rows().iloc[::-1])):
        (tmp_path / str(number)).mkdir()
        made.append(release_of(frame, frozen, tmp_path / str(number), 2025 + number))
    described = [release.manifest["yardstick"] for release in made]
    assert described[0]["limits"]["poor"] == pytest.approx(26.18, abs=0.01)
    assert described[0] == described[1] == described[2]
    assert len({release.manifest["method"]["sha256"] for release in made}) == 1
    # the same figures give the same index in any year, also by rank: the distribution of 2024 is kept
    pd.testing.assert_series_equal(made[0].areas["index"], made[2].areas["index"], check_exact=True)
    assert not made[0].areas["index"].equals(made[1].areas["index"])
    assert freeze(made[1]) == made[1].method  # the limits stay those of the first release


def test_relative_limits_move_and_frozen_ones_do_not(tmp_path):
    first = release_of(rows(), method(), tmp_path)
    assert first.areas.loc[CODES[4], "n_problems"] == 0
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    relative = release_of(worse(), method(), tmp_path / "a", 2025)
    absolute = release_of(worse(), freeze(first), tmp_path / "b", 2025)
    # poverty is 20, 20, 20, 20, 70, 80 per cent, beyond the limit of 2024 (26.2) in the last two
    assert absolute.areas.loc[list(CODES), "poor_problem"].tolist() == [False] * 4 + [True] * 2
    assert relative.manifest["yardstick"]["limits"] != absolute.manifest["yardstick"]["limits"]
    assert relative.manifest["yardstick"]["frozen"] is None


def test_both_kinds_in_one_release(tmp_path):
    first = release_of(rows(), method(), tmp_path)
    both = parse_method(freeze(first, beside=True).to_toml())
    assert both.measured is None
    (tmp_path / "both").mkdir()
    # poverty 40, 40, 40, 40, 40, 41: no area is beyond mean + SD but the last, all are beyond the limit of 2024
    frame = rows().assign(poor_n=["40", "80", "40", "120", "40", "82"])
    release = release_of(frame, both, tmp_path / "both", 2025)
    areas = release.areas.loc[list(CODES)]
    assert areas["poor_problem"].tolist() == [False] * 5 + [True]
    assert areas["poor_problem_absolute"].tolist() == [True] * 6
    assert areas["n_problems"].tolist() == [0, 1, 0, 0, 0, 2]
    assert areas["n_problems_absolute"].tolist() == [1, 2, 1, 1, 1, 2]
    assert areas["composite_group"].tolist() == [3, 2, 3, 3, 3, 1]
    assert areas["composite_group_absolute"].tolist() == [2, 1, 2, 2, 2, 1]
    assert areas["composite_group_name_absolute"].tolist()[0] == "En"
    assert (areas["index_absolute"] > areas["index"]).all()
    groups = release.groups[release.groups["grouping"] == "composite_group_absolute"]
    assert groups["areas"].tolist()[:3] == [2, 4, 0]
    assert release.manifest["yardstick"]["baseline"]["manifest_sha256"] == first.manifest["manifest_sha256"]
    from regso_cluster.exports.export import export

    assert export(release, tmp_path / "both.xlsx").stat().st_size > 10_000
    with pytest.raises(InputError, match="absolute limits already"):
        freeze(release, beside=True)
    assert read_release(release.path, verify=True).method.baseline == both.baseline


def test_a_frozen_method_is_another_method_and_the_same_choices(tmp_path):
    first = release_of(rows(), method(), tmp_path)
    frozen = freeze(first)
    assert frozen.hash != first.method.hash == method().hash
    assert frozen.identity == method().identity
    moved = dataclasses.replace(frozen.measured, limits=frozen.measured.limits | {"poor": 30.0})
    assert dataclasses.replace(frozen, measured=moved).hash != frozen.hash
    (tmp_path / "next").mkdir()
    notes = release_of(rows(), frozen, tmp_path / "next", 2025, previous=first).notes
    assert any("frozen limits" in note for note in notes)
    assert not any("another method" in note for note in notes)


def test_words_of_a_frozen_method_may_be_edited(tmp_path):
    frozen = freeze(release_of(rows(), method(), tmp_path))
    text = frozen.to_toml()
    renamed = parse_method(text.replace(frozen.title.en, "Another title"))
    assert renamed.title.en == "Another title"
    assert renamed.identity == frozen.identity
    weight = text.replace("min_population = ", "min_population = 1")
    assert weight != text
    with pytest.raises(InputError, match="measured for other choices"):
        parse_method(weight)


def test_a_mutilated_yardstick_is_refused_with_its_line(tmp_path):
    frozen = freeze(release_of(rows(), method(), tmp_path))
    text = frozen.to_toml()
    with pytest.raises(InputError, match=r"limits measured for other factors \(poor\)"):
        parse_method(text.replace("\npoor = 26", "\n# poor = 26"))
    with pytest.raises(InputError, match="frozen, but nothing is measured"):
        parse_method(text[: text.index("[measured")])
    write_method(frozen, tmp_path / "m.toml")
    with pytest.raises(InputError, match="the method file exists"):
        write_method(method(), tmp_path / "m.toml")


def test_limits_changed_by_hand_are_not_taken_for_those_of_the_release(tmp_path):
    made = release_of(rows(), method(), tmp_path)
    for beside, section in ((False, "measured"), (True, "baseline.measured")):
        text = freeze(made, beside=beside).to_toml()
        assert parse_method(text) == freeze(made, beside=beside)
        limit = f"poor = {made.method.measured.limits['poor']}"
        assert text.count(limit) == 1
        with pytest.raises(InputError, match="changed by hand: not what release 2024") as refused:
            parse_method(text.replace(limit, "poor = 30.0"), "m.toml")
        lines = text.splitlines()
        assert refused.value.faults[0].where == f"m.toml, line {1 + lines.index(f'[{section}]')}"
        assert "limits of your own stand as `limit`" in refused.value.faults[0].hint
        # a file of before the hash was written is read as it was
        old = "\n".join(line for line in lines if not line.startswith("yardstick_sha256"))
        assert len(old.splitlines()) == len(lines) - 1
        parse_method(old)


def test_a_method_is_not_written_into_a_release_nor_through_a_dangling_link(released, tmp_path):
    result = CliRunner().invoke(main, ["freeze", str(released.path), "--out", str(released.path / "m.toml")])
    assert result.exit_code == 1
    assert "A release is never changed" in result.stderr
    assert read_release(released.path, verify=True).year == 2024
    (tmp_path / "link.toml").symlink_to(tmp_path / "nowhere.toml")
    with pytest.raises(InputError, match="the method file exists"):
        write_method(released.method, tmp_path / "link.toml")
    assert (tmp_path / "link.toml").is_symlink()


def test_what_was_measured_is_not_changed_by_deleting_its_release(released, tmp_path):
    path = tmp_path / "frozen.toml"
    write_method(freeze(released), path)
    text = path.read_text("utf-8")
    begins = text.index("[frozen]")
    without = text[:begins] + text[text.index("\n[", begins) + 1 :]
    assert "[measured" in without
    path.write_text(without, "utf-8")
    with pytest.raises(InputError, match="limits and cut points that no release stands for"):
        load_method(path)
    # in its release it is what that release measured, and only there
    assert load_method(released.path / "method.toml") == released.method
    copy = tmp_path / "method.toml"
    copy.write_text((released.path / "method.toml").read_text("utf-8"), "utf-8")
    with pytest.raises(InputError, match="no release stands for"):
        load_method(copy)
