"""The mark by which both ends of a path know a walk's packets: 44 ASCII characters, authenticated, short enough for a DNS label.

`bw1-` and 40 letters of base32 (RFC 4648 §6, lower case) for 25 octets: 8 of the walk's id, 1 that says what it is and which
of several packets, 16 of HMAC-SHA256 under the walk's key. Whoever does not have the key, which the region draws for one walk and gives to
its two ends only, can neither make one nor an answer to one.
"""

import hmac
import re
from base64 import b32decode, b32encode
from enum import IntEnum
from typing import Final

from msgspec import Struct

from bellrock.wire.errors import Reason, WireError

PREFIX: Final = b"bw1-"
SIZE: Final = 44
"""Octets of a mark."""
KEY_SIZE: Final = 32
WALK_SIZE: Final = 8
MAX_NUMBER: Final = 63
_CONTEXT: Final = b"bellrock walk v1"
_MAC: Final = 16
_TAG: Final = len(PREFIX)
_SHAPE: Final = re.compile(rb"bw1-[a-z2-7]{40}", re.IGNORECASE)
MAX_CANDIDATES: Final = 4
"""Things that look like a mark, of which a signature is checked in one packet."""


class Kind(IntEnum):
    """What a packet is, to the two ends."""

    REQUEST = 0
    """Of the source: to be answered."""
    PROBE = 1
    """Of the source, sent with a small hop limit to learn who is on the way: never answered by whom it is for."""
    REPLY = 2
    """Of the target's own listener."""


class Mark(Struct, frozen=True):
    """What a mark says. `number`, 0 to 63: which try, or, of a probe and of replies like it, the hop limit that it was sent with."""

    walk: bytes
    """8 octets."""
    kind: Kind
    number: int = 0


def encode(mark: Mark, key: bytes) -> bytes:
    """The 44 octets.

    Raises:
        ValueError: a walk's id, number or key that does not fit.
    """
    if len(mark.walk) != WALK_SIZE or len(key) != KEY_SIZE:
        raise ValueError(f"a walk's id has {WALK_SIZE} octets and its key {KEY_SIZE}, not {len(mark.walk)}, {len(key)}")
    if not 0 <= mark.number <= MAX_NUMBER:
        raise ValueError(f"a mark's number is 0 to {MAX_NUMBER}, not {mark.number}")
    said = mark.walk + bytes((mark.kind << 6 | mark.number,))
    return PREFIX + b32encode(said + _sign(said, key)).lower()


def find(payload: bytes, walk: bytes, key: bytes) -> Mark:
    """The mark of this walk in a payload, wherever its protocol has put it.

    Raises:
        WireError: MALFORMED, there is none; WRONG_SECRET, what looks like one is not signed with this key, or is another walk's.
    """
    found = [match.group() for match in _SHAPE.finditer(payload)][:MAX_CANDIDATES]
    for text in found:
        mark = _opened(text, walk, key)
        if mark is not None:
            return mark
    if found:
        raise WireError(Reason.WRONG_SECRET, "a walk's mark: not of this walk, or not signed with its key")
    raise WireError(Reason.MALFORMED, "no walk's mark")


def _opened(text: bytes, walk: bytes, key: bytes) -> Mark | None:
    octets = b32decode(text[_TAG:].upper())
    said, mac = octets[:-_MAC], octets[-_MAC:]
    if not hmac.compare_digest(mac, _sign(said, key)) or said[:WALK_SIZE] != walk:
        return None
    kind, number = said[WALK_SIZE] >> 6, said[WALK_SIZE] & MAX_NUMBER
    return Mark(walk, Kind(kind), number) if kind in tuple(Kind) else None


def _sign(said: bytes, key: bytes) -> bytes:
    return hmac.digest(key, _CONTEXT + said, "sha256")[:_MAC]
