"""What Alembic runs: migrate over the connection that the caller opened, inside the caller's transaction."""

from alembic import context

from retrieval.tables import metadata

# SQLite can roll back DDL, Alembic only believes otherwise: a killed migration must leave nothing half made.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
