from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regso_cluster.errors import InputError
from regso_cluster.statistics.disclosure import DisclosureRule, EarlierTable, protect
from regso_cluster.statistics.disclosure.rules import contributions, judge_shares, judge_sums
from tests.statistics.intruder import count_all, cumulate, read_sheet, work_out

TREE = ["table", "a", "b", "c"]
SHARE = ("units", "attribute")
REACH = DisclosureRule().min_attribute


def forest(seed: int, tables: int) -> pd.DataFrame:
    """Random tables with hierarchies of one to three levels, groups of any size, empty ones and single persons too."""
    rng = np.random.default_rng(seed)
    rows = []
    for table in range(tables):
        depth, size = rng.integers(1, 4), rng.choice([6.0, 20.0, 60.0, 300.0], p=[0.05, 0.3, 0.4, 0.25])
        for a in range(rng.integers(1, 5)):
            for b in range(rng.integers(1, 4) if depth > 1 else 1):
                for c in range(rng.integers(1, 4) if depth > 2 else 1):
                    units = rng.poisson(size * rng.gamma(1.0))
                    rows.append((f"{table:04d}", str(a), str(b), str(c), units, rng.binomial(units, rng.beta(0.7, 2))))
    return pd.DataFrame(rows, columns=[*TREE, "n", "y"])


def shield(data, **more):
    return protect(data, [TREE], statistic="share", units=data["n"], values=data["y"], total=False, **more)


def truths(data: pd.DataFrame, keys: list[str]) -> dict:
    """True figures of every group by its label, and how many of its finest parts are not empty."""
    made = {}
    for depth in range(1, len(keys) + 1):
        grouped = data.assign(some=data["n"] > 0).groupby(keys[:depth])[["n", "y", "some"]].sum()
        for label, row in grouped.iterrows():
            made[label if isinstance(label, tuple) else (label,)] = tuple(map(int, row))
    return made


def found(sheets, answers, truth, reach=REACH, year="") -> tuple[int, int]:
    """Count what an intruder finds out of sensitive figures: to the unit, and more closely than is allowed."""
    exact = close = 0
    for sheet, told in zip(sheets, answers, strict=True):
        for (of, label, figure), (low, high) in told.items():
            if of != year:
                continue
            units, attribute, some = truth[label]
            value = units if figure == "units" else attribute
            few = min(attribute, units - attribute)
            if not (0 < units < 6 if figure == "units" else units > 0 and (units < 21 or few < 6)):
                continue
            shown = sheet.cells.get((of, label, "units"), np.nan) if figure == "attribute" else np.nan
            least = max(value - reach, some if figure == "units" else 0)
            most = min(value + reach, shown if not np.isnan(shown) else np.inf)
            exact += bool(high - low < 1 - 1e-6) and most > least
            close += bool(low > least + 1e-6 or high < most - 1e-6)
    return exact, close


def published_sensitive(table: pd.DataFrame) -> int:
    units, attribute = table["units"], table["attribute"]
    few = (units < 21) | (attribute < 6) | (units - attribute < 6)
    return int((attribute.notna() & (units > 0) & few).sum() + ((units > 0) & (units < 6)).sum())


# --- by hand -------------------------------------------------------------------------------------------------------


def flat(counts, units=100):
    data = pd.DataFrame({"g": [f"g{number}" for number in range(len(counts))], "y": counts, "n": units})
    return data, {"statistic": "share", "units": data["n"], "values": data["y"]}


def test_one_small_count_takes_the_cheapest_other_with_it():
    # 3 of 100 is hidden by the rule. The total is 3 + 30 + 40 + 50 = 123, so that 123 - 30 - 40 - 50 = 3 is plain:
    # one more must go. All groups have as many units, so any one serves: 0 <= 3 <= 33 for the smallest, say.
    data, kept = flat([3, 30, 40, 50])
    made = protect(data, [("g",)], **kept)
    hidden = made.table.loc[made.table["attribute"].isna(), "g"].tolist()
    assert hidden[0] == "g0"
    assert len(hidden) == 2
    assert made.is_safe
    assert made.audit["kind"].tolist() == ["primary", "complementary"]
    small = made.audit.iloc[0]
    assert (small["rule"], small["value"], small["low"], small["low_required"], small["high_required"]) == (
        "few_with_attribute", 3, 0, 0, 9,
    )  # fmt: skip
    other = made.audit.iloc[1]["value"]
    assert small["high"] == 3 + other  # all of what both have together


def test_without_complementary_suppression_the_total_gives_it_away():
    data, kept = flat([3, 30, 40, 50])
    made = protect(data, [("g",)], rule=DisclosureRule(complementary=False), **kept)
    assert made.table["attribute"].isna().sum() == 1
    assert (made.audit["low"].iloc[0], made.audit["high"].iloc[0]) == (3, 3)
    assert not made.is_safe
    assert "NOT SAFE" in made.notes[0]


def test_two_small_counts_protect_each_other_only_when_they_are_large_enough():
    # 5 + 5: each is in 0..10, but 5 must be able to be 11: a third is hidden. 5 + 40 would do.
    data, kept = flat([5, 5, 40, 50])
    made = protect(data, [("g",)], **kept)
    assert made.table["attribute"].isna().sum() == 3
    loose = protect(data, [("g",)], rule=DisclosureRule(protection=5), **kept)
    assert loose.table["attribute"].isna().sum() == 2


def test_a_total_of_one_group_is_hidden_with_it():
    data = pd.DataFrame({"lan": ["01", "03", "03"], "kommun": ["0114", "0305", "0319"], "y": [3, 40, 50], "n": 100})
    made = protect(data, [("lan", "kommun")], statistic="share", units=data["n"], values=data["y"])
    hidden = {tuple(row) for row in made.table.loc[made.table["hidden"], ["lan", "kommun"]].fillna("").to_numpy()}
    assert {("01", "0114"), ("01", "")} <= hidden  # a län of one kommun is that kommun
    assert len(hidden) == 4  # and the other län with one of its kommuner


def test_few_without_the_attribute_are_as_few():
    data, kept = flat([97, 30, 40, 50])
    made = protect(data, [("g",)], **kept)
    assert np.isnan(made.table.loc[made.table["g"] == "g0", "share"].iloc[0])
    assert "few_without_attribute" in made.audit["rule"].tolist()
    one_side = protect(data, [("g",)], rule=DisclosureRule(both_sides=False), **kept)
    assert one_side.table["share"].notna().all()


@pytest.mark.parametrize(
    ("units", "attribute", "reason"),
    [
        (21, 6, ""),
        (20, 6, "few_units"),  # more than 20 persons
        (21, 5, "few_with_attribute"),  # more than 5 with the attribute
        (21, 15, ""),
        (21, 16, "few_without_attribute"),
        (0, 0, ""),  # nobody has no secret
        (50, 0, "few_with_attribute"),
    ],
)
def test_the_rule_of_the_share(units, attribute, reason):
    assert judge_shares(np.array([float(units)]), np.array([float(attribute)]), DisclosureRule()).tolist() == [reason]


def test_dominance_and_p_percent_by_hand():
    # contributions 80, 15, 5: total 100. (1, 75): 80 > 75, reach 100 / 75 * 80 - 100 = 6.67.
    # p = 10: the second, 15, guesses the first as 100 - 15 = 85, 5 off 80; 10 per cent of 80 is 8: reach 8 - 5 = 3.
    values, groups = np.array([80.0, 15, 5]), np.zeros(3, np.int64)
    units = np.array([100.0])
    dominance = DisclosureRule(dominance=(1, 75), margin=0)
    given_ = contributions(values, groups, 1, dominance)
    assert (given_.largest[0], given_.second[0], given_.top[0], given_.total[0]) == (80, 15, 80, 100)
    reason, reach = judge_sums(units, given_, dominance)
    assert (reason[0], reach[0]) == ("dominance", 80)  # never less than the largest contribution
    assert judge_sums(units, given_, DisclosureRule(dominance=(1, 80)))[0][0] == ""  # not more than 80 per cent
    assert judge_sums(units, given_, DisclosureRule(dominance=(2, 94)))[0][0] == ""
    assert judge_sums(
        units, contributions(values, groups, 1, DisclosureRule(dominance=(2, 94))), DisclosureRule(dominance=(2, 94))
    )[0] == ("dominance")
    assert judge_sums(units, given_, DisclosureRule(p_percent=10))[0][0] == "p_percent"
    assert judge_sums(units, given_, DisclosureRule(p_percent=6.25))[0][0] == ""  # 6.25 per cent of 80 is 5
    assert judge_sums(units, given_, DisclosureRule(min_contributors=4))[0][0] == "few_contributors"


def test_a_hidden_mean_is_not_found_from_the_total_mean():
    data = pd.DataFrame({"g": ["a"] * 10 + ["b"] * 30 + ["c"] * 40})
    values = np.arange(80.0)
    made = protect(data, [("g",)], statistic="mean", values=values)
    hidden = made.table.loc[made.table["sum"].isna(), "g"].tolist()
    assert "a" in hidden
    assert len(hidden) == 2
    assert made.table["units"].tolist() == [80, 10, 30, 40]
    one = made.audit.iloc[0]
    # 0 + ... + 9 = 45, the largest contribution 9 and 20 per cent of 45 are both 9
    assert (one["value"], one["low_required"], one["high_required"]) == (45, 36, 54)
    assert one["low"] <= 36
    assert one["high"] >= 54


def test_someone_alone_in_a_group_does_not_find_the_other():
    # Units 1, 3, 50, 60: with 1 and 3 hidden alone, the one person subtracts himself from 4. A third is hidden too.
    data = pd.DataFrame({"g": list("abcd")})
    made = protect(data, [("g",)], statistic="count", units=np.array([1.0, 3, 50, 60]))
    assert made.table["units"].isna().sum() == 3
    # 8 and 3 would protect each other from outside; nobody is alone in 8
    two = protect(data, [("g",)], statistic="count", units=np.array([8.0, 3, 50, 60]))
    assert two.table["units"].isna().sum() == 2


def test_of_two_groups_of_one_contributor_neither_finds_the_other():
    # a and c hold one school each. Hidden by themselves, each is anything from 0 to both together for an outsider, but
    # the school of a subtracts its own from that: a third group has to be hidden with them.
    data = pd.DataFrame({"g": ["a", "b", "b", "b", "c", "d", "d", "d"]})
    units, values = np.full(8, 50.0), np.array([900.0, 500, 600, 700, 800, 500, 600, 700])
    made = protect(
        data, [("g",)], statistic="mean", units=units, values=values, rule=DisclosureRule(min_contributors=2)
    )
    assert made.table["sum"].isna().sum() == 3
    assert not np.isnan(made.table["sum"].iloc[0])
    assert made.is_safe


def test_what_two_tables_part_differently_is_protected_too():
    # The tables by x and by y differ in one small area: a1 + a2 and a1. The difference, 4 of 30, is no cell of either.
    data = pd.DataFrame(
        {"x": ["p", "p", "q", "q"], "y": ["s", "t", "t", "t"], "k": [40, 4, 50, 30], "n": [90, 30, 99, 80]}
    )
    made = protect(data, [("x",), ("y",)], statistic="share", units=data["n"], values=data["k"])
    table = made.table.set_index(made.table["x"].fillna(made.table["y"]))["attribute"]
    assert np.isnan(table["p"]) or np.isnan(table["s"])
    assert made.is_safe


def test_no_row_is_left_without_a_group_and_counts_are_counts():
    data = pd.DataFrame({"g": ["a", None]})
    with pytest.raises(InputError, match="Give those rows a group of their own"):
        protect(data, [("g",)], statistic="count")
    data = pd.DataFrame({"g": ["a", "b"]})
    with pytest.raises(InputError, match="more with the attribute than units"):
        protect(data, [("g",)], statistic="share", units=[3, 3], values=[4, 1])
    with pytest.raises(InputError, match="round them"):
        protect(data, [("g",)], statistic="share", units=[3.5, 3], values=[1, 1])
    with pytest.raises(InputError, match="Leave out rows without a value"):
        protect(data, [("g",)], statistic="mean", values=[np.nan, 1])
    with pytest.raises(InputError, match="at least one row"):
        protect(data.head(0), [("g",)], statistic="count")
    with pytest.raises(InputError, match="Give a larger one"):
        DisclosureRule(min_units=0)
    with pytest.raises(InputError, match="1,75"):
        DisclosureRule(dominance=(1, 175.0))
    with pytest.raises(InputError, match="5 to 20"):
        DisclosureRule(p_percent=0.0)
    with pytest.raises(InputError, match="reach beyond"):
        DisclosureRule(protection=0)


# --- the intruder --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def thousand():
    return forest(7, 1000)


def intrude(made, keys=TREE):
    sheets = [read_sheet(own, keys, SHARE) for _, own in made.table.groupby("table")]
    return sheets, work_out(sheets)


@pytest.mark.thorough
def test_the_intruder_finds_nothing_in_a_thousand_tables(thousand):
    made = shield(thousand)
    assert made.is_safe
    assert published_sensitive(made.table) == 0
    sheets, answers = intrude(made)
    assert len(sheets) == 1000
    assert found(sheets, answers, truths(thousand, TREE)) == (0, 0)


def test_the_same_intruder_finds_cells_that_no_others_protect(thousand):
    part = thousand[thousand["table"] < "0100"]
    made = shield(part, rule=DisclosureRule(complementary=False))
    assert published_sensitive(made.table) == 0  # the rule itself was kept
    exact, close = found(*intrude(made), truths(part, TREE))
    assert exact > 100
    assert close > 300


@settings(max_examples=40)
@given(st.data())
def test_nothing_is_found_by_trying_every_table_even_knowing_the_rule(data):
    size = data.draw(st.integers(2, 4))
    units = data.draw(st.lists(st.integers(6, 30), min_size=size, max_size=size))
    counts = [data.draw(st.integers(0, own)) for own in units]
    frame = pd.DataFrame({"g": [str(number) for number in range(size)]})
    made = protect(frame, [("g",)], statistic="share", units=units, values=counts)
    shown = made.table["attribute"].tolist()
    possible = count_all(shown[0], units, shown[1:], 6, 21)
    for own, count, figure, values in zip(units, counts, shown[1:], possible, strict=True):
        if np.isnan(figure) and (own < 21 or count < 6 or own - count < 6):
            assert min(values) <= max(count - 6, 0)
            assert max(values) >= min(count + 6, own)


# --- last year's table ---------------------------------------------------------------------------------------------


def grown(data: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The same groups a year on: most grow by some persons, many by very few, some not at all."""
    rng = np.random.default_rng(seed)
    more = rng.poisson(rng.choice([0.0, 3.0, 25.0, 80.0], len(data)))
    return data.assign(n=data["n"] + more, y=data["y"] + rng.binomial(more, 0.3))


@pytest.fixture(scope="module")
def first_year():
    data = forest(11, 18)
    return data, shield(data)


def two_years(first_year, *, linked: bool):
    first, before = first_year
    second = grown(first, 12)
    now = shield(second, earlier=EarlierTable(before.table, "cumulative", before.audit) if linked else None)
    old = [read_sheet(own, TREE, SHARE, "old") for _, own in before.table.groupby("table")]
    new = [read_sheet(own, TREE, SHARE, "new") for _, own in now.table.groupby("table")]
    sheets = [cumulate(one, other, SHARE) for one, other in zip(old, new, strict=True)]
    growth = second.assign(n=second["n"] - first["n"], y=second["y"] - first["y"])
    # of the growth nothing is published, so that no number of its parts is public
    came = {label: (units, attribute, 0) for label, (units, attribute, _) in truths(growth, TREE).items()}
    return {"old": truths(first, TREE), "new": truths(second, TREE), "growth": came}, now, sheets, work_out(sheets)


@pytest.mark.thorough
def test_two_cumulative_tables_tell_nothing_of_the_year_between(first_year):
    truth, now, sheets, answers = two_years(first_year, linked=True)
    assert now.is_safe
    for year in ("old", "new"):
        assert found(sheets, answers, truth[year], year=year) == (0, 0)
    assert found(sheets, answers, truth["growth"], year="growth")[0] == 0


def test_two_tables_each_protected_alone_give_the_year_between_away(first_year):
    truth, _, sheets, answers = two_years(first_year, linked=False)
    exact, close = found(sheets, answers, truth["growth"], year="growth")
    assert exact > 30
    assert close > 30


def test_what_was_published_before_is_known():
    data, kept = flat([3, 30, 40, 50])
    before = protect(data, [("g",)], **kept)
    other = before.table.loc[before.table["attribute"].isna(), "g"].tolist()[1]
    # published with another cell hidden, the two tables together would show everything
    again = protect(data, [("g",)], earlier=EarlierTable(before.table, "same"), **kept)
    assert again.table.loc[again.table["attribute"].isna(), "g"].tolist() == ["g0", other]
    assert again.is_safe
    looser = before.table.copy()
    looser.loc[looser["g"] == "g0", "attribute"] = 3.0
    told = protect(data, [("g",)], earlier=EarlierTable(looser, "same"), **kept)
    assert "published before" in " ".join(told.notes)


def test_an_earlier_table_that_does_not_fit_is_refused():
    data, kept = flat([30, 40, 50])
    before = protect(data, [("g",)], **kept)
    with pytest.raises(InputError, match="same or cumulative"):
        EarlierTable(before.table, "other")
    with pytest.raises(InputError, match="a column is missing"):
        protect(data, [("g",)], earlier=EarlierTable(before.table.drop(columns="units"), "same"), **kept)
    changed = before.table.assign(attribute=before.table["attribute"] + 1)
    with pytest.raises(InputError, match="revised"):
        protect(data, [("g",)], earlier=EarlierTable(changed, "same"), **kept)
    with pytest.raises(InputError, match="are larger"):
        protect(data, [("g",)], earlier=EarlierTable(changed, "cumulative"), **kept)
    gone = pd.concat([before.table, before.table.iloc[[-1]].assign(g="gone")])
    with pytest.raises(InputError, match="lose no group"):
        protect(data, [("g",)], earlier=EarlierTable(gone, "cumulative"), **kept)
    small, kept_small = flat([3, 30, 40])
    hidden = protect(small, [("g",)], **kept_small)
    with pytest.raises(InputError, match="Give its audit too"):
        protect(small, [("g",)], earlier=EarlierTable(hidden.table, "cumulative"), **kept_small)


# --- laws ----------------------------------------------------------------------------------------------------------


def test_the_order_of_rows_and_the_callers_table_do_not_matter():
    data = forest(3, 20)
    before = data.copy()
    one = shield(data)
    pd.testing.assert_frame_equal(data, before)
    two = shield(data.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(one.table, two.table)
    pd.testing.assert_frame_equal(one.audit, two.audit)


def test_what_is_shown_is_true_and_adds_up():
    data = forest(4, 20)
    made = shield(data)
    truth = truths(data, TREE)
    for row in made.table.to_dict("records"):
        units, attribute, _ = truth[tuple(row[key] for key in TREE if not pd.isna(row[key]))]
        assert np.isnan(row["units"]) or row["units"] == units
        assert np.isnan(row["attribute"]) or row["attribute"] == attribute
        if np.isnan(row["units"]):
            assert np.isnan(row["attribute"])
        if not np.isnan(row["share"]):
            assert row["share"] == pytest.approx(100 * attribute / units)
        assert row["hidden"] == (np.isnan(row["units"]) or np.isnan(row["attribute"]))


def test_more_is_never_hidden_than_needed_when_nothing_is_sensitive():
    data = forest(5, 30).assign(n=500, y=200)
    made = shield(data)
    assert not made.table["hidden"].any()
    assert made.audit.empty


# --- rounding ------------------------------------------------------------------------------------------------------


def test_rounded_counts_add_up_and_stay_close():
    data = forest(6, 60)
    made = shield(data, rule=DisclosureRule(rounding=5))
    truth = truths(data, TREE)
    shown = {tuple(row[key] for key in TREE if not pd.isna(row[key])): row for row in made.table.to_dict("records")}
    for label, row in shown.items():
        units, attribute, _ = truth[label]
        for figure, value in (("units", units), ("attribute", attribute)):
            assert row[figure] % 5 == 0
            assert abs(row[figure] - value) < 5
            parts = [part[figure] for other, part in shown.items() if other[:-1] == label]
            assert not parts or sum(parts) == row[figure]
        assert row["attribute"] <= row["units"]
        if units and (units < 21 or attribute < 6 or units - attribute < 6):
            assert np.isnan(row["share"])
    assert (made.audit["high"] - made.audit["low"] >= 4).mean() > 0.95
    assert made.audit["safe"].equals(made.audit["high"] - made.audit["low"] >= 4 - 1e-6)


def test_rounding_is_drawn_by_its_seed():
    data = forest(6, 30)
    tables = [shield(data, rule=DisclosureRule(rounding=3, seed=seed)).table for seed in (0, 0, 1)]
    pd.testing.assert_frame_equal(tables[0], tables[1])
    assert not tables[0]["units"].equals(tables[2]["units"])


def test_rounding_is_about_right_on_average():
    # 4 of base 5 goes up four times of five; a hundred groups without a total: 400 in all, give or take 5 * 4
    data = pd.DataFrame({"g": [f"{number:03d}" for number in range(100)]})
    made = protect(
        data, [("g",)], statistic="count", units=np.full(100, 4.0), rule=DisclosureRule(rounding=5), total=False
    )
    assert 340 <= made.table["units"].sum() <= 460


def test_rounding_of_means_is_refused():
    data = pd.DataFrame({"g": ["a", "b"]})
    with pytest.raises(InputError, match="Leave the rounding out"):
        protect(data, [("g",)], statistic="mean", values=[1.0, 2], rule=DisclosureRule(rounding=5))
    with pytest.raises(InputError, match="often 3 or 5"):
        DisclosureRule(rounding=1)


def test_a_table_of_single_units_is_refused_and_not_searched():
    data = pd.DataFrame({"lan": ["01"] * 60, "regso": [f"01{number:02d}" for number in range(60)]})
    with pytest.raises(InputError, match=r"groups of one unit each \(expected several units a group, got 60 of 60\)"):
        protect(data, [("lan", "regso")], statistic="count")
    assert protect(data, [("lan", "regso")], statistic="count", units=np.full(60, 50)).is_safe


def test_a_table_that_cannot_be_made_safe_is_refused_with_what_would_be():
    draw = np.random.default_rng(4)
    rows = draw.integers(3, 7) * 4
    data = pd.DataFrame({"lan": draw.choice(list("AB"), rows), "g": draw.choice(list("xyz"), rows),
                         "h": draw.choice(list("pq"), rows)})  # fmt: skip
    units = draw.integers(1, 60, rows)
    sums = np.round(draw.lognormal(3, 1.5, rows)) * units
    rule = DisclosureRule(dominance=(1, 60.0))
    with pytest.raises(InputError, match="not safe: cells can be worked out") as refused:
        protect(data, [("lan", "g"), ("h",)], statistic="mean", units=units, values=sums, rule=rule)
    assert refused.value.faults[0].hint == "It is safe with these paths alone: lan; h."
    assert protect(data, [("lan",), ("h",)], statistic="mean", units=units, values=sums, rule=rule).is_safe


def test_the_seed_of_rounding_is_drawn_and_kept_in_the_audit_alone():
    data = pd.DataFrame({"g": [f"g{i:02}" for i in range(40)]})
    units = np.arange(40) + 31
    made = [protect(data, [("g",)], statistic="count", units=units, rule=DisclosureRule(rounding=5)) for _ in range(2)]
    assert "seed" not in made[0].table
    assert not made[0].table["units"].equals(made[1].table["units"])
    small = pd.DataFrame({"g": ["a", "b", "c"]})
    first = protect(small, [("g",)], statistic="count", units=[3, 40, 50], rule=DisclosureRule(rounding=5))
    seed = int(first.audit["seed"].iloc[0])
    again = protect(small, [("g",)], statistic="count", units=[3, 40, 50], rule=DisclosureRule(rounding=5, seed=seed))
    assert again.table.equals(first.table)
