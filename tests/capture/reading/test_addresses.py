"""Addresses of columns as text."""

import pytest

from bellrock.capture.reading.addresses import mac, text


@pytest.mark.parametrize(
    ("version", "high", "low", "said"),
    [
        (4, 0, 0x0A000001, "10.0.0.1"),
        (4, 0, 0, "0.0.0.0"),
        (6, 0xFE80 << 48, 1, "fe80::1"),
        (6, 0, 0, "::"),
        (6, 2**64 - 1, 2**64 - 1, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        (0, 0, 0, ""),
    ],
)
def test_of_words(version, high, low, said):
    assert text(version, high, low) == said


def test_of_cards():
    assert mac(0x525400123456) == "52:54:00:12:34:56"
    assert mac(0) == "00:00:00:00:00:00"
    assert mac(-1) == ""
