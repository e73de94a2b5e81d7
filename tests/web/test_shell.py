"""What is around every page: the keyboard's way, a session that ends in the middle of work, a server that is gone."""

import pytest
from playwright.sync_api import expect

from tests.web.conftest import PASSWORD, PHONE


def signed_out(site, name):
    """End every session of somebody, as time does."""
    assert site.client.delete(f"/v1/users/{site.ids[name]}/sessions").is_success


def test_the_keyboard_skips_to_the_content_and_lands_on_the_heading_of_a_page(page_of):
    page = page_of("ada", "/documents")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    people = page.get_by_role("navigation", name="Areas").get_by_role("link", name="People")
    people.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="People")).to_be_focused()
    expect(page).to_have_title("People - Attune")


def test_the_menu_of_a_phone_gives_the_focus_back_or_on(page_of):
    page = page_of("ada", "/documents", viewport=PHONE)
    menu = page.get_by_role("button", name="Menu")
    menu.click()
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()
    menu.click()
    page.get_by_role("dialog").get_by_role("link", name="People").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("heading", level=1, name="People")).to_be_focused()


def test_what_was_typed_outlives_the_session(page_of, site, axe):
    page = page_of("ada", "/people")
    page.get_by_role("button", name="Make a user").click()
    form = page.get_by_role("dialog", name="Make a user")
    form.get_by_role("textbox", name="Name", exact=True).fill("kept")
    signed_out(site, "ada")
    form.get_by_role("button", name="Make user").click()
    again = page.get_by_role("dialog", name="Sign in again")
    expect(again).to_be_visible()
    assert axe(page) == []
    page.keyboard.press("Escape")
    again.locator("input[type=password]").fill("not the right one")
    again.get_by_role("button", name="Sign in").click()
    expect(again.get_by_role("alert")).to_contain_text("name or password is wrong")
    again.locator("input[type=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(again).to_have_count(0)
    expect(form.get_by_role("textbox", name="Name", exact=True)).to_have_value("kept")
    form.get_by_role("button", name="Make user").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("kept")


def test_a_session_that_ended_is_noticed_when_one_goes_on(page_of, site):
    page = page_of("rex", "/account")
    expect(page.get_by_text("This one")).to_be_visible()
    signed_out(site, "rex")
    page.get_by_role("navigation", name="Areas").get_by_role("link", name="Documents").click()
    again = page.get_by_role("dialog", name="Sign in again")
    expect(again.get_by_label("Name")).to_have_value("rex")
    again.locator("input[type=password]").fill(PASSWORD)
    again.get_by_role("button", name="Sign in").click()
    expect(again).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_have_text("Documents")
    expect(page.locator("main").get_by_role("alert")).to_have_count(0)


def test_somebody_else_who_signs_in_sees_nothing_of_who_was_there(page_of, site):
    page = page_of("cora", "/account")
    expect(page.get_by_text("This one")).to_be_visible()
    signed_out(site, "cora")
    page.get_by_role("navigation", name="Areas").get_by_role("link", name="Documents").click()
    expect(page.get_by_role("dialog", name="Sign in again")).to_be_visible()
    assert page.context.request.post("/v1/session", data={"name": "rex", "password": PASSWORD}).ok
    page.evaluate("dispatchEvent(new Event('visibilitychange'))")  # as when one comes back from another window
    expect(page.get_by_role("button", name="rex")).to_be_visible()
    expect(page.get_by_role("dialog", name="Sign in again")).to_have_count(0)
    expect(page.get_by_role("navigation", name="Areas").get_by_role("link", name="Runs")).to_have_count(0)


def test_a_server_that_is_gone_is_said_and_found_again(page_of):
    page = page_of("ada", "/people")
    field = page.get_by_label("Find users")
    expect(page.get_by_role("table")).to_be_visible()
    page.route("**/v1/**", lambda route: route.abort())
    field.fill("rex")
    gone = page.get_by_text("The server does not answer.")
    expect(gone).to_be_visible()
    page.unroute("**/v1/**")
    expect(gone).to_have_count(0, timeout=15_000)
    expect(page.get_by_role("row").filter(has_text="rex")).to_be_visible(timeout=15_000)
    expect(field).to_have_value("rex")
    expect(page.locator("main").get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_system_until_somebody_chooses(page_of, axe, scheme):
    page = page_of("rex", "/account", color_scheme=scheme)
    html = page.locator("html")
    expect(html).to_have_attribute("data-mantine-color-scheme", scheme)
    other = "dark" if scheme == "light" else "light"
    page.get_by_role("button", name=f"{other.capitalize()} colours").click()
    expect(html).to_have_attribute("data-mantine-color-scheme", other)
    page.reload()
    expect(html).to_have_attribute("data-mantine-color-scheme", other)
    expect(page.get_by_text("This one")).to_be_visible()
    assert axe(page) == []


def test_an_address_that_there_is_not_says_so(page_of, axe):
    page = page_of("rex", "/documents/none/at/all")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such page")
    assert axe(page) == []
