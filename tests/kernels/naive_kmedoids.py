"""K-medoids by the definition: every loss is summed anew from all distances."""

import itertools

import numpy as np


def loss(distances, weights, medoids):
    return float((distances[:, list(medoids)].min(axis=1) * weights).sum())


def best_of_all(distances, weights, k):
    """Try every set of k rows."""
    return min((loss(distances, weights, s), s) for s in itertools.combinations(range(len(weights)), k))


def search(distances, weights, start, lanes):
    """Swap the best of each panel of candidates until no panel has a swap that lowers the loss."""
    n = len(weights)
    medoids, current, idle, panel = list(start), loss(distances, weights, start), 0, 0
    firsts = [max(0, min(first, n - lanes)) for first in range(0, n, lanes)]
    while idle < len(firsts):
        first = firsts[panel % len(firsts)]
        panel += 1
        idle += 1
        best = (np.inf, -1, -1)
        for candidate in range(first, min(n, first + lanes)):
            for m in range(len(medoids)):
                swapped = [*medoids[:m], candidate, *medoids[m + 1 :]]
                best = min(best, (loss(distances, weights, swapped), candidate, m))
        if best[0] < current - 1e-9 * current:
            current, idle = best[0], 0
            medoids[best[2]] = best[1]
    return sorted(medoids), current


def is_locally_best(distances, weights, medoids):
    current = loss(distances, weights, medoids)
    for m, candidate in itertools.product(range(len(medoids)), range(len(weights))):
        swapped = [*medoids[:m], candidate, *medoids[m + 1 :]]
        if loss(distances, weights, swapped) < current * (1 - 1e-12):
            return False
    return True


def build(distances, weights, k):
    chosen = []
    for _ in range(k):
        costs = [loss(distances, weights, [*chosen, c]) if c not in chosen else np.inf for c in range(len(weights))]
        chosen.append(int(np.argmin(costs)))
    return chosen
