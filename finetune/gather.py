"""What people said, did and gave -> labels: reads everything that the learning path starts from."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache

import numpy as np

from finetune.examples import Encode, Standing
from finetune.given import GivenLabels
from finetune.resolve import anchor_of
from finetune.signals import (
    Gap,
    Nearest,
    folded,
    gap_of,
    labels_of_feedback,
    labels_of_readings,
    labels_of_reformulation,
    question_of,
    succeeded,
    teaches,
)
from finetune.types import Anchor, FloatArray, Label
from retrieval.catalog import Catalog
from retrieval.errors import NotFoundError
from retrieval.readings import Asking, Readings, Signalled
from retrieval.types import EVERYONE, Interaction, Principal

ASKED_AGAIN_WITHIN = timedelta(minutes=10)
"""Who asks something like it later than this has another need."""

_DOCUMENTS_AT_ONCE = 500

_JUDGED = frozenset({"feedback", "review"})
"""Kinds of label that curators give of what they look after."""

SIMILAR = 0.5
"""Cosine similarity from which a question is the one before in other words; below it nothing relates them."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything that can be learned from.

    Attributes:
        gaps: What the corpus may lack.
        passed_over: What gave no label, in words, and how many of it.
    """

    labels: tuple[Label, ...]
    gaps: tuple[Gap, ...] = ()
    passed_over: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Success:
    """That an answer served its asker: the question, and the labels that show it."""

    asking: Asking
    question: str
    shown_by: tuple[Label, ...]


def gather(
    readings: Readings, given: GivenLabels, *, nearest: Nearest, encode: Encode, trusted: Collection[str] = ()
) -> Gathered:
    """Read all feedback, readings and given labels, and conclude what they say.

    Args:
        readings: With the answers they are of, and what was said about those.
        given: Labels of other systems.
        nearest: See ``chunk_finder``.
        encode: Questions -> vectors, for telling which was asked again.
        trusted: Principal ids of administrators: one of them is enough to demote a chunk.

    Returns:
        Labels before caps and quorum, in an order that is the same every time.
    """
    labels: list[Label] = []
    gaps: list[Gap] = []
    successes: list[_Success] = []
    passed_over: Counter[str] = Counter()
    for signalled in readings.signalled():
        asked = signalled.asked
        if not teaches(asked):
            passed_over["answers to questions that lean on a conversation"] += 1
            continue
        own = list(_labels(signalled, nearest, trusted))
        labels += own
        gaps += [gap for said in signalled.said if (gap := gap_of(asked, said))]
        passed_over["answers of which nothing is known that a chunk could learn"] += not own
        shown = tuple(label for label in succeeded(own) if label.giver == asked.principal_id)
        if shown:
            asking = Asking(asked.id, asked.principal_id, asked.asked_at)
            successes.append(_Success(asking, question_of(asked), shown))
    labels += _reformulated(readings, successes, encode)
    # Two administrators who agree, neither knowing of the other, judged it for this purpose.
    labels += (
        replace(one, trusted=True) if one.kind == "review" and one.giver in trusted else one for one in given.labels()
    )
    return Gathered(tuple(labels), tuple(gaps), {what: count for what, count in passed_over.items() if count})


def trusting(labels: Sequence[Label], curators: Mapping[str, Principal], catalog: Catalog) -> tuple[Label, ...]:
    """Mark what curators said of documents that they look after: there, and nowhere else, one of them is enough.

    Args:
        labels: As gathered.
        curators: By id, as whom they may look after what they do.
        catalog: Knows the collections of documents.

    Returns:
        All labels, in their order.
    """

    @cache
    def looked_after(giver: str, document_id: str) -> bool:
        try:
            catalog.managed_document(document_id, principal=curators[giver])
        except NotFoundError:
            return False
        return True

    return tuple(
        replace(label, trusted=True)
        if label.kind in _JUDGED and label.giver in curators and looked_after(label.giver, label.anchor.document_id)
        else label
        for label in labels
    )


def chunk_finder(catalog: Catalog, embed: Callable[[str], FloatArray], fingerprint: str) -> Nearest:
    """Make what finds a document's chunk that is nearest to some words; asked on nobody's behalf.

    Args:
        catalog: Holds the chunks and their vectors.
        embed: Words -> vector, shape (dim,), L2 norm 1.
        fingerprint: Of the embedder.

    Returns:
        A function; it finds the chunk that holds the words, else the nearest by meaning, else the first.
    """

    def nearest(document_id: str, words: str) -> Anchor | None:
        chunks = [(key, text) for key, _, text in catalog.live_texts([document_id])]
        if not chunks:
            return None
        holding = [text for _, text in chunks if folded(words) in folded(text)]
        if holding:
            return anchor_of(document_id, holding[0])
        vectors = catalog.stored_vectors([key for key, _ in chunks], fingerprint)
        known = [(key, text) for key, text in chunks if key in vectors]
        if len(known) < 2:  # nothing to choose from
            return anchor_of(document_id, (known or chunks)[0][1])
        scores = np.stack([vectors[key] for key, _ in known]) @ embed(words)
        return anchor_of(document_id, known[int(np.argmax(scores))][1])

    return nearest


def standing_in(catalog: Catalog) -> Standing:
    """Make what tells which anchors mean a live chunk, and whether everybody who signs in may read it."""
    anybody = Principal("", frozenset({EVERYONE}))

    def standing(anchors: Collection[Anchor]) -> dict[Anchor, bool]:
        wanted, found = set(anchors), {}
        documents = sorted({anchor.document_id for anchor in wanted})
        for start in range(0, len(documents), _DOCUMENTS_AT_ONCE):
            some = documents[start : start + _DOCUMENTS_AT_ONCE]
            is_open = catalog.readable_documents(some, principal=anybody)
            for _, document_id, text in catalog.live_texts(some):
                anchor = anchor_of(document_id, text)
                if anchor in wanted:
                    found[anchor] = document_id in is_open
        return found

    return standing


def _labels(signalled: Signalled, nearest: Nearest, trusted: Collection[str]) -> Iterator[Label]:
    for said in signalled.said:
        yield from labels_of_feedback(signalled.asked, said, nearest=nearest, trusted=trusted)
    yield from labels_of_readings(signalled.asked, signalled.readings)


def _reformulated(readings: Readings, successes: Sequence[_Success], encode: Encode) -> list[Label]:
    """Go back from each answer that served to the questions before it that were not."""
    by_id = {success.asking.id: success for success in successes}
    histories: dict[str, list[Asking]] = defaultdict(list)
    for asking in readings.asked_by({success.asking.principal_id for success in successes}):
        histories[asking.principal_id].append(asking)
    before = {
        one.asking.id: ids for one in successes if (ids := _before(one, histories[one.asking.principal_id], by_id))
    }
    needed = {key for ids in before.values() for key in ids}
    asked = {one.id: one for one in readings.interactions(sorted(needed)) if teaches(one)}
    texts = sorted({question_of(one) for one in asked.values()} | {by_id[key].question for key in before})
    if not asked:
        return []
    vectors = dict(zip(texts, encode(texts), strict=True))
    labels: list[Label] = []
    for key, ids in before.items():
        for first in _like(by_id[key], [asked[one] for one in ids if one in asked], vectors):
            labels += labels_of_reformulation(first, by_id[key].shown_by)
    return labels


def _before(success: _Success, history: Sequence[Asking], successes: Mapping[str, _Success]) -> list[str]:
    """Return the questions that led to one that was answered, the last first: each soon before the next."""
    place = next((n for n, one in enumerate(history) if one.id == success.asking.id), None)
    found: list[str] = []
    later = success.asking.asked_at
    for one in reversed(history[:place]):
        if later - one.asked_at > ASKED_AGAIN_WITHIN or one.id in successes:
            break
        found.append(one.id)
        later = one.asked_at
    return found


def _like(success: _Success, before: Sequence[Interaction], vectors: Mapping[str, FloatArray]) -> Iterator[Interaction]:
    for one in before:
        question = question_of(one)
        if float(vectors[question] @ vectors[success.question]) < SIMILAR:
            return  # another matter: what was asked before it is too
        if question != success.question:
            yield one
