"""Any figure of releases in one call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

from regso_cluster.errors import Fault, InputError
from regso_cluster.figures.kinds import draw_country, draw_flow, draw_kommun, draw_profile, groupings_of
from regso_cluster.figures.ranks import SHOWN, draw_rank_intervals
from regso_cluster.release.model import Release
from regso_cluster.schema import SCHEMA
from regso_cluster.words.notes import Language

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FigureKind = Literal["country", "kommun", "profile", "flow", "ranks"]


def figure(
    kind: FigureKind,
    releases: Release | Sequence[Release],
    *,
    by: str | None = None,
    kommun: str | None = None,
    language: Language = "sv",
    first: int | None = None,
) -> Figure:
    """Draw a map, a profile chart, a chart of ranks or a flow chart; `write_figure` writes it.

    Parameters
    ----------
    kind : "country" and "kommun" are maps, "profile" shows the factors of each group, "ranks" the worst areas with
        their intervals, "flow" areas that move between groups of several years
    releases : one; for "flow" one a year
    by : a grouping of the release; None: its first. Not for "ranks"
    kommun : its four digits, for the kind "kommun" alone
    language : "sv" or "en", of the words
    first : how many areas, for the kind "ranks" alone; None: 80

    Returns
    -------
    the matplotlib figure

    Raises
    ------
    InputError  an unknown kind, an argument that does not go with it, more than one release where one is drawn, a
        grouping that the release does not have, areas without outlines

    Examples
    --------
    >>> drawn = figure("profile", read_release(folder / "2024"), language="en")
    >>> write_figure(drawn, folder / "profile.svg").name
    'profile.svg'
    """
    given = [releases] if isinstance(releases, Release) else list(releases)
    if faults := _refuse(kind, given, by, kommun, first):
        raise InputError(faults)
    grouping = by or next(iter(groupings_of(given[-1])), SCHEMA.shown_groupings[0])
    if kind == "kommun":
        return draw_kommun(given[0], str(kommun), grouping, language)
    if kind == "flow":
        return draw_flow(given, grouping, language)
    if kind == "ranks":
        return draw_rank_intervals(given[0], language, first=first or SHOWN)
    return {"country": draw_country, "profile": draw_profile}[kind](given[0], grouping, language)


def _refuse(kind: str, releases: list[Release], by: str | None, kommun: str | None, first: int | None) -> list[Fault]:
    kinds = get_args(FigureKind)
    if kind not in kinds:
        return [Fault("an unknown kind of figure", got=str(kind), expected=", ".join(kinds), hint="Choose one.")]
    said = {
        "kommun goes with the kind kommun, and the kind kommun needs it": (kind == "kommun") != bool(kommun),
        "ranks draws places in the index and takes no grouping": kind == "ranks" and bool(by),
        "first goes with the kind ranks": bool(first) and kind != "ranks",
        f"{kind} draws one release": kind != "flow" and len(releases) > 1,
        "no release": not releases,
    }
    return [Fault(what, f"figure {kind}", hint="Change the arguments.") for what, wrong in said.items() if wrong]
