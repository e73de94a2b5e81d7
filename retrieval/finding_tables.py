"""The tables of findings, of what documents look like as a whole, of policies and of documents kept out."""

from sqlalchemy import JSON, BigInteger, Column, Date, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from retrieval.access_tables import metadata
from retrieval.tables import UtcDateTime

__all__ = ["collection_policies", "document_profiles", "findings", "metadata", "quarantined", "signature_bands"]


def _revision(*, primary_key: bool = False) -> Column[str]:
    # Of the revision, not of the document: what is kept while a revision is staged is seen the moment it goes live,
    # and goes when the revision goes.
    key = ForeignKey("revisions.id", ondelete="CASCADE")
    return Column("revision_id", String(255), key, nullable=False, primary_key=primary_key)


def _collection(*, primary_key: bool = False) -> Column[str]:
    key = ForeignKey("collections.id", ondelete="CASCADE")
    return Column("collection_id", String(255), key, nullable=False, primary_key=primary_key)


findings = Table(
    "findings",
    metadata,
    _revision(primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("rule", String(64), nullable=False),
    Column("severity", String(8), nullable=False),
    Column("message", Text, nullable=False),
    Column("start", Integer),
    Column("end", Integer),
    Column("count", Integer, nullable=False),
    Column("details", JSON, nullable=False),
)

document_profiles = Table(
    "document_profiles",
    metadata,
    _revision(primary_key=True),
    Column("language", String(16), nullable=False),
    Column("updated_on", Date),  # as the document says
    Column("valid_until", Date),
    Column("text_sha256", String(64), nullable=False),
    Column("signature", LargeBinary),
    Column(
        "redacted", JSON, nullable=False
    ),  # how often each rule replaced something; empty: the text is the original's
)

# A look-up of neighbours is one indexed query: the values already hold which band they are of.
signature_bands = Table(
    "signature_bands",
    metadata,
    _revision(primary_key=True),
    Column("value", BigInteger, primary_key=True),
    _collection(),
)
Index("ix_signature_bands_collection_id_value", signature_bands.c.collection_id, signature_bands.c.value)

collection_policies = Table(
    "collection_policies",
    metadata,
    _collection(primary_key=True),
    Column("policy", JSON, nullable=False),
    Column("names", Text, nullable=False),  # of people, one a line
    Column("changed_by", Text, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)

quarantined = Table(
    "quarantined",
    metadata,
    Column("id", String(255), primary_key=True),
    _collection(),
    Column("uri", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("content_sha256", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("findings", JSON, nullable=False),
    Column("acl", JSON(none_as_null=True)),  # who is to read it once it is let in; None leaves that as it is
    Column("held_at", UtcDateTime, nullable=False),
    Column("released_by", Text),
    Column("released_at", UtcDateTime),
)
Index("ix_quarantined_collection_id_content_sha256", quarantined.c.collection_id, quarantined.c.content_sha256)
