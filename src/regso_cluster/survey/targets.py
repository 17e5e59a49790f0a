"""What an allocation has to reach, and its strata.

A target j asks for sum over strata of a_jh / n_h <= b_j, where a_jh is what stratum h adds to the variance of the
target's figure with one unit drawn, and b_j the variance allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regso_cluster.errors import Fault, InputError

Floats = npt.NDArray[np.float64]
SLACK = 1e-9  # relative; how far rounding errors may carry a target over its bound


@dataclass(frozen=True)
class Targets:
    """What an allocation has to reach.

    Parameters
    ----------
    variance : (n_targets, n_strata) what a stratum adds to the variance of a target's figure with one unit drawn; >= 0
    allowed : (n_targets,) the variance allowed; > 0
    names : (n_targets,) how errors and tables call each target

    Examples
    --------
    A mean of two strata with shares .6 and .4 of the population and standard deviations 10 and 20, whose standard
    error may be 1:

    >>> Targets(np.array([[36.0, 64.0]]), np.array([1.0]), ("mean",)).variance.sum()
    np.float64(100.0)
    """

    variance: Floats
    allowed: Floats
    names: tuple[str, ...]

    def reached(self, sizes: Floats) -> Floats:
        """(n_targets,) the variance of each figure with these sizes, over what is allowed; infinite for size 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            parts = np.where(self.variance > 0, self.variance / sizes, 0.0)
        return np.asarray(parts.sum(axis=1) / self.allowed)


@dataclass(frozen=True)
class Strata:
    """The strata of an allocation.

    Parameters
    ----------
    costs : (n_strata,) cost of a unit drawn; > 0
    lowest, highest : (n_strata,) bounds of the sizes, such as 2 and the number of persons

    Examples
    --------
    >>> Strata(costs=np.array([60.0, 95.0]), lowest=np.full(2, 2.0), highest=np.array([4000.0, 900.0])).highest.sum()
    np.float64(4900.0)
    """

    costs: Floats
    lowest: Floats
    highest: Floats


def refuse_unreachable(strata: Strata, targets: Targets) -> None:
    """Refuse targets that are not met even when everybody is drawn.

    Raises
    ------
    InputError  one fault a target, with the best that can be had
    """
    reached = targets.reached(strata.highest)
    faults = [
        Fault(
            "a target cannot be met, not even by drawing everybody",
            where=name,
            expected=f"variance <= {allowed:.4g}",
            got=f"{share * allowed:.4g} at best",
            hint=f"Allow a half-width {np.sqrt(share):.3f} times as wide, or take coarser domains.",
        )
        for name, share, allowed in zip(targets.names, reached, targets.allowed, strict=True)
        if share > 1 + SLACK
    ]
    if faults:
        raise InputError(faults)


def refuse_bad(strata: Strata, targets: Targets) -> None:
    """Refuse arrays that do not fit one another, or are no costs, bounds and variances."""
    count = len(strata.costs)
    shapes = {strata.costs.shape, strata.lowest.shape, strata.highest.shape, targets.variance.shape[1:]}
    if shapes != {(count,)} or targets.variance.shape[:1] != targets.allowed.shape or count == 0:
        raise InputError(Fault("arrays of an allocation do not fit", expected="one row a target, one column a stratum"))
    if len(targets.names) != len(targets.allowed):
        raise InputError(
            Fault("a name for each target is needed", expected=str(len(targets.allowed)), got=str(len(targets.names)))
        )
    rules: Sequence[tuple[str, Floats, Callable[[Floats], npt.NDArray[np.bool_]]]] = (
        ("cost", strata.costs, lambda values: values > 0),
        ("variance", targets.variance, lambda values: values >= 0),
        ("allowed variance", targets.allowed, lambda values: values > 0),
        ("lowest size", strata.lowest, lambda values: values >= 0),
        ("highest size", strata.highest - strata.lowest, lambda values: values >= 0),
    )
    faults = [
        Fault(
            f"{name} is not a number that an allocation can use",
            where=f"position {tuple(map(int, where))}",
            got=f"{values[tuple(where)]:g}",
        )
        for name, values, right in rules
        for where in np.argwhere(~(np.isfinite(values) & right(values)))[:5]
    ]
    if faults:
        raise InputError(faults)
