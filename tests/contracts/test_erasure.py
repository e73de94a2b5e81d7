"""Stores forget a document or a person, on each database: what is theirs goes, what is others' stays."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select

from app.erasure import Erasures
from app.erasure_rows import FORGOTTEN, ErasureRows, Traces
from eval.golden_store import GoldenSets
from eval.questions import GoldenPassage, Question
from eval.runs import erased
from ingestion.tables import sources
from retrieval.conversations import Conversations
from retrieval.errors import NotFoundError
from retrieval.feedback import FeedbackLog
from retrieval.finding_tables import quarantined
from retrieval.interactions import InteractionLog
from retrieval.quoting import Quoted
from retrieval.tables import document_access, documents
from retrieval.types import Answer, Chunk, Citation, Feedback, Interaction, Passage, Principal, Turn
from retrieval.withhold import ERASED

ANN, BOB = Principal("u:ann"), Principal("u:bob")
CHIEF = Principal("u:chief", administrator=True)
SECRET = "The access code of the northern station is seven one nine and it is changed every spring."
OTHER = "The southern station has no access code because its door stands open all day long."
NOON = datetime(2026, 11, 3, 12, 30, tzinfo=UTC)


def citation(document, quote, number=1):
    return Citation(
        number, document, f"{document}-r", f"{document}-c", "T", f"file:///{document}", (), None, None, 0, 9, quote
    )


def passage(document, text, also=()):
    chunk = Chunk(f"{document}-c", document, f"{document}-r", 0, 0, len(text), text, "T", (), 9, ())
    return Passage(chunk, "default", "T", f"file:///{document}", 1.0, also=also)


def asked(key, *documents, principal=ANN, generator="extractive", text="", cited=None):
    texts = {"d1": SECRET, "d2": OTHER}
    cites = documents if cited is None else cited
    said = text or " ".join(f"{texts[d]} [{n}]" for n, d in enumerate(cites, 1))
    citations = tuple(citation(d, texts[d], n) for n, d in enumerate(cites, 1))
    return Interaction(
        id=key,
        question=f"What is the code of {key}?",
        history=(),
        collection=None,
        principal_id=principal.id,
        answer=Answer(said, False, 0.9, citations, generator=generator),
        passages=tuple(passage(d, texts[d]) for d in documents),
        timings_ms={"total": 3.0},
        asked_at=NOON,
    )


@pytest.fixture
def log(engine):
    return InteractionLog(engine)


@pytest.fixture
def forget(log):
    return lambda: log.forget_document("d1", ["d1-c"], Quoted([SECRET]))


def test_an_answer_that_cites_a_document_loses_its_words_and_keeps_the_question(log, forget):
    log.record(asked("i1", "d1", "d2"))
    log.record(asked("i2", "d2"))
    assert forget() == 1
    found = log.get("i1", principal=ANN)
    assert (found.question, found.answer.text) == ("What is the code of i1?", ERASED)
    assert [c.document_id for c in found.answer.citations] == [p.chunk.document_id for p in found.passages] == ["d2"]
    assert log.get("i2", principal=ANN) == asked("i2", "d2")
    assert forget() == 0


def test_what_a_model_worded_with_a_document_before_its_eyes_goes_whether_it_is_cited_or_not(log, forget):
    log.record(asked("i1", "d1", "d2", cited=["d2"], generator="llm", text="Seven one nine, and the other is open."))
    log.record(asked("i2", "d1", "d2", cited=["d2"]))
    assert forget() == 2
    assert log.get("i1", principal=ANN).answer.text == ERASED
    assert log.get("i2", principal=ANN).answer.text == f"{OTHER} [1]"


def test_an_answer_that_abstained_keeps_its_words_and_loses_the_nearest_passages(log, forget):
    none = asked("i1", "d1")
    none = replace(none, answer=Answer("Nothing was found.", True, 0.1, (), (citation("d1", SECRET),)))
    log.record(none)
    forget()
    assert log.get("i1", principal=ANN).answer == Answer("Nothing was found.", True, 0.1, ())


def test_later_turns_lose_the_answers_that_they_repeat(log, forget):
    first = asked("i1", "d1", generator="llm", text="It is seven one nine, as far as I can tell from the page.")
    log.record(first)
    history = (Turn("user", "What is the code?"), Turn("assistant", first.answer.text), Turn("user", "Thanks"))
    made = {"search_context": first.answer.text, "model": "m"}
    log.record(replace(asked("i2", "d2"), history=history, searched=SECRET, generation=made))
    assert forget() == 2
    found = log.get("i2", principal=ANN)
    assert [turn.text for turn in found.history] == ["What is the code?", ERASED, "Thanks"]
    assert (found.searched, found.generation) == ("", {"model": "m"})
    assert found.answer == asked("i2", "d2").answer


def test_a_passage_forgets_the_chunks_of_a_document_that_were_folded_into_it(log, forget):
    log.record(
        replace(asked("i1", "d2"), passages=(passage("d2", OTHER, also=("d1-c", "d3-c")), passage("d1", SECRET)))
    )
    forget()
    assert [p.also for p in log.get("i1", principal=ANN).passages] == [("d3-c",)]


def said(key, about, principal=ANN, **more):
    return Feedback(key, about, principal.id, NOON, **more)


def test_feedback_loses_a_document_and_its_words_and_goes_when_it_says_nothing_else(engine, log):
    feedback = FeedbackLog(engine)
    for key in ("i1", "i2", "i3"):
        log.record(asked(key, "d1", "d2"))
    feedback.record(said("f1", "i1", evidence=SECRET, right_documents=("d1", "d2"), verdict="up"), principal=ANN)
    feedback.record(said("f2", "i2", evidence="seven one nine", right_documents=("d1",)), principal=ANN)
    feedback.record(said("f3", "i3", answer="It is open.", right_documents=("d2",)), principal=ANN)
    assert feedback.forget_document("d1", Quoted([SECRET])) == 2
    assert feedback.get("f1", principal=ANN) == said("f1", "i1", right_documents=("d2",), verdict="up")
    with pytest.raises(NotFoundError):
        feedback.get("f2", principal=ANN)
    assert feedback.get("f3", principal=ANN).answer == "It is open."


def test_a_person_is_forgotten_with_what_they_asked_and_said(engine, log, catalog):
    feedback, conversations = FeedbackLog(engine), Conversations(catalog)
    log.record(asked("i1", "d1"))
    log.record(asked("i2", "d1", principal=BOB))
    kept = conversations.create(principal=ANN)
    conversations.append(kept.id, "i1", principal=ANN)
    feedback.record(said("f1", "i1", verdict="up"), principal=ANN)
    feedback.record(said("f2", "i1", principal=CHIEF, verdict="down"), principal=CHIEF)
    feedback.record(said("f3", "i2", principal=BOB, verdict="down"), principal=BOB)
    # What others said of her answers holds her questions too, once a golden set is made of it.
    assert sorted(feedback.ids_of("u:ann")) == ["f1", "f2"]
    assert conversations.forget_all("u:ann") == 1
    assert log.forget_asker("u:ann") == 1
    assert feedback.forget_giver("u:ann") == 0
    assert [one.id for one in feedback.recent(principal=CHIEF)] == ["f3"]
    assert log.get("i2", principal=BOB) == asked("i2", "d1", principal=BOB)
    assert conversations.page(principal=ANN) == []


def test_anonymised_words_stay_under_ids_that_nobody_has_seen(engine, log, catalog):
    feedback, conversations = FeedbackLog(engine), Conversations(catalog)
    log.record(replace(asked("i1", "d1"), question="I am Ann Baker, what is the code?"))
    kept = conversations.create(principal=ANN)
    conversations.append(kept.id, "i1", principal=ANN)
    feedback.record(said("f1", "i1", answer="Ann Baker says 719"), principal=ANN)
    feedback.record(said("f2", "i1", principal=CHIEF, verdict="down"), principal=CHIEF)
    conversations.forget_all("u:ann")
    count = log.anonymise_asker("u:ann", "u:nobody", lambda text: text.replace("Ann Baker", "[removed]"))
    assert count == 1
    with pytest.raises(NotFoundError):
        log.get("i1", principal=CHIEF)
    (found,) = log.recent(principal=Principal("u:nobody"))
    assert found.question == "I am [removed], what is the code?"
    assert found.asked_at == datetime(2026, 11, 3, tzinfo=UTC)
    assert (found.conversation_id, found.principal_id) == (None, "u:nobody")
    own = feedback.of_interaction(found.id, principal=Principal("u:nobody"))
    assert [(one.answer, one.given_at) for one in own] == [("[removed] says 719", datetime(2026, 11, 3, tzinfo=UTC))]
    assert own[0].id != "f1"
    assert {one.principal_id for one in feedback.of_interaction(found.id, principal=CHIEF)} == {"u:nobody", "u:chief"}


def test_golden_questions_lose_a_document_in_every_version(engine):
    golden = GoldenSets(engine)
    about = Question("q1", "What is the code?", relevant={"a/d1.md": 1.0, "d2.md": 1.0}, evidence=SECRET, answer="719")
    about = replace(about, passages=(GoldenPassage("a/d1.md", SECRET), GoldenPassage("d2.md", OTHER)))
    lone = Question("q2", "And the other?", relevant={"file:///srv/a/d1.md": 1.0}, evidence="719")
    says = Question("q3", SECRET, relevant={"d2.md": 1.0})
    other = Question("q4", "Is it open?", relevant={"d2.md": 1.0}, evidence=OTHER)
    golden.write("stations", [about], by="u:x")
    golden.write("stations", [about, lone, says, other], by="u:x")
    golden.write("gardens", [other], by="u:x")
    counts = golden.forget_document({"d1", "file:///srv/a/d1.md"}, "file:///srv/a/d1.md", Quoted([SECRET]))
    assert counts == {"stations": 1 + 3}
    first, second, _ = golden.get("stations").questions
    assert (first.relevant, first.evidence, first.answer) == ({"d2.md": 1.0}, None, "719")
    assert first.passages == (GoldenPassage("d2.md", OTHER),)
    assert (second.text, second.relevant, second.evidence) == ("And the other?", {}, None)
    assert golden.get("stations").questions[2] == other
    assert golden.get("stations", 1).questions == (first,)
    assert golden.version("stations").sha256 == golden.get("stations").sha256
    assert golden.get("gardens").questions == (other,)


def test_golden_questions_made_of_feedback_go_or_lead_to_nobody(engine):
    golden = GoldenSets(engine)
    mine = Question("feedback-f1", "I am Ann Baker, how much?", answer="27")
    golden.write("one", [mine, Question("q2", "How much?", answer="27")], by="u:x")
    assert golden.anonymise_made(["feedback-f1"], lambda text: text.replace("Ann Baker", "[removed]")) == {"one": 1}
    first, second = golden.get("one").questions
    assert first.id.startswith("feedback-")
    assert first.id != "feedback-f1"
    assert (first.text, second.id) == ("I am [removed], how much?", "q2")
    assert golden.forget_made([first.id]) == {"one": 1}
    assert [question.id for question in golden.get("one").questions] == ["q2"]


def test_names_and_words_are_taken_out_of_a_report_and_figures_stay():
    record = {"scores": [{"found": ["d1", "d2"], "ndcg": 0.5, "answer": f"So: {SECRET}"}], "by": {"d1": 1}}
    assert erased(record, {"d1"}, Quoted([SECRET])) == {
        "scores": [{"found": ["[erased]", "d2"], "ndcg": 0.5, "answer": "[erased]"}],
        "by": {"[erased]": 1},
    }


def test_a_principal_key_leaves_every_list_and_every_record_of_who_did_it(engine, shelf, catalog):
    rows = ErasureRows(engine)
    shelf.publish("a", "one", frozenset({"u:ann", "g:law"}))
    alone = shelf.publish("b", "two", frozenset({"u:ann"}))
    catalog.set_collection_access("default", readers=["g:everyone", "u:ann"], curators=["u:ann"], version=None)
    catalog.set_document_access(alone.document_id, ["u:ann", "u:bob"], by="u:ann", version=None)
    values = {
        "id": "s",
        "collection": "default",
        "kind": "folder",
        "name": "n",
        "arguments": {},
        "acl": ["u:ann", "g:x"],
    }
    values |= {"watch": False, "paused": False, "created_by": "u:ann", "created_at": NOON}
    with engine.begin() as connection:
        connection.execute(insert(sources).values(values))
    before = catalog.managed_document(alone.document_id, principal=CHIEF).access_version
    assert rows.mentions(["u:ann"]) != {}
    counts = rows.forget_key("u:ann")
    assert counts["access_entries"] == 4
    assert rows.mentions(["u:ann"]) == {}
    with engine.connect() as connection:
        keys = set(connection.scalars(select(document_access.c.principal_key)))
        row = connection.execute(select(sources.c.acl, sources.c.created_by)).one()
    assert keys == {"g:law", "u:bob"}
    assert tuple(row) == (["g:x"], FORGOTTEN)
    after = catalog.managed_document(alone.document_id, principal=CHIEF)
    assert (after.access_set_by, after.access_version) == (FORGOTTEN, before + 1)
    assert [due.acl for due in catalog.relabellings(10) if due.acl == frozenset({"u:bob"})]


def test_a_question_that_is_kept_late_stays_its_askers_until_it_is_forgotten_too(engine, log):
    log.record(asked("i1", "d1"))
    rows = ErasureRows(engine)
    rows.forget_key("u:ann")
    assert rows.mentions(["u:ann"]) == {"interactions.principal_id": 1, "interactions.payload": 1}
    assert log.forget_asker("u:ann") == 1


def test_stretches_of_text_that_others_hold_too_are_not_looked_for(engine, shelf):
    rows = ErasureRows(engine)
    one = shelf.publish("a", "common words of both\nonly 100 % here ü")
    shelf.publish("b", "common words of both\nand more")
    assert rows.elsewhere(one.document_id, ["common words of both", "only 100 % here ü"]) == ["only 100 % here ü"]
    assert rows.mentions(["only 100 % here ü"]) == {"revisions.text": 1, "chunks.text": 1}
    assert rows.mentions(["only 100 _ here ü", "nowhere at all"]) == {}
    assert rows.is_alone(one.document_id, "a")
    shelf.publish("a2", "x")
    assert not rows.is_alone(one.document_id, "a")


def test_a_document_that_was_never_taken_in_by_a_run_leaves_none(engine, shelf):
    one = shelf.publish("a", "one")
    traces = Traces(one.document_id, "default", "a", (one.id,))
    assert ErasureRows(engine).originals(traces) == set()
    assert set(ErasureRows(engine).forget_document(traces).values()) == {0}


def test_originals_of_versions_that_the_quarantine_held_are_known(engine, shelf):
    one = shelf.publish("a", "one")
    with engine.begin() as connection:
        of = connection.scalar(select(documents.c.collection_id).where(documents.c.id == one.document_id))
        values = {"collection_id": of, "name": "a", "reason": "r", "findings": [], "held_at": NOON}
        for key, uri, sha256 in (("q1", "a", "b" * 64), ("q2", "other", "c" * 64)):
            row = values | {"id": key, "uri": uri, "content_sha256": sha256}
            connection.execute(insert(quarantined).values(row))
    rows, traces = ErasureRows(engine), Traces(one.document_id, "default", "a", (one.id,))
    assert rows.originals(traces) == {"b" * 64}
    assert rows.forget_document(traces)["quarantined"] == 1
    assert rows.originals(traces) == set()


def test_an_erasure_goes_on_until_it_is_finished(engine):
    erasures = Erasures(engine)
    begun = erasures.begin("document", "d1", by="u:chief", receipt={})
    erasures.note(begun.id, {"work": {"ids": ["r1"]}})
    again = erasures.begin("document", "d1", by="u:other", receipt={})
    assert (again.id, again.receipt, again.requested_by) == (begun.id, {"work": {"ids": ["r1"]}}, "u:chief")
    assert [one.id for one in erasures.unfinished()] == [begun.id]
    ended = erasures.note(begun.id, {"erased": {}}, finished=True)
    assert ended.finished_at is not None
    assert erasures.unfinished() == []
    second = erasures.begin("document", "d1", by="u:chief", receipt={})
    assert [one.id for one in erasures.page()] == [second.id, begun.id]
    assert [one.id for one in erasures.page(before=second)] == [begun.id]
    with pytest.raises(NotFoundError):
        erasures.get("\x00")


def test_a_document_that_is_gone_is_known_by_what_answers_quote_of_it(log):
    log.record(asked("i1", "d1", "d2"))
    found = log.remembered("d1")
    assert (found.uri, found.collection, found.texts) == ("file:///d1", "default", (SECRET,))
    assert (found.revision_ids, found.chunk_ids) == (("d1-r",), ("d1-c",))
    nothing = log.remembered("d9")
    assert (nothing.uri, nothing.texts, nothing.chunk_ids) == ("", (), ())
