"""What was answered and said, when somebody may not read any more what it stands on."""

import json
from contextlib import contextmanager

import pytest

from app.owner import checked
from retrieval.withhold import WITHHELD
from tests.people import managed, set_access, upload

SECRET = "marzipan"


@pytest.fixture
def recipe(world):
    """A document that only the group hr reads, and an answer to ann that stands on it."""
    text = f"The recipe of the founders.\n\nThe founders' cake is made of {SECRET} and four eggs."
    document = upload(world.cleo, "cake.txt", text, access=json.dumps([world.hr]))
    if document["access"] != [world.hr]:
        document |= {"access_version": checked(set_access(world.cleo, document, [world.hr]))["version"]}
    return document


def ask(client, question="What is the founders' cake made of?", **more):
    return checked(client.post("/v1/answers", json={"question": question} | more))


def shown(client, asked):
    """Everything that shows a stored answer, as one text."""
    conversation = f"/v1/conversations/{asked['conversation_id']}"
    paths = [f"/v1/answers/{asked['interaction_id']}", conversation, f"{conversation}/export"]
    said = [client.get(path).text for path in [*paths, f"{conversation}/export?format=markdown"]]
    said.append(client.post(f"/v1/answers/{asked['interaction_id']}/replay").text)
    return "\n".join(said)


@contextmanager
def out_of_the_group(world):
    path = f"/v1/groups/{world.hr[2:]}/members/{world.ids['ann']}"
    assert world.local.delete(path).status_code == 204
    yield
    assert world.local.put(path).status_code == 204


@contextmanager
def collection_shut(world):
    before = checked(world.chief.get("/v1/collections/papers/access"))
    body = {"readers": [world.eng], "curators": before["curators"], "version": before["version"]}
    checked(world.chief.put("/v1/collections/papers/access", json=body))
    yield
    body |= {"readers": before["readers"], "version": before["version"] + 1}
    checked(world.chief.put("/v1/collections/papers/access", json=body))


@contextmanager
def document_shut(world):
    cake = next(one for one in managed(world.cleo) if one["uri"] == "upload:cake.txt")
    version = checked(set_access(world.cleo, cake, [world.eng]))["version"]
    yield
    checked(set_access(world.cleo, cake, [world.hr], version=version))


@pytest.mark.parametrize("shut", [out_of_the_group, collection_shut, document_shut])
def test_an_answer_says_that_its_source_is_shut_wherever_it_is_shown(world, recipe, shut):
    asked = ask(world.ann, conversation_id="new")
    assert SECRET in asked["answer"]
    assert SECRET in shown(world.ann, asked)
    with shut(world):
        said = shown(world.ann, asked)
        assert SECRET not in said
        assert WITHHELD in said
        assert world.ann.post(f"/v1/answers/{asked['interaction_id']}/replay").status_code == 404
        again = ask(world.ann, conversation_id=asked["conversation_id"])
        assert SECRET not in json.dumps(again)
        assert recipe["id"] not in json.dumps(again)
    assert SECRET in shown(world.ann, asked)


def test_who_is_suspended_opens_nothing(world, recipe):
    asked = ask(world.ann, conversation_id="new")
    user = f"/v1/users/{world.ids['ann']}"
    checked(world.local.patch(user, json={"suspended": True}))
    assert world.ann.get(f"/v1/answers/{asked['interaction_id']}").status_code == 401
    assert world.ann.get(f"/v1/documents/{recipe['id']}/original").status_code == 401
    checked(world.local.patch(user, json={"suspended": False}))
    assert SECRET in shown(world.ann, asked)


def test_an_administrator_opens_anybodys_answer_and_reads_no_more_for_it(world, recipe):
    asked = ask(world.ann)
    assert recipe["id"] in json.dumps(asked)
    opened = checked(world.chief.get(f"/v1/answers/{asked['interaction_id']}"))
    assert opened["answer"] == WITHHELD
    assert SECRET not in json.dumps(opened)
    assert world.chief.post(f"/v1/answers/{asked['interaction_id']}/replay").status_code == 404


@pytest.mark.parametrize("who", ["bob", "cleo", "chief"])
def test_no_way_of_asking_tells_of_a_document_that_may_not_be_read(world, recipe, who):
    client = getattr(world, who)
    question = "What is the founders' cake made of?"
    message = {"model": "attune", "messages": [{"role": "user", "content": question}]}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    headers = {"Accept": "application/json, text/event-stream"}
    said = [
        client.post("/v1/answers", json={"question": question}).text,
        client.post("/v1/answers", json={"question": question}, headers={"Accept": "text/event-stream"}).text,
        client.post("/v1/search", json={"question": question, "limit": 100}).text,
        client.post("/v1/chat/completions", json=message).text,
        client.post("/v1/chat/completions", json=message | {"stream": True}).text,
        *(
            client.post("/mcp", json=call | {"params": {"name": name, "arguments": arguments}}, headers=headers).text
            for name, arguments in [
                ("search", {"question": question}),
                ("ask", {"question": question}),
                ("open_document", {"document_id": recipe["id"]}),
            ]
        ),
        client.get("/v1/documents?limit=1000").text,
        client.get("/v1/models").text,
        *(client.get(f"/v1/collections/papers/{report}").text for report in ("quality", "quality.html", "findings")),
    ]
    for text in said:
        assert SECRET not in text
        assert recipe["id"] not in text.replace(f"no document {recipe['id']}", "")
        assert "cake.txt" not in text


def test_feedback_is_shown_with_its_words_to_those_who_read_what_it_is_about(world, recipe):
    asked = ask(world.ann)
    given = {"verdict": "down", "answer": f"Of {SECRET} alone.", "right_documents": [recipe["id"]]}
    kept = checked(world.ann.post(f"/v1/answers/{asked['interaction_id']}/feedback", json=given))

    def listed(client):
        return [one for one in checked(client.get("/v1/feedback"))["feedback"] if one["id"] == kept["id"]]

    approval = f"/v1/feedback/{kept['id']}/approval"
    assert listed(world.cleo) == []  # looks after it, and may not read it
    assert world.cleo.post(approval).status_code == 404
    (told,) = listed(world.chief)
    assert told["withheld"]
    assert (told["question"], told["answer"], told["right_documents"]) == ("", None, [])
    assert world.chief.post(approval).status_code == 403
    assert world.bob.get("/v1/feedback").status_code == 403
    assert world.bob.post(approval).status_code == 403
    world.join("hr", "cleo")
    (told,) = listed(world.cleo)
    assert (told["answer"], told["withheld"]) == (given["answer"], False)
    assert checked(world.cleo.post(approval))["approved_by"] == world.key("cleo")
    assert world.local.delete(f"/v1/groups/{world.hr[2:]}/members/{world.ids['cleo']}").status_code == 204
    assert listed(world.cleo) == []
    made = world.chief.post("/v1/golden-sets/corrections/feedback")
    assert SECRET not in made.text
    assert SECRET not in world.chief.get("/v1/golden-sets/corrections").text


def test_a_golden_question_leaves_out_what_its_asker_was_told_before(world, recipe):
    first = ask(world.ann, conversation_id="new")
    assert recipe["id"] in json.dumps(first)
    upload(world.chief, "ferry.txt", "The ferry to the island is green.", collection="default")
    more = {"conversation_id": first["conversation_id"], "collection": "default"}
    asked = ask(world.ann, "What colour is the ferry to the island?", **more)
    given = {"answer": "It is green."}
    kept = checked(world.ann.post(f"/v1/answers/{asked['interaction_id']}/feedback", json=given))
    checked(world.chief.post(f"/v1/feedback/{kept['id']}/approval"))
    checked(world.chief.post("/v1/golden-sets/ferries/feedback"))
    made = world.chief.get("/v1/golden-sets/ferries").text
    assert f"feedback-{kept['id']}" in made
    assert SECRET not in made


def test_a_curator_is_not_told_what_is_said_of_other_collections(world):
    document = upload(world.chief, "tram.txt", "The tram to the harbour is blue.", collection="default")
    asked = ask(world.cleo, "What colour is the tram to the harbour?", collection="default")
    assert document["id"] in json.dumps(asked)
    kept = checked(world.cleo.post(f"/v1/answers/{asked['interaction_id']}/feedback", json={"verdict": "up"}))
    assert kept["id"] not in world.cleo.get("/v1/feedback").text
    assert world.cleo.post(f"/v1/feedback/{kept['id']}/approval").status_code == 404
    (told,) = [one for one in checked(world.chief.get("/v1/feedback"))["feedback"] if one["id"] == kept["id"]]
    assert not told["withheld"]
