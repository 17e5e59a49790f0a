"""Tables written as Parquet: the same table gives the same bytes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from regso_cluster.errors import Fault, InputError

_COMPRESSION: Literal["zstd"] = "zstd"


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as Parquet, a GeoDataFrame as GeoParquet: the same table gives the same bytes.

    Raises
    ------
    InputError  a column of several kinds, such as text and numbers
    """
    import pyarrow as pa

    try:
        _write(frame, path)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        hint = "Make it all text or all numbers."
        raise InputError(Fault("a column of mixed kinds", path.name, got=str(error)[:160], hint=hint)) from error


def parquet_bytes(frame: pd.DataFrame) -> bytes:
    """Give the bytes that `write_parquet` would write."""
    buffer = io.BytesIO()
    _write(frame, buffer)
    return buffer.getvalue()


def write_arrow(table: Any, path: Path) -> None:
    """Write an Arrow table with its own metadata as Parquet: the same table gives the same bytes."""
    from pyarrow import parquet

    parquet.write_table(table, path, compression=_COMPRESSION)


def _write(frame: pd.DataFrame, to: Any) -> None:
    if any(str(kind) == "geometry" for kind in frame.dtypes):
        frame.to_parquet(to, compression=_COMPRESSION, index=False)  # geopandas takes no engine
    else:
        frame.to_parquet(to, engine="pyarrow", compression=_COMPRESSION, index=False)
