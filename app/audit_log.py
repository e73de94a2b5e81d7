"""The audit log: who did what to which object from where; append-only, each event sealed by the one before it."""

import hashlib
import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Engine, Select, func, insert, select, text

from app.auth import Caller
from app.tables import audit_events
from retrieval.errors import DataDirectoryError, InvalidInputError
from retrieval.rows import storable
from retrieval.store import Store, listed, one_of, reachable

GENESIS = "0" * 64
"""What the first event names as the one before it."""

HEAD_FILE = "audit.head"
MAX_LISTED = 1_000
_HEAD_EVERY = 100
_LOCK = 0x6175646974  # any number that no other program locks
_PAGE = 1_000
_SHA256_CHARS = 64
_NEWEST = select(audit_events.c.seq, audit_events.c.sha256).order_by(audit_events.c.seq.desc()).limit(1)


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
        return seal({name: getattr(self, name) for name in _COLUMNS} | {"details": canonical(self.details)})


class Head(NamedTuple):
    """The last event of the log at some moment; whoever noted it sees later whether the log still holds it."""

    seq: int
    sha256: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.sha256}"

    @classmethod
    def parsed(cls, words: str) -> "Head":
        """Read a head as it is written.

        Returns:
            It.

        Raises:
            InvalidInputError: It is not ``SEQ:SHA256``.
        """
        number, _, sha256 = words.strip().partition(":")
        if not number.isdecimal() or len(sha256) != _SHA256_CHARS:
            raise InvalidInputError("a head of the audit log is written as SEQ:SHA256")
        return cls(int(number), sha256.lower())


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are looked for; what is empty does not narrow.

    Attributes:
        actor: Principal id.
        object: Such as ``document:<id>``.
        action: Such as ``document.open``, or a noun alone: ``document``.
        since: At this moment or later (UTC).
        until: Before this moment (UTC).
    """

    actor: str = ""
    object: str = ""
    action: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return what an event must fulfil."""
        columns = audit_events.c
        named = ((columns.actor, self.actor), (columns.object, self.object))
        found = [column == words for column, words in named if words]
        if self.action:
            found.append(
                (columns.action == self.action) | columns.action.startswith(f"{self.action}.", autoescape=True)
            )
        # The moments of the log are texts of one length, so that they stand in the order of time.
        if self.since is not None:
            found.append(columns.at >= _written(self.since))
        if self.until is not None:
            found.append(columns.at < _written(self.until))
        return found


def canonical(details: Mapping[str, Any]) -> str:
    """Return details as they are hashed and kept."""
    return json.dumps(dict(details), ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def seal(row: Mapping[str, Any]) -> str:
    """Return the digest that a row of the log must have; ``details`` as text."""
    said = json.dumps([row[name] for name in _SEALED], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()


class AuditLog(Store):
    """Events in the catalog's database, whose triggers refuse to change or delete one.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
        head_file: Where the head is noted now and then; None notes it nowhere.
    """

    def __init__(self, engine: Engine, *, head_file: Path | None = None) -> None:
        super().__init__(engine)
        self._head_file = head_file
        self._noting = threading.Lock()

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
            last = connection.execute(_NEWEST).one_or_none()
            event = AuditEvent(
                seq=1 if last is None else last.seq + 1,
                at=_written(datetime.now(UTC)),
                actor=_plain(caller.principal.id if caller else ""),
                credential=caller.credential if caller else "",
                address=_plain(caller.address if caller else ""),
                action=action,
                object=_plain(object_),
                details=json.loads(canonical(details or {})),
                previous=GENESIS if last is None else last.sha256,
            )
            event = replace(event, sha256=event.sealed())
            row = {name: getattr(event, name) for name in _COLUMNS} | {"details": canonical(event.details)}
            connection.execute(insert(audit_events), row)
        if event.seq % _HEAD_EVERY == 0:
            self.note_head()
        return event

    def events(self, *, after: int = 0) -> Iterator[AuditEvent]:
        """Go through the events behind a number, in their order; for administrators.

        Args:
            after: Number of the last event that is not wanted.

        Yields:
            Events as they are kept, whether or not their seals hold.
        """
        for row in self.rows(after=after):
            yield _event(row)

    def rows(self, *, after: int = 0) -> Iterator[Mapping[str, Any]]:
        """Go through the rows behind a number, in their order, exactly as they are kept.

        Yields:
            Rows; ``details`` as text.
        """
        while True:
            statement = select(audit_events).where(audit_events.c.seq > after).order_by(audit_events.c.seq)
            rows = self._rows(statement.limit(_PAGE))
            yield from rows
            if len(rows) < _PAGE:
                return
            after = rows[-1]["seq"]

    def page(self, wanted: Wanted, *, before: int | None = None, limit: int = 100) -> list[AuditEvent]:
        """Return some events; for administrators.

        Args:
            wanted: Which.
            before: Only events of lower numbers.
            limit: Most events to return, 1 to 1,000.

        Returns:
            The newest first.

        Raises:
            InvalidInputError: The limit is out of range.
        """
        if not 1 <= limit <= MAX_LISTED:
            raise InvalidInputError(f"limit is {limit}; 1 to {MAX_LISTED} events can be listed")
        if not storable(wanted.actor + wanted.object + wanted.action):
            return []
        conditions = wanted.conditions() + ([] if before is None else [audit_events.c.seq < before])
        statement = select(audit_events).where(*conditions).order_by(audit_events.c.seq.desc())
        return [_event(row) for row in self._rows(statement.limit(limit))]

    def newest(self, action: str, objects: Iterable[str]) -> dict[str, datetime]:
        """Return when something was last done to objects, by object; those to which it never was are left out."""
        columns = audit_events.c
        statement = select(columns.object, func.max(columns.at)).where(
            one_of(columns.object, "objects"), columns.action == action
        )
        with self._reading() as connection:
            rows = connection.execute(statement.group_by(columns.object), {"objects": listed(objects)})
            return {name: datetime.fromisoformat(at) for name, at in rows}

    def head(self) -> Head | None:
        """Return the last event; None while there is none."""
        with self._reading() as connection:
            row = connection.execute(_NEWEST).one_or_none()
        return None if row is None else Head(row.seq, row.sha256)

    def note_head(self) -> None:
        """Write the head into its file, so that a log that was cut off since is told from a whole one."""
        if self._head_file is None:
            return
        # What was done is in the log whether or not its head can be noted now.
        with suppress(DataDirectoryError, OSError), self._noting, reachable():
            head = self.head()
            if head is None or not self._holds_noted():
                return  # what was noted before is the only witness of what was taken out
            fresh = self._head_file.with_suffix(".new")
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as out:
                out.write(f"{head}\n")
            fresh.replace(self._head_file)

    def _holds_noted(self) -> bool:
        try:
            noted = Head.parsed(self._head_file.read_text(encoding="ascii")) if self._head_file else None
        except (FileNotFoundError, UnicodeDecodeError, InvalidInputError):
            return True  # none, or none that could be compared
        if noted is None:
            return True
        its = select(audit_events.c.sha256).where(audit_events.c.seq == noted.seq)
        with self._reading() as connection:
            return connection.scalar(its) == noted.sha256

    def _rows(self, statement: Select[Any]) -> list[Mapping[str, Any]]:
        with self._reading() as connection:
            return [dict(row) for row in connection.execute(statement).mappings()]


_COLUMNS = ("seq", "at", "actor", "credential", "address", "action", "object", "details", "previous", "sha256")
_SEALED = _COLUMNS[:-1]


def _event(row: Mapping[str, Any]) -> AuditEvent:
    try:
        details = json.loads(row["details"])
    except ValueError:
        details = {"unreadable": row["details"]}  # not as it was written; the verification says so
    return AuditEvent(**{**row, "details": details})


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _plain(words: str) -> str:
    return words.encode(errors="replace").decode().replace("\x00", "\ufffd")
