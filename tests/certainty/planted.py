"""Tables with and without groups. SYNTHETIC."""

from __future__ import annotations

import numpy as np


def cloud(seed, n=400, p=4):
    """One normal cloud with correlated factors, and residents."""
    random = np.random.default_rng([seed, 1])
    mixing = random.standard_normal((p, p))
    return random.standard_normal((n, p)) @ mixing, np.rint(random.lognormal(8, 0.35, n))


def planted(seed, k=4, n=400, p=4, apart=6.0):
    """`k` round groups whose centres lie at least `apart` SD from each other, and which group each area is in."""
    random = np.random.default_rng([seed, 2])
    while True:
        centres = 3.5 * random.standard_normal((k, p))
        distance = np.sqrt(((centres[:, None] - centres[None]) ** 2).sum(axis=2))
        if distance[np.triu_indices(k, 1)].min() > apart:
            break
    group = random.integers(0, k, n)
    return centres[group] + random.standard_normal((n, p)), np.rint(random.lognormal(8, 0.35, n)), group
