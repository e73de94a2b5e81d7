"""Runs of ingestion and their documents, sources, vectors beside the chunks, when a revision was retired."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("documents", sa.Column("source_id", sa.String(length=255), nullable=True))
    op.create_index(op.f("ix_documents_source_id"), "documents", ["source_id"], unique=False)
    op.add_column("revisions", sa.Column("source_id", sa.String(length=255), nullable=True))
    op.add_column("revisions", sa.Column("source_version", sa.Text(), nullable=True))
    op.add_column("revisions", sa.Column("ready", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("revisions", sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))
    # Nobody wrote down when the old ones were retired: their time of keeping begins now.
    op.execute("UPDATE revisions SET retired_at = CURRENT_TIMESTAMP WHERE state = 'retired'")
    op.create_table(
        "chunk_vectors",
        sa.Column("chunk_id", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=255), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chunk_id"], ["chunks.id"], name=op.f("fk_chunk_vectors_chunk_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("chunk_id", name=op.f("pk_chunk_vectors")),
    )
    op.create_table(
        "sources",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("acl", sa.JSON(), nullable=False),
        sa.Column("every_s", sa.Float(), nullable=True),
        sa.Column("watch", sa.Boolean(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_sync_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_run_id", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
        sa.UniqueConstraint("collection", "name", name=op.f("uq_sources_collection_name")),
    )
    op.create_table(
        "ingest_runs",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("source_id", sa.String(length=255), nullable=True),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("scanned", sa.Boolean(), nullable=False),
        sa.Column("batches", sa.Integer(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ingest_runs")),
    )
    op.create_index("ix_ingest_runs_created_at", "ingest_runs", ["created_at"], unique=False)
    op.create_index("ix_ingest_runs_state", "ingest_runs", ["state"], unique=False)
    op.create_table(
        "ingest_items",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("run_id", sa.String(length=255), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=True),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=True),
        sa.Column("source_version", sa.Text(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=255), nullable=True),
        sa.Column("revision_id", sa.String(length=255), nullable=True),
        sa.Column("chunks", sa.Integer(), nullable=False),
        sa.Column("embedded", sa.Integer(), nullable=False),
        sa.Column("timings", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["ingest_runs.id"], name=op.f("fk_ingest_items_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ingest_items")),
        sa.UniqueConstraint("run_id", "uri", name=op.f("uq_ingest_items_run_id_uri")),
    )
    op.create_index("ix_ingest_items_run_id_state", "ingest_items", ["run_id", "state"], unique=False)
    op.create_index("ix_ingest_items_run_id_batch", "ingest_items", ["run_id", "batch"], unique=False)
    op.create_index("ix_ingest_items_state", "ingest_items", ["state"], unique=False)
    op.create_index("ix_ingest_items_uri", "ingest_items", ["uri"], unique=False)
    op.create_index("ix_ingest_items_run_id_finished_at", "ingest_items", ["run_id", "finished_at"], unique=False)
    op.create_table(
        "workers",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
