"""A variable per group as it was summarised, and the texts that have to stand beside it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from regso_cluster.files.made_up import show_table
from regso_cluster.method import Text
from regso_cluster.statistics.disclosure import Protected
from regso_cluster.statistics.options import Kind
from regso_cluster.words.notes import Note
from regso_cluster.words.phrases import phrase

CAUTION = phrase("caution_ecological")
METHOD = {"share": phrase("intervals_share"), "mean": phrase("intervals_mean")}
SHIELDED = phrase("shielded")
UNPROTECTED = phrase("unprotected")


@dataclass(frozen=True)
class Summary:
    """A variable per group.

    Parameters
    ----------
    table : a row a group and one for the total: `grouping`, `group`, `name_sv`, `name_en`, `areas` (all of the
        group, as far as known), `areas_seen` (with a value), `rows`, `missing` (rows without a value), `units`, for a
        share `attribute` and `share` (per cent), for a mean `mean`; `low`, `high`; `median` and `q25` ...: of units for
        a mean, of areas for a share; `gap`, `gap_low`, `gap_high` to the units of the other groups that have an area;
        `hidden`; `synthetic` where the figures are made up. What is hidden is missing
    audit : what was hidden and why, not for publication; None where nothing was asked to be
    kind : "share" or "mean"
    value : the column
    notes : what was recognised and left out
    protection : Protected, or None
    synthetic : the figures are made up

    Examples
    --------
    >>> schools = pd.DataFrame({"group": ["a", "b"], "passed": [70, 80], "pupils": [100, 90]})
    >>> made = summarise(schools, "group", "passed", of="pupils")
    >>> isinstance(made, Summary), made.kind
    (True, 'share')
    """

    table: pd.DataFrame
    audit: pd.DataFrame | None
    kind: Kind
    value: str
    notes: tuple[Note, ...]
    protection: Protected | None
    synthetic: bool = False

    @property
    def texts(self) -> tuple[Text, ...]:
        """What has to stand beside the table, in Swedish and English."""
        return (CAUTION, METHOD[self.kind], SHIELDED if self.protection else UNPROTECTED)

    def _repr_html_(self) -> str:
        return show_table(self.table, synthetic=self.synthetic)
