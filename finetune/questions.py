"""What a gate asks: the labelled questions of a training set, each once; pure."""

import hashlib
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from finetune.types import Anchor, Example

Slices = Callable[[Example], Iterable[str]]
"""Names of the kinds of question that an example's is, such as its collection; none of them quotes it."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the chunks that answer it.

    Attributes:
        id: Hash of its text: a report names it by that, and quotes nobody.
        relevant: Chunks that answer it, at least one.
        group: Never split between training and measuring.
        asked_at: When it was last labelled, UTC.
        givers: Who says so, sorted.
        slices: Kinds of question it is, sorted.
    """

    id: str
    text: str
    relevant: tuple[Anchor, ...]
    group: str
    asked_at: datetime
    givers: tuple[str, ...]
    slices: tuple[str, ...] = ()

    @property
    def documents(self) -> frozenset[str]:
        """Ids of the documents of the chunks that answer it."""
        return frozenset(anchor.document_id for anchor in self.relevant)


def kinds(example: Example) -> list[str]:
    """Say what kind of question an example's is: its length, its signals, and who may read what answers it."""
    words = len(example.question.split())
    length = "1-4" if words < 5 else "5-9" if words < 10 else "10+"
    readers = "everybody" if example.open else "some"
    return [f"words={length}", f"readers={readers}", *(f"signal={signal}" for signal in example.signals)]


def question_id(text: str) -> str:
    """Name a question by what it says: the same whatever its case, spaces and Unicode form."""
    return hashlib.sha256(normal(text).encode()).hexdigest()[:16]


def normal(text: str) -> str:
    """Return the text as it is compared with others."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def questions_of(examples: Iterable[Example], *, slices: Slices | None = None) -> tuple[Question, ...]:
    """Return the questions that can be measured: those with a chunk that answers them.

    Args:
        examples: In any order.
        slices: Names the kinds of question.

    Returns:
        By id. Texts that differ only in case and spaces are one question, of the group that comes first by name.
    """
    found: dict[str, list[Example]] = {}
    for example in examples:
        if example.label > 0:
            found.setdefault(question_id(example.question), []).append(example)
    return tuple(_question(name, found[name], slices) for name in sorted(found))


def _question(name: str, rows: Sequence[Example], slices: Slices | None) -> Question:
    anchors = {row.anchor for row in rows}
    return Question(
        id=name,
        text=min(row.question for row in rows),
        relevant=tuple(sorted(anchors, key=lambda anchor: (anchor.document_id, anchor.text_sha256))),
        group=min(row.group for row in rows),
        asked_at=max(row.given_at for row in rows),
        givers=tuple(sorted({giver for row in rows for giver in row.givers})),
        slices=tuple(sorted({name for row in rows for name in slices(row)})) if slices else (),
    )
