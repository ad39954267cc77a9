"""Servers on loopback for tests of probes: each connection is handled by a coroutine; and the net that a probe is given."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager

from bellrock.probe import check
from bellrock.probe.http import Answer
from bellrock.probe.manners import Manners
from bellrock.probe.net import Net
from bellrock.probe.values import Ask, Load

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
LOAD = Load(packets=1, connections=1, octets=1)


@asynccontextmanager
async def serving(handler: Handler, context=None):
    """The port on 127.0.0.1 at which `handler` takes connections, by TLS with a `context`; whatever it still does at the end is over."""

    async def handle(reader, writer):
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.CancelledError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
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


def answer(body: bytes = b"", status: str = "200 OK", **fields: str) -> bytes:
    """A whole answer, with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def head(status: int, reason: str, **fields: str) -> Answer:
    """An answer as a probe has read it, without a body."""
    headers = tuple((name.replace("_", "-").encode(), value.encode()) for name, value in fields.items())
    return Answer(
        status=status, reason=reason, version="1.1", headers=headers, body=b"", size=0, length=0, complete=True, first=0.0, seconds=0.0
    )  # fmt: skip


def routes(
    found: dict[str, bytes], asked: list[str] | None = None, other: bytes = answer(status="404 Not Found")
) -> Handler:
    """Answers by `TARGET` or `METHOD TARGET`, over kept connections; to HEAD without the body. `asked` gets each request's head."""

    async def handler(reader, writer):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            if asked is not None:
                asked.append(head)
            method, target, _ = head.split(" ", 2)
            said = found.get(f"{method} {target}", found.get(target, other))
            if method == "HEAD":
                said = said[: said.index(b"\r\n\r\n") + 4]
            writer.write(said)
            await writer.drain()
            if not said:
                return

    return handler


def probed(
    flow: str,
    handler: Handler,
    *,
    within: float = 5.0,
    name: str = "",
    address: str = "127.0.0.1",
    context=None,
    **options: str,
):
    """All results of a probe of such a server; `{port}` in an option is its port."""

    async def scenario():
        async with serving(handler, context) as port:
            given = {key.replace("_", "-"): value.replace("{port}", str(port)) for key, value in options.items()}
            return await check(Ask(flow=flow, address=address, port=port, within=within, name=name, options=given))

    return asyncio.run(scenario())


BAD: dict[str, Handler] = {
    "silent": saying(b"", then="wait"),
    "closing": saying(b""),
    "resetting": saying(b"", then="reset", read=False),
    "garbage": saying(bytes(range(1, 200)), then="wait"),
    "no-end-of-head": saying(b"HTTP/1.1 200 OK\r\nx: y\r\n", then="wait"),
    "endless-head": saying(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 40_000, then="wait"),
    "wrong-length": saying(answer(b"abc").replace(b": 3", b": 30")),
    "two-lengths": saying(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"),
    "bad-chunk": saying(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n", then="wait"),
    "circle": saying(answer(status="302 Found", location="?again")),
    "another-tongue": saying(b"220 ready\r\n", then="wait", read=False),
}
"""Servers that no probe may be hurt by."""


async def endless(reader, writer):
    """The head of an answer, and then octets without an end."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\n\r\n")
    while True:
        writer.write(bytes(1 << 16))
        await writer.drain()


async def trickling(reader, writer):
    """An octet now and then, for ever."""
    await reader.readuntil(b"\r\n\r\n")
    for octet in b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n":
        writer.write(bytes([octet]))
        await writer.drain()
    while not reader.at_eof():
        writer.write(b"-")
        await writer.drain()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.02):
                await reader.read(1)


BAD |= {"endless": endless, "trickling": trickling}
