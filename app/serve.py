"""attune serve: the server in the foreground."""

import signal
import threading
from pathlib import Path

import httpx
from rich.console import Console

from app.commands import show_runs
from app.owner import checked, events, serving
from app.settings import Settings

_EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "handbook"


def run(settings: Settings, *, example: bool, console: Console) -> None:
    """Serve until SIGINT or SIGTERM; then requests in flight are finished.

    Raises:
        AttuneError: The data directory or the address cannot be used.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    console.print("starting ...")
    first_start = example and not (settings.data_dir / "catalog.sqlite3").exists()
    with serving(settings, host=settings.host, port=settings.port, scheduled=True, ingests=first_start) as client:
        if example:
            _ingest_example(client, console)
        console.print(f"Attune serves on [bold]{client.base_url}[/bold]")
        offer_set_up(client, console)
        console.print("stop with Ctrl+C")
        stop.wait()
        console.print("stopping ...")


def offer_set_up(client: httpx.Client, console: Console) -> None:
    """Print the link that makes the first administrator, while there is none."""
    token = checked(client.post("/v1/setup/token"))["token"]
    if token:
        # Behind the number sign: browsers send it to nobody, and no log of a proxy holds it.
        link = f"{str(client.base_url).rstrip('/')}/#setup={token}"
        console.print("make the first administrator with this link, which works once:")
        console.print(f"  [bold]{link}[/bold]", soft_wrap=True)


def _ingest_example(client: httpx.Client, console: Console) -> None:
    counts = checked(client.get("/v1/documents", params={"limit": 1}))
    if counts["documents"]:
        return
    if not _EXAMPLE.is_dir():
        console.print("the example handbook is not here: it is part of the repository, not of the package")
        return
    console.print("the knowledge base is empty: taking in the example handbook ...")
    run = checked(client.post("/v1/ingestions", json={"paths": [str(_EXAMPLE)]}))
    with client.stream("GET", f"/v1/ingestions/{run['id']}/events") as response:
        show_runs.ended(show_runs.progress(events(response), console, quiet=False), console)
