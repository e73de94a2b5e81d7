"""The queue of review: filled from what was asked, given to raters as far as they may read, and what they say of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Literal
from uuid import uuid4

from app.bootstrap import Services
from app.reviewing import Complaint, Found, QuestionGroup, complaints, everything_asked, group, questions_shown
from eval.review_store import Origin, Outcome, Task, TaskKind, TaskPassage
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.guard import guarded
from retrieval.rows import to_chunks
from retrieval.types import Passage, Principal

MAX_PASSAGES = 8
"""Most passages of a task: what was offered first, then what else a fresh search finds."""

MAX_WAITING = 2_000
"""Most tasks that wait for raters."""

_MAX_SHOWN = 500
_AT_ONCE = 25
_LEAST_ASKED = 2

_Anchor = tuple[str, str]
"""A document, and the hash of a chunk's text in it."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What came of filling the queue.

    Attributes:
        added: Tasks by kind.
        known: Groups one of whose questions stands in the queue, or stood there.
        without: Groups of which no passage is left that may be read.
    """

    added: Mapping[TaskKind, int]
    known: int
    without: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A task as one rater sees it.

    Attributes:
        passages: Of it, by their ids in the task: those that did not go stale and that the rater may read.
        hidden: How many the rater may not read.
    """

    task: Task
    question: Complaint
    passages: Mapping[str, Passage]
    hidden: int


def fill(services: Services, kinds: Collection[TaskKind], *, principal: Principal, limit: int) -> Filled:
    """Put questions into the queue, one of each group: the one in its middle.

    Args:
        services: The server's.
        kinds: Rated down, without an answer, asked most; each kind gets its turn in the order in which it is named.
        principal: Who fills it: only what may be shown to them is taken.
        limit: Most tasks to add.

    Returns:
        What was added and what was not.

    Raises:
        ConflictError: The queue is full.
    """
    room = _room(services)
    added: dict[TaskKind, int] = {}
    known = without = 0
    tasked = set(services.reviews.tasked())
    for kind in dict.fromkeys(kinds):
        for one in _groups(services, kind, principal).groups:
            if sum(added.values()) >= min(limit, room):
                break
            ids = {question.asked.id for question in one.questions}
            if one.dismissed:
                continue
            if ids & tasked:
                known += 1
            elif _added(services, one, kind, principal):
                added[kind] = added.get(kind, 0) + 1
                tasked |= ids
            else:
                without += 1
    return Filled(added, known, without)


def fill_with(services: Services, interaction_id: str, *, principal: Principal) -> Filled:
    """Put one group of questions into the queue, whatever became of it.

    Args:
        services: The server's.
        interaction_id: Any of its questions.
        principal: Who fills it: only what may be shown to them is taken.

    Returns:
        As ``fill``.

    Raises:
        NotFoundError: There is no such group among what they may see.
        ConflictError: The queue is full.
    """
    _room(services)
    for one in _groups(services, "all", principal).groups:
        ids = {question.asked.id for question in one.questions}
        if interaction_id not in ids:
            continue
        kind: TaskKind = "low_rated" if any(question.down for question in one.questions) else "abstained"
        if ids & set(services.reviews.tasked()):
            return Filled({}, 1, 0)
        return Filled({kind: 1}, 0, 0) if _added(services, one, kind, principal) else Filled({}, 0, 1)
    raise NotFoundError(f"no group {interaction_id}")


def next_task(services: Services, *, principal: Principal, after: str | None = None) -> Shown | None:
    """Return the next task of a rater: one that somebody else graded first; None where none is left for them.

    Tasks whose passages all went stale are taken out of the queue on the way. The task ``after`` which it comes is
    passed over: the rater has it before them.
    """
    waiting = [task for task in services.reviews.waiting(principal.id, limit=_MAX_SHOWN) if task.id != after]
    for start in range(0, len(waiting), _AT_ONCE):
        tasks = waiting[start : start + _AT_ONCE]
        questions = questions_shown(services, [task.interaction_id for task in tasks], principal=principal)
        for task in tasks:
            if task.interaction_id not in questions:
                continue
            found = shown_passages(services, task, questions[task.interaction_id], principal=principal)
            if found.passages:
                return found
            if not found.hidden:
                services.reviews.remove(task.id)
    return None


def task_shown(services: Services, task_id: str, *, principal: Principal) -> Shown:
    """Return a task as somebody sees it.

    Raises:
        NotFoundError: There is none, or they may not be shown its question.
    """
    task = services.reviews.task(task_id)
    question = questions_shown(services, [task.interaction_id], principal=principal).get(task.interaction_id)
    if question is None:
        raise NotFoundError(f"no task {task_id}")
    return shown_passages(services, task, question, principal=principal)


def rate(
    services: Services, task_id: str, *, principal: Principal, outcome: Outcome, grades: Mapping[str, int]
) -> Outcome:
    """Keep what a rater says of a task.

    Args:
        services: The server's.
        task_id: Which.
        principal: The rater.
        outcome: ``graded`` with a grade for each passage that they see; ``none``: none of them answers; ``skipped``.
        grades: Passage id -> 0, 1 or 2; those of passages that went stale meanwhile are passed over.

    Returns:
        What it comes to: where all grades are 0, ``none``.

    Raises:
        NotFoundError: There is no such task, or its question is not for them to see.
        InvalidInputError: A passage has no grade, or the task has no such passage.
        ConflictError: Somebody else graded it since they did.
    """
    found = task_shown(services, task_id, principal=principal)
    if grades.keys() - {passage.id for passage in found.task.passages}:
        raise InvalidInputError("a grade names no passage of the task")
    if outcome == "skipped":
        services.reviews.rate(found.task, principal.id, outcome, {})
        return outcome
    if not found.passages:
        raise ConflictError("all passages of the task went stale: take the next one")
    given = dict.fromkeys(found.passages, 0) if outcome == "none" else grades
    if found.passages.keys() - given.keys():
        raise InvalidInputError("each passage needs a grade")
    kept = {key: given[key] for key in found.passages}
    outcome = "graded" if any(kept.values()) else "none"
    services.reviews.rate(found.task, principal.id, outcome, kept)
    return outcome


def passages_of(services: Services, chunk_ids: Sequence[str], *, principal: Principal) -> dict[str, Passage]:
    """Return chunks as somebody may read them at this moment, without what guards mask; by chunk id."""
    rows = services.catalog.passages_for(chunk_ids, principal=principal)
    chunks = to_chunks([row.row for row in rows.values()])
    found = [
        Passage(chunk, row.collection, row.title, row.uri, score=0.0)
        for chunk, row in zip(chunks, rows.values(), strict=True)
    ]
    guard = services.guards.guard(None, principal)
    return {passage.chunk.id: passage for passage in guarded(found, guard)}


def _room(services: Services) -> int:
    progress = services.reviews.progress()
    room = MAX_WAITING - progress.waiting - progress.one_rater
    if room <= 0:
        raise ConflictError(f"{MAX_WAITING:,} tasks wait for raters: the queue takes no more")
    return room


def _groups(services: Services, kind: TaskKind | Literal["all"], principal: Principal) -> Found:
    if kind == "most_asked":
        found = group(services, everything_asked(services, principal=principal))
        return replace(found, groups=tuple(one for one in found.groups if len(one.questions) >= _LEAST_ASKED))
    return group(services, complaints(services, principal=principal, since=None, kind=kind))


def _added(services: Services, group: QuestionGroup, kind: TaskKind, principal: Principal) -> bool:
    asked = next(one.asked for one in group.questions if one.asked.question.strip() == group.title)
    candidates: list[tuple[str, Origin]] = [(key, "answer") for key in asked.chunk_ids[:MAX_PASSAGES]]
    fresh = services.retriever.retrieve(group.title, principal=principal, limit=MAX_PASSAGES)
    candidates += [(passage.chunk.id, "search") for passage in fresh]
    readable = passages_of(services, [key for key, _ in candidates], principal=principal)
    chosen: dict[tuple[str, str], TaskPassage] = {}
    for chunk_id, origin in candidates:
        if chunk_id in readable:
            anchor = _anchor(readable[chunk_id])
            chosen.setdefault(anchor, TaskPassage(uuid4().hex, anchor[0], chunk_id, anchor[1], origin))
    passages = list(chosen.values())[:MAX_PASSAGES]
    return bool(passages) and services.reviews.add_task(asked.id, kind, passages, by=principal.id)


def shown_passages(services: Services, task: Task, question: Complaint, *, principal: Principal) -> Shown:
    """Return a task whose question may be shown, with the passages that did not go stale and that may be read."""
    wanted = {one.id: (one.document_id, one.chunk_sha256) for one in task.passages}
    here = passages_of(services, [one.chunk_id for one in task.passages], principal=principal)
    known = {one.id: here[one.chunk_id] for one in task.passages if one.chunk_id in here}
    known = {key: passage for key, passage in known.items() if _anchor(passage) == wanted[key]}
    # The others went stale, may not be read, or stand in a newer revision under another id.
    moved = _moved(services, [one for one in task.passages if one.id not in known])
    readable = passages_of(services, list(moved.values()), principal=principal)
    known |= {key: readable[chunk_id] for key, chunk_id in moved.items() if chunk_id in readable}
    hidden = len(moved.keys() - known.keys())
    return Shown(task, question, {key: known[key] for key in wanted if key in known}, hidden)


def _moved(services: Services, wanted: Sequence[TaskPassage]) -> dict[str, str]:
    """Find the live chunks that have the texts of passages; asked on nobody's behalf.

    Returns:
        Their ids, by those of the passages.
    """
    # One that only may not be read is where it was: a long document is not gone through for it.
    there = _live(services, {one.document_id for one in wanted}, only=[one.chunk_id for one in wanted])
    for document_id in {one.document_id for one in wanted if (one.document_id, one.chunk_sha256) not in there}:
        there |= _live(services, {document_id})
    anchors = {one.id: (one.document_id, one.chunk_sha256) for one in wanted}
    return {key: there[anchor] for key, anchor in anchors.items() if anchor in there}


def _live(
    services: Services, document_ids: Collection[str], *, only: Sequence[str] | None = None
) -> dict[_Anchor, str]:
    there: dict[_Anchor, str] = {}
    for chunk_id, document_id, text in services.catalog.live_texts(sorted(document_ids), only=only):
        there.setdefault((document_id, text_sha256(text)), chunk_id)
    return there


def _anchor(passage: Passage) -> _Anchor:
    return passage.chunk.document_id, text_sha256(passage.chunk.text)


def text_sha256(text: str) -> str:
    """Return by what a chunk's text is known, as ``finetune.resolve.anchor_of`` has it."""
    return sha256(text.encode()).hexdigest()
