"""Beacons, version 1 and 2, both ways.

Octets: version (1 or 2) · type · 2 of length N, big-endian · N of raw Fernet token (`token`), whose plaintext is one gzip
stream (`compression`) of one BSON document (`document`). What follows 4 + N is ignored. The header is not signed.
"""

import struct
from hmac import compare_digest
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
    Letter,
    Received,
    Remote,
    ScanAnswer,
    ScanCall,
    read_document,
    to_document,
    write_bson,
)
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.keys import Key, Keyring
from bellrock.wire.token import BLOCK, MIN_SIZE, OVERHEAD, SIGNATURE, VERSION, decrypt, seal

__all__ = [
    "MAX_ACKS",
    "Beacon",
    "BeaconType",
    "Decoded",
    "Extension",
    "Letter",
    "Received",
    "Remote",
    "ScanAnswer",
    "ScanCall",
    "decode",
    "encode",
    "encode_document",
    "examine",
    "sealed_at",
]

HEADER: Final = struct.Struct("!BBH")
MAX_TOKEN: Final = 0xFFFF
_HEADER_SIZE: Final = HEADER.size
# Looked up once: reading a member of an enumeration costs as much as a comparison of two of these.
_TRUNCATED: Final = Reason.TRUNCATED
_UNKNOWN_VERSION: Final = Reason.UNKNOWN_VERSION
_WRONG_SECRET: Final = Reason.WRONG_SECRET
_MALFORMED: Final = Reason.MALFORMED


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
    found = examine(data, keyring, now)
    if isinstance(found, WireError):
        raise found
    return found


def examine(data: bytes, keyring: Keyring, now: Wall) -> Decoded | WireError:
    """`decode` for whoever may be flooded: the error comes as a value, because raising and catching one costs more than
    all that is done here for random bytes.

    Up to the signature all is in this one function for the same reason: each call more costs a tenth of the whole.
    """
    if len(data) < _HEADER_SIZE:
        return WireError(_TRUNCATED, ("a beacon's header has 4 octets, here are %d", len(data)))
    version = data[0]
    if version != 2 and version != 1:
        return WireError(_UNKNOWN_VERSION, ("beacon version %d; 1 and 2 are known", version))
    size = data[2] << 8 | data[3]
    token = data[4 : 4 + size]
    if len(token) != size or size < MIN_SIZE or token[0] != VERSION or (size - OVERHEAD) % BLOCK:
        return _misshapen(size, token)
    signed = token[:-SIGNATURE]
    signature = token[-SIGNATURE:]
    for key, start in keyring.openers:  # noqa: B007 -- the key that fits is used below
        mac = start()
        mac.update(signed)
        if compare_digest(mac.finalize(), signature):
            break
    else:
        return WireError(_WRONG_SECRET, "no key of ours made its signature")
    try:
        return _open(version, signed, key, keyring, now)
    except WireError as error:
        return error.with_traceback(None)


def sealed_at(data: bytes) -> Wall | None:
    """When a beacon says in clear that it was sealed; None where there is no token. Nobody has proved that it is so."""
    if len(data) < _HEADER_SIZE + MIN_SIZE or data[_HEADER_SIZE] != VERSION:
        return None
    return Wall(float(int.from_bytes(data[5:13], "big")))


def _misshapen(size: int, token: bytes) -> WireError:
    """What is wrong with a payload that cannot be a token."""
    if len(token) < size:
        return WireError(_TRUNCATED, ("the header says %d octets of payload, here are %d", size, len(token)))
    if not size:
        return WireError(Reason.EMPTY, "no payload, so nothing that could be authenticated")
    return WireError(_MALFORMED, ("%d octets of payload that are no Fernet token", size))


def _open(version: int, signed: bytes, key: Key, keyring: Keyring, now: Wall) -> Decoded:
    """What a verified token holds."""
    seconds, plaintext = decrypt(signed, key, now)
    beacon, payload = read_document(version, inflate(plaintext))
    return Decoded(beacon, payload, keyring.keys.index(key), Wall(float(seconds)))


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
