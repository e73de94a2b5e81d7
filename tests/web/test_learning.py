"""Learning on the page: asked for by one, approved by another, measured, tried, promoted and rolled back."""

import re
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from app.owner import checked
from tests.app import slang
from tests.web.conftest import PHONE

TRAINED_MS = 600_000  # the training gives way to whatever else the machine has to do
pytestmark = pytest.mark.timeout(1_200)
NARROW_NAME = "Bartholomew " * 8
FORMS = (*slang.ASKED, "Is a {} free of charge for interns?", "Which form is for the {} again?")


@pytest.fixture(scope="module")
def firm(site):
    """The site with a second administrator and what a judge says in words that stand in no document."""
    bob = site.person("bob", administrator=True)
    checked(site.client.patch(f"/v1/users/{bob}", json={"display_name": NARROW_NAME}))
    documents = checked(site.client.get("/v1/documents", params={"limit": 100}))["documents"]
    pairs = list(zip(slang.WORDS, documents, strict=False))
    labels = [
        {"question": form.format(word), "document": document["id"], "label": 1}
        for word, document in pairs
        for form in FORMS
    ]
    checked(site.client.post("/v1/feedback/given", json={"source": "helpdesk", "labels": labels}))
    elsewhere = [documents[(place + 7) % len(documents)]["id"] for place in range(6)]
    against = [
        {"question": FORMS[0].format(word), "document": document, "label": 1, "giver": "mallory"}
        for word, document in zip(slang.WORDS, elsewhere, strict=False)
    ]
    checked(site.client.post("/v1/feedback/given", json={"source": "intranet", "labels": against}))
    return site


def approved(site, action, subject):
    """Have ada ask and bob approve, over HTTP."""
    with closing(site.signed_in("ada")) as ada, closing(site.signed_in("bob")) as bob:
        asked = checked(ada.post("/v1/approvals", json={"action": action, "subject": subject, "reason": "tests"}))
        checked(bob.post(f"/v1/approvals/{asked['id']}/decision", json={"decision": "approved"}))


@pytest.fixture(scope="module")
def run(firm):
    """A training of memory that was asked for and approved."""
    approved(firm, "train", "training")
    with closing(firm.signed_in("ada")) as ada:
        return checked(ada.post("/v1/learning/runs", json={"rungs": ["memory"]}))["id"]


@pytest.fixture
def candidate(run, page_of):
    """Where the candidate of that training is, followed on the page until it is there."""
    page = page_of("ada", f"/learning/runs/{run}")
    link = page.get_by_text("It is candidate").get_by_role("link")
    expect(link).to_be_visible(timeout=TRAINED_MS)
    expect(page.get_by_text("Better by").first).to_be_visible()
    return str(link.get_attribute("href"))


def section(page: Page, name: str):
    return page.get_by_role("region", name=name)


@pytest.mark.usefixtures("firm")
def test_the_ladder_says_what_each_rung_does_and_needs(page_of):
    page = page_of("ada", "/learning")
    ladder = section(page, "The ladder")
    expect(ladder.get_by_role("rowheader")).to_have_count(7)
    row = ladder.get_by_role("row").filter(has_text="Language model")
    expect(row.get_by_text("50 more approved corrections")).to_be_visible()
    expect(row.get_by_role("progressbar", name="Language model: 0 of 50 approved corrections")).to_be_attached()
    expect(row.get_by_text("ATTUNE_LOCAL_MODEL")).to_be_visible()


@pytest.mark.usefixtures("firm")
def test_whoever_gives_odd_votes_stands_first(page_of):
    page = page_of("ada", "/learning?tab=feedback")
    rows = section(page, "Who gives feedback").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("mallory")
    expect(rows.nth(1)).to_contain_text("Outlier")
    expect(section(page, "What was said")).to_contain_text("Labels from helpdesk")


@pytest.mark.usefixtures("candidate")
def test_a_training_is_asked_for_by_one_approved_by_another_followed_and_cancelled(page_of):
    ada, bob = page_of("ada", "/learning"), page_of("bob", "/learning?tab=approvals")
    train = section(ada, "Train")
    train.get_by_label("Reason").fill("a month of feedback")
    train.get_by_role("button", name="Ask for an approval").click()
    expect(train.get_by_text("another administrator has to decide")).to_be_visible()
    ada.get_by_role("tab", name="Approvals (1)").click()
    expect(ada.get_by_text("You asked for it: another administrator decides.")).to_be_visible()
    expect(ada.get_by_role("button", name="Approve")).to_have_count(0)
    bob.get_by_role("button", name="Approve").click()
    expect(bob.get_by_text("Nothing waits")).to_be_visible()
    ada.get_by_role("tab", name="Overview").click()
    train.get_by_label("Some rungs").check()
    train.get_by_role("button", name="Train", exact=True).click()
    section(ada, "Training now").get_by_role("button", name="Cancel").click()
    ada.get_by_role("dialog").get_by_role("button", name="Cancel the training").click()
    ada.get_by_role("tab", name="Trainings").click()
    expect(ada.get_by_role("cell", name="cancelled")).to_be_visible(timeout=60_000)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_is_told_in_words_conditions_and_pictures(page_of, candidate, axe, scheme):
    page = page_of("ada", candidate, color_scheme=scheme)
    gate = section(page, "What the gate found")
    expect(gate.get_by_text(re.compile(r"Better by 0\.\d+ on \d+ questions; at least \+0\.\d+"))).to_be_visible()
    expect(gate.get_by_role("list", name="Conditions").get_by_role("listitem")).to_have_count(11)
    expect(gate.get_by_role("img", name=re.compile("What each question gains: [0-9]+ better"))).to_be_visible()
    expect(section(page, "What it was trained on")).to_contain_text("Labels of other systems and judgements")
    assert axe(page) == []


@pytest.mark.usefixtures("candidate")
@pytest.mark.parametrize(
    "path", ["/learning", "/learning?tab=candidates", "/learning?tab=runs", "/learning?tab=approvals"]
)
def test_learning_can_be_used_with_a_screen_reader(page_of, axe, path):
    page = page_of("ada", path)
    expect(page.get_by_role("tabpanel")).to_be_visible()
    expect(page.get_by_role("status", name="Loading")).to_have_count(0)
    assert axe(page) == []


def test_a_trial_is_begun_given_another_share_and_stopped(page_of, candidate):
    page = page_of("ada", candidate)
    form = section(page, "Try it beside what is live")
    form.get_by_label("Interleave").check()
    form.get_by_role("button", name="Start the trial").click()
    trial = section(page, "The trial that runs")
    expect(trial.get_by_text("Evidence that one side is better: 1.0 of 20")).to_be_visible()
    trial.get_by_role("slider").press("ArrowRight")
    trial.get_by_role("button", name="Change the share").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop and begin again").click()
    expect(trial.get_by_text("51 %", exact=True)).to_be_visible()
    trial.get_by_role("button", name="Stop the trial").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop the trial").click()
    expect(section(page, "Trials that have ended").get_by_role("heading", level=3)).to_have_count(2)


def test_a_candidate_is_promoted_once_another_approved_and_rolled_back(page_of, firm, candidate):
    page = page_of("ada", candidate)
    promotion = section(page, "Promote it")
    expect(promotion.get_by_role("button", name="Ask for an approval")).to_be_visible()
    approved(firm, "promote", candidate.rpartition("/")[2])
    promotion.get_by_role("button", name="Promote", exact=True).click(timeout=30_000)
    page.get_by_role("dialog").get_by_role("button", name="Promote", exact=True).click()
    expect(section(page, "It is live")).to_be_visible()
    page.goto("/learning")
    serving = section(page, "What serves now")
    expect(serving.get_by_text(NARROW_NAME.strip())).to_be_visible()
    serving.get_by_role("button", name="Roll back").click()
    page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
    expect(serving.get_by_text("Nothing learned serves.")).to_be_visible()


def test_what_was_live_before_takes_another_approval_to_be_promoted_again(page_of, candidate):
    page = page_of("ada", candidate)
    expect(page.get_by_role("list", name="The way of this candidate")).to_contain_text("Retired")
    expect(section(page, "Promote it").get_by_role("button", name="Ask for an approval")).to_be_visible()


@pytest.mark.usefixtures("candidate")
@pytest.mark.parametrize("path", ["", "?tab=candidates", "?tab=runs", "?tab=approvals", "?tab=feedback"])
def test_learning_fits_a_phone(page_of, path):
    page = page_of("ada", f"/learning{path}", viewport=PHONE)
    expect(page.get_by_role("tabpanel")).to_be_visible()
    assert page.evaluate("document.querySelector('.content').scrollWidth") <= PHONE["width"]


def test_a_report_fits_a_phone(page_of, candidate):
    page = page_of("ada", candidate, viewport=PHONE)
    expect(section(page, "What the gate found")).to_be_visible()
    assert page.evaluate("document.querySelector('.content').scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("path", ["/learning", "/learning/runs/x", "/learning/candidates/x"])
def test_whoever_is_no_administrator_is_told_so(page_of, path):
    page = page_of("cora", path)
    expect(page.get_by_text("This is for administrators")).to_be_visible()


def test_a_candidate_that_there_is_not_is_said(page_of):
    page = page_of("ada", f"/learning/candidates/{'0' * 64}")
    expect(page.get_by_role("alert")).to_contain_text("no candidate")
