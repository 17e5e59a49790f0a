"""Figures of certainty: stability by number of groups, sensitivity to choices. SVG or PNG, by matplotlib."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regso_cluster.certainty.structure import Structure
from regso_cluster.certainty.study_file import Study
from regso_cluster.figures.kinds import write_figure
from regso_cluster.words.notes import Language
from regso_cluster.words.phrases import say_phrase
from regso_cluster.words.wording import MADE_UP, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, PALE, GOOD, BAD = "#1f2a37", "#cfd6de", "#1b6e8c", "#b4532a"
SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "regso_cluster", "svg.fonttype": "path", "font.size": 9.0, "axes.edgecolor": INK,
    "axes.labelcolor": INK, "text.color": INK, "xtick.color": INK, "ytick.color": INK, "axes.spines.top": False,
    "axes.spines.right": False, "figure.facecolor": "white",
}  # fmt: skip


def _word(language: Language, key: str, **values: str | int) -> str:
    return say_phrase(language, f"study_{key}", **values)


def _new(width: float, height: float, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """Make a figure without a window."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(1, columns, squeeze=False)[0]
    return figure, list(axes)


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Write a figure as .svg or .png, whole or not at all; the same figure gives the same bytes.

    Raises
    ------
    InputError  another ending, or a folder of that name
    """
    return write_figure(figure, path, SETTINGS, dpi=160)


def draw_stability(structure: Structure, language: Language = "sv", *, synthetic: bool = False) -> Figure:
    """Draw what speaks for each number of groups, with the cut-offs of the rule; the choice is marked.

    Parameters
    ----------
    structure : from `assess_structure`
    language : of the words
    synthetic : made-up figures, which the figure then says
    """
    word = partial(_word, language)
    figure, axes = _new(8.4, 3.3, 3)
    by_k, rule = structure.by_k, structure.rule
    k = by_k.index.to_numpy()
    panels = (
        (word("scatter"), by_k["less_scatter"], by_k["gap_error"], rule.least_gap),
        (word("strength"), by_k["strength"], by_k["strength_error"], rule.strength),
        (word("jaccard"), by_k["jaccard"], None, rule.jaccard),
    )
    for axis, (title, values, error, cut) in zip(axes, panels, strict=True):
        axis.axhline(cut, color=BAD, linewidth=0.9, linestyle="--")
        spread = None if error is None else np.nan_to_num(error.to_numpy())
        axis.errorbar(k, values, yerr=spread, color=INK, linewidth=1.1, elinewidth=0.8, capsize=2)
        colours = [GOOD if stands else "white" for stands in by_k["stands"]]
        axis.scatter(k, values, c=colours, edgecolors=INK, s=26, zorder=3, linewidths=0.9)
        if structure.choice is not None:
            axis.axvspan(structure.choice - 0.4, structure.choice + 0.4, color=PALE, alpha=0.55, zorder=0)
        axis.set_title(title, fontsize=9, loc="left", pad=16)
        least = word("least", cut=_number(cut, language))
        axis.annotate(least, (0, 1), (0, 5), xycoords="axes fraction", textcoords="offset points",
                      fontsize=8, color=BAD)  # fmt: skip
        axis.set_xlabel(word("groups"))
        axis.set_xticks(k)
        axis.yaxis.set_major_formatter(lambda value, _: _number(value, language))
    axes[0].set_ylim(bottom=min(0.0, axes[0].get_ylim()[0]))
    for axis in axes[1:]:
        axis.set_ylim(0, 1.05)
    verdict = word("types", n=structure.choice) if structure.choice else word("bands")
    figure.suptitle(word("how_many", verdict=verdict) + _made_up(language, synthetic=synthetic),
                    x=0.01, ha="left", fontsize=10)  # fmt: skip
    figure.supxlabel(word("key"), x=0.99, ha="right", fontsize=8)
    return figure


def _number(value: float, language: Language) -> str:
    return f"{value:g}".replace("-", "\u2212").replace(".", "," if language == "sv" else ".")


def _made_up(language: Language, *, synthetic: bool) -> str:
    return f". {say(MADE_UP, language).partition(':')[0]}" if synthetic else ""


def draw_tornado(choices: pd.DataFrame, study: Study, language: Language = "sv", *, synthetic: bool = False) -> Figure:
    """Draw for each choice what it moves: alone, and drawn anew whatever the other choices are.

    Parameters
    ----------
    choices : of a `Sensitivity`
    study : titles of the choices
    language : of the words
    synthetic : made-up figures, which the figure then says
    """
    word = partial(_word, language)
    titles = {choice.name: say(choice.title, language) if choice.title else choice.name for choice in study.choices}
    panels = [
        (word(what), word(unit), share * choices[f"{what}_drawn{kind}"], share * choices[f"{what}_alone{kind}"])
        for what, unit, share, kind in (
            ("group", "per_cent", 100, "_areas"),
            ("cluster", "per_cent", 100, "_areas"),
            ("rank", "places", 1, ""),
        )
    ]
    shown = [panel for panel in panels if panel[2].max() > 0 or panel[3].max() > 0] or panels[:1]
    figure, axes = _new(2.9 * len(shown) + 1.8, 1.2 + 0.34 * len(choices), len(shown))
    order = np.lexsort((choices["choice"], choices["rank_drawn"].fillna(0), shown[0][2].fillna(0)))
    place = np.arange(len(order))
    names = [titles.get(name, name) for name in choices["choice"].iloc[order]]
    handles: list[Any] = []
    for axis, (title, unit, drawn, alone) in zip(axes, shown, strict=True):
        bars = axis.barh(place, drawn.iloc[order], height=0.62, color=GOOD)
        ticks = axis.plot(alone.iloc[order], place, "|", color=BAD, markersize=10, markeredgewidth=2)
        handles = [bars, *ticks]
        axis.set_yticks(place, names if axis is axes[0] else [])
        axis.set_xlim(left=0)
        axis.set_xlabel(unit)
        axis.xaxis.set_major_formatter(lambda value, _: _number(value, language))
        axis.set_title(title, fontsize=9, loc="left")
        axis.tick_params(axis="y", length=0)
    said = [word("drawn"), word("alone")]
    figure.legend(handles, said, frameon=False, fontsize=8, loc="outside lower right", ncols=2)
    title = word("depend") + _made_up(language, synthetic=synthetic)
    figure.suptitle(title, x=0.01, ha="left", fontsize=10)
    return figure
