"""Co-assignment: how often two rows fall into one group over many partitions."""

from __future__ import annotations

import numba
import numpy as np

from regso_cluster.kernels._jit import kernel

CHUNKS = 16  # rows go to them in turn; each has counters of its own


@kernel(parallel=True)
def count_together(labels, together, both, share):
    """Give for each pair of rows the share of partitions that have them together; O(b n^2).

        share[i, j] = partitions with label i = label j / partitions in which both are assigned

    Counts are whole numbers: neither threads nor the order of partitions can change a bit.

    Parameters
    ----------
    labels : (b, n) int32 IN, -1 is not assigned
    together, both : (chunks, n) int32 scratch
    share : (n, n) float64 OUT; 0 where two rows are never assigned in one partition
    """
    n_partitions, n_rows = labels.shape
    n_chunks = together.shape[0]
    for chunk in numba.prange(n_chunks):
        for i in range(chunk, n_rows, n_chunks):
            for j in range(n_rows):
                together[chunk, j] = 0
                both[chunk, j] = 0
            for b in range(n_partitions):
                own = labels[b, i]
                if own < 0:
                    continue
                for j in range(n_rows):
                    together[chunk, j] += np.int32(labels[b, j] == own)
                    both[chunk, j] += np.int32(labels[b, j] >= 0)
            for j in range(n_rows):
                share[i, j] = together[chunk, j] / both[chunk, j] if both[chunk, j] > 0 else 0.0
