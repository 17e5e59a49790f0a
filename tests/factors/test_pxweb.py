from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regso_cluster.errors import InputError
from regso_cluster.factors.pxweb import edition_of_codes, has_figures, to_areas
from regso_cluster.factors.tables import read_factors
from regso_cluster.files.jsonstat import parse_dataset, read_jsonstat
from regso_cluster.files.raw_table import RawTable
from regso_cluster.files.tables import read_table
from tests.sources.test_tables import method_for


def dataset(regions, value, *, years=("2024",), status=None, kon=("1+2",), measures=("0000AAAA",)):
    def dimension(codes):
        return {"label": "l", "category": {"index": {code: place for place, code in enumerate(codes)},
                                           "label": {code: f"label {code}" for code in codes}}}  # fmt: skip

    ids = {"Region": regions, "Kon": kon, "ContentsCode": measures, "Tid": years}
    read = {"class": "dataset", "version": "2.0", "label": "t", "source": "SCB", "updated": "2026-01-01",
            "role": {"time": ["Tid"], "metric": ["ContentsCode"]}, "id": list(ids),
            "size": [len(codes) for codes in ids.values()],
            "dimension": {key: dimension(codes) for key, codes in ids.items()}, "value": value}  # fmt: skip
    return read | ({"status": status} if status is not None else {})


def areas_of(read, **more):
    plain = read_jsonstat(json.dumps(read).encode(), "t.json")
    return to_areas(RawTable("t.json", plain.frame, "", described=plain.described), "regso", **more)


SUFFIXED = ["0114R001_RegSO2025", "0114R002_RegSO2025"]


def test_cells_marks_and_gaps_by_hand():
    # two areas, one sex, two measures, one year: cells run area by area, measure by measure
    read = dataset(SUFFIXED, [10, 1.5, None, None], status={"2": "..", "3": "."}, measures=("0000AAAA", "0000BBBB"))
    raw = areas_of(read)
    assert list(raw.frame.columns) == ["regso", "year", "0000AAAA", "0000BBBB"]
    assert raw.frame.to_numpy().tolist() == [
        ["0114R001_RegSO2025", "2024", "10", "1.5"],
        ["0114R002_RegSO2025", "2024", "..", "."],
    ]


def test_sparse_values_and_lists_of_marks():
    assert areas_of(dataset(SUFFIXED, {"1": 7})).frame["0000AAAA"].tolist() == ["", "7"]
    assert areas_of(dataset(SUFFIXED, [None, 7], status=["..", None])).frame["0000AAAA"].tolist() == ["..", "7"]
    assert areas_of(dataset(SUFFIXED, [None, 7], status=[".."])).frame["0000AAAA"].tolist() == ["..", ".."]
    assert areas_of(dataset(SUFFIXED, [None, None], status="..")).frame["0000AAAA"].tolist() == ["..", ".."]


def test_zero_outside_the_years_of_an_edition_is_told_by_edition_and_year_never_by_value():
    """2020: plain codes to 2023; 2025: suffixed codes from 2024. The same 0 is kept inside and emptied outside."""
    regions = ["0114R001", "0114R002_RegSO2025"]
    both = dataset(regions, [5, 0, 0, 6], years=("2023", "2024"))
    raw = areas_of(both)
    assert raw.frame["0000AAAA 2023"].tolist() == ["5", ""]
    assert raw.frame["0000AAAA 2024"].tolist() == ["", "6"]
    assert any("2 cells outside" in note for note in raw.notes)
    kept = areas_of(dataset(regions, [0, 0, 0, 0], years=("2023", "2024")))
    assert kept.frame["0000AAAA 2023"].tolist() == ["0", ""]  # a 0 inside is a figure
    # in a table of one year the other edition's rows are left out, or codes would stand twice
    one = areas_of(dataset(["0114R001", "0114R001_RegSO2025"], [0, 9]))
    assert one.frame.to_numpy().tolist() == [["0114R001_RegSO2025", "2024", "9"]]
    assert any("1 area of edition 2020 left out" in note for note in one.notes)
    with pytest.raises(InputError, match="no area has figures"):
        areas_of(dataset(SUFFIXED, [0, 0], years=("2023",)))


def test_the_edition_of_codes():
    assert edition_of_codes(pd.Series(["0114R001", "0114R001_RegSO2025"])).tolist() == [2020, 2025]
    assert edition_of_codes(pd.Series(["0114R001", "2584R001"])).tolist() == [2020, 2020]
    assert edition_of_codes(pd.Series(["0114R001", "2523R011"])).tolist() == [2025, 2025]
    assert edition_of_codes(pd.Series(["0114R001"])).tolist() == [0]
    assert edition_of_codes(pd.Series(["0114A0010", "0114A0010_DeSO2025"])).tolist() == [2020, 2025]
    assert [has_figures(2020, "2023"), has_figures(2020, "2024"), has_figures(2025, "2023M12")] == [True, False, False]
    assert [has_figures(2025, "2024M01"), has_figures(0, "2024"), has_figures(2025, "")] == [True, True, True]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"class": "collection"}, "class 'collection'"), ({"version": "1.0"}, "version '1.0'"),
        ({"size": [3, 1, 1, 1]}, "size [3, 1, 1, 1]"), ({"value": [1]}, "1 cells for 2 places"),
        ({"value": {"5": 1}}, "no place 5"), ({"value": [True, 1]}, "no number"),
        ({"status": ["x", "y", "z"]}, "3 marks"),
        ({"status": {"-1": "x"}}, "no place -1"), ({"id": ["Region"]}, "size"), ({"dimension": {}}, "Region"),
        ({"value": [{}, 1]}, "no number"), ({"value": [1e999, 1]}, "no number"),
    ],
)  # fmt: skip
def test_json_stat_that_is_none_is_refused(change, told):
    with pytest.raises(InputError) as refused:
        parse_dataset(json.dumps(dataset(SUFFIXED, [1, 2]) | change).encode(), "t.json")
    assert "not readable as JSON-stat 2" in str(refused.value)
    assert told in str(refused.value)
    assert "outputFormat=json-stat2" in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"null", b"\xff\xfe", b'{"class": "dataset"}', b"[" * 100_000])
def test_bytes_that_are_no_table(content):
    with pytest.raises(InputError, match="not readable as JSON-stat 2"):
        parse_dataset(content, "t.json")


def test_positions_with_gaps_and_codes_twice():
    read = dataset(SUFFIXED, [1, 2])
    read["dimension"]["Region"]["category"]["index"] = {SUFFIXED[0]: 0, SUFFIXED[1]: 2}
    with pytest.raises(InputError, match="with gaps"):
        parse_dataset(json.dumps(read).encode(), "t.json")
    read["dimension"]["Region"]["category"]["index"] = [SUFFIXED[0], SUFFIXED[0]]
    with pytest.raises(InputError, match="stands twice"):
        parse_dataset(json.dumps(read).encode(), "t.json")


def test_a_file_of_json_stat_is_read_and_checked(tmp_path):
    (tmp_path / "t.json").write_text(json.dumps(dataset(SUFFIXED, [None, 7], status={"0": ".."})))
    table = read_factors(tmp_path / "t.json", method_for(tmp_path, "0000AAAA"), year=2024)
    assert table.edition == 2025
    assert table.status.loc["0114R001", "measured"] == "suppressed"
    assert table.value.loc["0114R002", "measured"] == 7
    with pytest.raises(InputError, match="another year than asked for"):
        read_factors(tmp_path / "t.json", method_for(tmp_path, "0000AAAA"), year=2025)


def test_the_csv_of_pxweb_by_row_and_category(shared, tmp_path):
    path = shared / "data/regso/folkmangd_deso_2024_dalarna_raw.csv"
    raw = to_areas(read_table(path), "deso")
    assert len(raw.frame) == 175
    assert list(raw.frame.columns)[:3] == ["deso", "year", "000007Y7 totalt"]
    row = raw.frame.set_index("deso").loc["2021A0010_DeSO2025"]
    assert (row["year"], row["000007Y7 totalt"], row["000007Y7 65-69"]) == ("2024", "1402", "87")  # as in the file
    assert any("Kon: 1+2 throughout" in note for note in raw.notes)


def test_the_same_area_and_category_twice_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text(
        '"Region","Kon","000007Y7 2024"\n"0114R001","1",5\n"0114R001","1",6\n"0114R002","2",1\n'
    )
    with pytest.raises(InputError, match="an area stands twice") as refused:
        to_areas(read_table(tmp_path / "t.csv"), "regso")
    assert "row 3" in str(refused.value)


def test_other_tables_stay_as_they_are(tmp_path):
    (tmp_path / "t.csv").write_text("regso,poor 2024\n0114R001,5\n0114R002,6\n")
    raw = read_table(tmp_path / "t.csv")
    assert to_areas(raw, "regso") is raw
    (tmp_path / "u.csv").write_text('"Region","000007Y7 2024"\n"0114R001",5\n')
    raw = read_table(tmp_path / "u.csv")
    assert to_areas(raw, "Region", frozenset({"000007Y7 2024"})) is raw
    (tmp_path / "v.csv").write_text('"Region","000007Y7 2024"\n"Stockholm",5\n"Malmö",6\n')
    raw = read_table(tmp_path / "v.csv")
    assert to_areas(raw, "Region") is raw


@given(st.data())
def test_json_stat_round_trip(data):
    """Whatever order the dimensions stand in, every cell comes back at its area, sex and measure."""
    sizes = {
        "Region": data.draw(st.integers(1, 4)),
        "Kon": data.draw(st.integers(1, 3)),
        "ContentsCode": data.draw(st.integers(1, 3)),
    }
    codes = {"Region": [f"0114R00{n}_RegSO2025" for n in range(1, sizes["Region"] + 1)],
             "Kon": [f"k{n}" for n in range(sizes["Kon"])],
             "ContentsCode": [f"0000AAA{n}" for n in range(sizes["ContentsCode"])], "Tid": ["2024"]}  # fmt: skip
    order = data.draw(st.permutations(list(codes)))
    cells = data.draw(
        st.lists(
            st.one_of(st.none(), st.integers(-9, 9)),
            min_size=(size := int(np.prod(list(sizes.values())))),
            max_size=size,
        )
    )
    read = dataset(codes["Region"], cells, kon=codes["Kon"], measures=codes["ContentsCode"])
    read |= {"id": list(order), "size": [len(codes[key]) for key in order]}
    raw = areas_of(read)
    cube = np.array(["" if one is None else str(one) for one in cells], dtype=object).reshape(read["size"])
    for region, code in enumerate(codes["Region"]):
        row = raw.frame.set_index("regso").loc[code]
        for sex, kon in enumerate(codes["Kon"]):
            for place, measure in enumerate(codes["ContentsCode"]):
                at = {"Region": region, "Kon": sex, "ContentsCode": place, "Tid": 0}
                column = f"{measure} {kon}" if sizes["Kon"] > 1 else measure
                assert row[column] == cube[tuple(at[key] for key in order)]
