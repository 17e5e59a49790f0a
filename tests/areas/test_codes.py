from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regso_cluster.areas.codes import kommun_of, lan_of, parse_codes
from regso_cluster.areas.editions import kommun_names

KOMMUNER = sorted(kommun_names())

regso_codes = st.builds("{}R{:03}".format, st.sampled_from(KOMMUNER), st.integers(1, 999))
deso_codes = st.builds("{}{}{:04}".format, st.sampled_from(KOMMUNER), st.sampled_from("ABC"), st.integers(10, 9990))


@pytest.mark.parametrize(
    ("given_text", "kind", "code"),
    [
        ("0114R001", "regso", "0114R001"),
        (" 0114r001\t", "regso", "0114R001"),
        ("\ufeff0114R001\xa0", "regso", "0114R001"),
        ("0114R001_RegSO2025", "regso", "0114R001"),
        ("0114R001_RegSO2020", "regso", "0114R001"),
        ("0114A0010", "deso", "0114A0010"),
        ("2021a0010_DeSO2025", "deso", "2021A0010"),
        ("0114", "kommun", "0114"),
        (1480, "kommun", "1480"),
        ("01", "lan", "01"),
        (25, "lan", "25"),
        (np.int64(25), "lan", "25"),
    ],
)
def test_a_code_is_read_without_a_note(given_text, kind, code):
    parsed = parse_codes([given_text], kind)
    assert list(parsed.codes) == [code]
    assert parsed.repaired.empty
    assert parsed.refused.empty


@pytest.mark.parametrize(
    ("given_value", "kind", "code"),
    [
        ("114R001", "regso", "0114R001"),
        ("114R001_RegSO2025", "regso", "0114R001"),
        ("114A0010", "deso", "0114A0010"),
        (114, "kommun", "0114"),
        (114.0, "kommun", "0114"),
        (1480.0, "kommun", "1480"),
        ("114.0", "kommun", "0114"),
        (1, "lan", "01"),
        (25.0, "lan", "25"),
    ],
)
def test_what_a_spreadsheet_did_is_mended_with_a_note(given_value, kind, code):
    parsed = parse_codes(["x", given_value], kind)
    assert parsed.codes[1] == code
    assert parsed.repaired.to_dict("records") == [{"position": 1, "given": str(given_value), "code": code}]
    assert list(parsed.refused["position"]) == [0]


@pytest.mark.parametrize(
    ("given_value", "kind", "reason"),
    [
        ("0114R1", "regso", "not a regso code such as 0114R001"),
        ("0114R0011", "regso", "not a regso code such as 0114R001"),
        ("14R001", "regso", "not a regso code such as 0114R001"),  # two zeros cannot have been lost
        ("0114A0010", "regso", "not a regso code such as 0114R001"),
        ("0114R001_DeSO2025", "regso", "not a regso code such as 0114R001"),
        ("٠١١٤R001", "regso", "not a regso code such as 0114R001"),  # digits, but not ours
        ("9999R001", "regso", "there is no kommun 9999"),
        ("1140", "kommun", "there is no kommun 1140"),
        ("0114D0010", "deso", "not a deso code such as 0114A0010"),
        (114.5, "kommun", "not a kommun code such as 0114"),
        (-114, "kommun", "not a kommun code such as 0114"),
        (True, "kommun", "not a kommun code such as 0114"),
        (2, "lan", "there is no län 02"),
        ("00", "lan", "the whole country, not a län"),
        ("", "regso", "an empty cell"),
        ("  ", "regso", "an empty cell"),
        (None, "regso", "an empty cell"),
        (float("nan"), "kommun", "an empty cell"),
        (pd.NA, "regso", "an empty cell"),
        (pd.NaT, "regso", "an empty cell"),
    ],
)
def test_what_is_no_code_is_refused_with_its_reason(given_value, kind, reason):
    good = {"regso": "0114R001", "deso": "0114A0010", "kommun": "0114", "lan": "01"}[kind]
    parsed = parse_codes(pd.Series([good, given_value], dtype=object), kind)
    assert parsed.codes.isna().tolist() == [False, True]
    assert parsed.refused["position"].tolist() == [1]
    assert parsed.refused["reason"].tolist() == [reason]
    assert parsed.repaired.empty


def test_index_and_name_are_those_of_the_input_and_positions_count_rows():
    column = pd.Series(["114R001", None, "0114R002"], index=[7, 7, 3], name="område", dtype=object)
    parsed = parse_codes(column, "regso")
    assert parsed.codes.index.tolist() == [7, 7, 3]
    assert parsed.codes.name == "område"
    assert parsed.codes.iloc[[0, 2]].tolist() == ["0114R001", "0114R002"]
    assert parsed.repaired["position"].tolist() == [0]
    assert parsed.refused["position"].tolist() == [1]
    assert column.tolist() == ["114R001", None, "0114R002"]


def test_each_repeated_code_is_told_at_its_own_position():
    parsed = parse_codes(["114R001", "0114R001", "114R001", "?", "?"], "regso")
    assert parsed.codes.tolist()[:3] == ["0114R001"] * 3
    assert parsed.repaired["position"].tolist() == [0, 2]
    assert parsed.refused["position"].tolist() == [3, 4]
    assert parsed.refused["given"].tolist() == ["?", "?"]


def test_editions_are_those_of_the_suffixes_of_accepted_codes():
    assert parse_codes(["0114R001_RegSO2025", "0114R002_RegSO2020", "0114R003"], "regso").editions == (
        2020,
        2025,
    )
    assert parse_codes(["0114R001", "9999R001_RegSO2020"], "regso").editions == ()


@pytest.mark.parametrize("kind", ["regso", "deso", "kommun", "lan"])
def test_a_column_of_no_rows_or_no_text_is_read(kind):
    assert parse_codes([], kind).codes.empty
    assert parse_codes([None, None], kind).refused["position"].tolist() == [0, 1]


def test_categories_and_other_text_types_are_read():
    for dtype in ("category", "string", object):
        assert parse_codes(pd.Series(["0114R001", "114R001"], dtype=dtype), "regso").codes.tolist() == ["0114R001"] * 2


def test_an_unknown_kind_is_an_error():
    with pytest.raises(ValueError, match="regso, deso, kommun, lan"):
        parse_codes(["0114R001"], "tätort")


def test_kommun_and_lan_are_the_first_digits():
    codes = parse_codes(["0114R001", None, "2584A0010"], "regso").codes
    assert kommun_of(codes)[0] == "0114"
    assert lan_of(codes)[0] == "01"
    assert kommun_of(codes).isna().tolist() == lan_of(codes).isna().tolist() == [False, True, True]


@given(st.lists(st.tuples(regso_codes, st.sampled_from(["{}", " {} ", "{}_RegSO2025"]), st.booleans(), st.booleans())))
def test_any_regso_code_survives_its_disguise(rows):
    dressed = []
    for code, dress, lower, lost in rows:
        text = dress.format(code.lower() if lower else code)
        dressed.append(text.replace("0", "", 1) if lost and code.startswith("0") else text)
    parsed = parse_codes(dressed, "regso")
    assert parsed.codes.tolist() == [row[0] for row in rows]
    assert parsed.repaired["position"].tolist() == [
        position for position, (code, _, _, lost) in enumerate(rows) if lost and code.startswith("0")
    ]
    assert parsed.refused.empty


@given(st.lists(deso_codes, min_size=1))
def test_any_deso_code_is_read_and_no_regso(codes):
    assert parse_codes(codes, "deso").codes.tolist() == codes
    assert len(parse_codes(codes, "regso").refused) == len(codes)


@given(st.lists(st.one_of(st.none(), st.text(max_size=12), st.integers(), st.floats())))
def test_no_input_breaks_the_parser_and_each_row_is_a_code_or_refused(values):
    for kind in ("regso", "deso", "kommun", "lan"):
        parsed = parse_codes(values, kind)
        assert np.flatnonzero(parsed.codes.isna()).tolist() == parsed.refused["position"].tolist()
        again = parse_codes(parsed.codes.dropna(), kind)
        assert again.codes.tolist() == parsed.codes.dropna().tolist()
        assert again.repaired.empty


def test_the_codes_of_a_database_table_are_read(shared):
    table = pd.read_csv(shared / "data/regso/folkmangd_deso_2024_dalarna_raw.csv")
    parsed = parse_codes(table["Region"], "deso")
    assert parsed.refused.empty
    assert parsed.editions == (2025,)
    assert set(lan_of(parsed.codes)) == {"20"}


def test_all_deso_of_the_key_are_read(shared):
    key = pd.read_csv(shared / "data/keys/koppling-deso2018-regso2020.csv", encoding="utf-8-sig")
    assert parse_codes(key["DeSO_2018"], "deso").refused.empty
    kommun = parse_codes(key["Kommun"], "kommun")  # read as a number: the zeros are lost
    assert kommun.refused.empty
    assert kommun.codes.tolist() == key["DeSO_2018"].str[:4].tolist()
    assert len(kommun.repaired) == (key["Kommun"] < 1000).sum() > 0
