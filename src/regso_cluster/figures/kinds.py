"""Figures for reports, as SVG or PNG, in the colours of the page: maps, a profile chart, a flow chart."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regso_cluster.areas.edition_table import drawn_years, has_outlines, list_years
from regso_cluster.areas.shapes import load_shapes
from regso_cluster.errors import Fault, InputError
from regso_cluster.figures.formats import PICTURES
from regso_cluster.files.atomic import whole_file
from regso_cluster.files.formats import find_format
from regso_cluster.judging.profiles import country_value
from regso_cluster.maps.colours import INK, SOFT, UNKNOWN, colours_by_number, largest_group
from regso_cluster.method import Factor, Yardstick
from regso_cluster.schema import SCHEMA
from regso_cluster.schema import columns as c
from regso_cluster.words.columns import head_columns
from regso_cluster.words.texts import WORDS, say, say_unit_name, show_number

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from regso_cluster.factors.tables import FactorTable
    from regso_cluster.release.model import Release

PALE = 200  # the least part of red, green and blue of a colour that is pale
SETTINGS: dict[Any, Any] = {"svg.hashsalt": "regso_cluster", "svg.fonttype": "none"}  # of matplotlib
LINE = 0.19  # inches a line of the legend takes
LETTERS = 12  # of a legend on an inch
ABSENT = -1  # the group of an area in a year that lacks it
NAMED = 6  # areas that are named in a line


def draw_country(release: Release, grouping: str = c.COMPOSITE_GROUP, language: str = "sv") -> Figure:
    """Draw the country, each area in the colour of its group.

    Raises
    ------
    InputError  a grouping that the release does not have, or areas without outlines
    """
    shapes, colours = _coloured(release, grouping)
    figure, axis = _figure(4.4, 9.4)
    shapes.plot(ax=axis, color=colours, edgecolor=colours, linewidth=0.15)
    shapes.dissolve(c.LAN, method="coverage").boundary.plot(ax=axis, color="#6f6960", linewidth=0.35)
    axis.set_axis_off()
    axis.margins(0.01)
    _finish(figure, axis, release, _title(release, grouping, language), language)
    _legend(figure, release, grouping, language, release.areas.index)
    return figure


def draw_kommun(release: Release, kommun: str, grouping: str = c.COMPOSITE_GROUP, language: str = "sv") -> Figure:
    """Draw one kommun, each area in the colour of its group, with what lies around it.

    Raises
    ------
    InputError  a kommun without areas in the release, a grouping it does not have, or areas without outlines
    """
    shapes, colours = _coloured(release, grouping)
    own = (shapes[c.KOMMUN] == kommun).to_numpy(bool)
    if not own.any():
        hint = "Give the four digits of the kommun, e.g. 0180."
        raise InputError(Fault("no area of this kommun", kommun, hint=hint))
    figure, axis = _figure(8.0, 7.4)
    west, south, east, north = shapes[own].total_bounds
    margin = 0.04 * max(east - west, north - south)
    near = shapes.cx[west - margin : east + margin, south - margin : north + margin]
    near.plot(ax=axis, color="#ece9e2", edgecolor="#ffffff", linewidth=0.4)
    shapes[own].plot(ax=axis, color=colours[own], edgecolor="#6f6960", linewidth=0.4)
    axis.set(xlim=(west - margin, east + margin), ylim=(south - margin, north + margin))
    axis.set_axis_off()
    name = str(shapes[c.KOMMUN_NAME][own].iloc[0])
    _finish(figure, axis, release, f"{name}: {_title(release, grouping, language)}", language)
    _legend(figure, release, grouping, language, pd.Index(shapes[c.REGSO][own]))
    return figure


def draw_profile(release: Release, grouping: str = c.COMPOSITE_GROUP, language: str = "sv") -> Figure:
    """Draw each group over all factors, each factor on its own scale in its own unit, the worse side to the right.

    Raises
    ------
    InputError  a grouping that the release does not have
    """
    groups = _groups(release, grouping)
    factors, table = release.method.factors, release.table
    figure, axes = _figure(8.0, 2.2 + 0.72 * len(factors), rows=len(factors))
    limits = (release.method.measured or Yardstick()).limits
    for axis, factor in zip(axes, factors, strict=True):
        _draw_factor(axis, release, table, factor, groups, limits.get(factor.key), language)
    _finish(figure, None, release, _title(release, grouping, language), language)
    _legend(figure, release, grouping, language, release.areas.index, limit=bool(limits))
    figure.text(0.012, 0.012, WORDS["profile_scale"][language], fontsize=7, color=SOFT)
    return figure


def draw_flow(releases: Sequence[Release], grouping: str = c.COMPOSITE_GROUP, language: str = "sv") -> Figure:
    """Draw how areas flow between the groups of following years.

    Areas that never left one group are left out, since they would drown the others: the mildest group, and of clusters,
    which are no scale, the one with most areas.

    Raises
    ------
    InputError  fewer than two releases, two of one year, or a grouping that one does not have
    """
    ordered = sorted(releases, key=lambda one: one.year)
    if len({one.year for one in ordered}) < max(2, len(ordered)):
        raise InputError(Fault("a flow needs two years or more", "flow", hint="Give a release of each year, once."))
    groups = _groups(ordered[-1], grouping)
    most = largest_group(groups) if grouping == c.CLUSTER else int(groups[c.GROUP].max())
    # counts are those of each year; an area that a year lacks has nowhere to flow to or from there
    wide = pd.concat(
        {one.year: one.areas[_known(one, grouping)].astype("Int64").fillna(0) for one in ordered}, axis=1
    ).fillna(ABSENT).astype(int)  # fmt: skip
    moving = wide[(wide != most).any(axis=1)]
    figure, axis = _figure(9.0, 5.2)
    colours = {**_colours(ordered[-1], grouping), 0: UNKNOWN}
    order = sorted(set(np.unique(moving.to_numpy())) - {ABSENT}, key=lambda group: (group == 0, group))
    _draw_flow(axis, moving, order, colours)
    title = f"{_name_of(ordered[-1], grouping, language)} {ordered[0].year}–{ordered[-1].year}"
    _finish(figure, None, ordered[-1], title,
            language, synthetic=any(one.manifest["synthetic"] for one in ordered))  # fmt: skip
    _legend(figure, ordered[-1], grouping, language, None)
    name = str(groups.loc[groups[c.GROUP] == most, f"name_{language}"].iloc[0])
    left_out = show_number(len(wide) - len(moving), language, 0)
    note = say("flow_note", language, count=left_out, name=name)
    if len(some := wide.index[(wide == ABSENT).any(axis=1)]):
        note += " " + say("flow_absent", language, count=show_number(len(some), language, 0),
                          areas=", ".join(map(str, some[:NAMED])) + (" ..." if len(some) > NAMED else ""))  # fmt: skip
    figure.text(0.012, 0.012, note, fontsize=7, color=SOFT)
    return figure


def write_figure(figure: Figure, out: str | Path, settings: dict[Any, Any] | None = None, dpi: int = 200) -> Path:
    """Write a figure as SVG or PNG in one step; the same figure gives the same bytes.

    Parameters
    ----------
    figure, out : what, and where to; an existing file is replaced
    settings : of matplotlib, instead of those of maps and charts
    dpi : of a PNG

    Returns
    -------
    the file

    Raises
    ------
    InputError  another suffix, or a folder of that name

    Examples
    --------
    >>> write_figure(figure("profile", read_release(folder / "2024")), folder / "groups.png").name
    'groups.png'
    """
    import matplotlib as mpl

    out = Path(out)
    find_format(out, PICTURES)
    metadata: dict[str, Any] = (  # neither the date nor the version of matplotlib
        {"Date": None, "Creator": "regso_cluster"} if out.suffix.lower() == ".svg" else {"Software": None}
    )
    with whole_file(out) as partial, mpl.rc_context(settings or SETTINGS):
        figure.savefig(partial, dpi=dpi, metadata=metadata)
    return out


def _figure(width: float, height: float, rows: int | None = None) -> tuple[Figure, Any]:
    from matplotlib.figure import Figure as NewFigure

    figure = NewFigure(figsize=(width, height))
    return figure, figure.subplots() if rows is None else np.atleast_1d(figure.subplots(rows, 1))


def groupings_of(release: Release) -> list[str]:
    """Name the groupings that can be drawn: all that the release has groups of, those of the page first."""
    own = [str(name) for name in release.groups[c.GROUPING].unique() if name in release.areas]
    shown = SCHEMA.shown_groupings
    return [*(name for name in shown if name in own), *(name for name in own if name not in shown)]


def _known(release: Release, grouping: str) -> str:
    known = groupings_of(release)
    if grouping not in known:
        hint = (
            "Give --by one of these."
            if known
            else "This method puts areas in no groups: make a page, or draw ranks where it measures how sure they are."
        )
        raise InputError(Fault("no such grouping", release.path.name, ", ".join(known), grouping, hint))
    return grouping


def _groups(release: Release, grouping: str) -> pd.DataFrame:
    own = release.groups[release.groups[c.GROUPING] == _known(release, grouping)]
    return own[own[c.GROUP].notna()]


def _colours(release: Release, grouping: str) -> dict[int, str]:
    groups = _groups(release, grouping)
    numbers = [int(group) for group in groups[c.GROUP]]
    by_number = colours_by_number(grouping, groups, max(numbers, default=1))
    return {number: by_number[number - 1] for number in numbers}


def _coloured(release: Release, grouping: str) -> tuple[gpd.GeoDataFrame, np.ndarray[Any, Any]]:
    group = release.areas[_known(release, grouping)]
    edition = release.manifest["edition"]
    if edition is not None and not has_outlines(edition):
        drawn = list_years("and", drawn_years())
        hint = f"Outlines are at hand for RegSO {drawn} alone: draw a profile or a flow."
        raise InputError(Fault("no outlines of this edition", release.path.name, drawn, str(edition), hint))
    shapes = load_shapes(edition)
    shapes = shapes[shapes[c.REGSO].isin(group.index)].reset_index(drop=True)
    if shapes.empty:
        hint = "Outlines are at hand for the areas of RegSO alone: draw a profile or a flow."
        raise InputError(Fault("no outlines of these areas", release.path.name, hint=hint))
    found = group.reindex(shapes[c.REGSO]).map(_colours(release, grouping)).astype(object).fillna(UNKNOWN)
    return shapes, found.to_numpy(object)


def _title(release: Release, grouping: str, language: str) -> str:
    return f"{_name_of(release, grouping, language)} {release.year}"


def _name_of(release: Release, grouping: str, language: str) -> str:
    """Name a grouping: those of the page by its words, need groups by their factor, as the workbook heads them."""
    if f"grouping_{grouping}" in WORDS:
        return WORDS[f"grouping_{grouping}"][language]
    return str(head_columns([grouping], release.method)[language].iloc[0])


def _finish(
    figure: Figure, axis: Axes | None, release: Release, title: str, language: str, *, synthetic: bool | None = None
) -> None:
    """Set the title, the mark of synthetic data and the credit; places are in inches from the edges."""
    height = figure.get_figheight()
    figure.text(0.012, 1 - 0.1 / height, title, fontsize=13, fontweight="bold", color=INK, va="top", family="serif")
    made_up = bool(release.manifest["synthetic"]) if synthetic is None else synthetic
    if made_up:
        mark = WORDS["synthetic_long"][language].split(".")[0]
        figure.text(0.012, 1 - 0.38 / height, mark, fontsize=8, color="#8f1d4e", va="top", fontweight="bold")
    if axis is not None:
        figure.text(0.99, 0.012, WORDS["figure_credit"][language], fontsize=7, color=SOFT, ha="right")
    top = 0.6 if axis is not None else 0.75
    figure.subplots_adjust(left=0.02, right=0.98, top=1 - top / height)


def _legend(
    figure: Figure, release: Release, grouping: str, language: str, codes: pd.Index | None, *, limit: bool = False
) -> None:
    """Name the groups with their number of areas, among the areas shown."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    colours = _colours(release, grouping)
    shown: list[Any] = []
    own = release.areas[grouping] if codes is None else release.areas[grouping].reindex(codes)
    groups = _groups(release, grouping)
    for group, name in zip(groups[c.GROUP].astype(int), groups[f"name_{language}"], strict=True):
        count = "" if codes is None else f"\u00a0({show_number(int(own.eq(group).fillna(False).sum()), language, 0)})"
        label = textwrap.fill(f"{name}{count}", int(figure.get_figwidth() * LETTERS))  # the count never stands alone
        shown.append(Patch(facecolor=colours[group], edgecolor="#6f6960", linewidth=0.4, label=label))
    if own.isna().any():
        count = "" if codes is None else f"\u00a0({show_number(int(own.isna().sum()), language, 0)})"
        shown.append(
            Patch(facecolor=UNKNOWN, edgecolor="#6f6960", linewidth=0.4, label=f"{WORDS['undecided'][language]}{count}")
        )
    if limit:
        shown.append(Line2D([], [], color="#a0282f", linestyle="--", linewidth=1, label=WORDS["limit"][language]))
        shown.append(Line2D([], [], color=SOFT, linewidth=2, label=WORDS["country"][language]))
    longest = max(len(line) for one in shown for line in str(one.get_label()).splitlines())
    columns = max(1, min(3, int(figure.get_figwidth() * 12 / (longest + 6))))
    lines = sorted((str(one.get_label()).count("\n") + 1 for one in shown), reverse=True)
    height, rows = figure.get_figheight(), sum(lines[: -(-len(shown) // columns)])
    figure.legend(handles=shown, loc="lower left", ncols=columns, frameon=False, fontsize=8,
                  bbox_to_anchor=(0.006, 0.2 / height), borderaxespad=0, borderpad=0.2)  # fmt: skip
    figure.subplots_adjust(bottom=(rows * LINE + (0.65 if limit else 0.45)) / height)


def _draw_factor(
    axis: Axes, release: Release, table: FactorTable, factor: Factor, groups: pd.DataFrame, limit: float | None,
    language: str,
) -> None:  # fmt: skip
    """Draw the groups on the scale of one factor, with the country and the limit."""
    values = groups[c.value_of(factor.key)].astype(float)
    country = country_value(table, factor)
    colours = _colours(release, str(groups[c.GROUPING].iloc[0]))
    axis.axhline(0, color="#8a8377", linewidth=0.6, zorder=0)
    if limit is not None:
        axis.axvline(limit, color="#a0282f", linestyle="--", linewidth=1)
    if country is not None:
        axis.plot([country, country], [-0.4, 0.4], color=SOFT, linewidth=2)
    for group, value in zip(groups[c.GROUP], values, strict=True):
        if np.isfinite(value):
            axis.plot(value, 0, "o", markersize=8, color=colours[int(group)], markeredgecolor=INK, markeredgewidth=0.6)
    if factor.worse == "low":
        axis.invert_xaxis()
    unit = say_unit_name(factor, language)
    mean = say("mean_of_areas", language) if factor.averaged else ""
    axis.set_title(
        f"{getattr(factor.name, language)}, {unit}".rstrip(", ") + (f" ({mean})" if mean else ""),
        loc="left",
        fontsize=8.5,
        pad=2,
        color=INK,
    )
    axis.set(ylim=(-1, 1), yticks=[])
    axis.tick_params(axis="x", labelsize=7, length=2, pad=1, colors=SOFT)
    steps = axis.get_xticks()
    decimals = next((some for some in range(3) if np.allclose(steps, np.round(steps, some))), 3)
    axis.xaxis.set_major_formatter(lambda value, _: show_number(value, language, decimals))
    for side in ("top", "left", "right", "bottom"):
        axis.spines[side].set_visible(False)
    axis.figure.subplots_adjust(hspace=1.5)


def _draw_flow(axis: Axes, groups: pd.DataFrame, order: list[int], colours: dict[int, str]) -> None:
    """Draw a stack of groups a year, worst on top, and a ribbon for each pair of groups that areas went between."""
    gap = 0.03 * len(groups)
    tops: list[dict[int, float]] = []
    for year in groups:
        at, top = 0.0, {}
        for group in order:
            top[group] = at
            at += int((groups[year] == group).sum()) + gap
        tops.append(top)
    for column, (year, following) in enumerate(zip(groups, list(groups)[1:], strict=False)):
        pairs = groups.groupby([year, following]).size()
        begin, end = dict(tops[column]), dict(tops[column + 1])
        for source in order:
            for target in order:
                size = int(pairs.get((source, target), 0))
                if size:
                    _ribbon(axis, column, (begin[source], end[target]), size, colours[source], moved=source != target)
                    begin[source] += size
                    end[target] += size
    for column, year in enumerate(groups):
        for group in order:
            size = int((groups[year] == group).sum())
            if size:
                axis.bar(column, size, width=0.05, bottom=tops[column][group], color=colours[group],
                         edgecolor="#6f6960", linewidth=0.4, zorder=3)  # fmt: skip
                axis.text(column + 0.04, tops[column][group] + size / 2, str(size), fontsize=7, va="center", color=INK)
        axis.text(column, -0.5 * gap, str(year), ha="center", va="bottom", fontweight="bold", fontsize=9)
    total = max(top[order[-1]] + int((groups[year] == order[-1]).sum()) for year, top in zip(groups, tops, strict=True))
    axis.set(xlim=(-0.1, len(groups.columns) - 0.8), ylim=(total, -2.5 * gap))
    axis.set_axis_off()


def _ribbon(axis: Axes, column: int, starts: tuple[float, float], size: int, colour: str, *, moved: bool) -> None:
    x = np.linspace(0, 1, 30)
    smooth = x * x * (3 - 2 * x)
    low = starts[0] + (starts[1] - starts[0]) * smooth
    if moved and min(int(colour[at : at + 2], 16) for at in (1, 3, 5)) > PALE:
        colour = "#8a8377"  # a thin pale ribbon would not be seen
    axis.fill_between(
        column + 0.025 + 0.95 * x, low, low + size, color=colour, alpha=0.85 if moved else 0.4, linewidth=0.3
    )
