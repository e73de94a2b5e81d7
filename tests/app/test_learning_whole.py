"""From what people say to better answers and back: training, approval, promotion, rollback, erasure, over HTTP."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.owner import checked, serving
from app.settings import Settings
from tests.app import slang

ATTUNE = str(Path(sys.executable).parent / "attune")
DEADLINE_S = 400.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("learning")


@pytest.fixture(scope="module")
def firm(folder, ingest):
    """A client of a server that has the rules, and was told what is meant by the firm's words."""
    slang.write(folder / "rules")
    settings = Settings(data_dir=folder / "data", approvals=1, disk_reserve_bytes=0)
    with serving(settings) as client:
        assert ingest(client, folder / "rules")["failures"] == []
        names = {one["uri"].rpartition("/")[2]: one["id"] for one in documents(client)}
        given = [label | {"document": names[label["document"]]} for label in slang.labels()]
        checked(client.post("/v1/feedback/given", json={"source": "slang", "labels": given}))
        yield client


def documents(client):
    return checked(client.get("/v1/documents", params={"limit": 100}))["documents"]


def ended(client, run):
    deadline = time.monotonic() + DEADLINE_S
    while run["state"] in {"waiting", "running"}:
        assert time.monotonic() < deadline, run
        time.sleep(0.2)
        run = checked(client.get(f"/v1/learning/runs/{run['id']}"))
    return run


def found_at(client):
    """Mean reciprocal rank of the right document for questions that nobody asked before."""
    ranks = []
    for place, word in enumerate(slang.WORDS):
        asked = {"question": slang.ASKED_LATER.format(word), "limit": 10}
        hits = checked(client.post("/v1/search", json=asked))["results"]
        names = [hit["uri"].rpartition("/")[2] for hit in hits]
        right = f"rule-{place:02}.md"
        ranks.append(1 / (names.index(right) + 1) if right in names else 0.0)
    return sum(ranks) / len(ranks)


def attune(folder, *arguments):
    settings = (f"ATTUNE_DATA_DIR={folder / 'data'}", "ATTUNE_APPROVALS=1")
    return subprocess.run(["env", *settings, ATTUNE, *arguments], capture_output=True, text=True, check=False)


def approved(folder, candidate_id):
    asked = attune(folder, "approvals", "ask", "promote", candidate_id, "--reason", "the gate was passed", "--json")
    assert asked.returncode == 0, asked.stderr
    assert attune(folder, "approvals", "approve", json.loads(asked.stdout)["id"]).returncode == 0
    return attune(folder, "promote", candidate_id)


def test_feedback_becomes_a_better_ranking_by_one_approval_and_goes_back_by_one_command(firm, folder):
    before = found_at(firm)
    trained = attune(folder, "train", "--rung", "memory")
    assert trained.returncode == 0, trained.stderr
    run = checked(firm.get("/v1/learning/runs"))["runs"][0]
    (outcome,) = run["outcomes"]
    assert (outcome["rung"], outcome["verdict"]) == ("memory", "passed"), outcome["words"]
    assert outcome["words"] in trained.stdout
    assert f"attune promote {outcome['candidate']}" in trained.stdout
    followed = attune(folder, "learning", "follow", run["id"])
    assert (followed.returncode, outcome["words"] in followed.stdout) == (0, True)
    assert "memory passed" in " ".join(attune(folder, "learning", "runs").stdout.replace("│", " ").split())
    assert found_at(firm) == before
    assert attune(folder, "promote", outcome["candidate"]).returncode == 2
    assert approved(folder, outcome["candidate"]).returncode == 0
    assert found_at(firm) > before + 0.2
    began = time.monotonic()
    checked(firm.post("/v1/learning/rollback"))
    assert time.monotonic() - began < 5
    assert found_at(firm) == before


def test_a_rung_that_needs_more_says_how_much_and_a_rung_that_is_none_is_refused(firm):
    run = ended(firm, checked(firm.post("/v1/learning/runs", json={"rungs": ["query_adapter"]})))
    (outcome,) = run["outcomes"]
    assert (outcome["verdict"], outcome["candidate"]) == ("closed", None)
    assert outcome["words"] == "query_adapter: 37 more labelled questions"  # 100 - 63
    assert firm.post("/v1/learning/runs", json={"rungs": ["dreams"]}).status_code == 422


def test_a_report_to_what_is_not_installed_is_refused_at_once(firm, monkeypatch):
    monkeypatch.setattr("finetune.reporting.find_spec", lambda _: None)
    response = firm.post("/v1/learning/runs", json={"report_to": "wandb"})
    assert response.status_code == 422
    assert "pip install 'attune[wandb]'" in response.json()["detail"]


def test_forgetting_a_document_takes_what_was_learned_of_it_and_trains_again(firm, folder):
    candidate = next(
        outcome["candidate"]
        for run in checked(firm.get("/v1/learning/runs"))["runs"]
        for outcome in run["outcomes"]
        if outcome["candidate"]
    )
    assert approved(folder, candidate).returncode == 0
    gone = next(one["id"] for one in documents(firm) if one["uri"].endswith("rule-20.md"))
    body = {"kind": "document", "subject": gone, "confirm": gone}
    receipt = checked(firm.post("/v1/erasures", json=body))["receipt"]
    assert receipt["scan"]["left"] == {}
    assert receipt["used_by"]["candidates"] == [candidate]
    assert len(receipt["used_by"]["training_sets"]) == 1
    assert checked(firm.get("/v1/learning"))["live"] is None
    assert not list((folder / "data" / "learning" / "candidates").iterdir())
    again = ended(firm, checked(firm.get(f"/v1/learning/runs/{receipt['retraining']}")))
    assert again["state"] == "done"
    made = {one["candidate"] for one in again["outcomes"] if one["verdict"] == "passed"}
    assert made
    assert candidate not in made
    assert gone not in "".join(path.read_text() for path in (folder / "data" / "learning" / "sets").glob("*.jsonl"))


def test_a_training_that_is_under_way_is_followed_and_cancelled_by_commands(firm, folder):
    begun = attune(folder, "train", "--rung", "memory", "--no-wait")
    assert "attune learning follow" in begun.stdout
    run = checked(firm.get("/v1/learning/runs"))["runs"][0]
    assert f"training {run['id']}" in attune(folder, "learning").stdout
    assert f"training {run['id']} is" in attune(folder, "learning", "cancel").stdout
    assert ended(firm, run)["state"] == "cancelled"
    assert attune(folder, "learning", "follow", run["id"]).returncode == 1
    nothing = attune(folder, "learning", "cancel")
    assert (nothing.returncode, "no training is under way" in nothing.stderr) == (2, True)


def test_a_training_that_is_cancelled_ends_within_seconds_and_leaves_nothing(firm, folder):
    run = checked(firm.post("/v1/learning/runs", json={}))
    deadline = time.monotonic() + DEADLINE_S
    while checked(firm.get(f"/v1/learning/runs/{run['id']}"))["progress"]["stage"] == "waiting":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    asked = time.monotonic()
    checked(firm.delete(f"/v1/learning/runs/{run['id']}"))
    assert ended(firm, run)["state"] == "cancelled"
    assert time.monotonic() - asked < 5
    assert not (folder / "data" / "learning" / "lab").exists()
