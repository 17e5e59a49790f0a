"""Files that are written whole or not at all."""

from __future__ import annotations

import os

import pytest

from regso_cluster.writing import whole_file


def test_a_file_is_moved_into_place_and_replaces_an_earlier_one(tmp_path):
    out = tmp_path / "new" / "table.csv"
    for text in ("first", "second"):
        with whole_file(out) as partial:
            assert partial.name == out.name  # writers go by the ending
            assert partial != out
            partial.write_text(text)
            assert not out.exists() or out.read_text() == "first"
        assert out.read_text() == text
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_after_an_error_the_file_is_as_it_was_and_nothing_is_left(tmp_path, error):
    out = tmp_path / "table.csv"
    out.write_text("first")

    def fail():
        with whole_file(out) as partial:
            partial.write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert out.read_text() == "first"
    assert list(tmp_path.iterdir()) == [out]


def test_with_nothing_written_the_file_is_as_it_was(tmp_path):
    out = tmp_path / "table.csv"
    out.write_text("first")
    with pytest.raises(FileNotFoundError), whole_file(out):
        pass
    assert out.read_text() == "first"
    assert list(tmp_path.iterdir()) == [out]


def test_what_is_to_last_reaches_the_disk_before_the_move(tmp_path, monkeypatch):
    out, flushed = tmp_path / "kept.json", []
    monkeypatch.setattr(os, "fsync", lambda handle: flushed.append((os.fstat(handle).st_size, out.exists())))
    for lasting in (False, True):
        with whole_file(out.with_name(f"{lasting}.json"), lasting=lasting) as partial:
            partial.write_text("12345")
    assert flushed == [(5, False)]


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_the_file_has_the_permissions_of_any_other(tmp_path):
    with whole_file(tmp_path / "kept.json", lasting=True) as partial:
        partial.write_text("1")
    (tmp_path / "other").write_text("1")
    assert (tmp_path / "kept.json").stat().st_mode == (tmp_path / "other").stat().st_mode
