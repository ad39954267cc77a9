import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import dns
from bellrock.wire.dns import Answered, Asked
from bellrock.wire.errors import Reason, WireError
from tests.wire.vectors import refuses

NAME = "04 6d616173 07 6578616d706c65 00"  # maas.example
A_RECORD = "c00c 0001 0001 0000003c 0004 0a000001"
AAAA_RECORD = "c00c 001c 0001 0000003c 0010 fd000000000000000000000000000001"
CNAME = "c00c 0005 0001 0000003c 0006 03 777777 c00c"
TABLE = [
    ("asks", f"0007 0100 0001 0000 0000 0000 {NAME} 0001 0001", Asked(7, "maas.example", "A")),
    ("asks with EDNS", f"0007 0100 0001 0000 0000 0001 {NAME} 001c 0001 00 0029 04d0 00000000 0000", Asked(7, "maas.example", "AAAA")),
    ("asks in capitals", "0007 0100 0001 0000 0000 0000 04 4d414153 00 0001 0001", Asked(7, "maas", "A")),
    ("asks for the root", "0007 0100 0001 0000 0000 0000 00 0002 0001", Asked(7, "", "NS")),
    ("asks for another type", f"0007 0100 0001 0000 0000 0000 {NAME} 0101 0001", Asked(7, "maas.example", "TYPE257")),
    ("answers", f"0007 8180 0001 0001 0000 0000 {NAME} 0001 0001 {A_RECORD}", Answered(7, "maas.example", "A", "NOERROR", ("10.0.0.1",))),
    (
        "answers by an alias, in both families",
        f"0007 8180 0001 0003 0000 0000 {NAME} 00ff 0001 {CNAME} {A_RECORD} {AAAA_RECORD}",
        Answered(7, "maas.example", "ANY", "NOERROR", ("10.0.0.1", "fd00::1")),
    ),
    ("no such name", f"0007 8183 0001 0000 0001 0000 {NAME} 0001 0001", Answered(7, "maas.example", "A", "NXDOMAIN")),
    ("refused, no question repeated", "0007 8185 0000 0000 0000 0000", Answered(7, "", "", "REFUSED")),
    ("another rcode", f"0007 818b 0001 0000 0000 0000 {NAME} 0001 0001", Answered(7, "maas.example", "A", "RCODE11")),
    ("did not fit", f"0007 8380 0001 0000 0000 0000 {NAME} 0001 0001", Answered(7, "maas.example", "A", "NOERROR", truncated=True)),
    ("the second record is cut", f"0007 8180 0001 0002 0000 0000 {NAME} 0001 0001 {A_RECORD} {A_RECORD[:24]}",
     Answered(7, "maas.example", "A", "NOERROR", ("10.0.0.1",))),
    ("a record of another class", f"0007 8180 0001 0001 0000 0000 {NAME} 0001 0001 c00c 0001 0003 0000003c 0004 0a000001",
     Answered(7, "maas.example", "A", "NOERROR")),
    ("a name in a record that cannot be read", f"0007 8180 0001 0001 0000 0000 {NAME} 0001 0001 80",
     Answered(7, "maas.example", "A", "NOERROR")),
    ("a label with a dot and an escape sequence", "0007 0100 0001 0000 0000 0000 05 612e621b63 00 0001 0001", Asked(7, "a\\.b�c", "A")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_parse(text, value):
    data = bytes.fromhex(text)
    assert dns.parse(data) == dns.parse(memoryview(data)) == value
    assert dns.parse_stream(len(data).to_bytes(2, "big") + data + b"more") == value


@pytest.mark.parametrize(
    "text", ["0007 2800 0001 0000 0000 0000", "0007 0100 0002 0000 0000 0000", "0007 0100 0000 0000 0000 0000"]
)
def test_other_operations(text):
    with refuses(Reason.UNSUPPORTED):
        dns.parse(bytes.fromhex(text))


def test_every_prefix_of_a_question_is_truncated():
    data = bytes.fromhex(TABLE[0][1])
    for size in range(len(data)):
        with refuses(Reason.TRUNCATED):
            dns.parse(data[:size])
    with refuses(Reason.TRUNCATED):
        dns.parse_stream(b"\0")


@pytest.mark.parametrize("name", ["c00c", "c0ff", "01 61 c00e", "80", "3f" + "61" * 63 + "c00c"])
def test_names_that_run_in_circles(name):
    with refuses(Reason.MALFORMED):
        dns.parse(bytes.fromhex(f"0007 0100 0001 0000 0000 0000 {name} 0001 0001"))


def test_a_name_that_is_too_long():
    with refuses(Reason.MALFORMED):
        dns.parse(bytes.fromhex("0007 0100 0001 0000 0000 0000") + (b"\x3f" + b"a" * 63) * 4 + bytes(5))


def test_addresses_are_bounded():
    found = dns.parse(bytes.fromhex(f"0007 8180 0001 0040 0000 0000 {NAME} 0001 0001 {A_RECORD * 64}"))
    assert len(found.addresses) == dns.MAX_ADDRESSES


@given(
    st.sampled_from(["", "0007 0100 0001 0000 0000 0000", f"0007 8180 0001 0004 0000 0000 {NAME} 0001 0001"]),
    st.binary(max_size=300),
)
def test_a_value_or_the_one_error(head, data):
    try:
        found = dns.parse(bytes.fromhex(head) + data)
    except WireError:
        return
    assert found.name.isprintable()
    assert len(found.name) <= 512
