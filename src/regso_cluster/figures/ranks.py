"""The caterpillar: every area's rank with its interval, from the worst."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from regso_cluster.errors import Fault, InputError
from regso_cluster.maps.colours import INK, SOFT
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Language, number_in
from regso_cluster.words.phrases import say_phrase
from regso_cluster.words.wording import MADE_UP

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from regso_cluster.release.model import Release

SHOWN = 80
_COLOURS = {"core": "#7b1e3a", "edge": "#c96f2e", "undecided": "#8a8a8a", "not_assessed": "#3b6ea5"}


def draw_rank_intervals(release: Release, language: Language = "sv", *, first: int = SHOWN) -> Figure:
    """Draw the interval of the rank of the worst areas.

    Parameters
    ----------
    release : with intervals of the rank
    language : of the words
    first : how many areas, from the worst; each gets a line with its name and kommun

    Raises
    ------
    InputError  a release without intervals
    """
    from matplotlib.figure import Figure as NewFigure

    areas = release.areas
    if c.INDEX_RANK_LOW not in areas or not areas[c.INDEX_RANK_LOW].notna().any():
        hint = "Classify with a section [certainty] and factors that have counts."
        raise InputError(Fault("no intervals of the rank", str(release.path), hint=hint))
    chosen = areas[areas[c.INDEX_RANK].notna()].sort_values(c.INDEX_RANK, kind="stable").head(first)
    figure = NewFigure(figsize=(8.3, 1.9 + 0.155 * len(chosen)), layout="constrained")
    axes = figure.add_subplot()
    _draw_lines(axes, chosen, language)
    _name_areas(axes, chosen)
    ranked = number_in(f"{int(areas[c.INDEX_RANK].notna().sum()):,}", language)
    axes.set_xlabel(say_phrase(language, "rank_axis", ranked=ranked))
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    level = release.method.certainty.level if release.method.certainty else 0.9
    title = f"{getattr(release.method.title, language)} {release.year}"
    headline = textwrap.fill(say_phrase(language, "rank_title", title=title, n=len(chosen)), 66)
    figure.suptitle(headline, x=0.012, ha="left", fontsize=13, fontweight="bold", color=INK, family="serif")
    axes.set_title(say_phrase(language, "rank_what", level=f"{100 * level:.0f}"), loc="left", fontsize=8, color=SOFT)
    axes.legend(frameon=False, fontsize=8, loc="upper right")
    if release.manifest["synthetic"]:
        axes.annotate(
            getattr(MADE_UP, language), (0, 1), xytext=(0, 19), xycoords="axes fraction", textcoords="offset points",
            fontsize=8, color="#8f1d4e", fontweight="bold",
        )  # fmt: skip
    return figure


def _draw_lines(axes: Axes, chosen: pd.DataFrame, language: Language) -> None:
    """Draw the interval and the rank of each area, in the colour of how sure its group is."""
    rank, low, high = (
        chosen[column].to_numpy(np.float64) for column in (c.INDEX_RANK, c.INDEX_RANK_LOW, c.INDEX_RANK_HIGH)
    )
    place = np.arange(len(chosen))
    said = chosen[c.HOW_SURE].to_numpy(str) if c.HOW_SURE in chosen else np.full(len(chosen), "not_assessed")
    for word, colour in _COLOURS.items():
        inside = said == word
        if inside.any():
            axes.hlines(
                place[inside],
                low[inside],
                high[inside],
                color=colour,
                linewidth=2,
                label=say_phrase(language, f"rank_{word}"),
            )
            axes.plot(rank[inside], place[inside], "o", color=colour, markersize=3.5)


def _name_areas(axes: Axes, chosen: pd.DataFrame) -> None:
    """Write the name and kommun of each area beside its line, the worst on top."""
    where = chosen[c.KOMMUN_NAME].fillna("") if c.KOMMUN_NAME in chosen else chosen[c.NAME]
    names = [str(code if pd.isna(name) else name) for code, name in chosen[c.NAME].items()]
    labels = [f"{name}, {kommun}" if kommun else name for name, kommun in zip(names, where, strict=True)]
    axes.set_yticks(np.arange(len(chosen)), labels, fontsize=6.5)
    axes.set_ylim(len(chosen) - 0.3, -0.7)
    axes.set_xlim(left=0)
