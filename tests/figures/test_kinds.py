from __future__ import annotations

import re
from dataclasses import replace

import pytest
from click.testing import CliRunner
from matplotlib.colors import to_hex
from PIL import Image

from regso_cluster.cli import main
from regso_cluster.errors import InputError
from regso_cluster.figures import kinds as figures
from regso_cluster.maps.colours import QUIET, ordered_colours
from regso_cluster.release.write import write_release
from regso_cluster.words.texts import WORDS


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
        assert f"{names[group]}\u00a0({count})" in text
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
    assert WORDS["profile_scale"]["sv"] in [text.get_text() for text in figure.texts]


def test_a_flow_counts_areas(two_releases):
    figure = figures.draw_flow(two_releases)
    shown = [text.get_text() for text in figure.axes[0].texts]
    for one in two_releases:
        assert str(one.year) in shown
        assert str(int(one.areas["composite_group"].eq(1).sum())) in shown


def test_an_area_of_one_edition_alone_does_not_flow(two_releases):
    one, two = two_releases
    worst = one.areas.index[one.areas["composite_group"].eq(1)]
    renamed = replace(two)
    vars(renamed)["areas"] = two.areas.rename({worst[0]: "9999R001"})  # read once, and kept
    figure = figures.draw_flow([one, renamed])
    shown = [text.get_text() for text in figure.axes[0].texts]
    # each year counts what it published, and nothing comes out of "undecided" or goes there
    undecided = int(one.areas["composite_group"].isna().sum())
    assert shown.count(str(len(worst))) >= 2
    assert str(undecided + 1) not in shown
    note = [text.get_text() for text in figure.texts if "finns alla år" in text.get_text()]
    assert note[0].endswith(f"Områden som inte finns alla år (2): {worst[0]}, 9999R001.")


@pytest.fixture(scope="module")
def two_releases(release):
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
    with pytest.raises(InputError, match=r"\.svg, \.png"):
        figures.write_figure(figures.draw_profile(release), tmp_path / "x.jpg")


def test_maps_of_an_edition_without_outlines_are_refused(release):
    old = replace(release, manifest={**release.manifest, "edition": 2020})
    with pytest.raises(InputError, match=r"expected 2025, got 2020.*draw a profile or a flow"):
        figures.draw_country(old)


def test_of_clusters_the_largest_is_quiet_and_left_out_of_the_flow(two_releases):
    """Clusters are no scale: nothing is done by the highest number."""
    release = two_releases[0]
    groups = release.groups.query("grouping == 'cluster' and group.notna()").sort_values("areas")
    largest = groups.iloc[-1]
    figure = figures.draw_flow(two_releases, "cluster", "en")
    note = next(text.get_text() for text in figure.texts if text.get_text().startswith("Without"))
    assert f"in the group {largest['name_en']} in every year" in note
    legend = figures.draw_profile(release, "cluster").legends[0]
    quiet = [text.get_text() for text, patch in zip(legend.get_texts(), legend.get_patches(), strict=False)
             if to_hex(patch.get_facecolor()) == QUIET]  # fmt: skip
    assert len(quiet) == 1
    assert quiet[0].startswith(largest["name_sv"])


@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_figure_keeps_to_its_language_and_to_its_page(release, language):
    other = {"sv": "en", "en": "sv"}[language]
    for figure in (
        figures.draw_country(release, "cluster", language),
        figures.draw_profile(release, "cluster", language),
    ):
        figure.canvas.draw()
        said = [text.get_text() for text in [*figure.texts, *figure.legends[0].get_texts()]]
        said += [axis.get_title(loc="left") for axis in figure.axes]
        for key in ("grouping_cluster", "figure_credit"):
            assert not any(WORDS[key][other] in text for text in said), key
        for name in release.groups[f"name_{other}"]:
            assert name not in said
        assert not any(
            line.startswith("(") for text in said for line in text.splitlines()
        )  # a count on a line of its own
        right = figure.legends[0].get_window_extent().x1
        assert right <= figure.bbox.x1


def test_ticks_are_what_they_stand_at(release):
    """A tick at 12.5 is not written 12."""
    figure = figures.draw_profile(release, "cluster", "en")
    figure.canvas.draw()
    for axis in figure.axes:
        for place, label in zip(axis.get_xticks(), axis.get_xticklabels(), strict=True):
            assert float(label.get_text().replace(",", "").replace("\u2212", "-")) == pytest.approx(place, abs=1e-9)


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


def test_need_groups_are_drawn_and_another_name_is_refused_by_naming_those(two_releases, tmp_path):
    release = two_releases[0]
    key = release.method.keys[0]
    name = release.method.factors[0].name
    for language, word in (("sv", "behovsgrupp"), ("en", "need group")):
        for drawn in (
            figures.draw_kommun(release, "0184", f"{key}_tier", language),
            figures.draw_profile(release, f"{key}_tier", language),
            figures.draw_flow(two_releases, f"{key}_tier", language),
        ):
            title = drawn.texts[0].get_text()
            assert f"{getattr(name, language)}: {word}" in title
            assert len(drawn.legends[0].get_texts()) >= 5
    with pytest.raises(InputError, match=f"composite_group, cluster, {key}_tier") as refused:
        figures.draw_profile(release, f"{key}_problem")
    assert "Give by one of these" in str(refused.value)
    ranks = CliRunner().invoke(
        main, ["figure", "ranks", str(release.path), "--by", "cluster", "--out", str(tmp_path / "r.png")]
    )
    assert ranks.exit_code == 2
    assert "takes no --by" in ranks.stderr
