"""Golden questions, as what a candidate must not cost; pure."""

from collections.abc import Iterable
from datetime import UTC, datetime

from eval.golden import resolve
from eval.questions import Question as GoldenQuestion
from finetune.questions import Question, question_id
from finetune.types import Anchor
from retrieval.types import Document

LEAST = 25
"""Of fewer, one question that loses a rank or two would hold up everything that is learned."""

MOST = 300
"""Each is asked of what is live, and of every candidate that gains."""

_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)  # nobody labelled it


def general_questions(golden: Iterable[GoldenQuestion], documents: Iterable[Document]) -> list[Question]:
    """Return the golden questions whose right documents are there.

    Args:
        golden: Of any sets; drafts, and what was asked within a conversation, are passed over.
        documents: What they may mean.

    Returns:
        Each text once, by id.
    """
    asked = [one for one in golden if one.relevant and not one.draft and not one.history]
    ids: dict[str, list[Document]] = {}
    for document in documents:
        ids.setdefault(document.uri, []).append(document)
    there = (document for same in ids.values() for document in same)
    uris = resolve((name for one in asked for name in one.relevant), there).uris
    found: dict[str, Question] = {}
    for one in asked:
        right = sorted({document.id for name in one.relevant if name in uris for document in ids[uris[name]]})
        if right:
            key = question_id(one.text)
            # Whole documents are what a gate ranks: which chunk of them is right does not matter here.
            anchors = tuple(Anchor(document, "") for document in right)
            found.setdefault(key, Question(key, one.text, anchors, group=key, asked_at=_ALWAYS, givers=()))
    return [found[key] for key in sorted(found)]
