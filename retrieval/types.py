"""The nouns of the question path; all frozen, changed with ``dataclasses.replace``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from retrieval.document_types import Box, Chunk, Collection, Document, Place, Revision
from retrieval.feedback_types import Feedback, Reading, Reason, Verdict
from retrieval.guard_types import GuardDecision, Mask, masked
from retrieval.learnt import Learnt

__all__ = [
    "EVERYONE",
    "Answer",
    "Box",
    "Chunk",
    "Citation",
    "Collection",
    "Document",
    "Feedback",
    "Filters",
    "Fusion",
    "Interaction",
    "Learnt",
    "Passage",
    "Place",
    "Principal",
    "Query",
    "Reading",
    "Reason",
    "Revision",
    "Sampling",
    "SearchMode",
    "SentenceVerdict",
    "Support",
    "Turn",
    "Verdict",
]

EVERYONE = "g:everyone"
"""The group every principal belongs to."""

SearchMode = Literal["dense", "sparse", "hybrid"]

Fusion = Literal["mix", "dbsf", "rrf"]
"""How the dense and the sparse list become one; see ``retrieval.fuse``."""

Support = Literal["supported", "partly", "unsupported"]
"""How far a sentence of an answer is borne out by what it cites; see ``retrieval.support``."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. Nobody can read without one.

    Attributes:
        id: ``u:<id>``, immutable, never a name.
        groups: ``g:<immutable group id>`` of every group the principal is in.
        administrator: May do everything but read: what can be read, access lists alone say.
        curator: May look after the collections whose list of curators holds one of its keys.
    """

    id: str
    groups: frozenset[str] = frozenset({EVERYONE})
    administrator: bool = False
    curator: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """What is matched against an access list: the id and the groups, sorted."""
        return (self.id, *sorted(self.groups))


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk that was found and that the reader may read, with what is needed to cite it.

    Attributes:
        score: Fused relevance, higher is better, comparable within one search only.
        dense: Cosine similarity to the question in [-1, 1]; None if the dense search did not return it.
        sparse: BM25 score, >= 0; None if the sparse search did not return it.
        rerank: What the reranker gave it, on the reranker's own scale; None when it did not look.
        also: Ids of readable chunks that say the same or stand beside it, folded into this one.
        suspect: Whether something in it speaks to a model rather than to people.
        masks: What of the chunk's text nobody is shown; readers and models see ``shown``.
        learnt: What learning did for it; None where nothing is learned.
        sentences: What the sentence reranker read, each about 0 to 1: how near the nearest sentence is, and the shares
            of the question's terms and of its neighbouring terms; None when it did not look.
    """

    chunk: Chunk
    collection: str
    title: str
    uri: str
    score: float
    dense: float | None = None
    sparse: float | None = None
    rerank: float | None = None
    also: tuple[str, ...] = ()
    suspect: bool = False
    masks: tuple[Mask, ...] = ()
    learnt: Learnt | None = None
    sentences: tuple[float, float, float] | None = None

    def shown(self, start: int = 0, end: int | None = None) -> str:
        """Return characters ``start`` to ``end`` of the chunk's text without what nobody is shown."""
        return masked(self.chunk.text, self.masks, start, end)


@dataclass(frozen=True, slots=True)
class Filters:
    """Which documents are searched, among those the asker may read; what is left empty does not narrow.

    Attributes:
        sources: Ids of sources, any of them.
        media_types: Such as ``application/pdf``, any of them.
        updated_from: Documents changed at this moment or later (UTC).
        updated_until: Documents changed before this moment (UTC).
        metadata: Keys and values that a document must all have.
    """

    sources: tuple[str, ...] = ()
    media_types: tuple[str, ...] = ()
    updated_from: datetime | None = None
    updated_until: datetime | None = None
    metadata: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """A verbatim quote: ``revision.text[start:end] == quote`` but for what is masked in it; ``number``: its ``[n]``."""

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
    suspect: bool = False  # something in its passage speaks to a model
    masked: tuple[str, ...] = ()  # the rule of each mark that stands in the quote for what nobody is shown


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier turn of a conversation."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a language model draws its words; what is None is left to the generator's own setting.

    Attributes:
        temperature: 0 to 2.
        top_p: In (0, 1].
        max_tokens: Longest answer, at least 1.
        seed: For generators that honour one.
        adapter: Name of a LoRA adapter, for generators that have any.
    """

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    adapter: str | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked: the words, where to look, what was said before, and how the answer is to be drawn.

    Attributes:
        instructions: What a language model is told after the server's own prompt; empty for nothing.
        assistant: Id of the assistant that was asked, whose instructions and collection these are.
    """

    text: str
    collection: str | None = None  # name of the one collection to search; None searches all
    filters: Filters = field(default_factory=Filters)
    history: tuple[Turn, ...] = ()  # oldest first
    sampling: Sampling = field(default_factory=Sampling)
    instructions: str = ""
    assistant: str | None = None


@dataclass(frozen=True, slots=True)
class SentenceVerdict:
    """How far one sentence of an answer is borne out by the quotes it cites.

    Attributes:
        start: Character offset into the answer, inclusive.
        end: Character offset into the answer, exclusive; marks after the sentence are left out.
        citations: The numbers it carries, ascending.
        missing: In folded words: numbers and names that the quotes lack, words put in place of theirs, and denials that
            only one side has.
    """

    start: int
    end: int
    verdict: Support
    citations: tuple[int, ...]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said, and on what it stands.

    Attributes:
        text: Sentences with ``[n]`` marks; when abstained, a sentence that says so.
        abstained: True when the documents do not answer the question.
        confidence: In [0, 1]; how sure we are that the question is answered by what is cited.
        nearest: Offered instead of an answer when abstained; best first.
        degraded: True when the language model failed and the extractive answer took its place.
        sentences: How far each sentence is borne out by what it cites, in order; empty when abstained.
        removed: Sentences that were left out because nothing bears them out, where the settings say so.
        guards: What guards did about the question and the answer.
    """

    text: str
    abstained: bool
    confidence: float
    citations: tuple[Citation, ...]
    nearest: tuple[Citation, ...] = ()
    degraded: bool = False
    generator: str = "extractive"
    sentences: tuple[SentenceVerdict, ...] = ()
    removed: int = 0
    guards: tuple[GuardDecision, ...] = ()

    @property
    def blocked(self) -> str | None:
        """The rule by which no answer was given; None where none refused it."""
        return next((decision.rule for decision in self.guards if decision.action == "refused"), None)


@dataclass(frozen=True, slots=True)
class Interaction:
    """A question, its answer, and what produced it: the unit that is logged and later learned from.

    Attributes:
        timings_ms: Stage -> time, and ``total``.
        versions: What answered: embedder, prompt, settings that matter.
        tokens: ``prompt`` and ``completion`` tokens as the language model counted them; empty without one.
        filters: What narrowed the search.
        searched: What was searched for in place of a follow-up; empty when it was the question itself.
        generation: With what the words were drawn: model, prompt and its sha256, mark, instructions, sampling, why it
            ended.
        assistant: Id of the assistant that was asked; None where none was.
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
    filters: Filters = field(default_factory=Filters)
    searched: str = ""
    generation: Mapping[str, Any] = field(default_factory=dict)
    conversation_id: str | None = None  # the stored conversation it stands in
    assistant: str | None = None
