"""Which counts of a table are too small to publish: the rule of SCB for shares, on numerators and denominators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class SmallCounts:
    """What is too small to publish. The defaults are SCB's rule: more than 20 persons, more than 5 with and without.

    Parameters
    ----------
    denominator : the largest denominator that is too small
    least : the largest number of persons with, or without, the attribute that is too small
    """

    denominator: int = 20
    least: int = 5

    def find(self, numerator: Any, denominator: Any) -> npt.NDArray[np.bool_]:
        """Tell which pairs of counts fall under the rule.

        Parameters
        ----------
        numerator, denominator : arrays of one shape, persons; NaN where not given

        Returns
        -------
        Booleans of that shape; False where a count is missing, or where nobody is in the denominator

        Examples
        --------
        >>> SmallCounts().find([3.0, 8.0, 97.0, 0.0], [50.0, 50.0, 100.0, 0.0]).tolist()
        [True, False, True, False]
        """
        above, below = np.asarray(numerator, np.float64), np.asarray(denominator, np.float64)
        small = (below <= self.denominator) | (above <= self.least) | (below - above <= self.least)
        return np.asarray(small & (below > 0) & ~np.isnan(above))


SCB_RULE = SmallCounts()
