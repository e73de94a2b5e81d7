"""People and services: who there is, what they may do, and which principal they are."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Select, delete, func, insert, or_, select, text, update
from sqlalchemy.exc import IntegrityError

from app.identity.names import checked_display_name, checked_name, normal_name
from app.tables import group_members, users
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.rows import storable
from retrieval.store import Store, listed, one_of
from retrieval.types import EVERYONE, Principal

MAX_PAGE = 1_000
_LOCK = 0x61646D696E  # any number that no other program locks


@dataclass(frozen=True, slots=True)
class User:
    """A person or a service.

    Attributes:
        id: Immutable, never given twice; the principal id is ``u:<id>``.
        name: In lower case, unique; what they sign in with.
        kind: A service has keys and no password.
        issuer: Of OpenID Connect, with ``subject``; None for who does not sign in that way.
        suspended_at: Since when nothing of theirs works; None while it does.
    """

    id: str
    name: str
    display_name: str
    kind: Literal["person", "service"]
    administrator: bool
    created_at: datetime  # UTC
    suspended_at: datetime | None = None
    issuer: str | None = None
    subject: str | None = None

    @property
    def principal_id(self) -> str:
        """What access lists name."""
        return f"u:{self.id}"


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user to make; ``password`` as ``passwords.hashed`` returned it."""

    name: str
    display_name: str = ""
    kind: Literal["person", "service"] = "person"
    password: str | None = None
    administrator: bool = False
    issuer: str | None = None
    subject: str | None = None


class Users(Store):
    """Who there is, on SQLite or PostgreSQL; for administrators and for those who authenticate.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def create(self, new: NewUser) -> User:
        """Make a user.

        Returns:
            It.

        Raises:
            InvalidInputError: The name or the display name cannot be one.
            ConflictError: There is one of this name, or of this issuer and subject.
        """
        with self._writing() as connection:
            return insert_user(connection, new)

    def get(self, user_id: str) -> User:
        """Return a user.

        Raises:
            NotFoundError: There is none of this id.
        """
        found = self._one(_SELECT.where(users.c.id == user_id)) if storable(user_id) else None
        if found is None:
            raise NotFoundError(f"no user {user_id}")
        return found

    def named(self, name: str) -> User | None:
        """Return the user of a name in any case; None when there is none."""
        return self._one(_SELECT.where(users.c.name == normal_name(name))) if storable(name) else None

    def of_ids(self, ids: Iterable[str]) -> dict[str, User]:
        """Return users by id; ids of nobody are left out."""
        with self._reading() as connection:
            rows = connection.execute(_SELECT.where(one_of(users.c.id, "ids")), {"ids": listed(ids)})
            return {user.id: user for user in map(_user, rows)}

    def of_subject(self, issuer: str, subject: str) -> User | None:
        """Return who signs in as this subject of an issuer; None when nobody does."""
        if not storable(issuer + subject):
            return None
        return self._one(_SELECT.where(users.c.issuer == issuer, users.c.subject == subject))

    def page(self, *, after: str = "", words: str = "", limit: int = 100) -> list[User]:
        """Return users in the order of their names, those after a name; with words, those who have them in a name.

        Raises:
            InvalidInputError: The limit is out of range.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidInputError(f"limit is {limit}; 1 to {MAX_PAGE} users can be listed")
        if not storable(words):
            return []
        statement = _SELECT.where(users.c.name > (after if storable(after) else "")).order_by(users.c.name)
        if words:
            statement = statement.where(has_name(words))
        with self._reading() as connection:
            return [_user(row) for row in connection.execute(statement.limit(limit))]

    def password(self, user_id: str) -> str | None:
        """Return the kept password of a user; None for who has none."""
        with self._reading() as connection:
            kept: str | None = connection.scalar(select(users.c.password).where(users.c.id == user_id))
        return kept

    def update(self, user_id: str, **values: Any) -> User:
        """Change some of ``display_name``, ``administrator``, ``suspended_at`` and ``password``.

        Returns:
            The user as it is now.

        Raises:
            NotFoundError: There is none of this id.
            InvalidInputError: The display name cannot be one.
            ConflictError: It would leave no administrator who can sign in.
        """
        if unknown := values.keys() - {"display_name", "administrator", "suspended_at", "password"}:
            raise InvalidInputError(f"cannot change {', '.join(sorted(unknown))}")
        if "display_name" in values:
            values["display_name"] = checked_display_name(values["display_name"])
        self.get(user_id)
        with self._writing() as connection:
            before = administrators(connection)
            connection.execute(update(users).where(users.c.id == user_id).values(values))
            _check_administrated(connection, before)
        return self.get(user_id)

    def replace_password(self, user_id: str, kept: str, by: str) -> bool:
        """Exchange a kept password, unless it is another one by now; says whether it was."""
        there = update(users).where(users.c.id == user_id, users.c.password == kept)
        with self._writing() as connection:
            return bool(connection.execute(there.values(password=by)).rowcount)

    def delete(self, user_id: str) -> None:
        """Remove a user with their sessions, keys and memberships; what they asked and said is erased elsewhere.

        Raises:
            NotFoundError: There is none of this id.
            ConflictError: It would leave no administrator who can sign in.
        """
        self.get(user_id)
        with self._writing() as connection:
            before = administrators(connection)
            connection.execute(delete(users).where(users.c.id == user_id))
            _check_administrated(connection, before)

    def has_administrator(self) -> bool:
        """Say whether somebody can administer: until then the server offers to be set up."""
        with self._reading() as connection:
            return bool(connection.scalar(_ADMINISTRATORS))

    def principal(self, user_id: str) -> Principal | None:
        """Return which principal a user is at this moment, with all the groups they are in.

        Returns:
            None when there is no such user, or they are suspended.
        """
        statement = (
            select(users.c.administrator, group_members.c.group_id)
            .select_from(users)
            .outerjoin(group_members, group_members.c.user_id == users.c.id)
            .where(users.c.id == user_id, users.c.suspended_at.is_(None))
        )
        with self._reading() as connection:
            rows = connection.execute(statement).all()
        if not rows:
            return None
        groups = frozenset(f"g:{row.group_id}" for row in rows if row.group_id is not None)
        return Principal(f"u:{user_id}", groups | {EVERYONE}, administrator=rows[0].administrator, curator=True)

    def _one(self, statement: Select[Any]) -> User | None:
        with self._reading() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else _user(row)


_SELECT = select(
    users.c.id,
    users.c.name,
    users.c.display_name,
    users.c.kind,
    users.c.administrator,
    users.c.created_at,
    users.c.suspended_at,
    users.c.issuer,
    users.c.subject,
)
_ADMINISTRATORS = (
    select(func.count())
    .select_from(users)
    .where(users.c.administrator, users.c.suspended_at.is_(None), users.c.kind == "person")
)


def _user(row: Any) -> User:
    return User(*row)


def has_name(words: str) -> ColumnElement[bool]:
    """Return the condition that a user's name, or the name as it is shown, has these words in it, in any case."""
    normal = normal_name(words)
    return or_(*(func.lower(name).contains(normal, autoescape=True) for name in (users.c.name, users.c.display_name)))


def insert_user(connection: Connection, new: NewUser) -> User:
    """Make a user inside a transaction of whoever has a reason to.

    Returns:
        It.

    Raises:
        InvalidInputError: The name or the display name cannot be one.
        ConflictError: There is one of this name, or of this issuer and subject.
    """
    name, display = checked_name(new.name), checked_display_name(new.display_name or new.name)
    made = User(
        uuid4().hex,
        name,
        display,
        new.kind,
        new.administrator,
        datetime.now(UTC),
        issuer=new.issuer,
        subject=new.subject,
    )
    row = {column.name: getattr(made, column.name) for column in _SELECT.selected_columns}
    try:
        connection.execute(insert(users).values(row | {"password": new.password}))
    except IntegrityError as error:
        raise ConflictError(f"there is a user {name} already") from error
    return made


def administrators(connection: Connection) -> int:
    """Count the people who can administer, and let nobody change who does until the transaction ends."""
    if connection.dialect.name == "postgresql":
        # SQLite has one writer; here two who demote each other would both still see the other.
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    return connection.scalar(_ADMINISTRATORS) or 0


def _check_administrated(connection: Connection, before: int) -> None:
    if before and not connection.scalar(_ADMINISTRATORS):
        raise ConflictError("this is the last administrator; make another one first")
