"""How far each process has read the feed: hours of it are dropped once all have. On PostgreSQL alone, where there are several."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Processes of an older version beside it say nothing, and are not waited for."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE members ADD COLUMN fed bigint")
