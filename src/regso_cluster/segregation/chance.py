"""What chance alone would give, and measures corrected for it: in small units any index is too high.

Sources: Winship (1977), Social Forces 55(4), and Carrington and Troske (1997), Journal of Business and Economic
Statistics 15(4), for D under randomness; Miller (1955) for the bias of M; Allen, Burgess, Davidson and Windmeijer
(2015), Econometrics Journal 18(1), for the density correction of D; Johnson and Kotz (1969) for mean deviations.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

from regso_cluster.errors import Fault, InputError
from regso_cluster.segregation.counts import Floats, as_counts, two_groups


def expected_dissimilarity(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """D that would be expected if persons were spread over the units by chance: sizes of units and groups are kept.

    Parameters
    ----------
    first, second : (n_units,) persons of each group, whole numbers

    Returns
    -------
    exact expectation, no simulation

    Raises
    ------
    InputError  counts that are not whole; as `dissimilarity`

    Notes
    -----
    The count of a group in a unit is hypergeometric. Its mean deviation has a closed form: with N persons, K of the
    group, n in the unit and v the next whole number above the mean, 2 v (N - K - n + v) P(v) / N.

    Examples
    --------
    >>> round(expected_dissimilarity([40, 20, 5, 1], [20, 40, 60, 80]), 6)
    0.097683
    """
    table = two_groups(first, second)
    if (table % 1 != 0).any():
        raise InputError(Fault("counts that are not whole", hint="Expectations under chance are of persons."))
    everybody, own, size = table.sum(), table[:, 0].sum(), table.sum(axis=1)
    above = np.floor(size * own / everybody) + 1
    chance = stats.hypergeom.pmf(above, everybody, own, size)
    deviation = 2 * above * (everybody - own - size + above) * chance / everybody
    return float(0.5 * (1 / own + 1 / (everybody - own)) * deviation.sum())


def expected_dissimilarity_of_shares(size: npt.ArrayLike, share: float) -> float:
    """D that would be expected if each person were of the group with one chance; for planning, before there are counts.

    Parameters
    ----------
    size : (n_units,) persons of each unit, whole numbers above 0
    share : the chance, between 0 and 1

    Returns
    -------
    exact expectation

    Raises
    ------
    InputError  sizes that are not whole and above 0, a share outside 0 to 1

    Examples
    --------
    >>> round(expected_dissimilarity_of_shares([10] * 500, 0.5), 6)
    0.246094
    """
    persons = np.asarray(size, dtype=np.float64)
    if not 0 < share < 1 or not len(persons) or (persons <= 0).any() or (persons % 1 != 0).any():
        raise InputError(
            Fault("sizes or a share that cannot be", expected="whole sizes above 0, a share between 0 and 1")
        )
    above = np.floor(persons * share) + 1
    deviation = 2 * above * (1 - share) * stats.binom.pmf(above, persons, share)
    return float(deviation.sum() / (2 * share * (1 - share) * persons.sum()))


def expected_information(counts: npt.ArrayLike) -> float:
    """M that would be expected, to first order, if persons were spread by chance: (U - 1)(G - 1) / 2N.

    Parameters
    ----------
    counts : (n_units, n_groups) persons

    Returns
    -------
    natural units

    Examples
    --------
    >>> expected_information([[50, 50], [50, 50]])
    0.0025
    """
    table = as_counts(counts)
    return float((len(table) - 1) * (table.shape[1] - 1) / (2 * table.sum()))


def density_corrected_dissimilarity(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """D without most of what chance adds: each unit's difference is shrunk to its most likely true size.

    Parameters
    ----------
    first, second : (n_units,) persons of each group

    Returns
    -------
    at most D. 0 where every unit's difference is within chance

    Notes
    -----
    A unit's difference of shares over its standard error, w, is folded normal about the true one. The most likely true
    one solves t = w tanh(t w), which has the root 0 alone where w <= 1. Published programmes that maximise the
    likelihood as it stands lose every unit with w above about 37, where it underflows.

    Examples
    --------
    >>> round(density_corrected_dissimilarity([40, 20, 5, 1], [20, 40, 60, 80]), 4)
    0.6086
    >>> density_corrected_dissimilarity([50, 51], [100, 100])
    0.0
    """
    table = two_groups(first, second)
    total = table.sum(axis=0)
    shares = table / total
    error = np.sqrt((shares * (1 - shares) / total).sum(axis=1))
    ratio = np.divide(np.abs(shares[:, 0] - shares[:, 1]), error, out=np.zeros(len(error)), where=error > 0)
    true = most_likely(ratio)
    return float(0.5 * (np.where(error > 0, error * true, np.abs(shares[:, 0] - shares[:, 1]))).sum())


def most_likely(ratio: Floats) -> Floats:
    """Solve t = w tanh(t w) by Newton's method from w, from which it falls to the root."""
    true = ratio.copy()
    inner = ratio > 1
    for _ in range(200):
        w, t = ratio[inner], true[inner]
        bent = np.tanh(t * w)
        step = (t - w * bent) / (1 - w**2 * (1 - bent**2))
        true[inner] = np.clip(t - step, 0, w)
        if not len(step) or np.abs(step).max() < 1e-14:
            break
    return np.where(inner, true, 0.0)
