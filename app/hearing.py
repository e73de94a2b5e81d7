"""What people said about answers -> what of it somebody who looks after documents may be shown, and may approve."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from fastapi import HTTPException

from app.bootstrap import Services
from app.curating import curated_names
from finetune.answers import SCHEME, stands_on
from retrieval.errors import NotFoundError
from retrieval.feedback import MAX_RECENT
from retrieval.feedback_types import corrects
from retrieval.types import Feedback, Interaction, Principal
from retrieval.withhold import named_documents, withhold

_AT_ONCE = 100

Wanted = Callable[[Feedback], bool]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A document that somebody says holds the right answer."""

    document_id: str
    title: str
    uri: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What somebody said.

    Attributes:
        said: Without words and documents where it is withheld.
        question: What it is about; empty where it is withheld.
        withheld: The answer, or what was said of it, names a document that was deleted or that may not be read.
        given: The answer as it was given; in its place words that say so where it stands on more than may be read.
        chosen: Documents that it names as right, or whose passages it does.
        entry: The document that its approval made of it; None where there is none or it may not be read.
    """

    said: Feedback
    question: str
    withheld: bool = False
    given: str = ""
    chosen: tuple[Chosen, ...] = ()
    entry: str | None = None


def wanted(*, corrections: bool = False, approved: bool | None = None, refused: bool | None = None) -> Wanted:
    """Make what tells which feedback is asked for.

    Args:
        corrections: Only what gives an answer, evidence, or right or wrong sources.
        approved: Whether it was approved; False is what waits for it, and so was not refused either.
        refused: Whether it was refused.

    Returns:
        True for feedback that fits all of it.
    """
    if approved is False and refused is None:
        refused = False

    def fits(said: Feedback) -> bool:
        decided = (said.approved_by is not None, said.refused_by is not None)
        asked = all(want in {None, is_so} for want, is_so in zip((approved, refused), decided, strict=True))
        return asked and (corrects(said) or not corrections)

    return fits


def heard(
    services: Services, *, principal: Principal, since: datetime | None, limit: int, wanted: Wanted | None = None
) -> list[Heard]:
    """Return what was said last.

    Args:
        services: The server's.
        principal: Who asks. An administrator is told of everything, and not the words where a document is named that
            they may not read. A curator is told of what is said of answers that stand on documents of their
            collections, when they may read all that is named; of the last 1,000.
        since: Only what was said after this moment.
        limit: Most entries, 1 to 1,000.
        wanted: Tells which, of the last 1,000; None is all.

    Returns:
        The newest first.
    """
    most = limit if principal.administrator and wanted is None else MAX_RECENT
    said = services.feedback.recent(principal=_everybody(principal), since=since, limit=most)
    if wanted is not None:
        said = [one for one in said if wanted(one)]
    found: list[Heard] = []
    for start in range(0, len(said), _AT_ONCE):
        found += _heard(services, said[start : start + _AT_ONCE], principal)
        if len(found) >= limit:
            break
    return found[:limit]


def heard_of(services: Services, interaction_id: str, *, principal: Principal) -> list[Heard]:
    """Return what was said about one answer, the newest first, as far as somebody may be shown it."""
    said = services.feedback.of_interaction(interaction_id, principal=_everybody(principal))
    return list(_heard(services, said, principal))


def approve(services: Services, feedback_id: str, *, by: Principal) -> Feedback:
    """Mark feedback as right, by somebody who may read what it is about.

    Returns:
        The feedback with who approved it; raises as ``_decidable``.
    """
    _decidable(services, feedback_id, by)
    return services.feedback.approve(feedback_id, by=_everybody(by))


def refuse(services: Services, feedback_id: str, *, by: Principal) -> Feedback:
    """Mark feedback as wrong, by somebody who could have approved it.

    Returns:
        The feedback with who refused it; raises as ``_decidable``.
    """
    _decidable(services, feedback_id, by)
    return services.feedback.refuse(feedback_id, by=_everybody(by))


def _decidable(services: Services, feedback_id: str, by: Principal) -> None:
    """Raise where somebody may not say whether feedback is right.

    Raises:
        NotFoundError: It is missing, was replaced meanwhile, or is none of their business.
        HTTPException: 403: an administrator may not read what it is about; or it judges, or its answer would stand on,
            documents of collections that a curator does not look after.
    """
    said = services.feedback.get(feedback_id, principal=_everybody(by))
    found = list(_heard(services, [said], by))
    if not found:
        raise NotFoundError(f"no feedback {feedback_id}")
    if found[0].withheld:
        raise HTTPException(403, "it is about documents that were deleted or that you may not read")
    if not _looked_after(services, said, by):
        raise HTTPException(403, "it judges documents of collections that you do not look after")


def approved(services: Services, *, principal: Principal) -> list[tuple[Feedback, Interaction]]:
    """Return the approved feedback with what it is about, where the principal may read the answer's sources now.

    Documents that the feedback itself names are another matter: whoever uses them has to ask the catalog. Of somebody
    else's conversation only the questions come along: which documents its earlier answers stand on, nobody looked at.

    Returns:
        In the order in which it was given.
    """
    found = services.feedback.approved(principal=principal)
    stood_on = {said.id: named_documents([asked]) for said, asked in found}
    readable = services.catalog.readable_documents(set().union(*stood_on.values()), principal=principal)
    return [(said, _told(asked, principal)) for said, asked in found if stood_on[said.id] <= readable]


def _told(asked: Interaction, principal: Principal) -> Interaction:
    if asked.principal_id == principal.id:
        return asked
    return replace(asked, history=tuple(turn for turn in asked.history if turn.role == "user"))


def _everybody(principal: Principal) -> Principal:
    # The log shows what others said to administrators alone; what a curator is shown of it is decided here.
    return replace(principal, administrator=True)


def _heard(services: Services, said: Sequence[Feedback], principal: Principal) -> Iterator[Heard]:
    about = {one.id: _interaction(services, one, principal) for one in said}
    named = {one.id: _named(one, about[one.id]) for one in said}
    shown = named_documents(one for one in about.values() if one is not None)
    readable = services.catalog.readable_documents(shown.union(*named.values()), principal=principal)
    mine = curated_names(services, principal=principal)
    entries = _entries(services, said, principal)
    for one in said:
        interaction = about[one.id]
        if interaction is None or not (mine is None or mine & _collections(interaction)):
            continue
        if named[one.id] <= readable:
            given = withhold(interaction, readable).answer.text
            chosen = _chosen(services, one, interaction, principal)
            yield Heard(one, interaction.question, given=given, chosen=chosen, entry=entries.get(one.id))
        elif mine is None:
            yield Heard(_without_words(one), "", withheld=True)


def _entries(services: Services, said: Sequence[Feedback], principal: Principal) -> dict[str, str]:
    """Return the documents that approvals made and that may be read, by feedback id."""
    uris = {SCHEME + one.id: one.id for one in said if one.approved_by is not None}
    made = services.catalog.documents_at(list(uris)) if uris else {}
    readable = services.catalog.readable_documents(frozenset(made.values()), principal=principal)
    return {uris[uri]: document_id for uri, document_id in made.items() if document_id in readable}


def _interaction(services: Services, said: Feedback, principal: Principal) -> Interaction | None:
    try:
        return services.interactions.get(said.interaction_id, principal=_everybody(principal))
    except NotFoundError:
        return None  # deleted since


def _looked_after(services: Services, said: Feedback, principal: Principal) -> bool:
    """Say whether somebody looks after all that would count as right or wrong, and that its answer stands on."""
    mine, interaction = curated_names(services, principal=principal), _interaction(services, said, principal)
    if mine is None or interaction is None:
        return mine is None
    judged = _judged(said, interaction) | set(stands_on(said, interaction) if said.answer else ())
    whole = (services.catalog.whole(document_id) for document_id in judged)
    return {document.collection for document in whole if document is not None} <= mine


def _named(said: Feedback, interaction: Interaction | None) -> set[str]:
    named = _judged(said, interaction)
    if interaction is not None:
        cited = (*interaction.answer.citations, *interaction.answer.nearest)
        named |= {citation.document_id for citation in cited}
        if said.answer or said.evidence:  # it may repeat what was shown and not cited
            named |= set(stands_on(said, interaction))
    return named


def _judged(said: Feedback, interaction: Interaction | None) -> set[str]:
    chunks = {*said.right_chunks, *said.wrong_chunks}
    shown = interaction.passages if interaction is not None else ()
    of_chunks = {passage.chunk.document_id for passage in shown if passage.chunk.id in chunks}
    return {*said.right_documents, *said.wrong_documents, *of_chunks}


def _chosen(services: Services, said: Feedback, asked: Interaction, principal: Principal) -> tuple[Chosen, ...]:
    """Return the documents that are named as right, all of which may be read."""
    of_chunks = [p.chunk.document_id for p in asked.passages if p.chunk.id in said.right_chunks]
    chosen = []
    for document_id in dict.fromkeys((*said.right_documents, *of_chunks)):
        with suppress(NotFoundError):  # deleted at this moment
            document = services.catalog.document(document_id, principal=principal)
            chosen.append(Chosen(document.id, document.title, document.uri))
    return tuple(chosen)


def _collections(interaction: Interaction) -> set[str]:
    """Return the collections of what an answer cites or, where it cites nothing, of what was nearest."""
    answer = interaction.answer
    stood_on = {citation.document_id for citation in answer.citations or answer.nearest}
    return {passage.collection for passage in interaction.passages if passage.chunk.document_id in stood_on}


def _without_words(said: Feedback) -> Feedback:
    said = replace(said, answer=None, evidence=None, right_documents=(), wrong_documents=())
    return replace(said, right_chunks=(), wrong_chunks=(), preferred_over=None)
