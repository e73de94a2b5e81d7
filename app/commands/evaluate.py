"""attune evaluate: measure, in a knowledge base that is thrown away or in the one that serves."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

import httpx
import typer

from app.commands import evaluate_show as show
from app.commands.terminal import Json, warning
from app.owner import checked, events, owner
from app.settings import Settings
from eval.knobs import PathMode
from retrieval.errors import AttuneError, InvalidInputError

if TYPE_CHECKING:
    from eval.evaluate import Parts
    from eval.golden import GoldenSet
    from eval.knobs import Knobs
    from eval.measure import Extras
    from eval.report import Report
from eval.workbench import Progress

evaluate = typer.Typer(
    invoke_without_command=True, help="Measure retrieval and answers on questions of your own, compare and guard them."
)

Html = Annotated[Path | None, typer.Option("--html", help="Write the report as one HTML file.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write the whole report, single questions included, as JSON.")]
NoKeep = Annotated[bool, typer.Option("--no-keep", help="Do not keep the report in the catalog.")]
Documents = Annotated[Path, typer.Option("--documents", help="Folder of documents.")]
Questions = Annotated[
    Path | None, typer.Option("--questions", help="Questions about them: JSON lines or CSV; or use --set.")
]
SetName = Annotated[str | None, typer.Option("--set", help="A golden set of the catalog, by name.")]
Beir = Annotated[Path, typer.Option("--beir", help="Folder with corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv.")]
Split = Annotated[str, typer.Option("--split", help="Which file in qrels, without its suffix.")]
Mode = Annotated[
    PathMode,
    typer.Option("--mode", help="One list, both fused, or all of the path as it serves: dense, sparse, hybrid, full."),
]
History = Annotated[bool, typer.Option("--history", help="Search follow-ups together with the questions before.")]


@evaluate.callback()
def gate(
    context: typer.Context,
    gate_file: Annotated[
        Path | None, typer.Option("--gate", help="Measure what this file says, and exit 1 when it does not hold.")
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="With --gate: take the run as the accepted one when it passes.")
    ] = False,
    html: Html = None,
    out: Out = None,
    no_keep: NoKeep = False,
    as_json: Json = False,
) -> None:
    """Measure retrieval and answers on questions of your own, compare and guard them."""
    if context.invoked_subcommand is not None:
        if gate_file is not None:
            raise InvalidInputError("--gate takes no command beside it: the file says what is measured")
        return
    if gate_file is None:
        typer.echo(context.get_help())
        raise typer.Exit
    from app.commands.evaluate_gate import run_gate

    settings = Settings()
    with show.progress_bar(quiet=as_json) as progress:
        report, ruling = run_gate(settings, gate_file, accept=accept, keep=not no_keep, progress=progress)
    show.written(report, html=html, out=out)
    show.ruling(report, ruling, as_json=as_json)
    if not ruling.passed:
        raise typer.Exit(1)


@evaluate.command()
def retrieval(
    beir: Beir,
    split: Split = "test",
    mode: Mode = "full",
    history: History = False,
    whole: Annotated[
        bool, typer.Option("--whole", help="One chunk a text, cut off at the model's limit, as published figures do.")
    ] = False,
    html: Html = None,
    out: Out = None,
    no_keep: NoKeep = False,
    as_json: Json = False,
) -> None:
    """Measure how well the right documents are found."""
    settings = Settings()
    with show.progress_bar(quiet=as_json) as progress:
        report = measured_retrieval(
            settings, beir, split=split, mode=mode, knobs=knobs_of(settings, history, whole), progress=progress
        )
    kept(settings, report, keep=not no_keep)
    show.written(report, html=html, out=out)
    show.report(report, as_json=as_json)


@evaluate.command()
def answers(
    documents: Documents,
    questions: Questions = None,
    set_name: SetName = None,
    html: Html = None,
    out: Out = None,
    no_keep: NoKeep = False,
    as_json: Json = False,
) -> None:
    """Measure how well questions are answered, cited and refused."""
    settings = Settings()
    golden = golden_of(settings, questions, set_name)
    with show.progress_bar(quiet=as_json) as progress:
        report = measured_answers(settings, documents, golden, progress=progress)
    kept(settings, report, keep=not no_keep)
    show.written(report, html=html, out=out)
    show.report(report, as_json=as_json)


@evaluate.command()
def live(
    set_name: Annotated[str, typer.Option("--set", help="A golden set of the catalog, by name.")],
    kind: Annotated[Literal["answers", "retrieval"], typer.Option("--measure", help="What is measured.")] = "answers",
    version: Annotated[int | None, typer.Option("--version", help="Of the set; the newest when left out.")] = None,
    collection: Annotated[str | None, typer.Option("--collection", "-c", help="Ask this collection only.")] = None,
    html: Html = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Measure the knowledge base as it serves, with a golden set of the catalog."""
    body = {"set": set_name, "kind": kind, "version": version, "collection": collection}
    with show.progress_bar(quiet=as_json) as progress:
        report = measured_live(Settings(), body, progress)
    show.written(report, html=html, out=out)
    show.report(report, as_json=as_json)


def measured_live(settings: Settings, body: dict[str, Any], progress: "Progress") -> "Report":
    """Have the server measure itself; it keeps the report.

    Args:
        settings: Which server.
        body: Of ``POST /v1/evaluations``.
        progress: Told of every question.

    Returns:
        The report.

    Raises:
        AttuneError: The server refused, or went away.
    """
    from eval.report import report_of_record

    with owner(settings) as client, client.stream("POST", "/v1/evaluations", json=body) as response:
        return report_of_record(followed(response, progress))


def followed(response: httpx.Response, progress: "Progress") -> dict[str, Any]:
    """Follow the events of a response to their end.

    Returns:
        What it ended with.

    Raises:
        AttuneError: It ended with an error, or the server went away.
    """
    if response.is_error:
        checked(response)
    for name, news in events(response):
        if name == "progress":
            progress(news["stage"], news["done"], news["total"])
        elif name == "error":
            raise AttuneError(news["detail"])
        else:
            done: dict[str, Any] = news
            return done
    raise AttuneError("the server stopped before this was done")


def measured_retrieval(
    settings: Settings, beir: Path, *, split: str, mode: PathMode, knobs: "Knobs", progress: "Progress"
) -> "Report":
    """Measure retrieval in a knowledge base of its own."""
    from app.parts import build_embedder
    from eval.evaluate import evaluate_retrieval
    from eval.golden import read_beir

    golden = read_beir(beir, split)
    report = evaluate_retrieval(golden, mode=mode, embedder=build_embedder(settings), knobs=knobs, progress=progress)
    return replace(report, counts={**report.counts, "split": split})


def measured_answers(settings: Settings, documents: Path, golden: "GoldenSet", *, progress: "Progress") -> "Report":
    """Measure answers over a folder in a knowledge base of its own."""
    from eval.evaluate import evaluate_answers

    with parts_of(settings) as parts:
        return evaluate_answers(
            documents,
            golden,
            parts=parts,
            knobs=knobs_of(settings, history=True),
            extras=extras_of(settings),
            progress=progress,
        )


@contextmanager
def parts_of(settings: Settings) -> Iterator["Parts"]:
    """Put together what answers, as the server does it.

    Yields:
        The parts; their sandbox is closed at the end.
    """
    from app.parts import build_answerer, build_embedder, open_sandbox
    from eval.evaluate import Parts

    with open_sandbox(settings) as sandbox:
        yield Parts(build_embedder(settings), sandbox.parse, partial(build_answerer, settings))


def golden_of(settings: Settings, questions: Path | None, set_name: str | None) -> "GoldenSet":
    """Read the questions from a file, or get a golden set from the catalog.

    Returns:
        The questions.

    Raises:
        InvalidInputError: Neither or both are given, or the file is broken.
    """
    from eval.golden import GoldenSet
    from eval.golden_files import read_golden
    from eval.questions import questions_of

    if (questions is None) == (set_name is None):
        raise InvalidInputError("give either --questions FILE or --set NAME")
    if questions is not None:
        return read_golden(questions)
    with owner(settings) as client:
        body = checked(client.get(f"/v1/golden-sets/{quote(set_name or '', safe='')}"))
    withheld = sum(question.get("withheld", False) for question in body["questions"])
    skipped = {"questions' words of documents that you may not read": withheld} if withheld else {}
    return GoldenSet(questions_of(body["questions"]), skipped=skipped, name=body["name"], version=body["version"])


def knobs_of(settings: Settings, history: bool = False, whole: bool = False) -> "Knobs":
    """Return what the server is set to, for a knowledge base of its own."""
    from eval.knobs import Knobs

    return Knobs(
        pool=settings.retrieval_pool,
        dense_weight=settings.dense_weight,
        chunk_tokens=settings.chunk_tokens,
        history=history,
        whole=whole,
        fusion=settings.fusion,
        rerank=settings.rerank,
    )


def extras_of(settings: Settings) -> "Extras":
    """Return what is measured besides: the judge and the prices that are set."""
    from app.parts import build_judge
    from eval.measure import Extras
    from eval.prices import read_prices

    return Extras(judge=build_judge(settings), prices=read_prices(settings.prices) if settings.prices else {})


def kept(settings: Settings, report: "Report", *, keep: bool) -> None:
    """Keep a report in the catalog; that it cannot be kept does not take the figures away."""
    if not keep:
        return
    try:
        with owner(settings) as client:
            checked(client.post("/v1/evaluations/records", json=report.record()))
    except AttuneError as error:
        warning(f"the report was not kept: {error}")
