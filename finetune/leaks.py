"""Whether what is measured was learned from: overlap between the rows of a training set and the questions of a gate."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from finetune.groups import NEAR
from finetune.questions import Question, normal
from finetune.types import Example, FloatArray

_BLOCK = 512  # rows compared at a time

Vectors = Callable[[Sequence[str]], FloatArray]
"""Questions -> their vectors, shape (len(questions), dim), L2 norm 1."""


@dataclass(frozen=True, slots=True)
class Leak:
    """A row that knows the answer to a question it is measured by.

    Attributes:
        example: Id of the row.
        question: Id of the question.
        similarity: Cosine similarity of both questions; None where it was not looked at.
    """

    example: str
    question: str
    kind: Literal["same text", "same group", "alike"]
    similarity: float | None = None

    @property
    def summary(self) -> str:
        """Name both, without a word of either."""
        near = "" if self.similarity is None else f", cosine {self.similarity:.2f}"
        return f"example {self.example} and question {self.question}: {self.kind}{near}"


def leaks(
    training: Sequence[Example], questions: Sequence[Question], *, vectors: Vectors | None = None
) -> tuple[Leak, ...]:
    """Find the rows that were, or are as good as, questions that measure them.

    Args:
        training: Rows that were learned from.
        questions: Of the gate.
        vectors: Embeds both; None compares texts and groups only.

    Returns:
        At most one leak a row, the plainest, in the order of the rows; empty when what is measured is new.
    """
    by_text = {normal(question.text): question for question in questions}
    by_group = {question.group: question for question in reversed(questions)}
    found: dict[str, Leak] = {}
    for row in training:
        if same := by_text.get(normal(row.question)):
            found[row.id] = Leak(row.id, same.id, "same text")
        elif near := by_group.get(row.group):
            found[row.id] = Leak(row.id, near.id, "same group")
    others = [row for row in training if row.id not in found]
    if vectors is not None and others and questions:
        found |= {leak.example: leak for leak in _alike(others, questions, vectors)}
    return tuple(found[row.id] for row in training if row.id in found)


def untold(questions: Sequence[Question], training: Sequence[Example], *, vectors: Vectors) -> list[Question]:
    """Return the questions that no row was, or is as good as.

    Args:
        questions: In any order.
        training: Rows that were learned from.
        vectors: Embeds both.

    Returns:
        What is left of the questions, in order.
    """
    left = list(questions)
    # A row names one question that it is as good as; there may be others.
    while known := {leak.question for leak in leaks(training, left, vectors=vectors)}:
        left = [question for question in left if question.id not in known]
    return left


def _alike(training: Sequence[Example], questions: Sequence[Question], vectors: Vectors) -> Iterable[Leak]:
    rows: dict[str, list[Example]] = {}
    for row in training:
        rows.setdefault(row.question, []).append(row)
    texts = sorted(rows)
    asked, learned = vectors([question.text for question in questions]), vectors(texts)
    for start in range(0, len(texts), _BLOCK):
        cosines: NDArray[np.float32] = learned[start : start + _BLOCK] @ asked.T
        nearest = cosines.argmax(axis=1)
        for place in np.flatnonzero(cosines.max(axis=1) > NEAR):
            for row in rows[texts[start + place]]:
                yield Leak(row.id, questions[nearest[place]].id, "alike", float(cosines[place].max()))
