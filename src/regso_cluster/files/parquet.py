"""Tables written as Parquet: the same table gives the same bytes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from regso_cluster.errors import Fault, InputError


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as Parquet, a GeoDataFrame as GeoParquet: the same table gives the same bytes.

    Raises
    ------
    InputError  a column of several kinds, such as text and numbers
    """
    import pyarrow as pa

    try:
        if any(str(kind) == "geometry" for kind in frame.dtypes):
            frame.to_parquet(path, compression="zstd", index=False)  # geopandas takes no engine
        else:
            frame.to_parquet(path, engine="pyarrow", compression="zstd", index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        hint = "Make it all text or all numbers."
        raise InputError(Fault("a column of mixed kinds", path.name, got=str(error)[:160], hint=hint)) from error
