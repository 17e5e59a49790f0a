"""Change of a figure between two waves that share units, with the covariance that these give.

Source: Berger and Priam (2016), A simple variance estimator of change for rotating repeated surveys, JRSS A 179(1),
sections 3 and 4. The correlation is that of residuals about the mean of each cell: stratum in the first wave by stratum
in the second by whether the unit is in the first wave, the second, or both. It lies between -1 and 1, so that no
variance of change is negative, and it holds for units that changed stratum. It is not valid for domains that the draw
did not plan; replicate weights on the union of both waves are (`replicates`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.errors import Fault, InputError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Wave:
    """What a wave adds to the variance of a change.

    Parameters
    ----------
    unit : (n_rows,) key of the unit, the same in both waves for the same unit
    stratum : (n_rows,) its stratum in this wave
    weighted : (n_rows,) linearised variable times weight, a residual where the weights are calibrated:
        `Design.weighted`
    value : the figure of this wave
    variance : of the figure

    Examples
    --------
    >>> Wave(np.arange(4), np.zeros(4), np.array([1.0, 2.0, 4.0, 5.0]), value=12.0, variance=10.0).value
    12.0
    """

    unit: npt.NDArray[np.generic]
    stratum: npt.NDArray[np.generic]
    weighted: Floats
    value: float
    variance: float


@dataclass(frozen=True)
class Change:
    """Change of a figure.

    Parameters
    ----------
    value : of the second wave less the first
    variance : with the covariance of the waves
    correlation : between the two figures, from -1 to 1
    overlap : units in both waves
    independent : the variance if the waves had no unit in common

    Examples
    --------
    >>> round(Change(4.0, 9.0, 0.5, 20, 18.0).error, 6)
    3.0
    """

    value: float
    variance: float
    correlation: float
    overlap: int
    independent: float

    @property
    def error(self) -> float:
        """Standard error."""
        return float(np.sqrt(self.variance))


def estimate_change(first: Wave, second: Wave) -> Change:
    """Estimate a change and its variance.

    Parameters
    ----------
    first, second : the two waves; units that both have share their key

    Returns
    -------
    Change. Without units in common, or where the residuals of one wave are all 0, the correlation is 0.

    Raises
    ------
    InputError  a unit that stands twice in a wave

    Examples
    --------
    The same four units, whose answers all rise by 1: the figures are fully correlated, and the change is certain.

    >>> unit, stratum = np.arange(4), np.zeros(4, dtype=int)
    >>> before, after = np.array([1.0, 2.0, 4.0, 5.0]), np.array([2.0, 3.0, 5.0, 6.0])
    >>> found = estimate_change(Wave(unit, stratum, before, 12.0, 10.0), Wave(unit, stratum, after, 16.0, 10.0))
    >>> found.value, round(found.correlation, 6), round(found.variance, 6)
    (4.0, 1.0, 0.0)
    """
    for number, wave in enumerate((first, second), start=1):
        if pd.Index(wave.unit).has_duplicates:
            raise InputError(
                Fault("a unit stands twice", where=f"wave {number}", hint="Sum the rows of a cluster first.")
            )
    before = pd.DataFrame({"u1": first.weighted, "h1": pd.factorize(first.stratum)[0]}, index=pd.Index(first.unit))
    after = pd.DataFrame({"u2": second.weighted, "h2": pd.factorize(second.stratum)[0]}, index=pd.Index(second.unit))
    both = before.join(after, how="outer")
    overlap = int((both["h1"].notna() & both["h2"].notna()).sum())
    cell = both[["h1", "h2"]].fillna(-1)
    values = both[["u1", "u2"]].fillna(0.0)
    about = (values - values.groupby([cell["h1"], cell["h2"]]).transform("mean")).to_numpy()
    product, squares = float((about[:, 0] * about[:, 1]).sum()), (about**2).sum(axis=0)
    size = float(np.sqrt(squares[0] * squares[1]))
    correlation = product / size if size > 0 and overlap else 0.0
    independent = first.variance + second.variance
    variance = independent - 2 * correlation * float(np.sqrt(first.variance * second.variance))
    return Change(second.value - first.value, max(variance, 0.0), correlation, overlap, independent)
