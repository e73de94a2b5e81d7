"""What a language model is taught, frozen: a training set of its own kind, found when somebody is to be forgotten."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal, cast

from finetune.generator_rows import Row, Rows
from finetune.lineage import FORMAT, versions
from finetune.sets import StandsOn, TrainingSets
from retrieval.rows import from_json, to_json

KIND = "generator"
"""In the manifest of such a set: its rows are prompts and replies, and no examples."""

_KINDS: tuple[Literal["corrected", "preferred", "thumbs"], ...] = ("corrected", "preferred", "thumbs")


@dataclass(frozen=True, slots=True)
class RowSet:
    """Rows that are frozen.

    Attributes:
        id: sha256 of them.
    """

    id: str
    rows: Rows
    manifest: Mapping[str, Any]


def manifest_of_rows(
    rows: Rows, *, model: str, template: str, corpus_epoch: int, scrub: str, seed: int
) -> dict[str, Any]:
    """Say what rows stand on.

    Args:
        rows: They.
        model: Fingerprint of the language model.
        template: Name of the prompt's.
        corpus_epoch: Of the catalog when it was looked up who may read what is in them.
        scrub: Policy by which personal data was taken out.
        seed: Of whatever is drawn when something is taught by them.

    Returns:
        Plain JSON; it names ids, and nobody's words.
    """
    return {
        "format": FORMAT,
        "kind": KIND,
        "sources": sorted({source for row in rows.all for source in row.sources}),
        "counts": {kind: len(getattr(rows, kind)) for kind in _KINDS},
        "model": model,
        "template": template,
        "corpus_epoch": corpus_epoch,
        "scrub": scrub,
        "seed": seed,
        "versions": versions(),
    }


def freeze_rows(sets: TrainingSets, rows: Rows, manifest: Mapping[str, Any]) -> RowSet:
    """Keep rows as a set; the same rows are the same set, whoever freezes them again.

    Returns:
        The set, with the manifest it was first frozen with.

    Raises:
        StorageFullError: The disk is full; nothing is kept.
    """
    lines = [(kind, row, _line(kind, row)) for kind in _KINDS for row in getattr(rows, kind)]
    content = b"".join(line for _, _, line in lines)
    lineage = sorted({one for _, row, line in lines for one in _standing(row, line)})
    questions = len({row.question for row in rows.corrected})
    kept = sets.keep(content, manifest, questions=questions, rows=len(lines), lineage=lineage)
    return RowSet(kept["sha256"], rows, kept)


def read_rows(sets: TrainingSets, set_id: str) -> RowSet:
    """Return a set with its rows, which are held against its id.

    Returns:
        As it was frozen.

    Raises:
        NotFoundError: There is none, or its rows were erased.
        DataDirectoryError: Its file is gone, cut off or changed.
    """
    found: dict[str, list[Row]] = {kind: [] for kind in _KINDS}
    for line in sets.content(set_id).splitlines():
        value = json.loads(line)
        found[value["kind"]].append(cast(Row, from_json(Row, value["row"])))
    rows = Rows(**{kind: tuple(its) for kind, its in found.items()})
    return RowSet(set_id, rows, sets.get(set_id).manifest)


def _line(kind: str, row: Row) -> bytes:
    """Return a row in canonical JSON: ASCII, so that any text has one spelling and fits."""
    value = {"kind": kind, "row": to_json(row)}
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _standing(row: Row, line: bytes) -> list[StandsOn]:
    """A row repeats passages of several documents: it stands in the lineage once for each of them and each person."""
    return [
        StandsOn(sha256(line + document.encode()).hexdigest(), person, document)
        for document in row.documents
        for person in row.people
    ]
