"""A release into PostgreSQL with PostGIS: one transaction, all of it or nothing.

One schema holds many releases. Each table has a column `release_id`; a release with columns that the tables lack adds
them, empty for the releases that stand there already. The driver is pg8000: `pip install regso-cluster[postgis]`.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
import pandas as pd

from regso_cluster.areas.edition_table import has_outlines
from regso_cluster.errors import Fault, InputError
from regso_cluster.exports.formats import POSTGIS
from regso_cluster.schema import Table
from regso_cluster.schema import columns as c
from regso_cluster.words.columns import describe_columns, say_unit

if TYPE_CHECKING:
    from regso_cluster.release.model import Release

SCHEMES = POSTGIS.schemes
SCHEMA = "regso"
SRID = 3006  # SWEREF 99 TM
_GEOMETRY = f"geometry(MultiPolygon, {SRID})"
_NAME_BYTES = 63  # PostgreSQL cuts longer names without a word
_SSL = ("disable", "prefer", "require", "verify-full")
_RELEASES = {
    "release_id": "text PRIMARY KEY", "method": "text NOT NULL", "year": "integer NOT NULL", "edition": "integer",
    "synthetic": "boolean NOT NULL", "areas": "integer NOT NULL", "created": "timestamptz NOT NULL",
    "manifest_sha256": "text NOT NULL", "manifest": "jsonb NOT NULL", "method_toml": "text NOT NULL",
}  # fmt: skip


@dataclass(frozen=True)
class Database:
    """Where to write, read from an address. The password is shown nowhere.

    Parameters
    ----------
    user, host, port, name : of the database
    socket : the path of a Unix socket; None: host and port
    ssl : disable, prefer (encrypted where the server can), require, verify-full
    password : None where none is given
    """

    user: str
    host: str
    port: int
    name: str
    socket: str | None
    ssl: str
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"postgresql://{self.user}@{self.socket or f'{self.host}:{self.port}'}/{self.name}"


def is_database(to: str) -> bool:
    """Tell whether a text is the address of a PostgreSQL database."""
    return to.lower().startswith(SCHEMES)


def parse_address(address: str) -> Database:
    """Read postgresql://user:password@host:port/name?sslmode=...; what is left out comes from PGUSER, PGPASSWORD,
    PGHOST, PGPORT, PGDATABASE and PGSSLMODE.

    Raises
    ------
    InputError  not such an address, or a setting that is not known; the message never holds the password
    """  # noqa: D205  # the first sentence needs two lines
    shape = "postgresql://USER@HOST:PORT/NAME"
    hint = "Special letters in a password are written as %..; or leave it out and set PGPASSWORD."
    try:
        parts = urlsplit(address)
        port = parts.port or int(os.environ.get("PGPORT") or 5432)
        settings = {key: values[-1] for key, values in parse_qs(parts.query, strict_parsing=bool(parts.query)).items()}
    except ValueError:  # its text may quote the password
        raise InputError(Fault("not an address of a database", expected=shape, hint=hint)) from None
    unknown = sorted(set(settings) - {"host", "port", "sslmode"})
    if unknown:
        raise InputError(Fault("a setting that is not known", ", ".join(unknown), "host, port, sslmode", hint=hint))
    host = settings.get("host") or unquote(parts.hostname or "") or os.environ.get("PGHOST") or "localhost"
    if settings.get("port", "").isdigit():
        port = int(settings["port"])
    ssl = settings.get("sslmode") or os.environ.get("PGSSLMODE") or "prefer"
    if ssl not in _SSL:
        raise InputError(Fault("sslmode is not known", expected=", ".join(_SSL), got=ssl, hint=hint))
    user = unquote(parts.username or "") or os.environ.get("PGUSER") or os.environ.get("USER") or "postgres"
    name = unquote(parts.path.lstrip("/")) or os.environ.get("PGDATABASE") or user
    password = unquote(parts.password) if parts.password is not None else os.environ.get("PGPASSWORD")
    socket = f"{host.rstrip('/')}/.s.PGSQL.{port}" if host.startswith("/") else None
    return Database(user, host, port, name, socket, ssl, password)


def release_id_of(release: Release) -> str:
    """Name a release in a database: method and year, and r2, r3 ... for a revision, by the name of its folder."""
    revision = re.search(r"-(r\d+)$", release.path.resolve().name) if release.manifest.get("revises") else None
    return f"{release.manifest['method']['name']}-{release.year}" + (f"-{revision[1]}" if revision else "")


def write_postgis(release: Release, address: str, *, schema: str = SCHEMA, replace: bool = False) -> str:
    """Write a release into a PostgreSQL database with PostGIS, in one transaction.

    Tables in `schema`: `releases`, `areas` (with `geom`, SRID 3006, where the edition has a map), `groups`, `factors`,
    `lineage`. What each column means is written beside it as a comment.

    Parameters
    ----------
    release : the release
    address : see `parse_address`
    schema : made where it does not exist
    replace : put the release in the place of one of the same id

    Returns
    -------
    where it stands, without the password

    Raises
    ------
    InputError  the driver is not installed; no connection; the database refuses; a release of the same id stands there
        and `replace` is not given; a column stands there with another type
    """
    database = parse_address(address)
    identity = release_id_of(release)
    tables = _tables(release)
    _check_names([schema, *(column for frame in tables.values() for column in frame.columns)], database)
    with _transaction(database) as run:
        # two exports at a time into one schema would both find the tables missing: the second waits for the first
        run("SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext(%s))", (f"regso_cluster {schema}",))
        _prepare(run, schema, database)
        _clear(run, schema, identity, database, replace=replace)
        for name, frame in tables.items():
            _fit_table(run, schema, name, frame, release, database)
        _write_release_row(run, schema, identity, release)
        for name, frame in tables.items():
            _copy(run, schema, name, frame.assign(release_id=identity))
    return f"{database}, schema {schema}, release {identity}"


def _tables(release: Release) -> dict[str, pd.DataFrame]:
    areas = release.areas.reset_index()
    edition = release.manifest["edition"]
    if has_outlines(edition):
        areas["geom"] = _outlines(areas[str(release.areas.index.name)], edition)
    tables = {"areas": areas, "groups": release.groups, "factors": release.factors}
    if release.lineage is not None:
        tables["lineage"] = release.lineage
    return {name: frame for name, frame in tables.items() if len(frame.columns) and len(frame)}


def _outlines(codes: pd.Series, edition: int) -> list[str]:
    """Give the outlines as hexadecimal EWKB, each a multipolygon."""
    import shapely

    from regso_cluster.areas.shapes import load_shapes

    shapes = load_shapes(edition).set_index(c.REGSO).geometry.loc[codes].to_numpy()
    parts, owner = shapely.get_parts(shapes, return_index=True)
    whole = shapely.set_srid(shapely.multipolygons(parts, indices=owner), SRID)
    return list(shapely.to_wkb(whole, hex=True, include_srid=True))


def _check_names(names: Iterable[str], database: Database) -> None:
    hint = "Choose a shorter name: PostgreSQL would cut it and mistake it for another."
    faults = [
        Fault("a name that the database cannot hold", str(database), f"1 to {_NAME_BYTES} bytes", name[:80], hint)
        for name in dict.fromkeys(names)
        if not 0 < len(name.encode()) <= _NAME_BYTES or "\0" in name
    ]
    if faults:
        raise InputError(faults)


@contextlib.contextmanager
def _transaction(database: Database) -> Iterator[Any]:
    """Connect, give a function that runs a statement, commit at the end; whatever fails leaves nothing."""
    try:
        import pg8000
    except ImportError as error:
        hint = "Install it: pip install 'regso-cluster[postgis]'."
        raise InputError(Fault("the driver of PostgreSQL is not installed", hint=hint)) from error
    faults = (pg8000.exceptions.Error, OSError)
    try:
        connection = pg8000.connect(
            user=database.user, password=database.password, database=database.name, host=database.host,
            port=database.port, unix_sock=database.socket, ssl_context=_ssl_context(database.ssl),
            application_name="regso-cluster",
        )  # fmt: skip
    except faults as error:
        hint = "Is the server up, does the database exist, are user and password (PGPASSWORD) right?"
        raise InputError(Fault("no connection", str(database), got=_said(error), hint=hint)) from None
    cursor = connection.cursor()

    def run(statement: str, values: tuple[Any, ...] = (), stream: Any = None) -> list[tuple[Any, ...]]:
        cursor.execute(statement, values, stream=stream)
        return list(cursor.fetchall()) if cursor.description else []

    try:
        _settle(run)
        yield run
        connection.commit()
    except faults as error:
        hint = "Nothing was written."
        raise InputError(Fault("the database refused", str(database), got=_said(error), hint=hint)) from None
    finally:
        with contextlib.suppress(*faults):  # an open transaction ends with its connection
            connection.close()


def _settle(run: Any) -> None:
    """Set what the statements rely on, for this transaction: a role or a database may set anything else."""
    for name, value in (("standard_conforming_strings", "on"), ("backslash_quote", "safe_encoding"),
                        ("client_encoding", "UTF8"), ("quote_all_identifiers", "off")):  # fmt: skip
        run("SELECT pg_catalog.set_config(%s, %s, true)", (name, value))


def _ssl_context(mode: str) -> Any:
    if mode == "verify-full":
        import ssl

        return ssl.create_default_context()
    return {"disable": False, "prefer": None, "require": True}[mode]


def _said(error: BaseException) -> str:
    """Say what a server said, without what was sent to it."""
    told = error.args[0] if error.args else ""
    if isinstance(told, dict):  # of the fields of the protocol: M the message, C its code
        return f"{told.get('M', '')} ({told.get('C', '')})"
    cause = error.__cause__
    return f"{told}" + (f": {cause}" if isinstance(cause, OSError) else "")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _table(schema: str, name: str) -> str:
    return f"{_quoted(schema)}.{_quoted(name)}"


def _prepare(run: Any, schema: str, database: Database) -> None:
    if not run("SELECT 1 FROM pg_catalog.pg_extension WHERE extname = 'postgis'"):
        if not run("SELECT 1 FROM pg_catalog.pg_available_extensions WHERE name = 'postgis'"):
            hint = "Install PostGIS on the server (Debian: postgresql-15-postgis-3)."
            raise InputError(Fault("the server has no PostGIS", str(database), hint=hint))
        run("CREATE EXTENSION postgis")
    # names without a schema are those of PostgreSQL and PostGIS, whatever stands on the path of the role
    ((home,),) = run("SELECT n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n "
                     "ON n.oid = e.extnamespace WHERE e.extname = 'postgis'")  # fmt: skip
    run("SELECT pg_catalog.set_config('search_path', %s, true)", (f"pg_catalog, {_quoted(home)}",))
    run(f"CREATE SCHEMA IF NOT EXISTS {_quoted(schema)}")
    columns = ", ".join(f"{_quoted(name)} {kind}" for name, kind in _RELEASES.items())
    run(f"CREATE TABLE IF NOT EXISTS {_table(schema, 'releases')} ({columns})")


def _clear(run: Any, schema: str, identity: str, database: Database, *, replace: bool) -> None:
    """Take away the release that stands there; its rows go with it."""
    standing = run(f"SELECT manifest_sha256 FROM {_table(schema, 'releases')} WHERE release_id = %s", (identity,))  # noqa: S608
    if not standing:
        return
    if not replace:
        hint = "--replace puts this release in its place; --schema writes it elsewhere."
        where = f"{database}, schema {schema}"
        raise InputError(Fault("the release stands there already", where, got=f"{identity}, sha256 "
                               f"{standing[0][0][:12]}", hint=hint))  # fmt: skip
    run(f"DELETE FROM {_table(schema, 'releases')} WHERE release_id = %s", (identity,))  # noqa: S608


def _fit_table(run: Any, schema: str, name: str, frame: pd.DataFrame, release: Release, database: Database) -> None:
    """Make the table, or add the columns that it lacks; a column of another type is refused."""
    table = _table(schema, name)
    wanted = {str(column): _type_of(str(column), frame[column].dtype) for column in frame.columns}
    run(
        f"CREATE TABLE IF NOT EXISTS {table} (release_id text NOT NULL REFERENCES {_table(schema, 'releases')} "
        "ON DELETE CASCADE)"
    )
    found = run(
        "SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a WHERE a.attrelid = to_regclass(%s) "
        "AND a.attnum > 0 AND NOT a.attisdropped",
        (table,),
    )
    standing = dict(found)
    hint = "Write to another --schema: releases of one schema share their tables."
    faults = [
        Fault("a column of another type", f"{database}, table {schema}.{name}, column {column}", standing[column], kind,
              hint)
        for column, kind in wanted.items()
        if column in standing and _spelled(standing[column]) != _spelled(kind)
    ]  # fmt: skip
    if faults:
        raise InputError(faults)
    new = [f"ADD COLUMN {_quoted(column)} {kind}" for column, kind in wanted.items() if column not in standing]
    if new:
        run(f"ALTER TABLE {table} {', '.join(new)}")
    _comment(run, table, name, [column for column in wanted if column not in standing], release)
    _index(run, table, name, frame, first=len(standing) == 1)


def _spelled(kind: str) -> str:
    return kind.replace(" ", "").lower()


def _index(run: Any, table: str, name: str, frame: pd.DataFrame, *, first: bool) -> None:
    if first:
        key = {"areas": [str(frame.columns[0])], "factors": [str(frame.columns[0]), "factor"],
               "lineage": [c.CLUSTER]}.get(name)  # fmt: skip
        if key:
            run(f"ALTER TABLE {table} ADD PRIMARY KEY (release_id, {', '.join(map(_quoted, key))})")
        else:
            run(f"CREATE INDEX ON {table} (release_id)")
    if "geom" in frame:
        spatial = run("SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = indexrelid JOIN pg_am m ON m.oid = c.relam "
                      "WHERE i.indrelid = to_regclass(%s) AND m.amname = 'gist'", (table,))  # fmt: skip
        if not spatial:
            run(f"CREATE INDEX ON {table} USING gist (geom)")


def _comment(run: Any, table: str, name: str, columns: list[str], release: Release) -> None:
    kinds: dict[str, Table] = {"areas": "areas", "groups": "groups", "factors": "factors", "lineage": "lineage"}
    described = [column for column in columns if column != "geom"]
    for row in describe_columns(described, release.method, kinds[name]).to_dict("records"):
        text = f"{row['sv']} / {row['en']}" + (f" ({say_unit(row)})" if row[c.UNIT] else "")
        # COMMENT takes no parameters: the server itself makes the literal, right by whatever settings it has
        ((literal,),) = run("SELECT pg_catalog.quote_literal(%s::text)", (text,))
        run(f"COMMENT ON COLUMN {table}.{_quoted(row['column'])} IS {literal}")


def _type_of(column: str, kind: Any) -> str:
    if column == "geom":
        return _GEOMETRY
    if pd.api.types.is_bool_dtype(kind):
        return "boolean"
    if pd.api.types.is_integer_dtype(kind):
        return "bigint"
    return "double precision" if pd.api.types.is_float_dtype(kind) else "text"


def _write_release_row(run: Any, schema: str, identity: str, release: Release) -> None:
    manifest = release.manifest
    method = (Path(release.path) / "method.toml").read_text("utf-8")
    row = (
        identity, manifest["method"]["name"], release.year, manifest["edition"], manifest["synthetic"],
        len(release.areas), manifest["created"], manifest["manifest_sha256"],
        json.dumps(manifest, ensure_ascii=False), method,
    )  # fmt: skip
    casts = ", ".join("%s::" + kind.split()[0] for kind in _RELEASES.values())
    run(f"INSERT INTO {_table(schema, 'releases')} ({', '.join(_RELEASES)}) VALUES ({casts})", row)  # noqa: S608


def _copy(run: Any, schema: str, name: str, frame: pd.DataFrame) -> None:
    """Send a table by COPY, in its text format; a missing cell is NULL."""
    columns = ", ".join(_quoted(str(column)) for column in frame.columns)
    cells = [_cells(frame[column]) for column in frame.columns]
    lines = ("\t".join(row) + "\n" for row in zip(*cells, strict=True))
    run(f"COPY {_table(schema, name)} ({columns}) FROM STDIN", stream=(line.encode() for line in lines))


def _cells(cells: pd.Series) -> list[str]:
    missing = cells.isna().to_numpy(bool)
    if pd.api.types.is_float_dtype(cells.dtype):
        texts = [repr(number) for number in cells.to_numpy(np.float64, na_value=np.nan).tolist()]
    else:
        texts = [_escaped(str(cell)) for cell in cells.astype(object)]
    return [r"\N" if gone else text for text, gone in zip(texts, missing, strict=True)]


def _escaped(text: str) -> str:
    r"""Escape a text for COPY: backslash, tab and the line breaks are its only marks."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
