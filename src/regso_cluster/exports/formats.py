"""All formats that a release is written in: those of any table and map, and those that need a release."""

from __future__ import annotations

from regso_cluster.files import formats
from regso_cluster.files.formats import Format, describe_formats
from regso_cluster.maps import formats as maps

PX = Format((".px",), "cube", "PC-Axis", needs="release")
JSONSTAT = Format((".json", ".jsonstat", ".json-stat"), "cube", "JSON-stat", needs="release")
DATAPACKAGE = Format((), "package", "a Data Package", needs="release", name="datapackage.json")
POSTGIS = Format((), "database", "PostGIS", needs="release", schemes=("postgresql://", "postgres://"))
OF_A_RELEASE: tuple[Format, ...] = (PX, JSONSTAT, DATAPACKAGE, POSTGIS)


def table_formats() -> tuple[Format, ...]:
    """The formats of any table, with geometries or without."""
    return (*formats.TABLES, *maps.MAPS)


def release_formats() -> tuple[Format, ...]:
    """The formats of a release."""
    return (*table_formats(), *OF_A_RELEASE)


def describe_targets() -> str:
    """Name what a release is written to, for a help text."""
    packages = "; ".join(f"FOLDER/{one.name}" for one in release_formats() if one.name)
    bases = "; ".join(f"{one.schemes[0]}USER@HOST/NAME" for one in release_formats() if one.schemes)
    return (f"A file that ends with {describe_formats(release_formats())}; {packages}; or {bases}, with the password "
            "in PGPASSWORD.")  # fmt: skip
