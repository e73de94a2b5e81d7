"""The tables of the catalog and the interaction log, and how their database is opened."""

from datetime import datetime
from sqlite3 import Connection as SQLiteConnection
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    false,
    make_url,
    text,
)

from retrieval.moments import UtcDateTime

__all__ = ["UtcDateTime", "metadata", "open_engine"]

_BUSY_TIMEOUT_MS = 30_000
_MAPPED_BYTES = 32 * 1024 * 1024  # of each connection: what is mapped counts as memory of the process every time
BEGIN = "attune_begin"
"""Execution option: which kind of transaction SQLite begins."""


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _key(name: str = "id") -> Column[str]:
    return Column(name, String(255), primary_key=True)


def _reference(name: str, target: str, *, primary_key: bool = False) -> Column[str]:
    key = ForeignKey(target, ondelete="CASCADE")
    return Column(name, String(255), key, nullable=False, primary_key=primary_key)


def _moment(name: str, *, nullable: bool = False) -> Column[datetime]:
    return Column(name, UtcDateTime, nullable=nullable)


def _words(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _number(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


collections = Table(
    "collections",
    metadata,
    _key(),
    Column("name", String(64), nullable=False, unique=True),
    _moment("created_at"),
    Column("access_version", Integer, nullable=False, server_default=text("0")),  # as of documents
)

documents = Table(
    "documents",
    metadata,
    _key(),
    Column("collection_id", String(255), ForeignKey("collections.id"), nullable=False),
    _words("uri"),
    _words("title"),
    _words("media_type"),
    Column("size_bytes", BigInteger, nullable=False),
    # No foreign key: it would make a circle with revisions, which SQLite cannot add afterwards.
    Column("live_revision_id", String(255)),
    Column("source_id", String(255), index=True),  # what keeps it in step; None for uploads and paths given once
    Column("metadata", JSON, nullable=False, server_default=text("'{}'")),
    # How often its labels changed since the index took them over.
    Column("relabel", Integer, nullable=False, server_default=text("0")),
    # Who set its access list by hand; a source or a new revision leaves such a list as it is.
    Column("access_set_by", String(255)),
    # How often its access list was set by hand, so that of two who do it at once the second is told.
    Column("access_version", Integer, nullable=False, server_default=text("0")),
    _moment("created_at"),
    _moment("updated_at"),
    _moment("deleted_at", nullable=True),
)
# A deleted document keeps its row until it is purged, and its uri can be used again at once.
Index(
    "uq_documents_collection_id_uri",
    documents.c.collection_id,
    documents.c.uri,
    unique=True,
    sqlite_where=text("deleted_at IS NULL"),
    postgresql_where=text("deleted_at IS NULL"),
)

Index(
    "ix_documents_relabel",
    documents.c.relabel,
    sqlite_where=text("relabel > 0"),
    postgresql_where=text("relabel > 0"),
)

document_access = Table(
    "document_access",
    metadata,
    _reference("document_id", "documents.id", primary_key=True),
    Column("principal_key", String(255), primary_key=True),
)

revisions = Table(
    "revisions",
    metadata,
    _key(),
    _reference("document_id", "documents.id"),
    _number("number"),
    Column(
        "state", String(16), CheckConstraint("state IN ('staged', 'live', 'retired')", name="state"), nullable=False
    ),
    Column("content_sha256", String(64), nullable=False),
    _words("recipe"),
    _words("title"),
    _words("media_type"),
    Column("size_bytes", BigInteger, nullable=False),
    # What the document's access becomes when this revision is published; JSON's null keeps what the document has.
    Column("acl", JSON, nullable=False),
    Column("source_id", String(255)),
    Column("metadata", JSON(none_as_null=True)),  # as the access list; None keeps what the document has
    Column("source_version", Text),  # what the source calls this state (ETag, modification time), where it does
    Column("ready", Boolean, nullable=False, server_default=false()),  # every chunk is there: it may be published
    _moment("created_at"),
    _moment("retired_at", nullable=True),
    _words("text"),
)
Index("uq_revisions_document_id_number", revisions.c.document_id, revisions.c.number, unique=True)
# The database itself refuses a second live revision, whatever a writer believes.
Index(
    "uq_revisions_live",
    revisions.c.document_id,
    unique=True,
    sqlite_where=text("state = 'live'"),
    postgresql_where=text("state = 'live'"),
)
Index(
    "ix_revisions_not_live",
    revisions.c.state,
    sqlite_where=text("state <> 'live'"),
    postgresql_where=text("state <> 'live'"),
)

chunks = Table(
    "chunks",
    metadata,
    _key(),
    # The revision's document once more, so that the gate of every question needs one join less. No foreign key:
    # the revision's cascade removes the row, and a second one would want an index of its own.
    Column("document_id", String(255), nullable=False),
    _reference("revision_id", "revisions.id"),
    _number("ordinal"),
    _number("start"),
    _number("end"),
    _words("text"),
    _words("context"),
    Column("section", JSON, nullable=False),
    _number("token_count"),
    Column("places", JSON, nullable=False),
)
Index("uq_chunks_revision_id_ordinal", chunks.c.revision_id, chunks.c.ordinal, unique=True)

# Apart from the chunks: vectors are four times the text, and the gate of every question would read around them.
chunk_sentences = Table(
    "chunk_sentences",
    metadata,
    _reference("chunk_id", "chunks.id", primary_key=True),
    Column("vectors", LargeBinary, nullable=False),
)

# What the index holds, so that it can be filled, moved and mended without embedding anything again, and so that a
# chunk whose text did not change takes its vector along into the next revision.
chunk_vectors = Table(
    "chunk_vectors",
    metadata,
    _reference("chunk_id", "chunks.id", primary_key=True),
    Column("fingerprint", String(255), nullable=False),  # of the embedder that made it
    Column("vector", LargeBinary, nullable=False),  # float32, little endian
)

index_pointers = Table("index_pointers", metadata, _key("name"), _words("target"), _moment("updated_at"))

CORPUS_EPOCH = "epoch"
"""The row of ``corpus_state`` that every publish and every deletion raises."""

corpus_state = Table("corpus_state", metadata, _key("name"), Column("value", BigInteger, nullable=False))

conversations = Table(
    "conversations",
    metadata,
    _key(),
    _words("principal_id"),
    _words("title"),
    _moment("created_at"),
    _moment("updated_at"),
)
Index("ix_conversations_principal_id_updated_at", conversations.c.principal_id, conversations.c.updated_at)

interactions = Table(
    "interactions",
    metadata,
    _key(),
    _words("principal_id"),
    Column("collection", Text),
    _words("question"),
    Column("payload", JSON, nullable=False),
    _moment("asked_at"),
    Column("conversation_id", String(255), ForeignKey("conversations.id")),
)
Index("ix_interactions_conversation_id_asked_at", interactions.c.conversation_id, interactions.c.asked_at)
Index("ix_interactions_principal_id_asked_at", interactions.c.principal_id, interactions.c.asked_at)
Index("ix_interactions_asked_at", interactions.c.asked_at)

feedback = Table(
    "feedback",
    metadata,
    _key(),
    _reference("interaction_id", "interactions.id"),
    _words("principal_id"),
    Column("payload", JSON, nullable=False),
    _moment("given_at"),
    Column("approved_by", Text),
    Column("refused_by", Text),
    UniqueConstraint("interaction_id", "principal_id"),  # whoever changes their mind replaces what they said
)
Index("ix_feedback_given_at", feedback.c.given_at)


def open_engine(url: str) -> Engine:
    """Open the database at a SQLAlchemy URL; nothing is read or written before the first statement.

    Args:
        url: ``sqlite:////absolute/path.db`` or ``postgresql+psycopg://...``; plain ``postgresql://`` means the latter.

    Returns:
        An engine that threads may share. SQLite: WAL, foreign keys on, synchronous NORMAL, 30 s of waiting for the
        writer's lock.
    """
    address = make_url(url)
    if address.drivername in {"postgresql", "postgres"}:
        address = address.set(drivername="postgresql+psycopg")
    if address.get_backend_name() != "sqlite":
        return create_engine(address, pool_size=10, max_overflow=30, pool_pre_ping=True, hide_parameters=True)
    # Errors would show what was to be written: questions, answers, feedback.
    engine = create_engine(address, connect_args={"timeout": _BUSY_TIMEOUT_MS / 1000}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: SQLiteConnection, _record: Any) -> None:
    # Python's own transaction control would begin only at the first write, and never before DDL.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {_BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "foreign_keys = ON",
        "synchronous = NORMAL",
        # Saves a system call a page: a fifth of the time of looking up 200 chunks among 100,000.
        f"mmap_size = {_MAPPED_BYTES}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()
    # SQLite's own knows A to Z only.
    connection.create_function("lower", 1, lambda words: words and words.lower(), deterministic=True)


def _begin_sqlite(connection: Connection) -> None:
    mode = connection.get_execution_options().get(BEGIN, "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")
