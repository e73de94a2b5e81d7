"""A cross-encoder of its own serves with its candidate, is refused where it does not fit, and goes at once."""

import time
from contextlib import contextmanager
from dataclasses import replace

import pytest

from app.owner import checked, serving
from app.settings import Settings
from finetune.artifact import RERANKER, Artifacts, Recipe
from finetune.contrast import Lesson, Pair
from finetune.cross import SCHEDULE, train_cross_encoder
from finetune.registry import Made, Registry
from finetune.types import Parts
from retrieval.generators.adapter_files import WEIGHTS
from retrieval.rerank import CrossEncoderReranker
from retrieval.tables import open_engine
from tests import cross_encoder
from tests.app import slang
from tests.candidates import candidate

THINGS = slang.WORDS[:8]
KINDS = ("signed", "draft")


def text(thing, kind):
    return f"Paper\n{thing} {kind}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reranker")
    (folder / "papers").mkdir()
    for thing in THINGS:
        for kind in KINDS:
            (folder / "papers" / f"{thing}-{kind}.md").write_text(f"# Paper\n\n{thing} {kind}\n")
    cross_encoder.save(folder / "model", [*THINGS, *KINDS, "Paper"], spread=0.3)
    return folder


@contextmanager
def server(folder, rerank=None):
    rerank = rerank or str(folder / "model")
    settings = Settings(data_dir=folder / "data", approvals=1, disk_reserve_bytes=0, rerank=rerank)
    with serving(settings) as client:
        yield client


def trained(folder, base):
    """An adapter that puts drafts before what is signed, for a cross-encoder of that fingerprint."""
    passages = [text(thing, kind) for thing in THINGS for kind in KINDS]
    places = range(len(THINGS))
    lesson = Lesson(
        THINGS,
        passages,
        [Pair(n, 2 * n + 1, 1.0) for n in places],
        {n: frozenset({2 * n + 1}) for n in places},
        {n: [2 * n] for n in places},
    )
    schedule = replace(SCHEDULE, epochs=40, rate=1e-2, hard=1)
    train_cross_encoder(folder / "model", lesson, schedule, seed=1).save(folder / base, base=base)
    return folder / base


def passed(folder, base):
    """A candidate with a reranker that passed the gate."""
    data, adapter = folder / "data", trained(folder, base)
    with closing_engine(open_engine(f"sqlite:///{data / 'catalog.sqlite3'}")) as engine:
        registry = Registry(engine)
        like = registry.get(candidate(engine, data))
        recipe = Recipe("reranker", ("reranker",), like.set_id, like.manifest["base"], 1)
        artifacts = Artifacts(data / "learning" / "candidates")
        name, manifest = artifacts.write(Parts(reranker=RERANKER), recipe, folders={RERANKER: adapter})
        registry.add(Made(name, "reranker", like.set_id, manifest))
        registry.judge(name, passed=True, report={}, reason="")
    return name


@contextmanager
def closing_engine(engine):
    yield engine
    engine.dispose()


def results(client):
    """What is found for each thing: file name and score, best first."""
    found = []
    for thing in THINGS:
        hits = checked(client.post("/v1/search", json={"question": thing, "limit": 16}))["results"]
        found.append([(hit["uri"].rpartition("/")[2], hit["score"]) for hit in hits])
    return found


def firsts(found):
    return {hits[0][0].rpartition("-")[2] for hits in found}


def promotion(client, name):
    body = {"action": "promote", "subject": name, "reason": "the gate was passed"}
    approval = checked(client.post("/v1/approvals", json=body))
    checked(client.post(f"/v1/approvals/{approval['id']}/decision", json={"decision": "approved"}))
    return client.post(f"/v1/learning/candidates/{name}/promotion")


def needed(client):
    return next(one["summary"] for one in checked(client.get("/v1/learning"))["rungs"] if one["rung"] == "reranker")


def test_a_reranker_serves_with_its_candidate_and_goes_back_bit_for_bit(folder, ingest):
    base = CrossEncoderReranker(folder / "model", device="cpu").fingerprint
    with server(folder) as client:
        assert ingest(client, folder / "papers")["failures"] == []
        assert needed(client) == "256 more labelled questions"
        before = results(client)
        assert firsts(before) != {"draft.md"}
        name = passed(folder, base)
        checked(promotion(client, name))
        assert checked(client.get("/v1/learning"))["serves"] == name
        after = results(client)
        assert firsts(after) == {"draft.md"}
        checked(client.post("/v1/learning/rollback"))
        assert results(client) == before
        checked(promotion(client, name))
    with server(folder) as client:
        assert results(client) == after
        found = checked(client.post("/v1/search", json={"question": THINGS[0], "explain": True}))
        assert {one["learned"] for one in found["explanations"]} == {name}


def test_what_does_not_fit_or_was_changed_is_refused_and_what_is_live_stays(folder):
    with server(folder) as client:
        live = checked(client.get("/v1/learning"))["serves"]
        other = passed(folder, "another-cross-encoder")
        response = promotion(client, other)
        assert (response.status_code, "was made for the model another-cross-encoder" in response.text) == (503, True)
        assert checked(client.get("/v1/learning"))["serves"] == live
        weights = folder / "data" / "learning" / "candidates" / live / RERANKER / WEIGHTS
        written = weights.read_bytes()
        checked(client.post("/v1/learning/rollback"))
        for damaged in (written[:-1] + bytes([written[-1] ^ 1]), written[: len(written) // 2]):
            weights.write_bytes(damaged)
            assert "reranker/adapter_model.safetensors" in promotion(client, live).json()["detail"]
            assert checked(client.get("/v1/learning"))["live"] is None
        weights.write_bytes(written)
        checked(promotion(client, live))


def test_a_server_without_its_cross_encoder_says_so_and_answers(folder):
    with server(folder, "sentences") as client:
        assert "ATTUNE_RERANK" in needed(client)
        body = checked(client.get("/v1/learning"))
        assert (body["serves"], "none in ATTUNE_RERANK" in body["trouble"]) == (None, True)
        assert len(results(client)) == len(THINGS)
        run = checked(client.post("/v1/learning/runs", json={"rungs": ["reranker"]}))
        (outcome,) = ended(client, run)["outcomes"]
        assert outcome["verdict"] == "closed"
        assert "set ATTUNE_RERANK" in outcome["words"]


def ended(client, run):
    deadline = time.monotonic() + 500
    while run["state"] in {"waiting", "running"}:
        assert time.monotonic() < deadline, run
        time.sleep(0.2)
        run = checked(client.get(f"/v1/learning/runs/{run['id']}"))
    assert run["state"] == "done", run
    return run


@pytest.mark.slow
def test_a_run_trains_it_and_the_gate_says_what_it_is_worth(folder):
    forms = [f"Form {n} of {{}}" for n in range(33)]
    with server(folder) as client:
        if checked(client.get("/v1/learning"))["live"]:
            checked(client.post("/v1/learning/rollback"))
        names = {one["uri"].rpartition("/")[2]: one["id"] for one in documents(client)}
        given = [
            {"question": form.format(thing), "document": names[f"{thing}-signed.md"], "label": 1}
            for form in forms
            for thing in THINGS
        ]
        checked(client.post("/v1/feedback/given", json={"source": "papers", "labels": given}))
        run = checked(client.post("/v1/learning/runs", json={"rungs": ["reranker"]}))
        (outcome,) = ended(client, run)["outcomes"]
        assert outcome["rung"] == "reranker"
        assert outcome["verdict"] in {"passed", "refused", "not_enough_data"}
        assert outcome["report"]["recipe"] == ["reranker"]
        assert not list((folder / "data" / "learning").glob("adapters/*"))


def documents(client):
    return checked(client.get("/v1/documents", params={"limit": 100}))["documents"]
