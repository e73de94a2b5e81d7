"""The sources that somebody set up, and when each is to be looked at again."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from ingestion.access_rules import AccessRule, checked_rules, read_rules, root_of, written_rules
from ingestion.tables import sources
from retrieval.access import checked_acl
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.rows import storable
from retrieval.store import Store
from retrieval.types import EVERYONE

MIN_EVERY_S, MAX_EVERY_S = 60.0, 366 * 86_400.0
_NAME = re.compile(r"\S(?:.{0,98}\S)?")
_WATCHED = "folder"
_CHANGED = frozenset({"name", "arguments", "every_s", "watch", "paused", "acl", "access"})


@dataclass(frozen=True, slots=True)
class NewSource:
    """A source to set up.

    Attributes:
        collection: Where its documents go.
        kind: Of ``open_source``.
        name: 1 to 100 characters on one line, unique in the collection.
        arguments: As the kind's schema says, plain JSON.
        every_s: Time between two syncs, 60 s to 366 days; None has no schedule.
        watch: Sync soon after a change; for folders.
        acl: Principal keys that may read those of its documents that no rule means; empty means nobody.
        access: Rules, of which the first that means a document says who may read it.
    """

    collection: str
    kind: str
    name: str
    arguments: Mapping[str, Any]
    every_s: float | None = None
    watch: bool = False
    acl: frozenset[str] = frozenset({EVERYONE})
    access: tuple[AccessRule, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptSource:
    """A source that was set up.

    Attributes:
        name: Unique in its collection.
        arguments: As its kind's schema says, plain JSON; credentials stand in it by name only.
        acl: Principal keys that may read what comes from it and no rule means.
        access: Rules, of which the first that means a document says who may read it.
        every_s: Time between two syncs; None syncs only when somebody asks, or a watched folder changes.
        watch: Sync soon after a change of the folder.
        paused: Neither schedule nor watch begins a sync.
        next_sync_at: When the schedule begins the next one.
        last_run_id: Of the run that synced it last; its record may be gone.
    """

    id: str
    collection: str
    kind: str
    name: str
    arguments: Mapping[str, Any]
    acl: frozenset[str]
    every_s: float | None
    watch: bool
    paused: bool
    created_by: str
    created_at: datetime  # UTC
    next_sync_at: datetime | None  # UTC
    last_run_id: str | None
    access: tuple[AccessRule, ...] = ()

    @property
    def readers(self) -> dict[str, Any]:
        """What the spec of a run says about the readers of its documents."""
        root = root_of(self.kind, self.arguments)
        return {"acl": sorted(self.acl), "access": written_rules(self.access), "root": root}


class SourceStore(Store):
    """The record of sources, on SQLite or PostgreSQL; for administrators.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def create(self, new: NewSource, *, created_by: str) -> KeptSource:
        """Set a source up; one with a schedule or a watch is due at once.

        Args:
            new: Its collection exists, and its arguments were checked.
            created_by: Principal id of who does it.

        Returns:
            It.

        Raises:
            InvalidInputError: The name, the schedule, the watch or who may read makes no sense.
            ConflictError: The collection has a source of this name.
        """
        _check(name=new.name, every_s=new.every_s, watch=new.watch, kind=new.kind)
        source_id, now = uuid4().hex, datetime.now(UTC)
        values = {
            "id": source_id,
            "collection": new.collection,
            "kind": new.kind,
            "name": new.name,
            "arguments": dict(new.arguments),
            "acl": sorted(checked_acl(new.acl)),
            "access": written_rules(checked_rules(new.access)),
            "every_s": new.every_s,
            "watch": new.watch,
            "paused": False,
            "created_by": created_by,
            "created_at": now,
            "next_sync_at": now if new.every_s is not None or new.watch else None,
        }
        try:
            with self._writing() as connection:
                connection.execute(insert(sources).values(values))
        except IntegrityError as error:
            raise ConflictError(f"{new.collection} has a source of the name {new.name!r} already") from error
        return self.get(source_id)

    def get(self, source_id: str) -> KeptSource:
        """Return a source.

        Raises:
            NotFoundError: There is no such source.
        """
        if storable(source_id):
            with self._reading() as connection:
                row = connection.execute(select(sources).where(sources.c.id == source_id)).one_or_none()
            if row is not None:
                return _source(row)
        raise NotFoundError(f"no source {source_id}")

    def all(self) -> list[KeptSource]:
        """Return every source, by collection and name."""
        with self._reading() as connection:
            found = connection.execute(select(sources).order_by(sources.c.collection, sources.c.name))
            return [_source(row) for row in found]

    def update(self, source_id: str, **changes: Any) -> KeptSource:
        """Change a source.

        Args:
            source_id: Of the source.
            changes: New values of ``name``, ``arguments``, ``every_s``, ``watch``, ``paused``, ``acl`` and ``access``;
                the rest stays. A schedule that changes, and a source that is no longer paused, are due at once.

        Returns:
            It, changed.

        Raises:
            NotFoundError: There is no such source.
            InvalidInputError: A value makes no sense.
            ConflictError: Its collection has another source of the name.
        """
        before = self.get(source_id)
        after = {name: changes.get(name, getattr(before, name)) for name in _CHANGED}
        _check(name=after["name"], every_s=after["every_s"], watch=after["watch"], kind=before.kind)
        after["acl"], after["access"] = sorted(checked_acl(after["acl"])), written_rules(checked_rules(after["access"]))
        wakes = (after["every_s"], after["watch"]) != (before.every_s, before.watch) or (
            before.paused and not after["paused"]
        )
        if after["every_s"] is None and not after["watch"]:
            after["next_sync_at"] = None
        elif wakes:
            after["next_sync_at"] = datetime.now(UTC)
        try:
            with self._writing() as connection:
                connection.execute(update(sources).where(sources.c.id == source_id).values(after))
        except IntegrityError as error:
            raise ConflictError(f"{before.collection} has a source of the name {after['name']!r} already") from error
        return self.get(source_id)

    def delete(self, source_id: str) -> None:
        """Forget a source; what came from it is not touched.

        Raises:
            NotFoundError: There is no such source.
        """
        self.get(source_id)
        with self._writing() as connection:
            connection.execute(delete(sources).where(sources.c.id == source_id))

    def due(self, now: datetime) -> list[KeptSource]:
        """Return the sources whose schedule wants a sync by now, the longest overdue first; none that is paused."""
        statement = (
            select(sources)
            .where(sources.c.next_sync_at <= now, sources.c.paused.is_(False))
            .order_by(sources.c.next_sync_at, sources.c.id)
        )
        with self._reading() as connection:
            return [_source(row) for row in connection.execute(statement)]

    def watched(self) -> list[KeptSource]:
        """Return the folders whose changes begin a sync; none that is paused."""
        statement = select(sources).where(sources.c.watch.is_(True), sources.c.paused.is_(False))
        with self._reading() as connection:
            return [_source(row) for row in connection.execute(statement.order_by(sources.c.id))]

    def scheduled(self, source_id: str, next_sync_at: datetime | None) -> None:
        """Note when the next sync of a source is due; however many were missed, there is one next.

        A source that is gone is passed over.
        """
        with self._writing() as connection:
            connection.execute(update(sources).where(sources.c.id == source_id).values(next_sync_at=next_sync_at))


def next_sync(source: KeptSource, now: datetime, *, share: float = 0.0) -> datetime | None:
    """Return when the schedule of a source wants the sync after one that begins now.

    Args:
        source: With or without a schedule.
        now: UTC.
        share: How much later than asked for, as a share of the time between two: what was set up together does not
            begin together for ever.

    Returns:
        The moment; None without a schedule.
    """
    return None if source.every_s is None else now + timedelta(seconds=source.every_s * (1 + share))


def _check(*, name: str, every_s: float | None, watch: bool, kind: str) -> None:
    if not _NAME.fullmatch(name) or not name.isprintable() or not storable(name):
        raise InvalidInputError("name: 1 to 100 printable characters on one line, without space around them")
    if every_s is not None and not MIN_EVERY_S <= every_s <= MAX_EVERY_S:
        raise InvalidInputError("every_s: a source can be synced every minute at most, and once in 366 days at least")
    if watch and kind != _WATCHED:
        raise InvalidInputError("watch: only folders can be watched; give a source of another kind a schedule")


def _source(row: Row[Any]) -> KeptSource:
    return KeptSource(
        id=row.id,
        collection=row.collection,
        kind=row.kind,
        name=row.name,
        arguments=row.arguments,
        acl=frozenset(row.acl),
        every_s=row.every_s,
        watch=row.watch,
        paused=row.paused,
        created_by=row.created_by,
        created_at=row.created_at,
        next_sync_at=row.next_sync_at,
        last_run_id=row.last_run_id,
        access=read_rules(row.access),
    )
