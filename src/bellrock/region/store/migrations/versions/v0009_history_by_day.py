"""History by day: partitions on PostgreSQL; in a file, tables that a view reads together."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

DAY = 86400.0
LAST = 99_999
COLUMNS = {
    "journal": (
        ("agent", "text"),
        ("seq", "bigint"),
        ("kind", "text"),
        ("body", "bytea"),
    ),
    "probe_changes": (("agent", "text"), ("flow", "text"), ("body", "bytea")),
}
INDEXES = {"probe_changes": ("_of_agent", "agent, flow, id")}
IN_A_FILE = {"text": "VARCHAR", "bigint": "INTEGER", "bytea": "BLOB"}


def upgrade() -> None:
    """Move what is there into the days that it is of, and number on from where it ends."""
    shared = op.get_bind().dialect.name == "postgresql"
    for name in COLUMNS:
        (_partition if shared else _split)(name)


def _partition(name: str) -> None:
    columns = ", ".join(
        f'"{column}" {kind}{" COLLATE " + chr(34) + "C" + chr(34) if kind == "text" else ""} NOT NULL'
        for column, kind in COLUMNS[name]
    )
    op.execute(f"ALTER TABLE {name} RENAME TO {name}_before")
    op.execute(f"ALTER TABLE {name}_before DROP CONSTRAINT {name}_pkey")
    op.execute(f"ALTER SEQUENCE {name}_id_seq OWNED BY NONE")
    op.execute(
        f"CREATE TABLE {name} (id bigint NOT NULL DEFAULT nextval('{name}_id_seq'), at double precision NOT NULL, "
        f"{columns}, CONSTRAINT {name}_pkey PRIMARY KEY (id, at)) PARTITION BY RANGE (at)"
    )
    op.execute(f"ALTER SEQUENCE {name}_id_seq OWNED BY {name}.id")
    if name in INDEXES:
        suffix, indexed = INDEXES[name]
        op.execute(f"DROP INDEX {name}{suffix}")
        op.execute(f"CREATE INDEX {name}{suffix} ON {name} ({indexed})")
    days = op.get_bind().execute(
        sa.text(f"SELECT DISTINCT least(greatest(floor(at / {DAY}), 0), {LAST})::bigint FROM {name}_before")  # noqa: S608
    )
    for (day,) in days.fetchall():
        first = "MINVALUE" if day == 0 else day * DAY
        end = "MAXVALUE" if day == LAST else (day + 1) * DAY
        op.execute(f"CREATE TABLE {name}_{day} PARTITION OF {name} FOR VALUES FROM ({first}) TO ({end})")
    op.execute(f"INSERT INTO {name} SELECT * FROM {name}_before")  # noqa: S608 -- names of ours
    op.execute(f"DROP TABLE {name}_before")


def _split(name: str) -> None:
    db = op.get_bind()
    columns = ", ".join(f'"{column}" {IN_A_FILE[kind]} NOT NULL' for column, kind in COLUMNS[name])
    last = db.execute(sa.text(f"SELECT seq FROM sqlite_sequence WHERE name = '{name}'")).scalar() or 0  # noqa: S608
    last = max(last, db.execute(sa.text(f"SELECT max(id) FROM {name}")).scalar() or 0)  # noqa: S608
    op.execute(f"ALTER TABLE {name} RENAME TO {name}_before")
    if name in INDEXES:
        op.execute(f"DROP INDEX {name}{INDEXES[name][0]}")
    floor = f"min(max(at, 0.0), {LAST * DAY}) / {DAY}"
    days = db.execute(sa.text(f"SELECT DISTINCT CAST({floor} AS INTEGER) AS day FROM {name}_before ORDER BY day"))  # noqa: S608
    parts = []
    for (day,) in days.fetchall():
        parts.append(part := f"{name}_{day}")
        op.execute(f"CREATE TABLE {part} (id INTEGER NOT NULL, at FLOAT NOT NULL, {columns}, PRIMARY KEY (id))")
        if name in INDEXES:
            op.execute(f"CREATE INDEX {part}{INDEXES[name][0]} ON {part} ({INDEXES[name][1]})")
        op.execute(f"INSERT INTO {part} SELECT * FROM {name}_before WHERE CAST({floor} AS INTEGER) = {day} ORDER BY id")  # noqa: S608
    op.execute(f"DROP TABLE {name}_before")
    op.execute(f"INSERT INTO sqlite_sequence (name, seq) VALUES ('{name}', {int(last)})")  # noqa: S608
    names = ["id", "at", *(column for column, _ in COLUMNS[name])]
    listed = ", ".join(f'"{one}"' for one in names)
    nothing = ", ".join(f'NULL AS "{one}"' for one in names)
    reads = [f"SELECT {listed} FROM {part}" for part in parts]  # noqa: S608 -- names of ours
    op.execute(f"CREATE VIEW {name} AS {' UNION ALL '.join(reads[-480:]) or f'SELECT {nothing} WHERE 0'}")
