"""The colours of maps and charts, the same on the page and in figures.

Dark is worse, pale is better, and lightness falls in even steps, so that the order also shows in grey print and to
eyes that see no red or no green; a test measures both. Kinds (clusters) differ in hue as well, since they are no scale.
"""

from __future__ import annotations

from regso_cluster.delivery.geopackage import UNKNOWN, group_colours

__all__ = ["UNKNOWN", "kind_colours", "ordered_colours", "problem_colours"]

_SCALE = ("#4a0629", "#8f1d4e", "#c4476b", "#e58377", "#f2b999", "#f3ede3")
_KINDS = ("#4a0629", "#12486b", "#b8472a", "#4c9a8c", "#e3a83f", "#b4cfe4")
_PALE = "#f3ede3"


def ordered_colours(size: int) -> list[str]:
    """Give a colour a class of an ordered grouping, from the worst; up to four are those of the GeoPackage's style."""
    if size <= 4:
        return group_colours(size)
    if size == len(_SCALE):
        return list(_SCALE)
    return [_between(at * (len(_SCALE) - 1) / (size - 1)) for at in range(size)]


def kind_colours(size: int) -> list[str]:
    """Give a colour a kind of areas; the last is pale. More kinds than there are hues get an ordered scale."""
    if size > len(_KINDS) + 1:
        return ordered_colours(size)
    return [*_KINDS[: size - 1], _PALE]


def problem_colours() -> tuple[str, str]:
    """Give the colours of "beyond the limit" and "not beyond it"."""
    return "#8f1d4e", _PALE


def _between(place: float) -> str:
    """Mix two neighbours of the scale; `place` 0 is its first colour."""
    low = min(int(place), len(_SCALE) - 2)
    share = place - low
    mixed = (
        round((1 - share) * int(_SCALE[low][at : at + 2], 16) + share * int(_SCALE[low + 1][at : at + 2], 16))
        for at in (1, 3, 5)
    )
    return "#" + "".join(f"{part:02x}" for part in mixed)
