"""A release as a Frictionless Data Package: text tables with a schema and a hash for each, described field by field.

Data Package standard v2 (datapackage.org): Data Package, Data Resource, Table Schema. Paths in a descriptor may not
leave its folder and a release is never added to, so the package is a folder of its own.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from regso_cluster.errors import Fault, InputError
from regso_cluster.exports.formats import DATAPACKAGE
from regso_cluster.files.atomic import whole_folder
from regso_cluster.files.hashes import hash_of
from regso_cluster.files.textfiles import write_csv
from regso_cluster.schema import Table
from regso_cluster.words.columns import describe_columns, head_columns, say_unit
from regso_cluster.words.phrases import phrase, say_source
from regso_cluster.words.wording import CAREFUL, MADE_UP, UNDECIDED

if TYPE_CHECKING:
    from regso_cluster.release.model import Release

DESCRIPTOR = DATAPACKAGE.name
_PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
_GUARD = phrase("guarded")
_FILES = {
    "method.toml": ("metod", "application/toml", "package_method"),
    "manifest.json": ("manifest", "application/json", "package_manifest"),
    "areas.gpkg": ("karta", "application/geopackage+sqlite3", "package_map"),
}


def write_datapackage(release: Release, folder: Path) -> Path:
    """Write a release as a Data Package: a new folder, whole or not at all.

    Parameters
    ----------
    release : the release
    folder : where to; it must not exist

    Returns
    -------
    the descriptor, FOLDER/datapackage.json

    Raises
    ------
    InputError  `folder` exists
    """
    if folder.exists() or folder.is_symlink():
        hint = "A Data Package is a folder of its own: --to NEW-FOLDER/datapackage.json."
        raise InputError(Fault("the folder of the package exists", str(folder), "a new folder", hint=hint))
    with whole_folder(folder, "package") as partial:
        resources = [*_write_tables(release, partial), *_copy_files(release, partial)]
        text = json.dumps(_describe(release, resources), ensure_ascii=False, indent=2)
        (partial / DESCRIPTOR).write_text(text + "\n", "utf-8", newline="\n")
    return folder / DESCRIPTOR


def _describe(release: Release, resources: list[dict[str, Any]]) -> dict[str, Any]:
    manifest, method = release.manifest, release.method
    because = release.disclosure.because
    said = [*(note.text("sv") for note in because), *map(str, because),
            method.description.sv, *(MADE_UP.sv,) * manifest["synthetic"], CAREFUL.sv, UNDECIDED.sv,
            method.description.en, *(MADE_UP.en,) * manifest["synthetic"], CAREFUL.en, UNDECIDED.en]  # fmt: skip
    sources = [{"title": say_source(factor.source, "sv")} for factor in method.factors if factor.source]
    return {
        "$schema": _PROFILE,
        "name": f"{manifest['method']['name'].lower()}-{release.year}",
        "id": manifest["manifest_sha256"],
        "title": f"{method.title.sv} {release.year}",
        "description": "\n\n".join(text for text in said if text),
        "version": str(release.year),
        "created": manifest["created"],
        "keywords": ["RegSO", manifest["method"]["name"], str(release.year)],
        **({"sources": sources} if sources else {}),
        "synthetic": manifest["synthetic"],
        "resources": resources,
    }


def _write_tables(release: Release, folder: Path) -> list[dict[str, Any]]:
    tables: list[tuple[Table, pd.DataFrame | None]] = [
        ("areas", release.areas.reset_index()),
        ("groups", release.groups),
        ("factors", release.factors),
        ("lineage", release.lineage),
        ("certainty", release.certainty),
    ]
    code = str(release.areas.index.name)
    made = []
    for name, frame in tables:
        if frame is None or not len(frame.columns):
            continue
        path = folder / f"{name}.csv"
        write_csv(frame, path)
        schema: dict[str, Any] = {
            "fields": _fields(frame, release, name),
            "missingValues": [""],
        }
        if name == "areas":
            schema["primaryKey"] = [code]
        if name == "factors":
            schema["primaryKey"] = [code, "factor"]
            schema["foreignKeys"] = [{"fields": [code], "reference": {"resource": "areas", "fields": [code]}}]
        made.append(
            {
                "name": name,
                "type": "table",
                "title": phrase(f"package_{name}").sv,
                "description": f"{_GUARD.sv} / {_GUARD.en}",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                **_measure(path),
                "schema": schema,
            }
        )
    return made


def _fields(frame: pd.DataFrame, release: Release, table: Table) -> list[dict[str, Any]]:
    columns = [str(column) for column in frame.columns]
    meant = describe_columns(columns, release.method, table)
    heads = head_columns(columns, release.method, table)
    fields = []
    for place, column in enumerate(columns):
        unit = say_unit(meant.iloc[place].to_dict())
        field: dict[str, Any] = {
            "name": column,
            "type": _type_of(frame.iloc[:, place].dtype),
            "title": str(heads["sv"].iloc[place]),
            "description": f"{meant['sv'].iloc[place]} / {meant['en'].iloc[place]}" + (f" ({unit})" if unit else ""),
        }
        if field["type"] == "boolean":
            field |= {"trueValues": ["True"], "falseValues": ["False"]}
        fields.append(field)
    return fields


def _type_of(kind: Any) -> str:
    if pd.api.types.is_bool_dtype(kind):
        return "boolean"
    if pd.api.types.is_integer_dtype(kind):
        return "integer"
    return "number" if pd.api.types.is_float_dtype(kind) else "string"


def _copy_files(release: Release, folder: Path) -> list[dict[str, Any]]:
    made = []
    for file, (name, mediatype, title) in _FILES.items():
        if (release.path / file).is_file():
            shutil.copyfile(release.path / file, folder / file)
            kind = Path(file).suffix[1:]
            made.append({"name": name, "title": phrase(title).sv, "format": kind, "mediatype": mediatype,
                         **_measure(folder / file)})  # fmt: skip
    return made


def _measure(path: Path) -> dict[str, Any]:
    return {"path": path.name, "bytes": path.stat().st_size, "hash": f"sha256:{hash_of(path)}"}
