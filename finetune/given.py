"""Given labels: what another system, a set of judgements or raters say about which chunk answers which question."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, select

from finetune.reviewed import SOURCE, reviewed_labels
from finetune.signals import folded
from finetune.tables import given_labels
from finetune.types import Anchor, Label, Signal
from retrieval.errors import InvalidInputError
from retrieval.rows import storable
from retrieval.store import Store, insert_rows, listed, one_of
from retrieval.types import Principal

JUDGES = "given:"
"""Begins the name of a giver that is no person but a set of judgements, which was made for this purpose."""

_PAGE_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class GivenLabel:
    """One judgement of somewhere else.

    Attributes:
        source: What it was imported from.
        label: -1 to 1: how right the chunk is; 0 says nothing.
        giver: A principal id, who the other system says it was, or ``given:`` and the source.
    """

    source: str
    question: str
    anchor: Anchor
    label: float
    giver: str
    given_at: datetime  # UTC
    signal: Signal = "given"

    @property
    def id(self) -> str:
        """The same for the same giver, question and chunk of a source: whoever imports again replaces."""
        parts = (self.source, folded(self.question), self.anchor.document_id, self.anchor.text_sha256, self.giver)
        return sha256("\x1f".join(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of given labels: new ones, and those that took the place of one said before."""

    added: int
    replaced: int


class GivenLabels(Store):
    """Labels that were imported, in the database of the catalog.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def add(self, given: Sequence[GivenLabel], *, by: Principal) -> Imported:
        """Keep labels; one of the same giver about the same question and chunk is replaced.

        Returns:
            How many are new, and how many were known.

        Raises:
            InvalidInputError: One of them has a label out of range, no question, or words that no database holds.
        """
        for one in given:
            check(one)
        rows = {one.id: _row(one, by.id) for one in given}
        known = one_of(given_labels.c.id, "ids")
        values = {"ids": listed(rows)}
        with self._writing() as connection:
            replaced = connection.execute(delete(given_labels).where(known), values).rowcount
            insert_rows(connection, given_labels, list(rows.values()))
        return Imported(len(rows) - replaced, replaced)

    def labels(self) -> Iterator[Label]:
        """Go through all of them, as the learning path takes them; those that say nothing are passed over.

        Yields:
            By id; then what raters agree on.
        """
        after = ""
        while True:
            page = select(given_labels).where(given_labels.c.id > after).order_by(given_labels.c.id).limit(_PAGE_ROWS)
            with self._reading() as connection:
                rows = connection.execute(page).all()
            if not rows:
                break
            for row in rows:
                if row.label:
                    yield _label(row)
            after = rows[-1].id
        with self._reading() as connection:
            reviewed = list(reviewed_labels(connection))
        yield from reviewed

    def counts(self) -> dict[str, int]:
        """Return how many labels came from each source, and from raters who agree."""
        by_source = select(given_labels.c.source, func.count()).group_by(given_labels.c.source)
        with self._reading() as connection:
            counts = {row[0]: row[1] for row in connection.execute(by_source.order_by(given_labels.c.source))}
            reviewed = sum(1 for _ in reviewed_labels(connection))
        return counts | ({SOURCE: counts.get(SOURCE, 0) + reviewed} if reviewed else {})

    def forget_giver(self, principal_id: str) -> int:
        """Remove what somebody gave.

        Returns:
            How many labels.
        """
        return self._forget(given_labels.c.giver == principal_id, principal_id)

    def forget_document(self, document_id: str) -> int:
        """Remove what was said about a document.

        Returns:
            How many labels.
        """
        return self._forget(given_labels.c.document_id == document_id, document_id)

    def _forget(self, condition: ColumnElement[bool], key: str) -> int:
        if not storable(key):
            return 0
        with self._writing() as connection:
            return connection.execute(delete(given_labels).where(condition)).rowcount


def check(one: GivenLabel) -> None:
    """Raise where a label cannot be kept.

    Raises:
        InvalidInputError: Its label is out of range, it has no question, or words that no database holds.
    """
    if not -1 <= one.label <= 1:
        raise InvalidInputError(f"a label is {one.label}; it says how right a chunk is, from -1 to 1")
    if not one.question.strip() or not one.giver or not one.source:
        raise InvalidInputError("a label needs a question, a giver and a source")
    if not all(map(storable, (one.question, one.giver, one.source))):
        raise InvalidInputError("a label holds NUL or a lone surrogate")


def _row(one: GivenLabel, by: str) -> dict[str, object]:
    return {
        "id": one.id,
        "source": one.source,
        "question": one.question,
        "question_sha256": sha256(folded(one.question).encode()).hexdigest(),
        "document_id": one.anchor.document_id,
        "chunk_sha256": one.anchor.text_sha256,
        "signal": one.signal,
        "label": one.label,
        "giver": one.giver,
        "given_at": one.given_at,
        "imported_by": by,
    }


def _label(found: Row[Any]) -> Label:
    return Label(
        source_id=found.id,
        kind="given",
        signal=found.signal,
        question=found.question,
        anchor=Anchor(found.document_id, found.chunk_sha256),
        label=1 if found.label > 0 else -1,
        weight=abs(found.label),
        giver=found.giver,
        given_at=found.given_at,
        trusted=found.giver.startswith(JUDGES),
    )
