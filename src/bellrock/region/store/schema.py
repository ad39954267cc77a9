"""The tables as they are now. `migrations/` makes them; a test holds the two together.

Those that say `by_day` are history: partitioned on PostgreSQL, and views in a file (`days.py`). Only there is `id` alone no key.
"""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table

metadata = MetaData()
Count = Integer().with_variant(BigInteger, "postgresql")
"""SQLite's INTEGER has 64 bits."""

agents = Table(
    "agents",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),
    Column("boot", String, nullable=False),
    Column("account", Count, nullable=False),
    Column("last", Count, nullable=False),
    Column("seen", Float, nullable=False),
    Column("offset", Float, nullable=False),
    Column("software", String, nullable=False),
)
peers = Table(
    "peers",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),
)
interfaces = Table(
    "interfaces",
    metadata,
    Column("host", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("account", Count, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
evidence = Table(
    "evidence",
    metadata,
    Column("key", String, primary_key=True),
    Column("host", String, nullable=False),
    Column("interface", String, nullable=False),
    Column("peer_host", String, nullable=False),
    Column("peer_interface", String, nullable=False),
    Column("seen", Float, nullable=False),
    Column("account", Count, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("evidence_of_interface", "host", "interface"),
    Index("evidence_about_interface", "peer_host", "peer_interface"),
)
refusals = Table(
    "refusals",
    metadata,
    Column("key", String, primary_key=True),
    Column("host", String, nullable=False),
    Column("interface", String, nullable=False),
    Column("account", Count, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("refusals_of_interface", "host", "interface"),
)
mtu = Table(
    "mtu",
    metadata,
    Column("key", String, primary_key=True),
    *(Column(name, String, nullable=False) for name in ("host", "interface", "peer_host", "peer_interface")),
    Column("account", Count, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("mtu_of_interface", "host", "interface"),
    Index("mtu_to_interface", "peer_host", "peer_interface"),
)
journal = Table(
    "journal",
    metadata,
    Column("id", Count, primary_key=True),
    Column("at", Float, nullable=False),
    Column("agent", String, nullable=False),
    Column("seq", Count, nullable=False),
    Column("kind", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    info={"by_day": True},
)
registrations = Table(
    "registrations",
    metadata,
    Column("id", String, primary_key=True),
    Column("host", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
registry = Table(
    "registry",
    metadata,
    Column("one", Integer, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)
credentials = Table(
    "credentials",
    metadata,
    Column("hash", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("expires", Float, nullable=False),
    Column("name", String, nullable=False),
    Column("seen", Float, nullable=False),
)
enrolments = Table(
    "enrolments",
    metadata,
    Column("agent", String, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)
nodes = Table(
    "nodes",
    metadata,
    Column("agent", String, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)
users = Table(
    "users",
    metadata,
    Column("name", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("hash", String, nullable=False),
    Column("created", Float, nullable=False),
    Column("seen", Float, nullable=True),
)
tokens = Table(
    "tokens",
    metadata,
    Column("hash", String, primary_key=True),
    *(Column(name, String, nullable=False) for name in ("id", "name", "role", "owner")),
    Column("created", Float, nullable=False),
    Column("expires", Float, nullable=False),
    Column("used", Float, nullable=True),
)
sessions = Table(
    "sessions",
    metadata,
    Column("hash", String, primary_key=True),
    Column("user", String, nullable=False),
    Column("created", Float, nullable=False),
    Column("expires", Float, nullable=False),
)
audit = Table(
    "audit",
    metadata,
    Column("id", Count, primary_key=True),
    Column("at", Float, nullable=False),
    *(
        Column(name, String, nullable=False)
        for name in ("kind", "who", "how", "address", "action", "subject", "before", "after", "outcome")
    ),
    Index("audit_of_kind", "kind", "id"),
    sqlite_autoincrement=True,
)
probes = Table(
    "probes",
    metadata,
    Column("key", String, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("probed", LargeBinary, nullable=False),
)
probe_changes = Table(
    "probe_changes",
    metadata,
    Column("id", Count, primary_key=True),
    Column("at", Float, nullable=False),
    Column("agent", String, nullable=False),
    Column("flow", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("probe_changes_of_agent", "agent", "flow", "id"),
    info={"by_day": True},
)
verdict_hours = Table(
    "verdict_hours",
    metadata,
    Column("id", Count, primary_key=True),
    Column("at", Float, nullable=False),
    Column("agent", String, nullable=False),
    Column("flow", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("verdict_hours_of_agent", "agent", "flow", "id"),
    info={"by_day": True},
)
schedules, webhooks, sites, findings, diagnoses = (
    Table(name, metadata, Column("id", String, primary_key=True), Column("body", LargeBinary, nullable=False))
    for name in ("schedules", "webhooks", "sites", "findings", "diagnoses")
)
cluster = Table(
    "cluster",
    metadata,
    Column("one", Integer, primary_key=True),
    Column("id", String, nullable=False),
    Column("authority", LargeBinary, nullable=False),
)
"""The regions of one database have one name and one certificate authority. What else they share has no meaning in a file."""

HISTORY = tuple(table for table in metadata.sorted_tables if table.info.get("by_day"))
"""What is kept as long as there is room for it."""
