"""A recorded answer, made once more from what was recorded: is it still what would be said?"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from retrieval.answer import ANSWER_TIMEOUT_S, Answerer
from retrieval.catalog import Catalog
from retrieval.deadline import Deadline
from retrieval.errors import NotFoundError
from retrieval.guard import guarded
from retrieval.prompt import Prompt, read_template
from retrieval.search_question import SearchQuestion
from retrieval.types import Answer, Citation, Interaction, Principal, Sampling


@dataclass(frozen=True, slots=True)
class Replay:
    """An answer made again, and what differs from the one that was recorded.

    Attributes:
        differences: In words; empty when the same was said with the same citations.
    """

    answer: Answer
    differences: tuple[str, ...]


def replay(answerer: Answerer, interaction: Interaction, *, principal: Principal) -> Replay:
    """Answer a recorded question again from the same passages, with the same prompt, mark, sampling and seed.

    Args:
        answerer: As it is now; another model is named among the differences.
        interaction: As it was recorded.
        principal: Who asks for it.

    Returns:
        The answer, and what differs.

    Raises:
        NotFoundError: The principal may not read one of its passages, or the template is gone.
    """
    check_readable(answerer.retriever.catalog, interaction, principal=principal)
    if interaction.answer.blocked and not interaction.passages:
        return Replay(interaction.answer, ())  # nothing was asked of anybody
    guard = answerer.guards(interaction.collection, principal)
    made = interaction.generation
    template = made.get("template", answerer.template)
    searched = searched_for(interaction)
    prompt = Prompt(
        interaction.question,
        guarded(interaction.passages, guard),
        interaction.history,
        _sampling(made),
        template,
        **({"mark": made["mark"]} if "mark" in made else {}),
        search_question=searched.text,
        search_context=searched.context,
        instructions=made.get("instructions", ""),
    )
    recorded = interaction.answer
    speaker = answerer.speaker(guard)
    if recorded.generator == answerer.fallback.name:
        speaker = replace(speaker, generator=answerer.fallback)
    answer, _ = speaker.say(prompt, deadline=Deadline(ANSWER_TIMEOUT_S))
    differences = [*_changed_makers(interaction, answer, read_template(template).sha256), *_changed(recorded, answer)]
    return Replay(answer, tuple(differences))


def check_readable(catalog: Catalog, interaction: Interaction, *, principal: Principal) -> None:
    """Go on where a principal may read all that an answer was made from.

    Raises:
        NotFoundError: It may not.
    """
    ids = {passage.chunk.document_id for passage in interaction.passages}
    if ids - catalog.readable_documents(ids, principal=principal):
        # The same words as for an interaction that is not there: what was deleted is not told apart.
        raise NotFoundError(f"no interaction {interaction.id}")


def searched_for(interaction: Interaction) -> SearchQuestion:
    """Return what was searched for, as far as it was recorded."""
    made = interaction.generation
    text = interaction.searched or interaction.question
    return SearchQuestion(text, made.get("search_context", ""), made.get("search_weight", 0.0))


def _sampling(made: Any) -> Sampling:
    return Sampling(**{field.name: made.get(field.name) for field in fields(Sampling)})


def _changed_makers(interaction: Interaction, answer: Answer, template_sha256: str) -> list[str]:
    before = interaction.answer.generator
    found = [] if before == answer.generator else [f"{before} answered; {answer.generator} answers now"]
    if interaction.generation.get("template_sha256", template_sha256) != template_sha256:
        found.append("the prompt template of this name has changed")
    return found


def _changed(before: Answer, after: Answer) -> list[str]:
    pairs: dict[str, tuple[Any, Any]] = {
        "the words differ": (before.text, after.text),
        "abstention differs": (before.abstained, after.abstained),
        "the citations differ": (_places(before.citations), _places(after.citations)),
        "the verdicts differ": (before.sentences, after.sentences),
    }
    return [words for words, (one, other) in pairs.items() if one != other]


def _places(citations: Sequence[Citation]) -> list[tuple[str, int, int]]:
    return [(citation.revision_id, citation.start, citation.end) for citation in citations]
