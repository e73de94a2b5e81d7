"""attune evaluate: measure retrieval and answers on golden questions, in a knowledge base that is thrown away."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from app.settings import Settings
from retrieval.types import SearchMode

if TYPE_CHECKING:
    from eval.workbench import Knobs, Progress

evaluate = typer.Typer(no_args_is_help=True, help="Measure retrieval and answers on questions of your own.")

_BESIDE = ("settings", "failed", "skipped", "notes")
_out = Console(highlight=False, soft_wrap=True)
_err = Console(stderr=True, highlight=False, soft_wrap=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@evaluate.command()
def retrieval(
    beir: Annotated[Path, typer.Option("--beir", help="Folder with corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv.")],
    split: Annotated[str, typer.Option("--split", help="Which file in qrels, without its suffix.")] = "test",
    mode: Annotated[SearchMode, typer.Option("--mode", help="Which lists are searched.")] = "hybrid",
    history: Annotated[
        bool, typer.Option("--history", help="Search follow-up questions together with the questions before.")
    ] = False,
    whole: Annotated[
        bool, typer.Option("--whole", help="One chunk a text, cut off at the model's limit, as published figures do.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Measure how well the right documents are found."""
    from app.bootstrap import build_embedder
    from eval.evaluate import evaluate_retrieval

    settings = Settings()
    with _progress(quiet=as_json) as progress:
        report = evaluate_retrieval(
            beir,
            split,
            mode=mode,
            embedder=build_embedder(settings),
            knobs=_knobs(settings, history=history, whole=whole),
            progress=progress,
        )
    _print(report.as_json(), as_json)


@evaluate.command()
def answers(
    documents: Annotated[Path, typer.Option("--documents", help="Folder of documents.")],
    questions: Annotated[Path, typer.Option("--questions", help="Questions about them, one JSON object a line.")],
    as_json: Json = False,
) -> None:
    """Measure how well questions are answered, cited and refused."""
    from app.bootstrap import build_answerer, build_embedder, open_sandbox
    from eval.evaluate import Parts, evaluate_answers

    settings = Settings()
    with open_sandbox(settings) as sandbox, _progress(quiet=as_json) as progress:
        parts = Parts(build_embedder(settings), sandbox.parse, partial(build_answerer, settings))
        report = evaluate_answers(
            documents, questions, parts=parts, knobs=_knobs(settings, history=True), progress=progress
        )
    _print(report.as_json(), as_json)


def _knobs(settings: Settings, *, history: bool, whole: bool = False) -> "Knobs":
    from eval.workbench import Knobs

    return Knobs(
        pool=settings.retrieval_pool,
        dense_weight=settings.dense_weight,
        chunk_tokens=settings.chunk_tokens,
        history=history,
        whole=whole,
    )


@contextmanager
def _progress(*, quiet: bool) -> Iterator["Progress"]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=_err, transient=True, disable=quiet or not _err.is_terminal) as bar:
        tasks: dict[str, Any] = {}

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done, total=total)

        yield progress


def _print(report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(report, ensure_ascii=False) + "\n")
        return
    table = Table("figure", "value")
    for name, value in report.items():
        if name not in _BESIDE:
            table.add_row(name, "not measured" if value is None else escape(str(value)))
    _out.print(table)
    for failure in report.get("failed", []):
        _out.print(f"[red]failed[/red] {escape(failure['path'])}: {escape(failure['reason'])}")
    for what, count in report["skipped"].items():
        _out.print(f"left out: {count} {escape(what)}")
    for note in report["notes"]:
        _out.print(escape(note))
