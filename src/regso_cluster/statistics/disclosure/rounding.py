"""Controlled rounding: every count to a neighbouring multiple of a base, and every sum still adds up.

The neighbour is drawn, nearer ones more often, so that a count between two multiples can become either. Cox (1987),
JASA 82; Hundepool et al. (2012), section 5.4. Where one hierarchy parts the units a rounding always exists, since the
matrix of its sums is totally unimodular; where tables cross it need not.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from regso_cluster.errors import Fault, InputError
from regso_cluster.statistics.disclosure.cells import Floats, TableCells


def round_cells(cells: TableCells, base: int, seed: int) -> Floats:
    """Round every cell to a neighbouring multiple of a base; multiples stay; sums add up.

    Parameters
    ----------
    cells : whole numbers; not changed
    base : such as 3 or 5
    seed : the same seed rounds the same table in the same way

    Returns
    -------
    (cells,) multiples of `base` that fulfil every equation, less than `base` from the true values

    Raises
    ------
    InputError  tables that cross in such a way that no rounding adds up

    Notes
    -----
    Each cell alone would be rounded up with the probability that makes its expectation true; the sums it has to agree
    with make that approximate.
    """
    scaled = cells.value / base
    floor = np.floor(scaled + 1e-9)
    part = np.clip(scaled - floor, 0.0, 1.0)
    part[part < 1e-6] = 0.0  # a multiple stays
    draw = np.random.default_rng(np.random.SeedSequence(seed)).random(len(part))
    right = -np.asarray(cells.equations @ floor)
    equations = sparse.csc_array(cells.equations)
    # older scipy takes no other
    equations.indices, equations.indptr = equations.indices.astype(np.int32), equations.indptr.astype(np.int32)
    solved = milp(
        draw - part,
        constraints=LinearConstraint(equations, right, right),
        bounds=Bounds(np.zeros(len(part)), (part > 0).astype(np.float64)),
        integrality=np.ones(len(part), np.int64),
    )
    if solved.x is None:
        hint = "Round tables that part the units differently each by itself, or leave --rounding out."
        raise InputError(Fault("no rounding makes all sums of these tables add up", got=f"base {base}", hint=hint))
    return np.asarray(base * (floor + np.round(solved.x)), dtype=np.float64)


def seen_rounded(cells: TableCells, rounded: Floats, base: int) -> TableCells:
    """Give the cells as someone sees them who knows the rounded figures and the base; a rounded 0 may be somebody."""
    return replace(cells, lower=np.maximum(rounded - base + 1, 0.0), upper=rounded + base - 1)
