"""A port from which several ask at once, on loopback."""

import asyncio
import socket
from contextlib import closing

import pytest

from bellrock.link import sharedport
from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.sharedport import Listener, shared_port
from bellrock.link.source import Source


@pytest.fixture(params=["127.0.0.1", "::1"], ids=["IPv4", "IPv6"])
def peer(request):
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_DGRAM)) as sock:
        sock.bind((request.param, 0))
        sock.settimeout(10)
        yield sock


def free_port(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_DGRAM)) as sock:
        sock.bind((address, 0))
        return sock.getsockname()[1]


class Ear:
    def __init__(self, peer="", *, takes=True):
        self.kept, self.refused, self.any, self.takes, self.peer = [], [], asyncio.Event(), takes, peer

    @property
    def listener(self):
        return Listener(self.peer, self.keep, self.refuse)

    def keep(self, came):
        self.kept.append(came)
        self.any.set()
        return self.takes

    def refuse(self, payload, why):
        self.refused.append((payload, why))
        self.any.set()


def test_all_hear_and_the_last_closes(peer):
    address, port = peer.getsockname()[:2]

    async def work():
        source, one, two = Source("", address, free_port(address)), Ear(address, takes=False), Ear(address)
        with shared_port(source, one.listener) as first:
            with shared_port(source, two.listener) as second:
                assert first is second
                first.send(b"question", address, port)
                payload, asker = await asyncio.to_thread(peer.recvfrom, 100)
                assert payload == b"question"
                assert asker[1] == source.port
                peer.sendto(b"answer", asker)
                await asyncio.wait_for(two.any.wait(), 10)
            assert sharedport._PORTS
        assert not sharedport._PORTS
        return one, two

    one, two = asyncio.run(work())
    assert [came.payload for came in one.kept] == [came.payload for came in two.kept] == [b"answer"]
    assert (one.kept[0].address, one.kept[0].port) == (address, port)


def test_who_is_refused_is_told_what_he_had_sent():
    async def work():
        ear, closed = Ear(), free_port("127.0.0.1")
        with shared_port(Source("", "127.0.0.1", free_port("127.0.0.1")), ear.listener) as port:
            port.send(b"question 7", "127.0.0.1", closed)
            await asyncio.wait_for(ear.any.wait(), 10)
        return ear.refused

    ((payload, why),) = asyncio.run(work())
    assert payload == b"question 7"
    assert why.obstacle is Obstacle.PORT


def test_a_port_that_is_taken():
    async def work(port):
        with shared_port(Source("", "127.0.0.1", port), Ear().listener):
            pytest.fail("opened")

    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
        sock.bind(("127.0.0.1", 0))
        with pytest.raises(Obstructed, match="cannot send from 127.0.0.1") as caught:
            asyncio.run(work(sock.getsockname()[1]))
    assert caught.value.obstacle is Obstacle.LOCAL
    assert not sharedport._PORTS


def test_what_cannot_be_sent():
    async def work():
        with shared_port(Source("", "127.0.0.1", free_port("127.0.0.1")), Ear().listener, broadcast=True) as port:
            port.send(bytes(70_000), "127.0.0.1", 9)

    with pytest.raises(Obstructed, match="message too long"):
        asyncio.run(work())


def test_an_error_about_one_does_not_hinder_another():
    """The kernel tells the next send of what became of the last one, whosever they are."""

    async def work():
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
            sock.bind(("127.0.0.3", 0))
            sock.settimeout(10)
            refused, served = Ear("127.0.0.2"), Ear("127.0.0.3")
            source = Source("", "127.0.0.1", free_port("127.0.0.1"))
            with shared_port(source, refused.listener) as port, shared_port(source, served.listener):
                port.send(b"to nobody", "127.0.0.2", free_port("127.0.0.2"))
                port.send(b"to somebody", "127.0.0.3", sock.getsockname()[1])
                assert sock.recv(100) == b"to somebody"
                await asyncio.wait_for(refused.any.wait(), 10)
            return refused, served

    refused, served = asyncio.run(work())
    assert [payload for payload, _ in refused.refused] == [b"to nobody"]
    assert served.refused == []


def test_an_answer_from_another_address_finds_who_asked():
    async def work():
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
            sock.bind(("127.0.0.3", 0))
            source = Source("", "127.0.0.1", free_port("127.0.0.1"))
            peers = (Ear("127.0.0.3", takes=False), Ear("127.0.0.2", takes=False), Ear("127.0.0.4"), Ear("127.0.0.5"))
            first, second, third, fourth = peers
            with (
                shared_port(source, first.listener), shared_port(source, second.listener), shared_port(source, third.listener),
                shared_port(source, fourth.listener),
            ):  # fmt: skip
                sock.sendto(b"answer", ("127.0.0.1", source.port))
                await asyncio.wait_for(third.any.wait(), 10)
            return [len(ear.kept) for ear in peers]

    assert asyncio.run(work()) == [1, 1, 1, 0]
