"""What the routes of evaluations take and give."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Verdict = Literal["not tested", "better", "worse", "no difference found", "not enough data"]


class EvaluationBody(BaseModel):
    """What to measure."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"set": "handbook"}]})

    set: str = Field(min_length=1, max_length=64, description="Name of a golden set.")
    version: int | None = Field(default=None, ge=1, description="The newest when left out.")
    kind: Literal["answers", "retrieval"] = "answers"
    collection: str | None = Field(default=None, max_length=64, description="Ask this collection only.")


class EvaluationRunBody(BaseModel):
    """A run as it is listed."""

    id: str
    kind: str = Field(examples=["answers"])
    golden: str = Field(examples=["handbook"])
    golden_version: int | None = Field(description="Null for files, and for runs that an older server kept.")
    questions: int | None = Field(description="Null for runs that an older server kept.")
    accepted: bool = Field(description="Whether later runs are held against it.")
    created_at: str = Field(examples=["2026-11-21T09:00:00+00:00"])
    primary: str | None = Field(description="The figure to look at; null when none could be measured.")
    figures: dict[str, float | None] = Field(description="Null where a figure could not be measured.")
    intervals: dict[str, list[float]] = Field(description="Of 95 %, where one can be given.")
    settings: dict[str, Any]


class EvaluationRunsBody(BaseModel):
    """Runs, the newest first."""

    runs: list[EvaluationRunBody]


class KeptBody(BaseModel):
    """A report that was kept."""

    id: str


class FigureBody(BaseModel):
    """A figure with its 95 % interval."""

    value: float | None = Field(description="Null where it could not be measured.")
    low: float | None
    high: float | None
    questions: int = Field(description="How many say something.")


class MeasureBody(BaseModel):
    """What a figure is."""

    meaning: str
    better: Literal["higher", "lower"]
    share: bool = Field(description="Whether it lies in [0, 1]; the others are times, tokens and money.")


class DetailBody(BaseModel):
    """A question and what came of it, in words."""

    text: str
    expected: list[str] = Field(description="Documents that answer it.")
    found: list[str] = Field(description="Documents that were found, the best first.")
    answer: str | None
    reference: str | None
    cited: list[str]
    named: list[str]


class WrongBody(BaseModel):
    """A question that went wrong."""

    question: str
    score: float | None = Field(description="On the primary figure; null where nobody can say.")
    why: str


class SliceFigureBody(BaseModel):
    """A figure of a slice."""

    value: float | None
    low: float | None
    high: float | None
    n: int


class SliceBody(BaseModel):
    """The questions with one value of a tag."""

    tag: str
    value: str
    questions: int
    small: bool = Field(description="Under five questions: too small to rank.")
    figures: dict[str, SliceFigureBody] = Field(description="The primary one first.")


class GapBody(BaseModel):
    """How far the best and the worst value of a tag lie apart."""

    tag: str
    figure: str
    best: str
    worst: str
    gap: float
    low: float | None
    high: float | None
    p_value: float
    p_adjusted: float
    chance: bool = Field(description="Whether it may well be chance.")


class ProvenanceBody(BaseModel):
    """Where a report comes from."""

    id: str
    started_at: str
    golden: str
    golden_version: int | None
    golden_sha256: str
    corpus_epoch: int
    seed: int
    versions: dict[str, str]
    corpus_sha256: str


class FailedBody(BaseModel):
    """A document that could not be read for the run."""

    path: str
    reason: str


class ReportBody(BaseModel):
    """A whole report."""

    format: int
    kind: str
    accepted: bool
    primary: str | None = Field(description="The figure that slices look at; null when none could be measured.")
    measures: dict[str, MeasureBody] = Field(description="What each figure is.")
    provenance: ProvenanceBody
    figures: dict[str, FigureBody]
    scores: dict[str, dict[str, float | None]] = Field(description="Question -> column -> value.")
    tags: dict[str, dict[str, str]]
    details: dict[str, DetailBody]
    wrong: list[WrongBody] = Field(description="The questions that went wrong, the worst first.")
    counts: dict[str, int | float | str]
    fingerprint: str
    settings: dict[str, Any]
    failed: list[FailedBody]
    skipped: dict[str, int]
    notes: list[str]
    slices: list[SliceBody] = Field(description="The worst first, those too small to rank at the end.")
    gaps: list[GapBody]


class DifferenceBody(BaseModel):
    """What changed in a figure, over the questions that both runs know."""

    before: float | None
    after: float | None
    value: float | None = Field(description="After less before.")
    low: float | None = Field(description="Of the 95 % interval.")
    high: float | None
    bound: float | None
    p_value: float | None
    p_better: float | None
    questions: int
    missing: int
    detectable: float | None = Field(description="Smallest difference that these questions find in 4 of 5 tries.")
    verdict: Verdict
    more_questions: int | None = Field(description="How many more it takes to tell.")


class ChangeBody(BaseModel):
    """A question whose score changed."""

    question: str
    before: float
    after: float


class WordedChangeBody(ChangeBody):
    """The same with the question's words."""

    text: str


class SliceChangeBody(BaseModel):
    """What changed in the questions with one value of a tag."""

    tag: str
    value: str
    p_adjusted: float = Field(description="After Holm over the slices.")
    difference: DifferenceBody


class SharedBody(BaseModel):
    """How many questions are compared."""

    both: int
    only_before: int
    only_after: int


class ComparisonBody(BaseModel):
    """Two runs question by question."""

    kind: str
    before: str
    after: str
    primary: str | None
    measures: dict[str, MeasureBody]
    figures: dict[str, DifferenceBody]
    settings: dict[str, list[Any]] = Field(description="What is set differently: before and after.")
    fingerprints: list[str] | None
    golden: list[str] | None
    questions: SharedBody
    changes: list[ChangeBody] = Field(description="Where the primary figure changed most, at most 20.")
    differences: list[WordedChangeBody] = Field(description="Every question that changed, what lost most first.")
    slices: list[SliceChangeBody] = Field(description="Of five questions or more, what lost most first.")
    notes: list[str]


class UsageBody(BaseModel):
    """How people fared; a rate without anything to count is null."""

    questions: int
    people: int
    thumbs_up: int
    thumbs_down: int
    thumbs_up_rate: float | None
    corrections: int
    reformulations: int
    reformulation_rate: float | None
    sessions: int
    abandoned: int
    abandonment_rate: float | None
    abstentions: int
    abstention_rate: float | None
