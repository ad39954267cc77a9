"""rtnetlink messages, built attribute by attribute as the kernel does."""

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.link import rtnetlink
from bellrock.link.rtnetlink import Address, Link, LinkGone, Message, PortState

MAC = bytes.fromhex("020000000001")
UP, LOOPBACK = 1, 8


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def u32(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack("=I", value))


def u16(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack("=H", value))


def u8(kind: int, value: int) -> bytes:
    return attribute(kind, bytes([value]))


def info(kind: str = "", data: bytes = b"", slave: str = "", slave_data: bytes = b"") -> bytes:
    parts = b""
    if kind:
        parts += attribute(1, kind.encode() + b"\0") + attribute(2 | 0x8000, data)
    if slave:
        parts += attribute(4, slave.encode() + b"\0") + attribute(5, slave_data)
    return attribute(18 | 0x8000, parts)


def link(*attributes: bytes, kind: int = 16, family: int = 0, hardware: int = 1, flags: int = UP) -> Message:
    common = attribute(3, b"eth0\0") + attribute(1, MAC) + u32(4, 1500)
    return Message(kind, 0, 1, struct.pack("=BxHiII", family, hardware, 5, flags, 0) + common + b"".join(attributes))


def told(**changed) -> Link:
    fields = {
        "index": 5,
        "name": "eth0",
        "mac": "02:00:00:00:00:01",
        "permanent_mac": None,
        "kind": "",
        "lower": 0,
        "master": 0,
        "vid": None,
        "forwarding": True,
        "vlan_filtering": False,
        "up": True,
        "carrier": None,
        "mtu": 1500,
    }
    return Link(**(fields | changed))


@pytest.mark.parametrize(
    ("message", "value"),
    [
        (link(), told()),
        (link(flags=0), told(up=False)),
        (link(u8(33, 1), flags=0), told(up=False)),
        (link(u8(33, 0), u8(16, 2)), told(carrier=False)),
        (link(u8(33, 1), u8(16, 6)), told(carrier=True)),
        (link(u8(33, 1), u8(16, 5)), told(carrier=True)),  # dormant: the cable is there
        (link(u8(33, 1), u8(16, 4)), told(carrier=True)),
        (link(u8(33, 1), u8(16, 0)), told(carrier=None)),
        (link(u8(33, 1), u8(16, 0), u32(35, 0)), told(carrier=None)),
        (link(u8(33, 1), u8(16, 0), u32(35, 1)), told(carrier=False)),  # its queue is not started yet
        (link(u8(33, 1), u8(16, 2), u32(35, 3)), told(carrier=False)),
        (link(u8(33, 1), u8(16, 6), u32(48, 3)), told(carrier=True, losses=3)),
        (link(attribute(54, MAC)), told(permanent_mac="02:00:00:00:00:01")),
        (link(attribute(54, bytes(6))), told()),
        (link(u32(10, 9)), told(master=9)),
        (link(u32(5, 3), info("vlan", u16(1, 42))), told(kind="vlan", lower=3, vid=42)),
        (link(u32(5, 3), info("macvlan", u16(1, 42))), told(kind="macvlan", lower=3)),
        (link(u32(5, 3), info("veth")), told(kind="veth", lower=3)),
        (link(u32(5, 3), u32(37, 0), info("veth")), told(kind="veth")),
        (link(info("bridge", u8(7, 1))), told(kind="bridge", vlan_filtering=True)),
        (link(info("bridge", u8(7, 0))), told(kind="bridge")),
        (link(info("bond", u8(7, 1))), told(kind="bond")),
        (link(info(slave="bridge", slave_data=u8(1, 3))), told()),
        (link(info(slave="bridge", slave_data=u8(1, 4))), told(forwarding=False)),
        (link(info(slave="bridge", slave_data=u8(1, 0))), told(forwarding=False)),
        (link(info(slave="bridge")), told()),
        (link(info(slave="bond", slave_data=u8(1, 0))), told()),
        (link(info(slave="bond", slave_data=u8(1, 1))), told(forwarding=False)),
        (link(info(slave="bond")), told()),
        (link(info(slave="openvswitch", slave_data=u8(1, 1))), told()),
        (link(kind=17), LinkGone(5)),
        (link(hardware=772), None),
        (link(flags=UP | LOOPBACK), None),
        (link(attribute(12 | 0x8000, u8(1, 3)), family=7), PortState(5, True)),
        (link(attribute(12 | 0x8000, u8(1, 4)), family=7), PortState(5, False)),
        (link(family=7), None),
        (link(attribute(12, u8(1, 3)), family=7, kind=17), None),
        (Message(16, 0, 1, b"short"), None),
        (Message(24, 0, 1, bytes(60)), None),  # RTM_NEWROUTE
    ],
)
def test_links(message, value):
    assert rtnetlink.change(message) == value


def address(*attributes: bytes, family: int = socket.AF_INET, flags: int = 0x80, kind: int = 20) -> Message:
    return Message(kind, 0, 1, struct.pack("=BBBBI", family, 24, flags, 0, 5) + b"".join(attributes))


LOCAL, FAR = attribute(2, bytes([10, 0, 0, 1])), attribute(1, bytes([10, 0, 0, 2]))
SIX = attribute(1, bytes.fromhex("fe800000000000000000000000000001"))


@pytest.mark.parametrize(
    ("message", "value"),
    [
        (address(LOCAL), Address(5, "10.0.0.1/24", True)),
        (address(FAR, LOCAL), Address(5, "10.0.0.1/24", True)),  # point to point: the near end
        (address(FAR), Address(5, "10.0.0.2/24", True)),
        (address(LOCAL, kind=21), Address(5, "10.0.0.1/24", False)),
        (address(LOCAL, flags=0), Address(5, "10.0.0.1/24", True, True)),
        (address(LOCAL, u32(8, 0x200), flags=0x80), Address(5, "10.0.0.1/24", True, True)),
        (address(SIX, family=socket.AF_INET6, flags=0), Address(5, "fe80::1/24", True)),
        (address(SIX, family=socket.AF_INET6), Address(5, "fe80::1/24", True)),
        (address(SIX, family=socket.AF_INET6, flags=0x40), Address(5, "fe80::1/24", False)),
        (address(SIX, family=socket.AF_INET6, flags=0x08), Address(5, "fe80::1/24", False)),
        (address(SIX, u32(8, 0x40), family=socket.AF_INET6), Address(5, "fe80::1/24", False)),
        (address(SIX, u32(8, 0x280), family=socket.AF_INET6, flags=0x40), Address(5, "fe80::1/24", True)),
        (address(SIX), None),
        (address(LOCAL, family=socket.AF_INET6), None),
        (address(attribute(1, bytes(4)), family=77), None),
        (address(), None),
        (Message(20, 0, 1, b"short"), None),
    ],
)
def test_addresses(message, value):
    assert rtnetlink.change(message) == value


def packed(kind: int, body: bytes, flags: int = 2) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 9, 0) + body + bytes(-len(body) % 4)


def test_a_datagram_holds_several_messages():
    found = list(rtnetlink.messages(packed(16, b"abcde") + packed(3, b"wxyz", 0x12)))
    assert found == [Message(16, 2, 9, b"abcde"), Message(3, 0x12, 9, b"wxyz")]


@pytest.mark.parametrize("length", [0, 15, 17, 4000])
def test_a_length_that_lies_ends_the_datagram(length):
    assert list(rtnetlink.messages(struct.pack("=IHHII", length, 16, 0, 0, 0))) == []


@pytest.mark.parametrize("length", [0, 3, 200])
def test_an_attribute_that_lies_ends_the_attributes(length):
    assert rtnetlink.change(link(struct.pack("=HH", length, 10) + u32(10, 9))) == told()


def test_errors():
    assert rtnetlink.error_number(Message(2, 0, 1, struct.pack("=i", -1))) == 1
    assert rtnetlink.error_number(Message(2, 0, 1, b"")) == 0


def test_requests_are_dumps_of_the_right_size():
    for kind in (rtnetlink.GET_LINK, rtnetlink.GET_ADDRESS):
        data = rtnetlink.request(kind, 7)
        assert struct.unpack_from("=IHHII", data) == (len(data), kind, 0x301, 7, 0)
        assert len(data) % 4 == 0


@given(st.binary(max_size=300))
def test_any_octets_are_messages_or_nothing(octets):
    for message in rtnetlink.messages(octets):
        rtnetlink.change(message)


@given(st.sampled_from([16, 17, 20, 21]), st.binary(max_size=200), st.sampled_from([0, 2, 7, 10]))
def test_any_body_is_a_change_or_nothing(kind, octets, family):
    value = rtnetlink.change(Message(kind, 0, 1, bytes([family, 0, 1, 0]) + octets))
    assert value is None or isinstance(value, Link | LinkGone | PortState | Address)
