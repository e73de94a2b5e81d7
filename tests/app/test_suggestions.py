"""Questions to begin with, over HTTP."""

import pytest

from app.owner import checked, serving
from app.settings import Settings
from tests.app.conftest import HANDBOOK, ingested, world_in
from tests.people import upload


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """One of its own: what is found here depends on what else there is, and on who was let in meanwhile."""
    with world_in(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with the handbook and nothing else."""
    with serving(Settings(data_dir=tmp_path_factory.mktemp("handbook") / "data")) as client:
        ingested(client, HANDBOOK)
        yield client


def suggested(client, **parameters):
    return checked(client.get("/v1/suggestions", params=parameters))["suggestions"]


def test_headings_of_the_handbook_become_questions_that_it_answers(server):
    found = suggested(server, limit=12)
    assert len({one["question"] for one in found}) == len(found) == 12
    assert suggested(server, limit=12) == found
    assert suggested(server) == found[:4]
    of_documents = [one for one in found if one["origin"] == "document"]
    assert len(of_documents) >= 9
    answers = [checked(server.post("/v1/answers", json={"question": one["question"]})) for one in of_documents]
    named = [{c["document_id"] for c in answer["citations"]} for answer in answers]
    answered = sum(one["document_id"] in cited for one, cited in zip(of_documents, named, strict=True))
    assert answered >= len(of_documents) - 2


def test_an_assistants_questions_come_first_and_the_rest_is_of_its_collection(world):
    document = upload(
        world.cleo, "looms.md", "# Looms\n\n## Oiling the looms\n\nLooms are oiled on Tuesdays by the weaver.\n"
    )
    body = {"name": "Weaver", "collection": "papers", "questions": ["When is the loom oiled?", "Who weaves?"]}
    assistant = checked(world.cleo.post("/v1/assistants", json=body))["id"]
    found = suggested(world.ann, assistant=assistant, limit=12)
    assert [one["question"] for one in found if one["origin"] == "assistant"] == body["questions"]
    assert found[0]["origin"] == found[1]["origin"] == "assistant"
    readable = {d["id"] for d in checked(world.ann.get("/v1/documents?collection=papers&limit=1000"))["documents"]}
    others = {one["document_id"] for one in found[2:]}
    assert others <= readable
    assert document["id"] in readable
    assert suggested(world.ann, assistant=assistant, limit=1) == found[:1]
    assert suggested(world.ann, assistant=assistant, collection="papers") == found[:4]
    refused = {"assistant": assistant, "collection": "default"}
    assert world.ann.get("/v1/suggestions", params=refused).status_code == 422
    assert world.cleo.delete(f"/v1/assistants/{assistant}").status_code == 204


def test_what_a_guard_refuses_is_not_suggested(world):
    upload(world.cleo, "anvils.md", "# Anvils\n\nAnvils are forged on Thursdays.\n")
    checked(world.chief.post("/v1/collections", json={"name": "forge", "curators": [world.owners]}))
    upload(world.cleo, "hammers.md", "# Hammers and tongs\n\nHammers are forged on Thursdays.\n", collection="forge")
    assert "hammers" in suggested(world.ann, collection="forge")[0]["question"]
    policy = {"topics": [{"name": "tools", "phrases": ["hammer"]}]}
    checked(world.cleo.put("/v1/collections/forge/guards", json=policy))
    assert suggested(world.ann, collection="forge") == []


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ({"limit": 0}, 422),
        ({"limit": 13}, 422),
        ({"collection": "nothing"}, 404),
        ({"collection": "x" * 65}, 422),
        ({"assistant": "nothing"}, 404),
    ],
)
def test_what_makes_no_sense_is_refused(world, parameters, status):
    assert world.ann.get("/v1/suggestions", params=parameters).status_code == status
