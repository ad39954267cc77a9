"""Users, API tokens, sessions that belong to somebody, and the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables. Sessions of before belong to nobody: they end, and their browsers log in again."""
    op.create_table(
        "users",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("seen", sa.Float, nullable=True),
    )
    op.create_table(
        "tokens",
        sa.Column("hash", sa.String, primary_key=True),
        *(sa.Column(name, sa.String, nullable=False) for name in ("id", "name", "role", "owner")),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("expires", sa.Float, nullable=False),
        sa.Column("used", sa.Float, nullable=True),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", sa.String, primary_key=True),
        sa.Column("user", sa.String, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("expires", sa.Float, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
        *(
            sa.Column(name, sa.String, nullable=False)
            for name in ("kind", "who", "how", "address", "action", "subject", "before", "after", "outcome")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_of_kind", "audit", ["kind", "id"])
    op.execute("DELETE FROM credentials WHERE kind = 'session'")
