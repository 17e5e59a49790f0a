"""How a variable is summarised: the options of the command and of the call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypedDict

import pandas as pd

Kind = Literal["share", "mean"]


@dataclass(frozen=True)
class SummariseOptions:
    """How a variable is summarised.

    Parameters
    ----------
    of : column with the units under a share
    weight : column with the units that a row stands for; without it a row is one. Not a survey weight
    kind : None: a share where `of` is given or the column is boolean, else a mean
    area : column with the area; areas are the clusters of the intervals; None: each row by itself
    names : columns grouping, group, name_sv, name_en and perhaps areas, as `Release.groups`; None: those in columns
        `<grouping>_name` of the table, as `join` writes them
    level : of the intervals
    quantiles : between 0 and 1

    Examples
    --------
    >>> schools = pd.DataFrame({"group": ["a", "b"], "passed": [70, 80], "pupils": [100, 90]})
    >>> made = summarise(schools, "group", "passed", options=SummariseOptions(of="pupils"))
    >>> made.table["share"].round(1).tolist()
    [78.9, 70.0, 88.9]
    """

    of: str | None = None
    weight: str | None = None
    kind: Kind | None = None
    area: str | None = None
    names: pd.DataFrame | None = None
    level: float = 0.95
    quantiles: tuple[float, ...] = (0.25, 0.5, 0.75)


class SummariseChoices(TypedDict, total=False):
    """The fields of `SummariseOptions`, as `summarise` takes them one by one."""

    of: str | None
    weight: str | None
    kind: Kind | None
    area: str | None
    names: pd.DataFrame | None
    level: float
    quantiles: tuple[float, ...]
