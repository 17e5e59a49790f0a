"""Rows that are no units: what they are called, and what they sum to."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regso_cluster.files.totals import find_sums, find_totals, find_totals_as_text, is_total


@pytest.mark.parametrize(
    "text", ["Summa", "TOTALT", "Totalt:", "Riket", "Hela landet", "Samtliga", "Kommunen totalt", "därav flickor",
             "Stockholm totalt", "Summa Stockholm", "Delsumma", "Medelvärde"],
)  # fmt: skip
def test_names_of_totals(text):
    assert is_total(text)


@pytest.mark.parametrize("text", ["Totalskolan", "Summaskolan", "Total Care AB", "Landet", "Alla", "", "Rikets sal"])
def test_names_of_units(text):
    assert not is_total(text)


def frame(rows):
    return pd.DataFrame(rows, columns=["enhet", "regso", "n", "d"])


UNITS = [["A", "0114R001", 1, 10], ["B", "0114R001", 2, 20], ["C", "0114R002", 4, 30], ["D", "0114R003", 8, 50]]


def test_totals_are_found_by_name_and_by_sum():
    found = find_totals_as_text(frame([*UNITS, ["Summa", "", 15, 110]]), ["n", "d"], ["regso"])
    assert found.rows.tolist() == [False] * 4 + [True]
    assert found.labels == ("Summa",)
    found = find_totals_as_text(frame([*UNITS, ["", "", 15, 110]]), ["n", "d"], ["regso"])
    assert found.rows.tolist() == [False] * 4 + [True]
    parts = [*UNITS[:3], ["", "", 7, 60], *[[name, "0180R001", n, 5] for name, n in zip("EFG", (1, 2, 3), strict=True)],
             ["", "", 6, 15]]  # fmt: skip
    assert find_totals_as_text(frame(parts), ["n", "d"], ["regso"]).rows.tolist() == [False] * 3 + [True] + [
        False
    ] * 3 + [True]


def test_units_are_no_totals():
    assert not find_totals_as_text(frame(UNITS), ["n", "d"], ["regso"]).rows.any()
    # no area, but no sum of the others either
    assert not find_totals_as_text(frame([*UNITS, ["E", "", 3, 20]]), ["n", "d"], ["regso"]).rows.any()
    # a table where every row says "totalt" holds units
    assert not find_totals_as_text(frame([["totalt", *row[1:]] for row in UNITS]), ["n"], ["regso"]).rows.any()


@pytest.mark.parametrize("text", ["Kommunen", "Alla", "Sverige", "Median", "Länets snitt", "hela organisationen"])
def test_names_of_totals_where_a_row_has_no_area(text):
    assert not is_total(text)
    assert is_total(text, apart=True)


def test_a_class_of_units_is_no_total_where_the_row_has_an_area():
    rows = [[name, f"0114R00{number}", 5, 9] for number, name in enumerate(["låg", "medel", "hög", "alla", "låg"], 1)]
    assert not find_totals_as_text(frame(rows), ["n"], ["regso"]).rows.any()
    rows[3][1] = ".."
    assert find_totals_as_text(frame(rows), ["n"], ["regso"]).rows.tolist() == [False] * 3 + [True, False]


def column(*figures):
    return np.array(figures, dtype=float)[:, None]


def test_subtotals_above_and_below_their_rows_and_of_single_rows():
    #         a total of two, of one, of three, and of all; below, then above
    below = column(30, 40, 70, 25, 25, 10, 20, 31, 61, 156)
    at = [2, 4, 8, 9]
    apart = np.isin(np.arange(10), at)
    exact, rounded = find_sums(below, apart)
    assert np.flatnonzero(exact).tolist() == at
    assert not rounded.any()
    exact, _ = find_sums(below[::-1], apart[::-1])
    assert np.flatnonzero(exact[::-1]).tolist() == at


def test_units_without_an_area_are_no_sums():
    # 42 is 10 + 12 + 20: one such row in one column is chance; of two columns it is not
    figures = column(10, 12, 20, 42, 33, 17, 28)
    apart = np.isin(np.arange(7), [3, 5])
    assert not find_sums(figures, apart)[0].any()
    both = np.hstack([figures, column(5, 6, 9, 20, 11, 8, 13)])
    assert np.flatnonzero(find_sums(both, apart)[0]).tolist() == [3]


def test_rounded_totals_are_doubtful():
    figures = column(100, 90, 110, 80, 381)  # their sum is 380
    apart = np.array([False] * 4 + [True])
    exact, rounded = find_sums(figures, apart)
    assert not exact.any()
    assert rounded.tolist() == [False] * 4 + [True]
    figures[-1] = 390
    assert not find_sums(figures, apart)[1].any()


def test_a_total_within_a_group_of_rows_that_are_not_together():
    figures = column(10, 20, 30, 40, 40)
    within = np.array(["01", "03", "01", "03", "01"], dtype=object)
    exact, _ = find_sums(figures, np.arange(5) == 4, within)
    assert exact.tolist() == [False] * 4 + [True]


def test_an_unlabelled_mean_at_the_end_is_doubtful():
    score = np.array([210.0, 220.5, 231, 198, 205, 212.9])  # the mean of the first five is 212.9
    apart, table = np.arange(6) == 5, pd.DataFrame({"school": list("abcdef")})
    assert find_totals(table, {"score": score}, apart, means=True).doubtful.tolist() == [False] * 5 + [True]
    score[-1] = 214.9
    assert not find_totals(table, {"score": score}, apart, means=True).doubtful.any()
