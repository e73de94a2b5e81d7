"""The audit log: who did what to which object from where; append-only, each event sealed by the one before it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select, text

from app.auth import Caller
from app.tables import audit_events
from retrieval.store import Store

GENESIS = "0" * 64
"""What the first event names as the one before it."""

_LOCK = 0x6175646974  # any number that no other program locks
_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """Something that was done.

    Attributes:
        seq: From 1, without gaps.
        at: ISO 8601 in UTC.
        actor: Principal id of who did it; empty for who is not known.
        credential: By what right: ``session:<id>``, ``key:<id>``, ``local``; empty without one.
        address: From where.
        action: Such as ``document.open``.
        object: To what: ``document:<id>``, ``user:<id>``.
        details: Plain JSON; ids, never words of a document or a question.
        previous: SHA-256 of the event before.
        sha256: Of all of the above, in canonical JSON.
    """

    seq: int
    at: str
    actor: str
    credential: str
    address: str
    action: str
    object: str
    details: Mapping[str, Any] = field(default_factory=dict)
    previous: str = GENESIS
    sha256: str = ""

    def sealed(self) -> str:
        """Return the digest that this event must have."""
        fields = [self.seq, self.at, self.actor, self.credential, self.address, self.action, self.object]
        said = json.dumps([*fields, canonical(self.details), self.previous], ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(said.encode()).hexdigest()


def canonical(details: Mapping[str, Any]) -> str:
    """Return details as they are hashed and kept."""
    return json.dumps(dict(details), ensure_ascii=True, sort_keys=True, separators=(",", ":"))


class AuditLog(Store):
    """Events in the catalog's database, whose triggers refuse to change or delete one.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def append(
        self, action: str, object_: str, *, caller: Caller | None = None, details: Mapping[str, Any] | None = None
    ) -> AuditEvent:
        """Note that something was done; events of many threads and processes stand one behind the other.

        Args:
            action: Such as ``document.open``.
            object_: Such as ``document:<id>``.
            caller: Who did it; None where nobody is known.
            details: Plain JSON; ids and numbers, never words of a document or a question.

        Returns:
            The event as it is kept.
        """
        with self._writing() as connection:
            if connection.dialect.name == "postgresql":
                # SQLite has one writer; here the last event must not change between our look and our insert.
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            last = connection.execute(
                select(audit_events.c.seq, audit_events.c.sha256).order_by(audit_events.c.seq.desc()).limit(1)
            ).one_or_none()
            event = AuditEvent(
                seq=1 if last is None else last.seq + 1,
                at=datetime.now(UTC).isoformat(timespec="milliseconds"),
                actor=_plain(caller.principal.id if caller else ""),
                credential=caller.credential if caller else "",
                address=_plain(caller.address if caller else ""),
                action=action,
                object=_plain(object_),
                details=json.loads(canonical(details or {})),
                previous=GENESIS if last is None else last.sha256,
            )
            row = {name: getattr(event, name) for name in _COLUMNS} | {"details": canonical(event.details)}
            connection.execute(insert(audit_events).values(row | {"sha256": event.sealed()}))
        return AuditEvent(**{name: getattr(event, name) for name in _COLUMNS[:-1]}, sha256=event.sealed())

    def events(self, *, after: int = 0, limit: int | None = None) -> Iterator[AuditEvent]:
        """Go through the events behind a number, in their order; for administrators.

        Args:
            after: Number of the last event that is not wanted.
            limit: Most events; None gives all.

        Yields:
            Events as they are kept, whether or not their seals hold.
        """
        left = limit
        while left is None or left > 0:
            page = _PAGE if left is None else min(_PAGE, left)
            statement = select(audit_events).where(audit_events.c.seq > after).order_by(audit_events.c.seq).limit(page)
            with self._reading() as connection:
                rows = connection.execute(statement).mappings().all()
            for row in rows:
                yield AuditEvent(**{**row, "details": json.loads(row["details"])})
            if len(rows) < page:
                return
            after = rows[-1]["seq"]
            left = None if left is None else left - len(rows)


_COLUMNS = ("seq", "at", "actor", "credential", "address", "action", "object", "details", "previous", "sha256")


def _plain(words: str) -> str:
    return words.encode(errors="replace").decode().replace("\x00", "\ufffd")
