"""What every command says with: one JSON object for programs, or words and tables for people."""

import json
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.console import Console

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

_WIDE = 160  # columns, where a file or a pipe takes the tables
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else _WIDE)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def warning(text: str) -> None:
    """Say something on stderr that does not end the command."""
    err.print(f"attune: {text}", markup=False)


def print_json(body: Any) -> None:
    """Print one JSON object for a program to read."""
    sys.stdout.write(json.dumps(body, ensure_ascii=False) + "\n")


def printed(body: Any, as_json: bool, people: Callable[[Any, Console], object]) -> None:
    """Print a body as JSON, or by what shows it to people."""
    if as_json:
        print_json(body)
    else:
        people(body, out)
