"""Collections, who may read and who curates them, and the access lists of documents, as people set them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, false, insert, or_, select, true, update
from sqlalchemy.exc import IntegrityError

from retrieval.access import checked_acl, readable_keys
from retrieval.access_tables import collection_access
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.rows import storable
from retrieval.store import Store, insert_rows, listed, one_of
from retrieval.tables import collections, document_access, documents
from retrieval.types import EVERYONE, Collection, Principal

_COLLECTION_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class CollectionAccess:
    """Who may do what with a collection.

    Attributes:
        readers: Principal keys; what a document's own list lets in must stand here too. Empty means nobody.
        curators: Principal keys of those who look after its documents; it does not let them read.
        version: How often it was set.
    """

    readers: frozenset[str]
    curators: frozenset[str]
    version: int


def has_right(right: str) -> ColumnElement[bool]:
    """Return the condition that one of the parameter ``keys`` has a right on the collection of the statement."""
    return exists().where(
        collection_access.c.collection_id == collections.c.id,
        collection_access.c.right == right,
        one_of(collection_access.c.principal_key, "keys", indexed=False),
    )


def looks_after(principal: Principal) -> ColumnElement[bool]:
    """Return the condition that the principal, whose keys are the parameter ``keys``, looks after the collection."""
    if principal.administrator:
        return true()
    return has_right("curate") if principal.curator else false()


_READ = (
    select(collection_access.c.collection_id)
    .distinct()
    .where(collection_access.c.right == "read", one_of(collection_access.c.principal_key, "keys"))
    .subquery()
)
# Not an EXISTS for each collection: a long list of keys is then read once for all of them.
_READABLE_NAMES = select(collections.c.name, _READ.c.collection_id.is_not(None)).outerjoin(
    _READ, _READ.c.collection_id == collections.c.id
)


class AccessLists(Store):
    """The part of the catalog that says who may see what.

    Of two who change one list at once, the second is told, unless it says that it does not care: each list has a
    version, and whoever sets it names the one they saw.
    """

    def create_collection(
        self, name: str, *, readers: Iterable[str] = (EVERYONE,), curators: Iterable[str] = ()
    ) -> Collection:
        """Make an empty collection.

        Args:
            name: 1 to 64 of the characters A-Z a-z 0-9 . _ -
            readers: Principal keys that may read it.
            curators: Principal keys of those who look after it.

        Returns:
            The collection.

        Raises:
            InvalidInputError: The name or a key is malformed.
            ConflictError: There is one of this name.
        """
        if not _COLLECTION_NAME.fullmatch(name):
            raise InvalidInputError(f"{name!r} cannot name a collection: 1 to 64 of A-Z a-z 0-9 . _ - are allowed")
        collection = Collection(uuid4().hex, name, datetime.now(UTC))
        read, curate = checked_acl(readers), checked_acl(curators)
        try:
            with self._writing() as connection:
                row = {"id": collection.id, "name": name, "created_at": collection.created_at}
                connection.execute(insert(collections).values(row))
                _set_rights(connection, collection.id, readers=read, curators=curate)
        except IntegrityError as error:
            raise ConflictError(f"there is a collection {name} already") from error
        return collection

    def collection(self, name: str, *, principal: Principal) -> Collection:
        """Return a collection that the principal may read or looks after.

        Returns:
            The collection.

        Raises:
            NotFoundError: There is none of this name, or the principal may not know that there is.
        """
        found = self._collection(name, principal, "read", "curate")
        if found is None:
            raise NotFoundError(f"no collection {name!r}")
        return found

    def curates(self, name: str, *, principal: Principal) -> bool:
        """Say whether the principal looks after a collection; administrators look after all.

        Returns:
            False too for a collection that does not exist.
        """
        if not principal.administrator and not principal.curator:
            return False
        return self._collection(name, principal, "curate") is not None

    def curated_collections(self, *, principal: Principal) -> list[Collection]:
        """Return the collections that the principal looks after, sorted by name; an administrator all."""
        if not principal.administrator and not principal.curator:
            return []
        statement = select(collections.c.id, collections.c.name, collections.c.created_at)
        if not principal.administrator:
            statement = statement.where(has_right("curate"))
        with self._reading() as connection:
            rows = connection.execute(statement, {"keys": listed(readable_keys(principal))}).all()
        return sorted((Collection(*row) for row in rows), key=lambda collection: collection.name)

    def readable_collections(self, *, principal: Principal) -> frozenset[str] | None:
        """Return the names of the collections that the principal may read anything of, for the first gate.

        Returns:
            None when that is every collection there is.
        """
        keys = readable_keys(principal)
        if not keys:
            return frozenset()
        with self._reading() as connection:
            rows = connection.execute(_READABLE_NAMES, {"keys": listed(keys)}).all()
        return None if all(row[1] for row in rows) else frozenset(row[0] for row in rows if row[1])

    def collection_access(self, name: str) -> CollectionAccess:
        """Return who may read and who curates a collection; for those who may set it.

        Raises:
            NotFoundError: There is no such collection.
        """
        columns = (collections.c.access_version, collection_access.c.principal_key, collection_access.c.right)
        statement = select(*columns).select_from(collections).outerjoin(collection_access)
        with self._reading() as connection:
            rows = connection.execute(statement.where(collections.c.name == name)).all() if storable(name) else []
        if not rows:
            raise NotFoundError(f"no collection {name!r}")
        by_right = {right: frozenset(row[1] for row in rows if row[2] == right) for right in ("read", "curate")}
        return CollectionAccess(by_right["read"], by_right["curate"], rows[0].access_version)

    def grants(self, keys: Iterable[str]) -> list[tuple[str, str, str]]:
        """Return where keys stand in a list of a collection: its name, the right and the key; for administrators."""
        statement = (
            select(collections.c.name, collection_access.c.right, collection_access.c.principal_key)
            .join_from(collections, collection_access)
            .where(one_of(collection_access.c.principal_key, "keys"))
        )
        with self._reading() as connection:
            return sorted(tuple(row) for row in connection.execute(statement, {"keys": listed(keys)}))

    def set_collection_access(
        self, name: str, *, readers: Iterable[str], curators: Iterable[str], version: int | None
    ) -> CollectionAccess:
        """Say who may read and who curates a collection; it holds from the next request.

        Args:
            name: Of the collection.
            readers: Principal keys; empty means nobody.
            curators: Principal keys; empty leaves it to the administrators.
            version: Of what is to be replaced; None replaces whatever is there.

        Returns:
            As it is now.

        Raises:
            NotFoundError: There is no such collection.
            InvalidInputError: A key is malformed, or there are too many.
            ConflictError: Somebody else set it meanwhile.
        """
        read, curate = checked_acl(readers), checked_acl(curators)
        statement = select(collections.c.id, collections.c.access_version).where(collections.c.name == name)
        with self._writing() as connection:
            row = connection.execute(statement.with_for_update()).one_or_none() if storable(name) else None
            if row is None:
                raise NotFoundError(f"no collection {name!r}")
            _check_version(row.access_version, version)
            _set_rights(connection, row.id, readers=read, curators=curate)
            raised = update(collections).where(collections.c.id == row.id)
            connection.execute(raised.values(access_version=row.access_version + 1))
        return CollectionAccess(read, curate, row.access_version + 1)

    def set_document_access(self, document_id: str, acl: Iterable[str], *, by: str, version: int | None) -> int:
        """Say who may read a document, among those who may read its collection; it holds from the next request.

        Its source and later revisions leave the list as it is from now on. The index is to be told, see ``relabelled``.

        Args:
            document_id: Of a document.
            acl: Principal keys; empty means nobody.
            by: Principal id of who does it.
            version: Of the list that is to be replaced; None replaces whatever is there.

        Returns:
            The new version.

        Raises:
            NotFoundError: There is no such document.
            InvalidInputError: A key is malformed, or there are too many.
            ConflictError: Somebody else set it meanwhile.
        """
        keys = checked_acl(acl)
        with self._writing() as connection:
            row = _locked(connection, document_id)
            _check_version(row.access_version, version)
            replace_access(connection, document_id, keys)
            values = {"access_version": row.access_version + 1, "access_set_by": by, "relabel": row.relabel + 1}
            connection.execute(update(documents).where(documents.c.id == document_id).values(values))
        return int(row.access_version) + 1

    def release_document_access(self, document_id: str, *, version: int | None) -> None:
        """Leave the access list of a document to its source and uploads again; until the next of them it stays.

        Raises:
            NotFoundError: There is no such document.
            ConflictError: Somebody else set it meanwhile.
        """
        with self._writing() as connection:
            row = _locked(connection, document_id)
            _check_version(row.access_version, version)
            values = {"access_version": row.access_version + 1, "access_set_by": None}
            connection.execute(update(documents).where(documents.c.id == document_id).values(values))

    def _collection(self, name: str, principal: Principal, *rights: str) -> Collection | None:
        keys = readable_keys(principal)
        if not _COLLECTION_NAME.fullmatch(name) or not (keys or principal.administrator):
            return None
        statement = select(collections.c.id, collections.c.name, collections.c.created_at)
        statement = statement.where(collections.c.name == name)
        if not principal.administrator:
            statement = statement.where(or_(*map(has_right, rights)))
        with self._reading() as connection:
            row = connection.execute(statement, {"keys": listed(keys)}).one_or_none()
        return None if row is None else Collection(*row)


def replace_access(connection: Connection, document_id: str, keys: Iterable[str]) -> None:
    """Give a document another access list, inside the transaction of whoever holds its row."""
    connection.execute(delete(document_access).where(document_access.c.document_id == document_id))
    rows = [{"document_id": document_id, "principal_key": key} for key in keys]
    insert_rows(connection, document_access, rows)


def _set_rights(
    connection: Connection, collection_id: str, *, readers: frozenset[str], curators: frozenset[str]
) -> None:
    connection.execute(delete(collection_access).where(collection_access.c.collection_id == collection_id))
    named = [("read", key) for key in sorted(readers)] + [("curate", key) for key in sorted(curators)]
    rows = [{"collection_id": collection_id, "principal_key": key, "right": right} for right, key in named]
    insert_rows(connection, collection_access, rows)


def _locked(connection: Connection, document_id: str) -> Any:
    there = and_(documents.c.id == document_id, documents.c.deleted_at.is_(None))
    statement = select(documents.c.access_version, documents.c.relabel).where(there).with_for_update()
    row = connection.execute(statement).one_or_none() if storable(document_id) else None
    if row is None:
        raise NotFoundError(f"no document {document_id}")
    return row


def _check_version(found: int, wanted: int | None) -> None:
    if wanted is not None and wanted != found:
        raise ConflictError(f"the access list was changed meanwhile: it is at version {found}, not {wanted}")
