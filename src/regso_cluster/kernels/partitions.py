"""Agreement of many partitions at once, from contingency tables: adjusted Rand index, Jaccard per group.

Counts are whole numbers, so that neither threads nor the order of rows can change a bit.
"""

from __future__ import annotations

import numba
import numpy as np

from regso_cluster.kernels._jit import kernel

CHUNKS = 16  # tables in memory at a time; partitions go to them in turn


@kernel()
def fill_table(one, two, n_columns, table):
    """Count the rows of each pair of labels; O(n).

    Parameters
    ----------
    one, two : (n,) int64 IN, -1 .. (-1 is not assigned)
    n_columns : number of labels in two, plus 1
    table : (4, r * n_columns) int64 OUT; after it, table[0] holds rows with label g and h at (g + 1, h + 1)
    """
    n_rows = one.shape[0]
    n_cells = table.shape[1]
    for part in range(4):
        for cell in range(n_cells):
            table[part, cell] = 0
    # Four tables: adding 1 need not wait for the 1 added just before to the same cell.
    whole = n_rows - n_rows % 4
    for i in range(0, whole, 4):
        table[0, (one[i] + 1) * n_columns + two[i] + 1] += 1
        table[1, (one[i + 1] + 1) * n_columns + two[i + 1] + 1] += 1
        table[2, (one[i + 2] + 1) * n_columns + two[i + 2] + 1] += 1
        table[3, (one[i + 3] + 1) * n_columns + two[i + 3] + 1] += 1
    for i in range(whole, n_rows):
        table[0, (one[i] + 1) * n_columns + two[i] + 1] += 1
    for cell in range(n_cells):
        table[0, cell] += table[1, cell] + table[2, cell] + table[3, cell]


@kernel()
def rand_of_table(table, n_columns, margin):
    """Give the adjusted Rand index of a table, NaN with fewer than two rows assigned in both; O(r c).

        (S - A B / N) / ((A + B) / 2 - A B / N), with pairs of rows that are together in both (S), in one (A),
        in two (B), and all pairs (N)

    Parameters
    ----------
    table : (4, r * n_columns) int64 IN, from fill_table; margin : (n_columns,) int64 scratch
    """
    n_lines = table.shape[1] // n_columns
    for h in range(n_columns):
        margin[h] = 0
    both = 0
    one = 0
    rows = 0
    for g in range(1, n_lines):
        line = 0
        for h in range(1, n_columns):
            count = table[0, g * n_columns + h]
            both += count * (count - 1) // 2
            line += count
            margin[h] += count
        one += line * (line - 1) // 2
        rows += line
    two = 0
    for h in range(1, n_columns):
        two += margin[h] * (margin[h] - 1) // 2
    pairs = rows * (rows - 1) // 2
    if pairs == 0:
        return np.nan
    if both == one and both == two:  # the same partition, also where nothing or everything is together
        return 1.0
    by_chance = np.float64(one) * np.float64(two) / np.float64(pairs)
    return (np.float64(both) - by_chance) / (0.5 * (np.float64(one) + np.float64(two)) - by_chance)


@kernel()
def rand_pair(one, two, n_columns, table, margin):
    """Give the adjusted Rand index of two partitions; arguments as for fill_table and rand_of_table."""
    fill_table(one, two, n_columns, table)
    return rand_of_table(table, n_columns, margin)


@kernel(parallel=True)
def rand_to_reference(partitions, reference, n_columns, tables, margins, index):
    """Compare many partitions with one; O(b n).

    Parameters
    ----------
    partitions : (b, n) int64 IN; reference : (n,) int64 IN; n_columns : labels in the reference, plus 1
    tables : (chunks, 4, r * n_columns) int64, margins : (chunks, n_columns) int64, scratch
    index : (b,) float64 OUT
    """
    n_chunks = tables.shape[0]
    for chunk in numba.prange(n_chunks):
        for b in range(chunk, partitions.shape[0], n_chunks):
            index[b] = rand_pair(partitions[b], reference, n_columns, tables[chunk], margins[chunk])


@kernel(parallel=True)
def rand_all_pairs(partitions, n_columns, tables, margins, index):
    """Compare all pairs of partitions; O(b^2 n / 2). index : (b, b) float64 OUT, symmetric; else as above."""
    n_chunks = tables.shape[0]
    n_partitions = partitions.shape[0]
    for chunk in numba.prange(n_chunks):
        for b in range(chunk, n_partitions, n_chunks):
            for c in range(b + 1):
                found = rand_pair(partitions[b], partitions[c], n_columns, tables[chunk], margins[chunk])
                index[b, c] = found
                index[c, b] = found


@kernel(parallel=True)
def jaccard_to_reference(partitions, reference, n_columns, tables, margins, overlap, match):
    """Find each reference group again in many partitions; O(b n).

        overlap = max over h of n_gh / (n_g + n_h - n_gh), counted over rows assigned in both

    Parameters
    ----------
    partitions : (b, n) int64 IN; reference : (n,) int64 IN; n_columns : labels in the partitions, plus 1
    tables : (chunks, 4, (k + 1) * n_columns) int64, margins : (chunks, n_columns) int64, scratch
    overlap : (b, k) float64 OUT, NaN where no row of the group is assigned
    match : (b, k) int64 OUT, -1 there
    """
    n_chunks = tables.shape[0]
    n_groups = overlap.shape[1]
    for chunk in numba.prange(n_chunks):
        for b in range(chunk, partitions.shape[0], n_chunks):
            fill_table(reference, partitions[b], n_columns, tables[chunk])
            for h in range(n_columns):
                margins[chunk, h] = 0
                for g in range(1, n_groups + 1):
                    margins[chunk, h] += tables[chunk, 0, g * n_columns + h]
            for g in range(1, n_groups + 1):
                line = 0
                for h in range(1, n_columns):
                    line += tables[chunk, 0, g * n_columns + h]
                overlap[b, g - 1] = np.nan
                match[b, g - 1] = -1
                best = 0.0
                for h in range(1, n_columns):
                    count = tables[chunk, 0, g * n_columns + h]
                    if count > 0:
                        share = count / (line + margins[chunk, h] - count)
                        if share > best:
                            best = share
                            overlap[b, g - 1] = share
                            match[b, g - 1] = h - 1
