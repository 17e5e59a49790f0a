"""Sample sizes by stratum: the cheapest that meet all targets, or the best for a budget, with a certificate.

A target j asks for sum over strata of a_jh / n_h <= b_j, where a_jh is what stratum h adds to the variance of the
target's figure with one unit drawn, and b_j the variance allowed. The cheapest sizes minimise sum c_h n_h under all
targets and floor_h <= n_h <= N_h. The problem is convex. For prices p_j >= 0 of the targets the best sizes are
n_h = sqrt(sum_j p_j a_jh / c_h), held within their bounds, and the cost of the best sizes less the prices paid is a
lower bound of what any allocation costs: the dual value. The gap between the cost and that bound is the certificate.

Sources: Kokan and Khan (1967), JRSS B 29(1), for the convex problem; Bethel (1989), Survey Methodology 15(1).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import optimize

from regso_cluster.errors import Fault, InputError
from regso_cluster.survey.rounding import whole_sizes
from regso_cluster.survey.targets import SLACK, Strata, Targets, refuse_bad, refuse_unreachable

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
CERTIFIED = 1e-6  # the largest relative gap between the cost and its lower bound that is accepted


@dataclass(frozen=True)
class Allocation:
    """Sample sizes by stratum and how good they are.

    Parameters
    ----------
    sizes : (n_strata,) the best sizes as real numbers
    whole : (n_strata,) the sizes to draw, whole numbers that meet all targets
    cost : of `whole`
    bound : no allocation in whole or real numbers that meets the targets costs less
    gap : relative, between the cost of `sizes` and `bound`; at most 1e-6
    prices : (n_targets,) what the cost falls when a target's allowed variance rises by one per cent of itself, in one
        hundredths: cost x elasticity. 0 for a target that others meet already
    used : (n_targets,) the variance with `whole` over what is allowed

    Examples
    --------
    >>> mean = Targets(np.array([[36.0, 64.0]]), np.array([1.0]), ("mean",))
    >>> found = least_cost(Strata(np.ones(2), np.full(2, 2.0), np.full(2, 1000.0)), mean)
    >>> isinstance(found, Allocation), found.saved_by_one_per_cent.round(2)
    (True, array([3.94]))
    """

    sizes: Floats
    whole: Whole
    cost: float
    bound: float
    gap: float
    prices: Floats
    used: Floats

    @property
    def saved_by_one_per_cent(self) -> Floats:
        """(n_targets,) what is saved when a target's standard error or half-width may be 1 % larger."""
        return np.asarray(self.prices * (1.01**2 - 1))


def least_cost(strata: Strata, targets: Targets) -> Allocation:
    """Find the cheapest sample sizes that meet all targets.

    Parameters
    ----------
    strata : costs and bounds
    targets : the variances allowed

    Returns
    -------
    Allocation with its lower bound: `whole` costs at most `cost - bound` more than the best there is

    Raises
    ------
    InputError  arrays that do not fit, are negative or not finite; targets that cannot be met by taking everybody, each
        with the best that can be had

    Notes
    -----
    The dual is maximised by L-BFGS-B with each target scaled to 1, then by projected Newton steps, until the gap is at
    most 1e-6. Sizes are rounded up, and units are taken away again, the dearest first, as long as all targets hold. For
    up to 40 strata a whole-number programme then looks for the cheapest sizes among those that the bound leaves open.

    Examples
    --------
    >>> mean = Targets(np.array([[36.0, 64.0]]), np.array([1.0]), ("mean",))
    >>> found = least_cost(Strata(np.ones(2), np.full(2, 2.0), np.full(2, 1000.0)), mean)
    >>> found.sizes.round(6), found.whole, round(found.bound, 6)
    (array([ 84., 112.]), array([ 84, 112]), 196.0)
    """
    refuse_bad(strata, targets)
    refuse_unreachable(strata, targets)
    dual = _Dual.of(strata, targets)
    prices = _best_prices(dual)
    bound, _, sizes = dual.value(prices)
    sizes = _met(sizes, strata, targets)
    cost = float(strata.costs @ sizes)
    gap = max(0.0, cost - bound) / cost
    if gap > CERTIFIED:
        hint = "The numbers differ by too many orders of magnitude: leave out strata or targets that hardly matter."
        raise InputError(
            Fault("the allocation has no certificate", expected=f"gap <= {CERTIFIED}", got=f"{gap:.2g}", hint=hint)
        )
    whole = whole_sizes(sizes, prices, bound, strata, targets)
    return Allocation(
        sizes, whole, float(strata.costs @ whole), bound, gap, prices, targets.reached(whole.astype(np.float64))
    )


def best_for_budget(strata: Strata, targets: Targets, budget: float) -> tuple[Allocation, float]:
    """Find the sample sizes that come as near to all targets as a budget allows.

    All targets are loosened, or tightened, by one factor of their standard errors.

    Parameters
    ----------
    strata, targets : as in `least_cost`
    budget : in the unit of the costs; with costs of 1 it is the size of the sample

    Returns
    -------
    the allocation, whose whole numbers cost at most the budget, and the factor: 1.2 says that every half-width is 1.2
    times what was asked for

    Raises
    ------
    InputError  as `least_cost`; a budget below that of the lowest sizes

    Examples
    --------
    >>> mean = Targets(np.array([[36.0, 64.0]]), np.array([1.0]), ("mean",))
    >>> found, factor = best_for_budget(Strata(np.ones(2), np.full(2, 2.0), np.full(2, 1000.0)), mean, 49)
    >>> found.whole, round(factor, 6)
    (array([21, 28]), 2.0)
    """
    refuse_bad(strata, targets)
    least, most = float(strata.costs @ np.ceil(strata.lowest)), float(strata.costs @ strata.highest)
    if not least <= budget:
        hint = "Raise the budget, or lower the minimum by stratum."
        raise InputError(
            Fault("the budget does not pay the lowest sizes", expected=f">= {least:g}", got=f"{budget:g}", hint=hint)
        )

    def loosened(factor: float) -> Targets:
        return replace(targets, allowed=targets.allowed * factor**2)

    tightest = float(np.sqrt(targets.reached(strata.highest).max())) * (1 + SLACK)
    if budget >= most:
        return least_cost(strata, loosened(tightest)), tightest

    def overspent(logarithm: float) -> float:
        dual = _Dual.of(strata, loosened(float(np.exp(logarithm))))
        return float(strata.costs @ dual.sizes(_best_prices(dual))) - budget

    low, high = np.log(tightest), np.log(tightest) + 1.0
    while overspent(high) > 0 and high < low + 60:
        high += 1.0
    factor = float(np.exp(high if overspent(high) > 0 else optimize.brentq(overspent, low, high, xtol=1e-12)))
    found = least_cost(strata, loosened(factor))
    for _ in range(200):  # whole numbers cost a little more than real ones: loosen until they are within the budget
        if found.cost <= budget * (1 + SLACK):
            break
        factor *= 1 + max(1e-6, 0.25 * (found.cost - budget) / budget)
        found = least_cost(strata, loosened(factor))
    return found, factor


@dataclass(frozen=True)
class _Dual:
    """The lower bound as a function of the targets' prices.

    Parameters
    ----------
    scaled : (n_targets, n_strata) variances over what is allowed
    costs, lowest, highest : (n_strata,) as in `Strata`; `lowest` above 0
    """

    scaled: Floats
    costs: Floats
    lowest: Floats
    highest: Floats

    @classmethod
    def of(cls, strata: Strata, targets: Targets) -> _Dual:
        scaled = targets.variance / targets.allowed[:, None]
        return cls(scaled, strata.costs, np.maximum(strata.lowest, 1e-12), strata.highest)

    def sizes(self, prices: Floats) -> Floats:
        """The sizes that are best for these prices."""
        return np.asarray(np.clip(np.sqrt((prices @ self.scaled) / self.costs), self.lowest, self.highest))

    def value(self, prices: Floats) -> tuple[float, Floats, Floats]:
        """The bound, its slope in each price, and the sizes."""
        sizes = self.sizes(prices)
        slope = self.scaled @ (1 / sizes) - 1
        return float(self.costs @ sizes + prices @ slope), slope, sizes


def _best_prices(dual: _Dual) -> Floats:
    """(n_targets,) the prices that make the lower bound highest; in units of cost for a relative variance."""
    start = np.full(len(dual.scaled), 1.0 / len(dual.scaled))
    scale = float(dual.costs @ np.clip(np.sqrt(dual.scaled.max(axis=0) / dual.costs), dual.lowest, dual.highest))

    def worse(prices: Floats) -> tuple[float, Floats]:
        value, slope, _ = dual.value(prices * scale)
        return -value / scale, -slope

    limits = optimize.Bounds(0.0, np.inf)
    found = optimize.minimize(
        worse, start, jac=True, method="L-BFGS-B", bounds=limits, options={"maxiter": 60, "ftol": 1e-13, "gtol": 1e-12}
    )
    return _polish(np.asarray(found.x) * scale, dual)


def _polish(prices: Floats, dual: _Dual) -> Floats:
    """Climb to the top of the dual by projected Newton steps; a step is halved until the bound rises."""
    best, slope, sizes = dual.value(prices)
    for _ in range(100):
        free = (prices > 0) | (slope > 0)
        if not free.any() or np.abs(slope[free]).max() < 1e-13:
            break
        inner = (sizes > dual.lowest) & (sizes < dual.highest)
        part = dual.scaled[free][:, inner]
        curve = 0.5 * (part / (dual.costs * sizes**3)[inner]) @ part.T
        curve += np.eye(len(curve)) * max(1e-14, 1e-13 * np.trace(curve))
        step = np.zeros(len(prices))
        step[free] = np.linalg.solve(curve, slope[free])
        for halved in range(30):
            tried = np.maximum(prices + step / 2**halved, 0.0)
            value = dual.value(tried)
            if value[0] > best:
                break
        else:
            break
        prices, (best, slope, sizes) = tried, value
    return prices


def _met(sizes: Floats, strata: Strata, targets: Targets) -> Floats:
    """Sizes raised by the little that rounding errors leave of a target unmet."""
    for _ in range(50):
        over = float(targets.reached(sizes).max())
        if over <= 1 + 1e-12:
            break
        sizes = np.minimum(sizes * over, strata.highest)
    return sizes
