"""What the interaction log forgets: somebody's questions, or what answers said out of one document."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from typing import Any, cast
from uuid import uuid4

from sqlalchemy import Text, delete, insert, select, update
from sqlalchemy import cast as sql_cast

from retrieval.quoting import Quoted
from retrieval.retention import WholeDocument
from retrieval.rows import from_json, to_json
from retrieval.store import Store, listed, one_of
from retrieval.tables import feedback, interactions
from retrieval.types import Answer, Citation, Feedback, Interaction, Turn
from retrieval.withhold import ERASED


class ErasableInteractions(Store):
    """The part of the interaction log that forgets. Every method can be repeated until it changes nothing."""

    def forget_document(self, document_id: str, chunk_ids: Collection[str], quoted: Quoted) -> int:
        """Take out of all interactions what they hold of a document: passages, citations, and answers made of them.

        The questions stay.

        Args:
            document_id: Which.
            chunk_ids: Of all its revisions.
            quoted: Its words, for what later turns of a conversation repeat.

        Returns:
            How many interactions were changed.
        """
        named = self._ids(document_id)
        answers = Quoted(one.answer.text for one in self._all(named) if _stands_on(one, document_id))
        with self._reading() as connection:
            asked = select(interactions.c.principal_id).where(one_of(interactions.c.id, "ids")).distinct()
            askers = list(connection.scalars(asked, {"ids": listed(named)}))
        # Whoever was told of it may have gone on from there: the answer stands in the history of what they asked next.
        later = self._of(askers)
        forgotten = _Forgotten(document_id, frozenset(chunk_ids), quoted, answers)
        return sum(self._rewrite(key, forgotten.without) for key in {*named, *later})

    def remembered(self, document_id: str) -> WholeDocument:
        """Return what interactions hold of a document that the catalog does not hold any more; empty where nothing."""
        named = self._all(self._ids(document_id))
        passages = [p for one in named for p in one.passages if p.chunk.document_id == document_id]
        answers = [one.answer for one in named]
        cited = [c for a in answers for c in (*a.citations, *a.nearest) if c.document_id == document_id]
        uris = [p.uri for p in passages] + [c.uri for c in cited]
        return WholeDocument(
            id=document_id,
            collection=passages[0].collection if passages else "",
            uri=uris[0] if uris else "",
            source_id=None,
            created_at=min((one.asked_at for one in named), default=datetime.now(UTC)),
            revision_ids=tuple({*(p.chunk.revision_id for p in passages), *(c.revision_id for c in cited)}),
            content_sha256=(),
            chunk_ids=tuple({*(p.chunk.id for p in passages), *(c.chunk_id for c in cited)}),
            texts=tuple({*(p.chunk.text for p in passages), *(c.quote for c in cited)}),
        )

    def ids_of(self, principal_id: str) -> list[str]:
        """Return the ids of all that somebody asked; for erasing what was made of it."""
        return self._of([principal_id])

    def forget_asker(self, principal_id: str) -> int:
        """Remove all that somebody asked, with the feedback on it.

        Returns:
            How many interactions.
        """
        with self._writing() as connection:
            return connection.execute(delete(interactions).where(interactions.c.principal_id == principal_id)).rowcount

    def anonymise_asker(self, principal_id: str, pseudonym: str, redact: Callable[[str], str]) -> int:
        """Keep what somebody asked without them: under a pseudonym, new ids and the day alone, in no conversation.

        Args:
            principal_id: Who.
            pseudonym: Principal id that takes the place of theirs.
            redact: Takes personal data out of a text.

        Returns:
            How many interactions.
        """
        ids = self._of([principal_id])
        for key in ids:
            with self._writing() as connection:
                locked = select(interactions).where(interactions.c.id == key).with_for_update()
                row = connection.execute(locked).mappings().one_or_none()
                if row is None:
                    continue
                kept = _anonymous(_interaction(row["payload"]), pseudonym, redact)
                values: dict[str, Any] = {"id": kept.id, "principal_id": pseudonym, "question": _plain(kept.question)}
                values |= {"collection": kept.collection, "payload": to_json(kept), "asked_at": kept.asked_at}
                connection.execute(insert(interactions).values(values))
                said = select(feedback).where(feedback.c.interaction_id == key)
                for about in connection.execute(said).mappings().all():
                    new = _feedback_row(dict(about), kept, principal_id, pseudonym, redact)
                    connection.execute(update(feedback).where(feedback.c.id == about["id"]).values(new))
                connection.execute(delete(interactions).where(interactions.c.id == key))
        return len(ids)

    def asked_by_nobody_else(self, principal_id: str, questions: Collection[str]) -> list[str]:
        """Return those of somebody's questions that stand in nobody else's interactions."""
        alone = []
        with self._reading() as connection:
            for question in questions:
                within = interactions.c.question.contains(question, autoescape=True)
                others = select(interactions.c.id).where(interactions.c.principal_id != principal_id, within)
                if connection.execute(others.limit(1)).first() is None:
                    alone.append(question)
        return alone

    def _ids(self, words: str) -> list[str]:
        within = sql_cast(interactions.c.payload, Text).contains(words, autoescape=True)
        with self._reading() as connection:
            return list(connection.scalars(select(interactions.c.id).where(within)))

    def _of(self, askers: Collection[str]) -> list[str]:
        mine = one_of(interactions.c.principal_id, "askers")
        with self._reading() as connection:
            return list(connection.scalars(select(interactions.c.id).where(mine), {"askers": listed(askers)}))

    def _all(self, keys: Sequence[str]) -> list[Interaction]:
        statement = select(interactions.c.payload).where(one_of(interactions.c.id, "ids"))
        with self._reading() as connection:
            return [_interaction(payload) for payload in connection.scalars(statement, {"ids": listed(keys)})]

    def _rewrite(self, key: str, change: Callable[[Interaction], Interaction]) -> bool:
        with self._writing() as connection:
            locked = select(interactions.c.payload).where(interactions.c.id == key).with_for_update()
            payload = connection.scalar(locked)
            before = None if payload is None else _interaction(payload)
            if before is None or (after := change(before)) == before:
                return False
            connection.execute(update(interactions).where(interactions.c.id == key).values(payload=to_json(after)))
        return True


def _stands_on(interaction: Interaction, document_id: str) -> bool:
    answer = interaction.answer
    cited = any(citation.document_id == document_id for citation in answer.citations)
    # A model may have worded its answer from a passage that it does not cite.
    shown = any(passage.chunk.document_id == document_id for passage in interaction.passages)
    return not answer.abstained and (cited or (shown and answer.generator != "extractive"))


@dataclass(frozen=True, slots=True)
class _Forgotten:
    """A document, its words, and the answers that stood on it."""

    document_id: str
    chunk_ids: frozenset[str]
    quoted: Quoted
    answers: Quoted

    def without(self, interaction: Interaction) -> Interaction:
        answer = interaction.answer
        history = tuple(
            Turn(turn.role, ERASED) if turn.role == "assistant" and self.says(turn.text) else turn
            for turn in interaction.history
        )
        # What a model says after such a turn may repeat it; quotes that cite another document are that one's words.
        repeats = history != interaction.history and answer.generator != "extractive" and self.says(answer.text)
        if _stands_on(interaction, self.document_id) or repeats:
            answer = Answer(
                text=ERASED,
                abstained=answer.abstained,
                confidence=answer.confidence,
                citations=answer.citations,
                nearest=answer.nearest,
                degraded=answer.degraded,
                generator=answer.generator,
            )
        citations, nearest = self._others(answer.citations), self._others(answer.nearest)
        passages = tuple(
            replace(passage, also=tuple(key for key in passage.also if key not in self.chunk_ids))
            for passage in interaction.passages
            if passage.chunk.document_id != self.document_id
        )
        return replace(
            interaction,
            answer=replace(answer, citations=citations, nearest=nearest),
            passages=passages,
            history=history,
            searched="" if self.says(interaction.searched) else interaction.searched,
            generation={name: said for name, said in interaction.generation.items() if not self._in(said)},
        )

    def says(self, text: str) -> bool:
        return self.quoted.within(text) or self.answers.repeated(text)

    def _in(self, said: Any) -> bool:
        if isinstance(said, str):
            return self.says(said)
        if isinstance(said, Mapping):
            return any(self._in(part) for part in said.values())
        return isinstance(said, list | tuple) and any(self._in(part) for part in said)

    def _others(self, citations: tuple[Citation, ...]) -> tuple[Citation, ...]:
        return tuple(citation for citation in citations if citation.document_id != self.document_id)


def _anonymous(interaction: Interaction, pseudonym: str, redact: Callable[[str], str]) -> Interaction:
    text = redact(interaction.answer.text)
    same = text == interaction.answer.text
    return replace(
        interaction,
        id=uuid4().hex,
        principal_id=pseudonym,
        question=redact(interaction.question),
        history=tuple(Turn(turn.role, redact(turn.text)) for turn in interaction.history),
        searched=redact(interaction.searched),
        # Verdicts point into the text; of one that has changed they would point beside it.
        answer=replace(interaction.answer, text=text, sentences=interaction.answer.sentences if same else ()),
        # A moment would lead back by the sign-in that the audit log holds.
        asked_at=datetime.combine(interaction.asked_at.date(), time(), UTC),
        generation={name: said for name, said in interaction.generation.items() if name != "search_context"},
        conversation_id=None,
    )


def _feedback_row(
    about: Mapping[str, Any], kept: Interaction, principal_id: str, pseudonym: str, redact: Callable[[str], str]
) -> dict[str, Any]:
    said = cast(Feedback, from_json(Feedback, about["payload"]))
    own = about["principal_id"] == principal_id
    said = replace(
        said,
        id=uuid4().hex if own else said.id,
        interaction_id=kept.id,
        principal_id=pseudonym if own else said.principal_id,
        given_at=kept.asked_at if own else said.given_at,
        answer=redact(said.answer) if own and said.answer else said.answer,
        evidence=redact(said.evidence) if own and said.evidence else said.evidence,
        preferred_over=None,  # the other answer has a new id too, and nobody knows which
    )
    values = {"id": said.id, "interaction_id": kept.id, "principal_id": said.principal_id, "given_at": said.given_at}
    return values | {"payload": to_json(said)}


def _interaction(payload: Any) -> Interaction:
    return cast(Interaction, from_json(Interaction, payload))


def _plain(words: str) -> str:
    return words.encode(errors="replace").decode().replace("\x00", "\ufffd")
