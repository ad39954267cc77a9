import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire.greeting import MAX_SHOWN, described, protocol_of

TABLE = [
    ("HTTP", b"HTTP/1.1 400 Bad Request\r\n"),
    ("SSH", b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
    ("TLS", bytes.fromhex("15 03 03 00 02 02 28")),
    ("TLS", bytes.fromhex("16 03 01 02 00 01")),
    ("SMTP", b"220 mail.example ESMTP Postfix\r\n"),
    ("FTP or SMTP", b"220 (vsFTPd 3.0.3)\r\n"),
    ("IMAP", b"* OK ready\r\n"),
    ("POP3", b"+OK ready\r\n"),
    ("VNC", b"RFB 003.008\n"),
    ("telnet", bytes.fromhex("ff fd 18")),
    ("LDAP", bytes.fromhex("30 24 02 01 00 78 1f")),
    ("LDAP", bytes.fromhex("30 84 00000010 02 01 01 65 84")),
    ("a bare document", b"<html><body>"),
    ("", b"hello"),
    ("", b""),
]


@pytest.mark.parametrize(("name", "octets"), TABLE, ids=[f"{i}-{row[0]}" for i, row in enumerate(TABLE)])
def test_the_first_octets_tell(name, octets):
    assert protocol_of(octets) == name
    if name:
        assert described(octets) == name


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"", "nothing"),
        (b"hello there\r\nand more", "'hello there'"),
        (b"x" * 100, repr("x" * MAX_SHOWN)),
        (b"\x00\x05\x00\x04Illegal", "octets 00 05 00 04 49 6c 6c 65 67 61 6c"),
        (b"\n\n", "octets 0a 0a"),
    ],
    ids=["nothing", "a line", "long", "octets", "empty lines"],
)
def test_what_is_not_known_is_quoted(octets, words):
    assert described(octets) == words


@given(st.binary(max_size=200))
def test_any_octets_are_described_in_one_short_printable_line(octets):
    words = described(octets)
    assert words
    assert words.isprintable()
    assert len(words) < 80
