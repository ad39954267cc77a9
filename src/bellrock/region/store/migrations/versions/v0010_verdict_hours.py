"""Changes of verdicts by the hour, for those that are older than a week; by day, as all of history."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the table, which has no days yet."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TABLE verdict_hours (id bigint NOT NULL, at double precision NOT NULL, "
            'agent text COLLATE "C" NOT NULL, flow text COLLATE "C" NOT NULL, body bytea NOT NULL, '
            "CONSTRAINT verdict_hours_pkey PRIMARY KEY (id, at)) PARTITION BY RANGE (at)"
        )
        op.execute("CREATE INDEX verdict_hours_of_agent ON verdict_hours (agent, flow, id)")
        return
    nothing = ", ".join(f'NULL AS "{one}"' for one in ("id", "at", "agent", "flow", "body"))
    op.execute(f"CREATE VIEW verdict_hours AS SELECT {nothing} WHERE 0")
