"""Approved corrections as documents of their own: made when they are approved, withdrawn with what they came from."""

from app.bootstrap import Services
from app.learning import FOLDER
from finetune.answers import ApprovedAnswers
from finetune.scrub import scrubber
from retrieval.errors import NotFoundError
from retrieval.types import Feedback, Principal

_SYSTEM = Principal("u:attune", administrator=True)


def approved_answers(services: Services) -> ApprovedAnswers:
    """Return what keeps approved answers among the documents of the server."""
    return ApprovedAnswers(
        publisher=services.publisher,
        blobs=services.blobs,
        examiner=services.quality.examiner,
        chunk_tokens=services.chunk_tokens,
        recipe=services.recipe(),
        scrub=scrubber(services.data_dir / FOLDER),
    )


def keep_approved(services: Services, said: Feedback) -> str | None:
    """Make the answer of a correction that was just approved a document; see ``ApprovedAnswers.keep``."""
    answers = approved_answers(services)
    try:
        asked = services.interactions.get(said.interaction_id, principal=_SYSTEM)
        kept = answers.keep(said, asked)
        # While it was written its author may have replaced it or was forgotten, or somebody refused it.
        stands = services.feedback.get(said.id, principal=_SYSTEM).approved_by is not None
    except NotFoundError:
        stands = False
    if stands:
        return kept
    answers.withdraw([said.id])
    return None


def record_feedback(services: Services, said: Feedback, *, principal: Principal) -> Feedback:
    """Keep what somebody says about an answer; what was made of what they said before is withdrawn.

    Returns:
        As ``FeedbackLog.record``, and so what it raises.
    """
    own = Principal(principal.id, principal.groups)
    before = services.feedback.of_interaction(said.interaction_id, principal=own)
    kept = services.feedback.record(said, principal=principal)
    # Whether or not it was approved: it may have been since.
    approved_answers(services).withdraw(one.id for one in before)
    return kept


def withdraw_feedback(services: Services, interaction_id: str, *, principal: Principal) -> str | None:
    """Forget what somebody said about an answer, and withdraw what was made of it.

    Returns:
        The id that it had; None when they said nothing about it.
    """
    gone = services.feedback.withdraw(interaction_id, principal=principal)
    if gone is not None:
        # Whoever approves it at this moment looks whether it is still there when its document is written.
        approved_answers(services).withdraw([gone])
    return gone
