"""A golden set says what can be measured with it, and never leaves a gap unexplained."""

from dataclasses import replace
from datetime import UTC, datetime

from eval.describe import describe
from eval.golden import GoldenDocument, GoldenPassage, GoldenSet, Question
from retrieval.types import Document

ANSWERED = Question(
    "q1",
    "How many?",
    answer="27",
    evidence="27 days.",
    relevant={"a.md": 1.0},
    passages=(GoldenPassage("a.md", "27 days."),),
    tags={"type": "single"},
    variants={"de": "Wie viele?"},
)
REFUSED = Question("q2", "A dog?", answerable=False, tags={"type": "unanswerable"})
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def a_document(uri):
    return Document(uri, "default", uri, "T", "text/plain", frozenset(), "r", 1, NOW, NOW)


def said(description, word):
    return [line for line in (*description.missing, *description.notes) if word in line]


def test_a_full_set_lacks_nothing():
    questions = tuple(replace(ANSWERED, id=f"a{n}") for n in range(25)) + tuple(
        replace(REFUSED, id=f"r{n}") for n in range(5)
    )
    found = describe(GoldenSet(questions), [a_document("file:///srv/a.md")])
    assert found.missing == ()
    assert found.notes == ()
    assert set(found.measurable.values()) == {25, 5, 30}
    assert found.tags == {"type": {"single": 25, "unanswerable": 5}}
    assert (found.counts["questions"], found.counts["answerable"], found.counts["unanswerable"]) == (30, 25, 5)


def test_an_empty_set_measures_nothing():
    for golden in (GoldenSet(()), GoldenSet((replace(ANSWERED, draft=True),))):
        found = describe(golden)
        assert found.measurable == {}
        assert found.missing == (
            "Nothing can be measured: there are no questions, or only drafts that nobody has reviewed.",
        )


def test_one_question_gives_no_interval():
    assert said(describe(GoldenSet((ANSWERED,))), "no interval") == [
        "One question gives no interval: two runs cannot be compared with it."
    ]


def test_only_unanswerable_questions_measure_refusals_alone():
    found = describe(GoldenSet(tuple(replace(REFUSED, id=str(n)) for n in range(3))))
    assert found.measurable == {"refusal_accuracy": 3}
    assert said(found, "abstention_auroc") == [
        "abstention_auroc and abstention_accuracy cannot be measured: "
        "they take both kinds, and no question is answerable."
    ]
    assert said(found, "ndcg")
    assert said(found, "evidence_hit")


def test_questions_without_judgements_measure_no_retrieval():
    found = describe(GoldenSet((Question("q1", "What?"), Question("q2", "Who?"))))
    assert found.measurable == {"answered_rate": 2}
    assert said(found, "ndcg") == [
        "ndcg, recall, precision, mrr and map cannot be measured: "
        'no answerable question names a document that exists in "documents".'
    ]


def test_unknown_and_ambiguous_documents_are_named_and_count_as_none():
    questions = (
        replace(ANSWERED, id="1"),
        replace(ANSWERED, id="2", relevant={"gone.md": 1.0}, passages=()),
        replace(ANSWERED, id="3", relevant={"twice.md": 1.0}, passages=()),
    )
    documents = [a_document(uri) for uri in ("file:///x/a.md", "file:///x/twice.md", "file:///y/twice.md")]
    found = describe(GoldenSet(questions), documents)
    assert found.counts["documents"] == 1
    assert said(found, "gone.md") == ["1 names are of no document that may be read: gone.md."]
    assert said(found, "twice.md") == [
        "'twice.md' could be any of 2 documents and counts as none: file:///x/twice.md, file:///y/twice.md."
    ]
    assert said(found, "name no document") == [
        "2 answerable questions name no document that exists; figures about documents leave them out."
    ]


def test_a_corpus_of_its_own_is_what_names_are_held_against():
    golden = GoldenSet(
        (ANSWERED, replace(ANSWERED, id="2", relevant={"b": 1.0}, passages=())), (GoldenDocument("b", "", "x"),)
    )
    assert describe(golden).counts["documents"] == 1
    assert said(describe(golden), "a.md") == ["1 names are of no document that may be read: a.md."]


def test_drafts_are_counted_and_left_out():
    found = describe(GoldenSet((ANSWERED, replace(ANSWERED, id="2", draft=True, tags={"type": "draft"}))))
    assert (found.counts["questions"], found.counts["drafts"], found.counts["answerable"]) == (2, 1, 1)
    assert found.tags == {"type": {"single": 1}}
    assert said(found, "drafts") == ["1 of 2 questions are drafts that nobody has reviewed; they are left out."]


def test_what_was_left_out_while_reading_is_repeated():
    found = describe(GoldenSet((ANSWERED,), skipped={"questions of another split": 7}))
    assert said(found, "another split") == ["7 questions of another split were left out."]
