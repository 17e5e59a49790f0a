"""What is read from a hierarchy: its order, groups at a level, the height at which rows meet."""

from __future__ import annotations

import numpy as np

from regso_cluster.kernels._jit import kernel


@kernel()
def order_merges(merges, heights, n, linkage):
    """Sort merges by height and number the nodes in that order, as scipy does.

    IN   merges (n - 1, 2), heights (n - 1,) in an order where parts come before the whole; a height below
         that of a part (by rounding) is raised to it in place
    OUT  linkage (n - 1, 4): lower node, higher node, height, number of rows
    """
    for t in range(n - 1):
        for side in range(2):
            part = merges[t, side]
            if part >= n and heights[part - n] > heights[t]:
                heights[t] = heights[part - n]
    order = np.argsort(heights, kind="mergesort")
    number = np.empty(n - 1, dtype=np.int64)
    for t in range(n - 1):
        number[order[t]] = t
    for t in range(n - 1):
        merge = order[t]
        rows = 0.0
        for side in range(2):
            part = merges[merge, side]
            if part >= n:
                part = n + number[part - n]
                rows += linkage[part - n, 3]
            else:
                rows += 1.0
            linkage[t, side] = part
        if linkage[t, 0] > linkage[t, 1]:
            linkage[t, 0], linkage[t, 1] = linkage[t, 1], linkage[t, 0]
        linkage[t, 2] = heights[merge]
        linkage[t, 3] = rows


@kernel()
def cut_linkage(linkage, n_groups, labels):
    """Label rows by the groups left when the last n_groups - 1 merges are undone, in order of rows.

    IN   linkage (n - 1, 4), n_groups 1 to n
    OUT  labels (n,) int64
    """
    n = labels.shape[0]
    group = np.full(2 * n - 1, -1)
    for t in range(n - 2, -1, -1):
        if t >= n - n_groups:
            continue
        whole = n + t if group[n + t] < 0 else group[n + t]
        group[int(linkage[t, 0])] = whole
        group[int(linkage[t, 1])] = whole
    number = np.full(2 * n - 1, -1)
    count = 0
    for i in range(n):
        whole = i if group[i] < 0 else group[i]
        if number[whole] < 0:
            number[whole] = count
            count += 1
        labels[i] = number[whole]


@kernel()
def cophenetic_cells(linkage, n, out):
    """Fill the condensed matrix of the heights at which two rows first meet.

    IN   linkage (n - 1, 4)
    OUT  out (n (n - 1) / 2,), rows before columns, as scipy's pdist

    Rows of a node stand together in one order, so every merge fills a rectangle.
    """
    following, last = np.full(n, -1), np.arange(2 * n - 1)
    first = np.arange(2 * n - 1)
    for t in range(n - 1):
        a, b = int(linkage[t, 0]), int(linkage[t, 1])
        i = first[a]
        while i >= 0:
            j = first[b]
            while j >= 0:
                low, high = min(i, j), max(i, j)
                out[low * n - low * (low + 1) // 2 + high - low - 1] = linkage[t, 2]
                j = following[j]
            i = following[i]
        following[last[a]] = first[b]
        first[n + t], last[n + t] = first[a], last[b]
