"""What the columns of a comparison mean."""

from __future__ import annotations

import pandas as pd

from regso_cluster.schema import SCHEMA, Text
from regso_cluster.words.phrases import phrase
from regso_cluster.words.texts import WORDS


def say_cause(cause: str) -> Text:
    """Give a cause in the words of the page, as it stands inside a line."""
    said = WORDS[f"cause_{cause}"]
    return Text(said["sv"], said["en"][0].lower() + said["en"][1:])


def describe_comparison(columns: list[str]) -> pd.DataFrame:
    """Say what each column of the tables of a comparison means.

    Returns
    -------
    a row a column, in the order given: column, sv, en

    Raises
    ------
    KeyError  a column that has no description: a comparison must not have one
    """
    known = SCHEMA.of_table("comparison")
    rows = []
    for column in columns:
        if column.startswith("after_"):
            said = phrase("group_after_step", cause=say_cause(column.split("_", 2)[2]))
        elif column.isdecimal():
            said = phrase("group_in_year", year=column)
        else:
            said = known[column].meaning
        rows.append((column, said.sv, said.en))
    return pd.DataFrame(rows, columns=["column", "sv", "en"])
