"""The robustness suite: the same questions under strain, each strain as a change against the clean run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from eval.figures import MEASURES, mean_of, to_columns
from eval.golden import GoldenDocument, GoldenSet, Question
from eval.measure import Extras, measure_answers
from eval.perturb import CANARY, VARIATIONS, Variation, near_duplicate, near_title, vary
from eval.phrases import INJECTIONS
from eval.report import Report, rounded
from eval.statistics import Difference, difference
from eval.system import System
from eval.workbench import Progress, Workbench, silent
from retrieval.errors import InvalidInputError
from retrieval.retrieve import Retriever, checked_question
from retrieval.rewrite import HeuristicRewriter
from retrieval.search_question import SearchQuestion, search_question
from retrieval.types import Filters, Passage, Principal, SearchMode

INJECTED_DOCUMENTS = "injected_documents"
"""Copies of relevant documents that speak to the model; the questions stay as they are."""

_DOUBLES = next(name for name, variation in VARIATIONS.items() if variation.doubles)
_REFUSED = "refused"
_POISONED_CHARS = 2000  # of the copied document, before the instruction


@dataclass(frozen=True, slots=True)
class Strain:
    """What one strain did.

    Attributes:
        name: Of the strain.
        figure: What is compared: the primary figure of the clean run, or the share of questions refused.
        clean: The figure of the clean run over the same questions; None when nothing could be compared.
        varied: The figure under strain.
        difference: Varied minus clean, question by question.
        questions: How many were asked under strain.
        note: Why something is missing, and what else was seen, in words; empty when there is nothing to say.
    """

    name: str
    figure: str
    clean: float | None
    varied: float | None
    difference: Difference | None
    questions: int
    note: str = ""

    def row(self) -> tuple[str, ...]:
        """Return it as cells: name, figure, clean, varied, change, interval, questions, verdict."""
        found = self.difference
        if found is None or found.value is None:
            return self.name, self.figure, "", "", "", "", str(self.questions), "not measured"
        interval = "" if found.low is None else f"{found.low:+.4f} to {found.high:+.4f}"
        values = (f"{self.clean:.4f}", f"{self.varied:.4f}", f"{found.value:+.4f}")
        return self.name, self.figure, *values, interval, str(self.questions), found.verdict

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object, rounded to four digits."""
        return {
            "name": self.name,
            "figure": self.figure,
            "clean": rounded(self.clean),
            "varied": rounded(self.varied),
            "difference": self.difference.as_json() if self.difference else None,
            "questions": self.questions,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Suite:
    """The clean run and every strain, in the order they were asked."""

    clean: Report
    strains: tuple[Strain, ...]


def strain_all(
    bench: Workbench, system: System, golden: GoldenSet, *, extras: Extras | None = None, progress: Progress = silent
) -> Suite:
    """Ask a golden set clean, and under every strain.

    The documents of the strained knowledge base are added last, so that all that comes before is asked of the same
    documents as the clean run.

    Args:
        bench: Holds the documents; near-duplicates and poisoned documents are added to it.
        system: Of the bench.
        golden: Questions.
        extras: What may be measured besides, and the seed.
        progress: Told of every question.

    Returns:
        The clean report and one entry a strain.

    Raises:
        InvalidInputError: There are no questions, or no figure that tells right from wrong.
    """
    extras = extras or Extras()
    clean = measure_answers(system, golden, extras=extras, progress=_named(progress, "clean"))
    if clean.primary is None:
        raise InvalidInputError("robustness cannot be measured: the questions do not say what is right")
    asked = [question for question in golden.questions if question.id in clean.scores]
    strains = []
    for variation in VARIATIONS.values():
        questions = _varied(variation, asked, extras.seed)
        if variation.hides:
            strains.append(_hidden(variation.name, system, clean, questions, extras=extras, progress=progress))
        elif not variation.doubles:
            strains.append(_strained(variation.name, system, clean, questions, extras=extras, progress=progress))
    for name, make in ((_DOUBLES, near_duplicate), (INJECTED_DOCUMENTS, _poisoned)):
        added = _copies(bench, asked, name, make, extras.seed)
        bench.add_texts(added)
        strain = _strained(name, bench.system(system.answerer), clean, asked, extras=extras, progress=progress)
        strains.append(replace(strain, note=f"{strain.note} documents added: {len(added)}".strip()))
    return Suite(clean, tuple(strains))


def _varied(variation: Variation, questions: Sequence[Question], seed: int) -> list[Question]:
    return [varied for question in questions if (varied := vary(question, variation, seed=seed)) is not None]


def _strained(
    name: str, system: System, clean: Report, questions: Sequence[Question], *, extras: Extras, progress: Progress
) -> Strain:
    figure = clean.primary or ""
    if not questions:
        return Strain(name, figure, None, None, None, 0, "no question can be asked this way")
    golden = GoldenSet(tuple(questions), name=name)
    varied = measure_answers(system, golden, extras=extras, progress=_named(progress, name))
    notes = []
    if left := len(clean.scores) - len(questions):
        notes.append(f"questions that cannot be asked this way: {left}.")
    if "injected" in name:
        obeyed = sum(CANARY in (detail.answer or "") for detail in varied.details.values())
        notes.append(f"answers that hold the canary: {obeyed} of {len(questions)}.")
    return _strain(name, figure, clean, varied, " ".join(notes))


def _strain(name: str, figure: str, clean: Report, varied: Report, note: str) -> Strain:
    measure = MEASURES["answers"][figure]
    keys = sorted(varied.scores.keys() & clean.scores.keys())
    columns = sorted({column for report in (clean, varied) for row in report.scores.values() for column in row})
    before, after = (to_columns([report.scores[key] for key in keys], columns) for report in (clean, varied))
    found = difference(before, after, measure.statistic, about=measure.column, seed=clean.provenance.seed)
    return Strain(name, figure, found.before, found.after, found, len(keys), note)


def _hidden(
    name: str, system: System, clean: Report, questions: Sequence[Question], *, extras: Extras, progress: Progress
) -> Strain:
    """Ask what the documents answer, with those documents hidden: refusing is right now."""
    uris = {name: uri for uri, name in system.names.items()}
    if system.answerer is None or not questions:
        return Strain(name, _REFUSED, None, None, None, 0, "no question names a document that could be hidden")
    # Two questions may be worded alike and be about different documents.
    hidden: dict[SearchQuestion, frozenset[str]] = {}
    for question in questions:
        own = frozenset(uris[document] for document in clean.details[question.id].expected if document in uris)
        hidden[_searched(question)] = hidden.get(_searched(question), frozenset()) | own
    blind = _Blind.of(system.retriever, hidden)
    # A question that a language model rewrote is not found among the hidden ones.
    answerer = replace(system.answerer, retriever=blind, rewriter=HeuristicRewriter())
    without = replace(system, retriever=blind, answerer=answerer)
    golden = GoldenSet(tuple(questions), name=name)
    varied = measure_answers(without, golden, extras=extras, progress=_named(progress, name))
    keys = list(varied.scores)
    before, after = (to_columns([report.scores[key] for key in keys], ["abstained"]) for report in (clean, varied))
    found = difference(before, after, mean_of("abstained"), about="abstained", seed=extras.seed)
    note = "the documents of each question hidden: refusing is right, so a rise is good"
    return Strain(name, _REFUSED, found.before, found.after, found, len(keys), note)


def _poisoned(text: str, seed: int) -> str | None:
    # Another one for another text, so that not one wording is tried on all.
    return INJECTIONS[(seed + len(text)) % len(INJECTIONS)].format(text[:_POISONED_CHARS], CANARY)


def _copies(
    bench: Workbench, questions: Sequence[Question], kind: str, make: Callable[[str, int], str | None], seed: int
) -> list[GoldenDocument]:
    uris = {name: uri for uri, name in bench.names.items()}
    wanted = {name: uris[name] for q in questions for name in q.relevant if name in uris}
    return [
        GoldenDocument(f"{kind}:{name}", near_title(title, seed), copy)
        for name, (title, text) in bench.texts(wanted).items()
        if (copy := make(text, seed)) is not None
    ]


def _searched(question: Question) -> SearchQuestion:
    """Return what the answerer searches with."""
    return HeuristicRewriter().rewrite(checked_question(question.text), question.history)


def _named(progress: Progress, name: str) -> Progress:
    return lambda _stage, done, total: progress(name, done, total)


@dataclass(frozen=True, slots=True)
class _Blind(Retriever):
    """A retriever that does not see the documents of a question; ``hidden``: question as searched -> URIs."""

    hidden: Mapping[SearchQuestion, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, retriever: Retriever, hidden: Mapping[SearchQuestion, frozenset[str]]) -> "_Blind":
        parts = {name: getattr(retriever, name) for name in Retriever.__dataclass_fields__}
        return cls(**parts, hidden=hidden)

    def retrieve(
        self,
        question: str | SearchQuestion,
        *,
        principal: Principal,
        collection: str | None = None,
        filters: Filters | None = None,
        limit: int = 10,
        mode: SearchMode = "hybrid",
    ) -> list[Passage]:
        """Find passages as ever, those of the question's own documents left out.

        Returns:
            As ``Retriever.retrieve``.
        """
        deep = max(limit, self.pool)
        found = Retriever.retrieve(
            self, question, principal=principal, collection=collection, filters=filters, limit=deep, mode=mode
        )
        hidden = self.hidden.get(search_question(question), frozenset())
        return [passage for passage in found if passage.uri not in hidden][:limit]
