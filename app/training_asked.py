"""A training is asked for: by somebody with an approval, by the clock, or because something was forgotten."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

import structlog

from app.auth import Caller
from app.bootstrap import Services
from app.training_jobs import MAX_ATTEMPTS
from finetune.carry import generator_set, retrieval_set
from finetune.reporting import checked_target
from finetune.runs import RunState, TrainingRun, checked_rungs
from finetune.types import RungName
from retrieval.errors import ConflictError, InvalidInputError

SUBJECT = "training"
"""What an approval to train is of."""

BY_THE_CLOCK = "u:schedule"
"""Principal id of what nobody asked for by hand."""

BY_AN_ERASURE = "u:erasure"
"""Principal id of a training in the place of one that knew what was forgotten."""

ERASED = "what it was trained on was erased"
"""Why a candidate that knew what was forgotten serves no more."""

RETRIEVAL: tuple[RungName, ...] = ()
GENERATOR: tuple[RungName, ...] = ("generator",)
"""What a run is asked for to learn how to find, and how to answer: the language model is taught in a run of its own."""


def ask_to_train(
    services: Services, rungs: Sequence[RungName], *, caller: Caller, report_to: str | None = None
) -> TrainingRun:
    """Ask for a training, using up an approval where it takes two people.

    Args:
        services: The server's.
        rungs: Which; none for all that are open.
        caller: Who asks.
        report_to: Where figures are reported to as well.

    Returns:
        The run, waiting.

    Raises:
        InvalidInputError: A rung or a place to report to is none, or its package is missing; or the language model is
            to be taught beside something else.
        ConflictError: Another run waits, or there is no approval.
    """
    checked_target(report_to)
    checked_rungs(rungs)
    if "generator" in rungs and tuple(rungs) != GENERATOR:
        raise InvalidInputError("the language model is taught in a run of its own: ask for generator alone")
    waiting = services.training_runs.due()
    if waiting is not None and waiting.state == "waiting":
        raise ConflictError("a training run waits already; follow that one, or cancel it")
    if services.settings.approvals > 1:
        services.approvals.spend("train", SUBJECT, by=caller)
    run = services.training_runs.ask(rungs, by=caller.principal.id, report_to=report_to)
    details = {"rungs": list(rungs)}
    services.audit_log.append("training.begin", f"training:{run.id}", caller=caller, details=details)
    return run


def train_when_due(services: Services) -> None:
    """Ask for a training when the last one is as long ago as the settings say: who set that has approved of it."""
    every = services.settings.train_interval
    if every is None:
        return
    now = datetime.now(UTC)
    # By a clock that ran ahead, one may have been asked for in the future: that is as good as none.
    if any(run.open or now - every < run.requested_at <= now for run in services.training_runs.recent()):
        return
    with suppress(ConflictError):  # somebody was faster
        run = services.training_runs.ask((), by=BY_THE_CLOCK)
        services.audit_log.append(
            "training.begin", f"training:{run.id}", details={"every": services.settings.train_every}
        )
        structlog.get_logger().info("a training is due", run=run.id)


def train_again(services: Services) -> tuple[TrainingRun | None, list[tuple[RungName, ...]]]:
    """Ask for what is to be trained again because of an erasure; what cannot wait yet is asked for when called later.

    Returns:
        The run that was asked for, if any, and what else is to be asked for.
    """
    owed = _owed(services)
    if not owed:
        return None, []
    try:
        run = services.training_runs.ask(owed[0], by=BY_AN_ERASURE)
    except ConflictError:  # another waits
        return None, owed
    details = {"rungs": list(run.rungs), "because": ERASED}
    services.audit_log.append("training.begin", f"training:{run.id}", details=details)
    return run, owed[1:]


def _owed(services: Services) -> list[tuple[RungName, ...]]:
    """Return what serves no more since an erasure, and was not trained since; the whole went with any part of it."""
    registry, owed = services.learned.registry, []
    withdrawn = registry.withdrawn_live(ERASED)
    live = registry.live() if withdrawn else None
    now = None if live is None else registry.get(live)
    for candidate in withdrawn:
        runs = services.training_runs.since(candidate.retired_at or candidate.created_at)
        for rungs, made_of in ((RETRIEVAL, retrieval_set), (GENERATOR, generator_set)):
            there = made_of(candidate)
            gone = there is not None and (now is None or made_of(now) != there)
            if gone and not _tried(rungs, runs):
                owed.append(rungs)
    return list(dict.fromkeys(owed))


def _tried(rungs: tuple[RungName, ...], runs: Sequence[tuple[tuple[RungName, ...], RunState]]) -> bool:
    states = [state for asked, state in runs if asked == rungs]
    return len(states) >= MAX_ATTEMPTS or any(state != "failed" for state in states)
