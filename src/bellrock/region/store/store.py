"""The open store: load, commit, and the small tables."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Table, delete, insert, select
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bellrock.model import Evidence, Host, Interface, MtuSeen, RefusalCount, Wall
from bellrock.region.errors import RegionError
from bellrock.region.store import schema
from bellrock.region.store.changes import Writer
from bellrock.region.store.enrolments import EnrolmentStore
from bellrock.region.store.nodes import NodeStore
from bellrock.region.store.people import People, PeopleStore
from bellrock.region.store.probes import ProbeStore
from bellrock.region.store.rows import (
    Accepted,
    AgentRow,
    CredentialKind,
    EvidenceRow,
    InterfaceRow,
    Loaded,
    Registration,
)
from bellrock.topology import Registry

JOURNAL_ROWS: Final = 200_000
"""Changes kept for history, about 60 MB; the oldest go first."""

CORRUPT: Final = (msgspec.MsgspecError, DBAPIError, UnicodeError, RecursionError, TypeError, LookupError)
"""What reading a store raises where something else than a region, or a disk that fails, wrote to it."""

_encode = msgspec.json.Encoder().encode


class StoreError(RegionError):
    """The store cannot be used: which file, what is wrong with it, and what to do."""


class NotStored(Exception):  # noqa: N818 -- says what it is
    """Nothing was written: what the database said."""

    event = "store-refuses"
    """What the log calls it."""


class StoreFull(NotStored):
    """The disk is full, locked or failing: the same may be written later."""

    event = "store-full"


class StoreRefused(NotStored):
    """The database does not take these values: to try them again is of no use."""


class Store:
    """One region's memory on disk. One writer at a time; each method is one transaction, whole or not at all.

    Every method that writes raises StoreFull if the disk does not take it, and StoreRefused if the database will never.
    """

    def __init__(self, engine: AsyncEngine, lock: int, journal_rows: int = JOURNAL_ROWS) -> None:
        self._engine = engine
        self._lock_file = lock
        self._writing = asyncio.Lock()
        self._journal_rows = journal_rows
        self.people = PeopleStore(engine, self._transaction)
        self.enrolments = EnrolmentStore(engine, self._transaction)
        self.nodes = NodeStore(engine, self._transaction)
        self.probes = ProbeStore(engine, self._transaction)

    async def close(self) -> None:
        """Close the connections and give the file free."""
        await self._engine.dispose()
        if self._lock_file >= 0:
            os.close(self._lock_file)
            self._lock_file = -1

    async def load(self) -> Loaded:
        """All current state.

        Raises:
            StoreError: what is on disk is not what a region writes.
        """
        with self._sound():
            async with self._engine.connect() as connection:
                loaded = await connection.run_sync(_load)
            return msgspec.structs.replace(
                loaded,
                enrolments=await self.enrolments.load(),
                nodes=await self.nodes.load(),
                probes=await self.probes.load(),
            )

    async def load_people(self, now: Wall) -> People:
        """Users, tokens and sessions.

        Raises:
            StoreError: what is on disk is not what a region writes.
        """
        with self._sound():
            return await self.people.load(now)

    async def commit(self, batch: Sequence[Accepted], accounts: Mapping[str, int]) -> None:
        """Write reports, in order, with their agents' progress. `accounts`: the accounts that run at the batch's begin."""
        running = dict(accounts)

        def write(connection: Connection) -> None:
            writer = Writer(connection, running)
            for accepted in batch:
                writer.take(accepted)
            writer.flush()
            connection.exec_driver_sql(
                "DELETE FROM journal WHERE id <= (SELECT max(id) FROM journal) - ?", (self._journal_rows,)
            )

        async with self._transaction() as connection:
            await connection.run_sync(write)

    async def touch(self, seen: Mapping[str, tuple[Wall, float]]) -> None:
        """Note when hosts were last known to hold their word, and their clock offsets: {agent id: (time, offset)}."""
        rows = [(at, offset, agent) for agent, (at, offset) in seen.items()]
        if rows:
            async with self._transaction() as connection:
                await connection.exec_driver_sql("UPDATE agents SET seen = ?, offset = ? WHERE id = ?", rows)

    async def save_places(
        self, registry: bytes, changed: Iterable[Registration], gone: Iterable[str], at: Wall
    ) -> None:
        """Keep the names of fabrics and VLANs, and which interfaces are registered where; note the changes in the journal."""
        table = schema.registrations
        changed, gone = list(changed), list(gone)
        bodies = [(one, _encode(one)) for one in changed]
        rows = [{"id": one.id, "host": one.host, "body": body} for one, body in bodies]
        entries: list[dict[str, Any]] = [_entry(at, one.host, "registered", body) for one, body in bodies]
        entries += [_entry(at, "", "unregistered", _encode(one)) for one in gone]
        async with self._transaction() as connection:
            await connection.execute(insert(schema.registry).prefix_with("OR REPLACE"), {"one": 1, "body": registry})
            if rows:
                await connection.execute(insert(table).prefix_with("OR REPLACE"), rows)
            for one in gone:
                await connection.execute(delete(table).where(table.c.id == one))
            if entries:
                await connection.execute(insert(schema.journal), entries)

    async def journal(self, after: int = 0, limit: int = 1000) -> list[tuple[int, float, str, int, str, bytes]]:
        """Changes in order, from the one numbered above `after`: (number, time, agent, report, kind, JSON)."""
        table = schema.journal
        query = select(table).where(table.c.id > after).order_by(table.c.id).limit(limit)
        async with self._engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(query)]

    async def credentials(self, kind: CredentialKind, now: Wall) -> dict[str, Wall]:
        """The unexpired credentials of a kind: {hash: expiry}."""
        table = schema.credentials
        query = select(table.c.hash, table.c.expires).where(table.c.kind == kind, table.c.expires > now)
        async with self._engine.connect() as connection:
            return {row[0]: Wall(row[1]) for row in await connection.execute(query)}

    async def add_credential(
        self, kind: CredentialKind, digest: str, expires: Wall, now: Wall, *, alone: bool = False
    ) -> None:
        """Keep the hash of a credential; expired ones go, and all others of its kind too if it is to be `alone`."""
        table = schema.credentials
        async with self._transaction() as connection:
            await connection.execute(delete(table).where(table.c.expires <= now))
            if alone:
                await connection.execute(delete(table).where(table.c.kind == kind))
            row = {"hash": digest, "kind": kind.value, "expires": expires}
            await connection.execute(insert(table).prefix_with("OR REPLACE"), row)

    async def take_credential(self, kind: CredentialKind, digest: str, now: Wall) -> bool:
        """Use a credential up: True the first time, False if it is not there (any more) or has expired."""
        table = schema.credentials
        taking = delete(table).where(table.c.hash == digest, table.c.kind == kind, table.c.expires > now)
        async with self._transaction() as connection:
            return (await connection.execute(taking)).rowcount == 1

    @contextmanager
    def _sound(self) -> Iterator[None]:
        try:
            yield
        except CORRUPT as error:
            said = error.orig if isinstance(error, DBAPIError) else error
            raise unusable(self._engine.url.database or "", f"corrupt: {' '.join(str(said).split())}") from None

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._writing, self._engine.begin() as connection:
                yield connection
        except OperationalError as error:
            raise StoreFull(str(error.orig)) from None
        except DBAPIError as error:
            raise StoreRefused(str(error.orig)) from None


def unusable(path: Path | str, what: str) -> StoreError:
    """The error for a file that no region can go on with."""
    return StoreError(
        f"{path}: {what}; restore it from a backup, or start with --rebuild, which moves it aside and begins anew "
        "(agents tell everything again)"
    )


def _entry(at: Wall, host: str, kind: str, body: bytes) -> dict[str, Any]:
    return {"at": at, "agent": host, "seq": 0, "kind": kind, "body": body}


def _load(connection: Connection) -> Loaded:
    agents = [
        AgentRow(
            host=Host(row.id, row.name, row.role), boot=row.boot, account=row.account, last=row.last,
            seen=Wall(row.seen), offset=row.offset, software=row.software,
        )
        for row in connection.execute(select(schema.agents).order_by(schema.agents.c.id))
    ]  # fmt: skip
    table = schema.interfaces
    interfaces = [
        InterfaceRow(row.host, msgspec.json.decode(row.body, type=Interface), row.account)
        for row in connection.execute(select(table).order_by(table.c.host, table.c.name))
    ]
    evidence = [
        EvidenceRow(msgspec.json.decode(row.body, type=Evidence), row.account)
        for row in connection.execute(select(schema.evidence).order_by(schema.evidence.c.key))
    ]
    refusals = [
        (msgspec.json.decode(row.body, type=RefusalCount), row.account)
        for row in connection.execute(select(schema.refusals).order_by(schema.refusals.c.key))
    ]
    mtu = [
        (msgspec.json.decode(row.body, type=MtuSeen), row.account)
        for row in connection.execute(select(schema.mtu).order_by(schema.mtu.c.key))
    ]
    known = {row.host.id for row in agents}
    tellers = [row.host for row in interfaces]
    tellers += [row.evidence.port.host for row in evidence] + [refusal.port.host for refusal, _ in refusals]
    tellers += [seen.port.host for seen, _ in mtu]
    if stranger := next((host for host in tellers if host not in known), None):
        raise LookupError(f"told by {stranger!r}, which is no agent")
    registry = connection.execute(select(schema.registry.c.body)).scalar()
    if registry is not None:
        msgspec.json.decode(registry, type=Registry)
    return Loaded(
        agents=tuple(agents),
        peers=tuple(Host(*row) for row in connection.execute(select(schema.peers).order_by(schema.peers.c.id))),
        interfaces=tuple(interfaces),
        evidence=tuple(evidence),
        refusals=tuple(refusals),
        mtu=tuple(mtu),
        registrations=tuple(_bodies(connection, schema.registrations, Registration)),
        registry=registry,
    )


def _bodies(connection: Connection, table: Table, kind: type[Any]) -> list[Any]:
    decoder = msgspec.json.Decoder(kind)
    rows = connection.execute(select(table.c.body).order_by(next(iter(table.primary_key))))
    return [decoder.decode(row.body) for row in rows]
