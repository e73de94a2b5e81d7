"""The tables of golden sets, evaluation runs, monitoring and review; in the database of the catalog."""

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
)

from ingestion.tables import metadata
from retrieval.tables import UtcDateTime

__all__ = [
    "evaluation_runs",
    "golden_questions",
    "golden_sets",
    "golden_versions",
    "metadata",
    "monitoring_points",
    "review_grades",
    "review_groups",
    "review_passages",
    "review_ratings",
    "review_tasks",
]


def _of(target: str, name: str, *, primary_key: bool = False) -> Column[str]:
    reference = ForeignKey(f"{target}.id", ondelete="CASCADE")
    return Column(name, String(255), reference, nullable=False, primary_key=primary_key)


def _one_of(name: str, *words: str) -> Column[str]:
    among = ", ".join(f"'{word}'" for word in words)
    return Column(name, String(16), CheckConstraint(f"{name} IN ({among})", name=name), nullable=False)


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

# What somebody made of a group of questions, beside one of its questions: groups are found anew each time.
review_groups = Table(
    "review_groups",
    metadata,
    _of("interactions", "interaction_id", primary_key=True),
    _one_of("state", "open", "handled", "dismissed"),
    Column("note", Text, nullable=False),
    Column("set_by", String(255), nullable=False),
    Column("set_at", UtcDateTime, nullable=False),
)

# A question whose passages are graded; its words stand in the interaction alone, and go with it.
review_tasks = Table(
    "review_tasks",
    metadata,
    Column("id", String(255), primary_key=True),
    _of("interactions", "interaction_id"),
    _one_of("kind", "low_rated", "abstained", "most_asked"),
    Column("created_by", String(255), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("interaction_id"),
)

review_passages = Table(
    "review_passages",
    metadata,
    Column("id", String(255), primary_key=True),
    _of("review_tasks", "task_id"),
    _of("documents", "document_id"),
    Column("chunk_id", String(255), nullable=False),
    Column("chunk_sha256", String(64), nullable=False),  # of the chunk's text: a passage goes stale with it
    Column("ordinal", Integer, nullable=False),  # from 0, in the order in which it is shown
    _one_of("origin", "answer", "search"),
    UniqueConstraint("task_id", "ordinal"),
)
Index("ix_review_passages_document_id", review_passages.c.document_id)

review_ratings = Table(
    "review_ratings",
    metadata,
    _of("review_tasks", "task_id", primary_key=True),
    Column("rater", String(255), primary_key=True),
    _one_of("outcome", "graded", "none", "skipped"),
    Column("at", UtcDateTime, nullable=False),
)
Index("ix_review_ratings_rater", review_ratings.c.rater)

review_grades = Table(
    "review_grades",
    metadata,
    _of("review_passages", "passage_id", primary_key=True),
    Column("rater", String(255), primary_key=True),
    Column("grade", Integer, CheckConstraint("grade IN (0, 1, 2)", name="grade"), nullable=False),
)
Index("ix_review_grades_rater", review_grades.c.rater)
