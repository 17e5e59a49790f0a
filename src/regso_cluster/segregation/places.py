"""All measures of two groups for many places, or places and years, in one pass over the units."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from regso_cluster.errors import Fault, InputError
from regso_cluster.segregation.chance import most_likely
from regso_cluster.segregation.counts import Floats, as_counts, times_log

MEASURES = (
    "dissimilarity", "expected_dissimilarity", "corrected_dissimilarity", "gini", "information", "information_index",
    "atkinson", "hutchens", "isolation", "interaction", "eta_squared",
)  # fmt: skip


def measure_places(counts: npt.ArrayLike, place: npt.ArrayLike, *, least: int = 0) -> pd.DataFrame:
    """Measure how apart two groups live in each place.

    Parameters
    ----------
    counts : (n_units, 2) whole persons of the two groups
    place : (n_units,) the place that a unit lies in: a kommun, or a kommun and year
    least : fewest persons of either group with which a place is measured

    Returns
    -------
    a row a place, in order: units, first and second (persons of each group), and a column a measure, as the functions
    of those names define them. NaN where a place has one unit, fewer than `least` of a group, or none

    Raises
    ------
    InputError  as `as_counts`; counts that are not whole; a unit without a place

    Examples
    --------
    >>> found = measure_places([[30, 10], [10, 30], [5, 5], [5, 5]], ["a", "a", "b", "b"])
    >>> found["dissimilarity"].tolist()
    [0.5, 0.0]
    """
    given = np.asarray(counts, dtype=np.float64)
    as_counts(given)
    where = np.asarray(place)
    if given.shape[1] != 2 or where.shape != (len(given),):
        got = f"shapes {given.shape} and {where.shape}"
        raise InputError(
            Fault("counts and places do not fit", expected="two groups and a place for each unit", got=got)
        )
    missing = np.flatnonzero(pd.isna(np.asarray(place, dtype=object)))  # beside text, numpy writes NaN as "nan"
    if len(missing):
        raise InputError(Fault("a unit without a place", f"unit {missing[0]}", hint="Name the place of each unit."))
    if (given % 1 != 0).any():
        raise InputError(Fault("counts that are not whole", hint="Expectations under chance are of persons."))
    names, group = np.unique(where, return_inverse=True)
    kept = given.sum(axis=1) > 0
    table, at = given[kept], group[kept]
    total: Floats = np.zeros((len(names), 2))
    np.add.at(total, at, table)
    units = np.bincount(at, minlength=len(names))
    found = pd.DataFrame(
        {"units": units, "first": total[:, 0], "second": total[:, 1]}, index=pd.Index(names, name="place")
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        measured = _measure(table, at, total)
    open_ = (units > 1) & (total.min(axis=1) >= max(least, 1))
    return found.assign(**{name: np.where(open_, measured[name], np.nan) for name in MEASURES})


def _measure(table: Floats, at: npt.NDArray[np.int64], total: Floats) -> dict[str, Floats]:
    places = len(total)

    def sums(parts: Floats) -> Floats:
        return np.asarray(np.bincount(at, weights=parts, minlength=places), dtype=np.float64)

    shares = table / total[at]
    size, everybody = table.sum(axis=1), total.sum(axis=1)
    apart = np.abs(shares[:, 0] - shares[:, 1])
    overall = total / everybody[:, None]
    inside = table / size[:, None]
    entropy = -times_log(overall).sum(axis=1)
    local = times_log(inside).sum(axis=1) - (inside * np.log(overall)[at]).sum(axis=1)
    information = sums(size * local) / everybody
    isolation = sums(shares[:, 0] * inside[:, 0])
    mean = sums(np.sqrt(shares[:, 0] * shares[:, 1]))
    return {
        "dissimilarity": 0.5 * sums(apart),
        "expected_dissimilarity": 0.5 * (1 / total).sum(axis=1) * sums(_deviation(size, total[at])),
        "corrected_dissimilarity": 0.5 * sums(_corrected(shares, total[at], apart)),
        "gini": _gini(shares, inside, at, places),
        "information": information,
        "information_index": information / entropy,
        "atkinson": 1 - mean**2,
        "hutchens": 1 - mean,
        "isolation": isolation,
        "interaction": sums(shares[:, 0] * inside[:, 1]),
        "eta_squared": (isolation - overall[:, 0]) / (1 - overall[:, 0]),
    }


def _deviation(size: Floats, total: Floats) -> Floats:
    """Mean deviation of each unit's count of the first group under chance; see `expected_dissimilarity`."""
    own, everybody = total[:, 0], total.sum(axis=1)
    above = np.floor(size * own / everybody) + 1
    chance = stats.hypergeom.pmf(above, everybody, own, size)
    return np.asarray(2 * above * (everybody - own - size + above) * chance / everybody)


def _corrected(shares: Floats, total: Floats, apart: Floats) -> Floats:
    error = np.sqrt((shares * (1 - shares) / total).sum(axis=1))
    ratio = np.divide(apart, error, out=np.zeros(len(error)), where=error > 0)
    return np.where(error > 0, error * most_likely(ratio), apart)


def _gini(shares: Floats, inside: Floats, at: npt.NDArray[np.int64], places: int) -> Floats:
    """Twice the area between both groups' curves, the units of each place sorted."""
    order = np.lexsort((inside[:, 0], at))
    place, own = at[order], shares[order]
    so_far = np.cumsum(own, axis=0)
    begins = np.flatnonzero(np.r_[True, place[1:] != place[:-1]])
    before = np.zeros((places, 2))
    before[place[begins]] = np.vstack([np.zeros(2), so_far])[begins]
    reached = so_far - before[place]
    last = reached - own
    area = last[:, 0] * reached[:, 1] - reached[:, 0] * last[:, 1]
    return np.abs(np.bincount(place, weights=area, minlength=places))
