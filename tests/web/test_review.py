"""Review on the page: what was not served well, what is missing, passages graded by two, corrections approved."""

import re
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from app.owner import checked
from tests.web.conftest import PHONE

GAP = "Who repairs the espresso machine of the canteen?"
LEAVE = "How many days of annual leave do I get?"
STOLEN = "What do I do when my laptop was stolen?"
HOSTILE = "<img src=x onerror=alert(1)> Where is the tennis court? " + "Really? " * 30
CORRECTION = "Call the lighthouse desk on extension 7788 and lock the laptop from your telephone."
WAIT_MS = 60_000


def asked(client, question, **said):
    answer = checked(client.post("/v1/answers", json={"question": question}))
    if said:
        checked(client.post(f"/v1/answers/{answer['interaction_id']}/feedback", json=said))
    return answer


@pytest.fixture(scope="module")
def complained(site):
    """The site after rex asked what is not answered well, and said so; the answer about leave."""
    with closing(site.signed_in("rex")) as rex:
        asked(rex, GAP)
        asked(rex, HOSTILE)
        answer = asked(rex, LEAVE, verdict="down", reasons=["outdated"])
        wrong = asked(rex, STOLEN)
        mended = wrong["answer"][: len(wrong["answer"]) * 2 // 3].replace("laptop", "notebook")
        said = {"verdict": "down", "reasons": ["wrong_answer"], "answer": f"{CORRECTION} {mended}"}
        checked(rex.post(f"/v1/answers/{wrong['interaction_id']}/feedback", json=said))
    return answer


@pytest.fixture(scope="module")
def queue(site, complained):
    """The queue with a task for each question, that about leave among them."""
    with closing(site.signed_in("ada")) as ada:
        filled = checked(ada.post("/v1/review/queue", json={}))
        again = checked(ada.post("/v1/review/queue", json={"group": complained["interaction_id"]}))
    assert sum(filled["added"].values()) >= 3
    assert again["known"] == 1


@pytest.fixture
def rex(site):
    """A client of who asks."""
    with closing(site.signed_in("rex")) as client:
        yield client


def opened(page: Page, title: str):
    """Open a group or a gap; gives its entry in the list."""
    button = page.get_by_role("button", name=title)
    button.click(timeout=WAIT_MS)
    return page.get_by_role("listitem").filter(has=button).first


def test_a_group_opens_to_the_answer_and_is_handled_with_a_note(page_of, complained):
    page = page_of("cora", "/review")
    group = opened(page, LEAVE)
    expect(group.get_by_text("Rated down").first).to_be_visible()
    expect(group.get_by_text("The answer that was given")).to_be_visible()
    expect(group.get_by_role("link", name=complained["citations"][0]["title"]).first).to_be_visible()
    expect(group.get_by_text(re.compile("rex,.*: Wrong answer, Outdated"))).to_be_visible()
    group.get_by_label("Note").fill("The page about leave is new.")
    group.get_by_role("button", name="Mark as handled").click()
    expect(page.get_by_role("button", name=LEAVE)).to_have_count(0)
    page.get_by_text("Handled", exact=True).click()
    expect(page.get_by_text("The page about leave is new.")).to_be_visible()
    opened(page, LEAVE).get_by_role("button", name="Open again").click()
    expect(page.get_by_text("Nothing was handled yet")).to_be_visible()


@pytest.mark.usefixtures("complained")
def test_a_gap_names_the_nearest_documents_and_is_copied(page_of):
    page = page_of("cora", "/review?tab=gaps")
    gap = opened(page, GAP)
    expect(gap.get_by_text(re.compile("^(Nothing close|Something near)$"))).to_be_visible()
    expect(gap.get_by_role("region", name="The nearest documents").get_by_role("link").first).to_be_visible()
    page.get_by_role("button", name="Copy as a list").click()
    expect(page.get_by_text(re.compile("gaps are copied|did not allow"))).to_be_visible()


def graded(page: Page, first: str, others: str):
    """Grade the task at hand by keyboard alone; gives its question."""
    question = page.locator(".review-task-question")
    expect(question).to_be_visible(timeout=WAIT_MS)
    words = question.inner_text()
    passages = page.get_by_role("group", name=re.compile(r"Passage \d+ of \d+"))
    many = passages.count()
    if not page.evaluate("document.activeElement.classList.contains('review-task-question')"):
        passages.first.get_by_role("radio").first.focus()
    for place in range(many):
        page.keyboard.press(first if place == 0 else others)
        expect(passages.nth(place).get_by_role("radio", checked=True)).to_have_count(1)
    expect(page.get_by_text("All passages are graded.")).to_be_visible()
    expect(page.get_by_role("button", name="Save and go on")).to_be_focused()
    page.keyboard.press("Enter")
    return words


@pytest.mark.usefixtures("queue")
def test_two_raters_grade_the_same_questions_and_their_kappa_is_told(page_of):
    ada, cora = page_of("ada", "/review?tab=labelling"), page_of("cora", "/review?tab=labelling")
    for done in range(3):
        first = graded(ada, "2", "0")
        expect(ada.get_by_text(f"You graded {done + 1} question")).to_be_visible()
        assert graded(cora, "2" if done else "1", "0") == first
        expect(cora.get_by_text(f"You graded {done + 1} question")).to_be_visible()
    ada.get_by_text("Agreement", exact=True).click()
    figures = ada.get_by_role("region", name="Agreement")
    expect(figures.get_by_text(re.compile(r"agreement \(kappa 0\.\d\d, within"))).to_be_visible()
    expect(figures.get_by_text("Cohen's kappa", exact=True)).to_be_visible()
    settle = ada.get_by_role("region", name="Disagreements to settle")
    expect(settle.get_by_text("cora: 1, answers partly")).to_be_visible()
    expect(settle.get_by_text("You graded it. A third person can settle it.")).to_be_visible()
    ada.get_by_label("Name of the golden set").fill("agreed")
    ada.get_by_role("button", name="Add agreed questions").click()
    expect(ada.get_by_role("link", name="agreed")).to_be_visible()


@pytest.mark.usefixtures("queue")
def test_a_question_that_was_skipped_is_not_given_again(page_of):
    page = page_of("cora", "/review?tab=labelling")
    heading = page.locator(".review-task-question")
    words = heading.inner_text(timeout=WAIT_MS)
    page.get_by_role("button", name="Skip").click()
    expect(page.get_by_text(words, exact=True)).to_have_count(0)
    page.reload()
    expect(page.get_by_role("region", name="The queue")).to_be_visible()
    expect(page.locator("[aria-busy]")).to_have_count(0, timeout=WAIT_MS)
    expect(page.get_by_text(words, exact=True)).to_have_count(0)


@pytest.mark.usefixtures("complained")
def test_a_correction_is_approved_and_the_answer_is_found_from_then_on(page_of, rex):
    assert "7788" not in asked(rex, STOLEN)["answer"]
    page = page_of("cora", "/review?tab=corrections")
    row = page.get_by_role("listitem").filter(has_text=STOLEN).first
    expect(row.locator("ins")).not_to_have_count(0)
    expect(row.locator("del")).not_to_have_count(0)
    row.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Nothing waits")).to_be_visible()
    assert "7788" in asked(rex, STOLEN)["answer"]
    page.get_by_text("Approved", exact=True).click()
    page.get_by_role("link", name="See the entry").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(STOLEN)
    page.go_back()
    page.get_by_role("button", name="Withdraw").click()
    page.get_by_role("dialog").get_by_role("button", name="Withdraw the correction").click()
    expect(page.get_by_text("Nothing was approved yet")).to_be_visible()
    assert "7788" not in asked(rex, STOLEN)["answer"]


TABS = ("questions", "gaps", "labelling", "labelling&view=agreement", "corrections&view=refused")


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_review_can_be_used_with_a_screen_reader_and_on_a_phone(page_of, axe, tab, scheme):
    wide = {"color_scheme": scheme} | ({"viewport": PHONE} if scheme == "dark" else {})
    page = page_of("ada", f"/review?tab={tab}", **wide)
    expect(page.get_by_role("tabpanel")).to_be_visible()
    expect(page.locator("[aria-busy]")).to_have_count(0, timeout=WAIT_MS)
    assert axe(page) == []
    assert page.evaluate(
        "document.querySelector('.content').scrollWidth <= document.querySelector('.content').clientWidth"
    )


def test_who_looks_after_nothing_is_told_so(page_of):
    page = page_of("rex", "/review")
    expect(page.get_by_text("This is for people who look after documents")).to_be_visible()
