"""People ask on the page, read the answer beside its source, and say whether it is right."""

import re
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import expect

from app.owner import checked, events, serving
from app.settings import Settings
from tests.web.conftest import PHONE, Site
from tests.web.speaker import Speaker, speaking

QUOTE = "Roses are watered daily."
OAKS = "Oaks are never watered."
GARDEN = f"# Garden\n\n{QUOTE} {OAKS} The gardener is called Ada and comes on Mondays.\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A server whose language model says what a test has it say, about a garden."""
    folder = tmp_path_factory.mktemp("chat")
    (folder / "garden.md").write_text(GARDEN)
    with speaking() as model:
        settings = Settings(
            data_dir=folder / "data",
            disk_reserve_bytes=0,
            user_requests_per_minute=0,
            credential_requests_per_minute=0,
            llm_url=model,
            llm_model="words",
            abstain_below=0,  # the model is asked whatever is asked
        )
        with serving(settings) as client:
            run = checked(client.post("/v1/ingestions", json={"paths": [str(folder / "garden.md")]}))
            with client.stream("GET", f"/v1/ingestions/{run['id']}/events") as response:
                assert list(events(response))[-1][1]["state"] == "done"
            site = Site(client, str(client.base_url).rstrip("/"))
            site.person("ada", administrator=True)
            site.person("rex")
            yield site


@pytest.fixture
def rex(site):
    """A session of rex's own: what the server keeps of what rex does on the page."""
    with closing(site.signed_in("rex")) as client:
        yield client


def box(page):
    return page.get_by_role("textbox", name="Your question")


def turns(page):
    return page.get_by_role("article")


def ask(page, question):
    """Ask, and wait for the whole answer; gives its turn."""
    box(page).fill(question)
    box(page).press("Enter")
    turn = turns(page).filter(has=page.get_by_role("heading", name=question, exact=True)).last
    expect(turn.get_by_role("button", name="Ask again")).to_be_visible()
    return turn


def asked(client, *questions):
    """Lead a conversation over the API; gives its id."""
    conversation = "new"
    for question in questions:
        body = {"question": question, "conversation_id": conversation}
        conversation = checked(client.post("/v1/answers", json=body))["conversation_id"]
    return conversation


def opened(client, page):
    """What the server keeps of the conversation that a page shows."""
    return checked(client.get(f"/v1/conversations/{page.url.rpartition('/')[2]}"))["turns"]


def said(client, page):
    return opened(client, page)[-1]["feedback"]


@contextmanager
def kept(page, what="/feedback"):
    """What is done within is answered by the server at the end; the page shows it before that."""
    with page.expect_response(lambda got: got.request.method != "GET" and got.url.endswith(what)):
        yield


def test_an_answer_is_read_as_it_comes_and_gets_an_address(page_of):
    Speaker.go_on.clear()
    page = page_of("rex")
    box(page).fill("How slowly are roses watered?")
    box(page).press("Enter")
    expect(turns(page)).to_contain_text(QUOTE)
    expect(turns(page)).not_to_contain_text(OAKS)
    box(page).press_sequentially("And elms?")  # typed meanwhile
    Speaker.go_on.set()
    expect(turns(page)).to_contain_text(OAKS)
    expect(page).to_have_url(re.compile(r"/c/[0-9a-f]+$"))
    expect(box(page)).to_be_focused()
    expect(box(page)).to_have_value("And elms?")
    expect(page.get_by_role("link", name="How slowly are roses watered?").first).to_be_visible()


def test_a_question_under_way_is_found_again_after_a_look_at_another_page(page_of):
    Speaker.go_on.clear()
    page = page_of("rex")
    box(page).fill("Tell me slowly about roses")
    box(page).press("Enter")
    expect(turns(page)).to_contain_text(QUOTE)
    box(page).fill("half a question")
    page.get_by_role("link", name="Documents").click()
    expect(page.get_by_role("heading", name="Documents", level=1)).to_be_visible()
    page.get_by_role("link", name="Chat", exact=True).click()
    expect(turns(page)).to_contain_text(QUOTE)
    expect(box(page)).to_have_value("half a question")
    Speaker.go_on.set()
    expect(turns(page)).to_contain_text(OAKS)
    expect(page).to_have_url(re.compile(r"/c/[0-9a-f]+$"))
    expect(box(page)).to_have_value("half a question")  # it goes along


def test_an_answer_that_ends_while_nobody_looks_is_in_its_conversation(page_of, rex):
    Speaker.go_on.clear()
    page = page_of("rex")
    box(page).fill("Tell me slowly about watering")
    box(page).press("Enter")
    expect(turns(page)).to_contain_text(QUOTE)
    page.get_by_role("link", name="Documents").click()
    expect(page.get_by_role("heading", name="Documents", level=1)).to_be_visible()
    Speaker.go_on.set()
    while not checked(rex.get("/v1/conversations", params={"q": "slowly about watering"}))["conversations"]:
        time.sleep(0.05)
    page.get_by_role("link", name="Chat", exact=True).click()
    page.get_by_role("link", name="Tell me slowly about watering").first.click()
    expect(turns(page)).to_contain_text(OAKS)


def test_a_mark_opens_its_source_and_the_reading_is_counted(page_of, rex):
    page = page_of("rex")
    turn = ask(page, "How are roses watered?")
    mark = turn.get_by_role("button", name=re.compile("^Source 1: Garden"))
    mark.click()
    source = page.get_by_role("complementary", name="Source 1")
    expect(source).to_contain_text(QUOTE)
    with kept(page, "/readings"):
        page.keyboard.press("Escape")
    expect(source).to_have_count(0)
    expect(mark).to_be_focused()
    interaction = opened(rex, page)[-1]["interaction_id"]
    readings = checked(rex.get(f"/v1/answers/{interaction}/feedback"))["readings"]
    assert [reading["kind"] for reading in readings] == ["opened"]


def test_a_thumb_is_one_press_a_reason_the_next_and_both_are_taken_back(page_of, rex):
    page = page_of("rex")
    turn = ask(page, "When are roses watered?")
    right, wrong = (turn.get_by_role("button", name=name) for name in ("Right answer", "Wrong answer"))
    with kept(page):
        right.click()
    expect(right).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(right).to_have_attribute("aria-pressed", "true")
    with kept(page):
        wrong.click()
    with kept(page):
        turn.get_by_text("Outdated", exact=True).click()
    assert (said(rex, page)["verdict"], said(rex, page)["reasons"]) == ("down", ["outdated"])
    page.reload()
    expect(turn.get_by_label("Outdated")).to_be_checked()
    with kept(page):
        wrong.click()
    expect(wrong).to_have_attribute("aria-pressed", "false")
    assert said(rex, page) is None


def test_a_source_is_called_wrong_and_then_right(page_of, rex):
    page = page_of("rex")
    turn = ask(page, "Who waters the roses?")
    chunk = opened(rex, page)[-1]["citations"][0]["chunk_id"]
    with kept(page):
        turn.get_by_role("button", name="Wrong source").click()
    assert said(rex, page)["wrong_chunks"] == [chunk]
    with kept(page):
        turn.get_by_role("button", name="Right source").click()
    expect(turn.get_by_role("button", name="Wrong source")).to_have_attribute("aria-pressed", "false")
    assert (said(rex, page)["right_chunks"], said(rex, page)["wrong_chunks"]) == ([chunk], [])


def test_an_answer_is_corrected_with_its_source_and_the_correction_taken_back(page_of, rex):
    page = page_of("rex")
    turn = ask(page, "How often are roses watered?")
    turn.get_by_role("button", name="Correct the answer").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("textbox", name="The right answer")).to_have_value(QUOTE)
    expect(dialog.get_by_role("button", name="Keep the correction")).to_be_disabled()
    dialog.get_by_role("textbox", name="The right answer").fill("Twice a day.")
    dialog.get_by_role("checkbox", name=re.compile("^Garden")).check()
    with kept(page):
        dialog.get_by_role("button", name="Keep the correction").click()
    expect(turn).to_contain_text("Your correction: Twice a day.")
    assert (said(rex, page)["answer"], len(said(rex, page)["right_chunks"])) == ("Twice a day.", 1)
    page.reload()
    turn.get_by_role("button", name="Change your correction").click()
    with kept(page):
        dialog.get_by_role("button", name="Take it back").click()
    expect(turn).not_to_contain_text("Your correction")
    assert said(rex, page)["answer"] is None


def test_an_edited_question_takes_the_place_of_its_turn_and_what_came_after_it(page_of, rex):
    page = page_of("rex", f"/c/{asked(rex, 'How are roses watered here?', 'And oaks?', 'And elms?')}")
    first = turns(page).first
    first.get_by_role("button", name="Edit the question").click()
    expect(first).to_contain_text("2 later questions will leave the conversation")
    first.get_by_role("textbox").fill("What about the oaks?")
    first.get_by_role("button", name="Ask the edited question").click()
    expect(turns(page)).to_have_count(1)
    expect(turns(page)).to_contain_text(OAKS)
    expect(page.get_by_role("button", name="Stop the answer")).to_have_count(0)
    assert [turn["question"] for turn in opened(rex, page)] == ["What about the oaks?"]


def test_a_question_is_asked_again_in_its_place(page_of, rex):
    page = page_of("rex", f"/c/{asked(rex, 'Roses, please')}")
    before = opened(rex, page)
    turns(page).get_by_role("button", name="Ask again").click()
    # Said once the answer is kept; the button that stops is shown a moment after the click.
    expect(page.get_by_role("status").filter(has_text="Answer: ")).to_be_attached()
    expect(turns(page)).to_have_count(1)
    after = opened(rex, page)
    assert [turn["question"] for turn in after] == ["Roses, please"]
    assert after[0]["interaction_id"] != before[0]["interaction_id"]


def test_a_stopped_answer_leaves_its_question_and_nothing_else(page_of, rex):
    page = page_of("rex")
    box(page).fill("Give me an endless answer")
    box(page).press("Enter")
    expect(turns(page)).to_contain_text("And so on.")
    page.get_by_role("button", name="Stop the answer").click()
    expect(turns(page)).to_contain_text("You stopped this answer.")
    turns(page).get_by_role("button", name="Edit the question").click()
    expect(box(page)).to_have_value("Give me an endless answer")
    expect(box(page)).to_be_focused()
    assert checked(rex.get("/v1/conversations", params={"q": "endless"}))["conversations"] == []


def test_what_fails_says_why_and_is_tried_again(page_of):
    page = page_of("rex")
    page.route("**/v1/answers", lambda route: route.abort())
    box(page).fill("Roses, once more")
    box(page).press("Enter")
    expect(turns(page).get_by_role("alert")).to_contain_text("The server cannot be reached.")
    page.unroute("**/v1/answers")
    turns(page).get_by_role("button", name="Try again").click()
    expect(turns(page)).to_contain_text(QUOTE)


def test_words_of_a_model_that_fails_give_way_to_those_of_the_documents(page_of):
    page = page_of("rex")
    turn = ask(page, "Roses, and break off")
    expect(turn).to_contain_text("The language model did not answer.")
    expect(turn).not_to_contain_text("by night")


def test_what_a_source_does_not_bear_out_is_marked_for_everybody(page_of):
    page = page_of("rex")
    turn = ask(page, "A doubtful question about roses")
    doubted = turn.locator(".chat-partly, .chat-unsupported")
    expect(doubted.first).to_contain_text("Roses are watered 27 times a day.")
    expect(doubted.last).to_contain_text("borne out by its sources: they lack 27")
    expect(turn).to_contain_text("Underlined sentences are not, or only partly, borne out")


def test_hostile_words_load_nothing_run_nothing_and_lead_nowhere(page_of):
    page = page_of("rex")
    away = []
    page.on("request", lambda request: away.append(request.url) if "elsewhere" in request.url else None)
    turn = ask(page, "A hostile question <img src=x onerror=alert(1)> " + "W" * 300)
    expect(turn.locator("strong")).to_have_text("Roses")
    expect(turn.locator("img")).to_have_count(0)
    expect(turn.get_by_role("link")).to_have_count(0)  # the server takes them out of what a model says
    expect(turn.get_by_role("button", name=re.compile("^Source 1: "))).to_have_count(2)
    assert turn.locator("table").evaluate("one => one.scrollWidth <= one.closest('article').clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert away == []


def test_an_answer_is_copied_with_its_sources(page_of):
    page = page_of("rex", permissions=["clipboard-read", "clipboard-write"])
    ask(page, "Roses, to be copied").get_by_role("button", name="Copy the answer with its sources").click()
    expect(page.get_by_text("Copied.", exact=True)).to_be_attached()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"{QUOTE} [1]\n\nSources:\n\n1. Garden\n   > ")


def test_a_conversation_is_found_renamed_exported_and_deleted(page_of, rex):
    conversation = asked(rex, "Where do zebras sleep?")
    page = page_of("rex")
    page.get_by_label("Search your conversations").fill("ZEBRAS")
    listed = page.get_by_role("region", name="Conversations").get_by_role("listitem")
    expect(listed).to_have_count(1)
    page.get_by_role("button", name="More about Where do zebras sleep?").click()
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_label("Title").fill("Zebras at night")
    page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    page.get_by_role("link", name="Zebras at night").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Zebras at night")
    for item, ending in (("Export as text", ".md"), ("Export for programs", ".json")):
        page.locator(".chat-head").get_by_role("button", name="More about Zebras at night").click()
        with page.expect_download() as taken:
            page.get_by_role("menuitem", name=item).click()
        assert taken.value.suggested_filename == f"conversation-{conversation}{ending}"
        assert "Where do zebras sleep?" in Path(taken.value.path()).read_text()
    page.locator(".chat-head").get_by_role("button", name="More about Zebras at night").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile("/$"))
    expect(listed).to_have_count(0)
    assert rex.get(f"/v1/conversations/{conversation}").status_code == 404


def test_a_conversation_of_somebody_else_is_as_unknown_as_any_other(page_of, site):
    with closing(site.signed_in("ada")) as ada:
        conversation = asked(ada, "What do only administrators ask?")
    page = page_of("rex", f"/c/{conversation}")
    expect(page.get_by_text("There is no such conversation")).to_be_visible()


def test_the_keyboard_is_enough(page_of):
    page = page_of("rex")
    page.get_by_role("heading", level=1).click()  # away from the question
    page.keyboard.press("/")
    page.keyboard.type("Roses,")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("by keyboard")
    page.keyboard.press("Enter")
    turn = turns(page)
    expect(turn.get_by_role("button", name="Ask again")).to_be_attached()
    page.keyboard.press("Alt+ArrowUp")
    expect(turn).to_be_focused()
    page.keyboard.press("Tab")  # to the question's own button
    page.keyboard.press("Tab")
    expect(turn.get_by_role("button", name=re.compile("^Source 1: "))).to_be_focused()
    page.keyboard.press("Enter")
    source = page.get_by_role("complementary", name="Source 1")
    expect(source).to_be_focused()
    page.keyboard.press("Escape")
    expect(source).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(page.get_by_label("Search your conversations")).to_be_focused()
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


def test_older_turns_come_in_above_and_what_is_read_stays_where_it_is(page_of, rex):
    conversation = asked(rex, *(f"Roses, question {n}" for n in range(34)))
    page = page_of("rex", f"/c/{conversation}")
    expect(page.get_by_role("heading", name="Roses, question 33")).to_be_in_viewport()
    expect(turns(page)).to_have_count(30)
    page.locator(".chat-scroll").evaluate("one => { one.scrollTop = 0; }")
    expect(turns(page)).to_have_count(34)
    expect(page.get_by_role("heading", name="Roses, question 4", exact=True)).to_be_in_viewport()
    page.get_by_role("button", name="Jump to the end").click()
    expect(page.get_by_role("heading", name="Roses, question 33")).to_be_in_viewport()


def test_one_begins_with_a_suggestion_and_asks_an_assistant(page_of, site):
    made = {"name": "Gardener", "description": "Knows roses.", "questions": ["Which roses are watered?"]}
    checked(site.client.post("/v1/assistants", json=made))
    page = page_of("rex")
    page.get_by_label("Where to look").select_option(label="Gardener")
    expect(page.get_by_text("Knows roses.")).to_be_visible()
    page.get_by_role("button", name="Which roses are watered?").click()
    expect(turns(page)).to_contain_text("Asked of the assistant Gardener")


def test_administrators_see_why_passages_were_chosen_and_others_do_not(page_of):
    page = page_of("ada")
    ask(page, "Why roses?").get_by_role("button", name="Why these passages?").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("rowheader", name="Garden")).to_contain_text("cited")
    dialog.get_by_role("button", name="Answer it again from the record").click()
    expect(dialog.get_by_text("The same answer came again.")).to_be_visible()
    reader = page_of("rex")
    expect(ask(reader, "Why roses?").get_by_role("button", name="Why these passages?")).to_have_count(0)


def test_on_a_phone_conversations_and_sources_lie_over_the_thread(page_of, rex):
    asked(rex, "Roses on the way")
    page = page_of("rex", viewport=PHONE, has_touch=True)
    page.get_by_role("button", name="Conversations").click()
    page.get_by_role("dialog").get_by_role("link", name="Roses on the way").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    turns(page).get_by_role("button", name=re.compile("^Source 1: ")).click()
    sheet = page.get_by_role("dialog", name="Source 1")
    expect(sheet).to_contain_text(QUOTE)
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(page_of, axe, scheme):
    page = page_of("ada", color_scheme=scheme)
    expect(page.get_by_role("heading", name="What do you want to know?")).to_be_visible()
    assert axe(page) == []
    turn = ask(page, "A doubtful question, and a hostile one")
    turn.get_by_role("button", name="Wrong answer").click()
    turn.get_by_role("button", name=re.compile("^Source 1: ")).first.click()
    expect(page.get_by_role("complementary")).to_contain_text(QUOTE)
    assert axe(page) == []
    turn.get_by_role("button", name="Correct the answer").press("Enter")  # a click may miss what still scrolls
    expect(page.get_by_role("dialog")).to_be_visible()
    assert axe(page) == []
