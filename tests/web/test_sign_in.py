"""Signing in, setting up, and what each role is shown the way to."""

import pytest
from playwright.sync_api import expect

from tests.web.conftest import PASSWORD, PHONE

AREAS = {
    "rex": ["Chat", "Documents"],
    "cora": ["Chat", "Documents", "Assistants", "Review", "Runs"],
    "ada": ["Chat", "Documents", "Assistants", "Review", "Runs", "Quality", "Learning", "People"],
}


def test_a_wrong_password_is_said_and_the_right_one_signs_in(page_of, axe):
    page = page_of(None)
    page.get_by_label("Name").fill("rex")
    page.get_by_label("Password", exact=True).or_(page.locator("input[type=password]")).first.fill(
        "not this one at all"
    )
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert axe(page) == []
    page.locator("input[type=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="Areas")).to_be_visible()


@pytest.mark.parametrize("name", AREAS)
def test_each_role_is_shown_its_areas(page_of, name):
    page = page_of(name)
    expect(page.get_by_role("navigation", name="Areas").get_by_role("link")).to_have_text(AREAS[name])


def test_a_link_into_the_page_opens_after_signing_in(page_of):
    page = page_of(None, "/documents")
    page.get_by_label("Name").fill("rex")
    page.locator("input[type=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Documents")
    assert page.url.endswith("/documents")


def test_signing_out_forgets_who_was_there(page_of):
    page = page_of("rex")
    page.get_by_role("button", name="rex").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_on_a_phone_the_areas_are_behind_a_button(page_of):
    page = page_of("cora", viewport=PHONE)
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("dialog").get_by_role("link", name="Runs").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Runs")
