"""Cells that no program can show, and marks in the thousands: refused by column, and read in linear time."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner
from pyarrow import parquet

from regso_cluster.certainty.study_file import load_study
from regso_cluster.cli import main
from regso_cluster.errors import InputError
from regso_cluster.factors.pxweb import settle_marks
from regso_cluster.files.bounded import read_parquet
from regso_cluster.files.px import read_px
from regso_cluster.files.tables import read_table
from tests.tables import CODES, METHOD, rows

DAMAGED = {
    "a text that is no UTF-8": pa.array([b"\xff", b"a"]).view(pa.string()),
    "an unknown time zone": pa.array([1, None], pa.timestamp("us", "Nowhere/X")),
    "25 o'clock": pa.array([90_000_000_000, 0], pa.time64("us")),
    "before midnight": pa.array([-1, 0], pa.time32("ms")),
    "the year 5,881,580": pa.array([2**31 - 1, 0], pa.date32()),
    "longer than the universe": pa.array([2**62, None], pa.duration("s")),
}
RIGHT = {
    "days": pa.array([dt.date(1, 1, 1), dt.date(9999, 12, 31), None]),
    "milliseconds": pa.array([dt.date(1, 1, 1), None, dt.date(9999, 12, 31)], pa.date64()),
    "clock": pa.array([dt.time(0), dt.time(23, 59, 59, 999_999), None]),
    "fine": pa.array([1, None, 86_399_999_999_999], pa.time64("ns")),
    "coarse": pa.array([0, 86_399, None], pa.time32("s")),
    "moment": pa.array([dt.datetime(2024, 1, 1), None, None], pa.timestamp("ns")),
    "zone": pa.array([1, 2, None], pa.timestamp("us", "Europe/Stockholm")),
    "span": pa.array([1, -(2**62), None], pa.duration("ns")),
    "no span": pa.nulls(3, pa.duration("us")),
    "no time": pa.nulls(3, pa.time32("ms")),
    "text": pa.array(["å", None, ""]),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_column_that_cannot_be_shown_is_refused_by_name(tmp_path, what):
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table({"regso": list(CODES[:2]), "v": DAMAGED[what]}), path)
    with pytest.raises(InputError) as refused:
        read_parquet(path)
    (fault,) = refused.value.faults
    assert fault.where == "t.parquet, column v"
    assert fault.got
    assert fault.hint


def test_every_damaged_column_is_named_at_once(tmp_path):
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table({f"c{at}": column for at, column in enumerate(DAMAGED.values())}), path)
    with pytest.raises(InputError) as refused:
        read_parquet(path)
    assert [fault.where[-2:] for fault in refused.value.faults] == [f"c{at}" for at in range(len(DAMAGED))]


def test_days_and_times_that_there_are_come_whole(tmp_path):
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table(RIGHT), path)
    read = read_parquet(path)
    assert read.num_rows == 3
    assert read.column("text").to_pylist() == ["å", None, ""]
    assert read.column("clock").to_pylist() == [dt.time(0), dt.time(23, 59, 59, 999_999), None]


PX = (
    'CHARSET="ANSI";\nCODEPAGE="{page}";\nSTUB="a";\nHEADING="b";\nVALUES("a")="k","l";\nVALUES("b")="1";\n'
    "DATA=\n1 2;\n"
)


@pytest.mark.parametrize("page", ["iso-8859-99", "windows-1259", "cp1259", "iso8859-12"])
def test_a_code_page_that_no_one_has_is_refused(page):
    with pytest.raises(InputError, match=page.replace("windows-", "cp")) as refused:
        read_px(PX.format(page=page).encode(), "t.px")
    assert refused.value.faults[0].where == "t.px, CODEPAGE"


def test_notes_of_cells_are_put_where_they_belong():
    text = (
        'STUB="a","b";HEADING="c";VALUES("a")="a1","a2";VALUES("b")="b1","b2";VALUES("c")="c1","c2","c3";'
        'DATANOTECELL("a1","*","c2")="z";DATANOTECELL("*","b2","c2")="..";DATANOTECELL("a2","b1","*")="p";'
        "DATA=\n1 2 3\n4 5 6\n7 8 9\n10 11 12;\n"
    )
    plain, notes = read_px(text.encode(), "t.px")
    frame = plain.frame
    # a number beside "z" keeps it; what is marked already is no number for "..", and "p" is a flag under which it stays
    assert [list(row) for row in frame.iloc[:, -1:].to_numpy().reshape(4, 3)] == [
        ["1", "2 [z]", "3"], ["4", "5 [z]", "6"], ["7", "8", "9"], ["10", "..", "12"],
    ]  # fmt: skip
    assert "3 cells have a mark of the file (DATANOTECELL)" in notes


def test_marks_of_a_hundred_thousand_cells_take_seconds(tmp_path):
    size = 100_000
    codes = ",".join(f'"k{at}"' for at in range(size))
    text = f'STUB="a";HEADING="b";VALUES("a")={codes};VALUES("b")="x";'
    text += 'DATANOTECELL("*","*")="sekr";' * 9 + "DATA=\n" + "5 " * size + ";\n"
    path = tmp_path / "t.px"
    path.write_text(text, "utf-8")
    begin = time.process_time()
    hidden, kept = (settle_marks(read_table(path), marks) for marks in (("sekr",), ()))
    assert time.process_time() - begin < 5
    assert set(hidden.frame.iloc[:, -1]) == {"sekr"}
    assert set(kept.frame.iloc[:, -1]) == {"5"}
    assert f'{size} numbers with the mark "sekr" kept as numbers' in kept.notes


def test_a_study_of_bytes_or_nested_without_end_is_refused(tmp_path):
    path = tmp_path / "study.toml"
    for content in (b"\xc8\x00\x01" * 9, b"a = " + b"[" * 5_000, b"k." * 20_000 + b"k = 1"):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"study\.toml"):
            load_study(path)


def test_notes_of_pandas_that_do_not_fit_their_register_are_refused(tmp_path):
    pytest.importorskip("dask")
    said = b'{"index_columns": ["gone"], "columns": [], "column_indexes": []}'
    table = pa.table({"regso": list(CODES), "works": [1] * 6}).replace_schema_metadata({"pandas": said})
    parquet.write_table(table, tmp_path / "p.parquet")
    (tmp_path / "d.toml").write_text(
        'area = "regso"\n[[factors]]\nkey = "work"\n'
        'denominator = [{ column = "works", at_least = 0 }]\nnumerator = [{ column = "works", at_least = 1 }]\n'
    )
    words = ["count", tmp_path / "p.parquet", "--definition", tmp_path / "d.toml", "--out", tmp_path / "c.csv"]
    said = CliRunner().invoke(main, list(map(str, words)))
    assert said.exit_code == 1
    assert "not one table of Parquet" in said.output
    assert "fault of the program" not in said.output


@pytest.mark.parametrize("out", ["", ".", "/"])
def test_a_place_without_a_name_is_refused(tmp_path, monkeypatch, out):
    monkeypatch.chdir(tmp_path)
    rows().to_csv("t.csv", index=False)
    Path("m.toml").write_text(METHOD, "utf-8")
    for words in (
        ["protect", "t.csv", "--path", "regso", "--out", out], ["freeze", "t.csv", "--out", out],
        ["sensitivity", "t.csv", "--method", "m.toml", "--year", "2024", "--edition", "2025", "--out", out],
        ["check", "t.csv", "--method", "m.toml", "--edition", "2025", "--write-accept", out],
        ["classify", "t.csv", "--method", "m.toml", "--year", "2024", "--edition", "2025", "--out", out],
    ):  # fmt: skip
        said = CliRunner().invoke(main, words)
        assert said.exit_code in (1, 2), (words, said.output)
        assert "fault of the program" not in said.output, words
        assert sorted(one.name for one in tmp_path.iterdir()) == ["m.toml", "t.csv"]


@pytest.mark.parametrize("address", ["http://[::1", "https://u:geheim@[x]/", "https://a:99999/", "https://a:b/"])
def test_an_address_that_is_none_is_refused_without_its_password(tmp_path, monkeypatch, address):
    monkeypatch.chdir(tmp_path)
    words = ["fetch", "table", "TAB1", "--year", "2024", "--out", "o.csv", "--cache", "c", "--service", address]
    said = CliRunner().invoke(main, words)
    assert said.exit_code == 1
    assert "no address of a service" in said.output
    assert "geheim" not in said.output
