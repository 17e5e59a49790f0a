from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from regso_cluster.certainty import labels, simulation, themes
from regso_cluster.certainty.priors import posteriors_of
from regso_cluster.classification.classify import classify
from regso_cluster.factors.tables import read_factors
from regso_cluster.judging.case import as_counted
from regso_cluster.method import Certainty
from regso_cluster.release.model import read_release
from regso_cluster.release.write import write_release
from tests.tables import CODES, METHOD, method, rows, write

THEMES = """
[[index.themes]]
key = "money"
name = { sv = "Pengar", en = "Money" }
factors = ["poor"]

[[index.themes]]
key = "votes"
name = { sv = "Röster", en = "Votes" }
factors = ["voted"]
"""


@pytest.fixture
def classified(tmp_path):
    using = dataclasses.replace(method(METHOD + THEMES), certainty=Certainty(draws=4000, prior="country"))
    frame = rows().assign(poor_n=["10", "24", "10", "60", "30", "180"])
    return classify(read_factors(write(frame, tmp_path / "t.csv"), using, edition=2025), using, year=2024), using


def test_ranks_of_a_theme_by_hand(classified):
    areas = classified[0].areas.loc[list(CODES)]
    # 10, 12, 10, 20, 30, 90 per cent: ties share the lowest number
    assert areas["money_rank"].tolist() == [5, 4, 5, 3, 2, 1]
    assert areas["votes_rank"].tolist() == [6, 2, 3, 4, 5, 1]  # low is worse: 60, 69.9, 70, 85, 88, 90.5
    assert areas["money_percent_rank"].tolist() == pytest.approx([0, 0.4, 0, 0.6, 0.8, 1])


def test_the_interval_of_a_theme_is_that_of_its_draws(classified):
    result, using = classified
    areas = result.areas.loc[list(CODES)]
    assert (areas["money_rank_low"] <= areas["money_rank"]).all()
    assert (areas["money_rank"] <= areas["money_rank_high"]).all()
    posterior = posteriors_of(as_counted(result.table, using), np.random.default_rng(1))[0]
    at = result.table.value.index.get_indexer(list(CODES))
    drawn = np.random.default_rng(5).beta(posterior.first[at, 0, 0], posterior.second[at, 0, 0], (4000, 6))
    ranks = 1 + (drawn[:, :, None] < drawn[:, None, :]).sum(axis=2)
    low, high = np.quantile(ranks, [0.05, 0.95], axis=0)
    assert (
        np.abs(areas["money_rank_low"].to_numpy(float) - np.minimum(low, areas["money_rank"].astype(float))) <= 1
    ).all()
    assert (
        np.abs(areas["money_rank_high"].to_numpy(float) - np.maximum(high, areas["money_rank"].astype(float))) <= 1
    ).all()
    worst = areas.loc[CODES[5]]
    assert (worst["money_rank_low"], worst["money_rank_high"]) == (1, 1)  # 90 per cent of 200, the next 30
    assert (areas["money_rank_high"] > areas["money_rank_low"]).iloc[:3].all()


def test_a_theme_taken_as_exact_has_no_interval_and_the_rest_keeps_its_draws(classified, tmp_path):
    result, using = classified
    assert result.areas["votes_rank_low"].isna().all()
    assert result.areas["votes_rank_high"].isna().all()
    plain = dataclasses.replace(using, index=dataclasses.replace(using.index, themes=()))
    without = classify(result.table, plain, year=2024).areas
    assert result.areas[list(without.columns)].equals(without)
    path = write_release(result, tmp_path / "r").path
    assert "money_rank_low" in read_release(path, verify=True).areas


def test_the_counted_rank_is_inside_its_interval_even_where_no_draw_gave_it(classified, monkeypatch):
    result, using = classified
    real = simulation.simulate

    def second_in_every_draw(*given, **asked):
        found = real(*given, **asked)
        twos = np.full_like(found.rank_low, 2)
        return dataclasses.replace(found, rank_low=twos, rank_high=twos)

    for module in (themes, labels):
        monkeypatch.setattr(module, "simulate", second_in_every_draw)
    areas = classify(result.table, using, year=2024).areas.loc[list(CODES)]
    assert areas["money_rank"].tolist() == [5, 4, 5, 3, 2, 1]
    assert areas["money_rank_low"].tolist() == [2, 2, 2, 2, 2, 1]
    assert areas["money_rank_high"].tolist() == [5, 4, 5, 3, 2, 2]
    rank = areas["index_rank"].astype(int)
    assert areas["index_rank_low"].tolist() == np.minimum(rank, 2).tolist()
    assert areas["index_rank_high"].tolist() == np.maximum(rank, 2).tolist()
