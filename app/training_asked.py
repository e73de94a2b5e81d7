"""A training is asked for: by somebody with an approval, by the clock, or because something was forgotten."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

import structlog

from app.auth import Caller
from app.bootstrap import Services
from finetune.reporting import checked_target
from finetune.runs import TrainingRun
from finetune.types import RungName
from retrieval.errors import ConflictError, InvalidInputError

SUBJECT = "training"
"""What an approval to train is of."""

BY_THE_CLOCK = "u:schedule"
"""Principal id of what nobody asked for by hand."""

BY_AN_ERASURE = "u:erasure"
"""Principal id of a training in the place of one that knew what was forgotten."""


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
    if "generator" in rungs and set(rungs) != {"generator"}:
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
