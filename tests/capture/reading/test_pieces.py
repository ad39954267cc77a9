"""Files in pieces."""

import io

import numpy as np
import pytest

from bellrock.capture.reading import pieces as module
from bellrock.capture.reading.pieces import Feed, sliced
from bellrock.capture.reading.source import Source
from bellrock.capture.reading.values import PADDING, Chunk

TEXT = bytes(range(1, 251))


def feed(octets=TEXT):
    return Feed(Source(io.BytesIO(octets), "test"))


@pytest.mark.parametrize("step", [60, 64, 33, 10])
def test_what_was_not_understood_begins_the_next_piece(monkeypatch, step):
    monkeypatch.setattr(module, "MAX_CHUNK", 64)
    one, got = feed(), b""
    while one.more():
        assert one.octets[one.size : one.size + PADDING].tolist() == [0] * PADDING
        taken = min(step, one.size) if not one.last else one.size
        got += one.octets[:taken].tobytes()
        one.passed(taken, 1)
    assert got == TEXT
    assert one.place == len(TEXT)
    assert one.left == 0
    assert not one.more()


def test_looking_at_the_beginning_takes_nothing():
    one = feed()
    assert one.peek(24) == TEXT[:24]
    one.skip(4)
    assert one.more()
    assert one.octets[: one.size].tobytes() == TEXT[4:]
    one.passed(100, 3)
    assert (one.place, one.packets, one.left) == (104, 3, len(TEXT) - 104)


def test_a_short_file():
    one = feed(b"abc")
    assert one.peek(24) == b"abc"
    assert one.more()
    assert one.octets[: one.size].tobytes() == b"abc"
    assert one.last


def test_an_empty_file():
    one = feed(b"")
    assert one.peek(24) == b""
    assert not one.more()


def test_slices_share_the_octets(monkeypatch):
    monkeypatch.setattr(module, "MAX_PACKETS", 4)
    numbers = np.arange(10)
    whole = Chunk(
        octets=np.zeros(100, np.uint8), offsets=numbers, kept=numbers + 1, lengths=numbers + 2, times=numbers + 3,
        interfaces=np.zeros(10, np.int32), first=7,
    )  # fmt: skip
    parts = list(sliced(whole))
    assert [len(part) for part in parts] == [4, 4, 2]
    assert [part.first for part in parts] == [7, 11, 15]
    assert np.concatenate([part.times for part in parts]).tolist() == whole.times.tolist()
    assert all(part.octets is whole.octets for part in parts)
