"""Golden sets: the questions that are measured with, in versions; for administrators."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi import Path as PathParameter
from pydantic import BaseModel, ConfigDict, Field

from app.bootstrap import Services
from app.dependencies import AdministratorDep, ServicesDep
from eval.describe import describe
from eval.drafts import Drafts, draft_questions, questions_from_feedback
from eval.golden import GoldenSet, Question
from eval.golden_store import GoldenVersion
from eval.questions import questions_of, to_row
from retrieval.errors import NotFoundError
from retrieval.generators.openai_compatible import OpenAICompatibleGenerator
from retrieval.types import Document, Principal

router = APIRouter(prefix="/v1/golden-sets", tags=["golden sets"])

_PAGE_DOCUMENTS = 1_000

Name = Annotated[str, PathParameter(max_length=64, description="1 to 64 of the characters A-Z a-z 0-9 . _ -")]
Number = Annotated[int | None, Query(ge=1, description="The newest when not given.")]
Key = Annotated[str, PathParameter(max_length=255, description="A question's `_id`.")]


class GoldenTurnBody(BaseModel):
    """An earlier turn."""

    role: Literal["user", "assistant"]
    text: str


class GoldenPassageBody(BaseModel):
    """A stretch of a document that answers the question, word for word."""

    document: str
    text: str


class QuestionChangesBody(BaseModel):
    """What is known of a question besides its id; what is left out is unknown, or in a review stays as it is."""

    model_config = ConfigDict(extra="forbid")

    text: str | None = Field(default=None, max_length=4000, examples=["How many days of annual leave do I get?"])
    history: list[GoldenTurnBody] | None = Field(default=None, description="Earlier turns, oldest first.")
    answer: str | None = Field(default=None, description="A reference answer.", examples=["27 days a year."])
    evidence: str | None = Field(default=None, description="A sentence of a document that answers it.")
    answerable: bool | None = Field(default=None, description="False when saying that there is no answer is right.")
    documents: list[str] | dict[str, float] | None = Field(
        default=None, description="Documents that answer it, by uri, id, or the end of their path; or name -> grade."
    )
    passages: list[GoldenPassageBody] | None = None
    tags: dict[str, str] | None = Field(default=None, description="What slices are made of: department, language, ...")
    variants: dict[str, str] | None = Field(
        default=None, description="`paraphrase` or a language code -> the question."
    )


class QuestionBody(QuestionChangesBody):
    """A question and what is known about its answer."""

    # Fields that published sets carry beside the question become tags.
    model_config = ConfigDict(extra="allow", populate_by_name=True)

    id: str = Field(alias="_id", min_length=1, max_length=255, examples=["q01"])
    text: str = Field(min_length=1, max_length=4000, examples=["How many days of annual leave do I get?"])
    draft: bool | None = Field(default=None, description="Made by a machine and not reviewed yet.")


class VersionBody(BaseModel):
    """One version of a golden set; no version ever changes."""

    name: str = Field(examples=["handbook"])
    version: int = Field(description="From 1.")
    sha256: str = Field(description="Of the questions; equal for the same questions.")
    note: str
    created_by: str
    created_at: datetime
    count: int = Field(description="Questions, drafts among them.")
    drafts: int = Field(description="Questions that nobody has reviewed yet; nothing is measured with them.")


class VersionsBody(BaseModel):
    """Versions of golden sets."""

    golden_sets: list[VersionBody]


class DescriptionBody(BaseModel):
    """What can be measured with a golden set, with the documents that the caller may read."""

    counts: dict[str, int]
    tags: dict[str, dict[str, int]] = Field(description="Tag -> value -> questions.")
    measurable: dict[str, int] = Field(description="Figures -> questions they would stand on.")
    missing: list[str] = Field(description="What cannot be measured, and why.")
    notes: list[str] = Field(description="What weakens the figures.")


class WrittenBody(VersionBody):
    """The version that came of a change; the one before when nothing changed."""

    description: DescriptionBody


class GoldenSetBody(WrittenBody):
    """A golden set with its questions."""

    questions: list[QuestionBody]


class DraftedBody(WrittenBody):
    """The version that came of making questions."""

    added: int = Field(description="Questions that are new in this version.")
    skipped: dict[str, int] = Field(description="What was left out, in words, and how many of it.")


class NewVersionBody(BaseModel):
    """All questions of a new version."""

    model_config = ConfigDict(extra="forbid")

    questions: list[QuestionBody]
    note: str = Field(default="", max_length=1000, description="Why.")
    after: int | None = Field(
        default=None, ge=0, description="The version these were made from: 409 when there is a newer one. 0: none yet."
    )


class DraftBody(BaseModel):
    """What to draft from."""

    model_config = ConfigDict(extra="forbid")

    collection: str | None = Field(default=None, max_length=64, description="Draft from this collection only.")
    limit: int = Field(default=50, ge=1, le=500, description="Most drafts.")


class ReviewBody(BaseModel):
    """What becomes of a question."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["approve", "edit", "reject"] = Field(
        description="approve: it is no draft any more; edit: it stays what it is; reject: it is taken out."
    )
    changes: QuestionChangesBody = Field(default_factory=QuestionChangesBody)


@router.get("", summary="List golden sets")
def golden_sets(services: ServicesDep, _principal: AdministratorDep) -> VersionsBody:
    """List every golden set with its newest version."""
    return VersionsBody(golden_sets=[VersionBody(**_version(found)) for found in services.golden.sets()])


@router.post("/{name}", summary="Write a version of a golden set")
def write(name: Name, body: NewVersionBody, services: ServicesDep, principal: AdministratorDep) -> WrittenBody:
    """Keep questions as the newest version; the same questions as before make none."""
    questions = questions_of([_values(question) for question in body.questions])
    made = services.golden.write(name, questions, by=principal.id, note=body.note, after=body.after)
    return _written(services, made, principal)


@router.get("/{name}", summary="Open a golden set", response_model_exclude_none=True)
def golden_set(name: Name, services: ServicesDep, principal: AdministratorDep, version: Number = None) -> GoldenSetBody:
    """Open a version with its questions, and say what can be measured with it."""
    found = services.golden.version(name, version)
    golden = services.golden.get(name, found.number)
    questions = [QuestionBody(**to_row(question)) for question in golden.questions]
    return GoldenSetBody(**_version(found), description=_description(services, golden, principal), questions=questions)


@router.get("/{name}/versions", summary="List the versions of a golden set")
def versions(name: Name, services: ServicesDep, _principal: AdministratorDep) -> VersionsBody:
    """List all versions, the newest first."""
    return VersionsBody(golden_sets=[VersionBody(**_version(found)) for found in services.golden.versions(name)])


@router.delete("/{name}", status_code=204, summary="Delete a golden set")
def delete(name: Name, services: ServicesDep, _principal: AdministratorDep) -> Response:
    """Delete a golden set with all its versions."""
    services.golden.delete(name)
    return Response(status_code=204)


@router.post("/{name}/drafts", summary="Draft questions from documents")
def drafts(name: Name, body: DraftBody, services: ServicesDep, principal: AdministratorDep) -> DraftedBody:
    """Add drafts made of headings, or with the language model where one is set; they are to be reviewed."""
    generator = services.answerer.generator
    made = draft_questions(
        services.retriever,
        principal=principal,
        collection=body.collection,
        limit=body.limit,
        complete=generator.complete if isinstance(generator, OpenAICompatibleGenerator) else None,
    )
    return _added(services, name, made, principal, note="drafted from documents")


@router.post("/{name}/feedback", summary="Make questions of approved feedback")
def from_feedback(name: Name, services: ServicesDep, principal: AdministratorDep) -> DraftedBody:
    """Add a question for every correction that an administrator approved and that is not in the set yet."""
    uris = {document.id: document.uri for document in _documents(services, principal)}
    made = questions_from_feedback(services.feedback.approved(principal=principal), uris)
    return _added(services, name, made, principal, note="made from approved feedback")


@router.patch("/{name}/questions/{key:path}", summary="Review a question")
def review(name: Name, key: Key, body: ReviewBody, services: ServicesDep, principal: AdministratorDep) -> VersionBody:
    """Approve, edit or reject one question; makes a version unless nothing changes."""
    golden = services.golden.get(name)
    before = next((question for question in golden.questions if question.id == key), None)
    if before is None:
        raise NotFoundError(f"no question {key!r} in the newest version of {name}")
    after = None if body.action == "reject" else _changed(before, body)
    note = {"approve": "approved", "edit": "edited", "reject": "rejected"}[body.action]
    made = services.golden.revise(name, before, after, by=principal.id, note=f"{note} {key}")
    return VersionBody(**_version(made))


def _changed(question: Question, body: ReviewBody) -> Question:
    changes = _values(body.changes)
    if "documents" in changes and "passages" not in changes:
        # A passage of a document that is none any more would be refused.
        changes["passages"] = [p for p in to_row(question).get("passages", []) if p["document"] in changes["documents"]]
    changed = questions_of([to_row(question) | changes])[0]
    return replace(changed, draft=False) if body.action == "approve" else changed


def _added(services: Services, name: str, made: Drafts, principal: Principal, *, note: str) -> DraftedBody:
    before = _count(services, name)
    version = services.golden.add(name, made.questions, by=principal.id, note=note)
    added = version.questions - before
    known = len(made.questions) - added
    skipped = dict(made.skipped) | ({"questions that the set has, or had": known} if known > 0 else {})
    return DraftedBody(**_written(services, version, principal).model_dump(), added=added, skipped=skipped)


def _count(services: Services, name: str) -> int:
    try:
        return services.golden.version(name).questions
    except NotFoundError:
        return 0


def _values(body: BaseModel) -> dict[str, Any]:
    return body.model_dump(by_alias=True, exclude_none=True)


def _written(services: Services, version: GoldenVersion, principal: Principal) -> WrittenBody:
    golden = services.golden.get(version.name, version.number)
    return WrittenBody(**_version(version), description=_description(services, golden, principal))


def _version(version: GoldenVersion) -> dict[str, Any]:
    values = asdict(version)
    return values | {"version": values.pop("number"), "count": values.pop("questions")}


def _description(services: Services, golden: GoldenSet, principal: Principal) -> DescriptionBody:
    return DescriptionBody(**asdict(describe(golden, _documents(services, principal))))


def _documents(services: Services, principal: Principal) -> Iterator[Document]:
    after: str | None = None
    while True:
        page: Sequence[Document] = services.catalog.documents(principal=principal, after=after, limit=_PAGE_DOCUMENTS)
        yield from page
        if len(page) < _PAGE_DOCUMENTS:
            return
        after = page[-1].id
