"""Drafts: from headings and passages, only what can be found again, only what the principal may read."""

import json
import weakref
from dataclasses import replace

import pytest

from eval.drafts import TRIES_PER_DRAFT, draft_questions
from eval.golden import GoldenDocument
from eval.headings import alike, plain_heading, question_about, sections
from eval.knobs import Knobs
from eval.workbench import ASKER, COLLECTION, open_workbench
from ingestion.load import collect
from ingestion.parse import parse
from retrieval.errors import InvalidInputError, ModelError, NotFoundError
from retrieval.types import Chunk, Principal

LEAVE = """# Annual leave

Everybody in the company has the right to a paid rest.

## How many days you have

A full-time employee has 27 days of annual leave in a calendar year. Part-time employees have fewer.

## Summary

Ask early and rest well in the year.

## How to ask for leave

1. Open the Larder portal and choose the days you want.

## Unpaid leave

After twelve months of service you may ask for up to 20 days of unpaid leave.
"""
DEVICES = """# Stolen devices

## What happens next

The help desk locks the stolen laptop within one hour of your call.

## Empty section
"""


@pytest.fixture(scope="module")
def bench(embedder_of_module, tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs")
    (folder / "leave.md").write_text(LEAVE)
    (folder / "devices.md").write_text(DEVICES)
    with open_workbench(embedder_of_module, knobs=Knobs(chunk_tokens=48)) as bench:
        assert collect([folder]).files
        bench.add_folder(folder, parse)
        yield bench


@pytest.fixture(scope="module")
def embedder_of_module(embedder):
    return embedder


def drafts_of(bench, **more):
    return draft_questions(bench.retriever, principal=ASKER, collection=COLLECTION, **more)


def test_headings_become_questions_with_their_evidence(bench):
    made = drafts_of(bench)
    by_text = {question.text: question for question in made.questions}
    days = by_text["Can you tell me how many days I have?"]
    assert days.evidence == "A full-time employee has 27 days of annual leave in a calendar year."
    (uri,) = days.relevant
    assert uri.endswith("/leave.md")
    assert days.passages[0].document == uri
    assert days.evidence in days.passages[0].text
    assert days.draft
    assert days.tags == {"source": "heading", "language": "en"}
    assert "How do I ask for leave?" in by_text
    assert not [text for text in by_text if "ummary" in text or "mpty" in text]
    assert made.skipped["headings or replies that make no question"] == 1  # Summary


def test_the_same_documents_give_the_same_drafts(bench):
    first, second = drafts_of(bench), drafts_of(bench)
    assert first == second
    assert len({question.id for question in first.questions}) == len(first.questions)


def test_documents_take_turns(bench):
    made = drafts_of(bench, limit=2).questions
    assert len({uri for question in made for uri in question.relevant}) == 2


def test_what_its_question_does_not_find_is_left_out(bench):
    def misleading(_prompt):
        return json.dumps({"question": "Who won the cup in 1987?", "evidence": "days"})

    made = drafts_of(bench, complete=misleading, first=1)
    told = "questions that do not find their own passage among the first 1"
    # Some passage is the nearest to any question; the others are not.
    assert len(made.questions) <= 1
    assert sum(made.skipped.values()) > made.skipped[told] >= 1


def test_nobody_drafts_from_what_they_may_not_read(bench):
    nobody = Principal("", frozenset())
    assert draft_questions(bench.retriever, principal=nobody).questions == ()
    stranger = Principal("u:stranger", frozenset())
    assert draft_questions(bench.retriever, principal=stranger).questions == ()


def test_a_missing_collection_and_a_wrong_limit_are_refused(bench):
    with pytest.raises(NotFoundError):
        draft_questions(bench.retriever, principal=ASKER, collection="none")
    for limit in (0, 501):
        with pytest.raises(InvalidInputError):
            drafts_of(bench, limit=limit)


class Model:
    """Answers about the passage it is shown, as a language model would."""

    def __init__(self, reply):
        self.reply = reply
        self.prompts = []

    def __call__(self, prompt):
        self.prompts.append(prompt)
        return self.reply(prompt)


def passage_of(prompt):
    return prompt.split("<passage>\n")[1].split("\n</passage>")[0]


def test_a_language_model_words_the_question(bench):
    def reply(prompt):
        line = passage_of(prompt).splitlines()[-1]
        return (
            f"Sure!\n```json\n{json.dumps({'question': f'Is it so: {line}', 'answer': ' yes ', 'evidence': line})}\n```"
        )

    model = Model(reply)
    made = drafts_of(bench, complete=model).questions
    assert len(made) >= 3
    for question in made:
        assert question.text.startswith("Is it so: ")
        assert question.answer == "yes"
        assert question.evidence in question.passages[0].text
        assert question.tags["source"] == "model"


@pytest.fixture(scope="module")
def many(embedder_of_module):
    """Twenty-three documents of one section and one of thirteen, in a workbench."""
    parts = "\n\n".join(f"Part {n} of it\n\nThis is sentence number {n} of the long one." for n in range(13))
    texts = [GoldenDocument(f"d{n}", f"Page {n}", f"This sentence stands on page number {n}.") for n in range(23)]
    with open_workbench(embedder_of_module, knobs=Knobs()) as bench:
        bench.add_texts([*texts, GoldenDocument("long", "Long page", parts)])
        yield bench


def test_a_model_whose_questions_are_no_use_is_asked_ten_times_a_draft_at_most(many):
    model = Model(lambda _: "I cannot do that.")
    made = drafts_of(many, complete=model, limit=1)
    assert len(model.prompts) == TRIES_PER_DRAFT == 10
    assert made.questions == ()
    # Of 24 documents ten had a turn; the long one has more of them wherever it stands in the order.
    told = "documents with more to try, when 10 sections had been tried"
    assert made.skipped["headings or replies that make no question"] == 10
    assert made.skipped[told] in {14, 15}


def test_all_sections_have_a_turn_when_tries_are_left(many):
    model = Model(lambda _: "I cannot do that.")
    made = drafts_of(many, complete=model, limit=5)
    assert len(model.prompts) == 23 + 13
    assert len(set(model.prompts)) > 23
    assert set(made.skipped) == {"headings or replies that make no question"}


class CountingCatalog:
    """A catalog that says how often its documents were opened."""

    def __init__(self, catalog):
        self._catalog = catalog
        self.opened = 0

    def __getattr__(self, name):
        return getattr(self._catalog, name)

    def chunks(self, revision_id, *, principal):
        self.opened += 1
        return self._catalog.chunks(revision_id, principal=principal)


def test_no_more_documents_are_opened_than_are_tried(many):
    catalog = CountingCatalog(many.retriever.catalog)
    retriever = replace(many.retriever, catalog=catalog)
    draft_questions(retriever, principal=ASKER, collection=COLLECTION, complete=lambda _: "no", limit=1)
    assert catalog.opened <= TRIES_PER_DRAFT + 1


def test_only_a_few_documents_are_in_memory_at_a_time(many):
    alive, most = weakref.WeakSet(), 0

    class Text(str):
        __slots__ = ("__weakref__",)

    class Catalog(CountingCatalog):
        def chunks(self, revision_id, *, principal):
            found = super().chunks(revision_id, principal=principal)
            texts = [Text(chunk.text) for chunk in found]
            alive.update(texts[:1])
            nonlocal most
            most = max(most, len(alive))
            return [replace(chunk, text=text) for chunk, text in zip(found, texts, strict=True)]

    retriever = replace(many.retriever, catalog=Catalog(many.retriever.catalog))
    draft_questions(retriever, principal=ASKER, collection=COLLECTION, complete=lambda _: "no", limit=5)
    # Of 24: 16 are kept open, beside the one that is opened and the one that was tried last.
    assert most <= 18


@pytest.mark.parametrize(
    "reply",
    [
        "I cannot do that.",
        "{not json}",
        '{"question": "What?"}',
        '{"question": "What?", "evidence": "words that stand nowhere"}',
        '{"question": " ", "evidence": "days"}',
        json.dumps({"question": "?" * 301, "evidence": "days"}),
        '["question", "evidence"]',
        '{"question": 1, "evidence": 2}',
    ],
)
def test_a_reply_that_is_no_question_is_left_out(bench, reply):
    made = drafts_of(bench, complete=lambda _: reply)
    assert made.questions == ()
    assert set(made.skipped) == {"headings or replies that make no question"}


def test_when_the_language_model_fails_the_rest_is_from_headings(bench):
    def fail(_prompt):
        raise ModelError("it is gone")

    model = Model(fail)
    made = drafts_of(bench, complete=model)
    assert len(model.prompts) == 1
    assert {question.tags["source"] for question in made.questions} == {"heading"}
    assert made.skipped["calls of the language model, which failed; the rest is from headings"] == 1


def test_another_language_is_not_asked_about_in_english(embedder):
    text = "Jeder Angestellte hat im Kalenderjahr Anspruch auf siebenundzwanzig Tage bezahlten Urlaub im Betrieb."
    with open_workbench(embedder, knobs=Knobs()) as bench:
        bench.add_texts([GoldenDocument("d", "Urlaub und Feiertage", text)])
        (question,) = drafts_of(bench).questions
    assert (question.text, question.tags["language"]) == ("Urlaub und Feiertage?", "de")


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        ("Who may work remotely", "About Travel policy: who may work remotely?"),
        ("How many days you have", "Can you tell me how many days I have?"),
        ("How to claim your expenses", "How do I claim my expenses?"),
        ("If plans change", "About Travel policy: what happens if plans change?"),
        ("Before the journey", "What applies before the journey when it comes to Travel policy?"),
        ("Report a stolen or lost device", "How do I report a stolen or lost device?"),
        ("2.1 Booking a rental car:", "What should I know about booking a rental car?"),
        ("What is covered by us and why?", "What is covered by us and why?"),
        # "Berlin" is a name, for the text writes it so; "Goodwill" is none; "GSA" is an abbreviation.
        ("Berlin office", "What does “Travel policy” say about Berlin office?"),
        ("Goodwill", "What are the rules on goodwill in “Travel policy”?"),
        ("GSA", "What are the rules on GSA in “Travel policy”?"),
        ("LOST LUGGAGE AT AIRPORTS AND STATIONS", "What should I know about lost luggage at airports and stations?"),
    ],
)
def test_the_form_of_a_heading_gives_its_question(heading, question):
    section = next(sections("Travel policy", [a_chunk("Everything about it stands in here.", (heading,))]))
    text = "We meet in Berlin. Travel by train, as the Travel policy says."
    assert question_about(section, title="Travel policy", text=text) == question


@pytest.mark.parametrize(
    "heading",
    ["Overview", "See also:", "3. Introduction", "2024", "A", "https://x.org", "a@b.org", "word " * 13, "---", ""],
)
def test_a_heading_that_says_nothing_is_passed_over(heading):
    assert plain_heading(heading) is None


def test_near_duplicates_are_alike():
    assert alike("What should I know about unpaid leave?", "What should I know about Unpaid leave")
    assert not alike("What is unpaid leave?", "What is annual leave?")


def a_chunk(text, section=(), key="c1"):
    return Chunk(key, "d1", "r1", 0, 0, len(text), text, "", section, 1)


def test_only_headings_with_a_sentence_below_count():
    parts = ["First part", "Second part", "This sentence stands below it.", "Third part", "| a | b |"]
    text = "\n\n".join([*parts, "Is it a question?", "Yes, and this answers it."])
    found = [(s.heading, s.evidence) for s in sections("Title", [a_chunk(text)])]
    assert found == [
        ("Second part", "This sentence stands below it."),
        ("Is it a question?", "Yes, and this answers it."),
    ]


def test_a_section_over_two_chunks_is_one():
    chunks = [a_chunk("It begins here with words.", ("A",), "1"), a_chunk("It goes on here with words.", ("A",), "2")]
    assert [s.evidence for s in sections("Title", chunks)] == ["It begins here with words."]


def test_a_passage_with_a_secret_is_given_to_no_model_and_no_golden_set(embedder_of_module, tmp_path):
    key = "AKIA" + "Q3W5E7R9T1Y2U4I6"  # of the form of a key, and of nobody
    (tmp_path / "keys.md").write_text(f"# Keys\n\n## How to deploy\n\nUse the key {key} to deploy the service.\n")
    asked = []
    with open_workbench(embedder_of_module, knobs=Knobs(chunk_tokens=48)) as bench:
        bench.add_folder(tmp_path, parse)
        made = drafts_of(bench, complete=asked.append)
    assert (made.questions, asked) == ((), [])
