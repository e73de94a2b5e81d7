"""What the commands show of runs of ingestion to people."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from retrieval.errors import AttuneError

_OUTCOMES = ("added", "updated", "moved", "unchanged", "deleted", "failed", "quarantined", "cancelled")


def progress(events: Iterator[tuple[str, Any]], console: Console, *, quiet: bool) -> dict[str, Any]:
    """Follow a run to its end, with a progress bar on a terminal.

    Returns:
        The run.

    Raises:
        AttuneError: The server stopped, or went away.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task("documents", total=None, rate="")
        for name, event in events:
            if name == "progress":
                bar.update(task, completed=event["done"], total=event["total"] or None, rate=_rate(event))
            elif name == "done":
                run: dict[str, Any] = event
                return run
            elif name == "error":
                raise AttuneError(event["detail"])
    raise AttuneError("the server went away; the run goes on when it is started again")


def ended(run: dict[str, Any], console: Console) -> None:
    """Show what a run did, and what failed in it with the reason."""
    counts = run["progress"]
    what = ", ".join(f"{counts[name]} {name}" for name in _OUTCOMES if counts[name])
    console.print(
        f"{counts['total']} documents: {what or 'nothing to do'}; {counts['chunks']} chunks written, "
        f"{counts['embedded']} of them embedded, in {run['seconds']:.1f} s"
    )
    if run["state"] != "done":
        reason = f": {run['reason']}" if run["reason"] else ""
        console.print(f"[red]the run is {run['state']}[/red]{escape(reason)}")
    for document in run["failures"]:
        console.print(f"[red]{document['state']}[/red] {escape(_name(document))}: {escape(document['reason'])}")
    more = counts["failed"] + counts["quarantined"] - len(run["failures"])
    if more > 0:
        console.print(f"[red]and {more} more[/red]: attune runs show {run['id'][:8]} --state failed")
    if run["failures"]:
        console.print(f"[dim]try them again: attune runs retry {run['id'][:8]}[/dim]")


def begun(run: dict[str, Any], console: Console) -> None:
    """Show that a run was begun, paused or cancelled."""
    console.print(f"run {run['id'][:8]} is {run['state']}: {escape(run['label'])}")
    if run["state"] in {"queued", "running"}:
        console.print(f"[dim]attune runs follow {run['id'][:8]}[/dim]")


def table(body: dict[str, Any], console: Console) -> None:
    """Show runs as a table."""
    shown = Table()
    for name in ("run", "state", "what", "collection", "begun", "documents", "failed"):
        shown.add_column(name, overflow="fold")
    for run in body["runs"]:
        counts = run["progress"]
        done = f"{counts['done']} of {counts['total']}" if counts["done"] < counts["total"] else str(counts["total"])
        failed = str(counts["failed"] + counts["quarantined"] or "")
        begun_at = run["created_at"][:16].replace("T", " ")
        shown.add_row(run["id"][:8], run["state"], escape(run["label"]), run["collection"], begun_at, done, failed)
    console.print(shown)


def details(run: dict[str, Any], console: Console) -> None:
    """Show a run document by document."""
    ended(run, console)
    shown = Table()
    for name in ("document", "state", "attempts", "chunks", "ms", "reason"):
        shown.add_column(name, overflow="fold")
    for document in run["documents"]:
        state = document["outcome"] if document["state"] == "done" else document["state"]
        ms = f"{sum(document['timings_ms'].values()):.0f}" if document["timings_ms"] else ""
        row = (_name(document), state or "done", str(document["attempts"]), str(document["chunks"] or ""), ms)
        shown.add_row(*(escape(cell) for cell in row), escape(document["reason"] or ""))
    console.print(shown)


def _rate(counts: dict[str, Any]) -> str:
    if not counts["per_second"] or counts["eta_s"] is None:
        return ""
    minutes, seconds = divmod(round(counts["eta_s"]), 60)
    return f"{counts['per_second']:.1f}/s, {minutes}:{seconds:02d} left"


def _name(document: dict[str, Any]) -> str:
    from urllib.parse import unquote

    uri = str(document["uri"])
    return unquote(uri.removeprefix("file://")) if uri.startswith("file:") else str(document["name"] or uri)
