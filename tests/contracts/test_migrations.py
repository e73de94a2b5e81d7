"""A database is brought to the newest schema, or refused with what to do."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from app.migrations import upgrade
from app.tables import metadata
from retrieval.catalog import Catalog
from retrieval.errors import DataDirectoryError
from retrieval.types import Principal

ROOT = Path(__file__).resolve().parents[2]


def test_the_migrations_end_in_the_tables_we_declare(engine):
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_database_itself_refuses_a_second_live_revision(shelf, engine):
    # Alembic compares the names of partial indexes and not their conditions.
    old = shelf.publish("file:///a", "old")
    shelf.publish("file:///a", "new")
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text("UPDATE revisions SET state = 'live' WHERE id = :id"), {"id": old.id})


def test_upgrading_again_keeps_what_is_there(catalog, catalog_url):
    upgrade(catalog_url)
    assert catalog.collection("default", principal=Principal("u:somebody")).name == "default"


def test_servers_that_start_together_migrate_once(empty_database_url, open_database):
    command = [sys.executable, "-c", "import sys; from app.migrations import upgrade; upgrade(sys.argv[1])"]
    servers = [subprocess.Popen([*command, empty_database_url], cwd=ROOT) for _ in range(3)]
    assert [server.wait(timeout=120) for server in servers] == [0, 0, 0]
    assert Catalog(open_database(empty_database_url)).counts() == (0, 0)


def test_a_migration_that_fails_leaves_nothing_behind(empty_database_url, open_database):
    # The last table that the first schema makes is taken: all before it must be rolled back.
    engine = open_database(empty_database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE VIEW chunk_sentences AS SELECT 1 AS one"))
    with pytest.raises(DataDirectoryError):
        upgrade(empty_database_url)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == []


def test_a_database_of_another_program_is_refused(empty_database_url, open_database):
    with open_database(empty_database_url).begin() as connection:
        connection.execute(text("CREATE TABLE documents (id INTEGER)"))
    with pytest.raises(DataDirectoryError, match="another program"):
        upgrade(empty_database_url)


def test_a_catalog_of_a_newer_version_is_refused(empty_database_url, open_database):
    upgrade(empty_database_url)
    with open_database(empty_database_url).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DataDirectoryError, match=r"newer version.*9999"):
        upgrade(empty_database_url)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "catalog.sqlite3"
    path.write_bytes(b"this is not a database, however long it is " * 100)
    with pytest.raises(DataDirectoryError, match="not a database"):
        upgrade(f"sqlite:///{path}")
    assert path.read_bytes().startswith(b"this is not a database")


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(DataDirectoryError, match="cannot be opened"):
        upgrade(f"sqlite:///{tmp_path / 'missing' / 'catalog.sqlite3'}")


def test_a_server_that_does_not_answer_is_refused_without_its_password(tmp_path):
    with pytest.raises(DataDirectoryError, match="cannot be opened") as caught:
        upgrade(f"postgresql://ann:s3cret@/attune?host={tmp_path}")
    assert "s3cret" not in str(caught.value)
