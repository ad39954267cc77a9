"""The agent's tap, shared by walks: each keeps its own, nothing is kept for ever, and idle it hears nothing."""

import asyncio
import socket
import struct

import pytest

from bellrock.agent import wires as module
from bellrock.agent.wires import BusyError, Wire, Wires, opened
from bellrock.link.device import Frame
from bellrock.link.wiretap import MAX_WATCHED
from bellrock.wire import ethernet, ip, udp
from bellrock.wire.ethernet import EthernetFrame
from bellrock.wire.udp import Segment
from tests.agent.walks import path, text

SENDER, CARD = "02:00:00:00:00:02", "02:00:00:00:00:01"
A, B, ROUTER = "10.1.0.2", "10.2.0.2", "10.1.0.1"


def datagram(source_port, port, said=b"x", source=A, destination=B):
    return ip.build(source, destination, 64, 17, udp.build(source, destination, Segment(source_port, port, said)))


def syn(source_port, port):
    return ip.build(A, B, 64, 6, struct.pack("!HHIIBBHHH", source_port, port, 7, 0, 0x50, 0x02, 0, 0, 0))


def frame(packet, kind=0):
    data = ethernet.build(EthernetFrame(CARD, SENDER, (), 0x0800, packet))
    return Frame(1, (), data, 1_500_000_000, packet_type=kind)


def exceeded(packet):
    return ip.build(ROUTER, A, 64, 1, b"\x0b" + bytes(7) + packet)


class Tap:
    """Frames of the test, announced by a pipe."""

    def __init__(self):
        self.frames, self.watched, self.lost = [], [], 0
        self.out, self.into = socket.socketpair()

    def fileno(self):
        return self.out.fileno()

    def watch(self, wanted):
        self.watched.append(wanted)

    def receive(self, budget):
        taken, self.frames = self.frames[:budget], self.frames[budget:]
        return taken

    def feed(self, *frames):
        self.frames += frames
        self.into.send(b"x")

    def close(self):
        self.out.close()
        self.into.close()


@pytest.fixture
def tap():
    one = Tap()
    yield one
    one.close()


async def settle():
    for _ in range(5):
        await asyncio.sleep(0.002)


def test_each_walk_keeps_its_own(tap):
    async def scene():
        wires = Wires(tap)
        tap.frames = [frame(datagram(1, 53))]
        first, second = path(port=53, source_port=20000), path("tcp", 80, source_port=21000)
        with wires.watch(first) as one, wires.watch(second) as other:
            tap.feed(
                frame(datagram(20003, 9), 4), frame(datagram(1, 53, b"0" + text().upper())), frame(datagram(21000, 80)),
                frame(exceeded(datagram(20001, 53))), frame(exceeded(datagram(7, 7))), frame(b"\x45"), frame(ip.build(A, B, 64, 47, b"gre")),
            )  # fmt: skip
            await asyncio.wait_for(one.news.wait(), 5)
            await settle()
            assert [passed.out for passed in one.passed] == [True, False, False], (
                "what waited, or is another's, is not there"
            )
            assert [passed.sender for passed in one.passed] == ["", SENDER, SENDER]
            assert one.passed[0].at == 1.5
            assert other.passed == []
        assert [len(one) for one in tap.watched] == [1, 2, 1, 0]

    asyncio.run(scene())


def test_there_is_an_end_to_what_is_kept(tap, monkeypatch):
    monkeypatch.setattr(module, "MAX_KEPT", 3)

    async def scene():
        with Wires(tap).watch(path(port=53)) as one:
            tap.feed(*[frame(datagram(one.watched.first, 53))] * 5)
            await asyncio.wait_for(one.news.wait(), 5)
            await settle()
            tap.lost = 4
            tap.feed(frame(datagram(one.watched.first, 53)))
            await settle()
            assert (len(one.passed), one.lost) == (3, 7)

    asyncio.run(scene())


def test_so_many_walks_and_no_more(tap):
    async def scene():
        wires = Wires(tap)
        held = [wires.watch(path(port=53)) for _ in range(MAX_WATCHED)]
        for one in held:
            one.__enter__()
        with pytest.raises(BusyError, match="8 walks"), wires.watch(path()):
            pass
        for one in held:
            one.__exit__(None, None, None)
        with wires.watch(path()):
            pass
        assert tap.watched[-1] == []

    asyncio.run(scene())


@pytest.mark.parametrize("data", [b"", b"\x45", b"x" * 60])
def test_frames_that_are_broken(data):
    assert opened(Frame(1, (), data, 0)) is None


def kept(one, *packets):
    for packet in packets:
        one.take(opened(frame(packet)))
    return len(one.passed)


def test_a_busy_service_does_not_crowd_a_walk_out():
    """What others ask of a name server is neither kept nor counted; who shows the mark from a translated port is, with what goes back there."""
    one = Wire(path(port=53))
    others = [datagram(port, 53) for port in range(1, 600)] + [
        datagram(53, port, source=B, destination=A) for port in range(1, 600)
    ]
    assert (kept(one, *others), one.lost) == (0, 0)
    assert kept(one, datagram(7, 53, text())) == 1
    assert kept(one, datagram(53, 7, b"answer", source=B, destination=A)) == 2
    assert kept(one, datagram(53, 8, b"answer", source=B, destination=A)) == 2


def test_connections_of_others_are_kept_only_so_far(monkeypatch):
    """A SYN of a translated port looks like anybody's. Where the walk's own ports are seen, it is not translated, and theirs are not missed."""
    monkeypatch.setattr(module, "MAX_FOREIGN", 4)
    one = Wire(path("tcp", 80))
    assert (kept(one, *[syn(port, 80) for port in range(1, 10)]), one.lost) == (4, 5)
    assert (kept(one, syn(one.watched.first, 80)), one.lost) == (5, 0)
    one.lose(3)
    assert one.lost == 3


@pytest.mark.parametrize(
    ("kind", "card", "out"),
    [(0, "", False), (1, "", False), (3, CARD, False), (4, "", True)],
    ids=["host", "all", "other", "out"],
)
def test_a_frame_for_another_network_card_is_told_apart(kind, card, out):
    found = opened(frame(datagram(1, 2), kind))
    assert (found.card, found.out, found.sender) == (card, out, "" if out else SENDER)
