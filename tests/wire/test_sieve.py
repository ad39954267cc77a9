import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.vectors import EXTENSION, IV, MAC, NOW, OTHER_SECRET, SECRET, beacon, key, keyring

from bellrock.model import Wall
from bellrock.wire.beacon import encode, examine
from bellrock.wire.errors import WireError
from bellrock.wire.ethernet import Tag
from bellrock.wire.frame import build_beacon_frame, open_beacon_frame
from bellrock.wire.ip import link_local_from_mac
from bellrock.wire.sieve import Sieve

SOURCES = ["10.20.30.41", link_local_from_mac(MAC)]
RING = keyring(SECRET)
SIEVE = Sieve(RING)


def framed(secret: str, source: str, version: int = 2, padding: int = 0, now: Wall = NOW) -> bytes:
    data = encode(beacon(version, EXTENSION), key(secret), now, IV)
    return build_beacon_frame(data + bytes(padding), MAC, source)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("padding", [0, 400])
def test_tells_ours_from_forged_ones(source, version, padding):
    assert not SIEVE.forged(framed(SECRET, source, version, padding))
    assert SIEVE.forged(framed(OTHER_SECRET, source, version, padding))


@pytest.mark.parametrize("source", SOURCES)
def test_every_key_of_the_ring_counts(source):
    both = Sieve(keyring(OTHER_SECRET, SECRET))
    assert not both.forged(framed(SECRET, source))
    assert not both.forged(framed(OTHER_SECRET, source))


@pytest.mark.parametrize("source", SOURCES)
def test_time_is_for_the_parser_to_judge(source):
    assert not SIEVE.forged(framed(SECRET, source, now=Wall(0.0)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(14),
        bytes(300),
        build_beacon_frame(b"", MAC, SOURCES[0]),
        build_beacon_frame(b"\x02\x01\xff\xff" + bytes(100), MAC, SOURCES[1]),
        build_beacon_frame(b"\x02\x01\x00\x00" + bytes(100), MAC, SOURCES[1]),
        build_beacon_frame(bytes(300), MAC, SOURCES[0], (Tag(0x8100, 10),)),
        framed(OTHER_SECRET, SOURCES[0])[:23] + b"\x06" + framed(OTHER_SECRET, SOURCES[0])[24:],
        framed(OTHER_SECRET, SOURCES[1])[:20] + b"\x3c" + framed(OTHER_SECRET, SOURCES[1])[21:],
    ],
)
def test_frames_of_other_shapes_are_left_to_the_parsers(data):
    assert not SIEVE.forged(data)


@given(st.sampled_from(SOURCES), st.sampled_from((SECRET, OTHER_SECRET)), st.data())
def test_what_it_calls_forged_no_parser_would_let_in(source, secret, data):
    octets = bytearray(framed(secret, source))
    for at in data.draw(st.lists(st.integers(0, len(octets) - 1), max_size=3)):
        octets[at] = data.draw(st.integers(0, 255))
    octets = bytes(octets[: data.draw(st.sampled_from((len(octets), len(octets), 200)))])
    if SIEVE.forged(octets):
        try:
            heard = open_beacon_frame(octets)
        except WireError:
            return
        assert isinstance(examine(heard.payload, RING, NOW), WireError)
