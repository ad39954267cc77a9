import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import ip
from bellrock.wire.errors import Reason
from bellrock.wire.ip import Datagram
from tests.wire.vectors import refuses

HEAD4 = "0a141e29 e0000076"
HEAD6 = "fe80000000000000505400fffe123456 ff02000000000000000000000000015a"
LOCAL, GROUP6 = "fe80::5054:ff:fe12:3456", "ff02::15a"

BUILT = [
    ("IPv4, link only", "4500 0017 0000 4000 01 11 70ab" + HEAD4 + "616263", Datagram(4, "10.20.30.41", "224.0.0.118", 1, 17, b"abc")),
    ("IPv6, link only", "60000000 0003 11 01" + HEAD6 + "616263", Datagram(6, LOCAL, GROUP6, 1, 17, b"abc")),
]  # fmt: skip
PARSED = [
    *BUILT,
    ("IPv4, options", "4600 0019 0000 0000 40 11 6fa8" + HEAD4 + "01010101 61", Datagram(4, "10.20.30.41", "224.0.0.118", 64, 17, b"a")),
    ("IPv4, padding of Ethernet", "4500 0015 0000 4000 01 11 70ad" + HEAD4 + "61 0000000000", Datagram(4, "10.20.30.41", "224.0.0.118", 1, 17, b"a")),
    ("IPv6, hop-by-hop and destination options", "60000000 0019 00 01" + HEAD6 + "3c00050200000100 1101" + "00" * 14 + "61", Datagram(6, LOCAL, GROUP6, 1, 17, b"a")),
    ("IPv6, routing header at its end", "60000000 0009 2b 01" + HEAD6 + "1100000000000000 61", Datagram(6, LOCAL, GROUP6, 1, 17, b"a")),
    ("IPv6, no next header", "60000000 0000 3b 01" + HEAD6, Datagram(6, LOCAL, GROUP6, 1, 59, b"")),
]  # fmt: skip


def fix_header(text: str) -> bytes:
    """The octets of a packet, the IPv4 header checksum filled in where there is one."""
    data = bytearray.fromhex(text)
    if data[0] >> 4 == 4:
        data[10:12] = b"\0\0"
        header = data[: (data[0] & 15) * 4]
        words = sum(int.from_bytes(header[i : i + 2], "big") for i in range(0, len(header), 2))
        while words >> 16:
            words = (words & 0xFFFF) + (words >> 16)
        data[10:12] = (~words & 0xFFFF).to_bytes(2, "big")
    return bytes(data)


@pytest.mark.parametrize(("text", "datagram"), [pytest.param(*row[1:], id=row[0]) for row in PARSED])
def test_parse(text, datagram):
    assert ip.parse(fix_header(text)) == datagram


@pytest.mark.parametrize(("text", "datagram"), [pytest.param(*row[1:], id=row[0]) for row in BUILT])
def test_build(text, datagram):
    d = datagram
    assert ip.build(d.source, d.destination, d.hop_limit, d.protocol, d.payload) == fix_header(text)


@pytest.mark.parametrize(("text", "datagram"), [pytest.param(*row[1:], id=row[0]) for row in PARSED])
def test_every_prefix_is_refused_or_the_whole(text, datagram):
    data = fix_header(text)
    whole = len(data) - len(b"\0\0\0\0\0") if data.endswith(b"a\0\0\0\0\0") else len(data)
    for size in range(whole):
        with refuses(Reason.TRUNCATED):
            ip.parse(data[:size])
    assert ip.parse(data[:whole]) == datagram


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        pytest.param(Reason.TRUNCATED, "", id="nothing"),
        pytest.param(Reason.MALFORMED, "50" + "00" * 40, id="version 5"),
        pytest.param(Reason.MALFORMED, "4400 0014 0000 0000 01 11 0000" + HEAD4, id="IPv4 header of 16 octets"),
        pytest.param(Reason.MALFORMED, "4500 0013 0000 0000 01 11 0000" + HEAD4, id="IPv4 total length below the header"),
        pytest.param(Reason.TRUNCATED, "4500 0015 0000 0000 01 11 0000" + HEAD4, id="IPv4 total length beyond the data"),
        pytest.param(Reason.TRUNCATED, "4600 0018 0000 0000 01 11 0000" + HEAD4, id="IPv4 options cut"),
        pytest.param(Reason.FRAGMENT, "4500 0014 0000 2000 01 11 0000" + HEAD4, id="IPv4 more fragments"),
        pytest.param(Reason.FRAGMENT, "4500 0014 0000 0001 01 11 0000" + HEAD4, id="IPv4 fragment offset"),
        pytest.param(Reason.TRUNCATED, "60000000 0009 11 01" + HEAD6, id="IPv6 payload cut"),
        pytest.param(Reason.TRUNCATED, "60000000 0000 00 01" + HEAD6, id="IPv6 extension header missing"),
        pytest.param(Reason.TRUNCATED, "60000000 0008 00 01" + HEAD6 + "11ff000000000000", id="IPv6 extension header too long"),
        pytest.param(Reason.FRAGMENT, "60000000 0008 2c 01" + HEAD6 + "1100000100000000", id="IPv6 fragment"),
        pytest.param(Reason.FRAGMENT, "60000000 0010 3c 01" + HEAD6 + "2c00000000000000 1100000100000000", id="IPv6 fragment behind options"),
        pytest.param(Reason.UNSUPPORTED, "60000000 0008 2b 01" + HEAD6 + "1100000100000000", id="IPv6 segments left"),
        pytest.param(Reason.UNSUPPORTED, "60000000 0048 3c 01" + HEAD6 + "3c00000000000000" * 9, id="IPv6 nine extension headers"),
    ],
)  # fmt: skip
def test_refusals(reason, text):
    data = fix_header(text) if len(text) > 40 else bytes.fromhex(text)
    with refuses(reason):
        ip.parse(data)


def test_ipv4_header_checksum():
    data = bytearray(fix_header(BUILT[0][1]))
    data[8] = 2
    with refuses(Reason.BAD_CHECKSUM):
        ip.parse(data)


@pytest.mark.parametrize(("parse", "first"), [(ip.parse4, 0x60), (ip.parse6, 0x45)])
def test_the_other_version(parse, first):
    with refuses(Reason.MALFORMED):
        parse(bytes((first,)) + bytes(60))


@pytest.mark.parametrize("parse", [ip.parse4, ip.parse6])
def test_nothing_of_either_version(parse):
    with refuses(Reason.TRUNCATED):
        parse(b"")


@pytest.mark.parametrize(
    ("source", "link_local", "destination", "multicast"),
    [
        ("169.254.1.1", True, "224.0.0.118", True),
        ("10.0.0.1", False, "10.0.0.2", False),
        ("fe80::1", True, "ff02::15a", True),
        ("2001:db8::1", False, "fe80::2", False),
    ],
)
def test_what_addresses_mean(source, link_local, destination, multicast):
    datagram = ip.parse(ip.build(source, destination, 1, 17, b""))
    assert (datagram.source_is_link_local, datagram.multicast) == (link_local, multicast)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (("10.0.0.1", "ff02::1", 1, 17, b""), "not of one family"),
        (("ff02::1", "10.0.0.1", 1, 17, b""), "not of one family"),
        (("10.0.0.1", "10.0.0.2", 256, 17, b""), "not in 0–255"),
        (("10.0.0.1", "10.0.0.2", 1, -1, b""), "not in 0–255"),
        (("10.0.0.1", "10.0.0.2", 1, 17, bytes(65516)), "do not fit"),
        (("fe80::1", "fe80::2", 1, 17, bytes(65536)), "do not fit"),
        (("10.0.0", "10.0.0.2", 1, 17, b""), "10.0.0"),
    ],
)
def test_what_cannot_be_written(arguments, match):
    with pytest.raises(ValueError, match=match):
        ip.build(*arguments)


@pytest.mark.parametrize(
    ("mac", "address"),
    [("52:54:00:12:34:56", "fe80::5054:ff:fe12:3456"), ("00:16:3e:ff:fe:00", "fe80::216:3eff:feff:fe00")],
)
def test_link_local_from_mac(mac, address):
    assert ip.link_local_from_mac(mac) == address


def test_link_local_of_no_mac():
    with pytest.raises(ValueError, match="not a MAC address"):
        ip.link_local_from_mac("eth0")


ADDRESSES = st.one_of(
    st.tuples(st.ip_addresses(v=4), st.ip_addresses(v=4)), st.tuples(st.ip_addresses(v=6), st.ip_addresses(v=6))
)


@given(ADDRESSES, st.integers(0, 255), st.binary(max_size=60), st.binary(max_size=20))
def test_what_is_built_is_parsed(addresses, hop_limit, payload, padding):
    source, destination = map(str, addresses)
    datagram = ip.parse(ip.build(source, destination, hop_limit, 17, payload) + padding)
    assert datagram == Datagram(addresses[0].version, source, destination, hop_limit, 17, payload)


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_addresses_both_ways(address):
    assert ip.address_text(address.packed) == str(address)
    assert ip.address_bytes(str(address)) == address.packed
