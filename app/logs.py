"""Logs: one line an event on stderr, without questions (unless allowed), secrets or local variables."""

import logging
import sys
from typing import Literal, get_args

import structlog
from structlog.typing import EventDict, Processor

from app.telemetry import outcome
from ingestion.run_rows import Outcome, RunProgress
from ingestion.runs import Run
from retrieval.types import Feedback, Interaction

Format = Literal["console", "json"]


def configure(level: str, style: Format = "console") -> None:
    """Set structlog and the standard library's loggers up.

    Args:
        level: DEBUG, INFO, WARNING or ERROR; of our own events. Other libraries' are logged from WARNING on, since
            below they write whole requests, questions and all.
        style: ``console`` for people; ``json`` for machines, one object a line, other libraries' lines and
            Python's warnings too.
    """
    stamped: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # A plain trace: local variables hold questions and tokens.
        structlog.processors.format_exc_info,
    ]
    last: Processor = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
    )
    if style == "json":
        last = structlog.processors.JSONRenderer(ensure_ascii=False)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*stamped, _logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    least = logging.getLevelNamesMapping()[level]
    others = max(least, logging.WARNING)
    handler.setLevel(others)  # a library may lower the level of its own logger
    logging.basicConfig(level=others, handlers=[handler])
    logging.captureWarnings(True)
    logging.getLogger("uvicorn.error").addFilter(_not_logged_yet)
    structlog.configure(
        processors=[*stamped, last],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def answered(interaction: Interaction, *, question: bool) -> None:
    """Log a question: how it went, and its words only where they are allowed."""
    answer = interaction.answer
    structlog.get_logger().info(
        "answer",
        interaction_id=interaction.id,
        person=interaction.principal_id,
        collection=interaction.collection,
        outcome=outcome(answer),
        abstained=answer.abstained,
        blocked=answer.blocked,
        confidence=round(answer.confidence, 4),
        generator=answer.generator,
        passages=len(interaction.passages),
        citations=len(answer.citations),
        turns=len(interaction.history),
        question_chars=len(interaction.question),
        timings_ms=dict(interaction.timings_ms),
        tokens=dict(interaction.tokens),
        **({"question": interaction.question} if question else {}),
    )


def said(feedback: Feedback) -> None:
    """Log feedback without its words."""
    structlog.get_logger().info(
        "feedback",
        feedback_id=feedback.id,
        interaction_id=feedback.interaction_id,
        person=feedback.principal_id,
        verdict=feedback.verdict,
        reasons=list(feedback.reasons),
        corrected=feedback.answer is not None,
        right_documents=len(feedback.right_documents),
        wrong_documents=len(feedback.wrong_documents),
    )


def ingested(run: Run, progress: RunProgress) -> None:
    """Log a run of ingestion without names of files."""
    seconds = (run.finished_at - run.created_at).total_seconds() if run.finished_at else 0.0
    structlog.get_logger().info(
        "ingest",
        run_id=run.id,
        collection=run.collection,
        state=run.state,
        documents=progress.total,
        **{outcome_of: progress.outcomes.get(outcome_of, 0) for outcome_of in get_args(Outcome)},
        failed=progress.states.get("failed", 0),
        quarantined=progress.states.get("quarantined", 0),
        chunks=progress.chunks,
        embedded=progress.embedded,
        seconds=round(seconds, 3),
    )


def _not_logged_yet(record: logging.LogRecord) -> bool:
    """Say whether a line of uvicorn is news: an error of the application was logged by the last-resort handler."""
    error = record.exc_info[1] if record.exc_info else None
    return not (isinstance(error, Exception) and record.getMessage().startswith("Exception in ASGI application"))


def _logger_name(_logger: object, _method: str, event: EventDict) -> EventDict:
    record = event.get("_record")
    if record is not None:
        event["logger"] = record.name
    return event
