import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import dhcp
from bellrock.wire.dhcp import HEADER, Kind, Message
from bellrock.wire.errors import Reason, WireError
from fuzz.contract import judge
from tests.wire.vectors import refuses

COOKIE = "63825363"


def message(head: str, options: str, *, sname: bytes = b"", file: bytes = b"") -> bytes:
    """The fixed fields up to giaddr (28 octets) and chaddr in hex, then server name, file, cookie and options."""
    fixed = bytes.fromhex(head)
    return fixed.ljust(44, b"\0") + sname.ljust(64, b"\0") + file.ljust(128, b"\0") + bytes.fromhex(COOKIE + options)


DISCOVER = "01010600 3903f326 0000 8000 00000000 00000000 00000000 00000000 525400123456"
OFFER = "02010600 3903f326 0003 0000 00000000 c0a8000a c0a80001 0a140001 525400123456"

TABLE = [
    (
        "discover of a PXE client (RFC 4578 §2)",
        message(DISCOVER, "350101 3c20505845436c69656e743a417263683a30303030373a554e44493a303033303136 5d020007 5e03010310 ff").ljust(300, b"\0"),
        Message(op=1, xid=0x3903F326, kind=Kind.DISCOVER, chaddr=bytes.fromhex("525400123456"), broadcast=True,
                options={60: b"PXEClient:Arch:00007:UNDI:003016", 93: b"\0\7", 94: b"\1\3\20"}),
    ),
    (
        "offer through a relay with boot file (RFC 2131 §3.1)",
        message(OFFER, "350102 3604c0a80001 330400000e10 5204 0102abcd ff", sname=b"rack", file=b"pxelinux.0").ljust(300, b"\0"),
        Message(op=2, xid=0x3903F326, kind=Kind.OFFER, chaddr=bytes.fromhex("525400123456"), secs=3, yiaddr="192.168.0.10", siaddr="192.168.0.1",
                giaddr="10.20.0.1", sname=b"rack", file=b"pxelinux.0",
                options={54: bytes((192, 168, 0, 1)), 51: b"\0\0\x0e\x10", 82: b"\1\2\xab\xcd"}),
    ),
    (
        "an option of 300 octets in two parts (RFC 3396 §5), relay information last (RFC 3046 §2.1)",
        message(DISCOVER, "350101" + "2bff" + "61" * 255 + "2b2d" + "61" * 45 + "520301 01aa" + "ff").ljust(300, b"\0"),
        Message(op=1, xid=0x3903F326, kind=Kind.DISCOVER, chaddr=bytes.fromhex("525400123456"), broadcast=True,
                options={43: b"a" * 300, 82: b"\1\1\xaa"}),
    ),
    (
        "plain BOOTP, no options",
        message(OFFER, "ff").ljust(300, b"\0"),
        Message(op=2, xid=0x3903F326, chaddr=bytes.fromhex("525400123456"), secs=3, yiaddr="192.168.0.10", siaddr="192.168.0.1", giaddr="10.20.0.1"),
    ),
]  # fmt: skip
TABLE = [pytest.param(data, value, id=name) for name, data, value in TABLE]


@pytest.mark.parametrize(("data", "value"), TABLE)
def test_decode(data, value):
    assert dhcp.decode(data) == dhcp.decode(memoryview(data)) == value


@pytest.mark.parametrize(("data", "value"), TABLE)
def test_encode(data, value):
    assert dhcp.encode(value) == data


@pytest.mark.parametrize(("data", "value"), TABLE)
def test_every_prefix_is_a_message_or_truncated(data, value):
    for size in range(len(data)):
        try:
            assert dhcp.decode(data[:size]).xid == value.xid
        except WireError as error:
            reason = error.reason
            assert reason is Reason.TRUNCATED, size


def test_options_go_on_in_file_and_server_name():
    """RFC 2132 §9.3, RFC 3396 §5: the options field first, then file, then sname; what is split over them is joined."""
    data = message(
        OFFER,
        "340103 2b0161 ff",
        file=bytes.fromhex("2b0162 4303666f6f 340101 ff"),
        sname=bytes.fromhex("2b0163 00 420161 ff"),
    )
    found = dhcp.decode(data)
    assert found.options == {43: b"abc", 67: b"foo", 66: b"a"}
    assert (found.file, found.sname) == (b"", b"")


def test_only_the_overloaded_field_holds_options():
    data = message(OFFER, "340102 ff", file=b"boot\0junk", sname=bytes.fromhex("0c0161 ff"))
    found = dhcp.decode(data)
    assert (found.file, found.sname, found.options) == (b"boot", b"", {12: b"a"})


@pytest.mark.parametrize(
    ("reason", "data"),
    [
        pytest.param(Reason.TRUNCATED, b"", id="nothing"),
        pytest.param(Reason.TRUNCATED, message(OFFER, "")[:239], id="cut in the cookie"),
        pytest.param(Reason.MALFORMED, message(OFFER, "")[:236] + b"\0\0\0\0", id="no cookie"),
        pytest.param(Reason.MALFORMED, message("03" + OFFER[2:], ""), id="op 3"),
        pytest.param(Reason.MALFORMED, message(OFFER[:4] + "11" + OFFER[6:], ""), id="a hardware address of 17 octets"),
        pytest.param(Reason.TRUNCATED, message(OFFER, "3604c0a800"), id="an option beyond the end"),
        pytest.param(
            Reason.TRUNCATED, message(OFFER, "340101", file=b"\x43" + b"\xff" * 127), id="an option beyond the file"
        ),
        pytest.param(Reason.MALFORMED, message(OFFER, "340104"), id="overload 4"),
        pytest.param(Reason.MALFORMED, message(OFFER, "34020101"), id="overload of two octets"),
        pytest.param(Reason.MALFORMED, message(OFFER, "35020101"), id="a message type of two octets"),
        pytest.param(Reason.TOO_BIG, message(OFFER, "") + b"\0" * (dhcp.MAX_OPTIONS + 1), id="endless options"),
    ],
)
def test_refused(reason, data):
    with refuses(reason):
        dhcp.decode(data)


@pytest.mark.parametrize(
    "value",
    [
        Message(op=1, xid=1, chaddr=bytes(17)),
        Message(op=1, xid=1, sname=bytes(65)),
        Message(op=1, xid=1, file=bytes(129)),
        Message(op=1, xid=1 << 32),
        Message(op=1, xid=1, ciaddr="nowhere"),
        Message(op=1, xid=1, options={0: b""}),
        Message(op=1, xid=1, options={255: b""}),
    ],
    ids=["chaddr", "sname", "file", "xid", "ciaddr", "option-0", "option-255"],
)
def test_what_does_not_fit_is_not_written(value):
    with pytest.raises(ValueError, match=r"DHCP|address"):
        dhcp.encode(value)


def test_an_unknown_message_type_is_a_number():
    assert dhcp.decode(message(OFFER, "350113 ff")).kind == 19


def test_packed_is_what_suboptions_reads():
    assert dhcp.suboptions(dhcp.packed([(1, b"eth0"), (5, bytes(4))])) == {1: b"eth0", 5: bytes(4)}


def test_suboptions_are_joined_and_end_where_they_are_cut_off():
    assert dhcp.suboptions(bytes.fromhex("010261 62 020163 010164 ff 0301")) == {1: b"abd", 2: b"c"}
    assert dhcp.suboptions(bytes.fromhex("010261 62 02ff63")) == {1: b"ab"}
    assert dhcp.suboptions(b"") == {}


addresses = st.integers(0, 2**32 - 1).map(lambda n: ".".join(str(octet) for octet in n.to_bytes(4, "big")))
texts = st.binary(max_size=60).filter(lambda b: b"\0" not in b)
messages = st.builds(
    Message, op=st.sampled_from((1, 2)), xid=st.integers(0, 2**32 - 1), kind=st.none() | st.integers(0, 255), htype=st.integers(0, 255),
    chaddr=st.binary(max_size=16), hops=st.integers(0, 255), secs=st.integers(0, 65535), broadcast=st.booleans(), ciaddr=addresses,
    yiaddr=addresses, siaddr=addresses, giaddr=addresses, sname=texts, file=texts,
    options=st.dictionaries(st.integers(1, 254).filter(lambda code: code not in (52, 53)), st.binary(max_size=600), max_size=6),
)  # fmt: skip


@given(messages)
def test_what_is_written_is_read_back(value):
    found = dhcp.decode(dhcp.encode(value))
    assert found == value
    assert len(dhcp.encode(value)) >= dhcp.LEAST


@given(st.binary(max_size=700), st.booleans())
def test_any_octets_are_a_message_or_a_refusal(data, whole):
    octets = (
        HEADER.pack(2, 1, 6, 0, 1, 0, 0, *(bytes(4),) * 4, bytes(6), data[:64], data[64:192]) + dhcp.COOKIE
        if whole
        else b""
    ) + data
    try:
        found = dhcp.decode(octets)
    except WireError as error:
        judge(error)
    else:
        assert isinstance(found, Message)
