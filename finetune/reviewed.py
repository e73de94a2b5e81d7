"""Grades of raters -> labels: what two of them agree on says which chunk answers which question."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Literal

from sqlalchemy import Connection, select

from eval.review_store import RATERS
from eval.tables import review_grades, review_passages, review_ratings, review_tasks
from finetune.types import Anchor, Label
from retrieval.tables import interactions

SOURCE = "review"
"""How they are counted beside other given labels."""

_LABELS: Mapping[int, tuple[Literal[1, -1], float]] = {0: (-1, 1.0), 1: (1, 0.25), 2: (1, 1.0)}
"""Grade -> label and weight: two who say "partly" together weigh half of one who says that a passage answers."""

_ROWS = (
    select(
        review_passages.c.id,
        review_passages.c.document_id,
        review_passages.c.chunk_sha256,
        review_grades.c.rater,
        review_grades.c.grade,
        review_ratings.c.at,
        interactions.c.question,
        interactions.c.principal_id,
        interactions.c.conversation_id,
    )
    .join(review_grades, review_grades.c.passage_id == review_passages.c.id)
    .join(review_tasks, review_tasks.c.id == review_passages.c.task_id)
    .join(interactions, interactions.c.id == review_tasks.c.interaction_id)
    .join(
        review_ratings,
        (review_ratings.c.task_id == review_tasks.c.id) & (review_ratings.c.rater == review_grades.c.rater),
    )
    .order_by(review_passages.c.id, review_grades.c.rater)
)


def agreed(grades: Sequence[int]) -> int | None:
    """Return the grade that at least two raters gave a passage, and more than any other; None where there is none."""
    common = Counter(grades).most_common(2)
    if not common or common[0][1] < RATERS or (len(common) > 1 and common[0][1] == common[1][1]):
        return None
    return common[0][0]


def reviewed_labels(connection: Connection) -> Iterator[Label]:
    """Go through what raters agree on; each of those who do says so. Whom of them to trust with a chunk, others decide.

    The questions stand where they were asked, so that forgetting who asked forgets the labels too.

    Yields:
        By passage, then by rater.
    """
    for _, of_passage in groupby(connection.execute(_ROWS).all(), key=lambda row: row.id):
        rows = list(of_passage)
        grade = agreed([row.grade for row in rows])
        yield from (_label(row) for row in rows if row.grade == grade)


def _label(row: Any) -> Label:
    label, weight = _LABELS[row.grade]
    return Label(
        source_id=row.id,
        kind="review",
        signal="given",
        question=row.question,
        anchor=Anchor(row.document_id, row.chunk_sha256),
        label=label,
        weight=weight,
        giver=row.rater,
        given_at=row.at,
        conversation=row.conversation_id,
        asker=row.principal_id,
    )
