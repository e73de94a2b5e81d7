"""Conversations, and which of them an interaction stands in."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("principal_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
    )
    op.create_index(
        "ix_conversations_principal_id_updated_at", "conversations", ["principal_id", "updated_at"], unique=False
    )
    # Alembic would copy the table on SQLite, and to drop the old one deletes all feedback, which refers to its rows.
    op.execute(
        "ALTER TABLE interactions ADD COLUMN conversation_id VARCHAR(255) "
        "CONSTRAINT fk_interactions_conversation_id REFERENCES conversations (id)"
    )
    op.create_index(
        "ix_interactions_conversation_id_asked_at", "interactions", ["conversation_id", "asked_at"], unique=False
    )
