"""An embedder is trained, gets an index of its own, serves, and goes again: over HTTP, with the bundled model."""

import shutil
import time
from contextlib import contextmanager

import pytest

from app.owner import checked, serving
from app.settings import Settings
from finetune.artifact import EMBEDDER, Artifacts, Recipe
from finetune.registry import Made, Registry
from finetune.types import Parts
from retrieval.generators.adapter_files import CONFIG, WEIGHTS
from retrieval.tables import open_engine
from tests.app import slang

DEADLINE_S = 1_000.0  # a training gives way to whatever else the machine has to do
pytestmark = pytest.mark.timeout(1_200)
FORMS = (
    *slang.ASKED,
    "Tell me about the {}.",
    "Is there a rule for the {}?",
    "Can a {} be refused?",
    "When is a {} due?",
    "Who decides about a {}?",
    "Does a {} cost anything?",
    "My {} is late.",
    "How do I ask for a {}?",
    "Is a {} the same everywhere?",
    "What counts as a {}?",
    "Where is the {} written down?",
    "Has the {} changed?",
    "Whom do I call about a {}?",
    "May I give my {} to a colleague?",
    "What if I forget the {}?",
    "Do trainees have a {}?",
    "Why is there a {} at all?",
    "Which form is for the {}?",
    "Could the {} be explained?",
    "Any news of the {}?",
    "Is the {} for managers only?",
    "Remind me of the {}.",
)


def labels():
    return [
        {"question": form.format(word), "document": f"rule-{place:02}.md", "label": 1}
        for form in FORMS
        for place, word in enumerate(slang.WORDS)
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("embedder")


@contextmanager
def server(folder):
    settings = Settings(data_dir=folder / "data", approvals=1, disk_reserve_bytes=0, rerank="none")
    with serving(settings) as client:
        yield client


@pytest.fixture(scope="module")
def trained(folder, ingest):
    """The id of a candidate that an embedder was trained for."""
    slang.write(folder / "rules")
    with server(folder) as client:
        assert ingest(client, folder / "rules")["failures"] == []
        names = {one["uri"].rpartition("/")[2]: one["id"] for one in documents(client)}
        given = [label | {"document": names[label["document"]]} for label in labels()]
        checked(client.post("/v1/feedback/given", json={"source": "slang", "labels": given}))
        run = checked(client.post("/v1/learning/runs", json={"rungs": ["embedder"]}))
        deadline = time.monotonic() + DEADLINE_S
        while run["state"] in {"waiting", "running"}:
            assert time.monotonic() < deadline, run
            time.sleep(0.5)
            run = checked(client.get(f"/v1/learning/runs/{run['id']}"))
        (outcome,) = run["outcomes"]
        assert (outcome["rung"], outcome["verdict"]) == ("embedder", "passed"), run
        return outcome["candidate"]


def documents(client):
    return checked(client.get("/v1/documents", params={"limit": 100}))["documents"]


def found(client, question):
    hits = checked(client.post("/v1/search", json={"question": question, "limit": 10}))["results"]
    return [hit["uri"].rpartition("/")[2] for hit in hits]


def well(client):
    """Mean reciprocal rank of the right rule for questions that nobody asked before."""
    ranks = []
    for place, word in enumerate(slang.WORDS):
        names = found(client, slang.ASKED_LATER.format(word))
        right = f"rule-{place:02}.md"
        ranks.append(1 / (names.index(right) + 1) if right in names else 0.0)
    return sum(ranks) / len(ranks)


def promote(client, candidate, *, seconds=120):
    """Promote as soon as all documents are embedded; what was said until then."""
    path = f"/v1/learning/candidates/{candidate}/promotion"
    said, deadline = [], time.monotonic() + seconds
    body = {"action": "promote", "subject": candidate, "reason": "the gate was passed"}
    approval = checked(client.post("/v1/approvals", json=body))
    checked(client.post(f"/v1/approvals/{approval['id']}/decision", json={"decision": "approved"}))
    while (response := client.post(path)).status_code == 409:
        said.append(response.json()["detail"])
        assert time.monotonic() < deadline, said
        time.sleep(0.2)
    checked(response)
    return said


def indexes(folder):
    return [path for path in (folder / "data" / "index").iterdir() if path.is_dir()]


def test_an_embedder_serves_once_all_is_embedded_and_goes_back_at_once(trained, folder, ingest):
    assert not list((folder / "data" / "learning").glob("adapters/*"))
    with server(folder) as client:
        before = well(client)
        assert "is being prepared" in promote(client, trained)[0]
        assert well(client) > before + 0.1
        assert len(indexes(folder)) == 2

    with server(folder) as client:
        assert checked(client.get("/v1/learning"))["serves"] == trained
        (folder / "late.md").write_text("# Late\n\nUmbrellas are lent at the reception of the north tower.\n")
        assert ingest(client, folder / "late.md")["failures"] == []
        assert found(client, "Who lends umbrellas?")[0] == "late.md"
        after = well(client)
        assert after > before + 0.1
        began = time.monotonic()
        checked(client.post("/v1/learning/rollback"))
        assert time.monotonic() - began < 5
        assert found(client, "Who lends umbrellas?")[0] == "late.md"
        assert well(client) == before
        assert promote(client, trained) == []
        assert well(client) == after


def foreign(folder, trained):
    """A candidate that passed the gate, whose adapter says that it was made for another embedder."""
    artifacts = Artifacts(folder / "data" / "learning" / "candidates")
    adapter = shutil.copytree(artifacts.path(trained) / EMBEDDER, folder / "foreign")
    config = (adapter / CONFIG).read_text()
    (adapter / CONFIG).write_text(
        config.replace('"base_model_name_or_path": "', '"base_model_name_or_path": "another-')
    )
    with closing_engine(open_engine(f"sqlite:///{folder / 'data' / 'catalog.sqlite3'}")) as engine:
        registry = Registry(engine)
        like = registry.get(trained)
        recipe = Recipe("embedder", ("embedder",), like.set_id, like.manifest["base"], 2)
        name, manifest = artifacts.write(Parts(embedder=EMBEDDER), recipe, folders={EMBEDDER: adapter})
        registry.add(Made(name, "embedder", like.set_id, manifest))
        registry.judge(name, passed=True, report={}, reason="")
    return name


@contextmanager
def closing_engine(engine):
    yield engine
    engine.dispose()


def refused(client, candidate):
    """Why a candidate cannot be promoted."""
    deadline = time.monotonic() + 120
    while (response := client.post(f"/v1/learning/candidates/{candidate}/promotion")).status_code == 409:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert response.status_code == 503
    return response.json()["detail"]


def test_an_adapter_of_another_base_or_that_was_changed_is_refused_and_what_is_live_stays(trained, folder):
    weights = folder / "data" / "learning" / "candidates" / trained / EMBEDDER / WEIGHTS
    written = weights.read_bytes()
    with server(folder) as client:
        assert checked(client.get("/v1/learning"))["serves"] == trained
        other = foreign(folder, trained)
        assert "was made for the model another-" in refused(client, other)
        assert checked(client.get("/v1/learning"))["serves"] == trained
        checked(client.post("/v1/learning/rollback"))
        weights.write_bytes(written[:-1] + bytes([written[-1] ^ 1]))
        assert "embedder/adapter_model.safetensors" in refused(client, trained)
        assert checked(client.get("/v1/learning"))["live"] is None
        weights.write_bytes(written)
        assert promote(client, trained) == []


def test_forgetting_a_document_leaves_nothing_of_it_in_either_index_and_nothing_of_the_embedder(trained, folder):
    with server(folder) as client:
        gone = next(one["id"] for one in documents(client) if one["uri"].endswith("rule-20.md"))
        body = {"kind": "document", "subject": gone, "confirm": gone}
        receipt = checked(client.post("/v1/erasures", json=body))["receipt"]
        assert trained in receipt["used_by"]["candidates"]
        assert receipt["scan"]["left"] == {}
        assert checked(client.get("/v1/learning"))["live"] is None
        assert len(indexes(folder)) == 1
        assert found(client, slang.RULES[3])[0] == "rule-03.md"
