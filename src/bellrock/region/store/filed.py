"""Engines on SQLite files, over connections that can be ended at any moment."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any, Final
from weakref import WeakSet

import aiosqlite
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import await_only
from typing_extensions import override

CHUNK: Final = 64
"""Rows that a cursor fetches at once; aiosqlite's own number."""
END: Final = 10.0
"""Seconds that a connection has to end, which may be in the middle of a statement."""


class Connection(aiosqlite.Connection):
    """One whose thread is told once to end.

    SQLAlchemy ends a connection a second time if what closes it is cancelled, as by a program that stops in the middle of a
    write. The thread is gone by then, and answers nobody: whoever waited for the answer would wait for ever.
    """

    def __init__(self, where: str) -> None:
        """`where`: a `file:` URL."""
        super().__init__(lambda: sqlite3.connect(where, uri=True, check_same_thread=False), CHUNK)
        self._thread.daemon = True  # as SQLAlchemy does: a connection that nobody closed must not keep the process
        self._ending = False

    @override
    async def close(self) -> None:
        """Close it, once what was asked of it before is done."""
        self._ending = True
        await super().close()

    @override
    def stop(self) -> asyncio.Future[Any] | None:
        """Have the thread end; None: it was told to before."""
        self._ending = True
        return super().stop() if self._running else None

    async def ended(self) -> None:
        """Wait until the thread is over, if it is to end. It answers the event loop, which must be there as long."""
        if self._ending:
            await asyncio.to_thread(self._thread.join, END)

    @override
    def __del__(self) -> None:
        if not self._ending:  # whoever had it was cancelled and is no more
            self.stop()


def engine_on(path: Path, *, read_only: bool = False, **options: int) -> AsyncEngine:
    """An engine on a file. `options`: of `create_async_engine`. Its `dispose` waits for connections that are being closed elsewhere."""
    where = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    made: WeakSet[Connection] = WeakSet()

    async def connect() -> aiosqlite.Connection:
        connection = Connection(where)
        made.add(connection)
        return await connection

    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", async_creator=connect, **options)
    event.listen(engine.sync_engine, "engine_disposed", lambda _: await_only(_all_ended(made)))
    return engine


async def _all_ended(made: WeakSet[Connection]) -> None:
    await asyncio.gather(*(one.ended() for one in [*made]))
