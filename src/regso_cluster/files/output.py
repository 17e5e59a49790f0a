"""A table on its way out: what every writer of tables is handed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from regso_cluster.method import Text
    from regso_cluster.words.notes import Language


@dataclass(frozen=True)
class Output:
    """A table on its way out, and what has to be said with it.

    Parameters
    ----------
    frame : the table, or a GeoDataFrame; its index is left out
    name : of the sheet or layer
    synthetic : the figures are made up
    texts : that have to be beside the table, for a table that is published
    headings : column, sv, en, unit, one a column: what each means; None where that is not known
    language : of yes and no in a workbook
    excel_sv : text for a Swedish Excel, see `textfiles.write_csv`
    """

    frame: pd.DataFrame
    name: str
    synthetic: bool = False
    texts: Sequence[Text] = ()
    headings: pd.DataFrame | None = None
    language: Language = "sv"
    excel_sv: bool = False

    @property
    def marked(self) -> pd.DataFrame:
        """The table with all that it says in columns: `synthetic` of made-up figures, and `note_sv`, `note_en`."""
        frame = self.frame
        if self.synthetic and not any(str(column).endswith("synthetic") for column in frame.columns):
            frame = frame.assign(synthetic=True)
        if self.texts:
            said = {"note_sv": [text.sv for text in self.texts], "note_en": [text.en for text in self.texts]}
            frame = frame.assign(**{column: " ".join(texts) for column, texts in said.items()})
        return frame


def without_geometry(frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out outlines and points, for a format that has no place for them."""
    import pandas as pd

    shaped = frame.dtypes.astype(str) == "geometry"
    return pd.DataFrame(frame.loc[:, ~shaped]) if shaped.any() else frame
