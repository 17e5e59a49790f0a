"""The caterpillar: every area's rank with its interval, from the worst."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from regso_cluster.delivery.exports import SYNTHETIC
from regso_cluster.errors import Fault, InputError

if TYPE_CHECKING:
    from regso_cluster.release import Release

SHOWN = 80


def draw_rank_intervals(release: Release, path: str | Path, *, first: int = SHOWN) -> Path:
    """Draw the interval of the rank of the worst areas into a picture: .png or .svg.

    Parameters
    ----------
    release : with intervals of the rank
    path : where to; an existing picture is replaced in one step
    first : how many areas, from the worst; each gets a line with its name and kommun

    Raises
    ------
    InputError  another kind of file, or a release without intervals
    """
    path = Path(path)
    if path.suffix.lower() not in (".png", ".svg"):
        raise InputError(
            Fault("unknown kind of picture", str(path), ".png or .svg", path.suffix, "Choose one of these.")
        )
    from matplotlib.figure import Figure

    areas = release.areas
    if "index_rank_low" not in areas or not areas["index_rank_low"].notna().any():
        hint = "Classify with a section [certainty] and factors that have counts."
        raise InputError(Fault("no intervals of the rank", str(release.path), hint=hint))
    chosen = areas[areas["index_rank"].notna()].sort_values("index_rank", kind="stable").head(first)
    rank, low, high = (
        chosen[column].to_numpy(np.float64) for column in ("index_rank", "index_rank_low", "index_rank_high")
    )
    place = np.arange(len(chosen))
    figure = Figure(figsize=(8.3, 1.9 + 0.155 * len(chosen)), layout="constrained")
    axes = figure.add_subplot()
    colours = {"core": "#7b1e3a", "edge": "#c96f2e", "undecided": "#8a8a8a"}
    said = chosen["how_sure"].to_numpy(str) if "how_sure" in chosen else np.full(len(chosen), "core")
    labels = {"core": "säker grupp", "edge": "nära gränsen", "undecided": "osäker grupp"}
    for word, colour in colours.items():
        inside = said == word
        if inside.any():
            axes.hlines(place[inside], low[inside], high[inside], color=colour, linewidth=2, label=labels[word])
            axes.plot(rank[inside], place[inside], "o", color=colour, markersize=3.5)
    where = chosen["kommun_name"].fillna("") if "kommun_name" in chosen else chosen["name"]
    names = [str(code if pd.isna(name) else name) for code, name in chosen["name"].items()]
    axes.set_yticks(
        place,
        [f"{name}, {kommun}" if kommun else name for name, kommun in zip(names, where, strict=True)],
        fontsize=6.5,
    )
    axes.set_ylim(len(chosen) - 0.3, -0.7)
    axes.set_xlim(left=0)
    ranked = f"{int(areas['index_rank'].notna().sum()):,}".replace(",", "\N{NO-BREAK SPACE}")
    axes.set_xlabel(f"rang bland {ranked} områden, 1 är sämst")
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    level = release.method.certainty.level if release.method.certainty else 0.9
    title = f"{release.method.title.sv} {release.year}: de {len(chosen)} sämsta områdena"
    axes.set_title(f"{title}\nrang med {100 * level:.0f} %-intervall", loc="left", fontsize=10)
    axes.legend(frameon=False, fontsize=8, loc="upper right")
    if release.manifest["synthetic"]:
        figure.supxlabel(SYNTHETIC, fontsize=7, color="#b5305f")
    partial = path.with_name(f".{path.name}.partial{path.suffix}")
    try:
        figure.savefig(partial, dpi=150, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path
