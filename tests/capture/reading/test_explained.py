"""Flows of conversations, held against looking at one packet and one exchange at a time."""

from dataclasses import replace
from functools import cache
from ipaddress import ip_network

import pytest

from bellrock.capture.reading.explained import explained
from bellrock.capture.reading.register import Register
from bellrock.capture.reading.tally import Tally
from bellrock.flows.catalogue import CATALOGUE
from bellrock.flows.values import Role
from tests.capture.packets import KNOWN, WORLD, Packet, belongs, universe
from tests.capture.reading.made import columns_of

DATA = {"tftp"}
"""Flows with packets that only their request tells."""


def told(*packets, known=None, flows=CATALOGUE):
    """For each packet what its conversation is: (flow, like, also, whether the packet's receiver asks)."""
    frames = [one if isinstance(one, bytes) else one.frame() for one in packets]
    register = Register()
    tally, found = Tally(register), columns_of(*frames)
    numbered = register.number(found)
    tally.take(found, numbered)
    names = explained(register.ends(), tally.ways(), flows, known or {})
    return [
        (
            *("" if index < 0 else flows[index].id for index in (names.flow[at], names.like[at], names.also[at])),
            bool(names.turned[at] != numbered.turned[number]),
        )
        for number, at in enumerate(numbered.conversation.tolist())
    ]


@cache
def some():
    """Packets of every exchange and decoys; those of the same ends but for the direction would be one conversation."""
    found = {}
    for one in universe():
        if one.code == 0 and one.payload == Packet(4, 17, "", "").payload:
            key = frozenset(((one.source, one.source_port), (one.destination, one.destination_port)))
            found.setdefault((one.protocol, key, one.type), one)
    return list(found.values())


def turned(packet):
    return replace(
        packet, source=packet.destination, destination=packet.source, source_port=packet.destination_port,
        destination_port=packet.source_port,
    )  # fmt: skip


@pytest.mark.parametrize("known", [{}, KNOWN, {Role.RACK: KNOWN[Role.RACK]}], ids=["nobody", "all", "rack"])
def test_as_one_packet_at_a_time_is_judged(known):
    by_id = {flow.id: flow for flow in CATALOGUE}
    packets = some()
    alone = [told(one, known=known)[0] for one in packets[::11]]
    for one, (flow, *_) in zip(packets[::11], alone, strict=True):
        fitting = {other.id for other in CATALOGUE if belongs(one, (other,), known)} - DATA
        either = fitting | {other.id for other in CATALOGUE if belongs(turned(one), (other,), known)} - DATA
        # Nobody is said to do what is forbidden unless it is known who he is.
        if fitting - (set() if known is KNOWN else {"libvirt-dnsmasq"}):
            assert flow, one
        # Where some roles of an end are known, the others may be anywhere even so: a capture is named, not filtered.
        if flow not in {"", *DATA} and len(known) != 1:
            assert flow in either, (one, by_id[flow])


def udp(source, sport, destination, dport):
    return Packet(4, 17, source, destination, sport, dport)


def tcp(source, sport, destination, dport, flags=0x10):
    frame = bytearray(Packet(4, 6, source, destination, sport, dport).frame())
    frame[14 + 20 + 13] = flags
    return bytes(frame)


@pytest.mark.parametrize(
    ("packet", "flow"),
    [
        (udp("0.0.0.0", 68, "255.255.255.255", 67), "dhcp"),
        (udp("10.0.0.2", 67, "10.0.0.57", 68), "dhcp"),
        (udp("10.1.0.1", 67, "10.0.0.2", 67), "dhcp"),
        (udp("10.0.0.57", 2070, "10.0.0.2", 69), "tftp"),
        (udp("10.0.0.57", 123, "10.0.0.2", 123), "ntp"),
        (udp("0.0.0.0", 5240, "224.0.0.118", 5240), "beacon"),
        (tcp("10.0.0.57", 40000, "10.0.0.2", 80), "http-boot"),
        (tcp("10.0.0.2", 5240, "10.0.0.57", 40000), "api"),
        (Packet(4, 1, "10.0.0.1", "10.0.0.2", type=8), "icmp"),
        (Packet(4, 1, "10.0.0.1", "10.0.0.2", type=0), "icmp"),
        (Packet(6, 58, "fe80::1", "ff02::1:ff00:2", type=135), "icmpv6"),
        (Packet(6, 58, "fe80::1", "ff02::16", type=143), "mld"),
        (Packet(4, 2, "10.0.0.1", "224.0.0.22"), "igmp"),
        (udp("10.0.0.57", 40000, "10.0.0.2", 9999), ""),
        (Packet(4, 89, "10.0.0.1", "224.0.0.5"), ""),
    ],
    ids=str,
)
def test_without_knowing_anybody(packet, flow):
    ((found, _, _, _),) = told(packet)
    assert found == flow


@pytest.mark.parametrize(
    ("packets", "receiver_asks"),
    [
        ([tcp("10.0.0.57", 40000, "10.0.0.2", 80, 2)], False),
        ([tcp("10.0.0.2", 80, "10.0.0.57", 40000)], True),
        ([tcp("10.0.0.2", 80, "10.0.0.57", 443, 2)], False),
        ([tcp("10.0.0.2", 80, "10.0.0.57", 443, 0x12)], True),
        ([tcp("10.0.0.2", 9999, "10.0.0.57", 8888, 0x12)], True),
        ([tcp("10.0.0.2", 9999, "10.0.0.57", 8888)], False),
        ([udp("10.0.0.2", 53, "10.0.0.57", 40000)], True),
        ([udp("10.0.0.57", 123, "10.0.0.2", 123), udp("10.0.0.2", 123, "10.0.0.57", 123)], False),
    ],
    ids=[
        "SYN",
        "by port",
        "SYN to a port both know",
        "SYN ACK",
        "SYN ACK of no flow",
        "first of no flow",
        "answer",
        "first of even ports",
    ],
)
def test_who_asks(packets, receiver_asks):
    assert told(*packets)[0][3] == receiver_asks


def test_a_flow_that_it_may_be_as_well():
    (web, secure) = told(tcp("10.0.0.57", 40000, "10.0.0.2", 80), tcp("10.0.0.57", 40000, "10.0.0.2", 443))
    assert (web[0], web[2]) == ("http-boot", "apt")
    assert (secure[0], secure[2]) == ("https-boot", "apt")
    assert told(udp("10.0.0.57", 40000, "10.0.0.2", 53))[0][2] == ""


def test_roles_decide():
    node, rack, bmc, mirror = (WORLD[role][4] for role in (Role.NODE, Role.RACK, Role.BMC, Role.MIRROR))
    found = told(
        tcp(node, 40000, rack, 443), tcp(rack, 40000, bmc, 443), tcp(node, 40000, mirror, 443), known=KNOWN
    )  # fmt: skip
    assert [one[0] for one in found] == ["https-boot", "redfish", "apt"]
    assert {one[2] for one in found} == {""}


def test_half_known_roles_count_less_than_known_ones():
    rack = {Role.RACK: (ip_network("10.0.0.2"),)}
    assert told(tcp("10.0.0.57", 40000, "10.0.0.2", 80), known=rack)[0][:3] == ("http-boot", "", "")
    assert told(tcp("10.0.0.57", 40000, "203.0.113.7", 80), known=rack)[0][0] == "apt"


def test_what_a_stranger_does_is_no_flow_but_like_one():
    node = WORLD[Role.NODE][4]
    ((flow, like, _, receiver_asks),) = told(udp("203.0.113.7", 67, node, 68), known=KNOWN)
    assert (flow, like) == ("", "dhcp")
    assert receiver_asks is False


def test_data_of_a_file_belongs_to_its_request():
    request, data, ack = (udp(*ends) for ends in (
        ("10.0.0.57", 2070, "10.0.0.2", 69), ("10.0.0.2", 40000, "10.0.0.57", 2070), ("10.0.0.57", 2070, "10.0.0.2", 40000),
    ))  # fmt: skip
    elsewhere, other = udp("10.0.0.3", 41000, "10.0.0.57", 2070), udp("10.0.0.2", 40000, "10.0.0.57", 2071)
    found = told(request, data, ack, elsewhere, other)
    assert [one[0] for one in found] == ["tftp", "tftp", "tftp", "tftp", ""]
    assert [one[3] for one in found[1:4]] == [True, False, True]


def test_without_requests_nobody_is_taken_for_a_file_server():
    assert told(udp("10.0.0.2", 40000, "10.0.0.57", 2070))[0][0] == ""


def test_a_site_without_tftp():
    flows = tuple(flow for flow in CATALOGUE if flow.id != "tftp")
    assert told(udp("10.0.0.57", 2070, "10.0.0.2", 69), flows=flows)[0][0] == ""


def test_none():
    assert told() == []
