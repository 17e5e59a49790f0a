from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from regso_cluster.certainty.labels import against_the_odds, how_sure
from regso_cluster.certainty.priors import Posterior, find_profiles, posteriors_of
from regso_cluster.certainty.priors import _Counts as Counts
from regso_cluster.certainty.simulation import groups_by_set, simulate
from regso_cluster.classification.classify import classify
from regso_cluster.errors import InputError
from regso_cluster.factors.shrinkage import shrink_factor
from regso_cluster.factors.tables import read_factors
from regso_cluster.figures.ranks import draw_rank_intervals
from regso_cluster.judging.case import as_counted
from regso_cluster.judging.judge import judge, measure
from regso_cluster.method import Banding, Certainty, Shrinkage, load_method
from regso_cluster.release.write import write_release
from tests.tables import CODES, METHOD, method, rows, write

SURE = dataclasses.replace(method(), certainty=Certainty(draws=4000, prior="country"))
# turnout of so many voters that chance in it is nothing, but counted: no label hangs on a figure taken as exact
VOTERS = METHOD.replace('value = "voted_pct"', 'value = "voted_pct"\ndenominator = "voters"')


def with_voters(frame):
    return frame.assign(voters="1000000", population="1000000")


@pytest.fixture
def table(tmp_path):
    return read_factors(write(rows(), tmp_path / "t.csv"), SURE, edition=2025)


def simulated(table, using, draws=4000, posterior=None):
    case = as_counted(table, using)
    yardstick = measure(case)
    judged = judge(case, yardstick)
    posterior = posteriors_of(case, np.random.default_rng(1))[0] if posterior is None else posterior
    found = simulate(
        [posterior], case, judged["index"].notna().to_numpy(), yardstick, np.random.default_rng(0),
        draws=draws, level=0.9,
    )  # fmt: skip
    return found, judged, yardstick, posterior


def test_the_probability_of_a_problem_is_that_of_the_posterior(table):
    found, _, yardstick, posterior = simulated(table, SURE, 20_000)
    at = table.value.index.get_indexer(list(CODES))
    exact = stats.beta.sf(yardstick.limits["poor"] / 100, posterior.first[at, 0, 0], posterior.second[at, 0, 0])
    np.testing.assert_allclose(found.counts["poor_problem"][at, 0] / 20_000, exact, atol=0.012)
    # turnout has no counts: 69.9 is below 70, and 70 is not
    assert (found.counts["voted_problem"][at, 0] / 20_000).tolist() == [0, 1, 0, 0, 0, 1]


def test_groups_are_drawn_by_the_rule(table):
    found, _, _, _ = simulated(table, SURE)
    group, poor, voted = (found.counts[name] for name in ("composite_group", "poor_problem", "voted_problem"))
    at = table.value.index.get_indexer(list(CODES))
    # both, one, none, left open
    assert np.array_equal(group[at, 0], np.where(voted[at, 0] > 0, poor[at, 0], 0))
    assert (group[at].sum(axis=1) == 4000).all()
    assert (group[at, 3] == 0).all()
    # areas without a row are drawn in poverty, by the prior, but turnout is exact and not seen: most are left open
    rest = np.setdiff1d(np.arange(len(group)), at)
    assert (group[rest, 3] == 4000 - group[rest, :3].sum(axis=1)).all()
    assert (group[rest, 3] > 0).all()


def test_sizes_and_counts_are_the_same_draws(table):
    found, _, _, _ = simulated(table, SURE)
    for name, counts in found.counts.items():
        assert np.array_equal(counts.sum(axis=0), found.sizes[name].sum(axis=0)), name


def test_ranks_hold_the_noise_of_counts(table):
    n = len(table.areas)
    sharp = Posterior.of_one(np.full((n, 2), np.nan), np.full((n, 2), np.nan), np.zeros((n, 2), bool))
    found, judged, _, _ = simulated(table, SURE, 100, sharp)
    has = judged["index"].notna().to_numpy()
    assert np.array_equal(found.rank_low[has], judged["index_rank"][has].astype(int))
    assert np.array_equal(found.rank_low, found.rank_high)
    noisy, _, _, _ = simulated(table, SURE)
    assert (noisy.rank_high - noisy.rank_low)[has].sum() > 0


def test_a_kommun_s_count_is_drawn_once_for_all_its_areas(tmp_path):
    text = METHOD.replace('denominator = "poor_d"', 'denominator = "poor_d"\nlevel = "kommun"')
    using = dataclasses.replace(method(text), certainty=SURE.certainty)
    frame = pd.concat([rows().assign(poor_n=18, poor_d=100),
                       pd.DataFrame({"regso": ["0115R001", "0117R001"], "population": ["9"] * 2, "poor_n": [20, 30],
                                     "poor_d": [100, 100], "voted_pct": ["80", "81"]})])  # fmt: skip
    table = read_factors(write(frame, tmp_path / "t.csv"), using, edition=2025)
    found, _, _, posterior = simulated(table, using, 500)
    assert posterior.shared == ("poor",)
    at = table.value.index.get_indexer(list(CODES))
    own = found.counts["poor_problem"][at, 0]
    assert own.min() == own.max()
    # another kommun of the same county has draws of its own, though its count is the same
    alike = table.value.index.get_indexer(["0115R001", "0117R001"])
    same = dataclasses.replace(posterior, first=posterior.first.copy(), second=posterior.second.copy())
    for part in (same.first, same.second):
        part[alike] = part[at[0]]
    twins, _, _, _ = simulated(table, using, 500, same)
    assert len({int(twins.counts["poor_problem"][place, 0]) for place in (at[0], *alike)}) > 1
    # the six areas are a problem in the same draws, so that no draw has only some of them: alone, the size of the
    # list would vary less than their number
    alone = dataclasses.replace(posterior, shared=())
    apart, _, _, _ = simulated(table, using, 500, alone)
    assert np.ptp(apart.counts["poor_problem"][at, 0]) > 0


@pytest.mark.parametrize("prior", ["profiles", "country", "kommun"])
def test_every_prior_gives_every_area_a_posterior(prior, example_release):
    table, using = example_release.classification.table, load_method("utanforskap")
    using = dataclasses.replace(using, certainty=Certainty(prior=prior, classes=8))
    posterior = posteriors_of(as_counted(table, using), np.random.default_rng(1))[0]
    assert posterior.drawn.all()
    area = np.repeat(np.arange(len(table.areas)), np.diff(posterior.start))
    np.testing.assert_allclose(np.bincount(area, posterior.chance), 1.0)
    np.testing.assert_allclose(posterior.weight.sum(axis=2), 1.0)
    used = posterior.weight > 0
    assert (posterior.first[area][used] > 0).all()
    assert (posterior.second[area][used] > 0).all()
    seen = table.value.notna().to_numpy()
    means = (posterior.first / (posterior.first + posterior.second))[area, 4]
    mean = np.bincount(area, posterior.chance * np.nansum(posterior.weight[:, 4] * means, axis=1))
    error = np.abs(100 * mean - table.value.iloc[:, 4])
    assert np.nanmedian(error) < 3  # the mean of a posterior lies near the figure
    assert error[seen[:, 4]].notna().all()


def test_two_planted_kinds_are_found():
    random = np.random.default_rng(0)
    d = random.integers(100, 500, (600, 2)).astype(float)
    kind = random.random(600) < 0.3
    p = np.where(kind[:, None], [0.4, 0.05], [0.1, 0.02])
    n = random.binomial(d.astype(int), p).astype(float)
    counts = Counts(n, d, np.ones((600, 2), bool), np.array([False, True]))
    found = find_profiles(counts, np.ones((1, 600)), 2)[0]
    worst = int((found.weight[:, 0] @ found.mean[0]).argmax())
    assert found.share[worst] == pytest.approx(0.3, abs=0.05)
    means = found.first / np.where(counts.events[:, None], found.second, found.first + found.second)
    of_class = (found.weight * means).sum(axis=2)
    np.testing.assert_allclose(of_class[worst], [0.4, 0.05], rtol=0.05)
    np.testing.assert_allclose(of_class[1 - worst], [0.1, 0.02], rtol=0.05)
    # areas of a kind do not differ beyond chance: the spread within is next to nothing
    assert found.variance.max() < 2e-4


def test_columns_of_a_release(example_release):
    areas = example_release.classification.areas
    assert (areas["index_rank_low"] <= areas["index_rank"]).all()
    assert (areas["index_rank"] <= areas["index_rank_high"]).all()
    for column in areas.columns[areas.columns.str.endswith("_probability")]:
        assert areas[column].dropna().between(0, 1).all(), column
    assert set(areas["how_sure"]) <= {"core", "edge", "undecided"}
    assert (areas["composite_second"].dropna() != areas["composite_group"][areas["composite_second"].notna()]).all()
    sure = areas["composite_group_probability"] >= 0.9
    assert (areas.loc[sure, "how_sure"] == "core").all()
    assert (areas.loc[areas["composite_group"].isna(), "how_sure"] == "undecided").all()


def test_the_long_table_holds_every_area_and_sums_to_one(example_release):
    result = example_release.classification
    long = result.certainty
    for grouping in ("composite_group", "cluster", "skolresultat_tier"):
        sums = long[long["grouping"] == grouping].groupby("regso")["probability"].sum()
        assert len(sums) == 3363
        np.testing.assert_allclose(sums, 1.0)
    counted = long[(long["grouping"] == "composite_list") & (long["group"] == 2) & long["counted"]]
    groups = result.areas["composite_group"].value_counts()
    assert len(counted) == groups[1] + groups[2]
    listing = next(
        one for one in result.figures["certainty"]["lists"] if one["list"] == "composite_list" and one["group"] == 2
    )
    assert listing["wrong"] == pytest.approx((1 - counted["probability"]).sum(), abs=0.01)
    assert any(f"of the {len(counted)} areas in groups 1 to 2" in note for note in result.notes)


def test_expected_numbers_stand_beside_the_counted(example_release):
    groups = example_release.classification.groups
    own = groups[(groups["grouping"] == "composite_group") & groups["group"].notna()]
    assert (own["expected_low"] <= own["expected"]).all()
    assert (own["expected"] <= own["expected_high"]).all()
    assert own["expected"].sum() == pytest.approx(3363, abs=0.5)
    assert groups[groups["grouping"] == "cluster"]["expected"].notna().all()


def test_what_flips_a_group_flips_it(tmp_path):
    using = dataclasses.replace(method(), certainty=Certainty(draws=20, prior="country"))
    frame = rows()
    table = read_factors(write(frame, tmp_path / "t.csv"), using, edition=2025)
    first = classify(table, using, year=2024)
    frozen = dataclasses.replace(using, measured=first.method.measured)
    areas = first.areas.loc[list(CODES)]
    # 10, 10, 10, 10, 10, 40 per cent: mean 15, SD 11.18; the limit is above 26.18: of 100 persons 27, which is 17 more
    assert areas["composite_flip_persons"].tolist() == [17, 33, 17, 49, 17, -28]
    assert (areas["composite_flip_factor"] == "poor").all()
    for code in CODES:
        moved = frame.assign(poor_n=frame["poor_n"].astype(int))
        for step in (0, int(np.sign(areas.loc[code, "composite_flip_persons"]))):
            steps = int(areas.loc[code, "composite_flip_persons"]) - step
            moved.loc[moved["regso"] == code, "poor_n"] = int(frame.set_index("regso").loc[code, "poor_n"]) + steps
            again = classify(read_factors(write(moved, tmp_path / "m.csv"), frozen, edition=2025), frozen, year=2024)
            group = again.areas.loc[code, "composite_group"]
            assert (group == areas.loc[code, "composite_flip_group"]) == (step == 0)


def test_a_flip_to_what_hangs_on_the_unseen_names_no_group(tmp_path):
    # one group: any problem. The last area has poverty (40 per cent, limit 26.18), its turnout is not seen: whatever
    # that is, it is in the group. With 14 persons fewer in poverty the group would hang on turnout: undecided
    both = METHOD[METHOD.index("[[composite.groups]]") : METHOD.rindex("[[composite.groups]]")]
    using = dataclasses.replace(method(METHOD.replace(both, "")), certainty=Certainty(draws=20, prior="country"))
    frame = rows().assign(voted_pct=["80", "81", "82", "83", "84", ".."])
    areas = classify(read_factors(write(frame, tmp_path / "t.csv"), using, edition=2025), using, year=2024).areas
    last, seen = areas.loc[CODES[5]], areas.loc[list(CODES[:5])]
    assert last["composite_group"] == 1
    assert last["composite_flip_factor"] == "poor"
    assert last["composite_flip_persons"] < 0
    assert pd.isna(last["composite_flip_group"])
    assert (seen["composite_group"] == 2).all()
    assert (seen["composite_flip_group"] == 1).all()


def test_a_flip_that_only_opens_the_harsher_end_is_one(tmp_path):
    # groups: all three problems, any. The first area has one (work), turnout is not seen: at most two, decided. With 17
    # persons more in poverty it would have two or three: undecided
    start = METHOD.index('[[factors]]\nkey = "voted"')
    voted = METHOD[start : METHOD.index("[problems]")]
    text = METHOD.replace("[problems]", voted.replace("voted", "work") + "[problems]").replace(
        "at_least = 2", "at_least = 3"
    )
    using = dataclasses.replace(method(text), certainty=Certainty(draws=20, prior="country"))
    frame = rows().assign(voted_pct=["..", "81", "82", "83", "84", "80"], work_pct=["60", "81", "82", "83", "84", "80"])
    areas = classify(read_factors(write(frame, tmp_path / "t.csv"), using, edition=2025), using, year=2024).areas
    first = areas.loc[CODES[0]]
    assert first["composite_group"] == 2
    assert (first["composite_flip_factor"], first["composite_flip_persons"]) == ("poor", 17)
    assert pd.isna(first["composite_flip_group"])


def test_draws_round_the_index_as_the_method_says(table):
    rough = dataclasses.replace(SURE, index=dataclasses.replace(SURE.index, decimals=0))
    areas = classify(table, rough, year=2024).areas.loc[list(CODES)]
    # an index of whole standard deviations: five areas are alike in all draws but a few, and share the lowest place
    tied = areas["index_rank"] == areas["index_rank"].max()
    assert tied.sum() > 1
    assert areas.loc[tied, "index_rank_low"].max() <= areas["index_rank"].max()
    fine = classify(table, SURE, year=2024).areas.loc[list(CODES)]
    assert areas.loc[tied, "index_rank_high"].max() < fine.loc[tied, "index_rank_high"].max() == 6


def test_flips_of_shrunk_rates_are_of_the_shrunk_rates(tmp_path):
    """One area at a time gets more or fewer persons until its shrunk rate, with the same prior, crosses the limit."""
    using = dataclasses.replace(method(), certainty=Certainty(draws=20), shrinkage=Shrinkage("country"))
    table = read_factors(write(rows(), tmp_path / "t.csv"), using, edition=2025)
    result = classify(table, using, year=2024)
    areas, limit = result.areas.loc[list(CODES)], result.method.measured.limits["poor"]
    prior = shrink_factor(table, using.factors[0], "country")
    a, b = prior.prior_first[0], prior.prior_second[0]
    for (n, d), flip in zip(
        rows()[["poor_n", "poor_d"]].astype(int).to_numpy(), areas["poor_flip_persons"], strict=True
    ):

        def over(more, n=n, d=d):
            return 100 * (a + n + more) / (a + b + d) > limit

        steps = [more for more in range(-n, d - n + 1) if over(more) != over(0)]
        assert flip == min(steps, key=abs)
    assert (areas["poor_flip_persons"] != [19, 37, 19, 55, 19, -24]).any()  # what the counted rates would take


@pytest.mark.parametrize("rule", ["slack_sd = 0.5", "years = 2"])
def test_what_the_no_flicker_rule_holds_gets_no_flip_and_is_named(tmp_path, rule):
    text = METHOD.replace("[composite]", f"[composite]\nsteady = {{ {rule} }}")
    using = dataclasses.replace(method(text), certainty=Certainty(draws=400, prior="country"))
    first, second = (
        read_factors(write(rows().assign(voted_pct=["90.5", voted, "71", "85", "88", "60"]), tmp_path / f"{voted}.csv"),
                     using, edition=2025)
        for voted in ("69.9", "70.1")  # a problem below 70; 70.1 is hardly better
    )  # fmt: skip
    result = classify(second, using, year=2024, previous=classify(first, using, year=2023).areas)
    held = result.areas.loc[CODES[1]]
    assert (held["composite_group"], held["composite_group_free"]) == (2, 3)
    assert pd.isna(held["composite_flip_persons"])
    assert held["poor_flip_persons"] > 0
    assert result.areas.loc[CODES[5], "composite_flip_persons"] == result.areas.loc[CODES[5], "poor_flip_persons"] < 0
    said = (
        f"held in their group by the no-flicker rule, and how sure by this year's figures alone: {CODES[1]} (1 in all)"
    )
    assert said in result.notes
    assert CODES[1] not in result.figures["certainty"]["counted_against_the_odds"]


def test_without_counts_nothing_is_claimed(tmp_path):
    text = METHOD.replace('numerator = "poor_n"\ndenominator = "poor_d"', 'value = "poor_n"')
    using = dataclasses.replace(method(text), certainty=Certainty())
    table = read_factors(write(rows().assign(poor_n=range(6)), tmp_path / "t.csv"), using, edition=2025)
    result = classify(table, using, year=2024)
    assert result.areas["index_rank_low"].isna().all()
    assert "certainty" not in result.figures
    assert result.certainty is None
    # and that nothing is claimed is said
    assert result.figures["noise"] == {"drawn": [], "taken_as_exact": ["poor", "voted"]}
    assert "taken as exact, without a noise model: poor, voted" in result.notes
    unasked = classify(table, dataclasses.replace(using, certainty=None), year=2024)
    assert "noise" not in unasked.figures
    assert not any("noise" in note for note in unasked.notes)


def test_a_factor_without_counts_is_named(table):
    result = classify(table, SURE, year=2024)
    assert result.figures["certainty"]["taken_as_exact"] == ["voted"]
    assert any("without a noise model: voted" in note for note in result.notes)


def test_areas_with_too_few_residents_are_not_assessed(tmp_path):
    text = METHOD.replace("[table]", "[table]\nmin_population = 500")
    using = dataclasses.replace(method(text), certainty=Certainty(draws=20, prior="country"))
    frame = rows().assign(population=["1000"] * 5 + ["499"])
    frame["poor_n"] = ["10", "20", "10", "30", "35", "80"]
    areas = classify(read_factors(write(frame, tmp_path / "t.csv"), using, edition=2025), using, year=2024).areas
    assert areas.loc[CODES[5], "how_sure"] == "not_assessed"
    assert np.isnan(areas.loc[CODES[5], "composite_group_probability"])
    assert np.isnan(areas.loc[CODES[5], "poor_probability"])


def test_cut_offs_belong_to_the_surer_side():
    said = how_sure(np.array([0.9, 0.8999, 0.6, 0.5999, np.nan]), Certainty(core=0.9, edge=0.6))
    assert said.tolist() == ["core", "edge", "edge", "undecided", "not_assessed"]


def test_groups_are_looked_up_by_the_set_of_problems():
    # none, the first, the second, both: worst first, from 0
    assert groups_by_set(method()).tolist() == [2, 1, 1, 0]


def test_too_many_factors_are_refused():
    one = method()
    many = dataclasses.replace(one, factors=one.factors * 11)
    with pytest.raises(InputError, match="Remove \\[certainty\\]"):
        groups_by_set(many)


def test_bands_without_a_composite_are_the_lists(tmp_path):
    using = dataclasses.replace(method(VOTERS), composite=None, bands=Banding("sd", at=(0.5, 0.0)),
                                certainty=Certainty(draws=50, prior="country"))  # fmt: skip
    frame = with_voters(rows())
    areas = classify(read_factors(write(frame, tmp_path / "t.csv"), using, edition=2025), using, year=2024).areas
    assert areas["band_probability"].loc[list(CODES)].notna().all()
    assert areas["how_sure"].loc[list(CODES)].isin(["core", "edge", "undecided"]).all()


def test_one_and_two_threads_give_the_same_bytes(example_release):
    table, using = example_release.classification.table, load_method("utanforskap")
    using = dataclasses.replace(using, measured=example_release.classification.method.measured,
                                certainty=Certainty(draws=210))  # fmt: skip
    one, two = (classify(table, using, year=2024, threads=number) for number in (1, 2))
    pd.testing.assert_frame_equal(one.areas, two.areas, check_exact=True)
    pd.testing.assert_frame_equal(one.certainty, two.certainty, check_exact=True)


def test_an_index_alone_has_intervals_and_no_labels(table, tmp_path):
    alone = dataclasses.replace(SURE, problems=None, composite=None, certainty=Certainty(draws=40, prior="country"))
    release = write_release(classify(table, alone, year=2024), tmp_path / "r")
    assert release.areas["index_rank_low"].notna().sum() == release.areas["index_rank"].notna().sum() > 0
    assert set(release.areas["how_sure"]) == {"not_assessed"}
    assert len(release.certainty) == 0
    (axes,) = draw_rank_intervals(release).axes
    ranked = release.areas["index_rank"].notna().sum()
    assert len(axes.collections[0].get_segments()) == ranked  # intervals also where the group is not assessed


def test_areas_without_any_figure_are_not_assessed_and_not_drawn(tmp_path):
    using = dataclasses.replace(SURE, factors=method(VOTERS).factors)
    frame = with_voters(rows()).assign(poor_n=["10", "80", "12", "30", "10", "80"])
    frame.loc[5, ["poor_n", "poor_d", "voted_pct"]] = ".."  # suppressed: something is there
    frame.loc[4, ["poor_n", "poor_d", "voted_pct", "voters"]] = "NA"
    frame.loc[3, "voted_pct"] = "NA"  # one factor missing: the other speaks
    result = classify(read_factors(write(frame, tmp_path / "t.csv"), using, edition=2025), using, year=2024)
    areas, silent = result.areas, result.areas.index.difference([*CODES[:4], CODES[5]])
    assert CODES[4] in silent
    assert set(areas.loc[silent, "how_sure"]) == {"not_assessed"}
    assert areas.loc[silent, ["poor_probability", "composite_group_probability"]].isna().all(axis=None)
    assert areas.loc[silent, "composite_second"].isna().all()
    assert areas.loc[silent, "composite_second_probability"].isna().all()
    assert areas.loc[CODES[5], "how_sure"] == "undecided"
    assert areas.loc[CODES[3], "how_sure"] != "not_assessed"
    assert areas.loc[CODES[5], "poor_probability"] > 0
    long = result.certainty
    assert long[long["regso"].isin(silent)]["probability"].isna().all()
    # five areas were drawn, and no more are expected in any group
    groups = result.groups[result.groups["grouping"] == "composite_group"]
    assert groups["expected"].sum() <= 5
    assert result.figures["certainty"]["how_sure"]["not_assessed"] == 3358


def test_the_runner_up_is_the_most_likely_other(example_release):
    result = example_release.classification
    long = result.certainty
    for name, short in (("composite_group", "composite"), ("cluster", "cluster")):
        own = long[(long["grouping"] == name) & long["group"].notna()]
        wide = own.pivot(index="regso", columns="group", values="probability")
        second = result.areas[f"{short}_second"]
        told = result.areas[f"{short}_second_probability"]
        named = second.notna()
        found = [wide.loc[code, group] for code, group in second[named].items()]
        assert told[named].tolist() == pytest.approx(found)
        if name == "composite_group":
            counted = result.areas[name]
            others = wide.where(wide.columns.to_numpy()[None, :] != counted.to_numpy(float, na_value=0)[:, None])
            assert told.to_numpy() == pytest.approx(others.max(axis=1).to_numpy())
            assert ((told > 0) == named).all()


@pytest.mark.parametrize(("aggregation", "band"), [("mean", 1), ("sum", 2)])
def test_the_index_that_is_drawn_is_over_the_weight_of_what_was_seen(tmp_path, aggregation, band):
    # poverty weighs 0.5 and has z 2.2 in the worst area, turnout weighs 0.5 and is not seen: their mean is 2.2, above
    # 1.5, their sum 1.1, below. No noise: each draw says what the release says
    half = METHOD.replace('worse = "high"', 'worse = "high"\nweight = 0.5')
    using = method(half.replace('worse = "low"', 'worse = "low"\nweight = 0.5'))
    index = dataclasses.replace(using.index, aggregation=aggregation, min_factors=1)
    using = dataclasses.replace(using, composite=None, problems=None, index=index, bands=Banding("sd", at=(1.5,)))
    frame = rows().assign(voted_pct=["80", "80", "80", "81", "82", ".."])
    table = read_factors(write(frame, tmp_path / "t.csv"), using, edition=2025)
    case = as_counted(table, using)
    yardstick = dataclasses.replace(measure(case), bands=(1.5,))
    n = len(table.areas)
    sharp = Posterior.of_one(np.full((n, 2), np.nan), np.full((n, 2), np.nan), np.zeros((n, 2), bool))
    has = judge(case, yardstick)["index"].notna().to_numpy()
    found = simulate([sharp], case, has, yardstick, np.random.default_rng(0), draws=50, level=0.9)
    at = table.value.index.get_loc(CODES[5])
    assert found.counts["band"][at].tolist() == [50 * (band == 1), 50 * (band == 2)]


def test_the_runner_up_of_a_band(tmp_path):
    using = dataclasses.replace(method(VOTERS), composite=None, bands=Banding("sd", at=(0.5, 0.0)),
                                certainty=Certainty(draws=500, prior="country"))  # fmt: skip
    result = classify(
        read_factors(write(with_voters(rows()), tmp_path / "t.csv"), using, edition=2025), using, year=2024
    )
    areas = result.areas.loc[list(CODES)]
    own = result.certainty[(result.certainty["grouping"] == "band") & result.certainty["regso"].isin(CODES)]
    others = (
        own[~own["counted"]].sort_values("probability", ascending=False).groupby("regso").head(1).set_index("regso")
    )
    assert areas["band_second_probability"].tolist() == pytest.approx(others["probability"].reindex(CODES).tolist())
    drawn = areas["band_second_probability"] > 0
    assert drawn.any()
    assert areas["band_second"][drawn].tolist() == others["group"].reindex(areas.index[drawn]).tolist()
    assert areas["band_second"][~drawn].isna().all()
    assert "composite_second" not in areas


def test_areas_that_were_counted_against_the_odds_are_named(tmp_path):
    # five areas have 10 of 100, and the sixth 5 of 8, over the limit: of so few persons, and with five others
    # who hardly differ, chance is likelier than a rate of more than 26
    using = dataclasses.replace(method(VOTERS), certainty=Certainty(draws=400, prior="country"))
    frame = with_voters(rows()).assign(poor_n=["10", "10", "10", "10", "10", "5"], poor_d=["100"] * 5 + ["8"])
    frame.loc[2, "voted_pct"] = "75"  # 70 is the limit
    result = classify(read_factors(write(frame, tmp_path / "t.csv"), using, edition=2025), using, year=2024)
    area = result.areas.loc[CODES[5]]
    assert area["poor_problem"]
    assert area["composite_group_probability"] < 0.5 < area["composite_second_probability"]
    assert result.figures["certainty"]["counted_against_the_odds"] == [CODES[5]]
    said = [note for note in result.notes if note.startswith("counted in one group though another is more probable")]
    assert said == [f"counted in one group though another is more probable by all their figures: {CODES[5]} (1 in all)"]


def test_a_tie_is_not_against_the_odds():
    columns = pd.DataFrame(
        {"composite_group_probability": [0.4, 0.5, 0.6, None], "composite_second_probability": [0.6, 0.5, 0.4, 0.9]},
        index=["less", "tie", "more", "undecided"],
    )
    assert list(against_the_odds(columns)) == ["less"]
