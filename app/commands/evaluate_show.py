"""What the evaluate commands show to people, and the files they write."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Column, Table

from app.commands.terminal import err, out, print_json
from retrieval.errors import InvalidInputError

if TYPE_CHECKING:
    from eval.regression import Ruling
    from eval.report import Report
    from eval.workbench import Progress

_BESIDE = ("run", "kind", "settings", "failed", "skipped", "notes", "intervals", "provenance", "slices", "gaps")
_SLICES_SHOWN = 5


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator["Progress"]:
    """Show what is being done on a terminal.

    Yields:
        What is to be called with stage, done and total.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=err, transient=True, disable=quiet or not err.is_terminal) as bar:
        tasks: dict[str, Any] = {}

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done, total=total)

        yield progress


def report(report: "Report", *, as_json: bool) -> None:
    """Print a report."""
    from eval.slices import slices_in

    slices = slices_in(report)
    if as_json:
        print_json(report.as_json() | slices.as_json())
        return
    body = report.as_json()
    out.print(_figures(body))
    for entry in slices.ranked[:_SLICES_SHOWN]:
        out.print(f"slice {escape(entry.summary)}")
    for gap in slices.gaps:
        out.print(f"gap {escape(gap.summary)}")
    for failure in body["failed"]:
        out.print(f"[red]failed[/red] {escape(failure['path'])}: {escape(failure['reason'])}")
    for what, count in body["skipped"].items():
        out.print(f"left out: {count} {escape(what)}")
    for note in body["notes"]:
        out.print(escape(note))
    out.print(f"run {body['run']}")


def _figures(body: dict[str, Any]) -> Table:
    table = Table(Column("figure", no_wrap=True), "value", "95 % interval")
    for name, value in body.items():
        if name not in _BESIDE:
            low, high = body["intervals"].get(name, (None, None))
            interval = "" if low is None else f"{low} to {high}"
            table.add_row(name, "not measured" if value is None else escape(str(value)), interval)
    return table


def ruling(report: "Report", ruling: "Ruling", *, as_json: bool) -> None:
    """Print what the gate says."""
    if as_json:
        differences = {name: found.as_json() for name, found in ruling.differences.items()}
        verdict = {"passed": ruling.passed, "reasons": list(ruling.reasons), "gate_notes": list(ruling.notes)}
        print_json(verdict | {"differences": differences} | report.as_json())
        return
    for reason in ruling.reasons:
        out.print(f"[red]fails[/red] {escape(reason)}")
    for note in ruling.notes:
        out.print(escape(note))
    out.print("[green]the gate holds[/green]" if ruling.passed else "[red]the gate does not hold[/red]")
    out.print(f"run {report.provenance.id}")


def written(report: "Report", *, html: Path | None, out: Path | None) -> None:
    """Write the files that were asked for.

    Raises:
        InvalidInputError: One of them cannot be written.
    """
    if out is not None:
        write_file(out, json.dumps(report.record(), ensure_ascii=False, indent=1) + "\n")
    if html is not None:
        from eval.html import page

        write_file(html, page(report))


def write_file(path: Path, text: str) -> None:
    """Write a file.

    Raises:
        InvalidInputError: It cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be written: {error.strerror}") from error
