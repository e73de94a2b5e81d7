"""A language model that fails, as people see it: over real HTTP, with a model's server that misbehaves."""

import re
import time

import httpx
import pytest

from app.owner import checked, serving
from app.settings import Settings
from tests.chat_server import ChatServer

QUESTION = {"question": "When are roses watered?"}
LEFT_ALONE = re.compile(r"^attune_llm_left_alone (\S+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def opened(tmp_path_factory, ingest):
    """A client, and the server of its language model."""
    home = tmp_path_factory.mktemp("home")
    (home / "garden.md").write_text("# Garden\n\nRoses are watered daily.\n")
    model = ChatServer()
    settings = Settings(data_dir=home / "data", llm_url=model.url, llm_first_token_timeout_s=1, llm_max_tokens=2000)
    with serving(settings) as client:
        ingest(client, home / "garden.md")
        yield client, model
    model.close()


def test_a_model_that_never_answers_costs_its_time_and_the_quotes_are_given(opened):
    client, model = opened
    model.behave(lambda peer: peer.hang())
    began = time.monotonic()
    answer = checked(client.post("/v1/answers", json=QUESTION))
    assert time.monotonic() - began < 5
    assert answer["degraded"]
    assert answer["answer"] == "Roses are watered daily. [1]"
    assert len(model.bodies) == 1


def test_the_model_stops_soon_after_the_client_leaves(opened):
    def endless(peer):
        peer.head()
        while True:
            peer.say("Roses are watered daily. [1] ")
            time.sleep(0.05)

    client, model = opened
    model.behave(endless)
    streamed = {"Accept": "text/event-stream"}
    with (
        httpx.Client(base_url=client.base_url, headers=client.headers, timeout=10) as leaving,
        leaving.stream("POST", "/v1/answers", json=QUESTION, headers=streamed) as stream,
    ):
        assert any(line == "event: token" for line in stream.iter_lines())
    left_at = time.monotonic()
    while not model.left_at:
        assert time.monotonic() - left_at < 5
        time.sleep(0.01)


def test_a_model_that_fails_again_and_again_is_left_alone_and_the_metrics_say_so(opened):
    client, model = opened
    model.behave(lambda peer: peer.status(500))
    assert LEFT_ALONE.search(client.get("/metrics").text)[1] == "0.0"
    for _ in range(6):
        assert checked(client.post("/v1/answers", json=QUESTION))["degraded"]
    assert len(model.bodies) in {8, 10}  # twice each, five times; the first test may have left a failure
    assert LEFT_ALONE.search(client.get("/metrics").text)[1] == "1.0"


def test_a_model_behind_a_url_has_no_adapters(opened):
    client, _ = opened
    refused = client.post("/v1/answers", json=QUESTION | {"sampling": {"adapter": "handbook-7"}})
    assert refused.status_code == 422
    assert "no adapters" in refused.json()["detail"]
