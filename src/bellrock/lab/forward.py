"""Makes the region's page reachable from outside of a lab: a listener on loopback, piped to the region's Unix socket."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bellrock.lab.schema import LabError

CHUNK: Final = 1 << 16
MAX_CONNECTIONS: Final = 64


async def forward(path: Path, port: int, ready: Callable[[int], None], stop: asyncio.Event) -> None:
    """Listen on 127.0.0.1:`port` (0: any) until `stop`, and pipe each connection to the socket at `path`.

    `ready` is called with the port as soon as it listens.

    Raises:
        LabError: the port is taken.
    """
    gate = _Gate(path)
    try:
        server = await asyncio.start_server(gate.serve, "127.0.0.1", port)
    except OSError as error:
        raise LabError(f"127.0.0.1:{port}: {error.strerror}; choose another with --port") from None
    async with server:
        ready(server.sockets[0].getsockname()[1])
        await stop.wait()
        server.close()
        await gate.close()


class _Gate:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._open) >= MAX_CONNECTIONS:
            writer.close()
            return
        self._open.add(task)
        try:
            await self._pipe(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # either end may hang up at any time, and so may we
        finally:
            self._open.discard(task)
            writer.close()

    async def close(self) -> None:
        tasks = tuple(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_unix_connection(str(self._path))
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_copy(reader, inner_writer))
                both.create_task(_copy(inner_reader, writer))
        except* OSError:
            pass
        finally:
            inner_writer.close()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(CHUNK):
        sink.write(data)
        await sink.drain()
    with contextlib.suppress(OSError, NotImplementedError):
        sink.write_eof()
