"""Findings and their history, and diagnoses of captures that were handed in."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """One row for each, as JSON."""
    for name in ("findings", "diagnoses"):
        op.create_table(
            name,
            sa.Column("id", sa.String, primary_key=True),
            sa.Column("body", sa.LargeBinary, nullable=False),
        )
