"""Real databases for the tests: SQLite files, and a PostgreSQL cluster that lives as long as the session."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn, Self
from uuid import uuid4

import pytest
from sqlalchemy import Engine, delete, text

from app.migrations import upgrade
from retrieval.tables import metadata, open_engine

DEBIAN_BINARIES = "/usr/lib/postgresql/15/bin"
NO_POSTGRESQL = "PostgreSQL is not installed (no {name} on PATH): install the package `postgresql` and run again"


def _binary(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path=DEBIAN_BINARIES)
    if found is None:
        pytest.fail(NO_POSTGRESQL.format(name=name), pytrace=False)
    return str(Path(found).resolve())


def _unprivileged() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then as another user."""
    if os.getuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = known.get("postgres") or known["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


# Waits for the end of its input, which comes too when the tests are killed: no server outlives them.
SERVE_UNTIL_END_OF_INPUT = """
"$0" -D data -l log -w -t 60 -o "$1" start >>output 2>&1 || exit 1
echo ready
read -r _
"$0" -D data -m immediate -w stop >>output 2>&1
rm -rf data
"""


class PostgresCluster:
    """A cluster of its own, reached through a socket in its own folder; no port, nothing kept, nothing shared."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._runs_as = _unprivileged()
        if self._runs_as:
            os.chown(home, self._runs_as["user"], self._runs_as["group"])

    def __enter__(self) -> Self:
        self._initialise()
        options = f"-c listen_addresses='' -k {self.home} -c fsync=off -c full_page_writes=off -c max_connections=60"
        self._shell = subprocess.Popen(
            ("sh", "-c", SERVE_UNTIL_END_OF_INPUT, _binary("pg_ctl"), options),
            cwd=self.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # A Ctrl-C is for the tests; the shell must live on to stop the server.
            start_new_session=True,
            **self._runs_as,
        )
        if self._shell.stdout.readline() != "ready\n":
            self._shell.communicate(timeout=60)
            self._fail("PostgreSQL did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._shell.communicate(timeout=60)

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://attune@/{database}?host={self.home}"

    def create(self, database: str, template: str) -> str:
        engine = open_engine(self.url("postgres")).execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {database} TEMPLATE {template}"))
        engine.dispose()
        return self.url(database)

    def _initialise(self) -> None:
        options = ("--auth=trust", "--username=attune", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        with (self.home / "output").open("w") as output:
            done = subprocess.run(
                (_binary("initdb"), "-D", "data", *options),
                cwd=self.home,
                stdout=output,
                stderr=output,
                check=False,
                **self._runs_as,
            )
        if self._runs_as:
            os.chown(self.home / "output", self._runs_as["user"], self._runs_as["group"])
        if done.returncode != 0:
            self._fail("initdb failed")

    def _fail(self, what: str) -> NoReturn:
        said = [path.read_text() for path in (self.home / "output", self.home / "log") if path.exists()]
        pytest.fail("\n".join([what, *said]), pytrace=False)


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[PostgresCluster]:
    """A running PostgreSQL whose database ``migrated`` is at the newest schema."""
    # Not under pytest's own folder: that is closed to the user the cluster runs as, and too long for a socket.
    with tempfile.TemporaryDirectory(prefix="attune-pg-") as folder, PostgresCluster(Path(folder)) as cluster:
        upgrade(cluster.create("migrated", template="template0"))
        yield cluster


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file at the newest schema, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "catalog.sqlite3"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """An empty catalog of this test's own."""
    return f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'catalog.sqlite3')}"


@pytest.fixture
def postgres_url(postgres_cluster: PostgresCluster, open_database: Callable[[str], Engine]) -> str:
    """An empty catalog that no other test uses meanwhile."""
    # Emptied row by row: a new database, or TRUNCATE, makes files, and to remove 40,000 of them takes a minute.
    url = postgres_cluster.url("migrated")
    with open_database(url).begin() as connection:
        connection.execute(text("SET lock_timeout = '10s'"))
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def catalog_url(request: pytest.FixtureRequest) -> str:
    """An empty catalog, once on each database that must behave alike."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table, once on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
    return cluster.create(f"empty_{uuid4().hex}", template="template0")


@pytest.fixture
def open_database() -> Iterator[Callable[[str], Engine]]:
    """``open_engine``, closing what it opened when the test ends."""
    opened: list[Engine] = []

    def open_database(url: str) -> Engine:
        opened.append(open_engine(url))
        return opened[-1]

    yield open_database
    for engine in opened:
        engine.dispose()


@pytest.fixture
def engine(catalog_url: str, open_database: Callable[[str], Engine]) -> Engine:
    """An engine over an empty catalog, once on each database."""
    return open_database(catalog_url)
