"""The tables of sources, runs of ingestion, their documents and the workers; in the database of the catalog."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from retrieval.reading_tables import metadata
from retrieval.tables import UtcDateTime

__all__ = ["DELETIONS", "ingest_items", "ingest_runs", "metadata", "sources", "workers"]

DELETIONS = -1
"""The batch of documents that are to be deleted: the owner of the index sees to them."""

sources = Table(
    "sources",
    metadata,
    Column("id", String(255), primary_key=True),
    Column("collection", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("name", String(200), nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("acl", JSON, nullable=False),
    Column("access", JSON, nullable=False, server_default=text("'[]'")),  # rules, before the list above
    Column("every_s", Float),  # None: only when somebody asks
    Column("watch", Boolean, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("next_sync_at", UtcDateTime),
    Column("last_run_id", String(255)),
    UniqueConstraint("collection", "name"),
)

ingest_runs = Table(
    "ingest_runs",
    metadata,
    Column("id", String(255), primary_key=True),
    Column("collection", String(64), nullable=False),
    Column("source_id", String(255)),
    Column("label", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("scanned", Boolean, nullable=False),  # every document of the run has its row
    Column("batches", Integer, nullable=False),  # how many numbers were given to batches
    Column("spec", JSON, nullable=False),
    Column("reason", Text),
    Column("created_by", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
)
Index("ix_ingest_runs_created_at", ingest_runs.c.created_at)
Index("ix_ingest_runs_state", ingest_runs.c.state)

ingest_items = Table(
    "ingest_items",
    metadata,
    Column("id", String(255), primary_key=True),
    Column("run_id", String(255), ForeignKey("ingest_runs.id", ondelete="CASCADE"), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("batch", Integer),  # None waits for one; DELETIONS needs none
    Column("uri", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("content_sha256", String(64)),  # names the original among the blobs
    Column("source_version", Text),
    Column("size_bytes", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("outcome", String(16)),
    Column("reason", Text),
    Column("kind", String(32)),
    Column("attempts", Integer, nullable=False),
    Column("failures", Integer, nullable=False),  # attempts that ended with an error which was not the document's
    Column("worker", String(255)),
    Column("revision_id", String(255)),
    Column("chunks", Integer, nullable=False),
    Column("embedded", Integer, nullable=False),
    Column("timings", JSON, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    UniqueConstraint("run_id", "uri"),
)
Index("ix_ingest_items_run_id_state", ingest_items.c.run_id, ingest_items.c.state)
Index("ix_ingest_items_run_id_batch", ingest_items.c.run_id, ingest_items.c.batch)
Index("ix_ingest_items_state", ingest_items.c.state)
Index("ix_ingest_items_uri", ingest_items.c.uri)
Index("ix_ingest_items_run_id_finished_at", ingest_items.c.run_id, ingest_items.c.finished_at)

# Who works now, so that what a machine left behind that never came back can be given to another.
workers = Table(
    "workers",
    metadata,
    Column("id", String(255), primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)
