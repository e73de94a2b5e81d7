"""Every setting, route, command and error stands in docs/."""

import re
from pathlib import Path

import click
import pytest
import typer

from app.cli import app as cli
from app.errors import STATUS
from app.main import ROUTES
from app.routes import page as browser_app
from app.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


def _routes():
    for module in ROUTES:
        if module is browser_app:
            continue  # files of the browser's app
        for route in module.router.routes:
            for method in route.methods:
                yield f"{method} {route.path}"


def _commands(command, prefix=""):
    for name, sub in getattr(command, "commands", {}).items():
        if isinstance(sub, click.Group) or hasattr(sub, "commands"):
            yield from _commands(sub, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", sub


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_a_setting_is_documented(name):
    assert f"`ATTUNE_{name.upper()}`" in (DOCS / "settings.md").read_text()


@pytest.mark.parametrize("route", sorted(_routes()))
def test_a_route_is_documented(route):
    assert f"`{route}`" in (DOCS / "api.md").read_text()


@pytest.mark.parametrize("name", sorted(name for name, _ in _commands(typer.main.get_command(cli))))
def test_a_command_is_documented_with_its_options(name):
    text = (DOCS / "commands.md").read_text()
    assert f"attune {name}" in text
    command = dict(_commands(typer.main.get_command(cli)))[name]
    for parameter in command.params:
        for option in parameter.opts:
            if option.startswith("--") and option != "--help":
                assert option in text, f"{name} {option}"


@pytest.mark.parametrize("error", sorted(kind.__name__ for kind in STATUS))
def test_an_error_is_documented_with_its_status(error):
    status = next(status for kind, (status, _) in STATUS.items() if kind.__name__ == error)
    assert re.search(rf"\| {status} \|.*`{error}`", (DOCS / "api.md").read_text())


def test_links_between_the_pages_lead_somewhere():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
