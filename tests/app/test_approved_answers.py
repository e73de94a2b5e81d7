"""Approved answers on a real server: who may approve one, and what is left of it when a document is forgotten."""

from app.owner import checked
from tests.people import upload

LEAVES = "The glasshouse opens at nine and its palms are watered on Mondays by the night shift."


def corrected(client, question, **more):
    asked = checked(client.post("/v1/answers", json={"question": question}))
    return checked(client.post(f"/v1/answers/{asked['interaction_id']}/feedback", json=more))


def found(client, words):
    return [one["text"] for one in checked(client.post("/v1/search", json={"question": words}))["results"]]


def test_a_curator_approves_nothing_about_documents_that_others_look_after(world):
    mine = upload(world.cleo, "kiln.txt", "The kiln is fired on Fridays.")
    other = upload(world.chief, "loom.txt", "The loom is oiled on Sundays.", collection="default")
    world.join("hr", "cleo")
    question = "When is the kiln fired?"
    for more in (
        {"answer": "On Saturdays, and the loom too.", "right_documents": [other["id"]]},
        {"wrong_documents": [other["id"]]},
    ):
        said = corrected(world.ann, question, **more)
        refused = world.cleo.post(f"/v1/feedback/{said['id']}/approval")
        assert refused.status_code in {403, 404}
        assert found(world.ann, "Saturdays, and the loom too") != [more.get("answer")]
    said = corrected(world.ann, question, answer="On Saturdays since May.", right_documents=[mine["id"]])
    assert world.cleo.post(f"/v1/feedback/{said['id']}/approval").status_code == 200
    assert "On Saturdays since May." in found(world.bob, question)


def test_an_answer_that_repeats_a_document_is_forgotten_with_it_whatever_it_names(world):
    gone = upload(world.chief, "palms.txt", LEAVES, collection="default")
    named = upload(world.chief, "gate.txt", "The gate of the garden is green.", collection="default")
    said = corrected(world.ann, "What colour is the gate of the garden?", answer=LEAVES, right_documents=[named["id"]])
    assert world.chief.post(f"/v1/feedback/{said['id']}/approval").status_code == 200
    assert LEAVES in found(world.ann, "palms in the glasshouse")
    body = {"kind": "document", "subject": gone["id"], "confirm": gone["id"]}
    receipt = checked(world.chief.post("/v1/erasures", json=body))["receipt"]
    assert receipt["erased"]["approved_answers"] == 1
    assert receipt["scan"]["stretches_of_text"] > 0
    assert receipt["scan"]["left"] == {}
    assert not [text for text in found(world.ann, "palms in the glasshouse") if "palms" in text]
