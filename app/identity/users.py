"""People and services: who there is, what they may do, and which principal they are."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.tables import group_members, users
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.rows import storable
from retrieval.store import Store
from retrieval.types import EVERYONE, Principal

MAX_PAGE = 1_000
_NAME = re.compile(r"[^\s\x00-\x1f\x7f]{1,100}")
_MAX_DISPLAY_CHARS = 200


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
        name = checked_name(new.name)
        display = checked_display_name(new.display_name or new.name)
        user_id, now = uuid4().hex, datetime.now(UTC)
        values = {
            "id": user_id,
            "name": name,
            "display_name": display,
            "kind": new.kind,
            "password": new.password,
            "administrator": new.administrator,
            "issuer": new.issuer,
            "subject": new.subject,
            "created_at": now,
        }
        try:
            with self._writing() as connection:
                connection.execute(insert(users).values(values))
        except IntegrityError as error:
            raise ConflictError(f"there is a user {name} already") from error
        return User(user_id, name, display, new.kind, new.administrator, now, None, new.issuer, new.subject)

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
        return self._one(_SELECT.where(users.c.name == name.lower())) if storable(name) else None

    def of_subject(self, issuer: str, subject: str) -> User | None:
        """Return who signs in as this subject of an issuer; None when nobody does."""
        if not storable(issuer + subject):
            return None
        return self._one(_SELECT.where(users.c.issuer == issuer, users.c.subject == subject))

    def page(self, *, after: str = "", limit: int = 100) -> list[User]:
        """Return users in the order of their names, those after a name.

        Raises:
            InvalidInputError: The limit is out of range.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidInputError(f"limit is {limit}; 1 to {MAX_PAGE} users can be listed")
        statement = _SELECT.where(users.c.name > (after if storable(after) else "")).order_by(users.c.name)
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
            connection.execute(update(users).where(users.c.id == user_id).values(values))
            _check_administrated(connection.scalar(_ADMINISTRATORS))
        return self.get(user_id)

    def delete(self, user_id: str) -> None:
        """Remove a user with their sessions, keys and memberships; what they asked and said is erased elsewhere.

        Raises:
            NotFoundError: There is none of this id.
            ConflictError: It would leave no administrator who can sign in.
        """
        self.get(user_id)
        with self._writing() as connection:
            connection.execute(delete(users).where(users.c.id == user_id))
            _check_administrated(connection.scalar(_ADMINISTRATORS))

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


def _check_administrated(administrators: int | None) -> None:
    if not administrators:
        raise ConflictError("this is the last administrator; make another one first")


def checked_name(name: str) -> str:
    """Return a name to sign in with, in lower case.

    Raises:
        InvalidInputError: It is not 1 to 100 characters without white space.
    """
    lowered = name.strip().lower()
    if not _NAME.fullmatch(lowered) or not storable(lowered):
        raise InvalidInputError("a name has 1 to 100 characters, none of them white space")
    return lowered


def checked_display_name(name: str) -> str:
    """Return a name to be shown, on one line.

    Raises:
        InvalidInputError: Nothing is left of it, or it is longer than 200 characters.
    """
    plain = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if not plain or len(plain) > _MAX_DISPLAY_CHARS:
        raise InvalidInputError(f"a display name has 1 to {_MAX_DISPLAY_CHARS} characters")
    return plain
