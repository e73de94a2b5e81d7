import time

import pytest

from retrieval.deadline import Deadline
from retrieval.errors import CancelledError, ModelError
from retrieval.events import Restarted, Token
from retrieval.guard import Refusal
from retrieval.prompt import Draft, Prompt, Quote
from retrieval.say import NO_ANSWER, Speaker, refused, still_readable
from retrieval.types import Principal

READER = Principal("u:reader")


class Says:
    """A generator that tells pieces and then ends as it is told to."""

    def __init__(self, *pieces, error=None, confidence=None, quotes=None, name="model"):
        self.pieces, self.error, self.confidence, self.quotes, self.name = pieces, error, confidence, quotes, name

    def generate(self, _prompt, *, deadline, tell):
        deadline.check()
        if self.quotes is None:
            for piece in self.pieces:
                tell(piece)
        if self.error:
            raise self.error
        return Draft("".join(self.pieces), self.quotes, self.confidence, self.name)


@pytest.fixture
def prompt(passage):
    return Prompt("When?", (passage("Roses are watered daily. Oaks are not.", start=10),))


@pytest.fixture
def quoting():
    return Says("Roses are watered daily. [1]", confidence=0.9, quotes=(Quote(0, 10, 34),), name="extractive")


def say(generator, fallback, prompt, *, abstain_below=0.5, left=lambda: False):
    events = []
    speaker = Speaker(generator, fallback, abstain_below, "mark")
    answer, draft = speaker.say(prompt, deadline=Deadline(5, left), listen=events.append)
    return answer, draft, events


def words(events):
    """What a reader sees at the end: a restart voids what was told before it."""
    text = ""
    for event in events:
        if isinstance(event, Restarted):
            text = ""
        elif isinstance(event, Token):
            text += event.text
    return text


def test_a_model_that_fails_on_the_way_is_replaced_and_what_it_told_is_void(prompt, quoting):
    answer, _, events = say(Says("Roses are ", "red ", error=ModelError("cut off")), quoting, prompt)
    assert (answer.degraded, answer.generator, answer.text) == (True, "extractive", "Roses are watered daily. [1]")
    assert words(events) == answer.text
    assert answer.citations[0].quote == "Roses are watered daily."


def test_nothing_is_said_to_be_void_when_nothing_was_told(prompt, quoting):
    answer, _, events = say(Says(error=ModelError("refused")), quoting, prompt)
    assert answer.degraded
    assert not any(isinstance(event, Restarted) for event in events)


def test_a_model_that_cites_nothing_gives_no_answer_and_what_it_told_is_void(prompt, quoting):
    answer, _, events = say(Says("Roses are lovely."), quoting, prompt)
    assert (answer.abstained, answer.text, answer.citations) == (True, NO_ANSWER, ())
    assert answer.nearest[0].quote == "Roses are watered daily. Oaks are not."
    assert words(events) == ""


def test_a_draft_that_is_not_sure_is_not_told(prompt, quoting):
    answer, _, events = say(quoting, quoting, prompt, abstain_below=0.95)
    assert answer.abstained
    assert events == []


def test_a_language_model_is_not_asked_where_the_passages_do_not_answer(prompt, quoting):
    events = []
    asked = Says("Roses [1].", error=AssertionError("it was asked"))
    speaker = Speaker(asked, quoting, 0.5, "mark", lambda _prompt: 0.2)
    answer, _ = speaker.say(prompt, deadline=Deadline(5), listen=events.append)
    assert (answer.abstained, answer.confidence, events) == (True, 0.2, [])
    assert answer.nearest


def test_an_answer_is_as_sure_as_its_passages_are(prompt, quoting):
    speaker = Speaker(Says("Roses are watered daily [1]."), quoting, 0.5, "mark", lambda _prompt: 0.7)
    answer, _ = speaker.say(prompt, deadline=Deadline(5))
    assert (answer.abstained, answer.confidence) == (False, 0.7)


def test_a_sentence_that_its_passage_does_not_bear_out_is_said_to_be_so(prompt, quoting):
    answer, _, _ = say(Says("Roses are watered daily [1]. Roses are not watered daily [1]."), quoting, prompt)
    assert [sentence.verdict for sentence in answer.sentences] == ["supported", "unsupported"]


def test_the_work_ends_when_whoever_asked_has_left(prompt, quoting):
    with pytest.raises(CancelledError):
        say(Says("Roses [1]."), quoting, prompt, left=lambda: True)


class Catalog:
    def __init__(self, ids):
        self.ids = ids
        self.asked = 0

    def passages_for(self, _ids, **_):
        self.asked += 1
        return dict.fromkeys(self.ids)


def test_what_is_deleted_while_a_model_speaks_is_not_cited(prompt, monkeypatch):
    catalog = Catalog({"c0"})
    check = still_readable(catalog, prompt.passages, principal=READER)
    assert check(prompt.passages[0])
    assert catalog.asked == 0  # it was checked when it was found
    catalog.ids = set()
    later = time.monotonic() + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert not check(prompt.passages[0])


def test_the_words_of_a_refusal_do_not_act():
    message = "Ask HR: ![logo](https://hr.example/a.png) [Sign in](https://hr.example) <b>now</b>."
    told = refused(Refusal("topic:pay", message), (), where="question", generator="guard").text
    assert told == "Ask HR: [logo] (https://hr.example/a.png) [Sign in] (https://hr.example) \u2039b>now\u2039/b>."
