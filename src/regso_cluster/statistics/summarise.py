"""An agency's variable per group of areas: shares, means, quantiles, gaps, and nothing that tells of a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Unpack

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.errors import Fault, InputError
from regso_cluster.files.made_up import is_synthetic
from regso_cluster.files.numbers import as_text
from regso_cluster.files.totals import find_totals, say_unlike_units
from regso_cluster.schema import columns as c
from regso_cluster.statistics.check_figures import check_figures, fault_of_totals
from regso_cluster.statistics.disclosure import DisclosureRule, EarlierTable, protect
from regso_cluster.statistics.hiding import (
    TOTAL,
    UNMATCHED,
    _hide,
    attribute_behind,
    blur,
    hide_missing,
    name_quantile,
    say_rows,
    tell_rows,
)
from regso_cluster.statistics.intervals import (
    Estimate,
    estimate_mean,
    estimate_share,
    mean_difference,
    share_difference,
    weighted_quantile,
)
from regso_cluster.statistics.joined_columns import names_beside, without_area
from regso_cluster.statistics.options import Kind, SummariseChoices, SummariseOptions
from regso_cluster.statistics.summary import Summary
from regso_cluster.words.notes import Note
from regso_cluster.words.phrases import phrase

Floats = npt.NDArray[np.float64]

UNDECIDED = "-"


@dataclass(frozen=True)
class Variable:
    """An agency's variable by row, no missing values.

    Parameters
    ----------
    kind : "share" or "mean"
    units : (rows,) units that a row stands for
    sums : (rows,) units with the attribute, or the variable summed over the row's units
    area : (rows,) the area that a row lies in, or its own number
    told : (rows,) whether a row is in no hidden group, and may be used for the width of intervals; None: all
    least : areas that a quantile of shares has to be alike, so that it is that of none; 0 where nothing is hidden
    rates : for a mean of shares what 100 per cent is in its rows, 1 or 100; 0 for another variable
    """

    kind: Kind
    units: Floats
    sums: Floats
    area: npt.NDArray[np.object_]
    told: npt.NDArray[np.bool_] | None = None
    least: int = 0
    rates: float = 0.0


def summarise(
    data: pd.DataFrame, by: str | Sequence[str], value: str, *, options: SummariseOptions | None = None,
    rule: DisclosureRule | None = None, earlier: EarlierTable | None = None, protected: bool = True,
    **given: Unpack[SummariseChoices],
) -> Summary:  # fmt: skip
    """Summarise a variable per group of areas.

    Parameters
    ----------
    data : a row a unit, or a row an area or school; not changed
    by : columns of groups; a missing group is the group "-", or "unmatched" where the row has no area, by `area` or by
        the code that `join` wrote. Several are protected together, since they share units
    value : for a mean a number; for a share True and False, or with `of` how many have the attribute
    options : how; None: the defaults
    rule : what is too little to show; None: SCB's rule of the share
    earlier : a table published before that this one is linked to
    protected : False hides nothing
    **given : single fields of `SummariseOptions`, instead of those of `options`

    Returns
    -------
    Summary

    Raises
    ------
    InputError  columns that are missing or not numbers, counts that are none (protected or not), no row with a value,
        rows without an area that are sums or means of others and do not say so

    Notes
    -----
    A gap is to the units of all other groups that lie in an area: areas without a group ("-") are among them, as they
    are part of the country; rows without an area ("unmatched") are in no gap, and have none. Rows without an area that
    call themselves a total ("Summa", "Totalt", "Riket") are left out, with a note.

    A quantile is shown where the figure itself is, and at least `rule.min_attribute` rows (for a share: areas) lie on
    either side. A quantile of shares is rounded until so many areas of the group have a share that would be rounded to
    it: the exact one is that of a single area, and gives its count. The smallest and largest value are never given.

    A mean of zeros and ones, and of rates with their units, is a share: the rule of the share holds for it. Rows
    without a value are counted, and those counts are protected, too.
    Gaps are shown only where the total and the rows
    without an area are too: with one of them hidden they would give it away. How areas differ, for the intervals, is
    taken from the groups that are shown; of fewer than `rule.min_attribute` areas no interval is shown, and others are
    rounded outwards: sizes of areas are known, and with them an exact interval of two areas gives the figures of both.

    Examples
    --------
    >>> schools = pd.DataFrame({"group": ["a", "a", "b"], "passed": [40, 30, 80], "pupils": [50, 50, 90]})
    >>> summarise(schools, "group", "passed", of="pupils").table[["group", "units", "share"]].round(1)
       group  units  share
    0  total  190.0   78.9
    1      a  100.0   70.0
    2      b   90.0   88.9
    """
    by = [by] if isinstance(by, str) else list(dict.fromkeys(by))
    how = replace(options or SummariseOptions(), **given)
    rule, of, area = rule or DisclosureRule(), how.of, how.area
    _check_columns(data, [*by, value, *(name for name in (of, how.weight, area) if name)], (of, how.weight))
    _check_settings(how.level, how.quantiles)
    kind = how.kind or ("share" if of or pd.api.types.is_bool_dtype(data[value].dtype) else "mean")
    counted = {name: _numbers(data, name) for name in (of, how.weight) if name}
    if kind == "share" and of:
        counted[value] = _numbers(data, value)
    labels = _labels(data, by, area)
    apart = labels.isin((UNDECIDED, UNMATCHED)).all(axis=1).to_numpy() & _open_area(data, area)
    totals = _find_totals(data, counted, apart, value if kind == "mean" else "")
    said: tuple[Note, ...] = (_say_totals(data, totals),) if totals.any() else ()
    data, labels = data[~totals], labels[~totals]
    said += say_unlike_units(data.index, {name: figures[~totals] for name, figures in counted.items()})
    weighing = of or how.weight
    units = _numbers(data, weighing) if weighing else np.ones(len(data))
    values = _numbers(data, value)
    seen = _seen(data, kind, value, units, values, how)
    areas = _label(data[area]).to_numpy(object) if area else np.arange(len(data)).astype(str).astype(object)
    sums = values if kind == "share" and of else values * units
    variable = Variable(kind, units[seen], sums[seen], areas[seen])
    own = labels[seen].reset_index(drop=True)
    paths = [(name,) for name in by]
    counted_in = attribute_behind(values[seen], variable.units) if kind == "mean" else None
    shield = protect(own, paths, statistic=kind if counted_in is None else "share", units=variable.units,
                     values=variable.sums if counted_in is None else counted_in,
                     rule=rule, earlier=earlier) if protected else None  # fmt: skip
    if shield:  # an interval tells of the squares of what it is made from: rows of hidden groups stay out
        rates = 0.0 if counted_in is None else 1.0 if values[seen].max() <= 1 else 100.0
        variable = replace(variable, told=tell_rows(own, shield), least=rule.min_attribute, rates=rates)
    rows = _rows(variable, labels, own, how)
    table = _describe(rows, labels, areas, seen, names_beside(data, by) if how.names is None else how.names)
    if shield:
        table = hide_missing(table, labels[~seen], paths, rule)
    table = _hide(table, shield, rule, how.quantiles)
    least = rule.min_attribute if shield else 0
    notes = (*said, *say_rows(shield, table, seen, units, weighing, least))
    if counted_in is not None:
        notes += (Note("mean_is_a_share"),)
    made = Summary(_tidy(table), shield.audit if shield else None, kind, value, notes, shield, is_synthetic(data))
    return _mark(made) if made.synthetic else made


def _seen(
    data: pd.DataFrame, kind: Kind, value: str, units: Floats, values: Floats, how: SummariseOptions
) -> npt.NDArray[np.bool_]:
    """Tell which rows have a value; refuse figures that are no counts, and a table without a value."""
    faults = check_figures(kind, units, values if how.of or kind == "mean" else values * units,
                           names=(how.of or how.weight or "units", value), rows=data.index)  # fmt: skip
    if faults:
        raise InputError(faults)
    seen: npt.NDArray[np.bool_] = np.isfinite(values) & np.isfinite(units)
    if not seen.any():
        raise InputError(Fault("no row with a value", f"column {value}", hint="Name another column with --value."))
    return seen


def _rows(variable: Variable, labels: pd.DataFrame, own: pd.DataFrame, how: SummariseOptions) -> pd.DataFrame:
    """Estimate the total and every group; `own`: the labels of the rows with a value."""
    everyone = np.ones(len(own), bool)
    rows = [_row(TOTAL, TOTAL, variable, (everyone, ~everyone), how.level, how.quantiles)]
    for name in labels:
        placed = (own[name] != UNMATCHED).to_numpy()
        for group in _order(labels[name]):
            inside = (own[name] == group).to_numpy()
            rest = ~inside & placed & (group != UNMATCHED)
            rows.append(_row(str(name), group, variable, (inside, rest), how.level, how.quantiles))
    return pd.DataFrame(rows)


def _mark(made: Summary) -> Summary:
    """Say in the table and its audit that the figures are made up."""
    audit = None if made.audit is None else made.audit.assign(synthetic=True)
    return replace(made, table=made.table.assign(synthetic=True), audit=audit)


def _tidy(table: pd.DataFrame) -> pd.DataFrame:
    """Take away what a float64 adds to a decimal number: 58.40000000000001."""
    floats = table.select_dtypes("float64").columns
    return table.assign(**{name: [float(f"{cell:.12g}") for cell in table[name]] for name in floats})


def _labels(data: pd.DataFrame, by: list[str], area: str | None) -> pd.DataFrame:
    """Give the groups of the rows; what has no group for want of an area is "unmatched"."""
    labels = pd.DataFrame({name: _label(data[name]) for name in by}, index=data.index)
    lost = without_area(data, area)
    return labels if lost is None else labels.mask((labels == UNDECIDED) & lost[:, None], UNMATCHED)


def _open_area(data: pd.DataFrame, area: str | None) -> npt.NDArray[np.bool_]:
    """Tell which rows are not known to lie in an area."""
    lost = without_area(data, area)
    return np.ones(len(data), bool) if lost is None else lost


def _find_totals(
    data: pd.DataFrame, counted: dict[str, Floats], apart: npt.NDArray[np.bool_], mean: str
) -> npt.NDArray[np.bool_]:
    """Find the rows that say that they are totals; `mean`: the column whose mean is asked for.

    Raises
    ------
    InputError  rows that sum up others and do not say so
    """
    found = find_totals(data, counted, apart)
    faults = fault_of_totals(data, counted, found)
    if mean and not faults:
        figures = {mean: _numbers(data, mean)}
        faults = fault_of_totals(data, figures, find_totals(data, figures, apart, means=True))
    if faults:
        raise InputError(faults)
    return found.rows


def _say_totals(data: pd.DataFrame, totals: npt.NDArray[np.bool_]) -> Note:
    return Note("total_rows_left_out", count=totals.sum(), rows=list(data.index[totals][:3]))


def _check_columns(data: pd.DataFrame, columns: list[str], weighing: tuple[str | None, str | None]) -> None:
    hint = f"Columns there are: {', '.join(map(str, data.columns[:20]))}."
    faults = [Fault("no such column", f"column {name}", hint=hint) for name in columns if name not in data]
    twins = [name for name in dict.fromkeys(columns) if (data.columns == name).sum() > 1]
    faults += [Fault("two columns of one name", f"column {name}", hint="Rename one of them.") for name in twins]
    if all(weighing):
        hint = "The units under a share are its weight: leave --weight out."
        faults.append(Fault("both --of and --weight", hint=hint))
    if faults:
        raise InputError(faults)


def _check_settings(level: float, quantiles: Sequence[float]) -> None:
    faults = []
    if not 0 < level < 1:
        faults.append(Fault("no level of an interval", "level", "between 0 and 1", str(level), "Often 0.95."))
    faults += [
        Fault("no quantile", "quantiles", "between 0 and 1", str(share), "The median is 0.5.")
        for share in quantiles
        if not 0 < share < 1
    ]
    if faults:
        raise InputError(faults)


def _numbers(data: pd.DataFrame, name: str | None) -> Floats:
    column = data[name]
    if not (pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype)):
        raise InputError(Fault("not a column of numbers", f"column {name}", got=str(column.dtype),
                               hint="Convert it first, with missing cells as NaN."))  # fmt: skip
    return np.asarray(column.astype("Float64").to_numpy(np.float64, na_value=np.nan), dtype=np.float64)


def _label(column: pd.Series) -> pd.Series:
    """Groups as text; whole numbers without decimals; a missing or blank group is "-"."""
    text = column.astype(object).map(
        lambda cell: UNDECIDED if cell is None or pd.isna(cell) else
        str(int(cell)) if isinstance(cell, int | float | np.number) and float(cell).is_integer() else
        as_text(cell) or UNDECIDED
    )  # fmt: skip
    return text.astype(object)


def _order(labels: pd.Series) -> list[str]:
    """Groups by number, then by name; without a group and without an area last."""
    last = {UNDECIDED: 1, UNMATCHED: 2}
    return sorted(
        labels.unique(),
        key=lambda label: (last.get(label, 0), not label.isdigit(), int(label) if label.isdigit() else 0, label),
    )


def _row(
    grouping: str, group: str, variable: Variable, of: tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]],
    level: float, quantiles: Sequence[float],
) -> dict[str, object]:  # fmt: skip
    """Summarise one group, and its gap to the rest: `of` tells which rows are in it and which in the rest."""
    inside, outside = of
    one = _estimate(variable, inside, level)
    units = float(variable.units[inside].sum())
    row: dict[str, object] = {"grouping": grouping, "group": group, "units": units}
    scale = 100.0 if variable.kind == "share" else 1.0
    if variable.kind == "share":
        row["attribute"] = float(variable.sums[inside].sum())
    row |= {variable.kind: scale * one.value, "low": scale * one.low, "high": scale * one.high}
    values, weights = _spread(variable, inside)
    for share in quantiles:
        at = weighted_quantile(values, weights, share)
        # by rows, and by where it lies: one heavy row may hold most of the weight and be the smallest of all
        sides = len(values) * min(share, 1 - share), (values <= at).sum(), (values >= at).sum()
        if variable.kind == "share":
            at = blur(at, values, variable.least)
        elif variable.rates:
            at = variable.rates * blur(at / variable.rates, values / variable.rates, variable.least)
        row |= {name_quantile(share): scale * at, f"_{name_quantile(share)}": float(min(sides))}
    rest = _estimate(variable, outside, level)
    low, high = np.nan, np.nan
    if np.isfinite(one.value) and np.isfinite(rest.value):
        low, high = share_difference(one, rest) if scale == 100 else mean_difference(one, rest, level)
    return row | {"gap": scale * (one.value - rest.value), "gap_low": scale * low, "gap_high": scale * high}


def _clusters(variable: Variable, inside: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Units and sums by area."""
    number, _ = pd.factorize(variable.area[inside])
    units = np.bincount(number, variable.units[inside]).astype(np.float64)
    return units, np.bincount(number, variable.sums[inside]).astype(np.float64)


def _estimate(variable: Variable, inside: npt.NDArray[np.bool_], level: float) -> Estimate:
    units, sums = _clusters(variable, inside)
    spread = None if variable.told is None else _clusters(variable, inside & variable.told)
    estimate = estimate_share if variable.kind == "share" else estimate_mean
    return estimate(units, sums, level, spread)


def _spread(variable: Variable, inside: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """What quantiles are taken of: the shares of areas, the means of rows; with their units."""
    if variable.kind == "share":
        units, sums = _clusters(variable, inside)
    else:
        units, sums = variable.units[inside], variable.sums[inside]
    own = units > 0
    return sums[own] / units[own], units[own]


def _describe(
    table: pd.DataFrame, labels: pd.DataFrame, areas: npt.NDArray[np.object_], seen: npt.NDArray[np.bool_],
    names: pd.DataFrame | None,
) -> pd.DataFrame:  # fmt: skip
    """Put names and numbers of areas and rows beside."""
    counts = []
    for grouping, group in table[[c.GROUPING, c.GROUP]].itertuples(index=False):
        inside = np.ones(len(seen), bool) if grouping == TOTAL else (labels[grouping] == group).to_numpy()
        counts.append((len(pd.unique(areas[inside & seen])), int((inside & seen).sum()), int((inside & ~seen).sum())))
    described = pd.DataFrame(counts, columns=["areas_seen", "rows", "missing"])
    apart = {UNDECIDED: "not_classified", UNMATCHED: "without_area", TOTAL: "all_rows"}
    known = {group: (phrase(key).sv, phrase(key).en) for group, key in apart.items()}
    told: dict[tuple[str, str], tuple[str, str]] = {}
    size: dict[tuple[str, str], float] = {}
    if names is not None:
        keys = list(zip(names[c.GROUPING].astype(str), _label(names[c.GROUP]), strict=True))
        told = dict(zip(keys, zip(names[c.NAME_SV], names[c.NAME_EN], strict=True), strict=True))
        size = dict(zip(keys, names[c.AREAS], strict=True)) if c.AREAS in names else {}
    pairs = list(zip(table[c.GROUPING], table[c.GROUP], strict=True))
    text = [told.get(pair) or known.get(pair[1], (pair[1], pair[1])) for pair in pairs]
    first = pd.DataFrame(
        {c.GROUPING: table[c.GROUPING], c.GROUP: table[c.GROUP], c.NAME_SV: [one[0] for one in text],
         c.NAME_EN: [one[1] for one in text], c.AREAS: pd.array([size.get(pair) for pair in pairs], "Int64")}
    )  # fmt: skip
    return pd.concat([first, described, table.drop(columns=[c.GROUPING, c.GROUP])], axis=1)
