"""Golden sets as files: BEIR folders, JSON lines, CSV; read into the catalog and written from it."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, get_args

from eval.golden import GoldenDocument, GoldenSet, beir_question, read_qrels, read_questions
from eval.golden_csv import csv_lines, csv_text
from eval.lines import Line, distinct, json_lines
from eval.questions import Question, to_question, to_row
from retrieval.errors import InvalidInputError

Format = Literal["jsonl", "csv", "beir"]

_SUFFIXES: Mapping[str, Format] = {".jsonl": "jsonl", ".json": "jsonl", ".csv": "csv", ".tsv": "csv"}
_QRELS_HEADER = "query-id\tcorpus-id\tscore"

# What BEIR's files themselves hold; the rest of a question goes into its metadata.
_BEIR_FIELDS = ("_id", "text", "documents")


def read_golden(path: Path, *, split: str | None = None) -> GoldenSet:
    """Read a golden set of any layout, whole: what cannot be measured with it is for ``describe`` to say.

    Args:
        path: A BEIR folder, or a file that ends in .jsonl, .json, .csv or .tsv.
        split: Which file in ``qrels`` of a BEIR folder; may be left out where there is one.

    Returns:
        The questions in order. Of a BEIR folder those that the split judges and those that no split does; its corpus
        is not read.

    Raises:
        InvalidInputError: A file is missing, broken or empty; the message names file and line.
    """
    if path.is_dir():
        return _read_beir(path, split)
    if split is not None:
        raise InvalidInputError(f"{path} is not a folder: only BEIR folders have splits")
    if format_of(path) == "jsonl":
        return read_questions(path)
    lines = list(distinct(csv_lines(path, _decoded(path))))
    if not lines:
        raise InvalidInputError(f"{path} holds no questions")
    return GoldenSet(tuple(to_question(line, {}) for line in lines), name=path.name)


def write_golden(
    questions: Sequence[Question],
    path: Path,
    *,
    layout: Format | None = None,
    split: str = "test",
    documents: Iterable[GoldenDocument] | None = None,
) -> dict[str, int]:
    """Write a golden set; a file that is there is replaced.

    Args:
        questions: At least one.
        path: A file, or for BEIR a folder, made if missing.
        layout: Follows from the end of the path when left out: a path without .jsonl, .json or .csv is a folder.
        split: Name of the file in ``qrels``.
        documents: The corpus, for BEIR; no ``corpus.jsonl`` is written without.

    Returns:
        What the layout has no place for and was left out, in words, with the number of questions it was left out of.

    Raises:
        InvalidInputError: There are no questions, or the path cannot be written.
    """
    if not questions:
        raise InvalidInputError("the golden set holds no questions to export")
    layout = layout or format_of(path)
    try:
        return _WRITERS[layout](questions, path, split, documents)
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be written: {error.strerror}") from error


def format_of(path: Path) -> Format:
    """Return the layout that a path's end says; a folder, or a name without an end, is BEIR's.

    Raises:
        InvalidInputError: It ends in something else.
    """
    if path.is_dir() or not path.suffix:
        return "beir"
    found = _SUFFIXES.get(path.suffix.lower())
    if found is None:
        raise InvalidInputError(
            f"{path} is no golden set: .jsonl, .csv or a BEIR folder ({', '.join(get_args(Format))})"
        )
    return found


def _read_beir(folder: Path, split: str | None) -> GoldenSet:
    qrels = {file.stem: read_qrels(file) for file in sorted((folder / "qrels").glob("*.tsv"))}
    if split is None and len(qrels) > 1:
        raise InvalidInputError(f"{folder} has the splits {', '.join(qrels)}: say which")
    if split is not None and split not in qrels:
        raise InvalidInputError(
            f"there is no split {split} in {folder / 'qrels'}; there are: {', '.join(qrels) or 'none'}"
        )
    split = split or next(iter(qrels), None)
    grades = qrels[split] if split else {}
    elsewhere = {key for name, judged in qrels.items() if name != split for key in judged} - grades.keys()
    lines = list(distinct(json_lines(folder / "queries.jsonl")))
    if not lines:
        raise InvalidInputError(f"{folder / 'queries.jsonl'} holds no questions")
    questions = tuple(beir_question(line, grades.get(line.key, {})) for line in lines if line.key not in elsewhere)
    skipped = {
        "questions of another split": len(lines) - len(questions),
        "judged questions that are not in queries.jsonl": len(grades.keys() - {line.key for line in lines}),
    }
    name = f"{folder.resolve().name}/{split}" if split else folder.resolve().name
    return GoldenSet(questions, skipped={what: n for what, n in skipped.items() if n}, name=name)


def _write_jsonl(questions: Sequence[Question], path: Path, _split: str, _documents: Any) -> dict[str, int]:
    _write_lines(path, (to_row(question) for question in questions))
    return {}


def _write_csv(questions: Sequence[Question], path: Path, _split: str, _documents: Any) -> dict[str, int]:
    text = csv_text(questions)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without the mark a spreadsheet takes UTF-8 for the code page of its country.
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    return _lost(questions, [to_question(line, {}) for line in csv_lines(path, text)])


def _write_beir(
    questions: Sequence[Question], path: Path, split: str, documents: Iterable[GoldenDocument] | None
) -> dict[str, int]:
    (path / "qrels").mkdir(parents=True, exist_ok=True)
    _write_lines(path / "queries.jsonl", (_beir_row(question) for question in questions))
    judged = [
        f"{question.id}\t{document}\t{int(grade) if grade.is_integer() else grade!r}"
        for question in questions
        for document, grade in question.relevant.items()
        if _is_cell(question.id) and _is_cell(document)
    ]
    qrels = path / "qrels" / f"{split}.tsv"
    qrels.write_text("\n".join([_QRELS_HEADER, *judged]) + "\n", encoding="utf-8", newline="\n")
    if documents is not None:
        rows = ({"_id": document.id, "title": document.title, "text": document.text} for document in documents)
        _write_lines(path / "corpus.jsonl", rows)
    grades = read_qrels(qrels)
    lines = (Line(path, 0, _beir_row(question)) for question in questions)
    return _lost(questions, [beir_question(line, grades.get(line.key, {})) for line in lines])


_WRITERS: Mapping[Format, Callable[[Sequence[Question], Path, str, Any], dict[str, int]]] = {
    "jsonl": _write_jsonl,
    "csv": _write_csv,
    "beir": _write_beir,
}


def _beir_row(question: Question) -> dict[str, Any]:
    row = to_row(question)
    # Passages say which documents they stand in, and an id that is no cell of a table is not judged in qrels.
    known = row.get("passages", []) if all(_is_cell(name) for name in (question.id, *question.relevant)) else []
    metadata = {name: value for name, value in row.items() if name not in (*_BEIR_FIELDS, "passages")}
    return {"_id": question.id, "text": question.text, "metadata": metadata | ({"passages": known} if known else {})}


def _is_cell(text: str) -> bool:
    return text == text.strip() and not any(mark in text for mark in "\t\n\r")


def _lost(before: Sequence[Question], after: Sequence[Question]) -> dict[str, int]:
    """Compare questions with what is read back, so that nothing is left out without a word."""
    names = [field.name for field in fields(Question)]
    counts = dict.fromkeys(names, 0)
    for one, other in zip(before, after, strict=True):
        for name in names:
            counts[name] += getattr(one, name) != getattr(other, name)
    said = {"relevant": "grades or names of documents"}
    return {f"questions whose {said.get(name, name)} have no place": count for name, count in counts.items() if count}


def _write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as out:
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")


def _decoded(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InvalidInputError(f"{path}, line {line}: this is not UTF-8; save it as “CSV UTF-8”") from error
