"""What comes out of a cable beside beacons: a table of frames, and the socket in a real kernel."""

import pytest

from bellrock.agent.overheard import Overheard, SwitchEar, take
from bellrock.link import clock
from bellrock.link.device import Frame
from bellrock.model import Interface, Monotonic
from bellrock.wire import ethernet, lacp, stp
from bellrock.wire.ethernet import EthernetFrame, Tag
from bellrock.wire.frame import CDP_MAC, LLDP_MAC
from tests.link.namespaces import network_namespace, until
from tests.wire import test_lacp, test_stp

MAC, ALL = "02:00:00:00:00:01", "ff:ff:ff:ff:ff:ff"
LACPDU = bytes.fromhex(test_lacp.TABLE[0][1])
BPDU = bytes.fromhex(test_stp.TABLE[1][1])
NOTICE = bytes.fromhex(test_stp.TABLE[5][1])
PER_VLAN = bytes.fromhex(test_stp.TABLE[4][1])


def frame(destination, payload, ethertype=None, tags=(), inner=()):
    data = ethernet.build(
        EthernetFrame(destination, MAC, inner, len(payload) if ethertype is None else ethertype, payload)
    )
    return Frame(2, tags, data, 0)


def heard(*frames) -> Overheard:
    cable = Overheard()
    for number, one in enumerate(frames):
        take(cable, one, Monotonic(float(number)))
    return cable


def test_lacp_and_spanning_tree_are_read_and_pass_nothing_on():
    cable = heard(frame(lacp.SLOW_MAC, LACPDU, lacp.ETHERTYPE_SLOW), frame(stp.BRIDGE_MAC, BPDU))
    assert cable.lacp == test_lacp.TABLE[0][2]
    assert cable.bpdu == test_stp.TABLE[1][2]
    assert (cable.first_frame, cable.first_passed, cable.malformed) == (0.0, None, 0)


def test_a_spanning_tree_of_one_vlan_and_a_notice_that_says_nothing():
    cable = heard(frame(stp.PER_VLAN_MAC, PER_VLAN), frame(stp.BRIDGE_MAC, NOTICE))
    assert cable.bpdu == test_stp.TABLE[4][2]


def test_a_spanning_tree_of_a_tagged_vlan_says_nothing_of_the_untagged_one():
    tagged = frame(stp.PER_VLAN_MAC, PER_VLAN, tags=(Tag(0x8100, 20),))
    assert heard(frame(stp.BRIDGE_MAC, BPDU), tagged).bpdu == test_stp.TABLE[1][2]
    assert heard(tagged).bpdu is None


def test_that_the_tree_held_the_port_back_is_kept_once_it_forwards():
    # The flags follow LLC, protocol, version and type; forwarding is bit 5 (IEEE 802.1D-2004 §9.3.3).
    rapid = bytearray(bytes.fromhex(next(row[1] for row in test_stp.TABLE if row[2] and row[2].forwarding)))
    passing = frame(stp.BRIDGE_MAC, bytes(rapid))
    rapid[7] &= ~0x20
    held = frame(stp.BRIDGE_MAC, bytes(rapid))
    arp = frame(ALL, b"\0" * 46, 0x0806)
    assert heard(held, passing).held_back
    assert not heard(passing, arp, held).held_back


@pytest.mark.parametrize("mac", [LLDP_MAC, CDP_MAC, "01:80:c2:00:00:0f"])
def test_what_a_switch_says_itself_was_not_passed_on(mac):
    cable = heard(frame(mac, b"\0" * 46, 0x88CC))
    assert (cable.first_frame, cable.first_passed) == (0.0, None)


def test_the_first_that_somebody_else_sent():
    arp = frame(ALL, b"\0" * 46, 0x0806)
    cable = heard(frame(stp.BRIDGE_MAC, BPDU), arp, arp)
    assert (cable.first_frame, cable.first_passed) == (0.0, 1.0)


def test_tags_by_whoever_took_them_out():
    stripped = frame(ALL, b"\0" * 46, 0x0806, tags=(Tag(0x8100, 20),))
    inside = frame(ALL, b"\0" * 46, 0x0806, inner=(Tag(0x8100, 30), Tag(0x8100, 7)))
    priority = frame(ALL, b"\0" * 46, 0x0806, tags=(Tag(0x8100, 0),))
    reserved = frame(ALL, b"\0" * 46, 0x0806, tags=(Tag(0x8100, 4095),))
    assert heard(stripped, inside, priority, reserved).tags == {20, 30}


@pytest.mark.parametrize(
    "bad",
    [
        Frame(2, (), b"\x01\x80", 0),
        frame(lacp.SLOW_MAC, LACPDU[:20], lacp.ETHERTYPE_SLOW),
        frame(stp.BRIDGE_MAC, BPDU[:20]),
    ],
    ids=["no frame", "half a LACPDU", "half a BPDU"],
)
def test_what_is_malformed_is_counted(bad):
    cable = heard(bad)
    assert cable.malformed == 1
    assert (cable.lacp, cable.bpdu) == (None, None)


def test_other_slow_protocols_are_nothing_to_us():
    cable = heard(frame(lacp.SLOW_MAC, b"\x03" + bytes(45), lacp.ETHERTYPE_SLOW))
    assert (cable.malformed, cable.lacp) == (0, None)


@pytest.mark.lab
def test_the_kernel_passes_groups_of_interfaces_that_are_followed():
    with network_namespace() as net:
        near, far = net.veth("n4-a", "n4-b")
        others = net.veth("n4-c", "n4-d")
        ear = SwitchEar()
        sender = SwitchEar()
        try:
            ear.follow([Interface(name="n4-a", index=near, mac=MAC)])
            for index in (far, others[1]):
                for one in (frame(lacp.SLOW_MAC, LACPDU, lacp.ETHERTYPE_SLOW), frame(MAC, bytes(46), 0x0800)):
                    assert sender._device.send(index, one.data) is None

            def said():
                ear.read(clock.read())
                return ear.cables[near].lacp is not None

            until(said, "the LACPDU", wait_on=ear)
            assert set(ear.cables) == {near}
            assert ear.cables[near].first_passed is None, "a frame to one station is not looked at"
        finally:
            ear.close()
            sender.close()
