"""What people made of the answers: figures of use, and how far a judge model agrees with their thumbs."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from app.bootstrap import Services
from eval.judge import Agreement, Judge, agreement
from eval.usage import Usage, usage
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.interactions import MAX_RECENT, Glance
from retrieval.types import Feedback, Interaction, Principal

MOST_QUESTIONS = 20_000
MOST_JUDGED = 1_000


def usage_of(services: Services, *, days: int, principal: Principal) -> Usage:
    """Return how people fared in the last days: the newest 20,000 questions and 1,000 pieces of feedback at most."""
    now = datetime.now(UTC)
    since = now - timedelta(days=days)
    glances: list[Glance] = []
    while len(glances) < MOST_QUESTIONS:
        page = services.interactions.window(
            principal=principal, before=glances[-1] if glances else None, limit=MAX_RECENT
        )
        fresh = [glance for glance in page if glance.asked_at >= since]
        glances += fresh
        if len(fresh) < MAX_RECENT:
            break
    said = services.feedback.recent(principal=principal, since=since, limit=MAX_RECENT)
    return usage(glances, said, until=now)


def agreement_with_people(
    services: Services, *, limit: int, principal: Principal, progress: Callable[[str, int, int], None]
) -> Agreement:
    """Have the judge look at answers that people gave a thumb, and compare.

    The judge finds an answer good when it stands on its passages and answers the question. Answers are left out whose
    passages the caller may not read now: they would be sent to the judge.

    Args:
        services: With a judge.
        limit: Most thumbs to look at, the newest first, 1 to 1,000.
        principal: Who asks; an administrator, or only their own thumbs are there.
        progress: Told of every answer.

    Returns:
        The agreement.

    Raises:
        ConflictError: An evaluation is running.
        InvalidInputError: No judge is set.
        ModelError: It cannot be reached.
    """
    if services.judge is None:
        raise InvalidInputError("no judge model is set: name its server in ATTUNE_JUDGE_URL")
    if not services.evaluating.acquire(blocking=False):
        raise ConflictError("an evaluation is running; try again when it is done")
    try:
        return _agreement(services, services.judge, limit, principal, progress)
    finally:
        services.evaluating.release()


def _agreement(
    services: Services, judge: Judge, limit: int, principal: Principal, progress: Callable[[str, int, int], None]
) -> Agreement:
    thumbs = [entry for entry in services.feedback.recent(principal=principal, limit=limit) if entry.verdict]
    judged: dict[str, bool | None] = {}
    for done, thumb in enumerate(thumbs, start=1):
        interaction = _asked(services, thumb, principal)
        if interaction is not None:
            judged[thumb.id] = _good(judge, interaction, thumb)
        progress("judging", done, len(thumbs))
    return agreement(judged, {thumb.id: thumb.verdict == "up" for thumb in thumbs})


def _asked(services: Services, thumb: Feedback, principal: Principal) -> Interaction | None:
    """Open what a thumb is about; None where it was refused, is gone, or stands on what the caller may not read now."""
    try:
        interaction = services.interactions.get(thumb.interaction_id, principal=principal)
    except NotFoundError:
        return None
    ids = {passage.chunk.id for passage in interaction.passages}
    readable = services.catalog.passages_for(sorted(ids), principal=principal)
    return interaction if not interaction.answer.abstained and len(readable) == len(ids) else None


def _good(judge: Judge, interaction: Interaction, thumb: Feedback) -> bool | None:
    contexts = [passage.shown() for passage in interaction.passages]
    found = judge.judge(interaction.question, interaction.answer.text, contexts=contexts, reference=thumb.answer)
    if found.faithful is None or found.relevant is None:
        return None
    return found.faithful and found.relevant
