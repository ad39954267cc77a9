"""Whose a credential is, and when it was last said to be good: API tokens of processes that are gone can be told apart."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Those of before have no name until their process starts again."""
    shared = op.get_bind().dialect.name == "postgresql"
    text, real = ('text COLLATE "C"', "double precision") if shared else ("VARCHAR", "FLOAT")
    op.execute(f"ALTER TABLE credentials ADD COLUMN name {text} NOT NULL DEFAULT ''")
    op.execute(f"ALTER TABLE credentials ADD COLUMN seen {real} NOT NULL DEFAULT 0")
