"""Golden sets: questions with what is known about their answers, read from files.

Two layouts: a BEIR folder (``corpus.jsonl``, ``queries.jsonl``, ``qrels/SPLIT.tsv``), and a questions file about a
folder of documents. A broken set is refused with file and line; what is whole but cannot be scored is counted.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from eval.lines import Line, distinct, json_lines, tsv_lines
from retrieval.errors import InvalidInputError
from retrieval.retrieve import MAX_QUESTION_CHARS
from retrieval.types import Turn

_QRELS_COLUMNS = 3


@dataclass(frozen=True, slots=True)
class GoldenDocument:
    """A document of a BEIR corpus; title and text may be empty."""

    id: str
    title: str
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
    """

    id: str
    text: str
    history: tuple[Turn, ...] = ()
    answer: str | None = None
    evidence: str | None = None
    answerable: bool = True
    relevant: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GoldenSet:
    """Questions to ask.

    Attributes:
        questions: Ids are distinct.
        documents: The corpus, for a BEIR folder; ids are distinct.
        skipped: What was left out, in words, and how many of it.
    """

    questions: tuple[Question, ...]
    documents: tuple[GoldenDocument, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)


def read_beir(folder: Path, split: str) -> GoldenSet:
    """Read a BEIR folder and keep the questions that a split judges.

    Args:
        folder: Holds ``corpus.jsonl``, ``queries.jsonl`` and ``qrels/SPLIT.tsv``.
        split: ``dev``, ``test``: a file name in ``qrels`` without its suffix.

    Returns:
        All documents, and the questions with at least one relevant document among them.

    Raises:
        InvalidInputError: A file is missing or broken, there is no such split, or nothing in it can be scored.
    """
    qrels = _qrels(_split_file(folder, split))
    documents = tuple(_document(line) for line in distinct(json_lines(folder / "corpus.jsonl")))
    asked = {line.key: line for line in distinct(json_lines(folder / "queries.jsonl"))}
    judged = [_question(asked[key], grades) for key, grades in qrels.items() if key in asked]
    known, skipped = restricted(judged, {document.id for document in documents})
    questions = tuple(question for question in known if question.relevant)
    skipped |= {
        "judged questions that are not in queries.jsonl": len(qrels.keys() - asked.keys()),
        "questions of another split or without judgement": len(asked.keys() - qrels.keys()),
        "judged questions without a relevant document": len(judged) - len(questions),
    }
    if not questions:
        raise InvalidInputError(
            f"nothing of the split {split} of {folder} can be scored: it judges {len(qrels)} questions, "
            "none of them with a relevant document that exists"
        )
    return GoldenSet(questions, documents, _counted(skipped))


def read_questions(path: Path) -> GoldenSet:
    """Read questions about a folder of documents, one JSON object a line.

    Fields: ``_id``, ``text``, and optionally ``answer``, ``evidence``, ``history`` (``role``, ``text``), ``documents``
    (paths relative to the folder of documents) and ``type`` or ``answerability`` (``unanswerable``). Questions without
    ``documents`` get theirs from ``qrels/*.tsv`` beside the file, where there are any.

    Args:
        path: The file.

    Returns:
        The questions in the order of the file.

    Raises:
        InvalidInputError: The file is missing, broken or empty, or a question is longer than is answered.
    """
    qrels: dict[str, dict[str, float]] = {}
    for file in sorted((path.parent / "qrels").glob("*.tsv")):
        for key, grades in _qrels(file).items():
            qrels[key] = qrels.get(key, {}) | grades
    lines = list(distinct(json_lines(path)))
    if not lines:
        raise InvalidInputError(f"{path} holds no questions")
    for line in lines:
        if len(line.text("text")) > MAX_QUESTION_CHARS:
            raise line.error(f"the question is longer than the {MAX_QUESTION_CHARS} characters that are read")
    questions = tuple(_question(line, qrels.get(line.key, {})) for line in lines)
    strangers = qrels.keys() - {line.key for line in lines}
    return GoldenSet(questions, skipped=_counted({f"judged questions that are not in {path.name}": len(strangers)}))


def restricted(questions: Sequence[Question], documents: Collection[str]) -> tuple[list[Question], dict[str, int]]:
    """Leave out relevant documents that do not exist: nothing can find them, and a miss would say something else.

    Args:
        questions: What is asked.
        documents: Ids of the documents that exist.

    Returns:
        The questions, and what was left out, in words, with its count.
    """
    kept = [
        replace(question, relevant={d: grade for d, grade in question.relevant.items() if d in documents})
        for question in questions
    ]
    unknown = sum(len(q.relevant) for q in questions) - sum(len(q.relevant) for q in kept)
    return kept, {"judgements of documents that do not exist": unknown} if unknown else {}


def _question(line: Line, grades: Mapping[str, float]) -> Question:
    text = line.text("text")
    if not text.strip():
        raise line.error("the question is empty")
    kinds = {str(line.values.get(name) or "").lower() for name in ("type", "answerability")}
    answerable = "unanswerable" not in kinds
    named = {PurePosixPath(document).as_posix(): 1.0 for document in line.texts("documents")}
    relevant = {document: grade for document, grade in (named or grades).items() if grade > 0}
    return Question(
        id=line.key,
        text=text,
        history=tuple(_turn(line, turn) for turn in line.objects("history")),
        answer=line.optional_text("answer"),
        evidence=line.optional_text("evidence"),
        answerable=answerable,
        relevant=relevant if answerable else {},
    )


def _turn(line: Line, turn: Mapping[str, Any]) -> Turn:
    role, text = turn.get("role"), turn.get("text")
    if role not in {"user", "assistant"} or not isinstance(text, str):
        raise line.error('a turn in "history" needs a "role" (user or assistant) and a "text"')
    return Turn(role, text)


def _document(line: Line) -> GoldenDocument:
    return GoldenDocument(line.key, line.optional_text("title") or "", line.text("text"))


def _split_file(folder: Path, split: str) -> Path:
    splits = sorted(file.stem for file in (folder / "qrels").glob("*.tsv"))
    if not splits:
        raise InvalidInputError(f"{folder / 'qrels'} holds no .tsv file: nothing says which documents are relevant")
    if split not in splits:
        raise InvalidInputError(f"there is no split {split} in {folder / 'qrels'}; there are: {', '.join(splits)}")
    return folder / "qrels" / f"{split}.tsv"


def _qrels(path: Path) -> dict[str, dict[str, float]]:
    grades: dict[str, dict[str, float]] = {}
    for number, columns in tsv_lines(path):
        if len(columns) != _QRELS_COLUMNS:
            raise InvalidInputError(f"{path}, line {number}: needs query-id, corpus-id and score, parted by tabs")
        query, document, score = columns
        grade = _grade(score)
        if grade is None:
            # Not every export writes the header, and a judgement taken for one would be lost without a word.
            if number == 1:
                continue
            raise InvalidInputError(f"{path}, line {number}: the score {score!r} is not a number")
        if grades.setdefault(query, {}).setdefault(document, grade) != grade:
            raise InvalidInputError(f"{path}, line {number}: {query} and {document} are judged twice, and differently")
    return grades


def _grade(score: str) -> float | None:
    try:
        grade = float(score)
    except ValueError:
        return None
    return grade if math.isfinite(grade) else None


def _counted(skipped: Mapping[str, int]) -> dict[str, int]:
    return {what: count for what, count in skipped.items() if count}
