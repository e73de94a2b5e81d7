"""What somebody says about an answer counts in the trial in which it was made, and only if they asked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from app.learning import Rollout
from finetune.trials import Trial
from retrieval.feedback_types import Feedback, Reading
from retrieval.learnt import Learnt
from retrieval.types import Answer, Chunk, Interaction, Passage

BEGUN = datetime(2026, 6, 1, tzinfo=UTC)
LATER = BEGUN + timedelta(hours=1)


def trial(kind):
    return Trial("t", "new", None, kind, "running", 1.0, 0, 0, 0, {}, "", "u:chief", BEGUN)


class Trials:
    def __init__(self):
        self.credits = []

    def credit(self, trial_id, credit):
        self.credits.append((trial_id, credit.interaction_id, credit.principal_id, credit.outcome))
        return trial("interleave")

    def recount(self, trial_id, interaction_id, credit):
        self.credits.append((trial_id, interaction_id, credit and (credit.principal_id, credit.outcome)))
        return trial("interleave")


def rollout(kind):
    now = SimpleNamespace(trial=None if kind is None else trial(kind), challenger=None)
    return Rollout(None, None, Trials(), SimpleNamespace(now=now), None, None)


def passage(key, team):
    return Passage(
        Chunk(key, "d", "r", 0, 0, 1, key, "", (), 1), "default", "T", "u", 1.0, learnt=Learnt(team, team=team)
    )


ASKED = Interaction(
    "i", "q", (), None, "u:ann", Answer("A", False, 1.0, ()), (passage("a", "new"), passage("b", "")), {}, LATER
)
COPIED = Reading("r", "i", "u:ann", "a", "copied", 1, 0.0, LATER)
DOWN = Feedback("f", "i", "u:ann", LATER, "down")


def credited(kind, said, asked=ASKED):
    made = rollout(kind)
    made.credited(asked, said)
    return made.trials.credits


def test_what_the_asker_used_is_credited():
    assert credited("interleave", COPIED) == [("t", "i", "u:ann", 1)]


def test_by_shares_the_answer_itself_is_judged():
    assert credited("share", DOWN) == [("t", "i", "u:ann", -1)]


@pytest.mark.parametrize("kind", [None, "shadow"])
def test_where_nobody_is_shown_anything_nothing_is_credited(kind):
    assert credited(kind, COPIED) == []


@pytest.mark.parametrize("said", [COPIED, DOWN])
@pytest.mark.parametrize("kind", ["interleave", "share"])
def test_what_another_says_about_it_is_not(kind, said):
    assert credited(kind, replace(said, principal_id="u:chief")) == []


def test_an_answer_from_before_the_trial_is_not():
    assert credited("share", DOWN, replace(ASKED, asked_at=BEGUN - timedelta(seconds=1))) == []


def test_a_signal_that_says_nothing_is_not():
    assert credited("interleave", replace(COPIED, kind="opened", seconds=1.0)) == []


@pytest.mark.parametrize(
    ("readings", "left"),
    [
        ([], None),
        ([replace(COPIED, kind="opened", seconds=1.0)], None),
        ([replace(COPIED, principal_id="u:chief")], None),
        ([COPIED], ("u:ann", 1)),
    ],
)
def test_when_what_was_said_is_taken_back_the_answer_counts_by_what_was_read_of_it(readings, left):
    made = rollout("interleave")
    made.taken_back(ASKED, readings)
    assert made.trials.credits == [("t", "i", left)]


def test_what_was_taken_back_of_an_answer_from_before_the_trial_changes_nothing():
    made = rollout("share")
    made.taken_back(replace(ASKED, asked_at=BEGUN - timedelta(seconds=1)), [COPIED])
    assert made.trials.credits == []
