"""A table, the open columns of a method, or outlines from SCB in one call: asked for, kept in the cache, written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regso_cluster.areas.codes import parse_codes
from regso_cluster.areas.shapes import SHAPES_FILE, cache_folder
from regso_cluster.errors import Fault, InputError
from regso_cluster.files.atomic import refuse_inside_a_release
from regso_cluster.method import Method
from regso_cluster.sources import catalogue, tables
from regso_cluster.sources import shapes as layers
from regso_cluster.sources.client import Client
from regso_cluster.sources.selection import Question
from regso_cluster.sources.tables import Fetched


@dataclass(frozen=True)
class FetchOptions:
    """Where something is fetched from, and where it is kept.

    Parameters
    ----------
    service : address of a PxWebApi 2, or for outlines of a WFS; None: SCB's
    cache : folder of fetched answers; None: that of REGSO_CACHE, or the user's own
    refresh : fetch even what the cache has
    say : gets what the call is at

    Examples
    --------
    >>> FetchOptions(refresh=True).service is None
    True
    """

    service: str | None = None
    cache: Path | None = None
    refresh: bool = False
    say: Callable[[str], None] | None = None


@dataclass(frozen=True)
class FetchedShapes:
    """Outlines as fetched.

    Parameters
    ----------
    path : the file, in the cache or where it was asked for
    source : layer, number of areas, date, hashes
    fresh : fetched now, not found in the cache

    Examples
    --------
    >>> options = FetchOptions(service=wfs, cache=folder / "cache")
    >>> found = fetch_shapes(2025, options=options)
    >>> isinstance(found, FetchedShapes), found.source["areas"]
    (True, 3363)
    """

    path: Path
    source: dict[str, Any]
    fresh: bool


def fetch_table(question: Question, out: str | Path | None = None, *, options: FetchOptions | None = None) -> Fetched:
    """Fetch one table of SCB's statistical database, a row an area.

    Parameters
    ----------
    question : what is wanted
    out : the CSV to write, its sources beside it; None writes nothing
    options : the service and the cache

    Returns
    -------
    Fetched

    Raises
    ------
    InputError  no such table, measure, area or year; faults of the service; `out` exists

    Examples
    --------
    >>> question = Question("TAB6574", 2024, contents=("0000AAAA",))
    >>> options = FetchOptions(service=pxweb, cache=folder / "cache")
    >>> fetched = fetch_table(question, folder / "people.csv", options=options)
    >>> fetched.frame.columns.tolist()
    ['regso', 'year', '0000AAAA']
    """
    options = options or FetchOptions()
    _refuse(out)
    opened = _open(options)
    fetched = tables.fetch_table(question, opened, options.cache or cache_folder(), refresh=options.refresh)
    if out is not None:
        tables.write_fetched(fetched, Path(out))
    return fetched


def fetch_method(
    method: Method,
    year: int,
    out: str | Path | None = None,
    *,
    numbers: Mapping[str, str] | None = None,
    options: FetchOptions | None = None,
) -> Fetched:
    """Fetch every column of a method's table that SCB has open; the origin names the missing ones.

    Parameters
    ----------
    method : a built-in one, or one whose columns are named alike
    year : the reference year
    out : the CSV to write, its sources beside it; None writes nothing
    numbers : the number in PxWebApi 2 of tables known by their older name, as {"IntGr11RegSO1": "TAB1234"}
    options : the service and the cache

    Returns
    -------
    Fetched, with `missing` in its origin: column and reason for each that was not fetched

    Raises
    ------
    InputError  a method of which no column is open; faults of the service; `out` exists

    Examples
    --------
    >>> try:
    ...     fetch_method(load_method("imd-2025"), 2024, options=FetchOptions(service=pxweb, cache=folder / "cache"))
    ... except InputError as error:
    ...     print(error.faults[0].what)
    a method that no table of SCB serves
    """
    options = options or FetchOptions()
    _refuse(out)
    opened = _open(options)
    cache = options.cache or cache_folder()
    known = dict(numbers or {})
    fetched = catalogue.fetch_method(method, year, opened, cache, numbers=known, refresh=options.refresh)
    if out is not None:
        tables.write_fetched(fetched, Path(out))
    return fetched


def fetch_shapes(
    edition: int,
    out: str | Path | None = None,
    *,
    deso: bool = False,
    lan: str | None = None,
    options: FetchOptions | None = None,
) -> FetchedShapes:
    """Fetch SCB's full outlines, check them and keep them in the cache, where joins and maps find them.

    Parameters
    ----------
    edition : of RegSO, as 2025
    out : also write them to this .parquet or .gpkg
    deso : the DeSO that goes with the edition, instead of RegSO
    lan : code of one län; such a layer is not taken for the whole one
    options : the service and the cache

    Returns
    -------
    FetchedShapes

    Raises
    ------
    InputError  no code of a län; faults of the service; a layer that is not whole; `out` exists

    Examples
    --------
    >>> fetch_shapes(2025, folder / "outlines.parquet", options=FetchOptions(wfs, folder / "cache")).path.name
    'outlines.parquet'
    """
    options = options or FetchOptions()
    if lan is not None and parse_codes([lan], "lan").codes.isna().any():
        raise InputError(Fault("no code of a län", "lan", "two digits, as 20", lan, "Give a code of a län."))
    if out is not None:
        refuse_inside_a_release(Path(out))
        layers.refuse_out(Path(out))
    client = Client(layers.SERVICE if options.service is None else options.service, say=options.say)
    kept = layers.fetch_shapes(
        edition, client, options.cache or cache_folder(), deso=deso, lan=lan, refresh=options.refresh
    )
    path = layers.write_shapes(kept, Path(out)) if out is not None else kept.folder / SHAPES_FILE
    return FetchedShapes(path, kept.source, kept.fresh)


def _refuse(out: str | Path | None) -> None:
    if out is not None:
        refuse_inside_a_release(Path(out))
        tables.refuse_out(Path(out))


def _open(options: FetchOptions) -> tables.Service:
    return tables.open_service(tables.SERVICE if options.service is None else options.service, say=options.say)
