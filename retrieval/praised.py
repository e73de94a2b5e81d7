"""Questions that were answered well: two people or more gave their answers a thumb up. Asked on nobody's behalf."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from sqlalchemy import desc, func, select

from retrieval.rows import from_json
from retrieval.store import Store, listed, one_of
from retrieval.tables import feedback, interactions
from retrieval.types import Filters, Interaction
from retrieval.withhold import VOID

LOOKED_AT = 2_000
"""Feedback, the newest: what people praised long ago may be answered otherwise today."""

MOST = 50
_FROM_EACH = 5
PEOPLE = 2


@dataclass(frozen=True, slots=True)
class Praise:
    """An answer to a question, and who gave it a thumb up.

    Attributes:
        asker: Principal id.
        givers: Principal ids.
        cited: Ids of the documents that it cites.
        collections: Names of those which they are in.
    """

    question: str
    asker: str
    givers: frozenset[str]
    cited: frozenset[str]
    collections: frozenset[str]


class PraisedQuestions(Store):
    """Reads the log for questions that others might want to ask too; what of them somebody may see is not decided here.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def count(self) -> int:
        """Return how much feedback there is: less than before means that something was taken back or forgotten."""
        with self._reading() as connection:
            return int(connection.scalar(select(func.count(feedback.c.id))) or 0)

    def praised(self) -> list[tuple[Praise, ...]]:
        """Return the answers to each question that at least two people gave a thumb up, in whatever spelling it was.

        Returns:
            At most ``MOST`` questions, those that were praised last first; each with some of its answers.
        """
        columns = (feedback.c.principal_id, feedback.c.payload, interactions.c.id, interactions.c.question)
        joined = select(*columns).join(interactions, interactions.c.id == feedback.c.interaction_id)
        joined = joined.where(feedback.c.refused_by.is_(None))
        newest = joined.order_by(desc(feedback.c.given_at), desc(feedback.c.id)).limit(LOOKED_AT)
        asked: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        with self._reading() as connection:
            for giver, said, interaction_id, question in connection.execute(newest):
                if said.get("verdict") == "up":
                    asked[spelt_alike(question)][interaction_id].add(giver)
            praised = [one for one in asked.values() if len(set().union(*one.values())) >= PEOPLE][:MOST]
            ids = [key for one in praised for key in list(one)[:_FROM_EACH]]
            payloads = select(interactions.c.payload).where(one_of(interactions.c.id, "ids"))
            kept = {
                one.id: one
                for payload in connection.scalars(payloads, {"ids": listed(ids)})
                if stands_alone(one := cast(Interaction, from_json(Interaction, payload)))
            }
        found = (_praise(kept[key], givers) for one in praised for key, givers in one.items() if key in kept)
        return _by_question(found)


def spelt_alike(question: str) -> str:
    """Return a question without what two people spell differently: case, spaces, marks at its end."""
    return " ".join(question.casefold().split()).rstrip(" ?!.")


def stands_alone(asked: Interaction) -> bool:
    """Say whether a question can be asked by somebody else, and its answer stands on documents.

    Returns:
        False for follow-ups, for what was masked or refused, and where the documents gave no answer.
    """
    answer = asked.answer
    masked = any(decision.where == "question" for decision in answer.guards)
    given = answer.citations and not answer.abstained and answer.text not in VOID
    return bool(given) and not (asked.history or asked.searched or masked or asked.filters != Filters())


def _praise(asked: Interaction, givers: Iterable[str]) -> Praise:
    cited = frozenset(citation.document_id for citation in asked.answer.citations)
    within = frozenset(p.collection for p in asked.passages if p.chunk.document_id in cited)
    return Praise(asked.question, asked.principal_id, frozenset(givers), cited, within)


def _by_question(found: Iterable[Praise]) -> list[tuple[Praise, ...]]:
    grouped: dict[str, list[Praise]] = {}
    for one in found:
        grouped.setdefault(spelt_alike(one.question), []).append(one)
    return [tuple(group) for group in grouped.values()]
