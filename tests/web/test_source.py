"""People open a source in its place: on the page of the file, or in the text, with what is cited marked."""

import io
import re
from contextlib import closing

import pytest
from PIL import Image
from playwright.sync_api import expect

from app.owner import checked, serving
from app.settings import Settings
from tests.pdf_files import pdf_of
from tests.web.conftest import PHONE, Site
from tests.web.speaker import SAID, speaking

QUOTE = "Roses are watered daily."
LINE = " Nothing of note is planted there, and nobody comes.\n\n"
# Characters of two units before the quote, and more text around it than is shown at once.
LONG = f"# Diary\n\n{'🌹🌳' + LINE}{'Bed.' + LINE * 150}{QUOTE} So says the gardener.\n\n{'Bed.' + LINE * 150}"
ROSES = b"BT /F 12 Tf 144 500 Td (Roses are watered daily.) Tj ET"
OAKS = b"BT /F 12 Tf 72 700 Td (Oaks are never watered, and nobody has to come.) Tj ET"
PAPERS = {
    "valves.pdf": (pdf_of(OAKS, ROSES), "application/pdf"),
    "diary.md": (LONG.encode(), "text/markdown"),
    "notes.txt": (f"{QUOTE} So say the notes.".encode(), "text/plain"),
    "page.html": (f"<html><title>Page</title><p>{QUOTE}</p></html>".encode(), "text/html"),
}


def upload(client, name, content, media_type):
    """Take in a file, or a new revision of it; gives the document's id."""
    run = checked(client.post("/v1/documents", files=[("files", (name, content, media_type))]))
    assert (run["state"], run["failures"]) == ("done", [])
    listed = checked(client.get("/v1/documents", params={"collection": "default"}))["documents"]
    return next(one["id"] for one in listed if one["uri"] == f"upload:{name}")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A server whose language model talks of roses, with a file of each kind that does."""
    with speaking() as model, pytest.MonkeyPatch.context() as patch:
        patch.setitem(SAID, "both", f"{QUOTE} [1] Indeed. {QUOTE} [2]")
        settings = Settings(
            data_dir=tmp_path_factory.mktemp("source") / "data",
            disk_reserve_bytes=0,
            user_requests_per_minute=0,
            credential_requests_per_minute=0,
            llm_url=model,
            llm_model="words",
            abstain_below=0,
        )
        with serving(settings) as client:
            for name, (content, media_type) in PAPERS.items():
                upload(client, name, content, media_type)
            site = Site(client, str(client.base_url).rstrip("/"))
            site.person("ada", administrator=True)
            site.person("rex")
            yield site


def asked(site, question, media_type=None, *, name="rex"):
    """Ask over the API, of one kind of file; gives the answer and where the page shows it."""
    body = {"question": question, "conversation_id": "new"}
    if media_type is not None:
        body["filters"] = {"media_types": [media_type]}
    with closing(site.signed_in(name)) as client:
        answer = checked(client.post("/v1/answers", json=body))
    assert answer["citations"], answer
    return answer, f"/c/{answer['conversation_id']}"


def opened(page, number=1):
    """Open a source by its mark; gives the panel."""
    page.get_by_role("button", name=re.compile(f"^Source {number}:")).first.click()
    return page.get_by_role("complementary", name=f"Source {number}")


def test_the_words_of_a_pdf_are_marked_where_they_are_drawn(page_of, site, axe):
    answer, at = asked(site, "How are roses watered?", "application/pdf")
    page = page_of("rex", at)
    panel = opened(page)
    expect(panel).to_contain_text("Page 2 of 2")
    expect(panel.get_by_role("img", name=f"Marked: {QUOTE}")).to_be_attached()
    box, picture = (panel.locator(at).bounding_box() for at in (".source-box", ".source-picture img"))
    cited = answer["citations"][0]
    drawn = site.client.get(f"/v1/documents/{cited['document_id']}/pages/2", params={"width": 1000})
    # All that is dark on the page is the words that were drawn there.
    words = Image.open(io.BytesIO(drawn.content)).convert("L").point(lambda shade: 255 * (shade < 128)).getbbox()
    scale = picture["width"] / 1000
    left, top, right, bottom = (edge * scale for edge in words)
    x, y = box["x"] - picture["x"], box["y"] - picture["y"]
    assert (x, x + box["width"]) == pytest.approx((left, right), abs=3)
    assert y - 1 <= top
    assert bottom <= y + box["height"] + 1
    assert box["height"] < 2.5 * (bottom - top)
    assert axe(page) == []


def test_a_page_is_turned_enlarged_and_left_for_the_text(page_of, site):
    _, at = asked(site, "How are roses watered?", "application/pdf")
    panel = opened(page := page_of("rex", at))
    picture = panel.get_by_role("img", name=re.compile("^Page 2 of"))
    expect(panel.locator(".source-box")).to_be_visible()
    before = picture.bounding_box()["width"]
    panel.get_by_role("button", name="Zoom in").click()
    expect(panel).to_contain_text("150 %")
    assert picture.bounding_box()["width"] == pytest.approx(1.5 * before, rel=0.05)
    panel.get_by_role("button", name="Page before").click()
    expect(panel.get_by_role("img", name=re.compile("^Page 1 of"))).to_be_visible()
    expect(panel.locator(".source-box")).to_have_count(0)
    panel.get_by_text("Text", exact=True).click()
    expect(panel.locator("mark")).to_have_text(QUOTE)
    expect(page.get_by_role("complementary")).to_contain_text("Oaks are never watered")


def test_a_quote_is_marked_in_its_long_text_behind_characters_of_two_units(page_of, site, axe):
    answer, at = asked(site, "How are roses watered?", "text/markdown")
    page = page_of("rex", at, color_scheme="dark")
    panel = opened(page)
    mark = panel.locator("mark")
    expect(mark).to_have_text(answer["citations"][0]["quote"])
    expect(mark).to_be_in_viewport()
    text = panel.get_by_role("region", name="Text of the document")
    assert len(text.inner_text()) < 7_000
    panel.get_by_role("button", name="Show more above").click()
    expect(text).to_contain_text("🌹🌳 Nothing of note")
    expect(mark).to_have_text(answer["citations"][0]["quote"])
    assert axe(page) == []


def test_sources_are_gone_through_by_key_and_the_focus_goes_back_to_the_mark(page_of, site):
    _, at = asked(site, "What do both say of roses?")
    page = page_of("rex", at)
    mark = page.get_by_role("button", name=re.compile("^Source 1:")).first
    mark.press("Enter")
    expect(page.get_by_role("complementary")).to_be_focused()
    expect(page.get_by_role("complementary")).to_contain_text("Source 1 of 2")
    for key, position in (("j", 2), ("j", 2), ("k", 1), ("ArrowRight", 2), ("ArrowLeft", 1)):
        page.keyboard.press(key)
        expect(page.get_by_role("complementary")).to_contain_text(f"Source {position} of 2")
    page.get_by_role("button", name="Next source").press("Enter")
    expect(page.get_by_role("complementary", name="Source 2")).to_contain_text("Source 2 of 2")
    page.keyboard.press("Escape")  # closes what opened last: the button's label
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary")).to_have_count(0)
    expect(mark).to_be_focused()


def test_what_a_source_does_not_bear_out_is_said_with_what_it_lacks(page_of, site):
    _, at = asked(site, "Something doubtful about roses", "text/html")
    panel = opened(page_of("rex", at))
    said = panel.get_by_role("region", name="What the answer says by it")
    expect(said).to_contain_text("borne out by this source")
    expect(said).to_contain_text("Roses are watered 27 times a day.")
    expect(said).to_contain_text("What the quotes lack: 27")
    expect(panel.get_by_text("Why this passage was chosen")).to_have_count(0)  # for administrators


def test_a_source_is_judged_beside_its_words(page_of, site):
    answer, at = asked(site, "How are roses watered?", "text/html")
    page = page_of("rex", at)
    wrong = opened(page).get_by_role("button", name="This source is wrong")
    with page.expect_response(re.compile("/feedback$")):
        wrong.click()
    expect(wrong).to_have_attribute("aria-pressed", "true")
    with closing(site.signed_in("rex")) as client:
        said = checked(client.get(f"/v1/answers/{answer['interaction_id']}/feedback"))["feedback"]
    assert said["wrong_chunks"] == [answer["citations"][0]["chunk_id"]]


def test_an_administrator_reads_why_a_passage_was_chosen(page_of, site):
    _, at = asked(site, "How are roses watered?", "text/html", name="ada")
    panel = opened(page_of("ada", at))
    panel.get_by_text("Why this passage was chosen").click()
    expect(panel).to_contain_text("Final score")
    expect(panel).to_contain_text("Learned from feedback")


def test_a_revision_that_was_replaced_is_shown_as_it_was_cited_and_says_so(page_of, site):
    _, at = asked(site, "How are roses watered?", "text/plain")
    upload(site.client, "notes.txt", b"Now roses are watered weekly.", "text/plain")
    panel = opened(page_of("rex", at))
    expect(panel).to_contain_text("This is an older revision")
    expect(panel.locator("mark")).to_have_text(QUOTE)
    expect(panel.get_by_role("link", name="Download the file")).to_have_count(0)
    panel.get_by_role("link", name="Open the present one").click()
    expect(panel.page.get_by_text("Now roses are watered weekly.")).to_be_visible()


def test_what_may_not_be_read_any_more_is_not_shown(page_of, site):
    private = upload(site.client, "secret.csv", f"Plant,Care\nRoses,{QUOTE}\n".encode(), "text/csv")
    _, at = asked(site, "How are roses watered?", "text/csv")
    page = page_of("rex", at)
    expect(page.get_by_role("article")).to_contain_text(QUOTE)
    body = {"access": [f"u:{site.ids['ada']}"], "version": 0}
    checked(site.client.put(f"/v1/documents/{private}/access", json=body))
    panel = opened(page)
    expect(panel).to_contain_text("not available any more")
    expect(panel).not_to_contain_text(QUOTE)


def test_on_a_phone_a_source_takes_the_screen(page_of, site, axe):
    _, at = asked(site, "How are roses watered?", "application/pdf")
    page = page_of("rex", at, viewport=PHONE)
    page.get_by_role("button", name=re.compile("^Source 1:")).first.click()
    sheet = page.get_by_role("dialog", name="Source 1")
    expect(sheet.locator(".source-box")).to_be_visible()
    assert sheet.bounding_box()["width"] == PHONE["width"]
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert axe(page) == []
    sheet.get_by_role("button", name="Close the source").click()
    expect(sheet).to_have_count(0)
