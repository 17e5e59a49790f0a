from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from regso_cluster.certainty.flip_counts import _movable, find_flips
from regso_cluster.classification.classify import classify
from regso_cluster.factors.shrinkage import shrink_table
from regso_cluster.factors.tables import read_factors
from regso_cluster.judging.case import as_counted, make_case
from regso_cluster.judging.judge import judge, measure
from regso_cluster.method import Banding, Certainty, Clusters, Index, Scale, Shrinkage, Yardstick
from tests.tables import CODES, METHOD, method, rows, write

FACTOR = """
[[factors]]
key = "{key}"
name = {{ sv = "{key}", en = "{key}" }}
numerator = "{key}_n"
denominator = "{key}_d"
unit = "per cent"
worse = "{worse}"
"""
COUNTED = (
    METHOD[: METHOD.index("[[factors]]")]
    + FACTOR.format(key="a", worse="high")
    + FACTOR.format(key="b", worse="low")
    + '\n[index]\nscale = { kind = "none" }\nmin_factors = 1\n\n[bands]\nkind = "quantiles"\ngroups = 2\n'
)
PLAIN = {"index": {"a": {}, "b": {}}, "clusters": {"a": {}, "b": {}}}


def counted(tmp_path, using, **columns):
    frame = pd.DataFrame({"regso": CODES[: len(columns["a_n"])], "population": "1000"} | columns)
    return read_factors(write(frame, tmp_path / "t.csv"), using, edition=2025)


def flips(table, using, yardstick):
    case = as_counted(table, using)
    return find_flips(case, judge(case, yardstick), yardstick)


def test_persons_to_the_limit_of_every_factor_with_counts(tmp_path):
    using = dataclasses.replace(method(), certainty=Certainty(draws=20, prior="country"))
    frame = rows()
    frame.loc[4, "poor_n"] = ".."
    table = read_factors(write(frame, tmp_path / "t.csv"), using, edition=2025)
    areas = classify(table, using, year=2024).areas.loc[list(CODES)]
    # 10, 10, 10, 10, 40 per cent: mean 16, SD 12: a problem above 28, so that 28 of 100 are none: 29, 19 more;
    # 57 of 200, 37 more; 85 of 300, 55 more; of the 80 of 200 with a problem 56 may stay, 24 fewer
    assert areas["poor_flip_persons"].fillna(0).tolist() == [19, 37, 19, 55, 0, -24]
    assert pd.isna(areas["poor_flip_persons"].iloc[4])
    assert "voted_flip_persons" not in areas  # no counts
    # both problems, one or none: the one factor with counts flips the group where it flips the flag
    assert areas["composite_flip_persons"].equals(areas["poor_flip_persons"])


def test_bands_by_hand(tmp_path):
    using = method(COUNTED)
    table = counted(tmp_path, using, a_n=["10", "40", "5", "10", ".."], a_d=["100", "100", "1000", "100", ".."],
                    b_n=["30", "60", "4", "..", ".."], b_d=["200", "300", "10", "..", ".."])  # fmt: skip
    found = flips(table, using, Yardstick(scales=PLAIN, bands=(0.0,))).loc[list(CODES[:5])]
    # the index is (a - b) / 2, band 1 from 0 on.
    # 10 and 15 per cent: a to 15, 5 more, or b to 10, 20 of 200, 10 fewer
    # 40 and 20: a below 20, 19 of 100, 21 fewer, or b above 40, 121 of 300, 61 more
    # 0.5 and 40: a to 40, 395 more, or b to 0.5, which is none of 10, 4 fewer
    # 10 and not seen: the index is a, which nothing brings below 0; nothing seen: no band
    assert found["band_flip_factor"].fillna("").tolist() == ["a", "a", "b", "", ""]
    assert found["band_flip_persons"].fillna(0).tolist() == [5, -21, -4, 0, 0]
    assert found["band_flip_group"].fillna(0).tolist() == [1, 2, 1, 0, 0]


def test_of_as_many_more_and_fewer_it_is_more_and_never_more_than_there_are(tmp_path):
    using = method(COUNTED)
    table = counted(tmp_path, using, a_n=["10", "90"], a_d=["100", "100"], b_n=["..", ".."], b_d=["..", ".."])
    found = flips(table, using, Yardstick(scales=PLAIN, bands=(101.0, 15.0, 6.0))).loc[list(CODES[:2])]
    # b is not seen, the index is a: 10 goes up at 15 and down at 5; 90 down at 14, 76 fewer, not up: 100 is all
    assert found["band_flip_persons"].tolist() == [5, -76]
    assert found["band_flip_group"].tolist() == [2, 3]
    found = flips(table, using, Yardstick(scales=PLAIN, bands=(101.0, -1.0))).loc[list(CODES[:2])]
    assert found["band_flip_persons"].isna().all()


def test_nobody_and_everybody_are_possible(tmp_path):
    # a above 99.5 per cent is a problem, which of 100 only all are: 1 more; b below 0.5, which only none is: 1 fewer
    ends = COUNTED.replace('worse = "high"\n', 'worse = "high"\nlimit = { above = 99.5, unit = "per cent" }\n')
    ends = ends.replace('worse = "low"\n', 'worse = "low"\nlimit = { below = 0.5, unit = "per cent" }\n')
    using = method(ends + "\n[problems]\n")
    table = counted(tmp_path, using, a_n=["99", "100"], a_d=["100"] * 2, b_n=["1", "0"], b_d=["100"] * 2)
    yardstick = Yardstick(scales=PLAIN, bands=(0.0,), limits={"a": 99.5, "b": 0.5})
    found = flips(table, using, yardstick).loc[list(CODES[:2])]
    assert found["a_flip_persons"].tolist() == [1, -1]
    assert found["b_flip_persons"].tolist() == [-1, 1]
    # of bands too, when one person is all that is left: the index is a, b not seen
    table = counted(tmp_path, using, a_n=["99", "1"], a_d=["100"] * 2, b_n=[".."] * 2, b_d=[".."] * 2)
    found = flips(table, using, dataclasses.replace(yardstick, bands=(99.5, 0.5))).loc[list(CODES[:2])]
    assert found["band_flip_persons"].tolist() == [1, -1]
    assert found["band_flip_group"].tolist() == [1, 3]


@pytest.mark.parametrize("unit", ["per cent", "per 1000"])
def test_nobody_moved_leaves_the_shrunk_rate(tmp_path, unit):
    using = dataclasses.replace(method(COUNTED.replace("per cent", unit)), shrinkage=Shrinkage("country"))
    table = counted(tmp_path, using, a_n=["5", "30", "20"], a_d=["100", "300", "90"],
                    b_n=["50", "30", "20"], b_d=["100", "300", "90"])  # fmt: skip
    movable = _movable(make_case(table, using), using.factors[0])
    shrunk = shrink_table(table, using)[0].value["a"]
    np.testing.assert_allclose(movable.value(np.zeros(len(shrunk))), shrunk)


def test_clusters_by_hand(tmp_path):
    using = dataclasses.replace(method(COUNTED), bands=None, clusters=Clusters(2, scale=Scale(kind="none")))
    table = counted(
        tmp_path,
        using,
        a_n=["12", "12", ".."],
        a_d=["100", "100", ".."],
        b_n=["40", "..", ".."],
        b_d=["100", "..", ".."],
    )
    yardstick = Yardstick(scales=PLAIN, centres=((30.0, -10.0), (10.0, -50.0)), cluster_numbers=(1, 3),
                          cluster_names=(using.title, using.title))  # fmt: skip
    found = flips(table, using, yardstick).loc[list(CODES[:3])]
    # (12, -40) is nearer to the second. As near to the first when a is 40: 28 more, and ties go to the lower number;
    # or when 324 + (10 - b)^2 = 4 + (50 - b)^2, b = 26: 14 fewer
    # b not seen: as near when a is 20: 8 more
    assert found["cluster_flip_factor"].fillna("").tolist() == ["b", "a", ""]
    assert found["cluster_flip_persons"].fillna(0).tolist() == [-14, 8, 0]
    assert found["cluster_flip_group"].fillna(0).tolist() == [1, 1, 0]


SCALES = [
    Scale(kind="z"),
    Scale(kind="percent_rank", decimals=2),
    Scale(kind="exponential_rank"),
    Scale(kind="robust_z", winsorise=(0.1, 0.9)),
    Scale(kind="min_max", transform="asinh"),
    Scale(kind="z", transform="log"),
]


@pytest.mark.parametrize("scale", SCALES, ids=lambda scale: f"{scale.kind}-{scale.transform}")
def test_no_fewer_persons_do_by_trying_all(tmp_path, scale):
    using = dataclasses.replace(
        method(COUNTED), index=Index(scale, min_factors=1), bands=Banding("quantiles", groups=3),
        clusters=Clusters(2, scale=scale, weighting="areas"),
    )  # fmt: skip
    table = counted(tmp_path, using, a_n=["1", "4", "6", "3", "15", "9"], a_d=["20", "25", "24", "30", "20", "22"],
                    b_n=["9", "11", "5", "12", "2", ".."], b_d=["16", "20", "12", "20", "15", ".."])  # fmt: skip
    case = as_counted(table, using)
    used = case.used
    first = classify(table, using, year=2024)
    yardstick = first.method.measured
    assert yardstick.bands == measure(case).bands
    judged = judge(case, yardstick)
    found = find_flips(case, judged, yardstick)
    for code in CODES:
        for name in ("band", "cluster"):
            tried = {}
            for key in ("a", "b"):
                n, d = table.numerator.loc[code, key], table.denominator.loc[code, key]
                for step in range(-int(np.nan_to_num(n)), int(np.nan_to_num(d - n)) + 1):
                    value = 100 * (n + step) / d
                    if scale.transform == "log" and value == 0:
                        continue  # judged as lower than any; cannot be asked of the pipeline
                    moved = used.assign(**{key: used[key].where(used.index != code, value)})
                    group = judge(dataclasses.replace(case, used=moved), yardstick).loc[code, name]
                    if group != judged.loc[code, name]:
                        tried[key, step] = int(group)
            told = found.loc[code, f"{name}_flip_persons"]
            if pd.isna(told):
                assert not tried
                continue
            fewest = min(abs(step) for _, step in tried) if tried else np.inf
            if (
                scale.transform == "log"
                and abs(told) == table.numerator.loc[code, found.loc[code, f"{name}_flip_factor"]]
            ):
                assert abs(told) <= fewest
                continue
            assert abs(told) == fewest
            assert tried[found.loc[code, f"{name}_flip_factor"], told] == found.loc[code, f"{name}_flip_group"]


def test_events_may_outnumber_persons(tmp_path):
    using = method(COUNTED.replace('unit = "per cent"', 'unit = "per 1000"'))
    table = counted(tmp_path, using, a_n=["10"], a_d=["100"], b_n=["120"], b_d=["100"])
    found = flips(table, using, Yardstick(scales=PLAIN, bands=(0.0,))).loc[CODES[0]]
    # 100 and 1,200 per 1,000: a to 1,200 takes 110 more, beyond as many as there are persons; b to 100, 110 fewer
    assert (found["band_flip_factor"], found["band_flip_persons"]) == ("b", -110)
