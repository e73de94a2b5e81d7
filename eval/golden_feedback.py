"""Approved feedback -> golden questions; pure."""

from collections import Counter
from collections.abc import Iterable, Mapping

from eval.drafts import Drafts
from eval.questions import Question
from retrieval.types import Feedback, Interaction


def questions_from_feedback(
    pairs: Iterable[tuple[Feedback, Interaction]], uris: Mapping[str, str] | None = None
) -> Drafts:
    """Make golden questions of corrections that an administrator approved.

    Args:
        pairs: What was said, and about which answer.
        uris: Document id -> uri, of all documents that may be named; others are left out, whatever the answer found.
            None names what the answer found by its uri of then, and other right documents by their ids.

    Returns:
        Reviewed questions with the tags ``source`` and, where one was asked, ``collection``. Of corrections of the
        same question in the same conversation the last one given counts.
    """
    skipped: Counter[str] = Counter()
    newest: dict[tuple[object, ...], Question] = {}
    for said, asked in sorted(pairs, key=lambda pair: (pair[0].given_at, pair[0].id)):
        if said.approved_by is None:
            skipped["feedback that is not approved"] += 1
            continue
        relevant, hidden = _right_documents(said, asked, uris)
        skipped["right documents that are gone or that you may not read"] += hidden
        if not (said.answer or said.evidence or relevant):
            skipped["feedback without a right answer, evidence or document"] += 1
        else:
            key = (asked.history, " ".join(asked.question.lower().split()))
            skipped["corrections that a later one replaces"] += key in newest
            newest[key] = _corrected(said, asked, relevant)
    return Drafts(tuple(newest.values()), {what: count for what, count in skipped.items() if count})


def _right_documents(
    said: Feedback, asked: Interaction, uris: Mapping[str, str] | None
) -> tuple[dict[str, float], int]:
    """Name the right documents; how many may not be named comes second."""
    named = said.right_documents
    if not named and said.evidence:
        found = (p.chunk.document_id for p in asked.passages if said.evidence.strip() in p.chunk.text)
        named = tuple(dict.fromkeys(found))
    if uris is None:
        then = {passage.chunk.document_id: passage.uri for passage in asked.passages}
        return {then.get(document, document): 1.0 for document in named}, 0
    # An answer keeps what its asker could read at that time: who may name a document, only the catalog knows.
    known = [uris[document] for document in named if document in uris]
    return dict.fromkeys(known, 1.0), len(named) - len(known)


def _corrected(said: Feedback, asked: Interaction, relevant: Mapping[str, float]) -> Question:
    return Question(
        id=f"feedback-{said.id}",
        text=asked.question,
        history=asked.history,
        answer=said.answer,
        evidence=said.evidence,
        relevant=relevant,
        tags={"source": "feedback"} | ({"collection": asked.collection} if asked.collection else {}),
    )
