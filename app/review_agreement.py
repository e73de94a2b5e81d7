"""Grades of raters -> how far they agree, where they do not, and what of it golden questions are made of."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.bootstrap import Services
from app.review_queue import Shown, shown_passages
from app.reviewing import questions_shown
from eval.agreement import Agreement, Graded, agreements
from eval.golden_review import AgreedPassage, AgreedQuestion
from eval.review_store import Task
from finetune.reviewed import agreed
from retrieval.types import Passage, Principal


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A passage that raters graded differently.

    Attributes:
        grades: Principal id -> grade.
    """

    task_id: str
    interaction_id: str
    question: str
    passage_id: str
    passage: Passage
    grades: Mapping[str, int]

    @property
    def spread(self) -> int:
        """How far the grades lie apart."""
        return max(self.grades.values()) - min(self.grades.values())


@dataclass(frozen=True, slots=True)
class Compared:
    """How raters agree.

    Attributes:
        together: All pairs of raters.
        each: Each pair, those with most passages first.
        differing: Passages with different grades, whether or not they are shown.
        disagreements: Of those the ones that may be shown, those that lie farthest apart first.
    """

    together: Agreement
    each: tuple[Agreement, ...]
    differing: int
    disagreements: tuple[Disagreement, ...]


def compared(services: Services, *, principal: Principal, limit: int) -> Compared:
    """Compare raters: an administrator is told of all figures, a curator of those about questions that they may see.

    Args:
        services: The server's.
        principal: Who asks; passages are shown that they may read.
        limit: Most disagreements.

    Returns:
        The figures of the last 2,000 tasks with two raters.
    """
    tasks = services.reviews.compared()
    questions = questions_shown(services, [task.interaction_id for task in tasks], principal=principal)
    if not principal.administrator:
        tasks = [task for task in tasks if task.interaction_id in questions]
    graded = services.reviews.graded([task.id for task in tasks])
    together, each = agreements(graded)
    grades = _by_passage(graded)
    differing = {key for key, said in grades.items() if len(set(said.values())) > 1}
    found = [
        Disagreement(task.id, task.interaction_id, shown.question.asked.question, key, passage, grades[task.id, key])
        for task in _widest(tasks, grades, differing)[:limit]
        if task.interaction_id in questions
        for shown in [shown_passages(services, task, questions[task.interaction_id], principal=principal)]
        for key, passage in shown.passages.items()
        if (task.id, key) in differing
    ]
    found.sort(key=lambda one: -one.spread)
    return Compared(together, each, len(differing), tuple(found[:limit]))


def agreed_questions(services: Services, *, principal: Principal) -> tuple[list[AgreedQuestion], int]:
    """Return the questions of which raters agree which passage answers them, as far as the principal may read.

    Returns:
        The newest first; and how many were left out because their question or passages may not be shown.
    """
    tasks = services.reviews.compared()
    questions = questions_shown(services, [task.interaction_id for task in tasks], principal=principal)
    grades = _by_passage(services.reviews.graded([task.id for task in tasks]))
    found, hidden = [], 0
    for task in tasks:
        known = {one.id: agreed(list(grades.get((task.id, one.id), {}).values())) for one in task.passages}
        if 2 not in known.values():
            continue
        made = None
        if task.interaction_id in questions:
            shown = shown_passages(services, task, questions[task.interaction_id], principal=principal)
            made = _agreed(shown, known)
        found += [made] if made is not None else []
        hidden += made is None
    return found, hidden


def _agreed(shown: Shown, grades: Mapping[str, int | None]) -> AgreedQuestion | None:
    passages = tuple(
        AgreedPassage(passage.uri, passage.chunk.text, grade, quoted=not passage.masks)
        for key, passage in shown.passages.items()
        for grade in [grades.get(key)]
        if grade
    )
    if not any(passage.grade == 2 for passage in passages):
        return None
    return AgreedQuestion(shown.task.interaction_id, shown.question.asked.question.strip(), passages)


def _by_passage(graded: Sequence[Graded]) -> dict[tuple[str, str], dict[str, int]]:
    grades: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for one in graded:
        grades[one.task_id, one.passage_id][one.rater] = one.grade
    return grades


def _widest(
    tasks: Sequence[Task], grades: Mapping[tuple[str, str], Mapping[str, int]], differing: set[tuple[str, str]]
) -> list[Task]:
    """Return the tasks with differing grades, those that lie farthest apart first, then the newest."""
    spread: dict[str, int] = {}
    for key in differing:
        said = grades[key].values()
        spread[key[0]] = max(spread.get(key[0], 0), max(said) - min(said))
    return sorted((task for task in tasks if task.id in spread), key=lambda task: -spread[task.id])
