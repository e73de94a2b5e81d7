"""The nouns of the learning path; all frozen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from retrieval.learned import Weights
from retrieval.ranking import Ranking

FloatArray = NDArray[np.float32]

Signal = Literal[
    "correction",
    "edited",
    "up",
    "wrong_source",
    "opened",
    "copied",
    "skipped",
    "reformulated",
    "given",
]
"""What an example was concluded from; ``given`` are judgements of another system."""

RungName = Literal["memory", "fusion", "query_adapter", "embedder", "ranking", "reranker", "generator"]

CandidateState = Literal["made", "refused", "passed", "trial", "live", "retired"]


@dataclass(frozen=True, slots=True)
class Anchor:
    """A chunk as a label means it: it goes stale when the document's text changes there.

    Attributes:
        text_sha256: Of the chunk's text in UTF-8.
    """

    document_id: str
    text_sha256: str


@dataclass(frozen=True, slots=True)
class Label:
    """What one signal says about one chunk and one question, before caps and quorum.

    Attributes:
        source_id: Id of the feedback, reading, given label, or passage that raters graded.
        kind: Of what ``source_id`` names.
        label: 1 where the chunk answers the question, -1 where it does not.
        weight: In (0, 1].
        giver: Principal id of who gave the signal.
        trusted: A curator or an administrator stands behind it: it was approved, or judged for this purpose.
        conversation: The questions of one conversation are never split between training and measuring.
        asker: Principal id of who asked the question; None where nobody of this system did.
    """

    source_id: str
    kind: Literal["feedback", "reading", "given", "review"]
    signal: Signal
    question: str
    anchor: Anchor
    label: Literal[1, -1]
    weight: float
    giver: str
    given_at: datetime  # UTC
    trusted: bool = False
    conversation: str | None = None
    asker: str | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A row of a training set: a question and a chunk, and how much it says.

    Attributes:
        id: Hash of question and anchor; the same in every set.
        question: With personal data replaced by stable pseudonyms.
        label: 1 or -1.
        weight: In (0, 1]; what several people say is added up and capped.
        signals: It stands on, sorted.
        sources: Ids of what it stands on, sorted.
        givers: Principal ids of those who gave it, sorted.
        group: Questions of one group are never split between training and measuring.
        open: Whether everybody who signs in may read the chunk; only such rows train weights.
        askers: Principal ids of those whose question it is, sorted: their words are in it.
    """

    id: str
    question: str
    anchor: Anchor
    label: Literal[1, -1]
    weight: float
    signals: tuple[Signal, ...]
    sources: tuple[str, ...]
    givers: tuple[str, ...]
    group: str
    given_at: datetime  # UTC, of the last signal
    open: bool = True
    askers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """An immutable set of examples.

    Attributes:
        id: sha256 of its rows.
        manifest: Ids of what it stands on, corpus epoch, fingerprints, scrub policy, seed, versions.
    """

    id: str
    examples: tuple[Example, ...]
    manifest: Mapping[str, Any] = field(default_factory=dict)

    @property
    def questions(self) -> int:
        """How many different questions have a chunk that answers them."""
        return len({example.question for example in self.examples if example.label > 0})


@dataclass(frozen=True, slots=True)
class Need:
    """What a rung still needs before it opens.

    Attributes:
        have: Labelled questions at hand.
        least: How many it takes.
        lacks: What the server itself has not got for it, in words; empty where it has everything.
        counted: What is counted, one of it in words.
    """

    rung: RungName
    have: int
    least: int
    lacks: str = ""
    counted: str = "labelled question"

    @property
    def missing(self) -> int:
        """How many more questions; 0 where there are enough."""
        return max(0, self.least - self.have)

    @property
    def open(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing and not self.lacks

    @property
    def summary(self) -> str:
        """Say it in words."""
        needed = [f"{self.missing} more {self.counted}{'' if self.missing == 1 else 's'}"] if self.missing else []
        return "; ".join([*needed, *([self.lacks] if self.lacks else [])]) or "open"


@dataclass(frozen=True, slots=True)
class MemoryRow:
    """What memory keeps of an example: the chunk is found again by its anchor when it serves.

    Attributes:
        weight: In [-1, 1]; below 0 where the chunk was wrong.
    """

    example: str
    anchor: Anchor
    weight: float


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What a candidate is made of; a part that is None is not learned.

    Attributes:
        adapter: Shape (dim, dim), float32.
        memory: One row an example.
        questions: Vector of each row's question, shape (rows, dim), L2 norm 1.
        reach: How far memory moves chunks, >= 0.
        weights: How much each score weighs.
        ranking: What is added to what the reranker saw.
        embedder: Folder of an adapted embedder, relative to the candidate's; None keeps the base.
        reranker: Likewise of an adapted cross-encoder.
        generator: Likewise of an adapter of the language model.
    """

    adapter: FloatArray | None = None
    memory: Sequence[MemoryRow] = ()
    questions: FloatArray | None = None
    reach: float = 0.0
    weights: Weights = field(default_factory=Weights)
    ranking: Ranking | None = None
    embedder: str | None = None
    reranker: str | None = None
    generator: str | None = None
