"""The views of the page: rows of `views.toml`, which the template, the scripts and the data follow."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module, resources
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from regso_cluster.release.model import Release
    from regso_cluster.years.compare import Comparison

MODULE = "views"  # of the scripts: made from the rows


@dataclass(frozen=True)
class View:
    """One view of the page.

    Parameters
    ----------
    name : in links, of its section and of its words
    script : of web/, which exports `<name>View`
    controls : "theme" and "year", which stand above it
    data : module of this folder with `describe(releases, comparisons, order)`; empty where it has no data of its own
    """

    name: str
    script: str
    controls: tuple[str, ...]
    data: str = ""


@cache
def read_views() -> tuple[View, ...]:
    """Read the rows, in the order of the tabs."""
    text = (resources.files(__package__) / "views.toml").read_text("utf-8")
    return tuple(View(**{**row, "controls": tuple(row["controls"])}) for row in tomllib.loads(text)["view"])


def write_views_module(views: Sequence[View]) -> str:
    """Write the script that gathers the views: `VIEWS`, an entry a row, with what its own script exports."""
    imports = [f'import {{ {view.name}View }} from "./{view.script}.js";' for view in views]
    rows = [
        f"  {{ name: {json.dumps(view.name)}, controls: {json.dumps(view.controls)}, ...{view.name}View }},"
        for view in views
    ]
    return "\n".join([*imports, "", "export const VIEWS = [", *rows, "];", ""])


def describe_views(releases: Sequence[Release], comparisons: Sequence[Comparison], order: pd.Index) -> dict[str, Any]:
    """Gather the data that single views bring.

    Parameters
    ----------
    releases : by rising year
    comparisons : of neighbouring releases
    order : codes of all areas

    Raises
    ------
    ValueError  two views that give an entry of one name
    """
    found: dict[str, Any] = {}
    for view in read_views():
        if view.data:
            own = import_module(f"{__package__}.{view.data}").describe(releases, comparisons, order)
            if twice := found.keys() & own.keys():
                raise ValueError(f"{view.name}: data that another view gives too: {sorted(twice)}")
            found |= own
    return found
