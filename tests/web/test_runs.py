"""Runs on the page: followed while they go on, looked at afterwards."""

import re
from contextlib import closing

import pytest
from playwright.sync_api import expect

from app.owner import checked
from tests.web.conftest import PHONE


@pytest.fixture(scope="module")
def failed(site):
    """A run of which one document failed; gives its id."""
    with closing(site.signed_in("cora")) as cora:
        files = [("files", ("fine.md", b"# Fine\n\nIt is.\n")), ("files", ("broken.pdf", b"%PDF-1.7 broken"))]
        return checked(cora.post("/v1/documents", files=files, data={"collection": "default", "wait": "true"}))["id"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.usefixtures("failed")
def test_the_history_leads_to_a_run_and_both_are_accessible(page_of, axe, scheme):
    page = page_of("cora", "/runs", color_scheme=scheme)
    page.get_by_role("link", name="fine.md").click()
    expect(page.get_by_role("row").filter(has_text="broken.pdf")).to_contain_text("damaged")
    assert axe(page) == []
    page.get_by_role("tab", name="Where the time went").click()
    expect(page.get_by_role("rowheader", name="Read it")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("link", name="All runs").click()
    expect(page.get_by_role("row")).to_have_count(3)  # the head, this run and the handbook's
    assert axe(page) == []


def test_documents_of_a_run_are_narrowed_by_their_state(page_of, failed):
    page = page_of("cora", f"/runs/{failed}")
    page.get_by_role("radiogroup", name="Show documents in state").get_by_text("Failed 1").click()
    expect(page.get_by_role("row").filter(has_text="fine.md")).to_have_count(0)
    expect(page.get_by_role("row").filter(has_text="broken.pdf")).to_be_visible()


def test_what_failed_is_tried_again(page_of, failed):
    page = page_of("cora", f"/runs/{failed}")
    with page.expect_response(re.compile("/retry$")) as answer:
        page.get_by_role("button", name="Try 1 document again").click()
    assert answer.value.json()["documents"] == 1
    expect(page.get_by_text("1 added, 1 failed")).to_be_visible(timeout=60_000)


def test_a_run_is_seen_to_go_on_paused_and_cancelled(page_of, site):
    files = [("files", (f"part{n}.md", f"# Part {n}\n\n{'Ovens are warm. ' * 400}\n".encode())) for n in range(200)]
    with closing(site.signed_in("cora")) as cora:
        run = checked(cora.post("/v1/documents", files=files, data={"collection": "default", "wait": "false"}))
    page = page_of("cora", f"/runs/{run['id']}")
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.get_by_role("button", name="Cancel the run").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the run").click()
    expect(page.get_by_text("The run has ended: cancelled")).to_be_attached(timeout=60_000)
    expect(page.get_by_role("button", name=re.compile(r"Try \d+ documents? again"))).to_be_visible()


def test_a_run_that_is_followed_ends_by_itself_on_the_page(page_of, site):
    with closing(site.signed_in("cora")) as cora:
        files = {"files": ("single.md", b"# Single\n\nOne page alone.\n")}
        run = checked(cora.post("/v1/documents", files=files, data={"collection": "default", "wait": "false"}))
    page = page_of("cora", f"/runs/{run['id']}")
    expect(page.get_by_text("The run has ended: done")).to_be_attached(timeout=60_000)
    expect(page.get_by_text("1 added in")).to_be_visible()


def test_a_stream_that_breaks_costs_nothing_but_the_moment(page_of, site):
    with closing(site.signed_in("cora")) as cora:
        files = {"files": ("second.md", b"# Second\n\nAnother page alone.\n")}
        run = checked(cora.post("/v1/documents", files=files, data={"collection": "default", "wait": "false"}))
    page = page_of("cora")
    page.route(re.compile("/events$"), lambda route: route.abort())
    page.goto(f"/runs/{run['id']}")
    expect(page.get_by_text("1 added in")).to_be_visible(timeout=60_000)


def test_a_run_fits_a_phone(page_of, failed):
    page = page_of("cora", f"/runs/{failed}", viewport=PHONE)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.evaluate("document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth") == 0


def test_a_run_of_others_is_not_there(page_of, failed):
    page = page_of("rex", f"/runs/{failed}")
    expect(page.get_by_role("alert")).to_contain_text("no run")
