"""Which factors carried an area to another cluster: by hand, and against trying every number of persons."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regso_cluster.factors.rates import rate
from regso_cluster.factors.scales import fit_scale
from regso_cluster.method import Factor, Scale, Text
from regso_cluster.years.cluster_moves import Figures, Space, explain_clusters

PLAIN = Scale(kind="none")


def factor(key, worse="high", unit="per cent", counted=None):
    return Factor(key, Text(key.upper(), key.upper()), worse, unit, numerator="n", denominator="d", counted=counted)


def space(centres, factors=None, scale=PLAIN, values=None):
    factors = factors or (factor("a"), factor("b"))
    values = pd.DataFrame({one.key: [0.0, 1.0] for one in factors}) if values is None else values
    signs = np.array([one.sign for one in factors])
    numbered = {number: signs * np.array(centre, dtype=float) for number, centre in centres.items()}
    return Space(factors, scale, fit_scale(values, scale, signs, None), numbered)


def figures(old, new, denominator=100.0):
    frames = [pd.DataFrame(rows, index=["x"], columns=["a", "b"], dtype=float) for rows in ([old], [new])]
    return Figures(*frames, frames[1] * denominator / 100, frames[1] * 0 + denominator)


def moves(old=1, new=2, cause="data"):
    return pd.DataFrame({"old": [old], "new": [new], "cause": [cause]}, index=["x"]).astype(
        {"old": "Int64", "new": "Int64"}
    )


CENTRES = {1: (40, 40), 2: (20, 20)}


def test_figures_by_hand():
    # lead = d2 to (40, 40) - d2 to (20, 20) = (1200 - 40 a) + (1200 - 40 b)
    # before, at (35, 35): -200 and -200. Now, at (25, 33): 200 and -120, together 80: nearer cluster 2
    # a moved the lead by 400, b by 80; without a it would be -320, so that a alone is named, with 400 of 480
    found = explain_clusters(moves(), space(CENTRES), space(CENTRES), figures((35, 35), (25, 33))).iloc[0]
    assert found[["area", "old", "new", "part", "factor", "old_value", "new_value"]].tolist() == [
        "x", 1, 2, "figures", "a", 35, 25,
    ]  # fmt: skip
    assert found["share"] == pytest.approx(400 / 480)
    # 1200 - 40 a - 120 is 0 at a = 27: two more of 100; as near as to cluster 2, and ties go to the lower number
    assert found["persons"] == 2
    assert (
        found["text_en"]
        == "A: 35 became 25 per cent; 2 more of 100 in the numerator would have kept it nearer cluster 1"
    )
    assert found["text_sv"].endswith("2 fler av 100 i täljaren hade hållit området närmare kluster 1")


def test_a_tie_goes_to_the_lower_number():
    back = explain_clusters(moves(2, 1), space(CENTRES), space(CENTRES), figures((25, 33), (35, 35))).iloc[0]
    # from 2 to 1: 40 a + 40 b - 2400 must be below 0 for 2: a = 24 (25 would be a tie, which 1 has)
    assert (back["factor"], back["persons"]) == ("a", 24 - 35)
    assert "11 fewer of 100" in back["text_en"]


def test_as_many_factors_as_it_takes():
    # from (35, 35) to (28, 29): lead 80 + 40; a moved 280, b 240; without a 120 - 280 < 0: a alone
    one = explain_clusters(moves(), space(CENTRES), space(CENTRES), figures((35, 35), (28, 29)))
    assert one["factor"].tolist() == ["a"]
    # from (31, 31), -40 each, to (20, 21): lead 400 + 360 = 760; a moved 440, b 400: without a still 320 > 0: both
    both = explain_clusters(moves(), space(CENTRES), space(CENTRES), figures((31, 31), (20, 21)))
    assert both["factor"].tolist() == ["a", "b"]
    assert both["share"].sum() == pytest.approx(1)
    # a alone would have to come to 39 (1200 - 1560 + 360 = 0), b to 40 (1200 - 1600 + 400 = 0)
    assert both["persons"].tolist() == [19, 19]


def test_the_yardstick_by_hand():
    # at (32, 30) before: (64 - 144) + 0 = -80; then centre 2 moves to (25, 20): (64 - 49) + 0 = 15
    before, now = space(CENTRES), space({1: (40, 40), 2: (25, 20)})
    found = explain_clusters(moves(cause="centres"), before, now, figures((32, 30), (32, 30))).iloc[0]
    assert (found["part"], found["factor"], found["share"]) == ("yardstick", "a", 1)
    assert "it is the yardstick that moved" in found["text_en"]
    # a = 33: 49 - 64 = -15 < 0, one more person
    assert found["persons"] == 1


def test_a_cluster_of_one_year_alone_is_placed_in_that_year():
    new = space({1: (40, 40), 3: (20, 20)})
    found = explain_clusters(moves(1, 3, "centres"), space(CENTRES), new, figures((35, 35), (25, 33)))
    assert found[["part", "factor"]].to_numpy().tolist() == [["figures", "a"]]
    gone = explain_clusters(moves(2, 1, "centres"), space(CENTRES), space({1: (40, 40)}), figures((25, 33), (35, 35)))
    assert gone["factor"].tolist() == ["a"]
    assert gone["persons"].isna().all()  # in the later year there is no centre to be nearer to
    assert explain_clusters(moves(2, 3), space({1: (1, 1), 2: (2, 2)}), space({1: (1, 1), 3: (3, 3)}),
                            figures((2, 2), (3, 3))).empty  # fmt: skip
    assert explain_clusters(moves(pd.NA, 2), space(CENTRES), space(CENTRES), figures((2, 2), (3, 3))).empty
    # clusters of another scale before: both figures in the later space
    other = explain_clusters(moves(), None, space(CENTRES), figures((35, 35), (25, 33)))
    assert other["share"].tolist() == pytest.approx([400 / 480])


def test_what_is_not_observed_has_no_part():
    found = explain_clusters(moves(cause="coverage"), space(CENTRES), space(CENTRES), figures((np.nan, 29), (25, 29)))
    # a comes in with a lead of 200, b stays at 40
    assert found[["factor", "share"]].to_numpy().tolist() == [["a", 1.0]]
    assert np.isnan(found["old_value"].iloc[0])
    assert found["text_en"].iloc[0].startswith("A: unknown became 25 per cent")


@pytest.mark.parametrize("kind", ["z", "percent_rank", "min_max"])
@pytest.mark.parametrize("worse", ["high", "low"])
@pytest.mark.parametrize("unit", ["per cent", "per 1000"])
def test_persons_against_trying_every_number(kind, worse, unit):
    """The naive twin tries every numerator in the later year."""
    generator = np.random.default_rng(5)
    factors = (factor("a", worse, unit), factor("b", "low" if worse == "high" else "high"))
    areas = [f"x{number}" for number in range(30)]
    d = pd.DataFrame(generator.integers(5, 60, (30, 2)), areas, ["a", "b"]).astype(float)
    n = np.floor(d * generator.random((30, 2)))
    value = pd.DataFrame({one.key: rate(n[one.key], d[one.key], one.unit) for one in factors})
    signs, scale = np.array([one.sign for one in factors]), Scale(kind=kind)
    centres = {number: generator.normal(size=2) for number in (1, 2, 3)}
    now = Space(factors, scale, fit_scale(value, scale, signs, None), centres)
    order = generator.permutation(30)
    earlier = value.iloc[order].set_axis(areas)

    at = now.scores(value)
    nearest = [min(centres, key=lambda number, x=x: (((x - centres[number]) ** 2).sum(), number)) for x in at]
    changed = pd.DataFrame({"old": generator.integers(1, 4, 30), "new": nearest, "cause": "data"}, areas)
    changed = changed[changed["old"] != changed["new"]].astype({"old": "Int64", "new": "Int64"})
    found = explain_clusters(changed, now, now, Figures(earlier, value, n, d))
    assert len(found) > 5
    for row in found.itertuples():
        own, of = n.loc[row.area, row.factor], d.loc[row.area, row.factor]
        one = factors[[f.key for f in factors].index(row.factor)]
        trials = np.arange((int(own) + 400 if one.unit == "per 1000" else int(of)) + 1.0)
        tried = value.loc[[row.area] * len(trials)].reset_index(drop=True)
        tried[row.factor] = rate(pd.Series(trials), pd.Series(of, index=range(len(trials))), one.unit)
        lead = now.leads(tried, [row.old] * len(trials), [row.new] * len(trials)).sum(axis=1)
        kept = [trial - own for trial in trials[(lead < 0) | ((lead == 0) & (row.old < row.new))]]
        if pd.isna(row.persons):
            assert not kept
        elif abs(row.persons) < 390:
            assert row.persons == min(kept, key=abs)


def test_who_is_counted_is_named():
    counted = Text("röstande", "voters")
    factors = (factor("a", counted=counted), factor("b"))
    found = explain_clusters(
        moves(), space(CENTRES, factors), space(CENTRES, factors), figures((35, 35), (25, 33), 4000)
    )
    # 27 per cent of 4,000 are 1,080, and 25 per cent 1,000
    assert found["persons"].tolist() == [80]
    assert found["text_en"].iloc[0].endswith("voters: 80 more of 4,000 would have kept it nearer cluster 1")
    assert found["text_sv"].iloc[0].endswith("röstande: 80 fler av 4\u00a0000 hade hållit området närmare kluster 1")
