"""What the processes of one region tell each other through their database: who is there, who leads, and letters.

Nothing here is worth keeping: reports go by the feed. Letters are rows, and NOTIFY only says that there are some, for its payload is
bounded (8,000 octets). Each member has three connections of its own beside the store's: one that listens, beats and holds the lock of
the leader, one that writes letters and one that reads them.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import asyncpg  # type: ignore[import-untyped]
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from bellrock.region.errors import RegionError
from bellrock.region.store.dialect import said
from bellrock.region.store.errors import StoreAway
from bellrock.region.store.feed import FEED_CHANNEL
from bellrock.region.store.postgres import connect, parse_url

LEADER_LOCK: Final = 0x62726F636C
"""`brocl`: the advisory lock that the leader's session holds."""
GONE: Final = 10.0
"""Seconds without a beat after which a member is gone."""
IN_TIME: Final = 10.0
"""Seconds in which a statement of these connections must be answered; one that is not shows that the database is not there."""
PROMPT: Final = 3
"""Seconds after which a peer is gone whose kernel answers nothing: a leader that is cut off holds its lock until the server notices, and
leads until it does itself. A database that is slow is not taken for one that is gone, as its kernel answers."""
PROMPT_SERVER: Final = {
    "tcp_keepalives_idle": "1",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": str(PROMPT - 1),
    # Keepalives say nothing while something is under way, as a notice to a listener may be at any time.
    "tcp_user_timeout": str(PROMPT * 1000),
}
"""The same at the server's end."""
CLUSTER: Final = "bellrock_cluster"
"""NOTIFY says here that the leader or the members have changed."""

_FREE_LOCK: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND classid = $1 AND objid = $2"
)

_T = TypeVar("_T")


class Member(Struct, frozen=True, kw_only=True):
    """One process of a region."""

    id: str
    name: str
    urls: tuple[str, ...] = ()
    """Where agents and people reach it."""
    version: str = ""
    started: float = 0.0
    """When the process began, by the database's clock: also of one that was away since, or found another database."""


class Leadership(Struct, frozen=True):
    """Who leads, or led last."""

    epoch: int
    """Grows by one with each change."""
    member: str


class Roll(Struct, frozen=True):
    """Who is there at this moment."""

    members: tuple[Member, ...]
    leadership: Leadership | None
    fresh: bool = False
    """This member was not among them before: it has just come, or the others had given it up, and its letters."""
    ahead: float = 0.0
    """Seconds by which this machine's clock is ahead of the database's, which all members have in common."""
    unsure: float = 0.0
    """By as many seconds it may be more or less: the database took so long to say."""


class Letter(Struct, frozen=True):
    """What one member writes to another."""

    sender: str
    body: bytes


class NotLeading(StoreAway):
    """Another process leads the region by now: what the mind of this one wanted to write is not written."""

    event = "not-leading"


class Post:
    """One member's part in it. Every method raises StoreAway if the database is not there; `open` mends that."""

    def __init__(self, url: str, member: Member, clock: Callable[[], float] = time.time) -> None:
        """`clock`: this machine's."""
        self._url = url
        self._clock = clock
        self._began = time.monotonic()
        self.member = member
        self._connections: list[asyncpg.Connection] = []
        self._turns = [asyncio.Lock(), asyncio.Lock(), asyncio.Lock()]
        self.feed = asyncio.Event()
        """Set when there is something new in the feed."""
        self.newest = 0
        """The highest number in the feed that was told of; other members' as well as this one's."""
        self.letters = asyncio.Event()
        """Set when letters wait."""
        self.roll = asyncio.Event()
        """Set when the leader or the members changed."""

    @property
    def _mine(self) -> str:
        return f"bellrock_{self.member.id}"

    async def open(self) -> None:
        """Connect, or connect anew, and be there."""
        await self.close()
        try:
            await self._connect()
        except BaseException:
            await self.close()
            raise
        await self.beat()
        for news in (self.feed, self.letters, self.roll):
            news.set()

    async def _connect(self) -> None:
        address = parse_url(self._url)
        with _away():
            for _ in self._turns:
                self._connections.append(await connect(address, command_timeout=IN_TIME, gone=PROMPT))
            listening = self._connections[0]
            for name, value in PROMPT_SERVER.items():
                await listening.execute(f"SET {name} = {value}")
            for channel, news in ((self._mine, self.letters), (CLUSTER, self.roll)):
                await listening.add_listener(channel, _setter(news))
            await listening.add_listener(FEED_CHANNEL, self._fed)
            # Whoever leads by this connection is to know at once when it ends.
            listening.add_termination_listener(_setter(self.roll))
            # Letters to an earlier connection under this id concern nobody any more.
            await listening.execute("DELETE FROM letters WHERE recipient = $1", self.member.id)

    def _fed(self, _connection: object, _pid: int, _channel: str, number: object) -> None:
        self.newest = max(self.newest, int(str(number)))
        self.feed.set()

    async def close(self) -> None:
        """Be gone: the lock of the leader, if it is held, is free."""
        for connection in self._connections:
            connection.terminate()
        self._connections.clear()

    @property
    def is_open(self) -> bool:
        """Whether the connections stand, as far as is known without asking."""
        return len(self._connections) == len(self._turns) and not any(one.is_closed() for one in self._connections)

    async def beat(self, fed: int | None = None) -> Roll:
        """Say that this member is there, and up to which number it has read the feed; who else is.

        Those that have not said so for GONE seconds are forgotten, with their letters.
        """
        one = self.member
        values = (one.id, one.name, " ".join(one.urls), one.version, fed, time.monotonic() - self._began)

        async def beating(connection: asyncpg.Connection) -> Roll:
            began = self._clock()
            said = await connection.fetchrow(
                "INSERT INTO members (id, name, url, version, started, seen, fed) "
                "VALUES ($1, $2, $3, $4, extract(epoch FROM clock_timestamp()) - $6::float8, extract(epoch FROM clock_timestamp()), $5) "
                "ON CONFLICT (id) DO UPDATE SET url = excluded.url, seen = excluded.seen, fed = excluded.fed "
                "RETURNING xmax = 0 AS fresh, seen",
                *values,
            )
            ended = self._clock()
            fresh = said["fresh"]
            gone = await connection.fetch(
                "DELETE FROM members WHERE seen < extract(epoch FROM clock_timestamp()) - $1 AND id <> $2 RETURNING id",
                GONE,
                one.id,
            )
            leadership = await _leadership(connection)
            if gone:
                ids = [row["id"] for row in gone]
                await connection.execute("DELETE FROM letters WHERE recipient = ANY($1)", ids)
                if leadership is not None and leadership.member in ids:
                    # It hangs: its machine keeps the connection that holds the lock.
                    await connection.execute(_FREE_LOCK, LEADER_LOCK >> 32, LEADER_LOCK & 0xFFFFFFFF)
            if fresh or gone:
                await connection.execute("SELECT pg_notify($1, '')", CLUSTER)
            members = await connection.fetch("SELECT id, name, url, version, started FROM members ORDER BY started, id")
            ahead, unsure = (began + ended) / 2 - said["seen"], (ended - began) / 2
            return Roll(tuple(map(_member, members)), leadership, bool(fresh), ahead, unsure)

        return await self._ask(0, beating)

    async def leave(self) -> None:
        """Tell the others that this member ends, and be gone."""

        async def leaving(connection: asyncpg.Connection) -> None:
            await connection.execute("DELETE FROM members WHERE id = $1", self.member.id)
            await connection.execute("SELECT pg_advisory_unlock_all(), pg_notify($1, '')", CLUSTER)

        try:
            await self._ask(0, leaving)
        except StoreAway:
            pass
        finally:
            await self.close()

    async def lead(self) -> int | None:
        """Try to become the leader: the epoch that begins, or None while another leads. It lasts as long as the connection."""

        async def leading(connection: asyncpg.Connection) -> int | None:
            if not await connection.fetchval(f"SELECT pg_try_advisory_lock({LEADER_LOCK})"):
                return None
            epoch = await connection.fetchval(
                "INSERT INTO leadership (one, epoch, member, url, since) "
                "VALUES (1, 1, $1, $2, extract(epoch FROM clock_timestamp())) ON CONFLICT (one) DO UPDATE "
                "SET epoch = leadership.epoch + 1, member = excluded.member, url = excluded.url, since = excluded.since "
                "RETURNING epoch",
                self.member.id,
                next(iter(self.member.urls), ""),
            )
            await connection.execute("SELECT pg_notify($1, '')", CLUSTER)
            return int(epoch)

        return await self._ask(0, leading)

    async def write(self, letters: Iterable[tuple[str, bytes]]) -> None:
        """Send letters, as (recipient, body), all or none; a recipient reads them in this order."""
        rows = list(letters)

        async def writing(connection: asyncpg.Connection) -> None:
            # One statement is one transaction. What is lost when the server crashes was worth nothing to it then.
            await connection.execute(
                "WITH sent AS (INSERT INTO letters (recipient, sender, at, body) "
                "SELECT one.recipient, $3, extract(epoch FROM clock_timestamp()), one.body "
                "FROM unnest($1::text[], $2::bytea[]) WITH ORDINALITY AS one(recipient, body, place) ORDER BY place "
                "RETURNING id, recipient) "
                "SELECT pg_notify('bellrock_' || recipient, max(id)::text) FROM sent GROUP BY recipient",
                [recipient for recipient, _ in rows],
                [body for _, body in rows],
                self.member.id,
            )

        if rows:
            await self._ask(1, writing)

    async def read(self, most: int = 500) -> list[Letter]:
        """Letters to this member, the oldest first, each once."""
        query = (
            "WITH taken AS (DELETE FROM letters WHERE id IN "
            "(SELECT id FROM letters WHERE recipient = $1 ORDER BY id LIMIT $2) RETURNING id, sender, body) "
            "SELECT sender, body FROM taken ORDER BY id"
        )

        async def reading(connection: asyncpg.Connection) -> list[Letter]:
            return [Letter(*row) for row in await connection.fetch(query, self.member.id, most)]

        return await self._ask(2, reading)

    async def _ask(self, which: int, question: Callable[[asyncpg.Connection], Awaitable[_T]]) -> _T:
        async with self._turns[which]:
            if not self.is_open:
                raise StoreAway("not connected to the database")
            connection = self._connections[which]
            try:
                with _away():
                    return await question(connection)
            except StoreAway:
                # A connection that failed may still hold the lock: nobody is to lead by it.
                await self.close()
                raise
            except Exception as error:
                # The driver stumbles where a connection ends between two of its steps, in ways that it has no names for.
                if not connection.is_closed():
                    raise
                await self.close()
                raise StoreAway(said(error)) from None


def fence(epoch: int) -> Callable[[AsyncConnection], Awaitable[None]]:
    """What each transaction of a leader's mind begins with (`Store.behind`): that its epoch is not over.

    Raises:
        NotLeading: another process has begun to lead.
    """

    async def still_leads(connection: AsyncConnection) -> None:
        # FOR SHARE: whoever wants to lead next waits until this transaction is over.
        now = (await connection.exec_driver_sql("SELECT epoch FROM leadership WHERE one = 1 FOR SHARE")).scalar()
        if now != epoch:
            raise NotLeading(f"epoch {epoch} of leading the region is over; it is {now} by now")

    return still_leads


async def belong(url: str, authority: str) -> None:
    """See that this process has the authority that the others of the database have; the first decides which.

    Raises:
        RegionError: it has another: agents of one would not trust the other.
        StoreAway: the database is not there.
    """
    with _away():
        connection = await connect(parse_url(url), command_timeout=IN_TIME)
        try:
            await connection.execute(
                "INSERT INTO cluster (one, id, authority) VALUES (1, gen_random_uuid()::text, $1) ON CONFLICT (one) DO NOTHING",
                authority.encode(),
            )
            held = await connection.fetchval("SELECT authority FROM cluster WHERE one = 1")
        finally:
            await connection.close()
    if bytes(held).decode() != authority:
        raise RegionError(
            f"this region's certificate authority is {authority[:16]}…, and the other processes of the database have "
            f"{bytes(held).decode()[:16]}…: copy the directory `authority` of their state directory into this one's, or give "
            "all the same --authority-cert and --authority-key"
        )


async def _leadership(connection: asyncpg.Connection) -> Leadership | None:
    row = await connection.fetchrow("SELECT epoch, member FROM leadership WHERE one = 1")
    return Leadership(*row) if row else None


def _member(row: Any) -> Member:  # noqa: ANN401 -- the driver's
    return Member(
        id=row["id"], name=row["name"], urls=tuple(row["url"].split()), version=row["version"], started=row["started"]
    )


def _setter(news: asyncio.Event) -> Callable[..., None]:
    def tell(*_: object) -> None:
        news.set()

    return tell


@contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        # The last is what the driver says of a connection that ended between two of its steps.
        raise StoreAway(said(error)) from None
