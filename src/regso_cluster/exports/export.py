"""A release, or any table, in the form that its reader uses: the ending of the file says which."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from regso_cluster.areas.edition_table import drawn_years, has_outlines, list_years
from regso_cluster.errors import Fault, InputError
from regso_cluster.exports.datapackage import DESCRIPTOR, write_datapackage
from regso_cluster.exports.formats import JSONSTAT, PX, release_formats, table_formats
from regso_cluster.exports.jsonstat import write_jsonstat
from regso_cluster.exports.pxfile import write_px
from regso_cluster.exports.workbook import write_workbook
from regso_cluster.files import formats
from regso_cluster.files.atomic import whole_file
from regso_cluster.files.formats import Format, find_format, write_output
from regso_cluster.files.output import Output
from regso_cluster.files.parquet import write_parquet
from regso_cluster.files.sheet_writing import SYNTHETIC, WORKBOOK_OPTIONS, write_sheet
from regso_cluster.maps import formats as maps
from regso_cluster.maps.geopackage import outlined
from regso_cluster.words.notes import Language
from regso_cluster.words.wording import mark_of

if TYPE_CHECKING:
    from regso_cluster.release.model import Release

__all__ = ["SYNTHETIC", "WORKBOOK_OPTIONS", "export", "export_table", "write_sheet", "write_workbook"]


def export(release: Release, to: str | Path, *, language: Language = "sv", excel_sv: bool = False) -> Path:
    """Write a release to one file; its ending says which kind.

    Parameters
    ----------
    release : the release
    to : any format of `exports.formats.release_formats`: .xlsx (a workbook), .csv, .gpkg (a map with QGIS styles),
        .parquet (GeoParquet where the edition has a map), .px (PC-Axis), .json, .jsonstat or .json-stat (JSON-stat 2)
        and so on; FOLDER/datapackage.json writes a new folder, a Data Package
    language : of the workbook and of JSON-stat; PC-Axis has both, the other kinds keep the names of the columns
    excel_sv : .csv for a Swedish Excel, see `textfiles.write_csv`

    Returns
    -------
    the file. An existing file is replaced in one step; a failed export leaves it as it was

    Raises
    ------
    InputError  an unknown ending; a folder where the file should be; .gpkg of a release without a map; excel_sv of
        another kind than .csv; the folder of a Data Package exists

    Examples
    --------
    >>> export(read_release(folder / "2024"), folder / "areas.csv").name
    'areas.csv'
    """
    to = Path(to)
    _check_excel_sv(to, excel_sv=excel_sv)
    if to.name == DESCRIPTOR:
        return write_datapackage(release, to.parent)

    found = find_format(to, release_formats())
    own: dict[Format, Callable[[Path], None]] = {
        formats.WORKBOOK: lambda path: write_workbook(release, path, language=language),
        maps.GEOPACKAGE: lambda path: _copy(release, "areas.gpkg", path),
        formats.PARQUET: lambda path: _write_geoparquet(release, path),
        PX: lambda path: write_px(release, path),
        JSONSTAT: lambda path: write_jsonstat(release, path, language=language),
    }
    if found in own:
        with whole_file(to) as partial:
            own[found](partial)
        return to
    edition = release.manifest["edition"]
    shaped = found.geometry and has_outlines(edition)
    frame = outlined(release.areas, edition) if shaped else release.areas.reset_index()
    write_output(Output(frame, mark_of("areas", language), language=language, excel_sv=excel_sv), to, found)
    return to


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
    to : a file with an ending of `exports.formats.table_formats`: .xlsx, .csv, .parquet (GeoParquet where there is a
        geometry), .gpkg (without a geometry: a table of attributes), .geojson (brought to WGS 84) and so on
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

    Examples
    --------
    >>> export_table(pd.DataFrame({"schools": [3, 4]}), folder / "schools.csv").name
    'schools.csv'
    """
    to = Path(to)
    _check_excel_sv(to, excel_sv=excel_sv)
    table = table.rename(columns=str)
    twins = table.columns[table.columns.duplicated()].unique()
    if len(twins):
        hint = "Rename one of them."
        raise InputError([Fault("two columns of one name", f"column {column}", hint=hint) for column in twins])
    found = find_format(to, table_formats())
    sheet = mark_of("areas", language) if found == formats.WORKBOOK else to.stem
    output = Output(table, name or sheet, synthetic, language=language, excel_sv=excel_sv)
    write_output(output, to, found)
    return to


def _check_excel_sv(to: Path, *, excel_sv: bool) -> None:
    if excel_sv and to.suffix.lower() != ".csv":
        hint = "Leave it out: .xlsx opens right in any Excel."
        raise InputError(Fault("--excel-sv is for text tables", str(to), "a file that ends with .csv", hint=hint))


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
    write_parquet(outlined(release.areas, release.manifest["edition"]), path)
