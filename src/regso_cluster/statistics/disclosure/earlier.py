"""A table published before: what it shows is known, and a difference of two cumulative tables is a table too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from regso_cluster.errors import Fault, InputError
from regso_cluster.schema import columns as c
from regso_cluster.statistics.disclosure.cells import Booleans, Floats, Margins

Relation = Literal["same", "cumulative"]


@dataclass(frozen=True)
class EarlierTable:
    """A table that was published before.

    Parameters
    ----------
    table : as `Protected.table`: level, keys, units, attribute or sum; missing where hidden
    relation : "same": the figures of this very table under another rule; what was shown then is known now.
        "cumulative": this year's figures are those of then and what came to them; the increase is a table too
    audit : as `Protected.audit`, for the true values of what was hidden; needed for "cumulative" where something was

    Examples
    --------
    >>> groups, units = pd.DataFrame({"group": ["a", "b"]}), [30, 40]
    >>> first = protect(groups, [("group",)], statistic="count", units=units)
    >>> protect(groups, [("group",)], statistic="count", units=units, earlier=EarlierTable(first.table, "same")).is_safe
    True
    """

    table: pd.DataFrame
    relation: Relation
    audit: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        if self.relation not in ("same", "cumulative"):
            hint = "Tables of other units, as pupils of another year, share no cell and need not be given."
            raise InputError(Fault("no such relation", "earlier", "same or cumulative", str(self.relation), hint))


@dataclass(frozen=True)
class EarlierCells:
    """The cells of an earlier table in the order of the groups of the new one.

    Parameters
    ----------
    values : (groups,) true values by name
    shown : (groups,) by name: what was published; a group that the earlier table lacks had no units, as anyone knows
    """

    values: dict[str, Floats]
    shown: dict[str, Booleans]


def align(earlier: EarlierTable, margins: Margins, sums: dict[str, Floats]) -> EarlierCells:
    """Find the cells of an earlier table among the groups of the new one.

    Raises
    ------
    InputError  columns or groups that the other table lacks, values that contradict the relation, hidden cells without
        their values
    """
    names = [str(column) for column in margins.labels if column != "level"]
    faults = [
        Fault("a column is missing", "the earlier table", column, hint="Give the table as it was written then.")
        for column in ("level", *names, *sums)
        if column not in earlier.table
    ]
    if faults:
        raise InputError(faults)
    place = pd.Series(range(len(margins.labels)), index=_keys(margins.labels, names))
    at = place.reindex(_keys(earlier.table, names))
    values = {name: np.zeros(len(place)) for name in sums}
    shown = {name: np.full(len(place), earlier.relation == "cumulative") for name in sums}
    if earlier.relation == "cumulative":
        for name in sums:  # a difference between crossing tables was never published
            shown[name][~margins.published] = False
        if at.isna().any():
            lost = ", ".join(map(str, at.index[at.isna()][:3]))
            hint = "Cumulative tables lose no group: give the relation `same`, or leave the earlier table out."
            raise InputError(Fault("a group is gone since the earlier table", lost, hint=hint))
    found = at.notna().to_numpy()
    rows = at[found].to_numpy(np.int64)
    for name in sums:
        given = earlier.table.loc[found, name].to_numpy(np.float64)
        values[name][rows], shown[name][rows] = np.nan_to_num(given), ~np.isnan(given)
    if earlier.relation == "cumulative":
        _fill(earlier, margins, names, place, values, shown)
        values = {name: _crossings(margins, value) for name, value in values.items()}
    _check(earlier, values, shown, sums, margins)
    return EarlierCells(values, shown)


def _keys(table: pd.DataFrame, names: list[str]) -> pd.Index:
    text = [table[name].astype(object).where(table[name].notna(), "").astype(str) for name in ("level", *names)]
    return pd.Index(list(zip(*text, strict=True)), tupleize_cols=False)


def _fill(
    earlier: EarlierTable, margins: Margins, names: list[str], place: pd.Series,
    values: dict[str, Floats], shown: dict[str, Booleans],
) -> None:  # fmt: skip
    """Put the true values of hidden cells in place."""
    audit = earlier.audit
    missing = 0
    for name, value in values.items():
        hidden = ~shown[name] & margins.published
        if audit is not None:
            own = audit[(audit["cell"] == name) & (audit["period"] == "this")]
            truth = pd.Series(own[c.VALUE].to_numpy(np.float64), index=_keys(own, names)).reindex(place.index)
            value[hidden] = truth.to_numpy()[hidden]
            missing += int(np.isnan(value).sum())
        else:
            missing += int(hidden.sum())
    if missing:
        hint = "Give its audit too: whether they can be told from the new table depends on what they are."
        raise InputError(Fault("hidden figures of the earlier table are not known", got=f"{missing} cells", hint=hint))


def _crossings(margins: Margins, value: Floats) -> Floats:
    """Leave the unpublished crossings out of what is judged: nobody kept what they were then."""
    return np.where(margins.published, value, 0.0)


def _check(
    earlier: EarlierTable,
    values: dict[str, Floats],
    shown: dict[str, Booleans],
    sums: dict[str, Floats],
    margins: Margins,
) -> None:
    faults = []
    for name, now in sums.items():
        slack = 1e-6 * (1 + np.abs(now))
        same = earlier.relation == "same"
        wrong = shown[name] & (np.abs(values[name] - now) > slack)
        if not same:
            wrong = (values[name] > now + slack) & margins.published & (name != "sum")
        if wrong.any():
            first = np.flatnonzero(wrong)[0]
            label = " ".join(str(cell) for cell in margins.labels.iloc[first] if not pd.isna(cell))
            said = "the same figures" if same else "no figure larger than now"
            hint = "Tables that are revised or of other units are not linked cell by cell: leave the earlier one out."
            got = f"{int(wrong.sum())} cells differ" if same else f"{int(wrong.sum())} cells are larger"
            faults.append(Fault("the earlier table is of other figures", f"{name}, {label}", said, got, hint))
    if faults:
        raise InputError(faults)
