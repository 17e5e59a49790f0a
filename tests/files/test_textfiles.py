from __future__ import annotations

import csv

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regso_cluster.files.textfiles import guard, read_csv, unguard, write_csv

RISKY = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", " =1", "'=1", "''@", "＝1", "＋1", "－1", "＠x", "\xa0=1"]
PLAIN = ["", "a=1", "0114", "'", "''", "'a", "Åsele", "a-b", "1-2", '"=1"']


@pytest.mark.parametrize("text", RISKY)
def test_risky_text_gets_an_apostrophe(text):
    assert guard(text) == "'" + text
    assert unguard(guard(text)) == text


@pytest.mark.parametrize("text", PLAIN)
def test_other_text_stays_as_it_is(text):
    assert guard(text) == text
    assert unguard(text) == text


texts = st.text(st.sampled_from("'=+-@\t \n\rab;,\"．＝0å\\") | st.characters(codec="utf-8"), max_size=8)


@given(texts)
def test_guarding_can_be_undone_and_leaves_nothing_risky(text):
    assert unguard(guard(text)) == text
    assert guard(text).lstrip()[:1] not in {*"=+-@＝＋－＠"}


@given(
    st.lists(st.tuples(texts.filter(lambda text: "\0" not in text), st.floats(allow_infinity=False),
                       st.none() | st.integers(-(2**63), 2**63 - 1), st.none() | st.booleans()),
             min_size=1, max_size=6),
    st.booleans(),
)  # fmt: skip
@settings(max_examples=40)
def test_any_table_is_read_back_equal(tmp_path_factory, rows, excel_sv):
    frame = pd.DataFrame(rows, columns=["=text", "tal", "antal", "flagga"])
    frame = frame.astype({"=text": "string", "tal": "float64", "antal": "Int64", "flagga": "boolean"})
    frame["=text"] = frame["=text"].mask(frame["=text"] == "")  # an empty text and none are the same in the format
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    write_csv(frame, path, excel_sv=excel_sv)
    pd.testing.assert_frame_equal(read_csv(path, frame.dtypes.to_dict(), excel_sv=excel_sv), frame, check_exact=True)


def test_a_table_written_by_hand(tmp_path):
    frame = pd.DataFrame({"kod": ["0114"], "=namn": ["=a;b"], "tal": pd.array([-1.5], dtype="Float64"), "ja": [True]})
    write_csv(frame, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes() == b"kod,'=namn,tal,ja\n0114,'=a;b,-1.5,True\n"
    write_csv(frame, tmp_path / "sv.csv", excel_sv=True)
    assert (tmp_path / "sv.csv").read_bytes() == (
        "\ufeff".encode() + b"kod;'=namn;tal;ja\r\n0114;\"'=a;b\";-1,5;SANT\r\n"
    )  # a negative number is a number, not a formula: no apostrophe


@pytest.mark.parametrize("excel_sv", [False, True])
@pytest.mark.parametrize("text", ["a\r=1+1", "a\n=1+1", "a\r\n=1+1", 'a"\r"=1', "a,;=1"])
def test_a_line_break_inside_a_text_begins_no_row(tmp_path, text, excel_sv):
    frame = pd.DataFrame({"a": [text, "b"], "tal": [1.5, 2.5]})
    write_csv(frame, tmp_path / "t.csv", excel_sv=excel_sv)
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, delimiter=";" if excel_sv else ","))
    assert [row[0] for row in rows] == ["a", text, "b"]
    assert (tmp_path / "t.csv").read_bytes().endswith(b"b;2,5\r\n" if excel_sv else b"b,2.5\n")


def test_without_types_all_is_text(tmp_path):
    write_csv(pd.DataFrame({"kod": ["0114", None], "tal": [1.0, 2.0]}), tmp_path / "t.csv")
    read = read_csv(tmp_path / "t.csv", {})
    assert read["tal"].tolist() == ["1.0", "2.0"]
    assert read["kod"].isna().tolist() == [False, True]


def test_dates_are_read_back(tmp_path):
    frame = pd.DataFrame({"dag": pd.to_datetime(["2024-12-31", None])})
    write_csv(frame, tmp_path / "t.csv", excel_sv=True)
    read = read_csv(tmp_path / "t.csv", frame.dtypes.to_dict(), excel_sv=True)
    pd.testing.assert_frame_equal(read, frame)
