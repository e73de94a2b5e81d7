"""Everything that people said, read, asked again and gave becomes labels."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from eval.review_store import Reviews, TaskPassage
from finetune.examples import Context, build_examples
from finetune.gather import chunk_finder, gather, standing_in, trusting
from finetune.given import GivenLabel, GivenLabels
from finetune.resolve import anchor_of
from finetune.types import Anchor
from retrieval.catalog import Catalog
from retrieval.feedback import FeedbackLog
from retrieval.interactions import InteractionLog
from retrieval.readings import Readings
from retrieval.rows import StagedRevision
from retrieval.types import Answer, Chunk, Citation, Feedback, Interaction, Passage, Principal, Reading, Turn
from retrieval.vectors import StoredVectors, vector_bytes

AT = datetime(2026, 11, 3, 12, 30, tzinfo=UTC)
ANN, CLERK = Principal("u:ann"), Principal("u:clerk", administrator=True)
EVERYBODY = frozenset({"g:everyone"})
LEAVE, HOLIDAYS, PARKING = "How much leave do I get?", "How many holidays do I have?", "Where can I park my car?"
TOPICS = {LEAVE: 0, HOLIDAYS: 0, PARKING: 1}


def encode(questions):
    """Leave and holidays are the same matter, and parking another."""
    return np.eye(2, dtype=np.float32)[[TOPICS.get(question, 0) for question in questions]]


def nothing(*_):
    return None


@pytest.fixture
def stores(open_database, sqlite_url):
    engine = open_database(sqlite_url)
    return SimpleNamespace(
        interactions=InteractionLog(engine),
        feedback=FeedbackLog(engine),
        readings=Readings(engine),
        given=GivenLabels(engine),
        catalog=Catalog(engine),
    )


def ask(stores, key, question=LEAVE, *, minute=0, cited="a", who="u:ann", **more):
    passages = tuple(
        Passage(Chunk(c, f"doc-{c}", f"rev-{c}", 0, 0, 4, f"Text of {c}.", "", (), 3), "default", "T", "file:///t", 1.0)
        for c in "abc"
    )
    citations = tuple(
        Citation(n, f"doc-{c}", f"rev-{c}", c, "T", "file:///t", (), None, None, 0, 4, "Text")
        for n, c in enumerate(cited, 1)
    )
    answer = Answer("So.", not cited, 0.9, citations)
    at = AT + timedelta(minutes=minute)
    stores.interactions.record(Interaction(key, question, (), None, who, answer, passages, {}, at, **more))


def say(stores, about, who=ANN, **more):
    stores.feedback.record(Feedback(f"f-{about}-{who.id}", about, "", AT, **more), principal=who)


def gathered(stores, **more):
    return gather(stores.readings, stores.given, **({"nearest": nothing, "encode": encode} | more))


def votes(found):
    return {(one.question, one.anchor.document_id, one.signal, one.label * one.weight) for one in found.labels}


def test_nothing_was_said(stores):
    found = gathered(stores)
    assert (found.labels, found.gaps, found.passed_over) == ((), (), {})


def test_feedback_readings_and_given_labels_come_together(stores):
    ask(stores, "i1")
    say(stores, "i1", verdict="up")
    ask(stores, "i2", PARKING, minute=30)
    stores.readings.record(Reading("r1", "i2", "", "a", "copied", 0, 0.0, AT), principal=ANN)
    stores.given.add([GivenLabel("qrels", PARKING, Anchor("doc-x", "0" * 64), -1.0, "given:qrels", AT)], by=CLERK)
    found = gathered(stores)
    assert votes(found) == {
        (LEAVE, "doc-a", "up", 0.5),
        (PARKING, "doc-a", "copied", 0.3),
        (PARKING, "doc-x", "given", -1.0),
    }


def test_a_thumb_down_without_a_source_is_a_gap(stores):
    ask(stores, "i1", cited="")
    say(stores, "i1", verdict="down", reasons=("not_answered",))
    found = gathered(stores)
    assert (found.labels, [gap.interaction_id for gap in found.gaps]) == ((), ["i1"])
    assert found.passed_over == {"answers of which nothing is known that a chunk could learn": 1}


def test_what_served_the_second_question_is_learned_for_the_first(stores):
    ask(stores, "i1", HOLIDAYS, cited="b")
    ask(stores, "i2", LEAVE, minute=9)
    say(stores, "i2", verdict="up")
    assert (HOLIDAYS, "doc-a", "reformulated", 0.5) in votes(gathered(stores))


@pytest.mark.parametrize(
    "first",
    [
        {"question": HOLIDAYS, "minute": -2},  # 11 minutes before
        {"question": PARKING},  # another matter
        {"question": LEAVE},  # the same words: nothing new
        {"question": HOLIDAYS, "who": "u:bob"},  # somebody else
        {"question": HOLIDAYS, "minute": 20},  # afterwards
    ],
)
def test_what_was_not_asked_again_is_not_learned_for(stores, first):
    ask(stores, "i1", **first)
    ask(stores, "i2", LEAVE, minute=9)
    say(stores, "i2", verdict="up")
    assert {one.signal for one in gathered(stores).labels} == {"up"}


def test_a_question_that_was_served_was_not_asked_again(stores):
    ask(stores, "i1", HOLIDAYS, cited="b")
    say(stores, "i1", verdict="up")
    ask(stores, "i2", LEAVE, minute=5)
    say(stores, "i2", verdict="up")
    assert {one.signal for one in gathered(stores).labels} == {"up"}


def test_praise_of_somebody_else_does_not_say_that_the_asker_was_served(stores):
    ask(stores, "i1", HOLIDAYS, cited="b")
    ask(stores, "i2", LEAVE, minute=5)
    say(stores, "i2", CLERK, verdict="up")
    assert {one.signal for one in gathered(stores).labels} == {"up"}


def test_a_chain_of_questions_leads_to_the_one_that_was_answered(stores):
    chain = {f"How many holidays, said the {n}th way?": n for n in range(3)}
    for question, n in chain.items():
        ask(stores, f"i{n}", question, minute=8 * n)
    ask(stores, "i9", LEAVE, minute=24)
    say(stores, "i9", verdict="up")
    found = gathered(stores)
    assert {one.question for one in found.labels if one.signal == "reformulated"} == set(chain)
    # All of it is one group: none of it may be measured on what another taught.
    standing = Context(lambda anchors: dict.fromkeys(anchors, True), lambda q: np.eye(len(q), dtype=np.float32))
    assert len({row.group for row in build_examples(found.labels, standing).examples}) == 1


def test_administrators_are_trusted(stores):
    ask(stores, "i1")
    say(stores, "i1", verdict="up")
    assert [one.trusted for one in gathered(stores).labels] == [False]
    assert [one.trusted for one in gathered(stores, trusted={"u:ann"}).labels] == [True]


def test_curators_are_trusted_in_what_they_look_after_and_nowhere_else(stores, document):
    stores.catalog.set_collection_access("default", readers=EVERYBODY, curators={"u:ann"}, version=None)
    stores.catalog.create_collection("other", readers=EVERYBODY, curators={"u:bob"})
    mine, others = document("Mine"), document("Others", uri="file:///b", collection="other")
    ask(stores, "i1")
    say(stores, "i1", verdict="up", right_documents=(mine, others))
    labels = gathered(stores, nearest=lambda document_id, _: Anchor(document_id, "0")).labels
    told = trusting(labels, {"u:ann": replace(ANN, curator=True)}, stores.catalog)
    trusted = {one.anchor.document_id: one.trusted for one in told}
    assert (trusted[mine], trusted[others], trusted["doc-a"]) == (True, False, False)
    assert trusting(labels, {}, stores.catalog) == labels


@pytest.fixture
def document(stores):
    """Publish texts, a chunk a line, with the vectors (1, 0), (0, 1), (1, 0) ..."""

    def publish(text, uri="file:///a", acl=EVERYBODY, collection="default"):
        staged = StagedRevision("T", "text/plain", len(text), "0" * 64, "r", text, acl)
        revision = stores.catalog.stage(collection, uri, staged)
        chunks, start = [], 0
        for n, line in enumerate(text.split("\n")):
            key = f"{revision.id}-{n}"
            chunks.append(
                Chunk(key, revision.document_id, revision.id, n, start, start + len(line), line, "T", (), 3, ())
            )
            start += len(line) + 1
        vectors = np.eye(2, dtype=np.float32)[[n % 2 for n in range(len(chunks))]]
        stores.catalog.add_chunks(revision.id, chunks)
        stores.catalog.replace_vectors(
            {
                chunk.id: StoredVectors(vector_bytes(vector), None)
                for chunk, vector in zip(chunks, vectors, strict=True)
            },
            "e",
        )
        stores.catalog.publish(revision.id)
        return revision.document_id

    stores.catalog.create_collection("default")
    return publish


def test_the_chunk_nearest_to_some_words_is_found(stores, document):
    key = document("The first line.\nThe second line.")
    nearest = chunk_finder(stores.catalog, lambda _: np.array([0.1, 0.9], dtype=np.float32), "e")
    assert nearest(key, "second") == anchor_of(key, "The second line.")
    assert nearest(key, "FIRST  line") == anchor_of(key, "The first line.")
    assert nearest(key, "something else") == anchor_of(key, "The second line.")
    assert nearest("gone", "second") is None
    # Vectors of another model say nothing.
    assert chunk_finder(stores.catalog, encode, "other")(key, "x") == anchor_of(key, "The first line.")


def test_anchors_stand_as_long_as_their_text_does_and_are_open_when_everybody_may_read(stores, document):
    stores.catalog.create_collection("shut", readers=["g:hr"])
    key = document("The first line.\nThe second line.")
    hidden, elsewhere = (
        document("Hidden.", "file:///b", frozenset({"g:hr"})),
        document("X.", "file:///c", collection="shut"),
    )
    standing = standing_in(stores.catalog)
    first, second = (anchor_of(key, f"The {which} line.") for which in ("first", "second"))
    shut = (anchor_of(hidden, "Hidden."), anchor_of(elsewhere, "X."))
    assert standing({first, second, *shut, Anchor("gone", "0")}) == {first: True, second: True} | dict.fromkeys(
        shut, False
    )
    document("The first line.\nAnother line.")
    assert standing({first, second}) == {first: True}
    stores.catalog.tombstone(key)
    assert standing({first, second}) == {}


def test_feedback_on_a_document_that_is_gone_teaches_nothing(stores):
    ask(stores, "i1")
    say(stores, "i1", verdict="up")
    made = build_examples(gathered(stores).labels, Context(standing_in(stores.catalog), encode))
    assert made.examples == ()
    assert made.dropped == {"labels whose chunk is gone or changed": 1}


def test_a_question_that_leans_on_its_conversation_is_passed_over(stores):
    ask(stores, "i0")
    asked = replace(stores.interactions.get("i0", principal=ANN), id="i1", question="And there?")
    stores.interactions.record(replace(asked, history=(Turn("user", LEAVE),)))
    say(stores, "i1", verdict="up")
    assert gathered(stores).passed_over == {"answers to questions that lean on a conversation": 1}


def test_what_raters_agree_on_counts_where_they_look_after_it(stores):
    stores.catalog.create_collection("papers", readers=EVERYBODY, curators=frozenset({"u:ann"}))
    revision = stores.catalog.stage(
        "papers", "file:///a", StagedRevision("T", "text/plain", 1, "0" * 64, "r", "x", EVERYBODY)
    )
    stores.catalog.publish(revision.id)
    ask(stores, "i1")
    reviews = Reviews(stores.catalog.engine)
    reviews.add_task("i1", "low_rated", [TaskPassage("p1", revision.document_id, "c", "0" * 64, "answer")], by="u:ann")
    for rater in ("u:ann", "u:bob"):
        reviews.rate(reviews.waiting(rater, limit=1)[0], rater, "graded", {"p1": 2})
    labels = gathered(stores).labels
    told = trusting(labels, {"u:ann": replace(ANN, curator=True)}, stores.catalog)
    assert [(one.giver, one.trusted) for one in told] == [("u:ann", True), ("u:bob", False)]
    assert [one.trusted for one in gathered(stores, trusted={"u:bob"}).labels] == [False, True]
