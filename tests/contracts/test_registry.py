"""What any registry of candidates must do, on both databases."""

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from finetune.registry import POINTER, Made, Registry
from finetune.tables import training_sets
from finetune.trials import Trials
from retrieval.catalog import Catalog
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError


@pytest.fixture
def registry(engine):
    registry = Registry(engine)
    with engine.begin() as connection:
        for name in ("set-1", "set-2"):
            row = {"id": name, "manifest": {}, "questions": 1, "rows": 1, "created_at": datetime.now(UTC)}
            connection.execute(insert(training_sets).values(row))
    return registry


def whatever(_candidate):
    return True


def made(registry, name, set_id="set-1"):
    return registry.add(Made(name, "memory", set_id, {"rung": "memory"}))


def passed(registry, *names, **more):
    for name in names:
        made(registry, name, **more)
        registry.judge(name, passed=True, report={"gain": 0.1}, reason="better")


def states(registry):
    return {one.id: one.state for one in registry.newest()}


def test_a_candidate_is_made_judged_and_found(registry):
    assert made(registry, "a").state == "made"
    judged = registry.judge("a", passed=False, report={"gain": -0.1}, reason="worse")
    assert (judged.state, judged.reason, judged.report) == ("refused", "worse", {"gain": -0.1})
    assert registry.get("a") == judged
    with pytest.raises(NotFoundError):
        registry.get("b")
    with pytest.raises(NotFoundError):
        registry.get("a\x00")


def test_the_same_candidate_again_changes_nothing(registry):
    passed(registry, "a")
    assert made(registry, "a").state == "passed"


def test_what_was_judged_is_not_judged_again(registry):
    passed(registry, "a")
    with pytest.raises(ConflictError):
        registry.judge("a", passed=False, report={}, reason="")
    with pytest.raises(NotFoundError):
        registry.judge("b", passed=True, report={}, reason="")


def test_they_are_listed_the_newest_first(registry):
    passed(registry, "a", "b", "c")
    assert [one.id for one in registry.newest(limit=2)] == ["c", "b"]
    with pytest.raises(InvalidInputError):
        registry.newest(limit=0)


def test_promotion_moves_the_pointer_and_retires_what_was_live(registry, engine):
    passed(registry, "a", "b")
    assert registry.live() is None
    assert registry.promote("a", approved_by="u:ann").approved_by == "u:ann"
    promoted = registry.promote("b", approved_by="u:bob")
    assert (promoted.replaced, states(registry)) == ("a", {"a": "retired", "b": "live"})
    assert registry.live() == Catalog(engine).index_pointer(POINTER) == "b"


def test_promoting_what_is_live_changes_nothing(registry):
    passed(registry, "a")
    first = registry.promote("a", approved_by="u:ann")
    assert registry.promote("a", approved_by="u:bob") == first


@pytest.mark.parametrize("verdict", [None, False])
def test_what_did_not_pass_the_gate_is_not_promoted(registry, verdict):
    passed(registry, "a")
    registry.promote("a", approved_by="u:ann")
    made(registry, "b")
    if verdict is not None:
        registry.judge("b", passed=verdict, report={}, reason="")
    with pytest.raises(ConflictError, match="did not pass"):
        registry.promote("b", approved_by="u:ann")
    with pytest.raises(NotFoundError):
        registry.promote("c", approved_by="u:ann")
    assert registry.live() == "a"


def test_rolling_back_goes_to_what_was_live_before_and_then_to_nothing(registry):
    passed(registry, "a", "b")
    registry.promote("a", approved_by="u:ann")
    registry.promote("b", approved_by="u:ann")
    assert registry.rollback("b", usable=whatever) == "a"
    assert states(registry) == {"a": "live", "b": "retired"}
    assert registry.get("a").retired_at is None
    assert registry.rollback("a", usable=whatever) is None
    assert states(registry) == {"a": "retired", "b": "retired"}
    assert registry.live() is None


def test_a_step_back_that_is_named_is_taken_once(registry):
    passed(registry, "a", "b")
    registry.promote("a", approved_by="u:ann")
    registry.promote("b", approved_by="u:ann")
    for _ in range(3):
        assert registry.rollback("b", usable=whatever) == "a"


def test_rolling_back_where_nothing_is_live_changes_nothing(registry):
    passed(registry, "a")
    assert registry.rollback("a", usable=whatever) is None
    assert states(registry) == {"a": "passed"}


def test_what_was_rolled_back_can_be_promoted_again(registry):
    passed(registry, "a", "b")
    for name in ("a", "b"):
        registry.promote(name, approved_by="u:ann")
    registry.rollback("b", usable=whatever)
    registry.promote("b", approved_by="u:bob")
    assert states(registry) == {"a": "retired", "b": "live"}
    assert registry.rollback("b", usable=whatever) == "a"


def test_two_that_were_each_live_before_the_other_do_not_follow_each_other_for_ever(registry):
    passed(registry, "a", "b")
    for name in ("a", "b", "a"):
        registry.promote(name, approved_by="u:ann")
    assert registry.rollback("a", usable=whatever) == "b"
    assert registry.rollback("b", usable=whatever) == "a"
    assert registry.rollback("a", usable=whatever) is None


def test_what_cannot_be_served_is_passed_over(registry):
    passed(registry, "a", "b", "c")
    for name in ("a", "b", "c"):
        registry.promote(name, approved_by="u:ann")
    assert registry.rollback("c", usable=lambda key: key != "b") == "a"
    assert states(registry) == {"a": "live", "b": "retired", "c": "retired"}


def at_once(*works):
    start = threading.Barrier(len(works))
    errors = []

    def run(work):
        start.wait()
        try:
            work()
        except ConflictError as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return errors


def test_two_that_roll_back_at_once_go_one_step(registry):
    passed(registry, "a", "b", "c")
    for name in ("a", "b", "c"):
        registry.promote(name, approved_by="u:ann")
    assert at_once(*[lambda: registry.rollback("c", usable=whatever)] * 4) == []
    assert registry.live() == "b"
    assert states(registry) == {"a": "retired", "b": "live", "c": "retired"}


def test_of_many_that_promote_at_once_one_is_live_in_the_end(registry):
    names = ["a", "b", "c", "d"]
    passed(registry, *names)
    assert at_once(*[lambda name=name: registry.promote(name, approved_by="u:ann") for name in names]) == []
    found = states(registry)
    assert sorted(found.values()) == ["live", "retired", "retired", "retired"]
    assert found[registry.live()] == "live"


def test_what_a_set_was_used_for_is_found(registry):
    passed(registry, "a", "b")
    passed(registry, "c", set_id="set-2")
    assert [one.id for one in registry.by_set({"set-1"})] == ["a", "b"]
    assert [one.id for one in registry.by_set({"set-1", "set-2"})] == ["a", "b", "c"]
    assert registry.by_set(set()) == []


def test_what_is_withdrawn_never_serves_again(registry):
    passed(registry, "a", "b", "c")
    for name in ("a", "b", "c"):
        registry.promote(name, approved_by="u:ann")
    assert registry.withdraw({"b", "c"}, usable=whatever, reason="erased") == "a"
    assert states(registry) == {"a": "live", "b": "refused", "c": "refused"}
    assert [registry.get(name).report for name in ("a", "b", "c")] == [{"gain": 0.1}, None, None]
    with pytest.raises(ConflictError):
        registry.promote("c", approved_by="u:ann")
    assert registry.rollback("a", usable=whatever) is None


def test_of_what_is_withdrawn_that_it_was_live_is_known(registry):
    passed(registry, "a", "b", "c")
    for name in ("a", "b"):
        registry.promote(name, approved_by="u:ann")
    for _ in range(2):  # as when it was killed in between
        registry.withdraw({"a", "b", "c"}, usable=whatever, reason="erased")
        assert [one.id for one in registry.withdrawn_live("erased")] == ["b"]
    assert registry.withdrawn_live("lost") == []
    assert [registry.get(name).reason for name in ("a", "b")] == ["erased", "erased, while it was live"]


def test_what_is_withdrawn_while_it_is_tried_is_tried_no_more(registry, engine):
    passed(registry, "a", "b")
    registry.promote("a", approved_by="u:ann")
    trials = Trials(engine)
    trial = trials.start("b", "share", share=0.5, by="u:ann")
    registry.withdraw({"b"}, usable=whatever, reason="erased")
    assert trials.running() is None
    assert (trials.get(trial.id).state, trials.get(trial.id).reason) == ("stopped", "erased")
    assert states(registry) == {"a": "live", "b": "refused"}
    with pytest.raises(ConflictError):
        trials.start("b", "shadow", share=1, by="u:ann")


def test_withdrawing_what_does_not_serve_leaves_what_does(registry):
    passed(registry, "a", "b")
    registry.promote("a", approved_by="u:ann")
    assert registry.withdraw({"b"}, usable=whatever, reason="erased") == "a"
    assert states(registry) == {"a": "live", "b": "refused"}
