"""Quality on the page: evaluations, comparisons, golden sets and their review, use, and the doctor."""

import json
from contextlib import closing

import pytest
from playwright.sync_api import expect

from app.owner import checked, events
from tests.web.conftest import PHONE, ROOT

QUESTIONS = [json.loads(line) for line in (ROOT / "examples" / "questions.jsonl").read_text().splitlines()]
DRAFTS = [{"_id": f"d{n}", "text": f"What is said about subject {n}?", "draft": True} for n in range(4)]


def evaluate(client, **body):
    with client.stream("POST", "/v1/evaluations", json=body) as response:
        name, report = list(events(response))[-1]
    assert name == "done", report
    return report["provenance"]["id"]


@pytest.fixture(scope="module")
def runs(site):
    """Two runs of the set ``handbook``, before and after documents were deleted."""
    checked(site.client.post("/v1/golden-sets/handbook", json={"questions": QUESTIONS[:20]}))
    before = evaluate(site.client, set="handbook")
    for document in checked(site.client.get("/v1/documents", params={"limit": 100}))["documents"]:
        if document["uri"].endswith(("people/leave.md", "people/sick-leave.md")):
            assert site.client.delete(f"/v1/documents/{document['id']}").is_success
    return before, evaluate(site.client, set="handbook")


@pytest.fixture
def drafts(site, request):
    """The name of a set of four drafts, another one for each test."""
    name = f"drafts-{abs(hash(request.node.name))}"
    checked(site.client.post(f"/v1/golden-sets/{name}", json={"questions": DRAFTS}))
    return name


def opened(site, name):
    return checked(site.client.get(f"/v1/golden-sets/{name}"))


@pytest.mark.usefixtures("runs")
def test_an_evaluation_is_begun_followed_and_opened(page_of):
    page = page_of("ada", "/quality")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_text("handbook was measured")).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="Open the report").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Evaluation of handbook")
    page.get_by_role("tab", name="Questions").click()
    page.get_by_text("All", exact=True).click()
    page.get_by_role("button", name=QUESTIONS[5]["text"]).click()
    detail = page.get_by_role("dialog")
    expect(detail).to_contain_text("people/onboarding-checklist.md")
    expect(detail).to_contain_text(QUESTIONS[5]["evidence"])
    page.keyboard.press("Escape")
    expect(detail).to_be_hidden()


def test_an_evaluation_goes_on_behind_another_page_and_can_be_stopped(page_of, site):
    many = [question | {"_id": f"{question['_id']}-{n}"} for n in range(40) for question in QUESTIONS]
    checked(site.client.post("/v1/golden-sets/a-long-one", json={"questions": many}))
    page = page_of("ada", "/quality")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_text(f"of {len(many):,}")).to_be_visible(timeout=60_000)
    page.get_by_role("tab", name="Golden sets").click()
    page.get_by_role("tab", name="Evaluations").click()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("The evaluation was stopped")).to_be_visible()
    assert site.client.delete("/v1/golden-sets/a-long-one").is_success


def test_two_runs_are_compared_in_words_and_by_question(page_of, runs, axe):
    page = page_of("ada", "/quality")
    for run in runs:
        page.get_by_label(f"Pick the run {run[:8]} to compare").check()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Comparison")
    expect(page.get_by_role("alert")).to_contain_text("Right sentence in the first three quotes changed by -")
    expect(page.get_by_role("row", name=QUESTIONS[0]["text"])).to_contain_text("-1.000")
    page.get_by_role("tab", name="Groups").click()
    expect(page.get_by_role("rowheader").first).to_contain_text(":")
    page.get_by_role("tab", name="All figures").click()
    expect(page.get_by_role("row", name="95 % of questions were faster")).to_contain_text("not tested")
    assert axe(page) == []


@pytest.mark.usefixtures("runs")
def test_a_run_is_accepted_and_deleted(page_of, site):
    run = evaluate(site.client, set="handbook", kind="retrieval")
    page = page_of("ada", "/quality")
    actions = page.get_by_role("button", name=f"What to do with the run {run[:8]}")
    actions.click()
    page.get_by_role("menuitem", name="Accept as the state to hold").click()
    expect(page.get_by_role("row", name=run[:8])).to_contain_text("accepted")
    actions.click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("button", name="Delete the evaluation").click()
    expect(actions).to_have_count(0)
    assert site.client.get(f"/v1/evaluations/{run}").status_code == 404


def test_drafts_are_reviewed_by_keyboard_and_saved_together(page_of, site, drafts):
    page = page_of("ada", f"/quality/golden/{drafts}?tab=review")
    expect(page.get_by_role("group", name="Draft 1 of 4")).to_be_focused()
    page.keyboard.press("a")
    expect(page.get_by_role("group", name="Draft 2 of 4")).to_be_focused()
    page.keyboard.press("r")
    page.keyboard.press("e")
    page.get_by_role("textbox", name="Question").fill("What must one know about it?")
    page.get_by_role("button", name="Approve in these words").click()
    expect(page.get_by_role("group", name="Draft 4 of 4")).to_be_focused()
    assert opened(site, drafts)["version"] == 1
    page.get_by_role("button", name="Save decisions").click()
    expect(page.get_by_text("1 draft left of 1")).to_be_visible()
    found = opened(site, drafts)
    assert (found["version"], found["drafts"]) == (2, 1)
    assert [question["text"] for question in found["questions"]] == [
        DRAFTS[0]["text"],
        "What must one know about it?",
        DRAFTS[3]["text"],
    ]


def test_what_somebody_changed_meanwhile_is_not_overwritten(page_of, site, drafts):
    page = page_of("ada", f"/quality/golden/{drafts}?tab=review")
    expect(page.get_by_role("group", name="Draft 1 of 4")).to_be_focused()
    page.keyboard.press("a")
    page.keyboard.press("r")
    changed = [{"key": "d0", "action": "edit", "changes": {"text": "In other words?"}}]
    checked(site.client.patch(f"/v1/golden-sets/{drafts}/questions", json=changed))
    page.get_by_role("button", name="Save decisions").click()
    expect(page.get_by_text("Somebody changed this set meanwhile")).to_be_visible()
    page.get_by_role("button", name="Load the newest version").click()
    # The decision about the draft that nobody touched is kept; the other one has to be looked at again.
    expect(page.get_by_text("0 approved, 1 rejected, not saved yet")).to_be_visible()
    page.get_by_role("button", name="Save decisions").click()
    expect(page.get_by_text("3 drafts left of 3")).to_be_visible()
    assert opened(site, drafts)["questions"][0]["text"] == "In other words?"


def test_questions_are_edited_in_place_and_many_are_approved_at_once(page_of, site, drafts):
    page = page_of("ada", f"/quality/golden/{drafts}")
    page.get_by_role("listitem").filter(has_text="subject 1").get_by_role("button", name="Edit").click()
    page.get_by_label("Answer", exact=True).fill("That it matters.")
    page.get_by_role("combobox", name="Tags").fill("department: HR")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("listitem").filter(has_text="subject 1")).to_contain_text("That it matters.")
    page.get_by_label("All on this page").check()
    page.get_by_role("button", name="Approve drafts").click()
    expect(page.get_by_text("4 questions, 0 drafts, version 3")).to_be_visible()
    edited = opened(site, drafts)["questions"][1]
    assert (edited["answer"], edited["tags"]) == ("That it matters.", {"department": "HR"})


def test_lines_are_imported_and_exported_again(page_of, site):
    page = page_of("ada", "/quality?tab=golden")
    page.get_by_role("button", name="Make a golden set").click()
    page.get_by_role("menuitem", name="Import a file, or paste").click()
    page.get_by_label("Name of the golden set").fill("pasted")
    page.get_by_label("Or paste lines").fill('{"_id": "a", "text": "How?"}\nnot a line')
    expect(page.get_by_text("Line 2 is not JSON")).to_be_visible()
    expect(page.get_by_role("button", name="Import", exact=True)).to_be_disabled()
    page.get_by_label("Or paste lines").fill('{"_id": "a", "text": "How?"}\n{"_id": "b", "text": "When?"}')
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_role("link", name="pasted").click()
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="JSON lines").click()
    lines = download.value.path().read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"_id": "a", "text": "How?"}, {"_id": "b", "text": "When?"}]
    assert site.client.delete("/v1/golden-sets/pasted").is_success


def test_questions_are_drafted_from_documents(page_of, site):
    page = page_of("ada", "/quality?tab=golden")
    page.get_by_role("button", name="Make a golden set").click()
    page.get_by_role("menuitem", name="Draft from documents").click()
    page.get_by_label("Name of the golden set").fill("drafted")
    page.get_by_label("At most").fill("3")
    page.get_by_role("button", name="Draft questions").click()
    expect(page.get_by_text("3 questions added to drafted")).to_be_visible()
    page.get_by_role("link", name="Review 3 drafts").click()
    expect(page.get_by_role("group", name="Draft 1 of 3")).to_be_visible()
    assert site.client.delete("/v1/golden-sets/drafted").is_success


def test_use_is_observed_and_told_in_sentences(page_of, site):
    with closing(site.signed_in("ada")) as ada:
        for question in QUESTIONS[5:8]:
            checked(ada.post("/v1/answers", json={"question": question["text"]}))
    page = page_of("ada", "/quality?tab=use")
    page.get_by_role("button", name="Observe now").click()
    # Asked for by the test, and by the evaluations before it never: those are no people's questions.
    expect(page.get_by_text("Questions asked: 3")).to_be_visible()
    expect(page.get_by_text("Below 224 questions")).to_be_visible()


def test_the_doctor_examines_and_deletions_are_made_final(page_of):
    page = page_of("ada", "/quality?tab=server")
    expect(page.get_by_text("The server answers questions")).to_be_visible()
    page.get_by_role("button", name="Examine").click()
    expect(page.get_by_text("points of the index were looked at")).to_be_visible()
    page.get_by_role("button", name="Make deletions final").click()
    page.get_by_role("button", name="Write it anew").click()
    expect(page.get_by_text("Nothing that was deleted lies in the catalog")).to_be_visible()


def test_a_curator_is_told_that_it_is_not_for_them(page_of):
    page = page_of("cora", "/quality")
    expect(page.get_by_text("This page is for administrators")).to_be_visible()


VIEWS = {
    "/quality": "Evaluations that were kept",
    "/quality?tab=golden": "Drafts to review",
    "/quality?tab=use": "How people fared",
    "/quality?tab=server": "The server answers questions",
    "/quality/golden/handbook": "All on this page",
    "/quality/golden/handbook?tab=measurable": "What cannot be measured",
    "/quality/golden/handbook?tab=versions": "What changed",
    "/quality/evaluations/{run}": "Right sentence in the first quote",
    "/quality/comparison?before={before}&after={run}": "Mean difference",
}


@pytest.mark.parametrize("looks", [{}, {"color_scheme": "dark"}, {"viewport": PHONE}], ids=["light", "dark", "phone"])
def test_every_view_is_accessible_and_fits(page_of, runs, axe, looks):
    page = page_of("ada", "/quality", **looks)
    for path, words in VIEWS.items():
        page.goto(path.format(before=runs[0], run=runs[1]))
        expect(page.get_by_text(words).first).to_be_visible()
        assert (path, axe(page)) == (path, [])
        wide = page.evaluate(
            "() => { const m = document.querySelector('#content'); return m.scrollWidth - m.clientWidth }"
        )
        assert (path, wide) == (path, 0)


def test_a_review_is_accessible(page_of, drafts, axe):
    page = page_of("ada", f"/quality/golden/{drafts}?tab=review")
    expect(page.get_by_role("group", name="Draft 1 of 4")).to_be_focused()
    page.keyboard.press("a")
    assert axe(page) == []
    page.keyboard.press("e")
    expect(page.get_by_role("textbox", name="Question")).to_be_focused()
    assert axe(page) == []
