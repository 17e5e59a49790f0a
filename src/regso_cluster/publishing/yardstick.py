"""A yardstick that may be published: no limit, cut point, scale or centre is one area's figure.

What a method measured on all areas is a mean, a spread or a quantile of figures of which some are hidden. With all its
digits it is an equation in them; a quantile is a figure of one area. Where nothing of a factor is hidden, its numbers
stay as they are.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.factors.scales import Parameters, fit_scale
from regso_cluster.judging.case import Case
from regso_cluster.judging.problems import limit_of
from regso_cluster.method import Method, Problems, Scale, Yardstick

Floats = npt.NDArray[np.float64]

DIGITS = 3  # of a mean or spread over more areas with hidden figures than the rule lets be told apart
_DECIMALS = 2  # of a centre, in standard deviations
_FEWEST = 6  # hidden figures in a mean, so that none of them can be solved for


def make_publishable(yardstick: Yardstick, case: Case, hidden: pd.DataFrame, members: pd.Series | None) -> Yardstick:
    """Coarsen what was measured on all areas to what the published figures tell.

    Parameters
    ----------
    yardstick : as it was measured
    case : of the published table, with its method
    hidden : (n_areas, n_factors) figures that are left out
    members : (n_areas,) cluster of each area as it was found, <NA> for none; None without clusters

    Returns
    -------
    Limits and cut points between two published values; means and spreads rounded; other scales and centres with few
    hidden figures measured on the published figures

    Raises
    ------
    InputError  a scale that cannot be measured on the published figures
    """
    method, shown = case.method, case.used
    some = {key for key in method.keys if hidden[key].any()}
    problems = method.problems or Problems()
    relative = {factor.key for factor in method.factors if "sd" in limit_of(factor, problems).given}
    limits = {key: _between(limit, shown[key]) if key in some & relative else limit
              for key, limit in yardstick.limits.items()}  # fmt: skip
    leave = {
        key: _between(limit, shown[key]) if key in some else limit for key, limit in yardstick.leave_limits.items()
    }
    tiers = {key: _all_between(cuts, shown[key]) if key in some else cuts for key, cuts in yardstick.tiers.items()}
    scales = {}
    for use, part in (("index", method.index), ("clusters", method.clusters)):
        if part and use in yardstick.scales:
            scales[use] = _coarsen_scale(yardstick.scales[use], part.scale, case, some)
    made = replace(yardstick, limits=limits, leave_limits=leave, tiers=tiers, scales=scales)
    if some and made.bands:
        made = replace(made, bands=_all_between(made.bands, case.index(made)))
    if some and made.centres and members is not None:
        centres = _coarsen_centres(made, case, hidden, members)
        made = replace(made, centres=centres, cluster_named_at=centres)
    return made


def _all_between(cuts: tuple[float, ...], shown: pd.Series) -> tuple[float, ...]:
    return tuple(_between(cut, shown) for cut in cuts)


def _between(limit: float, shown: pd.Series) -> float:
    """Give the number with the fewest digits between the published values on either side of a limit."""
    values = np.sort(shown.dropna().to_numpy(np.float64))
    if len(values) == 0 or not math.isfinite(limit):
        return round_digits(limit, 1)
    if np.isin(limit, values):
        return limit  # a published value tells nothing of a hidden one
    at = int(np.searchsorted(values, limit))
    low = values[at - 1] if at else -math.inf
    high = values[at] if at < len(values) else math.inf
    rounded = (round_digits(limit, digits) for digits in range(1, 17))
    return next((number for number in rounded if low < number < high), limit)


def round_digits(number: float, digits: int) -> float:
    """Round to significant digits.

    Examples
    --------
    >>> round_digits(0.12345, 2)
    0.12
    """
    if number == 0 or not math.isfinite(number):
        return number
    return round(number, digits - 1 - math.floor(math.log10(abs(number))))


def _coarsen_scale(parameters: Parameters, scale: Scale, case: Case, some: set[str]) -> Parameters:
    """Round means and spreads; measure what is a figure of one area, or all of them, on the published figures."""
    if not some:
        return parameters
    if scale.kind in ("none", "z") and not scale.winsorise:
        return {
            key: {name: round_digits(float(number), DIGITS) for name, number in own.items()} if key in some else own
            for key, own in parameters.items()
        }
    return parameters | {
        key: fit_scale(case.used[[key]], scale, case.signs[[case.method.keys.index(key)]], case.weights)[key]
        for key in sorted(some)
    }


def _coarsen_centres(
    yardstick: Yardstick, case: Case, hidden: pd.DataFrame, members: pd.Series
) -> tuple[tuple[float, ...], ...]:
    """Round the centres; one with few hidden figures in it is the mean of those that are published."""
    scores = case.scores("clusters", yardstick)
    made = []
    for number, centre in zip(yardstick.cluster_numbers, yardstick.centres, strict=True):
        inside = (members.reindex(scores.index) == number).fillna(False).to_numpy(bool)
        row = []
        for key, at in zip(case.method.keys, centre, strict=True):
            count, seen = int(hidden[key][inside].sum()), scores[key][inside].dropna()
            if 0 < count < _FEWEST:
                # without a published figure the centre is that of the country
                row.append(round(float(seen.mean()), _DECIMALS) if len(seen) else 0.0)
            else:
                row.append(round(at, _DECIMALS) if count else at)
        made.append(tuple(row))
    return tuple(made)


def measured_of(method: Method) -> Yardstick:
    """Give what a method measured; an empty yardstick where nothing was."""
    return method.measured or Yardstick()
