from __future__ import annotations

import numpy as np
import pandas as pd

from regso_cluster.factors.rates import rate, sum_to_areas


def test_rates_by_hand():
    numerator, denominator = pd.Series([1, 0, 3, np.nan]), pd.Series([4, 0, np.nan, 5])
    assert rate(numerator, denominator, "per cent").fillna(-1).tolist() == [25, -1, -1, -1]
    assert rate(numerator, denominator, "per 1000").iloc[0] == 250
    assert rate(numerator, denominator, "share").iloc[0] == 0.25


def test_a_sum_with_an_unknown_part_is_unknown():
    counts = pd.DataFrame({"n": [1, 2, np.nan, 5, np.nan, np.nan]}, index=list("abcdef"))
    status = pd.DataFrame(
        {"n": ["observed", "observed", "suppressed", "observed", "missing", "suppressed"]}, index=counts.index
    )
    area = pd.Series(["Y", "Y", "X", "X", "Z", "Z"], index=counts.index)
    sums, marks = sum_to_areas(counts, status, area)
    assert list(sums.index) == ["X", "Y", "Z"]
    assert sums["n"].fillna(-1).tolist() == [-1, 3, -1]
    assert marks["n"].tolist() == ["suppressed", "observed", "suppressed"]


def test_of_nobody_there_is_no_rate_even_of_events():
    found = rate(pd.Series([5.0, 0.0, 5.0]), pd.Series([0.0, 0.0, 50.0]), "per 1000")
    assert found.isna().tolist() == [True, True, False]
    assert found.iloc[2] == 100
