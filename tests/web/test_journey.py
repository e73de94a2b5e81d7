"""The whole way in one sitting: a curator uploads, a reader asks and corrects, the curator approves, it is found."""

import re

from playwright.sync_api import expect

NOTE = "# Roof garden\n\nThe roof garden opens at seven. Bees live behind the glass house.\n"


def test_from_a_file_to_an_answer_that_people_made_better(page_of):
    cora = page_of("cora", "/documents?collection=default")
    cora.get_by_role("button", name="Upload", exact=True).click()
    form = cora.get_by_role("dialog", name=re.compile("Upload to"))
    file = {"name": "roof-garden.md", "mimeType": "text/markdown", "buffer": NOTE.encode()}
    form.get_by_label("Files to upload", exact=True).first.set_input_files([file])
    form.get_by_role("button", name="Upload 1 file").click()
    expect(cora.get_by_role("link", name="Roof garden", exact=True)).to_be_visible(timeout=120_000)

    rex = page_of("rex")
    rex.get_by_label("Your question").fill("Who looks after the bees on the roof?")
    rex.keyboard.press("Enter")
    turn = rex.locator(".chat-turn")
    turn.get_by_role("button", name=re.compile("^Source 1: Roof garden")).first.click()
    expect(rex.get_by_role("complementary", name="Source 1").locator("mark").first).to_contain_text("Bees live")
    rex.keyboard.press("Escape")

    turn.get_by_role("button", name="Correct the answer").click()
    dialog = rex.get_by_role("dialog")
    dialog.get_by_role("textbox").first.fill("Jon of the night shift looks after the bees on the roof.")
    dialog.get_by_role("button", name="Keep the correction").click()
    expect(turn).to_contain_text("Your correction: Jon of the night shift looks")

    cora.goto("/review?tab=corrections")
    expect(cora.get_by_text("Jon of the night shift").first).to_be_visible()
    cora.get_by_role("button", name="Approve").first.click()
    expect(cora.get_by_text("Nothing waits")).to_be_visible()
    cora.get_by_text("Approved", exact=True).click()
    cora.get_by_role("link", name="See the entry").click()
    expect(cora.get_by_role("heading", level=1)).to_have_text("Who looks after the bees on the roof?")

    rex.goto("/")
    rex.get_by_label("Your question").fill("Who looks after the bees on the roof?")
    rex.keyboard.press("Enter")
    expect(rex.locator(".chat-turn").last.locator(".chat-answer")).to_contain_text("Jon of the night shift")
