"""A release, or any table, in the form that its reader uses: the ending of the file says which."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from regso_cluster.areas.edition_table import drawn_years, has_outlines, list_years
from regso_cluster.errors import Fault, InputError
from regso_cluster.exports.datapackage import DESCRIPTOR, write_datapackage
from regso_cluster.exports.workbook import write_table_workbook, write_workbook
from regso_cluster.files.atomic import whole_file
from regso_cluster.files.sheet_writing import SYNTHETIC, WORKBOOK_OPTIONS, write_sheet
from regso_cluster.files.textfiles import write_csv
from regso_cluster.words.notes import Language
from regso_cluster.words.wording import MADE_UP, mark_of, say

if TYPE_CHECKING:
    from regso_cluster.release.model import Release

__all__ = ["SYNTHETIC", "WORKBOOK_OPTIONS", "export", "export_table", "write_sheet", "write_workbook"]


def export(release: Release, to: str | Path, *, language: Language = "sv", excel_sv: bool = False) -> Path:
    """Write a release to one file; its ending says which kind.

    Parameters
    ----------
    release : the release
    to : .xlsx (a workbook), .csv, .gpkg (a map with QGIS styles), .parquet (GeoParquet where the edition has a map),
        .px (PC-Axis), .json, .jsonstat or .json-stat (JSON-stat 2); FOLDER/datapackage.json writes a new folder, a Data
        Package
    language : of the workbook and of JSON-stat; PC-Axis has both, the other kinds keep the names of the columns
    excel_sv : .csv for a Swedish Excel, see `textfiles.write_csv`

    Returns
    -------
    the file. An existing file is replaced in one step; a failed export leaves it as it was

    Raises
    ------
    InputError  an unknown ending; a folder where the file should be; .gpkg of a release without a map; excel_sv of
        another kind than .csv; the folder of a Data Package exists
    """
    to = Path(to)
    _check_excel_sv(to, excel_sv=excel_sv)
    if to.name == DESCRIPTOR:
        return write_datapackage(release, to.parent)

    def jsonstat(path: Path) -> None:
        from regso_cluster.exports.jsonstat import write_jsonstat

        write_jsonstat(release, path, language=language)

    def px(path: Path) -> None:
        from regso_cluster.exports.pxfile import write_px

        write_px(release, path)

    writers: dict[str, Callable[[Path], None]] = {
        ".xlsx": lambda path: write_workbook(release, path, language=language),
        ".csv": lambda path: write_csv(release.areas.reset_index(), path, excel_sv=excel_sv),
        ".gpkg": lambda path: _copy(release, "areas.gpkg", path),
        ".parquet": lambda path: _write_geoparquet(release, path),
        ".px": px,
        **dict.fromkeys((".json", ".jsonstat", ".json-stat"), jsonstat),
    }
    return _write(writers, to)


def export_table(
    table: pd.DataFrame,
    to: str | Path,
    *,
    synthetic: bool = False,
    excel_sv: bool = False,
    name: str | None = None,
    language: Language = "sv",
) -> Path:
    """Write any table, such as one joined to a release, to one file; its ending says which kind.

    Parameters
    ----------
    table : a DataFrame, or a GeoDataFrame for a map; the index is left out, the table is not changed. Text stays text
        whatever it looks like: no formula, no link, no number
    to : .xlsx, .csv, .parquet (GeoParquet where there is a geometry) or .gpkg (without a geometry: a table of
        attributes)
    synthetic : the figures are made up: a workbook says so above the headings, other kinds have a column `synthetic`
        (added where no column ends with that name)
    excel_sv : .csv for a Swedish Excel, see `textfiles.write_csv`
    name : of the sheet or layer
    language : of ja and nej in a workbook

    Returns
    -------
    the file. An existing file is replaced in one step; a failed export leaves it as it was

    Raises
    ------
    InputError  an unknown ending, two columns of one name, a table that the kind cannot hold
    """
    to = Path(to)
    _check_excel_sv(to, excel_sv=excel_sv)
    table = table.rename(columns=str)
    twins = table.columns[table.columns.duplicated()].unique()
    if len(twins):
        hint = "Rename one of them."
        raise InputError([Fault("two columns of one name", f"column {column}", hint=hint) for column in twins])
    marked = table
    if synthetic and not any(str(column).endswith("synthetic") for column in table.columns):
        marked = table.assign(synthetic=True)
    flat = _without_geometry(marked)
    sheet = re.sub(r"[\[\]:*?/\\']", " ", name or mark_of("areas", language))[:31]  # what a workbook allows

    def geopackage(path: Path) -> None:
        from regso_cluster.maps.geopackage import write_layer

        title = f"{name or to.stem} ({say(MADE_UP, language)})" if synthetic else ""
        write_layer(marked, path, layer=name or to.stem, title=title)

    writers: dict[str, Callable[[Path], None]] = {
        ".xlsx": lambda path: write_table_workbook(
            _without_geometry(table), path, name=sheet, synthetic=synthetic, language=language
        ),
        ".csv": lambda path: write_csv(flat, path, excel_sv=excel_sv),
        ".gpkg": geopackage,
        ".parquet": lambda path: _write_parquet(marked, path),
    }
    return _write(writers, to)


def _check_excel_sv(to: Path, *, excel_sv: bool) -> None:
    if excel_sv and to.suffix.lower() != ".csv":
        hint = "Leave it out: .xlsx opens right in any Excel."
        raise InputError(Fault("--excel-sv is for text tables", str(to), "a file that ends with .csv", hint=hint))


def _write(writers: dict[str, Callable[[Path], None]], to: Path) -> Path:
    """Write to a temporary folder beside the file, then move it into place in one step."""
    ending = to.suffix.lower()
    if ending not in writers:
        hint = "Name the file with one of these endings."
        raise InputError(Fault("unknown kind of file", str(to), ", ".join(writers), to.suffix or "no suffix", hint))
    if to.is_dir():
        raise InputError(
            Fault("a folder stands there", str(to), "a file name", hint="Add a name that ends with the kind.")
        )
    with whole_file(to) as partial:
        writers[ending](partial)
    return to


def _copy(release: Release, name: str, path: Path) -> None:
    source = release.path / name
    if not source.is_file():
        drawn = list_years("and", drawn_years())
        hint = f"Only releases of edition {drawn} have a map: outlines of other area sets are not at hand."
        raise InputError(Fault(f"the release has no {name}", str(release.path), hint=hint))
    shutil.copyfile(source, path)


def _write_geoparquet(release: Release, path: Path) -> None:
    """Write the areas with their outlines where the edition has them; else the table alone, which is Parquet too."""
    if not has_outlines(release.manifest["edition"]):
        _copy(release, "areas.parquet", path)
        return
    from regso_cluster.maps.geopackage import outlined

    _write_parquet(outlined(release.areas, release.manifest["edition"]), path)


def _write_parquet(frame: pd.DataFrame, path: Path) -> None:
    import pyarrow as pa

    try:
        frame.to_parquet(path, compression="zstd", index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        hint = "Make it all text or all numbers."
        raise InputError(Fault("a column of mixed kinds", path.name, got=str(error)[:160], hint=hint)) from error


def _without_geometry(frame: pd.DataFrame) -> pd.DataFrame:
    shaped = frame.dtypes.astype(str) == "geometry"
    return pd.DataFrame(frame.loc[:, ~shaped]) if shaped.any() else frame
