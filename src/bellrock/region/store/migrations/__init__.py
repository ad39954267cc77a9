"""Alembic migrations of the region's store, run at each start."""
