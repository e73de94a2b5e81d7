"""Groups: immutable ids that access lists name, and who is in them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.identity.names import checked_display_name
from app.tables import group_members, groups, users
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.rows import storable
from retrieval.store import Store, insert_rows, listed, one_of

Via = Literal["local", "oidc"]
_MAX_CLAIM_CHARS = 500


@dataclass(frozen=True, slots=True)
class Group:
    """A group.

    Attributes:
        id: Immutable, never given twice; access lists name ``g:<id>``.
        name: For people; it may change.
        claim: The value of the provider's groups claim that stands for it; None for one that only people fill.
    """

    id: str
    name: str
    claim: str | None
    created_at: datetime  # UTC
    members: int = 0

    @property
    def key(self) -> str:
        """What access lists name."""
        return f"g:{self.id}"


class Groups(Store):
    """Groups and their members, on SQLite or PostgreSQL; for administrators and for those who authenticate.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def create(self, name: str, *, claim: str | None = None) -> Group:
        """Make a group, empty.

        Returns:
            It, with an id that no group had before.

        Raises:
            InvalidInputError: The name or the claim cannot be one.
            ConflictError: There is one of this name or claim.
        """
        made = Group(uuid4().hex, checked_display_name(name), _checked_claim(claim), datetime.now(UTC))
        row = {"id": made.id, "name": made.name, "claim": made.claim, "created_at": made.created_at}
        try:
            with self._writing() as connection:
                connection.execute(insert(groups).values(row))
        except IntegrityError as error:
            raise ConflictError(f"there is a group {made.name} already, or one of this claim") from error
        return made

    def get(self, group_id: str) -> Group:
        """Return a group.

        Raises:
            NotFoundError: There is none of this id.
        """
        found = [] if not storable(group_id) else self._groups(groups.c.id == group_id)
        if not found:
            raise NotFoundError(f"no group {group_id}")
        return found[0]

    def all(self) -> list[Group]:
        """Return every group, sorted by name."""
        return self._groups()

    def of_user(self, user_id: str) -> list[Group]:
        """Return the groups a user is in, sorted by name."""
        mine = select(group_members.c.group_id).where(group_members.c.user_id == user_id)
        return self._groups(groups.c.id.in_(mine)) if storable(user_id) else []

    def of_users(self, user_ids: Iterable[str]) -> dict[str, list[tuple[str, str]]]:
        """Return the groups of several users, by user id: each with its id and name, sorted by name."""
        statement = (
            select(group_members.c.user_id, groups.c.id, groups.c.name)
            .distinct()
            .join_from(group_members, groups)
            .where(one_of(group_members.c.user_id, "users"))
            .order_by(groups.c.name)
        )
        found: dict[str, list[tuple[str, str]]] = {}
        with self._reading() as connection:
            for user_id, group_id, name in connection.execute(statement, {"users": listed(user_ids)}):
                found.setdefault(user_id, []).append((group_id, name))
        return found

    def rename(self, group_id: str, *, name: str, claim: str | None) -> Group:
        """Give a group another name and claim; its id, and with it every access list, stays.

        Returns:
            It.

        Raises:
            NotFoundError: There is none of this id.
            InvalidInputError: The name or the claim cannot be one.
            ConflictError: There is another of this name or claim.
        """
        values = {"name": checked_display_name(name), "claim": _checked_claim(claim)}
        self.get(group_id)
        try:
            with self._writing() as connection:
                connection.execute(update(groups).where(groups.c.id == group_id).values(values))
        except IntegrityError as error:
            raise ConflictError(f"there is a group {values['name']} already, or one of this claim") from error
        return self.get(group_id)

    def delete(self, group_id: str) -> None:
        """Remove a group; access lists that name it let nobody in by that, also when its name is used again.

        Raises:
            NotFoundError: There is none of this id.
        """
        self.get(group_id)
        with self._writing() as connection:
            connection.execute(delete(groups).where(groups.c.id == group_id))

    def members(self, group_id: str) -> dict[str, tuple[Via, ...]]:
        """Return who is in a group, by user id: because people said so, the provider, or both.

        Raises:
            NotFoundError: There is none of this id.
        """
        self.get(group_id)
        statement = select(group_members.c.user_id, group_members.c.via).where(group_members.c.group_id == group_id)
        found: dict[str, tuple[Via, ...]] = {}
        with self._reading() as connection:
            for user_id, via in connection.execute(statement.order_by(group_members.c.user_id, group_members.c.via)):
                found[user_id] = (*found.get(user_id, ()), via)
        return found

    def add(self, group_id: str, user_id: str) -> None:
        """Put a user into a group; one who is in it already stays.

        Raises:
            NotFoundError: There is no such group or user.
        """
        row = {"group_id": group_id, "user_id": user_id, "via": "local"}
        if not storable(group_id + user_id):
            raise NotFoundError("no such group or user")
        try:
            with self._writing() as connection:
                _lock(connection, user_id)
                there = select(group_members.c.via).where(*(group_members.c[name] == row[name] for name in row))
                if connection.scalar(there) is None:
                    connection.execute(insert(group_members).values(row))
        except IntegrityError as error:
            raise NotFoundError(f"no group {group_id}, or no user {user_id}") from error

    def remove(self, group_id: str, user_id: str) -> None:
        """Take a user out of a group, whoever put them in; the provider may put them back at their next sign-in.

        Raises:
            NotFoundError: They are not in it.
        """
        statement = delete(group_members).where(
            group_members.c.group_id == group_id, group_members.c.user_id == user_id
        )
        with self._writing() as connection:
            if not storable(group_id + user_id) or not connection.execute(statement).rowcount:
                raise NotFoundError(f"no user {user_id} in group {group_id}")

    def set_claimed(self, user_id: str, claims: Iterable[str]) -> list[str]:
        """Put a user into the groups that a provider claims, and out of those it claims no longer.

        Args:
            user_id: Of an existing user.
            claims: Values of the groups claim; those that stand for no group are passed over.

        Returns:
            Ids of the groups the user is in by claim now, sorted.

        Raises:
            NotFoundError: There is no such user any more.
        """
        with self._writing() as connection:
            _lock(connection, user_id)
            wanted = select(groups.c.id).where(one_of(groups.c.claim, "claims"))
            ids = sorted(connection.scalars(wanted, {"claims": listed(claims)}))
            mine = group_members.c.user_id == user_id, group_members.c.via == "oidc"
            connection.execute(delete(group_members).where(*mine))
            rows = [{"group_id": group_id, "user_id": user_id, "via": "oidc"} for group_id in ids]
            insert_rows(connection, group_members, rows)
        return ids

    def _groups(self, *where: Any) -> list[Group]:
        count = select(func.count(func.distinct(group_members.c.user_id))).where(
            group_members.c.group_id == groups.c.id
        )
        columns = (groups.c.id, groups.c.name, groups.c.claim, groups.c.created_at, count.scalar_subquery())
        with self._reading() as connection:
            return [Group(*row) for row in connection.execute(select(*columns).where(*where).order_by(groups.c.name))]


def _lock(connection: Connection, user_id: str) -> None:
    """Have nobody else change what a user is in until the transaction ends: of two sign-ins at once one is the last."""
    if connection.scalar(select(users.c.id).where(users.c.id == user_id).with_for_update()) is None:
        raise NotFoundError(f"no user {user_id}")


def _checked_claim(claim: str | None) -> str | None:
    if claim is not None and (not claim or len(claim) > _MAX_CLAIM_CHARS or not storable(claim)):
        raise InvalidInputError(f"a claim has 1 to {_MAX_CLAIM_CHARS} characters")
    return claim
