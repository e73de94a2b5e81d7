"""The table of citations that were opened or copied; in the database of the catalog."""

from sqlalchemy import CheckConstraint, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from retrieval.finding_tables import metadata
from retrieval.tables import UtcDateTime

__all__ = ["metadata", "readings"]

readings = Table(
    "readings",
    metadata,
    Column("id", String(255), primary_key=True),
    Column("interaction_id", String(255), ForeignKey("interactions.id", ondelete="CASCADE"), nullable=False),
    Column("principal_id", Text, nullable=False),
    Column("chunk_id", Text, nullable=False),
    Column("kind", String(16), CheckConstraint("kind IN ('opened', 'copied')", name="kind"), nullable=False),
    Column("position", Integer, nullable=False),  # among the passages of the answer, from 1
    Column("seconds", Float, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
Index("ix_readings_interaction_id", readings.c.interaction_id)
Index("ix_readings_at", readings.c.at)
