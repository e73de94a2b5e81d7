"""Files of feedback -> labels for the server: JSON lines of other systems, and BEIR's judgements."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from app.owner import RefusedError, checked
from eval.golden import read_qrels
from eval.lines import Line, json_lines
from retrieval.errors import InvalidInputError

RATINGS: Mapping[str, float] = {
    "excellent": 1.0,
    "acceptable": 0.67,
    "could be improved": 0.33,
    "bad": 0.0,
    "good": 1.0,
    "up": 1.0,
    "down": 0.0,
    "yes": 1.0,
    "no": 0.0,
    "right": 1.0,
    "wrong": 0.0,
}
"""Words of raters -> how good it was, 0 to 1; the first four are those of FeedbackQA."""

_AT_ONCE = 500
_DOCUMENT_FIELDS = ("document", "document_id", "uri", "corpus_id")
_EVIDENCE_FIELDS = ("evidence", "chunk", "passage")


@dataclass(frozen=True, slots=True)
class ReadLabels:
    """Labels of a file.

    Attributes:
        name: Of where they come from.
        labels: As the API takes them.
        places: Where each stands, in words.
        refused: What could not be read: ``where`` and ``reason``.
    """

    name: str
    labels: tuple[Mapping[str, Any], ...]
    places: tuple[str, ...]
    refused: tuple[Mapping[str, str], ...] = ()


def read_labels(path: Path) -> ReadLabels:
    """Read feedback of another system, one JSON object a line.

    Fields: ``question``; ``document`` (id, uri, or what its uri ends with); ``evidence`` or ``chunk`` (words of the
    passage); ``label`` (-1 to 1), ``rating`` or ``ratings`` (words, see ``RATINGS``) or ``score`` (0 to 1); ``giver``;
    ``given_at``. ``document_id``, ``uri`` and ``corpus_id`` are other names for ``document``.

    Returns:
        The labels in order; lines that say nothing of use are refused, each with its number.

    Raises:
        InvalidInputError: The file cannot be read.
    """
    labels: list[Mapping[str, Any]] = []
    places: list[str] = []
    refused: list[Mapping[str, str]] = []
    for number, line in _lines(path):
        place = f"line {number}"
        if line is None:
            refused.append({"where": place, "reason": "this is not a JSON object in UTF-8"})
            continue
        try:
            labels.append(_label(line))
            places.append(place)
        except InvalidInputError as error:
            refused.append({"where": place, "reason": str(error).partition(": ")[2]})
    return ReadLabels(_name(path.stem), tuple(labels), tuple(places), tuple(refused))


def read_qrels_labels(folder: Path, split: str) -> ReadLabels:
    """Read the judgements of a BEIR folder as labels.

    Returns:
        A label of 1 for each document that is relevant to a question, and of -1 for each that was judged not to be.

    Raises:
        InvalidInputError: A file is missing or broken.
    """
    questions = {line.key: line.text("text") for line in json_lines(folder / "queries.jsonl")}
    labels: list[Mapping[str, Any]] = []
    places: list[str] = []
    refused: list[Mapping[str, str]] = []
    for key, grades in read_qrels(folder / "qrels" / f"{split}.tsv").items():
        for document, grade in grades.items():
            place = f"{split}.tsv, question {key}, document {document}"
            if key in questions:
                labels.append({"question": questions[key], "document": document, "label": 1.0 if grade > 0 else -1.0})
                places.append(place)
            else:
                refused.append({"where": place, "reason": "the question is not in queries.jsonl"})
    return ReadLabels(_name(f"{folder.resolve().name}/{split}"), tuple(labels), tuple(places), tuple(refused))


def sent(client: httpx.Client, read: ReadLabels, *, source: str, collection: str | None) -> dict[str, Any]:
    """Send labels to the server, some hundred at a time.

    Returns:
        How many were ``added`` and ``replaced``, and what was ``refused``: ``where`` and ``reason``.

    Raises:
        RefusedError: The server takes none of them, as where there is no such collection.
    """
    whole: dict[str, Any] = {"source": source, "added": 0, "replaced": 0, "refused": list(read.refused)}
    for start in range(0, len(read.labels), _AT_ONCE):
        some = read.labels[start : start + _AT_ONCE]
        places = read.places[start : start + _AT_ONCE]
        _add(whole, _taken(client, some, places, source, collection))
    whole["refused"].sort(key=lambda one: [int(part) if part.isdigit() else 0 for part in one["where"].split()])
    return whole


def _taken(
    client: httpx.Client,
    labels: Sequence[Mapping[str, Any]],
    places: Sequence[str],
    source: str,
    collection: str | None,
) -> dict[str, Any]:
    body = {"source": source, "collection": collection, "labels": list(labels)}
    try:
        told = checked(client.post("/v1/feedback/given", json=body))
    except RefusedError as error:
        # One that the server cannot read is no reason to lose the others of its batch.
        if error.status != httpx.codes.UNPROCESSABLE_ENTITY:
            raise
        if len(labels) == 1:
            reason = str(error).removeprefix("body.labels.0.")
            return {"added": 0, "replaced": 0, "refused": [{"where": places[0], "reason": reason}]}
        half = len(labels) // 2
        whole = _taken(client, labels[:half], places[:half], source, collection)
        _add(whole, _taken(client, labels[half:], places[half:], source, collection))
        return whole
    refused = [{"where": places[one["label"]], "reason": one["reason"]} for one in told["refused"]]
    return {"added": told["added"], "replaced": told["replaced"], "refused": refused}


def _add(whole: dict[str, Any], part: Mapping[str, Any]) -> None:
    for name in ("added", "replaced", "refused"):
        whole[name] += part[name]


def _label(line: Line) -> dict[str, Any]:
    document = next((found for name in _DOCUMENT_FIELDS if (found := line.optional_text(name))), None)
    if document is None:
        raise line.error(f"none of the fields {', '.join(_DOCUMENT_FIELDS)} names a document")
    label: dict[str, Any] = {"question": line.text("question"), "document": document, "label": _value(line)}
    evidence = next((found for name in _EVIDENCE_FIELDS if (found := line.optional_text(name))), None)
    known = {"evidence": evidence, "giver": line.optional_text("giver"), "given_at": line.optional_text("given_at")}
    return label | {name: value for name, value in known.items() if value is not None}


def _value(line: Line) -> float:
    """Return how right it is, from -1 to 1."""
    if (label := _number(line, "label")) is not None:
        return label
    if (score := _number(line, "score")) is not None:
        return (score - 0.5) * 2
    words = line.texts("ratings") or [line.text("rating")]
    unknown = [word for word in words if word.strip().casefold() not in RATINGS]
    if unknown:
        raise line.error(f"the rating {unknown[0]!r} is none of {', '.join(sorted(RATINGS))}")
    mean = sum(RATINGS[word.strip().casefold()] for word in words) / len(words)
    return (mean - 0.5) * 2


def _number(line: Line, name: str) -> float | None:
    value = line.values.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _lines(path: Path) -> Iterator[tuple[int, Line | None]]:
    """Number each line that is not blank; None where it is no JSON object."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}") from error
    for number, raw in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if raw.strip():
            try:
                values = json.loads(raw)
            except (ValueError, RecursionError):
                values = None
            yield number, Line(path, number, values) if isinstance(values, dict) else None


def _name(text: str) -> str:
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._/-") else "-" for letter in text)[
        :64
    ]
