"""Several regions on one PostgreSQL database: who they are, who leads, and what they tell each other."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

TEXTS = {
    "agents": ("id", "name", "role", "boot", "software"),
    "peers": ("id", "name", "role"),
    "interfaces": ("host", "name"),
    "evidence": ("key", "host", "interface", "peer_host", "peer_interface"),
    "refusals": ("key", "host", "interface"),
    "mtu": ("key", "host", "interface", "peer_host", "peer_interface"),
    "journal": ("agent", "kind"),
    "registrations": ("id", "host"),
    "credentials": ("hash", "kind"),
    "enrolments": ("agent",),
    "nodes": ("agent",),
    "users": ("name", "role", "hash"),
    "tokens": ("hash", "id", "name", "role", "owner"),
    "sessions": ("hash", "user"),
    "audit": ("kind", "who", "how", "address", "action", "subject", "before", "after", "outcome"),
    "probes": ("key",),
    "probe_changes": ("agent", "flow"),
    **dict.fromkeys(("schedules", "webhooks", "sites", "findings", "diagnoses"), ("id",)),
}
COUNTS = {
    "agents": ("account", "last"),
    **dict.fromkeys(("interfaces", "evidence", "refusals", "mtu"), ("account",)),
    "journal": ("id", "seq"),
    "audit": ("id",),
    "probe_changes": ("id",),
}


def upgrade() -> None:
    """The cluster's own name and authority on both databases; the rest on PostgreSQL alone."""
    op.create_table(
        "cluster",
        sa.Column("one", sa.Integer, primary_key=True),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("authority", sa.LargeBinary, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        _widen()
        _share()


def _widen() -> None:
    """Order texts as SQLite does, by their octets, and count as far: INTEGER ends at 2^31 here."""
    for table, names in (*TEXTS.items(), ("cluster", ("id",))):
        changes = ", ".join(f'ALTER COLUMN "{name}" TYPE text COLLATE "C"' for name in names)
        op.execute(f"ALTER TABLE {table} {changes}")
    for table, names in COUNTS.items():
        op.execute(f"ALTER TABLE {table} {', '.join(f'ALTER COLUMN {name} TYPE bigint' for name in names)}")
        if "id" in names:
            op.execute(f"ALTER SEQUENCE {table}_id_seq AS bigint")


def _share() -> None:
    op.execute(
        "CREATE TABLE feed (id bigserial, at double precision NOT NULL, member text NOT NULL, body bytea NOT NULL, "
        "PRIMARY KEY (id, at)) PARTITION BY RANGE (at)"
    )
    op.execute("CREATE TABLE feed_state (one integer PRIMARY KEY, dropped bigint NOT NULL)")
    op.execute("INSERT INTO feed_state VALUES (1, 0)")
    op.execute(
        "CREATE TABLE members (id text PRIMARY KEY, name text NOT NULL, url text NOT NULL, version text NOT NULL, "
        "started double precision NOT NULL, seen double precision NOT NULL)"
    )
    op.execute(
        "CREATE TABLE leadership (one integer PRIMARY KEY, epoch bigint NOT NULL, member text NOT NULL, "
        "url text NOT NULL, since double precision NOT NULL)"
    )
    # UNLOGGED: a letter is worth nothing to a database that has just recovered from a crash.
    op.execute(
        "CREATE UNLOGGED TABLE letters (id bigserial PRIMARY KEY, recipient text NOT NULL, sender text NOT NULL, "
        "at double precision NOT NULL, body bytea NOT NULL)"
    )
    op.execute("CREATE INDEX letters_to ON letters (recipient, id)")
