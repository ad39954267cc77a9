"""TCP connections: whatever the other end does, what is read is bounded and what went wrong has its name."""

import asyncio
import contextlib
import socket
import ssl
import struct
from contextlib import asynccontextmanager

import pytest

from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.secured import NotTls
from bellrock.link.source import Source
from bellrock.link.stream import LIMIT, TooMuch, connect


@asynccontextmanager
async def served(serve, address="127.0.0.1"):
    """A connection to a server of our own: `serve(reader, writer)`."""

    async def one(reader, writer):
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(one, address, 0) as server:
        stream = await connect(address, server.sockets[0].getsockname()[1])
        async with stream:
            yield stream


async def patient(reader, _writer):
    await reader.read()


def run(serve, act, **more):
    async def whole():
        async with asyncio.timeout(10), served(serve, **more) as stream:
            return await act(stream)

    return asyncio.run(whole())


def test_what_is_written_is_read():
    async def echo(reader, writer):
        writer.write(await reader.readexactly(5))

    async def act(stream):
        await stream.write(b"hello")
        return await stream.exactly(5), stream.received

    assert run(echo, act) == (b"hello", 5)


def test_what_the_other_end_has_taken_is_known():
    async def take(reader, writer):
        await reader.readexactly(5)

    async def act(stream):
        await stream.write(b"hello")
        assert await stream.some() == b""
        return stream.taken

    assert run(take, act) == 5


def test_what_has_come_is_counted_be_it_read_or_not():
    async def say(reader, writer):
        writer.write(b"hello")
        await reader.read()

    async def act(stream):
        assert await stream.exactly(1) == b"h"
        before = stream.heard
        await stream.close()
        await stream.close()
        return before, stream.heard

    assert run(say, act) == (0, 5)


def test_an_end_that_closed_first_takes_nothing():
    async def leave(_reader, _writer):
        pass

    async def act(stream):
        assert await stream.some() == b""
        with contextlib.suppress(Obstructed):
            await stream.write(b"hello")
        return stream.taken

    assert run(leave, act) == 0


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_both_ends_are_told(address):
    async def act(stream):
        return stream.ends

    ends = run(patient, act, address=address)
    assert (ends.local, ends.remote) == (address, address)
    assert ends.local_port != ends.remote_port


def test_octet_by_octet_is_put_together():
    async def slow(_reader, writer):
        for octet in b"SSH-2.0-slow\r\n":
            writer.write(bytes([octet]))
            await writer.drain()
            await asyncio.sleep(0)

    async def act(stream):
        return await stream.until(b"\r\n", 255)

    assert run(slow, act) == b"SSH-2.0-slow\r\n"


def test_some_takes_what_is_there_and_nothing_at_the_end():
    async def brief(_reader, writer):
        writer.write(b"ab")

    async def act(stream):
        first = await stream.some(1)
        return first, await stream.some(), await stream.some()

    assert run(brief, act) == (b"a", b"b", b"")


async def flood(_reader, writer):
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


def test_an_endless_line_is_too_much():
    async def act(stream):
        await stream.until(b"\n", 1024)

    with pytest.raises(TooMuch, match=f"^more than {LIMIT} octets without "):
        run(flood, act)


def test_a_line_longer_than_was_agreed_is_too_much():
    async def long(_reader, writer):
        writer.write(b"x" * 300 + b"\n")

    async def act(stream):
        await stream.until(b"\n", 255)

    with pytest.raises(TooMuch, match="301 octets up to .*; at most 255 are taken"):
        run(long, act)


def test_whoever_sends_100_mb_is_made_to_wait():
    """What is not read stays with the sender: neither end takes more than the kernel's buffers and ours."""
    written = 0

    async def hundred(_reader, writer):
        nonlocal written
        for _ in range(1600):
            writer.write(b"x" * 65536)
            await writer.drain()
            written += 65536

    async def act(stream):
        await stream.some(10)
        for _ in range(200):
            await asyncio.sleep(0)
        return stream.received

    assert run(hundred, act) == 10
    assert written < 50 << 20


@pytest.mark.parametrize("how", ["exactly", "until"])
def test_closed_half_way_keeps_what_was_said(how):
    async def half(_reader, writer):
        writer.write(b"SSH-2")

    async def act(stream):
        await (stream.exactly(8) if how == "exactly" else stream.until(b"\n", 255))

    with pytest.raises(Obstructed) as caught:
        run(half, act)
    assert caught.value.obstacle is Obstacle.CLOSED
    assert caught.value.partial == b"SSH-2"
    assert caught.value.why.startswith("the connection was closed after 5 ")


@pytest.mark.parametrize("how", ["some", "exactly", "until"])
def test_reset_half_way_is_closed(how):
    async def reset(reader, writer):
        await reader.readexactly(1)
        writer.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        writer.transport.abort()

    async def act(stream):
        await stream.write(b"x")
        await {"some": stream.some, "exactly": lambda: stream.exactly(8), "until": lambda: stream.until(b"\n", 255)}[
            how
        ]()

    with pytest.raises(Obstructed) as caught:
        run(reset, act)
    assert (caught.value.obstacle, caught.value.why) == (Obstacle.CLOSED, "the connection was reset")


def test_writing_to_whoever_has_gone_is_closed():
    async def gone(_reader, writer):
        writer.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        writer.transport.abort()

    async def act(stream):
        for _ in range(1000):
            await stream.write(b"x" * 1000)
            await asyncio.sleep(0)

    with pytest.raises(Obstructed) as caught:
        run(gone, act)
    assert caught.value.obstacle is Obstacle.CLOSED


def test_an_end_that_is_ended_still_reads():
    async def last(reader, writer):
        writer.write(b"%d" % len(await reader.read()))

    async def act(stream):
        await stream.write(b"abc")
        stream.end()
        stream.end()
        return await stream.some()

    assert run(last, act) == b"3"


def test_a_port_on_which_nobody_listens_resets():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with pytest.raises(Obstructed) as caught:
            asyncio.run(connect("127.0.0.1", held.getsockname()[1]))
    assert caught.value.obstacle is Obstacle.RESET


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("127.0.0.1", Source(address="192.0.2.1")),
        ("127.0.0.1", Source(interface="blk-none")),
        ("fe80::1%blk-none", None),
        ("127.0.0.1", Source(address="::1")),
    ],
    ids=["address", "interface", "zone", "family"],
)
def test_from_where_this_host_cannot_send(address, source):
    with pytest.raises(Obstructed) as caught:
        asyncio.run(connect(address, 9, source))
    assert caught.value.obstacle is Obstacle.LOCAL
    assert caught.value.why


def test_tls_with_whoever_does_not_speak_it():
    async def plain(reader, writer):
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        await reader.read()

    async def act(stream):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        await stream.start_tls(context, "localhost")

    with pytest.raises(NotTls):
        run(plain, act)


def test_tls_with_whoever_closes_at_once():
    async def shut(reader, _writer):
        await reader.read(1)

    async def act(stream):
        await stream.start_tls(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "localhost")

    with pytest.raises((Obstructed, ssl.SSLError)):
        run(shut, act)


def test_time_is_the_callers_and_nothing_is_left_open():
    async def act(stream):
        async with asyncio.timeout(0.05):
            await stream.exactly(1)

    with pytest.raises(TimeoutError):
        run(patient, act)


def test_whether_the_peer_took_what_was_sent_is_known_when_it_is_closed():
    async def act(stream):
        await stream.write(b"x")
        for _ in range(100):
            await asyncio.sleep(0)
        await stream.close()
        first = stream.stuck
        await stream.close()
        return first, stream.stuck

    assert run(patient, act) == (False, False)
