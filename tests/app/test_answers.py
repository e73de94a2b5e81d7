"""Answers as they are streamed, stored and made again; over real HTTP."""

import json
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from app.owner import serving
from app.settings import Settings

ATTUNE = str(Path(sys.executable).parent / "attune")
LEAVE = "How many days of annual leave do I get?"


@pytest.fixture
def api(server, token):
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=server.base_url, headers=headers, timeout=60) as client:
        yield client


def streamed(api, **body):
    """The events of an answer: (name, data) pairs."""
    with api.stream("POST", "/v1/answers", json=body, headers={"Accept": "text/event-stream"}) as response:
        assert response.status_code == 200
        lines = [line for line in response.iter_lines() if line]
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    bodies = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    return list(zip(names, bodies, strict=True))


def test_a_stream_tells_the_answer_piece_by_piece_with_citations_and_verdicts(api):
    events = streamed(api, question=LEAVE)
    names = [name for name, _ in events]
    assert (names[0], names[-1]) == ("retrieval", "done")
    done = events[-1][1]
    assert "".join(body["text"] for name, body in events if name == "token") == done["answer"]
    assert [body for name, body in events if name == "citation"] == done["citations"]
    assert [body for name, body in events if name == "verdict"] == done["sentences"]
    assert done["sentences"]
    assert {sentence["verdict"] for sentence in done["sentences"]} == {"supported"}
    holding = next(place for place, (name, body) in enumerate(events) if name == "token" and "[1]" in body["text"])
    assert names.index("citation") < holding


def test_a_question_that_cannot_be_answered_streams_no_words(api):
    events = streamed(api, question="zxqv plimbo wurstel?")
    assert [name for name, _ in events] == ["retrieval", "done"]
    assert events[-1][1]["abstained"]


def test_a_stream_of_bad_input_ends_with_an_error(api):
    (name, body), *more = streamed(api, question="annual leave", collection="no-such")
    assert (name, body["status"], body["recoverable"], more) == ("error", 404, False, [])


def test_a_stored_answer_opens_as_it_was_and_is_made_again(api):
    given = api.post("/v1/answers", json={"question": LEAVE}).json()
    key = given["interaction_id"]
    assert api.get(f"/v1/answers/{key}").json() == given
    replayed = api.post(f"/v1/answers/{key}/replay").json()
    assert (replayed["same"], replayed["differences"], replayed["answer"]) == (True, [], given["answer"])
    assert api.post("/v1/answers/none/replay").status_code == 404


def test_why_each_passage_was_found_is_told_on_request(api):
    body = {"question": LEAVE, "explain": True}
    explained = api.post("/v1/answers", json=body).json()["explanations"]
    best = explained[0]
    assert any("leave" in words for term in best["terms"] for words in term["words"])
    assert sum(term["score"] for term in best["terms"]) == pytest.approx(best["sparse"], rel=1e-3)
    assert api.post("/v1/answers", json={"question": LEAVE}).json()["explanations"] is None


def test_a_stored_answer_is_explained_from_the_record_and_says_what_is_of_now(api):
    answered = api.post("/v1/answers", json={"question": LEAVE, "explain": True}).json()
    told = api.get(f"/v1/answers/{answered['interaction_id']}/explanations").json()
    assert told["explanations"] == answered["explanations"]
    assert (told["question"], told["searched"]) == (LEAVE, "")
    assert {"terms", "fused", "position"} <= set(told["computed_anew"])
    assert not {"dense", "sparse", "rerank", "score"} & set(told["computed_anew"])
    assert len(told["passages"]) == len(told["explanations"])
    cited = [one["chunk_id"] for one in told["explanations"]].index(answered["citations"][0]["chunk_id"])
    assert told["passages"][cited]["title"] == answered["citations"][0]["title"]


def test_what_was_recorded_of_a_passage_stands_when_the_search_finds_it_no_more(api):
    text = b"# Tapirs in the office\n\nA tapir may visit the office on the fourth Tuesday of every month.\n"
    files = [("files", ("tapirs.md", text))]
    assert api.post("/v1/documents", files=files).is_success
    question = {"question": "On which day may a tapir visit the office?", "explain": True}
    answered = api.post("/v1/answers", json=question).json()
    before = next(one for one in answered["explanations"] if one["chunk_id"] == answered["citations"][0]["chunk_id"])
    new = text.replace(b"fourth Tuesday", b"fifth Wednesday")
    assert api.post("/v1/documents", files=[("files", ("tapirs.md", new))]).is_success
    url = f"/v1/answers/{answered['interaction_id']}/explanations"
    after = next(one for one in api.get(url).json()["explanations"] if one["chunk_id"] == before["chunk_id"])
    recorded = ("dense", "sparse", "rerank", "score", "also", "learned")
    assert [after[name] for name in recorded] == [before[name] for name in recorded]
    assert (after["fused"], after["position"]) == (None, None)
    document = answered["citations"][0]["document_id"]
    assert api.delete(f"/v1/documents/{document}").status_code == 204
    assert api.get(url).status_code == 404


def test_nobody_but_administrators_is_told_why(server, api, make_key):
    headers = {"Authorization": f"Bearer {make_key(server, 'curious')}"}
    body = {"question": "And then?", "history": [{"role": "user", "text": LEAVE}]}
    with httpx.Client(base_url=server.base_url, headers=headers, timeout=60) as curious:
        alone = curious.post("/v1/answers", json={"question": LEAVE}).json()["interaction_id"]
        after = curious.post("/v1/answers", json=body).json()["interaction_id"]
        assert curious.get(f"/v1/answers/{alone}/explanations").status_code == 403
    assert api.get(f"/v1/answers/{alone}/explanations").json()["explanations"]
    told = api.get("/v1/audit", params={"object": f"answer:{alone}"}).json()["events"]
    assert [event["action"] for event in told] == ["answer.open"]
    # It would be searched once more for what was said before to somebody else.
    assert api.get(f"/v1/answers/{after}/explanations").status_code == 409
    assert api.get("/v1/answers/none/explanations").status_code == 404


def test_an_answer_is_replayed_from_the_command_line(api, server_settings):
    key = api.post("/v1/answers", json={"question": LEAVE}).json()["interaction_id"]
    environment = {"ATTUNE_DATA_DIR": str(server_settings.data_dir), "PATH": "/usr/bin:/bin"}
    command = [ATTUNE, "replay", key]
    shown = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True).stdout
    assert "The same words, citations and verdicts again." in shown


@pytest.mark.parametrize(
    "question",
    [
        "the",
        "?",
        "Urlaub",
        "休暇は何日ですか",
        "ما هي الإجازة",
        "is it of the and",
        "a\x00b\x07 leave",
        "leave " * 600,
        "\u202eleave",
    ],
)
def test_odd_questions_get_an_answer_or_a_clear_error(api, question):
    response = api.post("/v1/answers", json={"question": question[:4000]})
    assert response.status_code in {200, 422}
    assert response.json()["detail" if response.status_code == 422 else "answer"]


def test_a_conversation_of_200_turns_is_answered(api):
    history = [{"role": ("user", "assistant")[n % 2], "text": f"turn {n} " + "word " * 400} for n in range(200)]
    response = api.post("/v1/answers", json={"question": LEAVE, "history": history})
    assert response.status_code == 200


class Hanging:
    """A language model's server that takes a request and never answers; says when its client hung up."""

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.asked, self.left = threading.Event(), threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.listening.getsockname()[1]}/v1"

    def _run(self):
        with suppress(OSError):  # closed at the end
            while True:
                connection, _ = self.listening.accept()
                self._begin(connection)

    def _begin(self, connection):
        threading.Thread(target=self._hang, args=(connection,), daemon=True).start()

    def _hang(self, connection):
        with connection:
            received = connection.recv(65536)
            self.asked.set()
            while received:
                received = connection.recv(65536)
        self.left.set()


@pytest.fixture(scope="module")
def hanging():
    server = Hanging()
    yield server
    server.listening.close()


@pytest.fixture(scope="module")
def slow_server(hanging, tmp_path_factory, ingest):
    home = tmp_path_factory.mktemp("slow")
    (home / "roses.txt").write_text("Roses are watered daily. Oaks are watered never.")
    settings = Settings(data_dir=home / "data", llm_url=hanging.url, llm_timeout_s=20)
    with serving(settings) as client:
        ingest(client, home / "roses.txt")
        yield client


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
def test_work_stops_soon_after_the_client_leaves(slow_server, hanging, accept):
    hanging.asked.clear()
    hanging.left.clear()
    body = {"question": "When are roses watered?"}
    address = httpx.URL(slow_server.base_url)
    with socket.create_connection((address.host, address.port)) as client:
        content = json.dumps(body).encode()
        head = (
            f"POST /v1/answers HTTP/1.1\r\nHost: {address.host}\r\nAccept: {accept}\r\n"
            f"Authorization: {slow_server.headers['authorization']}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        client.sendall(head.encode() + content)
        assert hanging.asked.wait(60)
    started = time.monotonic()
    assert hanging.left.wait(10)
    assert time.monotonic() - started < 4  # a second, on a machine that does nothing else


def test_a_model_that_never_answers_is_replaced_soon_after_the_deadline(tmp_path, hanging, ingest):
    (tmp_path / "roses.txt").write_text("Roses are watered daily. Oaks are watered never.")
    settings = Settings(data_dir=tmp_path / "data", llm_url=hanging.url, llm_timeout_s=2)
    with serving(settings) as client:
        ingest(client, tmp_path / "roses.txt")
        client.post("/v1/search", json={"question": "warm up"})
        started = time.monotonic()
        answer = client.post("/v1/answers", json={"question": "When are roses watered?"}).json()
        assert time.monotonic() - started < 6  # a busy machine takes its time for the quotes
    assert answer["degraded"]
    assert answer["citations"][0]["quote"].startswith("Roses are watered daily.")
