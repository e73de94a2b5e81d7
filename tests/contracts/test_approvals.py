"""What any store of approvals must do, on both databases."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from app.approvals import GOOD_FOR, Approvals, SecondPersonError
from app.audit_log import AuditLog
from app.auth import LOCAL, Caller
from app.identity.users import NewUser, Users
from app.tables import approvals as table
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.types import Principal


@pytest.fixture
def users(engine):
    return Users(engine)


@pytest.fixture
def administrator(users):
    """Make an administrator who is signed in."""

    def administrator(name, **more):
        user = users.create(NewUser(name, administrator=True, **more))
        return Caller(Principal(user.principal_id, administrator=True), f"session:{name}")

    return administrator


@pytest.fixture
def ann(administrator):
    return administrator("ann")


@pytest.fixture
def bob(administrator):
    return administrator("bob")


@pytest.fixture
def approvals(engine):
    return Approvals(engine, AuditLog(engine))


@pytest.fixture
def alone(engine):
    """Where there is nobody else."""
    return Approvals(engine, AuditLog(engine), people=1)


COMMAND = Caller(LOCAL, "local")


def asked(approvals, by, subject="reranker-7"):
    return approvals.ask("promote", subject, reason="the gate was passed", by=by)


def state(approvals, approval):
    return approvals.get(approval.id).state(datetime.now(UTC))


def test_what_another_administrator_approved_can_be_done_once(approvals, ann, bob):
    approval = asked(approvals, ann)
    assert state(approvals, approval) == "open"
    approvals.decide(approval.id, "approved", by=bob)
    assert state(approvals, approval) == "approved"
    assert approvals.spend("promote", "reranker-7", by=ann).id == approval.id
    assert state(approvals, approval) == "spent"
    with pytest.raises(ConflictError):
        approvals.spend("promote", "reranker-7", by=ann)


def test_nothing_is_done_without_an_approval_of_just_that(approvals, ann, bob):
    approvals.decide(asked(approvals, ann).id, "approved", by=bob)
    for action, subject in (("train", "reranker-7"), ("promote", "reranker-8"), ("promote", "RERANKER-7")):
        with pytest.raises(ConflictError):
            approvals.spend(action, subject, by=ann)


def test_what_was_refused_cannot_be_done(approvals, ann, bob):
    approval = asked(approvals, ann)
    approvals.decide(approval.id, "refused", by=bob)
    assert state(approvals, approval) == "refused"
    with pytest.raises(ConflictError):
        approvals.spend("promote", "reranker-7", by=ann)


def test_nobody_decides_what_they_asked_for(approvals, ann):
    approval = asked(approvals, ann)
    with pytest.raises(SecondPersonError):
        approvals.decide(approval.id, "approved", by=ann)
    assert state(approvals, approval) == "open"


@pytest.mark.parametrize("credential", ["key:k", "local", ""])
def test_only_somebody_who_is_signed_in_decides(approvals, ann, bob, credential):
    approval = asked(approvals, ann)
    with pytest.raises(SecondPersonError):
        approvals.decide(approval.id, "approved", by=replace(bob, credential=credential))


def test_a_command_may_ask_and_not_decide(approvals, bob):
    approval = asked(approvals, COMMAND)
    with pytest.raises(SecondPersonError):
        approvals.decide(approval.id, "approved", by=COMMAND)
    approvals.decide(approval.id, "approved", by=bob)
    assert approvals.spend("promote", "reranker-7", by=COMMAND).id == approval.id


def test_a_service_may_ask_and_not_decide(approvals, administrator, ann, bob):
    service = administrator("pipeline", kind="service")
    with pytest.raises(SecondPersonError):
        approvals.decide(asked(approvals, ann, "one").id, "approved", by=service)
    approvals.decide(asked(approvals, service, "two").id, "approved", by=bob)
    assert approvals.spend("promote", "two", by=service).subject == "two"


@pytest.mark.parametrize("change", [{"suspended_at": datetime.now(UTC)}, {"administrator": False}])
def test_who_is_no_administrator_any_more_decides_nothing(approvals, users, ann, bob, change):
    approval = asked(approvals, ann)
    users.update(bob.user_id, **change)
    with pytest.raises(SecondPersonError):
        approvals.decide(approval.id, "approved", by=bob)


@pytest.mark.parametrize("who", ["asked", "decided"])
@pytest.mark.parametrize("change", [{"suspended_at": datetime.now(UTC)}, {"administrator": False}, None])
def test_an_approval_ends_when_one_of_the_two_is_no_administrator_any_more(approvals, users, ann, bob, who, change):
    users.create(NewUser("carl", administrator=True))
    approvals.decide(asked(approvals, ann).id, "approved", by=bob)
    gone = {"asked": ann, "decided": bob}[who].user_id
    if change is None:
        users.delete(gone)
    else:
        users.update(gone, **change)
    with pytest.raises(ConflictError):
        approvals.spend("promote", "reranker-7", by=ann)


def test_an_approval_is_good_for_a_week(approvals, engine, ann, bob):
    approval = approvals.decide(asked(approvals, ann).id, "approved", by=bob)
    with engine.begin() as connection:
        connection.execute(update(table).values(decided_at=datetime.now(UTC) - GOOD_FOR - timedelta(seconds=1)))
    assert state(approvals, approval) == "expired"
    with pytest.raises(ConflictError):
        approvals.spend("promote", "reranker-7", by=ann)


def test_the_same_is_asked_for_once_at_a_time(approvals, ann, bob):
    approval = asked(approvals, ann)
    with pytest.raises(ConflictError):
        asked(approvals, bob)
    approvals.decide(approval.id, "refused", by=bob)
    assert asked(approvals, bob).id != approval.id


def test_of_many_who_decide_at_once_one_does(approvals, administrator, ann):
    approval = asked(approvals, ann)
    others = [administrator(f"other-{number}") for number in range(6)]
    outcomes = _at_once(
        lambda by: approvals.decide(approval.id, "approved" if by is others[0] else "refused", by=by), others
    )
    assert sorted(outcomes) == ["ConflictError"] * 5 + ["done"]


def test_of_many_who_use_an_approval_at_once_one_does(approvals, ann, bob):
    approvals.decide(asked(approvals, ann).id, "approved", by=bob)
    outcomes = _at_once(lambda by: approvals.spend("promote", "reranker-7", by=by), [ann] * 6)
    assert sorted(outcomes) == ["ConflictError"] * 5 + ["done"]


def _at_once(act, callers):
    outcomes, barrier = [], threading.Barrier(len(callers))

    def run(by):
        barrier.wait()
        try:
            act(by)
            outcomes.append("done")
        except ConflictError:
            outcomes.append("ConflictError")

    threads = [threading.Thread(target=run, args=(by,)) for by in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_where_there_is_nobody_else_one_person_asks_and_approves(alone, ann):
    alone.decide(asked(alone, ann).id, "approved", by=ann)
    assert alone.spend("promote", "reranker-7", by=ann).decided_by == ann.principal.id
    alone.decide(asked(alone, COMMAND).id, "approved", by=COMMAND)
    assert alone.spend("promote", "reranker-7", by=COMMAND).decided_by == LOCAL.id


def test_what_one_person_approved_is_worth_nothing_once_it_takes_two(alone, approvals, ann):
    alone.decide(asked(alone, ann, "by a person").id, "approved", by=ann)
    alone.decide(asked(alone, ann, "by a command").id, "approved", by=COMMAND)
    for subject in ("by a person", "by a command"):
        with pytest.raises(ConflictError):
            approvals.spend("promote", subject, by=ann)


def test_who_asked_decided_and_used_it_stands_in_the_audit_log(approvals, engine, ann, bob):
    approval = asked(approvals, ann)
    approvals.decide(approval.id, "approved", by=bob)
    approvals.spend("promote", "reranker-7", by=ann)
    told = [(event.action, event.actor, event.object) for event in AuditLog(engine).events()]
    assert told == [
        ("approval.ask", ann.principal.id, f"approval:{approval.id}"),
        ("approval.approve", bob.principal.id, f"approval:{approval.id}"),
        ("approval.spend", ann.principal.id, f"approval:{approval.id}"),
    ]


def test_the_newest_are_listed_first_and_those_that_wait_alone(approvals, ann, bob):
    first, second = asked(approvals, ann, "first"), asked(approvals, ann, "second")
    assert [found.subject for found in approvals.newest()] == ["second", "first"]
    approvals.decide(second.id, "refused", by=bob)
    assert approvals.newest(undecided=True) == [first]


@pytest.mark.parametrize(
    ("action", "subject", "reason"),
    [("delete", "x", "y"), ("train", "", "y"), ("train", "x" * 201, "y"), ("train", "x\0", "y"), ("train", "x", "  ")],
)
def test_what_cannot_be_asked_for_is_refused(approvals, ann, action, subject, reason):
    with pytest.raises(InvalidInputError):
        approvals.ask(action, subject, reason=reason, by=ann)


@pytest.mark.parametrize("approval_id", ["unheard-of", "\0"])
def test_what_nobody_asked_for_cannot_be_decided(approvals, bob, approval_id):
    with pytest.raises(NotFoundError):
        approvals.decide(approval_id, "approved", by=bob)
