"""Conversations over HTTP and from the command line."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from app.conversation_text import markdown

ATTUNE = str(Path(sys.executable).parent / "attune")
LEAVE = "How many days of annual leave do I get?"


@pytest.fixture
def api(server, token):
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=server.base_url, headers=headers, timeout=60) as client:
        yield client


def ask(api, question, conversation="new"):
    response = api.post("/v1/answers", json={"question": question, "conversation_id": conversation})
    assert response.status_code == 200, response.text
    return response.json()


@pytest.fixture
def led(api):
    """A conversation of two turns; its id."""
    key = ask(api, LEAVE)["conversation_id"]
    ask(api, "And in my first year?", key)
    return key


def test_a_conversation_opens_with_its_turns_and_their_citations(api, led):
    opened = api.get(f"/v1/conversations/{led}").json()
    assert (opened["title"], opened["before"]) == (LEAVE, None)
    assert [turn["question"] for turn in opened["turns"]] == [LEAVE, "And in my first year?"]
    first = opened["turns"][0]
    assert (first["available"], first["conversation_id"]) == (True, led)
    assert {citation["available"] for citation in first["citations"]} == {True}
    document = api.get(f"/v1/documents/{first['citations'][0]['document_id']}").json()
    quote = first["citations"][0]
    assert document["text"][quote["start"] : quote["end"]] == quote["quote"]


def test_a_conversation_shows_what_its_owner_said_about_each_answer(api, led):
    first, second = (turn["interaction_id"] for turn in api.get(f"/v1/conversations/{led}").json()["turns"])
    api.post(f"/v1/answers/{first}/feedback", json={"verdict": "down", "reasons": ["outdated"]})
    turns = api.get(f"/v1/conversations/{led}").json()["turns"]
    assert [(turn["feedback"] or {}).get("reasons") for turn in turns] == [["outdated"], None]
    api.delete(f"/v1/answers/{first}/feedback")
    assert api.get(f"/v1/conversations/{led}").json()["turns"][0]["feedback"] is None
    assert second != first


def test_a_long_conversation_opens_at_its_end_and_is_read_backwards(api, led):
    last = api.get(f"/v1/conversations/{led}", params={"limit": 1}).json()
    assert [turn["question"] for turn in last["turns"]] == ["And in my first year?"]
    first = api.get(f"/v1/conversations/{led}", params={"limit": 1, "before": last["before"]}).json()
    assert [turn["question"] for turn in first["turns"]] == [LEAVE]


def test_conversations_are_listed_page_by_page_and_found(api, led):
    other = api.post("/v1/conversations", json={"title": "Wombats 100%"}).json()
    page = api.get("/v1/conversations", params={"limit": 1}).json()
    assert [one["id"] for one in page["conversations"]] == [other["id"]]
    following = api.get("/v1/conversations", params={"limit": 1, "after": page["next"]}).json()
    assert [one["id"] for one in following["conversations"]] == [led]
    assert [c["id"] for c in api.get("/v1/conversations", params={"q": "wombats 100%"}).json()["conversations"]] == [
        other["id"]
    ]
    assert led in [c["id"] for c in api.get("/v1/conversations", params={"q": "FIRST YEAR"}).json()["conversations"]]


def test_a_conversation_is_renamed_and_deleted_and_the_record_of_its_answers_stays(api, led):
    assert api.patch(f"/v1/conversations/{led}", json={"title": "Leave"}).json()["title"] == "Leave"
    turn = api.get(f"/v1/conversations/{led}").json()["turns"][0]
    assert api.delete(f"/v1/conversations/{led}").status_code == 204
    assert api.get(f"/v1/conversations/{led}").status_code == 404
    said = api.post(f"/v1/answers/{turn['interaction_id']}/feedback", json={"verdict": "up"})
    assert said.status_code == 201


def test_two_questions_at_once_are_both_in_the_conversation(api, led):
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda question: ask(api, question, led), ("May I carry days over?", "Who approves leave?")))
    asked = {turn["question"] for turn in api.get(f"/v1/conversations/{led}").json()["turns"]}
    assert {"May I carry days over?", "Who approves leave?"} <= asked


def test_a_follow_up_is_searched_for_with_what_was_said_before(api, led):
    followed = ask(api, "And how many of them can be carried over?", led)
    assert {c["title"] for c in (*followed["citations"], *followed["nearest"])} & {"Annual leave"}
    replayed = api.post(f"/v1/answers/{followed['interaction_id']}/replay").json()
    assert (replayed["generation"]["search"], replayed["same"]) == ("heuristic", True)
    # The words of the answer before are in the record, but not in what is shown of it.
    assert "search_context" not in replayed["generation"]


def replacing(api, conversation, replaced, question):
    body = {"question": question, "conversation_id": conversation, "replaces": replaced}
    return api.post("/v1/answers", json=body)


def test_a_question_that_is_edited_takes_the_place_of_its_turn_and_of_those_after_it(api, led):
    first, second = api.get(f"/v1/conversations/{led}").json()["turns"]
    third = ask(api, "Who approves leave?", led)["interaction_id"]
    edited = replacing(api, led, second["interaction_id"], "And in my second year?").json()
    assert edited["conversation_id"] == led
    assert "approves" not in edited["searched"]
    turns = api.get(f"/v1/conversations/{led}").json()["turns"]
    assert [turn["question"] for turn in turns] == [LEAVE, "And in my second year?"]
    assert turns[0] == first
    # They stay in the log, as those of a conversation that was deleted.
    for gone in (second["interaction_id"], third):
        assert api.get(f"/v1/answers/{gone}").status_code == 200


def test_a_first_question_that_is_edited_begins_the_conversation_anew(api, led):
    first = api.get(f"/v1/conversations/{led}").json()["turns"][0]["interaction_id"]
    edited = replacing(api, led, first, "Who approves leave?").json()
    assert edited["searched"] == ""
    opened = api.get(f"/v1/conversations/{led}").json()
    assert opened["title"] == "Who approves leave?"
    assert [turn["question"] for turn in opened["turns"]] == ["Who approves leave?"]


def test_only_a_turn_of_that_conversation_is_replaced(api, led):
    turns = api.get(f"/v1/conversations/{led}").json()["turns"]
    elsewhere = ask(api, LEAVE)
    for replaced in (elsewhere["interaction_id"], "0" * 32):
        assert replacing(api, led, replaced, "x").status_code == 404
    for conversation in (None, "new"):
        response = replacing(api, conversation, turns[0]["interaction_id"], "x")
        assert (response.status_code, "conversation" in response.json()["detail"]) == (422, True)
    assert replacing(api, "0" * 32, turns[0]["interaction_id"], "x").status_code == 404
    assert api.get(f"/v1/conversations/{led}").json()["turns"] == turns


def test_an_answer_that_was_stopped_is_not_kept_and_replaces_nothing(worded_server, words):
    begun = ask(worded_server, "How often are roses watered?")
    words.left_at = None
    body = {"question": "endless roses", "replaces": begun["interaction_id"]}
    body |= {"conversation_id": begun["conversation_id"]}
    accept = {"Accept": "text/event-stream"}
    with worded_server.stream("POST", "/v1/answers", json=body, headers=accept) as response:
        assert response.headers["x-accel-buffering"] == "no"
        # The model has not ended, and never does: the first words came as they were there.
        assert next(line for line in response.iter_lines() if line.startswith("event: token"))
    assert words.seconds_until_left() < 5
    turns = worded_server.get(f"/v1/conversations/{begun['conversation_id']}").json()["turns"]
    assert [turn["interaction_id"] for turn in turns] == [begun["interaction_id"]]


def test_what_was_deleted_meanwhile_is_not_shown_any_more(api):
    text = b"# Numbats in the office\n\nA numbat may visit the office on the third Monday of every month.\n"
    assert api.post("/v1/documents", files=[("files", ("numbats.md", text))]).is_success
    answered = ask(api, "On which day may a numbat visit the office?")
    (document,) = {c["document_id"] for c in answered["citations"] if c["uri"].endswith("numbats.md")}
    assert api.delete(f"/v1/documents/{document}").status_code == 204
    url = f"/v1/conversations/{answered['conversation_id']}"
    (turn,) = api.get(url).json()["turns"]
    assert turn["available"] is False
    gone = [citation for citation in turn["citations"] if citation["document_id"] == document]
    assert [(c["available"], c["title"], c["quote"]) for c in gone] == [(False, "", "")]
    for form in ("json", "markdown"):
        exported = api.get(f"{url}/export", params={"format": form}).text
        assert "third Monday" not in exported
        assert "numbats.md" not in exported


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("GET", "/export", None),
        ("PATCH", "", {"title": "Mine"}),
        ("DELETE", "", None),
    ],
)
def test_somebody_elses_conversation_is_as_unknown_as_none(server, api, led, method, path, body):
    # The client of this machine is another person than the bearer of the token, and an administrator too.
    said = []
    for key in (led, "0" * 32):
        response = server.request(method, f"/v1/conversations/{key}{path}", json=body)
        assert response.status_code == 404
        said.append(response.json()["detail"].replace(key, "ID"))
    assert len(set(said)) == 1
    assert server.post("/v1/answers", json={"question": "x", "conversation_id": led}).status_code == 404
    assert led not in [one["id"] for one in server.get("/v1/conversations").json()["conversations"]]
    assert api.get(f"/v1/conversations/{led}").json()["title"] == LEAVE


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("", {"after": "nonsense"}),
        ("", {"after": "2026-11-03T12:00:00~abc"}),
        ("", {"limit": 0}),
        ("/ID", {"limit": 201}),
        ("/ID/export", {"format": "pdf"}),
    ],
)
def test_what_makes_no_sense_is_refused(api, led, path, parameters):
    response = api.get(f"/v1/conversations{path.replace('ID', led)}", params=parameters)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("title", ["", "   ", "x" * 201])
def test_a_title_that_is_none_is_refused(api, led, title):
    assert api.patch(f"/v1/conversations/{led}", json={"title": title}).status_code == 422


def test_conversations_need_a_token(server, led):
    with httpx.Client(base_url=server.base_url) as stranger:
        for path in ("", f"/{led}", f"/{led}/export"):
            assert stranger.get(f"/v1/conversations{path}").status_code == 401


def test_an_export_holds_every_turn_with_its_sources(api, led):
    exported = api.get(f"/v1/conversations/{led}/export")
    assert exported.headers["content-disposition"] == f'attachment; filename="conversation-{led}.json"'
    assert exported.json() == api.get(f"/v1/conversations/{led}").json()
    page = api.get(f"/v1/conversations/{led}/export", params={"format": "markdown"})
    assert page.headers["content-type"].startswith("text/markdown")
    assert page.text.startswith(f"# {LEAVE}\n")
    assert f"> {LEAVE}" in page.text
    assert exported.json()["turns"][0]["answer"] in page.text


def test_a_page_of_a_conversation_shows_what_was_asked_as_words():
    turn = {
        "asked_at": "2026-11-03T12:30:15Z",
        "question": "What is\n# <b>bold</b>?",
        "answer": "Heavy.",
        "nearest": [],
    }
    sources = [
        {"number": 1, "available": True, "title": "A_b", "section": ["A_b", "Part"], "page": 2, "uri": "file:///a"}
        | {"quote": "two\nlines"},
        {"number": 2, "available": False},
    ]
    page = markdown({"title": "", "turns": [turn | {"citations": sources}]})
    assert page == (
        "# Conversation\n\n**2026-11-03 12:30 UTC**\n\n> What is\n> \\# \\<b\\>bold\\</b\\>?\n\nHeavy.\n\nSources:\n\n"
        "1. A\\_b, Part, page 2 (file:///a)\n\n   > two\n   > lines\n\n2. not available any more\n"
    )


def attune(data_dir, *arguments):
    environment = {"ATTUNE_DATA_DIR": str(data_dir), "NO_COLOR": "1", "COLUMNS": "200"}
    return subprocess.run([ATTUNE, *arguments], env=environment, capture_output=True, text=True, check=False)


def test_commands_list_show_export_and_delete(server, server_settings, tmp_path):
    def run(*arguments):
        done = attune(server_settings.data_dir, "conversations", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    key = ask(server, LEAVE)["conversation_id"]
    assert key in [one["id"] for one in json.loads(run("list", "--words", "annual", "--json"))["conversations"]]
    assert key in run("list")
    assert f"> {LEAVE}" in run("show", key)
    assert json.loads(run("show", key, "--json"))["id"] == key
    run("export", key, str(tmp_path / "kept.md"))
    assert (tmp_path / "kept.md").read_text().startswith(f"# {LEAVE}")
    assert run("delete", key) == "deleted\n"
    assert server.get(f"/v1/conversations/{key}").status_code == 404


@pytest.mark.parametrize(
    "arguments", [("show", "nothing"), ("show", "../x"), ("delete", "nothing"), ("export", "x", "a.txt")]
)
def test_a_command_that_makes_no_sense_is_one_line(server, server_settings, arguments):  # noqa: ARG001
    done = attune(server_settings.data_dir, "conversations", *arguments)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
