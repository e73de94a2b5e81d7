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
        # Its author may have replaced it, or was forgotten, while it was written.
        services.feedback.get(said.id, principal=_SYSTEM)
    except NotFoundError:
        answers.withdraw([said.id])
        return None
    return kept


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
