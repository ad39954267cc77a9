"""What is wrong with a store, as far as can be told by reading it: one line for each problem."""

import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bellrock.diagnosis.ledger import Entry
from bellrock.model import Evidence, Interface, MtuSeen, Probed, RefusalCount, key_of
from bellrock.region.store import schema
from bellrock.region.store.enrolments import EnrolmentRow
from bellrock.region.store.feed import unpack
from bellrock.region.store.findings import DiagnosisRow
from bellrock.region.store.nodes import NodeRow
from bellrock.region.store.people import AuditRow, SessionRow, TokenRow, UserRow
from bellrock.region.store.probes import Change, ScheduleRow, SiteRow, Standing, VerdictHour, WebhookRow
from bellrock.region.store.reading import counts, missing, newest, pages, reading, version
from bellrock.region.store.rowkeys import key_text, refusal_text, way_text
from bellrock.region.store.rows import Registration
from bellrock.topology import Registry

PER_TABLE: Final = 20
"""Problems of one table that are told one by one; of the others their number is."""

Progress = Callable[[str, int, int], object]
"""Told of the table, the rows read so far and the rows that there are."""

_Row = dict[str, Any]

BODIES: Final[dict[str, tuple[Any, Callable[[Any], _Row]]]] = {
    "interfaces": (Interface, lambda body: {"name": body.name}),
    "evidence": (
        Evidence,
        lambda body: {
            "key": key_text(key_of(body)), "host": body.port.host, "interface": body.port.interface, "seen": body.seen,
            "peer_host": body.peer.host if body.peer else "", "peer_interface": body.peer.interface if body.peer else "",
        },
    ),
    "refusals": (
        RefusalCount,
        lambda body: {"key": refusal_text(body), "host": body.port.host, "interface": body.port.interface},
    ),
    "mtu": (
        MtuSeen,
        lambda body: {
            "key": way_text(body.port, body.peer), "host": body.port.host, "interface": body.port.interface,
            "peer_host": body.peer.host, "peer_interface": body.peer.interface,
        },
    ),
    "journal": (Any, lambda _: {}),
    "registrations": (Registration, lambda body: {"id": body.id, "host": body.host}),
    "registry": (Registry, lambda _: {}),
    "enrolments": (EnrolmentRow, lambda body: {"agent": body.agent}),
    "nodes": (NodeRow, lambda body: {"agent": body.agent}),
    "probes": (Standing, lambda body: {"key": body.key}),
    "probe_changes": (Change, lambda body: {"agent": body.agent, "flow": body.flow, "at": body.at}),
    "verdict_hours": (VerdictHour, lambda body: {"agent": body.agent, "flow": body.flow, "at": body.at}),
    "schedules": (ScheduleRow, lambda body: {"id": body.id}),
    "webhooks": (WebhookRow, lambda body: {"id": body.id}),
    "sites": (SiteRow, lambda _: {}),
    "findings": (Entry, lambda body: {"id": body.key}),
    "diagnoses": (DiagnosisRow, lambda body: {"id": body.source}),
}  # fmt: skip
"""Table → what its bodies hold, and what other columns must hold for that to be so."""
_WHOLE: Final[dict[str, type[Struct]]] = {
    "users": UserRow,
    "tokens": TokenRow,
    "sessions": SessionRow,
    "audit": AuditRow,
}
"""Tables whose rows are values by themselves."""
_TELLERS: Final = ("interfaces", "evidence", "refusals", "mtu")
"""Tables whose `host` must be an agent: a region does not load them otherwise."""


class Problem(Struct, frozen=True, kw_only=True):
    """One thing that is wrong."""

    table: str = ""
    """Empty: it concerns the whole store."""
    row: str = ""
    """Its key."""
    what: str

    @property
    def text(self) -> str:
        """All of it, in one line."""
        place = " ".join(part for part in (self.table, self.row) if part)
        return f"{place}: {self.what}" if place else self.what


async def check(where: Path | str, progress: Progress = lambda *_: None) -> list[Problem]:
    """Read all of a store and say what is wrong with it; nothing is changed.

    Raises:
        StoreError: it cannot be read at all, and why.
    """
    async with reading(where) as connection:
        found = await version(connection)
        if found != newest():
            return [Problem(what=f"schema {found} is older than this Bellrock's, {newest()}; run: bellrock db migrate")]
        if gone := await missing(connection):
            return [Problem(table=name, what="missing from the schema; restore a backup") for name in gone]
        problems = [one async for one in _rows(connection, progress)]
        if connection.dialect.name == "postgresql":
            problems += await _feed(connection)
        return problems


async def _rows(connection: AsyncConnection, progress: Progress) -> AsyncIterator[Problem]:
    known: dict[str, set[str]] = {"agents": set(), "users": set(), "tokens": set()}
    total = await counts(connection)
    first = [schema.agents, schema.users, schema.tokens]
    for table in first + [one for one in schema.metadata.sorted_tables if one not in first]:
        done = wrong = 0
        async for rows in pages(connection, table):
            done += len(rows)
            for problem in _of_page(table, rows, known):
                wrong += 1
                if wrong <= PER_TABLE:
                    yield problem
            progress(str(table.name), done, total[table.name])
        if wrong > PER_TABLE:
            yield Problem(table=str(table.name), what=f"{wrong - PER_TABLE} rows more are wrong")


def _of_page(table: Table, rows: list[tuple[Any, ...]], known: dict[str, set[str]]) -> Iterator[Problem]:
    names = table.columns.keys()
    for values in rows:
        row = dict(zip(names, values, strict=True))
        if table.name in known:
            known[table.name].add(row["id" if "id" in row else "name"])
        key = " ".join(str(row[column.name]) for column in table.primary_key)
        if what := _flaw(table.name, row) or _dangling(table.name, row, known):
            yield Problem(table=str(table.name), row=key[:200], what=what)


def _flaw(table: str, row: _Row) -> str:
    try:
        if kind := _WHOLE.get(table):
            msgspec.convert({name: row[name] for name in kind.__struct_fields__}, kind)
        if table in BODIES:
            return _unlike(table, row)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, TypeError) as error:
        return f"does not decode: {' '.join(str(error).split())}"
    return ""


def _unlike(table: str, row: _Row) -> str:
    """What its columns say other than its body."""
    kind, columns = BODIES[table]
    body = msgspec.json.decode(row["body"], type=kind)
    if table == "probes":
        msgspec.json.decode(row["probed"], type=Probed)
    wrong = [name for name, value in columns(body).items() if row[name] != value]
    return f"{', '.join(wrong)}: not as in its body" if wrong else ""


def _dangling(table: str, row: _Row, known: dict[str, set[str]]) -> str:
    if table in _TELLERS and row["host"] not in known["agents"]:
        return f"told by {row['host']!r}, which is no agent"
    if table == "sessions" and row["user"] and row["user"] not in known["users"]:
        return f"of {row['user']!r}, who is no user"
    return ""


async def _feed(connection: AsyncConnection) -> list[Problem]:
    """Batches that cannot be opened: members that are behind could not follow."""
    found = []
    result = await connection.stream(text("SELECT id, body FROM feed ORDER BY id"))
    async for number, body in result:
        try:
            unpack(body)
        except (msgspec.MsgspecError, zlib.error) as error:
            found.append(Problem(table="feed", row=str(number), what=f"does not open: {' '.join(str(error).split())}"))
    return found[:PER_TABLE]
