"""Servers on loopback for tests of probes: each connection is handled by a coroutine; and the net that a probe is given."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager

from bellrock.probe.manners import Manners
from bellrock.probe.net import Net
from bellrock.probe.values import Ask, Load

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
LOAD = Load(packets=1, connections=1, octets=1)


@asynccontextmanager
async def serving(handler: Handler):
    """The port on 127.0.0.1 at which `handler` takes connections; whatever it still does at the end is over."""

    async def handle(reader, writer):
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.CancelledError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def saying(octets: bytes, *, then: str = "close", read: bool = True) -> Handler:
    """Reads a request's head, says this, and then closes its side, resets, or waits for the other end to go."""

    async def handler(reader, writer):
        if read:
            await reader.readuntil(b"\r\n\r\n")
        writer.write(octets)
        await writer.drain()
        if then == "close":
            writer.write_eof()
        if then != "reset":
            while await reader.read(65536):
                pass

    return handler


def net(port: int, **ask) -> Net:
    return Net(Ask(flow=ask.pop("flow", "api"), address="127.0.0.1", port=port, **ask), LOAD, Manners())
