"""What findings, reports on them and what is done about them look like in the API."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ingestion.findings.policy import LEAST_SIMILARITY, Policy
from ingestion.quarantine import Held
from retrieval.finding import Finding
from retrieval.quality_report import Known

MAX_NAMES_CHARS = 10_000_000
Action = Literal["report", "redact", "quarantine", "off"]


class PolicyBody(BaseModel):
    """What a collection does about findings; what is left out gets its default."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"actions": {"secret": "quarantine"}}]})

    actions: dict[str, Action] = Field(default_factory=dict, description="By kind of finding.")
    rules: dict[str, Action] = Field(default_factory=dict, description="By rule, before its kind.")
    similarity: float = Field(default=0.85, ge=LEAST_SIMILARITY, le=1, description="What counts as a near-duplicate.")
    stale_after_days: int = Field(default=730, ge=1, le=36_500)
    languages: list[str] = Field(default_factory=list, description="ISO 639 codes; empty allows all.")


class PolicyInForceBody(PolicyBody):
    """The policy of a collection."""

    names: int = Field(description="Names of people that count as personal data.")


class NamesBody(BaseModel):
    """A directory of people."""

    model_config = ConfigDict(extra="forbid")

    names: str = Field(
        max_length=MAX_NAMES_CHARS,
        description="One person a line, aliases after commas, semicolons or tabs; `#` begins a remark.",
        examples=["Anna Berg, A. Berg"],
    )


class KnownBody(BaseModel):
    """A document as a report names it."""

    id: str
    title: str = Field(examples=["Annual leave"])
    uri: str


class FindingBody(BaseModel):
    """Something about a document; never the secret or the personal value itself."""

    kind: str = Field(examples=["personal"])
    rule: str = Field(examples=["email"])
    severity: Literal["low", "medium", "high"]
    message: str = Field(examples=["an e-mail address"])
    start: int | None = Field(description="Character offset into the document's text; null for the whole or the title.")
    end: int | None
    count: int = Field(description="How many it stands for.")
    details: dict[str, Any]


class ListedFindingBody(FindingBody):
    """A finding with the document it is in."""

    document: KnownBody


class FindingsBody(BaseModel):
    """A page of findings, the gravest first."""

    findings: list[ListedFindingBody]
    next: int | None = Field(description="Give this as `after` to get the next page; null on the last.")


class DocumentFindingsBody(BaseModel):
    """What was found in a document."""

    document: KnownBody
    language: str | None = Field(description="ISO 639 code or `unknown`; null where it was not examined yet.")
    redacted: dict[str, int] = Field(description="How often each rule replaced something in the text.")
    findings: list[FindingBody]


class HeldBody(BaseModel):
    """A document that is kept out."""

    id: str
    uri: str
    name: str
    reason: str
    held_at: datetime
    findings: list[FindingBody]


class QuarantineBody(BaseModel):
    """A page of what is kept out."""

    documents: list[HeldBody]
    next: str | None = Field(description="Give this as `after` to get the next page; null on the last.")


class TallyBody(BaseModel):
    """How often one kind of finding of one severity occurs."""

    kind: str = Field(examples=["personal"])
    rule: str = Field(examples=["email"])
    severity: Literal["low", "medium", "high"]
    findings: int
    documents: int = Field(description="In how many documents.")


class WorstBody(BaseModel):
    """A document with much found in it."""

    document: KnownBody
    weight: int = Field(description="A finding of high severity counts 100, of medium 10, of low 1.")
    findings: int


class GroupOfLikeBody(BaseModel):
    """Documents that are nearly the same."""

    documents: list[KnownBody]
    likeness: float = Field(description="The least estimated similarity of one of them to the first.")
    exact: bool = Field(description="All have the same text but for case and white space.")


class QualityBody(BaseModel):
    """A collection's quality, about the documents that the caller may read."""

    documents: int
    examined: int = Field(description="How many of them were examined; older versions examined nothing.")
    affected: int = Field(description="How many have a finding.")
    redacted: int = Field(description="In how many something was redacted.")
    tallies: list[TallyBody] = Field(description="The gravest first, then the most frequent.")
    worst: list[WorstBody] = Field(description="The twenty with the most.")
    duplicates: list[GroupOfLikeBody] = Field(description="The largest groups first, at most 200.")
    languages: dict[str, int] = Field(description="Documents by language, the main one first.")
    other_language: list[KnownBody] = Field(description="Documents in another than the main language, at most twenty.")
    ages: dict[str, int] = Field(description="Documents by the year of their last update; `unsaid` says none.")
    stale: list[KnownBody] = Field(description="Documents that are out of date today, at most twenty.")
    stale_count: int


def policy_body(in_force: Policy) -> PolicyInForceBody:
    """Shape a policy for the API."""
    return PolicyInForceBody(**in_force.as_json(), names=len(in_force.names))


def known_body(known: Known) -> KnownBody:
    """Shape what a report knows of a document for the API."""
    return KnownBody(**asdict(known))


def finding_body(finding: Finding) -> FindingBody:
    """Shape a finding for the API."""
    return FindingBody(**asdict(finding))


def held_body(held: Held) -> HeldBody:
    """Shape a document that is kept out for the API."""
    return HeldBody(
        id=held.id,
        uri=held.uri,
        name=held.name,
        reason=held.reason,
        held_at=held.held_at,
        findings=[finding_body(finding) for finding in held.findings],
    )
