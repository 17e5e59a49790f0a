"""Which labels hang on figures taken as exact: of these nobody knows how sure they are.

A figure without counts has no noise model, so that draws never change it. A label that another value of it would change
has no probability, whatever the counts say: one slip in that figure would change it, and no draw would show that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.certainty.simulation import groups_by_set
from regso_cluster.judging.case import Case
from regso_cluster.judging.composite import join_scores
from regso_cluster.judging.tiers import band
from regso_cluster.method import Method, Yardstick
from regso_cluster.schema import columns as c

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Hanging:
    """Labels that another value of a figure taken as exact would change.

    Parameters
    ----------
    cells : (n_areas, n_factors) figures that are seen and not drawn: their problem flags and tiers hang on themselves
    labels : by grouping ("composite_group", "band", "cluster", as the method has them): (n_areas,)
    lists : (n_areas, n_groups) whether another flag would move the area on or off the list of each composite group and
        all that are worse; no columns without composite groups
    """

    cells: Bools
    labels: dict[str, Bools]
    lists: Bools

    def counted(self, name: str, method: Method) -> Bools:
        """Tell of which areas a label of a grouping, "<factor>_problem" and "<factor>_tier" too, is not assessed."""
        if name in self.labels:
            return self.labels[name]
        return np.asarray(self.cells[:, method.keys.index(name.rpartition("_")[0])])


def find_hanging(exact: Bools, case: Case, areas: pd.DataFrame, yardstick: Yardstick) -> Hanging:
    """Find the labels that hang on figures taken as exact.

    Parameters
    ----------
    exact : (n_areas, n_factors) figures that are seen and have no noise model
    case : the values that were classified, and the method
    areas : `<factor>_problem`, composite_group, band and cluster, as the method has them
    yardstick : that gave `areas`

    Returns
    -------
    A composite group hangs where another flag of the exact figures would change it; a band or a cluster where the
    lowest or highest value that an area of the country has in them would. The other figures stay as they are.
    """
    method = case.method
    lists: Bools = np.zeros((len(case.used), 0), np.bool_)
    labels: dict[str, Bools] = {}
    if method.composite:
        lists = _lists(exact, areas, method)
        labels[c.COMPOSITE_GROUP] = np.asarray(lists.any(axis=1))
    if method.bands and method.index:
        labels[c.BAND] = _bands(exact, case, yardstick)
    if method.clusters:
        labels[c.CLUSTER] = _clusters(exact, case, areas, yardstick)
    return Hanging(exact, labels, lists)


def _lists(exact: Bools, areas: pd.DataFrame, method: Method) -> Bools:
    """Compare the groups with all exact figures as problems and with none: a rule never fails for one problem more."""
    group_of = groups_by_set(method)
    place = 1 << np.arange(exact.shape[1])
    flags = np.stack([areas[c.problem_of(key)].fillna(False).to_numpy(bool) for key in method.keys], axis=1)
    unseen = np.stack([areas[c.problem_of(key)].isna().to_numpy() for key in method.keys], axis=1) @ place
    most, least = (flags | exact) @ place, (flags & ~exact) @ place
    numbers = np.arange(int(group_of.max()))  # the group of all other areas is on no list
    found: Bools = np.zeros((len(exact), len(numbers)), np.bool_)
    for of_unseen in (0, unseen):
        worse, milder = group_of[most | of_unseen], group_of[least | of_unseen]
        found = np.logical_or(found, (worse[:, None] <= numbers) != (milder[:, None] <= numbers))
    return found


def _ends(exact: Bools, scores: Array) -> tuple[Array, Array]:
    """Give scores with the lowest, and with the highest, score of the country in place of the exact ones."""
    low, high = (np.array([end(column[~np.isnan(column)], initial=start) for column in scores.T])
                 for end, start in ((np.min, np.inf), (np.max, -np.inf)))  # fmt: skip
    return np.where(exact, low, scores), np.where(exact, high, scores)


def _bands(exact: Bools, case: Case, yardstick: Yardstick) -> Bools:
    method, used, index = case.method, case.used, case.method.index
    if index is None:
        return np.zeros(len(used), np.bool_)
    scores = case.scores("index", yardstick)
    weights = pd.Series({factor.key: factor.weight for factor in method.factors})
    ends = (
        band(join_scores(pd.DataFrame(end, used.index, used.columns), weights, index).to_numpy(), yardstick.bands)
        for end in _ends(exact, scores.to_numpy(np.float64))
    )
    one, two = (pd.Series(end).fillna(0).to_numpy(np.int64) for end in ends)
    return np.asarray(one != two)


def _clusters(exact: Bools, case: Case, areas: pd.DataFrame, yardstick: Yardstick) -> Bools:
    """Tell where a corner of the box of exact scores lies nearer to another centre; a cluster has no hollows.

    Between two centres the difference of squared distances is a line in each score, so that it is least at an end.
    """
    if not exact.any():
        return np.zeros(len(case.used), np.bool_)
    scores = case.scores("clusters", yardstick).to_numpy(np.float64)
    centres, known = np.array(yardstick.centres), list(yardstick.cluster_numbers)
    own = np.array([-1 if pd.isna(one) else known.index(int(one)) for one in areas[c.CLUSTER]])
    parts = [np.nan_to_num(end[:, None, :] - centres) ** 2 for end in _ends(exact, scores)]
    rows = np.arange(len(own))
    least = np.minimum(*(part - part[rows, own][:, None, :] for part in parts)).sum(axis=2)
    least[rows, own] = np.inf
    return np.asarray((own >= 0) & (least.min(axis=1) < 0) & exact.any(axis=1))
