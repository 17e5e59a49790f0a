"""Moved to `regso_cluster.files.bounded` and `regso_cluster.files.sheets`."""

from regso_cluster.files.bounded import LIMITS, MIB, Limits, check_size, read_parquet
from regso_cluster.files.sheets import Sheet, read_sheet

__all__ = ["LIMITS", "MIB", "Limits", "Sheet", "check_size", "read_parquet", "read_sheet"]
