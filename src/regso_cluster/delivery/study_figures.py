"""Figures of certainty: stability by number of groups, sensitivity to choices. SVG or PNG, by matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regso_cluster.certainty.choices import Study
from regso_cluster.certainty.structure import Structure
from regso_cluster.delivery.figures import write_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, PALE, GOOD, BAD = "#1f2a37", "#cfd6de", "#1b6e8c", "#b4532a"
SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "regso_cluster", "svg.fonttype": "path", "font.size": 9.0, "axes.edgecolor": INK,
    "axes.labelcolor": INK, "text.color": INK, "xtick.color": INK, "ytick.color": INK, "axes.spines.top": False,
    "axes.spines.right": False, "figure.facecolor": "white",
}  # fmt: skip


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


def draw_stability(structure: Structure, *, synthetic: bool = False) -> Figure:
    """Draw what speaks for each number of groups, with the cut-offs of the rule; the choice is marked.

    Parameters
    ----------
    structure : from `assess_structure`
    synthetic : made-up figures, which the figure then says
    """
    figure, axes = _new(8.4, 3.3, 3)
    by_k, rule = structure.by_k, structure.rule
    k = by_k.index.to_numpy()
    panels = (
        ("Less scatter than in clouds", by_k["less_scatter"], by_k["gap_error"], rule.least_gap),
        ("Prediction strength", by_k["strength"], by_k["strength_error"], rule.strength),
        ("Found again: least Jaccard", by_k["jaccard"], None, rule.jaccard),
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
        axis.annotate(f"at least {cut:g}", (0, 1), (0, 5), xycoords="axes fraction", textcoords="offset points",
                      fontsize=8, color=BAD)  # fmt: skip
        axis.set_xlabel("number of groups")
        axis.set_xticks(k)
    for axis in axes[1:]:
        axis.set_ylim(0, 1.05)
    verdict = f"{structure.choice} types" if structure.choice else "bands, not types"
    figure.suptitle(f"How many groups? {verdict}{_made_up(synthetic)}", x=0.01, ha="left", fontsize=10)
    figure.supxlabel("filled: stands by all three; bars: standard errors", x=0.99, ha="right", fontsize=8)
    return figure


def _made_up(synthetic: bool) -> str:
    return ". SYNTHETIC DATA" if synthetic else ""


def draw_tornado(choices: pd.DataFrame, study: Study, *, synthetic: bool = False) -> Figure:
    """Draw for each choice what it moves: alone, and drawn anew whatever the other choices are.

    Parameters
    ----------
    choices : of a `Sensitivity`
    study : titles of the choices
    synthetic : made-up figures, which the figure then says
    """
    titles = {choice.name: choice.title.en if choice.title else choice.name for choice in study.choices}
    panels = [
        (
            "Composite group or band",
            "per cent of areas",
            100 * choices["group_drawn_areas"],
            100 * choices["group_alone_areas"],
        ),
        ("Cluster", "per cent of areas", 100 * choices["cluster_drawn_areas"], 100 * choices["cluster_alone_areas"]),
        ("Rank of the index", "places, on average", choices["rank_drawn"], choices["rank_alone"]),
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
        axis.set_title(title, fontsize=9, loc="left")
        axis.tick_params(axis="y", length=0)
    labels = ["this choice drawn anew, the others as they come: mean", "this choice alone made otherwise: the most"]
    figure.legend(handles, labels, frameon=False, fontsize=8, loc="outside lower right", ncols=2)
    figure.suptitle(f"What the groups depend on{_made_up(synthetic)}", x=0.01, ha="left", fontsize=10)
    return figure
