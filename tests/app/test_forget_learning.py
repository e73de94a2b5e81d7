"""What is trained again when training sets are forgotten."""

from hashlib import sha256
from types import SimpleNamespace

import pytest

from app.training_asked import BY_AN_ERASURE, ERASED, train_again
from finetune.registry import Made, Registry
from finetune.runs import TrainingRuns
from finetune.sets import TrainingSets

FOUND, TOLD = (sha256(rows).hexdigest() for rows in (b"found", b"told"))
RETRIEVAL, GENERATOR = (), ("generator",)
REPORT = {"verdict": "passed"}


@pytest.fixture
def services(sqlite_url, open_database, tmp_path):
    """Candidates of a set of labels, of one of corrections, and of both; each passed the gate."""
    engine = open_database(sqlite_url)
    sets, registry = TrainingSets(engine, tmp_path), Registry(engine)
    for rows in (b"found", b"told"):
        sets.keep(rows, {}, questions=1, rows=1, lineage=())
    for made in (
        Made("found", "memory", FOUND, {}),
        Made("told", "generator", TOLD, {}),
        Made("both", "generator", TOLD, {"carried": {"retrieval": FOUND}}),
        Made("also both", "memory", FOUND, {"carried": {"generator": TOLD}}),
    ):
        registry.add(made)
        registry.judge(made.id, passed=True, report=REPORT, reason="")
    return SimpleNamespace(
        learned=SimpleNamespace(registry=registry),
        training_sets=sets,
        training_runs=TrainingRuns(engine),
        audit_log=SimpleNamespace(append=lambda *_, **__: None),
    )


def forget(services, live, gone):
    registry = services.learned.registry
    if live is not None:
        registry.promote(live, approved_by="u:1")
    made = [candidate.id for candidate in registry.by_set(gone)]
    registry.withdraw(made, usable=lambda _: True, reason=ERASED)
    for set_id in gone:
        services.training_sets.remove(set_id)


def ended(services, run):
    services.training_runs.start(run.id)
    services.training_runs.finish(run.id, "done")


def asked(services):
    """Call it until nothing more is asked for, each run having ended; return what was."""
    found = []
    while (run := train_again(services)[0]) is not None:
        assert run.requested_by == BY_AN_ERASURE
        found.append(run.rungs)
        ended(services, run)
    assert train_again(services) == (None, [])
    return found


@pytest.mark.parametrize(
    ("live", "gone", "again"),
    [
        (None, (FOUND, TOLD), []),
        ("found", (FOUND, TOLD), [RETRIEVAL]),
        ("found", (TOLD,), []),
        ("told", (FOUND,), []),
        ("told", (TOLD,), [GENERATOR]),
        # The files of the whole went with one part of it.
        ("both", (TOLD,), [RETRIEVAL, GENERATOR]),
        ("both", (FOUND,), [RETRIEVAL, GENERATOR]),
        ("also both", (TOLD,), [RETRIEVAL, GENERATOR]),
        ("also both", (FOUND,), [RETRIEVAL, GENERATOR]),
        ("both", (FOUND, TOLD), [RETRIEVAL, GENERATOR]),
        ("also both", (FOUND, TOLD), [RETRIEVAL, GENERATOR]),
    ],
)
def test_what_was_live_is_trained_again_once(services, live, gone, again):
    forget(services, live, gone)
    assert asked(services) == again


def test_what_cannot_wait_yet_is_asked_for_later(services):
    forget(services, "both", (FOUND, TOLD))
    waits = services.training_runs.ask(("memory",), by="u:1")
    assert train_again(services) == (None, [RETRIEVAL, GENERATOR])
    services.training_runs.start(waits.id)
    run, left = train_again(services)
    assert (run.rungs, left) == (RETRIEVAL, [GENERATOR])
    assert train_again(services) == (None, [GENERATOR])


def test_a_run_that_somebody_asked_for_since_is_enough(services):
    forget(services, "both", (FOUND, TOLD))
    ended(services, services.training_runs.ask(GENERATOR, by="u:1"))
    assert asked(services) == [RETRIEVAL]


def test_what_serves_since_is_not_trained_again(services):
    services.learned.registry.promote("found", approved_by="u:1")
    forget(services, "both", (TOLD,))
    assert services.learned.registry.live() == "found"
    assert asked(services) == [GENERATOR]


def test_a_run_that_was_under_way_knows_nothing_of_it(services):
    under_way = services.training_runs.ask(RETRIEVAL, by="u:1")
    services.training_runs.start(under_way.id)
    forget(services, "found", (FOUND,))
    assert train_again(services) == (None, [])
    services.training_runs.finish(under_way.id, "done")
    assert asked(services) == []


def test_a_training_that_fails_is_asked_for_three_times(services):
    forget(services, "told", (TOLD,))
    for _ in range(3):
        run, _ = train_again(services)
        services.training_runs.start(run.id)
        services.training_runs.finish(run.id, "failed", error="the disk is full")
    assert train_again(services) == (None, [])


def test_what_served_long_ago_is_not_trained_again(services):
    services.learned.registry.promote("told", approved_by="u:1")
    forget(services, "found", (TOLD,))
    assert services.learned.registry.live() == "found"
    assert asked(services) == []


def test_what_is_withdrawn_again_as_after_a_kill_is_known_to_have_been_live(services):
    forget(services, "told", (TOLD,))
    forget(services, None, (TOLD,))
    assert services.learned.registry.live() is None
    assert asked(services) == [GENERATOR]
