"""Slow twins of the agreement kernels: every pair of rows is looked at."""

from fractions import Fraction
from itertools import combinations


def naive_rand(one, two):
    """Count pairs that are together in both, in one, in two; None where there is no pair."""
    rows = [(a, b) for a, b in zip(one, two, strict=True) if a >= 0 and b >= 0]
    pairs = list(combinations(rows, 2))
    if not pairs:
        return None
    both = sum(p[0] == q[0] and p[1] == q[1] for p, q in pairs)
    left = sum(p[0] == q[0] for p, q in pairs)
    right = sum(p[1] == q[1] for p, q in pairs)
    by_chance = Fraction(left * right, len(pairs))
    if Fraction(left + right, 2) == by_chance:
        return 1.0
    return float((both - by_chance) / (Fraction(left + right, 2) - by_chance))


def naive_jaccard(reference, partition):
    """Give {group: (overlap, match)} of the groups with a row assigned in both."""
    shared = [i for i in range(len(reference)) if reference[i] >= 0 and partition[i] >= 0]
    found = {}
    for group in sorted({reference[i] for i in shared}):
        members = {i for i in shared if reference[i] == group}
        best = (0.0, -1)
        for other in sorted({partition[i] for i in shared}):
            there = {i for i in shared if partition[i] == other}
            share = len(members & there) / len(members | there)
            if share > best[0]:
                best = (share, other)
        found[int(group)] = best
    return found
