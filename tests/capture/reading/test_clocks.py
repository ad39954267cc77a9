"""Ticks to nanoseconds, held against whole numbers without bounds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.capture.reading.clocks import LATEST, NS, Resolution, nanoseconds, resolution


def exact(ticks, clock):
    whole, part = divmod(ticks, clock.base**clock.exponent)
    seconds = max(0, min(LATEST - 1, min(whole, LATEST) + clock.offset))
    return seconds * NS + part * NS // clock.base**clock.exponent


@given(
    ticks=st.integers(0, 2**64 - 1),
    clock=st.builds(Resolution, st.just(10), st.integers(0, 19), st.integers(-LATEST, LATEST))
    | st.builds(Resolution, st.just(2), st.integers(0, 34), st.integers(-LATEST, LATEST)),
)
def test_as_exact_as_nanoseconds_are(ticks, clock):
    assume_plain = clock != (10, 9, 0)
    found = int(nanoseconds(np.array([ticks], np.uint64), clock)[0])
    assert found == (exact(ticks, clock) if assume_plain else min(ticks, LATEST * NS))


@given(ticks=st.integers(0, 2**64 - 1), exponent=st.integers(35, 63))
def test_finer_than_nanoseconds_is_cut(ticks, exponent):
    clock = Resolution(2, exponent)
    found = int(nanoseconds(np.array([ticks], np.uint64), clock)[0])
    assert 0 <= exact(ticks, clock) - found <= 1


@pytest.mark.parametrize(
    ("option", "offset", "clock"),
    [
        (b"", b"", Resolution(10, 6, 0)),
        (b"\x09", b"", Resolution(10, 9, 0)),
        (b"\x94", b"", Resolution(2, 20, 0)),
        (b"\x06", (-5).to_bytes(8, "little", signed=True), Resolution(10, 6, -5)),
        (b"\x06", (2**62).to_bytes(8, "little", signed=True), Resolution(10, 6, LATEST)),
        (b"\x06", b"short", Resolution(10, 6, 0)),
    ],
)
def test_from_options(option, offset, clock):
    assert resolution(option, offset, "<") == clock


def test_offsets_have_the_files_byte_order():
    assert resolution(b"", (7).to_bytes(8, "big"), ">").offset == 7


@pytest.mark.parametrize("clock", [Resolution(10, 20), Resolution(2, 64), Resolution(10, 127)], ids=str)
def test_a_clock_too_fine_for_64_bits_tells_nothing(clock):
    assert not clock.is_known
    assert nanoseconds(np.array([1, 2**63], np.uint64), clock).tolist() == [0, 0]
