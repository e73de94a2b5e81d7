"""The guards of each collection, kept; a question to several stands under the strictest of each of their rules."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, delete, insert, select

from app.guard_policy import GuardPolicy, policy_of, strictest
from app.policy_guard import PolicyGuard
from app.tables import guard_policies
from ingestion.findings.personal import find_personal
from retrieval.access import readable_keys
from retrieval.access_lists import has_right
from retrieval.bm25 import Terms
from retrieval.errors import NotFoundError
from retrieval.rows import storable
from retrieval.store import Store, listed
from retrieval.tables import collections
from retrieval.types import Principal


class GuardPolicies(Store):
    """Policies of guards by collection, and the guards made of them.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
        terms: Stems the words of questions and topics.
    """

    def __init__(self, engine: Engine, terms: Terms) -> None:
        super().__init__(engine)
        self._terms = terms

    def guard(self, collection: str | None, principal: Principal) -> PolicyGuard:
        """Make the guard of a question.

        Args:
            collection: The one that is searched; None searches all.
            principal: Who asks; what holds for a collection that it may not read is not told by what is refused.

        Returns:
            One that refuses and masks what the policy of any collection refuses and masks that is searched.
        """
        keys = readable_keys(principal)
        statement = select(guard_policies.c.policy).select_from(collections).outerjoin(guard_policies)
        statement = statement.where(has_right("read"))
        if collection is not None:
            statement = statement.where(collections.c.name == collection)
        found: list[Any] = []
        if keys and (collection is None or storable(collection)):
            with self._reading() as connection:
                found = list(connection.scalars(statement, {"keys": listed(keys)}))
        return PolicyGuard(strictest(_policy(kept) for kept in found), self._terms)

    def policy(self, collection: str) -> GuardPolicy:
        """Return the policy of a collection, for who may set it.

        Returns:
            What was set last, or the default.

        Raises:
            NotFoundError: There is no such collection.
        """
        statement = select(collections.c.id, guard_policies.c.policy).select_from(collections)
        statement = statement.outerjoin(guard_policies).where(collections.c.name == collection)
        row = None
        if storable(collection):
            with self._reading() as connection:
                row = connection.execute(statement).one_or_none()
        if row is None:
            raise NotFoundError(f"no collection {collection!r}")
        return _policy(row.policy)

    def set_policy(self, collection: str, body: Mapping[str, Any], *, by: Principal) -> GuardPolicy:
        """Set what is refused and masked from the next question on.

        Args:
            collection: Which.
            body: See ``policy_of``; what is left out gets its default.
            by: Who sets it; that they may is for the caller to know.

        Returns:
            The policy.

        Raises:
            NotFoundError: There is no such collection.
            InvalidInputError: The policy is not possible.
        """
        policy = policy_of(body)
        with self._writing() as connection:
            found = select(collections.c.id).where(collections.c.name == collection)
            collection_id = connection.scalar(found.with_for_update()) if storable(collection) else None
            if collection_id is None:
                raise NotFoundError(f"no collection {collection!r}")
            connection.execute(delete(guard_policies).where(guard_policies.c.collection_id == collection_id))
            kept = {"policy": policy.as_json(), "set_by": by.id, "set_at": datetime.now(UTC)}
            connection.execute(insert(guard_policies).values(collection_id=collection_id, **kept))
        self.warm()
        return policy

    def warm(self) -> None:
        """Load what finds personal data where any policy asks for it: it takes seconds, and a question would wait."""
        with self._reading() as connection:
            kept = [_policy(policy) for policy in connection.scalars(select(guard_policies.c.policy))]
        if any({p.personal_in_questions, p.personal_in_answers} != {"allow"} for p in kept):
            find_personal("a@example.com, phone +1 212 555 0134, card 4111 1111 1111 1111, 10.0.0.1")


def _policy(kept: Any) -> GuardPolicy:
    return GuardPolicy() if kept is None else policy_of(kept)
