"""The site, what became of the flows that were tried, when they are tried again, and who is told."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """The last result of each check, changes of verdicts, schedules, webhooks, and the site's text."""
    op.create_table(
        "probes",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("probed", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "probe_changes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("agent", sa.String, nullable=False),
        sa.Column("flow", sa.String, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("probe_changes_of_agent", "probe_changes", ["agent", "flow", "id"])
    for name in ("schedules", "webhooks", "sites"):
        op.create_table(
            name,
            sa.Column("id", sa.String, primary_key=True),
            sa.Column("body", sa.LargeBinary, nullable=False),
        )
