"""Releases of the synthetic country, and a real PostgreSQL with PostGIS."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pandas as pd
import pytest

from regso_cluster.classification.classify import classify
from regso_cluster.example.country import write_example
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import load_method
from regso_cluster.release.model import Release
from regso_cluster.release.write import write_release

PASSWORD = "p@ss/w:ö%rd"  # noqa: S105  # of a server that lives as long as the tests: every mark that an address minds
USER = "tester"
TEXT = pd.Series(["text"]).dtype  # a type of its own from pandas 3 on


@pytest.fixture(scope="session")
def released(example_release, tmp_path_factory) -> Release:
    """The synthetic country of 2024 as a release; areas with suppressed factors are undecided."""
    return write_release(example_release.classification, tmp_path_factory.mktemp("delivery") / "2024")


@pytest.fixture(scope="session")
def followed(released, tmp_path_factory) -> Release:
    """The country a year later, against the release before: with lineage and columns of the year before."""
    folder = tmp_path_factory.mktemp("followed")
    write_example(folder, range(2025, 2026))
    method = load_method("utanforskap")
    # few draws: what is tested is the form of the figures
    method = replace(
        method, clusters=replace(method.clusters, resamples=2), certainty=replace(method.certainty, draws=20)
    )
    table = read_factors(folder / "factors-2025.csv", method, year=2025)
    made = classify(table, method, year=2025, previous=released.areas, previous_method=released.method)
    return write_release(made, folder / "2025", previous=released)


@pytest.fixture(scope="session")
def shortened(followed) -> Release:
    """The same with some areas only, undecided ones among them, for readers that take their time."""
    release = Release(followed.path, followed.manifest)
    undecided = followed.areas["composite_status"] == "undecided"
    kept = undecided.to_numpy() | (pd.RangeIndex(len(followed.areas)) % 12 == 0)
    release.__dict__["areas"] = followed.areas[kept]
    release.__dict__["factors"] = followed.factors[followed.factors["regso"].isin(followed.areas.index[kept])]
    return release


@pytest.fixture
def hostile() -> pd.DataFrame:
    """A table of an agency with everything that a format may stumble on."""
    return pd.DataFrame(
        {
            "kod": ["0114R001", "0114R002", "0180C1010", "2584R001"],
            "kommun": ["0114", "0114", "0180", "2584"],
            "namn": ["Åäö Éñ", '=HYPERLINK("http://x")', "@SUM(1)", None],
            "text": ["-1", "'=1", '\ttab;,"citat"', "a\nb"],
            "antal": pd.array([1, None, -3, 2**53 + 1], dtype="Int64"),
            "tal": [0.1 + 0.2, float("nan"), -1e-7, 1e15 / 7],
            "andel": pd.array([0.5, None, 1 / 3, -0.0], dtype="Float64"),
            "flagga": pd.array([True, False, None, True], dtype="boolean"),
        }
    ).astype(dict.fromkeys(("kod", "kommun", "namn", "text"), TEXT))


def no_empty_text(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with empty text as missing: text files and workbooks know no difference."""
    texts = [name for name, kind in frame.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)]
    return frame.assign(**{
        name: pd.Series([None if pd.isna(text) or text == "" else text for text in frame[name]], frame.index,
                        dtype=frame[name].dtype)
        for name in texts
    })  # fmt: skip


@dataclass(frozen=True)
class Server:
    """A PostgreSQL of its own."""

    socket: Path
    port: int

    def address(self, name: str = "postgres", *, tcp: bool = False, password: str | None = PASSWORD) -> str:
        given = f"{USER}:{quote(password, safe='')}" if password is not None else USER
        if tcp:
            return f"postgresql://{given}@127.0.0.1:{self.port}/{name}"
        return f"postgresql://{given}@/{name}?host={quote(str(self.socket), safe='')}&port={self.port}"

    def connect(self, name: str = "postgres"):
        import pg8000

        return pg8000.connect(
            user=USER, password=PASSWORD, database=name, unix_sock=f"{self.socket}/.s.PGSQL.{self.port}"
        )


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    named = shutil.which("pg_ctl")
    candidates = [path.parent for path in reversed(found)] + ([Path(named).resolve().parent] if named else [])
    return next((folder for folder in candidates if (folder / "pg_ctl").exists()), None)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL with PostGIS in a temporary folder, as an unprivileged user; skips where it is not installed."""
    folder = _binaries()
    if folder is None:
        missing = "needs PostgreSQL (Debian: postgresql, postgresql-15-postgis-3)"
        if os.environ.get("REGSO_REQUIRE_POSTGIS"):
            pytest.fail(missing)
        pytest.skip(missing)
    base = Path(tempfile.mkdtemp(prefix="regso-pg-"))
    base.chmod(0o700)
    as_user: dict[str, object] = {"cwd": base, "capture_output": True, "text": True}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(base, "postgres", "postgres")
        as_user |= {"user": "postgres", "group": "postgres", "extra_groups": []}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    secret = base / "password"
    secret.write_text(PASSWORD + "\n", "utf-8")
    secret.chmod(0o644)
    data, settings = base / "data", f"-p {port} -k {base} -c listen_addresses=127.0.0.1 -c fsync=off"
    subprocess.run(
        [folder / "initdb", "-D", data, "-U", USER, "-A", "scram-sha-256", "--pwfile", secret, "-E", "UTF8",
         "--no-locale", "-N"], check=True, **as_user)  # fmt: skip
    subprocess.run([folder / "pg_ctl", "-D", data, "-l", base / "log", "-w", "-o", settings, "start"],
                   check=True, **(as_user | {"capture_output": False, "stdout": subprocess.DEVNULL}))  # fmt: skip
    try:
        started = Server(base, port)
        with started.connect() as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'postgis'")
            known = cursor.fetchall()
        if not known:
            missing = "needs PostGIS on the server (Debian: postgresql-15-postgis-3)"
            if os.environ.get("REGSO_REQUIRE_POSTGIS"):
                pytest.fail(missing)
            pytest.skip(missing)
        yield started
    finally:
        subprocess.run([folder / "pg_ctl", "-D", data, "-m", "immediate", "stop"], check=True, **as_user)
        shutil.rmtree(base, ignore_errors=True)
