"""A golden question, and the JSON object it is read from and written as."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from eval.lines import Line, distinct
from retrieval.errors import InvalidInputError
from retrieval.retrieve import MAX_QUESTION_CHARS
from retrieval.rows import storable
from retrieval.types import Turn

MAX_TAG_CHARS = 100
MAX_GRADE = 1_000_000
MAX_KEY_CHARS = 255

# Fields that published sets carry beside the question; slices are made of them.
_PLAIN_TAGS = ("department", "language", "domain", "group", "source", "type")
READ_FIELDS = frozenset({
    *("_id", "text", "history", "answer", "evidence", "answerable", "answerability", "documents", "passages"),
    *("tags", "variants", "draft", *_PLAIN_TAGS),
})
"""What ``to_question`` reads of an object; whatever else it holds is not looked at."""

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


@dataclass(frozen=True, slots=True)
class GoldenPassage:
    """A stretch of a document that answers a question, word for word."""

    document: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question and what is known about its answer.

    Attributes:
        text: The last turn, not blank.
        history: Earlier turns, oldest first.
        answer: A reference answer in words.
        evidence: A sentence of a document that answers the question.
        answerable: False when the documents hold no answer and saying so is right.
        relevant: Document -> grade above 0; empty when nothing is known, and always when not answerable.
        passages: Stretches of documents that answer it; each names a relevant document.
        tags: What questions are sliced by: department, language, type, group; both sides are short texts.
        variants: The same question said otherwise: ``paraphrase``, or a language code for a translation.
        draft: Made by a machine and not reviewed yet; nothing is measured with it.
    """

    id: str
    text: str
    history: tuple[Turn, ...] = ()
    answer: str | None = None
    evidence: str | None = None
    answerable: bool = True
    relevant: Mapping[str, float] = field(default_factory=dict)
    passages: tuple[GoldenPassage, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    variants: Mapping[str, str] = field(default_factory=dict)
    draft: bool = False


def to_question(line: Line, grades: Mapping[str, float]) -> Question:
    """Read a question.

    Fields: ``_id``, ``text``, and optionally ``history`` (``role``, ``text``), ``answer``, ``evidence``,
    ``answerable`` (or ``type`` or ``answerability`` of ``unanswerable``), ``documents`` (names, or name -> grade),
    ``passages`` (``document``, ``text``), ``tags``, ``variants``, ``draft``; and as tags the short texts
    ``department``, ``language``, ``domain``, ``group``, ``source``, ``type``.

    Args:
        line: Where it stands.
        grades: Judgements of its documents from elsewhere, taken where it names none itself; 0 is not relevant.

    Returns:
        The question.

    Raises:
        InvalidInputError: A field is missing or wrong; the message names the line.
    """
    text = line.text("text")
    if not text.strip():
        raise line.error("the question is empty")
    answerable = _answerable(line)
    relevant = _named(line) or {document: grade for document, grade in grades.items() if grade > 0}
    passages = tuple(_passage(line, entry, relevant) for entry in line.objects("passages"))
    if not relevant:
        relevant = {passage.document: 1.0 for passage in passages}
    strangers = [passage.document for passage in passages if passage.document not in relevant]
    if strangers:
        raise line.error(f"a passage names {strangers[0]!r}, which is not among the question's documents")
    question = Question(
        id=line.key,
        text=text,
        history=tuple(_turn(line, turn) for turn in line.objects("history")),
        answer=line.optional_text("answer") or None,
        evidence=line.optional_text("evidence") or None,
        answerable=answerable,
        relevant=relevant if answerable else {},
        passages=passages if answerable else (),
        tags=_tags(line),
        variants=_variants(line),
        draft=_flag(line, "draft", default=False),
    )
    _check_characters(line, question)
    return question


def to_row(question: Question) -> dict[str, Any]:
    """Write a question as ``to_question`` reads it; what is unknown is left out.

    Returns:
        A JSON object.
    """
    # A list of names is for people, who write "./a.md" too; grades and names that would not come back are kept apart.
    plain = all(grade == 1 and _name(document) == document for document, grade in question.relevant.items())
    known = {
        "history": [{"role": turn.role, "text": turn.text} for turn in question.history],
        "answer": question.answer,
        "evidence": question.evidence,
        "answerable": None if question.answerable else False,
        "documents": sorted(question.relevant) if plain else dict(sorted(question.relevant.items())),
        "passages": [{"document": passage.document, "text": passage.text} for passage in question.passages],
        "tags": dict(sorted(question.tags.items())),
        "variants": dict(sorted(question.variants.items())),
        "draft": question.draft or None,
    }
    written = {name: value for name, value in known.items() if value is not None and value not in ([], {})}
    return {"_id": question.id, "text": question.text, **written}


def questions_of(rows: Sequence[Mapping[str, Any]]) -> tuple[Question, ...]:
    """Read questions that come from elsewhere than a file.

    Returns:
        One question a row, in order.

    Raises:
        InvalidInputError: A row is wrong or its id came before; the message counts rows from 1.
    """
    lines = [Line(Path("questions"), number, row, "entry") for number, row in enumerate(rows, start=1)]
    return tuple(to_question(line, {}) for line in distinct(lines))


def checked(questions: Iterable[Question]) -> tuple[Question, ...]:
    """Return questions as they will be read back once they are kept.

    Raises:
        InvalidInputError: One of them cannot be kept, or two have one id; the message counts them from 1.
    """
    kept = questions_of([to_row(question) for question in questions])
    for number, question in enumerate(kept, start=1):
        if len(question.id) > MAX_KEY_CHARS:
            raise InvalidInputError(f"questions, entry {number}: an id has at most {MAX_KEY_CHARS} characters")
        for text in (question.text, *question.variants.values()):
            if len(text) > MAX_QUESTION_CHARS:
                said = f"questions, entry {number}: a question has at most {MAX_QUESTION_CHARS:,} characters"
                raise InvalidInputError(said)
    return kept


def _answerable(line: Line) -> bool:
    kinds = [line.values.get(name) for name in ("type", "answerability")]
    said = not any(isinstance(kind, str) and kind.lower() == "unanswerable" for kind in kinds)
    answerable = _flag(line, "answerable", default=said)
    if answerable and not said:
        raise line.error('it says both "answerable": true and "unanswerable"')
    return answerable


def _flag(line: Line, name: str, *, default: bool) -> bool:
    value = line.values.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise line.error(f'the field "{name}" is neither true nor false')
    return value


def _named(line: Line) -> dict[str, float]:
    given = line.values.get("documents")
    if not isinstance(given, Mapping):
        return {_name(document): 1.0 for document in line.texts("documents")}
    for document, grade in given.items():
        if isinstance(grade, bool) or not isinstance(grade, int | float) or not abs(grade) <= MAX_GRADE:
            raise line.error(f"the grade of {document!r} is not a number up to {MAX_GRADE:,}")
    return {str(document): float(grade) for document, grade in given.items() if grade > 0}


def _name(document: str) -> str:
    # A uri is a name as it stands; as a path, "file:///a" would lose two of its slashes.
    return document if _URI.match(document) else PurePosixPath(document).as_posix()


def _passage(line: Line, entry: Mapping[str, Any], relevant: Mapping[str, float]) -> GoldenPassage:
    document, text = entry.get("document"), entry.get("text")
    if not isinstance(document, str) or not isinstance(text, str) or not text.strip():
        raise line.error('an entry of "passages" needs a "document" and a "text"')
    return GoldenPassage(document if document in relevant else _name(document), text)


def _tags(line: Line) -> dict[str, str]:
    plain = {name: line.values.get(name) for name in _PLAIN_TAGS}
    tags = {name: value for name, value in plain.items() if isinstance(value, str) and _short(value)}
    given = line.mapping("tags")
    for name, value in given.items():
        if not isinstance(value, str) or not _short(value) or not _short(name):
            raise line.error(f"the tag {name!r} is not a text of 1 to {MAX_TAG_CHARS} characters on one line")
    return tags | given


def _short(text: str) -> bool:
    return bool(text.strip()) and len(text) <= MAX_TAG_CHARS and "\n" not in text


def _variants(line: Line) -> dict[str, str]:
    variants = line.mapping("variants")
    for name, value in variants.items():
        if not isinstance(value, str) or not value.strip() or not _short(name):
            raise line.error(f"the variant {name!r} is not a question in words")
    return variants


def _turn(line: Line, turn: Mapping[str, Any]) -> Turn:
    role, text = turn.get("role"), turn.get("text")
    if role not in ("user", "assistant") or not isinstance(text, str):
        raise line.error('a turn in "history" needs a "role" (user or assistant) and a "text"')
    return Turn(role, text)


def _check_characters(line: Line, question: Question) -> None:
    # Fields that nobody reads are not looked at: they may be nested deeper than Python can follow.
    texts: Mapping[str, Iterable[str | None]] = {
        "_id": (question.id,),
        "text": (question.text,),
        "history": (turn.text for turn in question.history),
        "answer": (question.answer,),
        "evidence": (question.evidence,),
        "documents": question.relevant,
        "passages": (text for passage in question.passages for text in (passage.document, passage.text)),
        "tags": (text for pair in question.tags.items() for text in pair),
        "variants": (text for pair in question.variants.items() for text in pair),
    }
    for name, values in texts.items():
        if not all(storable(value) for value in values if value):
            raise line.error(f'the field "{name}" holds a NUL character or half of a surrogate pair')
