"""Slow twins of the validity kernels, written by the definition, one row at a time."""

import math


def naive_distances(rows, *, squared=False):
    def distance(one, two):
        square = math.fsum((float(a) - float(b)) ** 2 for a, b in zip(one, two, strict=True))
        return square if squared else math.sqrt(square)

    return [[distance(one, two) for two in rows] for one in rows]


def naive_silhouette(distances, labels, inside):
    """Give (own, other, nearest, width) of each row; -1 is left out; inside are the weights in the means."""
    groups = sorted({g for g, w in zip(labels, inside, strict=True) if g >= 0 and w > 0})
    found = []
    for i, label in enumerate(labels):
        if label < 0:
            found.append((math.nan, math.nan, -1, math.nan))
            continue

        def mean(group, i=i):
            members = [j for j in range(len(labels)) if labels[j] == group and j != i and inside[j] > 0]
            if not members:
                return math.nan
            total = math.fsum(inside[j] * distances[i][j] for j in members)
            return total / math.fsum(inside[j] for j in members)

        others = [(mean(g), g) for g in groups if g != label]
        other, nearest = min(others)
        own = mean(label)
        if math.isnan(own):
            found.append((own, other, nearest, 0.0))
        else:
            largest = max(own, other)
            found.append((own, other, nearest, (other - own) / largest if largest > 0 else 0.0))
    return found


def naive_moments(rows, labels, weights, n_groups):
    """Give (mass, size, centre, within, scatter) of each group."""
    found = []
    for group in range(n_groups):
        members = [i for i in range(len(rows)) if labels[i] == group and weights[i] > 0]
        mass = math.fsum(weights[i] for i in members)
        if not members:
            found.append((0.0, 0, [math.nan] * len(rows[0]), 0.0, 0.0))
            continue
        centre = [math.fsum(weights[i] * rows[i][f] for i in members) / mass for f in range(len(rows[0]))]
        squares = {i: math.fsum((x - c) ** 2 for x, c in zip(rows[i], centre, strict=True)) for i in members}
        within = math.fsum(weights[i] * squares[i] for i in members)
        scatter = math.fsum(weights[i] * math.sqrt(squares[i]) for i in members) / mass
        found.append((mass, len(members), centre, within, scatter))
    return found
