"""A heap of costs with a number each, the lowest cost on top, ties to the lowest number.

cost, ident, slot : (room,): cost, number of who offers it, and where that one is kept.
"""

from __future__ import annotations

from regso_cluster.kernels._jit import kernel


@kernel()
def push(cost, ident, slot, at):
    """Bring the entry at the end, whose number is above those of all others, to its place."""
    while at > 0:
        up = (at - 1) >> 1
        if cost[up] <= cost[at]:  # numbers rise: of equal costs the entry before stays above
            break
        cost[up], cost[at] = cost[at], cost[up]
        ident[up], ident[at] = ident[at], ident[up]
        slot[up], slot[at] = slot[at], slot[up]
        at = up


@kernel()
def sink(cost, ident, slot, size):
    """Bring the top, whose cost has risen, to its place."""
    at = 0
    while True:
        low = 2 * at + 1
        if low >= size:
            break
        right = low + 1
        if right < size and (cost[right] < cost[low] or (cost[right] == cost[low] and ident[right] < ident[low])):
            low = right
        if cost[at] < cost[low] or (cost[at] == cost[low] and ident[at] < ident[low]):
            break
        cost[low], cost[at] = cost[at], cost[low]
        ident[low], ident[at] = ident[at], ident[low]
        slot[low], slot[at] = slot[at], slot[low]
        at = low


@kernel()
def pop(cost, ident, slot, size):
    """Take the top away; returns the new size."""
    size -= 1
    cost[0] = cost[size]
    ident[0] = ident[size]
    slot[0] = slot[size]
    sink(cost, ident, slot, size)
    return size
