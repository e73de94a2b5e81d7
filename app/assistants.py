"""Assistants: a name under which documents are asked, with instructions for a language model and first questions.

One never widens what its user may read: it narrows the search to a collection, and what is found there goes through the
gate of whoever asks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Select, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from app.tables import assistants
from retrieval.access import may_read, readable_keys
from retrieval.access_lists import has_right, looks_after
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.quoting import Quoted
from retrieval.rows import storable
from retrieval.store import Store, listed
from retrieval.tables import collections
from retrieval.types import Principal, Query

MAX_ASSISTANTS = 200
MAX_NAME_CHARS = 64
MAX_DESCRIPTION_CHARS = 500
MAX_INSTRUCTIONS_CHARS = 2_000
MAX_QUESTIONS = 6
MAX_QUESTION_CHARS = 300
_TAKEN = "there is an assistant {} already"


@dataclass(frozen=True, slots=True)
class Assistant:
    """A way to ask.

    Attributes:
        name: Of one line, without slashes; nobody else's.
        collection: The one that it searches; None for all that its user may read.
        instructions: What a language model is told after the server's own prompt.
        questions: With which one may begin.
        access: Principal keys of who may use it, among those who may read the collection.
        set_by: Principal id of who changed it last.
    """

    id: str
    name: str
    description: str
    collection: str | None
    instructions: str
    questions: tuple[str, ...]
    access: frozenset[str]
    set_by: str
    created_at: datetime  # UTC
    updated_at: datetime  # UTC


class Assistants(Store):
    """The assistants, on SQLite or PostgreSQL.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def usable(self, *, principal: Principal) -> list[Assistant]:
        """Return those that the principal may use: that let it in, and whose collection it may read; sorted by name."""
        return self._usable(_ASSISTANTS, principal)

    def managed(self, *, principal: Principal) -> list[Assistant]:
        """Return those that the principal looks after, as it does after their collection; an administrator all."""
        return self._found(_ASSISTANTS.where(looks_after(principal)), principal)

    def use(self, assistant_id: str, *, principal: Principal) -> Assistant:
        """Return one that the principal may use.

        Raises:
            NotFoundError: It is missing, or not for the principal.
        """
        return _only(self._usable(_of(assistant_id), principal), assistant_id)

    def manage(self, assistant_id: str, *, principal: Principal) -> Assistant:
        """Return one that the principal looks after.

        Raises:
            NotFoundError: It is missing, or the principal does not look after it.
        """
        return _only(self._found(_of(assistant_id).where(looks_after(principal)), principal), assistant_id)

    def add(self, fields: Mapping[str, Any], *, by: Principal) -> Assistant:
        """Make one.

        Args:
            fields: ``name``, ``description``, ``collection``, ``instructions``, ``questions`` and ``access``.
            by: Who does it; that they may is for the caller to know.

        Returns:
            The assistant.

        Raises:
            ConflictError: There is one of this name, or there are too many.
            InvalidInputError: The name is none, or a text cannot be kept.
            NotFoundError: There is no such collection.
        """
        now = datetime.now(UTC)
        made = Assistant(id=uuid4().hex, **_checked(fields), set_by=by.id, created_at=now, updated_at=now)
        try:
            with self._writing() as connection:
                if (connection.scalar(select(func.count()).select_from(assistants)) or 0) >= MAX_ASSISTANTS:
                    raise ConflictError(f"there are {MAX_ASSISTANTS} assistants already; delete one first")
                connection.execute(insert(assistants).values(_row(connection, made)))
        except IntegrityError as error:
            raise ConflictError(_TAKEN.format(made.name)) from error
        return made

    def change(self, before: Assistant, fields: Mapping[str, Any], *, by: Principal) -> Assistant:
        """Change some of what one is.

        Args:
            before: As it was found.
            fields: As for ``add``; what is left out stays.
            by: Who does it; that they may is for the caller to know.

        Returns:
            The assistant.

        Raises:
            ConflictError: There is another of this name.
            InvalidInputError: The name is none, or a text cannot be kept.
            NotFoundError: It was deleted meanwhile, or there is no such collection.
        """
        made = replace(before, **_checked(fields), set_by=by.id, updated_at=datetime.now(UTC))
        try:
            with self._writing() as connection:
                # What is not changed is not written: somebody else may have changed it since.
                names = {"collection_id" if name == "collection" else name for name in fields}
                row = _row(connection, made)
                values = {name: row[name] for name in (*names, "set_by", "updated_at")}
                its = update(assistants).where(assistants.c.id == before.id)
                if not connection.execute(its.values(values)).rowcount:
                    raise NotFoundError(f"no assistant {before.id}")
        except IntegrityError as error:
            raise ConflictError(_TAKEN.format(made.name)) from error
        return made

    def remove(self, assistant_id: str) -> None:
        """Delete one; what was answered through it stays as it was recorded."""
        with self._writing() as connection:
            connection.execute(delete(assistants).where(assistants.c.id == assistant_id))

    def forget_document(self, quoted: Quoted) -> int:
        """Take a document's words out of all assistants.

        Returns:
            How many were changed.
        """
        changed = 0
        with self._writing() as connection:
            for row in connection.execute(select(assistants).with_for_update()).mappings().all():
                kept = [question for question in row["questions"] if not quoted.within(question)]
                values: dict[str, Any] = {} if kept == row["questions"] else {"questions": kept}
                values |= {name: "" for name in ("description", "instructions") if quoted.within(row[name])}
                if values:
                    changed += 1
                    connection.execute(update(assistants).where(assistants.c.id == row["id"]).values(values))
        return changed

    def _usable(self, statement: Select[Any], principal: Principal) -> list[Assistant]:
        readable = or_(assistants.c.collection_id.is_(None), has_right("read"))
        return [one for one in self._found(statement.where(readable), principal) if may_read(one.access, principal)]

    def _found(self, statement: Select[Any], principal: Principal) -> list[Assistant]:
        with self._reading() as connection:
            rows = connection.execute(statement, {"keys": listed(readable_keys(principal))}).mappings().all()
        return sorted((_noun(row) for row in rows), key=lambda one: one.name)


_COLUMNS = [column for column in assistants.c if column.name != "collection_id"]
_ASSISTANTS = select(*_COLUMNS, collections.c.name.label("collection")).select_from(
    assistants.outerjoin(collections, collections.c.id == assistants.c.collection_id)
)


def _of(assistant_id: str) -> Select[Any]:
    return _ASSISTANTS.where(assistants.c.id == (assistant_id if storable(assistant_id) else ""))


def through(query: Query, assistant: Assistant) -> Query:
    """Return a question as it is asked through an assistant.

    Raises:
        InvalidInputError: It names another collection than the assistant searches.
    """
    if query.collection and assistant.collection and query.collection != assistant.collection:
        raise InvalidInputError(f"the assistant searches the collection {assistant.collection}, not another")
    where = assistant.collection or query.collection
    return replace(query, collection=where, instructions=assistant.instructions, assistant=assistant.id)


def _only(found: list[Assistant], assistant_id: str) -> Assistant:
    if not found:
        raise NotFoundError(f"no assistant {assistant_id}")
    return found[0]


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    checked = dict(fields)
    if "name" in checked:
        name = " ".join(checked["name"].split())
        if not (0 < len(name) <= MAX_NAME_CHARS and name.isprintable() and "/" not in name):
            raise InvalidInputError(f"name: 1 to {MAX_NAME_CHARS} characters of one line, without slashes")
        checked["name"] = name
    texts = (checked.get("description", ""), checked.get("instructions", ""), *checked.get("questions", ()))
    if not all(map(storable, texts)):
        raise InvalidInputError("a text holds NUL or half a character")
    if "questions" in checked:
        checked["questions"] = tuple(question.strip() for question in checked["questions"])
        if not all(checked["questions"]):
            raise InvalidInputError("questions: one of them says nothing")
    return checked


def _row(connection: Connection, made: Assistant) -> dict[str, Any]:
    row: dict[str, Any] = {column.name: getattr(made, column.name) for column in _COLUMNS}
    row |= {"questions": list(made.questions), "access": sorted(made.access), "collection_id": None}
    if made.collection is not None:
        row["collection_id"] = connection.scalar(select(collections.c.id).where(collections.c.name == made.collection))
        if row["collection_id"] is None:
            raise NotFoundError(f"no collection {made.collection!r}")
    return row


def _noun(row: Any) -> Assistant:
    return Assistant(**{**row, "questions": tuple(row["questions"]), "access": frozenset(row["access"])})
