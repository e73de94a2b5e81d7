"""Findings of documents, their profiles and signatures, policies of collections, documents kept out."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _of_revision(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_revision_id")
    return sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=name, ondelete="CASCADE")


def _of_collection(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_collection_id")
    return sa.ForeignKeyConstraint(["collection_id"], ["collections.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    op.create_table(
        "findings",
        sa.Column("revision_id", sa.String(length=255), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=True),
        sa.Column("end", sa.Integer(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        _of_revision("findings"),
        sa.PrimaryKeyConstraint("revision_id", "ordinal", name=op.f("pk_findings")),
    )
    op.create_table(
        "document_profiles",
        sa.Column("revision_id", sa.String(length=255), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("updated_on", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("text_sha256", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.Column("redacted", sa.JSON(), nullable=False),
        _of_revision("document_profiles"),
        sa.PrimaryKeyConstraint("revision_id", name=op.f("pk_document_profiles")),
    )
    op.create_table(
        "signature_bands",
        sa.Column("revision_id", sa.String(length=255), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("collection_id", sa.String(length=255), nullable=False),
        _of_revision("signature_bands"),
        _of_collection("signature_bands"),
        sa.PrimaryKeyConstraint("revision_id", "value", name=op.f("pk_signature_bands")),
    )
    op.create_index(
        "ix_signature_bands_collection_id_value", "signature_bands", ["collection_id", "value"], unique=False
    )
    op.create_table(
        "collection_policies",
        sa.Column("collection_id", sa.String(length=255), nullable=False),
        sa.Column("policy", sa.JSON(), nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        _of_collection("collection_policies"),
        sa.PrimaryKeyConstraint("collection_id", name=op.f("pk_collection_policies")),
    )
    op.create_table(
        "quarantined",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("collection_id", sa.String(length=255), nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_by", sa.Text(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        _of_collection("quarantined"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantined")),
    )
    op.create_index(
        "ix_quarantined_collection_id_content_sha256", "quarantined", ["collection_id", "content_sha256"], unique=False
    )
