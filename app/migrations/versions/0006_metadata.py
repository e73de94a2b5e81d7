"""Metadata of documents, and which of them the index has to be told of."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("documents", sa.Column("metadata", sa.JSON(), nullable=False, server_default=sa.text("'{}'")))
    op.add_column("documents", sa.Column("relabel", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.add_column("revisions", sa.Column("metadata", sa.JSON(), nullable=True))
    op.create_index(
        "ix_documents_relabel",
        "documents",
        ["relabel"],
        unique=False,
        sqlite_where=sa.text("relabel > 0"),
        postgresql_where=sa.text("relabel > 0"),
    )
    # No index that was filled before has any label yet.
    op.execute("UPDATE documents SET relabel = 1")
