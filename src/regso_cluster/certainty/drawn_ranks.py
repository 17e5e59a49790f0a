"""The rank of every area in every draw, and the interval that its ranks lie in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from regso_cluster.certainty.discovery import interval_places
from regso_cluster.kernels.ranks import order_statistics, rank_draws

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
_AREAS = 64  # areas that a thread takes together


def rank_into(score: Array, begin: int, rank: npt.NDArray[np.unsignedinteger]) -> None:
    """Rank the areas of each draw, 1 the highest score, into columns of `rank`.

    Parameters
    ----------
    score : (n_draws, n_areas) float64, finite
    begin : the first column
    rank : (n_areas, all draws), filled
    """
    chunk = 64 // rank.itemsize  # a cache line
    parts = -(-len(score) // chunk)
    key, order = (np.empty((parts, 2, score.shape[1]), np.int32) for _ in range(2))
    rank_draws(score, begin, chunk, key, order, np.empty((parts, 2, 2048), np.int32), rank)


def rank_interval(rank: npt.NDArray[np.unsignedinteger], level: float) -> tuple[Counts, Counts]:
    """Give the ends of each area's interval of ranks, which are ranks that were drawn: (n_areas,) low, high."""
    n, draws = rank.shape
    out = np.empty((n, 2), np.int64)
    count = np.empty((-(-n // _AREAS), n + 1), np.int32)
    order_statistics(rank, np.array(interval_places(draws, level)), _AREAS, count, out)
    return out[:, 0], out[:, 1]
