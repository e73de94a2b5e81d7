"""Who won an answer that two teams placed, and who belongs to a share."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from finetune.interleaving import Credit, counted, in_share, own_outcome, paired, team_outcome
from retrieval.feedback_types import Feedback, Reading
from retrieval.learnt import Learnt
from retrieval.types import Answer, Chunk, Citation, Interaction, Passage

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def citation(number, chunk):
    return Citation(number, "d", "r", chunk, "T", "upload:t", (), None, None, 0, 1, "q")


def interaction(teams, cited=()):
    passages = tuple(
        Passage(Chunk(key, "d", "r", 0, 0, 1, key, "", (), 1), "default", "T", "u", 1.0, learnt=Learnt(team, team=team))
        for key, team in teams.items()
    )
    answer = Answer("A [1]", False, 1.0, tuple(citation(n, key) for n, key in enumerate(cited, 1)))
    return Interaction("i", "q", (), None, "u:ann", answer, passages, {}, NOW)


def opened(chunk, seconds=30.0, kind="opened"):
    return Reading("r", "i", "u:ann", chunk, kind, 1, seconds, NOW)


def said(verdict=None, **more):
    return Feedback("f", "i", "u:ann", NOW, verdict, **more)


MIXED = interaction({"a": "new", "b": "", "c": "new", "d": ""}, cited=("a", "c", "b"))


def outcome(signal, of=MIXED, live=""):
    return team_outcome(of, signal, candidate="new", live=live)


@pytest.mark.parametrize(
    ("signal", "won"),
    [
        (opened("a"), 1),
        (opened("b"), -1),
        (opened("b", 0.0, "copied"), -1),
        (opened("a", 3.0), None),
        (opened("gone"), 0),
        (said("up"), 1),  # two of three citations
        (said("down"), None),
        (said("down", wrong_chunks=("a",)), -1),
        (said("down", wrong_chunks=("a",), right_chunks=("b",)), -1),
        (said("down", wrong_chunks=("b",)), 1),
        (said(right_chunks=("d",)), -1),
        (said("up", right_chunks=("a", "b")), 0),
    ],
)
def test_a_signal_speaks_for_the_team_that_placed_what_was_used(signal, won):
    assert outcome(signal) == won


def test_where_one_team_placed_everything_nobody_wins():
    assert outcome(opened("a"), interaction({"a": "", "b": ""})) is None
    assert outcome(opened("a"), interaction({"a": "new"})) is None


def test_an_answer_of_another_trial_says_nothing():
    assert outcome(opened("a"), live="before") is None
    assert outcome(opened("a"), interaction({"a": "other", "b": ""})) is None


def test_an_answer_without_anything_learned_says_nothing():
    plain = replace(MIXED, passages=tuple(replace(passage, learnt=None) for passage in MIXED.passages))
    assert outcome(opened("a"), plain) is None


@pytest.mark.parametrize(
    ("signal", "found"),
    [
        (said("up"), 1),
        (said("down"), -1),
        (said(wrong_documents=("d",)), -1),
        (said(answer="It is 27."), None),
        (opened("a"), 1),
        (opened("a", 1.0), None),
    ],
)
def test_a_signal_finds_an_answer_right_or_not(signal, found):
    assert own_outcome(signal) == found


def test_a_share_is_as_large_as_it_says_and_stays():
    people = [f"u:{number}" for number in range(4_000)]
    for share in (0.05, 0.25, 1.0):
        inside = [person for person in people if in_share("t", person, share)]
        assert len(inside) / len(people) == pytest.approx(share, abs=0.02)  # 2.9 standard deviations at a quarter
        assert inside == [person for person in people if in_share("t", person, share)]


def test_whoever_is_in_a_small_share_is_in_a_larger_one():
    people = [f"u:{number}" for number in range(500)]
    small = {person for person in people if in_share("t", person, 0.05)}
    assert small <= {person for person in people if in_share("t", person, 0.25)}


def test_another_trial_draws_others():
    people = [f"u:{number}" for number in range(500)]
    first, second = ({person for person in people if in_share(trial, person, 0.25)} for trial in ("t", "v"))
    assert first != second


def test_answers_are_counted():
    given = [Credit(f"i{n}", "u:ann", outcome, NOW) for n, outcome in enumerate((1, 1, -1, 0))]
    assert counted(given) == (2, 1, 1)
    assert counted([]) == (0, 0, 0)


def test_what_has_no_partner_yet_is_not_counted():
    people = [f"u:{number}" for number in range(100)]
    inside = next(person for person in people if in_share("t", person, 0.5))
    outside = next(person for person in people if not in_share("t", person, 0.5))
    given = [Credit("i1", inside, 1, NOW), Credit("i2", inside, -1, NOW), Credit("i3", outside, -1, NOW)]
    assert paired(given, trial_id="t", share=0.5) == (1, 0, 0)
