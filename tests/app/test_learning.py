"""Candidates over HTTP and on the command line: tried, promoted, rolled back; never half."""

import json
import threading
import time
from contextlib import ExitStack
from hashlib import sha256

import numpy as np
import pytest
from typer.testing import CliRunner

from app.cli import app
from app.owner import checked, serving
from app.routes.openai_api import EMBEDDER_MODEL
from app.settings import Settings
from finetune.types import Anchor, MemoryRow, Parts
from retrieval.catalog import Catalog
from retrieval.learned import Weights
from retrieval.tables import open_engine
from tests.candidates import REPORT, candidate
from tests.people import World

ROSES = "How often are roses watered?"
GARDEN = "# Garden\n\n" + "\n\n".join(
    f"## {name}\n\n{name} are watered {when} in the garden." for name, when in (("Roses", "daily"), ("Oaks", "never"))
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("learning")


@pytest.fixture(scope="module")
def settings(folder):
    return Settings(data_dir=folder / "data", disk_reserve_bytes=0, abstain_below=0, approvals=1)


@pytest.fixture(scope="module")
def server(settings, folder, ingest):
    (folder / "garden.md").write_text(GARDEN)
    (folder / "bread.md").write_text("# Bread\n\nBread is baked at dawn by the watered mill.\n")
    with serving(settings) as client:
        assert ingest(client, folder / "garden.md", folder / "bread.md")["failures"] == []
        yield client


@pytest.fixture
def engine(settings, server):
    assert server
    engine = open_engine(settings.catalog_url)
    yield engine
    engine.dispose()


@pytest.fixture(autouse=True)
def back(server):
    """Nothing is live when a test ends."""
    yield
    server.delete("/v1/learning/trial")
    while checked(server.get("/v1/learning"))["live"]:
        checked(server.post("/v1/learning/rollback"))


@pytest.fixture
def make(engine, settings):
    """Make a candidate; one that differs from the others by its weight."""
    return lambda dense=0.7, **more: candidate(engine, settings.data_dir, Parts(weights=Weights(dense)), **more)


@pytest.fixture
def remembering(engine, settings, server):
    """Make a candidate that remembers that the bread answers what is asked of roses."""

    def make(reach):
        catalog = Catalog(engine)
        (chunk,) = [chunk for batch in catalog.all_live_chunks(100) for chunk, *_ in batch if "baked" in chunk.text]
        anchor = Anchor(chunk.document_id, sha256(chunk.text.encode()).hexdigest())
        asked = {"model": EMBEDDER_MODEL, "input": ROSES}
        vector = np.array([checked(server.post("/v1/embeddings", json=asked))["data"][0]["embedding"]], np.float32)
        return candidate(
            engine, settings.data_dir, Parts(None, [MemoryRow("e1", anchor, 1.0)], vector, reach, Weights(0.9, 0.1))
        )

    return make


def approve(server, name):
    asked = {"action": "promote", "subject": name, "reason": "the gate was passed"}
    approval = checked(server.post("/v1/approvals", json=asked))
    checked(server.post(f"/v1/approvals/{approval['id']}/decision", json={"decision": "approved"}))


def promote(server, name):
    approve(server, name)
    return checked(server.post(f"/v1/learning/candidates/{name}/promotion"))


def states(server):
    return {one["id"]: one["state"] for one in checked(server.get("/v1/learning/candidates"))["candidates"]}


def test_a_candidate_is_opened_with_all_that_is_known_of_it(server, make):
    name = make()
    found = checked(server.get(f"/v1/learning/candidates/{name}"))
    assert (found["state"], found["report"], found["trials"]) == ("passed", REPORT, [])
    assert (found["gain"]["value"], found["gain"]["low"], found["gain"]["questions"]) == (0.031, 0.021, 180)
    lineage = found["lineage"]
    assert {key: lineage[key] for key in ("questions", "rows", "people", "documents", "erased")} == {
        "questions": 30,
        "rows": 40,
        "people": 1,
        "documents": 1,
        "erased": False,
    }
    assert found["manifest"]["weights"] == {"dense": 0.7, "similar": 0.0}
    assert server.get(f"/v1/learning/candidates/{'0' * 64}").status_code == 404


def test_promotion_takes_an_approval_and_uses_it_up(server, make):
    name = make()
    refused = server.post(f"/v1/learning/candidates/{name}/promotion")
    assert (refused.status_code, "approval" in refused.json()["detail"]) == (409, True)
    assert promote(server, name)["state"] == "live"
    status = checked(server.get("/v1/learning"))
    assert (status["live"], status["serves"], status["trouble"]) == (name, name, None)
    checked(server.post("/v1/learning/rollback"))
    assert server.post(f"/v1/learning/candidates/{name}/promotion").status_code == 409


def test_answers_say_by_what_they_were_served(server, make, engine):
    name = make()
    promote(server, name)
    answer = checked(server.post("/v1/answers", json={"question": ROSES}))
    with engine.connect() as connection:
        kept = connection.exec_driver_sql(
            "SELECT payload FROM interactions WHERE id = ?", (answer["interaction_id"],)
        ).scalar()
    assert json.loads(kept)["versions"]["learned"] == [name]


def test_what_is_learned_changes_what_is_found_and_going_back_restores_it(server, remembering):
    def first():
        return checked(server.post("/v1/search", json={"question": ROSES}))["results"][0]["title"]

    before = first()
    assert before == "Garden"
    promote(server, remembering(20.0))
    assert first() == "Bread"
    began = time.monotonic()
    checked(server.post("/v1/learning/rollback"))
    assert first() == before
    assert time.monotonic() - began < 5


def test_a_result_says_what_learning_did_for_it(server, remembering):
    name = remembering(23.0)
    promote(server, name)
    found = checked(server.post("/v1/search", json={"question": ROSES, "explain": True}))
    place, told = next((n, one) for n, one in enumerate(found["results"]) if one["title"] == "Bread")
    assert (told["learnt"]["candidate"], told["learnt"]["past_question"]) == (name, "e1")
    assert told["learnt"]["similarity"] == pytest.approx(1, abs=0.01)
    assert set(told["learnt"]["contributions"]) == {"memory", "past_question"}
    explained = found["explanations"][place]
    assert (explained["learned"], explained["contributions"]) == (name, told["learnt"]["contributions"])
    # The rows of this training set are gone: the id stays.
    assert explained["past_question"]["example"] == "e1"
    assert explained["past_question"]["words"] is None


def test_where_nothing_is_learned_a_result_says_so(server):
    found = checked(server.post("/v1/search", json={"question": ROSES, "explain": True}))
    assert found["results"][0]["learnt"] is None
    assert found["explanations"][0]["learned"] is None


def test_going_back_from_what_never_was_is_refused_and_not_logged(server):
    assert server.post("/v1/learning/rollback", json={"candidate": "no such candidate"}).status_code == 404
    assert "no such candidate" not in server.get("/v1/audit", params={"limit": 50}).text


def test_going_back_from_what_never_was_live_is_refused_and_of_what_served_before_changes_nothing(server, make):
    first, second, passed = make(0.6), make(0.8), make(0.7205)
    promote(server, first)
    promote(server, second)
    before = checked(server.get("/v1/audit", params={"limit": 1}))["events"][0]
    refused = server.post("/v1/learning/rollback", json={"candidate": passed})
    assert (refused.status_code, "never was live" in refused.json()["detail"]) == (409, True)
    assert checked(server.post("/v1/learning/rollback", json={"candidate": first}))["live"] == second
    assert checked(server.get("/v1/audit", params={"limit": 1}))["events"][0] == before


def test_going_back_twice_at_once_goes_one_step(server, make):
    first, second = make(0.6), make(0.8)
    promote(server, first)
    promote(server, second)
    answers = []

    def go():
        answers.append(checked(server.post("/v1/learning/rollback", json={"candidate": second}))["live"])

    threads = [threading.Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == [first, first]


def test_a_candidate_that_was_tampered_with_is_refused_and_costs_no_approval(server, make, settings):
    live, name = make(0.6), make(0.81)
    promote(server, live)
    approve(server, name)
    manifest = settings.data_dir / "learning" / "candidates" / name / "manifest.json"
    written = manifest.read_text()
    manifest.write_text(written.replace("0.81", "0.01"))
    refused = server.post(f"/v1/learning/candidates/{name}/promotion")
    assert (refused.status_code, refused.json()["detail"]) == (
        503,
        f"the manifest of candidate {name[:12]} is not what was written",
    )
    assert checked(server.get("/v1/learning"))["live"] == live
    manifest.write_text(written)
    assert checked(server.post(f"/v1/learning/candidates/{name}/promotion"))["state"] == "live"


def test_nothing_is_prepared_for_what_may_not_be_tried(server, make, settings):
    # Its files would be read before anything else, and documents be embedded for it.
    name, tried = make(0.83), make(0.84)
    checked(server.post(f"/v1/learning/candidates/{tried}/trial", json={"kind": "shadow", "share": 1}))
    spoiled = settings.data_dir / "learning" / "candidates" / name / "manifest.json"
    spoiled.write_text("{}")
    for body, status in (({"kind": "shadow", "share": 1}, 409), ({"kind": "share", "share": 0.9}, 422)):
        assert server.post(f"/v1/learning/candidates/{name}/trial", json=body).status_code == status
    checked(server.delete("/v1/learning/trial"))


def test_a_candidate_of_another_embedder_is_refused(server, make):
    name = make(base="another")
    refused = server.post(f"/v1/learning/candidates/{name}/promotion")
    assert (refused.status_code, "was made for the embedder another" in refused.json()["detail"]) == (503, True)


def test_where_nothing_is_live_there_is_nothing_to_go_back_from(server):
    assert server.post("/v1/learning/rollback").status_code == 409


def test_readers_of_interleaved_answers_decide(server, remembering):
    name = remembering(21.0)
    trial = checked(server.post(f"/v1/learning/candidates/{name}/trial", json={"kind": "interleave", "share": 1}))
    assert trial["state"] == "running"
    answer = checked(server.post("/v1/answers", json={"question": ROSES}))
    assert answer["citations"]
    checked(server.post(f"/v1/answers/{answer['interaction_id']}/feedback", json={"verdict": "up"}))
    running = checked(server.get("/v1/learning"))["trial"]
    assert running["wins"] + running["losses"] + running["ties"] == 1
    assert states(server)[name] == "trial"
    assert checked(server.delete("/v1/learning/trial"))["state"] == "stopped"
    assert states(server)[name] == "passed"
    assert server.delete("/v1/learning/trial").status_code == 404


def test_in_the_shadow_the_candidate_is_measured_and_not_shown(server, remembering):
    name = remembering(22.0)
    checked(server.post(f"/v1/learning/candidates/{name}/trial", json={"kind": "shadow"}))
    for number in range(10):
        answer = checked(server.post("/v1/answers", json={"question": f"{ROSES} {number}"}))
        assert answer["citations"][0]["title"] == "Garden"
    deadline = time.monotonic() + 20
    while not (figures := checked(server.get("/v1/learning"))["trial"]["figures"]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert figures["questions"] == 10
    assert 0 < figures["overlap"] <= 1
    assert figures["displacement"] > 0
    assert figures["errors"] == 0


def test_what_happens_to_a_candidate_stands_in_the_audit_log(server, make):
    name = make(0.65)
    checked(server.post(f"/v1/learning/candidates/{name}/trial", json={"kind": "shadow"}))
    checked(server.delete("/v1/learning/trial"))
    promote(server, name)
    checked(server.post("/v1/learning/rollback"))
    events = checked(server.get("/v1/audit", params={"object": f"candidate:{name}"}))["events"]
    assert [event["action"] for event in events] == [
        "candidate.rollback",
        "candidate.promote",
        "candidate.stop",
        "candidate.try",
    ]


def command(settings, monkeypatch, *words):
    monkeypatch.setenv("ATTUNE_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("ATTUNE_APPROVALS", "1")
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_commands_say_and_do_it(server, settings, make, monkeypatch):
    def run(*words):
        return command(settings, monkeypatch, *words)

    name = make(0.55)
    assert "live: nothing learned" in run("learning")
    assert name in run("learning", "candidates")
    assert json.loads(run("learning", "show", name))["id"] == name
    assert "shadow): running" in run("learning", "try", name)
    assert "trial of" in run("learning")
    assert "stopped" in run("learning", "stop")
    approve(server, name)
    assert f"{name} is live" in run("promote", name)
    assert json.loads(run("learning", "--json"))["serves"] == name
    assert "nothing learned is live" in run("rollback")


def test_an_approval_is_asked_for_what_there_is(server):
    asked = {"action": "promote", "subject": "no such candidate", "reason": "the gate was passed"}
    assert server.post("/v1/approvals", json=asked).status_code == 404


def test_another_administrator_has_to_agree(tmp_path, ingest):
    settings = Settings(data_dir=tmp_path / "data", disk_reserve_bytes=0)
    with serving(settings) as client, ExitStack() as stack:
        world = World(client, stack)
        engine = open_engine(settings.catalog_url)
        stack.callback(engine.dispose)
        ann = world.person("ann", administrator=True, scopes=("ask", "curate", "administer"))
        name = candidate(engine, settings.data_dir)
        asked = {"action": "promote", "subject": name, "reason": "the gate was passed"}
        approval = checked(ann.post("/v1/approvals", json=asked))
        decided = ann.post(f"/v1/approvals/{approval['id']}/decision", json={"decision": "approved"})
        assert decided.status_code == 403
        assert ann.post(f"/v1/learning/candidates/{name}/promotion").status_code == 409
        assert ingest


def test_a_server_whose_candidate_is_spoiled_starts_and_says_so(tmp_path):
    settings = Settings(data_dir=tmp_path / "data", disk_reserve_bytes=0, approvals=1)
    with serving(settings) as client:
        engine = open_engine(settings.catalog_url)
        name = candidate(engine, settings.data_dir)
        engine.dispose()
        promote(client, name)
    manifest = settings.data_dir / "learning" / "candidates" / name / "manifest.json"
    manifest.write_text(manifest.read_text()[:-20])
    with serving(settings) as client:
        status = checked(client.get("/v1/learning"))
        assert (status["live"], status["serves"]) == (name, None)
        assert "is not what was written" in status["trouble"]
        assert checked(client.get("/v1/health/ready"))["status"] == "degraded"
        found = checked(client.post("/v1/doctor", json={}))
        assert "learned-unreadable" in {one["code"] for one in found["ailments"]}
        assert checked(client.post("/v1/search", json={"question": ROSES}))["results"] == []
        assert checked(client.post("/v1/learning/rollback"))["live"] is None
        assert checked(client.get("/v1/health/ready"))["status"] in {"ok", "degraded"}
