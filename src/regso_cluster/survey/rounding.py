"""Whole sample sizes from real ones: as cheap as can be had while all targets are met."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse

from regso_cluster.survey.targets import SLACK, Strata, Targets

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
_EXACT = 40  # strata up to which the cheapest whole numbers are looked for
_LEVELS = 4000  # sizes, over all strata, among which they are


def whole_sizes(sizes: Floats, prices: Floats, bound: float, strata: Strata, targets: Targets) -> Whole:
    """Whole sizes that meet all targets: as cheap as rounding makes them, or the cheapest where strata are few."""
    highest, lowest = np.floor(strata.highest + SLACK), np.ceil(strata.lowest)
    up = np.clip(np.ceil(sizes - SLACK * np.maximum(sizes, 1.0)), lowest, highest)
    rounded = _taken_away(up, lowest, strata, targets)
    if len(sizes) <= _EXACT:
        rounded = _cheapest(rounded, prices, bound, strata, targets)
    return np.asarray(rounded.astype(np.int64))


def _cheapest(rounded: Floats, prices: Floats, bound: float, strata: Strata, targets: Targets) -> Floats:
    """The cheapest whole sizes, by a whole-number programme over the sizes that can be among them.

    With the best prices a size n of one stratum costs at least c n + q / n less the least of that more than the bound,
    whatever the other strata do: sizes that cost more than `rounded` even so are left out.
    """
    room = float(strata.costs @ rounded) - bound + SLACK * bound
    worth = (prices / targets.allowed) @ targets.variance
    level, place = [], []
    for each, (least, most) in enumerate(zip(np.ceil(strata.lowest), np.floor(strata.highest + SLACK), strict=True)):
        best = float(np.clip(np.sqrt(worth[each] / strata.costs[each]), max(strata.lowest[each], 1e-12), most))
        reach = np.sqrt(room * best / strata.costs[each]) + room / strata.costs[each] + 1
        some = np.arange(max(least, 1, np.floor(best - reach)), min(most, np.ceil(best + reach)) + 1)
        more = strata.costs[each] * (some - best) + worth[each] * (1 / some - 1 / best)
        level.append(some[more <= room])
        place.append(np.full(len(level[-1]), each))
    n, stratum = np.concatenate(level), np.concatenate(place)
    if len(n) > _LEVELS:
        return rounded
    one_each = sparse.csr_array((np.ones(len(n)), (stratum, np.arange(len(n)))), shape=(len(strata.costs), len(n)))
    met = optimize.LinearConstraint(targets.variance[:, stratum] / n / targets.allowed[:, None], ub=1 + SLACK / 2)
    found = optimize.milp(
        strata.costs[stratum] * n,
        integrality=np.ones(len(n), dtype=np.int64),
        bounds=optimize.Bounds(0, 1),
        constraints=[optimize.LinearConstraint(one_each, 1, 1), met],
        options={"node_limit": 5000, "mip_rel_gap": 0.0},
    )
    if found.x is None:
        return rounded
    tried = one_each @ (np.round(found.x) * n)
    fits = targets.reached(tried).max() <= 1 + SLACK
    return np.asarray(tried) if fits and strata.costs @ tried < strata.costs @ rounded else rounded


def _taken_away(sizes: Floats, lowest: Floats, strata: Strata, targets: Targets) -> Floats:
    """Sizes less the units that no target needs: those first that cost most for what they add to the variances."""
    sizes = sizes.copy()
    left = 1 - targets.reached(sizes)
    there = np.flatnonzero(sizes - 1 >= np.maximum(lowest, 1))
    while len(there):
        added = targets.variance[:, there] * (1 / (sizes[there] - 1) - 1 / sizes[there]) / targets.allowed[:, None]
        need = (added / np.maximum(left[:, None], 1e-300)).max(axis=0)
        order = np.argsort(-strata.costs[there] / np.maximum(need, 1e-300), kind="stable")
        taken = []
        for place in order:
            after = left - added[:, place]
            if (after >= -SLACK).all():
                left = after
                taken.append(place)
        sizes[there[taken]] -= 1
        there = there[taken]
        there = there[sizes[there] - 1 >= np.maximum(lowest[there], 1)]
    return sizes
