"""What any store of trials must do, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from finetune.interleaving import MOST_OF_A_PERSON, Credit, in_share
from finetune.registry import Made, Registry
from finetune.tables import training_sets
from finetune.trials import Trials
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def registry(engine):
    row = {"id": "set-1", "manifest": {}, "questions": 1, "rows": 1, "created_at": NOW}
    with engine.begin() as connection:
        connection.execute(insert(training_sets).values(row))
    registry = Registry(engine)
    for name in ("a", "b"):
        registry.add(Made(name, "memory", "set-1", {}))
        registry.judge(name, passed=True, report={}, reason="")
    return registry


@pytest.fixture
def trials(registry):
    return Trials(registry.engine)


@pytest.fixture
def trial(trials):
    return trials.start("a", "interleave", share=0.5, by="u:ann")


def credit(number, outcome, person=None):
    return Credit(f"i{number:03d}", person or f"u:{number}", outcome, NOW + timedelta(minutes=number))


def test_a_trial_begins_against_what_is_live(registry, trials):
    registry.promote("b", approved_by="u:ann")
    trial = trials.start("a", "interleave", share=0.5, by="u:ann")
    assert (trial.against, trial.state, trial.share) == ("b", "running", 0.5)
    assert trials.running() == trials.get(trial.id) == trial
    assert registry.get("a").state == "trial"
    assert trials.of_candidate("a") == [trial]
    assert trials.of_candidate("b") == []


@pytest.mark.usefixtures("trial")
def test_one_runs_at_a_time(registry, trials):
    with pytest.raises(ConflictError, match="another trial"):
        trials.start("b", "shadow", share=1, by="u:ann")
    assert registry.get("b").state == "passed"


def test_only_what_passed_the_gate_is_tried(registry, trials):
    registry.add(Made("c", "memory", "set-1", {}))
    with pytest.raises(ConflictError, match="is made"):
        trials.start("c", "shadow", share=1, by="u:ann")
    with pytest.raises(NotFoundError):
        trials.start("d", "shadow", share=1, by="u:ann")
    for share in (0, 1.01, -1, float("nan")):
        with pytest.raises(InvalidInputError):
            trials.start("a", "shadow", share=share, by="u:ann")
    assert trials.running() is None


def test_a_trial_that_serves_more_than_half_of_the_people_would_be_a_promotion(trials):
    with pytest.raises(InvalidInputError, match="promote it"):
        trials.start("a", "share", share=0.51, by="u:ann")
    assert trials.start("a", "share", share=0.5, by="u:ann").state == "running"


def test_readers_decide_for_a_candidate(registry, trials, trial):
    number = 0
    while trials.running():
        assert number < 40
        trials.credit(trial.id, credit(number, 1))
        number += 1
    ended = trials.get(trial.id)
    assert (ended.state, ended.wins, ended.losses, registry.get("a").state) == ("won", number, 0, "passed")
    assert ended.ended_at is not None
    # More than one person may say counts: nobody decided alone.
    assert number > MOST_OF_A_PERSON


def test_readers_decide_against_a_candidate(registry, trials, trial):
    for number in range(40):
        trials.credit(trial.id, credit(number, -1))
    assert trials.get(trial.id).state == "lost"
    assert registry.get("a").state == "refused"
    assert "readers decided" in registry.get("a").reason
    with pytest.raises(ConflictError):
        registry.promote("a", approved_by="u:ann")


def test_after_its_end_nothing_is_credited(trials, trial):
    for number in range(40):
        trials.credit(trial.id, credit(number, 1))
    wins = trials.get(trial.id).wins
    assert trials.credit(trial.id, credit(50, -1)).wins == wins
    assert len(trials.credits(trial.id)) == wins


def test_an_answer_counts_once(trials, trial):
    for outcome in (1, 1, -1):
        told = trials.credit(trial.id, credit(1, outcome))
    assert (told.wins, told.losses, told.ties) == (1, 0, 0)


def test_what_decides_an_answer_later_takes_the_place_of_a_tie(trials, trial):
    assert trials.credit(trial.id, credit(1, 0)).ties == 1
    told = trials.credit(trial.id, credit(1, -1))
    assert (told.wins, told.losses, told.ties) == (0, 1, 0)


def test_of_one_person_some_answers_count(trials, trial):
    for number in range(50):
        told = trials.credit(trial.id, credit(number, 1, person="u:eager"))
    assert (told.wins, told.state) == (MOST_OF_A_PERSON, "running")


def test_a_trial_by_shares_holds_answers_of_both_sides_against_each_other(trials):
    trial = trials.start("a", "share", share=0.5, by="u:ann")
    people = [f"u:{number}" for number in range(200)]
    served = [person for person in people if in_share(trial.id, person, 0.5)]
    others = [person for person in people if person not in served]
    for number, (one, other) in enumerate(zip(served[:4], others[:4], strict=True)):
        trials.credit(trial.id, credit(2 * number, -1, person=one))
        told = trials.credit(trial.id, credit(2 * number + 1, 1 if number else -1, person=other))
    assert (told.wins, told.losses, told.ties) == (0, 3, 1)


def test_a_trial_is_stopped_and_the_candidate_is_as_before(registry, trials, trial):
    assert trials.end(trial.id, "stopped", reason="by hand").state == "stopped"
    assert registry.get("a").state == "passed"
    assert trials.end(trial.id, "lost", reason="too late").state == "stopped"
    assert registry.get("a").state == "passed"
    assert trials.start("a", "shadow", share=1, by="u:ann").state == "running"


def test_a_candidate_that_slows_or_fails_is_refused(registry, trials, trial):
    trials.end(trial.id, "lost", reason="it was too slow")
    assert registry.get("a").state == "refused"


def test_what_is_measured_is_kept_while_it_runs(trials, trial):
    trials.measured(trial.id, {"overlap": 0.9})
    trials.end(trial.id, "stopped", reason="by hand")
    trials.measured(trial.id, {"overlap": 0.1})
    assert trials.get(trial.id).figures == {"overlap": 0.9}


def test_a_trial_stops_when_what_is_live_changes(registry, trials, trial):
    registry.promote("b", approved_by="u:ann")
    ended = trials.get(trial.id)
    assert (ended.state, ended.reason) == ("stopped", "what is live was changed")
    assert registry.get("a").state == "passed"


@pytest.mark.usefixtures("trial")
def test_what_is_tried_can_be_promoted(registry, trials):
    assert registry.promote("a", approved_by="u:ann").state == "live"
    assert trials.running() is None


def test_there_is_none_of_another_id(trials):
    for name in ("x", "x\x00"):
        with pytest.raises(NotFoundError):
            trials.get(name)


def test_an_answer_whose_word_was_taken_back_counts_no_more(trials, trial):
    trials.credit(trial.id, credit(1, 1))
    trials.credit(trial.id, credit(2, 1))
    after = trials.recount(trial.id, "i001", None)
    assert (after.wins, after.losses, [one.interaction_id for one in trials.credits(trial.id)]) == (1, 0, ["i002"])
    after = trials.recount(trial.id, "i002", credit(2, -1))
    assert (after.wins, after.losses) == (0, 1)
    # Nothing was counted of this one, and nothing is now.
    assert trials.recount(trial.id, "i009", credit(9, 1)).wins == 0


def test_a_trial_that_has_ended_is_not_counted_again(trials, trial):
    trials.credit(trial.id, credit(1, 1))
    trials.end(trial.id, "stopped", reason="enough")
    assert (trials.recount(trial.id, "i001", None).wins, len(trials.credits(trial.id))) == (1, 1)
