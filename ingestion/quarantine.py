"""Documents that a policy keeps out, until somebody who looks after the collection lets them in."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Select, and_, delete, insert, select, update

from retrieval.access import readable_keys
from retrieval.access_lists import looks_after
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.finding import Finding
from retrieval.finding_tables import quarantined
from retrieval.rows import storable
from retrieval.store import Store, listed
from retrieval.tables import collections
from retrieval.types import Principal

MAX_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Held:
    """A document that is kept out.

    Attributes:
        content_sha256: Names the original among the blobs.
        reason: In plain words.
        findings: Why; offsets are into the text as it was parsed.
        held_at: UTC.
        released_by: Who let it in, if somebody did.
        acl: Who is to read it once it is let in; None leaves that as it is.
    """

    id: str
    collection: str
    uri: str
    name: str
    content_sha256: str
    reason: str
    findings: tuple[Finding, ...]
    held_at: datetime
    released_by: str | None = None
    acl: frozenset[str] | None = None


class Quarantine(Store):
    """What is kept out, and what was let in.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def hold(self, held: Held) -> str:
        """Keep a document out, in the place of what was held at its uri before.

        Args:
            held: Its id and ``released_by`` are not looked at.

        Returns:
            Its id in quarantine.

        Raises:
            NotFoundError: There is no such collection.
        """
        key = uuid4().hex
        with self._writing() as connection:
            statement = select(collections.c.id).where(collections.c.name == held.collection)
            collection_id = connection.scalar(statement.with_for_update())
            if collection_id is None:
                raise NotFoundError(f"no collection {held.collection!r}")
            connection.execute(delete(quarantined).where(_waiting(collection_id), quarantined.c.uri == held.uri))
            connection.execute(
                insert(quarantined).values(
                    id=key,
                    collection_id=collection_id,
                    uri=held.uri,
                    name=held.name,
                    content_sha256=held.content_sha256,
                    reason=held.reason,
                    findings=[asdict(finding) for finding in held.findings],
                    acl=None if held.acl is None else sorted(held.acl),
                    held_at=held.held_at,
                )
            )
        return key

    def accepted(self, collection: str, content_sha256: str) -> frozenset[str]:
        """Return the kinds of finding that somebody accepted in this very content, for ``examine``.

        Returns:
            Empty when nobody let it in.
        """
        statement = (
            select(quarantined.c.findings)
            .join(collections, collections.c.id == quarantined.c.collection_id)
            .where(collections.c.name == collection, quarantined.c.content_sha256 == content_sha256)
            .where(quarantined.c.released_at.is_not(None))
        )
        with self._reading() as connection:
            rows = connection.scalars(statement).all()
        return frozenset(finding["kind"] for found in rows for finding in found)

    def waiting(
        self, collection: str, *, principal: Principal, after: str | None = None, limit: int = 50
    ) -> list[Held]:
        """Return a page of what is kept out of a collection.

        Args:
            collection: Which.
            principal: Who asks; only who looks after the collection sees any.
            after: Id of the last entry of the page before.
            limit: Most entries to return, 1 to 1,000.

        Returns:
            In the order of their ids; fewer than ``limit`` only on the last page.

        Raises:
            InvalidInputError: The limit is out of range.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidInputError(f"limit is {limit}; a page holds 1 to {MAX_PAGE} entries")
        if not storable(collection + (after or "")):
            return []
        page = _entries().where(collections.c.name == collection, quarantined.c.released_at.is_(None))
        page = page.where(quarantined.c.id > (after or "")).order_by(quarantined.c.id).limit(limit)
        return self._held(page.where(looks_after(principal)), principal)

    def release(self, held_id: str, *, by: Principal) -> Held:
        """Let a document in with what was found in it; it is ingested when its original is taken up again.

        Args:
            held_id: Id in quarantine.
            by: Who looks after its collection.

        Returns:
            What is to be ingested again.

        Raises:
            NotFoundError: There is none, or ``by`` does not look after its collection.
            ConflictError: It was released before.
        """
        one = _entries().where(quarantined.c.id == held_id, looks_after(by))
        found = self._held(one, by) if storable(held_id) else []
        if not found:
            raise NotFoundError(f"nothing in quarantine has the id {held_id}")
        still = and_(quarantined.c.id == held_id, quarantined.c.released_at.is_(None))
        with self._writing() as connection:
            done = connection.execute(
                update(quarantined).where(still).values(released_by=by.id, released_at=datetime.now(UTC))
            )
        if done.rowcount == 0:
            raise ConflictError(f"{held_id} was released before, by {found[0].released_by}")
        return replace(found[0], released_by=by.id)

    def originals(self) -> set[str]:
        """Return the hashes of the originals that are still needed to let documents in; they must not be collected."""
        statement = select(quarantined.c.content_sha256).where(quarantined.c.released_at.is_(None))
        with self._reading() as connection:
            return set(connection.scalars(statement))

    def drop(self, collection: str, uri: str) -> None:
        """Forget what is held at a uri, because its file is gone or was ingested after a change."""
        statement = select(collections.c.id).where(collections.c.name == collection)
        with self._writing() as connection:
            collection_id = connection.scalar(statement)
            connection.execute(delete(quarantined).where(_waiting(collection_id), quarantined.c.uri == uri))

    def _held(self, statement: Select[Any], principal: Principal) -> list[Held]:
        with self._reading() as connection:
            rows = connection.execute(statement, {"keys": listed(readable_keys(principal))})
            return [_noun(row) for row in rows]


def _waiting(collection_id: str | None) -> Any:
    return and_(quarantined.c.collection_id == collection_id, quarantined.c.released_at.is_(None))


def _entries() -> Select[Any]:
    named = collections.c.name.label("collection")
    return select(quarantined, named).join(collections, collections.c.id == quarantined.c.collection_id)


def _noun(row: Any) -> Held:
    return Held(
        id=row.id,
        collection=row.collection,
        uri=row.uri,
        name=row.name,
        content_sha256=row.content_sha256,
        reason=row.reason,
        findings=tuple(_findings(row.findings)),
        held_at=row.held_at,
        released_by=row.released_by,
        acl=None if row.acl is None else frozenset(row.acl),
    )


def _findings(rows: Sequence[dict[str, Any]]) -> list[Finding]:
    return [Finding(**row) for row in rows]
