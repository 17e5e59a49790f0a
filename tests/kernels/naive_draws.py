"""What ranks and draws are by definition, slowly."""

from __future__ import annotations

import numpy as np


def ranks(scores):
    """Rank one draw: 1 plus the number of areas with a higher score."""
    return np.array([1 + sum(other > own for other in scores) for own in scores])


def at_place(drawn, places):
    """The values at some places, from 0, of the sorted draws of one area."""
    return [sorted(drawn)[place] for place in places]


def drawn(number, split, values, position):
    """The value of one factor in one draw: the component that holds the number, at the quantile inside it."""
    ends = [*split, 65536]
    of = next(j for j in range(len(split)) if ends[j] <= number < ends[j + 1])
    stretch = np.float32(65536 / (ends[of + 1] - ends[of]))  # in 32 bits, as the kernel: the next place is as right
    place = position[int(np.float32(number + 0.5 - ends[of]) * stretch)]
    return np.interp(place, np.arange(len(values[of])), values[of])


def judge(values, seen, drawable, limit, strict, group_of, cuts, weight, rescale, bands, centres):
    """One area in one draw: problems, tiers, group (None: left open), index, band, cluster; values are turned."""
    p = len(values)
    beyond = [drawable[f] and (values[f] > limit[f] if strict[f] else values[f] >= limit[f]) for f in range(p)]
    tiers = [sum(values[f] < cut for cut in cuts[f]) if drawable[f] else None for f in range(p)]
    ends = {
        group_of[sum(1 << f for f in range(p) if (beyond[f] if drawable[f] else unseen))] for unseen in (False, True)
    }
    index = sum(weight[f] * values[f] for f in range(p) if seen[f])
    if rescale:
        index /= sum(weight[f] for f in range(p) if seen[f])
    band = sum(index < cut for cut in bands)
    squares = [sum((values[f] - centre[f]) ** 2 for f in range(p) if seen[f]) for centre in centres]
    return beyond, tiers, ends.pop() if len(ends) == 1 else None, index, band, int(np.argmin(squares))
