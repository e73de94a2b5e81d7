"""Evaluations over HTTP and from the command line, on the real server with the example handbook."""

import json
from pathlib import Path

import pytest

from app.owner import checked, events
from eval.report import report_of_record
from retrieval.withhold import WITHHELD
from tests.people import upload

QUESTIONS = Path(__file__).resolve().parents[2] / "examples" / "questions.jsonl"


@pytest.fixture(scope="module")
def golden(server):
    rows = [json.loads(line) for line in QUESTIONS.read_text().splitlines()][:12]
    checked(server.post("/v1/golden-sets/first-twelve", json={"questions": rows}))
    return "first-twelve"


def evaluate(server, **body):
    with server.stream("POST", "/v1/evaluations", json=body) as response:
        return list(events(response))


@pytest.fixture(scope="module")
def done(server, golden):
    news = evaluate(server, set=golden)
    assert news[-1][0] == "done", news[-1]
    return news


def test_a_live_evaluation_tells_of_every_question_and_ends_with_the_report(server, done):
    progress = [event for name, event in done if name == "progress"]
    assert progress[-1] == {"stage": "asking", "done": 12, "total": 12}
    report = report_of_record(done[-1][1])
    assert report.kind == "answers"
    assert report.provenance.golden == "first-twelve"
    assert report.provenance.golden_version == 1
    assert report.provenance.golden_sha256 == checked(server.get("/v1/golden-sets/first-twelve"))["sha256"]
    assert len(report.scores) == 12
    # The names in the golden set are found in the catalog by the end of their uri.
    assert report.figures["page_hit@5"].value >= 0.9
    assert report.skipped == {}


def test_a_run_is_kept_listed_and_opened(server, done):
    run = done[-1][1]["provenance"]["id"]
    listed = checked(server.get("/v1/evaluations", params={"golden": "first-twelve"}))["runs"]
    assert run in [entry["id"] for entry in listed]
    opened = checked(server.get(f"/v1/evaluations/{run[:10]}"))
    assert opened["scores"] == done[-1][1]["scores"]
    assert opened["slices"]
    assert (opened["primary"], opened["accepted"]) == ("evidence_hit@3", False)
    assert opened["measures"]["p95_ms"] == {
        "meaning": "95 % of questions took no longer",
        "better": "lower",
        "share": False,
    }
    missed = {key for key, row in opened["scores"].items() if row["evidence_hit@3"] == 0}
    assert missed <= {wrong["question"] for wrong in opened["wrong"]}


def test_a_listed_run_says_how_far_its_figures_can_be_trusted(server, done):
    listed = checked(server.get("/v1/evaluations", params={"golden": "first-twelve"}))["runs"]
    run = next(entry for entry in listed if entry["id"] == done[-1][1]["provenance"]["id"])
    assert (run["primary"], run["golden_version"], run["questions"]) == ("evidence_hit@3", 1, 12)
    low, high = run["intervals"]["evidence_hit@3"]
    assert low <= run["figures"]["evidence_hit@3"] <= high


def test_a_report_is_a_page_that_loads_and_runs_nothing(server, done):
    response = server.get(f"/v1/evaluations/{done[-1][1]['provenance']['id']}/report")
    assert response.status_code == 200
    assert "script-src" not in response.headers["content-security-policy"]
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    assert "<svg" in response.text
    assert "http://" not in response.text.replace("http://www.w3.org", "")


def test_retrieval_alone_can_be_measured(server, golden):
    report = report_of_record(evaluate(server, set=golden, kind="retrieval")[-1][1])
    assert report.kind == "retrieval"
    assert report.figures["recall@10"].value >= 0.9


def test_two_runs_are_compared(server, golden, done):
    again = evaluate(server, set=golden)[-1][1]["provenance"]["id"]
    first = done[-1][1]["provenance"]["id"]
    found = checked(server.get("/v1/evaluations/comparison", params={"before": first, "after": again}))
    # The same questions of the same server: nothing but times may differ.
    assert found["figures"]["evidence_hit@3"]["value"] == 0.0
    assert (found["differences"], found["primary"]) == ([], "evidence_hit@3")
    assert {entry["difference"]["value"] for entry in found["slices"]} == {0.0}


def test_a_comparison_names_what_was_lost_first_in_words(server, done):
    report = done[-1][1]
    keys = [key for key, row in report["scores"].items() if row["evidence_hit@3"] == 1][:2]
    scores = {key: dict(row) for key, row in report["scores"].items()}
    for key in keys:
        scores[key]["evidence_hit@3"] = 0.0
    run = "d" * 32
    worse = report | {"scores": scores, "provenance": report["provenance"] | {"id": run, "golden": "worse"}}
    checked(server.post("/v1/evaluations/records", json=worse))
    parameters = {"before": report["provenance"]["id"], "after": run}
    found = checked(server.get("/v1/evaluations/comparison", params=parameters))
    assert server.delete(f"/v1/evaluations/{run}").status_code == 204
    assert {change["question"] for change in found["differences"]} == set(keys)
    assert {(change["before"], change["after"]) for change in found["differences"]} == {(1.0, 0.0)}
    assert found["differences"][0]["text"] == report["details"][found["differences"][0]["question"]]["text"]
    values = [entry["difference"]["value"] for entry in found["slices"]]
    assert values == sorted(values)
    assert values[0] < 0


def test_the_accepted_run_is_what_was_accepted_last(server, golden, done):
    run = done[-1][1]["provenance"]["id"]
    missing = server.get("/v1/evaluations/accepted", params={"kind": "answers", "golden": "another"})
    assert missing.status_code == 404
    assert server.post(f"/v1/evaluations/{run}/acceptance").status_code == 204
    found = checked(server.get("/v1/evaluations/accepted", params={"kind": "answers", "golden": golden}))
    assert found["provenance"]["id"] == run


def test_a_report_made_elsewhere_is_kept_once(server, done):
    record = done[-1][1]
    other = record | {"provenance": record["provenance"] | {"id": "e" * 32, "golden": "elsewhere"}}
    assert server.post("/v1/evaluations/records", json=other).status_code == 201
    assert server.post("/v1/evaluations/records", json=other).status_code == 409
    assert server.post("/v1/evaluations/records", json={"format": 1}).status_code == 422
    assert server.delete(f"/v1/evaluations/{'e' * 32}").status_code == 204
    assert server.get(f"/v1/evaluations/{'e' * 32}").status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"set": "nowhere"}, 404),
        ({"set": "first-twelve", "version": 99}, 404),
        ({"set": "first-twelve", "collection": "nowhere"}, 404),
        ({"set": "first-twelve", "kind": "beauty"}, 422),
        ({}, 422),
    ],
)
@pytest.mark.usefixtures("golden")
def test_bad_requests_are_refused_before_anything_is_asked(server, body, status):
    assert server.post("/v1/evaluations", json=body).status_code == status


def test_two_names_of_one_document_are_one_document(server):
    rows = [
        {"_id": "long", "text": "How many days of annual leave do I get?", "documents": ["people/leave.md"]},
        {"_id": "short", "text": "Annual leave entitlement in days", "documents": ["leave.md"]},
    ]
    checked(server.post("/v1/golden-sets/two-names", json={"questions": rows}))
    report = report_of_record(evaluate(server, set="two-names", kind="retrieval")[-1][1])
    assert [row["recall@10"] for row in report.scores.values()] == [1.0, 1.0]


def test_a_set_that_cannot_be_measured_says_why(server):
    rows = [{"_id": "u", "text": "May dogs come in?", "answerable": False}]
    checked(server.post("/v1/golden-sets/dogs", json={"questions": rows}))
    name, problem = evaluate(server, set="dogs", kind="retrieval")[-1]
    assert name == "error"
    assert "none of the 1 questions names a relevant document" in problem["detail"]


def test_a_reference_is_shown_to_those_who_may_read_what_the_question_names(world):
    upload(world.cleo, "well.txt", "The well.\n\nThe well is nine ells deep.", access=json.dumps([world.hr]))
    scopes = ("ask", "curate", "administer")
    keeper = world.person("keeper", administrator=True, scopes=scopes, groups=["hr"])
    asked = {"_id": "well", "text": "Which colour has the well?", "evidence": "nine ells", "documents": ["well.txt"]}
    lost = {"_id": "lost", "text": "Which colour has the moor?", "evidence": "brown peat", "documents": ["moor.txt"]}
    checked(keeper.post("/v1/golden-sets/wells", json={"questions": [asked, lost]}))
    for asking in (keeper, world.chief):
        done = evaluate(asking, set="wells")[-1][1]
        assert (done["details"]["well"]["reference"] is not None) == (asking is keeper)
        run = f"/v1/evaluations/{done['provenance']['id']}"
        for shown_to, reference in ((keeper, "nine ells"), (world.chief, None), (world.local, None)):
            details = checked(shown_to.get(run))["details"]
            assert (details["well"]["reference"], details["lost"]["reference"]) == (reference, "brown peat")
            assert ("nine ells" in shown_to.get(f"{run}/report").text) == (reference is not None)


@pytest.mark.usefixtures("done")
def test_answers_of_a_run_are_shown_to_those_who_may_read_what_they_stand_on(world):
    text = "The lake of the founders.\n\nThe lake of the founders is forty fathoms deep."
    upload(world.cleo, "lake.txt", text, access=json.dumps([world.hr]))
    asked = {"_id": "lake", "text": "How deep is the lake of the founders?", "documents": ["lake.txt"]}
    checked(world.chief.post("/v1/golden-sets/lakes", json={"questions": [asked]}))
    membership = f"/v1/groups/{world.hr[2:]}/members/{world.ids['chief']}"
    assert world.local.put(membership).status_code == 204
    done = evaluate(world.chief, set="lakes", collection="papers")[-1][1]
    run = f"/v1/evaluations/{done['provenance']['id']}"
    assert "fathoms" in checked(world.chief.get(run))["details"]["lake"]["answer"]
    assert world.local.delete(membership).status_code == 204
    assert checked(world.chief.get(run))["details"]["lake"]["answer"] == WITHHELD
    for path in (run, f"{run}/report"):
        shown = world.chief.get(path)
        assert (shown.status_code, "fathoms" in shown.text) == (200, False)


def test_only_administrators_see_evaluations(server):
    anonymous = {"Authorization": "Bearer nobody"}
    for path in ("/v1/evaluations", "/v1/evaluations/latest", "/v1/evaluations/usage", "/v1/evaluations/latest/report"):
        assert server.get(path, headers=anonymous).status_code == 401


def test_use_is_told_from_what_was_asked(server):
    checked(server.post("/v1/answers", json={"question": "How many days of annual leave do I get?"}))
    found = checked(server.get("/v1/evaluations/usage", params={"days": 1}))
    assert found["questions"] >= 1
    assert found["thumbs_up_rate"] is None or 0 <= found["thumbs_up_rate"] <= 1


def test_agreement_wants_a_judge(server):
    with server.stream("POST", "/v1/evaluations/agreement") as response:
        name, problem = list(events(response))[-1]
    assert (name, "ATTUNE_JUDGE_URL" in problem["detail"]) == ("error", True)
