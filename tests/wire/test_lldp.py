import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.model import Neighbour
from bellrock.wire import lldp
from bellrock.wire.errors import Reason, WireError
from tests.wire.vectors import refuses


def tlv(kind: int, value: bytes) -> bytes:
    """IEEE 802.1AB §8.4: 7 bits of type, 9 bits of length."""
    return (kind << 9 | len(value)).to_bytes(2, "big") + value


CHASSIS = tlv(1, b"\x04\x00\x1b\x21\x0a\x0b\x0c")
PORT = tlv(2, b"\x05Gi1/0/3")
TTL = tlv(3, b"\x00\x78")
MANDATORY = CHASSIS + PORT + TTL
PVID = bytes.fromhex("0080c201")
FRAME_SIZE = bytes.fromhex("00120f04")

TABLE = [
    (
        "a switch port with everything",
        # chassis MAC, port name, 120 s, port description, system name, system description, capabilities, PVID 10, MFS 9216
        "0207 04 001b210a0b0c 0408 05 4769312f302f33 0602 0078 0806 75706c696e6b 0a03 737731 0c03 696f73 0e04 00140004"
        "fe06 0080c201 000a fe06 00120f04 2400 0000",
        Neighbour(protocol="lldp", chassis_id="00:1b:21:0a:0b:0c", port_id="Gi1/0/3", system_name="sw1",
                  port_description="uplink", pvid=10, max_frame_size=9216, ttl=120),
    ),
    (
        "shutdown",
        "0207 04 001b210a0b0c 0407 03 525400123456 0602 0000 0000",
        Neighbour(protocol="lldp", chassis_id="00:1b:21:0a:0b:0c", port_id="52:54:00:12:34:56", ttl=0),
    ),
    (
        "addresses for ids, no End TLV",
        "0206 05 01 0a000001 0412 04 02 fe800000000000000000000000000001 0602 0001",
        Neighbour(protocol="lldp", chassis_id="10.0.0.1", port_id="fe80::1", ttl=1),
    ),
    (
        "ids of other kinds",
        "0206 05 06 0a0b0c0d 0404 07 353132 0602 ffff 0000",
        Neighbour(protocol="lldp", chassis_id="06:0a:0b:0c:0d", port_id="512", ttl=65535),
    ),
    (
        "no port VLAN, frame size not told, unknown and misshapen TLVs",
        "0204 07 737731 0402 07 31 0602 0078 fe06 0080c201 0000 fe06 00120f04 0000 fe04 0080c201 fe01 00 f601 00 fe06 00120f04 1388"
        "fe07 0080c201 000a00 fe06 0080c203 000a 0000",
        Neighbour(protocol="lldp", chassis_id="sw1", port_id="1", ttl=120, max_frame_size=5000),
    ),
]  # fmt: skip
TABLE = [pytest.param(bytes.fromhex(text), value, id=name) for name, text, value in TABLE]


@pytest.mark.parametrize(("data", "neighbour"), TABLE)
def test_parse(data, neighbour):
    assert lldp.parse(data) == lldp.parse(memoryview(data)) == neighbour


@pytest.mark.parametrize(("data", "neighbour"), TABLE)
def test_every_prefix_is_a_neighbour_or_truncated(data, neighbour):
    for size in range(len(data)):
        try:
            assert lldp.parse(data[:size]).chassis_id == neighbour.chassis_id
        except WireError as error:
            reason = error.reason
            assert reason is Reason.TRUNCATED, size


def test_padding_after_the_end_is_ignored():
    assert lldp.parse(MANDATORY + tlv(0, b"") + bytes(30)) == lldp.parse(MANDATORY)


@pytest.mark.parametrize(
    ("reason", "data"),
    [
        pytest.param(Reason.TRUNCATED, b"", id="nothing"),
        pytest.param(Reason.MALFORMED, PORT + CHASSIS + TTL, id="out of order"),
        pytest.param(Reason.MALFORMED, CHASSIS + TTL, id="no port id"),
        pytest.param(Reason.MALFORMED, CHASSIS + PORT + tlv(0, b""), id="no time to live"),
        pytest.param(Reason.MALFORMED, MANDATORY + TTL, id="time to live twice"),
        pytest.param(Reason.MALFORMED, CHASSIS + PORT + tlv(3, b"\x78"), id="short time to live"),
        pytest.param(Reason.MALFORMED, tlv(1, b"\x04") + PORT + TTL, id="empty chassis id"),
        pytest.param(Reason.MALFORMED, CHASSIS + tlv(2, b"") + TTL, id="no octet of port id"),
        pytest.param(Reason.MALFORMED, CHASSIS + tlv(2, b"\x07" + b"x" * 256) + TTL, id="long port id"),
        pytest.param(Reason.TRUNCATED, MANDATORY + b"\x0a\x05sw", id="cut inside a name"),
        pytest.param(Reason.TOO_BIG, MANDATORY + tlv(8, b"") * 300, id="hundreds of TLVs"),
    ],
)
def test_refusals(reason, data):
    with refuses(reason):
        lldp.parse(data)


def test_control_characters_do_not_come_through():
    neighbour = lldp.parse(MANDATORY + tlv(5, b"sw\x1b]0;x\x07") + tlv(4, b"\x9b31m") + tlv(0, b""))
    assert neighbour.system_name.isprintable()
    assert neighbour.port_description.isprintable()


@pytest.mark.parametrize("vid", [1, 4094])
def test_pvid(vid):
    assert lldp.parse(MANDATORY + tlv(127, PVID + vid.to_bytes(2, "big"))).pvid == vid


@pytest.mark.parametrize("vid", [0, 4095, 65535])
def test_no_pvid(vid):
    assert lldp.parse(MANDATORY + tlv(127, PVID + vid.to_bytes(2, "big"))).pvid is None


@given(st.lists(st.tuples(st.integers(0, 127), st.binary(max_size=511)), max_size=8), st.booleans())
def test_any_tlvs_are_a_neighbour_or_refused(tlvs, begun):
    data = MANDATORY * begun + b"".join(tlv(*one) for one in tlvs)
    try:
        neighbour = lldp.parse(data)
    except WireError:
        return
    texts = (neighbour.chassis_id, neighbour.port_id, neighbour.system_name, neighbour.port_description)
    assert all(text.isprintable() for text in texts)
    assert neighbour.chassis_id
    assert neighbour.port_id
