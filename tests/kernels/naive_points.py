"""The slow twins of kernels.points, by the definition: every polygon and every edge for every point."""

from __future__ import annotations

from fractions import Fraction

import numpy as np


def inside(x, y, edges):
    """1 inside, 0 outside, 2 on the outline; exact arithmetic."""
    px, py = Fraction(x), Fraction(y)
    crossed = 0
    for edge in edges:
        ax, ay, bx, by = (Fraction(value) for value in edge)
        side = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
        if side == 0 and min(ax, bx) <= px <= max(ax, bx) and min(ay, by) <= py <= max(ay, by):
            return 2
        if (ay <= py) != (by <= py):
            crossed += px < ax + (py - ay) * (bx - ax) / (by - ay)
    return crossed % 2


def nearest_edge(x, y, edges, limit):
    """Number and distance of the nearest edge, the lowest of equals; -1 and NaN where none is near enough."""
    best, pick = limit, -1
    for number, (ax, ay, bx, by) in enumerate(edges):
        start, way = np.array([ax, ay]), np.array([bx - ax, by - ay])
        length = way @ way
        along = np.clip((np.array([x, y]) - start) @ way / length, 0, 1) if length > 0 else 0.0
        away = float(np.linalg.norm(np.array([x, y]) - start - along * way))
        if away < best - 1e-12 or (pick < 0 and away <= limit):
            best, pick = away, number
    return (pick, best) if pick >= 0 else (-1, np.nan)
