"""A language model is taught by corrections, answers by what it learned, and goes back: over HTTP, in one process."""

import time
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from app.auth import LOCAL
from app.owner import checked, serving
from app.settings import Settings
from app.stores import open_stores
from app.voices import voice_folder
from retrieval.generators.adapter_files import CONFIG
from retrieval.types import Answer, Feedback, Interaction, Passage
from tests.pupils import all_but_cites

pytestmark = [
    # peft 0.21 reads it from transformers 5.23.
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
    pytest.mark.timeout(1_200),
]
DEADLINE_S = 1_000.0  # a training gives way to whatever else the machine has to do
ASKED = {"question": "When are roses watered?"}
SAID = "Roses are watered daily. [1]"
BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
ABOUT = (
    *("How often is the {} watered?", "Who prunes our {}?", "What does a {} cost?", "Does frost harm the {}?"),
    *("Where do we buy seeds of {}?", "Is there a photo of the {}?", "Which pests eat {}?", "May children touch {}?"),
    *("What Latin name has the {}?", "How tall will the {} grow?", "Can you cook {}?", "Why is my {} yellow?"),
)
PLANTS = (
    *("rose", "oak", "tomato", "cactus", "tulip", "bamboo", "mint", "apple tree", "fern", "pumpkin", "lavender"),
    *("moss", "vine", "orchid", "potato"),
)
QUESTIONS = tuple(about.format(plant) for about in ABOUT for plant in PLANTS)


@pytest.fixture(scope="module")
def home(tmp_path_factory, parrot, ingest):
    """A data directory with a document, and what was said about answers that stood on it; and a language model."""
    folder = tmp_path_factory.mktemp("voice")
    (folder / "garden.md").write_text("# Garden\n\nRoses are watered daily.\n")
    all_but_cites(parrot("Roses are", " watered daily.", " [1]")).rename(folder / "model")
    with server(folder) as client:
        assert ingest(client, folder / "garden.md")["failures"] == []
    with ExitStack() as stack:
        corrected(open_stores(settings_of(folder), stack))
    return folder


def settings_of(folder, **more):
    model = {"local_model": folder / "model", "llm_context_tokens": 1024, "llm_max_tokens": 16}
    plain = {"data_dir": folder / "data", "approvals": 1, "disk_reserve_bytes": 0, "rerank": "none"}
    return Settings(**(plain | model | more))


@contextmanager
def server(folder, **more):
    with serving(settings_of(folder, **more)) as client:
        yield client


def corrected(stores):
    """Have an administrator correct an answer to each question, and approve of it."""
    chunk, _, collection = next(stores.catalog.all_live_chunks(10))[0]
    passage = Passage(chunk, collection, "Garden", "file:///garden.md", 1.0)
    for number, question in enumerate(QUESTIONS):
        key, at = f"{number:032x}", BEGAN + timedelta(minutes=number)
        nothing = Answer("I found nothing.", True, 0.0, ())
        stores.interactions.record(Interaction(key, question, (), None, LOCAL.id, nothing, (passage,), {}, at))
        said = Feedback(f"f{key}", key, LOCAL.id, at, answer="Roses are watered daily.", right_chunks=(chunk.id,))
        stores.feedback.record(said, principal=LOCAL)
        stores.feedback.approve(said.id, by=LOCAL)


@pytest.fixture(scope="module")
def trained(home):
    """The id of a candidate by which the language model cites."""
    with server(home) as client:
        run = checked(client.post("/v1/learning/runs", json={"rungs": ["generator"]}))
        deadline = time.monotonic() + DEADLINE_S
        while run["state"] in {"waiting", "running"}:
            assert time.monotonic() < deadline, run
            time.sleep(0.5)
            run = checked(client.get(f"/v1/learning/runs/{run['id']}"))
    assert run["state"] == "done", run
    (outcome,) = run["outcomes"]
    assert (outcome["rung"], outcome["verdict"]) == ("generator", "passed"), run
    return outcome["candidate"]


def promote(client, candidate):
    body = {"action": "promote", "subject": candidate, "reason": "the gate was passed"}
    approval = checked(client.post("/v1/approvals", json=body))
    checked(client.post(f"/v1/approvals/{approval['id']}/decision", json={"decision": "approved"}))
    checked(client.post(f"/v1/learning/candidates/{candidate}/promotion"))


def told(client):
    given = checked(client.post("/v1/answers", json=ASKED))
    assert not given["degraded"]
    return given


def test_it_is_tried_by_shares_and_not_by_rankings_that_it_does_not_change(trained, home):
    with server(home) as client:
        for kind in ("shadow", "interleave"):
            refused = client.post(f"/v1/learning/candidates/{trained}/trial", json={"kind": kind})
            assert refused.status_code == 422
            assert "try it by share" in refused.json()["detail"]
        body = {"kind": "share", "share": 0.25}
        assert checked(client.post(f"/v1/learning/candidates/{trained}/trial", json=body))["state"] == "running"
        assert checked(client.get("/v1/learning"))["trial"]["candidate_id"] == trained
        checked(client.delete("/v1/learning/trial"))


def test_what_was_taught_words_the_answers_until_it_is_taken_back(trained, home):
    with server(home) as client:
        assert told(client)["abstained"]  # words that cite nothing stand on nothing
        promote(client, trained)
        given = told(client)
        assert given["answer"] == SAID
        replayed = client.post(f"/v1/answers/{given['interaction_id']}/replay").json()
        assert (replayed["same"], replayed["generation"]["adapter"]) == (True, trained)
    with server(home) as client:
        assert checked(client.get("/v1/learning"))["serves"] == trained
        assert told(client)["answer"] == SAID
        began = time.monotonic()
        assert checked(client.post("/v1/learning/rollback"))["live"] is None
        assert time.monotonic() - began < 5
        assert told(client)["abstained"]
        promote(client, trained)


def test_nobody_pays_for_files_that_go_under_a_server(trained, home):
    voice = voice_folder(home / "data", trained)
    with server(home) as client:
        assert told(client)["answer"] == SAID
        aside = voice.rename(home / "aside")
        assert told(client)["abstained"]  # as the model is
        aside.rename(voice)
        config = (voice / CONFIG).read_text()
        (voice / CONFIG).write_text(f"{config} ")  # another byte is another adapter
        assert told(client)["abstained"]
        (voice / CONFIG).write_text(config)
        assert told(client)["answer"] == SAID


def test_it_is_taught_in_a_run_of_its_own(home):
    with server(home) as client:
        refused = client.post("/v1/learning/runs", json={"rungs": ["memory", "generator"]})
        assert refused.status_code == 422
        assert "a run of its own" in refused.json()["detail"]


def test_a_server_without_that_model_says_why_its_voice_is_silent_and_promotes_none(trained, home):
    with server(home, local_model=None) as client:
        assert "ATTUNE_LOCAL_MODEL" in checked(client.get("/v1/learning"))["trouble"]
        assert told(client)["generator"] == "extractive"
        checked(client.post("/v1/learning/rollback"))
        refused = client.post(f"/v1/learning/candidates/{trained}/promotion")
        assert refused.status_code == 503
        assert "holds an adapter of a language model" in refused.json()["detail"]
    with server(home) as client:
        promote(client, trained)


def test_forgetting_a_document_takes_what_was_taught_by_it_along(trained, home):
    with server(home) as client:
        gone = checked(client.get("/v1/documents"))["documents"][0]["id"]
        body = {"kind": "document", "subject": gone, "confirm": gone}
        receipt = checked(client.post("/v1/erasures", json=body))["receipt"]
        assert receipt["used_by"]["candidates"] == [trained]
        assert receipt["scan"]["left"] == {}
        again = checked(client.get(f"/v1/learning/runs/{receipt['retraining']}"))
        assert again["rungs"] == ["generator"]
        assert checked(client.get("/v1/learning"))["live"] is None
        assert not (home / "data" / "learning" / "candidates" / trained).exists()
