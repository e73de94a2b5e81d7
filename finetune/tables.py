"""The tables of labels, training sets, candidates and trials; in the database of the catalog."""

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from eval.tables import metadata
from retrieval.tables import UtcDateTime

__all__ = [
    "candidates",
    "given_labels",
    "key",
    "metadata",
    "training_lineage",
    "training_runs",
    "training_sets",
    "trial_credits",
    "trials",
]


def key(name: str = "id") -> Column[str]:
    """Return the column by which rows are known."""
    return Column(name, String(255), primary_key=True)


def _state(*states: str) -> Column[str]:
    among = ", ".join(f"'{state}'" for state in states)
    return Column("state", String(16), CheckConstraint(f"state IN ({among})", name="state"), nullable=False)


# What another system or a set of judgements says about which chunk answers which question.
given_labels = Table(
    "given_labels",
    metadata,
    key(),
    Column("source", Text, nullable=False),  # what it was imported from
    Column("question", Text, nullable=False),
    Column("question_sha256", String(64), nullable=False),
    Column("document_id", String(255), nullable=False),
    Column("chunk_sha256", String(64), nullable=False),  # of the chunk's text: a label goes stale with it
    Column("signal", String(32), nullable=False),
    Column("label", Float, nullable=False),  # -1 to 1: how right the chunk is
    Column("giver", Text, nullable=False),  # principal id, or who the other system says it was
    Column("given_at", UtcDateTime, nullable=False),
    Column("imported_by", Text, nullable=False),
    UniqueConstraint(
        "source", "question_sha256", "document_id", "chunk_sha256", "giver", name="uq_given_labels_once"
    ),  # PostgreSQL cuts longer names
)
Index("ix_given_labels_document_id", given_labels.c.document_id)
Index("ix_given_labels_giver", given_labels.c.giver)

# The rows lie in a file of that name; what is here says what they are.
training_sets = Table(
    "training_sets",
    metadata,
    key(),  # sha256 of the rows
    Column("manifest", JSON, nullable=False),
    Column("questions", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

# Which row stands on what, so that erasing a person or a document finds every set and every candidate.
training_lineage = Table(
    "training_lineage",
    metadata,
    Column("set_id", String(255), ForeignKey("training_sets.id", ondelete="CASCADE"), primary_key=True),
    Column("row_id", String(64), primary_key=True),
    Column("principal_id", String(255), primary_key=True),
    Column("document_id", String(255), nullable=False),
)
Index("ix_training_lineage_principal_id", training_lineage.c.principal_id)
Index("ix_training_lineage_document_id", training_lineage.c.document_id)

candidates = Table(
    "candidates",
    metadata,
    key(),  # sha256 of its manifest
    Column("rung", String(32), nullable=False),
    _state("made", "refused", "passed", "trial", "live", "retired"),
    Column("set_id", String(255), ForeignKey("training_sets.id"), nullable=False),
    Column("parent", String(255)),  # what was live when it was made; None where nothing was
    Column("manifest", JSON, nullable=False),
    Column("report", JSON),  # of the gate; None until it was measured
    Column("reason", Text, nullable=False, server_default=text("''")),  # why it is in its state
    Column("created_at", UtcDateTime, nullable=False),
    Column("approved_by", Text),
    Column("live_at", UtcDateTime),
    Column("replaced", String(255)),  # what was live before it; None where nothing was
    Column("retired_at", UtcDateTime),
)
Index("ix_candidates_created_at", candidates.c.created_at)

training_runs = Table(
    "training_runs",
    metadata,
    key(),
    Column("rungs", JSON, nullable=False),
    _state("waiting", "running", "done", "failed", "cancelled"),
    Column("progress", JSON, nullable=False),
    Column("set_id", String(255)),
    Column("outcomes", JSON, nullable=False),  # of its rungs that have ended: a run that is taken up again passes over
    Column("attempts", Integer, nullable=False, server_default=text("0")),  # of its process, since it last came further
    Column("report_to", String(32)),
    Column("cancel", Boolean, nullable=False, server_default=false()),
    Column("error", Text, nullable=False, server_default=text("''")),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
)
Index("ix_training_runs_requested_at", training_runs.c.requested_at)
# One is under way, and one more may wait for it.
_open = text("state IN ('waiting', 'running')")
Index("uq_training_runs_open", training_runs.c.state, unique=True, sqlite_where=_open, postgresql_where=_open)

trials = Table(
    "trials",
    metadata,
    key(),
    Column("candidate_id", String(255), ForeignKey("candidates.id", ondelete="CASCADE"), nullable=False),
    Column("against", String(255)),  # what was live; None where nothing was
    Column(
        "kind", String(16), CheckConstraint("kind IN ('shadow', 'interleave', 'share')", name="kind"), nullable=False
    ),
    _state("running", "won", "lost", "stopped"),
    Column("share", Float, nullable=False),  # of requests, in (0, 1]
    Column("wins", Integer, nullable=False, server_default=text("0")),
    Column("losses", Integer, nullable=False, server_default=text("0")),
    Column("ties", Integer, nullable=False, server_default=text("0")),
    Column("figures", JSON, nullable=False),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("started_by", Text, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
)
# One at a time: two would be compared with each other's readers.
Index(
    "uq_trials_running",
    trials.c.state,
    unique=True,
    sqlite_where=text("state = 'running'"),
    postgresql_where=text("state = 'running'"),
)

trial_credits = Table(
    "trial_credits",
    metadata,
    Column("trial_id", String(255), ForeignKey("trials.id", ondelete="CASCADE"), primary_key=True),
    Column("interaction_id", String(255), primary_key=True),
    Column("principal_id", String(255), nullable=False),
    Column("outcome", Integer, nullable=False),  # 1 for the candidate, -1 for what is live, 0 for neither
    Column("at", UtcDateTime, nullable=False),
)
Index("ix_trial_credits_principal_id", trial_credits.c.principal_id)
