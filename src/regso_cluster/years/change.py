"""Why a group changed: the step of a chain of classifications at which an area left it, and the factors behind.

The chain begins with the earlier year and changes one thing at a time. The cause of a move is the step at which the
area left its old group for the last time, so that every move has one cause and the causes sum to all moves. The order
of the steps is part of the definition; another order would give other shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.factors.rates import rate
from regso_cluster.judging.problems import beyond_limit
from regso_cluster.method import Factor, Method, Text
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import number_in
from regso_cluster.words.phrases import phrase

CAUSES = ("rule", "software", "borders", "coverage", "data", "yardstick", "centres", "method")


class Step(NamedTuple):
    """What a step of the chain changed, and the group of each area after it."""

    cause: str
    groups: pd.Series


def find_causes(steps: Sequence[Step]) -> pd.DataFrame:
    """Find at which step each area left its old group.

    Parameters
    ----------
    steps : in order; the first is the earlier year (of cause "" or any), the last the later year. Groups are (n_areas,)
        each, <NA> a group of its own: undecided

    Returns
    -------
    (n_areas,) old, new, changed, cause ("" where nothing changed)
    """
    first, last = steps[0].groups, steps[-1].groups
    groups = [step.groups.astype("Int64").fillna(0).to_numpy(np.int64) for step in steps]
    changed = groups[0] != groups[-1]
    cause = np.full(len(first), "", dtype=object)
    for step, before, after in zip(steps[1:], groups, groups[1:], strict=False):
        cause[(before == groups[0]) & (after != groups[0])] = step.cause
    cause[~changed] = ""
    return pd.DataFrame(
        {"old": first.astype("Int64"), "new": last.astype("Int64"), "changed": changed, "cause": cause},
        index=first.index,
    )


def persons_to_keep(
    factor: Factor,
    method: Method,
    limit: float | npt.NDArray[np.float64],
    was: npt.NDArray[np.bool_],
    counts: pd.DataFrame,
) -> pd.Series:
    """Count the persons that would have kept each area on its old side of the limit.

    Parameters
    ----------
    factor : of counts
    limit : of the later year, in the unit of the factor; one, or (n_areas,)
    was : (n_areas,) whether the factor was a problem in the earlier year, the opposite of what it is now
    counts : (n_areas,) numerator and denominator of the later year

    Returns
    -------
    (n_areas,) Int64, by area: the least change of the numerator that does, negative where fewer; <NA> where no
    numerator would
    """
    numerator, denominator = counts[c.NUMERATOR].to_numpy(np.float64), counts[c.DENOMINATOR].to_numpy(np.float64)
    unit = float(rate(pd.Series([1.0]), pd.Series([1.0]), factor.unit).iloc[0])
    near = np.floor(limit * denominator / unit)
    best = np.full(len(counts), np.nan)
    for offset in (-1, 0, 1, 2):  # the count at the limit, and one more on each side against rounding
        trial = near + offset
        values = rate(pd.Series(trial), pd.Series(denominator), factor.unit).to_numpy(np.float64)
        ceiling = np.inf if factor.unit == "per 1000" else denominator
        fits = (trial >= 0) & (trial <= ceiling) & (beyond_limit(values, limit, factor, method.problems) == was)
        closer = fits & ~(np.abs(trial - numerator) >= np.abs(best - numerator))
        best = np.where(closer, trial, best)
    return pd.Series(best - numerator, counts.index, dtype="Float64").mask(np.isnan(best)).astype("Int64")


def explain_problems(
    moves: pd.DataFrame, method: Method, old: pd.DataFrame, new: pd.DataFrame, limits: tuple[dict[str, float], ...]
) -> pd.DataFrame:
    """Name the factors that carried each area from one composite group to another.

    Parameters
    ----------
    moves : (n_moves,) by area: old and new group; worse is a lower number
    method : of the later year
    old, new : a row an area and factor: area, factor, value, numerator, denominator, problem (boolean); `old` may have
        moved_value, the earlier value in the later borders
    limits : by factor: of the earlier and the later year, and, where it differs, where a problem ceases in the later

    Returns
    -------
    a row a move and factor that went the same way: area, factor, unit, old_value, moved_value (NaN where borders are
    not known to have changed), new_value, old_limit, new_limit, old_problem, new_problem, denominator, persons (see
    `persons_to_keep`; <NA> without counts), text_sv, text_en
    """
    rows = []
    for factor in method.factors:
        before = old[old[c.FACTOR] == factor.key].set_index(c.AREA).reindex(moves.index)
        now = new[new[c.FACTOR] == factor.key].set_index(c.AREA).reindex(moves.index)
        was, is_now = before["problem"].astype("boolean"), now["problem"].astype("boolean")
        worse = (moves["new"] < moves["old"]).fillna(False).to_numpy(bool)
        better = (moves["new"] > moves["old"]).fillna(False).to_numpy(bool)
        became = (is_now.fillna(False) & ~was.fillna(False)).to_numpy(bool)
        ceased = (was.fillna(False) & ~is_now.fillna(False)).to_numpy(bool)
        unknown = ~worse & ~better & (was.isna() != is_now.isna()).to_numpy(bool)
        rows.append(_carried(factor, method, before, now, (worse & became) | (better & ceased) | unknown, limits))
    return pd.concat(rows).sort_values([c.AREA, c.FACTOR], ignore_index=True)


def _carried(
    factor: Factor, method: Method, before: pd.DataFrame, now: pd.DataFrame, which: npt.NDArray[np.bool_],
    limits: tuple[dict[str, float], ...],
) -> pd.DataFrame:  # fmt: skip
    before, now = before[which], now[which]
    old_limit, new_limit = (limit.get(factor.key, np.nan) for limit in limits[:2])
    leave = limits[2].get(factor.key, new_limit)
    was_problem = before["problem"].astype("boolean").fillna(False).to_numpy(bool)
    found = pd.DataFrame(
        {
            c.AREA: now.index,
            c.FACTOR: factor.key,
            c.UNIT: factor.unit,
            "old_value": before[c.VALUE].to_numpy(np.float64),
            "moved_value": before["moved_value"].to_numpy(np.float64) if "moved_value" in before else np.nan,
            "new_value": now[c.VALUE].to_numpy(np.float64),
            "old_limit": old_limit,
            "new_limit": np.where(was_problem, leave, new_limit),
            "old_problem": before["problem"].astype("boolean").array,
            "new_problem": now["problem"].astype("boolean").array,
            c.DENOMINATOR: now[c.DENOMINATOR].to_numpy(np.float64),
        }
    )
    found["persons"] = pd.array([pd.NA] * len(found), dtype="Int64")
    both = (found["old_problem"].notna() & found["new_problem"].notna() & found[c.DENOMINATOR].notna()).to_numpy(bool)
    if not factor.value and both.any():
        was = found.loc[both, "old_problem"].to_numpy(bool)
        counts = now[[c.NUMERATOR, c.DENOMINATOR]][both]
        found.loc[both, "persons"] = persons_to_keep(
            factor, method, found.loc[both, "new_limit"].to_numpy(), was, counts
        ).array
    said = [_say(factor, row) for row in found.itertuples(index=False)]
    return found.assign(text_sv=[one.sv for one in said], text_en=[one.en for one in said])


def _say(factor: Factor, row: Any) -> Text:
    """Say one factor of one move."""
    said = say_change(factor, row.old_value, row.new_value, row.moved_value)
    limit, before = say_apart(row.new_limit, row.old_limit)
    said = phrase("with_limit", said=said, limit=limit)
    if not np.isnan(row.old_limit) and before != limit:
        said = phrase("with_earlier_limit", said=said, limit=before)
    if not pd.isna(row.persons):
        persons = say_persons(factor, int(row.persons), int(row.denominator))
        # of several factors one alone need not have kept the group: the limit is what is certain
        said = phrase("kept_beyond" if row.old_problem else "kept_within", said=said, persons=persons)
    return said


def say_apart(number: float, other: float) -> tuple[Text, Text]:
    """Write two numbers, with more than four digits where four do not tell them apart; equal texts: equal numbers."""
    for digits in (4, 5, 6, 8):
        said, beside = say_number(number, digits), say_number(other, digits)
        if number == other or said != beside:
            return said, beside
    return say_number(number), say_number(number)  # the last bits of one and the same limit


def say_number(number: float, figures: int = 4) -> Text:
    """Write a number of four digits with a decimal comma and with a point; a word where there is none."""
    if np.isnan(number):
        return phrase("unknown_number")
    digits = max(0, figures - 1 - max(0, int(np.floor(np.log10(abs(number) or 1.0)))))
    text = f"{number:,.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return Text(number_in(text, "sv"), text)


_UNITS = {"per cent": "unit_per_cent", "per 1000": "unit_per_1000", "share": "no_unit"}


def say_change(factor: Factor, old: float, new: float, moved: float = np.nan) -> Text:
    """Say the old and the new value of a factor; `moved` is the old one in the new borders, where it differs."""
    unit = phrase(_UNITS[factor.unit]) if factor.unit in _UNITS else Text(factor.unit, factor.unit)
    unit = factor.unit_name or unit
    before, now, between = say_number(old), say_number(new), say_number(moved)
    if np.isnan(new) and not np.isnan(old):  # the unit belongs to the value that is known
        said = phrase("changed", factor=factor.name, old=_beside(before, unit), new=now)
    else:
        said = phrase("changed", factor=factor.name, old=before, new=_beside(now, unit))
    if not np.isnan(moved) and between != before:
        said = phrase("changed_in_new_borders", said=said, moved=between)
    return said


def _beside(number: Text, unit: Text) -> Text:
    return Text(f"{number.sv} {unit.sv}".rstrip(), f"{number.en} {unit.en}".rstrip())


def say_persons(factor: Factor, persons: int, of: int) -> Text:
    """Say how many more or fewer persons of the denominator; the numerator counts them."""
    count, every = (Text(number_in(f"{one:,}", "sv"), f"{one:,}") for one in (abs(persons), of))
    said = phrase("more_of" if persons > 0 else "fewer_of", count=count, of=every)
    if factor.counted:
        return phrase("persons_counted", counted=factor.counted, persons=said)
    return phrase("persons_in_numerator", persons=said)
