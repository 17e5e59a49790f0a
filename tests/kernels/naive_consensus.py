"""Co-assignment by its definition."""

from __future__ import annotations

import numpy as np


def share_together(labels):
    """Of the partitions in which both rows are assigned, the share that has them together; 0 for none."""
    n = labels.shape[1]
    share = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            both = [p for p in labels if p[i] >= 0 and p[j] >= 0]
            if both:
                share[i, j] = sum(p[i] == p[j] for p in both) / len(both)
    return share
