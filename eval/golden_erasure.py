"""What golden sets forget: a document's words, or questions made from somebody's feedback; in all their versions."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from uuid import uuid4

from sqlalchemy import Connection, delete, select, update

from eval.golden import GoldenSet, ends_of
from eval.questions import Question, questions_of, to_row
from eval.tables import golden_questions, golden_sets, golden_versions
from retrieval.quoting import Quoted
from retrieval.store import Store
from retrieval.types import Turn

FROM_FEEDBACK = "feedback-"
FROM_REVIEW = "review-"
"""What the ids of questions begin with that were made of feedback, or of what raters agreed on: the rest names it."""

_ERASED = "[erased]"

Change = Callable[[Question], Question | None]


class ErasableGoldenSets(Store):
    """The part of the golden sets that forgets: the one thing that changes a version once it is written."""

    def forget_document(self, names: Collection[str], uri: str, quoted: Quoted) -> dict[str, int]:
        """Take a document and its words out of all questions; those that say its words themselves are removed.

        Args:
            names: Its ids and uri.
            uri: Where it came from: a question may name it by the end of that.
            quoted: Its words.

        Returns:
            By name of a golden set: how many questions were changed or removed, over all versions.
        """
        named = frozenset(names) | (ends_of(uri) if uri else frozenset())
        return self._rewrite(lambda question: _without(question, named, quoted))

    def forget_made(self, ids: Collection[str]) -> dict[str, int]:
        """Remove the questions of some ids, that were made of what somebody said or asked.

        Returns:
            As ``forget_document``.
        """
        keys = frozenset(ids)
        return self._rewrite(lambda question: None if question.id in keys else question)

    def anonymise_made(self, ids: Iterable[str], redact: Callable[[str], str]) -> dict[str, int]:
        """Keep such questions, under ids that lead to nobody and without personal data.

        Returns:
            As ``forget_document``.
        """
        fresh = {key: f"{key.partition('-')[0]}-{uuid4().hex}" for key in ids}
        return self._rewrite(lambda q: _anonymous(q, fresh[q.id], redact) if q.id in fresh else q)

    def _rewrite(self, change: Change) -> dict[str, int]:
        columns = (golden_versions.c.id, golden_sets.c.name)
        versions = select(*columns).join(golden_sets, golden_sets.c.id == golden_versions.c.set_id)
        with self._reading() as connection:
            all_versions = connection.execute(versions).all()
        counts: dict[str, int] = {}
        for version_id, name in all_versions:
            with self._writing() as connection:
                changed = _rewritten(connection, version_id, change)
            if changed:
                counts[name] = counts.get(name, 0) + changed
        return counts


def _rewritten(connection: Connection, version_id: str, change: Change) -> int:
    its = golden_questions.c.version_id == version_id
    connection.execute(select(golden_versions.c.id).where(golden_versions.c.id == version_id).with_for_update())
    payloads = connection.scalars(
        select(golden_questions.c.payload).where(its).order_by(golden_questions.c.ordinal)
    ).all()
    before = questions_of(payloads)
    kept: list[Question] = []
    changed = 0
    for question in before:
        after = change(question)
        if after is not None:
            kept.append(after)
        if after == question:
            continue
        changed += 1
        row = its & (golden_questions.c.key == question.id)
        if after is None:
            connection.execute(delete(golden_questions).where(row))
        else:
            connection.execute(update(golden_questions).where(row).values(key=after.id, payload=to_row(after)))
    if changed:
        values = {"sha256": GoldenSet(tuple(kept)).sha256}
        connection.execute(update(golden_versions).where(golden_versions.c.id == version_id).values(values))
    return changed


def _without(question: Question, named: Collection[str], quoted: Quoted) -> Question | None:
    if any(quoted.within(text) for text in (question.text, *question.variants.values())):
        return None
    concerned = any(name in named for name in question.relevant)

    def clean(text: str | None) -> str | None:
        return None if text and quoted.within(text) else text

    evidence = clean(question.evidence)
    return replace(
        question,
        # Evidence names no document: of a question about this one it may be this one's, however short.
        evidence=None if concerned and len(question.relevant) == 1 else evidence,
        answer=clean(question.answer),
        relevant={name: grade for name, grade in question.relevant.items() if name not in named},
        passages=tuple(p for p in question.passages if p.document not in named and not quoted.within(p.text)),
        history=tuple(
            Turn(turn.role, _ERASED) if turn.role == "assistant" and quoted.within(turn.text) else turn
            for turn in question.history
        ),
    )


def _anonymous(question: Question, key: str, redact: Callable[[str], str]) -> Question:
    return replace(
        question,
        id=key,
        text=redact(question.text),
        answer=redact(question.answer) if question.answer else None,
        evidence=redact(question.evidence) if question.evidence else None,
        history=tuple(Turn(turn.role, redact(turn.text)) for turn in question.history),
        variants={name: redact(text) for name, text in question.variants.items()},
    )
