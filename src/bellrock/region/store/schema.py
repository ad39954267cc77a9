"""The tables as they are now. `migrations/` makes them; a test holds the two together."""

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, MetaData, String, Table

metadata = MetaData()

agents = Table(
    "agents",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),
    Column("boot", String, nullable=False),
    Column("account", Integer, nullable=False),
    Column("last", Integer, nullable=False),
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
    Column("account", Integer, nullable=False),
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
    Column("account", Integer, nullable=False),
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
    Column("account", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("refusals_of_interface", "host", "interface"),
)
mtu = Table(
    "mtu",
    metadata,
    Column("key", String, primary_key=True),
    *(Column(name, String, nullable=False) for name in ("host", "interface", "peer_host", "peer_interface")),
    Column("account", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("mtu_of_interface", "host", "interface"),
    Index("mtu_to_interface", "peer_host", "peer_interface"),
)
journal = Table(
    "journal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("agent", String, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
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
    Column("id", Integer, primary_key=True),
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
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("agent", String, nullable=False),
    Column("flow", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("probe_changes_of_agent", "agent", "flow", "id"),
    sqlite_autoincrement=True,
)
schedules, webhooks, sites = (
    Table(name, metadata, Column("id", String, primary_key=True), Column("body", LargeBinary, nullable=False))
    for name in ("schedules", "webhooks", "sites")
)
