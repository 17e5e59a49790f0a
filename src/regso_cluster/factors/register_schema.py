"""One schema for the files of a register whose types differ in form alone.

A part in which nobody has a value has no type of its own; one program writes texts as `large_string`, another as
`string_view`. Such parts are one table. Numbers in one file and texts in another are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


def common_schema(paths: Sequence[Path], files: Sequence[Path]) -> dict[str, Any]:
    """Give what `dask.dataframe.read_parquet` needs to read the files as one table.

    Parameters
    ----------
    paths : files and folders as named by the user
    files : all files in them

    Returns
    -------
    the schema, and the names of the folders where they name a column; empty where the files are of one type as they
    are, or where their types differ in more than form
    """
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.dataset as ds  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        schemas = [pq.read_schema(file) for file in files]
    except (pa.ArrowException, OSError):
        return {}  # said where the files are opened
    kinds: dict[str, list[Any]] = {}
    for schema in schemas:
        for field in schema:
            kinds.setdefault(field.name, []).append(field.type)
    common: dict[str, Any] = {}
    for name, types in kinds.items():
        held = [kind for kind in types if not pa.types.is_null(kind)]
        distinct = set(map(_plain, held)) if len(set(held)) > 1 else set(held)
        if len(distinct) > 1 or len({name for schema in schemas for name in schema.names}) > 10_000:
            return {}
        kind = next(iter(distinct), pa.null())
        common[name] = _plain(kind) if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind) else kind
    if all(common[name] == kind for name, types in kinds.items() for kind in types):
        return {}
    folders = _folders(paths, files)
    if folders is None or set(folders) & set(common):
        return {}
    schema = pa.schema([*common.items(), *folders.items()])
    return {
        "schema": schema,
        **({"partitioning": ds.partitioning(pa.schema(folders), flavor="hive")} if folders else {}),
    }


def _plain(kind: Any) -> Any:
    """Give the type that a text has in every program; of categories, that of what they hold."""
    import pyarrow as pa  # noqa: PLC0415

    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    return pa.string() if text else pa.binary() if pa.types.is_binary_view(kind) else kind


def _folders(paths: Sequence[Path], files: Sequence[Path]) -> dict[str, Any] | None:
    """Name the columns in the names of folders, as `year=2024`; None where files lie in folders of other columns."""
    import pyarrow as pa  # noqa: PLC0415

    found: list[dict[str, str]] = []
    for file in files:
        root = next((path for path in paths if path in file.parents), None)
        parts = file.relative_to(root).parts[:-1] if root else ()
        found.append(dict(part.split("=", 1) for part in parts if "=" in part))
    names = list(found[0]) if found else []
    if any(list(one) != names for one in found):
        return None
    whole = {
        name: all(one[name].isdecimal() or one[name] == "__HIVE_DEFAULT_PARTITION__" for one in found) for name in names
    }
    return {name: pa.int32() if whole[name] else pa.string() for name in names}
