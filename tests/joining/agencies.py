"""Made-up tables of an agency on the real areas, for the tests of the join."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from regso_cluster.areas.shapes import load_shapes

WATER = {"Vänern": (380_000.0, 6_540_000.0), "Bottenhavet": (632_000.0, 6_790_000.0)}
ABROAD = {"Oslo": (262_000.0, 6_649_000.0), "Köpenhamn": (347_000.0, 6_173_000.0), "Null": (500_000.0, 5_000.0)}


def schools(number: int, seed: int = 3) -> pd.DataFrame:
    """Make units at random places within random areas: name, regso, x, y (SWEREF 99 TM, to a decimetre)."""
    shapes = load_shapes()
    outlines = shapes.geometry.to_numpy()
    random = np.random.Generator(np.random.PCG64(seed))
    chosen = random.integers(0, len(shapes), number)
    bounds = shapely.bounds(outlines)[chosen]
    xy = np.full((number, 2), np.nan)
    left = np.arange(number)
    while len(left):
        tried = random.uniform(bounds[left, :2], bounds[left, 2:]).round(1)
        inside = shapely.contains_xy(outlines[chosen[left]], *tried.T)
        xy[left[inside]] = tried[inside]
        left = left[~inside]
    return pd.DataFrame(
        {
            "skola": [f"Skola {at}" for at in range(number)],
            "regso": shapes["regso"].to_numpy(dtype=object)[chosen],
            "kommun": shapes["kommun_name"].to_numpy(dtype=object)[chosen],
            "x": xy[:, 0],
            "y": xy[:, 1],
        }
    )
