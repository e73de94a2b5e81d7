"""What people said about answers is kept for them and for administrators, and for nobody else."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.feedback import FeedbackLog
from retrieval.feedback_types import Counts, corrects
from retrieval.guard_types import GuardDecision
from retrieval.interactions import Glance, InteractionLog
from retrieval.quoting import Quoted
from retrieval.readings import Readings
from retrieval.types import Answer, Chunk, Citation, Feedback, Interaction, Passage, Principal, Turn

AT = datetime(2026, 11, 3, 12, 30, 15, 123456, tzinfo=UTC)
ANN, BOB = Principal("u:ann"), Principal("u:bob")
CLERK = Principal("u:clerk", administrator=True)
NOBODIES = (Principal("", frozenset()), Principal("\x00", frozenset()), Principal("", frozenset(), administrator=True))


def asked(key: str, principal_id: str = "u:ann", minute: int = 0) -> Interaction:
    answer = Answer("No.", True, 0.0, ())
    at = AT + timedelta(minutes=minute)
    return Interaction(key, f"What is {key}?", (), None, principal_id, answer, (), {"total": 1.0}, at)


def said(key: str, about: str = "i1", minute: int = 0, **more) -> Feedback:
    return Feedback(key, about, "", AT + timedelta(minutes=minute), **({"verdict": "up"} | more))


@pytest.fixture
def questions(engine):
    log = InteractionLog(engine)
    for interaction in (asked("i1"), asked("i2", minute=1), asked("b1", "u:bob", minute=2)):
        log.record(interaction)
    return log


@pytest.fixture
def log(questions):
    return FeedbackLog(questions._engine)


def test_feedback_comes_back_as_it_was_said(log):
    whole = said(
        "f1",
        verdict="down",
        reasons=("wrong_answer", "outdated"),
        answer="It is “27” days\x00.",
        evidence="Ünder %_",
        right_documents=("d1", "d2"),
        wrong_documents=("d3",),
    )
    assert log.record(whole, principal=ANN) == replace(whole, principal_id="u:ann")
    assert log.get("f1", principal=ANN) == replace(whole, principal_id="u:ann")


def test_one_rates_only_ones_own_answers_and_is_not_told_which_others_there_are(log):
    texts = []
    for about, principal in (("i1", BOB), ("i9", BOB), ("\x00", ANN), *(("i1", nobody) for nobody in NOBODIES)):
        with pytest.raises(NotFoundError) as caught:
            log.record(said("f1", about), principal=principal)
        texts.append(str(caught.value).replace(about, "ID"))
    assert len(set(texts)) == 1
    assert log.recent(principal=CLERK) == []


def test_an_administrator_may_say_something_about_any_answer(log):
    log.record(said("f1"), principal=CLERK)
    assert log.get("f1", principal=CLERK).principal_id == "u:clerk"


def test_nobody_speaks_in_the_name_of_another_or_approves_what_they_say(log):
    kept = log.record(replace(said("f1"), principal_id="u:bob", approved_by="u:bob"), principal=ANN)
    assert (kept.principal_id, kept.approved_by) == ("u:ann", None)
    assert log.get("f1", principal=ANN) == kept


def test_saying_something_again_replaces_it_and_its_approval(log):
    log.record(said("f1"), principal=ANN)
    log.approve("f1", by=CLERK)
    log.record(said("f2", answer="27"), principal=ANN)
    assert [f.id for f in log.of_interaction("i1", principal=ANN)] == ["f2"]
    assert log.approved(principal=CLERK) == []
    # Whoever read the first must not approve the second unseen.
    with pytest.raises(NotFoundError):
        log.approve("f1", by=CLERK)


def test_two_people_may_differ_about_one_answer(log):
    log.record(said("f1", minute=1), principal=ANN)
    log.record(said("f2", minute=2, verdict="down"), principal=CLERK)
    assert [f.verdict for f in log.of_interaction("i1", principal=CLERK)] == ["down", "up"]
    assert [f.id for f in log.of_interaction("i1", principal=ANN)] == ["f1"]


def test_of_many_who_say_something_at_once_under_one_name_one_is_kept(log):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: log.record(said(f"f{n}"), principal=ANN), range(24)))
    assert len(log.of_interaction("i1", principal=ANN)) == 1


@pytest.mark.parametrize("empty", [{}, {"answer": ""}, {"reasons": ()}])
def test_saying_nothing_is_refused(log, empty):
    with pytest.raises(InvalidInputError):
        log.record(said("f1", verdict=None, **empty), principal=ANN)


def test_an_id_is_given_once(log):
    log.record(said("f1"), principal=ANN)
    with pytest.raises(ConflictError):
        log.record(said("f1", "i2"), principal=ANN)


def test_missing_and_foreign_feedback_are_one_error(log):
    log.record(said("f1"), principal=ANN)
    texts = []
    for key, principal in (("f1", BOB), ("f9", BOB), ("\x00", ANN), *(("f1", nobody) for nobody in NOBODIES)):
        with pytest.raises(NotFoundError) as caught:
            log.get(key, principal=principal)
        texts.append(str(caught.value).replace(key, "ID"))
    assert len(set(texts)) == 1


def test_recent_gives_the_newest_first_ones_own_or_everybodys(log):
    log.record(said("f1", "i1", minute=1), principal=ANN)
    log.record(said("f2", "b1", minute=2), principal=BOB)
    log.record(said("f3", "i2", minute=3), principal=ANN)
    assert [f.id for f in log.recent(principal=CLERK)] == ["f3", "f2", "f1"]
    assert [f.id for f in log.recent(principal=CLERK, limit=1)] == ["f3"]
    assert [f.id for f in log.recent(principal=ANN)] == ["f3", "f1"]
    assert [f.id for f in log.recent(principal=CLERK, since=AT + timedelta(minutes=1))] == ["f3", "f2"]
    assert [log.recent(principal=nobody) for nobody in NOBODIES] == [[], [], []]


@pytest.mark.parametrize("limit", [0, 1001])
def test_a_limit_out_of_range_is_refused(log, questions, limit):
    with pytest.raises(InvalidInputError):
        log.recent(principal=CLERK, limit=limit)
    with pytest.raises(InvalidInputError):
        questions.window(principal=CLERK, limit=limit)


def test_approved_feedback_comes_with_what_it_is_about(log):
    log.record(said("f1", "i1", answer="27"), principal=ANN)
    log.record(said("f2", "b1", minute=1), principal=BOB)
    log.record(said("f3", "i2"), principal=ANN)
    approved = [log.approve(key, by=CLERK) for key in ("f2", "f1")]
    assert [f.approved_by for f in approved] == ["u:clerk", "u:clerk"]
    assert log.approved(principal=CLERK) == [(approved[1], asked("i1")), (approved[0], asked("b1", "u:bob", 2))]
    assert [f.id for f, _ in log.approved(principal=BOB)] == ["f2"]


def test_a_second_approval_changes_nothing(log):
    log.record(said("f1"), principal=ANN)
    log.approve("f1", by=CLERK)
    assert log.approve("f1", by=replace(CLERK, id="u:other")).approved_by == "u:clerk"


def test_only_an_administrator_approves(log):
    log.record(said("f1"), principal=ANN)
    for key, by in (("f1", ANN), ("f1", BOB), ("f9", CLERK), ("\x00", CLERK)):
        with pytest.raises(NotFoundError):
            log.approve(key, by=by)
    assert log.get("f1", principal=ANN).approved_by is None


def test_what_is_refused_is_approved_no_more_and_nothing_is_learned_from_it(log):
    log.record(said("f1"), principal=ANN)
    log.approve("f1", by=CLERK)
    refused = log.refuse("f1", by=CLERK)
    assert (refused.approved_by, refused.refused_by) == (None, "u:clerk")
    assert log.approved(principal=CLERK) == []
    assert [one.said for one in Readings(log.engine).signalled()] == [()]
    approved = log.approve("f1", by=CLERK)
    assert (approved.approved_by, approved.refused_by) == ("u:clerk", None)
    assert [len(one.said) for one in Readings(log.engine).signalled()] == [1]


def test_only_an_administrator_refuses(log):
    log.record(said("f1"), principal=ANN)
    for nobody in (ANN, BOB, *NOBODIES[:2]):
        with pytest.raises(NotFoundError):
            log.refuse("f1", by=nobody)


def test_what_was_said_of_several_answers_comes_together(log):
    log.record(said("f1"), principal=ANN)
    log.record(said("f2", minute=1), principal=CLERK)
    log.record(said("f3", "b1"), principal=BOB)
    found = log.of_interactions(["i1", "b1", "i2"], principal=CLERK)
    assert {key: [one.id for one in said] for key, said in found.items()} == {"i1": ["f1", "f2"], "b1": ["f3"]}
    assert log.of_interactions(["i1", "b1"], principal=ANN).keys() == {"i1"}


def test_thumbs_and_corrections_are_counted(log):
    log.record(said("f1", "i1", minute=1, verdict="down", answer="27"), principal=ANN)
    log.record(said("f2", "i2", minute=2, verdict=None, right_documents=("d1",)), principal=ANN)
    log.record(said("f3", "b1", minute=3), principal=BOB)
    log.record(said("f4", "b1", minute=4, verdict=None, wrong_documents=("d1",)), principal=CLERK)
    log.approve("f1", by=CLERK)
    log.refuse("f2", by=CLERK)
    assert log.counts(principal=CLERK) == Counts(up=1, down=1, corrections=3, approved=1, refused=1)
    assert log.counts(principal=CLERK, since=AT + timedelta(minutes=1)) == Counts(
        up=1, down=0, corrections=2, refused=1
    )
    assert log.counts(principal=BOB) == Counts(up=1)


def test_approved_answers_are_counted_and_no_other_corrections(log):
    log.record(said("f1", "i1", answer="27"), principal=ANN)
    log.record(said("f2", "i2", verdict=None, right_documents=("d1",)), principal=ANN)
    log.record(said("f3", "b1", answer="28"), principal=BOB)
    log.approve("f1", by=CLERK)
    log.approve("f2", by=CLERK)
    assert (log.approved_answers(principal=CLERK), log.approved_answers(principal=BOB)) == (1, 0)


@pytest.mark.parametrize(
    ("more", "is_one"),
    [
        ({"answer": "27"}, True),
        ({"evidence": "27 days"}, True),
        ({"right_documents": ("d1",)}, True),
        ({"wrong_documents": ("d1",)}, True),
        ({"right_chunks": ("c1",)}, True),
        ({"wrong_chunks": ("c1",)}, True),
        ({"verdict": "down", "reasons": ("outdated",)}, False),
    ],
)
def test_a_correction_says_what_would_be_right_or_which_source_is_wrong(more, is_one):
    assert corrects(said("f1", **more)) is is_one


def test_a_choice_between_two_answers_says_something(log):
    kept = log.record(said("f1", verdict=None, preferred_over="i2"), principal=ANN)
    assert log.get("f1", principal=ANN) == kept


def test_a_document_takes_its_passages_out_of_feedback(log):
    log.record(said("f1", "i1", right_chunks=("c1", "c2"), evidence="words", wrong_chunks=("c3",)), principal=ANN)
    log.record(said("f2", "b1", verdict=None, wrong_chunks=("c1",)), principal=BOB)
    log.record(said("f3", "i2", right_chunks=("c2",)), principal=ANN)
    assert log.forget_document("d1", Quoted(), ["c1"]) == 2
    left = log.recent(principal=CLERK)
    # Evidence names no document: of a passage of this one it may be this one's.
    assert {f.id: (f.right_chunks, f.wrong_chunks, f.evidence) for f in left} == {
        "f1": (("c2",), ("c3",), None),
        "f3": (("c2",), (), None),
    }


def test_an_administrator_reads_everybodys_questions_page_by_page(questions):
    first = questions.window(principal=CLERK, limit=2)
    assert [i.id for i in first] == ["b1", "i2"]
    assert [i.id for i in questions.window(principal=CLERK, before=first[-1], limit=2)] == ["i1"]
    assert questions.window(principal=ANN) == []
    assert questions.window(principal=Principal("", frozenset(), administrator=True)) == []


def test_a_glance_holds_what_monitoring_looks_at(questions):
    chunk = Chunk("c1", "d1", "r1", 0, 0, 4, "some", "", (), 1)
    found = [Passage(chunk, "default", "T", "file:///t", 1.0, dense) for dense in (0.25, None, 0.75)]
    questions.record(replace(asked("i3", minute=3), passages=tuple(found)))
    (glance,) = questions.window(principal=CLERK, limit=1)
    assert glance == Glance("i3", "u:ann", "What is i3?", AT + timedelta(minutes=3), True, 1.0, (0.75, 0.25))


def test_pages_lose_no_question_of_one_moment(questions):
    for key in ("s1", "s2", "s3"):
        questions.record(asked(key, minute=2))
    seen, before = [], None
    while page := questions.window(principal=CLERK, before=before, limit=1):
        before = page[0]
        seen.append(before.id)
    assert seen == ["s3", "s2", "s1", "b1", "i2", "i1"]


def test_questions_are_counted_for_an_administrator(questions):
    assert questions.count(principal=CLERK, since=AT) == 2
    assert questions.count(principal=ANN, since=AT) == 0


def test_what_was_asked_is_shown_to_its_asker_and_an_administrator(questions):
    ids = ["i1", "b1", "x", "\x00"]
    assert questions.questions(ids, principal=CLERK) == {"i1": "What is i1?", "b1": "What is b1?"}
    assert questions.questions(ids, principal=BOB) == {"b1": "What is b1?"}
    assert questions.questions(ids, principal=Principal("", frozenset(), administrator=True)) == {}


def test_past_questions_say_what_they_stand_on_and_not_that_a_guard_refused(questions):
    def passage(key, document, collection):
        return Passage(Chunk(key, document, "r", 0, 0, 3, "Yes", "", (), 1), collection, "T", "u", 1.0)

    cited = Citation(1, "d2", "r", "c2", "T", "u", (), None, None, 0, 3, "Yes")
    passages = (passage("c1", "d1", "loose"), passage("c2", "d2", "papers"))
    more = {"answer": Answer("Yes. [1]", False, 0.9, (cited,)), "passages": passages}
    refusal = GuardDecision("refused", "rule", "question")
    refused = {"answer": Answer("No.", True, 0.0, (), guards=(refusal,)), "history": (Turn("user", "Hello?"),)}
    questions.record(replace(asked("i3", minute=3), **more))
    questions.record(replace(asked("i4", minute=4), **refused))
    found = questions.past_questions(principal=CLERK, limit=3)
    assert [one.id for one in found] == ["i4", "i3", "b1"]
    assert [one.abstained for one in found] == [False, False, True]
    assert [one.followed for one in found] == [True, False, False]
    assert (found[1].collections, found[1].documents) == ({"papers"}, {"d2"})
    assert found[1].chunk_ids == ("c2", "c1")
    assert questions.past_questions(principal=CLERK, since=AT + timedelta(minutes=3)) == found[:1]
    assert questions.past_questions_of(["i3", "gone"], principal=CLERK) == {"i3": found[1]}


def test_doubtful_are_past_questions_without_an_answer_or_with_feedback(questions, log):
    answered = Answer("Yes. [1]", False, 0.9, ())
    for n in (3, 4):
        questions.record(replace(asked(f"i{n}", minute=n), answer=answered))
    log.record(said("f", "i3"), principal=ANN)

    def doubtful(**more):
        return [one.id for one in questions.past_questions(principal=CLERK, doubtful=True, **more)]

    assert doubtful() == ["i3", "b1", "i2", "i1"]
    assert doubtful(limit=3) == ["i3", "b1"]  # of the last three
    assert doubtful(since=AT + timedelta(minutes=1)) == ["i3", "b1"]


@pytest.mark.parametrize("principal", [ANN, *NOBODIES])
def test_nobody_but_an_administrator_is_shown_what_others_asked(questions, principal):
    assert questions.past_questions(principal=principal) == []
    assert questions.past_questions_of(["i1"], principal=principal) == {}
