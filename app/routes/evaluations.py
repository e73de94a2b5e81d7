"""Evaluations: measure the knowledge base as it serves, and keep, list, compare and accept runs."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from app.dependencies import AdministratorDep, CallerDep, ServicesDep
from app.errors import status_of
from app.evaluating import Progress, evaluate_live, shown_to
from app.people import agreement_with_people, usage_of
from app.routes.evaluation_bodies import (
    ComparisonBody,
    EvaluationBody,
    EvaluationRunBody,
    EvaluationRunsBody,
    KeptBody,
    MeasureBody,
    ReportBody,
    SliceChangeBody,
    UsageBody,
    WordedChangeBody,
    WrongBody,
)
from app.sse import MEDIA_TYPE, event
from app.streaming import Ended
from eval.compare import compare
from eval.compare_slices import compare_slices, every_change
from eval.figures import MEASURES, Kind
from eval.html import is_share, meaning, page, worst_questions
from eval.report import Report, report_of_record
from eval.runs import Run
from eval.slices import slices_in
from retrieval.errors import AttuneError, NotFoundError

RECORD_MAX_BYTES = 32 * 2**20  # rankings and scores of some thousand questions

router = APIRouter(prefix="/v1/evaluations", tags=["evaluations"])

# The report brings its own styles and drawings, and nothing in it may run or load anything.
_REPORT_CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'"


@router.post(
    "",
    summary="Measure the knowledge base",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Events `progress` (`stage`, `done`, `total`), then `done` with the report or `error`.",
            "content": {"text/event-stream": {}},
        }
    },
)
def evaluate(
    body: EvaluationBody, services: ServicesDep, principal: AdministratorDep, caller: CallerDep
) -> StreamingResponse:
    """Ask the questions of a golden set as any user would, and keep the report. One evaluation at a time."""
    golden = services.golden.get(body.set, version=body.version)
    if body.collection is not None:
        services.catalog.collection(body.collection, principal=principal)
    details = {"version": golden.version, "kind": body.kind}
    services.audit_log.append("evaluation.run", f"golden:{golden.name}", caller=caller, details=details)

    def work(tell: Any) -> dict[str, Any]:
        report = evaluate_live(
            services,
            golden,
            kind=body.kind,
            collection=body.collection,
            principal=principal,
            progress=_telling(tell),
        )
        return shown_to(services, report, principal=principal).record()

    return StreamingResponse(_events(services.works.streamed(work, name="evaluate")), media_type=MEDIA_TYPE)


def _telling(tell: Callable[[Any], None]) -> Progress:
    return lambda stage, done, total: tell({"stage": stage, "done": done, "total": total})


def _events(news: Iterator[Any]) -> Iterator[bytes]:
    for item in news:
        if isinstance(item, Ended):
            yield event("done", item.result)
        elif isinstance(item, AttuneError):
            yield event("error", {"status": status_of(item)[0], "detail": str(item)})
        else:
            yield event("progress", item)


@router.post("/records", status_code=201, max_body_size=RECORD_MAX_BYTES, summary="Keep a report made elsewhere")
def keep(record: dict[str, Any], services: ServicesDep, _principal: AdministratorDep, caller: CallerDep) -> KeptBody:
    """Keep the report of `attune evaluate`, made on this machine or another, beside those of the server."""
    report = report_of_record(record)
    services.runs.add(report)
    services.audit_log.append("evaluation.keep", f"evaluation:{report.provenance.id}", caller=caller)
    return KeptBody(id=report.provenance.id)


@router.get("", summary="List runs")
def runs(
    services: ServicesDep,
    _principal: AdministratorDep,
    golden: Annotated[str | None, Query(max_length=500, description="Only runs with this golden set.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> EvaluationRunsBody:
    """List runs with their figures."""
    found = services.runs.recent(golden=golden, limit=limit)
    return EvaluationRunsBody(runs=[_run_body(run) for run in found])


def _run_body(run: Run) -> EvaluationRunBody:
    values = {name: getattr(run, name) for name in EvaluationRunBody.model_fields}
    return EvaluationRunBody(**values | {"created_at": run.created_at.isoformat()})


@router.get("/comparison", summary="Compare two runs")
def comparison(
    services: ServicesDep,
    _principal: AdministratorDep,
    before: Annotated[str, Query(max_length=64, description="Id of a run, its first characters, or `latest`.")],
    after: Annotated[str, Query(max_length=64)],
) -> ComparisonBody:
    """Compare two runs question by question: what changed, how surely, and what this set could have found."""
    a, b = services.runs.get(before), services.runs.get(after)
    found = compare(a, b, seed=b.provenance.seed)
    changes, slices = (
        (every_change(a, b, primary=found.primary), compare_slices(a, b, primary=found.primary, seed=b.provenance.seed))
        if found.primary
        else ((), ())
    )
    return ComparisonBody(
        **found.as_json(),
        measures=_measures(a.kind),
        differences=[WordedChangeBody(**asdict(change), text=_words(b, change.question)) for change in changes],
        slices=[SliceChangeBody(**change.as_json()) for change in slices],
    )


@router.get("/usage", summary="How people fare")
def usage(
    services: ServicesDep,
    principal: AdministratorDep,
    days: Annotated[int, Query(ge=1, le=3650, description="How far to look back.")] = 30,
) -> UsageBody:
    """Thumbs, corrections, questions asked again, sessions that ended without an answer."""
    return UsageBody(**asdict(usage_of(services, days=days, principal=principal)))


@router.post(
    "/agreement",
    summary="Does the judge agree with people",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Events `progress`, then `done` with `kappa`, `share`, `n`, `note`, or `error`.",
            "content": {"text/event-stream": {}},
        }
    },
)
def judge_agreement(
    services: ServicesDep, principal: AdministratorDep, limit: Annotated[int, Query(ge=1, le=1000)] = 200
) -> StreamingResponse:
    """Have the judge model look at the answers that people gave a thumb, and compare (Cohen's kappa)."""

    def work(tell: Any) -> dict[str, Any]:
        found = agreement_with_people(services, limit=limit, principal=principal, progress=_telling(tell))
        return asdict(found)

    return StreamingResponse(_events(services.works.streamed(work, name="judge")), media_type=MEDIA_TYPE)


@router.get("/accepted", summary="The run that later ones are held against")
def accepted(
    services: ServicesDep,
    principal: AdministratorDep,
    kind: Annotated[str, Query(max_length=32)],
    golden: Annotated[str, Query(max_length=500)],
) -> dict[str, Any]:
    """Return the newest accepted run of a kind on a golden set; 404 where none was accepted."""
    report = services.runs.last_accepted(kind=kind, golden=golden)
    if report is None:
        raise NotFoundError(f"no accepted run of {kind} with {golden}")
    return shown_to(services, report, principal=principal).record()


@router.get("/{run_id}", summary="Open a run")
def run(run_id: str, services: ServicesDep, principal: AdministratorDep) -> ReportBody:
    """Return the whole report, with the scores of every question and the slices, the worst first.

    Answers and references that stand on documents which you may not read are left out.

    Returns:
        The report.
    """
    report = shown_to(services, services.runs.get(run_id), principal=principal)
    return ReportBody(
        **report.record(),
        **slices_in(report).as_json(),
        accepted=services.runs.accepted(report.provenance.id),
        primary=report.primary,
        measures=_measures(report.kind),
        wrong=[WrongBody(question=one.id, score=one.score, why=one.why) for one in worst_questions(report, limit=None)],
    )


def _measures(kind: Kind) -> dict[str, MeasureBody]:
    return {
        name: MeasureBody(meaning=meaning(name), better=measure.better, share=is_share(name))
        for name, measure in MEASURES[kind].items()
    }


def _words(report: Report, question: str) -> str:
    detail = report.details.get(question)
    return detail.text if detail else ""


@router.get("/{run_id}/report", response_class=HTMLResponse, summary="A run as a page")
def html(run_id: str, services: ServicesDep, principal: AdministratorDep) -> HTMLResponse:
    """Return the report as one HTML file with plots, to keep or to send."""
    text = page(shown_to(services, services.runs.get(run_id), principal=principal))
    return HTMLResponse(text, headers={"Content-Security-Policy": _REPORT_CSP})


@router.delete("/{run_id}", status_code=204, summary="Delete a run")
def delete(run_id: str, services: ServicesDep, _principal: AdministratorDep, caller: CallerDep) -> Response:
    """Delete a run; later runs are held against the one that was accepted before it, if any."""
    full_id = services.runs.get(run_id).provenance.id
    services.runs.delete(full_id)
    services.audit_log.append("evaluation.delete", f"evaluation:{full_id}", caller=caller)
    return Response(status_code=204)


@router.post("/{run_id}/acceptance", status_code=204, summary="Accept a run")
def accept(run_id: str, services: ServicesDep, _principal: AdministratorDep, caller: CallerDep) -> Response:
    """Take a run as the state that the gate holds later runs of the same golden set against."""
    full_id = services.runs.get(run_id).provenance.id
    services.runs.accept(full_id)
    services.audit_log.append("evaluation.accept", f"evaluation:{full_id}", caller=caller)
    return Response(status_code=204)
