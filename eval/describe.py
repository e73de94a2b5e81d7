"""A golden set -> what can be measured with it and what cannot, and why; pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from eval.golden import GoldenSet, Resolved, resolve, restricted
from eval.questions import Question
from retrieval.types import Document

# Bootstrap intervals of fewer questions say little more than that they are few.
_FEW = 30
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Description:
    """What a golden set is good for.

    Attributes:
        counts: ``questions``, ``drafts``, and of the questions that are no drafts how many are ``answerable`` and
            ``unanswerable`` and have ``documents``, ``passages``, ``answer``, ``evidence``, ``history``, ``variants``.
        tags: Tag -> value -> how many questions have it, drafts left out.
        measurable: Figures -> how many questions they would stand on.
        missing: A sentence for each family of figures that cannot be measured, with the reason.
        notes: A sentence for each thing that weakens what can be measured.
    """

    counts: Mapping[str, int]
    tags: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    measurable: Mapping[str, int] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def describe(golden: GoldenSet, documents: Iterable[Document] | None = None) -> Description:
    """Say what can be measured with a golden set.

    Args:
        golden: Any, an empty one too.
        documents: What it is asked about; names that mean none of them count as unknown. None: its own corpus where
            it has one, otherwise every name is believed.

    Returns:
        Counts, figures and reasons.
    """
    asked = [question for question in golden.questions if not question.draft]
    names = {document for question in asked for document in question.relevant}
    found = _resolved(golden, names, documents)
    known, _ = restricted(asked, found.uris.keys())
    counts = _counts(known) | {"questions": len(golden.questions), "drafts": len(golden.questions) - len(asked)}
    measurable, missing = _families(counts)
    return Description(
        counts=counts,
        tags=_tags(asked),
        measurable=measurable,
        missing=(_NOTHING,) if not asked else tuple(missing),
        notes=tuple(_notes(golden, asked, known, found)),
    )


_NOTHING = "Nothing can be measured: there are no questions, or only drafts that nobody has reviewed."


def _resolved(golden: GoldenSet, names: set[str], documents: Iterable[Document] | None) -> Resolved:
    if documents is not None:
        return resolve(sorted(names), documents)
    own = {document.id for document in golden.documents} or names
    return Resolved({name: name for name in names & own}, unknown=tuple(sorted(names - own)))


def _counts(questions: Sequence[Question]) -> dict[str, int]:
    answerable = [question for question in questions if question.answerable]
    return {
        "answerable": len(answerable),
        "unanswerable": len(questions) - len(answerable),
        "documents": sum(bool(question.relevant) for question in answerable),
        "passages": sum(bool(question.passages) for question in answerable),
        "answer": sum(bool(question.answer) for question in answerable),
        "evidence": sum(bool(question.evidence) for question in answerable),
        "history": sum(bool(question.history) for question in questions),
        "variants": sum(bool(question.variants) for question in questions),
    }


# Figures, which of the questions they stand on, and what is to be written for them to be measured.
_FAMILIES = (
    (
        "ndcg, recall, precision, mrr and map",
        "documents",
        'no answerable question names a document that exists in "documents"',
    ),
    (
        "page_hit, citation_precision and citation_recall",
        "documents",
        'no answerable question names a document that exists in "documents"',
    ),
    ("passage_recall", "passages", 'no answerable question has "passages" of documents that exist'),
    ("evidence_hit", "evidence", 'no answerable question has an "evidence" sentence'),
    ("exact_match, token_f1, rouge_l and bleu", "answer", 'no answerable question has a reference "answer"'),
    ("answered_rate", "answerable", "no question is answerable"),
    ("refusal_accuracy", "unanswerable", "no question is unanswerable"),
    ("the robustness to paraphrases and translations", "variants", 'no question has "variants"'),
)


def _families(counts: Mapping[str, int]) -> tuple[dict[str, int], list[str]]:
    measurable, missing = {}, []
    for figures, kind, reason in _FAMILIES:
        if counts[kind]:
            measurable[figures] = counts[kind]
        else:
            missing.append(f"{figures} cannot be measured: {reason}.")
    both = min(counts["answerable"], counts["unanswerable"])
    figures = "abstention_auroc and abstention_accuracy"
    if both:
        measurable[figures] = counts["answerable"] + counts["unanswerable"]
    else:
        lacking = "answerable" if counts["unanswerable"] else "unanswerable"
        missing.append(f"{figures} cannot be measured: they take both kinds, and no question is {lacking}.")
    return measurable, missing


def _tags(questions: Sequence[Question]) -> dict[str, dict[str, int]]:
    counted: dict[str, Counter[str]] = {}
    for question in questions:
        for name, value in question.tags.items():
            counted.setdefault(name, Counter())[value] += 1
    return {name: dict(values.most_common()) for name, values in sorted(counted.items())}


def _notes(golden: GoldenSet, asked: Sequence[Question], known: Sequence[Question], found: Resolved) -> Iterable[str]:
    drafts = len(golden.questions) - len(asked)
    if drafts:
        yield f"{drafts} of {len(golden.questions)} questions are drafts that nobody has reviewed; they are left out."
    if len(asked) == 1:
        yield "One question gives no interval: two runs cannot be compared with it."
    elif 1 < len(asked) < _FEW:
        yield f"{len(asked)} questions give wide intervals; only large differences will show."
    if found.unknown:
        yield f"{len(found.unknown)} names are of no document that may be read: {_listed(found.unknown)}."
    for name, uris in list(found.ambiguous.items())[:_NAMED]:
        yield f"{name!r} could be any of {len(uris)} documents and counts as none: {_listed(uris)}."
    unjudged = sum(question.answerable and not question.relevant for question in known)
    if 0 < unjudged < len(known):
        yield f"{unjudged} answerable questions name no document that exists; figures about documents leave them out."
    yield from (f"{count} {what} were left out." for what, count in golden.skipped.items())


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
