"""Runs the migrations on the connection that the store hands in; Alembic loads this file by its path."""

from alembic import context

from bellrock.region.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
