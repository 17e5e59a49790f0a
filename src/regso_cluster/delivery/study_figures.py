"""Figures of certainty: stability by number of groups, sensitivity to choices. SVG or PNG, by matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regso_cluster.certainty.choices import Study
from regso_cluster.certainty.structure import Structure
from regso_cluster.errors import Fault, InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, PALE, GOOD, BAD = "#1f2a37", "#cfd6de", "#1b6e8c", "#b4532a"
SETTINGS = {
    "svg.hashsalt": "regso_cluster", "svg.fonttype": "path", "font.size": 9.0, "axes.edgecolor": INK,
    "axes.labelcolor": INK, "text.color": INK, "xtick.color": INK, "ytick.color": INK, "axes.spines.top": False,
    "axes.spines.right": False, "figure.facecolor": "white",
}  # fmt: skip


def _new(width: float, height: float, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """Make a figure without a window; says how to install matplotlib where it is not there."""
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        hint = "Install it: pip install 'regso-cluster[figures]'."
        raise InputError(Fault("matplotlib is not installed", "figure", hint=hint)) from error
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(1, columns, squeeze=False)[0]
    return figure, list(axes)


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Write a figure as .svg or .png, whole or not at all; the same figure gives the same bytes.

    Raises
    ------
    InputError  another ending
    """
    import matplotlib as mpl

    path = Path(path)
    if path.suffix not in {".svg", ".png"}:
        raise InputError(Fault("no such kind of figure", str(path), ".svg or .png", path.suffix, "Rename the file."))
    partial = path.with_name(f".{path.name}.partial{path.suffix}")
    metadata: dict[str, Any] = {"Date": None, "Creator": "regso_cluster"} if path.suffix == ".svg" else {"Software": None}
    try:
        with mpl.rc_context(SETTINGS):
            figure.savefig(partial, dpi=160, metadata=metadata)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def draw_stability(structure: Structure, *, synthetic: bool = False) -> Figure:
    """Draw what speaks for each number of groups, with the cut-offs of the rule; the choice is marked.

    Parameters
    ----------
    structure : from `assess_structure`
    synthetic : made-up figures, which the figure then says
    """
    figure, axes = _new(8.0, 3.1, 3)
    by_k, rule = structure.by_k, structure.rule
    k = by_k.index.to_numpy()
    panels = (
        ("Less scatter than in clouds", by_k["less_scatter"], by_k["gap_error"], rule.least_gap),
        ("Prediction strength", by_k["strength"], by_k["strength_error"], rule.strength),
        ("Found again, least Jaccard", by_k["jaccard"], None, rule.jaccard),
    )
    for axis, (title, values, error, cut) in zip(axes, panels, strict=True):
        axis.axhline(cut, color=BAD, linewidth=0.9, linestyle="--")
        axis.annotate(f"cut-off {cut:g}", (0.99, cut), (0, 3), xycoords=("axes fraction", "data"), fontsize=7,
                      textcoords="offset points", color=BAD, ha="right")  # fmt: skip
        spread = None if error is None else np.nan_to_num(error.to_numpy())
        axis.errorbar(k, values, yerr=spread, color=INK, linewidth=1.1, elinewidth=0.8, capsize=2)
        colours = [GOOD if stands else "white" for stands in by_k["stands"]]
        axis.scatter(k, values, c=colours, edgecolors=INK, s=26, zorder=3, linewidths=0.9)
        if structure.choice is not None:
            axis.axvspan(structure.choice - 0.4, structure.choice + 0.4, color=PALE, alpha=0.55, zorder=0)
        axis.set_title(title, fontsize=9, loc="left")
        axis.set_xlabel("number of groups")
        axis.set_xticks(k)
        axis.set_ylim(min(0.0, float(values.min()) - 0.05), 1.05)
    verdict = f"{structure.choice} types" if structure.choice else "bands, not types"
    made_up = "  SYNTHETIC DATA" if synthetic else ""
    figure.suptitle(f"How many groups? {verdict}. Filled: stands by all three.{made_up}", x=0.01, ha="left", fontsize=10)
    return figure


def draw_tornado(choices: pd.DataFrame, study: Study, *, synthetic: bool = False) -> Figure:
    """Draw for each choice the areas that change group: alone, and drawn anew whatever the other choices are.

    Parameters
    ----------
    choices : of a `Sensitivity`
    study : titles of the choices
    synthetic : made-up figures, which the figure then says
    """
    titles = {choice.name: choice.title.en if choice.title else choice.name for choice in study.choices}
    both = ("group", "Composite group"), ("cluster", "Cluster")
    shown = [(key, title) for key, title in both if (choices[[f"{key}_alone_areas", f"{key}_drawn_areas"]].max() > 0).any()]
    shown = shown or [both[0]]
    figure, axes = _new(4.3 * len(shown) + 1.6, 0.9 + 0.36 * len(choices), len(shown))
    order = choices.sort_values([f"{shown[0][0]}_drawn_areas", "choice"], na_position="first")
    place = np.arange(len(order))
    for axis, (key, title) in zip(axes, shown, strict=True):
        axis.barh(place, 100 * order[f"{key}_drawn_areas"], height=0.62, color=GOOD, label="drawn anew, mean")
        axis.plot(100 * order[f"{key}_alone_areas"], place, "|", color=BAD, markersize=10, markeredgewidth=2,
                  label="alone, most")  # fmt: skip
        axis.set_yticks(place, [titles.get(name, name) for name in order["choice"]] if axis is axes[0] else [])
        axis.set_xlim(left=0)
        axis.set_xlabel("per cent of areas that change group")
        axis.set_title(title, fontsize=9, loc="left")
        axis.tick_params(axis="y", length=0)
    axes[-1].legend(frameon=False, fontsize=8, loc="lower right")
    figure.suptitle(f"What the groups depend on{'  SYNTHETIC DATA' if synthetic else ''}", x=0.01, ha="left", fontsize=10)
    return figure
