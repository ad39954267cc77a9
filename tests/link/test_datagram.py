"""UDP with one peer, on loopback: answers, strangers, ICMP errors, what cannot be sent."""

import asyncio
import socket
from contextlib import contextmanager

import pytest

from bellrock.link.datagram import open_datagrams
from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.source import Source


@contextmanager
def peer(address="127.0.0.1"):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind((address, 0))
        sock.settimeout(5)
        yield sock


async def soon(waited):
    async with asyncio.timeout(5):
        return await waited


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("pieces", [False, True], ids=["plain", "pieces"])
def test_an_answer_has_its_sender_and_its_time(address, pieces):
    async def act(there):
        with open_datagrams(address, there.getsockname()[1], pieces=pieces) as here:
            sent = await here.send(b"question")
            payload, whom = there.recvfrom(100)
            there.sendto(b"answer", whom)
            return payload, sent, await soon(here.receive()), here.local

    with peer(address) as there:
        payload, sent, came, local = asyncio.run(act(there))
        assert payload == b"question"
        assert (came.payload, came.address, came.port, came.piece) == (b"answer", address, there.getsockname()[1], 0)
        assert came.at >= sent
        assert local[1] > 0


def test_another_port_of_the_peer_is_asked_and_answers():
    async def act(there, other):
        with open_datagrams("127.0.0.1", there.getsockname()[1]) as here:
            await here.send(b"elsewhere", other.getsockname()[1])
            payload, whom = other.recvfrom(100)
            other.sendto(payload, whom)
            return await soon(here.receive())

    with peer() as there, peer() as other:
        assert asyncio.run(act(there, other)).port == other.getsockname()[1]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_closed_port_is_told_with_who_said_so(address):
    with peer(address) as gone:
        port = gone.getsockname()[1]

    async def act():
        with open_datagrams(address, port) as here:
            await here.send(b"x")
            await soon(here.receive())

    with pytest.raises(Obstructed) as caught:
        asyncio.run(act())
    assert (caught.value.obstacle, caught.value.by) == (Obstacle.PORT, address)
    assert caught.value.why.startswith("port unreachable (ICMP")


def test_a_closed_port_is_told_at_the_next_send_as_well():
    with peer() as gone:
        port = gone.getsockname()[1]

    async def act():
        with open_datagrams("127.0.0.1", port) as here:
            for _ in range(100):
                await here.send(b"x")

    with pytest.raises(Obstructed) as caught:
        asyncio.run(act())
    assert caught.value.obstacle is Obstacle.PORT


def test_too_much_for_a_datagram():
    async def act():
        with open_datagrams("127.0.0.1", 9) as here:
            await here.send(bytes(70_000))

    with pytest.raises(Obstructed) as caught:
        asyncio.run(act())
    assert caught.value.obstacle is Obstacle.LOCAL
    assert caught.value.why == "message too long"


@pytest.mark.parametrize(
    ("address", "source"),
    [("fe80::1%blk-none", None), ("127.0.0.1", Source(address="192.0.2.77"))],
    ids=["zone", "source"],
)
def test_from_where_this_host_cannot_send(address, source):
    with pytest.raises(Obstructed) as caught:
        open_datagrams(address, 9, source)
    assert caught.value.obstacle is Obstacle.LOCAL


def test_broadcast_is_allowed_where_it_is_asked_for():
    with open_datagrams("255.255.255.255", 67, broadcast=True) as here:
        assert here._sock.getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST)


def test_closed_twice_is_closed():
    here = open_datagrams("127.0.0.1", 9)
    here.close()
    here.close()
