import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import dhcp6
from bellrock.wire.dhcp6 import Kind, Leased, Message, Relayed
from bellrock.wire.errors import Reason, WireError
from fuzz.contract import judge
from tests.wire.vectors import refuses

DUID = bytes.fromhex("00030001525400123456")
LEASE = "000000010000000000000000 00050018 fd090000000000000000000000000131 00000e10 00001c20"

TABLE = [
    (
        "solicit of a UEFI client (RFC 8415 §18.2.1, RFC 5970 §3.3)",
        "01 a1b2c3 0001000a 00030001525400123456 00080002 0000 0003000c 000000010000000000000000 003d0002 0007",
        Message(kind=Kind.SOLICIT, transaction=0xA1B2C3, options=(
            (dhcp6.CLIENT_ID, DUID), (dhcp6.ELAPSED, b"\0\0"), (dhcp6.IA_NA, dhcp6.wish(1)), (dhcp6.CLIENT_ARCH, b"\0\7"))),
    ),
    (
        "advertise with an address, a preference and a boot URL",
        f"02 a1b2c3 0002000a 00030001525400123456 00070001 ff 00030028 {LEASE} 003b0009 747470733a2f2f2f78",
        Message(kind=Kind.ADVERTISE, transaction=0xA1B2C3, options=(
            (dhcp6.SERVER_ID, DUID), (dhcp6.PREFERENCE, b"\xff"), (dhcp6.IA_NA, bytes.fromhex(LEASE)), (dhcp6.BOOT_URL, b"ttps:///x"))),
    ),
    (
        "relayed (RFC 8415 §9.1)",
        "0c 01 fd200000000000000000000000000001 fe800000000000000000000000000002 00090004 01a1b2c3",
        Relayed(kind=Kind.RELAY_FORWARD, hops=1, link="fd20::1", peer="fe80::2", options=((dhcp6.RELAY_MESSAGE, bytes.fromhex("01a1b2c3")),)),
    ),
    ("no options", "07 000000", Message(kind=Kind.REPLY, transaction=0)),
]  # fmt: skip
TABLE = [pytest.param(bytes.fromhex(octets), value, id=name) for name, octets, value in TABLE]


@pytest.mark.parametrize(("data", "value"), TABLE)
def test_decode(data, value):
    assert dhcp6.decode(data) == dhcp6.decode(memoryview(data)) == value


@pytest.mark.parametrize(("data", "value"), TABLE)
def test_encode(data, value):
    assert dhcp6.encode(value) == data


@pytest.mark.parametrize(("data", "value"), TABLE)
def test_every_prefix_is_a_message_or_truncated(data, value):
    for size in range(len(data)):
        try:
            assert dhcp6.decode(data[:size]).kind == value.kind
        except WireError as error:
            reason = error.reason
            assert reason is Reason.TRUNCATED, size


@pytest.mark.parametrize(
    ("reason", "data"),
    [
        pytest.param(Reason.TRUNCATED, b"\1\2\3", id="three octets"),
        pytest.param(Reason.MALFORMED, bytes(4), id="type 0"),
        pytest.param(Reason.MALFORMED, b"\x14\0\0\0", id="type 20"),
        pytest.param(Reason.TRUNCATED, b"\x0c" + bytes(32), id="a relayed message of 33 octets"),
        pytest.param(Reason.TRUNCATED, bytes.fromhex("01a1b2c3 0001"), id="an option's header cut"),
        pytest.param(Reason.TRUNCATED, bytes.fromhex("01a1b2c3 0001000a 00"), id="an option cut"),
        pytest.param(Reason.TOO_BIG, b"\1\0\0\0" + bytes(4) * (dhcp6.MAX_OPTIONS + 1), id="endless options"),
    ],
)
def test_refused(reason, data):
    with refuses(reason):
        dhcp6.decode(data)


@pytest.mark.parametrize(
    "value",
    [
        Message(kind=1, transaction=1 << 24),
        Message(kind=1, transaction=1, options=((1, bytes(65536)),)),
        Relayed(kind=12, hops=256),
        Relayed(kind=12, link="10.0.0.1"),
        Relayed(kind=12, peer="nowhere"),
    ],
    ids=["transaction", "option", "hops", "link", "peer"],
)
def test_what_does_not_fit_is_not_written(value):
    with pytest.raises(ValueError, match=r"DHCPv6|address"):
        dhcp6.encode(value)


def test_leased():
    assert dhcp6.leased(bytes.fromhex(LEASE)) == Leased(1, (("fd09::131", 3600, 7200),))
    none = bytes.fromhex("00000001 0000000a 00000014 000d0008 0002 6e6f206f6e65")
    assert dhcp6.leased(none) == Leased(1, (), "NoAddrsAvail: no one", 10, 20)
    assert dhcp6.leased(dhcp6.wish(7)) == Leased(7, ())


@pytest.mark.parametrize(
    ("reason", "data"),
    [
        pytest.param(Reason.TRUNCATED, bytes(11), id="no times"),
        pytest.param(Reason.TRUNCATED, bytes(12) + bytes.fromhex("00050002 0000"), id="a short address"),
        pytest.param(Reason.TOO_BIG, bytes(12) + (bytes.fromhex("00050018") + bytes(24)) * 65, id="65 addresses"),
    ],
)
def test_leases_refused(reason, data):
    with refuses(reason):
        dhcp6.leased(data)


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (None, ""), (b"", ""), (b"\0", ""), (b"\0\0fine", ""), (b"\0\2", "NoAddrsAvail"), (b"\0\4here", "NotOnLink: here"),
        (b"\xff\xff", "status 65535"),
    ],
    ids=["none", "empty", "half", "success", "no-text", "text", "unknown"],
)  # fmt: skip
def test_status(octets, text):
    assert dhcp6.status(octets) == text


def test_small_things():
    assert dhcp6.first(((1, b"a"), (1, b"b")), 1) == b"a"
    assert dhcp6.first((), 1) is None
    assert dhcp6.addresses(bytes(15) + b"\1" + b"\0") == ["::1"]
    assert dhcp6.link_layer_duid(bytes.fromhex("525400123456")) == DUID
    assert dhcp6.vendor_class("PXE") == bytes.fromhex("00000157 0003 505845")


options = st.lists(st.tuples(st.integers(0, 65535), st.binary(max_size=300)), max_size=6).map(tuple)
sixes = st.ip_addresses(v=6).map(str)
messages = st.builds(
    Message, kind=st.integers(1, 11), transaction=st.integers(0, 2**24 - 1), options=options
) | st.builds(
    Relayed, kind=st.sampled_from((12, 13)), hops=st.integers(0, 255), link=sixes, peer=sixes, options=options
)


@given(messages)
def test_what_is_written_is_read_back(value):
    assert dhcp6.decode(dhcp6.encode(value)) == value


@given(st.sampled_from((b"", b"\2\0\0\1", b"\x0d" + bytes(33))), st.binary(max_size=300))
def test_any_octets_are_a_message_or_a_refusal(head, data):
    try:
        found = dhcp6.decode(head + data)
        dhcp6.leased(data)
    except WireError as error:
        judge(error)
    else:
        assert dhcp6.encode(found)
