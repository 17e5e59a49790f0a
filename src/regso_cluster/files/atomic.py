"""Files and folders that are written whole or not at all: made beside their place, then moved there in one step.

What is under way lies in a working folder beside its target, `.NAME.partial-TOKEN`, with a lock file in it. The system
lets go of the lock when the process ends, however it ends. So a later run can tell what a killed run left behind from
what a neighbour is writing now, and clears the first.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from regso_cluster.errors import Fault, InputError

_STALE_SECONDS = 24 * 3600  # where no lock tells, what is a day old is taken for a leftover
_LOCK = ".regso-cluster.lock"
_LONGEST = 180  # bytes of a target's name in that of its working folder; file systems take 255


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
    with working_folder(out) as folder:
        partial = folder / out.name
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
    with working_folder(out) as folder:
        partial = folder / out.name
        partial.mkdir()
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


@contextmanager
def working_folder(target: Path) -> Iterator[Path]:
    """Make a locked folder beside `target` for what is under way, clear those of killed runs, remove it at the end.

    Parameters
    ----------
    target : folders above it are made

    Notes
    -----
    A leftover of this machine is cleared at once, since the system has let go of its lock; of another machine on a
    shared disk, or of an earlier start of this one, after a day and only where its lock is free. Process ids take no
    part: in a container each run may have the same.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _clear_leftovers(target)
    folder, handle = _locked(target)
    try:
        yield folder
    finally:
        if handle is not None:
            os.close(handle)
        shutil.rmtree(folder, ignore_errors=True)


# --- leftovers ---


def _prefix(target: Path) -> str:
    name = target.name
    if len(os.fsencode(name)) > _LONGEST:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()[:32]
    return f".{name}.partial-"


def _machine() -> bytes:
    """Name the running system: locks hold among its processes, in every container of it."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()
    return platform.node().encode()


def _locked(target: Path) -> tuple[Path, int | None]:
    """Make a working folder and hold its lock; the handle is None where the system has no such locks."""
    while True:
        folder = target.with_name(_prefix(target) + secrets.token_hex(6))
        folder.mkdir(mode=0o700)
        try:
            handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except FileNotFoundError:  # a neighbour took the empty folder for a leftover
            continue
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if _take(handle) is False:
            os.close(handle)
            continue
        try:
            os.write(handle, _machine())
        except BaseException:
            os.close(handle)
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if (folder / _LOCK).exists():
            return folder, handle
        os.close(handle)


def _take(handle: int) -> bool | None:
    """Lock an open file: False where another holds it, None where the system or the disk has no locks."""
    try:
        import fcntl  # not everywhere
    except ImportError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _clear_leftovers(target: Path) -> None:
    """Clear what killed runs left beside `target`: every working folder there, whatever it was for."""
    prefix = _prefix(target)
    with suppress(OSError), os.scandir(target.parent) as entries:
        for entry in entries:
            if entry.name.startswith(".") and ".partial-" in entry.name:
                with suppress(OSError):
                    _clear(entry, ours=entry.name.startswith(prefix))


def _clear(entry: os.DirEntry[str], *, ours: bool) -> None:
    if not entry.is_dir(follow_symlinks=False):
        return
    folder = Path(entry.path)
    try:
        handle = os.open(folder / _LOCK, os.O_RDWR)
    except FileNotFoundError:
        # killed before it had a lock (empty: removed), or made by an early version, which had none
        old = time.time() - folder.stat().st_mtime > _STALE_SECONDS
        if ours and old:
            shutil.rmtree(folder, ignore_errors=True)
        elif ours:
            folder.rmdir()
        return
    try:
        taken = _take(handle)
        here = taken is True and os.read(handle, 256) in (_machine(), b"")
        if here or (taken is not False and time.time() - folder.stat().st_mtime > _STALE_SECONDS):
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(handle)


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
