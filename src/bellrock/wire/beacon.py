"""Beacons, version 1 and 2, both ways.

Octets: version (1 or 2) · type · 2 of length N, big-endian · N of raw Fernet token (`token`), whose plaintext is one gzip
stream (`compression`) of one BSON document (`document`). What follows 4 + N is ignored. The header is not signed.
"""

import struct
from typing import Any, Final

from msgspec import Struct

from bellrock.model import Wall
from bellrock.wire.compression import deflate, inflate
from bellrock.wire.document import (
    MAX_ACKS,
    Beacon,
    BeaconType,
    Document,
    Extension,
    Received,
    Remote,
    read_bson,
    to_beacon,
    to_document,
    write_bson,
)
from bellrock.wire.errors import Reason, WireError, refusal
from bellrock.wire.keys import Key, Keyring
from bellrock.wire.token import open_token, seal

__all__ = [
    "MAX_ACKS",
    "Beacon",
    "BeaconType",
    "Decoded",
    "Extension",
    "Received",
    "Remote",
    "decode",
    "encode",
    "encode_document",
]

VERSIONS: Final = (1, 2)
HEADER: Final = struct.Struct("!BBH")
MAX_TOKEN: Final = 0xFFFF
_header: Final = HEADER.unpack_from


class Decoded(Struct, frozen=True):
    """An authenticated beacon.

    `payload` is the whole document as it came, `key` the index in the keyring of the key that opened it, `sent` the
    second at which the sender's clock says it was sealed.
    """

    beacon: Beacon
    payload: dict[str, Any]
    key: int
    sent: Wall


def decode(data: bytes, keyring: Keyring, now: Wall) -> Decoded:
    """Verify, decrypt, inflate and read one UDP payload, in this order.

    Raises:
        WireError: TRUNCATED, UNKNOWN_VERSION, EMPTY, MALFORMED, WRONG_SECRET, SKEW, TOO_BIG.
    """
    version, token = _split(data)
    key, seconds, plaintext = open_token(token, keyring, now)
    payload = read_bson(inflate(plaintext))
    return Decoded(to_beacon(version, payload), payload, key, Wall(float(seconds)))


def _split(data: bytes) -> tuple[int, bytes]:
    """Version and token."""
    if len(data) < HEADER.size:
        raise refusal(Reason.TRUNCATED, ("a beacon's header has 4 octets, here are %d", len(data)))
    version, _, length = _header(data)
    if version not in VERSIONS:
        raise refusal(Reason.UNKNOWN_VERSION, ("beacon version %d; 1 and 2 are known", version))
    token = data[4 : 4 + length]
    if len(token) < length:
        raise refusal(Reason.TRUNCATED, ("the header says %d octets of payload, here are %d", length, len(token)))
    if not length:
        raise refusal(Reason.EMPTY, "no payload, so nothing that could be authenticated")
    return version, token


def encode(beacon: Beacon, key: Key, now: Wall, iv: bytes, mtime: int = 0) -> bytes:
    """The UDP payload of a beacon. `iv`: 16 fresh random octets; `mtime`: the time in the gzip header.

    Raises:
        ValueError: what a peer would refuse: an id of another kind, a type other than 1 and 2, text too long.
    """
    written = write_bson(beacon.version, to_document(beacon))
    return _seal(beacon.version, beacon.type, deflate(written, mtime), key, now, iv)


def encode_document(
    payload: Document, version: int, type: int, key: Key, now: Wall, iv: bytes, compressed: bytes | None = None
) -> bytes:
    """The UDP payload of a document, key order kept. `compressed`: the gzip stream to use for it, where it matters.

    Raises:
        ValueError: what a peer would refuse, a `type` that the payload contradicts, or a stream of something else.
    """
    written = write_bson(version, payload)
    if payload["type"] != type:
        raise ValueError(f"the payload's `type` is {payload['type']}, the header's {int(type)}")
    if compressed is None:
        compressed = deflate(written)
    elif _inflated(compressed) != written:
        raise ValueError("the compressed stream does not hold this payload")
    return _seal(version, type, compressed, key, now, iv)


def _inflated(compressed: bytes) -> bytes:
    try:
        return inflate(compressed)
    except WireError as error:
        raise ValueError(f"peers would refuse the compressed stream: {error.detail}") from None


def _seal(version: int, type: int, plaintext: bytes, key: Key, now: Wall, iv: bytes) -> bytes:
    token = seal(plaintext, key, int(now), iv)
    if len(token) > MAX_TOKEN:
        raise ValueError(f"a token of {len(token)} octets does not fit a beacon; at most {MAX_TOKEN} do")
    return HEADER.pack(version, type, len(token)) + token
