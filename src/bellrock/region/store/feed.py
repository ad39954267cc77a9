"""What the regions of one database tell each other of the reports that they committed, in the order of the commits."""

import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from bellrock.model import Observation
from bellrock.region.store.errors import FeedLost
from bellrock.region.store.rows import Accepted

FEED_CHANNEL: Final = "bellrock_feed"
"""NOTIFY says the number of each new batch here."""
FEED_HOUR: Final = 3600.0
"""Seconds of feed in one partition; it is dropped whole."""
MAX_BODY: Final = 256 * 1024 * 1024
"""Octets of a batch, unpacked."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[Accepted, ...]).decode


class Batch(Struct, frozen=True):
    """Reports that one member committed together."""

    number: int
    member: str
    reports: tuple[Accepted, ...]


class Turn:
    """The right to write reports, held until the `async with` of `Store.turn` ends, when all is committed.

    Attributes:
        missed: What was committed since the number that `Store.turn` was given, in order; always empty on SQLite.
            A member finds its own batches there, too, where it was not told that they had been committed.
    """

    def __init__(
        self, missed: tuple[Batch, ...], write: Callable[[Sequence[Accepted], Mapping[str, int]], Awaitable[int]]
    ) -> None:
        self.missed = missed
        self._write = write

    async def commit(self, reports: Sequence[Accepted], accounts: Mapping[str, int]) -> int:
        """Write reports, in order, with their agents' progress; `accounts`: the accounts that run at their begin.

        Returns the number of their feed row, to be the `after` of the next turn; 0 on SQLite. No reports: 0, and nothing is
        written.
        """
        return await self._write(reports, accounts) if reports else 0


def pack(reports: Iterable[Accepted]) -> bytes:
    """Reports as the body of a feed row."""
    return zlib.compress(_encode(tuple(reports)), 1)


def unpack(body: bytes) -> tuple[Accepted, ...]:
    """The reports of a feed row.

    Raises:
        msgspec.MsgspecError, zlib.error: no region wrote it.
    """
    opener = zlib.decompressobj()
    content = opener.decompress(body, MAX_BODY)
    if opener.unconsumed_tail or not opener.eof:
        raise zlib.error(f"not a whole batch of at most {MAX_BODY} octets")
    try:
        return _decode(content)
    except msgspec.ValidationError:
        return tuple(_known(one) for one in msgspec.msgpack.decode(content, type=list[dict[str, Any]]))


def _known(accepted: dict[str, Any]) -> Accepted:
    """A report of a newer version, as beside each other during an upgrade, without the kinds of observations that are not known here."""
    report = accepted.get("report", {})
    told = report.get("observations", ())
    known = [one for one in told if _is_known(one)]
    return msgspec.convert({**accepted, "report": {**report, "observations": known}}, Accepted)


def _is_known(observation: object) -> bool:
    try:
        msgspec.convert(observation, Observation)
    except msgspec.ValidationError:
        return False
    return True


async def feed_end(connection: AsyncConnection) -> int:
    """The number of the newest batch that is committed; 0 where there never was one."""
    query = "SELECT greatest((SELECT max(id) FROM feed), (SELECT dropped FROM feed_state), 0)"
    return int((await connection.exec_driver_sql(query)).scalar_one())


async def read_feed(connection: AsyncConnection, after: int, limit: int | None = None) -> list[Batch]:
    """Batches numbered above `after`, in order.

    Raises:
        FeedLost: the feed no longer reaches back to there.
    """
    query = "SELECT dropped, (SELECT max(id) FROM feed) AS newest FROM feed_state"
    found = (await connection.exec_driver_sql(query)).one()
    dropped, newest = found.dropped, found.newest
    if after < dropped:
        raise FeedLost(f"batches up to {dropped} are gone from the feed, and {after} was the last one read")
    if after > max(dropped, newest or 0):
        raise FeedLost(f"the feed ends at {max(dropped, newest or 0)}, and {after} was read before: it was put back")
    query = "SELECT id, member, body FROM feed WHERE id > $1 ORDER BY id LIMIT $2"
    rows = await connection.exec_driver_sql(query, (after, limit))
    return [Batch(row.id, row.member, unpack(row.body)) for row in rows]


async def append_feed(connection: AsyncConnection, member: str, reports: Sequence[Accepted]) -> int:
    """Add a batch, and tell those who listen to FEED_CHANNEL at the commit; its number.

    The write lock must be held: it makes numbers rise in the order of the commits.
    """
    at = await _clock(connection)
    await _partition(connection, at)
    query = (
        "WITH added AS (INSERT INTO feed (at, member, body) VALUES ($1, $2, $3) RETURNING id) "
        "SELECT id, pg_notify($4, id::text) FROM added"
    )
    values = (at, member, pack(reports), FEED_CHANNEL)
    return int((await connection.exec_driver_sql(query, values)).scalar_one())


async def trim_feed(connection: AsyncConnection, keep: float, read: int) -> list[str]:
    """Drop partitions older than `keep` seconds whose batches are all numbered up to `read`, and read by all members; their names.

    A member that has not said for long how far it is, is given up (`members.GONE`), and waited for no more: it will find FeedLost.
    The write lock must be held.
    """
    oldest = await _clock(connection) - keep
    slowest = (await connection.exec_driver_sql("SELECT min(fed) FROM members")).scalar()
    read = read if slowest is None else min(read, slowest)
    dropped = []
    for name, number in await _partitions(connection):
        if (number + 1) * FEED_HOUR > oldest:
            break
        last = (await connection.exec_driver_sql(f"SELECT max(id) FROM {name}")).scalar()  # noqa: S608 -- names of ours
        if last is not None and last > read:
            break
        if last is not None:
            await connection.exec_driver_sql("UPDATE feed_state SET dropped = greatest(dropped, $1)", (last,))
        await connection.exec_driver_sql(f"DROP TABLE {name}")
        dropped.append(name)
    return dropped


async def _clock(connection: AsyncConnection) -> float:
    """The database's, so that all members share one."""
    return float((await connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())


async def _partitions(connection: AsyncConnection) -> list[tuple[str, int]]:
    """Those of the feed with their hours, the oldest first."""
    query = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'feed'::regclass"
    names = [row[0] for row in await connection.exec_driver_sql(query)]
    return sorted(((name, int(name.rpartition("_")[2])) for name in names), key=lambda one: one[1])


async def _partition(connection: AsyncConnection, at: float) -> None:
    """Have one for this time. Attached, as that waits for no reader, where `CREATE … PARTITION OF` would."""
    hour = int(at // FEED_HOUR)
    name = f"feed_{hour}"
    if (await connection.exec_driver_sql("SELECT to_regclass($1)", (name,))).scalar() is not None:
        return
    await connection.exec_driver_sql(f"CREATE TABLE {name} (LIKE feed INCLUDING ALL)")
    bounds = f"FROM ({hour * FEED_HOUR}) TO ({(hour + 1) * FEED_HOUR})"
    await connection.exec_driver_sql(f"ALTER TABLE feed ATTACH PARTITION {name} FOR VALUES {bounds}")
