"""The table of who may read and who curates a collection; a document's own list is in ``tables``."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Table

from retrieval.tables import metadata

__all__ = ["collection_access", "metadata"]

collection_access = Table(
    "collection_access",
    metadata,
    Column("collection_id", String(255), ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True),
    Column("principal_key", String(255), primary_key=True),
    Column("right", String(16), CheckConstraint("\"right\" IN ('read', 'curate')", name="right"), primary_key=True),
)
Index("ix_collection_access_principal_key", collection_access.c.principal_key)
