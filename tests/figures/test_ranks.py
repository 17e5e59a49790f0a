from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from regso_cluster.cli import main
from regso_cluster.errors import InputError
from regso_cluster.figures.kinds import write_figure
from regso_cluster.figures.ranks import draw_rank_intervals
from regso_cluster.release.write import write_release


@pytest.fixture(scope="module")
def release(example_release, tmp_path_factory):
    return write_release(example_release.classification, tmp_path_factory.mktemp("figure") / "2024")


@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_picture_is_written_and_is_the_same_each_time(release, tmp_path, language):
    drawn = [draw_rank_intervals(release, language, first=20) for _ in range(2)]
    first, second = (write_figure(one, tmp_path / f"{n}.svg").read_bytes() for n, one in enumerate(drawn))
    assert first == second
    ranked = f"{release.areas['index_rank'].notna().sum():,}"
    said = f"place among {ranked} areas" if language == "en" else f"plats bland {ranked} områden"
    assert drawn[0].axes[0].get_xlabel().replace("\N{NO-BREAK SPACE}", ",").startswith(said)
    marks = [text.get_text() for text in drawn[0].axes[0].texts]  # in the language of the figure alone
    assert len(marks) == 1
    assert marks[0].startswith({"sv": "SYNTETISKA DATA", "en": "SYNTHETIC DATA"}[language])


def test_the_command_draws_it(release, tmp_path):
    done = CliRunner().invoke(main, ["figure", "ranks", str(release.path), "--out", str(tmp_path / "r.png")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "r.png").read_bytes().startswith(b"\x89PNG")


def test_so_many_areas_as_asked_for(release, tmp_path):
    def ask(*options):
        out = str(tmp_path / "r.svg")
        return CliRunner().invoke(main, ["figure", "ranks", str(release.path), "--out", out, *options])

    def tall():
        return float(re.search(r'height="([\d.]+)pt"', (tmp_path / "r.svg").read_text("utf-8"))[1])

    assert ask("--first", "10").exit_code == 0
    few = tall()
    assert ask("--first", "60").exit_code == 0
    assert tall() > 2 * few
    wrong = CliRunner().invoke(
        main, ["figure", "country", str(release.path), "--out", str(tmp_path / "c.svg"), "--first", "3"]
    )
    assert wrong.exit_code == 2


def test_a_release_without_intervals_is_refused(release):
    release.__dict__["areas"] = release.areas.drop(columns="index_rank_low")
    with pytest.raises(InputError, match="section \\[certainty\\]"):
        draw_rank_intervals(release)
    del release.__dict__["areas"]
