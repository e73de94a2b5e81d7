"""Readings of citations; given labels, training sets, candidates, training runs, trials."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "given_labels",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("question_sha256", sa.String(length=64), nullable=False),
        sa.Column("document_id", sa.String(length=255), nullable=False),
        sa.Column("chunk_sha256", sa.String(length=64), nullable=False),
        sa.Column("signal", sa.String(length=32), nullable=False),
        sa.Column("label", sa.Float(), nullable=False),
        sa.Column("giver", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_given_labels")),
        sa.UniqueConstraint(
            "source", "question_sha256", "document_id", "chunk_sha256", "giver", name="uq_given_labels_once"
        ),
    )
    op.create_index("ix_given_labels_document_id", "given_labels", ["document_id"], unique=False)
    op.create_index("ix_given_labels_giver", "given_labels", ["giver"], unique=False)
    op.create_table(
        "training_runs",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("rungs", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("set_id", sa.String(length=255), nullable=True),
        sa.Column("outcomes", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("report_to", sa.String(length=32), nullable=True),
        sa.Column("cancel", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("error", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_training_runs_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_runs")),
    )
    op.create_index("ix_training_runs_requested_at", "training_runs", ["requested_at"], unique=False)
    op.create_index(
        "uq_training_runs_open",
        "training_runs",
        ["state"],
        unique=True,
        sqlite_where=sa.text("state IN ('waiting', 'running')"),
        postgresql_where=sa.text("state IN ('waiting', 'running')"),
    )
    op.create_table(
        "training_sets",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("manifest", sa.JSON(), nullable=False),
        sa.Column("questions", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_sets")),
    )
    op.create_table(
        "candidates",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("rung", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("set_id", sa.String(length=255), nullable=False),
        sa.Column("parent", sa.String(length=255), nullable=True),
        sa.Column("manifest", sa.JSON(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=True),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("live_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaced", sa.String(length=255), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["set_id"], ["training_sets.id"], name=op.f("fk_candidates_set_id")),
        sa.CheckConstraint(
            "state IN ('made', 'refused', 'passed', 'trial', 'live', 'retired')", name=op.f("ck_candidates_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_candidates")),
    )
    op.create_index("ix_candidates_created_at", "candidates", ["created_at"], unique=False)
    op.create_table(
        "training_lineage",
        sa.Column("set_id", sa.String(length=255), nullable=False),
        sa.Column("row_id", sa.String(length=64), nullable=False),
        sa.Column("principal_id", sa.String(length=255), nullable=False),
        sa.Column("document_id", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["set_id"], ["training_sets.id"], name=op.f("fk_training_lineage_set_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("set_id", "row_id", "principal_id", name=op.f("pk_training_lineage")),
    )
    op.create_index("ix_training_lineage_document_id", "training_lineage", ["document_id"], unique=False)
    op.create_index("ix_training_lineage_principal_id", "training_lineage", ["principal_id"], unique=False)
    op.create_table(
        "readings",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("interaction_id", sa.String(length=255), nullable=False),
        sa.Column("principal_id", sa.Text(), nullable=False),
        sa.Column("chunk_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interactions.id"], name=op.f("fk_readings_interaction_id"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("kind IN ('opened', 'copied')", name=op.f("ck_readings_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_readings")),
    )
    op.create_index("ix_readings_at", "readings", ["at"], unique=False)
    op.create_index("ix_readings_interaction_id", "readings", ["interaction_id"], unique=False)
    op.create_table(
        "trials",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("candidate_id", sa.String(length=255), nullable=False),
        sa.Column("against", sa.String(length=255), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("wins", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("losses", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("ties", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidates.id"], name=op.f("fk_trials_candidate_id"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("state IN ('running', 'won', 'lost', 'stopped')", name=op.f("ck_trials_state")),
        sa.CheckConstraint("kind IN ('shadow', 'interleave', 'share')", name=op.f("ck_trials_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trials")),
    )
    op.create_index(
        "uq_trials_running",
        "trials",
        ["state"],
        unique=True,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_table(
        "trial_credits",
        sa.Column("trial_id", sa.String(length=255), nullable=False),
        sa.Column("interaction_id", sa.String(length=255), nullable=False),
        sa.Column("principal_id", sa.String(length=255), nullable=False),
        sa.Column("outcome", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["trial_id"], ["trials.id"], name=op.f("fk_trial_credits_trial_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("trial_id", "interaction_id", name=op.f("pk_trial_credits")),
    )
    op.create_index("ix_trial_credits_principal_id", "trial_credits", ["principal_id"], unique=False)
    op.create_table(
        "document_origins",
        sa.Column("document_id", sa.String(length=255), nullable=False),
        sa.Column("origin_id", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_document_origins_document_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("document_id", "origin_id", name=op.f("pk_document_origins")),
    )
    op.create_index("ix_document_origins_origin_id", "document_origins", ["origin_id"], unique=False)
