"""First questions for somebody who does not know yet what to ask: the assistant's, what others praised, headings.

Nothing is suggested that its reader may not read the answer to; the same is suggested all day.
"""

import threading
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from itertools import islice, zip_longest
from typing import Literal

from app.heading_questions import question_of
from ingestion.findings.personal import find_personal
from retrieval.access import readable_keys
from retrieval.catalog import Catalog
from retrieval.guard import Guard
from retrieval.headings import Headings, HeadingsOfDocuments
from retrieval.praised import PEOPLE, Praise, PraisedQuestions, spelt_alike
from retrieval.types import Principal, Query

Origin = Literal["assistant", "asked", "document"]

MOST = 12
_DOCUMENTS = 16
_OF_A_DOCUMENT = 3
_KNOWN_FOR_S = 60.0
_DRAWN_FOR_S = 300.0
_MOST_DRAWN = 1_000


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question one may begin with.

    Attributes:
        origin: The assistant's own, asked by others and praised, or made of a heading.
        document_id: Of the heading; None otherwise.
    """

    question: str
    origin: Origin
    document_id: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """For whom suggestions are, and of what.

    Attributes:
        guard: Of questions to the collection; what it would refuse or mask is not suggested.
        own: The assistant's questions.
        day: On which the same is suggested.
    """

    principal: Principal
    collection: str | None
    guard: Guard
    own: Sequence[str]
    day: date


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What was drawn for somebody, and what has to be as it was for it to hold."""

    suggestions: tuple[Suggestion, ...]
    documents: frozenset[str]
    epoch: int
    at_s: float


class Suggestions:
    """Suggests questions; what was praised is looked through once a minute, and whenever something was forgotten."""

    def __init__(self, catalog: Catalog, headings: HeadingsOfDocuments, praised: PraisedQuestions) -> None:
        self._catalog = catalog
        self._headings = headings
        self._praised = praised
        self._looking = threading.Lock()
        self._known: tuple[tuple[Praise, ...], ...] = ()
        self._count = -1
        self._at_s = 0.0
        self._drawn: dict[tuple[object, ...], _Drawn] = {}

    def of(self, wanted: Wanted, *, limit: int) -> list[Suggestion]:
        """Return questions to begin with: the assistant's, then those that others praised, then of headings.

        Returns:
            At most ``limit``, no question twice.
        """
        found: dict[str, Suggestion] = {}
        for one in self._all(wanted):
            if len(found) >= limit:
                break
            if one.origin == "assistant" or _may_be_asked(wanted.guard, one.question):
                found.setdefault(spelt_alike(one.question), one)
        return list(found.values())

    def forget(self) -> None:
        """Forget what was drawn and praised: of what is to be known nowhere any more, too."""
        with self._looking:
            self._known, self._count = (), -1
        self._drawn = {}

    def _all(self, wanted: Wanted) -> Iterator[Suggestion]:
        yield from (Suggestion(question, "assistant") for question in wanted.own)
        yield from (Suggestion(question, "asked") for question in self._asked(wanted))
        yield from self._of_documents(wanted)

    def _of_documents(self, wanted: Wanted) -> Sequence[Suggestion]:
        """Draw headings once: to go through all documents of which somebody may read a few takes tens of ms."""
        principal, epoch, now_s = wanted.principal, self._catalog.corpus_epoch(), time.monotonic()
        key = (readable_keys(principal), wanted.collection, wanted.day)
        drawn_before = self._drawn  # where all is forgotten meanwhile, it is another one
        kept = drawn_before.get(key)
        holds = kept is not None and kept.epoch == epoch and now_s - kept.at_s < _DRAWN_FOR_S
        if kept is None or not holds or kept.documents - self._readable(kept.documents, principal):
            start = _by_chance(wanted.day, principal.id)
            found = self._headings.some(start, principal=principal, collection=wanted.collection, limit=_DOCUMENTS)
            rows = zip_longest(*(_of_headings(one, wanted.day) for one in found))
            # Another document each time, before a second heading of the first.
            drawn = tuple(one for row in rows for one in row if one is not None)
            kept = _Drawn(drawn, frozenset(one.document_id for one in found), epoch, now_s)
            if len(drawn_before) >= _MOST_DRAWN:
                drawn_before.clear()
            drawn_before[key] = kept
        return kept.suggestions

    def _readable(self, documents: Collection[str], principal: Principal) -> set[str]:
        return self._catalog.readable_documents(documents, principal=principal) if documents else set()

    def _asked(self, wanted: Wanted) -> list[str]:
        groups = self._known_now()
        cited = {key for group in groups for one in group for key in one.cited}
        readable = self._readable(cited, wanted.principal)
        found = []
        for group in groups:
            seen = [one for one in group if one.cited <= readable and _within(one, wanted.collection)]
            givers = frozenset[str]().union(*(one.givers for one in seen))
            # Who asked it knows the answer; and nobody's own thumb is counted by what they may not read.
            if len(givers) >= PEOPLE and wanted.principal.id not in {one.asker for one in group}:
                found.append(seen[0].question)
        return sorted(found, key=lambda question: _by_chance(wanted.day, question))

    def _known_now(self) -> tuple[tuple[Praise, ...], ...]:
        count = self._praised.count()
        with self._looking:
            # What was taken back or forgotten is gone at once; what is new may wait.
            if count < self._count or time.monotonic() - self._at_s > _KNOWN_FOR_S or self._count < 0:
                self._known = tuple(group for group in self._praised.praised() if not find_personal(group[0].question))
                self._count, self._at_s = count, time.monotonic()
            return self._known


def _within(one: Praise, collection: str | None) -> bool:
    return collection is None or one.collections == {collection}


def _may_be_asked(guard: Guard, question: str) -> bool:
    checked = guard.check(Query(question))
    return checked.refusal is None and not checked.decisions


def _of_headings(document: Headings, day: date) -> Iterator[Suggestion]:
    leaves = dict.fromkeys(path[-1] for path in document.sections if path) or {document.title: None}
    drawn = sorted(leaves, key=lambda heading: _by_chance(day, document.document_id, heading))
    made = (question_of(heading, document.title, document.language) for heading in drawn)
    for question in islice((one for one in made if one is not None), _OF_A_DOCUMENT):
        yield Suggestion(question, "document", document.document_id)


def _by_chance(day: date, *words: str) -> str:
    """Return 32 hexadecimal digits: by chance, and the same all day."""
    return sha256("\n".join([day.isoformat(), *words]).encode(errors="replace")).hexdigest()[:32]
