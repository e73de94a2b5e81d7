"""What people said about answers: thumbs and corrections, and which of them an administrator found right."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, and_, delete, desc, false, func, insert, or_, select, true, update
from sqlalchemy.exc import IntegrityError

from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.feedback_types import Counts, corrects, says_something
from retrieval.quoting import Quoted
from retrieval.rows import from_json, storable, to_json
from retrieval.store import Store, listed, one_of
from retrieval.tables import feedback, interactions
from retrieval.types import Feedback, Interaction, Principal

MAX_RECENT = 1_000
_ROW = (feedback.c.payload, feedback.c.approved_by, feedback.c.refused_by)


class FeedbackLog(Store):
    """Feedback on the answers of the interaction log, kept word for word.

    Everybody sees their own, an administrator sees everybody's; missing and forbidden are one error.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def record(self, said: Feedback, *, principal: Principal) -> Feedback:
        """Keep what the principal says about an answer of theirs, in the place of what they said about it before.

        Returns:
            As it is kept: said by the principal and not approved, even if what it replaces was.

        Raises:
            NotFoundError: There is no such interaction, or it is somebody else's and the principal no administrator.
            InvalidInputError: It says nothing.
            ConflictError: Other feedback has this id.
        """
        missing = NotFoundError(f"no interaction {said.interaction_id}")
        if not storable(said.interaction_id + principal.id) or not principal.id:
            raise missing
        if not says_something(said):
            raise InvalidInputError("the feedback says nothing: give a verdict, a reason, an answer, or documents")
        kept = replace(said, principal_id=principal.id, approved_by=None, refused_by=None)
        values = {
            "id": kept.id,
            "interaction_id": kept.interaction_id,
            "principal_id": kept.principal_id,
            "payload": to_json(kept),
            "given_at": kept.given_at,
        }
        before = and_(feedback.c.interaction_id == kept.interaction_id, feedback.c.principal_id == kept.principal_id)
        try:
            with self._writing() as connection:
                # Locked, so that of two who say something at once with one name the second replaces the first.
                if connection.scalar(_rateable(kept.interaction_id, principal).with_for_update()) is None:
                    raise missing
                connection.execute(delete(feedback).where(before))
                # A new row with a new id: nobody approves words that changed after they were read.
                connection.execute(insert(feedback).values(values))
        except IntegrityError as error:
            raise ConflictError(f"feedback {kept.id} is kept already") from error
        return kept

    def withdraw(self, interaction_id: str, *, principal: Principal) -> str | None:
        """Remove what the principal said about an answer.

        Returns:
            The id that it had; None when they said nothing about it.
        """
        if not principal.id or not storable(interaction_id + principal.id):
            return None
        own = and_(feedback.c.interaction_id == interaction_id, feedback.c.principal_id == principal.id)
        with self._writing() as connection:
            found = connection.scalar(select(feedback.c.id).where(own).with_for_update())
            connection.execute(delete(feedback).where(own))
        return found

    def get(self, feedback_id: str, *, principal: Principal) -> Feedback:
        """Return one feedback.

        Returns:
            As it was said, with who approved it.

        Raises:
            NotFoundError: It is missing, or somebody else's.
        """
        found = self._feedback(select(*_ROW).where(feedback.c.id == feedback_id, _seen_by(principal)), feedback_id)
        if not found:
            raise NotFoundError(f"no feedback {feedback_id}")
        return found[0]

    def of_interaction(self, interaction_id: str, *, principal: Principal) -> list[Feedback]:
        """Return what was said about an answer.

        Returns:
            The newest first; empty when nothing was, or by others only.
        """
        statement = select(*_ROW).where(feedback.c.interaction_id == interaction_id, _seen_by(principal))
        return self._feedback(_newest_first(statement), interaction_id)

    def of_interactions(self, ids: Collection[str], *, principal: Principal) -> dict[str, list[Feedback]]:
        """Return what was said about some answers: by interaction id, in the order in which it was given."""
        statement = select(*_ROW).where(one_of(feedback.c.interaction_id, "ids"), _seen_by(principal))
        found: dict[str, list[Feedback]] = {}
        for said in self._feedback(statement.order_by(feedback.c.given_at, feedback.c.id), ids=listed(ids)):
            found.setdefault(said.interaction_id, []).append(said)
        return found

    def recent(self, *, principal: Principal, since: datetime | None = None, limit: int = 50) -> list[Feedback]:
        """Return what was said last.

        Args:
            principal: Who asks.
            since: Only what was said after this moment.
            limit: Most entries to return, 1 to 1,000.

        Returns:
            The newest first.

        Raises:
            InvalidInputError: The limit is out of range.
        """
        if not 1 <= limit <= MAX_RECENT:
            raise InvalidInputError(f"limit is {limit}; 1 to {MAX_RECENT} entries can be listed")
        statement = select(*_ROW).where(_seen_by(principal), _after(since)).limit(limit)
        return self._feedback(_newest_first(statement))

    def approve(self, feedback_id: str, *, by: Principal) -> Feedback:
        """Mark feedback as right, so that it can be learned from; a second approval changes nothing.

        Args:
            feedback_id: Which.
            by: The administrator who found it right.

        Returns:
            The feedback with who approved it.

        Raises:
            NotFoundError: It is missing, was replaced by what its author said later, or ``by`` is no administrator.
        """
        return self._decided(feedback_id, by, approved=True)

    def refuse(self, feedback_id: str, *, by: Principal) -> Feedback:
        """Mark feedback as wrong: it is approved no more, and nothing is learned from it until it is.

        Returns:
            The feedback with who refused it.

        Raises:
            NotFoundError: As for ``approve``.
        """
        return self._decided(feedback_id, by, approved=False)

    def _decided(self, feedback_id: str, by: Principal, *, approved: bool) -> Feedback:
        if not by.administrator or not storable(feedback_id):
            raise NotFoundError(f"no feedback {feedback_id}")
        says, unsays = (feedback.c.approved_by, feedback.c.refused_by)[:: 1 if approved else -1]
        with self._writing() as connection:
            undecided = and_(feedback.c.id == feedback_id, says.is_(None))
            connection.execute(update(feedback).where(undecided).values({says.name: by.id, unsays.name: None}))
        return self.get(feedback_id, principal=by)

    def approved(self, *, principal: Principal) -> list[tuple[Feedback, Interaction]]:
        """Return the approved feedback with what it is about.

        What an interaction holds was readable when it was asked; whether it still is, only the catalog knows.

        Returns:
            In the order in which it was given.
        """
        statement = (
            select(*_ROW, interactions.c.payload.label("interaction"))
            .join(interactions, interactions.c.id == feedback.c.interaction_id)
            .where(feedback.c.approved_by.is_not(None), _seen_by(principal))
            .order_by(feedback.c.given_at, feedback.c.id)
        )
        with self._reading() as connection:
            rows = connection.execute(statement).all()
        return [(_noun(row), cast(Interaction, from_json(Interaction, row.interaction))) for row in rows]

    def counts(self, *, principal: Principal, since: datetime | None = None) -> Counts:
        """Count thumbs and corrections given after a moment, or ever."""
        said = self._feedback(select(*_ROW).where(_seen_by(principal), _after(since)))
        corrections = [one for one in said if corrects(one)]
        return Counts(
            up=sum(one.verdict == "up" for one in said),
            down=sum(one.verdict == "down" for one in said),
            corrections=len(corrections),
            approved=sum(one.approved_by is not None for one in corrections),
            refused=sum(one.refused_by is not None for one in corrections),
        )

    def approved_answers(self, *, principal: Principal) -> int:
        """Count the approved corrections that give an answer, without reading what they say."""
        answers = feedback.c.payload["answer"].as_string().is_not(None)
        approved = select(func.count()).select_from(feedback).where(feedback.c.approved_by.is_not(None), answers)
        with self._reading() as connection:
            return connection.scalar(approved.where(_seen_by(principal))) or 0

    def ids_of(self, principal_id: str) -> list[str]:
        """Return the ids of all feedback that somebody gave, or that others gave on what they asked; for erasing it."""
        joined = select(feedback.c.id).join(interactions, interactions.c.id == feedback.c.interaction_id)
        theirs = or_(feedback.c.principal_id == principal_id, interactions.c.principal_id == principal_id)
        with self._reading() as connection:
            return list(connection.scalars(joined.where(theirs)))

    def forget_giver(self, principal_id: str) -> int:
        """Remove all feedback that somebody gave.

        Returns:
            How much.
        """
        with self._writing() as connection:
            return connection.execute(delete(feedback).where(feedback.c.principal_id == principal_id)).rowcount

    def forget_document(self, document_id: str, quoted: Quoted, chunk_ids: Collection[str] = ()) -> int:
        """Take a document and its words out of all feedback; what says nothing without them is removed.

        Args:
            document_id: Which.
            quoted: Its words.
            chunk_ids: Of all its revisions.

        Returns:
            How many entries were changed or removed.
        """
        changed = 0
        with self._writing() as connection:
            for row in connection.execute(select(*_ROW).with_for_update()).all():
                before = _noun(row)
                after = _without(before, document_id, quoted, frozenset(chunk_ids))
                if after == before:
                    continue
                changed += 1
                its = feedback.c.id == before.id
                if says_something(after):
                    kept = to_json(replace(after, approved_by=None, refused_by=None))
                    connection.execute(update(feedback).where(its).values(payload=kept))
                else:
                    connection.execute(delete(feedback).where(its))
        return changed

    def _feedback(self, statement: Select[Any], *keys: str, **values: str) -> list[Feedback]:
        if not all(map(storable, keys)):
            return []
        with self._reading() as connection:
            return [_noun(row) for row in connection.execute(statement, values)]


def _noun(row: Sequence[Any]) -> Feedback:
    return replace(cast(Feedback, from_json(Feedback, row[0])), approved_by=row[1], refused_by=row[2])


def _without(said: Feedback, document_id: str, quoted: Quoted, chunk_ids: frozenset[str]) -> Feedback:
    named = document_id in said.right_documents or not chunk_ids.isdisjoint(said.right_chunks)
    evidence = None if said.evidence and (named or quoted.within(said.evidence)) else said.evidence
    return replace(
        said,
        evidence=evidence,
        answer=None if said.answer and quoted.within(said.answer) else said.answer,
        right_documents=tuple(key for key in said.right_documents if key != document_id),
        wrong_documents=tuple(key for key in said.wrong_documents if key != document_id),
        right_chunks=tuple(key for key in said.right_chunks if key not in chunk_ids),
        wrong_chunks=tuple(key for key in said.wrong_chunks if key not in chunk_ids),
    )


def _newest_first(statement: Select[Any]) -> Select[Any]:
    return statement.order_by(desc(feedback.c.given_at), desc(feedback.c.id))


def _after(since: datetime | None) -> ColumnElement[bool]:
    return true() if since is None else feedback.c.given_at > since


def _rateable(interaction_id: str, principal: Principal) -> Select[Any]:
    statement = select(interactions.c.id).where(interactions.c.id == interaction_id)
    return statement if principal.administrator else statement.where(interactions.c.principal_id == principal.id)


def _seen_by(principal: Principal) -> ColumnElement[bool]:
    if not principal.id or not storable(principal.id):
        return false()
    return true() if principal.administrator else feedback.c.principal_id == principal.id
