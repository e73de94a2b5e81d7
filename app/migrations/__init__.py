"""The schema of the catalog's database, version by version, and how a database is brought up to date."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError

from app.tables import metadata
from retrieval.errors import DataDirectoryError
from retrieval.store import Store
from retrieval.tables import open_engine

# Any number that no other program locks: two servers that start on one PostgreSQL migrate one after the other.
_LOCK = 0x617474756E65


def upgrade(url: str) -> None:
    """Bring the database at a URL to the newest schema, in one transaction; an empty one gets all tables.

    Args:
        url: As ``open_engine`` takes it.

    Raises:
        DataDirectoryError: It cannot be opened, is no database, belongs to another program, or was written by a
            newer version. The message says which, without a password, and what to do.
    """
    try:
        engine = open_engine(url)
    except (ArgumentError, ValueError):
        # Without what it was: a piece of a password may stand in it.
        raise DataDirectoryError(
            "the database's address cannot be read: postgresql://user:password@host:port/name is expected"
        ) from None
    try:
        _Migrations(engine).upgrade(make_url(url).render_as_string(hide_password=True))
    finally:
        engine.dispose()


def configuration() -> Config:
    """Return Alembic's configuration without a file, for this folder of migrations.

    Returns:
        A configuration whose ``attributes["connection"]`` the caller sets.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def schema_versions(engine: Engine) -> tuple[str | None, str | None]:
    """Return the version of a database's tables, and the newest that this program knows."""
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    return found, ScriptDirectory.from_config(configuration()).get_current_head()


class _Migrations(Store):
    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._postgresql = engine.dialect.name == "postgresql"

    def upgrade(self, shown: str) -> None:
        config = configuration()
        try:
            with self._writing() as connection:
                if self._postgresql:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
                _refuse_foreign(connection, ScriptDirectory.from_config(config), shown)
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except DatabaseError as error:
            raise DataDirectoryError(
                f"the catalog at {shown} cannot be opened: {error.orig}. Check that the address is right and can be "
                "written; if the file is damaged, put a backup in its place."
            ) from error


def _refuse_foreign(connection: Connection, scripts: ScriptDirectory, shown: str) -> None:
    version = MigrationContext.configure(connection).get_current_revision()
    if version is None:
        if set(inspect(connection).get_table_names()) & set(metadata.tables):
            raise DataDirectoryError(
                f"the database at {shown} has tables of another program with the names of ours; "
                "give the catalog a database of its own."
            )
    elif version not in {script.revision for script in scripts.walk_revisions()}:
        raise DataDirectoryError(
            f"the catalog at {shown} was written by a newer version of Attune (schema {version}); "
            "install that version, or restore a backup made with this one."
        )
