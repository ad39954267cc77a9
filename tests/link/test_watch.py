"""The look at traffic: frames on real interfaces, counted as conversations."""

import pytest

from bellrock.link.device import Frame
from bellrock.link.packet import PacketDevice
from bellrock.link.watch import Tally, watch
from bellrock.model.listening import Conversation
from bellrock.wire import ip, udp
from bellrock.wire.ethernet import EthernetFrame, Tag, build
from tests.link.namespaces import network_namespace

MACS = ("52:54:00:00:00:01", "52:54:00:00:00:02")


def frame(source_port=2070, tags=()):
    segment = udp.build("10.0.0.9", "10.0.0.2", udp.Segment(source_port, 69, b"x"))
    return build(EthernetFrame(*MACS, tags, 0x0800, ip.build("10.0.0.9", "10.0.0.2", 64, 17, segment)))


def told(**changed):
    values = {"source_port": 2070, "packets": 1, "interface": "interface 99", **changed}
    return Conversation(protocol="udp", source="10.0.0.9", destination="10.0.0.2", destination_port=69, **values)


def heard(data):
    return Frame(99, (), data, 0)


def test_equal_ends_are_one_conversation_the_busiest_first():
    tally = Tally()
    for data in (frame(1), frame(2), frame(2), frame(2, (Tag(0x8100, 20),))):
        tally.add(heard(data))
    assert tally.conversations() == (told(source_port=2, packets=2), told(source_port=1), told(source_port=2, vid=20))
    assert (tally.frames, tally.unread, tally.forgotten) == (4, 0, 0)


def test_what_cannot_be_counted_is_counted_as_that():
    tally = Tally(limit=1)
    for data in (frame(1), frame(2), frame(1), frame(1)[:20], bytes(12) + b"\x08\x06" + bytes(28)):
        tally.add(heard(data))
    assert tally.conversations() == (told(source_port=1, packets=2),)
    assert (tally.frames, tally.unread, tally.forgotten) == (5, 1, 1)


@pytest.mark.lab
def test_frames_on_an_interface_are_seen_and_a_look_ends():
    with network_namespace() as net:
        near, _ = net.veth("fb-a", "fb-b")
        sender = PacketDevice(blocks=2)
        left = [frame(), frame(), frame(3)]

        def stop():
            if not left:
                return True
            sender.send(near, left.pop())
            return False

        try:
            seen = watch(20, stop)
        finally:
            sender.close()
        counts = {it.source_port: it.packets for it in seen.conversations}
    # The last frame may come after the look has ended.
    assert counts.get(3) == 1
    assert 1 <= counts[2070] <= 2
    assert {it.interface for it in seen.conversations} == {"fb-b"}
    assert (seen.dropped, seen.forgotten) == (0, 0)
    assert seen.seconds < 20


@pytest.mark.lab
def test_a_look_at_nothing_ends_in_time():
    with network_namespace():
        assert watch(0.05).conversations == ()
