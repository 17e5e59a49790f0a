"""Lists with a stated share of error: how many of those listed are expected not to belong.

Each area has a probability of belonging; one minus it is its local false discovery rate. The share of a list expected
not to belong is the mean of these over the list, and the longest list that keeps it below a stated level takes the
areas in the order of their probability (Müller, Parmigiani, Robert and Rousseau 2004, JASA 99(468), section 3; Efron
2010, section 5.1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Listing:
    """A list as it was counted, and what it holds in expectation.

    Parameters
    ----------
    counted : areas on the list
    expected : areas that truly belong, expected; low, high : the ends of the interval of their number
    wrong : of those on the list, expected not to belong
    missed : of those not on it, expected to belong
    controlled : areas on the longest list of which at most the share `fdr` is expected not to belong
    not_assessed : of those counted, areas that hang on a figure taken as exact. Where any area does, `expected`, `low`
        and `high` are None, and `wrong`, `missed` and `controlled` are of the others; None where there are no others
    """

    counted: int
    expected: float | None
    low: int | None
    high: int | None
    wrong: float | None
    missed: float | None
    controlled: int | None
    not_assessed: int = 0


def false_discovery_rates(probability: Array) -> Array:
    """Give for each area the share expected not to belong of the shortest list that has it on it.

    Parameters
    ----------
    probability : (n_areas,) of belonging; NaN where not known: those are on no list

    Returns
    -------
    (n_areas,) 0 .. 1, falling with the probability, equal where it is equal; NaN where not known
    """
    rates = np.full(len(probability), np.nan)
    known = ~np.isnan(probability)
    values, place, number = np.unique(-probability[known], return_inverse=True, return_counts=True)
    wrong = np.cumsum((1 + values) * number)  # values are minus the probabilities
    rates[known] = np.clip(wrong / np.cumsum(number), 0.0, 1.0)[place]
    return rates


def judge_list(
    probability: Array, listed: npt.NDArray[np.bool_], number: npt.NDArray[np.int64], level: float, fdr: float,
    hanging: npt.NDArray[np.bool_] | None = None,
) -> Listing:  # fmt: skip
    """Hold a list against the probabilities.

    Parameters
    ----------
    probability : (n_areas,) of belonging, NaN where not known
    listed : (n_areas,) on the list as it was counted
    number : (n_draws,) areas that belonged in each draw
    level : of the interval
    fdr : share of the controlled list that may be expected not to belong
    hanging : (n_areas,) areas whose place on the list hangs on a figure taken as exact; None: no area's
    """
    known = ~np.isnan(probability)
    on, off = known & listed, known & ~listed
    if hanging is not None and hanging.any():
        left_out = int((listed & hanging).sum())
        if not known.any():
            return Listing(int(listed.sum()), None, None, None, None, None, None, left_out)
        wrong, missed = float((1 - probability[on]).sum()), float(probability[off].sum())
        controlled = int((false_discovery_rates(probability)[known] <= fdr).sum())
        return Listing(int(listed.sum()), None, None, None, wrong, missed, controlled, left_out)
    low, high = quantiles_of_draws(np.sort(number), level)
    return Listing(
        int(listed.sum()), float(number.mean()), low, high, float((1 - probability[on]).sum()),
        float(probability[off].sum()), int((false_discovery_rates(probability)[known] <= fdr).sum()),
    )  # fmt: skip


def quantiles_of_draws(ordered: npt.NDArray[np.int64], level: float) -> tuple[int, int]:
    """Give the ends of the central interval: draws themselves, outward, so that it is never narrower than stated."""
    low, high = interval_places(len(ordered), level)
    return int(ordered[low]), int(ordered[high])


def interval_places(n_draws: int, level: float) -> tuple[int, int]:
    """Give the places, from 0, of the ends of a central interval among ordered draws, rounded outward."""
    tail = (1 - level) / 2 * (n_draws - 1)
    low = int(np.floor(tail + 1e-9))
    return low, n_draws - 1 - low
