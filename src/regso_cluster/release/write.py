"""A classification written as a release, whole or not at all."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from regso_cluster._package import __version__
from regso_cluster.areas.edition_table import drawn_years, edition_table, has_outlines
from regso_cluster.classification.tables import Classification
from regso_cluster.files.atomic import json_text, whole_folder, without_nan
from regso_cluster.files.hashes import hash_of
from regso_cluster.files.parquet import write_parquet
from regso_cluster.method import Method, Yardstick, hash_yardstick
from regso_cluster.release.declaration import Declaration, declare
from regso_cluster.release.model import FORMAT, Earlier, Release, hash_manifest
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note
from regso_cluster.words.wording import name_codes

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


def write_release(
    classification: Classification,
    out: str | Path,
    *,
    previous: Release | Earlier | None = None,
    revises: Release | None = None,
    crosswalk: dict[str, Any] | None = None,
    timings: dict[str, float] | None = None,
    disclosure: Declaration | None = None,
) -> Release:
    """Write a release: to a temporary folder beside `out`, then moved into place in one step.

    Killed at any moment, there is a whole release or none. An existing folder is never touched.

    Parameters
    ----------
    classification : of `classify`
    out : the folder to make
    previous : the release of an earlier year that it was made against, or what `borders.against` makes of it
    revises : the release of the same year that it corrects
    crosswalk : what is kept of the crosswalk between the editions of the two
    timings : seconds by step, kept in the manifest; None: none are known
    disclosure : whether it may be published; None: its counts and their origin say it

    Returns
    -------
    the release as it was written

    Raises
    ------
    InputError  `out` exists
    OSError  the disk is full or the folder cannot be written; nothing is left behind

    Examples
    --------
    >>> method = read_release(folder / "2024").method
    >>> table = read_factors(folder / "factors-2024.csv", method, year=2024)
    >>> write_release(classify(table, method, year=2024), folder / "again").year
    2024
    """
    if isinstance(previous, Earlier):
        crosswalk, previous = crosswalk or previous.crosswalk, previous.release
    with whole_folder(out, "release") as partial:
        _write_tables(classification, partial)
        manifest = _manifest(classification, partial, previous, crosswalk, timings or {})
        manifest["disclosure"] = (disclosure or declare(classification.table)).as_plain()
        if revises:
            manifest["revises"] = _name_release(revises)
        manifest = without_nan(manifest)
        manifest["manifest_sha256"] = hash_manifest(manifest)
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
    edition = classification.table.edition
    if edition is not None and has_outlines(edition):
        write_geopackage(
            areas, classification.groups, classification.method, folder / "areas.gpkg", classification.year, edition
        )


def _no_map(edition: int) -> Note:
    """Say why a release has no map: its areas would be drawn with borders of another edition."""
    change = edition_table().change(edition, drawn_years()[-1])
    if change and change.other_borders:
        return Note("no_geopackage_other_borders", edition=edition, count=change.other_borders)
    return Note("no_geopackage", edition=edition)


def _manifest(
    classification: Classification, folder: Path, previous: Release | None, crosswalk: dict[str, Any] | None,
    timings: dict[str, float],
) -> dict[str, Any]:  # fmt: skip
    table, method = classification.table, classification.method
    notes = list(classification.notes)
    if table.edition is not None and not has_outlines(table.edition):
        notes.append(_no_map(table.edition))
    if previous:
        notes += _previous_notes(classification, previous, crosswalk)
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "year": classification.year,
        "edition": table.edition,
        "synthetic": table.synthetic,
        "method": {"name": method.name, "sha256": method.hash, "identity_sha256": method.identity, "seed": method.seed},
        "inputs": [
            {"name": table.source, "sha256": table.sha256} | ({"origin": table.origin} if table.origin else {}),
            *[{"name": name, "sha256": sha256, "as": "key from DeSO to RegSO"} for name, sha256 in table.deso_key],
            *[{"name": name, "sha256": sha256, "as": "names of the areas"} for name, sha256 in table.names],
        ],
        "yardstick": _describe_yardstick(method),
        "previous": None,
        "figures": classification.figures,
        "notes": [note.as_plain() for note in notes],
        "outputs": {file.name: hash_of(file) for file in sorted(folder.iterdir())},
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


def _published(classification: Classification, previous: Release) -> dict[str, dict[str, int]]:
    """Count the areas of each group as the previous release published them; "-" are those without a group.

    Counted over all of its areas, of groupings whose groups this release puts beside its own.
    """
    counted = {}
    for grouping in (c.COMPOSITE_GROUP, c.CLUSTER):
        if c.previous_of(grouping) in classification.areas and grouping in previous.areas:
            groups = previous.areas[grouping].astype("Int64")
            counted[grouping] = {str(group): int(n) for group, n in groups.value_counts().sort_index().items()}
            if groups.isna().any():
                counted[grouping]["-"] = int(groups.isna().sum())
    return counted


def _previous_notes(classification: Classification, previous: Release, crosswalk: dict[str, Any] | None) -> list[Note]:
    """Say what makes the two releases less than comparable."""
    notes: list[Note] = list(crosswalk["notes"]) if crosswalk else []
    now, then = classification.areas.index, previous.areas.index
    if len(gone := then.difference(now)):
        notes.append(Note("areas_gone", release=previous.name, count=len(gone), codes=name_codes(list(gone))))
    if len(new := now.difference(then)):
        notes.append(Note("areas_new", release=previous.name, count=len(new), codes=name_codes(list(new))))
    if previous.manifest["edition"] != classification.table.edition and not crosswalk:
        notes.append(Note("previous_of_other_edition"))
    if previous.method.identity != classification.method.identity:
        notes.append(Note("previous_of_other_method"))
    elif previous.method.frozen != classification.method.frozen:
        notes.append(Note("previous_of_other_limits"))
    if previous.manifest["synthetic"] != classification.table.synthetic:
        notes.append(Note("one_is_synthetic"))
    return notes
