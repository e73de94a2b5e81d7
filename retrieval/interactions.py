"""The interaction log: every question with its answer and what produced it, as it was."""

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from sqlalchemy import desc, insert, select
from sqlalchemy.exc import IntegrityError

from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.rows import storable
from retrieval.store import Store
from retrieval.tables import interactions
from retrieval.types import Interaction, Principal

MAX_RECENT = 1_000


class InteractionLog(Store):
    """Questions and answers, kept word for word.

    What is kept here was readable when it was asked. Whether it still is, only the catalog knows: check the
    citations and passages of a stored interaction there before they are shown.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def record(self, interaction: Interaction) -> None:
        """Keep an interaction.

        Raises:
            ConflictError: One of this id is kept already.
        """
        values = {
            "id": interaction.id,
            "principal_id": interaction.principal_id,
            "collection": interaction.collection,
            # For people who look into the table; the payload holds the question as it was asked, whatever was in it.
            "question": interaction.question.encode(errors="replace").decode().replace("\x00", "\ufffd"),
            "payload": _to_json(asdict(interaction)),
            "asked_at": interaction.asked_at,
        }
        try:
            with self._writing() as connection:
                connection.execute(insert(interactions).values(values))
        except IntegrityError as error:
            raise ConflictError(f"interaction {interaction.id} is kept already") from error

    def get(self, interaction_id: str, *, principal: Principal) -> Interaction:
        """Return an interaction of the principal; an administrator may open anybody's.

        Returns:
            The interaction as it was recorded.

        Raises:
            NotFoundError: It is missing, or somebody else's.
        """
        statement = select(interactions.c.payload).where(interactions.c.id == interaction_id)
        if not principal.administrator:
            statement = statement.where(interactions.c.principal_id == principal.id)
        payload = None
        if principal.id and storable(interaction_id) and storable(principal.id):
            with self._reading() as connection:
                payload = connection.scalar(statement)
        if payload is None:
            raise NotFoundError(f"no interaction {interaction_id}")
        return _interaction(payload)

    def recent(self, *, principal: Principal, limit: int = 50) -> list[Interaction]:
        """Return the principal's own last interactions, an administrator's too.

        Args:
            principal: Who asks.
            limit: Most interactions to return, 1 to 1,000.

        Returns:
            The newest first.

        Raises:
            InvalidInputError: The limit is out of range.
        """
        if not 1 <= limit <= MAX_RECENT:
            raise InvalidInputError(f"limit is {limit}; 1 to {MAX_RECENT} interactions can be listed")
        if not principal.id or not storable(principal.id):
            return []
        statement = (
            select(interactions.c.payload)
            .where(interactions.c.principal_id == principal.id)
            .order_by(desc(interactions.c.asked_at), desc(interactions.c.id))
            .limit(limit)
        )
        with self._reading() as connection:
            return [_interaction(payload) for payload in connection.scalars(statement)]


def _interaction(payload: Any) -> Interaction:
    return cast(Interaction, _from_json(Interaction, payload))


def _to_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _to_json(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_to_json(entry) for entry in value]
    return value.isoformat() if isinstance(value, datetime) else value


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _from_json(kind: Any, value: Any) -> Any:
    """Build what a type says from plain JSON; a field that an older version did not write takes its default."""
    if value is None or kind is Any:
        return value
    if get_origin(kind) is not None:
        return _from_generic(get_origin(kind), get_args(kind), value)
    if is_dataclass(kind):
        given = {name: _from_json(hint, value[name]) for name, hint in _hints(cast(Any, kind)).items() if name in value}
        return cast(Any, kind)(**given)
    if kind is datetime:
        return datetime.fromisoformat(value)
    # JSON writes 2.0 as it likes.
    return float(value) if kind is float else value


def _from_generic(origin: Any, arguments: tuple[Any, ...], value: Any) -> Any:
    if origin in {Union, UnionType}:
        return _from_json(next(entry for entry in arguments if entry is not type(None)), value)
    if origin is tuple:
        return tuple(_from_json(arguments[0], entry) for entry in value)
    if origin is Mapping:
        return {key: _from_json(arguments[1], entry) for key, entry in value.items()}
    return value  # a Literal
