from __future__ import annotations

import pytest

from regso_cluster.delivery.rank_figure import draw_rank_intervals
from regso_cluster.errors import InputError
from regso_cluster.release import write_release


@pytest.fixture(scope="module")
def release(example_release, tmp_path_factory):
    return write_release(example_release.classification, tmp_path_factory.mktemp("figure") / "2024")


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_a_picture_is_written(release, tmp_path, suffix):
    path = draw_rank_intervals(release, tmp_path / f"ranks{suffix}", first=20)
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG" if suffix == ".png" else b"<?xml")
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_another_kind_of_file_is_refused(release, tmp_path):
    with pytest.raises(InputError, match="Choose one of these"):
        draw_rank_intervals(release, tmp_path / "ranks.pdf")


def test_a_release_without_intervals_is_refused(release, tmp_path):
    release.__dict__["areas"] = release.areas.drop(columns="index_rank_low")
    with pytest.raises(InputError, match="section \\[certainty\\]"):
        draw_rank_intervals(release, tmp_path / "ranks.png")
    del release.__dict__["areas"]
