"""Clouds: made-up areas without groups that otherwise look like the table, for the gap statistic.

A cloud has exactly the weighted means and covariances of the table, its gaps and its weights. The margins are

    gaussian   normal
    skewed     g-and-h: normal, stretched so that skewness and tails are those of the factor, with one hump whatever
               the factor has

*skewed* is the default, because factors of need are skewed: against a normal cloud the long tail alone would pass
for a group. A box along the principal components (the second proposal of the gap statistic's authors) is not
offered: tails make the box so wide that any cloud with tails looks grouped beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from regso_cluster.errors import Fault, InputError
from regso_cluster.scales.transformers import weighted_mean_sd
from regso_cluster.words.notes import Note

Floats = npt.NDArray[np.float64]
Margins = Literal["gaussian", "skewed"]

# where the quantiles are taken that g and h are measured at: the median, the quartiles, eighths, sixteenths ...
_LETTERS = (0.25, 0.125, 0.0625, 0.03125, 0.015625)
_FEWEST = 10  # complete areas for each factor, to measure a covariance


class TooFewAreasError(InputError):
    """A table with too few areas to look for structure in.

    Parameters
    ----------
    fault : for who asked for it
    note : for the reader of a release that goes on without
    """

    def __init__(self, fault: Fault, note: Note) -> None:
        super().__init__(fault)
        self.note = note


@dataclass(frozen=True)
class Cloud:
    """What clouds are drawn from.

    Parameters
    ----------
    mean : (p,); triangle : (p, p) lower triangle T of the covariance T T'
    normal_triangle : (p, p) the same for the correlations of the normal scores
    g, h : (p,) skewness and heaviness of tails, h >= 0; both 0 for a normal margin
    weights : (n,); missing : (n, p) bool, the gaps
    """

    mean: Floats
    triangle: Floats
    normal_triangle: Floats
    g: Floats
    h: Floats
    weights: Floats
    missing: npt.NDArray[np.bool_]


def measure_cloud(X: Floats, weights: Floats, margins: Margins = "skewed") -> Cloud:
    """Measure what a cloud must be alike in, on the areas where everything is observed.

    Parameters
    ----------
    X : (n, p), NaN where not observed; weights : (n,) >= 0
    margins : see the head of the module

    Raises
    ------
    InputError  fewer than ten complete areas for each factor

    Notes
    -----
    g and h by letter values: Hoaglin, D. C. (1985), "Summarizing shape numerically: the g-and-h distributions", in
    Exploring Data Tables, Trends and Shapes, chapter 11; h is not let below 0, where the stretching would fold.
    """
    p = X.shape[1]
    whole = ~np.isnan(X).any(axis=1) & (weights > 0)
    if whole.sum() < max(_FEWEST * p, 2):
        hint = "Leave out factors that few areas have."
        expected = f"{_FEWEST * p} areas with all {p} factors"
        said = Note("too_few_complete_areas", all=int(whole.sum()))
        fault = Fault("too few complete areas to compare with clouds", "X", expected, str(int(whole.sum())), hint)
        raise TooFewAreasError(fault, said)
    rows, weight = X[whole], weights[whole]
    mean, _ = weighted_mean_sd(rows, weight)
    _, triangle = orthonormal(rows - mean, weight)
    shapes = [_shape(rows[:, j], weight) if margins == "skewed" else (0.0, 0.0) for j in range(p)]
    scores = np.column_stack([_normal_scores(rows[:, j], weight) for j in range(p)])
    _, spread = weighted_mean_sd(scores, weight)
    scores = scores / np.where(spread > 0, spread, 1.0)
    _, normal_triangle = orthonormal(scores - weighted_mean_sd(scores, weight)[0], weight)
    g, h = (np.array(part) for part in zip(*shapes, strict=True))
    return Cloud(mean, triangle, normal_triangle, g, h, weights, np.isnan(X))


def draw_cloud(cloud: Cloud, generator: np.random.Generator) -> Floats:
    """Draw one cloud: (n, p), NaN in the gaps; means and covariances are exactly those of the table."""
    n, p = cloud.missing.shape
    rows = _mix(generator.standard_normal((n, p)), cloud.normal_triangle)
    for j in range(p):
        rows[:, j] = stretch(rows[:, j], float(cloud.g[j]), float(cloud.h[j]))
    rows -= weighted_mean_sd(rows, cloud.weights)[0]
    whitened, _ = orthonormal(rows, cloud.weights)
    made = _mix(whitened, cloud.triangle) + cloud.mean
    made[cloud.missing] = np.nan
    return made


def stretch(z: Floats, g: float, h: float) -> Floats:
    """Turn normal scores into g-and-h ones: (exp(g z) - 1) / g * exp(h z^2 / 2), rising where h >= 0."""
    skewed = np.expm1(g * z) / g if abs(g) > 1e-6 else z
    stretched: Floats = skewed * np.exp(h * z * z / 2)
    return stretched


def orthonormal(rows: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Write centred rows as Q T', Q with covariance 1 under the weights, T a lower triangle (Gram and Schmidt).

    A column that the ones before it give altogether has zeros in Q and on T's diagonal. Plain sums, not matrix
    products: those may have other bits with other numbers of threads.
    """
    n, p = rows.shape
    share = weights / weights.sum()
    Q, T = np.zeros((n, p)), np.zeros((p, p))
    for j in range(p):
        left = rows[:, j].copy()
        before = float((share * left * left).sum())
        for _ in range(2):  # twice is enough against rounding
            for i in range(j):
                part = float((share * Q[:, i] * left).sum())
                T[j, i] += part
                left -= part * Q[:, i]
        square = float((share * left * left).sum())
        if square > 1e-20 * before and square > 0:
            T[j, j] = np.sqrt(square)
            Q[:, j] = left / T[j, j]
    return Q, T


def _mix(rows: Floats, triangle: Floats) -> Floats:
    """Give rows times the transposed triangle, in plain sums."""
    mixed = np.zeros_like(rows)
    for j in range(rows.shape[1]):
        for i in range(j + 1):
            mixed[:, j] += triangle[j, i] * rows[:, i]
    return mixed


def _weighted_ranks(values: Floats, weights: Floats) -> tuple[npt.NDArray[np.intp], Floats]:
    """Sort values, and give the share of weight up to the middle of each, strictly within 0 and 1."""
    order = np.argsort(values, kind="stable")
    upto = np.cumsum(weights[order])
    return order, (upto - weights[order] / 2) / upto[-1]


def _normal_scores(values: Floats, weights: Floats) -> Floats:
    order, share = _weighted_ranks(values, weights)
    scores = np.empty(len(values))
    scores[order] = ndtri(share)
    return scores


def _shape(values: Floats, weights: Floats) -> tuple[float, float]:
    """Measure g and h of one factor by letter values; 0, 0 where half of it is one value."""
    order, share = _weighted_ranks(values, weights)
    middle, *ends = np.interp([0.5, *_LETTERS, *(1 - letter for letter in _LETTERS)], share, values[order])
    low, high = middle - np.array(ends[: len(_LETTERS)]), np.array(ends[len(_LETTERS) :]) - middle
    if (low <= 0).any() or (high <= 0).any():
        return 0.0, 0.0
    z = -ndtri(np.array(_LETTERS))
    g = float(np.median(np.log(high / low) / z))
    width = 2 * np.sinh(g * z) / g if abs(g) > 1e-6 else 2 * z
    slope = np.polyfit(z * z / 2, np.log((high + low) / width), 1)[0]
    return g, max(float(slope), 0.0)
