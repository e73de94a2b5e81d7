"""attune evaluate sweep | robustness: many configurations, and the same questions under strain."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from app.commands import evaluate_show as show
from app.commands.evaluate import (
    Documents,
    Html,
    NoKeep,
    Questions,
    SetName,
    extras_of,
    golden_of,
    kept,
    knobs_of,
    parts_of,
)
from app.commands.terminal import Json, out, print_json
from app.settings import Settings
from retrieval.errors import InvalidInputError
from retrieval.prompt import ANSWER_TEMPLATE

if TYPE_CHECKING:
    from eval.experiment import Experiment
    from eval.golden import GoldenSet
    from eval.robustness import Suite
    from eval.sweep import Grid, SweepResult
    from eval.workbench import Progress

commands = typer.Typer()

_DEFAULT = "default"
_AXES = ("chunk_tokens", "pool", "fusion", "dense_weight", "rerank")


@commands.command()
def sweep(
    documents: Annotated[Path | None, typer.Option("--documents", help="Folder of documents.")] = None,
    questions: Questions = None,
    set_name: SetName = None,
    beir: Annotated[Path | None, typer.Option("--beir", help="A BEIR folder instead; retrieval is measured.")] = None,
    split: Annotated[str, typer.Option("--split", help="Which file in qrels, without its suffix.")] = "test",
    chunk_tokens: Annotated[str, typer.Option("--chunk-tokens", help="For instance 128,192,default.")] = "",
    pool: Annotated[str, typer.Option("--pool", help="For instance 50,100,200.")] = "",
    fusion: Annotated[str, typer.Option("--fusion", help="Of mix,dbsf,rrf.")] = "",
    dense_weight: Annotated[str, typer.Option("--dense-weight", help="For instance 0.3,0.5,0.7.")] = "",
    rerank: Annotated[str, typer.Option("--rerank", help="Of none,sentences, or a cross-encoder's folder.")] = "",
    state: Annotated[
        Path, typer.Option("--state", help="Where results are kept, so that a stopped sweep goes on.")
    ] = Path("attune-sweep.jsonl"),
    as_json: Json = False,
) -> None:
    """Try configurations on your own questions: quality, time, and which of them nothing else beats."""
    from eval.sweep import sweep as swept
    from eval.sweep_state import sweep_key

    settings = Settings()
    grid = _grid({"chunk_tokens": chunk_tokens, "pool": pool, "fusion": fusion, "dense_weight": dense_weight,
                  "rerank": rerank})  # fmt: skip
    golden = _golden(settings, beir, split, questions, set_name)
    with (
        show.progress_bar(quiet=as_json) as progress,
        _experiment(settings, golden, beir=beir, documents=documents, progress=progress) as experiment,
    ):
        base = knobs_of(settings, history=beir is None)
        made = f"{experiment.fingerprint}, {_answering(settings)}" if beir is None else experiment.fingerprint
        key = sweep_key(golden.sha256, made, version("attune"))
        result = swept(grid.configurations(base), experiment.instruments(), state=state, key=key, progress=progress)
    figure = next((name for row in result.rows if (name := experiment.quality(row.figures))), None)
    if figure is None:
        raise InvalidInputError(result.failed[0][1] if result.failed else "no configuration could be measured")
    _show_sweep(result.with_front(figure), figure, as_json=as_json)


@commands.command()
def robustness(
    documents: Documents,
    questions: Questions = None,
    set_name: SetName = None,
    html: Html = None,
    no_keep: NoKeep = False,
    as_json: Json = False,
) -> None:
    """Ask the same questions under strain: typos, paraphrases, negation, injected instructions, near-duplicates."""
    from eval.html import page
    from eval.robustness import strain_all
    from eval.workbench import open_workbench

    settings = Settings()
    golden = golden_of(settings, questions, set_name)
    with (
        parts_of(settings) as parts,
        show.progress_bar(quiet=as_json) as progress,
        open_workbench(parts.embedder, knobs=knobs_of(settings, history=True)) as bench,
    ):
        ingested = bench.add_folder(documents, parts.parse, progress)
        system = bench.system(parts.answerer(bench.retriever))
        suite = strain_all(bench, system, bench.known(golden), extras=extras_of(settings), progress=progress)
        suite = replace(suite, clean=replace(suite.clean, failed=tuple(ingested.failed)))
    kept(settings, suite.clean, keep=not no_keep)
    if html is not None:
        show.write_file(html, page(suite.clean, robustness=suite.strains))
    _show_suite(suite, as_json=as_json)


def _golden(
    settings: Settings, beir: Path | None, split: str, questions: Path | None, set_name: str | None
) -> "GoldenSet":
    from eval.golden import read_beir

    if beir is None:
        return golden_of(settings, questions, set_name)
    if questions is not None or set_name is not None:
        raise InvalidInputError("--beir brings its own questions; leave --questions and --set out")
    return read_beir(beir, split)


@contextmanager
def _experiment(
    settings: Settings, golden: "GoldenSet", *, beir: Path | None, documents: Path | None, progress: "Progress"
) -> Iterator["Experiment"]:
    from eval.experiment import answers_experiment, retrieval_experiment

    if beir is not None:
        from app.parts import build_embedder

        yield retrieval_experiment(golden, build_embedder(settings), progress=progress)
        return
    if documents is None:
        raise InvalidInputError("give the documents: --documents DIR, or a BEIR folder with --beir DIR")
    with parts_of(settings) as parts:
        yield answers_experiment(documents, golden, parts=parts, progress=progress)


def _answering(settings: Settings) -> str:
    """Name what decides about answers besides the knobs."""
    model = f"{settings.llm_url} {settings.llm_model}" if settings.llm_url else "extractive"
    return f"{model}, {ANSWER_TEMPLATE}, abstain below {settings.abstain_below}, {settings.passages_shown} passages"


def _grid(axes: dict[str, str]) -> "Grid":
    from eval.sweep import Grid

    kinds: dict[str, Any] = {"chunk_tokens": _chunk_tokens, "pool": int, "dense_weight": float}
    values: dict[str, Any] = {}
    for name, text in axes.items():
        try:
            values[name] = tuple(kinds.get(name, str)(entry.strip()) for entry in text.split(",") if entry.strip())
        except ValueError as error:
            raise InvalidInputError(f"--{name.replace('_', '-')}: {text!r} is not a list of numbers") from error
    if strangers := set(values["fusion"]) - {"mix", "dbsf", "rrf"}:
        raise InvalidInputError(f"--fusion: {min(strangers)} is none of mix, dbsf, rrf")
    if not any(values.values()):
        raise InvalidInputError(
            "nothing to try: give at least one of --chunk-tokens, --pool, --fusion, --dense-weight, --rerank"
        )
    return Grid(**values)


def _chunk_tokens(text: str) -> int | None:
    return None if text == _DEFAULT else int(text)


def _show_sweep(result: "SweepResult", figure: str, *, as_json: bool) -> None:
    if as_json:
        print_json({
            "figure": figure,
            "rows": [asdict(row) for row in result.rows],
            "failed": [{"knobs": asdict(knobs), "reason": reason} for knobs, reason in result.failed],
            "resumed": result.resumed,
            "notes": list(result.notes),
        })
        return
    table = Table(*_AXES, figure, "p50 ms", "p95 ms", "index MB", "front")
    for row in result.rows:
        value = row.figures.get(figure)
        turned = [str(getattr(row.knobs, axis) or _DEFAULT) for axis in _AXES]
        measured = ["not measured" if value is None else f"{value:.4f}", f"{row.p50_ms:.1f}", f"{row.p95_ms:.1f}"]
        table.add_row(*turned, *measured, f"{row.index_bytes / 2**20:.1f}", "*" if row.on_front else "")
    out.print(table)
    out.print("* nothing else is as good and faster, or as fast and better")
    for knobs, reason in result.failed:
        out.print(f"[red]failed[/red] {escape(str(asdict(knobs)))}: {escape(reason)}")
    for note in result.notes:
        out.print(escape(note))


def _show_suite(suite: "Suite", *, as_json: bool) -> None:
    if as_json:
        print_json({"clean": suite.clean.as_json(), "strains": [strain.as_json() for strain in suite.strains]})
        return
    table = Table("strain", "figure", "clean", "under strain", "change", "95 % interval", "questions", "verdict")
    for strain in suite.strains:
        table.add_row(*(escape(cell) for cell in strain.row()))
    out.print(table)
    for failure in suite.clean.failed:
        out.print(f"[red]failed[/red] {escape(failure.path)}: {escape(failure.reason)}")
    for strain in suite.strains:
        if strain.note:
            out.print(escape(f"{strain.name}: {strain.note}"))
