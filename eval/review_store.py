"""What is reviewed: what became of groups of questions, and tasks whose passages raters grade."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, and_, case, delete, desc, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from eval.agreement import Graded
from eval.tables import review_grades, review_groups, review_passages, review_ratings, review_tasks
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.quoting import Quoted
from retrieval.rows import storable
from retrieval.store import Store, insert_rows, listed, one_of

State = Literal["open", "handled", "dismissed"]
TaskKind = Literal["low_rated", "abstained", "most_asked"]
Outcome = Literal["graded", "none", "skipped"]
Origin = Literal["answer", "search"]

RATERS = 2
"""So many people grade each task: two can be compared, and their word together counts."""

MAX_COMPARED = 2_000
"""Most tasks whose grades are compared, the newest."""


@dataclass(frozen=True, slots=True)
class GroupState:
    """What somebody made of a group of questions, beside one of them."""

    interaction_id: str
    state: State
    note: str
    set_by: str  # principal id
    set_at: datetime  # UTC


@dataclass(frozen=True, slots=True)
class TaskPassage:
    """A passage to be graded; it goes stale when the document's text changes there.

    Attributes:
        chunk_id: Where the text stood when the task was made.
        chunk_sha256: Of the chunk's text.
    """

    id: str
    document_id: str
    chunk_id: str
    chunk_sha256: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Task:
    """A question whose passages are graded.

    Attributes:
        interaction_id: Where the question was asked.
        raters: How many graded it.
    """

    id: str
    interaction_id: str
    kind: TaskKind
    created_at: datetime  # UTC
    raters: int
    passages: tuple[TaskPassage, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the queue is: tasks that wait for both raters, for the second, and that have them."""

    waiting: int
    one_rater: int
    done: int


class Reviews(Store):
    """What is reviewed, on SQLite or PostgreSQL; who may see which question or passage, others decide.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def set_state(self, interaction_id: str, state: State, *, note: str, by: str) -> GroupState:
        """Note what becomes of a group, beside one of its questions; what was noted there before is replaced.

        Returns:
            As it is kept.

        Raises:
            NotFoundError: There is no such question.
            InvalidInputError: The note holds NUL or a lone surrogate.
        """
        if not storable(note):
            raise InvalidInputError("the note holds NUL or a lone surrogate")
        kept = GroupState(interaction_id, state, note, by, datetime.now(UTC))
        values = {name: getattr(kept, name) for name in _GROUP}
        try:
            with self._writing() as connection:
                connection.execute(delete(review_groups).where(review_groups.c.interaction_id == interaction_id))
                connection.execute(insert(review_groups).values(values))
        except IntegrityError as error:
            raise NotFoundError(f"no group {interaction_id}") from error
        return kept

    def states(self) -> dict[str, GroupState]:
        """Return what became of groups, by the question it was noted beside."""
        with self._reading() as connection:
            return {row.interaction_id: GroupState(*row) for row in connection.execute(select(review_groups))}

    def add_task(self, interaction_id: str, kind: TaskKind, passages: Sequence[TaskPassage], *, by: str) -> bool:
        """Put a question into the queue, with the passages in the order in which they are shown.

        Returns:
            False where it stands there already, or the question or a document is gone.
        """
        task_id = uuid4().hex
        task = {"id": task_id, "interaction_id": interaction_id, "kind": kind, "created_by": by}
        rows = [
            {name: getattr(passage, name) for name in _PASSAGE} | {"task_id": task_id, "ordinal": place}
            for place, passage in enumerate(passages)
        ]
        try:
            with self._writing() as connection:
                connection.execute(insert(review_tasks).values(task | {"created_at": datetime.now(UTC)}))
                insert_rows(connection, review_passages, rows)
        except IntegrityError:
            return False
        return True

    def tasked(self) -> frozenset[str]:
        """Return the questions that stand in the queue, or stood there: those of every task."""
        with self._reading() as connection:
            return frozenset(connection.scalars(select(review_tasks.c.interaction_id)))

    def waiting(self, rater: str, *, limit: int) -> list[Task]:
        """Return the tasks that want a grade of somebody: of fewer than two, none of them theirs, and not skipped.

        Returns:
            Those that one person graded first, then the oldest.
        """
        mine = select(review_ratings.c.task_id).where(review_ratings.c.rater == rater)
        open_to = and_(func.coalesce(_RATED.c.raters, 0) < RATERS, review_tasks.c.id.not_in(mine))
        order = (desc(func.coalesce(_RATED.c.raters, 0)), review_tasks.c.created_at, review_tasks.c.id)
        return self._tasks(open_to, *order, limit=limit)

    def task(self, task_id: str) -> Task:
        """Return a task.

        Raises:
            NotFoundError: There is none of this id.
        """
        found = self._tasks(review_tasks.c.id == task_id, limit=1) if storable(task_id) else []
        if not found:
            raise NotFoundError(f"no task {task_id}")
        return found[0]

    def compared(self) -> list[Task]:
        """Return the tasks that two people or more graded, the newest first, 2,000 at most."""
        newest = (desc(review_tasks.c.created_at), desc(review_tasks.c.id))
        return self._tasks(_RATED.c.raters >= RATERS, *newest, limit=MAX_COMPARED)

    def progress(self) -> Progress:
        """Count the tasks by how many people graded them."""
        raters = func.coalesce(_RATED.c.raters, 0)
        counts = [func.count(case((condition, 1))) for condition in (raters == 0, raters == 1, raters >= RATERS)]
        with self._reading() as connection:
            found = connection.execute(select(*counts).select_from(_WITH_RATED)).one()
        return Progress(waiting=found[0], one_rater=found[1], done=found[2])

    def rate(self, task: Task, rater: str, outcome: Outcome, grades: Mapping[str, int]) -> None:
        """Keep what somebody says of a task; until somebody else graded it too, they may say it anew.

        Args:
            task: Which.
            rater: Principal id.
            outcome: What it comes to.
            grades: Passage id -> grade, of passages of the task.

        Raises:
            NotFoundError: The task or a passage is gone.
            ConflictError: They graded it, and so did somebody else: to change it now would be to know what they said.
        """
        others = (review_ratings.c.task_id == task.id, review_ratings.c.rater != rater, _GRADED)
        rows = [{"passage_id": key, "rater": rater, "grade": grade} for key, grade in grades.items()]
        rating = {"task_id": task.id, "rater": rater, "outcome": outcome, "at": datetime.now(UTC)}
        own = and_(review_ratings.c.task_id == task.id, review_ratings.c.rater == rater)
        try:
            with self._writing() as connection:
                locked = select(review_tasks.c.id).where(review_tasks.c.id == task.id).with_for_update()
                if connection.scalar(locked) is None:
                    raise NotFoundError(f"no task {task.id}")
                said = connection.scalar(select(review_ratings.c.outcome).where(own))
                if said not in {None, "skipped"} and connection.execute(select(review_ratings).where(*others)).first():
                    raise ConflictError("somebody else graded it since you did: what you said stands")
                connection.execute(delete(review_ratings).where(own))
                connection.execute(_grades_of(task.id, rater))
                connection.execute(insert(review_ratings).values(rating))
                insert_rows(connection, review_grades, rows)
        except IntegrityError as error:
            raise NotFoundError(f"a passage of the task {task.id} is gone") from error

    def remove(self, task_id: str) -> None:
        """Take a task out of the queue, with what was said of it."""
        with self._writing() as connection:
            connection.execute(delete(review_tasks).where(review_tasks.c.id == task_id))

    def graded(self, task_ids: Iterable[str]) -> list[Graded]:
        """Return what raters said of the passages of some tasks."""
        statement = (
            select(review_passages.c.task_id, review_passages.c.id, review_grades.c.rater, review_grades.c.grade)
            .join(review_passages, review_passages.c.id == review_grades.c.passage_id)
            .where(one_of(review_passages.c.task_id, "ids"))
            .order_by(review_passages.c.task_id, review_passages.c.ordinal, review_grades.c.rater)
        )
        with self._reading() as connection:
            return [Graded(*row) for row in connection.execute(statement, {"ids": listed(task_ids)})]

    def forget_rater(self, principal_id: str) -> int:
        """Remove what somebody graded.

        Returns:
            How many tasks they had looked at.
        """
        with self._writing() as connection:
            connection.execute(delete(review_grades).where(review_grades.c.rater == principal_id))
            return connection.execute(delete(review_ratings).where(review_ratings.c.rater == principal_id)).rowcount

    def forget_document(self, document_id: str, quoted: Quoted) -> int:
        """Take a document's passages out of all tasks, those that hold no other with them, and notes that quote it.

        Returns:
            How many passages and notes.
        """
        with self._writing() as connection:
            its = review_passages.c.document_id == document_id
            removed = connection.execute(delete(review_passages).where(its)).rowcount
            empty = review_tasks.c.id.not_in(select(review_passages.c.task_id))
            connection.execute(delete(review_tasks).where(empty))
            notes = connection.execute(select(review_groups.c.interaction_id, review_groups.c.note)).all()
            quoting = [row.interaction_id for row in notes if row.note and quoted.within(row.note)]
            cleared = update(review_groups).where(one_of(review_groups.c.interaction_id, "ids")).values(note="")
            connection.execute(cleared, {"ids": listed(quoting)})
        return removed + len(quoting)

    def _tasks(self, condition: ColumnElement[bool], *order: Any, limit: int) -> list[Task]:
        columns = (review_tasks.c.id, review_tasks.c.interaction_id, review_tasks.c.kind, review_tasks.c.created_at)
        statement = select(*columns, func.coalesce(_RATED.c.raters, 0).label("raters")).select_from(_WITH_RATED)
        with self._reading() as connection:
            rows = connection.execute(statement.where(condition).order_by(*order).limit(limit)).all()
            passages = _passages(connection, [row.id for row in rows])
        return [_task(row, passages.get(row.id, ())) for row in rows]


_GROUP = tuple(column.name for column in review_groups.c)
_PASSAGE = ("id", "document_id", "chunk_id", "chunk_sha256", "origin")
_GRADED = review_ratings.c.outcome != "skipped"
_RATED = (
    select(review_ratings.c.task_id, func.count().label("raters"))
    .where(_GRADED)
    .group_by(review_ratings.c.task_id)
    .subquery()
)
_WITH_RATED = review_tasks.outerjoin(_RATED, _RATED.c.task_id == review_tasks.c.id)


def _task(row: Any, passages: Collection[TaskPassage]) -> Task:
    return Task(row.id, row.interaction_id, row.kind, row.created_at, row.raters, tuple(passages))


def _passages(connection: Connection, task_ids: Sequence[str]) -> dict[str, list[TaskPassage]]:
    columns = [review_passages.c[name] for name in _PASSAGE]
    its = select(review_passages.c.task_id, *columns).where(one_of(review_passages.c.task_id, "ids"))
    found: dict[str, list[TaskPassage]] = {}
    for row in connection.execute(its.order_by(review_passages.c.ordinal), {"ids": listed(task_ids)}):
        found.setdefault(row[0], []).append(TaskPassage(*row[1:]))
    return found


def _grades_of(task_id: str, rater: str) -> Any:
    its = select(review_passages.c.id).where(review_passages.c.task_id == task_id)
    return delete(review_grades).where(review_grades.c.rater == rater, review_grades.c.passage_id.in_(its))
