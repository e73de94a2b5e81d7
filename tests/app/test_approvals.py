"""Approvals over HTTP and on the command line; what holds of them is in contracts/test_approvals.py."""

import json
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from app.owner import checked

ATTUNE = str(Path(sys.executable).parent / "attune")
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def signed_in(server):
    """Make an administrator who is signed in, in a browser of their own."""
    opened = []

    def signed_in():
        name = f"chief-{uuid4().hex[:8]}"
        checked(server.post("/v1/users", json={"name": name, "password": PASSWORD, "administrator": True}))
        opened.append(httpx.Client(base_url=server.base_url, timeout=60, trust_env=False))
        session = checked(opened[-1].post("/v1/session", json={"name": name, "password": PASSWORD}))
        opened[-1].headers["X-CSRF-Token"] = session["csrf_token"]
        return opened[-1]

    yield signed_in
    for browser in opened:
        browser.close()


@pytest.fixture(scope="module")
def two(signed_in):
    return signed_in(), signed_in()


def ask(client, subject, action="train"):
    return client.post("/v1/approvals", json={"action": action, "subject": subject, "reason": "the gate was passed"})


def decide(client, approval, decision="approved"):
    return client.post(f"/v1/approvals/{approval['id']}/decision", json={"decision": decision})


def test_one_asks_and_another_approves(two):
    ann, bob = two
    approval = checked(ask(ann, "reranker-7"))
    assert (approval["state"], approval["decided_by"]) == ("open", None)
    assert decide(ann, approval).status_code == 403
    decided = checked(decide(bob, approval))
    assert decided["state"] == "approved"
    assert decided["decided_by"] not in {None, decided["requested_by"]}
    assert decide(bob, approval, "refused").status_code == 409
    assert checked(ann.get(f"/v1/approvals/{approval['id']}")) == decided


def test_what_waits_is_listed(two):
    ann, bob = two
    approval = checked(ask(ann, "adapter-1", "train"))
    listed = checked(bob.get("/v1/approvals", params={"undecided": True}))["approvals"]
    assert approval in listed
    assert ask(bob, "adapter-1", "train").status_code == 409
    checked(decide(bob, approval, "refused"))
    assert approval["id"] not in {one["id"] for one in checked(bob.get("/v1/approvals?undecided=true"))["approvals"]}


def test_a_key_asks_and_does_not_decide(server, token, two):
    with httpx.Client(base_url=server.base_url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as key:
        mine = checked(ask(key, "asked with a key"))
        others = checked(ask(two[0], "asked in a session"))
        assert decide(key, others).status_code == 403
    assert checked(decide(two[0], mine))["state"] == "approved"


def test_only_administrators_see_that_there_are_any(server, make_key, two):
    approval = checked(ask(two[0], "unseen"))
    reader = {"Authorization": f"Bearer {make_key(server, f'reader-{uuid4().hex[:8]}')}"}
    for path in ("/v1/approvals", f"/v1/approvals/{approval['id']}", "/v1/approvals/unheard-of"):
        assert httpx.get(server.base_url.join(path), headers=reader).status_code == 403


@pytest.mark.parametrize(
    "wrong", [{"action": "delete"}, {"subject": ""}, {"subject": "x" * 201}, {"reason": " "}, {"more": 1}]
)
def test_what_cannot_be_asked_for_is_refused(two, wrong):
    body = {"action": "train", "subject": "x", "reason": "y"} | wrong
    assert two[0].post("/v1/approvals", json=body).status_code == 422


def test_a_command_asks_and_does_not_decide(server_settings, two):
    def attune(*arguments):
        environment = {"ATTUNE_DATA_DIR": str(server_settings.data_dir)}
        command = [ATTUNE, "approvals", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)

    asked = json.loads(attune("ask", "train", "by-command", "--reason", "new feedback", "--json").stdout)
    assert (asked["requested_by"], asked["state"]) == ("u:local", "open")
    refused = attune("approve", asked["id"])
    assert (refused.returncode, "signed in" in refused.stderr or "another administrator" in refused.stderr) == (2, True)
    checked(decide(two[0], asked))
    listed = json.loads(attune("list", "--json").stdout)["approvals"]
    assert {one["id"]: one["state"] for one in listed}[asked["id"]] == "approved"
