"""What was asked and not served -> groups of questions, as far as somebody may be shown them."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from app.bootstrap import Services
from app.curating import curated_names
from eval.review_store import GroupState
from retrieval.errors import NotFoundError
from retrieval.interactions import PastQuestion
from retrieval.rewrite import leans
from retrieval.types import Feedback, Interaction, Principal
from retrieval.withhold import named_documents, withhold

Kind = Literal["low_rated", "abstained", "all"]

MAX_LOOKED_AT = 2_000
"""Interactions that are looked at, the last ones: embedding their questions takes some 10 s the first time."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """A question that may be shown, with what was said of its answer."""

    asked: PastQuestion
    said: tuple[Feedback, ...] = ()

    @property
    def down(self) -> bool:
        """Whether somebody rated the answer down."""
        return any(one.verdict == "down" for one in self.said)

    @property
    def unserved(self) -> bool:
        """Whether the documents gave no answer, as the server or its reader says."""
        return self.asked.abstained or any("not_answered" in one.reasons for one in self.said)


@dataclass(frozen=True, slots=True)
class QuestionGroup:
    """Questions that ask for the same thing.

    Attributes:
        questions: The oldest first; at least one.
        title: The question that stands for all.
        state: What was last noted beside one of them; None where nothing was.
    """

    questions: tuple[Complaint, ...]
    title: str
    state: GroupState | None = None

    @property
    def id(self) -> str:
        """The interaction of its oldest question: more questions change it only if they were asked before."""
        return self.questions[0].asked.id

    @property
    def reasons(self) -> dict[str, int]:
        """How often each reason was given, the most frequent first."""
        said = [one for question in self.questions for one in question.said]
        counts = Counter(reason for one in said for reason in one.reasons)
        return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

    @property
    def last_asked(self) -> datetime:
        """When it was asked last, UTC."""
        return self.questions[-1].asked.asked_at

    @property
    def dismissed(self) -> bool:
        """Whether somebody found it none of anybody's business, and nobody asked it since."""
        return self.state is not None and self.state.state == "dismissed" and not self.asked_since()

    def asked_since(self) -> int:
        """Return how many of its questions were asked since its state was set."""
        if self.state is None:
            return 0
        return sum(one.asked.asked_at > self.state.set_at for one in self.questions)


@dataclass(frozen=True, slots=True)
class Found:
    """What may be shown of what was asked.

    Attributes:
        groups: Those with most questions first, then those that were asked last.
        withheld: Questions whose answers name a document that an administrator may not read.
        passed_over: Questions that say nothing without the conversation they stand in.
    """

    groups: tuple[QuestionGroup, ...]
    withheld: int = 0
    passed_over: int = 0


_KINDS: Mapping[Kind, Callable[[Complaint], bool]] = {
    "low_rated": lambda one: one.down,
    "abstained": lambda one: one.unserved,
    "all": lambda one: one.down or one.unserved,
}


def complaints(
    services: Services, *, principal: Principal, since: datetime | None, kind: Kind
) -> tuple[list[Complaint], int]:
    """Return the questions that were rated down or that the documents gave no answer to.

    Args:
        services: The server's.
        principal: Who asks; see ``shown``.
        since: Only what was asked after this moment, of the last 2,000 interactions.
        kind: Rated down, without an answer, or both.

    Returns:
        The newest first, and how many are withheld.
    """
    everybody = replace(principal, administrator=True)  # what of it may be shown is decided here
    asked = services.interactions.past_questions(principal=everybody, since=since, limit=MAX_LOOKED_AT, doubtful=True)
    wanted = [one for one in _with_feedback(services, asked) if _KINDS[kind](one)]
    return shown(services, wanted, principal=principal)


def everything_asked(services: Services, *, principal: Principal) -> tuple[list[Complaint], int]:
    """Return all of the last 2,000 questions that may be shown, the newest first, and how many are withheld."""
    everybody = replace(principal, administrator=True)
    asked = services.interactions.past_questions(principal=everybody, limit=MAX_LOOKED_AT)
    return shown(services, _with_feedback(services, asked), principal=principal)


def shown(services: Services, found: Sequence[Complaint], *, principal: Principal) -> tuple[list[Complaint], int]:
    """Leave out questions that somebody may not be shown, by the rule of ``hearing.heard``.

    An administrator is shown those whose answers name only documents that they may read; a curator, of these, those
    whose answers stand on documents of their collections.

    Returns:
        The others, in order, and how many an administrator is told of and not shown.
    """
    named = frozenset().union(*(one.asked.documents for one in found))
    readable = services.catalog.readable_documents(named, principal=principal)
    mine = curated_names(services, principal=principal)
    about = [one for one in found if mine is None or mine & one.asked.collections]
    kept = [one for one in about if one.asked.documents <= readable]
    return kept, len(about) - len(kept) if mine is None else 0


def questions_shown(services: Services, ids: Sequence[str], *, principal: Principal) -> dict[str, Complaint]:
    """Return questions with what was said of their answers, by id; those are left out that may not be shown."""
    everybody = replace(principal, administrator=True)
    asked = services.interactions.past_questions_of(ids, principal=everybody)
    kept, _ = shown(services, _with_feedback(services, list(asked.values())), principal=principal)
    return {one.asked.id: one for one in kept}


def opened(services: Services, interaction_id: str, *, principal: Principal) -> Interaction:
    """Return a question that somebody may be shown, with as much of its answer as they may read today.

    Raises:
        NotFoundError: It is missing or none of their business.
    """
    if interaction_id not in questions_shown(services, [interaction_id], principal=principal):
        raise NotFoundError(f"no question {interaction_id}")
    asked = services.interactions.get(interaction_id, principal=replace(principal, administrator=True))
    return withhold(asked, services.catalog.readable_documents(named_documents([asked]), principal=principal))


def group(services: Services, found: tuple[Sequence[Complaint], int]) -> Found:
    """Group questions by meaning.

    Args:
        services: The server's.
        found: Questions that may be shown, and how many are withheld.

    Returns:
        The groups; the same for the same questions.
    """
    questions, withheld = found
    alone = [one for one in questions if stands_alone(one.asked)]
    alone.sort(key=lambda one: (one.asked.asked_at, one.asked.id))
    passed_over = len(questions) - len(alone)
    if not alone:
        return Found((), withheld, passed_over)
    same = services.asked_vectors.grouped([one.asked.question.strip() for one in alone], services.embedder)
    states = services.reviews.states()
    groups = [
        QuestionGroup(of, alone[one.middle].asked.question.strip(), _state(of, states))
        for one in same
        for of in [tuple(alone[row] for row in one.rows)]
    ]
    groups.sort(key=lambda one: (-len(one.questions), -one.last_asked.timestamp(), one.id))
    return Found(tuple(groups), withheld, passed_over)


def stands_alone(asked: PastQuestion) -> bool:
    """Say whether a question means something without the conversation it stands in."""
    return bool(asked.question.strip()) and not (asked.followed and leans(asked.question))


def _with_feedback(services: Services, asked: Sequence[PastQuestion]) -> list[Complaint]:
    everybody = Principal("u:attune", administrator=True)
    said = services.feedback.of_interactions([one.id for one in asked], principal=everybody)
    return [Complaint(one, tuple(words for words in said.get(one.id, ()) if words.refused_by is None)) for one in asked]


def _state(questions: Iterable[Complaint], states: Mapping[str, GroupState]) -> GroupState | None:
    known = [states[one.asked.id] for one in questions if one.asked.id in states]
    return max(known, key=lambda state: (state.set_at, state.interaction_id), default=None)
