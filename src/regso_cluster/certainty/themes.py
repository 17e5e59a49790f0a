"""Intervals of the ranks of themes: the rates drawn again, joined theme by theme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from regso_cluster.certainty.priors import Posterior
from regso_cluster.certainty.simulation import simulate
from regso_cluster.judging.case import Case
from regso_cluster.method import Certainty, Method, Theme, Yardstick
from regso_cluster.parallel import Workers
from regso_cluster.schema import columns as c


def theme_ranks(
    posteriors: Sequence[Posterior], case: Case, areas: pd.DataFrame, yardstick: Yardstick,
    generator: np.random.Generator, *, workers: Workers | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Give the interval of each area's rank in each theme of the index.

    Parameters
    ----------
    posteriors, case, yardstick : as for `simulate`, of all factors; without themes in the method nothing comes back
    areas : `<theme>_rank`
    generator : of the draws
    workers : who draws; never changes the result

    Returns
    -------
    <theme>_rank_low, <theme>_rank_high : (n_areas,) Int64, around the counted rank; <NA> where the area has none, and
        in a theme whose factors are all taken as exact
    """
    columns, method = {}, case.method
    certainty = method.certainty or Certainty()
    for theme in method.index.themes if method.index else ():
        part = _of_theme(method, theme)
        places = [method.keys.index(key) for key in part.keys]
        rank = areas[c.rank_of(theme.key)].to_numpy(np.float64, na_value=np.nan)
        ends = [np.full(len(rank), np.nan)] * 2
        if any(factor.denominator for factor in part.factors):
            own = [_of_factors(one, part.keys, places) for one in posteriors]
            found = simulate(
                own, replace(case, method=part, used=case.used[list(part.keys)]), ~np.isnan(rank), yardstick, generator,
                draws=certainty.draws, level=certainty.level, workers=workers,
            )  # fmt: skip
            ends = [np.minimum(found.rank_low, rank), np.maximum(found.rank_high, rank)]
        for name, end in zip(("low", "high"), ends, strict=True):
            columns[f"{theme.key}_rank_{name}"] = pd.Series(pd.array(end, dtype="Int64"), areas.index)
    return pd.DataFrame(columns, index=areas.index)


def _of_factors(posterior: Posterior, keys: tuple[str, ...], places: list[int]) -> Posterior:
    return replace(
        posterior, weight=posterior.weight[:, places], first=posterior.first[:, places],
        second=posterior.second[:, places], drawn=posterior.drawn[:, places],
        shared=tuple(key for key in posterior.shared if key in keys),
    )  # fmt: skip


def _of_theme(method: Method, theme: Theme) -> Method:
    """Take the part of a method that gives the score of one theme."""
    factors = tuple(factor for key in theme.factors for factor in method.factors if factor.key == key)
    index = replace(method.index, themes=()) if method.index else None
    return replace(
        method, factors=factors, index=index, problems=None, composite=None, bands=None, tiers=None, clusters=None,
        measured=None, frozen=None, baseline=None,
    )  # fmt: skip
