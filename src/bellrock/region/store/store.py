"""The open store: load, commit, and the small tables."""

import asyncio
import os
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Table, bindparam, delete, select, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bellrock.model import Wall
from bellrock.region.store import schema, timing
from bellrock.region.store.changes import JOURNAL, Writer
from bellrock.region.store.dialect import Row, lock_writes, not_stored, said, see_one_moment, upsert
from bellrock.region.store.enrolments import EnrolmentStore
from bellrock.region.store.errors import StoreAway, StoreError
from bellrock.region.store.feed import Batch, Turn, append_feed, feed_end, read_feed, trim_feed
from bellrock.region.store.findings import FindingStore
from bellrock.region.store.loading import load_agents, load_told
from bellrock.region.store.nodes import NodeStore
from bellrock.region.store.people import ApiTokenRow, People, PeopleStore
from bellrock.region.store.probes import ProbeStore
from bellrock.region.store.retention import Retention
from bellrock.region.store.rows import (
    Accepted,
    CredentialKind,
    Loaded,
    Registration,
)
from bellrock.topology import Registry

CORRUPT: Final = (msgspec.MsgspecError, zlib.error, DBAPIError, UnicodeError, RecursionError, TypeError, LookupError)
"""What reading a store raises where something else than a region, or a disk that fails, wrote to it."""

_encode = msgspec.json.Encoder().encode


class Store:
    """A region's memory, in a file or in a database that several regions share.

    One writes at a time, in a file as well as in a database; each method is one transaction, whole or not at all.
    Every method that writes raises StoreFull if the disk does not take it, StoreAway if the database is not there, and
    StoreRefused if it never will.

    Attributes:
        shared: Whether other regions may be at the same database: True on PostgreSQL.
        name: Where it is, for messages: a path, or a URL without password.
    """

    def __init__(
        self, engine: AsyncEngine, lock: int = -1, *, name: str = "", fence: Callable[[AsyncConnection], Awaitable[None]] | None = None
    ) -> None:  # fmt: skip
        """`lock`: descriptor of the lock that owns the file; -1: none. `fence`: see `behind`."""
        self._engine = engine
        self._fence = fence
        self._lock_file = lock
        self._writing = asyncio.Lock()
        self.shared = engine.dialect.name == "postgresql"
        self.name = name or engine.url.database or ""
        self.people = PeopleStore(engine, self.transaction)
        self.enrolments = EnrolmentStore(engine, self.transaction)
        self.nodes = NodeStore(engine, self.transaction)
        self.retention = Retention(engine, self.transaction)
        self.probes = ProbeStore(engine, self.transaction, self.retention.note)
        self.findings = FindingStore(engine, self.transaction)

    def behind(self, fence: Callable[[AsyncConnection], Awaitable[None]]) -> "Store":
        """The same store for one who may cease to lead without knowing it: each transaction that writes calls `fence`, once it has the right
        to write; what that raises undoes it. It is for good: whoever leads again is given another. Only this one is to be closed.
        """
        made = Store(self._engine, name=self.name, fence=fence)
        made._writing = self._writing
        made.retention = self.retention
        made.probes = ProbeStore(self._engine, made.transaction, self.retention.note)
        return made

    async def close(self) -> None:
        """Close the connections and give the file free."""
        await self.disconnect()
        if self._lock_file >= 0:
            os.close(self._lock_file)
            self._lock_file = -1

    async def disconnect(self) -> None:
        """Close the connections; nobody else may have the file yet."""
        await self._engine.dispose()

    async def answers(self) -> None:
        """See that the database is there and answers.

        Raises:
            NotStored: it does not.
        """
        with _reaching():
            async with self._engine.connect() as connection:
                await connection.exec_driver_sql("SELECT 1")

    async def load(self) -> Loaded:
        """All current state.

        Raises:
            StoreError: what is on disk is not what a region writes.
        """
        with self._sound():
            async with self.snapshot() as connection:
                return msgspec.structs.replace(
                    await load_told(connection),
                    registrations=tuple(await connection.run_sync(_bodies, schema.registrations, Registration)),
                    registry=await _registry(connection),
                    enrolments=await self.enrolments.read(connection),
                    nodes=await self.nodes.read(connection),
                    probes=await self.probes.read(connection),
                    findings=await self.findings.read(connection),
                    feed=await feed_end(connection) if self.shared else 0,
                )

    async def load_mind(self) -> Loaded:
        """All but what agents told, which the feed brings: `agents` say when each was last heard.

        Raises:
            StoreError: what is on disk is not what a region writes.
        """
        with self._sound(), _reaching():
            async with self.snapshot() as connection:
                return Loaded(
                    agents=tuple(await load_agents(connection)),
                    registrations=tuple(await connection.run_sync(_bodies, schema.registrations, Registration)),
                    registry=(await connection.execute(select(schema.registry.c.body))).scalar(),
                    enrolments=await self.enrolments.read(connection),
                    nodes=await self.nodes.read(connection),
                    probes=await self.probes.read(connection),
                    findings=await self.findings.read(connection),
                )

    async def load_people(self, now: Wall) -> People:
        """Users, tokens and sessions.

        Raises:
            StoreError: what is on disk is not what a region writes.
        """
        with self._sound():
            return await self.people.load(now)

    async def commit(self, batch: Sequence[Accepted], accounts: Mapping[str, int], member: str = "") -> int:
        """Write reports in a turn of their own, blindly: for a region that nobody else writes beside. See `Turn.commit`."""
        async with self._turn(None, member) as turn:
            return await turn.commit(batch, accounts)

    def turn(self, after: int, member: str) -> AbstractAsyncContextManager[Turn]:
        """The right to write reports, in all regions of the database together, until the `async with` ends and all is committed.

        `after`: the last number that this member has read or written. What the body raises undoes all; it should do nothing
        slow, as everybody waits.

        Raises:
            FeedLost: what was committed since `after` is no longer in the feed: load everything again.
        """
        return self._turn(after, member)

    async def feed(self, after: int, limit: int = 200) -> list[Batch]:
        """What was committed after the batch of this number, in order; always empty on SQLite.

        Raises:
            FeedLost: the feed no longer reaches back to there.
            StoreAway: the database is not there.
            StoreError: what is in the feed is not what a region writes.
        """
        if not self.shared:
            return []
        with self._sound(), _reaching():
            async with self.snapshot() as connection:
                return await read_feed(connection, after, limit)

    async def feed_end(self) -> int:
        """The number of the newest batch that is committed; 0 on SQLite.

        Raises:
            StoreAway: the database is not there.
        """
        if not self.shared:
            return 0
        with _reaching():
            async with self._engine.connect() as connection:
                return await feed_end(connection)

    async def trim_feed(self, keep: float, read: int) -> list[str]:
        """Drop the hours of the feed that are older than `keep` seconds, numbered up to `read`, and read by all members; their names.

        Raises:
            StoreAway: somebody reads the feed just now, or the database is not there; another time will do.
        """
        if not self.shared:
            return []
        async with self.transaction() as connection:
            # Dropping waits for those who read, and they for it: rather not now than long.
            await connection.exec_driver_sql("SET LOCAL lock_timeout = '500ms'")
            return await trim_feed(connection, keep, read)

    async def touch(self, seen: Mapping[str, tuple[Wall, float]]) -> None:
        """Note when hosts were last known to hold their word, and their clock offsets: {agent id: (time, offset)}."""
        rows = [{"at": at, "by": offset, "agent": agent} for agent, (at, offset) in seen.items()]
        table = schema.agents
        change = (
            update(table).where(table.c.id == bindparam("agent")).values(seen=bindparam("at"), offset=bindparam("by"))
        )
        if rows:
            async with self.transaction() as connection:
                await connection.execute(change, rows)

    async def save_places(
        self, registry: bytes | None, changed: Iterable[Registration], gone: Iterable[str], at: Wall
    ) -> None:
        """Keep the names of fabrics and VLANs (None: as they are), and which interfaces are registered where; note the changes in the journal."""
        table = schema.registrations
        changed, gone = list(changed), list(gone)
        bodies = [(one, _encode(one)) for one in changed]
        rows = [{"id": one.id, "host": one.host, "body": body} for one, body in bodies]
        entries: list[Row] = [(at, one.host, 0, "registered", body) for one, body in bodies]
        entries += [(at, "", 0, "unregistered", _encode(one)) for one in gone]
        async with self.transaction() as connection:
            if registry is not None:
                await connection.execute(upsert(schema.registry), {"one": 1, "body": registry})
            if rows:
                await connection.execute(upsert(table), rows)
            for one in gone:
                await connection.execute(delete(table).where(table.c.id == one))
            await connection.run_sync(self.retention.note, schema.journal, JOURNAL, entries)

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
        with _reaching():
            async with self._engine.connect() as connection:
                return {row[0]: Wall(row[1]) for row in await connection.execute(query)}

    async def api_tokens(self, now: Wall) -> list[ApiTokenRow]:
        """Those that are good, in the order in which they were last said to be."""
        table = schema.credentials
        query = select(table.c.hash, table.c.name, table.c.seen).where(table.c.expires > now)
        query = query.where(table.c.kind == CredentialKind.API).order_by(table.c.seen, table.c.hash)
        with _reaching():
            async with self._engine.connect() as connection:
                return [ApiTokenRow(row.hash, row.name, Wall(row.seen)) for row in await connection.execute(query)]

    async def forbid_api_token(self, digest: str, until: Wall) -> None:
        """Have no process take this token for good, nor make it so, until then."""
        table = schema.credentials
        change = update(table).where(table.c.hash == digest, table.c.kind == CredentialKind.API)
        async with self.transaction() as connection:
            await connection.execute(change.values(kind=CredentialKind.REVOKED.value, expires=until))

    async def add_credential(
        self, kind: CredentialKind, digest: str, expires: Wall, now: Wall, *, alone: bool = False, name: str = ""
    ) -> None:
        """Keep the hash of a credential; expired ones go, and all others of its kind too if it is to be `alone`. `name`: whose it is."""
        table = schema.credentials
        async with self.transaction() as connection:
            await connection.execute(delete(table).where(table.c.expires <= now))
            if alone:
                await connection.execute(delete(table).where(table.c.kind == kind))
            row = {"hash": digest, "kind": kind.value, "expires": expires, "name": name, "seen": now}
            await connection.execute(upsert(table), row)

    async def take_credential(self, kind: CredentialKind, digest: str, now: Wall) -> bool:
        """Use a credential up: True the first time, False if it is not there (any more) or has expired."""
        table = schema.credentials
        taking = delete(table).where(table.c.hash == digest, table.c.kind == kind, table.c.expires > now)
        async with self.transaction() as connection:
            return (await connection.execute(taking)).rowcount == 1

    @contextmanager
    def _sound(self) -> Iterator[None]:
        try:
            yield
        except CORRUPT as error:
            if self.shared and isinstance(
                away := not_stored(error) if isinstance(error, DBAPIError) else None, StoreAway
            ):
                raise away from None
            raise self.unusable(f"corrupt: {said(error)}") from None
        except (OSError, TimeoutError, PoolTimeout) as error:
            raise StoreAway(said(error)) from None

    def unusable(self, what: str) -> StoreError:
        """The error for a store that no region can go on with."""
        if self.shared:
            return StoreError(f"{self.name}: {what}; restore the database from a backup (see bellrock db check)")
        return unusable(self.name, what)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """A connection that sees one moment of the database, however long it reads."""
        async with self._engine.connect() as connection:
            if self.shared:
                await see_one_moment(connection)
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """One that writes, alone; committed at the end of the `async with`.

        Raises:
            StoreFull, StoreAway, StoreRefused: nothing was written.
        """
        with timing.transaction(), _reaching():
            async with self._writing:
                with self.retention.counting():
                    async with self._engine.begin() as connection:
                        await lock_writes(connection)
                        if self._fence is not None:
                            await self._fence(connection)
                        yield connection

    @asynccontextmanager
    async def _turn(self, after: int | None, member: str) -> AsyncIterator[Turn]:
        async with self.transaction() as connection:
            reading = self.shared and after is not None
            with self._sound():
                missed = await read_feed(connection, after or 0) if reading else []

            async def write(reports: Sequence[Accepted], accounts: Mapping[str, int]) -> int:
                await connection.run_sync(_write, reports, dict(accounts), self.retention)
                return await append_feed(connection, member, reports) if self.shared else 0

            yield Turn(tuple(missed), write)


@contextmanager
def _reaching() -> Iterator[None]:
    """Turn what the driver raises into what the store raises."""
    try:
        yield
    except (DBAPIError, OSError) as error:
        raise not_stored(error) from None
    except SQLAlchemyError as error:  # no connection of the pool was free in time
        raise StoreAway(said(error)) from None


def _write(connection: Connection, reports: Sequence[Accepted], accounts: dict[str, int], retention: Retention) -> None:
    writer = Writer(connection, accounts)
    writer.look_up(reports)
    for accepted in reports:
        writer.take(accepted)
    writer.flush()
    retention.note(connection, schema.journal, JOURNAL, writer.journal)


def unusable(path: Path | str, what: str) -> StoreError:
    """The error for a file that no region can go on with."""
    return StoreError(
        f"{path}: {what}; restore it from a backup, or start with --rebuild, which moves it aside and begins anew "
        "(agents tell everything again)"
    )


async def _registry(connection: AsyncConnection) -> bytes | None:
    registry: bytes | None = (await connection.execute(select(schema.registry.c.body))).scalar()
    if registry is not None:
        msgspec.json.decode(registry, type=Registry)
    return registry


def _bodies(connection: Connection, table: Table, kind: type[Any]) -> list[Any]:
    decoder = msgspec.json.Decoder(kind)
    rows = connection.execute(select(table.c.body).order_by(next(iter(table.primary_key))))
    return [decoder.decode(row.body) for row in rows]
