# ruff: noqa: S608, S106  # statements and passwords of a server that lives as long as the tests
from __future__ import annotations

import threading
from itertools import count

import numpy as np
import pandas as pd
import pg8000
import pytest
import shapely

from regso_cluster.areas.shapes import load_shapes
from regso_cluster.classification.classify import classify
from regso_cluster.errors import InputError
from regso_cluster.exports import postgis
from regso_cluster.exports.postgis import is_database, parse_address, release_id_of, write_postgis
from regso_cluster.factors.tables import read_factors
from regso_cluster.release.write import write_release
from tests.fixtures import PASSWORD, USER
from tests.tables import METHOD, method, rows, write

_NUMBERS = count()


@pytest.fixture
def schema():
    return f'schema "{next(_NUMBERS)}" å'  # every test its own, with marks that need quotation


@pytest.fixture
def ask(server):
    with server.connect() as connection:
        cursor = connection.cursor()

        def run(statement, *values):
            cursor.execute(statement, values)
            return cursor.fetchall()

        yield run


def quoted(schema, table):
    return '"' + schema.replace('"', '""') + f'"."{table}"'


@pytest.fixture(scope="module")
def whole(server, followed):
    """The schema of a whole release, written once for the tests that only read."""
    return write_postgis(followed, server.address(tcp=True), schema="whole")


def small(tmp_path, year=2024, text=METHOD, **columns):
    """Six areas that are an area set of their own: no outlines, quickly written."""
    text = text.replace('coverage = "partial"', 'areas = "own"')
    table = read_factors(write(rows().assign(**columns), tmp_path / f"t{year}.csv"), method(text))
    return write_release(classify(table, method(text), year=year), tmp_path / f"r{year}")


def read_back(server, schema, table, like):
    with server.connect() as connection:
        cursor = connection.cursor()
        columns = ", ".join('"' + column.replace('"', '""') + '"' for column in like.columns)
        cursor.execute(f"SELECT {columns} FROM {quoted(schema, table)} ORDER BY ctid")
        rows_read = cursor.fetchall()
    frame = pd.DataFrame(rows_read, columns=like.columns, dtype=object)
    return frame.astype(like.dtypes.to_dict())


def test_a_release_is_read_back_equal_from_every_table(server, whole, followed):
    schema = "whole"
    assert whole == f"postgresql://tester@127.0.0.1:{server.port}/postgres, schema whole, release utanforskap-2025"
    expected = {"areas": followed.areas.reset_index(), "groups": followed.groups, "factors": followed.factors,
                "lineage": followed.lineage}  # fmt: skip
    for name, frame in expected.items():
        pd.testing.assert_frame_equal(read_back(server, schema, name, frame), frame, check_exact=True, obj=name)
    assert followed.areas["composite_group"].isna().any()  # undecided areas are among them, and stay empty


@pytest.mark.usefixtures("whole")
def test_outlines_are_those_of_the_map_in_sweref_99_tm(ask):
    schema = "whole"
    found = ask(f"SELECT regso, ST_AsBinary(geom), ST_SRID(geom), ST_IsValid(geom) FROM {quoted(schema, 'areas')} "
                "ORDER BY regso")  # fmt: skip
    shapes = load_shapes().set_index("regso").geometry
    assert {row[2] for row in found} == {3006}
    assert all(row[3] for row in found)
    read = shapely.from_wkb([row[1] for row in found])
    assert shapely.equals(read, shapes.loc[[row[0] for row in found]].to_numpy()).all()
    # a point known by hand: the middle of Sergels torg, Stockholm, lies in an area of kommun 0180
    inside = ask(f"SELECT kommun FROM {quoted(schema, 'areas')} WHERE ST_Contains(geom, "
                 "ST_SetSRID(ST_MakePoint(674300, 6580700), 3006))")  # fmt: skip
    assert [row[0] for row in inside] == ["0180"]
    kinds = ask("SELECT type, srid FROM geometry_columns WHERE f_table_schema = %s", schema)
    assert [list(row) for row in kinds] == [["MULTIPOLYGON", 3006]]


@pytest.mark.usefixtures("whole")
def test_the_table_of_releases_holds_the_manifest_and_the_method(followed, ask):
    schema, released = "whole", followed
    found = ask(f"SELECT release_id, year, edition, synthetic, areas, manifest, method_toml, manifest_sha256 "
                f"FROM {quoted(schema, 'releases')}")  # fmt: skip
    assert list(found[0]) == [
        "utanforskap-2025", 2025, 2025, True, 3363, released.manifest,
        (released.path / "method.toml").read_text("utf-8"), released.manifest["manifest_sha256"],
    ]  # fmt: skip
    comment = ask("SELECT col_description(to_regclass(%s), a.attnum) FROM pg_attribute a WHERE a.attrelid = "
                  "to_regclass(%s) AND attname = 'composite_group'", *[quoted(schema, "areas")] * 2)  # fmt: skip
    assert "Sammanvägd grupp" in comment[0][0]


def test_a_release_of_the_same_id_is_refused_or_replaced(server, schema, tmp_path, ask):
    first = small(tmp_path)
    write_postgis(first, server.address(), schema=schema)
    (tmp_path / "again").mkdir()
    second = small(tmp_path / "again", poor_n=["10", "20", "10", "30", "10", "70"])
    with pytest.raises(InputError, match=r"stands there already.*replace"):
        write_postgis(second, server.address(), schema=schema)
    hashes = f"SELECT manifest_sha256 FROM {quoted(schema, 'releases')}"
    assert [row[0] for row in ask(hashes)] == [first.manifest["manifest_sha256"]]
    write_postgis(second, server.address(), schema=schema, replace=True)
    with server.connect() as connection:
        cursor = connection.cursor()
        cursor.execute(hashes)
        assert [row[0] for row in cursor.fetchall()] == [second.manifest["manifest_sha256"]]
        cursor.execute(f"SELECT count(*), count(DISTINCT area) FROM {quoted(schema, 'areas')}")
        assert list(cursor.fetchone()) == [6, 6]


def test_releases_of_one_schema_share_their_tables_and_new_columns_are_added(server, schema, tmp_path, ask):
    plain = METHOD[: METHOD.index("[index]")]
    write_postgis(small(tmp_path, 2023, plain), server.address(), schema=schema)
    write_postgis(small(tmp_path, 2024), server.address(), schema=schema)
    found = ask(f"SELECT release_id, count(*), count(index) FROM {quoted(schema, 'areas')} GROUP BY 1 ORDER BY 1")
    assert [list(row) for row in found] == [["two-factors-2023", 6, 0], ["two-factors-2024", 6, 6]]


def test_a_column_of_another_type_is_refused_and_nothing_is_changed(server, schema, tmp_path, ask):
    write_postgis(small(tmp_path, 2023), server.address(), schema=schema)
    with server.connect() as connection:
        cursor = connection.cursor()
        cursor.execute(f"ALTER TABLE {quoted(schema, 'areas')} ALTER n_problems TYPE text")
        connection.commit()
    with pytest.raises(InputError, match=r"n_problems: a column of another type .*another schema"):
        write_postgis(small(tmp_path, 2024), server.address(), schema=schema)
    assert [row[0] for row in ask(f"SELECT release_id FROM {quoted(schema, 'releases')}")] == ["two-factors-2023"]


@pytest.mark.parametrize("table", ["areas", "groups", "factors"])
def test_cut_at_any_table_nothing_is_left(server, schema, tmp_path, monkeypatch, ask, table):
    real = pg8000.Cursor.execute

    def cut(cursor, statement, *given, **named):
        if statement.startswith(f"COPY {quoted(schema, table)} "):
            raise KeyboardInterrupt
        return real(cursor, statement, *given, **named)

    monkeypatch.setattr(pg8000.Cursor, "execute", cut)
    with pytest.raises(KeyboardInterrupt):
        write_postgis(small(tmp_path), server.address(), schema=schema)
    assert ask("SELECT 1 FROM information_schema.schemata WHERE schema_name = %s", schema) == ()


def test_cut_by_the_server_in_the_middle_of_a_copy(server, schema, tmp_path, monkeypatch):
    write_postgis(small(tmp_path, 2023), server.address(), schema=schema)
    real = pg8000.Cursor.execute

    def killed(cursor, statement, *given, stream=None, **named):
        if not statement.startswith(f"COPY {quoted(schema, 'factors')} "):
            return real(cursor, statement, *given, stream=stream, **named)

        def some_lines():
            yield next(stream)
            with server.connect() as other:
                real(other.cursor(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                                     "WHERE application_name = 'regso-cluster'")  # fmt: skip
            yield from stream

        return real(cursor, statement, *given, stream=some_lines(), **named)

    monkeypatch.setattr(pg8000.Cursor, "execute", killed)
    with pytest.raises(InputError, match="Nothing was written") as refused:
        write_postgis(small(tmp_path, 2024), server.address(), schema=schema)
    assert PASSWORD not in str(refused.value)
    with server.connect() as connection:
        cursor = connection.cursor()
        cursor.execute(f"SELECT DISTINCT release_id FROM {quoted(schema, 'areas')}")
        assert [row[0] for row in cursor.fetchall()] == ["two-factors-2023"]


def test_two_exports_at_a_time_wait_for_each_other(server, schema, tmp_path, ask):
    releases = [small(tmp_path, year) for year in (2021, 2022, 2023)]
    faults = []

    def one(release):
        try:
            write_postgis(release, server.address(), schema=schema)
        except InputError as error:
            faults.append(error)

    threads = [threading.Thread(target=one, args=(release,)) for release in releases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    found = ask(f"SELECT release_id, count(*) FROM {quoted(schema, 'areas')} GROUP BY 1 ORDER BY 1")
    assert [list(row) for row in found] == [[f"two-factors-{year}", 6] for year in (2021, 2022, 2023)]


HOSTILE = ["x'); DROP SCHEMA public; --", "back\\slash \\N \\.", "tab\there", "100 % :name %s", '"quoted"', "åäö"]


def test_hostile_text_is_text(server, schema, tmp_path):
    text = METHOD.replace('coverage = "partial"', 'coverage = "partial"\nname = "name"').replace(
        'sv = "Fattigdom"', 'sv = "Fattigdom \' %s \\\\ ; --"'
    )
    release = small(tmp_path, text=text, name=HOSTILE)
    assert set(HOSTILE) == set(release.areas["name"])
    release.__dict__["areas"] = release.areas.assign(composite_reason="line\nbreaks\r\n\t\\.")
    write_postgis(release, server.address(), schema=schema)
    areas = release.areas.reset_index()
    pd.testing.assert_frame_equal(read_back(server, schema, "areas", areas), areas, check_exact=True)


def test_a_text_that_no_database_holds_is_refused(server, schema, tmp_path, ask):
    release = small(tmp_path)
    release.__dict__["areas"] = release.areas.assign(name="a\0b")
    with pytest.raises(InputError, match=r"the database refused.*Nothing was written"):
        write_postgis(release, server.address(), schema=schema)
    assert ask("SELECT 1 FROM information_schema.schemata WHERE schema_name = %s", schema) == ()


def test_areas_of_its_own_have_no_outlines(server, schema, tmp_path, ask):
    write_postgis(small(tmp_path, regso=list("abcdef")), server.address(), schema=schema)
    assert [row[0] for row in ask(f"SELECT area FROM {quoted(schema, 'areas')} ORDER BY 1")] == list("abcdef")
    assert ask("SELECT 1 FROM geometry_columns WHERE f_table_schema = %s", schema) == ()


def test_a_wrong_password_is_refused_without_being_shown(server, released):
    for tcp in (True, False):
        with pytest.raises(InputError, match=r"no connection.*PGPASSWORD") as refused:
            write_postgis(released, server.address(tcp=tcp, password="s3cret-åäö"))
        assert "s3cret" not in str(refused.value)
        assert "s3cret" not in repr(refused.value.__cause__)


def test_no_server_and_no_database_are_refused(server, released):
    with pytest.raises(InputError, match=r"no connection.*does the database exist"):
        write_postgis(released, server.address("nowhere"))
    with pytest.raises(InputError, match="no connection"):
        write_postgis(released, "postgresql://u:s3cret@127.0.0.1:1/x")


def test_a_user_without_rights_is_told_what_the_database_said(server, schema, released):
    with server.connect() as connection:
        cursor = connection.cursor()
        cursor.execute("DROP ROLE IF EXISTS reader")
        cursor.execute("CREATE ROLE reader LOGIN PASSWORD 'reader'")
        cursor.execute("CREATE EXTENSION IF NOT EXISTS postgis")
        connection.commit()
    address = server.address().replace(server.address().split("//")[1].split("@")[0], "reader:reader")
    with pytest.raises(InputError, match=r"the database refused.*permission denied"):
        write_postgis(released, address, schema=schema)


def test_ssl_is_asked_for_and_refused(server, released):
    with pytest.raises(InputError, match=r"no connection.*refuses SSL"):
        write_postgis(released, server.address(tcp=True) + "?sslmode=require")


def test_addresses(monkeypatch):
    for name in ("PGUSER", "PGPASSWORD", "PGHOST", "PGPORT", "PGDATABASE", "PGSSLMODE"):
        monkeypatch.delenv(name, raising=False)
    full = parse_address("postgresql://anna:l%40sen@db.example:5433/regso?sslmode=require")
    assert (full.user, full.password, full.host, full.port, full.name, full.ssl, full.socket) == (
        "anna", "l@sen", "db.example", 5433, "regso", "require", None,
    )  # fmt: skip
    assert str(full) == "postgresql://anna@db.example:5433/regso"
    assert "l@sen" not in repr(full)
    monkeypatch.setenv("PGPASSWORD", "from-the-environment")
    monkeypatch.setenv("PGUSER", "eva")
    bare = parse_address("postgres://")
    assert (bare.user, bare.password, bare.host, bare.port, bare.name) == (
        "eva", "from-the-environment", "localhost", 5432, "eva",
    )  # fmt: skip
    assert parse_address("postgresql://u:@h/d").password == ""
    assert parse_address("postgresql:///d?host=/var/run").socket == "/var/run/.s.PGSQL.5432"
    assert is_database("PostgreSQL://x")
    assert not is_database("postgresql.xlsx")


@pytest.mark.parametrize("address", [
    "postgresql://u:s3cret@h:notaport/d", "postgresql://u:s3cret@[h/d", "postgresql://u:s3cret@h/d?nonsense=1",
    "postgresql://u:s3cret@h/d?sslmode=maybe", "postgresql://u:s3cret@h/d?x", "postgresql://u:s3cret@h:99999/d",
])  # fmt: skip
def test_an_address_that_is_none_is_refused_without_its_password(address):
    with pytest.raises(InputError) as refused:
        parse_address(address)
    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.faults[0].hint


def test_a_name_that_would_be_cut_is_refused(released):
    with pytest.raises(InputError, match=r"a name that the database cannot hold.*shorter name"):
        write_postgis(released, "postgresql://u@h/d", schema="å" * 32)
    postgis._check_names(["å" * 31 + "a"], parse_address("postgresql://u@h/d"))  # 63 bytes


def test_a_revision_has_an_id_of_its_own(released, tmp_path):
    assert release_id_of(released) == "utanforskap-2024"
    from regso_cluster.release.model import Release

    revised = Release(tmp_path / "2024-r2", released.manifest | {"revises": {"name": "2024"}})
    assert release_id_of(revised) == "utanforskap-2024-r2"
    assert release_id_of(Release(tmp_path / "2024-r2", released.manifest)) == "utanforskap-2024"


def test_numbers_go_to_the_last_digit():
    numbers = pd.Series([0.1 + 0.2, 5e-324, -0.0, np.nan, 1e300 / 7])
    cells = postgis._cells(numbers)
    assert cells[3] == r"\N"
    assert [float(cell) for cell in cells[:3] + cells[4:]] == [0.1 + 0.2, 5e-324, -0.0, 1e300 / 7]
    assert USER not in cells


COMMENTED = "A\\'; CREATE TABLE public.pwned(x int); DROP TABLE public.spatial_ref_sys CASCADE; -- 100 % $$ \\"


@pytest.mark.parametrize(
    "settings",
    [
        {"standard_conforming_strings": "off", "backslash_quote": "on"},
        {"search_path": "'elsewhere', 'public'", "quote_all_identifiers": "on"},
        {"client_encoding": "'LATIN1'", "standard_conforming_strings": "off", "escape_string_warning": "off"},
    ],
    ids=["backslashes", "path", "encoding"],
)
def test_no_setting_of_the_server_makes_a_statement_of_a_name(server, ask, schema, tmp_path, settings):
    """Twice, since the second export compares the columns that stand there."""
    name = COMMENTED + " åäö"
    literal = name.replace("\\", "\\\\").replace('"', '\\"')
    text = METHOD.replace('sv = "Fattigdom"', f'sv = "{literal}"', 1)
    assert text != METHOD
    release = small(tmp_path, text=text)
    with server.connect() as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        for setting, value in settings.items():
            cursor.execute(f"ALTER ROLE {USER} SET {setting} = {value}")
    try:
        write_postgis(release, server.address(), schema=schema)
        write_postgis(release, server.address(), schema=schema, replace=True)
    finally:
        with server.connect() as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute(f"ALTER ROLE {USER} RESET ALL")
    assert ask("SELECT to_regclass('public.pwned')") == ([None],)
    assert ask("SELECT to_regclass('public.spatial_ref_sys')") != ([None],)
    comments = [row[0] for row in ask(
        "SELECT d.description FROM pg_description d JOIN pg_class c ON c.oid = d.objoid JOIN pg_namespace n "
        "ON n.oid = c.relnamespace WHERE n.nspname = %s", schema,
    )]  # fmt: skip
    assert any(" ".join(name.split()) in " ".join(comment.split()) for comment in comments)
