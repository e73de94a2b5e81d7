"""The tables of golden sets, evaluation runs and monitoring; in the database of the catalog."""

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from ingestion.tables import metadata
from retrieval.tables import UtcDateTime

__all__ = ["evaluation_runs", "golden_questions", "golden_sets", "golden_versions", "metadata", "monitoring_points"]

golden_sets = Table(
    "golden_sets",
    metadata,
    Column("id", String(255), primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
)

# A version is written once and never changed, so that a run can be repeated on the questions it was made with.
golden_versions = Table(
    "golden_versions",
    metadata,
    Column("id", String(255), primary_key=True),
    Column("set_id", String(255), ForeignKey("golden_sets.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),  # from 1, per set
    Column("sha256", String(64), nullable=False),  # of the questions in canonical JSON
    Column("note", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("set_id", "number"),
)

golden_questions = Table(
    "golden_questions",
    metadata,
    Column("version_id", String(255), ForeignKey("golden_versions.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("ordinal", Integer, nullable=False),  # from 0, in the order of the set
    Column("draft", Boolean, nullable=False),  # made by a machine and not yet reviewed; never measured with
    Column("payload", JSON, nullable=False),
)

evaluation_runs = Table(
    "evaluation_runs",
    metadata,
    Column("id", String(255), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("golden", Text, nullable=False),  # what it was measured with, by name: runs of one name are comparable
    Column("summary", JSON, nullable=False),  # figures and settings, for lists
    Column("record", JSON, nullable=False),  # the report with the scores of every question
    Column("accepted", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)
Index("ix_evaluation_runs_created_at", evaluation_runs.c.created_at)

monitoring_points = Table(
    "monitoring_points",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("at", UtcDateTime, primary_key=True),
    Column("value", Float),  # None: too little was asked to say
    Column("details", JSON, nullable=False),
)
