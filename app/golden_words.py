"""The words of golden questions that come from documents: shown to those who may read these, kept whoever edits."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.bootstrap import Services
from eval.golden import ends_of
from eval.questions import Question, questions_of, to_row
from retrieval.errors import InvalidInputError, NotFoundError
from retrieval.types import Principal

_WORDS = ("history", "answer", "evidence", "passages")


def hidden_names(services: Services, names: Iterable[str], *, principal: Principal) -> set[str]:
    """Return the names that mean, alone or among others, a document which the principal may not read.

    Returns:
        Empty when all are of documents that may be read, or of none.
    """
    asked, hidden = frozenset(names), set[str]()
    if asked:
        for key, uri in services.catalog.hidden_documents(principal=principal):
            hidden |= asked & ({key, uri} | ends_of(uri))
    return hidden


def withheld(services: Services, questions: Iterable[Question], *, principal: Principal) -> set[str]:
    """Return the ids of the questions whose words the principal may not read."""
    quoting = [question for question in questions if any(getattr(question, name) for name in _WORDS)]
    hidden = hidden_names(services, {name for q in quoting for name in q.relevant}, principal=principal)
    return {question.id for question in quoting if hidden & question.relevant.keys()}


def shown_rows(services: Services, questions: Sequence[Question], *, principal: Principal) -> list[dict[str, Any]]:
    """Write questions as ``to_row``, without the words that the principal may not read.

    Returns:
        One JSON object a question, in order; ``withheld`` says where something was left out.
    """
    without = withheld(services, questions, principal=principal)
    return [_bare(to_row(question)) if question.id in without else to_row(question) for question in questions]


def with_stored_words(
    services: Services, rows: Sequence[Mapping[str, Any]], *, name: str, principal: Principal
) -> Sequence[Question]:
    """Read a new version of a set, and put the words back that were withheld from whoever writes it.

    Args:
        services: What serves.
        rows: As ``questions_of`` takes them; fields that are there are taken as they are, empty ones too.
        name: Of the set.
        principal: Who writes.

    Returns:
        The questions, in order; those that still stand on the same documents with their stored words.

    Raises:
        InvalidInputError: As ``questions_of``.
    """
    questions = questions_of(rows)
    try:
        stored = {question.id: question for question in services.golden.get(name).questions}
    except NotFoundError:
        return questions
    before = [stored[question.id] for question in questions if question.id in stored]
    without = withheld(services, before, principal=principal)
    return [
        _with_words(question, stored[question.id], row) if question.id in without else question
        for question, row in zip(questions, rows, strict=True)
    ]


def check_words_stay(before: Question, after: Question, *, given: Collection[str]) -> None:
    """Refuse to move words that somebody may not read to other documents, where they would be shown.

    Args:
        before: A question whose words are withheld from whoever changes it.
        after: As they would have it.
        given: Fields that they gave.

    Raises:
        InvalidInputError: It keeps words, but not all the documents that these stand on.
    """
    moved = any(getattr(before, name) and name not in given for name in _WORDS)
    if moved and not _stands_on(after, before):
        raise InvalidInputError(
            f"{before.id!r} holds words of documents that you may not read: it keeps these documents, "
            f"or gets all of {', '.join(_WORDS)} anew"
        )


def _with_words(question: Question, stored: Question, row: Mapping[str, Any]) -> Question:
    if not _stands_on(question, stored):
        return question
    return replace(question, **{name: getattr(stored, name) for name in _WORDS if name not in row})


def _stands_on(question: Question, other: Question) -> bool:
    return question.relevant.keys() >= other.relevant.keys()


def _bare(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _WORDS} | {"withheld": True}
