"""History within a budget of disk: days are dropped whole, the oldest first. Evidence and what stands now are never touched.

History is what a region can do without: the journal of what agents told, and how verdicts changed.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bellrock.model import Wall
from bellrock.region.store import schema
from bellrock.region.store.days import Row, day_of, days_of, drop_day, octets_of
from bellrock.region.store.dialect import bulk, is_shared, not_stored
from bellrock.region.store.errors import StoreRefused
from bellrock.region.store.hours import DETAILED, roll_up

BUDGET: Final = 2 * 1024**3
"""Octets of disk that history may take where nobody says otherwise."""
LEAST_BUDGET: Final = 16 * 1024**2
AGE: Final = 366
"""Days of history that are kept at most, however much room there is."""
AT_ONCE: Final = 500_000
"""Changes after which no other day is counted by the hour before history is measured again."""


class Dropped(Struct, frozen=True):
    """A day of history that is no more."""

    day: int
    """Its number since 1970-01-01."""
    octets: int
    """That it took on the disk."""
    why: str
    """`budget`, `age`, or `full`."""


class Retention:
    """What is kept of history, and how much of it there is. What it raises is what the store raises.

    Attributes:
        budget: Octets of disk that history may take.
        writing: Whether new history is written; not while a disk is full that had no older day to give.
        octets: That history took when it was measured last; None: not yet.
        dropped: Days that were dropped since the start.
        unwritten: Rows of history that were not written since the start.
        rolled_up: Changes of verdicts since the start that are counted by the hour now.
        unreadable: {day: changes of verdicts in it that cannot be read}; it is left as it is until it is dropped.
    """

    def __init__(
        self, engine: AsyncEngine, transaction: Callable[[], AbstractAsyncContextManager[AsyncConnection]]
    ) -> None:
        self._engine = engine
        self._transaction = transaction
        self._over: dict[tuple[str, int], int] = {}
        self._left_out = 0
        self.budget = BUDGET
        self.writing = True
        self.octets: int | None = None
        self.dropped = 0
        self.unwritten = 0
        self.rolled_up = 0
        self.unreadable: dict[int, int] = {}

    def note(self, connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Row]) -> None:
        """Add rows to history, in the transaction that runs; count them where history is not written now."""
        if self.writing:
            bulk(connection).insert(table, names, rows)
        else:
            self._left_out += len(rows)

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Around a transaction: what it leaves out counts once it is made."""
        self._left_out = 0
        yield
        self.unwritten += self._left_out

    async def measure(self) -> dict[int, int]:
        """{day: octets that its history takes on the disk}, the oldest first.

        Raises:
            NotStored: the database does not say.
        """
        try:
            async with self._engine.connect() as connection:
                found = await connection.run_sync(self._measured)
        except (DBAPIError, OSError) as error:
            raise not_stored(error) from None
        self.octets = sum(found.values())
        return found

    async def sure(self, now: Wall) -> Wall:
        """The time by which to judge what is old: `now`, this machine's, or the database's where that is earlier.

        A clock that runs ahead, of one process of several, must not take history for old that is not.

        Raises:
            NotStored: the database does not say.
        """
        try:
            async with self._engine.connect() as connection:
                if not is_shared(connection):
                    return now
                asked = await connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())")
                return min(now, Wall(float(asked.scalar_one())))
        except (DBAPIError, OSError) as error:
            raise not_stored(error) from None

    async def keep_within(self, now: Wall) -> list[Dropped]:
        """Drop what is too old, and then the oldest days until the others fit into the budget.

        Raises:
            NotStored: nothing was dropped: the database is away, or somebody reads history for long.
        """
        await self.measure()
        told = await self._age(day_of(now))
        sizes = await self.measure()
        total = sum(sizes.values())
        for day, octets in sizes.items():
            if total <= self.budget:
                break
            await self._drop(day)
            told.append(Dropped(day, octets, "budget"))
            total -= octets
        if told:
            await self.measure()
        return told

    async def roll_up(self, now: Wall) -> int:
        """Count the changes of verdicts by the hour that are older than DETAILED days; of how many days all are.

        Raises:
            NotStored: other days have to wait: the database is away, or takes no more.
        """
        if not self.writing:
            return 0
        done, refused, before = 0, None, self.rolled_up
        try:
            async with self._engine.connect() as connection:
                days = await connection.run_sync(days_of, schema.probe_changes.name)
            self.unreadable = {day: many for day, many in self.unreadable.items() if day in days}
            for day in days:
                if self.rolled_up - before >= AT_ONCE:
                    break
                if day < day_of(now) - DETAILED and day not in self.unreadable:
                    try:
                        done += await self._roll_up(day)
                    except StoreRefused as error:  # of this day, and of no other
                        refused = error
        except (DBAPIError, OSError) as error:
            raise not_stored(error) from None
        if refused is not None:
            raise refused
        return done

    async def _roll_up(self, day: int) -> bool:
        try:
            found = await roll_up(self._engine, self._transaction, day)
        except (DBAPIError, OSError) as error:
            raise not_stored(error) from None
        finally:
            for table in (schema.probe_changes, schema.verdict_hours):
                self._over.pop((table.name, day), None)
        self.rolled_up += found.changes
        if found.unreadable:
            self.unreadable[day] = found.unreadable
        return found.over

    async def give_way(self) -> Dropped | None:
        """A disk is full: drop the oldest day of history, or if there is but one, write none until `resume`; None then.

        Raises:
            NotStored: it cannot even be dropped; no history is written until `resume`.
        """
        try:
            sizes = await self.measure()
            if len(sizes) > 1:
                day, octets = next(iter(sizes.items()))
                await self._drop(day)
                return Dropped(day, octets, "full")
        except Exception:
            self.writing = False
            raise
        self.writing = False
        return None

    def resume(self) -> bool:
        """Write history again; whether it was not written until now."""
        was, self.writing = self.writing, True
        return not was

    async def _age(self, today: int) -> list[Dropped]:
        async with self._engine.connect() as connection:
            days = await connection.run_sync(_every_day)
        gone = [(table, day) for table, day in days if day < today - AGE]
        sizes = {one: self._over.get((one[0].name, one[1]), 0) for one in gone}
        for table, day in gone:
            await self._drop(day, table)
        return [Dropped(day, sizes[table, day], "age") for table, day in gone]

    async def _drop(self, day: int, *tables: Table) -> None:
        def drop(connection: Connection) -> int:
            gone = [table for table in tables or schema.HISTORY if day in days_of(connection, table.name)]
            for table in gone:
                drop_day(connection, table, day)
                self._over.pop((table.name, day), None)
            return len(gone)

        async with self._transaction() as connection:
            if is_shared(connection):
                # Dropping waits for those who read, and they for it: rather not now than long.
                await connection.exec_driver_sql("SET LOCAL lock_timeout = '500ms'")
            found = await connection.run_sync(drop)
        self.dropped += bool(found)

    def _measured(self, connection: Connection) -> dict[int, int]:
        sizes: dict[int, int] = {}
        for table in schema.HISTORY:
            days = days_of(connection, table.name)
            for day in days:
                sizes[day] = sizes.get(day, 0) + self._size(connection, table.name, day, over=day != days[-1])
        return dict(sorted(sizes.items()))

    def _size(self, connection: Connection, name: str, day: int, *, over: bool) -> int:
        """Measured once for a day that is over: in a file all of its pages are looked at."""
        known = self._over.get((name, day)) if over else None
        if known is None:
            known = octets_of(connection, name, day)
            if over:
                self._over[name, day] = known
        return known


def _every_day(connection: Connection) -> Iterator[tuple[Table, int]]:
    return iter([(table, day) for table in schema.HISTORY for day in days_of(connection, table.name)])
