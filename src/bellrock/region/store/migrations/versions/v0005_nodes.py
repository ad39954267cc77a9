"""Machines that reported once."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """One row for each, as JSON."""
    op.create_table(
        "nodes",
        sa.Column("agent", sa.String, primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
