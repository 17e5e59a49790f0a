"""What an agency's figures must be before anything is made of them: one check for all statistics, shown or hidden."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.errors import Fault
from regso_cluster.files.totals import NoUnits

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]
Statistic = Literal["count", "share", "mean"]

LARGEST_COUNT = 1e15  # beyond it a float64 no longer tells neighbouring whole numbers apart
LARGEST_VALUE = 1e100  # its square can still be summed
_NAMED = 3  # rows named in a fault; the rest are counted
_NAMED_ROWS = 20  # rows that seem to be totals


def check_figures(
    statistic: Statistic,
    units: Floats,
    values: Floats | None,
    *,
    names: tuple[str, str] = ("units", "values"),
    rows: pd.Index | None = None,
) -> list[Fault]:
    """List what is wrong with the figures of rows, each kind of fault once, with the first rows that have it.

    Parameters
    ----------
    statistic : what is made of them
    units : (n,) units that a row stands for, NaN where not known
    values : (n,) for a share the units with the attribute, for a mean the variable or its sum; NaN where not known;
        None for counts
    names : of the two, for messages
    rows : (n,) what the rows are called in messages; None: their place, from 0

    Returns
    -------
    faults: infinite numbers, units below 0 or not whole, more with the attribute than units, fewer than 0 or not whole,
    numbers that are too large to be summed
    """
    called = pd.RangeIndex(len(units)) if rows is None else rows
    kinds = _faults_of_units(units, names[0])
    if values is not None:
        kinds += _faults_of_values(statistic, units, values, names)
    return [
        Fault(what, f"column {name}", expected, _name_rows(wrong, called, say), hint)
        for what, name, expected, wrong, say, hint in kinds
        if wrong.any()
    ]


_Kind = tuple[str, str, str, Booleans, Callable[[int], str], str]


def _faults_of_units(units: Floats, name: str) -> list[_Kind]:
    def say(row: int) -> str:
        return f"{units[row]:.15g}"

    finite = np.isfinite(units)
    hint = "A row stands for so many persons: leave the cell empty where that is not known."
    whole = (
        "Units are whole persons: round them. A weight is how many units a row stands for; weights of a survey, or of "
        "parts of a person, are not supported: leave --weight out, or sum the rows first."
    )
    return [
        ("units that are no number", name, "a number from 0", np.isinf(units), say, hint),
        ("fewer units than 0", name, "a number from 0", finite & (units < 0), say, hint),
        ("units that are not whole", name, "whole numbers", finite & (units != np.round(units)), say, whole),
        ("more units than can be counted", name, f"at most {LARGEST_COUNT:,.0f}", finite & (units > LARGEST_COUNT), say,
         "Correct the cell."),
    ]  # fmt: skip


def _faults_of_values(statistic: Statistic, units: Floats, values: Floats, names: tuple[str, str]) -> list[_Kind]:
    def say(row: int) -> str:
        return f"{values[row]:.15g}" + (f" of {units[row]:.15g}" if statistic == "share" else "")

    finite = np.isfinite(values)
    correct = "Correct the cell, or leave it empty where the value is not known."
    kinds: list[_Kind] = [
        ("a value that is no number", names[1], "a finite number", np.isinf(values), say, correct),
        ("a value too large to be summed", names[1], f"at most {LARGEST_VALUE:g}",
         finite & (np.abs(values) > LARGEST_VALUE), say, correct),
    ]  # fmt: skip
    if statistic != "share":
        return kinds
    hint = f"The column of units must hold everyone, {names[1]} those of them with the attribute. Are the two swapped?"
    with np.errstate(invalid="ignore"):
        above = finite & np.isfinite(units) & (units >= 0) & (values > units)
    return [
        *kinds,
        ("fewer than 0 with the attribute", names[1], "a number from 0", finite & (values < 0), say, correct),
        ("more with the attribute than units", names[1], "at most the units of the row", above, say, hint),
        ("units with the attribute that are not whole", names[1], "whole numbers",
         finite & (values != np.round(values)), say,
         "Counts are of whole persons: give how many have the attribute, not a per cent; or take --kind mean."),
    ]  # fmt: skip


def _name_rows(wrong: Booleans, rows: pd.Index, say: Callable[[int], str]) -> str:
    """Name the first rows with what stands there, and say how many there are."""
    places = np.flatnonzero(wrong)
    named = "; ".join(f"{say(int(at))} in row {rows[at]}" for at in places[:_NAMED])
    return named if len(places) <= _NAMED else f"{named} and {len(places) - _NAMED:,} more rows"


def fault_of_totals(data: pd.DataFrame, figures: dict[str, Floats], found: NoUnits) -> list[Fault]:
    """List the rows without an area that sum up others and do not say that they are totals.

    Parameters
    ----------
    data : the table, whose index names the rows
    figures : by column, (n,) the figures that add up
    found : what `find_totals` found in it

    Returns
    -------
    a fault for each row that is the sum of others in every column, exactly or but for rounding, or their mean
    """
    hint = "Remove the row: it would count everybody twice. Where it is a unit after all, give it an area."
    names = ", ".join(map(str, figures))
    kinds = ((found.sums, "a row that equals the sum of others"), (found.doubtful, "a row that seems to sum up others"))
    return [
        Fault(what, f"row {data.index[int(at)]}, column {names}", "a unit, not a total",
              ", ".join(f"{numbers[at]:,.6g}" for numbers in figures.values()), hint)
        for rows, what in kinds for at in np.flatnonzero(rows)[:_NAMED_ROWS]
    ]  # fmt: skip
