"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them all."""
    op.create_table(
        "agents",
        sa.Column("id", sa.String, primary_key=True),
        *(sa.Column(name, sa.String, nullable=False) for name in ("name", "role", "boot")),
        sa.Column("account", sa.Integer, nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.Column("seen", sa.Float, nullable=False),
        sa.Column("offset", sa.Float, nullable=False),
        sa.Column("software", sa.String, nullable=False),
    )
    op.create_table(
        "peers",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("role", sa.String, nullable=False),
    )
    op.create_table(
        "interfaces",
        sa.Column("host", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("account", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "evidence",
        sa.Column("key", sa.String, primary_key=True),
        *(sa.Column(name, sa.String, nullable=False) for name in ("host", "interface", "peer_host", "peer_interface")),
        sa.Column("seen", sa.Float, nullable=False),
        sa.Column("account", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("evidence_of_interface", "evidence", ["host", "interface"])
    op.create_index("evidence_about_interface", "evidence", ["peer_host", "peer_interface"])
    op.create_table(
        "refusals",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("host", sa.String, nullable=False),
        sa.Column("interface", sa.String, nullable=False),
        sa.Column("account", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("refusals_of_interface", "refusals", ["host", "interface"])
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("agent", sa.String, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "registrations",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("host", sa.String, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "registry",
        sa.Column("one", sa.Integer, primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "credentials",
        sa.Column("hash", sa.String, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("expires", sa.Float, nullable=False),
    )
