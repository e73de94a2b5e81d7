"""How candidates and trials look in the API."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.routes.report_bodies import GainBody, GateReportBody, gain_body
from finetune.e_value import STOP, e_value
from finetune.registry import Candidate
from finetune.sets import KeptSet
from finetune.trials import Kind, State, Trial
from finetune.types import CandidateState, Need, RungName

_MOST = 1e9  # an e-value beyond all doubt; larger ones fit no JSON


class TrialBody(BaseModel):
    """A comparison of a candidate with what is live."""

    id: str
    candidate_id: str
    against: str | None = Field(description="What was live; null where nothing was.")
    kind: Kind
    state: State
    share: float = Field(description="Of requests; for `share`, of people.")
    wins: int = Field(description="Answers that the candidate won.")
    losses: int
    ties: int
    figures: Mapping[str, Any] = Field(description="What was measured: overlap, displacement, times, errors.")
    reason: str = Field(description="Why it ended.")
    e_value: float | None = Field(description="What the wins say against chance; null where readers decide nothing.")
    decides_at: float = Field(description="The e-value at which it ends.")
    started_by: str = Field(description="Principal id.")
    started_at: datetime
    ended_at: datetime | None


class NeedBody(BaseModel):
    """What a rung of the ladder still needs."""

    rung: RungName
    have: int = Field(description="Labelled questions at the last training; of `generator`, approved corrections now.")
    counted: str = Field(description="What `have`, `least` and `missing` count, one of it.")
    least: int
    missing: int
    lacks: str = Field(description="What the server has not got for it, in words; empty where it has everything.")
    summary: str = Field(examples=["61 more labelled questions"])


class LearningBody(BaseModel):
    """What is learned, and what it takes to learn more."""

    live: str | None = Field(description="Id of the candidate that is live; null where nothing learned is.")
    serves: str | None = Field(description="Id of the candidate that serves: the same, unless there is trouble.")
    trouble: str | None = Field(description="Why the candidate that is live does not serve; null when it does.")
    trial: TrialBody | None = Field(description="The one that runs.")
    candidates: dict[CandidateState, int] = Field(description="How many there are, by state.")
    rungs: list[NeedBody]


class CandidateBody(BaseModel):
    """Something learned that could serve, or does."""

    id: str
    rung: RungName
    state: CandidateState
    set_id: str = Field(description="Of the training set.")
    parent: str | None = Field(description="What was live when it was made.")
    reason: str = Field(description="Why it is in its state.")
    gain: GainBody | None = Field(description="As the gate measured it; null where it did not.")
    created_at: datetime
    approved_by: str | None = Field(description="Who promoted it.")
    live_at: datetime | None
    retired_at: datetime | None


class CandidatesBody(BaseModel):
    """Candidates, the newest first."""

    candidates: list[CandidateBody]


class SignalBody(BaseModel):
    """What rows of a training set were concluded from."""

    signal: str = Field(examples=["correction"])
    rows: int
    weight: float | None = Field(description="Of these rows, shared among the signals of each; null where unknown.")


class LineageBody(BaseModel):
    """On what a candidate was trained."""

    questions: int
    rows: int
    people: int = Field(description="Whose questions, feedback and readings it stands on.")
    documents: int
    erased: bool = Field(description="The rows are gone, since somebody or something in them was erased.")
    created_at: datetime = Field(description="When the set was frozen.")
    signals: list[SignalBody] = Field(description="What its rows were concluded from; a row may stand on several.")
    open_rows: int | None = Field(description="Rows that everybody may read: only these train weights.")
    groups: int | None = Field(description="Groups of questions that are nearly the same.")
    seed: int | None
    versions: Mapping[str, str] = Field(description="Of what made it.")


class OpenedCandidateBody(CandidateBody):
    """A candidate with all that is known of it."""

    manifest: Mapping[str, Any]
    report: GateReportBody | None = Field(description="Of the gate; null until it was measured.")
    lineage: LineageBody
    trials: list[TrialBody] = Field(description="The newest first.")


class NewTrialBody(BaseModel):
    """How a candidate is to be tried."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"kind": "interleave", "share": 0.5}]})

    kind: Kind = Field(
        description="`shadow`: it ranks beside and nothing of it is shown; `interleave`: both rank one list; `share`: "
        "it serves some people."
    )
    share: float = Field(default=1.0, gt=0, le=1, description="Of requests; for `share`, of people, .5 at most.")


class RollbackBody(BaseModel):
    """What is to serve no more."""

    model_config = ConfigDict(extra="forbid")

    candidate: str | None = Field(
        default=None,
        max_length=64,
        description="Id of a candidate: when it is not live, nothing changes. Null: whatever is live.",
    )


class RolledBackBody(BaseModel):
    """What came of it."""

    rolled_back: str
    live: str | None = Field(description="What is live now; null where nothing learned is.")


def trial_body(trial: Trial) -> TrialBody:
    """Shape a trial for the API."""
    known = {name: getattr(trial, name) for name in TrialBody.model_fields if hasattr(trial, name)}
    evidence = None if trial.kind == "shadow" else min(e_value(trial.wins, trial.losses), _MOST)
    return TrialBody(**known, e_value=evidence, decides_at=STOP)


def candidate_body(candidate: Candidate) -> CandidateBody:
    """Shape a candidate for the API."""
    known = {name: getattr(candidate, name) for name in CandidateBody.model_fields if name != "gain"}
    return CandidateBody(**known, gain=gain_body(candidate.report))


def lineage_body(kept: KeptSet, *, people: int, documents: int) -> LineageBody:
    """Shape what a candidate was trained on for the API."""
    manifest = kept.manifest
    weights = manifest.get("weights", {})
    # Of a set for the language model: corrections, comparisons, thumbs.
    rows = manifest.get("signals", manifest.get("counts", {}))
    return LineageBody(
        questions=kept.questions,
        rows=kept.rows,
        people=people,
        documents=documents,
        erased=kept.removed,
        created_at=kept.created_at,
        signals=[SignalBody(signal=name, rows=count, weight=weights.get(name)) for name, count in rows.items()],
        **{name: manifest.get(name) for name in ("open_rows", "groups", "seed")},
        versions=manifest.get("versions", {}),
    )


def need_body(need: Need) -> NeedBody:
    """Shape what a rung needs for the API."""
    return NeedBody(**{name: getattr(need, name) for name in NeedBody.model_fields})
