"""What people say about answers and do with them -> labels of chunks; pure.

How much each signal weighs, and why, stands in docs/learning-signals.md.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from finetune.resolve import anchor_of
from finetune.types import Anchor, Label, Signal
from retrieval.rewrite import leans
from retrieval.types import Feedback, Interaction, Passage, Reading

WEIGHTS: Mapping[Signal, float] = {
    "correction": 1.0,
    "given": 1.0,
    "edited": 0.8,
    "wrong_source": 0.7,
    "up": 0.5,
    "reformulated": 0.5,
    "opened": 0.3,
    "copied": 0.3,
    "skipped": 0.2,
}
"""What one signal weighs; of ``up``, ``reformulated`` and whole documents each chunk gets its part."""

READ_S = 20.0
"""How long a citation is looked at before it counts as read."""

PROPENSITY_ETA = 1.0
"""A citation at position p is looked at with a probability that falls as p ** -eta: eta 1 is what Joachims, Swaminathan
& Schnabel (Unbiased learning-to-rank with biased feedback, WSDM 2017) assume where it was not measured."""

PROPENSITY_CLIP = 4.0
"""Most that a low position multiplies: a weight without bound is one of few and noisy clicks (ibid., section 5)."""

MARK = re.compile(r"\[(\d{1,4})\]")
"""How an answer cites."""

Nearest = Callable[[str, str], Anchor | None]
"""Document id and words -> the document's live chunk nearest to the words; None where there is none."""


@dataclass(frozen=True, slots=True)
class Gap:
    """An answer that nobody could mend from the documents at hand: what the corpus may lack.

    Attributes:
        interaction_id: Of the answer; its question is its asker's.
        reasons: As they were given.
    """

    interaction_id: str
    reasons: tuple[str, ...]


def folded(text: str) -> str:
    """Return a text as it is compared: composed, without case, one space between words."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def teaches(asked: Interaction) -> bool:
    """Tell whether a question stands alone: one that leans on a conversation means something else elsewhere."""
    return bool(question_of(asked).strip()) and (bool(asked.searched) or not asked.history or not leans(asked.question))


def question_of(asked: Interaction) -> str:
    """Return the question as it was searched for."""
    return asked.searched or asked.question


def labels_of_feedback(
    asked: Interaction, said: Feedback, *, nearest: Nearest, trusted: Collection[str] = ()
) -> list[Label]:
    """Conclude from what somebody said about an answer which chunks answer its question.

    Args:
        asked: The question and its answer.
        said: About it.
        nearest: Asked about right documents that the answer did not find.
        trusted: Principal ids of curators and administrators.

    Returns:
        One label a chunk; empty where it says nothing about chunks, as a thumb down for the wording does not.
    """
    if not teaches(asked):
        return []
    template = _template(asked, "feedback", said.id, said.principal_id)
    template = replace(template, given_at=said.given_at)
    if said.approved_by is not None or said.principal_id in trusted:
        template = replace(template, trusted=True)
    found: dict[Anchor, tuple[Signal, float]] = {}
    # The surest last: it takes the place of what was concluded before.
    for concluded in (_thumb(asked, said), _edited(asked, said), _wrong(asked, said), _corrected(asked, said, nearest)):
        found |= concluded
    return [
        replace(template, anchor=anchor, signal=signal, label=1 if weight > 0 else -1, weight=abs(weight))
        for anchor, (signal, weight) in found.items()
    ]


def gap_of(asked: Interaction, said: Feedback) -> Gap | None:
    """Return what feedback says of the corpus: a thumb down which no source is blamed for and none makes good."""
    named = said.right_documents or said.right_chunks or said.wrong_chunks or said.wrong_documents
    if said.verdict != "down" or named or "wrong_source" in said.reasons:
        return None
    return Gap(asked.id, said.reasons)


def labels_of_readings(asked: Interaction, readings: Sequence[Reading]) -> list[Label]:
    """Conclude from the citations that somebody opened or copied which chunks answer the question.

    What stands low is opened less often, so an opening there says more. What was passed over on the way to one that was
    read says a little against itself, and nothing about chunks that nobody saw.

    Args:
        asked: The question and its answer.
        readings: Of its citations; each person's are looked at by themselves.

    Returns:
        One label a person and chunk.
    """
    if not teaches(asked):
        return []
    labels: list[Label] = []
    for person in sorted({reading.principal_id for reading in readings}):
        labels += _read_by(asked, [reading for reading in readings if reading.principal_id == person])
    return labels


def succeeded(said: Sequence[Label]) -> tuple[Label, ...]:
    """Return those labels of an answer that show that it served its asker: a thumb up, or a citation that was read."""
    return tuple(label for label in said if label.label > 0 and label.signal in {"up", "opened", "copied"})


def labels_of_reformulation(first: Interaction, satisfied: Sequence[Label]) -> list[Label]:
    """Conclude from a question that was asked again and then answered what would have answered the first.

    Args:
        first: The question that was not served.
        satisfied: ``succeeded`` of the one that was, given by the same person.

    Returns:
        One label a chunk; the weight is shared among them.
    """
    if not teaches(first):
        return []
    weight = WEIGHTS["reformulated"] / max(1, len(satisfied))
    return [
        replace(
            label,
            signal="reformulated",
            question=question_of(first),
            weight=weight,
            conversation=first.conversation_id,
            asker=first.principal_id,
        )
        for label in satisfied
    ]


def _template(asked: Interaction, kind: Literal["feedback", "reading"], source_id: str, giver: str) -> Label:
    return Label(
        source_id=source_id,
        kind=kind,
        signal="up",
        question=question_of(asked),
        anchor=Anchor("", ""),
        label=1,
        weight=1.0,
        giver=giver,
        given_at=asked.asked_at,
        conversation=asked.conversation_id,
        asker=asked.principal_id,
    )


def _anchors(passages: Sequence[Passage]) -> list[Anchor]:
    return list(dict.fromkeys(anchor_of(p.chunk.document_id, p.chunk.text) for p in passages))


def _cited(asked: Interaction) -> list[Passage]:
    """Return the passages that the answer cites, in the order of the answer's passages."""
    cited = {citation.chunk_id for citation in asked.answer.citations}
    return [passage for passage in asked.passages if passage.chunk.id in cited]


def _all(passages: Sequence[Passage], signal: Signal, weight: float) -> dict[Anchor, tuple[Signal, float]]:
    return dict.fromkeys(_anchors(passages), (signal, weight))


def _thumb(asked: Interaction, said: Feedback) -> dict[Anchor, tuple[Signal, float]]:
    cited = _cited(asked)
    if said.verdict == "up":
        return _all(cited, "up", WEIGHTS["up"] / max(1, len(_anchors(cited))))
    blamed = "wrong_source" in said.reasons and not (said.wrong_chunks or said.wrong_documents)
    return _all(cited, "wrong_source", -WEIGHTS["wrong_source"]) if said.verdict == "down" and blamed else {}


def _edited(asked: Interaction, said: Feedback) -> dict[Anchor, tuple[Signal, float]]:
    """What a corrected answer still cites was right; without a mark nothing is known of what it stands on."""
    kept = {int(number) for number in MARK.findall(said.answer or "")}
    numbers = {citation.number: citation.chunk_id for citation in asked.answer.citations}
    if not kept & numbers.keys():
        return {}
    right = {numbers[number] for number in kept & numbers.keys()}
    found = _all([p for p in _cited(asked) if p.chunk.id not in right], "edited", -WEIGHTS["edited"])
    return found | _all([p for p in _cited(asked) if p.chunk.id in right], "edited", WEIGHTS["edited"])


def _wrong(asked: Interaction, said: Feedback) -> dict[Anchor, tuple[Signal, float]]:
    wrong = [p for p in asked.passages if p.chunk.id in said.wrong_chunks]
    # Of a document that is wrong, what was shown of it.
    wrong += [p for p in _cited(asked) if p.chunk.document_id in said.wrong_documents]
    return _all(wrong, "wrong_source", -WEIGHTS["wrong_source"])


def _corrected(asked: Interaction, said: Feedback, nearest: Nearest) -> dict[Anchor, tuple[Signal, float]]:
    right = [p for p in asked.passages if p.chunk.id in said.right_chunks]
    evidence = folded(said.evidence or "")
    holding = [p for p in asked.passages if evidence and evidence in folded(p.chunk.text)]
    if said.right_documents:
        holding = [p for p in holding if p.chunk.document_id in said.right_documents]
    found = _all([*right, *holding], "correction", WEIGHTS["correction"])
    for document_id in sorted(set(said.right_documents) - {anchor.document_id for anchor in found}):
        anchors = _anchors([p for p in asked.passages if p.chunk.document_id == document_id])
        if not anchors:
            one = nearest(document_id, said.evidence or said.answer or question_of(asked))
            anchors = [] if one is None else [one]
        found |= dict.fromkeys(anchors, ("correction", WEIGHTS["correction"] / max(1, len(anchors))))
    if not found or said.verdict == "up":
        return found  # praise with a better source blames no other
    return _all(_cited(asked), "correction", -WEIGHTS["correction"]) | found


def _read_by(asked: Interaction, readings: Sequence[Reading]) -> list[Label]:
    places = {passage.chunk.id: place for place, passage in enumerate(asked.passages, start=1)}
    passages = {passage.chunk.id: passage for passage in asked.passages}
    seconds: dict[str, float] = {}
    copied = {reading.chunk_id for reading in readings if reading.kind == "copied"}
    for reading in readings:
        seconds[reading.chunk_id] = seconds.get(reading.chunk_id, 0.0) + reading.seconds
    last = readings[-1]
    template = replace(_template(asked, "reading", last.id, last.principal_id), given_at=last.at)
    useful = [key for key in seconds if key in passages and (key in copied or seconds[key] >= READ_S)]
    labels = []
    for key in useful:
        signal: Signal = "copied" if key in copied else "opened"
        weight = min(1.0, WEIGHTS[signal] * min(places[key] ** PROPENSITY_ETA, PROPENSITY_CLIP))
        labels.append(replace(template, signal=signal, anchor=_anchors([passages[key]])[0], weight=weight))
    lowest = max((places[key] for key in useful), default=0)
    passed = [p for p in _cited(asked) if p.chunk.id not in seconds and places[p.chunk.id] < lowest]
    taken = {label.anchor for label in labels}
    return labels + [
        replace(template, signal="skipped", anchor=anchor, label=-1, weight=WEIGHTS["skipped"])
        for anchor in _anchors(passed)
        if anchor not in taken
    ]
