"""How verdicts changed, by the hour: what is left of a day's changes once they are a week old.

A row has the number of the last change that it counts, so that changes and hours together are one list in one order.
"""

import asyncio
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bellrock.model import Verdict, Wall
from bellrock.region.store import schema
from bellrock.region.store.days import Row, day_of, days_of, drop_day, part_of
from bellrock.region.store.dialect import bulk, is_shared
from bellrock.region.store.probes import Change, VerdictHour

HOUR: Final = 3600.0
DETAILED: Final = 7
"""Days after which a day's changes are counted by the hour."""
MOST: Final = 100_000
"""Rows that a day becomes: of more, what has no row yet is counted for each hour without agent, flow and target."""
PAGE: Final = 2000
"""Changes that are counted in one transaction: all who write wait for it."""
PAUSE: Final = 0.1
"""Seconds between two of these, for those who wait."""
NAMES: Final = ("id", "at", "agent", "flow", "body")

_encode = msgspec.json.Encoder().encode
_changes = msgspec.json.Decoder(Change)

Transaction = Callable[[], AbstractAsyncContextManager[AsyncConnection]]


class Rolled(NamedTuple):
    """What became of a day."""

    changes: int
    """That are counted by the hour now."""
    unreadable: int
    """Changes that are left as they are: another version wrote them, or they are damaged."""
    over: bool
    """Whether none is left. If not, and all can be read, another time will do: some were added, or somebody else is at it."""


class _ElsewhereError(Exception):
    """Somebody else has counted these changes, or dropped them."""


class Hours:
    """Counts changes in the order of their numbers.

    Attributes:
        changes: How many were counted.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._rows: dict[tuple[float, str, str, str], tuple[int, VerdictHour]] = {}
        self._fresh: dict[tuple[float, str, str, str], int | None] = {}
        """Rows that are to be written, and the numbers under which they were before."""
        self.changes = 0

    def take(self, number: int, one: Change) -> None:
        """Count a change."""
        self.changes += 1
        hour = Wall(one.at // HOUR * HOUR)
        key = (hour, one.agent, one.flow, one.target)
        if key not in self._rows and len(self._rows) >= self._most:
            key = (hour, "", "", "")
        held = self._rows.get(key)
        self._fresh.setdefault(key, held[0] if held else None)
        self._rows[key] = number, _begun(key, one) if held is None else _more(held[1], one)

    def piece(self) -> tuple[list[int], list[Row]]:
        """Since this was last asked: the numbers of rows of the table that are no more, and the rows, in the order of NAMES, that are new."""
        fresh, self._fresh = self._fresh, {}
        rows = [self._rows[key] for key in fresh]
        gone = [number for number in fresh.values() if number is not None]
        return gone, [(number, one.at, one.agent, one.flow, _encode(one)) for number, one in rows]


def _begun(key: tuple[float, str, str, str], one: Change) -> VerdictHour:
    hour, agent, flow, target = key
    return VerdictHour(
        at=Wall(hour), agent=agent, flow=flow, target=target, counts={one.verdict: 1},
        first=one.at, last=one.at, before=one.before, verdict=one.verdict,
    )  # fmt: skip


def _more(held: VerdictHour, one: Change) -> VerdictHour:
    counts: dict[Verdict, int] = held.counts
    counts[one.verdict] = counts.get(one.verdict, 0) + 1
    held.first, held.last = min(held.first, one.at), max(held.last, one.at)
    held.verdict = one.verdict
    return held


async def roll_up(
    engine: AsyncEngine, transaction: Transaction, day: int, most: int = MOST, pause: float = PAUSE
) -> Rolled:
    """Put hours in place of a day's changes, PAGE of them at a time: each is counted once, whenever this ends.

    What it raises is what the database raises.
    """
    hours, left, after = Hours(most), 0, -1
    last = await _last(engine, day)
    while page := await _page(engine, day, after, last):
        unreadable = {number for number, body in page if not _counted(hours, number, body, day)}
        try:
            async with transaction() as connection:
                await connection.run_sync(_replace, day, page, unreadable, hours.piece())
        except _ElsewhereError:
            return Rolled(hours.changes - len(page) + len(unreadable), left, over=False)
        left, after = left + len(unreadable), page[-1][0]
        await asyncio.sleep(pause)
    return Rolled(hours.changes, left, over=not left and await _end(transaction, day))


def _counted(hours: Hours, number: int, body: bytes, day: int) -> bool:
    try:
        one = _changes.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, TypeError):
        return False
    if day_of(one.at) != day:
        return False
    hours.take(number, one)
    return True


async def _last(engine: AsyncEngine, day: int) -> int:
    """The number of the last change of a day: what is added later is for another time."""
    query = f"SELECT coalesce(max(id), -1) FROM {part_of(schema.probe_changes.name, day)}"  # noqa: S608 -- names of ours
    async with engine.connect() as connection:
        return int((await connection.exec_driver_sql(query)).scalar_one())


async def _page(engine: AsyncEngine, day: int, after: int, last: int) -> list[Any]:
    part = part_of(schema.probe_changes.name, day)
    query = f"SELECT id, body FROM {part} WHERE id > ? AND id <= ? ORDER BY id LIMIT {PAGE}"  # noqa: S608 -- names of ours
    async with engine.connect() as connection:
        return await connection.run_sync(lambda sync: bulk(sync).rows(query, (after, last)))


def _replace(
    connection: Connection, day: int, page: list[Any], unreadable: Collection[int], piece: tuple[list[int], list[Row]]
) -> None:
    """Have the hours in place of what they count, and of themselves as they were."""
    gone, rows = piece
    changes = [number for number, _ in page if number not in unreadable]
    if _drop(connection, schema.probe_changes.name, day, changes) != len(changes):
        raise _ElsewhereError
    if _drop(connection, schema.verdict_hours.name, day, gone) != len(gone):
        raise _ElsewhereError
    bulk(connection).insert(schema.verdict_hours, NAMES, rows)


def _drop(connection: Connection, name: str, day: int, numbers: list[int]) -> int:
    """Drop rows of a day; how many there were."""
    if not numbers or day not in days_of(connection, name):
        return 0
    listed = ", ".join(map(str, numbers))
    return connection.exec_driver_sql(f"DELETE FROM {part_of(name, day)} WHERE id IN ({listed})").rowcount  # noqa: S608 -- names and numbers of ours


async def _end(transaction: Transaction, day: int) -> bool:
    """Drop a day of which nothing is left."""

    def end(connection: Connection) -> bool:
        name = schema.probe_changes.name
        if day not in days_of(connection, name):
            return False
        if bulk(connection).rows(f"SELECT 1 FROM {part_of(name, day)} LIMIT 1"):  # noqa: S608 -- names of ours
            return False
        drop_day(connection, schema.probe_changes, day)
        return True

    async with transaction() as connection:
        if is_shared(connection):
            # Dropping waits for those who read, and they for it: rather not now than long.
            await connection.exec_driver_sql("SET LOCAL lock_timeout = '500ms'")
        return await connection.run_sync(end)
