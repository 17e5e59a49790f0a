"""Expectation and maximisation by definition, slowly: one step of components, one of classes."""

from __future__ import annotations

import numpy as np
from scipy import stats


def components(x, noise, times, typical, pull, share, mean, variance):
    """One step for one factor, of which all areas are seen: new share, mean, variance, and the log likelihood."""
    k = len(share)
    mass, moved, squared, log = np.zeros(k), np.zeros(k), np.zeros(k), 0.0
    for at, spread, often in zip(x, noise, times, strict=True):
        density = share * stats.norm.pdf(at, mean, np.sqrt(variance + spread))
        log += often * np.log(density.sum())
        chance = often * density / density.sum()
        rate = (mean / variance + at / spread) / (1 / variance + 1 / spread)  # of the true rate, given the component
        left = 1 / (1 / variance + 1 / spread)
        mass += chance
        moved += chance * rate
        squared += chance * (rate**2 + left)
    new = moved / mass
    within = squared / mass - new**2
    common = (mass * within).sum() / mass.sum()
    worth = mass * (common / (common + typical)) ** 2
    return mass / mass.sum(), new, (pull * common + worth * within) / (pull + worth), log


def classes(density, seen, times, marginal, pull, share, weight):
    """One step of classes: new share and weight, and the log likelihood."""
    members, found, log = np.zeros(len(share)), np.zeros_like(weight), 0.0
    for i in np.flatnonzero(seen.any(axis=1)):
        joint = np.array(share)
        for c in range(len(share)):
            for f in np.flatnonzero(seen[i]):
                joint[c] *= weight[c, f] @ density[i, f]
        log += times[i] * np.log(joint.sum())
        chance = times[i] * joint / joint.sum()
        members += chance
        for c in range(len(share)):
            for f in np.flatnonzero(seen[i]):
                part = weight[c, f] * density[i, f]
                found[c, f] += chance[c] * part / part.sum()
    total = found.sum(axis=2, keepdims=True)
    return members / members.sum(), (found + pull * marginal) / (total + pull), log
