"""What is odd of a column as a whole, or of all areas of a kommun or a län: cells that are all alike are not far out.

A column in another unit, two columns swapped for a kommun, rows that were sorted apart: no cell of them is unlike its
neighbours, so these are compared as wholes, among kommuner and with the earlier release.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.factors.expected import FEW, Array
from regso_cluster.factors.plausible import Scores
from regso_cluster.factors.tables import FactorTable
from regso_cluster.method import Method
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note

JUMP = 0.5  # SD over areas: a mean that jumps further from that of the previous release is named
GROWTH = 0.05  # the share by which the residents of the same areas may change in a year
FEWEST = 4  # areas with figures of a kommun that is compared as a whole
UNLIKE = 6.0  # robust SD among kommuner beyond which one is as no other
NEAR = 0.5  # on the log scale: how near to a power of ten its distance lies
FOLLOWS = 0.6  # the rank correlation with the previous release that a län has where figures follow it
BROKEN = 0.65  # of that of the other län, or of the other factors: below it the order is another
POWERS = (10.0, 0.1, 100.0, 0.01)
MORE_THAN_ALL = 1.5  # times the residents: the median of a denominator of persons is below it
AGAINST = -0.3  # the median correlation with the other factors, each so that high is worse, of one that is reversed
LAGS = (-3, -2, -1, 1, 2, 3)  # rows by which a column may have slipped
SHARED = 0.15  # the share of variance within kommuner that the other columns explain at the best of these
LOST = 0.25  # of that share: what is left of it where the rows stand, if the column has slipped
FEWEST_ROWS = 80  # areas in order, of a län or the country, in which a slipped column is looked for


def say_jumps(used: pd.DataFrame, table: FactorTable, method: Method, previous: pd.DataFrame | None) -> list[Note]:
    """Say which means, residents and orders of areas are far from those of the earlier release.

    Parameters
    ----------
    used : (n_areas, n_factors) values as they are classified
    table, method : read with each other
    previous : the areas of the earlier release; None says nothing
    """
    said: list[Note] = []
    if previous is None:
        return said
    for key in method.keys:
        if c.value_of(key) not in previous:
            continue
        before = pd.to_numeric(previous[c.value_of(key)], errors="coerce").dropna()
        now = used[key].dropna()
        if len(before) < FEW or len(now) < FEW:
            continue
        if abs(now.mean() - before.mean()) > JUMP * before.std():
            said.append(Note("mean_jumps", factor=key, before=before.mean(), now=now.mean()))
    return [*said, *_say_orders(used, method, previous), *_say_growth(table.areas[c.POPULATION], previous)]


def _say_growth(residents: pd.Series, previous: pd.DataFrame) -> list[Note]:
    if c.POPULATION not in previous:
        return []
    before = pd.to_numeric(previous[c.POPULATION], errors="coerce").reindex(residents.index)
    both = (residents.notna() & before.notna()).to_numpy()
    now, then = float(residents[both].sum()), float(before[both].sum())
    if both.sum() < FEW or not then > 0 or abs(now / then - 1) <= GROWTH:
        return []
    return [Note("residents_jump", before=then, now=now)]


def _say_orders(used: pd.DataFrame, method: Method, previous: pd.DataFrame) -> list[Note]:
    """Say which figures do not follow those of the earlier release, in a län or at all, where others do."""
    follows = {
        key: _follows(used[key], previous[c.value_of(key)]) for key in method.keys if c.value_of(key) in previous
    }
    usual = {key: float(np.median(list(of.values()))) for key, of in follows.items() if of}
    said = []
    for key, own in usual.items():
        others = [value for other, value in usual.items() if other != key]
        steady = float(np.median(others)) if others else 0.0
        broken = [name for name, value in follows[key].items() if value < BROKEN * own]
        if steady >= FOLLOWS and own < BROKEN * steady:
            said.append(Note("another_order", factor=key))
        elif broken and own >= FOLLOWS:
            said.append(Note("another_order_in_lan", factor=key, lan=broken))
    return said


def _follows(now: pd.Series, before: pd.Series) -> dict[str, float]:
    """Give the rank correlation with the earlier release, by län."""
    both = pd.DataFrame({"now": now, "before": pd.to_numeric(before, errors="coerce")}).dropna()
    lan = both.index.astype(str).str.slice(0, 2)
    return {
        str(name): float(part["now"].rank().corr(part["before"].rank()))
        for name, part in both.groupby(lan) if len(part) >= FEW and part.nunique().min() > FEW // 2
    }  # fmt: skip


def say_without_previous(used: pd.DataFrame, table: FactorTable, method: Method) -> list[Note]:
    """Say what is odd of whole columns by the table alone: too many persons, reversed, sorted apart, slipped rows.

    Parameters
    ----------
    used : (n_areas, n_factors) values as they are classified, in the order of the codes
    table, method : read with each other
    """
    if table.edition is None:
        return []
    return [*_say_persons(table, method), *_say_reversed(used, method), *_say_sorted(used), *_say_slipped(used)]


def _say_persons(table: FactorTable, method: Method) -> list[Note]:
    residents, said = table.areas[c.POPULATION].to_numpy(np.float64), []
    for factor in method.factors:
        with np.errstate(divide="ignore", invalid="ignore"):
            times = table.denominator[factor.key].to_numpy(np.float64) / residents
        seen = times[np.isfinite(times)]
        if factor.denominator and len(seen) >= FEW and np.median(seen) > MORE_THAN_ALL:
            said.append(Note("more_than_the_residents", column=factor.denominator, times=float(np.median(seen))))
    return said


def _say_reversed(used: pd.DataFrame, method: Method) -> list[Note]:
    """Say which factors go against most others, once each is turned so that high is worse."""
    turned = pd.DataFrame({factor.key: factor.sign * used[factor.key].rank() for factor in method.factors})
    if turned.shape[1] < 3 or len(turned.dropna()) < FEWEST_ROWS:
        return []
    like = turned.corr().to_numpy(copy=True)
    np.fill_diagonal(like, np.nan)
    found = [key for key, row in zip(method.keys, like, strict=True) if np.nanmedian(row) < AGAINST]
    return [Note("factor_reversed", factor=key) for key in found] if 2 * len(found) < turned.shape[1] else []


def _say_sorted(used: pd.DataFrame) -> list[Note]:
    """Say which columns rise or fall from the first code to the last: they were sorted without their codes."""
    said = []
    for key in used:
        own = used[key].dropna()
        if own.nunique() > FEWEST_ROWS and (own.is_monotonic_increasing or own.is_monotonic_decreasing):
            said.append(Note("sorted_apart", factor=str(key)))
    return said


def _say_slipped(used: pd.DataFrame) -> list[Note]:
    """Say which columns follow the others of another row, some rows up or down, and not those of their own."""
    if used.shape[1] < 3:
        return []
    codes = used.index.astype(str)
    ranks = used.rank(pct=True)
    inside = ranks - ranks.groupby(codes.str.slice(0, 4)).transform("mean")
    lan = codes.str.slice(0, 2)
    parts = [("", inside), *((str(name), part) for name, part in inside.groupby(lan))]
    said = []
    for key in map(str, used.columns):
        related = _explained_by_lag(inside, key)
        if max(related.values(), default=0.0) < SHARED:
            continue  # rare events are as like one row as another
        found = {name: lag for name, part in parts if (lag := _slipped_by(part, key))}
        if "" in found:
            said.append(Note("rows_slipped", factor=key, rows=abs(found[""])))
        elif found:
            said.append(Note("rows_slipped_in_lan", factor=key, rows=abs(next(iter(found.values()))), lan=list(found)))
    return said


def _explained_by_lag(part: pd.DataFrame, key: str) -> dict[int, float]:
    others = part.drop(columns=key)
    return {lag: _explained(part[key].shift(lag), others) for lag in (0, *LAGS)}


def _slipped_by(part: pd.DataFrame, key: str) -> int:
    """Give by how many rows a column has slipped against the others; 0 where it has not, or that is not sure."""
    if len(part) < FEWEST_ROWS:
        return 0
    explained = _explained_by_lag(part, key)
    best = max(LAGS, key=lambda lag: explained[lag])
    return best if explained[best] > SHARED and explained[0] < LOST * explained[best] else 0


def _explained(own: pd.Series, others: pd.DataFrame) -> float:
    """Give the share of variance that the others explain by a linear fit, less what chance explains."""
    both = others.assign(own=own).dropna()
    if len(both) < FEWEST_ROWS // 2:
        return 0.0
    y, x = both.pop("own").to_numpy(), both.to_numpy()
    y, x = y - y.mean(), x - x.mean(axis=0)
    total = float(y @ y)
    if total == 0:
        return 0.0
    left = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    freedom = max(len(y) - x.shape[1] - 1, 1)
    return float(1 - (float(left @ left) / freedom) / (total / (len(y) - 1)))


def say_kommuner(scores: Scores, table: FactorTable) -> list[Note]:
    """Say which kommuner have a column that is a power of ten from all others, whatever each of their cells says."""
    if table.edition is None:
        return []
    kommun = np.array([str(code)[:4] for code in table.areas.index])
    said = []
    for name, column in zip(scores.names, scores.columns, strict=True):
        if column.measure.kind == "plain" or (column.role == "persons" and column.other is None):
            continue
        with np.errstate(all="ignore"):  # what was left out of the measure as surely wrong counts here
            level = np.log(np.maximum(column.measure.back(column.scaled(column.x)[0]), 1e-12))
        for code, own, middle, times in _far_kommuner(level, kommun):
            values = {"column": name, "kommun": code, "own": own, "middle": middle}
            if times > 1:
                said.append(Note("kommun_too_large", times=round(times), **values))
            else:
                said.append(Note("kommun_too_small", times=round(1 / times), **values))
    return said


def _far_kommuner(level: Array, kommun: npt.NDArray[np.str_]) -> list[tuple[str, float, float, float]]:
    """Give code, median, median of all and by how much, of kommuner that are a power of ten from the others."""
    seen = np.isfinite(level) & (level > -20)
    grouped = pd.Series(level[seen]).groupby(kommun[seen])
    medians = grouped.median()[grouped.count() >= FEWEST]
    if len(medians) < 10:
        return []
    middle = float(medians.median())
    spread = max(1.4826 * float((medians - middle).abs().median()), 0.05)
    found = []
    for code, value in medians.items():
        off = value - middle
        near = [power for power in POWERS if abs(off - np.log(power)) < NEAR]
        if near and abs(off) > UNLIKE * spread:
            found.append((str(code), float(np.exp(value)), float(np.exp(middle)), near[0]))
    return found
