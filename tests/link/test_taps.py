"""One device shared by listeners: who hears what, what is sent, what is given back."""

import asyncio
import os
import select
import subprocess

import pytest

from bellrock.link.device import Frame, LinkError
from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.packet import PacketDevice
from bellrock.link.taps import Taps, open_dhcp_taps
from bellrock.wire.ethernet import EthernetFrame, Tag
from tests.link.frames import Q10, Q20, V4, ethernet, ipv4, udp
from tests.link.namespaces import network_namespace


class Device:
    """Frames that were put in come out, as often as the descriptor says so."""

    def __init__(self):
        self._out, self._in = os.pipe()
        self.frames, self.sent, self.refuses = [], [], None

    def put(self, *frames):
        self.frames += frames
        os.write(self._in, b"x")

    def fileno(self):
        return self._out

    def receive(self, budget):
        if select.select([self._out], [], [], 0)[0]:
            os.read(self._out, 1)
        found, self.frames = self.frames[:budget], self.frames[budget:]
        return found

    def send(self, ifindex, data):
        self.sent.append((ifindex, data))
        return self.refuses

    def close(self):
        os.close(self._out)
        os.close(self._in)


@pytest.fixture
def device():
    one = Device()
    yield one
    one.close()


def frame(data, ifindex=3, tags=()):
    return Frame(ifindex, tags, data, 5)


def heard_by(device, frames, *listeners):
    """What each of the listeners (interface, VLAN) hears."""

    async def work():
        kept = [[] for _ in listeners]
        taps, done = Taps(device), asyncio.Event()

        def last(_):
            done.set()

        device.put(frame(ethernet(0x0800, V4), 99))  # from before anybody listened
        with taps.listen(77, None, last):
            opened = [taps.listen(*one, keep.append) for one, keep in zip(listeners, kept, strict=True)]
            for one in opened:
                one.__enter__()
            device.put(*frames, frame(ethernet(0x0800, V4), 77))
            await asyncio.wait_for(done.wait(), 10)
            for one in opened:
                one.__exit__(None, None, None)
        return kept

    return asyncio.run(work())


def test_each_hears_its_own_interface_and_vlan(device):
    untagged, stripped, inside, priority, other = (
        frame(ethernet(0x0800, V4)), frame(ethernet(0x0800, V4), tags=(Tag(0x8100, 10),)), frame(ethernet(0x0800, V4, Q10)),
        frame(ethernet(0x0800, V4, (0x8100, 0xE000))), frame(ethernet(0x0800, V4), 4),
    )  # fmt: skip
    three, ten, ten_again, four = heard_by(
        device, (untagged, stripped, inside, priority, other), (3, None), (3, 10), (3, 10), (4, None)
    )
    assert [one.frame.tags for one in three] == [(), (Tag(0x8100, 0, 7),)]
    assert len(ten) == len(ten_again) == 2
    assert {one.frame.tags[0].vid for one in ten} == {10}
    assert len(four) == 1
    assert four[0].received_ns == 5


def test_what_is_no_frame_or_of_a_customer_is_nobodys(device):
    (heard,) = heard_by(device, (frame(b"short"), frame(ethernet(0x0800, V4, Q10, Q20))), (3, None))
    assert heard == []


def test_the_descriptor_is_left_alone_when_nobody_listens(device):
    async def work():
        taps, kept = Taps(device), []
        with taps.listen(3, None, kept.append):
            pass
        device.put(frame(ethernet(0x0800, V4)))
        for _ in range(3):
            await asyncio.sleep(0)
        with taps.listen(3, None, kept.append):
            pass
        return kept

    assert asyncio.run(work()) == []


FRAME = EthernetFrame("ff:ff:ff:ff:ff:ff", "02:00:00:00:00:01", (Tag(0x8100, 10),), 0x0800, b"payload")


def test_send(device):
    Taps(device).send(3, FRAME)
    assert device.sent == [(3, bytes.fromhex("ffffffffffff0200000000018100000a0800") + b"payload")]


def test_what_the_interface_refuses_is_told(device):
    device.refuses = LinkError("a frame for eth0 was not sent: the interface is down", 100)
    with pytest.raises(Obstructed, match="the interface is down") as caught:
        Taps(device).send(3, FRAME)
    assert caught.value.obstacle is Obstacle.LOCAL


@pytest.mark.lab
def test_dhcp_is_heard_on_a_real_interface_and_nothing_else():
    async def work(near, far):
        taps, ears, kept = open_dhcp_taps(far), asyncio.Event(), []

        def keep(heard):
            kept.append(heard)
            ears.set()

        mouth = PacketDevice(1, ifindex=near)
        try:
            with taps.listen(far, 10, keep, everything=True):
                assert "promiscuity 1" in promiscuity()
                for port in (53, 68):
                    assert mouth.send(near, ethernet(0x0800, ipv4(udp(port)), Q10)) is None
                await asyncio.wait_for(ears.wait(), 10)
            assert "promiscuity 0" in promiscuity()
        finally:
            mouth.close()
            taps.close()
        return kept

    with network_namespace() as space:
        near, far = space.veth()

        def promiscuity():
            return subprocess.run(
                ["ip", "-d", "link", "show", "blk-b"], capture_output=True, text=True, check=True
            ).stdout

        (only,) = asyncio.run(work(near, far))
    assert only.frame.payload[22:24] == (68).to_bytes(2, "big")


def test_a_card_that_cannot_pass_everything_says_so():
    class Card(PacketDevice):
        def __init__(self):
            pass

        def promiscuous(self, ifindex, *, wanted=True):
            return LinkError("eth0 cannot listen to all VIDs: no memory", 12)

    with (
        pytest.raises(Obstructed, match="cannot listen to all VIDs"),
        Taps(Card()).listen(3, 10, print, everything=True),
    ):
        pass
