"""Users, groups and keys from the command line; names become ids there."""

import json

import httpx
import pytest
from typer.testing import CliRunner

from app.cli import app
from app.owner import serving
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


def test_a_name_of_nobody_is_said_so(attune):
    result = attune("users", "suspend", "nobody")
    assert "no user is called 'nobody'" in str(result.exception)
