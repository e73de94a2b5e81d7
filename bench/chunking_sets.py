"""The texts and questions that chunkers are compared on."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.lines import data
from eval.corpus import as_parsed
from eval.golden import read_beir
from eval.questions import Question
from ingestion.parse import parse
from ingestion.types import Element, ParsedDocument, SourceFile

Spans = tuple[tuple[str, int, int], ...]
_PARAGRAPH = re.compile(r"\S[^\n]*(?:\n(?![ \t]*\n)[^\n]*)*")
# A number of at least three digits that is no year: years stand everywhere.
_NUMBER = re.compile(r"(?<![\d,.])(?!(?:19|20)\d\d(?![\d,.]))\d(?:[,.]?\d){2,}(?![\d])")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and what is known of where its answer stands.

    Attributes:
        relevant: Documents that answer, graded.
        references: (document, start, end) of the characters that answer.
        evidence: A sentence that answers, lower case, white space folded.
        numbers: Numbers of the answer that the relevant documents hold.
    """

    text: str
    relevant: Mapping[str, float] = field(default_factory=dict)
    references: Spans = ()
    evidence: str = ""
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChunkingSet:
    documents: Mapping[str, ParsedDocument]
    questions: Sequence[Asked]


def chunking_eval() -> ChunkingSet:
    """Five long texts; their paragraphs are elements at the offsets that the questions' spans are given in."""
    folder = data("chunking-eval")
    documents = {file.stem: _paragraphs(file) for file in sorted((folder / "docs").glob("*.md"))}
    rows = _rows(folder / "questions.jsonl")
    return ChunkingSet(
        documents,
        [
            Asked(row["text"], references=tuple((row["doc"], r["start"], r["end"]) for r in row["references"]))
            for row in rows
        ],
    )


def sec_10q() -> ChunkingSet:
    """Thirteen quarterly reports of four companies; which of them answers, and the numbers of the answer."""
    folder = data("sec-10q")
    documents = {file.name: _parsed(file) for file in sorted((folder / "docs").glob("*.pdf"))}
    questions: list[Asked] = []
    for row in _rows(folder / "queries.jsonl"):
        held = " ".join(documents[name].text for name in row["source_docs"])
        numbers = dict.fromkeys(_NUMBER.findall(row["answer"]))
        questions.append(
            Asked(
                row["text"],
                relevant=dict.fromkeys(row["source_docs"], 1.0),
                numbers=tuple(number for number in numbers if number in held),
            )
        )
    return ChunkingSet(documents, questions)


def tts_handbook() -> ChunkingSet:
    """The handbook's Markdown pages through the parser."""
    folder = data("tts-handbook")
    pages = sorted((folder / "docs").rglob("*.md"))
    documents = {page.relative_to(folder / "docs").as_posix(): _parsed(page) for page in pages}
    return ChunkingSet(documents, _judged(read_beir(folder, "dev").questions, documents))


def beir(name: str, split: str) -> Callable[[], ChunkingSet]:
    """A BEIR folder: texts of paragraphs, without headings."""

    def read() -> ChunkingSet:
        golden = read_beir(data(name), split)
        documents = {document.id: as_parsed(document) for document in golden.documents}
        return ChunkingSet(documents, _judged(golden.questions, documents))

    return read


SETS: dict[str, Callable[[], ChunkingSet]] = {
    "chunking-eval": chunking_eval,
    "sec-10q": sec_10q,
    "tts-handbook": tts_handbook,
    "tts-plain": beir("tts-handbook", "dev"),
    "scifact": beir("scifact", "test"),
    "feedbackqa": beir("feedbackqa", "dev"),
}


def _judged(questions: Sequence[Question], documents: Mapping[str, ParsedDocument]) -> list[Asked]:
    """Questions with a relevant document; evidence only where the parsed text has it."""
    asked: list[Asked] = []
    for question in questions:
        if not question.relevant:
            continue
        evidence = _folded(question.evidence or "")
        held = any(evidence in _folded(documents[name].text) for name in question.relevant if name in documents)
        asked.append(Asked(question.text, relevant=question.relevant, evidence=evidence if held else ""))
    return asked


def _folded(text: str) -> str:
    return " ".join(text.lower().split())


def _parsed(file: Path) -> ParsedDocument:
    return parse(SourceFile(path=file, uri=file.as_uri(), name=file.name))


def _paragraphs(file: Path) -> ParsedDocument:
    text = file.read_text(encoding="utf-8")
    elements = [
        Element("paragraph", m[0].rstrip(), start=m.start(), end=m.start() + len(m[0].rstrip()))
        for m in _PARAGRAPH.finditer(text)
    ]
    return ParsedDocument(file.stem, "text/plain", text, tuple(elements))


def _rows(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
