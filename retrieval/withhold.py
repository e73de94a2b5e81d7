"""A stored interaction -> what of it may be shown today; pure."""

from collections.abc import Iterable, Set
from dataclasses import replace

from retrieval.types import Answer, Citation, Interaction

WITHHELD = "This answer stands on a document that was deleted or that you may no longer read. Ask again."
ERASED = "This answer stood on a document that was erased. Ask again."
VOID = frozenset({WITHHELD, ERASED})
"""In the place of answers that are not to be read any more."""


def withhold(interaction: Interaction, readable: Set[str]) -> Interaction:
    """Leave out what stands on documents that the reader may not read any more.

    An answer is shown whole or not at all: which of its words come from which quote, nobody can tell for certain.

    Args:
        interaction: As it was recorded.
        readable: Ids of the documents, among those it names, that its reader may read now.

    Returns:
        The interaction without the turns before it, and without what was made of them and how: they are interactions
        of their own. A citation of a document that is not readable keeps its number, its ids and its place in the
        answer's list, but neither title nor address nor quote; its passages are left out.
    """
    answer = interaction.answer
    if _sources(interaction) <= readable:
        answer = replace(answer, nearest=_shown(answer.nearest, readable))
    else:
        # Made anew, so that no field that an answer may gain shows the words that its text does not.
        answer = Answer(
            text=WITHHELD,
            abstained=answer.abstained,
            confidence=answer.confidence,
            citations=_shown(answer.citations, readable),
            nearest=_shown(answer.nearest, readable),
            degraded=answer.degraded,
            generator=answer.generator,
        )
    passages = tuple(passage for passage in interaction.passages if passage.chunk.document_id in readable)
    return replace(interaction, answer=answer, passages=passages, history=(), searched="", generation={})


def _sources(interaction: Interaction) -> set[str]:
    answer = interaction.answer
    cited = {citation.document_id for citation in answer.citations}
    if answer.abstained or answer.generator == "extractive":
        return cited
    # A model may have worded its answer from a passage that it does not cite.
    return cited | {passage.chunk.document_id for passage in interaction.passages}


def named_documents(interactions: Iterable[Interaction]) -> set[str]:
    """Return the ids of all documents that interactions show anything of."""
    named: set[str] = set()
    for interaction in interactions:
        named.update(c.document_id for c in (*interaction.answer.citations, *interaction.answer.nearest))
        named.update(passage.chunk.document_id for passage in interaction.passages)
    return named


def is_shown(citation: Citation) -> bool:
    """Say whether a citation was left whole: what is cited has at least one character."""
    return bool(citation.quote)


def _shown(citations: tuple[Citation, ...], readable: Set[str]) -> tuple[Citation, ...]:
    return tuple(c if c.document_id in readable else _bare(c) for c in citations)


def _bare(citation: Citation) -> Citation:
    return replace(citation, title="", uri="", section=(), page=None, box=None, start=0, end=0, quote="")
