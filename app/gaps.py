"""Groups of questions that the documents gave no answer to -> what the corpus lacks, and what comes nearest to it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from app.bootstrap import Services
from app.reviewing import QuestionGroup
from retrieval.errors import InvalidInputError
from retrieval.types import Interaction, Passage, Principal, Query

MAX_SEARCHED = 60
"""Groups that are searched for at a time, the largest; each takes some 20 ms."""

_NEAREST = 5


@dataclass(frozen=True, slots=True)
class NearDocument:
    """A document that comes near a question.

    Attributes:
        score: Of its best passage, comparable within one question only.
        similarity: Best cosine similarity of its passages, in [-1, 1]; None where the dense search found none of them.
    """

    document_id: str
    chunk_id: str
    title: str
    uri: str
    collection: str
    score: float
    similarity: float | None


@dataclass(frozen=True, slots=True)
class ContentGap:
    """Questions that the documents gave no answer to.

    Attributes:
        confidence: How likely what may be read answers its title now, in [0, 1].
        answered_now: Whether it would be answered: something was added since.
        nearest: What comes nearest now, best first.
    """

    group: QuestionGroup
    confidence: float
    answered_now: bool
    nearest: tuple[NearDocument, ...]


def gaps(
    services: Services,
    groups: Iterable[QuestionGroup],
    *,
    principal: Principal,
    wanted: Callable[[ContentGap], bool],
    limit: int,
) -> list[ContentGap]:
    """Search for groups of questions once more, in what the principal may read.

    Args:
        services: The server's.
        groups: Those that matter most first; of the first 60 as many are searched for as it takes.
        principal: Who asks.
        wanted: Tells which gaps.
        limit: Most gaps.

    Returns:
        In the order of the groups.
    """
    found: list[ContentGap] = []
    for gap in _searched(services, groups, principal):
        if wanted(gap):
            found.append(gap)
        if len(found) == limit:
            break
    return found


def _searched(services: Services, groups: Iterable[QuestionGroup], principal: Principal) -> Iterator[ContentGap]:
    # By the documents' own words: to ask a language model sixty questions would cost minutes.
    answerer = replace(services.answerer, generator=services.answerer.fallback)
    for group, _ in zip(groups, range(MAX_SEARCHED), strict=False):
        try:
            now = answerer.answer(Query(group.title), principal=principal)
        except InvalidInputError:
            continue  # nothing but characters that no search reads
        yield ContentGap(group, now.answer.confidence, not now.answer.abstained, _nearest(now))


def _nearest(now: Interaction) -> tuple[NearDocument, ...]:
    best: dict[str, NearDocument] = {}
    for passage in now.passages:
        known = best.get(passage.chunk.document_id)
        if known is None:
            best[passage.chunk.document_id] = _near(passage)
        elif passage.dense is not None:
            similarity = max(passage.dense, known.similarity if known.similarity is not None else -1.0)
            best[passage.chunk.document_id] = replace(known, similarity=similarity)
    return tuple(best.values())[:_NEAREST]


def _near(passage: Passage) -> NearDocument:
    chunk = passage.chunk
    return NearDocument(
        chunk.document_id, chunk.id, passage.title, passage.uri, passage.collection, passage.score, passage.dense
    )
