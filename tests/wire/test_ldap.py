import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import ldap
from bellrock.wire.ber import ENUMERATED, OCTET_STRING, SEQUENCE, SET, constructed, element, integer
from bellrock.wire.errors import Reason
from bellrock.wire.ldap import DONE, Message, Result
from fuzz.contract import value_or_refusal
from tests.wire.vectors import refuses


def text(value):
    return element(OCTET_STRING, value.encode())


def attribute(name, *values):
    return constructed(SEQUENCE, (text(name), constructed(SET, map(text, values))))


def entry(*attributes):
    return text("") + constructed(SEQUENCE, attributes)


def result(code, said="", *more):
    return b"".join((integer(code, ENUMERATED), text(""), text(said), *more))


def test_starttls():
    # RFC 4511 §4.14.1.
    octets = bytes.fromhex("30 1d 020102 77 18 80 16 312e332e362e312e342e312e313436362e3230303337")
    assert ldap.build_start_tls(2) == octets


def test_unbind():
    assert ldap.build_unbind(3) == bytes.fromhex("30 05 020103 42 00")


def test_the_search_for_the_root_dse():
    octets = ldap.build_root_search(1, 5)
    assert ldap.head_length(octets[:3]) == len(octets) - 3
    message = ldap.parse_message(octets[3:])
    assert (message.id, message.operation) == (1, 0x63)
    assert message.content.startswith(
        bytes.fromhex("0400 0a0100 0a0100 020100 020105 010100 870b 6f626a656374436c617373 3081")
    )
    assert b"namingContexts" in message.content


HEADS = [(b"", None), (b"\x30", None), (b"\x30\x05", 5), (b"\x30\x81", None), (b"\x30\x81\xff", 255), (b"\x30\x84\0\0", None),
         (b"\x30\x84\0\0\0\x10", 16)]  # fmt: skip


@pytest.mark.parametrize(("head", "size"), HEADS, ids=range(len(HEADS)))
def test_heads(head, size):
    assert ldap.head_length(head) == size


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"H", Reason.MALFORMED),
        (b"\x30\x80", Reason.UNSUPPORTED),
        (b"\x30\x84\x10\0\0\0", Reason.TOO_BIG),
        (b"\x30\x85\0\0\0\0\1", Reason.TOO_BIG),
        (b"\x30\xff\0\0\0\0\1", Reason.TOO_BIG),
    ],
    ids=["HTTP", "indefinite", "256 MiB", "five octets", "127 octets"],
)
def test_heads_of_no_message(head, reason):
    with refuses(reason):
        ldap.head_length(head)


def test_messages():
    octets = bytes.fromhex("020107 65 07 0a0100 0400 0400")
    assert ldap.parse_message(octets) == Message(7, DONE, octets[5:])
    assert ldap.parse_message(octets + bytes.fromhex("a000")) == Message(7, DONE, octets[5:]), "controls follow"
    for size in range(len(octets)):
        with refuses(Reason.TRUNCATED):
            ldap.parse_message(octets[:size])


def test_entries():
    content = entry(
        attribute("namingContexts", "dc=example,dc=org", "cn=config"), attribute("vendorName"), attribute("x", "a\x1bb")
    )
    found = ldap.parse_entry(content)
    assert found == {"namingcontexts": ("dc=example,dc=org", "cn=config"), "vendorname": (), "x": ("a\ufffdb",)}
    for size in range(len(content)):
        with refuses(Reason.TRUNCATED):
            ldap.parse_entry(content[:size])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (entry(text("no attribute")), Reason.MALFORMED),
        (entry(attribute("a", *["v"] * 1024)), Reason.TOO_BIG),
        (entry(*[attribute("a")] * 1025), Reason.TOO_BIG),
        (text("") + text(""), Reason.MALFORMED),
    ],
    ids=["no attribute", "many values", "many attributes", "no sequence"],
)
def test_what_is_no_entry(content, reason):
    with refuses(reason):
        ldap.parse_entry(content)


RESULTS = [
    (result(0), Result(0, ""), "success"),
    (result(8, "login first"), Result(8, "login first"), "strongerAuthRequired: login first"),
    (result(99), Result(99, ""), "result 99"),
    (result(52, "bye", constructed(0xA3, (text("ldap://x"),)), element(0x8A, b"1.3.6.1.4.1.1466.20036"), element(0x8B, b"v")),
     Result(52, "bye", ldap.NOTICE_OF_DISCONNECTION), "unavailable: bye"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "value", "words"), RESULTS, ids=range(len(RESULTS)))
def test_results(content, value, words):
    assert ldap.parse_result(content) == value
    assert value.words == words


@given(
    st.binary(max_size=120),
    st.sampled_from([b"", bytes.fromhex("0400 30"), bytes.fromhex("0a0100"), bytes.fromhex("020101")]),
)
def test_a_value_or_the_one_error(data, begun):
    for parse in (ldap.parse_message, ldap.parse_entry, ldap.parse_result, ldap.head_length):
        value_or_refusal(lambda parse=parse: parse(begun + data))
