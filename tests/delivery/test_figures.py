from __future__ import annotations

import re

import pytest
from click.testing import CliRunner
from PIL import Image

from regso_cluster.cli import main
from regso_cluster.delivery import figures
from regso_cluster.delivery.colours import ordered_colours
from regso_cluster.delivery.page.words import WORDS
from regso_cluster.errors import InputError
from regso_cluster.release import write_release


@pytest.fixture(scope="module")
def release(example_release, tmp_path_factory):
    return write_release(example_release.classification, tmp_path_factory.mktemp("figures") / "2024")


def test_a_map_of_a_kommun_has_the_colours_of_its_groups_and_counts_them(release, tmp_path):
    out = figures.write_figure(figures.draw_kommun(release, "0184"), tmp_path / "solna.svg")
    text = out.read_text("utf-8")
    own = release.areas[release.areas["kommun"] == "0184"]
    names = release.groups.query("grouping == 'composite_group'").set_index("group")["name_sv"]
    for group, colour in enumerate(ordered_colours(4), start=1):
        count = int(own["composite_group"].eq(group).sum())
        assert f"{names[group]} ({count})" in text
        assert (text.count(colour) > 1) == (count > 0)  # once in the legend
    assert WORDS["synthetic_long"]["sv"].split(".")[0] in text


def test_the_same_figure_gives_the_same_bytes(release, tmp_path):
    for suffix in ("svg", "png"):
        one, other = (
            figures.write_figure(
                figures.draw_profile(release, language="en"), tmp_path / f"{name}.{suffix}"
            ).read_bytes()
            for name in ("a", "b")
        )
        assert one == other


def test_a_profile_has_a_mark_for_each_group_and_factor_and_turns_where_low_is_worse(release):
    figure = figures.draw_profile(release)
    values = release.groups.query("grouping == 'composite_group' and group.notna()")
    for axis, factor in zip(figure.axes, release.method.factors, strict=True):
        marks = [line.get_xdata()[0] for line in axis.lines if line.get_marker() == "o"]
        assert marks == pytest.approx(list(values[f"{factor.key}_value"]))
        assert axis.xaxis_inverted() == (factor.worse == "low")


def test_a_flow_counts_areas(two_releases):
    figure = figures.draw_flow(two_releases)
    shown = [text.get_text() for text in figure.axes[0].texts]
    for one in two_releases:
        assert str(one.year) in shown
        assert str(int(one.areas["composite_group"].eq(1).sum())) in shown


@pytest.fixture(scope="module")
def two_releases(release):
    from dataclasses import replace

    return release, replace(release, manifest={**release.manifest, "year": 2025})


def test_country_as_png(release, tmp_path):
    out = figures.write_figure(figures.draw_country(release), tmp_path / "c.png")
    with Image.open(out) as picture:
        assert picture.height > picture.width > 800


def test_refusals_say_how_to_mend_them(release, tmp_path):
    with pytest.raises(InputError, match=r"four digits of the kommun, e\.g\. 0180"):
        figures.draw_kommun(release, "9999")
    with pytest.raises(InputError, match=r"no such grouping.*composite_group, cluster.*got band"):
        figures.draw_country(release, "band")
    with pytest.raises(InputError, match="two years or more"):
        figures.draw_flow([release])
    with pytest.raises(InputError, match=r"two years or more"):
        figures.draw_flow([release, release])
    with pytest.raises(InputError, match=r"\.svg or \.png"):
        figures.write_figure(figures.draw_profile(release), tmp_path / "x.jpg")


def test_the_command(release, tmp_path):
    run = CliRunner().invoke
    options = ["--by", "cluster", "--language", "en", "--out", str(tmp_path / "p.svg"), "--json"]
    done = run(main, ["figure", "profile", str(release.path), *options])
    assert done.exit_code == 0, done.output
    assert re.search("Very large needs", (tmp_path / "p.svg").read_text("utf-8"))
    assert run(main, ["figure", "kommun", str(release.path), "--out", str(tmp_path / "k.svg")]).exit_code == 2
    assert run(main, ["figure", "profile", str(release.path), str(release.path), "--out", "x.svg"]).exit_code == 2
    inside = run(main, ["figure", "profile", str(release.path), "--out", str(release.path / "p.svg")])
    assert inside.exit_code == 1
    assert "never changed" in inside.output
