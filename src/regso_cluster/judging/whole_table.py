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
