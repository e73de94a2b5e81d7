"""The nouns of the question path; all frozen, changed with ``dataclasses.replace``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

EVERYONE = "g:everyone"
"""The group every principal belongs to."""

SearchMode = Literal["dense", "sparse", "hybrid"]

Fusion = Literal["mix", "dbsf", "rrf"]
"""How the dense and the sparse list become one; see ``retrieval.fuse``."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. Nobody can read without one.

    Attributes:
        id: ``u:<id>``, immutable, never a name.
        groups: ``g:<immutable group id>`` of every group the principal is in.
        administrator: May ingest, delete and see the state of the system. It does not widen what can be read.
    """

    id: str
    groups: frozenset[str] = frozenset({EVERYONE})
    administrator: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """What is matched against an access list: the id and the groups, sorted."""
        return (self.id, *sorted(self.groups))


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, in points (1/72 inch), origin at the top left, after page rotation."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stretch of the stored text stands in the original.

    Attributes:
        start: Character offset into the revision's text, inclusive.
        end: Character offset into the revision's text, exclusive.
        page: Page, slide or sheet number from 1, where the format has one.
        box: The rectangle on that page, where the format has one.
    """

    start: int
    end: int
    page: int | None = None
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Collection:
    """A named set of documents."""

    id: str
    name: str
    created_at: datetime  # UTC


@dataclass(frozen=True, slots=True)
class Document:
    """One source document; its text lives in revisions.

    Attributes:
        uri: Where it came from, unique within the collection: ``file:///...`` or ``upload:NAME``.
        acl: Principal keys that may read it; empty means nobody.
        live_revision_id: The revision readers see; None until the first is published.
    """

    id: str
    collection: str
    uri: str
    title: str
    media_type: str
    acl: frozenset[str]
    live_revision_id: str | None
    size_bytes: int
    created_at: datetime  # UTC
    updated_at: datetime  # UTC


@dataclass(frozen=True, slots=True)
class Revision:
    """One state of a document's text. ``content_sha256`` is of the original bytes."""

    id: str
    document_id: str
    number: int  # from 1, per document
    state: Literal["staged", "live", "retired"]
    content_sha256: str
    recipe: str  # parser, chunker and embedder fingerprint: a change of any re-ingests
    title: str
    text: str
    created_at: datetime  # UTC


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of a revision that is embedded and found as one.

    ``text == revision.text[start:end]``; ``context`` (title, section path, table header) is embedded before it
    but is no part of any quote.
    """

    id: str
    document_id: str
    revision_id: str
    ordinal: int  # from 0, in reading order
    start: int
    end: int
    text: str
    context: str
    section: tuple[str, ...]
    token_count: int
    places: tuple[Place, ...] = ()

    @property
    def embedding_text(self) -> str:
        """What the embedder and BM25 see."""
        return f"{self.context}\n{self.text}" if self.context else self.text


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk that was found and that the reader may read, with what is needed to cite it.

    Attributes:
        score: Fused relevance, higher is better, comparable within one search only.
        dense: Cosine similarity to the question in [-1, 1]; None if the dense search did not return it.
        sparse: BM25 score, >= 0; None if the sparse search did not return it.
    """

    chunk: Chunk
    collection: str
    title: str
    uri: str
    score: float
    dense: float | None = None
    sparse: float | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """A verbatim quote: ``revision.text[start:end] == quote``. ``number`` is the ``[n]`` in the answer."""

    number: int
    document_id: str
    revision_id: str
    chunk_id: str
    title: str
    uri: str
    section: tuple[str, ...]
    page: int | None
    box: Box | None
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier turn of a conversation."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said, and on what it stands.

    Attributes:
        text: Sentences with ``[n]`` marks; when abstained, a sentence that says so.
        abstained: True when the documents do not answer the question.
        confidence: In [0, 1]; how sure we are that the question is answered by what is cited.
        nearest: Offered instead of an answer when abstained; best first.
        degraded: True when the language model failed and the extractive answer took its place.
    """

    text: str
    abstained: bool
    confidence: float
    citations: tuple[Citation, ...]
    nearest: tuple[Citation, ...] = ()
    degraded: bool = False
    generator: str = "extractive"


@dataclass(frozen=True, slots=True)
class Interaction:
    """A question, its answer, and what produced it: the unit that is logged and later learned from.

    Attributes:
        timings_ms: Stage -> time, and ``total``.
        versions: What answered: embedder, prompt, settings that matter.
        tokens: ``prompt`` and ``completion`` tokens as the language model counted them; empty without one.
    """

    id: str
    question: str
    history: tuple[Turn, ...]
    collection: str | None
    principal_id: str
    answer: Answer
    passages: tuple[Passage, ...]
    timings_ms: Mapping[str, float]
    asked_at: datetime  # UTC
    versions: Mapping[str, Any] = field(default_factory=dict)
    tokens: Mapping[str, int] = field(default_factory=dict)


Verdict = Literal["up", "down"]

Reason = Literal["wrong_source", "wrong_answer", "incomplete", "outdated", "unclear", "not_answered", "other"]


@dataclass(frozen=True, slots=True)
class Feedback:
    """What one person said about one answer; saying something again replaces it.

    Attributes:
        principal_id: Who said it.
        verdict: Thumb; None when only a correction or sources were given.
        reasons: Why, mostly for a thumb down.
        answer: The right answer in the person's words, or None.
        evidence: A sentence of a document that holds the right answer, or None.
        right_documents: Ids of documents that hold the right answer.
        wrong_documents: Ids of cited documents that do not.
        approved_by: The administrator who found it right; None until then. Only approved corrections teach.
    """

    id: str
    interaction_id: str
    principal_id: str
    given_at: datetime  # UTC
    verdict: Verdict | None = None
    reasons: tuple[Reason, ...] = ()
    answer: str | None = None
    evidence: str | None = None
    right_documents: tuple[str, ...] = ()
    wrong_documents: tuple[str, ...] = ()
    approved_by: str | None = None
