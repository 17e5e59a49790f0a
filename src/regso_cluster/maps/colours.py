"""The colours of maps and charts, the same on the page and in figures.

Dark is worse, pale is better, and lightness falls in even steps, so that the order also shows in grey print and to
eyes that see no red or no green; a test measures both. Kinds (clusters) are no scale: they differ in hue, none is the
dark or the pale end, and only the kind with most areas is quiet, because it is what the others stand out from.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from regso_cluster.schema import columns as c

# from the worst group on; told apart with colour-blind eyes and in grey print
COLOURS = (
    "#5d0a35",
    "#b5305f",
    "#f0a58f",
    "#f1ece4",
    "#cfdde6",
    "#8fb4cc",
    "#4f86ab",
    "#2f5d85",
    "#1d3f63",
    "#112742",
)
VALUE_COLOURS = ("#5d0a35", "#a82f62", "#e07f7d", "#f4c4a8", "#f6ecdd")  # from the worst fifth to the best
UNKNOWN = "#a6a6a6"
INK, SOFT = "#1c1b19", "#57534c"  # of titles, of what stands beside
_SCALE = ("#4a0629", "#8f1d4e", "#c4476b", "#e58377", "#f2b999", "#f3ede3")
_KINDS = ("#b8472a", "#12486b", "#e3a83f", "#1f7a70", "#a06ab4", "#9cc3e6", "#3a3a3a")
QUIET = "#e6e4df"
_PALE = "#f3ede3"


def group_colours(size: int) -> list[str]:
    """Give a colour a group, from the worst to the best; a few groups keep the warm end and the pale.

    The best group is the largest as a rule: only where there are many does it come in a dark colour.
    """
    if size <= 4:
        return [*COLOURS[: size - 1], COLOURS[3]] if size > 1 else [COLOURS[0]]
    if size <= 6:
        return list(COLOURS[:size])
    if size <= len(COLOURS):
        return [COLOURS[round(at * (len(COLOURS) - 1) / (size - 1))] for at in range(size)]
    return [COLOURS[at * len(COLOURS) // size] for at in range(size)]


def ordered_colours(size: int) -> list[str]:
    """Give a colour a class of an ordered grouping, from the worst; up to four are those of the GeoPackage's style."""
    if size <= 4:
        return group_colours(size)
    if size == len(_SCALE):
        return list(_SCALE)
    return [_between(at * (len(_SCALE) - 1) / (size - 1)) for at in range(size)]


def kind_colours(size: int, most: int | None = None) -> list[str]:
    """Give a colour a kind of areas, by number; `most` is the number of the kind with most areas, which is quiet."""
    if size > len(_KINDS):
        hues = [_between(at * (len(_KINDS) - 1) / (size - 1), _KINDS) for at in range(size)]
    else:
        hues = list(_KINDS[:size])
    return [QUIET if number == most else hue for number, hue in enumerate(hues, start=1)]


def largest_group(groups: pd.DataFrame) -> int | None:
    """Give the number of the group with most areas, the lowest of those that are as large; None where there is none."""
    if groups.empty:
        return None
    return int(groups[c.GROUP].iloc[int(np.argmax(groups[c.AREAS].to_numpy(np.int64)))])


def colours_by_number(grouping: str, groups: pd.DataFrame, highest: int) -> list[str]:
    """Give the colours of the page by group number, up to the highest: `groups` tells which cluster is the largest."""
    return kind_colours(highest, largest_group(groups)) if grouping == c.CLUSTER else ordered_colours(highest)


def map_colours(grouping: str, groups: pd.DataFrame) -> list[str]:
    """Give the colours of the map and the workbook of a release, one a row of `groups`, which are in order."""
    if grouping != c.CLUSTER or groups.empty:
        return group_colours(len(groups))
    numbers = groups[c.GROUP].astype(int).tolist()
    by_number = colours_by_number(grouping, groups, max(numbers))
    return [by_number[number - 1] for number in numbers]


def problem_colours() -> tuple[str, str]:
    """Give the colours of "beyond the limit" and "not beyond it"."""
    return "#8f1d4e", _PALE


def _between(place: float, scale: tuple[str, ...] = _SCALE) -> str:
    """Mix two neighbours of a scale; `place` 0 is its first colour."""
    low = min(int(place), len(scale) - 2)
    share = place - low
    mixed = (
        round((1 - share) * int(scale[low][at : at + 2], 16) + share * int(scale[low + 1][at : at + 2], 16))
        for at in (1, 3, 5)
    )
    return "#" + "".join(f"{part:02x}" for part in mixed)
