"""Feedback over HTTP and from the command line."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

ATTUNE = str(Path(sys.executable).parent / "attune")


@pytest.fixture
def api(server, token):
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=server.base_url, headers=headers, timeout=60) as client:
        yield client


@pytest.fixture
def answered(api):
    return api.post("/v1/answers", json={"question": "How many days of annual leave do I get?"}).json()


def test_feedback_is_kept_listed_with_its_question_and_approved(api, answered):
    document = answered["citations"][0]["document_id"]
    given = {
        "verdict": "down",
        "reasons": ["outdated", "outdated"],
        "answer": " 30 days. ",
        "right_documents": [document],
    }
    response = api.post(f"/v1/answers/{answered['interaction_id']}/feedback", json=given)
    assert response.status_code == 201
    kept = response.json()
    assert (kept["verdict"], kept["reasons"], kept["answer"]) == ("down", ["outdated"], "30 days.")
    assert kept["right_documents"] == [document]
    assert kept["approved_by"] is None
    listed = api.get("/v1/feedback", params={"limit": 1}).json()["feedback"]
    assert listed == [kept | {"question": "How many days of annual leave do I get?", "withheld": False}]
    approved = api.post(f"/v1/feedback/{kept['id']}/approval").json()
    assert approved == kept | {"approved_by": kept["principal_id"]}


def test_saying_something_again_replaces_it(api, answered):
    url = f"/v1/answers/{answered['interaction_id']}/feedback"
    first = api.post(url, json={"verdict": "up"}).json()
    second = api.post(url, json={"verdict": "down"}).json()
    listed = [f["id"] for f in api.get("/v1/feedback").json()["feedback"]]
    assert second["id"] in listed
    assert first["id"] not in listed
    assert api.post(f"/v1/feedback/{first['id']}/approval").status_code == 404


def test_feedback_can_be_listed_from_a_moment_on(api, answered):
    given = api.post(f"/v1/answers/{answered['interaction_id']}/feedback", json={"verdict": "up"}).json()
    assert api.get("/v1/feedback", params={"since": given["given_at"]}).json()["feedback"] == []
    assert api.get("/v1/feedback", params={"since": "2026-11-03T12:00:00"}).status_code == 422


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"verdict": "sideways"}, 422),
        ({"reasons": ["because"]}, 422),
        ({"answer": ""}, 422),
        ({"answer": "   "}, 422),
        ({"answer": "x" * 8001}, 422),
        ({"evidence": 7}, 422),
        ({"right_documents": ["x"] * 21}, 422),
        ({"verdict": "up", "unknown": 1}, 422),
        ({"verdict": "up", "right_documents": ["0" * 32]}, 404),
        ({"verdict": "up", "wrong_documents": ["\x00"]}, 404),
    ],
)
def test_what_cannot_be_kept_is_refused(api, answered, body, status):
    response = api.post(f"/v1/answers/{answered['interaction_id']}/feedback", json=body)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


def test_a_cited_document_that_was_deleted_meanwhile_can_still_be_named(api):
    text = b"# Quokkas in the office\n\nA quokka may visit the office on the second Friday of every month.\n"
    uploaded = api.post("/v1/documents", files=[("files", ("quokkas.md", text))])
    assert uploaded.is_success
    asked = api.post("/v1/answers", json={"question": "On which day may a quokka visit the office?"}).json()
    (document,) = {c["document_id"] for c in asked["citations"] if c["uri"].endswith("quokkas.md")}
    assert api.delete(f"/v1/documents/{document}").status_code == 204
    url = f"/v1/answers/{asked['interaction_id']}/feedback"
    said = api.post(url, json={"verdict": "down", "wrong_documents": [document]})
    assert (said.status_code, said.json()["wrong_documents"]) == (201, [document])
    # Another answer never named it: there it is as unknown as any other.
    other = api.post("/v1/answers", json={"question": "How many days of annual leave do I get?"}).json()
    response = api.post(f"/v1/answers/{other['interaction_id']}/feedback", json={"wrong_documents": [document]})
    assert response.status_code == 404


def test_there_is_no_feedback_on_an_answer_that_was_not_given(api):
    assert api.post("/v1/answers/nothing/feedback", json={"verdict": "up"}).status_code == 404
    assert api.post("/v1/feedback/nothing/approval").status_code == 404


def test_feedback_needs_a_token(server, answered):
    url = f"/v1/answers/{answered['interaction_id']}/feedback"
    with httpx.Client(base_url=server.base_url) as stranger:
        assert stranger.post(url, json={"verdict": "up"}).status_code == 401
        assert stranger.get("/v1/feedback").status_code == 401


def attune(data_dir, *arguments):
    environment = {"ATTUNE_DATA_DIR": str(data_dir), "NO_COLOR": "1", "COLUMNS": "200"}
    return subprocess.run([ATTUNE, *arguments], env=environment, capture_output=True, text=True, check=False)


def test_a_command_gives_feedback(server_settings, answered):
    key = answered["interaction_id"]
    done = attune(
        server_settings.data_dir, "feedback", key, "--down", "--reason", "unclear", "--answer", "27", "--json"
    )
    kept = json.loads(done.stdout)
    assert (kept["interaction_id"], kept["verdict"], kept["reasons"]) == (key, "down", ["unclear"])
    assert kept["answer"] == "27"


@pytest.mark.parametrize("arguments", [("nothing", "--up"), ("../x", "--up"), ("KEY",), ("KEY", "--reason", "because")])
def test_a_command_that_makes_no_sense_is_one_line(server_settings, answered, arguments):
    key, *more = arguments
    done = attune(server_settings.data_dir, "feedback", key.replace("KEY", answered["interaction_id"]), *more)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
