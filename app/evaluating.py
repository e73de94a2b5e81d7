"""Evaluations of the knowledge base as it serves: one at a time, asked like any question."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

from app.bootstrap import Services
from app.golden_words import hidden_names
from eval.golden import GoldenSet, Question, resolve
from eval.measure import Extras, measure_answers, measure_retrieval
from eval.report import REFUSED, Report
from eval.system import System, settings_of
from retrieval.errors import ConflictError
from retrieval.types import Principal
from retrieval.withhold import WITHHELD

Progress = Callable[[str, int, int], None]


def evaluate_live(
    services: Services,
    golden: GoldenSet,
    *,
    kind: Literal["answers", "retrieval"],
    collection: str | None,
    principal: Principal,
    progress: Progress,
) -> Report:
    """Measure the server's own answers, and keep the report.

    Args:
        services: What serves.
        golden: Its documents are known by URI, by the end of their path, or by id.
        kind: What is measured.
        collection: Asked alone; None asks all.
        principal: In whose name is asked; what it may not read counts as not found.
        progress: Told of every question; it may raise to stop the evaluation.

    Returns:
        The report.

    Raises:
        ConflictError: Another evaluation is running.
        InvalidInputError: Nothing can be measured with the set.
        NotFoundError: There is no such collection.
    """
    if not services.evaluating.acquire(blocking=False):
        raise ConflictError("another evaluation is running; try again when it is done")
    try:
        system, known = _live_system(services, golden, collection=collection, principal=principal)
        extras = Extras(judge=services.judge, prices=services.prices)
        if kind == "answers":
            report = measure_answers(system, known, extras=extras, progress=progress)
        else:
            report = measure_retrieval(system, known, extras=extras, progress=progress)
    finally:
        services.evaluating.release()
    report = _naming(report, golden)
    services.runs.add(report)
    return report


def shown_to(services: Services, report: Report, *, principal: Principal) -> Report:
    """Leave out the answers and references that stand on documents which whoever opens a report may not read.

    Returns:
        The report; whole, where its documents were taken in for it and are none of the catalog's.
    """
    if report.provenance.corpus_sha256:
        return report
    return _without_references(services, _without_answers(services, report, principal), principal)


def _without_answers(services: Services, report: Report, principal: Principal) -> Report:
    answers = {key: detail for key, detail in report.details.items() if detail.answer not in {None, REFUSED}}
    if not answers:
        return report
    stood_on = {key: set(detail.cited or detail.found) for key, detail in answers.items()}
    documents = services.catalog.every_document(principal=principal)
    readable = resolve(set().union(*stood_on.values()), documents).uris.keys()
    withheld = {key: replace(answers[key], answer=WITHHELD) for key, names in stood_on.items() if names - readable}
    return replace(report, details={**report.details, **withheld})


def _without_references(services: Services, report: Report, principal: Principal) -> Report:
    named = {key: {*one.named, *one.expected} for key, one in report.details.items() if one.reference}
    hidden = hidden_names(services, set[str]().union(*named.values()), principal=principal)
    withheld = {key: replace(report.details[key], reference=None) for key, names in named.items() if names & hidden}
    return replace(report, details={**report.details, **withheld})


def _naming(report: Report, golden: GoldenSet) -> Report:
    named = {question.id: tuple(question.relevant) for question in golden.questions}
    details = {key: replace(detail, named=named[key]) for key, detail in report.details.items()}
    # The set as it is kept, whatever documents of it are there now: or each change of documents made it another one.
    return replace(report, details=details, provenance=replace(report.provenance, golden_sha256=golden.sha256))


def _live_system(
    services: Services, golden: GoldenSet, *, collection: str | None, principal: Principal
) -> tuple[System, GoldenSet]:
    documents = list(services.catalog.every_document(principal=principal, collection=collection))
    named = {name for q in golden.questions for name in (*q.relevant, *(p.document for p in q.passages))}
    found = resolve(named, documents)
    # Two names may mean one document, and an answer knows it by one: the first stands for all.
    names: dict[str, str] = {}
    for name, uri in found.uris.items():
        names.setdefault(uri, name)
    known = {name: names[uri] for name, uri in found.uris.items()}
    collections = {names[document.uri]: document.collection for document in documents if document.uri in names}
    questions = [_tagged(_named(question, known), collections) for question in golden.questions]
    answerer, settings = services.answerer, services.settings
    system = System(
        retriever=services.retriever,
        answerer=answerer,
        principal=principal,
        collection=collection,
        names=names,
        fingerprint=services.recipe(),
        settings={
            "pool": settings.retrieval_pool,
            "dense_weight": settings.dense_weight,
            "fusion": services.retriever.fusion,
            "rerank": services.retriever.reranker.name,
            "chunk_tokens": services.chunk_tokens,
            **settings_of(answerer),
        },
        history=True,
        documents=len(documents),
        chunks=services.index.count(),
        corpus_epoch=services.catalog.corpus_epoch(),
    )
    return system, replace(golden, questions=tuple(questions), skipped={**golden.skipped, **found.skipped})


def _named(question: Question, known: Mapping[str, str]) -> Question:
    relevant: dict[str, float] = {}
    for name, grade in question.relevant.items():
        if name in known:
            relevant[known[name]] = max(grade, relevant.get(known[name], 0.0))
    return replace(
        question,
        relevant=relevant,
        passages=tuple(replace(p, document=known[p.document]) for p in question.passages if p.document in known),
    )


def _tagged(question: Question, collections: Mapping[str, str]) -> Question:
    """Tag a question with the collection of its documents, where they are all of one."""
    found = {collections[name] for name in question.relevant}
    return replace(question, tags={"collection": found.pop(), **question.tags}) if len(found) == 1 else question
