"""Where secrets are."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.capture import secrets
from bellrock.capture.layers import layers
from bellrock.capture.secrets import Streams, ipmi_secrets
from tests.capture.packets import Packet

LDAP_PORT = frozenset((389,))


def segment(payload, port=80, sequence=1, source_port=40000):
    frame = bytearray(Packet(4, 6, "10.0.0.1", "10.0.0.2", source_port, port, payload=payload).frame())
    frame[38:42] = struct.pack("!I", sequence)
    return bytes(frame)


def found(streams, frame):
    return [frame[start:end] for start, end in streams.secrets(frame, layers(frame))]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic dXNlcjpwYXNz\r\nAccept: *\r\n\r\n", b"Basic dXNlcjpwYXNz"),
        (b"GET / HTTP/1.1\r\nproxy-authorization:Basic abc\r\n\r\n", b"Basic abc"),
        (b"GET / HTTP/1.1\nCookie: sessionid=1234; csrftoken=5\n\n", b"sessionid=1234; csrftoken=5"),
        (b"HTTP/1.1 200 OK\r\nSet-Cookie: sessionid=12\r\n\r\n", b"sessionid=12"),
        (b"HTTP/1.1 201 Created\r\nX-Auth-Token: 0123\r\n\r\n", b"0123"),
        (b"GET http://me:word@mirror/ubuntu HTTP/1.1\r\nHost: mirror\r\n\r\n", b"me:word"),
    ],
)
def test_http(text, secret):
    assert found(Streams(LDAP_PORT), segment(text)) == [secret]


@pytest.mark.parametrize(
    "text",
    [b"GET /cookie: HTTP/1.1\r\nHost: a\r\n\r\n", b"POST / HTTP/1.1\r\nAuthorized: no\r\n\r\nx", b"\x16\x03\x01binary"],
)
def test_what_is_no_secret(text):
    assert found(Streams(LDAP_PORT), segment(text)) == []


@pytest.mark.parametrize("text", [b"GET / HTTP/1.1\r\nAuthorization: Basic dXNlcjpwYXNz\r\nHost: x\r\n\r\n"])
def test_split_anywhere_and_sent_twice(text):
    secret = b"Basic dXNlcjpwYXNz"
    for cut in range(1, len(text)):
        for _ in range(2):
            streams = Streams(LDAP_PORT)
            first, second = (
                segment(text[:cut], sequence=2**32 - 5),
                segment(text[cut:], sequence=(2**32 - 5 + cut) % 2**32),
            )
            seen = b"".join(found(streams, first) + found(streams, second))
            assert seen.replace(b" ", b"") == secret.replace(b" ", b""), cut
            assert found(streams, second) == found(streams, second)
            assert b"".join(found(streams, first) + found(streams, second)) == seen


@given(st.lists(st.integers(1, 70), max_size=6))
def test_split_into_many(cuts):
    text = b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic dXNlcjpwYXNz\r\nAccept: y\r\n\r\n"
    streams, seen, at = Streams(LDAP_PORT), b"", 0
    for cut in sorted({*cuts, len(text)}):
        part = text[at:cut]
        seen += b"".join(found(streams, segment(part, sequence=at)))
        at = min(cut, len(text))
    assert seen.replace(b" ", b"") == b"BasicdXNlcjpwYXNz"


def test_streams_are_kept_apart_and_bounded(monkeypatch):
    monkeypatch.setattr(secrets, "MAX_STREAMS", 3)
    streams = Streams(LDAP_PORT)
    for port in range(5):
        found(streams, segment(b"Authorization: a", sequence=1, source_port=port))
    assert found(streams, segment(b"bcd", sequence=17, source_port=4)) == [b"bcd"]
    assert found(streams, segment(b"bcd", sequence=17, source_port=0)) == []
    assert found(streams, segment(b"bcd", sequence=99, source_port=4)) == []


def ber(tag, *parts):
    body = b"".join(parts)
    length = bytes([len(body)]) if len(body) < 128 else b"\x82" + struct.pack("!H", len(body))
    return bytes([tag]) + length + body


def bind(proof, number=1):
    return ber(0x30, ber(2, bytes([number])), ber(0x60, ber(2, b"\3"), ber(4, b"cn=admin,dc=example"), proof))


@pytest.mark.parametrize("password", [b"geheim", b"long" * 60])
def test_ldap_simple_bind(password):
    message = bind(ber(0x80, password))
    assert found(Streams(LDAP_PORT), segment(message, 389)) == [password]
    assert found(Streams(LDAP_PORT), segment(message, 390)) == []
    assert found(Streams(LDAP_PORT), segment(message + bind(ber(0x80, b"two"), 2), 389)) == [password, b"two"]


def test_ldap_sasl():
    proof = ber(0xA3, ber(4, b"PLAIN"), ber(4, b"\0me\0word"))
    (seen,) = found(Streams(LDAP_PORT), segment(bind(proof), 389))
    assert b"word" in seen


def test_ldap_password_in_two_segments():
    message = bind(ber(0x80, b"secretpassword"))
    streams = Streams(LDAP_PORT)
    cut = len(message) - 6
    assert found(streams, segment(message[:cut], 389)) == [b"secretpa"[-8:]]
    rest = segment(message[cut:] + bind(ber(0x80, b"two")), 389, sequence=1 + cut)
    assert found(streams, rest) == [b"ssword", b"two"]


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\x30",
        b"\x30\x80",
        b"\x30\x85aaaaaaa",
        ber(0x30, ber(2, b"\1"), ber(0x63, b"search")),
        ber(0x30, ber(4, b"x")),
        ber(0x30, ber(2, b"\1")),
        bind(b""),
    ],
)
def test_what_is_no_bind(message):
    assert found(Streams(LDAP_PORT), segment(message, 389)) == []


def rmcp_plus(kind, payload):
    return b"\x06\x00\xff\x07\x06" + bytes([kind]) + struct.pack("<IIH", 0, 0, len(payload)) + payload


@pytest.mark.parametrize(("kind", "before"), [(0x12, None), (0x13, 40), (0x14, 8), (0x15, 8), (0x10, None)])
def test_ipmi_2(kind, before):
    payload = rmcp_plus(kind, b"p" * (before or 30) + (b"HMAC" * 5 if before else b""))
    spans = ipmi_secrets(payload, 0, len(payload))
    assert [payload[a:b] for a, b in spans] == ([b"HMAC" * 5] if before else [])


def test_ipmi_1_5():
    datagram = b"\x06\x00\xff\x07\x04" + bytes(8) + b"straightpassword" + b"\x07message"
    assert [datagram[a:b] for a, b in ipmi_secrets(datagram, 0, len(datagram))] == [b"straightpassword"]
    assert ipmi_secrets(b"\x06\x00\xff\x07\x00" + bytes(20), 0, 25) == []
    assert ipmi_secrets(b"\x06\x00\xff\x06" + bytes(20), 0, 24) == []
    assert ipmi_secrets(b"\x06", 0, 1) == []


def test_ldap_bind_cut_anywhere_and_sent_twice():
    secret = b"geheim"
    message = bind(ber(0x80, secret))
    for cut in range(1, len(message)):
        streams = Streams(LDAP_PORT)
        parts = segment(message[:cut], 389), segment(message[cut:], 389, sequence=1 + cut)
        for _ in range(2):
            assert b"".join(found(streams, parts[0]) + found(streams, parts[1])) == secret, cut
        assert b"".join(found(streams, parts[1])) == secret[max(0, cut - len(message) + len(secret)) :], cut


@given(st.lists(st.integers(1, 300), max_size=8), st.sampled_from((b"a", b"geheim", b"long" * 50)), st.booleans())
def test_ldap_bind_cut_into_many(cuts, secret, sasl):
    proof = ber(0xA3, ber(4, b"PLAIN"), ber(4, secret)) if sasl else ber(0x80, secret)
    message = bind(proof) + bind(ber(0x80, b"two"), 2)
    streams, seen, at = Streams(LDAP_PORT), b"", 0
    for cut in sorted({*cuts, len(message)}):
        seen += b"".join(found(streams, segment(message[at:cut], 389, sequence=at)))
        at = min(cut, len(message))
    assert seen == (ber(4, b"PLAIN") + ber(4, secret) if sasl else secret) + b"two"


def test_a_bind_after_what_only_looked_like_the_beginning_of_one():
    streams = Streams(LDAP_PORT)
    assert found(streams, segment(b"\x30\x0c\x02\x01", 389)) == []
    assert found(streams, segment(bind(ber(0x80, b"geheim")), 389, sequence=5)) == [b"geheim"]


def test_a_name_too_long_to_remember_is_blanked_to_the_end_of_its_message():
    name = ber(4, b"cn=" + b"a" * 2000)
    message = ber(0x30, ber(2, b"\1"), ber(0x60, ber(2, b"\3"), name, ber(0x80, b"geheim")))
    streams = Streams(LDAP_PORT)
    assert found(streams, segment(message[:1400], 389)) == []
    rest = segment(message[1400:] + bind(ber(0x80, b"two")), 389, sequence=1401)
    assert found(streams, rest) == [message[1400:], b"two"]


FOLDED = b"GET / HTTP/1.1\r\nAuthorization: Digest a,\r\n realm=b,\r\n\tresponse=c\r\nHost: x\r\n y\r\n\r\n"


def test_a_folded_value_is_one_value():
    assert found(Streams(LDAP_PORT), segment(FOLDED)) == [b"Digest a,\r\n realm=b,\r\n\tresponse=c"]


def test_a_folded_value_cut_anywhere():
    for cut in range(1, len(FOLDED)):
        streams = Streams(LDAP_PORT)
        seen = found(streams, segment(FOLDED[:cut])) + found(streams, segment(FOLDED[cut:], sequence=1 + cut))
        text = b"".join(seen)
        assert b"".join(text.split()) == b"Digesta,realm=b,response=c", cut


def test_a_message_of_no_definite_length_ends_the_search():
    assert found(Streams(LDAP_PORT), segment(bind(ber(0x80, b"geheim")) + b"\x30\x80" + b"x" * 9, 389)) == [b"geheim"]


def test_a_name_that_is_cut_in_its_length():
    name = ber(4, b"cn=" + b"a" * 300)
    message = ber(0x30, ber(2, b"\1"), ber(0x60, ber(2, b"\3"), name, ber(0x80, b"geheim")))
    cut = message.index(b"\x04\x82") + 3
    streams = Streams(LDAP_PORT)
    assert found(streams, segment(message[:cut], 389)) == []
    assert found(streams, segment(message[cut:], 389, sequence=1 + cut)) == [b"geheim"]
