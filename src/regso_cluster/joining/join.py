"""Join the groups of a release to an agency's own table: one row in, one row out, and a report of the rest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from regso_cluster.errors import Fault, InputError
from regso_cluster.files.agency_table import AgencyTable, read_agency_table
from regso_cluster.files.layout import plain_name
from regso_cluster.files.made_up import show_table
from regso_cluster.files.numbers import as_text
from regso_cluster.files.raw_table import find_footer
from regso_cluster.files.read_options import ReadOptions
from regso_cluster.files.totals import find_totals
from regso_cluster.joining.added_columns import added_columns
from regso_cluster.joining.match_codes import KINDS, Keyed, kind_of, match_keys
from regso_cluster.joining.match_report import Matches, MatchReport, report_of, write_report
from regso_cluster.joining.options import JoinChoices, JoinOptions
from regso_cluster.joining.parse_coordinates import Coordinates, read_coordinates
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note, name_some

if TYPE_CHECKING:
    from regso_cluster.release.model import Release


@dataclass(frozen=True)
class JoinResult:
    """A joined table.

    Parameters
    ----------
    table : the rows and columns given, in their order, and after them the new ones
    report : what matched and what did not

    Examples
    --------
    >>> joined = join(pd.DataFrame({"regso": ["0114R001"]}), read_release(folder / "2024"), "regso")
    >>> isinstance(joined, JoinResult), len(joined.table)
    (True, 1)
    """

    table: pd.DataFrame
    report: MatchReport

    def _repr_html_(self) -> str:
        return show_table(self.table, synthetic=self.report.synthetic)


def join(
    table: pd.DataFrame, release: Release, on: str | tuple[str, str], *, options: JoinOptions | None = None,
    **given: Unpack[JoinChoices],
) -> JoinResult:  # fmt: skip
    """Join the groups of a release to a table.

    Parameters
    ----------
    table : (n,) rows; not changed. A GeoDataFrame may be joined on its points
    release : of `read_release`
    on : a column of RegSO, DeSO or kommun codes (or names of kommuner), two columns of coordinates ("x,y"), or
        "geometry" for the points of a GeoDataFrame
    options : how; None: the defaults
    **given : single fields of `JoinOptions`, instead of those of `options`

    Returns
    -------
    JoinResult. The new columns: `match`, what became of the row (`match_report.MATCHED` and `UNMATCHED`); `code`, the
    area; for points `border_m` (metres to the nearest border between areas), `neighbour` (across it, where the point is
    near), `coast_m` (metres outside the coast shown), `swapped`; through a crosswalk `share`; then the columns of the
    area. For a kommun its areas and residents and, of each group, the share of residents and the number of areas

    Raises
    ------
    InputError  a column that is not there or is no code; new columns that would replace the table's own; codes of the
        other edition without a crosswalk; coordinates of an unknown system; polygons for points

    Examples
    --------
    >>> schools = pd.DataFrame({"regso": ["0114R001", "0180R001", "9999R999"], "pupils": [30, 25, 40]})
    >>> joined = join(schools, read_release(folder / "2024"), on="regso", columns=["composite_group"])
    >>> list(joined.table.columns)[:4], joined.report.unmatched
    (['regso', 'pupils', 'regso_match', 'regso_code'], 1)
    """
    chosen = _with_mark(_options(options or JoinOptions(), given), release)
    geometry, crs = None, ""
    if hasattr(table, "geom_type") and on in ("geometry", table.geometry.name):
        geometry, crs = table.geometry.to_numpy(), table.crs.to_string() if table.crs else ""
        on = "geometry"
    names = ",".join(on) if isinstance(on, tuple) else on
    source = AgencyTable("the table", "", table, 1, geometry, "geometry", crs=crs)
    matches, _ = _match(source, release, names, chosen)
    matches = _with_notes(matches, _no_units(source, matches)[1])
    added = added_columns(matches, release, chosen)
    _refuse_collisions(table.columns, added.columns, "the table", chosen.prefix)
    added.index = table.index
    whole = pd.concat([table, added], axis=1)
    if release.manifest["synthetic"]:
        whole.attrs["synthetic"] = True  # whatever columns were asked for
    return JoinResult(whole, report_of(matches, synthetic=bool(release.manifest["synthetic"])))


def _options(options: JoinOptions, given: JoinChoices) -> JoinOptions:
    paths: dict[str, Any] = {
        name: Path(str(given[name])) for name in ("shapes", "deso_key", "crosswalk") if given.get(name) is not None
    }
    columns: dict[str, Any] = {"columns": tuple(given["columns"])} if "columns" in given else {}
    return replace(options, **{**given, **paths, **columns})


@dataclass(frozen=True)
class JoinedFile:
    """What a join of files did.

    Parameters
    ----------
    report : what matched and what did not
    written : the files written; the report alone where too many rows were unmatched
    refused : too many rows were unmatched

    Examples
    --------
    >>> pd.DataFrame({"regso": ["0114R001", "0114R999"]}).to_csv(folder / "lost.csv", index=False)
    >>> done = join_file(folder / "lost.csv", read_release(folder / "2024"), "regso", folder / "lost-groups.csv")
    >>> isinstance(done, JoinedFile), done.refused, done.written
    (True, True, ())
    """

    report: MatchReport
    written: tuple[Path, ...]
    refused: bool


def join_file(
    path: str | Path,
    release: Release,
    on: str,
    out: str | Path,
    *,
    options: JoinOptions | None = None,
    reading: ReadOptions | None = None,
    report: str | Path | None = None,
    max_unmatched: int = 0,
) -> JoinedFile:
    """Join a file to a file: CSV, Excel, Parquet, GeoPackage or GeoJSON in, any of them out.

    Parameters
    ----------
    path, out : never the same file
    release : of `read_release`
    on, options : as for `join`; "geometry" takes the points of a layer
    reading : how the file is read; `sheet` is also the layer of a GeoPackage
    report : where to write the match report as a table (.csv, .xlsx, .parquet, .json)
    max_unmatched : with more rows without an area nothing is written but the report

    Returns
    -------
    JoinedFile

    Raises
    ------
    InputError  as `read_agency_table`, `join` and the writers

    Examples
    --------
    >>> pd.DataFrame({"regso": ["0114R001", "0180R001"]}).to_csv(folder / "own.csv", index=False)
    >>> done = join_file(folder / "own.csv", read_release(folder / "2024"), "regso", folder / "own-groups.csv")
    >>> done.refused, [path.name for path in done.written]
    (False, ['own-groups.csv'])
    """
    from regso_cluster.joining.place_layer import place_layer
    from regso_cluster.joining.write_joined import JoinedTable, check_writable, fit_joined, write_joined

    path, out, options = Path(path), Path(out), _with_mark(options or JoinOptions(), release)
    reading = reading or ReadOptions()
    check_writable(out)
    _refuse_overwriting(path, out, report)
    source = read_agency_table(path, reading.sheet, columns=(on, *on.split(",")), decimal=reading.decimal)
    matches, points = _match(source, release, on, options)
    no_units, naming = _no_units(source, matches)
    matches = _with_notes(matches, naming)
    added = added_columns(matches, release, options)
    own = [*source.frame.columns, *([source.geometry_name] if source.geometry is not None else [])]
    _refuse_collisions(pd.Index(own), added.columns, source.name, options.prefix)
    added.index = source.frame.index
    whole = pd.concat([source.frame, added], axis=1)
    of_layer = points is not None and _is_of_layer(source, on)
    said = "" if points is not None and not of_layer else options.crs  # else it is the system of two columns
    placed, placing = place_layer(source, said, points if of_layer else None)
    shapes = _as_points(points) if points is not None and source.geometry is None else None
    joined, fitting = fit_joined(JoinedTable(whole, tuple(map(str, added.columns)), placed, shapes, {}), out)
    matches = _with_notes(matches, (*placing, *fitting), last=True)
    found = report_of(matches, first_row=source.first_row, synthetic=bool(release.manifest["synthetic"]))
    written = []
    if report is not None:
        write_report(found, Path(report))
        written.append(Path(report))
    if found.unmatched - no_units > max_unmatched:
        return JoinedFile(found, tuple(written), refused=True)
    write_joined(replace(joined, sheets={"Matchning": found.table()}), out)
    return JoinedFile(found, (out, *written), refused=False)


def _with_mark(options: JoinOptions, release: Release) -> JoinOptions:
    """Let the mark of made-up figures go with any columns into a file."""
    named = options.columns and options.columns != ("all",) and "synthetic" not in options.columns
    marked = named and release.manifest["synthetic"] and c.SYNTHETIC in release.areas
    return replace(options, columns=(*options.columns, c.SYNTHETIC)) if marked else options


def _no_units(source: AgencyTable, matches: Matches) -> tuple[int, tuple[Note, ...]]:
    """Count the rows without an area that are totals of others or notes below the table; they are kept, and named."""
    frame = source.frame
    if not frame.shape[1]:
        return 0, ()
    lost = pd.isna(pd.Series(matches.code, dtype=object)).to_numpy()
    found = find_totals(frame, apart=lost)
    filled = np.empty(frame.shape, np.bool_)
    for at in range(frame.shape[1]):
        filled[:, at] = [as_text(cell) != "" for cell in frame.iloc[:, at].array]
    some = np.asarray(filled.any(axis=1), dtype=bool)
    footer = find_footer(frame, filled, ~some) & some
    rows = (found.rows | footer) & lost
    if not rows.any():
        return 0, ()
    labels = dict(zip(np.flatnonzero(found.rows), found.labels, strict=True))
    listed = [Note("row_labelled", row=row + source.first_row, label=labels.get(row) or Note("a_note"))
              for row in np.flatnonzero(rows)]  # fmt: skip
    return len(listed), (Note("rows_no_units", count=len(listed), rows=name_some(listed, 5)),)


def _refuse_overwriting(path: Path, out: Path, report: str | Path | None) -> None:
    targets = [out, *([Path(report)] if report is not None else [])]
    for target in (one.resolve() for one in targets):  # a way round through folders leads here, too
        if target.exists() and path.exists() and target.samefile(path):
            hint = "Name another file: the input is never changed."
            raise InputError(Fault("the output would replace the input", str(target), hint=hint))
    if len(targets) == 2 and targets[0].resolve() == targets[1].resolve():
        raise InputError(Fault("one file for the table and the report", str(out), hint="Name two files."))


def _match(source: AgencyTable, release: Release, on: str, options: JoinOptions) -> tuple[Matches, Coordinates | None]:
    """Match every row, by what `on` names."""
    on = _as_written(on, source.frame.columns)
    edition = release.manifest["edition"]
    where = f"{source.name}, column {on}"
    if options.kind and options.kind not in KINDS:
        raise InputError(
            Fault("an unknown kind of code", got=options.kind, expected=", ".join(KINDS), hint="Choose one.")
        )
    of_layer = _is_of_layer(source, on)
    if on in source.frame.columns and not of_layer:
        keys = source.frame[on]
        kind = options.kind or kind_of(keys, edition, where)
        keyed = Keyed(release.areas.index, edition, options.edition, options.crosswalk, options.deso_key)
        matches = match_keys(keys, kind, keyed, where)
        return _with_notes(matches, source.notes), None
    points = _points(source, on, options)
    from regso_cluster.joining.match_points import match_points, open_outlines

    matches = match_points(points, open_outlines(edition, options.shapes))
    unknown = ~pd.Series(matches.code).isin(release.areas.index).to_numpy() & (matches.code != None)  # noqa: E711
    if unknown.any():
        raise InputError(Fault("outlines of other areas than the release has", got=str(matches.code[unknown][0])))
    return _with_notes(matches, source.notes), points


def _as_written(on: str, columns: pd.Index) -> str:
    """Give the names as the table writes them: line breaks, spaces and the form of Unicode do not count."""
    there = {plain_name(column): str(column) for column in columns}
    if on in columns or plain_name(on) in there:
        return on if on in columns else there[plain_name(on)]
    parts = on.split(",")
    for cut in range(1, len(parts)):
        pair = [plain_name(",".join(part)) for part in (parts[:cut], parts[cut:])]
        if all(part in there for part in pair):
            return ",".join(there[part] for part in pair)
    return on


def _with_notes(matches: Matches, notes: tuple[Note, ...], *, last: bool = False) -> Matches:
    return replace(matches, notes=(*matches.notes, *notes) if last else (*notes, *matches.notes))


def _is_of_layer(source: AgencyTable, on: str) -> bool:
    return source.geometry is not None and on in ("geometry", source.geometry_name)


def _points(source: AgencyTable, on: str, options: JoinOptions) -> Coordinates:
    """Read the coordinates that `on` names: two columns, or the geometry of a layer."""
    if source.geometry is not None and _is_of_layer(source, on):
        from regso_cluster.joining.place_layer import declared_crs

        x, y = _xy_of(source.geometry, f"{source.name}, {source.geometry_name}")
        crs = declared_crs(source, options.crs)
        return read_coordinates(pd.Series(x, name="x"), pd.Series(y, name="y"), crs)
    pair = _pair(on, source.frame.columns)
    if pair is None:
        listed = ", ".join(
            map(repr, [*source.frame.columns[:20], *(["geometry"] if source.geometry is not None else [])])
        )
        hint = "Name one of them, two columns of coordinates as X,Y, or geometry for the points of a layer."
        raise InputError(Fault("no such column", source.name, listed, repr(on), hint))
    first, second = (source.frame[name] for name in pair)
    return read_coordinates(first, second, options.crs, decimal_comma=source.decimal_comma)


def _pair(on: str, columns: pd.Index) -> tuple[str, str] | None:
    """Part "x,y" into two columns; a name may hold a comma itself."""
    parts = on.split(",")
    for cut in range(1, len(parts)):
        first, second = ",".join(parts[:cut]).strip(), ",".join(parts[cut:]).strip()
        if first in columns and second in columns and first != second:
            return first, second
    return None


def _xy_of(geometry: NDArray[np.object_], where: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    import shapely

    # an empty geometry, of any type, is a missing one
    geometry = geometry.copy()
    geometry[shapely.is_empty(geometry)] = None
    kinds = shapely.get_type_id(geometry)
    single = (kinds == 4) & (shapely.get_num_geometries(geometry) == 1)  # a multipoint of one
    points = np.where(single, shapely.get_geometry(geometry, 0), geometry)
    odd = ~single & (kinds > 0)
    if odd.any():
        at = int(np.flatnonzero(odd)[0])
        hint = "Make points of them first (QGIS: Point on Surface), or join on a column of codes."
        kind = shapely.geometry.base.BaseGeometry.geom_type.fget(geometry[at])
        raise InputError(Fault(f"{int(odd.sum())} geometries that are no points", where, "points", kind, hint))
    points[shapely.is_empty(points)] = None  # a multipoint of one empty point
    return shapely.get_x(points), shapely.get_y(points)


def _as_points(points: Coordinates) -> NDArray[np.object_]:
    import shapely

    made = np.full(len(points.x), None, dtype=object)
    known = np.isfinite(points.x) & np.isfinite(points.y)
    made[known] = shapely.points(points.x[known], points.y[known])
    return made


def _refuse_collisions(own: pd.Index, added: pd.Index, name: str, prefix: str) -> None:
    lower = {str(column).lower() for column in own}  # a GeoPackage does not tell a from A
    both = [str(column) for column in added if str(column).lower() in lower]
    if both:
        hint = f"Give another --prefix than {prefix!r}: no column of the table is replaced."
        raise InputError(
            [
                Fault("a new column has the name of one that is there", f"{name}, column {one}", hint=hint)
                for one in both
            ]
        )
