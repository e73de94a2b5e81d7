"""Review: what was not served is found together, two raters grade passages they may read, and it flows back."""

from types import SimpleNamespace

import pytest

from app.owner import checked
from retrieval.inventory import Inventory
from tests.app.conftest import world_in
from tests.people import upload

GLAZE = "# Glazes\n\nThe blue glaze is mixed from cobalt and ash. It rests for three days before it is used.\n"
LOOM = "# Looms\n\nThe big loom is oiled every Sunday with linseed oil by the night porter.\n"
GAP = ("Who repairs the espresso machine?", "Who fixes the espresso machine when it breaks?")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """One of its own: what is found here depends on what else there is, and on who was let in meanwhile."""
    with world_in(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture(scope="module")
def crew(world):
    """Two raters who look after ``papers`` and read it, an administrator who does, and somebody who asks."""
    groups = ["engineering", "owners"]
    made = SimpleNamespace(
        rita=world.person("rita", groups=groups),
        rolf=world.person("rolf", groups=groups),
        gwen=world.person("gwen", groups=["engineering"], administrator=True, scopes=("ask", "curate", "administer")),
        nora=world.person("nora", groups=["engineering"]),
    )
    made.glaze = upload(made.rita, "glazes.md", GLAZE)
    made.loom = upload(made.rita, "looms.md", LOOM)
    return made


@pytest.fixture(scope="module")
def asked(crew):
    """Two questions without an answer, one of them rated down."""
    given = [ask(crew.nora, words) for words in GAP]
    assert [one["abstained"] for one in given] == [True, True]
    said = {"verdict": "down", "reasons": ["not_answered"]}
    checked(crew.nora.post(f"/v1/answers/{given[0]['interaction_id']}/feedback", json=said))
    return [one["interaction_id"] for one in given]


def ask(client, words):
    return checked(client.post("/v1/answers", json={"question": words, "collection": "papers"}))


def groups(client, path="questions", **wanted):
    body = checked(client.get(f"/v1/review/{path}", params=wanted))
    return body["groups" if path == "questions" else "gaps"]


def about(found, interaction_id):
    """The group that a question is in; None where it is in none."""
    return next((g for g in found if interaction_id in {s["interaction_id"] for s in g["samples"]}), None)


def test_questions_that_ask_for_the_same_thing_are_one_group(crew, asked):
    found = about(groups(crew.rita), asked[0])
    assert (found["id"], found["count"], found["askers"], found["title"] in GAP) == (asked[0], 2, 1, True)
    assert (found["abstained"], found["down"], found["reasons"]) == (1.0, 0.5, {"not_answered": 1})
    assert [one["question"] for one in found["samples"]] == list(GAP[::-1])
    assert (found["state"], found["asked_since"]) == (None, 0)
    assert about(groups(crew.rita, kind="low_rated"), asked[0])["count"] == 1
    assert about(groups(crew.rita, since=found["last_asked"]), asked[1]) is None


def test_who_may_not_read_what_was_nearest_is_not_shown_the_question(world, asked):
    assert about(groups(world.cleo), asked[0]) is None  # she looks after it, and does not read it
    body = checked(world.chief.get("/v1/review/questions"))
    assert about(body["groups"], asked[0]) is None
    assert body["withheld"] >= 2
    assert GAP[0] not in str(body)
    refused = world.cleo.post(f"/v1/review/groups/{asked[0]}/state", json={"state": "handled"})
    missing = world.cleo.post("/v1/review/groups/nothing/state", json={"state": "handled"})
    assert (refused.status_code, missing.status_code) == (404, 404)
    assert world.ann.get("/v1/review/questions").status_code == 403


def test_a_question_opens_with_its_answer_and_what_was_said_for_who_may_see_it(world, crew, asked):
    body = checked(crew.rita.get(f"/v1/review/questions/{asked[0]}"))
    assert (body["question"], body["abstained"]) == (GAP[0], True)
    assert [(one["verdict"], one["reasons"]) for one in body["said"]] == [("down", ["not_answered"])]
    assert {one["title"] for one in body["nearest"]} & {"Glazes", "Looms"}
    for nobody in (world.cleo, world.chief):
        assert nobody.get(f"/v1/review/questions/{asked[0]}").status_code == 404
    assert crew.rita.get("/v1/review/questions/nothing").status_code == 404
    events = checked(world.local.get("/v1/audit", params={"limit": 50}))["events"]
    assert ("answer.open", f"answer:{asked[0]}") in {(one["action"], one["object"]) for one in events}


def test_one_group_alone_is_put_into_the_queue_once(world, crew):
    words = ("Where does the harbour pilot keep the brass sextant?", "Where is the sextant of the harbour pilot kept?")
    keys = [ask(crew.nora, one)["interaction_id"] for one in words]
    for key in keys:
        checked(crew.nora.post(f"/v1/answers/{key}/feedback", json={"verdict": "down"}))
    filled = checked(crew.rita.post("/v1/review/queue", json={"group": keys[1]}))
    assert (filled["added"], filled["known"]) == ({"low_rated": 1}, 0)
    again = checked(crew.rita.post("/v1/review/queue", json={"group": keys[0]}))
    assert (again["added"], again["known"]) == ({}, 1)
    assert world.cleo.post("/v1/review/queue", json={"group": keys[0]}).status_code == 404


def test_the_next_but_one_task_can_be_had_and_any_task_be_opened(world, crew):
    for words in ("Who rings the brass bell of the old ferry?", "What does the tailor of the opera keep in the attic?"):
        complained(crew, words)
    queued(crew)
    first = checked(crew.rolf.get("/v1/review/queue/next"))["task"]
    second = checked(crew.rolf.get("/v1/review/queue/next", params={"after": first["id"]}))["task"]
    assert second["id"] != first["id"]
    assert checked(crew.rita.get(f"/v1/review/tasks/{second['id']}"))["question"] == second["question"]
    assert world.cleo.get(f"/v1/review/tasks/{second['id']}").status_code == 404


def test_a_group_keeps_its_state_whichever_question_it_was_noted_beside(world, crew, asked):
    said = {"state": "handled", "note": " The porter knows. "}
    kept = checked(crew.rita.post(f"/v1/review/groups/{asked[1]}/state", json=said))
    assert (kept["note"], kept["set_by"]) == ("The porter knows.", world.key("rita"))
    found = about(groups(crew.rolf, state="handled"), asked[0])
    assert (found["state"], found["asked_since"]) == (kept, 0)
    again = ask(crew.nora, GAP[0])["interaction_id"]
    found = about(groups(crew.rolf), again)
    assert (found["id"], found["count"], found["asked_since"]) == (asked[0], 3, 1)
    assert about(groups(crew.rolf, state="open"), again) is None
    assert crew.rita.post(f"/v1/review/groups/{asked[0]}/state", json={"state": "done"}).status_code == 422
    checked(crew.rita.post(f"/v1/review/groups/{asked[1]}/state", json={"state": "open"}))


def test_a_gap_shows_what_comes_nearest_until_something_answers_it(crew):
    words = "How long are parcels kept at the front desk?"
    key = ask(crew.nora, words)["interaction_id"]
    gap = about(groups(crew.rita, "gaps"), key)
    assert (gap["title"], gap["answered_now"], gap["confidence"] < 0.5) == (words, False, True)
    assert {near["collection"] for near in gap["nearest"]} <= {"papers", "default"}
    assert gap["nearest"][0]["title"]
    upload(crew.rita, "parcels.md", "# Parcels\n\nParcels are kept at the front desk for two weeks.\n")
    assert about(groups(crew.rita, "gaps"), key) is None
    gap = about(groups(crew.rita, "gaps", answered=True), key)
    assert (gap["answered_now"], gap["nearest"][0]["uri"]) == (True, "upload:parcels.md")


def queued(crew, kind="low_rated"):
    return checked(crew.rita.post("/v1/review/queue", json={"kinds": [kind]}))


def task_about(client, words):
    """The rater's task about a question; other tests leave tasks of their own, which are skipped."""
    while (task := checked(client.get("/v1/review/queue/next"))["task"]) is not None:
        if task["question"] == words:
            return task
        checked(client.post(f"/v1/review/tasks/{task['id']}/labels", json={"skip": True}))
    return None


def graded(client, task, **by_uri):
    grades = {one["passage_id"]: by_uri.get(one["uri"].removeprefix("upload:")[:-3], 0) for one in task["passages"]}
    return client.post(f"/v1/review/tasks/{task['id']}/labels", json={"grades": grades})


def complained(crew, words):
    key = ask(crew.nora, words)["interaction_id"]
    checked(crew.nora.post(f"/v1/answers/{key}/feedback", json={"verdict": "down", "reasons": ["incomplete"]}))
    return key


def test_two_raters_grade_a_question_and_what_they_agree_on_flows_back(world, crew):
    words = "What is the blue glaze mixed from?"
    complained(crew, words)
    assert queued(crew)["added"]["low_rated"] >= 1
    assert queued(crew)["added"] == {}
    task = task_about(crew.rita, words)
    assert "upload:glazes.md" in {one["uri"] for one in task["passages"]}
    url = f"/v1/review/tasks/{task['id']}/labels"
    first = task["passages"][0]["passage_id"]
    for wrong in ({"grades": {}}, {"grades": {first: 3}}, {"none": True, "skip": True}, {}, {"grades": {"other": 1}}):
        assert crew.rita.post(url, json=wrong).status_code == 422
    assert checked(graded(crew.rita, task, glazes=2)) == {"task_id": task["id"], "outcome": "graded"}
    assert task_about(crew.rita, words) is None
    # The second rater gets it first, and knows nothing of the first one's grades.
    seen = checked(crew.rolf.get("/v1/review/queue/next"))["task"]
    assert (seen["id"], seen["passages"]) == (task["id"], task["passages"])
    checked(graded(crew.rolf, seen, glazes=2))
    assert graded(crew.rita, task, glazes=1).status_code == 409
    givers = {one["giver"]: one for one in checked(crew.gwen.get("/v1/feedback/givers"))["givers"]}
    assert {world.key("rita"), world.key("rolf")} <= givers.keys()


def test_what_raters_disagree_on_is_listed_beside_how_far_they_agree(world, crew):
    words = "With which oil is the big loom oiled?"
    complained(crew, words)
    queued(crew)
    checked(graded(crew.rita, task_about(crew.rita, words), looms=2))
    none = task_about(crew.rolf, words)
    assert checked(crew.rolf.post(f"/v1/review/tasks/{none['id']}/labels", json={"none": True}))["outcome"] == "none"
    body = checked(crew.rita.get("/v1/review/agreement"))
    (each,) = [one for one in body["each"] if set(one["raters"]) == {world.key("rita"), world.key("rolf")}]
    assert each["pairs"] >= 2
    assert each["same"] < 1
    assert -1 <= each["kappa"]["low"] <= each["kappa"]["value"] <= each["kappa"]["high"] <= 1
    worst = body["disagreements"][0]
    assert (worst["question"], worst["passage"]["uri"]) == (words, "upload:looms.md")
    assert worst["grades"] == {world.key("rita"): 2, world.key("rolf"): 0}
    # An administrator who may not read it is told the figures, and none of the words.
    told = checked(world.chief.get("/v1/review/agreement"))
    assert (told["together"]["pairs"], told["disagreements"]) == (body["together"]["pairs"], [])
    assert checked(world.cleo.get("/v1/review/agreement"))["together"]["pairs"] == 0


def test_a_passage_whose_text_changed_is_graded_no_more(crew):
    words = "On which floor is the paper mill of the archive?"
    mill = "# Mill\n\nThe paper mill of the archive is on the second floor.\n"
    upload(crew.rita, "mill.md", mill)
    complained(crew, words)
    queued(crew)
    task = task_about(crew.rita, words)
    assert "upload:mill.md" in {one["uri"] for one in task["passages"]}
    upload(crew.rita, "mill.md", mill.replace("second", "third"))
    left = task_about(crew.rita, words)
    assert {one["uri"] for one in task["passages"]} - {one["uri"] for one in left["passages"]} == {"upload:mill.md"}
    assert graded(crew.rita, task, glazes=0).status_code == 200  # of what went stale meanwhile nothing is kept


def test_for_a_passage_that_a_rater_may_not_read_its_document_is_not_gone_through(world, crew, monkeypatch):
    words = "Which bell does the harbour master of the salt quay ring?"
    hidden = f'["{world.key("gwen")}"]'
    bell = upload(
        crew.rita, "bell.md", "# Bell\n\nThe harbour master of the salt quay rings the old bell.\n", access=hidden
    )
    complained(crew, words)
    checked(crew.gwen.post("/v1/review/queue", json={"kinds": ["low_rated"]}))
    whole = []
    texts = Inventory.live_texts

    def noted(catalog, document_ids, **only):
        whole.extend(() if only.get("only") is not None else document_ids)
        return texts(catalog, document_ids, **only)

    monkeypatch.setattr(Inventory, "live_texts", noted)
    task = task_about(crew.rita, words)
    assert (task["hidden"] >= 1, "upload:bell.md" in {one["uri"] for one in task["passages"]}) == (True, False)
    assert "upload:bell.md" in {one["uri"] for one in task_about(crew.gwen, words)["passages"]}
    assert bell["id"] not in whole


def test_agreed_questions_become_golden_and_go_with_who_asked(world, crew):
    words = "How often does the lighthouse keeper wind the brass clock?"
    upload(crew.rita, "clock.md", "# Clock\n\nThe lighthouse keeper winds the brass clock every ninth hour.\n")
    otto = world.person("otto", groups=["engineering"])
    key = ask(otto, words)["interaction_id"]
    checked(otto.post(f"/v1/answers/{key}/feedback", json={"verdict": "down"}))
    queued(crew)
    for rater in (crew.rita, crew.rolf):
        checked(graded(rater, task_about(rater, words), clock=2))
    made = checked(crew.gwen.post("/v1/review/golden", json={"set": "reviewed"}))
    assert made["added"] >= 1
    again = checked(crew.gwen.post("/v1/review/golden", json={"set": "reviewed"}))
    assert (again["added"], again["known"], again["version"]) == (0, made["added"], made["version"])
    kept = {one["_id"]: one for one in checked(crew.gwen.get("/v1/golden-sets/reviewed"))["questions"]}
    question = kept[f"review-{key}"]
    assert (question["text"], question["documents"]) == (words, ["upload:clock.md"])
    assert "every ninth hour" in question["passages"][0]["text"]
    blind = checked(world.chief.post("/v1/review/golden", json={"set": "blind"}))
    assert (blind["added"], blind["hidden"] >= 1) == (0, True)
    erased = {"kind": "user", "subject": world.ids["otto"], "confirm": world.ids["otto"]}
    receipt = checked(world.local.post("/v1/erasures", json=erased))["receipt"]
    assert (receipt["scan"]["left"], "reviewed" in receipt["used_by"]["golden_sets"]) == ({}, True)
    left = checked(crew.gwen.get("/v1/golden-sets/reviewed"))["questions"]
    assert f"review-{key}" not in {one["_id"] for one in left}


def test_a_document_and_a_rater_are_forgotten_with_what_was_graded(world, crew):
    words = "Where does the ferry to the salt islands land?"
    ferry = upload(crew.rita, "ferry.md", "# Ferry\n\nThe ferry to the salt islands lands at the old coal quay.\n")
    key = complained(crew, words)
    queued(crew)
    rosa = world.person("rosa", groups=["engineering", "owners"])
    checked(graded(rosa, task_about(rosa, words), ferry=2))
    note = {"state": "open", "note": "It lands at: the ferry to the salt islands lands at the old coal quay."}
    checked(crew.rita.post(f"/v1/review/groups/{key}/state", json=note))
    erased = {"kind": "document", "subject": ferry["id"], "confirm": ferry["id"]}
    receipt = checked(world.local.post("/v1/erasures", json=erased))["receipt"]
    assert (receipt["scan"]["left"], receipt["erased"]["reviewed"]) == ({}, 2)
    erased = {"kind": "user", "subject": world.ids["rosa"], "confirm": world.ids["rosa"]}
    receipt = checked(world.local.post("/v1/erasures", json=erased))["receipt"]
    assert (receipt["scan"]["left"], receipt["erased"]["reviewed_tasks"] >= 1) == ({}, True)


@pytest.mark.parametrize("wanted", [{"kind": "best"}, {"limit": 0}, {"limit": 201}, {"since": "yesterday"}])
def test_what_cannot_be_listed_is_refused(crew, wanted):
    response = crew.rita.get("/v1/review/questions", params=wanted)
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")
