"""Assistants on the page: set up by who looks after a collection, asked in the chat by who may read it."""

import re
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from app.owner import checked
from tests.web.conftest import PHONE

HOSTILE = "<img src=x onerror=alert(1)>\n\u05e9\u05dc\u05d5\u05dd " + "word" * 100
LEAVE = "How many days of annual leave are there?"


@pytest.fixture(scope="module")
def cora(site):
    with closing(site.signed_in("cora")) as client:
        yield client


@pytest.fixture
def made(cora, request):
    """An assistant of the handbook, as its curator set it up; gone after the test."""
    name = request.node.name[-48:].replace("/", " ")
    body = {"name": name, "description": HOSTILE, "collection": "default", "instructions": "Be brief."}
    one = checked(cora.post("/v1/assistants", json=body | {"questions": [LEAVE]}))
    yield one
    cora.delete(f"/v1/assistants/{one['id']}")


def kept(client, name):
    """Return an assistant as whoever looks after it sees it; None where there is none of this name."""
    found = checked(client.get("/v1/assistants", params={"managed": True}))["assistants"]
    return next((one for one in found if one["name"] == name), None)


def entry(page: Page, name: str):
    return page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=name, exact=True))


def new(page: Page, name: str):
    page.get_by_role("button", name="New assistant").click()
    form = page.get_by_role("dialog", name="New assistant")
    form.get_by_role("textbox", name="Name").fill(name)
    return form


def test_a_curator_makes_one_and_a_reader_begins_with_its_questions(page_of, cora):
    page = page_of("cora", "/assistants")
    form = new(page, "Leave desk")
    form.get_by_role("textbox", name="Description").fill("Leave and who approves it.")
    form.get_by_role("textbox", name="Instructions").fill("Be brief.")
    expect(form.get_by_text("9 of 2,000 characters")).to_be_visible()
    expect(form.get_by_text("Instructions are kept, but not used")).to_be_visible()  # quotes answer here
    for question in (LEAVE, "Who approves leave?", "Wrong"):
        form.get_by_role("button", name="Add a question").click()
        page.keyboard.type(question)  # the new row has the focus
    form.get_by_role("button", name="Remove first question 3").click()
    expect(form.get_by_role("button", name="Add a question")).to_be_focused()
    form.get_by_role("button", name="Make it").click()
    expect(entry(page, "Leave desk")).to_contain_text("everyone who may read the collection")
    one = kept(cora, "Leave desk")
    assert (one["collection"], one["instructions"], one["access"]) == ("default", "Be brief.", ["g:everyone"])
    assert one["questions"] == [LEAVE, "Who approves leave?"]

    reader = page_of("rex")
    expect(reader.get_by_role("link", name="Assistants")).to_have_count(0)
    reader.get_by_label("Where to look").select_option(label="Leave desk")
    first = reader.get_by_role("list", name="Questions to begin with")
    expect(first.get_by_role("button", name="Who approves leave?")).to_be_visible()
    first.get_by_role("button", name=LEAVE).click()
    expect(reader.get_by_text("Asked of the assistant Leave desk")).to_be_visible()


def test_whoever_looks_after_one_tries_it_in_a_new_chat_and_comes_back(page_of, made):
    page = page_of("cora", "/assistants")
    page.get_by_role("link", name=f"Try it: {made['name']}").click()
    expect(page.get_by_role("heading", name=made["name"])).to_be_visible()
    expect(page.get_by_label("Where to look")).to_have_value(f"assistant:{made['id']}")
    page.get_by_role("main").get_by_role("link", name="Assistants").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Assistants")


def test_only_what_is_changed_is_written(page_of, cora, made):
    page = page_of("cora", "/assistants")
    page.get_by_role("button", name=f"Change {made['name']}").click()
    form = page.get_by_role("dialog", name=f"Change {made['name']}")
    expect(form.get_by_role("button", name="Save")).to_be_disabled()
    form.get_by_role("textbox", name="Description").fill("Another one.")
    # Somebody else changes something besides.
    checked(cora.patch(f"/v1/assistants/{made['id']}", json={"instructions": "Be polite."}))
    form.get_by_label("Chosen people and groups").check()
    expect(form.get_by_role("button", name="Save")).to_be_disabled()
    form.get_by_role("combobox", name="People and groups").fill("re")
    page.get_by_role("option", name="rex").click()
    form.get_by_role("button", name="Save").click()
    expect(entry(page, made["name"])).to_contain_text("For rex")
    expect(entry(page, made["name"])).to_contain_text("You may not ask it yourself.")
    one = kept(cora, made["name"])
    assert (one["description"], one["instructions"], one["questions"]) == ("Another one.", "Be polite.", [LEAVE])


def test_a_name_that_is_taken_is_said_and_what_was_typed_stays(page_of, made):
    page = page_of("cora", "/assistants")
    form = new(page, "a/b")
    expect(form.get_by_text("Without slashes.")).to_be_visible()
    form.get_by_role("textbox", name="Name").fill(made["name"])
    form.get_by_role("button", name="Make it").click()
    expect(form.get_by_role("alert")).to_have_text(f"Nothing was saved: there is an assistant {made['name']} already.")
    expect(form.get_by_role("textbox", name="Name")).to_have_value(made["name"])


def test_one_is_deleted_after_a_question_and_a_change_of_one_that_is_gone_is_refused(page_of, cora, made):
    late = page_of("cora", "/assistants")
    late.get_by_role("button", name=f"Change {made['name']}").click()
    late.get_by_role("dialog").get_by_role("textbox", name="Description").fill("Too late.")
    page = page_of("cora", "/assistants")
    page.get_by_role("button", name=f"Delete {made['name']}").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete assistant").click()
    expect(page.get_by_role("heading", name=made["name"], exact=True)).to_have_count(0)
    expect(page.get_by_role("heading", name="That you look after")).to_be_focused()
    assert kept(cora, made["name"]) is None
    late.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(late.get_by_role("dialog").get_by_role("alert")).to_contain_text("is not there any more")
    late.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(late.get_by_role("heading", name=made["name"], exact=True)).to_have_count(0)


def test_all_collections_are_for_administrators_to_search(page_of, site):
    curator = new(page_of("cora", "/assistants"), "All")
    expect(curator.get_by_label("What it searches").get_by_role("option")).to_have_text(["default"])
    page = page_of("ada", "/assistants")
    form = new(page, "All")
    form.get_by_label("What it searches").select_option(label="All that its user may read")
    expect(form.get_by_label("Everyone who can sign in")).to_be_checked()
    form.get_by_role("button", name="Make it").click()
    expect(entry(page, "All")).to_contain_text("all that its user may read")
    with closing(site.signed_in("ada")) as ada:
        checked(ada.delete(f"/v1/assistants/{kept(ada, 'All')['id']}"))


@pytest.mark.usefixtures("made")
def test_a_reader_is_shown_what_they_may_ask_and_offered_no_change(page_of, axe):
    page = page_of("rex", "/assistants")
    expect(page.get_by_role("heading", name="That you may ask")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("button", name=re.compile("Change|Delete|New"))).to_have_count(0)
    assert axe(page) == []


@pytest.mark.parametrize("look", [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"viewport": PHONE}])
def test_list_and_form_are_accessible_and_fit(page_of, axe, made, look):
    page = page_of("cora", "/assistants", **look)
    expect(entry(page, made["name"])).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name=f"Change {made['name']}").click()
    form = page.get_by_role("dialog")
    expect(form.get_by_role("textbox", name="First question 1")).to_have_value(LEAVE)
    assert axe(page) == []
    form.get_by_role("button", name="Cancel").scroll_into_view_if_needed()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator(".content").evaluate("(one) => one.scrollWidth <= one.clientWidth")
