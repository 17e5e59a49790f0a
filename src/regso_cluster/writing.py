"""Files and folders that are written whole or not at all: made beside their place, then moved there in one step."""

from __future__ import annotations

import glob
import json
import math
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from regso_cluster.errors import Fault, InputError

_STALE_SECONDS = 24 * 3600  # what a killed run left behind is cleared away after a day


@contextmanager
def whole_file(out: Path, *, lasting: bool = False) -> Iterator[Path]:
    """Give a path to write to, then move what stands there to `out`; an earlier file is replaced.

    Whoever reads `out` meanwhile meets all of the one file or of the other. After an error, or with nothing written,
    `out` is as it was and nothing is left behind.

    Parameters
    ----------
    out : folders above it are made; the path given has the same name, so that writers find the ending they go by
    lasting : bring the bytes to the disk first, so that `out` is whole after a power cut too
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.partial-") as folder:
        partial = Path(folder) / out.name
        yield partial
        if lasting:
            _flush(partial)
        partial.replace(out)


@contextmanager
def whole_folder(out: str | Path, what: str) -> Iterator[Path]:
    """Give a temporary folder beside `out` to write into, then move it into place: whole, or not at all.

    Raises
    ------
    InputError  `out` exists
    """
    out = Path(os.path.abspath(out))  # noqa: PTH100  # resolve() would follow a symlinked parent
    if out.exists() or out.is_symlink():
        hint = f"A {what} is never overwritten: choose another --out, or remove the folder yourself."
        raise InputError(Fault(f"the {what} folder exists", str(out), hint=hint))
    refuse_inside_a_release(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    _clear_stale(out)
    partial = out.with_name(f".{out.name}.partial-{os.getpid()}")
    partial.mkdir()
    try:
        yield partial
        for file in partial.iterdir():
            _flush(file)
        try:
            partial.rename(out)
        except OSError as error:
            if not out.exists():
                raise
            hint = f"Another run wrote it meanwhile: its {what} stands."
            raise InputError(Fault(f"the {what} folder exists", str(out), hint=hint)) from error
        _flush(out.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def refuse_inside_a_release(path: Path) -> None:
    """Refuse to write into a release: it would no longer verify.

    Raises
    ------
    InputError  a folder above `path` holds a manifest
    """
    for folder in Path(os.path.abspath(path)).parents:  # noqa: PTH100  # a symlink is judged where it stands
        if (folder / "manifest.json").is_file() and (folder / "areas.parquet").is_file():
            hint = "A release is never changed: write it elsewhere."
            raise InputError(Fault("inside the release", str(path), got=str(folder), hint=hint))


def _clear_stale(out: Path) -> None:
    for left in out.parent.glob(f".{glob.escape(out.name)}.partial-*"):
        if time.time() - left.stat().st_mtime > _STALE_SECONDS:
            shutil.rmtree(left, ignore_errors=True)


def _flush(path: Path) -> None:
    """Bring a file or folder to the disk before the move makes it count; folders cannot be opened everywhere."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)  # Windows flushes only what it may write
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def without_nan(value: Any) -> Any:
    """Give plain data with None for every number that is none, in dicts and lists at any depth: JSON has no NaN."""
    if isinstance(value, dict):
        return {key: without_nan(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def json_text(value: Any, **options: Any) -> str:
    """Write plain data as JSON that every reader takes: null for NaN and infinity; `options` are those of json.dumps.

    >>> json_text({"smallest": float("nan"), "areas": 3})
    '{"smallest": null, "areas": 3}'
    """
    return json.dumps(without_nan(value), allow_nan=False, **options)
