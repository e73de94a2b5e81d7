"""What the queue of review looks like in the API: tasks, what raters say of them, and how they agree."""

from dataclasses import asdict
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.review_agreement import Compared, Disagreement
from app.review_queue import Filled, Shown
from eval.agreement import Agreement, Kappa
from eval.review_store import Outcome, Progress, TaskKind
from retrieval.types import Passage


class QueueBody(BaseModel):
    """From what the queue is filled."""

    model_config = ConfigDict(extra="forbid")

    kinds: list[TaskKind] = Field(default=["low_rated", "abstained", "most_asked"], min_length=1, max_length=3)
    limit: int = Field(default=50, ge=1, le=200, description="Most tasks to add.")
    group: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="Only this group, as listed or by any of its questions; the kinds are not heeded."
    )


class QueueProgressBody(BaseModel):
    """Tasks by how many people graded them."""

    waiting: int = Field(description="Nobody did yet.")
    one_rater: int
    done: int = Field(description="Two or more.")


class FilledBody(BaseModel):
    """What came of filling the queue."""

    added: dict[TaskKind, int]
    known: int = Field(description="Groups that are, or were, in the queue.")
    without: int = Field(description="Groups of which there is no passage to grade.")
    progress: QueueProgressBody


class PassageToGradeBody(BaseModel):
    """A passage to be graded."""

    passage_id: str
    document_id: str
    chunk_id: str
    title: str
    uri: str
    collection: str
    section: list[str]
    page: int | None
    text: str
    masked: bool = Field(description="Secrets or personal data in the text are replaced by marks.")


class TaskBody(BaseModel):
    """A question whose passages are to be graded."""

    id: str
    interaction_id: str
    question: str
    kind: TaskKind
    passages: list[PassageToGradeBody]
    hidden: int = Field(description="Passages that you may not read: others grade them.")


class NextBody(BaseModel):
    """The next task of yours; null where none is left."""

    task: TaskBody | None
    progress: QueueProgressBody


Grade = Annotated[int, Field(ge=0, le=2)]
PassageId = Annotated[str, Field(min_length=1, max_length=64)]


class LabelsBody(BaseModel):
    """What you say of a task: one of the three."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"grades": {"5f0c": 2, "77c1": 0}}]})

    grades: dict[PassageId, Grade] | None = Field(
        default=None, max_length=50, description="`passage_id` -> 0 does not answer, 1 partly, 2 answers; for each."
    )
    none: bool = Field(default=False, description="None of them answers.")
    skip: bool = Field(default=False, description="Somebody else should say.")

    @model_validator(mode="after")
    def _one_of_three(self) -> "LabelsBody":
        if (self.grades is not None) + self.none + self.skip != 1:
            raise ValueError("give grades, or none, or skip")
        return self

    @property
    def outcome(self) -> Outcome:
        """What it comes to, as far as it says so itself."""
        return "skipped" if self.skip else "none" if self.none else "graded"


class LabelledBody(BaseModel):
    """What is kept of what you said."""

    task_id: str
    outcome: Outcome


class KappaBody(BaseModel):
    """Agreement beyond chance, with the interval that holds it in 95 of 100 such sets of questions."""

    value: float | None = Field(description="Null where nothing was graded twice, or chance alone always agrees.")
    low: float | None
    high: float | None


class AgreementBody(BaseModel):
    """How raters agree."""

    raters: list[str] = Field(description="The two; empty for all pairs together.")
    pairs: int = Field(description="Passages that two raters graded.")
    tasks: int = Field(description="Questions of these.")
    same: float | None = Field(description="Share with equal grades.")
    kappa: KappaBody
    weighted: KappaBody = Field(description="Linearly: 0 and 2 differ twice as much as 0 and 1.")


class DisagreementBody(BaseModel):
    """A passage that raters graded differently."""

    task_id: str
    interaction_id: str
    question: str
    passage: PassageToGradeBody
    grades: dict[str, int] = Field(description="Principal id -> grade.")


class ComparedBody(BaseModel):
    """How raters agree, together and two by two."""

    together: AgreementBody
    each: list[AgreementBody]
    differing: int = Field(description="Passages with different grades.")
    disagreements: list[DisagreementBody] = Field(description="Those you may read, the farthest apart first.")


class NewGoldenBody(BaseModel):
    """Where golden questions go."""

    model_config = ConfigDict(extra="forbid")

    set: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")] = Field(description="Made if there is none.")


class GoldenMadeBody(BaseModel):
    """What came of making golden questions."""

    set: str
    version: int
    added: int
    known: int = Field(description="Questions that the set has, or had.")
    hidden: int = Field(description="Questions whose passages you may not read, or went stale.")


def progress_body(progress: Progress) -> QueueProgressBody:
    """Shape the progress of the queue for the API."""
    return QueueProgressBody(**asdict(progress))


def filled_body(filled: Filled, progress: Progress) -> FilledBody:
    """Shape what came of filling the queue for the API."""
    return FilledBody(
        added=dict(filled.added), known=filled.known, without=filled.without, progress=progress_body(progress)
    )


def task_body(shown: Shown) -> TaskBody:
    """Shape a task for a rater; what was offered and what was found stand there alike."""
    return TaskBody(
        id=shown.task.id,
        interaction_id=shown.task.interaction_id,
        question=shown.question.asked.question,
        kind=shown.task.kind,
        passages=[_passage(key, passage) for key, passage in shown.passages.items()],
        hidden=shown.hidden,
    )


def compared_body(found: Compared) -> ComparedBody:
    """Shape how raters agree for the API."""
    return ComparedBody(
        together=_agreement(found.together),
        each=[_agreement(one) for one in found.each],
        differing=found.differing,
        disagreements=[_disagreement(one) for one in found.disagreements],
    )


def _passage(key: str, passage: Passage) -> PassageToGradeBody:
    chunk = passage.chunk
    return PassageToGradeBody(
        passage_id=key,
        document_id=chunk.document_id,
        chunk_id=chunk.id,
        title=passage.title,
        uri=passage.uri,
        collection=passage.collection,
        section=list(chunk.section),
        page=chunk.places[0].page if chunk.places else None,
        text=passage.shown(),
        masked=bool(passage.masks),
    )


def _agreement(found: Agreement) -> AgreementBody:
    return AgreementBody(
        raters=list(found.raters),
        pairs=found.pairs,
        tasks=found.tasks,
        same=found.same,
        kappa=_kappa(found.kappa),
        weighted=_kappa(found.weighted),
    )


def _kappa(found: Kappa) -> KappaBody:
    return KappaBody(**asdict(found))


def _disagreement(one: Disagreement) -> DisagreementBody:
    return DisagreementBody(
        task_id=one.task_id,
        interaction_id=one.interaction_id,
        question=one.question,
        passage=_passage(one.passage_id, one.passage),
        grades=dict(one.grades),
    )
