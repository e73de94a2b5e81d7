"""Administrators look after people on the page, and everybody after their own account."""

import re
from contextlib import closing

import httpx
import pytest
from playwright.sync_api import expect

from app.owner import checked
from tests.web.conftest import PASSWORD, PHONE

HOSTILE = "<img src=x onerror=alert(1)> " + "W" * 160


def named(site, name, **more):
    """Make somebody of a test's own; gives the id."""
    return checked(site.client.post("/v1/users", json={"name": name, "password": PASSWORD} | more))["id"]


def signs_in(site, name, password=PASSWORD):
    return httpx.post(f"{site.url}/v1/session", json={"name": name, "password": password}, timeout=60).is_success


def search(page, label, words, found):
    """Choose what a field finds."""
    page.get_by_role("combobox", name=label).fill(words)
    page.get_by_role("option", name=found, exact=True).click()


def test_a_user_is_made_found_and_suspended(page_of, site):
    page = page_of("ada", "/people")
    page.get_by_role("button", name="Make a user").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Name", exact=True).fill("Grace")
    dialog.get_by_label("Name as it is shown").fill("Grace Hopper")
    dialog.locator("input[type=password]").fill(PASSWORD)
    dialog.get_by_role("button", name="Make user").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Grace Hopper")
    assert signs_in(site, "grace")
    page.get_by_role("switch", name="Suspended").click()
    expect(page.get_by_role("switch", name="Suspended")).to_be_checked()
    expect(page.get_by_text("Signed in nowhere.")).to_be_visible()
    assert not signs_in(site, "grace")
    page.goto("/people")
    page.get_by_label("Find users").fill("hopp")
    row = page.get_by_role("row").filter(has_text="Grace Hopper")
    expect(row).to_contain_text("Suspended")
    expect(page.get_by_role("row")).to_have_count(2)


def test_what_is_wrong_with_a_new_user_is_told_in_the_dialog(page_of):
    page = page_of("ada", "/people")
    page.get_by_role("button", name="Make a user").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Name", exact=True).fill("rex")
    dialog.get_by_role("button", name="Make user").click()
    expect(dialog.get_by_role("alert")).to_contain_text("there is a user rex already")


def test_the_last_administrator_stays(page_of, site):
    page = page_of("ada", f"/people/{site.ids['ada']}")
    page.get_by_role("switch", name="Administrator").click()
    expect(page.get_by_text("this is the last administrator")).to_be_visible()
    expect(page.get_by_role("switch", name="Administrator")).to_be_checked()
    page.get_by_role("button", name="Remove the account").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Remove account").click()
    expect(dialog.get_by_role("alert")).to_contain_text("this is the last administrator")


def test_a_key_of_a_service_is_shown_once_works_and_is_revoked(page_of, site):
    user = checked(site.client.post("/v1/users", json={"name": "reports", "kind": "service"}))["id"]
    page = page_of("ada", f"/people/{user}")
    page.get_by_role("button", name="Make a key").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What it is for").fill("nightly")
    dialog.get_by_label("Expires").select_option("30")
    dialog.get_by_role("button", name="Make key").click()
    key = dialog.get_by_label("The key").input_value()

    def status():
        return httpx.get(f"{site.url}/v1/session", headers={"Authorization": f"Bearer {key}"}).status_code

    assert status() == 200
    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_have_count(0)
    assert key not in page.content()
    page.get_by_role("button", name="Revoke nightly").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke key").click()
    expect(page.get_by_text("No keys.")).to_be_visible()
    assert status() == 401


def test_a_group_opens_a_collection_to_its_members(page_of, site):
    page = page_of("ada", "/people?tab=groups")
    page.get_by_role("button", name="Make a group").click()
    page.get_by_role("dialog").get_by_role("textbox", name="Name").fill("Night shift")
    page.get_by_role("dialog").get_by_role("button", name="Make group").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Night shift")
    search(page, "Add somebody", "re", "rex")
    page.get_by_role("button", name="Add", exact=True).click()
    member = page.get_by_role("row").filter(has_text="rex")
    expect(member).to_contain_text("by hand")
    group = page.url.rpartition("/")[2]
    checked(site.client.post("/v1/collections", json={"name": "rota", "readers": [f"g:{group}"]}))
    page.goto(f"/people/{site.ids['rex']}")
    expect(page.get_by_role("row").filter(has_text="rota")).to_contain_text("Night shift")
    page.get_by_role("button", name="Take out of Night shift").click()
    page.get_by_role("dialog").get_by_role("button", name="Take out").click()
    expect(page.get_by_text("In no group.")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="rota")).to_have_count(0)


def test_the_audit_log_is_narrowed_opened_verified_and_taken_away(page_of, site):
    named(site, "sam")
    with closing(site.signed_in("sam")) as sam:
        document = checked(sam.get("/v1/documents"))["documents"][0]["id"]
        checked(sam.get(f"/v1/documents/{document}"))
    page = page_of("ada", "/people?tab=audit")
    search(page, "Who", "sam", "sam")
    search(page, "What", "Opened a doc", "Opened a document")
    rows = page.get_by_role("row").filter(has_text="Opened a document")
    expect(rows).to_have_count(1)
    page.get_by_role("button", name=re.compile("Details of event")).click()
    expect(page.get_by_text(f"document:{document}")).to_be_visible()
    page.reload()
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_text(re.compile(r"The log is whole: [\d,]+ events"))).to_be_visible()
    with page.expect_download() as taken:
        page.get_by_role("link", name="Export").click()
    assert '"head"' in taken.value.path().read_text().splitlines()[-1]


def test_a_person_is_forgotten_after_their_name_was_typed(page_of, site):
    user = named(site, "gone", display_name="Somebody Gone")
    page = page_of("ada", f"/people/{user}")
    page.get_by_role("link", name="Forget this person").click()
    forget = page.get_by_role("button", name="Forget this person")
    again = page.get_by_label("Type the name again")
    again.fill("go")
    expect(forget).to_be_disabled()
    again.fill("gone")
    forget.click()
    expect(page.get_by_role("heading", name="Receipt: a person was forgotten")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Nothing is left")).to_be_visible()
    page.get_by_role("link", name="All receipts").click()
    expect(page.get_by_role("row").filter(has_text=user)).to_contain_text("done")
    assert site.client.get(f"/v1/users/{user}").status_code == 404


def test_a_document_is_forgotten_after_its_title_was_typed(page_of, site):
    sent = [("files", ("zebras.md", b"# Zebras of the zoo\n\nZebras are striped.", "text/markdown"))]
    checked(site.client.post("/v1/documents", files=sent))
    page = page_of("ada", "/people?tab=erasures")
    page.get_by_text("A document", exact=True).click()
    search(page, "Collection", "default", "default")
    search(page, "Document", "zebras", "Zebras of the zoo")
    page.get_by_label("Type the name again").fill("Zebras of the zoo")
    page.get_by_role("button", name="Forget this document").click()
    expect(page.get_by_role("heading", name="Receipt: a document was forgotten")).to_be_visible(timeout=60_000)
    found = checked(site.client.get("/v1/documents", params={"q": "zebras"}))["documents"]
    assert found == []


def test_everybody_changes_their_password_and_signs_out_elsewhere(page_of, site):
    named(site, "olga")
    with closing(site.signed_in("olga")) as other:
        page = page_of("olga", "/account")
        page.get_by_role("button", name=re.compile("Sign out at")).click()
        expect(page.get_by_text("This one")).to_be_visible()
        expect(page.get_by_role("button", name=re.compile("Sign out at"))).to_have_count(0)
        assert other.get("/v1/session").status_code == 401
    page.get_by_label("Password you have now").fill("not this one")
    page.get_by_label("New password").fill("another long password")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("the current password is another one")).to_be_visible()
    page.get_by_label("Password you have now").fill(PASSWORD)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("Your password was changed")).to_be_visible()
    assert signs_in(site, "olga", "another long password")


@pytest.mark.parametrize("name", ["rex", "cora"])
def test_whoever_is_no_administrator_is_told_so(page_of, name):
    page = page_of(name, "/people")
    expect(page.get_by_text("This is for administrators")).to_be_visible()
    expect(page.get_by_role("link", name="People")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path", ["/people", "/people?tab=groups", "/people?tab=audit", "/people?tab=erasures", "/people/ID", "/account"]
)
def test_people_can_be_used_with_a_screen_reader(page_of, site, axe, scheme, path):
    page = page_of("ada", path.replace("ID", site.ids["cora"]), color_scheme=scheme)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("[aria-busy]")).to_have_count(0)
    assert axe(page) == []


@pytest.mark.parametrize("path", ["/people", "/people?tab=audit", "/people?tab=erasures", "/people/ID", "/account"])
def test_people_fits_a_phone_whatever_the_names(page_of, site, path):
    found = checked(site.client.get("/v1/users", params={"name": "hostile"}))["users"]
    user = found[0]["id"] if found else named(site, "hostile", display_name=HOSTILE)
    page = page_of("ada", path.replace("ID", user), viewport=PHONE)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("[aria-busy]")).to_have_count(0)
    main = page.locator("main")
    assert main.evaluate("(main) => main.scrollWidth - main.clientWidth") == 0
