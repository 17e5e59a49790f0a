"""Tables written as Parquet: the same table gives the same bytes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as Parquet: the same table gives the same bytes."""
    frame.to_parquet(path, engine="pyarrow", compression="zstd", index=False)
