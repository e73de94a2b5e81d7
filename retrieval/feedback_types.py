"""What people say about answers, and what they do with them: Feedback and Reading."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Verdict = Literal["up", "down"]

Reason = Literal["wrong_source", "wrong_answer", "incomplete", "outdated", "unclear", "not_answered", "other"]

ReadingKind = Literal["opened", "copied"]


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
        approved_by: The administrator who found it right; None until then, and until then it is one person's word.
        right_chunks: Ids of passages of the answer that hold the right answer.
        wrong_chunks: Ids of passages of the answer that do not.
        preferred_over: The interaction whose answer to the same question is worse than this one; None when two were not
            compared.
        refused_by: Who looked after it and found it wrong: nothing is learned from it. None until then.
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
    right_chunks: tuple[str, ...] = ()
    wrong_chunks: tuple[str, ...] = ()
    preferred_over: str | None = None
    refused_by: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A citation that somebody opened or copied.

    Attributes:
        chunk_id: Of the passage that was cited.
        position: Its place among the passages of the answer, from 1.
        seconds: How long it was read, >= 0; 0 for a copy.
    """

    id: str
    interaction_id: str
    principal_id: str
    chunk_id: str
    kind: ReadingKind
    position: int
    seconds: float
    at: datetime  # UTC


@dataclass(frozen=True, slots=True)
class Counts:
    """How much was said; what ``corrections`` are says ``corrects``.

    Attributes:
        approved: Corrections that were found right.
        refused: Corrections that were found wrong.
    """

    up: int = 0
    down: int = 0
    corrections: int = 0
    approved: int = 0
    refused: int = 0


def corrects(said: Feedback) -> bool:
    """Tell whether feedback is a correction: it gives an answer, evidence, or right or wrong documents or passages."""
    sources = said.right_documents or said.wrong_documents or said.right_chunks or said.wrong_chunks
    return bool(said.answer or said.evidence or sources)


def says_something(said: Feedback) -> bool:
    """Tell whether there is anything in it."""
    return bool(said.verdict or said.reasons or said.preferred_over or corrects(said))
