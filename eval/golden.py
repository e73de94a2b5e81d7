"""Golden sets: questions with what is known about their answers, read from files.

Two layouts: a BEIR folder (``corpus.jsonl``, ``queries.jsonl``, ``qrels/SPLIT.tsv``), and a questions file about a
folder of documents. A broken set is refused with file and line; what is whole but cannot be scored is counted.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote

from eval.lines import Line, distinct, json_lines, tsv_lines
from eval.questions import MAX_GRADE, GoldenPassage, Question, to_question
from retrieval.errors import InvalidInputError
from retrieval.retrieve import MAX_QUESTION_CHARS
from retrieval.types import Document

__all__ = [
    "GoldenDocument",
    "GoldenPassage",
    "GoldenSet",
    "Question",
    "Resolved",
    "beir_question",
    "ends_of",
    "read_beir",
    "read_qrels",
    "read_questions",
    "resolve",
    "restricted",
]

_QRELS_COLUMNS = 3

# What BEIR has no place for stands in a question's metadata. Other makers put their own things there under the same
# names, so a field is taken only where it is of the kind that we would have written.
_METADATA: Mapping[str, type] = {
    "history": list,
    "answer": str,
    "evidence": str,
    "answerable": bool,
    "passages": list,
    "tags": dict,
    "variants": dict,
    "draft": bool,
}


@dataclass(frozen=True, slots=True)
class GoldenDocument:
    """A document of a BEIR corpus; title and text may be empty."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class GoldenSet:
    """Questions to ask.

    Attributes:
        questions: Ids are distinct.
        documents: The corpus, for a BEIR folder; ids are distinct.
        skipped: What was left out, in words, and how many of it.
        name: Of the set in the catalog, or of the files.
        version: From 1, of a set in the catalog; None for files.
    """

    questions: tuple[Question, ...]
    documents: tuple[GoldenDocument, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)
    name: str = ""
    version: int | None = None

    @property
    def sha256(self) -> str:
        """Of the questions in canonical JSON: equal for the same questions, wherever they are kept."""
        rows = [asdict(question) for question in self.questions]
        return sha256(json.dumps(rows, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Resolved:
    """What the documents that a golden set names are in the catalog.

    Attributes:
        uris: Name -> uri, for every name that means one document.
        ambiguous: Name -> the uris of the documents it could mean, sorted; at least two.
        unknown: Names of no document, in the order they were asked for.
    """

    uris: Mapping[str, str]
    ambiguous: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()

    @property
    def skipped(self) -> dict[str, int]:
        """What no document was found for, in words, and how many names of it."""
        counts = {
            "names of documents that do not exist": len(self.unknown),
            "names that several documents answer to": len(self.ambiguous),
        }
        return _counted(counts)


def resolve(names: Iterable[str], documents: Iterable[Document]) -> Resolved:
    """Find the documents that a golden set names.

    A name means the document whose uri or id it is, otherwise the one whose uri ends with ``/`` and the name
    (``people/leave.md`` for ``file:///srv/people/leave.md``) or that was uploaded under it.

    Args:
        names: As the golden set has them.
        documents: What may be meant.

    Returns:
        The uri of each name, and the names that mean none or more than one.
    """
    exact: dict[str, set[str]] = {name: set() for name in names}
    ends: dict[str, set[str]] = {name: set() for name in exact}
    for document in documents:
        for key in exact.keys() & {document.uri, document.id}:
            exact[key].add(document.uri)
        for end in ends.keys() & ends_of(document.uri):
            ends[end].add(document.uri)
    found = {name: sorted(uris or ends[name]) for name, uris in exact.items()}
    return Resolved(
        uris={name: uris[0] for name, uris in found.items() if len(uris) == 1},
        ambiguous={name: tuple(uris) for name, uris in found.items() if len(uris) > 1},
        unknown=tuple(name for name, uris in found.items() if not uris),
    )


def ends_of(uri: str) -> set[str]:
    """Return the names that a golden set may give the document of a uri."""
    # Golden sets are written by people: "Annual leave.md", where the uri has "Annual%20leave.md".
    ends: set[str] = set()
    for spelt in (uri, unquote(uri)):
        parts = spelt.partition(":")[2].split("/")
        ends.update("/".join(parts[start:]) for start in range(len(parts)))
    return ends - {""}


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
    qrels = read_qrels(_split_file(folder, split))
    documents = tuple(_document(line) for line in distinct(json_lines(folder / "corpus.jsonl")))
    asked = {line.key: line for line in distinct(json_lines(folder / "queries.jsonl"))}
    judged = [beir_question(asked[key], grades) for key, grades in qrels.items() if key in asked]
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
    return GoldenSet(questions, documents, _counted(skipped), name=f"{folder.name}/{split}")


def read_questions(path: Path) -> GoldenSet:
    """Read questions about a folder of documents, one JSON object a line.

    Fields: those of ``to_question``; ``documents`` are paths relative to the folder of documents. Questions without
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
        for key, grades in read_qrels(file).items():
            qrels[key] = qrels.get(key, {}) | grades
    lines = list(distinct(json_lines(path)))
    if not lines:
        raise InvalidInputError(f"{path} holds no questions")
    for line in lines:
        if len(line.text("text")) > MAX_QUESTION_CHARS:
            raise line.error(f"the question is longer than the {MAX_QUESTION_CHARS} characters that are read")
    questions = tuple(to_question(line, qrels.get(line.key, {})) for line in lines)
    strangers = qrels.keys() - {line.key for line in lines}
    skipped = _counted({f"judged questions that are not in {path.name}": len(strangers)})
    return GoldenSet(questions, skipped=skipped, name=f"{path.resolve().parent.name}/{path.name}")


def restricted(questions: Sequence[Question], documents: Collection[str]) -> tuple[list[Question], dict[str, int]]:
    """Leave out relevant documents that do not exist: nothing can find them, and a miss would say something else.

    Args:
        questions: What is asked.
        documents: Ids of the documents that exist.

    Returns:
        The questions, and what was left out, in words, with its count.
    """
    kept = [
        replace(
            question,
            relevant={d: grade for d, grade in question.relevant.items() if d in documents},
            passages=tuple(passage for passage in question.passages if passage.document in documents),
        )
        for question in questions
    ]
    unknown = sum(len(q.relevant) for q in questions) - sum(len(q.relevant) for q in kept)
    return kept, {"judgements of documents that do not exist": unknown} if unknown else {}


def beir_question(line: Line, grades: Mapping[str, float]) -> Question:
    """Read a question of ``queries.jsonl``, with what its ``metadata`` holds for us; see ``to_question``.

    Returns:
        The question.

    Raises:
        InvalidInputError: A field is missing or wrong; the message names the line.
    """
    metadata = line.values.get("metadata")
    known = metadata if isinstance(metadata, Mapping) else {}
    ours = {name: known[name] for name, kind in _METADATA.items() if isinstance(known.get(name), kind)}
    return to_question(replace(line, values=ours | dict(line.values)), grades)


def _document(line: Line) -> GoldenDocument:
    return GoldenDocument(line.key, line.optional_text("title") or "", line.text("text"))


def _split_file(folder: Path, split: str) -> Path:
    splits = sorted(file.stem for file in (folder / "qrels").glob("*.tsv"))
    if not splits:
        raise InvalidInputError(f"{folder / 'qrels'} holds no .tsv file: nothing says which documents are relevant")
    if split not in splits:
        raise InvalidInputError(f"there is no split {split} in {folder / 'qrels'}; there are: {', '.join(splits)}")
    return folder / "qrels" / f"{split}.tsv"


def read_qrels(path: Path) -> dict[str, dict[str, float]]:
    """Read judgements.

    Returns:
        Question id -> document -> grade, in the order of the file.

    Raises:
        InvalidInputError: The file cannot be read or a line of it is no judgement; the message names the line.
    """
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
            raise InvalidInputError(f"{path}, line {number}: the score {score!r} is not a number up to {MAX_GRADE:,}")
        if grades.setdefault(query, {}).setdefault(document, grade) != grade:
            raise InvalidInputError(f"{path}, line {number}: {query} and {document} are judged twice, and differently")
    return grades


def _grade(score: str) -> float | None:
    try:
        grade = float(score)
    except ValueError:
        return None
    return grade if abs(grade) <= MAX_GRADE else None


def _counted(skipped: Mapping[str, int]) -> dict[str, int]:
    return {what: count for what, count in skipped.items() if count}
