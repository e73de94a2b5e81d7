"""How the gate's report on a candidate looks in the API."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from finetune.types import RungName
from finetune.verdict import Decision
from finetune.verdict import Outcome as CheckOutcome


class GainBody(BaseModel):
    """What a candidate gains over questions that it did not learn from."""

    before: float | None = Field(description="nDCG@10 (0 to 1) of what is live; null where it cannot be measured.")
    after: float | None = Field(description="Of the candidate.")
    value: float | None = Field(description="After less before.")
    low: float | None = Field(description="Of the 95 % interval of `value`.")
    high: float | None
    bound: float | None = Field(description="What it gains at least, with 95 % confidence; below 0 it may be a loss.")
    p_better: float | None = Field(description="How often chance alone gains as much, before Holm.")
    p_value: float | None = Field(description="How often chance alone changes as much, either way.")
    questions: int = Field(description="Groups of questions; nearly the same ones are one.")
    missing: int = Field(description="Questions that one side could not be measured on.")
    verdict: str = Field(description="What the two-sided comparison says.")
    more_questions: int | None = Field(description="How many more would tell, where they are too few.")
    detectable: float | None = Field(description="The smallest gain that so many questions find in 4 of 5 tries.")


class CheckBody(BaseModel):
    """One condition beside the gain."""

    name: str
    outcome: CheckOutcome
    detail: str = Field(description="What was found, in words.")
    value: float | None
    limit: float | None = Field(description="What `value` is held against.")
    more_questions: int | None


class GateChangeBody(BaseModel):
    """A question that changed much; its words are nowhere."""

    question: str = Field(description="A hash of its words.")
    before: float
    after: float


class KindGainBody(BaseModel):
    """What the questions of one kind gain."""

    name: str = Field(examples=["words=1-4"])
    questions: int
    value: float
    low: float | None = Field(description="Of the 95 % interval.")
    high: float | None


class SpreadBody(BaseModel):
    """How the gain lies over the questions."""

    differences: list[float] = Field(
        description="What each question gains, the most first; of more than 500 as many, evenly taken."
    )
    kinds: list[KindGainBody] = Field(description="By the kind of question, from five questions on; kinds overlap.")


class GateReportBody(BaseModel):
    """What the gate says of a candidate."""

    recipe: list[RungName] = Field(description="Rungs of the candidate.")
    against: list[RungName] = Field(description="Rungs of what was live; empty where nothing was.")
    verdict: Decision
    reasons: list[str]
    more_questions: int | None = Field(description="How many more it takes to tell, where that can be said.")
    gain: GainBody | None = Field(description="Null where nothing was measured.")
    p_adjusted: float | None = Field(description="Of the gain, after Holm over the candidates of the run.")
    checks: list[CheckBody] = Field(description="In the order they were made; the one that refuses is the last.")
    gains: list[GateChangeBody] = Field(description="The ten questions that gain the most.")
    losses: list[GateChangeBody] = Field(description="The ten that lose the most.")
    questions: int = Field(description="That were measured.")
    seed: int
    seal: str | None = Field(description="Of the test that is opened once, where it was.")
    spread: SpreadBody | None = Field(
        default=None, description="Null where nothing was measured, or before there was one."
    )
    summary: str


def report_body(report: Mapping[str, Any] | None) -> GateReportBody | None:
    """Shape a report for the API."""
    return None if report is None else GateReportBody.model_validate(report)


def gain_body(report: Mapping[str, Any] | None) -> GainBody | None:
    """Shape what a candidate gains for the API; None where nothing was measured."""
    gain = (report or {}).get("gain")
    return None if gain is None else GainBody.model_validate(gain)
