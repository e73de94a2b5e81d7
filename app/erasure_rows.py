"""What the tables hold of a document or a person beside what their stores forget themselves, and taking it out."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, Column, Connection, String, Table, Text, and_, cast, delete, func, or_, select, update

from app.tables import metadata
from eval.tables import review_grades, review_ratings
from finetune.tables import given_labels, training_lineage
from ingestion.tables import ingest_items, ingest_runs
from retrieval.access_tables import collection_access
from retrieval.finding_tables import findings, quarantined
from retrieval.reading_tables import readings
from retrieval.store import Store, listed, one_of
from retrieval.tables import (
    collections,
    conversations,
    document_access,
    documents,
    feedback,
    interactions,
    revisions,
)

FORGOTTEN = "u:forgotten"
"""Stands where the id of somebody forgotten stood who did something; nobody has this id."""

_ERASED = "[erased]"
_KEY_CHARS = 255  # shorter columns hold words of a fixed set
# They keep ids, and nothing else of anybody, to say what was done.
_KEPT = frozenset({"audit_events", "erasures"})
# Their words go, or get a pseudonym. What was kept after that must stay theirs, for the next round to find it.
_SAID = (
    *(interactions, conversations, feedback, readings, given_labels, training_lineage),
    *(review_ratings, review_grades),
)
# Of those tables, who did something with what another said.
_DONE = frozenset({feedback.c.approved_by, feedback.c.refused_by, given_labels.c.imported_by})


@dataclass(frozen=True, slots=True)
class Traces:
    """How a document is named in the record of what was taken in."""

    document_id: str
    collection: str
    uri: str
    revision_ids: tuple[str, ...]


class ErasureRows(Store):
    """Rows of many tables, looked through for one subject."""

    def forget_document(self, traces: Traces) -> dict[str, int]:
        """Take a document out of runs, the quarantine, and what was found in others about it.

        Returns:
            Rows by kind.
        """
        counts = {}
        with self._writing() as connection:
            counts["run_items"] = self._forget_items(connection, traces)
            of_collection = select(collections.c.id).where(collections.c.name == traces.collection)
            held = and_(quarantined.c.collection_id.in_(of_collection), quarantined.c.uri == traces.uri)
            counts["quarantined"] = connection.execute(delete(quarantined).where(held)).rowcount
            own = findings.c.revision_id.in_(
                select(revisions.c.id).where(revisions.c.document_id == traces.document_id)
            )
            about = cast(findings.c.details, Text).contains(traces.document_id, autoescape=True)
            counts["findings_elsewhere"] = connection.execute(delete(findings).where(about, ~own)).rowcount
        return counts

    def originals(self, traces: Traces) -> set[str]:
        """Return the SHA-256 of what was to become a document and did not: it failed, or the quarantine held it."""
        of_runs = select(ingest_runs.c.id).where(ingest_runs.c.collection == traces.collection)
        of_collection = select(collections.c.id).where(collections.c.name == traces.collection)
        failed = select(ingest_items.c.content_sha256).where(
            ingest_items.c.uri == traces.uri, ingest_items.c.run_id.in_(of_runs)
        )
        held = select(quarantined.c.content_sha256).where(
            quarantined.c.uri == traces.uri, quarantined.c.collection_id.in_(of_collection)
        )
        with self._reading() as connection:
            return {sha256 for sha256 in connection.scalars(failed.union(held)) if sha256}

    def _forget_items(self, connection: Connection, traces: Traces) -> int:
        of_runs = select(ingest_runs.c.id).where(ingest_runs.c.collection == traces.collection)
        mine = or_(
            and_(ingest_items.c.uri == traces.uri, ingest_items.c.run_id.in_(of_runs)),
            one_of(ingest_items.c.revision_id, "revisions"),
        )
        values = {"revisions": listed(traces.revision_ids)}
        runs = set(connection.scalars(select(ingest_items.c.run_id).where(mine).distinct(), values))
        removed = connection.execute(delete(ingest_items).where(mine), values).rowcount
        name = traces.uri.rpartition("/")[2].removeprefix("upload:")
        for run_id in runs:
            row = connection.execute(
                select(ingest_runs.c.label, ingest_runs.c.spec).where(ingest_runs.c.id == run_id)
            ).one()
            path = traces.uri.removeprefix("file://")
            spec = replaced(row.spec, {known: _ERASED for known in (path, traces.uri) if known})
            label = row.label
            for known in filter(None, (path, name)):
                label = label.replace(known, _ERASED)
            connection.execute(update(ingest_runs).where(ingest_runs.c.id == run_id).values(label=label, spec=spec))
        return removed

    def forget_key(self, key: str) -> dict[str, int]:
        """Take a principal key out of every access list, and out of everything that says who did something.

        Returns:
            Entries by kind.
        """
        counts = {"access_entries": 0, "done_by": 0}
        with self._writing() as connection:
            named = select(document_access.c.document_id).where(document_access.c.principal_key == key)
            raised = {name: documents.c[name] + 1 for name in ("access_version", "relabel")}
            connection.execute(update(documents).where(documents.c.id.in_(named)).values(raised))
            for table in (document_access, collection_access):
                counts["access_entries"] += connection.execute(
                    delete(table).where(table.c.principal_key == key)
                ).rowcount
            for table, column in _columns():
                if table in _SAID and column not in _DONE:
                    continue
                if isinstance(column.type, JSON):
                    counts["done_by"] += _rewritten(connection, table, column, key)
                elif isinstance(column.type, String) and (column.type.length or _KEY_CHARS) >= _KEY_CHARS:
                    changed = update(table).where(column == key).values({column.name: FORGOTTEN})
                    counts["done_by"] += connection.execute(changed).rowcount
        return counts

    def mentions(self, needles: Collection[str]) -> dict[str, int]:
        """Count the rows that hold one of some words, in every column of words of every table.

        Returns:
            By ``table.column``; what holds none is left out, and so are the audit log and the erasures.
        """
        spelt = {form for needle in needles for form in (needle, json.dumps(needle)[1:-1]) if form}
        found: dict[str, int] = {}
        with self._reading() as connection:
            for table, column in _columns():
                words = cast(column, Text)
                holds = or_(*(words.contains(form, autoescape=True) for form in sorted(spelt)))
                count = connection.scalar(select(func.count()).select_from(table).where(holds)) if spelt else 0
                if count:
                    found[f"{table.name}.{column.name}"] = count
        return found

    def is_alone(self, document_id: str, uri: str) -> bool:
        """Say whether no other document's uri begins with one."""
        others = select(documents.c.id).where(
            documents.c.id != document_id, documents.c.uri.startswith(uri, autoescape=True)
        )
        with self._reading() as connection:
            return connection.execute(others.limit(1)).first() is None

    def elsewhere(self, document_id: str, candidates: Sequence[str]) -> list[str]:
        """Return those of some stretches of a document's text that no other document holds."""
        alone = []
        with self._reading() as connection:
            for words in candidates:
                others = select(revisions.c.id).where(
                    revisions.c.document_id != document_id, revisions.c.text.contains(words, autoescape=True)
                )
                if connection.execute(others.limit(1)).first() is None:
                    alone.append(words)
        return alone


def replaced(value: Any, words: Mapping[str, str]) -> Any:
    """Return plain JSON in which texts that are one of some words are replaced by others."""
    if isinstance(value, str):
        return words.get(value, value)
    if isinstance(value, Mapping):
        return {words.get(key, key): replaced(entry, words) for key, entry in value.items()}
    if isinstance(value, list):
        return [replaced(entry, words) for entry in value]
    return value


def _columns() -> Iterator[tuple[Table, Column[Any]]]:
    for table in metadata.sorted_tables:
        if table.name not in _KEPT:
            for column in table.columns:
                if isinstance(column.type, String | JSON) and not column.foreign_keys:
                    yield table, column


def _rewritten(connection: Connection, table: Table, column: Column[Any], key: str) -> int:
    keys = list(table.primary_key.columns)
    holds = cast(column, Text).contains(json.dumps(key), autoescape=True)
    rows = connection.execute(select(*keys, column.label("value")).where(holds)).all()
    for row in rows:
        its = and_(*(known == part for known, part in zip(keys, row, strict=False)))
        value = _without(row.value, key)
        connection.execute(update(table).where(its).values({column.name: value}))
    return len(rows)


def _without(value: Any, key: str) -> Any:
    """A key among others, as in an access list, goes; one that stands for itself is replaced."""
    if isinstance(value, list):
        return [_without(entry, key) for entry in value if entry != key]
    if isinstance(value, Mapping):
        return {(FORGOTTEN if name == key else name): _without(entry, key) for name, entry in value.items()}
    return FORGOTTEN if value == key else value
