"""The command line: attune serve | ingest | ask | search | documents | users | groups | keys | evaluate | ..."""

import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer
from pydantic import ValidationError

from app.commands import evaluation_runs, experiments, show
from app.commands.access import access
from app.commands.approvals import approvals
from app.commands.audit import audit
from app.commands.backup import backup, restore
from app.commands.conversations import conversations
from app.commands.doctor import doctor
from app.commands.evaluate import evaluate
from app.commands.feedback import feedback, monitor
from app.commands.forget import forget
from app.commands.golden import golden
from app.commands.groups import groups
from app.commands.guards import guards
from app.commands.ingest import ingest, runs, work
from app.commands.keys import keys
from app.commands.learning import learning, promote, rollback
from app.commands.quality import policy, quality, quarantine
from app.commands.search import CollectionOption, ask, search
from app.commands.sources import source, sources
from app.commands.terminal import Json, err, out, printed
from app.commands.train import train
from app.commands.users import users
from app.owner import checked, owner
from app.settings import Settings
from retrieval.errors import AttuneError, InvalidInputError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Cited answers over your documents.",
)
evaluate.add_typer(experiments.commands)
evaluate.add_typer(evaluation_runs.commands)
app.add_typer(evaluate, name="evaluate")
app.add_typer(golden, name="golden")
app.command()(ask)
app.command()(search)
app.command()(ingest)
app.command()(work)
app.add_typer(runs, name="runs")
app.command()(sources)
app.add_typer(source, name="source")
app.command()(doctor)
app.command()(backup)
app.command()(restore)
app.add_typer(access, name="access")
app.add_typer(users, name="users")
app.add_typer(groups, name="groups")
app.add_typer(keys, name="keys")
app.add_typer(audit, name="audit")
app.command()(forget)
app.add_typer(approvals, name="approvals")
app.add_typer(learning, name="learning")
app.command()(train)
app.command()(promote)
app.command()(rollback)
app.add_typer(conversations, name="conversations")
app.add_typer(feedback, name="feedback")
app.command()(monitor)
app.command()(quality)
app.add_typer(policy, name="policy")
app.add_typer(guards, name="guards")
app.add_typer(quarantine, name="quarantine")


def main() -> None:
    """Run a command; what goes wrong is one line on stderr and exit code 2."""
    try:
        app()
    except AttuneError as error:
        _fail(str(error))
    except ValidationError as error:
        first = error.errors()[0]
        said = first["msg"].removeprefix("Value error, ")
        _fail(f"setting ATTUNE_{'_'.join(str(p) for p in first['loc']).upper()}: {said}")
    except KeyboardInterrupt:
        err.print("stopped")
        sys.exit(130)


def _fail(message: str) -> None:
    err.print(f"attune: {message}", markup=False)
    sys.exit(2)


@app.command()
def serve(
    example: Annotated[bool, typer.Option("--example", help="Ingest the example handbook if empty.")] = False,
) -> None:
    """Serve the knowledge base over HTTP until interrupted."""
    from app.serve import run

    run(Settings(), example=example, console=out)


@app.command()
def replay(
    interaction_id: Annotated[str, typer.Argument(help="As an answer names it.")], as_json: Json = False
) -> None:
    """Answer a recorded question again with what was recorded, and say what differs."""
    with owner(Settings()) as client:
        printed(checked(client.post(f"/v1/answers/{quote(interaction_id, safe='')}/replay")), as_json, show.replayed)


@app.command()
def parse(file: Annotated[Path, typer.Argument(help="One file.")], as_json: Json = False) -> None:
    """Show what a file is read as: its elements with their places."""
    from app.parts import open_sandbox
    from ingestion.load import collect

    files = collect([file]).files
    if len(files) != 1 or file.is_dir():
        raise InvalidInputError(f"{file} is not one file")
    with open_sandbox(Settings()) as sandbox:
        printed(show.parsed_body(sandbox.parse(files[0])), as_json, show.parsed)


@app.command()
def documents(collection: CollectionOption = None, as_json: Json = False) -> None:
    """List documents."""
    with owner(Settings()) as client:
        found: list[Any] = []
        parameters = {"limit": "1000"} | ({"collection": collection} if collection else {})
        while True:
            page = checked(client.get("/v1/documents", params=parameters))
            found += page["documents"]
            if page["next"] is None:
                break
            parameters["after"] = page["next"]
        printed({"documents": found}, as_json, show.documents)


@app.command()
def document(document_id: Annotated[str, typer.Argument(help="As listed.")], as_json: Json = False) -> None:
    """Show a document's text, which citations point into."""
    with owner(Settings()) as client:
        printed(checked(client.get(f"/v1/documents/{document_id}")), as_json, show.document)


@app.command()
def delete(document_id: Annotated[str, typer.Argument(help="As listed.")]) -> None:
    """Delete a document."""
    with owner(Settings()) as client:
        checked(client.delete(f"/v1/documents/{document_id}"))
    out.print("deleted")
