"""A release on disk: written whole or not at all, read back, verified by its hashes."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from regso_cluster._version import __version__
from regso_cluster.classification.tables import Classification
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.tables import FactorTable
from regso_cluster.files.atomic import json_text, refuse_inside_a_release, whole_file, whole_folder, without_nan
from regso_cluster.files.made_up import show_table
from regso_cluster.method import Baseline, Method, Origin, Yardstick, hash_as_written, hash_yardstick, parse_method
from regso_cluster.years.align import name_codes

FORMAT = 1
_VERSIONS = (
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "scikit-learn",
    "numba",
    "geopandas",
    "shapely",
    "pyogrio",
)


@dataclass(frozen=True)
class Release:
    """A release as it lies on disk. Tables are read when they are asked for.

    Parameters
    ----------
    path : the folder
    manifest : what manifest.json holds
    """

    path: Path
    manifest: dict[str, Any]

    def _repr_html_(self) -> str:
        return show_table(self.groups, synthetic=bool(self.manifest["synthetic"]))

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
        kept = ["name", "kommun", "kommun_name", "lan", "area_type", "population", "status"]
        areas = self.areas[[column for column in kept if column in self.areas]]
        keys = list(self.method.keys)
        code = str(self.factors.columns[0])

        def wide(column: str) -> pd.DataFrame:
            pivoted = self.factors.pivot(index=code, columns="factor", values=column)
            return pivoted.reindex(index=areas.index, columns=keys).rename_axis(columns=None)

        given, inputs = self.manifest, self.manifest["inputs"][0]
        return FactorTable(
            areas.assign(population=areas["population"].astype("Float64").to_numpy(np.float64, na_value=np.nan)),
            wide("numerator"), wide("denominator"), wide("value"), wide("status"), given["edition"],
            inputs["name"], inputs["sha256"], (), given["synthetic"], inputs.get("origin"),
        )  # fmt: skip

    @cached_property
    def counted(self) -> FactorTable:
        """What was read: as `table`, with the rates that the counts alone give where the method shrinks them."""
        if "value_counted" not in self.factors:
            return self.table
        counted = self.factors.pivot(index=str(self.factors.columns[0]), columns="factor", values="value_counted")
        value = counted.reindex(index=self.table.value.index, columns=self.table.value.columns)
        return replace(self.table, value=value.rename_axis(columns=None))

    @property
    def name(self) -> str:
        """What the folder is called, also where it is given as `.` or through a link."""
        return self.path.resolve().name

    @property
    def year(self) -> int:
        """The reference year."""
        return int(self.manifest["year"])


def write_release(
    classification: Classification,
    out: str | Path,
    *,
    previous: Release | None = None,
    revises: Release | None = None,
    crosswalk: dict[str, Any] | None = None,
    timings: dict[str, float] | None = None,
) -> Release:
    """Write a release: to a temporary folder beside `out`, then moved into place in one step.

    Killed at any moment, there is a whole release or none. An existing folder is never touched. `previous` is the
    release of an earlier year that it was made against, `revises` one of the same year that it corrects, `crosswalk`
    what `borders.Earlier` says of the crosswalk between their editions.

    Raises
    ------
    InputError  `out` exists
    OSError  the disk is full or the folder cannot be written; nothing is left behind
    """
    with whole_folder(out, "release") as partial:
        _write_tables(classification, partial)
        manifest = _manifest(classification, partial, previous, crosswalk, timings or {})
        if revises:
            manifest["revises"] = _name_release(revises)
        manifest = without_nan(manifest)
        manifest["manifest_sha256"] = _hash_of_manifest(manifest)
        (partial / "manifest.json").write_text(json_text(manifest, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return Release(Path(os.path.abspath(out)), manifest)  # noqa: PTH100  # resolve() would follow a symlinked parent


def _write_tables(classification: Classification, folder: Path) -> None:
    from regso_cluster.files.textfiles import write_csv
    from regso_cluster.maps.geopackage import write_geopackage

    areas = classification.areas
    write_parquet(areas.reset_index(), folder / "areas.parquet")
    write_csv(areas.reset_index(), folder / "areas.csv")
    write_parquet(classification.groups, folder / "groups.parquet")
    write_parquet(classification.factors, folder / "factors.parquet")
    if classification.certainty is not None:
        write_parquet(classification.certainty, folder / "certainty.parquet")
    if classification.lineage is not None:
        write_parquet(classification.lineage, folder / "lineage.parquet")
    (folder / "method.toml").write_text(classification.method.to_toml(), "utf-8", newline="\n")
    if classification.table.edition == 2025:  # the one edition whose outlines are at hand
        write_geopackage(
            areas, classification.groups, classification.method, folder / "areas.gpkg", classification.year
        )


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as Parquet: the same table gives the same bytes."""
    frame.to_parquet(path, engine="pyarrow", compression="zstd", index=False)


def _manifest(
    classification: Classification, folder: Path, previous: Release | None, crosswalk: dict[str, Any] | None,
    timings: dict[str, float],
) -> dict[str, Any]:  # fmt: skip
    table, method = classification.table, classification.method
    notes = list(classification.notes)
    if table.edition == 2020:
        notes.append("no areas.gpkg: outlines of edition 2020 are not at hand, and about 288 areas had other borders")
    if previous:
        notes += _previous_notes(classification, previous, crosswalk)
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "year": classification.year,
        "edition": table.edition,
        "synthetic": table.synthetic,
        "method": {"name": method.name, "sha256": method.hash, "seed": method.seed},
        "inputs": [
            {"name": table.source, "sha256": table.sha256} | ({"origin": table.origin} if table.origin else {}),
            *[{"name": name, "sha256": sha256, "as": "key from DeSO to RegSO"} for name, sha256 in table.deso_key],
            *[{"name": name, "sha256": sha256, "as": "names of the areas"} for name, sha256 in table.names],
        ],
        "yardstick": _describe_yardstick(method),
        "previous": None,
        "figures": classification.figures,
        "notes": notes,
        "outputs": {file.name: sha256_of(file) for file in sorted(folder.iterdir())},
        "software": {"regso_cluster": __version__, "python": platform.python_version()}
        | {name: metadata.version(name) for name in _VERSIONS},
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": {step: round(seconds, 3) for step, seconds in timings.items()},
    }
    if previous:
        manifest["previous"] = _name_release(previous)
        if published := _published(classification, previous):
            manifest["previous"]["groups"] = published
        if crosswalk:
            manifest["previous"]["crosswalk"] = {key: said for key, said in crosswalk.items() if key != "notes"}
    return manifest


def _name_release(release: Release) -> dict[str, Any]:
    sha256 = release.manifest["manifest_sha256"]
    return {"name": release.name, "year": release.year, "manifest_sha256": sha256}


def _describe_yardstick(method: Method) -> dict[str, Any]:
    """Name what areas were judged by, so that two manifests tell whether it was the same."""
    measured = method.measured or Yardstick()
    origins = {"frozen": method.frozen, "baseline": method.baseline.origin if method.baseline else None}
    described: dict[str, Any] = {"sha256": hash_yardstick(measured), "limits": measured.limits}
    return described | {name: asdict(origin) if origin else None for name, origin in origins.items()}


def freeze(release: Release, *, beside: bool = False) -> Method:
    """Make the relative quantities of a release absolute: what it measured becomes a choice of the method.

    Parameters
    ----------
    release : whose limits, scales, cut points, centres and order of clusters are to stay
    beside : keep the method's own limits, and judge every area by the release's limits too (columns `..._absolute`)

    Returns
    -------
    the method, which names the release by its hash. A release that was itself made with frozen limits gives its own
    method again: the limits stay those of the first release.

    Raises
    ------
    InputError  `beside` of a release whose limits are frozen already, or that carries others beside its own
    """
    method = release.method
    measured = method.measured or Yardstick()
    name, sha256 = release.name, release.manifest["manifest_sha256"]
    if not beside:
        origin = Origin(name, release.year, sha256, hash_yardstick(measured))
        return method if method.frozen else replace(method, frozen=origin)
    if method.frozen or method.baseline:
        earlier = method.frozen or (method.baseline and method.baseline.origin)
        hint = "Give the release whose relative limits should become the baseline, or leave out --beside."
        raise InputError(Fault("absolute limits already", str(release.path), got=str(earlier), hint=hint))
    index = {use: scale for use, scale in measured.scales.items() if use == "index"}
    kept = Yardstick(limits=measured.limits, scales=index, bands=measured.bands, choices_sha256=measured.choices_sha256)
    origin = Origin(name, release.year, sha256, hash_yardstick(kept))
    return replace(method, measured=None, baseline=Baseline(origin, kept))


def write_method(method: Method, out: str | Path) -> Path:
    """Write a method file, whole or not at all.

    Raises
    ------
    InputError  `out` exists, or lies in a release
    """
    out = Path(out)
    if out.exists() or out.is_symlink():
        raise InputError(Fault("the method file exists", str(out), hint="Choose another --out, or remove the file."))
    refuse_inside_a_release(out)
    with whole_file(out) as partial:
        comment = f"# {method.drifting}\n" if method.drifting else ""
        partial.write_text(comment + method.to_toml(), "utf-8", newline="\n")
    return out


def _published(classification: Classification, previous: Release) -> dict[str, dict[str, int]]:
    """Count the areas of each group as the previous release published them; "-" are those without a group.

    Counted over all of its areas, of groupings whose groups this release puts beside its own.
    """
    counted = {}
    for grouping in ("composite_group", "cluster"):
        if f"{grouping}_previous" in classification.areas and grouping in previous.areas:
            groups = previous.areas[grouping].astype("Int64")
            counted[grouping] = {str(group): int(n) for group, n in groups.value_counts().sort_index().items()}
            if groups.isna().any():
                counted[grouping]["-"] = int(groups.isna().sum())
    return counted


def _previous_notes(classification: Classification, previous: Release, crosswalk: dict[str, Any] | None) -> list[str]:
    """Say what makes the two releases less than comparable."""
    notes = list(crosswalk["notes"]) if crosswalk else []
    now, then = classification.areas.index, previous.areas.index
    if len(gone := then.difference(now)):
        notes.append(f"areas of release {previous.name} that this year lacks ({len(gone)}): {name_codes(list(gone))}")
    if len(new := now.difference(then)):
        notes.append(f"areas that release {previous.name} lacks ({len(new)}): {name_codes(list(new))}")
    if previous.manifest["edition"] != classification.table.edition and not crosswalk:
        notes.append(
            "the previous release is of another edition: borders were not checked, a change may be one of borders"
        )
    if previous.method.choices_hash != classification.method.choices_hash:
        notes.append("the previous release was made with another method: a change may be one of method")
    elif previous.method.frozen != classification.method.frozen:
        notes.append("one of the two releases has frozen limits, the other has others: a change may be one of limits")
    if previous.manifest["synthetic"] != classification.table.synthetic:
        notes.append("one of the two releases is synthetic, the other not")
    return notes


def _hash_of_manifest(manifest: dict[str, Any]) -> str:
    """Hash what a manifest says, besides its own hash."""
    said = {key: value for key, value in manifest.items() if key != "manifest_sha256"}
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def sha256_of(path: Path) -> str:
    """Hash a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_release(path: str | Path, *, verify: bool = False) -> Release:
    """Open a release; with `verify` only when every hash agrees.

    Raises
    ------
    InputError  not a release, a damaged manifest, one of another format, or a file that was changed
    """
    path = Path(path)
    file = path / "manifest.json"
    if not file.is_file():
        hint = "A release is a folder written by `regso-cluster classify`."
        raise InputError(Fault("not a release: no manifest.json", str(path), hint=hint))
    try:
        manifest = json.loads(file.read_text("utf-8"))
        known = manifest["format"] == FORMAT
        if known:
            _check_manifest(manifest)
    except (ValueError, KeyError, TypeError, RecursionError, AttributeError, IndexError) as error:
        hint = "Restore the release from a copy, or classify again."
        raise InputError(Fault("a damaged manifest", str(file), got=repr(error)[:80], hint=hint)) from error
    if not known:
        hint = "Use the version of regso_cluster that wrote it, or a later one."
        raise InputError(Fault("another format of release", str(file), str(FORMAT), str(manifest["format"]), hint))
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
    texts += [*manifest["outputs"], *manifest["outputs"].values(), *manifest["notes"]]
    if not all(isinstance(text, str) for text in texts) or not isinstance(manifest["year"], int):
        raise TypeError("a field of another type")
    if manifest["edition"] not in (2020, 2025, None) or not isinstance(manifest["synthetic"], bool):
        raise ValueError("an edition or a mark that is none")


def verify_release(path: str | Path) -> list[Fault]:
    """Recompute the hashes of a release; give every difference, none when it is whole."""
    release = read_release(path)
    faults = []
    if release.manifest.get("manifest_sha256") != _hash_of_manifest(release.manifest):
        faults.append(Fault("a file was changed", "manifest.json", hint="Restore the release from a copy."))
    outputs: dict[str, str] = release.manifest.get("outputs", {})
    present = {file.name for file in release.path.iterdir()} - {"manifest.json"}
    hint = "Restore the release from a copy, or classify again."
    for name, expected in outputs.items():
        if name not in present or not (release.path / name).is_file():
            faults.append(Fault("a file is gone", name, hint=hint))
        elif (got := sha256_of(release.path / name)) != expected:
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
    written = hash_as_written((release.path / "method.toml").read_text("utf-8"))
    return written == str(release.manifest["method"]["sha256"])
