"""The sealed envelope of a beacon: a raw (binary) Fernet token.

Octets: 0x80 · 8 of seconds since the epoch · 16 of IV · AES-128-CBC with PKCS#7 padding · 32 of HMAC-SHA256 over all before.
`cryptography.fernet` reads the same, but only from base64, and takes twice as long for a valid token and four times
as long to refuse a forged one; it is the oracle of the tests.
"""

import struct
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.modes import CBC

from bellrock.model import Wall
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.keys import Key

VERSION: Final = 0x80
BLOCK: Final = 16
SIGNATURE: Final = 32
HEADER: Final = struct.Struct("!BQ16s")
OVERHEAD: Final = HEADER.size + SIGNATURE
WINDOW: Final = 60
"""Seconds by which the sender's clock may be off, either way."""

MIN_SIZE: Final = OVERHEAD + BLOCK

_PADDINGS: Final = tuple(bytes((count,)) * count for count in range(BLOCK + 1))


def decrypt(signed: bytes, key: Key, now: Wall) -> tuple[int, bytes]:
    """Judge the time and decrypt what stands before the signature, which **must have been verified**: seconds, plaintext.

    Raises:
        WireError: SKEW, MALFORMED (padding).
    """
    seconds = int.from_bytes(signed[1:9], "big")
    if not seconds - WINDOW <= int(now) <= seconds + WINDOW:
        raise _skewed(seconds, now)
    padded = key.decrypt(signed[9:])
    count = padded[-1]
    # RFC 5652 §6.3. What was signed is the sender's own, so that the time that this takes tells a forger nothing.
    if not 1 <= count <= BLOCK or padded[-count:] != _PADDINGS[count]:
        raise WireError(Reason.MALFORMED, "the plaintext is not padded as PKCS #7 says")
    return seconds, padded[BLOCK:-count]


def _skewed(seconds: int, now: Wall) -> WireError:
    skew = float(seconds - int(now))
    where = "ahead of" if skew > 0 else "behind"
    return WireError(
        Reason.SKEW, ("sealed %.0f s %s this clock; at most %d s are let pass", abs(skew), where, WINDOW), skew
    )


def seal(plaintext: bytes, key: Key, seconds: int, iv: bytes) -> bytes:
    """Encrypt and sign.

    Raises:
        ValueError: an IV that is not 16 octets, or a time before the epoch.
    """
    if len(iv) != BLOCK:
        raise ValueError(f"an IV has {BLOCK} octets, not {len(iv)}")
    if not 0 <= seconds < 1 << 64:
        raise ValueError(f"{seconds} is no time that a token can hold")
    count = BLOCK - len(plaintext) % BLOCK
    sealed = Cipher(key.cipher, CBC(iv)).encryptor().update(plaintext + bytes((count,)) * count)
    signed = HEADER.pack(VERSION, seconds, iv) + sealed
    mac = key.signer.copy()
    mac.update(signed)
    return signed + mac.finalize()
