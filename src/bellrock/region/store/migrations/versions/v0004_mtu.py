"""What passes between the ports of a link."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """One row for each direction between two ports, as JSON."""
    op.create_table(
        "mtu",
        sa.Column("key", sa.String, primary_key=True),
        *(sa.Column(name, sa.String, nullable=False) for name in ("host", "interface", "peer_host", "peer_interface")),
        sa.Column("account", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("mtu_of_interface", "mtu", ["host", "interface"])
    op.create_index("mtu_to_interface", "mtu", ["peer_host", "peer_interface"])
