"""The page: one HTML file that shows releases without network. `write_page` makes it; docs/page.md says how.

geometry    outlines as TopoJSON
data        releases as columns; groups, flips, history: what is said of groups and areas
words       every text, in Swedish and English; notes: what the runs and the methods say in English, in Swedish
views       which views there are: rows of views.toml
bundle      one file from many, with its content-security policy
web/        the page's own scripts and style; _libraries/ those of others
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from regso_cluster.errors import Fault, InputError
from regso_cluster.files.atomic import whole_file
from regso_cluster.page.bundle import render_page
from regso_cluster.page.data import assemble
from regso_cluster.years.compare import compare

if TYPE_CHECKING:
    from regso_cluster.release.model import Release
    from regso_cluster.years.compare import Comparison

__all__ = ["build_page", "write_page"]


def build_page(releases: Sequence[Release], comparisons: Sequence[Comparison] = ()) -> str:
    """Make the page of some releases.

    Parameters
    ----------
    releases : one a year, of one method (limits measured or frozen); any order
    comparisons : of neighbouring years, for why areas moved; may be empty

    Returns
    -------
    HTML that needs nothing besides itself; marked where a release is synthetic

    Raises
    ------
    InputError  no release, two of one year, releases of different methods, or libraries that were not fetched
    """
    ordered = sorted(releases, key=lambda one: one.year)
    check_releases(ordered)
    return render_page(assemble(ordered, comparisons))


def write_page(releases: Sequence[Release], out: str | Path, comparisons: Sequence[Comparison] | None = None) -> Path:
    """Make the page and write it in one step; an earlier page is replaced, a failed run leaves it as it was.

    Parameters
    ----------
    releases : one a year, of one method, in any order
    out : a name that ends with .html
    comparisons : of neighbouring years; None: they are made here; () leaves out why areas moved

    Returns
    -------
    the file

    Raises
    ------
    InputError  see `build_page`; a name that does not end with .html, or a folder of that name

    Examples
    --------
    >>> write_page([read_release(folder / "2023"), read_release(folder / "2024")], folder / "areas.html").name
    'areas.html'
    """
    out = check_name(out)
    if comparisons is None:
        check_releases(releases := sorted(releases, key=lambda one: one.year))
        comparisons = [compare(old, new) for old, new in pairwise(releases)]
    text = build_page(releases, comparisons)
    with whole_file(out) as partial:
        partial.write_text(text, "utf-8", newline="\n")
    return out


def check_name(out: str | Path) -> Path:
    """Refuse a name that a page cannot have, before any work.

    Raises
    ------
    InputError  a name that does not end with .html, or a folder of that name
    """
    out = Path(out)
    if out.suffix.lower() not in (".html", ".htm") or out.is_dir():
        raise InputError(Fault("not the name of a page", str(out), "a name that ends with .html", hint="Rename it."))
    return out


def check_releases(releases: Sequence[Release]) -> None:
    """Refuse releases that cannot stand on one page.

    Raises
    ------
    InputError  none, two of one year, or different methods
    """
    if not releases:
        raise InputError(Fault("no release", hint="Name at least one release."))
    years = [one.year for one in releases]
    faults = [
        Fault("two releases of one year", str(year), hint="Give one release a year: the latest revision.")
        for year in sorted({year for year in years if years.count(year) > 1})
    ]
    last = releases[-1]
    faults += [
        Fault("another method", one.path.name, _name_choices(last), _name_choices(one),
              "A page says one method of all its years: make one page a method.")
        for one in releases[:-1] if _choices(one) != _choices(last)
    ]  # fmt: skip
    if faults:
        raise InputError(faults)


def _choices(release: Release) -> str:
    """Give the choices of a method by their hash: without words, the seed, and what was measured or frozen."""
    return replace(release.method, seed=0).identity


def _name_choices(release: Release) -> str:
    return f"{release.method.name} ({', '.join(release.method.keys)}; choices {_choices(release)[:8]})"
