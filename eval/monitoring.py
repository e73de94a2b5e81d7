"""How the questions of real life go over time: figures of what was asked last, and their series in the catalog."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Row, and_, bindparam, desc, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from eval.drift import Window, detect
from eval.tables import monitoring_points
from eval.tags import language_of
from eval.usage import usage as use_of
from retrieval.embed import FloatArray
from retrieval.errors import ConflictError, InvalidInputError
from retrieval.feedback_types import Counts
from retrieval.interactions import Glance
from retrieval.rows import storable
from retrieval.store import Store, reachable

MAX_SERIES = 10_000
WINDOW = 112
"""Questions that drift is looked for in: enough to find a fifth of them off the usual subjects."""
LOOKED_AT = WINDOW + 500
"""With the questions they are compared with."""
DRIFT = "drift."
_SEED = 20_240_501
QUESTIONS = "questions"
"""The figure that every observation has."""


@dataclass(frozen=True, slots=True)
class Point:
    """One figure at one moment.

    Attributes:
        value: None when too little was asked to say.
        details: What stands behind it; plain JSON, without anybody's words.
    """

    name: str
    at: datetime  # UTC
    value: float | None
    details: Mapping[str, Any] = field(default_factory=dict)


Embed = Callable[[Sequence[str]], FloatArray]
"""Questions -> their vectors as the search makes them, shape (questions, dim)."""


def newest_question(points: Mapping[str, Point]) -> datetime | None:
    """Return when the last question was asked that drift was looked for in; None when it never was.

    Args:
        points: The newest by name.
    """
    asked = [point.details["asked_at"] for name, point in points.items() if name.startswith(DRIFT)]
    return max(map(datetime.fromisoformat, asked), default=None)


def drift(glances: Sequence[Glance], embed: Embed, *, at: datetime) -> list[Point]:
    """Compare the newest questions with those before them.

    Args:
        glances: The newest first.
        embed: Makes vectors of questions.
        at: The moment of the comparison.

    Returns:
        One point a detector: how far the questions have moved, with ``p_value`` (after Holm over
        the detectors) and ``alarm`` in its details. Empty
        when fewer questions were asked than two windows.
    """
    looked_at = glances[:LOOKED_AT]
    if len(looked_at) < 2 * WINDOW:
        return []
    window, reference = _window(looked_at[:WINDOW], embed), _window(looked_at[WINDOW:], embed)
    seen = {"window": len(window), "reference": len(reference), "asked_at": looked_at[0].asked_at.isoformat()}
    return [
        Point(
            DRIFT + found.name,
            at,
            found.statistic,
            {"p_value": found.p_adjusted, "alarm": found.drifted, **seen},
        )
        for found in detect(reference, window, seed=_SEED)
    ]


def _window(glances: Sequence[Glance], embed: Embed) -> Window:
    questions = [glance.question for glance in glances]
    # A question that found one passage has no gap, one that found none has no score either.
    cosines = np.array([(*glance.cosines[:2], np.nan, np.nan)[:2] for glance in glances])
    return Window(
        embeddings=embed(questions),
        top_scores=cosines[:, 0],
        gaps=cosines[:, 0] - cosines[:, 1],
        abstained=np.array([glance.abstained for glance in glances]),
        lengths=np.array([len(question.split()) for question in questions]),
        languages=tuple(language_of(question) for question in questions),
    )


def usage(
    glances: Sequence[Glance], *, at: datetime, questions: int, feedback: Counts, index_chunks: int
) -> list[Point]:
    """Return the figures of what was asked in a period.

    Args:
        glances: At the questions of the period, or at the newest of them when there were many.
        at: When it ended.
        questions: How many there were.
        feedback: Given in the period.
        index_chunks: In the vector index now.

    Returns:
        One point a figure; its value is None where nothing in the period says something about it.
    """
    seen = {"questions": len(glances)}
    times = [glance.total_ms for glance in glances if glance.total_ms is not None]
    p50, p95 = (float(q) for q in np.percentile(times, (50, 95))) if times else (None, None)
    thumbs = feedback.up + feedback.down
    use = use_of(glances, (), until=at)
    return [
        Point(QUESTIONS, at, float(questions)),
        Point("abstention_rate", at, _share(sum(glance.abstained for glance in glances), len(glances)), seen),
        Point("latency_p50_ms", at, p50, seen),
        Point("latency_p95_ms", at, p95, seen),
        Point("thumbs_up_rate", at, _share(feedback.up, thumbs), {"thumbs": thumbs}),
        Point("corrections", at, float(feedback.corrections)),
        Point("reformulation_rate", at, use.reformulation_rate, seen),
        Point("abandonment_rate", at, use.abandonment_rate, {"sessions": use.sessions}),
        Point("index_chunks", at, float(index_chunks)),
    ]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


class MonitoringLog(Store):
    """Figures over time. They hold nobody's words and no document, so reading them takes no principal.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def add(self, points: Iterable[Point]) -> None:
        """Keep points, all or none.

        Raises:
            ConflictError: A point of this name and moment is kept already.
        """
        rows = [{"name": p.name, "at": p.at, "value": p.value, "details": dict(p.details)} for p in points]
        if rows:
            try:
                with self._writing() as connection:
                    connection.execute(insert(monitoring_points), rows)
            except IntegrityError as error:
                raise ConflictError("there is a point of this name and moment already") from error

    def amend(self, points: Iterable[Point]) -> None:
        """Change the details of points that are kept, all or none; one that is not kept is left out."""
        rows = [{"its_name": p.name, "its_at": p.at, "details": dict(p.details)} for p in points]
        if rows:
            its = monitoring_points.c.name == bindparam("its_name"), monitoring_points.c.at == bindparam("its_at")
            with self._writing() as connection:
                connection.execute(update(monitoring_points).where(*its).values(details=bindparam("details")), rows)

    def series(self, name: str, *, since: datetime | None = None, limit: int = 1000) -> list[Point]:
        """Return the points of one name.

        Args:
            name: Of the figure.
            since: Only points after this moment.
            limit: Most points to return, 1 to 10,000; the newest are kept.

        Returns:
            The oldest first; empty for an unknown name.

        Raises:
            InvalidInputError: The limit is out of range.
        """
        if not 1 <= limit <= MAX_SERIES:
            raise InvalidInputError(f"limit is {limit}; 1 to {MAX_SERIES} points can be listed")
        if not storable(name):
            return []
        statement = select(monitoring_points).where(monitoring_points.c.name == name)
        if since is not None:
            statement = statement.where(monitoring_points.c.at > since)
        with self._reading() as connection:
            rows = connection.execute(statement.order_by(desc(monitoring_points.c.at)).limit(limit)).all()
        return [_point(row) for row in reversed(rows)]

    def newest(self) -> dict[str, Point]:
        """Return the last point of every name.

        Returns:
            By name, sorted.

        Raises:
            DataDirectoryError: The database does not answer.
        """
        last = (
            select(monitoring_points.c.name, func.max(monitoring_points.c.at).label("at"))
            .group_by(monitoring_points.c.name)
            .subquery()
        )
        same = and_(monitoring_points.c.name == last.c.name, monitoring_points.c.at == last.c.at)
        statement = select(monitoring_points).join(last, same).order_by(monitoring_points.c.name)
        with reachable(), self._reading() as connection:
            return {row.name: _point(row) for row in connection.execute(statement)}


def _point(row: Row[Any]) -> Point:
    return Point(row.name, row.at, row.value, row.details)
