"""The ear for tags on a real interface: what others send, with tags, and nothing else."""

import select
import socket

import pytest

from bellrock.link.device import LinkError
from bellrock.link.overhear import TagEar
from bellrock.wire.ethernet import EthernetFrame, Tag, build
from tests.lab.apart import apart, descriptors
from tests.lab.test_agent_network import MAC, cable

pytestmark = pytest.mark.lab


def test_tags_of_all_frames_are_counted_and_untagged_ones_are_not():
    def scene():
        interfaces = cable()
        ear = TagEar(interfaces["right"].index)
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        sender.bind(("left", 0))
        for tags in ((), (Tag(0x8100, 10),), (Tag(0x88A8, 100), Tag(0x8100, 7)), (Tag(0x9100, 5),), (Tag(0x8100, 11),)):
            sender.send(build(EthernetFrame("02:00:00:00:00:99", MAC, tags, 0x88B5, bytes(1400))))
        while (11,) not in ear.heard:
            assert select.select([ear], [], [], 5)[0], ear.heard
            ear.count(100)
        sender.close()
        found = {stack: (one.frames, list(one.macs)) for stack, one in ear.heard.items()}
        lost = ear.lost
        ear.close()
        ear.close()
        return found, lost

    assert apart(scene) == ({(10,): (1, [MAC]), (100, 7): (1, [MAC]), (5,): (1, [MAC]), (11,): (1, [MAC])}, 0)


def test_an_interface_that_is_not_there():
    def scene():
        cable()
        with pytest.raises(LinkError):
            TagEar(999)

    apart(scene)


def test_an_interface_that_passes_no_more_than_its_own_frames_is_told_as_that(monkeypatch):
    def refuse(self, ifindex):
        return LinkError("right cannot listen to all VIDs: no memory")

    monkeypatch.setattr("bellrock.link.packet.PacketDevice.promiscuous", refuse)

    def scene():
        index = cable()["right"].index
        before = descriptors()
        with pytest.raises(LinkError, match="^right cannot listen to all VIDs: no memory$"):
            TagEar(index)
        return before == descriptors()

    assert apart(scene)
