"""The sealed envelope of a beacon: a raw (binary) Fernet token.

Octets: 0x80 · 8 of seconds since the epoch · 16 of IV · AES-128-CBC with PKCS#7 padding · 32 of HMAC-SHA256 over all before.
`cryptography.fernet` reads the same, but only from base64, and takes twice as long for a valid token and four times
as long to refuse a forged one; it is the oracle of the tests.
"""

import struct
from hmac import compare_digest
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.modes import CBC

from bellrock.model import Wall
from bellrock.wire.errors import Reason, WireError, refusal
from bellrock.wire.keys import Key, Keyring

VERSION: Final = 0x80
BLOCK: Final = 16
SIGNATURE: Final = 32
HEADER: Final = struct.Struct("!BQ16s")
OVERHEAD: Final = HEADER.size + SIGNATURE
WINDOW: Final = 60
"""Seconds by which the sender's clock may be off, either way."""

_WRONG_SECRET: Final = (Reason.WRONG_SECRET, "no key of ours made its signature")
_NO_TOKEN: Final = (Reason.MALFORMED, "the payload is not a Fernet token")


def open_token(token: bytes, keyring: Keyring, now: Wall) -> tuple[int, int, bytes]:
    """Verify and decrypt: index of the key that fits, seconds at which it was sealed, plaintext.

    Nothing but the shape is looked at before the signature holds.

    Raises:
        WireError: MALFORMED, WRONG_SECRET, SKEW.
    """
    size = len(token) - OVERHEAD
    if size < BLOCK or size % BLOCK or token[0] != VERSION:
        raise refusal(*_NO_TOKEN)
    index = _verify(token, keyring)
    _, seconds, iv = HEADER.unpack_from(token)
    if not seconds - WINDOW <= int(now) <= seconds + WINDOW:
        raise _skewed(seconds, now)
    padded = Cipher(keyring.keys[index].cipher, CBC(iv)).decryptor().update(token[HEADER.size : -SIGNATURE])
    return index, seconds, _unpad(padded)


def _verify(token: bytes, keyring: Keyring) -> int:
    signed, signature = token[:-SIGNATURE], token[-SIGNATURE:]
    for index, start in keyring.openers:
        mac = start()
        mac.update(signed)
        if compare_digest(mac.finalize(), signature):
            return index
    raise refusal(*_WRONG_SECRET)


def _skewed(seconds: int, now: Wall) -> WireError:
    skew = float(seconds - int(now))
    where = "ahead of" if skew > 0 else "behind"
    return WireError(Reason.SKEW, f"sealed {abs(skew):.0f} s {where} this clock; at most {WINDOW} s are let pass", skew)


def _unpad(padded: bytes) -> bytes:
    """RFC 5652 §6.3. The signature has been verified, so that a wrong padding is the sender's own and leaks nothing."""
    count = padded[-1]
    if not 1 <= count <= BLOCK or not padded.endswith(bytes((count,)) * count):
        raise refusal(Reason.MALFORMED, "the plaintext is not padded as PKCS #7 says")
    return padded[:-count]


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
