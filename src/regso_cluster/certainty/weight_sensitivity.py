"""Ranks when the weights of an index vary: what a person who weighed the factors otherwise would find."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.certainty.drawn_ranks import rank_interval, rank_into
from regso_cluster.errors import Fault, InputError
from regso_cluster.kernels._threads import threads
from regso_cluster.kernels.ranks import count_at_most, score_draws

Array = npt.NDArray[np.float64]
_BLOCK = 256  # draws whose scores are in memory at a time


@dataclass(frozen=True)
class VariedRanks:
    """Ranks under many draws of the weights.

    Parameters
    ----------
    rank : (n_areas,) with the weights as they are, 1 the highest score, ties share the lowest
    low, high : (n_areas,) ends of the central interval of the drawn ranks
    listed : (n_areas,) among the first `first` with the weights as they are
    stays : (n_areas,) share of the draws in which the area is among the first
    leaving : of the areas listed, the mean share that is not among the first in a draw
    ever : of the areas listed, the share that is not among the first in more than (1 - level) of the draws
    """

    rank: pd.Series
    low: pd.Series
    high: pd.Series
    listed: pd.Series
    stays: pd.Series
    leaving: float
    ever: float


def vary_weights(
    scores: pd.DataFrame, weights: Array, *, spread: float = 0.25, draws: int = 1000, first: int = 0,
    level: float = 0.9, seed: int = 0, n_threads: int | None = None,
) -> VariedRanks:  # fmt: skip
    """Rank areas by a weighted sum of scores, every weight drawn between (1 - spread) and (1 + spread) times itself.

    Parameters
    ----------
    scores : (n_areas, n_factors) scaled, high is worse, all observed
    weights : (n_factors,)
    spread : 0.25 varies each weight by up to a quarter either way; drawn alone, the sum is not held
    draws, level : how many, and the share of the draws that an interval holds
    first : the length of the list; 0: the first tenth of the areas, rounded up
    seed : of the draws
    n_threads : never changes the result

    Raises
    ------
    InputError  a score that is missing: an area without all factors has no place under other weights; weights that
        are not one a factor, negative or all 0; a spread outside 0 to 1
    """
    values = scores.to_numpy(np.float64)
    if np.isnan(values).any():
        hint = "Leave areas without all factors out."
        raise InputError(
            Fault("a missing score", "vary_weights", got=f"{int(np.isnan(values).sum())} cells", hint=hint)
        )
    weights = np.asarray(weights, dtype=np.float64)
    if weights.shape != (values.shape[1],) or not (weights >= 0).all() or not weights.any():
        expected, hint = f"{values.shape[1]} numbers from 0, not all 0", "Give one weight a factor."
        raise InputError(Fault("not weights of these factors", "vary_weights", expected, str(weights), hint))
    if not 0 <= spread <= 1:
        hint = "0.25 varies each weight by a quarter."
        raise InputError(Fault("not a spread", "vary_weights", "0 to 1", str(spread), hint))
    n, columns = len(values), np.ascontiguousarray(values.T)
    size = first or -(-n // 10)
    drawn = np.random.default_rng(seed).uniform(1 - spread, 1 + spread, (draws, len(weights))) * weights
    kind = np.uint16 if n < 65535 else np.uint32
    own, rank = np.empty((n, 1), kind), np.empty((n, draws), kind)
    with threads(n_threads):
        for begin in range(0, draws, _BLOCK):
            score = np.empty((min(_BLOCK, draws - begin), n))
            score_draws(np.ascontiguousarray(drawn[begin : begin + _BLOCK]), columns, score)
            rank_into(score, begin, rank)
        score = np.empty((1, n))
        score_draws(np.asarray(weights, dtype=np.float64)[None], columns, score)
        rank_into(score, 0, own)
        low, high = rank_interval(rank, level)
        stays = np.empty(n, np.int64)
        count_at_most(rank, size, stays)
    listed, share = own[:, 0] <= size, stays / draws
    series = {
        name: pd.Series(part, scores.index)
        for name, part in (
            ("rank", own[:, 0].astype(np.int64)),
            ("low", low),
            ("high", high),
            ("listed", listed),
            ("stays", share),
        )
    }
    return VariedRanks(**series, leaving=float(1 - share[listed].mean()), ever=float((share[listed] < level).mean()))
