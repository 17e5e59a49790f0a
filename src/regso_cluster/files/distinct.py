"""A function over the cells of a column, once for each distinct text: categories repeat millions of times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd


def map_distinct(column: pd.Series, function: Callable[[Any], Any]) -> npt.NDArray[np.object_]:
    """Apply a pure function to every cell.

    Parameters
    ----------
    column : (n,) cells of any kind
    function : of one cell; called once a distinct text where all cells are text, else once a cell, since 1, 1.0 and
        True are equal and yet not the same

    Returns
    -------
    (n,) results, missing cells handed on as they are held
    """
    cells = column.to_numpy(dtype=object)
    if set(map(type, cells)) != {str}:
        return _objects([function(cell) for cell in column.array])
    place, distinct = pd.factorize(cells)
    return _objects([function(text) for text in distinct])[place]


def _objects(values: list[Any]) -> npt.NDArray[np.object_]:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made
