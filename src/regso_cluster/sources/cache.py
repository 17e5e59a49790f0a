"""Answers on disk: a folder each, whole or not there, with hash, date and source beside every file.

    CACHE/tables/TAB6586-1f3a.../   metadata.json, part-000.json ..., source.json
    CACHE/shapes/regso_2025/        areas.parquet, source.json
    CACHE/unfinished/...            whole parts of what is under way; the next run goes on from them

A faulty answer reaches none of them.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regso_cluster.errors import Fault, InputError
from regso_cluster.files.atomic import whole_file, working_folder
from regso_cluster.files.hashes import hash_of
from regso_cluster.sources.client import Answer

SOURCE = "source.json"
_STALE_SECONDS = 7 * 24 * 3600  # parts that old may be of another state of the service


@dataclass(frozen=True)
class Part:
    """One answer to collect.

    Parameters
    ----------
    name : of its file
    ask : gives the answer, and raises where it is not a good one
    """

    name: str
    ask: Callable[[], Answer]


@dataclass(frozen=True)
class Kept:
    """A whole folder of the cache.

    Parameters
    ----------
    folder : where it lies
    source : what its source.json says
    fresh : fetched now, not found there
    """

    folder: Path
    source: dict[str, Any]
    fresh: bool

    def read(self, name: str) -> bytes:
        """Read one of its files."""
        return (self.folder / name).read_bytes()


def find(root: Path, name: str) -> Kept | None:
    """Give a folder of the cache whose every file is as it was written, or None."""
    folder = root / name
    source = _read_source(folder)
    if source is None or not all(_is_whole(folder / one["file"], one["sha256"]) for one in source["files"]):
        return None
    return Kept(folder, source, fresh=False)


def collect(
    root: Path, name: str, parts: Iterable[Part], about: dict[str, Any],
    finish: Callable[[Path], dict[str, Any]] | None = None,
) -> Kept:  # fmt: skip
    """Collect parts beside the cache, then move them into it in one step.

    Parameters
    ----------
    root, name : of the cache, and of the folder in it
    parts : asked in order; a part that an earlier run has kept is not asked again. They are asked for one by one, so
        that a later part may depend on an earlier answer
    about : what source.json says besides files, hashes and dates
    finish : makes other files of the parts, which then take their place; gives more to say in source.json

    Returns
    -------
    Kept

    Raises
    ------
    InputError  from a part, then the whole parts before it stay in `unfinished`; from `finish`, then they are
        forgotten. The cache is as it was
    """
    work = root / "unfinished" / name.replace("/", "-")
    if work.is_dir() and time.time() - work.stat().st_mtime > _STALE_SECONDS:
        shutil.rmtree(work)
    work.mkdir(parents=True, exist_ok=True)
    files = [_known(work, part.name) or _store(work, part) for part in parts]
    said = {"format": 1, **about, "answers": files}
    made = files
    if finish:
        try:
            said |= finish(work)
        except InputError:
            shutil.rmtree(work)  # the parts do not fit together: the next run asks anew
            raise
        names = {one["file"] for one in files} | {f"{one['file']}.{SOURCE}" for one in files}
        others = sorted(file for file in work.iterdir() if file.name not in names and not file.name.startswith("."))
        made = [{"file": file.name, "sha256": hash_of(file)} for file in others]
        for stale in names:
            (work / stale).unlink(missing_ok=True)
    said["files"] = made
    said["retrieved"] = max(one["retrieved"] for one in files)
    write_whole(work / SOURCE, _as_bytes(said))
    _move(work, root / name)
    return Kept(root / name, said, fresh=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside its place and move it there: a reader meets all of it or nothing."""
    with whole_file(path, lasting=True) as partial:
        partial.write_bytes(content)


def _move(work: Path, folder: Path) -> None:
    """Put a finished folder in the place of an older one."""
    with working_folder(folder) as space:
        old = space / "old"
        try:
            if folder.exists():
                folder.rename(old)
            work.rename(folder)
        except OSError as error:
            if old.exists() and not folder.exists():
                old.rename(folder)
            raise InputError(
                Fault("the cache cannot be written", str(folder), got=str(error)[:120], hint="Give another --cache.")
            ) from error


def _store(work: Path, part: Part) -> dict[str, Any]:
    answer = part.ask()
    known = {"file": part.name, "sha256": answer.sha256, "address": answer.address, "retrieved": answer.retrieved}
    write_whole(work / part.name, answer.content)
    write_whole(work / f"{part.name}.{SOURCE}", _as_bytes(known))
    return known


def _known(work: Path, name: str) -> dict[str, Any] | None:
    """Give what is known of a part that an earlier run kept whole."""
    try:
        known = json.loads((work / f"{name}.{SOURCE}").read_bytes())
        whole = known["file"] == name and _is_whole(work / name, known["sha256"])
        dated = isinstance(known["retrieved"], str) and isinstance(known["address"], str)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return known if whole and dated else None


def _read_source(folder: Path) -> dict[str, Any] | None:
    try:
        source = json.loads((folder / SOURCE).read_bytes())
        dated = isinstance(source["retrieved"], str) and source["format"] == 1
        named = all(isinstance(one["file"], str) and "/" not in one["file"] for one in source["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return source if dated and named else None


def _is_whole(path: Path, sha256: str) -> bool:
    return path.is_file() and hash_of(path) == sha256


def _as_bytes(said: dict[str, Any]) -> bytes:
    return (json.dumps(said, ensure_ascii=False, indent=2) + "\n").encode()
