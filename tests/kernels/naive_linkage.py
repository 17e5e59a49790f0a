"""Hierarchies by their definitions: at each step the nearest two of all groups, found by looking at all rows
in them."""

import numpy as np


def height(a, b, rows, weights, matrix, method):
    """Return the height at which two groups, lists of rows, would merge."""
    wa, wb = weights[a], weights[b]
    if method == "ward":
        centre_a = (rows[a] * wa[:, None]).sum(axis=0) / wa.sum()
        centre_b = (rows[b] * wb[:, None]).sum(axis=0) / wb.sum()
        return np.sqrt(2 * wa.sum() * wb.sum() / (wa.sum() + wb.sum()) * ((centre_a - centre_b) ** 2).sum())
    part = matrix[np.ix_(a, b)]
    if method == "average":
        return (part * np.outer(wa, wb)).sum() / (wa.sum() * wb.sum())
    return part.max() if method == "complete" else part.min()


def linkage(rows, weights, matrix, method):
    n = len(weights)
    groups = {i: [i] for i in range(n)}
    merges = []
    for step in range(n - 1):
        nodes = sorted(groups)
        pairs = [(i, j) for k, i in enumerate(nodes) for j in nodes[k + 1 :]]
        heights = [height(groups[i], groups[j], rows, weights, matrix, method) for i, j in pairs]
        i, j = pairs[int(np.argmin(heights))]
        groups[n + step] = groups.pop(i) + groups.pop(j)
        merges.append((i, j, min(heights), len(groups[n + step])))
    return np.array(merges)


def members(merges):
    """Return the rows in each node."""
    n = len(merges) + 1
    groups = [[i] for i in range(n)]
    for i, j, _, _ in merges:
        groups.append(groups[int(i)] + groups[int(j)])
    return groups


def cut(merges, n_groups):
    n = len(merges) + 1
    labels = np.arange(n)
    for rows in members(merges)[n : 2 * n - n_groups]:
        labels[rows] = min(rows)
    order = {first: k for k, first in enumerate(sorted(set(labels.tolist())))}
    return np.array([order[label] for label in labels.tolist()])


def cophenetic(merges):
    n = len(merges) + 1
    heights = np.zeros((n, n))
    groups = members(merges)
    for i, j, merge_height, _ in merges:
        a, b = groups[int(i)], groups[int(j)]
        heights[np.ix_(a, b)] = heights[np.ix_(b, a)] = merge_height
    return heights[np.triu_indices(n, 1)]
