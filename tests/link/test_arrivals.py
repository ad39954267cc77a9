"""What arrived before a reset is read, in whatever order the reset, our reading and our writing come."""

import asyncio
import socket
import struct

import pytest

from bellrock.link import stream as stream_module
from bellrock.link.arrivals import Arrivals, open_both
from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.stream import connect

SAID = b"SSH-2.0-OpenSSH\r\n"
LIMIT = 1 << 16


def reset(sock):
    """Close so that the kernel answers by RST, whatever was read."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


async def reset_has_come(sock):
    """Until the kernel knows of it, without taking it out of there (TCP_INFO's first octet is the state; 7 is closed)."""
    while sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) != b"\7":
        await asyncio.sleep(0)


def pair():
    """Two ends of a connection on loopback, not blocking."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
    ours.setblocking(False)
    return ours, theirs


def talked(act):
    """`act(arrivals, departures)` on a connection whose peer says something and resets it at once."""

    async def go():
        ours, theirs = pair()
        arrivals, departures = await open_both(ours, LIMIT)
        try:
            theirs.sendall(SAID)
            reset(theirs)
            async with asyncio.timeout(10):
                return await act(arrivals, departures, ours)
        finally:
            departures.transport.abort()

    return asyncio.run(go())


async def is_gone(arrivals):
    while arrivals.exception() is None:
        await asyncio.sleep(0)


def test_the_reset_is_seen_before_anything_is_read():
    async def act(arrivals, _departures, _sock):
        await is_gone(arrivals)
        assert arrivals.is_left
        read = await arrivals.readline(), await arrivals.read()
        return *read, arrivals.is_left, type(arrivals.lost)

    assert talked(act) == (SAID, b"", False, ConnectionResetError)


def test_a_write_meets_the_reset_and_the_kernel_still_holds_what_was_said():
    async def act(arrivals, departures, sock):
        departures.transport.pause_reading()
        await reset_has_come(sock)
        for _ in range(20):
            departures.write(b"x")
            await departures.drain()
        assert isinstance(arrivals.exception(), OSError), "it is known, and not told while there is something to read"
        assert await arrivals.read() == SAID
        with pytest.raises(OSError):  # noqa: PT011 -- which of ECONNRESET and EPIPE, the kernel decides
            await departures.drain()

    talked(act)


def test_writing_again_and_again_to_whoever_is_gone_is_not_complained_of(caplog):
    async def act(arrivals, departures, _sock):
        await is_gone(arrivals)
        for _ in range(20):
            departures.write(b"x")
            await departures.drain()

    talked(act)
    assert not caplog.records


def test_whoever_ended_its_side_first_has_said_all():
    async def go():
        ours, theirs = pair()
        arrivals, departures = await open_both(ours, LIMIT)
        theirs.sendall(SAID)
        theirs.shutdown(socket.SHUT_WR)
        async with asyncio.timeout(10):
            assert await arrivals.read() == SAID
            reset(theirs)
            with pytest.raises(OSError):  # noqa: PT012, PT011 -- the first of them provokes it
                while True:
                    departures.write(b"x")
                    await departures.drain()
                    await asyncio.sleep(0)
        return arrivals.lost, await arrivals.read()

    assert asyncio.run(go()) == (None, b"")


def test_what_is_no_error_of_the_connection_is_raised_at_once():
    async def go():
        ours, theirs = pair()
        with ours, theirs:
            arrivals = Arrivals(ours, LIMIT)
            arrivals.feed_data(SAID)
            arrivals.set_exception(ValueError("a mistake"))
            with pytest.raises(ValueError, match="a mistake"):
                await arrivals.read()
            return str(arrivals.exception()), arrivals.is_left

    assert asyncio.run(go()) == ("a mistake", False)


async def stream_that_is_reset():
    """Whose peer has said SAID and reset it, both of which the loop has seen."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        stream = await connect(*server.getsockname())
        theirs, _ = server.accept()
    theirs.sendall(SAID)
    reset(theirs)
    for _ in range(100):
        await stream.write(b"")
        await asyncio.sleep(0)
    return stream


@pytest.mark.parametrize(
    ("how", "taken", "why"),
    [
        ("some", SAID, "the connection was reset"),
        ("until", SAID, "the connection was reset"),
        ("exactly", SAID, "the connection was reset"),
        ("half", SAID[:4], "the connection was reset after 13 of 100 octets"),
    ],
)
def test_a_stream_gives_what_arrived_and_then_the_reset(how, taken, why):
    async def act():
        async with asyncio.timeout(10), await stream_that_is_reset() as stream:
            reads = {
                "some": stream.some,
                "until": lambda: stream.until(b"\n", 255),
                "exactly": lambda: stream.exactly(len(SAID)),
                "half": lambda: stream.exactly(4),
            }
            assert await reads[how]() == taken
            with pytest.raises(Obstructed) as caught:
                await (stream.exactly(100) if how == "half" else stream.some())
            return caught.value, stream.received

    met, received = asyncio.run(act())
    assert (met.obstacle, met.why, received) == (Obstacle.CLOSED, why, len(SAID))
    assert met.partial == SAID[len(taken) :]


def test_a_reset_before_the_connection_is_in_hand_changes_neither_its_ends_nor_what_was_said(monkeypatch):
    opened = stream_module.open_both

    async def late(sock, limit):
        await reset_has_come(sock)
        return await opened(sock, limit)

    monkeypatch.setattr(stream_module, "open_both", late)

    async def act():
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            connecting = asyncio.create_task(connect("127.0.0.1", port))
            theirs, _ = await asyncio.to_thread(server.accept)
            theirs.sendall(SAID)
            reset(theirs)
            async with asyncio.timeout(10), await connecting as stream:
                return port, stream.ends, await stream.some()

    port, ends, said = asyncio.run(act())
    assert (ends.local, ends.remote, ends.remote_port, said) == ("127.0.0.1", "127.0.0.1", port, SAID)
