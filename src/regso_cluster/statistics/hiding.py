"""What a summary may not show: figures, intervals, quantiles and gaps that are taken out, and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.schema import columns as c
from regso_cluster.statistics.disclosure import DisclosureRule, Protected, protect
from regso_cluster.words.notes import Note

Floats = npt.NDArray[np.float64]

TOTAL = "total"
UNMATCHED = "unmatched"


def name_quantile(share: float) -> str:
    """Name the column of a quantile: median, q25, q90."""
    return "median" if share == 0.5 else f"q{100 * share:g}"


def attribute_behind(values: Floats, units: Floats) -> Floats | None:
    """Find the units with an attribute behind a mean that is a share: of zeros and ones, or of rates with their units.

    Parameters
    ----------
    values : (rows,) the variable
    units : (rows,) units that a row stands for

    Returns
    -------
    (rows,) whole numbers, or None: not a share. Rates lie between 0 and 1, or in per cent between 0 and 100 where at
    least 19 of 20 rows give a whole number of their units, as near as the digits of the rate allow. Rates in whole per
    cent of many units always do: what may be a share is one, since the other mistake shows a person.

    Examples
    --------
    >>> attribute_behind(np.array([96.0, 50.0]), np.array([25.0, 10.0]))
    array([24.,  5.])
    """
    if (values < 0).any() or not (units % 1 == 0).all():
        return None
    if (values <= 1).all():
        return np.round(values * units) if np.isin(values, (0.0, 1.0)).all() or (units > 1).any() else None
    if (values > 100).any() or not (units > 1).any():
        return None
    counts = values * units / 100
    digits = max(len(f"{value:.10g}".partition(".")[2]) for value in values)
    near = np.abs(counts - np.round(counts)) <= 0.5 * 10.0**-digits * units / 100 + 1e-9
    return np.round(counts) if near.mean() >= 0.95 else None


def blur(at: float, values: Floats, least: int) -> float:
    """Round a quantile of shares until at least so many areas have a share that would be rounded to it.

    Steps are 0.1, 0.2, 0.5, 1 per cent and so on up to 20 per cent; NaN where even that is not enough.

    Examples
    --------
    >>> blur(1 / 51, np.array([1 / 51, 0.018, 0.021, 0.022, 0.019, 0.024, 0.3]), 6)
    0.02
    """
    if not least or not np.isfinite(at):
        return at
    for step in (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2):
        shown = round(at / step) * step
        if int((np.abs(values - shown) <= step / 2).sum()) >= least:
            return float(round(shown, 6))
    return float("nan")


def hide_missing(
    table: pd.DataFrame, labels: pd.DataFrame, paths: Sequence[Sequence[str]], rule: DisclosureRule
) -> pd.DataFrame:
    """Take out the numbers of rows without a value that are too small to show, and those that would give them away.

    Parameters
    ----------
    table : with a row a group, and a column `missing`
    labels : groups of the rows without a value
    """
    if not len(labels):
        return table
    counted = protect(labels.reset_index(drop=True), paths, statistic="count", rule=replace(rule, rounding=None)).table
    shown = {
        (TOTAL, TOTAL) if row["level"] == TOTAL else (row["level"], row[row["level"]]): row["units"]
        for row in counted.to_dict("records")
    }
    pairs = zip(table[c.GROUPING], table[c.GROUP], strict=True)
    return table.assign(missing=pd.array([shown.get(pair, 0.0) for pair in pairs], "Float64").astype("Int64"))


def _hide(
    table: pd.DataFrame, shield: Protected | None, rule: DisclosureRule, quantiles: Sequence[float]
) -> pd.DataFrame:
    """Take out what may not be shown."""
    sides = {share: table.pop(f"_{name_quantile(share)}").to_numpy(np.float64) for share in quantiles}
    table["hidden"] = False
    if shield is None:
        return table
    units, value = _shown(table, shield)
    seen = table["areas_seen"].to_numpy(np.int64)
    many = seen >= rule.min_attribute  # how few areas differ can be solved for, when their sizes are known
    lost = (table[c.GROUP] == UNMATCHED).to_numpy()
    elsewhere = seen * lost
    both = many & (seen[0] - seen - elsewhere.max(initial=0) >= rule.min_attribute)
    for low, high, enough in (("low", "high", many), ("gap_low", "gap_high", both)):
        table[low], table[high] = (ends.where(enough) for ends in _coarsen(table[low], table[high]))
    told = [name for name in ("attribute", "share", "mean", "low", "high") if name in table]
    gaps = ["gap", "gap_low", "gap_high"]
    for name in ("areas_seen", "rows", "missing"):
        table[name] = table[name].astype("Int64").where(units)
    table["units"] = table["units"].where(units)
    for name in told:
        table[name] = table[name].where(value)
    # with the total hidden, or what of the total is in no gap, a gap would give it away
    open_ = value[0] and bool((units & value)[lost].all())
    for name in gaps:
        table[name] = table[name].where(value & open_)
    for share in quantiles:
        table[name_quantile(share)] = table[name_quantile(share)].where(value & (sides[share] >= rule.min_attribute))
    table["hidden"] = ~value
    return table


def _coarsen(low: pd.Series, high: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Round intervals outwards, to a hundredth to a tenth of their width: more digits would tell of single areas."""
    width = (high - low).to_numpy(np.float64)
    step = 10.0 ** (np.floor(np.log10(np.where(width > 0, width, 1.0))) - 1)
    return np.floor(low / step + 1e-9) * step, np.ceil(high / step - 1e-9) * step


def _shown(table: pd.DataFrame, shield: Protected) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Tell for each row whether its units, and whether its figure, may be shown."""
    public = shield.table
    keys = [
        (TOTAL, TOTAL) if row["level"] == TOTAL else (row["level"], row[row["level"]])
        for row in public.to_dict("records")
    ]
    figure = "attribute" if "attribute" in public else "sum"
    shown = {
        key: (not np.isnan(units), not np.isnan(value))
        for key, units, value in zip(keys, public["units"], public[figure], strict=True)
    }
    # a group of which no row has a value has nobody to tell of
    found = [shown.get(pair, (True, True)) for pair in zip(table[c.GROUPING], table[c.GROUP], strict=True)]
    return np.array([one for one, _ in found]), np.array([one for _, one in found])


def tell_rows(labels: pd.DataFrame, shield: Protected) -> npt.NDArray[np.bool_]:
    """Tell which rows of a summary are in no group with a hidden figure."""
    public = shield.table
    told = np.ones(len(labels), bool)
    for name in labels:
        own = public[(public["level"] == name) & public["hidden"]]
        told &= ~labels[name].isin(own[name]).to_numpy()
    return told


def say_rows(
    shield: Protected | None, table: pd.DataFrame, seen: npt.NDArray[np.bool_], units: Floats, counted: str | None,
    least: int,
) -> tuple[Note, ...]:  # fmt: skip
    """Say what was left out of the figures, and what of the gaps; `seen` tells which rows have a value.

    `least`: a number of rows from 1 to below this is not said.
    """
    notes = list[Note]()
    if 0 < (~seen).sum() < least:
        notes.append(Note("few_rows_without_value", least=least))
    elif (~seen).any():
        count, unseen = (~seen).sum(), float(np.nansum(units[~seen]))
        of_units = Note("rows_without_value_units", count=count, units=unseen, column=counted) if counted else None
        notes.append(of_units or Note("rows_without_value", count=count))
    lost = table[c.GROUP] == UNMATCHED
    if lost.any():
        hidden = shield and table.loc[lost, "hidden"].any()
        notes.append(
            Note("unmatched_group_hidden", group=UNMATCHED) if hidden else Note("unmatched_group", group=UNMATCHED)
        )
    return (*notes, *(shield.notes if shield else ()))
