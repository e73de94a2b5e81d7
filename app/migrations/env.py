"""What Alembic runs: migrate over the connection that the caller opened, inside the caller's transaction."""

from alembic import context

from app.tables import metadata

# The transaction is the caller's and spans all versions: a killed migration leaves nothing half made, on SQLite too.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
