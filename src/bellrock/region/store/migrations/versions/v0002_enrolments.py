"""Agents that joined."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """One row for each, as JSON."""
    op.create_table(
        "enrolments",
        sa.Column("agent", sa.String, primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
