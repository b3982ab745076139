"""Alembic's entry: run the migrations on the connection that `base.migrate` opened."""

from alembic import context

from iriai.base.db import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
