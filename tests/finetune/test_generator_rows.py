"""What a language model is taught by what people said about answers."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from finetune.generator_rows import Said, Terms, messages_of, rows_of, well_cited
from finetune.resolve import anchor_of
from finetune.scrub import Scrubber
from retrieval.prompt import NOT_ANSWERED, Prompt, build_messages
from retrieval.types import Answer, Chunk, Citation, Feedback, Interaction, Passage, Turn

AT = datetime(2026, 11, 3, 12, 30, tzinfo=UTC)


def passage(key, text=None):
    text = text or f"Text of {key}."
    return Passage(Chunk(key, f"doc-{key}", f"rev-{key}", 0, 0, len(text), text, "", (), 3), "default", "T", "u", 1.0)


PASSAGES = tuple(passage(key) for key in "abc")


def citation(number, key):
    return Citation(number, f"doc-{key}", f"rev-{key}", key, "T", "u", (), None, None, 0, 4, "Text")


def asked(text="It is so. [1] And so. [2]", cited="ca", key="i1", **more):
    citations = tuple(citation(number, one) for number, one in enumerate(cited, start=1))
    given = {"id": key, "question": "How many days?", "history": (), "collection": None, "principal_id": "u:ann"}
    given |= {"answer": Answer(text, False, 0.9, citations), "passages": PASSAGES, "timings_ms": {}, "asked_at": AT}
    return Interaction(**(given | more))


def said(key="f1", **more):
    return Feedback(**({"id": key, "interaction_id": "i1", "principal_id": "u:bob", "given_at": AT} | more))


def corrected(answer, **more):
    return said(answer=answer, approved_by="u:admin", **more)


def everywhere(anchors):
    return dict.fromkeys(anchors, True)


TERMS = Terms(everywhere)


def only(feedback, interaction=None, terms=TERMS):
    rows = rows_of([Said(interaction or asked(), feedback)], terms)
    return next(iter((*rows.corrected, *rows.thumbs)), None)


def test_a_model_is_told_what_a_generator_would_be_told():
    interaction = asked(generation={"mark": "<<0a0b0c0d>>"})
    prompt = Prompt(interaction.question, PASSAGES, mark="<<0a0b0c0d>>")
    assert messages_of(interaction, TERMS) == tuple(build_messages(prompt, context_tokens=8192))


def test_the_marks_of_a_correction_become_the_numbers_of_the_passages():
    # [1] cites c, the third passage, and [2] a, the first.
    assert only(corrected("Five days. [1] Or four. [2]")).reply == "Five days. [3] Or four. [1]"


def test_a_mark_that_cites_nothing_goes():
    assert only(corrected("Five days. [1][9]")).reply == "Five days. [3]"


@pytest.mark.parametrize(
    "named",
    [
        {"right_chunks": ("b",)},
        {"evidence": "text OF  b."},
        {"right_documents": ("doc-b",)},
    ],
)
def test_a_correction_without_marks_cites_what_it_calls_right(named):
    assert only(corrected("Five days.", **named)).reply == "Five days. [2]"


def test_a_correction_that_cites_nothing_teaches_nothing():
    assert only(corrected("Five days.")) is None


def test_a_correction_that_nobody_approved_teaches_nothing():
    assert only(said(answer="Five days. [1]")) is None


def test_what_is_corrected_is_the_worse_of_a_pair():
    rows = rows_of([Said(asked(), corrected("Five days. [1]"))], TERMS)
    assert [(row.reply, row.worse) for row in rows.pairs] == [("Five days. [3]", "It is so. [3] And so. [1]")]


def test_a_thumb_says_whether_what_the_model_said_was_liked():
    row = only(said(verdict="down"))
    assert (row.reply, row.liked) == ("It is so. [3] And so. [1]", False)


def test_an_answer_that_was_none_is_liked_as_the_model_words_it():
    nothing = asked(answer=Answer("Nothing answers this.", True, 0.0, ()))
    assert only(said(verdict="up"), nothing).reply == NOT_ANSWERED


def test_an_answer_that_no_model_worded_is_not_judged():
    degraded = asked(answer=Answer("It is so. [1]", False, 0.9, (citation(1, "a"),), degraded=True))
    assert only(said(verdict="up"), degraded) is None


def test_one_persons_thumbs_of_a_week_are_bounded():
    heard = [Said(asked(key=f"i{n}"), said(f"f{n}", verdict="up")) for n in range(100)]
    # Ten of weight, and a thumb weighs a half.
    assert len(rows_of(heard, TERMS).thumbs) == 20


def test_one_persons_choices_of_a_week_are_bounded():
    others = [asked("No. [1]", "b", key=f"o{n}") for n in range(100)]
    heard = [Said(asked(key=f"i{n}"), said(f"f{n}", preferred_over=f"o{n}")) for n in range(100)]
    assert len(rows_of(heard, TERMS, others=others).preferred) == 10


def test_of_two_answers_the_worse_is_told_in_the_numbers_of_the_betters_passages():
    other = asked("No. [1]", "b", key="i2", principal_id="u:cem")
    rows = rows_of([Said(asked(), said(preferred_over="i2"))], TERMS, others=[other])
    (row,) = rows.preferred
    assert (row.reply, row.worse) == ("It is so. [3] And so. [1]", "No. [2]")
    assert (row.sources, row.people) == (("f1", "i1", "i2"), ("u:ann", "u:bob", "u:cem"))


def test_answers_to_two_questions_are_not_compared():
    other = asked("No. [1]", "b", key="i2", question="Why?")
    assert rows_of([Said(asked(), said(preferred_over="i2"))], TERMS, others=[other]).preferred == ()


def test_nothing_is_learned_of_answers_with_a_passage_that_not_everybody_may_read_or_that_is_gone():
    secret = anchor_of("doc-b", PASSAGES[1].chunk.text)
    for standing in ({"closed": False}, {}):
        terms = Terms(lambda anchors, s=standing: {a: s.get("closed") if a == secret else True for a in anchors})
        assert only(corrected("Five days. [1]"), terms=terms) is None
    gone = Terms(lambda anchors: dict.fromkeys(anchors - {secret}, True))
    assert only(corrected("Five days. [1]"), terms=gone) is None


def test_nothing_is_learned_of_a_worse_answer_with_a_closed_passage():
    other = asked("No. [1]", "b", key="i2", passages=(*PASSAGES, passage("z")))
    terms = Terms(lambda anchors: {a: a.document_id != "doc-z" for a in anchors})
    heard = [Said(asked(), said(preferred_over="i2"))]
    assert rows_of(heard, TERMS, others=[other]).preferred
    assert rows_of(heard, terms, others=[other]).preferred == ()


@pytest.mark.parametrize("named", [{"right_documents": ("doc-b", "doc-z")}, {"evidence": "Only doc-z says so."}])
def test_nothing_is_learned_of_a_correction_that_stands_on_what_was_not_among_the_passages(named):
    # Whoever corrected may read doc-z; nobody looked up who else may.
    assert only(corrected("Five days. [1]", **named)) is None


def test_nothing_is_learned_of_answers_with_a_passage_of_an_approved_answer():
    # It repeats its author, and the documents that it was made of.
    approved = replace(PASSAGES[1], uri="answer:f9")
    assert only(corrected("Five days. [1]"), asked(passages=(PASSAGES[0], approved, PASSAGES[2]))) is None


def test_what_there_was_no_room_for_is_no_passage_and_nothing_that_cites_it_is_taught():
    long = tuple(passage(key, f"Text of {key}. " * 200) for key in "abc")
    short = Terms(everywhere, context_tokens=1500)
    interaction = asked(cited="bc", passages=long)
    row = only(corrected("Five days. [1]"), interaction, short)
    assert (row.reply, row.passages) == ("Five days. [2]", 2)
    assert "[3]" not in row.messages[-1][1]
    assert only(corrected("Five days. [2]"), interaction, short) is None
    assert only(said(verdict="up"), interaction, short) is None


def test_nothing_is_learned_of_what_leans_on_earlier_turns():
    assert only(corrected("Five days. [1]"), asked(history=(Turn("user", "My salary is 5."),))) is None


def test_personal_data_is_the_same_pseudonym_in_question_passage_and_reply():
    mail = "ann.example@example.org"
    found = replace(PASSAGES[2], chunk=replace(PASSAGES[2].chunk, text=f"Write to {mail} today."))
    interaction = asked(question=f"Who is {mail}?", passages=(*PASSAGES[:2], found))
    row = only(corrected(f"Write to {mail}. [1]"), interaction, Terms(everywhere, scrub=Scrubber(b"k" * 32)))
    told = row.messages[-1][1]
    pseudonym = row.reply.removeprefix("Write to ").removesuffix(". [3]")
    assert mail not in told + row.reply + row.worse
    assert told.count(pseudonym) == 2


def test_the_order_of_what_was_said_does_not_matter():
    heard = [Said(asked(key=f"i{n}"), replace(corrected("Five. [1]"), id=f"f{n}")) for n in range(5)]
    assert rows_of(heard, TERMS) == rows_of(heard[::-1], TERMS)


@pytest.mark.parametrize(
    ("text", "formed"),
    [
        ("So. [1]", True),
        ("So. [1][3]", True),
        ("So.", False),
        ("So. [4]", False),
        ("So. [0]", False),
        ("So. [x]", False),
    ],
)
def test_marks_are_well_formed_where_all_name_a_passage(text, formed):
    assert well_cited(text, 3) is formed
