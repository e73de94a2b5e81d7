"""The interaction log -> what a language model is taught: how to answer from passages and to cite them; pure.

A row repeats what a model was told, so that what it learns is what to do with passages, not what they say. Rows come of
answers whose passages are all there still and open to those whom the weights will serve.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from finetune.answers import SCHEME
from finetune.caps import WEEK_WEIGHT
from finetune.examples import Standing
from finetune.resolve import anchor_of
from finetune.signals import MARK, WEIGHTS, folded
from retrieval.prompt import ANSWER_TEMPLATE, NOT_ANSWERED, Prompt, build_messages
from retrieval.types import Answer, Feedback, Interaction

_COMPARED = 1.0
"""What a choice between two answers weighs."""

Messages = tuple[tuple[str, str], ...]
"""(role, text) pairs, as a generator is given them."""


@dataclass(frozen=True, slots=True)
class Row:
    """What somebody said about an answer, as a language model can learn from it.

    Attributes:
        messages: What the model is told.
        reply: What it should say; for a thumb, what was said.
        worse: A reply to the same messages that is worse; empty when there is none.
        liked: Whether a thumb was up; None for a correction or a comparison.
        sources: Ids of the feedback and interactions that it stands on, sorted.
        people: Principal ids of those whose words are in it or who judged, sorted.
        question: As the messages ask it.
        documents: Ids of those that its passages are of, sorted.
        passages: How many the messages number.
        given_at: When it was said, UTC.
    """

    messages: Messages
    reply: str
    worse: str = ""
    liked: bool | None = None
    sources: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    question: str = ""
    documents: tuple[str, ...] = ()
    passages: int = 0
    given_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """What a language model can be taught.

    Attributes:
        corrected: Approved corrections; ``worse`` is what they correct.
        preferred: Of two answers to one question the better, and the worse.
        thumbs: Answers that were liked or not.
    """

    corrected: tuple[Row, ...] = ()
    preferred: tuple[Row, ...] = ()
    thumbs: tuple[Row, ...] = ()

    @property
    def pairs(self) -> tuple[Row, ...]:
        """Rows with a better and a worse reply."""
        return (*(row for row in self.corrected if row.worse), *self.preferred)

    @property
    def all(self) -> tuple[Row, ...]:
        """Every row, once."""
        return (*self.corrected, *self.preferred, *self.thumbs)


class Said(NamedTuple):
    """Feedback with the answer it is about, its passages as they were found."""

    asked: Interaction
    said: Feedback


@dataclass(frozen=True, slots=True)
class Terms:
    """How rows are made.

    Attributes:
        standing: Which passages are there still, and whether whom the weights serve may read them all.
        scrub: Takes personal data out of a text, the same for the same data.
        template: Of the prompt that the model will be given.
        context_tokens: Room for the prompt.
    """

    standing: Standing
    scrub: Callable[[str], str] = str
    template: str = ANSWER_TEMPLATE
    context_tokens: int = 8192


def rows_of(heard: Iterable[Said], terms: Terms, *, others: Iterable[Interaction] = ()) -> Rows:
    """Make rows of what people said.

    Args:
        heard: In any order; the outcome does not depend on it.
        terms: How.
        others: Answers that were found worse than one of those, as far as nothing else was said about them.

    Returns:
        Rows, in the order of the ids of the feedback.
    """
    ordered = sorted(heard, key=lambda one: one.said.id)
    asked = _open([*others, *(one.asked for one in ordered)], terms.standing)
    ordered = [one for one in ordered if one.asked.id in asked]
    thumbs = _bounded([one for one in ordered if one.said.verdict and not one.said.answer], weight=WEIGHTS["up"])
    compared = _bounded([one for one in ordered if one.said.preferred_over], weight=_COMPARED)
    return Rows(
        tuple(row for one in ordered if (row := _corrected(one, terms))),
        tuple(row for one in compared if (row := _preferred(one, asked, terms))),
        tuple(row for one in thumbs if (row := _thumb(one, terms))),
    )


def well_cited(text: str, passages: int) -> bool:
    """Tell whether an answer has marks and all of them name a passage."""
    numbers = [int(number) for number in MARK.findall(text)]
    return bool(numbers) and all(1 <= number <= passages for number in numbers)


def messages_of(asked: Interaction, terms: Terms) -> Messages:
    """Return what a language model is told for a question and the passages that were found for it."""
    return tuple((role, terms.scrub(text)) for role, text in _told(asked, terms)[0])


def _told(asked: Interaction, terms: Terms) -> tuple[list[tuple[str, str]], int]:
    """Return what a model is told, and how many of the passages there was room for."""
    # The mark of then is in no passage of then; what was not worded by a model has none.
    mark = str(asked.generation.get("mark") or f"<<{sha256(asked.id.encode()).hexdigest()[:8]}>>")
    told = str(asked.generation.get("instructions", ""))  # else the manner of one assistant became everybody's
    prompt = Prompt(
        asked.question, asked.passages, asked.history, template=terms.template, mark=mark, instructions=told
    )
    messages = build_messages(prompt, context_tokens=terms.context_tokens)
    numbered = range(1, len(asked.passages) + 1)
    return messages, sum(f"{mark}\n[{number}] " in messages[-1][1] for number in numbered)


def _open(interactions: Iterable[Interaction], standing: Standing) -> dict[str, Interaction]:
    """Return by id those that stand on open passages alone: an earlier turn may tell what others may not read.

    A passage of an approved answer repeats its author, and documents besides its own: an erasure of those would not
    find the row.
    """
    alone = {one.id: one for one in interactions if one.passages and not one.history and not _repeats(one)}
    anchors = {key: {anchor_of(p.chunk.document_id, p.chunk.text) for p in one.passages} for key, one in alone.items()}
    found = standing(set().union(*anchors.values()))
    return {key: one for key, one in alone.items() if all(found.get(anchor) for anchor in anchors[key])}


def _repeats(asked: Interaction) -> bool:
    return any(passage.uri.startswith(SCHEME) for passage in asked.passages)


def _bounded(heard: Sequence[Said], *, weight: float) -> list[Said]:
    """Take no more of one person and week than learning from sources lets count."""
    most = int(WEEK_WEIGHT / weight)
    taken: dict[tuple[object, ...], int] = {}
    kept = []
    for one in heard:
        key = (one.said.principal_id, *one.said.given_at.isocalendar()[:2])
        taken[key] = taken.get(key, 0) + 1
        if taken[key] <= most:
            kept.append(one)
    return kept


def _corrected(one: Said, terms: Terms) -> Row | None:
    asked, said = one
    if said.approved_by is None or not said.answer or _stands_elsewhere(one):
        return None
    places = _places(asked)
    reply = _marked(said.answer, {c.number: places[c.chunk_id] for c in asked.answer.citations if c.chunk_id in places})
    if not MARK.search(reply):
        right = sorted({places[key] for key in said.right_chunks if key in places} | _holding(asked, said))
        reply = f"{reply} {''.join(f'[{place}]' for place in right)}"
    # An answer that cites nothing would teach just that.
    if not well_cited(reply, len(asked.passages)):
        return None
    worse = _reply(asked.answer, places)
    return _row(one, reply, terms, worse="" if worse is None or folded(worse) == folded(reply) else worse)


def _stands_elsewhere(one: Said) -> bool:
    """Say whether a correction names what was not among the passages: it may be what not everybody may read."""
    passages, words = one.asked.passages, folded(one.said.evidence or "")
    held = not words or any(words in folded(passage.chunk.text) for passage in passages)
    return not held or not {*one.said.right_documents} <= {passage.chunk.document_id for passage in passages}


def _preferred(one: Said, asked: Mapping[str, Interaction], terms: Terms) -> Row | None:
    """Pair two answers; the worse is told in the numbers of the better one's passages, where it stands on them."""
    other = asked.get(one.said.preferred_over or "")
    if other is None or folded(other.question) != folded(one.asked.question):
        return None
    places = _places(one.asked)
    reply, worse = _reply(one.asked.answer, places), _reply(other.answer, places)
    if not reply or not worse or folded(reply) == folded(worse):
        return None
    row = _row(one, reply, terms, worse=worse)
    return row and replace(
        row,
        sources=tuple(sorted({*row.sources, other.id})),
        people=tuple(sorted({*row.people, other.principal_id})),
        documents=tuple(sorted({*row.documents, *_documents(other)})),
    )


def _thumb(one: Said, terms: Terms) -> Row | None:
    reply = _reply(one.asked.answer, _places(one.asked))
    row = _row(one, reply, terms) if reply else None
    return row and replace(row, liked=one.said.verdict == "up")


def _row(one: Said, reply: str, terms: Terms, *, worse: str = "") -> Row | None:
    """Make a row; None where the reply cites a passage that the prompt has no room for."""
    messages, shown = _told(one.asked, terms)
    if any(int(number) > shown for number in MARK.findall(reply)):
        return None
    return Row(
        tuple((role, terms.scrub(text)) for role, text in messages),
        terms.scrub(reply),
        terms.scrub(worse),
        sources=tuple(sorted({one.asked.id, one.said.id})),
        people=tuple(sorted({one.asked.principal_id, one.said.principal_id})),
        question=terms.scrub(one.asked.question),
        documents=_documents(one.asked),
        passages=shown,
        given_at=one.said.given_at,
    )


def _documents(asked: Interaction) -> tuple[str, ...]:
    return tuple(sorted({passage.chunk.document_id for passage in asked.passages}))


def _places(asked: Interaction) -> dict[str, int]:
    """Return the number that each passage has in the prompt, by the id of its chunk."""
    return {passage.chunk.id: place for place, passage in enumerate(asked.passages, start=1)}


def _holding(asked: Interaction, said: Feedback) -> set[int]:
    """Return the passages that hold the evidence, or that are all that was found of a right document."""
    words, documents = folded(said.evidence or ""), Counter(p.chunk.document_id for p in asked.passages)
    only = {key for key in said.right_documents if documents[key] == 1}
    return {
        number
        for number, passage in enumerate(asked.passages, start=1)
        if passage.chunk.document_id in only or (words and words in folded(passage.chunk.text))
    }


def _reply(answer: Answer, places: Mapping[str, int]) -> str | None:
    """Return an answer as a model words it; None where it is no model's, or cites what is not among the passages."""
    if answer.blocked or answer.degraded:
        return None
    if answer.abstained:
        return NOT_ANSWERED
    if any(citation.chunk_id not in places for citation in answer.citations):
        return None
    return _marked(answer.text, {citation.number: places[citation.chunk_id] for citation in answer.citations})


def _marked(text: str, numbers: Mapping[int, int]) -> str:
    """Put the numbers of passages in the place of those of citations; marks that name none go."""

    def renumbered(found: re.Match[str]) -> str:
        number = numbers.get(int(found[1]))
        return "" if number is None else f"[{number}]"

    return MARK.sub(renumbered, text).strip()
