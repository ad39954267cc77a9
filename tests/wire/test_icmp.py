import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import icmp, ip, udp
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.icmp import Complaint, Echo
from tests.wire.vectors import refuses

UDP4 = ip.build(
    "10.0.0.57", "10.0.0.2", 64, 17, udp.build("10.0.0.57", "10.0.0.2", udp.Segment(2070, 69, b"\0\1a\0octet\0"))
)
UDP6 = ip.build("fd00::57", "fd00::2", 64, 17, udp.build("fd00::57", "fd00::2", udp.Segment(2070, 69, b"x")))
TCP4 = ip.build("10.0.0.57", "10.0.0.2", 64, 6, bytes.fromhex("c3505240 00000007"))
PING = ip.build("10.0.0.57", "10.0.0.2", 64, 1, bytes.fromhex("0800 0000 0001 0002"))
ABOUT = (17, "10.0.0.57", 2070, "10.0.0.2", 69)
ABOUT6 = (17, "fd00::57", 2070, "fd00::2", 69)

TABLE = [
    ("echo", 4, "0800 0000 0007 0001 616263", Echo(reply=False, id=7, sequence=1)),
    ("echo reply", 4, "0000 0000 0007 0001", Echo(reply=True, id=7, sequence=1)),
    ("ICMPv6 echo", 6, "8000 0000 0007 0001", Echo(reply=False, id=7, sequence=1)),
    ("ICMPv6 echo reply", 6, "8100 0000 0007 0001", Echo(reply=True, id=7, sequence=1)),
    ("port", 4, f"0303 0000 00000000 {UDP4.hex()}", Complaint("port unreachable", *ABOUT)),
    ("host", 4, f"0301 0000 00000000 {TCP4.hex()}", Complaint("host unreachable", 6, "10.0.0.57", 50000, "10.0.0.2", 21056)),
    ("network", 4, f"0300 0000 00000000 {UDP4.hex()}", Complaint("network unreachable", *ABOUT)),
    ("prohibited", 4, f"030d 0000 00000000 {UDP4.hex()}", Complaint("administratively prohibited", *ABOUT)),
    ("needed", 4, f"0304 0000 0000 0578 {UDP4.hex()}", Complaint("fragmentation needed", *ABOUT, mtu=1400)),
    ("needed, of an old router", 4, f"0304 0000 0000 0000 {UDP4.hex()}", Complaint("fragmentation needed", *ABOUT)),
    ("redirect", 4, f"0501 0000 0a000001 {UDP4.hex()}", Complaint("redirect", *ABOUT, gateway="10.0.0.1")),
    ("time", 4, f"0b00 0000 00000000 {UDP4.hex()}", Complaint("time exceeded", *ABOUT)),
    ("reassembly", 4, f"0b01 0000 00000000 {UDP4.hex()}", Complaint("reassembly time exceeded", *ABOUT)),
    ("parameter", 4, f"0c00 0000 00000000 {UDP4.hex()}", Complaint("type 12 code 0", *ABOUT)),
    ("a code of its own", 4, f"0305 0000 00000000 {UDP4.hex()}", Complaint("type 3 code 5", *ABOUT)),
    ("about an echo", 4, f"0301 0000 00000000 {PING.hex()}", Complaint("host unreachable", 1, "10.0.0.57", 0, "10.0.0.2", 0)),
    ("ports are cut", 4, f"0303 0000 00000000 {UDP4[:23].hex()}", Complaint("port unreachable", 17, "10.0.0.57", 0, "10.0.0.2", 0)),
    ("too big", 6, f"0200 0000 00000500 {UDP6.hex()}", Complaint("packet too big", *ABOUT6, mtu=1280)),
    ("port 6", 6, f"0104 0000 00000000 {UDP6.hex()}", Complaint("port unreachable", *ABOUT6)),
    ("prohibited 6", 6, f"0101 0000 00000000 {UDP6.hex()}", Complaint("administratively prohibited", *ABOUT6)),
    ("time 6", 6, f"0300 0000 00000000 {UDP6.hex()}", Complaint("time exceeded", *ABOUT6)),
    ("about a later fragment", 4, f"0303 0000 00000000 {(UDP4[:6] + bytes.fromhex('0001') + UDP4[8:]).hex()}", None),
    ("another message", 4, "0d00 0000 0000 0000", None),
    ("neighbour solicitation", 6, "8700 0000 0000 0000", None),
]  # fmt: skip


@pytest.mark.parametrize(("version", "text", "value"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_parse(version, text, value):
    data = bytes.fromhex(text)
    assert icmp.parse(version, data) == icmp.parse(version, memoryview(data)) == value


@pytest.mark.parametrize("text", ["", "03030000000000", f"0303 0000 00000000 {UDP4[:19].hex()}", "0303 0000 00000000"])
def test_cut(text):
    with refuses(Reason.TRUNCATED):
        icmp.parse(4, bytes.fromhex(text))


def test_quotes_of_the_other_family():
    with refuses(Reason.MALFORMED):
        icmp.parse(4, bytes.fromhex("0303 0000 00000000") + UDP6)


@given(
    st.sampled_from([4, 6]),
    st.sampled_from(["", f"0303 0000 00000000 {UDP4.hex()}", "0104 0000 00000000 60000000"]),
    st.binary(max_size=80),
)
def test_a_value_or_the_one_error(version, head, data):
    try:
        found = icmp.parse(version, bytes.fromhex(head) + data)
    except WireError:
        return
    assert found is None or isinstance(found, Complaint | Echo)
