"""What the catalog and the interaction log stand on: connections, transactions, and long lists of ids in a query."""

import json
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Table, Text, bindparam, cast, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType

from retrieval.errors import DataDirectoryError
from retrieval.rows import storable
from retrieval.tables import BEGIN, chunks

CHUNK_COLUMNS = tuple(
    cast(column, Text).label(name) if name in {"section", "places"} else column for name, column in chunks.c.items()
)
"""What ``to_chunks`` makes chunks of: the JSON columns as text, to be decoded for all rows together."""


@contextmanager
def reachable() -> Iterator[None]:
    """Give a database that does not answer an error of ours, for those who go on without it.

    Raises:
        DataDirectoryError: It does not answer; the message holds neither its address nor a statement.
    """
    try:
        yield
    except (DBAPIError, PoolTimeoutError) as error:
        raise DataDirectoryError(f"the catalog's database does not answer ({type(error).__name__})") from error


class Store:
    """A database that many threads read and few write; what the catalog and the interaction log stand on.

    Args:
        engine: Made by ``open_engine``.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # SQLite: a transaction that reads before it writes cannot wait for another writer, it fails. So the
        # writer's lock is taken at the start, where busy_timeout applies.
        self._writer = engine.execution_options(**{BEGIN: "IMMEDIATE"})

    @property
    def engine(self) -> Engine:
        """The database, for another noun that is kept in it."""
        return self._engine

    def _reading(self) -> AbstractContextManager[Connection]:
        """Open a connection that is given back afterwards, nothing committed."""
        return self._engine.connect()

    def _writing(self) -> AbstractContextManager[Connection]:
        """Begin a transaction that is committed at the end, or rolled back when an error leaves it."""
        return self._writer.begin()


def insert_rows(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows, none if there are none: an INSERT without rows would make one of defaults."""
    if rows:
        connection.execute(insert(table), rows)


class _OneOf(FunctionElement[Any]):
    """``column IN`` the texts of a JSON array."""

    # Not Boolean: for SQLite that is written as ``(...) = 1``, and no index serves such a condition.
    type = NullType()
    name = "one_of"
    inherit_cache = True


class _Unindexed(FunctionElement[str]):
    """A column that SQLite must not look up through an index."""

    type = Text()
    name = "unindexed"
    inherit_cache = True


@compiles(_OneOf, "sqlite")
def _one_of_sqlite(element: _OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, array = (compiler.process(clause, **options) for clause in element.clauses)
    return " ".join([column, "IN (SELECT value FROM json_each(", array, "))"])


@compiles(_OneOf, "postgresql")
def _one_of_postgresql(element: _OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, array = (compiler.process(clause, **options) for clause in element.clauses)
    # An array that is made once: the planner then looks each of its entries up in the index.
    return f"{column} = ANY(ARRAY(SELECT json_array_elements_text(CAST({array} AS json))))"


@compiles(_Unindexed, "sqlite")
def _unindexed_sqlite(element: _Unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"


@compiles(_Unindexed, "postgresql")
def _unindexed_postgresql(element: _Unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


def one_of(column: ColumnElement[str], name: str, *, indexed: bool = True) -> ColumnElement[bool]:
    """Return the condition that a column is one of the texts that ``listed`` put into a parameter.

    One parameter however long the list is: SQLite stops at 32,766 parameters a statement and PostgreSQL at 65,535,
    and writing out 200 of them takes SQLAlchemy longer than the look-up takes SQLite.

    Args:
        column: What is compared.
        name: Of the parameter.
        indexed: False where the rows are few and the list is long: SQLite then walks over the rows instead of
            looking every entry of the list up.

    Returns:
        The condition.
    """
    return _OneOf(column if indexed else _Unindexed(column), bindparam(name, type_=Text))


def listed(texts: Iterable[str]) -> str:
    """Return the parameter for ``one_of``.

    Returns:
        A JSON array; texts that no database holds are left out, since nothing is equal to them.
    """
    entries = list(texts)
    array = json.dumps(entries)
    return array if "\\u" not in array else json.dumps([entry for entry in entries if storable(entry)])
