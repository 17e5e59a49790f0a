"""What `join` wrote beside an agency's rows: found again by any prefix, for summaries and protected tables."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.files.numbers import as_text
from regso_cluster.schema import columns as c

MATCH, CODE = "match", "code"  # the two columns that `join` always adds
REGIONS = {"regso": CODE, "kommun": "kommun", "lan": "lan"}


def joined_prefix(table: pd.DataFrame) -> str | None:
    """Find the prefix of the columns that `join` added; None where it added none, or several joins did."""
    names = {str(name) for name in table.columns}
    found = [name[: -len(MATCH)] for name in names if name.endswith(MATCH) and name[: -len(MATCH)] + CODE in names]
    return found[0] if len(found) == 1 else None


def without_area(table: pd.DataFrame, area: str | None) -> npt.NDArray[np.bool_] | None:
    """Tell which rows have no area, by the code that `join` wrote or by a column of areas; None where that is open."""
    prefix = joined_prefix(table)
    column = area if prefix is None else prefix + CODE
    return None if column is None else np.array([not as_text(cell) for cell in table[column]], dtype=np.bool_)


def names_beside(table: pd.DataFrame, by: list[str]) -> pd.DataFrame | None:
    """Give the names of groups that stand in a column `<grouping>_name`: grouping, group, name_sv, name_en.

    A group with more than one name in the table gets none. None where no grouping has such a column.
    """
    rows = []
    for grouping in by:
        if c.group_name_of(grouping) not in table:
            continue
        pairs = table[[grouping, c.group_name_of(grouping)]].dropna().astype(object).drop_duplicates()
        pairs = pairs[~pairs[grouping].duplicated(keep=False)]
        for group, said in pairs.itertuples(index=False, name=None):
            if as_text(said):
                rows.append((grouping, group, as_text(said), as_text(said)))
    return pd.DataFrame(rows, columns=[c.GROUPING, c.GROUP, c.NAME_SV, c.NAME_EN]) if rows else None
