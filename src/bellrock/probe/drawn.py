"""Identifiers that nobody can guess, drawn from an ask's nonce: the same ask, the same octets."""

import hashlib

from bellrock.probe.values import Ask


def drawn(ask: Ask, purpose: str, size: int) -> bytes:
    """`size` (1 to 64) octets, of their own for each purpose."""
    return hashlib.blake2b(purpose.encode(), key=ask.nonce[:64], digest_size=size).digest()
