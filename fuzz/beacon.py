"""Beacons. The first octet says how deep the rest begins, because hardly a mutation would ever find a valid signature:

0 the UDP payload itself · 1 what is signed, padding and all · 2 the plaintext, to be sealed · 3 the content of the gzip stream ·
4 elements of the BSON document · 5 the same, added to a valid document · 6 elements of the sub-document `bellrock`.
An octet with 0x80 set makes it version 1.
"""

import json

from bellrock.model import Wall
from bellrock.wire.beacon import Decoded, decode, encode, examine
from bellrock.wire.compression import deflate
from bellrock.wire.errors import WireError
from bellrock.wire.keys import Key, Keyring
from bellrock.wire.token import HEADER, VERSION, seal
from fuzz.contract import demand, judge

NOW = Wall(1790000000.25)
KEY = Key(bytes(range(32)))
RING = Keyring((Key(bytes(32)), KEY))
IV = bytes(16)
IDS = {
    1: b"\x02uuid\0\x25\0\0\x009922259e-b5c6-11f1-8934-3ea8a008cd1a\0",
    2: b"\x02ulid\0\x1b\0\0\x0001M3250V7TXQRSP72K94ZGK21K\0",
}
TYPE = b"\x10type\0\x01\0\0\0"


def document(elements: bytes) -> bytes:
    """Elements with the length before and the end after them."""
    return (len(elements) + 5).to_bytes(4, "little") + elements + b"\0"


def text(name: bytes, value: bytes) -> bytes:
    return b"\x02" + name + b"\0" + (len(value) + 1).to_bytes(4, "little") + value + b"\0"


REMOTE = b"\x03remote\0" + document(text(b"name", b"eth0") + text(b"mac_address", b"52:54:00:12:34:56"))
EXTENSION = text(b"agent", b"a") + text(b"host", b"h") + text(b"boot", b"b")


def signed(body: bytes) -> bytes:
    """A token of any body behind the IV, rightly signed."""
    token = HEADER.pack(VERSION, int(NOW), IV) + body
    mac = KEY.signer.copy()
    mac.update(token)
    return token + mac.finalize()


def token(mode: int, version: int, rest: bytes) -> bytes:
    if mode == 1:
        return signed(rest)
    if mode == 2:
        return seal(rest, KEY, int(NOW), IV)
    if mode == 4:
        rest = document(rest)
    elif mode == 5:
        rest = document(REMOTE + IDS[version] + TYPE + rest)
    elif mode == 6:
        rest = document(REMOTE + IDS[version] + TYPE + b"\x03bellrock\0" + document(EXTENSION + rest))
    return seal(deflate(rest), KEY, int(NOW), IV)


def payload(data: bytes) -> bytes:
    """The UDP payload that fuzzed octets stand for."""
    mode, rest = (data[0] & 0x7F) % 7 if data else 0, data[1:]
    if mode == 0:
        return rest
    version = 1 if data[0] & 0x80 else 2
    sealed = token(mode, version, rest)[:0xFFFF]
    return bytes((version, 1)) + len(sealed).to_bytes(2, "big") + sealed


def one(data: bytes) -> None:
    received = payload(data)
    found = examine(received, RING, NOW)
    if isinstance(found, WireError):
        judge(found)
        return
    demand(decode(received, RING, NOW) == found, "decode and examine disagree")
    judge_decoded(found)


def judge_decoded(found: Decoded) -> None:
    """What was let in can be shown as JSON, and sent again as it is."""
    json.dumps(found.payload, allow_nan=False)
    again = decode(encode(found.beacon, KEY, NOW, IV), RING, NOW)
    demand(again.beacon == found.beacon, "what was read is not written as it was")
    demand(found.key == 1, "opened by a key that did not seal it")
