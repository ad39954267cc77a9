import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire.text import MAX_TEXT, endpoint, printable, printable_or_hex


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"sw1.example", "sw1.example"),
        (b"sw1\0\0", "sw1"),
        (b" sw1\r\n", "sw1"),
        ("Zürich 北".encode(), "Zürich 北"),
        (b"a\x1b[2Jb", "a\ufffd[2Jb"),
        (b"a\xffb", "a\ufffdb"),
        ("a\u202eb".encode(), "a\ufffdb"),
        (b"", ""),
    ],
)
def test_printable(data, text):
    assert printable(data) == text


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"Gi1/0/3", "Gi1/0/3"), (b"\x00\x1b\x21", "00:1b:21"), (b"\xff", "ff"), (b" \0", "20:00")],
)
def test_printable_or_hex(data, text):
    assert printable_or_hex(data) == text


@given(st.binary(max_size=400))
def test_nothing_that_moves_a_cursor_comes_through(data):
    assert printable(data).isprintable()
    assert len(printable(data)) <= MAX_TEXT
    assert printable_or_hex(data).isprintable()


def test_an_address_with_a_port():
    assert (endpoint("10.0.0.2", 53), endpoint("fd00::2", 53)) == ("10.0.0.2:53", "[fd00::2]:53")
