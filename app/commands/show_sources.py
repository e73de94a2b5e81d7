"""Sources on the terminal."""

import json
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.commands import show_runs

_UNIT_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}


def table(body: dict[str, Any], console: Console) -> None:
    """List sources."""
    if not body["sources"]:
        console.print("there are no sources yet: `attune source add folder PATH` sets one up")
        return
    table = Table()
    table.add_column("source", no_wrap=True)  # to be typed again
    for column in ("from", "when", "last sync", "documents", "changed", "failed"):
        table.add_column(column, overflow="fold")
    for found in body["sources"]:
        place = f"{found['kind']} into {found['collection']}"
        table.add_row(escape(found["name"]), escape(place), _when(found), *_last(found))
    console.print(table)


def _when(found: dict[str, Any]) -> str:
    if found["paused"]:
        return "paused"
    every = "" if found["every_s"] is None else f"every {_time(found['every_s'])}"
    return ", ".join(part for part in (every, "watched" if found["watch"] else "") if part) or "by hand"


def _time(time_s: float) -> str:
    unit = next(unit for unit in ("w", "d", "h", "m", "s") if time_s % _UNIT_S[unit] == 0 or unit == "s")
    return f"{time_s / _UNIT_S[unit]:g}{unit}"


def _last(found: dict[str, Any]) -> tuple[str, ...]:
    run = found["last_run"]
    if run is None:
        return ("never", "", "", "")
    counts = run["progress"]
    changed = sum(counts[name] for name in ("added", "updated", "moved", "deleted"))
    failed = counts["failed"] + counts["quarantined"]
    began = run["created_at"][:16].replace("T", " ")
    return f"{began} {run['state']}", str(counts["total"]), str(changed or ""), str(failed or "")


def added(found: dict[str, Any], console: Console) -> None:
    """Say that a source was set up."""
    console.print(f"source {escape(found['name'])} is set up ({_when(found)})")
    hint = "it is synced while `attune serve` runs; now: " if found["next_sync_at"] else ""
    console.print(f"[dim]{hint}attune source sync {escape(found['name'])}[/dim]")


def details(found: dict[str, Any], console: Console) -> None:
    """Show a source with its last sync."""
    console.print(f"[bold]{escape(found['name'])}[/bold]  [dim]{found['id']}[/dim]")
    console.print(f"{found['kind']} into {escape(found['collection'])}, {_when(found)}")
    for name, value in found["arguments"].items():
        if value not in (None, [], {}):
            console.print(f"  {name}: {escape(json.dumps(value, ensure_ascii=False))}")
    for rule in found["access"]:
        console.print(f"  {escape(rule['pattern'])} is for {escape(', '.join(rule['access']) or 'nobody')}")
    console.print(f"  {'the rest' if found['access'] else 'all'} is for {escape(', '.join(found['acl']) or 'nobody')}")
    run = found["last_run"]
    if run is None:
        console.print("never synced")
        return
    console.print(f"last sync {run['created_at'][:16].replace('T', ' ')}: {run['state']}")
    show_runs.ended(run, console)
