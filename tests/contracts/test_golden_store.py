"""Golden sets in the catalog: every change is a version, and no version changes."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from eval.golden import GoldenPassage, GoldenSet, Question
from eval.golden_store import GoldenSets
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.types import Turn

FULL = Question(
    id="q1",
    text="Wie viele Tage “ünder” 100 %_?",
    history=(Turn("user", "Hello"), Turn("assistant", "Hello?")),
    answer="27",
    evidence="27 days a year.",
    relevant={"file:///a b.md": 2.0, "people/leave.md": 0.5},
    passages=(GoldenPassage("people/leave.md", "27 days a year."),),
    tags={"department": "HR", "type": "single"},
    variants={"paraphrase": "How much leave?", "de": "Wie viel Urlaub?"},
    draft=True,
)
APPROVED = replace(FULL, draft=False, answer="28")
REFUSAL = Question("q2", "Is there a dog?", answerable=False, tags={"type": "unanswerable"})
PLAIN = Question("q3", "Whom do I ask?")


@pytest.fixture
def sets(engine):
    return GoldenSets(engine)


def test_a_set_comes_back_as_it_was_written(sets):
    made = sets.write("hand.book_1-x", [REFUSAL, FULL, PLAIN], by="u:ann", note="first")
    assert (made.name, made.number, made.note, made.created_by) == ("hand.book_1-x", 1, "first", "u:ann")
    assert (made.questions, made.drafts) == (3, 1)
    assert abs((datetime.now(UTC) - made.created_at).total_seconds()) < 60
    found = sets.get("hand.book_1-x")
    assert found == GoldenSet((REFUSAL, FULL, PLAIN), name="hand.book_1-x", version=1)
    assert found.sha256 == made.sha256


def test_an_empty_set_is_a_set(sets):
    assert sets.write("a", [], by="u:ann").number == 1
    assert sets.get("a").questions == ()
    assert sets.version("a").drafts == 0


def test_writing_again_makes_a_version_and_leaves_the_others(sets):
    sets.write("a", [PLAIN], by="u:ann")
    sets.write("a", [FULL, REFUSAL], by="u:bob", note="more")
    assert [(v.number, v.questions, v.created_by) for v in sets.versions("a")] == [(2, 2, "u:bob"), (1, 1, "u:ann")]
    assert sets.get("a", 1).questions == (PLAIN,)
    assert sets.get("a").questions == sets.get("a", 2).questions == (FULL, REFUSAL)


def test_the_same_questions_make_no_version(sets):
    first = sets.write("a", [FULL, PLAIN], by="u:ann")
    turned = replace(FULL, relevant=dict(reversed(FULL.relevant.items())), tags=dict(reversed(FULL.tags.items())))
    assert sets.write("a", [turned, PLAIN], by="u:bob", note="again") == first
    assert sets.write("a", [PLAIN, FULL], by="u:bob").number == 2


def test_sets_are_listed_by_name_with_their_newest_version(sets):
    assert sets.sets() == []
    for name in ("b", "a", "C"):
        sets.write(name, [PLAIN], by="u:ann")
    sets.write("a", [FULL], by="u:ann")
    assert [(v.name, v.number, v.drafts) for v in sets.sets()] == [("C", 1, 0), ("a", 2, 1), ("b", 1, 0)]


def test_a_question_is_approved_edited_and_taken_out(sets):
    sets.write("a", [FULL, PLAIN], by="u:ann")
    approved = sets.revise("a", [(FULL, APPROVED)], by="u:bob", note="approved q1")
    assert (approved.number, approved.drafts, approved.created_by) == (2, 0, "u:bob")
    assert sets.get("a").questions == (APPROVED, PLAIN)
    with pytest.raises(ConflictError, match="somebody changed the question 'q1' meanwhile"):
        sets.revise("a", [(FULL, None)], by="u:ann")
    assert sets.revise("a", [(APPROVED, None)], by="u:bob").questions == 1
    assert sets.get("a").questions == (PLAIN,)
    assert sets.get("a", 1).questions == (FULL, PLAIN)
    with pytest.raises(NotFoundError):
        sets.revise("a", [(APPROVED, None)], by="u:bob")
    with pytest.raises(NotFoundError):
        sets.revise("none", [(PLAIN, None)], by="u:bob")


def test_many_reviews_make_one_version_and_all_or_none_of_them_count(sets):
    drafts = [Question(f"d{n}", f"Question {n}?", draft=True) for n in range(4)]
    sets.write("a", drafts, by="u:ann")
    approved = replace(drafts[0], draft=False)
    made = sets.revise("a", [(drafts[0], approved), (drafts[2], None), (drafts[3], None)], by="u:bob", note="reviewed")
    assert (made.number, made.questions, made.drafts, made.note) == (2, 2, 1, "reviewed")
    assert sets.get("a").questions == (approved, drafts[1])
    with pytest.raises(ConflictError, match="'d0'"):
        sets.revise("a", [(drafts[1], None), (drafts[0], None)], by="u:bob")
    with pytest.raises(NotFoundError, match="'d2'"):
        sets.revise("a", [(drafts[1], None), (drafts[2], None)], by="u:bob")
    assert sets.version("a").number == 2


def test_what_was_taken_out_is_not_added_again(sets):
    sets.add("a", [FULL, PLAIN], by="u:ann")
    sets.revise("a", [(FULL, None)], by="u:ann")
    assert sets.add("a", [FULL, PLAIN], by="u:ann").number == 2
    assert sets.add("a", [FULL, REFUSAL], by="u:ann").number == 3
    assert [q.id for q in sets.get("a").questions] == ["q3", "q2"]


def test_a_deleted_set_is_gone_and_its_name_is_free(sets):
    sets.write("a", [PLAIN], by="u:ann")
    sets.write("a", [FULL], by="u:ann")
    sets.delete("a")
    assert sets.sets() == []
    assert sets.write("a", [REFUSAL], by="u:ann").number == 1
    assert sets.keys("a") == {"q2"}


@pytest.mark.parametrize("name", ["none", "", "a\x00", "\ud800", "x" * 65, "a b"])
def test_a_missing_set_is_not_found(sets, name):
    for ask in (sets.get, sets.version, sets.versions, sets.delete):
        with pytest.raises(NotFoundError):
            ask(name)


@pytest.mark.parametrize("number", [0, -1, 2, 2**40])
def test_a_missing_version_is_not_found(sets, number):
    sets.write("a", [PLAIN], by="u:ann")
    with pytest.raises(NotFoundError, match=f"version {number}"):
        sets.get("a", number)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a b", "ä", "x" * 65, "a\n", "a\x00"])
def test_a_name_that_cannot_be_addressed_is_refused(sets, name):
    with pytest.raises(InvalidInputError, match="cannot name a golden set"):
        sets.write(name, [PLAIN], by="u:ann")


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (replace(PLAIN, text="a\x00b"), 'entry 2: the field "text" holds a NUL'),
        (replace(PLAIN, answer="a\ud800b"), 'entry 2: the field "answer" holds a NUL'),
        (replace(PLAIN, tags={"a": "\x00"}), 'entry 2: the field "tags" holds a NUL'),
        (replace(PLAIN, relevant={"\udfff": 1.0}), 'entry 2: the field "documents" holds a NUL'),
        (replace(PLAIN, history=(Turn("user", "\x00"),)), 'entry 2: the field "history" holds a NUL'),
        (replace(PLAIN, id="q1"), "entry 2: the \"_id\" 'q1' stands on entry 1 already"),
        (replace(PLAIN, id="x" * 256), "entry 2: an id has at most 255"),
        (replace(PLAIN, id=""), 'entry 2: the field "_id" is missing'),
        (replace(PLAIN, text=" "), "entry 2: the question is empty"),
        (replace(PLAIN, text="?" * 4001), "entry 2: a question has at most 4,000"),
        (replace(PLAIN, passages=(GoldenPassage("x", "y"),), relevant={"z": 1.0}), "entry 2: a passage names 'x'"),
    ],
)
def test_a_question_that_cannot_be_kept_is_named_and_nothing_is_kept(sets, question, said):
    with pytest.raises(InvalidInputError) as refused:
        sets.write("a", [FULL, question], by="u:ann")
    assert said in str(refused.value)
    assert sets.sets() == []


def test_a_note_that_no_database_holds_is_refused(sets):
    with pytest.raises(InvalidInputError, match="note"):
        sets.write("a", [PLAIN], by="u:ann", note="\x00")


def test_a_version_made_from_an_old_one_is_refused(sets):
    with pytest.raises(ConflictError, match="the newest version of a is 0, not 1"):
        sets.write("a", [PLAIN], by="u:ann", after=1)
    sets.write("a", [PLAIN], by="u:ann", after=0)
    sets.write("a", [FULL], by="u:bob", after=1)
    with pytest.raises(ConflictError, match="the newest version of a is 2, not 1"):
        sets.write("a", [REFUSAL], by="u:ann", after=1)
    assert sets.get("a").questions == (FULL,)


def test_those_who_review_at_the_same_moment_lose_nothing(sets):
    drafts = [Question(f"d{n}", f"Question {n}?", draft=True) for n in range(16)]
    sets.write("a", drafts, by="u:ann")

    def review(n):
        after = replace(drafts[n], draft=False) if n % 2 else None
        return sets.revise("a", [(drafts[n], after)], by=f"u:{n}").number

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(review, range(16)))
    assert sorted(numbers) == list(range(2, 18))
    assert sets.get("a").questions == tuple(replace(drafts[n], draft=False) for n in range(1, 16, 2))


def test_those_who_make_a_set_at_the_same_moment_all_succeed_or_are_told(sets):
    def make(n):
        try:
            return sets.write("a", [Question(f"q{n}", "What?")], by=f"u:{n}").number
        except ConflictError:
            return None

    with ThreadPoolExecutor(8) as pool:
        numbers = [number for number in pool.map(make, range(8)) if number]
    assert sorted(numbers) == list(range(1, len(numbers) + 1)) != []
    assert len(sets.versions("a")) == len(numbers)
