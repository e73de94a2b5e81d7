"""attune ingest, attune runs, attune work: documents are taken in, and what became of them."""

import signal
import socket
import threading
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from app.commands import show_runs
from app.commands.search import pairs
from app.commands.terminal import Json, err, printed
from app.naming import access_of
from app.owner import checked, events, owner
from app.settings import Settings
from retrieval.errors import AttuneError, InvalidInputError

RunArgument = Annotated[str, typer.Argument(help="As listed by `attune runs list`; its beginning is enough.")]

runs = typer.Typer(no_args_is_help=True, help="Look at runs of ingestion, stop them, try again what failed.")


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders.")],
    collection: Annotated[str, typer.Option("--collection", "-c", help="Made if missing.")] = "default",
    keep_missing: Annotated[
        bool, typer.Option("--keep-missing", help="Keep documents whose files are gone from a given folder.")
    ] = False,
    metadata: Annotated[
        list[str] | None,
        typer.Option("--metadata", help="Metadata of all these documents, as KEY=VALUE, in place of what they have."),
    ] = None,
    access: Annotated[
        list[str] | None,
        typer.Option("--access", help="Who may read them: everyone, private, a group, a user; may be repeated."),
    ] = None,
    detach: Annotated[
        bool,
        typer.Option("--detach", help="Do not wait; `attune runs follow` shows how it goes. Needs a server."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Take in files and folders; what did not change is left alone, what is gone from a folder is deleted.

    Raises:
        AttuneError: The run as a whole failed.
    """
    body: dict[str, Any] = {
        "paths": [str(path.absolute()) for path in paths],
        "collection": collection,
        "keep_missing": keep_missing,
        "metadata": pairs(metadata) if metadata else None,
    }
    with owner(Settings(), ingests=True) as client:
        body["access"] = access_of(client, access) if access else None
        run = checked(client.post("/v1/ingestions", json=body))
        if not detach:
            run = followed(client, run["id"], quiet=as_json)
            if run["state"] == "failed":
                raise AttuneError(run["reason"])
    printed(run, as_json, show_runs.ended if not detach else show_runs.begun)


@runs.command("list")
def list_runs(
    limit: Annotated[int, typer.Option("--limit", "-n", help="1 to 1,000.")] = 20, as_json: Json = False
) -> None:
    """List runs, the newest first."""
    with owner(Settings()) as client:
        printed(checked(client.get("/v1/ingestions", params={"limit": limit})), as_json, show_runs.table)


@runs.command("show")
def show_run(
    run: RunArgument,
    state: Annotated[list[str] | None, typer.Option("--state", help="Only documents in this state.")] = None,
    as_json: Json = False,
) -> None:
    """Show a run with what became of each document."""
    with owner(Settings()) as client:
        run_id = _found(client, run)
        body = checked(client.get(f"/v1/ingestions/{run_id}"))
        body["documents"] = []
        parameters: dict[str, Any] = {"limit": 1000} | ({"state": state} if state else {})
        while True:
            page = checked(client.get(f"/v1/ingestions/{run_id}/documents", params=parameters))
            body["documents"] += page["documents"]
            if page["next"] is None:
                break
            parameters["after"] = page["next"]
    printed(body, as_json, show_runs.details)


@runs.command()
def follow(run: RunArgument, as_json: Json = False) -> None:
    """Follow a run until it has ended; leaving with Ctrl+C does not stop it."""
    with owner(Settings()) as client:
        printed(followed(client, _found(client, run), quiet=as_json), as_json, show_runs.ended)


@runs.command()
def cancel(run: RunArgument, as_json: Json = False) -> None:
    """End a run; what was taken in stays."""
    _act(run, "cancel", as_json)


@runs.command()
def pause(run: RunArgument, as_json: Json = False) -> None:
    """Stop a run after the documents that are being worked on."""
    _act(run, "pause", as_json)


@runs.command()
def resume(run: RunArgument, as_json: Json = False) -> None:
    """Go on with a paused run."""
    _act(run, "resume", as_json)


@runs.command()
def retry(run: RunArgument, as_json: Json = False) -> None:
    """Try again what failed, was quarantined or cancelled in a run, and wait for the end."""
    with owner(Settings()) as client:
        run_id = _found(client, run)
        again = checked(client.post(f"/v1/ingestions/{run_id}/retry"))
        body = followed(client, run_id, quiet=as_json) if again["documents"] else again["run"]
    printed(body, as_json, show_runs.ended)


def work(
    name: Annotated[str | None, typer.Option("--name", help="Of this machine; lasting, and no other's.")] = None,
) -> None:
    """Take documents in for a server on another machine, until interrupted: same catalog, same folder of originals.

    Needs ATTUNE_DATABASE_URL (PostgreSQL) and ATTUNE_BLOBS_DIR as the server has them. Start it once a processor or
    two, under something that starts it again.

    Raises:
        InvalidInputError: The catalog is not on PostgreSQL.
    """
    settings = Settings()
    if settings.database_url is None or settings.catalog_url.startswith("sqlite"):
        raise InvalidInputError(
            "workers beside the server need a catalog on PostgreSQL: set ATTUNE_DATABASE_URL as the server has it. On "
            "one machine `attune serve` starts its own workers, see ATTUNE_WORKERS"
        )
    from app import logs, worker

    logs.configure(settings.log_level, settings.log_format)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    err.print("working; stop with Ctrl+C")
    worker.work(settings, slot=None, stop=stop, name=name or settings.worker_name or socket.gethostname())


def _act(run: str, what: str, as_json: bool) -> None:
    with owner(Settings()) as client:
        body = checked(client.post(f"/v1/ingestions/{_found(client, run)}/{what}"))
    printed(body, as_json, show_runs.begun)


def _found(client: Any, beginning: str) -> str:
    page = checked(client.get("/v1/ingestions", params={"limit": 1000}))["runs"]
    found = [run["id"] for run in page if run["id"].startswith(beginning)]
    if len(found) != 1:
        raise InvalidInputError(f"{len(found) or 'no'} runs begin with {beginning}: `attune runs list` shows them")
    return str(found[0])


def followed(client: Any, run_id: str, *, quiet: bool) -> dict[str, Any]:
    """Follow a run to its end.

    Returns:
        The run.

    Raises:
        AttuneError: The server is gone, or said what was wrong.
    """
    try:
        with client.stream("GET", f"/v1/ingestions/{run_id}/events") as response:
            if response.is_error:
                checked(response)
            return show_runs.progress(events(response), err, quiet=quiet)
    except httpx.HTTPError as error:
        raise AttuneError("the server went away; the run goes on when it is started again") from error
