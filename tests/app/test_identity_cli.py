"""Users, groups and keys from the command line; names become ids there."""

import json
import re
from io import StringIO

import httpx
import pytest
from rich.console import Console
from typer.testing import CliRunner

from app.cli import app
from app.owner import serving
from app.serve import offer_set_up
from app.settings import Settings

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    data_dir = tmp_path_factory.mktemp("names") / "data"
    with serving(Settings(data_dir=data_dir)):
        yield data_dir


@pytest.fixture
def attune(data_dir, monkeypatch):
    """Runs a command against the server of this module."""
    monkeypatch.setenv("ATTUNE_DATA_DIR", str(data_dir))

    def run(*arguments, **more):
        return CliRunner().invoke(app, list(arguments), **more)

    return run


def test_a_user_made_on_the_command_line_signs_in(attune, data_dir):
    assert attune("users", "add", "Ada", "--administrator", "--password-stdin", input=f"{PASSWORD}\n").exit_code == 0
    url = json.loads((data_dir / "server.json").read_text())["url"]
    response = httpx.post(f"{url}/v1/session", json={"name": "ada", "password": PASSWORD}, timeout=60)
    assert response.json()["role"] == "administrator"


def test_a_key_is_all_that_is_printed_and_works_until_it_is_revoked(attune, data_dir):
    attune("users", "add", "reports", "--service")
    key = attune("keys", "add", "--user", "Reports", "--scope", "ask", "--days", "1").stdout.removesuffix("\n")
    assert key.startswith("attune_")
    url = json.loads((data_dir / "server.json").read_text())["url"]
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}) as client:
        assert client.get("/v1/session").json()["scopes"] == ["ask"]
        listed = json.loads(attune("keys", "list", "--user", "reports", "--json").stdout)["keys"]
        assert attune("keys", "revoke", listed[0]["id"]).exit_code == 0
        assert client.get("/v1/session").status_code == 401


def test_a_user_joins_and_leaves_a_group_by_name(attune):
    attune("users", "add", "grace")
    attune("groups", "add", "Legal team", "--claim", "legal")
    assert attune("groups", "join", "Legal team", "GRACE").exit_code == 0
    assert attune("groups", "change", "Legal team", "--name", "Law", "--no-claim").exit_code == 0
    shown = json.loads(attune("groups", "show", "Law", "--json").stdout)
    assert (shown["claim"], [member["name"] for member in shown["members"]]) == (None, ["grace"])
    assert json.loads(attune("users", "show", "grace", "--json").stdout)["groups"][0]["name"] == "Law"
    assert attune("groups", "leave", "Law", "grace").exit_code == 0
    assert "Law" not in attune("users", "show", "grace").stdout


def test_a_user_is_suspended_and_restored_by_name(attune):
    attune("users", "add", "alan", "--display-name", "Alan T.")
    for command, said in (("suspend", True), ("restore", False)):
        attune("users", command, "alan")
        assert ("suspended" in attune("users", "show", "alan").stdout) is said
    assert attune("users", "remove", "alan").exit_code == 0
    assert "alan" not in attune("users", "list").stdout


def test_a_link_is_offered_until_there_is_an_administrator(tmp_path):
    def offered(client):
        said = StringIO()
        offer_set_up(client, Console(file=said, width=20))
        return said.getvalue()

    with serving(Settings(data_dir=tmp_path / "data")) as client:
        first, second = (
            re.search(r"(http://127\.0\.0\.1:\d+)/#setup=([\w-]{32})\n", offered(client)) for _ in range(2)
        )
        assert first[1] == second[1] == str(client.base_url).rstrip("/")
        body = {"token": second[2], "name": "chief", "password": PASSWORD}
        assert httpx.post(f"{first[1]}/v1/setup", json=body, timeout=60).status_code == 201
        assert offered(client) == ""


def test_a_name_of_nobody_is_said_so(attune):
    result = attune("users", "suspend", "nobody")
    assert "no user is called 'nobody'" in str(result.exception)
