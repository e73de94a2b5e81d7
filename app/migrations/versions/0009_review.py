"""Review: what became of groups of questions; tasks, their passages and grades; who refused a correction."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "review_groups",
        sa.Column("interaction_id", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("set_by", sa.String(length=255), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interactions.id"], name=op.f("fk_review_groups_interaction_id"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("state IN ('open', 'handled', 'dismissed')", name=op.f("ck_review_groups_state")),
        sa.PrimaryKeyConstraint("interaction_id", name=op.f("pk_review_groups")),
    )
    op.create_table(
        "review_tasks",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("interaction_id", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interactions.id"], name=op.f("fk_review_tasks_interaction_id"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("kind IN ('low_rated', 'abstained', 'most_asked')", name=op.f("ck_review_tasks_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_tasks")),
        sa.UniqueConstraint("interaction_id", name=op.f("uq_review_tasks_interaction_id")),
    )
    op.create_table(
        "review_passages",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("task_id", sa.String(length=255), nullable=False),
        sa.Column("document_id", sa.String(length=255), nullable=False),
        sa.Column("chunk_id", sa.String(length=255), nullable=False),
        sa.Column("chunk_sha256", sa.String(length=64), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["review_tasks.id"], name=op.f("fk_review_passages_task_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_review_passages_document_id"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("origin IN ('answer', 'search')", name=op.f("ck_review_passages_origin")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_passages")),
        sa.UniqueConstraint("task_id", "ordinal", name=op.f("uq_review_passages_task_id_ordinal")),
    )
    op.create_index("ix_review_passages_document_id", "review_passages", ["document_id"], unique=False)
    op.create_table(
        "review_ratings",
        sa.Column("task_id", sa.String(length=255), nullable=False),
        sa.Column("rater", sa.String(length=255), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["review_tasks.id"], name=op.f("fk_review_ratings_task_id"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("outcome IN ('graded', 'none', 'skipped')", name=op.f("ck_review_ratings_outcome")),
        sa.PrimaryKeyConstraint("task_id", "rater", name=op.f("pk_review_ratings")),
    )
    op.create_index("ix_review_ratings_rater", "review_ratings", ["rater"], unique=False)
    op.create_table(
        "review_grades",
        sa.Column("passage_id", sa.String(length=255), nullable=False),
        sa.Column("rater", sa.String(length=255), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["passage_id"], ["review_passages.id"], name=op.f("fk_review_grades_passage_id"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("grade IN (0, 1, 2)", name=op.f("ck_review_grades_grade")),
        sa.PrimaryKeyConstraint("passage_id", "rater", name=op.f("pk_review_grades")),
    )
    op.create_index("ix_review_grades_rater", "review_grades", ["rater"], unique=False)
    op.add_column("feedback", sa.Column("refused_by", sa.Text(), nullable=True))
