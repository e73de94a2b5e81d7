"""Feedback over HTTP and from the command line."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.usefixtures("answers_withdrawn")

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
    cited = answered["citations"][0]
    chosen = [{"document_id": document, "title": cited["title"], "uri": cited["uri"]}]
    about = {"question": "How many days of annual leave do I get?", "given": answered["answer"], "chosen": chosen}
    assert listed == [kept | about | {"withheld": False, "entry": None}]
    approved = api.post(f"/v1/feedback/{kept['id']}/approval").json()
    assert approved == kept | {"approved_by": kept["principal_id"]}


def test_an_approved_answer_is_found_until_its_author_says_something_else(api, answered):
    url = f"/v1/answers/{answered['interaction_id']}/feedback"
    words = "Sabbaticals of the lighthouse crew are granted every seventh year."
    named = {"right_documents": [answered["citations"][0]["document_id"]]}
    said = api.post(url, json={"answer": words, **named}).json()

    def found():
        asked = {"question": "lighthouse crew sabbaticals", "limit": 20}
        return words in {passage["text"] for passage in api.post("/v1/search", json=asked).json()["results"]}

    assert not found()
    api.post(f"/v1/feedback/{said['id']}/approval").raise_for_status()
    assert found()
    api.post(url, json={"verdict": "up"}).raise_for_status()
    assert not found()


def test_a_correction_waits_until_it_is_approved_or_refused(api, answered):
    url = f"/v1/answers/{answered['interaction_id']}/feedback"
    said = api.post(url, json={"answer": "Forty days."}).json()["id"]

    def listed(**wanted):
        return {one["id"] for one in api.get("/v1/feedback", params=wanted).json()["feedback"]}

    assert said in listed(only="corrections", approved=False)
    refused = api.post(f"/v1/feedback/{said}/refusal").json()
    assert (refused["refused_by"], refused["approved_by"]) == (refused["principal_id"], None)
    assert said not in listed(only="corrections", approved=False)
    assert said in listed(only="corrections", refused=True)
    approved = api.post(f"/v1/feedback/{said}/approval").json()
    assert (approved["refused_by"], approved["approved_by"]) == (None, approved["principal_id"])
    assert said in listed(approved=True)
    assert said not in listed(refused=True)
    thumb = api.post(url, json={"verdict": "up"}).json()
    assert thumb["refused_by"] is None
    assert thumb["id"] in listed(approved=False)
    assert thumb["id"] not in listed(only="corrections")
    assert api.post(f"/v1/feedback/{said}/refusal").status_code == 404
    assert api.get("/v1/feedback", params={"only": "praise"}).status_code == 422


def test_what_was_approved_and_is_refused_is_found_no_more(api, answered):
    words = "Umbrellas of the weather station are blue."
    named = {"right_documents": [answered["citations"][0]["document_id"]]}
    said = api.post(f"/v1/answers/{answered['interaction_id']}/feedback", json={"answer": words, **named}).json()

    def found():
        asked = {"question": "umbrellas of the weather station", "limit": 20}
        return words in {passage["text"] for passage in api.post("/v1/search", json=asked).json()["results"]}

    api.post(f"/v1/feedback/{said['id']}/approval").raise_for_status()
    assert found()
    api.post(f"/v1/feedback/{said['id']}/refusal").raise_for_status()
    assert not found()


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


def test_what_was_said_can_be_taken_back_altogether(api, answered):
    url = f"/v1/answers/{answered['interaction_id']}"
    chunk = answered["citations"][0]["chunk_id"]
    read = api.post(f"{url}/readings", json={"chunk_id": chunk, "kind": "copied"}).json()
    said = api.post(f"{url}/feedback", json={"verdict": "up"}).json()
    for _ in range(2):  # what is gone may be taken back again
        assert api.delete(f"{url}/feedback").status_code == 204
        assert api.get(f"{url}/feedback").json() == {"feedback": None, "readings": [read]}
    assert said["id"] not in [one["id"] for one in api.get("/v1/feedback").json()["feedback"]]
    assert api.post(f"/v1/feedback/{said['id']}/approval").status_code == 404
    told = api.get("/v1/audit", params={"object": f"feedback:{said['id']}"}).json()["events"]
    assert [event["action"] for event in told] == ["feedback.withdraw"]


def test_an_approved_answer_goes_when_its_author_takes_it_back(api, answered):
    url = f"/v1/answers/{answered['interaction_id']}/feedback"
    words = "Harbour pilots rest for eleven hours between two watches."
    said = api.post(url, json={"answer": words, "right_documents": [answered["citations"][0]["document_id"]]}).json()
    api.post(f"/v1/feedback/{said['id']}/approval").raise_for_status()

    def found():
        asked = {"question": "harbour pilots rest between watches", "limit": 20}
        return words in {passage["text"] for passage in api.post("/v1/search", json=asked).json()["results"]}

    assert found()
    assert api.delete(url).status_code == 204
    assert not found()


def test_nobody_takes_back_what_somebody_else_said(server, api, answered, make_key):
    url = f"/v1/answers/{answered['interaction_id']}/feedback"
    said = api.post(url, json={"verdict": "up"}).json()
    headers = {"Authorization": f"Bearer {make_key(server, 'taker')}"}
    for key in (answered["interaction_id"], "0" * 32):
        assert server.delete(f"/v1/answers/{key}/feedback", headers=headers).status_code == 404
    assert server.delete(url).status_code == 204  # another administrator, who said nothing about it
    assert api.get(url).json()["feedback"] == said


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


def test_passages_are_said_to_be_right_or_wrong(api, answered):
    url = f"/v1/answers/{answered['interaction_id']}/feedback"
    chunk = answered["citations"][0]["chunk_id"]
    said = api.post(url, json={"right_chunks": [chunk, chunk], "wrong_chunks": []})
    assert (said.status_code, said.json()["right_chunks"], said.json()["wrong_chunks"]) == (201, [chunk], [])
    other = api.post("/v1/answers", json={"question": "What happens when a laptop is stolen?"}).json()
    response = api.post(f"/v1/answers/{other['interaction_id']}/feedback", json={"wrong_chunks": [chunk]})
    assert response.status_code == 422
    assert "passages of this answer" in response.json()["detail"]


def test_of_two_answers_one_is_said_to_be_better(api, answered, make_key, server):
    other = api.post("/v1/answers", json={"question": "How many days of leave are there?"}).json()["interaction_id"]
    url = f"/v1/answers/{answered['interaction_id']}/feedback"
    assert api.post(url, json={"preferred_over": other}).json()["preferred_over"] == other
    assert api.post(url, json={"preferred_over": answered["interaction_id"]}).status_code == 422
    assert api.post(url, json={"preferred_over": "nothing"}).status_code == 404
    # An administrator sees everybody's answers; those of two people are no choice that anybody had.
    headers = {"Authorization": f"Bearer {make_key(server, 'choosy')}"}
    foreign = server.post("/v1/answers", headers=headers, json={"question": "How many days of leave are there?"}).json()
    assert api.post(url, json={"preferred_over": foreign["interaction_id"]}).status_code == 422


def test_what_one_said_and_did_can_be_read_back(api, answered):
    url = f"/v1/answers/{answered['interaction_id']}"
    assert api.get(f"{url}/feedback").json() == {"feedback": None, "readings": []}
    chunk = answered["citations"][0]["chunk_id"]
    given = api.post(f"{url}/feedback", json={"verdict": "up"}).json()
    done = api.post(f"{url}/readings", json={"chunk_id": chunk, "kind": "opened", "seconds": 31.5})
    assert done.status_code == 201
    assert (done.json()["position"] >= 1, done.json()["seconds"]) == (True, 31.5)
    assert api.get(f"{url}/feedback").json() == {"feedback": given, "readings": [done.json()]}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"chunk_id": "nothing", "kind": "opened"},
        {"chunk_id": "CHUNK", "kind": "seen"},
        {"chunk_id": "CHUNK", "kind": "opened", "seconds": -1},
        {"chunk_id": "CHUNK", "kind": "opened", "seconds": 1e9},
        {"chunk_id": "CHUNK", "kind": "opened", "position": 1},
    ],
)
def test_a_reading_that_cannot_be_is_refused(api, answered, body):
    chunk = answered["citations"][0]["chunk_id"]
    body = {name: chunk if value == "CHUNK" else value for name, value in body.items()}
    assert api.post(f"/v1/answers/{answered['interaction_id']}/readings", json=body).status_code == 422


LABEL = {"question": "How many days of leave do I get?", "document": "leave.md", "label": 1}


def documents(api):
    return {one["uri"].rpartition("/")[2]: one for one in api.get("/v1/documents").json()["documents"]}


def test_labels_of_others_are_taken_in_and_replace_themselves(api):
    name, document = next(iter(documents(api).items()))
    labels = [
        LABEL | {"document": name},
        LABEL | {"document": document["id"], "question": "Another?", "giver": "mary", "label": -0.5},
        LABEL | {"document": document["uri"], "question": "A third?", "given_at": "2026-11-03T12:00:00Z"},
        LABEL | {"document": name.partition(".")[0], "question": "By its name without an ending?"},
        LABEL | {"document": "nowhere.md"},
        LABEL | {"document": name, "question": "a\x00b"},
    ]
    body = {"source": "desk", "labels": labels}
    taken = api.post("/v1/feedback/given", json=body).json()
    assert (taken["added"], taken["replaced"], [one["label"] for one in taken["refused"]]) == (4, 0, [4, 5])
    assert taken["refused"][0]["reason"] == "there is no document nowhere.md"
    again = api.post("/v1/feedback/given", json=body).json()
    assert (again["added"], again["replaced"]) == (0, 4)


def test_who_votes_against_everybody_is_seen(api):
    names = list(documents(api))
    honest = [{"question": f"Question {n} of many?", "document": names[0], "label": 1} for n in range(5)]
    labels = [one | {"giver": giver} for one in honest for giver in ("mary", "joan")]
    labels += [one | {"giver": "eve", "document": names[1]} for one in honest]
    assert api.post("/v1/feedback/given", json={"source": "votes", "labels": labels}).json()["added"] == 15
    found = {one["giver"]: one for one in api.get("/v1/feedback/givers").json()["givers"]}
    assert (found["eve"]["votes"], found["eve"]["alone"], found["eve"]["outlier"]) == (5, 1.0, True)
    assert not found["mary"]["outlier"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"source": "desk", "labels": []}, 422),
        ({"source": "a b", "labels": [LABEL]}, 422),
        ({"source": "desk", "labels": [LABEL | {"label": 2}]}, 422),
        ({"source": "desk", "labels": [LABEL | {"given_at": "yesterday"}]}, 422),
        ({"source": "desk", "labels": [LABEL], "collection": "nothing"}, 404),
    ],
)
def test_labels_that_make_no_sense_are_refused(api, body, status):
    assert api.post("/v1/feedback/given", json=body).status_code == status


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


def test_a_command_approves_what_another_one_gave(server_settings, api, answered):
    told = attune(server_settings.data_dir, "feedback", answered["interaction_id"], "--up", "--right", "1")
    feedback_id = told.stdout.split()[-1]
    assert attune(server_settings.data_dir, "feedback", "approve", feedback_id).returncode == 0
    listed = api.get("/v1/feedback").json()["feedback"]
    assert next(one for one in listed if one["id"] == feedback_id)["approved_by"] is not None
    assert attune(server_settings.data_dir, "feedback", "approve", "nothing").returncode == 2
    refused = json.loads(attune(server_settings.data_dir, "feedback", "refuse", feedback_id, "--json").stdout)
    assert (refused["approved_by"], refused["refused_by"] is not None) == (None, True)


def test_a_command_names_citations_by_their_numbers(server_settings, answered):
    key = answered["interaction_id"]
    chunk = answered["citations"][0]["chunk_id"]
    done = attune(server_settings.data_dir, "feedback", "give", key, "--right", "1", "--json")
    assert json.loads(done.stdout)["right_chunks"] == [chunk]
    assert attune(server_settings.data_dir, "feedback", key, "--wrong", "99").returncode == 2


def test_a_command_imports_feedback_of_another_system(server_settings, api, tmp_path):
    name = next(iter(documents(api)))
    lines = [
        json.dumps({"question": "Is it so?", "document": name, "ratings": ["Excellent", "Bad"], "score": 0.5}),
        json.dumps({"question": "Is it not?", "corpus_id": name, "rating": "Could be Improved", "giver": "mary"}),
        "",
        "{",
        json.dumps({"question": "No document?", "label": 1}),
        json.dumps({"question": "Ünknown?", "document": "nowhere.md", "label": 1}),
        json.dumps({"question": "Strange?", "document": name, "rating": "meh"}),
        json.dumps({"question": "Too much?", "document": name, "label": 7}),
    ]
    file = tmp_path / "old desk.jsonl"
    file.write_text("\n".join(lines))
    done = attune(server_settings.data_dir, "feedback", "import", str(file), "--json")
    body = json.loads(done.stdout)
    assert (body["source"], body["added"]) == ("old-desk", 2)
    assert [one["where"] for one in sorted(body["refused"], key=lambda one: one["where"])] == [
        "line 4",
        "line 5",
        "line 6",
        "line 7",
        "line 8",
    ]
    told = attune(server_settings.data_dir, "feedback", "import", str(file))
    assert "labels: 0 new, 2 known and replaced, 5 left out" in told.stdout
    assert "left out, line 4: this is not a JSON object" in told.stderr


def test_a_command_imports_judgements(server_settings, api, tmp_path):
    name = next(iter(documents(api))).partition(".")[0]
    (tmp_path / "qrels").mkdir()
    (tmp_path / "queries.jsonl").write_text(json.dumps({"_id": "q1", "text": "A judged question?"}) + "\n")
    (tmp_path / "qrels" / "train.tsv").write_text(f"query-id\tcorpus-id\tscore\nq1\t{name}\t1\nq2\t{name}\t1\n")
    done = attune(
        server_settings.data_dir, "feedback", "import", "--qrels", str(tmp_path), "--as-name", "judges", "--json"
    )
    body = json.loads(done.stdout)
    assert (body["source"], body["added"], len(body["refused"])) == ("judges", 1, 1)
    for arguments in ((), ("file", "--qrels", str(tmp_path)), ("--qrels", str(tmp_path / "nowhere"))):
        assert attune(server_settings.data_dir, "feedback", "import", *arguments).returncode == 2


@pytest.mark.parametrize("arguments", [("nothing", "--up"), ("../x", "--up"), ("KEY",), ("KEY", "--reason", "because")])
def test_a_command_that_makes_no_sense_is_one_line(server_settings, answered, arguments):
    key, *more = arguments
    done = attune(server_settings.data_dir, "feedback", key.replace("KEY", answered["interaction_id"]), *more)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
