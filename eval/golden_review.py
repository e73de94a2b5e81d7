"""What raters agree on -> golden questions; pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from eval.golden_erasure import FROM_REVIEW
from eval.questions import GoldenPassage, Question

_GRADES = {1: 0.5, 2: 1.0}  # as of sets made elsewhere, what answers has 1


@dataclass(frozen=True, slots=True)
class AgreedPassage:
    """A passage that raters agree answers a question.

    Attributes:
        grade: 1 partly, 2 wholly.
        quoted: Whether its words may stand in a golden set: not where secrets or personal data are in them.
    """

    uri: str
    text: str
    grade: int
    quoted: bool = True


@dataclass(frozen=True, slots=True)
class AgreedQuestion:
    """A question and what raters agree answers it; one passage at least does so wholly."""

    interaction_id: str
    text: str
    passages: tuple[AgreedPassage, ...]


def questions_from_review(agreed: Iterable[AgreedQuestion]) -> list[Question]:
    """Make golden questions of what raters agree on.

    Args:
        agreed: In any order; of several with the same words the first counts.

    Returns:
        Reviewed questions, with the tag ``source``.
    """
    made: dict[str, Question] = {}
    for one in agreed:
        made.setdefault(" ".join(one.text.lower().split()), _question(one))
    return list(made.values())


def _question(one: AgreedQuestion) -> Question:
    relevant: dict[str, float] = {}
    for passage in one.passages:
        relevant[passage.uri] = max(relevant.get(passage.uri, 0.0), _GRADES[passage.grade])
    whole = [passage for passage in one.passages if passage.grade == 2 and passage.quoted]
    return Question(
        id=FROM_REVIEW + one.interaction_id,
        text=one.text,
        relevant=relevant,
        passages=tuple(GoldenPassage(passage.uri, passage.text) for passage in whole),
        tags={"source": "review"},
    )
