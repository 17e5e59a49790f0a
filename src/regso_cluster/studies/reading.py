"""How the tables of one year or of a series are read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from regso_cluster.factors.accepted import Accepted
from regso_cluster.years.borders import Borders, Outlines, read_borders


@dataclass(frozen=True)
class Reading:
    """How the tables of a series are read.

    Parameters
    ----------
    edition : of the codes; None: told from them
    deso_key : from DeSO to RegSO
    names : codes and names of the areas
    outlines : of two editions, for the year that follows one of another edition; None: codes are taken as they are
    accepted : figures that were looked at and found right, in any of the years
    sheet, decimal : as for `read_factors`

    Examples
    --------
    >>> Reading(edition=2025, decimal="point").outlines is None
    True
    """

    edition: int | None = None
    deso_key: Path | None = None
    outlines: Outlines | None = None
    accepted: Accepted | None = None
    sheet: str = ""
    decimal: str = ""
    names: Path | None = None

    @cached_property
    def borders(self) -> Borders | None:
        """The crosswalk of the outlines; built when it is first asked for."""
        return read_borders(self.outlines) if self.outlines else None
