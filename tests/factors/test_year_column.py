"""Years as tables write them; hints ask for nothing that the option does not take."""

from __future__ import annotations

import datetime as dt
import re

import numpy as np
import pandas as pd
import pytest

from regso_cluster.factors.checks import check_year
from regso_cluster.factors.year_column import read_year
from regso_cluster.files.raw_table import RawTable


@pytest.mark.parametrize(
    ("cell", "year"),
    [
        (2024, 2024), (2024.0, 2024), ("2024", 2024), ("2024.0", 2024), ("2024,0", 2024), (" 2024 ", 2024),
        (np.int16(2024), 2024), (np.float32(2024), 2024), (dt.date(2024, 12, 31), 2024),
        (dt.datetime(2024, 1, 1), 2024),
        (pd.Timestamp("2024-06-30"), 2024), (np.datetime64("2024-12-31"), 2024), ("2024-12-31", 2024),
        ("2024-12-31 00:00:00", 2024), ("2024-12-31T00:00:00", 2024), ("20241231", 2024), ("31/12/2024", 2024),
        ("31 december 2024", 2024), ("31 dec. 2024", 2024), ("2024M12", 2024), ("2024K4", 2024), ("2024Q4", 2024),
        ("2024-12", 2024), ("2024V52", 2024),
    ],
)  # fmt: skip
def test_what_is_a_year(cell, year):
    assert read_year(cell)[0] == year


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("2023/24", "a span of two years"), ("2023/2024", "a span of two years"), ("2023-24", "a span of two years"),
        ("läsåret 2023/24", "a span of two years"), ("2020-2024", "a span of two years"),
        ("2011-12", "a span of two years"),
        ("2024.5", "no year"), (24, "no year"), ("45657", "no year"), ("2024-13-01", "no year"), ("2024M13", "no year"),
        ("år 24", "no year"), ("20241331", "no year"), (True, "no year"), ("", ""),
        (None, ""), (np.nan, ""), (pd.NaT, ""),
        ("\u0662\u0660\u0662\u0664", "no year"), ("31 foo 2024", "no year"),
    ],
)  # fmt: skip
def test_what_is_no_year(cell, why):
    assert read_year(cell) == (None, why)


def check(cells, year):
    faults, notes = [], []
    raw = RawTable("t.csv", pd.DataFrame({"year": cells}, index=range(2, len(cells) + 2), dtype=object), "")
    return check_year(raw, year, faults, notes), faults, notes


def test_the_year_of_a_table():
    assert check(["2024.0", "2024.0"], 2024) == (2024, [], [])
    assert check([2024, ""], None) == (2024, [], [])
    found, faults, notes = check([dt.datetime(2024, 12, 31)] * 2, 2024)
    assert (found, faults) == (2024, [])
    assert notes == ["column year: dates or periods such as 2024-12-31 00:00:00 read as the year 2024"]
    found, faults, _ = check(["2023.0"], 2024)
    assert [(fault.what, fault.got) for fault in faults] == [("another year than asked for", "2023")]
    assert [fault.what for fault in check(["2023", "2024-12-31"], 2024)[1]] == ["more than one year"]
    found, faults, _ = check(["2023/24"], 2024)
    assert "t.csv, row 2, column year" in faults[0].where


@pytest.mark.parametrize("cell", ["2023.0", dt.date(2023, 5, 1), "2023/24", "x", "2023M12", 45657])
def test_a_hint_asks_for_a_whole_year_alone(cell):
    for fault in check([cell], 2024)[1]:
        assert all(re.fullmatch(r"\d{4}", said) for said in re.findall(r"--year (\S+?)[,.]? ", fault.hint + " "))
