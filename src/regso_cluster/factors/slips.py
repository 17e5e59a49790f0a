"""How much better a slip explains a cell than its being right: the logarithm of a likelihood ratio.

A cell is right with the density that `expected` gives it: a wide-tailed core, and a share `ODD` of areas that are
unlike their other figures without being wrong. Each slip gives the cell another probability: that of the number it
would have been without the slip. The score is the log of the mean over the slips, by their priors, divided by the
probability of a right cell.
Where the model holds, right cells reach a score s with a probability of at most exp(-s).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import stats

from regso_cluster.factors.expected import NEGATIVE, Array, Expected, Measure

ODD = 0.01  # the share of right cells that are unlike the other figures of their area
WIDTH = 0.4  # of those, one SD on the scale of logs: half as much again
FREEDOM = 6.0  # of the t distribution of the core
KEPT = 0.9  # the share of areas whose figures follow last year's; the others are like an area that is new
CHANGES = 3.0  # degrees of freedom of the t distribution of changes since last year
TAIL = 0.99  # beyond this quantile a cell is also held against the exponential tail of its own column
FLAT = 0.7  # of the way from the median to that quantile: a tail of right cells is no flatter
SMALLEST = -600.0  # logarithms below it would be no numbers any more
_REPEATED = [float(str(digit) * times) for digit in (7, 8, 9) for times in range(1 if digit == 9 else 2, 10)]
SENTINELS = (*_REPEATED, *NEGATIVE)
KINDS = ("divided by 10", "multiplied by 10", "divided by 100", "multiplied by 100", "lost digit", "sentinel",
         "neighbour", "unknown")  # fmt: skip
PRIORS = np.array([0.15, 0.15, 0.1, 0.1, 0.15, 0.06, 0.1, 0.1])
SWAP = 0.15  # prior of a swap with any other column, and of a copied row
UNLIKE = 1.25  # two numbers of a row nearer to each other than this are not looked at for a swap
SPAN = 14.0  # the logs that an unknown slip may reach, evenly: seven powers of ten either way


@dataclass(frozen=True)
class ScoredColumn:
    """The cells of one column and what they were expected to be.

    Parameters
    ----------
    x : (n_areas,) as they stand, NaN where not observed
    role : "value", "numerator" or "persons" (a denominator, or the residents)
    measure, expected : on its scale
    other : (n_areas,) the denominator of a numerator, the residents of a denominator; None without
    factor : of the unit of a rate
    """

    x: Array
    role: str
    measure: Measure
    expected: Expected
    other: Array | None = None
    factor: float = 1.0

    def scaled(self, x: Array) -> tuple[Array, Array]:
        """Give numbers on the scale of the measure, and the log of its slope there."""
        other = self.other if self.other is not None else np.ones_like(x)
        measure = self.measure
        with np.errstate(all="ignore"):
            if measure.kind == "plain":
                return x, np.zeros_like(x)
            if self.role == "persons":
                return np.log(x / other), -np.log(np.abs(x))
            offset = 0.5 if self.role == "numerator" else measure.offset
            low = x + offset
            if measure.kind == "logit":
                high = (other if self.role == "numerator" else measure.top) - x + offset
                return np.log(low / high), np.log(1 / np.abs(low) + 1 / np.abs(high))
            return np.log(low * (self.factor / other if self.role == "numerator" else 1.0)), -np.log(np.abs(low))

    def unscaled(self, y: Array) -> Array:
        """Bring numbers from the scale back to those of the cells."""
        other = self.other if self.other is not None else np.ones_like(y)
        if self.role == "persons":
            return np.asarray(np.exp(np.clip(y, -50, 50)) * other)
        back = self.measure.back(y)
        return np.asarray(back * other / self.factor if self.role == "numerator" else back)

    def range(self, at: int) -> tuple[float, float]:
        """Give where a cell was expected to be: two robust SD about its centre, in its unit."""
        found = self.expected
        low, high = (float(self.unscaled(end)[at]) for end in found.ends)
        if self.role == "numerator" and self.measure.events is not None and found.mean is not None:
            mean, shape = (part[at] for part in found.mean_and_shape())
            size = 1 / shape
            chance = size / (size + mean)
            low, high = (float(stats.nbinom.ppf(end, size, chance)) for end in (0.025, 0.975))
        return low, high


def decimals(x: Array) -> npt.NDArray[np.int_]:
    """Count the decimals that each number is written with, at most six."""
    filled = np.where(np.isfinite(x), x, 0.0)
    found = np.full(x.shape, 6)
    for count in range(5, -1, -1):
        rounded = np.round(filled, count)
        found[np.abs(filled - rounded) <= 1e-9 * np.maximum(1.0, np.abs(filled))] = count
    return found


def log_clean(column: ScoredColumn, x: Array) -> Array:
    """Give the log of the probability that a right cell of each area holds the number x.

    Parameters
    ----------
    column : where the cells are
    x : (n_areas,) numbers, as they stand or as they would be without a slip

    Returns
    -------
    (n_areas,) minus infinity where a right cell cannot hold the number
    """
    with np.errstate(all="ignore"):
        if column.role == "numerator" and column.measure.events is not None:
            return _log_events(column.expected, x)
        y, slope = column.scaled(x)
        found = column.expected
        off = y - found.centre
        width = (found.up + found.down) / 2
        core = stats.t.logpdf(off / np.where(off > 0, found.up, found.down), FREEDOM) - np.log(width)
        wide = 4 * found.spread if column.measure.kind == "plain" else np.maximum(WIDTH, 2 * found.spread)
        odd = stats.norm.logpdf(off / wide) - np.log(wide)
        density = np.logaddexp(np.log(1 - ODD) + core, np.log(ODD) + odd)
        log = _with_last_year(found, y, np.minimum(density, _log_tail(column.measure.y, y))) + slope
        log = log + _grain(column, x) if column.role == "value" else np.where(x % 1 == 0, log, -np.inf)
        return np.asarray(np.where(np.isfinite(y), log, -np.inf))


def _with_last_year(found: Expected, y: Array, density: Array) -> Array:
    """Mix the log density of right cells with that of last year's figure and its changes, where it is known."""
    if found.before is None or found.change is None:
        return density
    change = np.where(found.has_before, found.change, 1.0)
    near = stats.t.logpdf((y - found.before) / change, CHANGES) - np.log(change)
    mixed = np.logaddexp(np.log(KEPT) + near, np.log(1 - KEPT) + density)
    return np.asarray(np.where(found.has_before, mixed, density))


def _log_tail(column: Array, y: Array) -> Array:
    """Give the log density of the exponential tails of a column beyond two quantiles; infinity between them."""
    seen = column[np.isfinite(column)]
    found = np.full(y.shape, np.inf)
    for sign in (1.0, -1.0):
        start = np.quantile(sign * seen, TAIL)
        excess = sign * seen[sign * seen > start] - start
        if not len(excess):
            continue
        reach = abs(start - float(np.median(sign * seen))) or np.inf
        scale = min(float(np.median(excess)) / np.log(2), FLAT * reach)
        scale = max(scale, 0.02 * float(np.std(seen)), 1e-9)
        beyond = sign * y - start
        found = np.where(beyond > 0, np.log((1 - TAIL) / scale) - beyond / scale, found)
    return found


def _log_events(found: Expected, x: Array) -> Array:
    mean, shape = found.mean, found.shape
    if mean is None:
        return np.full(x.shape, -np.inf)
    own, own_shape = found.mean_and_shape()
    first, second = 1 / own_shape, 1 / (4 * shape)
    odd = 3 * mean + 0.3
    core = stats.nbinom.logpmf(x, first, first / (first + own))
    wide = stats.nbinom.logpmf(x, second, second / (second + odd))
    log = np.logaddexp(np.log(1 - 2 * ODD) + core, np.log(2 * ODD) + wide)
    return np.asarray(np.where((x >= 0) & (x % 1 == 0), log, -np.inf))


def _grain(column: ScoredColumn, x: Array) -> Array:
    """Turn a density of values into a probability: how often the column is written with so many decimals."""
    counts = np.bincount(decimals(column.x[np.isfinite(column.x)]), minlength=7)
    share = np.log((counts + 0.5) / (counts.sum() + 3.5)) - np.log(10) * np.arange(7)
    return np.asarray(share[decimals(x)])


def score(column: ScoredColumn, equal: npt.NDArray[np.bool_]) -> tuple[Array, npt.NDArray[np.int_], Array]:
    """Score every cell of a column.

    Parameters
    ----------
    column : the cells and what was expected
    equal : (n_areas,) whether the row above or below holds the same number

    Returns
    -------
    score : (n_areas,) the log of the likelihood ratio; minus infinity where nothing is observed
    kind : (n_areas,) the number in `KINDS` of the slip that explains the cell best
    clean : (n_areas,) the log of the probability of a right cell
    """
    x = column.x
    clean = np.maximum(log_clean(column, x), SMALLEST)
    slips = np.full((len(KINDS), len(x)), -np.inf)
    with np.errstate(all="ignore"):
        for at, power in ((0, 10.0), (2, 100.0)):
            slips[at] = np.where(x != 0, log_clean(column, np.round(x / power, 9)), -np.inf)
            slips[at + 1] = _shrunk(column, power)
        slips[4] = slips[0] if column.role == "value" else _lost_digit(column)
        sentinel = np.isin(x, SENTINELS)
        right = np.maximum(clean, _log_common(x))  # numbers that many cells hold are no sign of anything
        slips[5] = np.where(sentinel, clean - right - np.log(len(SENTINELS)), -np.inf)
        slips[6] = np.where(equal, clean - right - np.log(2), -np.inf)
        _, slope = column.scaled(x)
        span = SPAN if column.measure.kind != "plain" else 40 * float(np.nanmedian(column.expected.spread))
        slips[7] = slope - np.log(span) + (_grain(column, x) if column.role == "value" else 0.0)
    weighed = np.where(np.isfinite(x) & ~np.isnan(slips), slips - clean + np.log(PRIORS)[:, None], -np.inf)
    return np.logaddexp.reduce(weighed, axis=0), weighed.argmax(axis=0), clean


def _shrunk(column: ScoredColumn, power: float) -> Array:
    """The log probability of a cell that was divided by a power of ten; a count was then rounded."""
    if column.role == "value":
        return np.asarray(np.where(column.x != 0, log_clean(column, np.round(column.x * power, 9)), -np.inf))
    shrunk: Array = log_clean(column, np.floor(column.x * power)) + float(np.log(power))
    return shrunk


def _lost_digit(column: ScoredColumn) -> Array:
    """The log probability of a count of which any one digit was lost; only where it is lower than expected."""
    found = column.expected
    with np.errstate(all="ignore"):
        y, _ = column.scaled(column.x)
        low = y < found.middle - 1.5 * found.down if found.mean is None else column.x < 0.4 * found.mean
    total = np.full(len(column.x), -np.inf)
    rows = np.flatnonzero(low)
    if not len(rows):
        return total
    few = _rows_of(column, rows)
    size = np.floor(np.log10(np.maximum(few.x, 1.0))) + 1
    parts = []
    for position in range(int(size.max()) + 1):
        base = 10.0**position
        for digit in range(10):
            before = (np.floor(few.x / base) * 10 + digit) * base + few.x % base
            possible = (position <= size) & ~((position == size) & (digit == 0))
            parts.append(np.where(possible, log_clean(few, before), -np.inf))
    total[rows] = np.logaddexp.reduce(parts, axis=0) - np.log(size + 1)
    return total


def _rows_of(column: ScoredColumn, rows: npt.NDArray[np.int_]) -> ScoredColumn:
    """Give a column with some of its rows; its tails are still those of all of them."""
    found = column.expected
    taken = {name: getattr(found, name)[rows] for name in ("centre", "spread", "up", "down")}
    taken |= {name: part[rows] for name in ("mean", "before", "change") if (part := getattr(found, name)) is not None}
    other = None if column.other is None else column.other[rows]
    return replace(column, x=column.x[rows], expected=replace(found, **taken), other=other)


def _log_common(x: Array) -> Array:
    """The log of the share of other cells that hold the same number."""
    seen = np.isfinite(x)
    _, inverse, counts = np.unique(x[seen], return_inverse=True, return_counts=True)
    found = np.full(x.shape, -np.inf)
    found[seen] = np.log(np.maximum(counts[inverse] - 2, 1e-12) / max(int(seen.sum()), 1))
    return found


def score_swaps(columns: list[ScoredColumn], clean: list[Array], within: int) -> tuple[Array, npt.NDArray[np.int_]]:
    """Score that two numbers of a row stand in each other's column.

    Parameters
    ----------
    columns, clean : of the table, and the log probability of their cells
    within : how many columns apart two may be

    Returns
    -------
    score : (n_columns, n_areas); partner : (n_columns, n_areas) the other column of the best swap
    """
    n = len(columns[0].x)
    best, partner = np.full((len(columns), n), -np.inf), np.zeros((len(columns), n), int)
    prior = np.log(SWAP / max(len(columns), 1))
    for first in range(len(columns)):
        for second in range(first + 1, min(len(columns), first + within + 1)):
            one, other = columns[first], columns[second]
            high, low = np.maximum(one.x, other.x), np.minimum(one.x, other.x)
            changed = high > UNLIKE * low  # false where either is not observed
            as_swapped = log_clean(one, other.x) + log_clean(other, one.x)
            found = np.where(changed, as_swapped - clean[first] - clean[second] + prior, -np.inf)
            found = np.where(np.isnan(found), -np.inf, found)
            for at, to in ((first, second), (second, first)):
                better = found > best[at]
                best[at], partner[at] = np.where(better, found, best[at]), np.where(better, to, partner[at])
    return best, partner


def score_copied_rows(columns: list[ScoredColumn], clean: list[Array], rows: npt.NDArray[np.int_]) -> Array:
    """Score that a row holds the numbers of the row above or below it; (n_areas,).

    An equal number adds what it would be by chance, the log of its probability in this row; an unequal one takes six.
    """
    score_of = np.full(len(columns[0].x), -np.inf)
    for own, other in ((rows[1:], rows[:-1]), (rows[:-1], rows[1:])):
        gain = np.full(len(own), np.log(SWAP / 2))
        for column, right in zip(columns, clean, strict=True):
            x = column.x
            seen = np.isfinite(x)
            _, inverse, counts = np.unique(x[seen], return_inverse=True, return_counts=True)
            share = np.full(len(x), -np.inf)
            share[seen] = np.log(np.maximum(counts[inverse] - 1, 0.5) / max(int(seen.sum()), 1))
            likely = np.maximum(right[own], share[own])
            neither = ~seen[own] & ~seen[other]
            gain += np.where(x[own] == x[other], -likely, np.where(neither, 0.0, -6.0))
        score_of[own] = np.maximum(score_of[own], gain)
    return score_of
