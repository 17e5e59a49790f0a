"""Which area a point lies in, and how far the nearest border is: buckets of boxes, crossings, rings of cells."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regso_cluster.kernels._jit import kernel


class Outlines(NamedTuple):
    """The outlines of areas, cut into level strips.

    Parameters
    ----------
    bounds : (n_areas, 4), left, bottom, right, top
    strips : (n_areas, 3), number of the first strip, how many, height of one; from the bottom upwards
    strip_start, strip_edges : the edges that meet each strip
    edges : (m, 4), x and y of both ends
    """

    bounds: NDArray[np.float64]
    strips: NDArray[np.float64]
    strip_start: NDArray[np.int64]
    strip_edges: NDArray[np.int32]
    edges: NDArray[np.float64]


@kernel(nogil=True)
def count_boxes(boxes, columns, start):
    """Count how many boxes meet each cell of a grid; O(cells met).

    Parameters
    ----------
    boxes : (n, 4) int64 IN, first and last column, first and last row of cells, both ends included
    columns : cells in a row of the grid
    start : (cells + 1,) int64 OUT, where the items of a cell begin
    """
    start[:] = 0
    for i in range(boxes.shape[0]):
        for row in range(boxes[i, 2], boxes[i, 3] + 1):
            for column in range(boxes[i, 0], boxes[i, 1] + 1):
                start[row * columns + column + 1] += 1
    for cell in range(1, start.shape[0]):
        start[cell] += start[cell - 1]


@kernel(nogil=True)
def fill_boxes(boxes, columns, start, filled, items):
    """Write the numbers of the boxes that meet each cell, ascending within a cell; O(cells met).

    Parameters
    ----------
    boxes, columns, start : as `count_boxes` took and gave them, IN
    filled : (cells,) int64 scratch
    items : (start[-1],) int32 OUT
    """
    filled[:] = 0
    for i in range(boxes.shape[0]):
        for row in range(boxes[i, 2], boxes[i, 3] + 1):
            for column in range(boxes[i, 0], boxes[i, 1] + 1):
                cell = row * columns + column
                items[start[cell] + filled[cell]] = i
                filled[cell] += 1


@kernel(nogil=True, error_model="numpy")
def crossings(px, py, edges, listed, begin, end):
    """Tell whether a point lies within a ring: 1 inside, 0 outside, 2 too near an edge to say in float64.

    Parameters
    ----------
    px, py : the point
    edges : (m, 4) float64 IN, x and y of both ends
    listed : (...,) int32 IN; the edges `listed[begin:end]` are all that the horizontal line through the point meets

    Notes
    -----
    A ray to the right crosses the outline an odd number of times from inside. An edge counts from its lower end up to,
    but without, its upper one, so that a vertex counts once. The side of an edge is the sign of
    (bx - ax) (py - ay) - (by - ay) (px - ax), whose error is below (3 + 16 e) e of the sum of both products, e = 2^-53
    (Shewchuk 1997, "Adaptive precision floating-point arithmetic", Discrete & Computational Geometry 18, section 4.3);
    below 1e-15 of it the answer is "too near".
    """
    inside = 0
    for k in range(begin, end):
        edge = listed[k]
        ax, ay, bx, by = edges[edge, 0], edges[edge, 1], edges[edge, 2], edges[edge, 3]
        if min(ay, by) <= py <= max(ay, by):
            if ay == by:
                if min(ax, bx) <= px <= max(ax, bx):
                    return 2
            else:
                first = (bx - ax) * (py - ay)
                second = (by - ay) * (px - ax)
                if abs(first - second) <= 1e-15 * (abs(first) + abs(second)):
                    return 2
                if (ay <= py) != (by <= py) and (first > second) == (by > ay):
                    inside = 1 - inside
    return inside


@kernel(nogil=True, error_model="numpy")
def find_areas(x, y, order, cell, start, items, outlines, area, unsure):
    """Find the first area that each point lies in.

    Parameters
    ----------
    x, y : (n,) float64 IN
    order : (k,) int32 IN, the points that are asked for, those of one cell together: neighbours need the same edges
    cell : (n,) int64 IN, the cell of each point
    start, items : cells of the grid IN; items are areas whose bounds meet the cell, ascending
    outlines : Outlines IN
    area : (n,) int32 OUT, -1 for none; only points that are asked for
    unsure : (n,) bool OUT, on an edge or too near one to say; `area` is then not decided

    Notes
    -----
    Bounds, cells and strips are found by the same rounding, which is monotone: what holds a point meets its cell.
    """
    bounds, strips, strip_start, strip_edges, edges = outlines
    for n in range(order.shape[0]):
        i = order[n]
        area[i] = -1
        unsure[i] = False
        px, py = x[i], y[i]
        for k in range(start[cell[i]], start[cell[i] + 1]):
            a = items[k]
            if px < bounds[a, 0] or px > bounds[a, 2] or py < bounds[a, 1] or py > bounds[a, 3]:
                continue
            strip = int(strips[a, 0]) + int(min(np.floor((py - bounds[a, 1]) / strips[a, 2]), strips[a, 1] - 1.0))
            found = crossings(px, py, edges, strip_edges, strip_start[strip], strip_start[strip + 1])
            if found == 2:
                unsure[i] = True
                break
            if found == 1:
                area[i] = a
                break


@kernel(nogil=True, error_model="numpy")
def nearest_edges(x, y, order, grid, start, items, edges, limit, nearest, distance):
    """Find the nearest edge to each point, in growing rings of cells around it; ties to the lowest edge.

    Parameters
    ----------
    x, y : (n,) float64 IN
    order : (k,) int32 IN, the points that are asked for, all within the grid, those of one cell together
    grid : (5,) float64 IN, left, bottom, size of a cell, columns, rows
    start, items : cells of the grid IN; items are edges whose boxes meet the cell
    edges : (m, 4) float64 IN, x and y of both ends
    limit : an edge farther away than this does not count; infinity for none
    nearest : (n,) int32 OUT, -1 for none; only points that are asked for
    distance : (n,) float64 OUT, NaN for none

    Notes
    -----
    The search ends when what was found is nearer than the rim of the cells seen.
    """
    columns, rows, size = int(grid[3]), int(grid[4]), grid[2]
    for n in range(order.shape[0]):
        i = order[n]
        nearest[i] = -1
        distance[i] = np.nan
        px, py = x[i], y[i]
        column = np.floor((px - grid[0]) / size)
        row = np.floor((py - grid[1]) / size)
        best, pick = limit * limit, -1
        middle, level = int(column), int(row)
        for ring in range(max(columns, rows)):
            for r in range(max(level - ring, 0), min(level + ring, rows - 1) + 1):
                # the top and bottom of a ring are whole rows, between them only its two ends are new
                step = 1 if abs(r - level) == ring else max(2 * ring, 1)
                for c in range(middle - ring, middle + ring + 1, step):
                    if c < 0 or c >= columns:
                        continue
                    for k in range(start[r * columns + c], start[r * columns + c + 1]):
                        edge = items[k]
                        ax, ay = edges[edge, 0], edges[edge, 1]
                        dx, dy = edges[edge, 2] - ax, edges[edge, 3] - ay
                        length = dx * dx + dy * dy
                        along = ((px - ax) * dx + (py - ay) * dy) / length if length > 0.0 else 0.0
                        along = min(max(along, 0.0), 1.0)
                        away_x, away_y = px - ax - along * dx, py - ay - along * dy
                        squared = away_x * away_x + away_y * away_y
                        if squared < best or (squared == best and (pick < 0 or edge < pick)):
                            best, pick = squared, edge
            rim = min(
                px - (grid[0] + (middle - ring) * size),
                grid[0] + (middle + ring + 1) * size - px,
                py - (grid[1] + (level - ring) * size),
                grid[1] + (level + ring + 1) * size - py,
            )
            if rim > 0.0 and rim * rim >= best:
                break
        if pick >= 0:
            nearest[i] = pick
            distance[i] = np.sqrt(best)
