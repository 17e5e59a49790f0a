"""What would flip a label: the factor, and how many persons more or fewer in its numerator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.certainty.simulation import groups_by_set
from regso_cluster.factors.shrinkage import counts_of
from regso_cluster.judging.case import Case, Use
from regso_cluster.judging.composite import join_scores
from regso_cluster.judging.problems import beyond_limit
from regso_cluster.judging.tiers import band
from regso_cluster.method import UNIT_FACTOR, Factor, Method, Yardstick
from regso_cluster.schema import columns as c

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Groups = Callable[[Array], Whole]  # values of one factor -> group of each area, 0 for none


def find_flips(case: Case, areas: pd.DataFrame, yardstick: Yardstick) -> pd.DataFrame:
    """Find for each area the fewest persons in one factor that would give it another flag, group, band or cluster.

    Parameters
    ----------
    case : counts, the values that were classified, and the method
    areas : `<factor>_problem`, composite_group, band and cluster, as the method has them
    yardstick : that gave `areas`

    Returns
    -------
    <factor>_flip_persons : Int64, more (positive) or fewer (negative) in the numerator, that would carry the factor
        over its limit; of a factor of the kommun in all of it; <NA> where no number would, or it is not observed. Of
        factors with counts, where the method has problems
    composite_flip_factor, band_flip_factor, cluster_flip_factor : key; <NA> where no single factor with counts would do
        it, the group is not decided, or the no-flicker rule holds the area
    composite_flip_persons ... : Int64, how many in that factor
    composite_flip_group ... : Int8, the group that it would be in then; <NA> where that would hang on what is not seen
    Of two factors with as few persons the first of the method; of as many more and fewer, more. Limits, scales, cut
    points and centres stay as they are.
    """
    method, used = case.method, case.used
    movable = [_movable(case, factor) for factor in method.factors]
    found: dict[str, pd.Series] = {}
    if method.problems:
        flags = _flags(areas, method)
        persons = np.full(flags.shape, np.inf)
        for number, counts in enumerate(movable):
            if counts is None:
                continue
            factor = method.factors[number]
            steps = _over_the_limit(counts, factor, method, yardstick.limits[factor.key], flags[:, number])
            persons[:, number] = np.where(used[factor.key].notna().to_numpy(), steps, np.inf)
            found[c.flip_persons_of(factor.key)] = _whole(persons[:, number], areas.index)
        if method.composite:
            found |= _composite(persons, flags, areas, method)
    found |= _band(movable, case, areas, yardstick)
    found |= _cluster(movable, case, areas, yardstick)
    return pd.DataFrame(found, index=areas.index)


def held_areas(areas: pd.DataFrame, method: Method) -> npt.NDArray[np.bool_]:
    """Tell which areas the no-flicker rule holds: in a group or a problem that this year's figures do not give."""
    pairs = [(c.COMPOSITE_GROUP, c.COMPOSITE_GROUP_FREE), *((c.problem_of(key), c.held_of(key)) for key in method.keys)]
    held = np.zeros(len(areas), np.bool_)
    for one, two in pairs:
        if two in areas:
            held |= (areas[one] != areas[two]).fillna(False).to_numpy(bool)
    return held


def _flags(areas: pd.DataFrame, method: Method) -> npt.NDArray[np.bool_]:
    return np.stack([areas[c.problem_of(key)].fillna(False).to_numpy(bool) for key in method.keys], axis=1)


def _whole(persons: Array, index: pd.Index) -> pd.Series:
    known = np.isfinite(persons)
    return pd.Series(np.where(known, persons, 0).astype(np.int64), index, dtype="Int64").mask(~known)


def _composite(
    persons: Array, flags: npt.NDArray[np.bool_], areas: pd.DataFrame, method: Method
) -> dict[str, pd.Series]:
    """Of the flips of single flags, those that change the composite group."""
    group_of = groups_by_set(method)
    place = 1 << np.arange(flags.shape[1])
    own = (flags * place).sum(axis=1)
    unseen = np.stack([areas[c.problem_of(key)].isna().to_numpy() for key in method.keys], axis=1) @ place
    decided = areas[c.COMPOSITE_GROUP].notna().to_numpy() & ~held_areas(areas, method)
    moving = np.full(flags.shape, np.inf)
    for number in range(flags.shape[1]):
        other = own ^ (1 << number)
        changed = (group_of[other] != group_of[own]) | (group_of[other | unseen] != group_of[own])
        moving[:, number] = np.where(decided & changed, persons[:, number], np.inf)
    best = np.abs(moving).argmin(axis=1)
    other = own ^ (1 << best)
    open_ends = group_of[other] != group_of[other | unseen]
    return _columns("composite", moving, np.where(open_ends, 0, 1 + group_of[other]), areas.index, method)


def _columns(name: str, persons: Array, group: Whole, index: pd.Index, method: Method) -> dict[str, pd.Series]:
    """Name for each area the factor of the fewest persons; `group` (n_areas,) is where that leads, 0 not known."""
    best = np.abs(persons).argmin(axis=1)
    fewest = persons[np.arange(len(best)), best]
    none = ~np.isfinite(fewest)
    keys = pd.Series(np.array(method.keys, dtype=object)[best], index, dtype="string")
    return {
        f"{name}_flip_factor": keys.mask(none),
        c.flip_persons_of(name): _whole(fewest, index),
        f"{name}_flip_group": pd.Series(group, index, dtype="Int8").mask(none | (group == 0)),
    }


@dataclass(frozen=True)
class _Movable:
    """The counts of a factor, and what its value becomes with some persons more or fewer; (n_areas,) each."""

    n: Array
    d: Array
    events: bool
    base: Array
    total: Array
    unit: float

    def value(self, step: Array) -> Array:
        with np.errstate(invalid="ignore", divide="ignore"):
            moved: Array = self.unit * (self.base + step) / self.total
        return moved


def _movable(case: Case, factor: Factor) -> _Movable | None:
    """Give the counts of a factor; None where it has none. Per 1,000 there may be more events than persons."""
    counts = counts_of(case.counted, factor)
    if counts is None:
        return None
    n, d = (part.to_numpy(np.float64) for part in counts)
    events = factor.unit == "per 1000"
    base, total = n, d
    shrunk = case.shrunk(factor) if case.method.shrinkage else None
    if shrunk is not None:  # each person moves the shrunk rate too, by less
        base, total = shrunk.first, shrunk.second + (0 if events else shrunk.first)
    return _Movable(n, d, events, base, total, UNIT_FACTOR[factor.unit])


def _over_the_limit(
    counts: _Movable, factor: Factor, method: Method, limit: float, problem: npt.NDArray[np.bool_]
) -> Array:
    """Count the persons that carry each area over the limit; infinite where no number does."""
    steps = np.full(len(counts.n), np.inf)
    near = limit * counts.total / counts.unit - counts.base
    highest = np.inf if counts.events else counts.d
    # the limit lies between two whole numbers of persons, or on one
    for step in (np.floor(near) - 1, np.floor(near), np.ceil(near), np.ceil(near) + 1):
        possible = (counts.n + step >= 0) & (counts.n + step <= highest)
        beyond = beyond_limit(counts.value(step), np.full(len(step), limit), factor, method.problems)
        steps = np.where(possible & (beyond != problem) & (np.abs(step) < np.abs(steps)), step, steps)
    return steps


def _band(
    movable: list[_Movable | None], case: Case, areas: pd.DataFrame, yardstick: Yardstick
) -> dict[str, pd.Series]:
    method, index = case.method, case.method.index
    if index is None or method.bands is None:
        return {}
    scores = case.scores("index", yardstick)
    weights = pd.Series({factor.key: factor.weight for factor in method.factors})

    def of_factor(key: str) -> Groups:
        def groups(values: Array) -> Whole:
            moved = scores.assign(**{key: _score(key, values, "index", case, yardstick)})
            return _numbers(band(join_scores(moved, weights, index).to_numpy(), yardstick.bands))

        return groups

    return _flip_groups(c.BAND, movable, case, areas, of_factor)


def _cluster(
    movable: list[_Movable | None], case: Case, areas: pd.DataFrame, yardstick: Yardstick
) -> dict[str, pd.Series]:
    if case.method.clusters is None:
        return {}
    centres, numbers = np.array(yardstick.centres), np.array(yardstick.cluster_numbers)
    scores = case.scores("clusters", yardstick).to_numpy()
    parts = np.nan_to_num(scores[:, None, :] - centres) ** 2  # by area, cluster and factor; nothing where not seen

    def of_factor(key: str) -> Groups:
        place = case.method.keys.index(key)
        rest = np.delete(parts, place, axis=2).sum(axis=2)

        def groups(values: Array) -> Whole:
            moved = _score(key, values, "clusters", case, yardstick)
            nearest: Whole = numbers[(rest + (moved[:, None] - centres[:, place]) ** 2).argmin(axis=1)]
            return nearest

        return groups

    return _flip_groups(c.CLUSTER, movable, case, areas, of_factor)


def _score(key: str, values: Array, use: Use, case: Case, yardstick: Yardstick) -> Array:
    part = case.method.index if use == "index" else case.method.clusters
    if part and part.scale.transform == "log":  # nobody left: lower than any figure that has a logarithm
        values = np.maximum(values, np.finfo(np.float64).tiny)
    return case.scaled(pd.DataFrame({key: values}), use, yardstick)[key].to_numpy(np.float64)


def _numbers(groups: pd.arrays.IntegerArray) -> Whole:
    numbers: Whole = pd.Series(groups).fillna(0).to_numpy(np.int64)
    return numbers


def _flip_groups(
    name: str, movable: list[_Movable | None], case: Case, areas: pd.DataFrame, of_factor: Callable[[str], Groups]
) -> dict[str, pd.Series]:  # fmt: skip
    """Find for each factor the fewest persons that change a group, and name the factor of the fewest."""
    method, used = case.method, case.used
    own = _numbers(areas[name].array)
    persons = np.full(used.shape, np.inf)
    group = np.zeros(used.shape, np.int64)
    for number, counts in enumerate(movable):
        key = method.keys[number]
        movers = np.zeros(len(own), np.bool_) if counts is None else (own > 0) & used[key].notna().to_numpy()
        if counts is None or not movers.any():
            continue
        groups = of_factor(key)
        steps = _fewest(counts, movers, own, groups)
        persons[:, number] = steps
        group[:, number] = groups(counts.value(np.where(np.isfinite(steps), steps, 0.0)))
    best = np.abs(persons).argmin(axis=1)
    return _columns(name, persons, group[np.arange(len(best)), best], areas.index, method)


def _fewest(counts: _Movable, movers: npt.NDArray[np.bool_], own: Whole, groups: Groups) -> Array:
    """Halve the span in which the group changes; infinite where it does not.

    A band is a span of the index, and the part of a line that is nearest to one centre is a span too: along one factor
    a group once left does not come back, so that halving finds the fewest persons.
    """
    fewest = np.full(len(own), np.inf)
    # of events there is no most: as many more as there are persons is taken to be enough
    most = counts.d if counts.events else counts.d - counts.n
    for sign, reach in ((1.0, most), (-1.0, counts.n)):
        far = np.floor(np.where(movers, reach, 0.0))
        changes = movers & (far >= 1) & (groups(counts.value(sign * far)) != own)
        near, far = np.zeros(len(own)), np.where(changes, far, 1.0)
        while (far - near > 1).any():
            middle = np.floor((near + far) / 2)
            there = groups(counts.value(sign * middle)) != own
            near, far = np.where(there, near, middle), np.where(there, middle, far)
        fewest = np.where(changes & (far < np.abs(fewest)), sign * far, fewest)
    return fewest
