"""Golden sets in the catalog's database: every change is a version, and no version changes."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, Select, case, delete, desc, func, insert, select
from sqlalchemy.exc import IntegrityError

from eval.golden import GoldenSet
from eval.golden_erasure import ErasableGoldenSets
from eval.questions import Question, checked, questions_of, to_row
from eval.tables import golden_questions, golden_sets, golden_versions
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.rows import storable

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MAX_NUMBER = 2**31 - 1
_BATCH_ROWS = 1_000

_VERSIONS = (
    select(
        golden_sets.c.name,
        golden_versions.c.number,
        golden_versions.c.sha256,
        golden_versions.c.note,
        golden_versions.c.created_by,
        golden_versions.c.created_at,
        func.count(golden_questions.c.key).label("questions"),
        func.coalesce(func.sum(case((golden_questions.c.draft, 1), else_=0)), 0).label("drafts"),
    )
    .join(golden_sets, golden_sets.c.id == golden_versions.c.set_id)
    .outerjoin(golden_questions, golden_questions.c.version_id == golden_versions.c.id)
    .group_by(golden_sets.c.name, golden_versions.c.id)
)
_NEWEST = (
    select(golden_versions.c.set_id, func.max(golden_versions.c.number).label("number"))
    .group_by(golden_versions.c.set_id)
    .subquery()
)

Change = Callable[[tuple[Question, ...]], Iterable[Question]]


@dataclass(frozen=True, slots=True)
class GoldenVersion:
    """One state of a golden set.

    Attributes:
        number: From 1, per set.
        sha256: Of the questions in canonical JSON; equal for the same questions.
        note: Why it was made, in words; may be empty.
        created_by: Principal id.
        questions: How many, drafts among them.
        drafts: How many nobody has reviewed yet.
    """

    name: str
    number: int
    sha256: str
    note: str
    created_by: str
    created_at: datetime  # UTC
    questions: int
    drafts: int


class GoldenSets(ErasableGoldenSets):
    """Golden sets with all their versions, on SQLite or PostgreSQL; for administrators, who see every question.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def write(
        self, name: str, questions: Sequence[Question], *, by: str, note: str = "", after: int | None = None
    ) -> GoldenVersion:
        """Keep questions as the newest version of a set, which is made if missing.

        Args:
            name: 1 to 64 of the characters A-Z a-z 0-9 . _ -
            questions: All of them; what the version before had besides is gone from this one.
            by: Principal id of who does it.
            note: Why, in words.
            after: Number of the version that these were made from; 0 means that there must be no such set. None
                writes whatever is there.

        Returns:
            The new version, or the newest one when it holds the same questions already.

        Raises:
            InvalidInputError: The name, the note or a question cannot be kept; the message says which.
            ConflictError: The newest version is another than ``after``, or somebody wrote at the same moment.
        """
        return self._change(name, lambda _: questions, by=by, note=note, after=after)

    def add(self, name: str, questions: Sequence[Question], *, by: str, note: str = "") -> GoldenVersion:
        """Add questions to a set, which is made if missing.

        Those of an id that any version of the set ever had are passed over: a draft that was rejected stays so.

        Returns:
            The new version, or the newest one when there was nothing to add.

        Raises:
            InvalidInputError: As ``write``.
            ConflictError: Somebody wrote at the same moment.
        """
        known = self.keys(name)
        fresh = [question for question in questions if question.id not in known]

        def added(before: tuple[Question, ...]) -> Iterable[Question]:
            ids = {question.id for question in before}
            return [*before, *(question for question in fresh if question.id not in ids)]

        return self._change(name, added, by=by, note=note)

    def revise(
        self, name: str, changes: Sequence[tuple[Question, Question | None]], *, by: str, note: str = ""
    ) -> GoldenVersion:
        """Exchange questions, or take them out: how drafts are approved, edited and rejected; all of it or nothing.

        Args:
            name: Of the set.
            changes: Each question as it was looked at, once, and what stands there from now on, with the same id;
                None takes it out.
            by: Principal id of who does it.
            note: Why, in words.

        Returns:
            The one new version, or the newest one when nothing changes.

        Raises:
            NotFoundError: There is no such set, or no question of such an id in its newest version.
            InvalidInputError: As ``write``.
            ConflictError: A question was changed since it was looked at, or somebody wrote at the same moment.
        """
        self.version(name)
        after = {before.id: changed for before, changed in changes}

        def revised(questions: tuple[Question, ...]) -> Iterable[Question]:
            stored = {question.id: question for question in questions}
            for before, _ in changes:
                if before.id not in stored:
                    raise NotFoundError(f"no question {before.id!r} in the newest version of {name}")
                if stored[before.id] != before:
                    said = f"somebody changed the question {before.id!r} meanwhile: look at it and try again"
                    raise ConflictError(said)
            return [kept for one in questions if (kept := after.get(one.id, one)) is not None]

        return self._change(name, revised, by=by, note=note)

    def sets(self) -> list[GoldenVersion]:
        """Return the newest version of every set, sorted by name."""
        newest = _VERSIONS.join(
            _NEWEST, (_NEWEST.c.set_id == golden_versions.c.set_id) & (_NEWEST.c.number == golden_versions.c.number)
        )
        with self._reading() as connection:
            found = [_version(row) for row in connection.execute(newest)]
        return sorted(found, key=lambda version: version.name)

    def versions(self, name: str) -> list[GoldenVersion]:
        """Return all versions of a set, the newest first.

        Raises:
            NotFoundError: There is no such set.
        """
        found = self._found(name, _VERSIONS.where(golden_sets.c.name == name))
        if not found:
            raise NotFoundError(f"no golden set {name!r}")
        return found

    def version(self, name: str, number: int | None = None) -> GoldenVersion:
        """Return what is known of one version, the newest when no number is given.

        Raises:
            NotFoundError: There is no such set, or it has no such version.
        """
        statement = _VERSIONS.where(golden_sets.c.name == name)
        if number is None:
            found = self._found(name, statement.limit(1))
        else:
            known = 0 < number <= _MAX_NUMBER
            found = self._found(name, statement.where(golden_versions.c.number == number)) if known else []
        if not found:
            raise NotFoundError(f"no golden set {name!r}" + (f" with a version {number}" if number is not None else ""))
        return found[0]

    def get(self, name: str, version: int | None = None) -> GoldenSet:
        """Return the questions of a version, the newest when no number is given.

        Returns:
            Questions in their order, drafts among them; with name and version.

        Raises:
            NotFoundError: There is no such set, or it has no such version.
        """
        found = self.version(name, version)
        with self._reading() as connection:
            questions = _questions(connection, name, found.number)
        return GoldenSet(questions, name=name, version=found.number)

    def keys(self, name: str) -> set[str]:
        """Return the ids of all questions that any version of a set has or had; empty when there is no such set."""
        statement = (
            select(golden_questions.c.key)
            .distinct()
            .join(golden_versions, golden_versions.c.id == golden_questions.c.version_id)
            .join(golden_sets, golden_sets.c.id == golden_versions.c.set_id)
            .where(golden_sets.c.name == _checked_name(name))
        )
        with self._reading() as connection:
            return set(connection.scalars(statement))

    def delete(self, name: str) -> None:
        """Delete a set with all its versions; reports of runs keep what they measured.

        Raises:
            NotFoundError: There is no such set.
        """
        if _NAME.fullmatch(name):
            with self._writing() as connection:
                if connection.execute(delete(golden_sets).where(golden_sets.c.name == name)).rowcount:
                    return
        raise NotFoundError(f"no golden set {name!r}")

    def _found(self, name: str, statement: Select[Any]) -> list[GoldenVersion]:
        if not _NAME.fullmatch(name):
            return []
        with self._reading() as connection:
            return [_version(row) for row in connection.execute(statement.order_by(desc(golden_versions.c.number)))]

    def _change(self, name: str, change: Change, *, by: str, note: str, after: int | None = None) -> GoldenVersion:
        _checked_name(name)
        if not storable(note + by):
            raise InvalidInputError("the note holds a NUL character or half of a surrogate pair")
        try:
            with self._writing() as connection:
                number = _written(connection, name, change, (by, note), after)
        except IntegrityError as error:
            # Two made the set, or on PostgreSQL the same number of it, at one moment: the other one was first.
            raise ConflictError(f"somebody changed the golden set {name} at the same moment; try again") from error
        return self.version(name, number)


def _written(connection: Connection, name: str, change: Change, made: tuple[str, str], after: int | None) -> int:
    # Locked, so that on PostgreSQL too whoever comes second changes what the first has written.
    set_id = connection.scalar(select(golden_sets.c.id).where(golden_sets.c.name == name).with_for_update())
    now = datetime.now(UTC)
    number = 0
    before: tuple[Question, ...] = ()
    if set_id is not None:
        newest = select(func.max(golden_versions.c.number)).where(golden_versions.c.set_id == set_id)
        number = connection.scalar(newest) or 0
        before = _questions(connection, name, number)
    if after is not None and after != number:
        raise ConflictError(f"the newest version of {name} is {number}, not {after}: look at it and try again")
    questions = checked(change(before))
    if number and GoldenSet(questions).sha256 == GoldenSet(before).sha256:
        return number
    if set_id is None:
        set_id = uuid4().hex
        connection.execute(insert(golden_sets).values(id=set_id, name=name, created_at=now))
    version = {"id": uuid4().hex, "set_id": set_id, "number": number + 1, "sha256": GoldenSet(questions).sha256}
    by, note = made
    connection.execute(insert(golden_versions).values(version | {"created_by": by, "note": note, "created_at": now}))
    rows = [
        {"version_id": version["id"], "key": q.id, "ordinal": n, "draft": q.draft, "payload": to_row(q)}
        for n, q in enumerate(questions)
    ]
    for start in range(0, len(rows), _BATCH_ROWS):
        connection.execute(insert(golden_questions), rows[start : start + _BATCH_ROWS])
    return number + 1


def _questions(connection: Connection, name: str, number: int) -> tuple[Question, ...]:
    statement = (
        select(golden_questions.c.payload)
        .join(golden_versions, golden_versions.c.id == golden_questions.c.version_id)
        .join(golden_sets, golden_sets.c.id == golden_versions.c.set_id)
        .where(golden_sets.c.name == name, golden_versions.c.number == number)
        .order_by(golden_questions.c.ordinal)
    )
    return questions_of(connection.scalars(statement).all())


def _checked_name(name: str) -> str:
    # "." and ".." would be lost from the path of a request.
    if not _NAME.fullmatch(name) or not name.strip("."):
        raise InvalidInputError(f"{name!r} cannot name a golden set: 1 to 64 of A-Z a-z 0-9 . _ - are allowed")
    return name


def _version(row: Row[Any]) -> GoldenVersion:
    counts = {"questions": int(row.questions), "drafts": int(row.drafts)}
    return GoldenVersion(row.name, row.number, row.sha256, row.note, row.created_by, row.created_at, **counts)
