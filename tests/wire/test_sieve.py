"""The first look never says of a beacon that a parser would accept that it is forged, and sees through a plain forgery."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.model import Wall
from bellrock.wire.beacon import Beacon, BeaconType, Decoded, Remote, encode, examine
from bellrock.wire.errors import WireError
from bellrock.wire.ethernet import TPID_CUSTOMER, Tag
from bellrock.wire.frame import build_beacon_frame, open_beacon_frame
from bellrock.wire.keys import Key, Keyring
from bellrock.wire.sieve import Sieve

NOW = Wall(1_790_000_000.0)
OURS, OLD, STRANGER = Key(b"k" * 32), Key(b"o" * 32), Key(b"s" * 32)
KEYRING = Keyring([OURS, OLD])
MAC = "52:54:00:12:34:56"
SOURCES = ("10.0.0.1", "fe80::1")


def frame(key, source=SOURCES[0], tags=()) -> bytes:
    beacon = Beacon(
        version=2, type=BeaconType.SOLICITATION, id="01M3250V7TXQRSP72K94ZGK21K", remote=Remote("eth0", MAC, "physical")
    )
    return build_beacon_frame(encode(beacon, key, NOW, os.urandom(16)), MAC, source, tags)


def accepted(data) -> bool:
    try:
        heard = open_beacon_frame(data, (), False)
    except WireError:
        return False
    return isinstance(examine(heard.payload, KEYRING, NOW), Decoded)


@pytest.mark.parametrize("source", SOURCES)
def test_a_strangers_beacon_is_forged_and_ours_of_any_key_is_not(source):
    sieve = Sieve(KEYRING)
    assert sieve.forged(frame(STRANGER, source))
    assert not sieve.forged(frame(OURS, source))
    assert not sieve.forged(frame(OLD, source))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        frame(STRANGER)[:40],
        frame(STRANGER)[:-1],
        frame(STRANGER, tags=(Tag(TPID_CUSTOMER, 10),)),
        frame(STRANGER)[:14] + b"\x46" + frame(STRANGER)[15:],
        bytes.fromhex("0180c200000e52540000000288cc") + b"\0" * 100,
    ],
    ids=["nothing", "cut", "one short", "tag in the data", "options", "LLDP"],
)
def test_other_shapes_are_left_to_the_parsers(data):
    assert not Sieve(KEYRING).forged(data)


@given(
    source=st.sampled_from(SOURCES),
    key=st.sampled_from([OURS, OLD, STRANGER]),
    at=st.integers(0, 400),
    change=st.integers(1, 255),
    cut=st.integers(0, 20),
    more=st.binary(max_size=20),
)
def test_what_a_parser_accepts_is_never_called_forged(source, key, at, change, cut, more):
    data = bytearray(frame(key, source))
    if at < len(data):
        data[at] ^= change
    data = bytes(data[: len(data) - cut]) + more
    if Sieve(KEYRING).forged(data):
        assert not accepted(data)
