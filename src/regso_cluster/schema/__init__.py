"""What a column of a release is and what a grouping is: one table, `columns.toml`.

    columns.toml    order, meaning, heading and role of every column; the groupings; what is shown first
    model           the table as frozen dataclasses
    columns         the name of each column as a constant, and the names made from the key of a factor
    text            a text in Swedish and English

Code names a column by its constant: `from regso_cluster.schema import columns as c`, then `areas[c.KOMMUN]`.
"""

from regso_cluster.schema.model import RELEASE, SCHEMA, Column, Grouping, Schema, Table, read_schema
from regso_cluster.schema.text import Text

__all__ = ["RELEASE", "SCHEMA", "Column", "Grouping", "Schema", "Table", "Text", "read_schema"]
