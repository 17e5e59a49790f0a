"""A release on disk: written whole or not at all, read back, verified by its hashes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from regso_cluster.areas.edition_table import edition_years
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.tables import FactorTable
from regso_cluster.files.hashes import hash_of
from regso_cluster.files.made_up import show_table
from regso_cluster.method import Method, hash_as_written, identity_as_written, parse_method
from regso_cluster.release.declaration import Declaration, declare
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note

FORMAT = 2
READABLE = (1, FORMAT)  # in format 1 a note is its English text


@dataclass(frozen=True)
class Release:
    """A release as it lies on disk. Tables are read when they are asked for.

    Parameters
    ----------
    path : the folder
    manifest : what manifest.json holds

    Examples
    --------
    >>> release = read_release(folder / "2024")
    >>> isinstance(release, Release), release.year
    (True, 2024)
    """

    path: Path
    manifest: dict[str, Any]

    def _repr_html_(self) -> str:
        return show_table(self.groups, synthetic=bool(self.manifest["synthetic"]))

    @cached_property
    def notes(self) -> tuple[Note, ...]:
        """What a reader should know, in Swedish and English."""
        return tuple(map(Note.from_plain, self.manifest["notes"]))

    @cached_property
    def method(self) -> Method:
        """The resolved method: all limits, scales, cut points and centres filled in."""
        return parse_method((self.path / "method.toml").read_text("utf-8"), str(self.path / "method.toml"))

    @cached_property
    def areas(self) -> pd.DataFrame:
        """The classified areas, indexed by code."""
        frame = pd.read_parquet(self.path / "areas.parquet")
        return frame.set_index(frame.columns[0])

    @cached_property
    def groups(self) -> pd.DataFrame:
        """A row a group of each grouping."""
        return pd.read_parquet(self.path / "groups.parquet")

    @cached_property
    def factors(self) -> pd.DataFrame:
        """A row an area and factor."""
        return pd.read_parquet(self.path / "factors.parquet")

    @cached_property
    def lineage(self) -> pd.DataFrame | None:
        """What became of last year's clusters, a row a number; None where there was no previous release."""
        path = self.path / "lineage.parquet"
        return pd.read_parquet(path) if path.is_file() else None

    @cached_property
    def certainty(self) -> pd.DataFrame | None:
        """How sure each label is, a row an area and label; None where it was not measured."""
        path = self.path / "certainty.parquet"
        return pd.read_parquet(path) if path.is_file() else None

    @cached_property
    def table(self) -> FactorTable:
        """What was classified, read back from the release."""
        kept = [c.NAME, c.KOMMUN, c.KOMMUN_NAME, c.LAN, c.AREA_TYPE, c.POPULATION, c.STATUS]
        areas = self.areas[[column for column in kept if column in self.areas]]
        keys = list(self.method.keys)
        code = str(self.factors.columns[0])

        def wide(column: str) -> pd.DataFrame:
            pivoted = self.factors.pivot(index=code, columns=c.FACTOR, values=column)
            return pivoted.reindex(index=areas.index, columns=keys).rename_axis(columns=None)

        given, inputs = self.manifest, self.manifest["inputs"][0]
        return FactorTable(
            areas.assign(population=areas[c.POPULATION].astype("Float64").to_numpy(np.float64, na_value=np.nan)),
            wide("numerator"), wide("denominator"), wide("value"), wide("status"), given["edition"],
            inputs["name"], inputs["sha256"], (), given["synthetic"], inputs.get("origin"),
        )  # fmt: skip

    @cached_property
    def counted(self) -> FactorTable:
        """What was read: as `table`, with the rates that the counts alone give where the method shrinks them."""
        if c.VALUE_COUNTED not in self.factors:
            return self.table
        counted = self.factors.pivot(index=str(self.factors.columns[0]), columns=c.FACTOR, values=c.VALUE_COUNTED)
        value = counted.reindex(index=self.table.value.index, columns=self.table.value.columns)
        return replace(self.table, value=value.rename_axis(columns=None))

    @cached_property
    def disclosure(self) -> Declaration:
        """Whether it may be published, and why; of a release written before manifests said so, read from its counts."""
        said = self.manifest.get("disclosure")
        return Declaration.from_plain(said) if said else declare(self.counted)

    @property
    def name(self) -> str:
        """What the folder is called, also where it is given as `.` or through a link."""
        return self.path.resolve().name

    @property
    def year(self) -> int:
        """The reference year."""
        return int(self.manifest["year"])


@dataclass(frozen=True)
class Earlier:
    """An earlier release in the borders of this year's edition, from `years.borders.against`.

    Parameters
    ----------
    release : the release; None without one
    areas : its groups by code of this year; None without a release
    crosswalk : what the manifest keeps of the crosswalk; None where the codes were taken as they are
    """

    release: Release | None = None
    areas: pd.DataFrame | None = None
    crosswalk: dict[str, Any] | None = None

    @property
    def method(self) -> Method | None:
        """The method of the release, with `measured`."""
        return self.release.method if self.release else None

    @property
    def factors(self) -> pd.DataFrame | None:
        """Its counts, a row an area and factor; None through a crosswalk, which moves no figure of one area."""
        return self.release.factors if self.release and self.crosswalk is None else None


def hash_manifest(manifest: dict[str, Any]) -> str:
    """Hash what a manifest says, besides its own hash."""
    said = {key: value for key, value in manifest.items() if key != "manifest_sha256"}
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def read_release(path: str | Path, *, verify: bool = False) -> Release:
    """Open a release; with `verify` only when every hash agrees.

    Parameters
    ----------
    path : the folder of the release
    verify : whether every file is hashed first

    Returns
    -------
    the release; its tables are read when they are first used

    Raises
    ------
    InputError  not a release, a damaged manifest, one of another format, or a file that was changed

    Examples
    --------
    >>> read_release(folder / "2024", verify=True).year
    2024
    """
    path = Path(path)
    file = path / "manifest.json"
    if not file.is_file():
        hint = "A release is a folder written by `regso-cluster classify`."
        raise InputError(Fault("not a release: no manifest.json", str(path), hint=hint))
    try:
        manifest = json.loads(file.read_text("utf-8"))
        known = manifest["format"] in READABLE
        if known:
            _check_manifest(manifest)
    except (ValueError, KeyError, TypeError, RecursionError, AttributeError, IndexError) as error:
        hint = "Restore the release from a copy, or classify again."
        raise InputError(Fault("a damaged manifest", str(file), got=repr(error)[:80], hint=hint)) from error
    if not known:
        hint = "Use the version of regso_cluster that wrote it, or a later one."
        formats = " or ".join(map(str, READABLE))
        raise InputError(Fault("another format of release", str(file), formats, str(manifest["format"]), hint))
    if verify and (faults := verify_release(path)):
        raise InputError(faults)
    return Release(path, manifest)


def _check_manifest(manifest: dict[str, Any]) -> None:
    """Raise where a manifest lacks what is read from it."""
    datetime.fromisoformat(manifest["created"])
    texts = [
        manifest["method"]["name"],
        manifest["method"]["sha256"],
        manifest["inputs"][0]["name"],
        manifest["inputs"][0]["sha256"],
    ]
    texts += [*manifest["outputs"], *manifest["outputs"].values(), *map(Note.from_plain, manifest["notes"])]
    if not all(isinstance(text, str) for text in texts) or not isinstance(manifest["year"], int):
        raise TypeError("a field of another type")
    if "disclosure" in manifest:
        Declaration.from_plain(manifest["disclosure"])
    if manifest["edition"] not in (None, *edition_years()) or not isinstance(manifest["synthetic"], bool):
        raise ValueError("an edition or a mark that is none")


def verify_release(path: str | Path) -> list[Fault]:
    """Recompute the hashes of a release; give every difference, none when it is whole.

    Parameters
    ----------
    path : the folder of the release

    Returns
    -------
    a fault for each file that is missing, was added or was changed; none for a whole release

    Examples
    --------
    >>> verify_release(folder / "2024")
    []
    """
    release = read_release(path)
    faults = []
    if release.manifest.get("manifest_sha256") != hash_manifest(release.manifest):
        faults.append(Fault("a file was changed", "manifest.json", hint="Restore the release from a copy."))
    outputs: dict[str, str] = release.manifest.get("outputs", {})
    present = {file.name for file in release.path.iterdir()} - {"manifest.json"}
    hint = "Restore the release from a copy, or classify again."
    for name, expected in outputs.items():
        if name not in present or not (release.path / name).is_file():
            faults.append(Fault("a file is gone", name, hint=hint))
        elif (got := hash_of(release.path / name)) != expected:
            faults.append(Fault("a file was changed", name, expected[:12], got[:12], hint))
    faults += [
        Fault("a file that the release did not write", name, hint="Move it elsewhere.")
        for name in sorted(present - set(outputs))
    ]
    if not faults and not _is_the_method(release):
        faults.append(Fault("method.toml is not the method of the manifest", "method.toml", hint=hint))
    return faults


def _is_the_method(release: Release) -> bool:
    try:
        release.method  # noqa: B018  is it one at all?
    except InputError:
        return False
    text, said = (release.path / "method.toml").read_text("utf-8"), release.manifest["method"]
    # a release written before methods had an identity without words names the hash alone
    same = said.get("identity_sha256") in (None, identity_as_written(text))
    return same and hash_as_written(text) == str(said["sha256"])
