from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regso_cluster.areas.editions import code_set
from regso_cluster.areas.shapes import neighbour_arrays
from regso_cluster.errors import InputError
from regso_cluster.example.country import synthetic_country, write_example


@pytest.fixture(scope="module")
def country():
    return synthetic_country(range(2019, 2025))


def test_it_is_deterministic_and_years_do_not_lean_on_each_other(country):
    tables, truth = country
    alone, truth_alone = synthetic_country(range(2022, 2023))
    pd.testing.assert_frame_equal(alone[2022], tables[2022])
    pd.testing.assert_frame_equal(truth_alone, truth[truth["year"] == 2022].reset_index(drop=True))
    assert not synthetic_country(range(2019, 2020), seed=1)[0][2019].equals(tables[2019])


def test_every_area_has_a_row_and_says_that_it_is_synthetic(country):
    for table in country[0].values():
        assert tuple(table["regso"]) == code_set(2025)
        assert table["synthetic"].eq("yes").all()
        assert table["population"].between(663, 22_622).all()
    assert country[1]["synthetic"].eq("yes").all()


def test_cells_that_scb_would_not_publish_are_suppressed_and_no_others(country):
    for table in country[0].values():
        for column in [name for name in table if name.endswith("_n")]:
            other = column[:-1] + "d"
            hidden = table[column] == ".."
            assert (hidden == (table[other] == "..")).all()
            assert (table.loc[~hidden, column].astype(int) > 5).all()
            assert (table.loc[~hidden, other].astype(int) > 20).all()
    assert sum((table == "..").to_numpy().sum() for table in country[0].values()) > 20


def test_the_planted_shape_is_that_of_the_published_one(country):
    for _, planted in country[1].groupby("year"):
        problems = planted["planted_problems"]
        assert [(problems >= least).sum() for least in (1, 3, 5)] == [568, 180, 40]
        assert planted["planted_factors"].str.split().str.len().eq(problems).all()


def test_planted_moves_are_those_between_the_years(country):
    problems = country[1].pivot(index="regso", columns="year", values="planted_problems")
    moves = country[1].pivot(index="regso", columns="year", values="move")
    for year in range(2020, 2025):
        change = problems[year] - problems[year - 1]
        assert (moves[year].eq("worse") == (change > 0)).all()
        assert (moves[year].eq("better") == (change < 0)).all()
        assert (change != 0).sum() == 24
    assert country[1]["cause"].eq("data").equals(country[1]["move"].ne(""))


def real_shape(table):
    """The rates that a table shows, NaN where suppressed, by factor."""
    cells = table.where(table.ne(".."), np.nan).set_index("regso")
    keys = [name[:-2] for name in cells if name.endswith("_n")]
    return pd.DataFrame({key: cells[f"{key}_n"].astype(float) / cells[f"{key}_d"].astype(float) for key in keys})


def moran(values):
    """Moran's I over the real neighbours, each area's neighbours weighing 1 together."""
    starts, neighbours, _ = neighbour_arrays(tuple(values.index))
    own = (values - values.mean()).fillna(0).to_numpy()
    row = np.repeat(np.arange(len(own)), np.diff(starts))
    around = np.bincount(row, weights=own[neighbours], minlength=len(own)) / np.diff(starts)
    return (own * around).sum() / (own**2).sum()


# of real factors of 2022 (SCB, CC0; turnout Valmyndigheten): the module's docstring says which
SKEWNESS = {"kriminalitet": 2.2, "bidragsberoende": 1.7, "trangboddhet": 1.6, "valdeltagande": -1.5,
            "skolresultat": -0.9, "arbetsmarknadsetablering": -1.9}  # fmt: skip
NEIGHBOURS = {"kriminalitet": 0.20, "bidragsberoende": 0.29, "trangboddhet": 0.56, "arbetsmarknadsetablering": 0.34}
CORRELATIONS = {
    ("bidragsberoende", "arbetsmarknadsetablering"): -0.90,
    ("bidragsberoende", "trangboddhet"): 0.72,
    ("trangboddhet", "arbetsmarknadsetablering"): -0.76,
    ("kriminalitet", "bidragsberoende"): 0.40,
    ("kriminalitet", "trangboddhet"): 0.39,
}


@pytest.mark.parametrize("year", [2019, 2024])
def test_factors_look_like_real_ones(country, year):
    rates = real_shape(country[0][year])
    for key, skewness in SKEWNESS.items():
        assert rates[key].skew() == pytest.approx(skewness, abs=0.25), key
    for key, alike in NEIGHBOURS.items():  # crowding, 0.44, is farthest from its real one
        assert moran(rates[key]) == pytest.approx(alike, abs=0.13), key
    for pair, correlation in CORRELATIONS.items():
        assert rates[list(pair)].corr().iloc[0, 1] == pytest.approx(correlation, abs=0.1), pair
    for key in rates:  # the tail holds about as many areas beyond 2 SD as real ones, 3.1 to 6.5 %
        away = (rates[key] - rates[key].mean()) / rates[key].std() * np.sign(SKEWNESS[key])
        assert 0.03 < away.gt(2).mean() < 0.075, key


def test_each_factor_has_one_hump(country):
    """Counts in 25 classes rise to one highest class and fall from it, but for chance: three SD of a count."""
    rates = real_shape(country[0][2024])
    for key in rates:
        least, most = rates[key].quantile([0.001, 0.999])
        count = np.histogram(rates[key].dropna(), np.linspace(least, most, 26))[0].astype(float)
        top = int(count.argmax())
        rising, falling = count[: top + 1], count[top:][::-1]
        for side in (rising, falling):
            highest = np.maximum.accumulate(side)
            assert (side >= highest - 3 * np.sqrt(highest + 1)).all(), (key, count)


def test_no_gap_lies_at_a_limit(country):
    """Within a quarter of an SD of a limit areas fall off across it, as a tail does: problems are not set apart."""
    rates = real_shape(country[0][2024])
    away = (rates - rates.mean()) / rates.std(ddof=0) * np.sign(pd.Series(SKEWNESS))
    short, past = ((away > 1.75) & (away < 2)).sum(), ((away > 2) & (away < 2.25)).sum()
    assert short.gt(30).all(), short
    assert (past < 1.5 * short).all(), (short, past)
    assert 0.7 < past.sum() / short.sum() < 1.05, (short, past)


def test_sizes_look_like_real_ones(country):
    logarithm = np.log(country[0][2019].set_index("regso")["population"])
    assert logarithm.mean() == pytest.approx(7.87, abs=0.03)
    assert logarithm.std() == pytest.approx(0.574, abs=0.03)
    assert moran(logarithm) == pytest.approx(0.39, abs=0.08)


@pytest.mark.parametrize("seed", range(1, 9))
def test_every_seed_has_the_planted_totals(seed):
    _, truth = synthetic_country(range(2020, 2021), seed)
    assert [int((truth["planted_problems"] >= least).sum()) for least in (1, 3, 5)] == [568, 180, 40]


def test_files_are_written_once_and_never_over_others(tmp_path):
    paths = write_example(tmp_path, range(2023, 2025))
    assert [path.name for path in paths] == ["factors-2023.csv", "factors-2024.csv", "truth.csv"]
    assert write_example(tmp_path, range(2023, 2025)) == paths  # the same again is no harm
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in paths)
    with pytest.raises(InputError, match="a file of that name exists"):
        write_example(tmp_path, range(2023, 2025), seed=9)


@pytest.mark.parametrize("years", [range(2018, 2020), range(2030, 2032), range(2020, 2020)])
def test_other_years_are_refused(years):
    with pytest.raises(InputError, match="no such years"):
        synthetic_country(years)


def test_planted_truth_is_recovered(example_release):
    """What is planted is found as far as counts can show it: docs/validation.md has the figures."""
    truth = example_release.truth.set_index("regso")
    areas = example_release.classification.areas
    found, planted = areas["n_problems"].astype(float), truth["planted_problems"]
    decided = areas["composite_status"] == "decided"
    assert decided.mean() > 0.95
    assert (found[decided] == planted[decided]).mean() > 0.92
    for least, total, share in ((1, 568, 0.92), (3, 180, 0.85), (5, 40, 0.8)):
        listed, should = found >= least, planted >= least
        assert should.sum() == total
        assert listed.sum() == pytest.approx(total, rel=0.2)
        assert (listed & should).sum() / total > share


def test_its_certainty_is_honest_and_neither_sure_of_all_nor_of_nothing(example_release):
    """Of the areas listed with a probability between 0.5 and 0.9 as many were planted as stated, within four SD."""
    result, truth = example_release.classification, example_release.truth.set_index("regso")
    table = result.certainty
    of = table[(table["grouping"] == "composite_list") & (table["group"] == 3)].set_index("regso")["probability"]
    planted = truth["planted_problems"].loc[of.index].ge(1)
    for low, high in ((0.1, 0.5), (0.5, 0.9), (0.9, 1.01)):
        inside = of.between(low, high, inclusive="left")
        assert inside.sum() > 40
        spread = np.sqrt((of[inside] * (1 - of[inside])).sum())
        assert planted[inside].sum() == pytest.approx(of[inside].sum(), abs=4 * spread + 1)
    lists = result.figures["certainty"]["lists"]
    (said,) = (one for one in lists if (one["list"], one["group"]) == ("composite_list", 3))
    # planted by the limits that counts have on average; the limits of one count lie a little beside
    assert said["low"] - 12 <= 568 <= said["high"] + 12
    none = result.areas["composite_group"].eq(4).fillna(False)
    probability = result.areas.loc[none, "composite_group_probability"]
    assert probability.median() > 0.99
    assert probability.lt(0.9).sum() > 50
