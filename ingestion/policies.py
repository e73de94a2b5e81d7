"""The policy of each collection, kept; a collection without one reports everything and changes nothing."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, insert, select

from ingestion.findings.policy import Policy, names_in, policy_of
from retrieval.access import readable_keys
from retrieval.access_lists import looks_after
from retrieval.errors import NotFoundError
from retrieval.finding_tables import collection_policies
from retrieval.rows import storable
from retrieval.store import Store, listed
from retrieval.tables import collections
from retrieval.types import Principal


class Policies(Store):
    """Policies by collection; only who looks after a collection changes its own.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def policy(self, collection: str) -> Policy:
        """Return the policy of a collection.

        Returns:
            What was set last, or the default.

        Raises:
            NotFoundError: There is no such collection.
        """
        statement = (
            select(collections.c.id, collection_policies.c.policy, collection_policies.c.names)
            .outerjoin(collection_policies, collection_policies.c.collection_id == collections.c.id)
            .where(collections.c.name == collection)
        )
        row = None
        if storable(collection):
            with self._reading() as connection:
                row = connection.execute(statement).one_or_none()
        if row is None:
            raise NotFoundError(f"no collection {collection!r}")
        if row.policy is None:
            return Policy()
        return policy_of(row.policy, names=tuple(row.names.split("\n")) if row.names else ())

    def set_policy(self, collection: str, body: Mapping[str, Any], *, by: Principal) -> Policy:
        """Set what is done about findings from now on; documents that are there already are not looked at again.

        Args:
            collection: Which.
            body: See ``policy_of``; what is left out gets its default, the names of people stay.
            by: Who looks after it.

        Returns:
            The policy.

        Raises:
            NotFoundError: There is no such collection, or ``by`` does not look after it.
            InvalidInputError: The policy is not possible.
        """
        return self._keep(collection, policy_of(body, names=self.policy(collection).names), by)

    def set_names(self, collection: str, text: str, *, by: Principal) -> Policy:
        """Set the directory of people whose names count as personal data; an empty text removes it.

        Args:
            collection: Which.
            text: See ``names_in``.
            by: Who looks after it.

        Returns:
            The policy.

        Raises:
            NotFoundError: There is no such collection, or ``by`` does not look after it.
            InvalidInputError: A name cannot be one, or there are too many.
        """
        before = self.policy(collection).as_json()
        return self._keep(collection, policy_of(before, names=names_in(text)), by)

    def _keep(self, collection: str, policy: Policy, by: Principal) -> Policy:
        with self._writing() as connection:
            found = select(collections.c.id).where(collections.c.name == collection, looks_after(by))
            collection_id = connection.scalar(found.with_for_update(), {"keys": listed(readable_keys(by))})
            if collection_id is None:
                raise NotFoundError(f"no collection {collection!r}")
            table = collection_policies
            connection.execute(delete(table).where(table.c.collection_id == collection_id))
            connection.execute(
                insert(table).values(
                    collection_id=collection_id,
                    policy=json.loads(json.dumps(policy.as_json())),
                    names="\n".join(policy.names),
                    changed_by=by.id,
                    changed_at=datetime.now(UTC),
                )
            )
        return policy
