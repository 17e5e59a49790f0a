"""The colours of maps and charts, the same on the page and in figures.

Dark is worse, pale is better, and lightness falls in even steps, so that the order also shows in grey print and to
eyes that see no red or no green; a test measures both. Kinds (clusters) are no scale: they differ in hue, none is the
dark or the pale end, and only the kind with most areas is quiet, because it is what the others stand out from.
"""

from __future__ import annotations

from regso_cluster.delivery.geopackage import UNKNOWN, group_colours

__all__ = ["QUIET", "UNKNOWN", "kind_colours", "ordered_colours", "problem_colours"]

_SCALE = ("#4a0629", "#8f1d4e", "#c4476b", "#e58377", "#f2b999", "#f3ede3")
_KINDS = ("#b8472a", "#12486b", "#e3a83f", "#1f7a70", "#a06ab4", "#9cc3e6", "#3a3a3a")
QUIET = "#e6e4df"
_PALE = "#f3ede3"


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
