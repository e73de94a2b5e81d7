"""The tables of who may read and who curates a collection, and of what documents stand on others.

A document's own list is in ``tables``.
"""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Table

from retrieval.tables import metadata

__all__ = ["collection_access", "document_origins", "metadata"]

collection_access = Table(
    "collection_access",
    metadata,
    Column("collection_id", String(255), ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True),
    Column("principal_key", String(255), primary_key=True),
    Column("right", String(16), CheckConstraint("\"right\" IN ('read', 'curate')", name="right"), primary_key=True),
)
Index("ix_collection_access_principal_key", collection_access.c.principal_key)

# A document that was made of others, as an approved answer is, is read by who may read them all.
document_origins = Table(
    "document_origins",
    metadata,
    Column("document_id", String(255), ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    # No foreign key: what was made of a document that is gone stays unreadable until it is removed too.
    Column("origin_id", String(255), primary_key=True),
)
Index("ix_document_origins_origin_id", document_origins.c.origin_id)
