"""Who may have models trained, and when they are trained without anybody asking."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import update

from app.auth import LOCAL, Caller
from app.settings import Settings
from app.training_asked import BY_THE_CLOCK, ask_to_train, train_when_due
from finetune.runs import TrainingRuns
from finetune.tables import training_runs
from retrieval.errors import ConflictError, InvalidInputError

ME = Caller(LOCAL, "local")


class Spent:
    """Approvals of which there are so many."""

    def __init__(self, count):
        self.count = count

    def spend(self, action, subject, *, by):
        assert (action, subject, by) == ("train", "training", ME)
        if not self.count:
            raise ConflictError("to train this takes an approval")
        self.count -= 1


@pytest.fixture
def services(sqlite_url, open_database, tmp_path):
    def services(*, approvals=0, **settings):
        noted = []
        log = SimpleNamespace(append=lambda action, object_, **_: noted.append((action, object_)), noted=noted)
        return SimpleNamespace(
            settings=Settings(data_dir=tmp_path, **settings),
            training_runs=TrainingRuns(open_database(sqlite_url)),
            approvals=Spent(approvals),
            audit_log=log,
        )

    return services


def test_a_training_uses_an_approval_up_and_stands_in_the_audit_log(services):
    made = services(approvals=1)
    run = ask_to_train(made, ["memory"], caller=ME)
    assert (run.requested_by, made.approvals.count) == (LOCAL.id, 0)
    assert made.audit_log.noted == [("training.begin", f"training:{run.id}")]


def test_without_an_approval_nothing_is_trained(services):
    made = services()
    with pytest.raises(ConflictError, match="approval"):
        ask_to_train(made, [], caller=ME)
    assert made.training_runs.recent() == []


def test_where_one_person_administers_a_training_needs_none(services):
    made = services()
    made.settings = made.settings.model_copy(update={"approvals": 1})
    assert ask_to_train(made, [], caller=ME).state == "waiting"


@pytest.mark.parametrize(
    "asked",
    [
        {"rungs": [], "report_to": "excel"},
        {"rungs": ["memory"], "report_to": "nowhere"},
        {"rungs": ["memory", "memory"]},
        {"rungs": ["dreams"]},
    ],
)
def test_what_cannot_be_done_costs_no_approval(services, asked):
    made = services(approvals=1)
    with pytest.raises(InvalidInputError):
        ask_to_train(made, asked["rungs"], caller=ME, report_to=asked.get("report_to"))
    assert made.approvals.count == 1


def test_while_a_run_waits_no_approval_is_used_up(services):
    made = services(approvals=2)
    ask_to_train(made, [], caller=ME)
    with pytest.raises(ConflictError, match="waits"):
        ask_to_train(made, [], caller=ME)
    assert made.approvals.count == 1


def test_nothing_is_trained_by_the_clock_unless_it_is_set(services):
    made = services()
    train_when_due(made)
    assert made.training_runs.recent() == []


def test_the_clock_asks_again_when_the_last_training_is_as_long_ago_as_it_is_set(services):
    made = services(train_every="1d")
    train_when_due(made)
    train_when_due(made)
    (run,) = made.training_runs.recent()
    assert run.requested_by == BY_THE_CLOCK
    made.training_runs.start(run.id)
    made.training_runs.finish(run.id, "done")
    train_when_due(made)
    assert len(made.training_runs.recent()) == 1
    with made.training_runs.engine.begin() as connection:
        connection.execute(update(training_runs).values(requested_at=datetime.now(UTC) - timedelta(hours=25)))
    train_when_due(made)
    assert len(made.training_runs.recent()) == 2


def test_a_clock_that_ran_ahead_stops_no_training(services):
    made = services(train_every="1d")
    train_when_due(made)
    (run,) = made.training_runs.recent()
    made.training_runs.start(run.id)
    made.training_runs.finish(run.id, "done")
    with made.training_runs.engine.begin() as connection:
        connection.execute(update(training_runs).values(requested_at=datetime.now(UTC) + timedelta(days=3_650)))
    train_when_due(made)
    train_when_due(made)
    assert [one.open for one in made.training_runs.recent()] == [False, True]
