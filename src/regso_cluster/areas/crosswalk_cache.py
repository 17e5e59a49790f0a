"""Keep a crosswalk on disk, so that two editions are cut by each other once.

A crosswalk is one small Parquet file, named by the hashes of its layers and rules; they stand in its metadata, beside a
hash of its content. What is damaged, or of other layers, is built anew.
"""

from __future__ import annotations

import errno
import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from regso_cluster.areas.crosswalk import Crosswalk, Rules, crosswalk_of, read_layers
from regso_cluster.files.atomic import whole_file
from regso_cluster.files.parquet import write_arrow
from regso_cluster.words.notes import Note

if TYPE_CHECKING:
    import geopandas as gpd

FORMAT = 1
_KEY = b"regso_cluster.crosswalk"
_TEXTS, _NUMBERS = (
    ["table", "old", "new", "weighted_by"],
    ["share", "of_new", "ground_m2", "residents", "covered", "dropped"],
)
_RULES = Rules()


def cached_crosswalk(
    folder: str | Path,
    old: gpd.GeoDataFrame,
    new: gpd.GeoDataFrame,
    *,
    population: gpd.GeoDataFrame | None = None,
    land: gpd.GeoDataFrame | None = None,
    rules: Rules = _RULES,
) -> Crosswalk:
    """Give the crosswalk of two layers: from the folder where it is there and whole, else built and kept there.

    Parameters
    ----------
    folder : of cached crosswalks; made where there is none
    old, new, population, land, rules : as for `build_crosswalk`

    Returns
    -------
    Crosswalk, the same to the last bit whether built or read; the last of its `notes` says what became of the cache

    Raises
    ------
    InputError  as `build_crosswalk`. A cache that cannot be read or written is no error, but a note
    """
    layers = read_layers(old, new, population=population, land=land, rules=rules)
    said = {"format": FORMAT, "sources": layers.sources, "rules": asdict(rules)}
    key = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    file = Path(folder) / f"crosswalk-{key[:16]}.parquet"
    found, why = _read(file, said)
    if found is not None:
        return replace(found, notes=(*found.notes, Note("crosswalk_cached", file=file.name)))
    crosswalk = crosswalk_of(layers, rules)
    try:
        _write(crosswalk, file, said)
        note = Note("crosswalk_kept", why=why, file=file.name)
    except OSError as error:
        note = Note("crosswalk_not_kept", why=why, error=_reason(error))
    return replace(crosswalk, notes=(*crosswalk.notes, note))


def _reason(error: OSError) -> Note:
    """Say in both languages why a file was not written; a rarer cause keeps the code of the operating system."""
    number = error.errno or 0
    if number == errno.ENOSPC:
        return Note("file_no_space")
    if number in (errno.EACCES, errno.EPERM):
        return Note("file_no_permission")
    if number == errno.EROFS:
        return Note("file_read_only")
    return Note("file_refused", code=errno.errorcode.get(number, type(error).__name__))


def _stack(crosswalk: Crosswalk) -> pd.DataFrame:
    """Put the three tables into one."""
    frame = pd.concat(
        [
            crosswalk.shares.assign(table="shares"),
            crosswalk.old.rename_axis("old").reset_index().assign(table="old"),
            crosswalk.new.rename_axis("new").reset_index().assign(table="new"),
        ],
        ignore_index=True,
    )
    return frame[_TEXTS + _NUMBERS]


def _digest(frame: pd.DataFrame, said: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode())
    for column in _TEXTS:
        digest.update("\0".join(frame[column].fillna("").astype(str)).encode())
    digest.update(np.ascontiguousarray(frame[_NUMBERS].to_numpy(dtype="<f8")).tobytes())
    return digest.hexdigest()


def _write(crosswalk: Crosswalk, file: Path, said: dict[str, Any]) -> None:
    frame = _stack(crosswalk)
    said = said | {"weighting": crosswalk.weighting, "notes": [str(note) for note in crosswalk.notes],
                   "coded": [note.as_plain() for note in crosswalk.notes]}  # fmt: skip
    said["sha256"] = _digest(frame, said)
    fields = [(name, pa.string()) for name in _TEXTS] + [(name, pa.float64()) for name in _NUMBERS]
    schema = pa.schema(fields, metadata={_KEY: json.dumps(said, ensure_ascii=False).encode()})
    table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    table = table.replace_schema_metadata(schema.metadata)
    with whole_file(file, lasting=True) as partial:
        write_arrow(table, partial)


def _read(file: Path, wanted: dict[str, Any]) -> tuple[Crosswalk | None, Note]:
    """Give the crosswalk of a file, or None and why it must be built."""
    if not file.is_file():
        return None, Note("crosswalk_built")
    try:
        table = pq.read_table(file)
        said = json.loads((table.schema.metadata or {})[_KEY])
        foreign = {key: said[key] for key in wanted} != wanted
        frame = table.to_pandas()[_TEXTS + _NUMBERS]
        whole = said.pop("sha256") == _digest(frame, said)
        crosswalk = _unstack(frame, said, wanted)
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return None, Note("crosswalk_unreadable", file=file.name, error=type(error).__name__)
    if foreign:
        return None, Note("crosswalk_foreign", file=file.name)
    return (crosswalk if whole else None), Note("crosswalk_damaged", file=file.name)


def _unstack(frame: pd.DataFrame, said: dict[str, Any], wanted: dict[str, Any]) -> Crosswalk:
    def part(name: str, columns: list[str]) -> pd.DataFrame:
        rows = frame.loc[frame["table"] == name, columns].reset_index(drop=True)
        texts = {column: rows[column].astype(str) for column in columns if column in _TEXTS[:3]}
        return rows.assign(**texts)

    side = ["ground_m2", "residents", "covered", "weighted_by"]
    return Crosswalk(
        part("shares", ["old", "new", "share", "of_new", "ground_m2", "residents"]),
        part("old", ["old", *side[:3], "dropped", side[3]]).set_index("old").rename_axis("code"),
        part("new", ["new", *side]).set_index("new").rename_axis("code"),
        str(said["weighting"]),
        dict(wanted["sources"]),
        Rules(**wanted["rules"]),
        tuple(map(Note.from_plain, said.get("coded", said["notes"]))),
    )
