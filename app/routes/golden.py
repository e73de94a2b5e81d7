"""Golden sets: the questions that are measured with, in versions; for administrators."""

import json
from collections import Counter
from dataclasses import asdict, replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query, Response
from fastapi import Path as PathParameter
from pydantic import BaseModel

from app.auth import Caller
from app.bootstrap import Services
from app.dependencies import AdministratorDep, CallerDep, ServicesDep
from app.golden_words import check_words_stay, shown_rows, with_stored_words, withheld
from app.hearing import approved
from app.routes.golden_bodies import (
    DescriptionBody,
    DraftBody,
    DraftedBody,
    GoldenSetBody,
    KeptQuestionBody,
    NewVersionBody,
    QuestionReviewBody,
    ReviewBody,
    VersionBody,
    VersionsBody,
    WrittenBody,
)
from eval.describe import describe
from eval.drafts import Drafts, draft_questions
from eval.golden import GoldenSet, Question
from eval.golden_csv import csv_text
from eval.golden_feedback import questions_from_feedback
from eval.golden_store import GoldenVersion
from eval.questions import READ_FIELDS, questions_of, to_row
from retrieval.errors import InvalidInputError, NotFoundError
from retrieval.generators.generator import Completer
from retrieval.types import Principal

GOLDEN_MAX_BYTES = 32 * 2**20  # some 100,000 questions of a published set

router = APIRouter(prefix="/v1/golden-sets", tags=["golden sets"])

_DONE = {"approve": "approved", "edit": "edited", "reject": "rejected"}

Name = Annotated[str, PathParameter(max_length=64, description="1 to 64 of the characters A-Z a-z 0-9 . _ -")]
Number = Annotated[int | None, Query(ge=1, lt=2**31, description="The newest when not given.")]
Looked = Annotated[
    int | None,
    Query(ge=1, lt=2**31, description="The version that was looked at: 409 when a question was changed since."),
]
Key = Annotated[str, PathParameter(max_length=255, description="A question's `_id`.")]


@router.get("", summary="List golden sets")
def golden_sets(services: ServicesDep, _principal: AdministratorDep) -> VersionsBody:
    """List every golden set with its newest version."""
    return VersionsBody(golden_sets=[VersionBody(**_version(found)) for found in services.golden.sets()])


@router.post("/{name}", max_body_size=GOLDEN_MAX_BYTES, summary="Write a version of a golden set")
def write(
    name: Name, body: NewVersionBody, services: ServicesDep, principal: AdministratorDep, caller: CallerDep
) -> WrittenBody:
    """Keep questions as the newest version; the same questions as before make none."""
    rows = [_values(question) for question in body.questions]
    questions = with_stored_words(services, rows, name=name, principal=principal)
    made = services.golden.write(name, questions, by=principal.id, note=body.note, after=body.after)
    _noted(services, caller, "golden.write", made)
    return _written(services, made, principal)


@router.get("/{name}", summary="Open a golden set", response_model_exclude_none=True)
def golden_set(name: Name, services: ServicesDep, principal: AdministratorDep, version: Number = None) -> GoldenSetBody:
    """Open a version with its questions, and say what can be measured with it.

    Of questions about documents that you may not read, what comes from these is left out.

    Returns:
        The version.
    """
    found = services.golden.version(name, version)
    golden = services.golden.get(name, found.number)
    questions = [KeptQuestionBody(**row) for row in shown_rows(services, golden.questions, principal=principal)]
    return GoldenSetBody(**_version(found), description=_description(services, golden, principal), questions=questions)


@router.get(
    "/{name}/export",
    summary="Export a golden set",
    response_class=Response,
    responses={200: {"description": "A file.", "content": {"application/jsonl": {}, "text/csv": {}}}},
)
def export(
    name: Name,
    services: ServicesDep,
    principal: AdministratorDep,
    version: Number = None,
    layout: Annotated[Literal["jsonl", "csv"], Query(description="CSV lacks turns, passages and grades.")] = "jsonl",
) -> Response:
    """Give the questions of a version as a file, for `attune golden import` or a spreadsheet.

    Of questions about documents that you may not read, what comes from these is left out.

    Returns:
        The file, to be kept.
    """
    golden = services.golden.get(name, version)
    rows = shown_rows(services, golden.questions, principal=principal)
    if layout == "csv":
        text, media_type = csv_text(questions_of([_without_mark(row) for row in rows])), "text/csv"
    else:
        text, media_type = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "application/jsonl"
    headers = {"Content-Disposition": f'attachment; filename="{name}-{golden.version}.{layout}"'}
    return Response(text.encode("utf-8", "replace"), media_type=media_type, headers=headers)


@router.get("/{name}/versions", summary="List the versions of a golden set")
def versions(name: Name, services: ServicesDep, _principal: AdministratorDep) -> VersionsBody:
    """List all versions, the newest first."""
    return VersionsBody(golden_sets=[VersionBody(**_version(found)) for found in services.golden.versions(name)])


@router.delete("/{name}", status_code=204, summary="Delete a golden set")
def delete(name: Name, services: ServicesDep, _principal: AdministratorDep, caller: CallerDep) -> Response:
    """Delete a golden set with all its versions."""
    services.golden.delete(name)
    services.audit_log.append("golden.delete", f"golden:{name}", caller=caller)
    return Response(status_code=204)


@router.post("/{name}/drafts", max_body_size=GOLDEN_MAX_BYTES, summary="Draft questions from documents")
def drafts(
    name: Name, body: DraftBody, services: ServicesDep, principal: AdministratorDep, caller: CallerDep
) -> DraftedBody:
    """Add drafts made of headings, or with the language model where one is set; they are to be reviewed."""
    generator = services.answerer.generator
    made = draft_questions(
        services.retriever,
        principal=principal,
        collection=body.collection,
        limit=body.limit,
        complete=generator.complete if isinstance(generator, Completer) else None,
    )
    return _added(services, name, made, caller, note="drafted from documents")


@router.post("/{name}/feedback", max_body_size=GOLDEN_MAX_BYTES, summary="Make questions of approved feedback")
def from_feedback(name: Name, services: ServicesDep, principal: AdministratorDep, caller: CallerDep) -> DraftedBody:
    """Add a question for every correction that an administrator approved and that is not in the set yet."""
    uris = {document.id: document.uri for document in services.catalog.every_document(principal=principal)}
    made = questions_from_feedback(approved(services, principal=principal), uris)
    return _added(services, name, made, caller, note="made from approved feedback")


@router.patch("/{name}/questions", max_body_size=GOLDEN_MAX_BYTES, summary="Review many questions")
def review_all(
    name: Name,
    body: Annotated[list[QuestionReviewBody], Body(min_length=1, max_length=10_000)],
    services: ServicesDep,
    _principal: AdministratorDep,
    caller: CallerDep,
    after: Looked = None,
) -> VersionBody:
    """Approve, edit or reject questions, all of them or none; makes one version unless nothing changes."""
    reviews: dict[str, ReviewBody] = {one.key: one for one in body}
    if len(reviews) < len(body):
        raise InvalidInputError("a question stands there twice: what becomes of it?")
    counts = Counter(_DONE[one.action] for one in body)
    note = ", ".join(f"{count} {done}" for done, count in sorted(counts.items()))
    return _reviewed(services, name, reviews, caller, note=f"reviewed: {note}", after=after)


@router.patch("/{name}/questions/{key:path}", max_body_size=GOLDEN_MAX_BYTES, summary="Review a question")
def review(
    name: Name,
    key: Key,
    body: ReviewBody,
    services: ServicesDep,
    _principal: AdministratorDep,
    caller: CallerDep,
    after: Looked = None,
) -> VersionBody:
    """Approve, edit or reject one question; makes a version unless nothing changes."""
    return _reviewed(services, name, {key: body}, caller, note=f"{_DONE[body.action]} {key}", after=after)


def _reviewed(
    services: Services, name: str, reviews: dict[str, ReviewBody], caller: Caller, *, note: str, after: int | None
) -> VersionBody:
    stored = {question.id: question for question in services.golden.get(name, after).questions}
    if missing := [key for key in reviews if key not in stored]:
        where = "the newest version" if after is None else f"version {after}"
        raise NotFoundError(f"no question {missing[0]!r} in {where} of {name}")
    without = withheld(services, [stored[key] for key in reviews], principal=caller.principal)
    changes: list[tuple[Question, Question | None]] = []
    for key, review in reviews.items():
        changed = None if review.action == "reject" else _changed(stored[key], review)
        if changed is not None and key in without:
            check_words_stay(stored[key], changed, given=review.changes.model_dump(exclude_none=True).keys())
        changes.append((stored[key], changed))
    made = services.golden.revise(name, changes, by=caller.principal.id, note=note)
    _noted(services, caller, "golden.review", made)
    return VersionBody(**_version(made))


def _changed(question: Question, body: ReviewBody) -> Question:
    changes = _values(body.changes)
    if "documents" in changes and "passages" not in changes:
        # A passage of a document that is none any more would be refused.
        changes["passages"] = [p for p in to_row(question).get("passages", []) if p["document"] in changes["documents"]]
    try:
        changed = questions_of([to_row(question) | changes])[0]
    except InvalidInputError as error:
        raise InvalidInputError(f"{question.id!r} cannot be changed so: {error}") from error
    return replace(changed, draft=False) if body.action == "approve" else changed


def _added(services: Services, name: str, made: Drafts, caller: Caller, *, note: str) -> DraftedBody:
    before = _count(services, name)
    version = services.golden.add(name, made.questions, by=caller.principal.id, note=note)
    _noted(services, caller, "golden.draft", version)
    added = version.questions - before
    known = len(made.questions) - added
    skipped = dict(made.skipped) | ({"questions that the set has, or had": known} if known > 0 else {})
    return DraftedBody(**_written(services, version, caller.principal).model_dump(), added=added, skipped=skipped)


def _noted(services: Services, caller: Caller, action: str, version: GoldenVersion) -> None:
    details = {"version": version.number, "questions": version.questions}
    services.audit_log.append(action, f"golden:{version.name}", caller=caller, details=details)


def _without_mark(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "withheld"}


def _count(services: Services, name: str) -> int:
    try:
        return services.golden.version(name).questions
    except NotFoundError:
        return 0


def _values(body: BaseModel) -> dict[str, Any]:
    extra = body.model_extra or {}
    # Strangers are left where they are: they may be nested deeper than can be written out.
    known = body.model_dump(by_alias=True, exclude_none=True, exclude=set(extra))
    return known | {name: value for name, value in extra.items() if name in READ_FIELDS}


def _written(services: Services, version: GoldenVersion, principal: Principal) -> WrittenBody:
    golden = services.golden.get(version.name, version.number)
    return WrittenBody(**_version(version), description=_description(services, golden, principal))


def _version(version: GoldenVersion) -> dict[str, Any]:
    values = asdict(version)
    return values | {"version": values.pop("number"), "count": values.pop("questions")}


def _description(services: Services, golden: GoldenSet, principal: Principal) -> DescriptionBody:
    return DescriptionBody(**asdict(describe(golden, services.catalog.every_document(principal=principal))))
