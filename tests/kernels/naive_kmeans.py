"""k-means by its definition: plain loops, rows in the order given, nan for missing."""

from __future__ import annotations

import numpy as np


def partial_squared(row, centre):
    """Squared distance over the observed factors times p / observed; nan where nothing is observed."""
    observed = [j for j in range(len(row)) if not np.isnan(row[j])]
    if not observed:
        return float("nan")
    return sum((row[j] - centre[j]) ** 2 for j in observed) * len(row) / len(observed)


def nearest(X, centres):
    """Nearest centre and runner-up by row, ties to the lowest number; -1 where there is none."""
    labels, second = [], []
    for row in X:
        distances = [partial_squared(row, centre) for centre in centres]
        ranking = [] if np.isnan(distances[0]) else sorted(range(len(centres)), key=lambda c: (distances[c], c))
        labels.append(ranking[0] if ranking else -1)
        second.append(ranking[1] if len(ranking) > 1 else -1)
    return np.array(labels), np.array(second)


def objective(X, weights, labels, centres):
    """Weighted sum of squared partial distances; rows with nothing observed take no part."""
    return sum(
        weight * partial_squared(row, centres[label])
        for row, weight, label in zip(X, weights, labels, strict=True)
        if label >= 0
    )


def means(X, weights, labels, k):
    """Centres that minimise the objective for labels; a factor nobody in a group has: its overall mean."""
    n, p = X.shape
    centres = np.zeros((k, p))
    for j in range(p):
        for c in [*range(k)]:
            top = bottom = overall_top = overall_bottom = 0.0
            for i in range(n):
                if np.isnan(X[i, j]):
                    continue
                u = weights[i] * p / (~np.isnan(X[i])).sum()
                overall_top += u * X[i, j]
                overall_bottom += u
                if labels[i] == c:
                    top += u * X[i, j]
                    bottom += u
            if bottom > 0:
                centres[c, j] = top / bottom
            elif overall_bottom > 0:
                centres[c, j] = overall_top / overall_bottom
    return centres


def lloyd(X, weights, centres, max_iter=300):
    """Lloyd's iteration from given centres until no label changes."""
    labels = None
    for _ in range(max_iter):
        new, _ = nearest(X, centres)
        if labels is not None and (new == labels).all():
            break
        labels = new
        centres = means(X, weights, labels, len(centres))
    return labels, centres


def best_partition(X, weights, k):
    """The lowest objective over every partition into at most k groups, by trying all of them."""
    lowest = float("inf")
    n = len(X)
    for number in range(k ** (n - 1)):
        labels = np.array([number // k**i % k for i in range(n - 1)] + [0])
        lowest = min(lowest, objective(X, weights, labels, means(X, weights, labels, k)))
    return lowest


def k_pod(X, weights, centres, rounds=2000):
    """k-POD (Chi, Chi and Baraniuk 2016, section 2): fill gaps from the centre, k-means step, repeat.

    Row weights are w p / observed, so that it minimises the objective of partial distances.
    """
    gaps = np.isnan(X)
    u = weights * X.shape[1] / (~gaps).sum(axis=1)
    labels, _ = nearest(X, centres)
    for _ in range(rounds):
        filled = np.where(gaps, centres[labels], X)
        labels = ((filled[:, None, :] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
        filled = np.where(gaps, centres[labels], X)
        centres = np.array(
            [np.average(filled[labels == c], axis=0, weights=u[labels == c]) for c in range(len(centres))]
        )
    return labels, centres
