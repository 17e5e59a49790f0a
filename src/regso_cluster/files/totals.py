"""Rows that are no units: totals, subtotals, shares "of which", means, by what they are called or by what they sum to.

One such row counted as a unit doubles every figure of a summary.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.files.layout import plain_name
from regso_cluster.files.numbers import as_text, parse_numbers
from regso_cluster.words.notes import Note, name_some

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

_OTHERS = "the sum of others"  # what tells a total that has no label
_WHOLE = (
    "summa|summor|summerat|summering|totalt?|tot|totalsumma|totaler|totals|delsumma|delsummor|mellansumma|slutsumma|"
    "subtotal|sub-total|grand total|sum|s:a|s:ma|σ|∑|inalles|sammanlagt|samtliga|riket|hela riket|hela landet|"
    "hela kommunen|hela länet|hela regionen|hela sverige|medelvärde|medeltal|genomsnitt|average|overall|"
    "alla enheter|alla kommuner|alla områden|alla skolor|whole country|country total"
)
_LABEL = re.compile(
    rf"({_WHOLE})( (för )?(riket|landet|kommunen|länet|sverige|alla|samtliga|enheter|skolor|områden|kommuner))?"
    r"|(summa|totalt|delsumma|subtotal|därav|varav|of which|genomsnitt för|medelvärde för) .+|samtliga \S+|total \d{4}"
    r"|.+ (totalt|summa|subtotal)|därav|varav|(kommunen|länet|regionen|sverige|landet) (totalt|som helhet)",
)
# what names a total where a row has no area, and may be a unit or a class where it has one
_LABEL_WITHOUT_AREA = re.compile(
    r"(hela )?(kommunen|länet|regionen|landet|sverige|organisationen|förvaltningen)|alla|all|alla \S+|all \S+|"
    r"medel|mean|snitt|median|min|max|minimum|maximum|standardavvikelse|ack|ackumulerat|"
    r"(kommunen|länet|regionen|landet|riket)s? (snitt|genomsnitt|medel|medelvärde|medeltal|summa)"
)
_NO_KEY = re.compile(r"[\s.\-–—…*]*")
_FEWEST = 3  # rows with a figure that a sum is made of
_SMALLEST = 10  # smaller sums equal a unit by chance
_ROUNDED = 0.005  # the share by which rounded figures may miss their total
_MOST = 20_000  # rows without an area that are compared one by one


@dataclass(frozen=True)
class NoUnits:
    """Rows that are no units.

    Parameters
    ----------
    rows : (n,) whether a row is a total or the like
    labels : of those rows, what tells it: the label, or "the sum of others"
    sums : (n,) those of the rows that have no label
    doubtful : (n,) other rows without an area that are the sum of others but for rounding, or their mean
    """

    rows: Booleans
    labels: tuple[str, ...]
    sums: Booleans
    doubtful: Booleans

    def note(self, index: pd.Index) -> Note:
        """Say which rows are left out; `index` is their row in the file."""
        left = index[self.rows]
        rows = [Note("row_labelled", row=row, label=label) for row, label in zip(left, self.labels, strict=True)]
        return Note("totals_left_out", count=len(left), rows=name_some(rows, 5))


def find_totals(
    frame: pd.DataFrame, figures: Mapping[str, Floats] | None = None, apart: Booleans | None = None,
    within: npt.NDArray[np.object_] | None = None, *, skip: Sequence[str] = (), means: bool = False,
) -> NoUnits:  # fmt: skip
    """Find the rows that sum up others.

    Parameters
    ----------
    frame : the table, text or typed
    figures : by column, (n,) counts that add up, NaN where missing
    apart : (n,) rows without an area or group; None: none is known to be
    within : (n,) what a row without an area is a total of, where it says so (a län); "" where it does not
    skip : columns in which no label is looked for, besides those of `figures`
    means : the figures may be means: a total adds them up, or averages them

    Returns
    -------
    Rows with the label of a total in a column where most rows have none; rows without an area that are the sum of all
    others, of the rows since the last total, or of those until the next
    """
    figures = figures or {}
    apart = np.zeros(len(frame), np.bool_) if apart is None else apart
    found = _labelled(frame, {*skip, *figures}, apart)
    sums, doubtful = np.zeros(len(frame), np.bool_), np.zeros(len(frame), np.bool_)
    open_ = apart & (found == "")
    if figures and open_.any() and not any(np.isinf(column).any() for column in figures.values()):
        values = np.column_stack(list(figures.values())).astype(np.float64)
        values[found != ""] = np.nan
        sums, doubtful = find_sums(values, open_, within)
        if means:
            for column in values.T:
                doubtful |= _find_means(column, open_ & ~sums)
    found[sums] = _OTHERS
    rows = found != ""
    labels = tuple(Note("sum_of_others") if one == _OTHERS else str(one) for one in found[rows])
    return NoUnits(rows, labels, sums, doubtful & ~rows)


def find_totals_as_text(frame: pd.DataFrame, counted: Sequence[str] = (), keys: Sequence[str] = ()) -> NoUnits:
    """Find the rows that sum up others in a table whose cells are not read yet.

    Parameters
    ----------
    counted : columns of figures
    keys : columns that every unit has filled
    """
    own = [name for name in keys if name in frame.columns]
    keyless = np.full(len(frame), bool(own))
    for name in own:
        keyless &= np.array([bool(_NO_KEY.fullmatch(as_text(cell))) for cell in frame[name].array], dtype=np.bool_)
    figures = {
        name: parse_numbers(frame[name], (), ("",), decimal_comma=None).values
        for name in counted if name in frame.columns and keyless.any()
    }  # fmt: skip
    return find_totals(frame, figures, keyless, skip=counted)


def _labelled(frame: pd.DataFrame, skip: set[str], apart: Booleans) -> npt.NDArray[np.object_]:
    """Give the label of each row that is called a total; "" elsewhere."""
    found: npt.NDArray[np.object_] = np.full(len(frame), "", dtype=object)
    for place, name in enumerate(frame.columns):
        column = frame.iloc[:, place]
        if name in skip or pd.api.types.is_numeric_dtype(column.dtype):
            continue
        cells = np.array([as_text(cell) for cell in column.array], dtype=object)  # no copies of long texts
        texts = set(cells)
        known, open_ = ({text for text in texts if is_total(text, apart=one)} for one in (False, True))
        anywhere = np.array([text in known for text in cells], dtype=np.bool_)
        if 2 * anywhere.sum() >= len(frame):
            anywhere &= apart & (not anywhere.all())
        labelled = anywhere | (apart & np.array([text in open_ for text in cells], dtype=np.bool_))
        take = labelled & (found == "")
        found[take] = cells[take]
    return found if (found == "").any() else np.full(len(frame), "", dtype=object)


def find_sums(
    values: Floats, apart: Booleans, within: npt.NDArray[np.object_] | None = None
) -> tuple[Booleans, Booleans]:
    """Find rows without an area whose figures are the sums of other rows.

    Parameters
    ----------
    values : (n, n_columns) counts, NaN where missing or of no unit
    apart : (n,) the rows that are compared
    within : see `find_totals`

    Returns
    -------
    exact : (n,) the sum of all others, of those since the last such row or until the next
    rounded : (n,) other rows that are so but for what rounding makes
    """
    exact, rounded = np.zeros(len(values), np.bool_), np.zeros(len(values), np.bool_)
    rows = np.flatnonzero(apart)
    if not 0 < len(rows) <= _MOST:
        return exact, rounded
    filled = np.where(np.isfinite(values), values, 0.0)
    units = np.where(apart[:, None], 0.0, filled)
    sums = [(part.sum(axis=0), int(part.any(axis=1).sum())) for part in (units, filled)]
    for row in rows:
        less = filled[row]
        for total, count in (sums[0], (sums[1][0] - less, sums[1][1] - int(less.any()))):
            exact[row] |= count >= _FEWEST and _agree(values[row], total)
            rounded[row] |= count > _FEWEST and _agree(values[row], total, count)
        if within is not None and within[row]:
            same = units[within == within[row]]
            exact[row] |= int(same.any(axis=1).sum()) > 1 and _agree(values[row], same.sum(axis=0))
    for turn in (slice(None), slice(None, None, -1)):
        others = (apart & ~exact)[turn]
        hits, near = (_of_runs(values[turn], units[turn], others, rounded=one)[turn] for one in (False, True))
        exact, rounded = exact | hits, rounded | near
    return exact, rounded & ~exact


def say_unlike_units(index: pd.Index, figures: Mapping[str, Floats]) -> tuple[Note, ...]:
    """Say which rows are the sum of all others in two columns at least, whether they have an area or not.

    Parameters
    ----------
    index : (n,) what the rows are called
    figures : by column, (n,) counts that add up, NaN where missing; the rows that are counted as units
    """
    if len(figures) < 2 or not len(index):
        return ()
    filled = np.nan_to_num(np.column_stack(list(figures.values())).astype(np.float64), posinf=0.0, neginf=0.0)
    equal = (np.abs(2 * filled - filled.sum(axis=0)) <= 1e-9 * filled.sum(axis=0)).all(axis=1)
    differ = (np.ptp(filled, axis=1) > 0) & (filled >= _SMALLEST).all(axis=1)
    if not (equal & differ).any() or int(filled.any(axis=1).sum()) <= _FEWEST + 1:
        return ()
    return (Note("row_like_total", rows=list(index[equal & differ])),)


def _agree(own: Floats, total: Floats, rounded: int = 0) -> bool:
    """Whether the figures of a row are those of a sum; `rounded`: of so many rounded figures."""
    seen = np.isfinite(own)
    off = 1e-9 * total
    if rounded:
        off = np.where(total >= 5 * _SMALLEST, np.maximum(np.minimum(_ROUNDED * total, rounded / 2), 1.0), off)
    return bool((np.abs(own - total) <= off)[seen].all() and (total[seen] >= _SMALLEST).any())


def _of_runs(values: Floats, units: Floats, apart: Booleans, *, rounded: bool) -> Booleans:
    """Find the rows that are the sum of the rows since the last one found.

    Sums of one or two rows count where other such rows are sums of more, and nearly all of them are sums.
    """
    filled = np.where(np.isfinite(values), values, 0.0)
    running = [_running(part) for part in (units, filled)]
    rows = np.flatnonzero(apart)

    def follow(fewest: int) -> tuple[Booleans, npt.NDArray[np.int_], Booleans]:
        parts, sure, start = np.zeros(len(values), int), np.zeros(len(values), np.bool_), 0
        for row in map(int, rows):
            for sums, counts in running:
                count, total = int(counts[row] - counts[start]), sums[row] - sums[start]
                telling = len(set(total[np.isfinite(values[row]) & (total >= _SMALLEST)]))
                least = min(fewest, 2) if telling > 1 else fewest
                if count >= least and _agree(values[row], total, count if rounded else 0):
                    parts[row], sure[row], start = count, telling > 1, row + 1
                    break
        return parts > 0, parts, sure

    strict, _, sure = follow(_FEWEST)
    many = strict.sum() > 1 and 2 * strict.sum() >= len(rows)
    if rounded:
        return strict if many else np.zeros(len(values), np.bool_)
    loose, parts, _ = follow(1)
    if loose.sum() > 1 and loose.sum() >= 0.8 * len(rows) and ((parts >= _FEWEST).any() or (parts > 1).sum() > 1):
        return loose
    return strict if many else sure  # one column equals the sum of three rows by chance


def _running(part: Floats) -> tuple[Floats, Floats]:
    nothing = np.zeros((1, part.shape[1]))
    counts = np.cumsum(np.append(0, part.any(axis=1))).astype(np.float64)
    return np.concatenate([nothing, np.cumsum(part, axis=0)]), counts


def _find_means(column: Floats, apart: Booleans) -> Booleans:
    """Find rows without an area, first or last in the table, that hold the mean of all others as far as it is written.

    Three digits at least must agree: fewer agree by chance.
    """
    found = np.zeros(len(column), np.bool_)
    others = column[~apart & np.isfinite(column)]
    if len(others) < 5:
        return found
    mean, ends = float(others.mean()), {0, 1, *range(len(column) - 3, len(column))}
    for row in ends & set(np.flatnonzero(apart & np.isfinite(column)).tolist()):
        written = f"{column[row]:.6f}".rstrip("0").rstrip(".")
        places = len(written.partition(".")[2])
        digits = len(written.replace(".", "").lstrip("-0"))
        found[row] = digits >= 3 and abs(column[row] - mean) <= 0.5000001 * 10.0**-places
    return found


def is_total(text: str, *, apart: bool = False) -> bool:
    """Whether a text is what totals, subtotals and means are called, in Swedish or English.

    Parameters
    ----------
    apart : of a row without an area: "Alla" and "Sverige" are totals there, and may be classes elsewhere
    """
    plain = plain_name(text).casefold().strip(" :.*=")
    if len(plain) > 60:
        return False
    return bool(_LABEL.fullmatch(plain) or (apart and _LABEL_WITHOUT_AREA.fullmatch(plain)))
