"""Approved corrections as documents of their own: made when they are approved, withdrawn with what they came from."""

from app.bootstrap import Services
from finetune.answers import ApprovedAnswers
from retrieval.errors import NotFoundError
from retrieval.types import Feedback, Principal

_SYSTEM = Principal("u:attune", administrator=True)


def approved_answers(services: Services) -> ApprovedAnswers:
    """Return what keeps approved answers among the documents of the server."""
    return ApprovedAnswers(
        services.publisher,
        services.blobs,
        services.quality.examiner,
        services.chunk_tokens,
        services.recipe(),
    )


def keep_approved(services: Services, said: Feedback) -> str | None:
    """Make the answer of a correction that was just approved a document; see ``ApprovedAnswers.keep``."""
    try:
        asked = services.interactions.get(said.interaction_id, principal=_SYSTEM)
    except NotFoundError:
        return None  # deleted since
    return approved_answers(services).keep(said, asked)


def withdraw_replaced(services: Services) -> int:
    """Delete the documents of answers whose feedback was replaced, or is gone; returns how many."""
    return approved_answers(services).withdraw(said.id for said, _ in services.feedback.approved(principal=_SYSTEM))
